# SPDX-License-Identifier: GPL-3.0-or-later
"""Compound files (OLE2): the file system inside old Office documents and Outlook messages.

Pure, linear in the size of the file whatever it claims, and lenient: a damaged file gives the streams it still
has, and says that it is damaged.  Our own, because olefile (0.47) loads a cyclic allocation table or a stream of a
declared 4 GB until memory ends, walks the directory by recursion, and raises on files cut short; it is the
differential oracle in the tests.  Source: [MS-CFB].
"""

import re
import struct
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

_Row = tuple[bytes, int, int, int, int, int, int, bytes, int, int, int, int, int]
MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER_BYTES = 512
_HEADER = struct.Struct("<8s16sHHHHH6xIIIIIIIII")
_ENTRY = struct.Struct("<64sHBBIII16sIQQIQ")
_IN_HEADER = 109  # numbers of allocation sectors that stand in the header
_END, _FREE, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF
_FAT_SECTOR, _DIFAT_SECTOR = 0xFFFFFFFD, 0xFFFFFFFC
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_CUTOFF = 4096
_MINI = 64
# Directory entries looked at.  The most a real file of the corpora has is some 1,200 (a message with 40 recipients).
MOST_ENTRIES = 20_000
_DEEPEST = 40
_UNUSED = re.compile(rb"\x00+")
# How many times the size of the file may come out of its streams: once each, and some are asked for twice.
_MOST_READ = 2


@dataclass(slots=True, eq=False)
class Entry:
    """A storage (a folder) or a stream (a file) of a compound file."""

    name: str = field(repr=False)
    is_storage: bool = False
    start: int = _END
    size: int = 0
    clsid: bytes = bytes(16)
    children: "list[Entry]" = field(default_factory=list, repr=False)

    def child(self, name: str) -> "Entry | None":
        """Return the child called *name*; case does not count."""
        wanted = name.lower()
        return next((entry for entry in self.children if entry.name.lower() == wanted), None)

    def walk(self) -> "Iterator[Entry]":
        """Yield everything below, parents first."""
        for child in self.children:
            yield child
            yield from child.walk()  # no deeper than _DEEPEST


class Compound:
    """An opened compound file.

    Attributes:
        root: The top of the tree; nothing in it where the file is no compound file.
        loose: Streams of the directory that the tree does not reach: deleted ones, or hidden ones.
        is_damaged: Whether anything in it contradicts itself.
        has_more: Whether it has more entries than were looked at.
    """

    def __init__(self, content: bytes, spend: Callable[[int], None] = lambda _: None) -> None:
        """Read the tables of *content*; *spend* is told of every byte that comes out of a stream."""
        self.root = Entry("", is_storage=True)
        self.loose: list[Entry] = []
        self.is_damaged = False
        self.has_more = False
        self._content = content
        self._spend = spend
        self._left = _MOST_READ * len(content)
        self._ministream = b""
        self._fat: array[int] = array("I")
        self._minifat: array[int] = array("I")
        self._tables: list[int] = []  # sectors of the allocation table, then of the list of them
        self._starts = (_END, _END)  # of the directory, and of the table of small sectors
        self._rows: list[_Row] = []
        if len(content) < _HEADER_BYTES or not content.startswith(MAGIC):
            self.is_damaged = True
            self._shift, self._sectors = 9, 0
            return
        shift, mini_shift, _, _, directory, _, cutoff, minifat, _, difat, _ = _HEADER.unpack_from(content)[5:]
        self._shift = shift if shift in (9, 12) else 9
        self.is_damaged = shift not in (9, 12) or mini_shift != 6 or cutoff != _CUTOFF
        self._sectors = max(0, (len(content) - 1) >> self._shift)  # the last one may be cut short
        self._starts = (directory, minifat)
        self._fat = self._load_fat(difat)
        self._load_directory(self._chained(directory, self._sectors << self._shift, exact=False))
        self._minifat = array("I", _words(self._chained(minifat, self._sectors << self._shift, exact=False)))
        if self.root.size:
            self._ministream = self._chained(self.root.start, self.root.size)

    def find(self, *names: str) -> Entry | None:
        """Return the entry at a path of names, or None."""
        entry: Entry | None = self.root
        for name in names:
            entry = entry.child(name) if entry else None
        return entry

    def read(self, entry: Entry | None) -> bytes:
        """Return the bytes of a stream, as many as there are; none of a storage or of None."""
        if entry is None or entry.is_storage or not entry.size:
            return b""
        if self._left <= 0:  # streams that share their sectors could be read for ever
            self.is_damaged = True
            return b""
        find = self._mini if entry.size < _CUTOFF else self._chained
        found = find(entry.start, entry.size)
        self._left -= len(found)
        self._spend(len(found))
        if len(found) < entry.size:
            self.is_damaged = True
        return found

    def unused(self) -> bytes:
        """Return the bytes that no stream shows: free and orphaned sectors, the slack behind streams and tables."""
        inside = _Usage(self._sectors, self._content[1 << self._shift :], 1 << self._shift)
        small = _Usage(len(self._ministream) // _MINI, self._ministream, _MINI)
        inside.take((number, number + 1) for number in self._tables)
        inside.take(self._runs(self._starts[0]))
        inside.take(self._runs(self._starts[1]))
        inside.take(self._runs(self.root.start, self.root.size), self.root.size)
        loose = frozenset(map(id, self.loose))  # deleted ones, maybe: others may have their sectors now
        for entry in (*self.root.walk(), *self.loose):
            if entry.is_storage or not entry.size:
                continue
            usage, runs = (
                (small, ((number, number + 1) for number in self._mini_run(entry.start, entry.size)))
                if entry.size < _CUTOFF
                else (inside, self._runs(entry.start, entry.size))
            )
            usage.take(runs, entry.size, may_share=id(entry) in loose)
        self.is_damaged = self.is_damaged or inside.is_shared or small.is_shared
        found = b"".join((*inside.rest(), *small.rest(), *self._gaps()))
        self._spend(len(found))
        return found

    def _gaps(self) -> Iterator[bytes]:
        """Yield what stands in the tables themselves: behind the header, in the table, in entries of no use."""
        yield self._content[_HEADER_BYTES : 1 << self._shift]
        index, behind = divmod(4 * self._sectors, 1 << self._shift)
        if index < len(self._tables):  # the part of the table that is of no sector, and what it runs on into
            start = (self._tables[index] + 1) << self._shift
            yield self._content[start + behind : start + (2 << self._shift)].replace(b"\xff\xff\xff\xff", b"")
        for row in self._rows:
            name = row[0][max(0, row[1]) :] if row[2] else row[0]
            if name.strip(b"\0"):
                yield b"\0\0" + name

    def read_tree(self, entry: Entry) -> "Tree":
        """Return everything below a storage, to be written as a file of its own."""
        tree: Tree = {}
        for number, child in enumerate(entry.children):
            name = f"{child.name[:24]}~{number}" if child.name in tree else child.name
            tree[name] = self.read_tree(child) if child.is_storage else self.read(child)
        return tree

    # tables

    def _load_fat(self, difat: int) -> "array[int]":
        numbers = list(_words(self._content[76:_HEADER_BYTES]))
        per_sector = (1 << self._shift) // 4
        seen: dict[int, None] = {}
        while difat < self._sectors and difat not in seen:
            seen[difat] = None
            words = _words(self._sector(difat))
            numbers += words[: per_sector - 1]
            difat = words[per_sector - 1] if len(words) == per_sector else _END
        if difat not in (_END, _FREE):
            self.is_damaged = True
        fat: array[int] = array("I")
        for number in numbers:
            if number == _FREE or len(fat) >= self._sectors:
                continue
            if number >= self._sectors:
                self.is_damaged = True
            self._tables.append(number)
            sector = self._sector(number)
            fat.extend(_words(sector + b"\xff" * ((1 << self._shift) - len(sector))))
        self._tables += seen
        return fat

    def _sector(self, number: int) -> bytes:
        start = (number + 1) << self._shift
        return self._content[start : start + (1 << self._shift)]

    def _chained(self, start: int, size: int, *, exact: bool = True) -> bytes:
        """Return the stream that starts at a sector; runs of neighbours are cut out at once."""
        if size > len(self._content):
            size, self.is_damaged = len(self._content), True
        shift, content = self._shift, self._content
        pieces: list[bytes] = []
        left = self._count(size)
        last = start - 1
        for first, end in self._runs(start, size):
            pieces.append(content[(first + 1) << shift : (end + 1) << shift])
            left -= end - first
            last = end - 1
        following = self._fat[last] if 0 <= last < len(self._fat) and pieces else start
        if (exact and left > 0) or (not exact and following not in (_END, _FREE)):
            self.is_damaged = True
        return b"".join(pieces)[:size]

    def _count(self, size: int) -> int:
        return (min(size, len(self._content)) + (1 << self._shift) - 1) >> self._shift

    def _runs(self, start: int, size: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield the runs of neighbouring sectors of a chain, each with the sector behind it; a cycle ends."""
        fat = self._fat
        left = self._sectors if size is None else self._count(size)
        seen = bytearray(len(fat))
        sector = start
        while left > 0 and sector < len(fat) and not seen[sector]:
            first = following = sector
            while left > 0 and following == sector and following < len(fat) and not seen[following]:
                seen[following] = 1
                left -= 1
                sector += 1
                following = fat[following]
            yield first, sector
            sector = following

    def _mini(self, start: int, size: int) -> bytes:
        numbers = self._mini_run(start, size)
        return b"".join([self._ministream[number * _MINI : (number + 1) * _MINI] for number in numbers])[:size]

    def _mini_run(self, start: int, size: int) -> Iterator[int]:
        """Yield the small sectors of a stream."""
        minifat = self._minifat
        sector = start
        for _ in range((size + _MINI - 1) // _MINI):  # no more than 64: a cycle ends by itself
            if sector >= len(minifat):
                break
            yield sector
            sector = minifat[sector]

    # directory

    def _load_directory(self, raw: bytes) -> None:
        count = len(raw) // _ENTRY.size
        self.has_more = count > MOST_ENTRIES
        count = min(count, MOST_ENTRIES)
        rows = self._rows = [_ENTRY.unpack_from(raw, index * _ENTRY.size) for index in range(count)]
        if not rows or rows[0][2] != _ROOT:
            self.is_damaged = True
        seen = bytearray(count)
        if rows:
            seen[0] = 1
            self.root = self._entry(rows[0])
            self.root.is_storage = True
        # One stack for brothers and children: neither a long line of brothers nor deep nesting recurses.
        waiting: list[tuple[int, Entry, int]] = [(rows[0][6], self.root, 1)] if rows else []
        while waiting:
            index, parent, depth = waiting.pop()
            if index == _NONE:
                continue
            if index >= count or seen[index] or depth > _DEEPEST:
                self.is_damaged = self.is_damaged or not self.has_more
                continue
            seen[index] = 1
            row = rows[index]
            waiting += ((row[5], parent, depth), (row[4], parent, depth))
            if row[2] not in (_STORAGE, _STREAM):
                self.is_damaged = True
                continue
            entry = self._entry(row)
            parent.children.append(entry)
            if entry.is_storage:
                waiting.append((row[6], entry, depth + 1))
        for index, row in enumerate(rows):
            if not seen[index] and row[2] == _STREAM:
                self.loose.append(self._entry(row))

    def _entry(self, row: "_Row") -> Entry:
        name = row[0][: max(0, min(row[1], 64) - 2)].decode("utf-16-le", "replace")
        # A file of 512-byte sectors is under 2 GB, and old writers left rubbish in the upper half.
        size = row[12] & 0xFFFFFFFF if self._shift == 9 else row[12]
        return Entry(name, row[2] == _STORAGE, row[11], size, row[7])


class _Usage:
    """Which sectors of a file, or of the stream of small ones, show in some stream."""

    def __init__(self, count: int, content: bytes, size: int) -> None:
        self.used = bytearray(count)
        self._content = content
        self._size = size
        self._slack: list[bytes] = []
        self._left = _MOST_READ * (count + MOST_ENTRIES)
        self.is_shared = False  # streams share their sectors: then one of them is not what it was

    def take(self, runs: Iterable[tuple[int, int]], length: int | None = None, *, may_share: bool = False) -> None:
        """Count sectors as used; what stands behind *length* bytes in the last one is slack."""
        last = -1
        for first, end in runs:
            self._left -= end - first
            if self._left < 0:
                self.is_shared = True
                return
            self.is_shared = self.is_shared or (not may_share and self.used.find(1, first, end) >= 0)
            self.used[first:end] = b"\1" * (min(end, len(self.used)) - first)
            last = end - 1
        if last >= 0 and length is not None and length % self._size:
            start = last * self._size
            self._slack.append(self._content[start + length % self._size : start + self._size].strip(b"\0"))

    def rest(self) -> Iterator[bytes]:
        """Yield what no stream shows: slack, then runs of sectors that were not used."""
        yield b"\0\0".join(self._slack)
        for found in _UNUSED.finditer(self.used):
            yield self._content[found.start() * self._size : found.end() * self._size]
            yield b"\0\0"


def _words(raw: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])


# -- writing ------------------------------------------------------------------------------------------------------

Tree = dict[str, "bytes | Tree"]


def write(tree: Tree) -> bytes:
    """Return a compound file with these storages (dictionaries) and streams (bytes).

    An object or message inside a file is a storage of it; written as a file of its own it is read like any other.
    """
    return _Writer(tree).file


class _Writer:
    """Lays out the sectors: header, allocation table, directory, small streams, then the large ones."""

    _SECTOR = 512

    def __init__(self, tree: Tree) -> None:
        self._rows: list[list[int | str | bytes]] = [["Root Entry", _ROOT, _NONE, _NONE, _NONE, _END, 0]]
        self._body: list[bytes] = []
        self._fat: list[int] = []
        self._mini: list[bytes] = []
        self._minifat: list[int] = []
        self._rows[0][4] = self._folder(tree)
        ministream = b"".join(self._mini)
        self._rows[0][5], self._rows[0][6] = self._place(ministream), len(ministream)
        minifat = self._place(_packed(self._minifat, self._SECTOR))
        directory = self._place(self._directory())
        self.file = self._assemble(directory, minifat if self._minifat else _END)

    def _folder(self, tree: Tree) -> int:
        """Place what a storage holds; return the index of the top of its (balanced) tree of names."""
        indexes: list[int] = []
        for name in sorted(tree, key=lambda name: (len(name), name.upper())):
            value = tree[name]
            index = len(self._rows)
            indexes.append(index)
            if isinstance(value, dict):
                self._rows.append([name[:31], _STORAGE, _NONE, _NONE, _NONE, 0, 0])
                self._rows[index][4] = self._folder(value)
            else:
                start = self._place_small(value) if len(value) < _CUTOFF else self._place(value)
                self._rows.append([name[:31], _STREAM, _NONE, _NONE, _NONE, start, len(value)])
        return self._balanced(indexes)

    def _balanced(self, indexes: list[int]) -> int:
        if not indexes:
            return _NONE
        middle = len(indexes) // 2
        top = indexes[middle]
        self._rows[top][2] = self._balanced(indexes[:middle])
        self._rows[top][3] = self._balanced(indexes[middle + 1 :])
        return top

    def _place(self, content: bytes) -> int:
        if not content:
            return _END
        start = len(self._fat)
        count = -(-len(content) // self._SECTOR)
        self._fat += [*range(start + 1, start + count), _END]
        self._body.append(content + bytes(count * self._SECTOR - len(content)))
        return start

    def _place_small(self, content: bytes) -> int:
        if not content:
            return _END
        start = len(self._minifat)
        count = -(-len(content) // _MINI)
        self._minifat += [*range(start + 1, start + count), _END]
        self._mini.append(content + bytes(count * _MINI - len(content)))
        return start

    def _directory(self) -> bytes:
        out: list[bytes] = []
        for name, kind, left, right, child, start, size in self._rows:
            raw = str(name).encode("utf-16-le", "replace")[:62]
            out.append(_ENTRY.pack(raw, len(raw) + 2, kind, 1, left, right, child, bytes(16), 0, 0, 0, start, size))
        return b"".join(out)

    def _assemble(self, directory: int, minifat: int) -> bytes:
        per_sector = self._SECTOR // 4
        data = len(self._fat)
        fats = difats = 0
        while True:  # the table covers its own sectors too
            needed = -(-(data + fats + difats) // per_sector)
            extra = -(-max(0, needed - _IN_HEADER) // (per_sector - 1))
            if (needed, extra) == (fats, difats):
                break
            fats, difats = needed, extra
        fat = [*self._fat, *[_FAT_SECTOR] * fats, *[_DIFAT_SECTOR] * difats]
        numbers = list(range(data, data + fats))
        header_numbers = numbers[:_IN_HEADER] + [_FREE] * max(0, _IN_HEADER - fats)
        header = _HEADER.pack(
            MAGIC, bytes(16), 0x3E, 3, 0xFFFE, 9, 6, 0, fats, directory, 0, _CUTOFF, minifat,
            -(-len(self._minifat) // per_sector), data + fats if difats else _END, difats,
        )  # fmt: skip
        pieces = [header, struct.pack(f"<{_IN_HEADER}I", *header_numbers), *self._body, _packed(fat, self._SECTOR)]
        for index in range(difats):
            first = _IN_HEADER + index * (per_sector - 1)
            row = numbers[first : first + per_sector - 1]
            row += [_FREE] * (per_sector - 1 - len(row))
            pieces.append(struct.pack(f"<{per_sector}I", *row, data + fats + index + 1 if index + 1 < difats else _END))
        return b"".join(pieces)


def _packed(words: Iterable[int], sector: int) -> bytes:
    raw = struct.pack(f"<{len(listed)}I", *listed) if (listed := list(words)) else b""
    return raw + b"\xff" * (-len(raw) % sector)
