# SPDX-License-Identifier: GPL-3.0-or-later
"""Text put together from cells, which knows where in it every cell stands (:meth:`safehold.model.Segment.place_at`).

Cells of a row are apart by tabs and rows by line ends, so that mostly a reader can count; said is only what breaks the
rule: gaps, and breaks within a cell.  A step is said too where none was for long, so that nobody counts far.  Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from safehold.model import Visibility

# Characters after which a step is said in any case; the line refuses what goes eight times as far.
EVERY = 8_000

_BREAK = re.compile(r"[\t\n]")


@dataclass(slots=True)  # not frozen: there are a million of them, and freezing doubles the cost of each
class Cell:
    """A cell with text in it."""

    column: int
    text: str = field(repr=False)
    hiding: Visibility | None = None


def one_cell(text: str, row: int, column: int) -> list[int]:
    """Return where the cell of a text stands that is all of one; empty where the cell is not known."""
    made = CellText()
    if row > 0 and column > 0:
        made.cell(row, column, text)
    return made.cells


class CellText:
    """A text that grows by rows and cells.

    Attributes:
        cells: Of the first cell, row and column; then of each that breaks the rule, where it stands, row and column.
        size: How many characters it has.
    """

    def __init__(self) -> None:
        self.cells: list[int] = []
        self.size = 0
        self._pieces: list[str] = []
        self._said = 0  # where the last step was said
        self._start = (0, 0)  # where the rule begins a line if the next is one: row and column
        self._next = (0, 0)  # which cell the rule expects behind a tab

    def row(self, row: int, cells: Sequence[Cell]) -> None:
        """Add a line with the cells of a row, from the left."""
        columns = [cell.column for cell in cells]
        texts = [cell.text for cell in cells]
        before = "\n"
        start = 0
        for end in range(1, len(cells) + 1):
            if end == len(cells) or columns[end] != columns[end - 1] + 1:
                self.line(row, texts[start:end], columns[start], before)
                start, before = end, "\t"

    def line(self, row: int, texts: Sequence[str], first: int = 1, before: str = "\n") -> None:
        """Add cells that stand side by side, from the column *first* on."""
        line = "\t".join(texts)
        if len(line) < EVERY and line.count("\t") == len(texts) - 1 and "\n" not in line:
            self._begin(row, first, before)
            self._add(line)
            self._next = (row, first + len(texts))
            return
        for column, text in enumerate(texts, first):
            self.cell(row, column, text, before)
            before = "\t"

    def cell(self, row: int, column: int, text: str, before: str = "\n") -> None:
        """Add one cell; *before* stands between it and what is there already: a tab or a line end."""
        self._begin(row, column, before)
        if len(text) >= EVERY or "\t" in text or "\n" in text:
            inside = {found.end() for found in _BREAK.finditer(text)}
            for offset in sorted(inside.union(range(EVERY, len(text), EVERY))):
                self._say(self.size + offset, row, column)
        self._add(text)
        self._next = (row, column + 1)

    def gap(self) -> None:
        """Add a blank line, behind which the rule holds for nothing."""
        self._add("\n")
        self._start = (0, 0)

    def text(self) -> str:
        """Return all of it."""
        return "".join(self._pieces)

    def _begin(self, row: int, column: int, before: str) -> None:
        """Add what stands before a cell, and say which it is where the rule does not."""
        if not self.cells:
            self.cells += (row, column)
            self._start = (row + 1, column)
            return
        expected = self._next if before == "\t" else self._start
        self._add(before)
        if (row, column) != expected or self.size - self._said >= EVERY:
            self._say(self.size, row, column)
        elif before == "\n":
            self._start = (row + 1, column)

    def _add(self, piece: str) -> None:
        self._pieces.append(piece)
        self.size += len(piece)

    def _say(self, offset: int, row: int, column: int) -> None:
        self.cells += (offset, row, column)
        self._said = offset
        self._start = (row + 1, column)
