# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF documents made here: pages, and everything beside the pages."""

import io
import re

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import Limits


def pdf_of(*pages: str, draw=None, **settings) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, **settings)
    for text in pages:
        for index, line in enumerate(text.split("\n")):
            page.drawString(72, 760 - 14 * index, line)
        if draw is not None:
            draw(page)
        page.showPage()
    page.save()
    return out.getvalue()


def with_attachment(content: bytes, name: str, data: bytes) -> bytes:
    document = pypdfium2.PdfDocument(content)
    document.new_attachment(name).set_data(data)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def test_each_page_is_a_place(read_here):
    read = read_here(pdf_of("first page words here", "second page words here"), "a.pdf")

    pages = {(s.place.number, s.text.strip()) for s in read.reading.segments if s.place.kind is PlaceKind.PAGE}
    assert pages == {(1, "first page words here"), (2, "second page words here")}
    assert read.problems == []


def test_text_outside_the_page_is_read(read_here):
    read = read_here(pdf_of("on the page we see this", draw=lambda page: page.drawString(5000, 5000, "ghost")), "a.pdf")

    assert "ghost" in read.text


def test_metadata_bookmarks_and_links_are_read(read_here):
    def draw(page):
        page.bookmarkPage("here")
        page.addOutlineEntry("Bookmark of Quill", "here")
        page.linkURL("https://example.org/quill", (0, 0, 100, 100))
        page.setTitle("Title of Quill")
        page.setAuthor("Author Quill")

    read = read_here(pdf_of("enough text to be a page of text", draw=draw), "a.pdf")

    metadata = "\n".join(read.texts(PlaceKind.METADATA))
    assert "Title of Quill" in metadata
    assert "Author Quill" in metadata
    assert "Bookmark of Quill" in metadata
    assert read.texts(PlaceKind.PAGE, Visibility.ATTRIBUTE) == ["https://example.org/quill"]


def test_annotations_are_comments(read_here):
    draw = lambda page: page.textAnnotation("note about Quill", (0, 0, 100, 100))  # noqa: E731
    read = read_here(pdf_of("enough text to be a page of text", draw=draw), "a.pdf")

    assert "note about Quill" in read.texts(PlaceKind.COMMENT, Visibility.COMMENT)[0]
    assert "annotations" in read.marks


def test_form_values_are_fields(read_here):
    def draw(page):
        page.acroForm.textfield(name="address", tooltip="Where", value="12 Quill Lane", x=72, y=600)

    read = read_here(pdf_of("enough text to be a page of text", draw=draw), "a.pdf")

    assert "12 Quill Lane" in "\n".join(read.texts(PlaceKind.FIELD))
    assert "form" in read.marks


def test_attachments_are_parts_of_their_own(read_here):
    content = with_attachment(pdf_of("enough text to be a page of text"), "inner.txt", b"attached words")
    read = read_here(content, "a.pdf")

    assert read.texts(PlaceKind.TEXT, part="a.pdf/inner.txt") == ["attached words"]
    assert "attachments" in read.marks
    assert {part.attachment for part in read.reading.parts} == {1}


def test_a_pdf_in_a_pdf_is_read(read_here):
    content = pdf_of("the innermost page of them all")
    for number in range(3):
        content = with_attachment(pdf_of("enough text to be a page of text"), f"{number}.pdf", content)
    read = read_here(content, "a.pdf")

    assert read.texts(PlaceKind.PAGE, part="a.pdf/2.pdf/1.pdf/0.pdf") == ["the innermost page of them all"]


def test_a_user_password_is_encrypted(read_here):
    read = read_here(pdf_of("secret page", encrypt=StandardEncryption("word", ownerPassword="other")), "a.pdf")

    assert read.problems == [("a.pdf", "encrypted")]
    assert read.texts(PlaceKind.PAGE) == []


def test_an_owner_password_alone_hides_nothing(read_here):
    read = read_here(
        pdf_of("open page with some words", encrypt=StandardEncryption("", ownerPassword="o", canCopy=0)), "a.pdf"
    )

    assert read.texts(PlaceKind.PAGE) == ["open page with some words"]
    assert read.problems == []


def test_a_scanned_page_is_no_text(read_here):
    picture = ImageReader(Image.new("L", (50, 50), 200))
    scan = pdf_of("", draw=lambda page: page.drawImage(picture, 0, 0, 590, 800))
    small = pdf_of("", draw=lambda page: page.drawImage(picture, 0, 0, 90, 90))

    assert read_here(scan, "a.pdf").problems == [("a.pdf", "no_text")]
    assert read_here(small, "a.pdf").problems == []


def test_pages_over_the_limit_are_said(read_here):
    read = read_here(pdf_of(*["a page of words, and more of them"] * 5), "a.pdf", limits=Limits(pages=3))

    assert read.problems == [("a.pdf", "too_large")]
    assert len(read.texts(PlaceKind.PAGE)) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: b"%PDF-1.4\n" + bytes(200),
        lambda c: b"%PDF-1.4 nothing at all",
        lambda c: re.sub(rb"/Type /Catalog", b"/Type /Catalyst", c)[:300],
    ],
)
def test_what_no_reader_reads_is_corrupt(read_here, damage):
    read = read_here(damage(pdf_of("some words on a page of text")), "a.pdf")

    assert "corrupt" in read.reasons


def test_a_file_that_pdfium_refuses_is_read_by_the_second_reader(read_here, monkeypatch):
    def refuse(_):
        raise pypdfium2.PdfiumError("refused", err_code=3)

    monkeypatch.setattr(pypdfium2, "PdfDocument", refuse)
    read = read_here(pdf_of("words that the second reader finds"), "a.pdf")

    assert read.texts(PlaceKind.PAGE) == ["words that the second reader finds"]
    assert [(problem.reason.value, problem.detail) for problem in read.reading.problems] == [
        ("corrupt", "damaged; some text was saved")
    ]


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_never_silent(read_here, cut):
    content = pdf_of(*["some words on a page of text"] * 4)
    read = read_here(content[: int(len(content) * cut)], "a.pdf")

    assert read.problems or len(read.texts(PlaceKind.PAGE)) == 4
