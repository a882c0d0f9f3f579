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


# -- what a file says twice ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_new_entries_with_one_value_nothing_that_protects_is_dropped(turn):
    secret, plain = replace(ALIAS, known_to=frozenset({"F-1"})), replace(ALIAS, secret=False)
    more = Person("R-1", "refuges", values=(secret, plain)[::turn])

    (value,) = joined(replace(WHOLE, values=()), more).values

    assert (value.secret, value.known_to) == (True, frozenset())


@pytest.mark.parametrize("turn", [1, -1])
def test_a_new_value_that_stands_twice_is_known_to_whom_both_say(turn):
    all_know, one_knows = replace(PHONE, known_to=frozenset({"all"})), replace(PHONE, known_to=frozenset({"F-1"}))
    more = Person("R-1", "refuges", values=(all_know, one_knows)[::turn])

    (value,) = joined(replace(WHOLE, values=()), more).values

    assert value.known_to == {"F-1"}


def test_a_value_that_is_there_takes_the_secret_of_any_new_entry():
    more = Person("R-1", "refuges", values=(replace(PHONE, secret=True), PHONE))

    assert replace(PHONE, secret=True) in joined(WHOLE, more).values


def test_a_new_adverse_party_that_stands_twice_is_known_by_all_that_is_said():
    twice = (AdverseParty("F-2", emails=("a@mail.example",)), AdverseParty("F-2", emails=("b@mail.example",)))

    _, party = joined(WHOLE, Person("R-1", "refuges", adverse=twice)).adverse

    assert party.emails == ("a@mail.example", "b@mail.example")


_TWO_FLATS = [
    pytest.param("Flat 1/2, 3 Elm Row, Ashford, TN99 9ZZ", "Flat 1, 2/3 Elm Row, Ashford, TN99 9ZZ", id="numbers"),
    pytest.param("Flat 1/B, 3 Elm Row, Ashford, TN99 9ZZ", "Flat 1, B/3 Elm Row, Ashford, TN99 9ZZ", id="a letter"),
    pytest.param("Flat 1\n2/3 Elm Row, Ashford, TN99 9ZZ", "Flat 1/2\n3 Elm Row, Ashford, TN99 9ZZ", id="lines"),
    pytest.param("1-2 3 Elm Row, Ashford, TN99 9ZZ", "1 2-3 Elm Row, Ashford, TN99 9ZZ", id="ranges"),
]


@pytest.mark.parametrize(("one", "other"), _TWO_FLATS)
def test_two_addresses_that_differ_in_how_their_numbers_stand_together_are_two(one, other):
    values = Value(Kind.ADDRESS, one), Value(Kind.ADDRESS, other)
    party = AdverseParty("F-1", addresses=(one, other))
    former = FormerContact(address=one), FormerContact(address=other)
    more = Person("R-1", "refuges", values=values, adverse=(party,), former_contacts=former)

    together = joined(Person("R-1", "refuges"), more)

    assert (together.values, together.adverse, together.former_contacts) == (values, (party,), former)
    assert losses(more, replace(more, values=values[:1])) == "1 value"


@pytest.mark.parametrize(
    "other", ["Flat 2 \n 12-14 elm row\nAshford TN99 9ZZ", "FLAT 2; 12 – 14 Elm Row Ashford TN99 9ZZ"]
)
def test_line_ends_and_space_make_no_other_address(other):
    one = replace(WHOLE, values=(Value(Kind.ADDRESS, "Flat 2, 12-14 Elm Row, Ashford, TN99 9ZZ"),))

    assert joined(one, replace(one, values=(Value(Kind.ADDRESS, other),))) == one


# -- dates: of two, the one that protects more ----------------------------------------------------------------------

_SOONER, _LATER = date(2020, 1, 1), date(2030, 1, 1)


@pytest.mark.parametrize(
    ("there", "added", "kept"),
    [
        pytest.param(_LATER, _SOONER, _SOONER, id="over sooner"),
        pytest.param(_SOONER, _LATER, _SOONER, id="over later"),
        pytest.param(_LATER, None, None, id="over without a date"),
        pytest.param(None, _LATER, None, id="was over already"),
    ],
)
def test_a_former_contact_is_over_when_either_says_so(there, added, kept):
    before = replace(WHOLE, former_contacts=(FormerContact(email="old@mail.example", ended=there),))
    more = Person("R-1", "refuges", former_contacts=(FormerContact(email="OLD@mail.example", ended=added),))

    (contact,) = joined(before, more).former_contacts

    assert contact == FormerContact(email="old@mail.example", ended=kept)


@pytest.mark.parametrize(
    ("there", "added", "kept"),
    [
        pytest.param(_LATER, _SOONER, _SOONER, id="ends sooner"),
        pytest.param(_SOONER, _LATER, _SOONER, id="ends later"),
        pytest.param(None, _SOONER, _SOONER, id="had no end"),
        pytest.param(_SOONER, None, _SOONER, id="has no end"),
    ],
)
def test_an_authority_that_is_there_lasts_no_longer_than_either_says(there, added, kept):
    before = replace(WHOLE, authorised=(Authorised(domain="nhs.example", purpose="care", end=there),))
    more = Person("R-1", "refuges", authorised=(Authorised(domain="nhs.example", end=added),))

    assert joined(before, more).authorised == (Authorised(domain="nhs.example", purpose="care", end=kept),)


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_new_dates_the_one_that_protects_more_is_taken(turn):
    former = FormerContact(email="x@mail.example", ended=_SOONER), FormerContact(email="x@mail.example", ended=_LATER)
    authorised = Authorised(role="court", end=_SOONER), Authorised(role="court")
    more = Person("R-1", "refuges", former_contacts=former[::turn], authorised=authorised[::turn])

    together = joined(Person("R-1", "refuges"), more)

    assert (together.former_contacts, together.authorised) == (former[:1], authorised[:1])
