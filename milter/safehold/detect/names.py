# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the names of given people in a view.

A name is looked for only of people in scope and of those whom another value has found already: in a large register
some name fits one innocent message in six (matching.md 5).  A surname counts with a forename beside it: the same, a
nickname, an initial, or a slip of one letter in one of the two.  Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache

from safehold.detect import rarity
from safehold.detect.hits import Hit
from safehold.detect.view import Span, View
from safehold.model import Strength
from safehold.register import names
from safehold.register.index import KnownName, Register
from safehold.register.names import Likeness, Name
from safehold.register.people import Kind
from safehold.register.spelling import SHORTEST_FUZZY, Spellings

_SAID = {
    Likeness.SAME: "forename and surname",
    Likeness.NICKNAME: "a form of the forename, and the surname",
    Likeness.NEAR: "forename (one letter differs) and surname",
    Likeness.INITIAL: "initial and surname",
}
_RARE_SURNAME = 12.0
_SCHOOL_POINTS = 8.0
_HINT_POINTS = 9.0
_GLUED_POINTS = 15.0
_WIDEST_GAP = 8
_SHORTEST_GLUED = 6
_MOST_LINES = 3
_MOST_SCOPES = 32  # sets of surnames that are kept ready
# What may stand before and after a word that is said aside within a name.
_ASIDES = frozenset({('"', '"'), ("(", ")"), ("'", "'"), ("[", "]")})


class NameSearch:
    """The names of some people, ready to be looked for in any number of views."""

    def __init__(self, register: Register, people: Iterable[str]) -> None:
        self._by_surname: dict[str, list[KnownName]] = defaultdict(list)
        self._by_glued: dict[str, list[KnownName]] = defaultdict(list)
        self._schools: list[KnownName] = []
        for known in (known for person in people for known in register.names_of(person)):
            if known.kind is Kind.SCHOOL:
                self._schools.append(known)
                continue
            for surname in known.surnames:
                self._by_surname[surname].append(known)
            for glued in known.glued:
                if len(glued) >= _SHORTEST_GLUED:
                    self._by_glued[glued].append(known)
        self._surnames = _spellings(frozenset(self._by_surname))

    def __bool__(self) -> bool:
        return bool(self._by_surname or self._schools)

    @property
    def surnames(self) -> AbstractSet[str]:
        """Return the surnames looked for."""
        return self._by_surname.keys()

    def find(self, view: View) -> Iterator[Hit]:
        """Yield the names that the view holds: ``likely`` with a forename, ``hint`` with a title alone."""
        if not self._by_surname:
            return
        places: dict[str, list[int]] = defaultdict(list)
        telling = {raw: spelt for raw in view.distinct if len(raw) > 1 and (spelt := self._spelt(raw))}
        glued = view.distinct & self._by_glued.keys()
        if telling or glued:
            for index, raw in enumerate(view.raw):
                if raw in telling or raw in glued:
                    places[raw].append(index)
        for raw, indexes in places.items():
            for index in indexes:
                yield from self._run_together(view, index, raw)
                for surname, exact in telling.get(raw, ()):
                    yield from self._at(view, (index, index + 1), surname, exact=exact)
        yield from self._with_particle(view)

    def _run_together(self, view: View, index: int, raw: str) -> Iterator[Hit]:
        """Yield the names that one word is, forename and surname run together ("margaretdoering")."""
        for known in self._by_glued.get(raw, ()):
            start, end = view.characters(index, index + 1)
            forename = known.name.forenames[0]
            if (len(forename) == 1 or forename not in raw) and view.text[end : end + 1] != "@":
                continue  # an initial and a surname make a word too easily, if it is not a mailbox
            why = "forename or initial and surname, run together"
            yield Hit(known.person, known.kind.value, known.value, start, end, Strength.LIKELY, why, _GLUED_POINTS)

    def _with_particle(self, view: View) -> Iterator[Hit]:
        """Yield the names with a surname that is written apart ("O Brien", "Mc Donald")."""
        if view.distinct.isdisjoint(names.PREFIXES):
            return
        for index in range(len(view) - 1):
            if view.raw[index] in names.PREFIXES and not _parts(view.gap(index).lstrip("'")):
                surname = view.raw[index] + view.raw[index + 1]
                if surname in self._by_surname:
                    yield from self._at(view, (index, index + 2), surname, exact=True)

    def _spelt(self, raw: str) -> list[tuple[str, bool]]:
        """Return the surnames that a word may be, and whether it is spelt so: possessive s and one slip allowed."""
        known = self._by_surname
        word = plain = raw
        if "'" in raw:
            word = raw.replace("'", "")
            plain = word[:-1] if raw.endswith("'s") else word
        found = [(form, True) for form in dict.fromkeys((word, plain)) if form in known]
        if not found and len(plain) >= SHORTEST_FUZZY:
            found = [(near, False) for near in self._surnames.near(plain)]
        return found

    def _at(self, view: View, span: Span, surname: str, *, exact: bool) -> Iterator[Hit]:
        common = surname in names.COMMON_WORDS or len(surname) <= 2
        if common and not view.is_capital(span[0]):
            return
        for known in self._by_surname[surname]:
            best = self._beside(view, span, known.name, exact=exact)
            if best is not None:
                likeness, first, last = best
                yield self._hit(view, known, likeness, (first, last), exact=exact, surname=surname)
            elif exact and self._has_title(view, span[0]) and rarity.surname(surname) >= _RARE_SURNAME:
                start, end = view.characters(span[0] - 1, span[1])
                why = "title and surname"
                yield Hit(known.person, known.kind.value, known.value, start, end, Strength.HINT, why, _HINT_POINTS)

    def _hit(self, view: View, known: KnownName, likeness: Likeness, span: Span, *, exact: bool, surname: str) -> Hit:
        start, end = view.characters(*span)
        why = _SAID[likeness] + ("" if exact else " (one letter differs)")
        weight = rarity.surname(surname) + float(likeness)
        return Hit(known.person, known.kind.value, known.value, start, end, Strength.LIKELY, why, weight)

    def _beside(self, view: View, span: Span, name: Name, *, exact: bool) -> tuple[Likeness, int, int] | None:
        """Return the best forename beside a surname, and the words of both (from, up to)."""
        found: list[tuple[Likeness, int, int]] = []
        for place in self._neighbours(view, span):
            word = view.raw[place].replace("'", "")
            likeness = names.forename_likeness(word, name, fuzzy=exact)
            if likeness is Likeness.NONE or (word in names.COMMON_WORDS and not view.is_capital(place)):
                continue
            if likeness is Likeness.INITIAL and not self._is_initial(view, place, span, exact=exact):
                continue
            found.append((likeness, min(place, span[0]), max(place + 1, span[1])))
        return max(found, key=lambda item: (item[0], item[1] - item[2]), default=None)

    @staticmethod
    def _is_initial(view: View, place: int, span: Span, *, exact: bool) -> bool:
        """Return whether a letter beside a surname is the initial of a forename.

        After it without a comma ("Doering M") it is one only where the name ends there; I and A are words.
        """
        if place > span[1] or not exact or not view.is_capital(place):
            return False
        if place < span[0]:  # what stands between is a middle name, on the same line
            return not any(set(view.gap(at)) & {"\n", "\t"} for at in range(place, span[0] - 1))
        if "," in view.gap(span[1] - 1):
            return True
        ends = view.gap(place).lstrip(" .")[:1] in {"", "\n", "\t", ",", ";", ")", "|"}
        return ends and len(view.raw[place]) == 1 and view.raw[place] not in "ia" and view.is_capital(span[0])

    def _neighbours(self, view: View, span: Span) -> Iterator[int]:
        """Yield the words where a forename may stand: up to three before (middle names), two after."""
        first, after = span
        for place in range(first - 1, max(first - 4, -1), -1):
            gap = view.gap(place)
            if _parts(gap) and not self._is_aside(view, place) and not _are_lines(view, place):
                break
            if "." in gap and gap != "." and len(view.raw[place]) > 2 and view.raw[place] not in names.TITLES:
                break
            yield place
        for place in (after, after + 1):
            gap = view.gap(place - 1)
            if place >= len(view) or "\n\n" in gap or ("." in gap and gap != "."):
                break
            yield place
            if view.raw[place] not in names.TITLES:
                break

    @staticmethod
    def _is_aside(view: View, place: int) -> bool:
        """Return whether a sign after the word at *place* opens or closes one word in quotes or brackets.

        'Margaret "Peg" Doering': both ends of the aside must stand there.
        """
        for inner in (place, place + 1):
            if inner > 0 and (view.gap(inner - 1).strip(), view.gap(inner).strip()) in _ASIDES:
                return True
        return False

    @staticmethod
    def _has_title(view: View, index: int) -> bool:
        return index > 0 and view.raw[index - 1] in names.TITLES

    def schools(self, view: View) -> Iterator[Hit]:
        """Yield the schools that the view holds, as hints."""
        for school in self._schools:
            if len(school.run) >= SHORTEST_FUZZY:
                for first, last in view.find_raw(school.run):
                    start, end = view.characters(first, last)
                    why = "name of the school"
                    yield Hit(
                        school.person, school.kind.value, school.value, start, end, Strength.HINT, why, _SCHOOL_POINTS
                    )


@lru_cache(maxsize=_MOST_SCOPES)
def _spellings(surnames: frozenset[str]) -> Spellings:
    """Return the surnames of some people, ready for slips: message after message is searched for the same ones."""
    return Spellings(surnames)


def _are_lines(view: View, place: int) -> bool:
    """Return whether a word and the next one are each alone on their lines, with empty ones between: two cells."""
    gap = view.gap(place)
    if gap.count("\n") > _MOST_LINES or gap.strip() or "\n" not in gap:
        return False
    before = view.gap(place - 1) if place > 0 else "\n"
    return "\n" in before and "\n" in view.gap(place + 1)


def _parts(gap: str) -> bool:
    """Return whether what stands between two words shows that they are not one name; a line end does not."""
    return len(gap) > _WIDEST_GAP or gap.count("\n") > 1 or bool(gap.strip(" \t\r\n>.-_"))
