# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar archives of every dialect, block by block: nothing in one is passed over.

Programs stop at an empty block, leave out what they have no use for (labels of volumes, lists of folders, kinds that
they do not know) and show of a field what stands before its first zero.  Here whatever has bytes is a member, all of
every field is read, and a block that is no header is left over (:mod:`safehold.reading.basics.leftovers`); the walk
goes on behind it.  A sparse member is never larger than what is stored of it, but for the holes between.
Sources: POSIX.1-2017 pax (ustar and extended headers), the GNU tar manual ("Basic Tar Format", "Storing Sparse Files").
"""

import re
from collections.abc import Iterable, Iterator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.archives.archive import Expanded, is_bad_name, read_expanded
from safehold.reading.basics import charset, leftovers, types
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_BLOCK = 512
_POSIX, _MAGIC, _USTAR = b"ustar\x00", slice(257, 263), slice(257, 262)
_NAME, _LINK, _OWNER, _GROUP, _PREFIX = (
    slice(0, 100),
    slice(157, 257),
    slice(265, 297),
    slice(297, 329),
    slice(345, 500),
)
_SIZE, _KIND = slice(124, 136), slice(156, 157)
_LONG_NAME, _LONG_LINK, _SPARSE, _CONTINUED = b"L", b"K", b"S", b"M"
_EXTENDED, _GLOBAL = (b"x", b"X"), b"g"
_WITHOUT_BYTES = (b"1", b"2", b"3", b"4", b"5", b"6")  # links, devices, folders: whatever their size says

_RECORD = re.compile(rb"(\d{1,10}) ([^=\n]{1,1000})=")
# What programs keep for themselves in extended headers.
_OF_PROGRAMS = re.compile(
    r"path|linkpath|[ug]name|[ug]id|size|[amc]time|comment|hdrcharset|charset|GNU\.sparse\..*|LIBARCHIVE\.creationtime"
    r"|SCHILY\.(?:dev|ino|nlink|devmajor|devminor|fflags|filetype)"
)
_NUMBER = re.compile(r"[\d.+-]*")

_SPARSE_ENTRIES, _SPARSE_MORE = slice(386, 482), 482
_SPARSE_ENTRIES_BEHIND, _SPARSE_MORE_BEHIND = slice(0, 504), 504
_MOST_PIECES = 100_000

_NAMES_OF_MEMBERS = ("path", "linkpath", "GNU.sparse.name")
_LONGEST_CUT = 99
_HAS_LETTERS = re.compile(r"[^\W\d_]{2}")
_Map = list[tuple[int, int]]  # where in the file, and how many bytes


def read(content: bytes, part: OpenPart) -> None:
    """Read every member of a tar archive, and what belongs to none."""
    _Walk(content, part).read()


class _Walk:
    """The way through one archive."""

    def __init__(self, content: bytes, part: OpenPart) -> None:
        self._content = content
        self._part = part
        self._left_over: list[bytes] = []
        self._said: set[str] = set()
        self._forget()

    def _forget(self) -> None:
        """Begin a new member: what headers have said so far was of the one before."""
        self._long_name = self._long_link = b""
        self._extended: dict[str, str] = {}
        self._sparse: _Map = []

    def read(self) -> None:
        """Read it all."""
        at, ended = 0, False
        while at < len(self._content):
            block = self._content[at : at + _BLOCK]
            if not block.strip(b"\x00"):
                at, ended = at + _BLOCK, True
            elif _is_header(block):
                if not types.is_tar_header(block):  # its checksum is wrong
                    self._part.problem(Reason.CORRUPT, Detail.DAMAGED)
                if ended:  # where programs have stopped
                    self._part.mark(MarkKind.APPENDED)
                at, ended = self._read_header(block, at), False
            else:
                if not ended:
                    self._part.problem(Reason.CORRUPT, Detail.DAMAGED)
                at = self._leave(at)
        if self._long_name or self._long_link or self._extended:  # and the member they are about is not there
            self._part.problem(Reason.CORRUPT, Detail.SALVAGED)
            self._say((_decoded(self._long_name), _decoded(self._long_link), *self._extended.values()))
        leftovers.read(self._left_over, self._part)

    def _leave(self, start: int) -> int:
        """Leave over the blocks from *start* to the next header or empty block; return where that is."""
        end = start + _BLOCK
        while end < len(self._content) and not self._is_sound(end):
            end += _BLOCK
        self._left_over.append(self._content[start:end])
        return end

    def _is_sound(self, at: int) -> bool:
        """Return whether a header stands at *at*, or nothing."""
        block = self._content[at : at + _BLOCK]
        return not block.strip(b"\x00") or _is_header(block)

    def _read_header(self, block: bytes, at: int) -> int:
        """Read one header with the bytes behind it; return where they end."""
        kind, size = block[_KIND], _count(block[_SIZE])
        start = at + _BLOCK
        if kind in (*_EXTENDED, _GLOBAL, _LONG_NAME, _LONG_LINK):
            if start + size > len(self._content):
                self._part.problem(Reason.CORRUPT, Detail.SALVAGED)
            self._read_about_others(kind, self._content[start : start + size])
            return self._end(start, size)
        if self._extended.get("size", "").isdecimal():
            size = int(self._extended["size"])
        if kind in _WITHOUT_BYTES and self._is_sound(start):
            size = 0
        if kind == _SPARSE:
            self._sparse, start = self._map_of_header(block, start)
        size = max(0, size)
        self._part.session.take_name()
        self._read_member(block, start, size)
        self._forget()
        return self._end(start, size)

    def _end(self, start: int, size: int) -> int:
        """Return where the next header may be, and leave over what fills the last block up to it."""
        end = min(start + max(0, size), len(self._content))
        following = end + -(end - start) % _BLOCK
        last = following - _BLOCK
        if last < end < following and types.is_tar_header(self._content[last:following]):
            self._part.problem(Reason.CORRUPT, Detail.DAMAGED)  # a block is missing, and the next header stands in it
            return last
        self._left_over.append(self._content[end:following])
        return following

    # -- headers about other headers ------------------------------------------------------------------------------

    def _read_about_others(self, kind: bytes, content: bytes) -> None:
        if kind == _LONG_NAME:
            self._long_name = content
        elif kind == _LONG_LINK:
            self._long_link = content
        else:
            records = dict(self._records(content))
            if kind != _GLOBAL:
                self._extended |= records
            self._say(_texts_of(records))

    def _records(self, content: bytes) -> Iterator[tuple[str, str]]:
        """Yield the records of an extended header; what is none is left over."""
        at = 0
        while found := _RECORD.match(content, at):
            end = at + int(found[1])
            if end <= found.end() or end > len(content):
                break
            key, value = _decoded(found[2]), content[found.end() : end].removesuffix(b"\n")
            if key == "GNU.sparse.offset":
                self._sparse.append((_decimal(value), 0))
            elif key == "GNU.sparse.numbytes" and self._sparse:
                self._sparse[-1] = (self._sparse[-1][0], _decimal(value))
            yield key, _decoded(value)
            at = end
        self._left_over.append(content[at:])

    # -- members --------------------------------------------------------------------------------------------------

    def _read_member(self, block: bytes, start: int, size: int) -> None:
        part, kind, extended = self._part, block[_KIND], self._extended
        name, link = self._names(block)
        if is_bad_name(name):
            part.mark(MarkKind.BAD_NAME)
        if not size and kind in _WITHOUT_BYTES:
            part.segment(PlaceKind.FILENAME, f"{name}\n{link}".rstrip(), visibility=Visibility.ATTRIBUTE)
            return
        self._say([link])
        most = part.limits.member_bytes
        stored = self._content[start : start + min(size, most)]
        part.session.take_expanded(len(stored))
        problem = None
        if start + size > len(self._content):
            problem = (Reason.CORRUPT, Detail.SALVAGED)
        elif size > most:
            problem = (Reason.TOO_LARGE, Detail.MEMBER_SIZE)
        elif kind == _CONTINUED:
            problem = (Reason.INCOMPLETE, Detail.ELSEWHERE)
        elif self._sparse or "GNU.sparse.map" in extended or extended.get("GNU.sparse.major") == "1":
            stored, problem = self._spread(stored)
        read_expanded(Expanded(stored, problem), (name,), part)

    def _names(self, block: bytes) -> tuple[str, str]:
        """Return the name of a member and what it links to; say whatever else the fields of its header hold."""
        has_prefix = block[_MAGIC] == _POSIX
        name, *others = block[_NAME].split(b"\x00")
        link, *behind_link = block[_LINK].split(b"\x00")
        prefix, *behind_prefix = block[_PREFIX].split(b"\x00")
        owners = b"\x00".join((block[_OWNER], block[_GROUP], block[500:])) if block[_USTAR] == b"ustar" else block[257:]
        others += [*behind_link, *behind_prefix, *owners.split(b"\x00")]
        if has_prefix and prefix:
            name = prefix + b"/" + name
        elif not has_prefix:
            others.append(prefix)
        long_name, *behind_long_name = self._long_name.split(b"\x00")
        long_link, *behind_long_link = self._long_link.split(b"\x00")
        others += behind_long_name + behind_long_link
        said = self._extended
        chosen = said.get("GNU.sparse.name") or said.get("path") or _decoded(long_name or name)
        shown = {chosen, said.get("linkpath") or _decoded(long_link or link)}
        fields = [said.get("path", ""), *(_decoded(raw) for raw in (long_name, name, long_link, link, *others))]
        self._say(text for text in fields if text not in shown and not _is_beginning(text, shown))
        return chosen or "-", said.get("linkpath") or _decoded(long_link or link)

    def _say(self, texts: Iterable[str]) -> None:
        """Hand over texts of headers, each once: owners stand in every header."""
        new = [text for text in dict.fromkeys(texts) if text not in self._said and _HAS_LETTERS.search(text)]
        self._said.update(new)
        self._part.segment(PlaceKind.METADATA, "\n".join(new), visibility=Visibility.HIDDEN)

    # -- sparse members -------------------------------------------------------------------------------------------

    def _map_of_header(self, block: bytes, start: int) -> tuple[_Map, int]:
        """Return the map of an old sparse member, which goes on in blocks behind its header, and where they end."""
        pieces, more = _pairs(block[_SPARSE_ENTRIES]), block[_SPARSE_MORE]
        while more and len(pieces) < _MOST_PIECES:
            block = self._content[start : start + _BLOCK].ljust(_BLOCK, b"\x00")
            pieces += _pairs(block[_SPARSE_ENTRIES_BEHIND])
            more, start = block[_SPARSE_MORE_BEHIND], start + _BLOCK
        return pieces, start

    def _spread(self, stored: bytes) -> tuple[bytes, tuple[Reason, Detail] | None]:
        """Return a sparse member with its holes; where its map does not fit, what is stored as it is."""
        pieces, first = self._sparse, 0
        if self._extended.get("GNU.sparse.major") == "1":
            pieces, first = _map_in_front(stored)
        elif "GNU.sparse.map" in self._extended:
            numbers = [_decimal(number.encode()) for number in self._extended["GNU.sparse.map"].split(",")]
            pieces = list(zip(numbers[::2], numbers[1::2], strict=False))
        out, at = bytearray(), first
        for offset, count in pieces:
            if not len(out) <= offset <= self._part.limits.member_bytes or count > len(stored) - at:
                return stored[first:], (Reason.CORRUPT, Detail.SALVAGED)
            self._part.session.take_expanded(offset - len(out))
            out += bytes(offset - len(out)) + stored[at : at + count]
            at += count
        if stored[at:].strip(b"\x00"):
            return stored[first:], (Reason.CORRUPT, Detail.SALVAGED)
        return bytes(out), None


def _is_header(block: bytes) -> bool:
    return (len(block) == _BLOCK and block[_USTAR] == b"ustar") or types.is_tar_header(block)


def _map_in_front(stored: bytes) -> tuple[_Map, int]:
    """Return the map that begins a sparse member of version 1.0, in lines, and where its last block ends."""
    lines = stored[: _BLOCK * _MOST_PIECES // 8].split(b"\n", 2 * _MOST_PIECES + 1)
    count = min(_decimal(lines[0]), _MOST_PIECES)
    numbers = [_decimal(line) for line in lines[1 : 1 + 2 * count]]
    length = sum(len(line) + 1 for line in lines[: 1 + 2 * count])
    return list(zip(numbers[::2], numbers[1::2], strict=False)), length + -length % _BLOCK


def _pairs(raw: bytes) -> _Map:
    entries = (raw[at : at + 24] for at in range(0, len(raw), 24))
    return [(_count(entry[:12]), _count(entry[12:])) for entry in entries if entry.strip(b"\x00")]


def _count(raw: bytes) -> int:
    """Return a number of a header: octal digits, or two's complement where they do not suffice."""
    if raw[:1] and raw[0] & 0x80:
        return int.from_bytes(raw, "big", signed=True) & (1 << 63) - 1 if raw[0] == 0x80 else 0
    digits = raw.strip(b"\x00 ")
    return int(digits, 8) if re.fullmatch(rb"[0-7]+", digits) else 0


def _decimal(raw: bytes) -> int:
    return int(raw) if re.fullmatch(rb"\d{1,18}", raw) else 0


def _decoded(raw: bytes) -> str:
    return charset.decode(raw).text if raw else ""


def _texts_of(records: dict[str, str]) -> Iterator[str]:
    """Yield what people may have written into extended headers: values, and names of values that no program has."""
    for key, value in records.items():
        if key not in _NAMES_OF_MEMBERS and not _NUMBER.fullmatch(value):
            yield value
        if not _OF_PROGRAMS.fullmatch(key):
            yield key


def _is_beginning(text: str, of: set[str]) -> bool:
    """Return whether *text* is one of the others cut short, as fields that are too small hold them."""
    return len(text) >= _LONGEST_CUT and any(whole.startswith(text) for whole in of)
