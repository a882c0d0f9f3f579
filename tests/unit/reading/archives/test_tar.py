# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar: nothing that has bytes is passed over, whatever programs make of it."""

import io
import os
import tarfile
import zlib
from collections.abc import Callable

import pytest

from safehold.model import PlaceKind, Visibility

WORDS = b"ask for Quillfeather at 27 Larkspur Gardens"
OTHER = b"words of the second member"


def tar(*members: tuple[str, bytes], dialect: int = tarfile.GNU_FORMAT, **pax: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=dialect) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(content), pax
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def changed(content: bytes, at: int, new: bytes) -> bytes:
    """The archive with a field of its first header changed, and its checksum right."""
    head = bytearray(content[:512])
    head[at : at + len(new)] = new
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\x00 " % sum(head)
    return bytes(head) + content[512:]


TWO = tar(("a.txt", WORDS), ("b.txt", OTHER))
KIND, SIZE = 156, 124


@pytest.mark.parametrize("kind", [b"0", b"\x00", b"7", b"1", b"5", b"S", b"V", b"M", b"D", b"A", b"Z", b"\xff"])
def test_a_member_of_any_kind_that_has_bytes_is_read(read_here, kind):
    read = read_here(changed(TWO, KIND, kind), "a.tar")

    assert "27 Larkspur Gardens" in read.text
    assert "second member" in read.text


def test_a_piece_of_a_member_in_several_volumes_is_incomplete(read_here):
    assert read_here(changed(TWO, KIND, b"M"), "a.tar").problems == [("a.tar/a.txt", "incomplete")]


def test_a_hard_link_that_repeats_the_size_of_its_file_swallows_nothing(read_here):
    link = changed(changed(tar(("l.txt", b"")), KIND, b"1"), SIZE, b"%011o\x00" % 43)[:512]
    read = read_here(link + TWO, "a.tar")

    assert read.texts(PlaceKind.TEXT) == [WORDS.decode(), OTHER.decode()]
    assert read.problems == []


def old_numbers(content: bytes) -> bytes:
    """As before POSIX: without a magic, and nothing behind the name of a link."""
    return changed(content, 257, bytes(255))


WHOLE = {
    "of version 7": lambda: old_numbers(TWO),
    "with an empty block inside": lambda: TWO[:1024] + bytes(512) + TWO[1024:],
    "one behind another": lambda: tar(("a.txt", WORDS)) + tar(("b.txt", OTHER)),
}


@pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE.keys())
def test_archives_of_every_make_are_read_without_complaint(read_here, make):
    read = read_here(make(), "a.tar")

    assert read.texts(PlaceKind.TEXT) == [WORDS.decode(), OTHER.decode()]
    assert read.problems == []


def test_what_stands_behind_an_empty_block_is_marked_because_programs_stop_there(read_here):
    assert "appended" in read_here(WHOLE["with an empty block inside"](), "a.tar").marks
    assert read_here(TWO, "a.tar").marks == set()


LATE = tar(("a.txt", bytes(600) + WORDS), ("b.txt", OTHER))
DAMAGE: dict[str, Callable[[], bytes]] = {
    "the first checksum": lambda: TWO[:150] + b"7" + TWO[151:],
    "the second checksum": lambda: TWO[: 1024 + 150] + b"7" + TWO[1024 + 151 :],
    "a block of noise between members": lambda: TWO[:1024] + os.urandom(512) + TWO[1024:],
    "a size that is too small": lambda: changed(
        tar(("a.txt", bytes(600) + WORDS), ("b.txt", OTHER)), SIZE, b"%011o\x00" % 3
    ),
    "a size that is too large": lambda: changed(TWO, SIZE, b"%011o\x00" % 10**9),
    "a missing block": lambda: (
        tar(("a.txt", WORDS), ("b", b"x"), (f"{OTHER.decode()}", b"x"))[:1536] + tar((f"{OTHER.decode()}", b"x"))
    ),
    "the end": lambda: TWO[: 1024 + 512 + 12],
}


@pytest.mark.parametrize("make", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_said_and_costs_nothing_but_itself(read_here, make):
    read = read_here(make(), "a.tar")

    assert "corrupt" in read.reasons
    assert "27 Larkspur Gardens" in read.text
    assert "second" in read.text or "words of the" in read.text


def test_all_of_every_field_is_read_once(read_here):
    made = changed(TWO, 20, b"behind.the.name\x00")
    made = changed(made, 157, b"link.of.a.file\x00behind.the.link\x00")
    made = changed(made, 265, b"jane.doe\x00behind.the.owner\x00")
    hidden = "\n".join(read_here(made + made, "a.tar").texts(PlaceKind.METADATA, Visibility.HIDDEN)).split("\n")

    assert sorted(hidden) == ["behind.the.link", "behind.the.name", "behind.the.owner", "jane.doe", "link.of.a.file"]


def test_a_long_name_is_read_behind_its_first_zero_too(read_here):
    made = tar(("x" * 150 + "Quillfeather.txt", WORDS)).replace(b"xQuill", b"\x00Quill", 1)

    assert "Quillfeather.txt" in "\n".join(read_here(made, "a.tar").texts(PlaceKind.METADATA))


def test_every_value_of_an_extended_header_is_read(read_here):
    made = tar(
        ("a.txt", OTHER), dialect=tarfile.PAX_FORMAT, **{"mtime": "at Larkspur", "SCHILY.xattr.user.jane": "Doe"}
    )
    hidden = "\n".join(read_here(made, "a.tar").texts(PlaceKind.METADATA, Visibility.HIDDEN))

    assert "at Larkspur" in hidden
    assert "user.jane" in hidden
    assert "Doe" in hidden


def sparse(pieces: bytes, stored: bytes, **more: str) -> bytes:
    fields = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "real.txt", **more}
    return tar(("x/a", pieces.ljust(512, b"\x00") + stored), dialect=tarfile.PAX_FORMAT, **fields)


def test_a_sparse_member_has_its_holes(read_here):
    read = read_here(sparse(b"2\n0\n8\n20\n35\n", WORDS, **{"GNU.sparse.realsize": "55"}), "a.tar")

    assert read.paths == ["a.tar", "a.tar/real.txt"]
    assert read.reading.parts[1].size_bytes == 55
    assert WORDS[8:].decode() in read.text


@pytest.mark.parametrize("pieces", [b"0\n", b"1\n0\n4\n", b"1\n9\n1000000\n", b"2\n40\n4\n0\n4\n"])
def test_a_map_that_leaves_bytes_out_hides_nothing(read_here, pieces):
    read = read_here(sparse(pieces, WORDS, **{"GNU.sparse.realsize": "4"}), "a.tar")

    assert "27 Larkspur Gardens" in read.text
    assert read.problems == [("a.tar/real.txt", "corrupt")]


def test_a_sparse_member_of_a_terabyte_is_as_large_as_what_is_stored(read_here):
    read = read_here(sparse(b"1\n0\n43\n", WORDS, **{"GNU.sparse.realsize": str(10**12)}), "a.tar")

    assert read.reading.parts[1].size_bytes == len(WORDS)


def test_bytes_in_the_slack_that_are_no_words_are_said_to_be_unread(read_here):
    made = TWO[: 1024 - 100] + zlib.compress(WORDS * 3)[:99].ljust(100, b"\x01") + TWO[1024:]

    assert read_here(made, "a.tar").problems == [("a.tar", "unsupported")]


@pytest.mark.timeout(20)
def test_millions_of_blocks_are_walked_in_linear_time(read_here):
    for block in (bytes(512), b"x" * 512, b"x" * 148 + b"0000123\x00" + b"x" * 356):
        read_here(TWO + block * 40_000, "a.tar")
