# SPDX-License-Identifier: GPL-3.0-or-later
"""Official numbers in a text: by their form, their check digits where they have them, and the words beside them.

One ten-digit number in eleven passes for an NHS number, and a UPRN is any number at all; so most kinds count only where
a word that goes with them stands near, or heads their column.  Numbers of a very own form (court cases, postcodes) need
no word.  Forms and check digits: NHS data dictionary (modulus 11), HMRC NIM39110 (NINO), the courts' case number
formats, PNC identifiers (modulus 23), BS 7666 (postcodes).

Pure, linear in the text.  A finding says where, never what.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from safehold.detect.words import LIMIT, Hits
from safehold.model import Finding, Place, Segment, Strength
from safehold.text import Folded, cleaned, folded

_WORD = re.compile(r"\w+")
# Rows from the top of a table in which the headings of its columns stand.
_HEADING_ROWS = 5
_ONE_BLANK = r"[ \u00a0.-]?"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A kind of number and what must stand beside it.

    Attributes:
        kind: Its name.
        near: Words of which one must stand near; () for those that go with the kind.
        words: How many words away at the most, or None where ``characters`` says it.
        characters: How many characters away at the most.  Both None: anywhere in the same segment.
        patterns: RE2 patterns of a site's own numbers.
    """

    kind: str
    near: tuple[str, ...] = ()
    words: int | None = 10
    characters: int | None = None
    patterns: tuple[Any, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class _Kind:
    form: re.Pattern[str]
    near: tuple[str, ...] = ()
    is_right: Callable[[str], bool] = bool


# -- check digits ------------------------------------------------------------------------------------------------------


def is_nhs_number(digits: str) -> bool:
    """Return whether ten digits carry the check digit of an NHS (or CHI) number: modulus 11, weights 10 to 2."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check != 10 and check % 11 == int(digits[9])


def is_chi(digits: str) -> bool:
    """Return whether ten digits are a CHI number: its first six are a birth date, and the check digit is right."""
    day, month = int(digits[:2]), int(digits[2:4])
    return 1 <= day <= 31 and 1 <= month <= 12 and is_nhs_number(digits)


_NEVER_NINO = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
# QQ is never issued, and is the official example.
_NINO_FIRST, _NINO_SECOND = frozenset("ABCEGHJKLMNOPRSTWXYZ"), frozenset("ABCEGHJKLMNPRSTWXYZ")


def is_nino(text: str) -> bool:
    """Return whether a text without blanks has a prefix that a National Insurance number may have."""
    prefix = text[:2].upper()
    if prefix == "QQ":
        return True
    return prefix not in _NEVER_NINO and prefix[0] in _NINO_FIRST and prefix[1] in _NINO_SECOND


_PNC_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"


def is_pnc(text: str) -> bool:
    """Return whether a PNC identifier (year, serial number, letter) has the right letter: modulus 23."""
    digits = "".join(c for c in text if c.isdigit())
    year, serial = (digits[:4], digits[4:]) if text.find("/") == 4 else (digits[:2], digits[2:])
    return _PNC_LETTERS[int(year[-2:] + serial.zfill(7)) % 23] == text[-1].upper()


def _squeezed(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _ten_digits(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: check(_squeezed(text))


def _is_postcode(text: str) -> bool:
    return text.upper() == text or " " in text


_EDGE, _END = r"(?<![\w-])", r"(?![\w-])"
_DIGITS = rf"(?<![\d.,/-])\d{{3}}{_ONE_BLANK}\d{{3}}{_ONE_BLANK}\d{{4}}(?!\d|[.,]\d|[-/]\d)"
_DATE = (
    r"(?<!\d)(?:(?:0?[1-9]|[12]\d|3[01])(?:[/.-](?:0?[1-9]|1[0-2])[/.-]|(?:st|nd|rd|th)?[ -](?:of )?"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6},?[ -])(?:19|20)?\d{2}"
    r"|(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?!\d)"
)
_KINDS: Mapping[str, _Kind] = {
    "nhs_number": _Kind(
        re.compile(_DIGITS),
        ("nhs", "patient", "dob", "date of birth", "hospital number", "gp"),
        _ten_digits(is_nhs_number),
    ),
    "chi": _Kind(re.compile(_DIGITS), ("chi", "patient", "dob", "date of birth"), _ten_digits(is_chi)),
    "nino": _Kind(
        re.compile(rf"{_EDGE}[A-Z]{{2}} ?\d{{2}} ?\d{{2}} ?\d{{2}}(?: ?[A-D])?{_END}", re.IGNORECASE),
        ("ni", "nino", "national insurance", "insurance number", "ni number", "ni no"),
        lambda text: is_nino(_squeezed(text)),
    ),
    "uprn": _Kind(re.compile(rf"{_EDGE}\d{{1,12}}{_END}"), ("uprn", "unique property reference")),
    "postcode": _Kind(
        re.compile(
            rf"{_EDGE}(?:[A-PR-UWYZ](?:[A-HK-Y]\d{{1,2}}|[A-HK-Y]\d[ABEHMNPRVWXY]|\d[A-HJKPSTUW]|\d{{1,2}}))"
            rf" {{0,2}}\d[ABD-HJLNP-UW-Z]{{2}}{_END}",
            re.IGNORECASE,
        ),
        (),
        _is_postcode,
    ),
    "family_case": _Kind(re.compile(rf"{_EDGE}[A-Z]{{2}}\d{{2}}[CPFD]\d{{5}}{_END}", re.IGNORECASE)),
    "criminal_case": _Kind(
        re.compile(rf"{_EDGE}(?:\d{{2}}/\d{{4}}/\d{{6}}[A-Z]|(?:\d{{2}}|\d{{4}})/\d{{1,7}}[A-Z]){_END}", re.IGNORECASE),
        ("case", "crime", "urn", "pnc", "reference", "ref", "defendant", "offence"),
        lambda text: text.count("/") == 2 or is_pnc(text),
    ),
    "prison_number": _Kind(
        re.compile(rf"{_EDGE}[A-Z]\d{{4}}[A-Z]{{2}}{_END}"), ("prison", "prisoner", "nomis", "hmp", "custody", "inmate")
    ),
    "phone": _Kind(re.compile(r"(?<![\d.,/-])(?:\+44 ?(?:\(0\))? ?|\(?0)[1-9](?:[ ().-]{0,2}\d){8,9}(?![\d/]|[.,]\d)")),
    "email": _Kind(
        re.compile(rf"{_EDGE}[\w.+%-]{{1,64}}@(?:[A-Z0-9-]{{1,63}}\.){{1,8}}[A-Z]{{2,24}}{_END}", re.IGNORECASE)
    ),
    "date_of_birth": _Kind(
        re.compile(_DATE, re.IGNORECASE), ("dob", "d.o.b", "born", "date of birth", "birth date", "birthday")
    ),
}


# -- finding -----------------------------------------------------------------------------------------------------------


def find(segments: Sequence[Segment], wanted: Mapping[str, Wanted]) -> dict[str, Hits]:
    """Return the hits of each kind by its key; the ``value`` of a finding numbers the different numbers, from 0."""
    texts = [cleaned(segment.text) for segment in segments]
    headings = _Headings(segments)
    return {key: _of_kind(one, segments, texts, headings) for key, one in wanted.items()}


def _of_kind(wanted: Wanted, segments: Sequence[Segment], texts: Sequence[Folded], headings: "_Headings") -> Hits:
    kind = _KINDS.get(wanted.kind)
    near = _Near(wanted, kind.near if kind is not None else ())
    found: list[Finding] = []
    numbers: dict[str, int] = {}
    for index, (segment, clean) in enumerate(zip(segments, texts, strict=True)):
        for start, end in _forms(wanted, kind, clean.text):
            span = clean.source_span(start, end)
            beside = near.beside(clean.text, start, end) or near.heads(headings, index, span[0])
            if not beside:
                continue
            if len(found) >= LIMIT:
                return Hits(tuple(found), everywhere=True)
            number = numbers.setdefault(_squeezed(clean.text[start:end]).casefold(), len(numbers))
            found.append(_finding(wanted.kind, number, index, segment, span, beside))
    return Hits(tuple(found))


def _forms(wanted: Wanted, kind: _Kind | None, text: str) -> Iterator[tuple[int, int]]:
    if kind is None:
        spans = {match.span() for pattern in wanted.patterns for match in pattern.finditer(text)}
        yield from sorted(span for span in spans if span[0] < span[1])
        return
    for match in kind.form.finditer(text):
        if kind.is_right(match.group()):
            yield match.span()


class _Near:
    """The words of which one must stand near a number."""

    def __init__(self, wanted: Wanted, usual: tuple[str, ...]) -> None:
        self._words = tuple(dict.fromkeys(folded(word) for word in wanted.near or usual))
        self._wanted = wanted
        named = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(self._words, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<!\w)(?:{named})(?!\w)") if named else None

    def beside(self, text: str, start: int, end: int) -> str:
        """Return what stands beside the number, in words of ours, or "" where it has to and does not."""
        if self._pattern is None:
            return "by its form"
        before, after = self._reach(text, start, end)
        around = folded(f"{text[before:start]} \N{FULL STOP} {text[end:after]}")
        return "beside a word that goes with it" if self._pattern.search(around) else ""

    def _reach(self, text: str, start: int, end: int) -> tuple[int, int]:
        """Return how far on both sides a word counts."""
        wanted = self._wanted
        if wanted.characters is not None:
            return max(0, start - wanted.characters), end + wanted.characters
        if wanted.words is None:
            return 0, len(text)
        # A word has some six characters; ten times as much holds the longest that people write.
        room = 60 * wanted.words + 60
        left = [match.start() for match in _WORD.finditer(text, max(0, start - room), start)]
        right = [match.end() for match in _WORD.finditer(text, end, min(len(text), end + room))]
        before = left[-wanted.words] if len(left) >= wanted.words else max(0, start - room)
        after = right[wanted.words - 1] if len(right) >= wanted.words else min(len(text), end + room)
        return before, after

    def heads(self, headings: "_Headings", index: int, position: int) -> str:
        """Return that a heading of the column says what the number is, or ""."""
        if self._pattern is None:
            return ""
        found = any(self._pattern.search(folded(heading)) for heading in headings.above(index, position))
        return "in a column headed by a word that goes with it" if found else ""


class _Headings:
    """The headings of the columns of tables: the cells above in the first rows of the same table."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._first: dict[Place, int] = {}
        self._rows: dict[int, list[int]] = {}
        for index, segment in enumerate(segments):
            self._first.setdefault(_table(segment.place), index)

    def above(self, index: int, position: int) -> Iterator[str]:
        """Yield the cells that head the column in which a place of a segment stands."""
        text = self._segments[index].text
        line = text.rfind("\n", 0, position) + 1
        column = text.count("\t", line, position)
        if "\t" not in text[line : text.find("\n", position) if "\n" in text[position:] else len(text)]:
            return
        for first in dict.fromkeys((self._first[_table(self._segments[index].place)], index)):
            rows = self._segments[first].text.split("\n", _HEADING_ROWS)[:_HEADING_ROWS]
            for row in rows:
                cells = row.split("\t")
                if column < len(cells) and not any(c.isdigit() for c in cells[column]):
                    yield cells[column]


def _table(place: Place) -> Place:
    return Place(place.part, place.kind, place.number)


def _finding(kind: str, number: int, index: int, segment: Segment, span: tuple[int, int], why: str) -> Finding:
    return Finding(
        detector="identifier",
        person="",
        field=kind.removeprefix("local:"),
        value=number,
        segment=index,
        place=segment.place_at(span[0]),
        span=span,
        strength=Strength.CERTAIN,
        why=why,
    )
