# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheets of an Excel workbook before 2007: cells as people see them, comments, text boxes, headers, charts.

Source: [MS-XLS] 2.4.
"""

import math
import re
import struct
from collections.abc import Callable

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import number_formats
from safehold.reading.basics.cells import Cell
from safehold.reading.basics.grid import Grid, comment
from safehold.reading.basics.merged import Area
from safehold.reading.legacy import escher, legacy_book
from safehold.reading.legacy.biff import Record, Strings, double, literals, u16, u32
from safehold.reading.legacy.legacy_book import Aside, Book, Look
from safehold.reading.vocabulary import MarkKind

_FORMULAS = frozenset((0x06, 0x0206, 0x0406))
_TXO, _OBJ, _NOTE = 0x01B6, 0x5D, 0x1C
_NOTE_OBJECT = 0x19
_WIDTH_IN_CHARACTERS = 0x55
_COLUMNS = 256
# Of rows in twips, and of columns in 256ths of a character: what shows at most the edge of a letter.
_LOWEST, _NARROWEST = 40, 76
_HEADER_CODE = re.compile(r"&(?:[LCRPNDTGAFZBIUESXY]|\d{1,3}|\"[^\"]{0,200}\"|K[0-9A-F]{6})")
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


class Sheet:
    """One sheet (or a chart that stands as a sheet), with the charts that lie on it."""

    def __init__(self, book: Book, number: int, whole: Visibility | None, *, is_chart: bool) -> None:
        self._book = book
        self._part = book.part
        self._number = number
        self._whole = whole
        self._charts = int(is_chart)
        self._rows: dict[int, list[Cell]] = {}
        self._hidden_rows: set[int] = set()
        self._column_widths: list[tuple[int, int, bool]] = []  # first, last, and whether they are hidden
        self._columns_hidden = False  # those of which nothing is said
        self._merged: list[Area] = []
        self._waiting: tuple[int, int, int] | None = None  # the cell whose formula gives a text
        self._headers: dict[str, None] = {}
        self._boxes: dict[str, None] = {}
        self._chart_texts: dict[str, None] = {}
        self._literals: dict[str, None] = {}
        self._aside = Aside()
        self._drawings: list[bytes] = []
        self._object: tuple[int, int] = (0, 0)
        self._note_texts: dict[int, str] = {}
        self._notes: list[tuple[int, str, int, int]] = []  # object, author, row and column

    def begin(self, record: Record) -> None:
        """Begin a substream inside: a chart."""
        del record
        self._charts += 1

    def end(self) -> None:
        """End a substream inside."""
        self._charts = max(0, self._charts - 1)

    def take(self, record: Record) -> None:
        """Take a record."""
        handler = _CELLS.get(record.kind)
        if handler is not None:
            handler(self, record)
        elif record.kind in legacy_book.RECORDS and self._book.version < 5:
            self._book.take(record)
        else:
            self._aside.take(record)

    # cells

    def _put(self, row: int, column: int, style: int, value: str) -> None:
        """Put a text into a cell."""
        if not value or value.isspace():
            return
        if self._charts:
            self._chart_texts[value] = None
            return
        look = self._book.look(style)
        instead = number_formats.instead(look.code, "", is_text=True) if look.blanks else ""
        if instead:
            self._add(row, Cell(column + 1, instead, look.hiding))
        self._add(row, Cell(column + 1, value, self._hiding_by(look)))

    def _hiding_by(self, look: Look) -> Visibility | None:
        """Return how a look hides a text."""
        return self._blanked() if look.blanks and number_formats.hides_text(look.code) else look.hiding

    def _put_number(self, row: int, column: int, style: int, value: float) -> None:
        """Put a number into a cell, as its format shows it."""
        if not math.isfinite(value):
            return
        if self._charts:  # what a chart remembers may stand in no cell
            self._chart_texts[self._book.number(style, value)[0]] = None
            return
        shown, hiding = self._book.number(style, value)
        look = self._book.look(style)
        instead = number_formats.instead(look.code, repr(value)) if look.blanks else ""
        if instead:
            self._add(row, Cell(column + 1, instead, look.hiding))
        self._add(row, Cell(column + 1, shown, self._blanked() if hiding is Visibility.HIDDEN else hiding))

    def _blanked(self) -> Visibility:
        self._part.mark(MarkKind.HIDDEN_TEXT, PlaceKind.SHEET, self._number)
        return Visibility.HIDDEN

    def _add(self, row: int, cell: Cell) -> None:
        cells = self._rows.get(row)
        if cells is None:
            cells = self._rows[row] = []
        cells.append(cell)

    def _head(self, raw: bytes) -> tuple[int, int, int]:
        """Return row, column, and number of the format of a cell."""
        if self._book.version > 2:
            return u16(raw, 0), u16(raw, 2), u16(raw, 4)
        return u16(raw, 0), u16(raw, 2), raw[4] & 0x3F if len(raw) > 4 else 0

    @property
    def _at(self) -> int:
        """Return where the value of a cell starts."""
        return 6 if self._book.version > 2 else 7

    def _shared(self, record: Record) -> None:
        raw = record.body
        index = u32(raw, 6)
        book = self._book
        if index < len(book.shared):
            book.used[index] = 1
            row, column, style = self._head(raw)
            partly = None if self._charts or book.look(style).is_dark else book.seen_of(index)
            if partly is not None and self._hiding_by(book.look(style)) is None:
                self._add(row, Cell(column + 1, partly[0]))
                self._add(row, Cell(column + 1, book.shared[index], partly[1]))
            else:
                self._put(row, column, style, book.shared[index])
        else:
            book.is_damaged = True

    def _label(self, record: Record) -> None:
        raw = record.body
        row, column, style = self._head(raw)
        if self._book.version >= 8:
            value = Strings(record.chunks, 8).text(u16(raw, 6))[0]
        else:
            value = self._book.string(raw, self._at, 2 if self._book.version > 2 else 1)
        self._put(row, column, style, value)

    def _real(self, record: Record) -> None:
        raw = record.body
        self._put_number(*self._head(raw), double(raw, self._at))

    def _integer(self, record: Record) -> None:
        raw = record.body
        self._put_number(*self._head(raw), float(u16(raw, self._at)))

    def _short(self, record: Record) -> None:
        raw = record.body
        self._put_number(u16(raw, 0), u16(raw, 2), u16(raw, 4), number_formats.packed(u32(raw, 6)))

    def _shorts(self, record: Record) -> None:
        raw = record.body
        row, column = u16(raw, 0), u16(raw, 2)
        for index in range((len(raw) - 6) // 6):
            at = 4 + 6 * index
            self._put_number(row, column + index, u16(raw, at), number_formats.packed(u32(raw, at + 2)))

    def _formula(self, record: Record) -> None:
        raw = record.body
        row, column, style = self._head(raw)
        at = self._at
        self._waiting = None
        if raw[at + 6 : at + 8] != b"\xff\xff":
            self._put_number(row, column, style, double(raw, at))
        elif raw[at : at + 1] == b"\x00":
            self._waiting = (row, column, style)
        elif raw[at : at + 1] == b"\x01":
            self._put(row, column, style, "TRUE" if raw[at + 2 : at + 3] == b"\x01" else "FALSE")
        elif raw[at : at + 1] == b"\x02":
            self._put(row, column, style, _ERRORS.get(raw[at + 2], ""))
        for literal in literals(raw[at + 8 :], wide=self._book.version >= 8):
            self._literals[literal] = None

    def _string(self, record: Record) -> None:
        if self._waiting is None:
            return
        if self._book.version >= 8:
            value = Strings(record.chunks, 2).text(u16(record.body, 0))[0]
        else:
            value = self._book.string(record.body, 0, 2 if self._book.version > 2 else 1)
        self._put(*self._waiting, value)
        self._waiting = None

    def _truth(self, record: Record) -> None:
        raw = record.body
        at = self._at
        value = raw[at] if at < len(raw) else 0
        truth = "TRUE" if value else "FALSE"
        self._put(*self._head(raw), truth if raw[at + 1 : at + 2] == b"\x00" else _ERRORS.get(value, ""))

    def _row(self, record: Record) -> None:
        raw = record.body
        if raw[12:13] and (raw[12] & 0x20 or u16(raw, 6) & 0x7FFF <= _LOWEST):
            self._hidden_rows.add(u16(raw, 0))

    def _columns(self, record: Record) -> None:
        raw = record.body
        hides = bool(u16(raw, 8) & 1) or (len(raw) >= 8 and u16(raw, 4) <= _NARROWEST)
        self._column_widths.append((u16(raw, 0), u16(raw, 2), hides))

    def _merge(self, record: Record) -> None:
        for top, bottom, left, right in struct.iter_unpack("<HHHH", record.body[2 : 2 + len(record.body[2:]) // 8 * 8]):
            self._merged.append((left + 1, top + 1, right + 1, bottom + 1))
        self._aside.take(record)

    def _usual_width(self, record: Record) -> None:
        least = 0 if record.kind == _WIDTH_IN_CHARACTERS else _NARROWEST
        self._columns_hidden = len(record.body) >= 2 and u16(record.body, 0) <= least

    # beside the cells

    def _header(self, record: Record) -> None:
        raw = record.body
        if not raw:
            return
        value = self._book.string(raw, 0, 2 if self._book.version >= 8 else 1)
        for line in _HEADER_CODE.sub("\n", value.replace("&&", "\0")).replace("\0", "&").split("\n"):
            if line.strip():
                self._headers[line.strip()] = None

    def _object_record(self, record: Record) -> None:
        raw = record.body
        self._object = (u16(raw, 4), u16(raw, 6)) if u16(raw, 0) == 0x15 else (0, 0)
        self._drawings += record.chunks[1:]  # what continues an object is the drawing that was begun before it
        self._aside.take(Record(record.kind, record.offset, [raw]))

    def _text_object(self, record: Record) -> None:
        length = u16(record.body, 10)
        value = Strings(record.chunks[1:]).text(length)[0] if length and len(record.chunks) > 1 else ""
        kind, identifier = self._object
        if kind == _NOTE_OBJECT:
            self._note_texts[identifier] = value
        elif value.strip():
            self._boxes[value] = None

    def _note(self, record: Record) -> None:
        raw = record.body
        cell = u16(raw, 0) + 1, u16(raw, 2) + 1
        if self._book.version >= 8:
            self._notes.append((u16(raw, 6), self._book.string(raw, 8, 2), *cell))
        else:
            self._notes.append((-1, raw[6:].decode(self._book.codec, "replace"), *cell))

    def _series_text(self, record: Record) -> None:
        value = self._book.string(record.body, 2, 1)
        if value.strip():
            self._chart_texts[value] = None

    def _drawing(self, record: Record) -> None:
        self._drawings += record.chunks

    # the end

    def finish(self) -> None:
        """Hand over everything."""
        part, number = self._part, self._number
        shown = self._whole or self._book.visible
        self._hand_over_cells()
        part.segment(PlaceKind.SHEET, "\n\n".join(self._boxes), number=number, visibility=shown)
        part.segment(PlaceKind.SHEET, "\n".join(self._chart_texts), number=number, visibility=shown)
        part.segment(PlaceKind.PAGE_HEADER, "\n".join(self._headers), number=number, visibility=shown)
        self._hand_over_notes()
        drawings = b"".join(self._drawings)
        drawn = [text for text in escher.modern_texts(drawings, part.session.take_expanded) if text not in self._boxes]
        part.segment(PlaceKind.SHEET, "\n".join(drawn), number=number, visibility=shown)
        for words in (self._literals, escher.words(drawings)):
            part.segment(PlaceKind.SHEET, "\n".join(words), number=number, visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.SHEET, self._aside.text(), number=number, visibility=Visibility.ATTRIBUTE)

    def _hand_over_cells(self) -> None:
        hidden = bytearray([self._columns_hidden]) * _COLUMNS
        for first, last, hides in self._column_widths:
            last = min(last, _COLUMNS - 1)
            hidden[first : last + 1] = bytes([hides]) * max(0, last + 1 - first)
        some_hidden = any(hidden)
        whole = self._whole
        if whole is None and self._book.visible is not Visibility.VISIBLE:
            whole = self._book.visible
        grid = Grid(self._part, self._number, whole, self._merged)
        for row in sorted(self._rows):
            cells = sorted(self._rows[row], key=lambda cell: cell.column)
            if some_hidden and any(hidden[(cell.column - 1) % _COLUMNS] for cell in cells):
                self._part.mark(MarkKind.HIDDEN_COLUMNS, PlaceKind.SHEET, self._number)
                cells = [
                    Cell(cell.column, cell.text, Visibility.HIDDEN) if hidden[(cell.column - 1) % _COLUMNS] else cell
                    for cell in cells
                ]
            row_hidden = row in self._hidden_rows
            if row_hidden:
                self._part.mark(MarkKind.HIDDEN_ROWS, PlaceKind.SHEET, self._number)
            grid.row(row + 1, cells, Visibility.HIDDEN if row_hidden else None)
        grid.end()

    def _hand_over_notes(self) -> None:
        part = self._part
        authors: dict[str, None] = {}
        for identifier, author, row, column in self._notes:
            value = author if identifier < 0 else self._note_texts.pop(identifier, "")
            if identifier >= 0 and author.strip():
                authors[author] = None
            self._hand_over_note(value, row, column)
        for value in self._note_texts.values():  # those whose cell is gone
            self._hand_over_note(value)
        part.segment(PlaceKind.METADATA, "\n".join(authors), visibility=Visibility.COMMENT)

    def _hand_over_note(self, value: str, row: int = 0, column: int = 0) -> None:
        if value.strip():
            self._book.comments += 1
            comment(self._part, value, count=self._book.comments, sheet=self._number, row=row, column=column)


_Taker = Callable[[Sheet, Record], None]
_CELLS: dict[int, _Taker] = {
    0xFD: Sheet._shared,
    0x04: Sheet._label,
    0x204: Sheet._label,
    0xD6: Sheet._label,
    0x03: Sheet._real,
    0x203: Sheet._real,
    0x02: Sheet._integer,
    0x27E: Sheet._short,
    0xBD: Sheet._shorts,
    **dict.fromkeys(_FORMULAS, Sheet._formula),
    0x07: Sheet._string,
    0x207: Sheet._string,
    0x05: Sheet._truth,
    0x205: Sheet._truth,
    0x208: Sheet._row,
    0x7D: Sheet._columns,
    _WIDTH_IN_CHARACTERS: Sheet._usual_width,
    0x99: Sheet._usual_width,
    0xE5: Sheet._merge,
    0x14: Sheet._header,
    0x15: Sheet._header,
    _OBJ: Sheet._object_record,
    _TXO: Sheet._text_object,
    _NOTE: Sheet._note,
    0x100D: Sheet._series_text,
    0xEC: Sheet._drawing,
}
