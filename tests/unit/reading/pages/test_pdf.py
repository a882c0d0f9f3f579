# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF documents made here: pages, and everything beside the pages."""

import io
import re
import zipfile

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

from safehold.model import Demand, PlaceKind, Visibility
from safehold.reading.limits import Limits
from safehold.reading.pages import scans
from safehold.reading.pictures import ocr


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


# -- what is there for the eye only ---------------------------------------------------------------------------------

OCR = Demand(ocr=True)
LETTER = "\n".join(
    [
        "Dear Sir or Madam,",
        "Ms Quill has moved to 12 Acacia Road, Ashford,",
        *["and would like her letters to be sent there from now on"] * 14,
        "Yours faithfully, the housing office",
    ]
)
STAMP = "IN THE FAMILY COURT AT RIVERBANK   Case PF25C00123   Page 31 of 456"


def recognised(read) -> str:
    return " ".join(" ".join(text.split()) for text in read.texts(PlaceKind.PAGE, Visibility.OCR))


@pytest.fixture(scope="module")
def letter(written):
    """A page of A4 with a letter on it, as a scanner hands it over."""
    return written(LETTER, size=28, picture=(1000, 1414))


def scan_of(*pictures, over="", hidden="", place=(0, 0, 595, 842), turned=0, formed=False) -> bytes:
    """A page of pictures, with text drawn over them, and text that is there without being seen."""
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(842, 595) if turned % 180 else (595, 842))  # it turns the paper with the page
    left, bottom, width, height = place
    if turned:
        page.setPageRotation(turned)
    if formed:  # the picture is one unit large, and the form is drawn at the size of the page
        page.beginForm("scan", 0, 0, 1, 1)
        page.drawImage(ImageReader(pictures[0]), 0, 0, 1, 1)
        page.endForm()
        page.saveState()
        page.transform(width, 0, 0, height, left, bottom)
        page.doForm("scan")
        page.restoreState()
    else:
        for index, picture in enumerate(pictures):  # bands, the first on top
            band = height / len(pictures)
            page.drawImage(ImageReader(picture), left, bottom + height - band * (index + 1), width, band)
    page.setFont("Helvetica", 9)
    page.drawString(40, 825, over)
    text = page.beginText(16, 808)
    text.setFont("Helvetica", 17, leading=25)
    text.setTextRenderMode(3)
    for line in hidden.split("\n"):
        text.textLine(line)
    page.drawText(text)
    page.save()
    return out.getvalue()


def bands_of(picture: Image.Image, number: int) -> list[Image.Image]:
    height = picture.height // number
    return [picture.crop((0, height * n, picture.width, height * (n + 1))) for n in range(number)]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(scan_of, id="nothing else"),
        pytest.param(lambda letter: scan_of(letter, over=STAMP), id="a stamped line"),
        pytest.param(lambda letter: scan_of(letter, hidden="Dear Sir or Madam,"), id="a layer of one line"),
        pytest.param(lambda letter: scan_of(*bands_of(letter, 20), over=STAMP), id="twenty bands"),
        pytest.param(lambda letter: scan_of(letter, over=STAMP, formed=True), id="inside a form"),
        pytest.param(lambda letter: scan_of(letter.rotate(90, expand=True), over=STAMP, turned=90), id="a turned page"),
        pytest.param(lambda letter: scan_of(letter, over=STAMP, place=(60, 150, 450, 636)), id="with margins"),
    ],
)
def test_a_scanned_page_is_recognised_or_said(read_here, letter, make):
    content = make(letter)
    read, unread = read_here(content, "a.pdf", demand=OCR), read_here(content, "a.pdf")

    assert "12 Acacia Road, Ashford" in recognised(read)
    assert {segment.place.number for segment in read.reading.segments if segment.visibility is Visibility.OCR} == {1}
    assert read.problems == []
    assert [(problem.reason.value, problem.detail) for problem in unread.reading.problems] == [
        ("no_text", "a page is an image and was not recognised")
    ]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_full_text_layer_spares_the_scan(read_here, letter, monkeypatch, turned):
    monkeypatch.setattr(ocr, "recognise", lambda *_: pytest.fail("recognised"))
    read = read_here(scan_of(letter, over=STAMP, hidden=LETTER, turned=turned), "a.pdf", demand=OCR)

    assert "12 Acacia Road" in read.text
    assert read.problems == []
    assert read.marks == set()


def test_words_drawn_as_outlines_are_recognised(read_here, written):
    """No text, no image: only rectangles, as from a program that turns writing into shapes."""
    picture = written("moved to 12 Acacia Road", size=22).point([255 if level > 110 else 0 for level in range(256)])

    def draw(page):
        for y in range(picture.height):
            for x in range(picture.width):
                if not picture.getpixel((x, y)):
                    page.rect(60 + x, 700 - y, 1, 1, stroke=0, fill=1)

    content = pdf_of("", draw=draw)

    assert "12 Acacia Road" in recognised(read_here(content, "a.pdf", demand=OCR))
    assert read_here(content, "a.pdf").problems == [("a.pdf", "no_text")]


def test_a_font_without_meaning_is_recognised(read_here):
    """The page shows words; what a search finds is characters of private use."""
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    draw = lambda page: (page.setFont("Vera", 14), page.drawString(72, 500, "moved to 12 Acacia Road"))  # noqa: E731
    content = re.sub(
        rb"(?m)^<([0-9A-F]{2})> <00([0-9A-F]{2})>$", rb"<\1> <E0\2>", pdf_of("", draw=draw, pageCompression=0)
    )
    read = read_here(content, "a.pdf", demand=OCR)

    assert "Acacia" not in "".join(read.texts(PlaceKind.PAGE, Visibility.VISIBLE))
    assert "12 Acacia Road" in recognised(read)
    assert read_here(content, "a.pdf").problems == [("a.pdf", "no_text")]


def test_a_picture_on_a_page_of_text_is_recognised_and_without_need_only_marked(read_here, written):
    text = "\n".join(["a page with some ordinary text on every line of it"] * 20)
    snip = ImageReader(written("my new home is\n12 Acacia Road", size=28))
    content = pdf_of(text, draw=lambda page: page.drawImage(snip, 72, 200, 200, 70))
    read, unread = read_here(content, "a.pdf", demand=OCR), read_here(content, "a.pdf")

    assert "12 Acacia Road" in recognised(read)
    assert read.problems == unread.problems == []
    assert unread.marks == {"no_ocr"}


def test_an_ordinary_page_is_not_even_drawn(read_here, monkeypatch):
    monkeypatch.setattr(scans, "rendered", lambda *_: pytest.fail("drawn"))
    read = read_here(pdf_of("\n".join(["a page with some ordinary text on it"] * 20)), "a.pdf", demand=OCR)

    assert read.problems == []


def test_a_blank_scan_costs_nothing_of_the_budget(read_here, letter):
    blank = scan_of(Image.new("L", (500, 700), 250))
    out = pypdfium2.PdfDocument.new()
    for content in (blank, blank, scan_of(letter)):
        out.import_pages(pypdfium2.PdfDocument(content))
    kept = io.BytesIO()
    out.save(kept)
    read = read_here(kept.getvalue(), "a.pdf", demand=OCR, limits=Limits(ocr_pages=1))

    assert "12 Acacia Road" in recognised(read)
    assert read.problems == []
    assert read.marks == {"no_words"}


def test_scanned_pages_over_the_budget_are_said_and_the_text_of_later_pages_is_read(read_here, written):
    out = pypdfium2.PdfDocument.new()
    for word in ("first", "second", "third"):
        out.import_pages(pypdfium2.PdfDocument(scan_of(written(f"the {word}", size=60, picture=(500, 700)))))
    out.import_pages(pypdfium2.PdfDocument(pdf_of("the last page of all has text")))
    kept = io.BytesIO()
    out.save(kept)
    read = read_here(kept.getvalue(), "a.pdf", demand=OCR, limits=Limits(ocr_pages=1))

    assert [(problem.reason.value, problem.detail) for problem in read.reading.problems] == [
        ("no_text", "more pictures than are recognised in one message")
    ]
    assert "the last page of all has text" in read.text
    assert recognised(read) == "the first"


def test_a_page_with_more_pixels_than_may_be_decoded_is_too_large(read_here):
    content = scan_of(Image.new("1", (1200, 1200), 1))
    read = read_here(content, "a.pdf", demand=OCR, limits=Limits(picture_pixels=1_000_000))

    assert read.problems == [("a.pdf", "too_large")]


def test_the_cheap_text_of_a_document_comes_before_what_is_recognised(read_here, letter):
    """What is dear comes last, so that its failing costs nothing else."""
    content = with_attachment(scan_of(letter, over=STAMP), "inner.txt", b"attached words")
    read = read_here(content, "a.pdf", demand=OCR)

    order = [
        s.visibility is Visibility.OCR
        for s in read.reading.segments
        if s.place.kind in (PlaceKind.PAGE, PlaceKind.TEXT)
    ]
    assert order == sorted(order)
    assert order[-1]


# -- before, behind and between -------------------------------------------------------------------------------------


def test_an_archive_behind_the_end_is_opened(read_here):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as inner:
        inner.writestr("inner.txt", "the words inside the archive")
    read = read_here(pdf_of("enough text to be a page of text") + archive.getvalue(), "a.pdf")

    assert "the words inside the archive" in read.text
    assert "appended" in read.marks
    assert read.problems == []


def test_text_behind_the_end_and_before_the_beginning_is_read(read_here):
    content = b"first she lived at 3 Cooper Street\n" + pdf_of("enough text to be a page of text")
    read = read_here(content + b"\nnow she lives at 9 Hidden Lane\n", "a.pdf")

    hidden = read.texts(PlaceKind.METADATA, Visibility.HIDDEN)
    assert "first she lived at 3 Cooper Street" in hidden
    assert "now she lives at 9 Hidden Lane" in hidden
    assert "appended" in read.marks


def test_a_plain_document_has_nothing_appended(read_here):
    content = pdf_of("enough text to be a page of text")

    assert read_here(content, "a.pdf").marks == set()
    assert read_here(content + b"\r\n\x00\x00", "a.pdf").marks == set()


def test_a_page_that_pdfium_refuses_is_tried_by_the_second_reader(read_here, monkeypatch):
    refuse = pypdfium2.PdfDocument.get_page

    def get_page(document, index):
        if index == 1:
            raise pypdfium2.PdfiumError("refused")
        return refuse(document, index)

    monkeypatch.setattr(pypdfium2.PdfDocument, "get_page", get_page)
    read = read_here(pdf_of("the first page", "the page in the middle", "the last page"), "a.pdf")

    assert {(s.place.number, s.text.strip()) for s in read.reading.segments if s.place.kind is PlaceKind.PAGE} == {
        (1, "the first page"),
        (2, "the page in the middle"),
        (3, "the last page"),
    }
    assert [(problem.reason.value, problem.detail) for problem in read.reading.problems] == [
        ("corrupt", "damaged; some text was saved")
    ]


def test_a_page_missing_from_the_middle_is_said(read_here):
    content = re.sub(rb"(/Kids \[ \d+ 0 R) \d+ 0 R", rb"\1 99 0 R", pdf_of("page one", "page two", "page three"))

    assert "corrupt" in read_here(content, "a.pdf").reasons


def test_pages_that_the_count_leaves_out_are_read_and_ambiguous(read_here):
    """Some viewers go by the count of pages and some by the pages that are there."""
    content = pdf_of("page one", "page two, of which nobody knows").replace(b"/Count 2", b"/Count 1")
    read = read_here(content, "a.pdf")

    assert "page two, of which nobody knows" in read.text
    assert read.problems == [("a.pdf", "ambiguous")]


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


def test_a_value_of_a_form_has_the_name_of_its_field_in_front(read_here):
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    page.acroForm.textfield(name="new address", value="12 Acacia Road", x=50, y=600)
    page.showPage()
    page.save()

    assert read_here(out.getvalue(), "a.pdf").texts(PlaceKind.FIELD)[0] == "new address: 12 Acacia Road"
