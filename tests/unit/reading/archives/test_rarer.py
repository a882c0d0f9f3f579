# SPDX-License-Identifier: GPL-3.0-or-later
"""iWork, EPUB, ISO, OneNote: what is plain is read, and the rest is said to be unread."""

import io
import zipfile

import pytest

from safehold.model import PlaceKind
from safehold.reading.archives import rarer


def number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return out.getvalue()


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
