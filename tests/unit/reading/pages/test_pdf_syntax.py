# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF as it lies in the file."""

import pytest

from safehold.reading.pages import pdf_syntax
from safehold.reading.pages.pdf_syntax import Object


def objects(content: bytes) -> list[Object]:
    return [item for _, item in pdf_syntax.walk(content) if item is not None]


def test_entries_are_those_of_the_outermost_dictionary_with_names_undone():
    head = rb"<</Type/Page/A[1 /B 2]/C<</D(x>>)/E 5>>/F#69lter/Fl#61te%/X 1" + b"\n" + rb"/G 5 0 R/H(a\)b)>> behind"

    assert pdf_syntax.entries(head) == {
        b"Type": b"/Page",
        b"A": b"[1 /B 2]",
        b"C": b"<</D(x>>)/E 5>>",
        b"Filter": b"/Fl#61te%/X 1",
        b"G": b"5 0 R",
        b"H": rb"(a\)b)",
    }


def test_a_key_inside_a_string_is_no_key():
    assert pdf_syntax.entries(b"<</T(a(/Filter /X)b)/Filter/Y>>")[b"Filter"] == b"/Y"


def test_a_dictionary_that_is_written_reads_the_same():
    known = {b"Type": b"/Page", b"A b": b"(c)"}

    assert pdf_syntax.entries(pdf_syntax.dictionary(known)) == known


@pytest.mark.parametrize(
    "beginning",
    [b"7 0 obj", b"7\x000\x0cobj", b"7 % a note\n0 obj", b"7\r\n0\tobj"],
    ids=["plain", "NUL", "note", "lines"],
)
def test_objects_begin_with_any_white_space(beginning):
    assert [item.number for item in objects(b"x\n" + beginning + b"<</A 1>>endobj")] == [7]


def test_an_object_without_an_end_swallows_none():
    content = b"7 0 obj<</A 1>> endo\n8 0 obj<</B 2>>stream\nabc\nendstream endobj 7 0 obj 5 endobj"

    assert [(item.number, item.stream) for item in objects(content)] == [(7, None), (8, b"abc\n"), (7, None)]


def test_a_stream_is_as_long_as_another_object_says():
    content = b"5 0 obj<</Length 6 0 R>>stream\na endstream b\nendstream endobj\n6 0 obj 13 endobj"

    assert objects(content)[0].stream == b"a endstream b"


def test_a_stream_that_is_not_as_long_as_is_said_ends_at_its_end_and_is_told():
    found = objects(b"5 0 obj<</Length 99>>stream\nabc\nendstream endobj")[0]

    assert (found.stream, found.unlike) == (b"abc\n", True)


def test_objects_in_a_stream_end_where_the_next_begins_in_whatever_order():
    item = Object(1, b"<</Type/ObjStm/First 13>>", b"")

    assert {one.number: one.head for one in pdf_syntax.objects_within(item, b"8 3 9 0 10 5 abcdefg")} == {
        9: b"abc",
        8: b"de",
        10: b"fg",
    }


def test_literals_may_be_deep():
    assert list(pdf_syntax.literals(rb"/A(b(c(d(e(f)g)h)i)j\)k)/L(m)")) == [rb"b(c(d(e(f)g)h)i)j\)k", b"m"]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "piece",
    [b"1 0 obj<</Length 5 0 R>>stream\nx endstream ", b"1 0 obj\n", b"1 %", b"(", b"<<", b"<</A(", b"stream endobj "],
)
def test_hostile_syntax_is_walked_in_bounded_time(piece):
    content = piece * (1_000_000 // len(piece))

    for item in objects(content):
        pdf_syntax.entries(item.head)
    pdf_syntax.entries(content)

    assert sum(map(len, pdf_syntax.literals(content))) <= len(content)


@pytest.mark.parametrize(
    "head",
    [
        b"<</A/B/C 1>>", b"<</A/B/C>>", b"<<>>", b"<</A 1 0 R/B[1 0 R<41>]/C<</D<</E 1>>>>/F(x)/G<41 42>>>",
        b" <</A null/A 2/B true >> ", b"<</A[<</B 1>>]>>", b"<</A(x\\)y)/B 1>>", b"<</A % note\n1/B 2>>",
        b"<</A<</B[(x)]>>/C 3>>",
        b"<</A 1 (x) 2/B 1>>", b"[<</A 1>>]", b"<</A 1", b"<</A\x001/B 2>>", b"<</A[[1]2]/B<</C<</D<</E 1>>>>>>>>",
    ],
)  # fmt: skip
def test_the_short_way_through_a_dictionary_finds_what_the_long_one_does(head):
    assert pdf_syntax.entries(head) == pdf_syntax._entries_one_by_one(head)


def test_an_array_has_dictionaries_and_references_in_their_order():
    array = b"[5 0 R<</A[1 0 R]>>(8 0 R) 6 0 R 7 0 R]"

    assert list(pdf_syntax.items(array)) == [b"5 0 R", b"<</A[1 0 R]>>", b"6 0 R", b"7 0 R"]


@pytest.mark.parametrize(
    ("value", "found"), [(b"(a\\(b)", "a(b"), (b" <FEFF0041> ", "A"), (b"<</A 1>>", ""), (b"/A", ""), (b"", "")]
)
def test_a_string_is_text_in_either_spelling(value, found):
    assert pdf_syntax.string_in(value) == found
