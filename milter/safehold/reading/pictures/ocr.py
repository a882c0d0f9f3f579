# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from pictures: Tesseract through tesserocr, on grey pixels that are straight, upright and evenly lit.

Tesseract is good at clean pages and silent about others: it says nothing of a page that is tilted by eight degrees
(word recall 1.00 as it lies, 0.00 to 0.35 tilted; confidence does not tell), and reads half of a letter that lies in
a shadow (0.53 to 0.59, with a mean confidence of 92 to 95).  So a picture is set straight first, one with uneven light
is read with its background divided out and then as it is, with the words that were found painted over; one that was
read badly is tried upside down, and one with ink outside the words is read again for loose lines.  Sideways text
Tesseract reads itself.

It is dear where there is nothing to read, up to 3 s for noise: what has nothing like a line of writing
(:mod:`safehold.reading.pictures.writing`) is given up before it is even enlarged (2 ms in the mean over 312 pictures of
public documents and mail; of those given up so none had a word, and of 576 drawn lines of 7 to 24 pixels, at four
angles, none was given up).  And it makes words of anything: where there are lines of
writing and what came of them is no words of a language (:mod:`safehold.reading.pictures.sense`), that is said, and
nothing passes for read.  Of 181 pictures without writing two are called illegible, grass and the roofs of a temple
(before, three); of 350 in public documents and mail none, nor are forms, tables of numbers, Welsh or Polish; pages in
Arabic and Cyrillic are, and four of fifty photographs of a street sign, of which the sign was lost among rubbish in
two.

Measured by ``tests/bench/bench_ocr.py`` over ten letters (2026-11-25, other work on the machine), word recall and CPU
seconds a page: clean pages at 200 dpi 0.999 and 0.8, scans 0.999 and 0.8, scans tilted by eight degrees 0.999 and 1.0,
upside down or sideways 0.998 and 1.6, faxes 0.97 and 0.8, photographs of 12 megapixels in bad light 0.99 (the worst
0.97) and 1.7, screens of 96 dpi 0.998 and 0.9, white on black 0.998 and 1.4.  The address of every letter was found by
``detect.people`` in each.

Its image library never sees a file: pillow and pdfium decode, this hands over raw pixels.  ``load`` must run before
the walls stand: it reads the language data; a worker then has the engine by copy on write.  It makes no thread.
Where tesserocr or the data are absent everything else works, and ``available`` says what is missing.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from PIL import Image, ImageDraw, ImageOps

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.limits import Limits
from safehold.reading.notes import OpenPart, Session
from safehold.reading.pictures import pixels, writing
from safehold.reading.pictures.sense import sense
from safehold.reading.vocabulary import Detail, MarkKind

LANGUAGE = "eng"
# Where Debian's tesseract-ocr-eng puts its file, and where other systems and hands do.
_DATA = ("/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata")

# A page of A4 or of US Letter at 200 dpi: one page of the budget, whatever its shape.  Small pictures cost a share,
# or ten logos below ten replies would leave nothing for the letter.
_PAGE_PIXELS = 3_700_000
_LEAST_SHARE = 0.05
# Without it Tesseract is blind to a line cut out closely (recall 0.17 to 0.92; 0.97 to 1.00 with it).
_BORDER = 10
# Too small for a letter of a word.
_LEAST_SIDE = 12

# Poor, and so tried the other way up.  Upside-down pages had 30 to 38, the same pages upright 93 to 95.
_POOR = 60
_SURE = 60
_AROUND = 4  # pixels about a word that is painted over
_A_LINE = 5
# Writing that nobody can make out, as opposed to leaves and brickwork, in which Tesseract sees a dozen words at most
# (181 pictures of real mail and documents, seven kinds of noise).
_MANY_WORDS = 40
_ILLEGIBLE = 50
# What makes no sense: less than this share of the words may be words.  Letters, forms and pages of Welsh or Polish have
# 0.8 and more, screens of programs 0.67, Cyrillic and Arabic 0.47 to 0.64, leaves 0.6 at most; of these, pages of
# writing have more than ten lines of four columns, the other pictures four at most.
_SENSE, _SOME_WORDS, _HARDLY_A_WORD = 0.66, 15, 4
_LONG, _LINES = 4, 6
# Of what is found anywhere in a picture, only words like these: leaves give two hundred others.
_LIKELY = 40
# Ink outside the words: lines that were passed over.  0.0004 at most on ten clean pages, ten scans and ten screens that
# were read whole; 0.03 to 0.06 on photographs of which every tenth line was missing.
_A_LINE_OF_INK = 0.004
_SIDE_FOR_INK = 600
_DPI = 200


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was read in one picture.

    Attributes:
        text: All of it.
        illegible: There is writing, and it could not be made out.
        complete: False where time ran out.
        tried: False where nothing looked like writing, so that Tesseract was not asked.
    """

    text: str = field(default="", repr=False)
    illegible: bool = False
    complete: bool = True
    tried: bool = True


# -- the engine ---------------------------------------------------------------------------------------------------


def available() -> str:
    """Return "" where pictures can be recognised here, else what is missing, in words for an administrator."""
    loaded = _loaded()
    return loaded if isinstance(loaded, str) else ""


def load() -> None:
    """Load the engine and its data, as far as they are there.  Before the walls."""
    available()


@dataclass(frozen=True, slots=True)
class _Engine:
    """Tesseract with its data loaded, and the few names of its module that are needed."""

    api: Any
    columns: Any  # PSM.AUTO: blocks, columns, lines
    loose: Any  # PSM.SPARSE_TEXT: lines anywhere
    line: Any
    word: Any
    words: Callable[[Any], Iterator[Any]]


@lru_cache(maxsize=1)
def _loaded() -> _Engine | str:
    """Return the engine, or what is missing."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # looked at when the library is loaded: a worker may not make threads
    try:
        import tesserocr
    except ImportError:
        return "tesserocr is not installed"
    finally:
        del os.environ["OMP_THREAD_LIMIT"]
    folders = [folder for pattern in _DATA for folder in sorted(Path("/").glob(pattern[1:]), reverse=True)]
    folder = next((folder for folder in folders if (folder / f"{LANGUAGE}.traineddata").is_file()), None)
    if folder is None:
        return f"the language data of Tesseract are not installed (Debian: tesseract-ocr-{LANGUAGE})"
    tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
    word = tesserocr.RIL.WORD
    try:
        api = tesserocr.PyTessBaseAPI(
            path=f"{folder}/", lang=LANGUAGE, psm=tesserocr.PSM.AUTO, oem=tesserocr.OEM.LSTM_ONLY
        )
    except RuntimeError:
        return "Tesseract does not accept its language data"
    api.SetVariable("debug_file", "")  # it would open one behind the walls; the error stream leads nowhere there
    return _Engine(
        api,
        tesserocr.PSM.AUTO,
        tesserocr.PSM.SPARSE_TEXT,
        tesserocr.RIL.TEXTLINE,
        word,
        lambda iterator: tesserocr.iterate_level(iterator, word),
    )


# -- the budget ---------------------------------------------------------------------------------------------------


class _Allowance:
    """What of one message may still be recognised."""

    def __init__(self, limits: Limits) -> None:
        self.pages = float(limits.ocr_pages)
        self.seconds = limits.ocr_s
        self.pixels = limits.ocr_pages * limits.picture_pixels
        self.known: dict[bytes, Recognised] = {}


_ALLOWANCES: WeakKeyDictionary[Session, _Allowance] = WeakKeyDictionary()


def _allowance(part: OpenPart) -> _Allowance:
    found = _ALLOWANCES.get(part.session)
    if found is None:
        found = _ALLOWANCES[part.session] = _Allowance(part.limits)
    return found


def take_pixels(part: OpenPart, count: int) -> bool:
    """Count pixels that are about to be decoded; where they are too many, say so and return False."""
    allowance = _allowance(part)
    if count > min(part.limits.picture_pixels, allowance.pixels):
        part.problem(Reason.TOO_LARGE, Detail.PIXELS)
        return False
    allowance.pixels -= count
    return True


def may_look(part: OpenPart, kind: PlaceKind, number: int | None = None, *, must: bool = True) -> bool:
    """Return whether one more picture may be recognised; where not, say why.

    Args:
        part: Where the picture is.
        kind: Its place.
        number: Its place.
        must: That it is not recognised is a problem, and no mere mark.
    """
    allowance = _allowance(part)
    # What need not be recognised leaves half of the budget to what must: a logo may have two hundred frames.
    kept = 0.0 if must else 0.5
    problem: tuple[Reason, Detail] | None = None
    if available():
        problem = (Reason.NO_TEXT, Detail.OCR_ABSENT)
    elif allowance.pages <= kept * part.limits.ocr_pages:
        problem = (Reason.NO_TEXT, Detail.OCR_PAGES)
    elif allowance.seconds <= kept * part.limits.ocr_s:
        problem = (Reason.TIMED_OUT, Detail.OCR_TIME)
    if problem is not None and must:
        part.problem(*problem)
    elif problem is not None:
        part.mark(MarkKind.NO_OCR, kind, number)
    return problem is None


def look(
    picture: Image.Image,
    part: OpenPart,
    kind: PlaceKind,
    number: int | None = None,
    *,
    must: bool = True,
    enlarged: Callable[[Image.Image], Image.Image] | None = None,
    is_piece: bool = False,
) -> bool:
    """Recognise one grey picture and hand over what it says, or say that it says nothing; return whether it does not.

    Args:
        picture: Grey ("L").
        part: Where it is.
        kind: Its place.
        number: Its place.
        must: That it is not recognised is a problem, and no mere mark.
        enlarged: Brings it to a size at which text can be read; asked only where there may be any.
        is_piece: It is one of several pieces or views of a picture: that it says nothing is not worth saying.
    """
    if not may_look(part, kind, number, must=must):
        return False
    allowance = _allowance(part)
    digest = hashlib.sha256(b"%d " % picture.width + picture.tobytes()).digest()
    found = allowance.known.get(digest)
    if found is None and not is_promising(picture):
        found = allowance.known[digest] = Recognised(tried=False)
    if found is None:
        picture = enlarged(picture) if enlarged is not None else picture
        part.session.will_recognise(picture.width * picture.height)
        part.session.enter(part)  # the clock of the part starts anew with each picture
        part.session.flush()
        started = time.monotonic()
        found = recognise(picture, min(part.limits.ocr_page_s, allowance.seconds))
        allowance.known[digest] = found
        allowance.seconds -= time.monotonic() - started
        if found.tried:  # the blank backs of scanned sheets and the photographs of the garden are free
            allowance.pages -= min(1.0, max(_LEAST_SHARE, picture.width * picture.height / _PAGE_PIXELS))
    if found.text:
        part.segment(kind, found.text, number=number, visibility=Visibility.OCR)
    elif not is_piece:
        part.mark(MarkKind.NO_WORDS, kind, number)
    if not must:
        return not found.text
    if not found.complete:
        part.problem(Reason.TIMED_OUT, Detail.OCR_TIME)
    elif found.illegible:
        part.problem(Reason.NO_TEXT, Detail.ILLEGIBLE)
    return not found.text


# -- recognising --------------------------------------------------------------------------------------------------


def is_promising(picture: Image.Image) -> bool:
    """Return whether a picture is worth its enlarging and setting straight; cheap where nothing is in it."""
    if min(picture.size) < _LEAST_SIDE:
        return True  # there is nothing to save
    if writing.is_bare(picture):
        return False
    if writing.has_writing(picture):
        return True
    turned = pixels.roughly_straightened(picture)
    return turned is not picture and writing.has_writing(turned)


def recognise(picture: Image.Image, seconds: float) -> Recognised:
    """Return what a grey picture says, after the best of a few ways to hold it."""
    if min(picture.size) < _LEAST_SIDE:
        return Recognised()
    ends = time.monotonic() + seconds
    # Before the border, whose edges are straight however the page lies.
    straight = pixels.straightened(picture)
    if not writing.has_writing(straight) and (straight is picture or not writing.has_writing(picture)):
        return Recognised(tried=False)
    picture, straight = _bordered(picture), _bordered(straight)
    uneven = pixels.is_unevenly_lit(straight)
    best = _read(pixels.evened(straight) if uneven else straight, ends)
    if uneven:
        best = _with_the_rest(best, straight, ends)
    if straight is not picture and best.sure < _A_LINE:
        # What was set straight may have been a pattern, and the text lay straight before.
        best = _better(best, _read(picture, ends))
    if best.words and best.confidence < _POOR:
        best = _better(best, _read(best.held.transpose(Image.Transpose.ROTATE_180), ends))
    illegible = best.words >= _MANY_WORDS and best.confidence < _ILLEGIBLE
    if not uneven and best.complete and _left_over(best) > _A_LINE_OF_INK:
        loose = _read(best.held, ends, loose=True)
        # Lines as they come, without columns: worth it only where there are more of them.
        if loose.sure > 1.03 * best.sure:
            best = loose
    return Recognised(best.text, illegible=illegible or _makes_no_sense(best), complete=best.complete)


def _with_the_rest(best: "_Attempt", as_it_is: Image.Image, ends: float) -> "_Attempt":
    """Return what was read of a picture lit evenly, with what is left of it as it is.

    Dark panels beside light ones are no shadow: what is written on them goes with it.  Words that were read are painted
    over, or all would be read twice: that takes a third of the time, and finds lines that were passed over too.
    """
    rest = _read(_painted_over(as_it_is, best.found), ends, loose=True)
    if rest.sure > best.sure:
        return _better(best, _read(as_it_is, ends))
    return replace(
        best, text=f"{best.text}\n{_sure_lines(rest.found)}".strip(), complete=best.complete and rest.complete
    )


def _painted_over(picture: Image.Image, words: Iterable["_Word"]) -> Image.Image:
    mask = Image.new("L", picture.size, 0)
    brush = ImageDraw.Draw(mask)
    for left, top, right, bottom in (word.box for word in words):
        brush.rectangle((left - _AROUND, top - _AROUND, right + _AROUND, bottom + _AROUND), 255)
    return Image.composite(pixels.background(picture), picture, mask)


def _sure_lines(words: Iterable["_Word"]) -> str:
    """Return the lines of which Tesseract is sure, as far as they have a word: in shadows it sees letters."""
    lines: list[list[_Word]] = []
    for word in words:
        if word.begins_line or not lines:
            lines.append([])
        lines[-1].append(word)
    kept = (
        line
        for line in lines
        if sum(word.confidence for word in line) >= _SURE * len(line) and any(len(word.text) > 2 for word in line)
    )
    return "\n".join(_likely_text(line) for line in kept)


def _makes_no_sense(best: "_Attempt") -> bool:
    """Return whether there are lines of writing and the words that were found are none."""
    likely, odd = sense(best.text)
    words = likely + odd
    suspect = likely < _SENSE * words if words >= _SOME_WORDS else best.words < _HARDLY_A_WORD
    return suspect and best.complete and writing.lines_of_writing(best.held, _LONG) >= _LINES


def _bordered(picture: Image.Image) -> Image.Image:
    return ImageOps.expand(picture, _BORDER, pixels.ground(picture))


@dataclass(frozen=True, slots=True)
class _Word:
    text: str = field(repr=False)
    box: tuple[int, int, int, int]
    confidence: float
    begins_line: bool


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One reading of one picture, held in one way.

    Attributes:
        text: All of it.
        held: The picture as it was held.
        found: The words, in order.
        complete: False where time ran out.
    """

    text: str = field(repr=False)
    held: Image.Image = field(repr=False)
    found: tuple[_Word, ...] = field(default=(), repr=False)
    complete: bool = True

    @property
    def words(self) -> int:
        return len(self.found)

    @property
    def sure(self) -> int:
        """How many words Tesseract is sure of."""
        return sum(word.confidence >= _SURE for word in self.found)

    @property
    def confidence(self) -> float:
        """The mean over the words, 0 to 100."""
        return sum(word.confidence for word in self.found) / len(self.found) if self.found else 0.0


def _better(one: _Attempt, other: _Attempt) -> _Attempt:
    better = other if (other.sure, other.words) > (one.sure, one.words) else one
    return replace(better, complete=one.complete and other.complete)


def _read(picture: Image.Image, ends: float, *, loose: bool = False) -> _Attempt:
    """Read once; *loose* finds lines wherever they are and keeps no columns."""
    left = ends - time.monotonic()
    engine = _loaded()
    if left <= 0 or isinstance(engine, str):
        return _Attempt("", picture, complete=False)
    engine.api.SetPageSegMode(engine.loose if loose else engine.columns)
    try:
        engine.api.SetImageBytes(picture.tobytes(), picture.width, picture.height, 1, picture.width)
        engine.api.SetSourceResolution(_DPI)
        complete = bool(engine.api.Recognize(max(1, int(left * 1000))))
        words = list(_words(engine))
        text = engine.api.GetUTF8Text().strip() if words and not loose else _likely_text(words)
    finally:
        engine.api.Clear()
    return _Attempt(text, picture, tuple(words), complete)


def _words(engine: _Engine) -> Iterator[_Word]:
    iterator = engine.api.GetIterator()
    for word in engine.words(iterator) if iterator else ():
        with contextlib.suppress(RuntimeError):  # how it says that what it took for a word is blank
            text, box = word.GetUTF8Text(engine.word).strip(), word.BoundingBox(engine.word)
            if text and box:
                yield _Word(text, box, word.Confidence(engine.word), word.IsAtBeginningOf(engine.line))


def _likely_text(words: list[_Word]) -> str:
    likely = (word for word in words if word.confidence >= _LIKELY)
    return "".join(("\n" if word.begins_line else " ") + word.text for word in likely).strip()


def _left_over(attempt: _Attempt) -> float:
    """Return which share of the picture is ink outside the words that were found."""
    small = attempt.held.copy()
    small.thumbnail((_SIDE_FOR_INK, _SIDE_FOR_INK), Image.Resampling.BOX)
    across, down = small.width / attempt.held.width, small.height / attempt.held.height
    ink, _ = pixels.ink(small)
    wiper = ImageDraw.Draw(ink)
    for left, top, right, bottom in (word.box for word in attempt.found):
        wiper.rectangle((left * across - 2, top * down - 2, right * across + 2, bottom * down + 2), fill=0)
    return ink.histogram()[255] / (ink.width * ink.height)
