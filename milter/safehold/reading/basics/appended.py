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
_MOST_CHARACTERS = 100_000
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
        part.segment(PlaceKind.METADATA, text[:_MOST_CHARACTERS], visibility=Visibility.HIDDEN)


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


_ENDS: dict[str, Callable[[bytes], int]] = {
    "image/jpeg": _end_of_jpeg,
    "image/png": _end_of_png,
    "image/gif": _end_of_gif,
    "image/webp": lambda content: 8 + int.from_bytes(content[4:8], "little"),
    "image/bmp": lambda content: int.from_bytes(content[2:6], "little"),
}
