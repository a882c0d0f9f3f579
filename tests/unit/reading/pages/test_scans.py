# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pages must be recognised: the parts of the decision.  Whole documents are in test_pdf.py."""

import ctypes
import io
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from safehold.reading.limits import Limits
from safehold.reading.pages import scans
from safehold.reading.pages.page_objects import Box, objects_on


def document_of(*pages) -> pypdfium2.PdfDocument:
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=(600, 800))
    for draw in pages:
        draw(paper)
        paper.showPage()
    paper.save()
    return pypdfium2.PdfDocument(out.getvalue())


def picture(shade: int = 128, size: tuple[int, int] = (300, 400)) -> ImageReader:
    return ImageReader(Image.new("L", size, shade))


def images_on(page) -> list:
    return scans._content(page, list(objects_on(page)))[0]


def boxes(page) -> list[tuple[float, ...]]:
    return [
        tuple(round(side, 3) for side in (image.box.left, image.box.top, image.box.right, image.box.bottom))
        for image in images_on(page)
    ]


def looked_at(document: pypdfium2.PdfDocument, *, wanted: bool = True) -> scans.Scans:
    found = scans.Scans(Limits(), wanted=wanted)
    for number, page in enumerate(document, 1):
        text_page = page.get_textpage()
        found.look_at(page, text_page, text_page.get_text_range(), number, list(objects_on(page)))
    return found


@pytest.mark.parametrize(
    ("text", "unmapped"),
    [
        ("an ordinary page of words", False),
        ("", False),
        ("\uf0b7 first point of the list\r\n\uf0b7 second point of the list", False),  # bullets of a symbol font
        ("\ufffd" * 30, True),
        ("\ue041\ue042 \ue043", True),
        ("\x01\x02\x03\x04 ab", True),
        ("half \ufffd\ufffd\ufffd\ufffd\ufffd\ufffd", True),
    ],
)
def test_text_without_meaning_is_told_from_bullets(text, unmapped):
    assert scans._is_unmapped(text) is unmapped


def test_an_image_is_where_the_reader_sees_it():
    document = document_of(lambda paper: paper.drawImage(picture(), 60, 80, 300, 400))

    assert boxes(document[0]) == [(0.1, 0.4, 0.6, 0.9)]


def test_an_image_in_a_form_is_where_the_form_puts_it():
    def draw(paper):
        paper.beginForm("f", 0, 0, 1, 1)
        paper.drawImage(picture(), 0, 0, 1, 1)
        paper.endForm()
        paper.transform(300, 0, 0, 400, 60, 80)
        paper.doForm("f")

    assert boxes(document_of(draw)[0]) == [(0.1, 0.4, 0.6, 0.9)]


def test_an_image_on_a_turned_page_is_turned_with_it():
    """The sheet is 800 by 600 and is shown turned to the right: what was on its left is on top."""

    def draw(paper):
        paper.setPageRotation(90)
        paper.drawImage(picture(), 60, 80, 300, 400)

    assert boxes(document_of(draw)[0]) == [(0.133, 0.075, 0.8, 0.45)]


def test_overlapping_images_cover_a_spot_once():
    def draw(paper):
        for _ in range(5):
            paper.drawImage(picture(), 0, 0, 300, 400)

    assert scans._covered(images_on(document_of(draw)[0])) == pytest.approx(0.25, abs=0.02)


def test_bands_that_touch_are_one_picture_and_others_their_own():
    def draw(paper):
        paper.drawString(60, 780, "a page with some ordinary text on it " * 8)
        for band in range(6):
            paper.drawImage(picture(band), 60, 100 + 20 * band, 200, 20)
        paper.drawImage(picture(), 400, 500, 100, 60)
        paper.drawImage(picture(), 400, 700, 10, 10)  # a bullet

    found = looked_at(document_of(draw))

    assert found.pages == []
    assert sorted((round(one.box.left, 2), round(one.box.bottom - one.box.top, 3)) for one in found.pictures) == [
        (0.1, 0.15),
        (0.67, 0.075),
    ]


def test_a_fine_picture_is_drawn_finely_and_no_finer_than_it_helps():
    def draw(paper):
        paper.drawString(60, 780, "a page with some ordinary text on it " * 8)
        paper.drawImage(picture(size=(600, 400)), 60, 100, 144, 96)  # 300 dots an inch
        paper.drawImage(picture(size=(4000, 2000)), 300, 400, 144, 72)

    assert sorted(round(one.dpi) for one in looked_at(document_of(draw)).pictures) == [300, 400]


def test_the_drawing_is_of_the_box_alone():
    def draw(paper):
        paper.drawImage(picture(0), 60, 80, 300, 400)

    drawn = scans.drawn(document_of(draw)[0], scans.Picture(1, Box(0.1, 0.4, 0.6, 0.9), 72), Limits())

    assert drawn.size == (300, 400)
    assert drawn.getextrema() == (0, 0)


def test_a_huge_page_is_drawn_within_the_limit():
    page = pypdfium2.PdfDocument.new().new_page(8400, 8400)  # 117 inches
    drawn = scans.drawn(page, scans.Picture(1, Box(), 200), Limits(render_pixels=1_000_000))

    assert drawn.width * drawn.height <= 1_010_000


def test_deciding_is_bounded_and_falls_back_on_the_text():
    def scan(words: str):
        def draw(paper):
            paper.drawImage(picture(), 0, 0, 600, 800)
            for line in range(len(words) // 80 + 1):
                paper.drawString(40, 780 - 12 * line, words[80 * line : 80 * line + 80])

        return draw

    many = [scan("a stamped line of more than twenty-five")] * (scans._MOST_DRAWN + 3)
    found = looked_at(document_of(*many, scan("a full layer of text " * 60)))

    assert found._drawn == scans._MOST_DRAWN
    assert [one.number for one in found.pages][-3:] == [len(many) - 2, len(many) - 1, len(many)]


def test_a_title_page_is_not_drawn_to_decide(monkeypatch):
    monkeypatch.setattr(scans, "rendered", lambda *_: pytest.fail("drawn"))

    def draw(paper):
        paper.drawString(200, 600, "A report")
        paper.rect(50, 50, 500, 700)

    assert looked_at(document_of(draw, lambda paper: None)).pages == []


# -- letters that are drawn and are no text --------------------------------------------------------------------------

A_PAGE_OF_TEXT = ["a page with some ordinary text on every line of it, and more"] * 8


def outlines(text: str) -> Iterator[tuple[float, list[tuple[int, float, float, bool]]]]:
    """Yield how far each letter of Helvetica reaches and its outline, at a size of one point."""
    page = document_of(lambda paper: paper.drawString(10, 10, text))[0]
    font = pdfium.FPDFTextObj_GetFont(pdfium.FPDFPage_GetObject(page, 0))
    x, y, width = ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
    for letter in text:
        outline = pdfium.FPDFFont_GetGlyphPath(font, ord(letter), 1.0)
        pdfium.FPDFFont_GetGlyphWidth(font, ord(letter), 1.0, width)
        sides = []
        for index in range(pdfium.FPDFGlyphPath_CountGlyphSegments(outline)):
            side = pdfium.FPDFGlyphPath_GetGlyphPathSegment(outline, index)
            pdfium.FPDFPathSegment_GetPoint(side, x, y)
            closes = bool(pdfium.FPDFPathSegment_GetClose(side))
            sides.append((pdfium.FPDFPathSegment_GetType(side), x.value, y.value, closes))
        yield width.value, sides


def draw_outlines(paper, text: str, left: float, bottom: float, size: float, *, as_one: bool) -> None:
    """Draw the text as drawing programs do: each letter a shape, or all of the line one."""
    line = paper.beginPath()
    for width, sides in outlines(text):
        shape = line if as_one else paper.beginPath()
        curve: list[float] = []
        for kind, x, y, closes in sides:
            point = (left + x * size, bottom + y * size)
            if kind == pdfium.FPDF_SEGMENT_MOVETO:
                shape.moveTo(*point)
            elif kind == pdfium.FPDF_SEGMENT_LINETO:
                shape.lineTo(*point)
            else:
                curve += point
                if len(curve) == 6:
                    shape.curveTo(*curve)
                    curve = []
            if closes:
                shape.close()
        if not as_one and sides:
            paper.drawPath(shape, stroke=0, fill=1)
        left += width * size
    if as_one:
        paper.drawPath(line, stroke=0, fill=1)


def write_text(paper) -> None:
    for index, line in enumerate(A_PAGE_OF_TEXT):
        paper.drawString(60, 760 - 14 * index, line)


@pytest.mark.parametrize("as_one", [False, True], ids=["a shape a letter", "a shape a line"])
@pytest.mark.parametrize("size", [10, 14, 24])
def test_letters_drawn_beside_text_are_looked_at_where_they_are(size, as_one):
    def draw(paper):
        write_text(paper)
        draw_outlines(paper, "27 Larkspur Lane, Ashford", 120, 400, size, as_one=as_one)

    found = looked_at(document_of(draw))

    (picture,) = found.pictures
    assert found.pages == []
    assert picture.box.left < 120 / 600
    assert picture.box.right > (120 + 9 * size) / 600
    assert 0.35 < picture.box.top < 400 / 800 < picture.box.bottom < 0.65


def test_no_page_is_drawn_for_its_shapes_where_nobody_wants_pictures_recognised(monkeypatch):
    def draw(paper):
        write_text(paper)
        draw_outlines(paper, "27 Larkspur Lane, Ashford", 120, 400, 14, as_one=False)

    document = document_of(draw)
    assert looked_at(document).pictures
    monkeypatch.setattr(scans, "rendered", lambda *_, **__: pytest.fail("drawn"))
    assert looked_at(document, wanted=False).pictures == []


def test_letters_made_of_dots_are_looked_at(written):
    dots = written("27 Larkspur Lane", size=20).point([255 if level > 110 else 0 for level in range(256)])

    def draw(paper):
        write_text(paper)
        for y in range(dots.height):
            for x in range(dots.width):
                if not dots.getpixel((x, y)):
                    paper.rect(60 + x, 500 - y, 1, 1, stroke=0, fill=1)

    assert len(looked_at(document_of(draw)).pictures) == 1


def draw_bars(paper):
    for left in range(60, 540, 24):
        paper.rect(left, 100, 16, 40 + left % 190, stroke=0, fill=1)
    for height in range(100, 400, 20):
        paper.rect(50, height, 500, 0.7, stroke=0, fill=1)


def draw_boxes(paper):
    for down in range(5):
        for left in range(60, 500, 18):
            shape = paper.beginPath()
            shape.rect(left, 400 - 40 * down, 18, 18)
            shape.rect(left + 1, 401 - 40 * down, 16, 16)
            paper.drawPath(shape, stroke=0, fill=1, fillMode=0)


def draw_map(paper):
    for index in range(60):
        shape = paper.beginPath()
        x, y = 80 + 67 * index % 430, 100 + 41 * index % 330
        shape.moveTo(x, y)
        for step in range(1, 12):
            shape.lineTo(x + (step * 37) % 90, y + (step * 53) % 70)
        paper.setFillGray(index % 9 / 10)
        paper.drawPath(shape, stroke=0, fill=1)


@pytest.mark.parametrize("draw_more", [draw_bars, draw_boxes, draw_map])
def test_charts_boxes_and_maps_are_no_letters(draw_more):
    found = looked_at(document_of(lambda paper: (write_text(paper), draw_more(paper))))

    assert found.pictures == []
    assert found.pages == []


def test_a_page_of_text_and_a_few_shapes_is_not_drawn_to_decide(monkeypatch):
    monkeypatch.setattr(scans, "rendered", lambda *_, **__: pytest.fail("drawn"))

    def draw(paper):
        write_text(paper)
        paper.rect(50, 50, 500, 700)
        paper.roundRect(60, 100, 400, 80, 6, stroke=0, fill=1)
        paper.circle(300, 300, 40, stroke=0, fill=1)

    assert looked_at(document_of(draw)).pictures == []
