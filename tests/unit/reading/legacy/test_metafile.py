# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings of Windows: the texts they draw, in whichever record."""

import struct

import pytest

from safehold.model import PlaceKind
from safehold.reading.legacy import metafile

HEAD = 88


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def emf(*records: bytes, title: str = "") -> bytes:
    head = bytearray(HEAD + 2 * len(title))
    struct.pack_into("<II", head, 0, 1, len(head))
    head[40:44] = b" EMF"
    if title:
        struct.pack_into("<II", head, 60, len(title), HEAD)
        head[HEAD:] = wide(title)
    return bytes(head) + b"".join(records)


def record(kind: int, raw: bytes) -> bytes:
    return struct.pack("<II", kind, 8 + len(raw)) + raw


def text(value: str, height: int = 0) -> bytes:
    return record(84, bytes(28) + struct.pack("<IIII", 0, height, len(value), 76) + bytes(24) + wide(value))


def plus(kind: int, raw: bytes) -> bytes:
    inner = struct.pack("<HHII", kind, 0, 12 + len(raw), len(raw)) + raw
    return record(70, struct.pack("<I", 4 + len(inner)) + b"EMF+" + inner)


def wmf(*records: tuple[int, bytes]) -> bytes:
    body = b"".join(
        struct.pack("<IH", (6 + len(raw) + 1) // 2, kind) + raw + bytes(len(raw) % 2) for kind, raw in records
    )
    return b"\x01\x00\x09\x00\x00\x03" + bytes(12) + body


DRAWINGS = {
    "a text": emf(text("Quillfeather")),
    "an 8-bit text": emf(record(83, bytes(28) + struct.pack("<IIII", 0, 0, 12, 76) + bytes(24) + b"Quillfeather")),
    "a small text": emf(record(108, struct.pack("<IIIIIII", 0, 0, 12, 0x300, 0, 0, 0) + b"Quillfeather")),
    "a text of EMF+": emf(plus(0x401C, struct.pack("<III", 0, 0, 12) + bytes(16) + wide("Quillfeather"))),
    "characters of EMF+": emf(plus(0x4036, struct.pack("<IIII", 0, 1, 0, 12) + wide("Quillfeather"))),
    "a title": emf(title="Quillfeather"),
    "a text of WMF": wmf((0x0521, struct.pack("<H", 12) + b"Quillfeather" + bytes(4))),
    "an extended text of WMF": wmf((0x0A32, struct.pack("<HHHH", 0, 0, 12, 0) + b"Quillfeather")),
    "an extended text of WMF in a box": wmf((0x0A32, struct.pack("<HHHH", 0, 0, 12, 2) + bytes(8) + b"Quillfeather")),
}


@pytest.mark.parametrize("content", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_the_texts_of_a_drawing_are_read(read_here, content):
    read = read_here(content, "a.emf")

    assert read.texts(PlaceKind.TEXT) == ["Quillfeather"]
    assert read.marks == {"no_ocr"}
    assert read.reading.parts[0].media_type == "image/x-metafile"


def test_texts_at_one_height_are_a_line():
    content = emf(text("Jo", 5), text("Quillfeather", 5), text("Ashford", 9))

    assert metafile.text(content) == "Jo Quillfeather\nAshford"


@pytest.mark.parametrize("size", [0, 1, 7, 0xFFFFFFFF])
def test_sizes_that_lie_end(size):
    content = emf(struct.pack("<II", 84, size) + bytes(200))

    assert metafile.text(content).strip() == ""


def test_a_drawing_inside_a_stream_is_found():
    for name in ("a text", "a text of WMF"):
        assert metafile.drawing_inside(bytes(40) + DRAWINGS[name]) == DRAWINGS[name]
    assert metafile.drawing_inside(b"nothing of the kind") == b""


def several(kind: int, *texts: bytes, count: int = 1) -> bytes:
    """A record of several texts, each as long as it says."""
    rows, body = b"", b""
    for raw in texts:
        offset = 40 + 40 * len(texts) + len(body)
        rows += struct.pack("<IIII", 0, len(body), len(raw) // count, offset) + bytes(24)
        body += raw
    return record(kind, bytes(28) + struct.pack("<I", len(texts)) + rows + body)


def test_several_texts_in_one_record_are_read():
    assert metafile.text(emf(several(97, wide("Quill"), wide("feather"), count=2))) == "Quill\nfeather"
    assert metafile.text(emf(several(96, b"Quill", b"feather"))) == "Quill\nfeather"


def test_texts_that_are_one_and_the_same_are_not_said_for_ever():
    rows = struct.pack("<IIII", 0, 0, 100_000, 40) + bytes(24)
    drawing = emf(record(97, bytes(28) + struct.pack("<I", 5_000) + rows * 5_000))

    assert len(metafile.text(drawing)) <= 2 * len(drawing)


@pytest.mark.parametrize(
    "drawing",
    [
        emf(record(70, struct.pack("<I", 30) + b"GDIC Quillfeather Lane and more")),
        wmf((0x0626, struct.pack("<HH", 15, 30) + b"Quillfeather Lane and more")),
    ],
    ids=["EMF", "WMF"],
)
def test_words_in_a_comment_of_a_drawing_are_read(drawing):
    assert "Quillfeather Lane" in metafile.text(drawing)
