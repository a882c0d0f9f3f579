# SPDX-License-Identifier: GPL-3.0-or-later
"""Zip archives, by our own walk of the directory.

Expanded bytes are counted in steps of 64 KB against one budget a message, at any depth; a ratio is asked of large
members only (100:1 refuses real PPTX).  Names are data, never paths: nothing is ever written anywhere.  Members
that share bytes are refused by our own check (42.zip's grandchildren, CVE-2024-0450), members that the directory
does not list are read as well and make the archive ambiguous, and so does a header in front of a member that says
other than the directory; what stands before, between and behind members and directory is read too.
Source: PKWARE APPNOTE 6.3.10.
"""

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason
from safehold.reading.archives import unpacking
from safehold.reading.basics import charset, leftovers
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC, _ENTRY_MAGIC, _DESCRIPTOR_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08"
_ENCRYPTED, _SIZES_LATER, _UTF_8 = 0x0001, 0x0008, 0x0800
_STORED, _AES = 0, 99
_LATER = 0xFFFFFFFF  # the size stands in an extra field
_MOST_FOUND_BESIDES = 1_000
_END_RECORD, _END_RECORD_SIZE = b"PK\x05\x06", 22
_LARGE_END_RECORD, _LARGE_END_LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
_LARGE_END_SIZE = 56
_UNICODE_PATH = 0x7075
_LONG_EXTRA = 64
_EMPTY_DEFLATED = 2  # bytes that an empty folder may have

_DAMAGED_DIRECTORY = (
    zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, OSError, EOFError, OverflowError,
    IndexError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a zip, as far as its headers say."""

    names: tuple[str, ...] = field(repr=False)
    method: int
    encrypted: bool
    is_folder: bool
    packed: memoryview = field(repr=False)
    size: int
    crc: int | None
    comment: str = field(default="", repr=False)
    ends_known: bool = True  # else *packed* goes on behind its end, as far as anybody knows

    @property
    def name(self) -> str:
        """Return the likeliest name."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Expanded:
    """What came out of a member, and what went wrong on the way."""

    content: bytes = field(repr=False)
    problem: tuple[Reason, Detail] | None = None


class Zip:
    """The members of a zip archive; problems of the archive itself are reported to *part* at once."""

    def __init__(self, content: bytes, part: OpenPart) -> None:
        self._content = content
        self._part = part
        self.comment = ""
        self._outside: list[bytes] = []  # what belongs to no member
        self._loose: list[bytes] = []  # the same, where members were found in it or that is mostly numbers
        self.members = self._members()

    def _members(self) -> list[Member]:
        try:
            with zipfile.ZipFile(io.BytesIO(self._content)) as archive:
                listed = archive.infolist()
                directory = archive.start_dir
                self.comment = charset.decode(self._comment(archive.comment)).text
        except _DAMAGED_DIRECTORY:
            self._part.problem(Reason.CORRUPT, Detail.BAD_DIRECTORY)
            if self._content.startswith(_DESCRIPTOR_MAGIC):  # the first piece of several
                self._part.problem(Reason.INCOMPLETE, Detail.ELSEWHERE)
            self._loose.append(self._content)  # nobody knows where members end
            return list(self._local_members(0, len(self._content)))
        members: list[Member] = []
        spans: list[tuple[int, int]] = []
        others: list[Member] = []
        for info in listed:
            self._part.session.take_name()
            found = self._listed(info, others)
            if found is None:
                self._part.problem(Reason.CORRUPT, Detail.BAD_DIRECTORY)
                continue
            member, start, end = found
            spans.append((start, end))
            members.append(member)
        known = [(start, self._end_of_descriptor(end)) for start, end in spans]
        known += self._spans_of_directory(directory)
        if others:
            self._part.problem(Reason.AMBIGUOUS, Detail.BAD_DIRECTORY)
        return self._without_overlaps(members, spans) + others + self._unlisted(known, directory)

    def _comment(self, found: bytes) -> bytes:
        """Return the comment as far as it says its length; what follows it is outside."""
        end = self._content.rfind(_END_RECORD)
        return found[: _number(self._content, end + 20, 2)] if end >= 0 else found

    def _end_of_descriptor(self, end: int) -> int:
        """Return where the sizes and the checksum end that may stand behind a member (APPNOTE 4.3.9)."""
        sizes = (16, 24) if self._content.startswith(_DESCRIPTOR_MAGIC, end) else (12, 20)
        return next((end + size for size in sizes if self._content.startswith(b"PK", end + size)), end)

    def _spans_of_directory(self, start: int) -> list[tuple[int, int]]:
        """Return where the directory is and what ends the archive."""
        content = self._content
        end = content.rfind(_END_RECORD)
        if _number(content, end + 4, 2) not in (0, 0xFFFF):
            self._part.problem(Reason.INCOMPLETE, Detail.ELSEWHERE)  # the last piece of several
        size = _number(content, end + 12, 4)
        spans = [(end, end + _END_RECORD_SIZE + _number(content, end + 20, 2))]
        if content.startswith(_LARGE_END_LOCATOR, end - 20):
            large = content.rfind(_LARGE_END_RECORD, start, end)
            if large >= 0:
                size = _number(content, large + 40, 8)
                spans += [(large, large + _LARGE_END_SIZE), (end - 20, end)]
        return [(start, start + size), *spans]

    def _unlisted(self, known: list[tuple[int, int]], directory: int) -> list[Member]:
        """Return the members that the directory leaves out, and note all else that it does not account for."""
        found: list[Member] = []
        for start, end in leftovers.gaps(known, len(self._content)):
            here = list(self._local_members(start, end)) if start < directory else []
            (self._loose if here else self._outside).append(self._content[start:end])
            found += here
        if found:
            self._part.problem(Reason.AMBIGUOUS, Detail.BAD_DIRECTORY)
        return found

    def read_outside(self) -> None:
        """Read what belongs to no member: nobody who opens the archive sees it."""
        leftovers.read(self._outside, self._part)
        leftovers.read([b"\n".join(self._loose)], self._part, open_files=False)

    def _listed(self, info: zipfile.ZipInfo, others: list[Member]) -> tuple[Member, int, int] | None:
        """Return a member of the directory with the span of its bytes, or None where there are none.

        What it is by the header in front of it, where that is something else, is added to *others*.
        """
        start = info.header_offset
        header = self._content[start : start + _LOCAL.size] if start >= 0 else b""
        if len(header) < _LOCAL.size or header[:4] != _LOCAL_MAGIC:
            return None
        fields = _LOCAL.unpack(header)
        name_length, extra_length = fields[9], fields[10]
        data = start + _LOCAL.size + name_length + extra_length
        local_name = self._content[start + _LOCAL.size : start + _LOCAL.size + name_length]
        raw_name = _raw_name(info)
        names = _names(raw_name, info.flag_bits)
        for extra in dict.fromkeys((info.extra, self._content[data - extra_length : data])):
            names += tuple(name for name in self._take_extra(extra) if name not in names)
        if local_name.rstrip(b"\x00") != raw_name.rstrip(b"\x00"):
            # Which of the two names a program shows depends on the program.
            self._part.problem(Reason.AMBIGUOUS, Detail.BAD_DIRECTORY)
            names = tuple(dict.fromkeys((*names, *_names(local_name, fields[2]))))
        member = Member(
            names or ("-",),
            info.compress_type,
            bool(info.flag_bits & _ENCRYPTED),
            info.filename.endswith("/") and not info.file_size and info.compress_size <= _EMPTY_DEFLATED,
            memoryview(self._content)[data : data + info.compress_size],
            info.file_size,
            info.CRC,
            charset.decode(info.comment).text if info.comment else "",
        )
        end = data + info.compress_size
        other = self._by_its_header(member, fields, data, info.compress_size)
        if other is not None:
            others.append(other)
            end = max(end, data + len(other.packed))
        return member, start, end

    def _by_its_header(self, listed: Member, fields: tuple[int, ...], data: int, listed_bytes: int) -> Member | None:
        """Return the member as the header in front of it has it, or None where that says the same as the directory."""
        flags, method, crc, packed, size = fields[2], fields[3], *fields[6:9]
        if flags & _SIZES_LATER or packed in (0, _LATER):
            packed = listed_bytes
        encrypted = bool(flags & _ENCRYPTED)
        if (method, encrypted, packed) == (listed.method, listed.encrypted, listed_bytes):
            return None
        view = memoryview(self._content)[data : data + packed]
        return Member(listed.names, method, encrypted, is_folder=False, packed=view, size=size, crc=crc or None)

    def _take_extra(self, extra: bytes) -> Iterator[str]:
        """Yield the names in extra fields (APPNOTE 4.5, Info-ZIP's Unicode path); other texts are set aside."""
        at = 0
        while at + 4 <= len(extra):
            kind, size = _number(extra, at, 2), _number(extra, at + 2, 2)
            body = extra[at + 4 : at + 4 + size]
            if kind == _UNICODE_PATH and body[5:]:
                yield charset.decode(body[5:]).text
            else:
                (self._outside if len(body) >= _LONG_EXTRA else self._loose).append(body)
            at += 4 + size

    def _without_overlaps(self, members: list[Member], spans: list[tuple[int, int]]) -> list[Member]:
        """Return the members that share no byte with one before them; of the others, the names are all there is."""
        dropped: set[int] = set()
        reached = 0
        for index in sorted(range(len(members)), key=lambda index: spans[index]):
            start, end = spans[index]
            if start < reached:
                dropped.add(index)
            else:
                reached = end
        if dropped:
            self._part.problem(Reason.CORRUPT, Detail.OVERLAP)
        for name in dict.fromkeys(name for index in sorted(dropped) for name in members[index].names):
            self._part.segment(PlaceKind.FILENAME, name)
        return [member for index, member in enumerate(members) if index not in dropped]

    def _local_members(self, start: int, end: int) -> Iterator[Member]:
        """Yield members found by their local headers alone."""
        for _ in range(_MOST_FOUND_BESIDES):
            start = self._content.find(_LOCAL_MAGIC, start, end)
            if start < 0 or start + _LOCAL.size > end:
                return
            _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack_from(
                self._content, start
            )
            data = start + _LOCAL.size + name_length + extra_length
            names = _names(self._content[start + _LOCAL.size : start + _LOCAL.size + name_length], flags)
            later = bool(flags & _SIZES_LATER) or packed == _LATER or (not packed and bool(size or crc))
            stop = min(end, data + packed)
            if later:
                stop = self._next_record(data, end) if method == _STORED else end
            if names and data <= end:
                view = memoryview(self._content)[data:stop]
                folder = names[0].endswith("/") and not len(view)
                encrypted = bool(flags & _ENCRYPTED)
                yield Member(names, method, encrypted, folder, view, size, None if later else crc, ends_known=not later)
            start = data if later else stop

    def _next_record(self, start: int, end: int) -> int:
        records = (_DESCRIPTOR_MAGIC, _LOCAL_MAGIC, _ENTRY_MAGIC)
        found = (self._content.find(magic, start, end) for magic in records)
        return min((at for at in found if at >= 0), default=end)

    def expand(self, member: Member, most: int) -> Expanded:
        """Return the bytes of a member, at most *most* of them; never raises but for the message's budget.

        Raises:
            OverrunError: The message has expanded to more than its budget.
        """
        session, limits = self._part.session, self._part.limits
        pieces: list[bytes] = []
        size = crc = 0
        try:
            stream = unpacking.Stream(unpacking.unpacked(member.method, member.packed))
            for piece in stream:
                session.take_expanded(len(piece))
                size += len(piece)
                crc = zlib.crc32(piece, crc)
                pieces.append(piece)
                if size > most:
                    return Expanded(b"".join(pieces)[:most], (Reason.TOO_LARGE, Detail.MEMBER_SIZE))
                if size > limits.ratio_from_bytes and size > limits.ratio * max(1, len(member.packed)):
                    return Expanded(b"".join(pieces), (Reason.TOO_LARGE, Detail.RATIO))
        except unpacking.UnknownMethodError:
            return Expanded(b"", (Reason.UNSUPPORTED, Detail.METHOD))
        except MemoryError:  # a dictionary larger than a worker may have
            return Expanded(b"".join(pieces), (Reason.TOO_LARGE, Detail.MEMORY))
        except unpacking.DAMAGE:
            return Expanded(b"".join(pieces), (Reason.CORRUPT, Detail.SALVAGED if pieces else Detail.DAMAGED))
        whole = b"".join(pieces)
        if stream.rest and member.ends_known:
            self._outside.append(bytes(stream.rest))
        if member.crc is not None and crc != member.crc:
            return Expanded(whole, (Reason.CORRUPT, Detail.SALVAGED))
        return Expanded(whole)


def read_zip(content: bytes, part: OpenPart) -> None:
    """Read every member of a zip archive."""
    archive = Zip(content, part)
    part.segment(PlaceKind.METADATA, archive.comment)
    for member in archive.members:
        read_member(archive, member, part)
    archive.read_outside()


def read_member(archive: Zip, member: Member, part: OpenPart) -> None:
    """Read one member of a zip archive."""
    if member.is_folder:
        part.segment(PlaceKind.FILENAME, member.name)
        return
    if is_bad_name(member.name):
        part.mark(MarkKind.BAD_NAME)
    part.segment(PlaceKind.METADATA, member.comment)
    if member.encrypted or member.method == _AES:
        part.unread_member(member.name, Reason.ENCRYPTED, Detail.PASSWORD)
        return
    expanded = archive.expand(member, part.limits.member_bytes)
    read_expanded(expanded, member.names, part)


def read_expanded(expanded: Expanded, names: tuple[str, ...], part: OpenPart) -> None:
    """Read what came out of a member, with the problem that came with it."""
    problems = (expanded.problem,) if expanded.problem else ()
    if problems and not expanded.content:
        part.unread_member(names[0], *problems[0])
        return
    given = Given(expanded.content, names=names, is_attachment=part.is_attachment, attachment=part.attachment)
    part.child(given, names[0], problems=problems)


def is_bad_name(name: str) -> bool:
    """Return whether a name would lead out of a folder, or hides something."""
    steps = name.replace("\\", "/").split("/")
    return ".." in steps or name.startswith(("/", "\\")) or name[1:2] == ":" or not name.isprintable()


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF_8 else "cp437", "replace")


def _names(raw: bytes, flags: int) -> tuple[str, ...]:
    """Return every reading of a member name; the flag for UTF-8 is often not set."""
    readings = [charset.decode(raw).text]
    if not raw.isascii() and not flags & _UTF_8:
        # What the standard says, and what Windows here does.
        readings += [raw.decode("cp437", "replace"), raw.decode("cp850", "replace")]
        with contextlib.suppress(UnicodeDecodeError):  # two such bytes at a time are rarely anything else
            readings.append(raw.decode("gb2312"))
    return tuple(name for name in dict.fromkeys(readings) if name)


def _number(content: bytes, at: int, width: int) -> int:
    return int.from_bytes(content[at : at + width], "little")
