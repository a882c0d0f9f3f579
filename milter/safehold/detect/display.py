# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that runs the other way: as it is displayed where the sender turned it round, and plain text spelt backwards.

``enaL rupskraL 72`` after a right-to-left override (U+202E) is read ``27 Larkspur Lane`` by everybody but a program.
Latin text needs of the bidirectional algorithm (UAX #9) only this: each explicit code opens a run, an override's run is
displayed from right to left, every other one from left to right, since Latin letters keep their own direction in it.

Pure, total, linear.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from safehold.detect.rendering import Builder, Rendering
from safehold.register.vocabulary import STRONG_TYPES

_OVERRIDE: Final = "\u202e"
_CODES: Final = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
_POPS: Final = frozenset("\u202c\u2069")
_DEEPEST: Final = 125  # UAX #9, BD2
_NEAR: Final = 2
_LONGEST_LINE: Final = 5_000  # a longer paragraph is no line, and how it is displayed depends on the window

# Words that only a street type spelt backwards makes; "teerts" is in no dictionary.
BACKWARDS: Final = frozenset(name[::-1] for name in set(STRONG_TYPES.values()) if len(name) >= 4)
_ANY_WORD = re.compile(r"[^\W\d_]{4,12}")


def displayed(text: str) -> Rendering | None:
    """Return the lines of *text* with an override in them as they are displayed, or None where there are none."""
    if _OVERRIDE not in text:
        return None
    lines = list(_lines(text))
    builder = Builder()
    for number in _around(lines, [number for number, (_, line) in enumerate(lines) if _OVERRIDE in line]):
        start, line = lines[number]
        for place, is_turned in _order(line[:_LONGEST_LINE]):
            if is_turned:
                builder.joint()
            builder.add(line[place], (start + place,))
        builder.add("\n", (start,))
    return builder.rendering()


def backwards(text: str, words: AbstractSet[str]) -> Rendering | None:
    """Return the lines around street types that are spelt backwards, turned round; None where there are none.

    Args:
        text: The text.
        words: The words in it, folded.
    """
    if BACKWARDS.isdisjoint(words):
        return None
    lines = list(_lines(text))
    meant = [
        number
        for number, (_, line) in enumerate(lines)
        if any(match.group().lower() in BACKWARDS for match in _ANY_WORD.finditer(line))
    ]
    builder = Builder()
    for number in _around(lines, meant):
        start, line = lines[number]
        for place in range(min(len(line), _LONGEST_LINE) - 1, -1, -1):
            builder.joint()
            builder.add(line[place], (start + place,))
        builder.add("\n", (start,))
    return builder.rendering()


def _around(lines: Sequence[tuple[int, str]], meant: Iterable[int]) -> list[int]:
    """Return the numbers of some lines and of those next to them, that may be one address with them."""
    near = {other for number in meant for other in range(number - _NEAR, number + _NEAR + 1)}
    return sorted(number for number in near if 0 <= number < len(lines))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each line begins, and the line."""
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


@dataclass(slots=True)
class _Run:
    """What stands between one explicit code and its end, in the order of the source."""

    is_turned: bool
    inside: "list[int | _Run]"


def _order(line: str) -> Iterator[tuple[int, bool]]:
    """Yield the characters of a line from left to right as they are displayed, and whether each was turned round."""
    opened = [_Run(is_turned=False, inside=[])]
    unheard = 0  # codes beyond the deepest
    for place, character in enumerate(line):
        if character in _CODES:
            if len(opened) <= _DEEPEST:
                run = _Run(is_turned=character == _OVERRIDE, inside=[])
                opened[-1].inside.append(run)
                opened.append(run)
            else:
                unheard += 1
        elif character not in _POPS:
            opened[-1].inside.append(place)
        elif unheard:
            unheard -= 1
        elif len(opened) > 1:
            opened.pop()
    yield from _walk(opened[0])


def _walk(whole: _Run) -> Iterator[tuple[int, bool]]:
    """Yield what is in a run and the runs inside it; each run runs its own way, wherever it lies."""
    waiting: list[tuple[int | _Run, bool]] = [(whole, False)]
    while waiting:
        item, is_turned = waiting.pop()
        if isinstance(item, _Run):
            inside = item.inside if item.is_turned else reversed(item.inside)  # the last one waiting is the next
            waiting += [(child, is_turned or item.is_turned) for child in inside]
        else:
            yield item, is_turned
