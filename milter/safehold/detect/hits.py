# SPDX-License-Identifier: GPL-3.0-or-later
"""What the search for one kind of value yields: a value of somebody, at some characters of a view."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from safehold.model import Strength

Allowed = Callable[[str], bool]  # whether that person is searched for


@dataclass(frozen=True, slots=True)
class Hit:
    """A value found in a view: folded characters from *start* up to *end*.

    Attributes:
        kinds: Of an address that nothing speaks against, which evidence agrees: what else the message holds may be
            added to it.
    """

    person: str
    field: str
    value: int
    start: int
    end: int
    strength: Strength
    why: str
    weight: float = 25.0
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Placed:
    """A hit in its segment.

    Attributes:
        hit: The hit.
        segment: Position of the segment.
        span: Where in its text.
        is_plain: Whether it stands so in the text, and not only in another rendering of it.
    """

    hit: Hit = field(repr=False)
    segment: int
    span: tuple[int, int]
    is_plain: bool

    @property
    def rank(self) -> tuple[int, bool, int, float]:
        """Return what makes one hit better than another of the same words."""
        return self.hit.strength.rank, self.is_plain, self.span[1] - self.span[0], self.hit.weight


class Spans:
    """Stretches of one text, for asking what is near them: a question costs a look-up, however many there are."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        """Take the stretches; those that meet become one."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def gap(self, start: int, end: int) -> float:
        """Return how many characters lie between a stretch and the nearest of these; negative where they share some."""
        place = bisect_right(self._starts, start)
        before = start - self._ends[place - 1] if place else float("inf")
        after = self._starts[place] - end if place < len(self._starts) else float("inf")
        return min(before, after)
