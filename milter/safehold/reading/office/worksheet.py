# SPDX-License-Identifier: GPL-3.0-or-later
"""One sheet of a workbook: cells as people see them, and what a sheet says besides.

Source: ECMA-376 part 1, 18.3 (worksheets).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import number_formats
from safehold.reading.basics.grid import Cell, Grid
from safehold.reading.notes import OpenPart
from safehold.reading.office.cell_styles import Look
from safehold.reading.office.ooxml import Loose, local
from safehold.reading.office.workbook import Area, Strings, column_of, said_or_wordy, unescaped
from safehold.reading.vocabulary import MarkKind, words

_MOST_IN_ROW = 100_000  # characters of a row that are gathered before they are handed over
_COLUMNS = 16_384
_MOST_FORMULAS = 100_000

# Excel's codes in headers and footers: left, centre and right; fields; fonts, sizes and colours.
_HEADER_CODE = re.compile(
    r"&(?:(?P<side>[LCRlcr])|(?P<field>[PNDTZFAGpndtzfag])"
    r"|[SXYEBIUOHsxyebiuoh]|\"[^\"]*\"|K(?:[0-9A-Fa-f]{6}|\d\d[+-]\d{3})|\d{1,3})"
)


@dataclass(slots=True)
class Shared:
    """What the sheets of a workbook share.

    Attributes:
        strings: The shared strings.
        looks: How cells look.
        since_1904: Whether dates count from 1904.
        seen: What visible cells say, for what is remembered elsewhere.
    """

    strings: Strings
    looks: Mapping[int, Look]
    since_1904: bool = False
    seen: set[str] = field(default_factory=set, repr=False)


class SheetReader:
    """Takes the events of one sheet."""

    def __init__(
        self,
        part: OpenPart,
        shared: Shared,
        number: int,
        whole: Visibility | None,
        dressed: Sequence[Area] = (),
    ) -> None:
        """Prepare; *dressed* are areas whose ground comes from the style of a table, and is not known."""
        self.rest = Loose(said_or_wordy)
        self._shared = shared
        self._dressed = dressed
        self._part = part
        self._number = number
        self._grid = Grid(part, number, whole)
        self._plain = shared.looks.get(0)
        self._whole = whole
        self._locals: dict[str, str] = {}
        self._letters: dict[str, int] = {}
        self._hidden_columns: bytearray | None = None
        self._row = 0
        self._row_hidden = False
        self._cells: list[Cell] = []
        self._row_size = 0
        self._column = 0
        self._type = self._style = ""
        self._value: list[str] = []
        self._formula: list[str] = []
        self._into: list[str] | None = None
        self._formulas: dict[str, int] = {}
        self._headers: list[str] | None = None
        self._header_lines: list[str] = []

    # expat's events

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = self._locals.get(tag)
        if name is None:
            name = self._locals[tag] = local(tag)
        if name == "c":
            ref = attributes.get("r")
            self._column = self._column_of(ref) if ref else self._column + 1
            self._type = attributes.get("t", "")
            self._style = attributes.get("s", "")
            self._into = self._value
        elif self._into is not None:
            if name == "f":
                self._into = self._formula
        elif name == "row":
            self._start_row(attributes)
        elif name == "col":
            self._hide_columns(attributes)
        elif name in _HEADERS:
            self._headers = []
        else:
            self.rest.start(tag, attributes)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        name = self._locals.get(tag) or local(tag)
        if name == "c":
            self._into = None
            if self._value or self._formula:
                self._end_cell()
        elif self._into is not None:
            if name == "f":
                self._into = self._value
        elif name == "row":
            self._end_row()
        elif name in _HEADERS and self._headers is not None:
            self._header_lines += _header_lines("".join(self._headers))
            self._headers = None
        else:
            self.rest.end(tag)

    def data(self, text: str) -> None:
        """Take character data."""
        if self._into is not None:
            self._into.append(text)
        elif self._headers is not None:
            self._headers.append(text)
        else:
            self.rest.data(text)

    def finish(self) -> None:
        """Hand over what waits, formulas last: they are long and say least."""
        if self._value or self._formula:
            self._end_cell()
        self._end_row()
        self._grid.end()
        part, number = self._part, self._number
        if self._headers:
            self._header_lines += _header_lines("".join(self._headers))
        part.segment(
            PlaceKind.PAGE_HEADER,
            "\n".join(dict.fromkeys(self._header_lines)),
            number=number,
            visibility=self._whole or Visibility.VISIBLE,
        )
        part.segment(PlaceKind.SHEET, self.rest.text(), number=number, visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.SHEET, self.rest.said(), number=number, visibility=Visibility.ATTRIBUTE)
        # A literal in a formula is somebody's word; the others only name cells.
        for wordy in (True, False):
            some = {text: row for text, row in self._formulas.items() if ('"' in text) is wordy}
            if some:
                first = next(iter(some.values()))
                text = "\n".join(some)
                part.segment(PlaceKind.SHEET, text, number=number, row=first, visibility=Visibility.ATTRIBUTE)

    # what they come to

    def _start_row(self, attributes: dict[str, str]) -> None:
        raw = attributes.get("r", "")
        self._row = int(raw) if raw.isdecimal() and len(raw) < 8 else self._row + 1
        self._column = 0
        self._row_hidden = _is_on(attributes.get("hidden", "")) or attributes.get("ht") == "0"

    def _end_row(self) -> None:
        cells = self._cells
        if not cells:
            return
        self._cells = []
        self._row_size = 0
        if self._row_hidden:
            self._part.mark(MarkKind.HIDDEN_ROWS, PlaceKind.SHEET, self._number)
        self._grid.row(max(1, self._row), cells, Visibility.HIDDEN if self._row_hidden else None)

    def _column_of(self, ref: str) -> int:
        letters = ref.rstrip("0123456789")
        column = self._letters.get(letters)
        if column is None:
            column = self._letters[letters] = column_of(letters)
        return column

    def _hide_columns(self, attributes: dict[str, str]) -> None:
        if not _is_on(attributes.get("hidden", "")) and attributes.get("width") not in ("0", "0.0"):
            return
        first, last = (attributes.get(key, "") for key in ("min", "max"))
        if first.isdecimal() and last.isdecimal() and len(first) < 8 and len(last) < 8:
            if self._hidden_columns is None:
                self._hidden_columns = bytearray(_COLUMNS + 2)
            start, end = min(int(first), _COLUMNS), min(int(last), _COLUMNS) + 1
            self._hidden_columns[start:end] = b"\x01" * max(0, end - start)

    def _end_cell(self) -> None:
        if self._formula:
            formula = "".join(self._formula)
            self._formula.clear()
            if len(self._formulas) < _MOST_FORMULAS or '"' in formula:
                self._formulas.setdefault(formula, self._row)
        raw = "".join(self._value).strip()
        self._value.clear()
        if not raw:
            return
        style = self._style
        look = self._shared.looks.get(int(style)) if style.isdecimal() and len(style) < 8 else self._plain
        text = self._text(raw, look)
        if not text or text.isspace():
            return
        hiding = None
        if look is not None:
            hiding = look.hiding
            if hiding is not None and self._dressed and hiding is not Visibility.TINY and self._is_dressed():
                hiding = None
            if look.blanks and look.hides(raw, is_text=self._type not in ("", "n")):
                hiding = Visibility.HIDDEN
                self._part.mark(MarkKind.HIDDEN_TEXT, PlaceKind.SHEET, self._number)
        hidden = self._hidden_columns
        if hidden is not None and self._column < len(hidden) and hidden[self._column]:
            hiding = Visibility.HIDDEN
            self._part.mark(MarkKind.HIDDEN_COLUMNS, PlaceKind.SHEET, self._number)
        if self._type in _TEXTS and hiding is None and self._whole is None and not self._row_hidden:
            self._shared.seen.add(text.strip())
        self._cells.append(Cell(self._column, text, hiding))
        self._row_size += len(text)
        if self._row_size > _MOST_IN_ROW:
            self._end_row()

    def _is_dressed(self) -> bool:
        row, column = self._row, self._column
        return any(top <= row <= bottom and left <= column <= right for left, top, right, bottom in self._dressed)

    def _text(self, raw: str, look: Look | None) -> str:
        kind = self._type
        if kind == "s":
            return self._shared.strings.at(raw)
        if kind in ("", "n"):
            if look is None:
                return raw if raw.isdecimal() else number_formats.as_whole(raw)
            return number_formats.shown(raw, look.code, since_1904=self._shared.since_1904)
        if kind == "b":
            return {"0": "FALSE", "1": "TRUE"}.get(raw, raw)
        return unescaped(raw)


_TEXTS = words("s str inlineStr")
_HEADERS = words("oddHeader oddFooter evenHeader evenFooter firstHeader firstFooter")


def _is_on(value: str) -> bool:
    return value in ("1", "true", "on")


def _header_lines(text: str) -> list[str]:
    """Return the lines of a header or footer without Excel's codes."""
    plain = _HEADER_CODE.sub(_header_code, text.replace("&&", "\0")).replace("\0", "&")
    return [line.strip() for line in plain.split("\n") if line.strip()]


def _header_code(found: re.Match[str]) -> str:
    return "\n" if found["side"] else " " if found["field"] else ""
