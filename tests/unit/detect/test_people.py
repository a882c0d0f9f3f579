# SPDX-License-Identifier: GPL-3.0-or-later
"""What a text holds of the people searched for, and what it does not."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.people import find, search
from safehold.model import PartPath, Place, PlaceKind, Segment, Strength, Visibility
from safehold.register.index import Register
from safehold.register.people import Kind, Person, Value

ADDRESS = "12 Acacia Road, Ashford, Kent TN23 1AB"


def make_register(*values, **people):
    """Return a register of P-1 with these values, and of the other people with theirs."""
    others = [Person(name.replace("_", "-"), "safe", values=tuple(theirs)) for name, theirs in people.items()]
    return Register.build([Person("P-1", "safe", values=values), *others])


def address(text=ADDRESS):
    return Value(Kind.ADDRESS, text)


def segment(text, number=None, kind=PlaceKind.BODY, visibility=Visibility.VISIBLE, part=()):
    return Segment(Place(PartPath(part), kind, number), text, visibility)


def in_scope(text, register, *people):
    return find([segment(text)], register, scope=frozenset(people or {"P-1"}), whole=frozenset())


def in_whole(text, register):
    return find([segment(text)], register, scope=frozenset(), whole=frozenset({"safe"}))


def strengths(findings, field="address"):
    return [finding.strength for finding in findings if finding.field == field]


# -- whole values ---------------------------------------------------------------------------------------------------

WHOLE = {
    "phone": (Kind.PHONE, "07700 900123", "ring 07700900123 now", "07700900123"),
    "phone, international": (Kind.PHONE, "07700 900123", "ring +44 (0)7700-900.123", "44 (0)7700-900.123"),
    "phone, 00": (Kind.PHONE, "+44 7700 900123", "ring 0044 7700 900 123", "0044 7700 900 123"),
    "phone after a reference": (Kind.PHONE, "07700 900123", "ref 123 07700 900123", "07700 900123"),
    "e-mail": (Kind.EMAIL, "jane.doe@example.org", "to <Jane.Doe@EXAMPLE.org>", "Jane.Doe@EXAMPLE.org"),
    "e-mail with a tag": (Kind.EMAIL, "jane.doe@example.org", "jane.doe+x@example.org,", "jane.doe+x@example.org"),
    "e-mail in a link": (Kind.EMAIL, "jane@example.org", "https://x.test/?to=jane@example.org", "jane@example.org"),
    "e-mail spelt out": (Kind.EMAIL, "jane.doe@example.org", "jane (dot) doe [at] example (dot) org", None),
    "e-mail over a line end": (Kind.EMAIL, "jane@example.org", "to jane@\nexample.org", "jane@\nexample.org"),
    "e-mail in letters": (Kind.EMAIL, "jane@example.org", "j a n e @ e x a m p l e . o r g", None),
    "e-mail in words": (Kind.EMAIL, "jane@example.org", "mail jane at example dot org soon", "jane at example dot org"),
    "NHS number": (Kind.NHS_NUMBER, "999 000 0018", "NHS no 999-000-0018", "999-000-0018"),
    "NINO": (Kind.NINO, "QQ123456A", "NI: qq 12 34 56 a", "qq 12 34 56 a"),
    "NINO without its letter": (Kind.NINO, "QQ123456A", "NI: QQ123456", "QQ123456"),
    "UPRN": (Kind.UPRN, "100012345678", "UPRN: 100012345678", "100012345678"),
    "vehicle": (Kind.VEHICLE, "ZZ99 ZZZ", "a blue car, zz99zzz", "zz99zzz"),
    "case reference": (Kind.CASE_REFERENCE, "ZZ20P00001", "case ZZ20 P00001", "ZZ20 P00001"),
}


@pytest.mark.parametrize(("kind", "value", "text", "cut_out"), WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_unique_value_is_certain_and_well_placed(kind, value, text, cut_out):
    (finding,) = in_whole(text, make_register(Value(kind, value)))

    assert (finding.field, finding.strength, finding.value) == (kind.value, Strength.CERTAIN, 0)
    assert text[slice(*finding.span)] == (cut_out or text)


NOT_WHOLE = {
    "another phone": (Kind.PHONE, "07700 900123", "ring 07700 900145"),
    "longer number": (Kind.PHONE, "07700 900123", "07700 90012345"),
    "inside a number": (Kind.PHONE, "07700 900123", "3077009001231"),
    "longer local part": (Kind.EMAIL, "doe@example.org", "jane.doe@example.org"),
    "longer domain": (Kind.EMAIL, "doe@example.org", "doe@example.org.test"),
    "UPRN without the word": (Kind.UPRN, "100012345678", "order 100012345678"),
    "reference inside a word": (Kind.CASE_REFERENCE, "ZZ20P00001", "XZZ20P00001"),
    "another NINO": (Kind.NINO, "QQ123456A", "QQ 12 34 57 A"),
    "NHS number with a digit more": (Kind.NHS_NUMBER, "999 000 0018", "999 000 00181"),
}


@pytest.mark.parametrize(("kind", "value", "text"), NOT_WHOLE.values(), ids=NOT_WHOLE.keys())
def test_another_value_or_part_of_one_is_nothing(kind, value, text):
    assert in_scope(text, make_register(Value(kind, value))) == ()


def test_the_heading_of_a_table_is_the_context_of_its_cells():
    register = make_register(Value(Kind.UPRN, "100012345678"))
    sheet = segment("UPRN\tTown\n" + "1\tAshford\n" * 20 + "100012345678\tAshford", kind=PlaceKind.SHEET)

    findings = find([sheet], register, scope=frozenset(), whole=frozenset({"safe"}))

    assert [finding.field for finding in findings] == ["uprn"]


@pytest.mark.parametrize("text", ["Maria Winterbourne", "WINTERBOURNE, Maria", "maria\nwinterbourne"])
def test_a_secret_alias_is_certain(text):
    register = make_register(Value(Kind.ALIAS, "Maria Winterbourne", secret=True))

    assert strengths(in_whole(f"She is now {text}.", register), "alias") == [Strength.CERTAIN]


def test_an_alias_that_is_no_secret_is_a_name_like_any_other():
    register = make_register(Value(Kind.ALIAS, "Maria Winterbourne"))

    assert in_whole("Maria Winterbourne", register) == ()
    assert strengths(in_scope("Maria Winterbourne", register), "alias") == [Strength.LIKELY]


# -- names ----------------------------------------------------------------------------------------------------------

NAMED = {
    "as registered": "saw Margaret Doering today",
    "nickname": "saw Peggy Doering today",
    "initial": "saw M. Doering today",
    "surname first": "Doering, Margaret: present",
    "middle name": "Margaret Ann Doering",
    "possessive": "Margaret Doering's house",
    "surname misspelt": "Margaret Doerng",
    "forename misspelt": "Margret Doering",
    "over a line end": "Margaret\nDoering",
    "upper case": "MARGARET DOERING",
    "lower case": "margaret doering",
}


@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED.keys())
def test_the_name_of_a_person_in_scope_is_likely(text):
    register = make_register(Value(Kind.NAME, "Margaret Doering"))

    assert strengths(in_scope(text, register), "name") == [Strength.LIKELY]
    assert in_whole(text, register) == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Doering said", id="surname alone"),
        pytest.param("Margaret said", id="forename alone"),
        pytest.param("Peter Doering", id="another forename"),
        pytest.param("Margaret. Then Doering", id="another sentence"),
        pytest.param("for Margaret; Doering went", id="apart"),
        pytest.param("Margret Doerng", id="both misspelt"),
    ],
)
def test_half_a_name_or_another_is_nothing(text):
    assert in_scope(text, make_register(Value(Kind.NAME, "Margaret Doering"))) == ()


@pytest.mark.parametrize(
    ("text", "is_found"), [("Mark Green came", True), ("please mark green boxes", False), ("MARK GREEN", True)]
)
def test_a_name_of_common_words_needs_its_capitals(text, is_found):
    assert bool(in_scope(text, make_register(Value(Kind.NAME, "Mark Green")))) is is_found


def test_a_name_is_as_strong_as_another_value_of_the_person():
    register = make_register(Value(Kind.NAME, "Margaret Doering"), Value(Kind.PHONE, "07700 900123"))

    findings = in_whole("Peggy Doering, 07700 900123", register)

    assert [(finding.field, finding.strength) for finding in findings] == [
        ("name", Strength.CERTAIN),
        ("phone", Strength.CERTAIN),
    ]


@pytest.mark.parametrize(
    ("text", "strength"),
    [("she attends Hill Top Primary School", Strength.HINT), ("Jane Doe of Hill Top Primary School", Strength.CERTAIN)],
    ids=["alone", "with the name"],
)
def test_a_school_is_a_hint_unless_the_name_is_there(text, strength):
    register = make_register(Value(Kind.NAME, "Jane Doe"), Value(Kind.SCHOOL, "Hill Top Primary School"))

    assert strengths(in_scope(text, register), "school") == [strength]


# -- places ---------------------------------------------------------------------------------------------------------


def test_an_address_may_begin_in_one_segment_and_end_in_the_next():
    segments = [segment("live at 12 Acacia", 1), segment("Road, Ashford", 2)]

    (finding,) = find(segments, make_register(address()), scope=frozenset({"P-1"}), whole=frozenset())

    assert (finding.segment, finding.place) == (0, segments[0].place)
    assert segments[0].text[slice(*finding.span)] == "12 Acacia"


@pytest.mark.parametrize(
    ("subject", "body"),
    [("about 12 Acacia", "Road, Ashford"), ("12", "Acacia Road, Ashford"), ("12 Acacia Road", "Ashford, as ever")],
)
def test_an_address_may_begin_in_the_subject_and_end_in_the_body(subject, body):
    segments = [
        segment(subject, kind=PlaceKind.SUBJECT),
        segment("Frank Farrier", kind=PlaceKind.HEADER),
        segment(body, part=("1",)),
    ]

    (finding,) = find(segments, make_register(address()), scope=frozenset(), whole=frozenset({"safe"}))

    assert finding.place.kind is PlaceKind.SUBJECT


def test_what_is_found_in_cells_is_placed_in_the_cell_where_it_begins():
    place = Place(PartPath(), PlaceKind.SHEET, 2, row=7, column=2)
    rows = Segment(place, "Jo\tcall 12 Acacia Road\tTN23 1AB\nx\ty\t07700 900123")
    register = make_register(address(), Value(Kind.PHONE, "07700 900123"))

    findings = find([rows], register, scope=frozenset({"P-1"}), whole=frozenset())

    assert {(finding.field, finding.place.cell) for finding in findings} == {("address", "C7"), ("phone", "D8")}
    assert segment("x").place_at(1).cell == ""


def test_a_postcode_may_begin_in_the_subject_and_end_in_the_body():
    segments = [segment("TN23", kind=PlaceKind.SUBJECT), segment("Hello,\n\nit is 1AB.", part=("1",))]

    findings = find(segments, make_register(address()), scope=frozenset({"P-1"}), whole=frozenset())

    assert [finding.strength for finding in findings] == [Strength.LIKELY]


def test_each_subject_stands_before_the_body_of_its_own_message():
    segments = [
        segment("12 Acacia", kind=PlaceKind.SUBJECT),
        segment("first", part=("1",)),
        segment("other", kind=PlaceKind.SUBJECT, part=("2",)),
        segment("Road, Ashford", part=("2", "1")),
    ]

    assert find(segments, make_register(address()), scope=frozenset(), whole=frozenset({"safe"})) == ()


@pytest.mark.parametrize(
    "second",
    [segment("Road, Ashford", part=("2",)), segment("Road, Ashford", visibility=Visibility.HIDDEN)],
    ids=["another part", "another visibility"],
)
def test_segments_of_other_parts_and_visibilities_are_not_joined(second):
    findings = find(
        [segment("12 Acacia"), second], make_register(address()), scope=frozenset(), whole=frozenset({"safe"})
    )

    assert findings == ()


def test_a_long_text_is_searched_to_its_end_and_where_its_pieces_meet():
    filler = "nothing of note here. " * 2_900  # just under the size of a piece
    text = filler + " " * 100 + ADDRESS + ". " + filler + ADDRESS

    findings = in_whole(text, make_register(address()))

    assert [text[slice(*finding.span)] for finding in findings] == [ADDRESS, ADDRESS]


def test_findings_come_in_order_of_place():
    register = make_register(address(), Value(Kind.PHONE, "07700 900123"))

    spans = [finding.span for finding in in_scope(f"07700 900123 {ADDRESS} 07700 900123", register)]

    assert spans == sorted(spans)
    assert len(spans) == 3


# -- whom -----------------------------------------------------------------------------------------------------------


def test_nobody_is_found_who_is_not_asked_for():
    register = make_register(address(), P_2=[Value(Kind.PHONE, "07700 900123")])

    assert find([segment(ADDRESS)], register, scope=frozenset(), whole=frozenset()) == ()
    assert find([segment(ADDRESS)], register, scope=frozenset({"P-2", "P-9"}), whole=frozenset({"other"})) == ()
    assert [finding.person for finding in in_scope(f"{ADDRESS} 07700 900123", register, "P-2")] == ["P-2"]


def test_one_search_may_be_deep_for_some_and_wide_for_all():
    register = make_register(address(), P_2=[address("9 Birchwood Lane, Dover")])
    text = "Acacia Road, Ashford; 9 Birchwood Lane, Dover; Birchwood Lane, Dover"

    findings = find([segment(text)], register, scope=frozenset({"P-1"}), whole=frozenset({"safe"}))

    assert [(finding.person, finding.strength) for finding in findings] == [
        ("P-1", Strength.LIKELY),
        ("P-2", Strength.CERTAIN),
    ]


def test_the_reason_is_in_words_and_says_no_value():
    (finding,) = in_whole("12 Acacia Rd, Ashfrod TN23 1AB", make_register(address()))

    assert finding.why.startswith("house number, street, street type, town (one letter differs) and full postcode")
    for value in ("12", "acacia", "ashf", "tn23"):
        assert value not in finding.why.lower()


def test_no_text_makes_a_search_take_memory_without_end(monkeypatch):
    """A text with escapes is looked at once more without them, and every small table down its columns."""
    monkeypatch.setattr("safehold.detect.people._RENDERED", 500)
    register, scope = make_register(address()), frozenset({"P-1"})

    short = search([segment(ADDRESS + " &amp; more")], register, scope=scope, whole=frozenset())
    long = search([segment(ADDRESS + " &amp; more" * 100)], register, scope=scope, whole=frozenset())

    assert (short.is_complete, long.is_complete) == (True, False)
    assert strengths(long.findings) == [Strength.CERTAIN]


def test_a_search_that_is_cut_short_says_so(monkeypatch):
    monkeypatch.setattr("safehold.detect.people._CANDIDATES", 1)
    monkeypatch.setattr("safehold.detect.people._CANDIDATES_PER_CHARACTER", 0)
    register = make_register(address(), P_2=[address("12 Acacia Road, Dover")], P_3=[address("12 Acacia Road, Leeds")])

    found = search([segment(ADDRESS)], register, scope=frozenset(), whole=frozenset({"safe"}))

    assert not found.is_complete


def test_a_text_that_names_everybody_again_and_again_is_not_searched_to_the_end(monkeypatch):
    """Each finding costs memory in the milter; that there were more is said, and is no silence."""
    monkeypatch.setattr("safehold.detect.people._FOUND", 10)
    register, scope = make_register(address()), frozenset({"P-1"})

    found = search([segment(f"{ADDRESS}\n\n" * 50)], register, scope=scope, whole=frozenset())

    assert 0 < len(found.findings) <= 10
    assert not found.is_complete


# -- properties -----------------------------------------------------------------------------------------------------

REGISTER = make_register(
    address(),
    Value(Kind.NAME, "Margaret Doering"),
    Value(Kind.EMAIL, "peggy@example.org"),
    Value(Kind.NINO, "QQ123456A"),
    P_2=[address("Flat 2, 7b Old Mill Lane, Stoke-on-Trent ST4 2ZZ"), Value(Kind.POSTCODE, "LS1 1AA")],
)
TEXT = (
    "Margaret Doering has moved to 12 Acacia Road, Ashford, Kent TN23 1AB; write to peggy@example.org. Her number is "
    "QQ 12 34 56 A. The others are at Flat 2, 7b Old Mill Lane, Stoke-on-Trent, and near LS1 1AA."
)


def facts(text):
    findings = in_scope(text, REGISTER, "P-1", "P-2")
    return [(finding.person, finding.field, finding.value, finding.strength) for finding in findings]


def test_the_text_of_the_properties_holds_all_its_values():
    assert {field for _, field, _, _ in facts(TEXT)} == {"name", "address", "email", "nino", "postcode"}


@given(st.integers(0, len(TEXT)), st.sampled_from("\u200b\u200d\u00ad\u2060\u202e\ufeff"))
def test_an_invisible_character_changes_no_finding(place, sign):
    assert facts(TEXT[:place] + sign + TEXT[place:]) == facts(TEXT)


@given(st.lists(st.booleans(), min_size=len(TEXT), max_size=len(TEXT)))
def test_case_changes_no_finding(upper):
    text = "".join(sign.upper() if up else sign.lower() for sign, up in zip(TEXT, upper, strict=True))

    assert facts(text) == facts(TEXT)


@given(st.integers(8, 100), st.sampled_from(["\n", "\r\n", "\n> "]))
def test_wrapping_lines_changes_no_finding(width, line_end):
    lines = textwrap.wrap(TEXT, width, break_long_words=False, break_on_hyphens=True)

    assert facts(line_end.join(lines)) == facts(TEXT)


@given(st.integers(1, 999).filter(lambda number: number != 12))
def test_a_neighbours_number_takes_the_finding_away(number):
    assert ("P-1", "address", 0, Strength.CERTAIN) in facts(TEXT)

    assert not any(fact[:2] == ("P-1", "address") for fact in facts(TEXT.replace("12 Acacia", f"{number} Acacia")))


ODD_PIECES = [
    "'", "o'9", "1'2", '"', "\t", "\n", "<b>", "</b>", "&#", "\\u", "=20", "\u202e", "\u202c", "Page 1", "TN", "23",
    "1", "AB", "oh", "double", "9oo", "l", "XII", "no", "O", "Mc", "Doering", "-\n", "\ud800", "\u2474", ":", "  ",
]  # fmt: skip
ODD = st.lists(st.sampled_from(ODD_PIECES)).map("".join)


@given(st.text(max_size=200) | ODD)
def test_no_text_makes_it_fail_and_every_span_lies_in_its_segment(text):
    source = text + "12 Acacia Road, Ashford" + text

    for finding in in_scope(source, REGISTER, "P-1", "P-2"):
        assert 0 <= finding.span[0] < finding.span[1] <= len(source)


# Each of these, before its pattern or loop was bounded, could take time in the square of its length.  There is no
# clock here: what is not linear does not end within the time limit of a test.
HOSTILE = {
    "spaces": " ", "digits": "1", "less-than signs": "<", "at signs": "@", "at in words": "at ",
    "single letters": "a ", "single digits": "1 ", "mail halves": "a@", "dots": "a.", "hyphens": "a-\n",
    "escapes": "%41", "one word": "a", "number words": "twenty ", "street types": "road ", "apostrophes": "a'",
    "postcodes": "TN23 1AB ", "streets": "Acacia Road ", "addresses": ADDRESS + "\n", "names": "Margaret Doering ",
    "ranges": "12-14 ", "tags": "<b>", "attributes": "<a b='", "entities": "&amp;", "code points": "\\u0041",
    "octets": "=20a", "soft ends": "=\n", "escaped escapes": "%2541", "fields": "{'a':", "quotes": "'", "bars": "|a",
    "labels": "Lane: 1\n", "cells": "Acacia Road\t12\n", "tabs": "\t", "gaps": "   a   b\n", "overrides": "\u202e",
    "turned letters": "\u202ea\u202c", "backwards": "daor\n", "read out": "oh ", "doubled": "double ",
    "misread": "9oo ", "pieces of postcodes": "TN23 ", "other pieces": "1AB ", "digits apart": "1 2 ",
    "glued": "acaciaroadx ", "Roman digits": "no xxvii ", "particles": "Mc Doering ",
    "asides": "Margaret (Peg) Doering ", "marks": "a\u0301", "one letter a line": "T\nN\n2\n",
}  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_searched_in_linear_time(unit):
    text = unit * (100_000 // len(unit))

    found = search([segment(text)], REGISTER, scope=frozenset({"P-1", "P-2"}), whole=frozenset({"safe"}))

    assert found.is_complete
