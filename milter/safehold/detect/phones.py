# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding phone numbers and ten-digit identifiers in a view, however they are grouped, misread or spelt out.

Digits are looked up in every grouping that people use.  What stands between them may be anything that groups digits;
a comma, colon or the like, which parts numbers as often as it groups one, counts only in what is grouped as a phone
number is.  Letters that are digits misread (``O77OO 9OO l23``) and digits read out (``oh double seven``) make a number
likely, never certain.  Pure; linear, as no number is longer than fifteen digits.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from safehold.detect.hits import Allowed, Hit
from safehold.detect.view import View
from safehold.model import Strength
from safehold.register import keys
from safehold.register.index import Register
from safehold.register.people import Kind
from safehold.register.vocabulary import DIGIT_WORDS, REPEATING
from safehold.register.words import misread_digits

_RUN = re.compile(r"[0-9](?:[0-9 ().+/\-_,:;*|~\[\]{}\u00b7\u2022]|\r?\n[ >|]{0,4}(?=[0-9]))*")  # over a line end too
_GROUP = re.compile(r"[0-9]+")
_LOOSE: Final = frozenset("_,:;*|~[]{}\u00b7\u2022")
_NATIONAL_PREFIXES: Final = frozenset({"", "0", "44", "440", "0044", "00440"})
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15
_FEWEST_IN_GROUP = 3
_WIDEST_GAP = 4

_SAID: Final = {Kind.PHONE: "phone number", Kind.NHS_NUMBER: "NHS number", Kind.CHI: "CHI number"}
_TEN_DIGITS: Final = (Kind.NHS_NUMBER, Kind.CHI)
KINDS: Final = frozenset(_SAID)


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits that stand together, or the word that stands for them."""

    digits: str = field(repr=False)
    start: int
    end: int
    is_disguised: bool = False


def find(view: View, register: Register, allowed: Allowed) -> Iterator[Hit]:
    """Yield the phone numbers and ten-digit identifiers of the people allowed."""
    finder = _Finder(view, register, allowed)
    text = view.text
    for run in _RUN.finditer(text):
        if run.end() - run.start() >= _FEWEST_DIGITS:
            groups = [_Group(found.group(), *found.span()) for found in _GROUP.finditer(text, run.start(), run.end())]
            yield from finder.in_groups(groups)
    for disguised in _disguised(view):
        yield from finder.in_groups(disguised, disguised_only=True)


class _Finder:
    """The search of one view."""

    def __init__(self, view: View, register: Register, allowed: Allowed) -> None:
        self.text = view.text
        self.register = register
        self.allowed = allowed

    def in_groups(self, groups: Sequence[_Group], *, disguised_only: bool = False) -> Iterator[Hit]:
        """Yield what any run of neighbouring groups is."""
        for first in range(len(groups)):
            digits = ""
            for last in range(first, len(groups)):
                if len(digits) + len(groups[last].digits) > _MOST_DIGITS:
                    break
                digits += groups[last].digits
                if len(digits) >= _FEWEST_DIGITS:
                    yield from self._number(digits, groups, first, last, disguised_only=disguised_only)

    def _number(
        self, digits: str, groups: Sequence[_Group], first: int, last: int, *, disguised_only: bool
    ) -> Iterator[Hit]:
        """Yield the values that are these digits."""
        key = digits[-keys.PHONE_DIGITS :]
        found = [(Kind.PHONE, person, value) for person, value in self.register.holders(Kind.PHONE, key)]
        if len(digits) == keys.PHONE_DIGITS:
            found += [(kind, *holder) for kind in _TEN_DIGITS for holder in self.register.holders(kind, digits)]
        if not found:
            return
        mine = groups[first : last + 1]
        disguised = any(group.is_disguised for group in mine)
        if disguised is not disguised_only or not (disguised or self._is_grouped(digits, mine)):
            return
        for kind, person, value in found:
            if self.allowed(person) and (kind is not Kind.PHONE or self._is_same(digits, person, value)):
                strength = Strength.LIKELY if disguised else Strength.CERTAIN
                why = f"{_SAID[kind]}, spelt out or misread" if disguised else f"whole {_SAID[kind]}"
                yield Hit(person, kind.value, value, mine[0].start, mine[-1].end, strength, why)

    def _is_grouped(self, digits: str, groups: Sequence[_Group]) -> bool:
        """Return whether the groups are one number: where commas and the like part them, only a phone's grouping is."""
        if not _LOOSE.intersection(self.text[groups[0].start : groups[-1].end]):
            return True
        if not digits.startswith(("0", "44")):
            return False
        lengths = {len(group.digits) for group in groups}
        return lengths == {1} or min(lengths - {2} if len(groups[0].digits) == 2 else lengths) >= _FEWEST_IN_GROUP

    def _is_same(self, digits: str, person_id: str, value: int) -> bool:
        """Return whether what stands before the last ten digits belongs to the number too."""
        if digits[: -keys.PHONE_DIGITS] in _NATIONAL_PREFIXES:
            return True
        person = self.register.person(person_id)
        return person is not None and digits.lstrip("0") == keys.digits(person.values[value].value).lstrip("0")


# -- misread and read out ---------------------------------------------------------------------------------------------


def _disguised(view: View) -> Iterator[list[_Group]]:
    """Yield the runs of words that are digits, misread or read out, with one at least that does not look so."""
    done = 0
    for index in view.disguised:
        if index < done or not _digits(view, index):
            continue
        first = index
        while first > done and _digits(view, first - 1) and _is_close(view.gap(first - 1)):
            first -= 1
        done = index + 1
        while done < len(view) and _digits(view, done) and _is_close(view.gap(done - 1)):
            done += 1
        yield list(_groups(view, first, done))


def _groups(view: View, first: int, last: int) -> Iterator[_Group]:
    """Yield the groups of digits of some words; "double seven" is one of them."""
    times, start = 1, -1
    for index in range(first, last):
        begin, end = view.characters(index, index + 1)
        raw = view.raw[index].replace("'", "")
        if raw in REPEATING:
            times, start = REPEATING[raw], begin
            continue
        digits = _digits(view, index)
        said = times > 1
        yield _Group(digits[0] * (times - 1) + digits, start if said else begin, end, said or not raw.isdigit())
        times = 1


def _digits(view: View, index: int) -> str:
    """Return the digits that a word is or stands for, or ""."""
    raw = view.raw[index].replace("'", "")
    if raw in REPEATING:
        return raw
    if raw.isascii() and raw.isdigit():
        return raw
    return DIGIT_WORDS.get(raw, "") or misread_digits(raw)


def _is_close(gap: str) -> bool:
    return len(gap) <= _WIDEST_GAP and gap.count("\n") < 2
