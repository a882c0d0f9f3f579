# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed streams, a small piece at a time: whatever the ratio, a reader sees 64 KB and may stop.

Every function yields what comes out and returns what stands behind the end of the stream.  Damage raises one of
:data:`DAMAGE`; what came out before it was yielded already.  Sources: PKWARE APPNOTE 6.3.10 (methods), RFC 1951
(deflate), RFC 8878 (zstd).
"""

import bz2
import lzma
import sys
import zlib
from collections.abc import Generator, Iterator
from typing import Any

import inflate64

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STEP = 64 * 1024
FIRST_STEP = 512  # a stream of many small members must not be fed whole to each
# Deflate64's decoder knows no bound for what comes out: at most 1,030 times as much as goes in.
_STEP_64 = 2 * 1024
_MOST_MEMORY = 256 * 1024 * 1024  # for a dictionary

Pieces = Generator[bytes, None, memoryview]
DAMAGE = (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError, zstd.ZstdError)


class UnknownMethodError(Exception):
    """A compression method without decoder."""


class Stream:
    """A compressed stream piece by piece; afterwards, what stood behind its end."""

    def __init__(self, pieces: Pieces) -> None:
        self.rest = memoryview(b"")
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        self.rest = yield from self._pieces


def unpacked(method: int, packed: memoryview) -> Pieces:
    """Yield what a member of a zip holds, by the number of its method.

    Raises:
        UnknownMethodError: There is no decoder.
    """
    match method:
        case 0:
            return _stored(packed)
        case 8:
            return inflated(packed, -15)
        case 9:
            return _inflated_64(packed)
        case 12:
            return decompressed(bz2.BZ2Decompressor(), packed)
        case 14:
            return _zip_lzma(packed)
        case 20 | 93:  # the first number that zstd had
            return unzstded(packed)
        case 95:
            return unxzed(packed)
        case _:
            raise UnknownMethodError


def _stored(packed: memoryview) -> Pieces:
    for start in range(0, len(packed), STEP):
        yield bytes(packed[start : start + STEP])
    return packed[:0]


def inflated(packed: memoryview, window: int) -> Pieces:
    """Yield what a deflate stream holds.  *window*: -15 bare, 15 with zlib's header."""
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


def _inflated_64(packed: memoryview) -> Pieces:
    engine = inflate64.Inflater()
    for start in range(0, len(packed), _STEP_64):
        piece = engine.inflate(bytes(packed[start : start + _STEP_64]))
        for at in range(0, len(piece), STEP):
            yield piece[at : at + STEP]
        if engine.eof:
            return packed[_end_of_deflate_64(packed, start) :]
    raise EOFError


def _end_of_deflate_64(packed: memoryview, start: int) -> int:
    """Return where a stream ends that ends in the step from *start* on: its decoder does not tell."""
    engine = inflate64.Inflater()
    for at in range(0, start, _STEP_64):
        engine.inflate(bytes(packed[at : at + _STEP_64]))
    end = start
    while not engine.eof and end < len(packed):
        engine.inflate(bytes(packed[end : end + 1]))
        end += 1
    return end


def decompressed(engine: Any, packed: memoryview) -> Pieces:
    """Yield what *engine*, which has the face of `bz2.BZ2Decompressor`, makes of a stream."""
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


def unxzed(packed: memoryview) -> Pieces:
    """Yield what an xz stream holds, or one of the older lzma."""
    return decompressed(lzma.LZMADecompressor(memlimit=_MOST_MEMORY), packed)


def unzstded(packed: memoryview) -> Pieces:
    """Yield what a frame of zstd holds."""
    return decompressed(zstd.ZstdDecompressor(), packed)


def _zip_lzma(packed: memoryview) -> Pieces:
    """Zip keeps LZMA's properties in front: version, their length, then they (APPNOTE 5.8.8)."""
    if len(packed) < 9:
        raise EOFError
    length = int.from_bytes(packed[2:4], "little")
    properties = bytes(packed[4 : 4 + length])
    filters = [lzma._decode_filter_properties(lzma.FILTER_LZMA1, properties)]  # type: ignore[attr-defined]
    if filters[0]["dict_size"] > _MOST_MEMORY:
        raise MemoryError
    return (yield from decompressed(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters), packed[4 + length :]))
