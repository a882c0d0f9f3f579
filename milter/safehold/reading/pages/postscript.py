# SPDX-License-Identifier: GPL-3.0-or-later
"""PostScript: the strings that its programs show, as far as they stand in the source.

A program can compute any text, and nothing here runs programs, so the part stays ``unsupported`` whatever is found.
Words are cut into pieces to be set: pieces with only numbers between them are joined, and every piece is read once
more with nothing between them.  Linear.  Source: PostScript Language Reference, 3.2.2 (strings).
"""

import re

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, charset
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail

_STRING = re.compile(
    rb"\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.){0,1000}\)){0,4000})\)|<([0-9A-Fa-f\s]{2,}+)>|(%[^\r\n]{0,2000})",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|\r\n?|\n|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\n", b"t": b"\t", b"b": b"", b"f": b"\n"}
_KERNING = b"0123456789.-+ \t\r\n"
_MOST_CHARACTERS = 1_000_000


def read(content: bytes, part: OpenPart) -> None:
    """Read the strings and comments of a program, and report that this is all."""
    part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
    shown: list[bytes] = []
    pieces: list[bytes] = []
    comments: list[bytes] = []
    end = 0
    for found in _STRING.finditer(content):
        if found[3] is not None:
            comments.append(found[3])
            continue
        text = _unescaped(found[1]) if found[1] is not None else _from_hex(found[2])
        gap = content[end : found.start()]
        if shown and gap.strip(_KERNING):
            shown.append(b" " if b"\n" not in gap.strip() else b"\n")
        shown.append(text)
        pieces.append(text)
        end = found.end()
    for text in dict.fromkeys((b"".join(shown), b"".join(pieces))):
        part.segment(PlaceKind.TEXT, charset.decode(text).text[:_MOST_CHARACTERS])
    words = charset.decode(b"\n".join(comments)).text
    part.segment(PlaceKind.METADATA, words[:_MOST_CHARACTERS], visibility=Visibility.HIDDEN)
    part.segment(PlaceKind.TEXT, binary.written(content)[:_MOST_CHARACTERS], visibility=Visibility.HIDDEN)


def _unescaped(text: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes([int(found[1], 8) & 0xFF])
        sign = found[2] or b""
        return _NAMED.get(sign, sign)

    return _ESCAPE.sub(plain, text) if b"\\" in text else text


def _from_hex(digits: bytes) -> bytes:
    plain = bytes(code for code in digits if chr(code).isalnum())
    return bytes.fromhex((plain + b"0" * (len(plain) % 2)).decode())
