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
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

from safehold.model import Visibility
from safehold.reading.pages.page_objects import address_of

# pdfium writes these for a hyphen at the end of a line, and joins the lines; a soft hyphen says the same.
_LINE_HYPHENS = ("\x02", "\ufffe")
_SOFT_HYPHEN = "\u00ad"
# Four letters and more, each by itself.
_APART = re.compile(r"(?<!\S)\w(?!\S)(?:[ \u00a0]{1,4}\w(?!\S)){3,}+")
_FAR_WIDER = 1.4
_UNEVEN = 0.1
_SPACE = re.compile(r"\s+")
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
    return _tidy(text_page.get_text_range())


def _tidy(text: str) -> str:
    for hyphen in _LINE_HYPHENS:
        text = text.replace(hyphen, _SOFT_HYPHEN)
    return text


# -- texts that no eye sees ---------------------------------------------------------------------------------------


def seen(text_page: Any, hidden: Mapping[int, Visibility]) -> str:
    """Return the text of a page without that of *hidden* objects."""
    return _tidy("".join(text for text, why in _runs(text_page, hidden) if why is None))


def unseen(page: Any, text_page: Any, hidden: Mapping[int, Visibility]) -> dict[Visibility, str]:
    """Return the text of *hidden* objects as it was written, and whole each word of which a part is hidden."""
    ways = dict.fromkeys(hidden.values())
    found = {way: "".join(_pieces(page, text_page, {one for one, why in hidden.items() if why is way})) for way in ways}
    for word, way in _mixed_words(_runs(text_page, hidden)):
        found[way] += f"\n{word}"
    return {way: _tidy(text) for way, text in found.items()}


def _runs(text_page: Any, hidden: Mapping[int, Visibility]) -> Iterator[tuple[str, Visibility | None]]:
    """Yield the text of a page in runs that are hidden alike, or not at all."""
    count = pdfium.FPDFText_CountChars(text_page)
    start, way = 0, None
    for index in range(min(count, _MOST_CHARACTERS)):
        item = pdfium.FPDFText_GetTextObject(text_page, index)
        now = hidden.get(address_of(item)) if item else way  # what pdfium puts between goes with what is before
        if now is not way:
            if index > start:
                yield text_page.get_text_range(start, index - start), way
            start, way = index, now
    if count > start:
        yield text_page.get_text_range(start, min(count, max(start, _MOST_CHARACTERS)) - start), way
    if count > _MOST_CHARACTERS:
        yield text_page.get_text_range(_MOST_CHARACTERS, count - _MOST_CHARACTERS), None


def _mixed_words(runs: Iterable[tuple[str, Visibility | None]]) -> Iterator[tuple[str, Visibility]]:
    """Yield the words of which a part is hidden and a part is not, or is in another way."""
    word, ways = "", dict[Visibility | None, None]()
    for text, way in itertools.chain(runs, [(" ", None)]):
        first, *others = _SPACE.split(text)
        for index, piece in enumerate((first, *others)):
            if index:
                hiding = [one for one in ways if one is not None]
                if hiding and len(ways) > 1:
                    yield word, hiding[0]
                word, ways = "", {}
            if piece:
                word, ways = word + piece, {**ways, way: None}


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


# -- letters set apart --------------------------------------------------------------------------------------------


def set_apart(text_page: Any, text: str, hidden: Collection[int] = (), *, letters: bool = False) -> str:
    """Return the words that are set letter by letter, "q u i l l", a line for each run of such; "" where none is.

    Args:
        text_page: The page.
        text: Its text.
        hidden: The texts on it that no eye sees.
        letters: Single letters are placed on it: pdfium puts spaces behind the narrow ones only.
    """
    if not letters and not _APART.search(text):
        return ""
    places: Sequence[int] = range(min(pdfium.FPDFText_CountChars(text_page), _MOST_CHARACTERS))
    if hidden:
        ask = pdfium.FPDFText_GetTextObject
        places = [at for at in places if not (item := ask(text_page, at)) or address_of(item) not in hidden]
    characters = "".join(chr(pdfium.FPDFText_GetUnicode(text_page, index) or 32)[:1] for index in places)
    joined = [_joined(text_page, found, places) for found in _APART.finditer(characters)]
    known = "\n".join(joined).replace(" ", "")
    if letters:
        joined += (word for word in _at_equal_steps(text_page, places, characters) if word not in known)
    return "\n".join(joined)


def _at_equal_steps(text_page: Any, places: Sequence[int], characters: str) -> Iterator[str]:
    """Yield the words whose letters stand at equal steps with spaces between some that nobody wrote."""
    x, y = ctypes.c_double(), ctypes.c_double()
    word, last, usual, is_parted = "", 0.0, 0.0, False
    for index, letter in zip(places, characters, strict=True):
        if letter in " \u00a0" and pdfium.FPDFText_IsGenerated(text_page, index) == 1:
            is_parted = True
            continue
        pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
        step, last = x.value - last, x.value
        if letter.isspace() or step <= 0 or (len(word) > 1 and abs(step - usual) > _UNEVEN * usual):
            if is_parted and len(word) >= _A_WORD:
                yield word
            word, is_parted = "", False
        usual = step if len(word) == 1 else usual
        word += letter.strip()
    if is_parted and len(word) >= _A_WORD:
        yield word


def _joined(text_page: Any, found: re.Match[str], places: Sequence[int]) -> str:
    """Return the letters of a run without the space that is between all of them, but with what is far wider."""
    letters = [(index, letter) for index, letter in enumerate(found[0], found.start()) if not letter.isspace()]
    boxes = []
    for index, _ in letters:
        pdfium.FPDFText_GetLooseCharBox(text_page, places[index], box := pdfium.FS_RECTF())
        boxes.append((box.left, box.right))
    # Letters are set apart by equal gaps, or at equal steps however narrow they are: the end of a word is beyond both.
    gaps = _beyond_usual([after[0] - before[1] for before, after in itertools.pairwise(boxes)])
    steps = _beyond_usual([after[0] - before[0] for before, after in itertools.pairwise(boxes)])
    ends = (gap and step for gap, step in zip(gaps, steps, strict=True))
    return letters[0][1] + "".join(
        f" {letter}" if end else letter for end, (_, letter) in zip(ends, letters[1:], strict=True)
    )


def _beyond_usual(widths: list[float]) -> list[bool]:
    usual = sorted(widths)[len(widths) // 2]
    return [width > _FAR_WIDER * usual for width in widths]


# -- texts on top of each other -----------------------------------------------------------------------------------


def as_written(page: Any, text_page: Any, text: str, hidden: Container[int] = ()) -> str:
    """Return what is not hidden in the order in which it was written, where texts lie on top of each other; else ""."""
    count = pdfium.FPDFText_CountRects(text_page, 0, -1)
    # A line is one piece or a few, and letters that come in turn are a piece each.
    if count < text.count("\n") + 2 * _FEWEST_ON_TOP or not _lie_on_top(text_page, min(count, _MOST_RECTANGLES)):
        return ""
    return _tidy("".join(_pieces(page, text_page, unless=hidden)))


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


def _pieces(
    page: Any, text_page: Any, wanted: Container[int] | None = None, unless: Container[int] = ()
) -> Iterator[str]:
    """Yield the characters of objects, as the page draws them; an object is what one operator shows."""
    objects: dict[int, list[int]] = {}
    for index in range(min(pdfium.FPDFText_CountChars(text_page), _MOST_CHARACTERS)):
        item = pdfium.FPDFText_GetTextObject(text_page, index)
        address = address_of(item) if item else 0
        if address and address not in unless and (wanted is None or address in wanted):
            objects.setdefault(address, []).append(index)
    left, low = ctypes.c_double(), ctypes.c_double()
    end = base = height = 0.0
    for address in itertools.islice(_drawn(page), _MOST_OBJECTS):
        for at, index in enumerate(objects.get(address, ())):
            pdfium.FPDFText_GetLooseCharBox(text_page, index, box := pdfium.FS_RECTF())
            pdfium.FPDFText_GetCharOrigin(text_page, index, left, low)
            height = max(1.0, abs(box.top - box.bottom))
            if abs(low.value - base) > height / 2 or left.value < end - height:
                yield "" if at else "\n"  # what one operator shows is one line, upright or not
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
            yield address_of(item)
