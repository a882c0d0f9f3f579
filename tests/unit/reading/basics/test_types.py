# SPDX-License-Identifier: GPL-3.0-or-later
"""Types by content; what a message declares is evidence only."""

import io
import zipfile

import pytest

from safehold.reading.basics import types


def zip_of(*names: str, first: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, first)
    return out.getvalue()


def ole(stream: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream.encode("utf-16-le") + bytes(64)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7", types.PDF),
        (b"\xef\xbb\xbfjunk before\n%PDF-1.4", types.PDF),
        (zip_of("a.txt"), types.ZIP),
        (zip_of("[Content_Types].xml", "word/document.xml"), types.DOCX),
        (zip_of("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), types.DOCM),
        (zip_of("[Content_Types].xml", "xl/workbook.xml"), types.XLSX),
        (zip_of("[Content_Types].xml", "xl/workbook.bin"), types.XLSB),
        (zip_of("[Content_Types].xml", "ppt/presentation.xml"), types.PPTX),
        (zip_of("mimetype", "content.xml", first=b"application/vnd.oasis.opendocument.text"), types.ODF + "text"),
        (zip_of("mimetype", "OEBPS/a.xhtml", first=b"application/epub+zip"), types.EPUB),
        (zip_of("[Content_Types].xml", "word/document.xml")[:-30], types.DOCX),
        (ole("WordDocument"), "application/msword"),
        (ole("Workbook"), "application/vnd.ms-excel"),
        (ole("EncryptedPackage"), types.ENCRYPTED_OFFICE),
        (ole("__properties_version1.0"), "application/vnd.ms-outlook"),
        (ole("Nothing"), types.OLE),
        (b"{\\rtf1 x}", types.RTF),
        (b"\x1f\x8b\x08x", types.GZIP),
        (b"\x78\x9f\x3e\x22x", types.TNEF),
        (b"Received: from a\r\nFrom: b@example.org\r\nSubject: x\r\n\r\ny", types.MESSAGE),
        (b"Name: x\r\nSubject: y\r\n\r\nform letter", types.PLAIN),
        (b"<!DOCTYPE html><p>x", types.HTML),
        (b"BM is how the letter starts, and goes on for a while", types.PLAIN),
        (b"plain words", types.PLAIN),
        ("plain words".encode("utf-16"), types.PLAIN),
        ("plain words and more".encode("utf-16-le"), types.PLAIN),
        (zip_of("a.pdf", first=b"%PDF-1.4 stored"), types.ZIP),
        (b"%!PS-Adobe-3.0\n(x) show", types.POSTSCRIPT),
        (b"\x1b%-12345X@PJL SET X=1\r\n%!PS-Adobe-3.0\n(x) show", types.POSTSCRIPT),
        (b"\xc5\xd0\xd3\xc6" + bytes(30), types.POSTSCRIPT),
        (b"a letter about %!PS files", types.PLAIN),
        ("집에서".encode("iso2022_kr"), types.PLAIN),
        ("We live in the town now".encode("cp037"), types.PLAIN),
        ("plain words and more".encode("utf-32-le"), types.PLAIN),
        (bytes.fromhex("3080060b2a864886f70d0109100109") + bytes(30), types.PKCS7),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x", types.MESSAGE),
        (b"", types.PLAIN),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"fLaC" + bytes(60), "audio/flac"),
        (bytes(range(256)) * 5, types.BINARY),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_content_decides(content, kind):
    assert types.detect(content) == kind


@pytest.mark.parametrize("declared", ["text/12 Hidden Lane", "text/", "text/é", "text/" + "x" * 300])
def test_a_declared_type_that_is_none_does_not_become_the_type(declared):
    assert types.detect(b"words", declared=declared) == types.PLAIN


def test_plain_mail_never_asks_libmagic():
    asked: list[bool] = []

    for content in (b"plain", b"<html>x", "é".encode(), b"%PDF-1.4", b"From: a\r\nTo: b\r\nSubject: c\r\n\r\n"):
        types.detect(content, before_magic=lambda: asked.append(True))

    assert asked == []


@pytest.mark.parametrize(
    ("kind", "declared", "differs"),
    [
        (types.PDF, "application/pdf", False),
        (types.PDF, "application/octet-stream", False),
        (types.PDF, "", False),
        (types.PDF, "text/plain", True),
        (types.PDF, "image/png", True),
        (types.PLAIN, "text/csv", False),
        (types.PLAIN, "application/pdf", True),
        (types.HTML, "image/png", True),
        (types.ZIP, "application/x-zip-compressed", False),
    ],
)
def test_mismatch(kind, declared, differs):
    assert types.mismatch(kind, declared) is differs


@pytest.mark.parametrize("content", [b"<iframe srcdoc=x></iframe>", b"<marquee>x</marquee>", b"x <b>y</b>"])
def test_a_page_by_name_is_a_page(content):
    assert types.detect(content, names=("a.HTML",)) == types.HTML


def test_text_by_the_name_of_a_page_is_text():
    assert types.detect(b"3 < 4", names=("a.html",)) == types.PLAIN
