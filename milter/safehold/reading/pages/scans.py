# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a PDF says more to the eye than its text does, and must be recognised: whole pages, and pictures on others.

A page is asked where images cover much of it or it has hardly any text.  It is drawn small, what its text explains is
wiped out, and the ink that is left decides: a scan with a stamped line keeps nearly all of it, a scan with the
scanner's own full text layer hardly any, and text that was drawn as outlines keeps all though there is no image.

Measured on 219 pages of public PDFs (118 of forms, letters and test files of mail software; 101 of scans, of OCR test
files and of court papers), how many pages each rule would have recognised:

    A  fewer than 25 characters, and images over 30 % of the page     37 (of the 118: 5)
    B  fewer than 500 characters inside the images' frame, the same   47 (6): one with a full text layer too
    C  the ink, as built                                              51 (6)

A misses 14 that C has: nine scans and figures with a stamp, a page header or a caption, and five without large
images (outlines, fonts without meaning, a photograph).  C spares all four scans that had a full text layer: 0.02 to
0.13 of their ink was left, of the scans with a stamp 0.79 to 0.95, so the limit lies between.  Deciding costs 1.5 ms a
page.

A page of text on which many small shapes are filled is drawn with these alone, and what looks like lines of letters
there is recognised where it is: an address that was turned into outlines stands beside ordinary text.  Of 111 pages of
forms and test files 16 are drawn for it and five have such a place, each the boxes for single letters of a form; lines
of 10 to 36 points are found, of 8 points not all.  That costs 17 to 28 ms on such a page and nothing on others: 0.3 ms
a page in the median, 3.0 ms on average.
"""

import contextlib
import ctypes
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageDraw

from safehold.reading.limits import Limits
from safehold.reading.pages import page_text
from safehold.reading.pages.page_objects import Box, Drawn, Matrix, bounds, frame_of, on_page, rendered
from safehold.reading.pictures import pixels, writing

# Design notes 2.9.
_FEW_CHARACTERS = 25
_MUCH = 0.3
# A page with less text than this is looked at whatever is on it; ordinary pages have 1,500 to 3,500.
_LITTLE_TEXT = 200
# Share of all ink that no text explains, with images and without (where it may be the lines of a form, up to 0.55),
# and share of the page that such ink must cover: about one line of print.
_OF_SCANS, _OF_OTHERS = 0.5, 0.7
_A_LINE_OF_INK = 0.004
# Share of the characters for which the font gives no meaning.  Bullets and logos alone are a few in a hundred.
_UNMAPPED = 0.3
_NO_CHARACTER = re.compile("[\x00-\x08\x0e-\x1b\ue000-\uf8ff\ufffd]")

# Letters as outlines on a page that has text: so many sides of small filled shapes (a word has a hundred or more).
_OUTLINES = 100
_FEWEST_SIDES, _OF_BOXES, _OF_PANELS = 4, 8, 24
_LARGEST = (24.0, 72.0)  # points: of what has few sides and may be a letter, and of what has more
_SIDE_FOR_SHAPES = 1600
_MOST_SHAPES = 5_000

# A frame and a few rules; one word in outlines is a hundred.
_FEW_SEGMENTS = 40
# Pages of one document that are drawn small to decide (20 to 90 ms each); after these the text inside the images does.
_MOST_DRAWN = 24
_ENOUGH_TEXT = 500
_SMALL_SIDE = 600
_MOST_RECTANGLES = 5_000

# Pictures on pages that are not recognised as a whole: at least 2 cm by 6 mm on A4.
_LEAST_WIDTH, _LEAST_HEIGHT = 0.1, 0.02
_MOST_PICTURES_ON_PAGE, _MOST_PICTURES = 20, 200
_FINEST_DPI = 400
# A4 at 300 dpi: a larger page is not drawn finer than its own picture is.
_PAGE_PIXELS = 2480 * 3508
_GRID = 64
# What is cut out around a line, in shares of the page: letters reach over the box that their font tells.
_ROUND = 0.01

_NOWHERE: Matrix = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Image:
    box: Box
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be recognised.

    Attributes:
        number: The page.
        box: The place on it.
        dpi: The dots an inch at which it should be drawn.
        codes: It is text there, whose font does not say what it means.
    """

    number: int
    box: Box
    dpi: float
    codes: bool = False


@dataclass(slots=True)
class Scans:
    """What was found so far in one document.

    Attributes:
        wanted: Somebody would have pictures recognised: else no page is drawn to look for letters among its shapes.
        pages: Pages to be recognised as a whole, and places on others where text is that has no meaning but to the eye.
        pictures: Pictures on the other pages.
        too_large: Pages with an image that has more pixels than may be decoded.
    """

    limits: Limits
    wanted: bool
    pages: list[Picture] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    too_large: list[int] = field(default_factory=list)
    _drawn: int = 0

    def look_at(self, page: Any, text_page: Any, text: str, number: int, objects: list[Drawn]) -> None:
        """Decide about one page that has *text* and on which *objects* are drawn."""
        images, sides = _content(page, objects)
        if any(image.pixels > self.limits.picture_pixels for image in images):
            self.too_large.append(number)
            return
        codes = page_text.unmapped(text_page)
        if codes.share >= _UNMAPPED or _is_unmapped(text):
            self.pages.append(Picture(number, Box(), self._page_dpi(page, images), codes=True))
            return
        self.pages += self._places_of(codes, page, number)
        much = _covered(images) > _MUCH
        if self._is_picture(page, text_page, text, much=much):
            self.pages.append(Picture(number, Box(), self._page_dpi(page, images)))
        elif not much:  # else the text was found to be what the images show
            self.pictures += self._pictures_on(page, images, number)
            if self.wanted and sides >= _OUTLINES:
                self._outlines_on(page, text_page, number, objects)

    def _places_of(self, codes: page_text.Unmapped, page: Any, number: int) -> Iterator[Picture]:
        """Yield where words stand that only the eye can read, on a page of others."""
        frame = frame_of(page) if codes.places else _NOWHERE
        for place in codes.places:
            box = on_page(place, frame)
            wide = Box(box.left - _ROUND, box.top - _ROUND, box.right + _ROUND, box.bottom + _ROUND)
            yield Picture(number, wide.within_the_page(), self.limits.ocr_dpi, codes=True)

    def _is_picture(self, page: Any, text_page: Any, text: str, *, much: bool) -> bool:
        characters = len("".join(text.split()))
        if characters < _FEW_CHARACTERS and much:
            return True
        if not much and characters >= _LITTLE_TEXT:
            return False
        if not much and _is_bare(page, characters):
            return False
        if self._drawn >= _MOST_DRAWN:
            return much and characters < _ENOUGH_TEXT
        self._drawn += 1
        ink, unexplained = _ink(page, text_page)
        return unexplained > max(_A_LINE_OF_INK, (_OF_SCANS if much else _OF_OTHERS) * ink)

    def _outlines_on(self, page: Any, text_page: Any, number: int, objects: list[Drawn]) -> None:
        """Look for letters that are drawn and are no text, beside text that is: from a drawing program, or to hide."""
        if self._drawn >= _MOST_DRAWN:
            return
        self._drawn += 1
        place = writing.place_of_print(_shapes(page, text_page, objects))
        if place is not None:
            self.pictures.append(Picture(number, Box(*place), self.limits.ocr_dpi))

    def _page_dpi(self, page: Any, images: list[_Image]) -> float:
        width, height = page.get_size()
        finest = max(_PAGE_PIXELS, min(self.limits.render_pixels, max((i.pixels for i in images), default=0)))
        return float(min(self.limits.ocr_dpi, 72 * (finest / max(1.0, width * height)) ** 0.5))

    def _pictures_on(self, page: Any, images: list[_Image], number: int) -> Iterator[Picture]:
        width = page.get_size()[0]
        room = min(_MOST_PICTURES_ON_PAGE, _MOST_PICTURES - len(self.pictures))
        for group in _groups(images)[: max(0, room)]:
            box = group[0].box
            for image in group[1:]:
                box = box.around(image.box)
            if box.right - box.left < _LEAST_WIDTH or box.bottom - box.top < _LEAST_HEIGHT:
                continue
            finest = max(72 * image.width / max(1.0, (image.box.right - image.box.left) * width) for image in group)
            yield Picture(number, box, min(_FINEST_DPI, max(self.limits.ocr_dpi, finest)))


def drawn(page: Any, picture: Picture, limits: Limits) -> Image.Image:
    """Return the picture in grey.

    Raises:
        pypdfium2.PdfiumError: pdfium cannot draw the page.
    """
    width, height = page.get_size()
    left, top, right, bottom = picture.box.scaled(width, height)
    pixels = max(1.0, (right - left) * (bottom - top)) * (picture.dpi / 72) ** 2
    scale = picture.dpi / 72 * min(1.0, (limits.render_pixels / pixels) ** 0.5)
    return rendered(page, scale, (left, height - bottom, width - right, top))


# -- ink ----------------------------------------------------------------------------------------------------------


def _ink(page: Any, text_page: Any) -> tuple[float, float]:
    """Return which share of the page is ink, and which share is ink that its text does not explain."""
    ink, share = pixels.ink(_small(page, _SMALL_SIDE))
    _wipe_text(ink, page, text_page, 0)
    return share, ink.histogram()[255] / (ink.width * ink.height)


def _small(page: Any, side: int) -> Image.Image:
    # Values of forms are ink that is no text of the page, and are read as what they are.
    return rendered(page, side / max(1.0, *page.get_size()), forms=False)


def _wipe_text(picture: Image.Image, page: Any, text_page: Any, shade: int) -> None:
    frame = frame_of(page)
    wiper = ImageDraw.Draw(picture)
    for index in range(min(text_page.count_rects(), _MOST_RECTANGLES)):
        x0, y0, x1, y1 = on_page(text_page.get_rect(index), frame).scaled(*picture.size, margin=2)
        if x0 <= x1 and y0 <= y1:
            wiper.rectangle((x0, y0, x1, y1), fill=shade)


def _is_bare(page: Any, characters: int) -> bool:
    """Return whether there is nothing on the page but its text and a few lines, so that it need not be drawn."""
    texts = segments = 0
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        item = pdfium.FPDFPage_GetObject(page, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            texts += 1
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            segments += max(0, pdfium.FPDFPath_CountSegments(item))
        else:
            return False
        if segments > _FEW_SEGMENTS:
            return False
    return texts <= characters and not pdfium.FPDFPage_GetAnnotCount(page)


def _is_unmapped(text: str) -> bool:
    """Return whether the font gives no meaning to much of the text, so that only the eye can read it."""
    unknown = len(_NO_CHARACTER.findall(text))
    return unknown > 0 and unknown >= _UNMAPPED * len("".join(text.split()))


# -- images and where they are ------------------------------------------------------------------------------------


def _content(page: Any, objects: list[Drawn]) -> tuple[list[_Image], int]:
    """Return the images of a page, and how many sides the small filled shapes on it have: letters have dozens.

    Images inside forms are where the form puts them; stamps may hold one.
    """
    images: list[_Image] = []
    sides = 0
    for item, kind, matrix in objects:
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            images += _image(item, matrix)
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and sides < _OUTLINES:
            sides += _sides(item)
    return [*images, *_stamps(page)], sides


def _shapes(page: Any, text_page: Any, objects: list[Drawn]) -> Image.Image:
    """Return the small filled shapes of a page alone, in grey on white."""
    grey = _small(page, _SIDE_FOR_SHAPES)
    _wipe_text(grey, page, text_page, 255)
    mask = Image.new("L", grey.size)
    pen = ImageDraw.Draw(mask)
    paths = (one for one in objects if one.kind == pdfium.FPDF_PAGEOBJ_PATH)
    for item, _, matrix in itertools.islice(paths, _MOST_SHAPES):
        if _sides(item):
            pen.rectangle(on_page(bounds(item), matrix).scaled(*grey.size, margin=1), fill=255)
    return Image.composite(grey, Image.new("L", grey.size, 255), mask)


def _sides(item: Any) -> int:
    """Return of how many sides a shape is that may be a letter, a piece of one or a line of them; else 0."""
    sides: int = pdfium.FPDFPath_CountSegments(item)
    mode, stroked = ctypes.c_int(), ctypes.c_int()
    if sides < _FEWEST_SIDES or not pdfium.FPDFPath_GetDrawMode(item, mode, stroked) or not mode.value:
        return 0
    left, bottom, right, top = bounds(item)
    long = max(right - left, top - bottom)
    # Boxes, bars and rules; panels with round corners.
    return 0 if long > _LARGEST[sides > _OF_BOXES] and sides <= _OF_PANELS else sides


def _image(item: Any, matrix: Matrix) -> Iterator[_Image]:
    sides = [ctypes.c_float() for _ in range(4)]
    if pdfium.FPDFPageObj_GetBounds(item, *sides):
        width, height = ctypes.c_uint(), ctypes.c_uint()
        pdfium.FPDFImageObj_GetImagePixelSize(item, width, height)
        rectangle = (sides[0].value, sides[1].value, sides[2].value, sides[3].value)
        yield _Image(on_page(rectangle, matrix), width.value, height.value)


def _stamps(page: Any) -> Iterator[_Image]:
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_PICTURES)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        with contextlib.suppress(pypdfium2.PdfiumError):
            place = pdfium.FS_RECTF()
            if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_STAMP and pdfium.FPDFAnnot_GetRect(
                annotation, place
            ):
                yield _Image(on_page((place.left, place.bottom, place.right, place.top), frame_of(page)), 0, 0)
        pdfium.FPDFPage_CloseAnnot(annotation)


def _marked(boxes: list[Box]) -> Image.Image:
    grid = Image.new("L", (_GRID, _GRID))
    pen = ImageDraw.Draw(grid)
    for box in boxes:
        x0, y0, x1, y1 = (round(side) for side in box.scaled(_GRID, _GRID))
        if x0 < x1 and y0 < y1:
            pen.rectangle((x0, y0, x1 - 1, y1 - 1), fill=255)
    return grid


def _covered(images: list[_Image]) -> float:
    """Return which share of the page images cover, each spot counted once."""
    return _marked([image.box for image in images]).histogram()[255] / _GRID**2


def _groups(images: list[_Image]) -> list[list[_Image]]:
    """Return the images that touch, together: scanners and printers cut one picture into bands."""
    groups: list[tuple[Box, list[_Image]]] = []
    for image in images[:_MOST_PICTURES]:
        box, members = image.box, [image]
        apart = []
        for other in groups:
            if _touch(box, other[0]):
                box, members = box.around(other[0]), [*other[1], *members]
            else:
                apart.append(other)
        groups = [*apart, (box, members)]
    return [members for _, members in groups]


def _touch(one: Box, other: Box, gap: float = 0.002) -> bool:
    return (
        one.left <= other.right + gap
        and other.left <= one.right + gap
        and one.top <= other.bottom + gap
        and other.top <= one.bottom + gap
    )
