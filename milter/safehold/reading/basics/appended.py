# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands before the start or behind the end of a picture or document, where no viewer looks.

A zip archive behind a photograph opens with any archiver (its directory is at its end); text behind ``%%EOF`` shows in
any editor.  Cameras append honest things too (small previews, the clip of a "motion photo"), so what no reader knows
is searched for words and is no problem.
"""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Literal

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import binary, types
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind, words

_NAME = "appended"
_OPENED = frozenset((types.ZIP, types.PDF, types.RTF, types.OLE, types.GZIP, types.BZIP2, types.XZ, types.MESSAGE,
                     types.TNEF)) | words(
    "application/x-7z-compressed application/x-rar image/png image/jpeg image/gif image/tiff image/webp"
)  # fmt: skip
_PADDING = b"\x00\r\n\t \x1a\xff"
_LEAST_BYTES = 8
# The end record of a zip stands in the last 22 + 65,535 bytes (APPNOTE 4.3.16).
_END_RECORD, _END_REACH = b"PK\x05\x06", 65_557


def read(content: bytes, start: int, end: int, part: OpenPart) -> None:
    """Read what stands before *start* and from *end* on."""
    archive = _archive_at_end(content)
    if archive is not None and (end > archive or end >= len(content)):
        end = archive
    for piece in (content[:start], content[end:]):
        if len(piece.strip(_PADDING)) >= _LEAST_BYTES:
            _read_piece(piece, part)


def _read_piece(piece: bytes, part: OpenPart) -> None:
    at = next((at for at in (0, piece.find(b"PK\x03\x04")) if at >= 0 and _is_opened(piece[at:])), None)
    if at is not None:
        part.mark(MarkKind.APPENDED)
        part.member(_NAME, piece[at:])
        piece = piece[:at]
    text = binary.written(piece)
    if text:
        part.mark(MarkKind.APPENDED)
        part.segment(PlaceKind.METADATA, text, visibility=Visibility.HIDDEN)


def _is_opened(piece: bytes) -> bool:
    kind = types.detect(piece)
    return kind in _OPENED or kind.startswith((types.OOXML, types.ODF, "application/vnd.ms-", "application/msword"))


def _archive_at_end(content: bytes) -> int | None:
    """Return where a zip archive starts that ends where *content* ends, or None."""
    if content.rfind(_END_RECORD, max(0, len(content) - _END_REACH)) < 0:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return min((member.header_offset for member in archive.infolist()), default=None)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        ValueError,
        NotImplementedError,
        OSError,
        EOFError,
        OverflowError,
    ):
        return None


# -- where a picture ends -----------------------------------------------------------------------------------------

_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def end_of_picture(content: bytes, media_type: str) -> int:
    """Return where the picture ends by its own account, ``len(content)`` where it does not say."""
    find = _ENDS.get(media_type)
    end = find(content) if find is not None else 0
    return end if 0 < end <= len(content) else len(content)


def _end_of_jpeg(content: bytes) -> int:
    at = 2
    while (marker := _JPEG_MARKER.search(content, at)) is not None:
        kind = content[marker.start() + 1]
        if kind == 0xD9:
            return marker.end()
        # TEM has no length; all others say it, and what is inside (a small preview, say) is passed over.
        at = marker.end() if kind == 0x01 else marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2])
    return 0


def _end_of_png(content: bytes) -> int:
    at = 8
    while at + 12 <= len(content):
        kind, length = content[at + 4 : at + 8], int.from_bytes(content[at : at + 4])
        at += 12 + length
        if kind == b"IEND":
            return at
    return 0


def _end_of_gif(content: bytes) -> int:
    at = 13 + _colours(content, 10)
    while at < len(content):
        kind = content[at]
        if kind == 0x3B:
            return at + 1
        at += 2 if kind == 0x21 else 11 + _colours(content, at + 9)
        while at < len(content) and content[at]:
            at += 1 + content[at]
        at += 1
    return 0


def _colours(content: bytes, at: int) -> int:
    """Return the size of the colour table that the flags at *at* announce."""
    flags = content[at] if at < len(content) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_icon(content: bytes) -> int:
    entries = range(6, min(len(content), 6 + 16 * int.from_bytes(content[4:6], "little")), 16)
    numbers = ((content[at + 8 : at + 12], content[at + 12 : at + 16]) for at in entries)
    return max((int.from_bytes(size, "little") + int.from_bytes(start, "little") for size, start in numbers), default=0)


# Sizes of the kinds of values; tags whose values are directories; where pixels and previews begin, and their sizes.
_TIFF_SIZES = (1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8)
_TIFF_DIRECTORIES = frozenset((330, 34_665, 34_853, 40_965))
_TIFF_PIXELS = {273: 279, 324: 325, 513: 514}
_TIFF_PLACES = _TIFF_DIRECTORIES | _TIFF_PIXELS.keys() | set(_TIFF_PIXELS.values())
_MOST_ENTRIES = 20_000


class _Tiff:
    """How far the directories of a TIFF file account for its bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._order: Literal["little", "big"] = "little" if content[:2] == b"II" else "big"
        self._is_big = b"+" in content[2:4]
        self._wide = 8 if self._is_big else 4
        self._left = _MOST_ENTRIES
        self._end = 0

    def end(self) -> int:
        """Return it, 0 where there is more than anybody wants to know."""
        waiting, seen = [self._number(8 if self._is_big else 4, self._wide)], {0}
        while waiting and self._left > 0:
            at = waiting.pop()
            if at not in seen and at < len(self._content):
                seen.add(at)
                waiting += self._directory(at)
        return self._end if self._left > 0 else 0

    def _directory(self, at: int) -> list[int]:
        """Count what a directory accounts for, and return where others are."""
        values: dict[int, list[int]] = {}
        width = 8 if self._is_big else 2
        count, at = self._number(at, width), at + width
        for _ in range(min(count, self._left)):
            tag, found = self._entry(at)
            if found:
                values[tag] = found
            at += 4 + 2 * self._wide
        self._reach(at + self._wide)
        for starts, sizes in _TIFF_PIXELS.items():
            for start, size in zip(values.get(starts, ()), values.get(sizes, ()), strict=False):
                self._reach(min(start + size, len(self._content)))  # of a picture that is cut off all is its own
        inner = [place for tag in _TIFF_DIRECTORIES for place in values.get(tag, ())]
        return [self._number(at, self._wide), *inner]

    def _entry(self, at: int) -> tuple[int, list[int]]:
        self._left -= 1
        tag, kind, items = self._number(at, 2), self._number(at + 2, 2), self._number(at + 4, self._wide)
        width = _TIFF_SIZES[kind] if kind < len(_TIFF_SIZES) else 1
        start = at + 4 + self._wide
        if items * width > self._wide:
            start = self._number(start, self._wide)
        stop = start + items * width
        self._reach(stop)
        if tag not in _TIFF_PLACES or stop > len(self._content):
            return tag, []
        values = [self._number(place, width) for place in range(start, stop, width)[: max(0, self._left)]]
        self._left -= len(values)
        return tag, values

    def _number(self, at: int, width: int) -> int:
        return int.from_bytes(self._content[at : at + width], self._order)

    def _reach(self, end: int) -> None:
        if end <= len(self._content):
            self._end = max(self._end, end)


_ENDS: dict[str, Callable[[bytes], int]] = {
    "image/jpeg": _end_of_jpeg,
    "image/png": _end_of_png,
    "image/gif": _end_of_gif,
    "image/webp": lambda content: 8 + int.from_bytes(content[4:8], "little"),
    "image/tiff": lambda content: _Tiff(content).end(),
    "image/vnd.microsoft.icon": _end_of_icon,
    "image/bmp": lambda content: int.from_bytes(content[2:6], "little"),
}
