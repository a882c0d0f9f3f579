# SPDX-License-Identifier: GPL-3.0-or-later
"""Hits arranged once, whoever looks at them: by person, in windows, and what is there in each window.

A message may hold thousands of hits and go to many recipients.  Through the eyes of each only the few people in his own
scope look different; what everybody else's hits amount to is the same for all of them, so it is worked out once and
kept here.  Pure.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property

from safehold.model import PartPath
from safehold.policy.evidence import Evidence, Hit, Unread
from safehold.policy.language import Within


class Pile:
    """Some hits.

    Attributes:
        hits: All of them, in order.
    """

    def __init__(self, hits: Sequence[Hit]) -> None:
        self.hits = hits
        self._groups: dict[Within, Groups] = {}
        self._in_parts: dict[frozenset[PartPath], Pile] = {}

    @cached_property
    def by_person(self) -> dict[str, list[Hit]]:
        """Return the hits of people, by person, in the order in which people are first met."""
        found: dict[str, list[Hit]] = {}
        for hit in self.hits:
            if not hit.term:
                found.setdefault(hit.finding.person, []).append(hit)
        return found

    def among(self, persons: Collection[str]) -> list[str]:
        """Return those of *persons* who have hits here."""
        mine = self.by_person
        if len(persons) <= len(mine):
            return [person for person in persons if person in mine]
        return [person for person in mine if person in persons]

    def groups(self, within: Within, evidence: Evidence) -> "Groups":
        """Return the windows over this pile."""
        if within not in self._groups:
            self._groups[within] = Groups([Pile(group) for group in evidence.groups(within, self.hits)])
        return self._groups[within]

    def in_parts(self, unread: Unread) -> "Pile":
        """Return the hits that lie in unread parts."""
        if unread.parts not in self._in_parts:
            mine = [hit for hit in self.hits if hit.finding.place.part in unread.parts]
            self._in_parts[unread.parts] = Pile(mine)
        return self._in_parts[unread.parts]


class Groups:
    """The windows over a pile.

    Attributes:
        piles: Each window.
    """

    def __init__(self, piles: Sequence[Pile]) -> None:
        self.piles = piles
        self._tallies: dict[int, Tally] = {}

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        """Return the numbers of the windows in which each person has hits."""
        found: dict[str, list[int]] = {}
        for number, pile in enumerate(self.piles):
            for person in pile.by_person:
                found.setdefault(person, []).append(number)
        return found

    def of(self, persons: Iterable[str]) -> list[int]:
        """Return the numbers of the windows in which one of *persons* has hits, in order."""
        numbers = self._numbers
        return sorted({number for person in persons for number in numbers.get(person, ())})

    def tally(self, key: int, ask: Callable[[Pile], tuple[frozenset[str], bool]]) -> "Tally":
        """Return what *ask* says of each window, asked once for each *key*."""
        if key not in self._tallies:
            self._tallies[key] = Tally([ask(pile) for pile in self.piles])
        return self._tallies[key]


class Tally:
    """What is there in each of many windows: people of witnesses, and whether one has none."""

    def __init__(self, said: Sequence[tuple[frozenset[str], bool]]) -> None:
        self._said = said
        self._times = Counter(person for persons, _ in said for person in persons)
        self._all = frozenset(self._times)
        self._nobody = sum(nobody for _, nobody in said)

    def without(self, numbers: Collection[int]) -> tuple[frozenset[str], bool]:
        """Return what is there in all windows but those of these numbers."""
        if not numbers:
            return self._all, self._nobody > 0
        less = Counter(person for number in numbers for person in self._said[number][0])
        gone = frozenset(person for person, times in less.items() if times == self._times[person])
        return self._all - gone, self._nobody > sum(self._said[number][1] for number in numbers)
