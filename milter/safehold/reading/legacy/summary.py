# SPDX-License-Identifier: GPL-3.0-or-later
"""Property sets of old documents: title, author, company, and whatever a template made people fill in.

Pure, never raises; every count is checked against the bytes that are left.  Source: [MS-OLEPS].
"""

import datetime as dt
import struct
from dataclasses import dataclass, field

from safehold.reading.basics import binary
from safehold.reading.basics.codepages import codec

_BYTE_ORDER = b"\xfe\xff"
_USER_DEFINED = bytes.fromhex("05d5cdd59c2e1b10939708002b2cf9ae")
_I2, _I4, _R8, _DATE, _BSTR, _BOOL, _UI4 = 0x02, 0x03, 0x05, 0x07, 0x08, 0x0B, 0x13
_LPSTR, _LPWSTR, _FILETIME, _BLOB, _CLIPBOARD = 0x1E, 0x1F, 0x40, 0x41, 0x47
_VECTOR, _VARIANT = 0x1000, 0x0C
_KINDS = frozenset((*range(0x18), _LPSTR, _LPWSTR, *range(_FILETIME, 0x4A)))
_MOST = 1_000
_MOST_SETS = 4
_MOST_SAID = 4  # times the bytes
_FIRST_DAY = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
_METAFILE_PICT, _ENHANCED_METAFILE = 3, 14
_PLACEABLE = b"\xd7\xcd\xc6\x9a" + bytes(18)  # by this header a Windows metafile is known for what it is


@dataclass(slots=True)
class Properties:
    """The words of a property set, and the picture of the first page that some programs keep."""

    texts: list[str] = field(default_factory=list, repr=False)
    thumbnail: bytes = field(default=b"", repr=False)
    is_odd: bool = False  # something in it is of no known kind, or lies outside


def read(raw: bytes) -> Properties:
    """Return what a stream of property sets says; nothing where it is none."""
    found = Properties()
    if raw[:2] != _BYTE_ORDER or len(raw) < 48:
        return found
    (count,) = struct.unpack_from("<I", raw, 24)
    found.is_odd = count > _MOST_SETS
    for index in range(min(count, _MOST_SETS)):
        at = 28 + 20 * index
        if at + 20 > len(raw):
            break
        (start,) = struct.unpack_from("<I", raw, at + 16)
        if start + 8 <= len(raw):
            _Set(raw, start, found, numbers=raw[at : at + 16] == _USER_DEFINED).read()
        else:
            found.is_odd = True
    if found.is_odd:
        found.texts += [binary.wide_strings(raw), binary.narrow_strings(raw)]
    return found


class _Set:
    """One property set of a stream."""

    def __init__(self, raw: bytes, start: int, found: Properties, *, numbers: bool) -> None:
        self._raw = raw
        self._start = start
        self._found = found
        self._numbers = numbers  # whether numbers and dates are somebody's, not counters of the program
        self._charset = "cp1252"
        self._left = _MOST_SAID * len(raw)

    def read(self) -> None:
        """Add what it says."""
        rows: list[tuple[int, int]] = []
        count = self._number(self._start + 4)
        for index in range(min(count, _MOST)):
            at = self._start + 8 + 8 * index
            if at + 8 > len(self._raw):
                break
            rows.append((self._number(at), self._start + self._number(at + 4)))
        for identifier, at in rows:
            if identifier == 1:
                self._charset = codec(self._number(at + 4) & 0xFFFF)
        for identifier, at in rows:
            if identifier == 0:
                self._names(at)
            elif identifier != 1:
                self._value(at + 4, self._number(at) & 0xFFFF, top=True)

    def _number(self, at: int) -> int:
        return int.from_bytes(self._raw[at : at + 4], "little")

    def _names(self, at: int) -> None:
        """Read the dictionary: the names that people gave to their own properties."""
        count = self._number(at)
        at += 4
        for _ in range(min(count, _MOST)):
            length = self._number(at + 4)
            wide = self._charset == "utf-16-le"
            size = length * 2 if wide else length
            if not 0 < size <= len(self._raw) - at:
                self._found.is_odd = True
                return
            self._add(self._raw[at + 8 : at + 8 + size].decode(self._charset, "replace"))
            at += 8 + (size + 3 & ~3 if wide else size)

    def _value(self, at: int, kind: int, *, top: bool = False) -> int:
        """Read one value; return where the next one of a vector starts: 8-bit strings are not aligned there."""
        if at >= len(self._raw) or kind & ~_VECTOR not in _KINDS:
            self._found.is_odd = True
            return len(self._raw)
        if kind & _VECTOR:
            return self._vector(at, kind & ~_VECTOR)
        if kind in (_LPSTR, _BSTR, _LPWSTR):
            size = self._number(at) * (2 if kind == _LPWSTR else 1)
            self._found.is_odd = self._found.is_odd or size > len(self._raw) - at
            text = self._raw[at + 4 : at + 4 + min(size, len(self._raw))]
            self._add(text.decode("utf-16-le" if kind == _LPWSTR else self._charset, "replace"))
            return at + 4 + (size + 3 & ~3 if kind == _LPWSTR else size)
        if kind == _BLOB:  # links, in a form of their own
            self._add(binary.wide_strings(self._raw[at + 4 : at + 4 + self._number(at)]))
            return at + 4 + (self._number(at) + 3 & ~3)
        if kind == _CLIPBOARD:
            self._clipboard(self._raw[at + 4 : at + 4 + self._number(at)])
            return at + 4 + (self._number(at) + 3 & ~3)
        if self._numbers and top:
            self._add(self._plain(at, kind))
        return at + (8 if kind in (_R8, _DATE, _FILETIME) else 4)

    def _vector(self, at: int, kind: int) -> int:
        count = self._number(at)
        at += 4
        for _ in range(min(count, _MOST)):
            if at + 4 > len(self._raw):
                break
            inner = self._number(at) & 0xFFFF if kind == _VARIANT else kind
            at = self._value(at + 4 if kind == _VARIANT else at, inner)
        return at

    def _plain(self, at: int, kind: int) -> str:
        eight = self._raw[at : at + 8]
        if kind in (_I4, _UI4, _I2):
            return str(self._number(at) & (0xFFFF if kind == _I2 else 0xFFFFFFFF))
        if len(eight) < 8:
            return ""
        if kind == _R8:
            return f"{struct.unpack('<d', eight)[0]:.15g}"
        if kind == _FILETIME:
            days, rest = divmod(int.from_bytes(eight, "little") // 10_000_000, 86_400)
            if 0 < days < 3_000_000:
                return (_FIRST_DAY + dt.timedelta(days=days, seconds=rest)).date().isoformat()
        return ""

    def _clipboard(self, raw: bytes) -> None:
        """Keep a metafile: it has the words of the first page as they were when the file was saved."""
        kind = int.from_bytes(raw[4:8], "little")
        if kind == _ENHANCED_METAFILE and raw[48:52] == b" EMF":
            self._found.thumbnail = raw[8:]
        elif kind == _METAFILE_PICT and raw[16:20] == b"\x01\x00\x09\x00":
            self._found.thumbnail = _PLACEABLE + raw[16:]

    def _add(self, text: str) -> None:
        text = text.replace("\0", " ").strip()
        self._left -= len(text)
        if self._left < 0:  # many properties that are one and the same long text
            self._found.is_odd = True
        elif text:
            self._found.texts.append(text)
