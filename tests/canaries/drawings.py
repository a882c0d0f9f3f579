# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings of Windows: [MS-EMF] 2.3, [MS-EMFPLUS] 2.2 and 2.3, [MS-WMF] 2.3."""

import struct

from canaries.core import ANY, Canary, Words
from canaries.pictures import picture, with_segments

_HEADER = 88


def emf(*records: bytes, title: str = "") -> bytes:
    """Return a drawing."""
    head = bytearray(_HEADER + 2 * len(title))
    struct.pack_into("<II", head, 0, 1, len(head))
    head[40:44] = b" EMF"
    struct.pack_into("<II", head, 60, len(title), _HEADER if title else 0)
    head[_HEADER:] = title.encode("utf-16-le")
    return bytes(head) + b"".join(records) + record(14, bytes(12))


def record(kind: int, raw: bytes) -> bytes:
    """Return a record of EMF."""
    raw += bytes(-len(raw) % 4)
    return struct.pack("<II", kind, 8 + len(raw)) + raw


def text(raw: bytes, count: int, *, kind: int = 84, options: int = 0) -> bytes:
    """Return a record that draws a text."""
    return record(kind, bytes(28) + struct.pack("<IIIII", 0, 0, count, 76, options) + bytes(20) + raw)


def wmf(*records: tuple[int, bytes]) -> bytes:
    """Return an old drawing."""
    body = b"".join(
        struct.pack("<IH", (6 + len(raw) + 1) // 2, kind) + raw + bytes(len(raw) % 2)
        for kind, raw in (*records, (0, b""))
    )
    return b"\x01\x00\x09\x00\x00\x03" + bytes(12) + body


def _plus(kind: int, flags: int, raw: bytes) -> bytes:
    inner = struct.pack("<HHII", kind, flags, 12 + len(raw), len(raw)) + raw
    return record(70, struct.pack("<I", 4 + len(inner)) + b"EMF+" + inner)


def _photo(word: str) -> bytes:
    return with_segments(picture("JPEG"), (0xFE, word.encode()))


def _as_rows(file: bytes) -> bytes:
    """A record whose rows are a file."""
    header = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 0, 4, len(file), 0, 0, 0, 0)
    places = bytes(40) + struct.pack("<IIII", 80, 40, 120, len(file)) + bytes(16)
    return record(81, places + header + file)


def build() -> list[Canary]:
    """Return a drawing in each of the two formats."""
    w = Words("emf", "EMF")
    wide, narrow, small, plus = w("text"), w("8-bit text"), w("small text"), w("text of EMF+")
    drawing = emf(
        text(wide.encode("utf-16-le"), len(wide)),
        text(narrow.encode(), len(narrow), kind=83),
        record(108, struct.pack("<IIIIIII", 0, 0, len(small), 0x300, 0, 0, 0) + small.encode()),
        _plus(0x401C, 0, struct.pack("<III", 0, 0, len(plus)) + bytes(16) + plus.encode("utf-16-le")),
        record(70, struct.pack("<I", 40) + f"GDIC words {w('comment', ANY)}".encode()),
        record(33, f"words {w('record that draws nothing', ANY)}".encode()),
        _as_rows(_photo(w("comment of a picture", ANY))),
        _plus(0x4008, 0x0500, struct.pack("<IIiiiII", 0, 1, 0, 0, 0, 0, 1) + _photo(w("comment of one of EMF+", ANY))),
        record(70, struct.pack("<I", 4_000) + b"own data" + _photo(w("comment of one in a comment", ANY))),
        title=w("title"),
    )
    old = Words("emf", "WMF")
    first, second = old("text"), old("extended text")
    inner = emf(record(70, struct.pack("<I", 40) + f"GDIC words {old('EMF in pieces', ANY)}".encode()))
    pieces = []
    for piece in (inner[:70], inner[70:]):
        head = b"WMFC" + struct.pack("<IIHIIIII", 1, 0x10000, 0, 0, 2, len(piece), 0, len(inner))
        pieces.append((0x0626, struct.pack("<HH", 15, len(head) + len(piece)) + head + piece))
    made = wmf(
        (0x0521, struct.pack("<H", len(first)) + first.encode() + bytes(4)),
        (0x0A32, struct.pack("<HHHH", 0, 0, len(second), 0) + second.encode()),
        (0x0626, struct.pack("<HH", 15, 30) + f"words {old('comment', ANY)}".encode()),
        (0x0209, f"words {old('record that draws nothing', ANY)}".encode()),
        *pieces,
    )
    return [
        w.file(drawing + f"words {w('behind the end', ANY)}".encode(), "a.emf"),
        old.file(made + f"words {old('behind the end', ANY)}".encode(), "a.wmf"),
    ]
