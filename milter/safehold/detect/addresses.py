# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the addresses of an index in a view: candidates by blocking keys, each judged, the best for each span.

Candidates come from (house number, street name), (house name, street name) and postcodes; where the index is small (the
people in scope), also from street and house names alone.  Pure.  Method: matching.md, section 3.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from safehold.detect import rarity
from safehold.detect.judging import POSTCODE_REACH, SHORTEST_HOUSE, Judge
from safehold.detect.points import Match
from safehold.detect.towns import REACH as TOWN_REACH
from safehold.detect.view import Span, View
from safehold.model import Strength
from safehold.register import vocabulary
from safehold.register.addresses import AddressIndex, same_side
from safehold.register.postcodes import Postcode
from safehold.register.spelling import SHORTEST_FUZZY

_BEFORE, _AFTER = 9, 8  # words from a street's type to the number that can belong to it
_LONGEST_NAME = 5
_WIDEST = 60  # words that the evidence of one match can span
_MOST_ALIKE = 40  # entries of one number and street that are judged without town or postcode in common
_MUCH_BETTER = 6.0  # points
_TWO_SLIPS = 8  # letters of a street's name in which two may be wrong


@dataclass(slots=True)
class Budget:
    """How much more may be done; where it runs out the search is not complete.

    Attributes:
        left: Candidates that may be judged.
        characters: Characters of other renderings of the text that may be looked at.
        findings: Places that may be found.
    """

    left: int
    characters: int = 0
    findings: int = 0

    def take(self) -> bool:
        """Return whether one more may be judged."""
        self.left -= 1
        return self.left >= 0

    def take_characters(self, count: int) -> bool:
        """Return whether a rendering of so many characters may be looked at."""
        self.characters -= count
        return self.characters >= 0

    def take_finding(self) -> bool:
        """Return whether one more place may be found."""
        self.findings -= 1
        return self.findings >= 0

    @property
    def is_spent(self) -> bool:
        """Return whether a candidate, a rendering or a finding had to be left out."""
        return min(self.left, self.characters, self.findings) < 0


def find(
    view: View, index: AddressIndex, *, deep: bool, budget: Budget, sighted: set[int] | None = None
) -> list[Match]:
    """Return what the view holds of the index's addresses, the best for each span of text.

    Args:
        view: The text.
        index: The addresses.
        deep: Also find weaker forms (street and town, postcode alone, street alone): for small indexes only.
        budget: How many candidates may be judged.
        sighted: Gets the words at which a street or postcode of the index stands, whether or not it is a match.
    """
    search = _Search(view, index, budget, sighted if sighted is not None else set(), deep=deep)
    if index.entries:
        search.by_street()
        search.by_postcode()
        if deep:
            search.by_name_alone()
            search.misspelt_twice()
            search.run_together()
    return search.best()


class _Search:
    """One search of one view."""

    def __init__(self, view: View, index: AddressIndex, budget: Budget, sighted: set[int], *, deep: bool) -> None:
        self.view = view
        self.index = index
        self.budget = budget
        self.sighted = sighted
        self.deep = deep
        self.judge = Judge(view, index, deep=deep)
        self.found: dict[tuple[int, int], Match] = {}  # by entry and place
        self.judged: set[tuple[int, int]] = set()

    # -- candidates -----------------------------------------------------------------------------------------------

    def by_street(self) -> None:
        """Judge the entries whose number (or house) and street stand together; in scope the street is enough."""
        view, index = self.view, self.index
        for kind in view.types:
            numbers = view.numbers_in(kind - _BEFORE, kind + _AFTER)
            for street, first, exact in self._street_names(kind, fuzzy=self.deep or bool(numbers)):
                self.sighted.add(first)
                if self.deep:
                    self._judge_all(index.in_street(street), (first, kind), slips=int(not exact))
                    continue
                self._with_numbers(numbers, street, (first, kind), slips=int(not exact))
                if exact and index.houses:
                    self._with_house(street, (first, kind))
        if self.deep or index.bare_streets:
            for number in view.numbers:
                self._after_number(number)

    def _street_names(self, kind: int, *, fuzzy: bool) -> Iterator[tuple[str, int, bool]]:
        """Yield the street names of the index that may end before the type at word *kind*: name, first word, exact."""
        words, streets = self.view.each, self.index.streets
        after = words[kind + 1].key if kind + 1 < len(words) else ""
        direction = after if after in vocabulary.DIRECTIONS else ""
        run, exact = "", set()
        for first in range(kind - 1, max(kind - 1 - _LONGEST_NAME, -1), -1):
            if self.view.raw[first].isdigit():
                return
            run = words[first].key + run
            if direction and run + direction in streets.words:
                yield run + direction, first, True
            if run in streets.words:
                exact.add(run)
                yield run, first, True
            elif fuzzy:
                for near in streets.near(run):
                    if near not in exact:  # "b Acacia" is a letter and a street, not a slip in its name
                        yield near, first, False

    def _with_numbers(self, numbers: Iterable[int], street: str, span: Span, *, slips: int = 0) -> None:
        """Judge the entries at any of the numbers in streets of that name."""
        entries: set[int] = set()
        for place in numbers:
            for number in self._values(place):
                entries.update(self.index.at_number(number, street))
        self._judge_all(self._alike(entries, street, span), span, slips=slips)

    def _values(self, place: int) -> Iterator[int]:
        """Yield the numbers that the number word at *place* may stand for, alone, as part of a range or compound."""
        words = self.view.each
        number = words[place].number
        yield number
        if place + 1 < len(words) and words[place + 1].number >= 0:
            following = words[place + 1].number
            if number in range(20, 100, 10) and following < 10 and not words[place].digits:
                yield number + following
        if number < 10:
            yield self.judge.claims.spaced_digits(place)[1]
        for after in (place + 1, place + 2):
            if after < len(words) and number < words[after].number <= number + 2 * _MOST_ALIKE:
                yield from same_side(number, words[after].number)

    def _alike(self, entries: set[int], street: str, span: Span) -> Iterable[int]:
        """Return the entries worth judging: of very many, those that share town or postcode with the text."""
        if len(entries) <= _MOST_ALIKE or rarity.street(street) > rarity.COMMON_STREET:
            return sorted(entries)
        around = self._runs_around(span)
        postcodes = {found.key for found in self.view.postcodes_in(span[0] - POSTCODE_REACH, span[1] + POSTCODE_REACH)}
        every = self.index.entries

        def shares(place: int) -> bool:
            address = every[place].address
            return address.postcode in postcodes or any(town in around for town in address.towns)

        return sorted(filter(shares, entries))

    def _runs_around(self, span: Span) -> set[str]:
        """Return the runs of up to four words around a street."""
        words = self.view.each
        low, high = max(span[0] - TOWN_REACH, 0), min(span[1] + TOWN_REACH, len(words))
        keys = [word.key for word in words[low:high]]
        return {"".join(keys[first:last]) for first in range(len(keys)) for last in range(first + 1, first + 5)}

    def _with_house(self, street: str, span: Span) -> None:
        """Judge the entries of which the house name stands before the street."""
        words = self.view.each
        for end in range(span[0], max(span[0] - 3, 0), -1):  # a number and its letter may stand between
            run = ""
            for first in range(end - 1, max(end - 1 - _LONGEST_NAME, -1), -1):
                run = words[first].key + run
                if run in self.index.houses:
                    self._judge_all(self.index.at_house(run, street), span)

    def _after_number(self, number: int) -> None:
        """Judge the entries in streets that follow a number without a type ("12 Broadway", in scope "12 Acacia")."""
        words, streets = self.view.each, self.index.streets
        names = streets.words if self.deep else self.index.bare_streets
        first = number + 1
        if self.judge.claims.is_letter(first):
            first += 1
        run = ""
        for last in range(first, min(first + _LONGEST_NAME, len(words))):
            if self.view.raw[last].isdigit():
                return
            run += words[last].key
            if run in names:
                self.sighted.add(first)
                self._with_numbers([number], run, (first, last + 1))
                return
            for near in streets.near(run) if self.deep else ():
                self._with_numbers([number], near, (first, last + 1), slips=1)

    def by_postcode(self) -> None:
        """Judge the entries whose postcode the text holds."""
        for postcode in self.judge.postcodes:
            if self.index.at_postcode(postcode.key):
                self.sighted.add(postcode.first)
            for entry in self.index.at_postcode(postcode.key):
                if not self.budget.take():
                    return
                self._keep(self.judge.postcode(entry, postcode), postcode.first)

    def by_name_alone(self) -> None:
        """Judge the entries of which the text holds the telling name of street or house, whatever stands beside it."""
        index, view = self.index, self.view
        for street in sorted(index.streets.words):
            if rarity.street(street) > rarity.COMMON_STREET:
                for span in view.find_run(street):
                    self.sighted.add(span[0])
                    self._judge_all(index.in_street(street), span)
        for house in sorted(index.houses):
            if len(house) < SHORTEST_FUZZY:
                continue
            short = house.removeprefix("the")
            for name in dict.fromkeys((house, short if len(short) >= SHORTEST_HOUSE else house)):
                for span in view.find_run(name):
                    self._judge_house(house, span, exact=True)
            for span in view.near_run(house) if len(house) >= SHORTEST_HOUSE else ():
                self._judge_house(house, span, exact=False)

    def _judge_house(self, house: str, span: Span, *, exact: bool) -> None:
        for entry in self.index.with_house(house):
            if self.budget.take():
                self._keep(self.judge.house(entry, span, exact=exact), span[0])

    def misspelt_twice(self) -> None:
        """Judge the entries of which two letters of a long street name are wrong, between number and type."""
        view = self.view
        for kind in view.types:
            number = next(reversed(view.numbers_in(kind - 1 - _LONGEST_NAME, kind - 1)), -1)
            streets = self.index.streets_at(view.each[number].number) if number >= 0 else ()
            if not streets:
                continue
            first = number + 1 + self.judge.claims.is_letter(number + 1)
            run = "".join(word.key for word in view.each[first:kind])
            for street in streets:
                near = len(street) >= _TWO_SLIPS and run[:1] == street[:1]
                if near and OSA.distance(run, street, score_cutoff=2) == 2:
                    self._with_numbers([number], street, (first, kind), slips=2)

    def run_together(self) -> None:
        """Judge the entries whose street or postcode is glued to other words ("larkspurlanewestmere")."""
        view, index = self.view, self.index
        for run, street in view.glued_among(index.typed_streets):
            for span in view.find_glued(run):
                self._judge_glued(index.in_street(street), span, run)
        for key in view.glued_postcodes_among(index.postcodes):
            for first, last in view.find_glued_postcode(key):
                if any(code.strict for code in view.postcodes_in(first - 1, last + 1) if code.last >= first):
                    continue  # "BS35 1DN" is no S35 1DN with something before it
                for entry in index.at_postcode(key):
                    postcode = Postcode(first, last, key, index.entries[entry].address.outward, strict=False)
                    if self.budget.take():
                        self._keep(self.judge.postcode(entry, postcode), first)

    def _judge_glued(self, entries: Iterable[int], span: Span, run: str) -> None:
        for entry in entries:
            if self.budget.take():
                self._keep(self.judge.glued(entry, span, run), span[0])

    # -- judging --------------------------------------------------------------------------------------------------

    def _judge_all(self, entries: Iterable[int], span: Span, *, slips: int = 0) -> None:
        for entry in entries:
            if (entry, span[0]) in self.judged:
                continue
            if not self.budget.take():
                return
            self.judged.add((entry, span[0]))
            self._keep(self.judge.street(entry, span, slips=slips), span[0])

    def _keep(self, match: Match | None, place: int) -> None:
        if match is None or not (self.deep or match.strength is Strength.CERTAIN):
            return
        known = self.found.get((match.entry, place))
        if known is None or known.points < match.points:
            self.found[match.entry, place] = match

    # -- the best ---------------------------------------------------------------------------------------------------

    def best(self) -> list[Match]:
        """Return the matches, without those that rest on a neighbour's postcode or that fit worse than another.

        Only what is contradicted or misspelt gives way: two people who live at one address are both found.
        """
        kept = (match for match in self.found.values() if (match.entry, match.refusable) not in self.judge.refused)
        matches = sorted(kept, key=lambda match: (match.words, -match.points, match.entry))
        whole = [match for match in matches if match.is_whole]
        firsts = [match.words[0] for match in whole]

        def gives_way(match: Match) -> bool:
            near = whole[bisect_left(firsts, match.words[0] - _WIDEST) : bisect_left(firsts, match.words[1])]
            return any(_beats(other, match) for other in near)

        return [match for match in matches if match.is_whole or not gives_way(match)]


def _beats(other: Match, match: Match) -> bool:
    """Return whether *other* is so much better for overlapping words that *match* is a mistake."""
    overlaps = other.words[0] < match.words[1] and match.words[0] < other.words[1]
    return overlaps and other.points >= match.points + _MUCH_BETTER and other.entry != match.entry
