# SPDX-License-Identifier: GPL-3.0-or-later
"""RAR: what is plain is read, and the rest is said to be unread."""

import gzip
import zlib

import pytest

from safehold.model import PlaceKind, Visibility

# -- builders: the archive formats as rarlab.com describes them --------------------------------------------------


def block_4(kind: int, flags: int, body: bytes, data: bytes = b"") -> bytes:
    head = bytes([kind]) + flags.to_bytes(2, "little") + (7 + len(body)).to_bytes(2, "little") + body
    return (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little") + head + data


def file_4(name: bytes, data: bytes, *, flags: int = 0, method: int = 0x30) -> bytes:
    body = len(data).to_bytes(4, "little") * 2 + b"\x00" + bytes(4) + bytes(4) + b"\x14" + bytes([method])
    return block_4(0x74, flags | 0x8000, body + len(name).to_bytes(2, "little") + bytes(4) + name, data)


def rar_4(*files: bytes, flags: int = 0) -> bytes:
    return b"Rar!\x1a\x07\x00" + block_4(0x73, flags, bytes(6)) + b"".join(files) + block_4(0x7B, 0, b"")


def number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def block_5(kind: int, body: bytes, data: bytes = b"", extra: bytes = b"", flags: int = 0) -> bytes:
    flags |= bool(extra) | (2 if data else 0)
    head = number(kind) + number(flags)
    head += (number(len(extra)) if extra else b"") + (number(len(data)) if data else b"") + body + extra
    head = number(len(head)) + head
    return zlib.crc32(head).to_bytes(4, "little") + head + data


def file_5(name: str, data: bytes, *, method: int = 0, extra: bytes = b"", flags: int = 0) -> bytes:
    raw = name.encode()
    body = number(0) + number(len(data)) + number(0) + number(method << 7) + number(1) + number(len(raw)) + raw
    return block_5(2, body, data, extra, flags)


def rar_5(*blocks: bytes) -> bytes:
    return b"Rar!\x1a\x07\x01\x00" + block_5(1, number(0)) + b"".join(blocks) + block_5(5, number(0))


@pytest.mark.parametrize(
    "made",
    [
        rar_4(file_4(b"plain.txt", b"Stored Words"), file_4(b"packed.txt", b"\x01\x02\x03", method=0x33)),
        rar_5(file_5("plain.txt", b"Stored Words"), file_5("packed.txt", b"\x01\x02\x03", method=3)),
    ],
    ids=["version 4", "version 5"],
)
def test_stored_members_are_read_and_packed_ones_unsupported(read_here, made):
    read = read_here(made, "a.rar")

    assert read.texts(PlaceKind.TEXT, part="a.rar/plain.txt") == ["Stored Words"]
    assert read.problems == [("a.rar/packed.txt", "unsupported"), ("a.rar", "unsupported")]
    assert "packed.txt" in read.texts(PlaceKind.FILENAME)


@pytest.mark.parametrize(
    "made",
    [
        rar_4(file_4(b"a.txt", b"xxxx", flags=0x04)),
        rar_5(file_5("a.txt", b"xxxx", extra=number(2) + number(1) + number(0))),
    ],
    ids=["version 4", "version 5"],
)
def test_an_encrypted_member_is_encrypted_under_its_name(read_here, made):
    assert read_here(made, "a.rar").problems == [("a.rar/a.txt", "encrypted")]


@pytest.mark.parametrize("made", [rar_4(flags=0x80), rar_5(block_5(4, bytes(20)))], ids=["version 4", "version 5"])
def test_encrypted_headers_are_told_apart(read_here, made):
    read = read_here(made, "a.rar")

    assert read.problems == [("a.rar", "encrypted")]
    assert read.reading.problems[0].detail == "encrypted, and so are the names of what is inside"


def test_one_volume_of_several_is_incomplete(read_here):
    assert read_here(rar_4(file_4(b"a.txt", b"xx", flags=0x02)), "a.rar").problems == [("a.rar/a.txt", "incomplete")]
    assert read_here(rar_5(file_5("a.txt", b"xx", flags=0x10)), "a.rar").problems == [("a.rar/a.txt", "incomplete")]


def test_a_packed_unicode_name_is_undone(read_here):
    # High byte 0x01; four steps: "a" itself, 0x75 below the high byte, both bytes of the euro, two of the 8-bit name.
    encoded = b"\x01" + bytes([0b00_01_10_11]) + b"a" + b"\x75" + b"\xac\x20" + b"\x00"

    read = read_here(rar_4(file_4(b"awe.t\x00" + encoded, b"x", flags=0x200)), "a.rar")

    assert "aŵ€.t" in read.texts(PlaceKind.FILENAME)


def test_corpora_archives_have_the_right_reason(read_here, corpora):
    folder = corpora / "documents" / "libarchive"

    reasons = {path.name: read_here(path.read_bytes(), path.name).reasons for path in folder.glob("*.rar")}

    locked = {name for name in reasons if "encrypted_filenames" in name}
    assert locked
    assert all(reasons[name] == {"encrypted"} for name in locked)
    assert {name for name in reasons if not reasons[name]} == {  # everything in them is stored
        "test_read_format_rar5_hardlink.rar",
        "test_read_format_rar5_symlink.rar",
    }
    windows = folder / "test_read_format_rar_windows.rar"
    assert "test text file" in read_here(windows.read_bytes(), "a.rar").text


WORDS = b"ask for Quillfeather at 27 Larkspur Gardens"


def service(name: bytes, data: bytes, *, method: int = 0) -> bytes:
    body = number(0) + number(len(data)) + number(0) + number(method << 7) + number(1) + number(len(name)) + name
    return block_5(3, body, data)


def cut(made: bytes, count: int) -> bytes:
    return made[:-count]


ONE_4, ONE_5 = file_4(b"a.txt", b"a member"), file_5("a.txt", b"a member")
END_4, END_5 = len(block_4(0x7B, 0, b"")), len(block_5(5, number(0)))
OWNER = number(len(WORDS) + 3) + number(6) + number(3) + number(43) + WORDS
BESIDE = {
    "5, behind the end": rar_5(ONE_5) + WORDS,
    "5, a stream behind the end": rar_5(ONE_5) + gzip.compress(WORDS * 9),
    "5, an archive behind the end": rar_5(ONE_5) + rar_5(file_5("b.txt", WORDS)),
    "5, a comment": rar_5(service(b"CMT", WORDS), ONE_5),
    "5, a stream beside a file": rar_5(ONE_5, service(b"STM", WORDS)),
    "5, bytes of a folder": rar_5(ONE_5, file_5("a", WORDS).replace(b"a", b"a")),
    "5, bytes of the first block": b"Rar!\x1a\x07\x01\x00"
    + block_5(1, number(0), WORDS)
    + ONE_5
    + block_5(5, number(0)),
    "5, an owner": rar_5(
        file_5("a.txt", b"x", extra=number(len(WORDS) + 4) + number(6) + number(3) + number(43) + WORDS)
    ),
    "4, behind the end": rar_4(ONE_4) + WORDS,
    "4, a comment": rar_4(block_4(0x75, 0, bytes(6) + WORDS), ONE_4),
    "4, a stored comment": rar_4(file_4(b"CMT", WORDS).replace(b"\x74", b"\x7a", 1), ONE_4),
}


@pytest.mark.parametrize("made", BESIDE.values(), ids=BESIDE.keys())
def test_what_no_member_accounts_for_is_read(read_here, made):
    read = read_here(made, "a.rar")

    assert "Quillfeather at 27 Larkspur Gardens" in read.text


def test_words_beside_members_are_hidden_and_marked(read_here):
    read = read_here(BESIDE["5, a comment"], "a.rar")

    assert read.texts(PlaceKind.METADATA, Visibility.HIDDEN) == [WORDS.decode()]
    assert read.marks == {"appended"}
    assert read.problems == []


def test_a_packed_comment_is_said_to_be_unread(read_here):
    made = rar_5(service(b"CMT", zlib.compress(WORDS * 2), method=3), ONE_5)

    assert read_here(made, "a.rar").problems == [("a.rar", "unsupported")]


def test_what_programs_keep_beside_members_is_no_problem(read_here):
    made = rar_5(ONE_5, service(b"RR", bytes(range(256))))

    assert read_here(made, "a.rar").problems == []


def test_another_volume_behind_whole_members_is_incomplete(read_here):
    first = cut(rar_5(ONE_5), END_5) + block_5(5, number(1))
    old = cut(rar_4(ONE_4), END_4) + block_4(0x7B, 1, b"")

    assert read_here(first, "a.rar").problems == [("a.rar", "incomplete")]
    assert read_here(old, "a.rar").problems == [("a.rar", "incomplete")]


def test_a_cut_archive_is_corrupt_and_its_words_are_read(read_here):
    read = read_here(cut(rar_4(ONE_4), END_4) + b"Loose Words", "a.rar")

    assert read.reasons == {"corrupt"}
    assert {"a member", "Loose Words"} <= {*read.texts()}
