# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in columns, or over the end of a page, is found as the reader of the document puts it together."""

import io

import docx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reportlab.pdfgen import canvas
from reportlab.platypus import SimpleDocTemplate, Table

from safehold.detect import layout
from safehold.model import PlaceKind
from safehold.register.people import Kind, Value

FIELDS = [("House number", "27"), ("Street", "Larkspur Lane"), ("Town", "Westmere"), ("Postcode", "PF7 3QX")]
NEIGHBOUR = ["14", "Elm Close", "Dover", "CT16 1AA"]

# As the readers give tables: a tab before each cell of HTML, one between the cells of Word, lines elsewhere.
TABLES = {
    "label and value, HTML": "\n".join(f"\t{label}\t{value}" for label, value in FIELDS),
    "label and value, paragraphs in cells": "\n".join(f"\t{label} \t\n{value}\n" for label, value in FIELDS),
    "label and value, Word": "\n".join(f"{label}\t{value}" for label, value in FIELDS),
    "label and value, HTML with padding": "\n\n".join(f"\t{label}\t {value} " for label, value in FIELDS),
    "label and value, lines": "\n".join(f"{label}\n{value}" for label, value in FIELDS),
    "label, colon and value": "\n".join(f"{label}: {value}" for label, value in FIELDS),
    "label and value with blank lines": "\n\n".join(f"{label}:\n\n{value}" for label, value in FIELDS),
    "label and value, CSV": "\n".join(f"{label},{value}" for label, value in FIELDS),
    "header row, HTML": "\t".join(["", *(label for label, _ in FIELDS)])
    + "\n"
    + "\t".join(["", *(value for _, value in FIELDS)]),
    "header row, CSV with others": "No,Street,Town,Postcode\n14,Elm Close,Dover,CT16 1AA\n"
    "27,Larkspur Lane,Westmere,PF7 3QX\n3,Oak Way,Dover,CT16 2AA",
    "first all labels, then all values": "House number\nStreet\nTown\nPostcode\n27\nLarkspur Lane\nWestmere\nPF7 3QX",
    "numbered lines of the address": "Address line 1: 27\nAddress line 2: Larkspur Lane\nAddress line 3: Westmere",
    "numbered lines, CSV": "Address line 1,27\nAddress line 2,Larkspur Lane\nAddress line 3,Westmere",
    "long labels": "Number or name of the house or flat: 27\n"
    "Road, street or lane in which you now live: Larkspur Lane\nTown, city or village: Westmere",
    "street before number": "Street\tLarkspur Lane\nHouse number\t27\nTown\tWestmere\nPostcode\tPF7 3QX",
    "Welsh labels": "Rhif y tŷ\t27\nStryd\tLarkspur Lane\nTref\tWestmere\nCod post\tPF7 3QX",
    "addresses side by side": "14 Elm Close\t27 Larkspur Lane\nDover\tWestmere\nCT16 1AA\tPF7 3QX",
    "addresses side by side, one blank between": "14 Elm Close 27 Larkspur Lane\nDover Westmere\nCT16 1AA PF7 3QX",
    "addresses side by side, aligned": "Mr J Bloggs          Ms M Doering\n"
    "14 Elm Close         27 Larkspur Lane\nDover                Westmere\nCT16 1AA             PF7 3QX",
    "the other address behind": "27 Larkspur Lane\t14 Elm Close\nWestmere\tDover\nPF7 3QX\tCT16 1AA",
    "people in columns, fields in rows": "\n".join(
        f"{label}\t{other}\t{value}" for (label, value), other in zip(FIELDS, NEIGHBOUR, strict=True)
    ),
    "people in columns, CSV": "\n".join(
        f"{label},{other},{value}" for (label, value), other in zip(FIELDS, NEIGHBOUR, strict=True)
    ),
    "three people in columns": "\n".join(
        f"{label}\t{other}\t{value}\tx" for (label, value), other in zip(FIELDS, NEIGHBOUR, strict=True)
    ),
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES.keys())
def test_an_address_split_over_cells_is_certain(text, in_scope, in_whole):
    assert in_scope(text).strongest("address") == "certain"
    assert in_whole(text).strongest("address") == "certain"


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES.keys())
def test_a_neighbour_split_over_cells_is_never_certain(text, in_scope, in_whole):
    """In scope, street and postcode alone stay `likely`: a number in another cell may count something else."""
    for wrong in ("29", "72", "7", "270"):
        neighbour = text.replace("27", wrong)

        assert in_scope(neighbour).strongest("address") != "certain"
        assert in_whole(neighbour).findings == ()


def as_html():
    rows = "".join(f"<tr><td>{label}</td><td><p>{value}</p></td></tr>\n" for label, value in FIELDS)
    head = b"Subject: x\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
    return head + f"<html><body><table>\n{rows}</table></body></html>".encode(), None


def as_docx():
    document, data = docx.Document(), io.BytesIO()
    table = document.add_table(rows=0, cols=3)
    for (label, value), other in zip(FIELDS, NEIGHBOUR, strict=True):
        for cell, text in zip(table.add_row().cells, (label, other, value), strict=True):
            cell.text = text
    document.save(data)
    return data.getvalue(), "a.docx"


def as_pdf():
    data = io.BytesIO()
    SimpleDocTemplate(data).build([Table([list(field) for field in FIELDS])])
    return data.getvalue(), "a.pdf"


def as_pdf_side_by_side():
    data = io.BytesIO()
    sheet = canvas.Canvas(data)
    ours, others = ["27 Larkspur Lane", "Westmere", "PF7 3QX"], ["14 Elm Close", "Dover", "CT16 1AA"]
    for row, (left, right) in enumerate(zip(others, ours, strict=True)):
        sheet.drawString(72, 700 - 14 * row, left)
        sheet.drawString(300, 700 - 14 * row, right)
    sheet.save()
    return data.getvalue(), "a.pdf"


@pytest.mark.parametrize("make", [as_html, as_docx, as_pdf, as_pdf_side_by_side])
def test_an_address_in_a_table_of_a_real_document_is_certain(make, read, in_whole):
    reading = read(*make())

    assert in_whole(reading.segments).strongest("address") == "certain"


def test_a_form_in_the_middle_of_a_long_text_is_found(in_whole):
    prose = "This line of the letter is long enough to be one of prose, and no cell of any table.\n" * 60
    form = "Address line 1: 27\nAddress line 2: Larkspur Lane\nAddress line 3: Westmere\n"

    assert in_whole(prose + form + prose).strongest("address") == "certain"


def test_a_long_table_is_a_list_and_has_no_columns_to_read():
    short, long = ("\n".join([*["27\tx", "Larkspur Lane\ty"] * times]) for times in (5, 100))

    assert layout.columns(short, [short.index("Larkspur")], []) is not None
    assert layout.columns(long, [long.index("Larkspur")], []) is None


def test_two_numbers_and_two_streets_in_rows_without_cells_are_likely_and_no_more(in_scope, in_whole):
    """A PDF gives such a table with single blanks: which number belongs to which street cannot be told."""
    text = "House number 14 27\nStreet Elm Close Larkspur Lane\nTown Dover Westmere\nPostcode CT16 1AA PF7 3QX"

    assert in_scope(text).strongest("address") == "likely"
    assert in_whole(text).findings == ()


def test_the_next_row_of_a_list_is_somebody_elses(in_scope, in_whole):
    """Cells under each other belong together in a form; in a list of addresses they do not."""
    rows = ["Elm House, Unit 27\tDover\tCT16 1AA", "Larkspur Lane\tWestmere\tPF7 1ZZ", "3 Oak Way\tDover\tCT16 2AA"]

    assert in_whole("\n".join(rows)).findings == ()
    assert in_scope("\n".join(rows)).strongest("address") != "certain"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("First name: Margaret\nLast name: Doering", id="label and value"),
        pytest.param("Forename\tMargaret\nSurname\tDoering", id="table"),
        pytest.param("First name:\nMargaret\nLast name:\nDoering", id="lines"),
        pytest.param("Forename\tSurname\nMargaret\tDoering", id="header row"),
        pytest.param("Forename\tPeter\tMargaret\nSurname\tBloggs\tDoering", id="people in columns"),
        pytest.param("Margaret\n\nDoering\n\n1 May 1980", id="cells with blank lines"),
    ],
)
def test_a_name_split_over_cells_is_likely(text, in_scope):
    assert in_scope(text).strongest("name") == "likely"


def test_the_initial_of_one_cell_is_not_the_forename_of_the_surname_in_another(in_scope):
    text = "Ward\tM\nRoad\tDoering Street\nTown\tDover"

    assert in_scope(text, Value(Kind.NAME, "Margaret Doering")).findings == ()


def test_a_secret_alias_split_over_cells_is_certain(in_whole):
    alias = Value(Kind.ALIAS, "Maria Winterbourne", secret=True)
    street = Value(Kind.ADDRESS, "27 Larkspur Lane, Westmere")
    text = "First name: Maria\nLast name: Winterbourne\nNumber: 27\nStreet: Larkspur Lane\nTown: Westmere"

    assert in_whole(text, street).strongest("address") == "certain"
    assert in_whole("Maria\nWinterbourne", alias).strongest("alias") == "certain"


# -- pages ----------------------------------------------------------------------------------------------------------


def pages(a_segment, *texts):
    return [a_segment(text, PlaceKind.PAGE, number) for number, text in enumerate(texts, 1)]


FOOTED = {
    "page numbers": ("She lives at 27 Larkspur\n1", "Lane, Westmere\n2"),
    "page x of y": ("She lives at 27 Larkspur\n\nPage 1 of 2", "Lane, Westmere\n\nPage 2 of 2"),
    "Welsh": ("She lives at 27 Larkspur\nTudalen 1 o 2", "Lane, Westmere\nTudalen 2 o 2"),
    "footer and header": (
        "Report 7\nShe lives at 27 Larkspur\nConfidential, page 1",
        "Report 7\nLane, Westmere\nConfidential, page 2",
    ),
}


@pytest.mark.parametrize("texts", FOOTED.values(), ids=FOOTED.keys())
def test_an_address_runs_on_over_footer_and_header(texts, a_segment, in_scope, in_whole):
    """The number of the page must neither hide it nor be taken for the house's."""
    found = in_scope(pages(a_segment, *texts))

    assert found.strongest("address") == "certain"
    assert found.cut_out("address")[0].startswith("27 Larkspur")
    assert in_whole(pages(a_segment, *texts)).strongest("address") == "certain"


@pytest.mark.parametrize("end", ["PF7", "PF7\n", "PF7\n\nPage 1 of 2", "PF7\n3"])
def test_a_postcode_split_over_two_pages_is_likely_in_scope(end, a_segment, in_scope):
    segments = pages(a_segment, f"The report.\nShe now lives in {end}", "3QX, with her sister.\nPage 2 of 2")

    assert in_scope(segments).strongest("postcode") == "likely"


# -- properties -----------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["27", "Larkspur Lane", "PF7 3QX", "Street:", "a: b", "\t", "\n", "\n\n", ",", "|", ";", "    "]
)


TALL = {
    "spaces between the lines": "\t27 4\tLarkspur Lane High Street",
    "the second line": "\t4 27\tHigh Street Larkspur Lane",
    "with towns": "\t27 4\tLarkspur Lane High Street\tWestmere Leeds",
    "a word a line": "\t27 Westmere\tLarkspur Kent\tLane PF7",
    "line ends in the cells": "27\n4\tLarkspur Lane\nHigh Street",
    "below a heading": "No\tStreet\n27\n4\tLarkspur Lane\nHigh Street",
    "between others": "Addresses:\n11\n12\tElm Close\nMill Road\n27\n4\tLarkspur Lane\nHigh Street\nThat is all.",
}


@pytest.mark.parametrize("text", TALL.values(), ids=TALL.keys())
def test_cells_of_several_lines_are_read_across_in_scope(text, in_scope, in_whole):
    assert in_scope(text).strongest("address") == "likely"
    assert in_whole(text).findings == ()


def test_only_lines_side_by_side_are_read_together():
    text = "\t27 4\tHigh Street Larkspur Lane\tLeeds Westmere"

    read_across = layout.across(text, [text.index("Larkspur")]).text

    assert "27 High Street Leeds" in read_across
    assert "4 Larkspur Lane Westmere" in read_across
    assert "27 Larkspur" not in read_across


@pytest.mark.parametrize(
    "text", ["\tone four\tLarkspur Lane High Street", "\t27 4 5\tLarkspur Lane High Street", "\t27\tx"]
)
def test_cells_that_have_not_as_many_lines_are_left(text):
    assert layout.across(text, [text.index("\t", 1) + 1]) is None


def test_a_long_table_of_tall_cells_is_read_only_so_far():
    text = "\t27 4\tLarkspur Lane High Street\n" * 5_000
    places = list(range(0, len(text), 34))

    assert len(layout.across(text, places).text) < 200_000


@example(["\n", "Larkspur", "\t", "27", "\n"])
@given(st.lists(st.sampled_from(["27", "\t", "\n", " ", "Larkspur", "Lane", "Road", "4", "\r\n", "\n\n"]), max_size=40))
def test_no_cells_make_it_fail(pieces):
    text = "".join(pieces)
    rendering = layout.across(text, [place for place in range(len(text)) if text.startswith("L", place)])
    if rendering is not None:
        assert len(rendering.offsets) == len(rendering.text) + 1
        assert all(0 <= offset < len(text) for offset in rendering.offsets[:-1])
        assert 0 < rendering.offsets[-1] <= len(text)  # one past the last character


@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_text_makes_it_fail_and_every_character_keeps_its_place(text):
    places = [place for place in range(len(text)) if text.startswith(("Lane", "PF7"), place)]

    rendering = layout.columns(text, places, ())

    if rendering is not None:
        assert len(rendering.offsets) == len(rendering.text) + 1
        same = [text[at] == sign for at, sign in zip(rendering.offsets, rendering.text, strict=False) if sign.isalnum()]
        assert sum(same) >= sum(sign in "27LarkspurLanePF73QX" for sign in rendering.text)


@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=5))
def test_no_pages_make_it_fail(texts):
    rendering = layout.seams([(100 * number, text) for number, text in enumerate(texts)])

    assert rendering is None or len(rendering.offsets) == len(rendering.text) + 1
