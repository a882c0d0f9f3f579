# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: what a content stream says without a viewer: its strings, line by line, and whether it is whole.

Pure functions over bytes, linear.  Strings come out as far as their font is a plain one; others are codes.
Sources: ISO 32000-2, 7.8.2 (content streams), 9.4.3 (operators that show text), 14.6 (marked content).
"""

import re
from collections.abc import Iterator

from safehold.reading.basics.types import looks_like_text
from safehold.reading.pages import pdf_syntax

_INNER = rb"(?:\\.|[^\\()])"
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_SHOWN = re.compile(
    rb"\(((?:\\.|[^\\()]|\((?:\\.|[^\\()]|\(" + _INNER + rb"*+\))*+\))*+)\)|<([0-9A-Fa-f\s]*)>"
    rb"|(T\*|Td|TD|Tm|ET)\b|(?<=[\s\])>])(['\"])",
    re.DOTALL,
)
_SHOWS = re.compile(rb"[)>\]]\s{0,20}(?:T[jJ]|['\"])(?![\w'\"])")
_SURELY_SHOWS = re.compile(rb"[)>\]]\s{0,20}T[jJ]\s")
_ACTUAL = re.compile(
    rb"/ActualText\s{0,9}(?:\((" + _INNER + rb"*)\)|<([0-9A-Fa-f\s]*)>)[^>]{0,200}>>\s{0,9}BDC(.{0,100000}?)EMC",
    re.DOTALL,
)
# What a typesetter writes for a tab or a wide space: blanks, moved about.
_BLANKS = re.compile(
    rb"(?:[-+.\d\s\[\]]|\((?: |\x00\x03|\\000\\003)*+\)|<(?:20|0020|0003)*+>|T[dDmcwzLsJjr*]|BT|ET|[gkqQ]|rg|scn?|cs"
    rb"|/[^\s/<>\[\](){}%]++\s{1,9}[-+.\d]{1,20}\s{1,9}Tf\b)*+"
)
_FONT = re.compile(rb"/([^\s/<>\[\](){}%]+)\s{1,9}[-+.\d]{1,20}\s{1,9}Tf\b")
# So many fonts must be set before blanks of theirs could be letters that make a word.
_FONTS_OF_A_WORD = 5
_OPERATOR = re.compile(
    rb"(?:^|\s)[-+.\d]+\s{1,4}[-+.\d]+\s{1,4}(?:[-+.\d]+\s{1,4}){0,4}(?:re|cm|m|l|c|rg|RG|k|K|scn|SCN)\s"
)
# Strings, each of which something shows; numbers behind one are fine in an array only.
_BEHIND = rb"(?!\s*(?:(?:[-+.\d]{1,20}\s+){1,6}[A-Za-z]|[A-SU-Za-z\x80-\xff]|T[^jJ]|<!))"
_INSIDE = rb"(?:\\.|[^\\()]|\((?:\\.|[^\\()]|\((?:\\.|[^\\()]|\(" + _INNER + rb"*+\))*+\))*+\))*+"
_SOUND = re.compile(
    rb"(?:[\0\t\n\f\r -$&')-;=-~]++|%[^\r\n]*+|\("
    + _INSIDE
    + rb"\)"
    + _BEHIND
    + rb"|<[0-9A-Fa-f\s]*+>"
    + _BEHIND
    + rb"|<<)*+",
    re.DOTALL,
)
_ENOUGH = 4_096  # to tell a content stream from a picture


def is_content(raw: bytes) -> bool:
    """Return whether it is a content stream, one whose strings are codes of two bytes included."""
    if (b"BT" in raw and b" Tf" in raw) or _SURELY_SHOWS.search(raw):
        return True
    return is_plain(raw) and (
        b"Tj" in raw or b"TJ" in raw or b"BT" in raw or b"BMC" in raw or bool(_OPERATOR.search(raw, 0, 2_000))
    )


def is_plain(raw: bytes) -> bool:
    """Return whether it looks like text: fonts of two bytes a character make it none."""
    return looks_like_text(raw[:_ENOUGH])


def shows_text(raw: bytes) -> bool:
    """Return whether an operator shows a string."""
    return _SHOWS.search(raw) is not None


def is_damaged(raw: bytes) -> bool:
    """Return whether strings are not closed, or none shows them: all that follows is lost to a viewer."""
    if b"\nBI" in raw or b" BI" in raw:
        return False  # an inline picture may have any bytes
    return has_open_strings(raw) or _SOUND.fullmatch(raw) is None


def has_open_strings(raw: bytes) -> bool:
    """Return whether strings are not closed."""
    if b"\\" in raw:
        raw = _ESCAPED.sub(b"", raw)
    return raw.count(b"(") != raw.count(b")")


def lines(raw: bytes) -> Iterator[str]:
    """Yield the shown strings, line by line, as far as their font is a plain one."""
    line: list[str] = []
    for literal, hexadecimal, moved, quote in _SHOWN.findall(raw):
        if moved or quote:
            if line:
                yield "".join(line)
            line = []
        else:
            line.append(_string(literal, hexadecimal))
    if line:
        yield "".join(line)


def denials(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield what pieces say that they say, and what they show (14.9.4): a viewer draws this, a search finds that."""
    for literal, hexadecimal, inside in _ACTUAL.findall(raw):
        yield _string(literal, hexadecimal), "".join(lines(inside))


def denies_blanks_only(raw: bytes) -> bool:
    """Return whether nothing but blanks is shown where it says that it says something else."""
    pieces = [found[3] for found in _ACTUAL.finditer(raw)]
    return (
        len(pieces) == raw.count(b"/ActualText")
        and all(map(_BLANKS.fullmatch, pieces))
        and len(set(_FONT.findall(raw))) < _FONTS_OF_A_WORD
    )


def _string(literal: bytes, hexadecimal: bytes) -> str:
    return pdf_syntax.text(pdf_syntax.from_hex(hexadecimal) if hexadecimal else pdf_syntax.literal(literal))
