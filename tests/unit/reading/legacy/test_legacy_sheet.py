# SPDX-License-Identifier: GPL-3.0-or-later
"""Excel workbooks before 2007: every place of a workbook; workbooks are built here, record by record."""

import struct

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import compound
from safehold.reading.basics.compound import Tree
from safehold.reading.legacy import biff

WORD = "Quillfeather"
FONT_COLOUR, WHITE, BLACK, RED = 0x7FFF, 9, 8, 10


def record(kind: int, *pieces: bytes) -> bytes:
    raw = b"".join(pieces)
    return struct.pack("<HH", kind, len(raw)) + raw


def text(value: str, size: int = 2, *, wide: bool = False) -> bytes:
    """A string with its length of *size* bytes before it."""
    raw = value.encode("utf-16-le") if wide else value.encode("latin-1")
    return len(value).to_bytes(size, "little") + bytes([wide]) + raw


def begin(kind: int = 0x10, version: int = 0x0600) -> bytes:
    return record(0x809, struct.pack("<HHHHII", version, kind, 0, 0, 0, 0))


END = record(0x0A)


def font(colour: int = FONT_COLOUR, size: int = 200) -> bytes:
    return record(0x31, struct.pack("<HHHHHBBBB", size, 0, colour, 400, 0, 0, 0, 0, 0), text("Arial", 1))


def look(number: int = 0, fonts: int = 0, pattern: int = 0, fill: int = 64) -> bytes:
    """A cell format: number format, font, pattern and colour behind."""
    return record(0xE0, struct.pack("<HHHBBBBHHIH", fonts, number, 1, 0, 0, 0, 0, 0, 0, pattern << 26, fill))


def label(value: str, row: int = 0, column: int = 0, style: int = 0) -> bytes:
    return record(0x204, struct.pack("<HHH", row, column, style), text(value))


def number(value: float, row: int = 0, column: int = 0, style: int = 0) -> bytes:
    return record(0x203, struct.pack("<HHHd", row, column, style, value))


def shared(index: int, row: int = 0, column: int = 0) -> bytes:
    return record(0xFD, struct.pack("<HHHI", row, column, 0, index))


def workbook(
    *sheets: bytes, hidden: int = 0, named: str = "Staff", beside: bytes = b"", streams: Tree | None = None
) -> bytes:
    """A workbook with these sheets; *hidden* says how, *beside* are records of the workbook itself."""
    beside = (font() + look() if b"\xe0\x00" not in beside else b"") + beside
    listed = [record(0x85, struct.pack("<IBB", 0, hidden, 0), text(named, 1)) for _ in sheets]
    at = len(begin(5)) + sum(map(len, listed)) + len(beside) + len(END)
    rows = []
    body = b""
    for sheet in sheets:
        rows.append(record(0x85, struct.pack("<IBB", at + len(body), hidden, 0), text(named, 1)))
        body += begin() + sheet + END
    content = begin(5) + b"".join(rows) + beside + END + body
    return compound.write({"Workbook": content, **(streams or {})})


def strings(*values: str, count: int | None = None) -> bytes:
    number = len(values) if count is None else count
    return record(
        0xFC, struct.pack("<II", number, number), *(text(value, wide=not value.isascii()) for value in values)
    )


def note(value: str, author: str = "Example") -> bytes:
    """A comment on the first cell: its box, its text, and whose it is."""
    return (
        record(0x5D, struct.pack("<HHHHH", 0x15, 18, 0x19, 7, 0), bytes(12))
        + record(0x1B6, struct.pack("<HHHHHHHI", 0, 0, 0, 0, 0, len(value), 0, 0))
        + record(0x3C, b"\0", value.encode())
        + record(0x1C, struct.pack("<HHHH", 0, 0, 0, 7), text(author))
    )


BOX = (
    record(0x5D, struct.pack("<HHHHH", 0x15, 18, 6, 3, 0), bytes(12))
    + record(0x1B6, struct.pack("<HHHHHHHI", 0, 0, 0, 0, 0, len(WORD), 0, 0))
    + record(0x3C, b"\0", WORD.encode())
)
FORMULA_TEXT = record(
    0x06, struct.pack("<HHH", 0, 0, 0), b"\0" * 6 + b"\xff\xff", struct.pack("<HIH", 0, 0, 0)
) + record(0x207, text(WORD))
FORMULA_LITERAL = record(
    0x06, struct.pack("<HHHd", 0, 0, 0, 1.0), struct.pack("<HIH", 0, 0, 15), b"\x17" + text(WORD, 1), b"\0"
)  # fmt: skip
NAME = struct.pack("<HBBHHHBBBB", 0, 0, len(WORD), 0, 0, 0, 0, 0, 0, 0) + b"\0" + WORD.encode()
HIDDEN_NAME = struct.pack("<H", 1) + NAME[2:]
LINK = record(
    0x1B8, bytes(8), bytes(16), struct.pack("<II", 2, 3), bytes(20), f"http://{WORD}.example".encode("utf-16-le")
)
CHART = begin(0x20) + record(0x100D, b"\0\0", text(WORD, 1)) + END

PLACES = {
    "a shared string": (workbook(shared(0), beside=strings(WORD)), PlaceKind.SHEET, Visibility.VISIBLE),
    "a string in its cell": (workbook(label(WORD)), PlaceKind.SHEET, Visibility.VISIBLE),
    "the text of a formula": (workbook(FORMULA_TEXT), PlaceKind.SHEET, Visibility.VISIBLE),
    "a literal in a formula": (workbook(FORMULA_LITERAL), PlaceKind.SHEET, Visibility.ATTRIBUTE),
    "the name of a sheet": (workbook(label("x"), named=WORD), PlaceKind.SHEET_NAME, Visibility.VISIBLE),
    "a hidden sheet": (workbook(label(WORD), hidden=1), PlaceKind.SHEET, Visibility.HIDDEN),
    "a very hidden sheet": (workbook(label(WORD), hidden=2), PlaceKind.SHEET, Visibility.HIDDEN),
    "the name of a hidden sheet": (workbook(label("x"), hidden=1, named=WORD), PlaceKind.SHEET_NAME, Visibility.HIDDEN),
    "a hidden row": (
        workbook(record(0x208, struct.pack("<HHHHHHI", 0, 0, 1, 300, 0, 0, 0x20)) + label(WORD)), PlaceKind.SHEET,
        Visibility.HIDDEN,
    ),
    "a row without height": (
        workbook(record(0x208, struct.pack("<HHHHHHI", 0, 0, 1, 0, 0, 0, 0)) + label(WORD)), PlaceKind.SHEET,
        Visibility.HIDDEN,
    ),
    "a hidden column": (
        workbook(record(0x7D, struct.pack("<HHHHHH", 0, 3, 2_000, 0, 1, 0)) + label(WORD, column=2)), PlaceKind.SHEET,
        Visibility.HIDDEN,
    ),
    "a column without width": (
        workbook(record(0x7D, struct.pack("<HHHHHH", 0, 0, 0, 0, 0, 0)) + label(WORD)), PlaceKind.SHEET,
        Visibility.HIDDEN,
    ),
    "a format that shows nothing": (
        workbook(label(WORD, style=0), beside=font() + record(0x41E, struct.pack("<H", 200), text(";;;")) + look(200)),
        PlaceKind.SHEET, Visibility.HIDDEN,
    ),
    "white on nothing": (workbook(label(WORD), beside=font(WHITE) + look()), PlaceKind.SHEET, Visibility.WHITE),
    "black on black": (
        workbook(label(WORD), beside=font(BLACK) + look(pattern=1, fill=BLACK)), PlaceKind.SHEET, Visibility.COVERED,
    ),
    "white on red": (
        workbook(label(WORD), beside=font(WHITE) + look(pattern=1, fill=RED)), PlaceKind.SHEET, Visibility.VISIBLE,
    ),
    "a tiny font": (workbook(label(WORD), beside=font(size=20) + look()), PlaceKind.SHEET, Visibility.TINY),
    "a comment": (workbook(label("x") + note(WORD)), PlaceKind.COMMENT, Visibility.COMMENT),
    "the author of a comment": (
        workbook(label("x") + note("x", WORD)), PlaceKind.METADATA, Visibility.COMMENT,
    ),
    "a text box": (workbook(label("x") + BOX), PlaceKind.SHEET, Visibility.VISIBLE),
    "a header": (workbook(record(0x14, text(f"&C&\"Arial\"{WORD}&R&P"))), PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
    "a footer": (workbook(record(0x15, text(f"&L{WORD}"))), PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
    "a hyperlink": (workbook(label("x") + LINK), PlaceKind.SHEET, Visibility.ATTRIBUTE),
    "the title of a chart": (workbook(label("x") + CHART), PlaceKind.SHEET, Visibility.VISIBLE),
    "a defined name": (workbook(label("x"), beside=record(0x18, NAME)), PlaceKind.METADATA, Visibility.ATTRIBUTE),
    "a hidden name": (workbook(label("x"), beside=record(0x18, HIDDEN_NAME)), PlaceKind.METADATA, Visibility.HIDDEN),
    "a shared string that no cell uses": (
        workbook(shared(0), beside=strings("x", WORD)), PlaceKind.METADATA, Visibility.HIDDEN,
    ),
    "the name of another workbook": (
        workbook(label("x"), beside=record(0x1AE, b"\0\0", text(f"\x01{WORD}.xls"))), PlaceKind.METADATA,
        Visibility.ATTRIBUTE,
    ),
    "a cell of another workbook": (
        workbook(label("x"), beside=record(0x5A, b"\0\0\0\0", b"\x02", text(WORD))), PlaceKind.TABLE,
        Visibility.HIDDEN,
    ),
    "the user who saved it": (
        workbook(label("x"), beside=record(0x5C, text(WORD))), PlaceKind.METADATA, Visibility.ATTRIBUTE,
    ),
    "a prompt": (
        workbook(label("x") + record(0x1BE, bytes(4), text(WORD), text("b"))), PlaceKind.SHEET, Visibility.ATTRIBUTE,
    ),
    "a literal in a number format": (
        workbook(number(1), beside=font() + record(0x41E, struct.pack("<H", 200), text(f'"{WORD}" 0')) + look(200)),
        PlaceKind.METADATA, Visibility.ATTRIBUTE,
    ),
    "the cache of a pivot table": (
        workbook(label("x"), streams={"_SX_DB_CUR": {"0001": record(0xCD, text(WORD)) + END}}), PlaceKind.TABLE,
        Visibility.HIDDEN,
    ),
    "the log of changes": (
        workbook(label("x"), streams={"Revision Log": WORD.encode("utf-16-le")}), PlaceKind.METADATA,
        Visibility.HIDDEN,
    ),
    "a sheet that the workbook does not list": (
        compound.write({"Workbook": begin(5) + record(0x85, struct.pack("<IBB", 9_999, 0, 0), text("a", 1)) + END
                        + begin() + label(WORD) + END}),
        PlaceKind.SHEET, Visibility.HIDDEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "visibility"), PLACES.values(), ids=PLACES.keys())
def test_every_place_is_read_under_its_name(read_here, content, kind, visibility):
    assert WORD in "\n".join(read_here(content, "a.xls").texts(kind, visibility))


@pytest.mark.parametrize(
    ("name", "mark"),
    {
        "a hidden sheet": "hidden_sheet",
        "a hidden row": "hidden_rows",
        "a hidden column": "hidden_columns",
        "a format that shows nothing": "hidden_text",
        "a comment": "comments",
        "a hidden name": "hidden_names",
        "the name of another workbook": "external_link",
        "a cell of another workbook": "external_data",
        "the cache of a pivot table": "pivot_cache",
        "the log of changes": "tracked_changes",
    }.items(),
)
def test_what_hides_is_marked(read_here, name, mark):
    assert mark in read_here(PLACES[name][0], "a.xls").marks


def test_a_sound_workbook_has_no_problem(read_here):
    read = read_here(workbook(label(WORD), label("b")), "a.xls")

    assert read.problems == []
    assert read.marks == set()


def test_a_macro_sheet_is_marked(read_here):
    content = compound.write({"Workbook": begin(5) + END + begin(0x40) + label("=EXEC()") + END})

    assert "macros" in read_here(content, "a.xls").marks


def test_rows_are_lines_and_name_their_row(read_here):
    content = workbook(label("Jo", 4, 0) + number(9_990_001_234, 4, 2) + label("Ashford", 5, 1))
    rows = [(s.place.number, s.place.cell, s.text) for s in read_here(content, "a.xls").reading.segments if s.place.row]

    assert (1, "A5", "Jo\t9990001234") in rows
    assert (1, "B6", "Ashford") in rows


NUMBERS = {
    "a long number": (9_990_001_234.0, 0, "9990001234"),
    "a fraction": (0.1 + 0.2, 0, "0.3"),
    "a padded number": (123.0, 200, "000123"),
    "a date": (36_525.0, 14, "31/12/1999"),
}


@pytest.mark.parametrize(("value", "code", "shown"), NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_are_read_as_people_see_them(read_here, value, code, shown):
    beside = font() + record(0x41E, struct.pack("<H", 200), text("000000")) + look(code)

    assert shown in read_here(workbook(number(value), beside=beside), "a.xls").text


def test_short_numbers_are_numbers(read_here):
    row = record(0x27E, struct.pack("<HHHI", 0, 0, 0, 9_990_001 << 2 | 2))
    row += record(0xBD, struct.pack("<HH", 0, 1), struct.pack("<HIHI", 0, 77 << 2 | 2, 0, 12_345 << 2 | 3), b"\2\0")

    assert "9990001\t77\t123.45" in read_here(workbook(row), "a.xls").text


def test_a_shared_string_goes_on_in_the_next_record(read_here):
    """At the seam the string says anew how wide its characters are."""
    first = struct.pack("<II", 2, 2) + text("x") + struct.pack("<HB", len(WORD) + 1, 0) + b"Quill"
    sst = record(0xFC, first) + record(0x3C, b"\x01", "feather\u0175".encode("utf-16-le"))

    assert "Quillfeather\u0175" in read_here(workbook(shared(1), beside=sst), "a.xls").text


def test_excel_95_is_read_in_its_code_page(read_here):
    raw = f"caf\u00e9 {WORD}".encode("cp1252")
    cell = record(0x204, struct.pack("<HHHH", 0, 0, 0, len(raw)), raw)
    sheet = record(0x85, struct.pack("<IHB", 9_999, 0, 1), b"S")
    content = begin(5, 0x500) + record(0x42, struct.pack("<H", 1252)) + sheet + END + begin(0x10, 0x500) + cell + END
    read = read_here(compound.write({"Book": content}), "a.xls")

    assert f"caf\u00e9 {WORD}" in read.text


def test_excel_2_outside_a_compound_file_is_read(read_here):
    cell = record(4, struct.pack("<HH3xB", 0, 0, len(WORD)), WORD.encode())
    read = read_here(record(9, struct.pack("<HH", 2, 0x10)) + cell + END, "a.xls")

    assert WORD in read.texts(PlaceKind.SHEET)
    assert read.problems == []


def test_the_same_workbook_for_an_older_excel_is_another_alternative(read_here):
    old = begin(5, 0x500) + END + begin(0x10, 0x500) + record(0x204, struct.pack("<HHHH", 0, 0, 0, 3), b"old") + END
    read = read_here(workbook(label(WORD), streams={"Book": old}), "a.xls")

    assert "old" in read.texts(PlaceKind.SHEET, Visibility.ALTERNATIVE)


def test_a_cell_that_names_no_shared_string_is_damage(read_here):
    assert read_here(workbook(shared(9), beside=strings(WORD)), "a.xls").problems == [("a.xls", "corrupt")]


def test_a_sheet_behind_rubbish_is_found_by_the_list(read_here):
    opened = compound.Compound(workbook(label("first"), label(WORD)))
    content = bytearray(opened.read(opened.find("Workbook")))
    at = content.index(b"first") - 9
    content[at - 2 : at] = b"\xff\xff"  # a length that no record has
    read = read_here(compound.write({"Workbook": bytes(content)}), "a.xls")

    assert WORD in read.texts(PlaceKind.SHEET)
    assert ("a.xls", "corrupt") in read.problems


def test_a_workbook_cut_short_says_so(read_here):
    content = begin(5) + END + begin() + label(WORD)
    read = read_here(compound.write({"Workbook": content}), "a.xls")

    assert WORD in read.text
    assert read.problems == [("a.xls", "corrupt")]


def test_far_cells_lay_out_no_grid(read_here):
    read = read_here(workbook(label(WORD, 65_535, 255) + label("near")), "a.xls")

    assert WORD in read.texts(PlaceKind.SHEET)
    assert len(read.text) < 500


def test_an_encrypted_workbook_says_so(read_here, corpora):
    for name in ("xor_password_123456789012345.xls", "rc4cryptoapi_password.xls"):
        read = read_here((corpora / "documents/msoffcrypto" / name).read_bytes(), name)

        assert read.problems == [(name, "encrypted")]


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\xff" * 40])
def test_an_encryption_record_of_rubbish_is_encryption(read_here, raw):
    content = begin(5) + record(0x2F, raw) + END

    assert ("a.xls", "encrypted") in read_here(compound.write({"Workbook": content}), "a.xls").problems


def test_records_continue_where_continuation_says():
    stream = record(0xFC, b"a") + record(0x3C, b"b") + record(0x3C, b"c") + record(0x0A)
    found = list(biff.records(stream))

    assert [(r.kind, r.whole) for r in found] == [(0xFC, b"abc"), (0x0A, b"")]


def test_a_cell_and_a_comment_know_where_they_are(read_here):
    content = workbook(label("Jo", 6, 1) + label("York", 6, 3) + note(WORD))
    segments = read_here(content, "a.xls").reading.segments

    (cells,) = [s for s in segments if s.text == "Jo\tYork"]
    assert [cells.place_at(at).cell for at in (0, 3)] == ["B7", "D7"]
    (comment,) = [s.place for s in segments if s.place.kind is PlaceKind.COMMENT]
    assert (comment.number, comment.cell) == (1, "A1")


# -- what a stranger tried --------------------------------------------------------------------------------------------


def rich(value: str, *runs: tuple[int, int]) -> bytes:
    """A string whose letters change their font."""
    pieces = b"".join(struct.pack("<HH", *run) for run in runs)
    return len(value).to_bytes(2, "little") + b"\x08" + len(runs).to_bytes(2, "little") + value.encode() + pieces


def spoken(value: str, how: str) -> bytes:
    """A string with what is written above it, for those who cannot read it ([MS-XLS] 2.5.98)."""
    above = how.encode("utf-16-le")
    block = struct.pack("<HHHHHHH", 1, len(above) + 10, 0, 0, 1, len(how), len(how)) + above + bytes(6)
    return len(value).to_bytes(2, "little") + b"\x04" + len(block).to_bytes(4, "little") + value.encode() + block


def table(*strings_: bytes) -> bytes:
    return record(0xFC, struct.pack("<II", len(strings_), len(strings_)), *strings_)


def seen_as(read):
    return {s.visibility for s in read.reading.segments if WORD in s.text}


def test_what_is_written_above_a_string_is_read(read_here):
    content = workbook(shared(0) + shared(1, 1), beside=table(spoken("x", WORD), spoken("y", "z")))

    assert read_here(content, "a.xls").texts(PlaceKind.SHEET, Visibility.VISIBLE) == [f"x\t{WORD}", "y\tz"]


def test_white_letters_among_others_of_a_cell_are_told_apart(read_here):
    fonts = font() + font(WHITE) + look()
    content = workbook(shared(0), beside=fonts + table(rich(f"seen {WORD} too", (5, 1), (17, 0))))
    read = read_here(content, "a.xls")

    assert read.texts(PlaceKind.SHEET, Visibility.VISIBLE) == ["seen  too"]
    assert seen_as(read) == {Visibility.WHITE}


def test_white_letters_among_others_on_a_dark_cell_are_seen(read_here):
    fonts = font(WHITE) + font(WHITE) + look(pattern=1, fill=RED)
    content = workbook(shared(0), beside=fonts + table(rich(f"seen {WORD}", (5, 1))))

    assert seen_as(read_here(content, "a.xls")) == {Visibility.VISIBLE}


def test_runs_that_make_no_sense_lose_nothing(read_here):
    runs = [(60_000, 1), (3, 1), (0, 900), (2, 1), (9, 4)]
    content = workbook(shared(0), beside=font() + font(WHITE) + look() + table(rich(f"seen {WORD}", *runs)))

    assert WORD in read_here(content, "a.xls").text


@pytest.mark.parametrize(
    "beside",
    [
        record(0x208, struct.pack("<HHHHHHI", 0, 0, 1, 30, 0, 0, 0)),
        record(0x7D, struct.pack("<HHHHHH", 0, 0, 60, 0, 0, 0)),
        record(0x55, b"\0\0"),
        record(0x99, b"\0\0"),
        record(0x99, b"\0\0") + record(0x7D, struct.pack("<HHHHHH", 1, 1, 2000, 0, 0, 0)),
    ],
    ids=["row", "column", "all columns", "all columns, exactly", "all columns but another"],
)
def test_rows_and_columns_too_small_to_see_are_hidden(read_here, beside):
    assert seen_as(read_here(workbook(beside + label(WORD)), "a.xls")) == {Visibility.HIDDEN}


@pytest.mark.parametrize(
    ("row", "column", "visibility"), [(1, 1, "visible"), (1, 2, "hidden"), (2, 1, "hidden"), (3, 1, "visible")]
)
def test_what_lies_below_a_merged_cell_is_hidden(read_here, row, column, visibility):
    merged = record(0xE5, struct.pack("<HHHHH", 1, 1, 2, 1, 2))

    assert seen_as(read_here(workbook(label(WORD, row, column) + merged), "a.xls")) == {visibility}


def number_format(code: str, index: int = 164) -> bytes:
    return record(0x41E, struct.pack("<H", index), text(code))


def test_the_numbers_that_a_chart_remembers_are_read(read_here):
    chart = begin(0x20) + number(7700900123) + number(9990001234, 1) + END
    read = read_here(workbook(label("x") + chart), "a.xls")

    assert "7700900123\n9990001234" in read.texts(PlaceKind.SHEET, Visibility.VISIBLE)


def test_a_format_that_shows_a_literal_instead_of_the_value_shows_the_literal(read_here):
    beside = number_format('"QQ123456C"') + font() + look(164)
    read = read_here(workbook(number(5), beside=beside), "a.xls")

    assert "QQ123456C" in read.texts(PlaceKind.SHEET, Visibility.VISIBLE)
    assert any("5" in text for text in read.texts(PlaceKind.SHEET, Visibility.HIDDEN))
