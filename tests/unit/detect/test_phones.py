# SPDX-License-Identifier: GPL-3.0-or-later
"""Phone numbers are found in every grouping, misread, and read out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.register.people import Kind, Value

WHOLE = [
    "07700900123", "07700 900123", "07700-900-123", "07700.900.123", "07700/900123", "(07700) 900 123",
    "[07700] 900123", "+44 (0)7700 900123", "+447700900123", "0044 7700 900123", "00447700900123",
    "0044 (0) 7700 900 123", "0 7 7 0 0 9 0 0 1 2 3", "0.7.7.0.0.9.0.0.1.2.3", "0,7,7,0,0,9,0,0,1,2,3",
    "07700\n900\n123", "07700_900_123", "07700, 900, 123", "07700:900:123", "07700 \u2022 900 \u2022 123",
    "07700 | 900 | 123", "０７７００ ９００１２３", "0\u200b7700 900\u00ad123", "07700...900...123",
]  # fmt: skip


@pytest.mark.parametrize("number", WHOLE)
def test_a_phone_is_certain_however_it_is_grouped(number, in_whole):
    found = in_whole(f"ring {number} now")

    assert found.strengths("phone") == ["certain"]
    assert found.cut_out("phone")[0].strip("+([]") in number


MISREAD = [
    "O77OO 9OO123", "07700 900l23", "07700 900I23", "O7700 900 I23", "077OO 9OO I2З", "o7700 9oo 1z3",
    "oh seven seven double oh nine double oh one two three",
    "zero seven seven zero zero, nine zero zero, one two three",
    "0 double 7 double 0 9 double 0 123",
    "plus 44 seven seven double nought nine double nought one two three",
]  # fmt: skip


@pytest.mark.parametrize("number", MISREAD)
def test_a_phone_misread_or_read_out_is_likely_in_scope_and_nothing_in_the_whole_register(number, in_scope, in_whole):
    assert in_scope(f"ring {number} now").strengths("phone") == ["likely"]
    assert in_whole(f"ring {number} now").findings == ()


@pytest.mark.parametrize(
    ("sign", "digit"),
    [("O", "0"), ("o", "0"), ("I", "1"), ("l", "1"), ("S", "5"), ("B", "8"), ("Z", "2"), ("G", "6"), ("Q", "0")],
)
def test_every_sign_that_is_misread_for_a_digit_is_taken_for_it(sign, digit, in_scope):
    value = Value(Kind.PHONE, f"07700 900{digit}33")

    assert in_scope(f"ring 07700 900{sign}33", value).strengths("phone") == ["likely"]


NOTHING = {
    "another number": "07700 900145",
    "two digits more": "07700 90012345",
    "hundreds": "07700 nine hundred one two three",
    "a list of small numbers": "0, 77, 0, 0, 90, 01, 2, 3",
    "times and dates": "at 07:7:00 on 9, 00:12:3",
    "letters alone": "oz oo sos boss lil",
    "read out and glued": "oh seven 700 900 one23",
    "read out in one word": "ohsevensevendoubleohninedoubleohonetwothree",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING.keys())
def test_other_numbers_are_no_phone(text, in_scope):
    assert in_scope(text).strengths("phone") == []


def test_a_ten_digit_identifier_misread_is_likely(in_scope, in_whole):
    number = Value(Kind.NHS_NUMBER, "999 000 0018")

    assert in_whole("NHS 999-000-0018", number).strengths("nhs_number") == ["certain"]
    assert in_scope("NHS 999 OOO OO18", number).strengths("nhs_number") == ["likely"]
    assert in_whole("NHS 999 OOO OO18", number).findings == ()


def test_a_whole_number_beside_a_misread_one_is_certain(in_whole):
    assert in_whole("07700 900123 or O7700 900l23").strengths("phone") == ["certain"]


@given(st.text(alphabet="01o9lIOoz5 -,:\n'twohdubleen", max_size=80))
def test_no_text_makes_it_fail(text):
    from safehold.detect.people import find
    from safehold.model import PartPath, Place, PlaceKind, Segment
    from safehold.register.index import Register
    from safehold.register.people import Person

    register = Register.build([Person("P-1", "safe", values=(Value(Kind.PHONE, "07700 900123"),))])
    segment = Segment(Place(PartPath(), PlaceKind.BODY), f"{text} oh seven {text}")

    for finding in find([segment], register, scope=frozenset({"P-1"}), whole=frozenset({"safe"})):
        assert 0 <= finding.span[0] < finding.span[1] <= len(segment.text)
