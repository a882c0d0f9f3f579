# SPDX-License-Identifier: GPL-3.0-or-later
"""Short texts by where they stand: the reading of somebody who looks, beside the order in which a file keeps them.

Boxes can be stored in any order, a word or a letter in each.  Only short texts are put together so: in what order two
long ones are read, no search asks.  Pure.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

LONGEST = 60
_MOST = 500
_SAME_LINE = 0.5  # of the height of the lower of two boxes that stand side by side
_NEXT_LETTER = 1.5  # usual steps from a letter to the next


@dataclass(slots=True)
class Placed:
    """A text and the box it stands in."""

    left: float
    top: float
    height: float
    text: str = field(repr=False)


def by_place(texts: list[Placed]) -> str:
    """Return texts from left to right and from the top down, or "" where that says nothing new.

    >>> by_place([Placed(20, 0, 9, "Street"), Placed(0, 0, 9, "High")])
    'High Street'
    >>> by_place([Placed(0, 0, 9, "High"), Placed(20, 0, 9, "Street")])
    ''
    """
    short = [placed for placed in texts if 0 < len(placed.text) <= LONGEST][:_MOST]
    if len(short) < 2:
        return ""
    lines: list[list[Placed]] = []
    for placed in sorted(short, key=lambda placed: (placed.top, placed.left)):
        if lines and placed.top - lines[-1][0].top < _SAME_LINE * max(1.0, min(placed.height, lines[-1][0].height)):
            lines[-1].append(placed)
        else:
            lines.append([placed])
    ordered = [sorted(line, key=lambda placed: placed.left) for line in lines]
    is_same = [placed for line in ordered for placed in line] == short
    spelt = [_spelt(line) for line in ordered]
    if is_same and not any(spelt):
        return ""
    lines_said = zip(ordered, spelt, strict=True)
    return "\n".join(word or " ".join(placed.text for placed in line) for line, word in lines_said)


def _spelt(line: list[Placed]) -> str:
    """Return a line that is made of letters, a box each; "" for any other line."""
    if len(line) < 3 or any(len(placed.text) > 1 for placed in line):
        return ""
    steps = [later.left - sooner.left for sooner, later in pairwise(line)]
    usual = median(steps)
    gaps = ["", *(" " if step > _NEXT_LETTER * usual else "" for step in steps)]
    return "".join(gap + placed.text for gap, placed in zip(gaps, line, strict=True))
