# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells that were merged into one: only the first is shown, and what the others say lies hidden below it.

Programs empty cells before they merge them, but files need not.  Pure; linear in rows and in areas.
"""

from collections.abc import Iterable

Area = tuple[int, int, int, int]  # left, top, right, bottom

# Areas that one row may lie in: a sheet has no two over each other, and of more nothing is told apart.
_MOST_AT_ONCE = 64


class Merged:
    """The merged areas of a sheet, asked from the top row down."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._waiting = sorted(areas, key=lambda area: area[1], reverse=True)
        self._open: list[Area] = []
        self._row = 0

    def covered(self, row: int, columns: Iterable[int]) -> frozenset[int]:
        """Return which of the columns are covered in a row; none in a row above one that was asked for before."""
        if row < self._row or not (self._waiting or self._open):
            return frozenset()
        self._row = row
        self._open = [area for area in self._open if area[3] >= row]
        while self._waiting and self._waiting[-1][1] <= row:
            area = self._waiting.pop()
            if area[3] >= row and len(self._open) < _MOST_AT_ONCE:
                self._open.append(area)
        if not self._open:
            return frozenset()
        return frozenset(
            column
            for column in columns
            if any(left <= column <= right and (row, column) != (top, left) for left, top, right, _ in self._open)
        )
