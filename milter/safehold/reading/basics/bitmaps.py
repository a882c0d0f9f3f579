# SPDX-License-Identifier: GPL-3.0-or-later
"""Bitmaps as Windows keeps them inside other files: a header, colours and rows, without the start that a file has.

Each function returns a picture as a file of its own, by which it is known for what it is, or b"" where the bytes are no
bitmap.  Pure.  Sources: [MS-WMF] 2.2.2.1 (Bitmap16), 2.2.2.9 (device-independent bitmaps), 2.1.1.7 (compression).
"""

import struct
import sys

_CORE, _INFO = 12, 40
_SIZES = frozenset((12, 40, 52, 56, 64, 108, 124))
_BIT_FIELDS, _JPEG, _PNG, _ALPHA_BIT_FIELDS = 3, 4, 5, 6
_MOST_COLOURS = 256


def from_packed(dib: bytes) -> bytes:
    """Return the picture whose header, colours and rows stand one behind the other."""
    end = header_size(dib)
    return from_halves(dib[:end], dib[end:]) if end else b""


def from_halves(header: bytes, rows: bytes, *, numbered: bool = False) -> bytes:
    """Return the picture of a header with its colours, and rows; *numbered*: the colours are another's, by number."""
    end = header_size(header)
    if not end or not rows:
        return b""
    if compression(header) in (_JPEG, _PNG):
        return rows
    if numbered or len(header) < end:  # which colours they are nobody knows here; that they differ is enough
        header = _with_greys(header, end)
    start = 14 + end
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header[:end] + rows


def header_size(header: bytes) -> int:
    """Return how much stands before the rows of a packed bitmap, 0 where it is none."""
    size = int.from_bytes(header[:4], "little")
    if size not in _SIZES or len(header) < size:
        return 0
    if size == _CORE:
        depth = int.from_bytes(header[10:12], "little")
        return size + (3 << depth if depth <= 8 else 0)
    depth, used = int.from_bytes(header[14:16], "little"), int.from_bytes(header[32:36], "little")
    colours = min(used, _MOST_COLOURS) or (1 << depth if 0 < depth <= 8 else 0)
    return size + _masks(header, size) + 4 * colours


def sides(file: bytes) -> tuple[int, int]:
    """Return the shorter and the longer side of a bitmap made here, very long ones for other files."""
    if file[:2] != b"BM":
        return sys.maxsize, sys.maxsize
    is_old = file[14] == _CORE
    width, height = struct.unpack_from("<HH" if is_old else "<ii", file, 18)
    short, long = sorted((abs(width), abs(height)))
    return short, long


def compression(header: bytes) -> int:
    """Return how the rows are packed; 0 is not at all."""
    return int.from_bytes(header[16:20], "little") if header[:4] != b"\x0c\x00\x00\x00" else 0


def from_rows(width: int, height: int, depth: int, rows: bytes, *, stride: int, colours: bytes = b"") -> bytes:
    """Return the picture whose rows, *stride* bytes each, stand from the top down; of colours four bytes each."""
    wanted = (width * depth + 31) // 32 * 4
    if width <= 0 or height <= 0 or depth not in (1, 4, 8, 16, 24, 32) or stride < (width * depth + 7) // 8:
        return b""
    height = min(height, len(rows) // stride + 1)
    if stride != wanted:
        short = min(stride, wanted)
        rows = b"".join(rows[at : at + short].ljust(wanted, b"\0") for at in range(0, height * stride, stride))
    header = struct.pack("<IiiHHIIiiII", _INFO, width, -height, 1, depth, 0, 0, 0, 0, 0, 0)
    if depth <= 8:
        end = header_size(header)
        header = header + colours[: end - _INFO].ljust(end - _INFO, b"\0") if colours else _with_greys(header, end)
    return from_halves(header, rows)


def from_bitmap16(raw: bytes) -> bytes:
    """Return the picture of an old bitmap, which depends on a device: its colours are greys here."""
    if len(raw) < 10:
        return b""
    _, width, height, stride, _, depth = struct.unpack_from("<HHHHBB", raw)
    return from_rows(width, height, depth, raw[10:], stride=stride)


def _masks(header: bytes, size: int) -> int:
    packed = compression(header)
    return {_BIT_FIELDS: 12, _ALPHA_BIT_FIELDS: 16}.get(packed, 0) if size == _INFO else 0


def _with_greys(header: bytes, end: int) -> bytes:
    """Return the header with as many greys as it wants colours."""
    size = int.from_bytes(header[:4], "little")
    if size == _CORE:
        count, tail = (end - size) // 3, b""
    else:
        size += _masks(header, size)
        count, tail = (end - size) // 4, b"\0"
    greys = b"".join(bytes([255 * index // max(1, count - 1)]) * 3 + tail for index in range(count))
    return header[:size].ljust(size, b"\0") + greys
