# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of documents, one a line
"""Binary workbooks: cells are read with their places, and the rest is said to be unread."""

import io
import struct
import zipfile

import pytest

from safehold.model import PlaceKind, Visibility

RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "Quillfeather"


def record(number: int, content: bytes = b"") -> bytes:
    head = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
    length = len(content)
    return (
        head
        + bytes([length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14 & 0x7F | 0x80, length >> 21])
        + content
    )


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def row(number: int, *, hidden: bool = False) -> bytes:
    return record(0, struct.pack("<IIHBBB", number, 0, 300, 0, 0x10 if hidden else 0, 0) + bytes(4))


def cell(kind: int, column: int, value: bytes, look: int = 0) -> bytes:
    return record(kind, struct.pack("<II", column, look) + value)


def relations(*found: tuple[str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATION}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(found, 1)
    )
    return f"<Relationships>{rows}</Relationships>"


def workbook(
    cells: bytes,
    *,
    strings: bytes = b"",
    styles: bytes = b"",
    state: int = 0,
    listed: bool = True,
    more: dict | None = None,
) -> bytes:
    sheet = record(156, struct.pack("<II", state, 1) + wide("rId1") + wide("Staff"))
    members = {
        "[Content_Types].xml": '<Types><Override PartName="/xl/workbook.bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        "_rels/.rels": relations(("officeDocument", "xl/workbook.bin")),
        "xl/workbook.bin": record(131) + (sheet if listed else b"") + record(132),
        "xl/_rels/workbook.bin.rels": relations(
            ("worksheet", "worksheets/sheet1.bin"), ("sharedStrings", "sharedStrings.bin"), ("styles", "styles.bin")
        ),
        "xl/worksheets/sheet1.bin": record(129) + record(145) + cells + record(146) + record(130),
        "xl/sharedStrings.bin": strings,
        "xl/styles.bin": styles,
        **(more or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def shown(read):
    return [
        (s.place.cell, s.text)
        for s in read.reading.segments
        if s.place.kind is PlaceKind.SHEET and s.visibility is Visibility.VISIBLE
    ]


DATES = (
    record(44, struct.pack("<H", 200) + wide("00000 000000"))
    + record(617)
    + record(47, bytes(16))
    + record(47, struct.pack("<HH", 0, 200) + bytes(12))
    + record(618)
)


def test_cells_of_every_kind_are_read_with_their_places(read_here):
    cells = (
        row(6) + cell(6, 1, wide(WORD)) + cell(2, 2, struct.pack("<I", 120_045 << 2 | 3)) + cell(5, 3, struct.pack("<d", 7_700_900_123.0), look=1)
        + row(8) + cell(7, 0, struct.pack("<I", 0)) + cell(4, 1, b"\1") + cell(8, 2, wide("sum") + b"\0\0") + cell(9, 3, struct.pack("<d", 2.5))
    )  # fmt: skip
    read = read_here(workbook(cells, strings=record(19, b"\0" + wide("shared")), styles=DATES), "a.xlsb")

    assert shown(read) == [("B7", f"{WORD}\t1200.45\t07700 900123\t7700900123"), ("A9", "shared\tTRUE\tsum\t2.5")]
    assert read.texts(PlaceKind.SHEET_NAME) == ["Staff"]
    assert read.problems == [("a.xlsb", "unsupported")]


@pytest.mark.parametrize(
    ("content", "visibility"),
    [
        (workbook(row(0, hidden=True) + cell(6, 0, wide(WORD))), Visibility.HIDDEN),
        (workbook(record(60, struct.pack("<IIIIH", 0, 3, 2000, 0, 1)) + row(0) + cell(6, 2, wide(WORD))), Visibility.HIDDEN),
        (workbook(record(60, struct.pack("<IIIIH", 0, 3, 0, 0, 0)) + row(0) + cell(6, 2, wide(WORD))), Visibility.HIDDEN),
        (workbook(row(0) + cell(6, 0, wide(WORD)), state=1), Visibility.HIDDEN),
        (workbook(row(0) + cell(6, 0, wide(WORD)), state=2), Visibility.HIDDEN),
        (workbook(row(0) + cell(6, 0, wide(WORD)), listed=False), Visibility.VISIBLE),
        (workbook(row(0), strings=record(19, b"\0" + wide(WORD))), Visibility.HIDDEN),
        (workbook(row(0) + cell(7, 0, bytes(4)), strings=record(19, b"\3" + wide("x") + struct.pack("<II", 1, 0) + wide(WORD))), Visibility.VISIBLE),
        (workbook(row(0) + cell(9, 0, bytes(8) + b"\0\0\x17" + WORD.encode("utf-16-le"))), Visibility.ATTRIBUTE),
        (workbook(row(0), more={"xl/worksheets/sheet2.bin": record(145) + row(0) + cell(6, 0, wide(WORD))}), Visibility.HIDDEN),
    ],
    ids=[
        "hidden row", "hidden column", "column of no width", "hidden sheet", "very hidden sheet", "a list that says nothing",
        "string that no cell uses", "written above a string", "text in a formula", "sheet that nobody is shown",
    ],
)  # fmt: skip
def test_what_is_hidden_is_told_apart(read_here, content, visibility):
    read = read_here(content, "a.xlsb")

    assert {s.visibility for s in read.reading.segments if WORD in s.text} == {visibility}


@pytest.mark.parametrize("length", [1, 7, 40, 90])
def test_a_part_that_is_cut_loses_no_cell_before_the_cut(read_here, length):
    cells = row(0) + cell(6, 0, wide(WORD)) + record(5, bytes(length))[:-1]

    assert WORD in read_here(workbook(cells)[:], "a.xlsb").text


def test_columns_and_rows_beyond_any_sheet_are_read(read_here):
    cells = row(0xFFFFFFFF) + cell(6, 0xFFFFFFFF, wide(WORD)) + cell(7, 0, b"\xff" * 4) + record(60, b"\xff" * 18)

    assert WORD in read_here(workbook(cells), "a.xlsb").text
