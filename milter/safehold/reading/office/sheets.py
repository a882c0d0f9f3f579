# SPDX-License-Identifier: GPL-3.0-or-later
"""Excel workbooks (XLSX, XLSM): cells as people see them, and every place beside the cells where text can stand.

Sheets come first, in the order of the workbook, cells streamed row by row (:mod:`safehold.reading.basics.grid`); then
what belongs to a sheet (comments, drawings, charts, tables), pivot caches, cached data of other workbooks, and by the
sweep of :mod:`safehold.reading.office.ooxml` everything else.  No dense grid: a value in cell XFD1048576 aborts
python-calamine and hangs openpyxl (measured, design notes 2.3).

Of XLSB (the same in binary records) cells are read (:mod:`safehold.reading.office.binary_sheets`), XML parts, and the
texts of what is else; it stays ``unsupported``.

Source: ECMA-376 part 1, chapter 18 (SpreadsheetML).
"""

import base64
import binascii
import re

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, grid, types
from safehold.reading.notes import OpenPart
from safehold.reading.office import binary_sheets, ooxml
from safehold.reading.office.cell_styles import Styles, read_styles
from safehold.reading.office.ooxml import Loose, Package
from safehold.reading.office.workbook import (
    Comments,
    Drawing,
    ExternalBook,
    Index,
    PivotCache,
    Strings,
    Table,
    merged_areas,
    said,
)
from safehold.reading.office.worksheet import Shared, SheetReader
from safehold.reading.vocabulary import Detail, MarkKind, words

_SHEETS = r"^xl/(?:worksheets|macrosheets|dialogsheets|chartsheets)/[^/]+\.xml$"
# What hangs on a sheet and is seen on it; the rest that hangs on it is its machinery.
_SEEN = words("drawing chart chartex chartusershapes diagramdata diagramdrawing vmldrawing image")
_COMMENTS = words("comments threadedcomment")
_NOT_FOLLOWED = words("worksheet pivotcachedefinition sharedstrings styles theme externallink officedocument")
_OTHER_PLACES: tuple[tuple[re.Pattern[str], PlaceKind, Visibility], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, visibility)
    for pattern, kind, visibility in (
        (r"^docprops/", PlaceKind.METADATA, Visibility.VISIBLE),
        (r"(?:^|/)(?:comments[^/]*\.xml|comments/|threadedcomments?/)", PlaceKind.COMMENT, Visibility.COMMENT),
        (r"^xl/revisions/", PlaceKind.SHEET, Visibility.TRACKED_DELETION),
        (_SHEETS, PlaceKind.SHEET, Visibility.HIDDEN),
        (r"^xl/(?:drawings|charts|diagrams)/", PlaceKind.SHEET, Visibility.VISIBLE),
        (r"", PlaceKind.METADATA, Visibility.HIDDEN),
    )
)
_DEEPEST_RELATION = 6
_MOST_TABLES = 100
_DATA_MASHUP = re.compile(rb"<DataMashup[^>]*>([A-Za-z0-9+/=\s]+)<")


def read(content: bytes, part: OpenPart) -> None:
    """Read a workbook."""
    package = Package(content, part)
    if part.media_type == types.XLSB:
        part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
        binary_sheets.read(package, part)
    _Workbook(package, part).read()


class _Workbook:
    """One workbook being read."""

    def __init__(self, package: Package, part: OpenPart) -> None:
        self.package = package
        self.part = part
        self.shared = Shared(Strings(), {}, Styles({}))
        self.comments = 0

    def read(self) -> None:
        """Read all of it."""
        package = self.package
        main = next(iter(package.related("", "officeDocument")), "xl/workbook.xml")
        if not package.has(main):
            main = next(iter(package.names(r"^xl/workbook\.xml$")), main)
        index = Index()
        package.parse(main, index)
        styles, style_words = read_styles(package, main)
        strings = Strings(styles)
        for name in package.related(main, "sharedStrings") or package.names(r"^xl/sharedstrings\.xml$"):
            package.parse(name, strings)
        self.shared = Shared(strings, styles.looks(), styles, since_1904=index.since_1904)
        sheets = self._read_sheets(main, index)
        for number, name in sheets:
            self._follow(name, number, 0)
        for loose in (index, *style_words, strings.rest):
            self._say_loose(loose)
        self._say_names(index)
        self._read_caches(main)
        if package.names(r"^xl/model/."):
            self.part.mark(MarkKind.DATA_MODEL)
        left = "\n".join(strings.unused())
        self.part.segment(PlaceKind.METADATA, left, visibility=Visibility.HIDDEN)
        package.sweep(self._read_other)

    # sheets

    def _read_sheets(self, main: str, index: "Index") -> list[tuple[int, str]]:
        """Read the sheets of the workbook, then sheets it does not know of; return those whose relations count."""
        relations = self.package.relations(main)
        read: list[tuple[int, str]] = []
        for number, sheet in enumerate(index.sheets, 1):
            hidden = sheet.state.lower() in ("hidden", "veryhidden")
            if hidden:
                self.part.mark(MarkKind.HIDDEN_SHEET, PlaceKind.SHEET, number)
            self.part.segment(
                PlaceKind.SHEET_NAME,
                sheet.name,
                number=number,
                visibility=Visibility.HIDDEN if hidden else Visibility.VISIBLE,
            )
            relation = relations.get(sheet.relation)
            if relation is not None and self._read_sheet(relation.target, number, hidden=hidden):
                read.append((number, relation.target))
        # Where the workbook can be read, a sheet that it does not name is one that nobody is shown.
        whole = bool(read) and len(read) == len(index.sheets)
        for number, name in enumerate(self.package.names(_SHEETS), len(read) + 1):
            if self._read_sheet(name, number, hidden=whole):
                read.append((number, name))
        return read

    def _read_sheet(self, name: str, number: int, *, hidden: bool) -> bool:
        content = self.package.take(name)
        if content is None:
            return False
        if "macrosheet" in name.lower():
            self.part.mark(MarkKind.MACROS, PlaceKind.SHEET, number)
        tables = self._tables(name)
        dressed = [table.area for table in tables if table.area is not None][:_MOST_TABLES]
        whole = Visibility.HIDDEN if hidden else None
        cells = SheetReader(self.part, self.shared, number, whole, dressed, merged_areas(content))
        self.package.report(ooxml.parse(content, cells, cells.rest.aside), name)
        cells.finish()
        for table in tables:
            text = f"{table.text()}\n{table.said()}"
            self.part.segment(PlaceKind.SHEET, text, number=number, visibility=Visibility.ATTRIBUTE)
        return True

    def _tables(self, sheet: str) -> list[Table]:
        tables: list[Table] = []
        for name in self.package.related(sheet, "table"):
            table = Table()
            if self.package.parse(name, table):
                tables.append(table)
        return tables

    def _follow(self, name: str, number: int, depth: int) -> None:
        """Read what hangs on a sheet (or on what hangs on it): drawings, their charts, comments, tables."""
        for relation in self.package.relations(name).values():
            kind = relation.kind.rpartition("/")[2].lower()
            if relation.is_external or not relation.target.endswith((".xml", ".vml")):
                continue
            if kind in _NOT_FOLLOWED:
                continue
            content = self.package.take(relation.target)
            if content is None:
                continue
            if kind in _COMMENTS:
                self._read_comments(relation.target, content, number)
            elif kind in _SEEN:
                self._read_drawing(relation.target, content, number)
            else:
                beside = Visibility.ATTRIBUTE
                ooxml.read_loose(
                    content,
                    self.package,
                    relation.target,
                    PlaceKind.SHEET,
                    number=number,
                    visibility=beside,
                    shown=said,
                )
            if depth < _DEEPEST_RELATION:
                self._follow(relation.target, number, depth + 1)

    def _read_drawing(self, name: str, content: bytes, number: int | None) -> None:
        drawing = Drawing()
        self.package.report(ooxml.parse(content, drawing, drawing.aside), name)
        part = self.part
        part.segment(PlaceKind.SHEET, drawing.text(), number=number)
        if drawing.hidden:
            part.mark(MarkKind.HIDDEN_TEXT, PlaceKind.SHEET, number)
        part.segment(PlaceKind.SHEET, "\n".join(drawing.hidden), number=number, visibility=Visibility.HIDDEN)
        part.segment(PlaceKind.SHEET, drawing.said(), number=number, visibility=Visibility.ATTRIBUTE)

    def _read_comments(self, name: str, content: bytes, sheet: int | None) -> None:
        reader = Comments()
        self.package.report(ooxml.parse(content, reader, reader.aside), name)
        for text, row, column in reader.texts:
            self.comments += 1
            grid.comment(self.part, text, count=self.comments, sheet=sheet, row=row, column=column)
        self.part.segment(PlaceKind.METADATA, reader.text(), visibility=Visibility.COMMENT)
        self.part.segment(PlaceKind.METADATA, reader.said(), visibility=Visibility.ATTRIBUTE)

    # beside the sheets

    def _say_loose(self, loose: Loose) -> None:
        self.part.segment(PlaceKind.METADATA, loose.text(), visibility=Visibility.HIDDEN)
        self.part.segment(PlaceKind.METADATA, loose.said(), visibility=Visibility.ATTRIBUTE)

    def _say_names(self, index: Index) -> None:
        part = self.part
        if index.hidden_names:
            part.mark(MarkKind.HIDDEN_NAMES)
        part.segment(PlaceKind.METADATA, "\n".join(index.names), visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.METADATA, "\n".join(index.hidden_names), visibility=Visibility.HIDDEN)

    def _read_caches(self, main: str) -> None:
        package, part = self.package, self.part
        named = [*package.related(main, "pivotCacheDefinition"), *package.names(r"/pivotcachedefinition\d*\.xml$")]
        for number, name in enumerate(dict.fromkeys(named), 1):
            cache = PivotCache(part, number)
            if not package.parse(name, cache):
                continue
            records = package.related(name, "pivotCacheRecords") or package.names(r"/pivotcacherecords\d*\.xml$")
            for records_name in records[:1]:
                package.parse(records_name, cache)
            cache.finish()
            if cache.values - self.shared.seen:
                part.mark(MarkKind.PIVOT_CACHE)
        for name in package.names(r"^xl/externallinks/[^/]+\.xml$"):
            book = ExternalBook()
            if package.parse(name, book):
                text = book.text()
                if text.strip():
                    part.mark(MarkKind.EXTERNAL_DATA)
                if book.is_live:
                    part.mark(MarkKind.ACTIVE_CONTENT)
                part.segment(PlaceKind.TABLE, text, visibility=Visibility.HIDDEN)
                part.segment(PlaceKind.METADATA, book.said(), visibility=Visibility.ATTRIBUTE)

    def _read_other(self, name: str, content: bytes) -> None:
        """Read an XML part that nothing above asked for."""
        part = self.part
        lower = name.lower()
        kind, visibility = next((kind, seen) for pattern, kind, seen in _OTHER_PLACES if pattern.search(lower))
        if kind is PlaceKind.COMMENT:
            self._read_comments(name, content, None)
            return
        if visibility is Visibility.TRACKED_DELETION:
            part.mark(MarkKind.TRACKED_CHANGES)
        elif lower.endswith("xl/connections.xml"):
            part.mark(MarkKind.EXTERNAL_LINK)
        elif visibility is Visibility.VISIBLE and kind is PlaceKind.SHEET:
            self._read_drawing(name, content, None)
            return
        mashup = _DATA_MASHUP.search(content) if b"DataMashup" in content[:4096] else None
        if mashup:
            self._read_mashup(mashup[1])
            return
        ooxml.read_loose(content, self.package, name, kind, visibility=visibility)

    def _read_mashup(self, encoded: bytes) -> None:
        """Read the zip of queries that Power Query keeps in base64 ([MS-QDEFF] 2.2: version, length, zip)."""
        try:
            raw = base64.b64decode(encoded)
        except (binascii.Error, ValueError):
            self.part.problem(Reason.CORRUPT, Detail.BAD_ENCODING)
            return
        length = int.from_bytes(raw[4:8], "little")
        self.part.member("DataMashup.zip", raw[8 : 8 + length])
        self.part.segment(PlaceKind.METADATA, binary.narrow_strings(raw[8 + length :]), visibility=Visibility.HIDDEN)
