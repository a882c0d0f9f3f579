# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: the text of a page as pdfium tells it, and where that is not what the eye reads.

Three things come between.  A page that is shown on its side has its lines mixed.  Two texts that are set nearly on top
of each other (a shadow, a bold face made of two, a decoy in white) come out letter by letter in turn, "1122
AAccaacciiaa": pdfium orders what lies on one line by place, so such a page is read again piece by piece as it was
written.  And where a font gives its codes no meaning pdfium hands on the codes, which look like text as often as not:
"$FDFLD" for "Acacia".  Only the eye can read that, so the place is found, to be recognised, or to be said.

Cost: 0.3 ms a page for codes (every fifth character is asked) and 0.2 ms for lines (measured on 326 pages).
"""

import ctypes
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

# pdfium writes these for a hyphen at the end of a line, and joins the lines; a soft hyphen says the same.
_LINE_HYPHENS = ("\x02", "\ufffe")
_SOFT_HYPHEN = "\u00ad"
_STEP = 5
# A word of codes: bullets and signs stand alone or are all alike.
_A_WORD, _DIFFERENT = 5, 3
_MOST_PLACES = 40
_MOST_RECTANGLES = 5_000
_FEWEST_ON_TOP, _ON_TOP = 3, 0.4
_MOST_CHARACTERS = 30_000
_MOST_OBJECTS = 50_000

Rectangle = tuple[float, float, float, float]


def shown(text_page: Any) -> str:
    """Return the text of a page."""
    text: str = text_page.get_text_range()
    for hyphen in _LINE_HYPHENS:
        text = text.replace(hyphen, _SOFT_HYPHEN)
    return text


# -- codes without meaning ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unmapped:
    """The characters of a page whose font does not say what they are.

    Attributes:
        share: How many of all they are.
        places: Where words of them stand: left, bottom, right, top.
    """

    share: float = 0.0
    places: tuple[Rectangle, ...] = field(default=())


def unmapped(text_page: Any) -> Unmapped:
    """Return what of a page's text are codes without meaning."""
    count = pdfium.FPDFText_CountChars(text_page)
    has_no_meaning = pdfium.FPDFText_HasUnicodeMapError
    sampled = [index for index in range(0, count, _STEP) if has_no_meaning(text_page, index) == 1]
    if not sampled:
        return Unmapped()
    places: list[Rectangle] = []
    done = 0
    for index in sampled:
        if index < done or len(places) >= _MOST_PLACES:
            continue
        first = index
        while first > done and has_no_meaning(text_page, first - 1) == 1:
            first -= 1
        done = index + 1
        while done < count and has_no_meaning(text_page, done) == 1:
            done += 1
        codes = {pdfium.FPDFText_GetUnicode(text_page, place) for place in range(first, min(done, first + 200))}
        if done - first >= _A_WORD and len(codes) >= _DIFFERENT:
            places += _rectangles(text_page, first, done - first)
    return Unmapped(len(sampled) * _STEP / max(1, count), tuple(places))


def _rectangles(text_page: Any, start: int, count: int) -> Iterator[Rectangle]:
    for index in range(min(pdfium.FPDFText_CountRects(text_page, start, count), _MOST_PLACES)):
        yield _rectangle(text_page, index)


def _rectangle(text_page: Any, index: int) -> Rectangle:
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetRect(text_page, index, left, top, right, bottom)
    return left.value, bottom.value, right.value, top.value


# -- texts on top of each other -----------------------------------------------------------------------------------


def as_written(page: Any, text_page: Any, text: str) -> str:
    """Return the text in the order in which it was written, where texts lie on top of each other; else ""."""
    count = pdfium.FPDFText_CountRects(text_page, 0, -1)
    # A line is one piece or a few, and letters that come in turn are a piece each.
    if count < text.count("\n") + 2 * _FEWEST_ON_TOP or not _lie_on_top(text_page, min(count, _MOST_RECTANGLES)):
        return ""
    return "".join(_pieces(page, text_page))


def _lie_on_top(text_page: Any, count: int) -> bool:
    on_top = 0
    before = (0.0, 0.0, 0.0, 0.0)
    for index in range(count):
        now = _rectangle(text_page, index)
        width = min(now[2], before[2]) - max(now[0], before[0])
        height = min(now[3], before[3]) - max(now[1], before[1])
        on_top += width > 0 < height and width * height > _ON_TOP * min(_area(now), _area(before))
        if on_top >= _FEWEST_ON_TOP:
            return True
        before = now
    return False


def _area(one: Rectangle) -> float:
    return (one[2] - one[0]) * (one[3] - one[1])


def _pieces(page: Any, text_page: Any) -> Iterator[str]:
    """Yield the characters object by object, as the page draws them; an object is what one operator shows."""
    objects: dict[int, list[int]] = {}
    for index in range(min(pdfium.FPDFText_CountChars(text_page), _MOST_CHARACTERS)):
        item = pdfium.FPDFText_GetTextObject(text_page, index)
        if item:
            objects.setdefault(_address(item), []).append(index)
    left, low = ctypes.c_double(), ctypes.c_double()
    end = base = height = 0.0
    for address in itertools.islice(_drawn(page), _MOST_OBJECTS):
        for index in objects.get(address, ()):
            pdfium.FPDFText_GetLooseCharBox(text_page, index, box := pdfium.FS_RECTF())
            pdfium.FPDFText_GetCharOrigin(text_page, index, left, low)
            height = max(1.0, abs(box.top - box.bottom))
            if abs(low.value - base) > height / 2 or left.value < end - height:
                yield "\n"
            elif left.value > end + height / 8:
                yield " "
            yield chr(pdfium.FPDFText_GetUnicode(text_page, index) or 32)
            end, base = box.right, low.value


def _drawn(page: Any) -> Iterator[int]:
    """Yield what is drawn on a page, in order, forms gone into."""
    waiting: list[tuple[Any, int]] = [(None, index) for index in reversed(range(pdfium.FPDFPage_CountObjects(page)))]
    while waiting:
        form, index = waiting.pop()
        item = pdfium.FPDFFormObj_GetObject(form, index) if form else pdfium.FPDFPage_GetObject(page, index)
        if pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_FORM and len(waiting) < _MOST_OBJECTS:
            waiting += [(item, inner) for inner in reversed(range(pdfium.FPDFFormObj_CountObjects(item)))]
        else:
            yield _address(item)


def _address(item: Any) -> int:
    return ctypes.cast(item, ctypes.c_void_p).value or 0
