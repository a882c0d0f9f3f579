# SPDX-License-Identifier: GPL-3.0-or-later
"""Words as an address knows them: numbers, street types, flats, halves of postcodes; and how a text is cut into them.

Register values and message texts are cut into the same words here, so that they can meet.  A name of several words is
compared as one run of letters (``stokeontrent``): hyphens, spaces and line ends inside it then make no difference.

Pure and thread-safe.  The cache of classified words holds words of recent texts; it is bounded and never shown.
Sources: matching.md sections 2.7 and 3.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

from safehold.register.postcodes import INWARD, LOOSE_INWARD, LOOSE_OUTWARD, OUTWARD, is_strict
from safehold.register.spelling import is_near, shortened
from safehold.register.vocabulary import (
    LONG_TYPES,
    NOT_TYPES,
    NUMBER_WORDS,
    RARE_TYPES,
    REPEATING,
    SPELLINGS,
    STRONG_TYPES,
    TYPES,
)

_CACHE_LIMIT = 50_000  # matching.md 2.5: bound the cache of words, never dump or log it

_LEET = str.maketrans("0134578", "oleastb")
_DIGITS_OF = str.maketrans("oqilszbg", "00115286")
_NUMBER = re.compile(r"([0-9]{1,5})([a-z]?)")
_MISREAD_NUMBER = re.compile(r"(?=.*[0-9])[0-9oilsz]{2,4}")  # b and g are letters of houses sooner than digits
_DISGUISED = re.compile(r"(?=.*[0-9])(?=.*[a-z])[0-9oqilszbg]{2,13}")
_READ_OUT = frozenset({"zero", "oh", "o", "nought", "naught", *REPEATING})
_GLUED_FLAT = re.compile(r"(?:flat|apt|apartment|unit|fl|f)([0-9]{1,4}[a-z]?)")
_GLUED_NUMBER = re.compile(r"(?:no|number)([0-9]{1,5})([a-z]?)")
_GLUED = re.compile(r"([0-9]{1,5})([a-z]{4,})([0-9]{1,5}[a-z]?)?|([a-z]{4,})([0-9]{1,5}[a-z]?)")
_HAS_DIGIT = re.compile(r"[0-9]")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_RUN = re.compile(r"s{5,}")
_PIECE = re.compile(r"[0-9]+[a-z]?(?![a-z0-9])|[0-9]+|[a-z]+")
_ONLY_LETTERS = re.compile(r"[a-z]{7,}")

_SHORTEST_GLUED = 7  # "1oakway" is hardly written; shorter ones are mostly codes
_LONGEST_GLUED = 60
_FEWEST_SPACED = 5
_GLUED_TYPES = tuple(sorted(name for name in set(STRONG_TYPES.values()) if len(name) >= 4 and name != "wynd"))
_NOT_GLUED = frozenset("railroad crossroad inroad abroad disclose enclose foreclose overdrive".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Word:
    """What one word can be, all at once.

    Attributes:
        key: The word as names are compared: saint, street and st are one, "and" is nothing.
        type: The street type that it is or is one letter from, or "".
        number: The house number that it is, or -1.
        suffix: The letter glued to the number, or "".
        misread: The house number that it is if a letter in it is a digit misread ("z7"), or -1.
        flat: The flat that a glued form ("f2") names, or "".
        outward, inward: Whether it can be that half of a postcode, misread digits allowed.
        postcode: Whether it can be a whole one.
        strict: Whether the postcode shapes hold to the letter.
        digits: Whether it holds a digit.
        disguised: Whether it can be part of a long number that does not look like one ("9oo", "double").
        glued: Whether it is a number and a street run together.
    """

    key: str = field(repr=False)
    type: str = ""
    number: int = -1
    suffix: str = ""
    misread: int = -1
    flat: str = ""
    outward: bool = False
    inward: bool = False
    postcode: bool = False
    strict: bool = False
    digits: bool = False
    disguised: bool = False
    glued: bool = False

    @property
    def is_number(self) -> bool:
        """Return whether this can be a house number."""
        return self.number >= 0


def _classify(raw: str) -> Word:
    """Return what the folded word *raw* can be."""
    text = raw.replace("'", "")
    if not _HAS_DIGIT.search(text):
        return _letters(text)
    disguised = bool(_DISGUISED.fullmatch(text))
    misread = _misread(text) if disguised else -1
    if number := _NUMBER.fullmatch(text):
        return Word(
            key=text,
            number=int(number[1]),
            suffix=number[2],
            misread=misread,
            inward=len(text) == 3 and bool(LOOSE_INWARD.fullmatch(text)),
            digits=True,
            disguised=disguised,
        )
    if flat := _GLUED_FLAT.fullmatch(text):
        outward = bool(OUTWARD.fullmatch(text))
        return Word(key=text, flat=flat[1], outward=outward, strict=outward, digits=True)
    if marked := _GLUED_NUMBER.fullmatch(text):
        return Word(key=text, number=int(marked[1]), suffix=marked[2], digits=True)
    inward = bool(LOOSE_INWARD.fullmatch(text))
    outward = bool(LOOSE_OUTWARD.fullmatch(text))
    whole = 5 <= len(text) <= 7 and bool(LOOSE_OUTWARD.fullmatch(text[:-3]) and LOOSE_INWARD.fullmatch(text[-3:]))
    strict = bool(
        (inward and INWARD.fullmatch(text)) or (outward and OUTWARD.fullmatch(text)) or (whole and is_strict(text))
    )
    if strict or not text.isascii():
        return Word(
            key=text,
            misread=misread,
            outward=outward,
            inward=inward,
            postcode=whole,
            strict=strict,
            digits=True,
            disguised=disguised,
        )
    glued = _SHORTEST_GLUED <= len(text) <= _LONGEST_GLUED and bool(_GLUED.fullmatch(text) or _holds_type(text))
    plain = text.translate(_LEET) if sum(map(str.isalpha, text)) >= len(text) / 2 else text
    known = _letters(plain) if plain != text and not glued else Word(key=plain)
    return Word(
        key=known.key,
        type=known.type,
        misread=misread,
        outward=outward,
        inward=inward,
        postcode=whole,
        digits=True,
        disguised=disguised,
        glued=glued,
    )


def _letters(text: str) -> Word:
    """Return what a word without digits can be."""
    loose = len(text) == 3 and bool(LOOSE_INWARD.fullmatch(text))
    disguised = text in _READ_OUT
    if text in NUMBER_WORDS:
        return Word(key=text, number=NUMBER_WORDS[text], inward=loose)
    kind = TYPES.get(text) or ("street" if text == "st" else RARE_TYPES.get(text) or _slipped_type(text))
    key = "" if text == "and" else SPELLINGS.get(text, TYPES.get(text, text))
    return Word(key=SPELLINGS.get(key, key), type=kind, inward=loose, disguised=disguised, glued=_ends_in_type(text))


def misread_digits(raw: str) -> str:
    """Return the digits that *raw* is if its letters are digits misread ("9oo", "l"), or ""."""
    if _DISGUISED.fullmatch(raw) or raw in {"i", "l"} or not raw.strip("o"):
        return raw.translate(_DIGITS_OF)
    return ""


def _misread(text: str) -> int:
    """Return the house number that *text* is if its letters are digits misread, or -1."""
    return int(text.translate(_DIGITS_OF)) if _MISREAD_NUMBER.fullmatch(text) else -1


def _ends_in_type(text: str) -> bool:
    """Return whether *text* could be the name and the type of a street run together ("acaciaroad")."""
    return len(text) >= _SHORTEST_GLUED and text not in _NOT_GLUED and bool(_type_in(text))


def _holds_type(text: str) -> bool:
    """Return whether a street type stands among the letters of *text*, glued to other words ("no27acaciaroadham")."""
    return any(_type_in(letters, anywhere=True) for letters in _ONLY_LETTERS.findall(text))


def _type_in(text: str, *, anywhere: bool = False, weak: bool = False) -> tuple[int, ...]:
    """Return where to cut *text* so that a street type of its end (or any place) stands alone; () where there is none.

    A name of at least three letters stands before the type.  Weak types ("workplace") count only after a number.
    """
    for name in (*LONG_TYPES, "way") if weak else _GLUED_TYPES:
        if text.endswith(name) and len(text) >= len(name) + 3:
            return (len(text) - len(name),)
    if anywhere:
        for name in _GLUED_TYPES:
            if (place := text.find(name, 3)) > 0:
                return place, place + len(name)
    return ()


def _type_forms() -> dict[str, list[str]]:
    """Return the long types by their forms with one letter left out, as :class:`Spellings` keeps words."""
    forms: dict[str, list[str]] = {}
    for name in LONG_TYPES:
        for form in shortened(name):
            forms.setdefault(form, []).append(name)
    return forms


_TYPE_FORMS = _type_forms()


def _slipped_type(text: str) -> str:
    """Return the street type of which *text* is a one-letter slip, or ""."""
    if not 3 <= len(text) <= 10 or text in NOT_TYPES or not text.isascii():
        return ""
    near = {name for form in shortened(text) for name in _TYPE_FORMS.get(form, ()) if name[0] == text[0]}
    return min((name for name in near if is_near(text, name)), default="")


_GLUED_FLAG = attrgetter("glued")


class _Cache(dict[str, Word]):
    """Classified words, emptied when full: words of mail follow each other closely, so that it refills at once."""

    def __missing__(self, raw: str) -> Word:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        word = self[raw] = _classify(raw)
        return word


_CACHE = _Cache()


def classify(raw: str) -> Word:
    """Return what the folded word *raw* can be."""
    return _CACHE[raw]


# -- cutting a text into words ------------------------------------------------------------------------------------

Span = tuple[int, int]


class Words:
    """The words of one folded text, in order.

    Attributes:
        text: The folded text.
        raw: Each word as it stands.
        words: What each can be.
        taken_apart: The words (from, up to) that stand as one word, or as letters apart, in the text.
    """

    __slots__ = ("_spans", "raw", "taken_apart", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self._spans: list[Span] | None = None
        self.taken_apart: list[Span] = []
        self.raw: list[str] = _WORD.findall(text)
        self.words: list[Word] = list(map(_CACHE.__getitem__, self.raw))
        lengths = list(map(len, self.raw))
        singles = ""
        if lengths.count(1) >= _FEWEST_SPACED:
            singles = "".join(map("-s".__getitem__, map((1).__eq__, lengths)))
        if "s" * _FEWEST_SPACED in singles or any(map(_GLUED_FLAG, self.words)):
            self._take_apart(singles)

    def __len__(self) -> int:
        return len(self.raw)

    @property
    def spans(self) -> list[Span]:
        """Return start and end of each word; found when first asked for, since most texts are never asked."""
        if self._spans is None:
            self._spans = [match.span() for match in _WORD.finditer(self.text)]
        return self._spans

    def gap(self, index: int) -> str:
        """Return what stands between the word at *index* and the next one."""
        spans = self.spans
        return self.text[spans[index][1] : spans[index + 1][0]]

    def _take_apart(self, singles: str) -> None:
        """Put spaced letters together and take glued numbers and streets apart."""
        spans = self.spans
        raw: list[str] = []
        words: list[Word] = []
        places: list[Span] = []
        position = 0
        for start, end in self._changed(singles):
            raw += self.raw[position:start]
            words += self.words[position:start]
            places += spans[position:start]
            pieces = self._pieces(start, end) if end - start > 1 else (range(start, end),)
            for piece in pieces:
                begin = len(raw)
                spelt = "".join(self.raw[piece.start : piece.stop])
                for part, span in _unglued(spelt, spans[piece.start : piece.stop]):
                    raw.append(part)
                    words.append(_CACHE[part])
                    places.append(span)
                if len(raw) > begin + 1:
                    self.taken_apart.append((begin, len(raw)))
            position = end
        self.raw = raw + self.raw[position:]
        self.words = words + self.words[position:]
        self._spans = places + spans[position:]

    def _changed(self, singles: str) -> list[Span]:
        """Return the runs of spaced letters, and the glued words outside them, in order."""
        runs = [run.span() for run in _RUN.finditer(singles)]
        glued = [(index, index + 1) for index, word in enumerate(self.words) if word.glued]
        return sorted(runs + glued)  # what is glued has more than one letter, so it lies in no run

    def _pieces(self, start: int, end: int) -> Iterator[range]:
        """Yield the words of a run of spaced letters: a wider gap than the usual one, or another sign, parts them."""
        gaps = [self.gap(index) for index in range(start, end - 1)]
        usual = min(map(len, gaps))
        is_column = sum("\n" in gap for gap in gaps) * 2 > len(gaps)  # one letter a line
        first = start
        for index, gap in enumerate(gaps, start):
            if len(gap) > usual or ("\n" in gap and not is_column) or "," in gap:
                yield range(first, index + 1)
                first = index + 1
        yield range(first, end)


def _unglued(word: str, places: list[Span]) -> list[tuple[str, Span]]:
    """Return a word, or the number, name, type and postcode that it is glued of, each with its place.

    Args:
        word: As it stands, or put together from spaced letters.
        places: Its place; or of spaced letters the place of each.
    """
    spaced = len(places) > 1
    span = (places[0][0], places[-1][1])
    if not spaced and (not _CACHE[word].glued or len(word) != span[1] - span[0] or "'" in word):
        return [(word, span)]
    if spaced and _CACHE[word].strict:
        return [(word, span)]  # P F 7 3 Q X, or half of it
    ends = _with_postcode(word, list(_cuts(word, spaced=spaced)))
    parts: list[tuple[str, Span]] = []
    for first, last in pairwise(ends):
        place = (places[first][0], places[last - 1][1]) if spaced else (span[0] + first, span[0] + last)
        parts.append((word[first:last], place))
    return parts or [(word, span)]


def _cuts(word: str, *, spaced: bool) -> Iterator[int]:
    """Yield where to cut a glued word, its start and end among them."""
    numbered = word[0].isdigit()
    yield 0
    for piece in _PIECE.finditer(word):
        anywhere = spaced or len(piece.group()) < len(word)
        for place in _type_in(piece.group(), anywhere=anywhere, weak=not spaced and numbered):
            if place < len(piece.group()):
                yield piece.start() + place
        yield piece.end()


def _with_postcode(word: str, ends: list[int]) -> list[int]:
    """Return the cuts without those inside a postcode that ends the word ("27acaciaroad|pf73qx")."""
    if len(ends) < 4 or not INWARD.fullmatch(word[-3:]):
        return ends
    start = next((start for start in (len(word) - 7, len(word) - 6, len(word) - 5) if _starts(word, start)), -1)
    return [*(end for end in ends if end < start), start, len(word)] if start > 0 else ends


def _starts(word: str, start: int) -> bool:
    """Return whether a postcode of two letters and more stands from *start* to the end of *word*."""
    return start > 0 and word[start : start + 2].isalpha() and is_strict(word[start:])
