# SPDX-License-Identifier: GPL-3.0-or-later
"""Words as an address knows them: numbers, street types, flats, postcodes, and words that misspelling brought near.

Register values and message texts are cut into the same words here, so that they can meet.  A name of several words is
compared as one run of letters (``stokeontrent``): hyphens, spaces and line ends inside it then make no difference.

Pure and thread-safe.  The cache of classified words holds words of recent texts; it is bounded and never shown.
Sources: matching.md sections 2.7 and 3; Royal Mail's six shapes of postcode; the abbreviations are those of everyday
use, written down here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter
from typing import Final

from rapidfuzz.distance import OSA

_CACHE_LIMIT = 50_000  # matching.md 2.5: bound the cache of words, never dump or log it

# -- tables -----------------------------------------------------------------------------------------------------


def _set(words: str) -> frozenset[str]:
    """Return the set of the words."""
    return frozenset(words.split())


def _table(lines: str) -> dict[str, str]:
    """Return {spelling: first word of its line}."""
    return {word: line.split()[0] for line in lines.strip().splitlines() for word in line.split()}


# The first word of a line is the type, the others are its short forms.
STRONG_TYPES = _table(
    """
    road rd
    street str strt
    lane ln
    avenue av ave aven
    close clo cl
    drive dr drv
    crescent cres cr crs cresc
    terrace terr ter tce
    gardens gdns gdn garden gds
    grove gro grv gr
    square sq
    mews mws
    boulevard blvd boul
    parade pde
    promenade prom
    wynd
    esplanade esp
    roadway
    highway hwy
    """
)
WEAK_TYPES = _table(
    """
    way wy
    place pl
    court ct crt
    park pk
    hill hl
    green grn
    walk wlk wk
    rise
    row
    view vw
    end
    bank
    gate
    brow
    croft
    cross
    dale
    dene
    fold
    field fields flds fld
    garth
    glade
    glebe
    heath
    heights hts
    hollow
    island
    loan
    mead
    meadow meadows mdw mdws
    mount mt
    nook
    orchard
    oval
    paddock paddocks
    passage
    path
    piece
    pike
    point pt
    quay
    ride
    ridge
    side
    spinney
    strand
    vale
    villas
    wharf
    wood woods
    brae
    bridge
    buildings bldgs bldg
    causeway
    chase
    copse
    corner cnr
    approach app
    arcade
    alley
    estate est
    common
    circus circ
    yard yd
    lea
    drove
    cottages cotts
    link links
    landing
    leas
    reach
    gates
    """
)
TYPES: Final = WEAK_TYPES | STRONG_TYPES
# One-letter slips of a type are looked for only in words this long; shorter ones slip into too many others.
_LONG_TYPES = tuple(sorted({name for name in TYPES.values() if len(name) >= 4}))
# Words that a slip in a type would make and that are words of their own.
_NOT_TYPES = _set(
    """
    line lines read load rode roar toad broad land late lake lame line lone cane lace hall hull hell bill fill mill will
    hall wall walk talk walks place plane plan pace lace race row close clone clothes cloud those chose lose closed
    court count counts coast drive driven drives driver five dive wave rise rose raise wise lark park part bark dark
    mark pack par view views new few green greek greet grew queen great hill till kill ill grove grave prove drove glove
    square squad gate date late rate gave gates dates side size site wide hide site sides end ends send and bend lend
    bank band back bang thank banks field filed fields yield wood word would good food woods point points print joint
    cross crops across bridge bride fridge chase case cease phase cheese common commons link line like think links
    path bath math paths pass past mass ride rice rude rids pride wharf what mount mound month amount piece peace price
    estate state estates stated alley valley allow ally yard year card hard ward yards corner former corners vale value
    sale tale male van heath health death heat heights height mead meal read head mean meat leas lease least lead leads
    reach each teach beach react lea ten tea led strand stand brand street streets strait
    """
)

DIRECTIONS: Final = frozenset({"north", "south", "east", "west", "upper", "lower"})
_SPELLINGS = _table(
    """
    st saint street str strt
    great gt grt
    little lt ltl
    mount mt
    upper upr
    lower lwr
    north nth nrth
    south sth
    east
    west wst
    saints ss
    """
)
FLAT_WORDS: Final = _set("flat flats fl apartment apt appt apartments unit room rm studio suite maisonette")
FLOOR_WORDS: Final = _set("ground first second third fourth top basement lower upper garden")
NUMBER_MARKERS: Final = frozenset({"no", "number", "num", "nr", "nos", "numbers"})
_ONES = """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty"""
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS: Final = {word: 10 * place for place, word in enumerate(_TENS.split(), 1)} | {
    word: place for place, word in enumerate(_ONES.split(), 1)
}

# Optical and wilful confusions, folded to one of each class: the same class on both sides repairs them for free.
_CLASSES = str.maketrans({"0": "o", "q": "o", "1": "i", "l": "i", "5": "s", "8": "b", "2": "z", "6": "g"})
_LEET = str.maketrans("0134578", "oleastb")

_DIGITISH = "0-9oqilsbzg"
_INWARD = re.compile(r"[0-9][abd-hjlnp-uw-z]{2}")
_OUTWARD = re.compile(r"[a-pr-uwyz](?:[0-9]{1,2}|[a-hk-y][0-9]{1,2}|[0-9][a-z]|[a-hk-y][0-9][a-z])")
_LOOSE_INWARD = re.compile(rf"[{_DIGITISH}][a-z01582][a-z01582]")
_LOOSE_OUTWARD = re.compile(rf"[a-z015826][a-z]?[{_DIGITISH}][{_DIGITISH}a-z]?")
_NUMBER = re.compile(r"([0-9]{1,5})([a-z]?)")
_GLUED_FLAT = re.compile(r"(?:flat|apt|apartment|unit|fl|f)([0-9]{1,4}[a-z]?)")
_GLUED_NUMBER = re.compile(r"(?:no|number)([0-9]{1,5})([a-z]?)")
_GLUED = re.compile(r"([0-9]{1,5})([a-z]{4,})([0-9]{1,5}[a-z]?)?|([a-z]{4,})([0-9]{1,5}[a-z]?)")
_HAS_DIGIT = re.compile(r"[0-9]")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_RUN = re.compile(r"s{5,}")
_PIECE = re.compile(r"[0-9]+[a-z]?(?![a-z0-9])|[0-9]+|[a-z]+")

_SHORTEST_GLUED = 7  # "1oakway" is hardly written; shorter ones are mostly codes
_GLUED_TYPES = tuple(sorted(name for name in set(STRONG_TYPES.values()) if len(name) >= 4 and name != "wynd"))
_NOT_GLUED = _set("railroad crossroad inroad abroad disclose enclose foreclose overdrive")


@dataclass(frozen=True, slots=True)
class Word:
    """What one word can be, all at once.

    Attributes:
        key: The word as names are compared: saint, street and st are one, "and" is nothing.
        type: The street type that it is or is one letter from, or "".
        number: The house number that it is, or -1.
        suffix: The letter glued to the number, or "".
        flat: The flat that a glued form ("f2") names, or "".
        outward, inward: Whether it can be that half of a postcode, misread digits allowed.
        postcode: Whether it can be a whole one.
        strict: Whether the postcode shapes hold to the letter.
        digits: Whether it holds a digit.
        glued: Whether it is a number and a street run together.
    """

    key: str = field(repr=False)
    type: str = ""
    number: int = -1
    suffix: str = ""
    flat: str = ""
    outward: bool = False
    inward: bool = False
    postcode: bool = False
    strict: bool = False
    digits: bool = False
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
    if number := _NUMBER.fullmatch(text):
        return Word(
            key=text,
            number=int(number[1]),
            suffix=number[2],
            inward=len(text) == 3 and bool(_LOOSE_INWARD.fullmatch(text)),
            digits=True,
        )
    if flat := _GLUED_FLAT.fullmatch(text):
        outward = bool(_OUTWARD.fullmatch(text))
        return Word(key=text, flat=flat[1], outward=outward, strict=outward, digits=True)
    if marked := _GLUED_NUMBER.fullmatch(text):
        return Word(key=text, number=int(marked[1]), suffix=marked[2], digits=True)
    inward = bool(_LOOSE_INWARD.fullmatch(text))
    outward = bool(_LOOSE_OUTWARD.fullmatch(text))
    whole = 5 <= len(text) <= 7 and bool(_LOOSE_OUTWARD.fullmatch(text[:-3]) and _LOOSE_INWARD.fullmatch(text[-3:]))
    strict = bool(
        (inward and _INWARD.fullmatch(text))
        or (outward and _OUTWARD.fullmatch(text))
        or (whole and _OUTWARD.fullmatch(text[:-3]) and _INWARD.fullmatch(text[-3:]))
    )
    if strict or not text.isascii():
        return Word(key=text, outward=outward, inward=inward, postcode=whole, strict=strict, digits=True)
    glued = len(text) >= _SHORTEST_GLUED and bool(_GLUED.fullmatch(text))
    plain = text.translate(_LEET) if sum(map(str.isalpha, text)) >= len(text) / 2 else text
    known = _letters(plain) if plain != text and not glued else Word(key=plain)
    return Word(
        key=known.key,
        type=known.type,
        outward=outward,
        inward=inward,
        postcode=whole,
        digits=True,
        glued=glued,
    )


def _letters(text: str) -> Word:
    """Return what a word without digits can be."""
    loose = len(text) == 3 and bool(_LOOSE_INWARD.fullmatch(text))
    if text in NUMBER_WORDS:
        return Word(key=text, number=NUMBER_WORDS[text], inward=loose)
    kind = TYPES.get(text) or ("street" if text == "st" else _slipped_type(text))
    key = "" if text == "and" else _SPELLINGS.get(text, TYPES.get(text, text))
    return Word(key=_SPELLINGS.get(key, key), type=kind, inward=loose, glued=_ends_in_type(text))


def _ends_in_type(text: str) -> bool:
    """Return whether *text* could be the name and the type of a street run together ("acaciaroad")."""
    return len(text) >= _SHORTEST_GLUED and text not in _NOT_GLUED and bool(_type_in(text))


def _type_in(text: str, *, anywhere: bool = False, weak: bool = False) -> tuple[int, ...]:
    """Return where to cut *text* so that a street type of its end (or any place) stands alone; () where there is none.

    A name of at least three letters stands before the type.  Weak types ("workplace") count only after a number.
    """
    for name in (*_LONG_TYPES, "way") if weak else _GLUED_TYPES:
        if text.endswith(name) and len(text) >= len(name) + 3:
            return (len(text) - len(name),)
        if anywhere and (place := text.find(name, 3)) > 0:
            return place, place + len(name)
    return ()


def _slipped_type(text: str) -> str:
    """Return the street type of which *text* is a one-letter slip, or ""."""
    if not 3 <= len(text) <= 10 or text in _NOT_TYPES or not text.isascii():
        return ""
    near = (
        name
        for name in _LONG_TYPES
        if abs(len(name) - len(text)) <= 1 and text[0] == name[0] and OSA.distance(text, name, score_cutoff=1) <= 1
    )
    return next(near, "")


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
    """

    __slots__ = ("_spans", "raw", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self._spans: list[Span] | None = None
        self.raw: list[str] = _WORD.findall(text)
        self.words: list[Word] = list(map(_CACHE.__getitem__, self.raw))
        singles = "".join(["s" if len(word) == 1 else "-" for word in self.raw])
        if "sssss" in singles or any(map(_GLUED_FLAG, self.words)):
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
        whole = [(word, [span]) for word, span in zip(self.raw, spans, strict=True)]
        spelt: list[tuple[str, list[Span]]] = []
        position = 0
        for run in _RUN.finditer(singles):
            spelt += whole[position : run.start()]
            for piece in self._pieces(run.start(), run.end()):
                spelt.append(("".join(self.raw[piece.start : piece.stop]), spans[piece.start : piece.stop]))
            position = run.end()
        spelt += whole[position:]
        parts = [part for word, places in spelt for part in _unglued(word, places)]
        self.raw = [part for part, _ in parts]
        self._spans = [span for _, span in parts]
        self.words = list(map(_CACHE.__getitem__, self.raw))

    def _pieces(self, start: int, end: int) -> Iterator[range]:
        """Yield the words of a run of spaced letters: a wider gap than the usual one, or another sign, parts them."""
        usual = min(len(self.gap(index)) for index in range(start, end - 1))
        first = start
        for index in range(start, end - 1):
            gap = self.gap(index)
            if len(gap) > usual or "\n" in gap or "," in gap:
                yield range(first, index + 1)
                first = index + 1
        yield range(first, end)


def _unglued(word: str, places: list[Span]) -> list[tuple[str, Span]]:
    """Return a word, or the number, name and type that it is glued of, each with its place.

    Args:
        word: As it stands, or put together from spaced letters.
        places: Its place; or of spaced letters the place of each.
    """
    spaced = len(places) > 1
    span = (places[0][0], places[-1][1])
    if not spaced and (not _CACHE[word].glued or len(word) != span[1] - span[0] or "'" in word):
        return [(word, span)]
    parts: list[tuple[str, Span]] = []
    for piece in _PIECE.finditer(word):
        cut = _type_in(piece.group(), anywhere=spaced, weak=not spaced and word[0].isdigit())
        ends = [piece.start(), *(piece.start() + place for place in cut), piece.end()]
        for first, last in pairwise(ends):
            place = (places[first][0], places[last - 1][1]) if spaced else (span[0] + first, span[0] + last)
            parts.append((word[first:last], place))
    return parts or [(word, span)]


# -- postcodes ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Postcode:
    """A postcode among the words: the words it takes, its folded key, its first half, whether it is spelt properly."""

    first: int
    last: int
    key: str = field(repr=False)
    outward: str = field(repr=False)
    strict: bool = True


def postcode_key(text: str) -> str:
    """Return the key under which a postcode is looked up: letters and digits, confusable ones folded together."""
    return "".join(filter(str.isalnum, text.lower())).translate(_CLASSES)


def is_postcode(text: str) -> bool:
    """Return whether *text* is exactly one properly spelt postcode."""
    plain = "".join(text.lower().split())
    return 5 <= len(plain) <= 7 and bool(_OUTWARD.fullmatch(plain[:-3]) and _INWARD.fullmatch(plain[-3:]))


_POSTCODE_GAP = frozenset(" \t\r\n>-_+")
_WIDEST_POSTCODE_GAP = 4


def _joins_postcode(gap: str) -> bool:
    """Return whether what stands between two words leaves them one postcode; a full stop or comma does not."""
    return len(gap) <= _WIDEST_POSTCODE_GAP and not set(gap) - _POSTCODE_GAP and gap.count("\n") < 2


def postcode_at(words: Words, index: int) -> Postcode | None:
    """Return the postcode whose last word is at *index*, or None."""
    word = words.words[index]
    raw = words.raw[index]
    if word.postcode:
        return Postcode(index, index, postcode_key(raw), raw[:-3], strict=word.strict)
    if not word.inward or index == 0:
        return None
    before = words.words[index - 1]
    outward = words.raw[index - 1]
    if not _joins_postcode(words.gap(index - 1)):
        return None
    if before.outward and (before.digits or word.digits):
        strict = bool(_OUTWARD.fullmatch(outward) and _INWARD.fullmatch(raw))
        return Postcode(index - 1, index, postcode_key(outward + raw), outward, strict=strict)
    if index > 1 and before.is_number and len(outward) <= 2 and _INWARD.fullmatch(raw):
        area = words.raw[index - 2]
        if _OUTWARD.fullmatch(area + outward) and _joins_postcode(words.gap(index - 2)):
            return Postcode(index - 2, index, postcode_key(area + outward + raw), area + outward)
    return None


# -- words that a slip brought near -------------------------------------------------------------------------------

SHORTEST_FUZZY = 5  # "Mill" and "Hill" are two streets: short words must be exact


class Spellings:
    """A set of words that also finds a word by a spelling of it with one letter wrong, missing, extra or swapped.

    Every word is entered under itself and under each form with one letter left out (SymSpell's idea, for edits of
    one); two words that are one edit apart share one of those.
    """

    __slots__ = ("_forms", "_longest", "words")

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)
        self._longest = max(map(len, self.words), default=0)
        forms: dict[str, list[str]] = {}
        for word in self.words:
            if len(word) >= SHORTEST_FUZZY:
                for form in _shortened(word):
                    forms.setdefault(form, []).append(word)
        self._forms = forms

    def near(self, word: str) -> tuple[str, ...]:
        """Return the words one edit from *word*, in order; itself is not among them."""
        if not SHORTEST_FUZZY - 1 <= len(word) <= self._longest + 1:
            return ()
        forms = self._forms
        found: set[str] = set()
        for form in _shortened(word):
            if form in forms:
                found.update(forms[form])
        found.discard(word)
        return tuple(sorted(other for other in found if is_near(word, other)))


def is_near(word: str, other: str) -> bool:
    """Return whether the two are at most one edit apart."""
    return OSA.distance(word, other, score_cutoff=1) <= 1


def _shortened(word: str) -> set[str]:
    """Return the word and its forms with one letter left out."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
