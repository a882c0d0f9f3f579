# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar archives, and the streams of one file: gzip, bzip2, xz; all by the standard library, within the budget.

What follows the end of a stream or archive is read too: no program shows it, any editor does.  Sources: RFC 1952,
POSIX ustar and pax, the xz file format.
"""

import bz2
import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading import binary, charset
from safehold.reading.archive import STEP, Expanded, is_bad_name, read_expanded, stream
from safehold.reading.notes import OpenPart, OverrunError
from safehold.reading.types import looks_like_text
from safehold.reading.vocabulary import Detail, MarkKind

_XZ_MEMORY = 256 * 1024 * 1024
_BZIP2_MAGIC, _XZ_MAGIC, _GZIP_MAGIC = b"BZh", b"\xfd7zXZ\x00", b"\x1f\x8b"
_GZIP_EXTRA, _GZIP_NAME, _GZIP_COMMENT = 0x04, 0x08, 0x10


def read_gzip(content: bytes, part: OpenPart) -> None:
    """Read a gzip stream, all its members after one another."""
    name, texts = _gzip_header(content)
    part.segment(PlaceKind.METADATA, texts)
    _read_stream(_gunzipped, part, (".gz", ".tgz", ".z"), name)


def read_bzip2(content: bytes, part: OpenPart) -> None:
    """Read bzip2 streams, one after another."""
    del content
    _read_stream(_streams(bz2.BZ2Decompressor, _BZIP2_MAGIC), part, (".bz2", ".tbz", ".tbz2"))


def read_xz(content: bytes, part: OpenPart) -> None:
    """Read xz streams, one after another, or one of the older lzma."""
    del content
    _read_stream(
        _streams(lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY), _XZ_MAGIC), part, (".xz", ".txz", ".lzma")
    )


def _gzip_header(content: bytes) -> tuple[str, str]:
    """Return the name and the other texts in the header (RFC 1952, 2.3)."""
    flags, at = content[3] if len(content) > 3 else 0, 10
    texts: list[str] = []
    name = ""
    if flags & _GZIP_EXTRA:
        at += 2 + int.from_bytes(content[at : at + 2], "little")
    for flag in (_GZIP_NAME, _GZIP_COMMENT):
        if flags & flag:
            end = content.find(b"\x00", at)
            text = charset.decode(content[at : end if end >= 0 else len(content)][:4_096]).text
            at = end + 1 if end >= 0 else len(content)
            if flag == _GZIP_NAME:
                name = text
            else:
                texts.append(text)
    if flags & _GZIP_EXTRA:
        texts.append(binary.written(content[10:at]))  # whatever its lengths say
    return name, "\n".join(dict.fromkeys(text for text in texts if text))


_PADDING = b"\x00\r\n\t "
_SHORT = 8
_ZEROS = re.compile(rb"\x00*")
_Rest = Callable[[bytes], None]


def _gunzipped(content: bytes, keep_rest: _Rest) -> Iterator[bytes]:
    at = 0
    while content.startswith(_GZIP_MAGIC, at):
        engine = zlib.decompressobj(31)
        # Little at a time, because what is not used yet is copied with every step.
        feed = b""
        while not engine.eof:
            if not feed:
                feed = content[at : at + STEP]
                at += len(feed)
            piece = engine.decompress(feed, STEP)
            if not feed and not piece:
                raise EOFError
            feed = engine.unconsumed_tail
            yield piece
        at = _after_zeros(content, at - len(engine.unused_data))
    keep_rest(content[at:])


def _after_zeros(content: bytes, at: int) -> int:
    found = _ZEROS.match(content, at)
    return found.end() if found else at


def _streams(
    make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor], magic: bytes
) -> Callable[[bytes, _Rest], Iterator[bytes]]:
    """Return what unpacks streams that follow one another, as their own tools do."""

    def unpacked(content: bytes, keep_rest: _Rest) -> Iterator[bytes]:
        at = 0
        while not at or content.startswith(magic, at):
            at += yield from stream(make(), memoryview(content)[at:])
            at = _after_zeros(content, at)  # padding
        keep_rest(content[at:])

    return unpacked


def _read_stream(
    unpack: Callable[[bytes, _Rest], Iterator[bytes]], part: OpenPart, suffixes: tuple[str, ...], inner_name: str = ""
) -> None:
    limits = part.limits
    packed = max(1, len(part.given.content))
    out: list[bytes] = []
    rest: list[bytes] = []
    size = 0
    problem: tuple[Reason, Detail] | None = None
    try:
        for piece in unpack(part.given.content, rest.append):
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
    _behind(b"".join(rest), part)


def _behind(rest: bytes, part: OpenPart) -> None:
    """Read what follows the end of an archive: no program shows it, any editor does.

    What is no text there may be a further stream whose first bytes were damaged.
    """
    words = rest.strip(_PADDING)
    if words and (len(words) < _SHORT or not looks_like_text(words)):
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
    part.segment(PlaceKind.METADATA, binary.written(rest), visibility=Visibility.HIDDEN)


# -- tar ----------------------------------------------------------------------------------------------------------


def read_tar(content: bytes, part: OpenPart) -> None:
    """Read every file of a tar archive."""
    notes: dict[str, None] = {}  # owners, and the comments of pax
    slack: list[bytes] = []  # what fills the last block of a member
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:", errors="surrogateescape") as archive:
            for info in archive:
                notes.update(dict.fromkeys((info.uname, info.gname, *info.pax_headers.values())))
                _read_tar_member(archive, info, part)
                end = info.offset_data + info.size
                slack.append(content[end : end + -end % tarfile.BLOCKSIZE].strip(b"\x00") if info.isreg() else b"")
            notes.update(dict.fromkeys(archive.pax_headers.values()))
            rest = content[archive.offset :].strip(b"\x00")
    except OverrunError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError, UnicodeError):
        part.problem(Reason.CORRUPT, Detail.DAMAGED)
        binary.strings(content, part)
        return
    texts = [charset.decode(str(note).encode("utf-8", "surrogateescape")).text for note in notes]
    part.segment(PlaceKind.METADATA, "\n".join(text for text in texts if any(map(str.isalpha, text))))
    part.segment(PlaceKind.METADATA, "\n".join(map(binary.written, filter(None, slack))), visibility=Visibility.HIDDEN)
    _behind(rest, part)


def _read_tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo, part: OpenPart) -> None:
    part.session.take_name()
    name = charset.decode(info.name.encode("utf-8", "surrogateescape")).text or "-"
    if is_bad_name(name):
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
