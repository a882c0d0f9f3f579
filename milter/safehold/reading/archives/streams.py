# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar archives and compressed streams (gzip, bzip2, xz), by the standard library.

The rules are those of :mod:`safehold.reading.archives.archive`.  A stream may have several members after one another,
which are one text; what stands behind the last one, and in the slack of a tar archive, is read as well.  Sources: RFC
1952 (gzip), POSIX.1-2017 pax (tar).
"""

import bz2
import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Generator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.archives.archive import STEP, Expanded, Stream, decompressed, inflated, is_bad_name, read_expanded
from safehold.reading.basics import appended, binary, charset
from safehold.reading.notes import OpenPart, OverrunError
from safehold.reading.vocabulary import Detail, MarkKind

_XZ_MEMORY = 256 * 1024 * 1024
_BLOCK = 512
_USTAR = slice(257, 262)
_ZEROS = re.compile(rb"\x00*")

# -- streams ------------------------------------------------------------------------------------------------------


def read_gzip(content: bytes, part: OpenPart) -> None:
    """Read a gzip stream, all its members after one another."""
    name, comment = _gzip_names(content)
    part.segment(PlaceKind.METADATA, comment)
    _read_stream(_members(content, b"\x1f\x8b", lambda rest: inflated(rest, 31)), part, (".gz", ".tgz", ".z"), name)


def read_bzip2(content: bytes, part: OpenPart) -> None:
    """Read a bzip2 stream."""
    pieces = _members(content, b"BZh", lambda rest: decompressed(bz2.BZ2Decompressor(), rest))
    _read_stream(pieces, part, (".bz2", ".tbz", ".tbz2"))


def read_xz(content: bytes, part: OpenPart) -> None:
    """Read an xz stream, or one of the older lzma."""

    def unpack(rest: memoryview) -> Generator[bytes, None, memoryview]:
        return decompressed(lzma.LZMADecompressor(memlimit=_XZ_MEMORY), rest)

    _read_stream(_members(content, b"\xfd7zXZ\x00", unpack), part, (".xz", ".txz", ".lzma"))


def _members(
    content: bytes, magic: bytes, unpack: Callable[[memoryview], Generator[bytes, None, memoryview]]
) -> Generator[bytes, None, memoryview]:
    """Yield what all members of a stream hold; return what is behind them.  Linear, however many there are."""
    whole = memoryview(content)
    start = 0
    while True:
        rest = yield from unpack(whole[start:])
        start = len(content) - len(rest)
        padding = _ZEROS.match(content, start)  # of xz, and of tape drives
        start = padding.end() if padding else start
        if not content.startswith(magic, start):
            return whole[start:]


def _gzip_names(content: bytes) -> tuple[str, str]:
    """Return the file name and the comment in a gzip header (RFC 1952, 2.3)."""
    if len(content) < 11:
        return "", ""
    flags, start = content[3], 10
    if flags & 0x04:
        start += 2 + int.from_bytes(content[10:12], "little")
    extra = binary.written(content[10:start])  # whatever its lengths say
    texts = []
    for flag in (0x08, 0x10):
        end = content.find(b"\x00", start) if flags & flag else -1
        texts.append(charset.decode(content[start:end][:4_096]).text if end > 0 else "")
        start = end + 1 if end > 0 else start
    return texts[0][:255], "\n".join(text for text in (texts[1], extra) if text)


def _read_stream(
    pieces: Generator[bytes, None, memoryview], part: OpenPart, suffixes: tuple[str, ...], inner_name: str = ""
) -> None:
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
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError):
        problem = (Reason.CORRUPT, Detail.SALVAGED if out else Detail.DAMAGED)
    outer = part.given.names[0] if part.given.names else ""
    stem = next((outer[: -len(suffix)] for suffix in suffixes if outer.lower().endswith(suffix)), "")
    names = tuple(name for name in dict.fromkeys((inner_name, stem)) if name) or ("content",)
    read_expanded(Expanded(b"".join(out)[: limits.member_bytes], problem), names, part)
    appended.read(stream.rest, 0, 0, part)


# -- tar ----------------------------------------------------------------------------------------------------------


def read_tar(content: bytes, part: OpenPart) -> None:
    """Read every file of a tar archive, and what is in its slack."""
    slack: list[bytes] = []
    end = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:", errors="surrogateescape") as archive:
            for info in archive:
                end = info.offset_data + (info.size if info.isreg() else 0)
                if end % _BLOCK:
                    slack.append(content[end : end + _BLOCK - end % _BLOCK])
                    end += _BLOCK - end % _BLOCK
                _read_member(archive, info, part)
    except OverrunError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError, UnicodeError):
        part.problem(Reason.CORRUPT, Detail.DAMAGED)
        binary.strings(content, part)
        return
    _read_behind(content[end:].lstrip(b"\x00"), part)
    appended.read(b"\n".join(slack), 0, 0, part)


def _read_behind(rest: bytes, part: OpenPart) -> None:
    """Read what stands behind the end of an archive: another archive, for one."""
    if rest[_USTAR] == b"ustar":
        part.member("appended", rest)
    else:
        appended.read(rest, 0, 0, part)


def _read_member(archive: tarfile.TarFile, info: tarfile.TarInfo, part: OpenPart) -> None:
    part.session.take_name()
    name = charset.decode(info.name.encode("utf-8", "surrogateescape")).text or "-"
    if is_bad_name(name):
        part.mark(MarkKind.BAD_NAME)
    _headers(info, part)
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


def _headers(info: tarfile.TarInfo, part: OpenPart) -> None:
    """Hand over the owners and the extended headers of a member, which are free text."""
    texts = [info.uname, info.gname, *(value for key, value in info.pax_headers.items() if key not in _COUNTED)]
    decoded = (charset.decode(text.encode("utf-8", "surrogateescape")).text for text in dict.fromkeys(texts) if text)
    part.segment(PlaceKind.METADATA, "\n".join(decoded), visibility=Visibility.HIDDEN)


_COUNTED = frozenset(("mtime", "atime", "ctime", "size", "uid", "gid", "path", "linkpath", "hdrcharset"))
