# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: which texts of a page no eye sees, as far as the objects of the page show it without being drawn.

A text may be set in a mode that paints nothing, clear as glass, white on paper, smaller than a dot, beside the page, or
on a layer that is off.  An honest page has none of it and pays one look at each of its texts.  What cannot be told
without drawing is not said: a text below an image is as often the words of a scan, white on a filled shape is a
headline.  So a page is asked where it says so itself; what covers a text is another question.
Sources: ISO 32000-2, 8.11 (layers), 9.3.6 (rendering modes), 11.6.4.4 (alpha).
"""

import ctypes
import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pypdfium2.raw as pdfium
from PIL import Image
from pypdfium2 import PdfBitmap

from safehold.model import Visibility
from safehold.reading.pages.page_objects import Box, Drawn, Matrix, Rectangle, address_of, bounds, placed, rendered

_UNPAINTED, _CLIPS = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP
_STROKED = frozenset((pdfium.FPDF_TEXTRENDERMODE_STROKE, pdfium.FPDF_TEXTRENDERMODE_STROKE_CLIP))
_BOTH = frozenset((pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE, pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE_CLIP))
_CLEAR = 8  # of 255
_WHITE = 225
_TINY = 1.5  # points
_NO_MATRIX: Matrix = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_LAYER = "OC"
_LONGEST_NAME = 512
_MOST_MARKS = 8
_LONG_TEXT = 65_536
_MOST_COVERS, _MOST_COMPARED = 2_000, 2_000_000
# Pages of one document that are drawn, because white is also what a pattern calls itself; and how large.
_MOST_DRAWN, _SIDE = 24, 600
_MOST_TEXTS_DRAWN = 50
_A_WORD = 5


class Hidden:
    """What is hidden on the pages of one document.

    Args:
        layers: The names of its layers that are off.

    Attributes:
        has_letters_apart: On the page that was looked at last, texts as short as a letter stand in a row.
    """

    def __init__(self, layers: Collection[str] = frozenset()) -> None:
        self.layers = layers
        self.left_to_draw = _MOST_DRAWN
        self.texts_left_to_draw = _MOST_TEXTS_DRAWN
        self.has_letters_apart = False

    def on(self, page: Any, text_page: Any, objects: list[Drawn]) -> dict[int, Visibility]:
        """Return the texts on a page that no eye sees, by the address of their object, and why not; no blank ones."""
        look = _Look(self, page, objects)
        found: dict[int, Visibility] = {}
        for one in objects:
            if one.kind != pdfium.FPDF_PAGEOBJ_TEXT:
                continue
            why = look.why_hidden(one)
            if why is not None and _says_something(one.item, text_page):
                found[address_of(one.item)] = why
        self.has_letters_apart = look.row >= _A_WORD
        return found


def _says_something(item: Any, text_page: Any) -> bool:
    size = pdfium.FPDFTextObj_GetText(item, text_page, None, 0)
    if not 2 < size < _LONG_TEXT:
        return bool(size >= _LONG_TEXT)
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDFTextObj_GetText(item, text_page, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return bool(buffer.raw[: size - 2].decode("utf-16-le", "replace").strip())


class _Window:
    """What of the plane in which a text stands is on the page, and how many points its unit is there."""

    def __init__(self, matrix: Matrix, points: tuple[float, float]) -> None:
        a, b, c, d, e, f = matrix
        span = a * d - b * c
        self.points = (abs(span) * points[0] * points[1]) ** 0.5
        self.left = self.bottom = -math.inf
        self.right = self.top = math.inf
        if span:
            corners = [(x - e, y - f) for x in (0, 1) for y in (0, 1)]
            xs = [(d * x - c * y) / span for x, y in corners]
            ys = [(a * y - b * x) / span for x, y in corners]
            self.left, self.right, self.bottom, self.top = min(xs), max(xs), min(ys), max(ys)


class _Look:
    """One look at the texts of a page."""

    def __init__(self, document: Hidden, page: Any, objects: list[Drawn]) -> None:
        self._document = document
        self._page = page
        self._objects = objects
        self._points = page.get_size()
        self._images: list[Rectangle] | None = None
        self._paints: list[Rectangle] = []
        self._whites: list[Rectangle] = []
        self._picture: Image.Image | None = None
        self._colours = tuple(ctypes.c_uint() for _ in range(4))
        self.row = self._row = 0  # most texts in a row, on a line, that are as short as a letter
        self._line = 0.0
        self._left_to_compare = _MOST_COMPARED
        self._sides = tuple(ctypes.c_float() for _ in range(4))
        self._matrix: Matrix = _NO_MATRIX
        self._window = _Window(_NO_MATRIX, self._points)

    def why_hidden(self, text: Drawn) -> Visibility | None:
        """Return why a text is not seen, None where it may be."""
        if self._document.layers and self._is_on_hidden_layer(text.item):
            return Visibility.HIDDEN_LAYER
        if text.matrix is not self._matrix:
            self._matrix, self._window = text.matrix, _Window(text.matrix, self._points)
        pdfium.FPDFPageObj_GetBounds(text.item, *self._sides)
        left, bottom, right, top = [side.value for side in self._sides]
        window = self._window
        high = top - bottom
        is_letter = 0 < right - left < 1.6 * high and abs(bottom - self._line) < high
        self._row, self._line = self._row + 1 if is_letter else 0, bottom
        self.row = max(self.row, self._row)
        if right < window.left or left > window.right or top < window.bottom or bottom > window.top:
            return Visibility.OFF_PAGE
        # Marks and dots are small too: only then is the size of the font asked.
        if min(right - left, top - bottom) * window.points < _TINY and self._is_tiny(text):
            return Visibility.TINY
        return self._why_unpainted(text, (left, bottom, right, top))

    def _why_unpainted(self, text: Drawn, sides: Rectangle) -> Visibility | None:
        mode = pdfium.FPDFTextObj_GetTextRenderMode(text.item)
        if not mode:  # nearly always
            darkest, alpha = self._shade(pdfium.FPDFPageObj_GetFillColor, text.item)
            if darkest < _WHITE and alpha > _CLEAR:
                return None
        place = placed(sides, text.matrix)
        if mode == _UNPAINTED:
            return None if self._is_in(place, self._under()) else Visibility.HIDDEN
        if mode == _CLIPS:  # letters cut out of what is painted there
            return None if self._is_in(place, [*self._under(), *self._paints]) else Visibility.HIDDEN
        shades = [self._shade(pdfium.FPDFPageObj_GetFillColor, text.item)] if mode not in _STROKED else []
        if mode in _STROKED or mode in _BOTH:
            shades.append(self._shade(pdfium.FPDFPageObj_GetStrokeColor, text.item))
        if all(alpha <= _CLEAR for _, alpha in shades):
            return Visibility.HIDDEN
        if any(darkest < _WHITE for darkest, alpha in shades if alpha > _CLEAR):
            return None
        if self._is_in(place, [*self._under(), *self._paints]):
            return None
        # A pattern calls itself white.
        if self._is_in(place, self._whites) and self._shows(place):
            return None
        is_doubtful = mode not in _STROKED and shades[0][0] == 255
        return None if is_doubtful and self._has_pattern(text.item, sides) else Visibility.WHITE

    def _shade(self, ask: Any, item: Any) -> tuple[int, int]:
        """Return the darkest of the three colours, and the alpha."""
        red, green, blue, alpha = self._colours
        if not ask(item, red, green, blue, alpha):
            return 0, 255
        return min(red.value, green.value, blue.value), alpha.value

    def _is_tiny(self, text: Drawn) -> bool:
        own = pdfium.FS_MATRIX()
        size = self._sides[0]
        if not pdfium.FPDFTextObj_GetFontSize(text.item, size) or not pdfium.FPDFPageObj_GetMatrix(text.item, own):
            return False
        a, b, c, d, _, _ = text.matrix
        # How far a unit to the side and a unit up lead on the page.
        aside, up = (
            ((a * x + c * y) * self._points[0], (b * x + d * y) * self._points[1])
            for x, y in ((own.a, own.b), (own.c, own.d))
        )
        return bool(abs(size.value) * min(math.hypot(*aside), math.hypot(*up)) < _TINY)

    # -- what is under a text -------------------------------------------------------------------------------------

    def _under(self) -> list[Rectangle]:
        """Return where images are; looked for once, and with them where anything is painted that is not white."""
        if self._images is None:
            self._images = []
            for item, kind, matrix in self._objects:
                if len(self._images) + len(self._paints) >= _MOST_COVERS:
                    break
                if kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING):
                    self._images.append(placed(bounds(item), matrix))
                elif kind == pdfium.FPDF_PAGEOBJ_PATH and self._is_painted(item, matrix):
                    self._paints.append(placed(bounds(item), matrix))
        return self._images

    def _is_painted(self, item: Any, matrix: Matrix) -> bool:
        mode, stroked = ctypes.c_int(), ctypes.c_int()
        if not pdfium.FPDFPath_GetDrawMode(item, mode, stroked):
            return False
        darkest, alpha = self._shade(pdfium.FPDFPageObj_GetFillColor, item)
        if darkest == 255 and mode.value:
            self._whites.append(placed(bounds(item), matrix))
        return bool(mode.value) and alpha > _CLEAR and darkest < _WHITE

    def _has_pattern(self, item: Any, sides: Rectangle) -> bool:
        """Return whether a text, drawn by itself, is not white."""
        if self._document.texts_left_to_draw <= 0:
            return False
        self._document.texts_left_to_draw -= 1
        scale = min(1.0, _SIDE / max(1.0, sides[2] - sides[0], sides[3] - sides[1]))
        raw = pdfium.FPDFTextObj_GetRenderedBitmap(self._page.pdf, self._page, item, scale)
        if not raw:
            return False
        drawn = PdfBitmap.from_raw(raw).to_pil().convert("RGBA")  # it goes with its last user
        paper = Image.new("RGBA", drawn.size, "white")
        paper.alpha_composite(drawn)
        return any(paper.convert("L").histogram()[:_WHITE])

    def _shows(self, place: Rectangle) -> bool:
        """Return whether the page is not blank there."""
        if self._picture is None:
            if self._document.left_to_draw <= 0:
                return False
            self._document.left_to_draw -= 1
            self._picture = rendered(self._page, _SIDE / max(1.0, *self._points), forms=False)
        width, height = self._picture.size
        left, top, right, bottom = Box(*place).within_the_page().scaled(width, height)
        piece = self._picture.crop((int(left), int(top), int(right) + 1, int(bottom) + 1))
        return any(piece.histogram()[:_WHITE])

    def _is_on_hidden_layer(self, item: Any) -> bool:
        for index in range(min(pdfium.FPDFPageObj_CountMarks(item), _MOST_MARKS)):
            mark = pdfium.FPDFPageObj_GetMark(item, index)
            if self._name(lambda *rest, mark=mark: pdfium.FPDFPageObjMark_GetName(mark, *rest)) == _LAYER:
                ask = lambda *rest, mark=mark: pdfium.FPDFPageObjMark_GetParamStringValue(mark, b"Name", *rest)  # noqa: E731
                if self._name(ask) in self._document.layers:
                    return True
        return False

    @staticmethod
    def _name(ask: Callable[..., int]) -> str:
        buffer, size = ctypes.create_string_buffer(_LONGEST_NAME), ctypes.c_ulong()
        if not ask(ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), _LONGEST_NAME, size):
            return ""
        return buffer.raw[: max(0, min(size.value, _LONGEST_NAME) - 2)].decode("utf-16-le", "replace")

    def _is_in(self, place: Rectangle, others: Sequence[Rectangle]) -> bool:
        self._left_to_compare -= len(others)
        if self._left_to_compare < 0:
            return False
        x, y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
        return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in others)
