# SPDX-License-Identifier: GPL-3.0-or-later
"""The cells of a sheet as text: a row is a line, its cells are joined by tabs, and every segment knows its cells.

So an address over several cells of a row, or of a column, stands close together in one text.  A block of a few rows
is handed over by columns too, because there people may stand side by side, a house number in one row and the street
in the next: by rows the matcher finds a hint of such an address, by columns it is certain (tried).
The first rows of a sheet are a segment each, as a person reads them; then segments grow, because a sheet may have a
million rows and a message has 200,000 places.

What is hidden is handed over with the whole row it stands in, once for each way of hiding, and apart from what is
shown, so that the rows that are shown stay side by side.  Blank cells cost nothing: no grid is ever laid out.
"""

from collections.abc import Iterable

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics.cells import Cell, CellText, one_cell
from safehold.reading.basics.hidings import mark_of
from safehold.reading.basics.merged import Area, Merged
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


class Grid:
    """Takes the rows of one sheet, from the top, and hands over its text."""

    def __init__(
        self, part: OpenPart, number: int | None, whole: Visibility | None = None, merged: Iterable[Area] = ()
    ) -> None:
        """Prepare.

        Args:
            part: Where the text goes.
            number: Which sheet it is.
            whole: How the sheet as a whole is hidden, or None.
            merged: The areas of cells that were merged into one.
        """
        self._merged = Merged(merged)
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
        covered = self._merged.covered(row, (cell.column for cell in cells))
        if covered:
            self._part.mark(MarkKind.HIDDEN_TEXT, PlaceKind.SHEET, self._number)
            cells = [Cell(c.column, c.text, Visibility.HIDDEN) if c.column in covered else c for c in cells]
        ways = dict.fromkeys([hiding] if hiding else [cell.hiding for cell in cells if cell.hiding])  # in a fixed order
        if not ways or self._whole is not None:
            self._shown.add(row, cells)
            self._add_to_block(row, cells)
            return
        if hiding is None:
            self._shown.add(row, [cell for cell in cells if cell.hiding is None])
        for way in ways:
            self._hide(way, row, cells, all_of_it=hiding is not None)
        self._add_to_block(row, cells if hiding is None else [])

    def end(self) -> None:
        """Hand over what waits: the shown rows, the blocks by columns, then what is hidden."""
        self._end_block()
        self._shown.flush()
        for way, stream in self._hidden.items():
            if way is not Visibility.HIDDEN:  # why those are hidden, their reader knows
                self._part.mark(mark_of(way), PlaceKind.SHEET, self._number)
            stream.flush()

    def _hide(self, way: Visibility | None, row: int, cells: list[Cell], *, all_of_it: bool) -> None:
        if way is None:
            return
        stream = self._hidden.get(way)
        if stream is None:
            stream = self._hidden[way] = _Stream(self._part, self._number, way, waits=True)
        stream.add(row, cells if all_of_it else [cell for cell in cells if cell.hiding in (None, way)])

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
        columns: dict[int, list[tuple[int, str]]] = {}
        for row, cells in block:
            for cell in cells:
                if cell.hiding is None:
                    columns.setdefault(cell.column, []).append((row, cell.text))
        tall = [(column, texts) for column, texts in sorted(columns.items()) if len(texts) > 1]
        wordy = sum(sum(any(map(str.isalpha, text)) for _, text in texts) > 1 for _, texts in tall)
        if len(tall) >= _BLOCK_COLUMNS and wordy > 1:
            self._shown.beside(_by_columns(tall))


def _by_columns(columns: list[tuple[int, list[tuple[int, str]]]]) -> CellText:
    """Return columns one below the other, a blank line between."""
    made = CellText()
    for column, texts in columns:
        if made.size:
            made.gap()
        for row, text in texts:
            made.cell(row, column, text)
    return made


def comment(part: OpenPart, text: str, *, count: int, sheet: int | None, row: int, column: int) -> None:
    """Hand over a comment: as one on a cell of a *sheet* where that is known, else by its number in the file."""
    cells = one_cell(text, row, column) if sheet is not None else ()
    part.mark(MarkKind.COMMENTS)
    number = sheet if cells else count
    part.segment(PlaceKind.COMMENT, text, number=number, visibility=Visibility.COMMENT, cells=cells)


class _Stream:
    """Lines of one visibility on their way out."""

    def __init__(self, part: OpenPart, number: int | None, visibility: Visibility, *, waits: bool = False) -> None:
        """Prepare; one that *waits* hands over nothing before :meth:`flush`."""
        self._part = part
        self._number = number
        self._visibility = visibility
        self._waits = waits
        self._ready: list[CellText] = []
        self._text = CellText()
        self._rows = self._last = 0
        self._segments = 0
        self._waiting = 0
        self._asides: list[CellText] = []

    def add(self, row: int, cells: list[Cell]) -> None:
        """Add a row."""
        if not cells:
            return
        if self._rows and row - self._last > 1:
            self._text.gap()  # blank rows end a paragraph
        self._text.row(row, cells)
        self._last = row
        self._rows += 1
        if self._segments < _SINGLE_ROWS or self._rows >= _MANY_ROWS or self._text.size > _MANY_CHARACTERS:
            self._end_segment()

    def beside(self, text: CellText) -> None:
        """Add a text that says the same in another order; it comes last."""
        self._asides.append(text)

    def flush(self) -> None:
        """Hand over everything."""
        self._end_segment()
        for text in (*self._ready, *self._asides):
            self._hand_over(text)
        self._ready.clear()
        self._asides.clear()

    def _end_segment(self) -> None:
        if not self._rows:
            return
        ended, self._text = self._text, CellText()
        self._rows = 0
        self._segments += 1
        self._waiting += ended.size
        if self._waits and self._waiting < _MOST_WAITING:
            self._ready.append(ended)
            return
        for ready in self._ready:
            self._hand_over(ready)
        self._ready.clear()
        self._waiting = 0
        self._hand_over(ended)

    def _hand_over(self, text: CellText) -> None:
        self._part.segment(
            PlaceKind.SHEET, text.text(), number=self._number, visibility=self._visibility, cells=text.cells
        )
