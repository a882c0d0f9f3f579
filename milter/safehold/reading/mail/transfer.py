# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing a transfer encoding as leniently as the most lenient client, and telling what it does not explain.

Pure, never raises.  Source: RFC 2045, section 6.
"""

import re

from safehold.reading.basics import charset, headers
from safehold.reading.basics.types import looks_like_text

_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{1,998}={0,2}[ \t]*\r?")
_BEHIND_PADDING = re.compile(rb"^([A-Za-z0-9+/]{2,998}={1,2})[ \t]+(?=\S)", re.MULTILINE)
_CLEAN_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]*={0,2}\s*")  # no blanks inside: words are no base64
_ONLY_LETTERS = re.compile(rb"\s*(?:[A-Z]?[a-z]{2,40}\s+){1,100}")
_FULL_LINE = 60
_LOOKS_ENCODED = re.compile(rb"\s*(?:[A-Za-z0-9+/]{60,76}\r?\n){4}")


def decode(raw: bytes, encoding: str) -> tuple[bytes, str]:
    """Return the decoded bytes, and the lines that the encoding does not explain.

    Lenient on purpose: a client shows what it can make of a damaged body, so we read what it can show.
    """
    if encoding == "base64":
        if _CLEAN_BASE64.fullmatch(raw):  # a word is base64 too
            return headers.lenient_base64(raw), raw.decode("ascii") if _ONLY_LETTERS.fullmatch(raw) else ""
        return _doubtful_base64(raw)
    if encoding == "quoted-printable":
        return headers.quoted_printable(raw), ""
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return raw, ""  # the line scan of the text reader finds the file
    if _LOOKS_ENCODED.match(raw) and encoding not in ("7bit", "8bit"):
        decoded = headers.lenient_base64(raw)
        return decoded, raw.decode("ascii", "replace")
    return raw, ""


def _doubtful_base64(raw: bytes) -> tuple[bytes, str]:
    """Decode a base64 body in which not every line is base64: rubbish inside it, a footer below it, or no base64."""
    lines = [line for line in _BEHIND_PADDING.sub(rb"\1\n", raw).split(b"\n") if line.strip()]
    foreign = [line for line in lines if not _BASE64_LINE.fullmatch(line)]
    encoded = b"\n".join(line for line in lines if _BASE64_LINE.fullmatch(line))
    lenient = headers.lenient_base64(raw)
    if 2 * len(foreign) > len(lines) and not looks_like_text(lenient):
        # Text that only claims to be base64.  The lines that could be are read as such too.
        return raw, charset.decode(headers.lenient_base64(encoded)).text if encoded else ""
    strange = [line for line in foreign if b" " in line.strip() or len(foreign) > 2]
    if strange:  # from there on a line of letters may be a word as well as base64
        strange = lines[lines.index(strange[0]) :]
    elif foreign:  # the same of short lines; but an odd character in a file of megabytes does not make text of it
        strange = [line for line in lines[lines.index(foreign[0]) :] if line in foreign or len(line) < _FULL_LINE]
        return lenient, charset.decode(b"\n".join(strange)).text
    # A footer must not spoil what stands above it; a lone odd character in a line must not lose the line.
    return headers.lenient_base64(encoded) if strange else lenient, charset.decode(b"\n".join(strange)).text
