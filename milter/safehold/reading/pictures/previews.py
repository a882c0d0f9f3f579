# SPDX-License-Identifier: GPL-3.0-or-later
"""The small pictures inside a picture: what the camera or an editor kept for showing it quickly.

They are pictures, and may show what the large one was before somebody cut a part of it off.  Found are all that are
whole JPEG files wherever metadata have them (EXIF, Photoshop's resources, makers' notes), those that XMP packs as
base64, and the bare pixels of JFIF.  Pure, and linear but for a bound of files.  Sources: Exif 2.32 (4.5.8), JFIF 1.02,
Adobe's File Formats Specification (thumbnail resource), XMP part 2 (thumbnails).
"""

import binascii
import re
from collections.abc import Iterator

from safehold.reading.basics import appended, bitmaps

_START = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
_MOST, _MOST_TRIED, _LARGEST = 10, 30, 8_000_000
_IN_XMP = re.compile(rb"<xmpGImg:image>([A-Za-z0-9+/=\s&#;]{64,4000000})<")
_LINE_END = re.compile(rb"&#x?[0-9A-Fa-f]{1,2};|\s")
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of frames
_TABLES, _SCAN = 0xDB, 0xDA
_JFIF_HEADER = 18  # behind the marker of the file
# The one size that cameras must write, with black bars where the picture has another shape.
_STANDARD = (160, 120)
_ALIKE = 0.05


def previews(content: bytes, end: int) -> Iterator[bytes]:
    """Yield the pictures inside the picture that ends at *end*, as files."""
    found = 0
    at = 2
    for _ in range(_MOST_TRIED):
        start = _START.search(content, at, end)
        if start is None or found >= _MOST:
            break
        size = _whole(content[start.start() : min(end, start.start() + _LARGEST)])
        at = start.start() + max(size, 2)
        if size:
            found += 1
            yield content[start.start() : at]
    for packed in _IN_XMP.finditer(content[:end]):
        try:
            yield binascii.a2b_base64(_LINE_END.sub(b"", packed[1]))
        except binascii.Error:
            continue
    yield from _pixels_of_jfif(content)


def is_of_another_shape(preview: bytes, content: bytes) -> bool:
    """Return whether a preview cannot be of the picture as it is now, however it is turned."""
    small, large = _size(preview), _size(content)
    if small is None or large is None or small == _STANDARD:
        return False
    (short, long), (least, most) = sorted(small), sorted(large)
    return min(short, least) > 0 and abs(short / long - least / most) > _ALIKE * least / most


def _whole(content: bytes) -> int:
    """Return the length of a file that shows by itself, 0 where it is none: a strip of a scan lacks its tables."""
    kinds = {kind for kind, _ in _segments(content)}
    return appended.end_of_picture(content, "image/jpeg") if {_TABLES, _SCAN} <= kinds and kinds & _SIZES else 0


def _size(content: bytes) -> tuple[int, int] | None:
    frame = next((at for kind, at in _segments(content) if kind in _SIZES), None)
    if frame is None or not content.startswith(b"\xff\xd8"):
        return None
    return int.from_bytes(content[frame + 5 : frame + 7]), int.from_bytes(content[frame + 3 : frame + 5])


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the kind of every segment of a JPEG up to its pixels, and where its length stands."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        yield kind, at + 2
        if kind == _SCAN:
            return
        at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))


def _pixels_of_jfif(content: bytes) -> Iterator[bytes]:
    if content[2:4] != b"\xff\xe0" or content[6:11] != b"JFIF\x00":
        return
    width, height = content[_JFIF_HEADER : _JFIF_HEADER + 2].ljust(2, b"\0")
    pixels = content[_JFIF_HEADER + 2 : 4 + int.from_bytes(content[4:6])]
    if width and height and len(pixels) >= 3 * width * height:
        yield bitmaps.from_rows(width, height, 24, pixels[: 3 * width * height], stride=3 * width)
