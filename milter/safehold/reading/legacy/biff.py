# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of an Excel workbook before 2007 (BIFF): cutting them apart, and the strings and numbers in them.

Pure, never raises, linear.  A long record goes on in CONTINUE records; a string that does so says at each seam
anew whether its characters have one byte or two.  Source: [MS-XLS] 2.1.4 (records), 2.5.219 (RK), 2.5.293 (strings).
"""

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.reading.basics import binary

CONTINUE = 0x3C
BEGINNINGS = frozenset((0x0009, 0x0209, 0x0409, 0x0809))  # of a workbook, sheet or chart, by version
END = 0x0A
_DOUBLE = struct.Struct("<d")
_CONTINUES = (CONTINUE, 0x812)  # the second goes on with records of Excel 2003 and later
_LONGEST = 8_228  # of any version; what is longer continues
_LAST_KIND = 0x1200
_WIDE, _PHONETIC, _RICH = 0x01, 0x04, 0x08
_LITERAL = re.compile(rb"\x17(.)([\x00\x01])", re.DOTALL)
_OLD_LITERAL = re.compile(rb"\x17(.)", re.DOTALL)


@dataclass(slots=True)
class Record:
    """A record with what continues it."""

    kind: int
    offset: int
    chunks: list[bytes] = field(repr=False)

    @property
    def body(self) -> bytes:
        """Return its own bytes, without what continues it."""
        return self.chunks[0]

    @property
    def whole(self) -> bytes:
        """Return all its bytes."""
        return b"".join(self.chunks) if len(self.chunks) > 1 else self.chunks[0]


def records(stream: bytes, start: int = 0) -> Iterator[Record]:
    """Yield the records from *start* to the end, or to where the stream is no longer one."""
    at = start
    end = len(stream)
    pending: Record | None = None
    unpack = struct.Struct("<HH").unpack_from
    while at + 4 <= end:
        kind, length = unpack(stream, at)
        stop = at + 4 + length
        if length > _LONGEST or (stop > end and kind > _LAST_KIND):
            break  # no record: the rest is rubbish or cut
        body = stream[at + 4 : stop]
        if kind in _CONTINUES and pending is not None:
            pending.chunks.append(body if kind == CONTINUE else body[12:])
        else:
            if pending is not None:
                yield pending
            pending = Record(kind, at, [body])
        at = stop
    if pending is not None:
        yield pending


def u16(raw: bytes, at: int) -> int:
    """Return the 16-bit number at *at*, 0 beyond the end."""
    return int.from_bytes(raw[at : at + 2], "little")


def u32(raw: bytes, at: int) -> int:
    """Return the 32-bit number at *at*, 0 beyond the end."""
    return int.from_bytes(raw[at : at + 4], "little")


def double(raw: bytes, at: int) -> float:
    """Return the floating-point number at *at*, NaN beyond the end."""
    if at + 8 > len(raw):
        return math.nan
    number: float = _DOUBLE.unpack_from(raw, at)[0]
    return number


def text(raw: bytes, at: int, length: int) -> tuple[str, int]:
    """Return a string of *length* characters whose flags stand at *at*, and where it ends.  In one record."""
    return Strings([raw], at).text(length)


class Strings:
    """Reads strings one after another out of a record and what continues it."""

    def __init__(self, chunks: list[bytes], at: int = 0) -> None:
        self.runs = b""  # how the letters of the last string look: where each run begins, and its font
        self.phonetic = ""  # how the last string is spoken
        self._chunks = chunks
        self._chunk = 0
        self._at = at

    @property
    def is_done(self) -> bool:
        """Return whether nothing is left."""
        return self._chunk >= len(self._chunks) or (
            self._chunk == len(self._chunks) - 1 and self._at >= len(self._chunks[self._chunk])
        )

    def number(self, size: int) -> int:
        """Return the next number of *size* bytes."""
        return int.from_bytes(self._bytes(size), "little")

    def text(self, length: int) -> tuple[str, int]:
        """Return the next string, of *length* characters, and where in its last chunk it ends."""
        flags = self.number(1)
        runs = self.number(2) if flags & _RICH else 0
        extra = self.number(4) if flags & _PHONETIC else 0
        pieces: list[str] = []
        wide = flags & _WIDE
        while length > 0 and self._chunk < len(self._chunks):
            chunk = self._chunks[self._chunk]
            size = 2 if wide else 1
            taken = min(length, (len(chunk) - self._at) // size)
            piece = chunk[self._at : self._at + taken * size]
            pieces.append(piece.decode("utf-16-le" if wide else "latin-1", "replace"))
            length -= taken
            self._at += taken * size
            if length > 0:
                self._chunk += 1
                self._at = 0
                if self._chunk < len(self._chunks):
                    wide = self.number(1) & _WIDE
        self.runs = self._bytes(4 * runs)
        self.phonetic = _phonetic(self._bytes(extra))
        return "".join(pieces), self._at

    def _bytes(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size > 0 and self._chunk < len(self._chunks):
            piece = self._chunks[self._chunk][self._at : self._at + size]
            pieces.append(piece)
            self._at += len(piece)
            size -= len(piece)
            if size > 0:
                self._chunk += 1
                self._at = 0
        return b"".join(pieces)


def _phonetic(raw: bytes) -> str:
    """Return the text of a phonetic block ([MS-XLS] 2.5.98, ExtRst); of one that is none, what it spells."""
    end = 14 + 2 * u16(raw, 12)
    if u16(raw, 0) != 1 or end > len(raw):
        return binary.wide_strings(raw)
    return "\n".join(filter(None, (raw[14:end].decode("utf-16-le", "replace"), binary.wide_strings(raw[end:]))))


def literals(formula: bytes, *, wide: bool) -> Iterator[str]:
    """Yield the texts that a formula spells out, found by their look: a mark, a length, and as many characters."""
    if wide:
        for found in _LITERAL.finditer(formula):
            length = found[1][0]
            literal, end = text(formula, found.start() + 2, length)
            if length and len(literal) == length and end <= len(formula) and literal.isprintable():
                yield literal
    else:
        for found in _OLD_LITERAL.finditer(formula):
            raw = formula[found.end() : found.end() + found[1][0]]
            literal = raw.decode("cp1252", "replace")
            if len(raw) == found[1][0] > 1 and literal.isprintable():
                yield literal
