# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the names of given people in a view.

A name is looked for only of people in scope and of those whom another value has found already: in a large register
some name fits one innocent message in six (matching.md 5).  A surname counts with a forename beside it: the same, a
nickname, an initial, or a slip of one letter in one of the two.  Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from safehold.detect import rarity
from safehold.detect.values import Hit
from safehold.detect.view import View
from safehold.model import Strength
from safehold.register import names
from safehold.register.names import Likeness, Name
from safehold.register.people import Kind, Person
from safehold.register.words import SHORTEST_FUZZY, Spellings

_SAID = {
    Likeness.SAME: "forename and surname",
    Likeness.NICKNAME: "a form of the forename, and the surname",
    Likeness.NEAR: "forename (one letter differs) and surname",
    Likeness.INITIAL: "initial and surname",
}
_RARE_SURNAME = 12.0
_SCHOOL_POINTS = 8.0
_HINT_POINTS = 9.0
_WIDEST_GAP = 8


@dataclass(frozen=True, slots=True)
class _Known:
    """A name of somebody, and which of the person's values it is."""

    person: str
    value: int
    kind: Kind
    name: Name = field(repr=False)


class NameSearch:
    """The names of some people, ready to be looked for in any number of views."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._by_surname: dict[str, list[_Known]] = defaultdict(list)
        self._schools: list[tuple[str, str, int]] = []
        for person in people:
            for place, value in enumerate(person.values):
                if value.kind in {Kind.NAME, Kind.ALIAS}:
                    self._add(_Known(person.id, place, value.kind, names.parse_name(value.value)))
                elif value.kind is Kind.SCHOOL:
                    self._schools.append(("".join(names.name_words(value.value)), person.id, place))
        self._surnames = Spellings(self._by_surname)

    def _add(self, known: _Known) -> None:
        for surname in known.name.surnames:
            self._by_surname[surname].append(known)

    def find(self, view: View) -> Iterator[Hit]:
        """Yield the names that the view holds: ``likely`` with a forename, ``hint`` with a title alone."""
        if not self._by_surname:
            return
        places: dict[str, list[int]] = defaultdict(list)
        telling = {raw: spelt for raw in view.distinct if (spelt := self._spelt(raw))}
        if not telling:
            return
        for index, raw in enumerate(view.raw):
            if raw in telling:
                places[raw].append(index)
        for raw, indexes in places.items():
            for surname, exact in telling[raw]:
                for index in indexes:
                    yield from self._at(view, index, surname, exact=exact)

    def _spelt(self, raw: str) -> list[tuple[str, bool]]:
        """Return the surnames that a word may be, and whether it is spelt so: possessive s and one slip allowed."""
        word = raw.replace("'", "")
        plain = word[:-1] if raw.endswith("'s") else word
        found = [(form, True) for form in dict.fromkeys((word, plain)) if form in self._surnames.words]
        if not found and len(plain) >= SHORTEST_FUZZY:
            found = [(near, False) for near in self._surnames.near(plain)]
        return found

    def _at(self, view: View, index: int, surname: str, *, exact: bool) -> Iterator[Hit]:
        common = surname in names.COMMON_WORDS or len(surname) <= 2
        if common and not view.is_capital(index):
            return
        for known in self._by_surname[surname]:
            best = self._beside(view, index, known.name, exact=exact)
            if best is not None:
                likeness, first, last = best
                yield self._hit(view, known, likeness, (first, last), exact=exact, surname=surname)
            elif exact and self._has_title(view, index) and rarity.surname(surname) >= _RARE_SURNAME:
                start, end = view.characters(index - 1, index + 1)
                why = "title and surname"
                yield Hit(known.person, known.kind.value, known.value, start, end, Strength.HINT, why, _HINT_POINTS)

    def _hit(
        self, view: View, known: _Known, likeness: Likeness, span: tuple[int, int], *, exact: bool, surname: str
    ) -> Hit:
        start, end = view.characters(*span)
        why = _SAID[likeness] + ("" if exact else " (one letter differs)")
        weight = rarity.surname(surname) + float(likeness)
        return Hit(known.person, known.kind.value, known.value, start, end, Strength.LIKELY, why, weight)

    def _beside(self, view: View, index: int, name: Name, *, exact: bool) -> tuple[Likeness, int, int] | None:
        """Return the best forename beside a surname, and the words of both (from, up to)."""
        found: list[tuple[Likeness, int, int]] = []
        for place in self._neighbours(view, index):
            raw = view.raw[place]
            word = raw.replace("'", "")
            likeness = names.forename_likeness(word, name, fuzzy=exact)
            if likeness is Likeness.NONE or (word in names.COMMON_WORDS and not view.is_capital(place)):
                continue
            if likeness is Likeness.INITIAL and (place > index + 1 or not exact or not view.is_capital(place)):
                continue
            if likeness is Likeness.INITIAL and place > index and "," not in view.gap(index):
                continue
            found.append((likeness, min(place, index), max(place, index) + 1))
        return max(found, key=lambda item: (item[0], item[1] - item[2]), default=None)

    @staticmethod
    def _neighbours(view: View, index: int) -> Iterator[int]:
        """Yield the words where a forename may stand: up to three before (middle names), two after."""
        for place in range(index - 1, max(index - 4, -1), -1):
            gap = view.gap(place)
            if _parts(gap) or ("." in gap and len(view.raw[place]) > 2 and view.raw[place] not in names.TITLES):
                break
            yield place
        for place in (index + 1, index + 2):
            if place >= len(view) or "\n\n" in view.gap(place - 1) or "." in view.gap(place - 1):
                break
            yield place
            if view.raw[place] not in names.TITLES:
                break

    @staticmethod
    def _has_title(view: View, index: int) -> bool:
        return index > 0 and view.raw[index - 1] in names.TITLES

    def schools(self, view: View) -> Iterator[Hit]:
        """Yield the schools that the view holds, as hints."""
        for run, person, place in self._schools:
            if len(run) >= SHORTEST_FUZZY:
                for first, last in view.find_raw(run):
                    start, end = view.characters(first, last)
                    yield Hit(
                        person,
                        Kind.SCHOOL.value,
                        place,
                        start,
                        end,
                        Strength.HINT,
                        "name of the school",
                        _SCHOOL_POINTS,
                    )


def _parts(gap: str) -> bool:
    """Return whether what stands between two words shows that they are not one name; a line end does not."""
    return len(gap) > _WIDEST_GAP or gap.count("\n") > 1 or bool(gap.strip(" \t\r\n>.-_"))
