# SPDX-License-Identifier: GPL-3.0-or-later
"""7z: every method, locks told apart, bombs counted, damage kept to what is damaged."""

import bz2
import gzip
import io
import lzma
import struct
import zlib

import py7zr
import pytest
from py7zr.properties import (
    FILTER_BROTLI,
    FILTER_BZIP2,
    FILTER_COPY,
    FILTER_CRYPTO_AES256_SHA256,
    FILTER_DEFLATE,
    FILTER_DEFLATE64,
    FILTER_DELTA,
    FILTER_LZMA,
    FILTER_LZMA2,
    FILTER_PPMD,
    FILTER_X86,
    FILTER_ZSTD,
)

from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import MEGABYTE, Limits
from safehold.reading.pool import ReaderPool

LOCK = [{"id": FILTER_LZMA2, "preset": 1}, {"id": FILTER_CRYPTO_AES256_SHA256}]


def seven_zip(members: dict[str, bytes], filters=None, **options) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=filters, **options) as archive:
        for name, content in members.items():
            archive.writestr(content, name)
    return out.getvalue()


METHODS = {
    "as 7-Zip does": None,
    "copy": [{"id": FILTER_COPY}],
    "lzma": [{"id": FILTER_LZMA, "preset": 1}],
    "bcj": [{"id": FILTER_X86}, {"id": FILTER_LZMA2, "preset": 1}],
    "delta": [{"id": FILTER_DELTA}, {"id": FILTER_LZMA2, "preset": 1}],
    "bzip2": [{"id": FILTER_BZIP2}],
    "deflate": [{"id": FILTER_DEFLATE}],
    "deflate64": [{"id": FILTER_DEFLATE64}],
    "zstd": [{"id": FILTER_ZSTD, "level": 3}],
    "brotli": [{"id": FILTER_BROTLI, "level": 5}],
}


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(1) as pool:
        yield pool


@pytest.mark.parametrize("method", METHODS)
def test_members_of_a_solid_archive_are_read_whatever_the_method(pool, method):
    """Through a real worker: what a decoder wants beside memory (threads, files) it does not get there."""
    made = seven_zip({"a.txt": b"alpha " * 50_000, "sub/b.txt": b"beta"}, METHODS[method])

    reading = pool.read(made, document_name="x.7z")

    texts = {
        str(segment.place.part): segment.text for segment in reading.segments if segment.place.kind is PlaceKind.TEXT
    }
    assert len(texts["x.7z/a.txt"]) == 300_000
    assert texts["x.7z/sub\u2215b.txt"] == "beta"
    assert reading.problems == ()


def test_a_method_whose_decoder_wants_a_thread_is_unsupported(read_here):
    made = seven_zip({"a.txt": b"alpha"}, [{"id": FILTER_PPMD, "order": 6, "mem": 24}])

    assert read_here(made, "a.7z").problems == [("a.7z/a.txt", "unsupported")]


def test_empty_files_and_folders_have_names(read_here):
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writestr(b"", "mrs-doe.txt")

    assert "mrs-doe.txt" in read_here(out.getvalue(), "x.7z").texts(PlaceKind.FILENAME)


def test_encrypted_content_is_told_from_an_encrypted_header(read_here):
    content = read_here(seven_zip({"report.txt": b"x"}, LOCK, password="p"), "a.7z")
    header = read_here(seven_zip({"report.txt": b"x"}, LOCK, password="p", header_encryption=True), "a.7z")

    assert content.problems == [("a.7z/report.txt", "encrypted")]
    assert "report.txt" in content.texts(PlaceKind.FILENAME)
    assert header.problems == [("a.7z", "encrypted")]
    assert header.reading.problems[0].detail == "encrypted, and so are the names of what is inside"


def test_a_bomb_is_too_large_and_members_before_it_are_read(read_here):
    made = seven_zip({"a.txt": b"alpha", "zeros": bytes(60 * MEGABYTE), "b.txt": b"beta"})

    read = read_here(made, "bomb.7z")

    assert ("bomb.7z/zeros", "too_large") in read.problems
    assert read.texts(PlaceKind.TEXT, part="bomb.7z/a.txt") == ["alpha"]


def test_members_behind_one_that_is_too_large_are_read(read_here):
    noise = bytes(i * 7919 % 251 for i in range(40_000))
    made = seven_zip({"big.txt": b"words " * 20_000 + noise, "b.txt": b"beta"})

    read = read_here(made, "a.7z", Limits(member_bytes=100_000))

    assert ("a.7z/big.txt", "too_large") in read.problems
    assert read.texts(PlaceKind.TEXT, part="a.7z/b.txt") == ["beta"]


def test_the_budget_of_the_message_counts_what_comes_out(read_here):
    made = seven_zip({f"{n}.txt": b"words of a text " * 5_000 for n in range(5)}, [{"id": FILTER_COPY}])

    read = read_here(made, "a.7z", Limits(expanded_bytes=200_000))

    assert ("a.7z", "too_large") in read.problems
    assert len(read.texts(PlaceKind.TEXT)) == 2


def test_damage_in_a_member_is_said_of_it(read_here):
    made = bytearray(seven_zip({"a.txt": b"alpha beta gamma", "b.txt": b"delta"}, [{"id": FILTER_COPY}]))
    made[made.index(b"beta")] ^= 1

    read = read_here(bytes(made), "a.7z")

    assert read.problems == [("a.7z/a.txt", "corrupt")]
    assert read.texts(PlaceKind.TEXT) == ["alpha ceta gamma", "delta"]


@pytest.mark.parametrize("keep", [20, 32, 60, -40, -1])
def test_a_cut_archive_is_corrupt(read_here, keep):
    made = seven_zip({"a.txt": b"alpha", "b.txt": b"beta"})

    assert read_here(made[:keep], "a.7z").reasons == {"corrupt"}


def test_a_dictionary_larger_than_a_worker_is_too_large(read_here, monkeypatch):
    def refuse(*_, **__):
        raise MemoryError

    monkeypatch.setattr("safehold.reading.archives.seven_zip.SevenZipDecompressor", refuse)

    assert read_here(seven_zip({"a.txt": b"alpha"}), "a.7z").problems == [("a.7z/a.txt", "too_large")]


def test_names_stay_data(read_here):
    names = ["..\\..\\up.txt", "bi\u202ednuob.txt", "x" * 9_000 + ".txt"]
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        for name in names:
            archive._writestr(b"alpha", name)

    read = read_here(out.getvalue(), "a.7z")

    assert read.texts(PlaceKind.TEXT) == ["alpha"] * 3
    assert "bad_name" in read.marks
    assert all(len(step) <= 255 and step.isprintable() for path in read.paths for step in path.split("/"))


WORDS = b"ask for Quillfeather at 27 Larkspur Gardens"


def with_a_gap(made: bytes, gap: bytes) -> bytes:
    """The archive with *gap* between its packed streams and its header."""
    offset, size, checksum = struct.unpack("<QQI", made[12:32])
    start = struct.pack("<QQI", offset + len(gap), size, checksum)
    head = made[:8] + struct.pack("<I", zlib.crc32(start)) + start
    return head + made[32 : 32 + offset] + gap + made[32 + offset :]


def test_what_no_member_accounts_for_is_hidden_text(read_here):
    made = seven_zip({"a.txt": b"alpha " * 90})

    for content in (made + WORDS, with_a_gap(made, WORDS), made + seven_zip({"b.txt": WORDS})):
        read = read_here(content, "a.7z")
        assert "Quillfeather at 27 Larkspur Gardens" in read.text
        assert read.marks == {"appended"}
        assert read.problems == []
    assert read_here(made, "a.7z").marks == set()


def test_packed_bytes_that_no_member_accounts_for_are_said_to_be_unread(read_here):
    made = with_a_gap(seven_zip({"a.txt": b"alpha " * 90}), zlib.compress(WORDS * 9))

    assert read_here(made, "a.7z").problems == [("a.7z", "unsupported")]


def sealed(packed: bytes, header: bytes) -> bytes:
    """An archive of packed streams and a header that is not packed."""
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def by_hand(method: bytes, packed: bytes, size: int, filling: bytes = b"") -> bytes:
    """An archive of one member, packed as is said, its header filled up with what programs pass over."""
    name = "a.txt\0".encode("utf-16-le")
    streams = b"\x04\x06\x00\x01\x09" + bytes([len(packed)]) + b"\x00"
    streams += b"\x07\x0b\x01\x00\x01" + method + b"\x0c" + bytes([size]) + b"\x00\x08\x00\x00"
    dummy = b"\x19" + bytes([len(filling)]) + filling if filling else b""
    files = b"\x05\x01" + dummy + b"\x11" + bytes([len(name) + 1]) + b"\x00" + name + b"\x00"
    return sealed(packed, b"\x01" + streams + files + b"\x00")


COPY = b"\x01\x00"
DEFLATE = b"\x03\x04\x01\x08"
BZIP2 = b"\x03\x04\x02\x02"
LZMA2 = b"\x21\x21\x01\x10"


def lzma2(content: bytes) -> bytes:
    return lzma.compress(content, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}])


def deflated(content: bytes) -> bytes:
    return zlib.compress(content, wbits=-15)


PACKERS = {
    "copy": (COPY, bytes),
    "deflate": (DEFLATE, deflated),
    "bzip2": (BZIP2, bz2.compress),
    "lzma2": (LZMA2, lzma2),
}


@pytest.mark.parametrize(("method", "pack"), PACKERS.values(), ids=PACKERS.keys())
def test_what_stands_behind_a_stream_within_its_packed_bytes_is_read_and_said(read_here, method, pack):
    plain, behind = (by_hand(method, pack(b"alpha beta") + rest, 10) for rest in (b"", WORDS))

    assert read_here(plain, "a.7z").texts(PlaceKind.TEXT) == ["alpha beta"]
    assert read_here(plain, "a.7z").problems == []
    read = read_here(behind, "a.7z")
    assert "alpha beta" in read.texts(PlaceKind.TEXT)
    assert WORDS.decode() in read.text
    assert read.problems == [("a.7z", "unsupported")]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [1, 5, 40, 5_000, 300_000])
def test_no_sound_stream_has_anything_behind_it(read_here, method, size):
    content = (b"alpha beta gamma %d " % size * (size // 18 + 1))[:size]
    read = read_here(seven_zip({"a.txt": content, "b.txt": b"end"}, METHODS[method]), "a.7z")

    assert read.problems == []
    assert read.marks == set()


def test_words_that_fill_up_a_header_are_read(read_here):
    for filling in (WORDS, WORDS[-20:].decode().encode("utf-16-le")):
        read = read_here(by_hand(COPY, b"alpha beta", 10, filling), "a.7z")

        assert any("Gardens" in text for text in read.texts(PlaceKind.METADATA, Visibility.HIDDEN))
        assert read.problems == []


def test_a_file_that_fills_up_a_header_is_opened(read_here):
    filling = gzip.compress(WORDS, mtime=0)

    assert WORDS.decode() in read_here(by_hand(COPY, b"alpha beta", 10, filling), "a.7z").text
