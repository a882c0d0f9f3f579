# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence of one message that adds up for one person: her name, and what alone would be a hint.

"Larkspur Lane" is a street that somebody lives in; "Carys Bevan, Larkspur Lane" is where Carys lives.  A telling street
adds up with the full name anywhere in the message, everything else only with one close by: every letter about a person
names her, and may name a common street that has nothing to do with her.  Pure.  Source: matching.md, section 5.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from safehold.detect.hits import Hit, Placed, Spans
from safehold.model import Strength
from safehold.register.people import Kind

_TELLING = 12.0  # points of a hint that adds up with a name anywhere
_CLOSE = 80  # characters between a name and what belongs to it


def is_full_name(hit: Hit) -> bool:
    """Return whether a hit is a name that says who is meant, and not only a surname with a title."""
    return hit.field in {Kind.NAME, Kind.ALIAS} and hit.strength is not Strength.HINT


class Names:
    """The full names that a message holds, of whom and where."""

    def __init__(self, placed: Iterable[Placed]) -> None:
        """Take everything that was found in the message; what is no full name is passed over."""
        spans: dict[str, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for place in placed:
            if is_full_name(place.hit):
                spans[place.hit.person][place.segment].append(place.span)
        self._spans = {
            person: {segment: Spans(found) for segment, found in of_person.items()}
            for person, of_person in spans.items()
        }

    def added_up(self, place: Placed) -> Hit:
        """Return the hit of a place, stronger where the full name of the same person stands in the message."""
        hit = place.hit
        mine = self._spans.get(hit.person)
        if mine is None:
            return hit
        if hit.field == Kind.SCHOOL:
            return replace(hit, strength=Strength.CERTAIN, why="name of the school and of the person")
        if hit.field != Kind.ADDRESS or hit.strength is not Strength.HINT:
            return hit
        if hit.weight < _TELLING and (place.segment not in mine or mine[place.segment].gap(*place.span) > _CLOSE):
            return hit
        return replace(hit, strength=Strength.LIKELY, why=f"{hit.why}, and the name of the person")
