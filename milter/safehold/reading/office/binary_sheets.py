# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells of a binary workbook (XLSB): texts and numbers with their places; of everything else the loose texts.

How cells look is not judged, but for number formats, and what is drawn or remembered beside the cells is only searched
for texts; so such a workbook stays ``unsupported``.  Linear; never raises for content.

Source: [MS-XLSB] 2.1.4 (records), 2.3 and 2.4 (which there are), 2.5.123 (RichStr).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import binary, number_formats
from safehold.reading.basics.cells import Cell
from safehold.reading.basics.grid import Grid
from safehold.reading.notes import OpenPart
from safehold.reading.office.ooxml import Package
from safehold.reading.vocabulary import MarkKind

_ROW, _COLUMNS, _STRING, _SHEET, _FORMAT, _LOOK, _DATES = 0, 60, 19, 156, 44, 47, 153
_LOOKS_OF_CELLS, _END_OF_LOOKS = 617, 618
_RK, _REAL, _TEXT, _SHARED = 2, 5, 6, 7
_TRUTHS, _TEXTS, _REALS = (4, 10), (_TEXT, 8), (_REAL, 9)
_LAST_CELL = 11
_ROWS, _LAST_COLUMN = 1_048_576, 16_384
_NOT_SEARCHED = ("vbaproject", "embeddings/")


def read(package: Package, part: OpenPart) -> None:
    """Read the binary parts of a package."""
    main = next(iter(package.related("", "officeDocument")), "xl/workbook.bin")
    book = _Book(part)
    book.take_workbook(package.take(main) or b"")
    for name in package.related(main, "styles") or package.names(r"^xl/styles\.bin$"):
        book.take_styles(package.take(name) or b"")
    for name in package.related(main, "sharedStrings") or package.names(r"^xl/sharedstrings\.bin$"):
        book.take_strings(package.take(name) or b"")
    relations = package.relations(main)
    for number, sheet in enumerate(book.sheets, 1):
        book.name_sheet(number, sheet)
        relation = relations.get(sheet.relation)
        if relation is not None:
            book.take_sheet(number, sheet, package.take(relation.target) or b"")
    # Where the list of sheets led to none of these, it could not be read; else they are what nobody is shown.
    missed = package.names(r"^xl/worksheets/[^/]*\.bin$")
    hidden = any(sheet.is_read for sheet in book.sheets)
    for number, name in enumerate(missed, len(book.sheets) + 1):
        book.take_sheet(number, _Sheet("", "", hidden), package.take(name) or b"")
    for name in package.names(r"^xl/.*\.bin$"):
        if not any(word in name.lower() for word in _NOT_SEARCHED):
            part.segment(PlaceKind.TEXT, binary.wide_strings(package.take(name) or b""))
    book.finish()


@dataclass(slots=True)
class _Sheet:
    name: str = field(repr=False)
    relation: str
    hidden: bool
    is_read: bool = False


class _Book:
    """What the parts of a workbook say."""

    def __init__(self, part: OpenPart) -> None:
        self.sheets: list[_Sheet] = []
        self._part = part
        self._strings: list[str] = []
        self._used = bytearray()
        self._formats = dict(number_formats.BUILT_IN)
        self._looks: list[int] = []
        self._since_1904 = False
        self._aside: dict[str, None] = {}

    def take_workbook(self, content: bytes) -> None:
        """Take the list of sheets."""
        for kind, body in _records(content):
            if kind == _SHEET:
                relation, at = _wide(body, 8)
                self.sheets.append(_Sheet(_wide(body, at)[0], relation, bool(body[:1] and body[0] & 3)))
            elif kind == _DATES:
                self._since_1904 = bool(body[:1] and body[0] & 1)
            else:
                self._set_aside(body)

    def take_styles(self, content: bytes) -> None:
        """Take the number formats, and which of them each look has."""
        of_cells = False
        for kind, body in _records(content):
            if kind in (_LOOKS_OF_CELLS, _END_OF_LOOKS):
                of_cells = kind == _LOOKS_OF_CELLS
            elif kind == _FORMAT:
                self._formats[_number(body, 0, 2)] = _wide(body, 2)[0]
                self._set_aside(body)
            elif kind == _LOOK and of_cells:
                self._looks.append(_number(body, 2, 2))
            else:
                self._set_aside(body)

    def take_strings(self, content: bytes) -> None:
        """Take the shared strings."""
        for kind, body in _records(content):
            if kind == _STRING:
                self._strings.append(_string(body))
            else:
                self._set_aside(body)
        self._used = bytearray(len(self._strings))

    def name_sheet(self, number: int, sheet: _Sheet) -> None:
        """Say what a sheet is called."""
        if sheet.hidden:
            self._part.mark(MarkKind.HIDDEN_SHEET, PlaceKind.SHEET, number)
        visibility = Visibility.HIDDEN if sheet.hidden else Visibility.VISIBLE
        self._part.segment(PlaceKind.SHEET_NAME, sheet.name, number=number, visibility=visibility)

    def take_sheet(self, number: int, sheet: _Sheet, content: bytes) -> None:
        """Take the cells of a sheet, row by row."""
        sheet.is_read = bool(content)
        grid = Grid(self._part, number, Visibility.HIDDEN if sheet.hidden else None)
        row, row_hidden, cells = 1, False, list[Cell]()
        hidden = bytearray(_LAST_COLUMN + 2)

        def end_row() -> None:
            if cells:
                if row_hidden:
                    self._part.mark(MarkKind.HIDDEN_ROWS, PlaceKind.SHEET, number)
                grid.row(row, list(cells), Visibility.HIDDEN if row_hidden else None)
                cells.clear()

        for kind, body in _records(content):
            if kind == _ROW:
                end_row()
                row = min(_number(body, 0, 4) + 1, _ROWS)
                row_hidden = bool(body[11:12] and body[11] & 0x10) or not _number(body, 8, 2)
            elif kind == _COLUMNS:
                first, last = (min(_number(body, at, 4), _LAST_COLUMN) + 1 for at in (0, 4))
                if _number(body, 16, 2) & 1 or not _number(body, 8, 4):
                    hidden[first : last + 1] = b"\x01" * max(0, last + 1 - first)
            elif kind <= _LAST_CELL:
                column = min(_number(body, 0, 4), _LAST_COLUMN) + 1
                if hidden[column]:
                    self._part.mark(MarkKind.HIDDEN_COLUMNS, PlaceKind.SHEET, number)
                text, hiding = self._cell(kind, body)
                if text.strip():
                    cells.append(Cell(column, text, Visibility.HIDDEN if hidden[column] else hiding))
            else:
                self._set_aside(body)
        end_row()
        grid.end()

    def finish(self) -> None:
        """Hand over what was said beside cells, and the strings that no cell uses."""
        unused = "\n".join(text for text, used in zip(self._strings, self._used, strict=True) if not used)
        self._part.segment(PlaceKind.METADATA, unused, visibility=Visibility.HIDDEN)
        self._part.segment(PlaceKind.METADATA, "\n".join(self._aside), visibility=Visibility.ATTRIBUTE)

    def _cell(self, kind: int, body: bytes) -> tuple[str, Visibility | None]:
        """Return what a cell says, and how its format hides it."""
        if kind == _SHARED:
            index = _number(body, 8, 4)
            if index >= len(self._strings):
                return str(index), None
            self._used[index] = 1
            return self._strings[index], self._hiding(body, None)
        if kind in _TEXTS:
            text, end = _wide(body, 8)
            self._set_aside(body[end:])
            return text, self._hiding(body, None)
        if kind in _TRUTHS:
            self._set_aside(body[9:])
            return ("TRUE" if body[8:9] == b"\x01" else "FALSE"), None
        if kind == _RK or kind in _REALS:
            value = number_formats.packed(_number(body, 8, 4)) if kind == _RK else _real(body)
            self._set_aside(body[12 if kind == _RK else 16 :])
            raw = repr(value)
            shown = number_formats.shown(raw, self._format(body), since_1904=self._since_1904)
            return shown, self._hiding(body, raw)
        self._set_aside(body[8:])
        return "", None

    def _format(self, body: bytes) -> str:
        look = _number(body, 4, 3)
        code = self._looks[look] if look < len(self._looks) else 0
        return self._formats.get(code, number_formats.GENERAL)

    def _hiding(self, body: bytes, number: str | None) -> Visibility | None:
        code = self._format(body)
        hides = number_formats.hides_text(code) if number is None else number_formats.hides_number(code, number)
        return Visibility.HIDDEN if hides else None

    def _set_aside(self, body: bytes) -> None:
        for text in binary.wide_strings(body).splitlines() if len(body) > 7 else ():
            self._aside[text] = None


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each record; what is no record comes as one of no known number."""
    at, end = 0, len(content)
    while at < end:
        start = at
        kind, at = _varying(content, at, 2)
        size, at = _varying(content, at, 4)
        if at + size > end:
            yield -1 & 0xFFFF, content[start:]
            return
        yield kind, content[at : at + size]
        at += size


def _varying(content: bytes, at: int, most: int) -> tuple[int, int]:
    """Return a number of up to *most* bytes, seven bits each, and where it ends."""
    number = 0
    for index in range(most):
        byte = content[at] if at < len(content) else 0
        at += 1
        number |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            break
    return number, at


def _number(body: bytes, at: int, size: int) -> int:
    return int.from_bytes(body[at : at + size], "little")


def _wide(body: bytes, at: int) -> tuple[str, int]:
    """Return the string whose length stands at *at*, and where it ends."""
    length = _number(body, at, 4)
    end = min(len(body), at + 4 + 2 * length if length < 0xFFFFFFFF else at + 4)
    return body[at + 4 : end].decode("utf-16-le", "replace"), end


def _string(body: bytes) -> str:
    """Return a shared string, and what is written above it behind a tab."""
    text, end = _wide(body, 1)
    flags = body[0] if body else 0
    if flags & 1:  # letters that look otherwise: where each run begins, and its font
        end += 4 + 4 * _number(body, end, 4)
    above = _wide(body, end)[0] if flags & 2 else ""
    return f"{text}\t{above}" if above else text


def _real(body: bytes) -> float:
    return float(struct.unpack_from("<d", body, 8)[0]) if len(body) >= 16 else 0.0
