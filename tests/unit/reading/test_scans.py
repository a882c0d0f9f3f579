# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pages must be recognised: the parts of the decision.  Whole documents are in test_pdf.py."""

import io

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from safehold.reading import scans
from safehold.reading.limits import Limits
from safehold.reading.scans import Box


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


def boxes(page) -> list[tuple[float, ...]]:
    return [
        tuple(round(side, 3) for side in (image.box.left, image.box.top, image.box.right, image.box.bottom))
        for image in scans._images(page)
    ]


def looked_at(document: pypdfium2.PdfDocument) -> scans.Scans:
    found = scans.Scans(Limits())
    for number, page in enumerate(document, 1):
        text_page = page.get_textpage()
        found.look_at(page, text_page, text_page.get_text_range(), number)
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
    assert scans._is_unmapped(text, len("".join(text.split()))) is unmapped


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

    assert scans._covered(list(scans._images(document_of(draw)[0]))) == pytest.approx(0.25, abs=0.02)


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
    monkeypatch.setattr(scans, "_rendered", lambda *_: pytest.fail("drawn"))

    def draw(paper):
        paper.drawString(200, 600, "A report")
        paper.rect(50, 50, 500, 700)

    assert looked_at(document_of(draw, lambda paper: None)).pages == []
