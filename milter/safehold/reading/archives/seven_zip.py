# SPDX-License-Identifier: GPL-3.0-or-later
"""7z archives: py7zr reads the headers and makes the decoders, we turn the crank.

py7zr's own extraction stops at the first damaged member and asks the file system about every name; here each
folder (7z's word for one packed stream, in which members lie one after another) is unpacked step by step against
the message's budget, so that a damaged or monstrous folder costs its own members only.  A member that is too
large is still unpacked, uncounted into memory, because those behind it in a solid archive can be had no other way.

Where the header is encrypted not even the names are known: the archive itself is ``encrypted``.  Where only the
content is, every member is, under its name.  Source: 7zFormat.txt of the LZMA SDK; py7zr 1.1.
"""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import py7zr
from py7zr.archiveinfo import Header
from py7zr.compressor import SevenZipDecompressor, SupportedMethods
from py7zr.exceptions import PasswordRequired, UnsupportedCompressionMethodError

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.archives.archive import Expanded, is_bad_name, read_expanded
from safehold.reading.archives.unpacking import STEP
from safehold.reading.basics import binary, leftovers
from safehold.reading.notes import OpenPart, OverrunError
from safehold.reading.vocabulary import Detail, MarkKind

Problem = tuple[Reason, Detail]
# Its decoder starts a thread and waits for it for ever, and a worker may not start threads.
_PPMD = b"\x03\x04\x01"
_PACKED_HEADER = b"\x17\x06"
# Every method has some of what comes out last in its last bytes; a check of a few may stand behind that.
_LAST_BYTES = 16
_TAIL = 65_536


@dataclass(slots=True)
class _Folder:
    """One packed stream: where it lies, and the members that come out of it in order."""

    decoder: Any
    start: int
    packed_bytes: int
    members: list[Any] = field(default_factory=list)
    engine: Any = None
    is_used_up: bool = False  # the last bytes were needed

    def last_bytes(self, content: bytes) -> bytes:
        """Return the end of the packed stream, behind what is known to have been needed."""
        end = self.start + self.packed_bytes
        return content[max(self.start, end - _TAIL) : end]


class _PlainHeader(Header):
    """The bytes of a header, unpacked."""

    plain = b""

    def _extract_header_info(self, fp: BinaryIO) -> None:
        fp.seek(0)
        self.plain = fp.read()


def read(content: bytes, part: OpenPart) -> None:
    """Read every member of a 7z archive."""
    try:
        archive = py7zr.SevenZipFile(io.BytesIO(content))
        files = list(archive.files)
        folders = list(_folders(archive))
    except PasswordRequired:
        part.problem(Reason.ENCRYPTED, Detail.NAMES_ENCRYPTED)
        return
    except UnsupportedCompressionMethodError:
        part.problem(Reason.UNSUPPORTED, Detail.METHOD)
        return
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - it raises nearly anything on a damaged header
        part.problem(Reason.CORRUPT, Detail.DAMAGED)
        binary.strings(content, part)
        return
    for file in files:
        part.session.take_name()
        if file.emptystream:  # a folder or an empty file: its name is all there is
            part.segment(PlaceKind.FILENAME, _name(file))
    for folder in folders:
        _read_folder(folder, content, part)
    _read_header(archive, content, part)
    known = _known(archive, content)
    leftovers.read((content[start:end] for start, end in leftovers.gaps(known, len(content))), part)


def _read_header(archive: Any, content: bytes, part: OpenPart) -> None:
    """Read the words of the header that are no names: programs pass over what fills it up."""
    start = archive.afterheader + archive.sig_header.nextheaderofs
    header = io.BytesIO(content[start : start + archive.sig_header.nextheadersize])
    plain = _PlainHeader.retrieve(io.BytesIO(content), header, archive.afterheader).plain
    names = [_name(file) for file in archive.files]
    lines = binary.written(plain.replace(b"\\\0", b"/\0")).split("\n")
    words = leftovers.not_said(lines, names, of_runs=True)
    if words:
        part.mark(MarkKind.APPENDED)
        part.segment(PlaceKind.METADATA, "\n".join(words), visibility=Visibility.HIDDEN)
    leftovers.open_inside(plain, part)


def _known(archive: Any, content: bytes) -> list[tuple[int, int]]:
    """Return the spans of the archive that its headers account for: they, and the packed streams."""
    begun = archive.afterheader
    header = begun + archive.sig_header.nextheaderofs
    spans = [(0, begun), (header, header + archive.sig_header.nextheadersize)]
    if archive.header.main_streams is not None:
        packed = archive.header.main_streams.packinfo
        start = begun + packed.packpos
        spans += [
            (start + at, start + at + size) for at, size in zip(packed.packpositions, packed.packsizes, strict=False)
        ]
    if content.startswith(_PACKED_HEADER, header):  # where it is, how many streams (one), their sizes
        at, place = _number(content, header + 2)
        _, place = _number(content, place)
        size, _ = _number(content, place + 1)
        spans.append((begun + at, begun + at + size))
    return spans


def _number(content: bytes, at: int) -> tuple[int, int]:
    """Return a number of a header and where it ends: the ones that lead its first byte count the bytes behind it."""
    first = content[at] if at < len(content) else 0
    more = 8 - (first ^ 0xFF).bit_length()
    high = first & (0x7F >> more) if more < 8 else 0
    return (high << 8 * more) + int.from_bytes(content[at + 1 : at + 1 + more], "little"), at + 1 + more


def _folders(archive: Any) -> Iterator[_Folder]:
    """Yield the packed streams with their members (`Folder` and `PackInfo` of py7zr)."""
    streams = archive.header.main_streams
    if streams is None:
        return
    positions, sizes = streams.packinfo.packpositions, streams.packinfo.packsizes
    start = archive.afterheader + streams.packinfo.packpos
    by_folder: dict[int, list[Any]] = {}
    for file in archive.files:
        if not file.emptystream:
            by_folder.setdefault(id(file.folder), []).append(file)
    stream = 0
    for decoder in streams.unpackinfo.folders:
        if stream >= len(sizes):
            raise EOFError
        yield _Folder(decoder, start + positions[stream], sizes[stream], by_folder.get(id(decoder), []))
        stream += max(1, len(decoder.packed_indices))


def _read_folder(folder: _Folder, content: bytes, part: OpenPart) -> None:
    problem = _why_not(folder, len(content))
    source = io.BytesIO(content)
    source.seek(folder.start)
    unpacked = 0
    for member in folder.members:
        name = _name(member)
        if is_bad_name(name):
            part.mark(MarkKind.BAD_NAME)
        if problem is not None:  # what stopped an earlier member of the stream stops all behind it
            part.unread_member(name, *problem)
            continue
        out, problem, unpacked = _unpack(folder, member.uncompressed, member.crc32, source, unpacked, part)
        read_expanded(out, (name,), part)
    left = folder.decoder.get_unpack_size() - unpacked
    if left > 0 and problem is None:  # that no name stands for
        part.mark(MarkKind.APPENDED)
        out, _, _ = _unpack(folder, left, None, source, unpacked, part)
        read_expanded(out, ("appended",), part)
    elif not folder.members and problem is not None:
        part.problem(*problem)
    if problem is None and folder.engine is not None and not folder.is_used_up:
        part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
        leftovers.read([folder.last_bytes(content)], part, must=False)


def _unpack(
    folder: _Folder, wanted: int, checksum: int | None, source: io.BytesIO, before: int, part: OpenPart
) -> tuple[Expanded, Problem | None, int]:
    """Return a member of *wanted* bytes, what stops the rest of its folder, and what came out of it so far."""
    limits = part.limits
    pieces: list[bytes] = []
    size = crc = 0
    stopped: Problem | None = None
    try:
        if folder.engine is None:
            coded = folder.decoder
            # Some of its decoders know no bound for what comes out, so little may go in at a time.
            folder.engine = SevenZipDecompressor(
                coded.coders, max(0, folder.packed_bytes - _LAST_BYTES), coded.unpacksizes, None, None, blocksize=STEP
            )
        while size < wanted:
            piece = _piece(folder, source, min(STEP, wanted - size))
            part.session.take_expanded(len(piece))
            if size <= limits.member_bytes:
                pieces.append(piece)
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            total = before + size
            if total > limits.ratio_from_bytes and total > limits.ratio * max(1, folder.packed_bytes):
                stopped = (Reason.TOO_LARGE, Detail.RATIO)
                break
    except OverrunError:
        raise
    except MemoryError:  # a dictionary larger than a worker may have
        stopped = (Reason.TOO_LARGE, Detail.MEMORY)
    except UnsupportedCompressionMethodError:
        stopped = (Reason.UNSUPPORTED, Detail.METHOD)
    except Exception:  # noqa: BLE001 - every decoder has failures of its own
        stopped = (Reason.CORRUPT, Detail.SALVAGED if pieces else Detail.DAMAGED)
    whole = b"".join(pieces)
    problem = stopped
    if problem is None and size > limits.member_bytes:
        whole, problem = whole[: limits.member_bytes], (Reason.TOO_LARGE, Detail.MEMBER_SIZE)
    elif problem is None and checksum is not None and crc != checksum:
        problem = (Reason.CORRUPT, Detail.SALVAGED)
    behind = (Reason.CORRUPT, Detail.DAMAGED) if stopped and stopped[0] is Reason.CORRUPT else stopped
    return Expanded(whole, problem), behind, before + size


def _piece(folder: _Folder, source: io.BytesIO, most: int) -> bytes:
    """Return the next bytes, at least one.

    Raises:
        EOFError: Nothing comes any more, although more was promised.
    """
    while True:
        before = source.tell()
        piece = bytes(folder.engine.decompress(source, most))
        if piece:
            return piece
        if source.tell() != before:
            continue
        if folder.is_used_up:
            raise EOFError
        folder.is_used_up = True  # without its last bytes it is not all there
        folder.engine.input_size = folder.packed_bytes


def _why_not(folder: _Folder, size: int) -> Problem | None:
    """Return why a folder cannot be unpacked at all, or None."""
    coders = folder.decoder.coders
    if SupportedMethods.needs_password(coders):
        return Reason.ENCRYPTED, Detail.PASSWORD
    if any(coder["numinstreams"] != 1 or coder["numoutstreams"] != 1 or coder["method"] == _PPMD for coder in coders):
        return Reason.UNSUPPORTED, Detail.METHOD  # BCJ2 has four inputs
    if folder.start >= size:
        return Reason.CORRUPT, Detail.DAMAGED
    return None


def _name(member: Any) -> str:
    return str(member.filename) or "-"
