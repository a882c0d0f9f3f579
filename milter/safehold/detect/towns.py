# SPDX-License-Identifier: GPL-3.0-or-later
"""Which town a text gives to a street or house, and whether it is that of an entry.

A town belongs to the address that it follows: "27 Lark Rise, Ashford; 27 Larkspur Avenue, Folkestone" says nothing of
Larkspur Avenue in Ashford.  Before a street it counts only where no other address and no end of a sentence stands
between.  Where one of few people is looked for, half of a long name is enough to agree.  Pure.
"""

from collections.abc import Iterator

from safehold.detect import points, rarity
from safehold.detect.view import Span, View
from safehold.register import vocabulary
from safehold.register.addresses import COUNTIES, Address, AddressIndex

REACH = 14  # words from a street to its town
_LONGEST_TOWN = 4
_SHORTEST_HALF = 5
_STRONG = frozenset(vocabulary.STRONG_TYPES.values())

Named = tuple[float, str, str, Span]  # points, kind of evidence, what to say, words


class Towns:
    """The towns of one view, as one index knows them."""

    def __init__(self, view: View, index: AddressIndex, *, deep: bool) -> None:
        self._view = view
        self._index = index
        self._deep = deep

    def of(self, address: Address, first: int, end: int) -> Named | None:
        """Return the town of the entry where the text gives it to what stands between *first* and *end*."""
        return self._named(address, end, self._next_address(end)) or self._named(address, self._since(first), first)

    def _named(self, address: Address, low: int, high: int) -> Named | None:
        """Return the town of the entry among some words, the best way that it is written."""
        if low >= high:
            return None
        view = self._view
        names = [(town, name) for town in address.towns for name in (town, *vocabulary.PLACES_TWICE.get(town, ()))]
        found: list[Named] = [
            (rarity.town(town), "town", "town", span)
            for town, name in names
            for span in list(view.find_run(name, low, high))[:1]
        ]
        found = found or [
            (rarity.town(town) * points.TOWN_SLIP, "near town", "town (one letter differs)", span)
            for town, name in names
            for span in list(view.near_run(name, low, high))[:1]
        ]
        if not found and self._deep:
            found = [
                (rarity.town(town) * points.TOWN_HALF, "near town", "half of the town's name", span)
                for town in address.towns
                for half in _halves(town)
                for span in list(view.find_run(half, low, high))[:1]
                if view.is_capital(span[0])
            ]
        return max(found, default=None)

    def _next_address(self, end: int) -> int:
        """Return where the words that can belong to an address end: at the reach, or where the next address begins."""
        view = self._view
        limit = min(end + REACH, len(view))
        claimed = (place for place in view.numbers_in(end, limit) if view.claimed_by(place) >= 0)
        return next(claimed, limit)

    def _since(self, first: int) -> int:
        """Return from where on the words before a street can belong to it."""
        view = self._view
        low = max(first - REACH // 2, 0)
        for place in range(first - 1, low - 1, -1):
            if any(sign in view.gap(place) for sign in ";!?"):
                return place + 1
        others = any(self._is_another(kind, first) for kind in view.types_in(low, first))
        return first if others else low

    def _is_another(self, kind: int, first: int) -> bool:
        """Return whether the type at word *kind* ends the street of another address, with a number of its own."""
        view = self._view
        if view.each[kind].type not in _STRONG and not view.is_capital(kind):
            return False
        return any(view.claimed_by(number) == kind < first for number in view.numbers_in(kind - 7, kind))

    def another(self, end: int) -> tuple[float, str] | None:
        """Return what a town of another name, that follows a street right away, says against an entry."""
        view = self._view
        if end >= len(view):
            return None
        run = ""
        for place in range(end, min(end + _LONGEST_TOWN, len(view))):
            run += view.each[place].key
            if run in COUNTIES:
                return None
            if (rarity.is_town(run) or (run in self._index.towns and len(run) > 3)) and not self._is_part(place):
                return points.OTHER_TOWN, "another town"
        if view.gap(end - 1).strip(" ") == "," and view.is_capital(end):
            return points.UNKNOWN_TOWN, "another place name"
        return None

    def _is_part(self, last: int) -> bool:
        """Return whether a town's name that ends at word *last* is the beginning of an organisation's."""
        view = self._view
        following = view.raw[last + 1] if last + 1 < len(view) else ""
        return following in vocabulary.ORGANISATIONS and not view.gap(last).strip(" ")


def _halves(town: str) -> Iterator[str]:
    """Yield what is left of a long name of a place where its first or last part is left out."""
    rests = [town.removeprefix(part) for part in vocabulary.PLACE_PREFIXES if town.startswith(part)]
    rests += [town.removesuffix(part) for part in vocabulary.PLACE_SUFFIXES if town.endswith(part)]
    yield from (rest for rest in rests if len(rest) >= _SHORTEST_HALF and rest not in COUNTIES)
