# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of drawings of Windows: where each begins and ends.  A record ends where the drawing does at the latest.

Sources: [MS-EMF] 2.3, [MS-EMFPLUS] 2.3, [MS-WMF] 2.3.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

PLACEABLE = b"\xd7\xcd\xc6\x9a"
EMF_SIGNATURE = b" EMF"
PLUS = b"EMF+"
COMMENT, ESCAPE = 70, 0x0626
_EMF_END, _WMF_END = 14, 0


# By far the dearest step where records are small: no objects of a slower kind.
_TWO_NUMBERS, _SIZE_AND_KIND = struct.Struct("<II").unpack_from, struct.Struct("<IH").unpack_from


class Record(NamedTuple):
    """One record: what it is, where it begins and ends, and whether the drawing ends before it."""

    kind: int
    at: int
    end: int
    is_cut: bool = False


def records(content: bytes) -> Iterator[Record]:
    """Yield the records of a drawing."""
    return emf_records(content) if content[40:44] == EMF_SIGNATURE else wmf_records(content)


def emf_records(content: bytes) -> Iterator[Record]:
    """Yield the records behind the header, to the one that says that it is the last."""
    at, length = u32(content, 4), len(content)
    while at + 8 <= length:
        kind, size = _TWO_NUMBERS(content, at)
        if size < 8:
            return
        end = at + size
        yield Record(kind, at, end) if end <= length else Record(kind, at, length, True)
        if kind == _EMF_END:
            return
        at = end


def wmf_records(content: bytes) -> Iterator[Record]:
    """Yield the records behind the header or headers, to the last."""
    at, length = start_of_wmf(content), len(content)
    while at + 6 <= length:
        words, kind = _SIZE_AND_KIND(content, at)
        if words < 3:
            return
        end = at + 2 * words
        yield Record(kind, at, end) if end <= length else Record(kind, at, length, True)
        if kind == _WMF_END:
            return
        at = end


def plus_records(data: bytes) -> Iterator[Record]:
    """Yield the records inside a comment, whose first four bytes say what it is."""
    at = len(PLUS)
    while at + 12 <= len(data):
        kind, size = u16(data, at), u32(data, at + 4)
        if size < 12:
            return
        yield Record(kind, at, min(len(data), at + size), at + size > len(data))
        at += size


def start_of_wmf(content: bytes) -> int:
    """Return where the first record of a WMF begins."""
    return (22 if content.startswith(PLACEABLE) else 0) + 18


def u16(raw: bytes, at: int) -> int:
    """Return the two bytes at *at* as a number; 0 behind the end."""
    return int.from_bytes(raw[at : at + 2], "little")


def u32(raw: bytes, at: int) -> int:
    """Return the four bytes at *at* as a number; 0 behind the end."""
    return int.from_bytes(raw[at : at + 4], "little")
