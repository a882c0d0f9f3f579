# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in text: a row is a line, whatever stands between the cells."""

import pytest

from safehold.model import PlaceKind, Visibility

ROW = ["Jane Doe", "12 Acacia Road", "TN99 9ZZ"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_cells_of_a_row_stand_on_one_line(read_here, delimiter):
    content = "\r\n".join(delimiter.join(row) for row in (["name", "home", "code"], ROW)).encode()

    read = read_here(content, "staff.csv")

    assert read.reading.parts[0].media_type == "text/csv"
    assert read.texts(PlaceKind.TEXT) == ["name\thome\tcode\nJane Doe\t12 Acacia Road\tTN99 9ZZ"]


def test_quotes_and_line_breaks_inside_cells_are_undone(read_here):
    read = read_here(b'a;b\r\n"12 ""The"" Road\r\nAshford;Kent";x\r\n', "a.csv")

    assert read.texts(PlaceKind.TEXT) == ['a\tb\n12 "The" Road Ashford;Kent\tx']


def test_the_line_for_excel_says_the_delimiter(read_here):
    assert read_here(b"sep=|\r\na,b|c,d\r\n", "a.csv").texts(PlaceKind.TEXT) == ["a,b\tc,d"]


def test_a_letter_that_is_the_delimiter_splits_no_word_in_two(read_here):
    read = read_here(b"sep=e\r\nJane Doe\r\n", "a.csv")

    assert read.texts(PlaceKind.TEXT, Visibility.VISIBLE) == ["Jan\t Do"]
    assert "Jane Doe" in read.texts(PlaceKind.TEXT, Visibility.ALTERNATIVE)[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-16-le", "cp1252"])
def test_what_excel_writes_is_read(read_here, encoding):
    read = read_here("name\thome\r\nJané Doe\t12 Acacia Road\r\n".encode(encoding), "a.csv")

    assert read.texts(PlaceKind.TEXT) == ["name\thome\nJané Doe\t12 Acacia Road"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "A.CSV"])
def test_the_name_decides_where_the_message_says_octet_stream(read_here, name):
    mail = (
        f'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name={name}\r\n\r\na\t"b\r\nc"\r\n'
    )

    assert read_here(mail.encode()).texts(PlaceKind.TEXT) == ["a\tb c"]


def test_a_quote_that_never_closes_loses_nothing(read_here):
    content = b'a,"b\r\n' + b"line,of,words\r\n" * 500 + b"last,Quillfeather\r\n"

    read = read_here(content, "a.csv")

    assert "last,Quillfeather" in read.text
    assert read.text.count("\n") > 400


def test_a_cell_of_a_megabyte_is_read(read_here):
    assert "Quillfeather" in read_here(b'a,"' + b"x " * 500_000 + b'Quillfeather"\r\n', "a.csv").text


def where(read, word):
    return [s.place_at(s.text.index(word)).cell for s in read.reading.segments if word in s.text]


def test_a_cell_is_known_as_excel_counts_it(read_here):
    content = b'sep=;\r\nname;home\r\n\r\n;;Quill\r\n"Jane\tDoe";"12 Acacia\r\nRoad";"Ashford"\r\n'

    read = read_here(content, "a.csv")

    assert [where(read, word) for word in ("name", "home", "Quill", "Jane", "Doe", "12", "Road", "Ashford")] == [
        ["A1"], ["B1"], ["C3"], ["A4"], ["A4"], ["B4"], ["B4"], ["C4"],
    ]  # fmt: skip


def test_where_rows_cannot_be_told_no_cell_is_named(read_here):
    content = b'a,"b\r\n' + b"line,of,words\r\n" * 500 + b"last,Quillfeather\r\n"

    assert where(read_here(content, "a.csv"), "Quillfeather") == [""]
