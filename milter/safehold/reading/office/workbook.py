# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a workbook beside its sheets: index, shared strings, comments, and what is remembered of other data.

Source: ECMA-376 part 1, 18.2 (workbook), 18.4 (shared strings), 18.7 (comments), 18.10 (pivot caches), 18.14 (links);
[MS-XLSX] 2.6 for threaded comments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import number_formats
from safehold.reading.basics.merged import Area
from safehold.reading.notes import OpenPart
from safehold.reading.office import ooxml
from safehold.reading.office.cell_runs import Runs
from safehold.reading.office.cell_styles import Styles
from safehold.reading.office.ooxml import Loose, local, says_something
from safehold.reading.vocabulary import words

_SHAPES = words("sp grpSp pic cxnSp graphicFrame")
_MOST_VALUES = 100_000
_MANY_CHARACTERS = 8_000
_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9]\d{0,6})", re.ASCII)
_AREA = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7}):\$?([A-Za-z]{1,3})\$?(\d{1,7})")
_MERGED = re.compile(rb"mergeCell\s[^<>]{0,200}?\bref\s{0,9}=\s{0,9}[\"']([^\"'<>]{1,30})")
# Characters that XML cannot hold, or that Excel would not show as they are: _x000D_ (ECMA-376 part 1, 22.9.2.19).
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """Return a string of a workbook as Excel shows it."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def said(element: str, name: str, value: str) -> bool:
    """Return whether an attribute of a sheet's machinery is somebody's words; the names are without prefixes."""
    return ooxml.shown_in_drawing(element, name, value) or name in _SAID


def said_or_wordy(element: str, name: str, value: str) -> bool:
    """Return whether an attribute is somebody's words, or might be."""
    return said(element, name, value) or says_something(name, value)


# Attributes of a sheet's machinery that are somebody's words.
_SAID = words(
    "prompt promptTitle error errorTitle display tooltip location text comment caption name displayName codeName"
    " totalsRowLabel uniqueName destinationFile title progId user val headerRowCaption rowHeaderCaption"
    " colHeaderCaption dataCaption grandTotalCaption errorCaption missingCaption sourceFile command author altText"
    " altTextSummary ddeService ddeTopic"
)


@dataclass(slots=True)
class SheetEntry:
    """What the workbook says of a sheet."""

    name: str = field(repr=False)
    state: str = ""
    relation: str = ""


class Index(Loose):
    """The workbook part: its sheets, names, and whatever else it says."""

    def __init__(self) -> None:
        super().__init__(lambda _, name, value: says_something(name, value))
        self.sheets: list[SheetEntry] = []
        self.names: list[str] = []
        self.hidden_names: list[str] = []
        self.since_1904 = False
        self._name: dict[str, str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = local(tag)
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            self.sheets.append(SheetEntry(attributes.get("name", ""), attributes.get("state", ""), relation))
            return
        if name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "").lower() in ("1", "true", "on")
        elif name == "definedName":
            self._end_line()
            self._name = attributes
            return
        super().start(tag, attributes)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if self._name is not None and local(tag) == "definedName":
            defined, self._name = self._name, None
            value = self.text()
            line = "\t".join(
                filter(None, (defined.get("name"), value, defined.get("comment"), defined.get("description")))
            )
            hidden = defined.get("hidden", "").lower() in ("1", "true", "on")
            # Excel itself hides the names of filters.
            mine = hidden and not defined.get("name", "").startswith("_xlnm.")
            (self.hidden_names if mine else self.names).append(line)
            return
        super().end(tag)


class Strings:
    """The shared strings; those that no cell uses are what was deleted.

    Attributes:
        partly: Of strings with hidden letters, by their number, what is seen of them and how the rest is hidden.
        rest: What stands in the part besides.
    """

    def __init__(self, styles: Styles | None = None) -> None:
        self.partly: dict[int, tuple[str, Visibility]] = {}
        self.rest = Loose(said_or_wordy)
        self._runs = Runs(styles)
        self._known: set[tuple[str, ...]] = set()
        self._texts: list[str] = []
        self._used = bytearray()
        self._pieces: list[str] = []
        self._phonetic: list[str] = []
        self._into = self._pieces
        self._in_text = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        if tag == "t" or tag.endswith(":t"):
            self._in_text = True
        elif tag == "rPh" or tag.endswith(":rPh"):
            self._into = self._phonetic
        elif tag == "si" or tag.endswith(":si"):
            self._into = self._pieces
        else:
            self._runs.start(local(tag), attributes, self._pieces)
        if attributes:
            said = (tag, *attributes.values())
            if said not in self._known:
                self.rest.start(tag, attributes)
                if len(self._known) < _MOST_VALUES:
                    self._known.add(said)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if tag == "si" or tag.endswith(":si"):
            self._end_string()
        elif tag == "t" or tag.endswith(":t"):
            self._in_text = False
        elif tag == "rPh" or tag.endswith(":rPh"):
            self._into = self._pieces
        else:
            self._runs.end(local(tag), self._pieces)

    def _end_string(self) -> None:
        partly = self._runs.take(self._pieces)
        if partly is not None:
            self.partly[len(self._texts)] = unescaped(partly[0]), partly[1]
        text = "".join(self._pieces)
        if self._phonetic:
            text = f"{text}\t{''.join(self._phonetic)}"
            self._phonetic.clear()
        self._texts.append(unescaped(text))
        self._pieces.clear()
        self._into = self._pieces

    def data(self, text: str) -> None:
        """Take character data."""
        if self._in_text or not text.isspace():  # else it lays out the XML
            self._into.append(text)

    def at(self, raw: str) -> str:
        """Return the string of that number, or what stands there if it is none."""
        if not self._used and self._texts:
            self._used = bytearray(len(self._texts))
        index = int(raw) if raw.isdecimal() and len(raw) < 9 else len(self._texts)
        if index >= len(self._texts):
            return raw
        self._used[index] = 1
        return self._texts[index]

    def seen_of(self, raw: str) -> tuple[str, Visibility] | None:
        """Return what is seen of the string of that number, and how the rest is hidden; None where all is seen."""
        return self.partly.get(int(raw)) if raw.isdecimal() and len(raw) < 9 else None

    def unused(self) -> Iterator[str]:
        """Yield the strings that no cell asked for."""
        used = self._used or bytearray(len(self._texts))
        for index, text in enumerate(self._texts):
            if not used[index] and text.strip():
                yield text
        yield "".join(self._pieces)  # of a part that breaks off


class Comments(Loose):
    """Comments, old and threaded; the authors of the old ones are loose text.

    Attributes:
        texts: What they say, and the row and column of the cell that each hangs on (0, 0 where that is not said).
    """

    def __init__(self) -> None:
        super().__init__(lambda _, name, value: says_something(name, value))
        self.texts: list[tuple[str, int, int]] = []
        self._inside = False
        self._cell = (0, 0)
        self._authors: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        if local(tag) in ("comment", "threadedComment"):
            self._end_line()
            self._inside = True
            self._cell = cell_of(attributes.get("ref", ""))
            self._authors, self.lines = self.lines, []
        super().start(tag, attributes)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        super().end(tag)
        if self._inside and local(tag) in ("comment", "threadedComment"):
            self._inside = False
            text = self.text()
            self.lines = self._authors
            if text:
                self.texts.append((text, *self._cell))


class PivotCache(Loose):
    """What a pivot table remembers of its source: fields, the values of each, and rows.

    Attributes:
        values: The texts (not the numbers) that it holds.
    """

    def __init__(self, part: OpenPart, number: int) -> None:
        super().__init__(said_or_wordy)
        self.values: set[str] = set()
        self._part = part
        self._number = number
        self._fields: list[list[str]] = []
        self._names: list[str] = []
        self._rows: list[str] = []
        self._size = 0
        self._cells: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = local(tag)
        if name == "cacheField":
            self._fields.append([])
            self._names.append(attributes.get("name", ""))
        elif name == "r":
            self._cells = []
        elif name in ("s", "n", "d", "b", "e", "m", "x"):
            value = attributes.get("v", "")
            if self._cells is not None:
                self._cells.append(self._item(value) if name == "x" else self._value(name, value))
            elif self._fields and name != "x":
                self._fields[-1].append(self._value(name, value))
            return
        super().start(tag, attributes)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if local(tag) == "r" and self._cells is not None:
            if not self._rows and self._names:
                self._rows.append("\t".join(self._names))
            self._add("\t".join(cell for cell in self._cells if cell))
            self._cells = None
        super().end(tag)

    def finish(self) -> None:
        """Hand over what waits, and the values of each field, used or not."""
        self._flush()
        for name, items in zip(self._names, self._fields, strict=True):
            self._add("\n".join((name, *filter(None, items), "")))
        self._flush()
        self._part.segment(PlaceKind.TABLE, self.text(), number=self._number, visibility=Visibility.HIDDEN)
        self._part.segment(PlaceKind.TABLE, self.said(), number=self._number, visibility=Visibility.ATTRIBUTE)

    def _add(self, line: str) -> None:
        self._rows.append(line)
        self._size += len(line)
        if self._size > _MANY_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        text = "\n".join(self._rows)
        self._rows.clear()
        self._size = 0
        self._part.segment(PlaceKind.TABLE, text, number=self._number, visibility=Visibility.HIDDEN)

    def _value(self, name: str, value: str) -> str:
        if name == "s" and len(self.values) < _MOST_VALUES and value.strip():
            self.values.add(value.strip())
        return number_formats.as_whole(value) if name == "n" else value

    def _item(self, raw: str) -> str:
        column = len(self._cells or ())
        items = self._fields[column] if column < len(self._fields) else []
        return items[int(raw)] if raw.isdecimal() and len(raw) < 8 and int(raw) < len(items) else ""


class ExternalBook(Loose):
    """What a workbook remembers of cells of another one.

    Attributes:
        is_live: Whether it asks another program for data when it is opened (DDE).
    """

    def __init__(self) -> None:
        super().__init__(said_or_wordy)
        self.is_live = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        if local(tag) == "ddeLink":
            self.is_live = True
            self.attributes["|".join(attributes.get(key, "") for key in ("ddeService", "ddeTopic"))] = None
        super().start(tag, attributes)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if local(tag) == "v" and self._pieces:
            self._pieces.append("\t")
        elif local(tag) != "cell":
            super().end(tag)


def cell_of(ref: str) -> tuple[int, int]:
    """Return row and column of a cell; zeros where that is none.

    >>> cell_of("$AB7")
    (7, 28)
    """
    found = _CELL.fullmatch(ref)
    return (int(found[2]), column_of(found[1])) if found else (0, 0)


def column_of(letters: str) -> int:
    """Return the number of a column.

    >>> column_of("XFD")
    16384
    """
    column = 0
    for letter in letters[:3].upper():
        column = column * 26 + (ord(letter) - 64 if "A" <= letter <= "Z" else 1)
    return column


def area_of(ref: str) -> Area | None:
    """Return an area; None where that is none."""
    found = _AREA.fullmatch(ref)
    return (column_of(found[1]), int(found[2]), column_of(found[3]), int(found[4])) if found else None


def merged_areas(sheet: bytes) -> Iterator[Area]:
    """Yield the merged areas of a sheet, which stand behind its cells."""
    for found in _MERGED.finditer(sheet) if b"mergeCell" in sheet else ():
        area = area_of(found[1].decode("ascii", "replace"))
        if area is not None:
            yield area


class Table(Loose):
    """A table of a sheet.

    Attributes:
        area: Where it stands, or None.
    """

    def __init__(self) -> None:
        super().__init__(said_or_wordy)
        self.area: Area | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        if local(tag) == "table":
            self.area = area_of(attributes.get("ref", ""))
        super().start(tag, attributes)


class Drawing(Loose):
    """What is drawn on a sheet.

    Attributes:
        hidden: The lines of shapes that are hidden.
    """

    def __init__(self) -> None:
        super().__init__(ooxml.shown_in_drawing)
        self.hidden: list[str] = []
        self._shapes: list[tuple[int, bool]] = []  # where the lines of each open shape begin, and whether it is hidden

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = local(tag)
        if name in _SHAPES:
            self._end_line()
            above = self._shapes[-1][1] if self._shapes else False
            self._shapes.append((len(self.lines), above))
        elif name == "cNvPr" and attributes.get("hidden") in ("1", "true") and self._shapes:
            self._shapes[-1] = (self._shapes[-1][0], True)
        elif name == "textpath":  # the words of WordArt
            self._end_line()
            self._pieces.append(attributes.pop("string", ""))
            self._end_line()
        super().start(tag, attributes)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        super().end(tag)
        if local(tag) in _SHAPES and self._shapes:
            self._end_line()
            first, is_hidden = self._shapes.pop()
            if is_hidden:
                self.hidden += self.lines[first:]
                del self.lines[first:]
