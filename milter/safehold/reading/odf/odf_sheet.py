# SPDX-License-Identifier: GPL-3.0-or-later
"""One sheet of an OpenDocument spreadsheet: rows and cells, which may say that they stand there a million times.

Source: OpenDocument 1.3 part 3, chapter 9 (tables).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from operator import itemgetter

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import number_formats
from safehold.reading.basics.cells import Cell
from safehold.reading.basics.grid import Grid
from safehold.reading.notes import OpenPart
from safehold.reading.odf.odf_styles import points
from safehold.reading.odf.odf_words import attribute, count
from safehold.reading.vocabulary import MarkKind

_LAST_ROW = 1_048_576
_COLUMNS = 16_384
_HIDDEN = ("collapse", "filter")
_LOWEST = 2.0  # points: what shows at most the edge of a letter


class Sheet:
    """A sheet at hand; a row or cell that is repeated is read once."""

    def __init__(self, part: OpenPart, number: int, name: str, *, is_hidden: bool) -> None:
        whole = Visibility.HIDDEN if is_hidden else None
        if name.startswith("'file:") and "#$" in name:  # what is remembered of another file
            part.mark(MarkKind.EXTERNAL_DATA)
            whole = Visibility.HIDDEN
        elif is_hidden:
            part.mark(MarkKind.HIDDEN_SHEET, PlaceKind.SHEET, number)
        part.segment(PlaceKind.SHEET_NAME, name, number=number, visibility=whole or Visibility.VISIBLE)
        self._part = part
        self._number = number
        self._grid = Grid(part, number, whole)
        self._row = self._column = 0
        self._rows = self._columns = 1
        self._row_hidden = False
        self._columns_seen = 0
        self._hidden_columns = bytearray(_COLUMNS + 1)
        self._column_styles: list[tuple[int, str]] = []  # the last column, and how its cells look by default
        self._row_style = ""
        self._folded: Counter[str] = Counter()
        self._cells: list[Cell] = []
        self._value = ("", False)
        self._hiding: Visibility | None = None

    @property
    def cell(self) -> tuple[int, int]:
        """Return row and column of the cell at hand."""
        return min(self._row, _LAST_ROW), min(self._column, _COLUMNS)

    @property
    def next_style(self) -> str:
        """Return how the next cell looks if it does not say so itself."""
        columns = self._column_styles
        index = bisect_right(columns, self._column, key=itemgetter(0))
        return self._row_style or (columns[index][1] if index < len(columns) else "")

    def fold(self, what: str) -> None:
        """Begin what is folded away: a ``table-column-group`` or ``table-row-group``."""
        self._folded[what] += 1

    def unfold(self, what: str) -> None:
        """End it."""
        self._folded[what] -= 1

    def column(self, attributes: dict[str, str], style: Mapping[str, str]) -> None:
        """Take the description of some columns, and their style."""
        repeats = count(attribute(attributes, "number-columns-repeated"))
        hides = attribute(attributes, "visibility") in _HIDDEN or _is_flat(style, "column-width")
        if hides or self._folded["table-column-group"] > 0:
            first = min(self._columns_seen + 1, _COLUMNS)
            last = min(self._columns_seen + repeats, _COLUMNS)
            self._hidden_columns[first : last + 1] = b"\x01" * (last + 1 - first)
        self._columns_seen += repeats
        self._column_styles.append((self._columns_seen, attribute(attributes, "default-cell-style-name")))

    def start_row(self, attributes: dict[str, str], style: Mapping[str, str]) -> None:
        """Start a row, and say its style."""
        self._row += 1
        self._rows = count(attribute(attributes, "number-rows-repeated"))
        hides = attribute(attributes, "visibility") in _HIDDEN or _is_flat(style, "row-height")
        self._row_hidden = hides or self._folded["table-row-group"] > 0
        self._row_style = attribute(attributes, "default-cell-style-name")
        self._column = 0

    def end_row(self) -> None:
        """Hand over the cells of the row."""
        cells, self._cells = self._cells, []
        if cells:
            if self._row_hidden:
                self._part.mark(MarkKind.HIDDEN_ROWS, PlaceKind.SHEET, self._number)
            self._grid.row(self._row, cells, Visibility.HIDDEN if self._row_hidden else None)
        self._row = min(self._row + self._rows - 1, _LAST_ROW)
        self._rows = 1

    def start_cell(self, attributes: dict[str, str], hiding: Visibility | None, *, is_covered: bool) -> None:
        """Start a cell; *hiding* is how its style hides it, and one that is covered lies below one merged over it."""
        self._column += 1
        self._columns = count(attribute(attributes, "number-columns-repeated"))
        self._value = cell_value(attributes)
        self._hiding = Visibility.HIDDEN if is_covered else hiding

    def hide_cell(self, hiding: Visibility) -> None:
        """Say that the text of the cell at hand is hidden."""
        self._hiding = self._hiding or hiding

    def end_cell(self, text: str) -> None:
        """End the cell at hand; *text* is what it shows."""
        text = _with_value(text, *self._value)
        if text.strip():
            hiding = self._hiding
            if hiding is Visibility.HIDDEN:
                self._part.mark(MarkKind.HIDDEN_TEXT, PlaceKind.SHEET, self._number)
            if self._hidden_columns[min(self._column, _COLUMNS)]:
                hiding = Visibility.HIDDEN
                self._part.mark(MarkKind.HIDDEN_COLUMNS, PlaceKind.SHEET, self._number)
            self._cells.append(Cell(self.cell[1], text, hiding))
        self._column += self._columns - 1

    def end(self) -> None:
        """Hand over what waits."""
        self.end_row()
        self._grid.end()


def _is_flat(style: Mapping[str, str], size: str) -> bool:
    length = points(style.get(size, ""))
    return length is not None and length <= _LOWEST


def cell_value(attributes: dict[str, str]) -> tuple[str, bool]:
    """Return the value of a cell beside what it shows, and whether it is a number."""
    for name in ("date-value", "time-value", "string-value", "value"):
        value = attribute(attributes, name)
        if value:
            return (number_formats.as_whole(value), True) if name == "value" else (value, False)
    return "", False


def _with_value(text: str, value: str, is_number: bool) -> str:
    """Return what a cell shows, and its value too where that is another text, date or whole number."""
    if not text.strip() or not value:
        return text or value
    rounded = is_number and "." in value  # what is shown is what a person would search for
    return text if rounded or value.removesuffix("T00:00:00") in text else f"{text}\t{value}"
