# SPDX-License-Identifier: GPL-3.0-or-later
"""RAR, iWork, EPUB, ISO, OneNote: what is plain is read, and the rest is said to be unread."""

import io
import zipfile
import zlib

import pytest

from safehold.model import PlaceKind
from safehold.reading.archives import rarer

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


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return out.getvalue()


# -- RAR ----------------------------------------------------------------------------------------------------------


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


def test_a_cut_archive_is_scanned_for_strings(read_here):
    read = read_here(rar_4(file_4(b"plain.txt", b"Stored Words"))[:-12] + b"Loose Words", "a.rar")

    assert read.reasons == {"unsupported"}
    assert "Words" in read.text


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


# -- iWork --------------------------------------------------------------------------------------------------------


def iwa(raw: bytes) -> bytes:
    block = number(len(raw)) + bytes([60 << 2, len(raw) - 1]) + raw
    return b"\x00" + len(block).to_bytes(3, "little") + block


def test_the_texts_of_a_new_iwork_document_are_read_and_it_is_unsupported(read_here):
    made = zip_of({"Index/Document.iwa": iwa(b"\x0a\x10Loose Words \xc3\xa9\x12"), "preview.txt": b"a preview"})

    read = read_here(made, "a.pages")

    assert read.reading.parts[0].media_type == "application/vnd.apple.iwork"
    assert "Loose Words é" in read.text
    assert "a preview" in read.text
    assert read.problems == [("a.pages", "unsupported")]


def test_copies_of_snappy_are_undone():
    block = number(14) + bytes([3 << 2]) + b"abcd" + bytes([(4 << 2) | 1, 4]) + bytes([1 << 2 | 2, 2, 0])
    framed = b"\x00" + len(block).to_bytes(3, "little") + block

    assert rarer.unsnapped(framed, 1_000) == b"abcdabcdabcdcd"


@pytest.mark.parametrize("block", [b"", b"\xff" * 9, b"\x05\xf0", b"\x05\x01\x09", b"\x05\x00"])
def test_damaged_snappy_gives_what_it_has(block):
    rarer.unsnapped(b"\x00" + len(block).to_bytes(3, "little") + block, 1_000)


def test_an_old_iwork_document_is_xml(read_here):
    read = read_here(zip_of({"index.apxl": b"<?xml version='1.0'?><key>Slide Words</key>"}), "a.key")

    assert "Slide Words" in read.text
    assert read.reasons == {"unsupported"}


# -- EPUB ---------------------------------------------------------------------------------------------------------

PAGE = b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body><p>w<b>or</b>d</p></body></html>'


def epub(**more: bytes) -> bytes:
    return zip_of({"mimetype": b"application/epub+zip", "text/one": PAGE, **more})


def test_every_page_of_a_book_is_read(read_here):
    read = read_here(epub(), "a.epub")

    assert "word" in read.texts(PlaceKind.TEXT)
    assert read.problems == []


def test_a_locked_book_is_encrypted_and_scrambled_fonts_are_no_lock(read_here):
    def lock(method: str) -> dict[str, bytes]:
        xml = f'<encryption><enc:EncryptedData><enc:EncryptionMethod Algorithm="{method}"/></enc:EncryptedData>'
        return {"META-INF/encryption.xml": xml.encode() + b"</encryption>"}

    locked = read_here(epub(**lock("http://www.w3.org/2001/04/xmlenc#aes128-cbc")), "a.epub")
    fonts = read_here(epub(**lock("http://www.idpf.org/2008/embedding")), "a.epub")

    assert ("a.epub", "encrypted") in locked.problems
    assert fonts.problems == []


# -- the rest -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.iso", bytes(32_768) + b"\x01CD001\x01" + bytes(2_041) + b"Loose Words" + bytes(500)),
        ("a.one", bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(90) + "Loose Words".encode("utf-16-le")),
        ("a.bin", b"\x01\x93\x00\x05" + bytes(90) + b"\x07Loose Words\x00\x01\x02" + bytes(60)),
    ],
    ids=["ISO", "OneNote", "unknown"],
)
def test_what_has_no_reader_is_unsupported_and_its_plain_words_are_read(read_here, name, content):
    read = read_here(content, name)

    assert "unsupported" in read.reasons
    assert "Loose Words" in read.text
