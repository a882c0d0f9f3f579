# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed streams of one file: gzip, bzip2, xz and zstd.

The rules are those of :mod:`safehold.reading.archives.archive`.  A stream may have several members after one another,
which are one text; what stands behind the last one is read as well.  A member of gzip whose checksum is wrong is
damaged, and its text is kept.  Sources: RFC 1952 (gzip), RFC 8878 (zstd).
"""

import bz2
import re
import zlib
from collections.abc import Callable

from safehold.model import PlaceKind, Reason
from safehold.reading.archives.archive import Expanded, read_expanded
from safehold.reading.archives.unpacking import (
    DAMAGE,
    Pieces,
    Stream,
    UnknownMethodError,
    decompressed,
    inflated,
    unxzed,
    unzstded,
)
from safehold.reading.basics import binary, charset, leftovers, types
from safehold.reading.notes import OpenPart, OverrunError
from safehold.reading.vocabulary import Detail

_ZEROS = re.compile(rb"\x00*")
_SKIPPED = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)
_LONGEST_NAME = 255
_STARTS = {types.GZIP: b"\x1f\x8b", types.BZIP2: b"BZh", types.XZ: b"\xfd7zXZ\x00", types.ZSTD: b"\x28\xb5\x2f\xfd"}


def read_gzip(content: bytes, part: OpenPart) -> None:
    """Read a gzip stream, all its members after one another."""
    gzip = _Gzip(content)
    damaged = _read_stream(_members(content, re.compile(rb"\x1f\x8b"), gzip.member), part, (".gz", ".tgz", ".z"), gzip)
    if gzip.is_damaged and not damaged:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
    part.segment(PlaceKind.METADATA, "\n".join(gzip.texts))


def read_bzip2(content: bytes, part: OpenPart) -> None:
    """Read a bzip2 stream."""
    pieces = _members(content, re.compile(rb"BZh"), lambda rest, _: decompressed(bz2.BZ2Decompressor(), rest))
    _read_stream(pieces, part, (".bz2", ".tbz", ".tbz2"))


def read_xz(content: bytes, part: OpenPart) -> None:
    """Read an xz stream, or one of the older lzma."""
    pieces = _members(content, re.compile(rb"\xfd7zXZ\x00"), lambda rest, _: unxzed(rest))
    _read_stream(pieces, part, (".xz", ".txz", ".lzma"))


def read_zstd(content: bytes, part: OpenPart) -> None:
    """Read a zstd stream; frames that programs skip may hold anything."""
    skipped: list[bytes] = []

    def unpack(rest: memoryview, start: int) -> Pieces:
        if not _SKIPPED.match(content, start):
            return (yield from unzstded(rest))
        end = 8 + int.from_bytes(rest[4:8], "little")
        skipped.append(bytes(rest[8:end]))
        return rest[end:]

    frames = re.compile(rb"\x28\xb5\x2f\xfd|" + _SKIPPED.pattern, re.DOTALL)
    _read_stream(_members(content, frames, unpack), part, (".zst", ".zstd", ".tzst"))
    leftovers.read(skipped, part)


def _members(content: bytes, magic: re.Pattern[bytes], unpack: Callable[[memoryview, int], Pieces]) -> Pieces:
    """Yield what all members of a stream hold; return what is behind them.  Linear, however many there are."""
    whole = memoryview(content)
    start = 0
    while True:
        rest = yield from unpack(whole[start:], start)
        start = len(content) - len(rest)
        padding = _ZEROS.match(content, start)  # of xz, and of tape drives
        start = padding.end() if padding else start
        if not magic.match(content, start):
            return whole[start:]


class _Gzip:
    """The members of a gzip stream, with what their headers say."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.name = ""
        self.texts: dict[str, None] = {}
        self.is_damaged = False

    def member(self, rest: memoryview, start: int) -> Pieces:
        """Yield what the member holds that begins at *start*."""
        if self._content[start + 2] != 8:
            raise UnknownMethodError
        header = self._header(start) - start
        size = crc = 0
        stream = Stream(inflated(rest[header:], -15))
        for piece in stream:
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            yield piece
        if len(stream.rest) < 8:
            raise EOFError
        if stream.rest[:8] != crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"):
            self.is_damaged = True
        return stream.rest[8:]

    def _header(self, start: int) -> int:
        """Note the name, the comment and the extra field of a header; return where it ends (RFC 1952, 2.3)."""
        content, flags, at = self._content, self._content[start + 3], start + 10
        if flags & 0x04:
            at += 2 + int.from_bytes(content[at : at + 2], "little")
        for flag in (0x08, 0x10):
            if not flags & flag:
                continue
            end = content.find(b"\x00", at)
            if end < 0:
                raise EOFError
            text = charset.decode(content[at:end]).text
            if flag == 0x08 and not self.name and len(text) <= _LONGEST_NAME:
                self.name = text
            elif text != self.name:
                self._note(text)
            at = end + 1
        if flags & 0x04:  # all of it, because a wrong length cuts what stands behind
            self._note(binary.written(content[start + 10 : at]))
        return at + 2 * bool(flags & 0x02)

    def _note(self, text: str) -> None:
        if text:
            self.texts[text] = None


def _read_stream(pieces: Pieces, part: OpenPart, suffixes: tuple[str, ...], gzip: _Gzip | None = None) -> bool:
    """Read what a stream holds; return whether anything was wrong with it."""
    limits = part.limits
    packed = max(1, len(part.given.content))
    out: list[bytes] = []
    size = 0
    problem: tuple[Reason, Detail] | None = None
    stream = Stream(pieces)
    try:
        for piece in stream:
            part.session.take_expanded(len(piece))
            out.append(piece)
            size += len(piece)
            if size > limits.member_bytes:
                problem = (Reason.TOO_LARGE, Detail.MEMBER_SIZE)
                break
            if size > limits.ratio_from_bytes and size > limits.ratio * packed:
                problem = (Reason.TOO_LARGE, Detail.RATIO)
                break
    except OverrunError as overrun:
        problem = (overrun.reason, overrun.detail)
    except UnknownMethodError:
        problem = (Reason.UNSUPPORTED, Detail.METHOD)
    except MemoryError:  # a dictionary larger than a worker may have
        problem = (Reason.TOO_LARGE, Detail.MEMORY)
    except (*DAMAGE, IndexError):
        problem = (Reason.CORRUPT, Detail.SALVAGED if out else Detail.DAMAGED)
    read_expanded(Expanded(b"".join(out)[: limits.member_bytes], problem), _names(part, suffixes, gzip), part)
    if problem and not out:  # it may be anything that begins like a stream
        binary.strings(part.given.content, part)
    rest = bytes(stream.rest)
    if rest and _STARTS.get(part.media_type, b"").startswith(rest):  # of another member
        problem = (Reason.CORRUPT, Detail.SALVAGED)
        part.problem(*problem)
    leftovers.read([rest], part)
    return problem is not None


def _names(part: OpenPart, suffixes: tuple[str, ...], gzip: _Gzip | None) -> tuple[str, ...]:
    """Return what the file inside may be called: by the header, and by the name of the stream."""
    outer = part.given.names[0] if part.given.names else ""
    stem = next((outer[: -len(suffix)] for suffix in suffixes if outer.lower().endswith(suffix)), "")
    return tuple(name for name in dict.fromkeys((gzip.name if gzip else "", stem)) if name) or ("content",)
