# SPDX-License-Identifier: GPL-3.0-or-later
"""Phone numbers of people in scope that do not stand there whole: in pieces, local, with a slip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.register.people import Kind, Value

LANDLINE = Value(Kind.PHONE, "01632 960123")
MOBILE = Value(Kind.PHONE, "07700 900123")

IN_PIECES = {
    "starts and ends": "Her number starts 01632 960 and ends 123.",
    "area code and number": "area code 01632, then 960-123",
    "two sentences": "The code is 01632. The rest of it is 960 123.",
    "two lines": "first half: 01632 960\nsecond half: 123",
    "two cells": "code\t01632\tnumber\t960123",
    "signs and then": "0 1 6 3 2, then 960, then 123",
    "a digit a line": "\n".join("01632960123"),
    "digits and words": "oh one six three two nine six oh one two three",
    "digits and words mixed": "01632, then nine six oh, then one two three",
    "words with words between": "oh one six three two and then nine six oh and at the end one two three",
    "international": "+44 then 1632 then 960123",
    "doubled": "oh one six three two, then nine six oh, one double two",
}


@pytest.mark.parametrize("text", IN_PIECES.values(), ids=IN_PIECES.keys())
def test_a_phone_in_pieces_is_found_in_scope(text, in_scope, in_whole):
    number = Value(Kind.PHONE, "01632 960122") if "double" in text else LANDLINE

    assert set(in_scope(text, number).strengths("phone")) & {"likely", "certain"}


def test_pieces_with_words_between_are_likely_and_nothing_in_the_whole_register(in_scope, in_whole):
    text = IN_PIECES["starts and ends"]

    assert in_scope(text, LANDLINE).strengths("phone") == ["likely"]
    assert in_scope(text, LANDLINE).cut_out("phone") == ["01632 960 and ends 123"]
    assert in_whole(text, LANDLINE).findings == ()


LOCAL = ["Ring 960123", "ring 960 123 soon", "Tel. 960-123.", "960123"]


@pytest.mark.parametrize("text", LOCAL)
def test_a_local_number_is_a_hint_and_with_its_area_code_elsewhere_likely(text, in_scope, in_whole):
    assert in_scope(text, LANDLINE).strengths("phone") == ["hint"]
    assert in_scope(f"{text}\n\nThe code for here is 01632 as you know, 5 or 6 digits follow.", LANDLINE).strengths(
        "phone"
    ) == ["likely"]
    assert in_scope(f"{text}\n\nOffice: 01632 960999", LANDLINE).strengths("phone") == ["likely"]
    assert in_whole(text, LANDLINE).findings == ()


NO_LOCAL = {
    "another area": "01233 960123",
    "a sum": "960,123",
    "money": "GBP 12.960123",
    "longer": "960 1234",
    "goes on": "960 123 45",
    "inside": "1 960 123",
    "part of a word": "A960123",
    "mobiles have none": "900123",
}


@pytest.mark.parametrize("text", NO_LOCAL.values(), ids=NO_LOCAL.keys())
def test_other_numbers_are_no_local_number(text, in_scope):
    assert in_scope(text, LANDLINE, MOBILE).strengths("phone") == []


SLIPS = {
    "a digit differs": "01632 960124",
    "two swapped": "01632 960132",
    "two swapped in the middle": "01632 690123",
    "one missing": "01632 96012",
    "one too many": "01632 9600123",
    "international": "+44 1632 960 132",
}


@pytest.mark.parametrize("text", SLIPS.values(), ids=SLIPS.keys())
def test_a_number_with_one_slip_is_a_hint_in_scope_and_nothing_else(text, in_scope, in_whole):
    assert in_scope(f"ring {text}.", LANDLINE).strengths("phone") == ["hint"]
    assert in_whole(f"ring {text}.", LANDLINE).findings == ()


OTHERS = {
    "two digits": "01632 960145",
    "another area": "01233 960123",
    "two swaps": "01632 690132",
    "a list of small numbers": "0, 16, 3, 2, 96, 01, 2, 3",
    "far apart": "01632 960 " + "and so on, and so on. " * 20 + "123",
    "words between and other numbers": "01632 or 5 times 960 times 123",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_other_numbers_are_none(text, in_scope):
    assert in_scope(text, LANDLINE).strengths("phone") == []


def test_a_number_of_another_country_is_not_looked_for_in_pieces(in_scope):
    number = Value(Kind.PHONE, "+31 20 555 0123")

    assert in_scope("555 0123", number).strengths("phone") == []


@given(st.text(alphabet="0169324 -,.\n'onetwohdubl", max_size=80))
def test_no_text_makes_it_fail(text):
    from safehold.detect.people import find
    from safehold.model import PartPath, Place, PlaceKind, Segment
    from safehold.register.index import Register
    from safehold.register.people import Person

    register = Register.build([Person("P-1", "safe", values=(LANDLINE, MOBILE))])
    segment = Segment(Place(PartPath(), PlaceKind.BODY), f"{text} 01632 {text} 123")

    for finding in find([segment], register, scope=frozenset({"P-1"}), whole=frozenset()):
        assert 0 <= finding.span[0] < finding.span[1] <= len(segment.text)
