# SPDX-License-Identifier: GPL-3.0-or-later
"""The cells of a sheet as text: a row is a line, its cells are joined by tabs, and every segment knows its first row.

So an address over several cells of a row, or of a column, stands close together in one text.  A block of a few rows
is handed over by columns too, because there people may stand side by side, a house number in one row and the street
in the next: by rows the matcher finds a hint of such an address, by columns it is certain (tried).
The first rows of a sheet are a segment each, so that a place names the row; then segments grow, because a sheet may
have a million rows and a message has 200,000 places.

What is hidden is handed over with the whole row it stands in, once for each way of hiding, and apart from what is
shown, so that the rows that are shown stay side by side.  Blank cells cost nothing: no grid is ever laid out.
"""

from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind

# Rows that are a segment each, and rows (or characters) of a segment after those.
_SINGLE_ROWS = 1_000
_MANY_ROWS = 64
_MANY_CHARACTERS = 8_000
_MOST_WAITING = 1_000_000  # characters
# Rows of a block that is read by columns too: the longest postal address, a name and some numbers.
_BLOCK_ROWS = 12
_BLOCK_CELLS = 400
_BLOCK_COLUMNS = 3  # a label and its value read well by rows


@dataclass(slots=True)  # not frozen: there are a million of them, and freezing doubles the cost of each
class Cell:
    """A cell with text in it."""

    column: int
    text: str = field(repr=False)
    hiding: Visibility | None = None


class Grid:
    """Takes the rows of one sheet, from the top, and hands over its text."""

    def __init__(self, part: OpenPart, number: int | None, whole: Visibility | None = None) -> None:
        """Prepare.

        Args:
            part: Where the text goes.
            number: Which sheet it is.
            whole: How the sheet as a whole is hidden, or None.
        """
        self._part = part
        self._number = number
        self._whole = whole
        self._shown = _Stream(part, number, whole or Visibility.VISIBLE)
        self._hidden: dict[Visibility, _Stream] = {}
        self._block: list[tuple[int, list[Cell]]] = []
        self._block_row = 0
        self._block_cells = 0

    def row(self, row: int, cells: list[Cell], hiding: Visibility | None = None) -> None:
        """Take one row; its cells from the left."""
        if not cells:
            return
        ways = dict.fromkeys([hiding] if hiding else [cell.hiding for cell in cells if cell.hiding])  # in a fixed order
        if not ways or self._whole is not None:
            self._shown.add(row, "\t".join([cell.text for cell in cells]))
            self._add_to_block(row, cells)
            return
        if hiding is None:
            self._shown.add(row, "\t".join([cell.text for cell in cells if cell.hiding is None]))
        for way in ways:
            self._hide(way, row, cells, all_of_it=hiding is not None)
        self._add_to_block(row, cells if hiding is None else [])

    def end(self) -> None:
        """Hand over what waits: the shown rows, the blocks by columns, then what is hidden."""
        self._end_block()
        self._shown.flush()
        for way, stream in self._hidden.items():
            if way is not Visibility.HIDDEN:  # why those are hidden, their reader knows
                covered = way is Visibility.COVERED
                self._part.mark(
                    MarkKind.COVERED_TEXT if covered else MarkKind.HIDDEN_TEXT, PlaceKind.SHEET, self._number
                )
            stream.flush()

    def _hide(self, way: Visibility | None, row: int, cells: list[Cell], *, all_of_it: bool) -> None:
        if way is None:
            return
        stream = self._hidden.get(way)
        if stream is None:
            stream = self._hidden[way] = _Stream(self._part, self._number, way, waits=True)
        stream.add(row, "\t".join(cell.text for cell in cells if all_of_it or cell.hiding in (None, way)))

    # blocks

    def _add_to_block(self, row: int, cells: list[Cell]) -> None:
        if row - self._block_row > 1:
            self._end_block()
        self._block_row = row
        self._block_cells += len(cells)
        if len(self._block) <= _BLOCK_ROWS and self._block_cells <= _BLOCK_CELLS:
            self._block.append((row, cells))

    def _end_block(self) -> None:
        block, self._block = self._block, []
        count, self._block_cells = self._block_cells, 0
        if not 1 < len(block) <= _BLOCK_ROWS or count > _BLOCK_CELLS:
            return
        columns: dict[int, list[str]] = {}
        for _, cells in block:
            for cell in cells:
                if cell.hiding is None:
                    columns.setdefault(cell.column, []).append(cell.text)
        tall = [texts for _, texts in sorted(columns.items()) if len(texts) > 1]
        wordy = sum(sum(any(map(str.isalpha, text)) for text in texts) > 1 for texts in tall)
        if len(tall) >= _BLOCK_COLUMNS and wordy > 1:
            self._shown.beside(block[0][0], "\n\n".join("\n".join(texts) for texts in tall))


class _Stream:
    """Lines of one visibility on their way out."""

    def __init__(self, part: OpenPart, number: int | None, visibility: Visibility, *, waits: bool = False) -> None:
        """Prepare; one that *waits* hands over nothing before :meth:`flush`."""
        self._part = part
        self._number = number
        self._visibility = visibility
        self._waits = waits
        self._ready: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._first = self._last = 0
        self._size = 0
        self._segments = 0
        self._waiting = 0
        self._asides: list[tuple[int, str]] = []

    def add(self, row: int, line: str) -> None:
        """Add the text of a row."""
        if not line:
            return
        if self._lines and row - self._last > 1:
            self._lines.append("")  # blank rows end a paragraph
        if not self._lines:
            self._first = row
        self._lines.append(line)
        self._last = row
        self._size += len(line)
        if self._segments < _SINGLE_ROWS or len(self._lines) >= _MANY_ROWS or self._size > _MANY_CHARACTERS:
            self._end_segment()

    def beside(self, row: int, text: str) -> None:
        """Add a text that says the same in another order; it comes last."""
        self._asides.append((row, text))

    def flush(self) -> None:
        """Hand over everything."""
        self._end_segment()
        for row, text in (*self._ready, *self._asides):
            self._hand_over(row, text)
        self._ready.clear()
        self._asides.clear()

    def _end_segment(self) -> None:
        if not self._lines:
            return
        text = "\n".join(self._lines)
        self._lines.clear()
        self._size = 0
        self._segments += 1
        self._waiting += len(text)
        if self._waits and self._waiting < _MOST_WAITING:
            self._ready.append((self._first, text))
            return
        for first, ready in self._ready:
            self._hand_over(first, ready)
        self._ready.clear()
        self._waiting = 0
        self._hand_over(self._first, text)

    def _hand_over(self, row: int, text: str) -> None:
        self._part.segment(PlaceKind.SHEET, text, number=self._number, row=row, visibility=self._visibility)
