# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to no part of a file: opened, read, or said to be unread; and files inside texts and programs."""

import gzip
import io

import pytest
from PIL import Image

from safehold.reading.basics import leftovers, types

WORDS = b"ask for Quillfeather at 27 Larkspur Gardens"
STREAM = gzip.compress(WORDS * 9)


def tiff() -> bytes:
    out = io.BytesIO()
    Image.new("L", (40, 40), 200).save(out, "TIFF")
    return out.getvalue()


def test_gaps_are_what_no_span_covers():
    assert list(leftovers.gaps([(5, 9), (0, 2), (6, 7)], 12)) == [(2, 5), (9, 12)]
    assert list(leftovers.gaps([(0, 20)], 12)) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.run", b"#!/bin/sh\nexit 0\n" + STREAM),
        ("a.exe", b"MZ" + bytes(range(256)) * 2 + STREAM),
        ("a.tif", tiff() + STREAM),
        ("a.heic", b"\x00\x00\x00\x18ftypheic" + bytes(500) + STREAM),
    ],
    ids=["behind a script", "behind a program", "behind a picture without end", "inside a HEIC picture"],
)
def test_a_file_inside_a_file_that_says_no_end_is_opened(read_here, name, content):
    read = read_here(content, name)

    assert read.text.count("Quillfeather") == 9
    assert "appended" in read.marks


def test_text_is_text_from_end_to_end():
    text = b"words of a text\n" * 40_000

    assert types.looks_like_text(text)
    assert not types.looks_like_text(text + bytes(range(256)) * 1_000)


def test_a_header_of_tar_is_told_by_its_checksum():
    head = bytearray(b"a.txt".ljust(148, b"\x00") + b" " * 8 + b"0".ljust(356, b"\x00"))
    head[148:156] = b"%06o\x00 " % sum(head)

    assert types.detect(bytes(head) + bytes(1024)) == types.TAR
    head[0] ^= 1
    assert not types.is_tar_header(bytes(head))
