# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar and the streams of one file: to their last byte, in linear time, and what stands behind them."""

import bz2
import gzip
import io
import tarfile

import pytest

from safehold.model import PlaceKind, Visibility


def tar_of_one(content: bytes, **fields: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = len(content)
        for name, value in fields.items():
            setattr(info, name, value)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 3_000_000])
def test_a_gzip_stream_gives_its_last_byte_whatever_its_size(read_here, size):
    content = b"word " * (size // 5) + b"_" * (size % 5 + 5)
    content = content[: size - 12] + b"Quillfeather"

    read = read_here(gzip.compress(content), "a.txt.gz")

    assert read.reading.parts[1].size_bytes == size
    assert "Quillfeather" in read.text


def test_a_cut_gzip_stream_is_corrupt(read_here):
    assert read_here(gzip.compress(b"words of a text " * 900)[:-9], "a.gz").reasons == {"corrupt"}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_many_streams_one_behind_another_are_read_in_linear_time(read_here, compress):
    assert "x" * 20_000 in read_here(compress(b"x") * 20_000, "a").text


def test_what_stands_behind_a_tar_or_a_stream_is_hidden_text(read_here):
    for made, name in ((tar_of_one(b"alpha"), "a.tar"), (gzip.compress(b"alpha"), "a.gz")):
        read = read_here(made + b"Words Behind", name)

        assert read.texts(visibility=Visibility.HIDDEN) == ["Words Behind"]


def test_owners_of_a_tar_are_metadata(read_here):
    read = read_here(tar_of_one(b"alpha", uname="jane.doe"), "a.tar")

    assert "jane.doe" in read.texts(PlaceKind.METADATA)


def test_the_header_of_gzip_has_a_name_and_a_comment(read_here):
    packed = gzip.compress(b"alpha", mtime=0)
    made = packed[:3] + b"\x18" + packed[4:10] + b"inner.txt\x00A Comment\x00" + packed[10:]

    read = read_here(made, "a.gz")

    assert read.paths == ["a.gz", "a.gz/inner.txt"]
    assert read.texts(PlaceKind.METADATA) == ["A Comment"]
