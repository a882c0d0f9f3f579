# SPDX-License-Identifier: GPL-3.0-or-later
"""What the search for one kind of value yields: a value of somebody, at some characters of a view."""

from collections.abc import Callable
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
