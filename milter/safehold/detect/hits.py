# SPDX-License-Identifier: GPL-3.0-or-later
"""What the search for one kind of value yields: a value of somebody, at some characters of a view."""

from collections.abc import Callable
from dataclasses import dataclass

from safehold.model import Strength

Allowed = Callable[[str], bool]  # whether that person is searched for


@dataclass(frozen=True, slots=True)
class Hit:
    """A value found in a view: folded characters from *start* up to *end*."""

    person: str
    field: str
    value: int
    start: int
    end: int
    strength: Strength
    why: str
    weight: float = 25.0
