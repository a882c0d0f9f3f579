# SPDX-License-Identifier: GPL-3.0-or-later
"""How the paragraphs of one part of a Word document go together into texts with places.

Paragraphs of the body go out in stretches, a table goes out whole with a row as a line, a comment or a note by itself.
Paragraphs one behind another that are hidden in the same way go together too: an address is several paragraphs.
"""

from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics.hidings import mark_of
from safehold.reading.basics.placed import Placed, by_place
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind

_ENOUGH = 1_500
_TOO_MUCH = 20_000
_LONG_PARAGRAPH = 200
_LONGEST_ROW, _MOST_PIECES_OF_ROW = 400, 60
_MOST_PLACED = 500
_CELL = "\t"
# What is seen on a page, where something leads to it.
_SEEN = frozenset((PlaceKind.PARAGRAPH, PlaceKind.PAGE_HEADER, PlaceKind.NOTE))


@dataclass(slots=True)
class _Hidden:
    """Paragraphs one behind another in which something is hidden in one way."""

    place: PlaceKind
    number: int | None
    lines: list[str] = field(default_factory=list, repr=False)
    size: int = 0


class Stretches:
    """The texts of one part as they grow.

    Attributes:
        kind: The kind of place that the part is.
        number: Which one, where it is not the body.
        table_depth: How many tables are open.
        count: How many paragraphs the body has so far.
        is_unseen: Whether nothing leads to the part, so that no program shows it.
    """

    def __init__(self, part: OpenPart, kind: PlaceKind) -> None:
        self.kind = kind
        self.number: int | None = None
        self.table_depth = 0
        self.is_unseen = False
        self._part = part
        self._tables = 0
        self._rows: list[int] = []  # where in the stretch each open row begins
        self._turned: list[int] = []  # tables whose columns go from right to left, by their depth
        self.count = 0
        self._lines: list[str] = []
        self._from = 0
        self._size = 0
        self._hidden: dict[Visibility, _Hidden] = {}
        self._also: dict[str, None] = {}
        self._placed: list[Placed] = []

    # paragraphs

    def count_paragraph(self) -> None:
        """Count a paragraph of the body."""
        if not self.table_depth:
            self.count += 1

    def add(self, text: str) -> None:
        """Add a paragraph as it is shown."""
        if not self._lines:
            self._from = self.count
        self._lines.append(text)
        self._size += len(text)
        if self.table_depth:
            return
        if self._size > _TOO_MUCH or (self._size > _ENOUGH and len(text) > _LONG_PARAGRAPH):
            self.hand_over()

    def add_also(self, text: str) -> None:
        """Add another way to read something of the stretch at hand."""
        self._also[text] = None

    def add_placed(self, placed: Placed) -> None:
        """Add a text box whose place is known, beside its paragraphs."""
        if len(self._placed) < _MOST_PLACED:
            self._placed.append(placed)

    def add_hidden(self, hidden: dict[Visibility, str], *, is_shown: bool) -> None:
        """Add what a paragraph hides, by how it does; one that is shown and hides nothing in a way ends that way."""
        for hiding in [*self._hidden]:
            if hiding not in hidden and is_shown:
                self._hand_over_hidden(hiding)
        for hiding, line in hidden.items():
            self._part.mark(mark_of(hiding))
            waiting = self._hidden.setdefault(hiding, _Hidden(self._place(), self._place_number()))
            waiting.lines.append(line)
            waiting.size += len(line)
            if waiting.size > _TOO_MUCH:
                self._hand_over_hidden(hiding)

    def _hand_over_hidden(self, hiding: Visibility) -> None:
        hidden = self._hidden.pop(hiding)
        self._part.segment(hidden.place, "\n".join(hidden.lines), number=hidden.number, visibility=hiding)

    def hand_over(self, place: PlaceKind | None = None) -> None:
        """Hand over the stretch at hand."""
        for hiding in [*self._hidden]:
            self._hand_over_hidden(hiding)
        lines, self._lines, self._size = self._lines, [], 0
        if self._placed and (read := by_place(self._placed)):
            self._also[read] = None
        self._placed = []
        also, self._also = "\n\n".join(self._also), {}
        text = "\n".join(lines).replace("\n\t", "\t")
        visibility = Visibility.COMMENT if self.kind is PlaceKind.COMMENT else Visibility.VISIBLE
        if self.kind is PlaceKind.COMMENT and text:
            self._part.mark(MarkKind.COMMENTS)
        if self.is_unseen and self.kind in _SEEN:
            visibility = Visibility.HIDDEN
            if text:
                self._part.mark(MarkKind.HIDDEN_TEXT)
        kind, number = self.kind, self.number
        if kind is PlaceKind.PARAGRAPH:
            kind, number = (place, self._tables) if place is PlaceKind.TABLE else (kind, self._from)
        self._part.segment(kind, text, number=number, visibility=visibility)
        self._part.segment(kind, also, number=number, visibility=visibility)

    def _place(self) -> PlaceKind:
        return PlaceKind.TABLE if self.table_depth and self.kind is PlaceKind.PARAGRAPH else self.kind

    def _place_number(self) -> int | None:
        if self.kind is not PlaceKind.PARAGRAPH:
            return self.number
        return self._tables if self.table_depth else self.count

    # tables

    def start_table(self) -> None:
        """Start a table."""
        if not self.table_depth:
            self.hand_over()
            self._tables += 1
        self.table_depth += 1

    def turn_table(self) -> None:
        """Take that the columns of the table go from right to left."""
        self._turned.append(self.table_depth)

    def end_table(self) -> None:
        """End the table."""
        while self._turned and self._turned[-1] >= self.table_depth:
            self._turned.pop()
        self.table_depth = max(0, self.table_depth - 1)
        if not self.table_depth:
            self.hand_over(PlaceKind.TABLE)

    def start_row(self) -> None:
        """Start a row."""
        self._rows.append(len(self._lines))

    def end_cell(self) -> None:
        """End a cell."""
        self._lines.append(_CELL)

    def end_row(self) -> None:
        """Join the cells of a row, where a reader sees one line."""
        start = self._rows.pop() if self._rows else len(self._lines)
        row = self._lines[start:]
        if not 1 < len(row) <= _MOST_PIECES_OF_ROW or sum(map(len, row)) > _LONGEST_ROW:
            return
        cells: list[list[str]] = [[]]
        for piece in row:
            if piece == _CELL:
                cells.append([])
            else:
                cells[-1].append(piece)
        texts = [" ".join(cell) for cell in cells if cell]
        self._lines[start:] = [_CELL.join(texts)]
        if self._turned:
            self.add_also(_CELL.join(reversed(texts)))
            self._part.mark(MarkKind.REORDERED, self._place(), self._place_number())
