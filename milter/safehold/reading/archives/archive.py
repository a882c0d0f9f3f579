# SPDX-License-Identifier: GPL-3.0-or-later
"""Zip archives, by our own walk of the directory.

Expanded bytes are counted in steps of 64 KB against one budget a message, at any depth; a ratio is asked of large
members only (100:1 refuses real PPTX).  Names are data, never paths: nothing is ever written anywhere.  Members
that share bytes are refused by our own check (42.zip's grandchildren, CVE-2024-0450), members that the directory
does not list are read as well and make the archive ambiguous; so is what stands before, between and behind members
and directory.  Source: PKWARE APPNOTE 6.3.10.
"""

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import appended, binary, charset
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

STEP = 64 * 1024
FIRST_STEP = 512  # a stream of many small members must not be fed whole to each
_STORED, _DEFLATED, _BZIP2, _LZMA = 0, 8, 12, 14
_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_ENCRYPTED, _SIZES_LATER, _UTF_8 = 0x0001, 0x0008, 0x0800
_MOST_FOUND_BESIDES = 1_000
_MOST_CHARACTERS = 100_000
_END_RECORD, _END_RECORD_SIZE = b"PK\x05\x06", 22
_DESCRIPTOR_SIZE = 24
_LEAST_BYTES_OF_A_FILE = 256
_UNICODE_PATH = 0x7075


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
        self._directory = len(content)  # where it starts
        self._outside: list[bytes] = []  # what belongs to no member
        self._loose: list[bytes] = []  # the same, where members were found in it
        self.members = self._members()

    def _members(self) -> list[Member]:
        try:
            with zipfile.ZipFile(io.BytesIO(self._content)) as archive:
                listed = archive.infolist()
                self._directory = archive.start_dir
                self.comment = charset.decode(self._comment(archive.comment)).text
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            ValueError,
            NotImplementedError,
            OSError,
            EOFError,
            OverflowError,
        ):
            self._part.problem(Reason.CORRUPT, Detail.BAD_DIRECTORY)
            self._loose.append(self._content)  # nobody knows where members end
            return list(self._local_members(0, len(self._content), set()))
        members: list[Member] = []
        spans: list[tuple[int, int]] = []
        for info in listed:
            self._part.session.take_name()
            found = self._listed(info)
            if found is None:
                self._part.problem(Reason.CORRUPT, Detail.BAD_DIRECTORY)
                continue
            member, start, end = found
            spans.append((start, end))
            members.append(member)
        self._find_outside(spans)
        return self._without_overlaps(members, spans)

    def _comment(self, found: bytes) -> bytes:
        """Return the comment as far as it says its length; what follows it is outside."""
        end = self._content.rfind(_END_RECORD)
        return found[: int.from_bytes(self._content[end + 20 : end + 22], "little")] if end >= 0 else found

    def _find_outside(self, spans: list[tuple[int, int]]) -> None:
        """Note the bytes before the first member, between members and directory, and behind its end."""
        content = self._content
        first = min((start for start, _ in spans), default=self._directory)
        end = content.rfind(_END_RECORD)
        size = int.from_bytes(content[end + 12 : end + 16], "little") if end >= 0 else 0
        comment = int.from_bytes(content[end + 20 : end + 22], "little") if end >= 0 else 0
        pieces: list[bytes] = [content[:first]]
        reached = first
        for start, stop in sorted(spans):
            # Sizes and checksum may stand behind a member (APPNOTE 4.3.9): no more than 24 bytes.
            if start > reached + _DESCRIPTOR_SIZE or (start > reached and content[reached : reached + 2] != b"PK"):
                pieces.append(content[reached:start])
            reached = max(reached, stop)
        pieces.append(content[reached : self._directory].removeprefix(b"PK\x07\x08"))
        if end >= 0:
            pieces.append(content[self._directory + size : end])
            self._outside.append(content[end + _END_RECORD_SIZE + comment :])
        for piece in pieces:
            known = _LOCAL_MAGIC in piece or len(piece) < _LEAST_BYTES_OF_A_FILE
            (self._loose if known else self._outside).append(piece)

    def read_outside(self) -> None:
        """Read what belongs to no member: nobody who opens the archive sees it."""
        for piece in self._outside:
            appended.read(piece, 0, 0, self._part)
        words = binary.written(b"\n".join(self._loose))
        if words:
            self._part.mark(MarkKind.APPENDED)
        self._part.segment(PlaceKind.METADATA, words[:_MOST_CHARACTERS], visibility=Visibility.HIDDEN)

    def _listed(self, info: zipfile.ZipInfo) -> tuple[Member, int, int] | None:
        """Return a member of the directory with the span of its bytes, or None where there are none."""
        start = info.header_offset
        header = self._content[start : start + _LOCAL.size]
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
            info.is_dir() and not info.file_size,
            memoryview(self._content)[data : data + info.compress_size],
            info.file_size,
            info.CRC,
            charset.decode(info.comment).text if info.comment else "",
        )
        return member, start, data + info.compress_size

    def _take_extra(self, extra: bytes) -> Iterator[str]:
        """Yield the names in extra fields (APPNOTE 4.5, Info-ZIP's Unicode path); other texts are set aside."""
        at = 0
        while at + 4 <= len(extra):
            kind, size = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
            body = extra[at + 4 : at + 4 + size]
            if kind == _UNICODE_PATH and body[5:]:
                yield charset.decode(body[5:]).text
            else:
                self._loose.append(body)
            at += 4 + size

    def _without_overlaps(self, members: list[Member], spans: list[tuple[int, int]]) -> list[Member]:
        """Drop members that share bytes with another, and add those that the directory leaves out."""
        order = sorted(range(len(members)), key=lambda index: spans[index])
        bad: set[int] = set()
        besides: list[Member] = []
        reached, last = 0, -1
        for index in order:
            start, end = spans[index]
            if start < reached and last >= 0:
                bad |= {last, index}
            elif start - reached >= _LOCAL.size:
                besides += self._local_members(reached, start, {member.name for member in members})
            if end > reached:
                reached, last = end, index
        if self._directory - reached >= _LOCAL.size:
            besides += self._local_members(reached, self._directory, {member.name for member in members})
        if bad:
            self._part.problem(Reason.CORRUPT, Detail.OVERLAP)
        if besides:
            self._part.problem(Reason.AMBIGUOUS, Detail.BAD_DIRECTORY)
        return [member for index, member in enumerate(members) if index not in bad] + besides

    def _local_members(self, start: int, end: int, known: set[str]) -> Iterator[Member]:
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
            later = bool(flags & _SIZES_LATER) or not packed
            stop = end if later else min(end, data + packed)
            if names and data <= end:
                view = memoryview(self._content)[data:stop]
                folder = names[0].endswith("/")
                yield Member(names, method, bool(flags & _ENCRYPTED), folder, view, size, None if later else crc)
            start = stop if not later else data
            known.update(names)

    def expand(self, member: Member, most: int) -> Expanded:
        """Return the bytes of a member, at most *most* of them; never raises but for the message's budget.

        Raises:
            OverrunError: The message has expanded to more than its budget.
        """
        session, limits = self._part.session, self._part.limits
        pieces: list[bytes] = []
        size = crc = 0
        stream = Stream(_unpacked(member))
        try:
            for piece in stream:
                session.take_expanded(len(piece))
                size += len(piece)
                crc = zlib.crc32(piece, crc)
                pieces.append(piece)
                if size > most:
                    return Expanded(b"".join(pieces)[:most], (Reason.TOO_LARGE, Detail.MEMBER_SIZE))
                if size > limits.ratio_from_bytes and size > limits.ratio * max(1, len(member.packed)):
                    return Expanded(b"".join(pieces), (Reason.TOO_LARGE, Detail.RATIO))
        except _UnknownMethodError:
            return Expanded(b"", (Reason.UNSUPPORTED, Detail.METHOD))
        except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError):
            return Expanded(b"".join(pieces), (Reason.CORRUPT, Detail.SALVAGED if pieces else Detail.DAMAGED))
        whole = b"".join(pieces)
        if stream.rest:
            self._outside.append(stream.rest)
        if member.crc is not None and crc != member.crc:
            return Expanded(whole, (Reason.CORRUPT, Detail.SALVAGED))
        return Expanded(whole)


class Stream:
    """A compressed stream piece by piece; afterwards, what stood behind its end."""

    def __init__(self, pieces: Generator[bytes, None, memoryview]) -> None:
        self.rest = b""
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        self.rest = bytes((yield from self._pieces))


class _UnknownMethodError(Exception):
    """A compression method without decoder."""


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
    if member.encrypted:
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
        readings.append(raw.decode("cp437", "replace"))
    return tuple(name for name in dict.fromkeys(readings) if name)


def _unpacked(member: Member) -> Generator[bytes, None, memoryview]:
    """Yield the bytes of a member in small steps, whatever the compression ratio; return what is behind them."""
    packed = member.packed
    if member.method == _STORED:
        for start in range(0, len(packed), STEP):
            yield bytes(packed[start : start + STEP])
        return packed[:0]
    if member.method == _DEFLATED:
        return (yield from inflated(packed, -15))
    if member.method == _BZIP2:
        return (yield from decompressed(bz2.BZ2Decompressor(), packed))
    if member.method == _LZMA:
        return (yield from _zip_lzma(packed))
    raise _UnknownMethodError


def inflated(packed: memoryview, window: int) -> Generator[bytes, None, memoryview]:
    """Yield what a deflate stream holds; return what is behind it.  *window*: -15 bare, 31 with gzip's header."""
    engine = zlib.decompressobj(window)
    start, step = 0, FIRST_STEP
    while start < len(packed):
        feed = bytes(packed[start : start + step])
        start += len(feed)
        step = min(STEP, 4 * step)
        while feed and not engine.eof:
            yield engine.decompress(feed, STEP)
            feed = engine.unconsumed_tail
        if engine.eof:
            return packed[start - len(engine.unused_data) :]
    while not engine.eof:
        piece = engine.decompress(b"", STEP)
        if not piece:
            raise EOFError
        yield piece
    return packed[start - len(engine.unused_data) :]


def decompressed(
    engine: bz2.BZ2Decompressor | lzma.LZMADecompressor, packed: memoryview
) -> Generator[bytes, None, memoryview]:
    """Yield what a bzip2, xz or LZMA stream holds; return what is behind it."""
    start, step = 0, FIRST_STEP
    while start < len(packed):
        feed = bytes(packed[start : start + step])
        start += len(feed)
        step = min(STEP, 4 * step)
        while not engine.eof:
            piece = engine.decompress(feed, STEP)
            feed = b""
            if piece:
                yield piece
            if engine.needs_input:
                break
        if engine.eof:
            return packed[start - len(engine.unused_data) :]
    raise EOFError


def _zip_lzma(packed: memoryview) -> Generator[bytes, None, memoryview]:
    """Zip keeps LZMA's properties in front: version, their length, then they (APPNOTE 5.8.8)."""
    if len(packed) < 9:
        raise EOFError
    length = int.from_bytes(packed[2:4], "little")
    filters = [lzma._decode_filter_properties(lzma.FILTER_LZMA1, bytes(packed[4 : 4 + length]))]  # type: ignore[attr-defined]
    return (yield from decompressed(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters), packed[4 + length :]))
