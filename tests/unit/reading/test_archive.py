# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives: bombs, quines, locks, lies in the directory; names stay data."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import MEGABYTE, Limits


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tar_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_are_read_whatever_the_method(read_here, method):
    read = read_here(zip_of({"a.txt": b"alpha " * 50_000, "b.txt": b"beta"}, method), "x.zip")

    assert read.paths == ["x.zip", "x.zip/a.txt", "x.zip/b.txt"]
    assert len(read.texts(PlaceKind.TEXT, part="x.zip/a.txt")[0]) == 299_999
    assert read.problems == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.txt.gz", gzip.compress(b"alpha")),
        ("x.txt.bz2", bz2.compress(b"alpha")),
        ("x.txt.xz", lzma.compress(b"alpha")),
        ("x.tar", tar_of({"x.txt": b"alpha"})),
        ("x.tgz", gzip.compress(tar_of({"x.txt": b"alpha"}))),
    ],
    ids=["gzip", "bzip2", "xz", "tar", "tar in gzip"],
)
def test_other_archives_are_read(read_here, name, content):
    read = read_here(content, name)

    assert read.texts(PlaceKind.TEXT) == ["alpha"]
    assert read.problems == []


def test_two_gzip_members_are_one_text(read_here):
    read = read_here(gzip.compress(b"first ") + gzip.compress(b"second"), "a.gz")

    assert read.texts(PlaceKind.TEXT) == ["first second"]


@pytest.mark.parametrize(
    "wrap",
    [lambda raw: zip_of({"zeros": raw}), gzip.compress, bz2.compress, lzma.compress],
    ids=["zip", "gzip", "bzip2", "xz"],
)
def test_a_bomb_is_too_large(read_here, wrap):
    read = read_here(wrap(bytes(60 * MEGABYTE)), "bomb")

    assert read.reasons & {"too_large"}


def test_one_budget_counts_at_any_depth(read_here):
    part = zip_of({"a.bin": b"\x01\x02" * MEGABYTE}, zipfile.ZIP_STORED)
    read = read_here(zip_of({f"{n}.zip": part for n in range(6)}), "x.zip", limits=Limits(expanded_bytes=10 * MEGABYTE))

    assert "too_large" in read.reasons


def test_archives_in_archives_end_at_the_depth_limit(read_here):
    content = b"innermost"
    for number in range(14):
        content = zip_of({f"{number}.zip": content})
    read = read_here(content, "x.zip")

    assert read.problems == [(read.paths[-1], "too_deep")]
    assert read.paths[-1].count("/") == 11


def test_too_many_members_are_said(read_here):
    read = read_here(zip_of({f"{n}.txt": b"x" for n in range(60)}), "x.zip", limits=Limits(parts=30))

    assert "too_many" in read.reasons


def test_a_locked_member_is_encrypted_under_its_own_path(read_here):
    content = bytearray(zip_of({"open.txt": b"open", "locked.txt": b"locked"}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.rfind(magic)
        content[at + offset] |= 1
    read = read_here(bytes(content), "x.zip")

    assert read.problems == [("x.zip/locked.txt", "encrypted")]
    assert read.texts(PlaceKind.TEXT) == ["open"]
    assert "locked.txt" in read.texts(PlaceKind.FILENAME)


def test_overlapping_members_are_refused(read_here):
    """The bomb of overlapping files: every directory entry points at one block of data."""
    plain = zip_of({"a.txt": b"x" * 1000})
    start = plain.find(b"PK\x01\x02")
    end = plain.find(b"PK\x05\x06")
    entry = plain[start:end]
    count = 50
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, start, 0)
    read = read_here(plain[:start] + entry * count + tail, "x.zip")

    assert read.problems == [("x.zip", "corrupt")]
    assert read.paths == ["x.zip"]


def test_a_member_that_the_directory_leaves_out_is_read_and_ambiguous(read_here):
    hidden, shown = zip_of({"hidden.txt": b"ghost"}), zip_of({"shown.txt": b"plain"})
    both = hidden[: hidden.find(b"PK\x01\x02")] + shown
    read = read_here(both, "x.zip")

    assert "ghost" in read.text
    assert "plain" in read.text
    assert ("x.zip", "ambiguous") in read.problems


def test_a_member_between_the_last_one_and_the_directory_is_read(read_here):
    hidden, shown = zip_of({"hidden.txt": b"ghost"}), zip_of({"shown.txt": b"plain"})
    start, stray = shown.find(b"PK\x01\x02"), hidden[: hidden.find(b"PK\x01\x02")]
    at = shown.find(b"PK\x05\x06") + 16
    moved = struct.pack("<I", start + len(stray))
    content = shown[:start] + stray + shown[start:at] + moved + shown[at + 4 :]
    read = read_here(content, "x.zip")

    assert "ghost" in read.text
    assert ("x.zip", "ambiguous") in read.problems


def test_a_name_that_differs_between_the_headers_is_ambiguous(read_here):
    content = zip_of({"real.txt": b"plain"}).replace(b"real.txt", b"fake.txt", 1)
    read = read_here(content, "x.zip")

    assert ("x.zip", "ambiguous") in read.problems
    assert {"real.txt", "fake.txt"} <= set(read.texts(PlaceKind.FILENAME))


def test_an_archive_without_directory_is_salvaged(read_here):
    content = zip_of({"a.txt": b"alpha", "b.txt": b"beta"})
    read = read_here(content[: content.find(b"PK\x01\x02")], "x.zip")

    assert read.texts(PlaceKind.TEXT) == ["alpha", "beta"]
    assert ("x.zip", "corrupt") in read.problems


def test_a_wrong_checksum_is_corrupt_and_the_text_is_kept(read_here):
    content = zip_of({"a.txt": b"alpha alpha"}, zipfile.ZIP_STORED).replace(b"alpha alpha", b"alpha alphx", 1)
    read = read_here(content, "x.zip")

    assert read.texts(PlaceKind.TEXT) == ["alpha alphx"]
    assert read.problems == [("x.zip/a.txt", "corrupt")]


def test_a_truncated_stream_keeps_its_beginning(read_here):
    whole = gzip.compress(b"".join(b"%d words " % n for n in range(40_000)))
    read = read_here(whole[: len(whole) // 2], "a.txt.gz")

    assert read.problems == [("a.txt.gz/a.txt", "corrupt")]
    assert "100 words" in read.text


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\x.txt", "a\x07b.txt"])
def test_a_bad_name_is_data_and_a_mark(read_here, name):
    read = read_here(zip_of({name: b"alpha"}), "x.zip")

    assert read.texts(PlaceKind.TEXT) == ["alpha"]
    assert "bad_name" in read.marks
    assert all("/" not in step for part in read.reading.parts for step in part.path.steps)


def test_names_in_another_charset_are_read_both_ways(read_here):
    content = zip_of({"Xaf.txt": b"alpha"}).replace(b"Xaf.txt", "Zoë.txt".encode("cp1252"))
    read = read_here(content, "x.zip")

    assert "Zoë.txt" in read.texts(PlaceKind.FILENAME)


def test_comments_are_text(read_here):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"a comment"
        archive.writestr("a.txt", b"x")
    assert "a comment" in read_here(out.getvalue(), "x.zip").texts(PlaceKind.METADATA)


@pytest.mark.parametrize(
    "content",
    [
        b"Rar!\x1a\x07\x00" + bytes(50),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ],
)
def test_what_has_no_reader_is_unsupported(read_here, content):
    assert "unsupported" in read_here(content, "x").reasons


def test_loose_strings_of_an_unknown_file_are_read(read_here):
    content = bytes(range(256)) * 4 + b"\x00\x01narrow words\x00\x02" + "wide words".encode("utf-16-le") + bytes(300)
    read = read_here(content, "x.bin")

    assert "narrow words" in read.text
    assert "wide words" in read.text
    assert read.reasons == {"unsupported"}


def test_a_loose_image_is_a_mark_and_no_problem(read_here):
    read = read_here(b"\x89PNG\r\n\x1a\n" + bytes(40) + b"tEXtComment\x00Photograph of the house" + bytes(40), "a.png")

    assert read.problems == []
    assert read.marks == {"no_ocr"}
    assert "Photograph of the house" in read.text


def test_what_no_directory_tells_of_is_hidden_text(read_here):
    whole = zip_of({"a.txt": b"alpha"})
    around = read_here(b"Words In Front\r\n" + whole + b"Words Behind", "a.zip")

    assert around.texts(PlaceKind.TEXT) == ["alpha"]
    hidden = "\n".join(around.texts(visibility=Visibility.HIDDEN))
    assert "Words In Front" in hidden
    assert "Words Behind" in hidden
