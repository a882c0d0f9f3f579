# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar and the streams of one file: to their last byte, in linear time, and what stands behind them."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib

import pytest
from backports import zstd

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


WORDS = b"ask for Quillfeather at 27 Larkspur Gardens"
SKIPPED = b"\x5a\x2a\x4d\x18" + len(WORDS).to_bytes(4, "little") + WORDS


@pytest.mark.parametrize("at", [-8, -1], ids=["checksum", "size"])
def test_a_wrong_checksum_of_gzip_costs_no_text(read_here, at):
    made = bytearray(gzip.compress(WORDS))
    made[at] ^= 1
    read = read_here(bytes(made) + gzip.compress(b" and more"), "a.txt.gz")

    assert f"{WORDS.decode()} and more" in read.text
    assert read.problems == [("a.txt.gz", "corrupt")]


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (gzip.compress(b"x") + b"garbage" + gzip.compress(WORDS * 9), "a.gz"),
        (bz2.compress(b"x") + b"garbage" + bz2.compress(WORDS * 9), "a.bz2"),
        (b"\x1f\x8b\x08\x08" + bytes(6) + b"a\x00" + gzip.compress(b"x")[10:]
         + b"\x1f\x8b\x08\x08" + bytes(6) + WORDS + b"\x00" + gzip.compress(b"x")[10:], "a.gz"),
        (zstd.compress(b"x") + zstd.compress(WORDS * 9), "a.zst"),
        (SKIPPED + zstd.compress(b"x"), "a.zst"),
        (zstd.compress(b"x") + SKIPPED, "a.zst"),
        (b"\x28\xb5\x2f\xfd" + WORDS, "a.txt"),
    ],
    ids=[
        "gzip, behind garbage", "bzip2, behind garbage", "gzip, a name in the second header", "zstd, second frame",
        "zstd, first frame skipped", "zstd, last frame skipped", "a text that begins like a stream",
    ],
)  # fmt: skip
def test_a_stream_is_read_to_its_last_byte(read_here, made, name):
    assert "Quillfeather at 27 Larkspur Gardens" in read_here(made, name).text


@pytest.mark.parametrize("pack", [zlib.compress, lambda words: lzma.compress(words, lzma.FORMAT_ALONE)])
def test_packed_bytes_behind_a_stream_that_nobody_opens_are_said_to_be_unread(read_here, pack):
    assert read_here(lzma.compress(b"x") + pack(WORDS * 9), "a.xz").problems == [("a.xz", "unsupported")]


def test_zeros_in_zstd_are_a_bomb(read_here):
    assert ("a.zst/a", "too_large") in read_here(zstd.compress(bytes(60_000_000)), "a.zst").problems


@pytest.mark.parametrize(("compress", "left"), [(gzip.compress, 1), (bz2.compress, 2), (lzma.compress, 5)])
def test_a_stream_of_which_only_the_first_bytes_are_left_is_corrupt(read_here, compress, left):
    assert read_here(compress(b"words") + compress(WORDS)[:left], "a").reasons == {"corrupt"}


def test_a_field_of_gzip_that_says_a_wrong_length_cuts_no_name_in_two(read_here):
    fields = (20).to_bytes(2, "little") + b"XX" + (7).to_bytes(2, "little") + b"an item" + WORDS + b".txt\x00"
    made = b"\x1f\x8b\x08\x0c" + bytes(6) + fields + gzip.compress(b"alpha")[10:]

    assert WORDS.decode() in read_here(made, "a.gz").text
