# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of archives, one a line
"""Archives: bombs, quines, locks, lies in the directory; names stay data."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import inflate64
import pytest
from backports import zstd

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


GHOST = b"ask for Quillfeather at 27 Larkspur Gardens"
ZIP = zip_of({"a.txt": b"alpha", "b.txt": b"beta"})
TAR = tar_of({"a.txt": b"alpha"})


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
    assert read.paths == ["x.zip", "x.zip/a.txt"]  # once


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


@pytest.mark.parametrize(
    "inner",
    [ZIP[:60], ZIP[: ZIP.find(b"PK\x01\x02")], ZIP[:-10], b"PK\x03\x04junk", b"PK\x05\x06" + b"\xff" * 18],
    ids=["cut short", "without directory", "without end", "its mark alone", "its end alone"],
)
def test_a_damaged_archive_inside_a_document_is_a_problem(read_here, inner):
    read = read_here(zip_of({"Index.zip": inner, "preview.jpg": b"\xff\xd8\xff\xd9"}), "a.pages")

    assert ("a.pages/Index.zip", "corrupt") in read.problems


def test_a_directory_that_names_nobody_is_ambiguous(read_here):
    start = ZIP.find(b"PK\x01\x02")
    empty = ZIP[:start] + b"PK\x05\x06" + bytes(12) + start.to_bytes(4, "little") + bytes(2)
    read = read_here(empty, "a.zip")

    assert read.reasons == {"ambiguous"}
    assert read.texts(PlaceKind.TEXT) == ["alpha", "beta"]


def test_comments_are_text(read_here):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"a comment"
        archive.writestr("a.txt", b"x")
    assert "a comment" in read_here(out.getvalue(), "x.zip").texts(PlaceKind.METADATA)


def in_the_middle(content: bytes, before: bytes, extra: bytes) -> bytes:
    """A zip with *extra* put in before the (first) record *before*, and its directory's offset set right."""
    at = content.find(before)
    end = content.find(b"PK\x05\x06")
    start = int.from_bytes(content[end + 16 : end + 20], "little") + len(extra)
    end_record = content[end : end + 16] + start.to_bytes(4, "little") + content[end + 20 :]
    return content[:at] + extra + content[at:end] + end_record


def member_with_tail() -> bytes:
    plain = zip_of({"a.txt": b"alpha"})
    name_end = plain.find(b"a.txt") + 5
    directory = plain.find(b"PK\x01\x02")
    packed = directory - name_end + len(GHOST)
    sized = bytearray(in_the_middle(plain, b"PK\x01\x02", GHOST))
    sized[18:22] = packed.to_bytes(4, "little")
    at = sized.find(b"PK\x01\x02")
    sized[at + 20 : at + 24] = packed.to_bytes(4, "little")
    return bytes(sized)


OUTSIDE = {
    "behind a zip": ("x.zip", ZIP + b"\n" + GHOST),
    "a zip behind the comment of a zip": ("x.zip", ZIP + zip_of({"g.txt": GHOST})),
    "before a zip": ("x.zip", b"PK\x07\x08" + GHOST + ZIP),
    "between a zip's members and its directory": ("x.zip", in_the_middle(ZIP, b"PK\x01\x02", GHOST)),
    "in the packed bytes of a member, behind its end": ("x.zip", member_with_tail()),
    "behind a zip with a comment": ("x.zip", ZIP[:-2] + b"\x02\x00hi" + GHOST),
    "behind a gzip stream": ("x.gz", gzip.compress(b"alpha") + GHOST),
    "in a second bzip2 stream": ("x.bz2", bz2.compress(b"alpha") + bz2.compress(GHOST)),
    "behind a bzip2 stream": ("x.bz2", bz2.compress(b"alpha") + GHOST),
    "in a second xz stream": ("x.xz", lzma.compress(b"alpha") + bytes(8) + lzma.compress(GHOST)),
    "behind an xz stream": ("x.xz", lzma.compress(b"alpha") + GHOST),
    "in the comment of a gzip stream": ("x.gz", b"\x1f\x8b\x08\x10" + bytes(6) + GHOST + b"\x00" + gzip.compress(b"alpha")[10:]),
    "behind a tar": ("x.tar", TAR + GHOST),
    "in a tar behind a tar": ("x.tar", TAR + tar_of({"g.txt": GHOST})),
    "in the slack of a tar": ("x.tar", TAR.replace(b"alpha" + bytes(100), b"alpha" + (GHOST + bytes(100))[:100])),
    "a zip behind a text": ("x.txt", b"a plain text\n" * 40_000 + zip_of({"g.txt": GHOST})),
    "a zip behind an old Word file": ("x.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + zip_of({"g.txt": GHOST})),
    "a PDF that is stored in a zip": ("x.zip", zip_of({"a.pdf": b"%PDF-1.4 nothing", "g.txt": GHOST}, zipfile.ZIP_STORED)),
    "an archive that is nothing but its mark": ("x.zip", b"PK\x03\x04" + bytes(30) + GHOST),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_what_belongs_to_no_member_is_read(read_here, name, content):
    read = read_here(content, name)

    assert "Quillfeather at 27 Larkspur Gardens" in read.text
    assert "x" in read.text or "alpha" in read.text


def test_what_belongs_to_no_member_is_hidden(read_here):
    read = read_here(*reversed(OUTSIDE["behind a zip"]))

    assert read.texts(PlaceKind.METADATA, Visibility.HIDDEN) == [GHOST.decode()]
    assert "appended" in read.marks
    assert read.problems == []


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.gz"])
def test_an_ordinary_archive_has_nothing_outside(read_here, name):
    content = {"x.zip": ZIP, "x.tar": TAR, "x.gz": gzip.compress(b"alpha")}[name]
    read = read_here(content, name)

    assert read.marks == set()
    assert read.texts(PlaceKind.METADATA) == []


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.gz", gzip.compress(b"") * 50_000),
        ("x.bz2", bz2.compress(b"") * 70_000),
        ("x.xz", lzma.compress(b"") * 30_000),
        ("x.zip", b"PK\x03\x04" * 250_000),
        ("x.zip", b"PK\x05\x06" * 250_000),
        ("x.zip", b"PK\x03\x04" + b"PK\x01\x02" * 250_000 + ZIP),
        ("x.tar", tar_of({f"{n}": b"x" for n in range(900)})),
    ],
)
def test_hostile_archives_are_read_in_bounded_time(read_here, name, content):
    read = read_here(content, name)

    assert len(read.paths) <= 1_100


@pytest.mark.parametrize(
    "content",
    [
        b"MSCF" + bytes(50),
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


# -- lies of directory and headers --------------------------------------------------------------------------------


def local(
    name: bytes, packed: bytes, *, method: int = 0, flags: int = 0, said: int | None = None, crc: int = 0
) -> bytes:
    size = len(packed) if said is None else said
    return (
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, flags, method, 0, 0x5AC2, crc, size, size, len(name), 0)
        + name
        + packed
    )


def entry(
    name: bytes,
    packed: bytes,
    at: int,
    *,
    method: int = 0,
    flags: int = 0,
    size: int | None = None,
    said: int | None = None,
) -> bytes:
    said = len(packed) if said is None else said
    size = said if size is None else size
    numbers = (20, 20, flags, method, 0, 0x5AC2, zlib.crc32(packed), said, size, len(name), 0, 0, 0, 0, 0, at)
    return struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *numbers) + name


def archive_of(members: bytes, *entries: bytes, disk: int = 0) -> bytes:
    directory = b"".join(entries)
    count = len(entries)
    return members + directory + struct.pack(
        "<4s4H2IH", b"PK\x05\x06", disk, disk, count, count, len(directory), len(members), 0
    )  # fmt: skip


def deflated(content: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(content) + engine.flush()


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(archive_of(local(b"a", GHOST), entry(b"a", GHOST, 0, method=8)), id="another method"),
        pytest.param(archive_of(local(b"a", GHOST), entry(b"a", GHOST, 0, method=99)), id="a method nobody has"),
        pytest.param(archive_of(local(b"a", GHOST), entry(b"a", GHOST, 0, flags=1)), id="locked"),
        pytest.param(archive_of(local(b"a", GHOST), entry(b"a", GHOST, 0, said=0)), id="no bytes"),
        pytest.param(archive_of(local(b"a", GHOST), entry(b"a", GHOST, 0, said=4)), id="fewer bytes"),
    ],
)
def test_a_header_that_says_other_than_the_directory_is_read_both_ways(read_here, made):
    read = read_here(made, "x.zip")

    assert "27 Larkspur Gardens" in read.text
    assert ("x.zip", "ambiguous") in read.problems


def deflated_64(content: bytes) -> bytes:
    engine = inflate64.Deflater()
    return engine.deflate(content) + engine.flush()


@pytest.mark.parametrize("packed", [GHOST, deflated(GHOST)], ids=["stored", "deflated"])
def test_a_folder_that_has_bytes_is_read_as_a_file(read_here, packed):
    method = 0 if packed == GHOST else 8
    made = archive_of(local(b"a/", packed, method=method), entry(b"a/", packed, 0, method=method, size=0))

    assert "27 Larkspur Gardens" in read_here(made, "x.zip").text


def test_a_member_without_a_name_does_not_cost_the_others(read_here):
    members = local(b"", GHOST) + local(b"b", b"beta")
    made = archive_of(members, entry(b"", GHOST, 0), entry(b"b", b"beta", len(local(b"", GHOST))))

    assert {GHOST.decode(), "beta"} <= {*read_here(made, "x.zip").texts(PlaceKind.TEXT)}


@pytest.mark.parametrize(
    "hidden",
    [b"XX\x03\x04" + local(b"g", deflated(GHOST * 30), method=8)[4:], zlib.compress(GHOST * 30)],
    ids=["a member whose mark is wrong", "packed bytes"],
)
def test_bytes_between_members_that_nobody_opens_are_said_to_be_unread(read_here, hidden):
    first = local(b"a", b"alpha", crc=zlib.crc32(b"alpha"))
    members = first + hidden + local(b"b", b"beta")
    made = archive_of(members, entry(b"a", b"alpha", 0), entry(b"b", b"beta", len(first) + len(hidden)))

    assert read_here(made, "x.zip").problems == [("x.zip", "unsupported")]


def test_a_short_stream_between_members_is_opened(read_here):
    first, hidden = local(b"a", b"alpha"), gzip.compress(GHOST)
    members = first + hidden + local(b"b", b"beta")
    made = archive_of(members, entry(b"a", b"alpha", 0), entry(b"b", b"beta", len(first) + len(hidden)))

    assert "27 Larkspur Gardens" in read_here(made, "x.zip").text


def test_one_piece_of_several_is_incomplete(read_here):
    last = archive_of(local(b"a", b"alpha"), entry(b"a", b"alpha", 0), disk=2)
    first = b"PK\x07\x08" + local(b"a", b"alpha")

    assert ("x.zip", "incomplete") in read_here(last, "x.zip").problems
    assert ("x.zip", "incomplete") in read_here(first, "x.zip").problems


def test_stored_members_whose_sizes_come_later_end_at_the_next_record(read_here):
    after = b"PK\x07\x08" + struct.pack("<III", zlib.crc32(GHOST), len(GHOST), len(GHOST))
    made = local(b"a", GHOST, flags=8, said=0) + after + local(b"b", b"beta")

    assert read_here(made, "x.zip").texts(PlaceKind.TEXT) == [GHOST.decode(), "beta"]


@pytest.mark.parametrize(
    ("method", "packed"),
    [
        (9, deflated_64(GHOST * 30)),
        (93, zstd.compress(GHOST * 30)),
        (20, zstd.compress(GHOST * 30)),
        (95, lzma.compress(GHOST * 30)),
    ],
    ids=["deflate64", "zstd", "zstd, old number", "xz"],
)
def test_newer_methods_are_read(read_here, method, packed):
    made = archive_of(local(b"a", packed, method=method, said=len(packed)), entry(b"a", packed, 0, method=method))
    read = read_here(made, "x.zip")

    assert read.text.count("Quillfeather") == 30


def test_a_member_locked_by_its_method_is_encrypted(read_here):
    made = archive_of(local(b"a", GHOST, method=99), entry(b"a", GHOST, 0, method=99))

    assert read_here(made, "x.zip").problems == [("x.zip/a", "encrypted")]


def test_a_name_in_chinese_characters_is_read_as_such_too(read_here):
    made = archive_of(local("审计压缩.txt".encode("gbk"), b"x"), entry("审计压缩.txt".encode("gbk"), b"x", 0))

    assert "审计压缩.txt" in read_here(made, "x.zip").texts(PlaceKind.FILENAME)
