# SPDX-License-Identifier: GPL-3.0-or-later
"""How the characters of a Word document before 2007 look, as far as it hides them.

Properties stand in pages of 512 bytes, by byte position of the text.  Styles are not followed, so a run hidden by its
style looks plain.  Pure, never raises.  Source: [MS-DOC] 2.6.1 (properties), 2.8.6 and 2.9.33 (their pages).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from safehold.model import Visibility
from safehold.reading.basics import colours
from safehold.reading.legacy.biff import u16, u32

_PAGE = 512
_MOST_PAGES = 20_000


@dataclass(frozen=True, slots=True)
class Look:
    """How a run is hidden, and whether it was inserted with tracking on."""

    hiding: Visibility | None = None
    inserted: bool = False


PLAIN = Look()


class Runs:
    """The runs that are not plain, by byte position."""

    def __init__(self, runs: list[tuple[int, int, Look]]) -> None:
        runs.sort(key=lambda run: run[0])
        self._runs = runs
        self._starts = [run[0] for run in runs]

    def between(self, low: int, high: int) -> Iterator[tuple[int, int, Look]]:
        """Yield the runs that make up the bytes from *low* to *high*, plain ones too."""
        index = max(0, bisect_right(self._starts, low) - 1)
        while index < len(self._runs) and low < high:
            start, end, look = self._runs[index]
            index += 1
            if end <= low:
                continue
            if start >= high:
                break
            if start > low:
                yield low, start, PLAIN
                low = start
            stop = min(end, high)
            yield low, stop, look
            low = stop
        if low < high:
            yield low, high, PLAIN


def runs(main: bytes, table: bytes) -> Runs:
    """Return the runs that are hidden, deleted or inserted, from the pages of character properties."""
    count = min((len(table) - 4) // 8, _MOST_PAGES) if len(table) >= 12 else 0
    found: list[tuple[int, int, Look]] = []
    looks: dict[bytes, Look] = {}
    seen: set[int] = set()
    for index in range(count):
        number = u32(table, 4 * (count + 1) + 4 * index) & 0x3FFFFF
        page = main[number * _PAGE : (number + 1) * _PAGE]
        if number in seen or len(page) < _PAGE:
            continue
        seen.add(number)
        for run in range(min(page[_PAGE - 1], 101)):
            at = 2 * page[4 * (page[_PAGE - 1] + 1) + run] if 4 * (page[_PAGE - 1] + 1) + run < _PAGE else 0
            if not at:
                continue
            raw = page[at + 1 : at + 1 + page[at]]
            look = looks.get(raw)
            if look is None:
                look = looks[raw] = look_of(raw)
            if look is not PLAIN:
                found.append((u32(page, 4 * run), u32(page, 4 * run + 4), look))
    return Runs(found)


_DELETED, _INSERTED, _VANISH, _COLOUR_INDEX, _COLOUR, _HIGHLIGHT = 0x0800, 0x0801, 0x083C, 0x2A42, 0x6870, 0x2A0C
_SHADING_80, _SHADING, _SIZE = 0x4866, 0xCA71, 0x4A43
_OPERAND_SIZES = (1, 1, 2, 4, 2, 2, 0, 3)
_AUTOMATIC = -1
# Colours by number ([MS-DOC] 2.9.119): automatic, then sixteen.
_PALETTE = (
    _AUTOMATIC, 0x000000, 0x0000FF, 0x00FFFF, 0x00FF00, 0xFF00FF, 0xFF0000, 0xFFFF00, 0xFFFFFF, 0x000080, 0x008080,
    0x008000, 0x800080, 0x800000, 0x808000, 0x808080, 0xC0C0C0,
)  # fmt: skip
_INTERESTING = re.compile(rb"[\x00\x01\x3c]\x08|\x42\x2a|\x70\x68|\x43\x4a", re.DOTALL)


def _colour(raw: bytes) -> int:
    """Return a colour of four bytes: red, green, blue, and whether it is the automatic one."""
    return int.from_bytes(raw[:3], "big") if len(raw) == 4 and not raw[3] else _AUTOMATIC


def look_of(raw: bytes) -> Look:
    """Return how a list of properties makes its run look."""
    if not _INTERESTING.search(raw):
        return PLAIN
    at = 0
    hiding: Visibility | None = None
    inserted = False
    ink = ground = _AUTOMATIC
    while at + 2 <= len(raw):
        code = u16(raw, at)
        at += 2
        size = _OPERAND_SIZES[code >> 13]
        if code >> 13 == 6:
            size = raw[at] + 1 if at < len(raw) else 1
        operand = raw[at : at + size]
        at += size
        first = operand[0] if operand else 0
        if code == _DELETED and first:
            hiding = Visibility.TRACKED_DELETION
        elif code == _INSERTED and first:
            inserted = True
        elif code == _VANISH and first in (1, 0x81):
            hiding = hiding or Visibility.HIDDEN
        elif code == _COLOUR_INDEX:
            ink = _PALETTE[first] if first < len(_PALETTE) else _AUTOMATIC
        elif code == _COLOUR:
            ink = _colour(operand)
        elif code == _HIGHLIGHT:
            ground = _PALETTE[first] if first < len(_PALETTE) else _AUTOMATIC
        elif code == _SHADING_80 and len(operand) == 2:
            shading = u16(operand, 0)
            ground = _PALETTE[min(shading >> 5 & 0x1F if not shading >> 10 else shading & 0x1F, len(_PALETTE) - 1)]
        elif code == _SHADING and len(operand) >= 11:
            ground = _colour(operand[5:9] if not u16(operand, 9) else operand[1:5])
        elif code == _SIZE and len(operand) == 2 and u16(operand, 0) <= 2:
            hiding = hiding or Visibility.TINY
    if ink != _AUTOMATIC:  # an automatic colour is one that can be seen
        hiding = hiding or colours.hiding(ink, colours.WHITE if ground == _AUTOMATIC else ground)
    return Look(hiding, inserted) if hiding or inserted else PLAIN
