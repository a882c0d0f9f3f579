# SPDX-License-Identifier: GPL-3.0-or-later
"""One sheet of a workbook: cells as people see them, and what a sheet says besides.

Source: ECMA-376 part 1, 18.3 (worksheets).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import formulas, number_formats
from safehold.reading.basics.cells import Cell, CellText
from safehold.reading.basics.grid import Grid
from safehold.reading.basics.merged import Area
from safehold.reading.notes import MOST_CELLS, OpenPart
from safehold.reading.office.cell_runs import Runs
from safehold.reading.office.cell_styles import Look, Styles
from safehold.reading.office.ooxml import Loose, local
from safehold.reading.office.workbook import Strings, column_of, said_or_wordy, unescaped
from safehold.reading.vocabulary import MarkKind, words

_MOST_IN_ROW = 100_000  # characters of a row that are gathered before they are handed over
_ROWS, _COLUMNS = 1_048_576, 16_384
_MOST_FORMULAS = 100_000
_NAME = re.compile(r"[^\W\d_]{4,}(?!\w*\()")  # no function; columns have three letters at most
# Of rows in points, and of columns in characters: what shows at most the edge of a letter.
_LOWEST, _NARROWEST = 2.0, 0.3

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
        styles: How letters within cells may look.
        since_1904: Whether dates count from 1904.
        seen: What visible cells say, for what is remembered elsewhere.
    """

    strings: Strings
    looks: Mapping[int, Look]
    styles: Styles
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
        merged: Iterable[Area] = (),
    ) -> None:
        """Prepare.

        Args:
            part: Where the text goes.
            shared: What the sheets of the workbook share.
            number: Which sheet it is.
            whole: How the sheet as a whole is hidden, or None.
            dressed: Areas whose ground comes from the style of a table, and is not known.
            merged: Areas of cells that were merged into one.
        """
        self.rest = Loose(said_or_wordy)
        self._shared = shared
        self._dressed = dressed
        self._part = part
        self._number = number
        self._grid = Grid(part, number, whole, merged)
        self._plain = shared.looks.get(0)
        self._whole = whole
        self._locals: dict[str, str] = {}
        self._letters: dict[str, int] = {}
        self._styled: dict[str, Look | None] = {}
        self._partly = shared.strings.partly
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
        self._in_text = False
        self._runs = Runs(shared.styles)
        self._formulas: dict[str, tuple[int, int]] = {}  # where each stands first
        self._names: set[str] = set()  # words of formulas, once there are very many
        self._headers: list[str] | None = None
        self._header_lines: list[str] = []

    # expat's events

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = self._locals.get(tag)
        if name is None:
            name = self._locals[tag] = local(tag)
        if name == "c":
            get = attributes.get
            ref, kind, style = get("r"), get("t"), get("s")
            self._column = self._column_of(ref) if ref else self._column + 1
            self._type = kind or ""
            self._style = style or ""
            self._into = self._value
            if len(attributes) != (ref is not None) + (kind is not None) + (style is not None):
                self._take_unknown(tag, attributes)
        elif self._into is not None:
            if name == "v" and not attributes:  # most of them
                self._in_text = True
            else:
                self._start_in_cell(tag, name, attributes)
        elif name == "row":
            self._start_row(attributes)
            self._take_unknown(tag, attributes)
        elif name == "col":
            self._hide_columns(attributes)
            self._take_unknown(tag, attributes)
        elif name == "sheetFormatPr":
            self._hide_all_columns(attributes)
            self._take_unknown(tag, attributes)
        elif name in _HEADERS:
            self._headers = []
        elif name == "cfRule" and self._shared.styles.may_hide(attributes.get("dxfId", "")):
            self._part.mark(MarkKind.HIDDEN_TEXT, PlaceKind.SHEET, self._number)
            self.rest.start(tag, attributes)
        else:
            self.rest.start(tag, attributes)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        name = self._locals.get(tag) or local(tag)
        if name == "v" and self._into is not None:
            self._in_text = False
        elif name == "c":
            self._into = None
            if self._value or self._formula:
                self._end_cell()
        elif self._into is not None:
            if name == "f":
                self._into = self._value
            elif name == "r":
                self._runs.end(name, self._value)
            self._in_text = False
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
            if self._in_text or not text.isspace():  # else it lays out the XML
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
            self._hand_over_formulas(wordy=wordy)

    def _hand_over_formulas(self, *, wordy: bool) -> None:
        some = [(formula, cell) for formula, cell in self._formulas.items() if ('"' in formula) is wordy]
        for start in range(0, len(some), MOST_CELLS):
            made = CellText()
            for formula, (row, column) in some[start : start + MOST_CELLS]:
                whole = formulas.joined(formula)
                made.cell(row, column, f"{formula}\n{whole}" if whole else formula)
            self._part.segment(
                PlaceKind.SHEET, made.text(), number=self._number, visibility=Visibility.ATTRIBUTE, cells=made.cells
            )

    # what they come to

    def _start_in_cell(self, tag: str, name: str, attributes: dict[str, str]) -> None:
        self._in_text = name in _TEXT_ELEMENTS
        if name == "f":
            self._into = self._formula
        elif not self._in_text:
            self._runs.start(name, attributes, self._value)
        if attributes:
            self._take_unknown(tag, attributes)

    def _start_row(self, attributes: dict[str, str]) -> None:
        raw = attributes.get("r", "")
        self._row = int(raw) if raw.isdecimal() and len(raw) < 8 else self._row + 1
        self._column = 0
        self._row_hidden = _is_on(attributes.get("hidden", "")) or _is_at_most(attributes.get("ht"), _LOWEST)

    def _end_row(self) -> None:
        cells = self._cells
        if not cells:
            return
        self._cells = []
        self._row_size = 0
        if self._row_hidden:
            self._part.mark(MarkKind.HIDDEN_ROWS, PlaceKind.SHEET, self._number)
        self._grid.row(min(max(1, self._row), _ROWS), cells, Visibility.HIDDEN if self._row_hidden else None)

    def _column_of(self, ref: str) -> int:
        letters = ref.rstrip("0123456789")
        column = self._letters.get(letters)
        if column is None:
            column = self._letters[letters] = column_of(letters)
        return column

    def _hide_columns(self, attributes: dict[str, str]) -> None:
        hides = _is_on(attributes.get("hidden", "")) or _is_at_most(attributes.get("width"), _NARROWEST)
        if not hides and self._hidden_columns is None:
            return
        first, last = (attributes.get(key, "") for key in ("min", "max"))
        if first.isdecimal() and last.isdecimal() and len(first) < 8 and len(last) < 8:
            if self._hidden_columns is None:
                self._hidden_columns = bytearray(_COLUMNS + 2)
            start, end = min(int(first), _COLUMNS), min(int(last), _COLUMNS) + 1
            self._hidden_columns[start:end] = (b"\x01" if hides else b"\x00") * max(0, end - start)

    def _hide_all_columns(self, attributes: dict[str, str]) -> None:
        if _is_at_most(attributes.get("defaultColWidth"), _NARROWEST):
            self._hidden_columns = bytearray(b"\x01" * (_COLUMNS + 2))

    def _take_unknown(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the attributes that Excel does not know: somebody may have written there."""
        if not attributes.keys() <= _KNOWN_ATTRIBUTES:
            self.rest.start(tag, {key: value for key, value in attributes.items() if key not in _KNOWN_ATTRIBUTES})

    def _end_cell(self) -> None:
        if self._formula:
            self._take_formula("".join(self._formula))
            self._formula.clear()
        value = self._value
        raw = (value[0] if len(value) == 1 else "".join(value)).strip()
        partly = self._runs.take(self._value) if self._runs.hidden else None
        value.clear()
        if not raw:
            return
        style = self._style
        look = self._styled[style] if style in self._styled else self._look_of(style)
        text = self._text(raw, look)
        if not text or text.isspace():
            return
        hiding: Visibility | None = None
        instead = ""
        if look is not None and (look.blanks or look.hiding is not None):
            hiding = self._hiding_by(look, raw)
            instead = look.instead(raw, is_text=self._type not in _NUMERIC) if look.blanks else ""
        hidden = self._hidden_columns
        if hidden is not None and self._column < len(hidden) and hidden[self._column]:
            hiding = Visibility.HIDDEN
            self._part.mark(MarkKind.HIDDEN_COLUMNS, PlaceKind.SHEET, self._number)
            text = f"{instead}\t{text}" if instead else text
        elif instead and look is not None:
            self._cells.append(Cell(self._column, instead, look.hiding))
        if self._partly and self._type == "s":
            partly = self._shared.strings.seen_of(raw)
        if partly is not None and hiding is None and not (look is not None and look.is_dark) and not self._is_dressed():
            seen, hiding = partly
            self._cells.append(Cell(self._column, seen))
        if self._type in _TEXTS and hiding is None and self._whole is None and not self._row_hidden:
            self._shared.seen.add(text.strip())
        self._cells.append(Cell(self._column, text, hiding))
        self._row_size += len(text)
        if self._row_size > _MOST_IN_ROW:
            self._end_row()

    def _look_of(self, style: str) -> Look | None:
        is_number = style.isdecimal() and len(style) < 8
        look = self._styled[style] = self._shared.looks.get(int(style)) if is_number else self._plain
        return look

    def _take_formula(self, formula: str) -> None:
        """Keep a formula: each once, and of very many those with a literal or another word in them."""
        if len(self._formulas) >= _MOST_FORMULAS and '"' not in formula:
            new = set(_NAME.findall(formula)) - self._names
            self._names |= new
            if not new:
                return
        self._formulas.setdefault(formula, (min(max(1, self._row), _ROWS), max(1, self._column)))

    def _hiding_by(self, look: Look, raw: str) -> Visibility | None:
        """Return how a look hides the cell at hand."""
        if look.blanks and look.hides(raw, is_text=self._type not in _NUMERIC):
            self._part.mark(MarkKind.HIDDEN_TEXT, PlaceKind.SHEET, self._number)
            return Visibility.HIDDEN
        by_ground = look.hiding is not None and look.hiding is not Visibility.TINY
        return None if by_ground and self._is_dressed() else look.hiding

    def _is_dressed(self) -> bool:
        row, column = self._row, self._column
        return bool(self._dressed) and any(
            top <= row <= bottom and left <= column <= right for left, top, right, bottom in self._dressed
        )

    def _text(self, raw: str, look: Look | None) -> str:
        kind = self._type
        if kind == "s":
            return self._shared.strings.at(raw)
        if kind in _NUMERIC:
            if look is None:
                return raw if raw.isdecimal() else number_formats.as_whole(raw)
            return number_formats.shown(raw, look.code, since_1904=self._shared.since_1904)
        if kind == "b":
            return {"0": "FALSE", "1": "TRUE"}.get(raw, raw)
        return unescaped(raw)


_TEXTS = words("s str inlineStr")
_NUMERIC = ("", "n")
_TEXT_ELEMENTS = words("v f t")
_HEADERS = words("oddHeader oddFooter evenHeader evenFooter firstHeader firstFooter")


# What the attributes of rows, columns, cells and formulas say about them: numbers, places and switches.
_KNOWN_ATTRIBUTES = words(
    "r s t cm vm ph spans customFormat ht hidden customHeight outlineLevel collapsed thickTop thickBot x14ac:dyDescent"
    " min max width style bestFit customWidth ref ca aca si dt2D dtr del1 del2 bx xml:space baseColWidth"
    " defaultColWidth defaultRowHeight zeroHeight outlineLevelRow outlineLevelCol"
)


def _is_at_most(size: str | None, least: float) -> bool:
    try:
        return size is not None and float(size) <= least
    except ValueError:
        return False


def _is_on(value: str) -> bool:
    return value in ("1", "true", "on")


def _header_lines(text: str) -> list[str]:
    """Return the lines of a header or footer without Excel's codes."""
    plain = _HEADER_CODE.sub(_header_code, text.replace("&&", "\0")).replace("\0", "&")
    return [line.strip() for line in plain.split("\n") if line.strip()]


def _header_code(found: re.Match[str]) -> str:
    return "\n" if found["side"] else " " if found["field"] else ""
