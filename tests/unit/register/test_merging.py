# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new entry takes away is counted; what it adds is added, and nothing goes by accident."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.register.merging import conflict, joined, losses
from safehold.register.people import AdverseParty, Authorised, FormerContact, Kind, Person, Route, Value

ADDRESS = Value(Kind.ADDRESS, "12 Acacia Road, Ashford, TN99 9ZZ", frozenset({"F-1"}), secret=True)
PHONE = Value(Kind.PHONE, "07700 900123")
ALIAS = Value(Kind.ALIAS, "Robin Marsh", secret=True)
PARTY = AdverseParty(
    "F-1",
    "Karl Novak",
    emails=("karl@mail.example",),
    phones=("07700 900456",),
    addresses=("1 Elm Road, Ashford, TN99 9ZY",),
    routes=(Route("prison@mail.example", "prison"),),
)
WHOLE = Person(
    "R-1",
    "refuges",
    values=(ADDRESS, PHONE, ALIAS),
    adverse=(PARTY,),
    authorised=(Authorised(domain="nhs.example"),),
    former_contacts=(FormerContact(email="old@mail.example"),),
    subject=("own@mail.example",),
    conflicts=("staff@council.example",),
    review_by=date(2027, 1, 1),
)


@pytest.mark.parametrize(
    ("less", "words"),
    [
        pytest.param({"values": (PHONE,)}, "2 values", id="values"),
        pytest.param({"values": (PHONE,), "adverse": ()}, "2 values and 1 adverse party", id="a party as one"),
        pytest.param({"values": (replace(ADDRESS, secret=False), PHONE, ALIAS)}, "1 mark as secret", id="secret"),
        pytest.param({"values": (ADDRESS, PHONE, replace(ALIAS, secret=False))}, "1 mark as secret", id="secret alias"),
        pytest.param({"adverse": (replace(PARTY, emails=()),)}, "1 detail of an adverse party", id="mailbox"),
        pytest.param({"adverse": (replace(PARTY, name="", routes=()),)}, "2 details of adverse parties", id="name"),
        pytest.param({"authorised": ()}, "1 authorised recipient", id="authorised"),
        pytest.param({"former_contacts": ()}, "1 former contact", id="former"),
        pytest.param({"subject": ()}, "1 mailbox of the person's own", id="subject"),
        pytest.param({"conflicts": ()}, "1 conflict", id="conflicts"),
        pytest.param({"register": "shelters"}, "the place in register refuges", id="register"),
    ],
)
def test_what_an_entry_no_longer_says_is_a_loss(less, words):
    assert losses(WHOLE, replace(WHOLE, **less)) == words


@pytest.mark.parametrize(
    "same",
    [
        pytest.param({"values": (replace(ADDRESS, value="12 ACACIA ROAD  Ashford TN99 9ZZ"), PHONE, ALIAS)}, id="case"),
        pytest.param({"values": (ALIAS, ADDRESS, replace(PHONE, value="+44 7700 900123"))}, id="prefix and order"),
        pytest.param({"values": (*WHOLE.values, Value(Kind.NAME, "Jane Doe"))}, id="more"),
        pytest.param({"review_by": None}, id="no protection"),
    ],
)
def test_another_spelling_or_more_is_no_loss(same):
    assert losses(WHOLE, replace(WHOLE, **same)) == ""


def test_a_number_one_digit_off_is_another_number():
    assert losses(WHOLE, replace(WHOLE, values=(ADDRESS, ALIAS, replace(PHONE, value="07700 900124")))) == "1 value"


def test_adding_makes_no_value_known_to_anybody():
    more = Person("R-1", "refuges", values=(replace(PHONE, known_to=frozenset({"F-1"}), secret=True),))

    together = joined(WHOLE, more)

    assert together.values == (ADDRESS, replace(PHONE, secret=True), ALIAS)


def test_what_is_known_of_an_adverse_party_grows():
    more = Person("R-1", "refuges", adverse=(AdverseParty("F-1", emails=("k2@mail.example", "KARL@mail.example")),))

    (party,) = joined(WHOLE, more).adverse

    assert party == replace(PARTY, emails=("karl@mail.example", "k2@mail.example"))


def test_entries_that_stand_twice_both_stay():
    twice = replace(WHOLE, values=(PHONE, replace(PHONE, known_to=frozenset({"F-1"}))))

    assert joined(twice, replace(WHOLE, values=(PHONE,))).values == twice.values


def test_a_second_name_for_an_adverse_party_is_a_conflict_by_id():
    other = Person("R-1", "refuges", adverse=(AdverseParty("F-1", "Carl Nowak"),))

    assert conflict(WHOLE, other).startswith("has another name for adverse party F-1")
    assert "Nowak" not in conflict(WHOLE, other)
    assert conflict(WHOLE, WHOLE) == ""


_SOME_VALUES = st.lists(st.sampled_from([ADDRESS, PHONE, ALIAS, Value(Kind.NAME, "Jane Doe")]), max_size=4)


@given(_SOME_VALUES, _SOME_VALUES)
def test_nothing_is_ever_lost_by_adding(old, new):
    before, more = replace(WHOLE, values=tuple(old)), Person("R-1", "refuges", values=tuple(new))

    assert losses(before, joined(before, more)) == ""
    assert losses(more, joined(before, more)) == ""
