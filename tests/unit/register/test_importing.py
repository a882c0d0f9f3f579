# SPDX-License-Identifier: GPL-3.0-or-later
"""Register files of every format become the same people, or all that is wrong with them."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.errors import ComplaintsError
from safehold.register.importing import parse
from safehold.register.people import Kind, to_record

YAML = b"""
- id: P-0042
  register: safe-addresses
  values:
    - {kind: address, value: "12b Acacia Road, Ashford TN23 1AB", known_to: F-1, secret: yes, from: , to: 2025-01-01}
    - {kind: phone, value: 0770 0900123}
    - {kind: nhs_number, value: 999 000 0018}
    - kind: name
      value: NO
  adverse:
    - id: F-1
      name: Karl Novak
      emails: [karl@example.org]
      routes: [{email: prison@example.org, why: prison mailbox}]
  authorised: [{domain: nhs.example, purpose: care, to: 2030-01-01}, {role: guardian}]
  former_contacts: [{email: old@example.org, ended: 2025-01-31}]
  subject: own@example.org
  review_by: ~
"""

CSV = b"""\
id,register,kind,value,known_to,secret,from,to,adverse_id,adverse_name,adverse_email,adverse_route,adverse_route_why,\
authorised_domain,authorised_role,authorised_purpose,authorised_to,former_email,former_ended,subject
P-0042,safe-addresses,address,"12b Acacia Road, Ashford TN23 1AB",F-1,yes,,2025-01-01,F-1,Karl Novak,\
karl@example.org,,,\
nhs.example,,care,2030-01-01,old@example.org,2025-01-31,own@example.org
P-0042,,phone,0770 0900123,,,,,F-1,,,prison@example.org,prison mailbox,,guardian,,,,,
P-0042,,nhs_number,999 000 0018,,,,,,,,,,,,,,,,
P-0042,,name,NO,,,,,,,,,,,,,,,,
"""


def complaints_of(file_name, content):
    with pytest.raises(ComplaintsError) as caught:
        parse(file_name, content if isinstance(content, bytes) else content.encode())
    return caught.value.complaints


def one(**fields):
    """Return a JSON Lines file of one person with these fields."""
    return json.dumps({"id": "P-1", "register": "safe"} | fields)


# -- what is right --------------------------------------------------------------------------------------------------


def test_yaml_scalars_are_text():
    """YAML 1.1 would make a bool of NO, an octal number of 0770... and a date of 2025-01-01."""
    (person,) = parse("people.yaml", YAML)

    assert person.values[1].value == "0770 0900123"
    assert person.values[3].value == "NO"
    assert person.values[0].end == date(2025, 1, 1)
    assert person.values[0].secret
    assert person.adverse[0].routes[0].why == "prison mailbox"
    assert person.review_by is None


@pytest.mark.parametrize("file_name", ["people.json", "people.jsonl", "people.ndjson", "people.csv"])
def test_every_format_says_the_same(file_name):
    people = parse("people.yaml", YAML)
    record = json.dumps(to_record(people[0]))
    content = {"json": f"[\n{record}\n]", "csv": CSV.decode()}.get(file_name.rpartition(".")[2], record)

    assert parse(file_name, content.encode()) == people


def test_an_export_can_be_imported_again():
    people = parse("people.yaml", YAML)
    lines = "\n".join(json.dumps(to_record(person)) for person in people)

    assert parse("export.jsonl", lines.encode()) == people


def test_a_yaml_file_may_name_its_register_once():
    people = parse("p.yaml", b"register: refuge\npeople:\n- {id: P-1}\n- {id: P-2, register: other}\n")

    assert [person.register for person in people] == ["refuge", "other"]


@pytest.mark.parametrize("content", [b"", b"[]", b"---\n---\n"], ids=["empty", "empty list", "empty documents"])
def test_an_empty_yaml_file_has_no_people(content):
    assert parse("p.yaml", content) == ()


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter():
    assert parse("p.csv", b"\xef\xbb\xbfid,register,kind,value\r\nP-1,safe,name,Jane Doe\r\n")[0].id == "P-1"


def test_csv_cells_hold_several_entries_apart_by_semicolons():
    (person,) = parse(
        "p.csv", b"id,register,adverse_id,adverse_email,subject\nP-1,s,F-1,a@b.test;c@d.test,e@f.test ; g@h.test\n"
    )

    assert person.adverse[0].emails == ("a@b.test", "c@d.test")
    assert person.subject == ("e@f.test", "g@h.test")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_value_is_accepted(kind):
    values = {
        Kind.ADDRESS: "Rose Cottage, Church Lane, Little Snoring",
        Kind.POSTCODE: "tn231ab",
        Kind.UPRN: "100012345678",
        Kind.PHONE: "+44 (0)7700 900123",
        Kind.EMAIL: "jane.o'doe+x@sub.example.org",
        Kind.NAME: "Jane Doe",
        Kind.ALIAS: "Мария Иванова",
        Kind.SCHOOL: "Hill Top Primary",
        Kind.VEHICLE: "AB12 CDE",
        Kind.CASE_REFERENCE: "ZZ20P00001",
        Kind.NHS_NUMBER: "999 000 0018",
        Kind.CHI: "999 000 0018",
        Kind.NINO: "QQ 12 34 56 A",
    }

    (person,) = parse("p.jsonl", one(values=[{"kind": kind, "value": values[kind]}]).encode())

    assert person.values[0].kind is kind


# -- what is wrong --------------------------------------------------------------------------------------------------

WRONG_VALUE = {
    "address without a place": ("address", "somewhere"),
    "half a postcode": ("postcode", "TN23"),
    "letters in a UPRN": ("uprn", "10001X"),
    "short phone number": ("phone", "12345"),
    "words for a phone number": ("phone", "ask 07700 900123"),
    "no at": ("email", "jane.example.org"),
    "two addresses": ("email", "a@b.test, c@d.test"),
    "dots in a row": ("email", "a@b..test"),
    "no letters": ("name", "12"),
    "long mark": ("vehicle", "AB12 CDEFG"),
    "short reference": ("case_reference", "A1"),
    "reference without digits": ("case_reference", "abcdef"),
    "wrong check digit": ("nhs_number", "999 000 0019"),
    "nine digits": ("nhs_number", "999 000 001"),
    "one letter": ("nino", "Q1 23 45 67 A"),
}


@pytest.mark.parametrize(("kind", "value"), WRONG_VALUE.values(), ids=WRONG_VALUE.keys())
def test_a_value_of_the_wrong_shape_is_refused_and_not_repeated(kind, value):
    (complaint,) = complaints_of("p.jsonl", one(values=[{"kind": kind, "value": value}]))

    assert complaint.line == 1
    assert "`values[1].value`" in complaint.message
    assert value not in complaint.text()


WRONG_PERSON = {
    "unknown field": ({"registre": "x"}, "unknown-field", "did you mean `register`?"),
    "unknown kind": ({"values": [{"kind": "adress", "value": "x"}]}, "unknown-kind", "did you mean `address`?"),
    "value without kind": ({"values": [{"value": "x"}]}, "missing-field", ""),
    "value without value": ({"values": [{"kind": "name", "value": " "}]}, "missing-field", ""),
    "not a date": ({"review_by": "31/01/2025"}, "date", ""),
    "no such day": ({"review_by": "2025-02-30"}, "date", ""),
    "ends before it begins": (
        {"values": [{"kind": "name", "value": "Jane Doe", "from": "2025-02-01", "to": "2025-01-01"}]}, "dates", "",
    ),
    "secret is not yes or no": ({"values": [{"kind": "name", "value": "Jane Doe", "secret": "maybe"}]}, "form", ""),
    "known to somebody unknown": (
        {"values": [{"kind": "name", "value": "Jane Doe", "known_to": ["F-1"]}]}, "unknown-party", "",
    ),
    "party twice": ({"adverse": [{"id": "F-1", "name": "A B"}, {"id": "F-1", "name": "C D"}]}, "duplicate-id", ""),
    "party without id": ({"adverse": [{"name": "A B"}]}, "missing-field", ""),
    "party called all": ({"adverse": [{"id": "all", "name": "A B"}]}, "id", ""),
    "party that nothing is known of": ({"adverse": [{"id": "F-1"}]}, "unknowable", ""),
    "route without mailbox": ({"adverse": [{"id": "F-1", "routes": [{"why": "x"}]}]}, "missing-field", ""),
    "authorised twice over": ({"authorised": [{"email": "a@b.test", "role": "r"}]}, "one-of", ""),
    "authorised nobody": ({"authorised": [{"purpose": "care"}]}, "one-of", ""),
    "not a domain": ({"authorised": [{"domain": "nhs"}]}, "form", ""),
    "former contact of neither kind": ({"former_contacts": [{"ended": "2025-01-31"}]}, "one-of", ""),
    "subject is no mailbox": ({"subject": ["jane"]}, "form", ""),
    "values is no list": ({"values": "x"}, "shape", ""),
    "id with a space": ({"id": "P 1"}, "form", ""),
    "register with capitals": ({"register": "Safe"}, "form", ""),
    "endless value": ({"values": [{"kind": "name", "value": "x" * 2000}]}, "too-long", ""),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "code", "hint"), WRONG_PERSON.values(), ids=WRONG_PERSON.keys())
def test_a_wrong_person_is_refused_with_a_reason(fields, code, hint):
    (complaint,) = complaints_of("p.jsonl", one(**fields))

    assert (complaint.code, complaint.source) == (code, "")
    assert hint in complaint.hint


def test_all_complaints_come_at_once_with_their_places():
    content = b"- id: P-1\n  register: safe\n  subject: [jane]\n- {id: P-1, register: safe}\n- text\n"

    places = [(complaint.line, complaint.column, complaint.code) for complaint in complaints_of("p.yaml", content)]

    assert places == [(3, 13, "form"), (4, 3, "duplicate-id"), (5, 3, "shape")]


def test_one_wrong_person_keeps_all_others_out():
    lines = [one(id=f"P-{number}") for number in range(3)] + [one(id="P-9", review_by="soon")]

    (complaint,) = complaints_of("p.jsonl", "\n".join(lines))

    assert complaint.line == 4


YAML_TRAPS = {
    "duplicate field": (b"- {id: P-1, id: P-2, register: s}", "duplicate-field"),
    "anchor": (b"- &a {id: P-1, register: s}", "alias"),
    "alias bomb": (b"- {id: P-1, register: s, subject: &a [a@b.test]}\n- {id: P-2, register: s, subject: *a}", "alias"),
    "tag": (b"- {id: !!python/object:os.system P-1, register: s}", "tag"),
    "deep": (b"[" * 200, "too-deep"),
    "field that is a list": (b"- {[a]: b, id: P-1, register: s}", "field"),
    "broken": (b"a: [\n", "yaml"),
    "control sign": (b'x: "\x00"', "yaml"),
    "not UTF-8": (b"- id: P-1\n  register: \xff", "encoding"),
}


@pytest.mark.parametrize(("content", "code"), YAML_TRAPS.values(), ids=YAML_TRAPS.keys())
def test_what_no_register_needs_is_refused_in_yaml(content, code):
    assert code in {complaint.code for complaint in complaints_of("p.yaml", content)}


JSON_TRAPS = {
    "duplicate field": ("p.jsonl", b'{"id":"P-1","register":"s","id":"P-2"}', "duplicate-field", 1),
    "broken line": ("p.jsonl", b'\n{"id":', "json", 2),
    "two values on a line": ("p.jsonl", b'{"id":"P-1","register":"s"} {}', "json", 1),
    "deep": ("p.json", b"[" * 100_000, "too-deep", 1),
    "deep person": ("p.jsonl", b'{"id":' + b"[" * 40 + b"]" * 40 + b"}", "too-deep", 1),
    "broken list": ("p.json", b'[{"id":"P-1","register":"s"}\n{"id":', "json", 2),
    "text after the list": ("p.json", b"[]\nx", "json", 1),
    "a huge number": ("p.jsonl", b'{"id":' + b"9" * 10_000 + b',"register":"s"}', "form", 1),
}


@pytest.mark.parametrize(("file_name", "content", "code", "line"), JSON_TRAPS.values(), ids=JSON_TRAPS.keys())
def test_what_no_register_needs_is_refused_in_json(file_name, content, code, line):
    assert (code, line) in {(complaint.code, complaint.line) for complaint in complaints_of(file_name, content)}


CSV_TRAPS = {
    "unknown column": (b"id,register,knd\nP-1,s,x", "unknown-column", 1),
    "no id column": (b"register,kind\ns,x", "missing-field", 1),
    "column twice": (b"id,register,id\nP-1,s,P-2", "duplicate-field", 1),
    "empty id": (b"id,register\n,s", "missing-field", 2),
    "registers differ": (b"id,register\nP-1,s\nP-1,t", "conflict", 3),
    "names of a party differ": (b"id,register,adverse_id,adverse_name\nP-1,s,F-1,A B\nP-1,s,F-1,C D", "conflict", 3),
    "party without id": (b"id,register,adverse_name\nP-1,s,A B", "missing-field", 2),
    "too many cells": (b"id,register\nP-1,s,12 Acacia Road", "csv", 2),
    "open quote": (b'id,register\nP-1,"s', "csv", 2),
    "wrong value after a cell of two lines": (
        b'id,register,kind,value\nP-1,s,address,"12 Acacia Road\nAshford"\nP-1,s,phone,x', "form", 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "line"), CSV_TRAPS.values(), ids=CSV_TRAPS.keys())
def test_what_is_wrong_in_csv_is_named_by_row(content, code, line):
    assert (code, line) in {(complaint.code, complaint.line) for complaint in complaints_of("p.csv", content)}


def test_csv_complaints_name_the_column():
    (complaint,) = complaints_of("p.csv", b"id,register,kind,value,from\nP-1,s,name,Jane Doe,soon\n")

    assert complaint.message == "column `from` is not a calendar date; expected the form 1980-02-28"
    assert complaint.column == 5


@pytest.mark.parametrize("file_name", ["people.txt", "people", "people.xlsx"])
def test_an_unknown_format_is_refused(file_name):
    assert [complaint.code for complaint in complaints_of(file_name, b"")] == ["format"]


@given(st.binary(max_size=300), st.sampled_from(["p.yaml", "p.json", "p.jsonl", "p.csv"]))
def test_no_bytes_make_the_import_fail_otherwise(content, file_name):
    try:
        parse(file_name, content)
    except ComplaintsError as error:
        assert error.complaints


@given(
    st.lists(
        st.sampled_from(
            ["id: P-1", "register: s", "values:", "- kind: name", "  value: Secretword", "{", "[", "Secretword: x"]
        ),
        max_size=8,
    )
)
def test_no_complaint_repeats_a_value(lines):
    try:
        parse("p.yaml", "\n".join(lines).encode())
    except ComplaintsError as error:
        assert "Secretword" not in error.text().replace("field `Secretword`", "")


# -- what spreadsheets and people write -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("id;register;kind;value\nP-1;s;address;12 Acacia Road, Ashford TN23 1AB\n", id="semicolons"),
        pytest.param("id\tregister\tkind\tvalue\nP-1\ts\taddress\t12 Acacia Road, Ashford TN23 1AB\n", id="tabs"),
        pytest.param('sep=;\r\nid;register;kind;value\r\nP-1;s;address;"12 Acacia Road, Ashford TN23 1AB"', id="sep"),
        pytest.param('id,register,kind,value,,\nP-1,s,address,"12 Acacia Road, Ashford TN23 1AB",,\n', id="once wider"),
    ],
)
def test_csv_is_taken_as_spreadsheets_write_it(content):
    (person,) = parse("p.csv", content.encode())

    assert person.values[0].value == "12 Acacia Road, Ashford TN23 1AB"


def test_in_a_file_with_semicolons_a_cell_of_several_stands_in_quotes():
    (person,) = parse("p.csv", b'id;register;adverse_id;adverse_email\nP-1;s;F-1;"a@b.test;c@d.test"\n')

    assert person.adverse[0].emails == ("a@b.test", "c@d.test")


def test_all_columns_are_named_once():
    found = complaints_of("p.csv", b"id,register,zzz,yyy,xxx\nP-1,s,a,b,c\n")

    assert [c.code for c in found] == ["unknown-column"] * 3
    assert sum("expected one of" in c.hint for c in found) == 1


def test_a_table_without_any_of_our_columns_is_told_what_the_first_line_is_for():
    (only,) = complaints_of("p.csv", b"Nummer,Name\n1,x\n")

    assert "id,register,kind,value" in only.hint


def test_an_open_quote_is_shown_at_the_row_that_opens_it():
    found = complaints_of("p.csv", b'id,register,kind,value\nP-1,s,name,"Jane Doe\nP-2,s,name,Jim Doe\nP-3,s,name,Jo\n')

    assert [(c.line, c.code) for c in found] == [(2, "csv")]
    assert "is not closed" in found[0].hint


def test_text_in_another_encoding_is_told_what_excel_calls_the_right_one():
    assert "CSV UTF-8" in complaints_of("p.csv", b"id,register,kind,value\nP-1,s,name,Jos\xe9\n")[0].hint


@pytest.mark.parametrize(
    ("file_name", "content"),
    [
        ("p.yaml", "- {id: P-1, register: s, values: [{kind: address, value: 4 Heol y Bont, Pontyfelin}]}"),
        ("p.yaml", "- {id: P-1, register: s, Pontyfelin: 1}"),
        ("p.yaml", "- {id: P-1, register: s, Pontyfelin: 1, Pontyfelin: 2}"),
        ("p.yaml", "people: [{id: P-1, register: s}]\nPontyfelin: 1"),
        ("p.jsonl", '{"id": "P-1", "register": "s", "adverse": [{"id": "F-1", "Pontyfelin": 1}]}'),
        ("p.yaml", "- {id: P-1, register: s, values: [{kind: address, value: Pontyfelin: y Bont}]}"),
        ("p.csv", "id,register,Pontyfelin\nP-1,s,x"),
    ],
)
def test_a_name_that_is_not_ours_may_be_a_piece_of_a_value_and_is_never_said(file_name, content):
    assert "Pontyfelin" not in "".join(c.text() for c in complaints_of(file_name, content))


def test_a_field_without_a_value_is_told_of_the_comma():
    (only,) = complaints_of("p.yaml", "- {id: P-1, register: s, values: [{kind: address, value: 4 Heol y Bont, Bro}]}")

    assert (only.code, only.message) == ("unknown-field", "unknown field of `values[1]`")
    assert "a comma in it needs quotes" in only.hint
