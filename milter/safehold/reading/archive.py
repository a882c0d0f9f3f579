# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives: zip by our own walk of the directory; tar, gzip, bzip2 and xz by the standard library.

Expanded bytes are counted in steps of 64 KB against one budget a message, at any depth; a ratio is asked of large
members only (100:1 refuses real PPTX).  Names are data, never paths: nothing is ever written anywhere.  Members
that share bytes are refused by our own check (42.zip's grandchildren, CVE-2024-0450), members that the directory
does not list are read as well and make the archive ambiguous.  Source: PKWARE APPNOTE 6.3.10.
"""

import bz2
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading import binary, charset
from safehold.reading.notes import Given, OpenPart, OverrunError
from safehold.reading.vocabulary import Detail, MarkKind

STEP = 64 * 1024
_STORED, _DEFLATED, _BZIP2, _LZMA = 0, 8, 12, 14
_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_ENCRYPTED, _SIZES_LATER, _UTF_8 = 0x0001, 0x0008, 0x0800
_XZ_MEMORY = 256 * 1024 * 1024
_MOST_FOUND_BESIDES = 1_000


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
        self.members = self._members()

    def _members(self) -> list[Member]:
        try:
            with zipfile.ZipFile(io.BytesIO(self._content)) as archive:
                listed = archive.infolist()
                self._directory = archive.start_dir
                self.comment = charset.decode(archive.comment).text
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
        return self._without_overlaps(members, spans)

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
        try:
            for piece in _unpacked(member):
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
        if member.crc is not None and crc != member.crc:
            return Expanded(whole, (Reason.CORRUPT, Detail.SALVAGED))
        return Expanded(whole)


class _UnknownMethodError(Exception):
    """A compression method without decoder."""


def read_zip(content: bytes, part: OpenPart) -> None:
    """Read every member of a zip archive."""
    archive = Zip(content, part)
    part.segment(PlaceKind.METADATA, archive.comment)
    for member in archive.members:
        _read_member(archive, member, part)


def _read_member(archive: Zip, member: Member, part: OpenPart) -> None:
    if member.is_folder:
        part.segment(PlaceKind.FILENAME, member.name)
        return
    if _is_bad_name(member.name):
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


def _is_bad_name(name: str) -> bool:
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


def _unpacked(member: Member) -> Iterator[bytes]:
    """Yield the bytes of a member in small steps, whatever the compression ratio."""
    packed = member.packed
    if member.method == _STORED:
        for start in range(0, len(packed), STEP):
            yield bytes(packed[start : start + STEP])
    elif member.method == _DEFLATED:
        yield from _inflated(packed)
    elif member.method == _BZIP2:
        yield from _stream(bz2.BZ2Decompressor(), packed)
    elif member.method == _LZMA:
        yield from _zip_lzma(packed)
    else:
        raise _UnknownMethodError


def _inflated(packed: memoryview) -> Iterator[bytes]:
    engine = zlib.decompressobj(-15)
    for start in range(0, len(packed), STEP):
        rest = bytes(packed[start : start + STEP])
        while rest and not engine.eof:
            yield engine.decompress(rest, STEP)
            rest = engine.unconsumed_tail
        if engine.eof:
            return
    while not engine.eof:
        piece = engine.decompress(b"", STEP)
        if not piece:
            raise EOFError
        yield piece


def _stream(engine: bz2.BZ2Decompressor | lzma.LZMADecompressor, packed: memoryview) -> Iterator[bytes]:
    for start in range(0, len(packed), STEP):
        feed = bytes(packed[start : start + STEP])
        while not engine.eof:
            piece = engine.decompress(feed, STEP)
            feed = b""
            if piece:
                yield piece
            if engine.needs_input:
                break
        if engine.eof:
            return
    raise EOFError


def _zip_lzma(packed: memoryview) -> Iterator[bytes]:
    """Zip keeps LZMA's properties in front: version, their length, then they (APPNOTE 5.8.8)."""
    if len(packed) < 9:
        raise EOFError
    length = int.from_bytes(packed[2:4], "little")
    filters = [lzma._decode_filter_properties(lzma.FILTER_LZMA1, bytes(packed[4 : 4 + length]))]  # type: ignore[attr-defined]
    yield from _stream(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters), packed[4 + length :])


# -- streams with one member ----------------------------------------------------------------------------------------


def read_gzip(content: bytes, part: OpenPart) -> None:
    """Read a gzip stream, all its members after one another."""
    name = ""
    if len(content) > 10 and content[3] & 0x08:
        start = 10 + (2 + int.from_bytes(content[10:12], "little") if content[3] & 0x04 else 0)
        name = charset.decode(content[start : content.find(b"\x00", start)][:255]).text
    _read_stream(_gunzipped(content), part, (".gz", ".tgz", ".z"), name)


def read_bzip2(content: bytes, part: OpenPart) -> None:
    """Read a bzip2 stream."""
    _read_stream(_stream(bz2.BZ2Decompressor(), memoryview(content)), part, (".bz2", ".tbz", ".tbz2"))


def read_xz(content: bytes, part: OpenPart) -> None:
    """Read an xz stream."""
    engine = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    _read_stream(_stream(engine, memoryview(content)), part, (".xz", ".txz"))


def _gunzipped(content: bytes) -> Iterator[bytes]:
    rest = content
    while rest[:2] == b"\x1f\x8b":
        engine = zlib.decompressobj(31)
        while not engine.eof:
            piece = engine.decompress(rest, STEP)
            rest = engine.unconsumed_tail
            if piece:
                yield piece
            elif not rest and not engine.eof:
                raise EOFError
        rest = engine.unused_data.lstrip(b"\x00")


def _read_stream(pieces: Iterable[bytes], part: OpenPart, suffixes: tuple[str, ...], inner_name: str = "") -> None:
    limits = part.limits
    packed = max(1, len(part.given.content))
    out: list[bytes] = []
    size = 0
    problem: tuple[Reason, Detail] | None = None
    try:
        for piece in pieces:
            part.session.take_expanded(len(piece))
            out.append(piece)
            size += len(piece)
            if size > limits.member_bytes:
                problem = (Reason.TOO_LARGE, Detail.MEMBER_SIZE)
                break
            if size > limits.ratio_from_bytes and size > limits.ratio * packed:
                problem = (Reason.TOO_LARGE, Detail.RATIO)
                break
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError):
        problem = (Reason.CORRUPT, Detail.SALVAGED if out else Detail.DAMAGED)
    outer = part.given.names[0] if part.given.names else ""
    stem = next((outer[: -len(suffix)] for suffix in suffixes if outer.lower().endswith(suffix)), "")
    names = tuple(name for name in dict.fromkeys((inner_name, stem)) if name) or ("content",)
    read_expanded(Expanded(b"".join(out)[: limits.member_bytes], problem), names, part)


# -- tar ----------------------------------------------------------------------------------------------------------


def read_tar(content: bytes, part: OpenPart) -> None:
    """Read every file of a tar archive."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:", errors="surrogateescape") as archive:
            for info in archive:
                _read_tar_member(archive, info, part)
    except OverrunError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError, UnicodeError):
        part.problem(Reason.CORRUPT, Detail.DAMAGED)
        binary.strings(content, part)


def _read_tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo, part: OpenPart) -> None:
    part.session.take_name()
    name = charset.decode(info.name.encode("utf-8", "surrogateescape")).text or "-"
    if _is_bad_name(name):
        part.mark(MarkKind.BAD_NAME)
    source = archive.extractfile(info) if info.isreg() else None
    if source is None:
        part.segment(PlaceKind.FILENAME, f"{name}\n{info.linkname}", visibility=Visibility.ATTRIBUTE)
        return
    pieces: list[bytes] = []
    size = 0
    problem: tuple[Reason, Detail] | None = None
    read: Callable[[int], bytes] = source.read
    while piece := read(STEP):
        part.session.take_expanded(len(piece))
        pieces.append(piece)
        size += len(piece)
        if size > part.limits.member_bytes:
            problem = (Reason.TOO_LARGE, Detail.MEMBER_SIZE)
            break
    if problem is None and size < info.size:
        problem = (Reason.CORRUPT, Detail.SALVAGED)
    read_expanded(Expanded(b"".join(pieces), problem), (name,), part)
