# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks like writing and what does not.  The shares over real photographs are in the docstring of `ocr`."""

import random

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from safehold.reading.pictures import writing

LINE = "27 Larkspur Lane, Westmere"


def noise(size: tuple[int, int], seed: int = 7) -> Image.Image:
    return Image.frombytes("L", size, random.Random(seed).randbytes(size[0] * size[1]))


def shapes(size: tuple[int, int] = (1400, 1000)) -> Image.Image:
    picture = Image.new("L", size, 250)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((200, 150, 700, 650), fill=90)
    pen.rectangle((800, 300, 1200, 900), fill=160)
    pen.line((0, 950, 1400, 700), fill=30, width=9)
    return picture


def hills(size: tuple[int, int] = (1600, 1100)) -> Image.Image:
    """A sky that grows lighter and rough ground below it."""
    picture = Image.linear_gradient("L").resize(size).point([120 + level // 3 for level in range(256)])
    ground = noise((size[0], 500)).filter(ImageFilter.GaussianBlur(9))
    picture.paste(ImageOps.autocontrast(ground).point([40 + level // 3 for level in range(256)]), (0, 600))
    return picture


def in_a_photograph(letters: Image.Image) -> Image.Image:
    picture = hills()
    picture.paste(letters, (700, 300))
    return picture


@pytest.mark.parametrize("side", [330, 700, 1000, 1400])
def test_noise_is_the_same_everywhere(side):
    """Decided before anything is turned or recognised: it costs Tesseract a second, and says nothing."""
    assert writing.is_the_same_everywhere(noise((side, side)))
    assert writing.is_the_same_everywhere(noise((side, side)).resize((2 * side, 2 * side), Image.Resampling.BICUBIC))


def test_a_blank_sheet_is_the_same_everywhere_and_one_word_on_it_is_not(written):
    sheet = ImageChops.add(Image.new("L", (1600, 1200), 240), noise((1600, 1200)).point([v // 16 for v in range(256)]))
    assert writing.is_the_same_everywhere(sheet)

    sheet.paste(written("Lane", size=24), (700, 600))
    assert not writing.is_the_same_everywhere(sheet)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(shapes(), id="shapes"),
        pytest.param(hills(), id="hills"),
        pytest.param(Image.linear_gradient("L").resize((1400, 900)), id="a gradient"),
        pytest.param(Image.radial_gradient("L").resize((1200, 1200)), id="a spot of light"),
        pytest.param(Image.new("L", (900, 600), 240), id="one colour"),
    ],
)
def test_what_is_no_writing_is_given_up(picture):
    assert not writing.has_writing(picture)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda written: written(LINE, size=26), id="a line"),
        pytest.param(lambda written: written("Lane", size=12), id="a small word"),
        pytest.param(lambda written: written("24", size=40), id="a number"),
        pytest.param(lambda written: written(LINE, size=26, ink=255, paper=0), id="white on black"),
        pytest.param(lambda written: written(LINE, size=26, ink=225), id="light grey on white"),
        pytest.param(lambda written: written(LINE, size=26, picture=(2400, 1600)), id="a line on a large sheet"),
        pytest.param(
            lambda written: written(LINE, size=26, ink=240, picture=(2400, 1600)), id="a pale line on a large sheet"
        ),
        pytest.param(lambda written: written(LINE, size=120), id="large letters"),
        pytest.param(lambda written: written(LINE, size=26).rotate(90, expand=True), id="sideways"),
        pytest.param(
            lambda written: written(LINE, size=26).rotate(4, Image.Resampling.BICUBIC, expand=True, fillcolor=255),
            id="a little askew",
        ),
        pytest.param(lambda written: in_a_photograph(written(LINE, size=16)), id="small, in a photograph"),
        pytest.param(
            lambda written: in_a_photograph(written("Mill Lane", size=44, ink=250, paper=20)), id="a sign in one"
        ),
    ],
)
def test_writing_is_seen(written, make):
    assert writing.has_writing(make(written))


def test_lines_are_counted(written):
    page = written("\n".join([f"{LINE} {LINE}"] * 9), size=24)

    assert 7 <= writing.lines_of_writing(page, 4) <= 20
    assert writing.lines_of_writing(shapes(), 4) == 0


def test_print_is_found_where_it_is_and_boxes_in_a_row_are_none(written):
    page = Image.new("L", (1200, 1600), 255)
    pen = ImageDraw.Draw(page)
    for left in range(100, 1000, 40):
        pen.rectangle((left, 200, left + 40, 240), outline=0)
    assert writing.place_of_print(page) is None

    page.paste(written(LINE, size=22), (300, 900))
    left, top, right, bottom = writing.place_of_print(page)

    assert 0.1 < left < 0.3 < 0.5 < right < 0.75
    assert 0.5 < top < 0.58 < 0.59 < bottom < 0.67


@pytest.mark.parametrize("margin", [0, 8])
@pytest.mark.parametrize(("size", "gap"), [(14, 3), (24, 6), (32, 12)])
def test_a_page_that_print_fills_to_its_edges_is_not_bare(size, gap, margin):
    """A screenshot or a closely cropped page has no place that stands out, and is full of words."""
    page = Image.new("L", (1200, 900), 255)
    pen, face = ImageDraw.Draw(page), ImageFont.load_default(size)
    for number, top in enumerate(range(margin, 900 - margin, size + gap)):
        pen.text(
            (margin, top), " ".join(f"{number} she lives at the house of her sister {n}" for n in range(9)), 0, face
        )

    assert not writing.is_bare(page)
    assert writing.has_writing(page)


def test_noise_and_a_blank_sheet_are_bare():
    assert writing.is_bare(noise((900, 900)))
    assert writing.is_bare(Image.new("L", (1200, 900), 250))
