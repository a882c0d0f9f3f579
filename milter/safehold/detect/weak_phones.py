# SPDX-License-Identifier: GPL-3.0-or-later
"""Phone numbers of the people in scope that do not stand in the text whole: in pieces, local, or with one slip.

Where a few people are looked for, ten digits in the right order are theirs whatever stands between ("starts 01632 960
and ends 123"): likely.  A number without its area code is a hint, for six digits stand in many messages by chance;
where the area code is said elsewhere in the message it is likely.  A whole number with one digit wrong, missing, extra
or swapped with its neighbour is a hint.

The digits of a view are laid in one run, in which each number is looked for as it is: the time is linear in the text
for each person.  Pure.  Sources: the lengths of area codes are those of the National Telephone Numbering Plan.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from safehold.detect.hits import Hit, Placed
from safehold.detect.view import View
from safehold.model import Strength
from safehold.register import keys
from safehold.register.index import Register
from safehold.register.people import Kind
from safehold.register.spelling import Spellings
from safehold.register.vocabulary import DIGIT_WORDS, REPEATING

_NATIONAL_LENGTHS: Final = frozenset({10, 11})
_BEFORE_NATIONAL: Final = frozenset({"", "0", "44", "440", "0044", "00440", "4400"})
_FEWEST_LOCAL: Final = 6
_FEWEST_SAID: Final = 3  # words for digits in a text that are worth a look beside some digits of a number
_MANY_SAID: Final = 5  # without any
_HALF: Final = 6  # where the first half of a number ends, its 0 with it
_KEPT: Final = 4_096  # values taken apart that are kept
_FEWEST_IN_PIECE: Final = 3
_WIDEST_GAP, _WIDEST_BETWEEN_DIGITS = 120, 30  # characters between pieces, and where each is one digit
_WIDEST_JOINT: Final = 4
_JOINTS: Final = frozenset(" -.()/+\n\r\t\u00b7")  # what may stand within one number
_LOCAL_JOINTS: Final = frozenset({"", " ", "-", "."})
_SUMS: Final = frozenset("$\u00a3\u20ac.#,=/_&")  # before a sum, a part of a link or of a list of numbers
_LIKELY_POINTS, _HINT_POINTS = 22.0, 10.0


@dataclass(frozen=True, slots=True)
class _Known:
    """One number: whose, its digits in the national form (with the leading 0), and how it is told in part.

    Attributes:
        person: The person's id.
        value: Which of the person's values it is.
        national: All digits.
        area: The area code with its 0, or "" where the number has none: only numbers of places have.
        local: What is dialled within the area, or "" where that is too short to be told from other numbers.
    """

    person: str
    value: int
    national: str = field(repr=False)
    area: str = field(repr=False)
    local: str = field(repr=False)


@lru_cache(maxsize=_KEPT)
def _taken_apart(value: str) -> tuple[str, str, str]:
    """Return national form, area code and local number of a value as it is written; "" for what it has not."""
    national = _national(keys.digits(value))
    if len(national) not in _NATIONAL_LENGTHS:
        return "", "", ""
    area = national[: _area_length(national)]
    local = national[len(area) :] if area else ""
    return national, area, local if len(local) >= _FEWEST_LOCAL else ""


def _area_length(national: str) -> int:
    for starts, length in (("02", 3), ("011", 4)):
        if national.startswith(starts):
            return length
    if not national.startswith("01"):
        return 0
    return 4 if national[3] == "1" else 5


def _national(digits: str) -> str:
    """Return the national form of digits as they are dialled, or "" where they are not a British number."""
    for prefix in ("0044", "44"):
        if digits.startswith(prefix):
            digits = "0" + digits[len(prefix) :].removeprefix("0")
            break
    return digits if digits[:1] == "0" and digits[1:2] not in {"", "0"} else ""


class WeakPhones:
    """The numbers of some people, ready to be looked for in any number of views."""

    def __init__(self, register: Register, people: Iterable[str]) -> None:
        self._known: list[_Known] = []
        for person in filter(None, map(register.person, people)):
            for place, value in enumerate(person.values):
                if value.kind is Kind.PHONE:
                    national, area, local = _taken_apart(value.value)
                    if national:
                        self._known.append(_Known(person.id, place, national, area, local))
        self._areas = {known.area for known in self._known} - {""}
        self._areas_said: set[str] = set()

    @property
    def numbers(self) -> list[str]:
        """Return the digits of the numbers, without the 0."""
        return [known.national[1:] for known in self._known]

    def find(self, view: View) -> Iterator[Hit]:
        """Yield what is not whole in one view; a local number is a hint, until :meth:`settled` has seen all views."""
        if not self._known:
            return
        plain = _plain_groups(view)
        digits = "".join(plain)
        if digits:
            self._areas_said |= {area for area in self._areas if area[1:] in digits and _says_area(plain, area)}
            yield from self._in_digits(view, plain, digits)
        said = len(view.distinct & _SAID)
        if said >= _FEWEST_SAID and (
            said >= _MANY_SAID or any(_begins_or_ends(known, digits) for known in self._known)
        ):
            run = _Run(_said_groups(view), view.text)
            for known in self._known:
                yield from _pieces(known, run)

    def _in_digits(self, view: View, plain: Sequence[str], digits: str) -> Iterator[Hit]:
        run: _Run | None = None
        may_slip: list[_Known] = []
        for known in self._known:
            national, local = known.national, known.local
            is_whole = national[1:] in digits
            is_local = bool(local) and local in digits
            is_near = not is_whole and _may_slip(national, digits)
            if not (is_whole or is_local or is_near):
                continue
            if run is None:
                spans = view.words.spans
                run = _Run([(group, *spans[index]) for group, index in zip(plain, view.digits, strict=True)], view.text)
            if is_whole:
                yield from _pieces(known, run)
            if is_local:
                yield from _local(known, run)
            if is_near:
                may_slip.append(known)
        if run is not None and may_slip:
            yield from _slips(may_slip, run)

    def settled(self, placed: Sequence[Placed]) -> list[Placed]:
        """Return what was found, local numbers as likely where their area code was said in any of the views."""
        areas = {(known.person, known.value): known.area for known in self._known}

        def settle(place: Placed) -> Placed:
            hit = place.hit
            if hit.why != _LOCAL or areas.get((hit.person, hit.value)) not in self._areas_said:
                return place
            why = "phone number, its area code elsewhere in the message"
            return replace(place, hit=replace(hit, strength=Strength.LIKELY, why=why, weight=_LIKELY_POINTS))

        return [settle(place) for place in placed]


_SAID: Final = DIGIT_WORDS.keys() - {"o"}
_LOCAL: Final = "phone number without its area code"


def _hit(known: _Known, start: int, end: int, strength: Strength, why: str) -> Hit:
    points = _LIKELY_POINTS if strength is Strength.LIKELY else _HINT_POINTS
    return Hit(known.person, Kind.PHONE.value, known.value, start, end, strength, why, points)


# -- the digits of a view -----------------------------------------------------------------------------------------


_Group = tuple[str, int, int]  # digits, and where the word that they are stands


def _plain_groups(view: View) -> list[str]:
    """Return the digits of each word that holds some; of a word of letters and digits a stop."""
    raw = view.raw
    return [word if word.isdecimal() else "x" for word in map(raw.__getitem__, view.digits)]


def _said_groups(view: View) -> Iterator[_Group]:
    """Yield the words that are digits, as they stand or read out."""
    spans = view.words.spans
    times, start = 1, -1
    for index, word in enumerate(view.raw):
        if word in REPEATING:
            times, start = REPEATING[word], spans[index][0]
            continue
        digits = DIGIT_WORDS.get(word, "") or (word if word.isdecimal() else "")
        if digits:
            begin, end = spans[index]
            for _ in range(times - 1):
                yield digits[0], start, end
            yield digits, begin, end
        times = 1


def _may_slip(national: str, digits: str) -> bool:
    """Return whether digits can hold a number with one slip: it leaves one half, or swaps the two in the middle."""
    if national[1:_HALF] in digits or national[1 - _HALF :] in digits:
        return True
    return f"{national[1 : _HALF - 1]}{national[_HALF]}{national[_HALF - 1]}" in digits


def _says_area(groups: Iterable[str], area: str) -> bool:
    """Return whether a group is an area code, or the beginning of a number in that area."""
    forms = (area, f"44{area[1:]}", f"0044{area[1:]}")
    before = ""
    for digits in groups:
        if digits.startswith(forms) or (before.endswith("44") and digits.startswith(area[1:])):
            return True
        before = digits
    return False


def _begins_or_ends(known: _Known, digits: str) -> bool:
    """Return whether digits are some of a number of which the others may be read out."""
    return known.national[1:5] in digits or known.national[-3:] in digits


class _Run:
    """The digits of a view, one after the other."""

    def __init__(self, groups: Iterable[_Group], text: str) -> None:
        self._text = text
        self._groups: Sequence[_Group] = list(groups)
        self.digits = "".join([digits for digits, _, _ in self._groups])
        self._starts = [0]
        for digits, _, _ in self._groups:
            self._starts.append(self._starts[-1] + len(digits))

    def find(self, digits: str) -> Iterator[tuple[int, int, int]]:
        """Yield the groups (first, up to) in which *digits* stand to the end of the last, and where in the first."""
        offset = self.digits.find(digits)
        while offset >= 0:
            first = bisect_right(self._starts, offset) - 1
            after = bisect_left(self._starts, offset + len(digits))
            if self._starts[after] == offset + len(digits):
                yield first, after, offset - self._starts[first]
            offset = self.digits.find(digits, offset + 1)

    def group(self, place: int) -> str:
        """Return the digits of one group, "" beyond the ends."""
        return self._groups[place][0] if 0 <= place < len(self._groups) else ""

    def gap(self, place: int) -> str:
        """Return what stands between a group and the next one, and much beyond the ends."""
        if not 0 <= place < len(self._groups) - 1:
            return "\n" * (_WIDEST_GAP + 1)
        return self._text[self._groups[place][2] : self._groups[place + 1][1]]

    def span(self, first: int, after: int) -> tuple[int, int]:
        """Return the characters of the groups."""
        return self._groups[first][1], self._groups[after - 1][2]

    def before(self, place: int) -> str:
        """Return the sign that stands before a group."""
        start = self._groups[place][1]
        return self._text[max(start - 1, 0) : start]

    def is_joined(self, place: int) -> bool:
        """Return whether a group and the next one may be of one number."""
        gap = self.gap(place)
        return len(gap) <= _WIDEST_JOINT and not set(gap) - _JOINTS

    def numbers(self) -> Iterator[tuple[str, int, int]]:
        """Yield the national forms of whole numbers, and where they stand."""
        for digits, start, end in self._whole():
            national = _national(digits)
            if min(_NATIONAL_LENGTHS) - 1 <= len(national) <= max(_NATIONAL_LENGTHS) + 1:
                yield national, start, end

    def _whole(self) -> Iterator[tuple[str, int, int]]:
        """Yield the whole numbers: neighbouring groups that begin as a phone number does, and go on no further."""
        for first, (digits, _, _) in enumerate(self._groups):
            if digits[0] not in "04" or (first and self.is_joined(first - 1) and "\n" not in self.gap(first - 1)):
                continue
            whole, after = digits, first + 1
            while after < len(self._groups) and len(whole) <= 15 and self.is_joined(after - 1):
                if len(whole) >= min(_NATIONAL_LENGTHS) and "\n" in self.gap(after - 1):
                    break
                whole += self._groups[after][0]
                after += 1
            if len(whole) <= 15 and "x" not in whole:
                yield whole, *self.span(first, after)


# -- in pieces, and without an area code ----------------------------------------------------------------------------


def _pieces(known: _Known, run: _Run) -> Iterator[Hit]:
    """Yield the places where the digits of a number follow each other, whatever words stand between."""
    for first, after, inside in run.find(known.national[1:]):
        before = run.group(first)[:inside]
        while first > 0 and before in _BEFORE_NATIONAL and f"{run.group(first - 1)}{before}" in _BEFORE_NATIONAL:
            if len(run.gap(first - 1)) > _WIDEST_BETWEEN_DIGITS:
                break
            first -= 1
            before = run.group(first) + before
        if before in _BEFORE_NATIONAL and _are_pieces(run, first, after):
            yield _hit(known, *run.span(first, after), Strength.LIKELY, "phone number in pieces")


def _are_pieces(run: _Run, first: int, after: int) -> bool:
    """Return whether groups are meant as one number: not a list of small numbers, and not too far apart."""
    lengths = {len(run.group(place)) for place in range(first, after)}
    if max(lengths) < _FEWEST_IN_PIECE and lengths != {1}:
        return False
    gaps = [len(run.gap(place)) for place in range(first, after - 1)]
    if lengths == {1}:
        return max(gaps, default=0) <= _WIDEST_BETWEEN_DIGITS
    return max(gaps, default=0) <= _WIDEST_GAP


def _slips(some: Iterable[_Known], run: _Run) -> Iterator[Hit]:
    """Yield the whole numbers that are one of some but for one slip."""
    numbers = list(run.numbers())
    if not numbers:
        return
    known_by: dict[str, list[_Known]] = {}
    for known in some:
        known_by.setdefault(known.national, []).append(known)
    spellings = Spellings(known_by)
    for national, start, end in numbers:
        for near in spellings.near(national) if national not in known_by else ():
            for known in known_by[near]:
                yield _hit(known, start, end, Strength.HINT, "phone number (one digit differs)")


def _local(known: _Known, run: _Run) -> Iterator[Hit]:
    """Yield the places where a number stands without its area code, and is no part of a longer one."""
    for first, after, inside in run.find(known.local):
        gaps = [run.gap(place) for place in range(first, after - 1)]
        if inside or not all(gap in _LOCAL_JOINTS for gap in gaps):
            continue
        if run.before(first) in _SUMS or run.is_joined(first - 1) or run.is_joined(after - 1):
            continue
        yield _hit(known, *run.span(first, after), Strength.HINT, _LOCAL)
