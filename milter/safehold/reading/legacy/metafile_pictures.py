# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures inside a drawing of Windows (EMF, EMF+, WMF): a scanned letter in one is a bitmap with a frame round it.

Every record that carries a picture gives it as a file; pictures that were cut into strips, as programs that print do,
are joined again, because letters lie across the cuts.  Linear: a picture is never taken beyond its record.  Sources:
[MS-EMF] 2.3.1, 2.3.3, 2.3.7, [MS-EMFPLUS] 2.2.1.4 and 2.2.2.2, [MS-WMF] 2.3.1, 2.3.4.6, 2.3.6.
"""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.reading.basics import bitmaps
from safehold.reading.legacy.metafile_records import (
    COMMENT,
    EMF_SIGNATURE,
    ESCAPE,
    PLUS,
    Record,
    emf_records,
    plus_records,
    u16,
    u32,
    wmf_records,
)

# Where a record says where its header and its rows are: four numbers; and where on the drawing it goes: four more.
_EMF_PICTURES = {
    76: (84, 24), 77: (84, 24), 78: (84, 24), 79: (96, 0), 80: (48, 0), 81: (48, 0), 114: (84, 24), 116: (84, 24),
    93: (16, 0), 94: (16, 0), 95: (12, 0),
}  # fmt: skip
_TO_DEVICE, _STRETCH = 80, 81
_MASKS = {78: 104, 79: 124}  # a second picture, of one bit
_COLOURS_BY_NUMBER = {76: 80, 77: 80, 78: 80, 79: 92, 80: 64, 81: 64, 114: 80, 116: 80, 93: 12, 94: 12}
_OBJECT, _BRUSH, _IMAGE, _GOES_ON = 0x4008, 1, 5, 0x8000
_BITMAP, _METAFILE, _TEXTURE, _TRANSFORMED = 1, 2, 2, 2
_DEPTHS = {
    0x30101: 1, 0x30402: 4, 0x30803: 8, 0x21005: 16, 0x21006: 16, 0x61007: 16, 0x21808: 24, 0x22009: 32, 0x26200A: 32,
    0xE200B: 32,
}  # fmt: skip
_IN_COMMENT_WMF, _WMF_AT = b"GDIC\x01\x00\x00\x80", 24
_WMF_PICTURES = {0x0940: 22, 0x0B41: 26, 0x0F43: 28, 0x0D33: 24, 0x0142: 10}  # where the bitmap begins
_WMF_OLD_PICTURES = {0x0922: 22, 0x0B23: 26, 0x01F9: 6}
# Of the first of these the record may have no picture: then it is that much shorter.
_WITHOUT_PICTURE = {0x0940: 24, 0x0B41: 28, 0x0922: 24, 0x0B23: 28}
_CHUNK, _CHUNK_AT = b"WMFC\x01\x00\x00\x00", 44


@dataclass(frozen=True, slots=True)
class Found:
    """A picture in a drawing.

    Attributes:
        content: It as a file; b"" where it is one that nobody here can make a file of, None for a piece of one.
        start: Where in the drawing it stands.
        end: Where it ends.
    """

    content: bytes | None = field(repr=False)
    start: int
    end: int


def pictures(content: bytes) -> Iterator[Found]:
    """Yield every picture of a drawing, in order."""
    return _of_emf(content) if content[40:44] == EMF_SIGNATURE else _of_wmf(content)


# -- EMF ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Strip:
    """A bitmap of one record, or several that lie one below the other."""

    header: bytes = field(repr=False)
    rows: deque[bytes] = field(repr=False)  # of each, from the top down
    numbered: bool
    box: tuple[int, int, int, int]  # left, top, width, height
    start: int
    end: int
    is_whole: bool = field(init=False)

    def __post_init__(self) -> None:
        stride = (u32(self.header, 4) * u16(self.header, 14) + 31) // 32 * 4
        is_plain = len(self.header) >= 40 and bitmaps.compression(self.header) in (0, 3)
        self.is_whole = is_plain and stride > 0 and len(self.rows[0]) == stride * abs(self._height)

    @property
    def _height(self) -> int:
        return int.from_bytes(self.header[8:12], "little", signed=True)

    def takes(self, other: "_Strip") -> bool:
        """Take the other as the next strip, below or above, and return True; or return False where it is none."""
        left, top, width, height = self.box
        is_below = other.box[1] == top + height
        if not (self.is_whole and other.is_whole and height > 0 and other.box[3] > 0):
            return False
        if other.box[::2] != (left, width) or not (is_below or other.box[1] + other.box[3] == top):
            return False
        if self._kind != other._kind or (self._height < 0) != (other._height < 0):
            return False
        rows = self._height + other._height
        self.header = self.header[:8] + struct.pack("<i", rows) + self.header[12:20] + bytes(4) + self.header[24:]
        if is_below:
            self.rows.extend(other.rows)
        else:
            self.rows.extendleft(other.rows)
        self.box = left, min(top, other.box[1]), width, height + other.box[3]
        return True

    @property
    def _kind(self) -> tuple[bytes, bytes, bytes, bool]:
        """What all strips of a picture have in common."""
        return self.header[:8], self.header[12:20], self.header[32:], self.numbered

    def found(self) -> Found:
        rows = self.rows if self._height < 0 else reversed(self.rows)  # the last row comes first, and the last strip
        return Found(bitmaps.from_halves(self.header, b"".join(rows), numbered=self.numbered), self.start, self.end)


def _of_emf(content: bytes) -> Iterator[Found]:
    waiting: _Strip | None = None
    unfinished = bytearray()  # an object of EMF+
    for record in emf_records(content):
        if record.kind in _EMF_PICTURES:
            strip = _strip(content, record, *_EMF_PICTURES[record.kind])
            if waiting is not None and strip is not None and waiting.takes(strip):
                yield Found(None, strip.start, strip.end)
                continue
            if waiting is not None:
                yield waiting.found()
            waiting = strip
            mask = _strip(content, record, _MASKS[record.kind], 0) if record.kind in _MASKS else None
            if mask is not None:
                yield mask.found()
        elif record.kind == COMMENT:
            yield from _of_comment(content, record, unfinished)
    if waiting is not None:
        yield waiting.found()
    if unfinished:
        yield Found(b"", len(content), len(content))


def _strip(content: bytes, record: Record, numbers: int, box: int) -> _Strip | None:
    at, end = record.at, record.end
    header_at, header_size, rows_at, rows_size = (u32(content, at + numbers + 4 * index) for index in range(4))
    if at + numbers + 16 > end or not rows_size or header_at + 12 > end - at:
        return None
    start, stop = min(end, at + header_at), min(end, at + rows_at + rows_size)
    header, rows = content[start : min(end, start + header_size)], content[min(end, at + rows_at) : stop]
    numbered_at = _COLOURS_BY_NUMBER.get(record.kind)
    numbered = (
        numbered_at is not None and numbers == _EMF_PICTURES[record.kind][0] and u32(content, at + numbered_at) == 1
    )
    return _Strip(header, deque((rows,)), numbered, _box(content, record, box), start, max(start, stop))


def _box(content: bytes, record: Record, box: int) -> tuple[int, int, int, int]:
    if record.kind == _TO_DEVICE:
        places = (24, 28, 40, 44)
    elif record.kind == _STRETCH:
        places = (24, 28, 72, 76)
    else:
        places = (box, box + 4, box + 8, box + 12)
        if not box:
            return 0, 0, 0, 0
    left, top, width, height = (struct.unpack("<i", content[at : at + 4])[0] for at in (record.at + p for p in places))
    return left, top, width, height


def _of_comment(content: bytes, record: Record, unfinished: bytearray) -> Iterator[Found]:
    start = record.at + 12
    data = content[start : min(record.end, start + u32(content, record.at + 8))]
    if data.startswith(PLUS):
        for one in plus_records(data):
            yield from _of_object(data, one, start, unfinished)
    elif data.startswith(_IN_COMMENT_WMF):
        yield Found(data[_WMF_AT:], start + _WMF_AT, start + len(data))


def _of_object(data: bytes, record: Record, offset: int, unfinished: bytearray) -> Iterator[Found]:
    """Yield the picture of an object of EMF+, when its last piece has come."""
    flags = u16(data, record.at + 2)
    kind = (flags >> 8) & 0x7F
    if record.kind != _OBJECT or kind not in (_BRUSH, _IMAGE):
        return
    start, end = record.at + 12, min(record.end, record.at + 12 + u32(data, record.at + 8))
    if flags & _GOES_ON:
        unfinished += data[start + 4 : end]
        if len(unfinished) < u32(data, start):
            yield Found(None, offset + start, offset + end)
            return
    else:
        unfinished += data[start:end]
    raw = bytes(unfinished)
    unfinished.clear()
    picture = _image(raw) if kind == _IMAGE else _texture(raw)
    if picture is not None:
        yield Found(picture, offset + start, offset + end)


def _texture(raw: bytes) -> bytes | None:
    """Return the picture that a brush paints with, None where it paints with none."""
    if u32(raw, 4) != _TEXTURE:
        return None
    return _image(raw[16 + (24 if u32(raw, 8) & _TRANSFORMED else 0) :])


def _image(raw: bytes) -> bytes:
    kind = u32(raw, 4)
    if kind == _METAFILE:
        return raw[16 : 16 + u32(raw, 12)]
    if kind != _BITMAP or len(raw) < 28:
        return b""
    width, height, stride, form, packed = struct.unpack_from("<iiiII", raw, 8)
    if packed:
        return raw[28:]
    depth, rows, colours = _DEPTHS.get(form, 0), raw[28:], b""
    if depth and depth <= 8:
        count = min(256, u32(rows, 4))
        colours, rows = rows[8 : 8 + 4 * count], rows[8 + 4 * count :]
    return bitmaps.from_rows(width, height, depth, rows, stride=stride, colours=colours)


# -- WMF ----------------------------------------------------------------------------------------------------------


def _of_wmf(content: bytes) -> Iterator[Found]:
    chunks: list[bytes] = []
    for record in wmf_records(content):
        at, end = record.at, record.end
        if end - at == _WITHOUT_PICTURE.get(record.kind):
            continue
        if record.kind in _WMF_PICTURES:
            start = at + _WMF_PICTURES[record.kind]
            yield Found(bitmaps.from_packed(content[start:end]), start, max(start, end))
        elif record.kind in _WMF_OLD_PICTURES:
            start = at + _WMF_OLD_PICTURES[record.kind]
            yield Found(bitmaps.from_bitmap16(content[start:end]), start, max(start, end))
        elif record.kind == ESCAPE and content.startswith(_CHUNK, at + 10):
            start = min(end, at + _CHUNK_AT)
            chunks.append(content[start : min(end, start + u32(content, at + 32))])
            yield Found(None, start, start + len(chunks[-1]))
    if chunks:  # the same drawing as EMF, for programs that know it
        yield Found(b"".join(chunks), len(content), len(content))
