# SPDX-License-Identifier: GPL-3.0-or-later
"""What an Excel workbook before 2007 says of itself: sheets, strings, formats and colours, names, other workbooks.

Records that are not known are searched for loose strings: they are somebody's words too (queries, scenarios, list
headings).  Source: [MS-XLS] 2.4.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import binary, codepages, colours, number_formats
from safehold.reading.legacy import escher, ole
from safehold.reading.legacy.biff import Record, Strings, double, literals, text, u16, u32
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind

_TINY_TWIPS = 40
_LETTERS = re.compile(r"[^\W_]{2}")
_QUOTED = re.compile(r"\"([^\"]{0,255})\"|\[\$([^\]-]{2,30})")
_CONTROLS = re.compile(r"[\x00-\x08]")
# The first eight colours of every palette, then the same again.
_FIRST_COLOURS = (0x000000, 0xFFFFFF, 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFF00, 0xFF00FF, 0x00FFFF)
_COLOURS = {**dict(enumerate(_FIRST_COLOURS)), **dict(enumerate(_FIRST_COLOURS, 8)), 64: 0x000000, 65: 0xFFFFFF}
_AUTOMATIC_FONT = 0x7FFF
_OLD_FORMATS = 1_000  # where the formats of BIFF2 to 4 are kept, which have no numbers
# Records without words: numbers, layout, fonts, styles, drawings (read apart), printers.
_SILENT = frozenset((
    0x00, 0x0A, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x19, 0x1A, 0x1B, 0x1D, 0x22, 0x26, 0x27, 0x28, 0x29,
    0x2A, 0x2B, 0x31, 0x3D, 0x40, 0x41, 0x42, 0x4D, 0x55, 0x59, 0x5F, 0x63, 0x64, 0x7C, 0x7E, 0x7F, 0x80, 0x81, 0x82,
    0x83, 0x84, 0x86, 0x87, 0x88, 0x89, 0x8C, 0x8D, 0x90, 0x91, 0x92, 0x99, 0x9B, 0x9C, 0x9D, 0xA0, 0xA1, 0xAB, 0xAE,
    0xBE, 0xC1, 0xD1, 0xD3, 0xD7, 0xDA, 0xE0, 0xE1, 0xE2, 0xE5, 0xE6, 0xE7, 0xE9, 0xEB, 0xEC, 0xED, 0xFF, 0x13D, 0x15F,
    0x160, 0x161, 0x18B, 0x18C, 0x1AF, 0x1B0, 0x1B7, 0x1BC, 0x1C0, 0x1C1, 0x1C2, 0x200, 0x201, 0x20B, 0x221, 0x225,
    0x231, 0x236, 0x23E, 0x293, 0x4BC, 0x863, 0x87C, 0x87D, 0x88C, 0x88D, 0x88E, 0x88F, 0x890, 0x892, 0x896, 0x89A,
    0x89B, 0x8A3, 0x8A4, 0x1026, 0x1060,
))  # fmt: skip
_MOST_REMEMBERED = 50_000
_MOST_ASIDE = 500_000  # characters of loose strings


@dataclass(slots=True)
class Look:
    """How a cell looks, as far as it matters."""

    code: str = number_formats.GENERAL
    hiding: Visibility | None = None
    blanks: bool = False  # its format shows nothing for some values
    is_plain: bool = True  # its format changes nothing worth searching for
    is_dark: bool = False  # white letters can be seen on it


@dataclass(slots=True)
class SheetName:
    """A sheet as the workbook lists it."""

    number: int
    name: str = field(repr=False)
    hidden: bool
    kind: int
    seen: bool = False


class Book:
    """What a workbook says of itself: its sheets, strings, looks and names."""

    def __init__(self, version: int, part: OpenPart, *, again: bool) -> None:
        """Prepare; with *again* the same workbook was read from another stream before."""
        self.part = part
        self._again = again
        self.version = version
        self.codec = "cp1252"
        self.since_1904 = False
        self.shared: list[str] = []
        self.used = bytearray()
        self._runs: dict[int, bytes] = {}
        self._partly: dict[int, tuple[str, Visibility] | None] = {}
        self.sheets: dict[int, SheetName] = {}
        self._fonts: list[tuple[int, int]] = []
        self._formats: dict[int, str] = dict(number_formats.BUILT_IN)
        self._old_formats = 0
        self._looks_raw: list[bytes] = []
        self._looks: dict[int, Look] = {}
        self._numbers: dict[tuple[int, float], tuple[str, Visibility | None]] = {}
        self._palette = dict(_COLOURS)
        self._names: dict[str, None] = {}
        self._hidden_names: dict[str, None] = {}
        self._cached: dict[str, None] = {}
        self.comments = 0
        self.is_damaged = False
        self._aside = Aside()
        self._drawings: list[bytes] = []

    def take(self, record: Record) -> None:
        """Take a record of the workbook itself."""
        handler = RECORDS.get(record.kind)
        if handler is not None:
            handler(self, record)
        else:
            self._aside.take(record)

    def string(self, raw: bytes, at: int, size: int) -> str:
        """Return a string whose length of *size* bytes stands at *at*."""
        length = int.from_bytes(raw[at : at + size], "little")
        if self.version >= 8:
            return text(raw, at + size, length)[0] if length else ""
        return raw[at + size : at + size + length].decode(self.codec, "replace")

    # records of the workbook

    def _code_page(self, record: Record) -> None:
        self.codec = codepages.codec(u16(record.body, 0) if self.version < 8 else 1252)

    def _date_mode(self, record: Record) -> None:
        self.since_1904 = u16(record.body, 0) == 1

    def _bound_sheet(self, record: Record) -> None:
        raw = record.body
        name = self.string(raw, 6, 1)
        hidden = bool(raw[4:5] and raw[4] & 3)
        number = len(self.sheets) + 1
        self.sheets.setdefault(u32(raw, 0), SheetName(number, name, hidden, raw[5] if len(raw) > 5 else 0))
        if hidden:
            self.part.mark(MarkKind.HIDDEN_SHEET, PlaceKind.SHEET, number)
        self.part.segment(
            PlaceKind.SHEET_NAME, name, number=number, visibility=Visibility.HIDDEN if hidden else self.visible
        )

    @property
    def visible(self) -> Visibility:
        """Return the visibility of what is not hidden."""
        return Visibility.ALTERNATIVE if self._again else Visibility.VISIBLE

    def _shared_strings(self, record: Record) -> None:
        strings = Strings(record.chunks, 8)
        while not strings.is_done:  # whatever count the record gives
            value = strings.text(strings.number(2))[0]
            if strings.runs:
                self._runs[len(self.shared)] = strings.runs
            self.shared.append(f"{value}\t{strings.phonetic}" if strings.phonetic else value)
        self.used = bytearray(len(self.shared))

    def _font(self, record: Record) -> None:
        raw = record.body
        self._fonts.append((u16(raw, 0), u16(raw, 4)))

    def _format(self, record: Record) -> None:
        raw = record.body
        if record.kind == 0x41E:
            code = self.string(raw, 2, 2 if self.version >= 8 else 1)
            self._formats[u16(raw, 0)] = code
        else:
            code = self.string(raw, 0, 1)
            self._formats[_OLD_FORMATS + self._old_formats] = code  # by their order
            self._old_formats += 1
        for literal, currency in _QUOTED.findall(code):
            self._aside.add(literal or currency)

    def _extended_format(self, record: Record) -> None:
        self._looks_raw.append(record.body)

    def _palette_record(self, record: Record) -> None:
        raw = record.body
        for index in range(min(u16(raw, 0), 56)):
            at = 2 + 4 * index
            self._palette[8 + index] = int.from_bytes(raw[at : at + 3], "big")

    def _name(self, record: Record) -> None:
        raw = record.body
        if len(raw) < 15:
            return
        flags, length, formula_size = u16(raw, 0), raw[3], u16(raw, 4)
        if self.version >= 8:
            name, at = text(raw, 14, length)
        else:
            name, at = raw[14 : 14 + length].decode(self.codec, "replace"), 14 + length
        words = [] if flags & 0x20 else [name]
        formula = raw[at : at + formula_size]
        words += literals(formula, wide=self.version >= 8)
        at += formula_size
        for size in raw[10:14]:  # menu, description, help, status bar
            if size and at < len(raw):
                if self.version >= 8:
                    found, at = text(raw, at, size)
                else:
                    found, at = raw[at : at + size].decode(self.codec, "replace"), at + size
                words.append(found)
        where = self._hidden_names if flags & 1 else self._names
        where.update(dict.fromkeys(word for word in words if word.strip()))
        if flags & 0x02 and not flags & 0x20:  # a function of a macro
            self.part.mark(MarkKind.MACROS)

    def _external_book(self, record: Record) -> None:
        strings = Strings(record.chunks, 2)
        length = strings.number(2)
        if length in (0x0401, 0x3A01) or self.version < 8:
            return
        path = strings.text(length)[0]
        self.part.mark(MarkKind.EXTERNAL_LINK)
        self._names[_CONTROLS.sub(" ", path)] = None
        for _ in range(u16(record.body, 0)):
            if strings.is_done:
                break
            self._names[strings.text(strings.number(2))[0]] = None

    def _external_name(self, record: Record) -> None:
        raw = record.body
        if self.version >= 8:
            name, at = text(raw, 7, raw[6]) if len(raw) > 7 else ("", 0)
            self._names.update(dict.fromkeys((name, *literals(raw[at:], wide=True))))
        else:
            self._aside.take(record)

    def _external_cells(self, record: Record) -> None:
        """Take the values of another workbook that this one keeps."""
        raw = record.body
        at = 4
        while at < len(raw):
            if raw[at] == 2 and self.version >= 8:
                value, at = text(raw, at + 3, u16(raw, at + 1))
            else:
                value = number_formats.shown(repr(double(raw, at + 1))) if raw[at] == 1 else ""
                at += 9
            if value.strip():
                self._cached[value] = None

    def _drawing(self, record: Record) -> None:
        self._drawings += record.chunks

    # looks

    def look(self, index: int) -> Look:
        """Return how a cell with that format looks."""
        found = self._looks.get(index)
        if found is None:
            found = self._looks[index] = self._make_look(index)
        return found

    def seen_of(self, index: int) -> tuple[str, Visibility] | None:
        """Return what is seen of a shared string on a light ground, and how the rest is hidden; None where all is."""
        if index in self._runs and index not in self._partly:
            self._partly[index] = self._look_at_runs(index)
        return self._partly.get(index)

    def _look_at_runs(self, index: int) -> tuple[str, Visibility] | None:
        runs, value = self._runs[index], self.shared[index]
        seen: list[str] = []
        found: Visibility | None = None
        way: Visibility | None = None
        at = 0
        for first, font in struct.iter_unpack("<HH", runs[: len(runs) // 4 * 4]):
            if way is None:
                seen.append(value[at:first])
            at, way = max(at, first), self._font_hiding(font)
            found = found or way
        if found is None:
            return None
        return "".join([*seen, "" if way else value[at:]]), found

    def _font_hiding(self, index: int) -> Visibility | None:
        """Return how letters of that font are hidden on a light ground."""
        index -= index > 4  # there is no font 4
        size, ink = self._fonts[index] if index < len(self._fonts) else (200, _AUTOMATIC_FONT)
        if 0 < size <= _TINY_TWIPS:
            return Visibility.TINY
        colour = self._palette.get(ink)
        return None if colour is None else colours.hiding(colour, colours.WHITE)

    def number(self, style: int, value: float) -> tuple[str, Visibility | None]:
        """Return how a cell with that format shows a number, and how it hides it; tables repeat themselves."""
        key = (style, value)
        found = self._numbers.get(key)
        if found is None:
            found = self._show_number(self.look(style), value)
            if len(self._numbers) < _MOST_REMEMBERED:
                self._numbers[key] = found
        return found

    def _show_number(self, look: Look, value: float) -> tuple[str, Visibility | None]:
        hides = look.blanks and number_formats.hides_number(look.code, repr(value))
        if not look.is_plain:
            shown = number_formats.shown(repr(value), look.code, since_1904=self.since_1904)
        else:
            shown = str(int(value)) if value == int(value) else f"{value:.15g}"
        return shown, Visibility.HIDDEN if hides else look.hiding

    def _make_look(self, index: int) -> Look:
        if index >= len(self._looks_raw):
            return Look()
        raw = self._looks_raw[index]
        if self.version >= 5:
            font, code = u16(raw, 0), self._formats.get(u16(raw, 2), number_formats.GENERAL)
        else:
            code = self._formats.get(_OLD_FORMATS + (raw[1] if len(raw) > 1 else 0), number_formats.GENERAL)
            return Look(code, None, number_formats.may_blank(code), number_formats.is_plain(code))
        size, ink = self._fonts[font - (font > 4)] if font - (font > 4) < len(self._fonts) else (200, _AUTOMATIC_FONT)
        hiding = Visibility.TINY if 0 < size <= _TINY_TWIPS else None
        is_dark = False
        if self.version >= 8 and len(raw) >= 20:
            pattern, fill = u32(raw, 14) >> 26, u16(raw, 18)
            hiding = hiding or self._colours_hide(ink, pattern, fill)
            ground = self._palette.get(fill & 0x7F) if pattern else None
            is_dark = ground is not None and colours.hiding(colours.WHITE, ground) is None
        return Look(code, hiding, number_formats.may_blank(code), number_formats.is_plain(code), is_dark)

    def _colours_hide(self, ink: int, pattern: int, fill: int) -> Visibility | None:
        ground = fill & 0x7F if pattern == 1 else 65
        if pattern > 1:
            return None
        if ink == ground:
            return Visibility.COVERED
        text_colour = 0 if ink == _AUTOMATIC_FONT else self._palette.get(ink)
        ground_colour = self._palette.get(ground)
        if text_colour is None or ground_colour is None:
            return None
        return colours.hiding(text_colour, ground_colour)

    # the end

    def finish(self) -> None:
        """Hand over what is not said in any sheet."""
        part = self.part
        if self._hidden_names:
            part.mark(MarkKind.HIDDEN_NAMES)
        part.segment(PlaceKind.METADATA, "\n".join(self._names), visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.METADATA, "\n".join(self._hidden_names), visibility=Visibility.HIDDEN)
        if self._cached:
            part.mark(MarkKind.EXTERNAL_DATA)
            part.segment(PlaceKind.TABLE, "\n".join(self._cached), visibility=Visibility.HIDDEN)
        unused = [shared for shared, used in zip(self.shared, self.used, strict=True) if not used]
        part.segment(PlaceKind.METADATA, "\n".join(dict.fromkeys(unused)), visibility=Visibility.HIDDEN)
        part.segment(PlaceKind.METADATA, self._aside.text(), visibility=Visibility.ATTRIBUTE)
        drawings = b"".join(self._drawings)
        part.segment(PlaceKind.METADATA, "\n".join(escher.words(drawings)), visibility=Visibility.ATTRIBUTE)
        ole.pictures((drawings,), part)


_Taker = Callable[[Book, Record], None]
RECORDS: dict[int, _Taker] = {
    0x42: Book._code_page,
    0x22: Book._date_mode,
    0x85: Book._bound_sheet,
    0xFC: Book._shared_strings,
    0x31: Book._font,
    0x231: Book._font,
    0x1E: Book._format,
    0x41E: Book._format,
    0x43: Book._extended_format,
    0x243: Book._extended_format,
    0x443: Book._extended_format,
    0xE0: Book._extended_format,
    0x92: Book._palette_record,
    0x18: Book._name,
    0x218: Book._name,
    0x1AE: Book._external_book,
    0x23: Book._external_name,
    0x5A: Book._external_cells,
    0xEB: Book._drawing,
}


class Aside:
    """Loose strings of records that are not read otherwise."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}
        self._left = _MOST_ASIDE

    def take(self, record: Record) -> None:
        """Take the strings of a record."""
        if record.kind in _SILENT or len(record.body) < 6 or self._left <= 0:
            return
        raw = record.whole
        for found in (binary.wide_strings(raw), binary.narrow_strings(raw)):
            for line in found.splitlines():
                self.add(line.strip())

    def add(self, value: str) -> None:
        """Add one string."""
        if value not in self._texts and _LETTERS.search(value):
            self._texts[value] = None
            self._left -= len(value)

    def text(self) -> str:
        """Return them, one a line."""
        return "\n".join(self._texts)
