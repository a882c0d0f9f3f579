# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: what is drawn on a page, object by object, and where on the page as it is shown.

pdfium gives the objects of a page and of the forms in it, each in coordinates of its own.  Here they come in one list
that is made once a page, each with the matrix that leads to the page as a reader sees it, rotated and cropped.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium
from PIL import Image

_MOST_OBJECTS = 50_000
_DEEPEST_FORM = 16

Matrix = tuple[float, float, float, float, float, float]
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page as it is shown: shares of its width from the left and of its height from the top."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def scaled(self, width: float, height: float, margin: float = 0.0) -> tuple[float, float, float, float]:
        """Return the corners on a drawing of that size."""
        return (
            self.left * width - margin,
            self.top * height - margin,
            self.right * width + margin,
            self.bottom * height + margin,
        )

    def within_the_page(self) -> "Box":
        """Return what of the box is on the page."""
        return Box(*(min(1.0, max(0.0, side)) for side in (self.left, self.top, self.right, self.bottom)))

    def around(self, other: "Box") -> "Box":
        """Return the smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class Drawn(NamedTuple):
    """An object of a page.

    Attributes:
        item: As pdfium has it.
        kind: ``FPDF_PAGEOBJ_...``; forms are gone into and are none.
        matrix: From its coordinates to shares of the page as it is shown.
    """

    item: Any
    kind: int
    matrix: Matrix


def frame_of(page: Any) -> Matrix:
    """Return the matrix from the page's own coordinates to shares of the page as it is shown, rotation included."""
    size = 1_000_000
    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for point in ((0.0, 0.0), (1000.0, 0.0), (0.0, 1000.0)):
        pdfium.FPDF_PageToDevice(page, 0, 0, size, size, 0, *point, x, y)
        corners.append((x.value / size, y.value / size))
    (e, f), (ax, bx), (cx, dx) = corners
    return ((ax - e) / 1000, (bx - f) / 1000, (cx - e) / 1000, (dx - f) / 1000, e, f)


def placed(rectangle: Rectangle, matrix: Matrix) -> Rectangle:
    """Return left, top, right and bottom on the page, beyond it too."""
    left, bottom, right, top = rectangle
    a, b, c, d, e, f = matrix
    xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
    ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
    return min(xs), min(ys), max(xs), max(ys)


def on_page(rectangle: Rectangle, matrix: Matrix) -> Box:
    """Return what of a rectangle is on the page."""
    return Box(*placed(rectangle, matrix)).within_the_page()


def _within(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    oa, ob, oc, od, oe, of = outer
    return (
        a * oa + b * oc, a * ob + b * od, c * oa + d * oc, c * ob + d * od, e * oa + f * oc + oe, e * ob + f * od + of,
    )  # fmt: skip


def objects_on(page: Any) -> Iterator[Drawn]:
    """Yield what is drawn on a page, what is in forms too."""
    left = _MOST_OBJECTS
    forms: list[tuple[Any, Matrix, int]] = [(None, frame_of(page), 0)]
    while forms:
        form, matrix, depth = forms.pop()
        count = pdfium.FPDFFormObj_CountObjects(form) if form else pdfium.FPDFPage_CountObjects(page)
        for index in range(min(count, left)):
            item = pdfium.FPDFFormObj_GetObject(form, index) if form else pdfium.FPDFPage_GetObject(page, index)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind != pdfium.FPDF_PAGEOBJ_FORM:
                yield Drawn(item, kind, matrix)
            elif depth < _DEEPEST_FORM:
                own = pdfium.FS_MATRIX()
                if pdfium.FPDFPageObj_GetMatrix(item, own):
                    inner = (own.a, own.b, own.c, own.d, own.e, own.f)
                    forms.append((item, _within(inner, matrix), depth + 1))
        left -= min(count, left)


def bounds(item: Any) -> Rectangle:
    """Return left, bottom, right and top of an object in its own coordinates."""
    sides = [ctypes.c_float() for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(item, *sides)
    return sides[0].value, sides[1].value, sides[2].value, sides[3].value


def address_of(item: Any) -> int:
    """Return what tells an object of pdfium from another."""
    return ctypes.c_void_p.from_buffer(item).value or 0


def rendered(
    page: Any, scale: float, crop: tuple[float, float, float, float] = (0, 0, 0, 0), *, forms: bool = True
) -> Image.Image:
    """Return the page in grey, or what the *crop* of its four sides leaves."""
    bitmap = page.render(scale=scale, crop=crop, grayscale=True, may_draw_forms=forms)
    try:
        grey: Image.Image = bitmap.to_pil().convert("L").copy()  # what it shares with pdfium goes with the bitmap
    finally:
        bitmap.close()
    return grey
