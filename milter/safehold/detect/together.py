# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence of one message that adds up for one person: her name, and what alone would be a hint.

"Larkspur Lane" is a street that somebody lives in; "Carys Bevan, Larkspur Lane" is where Carys lives.  A telling street
adds up with the full name anywhere in the message, everything else only with one close by: every letter about a person
names her, and may name a common street that has nothing to do with her.  Pure.  Source: matching.md, section 5.
"""

from collections.abc import Iterable
from dataclasses import replace

from safehold.detect.hits import Hit, Placed
from safehold.model import Strength
from safehold.register.people import Kind

_TELLING = 12.0  # points of a hint that adds up with a name anywhere
_CLOSE = 80  # characters between a name and what belongs to it


def is_full_name(hit: Hit) -> bool:
    """Return whether a hit is a name that says who is meant, and not only a surname with a title."""
    return hit.field in {Kind.NAME, Kind.ALIAS} and hit.strength is not Strength.HINT


def added_up(place: Placed, names: Iterable[Placed]) -> Hit:
    """Return the hit of a place, stronger where the full name of the same person stands in the message.

    Args:
        place: What was found.
        names: The full names found in the same message, of whomever.
    """
    hit = place.hit
    mine = [name for name in names if name.hit.person == hit.person]
    if not mine:
        return hit
    if hit.field == Kind.SCHOOL:
        return replace(hit, strength=Strength.CERTAIN, why="name of the school and of the person")
    if hit.field != Kind.ADDRESS or hit.strength is not Strength.HINT:
        return hit
    if hit.weight < _TELLING and not any(_are_close(place, name) for name in mine):
        return hit
    return replace(hit, strength=Strength.LIKELY, why=f"{hit.why}, and the name of the person")


def _are_close(place: Placed, name: Placed) -> bool:
    """Return whether two stand close to each other in one segment."""
    apart = max(place.span[0] - name.span[1], name.span[0] - place.span[1])
    return place.segment == name.segment and apart <= _CLOSE
