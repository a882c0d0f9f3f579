# SPDX-License-Identifier: GPL-3.0-or-later
"""Excel workbooks before 2007 (XLS): cells as people see them, and every record with words in it.

One pass over the records, in their order: what the workbook says of itself (:mod:`legacy_book`), then a substream for
each sheet and chart (:mod:`legacy_cells`).  A sheet that the workbook does not list is read as hidden; rows, columns,
formats and colours that hide are told apart (:mod:`grid`).

BIFF8 (Excel 97 to 2003), BIFF5 (5.0 and 95), and the cells of BIFF2 to 4.  Source: [MS-XLS].
"""

from collections.abc import Iterator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, compound, number_formats
from safehold.reading.legacy import default_password, ole
from safehold.reading.legacy.biff import BEGINNINGS, END, Record, Strings, double, records, u16
from safehold.reading.legacy.legacy_book import Book, SheetName
from safehold.reading.legacy.legacy_cells import Sheet
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_FILE_PASS = 0x2F
_MACRO_SHEET, _CHART = 0x40, 0x20
_VBA_SHEET = 6  # how the list of sheets calls a module; it has no substream


def read(content: bytes, part: OpenPart) -> None:
    """Read a workbook, in a compound file or (as Excel 4 and some programs write it) as it is."""
    if not content.startswith(compound.MAGIC):
        _read_stream(content, part)
        return
    file = ole.OleFile(content, part)
    streams = [stream for stream in (file.stream("Workbook"), file.stream("Book")) if stream]
    for index, stream in enumerate(streams):
        # Both are there where a file was saved for two generations of Excel; then the second says the same again.
        _read_stream(stream, part, again=index > 0)
    if not streams:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
        binary.strings(content, part)
    if file.compound.find("Revision Log") is not None:
        part.mark(MarkKind.TRACKED_CHANGES)
    if any(_is_encrypted(stream) for stream in streams):
        file.finish()
        return
    caches = file.compound.find("_SX_DB_CUR")
    file.take(caches)
    for number, entry in enumerate(caches.children if caches else (), 1):
        streams.append(file.compound.read(entry))
        _read_cache(streams[-1], number, part)
    file.finish(*streams)


def _read_stream(stream: bytes, part: OpenPart, *, again: bool = False) -> None:
    """Read a workbook stream."""
    if _is_encrypted(stream):
        opened = default_password.open_workbook(stream)
        if opened is None:
            part.problem(Reason.ENCRYPTED, Detail.PASSWORD)
            return
        stream = opened
    if u16(stream, 0) in BEGINNINGS:
        _Stream(stream, part, again=again).read()
    else:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
        binary.strings(stream, part)


def _is_encrypted(stream: bytes) -> bool:
    for count, record in enumerate(records(stream)):
        if record.kind == _FILE_PASS:
            return True
        if count > 3 or record.kind == END:  # it stands right after the beginning
            return False
    return False


class _Stream:
    """The records of a workbook stream, on their way to the workbook and its sheets."""

    def __init__(self, stream: bytes, part: OpenPart, *, again: bool) -> None:
        self._stream = stream
        self._part = part
        self._book = Book(_version(stream), part, again=again)

    def read(self) -> None:
        """Read all of it."""
        end, is_open = self._run(0)
        # Where the records do not lead to a sheet, the list of sheets still may.
        for offset, listed in sorted(self._book.sheets.items()):
            if not listed.seen and offset > 0 and u16(self._stream, offset) in BEGINNINGS:
                self._book.is_damaged = True
                self._run(offset, one=True)
        self._book.finish()
        missing = any(not sheet.seen and sheet.kind != _VBA_SHEET for sheet in self._book.sheets.values())
        rest = self._stream[end:]
        if is_open or missing or len(rest.strip(b"\0")) > 4 or self._book.is_damaged:
            self._part.problem(Reason.CORRUPT, Detail.SALVAGED)
            binary.strings(self._stream if missing else rest, self._part)

    def _run(self, start: int, *, one: bool = False) -> tuple[int, bool]:
        """Take the records from *start* on, or *one* sheet; return where they end, and whether a sheet is cut."""
        sheet: Sheet | None = None
        depth = 0
        end = start
        for record in records(self._stream, start):
            end = record.offset + 4 + sum(map(len, record.chunks)) + 4 * (len(record.chunks) - 1)
            if record.kind in BEGINNINGS:
                depth += 1
                if depth == 1 and (record.offset or self._book.version < 5):
                    sheet = self._new_sheet(record)
                elif sheet is not None:
                    sheet.begin(record)
            elif record.kind == END:
                depth = max(0, depth - 1)
                if depth:
                    if sheet is not None:
                        sheet.end()
                elif sheet is not None:
                    sheet.finish()
                    sheet = None
                    if one:
                        break
            elif sheet is not None:
                sheet.take(record)
            else:
                self._book.take(record)
        if sheet is not None:
            sheet.finish()
        return end, depth > 0

    def _new_sheet(self, record: Record) -> Sheet:
        kind = u16(record.body, 2)
        listed = self._book.sheets.get(record.offset)
        if listed is None:
            # One that the workbook does not list is one that nobody is shown; BIFF2 to 4 have no list.
            number = len(self._book.sheets) + 1
            listed = SheetName(number, "", hidden=bool(self._book.sheets), kind=0)
            self._book.sheets[-record.offset - 1] = listed
        listed.seen = True
        if kind == _MACRO_SHEET:
            self._part.mark(MarkKind.MACROS, PlaceKind.SHEET, listed.number)
        return Sheet(self._book, listed.number, Visibility.HIDDEN if listed.hidden else None, is_chart=kind == _CHART)


def _read_cache(stream: bytes, number: int, part: OpenPart) -> None:
    """Read the cache of a pivot table: the data behind it, whether or not its sheet is still there."""
    texts: dict[str, None] = {}
    for value in _cached_values(stream):
        if value.strip():
            texts[value] = None
    if texts:
        part.mark(MarkKind.PIVOT_CACHE)
    part.segment(PlaceKind.TABLE, "\n".join(texts), number=number, visibility=Visibility.HIDDEN)


def _cached_values(stream: bytes) -> Iterator[str]:
    for record in records(stream):
        raw = record.body
        if record.kind == 0xCD:
            yield Strings(record.chunks, 2).text(u16(raw, 0))[0]
        elif record.kind == 0xC9:
            yield number_formats.shown(repr(double(raw, 0)))
        elif record.kind == 0xCE and len(raw) >= 6 and 0 < raw[4] < 32:
            yield f"{u16(raw, 0):04}-{u16(raw, 2):02}-{raw[4]:02}"
        elif record.kind not in (0xC6, 0xC8, 0xCA, 0xCB, 0xCC, 0xCF):
            yield from binary.wide_strings(raw).splitlines()
            yield from binary.narrow_strings(raw).splitlines()


def _version(stream: bytes) -> int:
    """Return the version of the records: 8, 5, or 2 to 4."""
    kind, number = u16(stream, 0), u16(stream, 4)
    if kind == 0x809:
        return 8 if number in (0x0600, 0x0000) else 5
    return {0x0009: 2, 0x0209: 3, 0x0409: 4}.get(kind, 8)
