# SPDX-License-Identifier: GPL-3.0-or-later
"""People and their records."""

import json
from datetime import date

import pytest

from safehold.register.people import (
    AdverseParty,
    Authorised,
    FormerContact,
    Kind,
    Person,
    Route,
    Value,
    from_record,
    to_record,
)


def make_person(**changes):
    fields = {
        "id": "P-0042",
        "register": "safe-addresses",
        "values": (
            Value(
                Kind.ADDRESS,
                "12 Acacia Road, Ashford TN23 1AB",
                known_to=frozenset({"F-1"}),
                secret=True,
                start=date(2024, 1, 2),
                end=date(2025, 3, 4),
            ),
        ),
        "adverse": (
            AdverseParty(
                "F-1",
                name="Karl Novak",
                emails=("karl@example.org",),
                phones=("07700 900123",),
                addresses=("4 Mill Lane, Ashford",),
                routes=(Route("prison@example.org", "prison mailbox"),),
            ),
        ),
        "authorised": (
            Authorised(domain="nhs.example", purpose="care", end=date(2030, 1, 1)),
            Authorised(role="guardian"),
        ),
        "former_contacts": (FormerContact(email="old@example.org", ended=date(2025, 1, 31)),),
        "subject": ("own@example.org",),
        "conflicts": ("staff@own.example",),
        "review_by": date(2026, 1, 1),
    }
    return Person(**(fields | changes))


@pytest.mark.parametrize(
    "person",
    [pytest.param(make_person(), id="all fields"), pytest.param(Person("P-1", "r"), id="no fields")],
)
def test_a_person_survives_the_way_through_json(person):
    assert from_record(json.loads(json.dumps(to_record(person)))) == person


def test_the_record_has_the_shape_of_the_register_file():
    record = to_record(make_person())

    assert list(record) == [
        "id", "register", "values", "adverse", "authorised", "former_contacts", "subject", "conflicts", "review_by",
    ]  # fmt: skip
    assert record["values"][0] == {
        "kind": "address",
        "value": "12 Acacia Road, Ashford TN23 1AB",
        "known_to": ["F-1"],
        "secret": True,
        "from": "2024-01-02",
        "to": "2025-03-04",
    }
    assert record["authorised"][1] == {"role": "guardian", "purpose": "", "to": None}


def test_a_record_may_leave_out_what_is_empty_and_name_one_for_a_list_of_one():
    person = from_record(
        {"id": "P-1", "register": "r", "values": [{"kind": "name", "value": "Jane Doe", "known_to": "all"}]}
    )

    assert person.values[0].known_by("F-9")
    assert person.adverse == ()


@pytest.mark.parametrize("shown", [repr(make_person()), str(make_person().values), repr(make_person().adverse)])
def test_nothing_protected_shows_in_a_repr(shown):
    for secret in ("Acacia", "karl", "Novak", "Mill Lane", "07700", "own@", "staff@", "old@"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("end", "today", "lasts"),
    [
        pytest.param(None, date(2025, 1, 1), True, id="without end"),
        pytest.param(date(2025, 1, 1), date(2025, 1, 1), True, id="on its last day"),
        pytest.param(date(2025, 1, 1), date(2025, 1, 2), False, id="the day after"),
    ],
)
def test_an_authority_lasts_through_its_last_day(end, today, lasts):
    assert Authorised(role="guardian", end=end).lasts(today) is lasts


@pytest.mark.parametrize(
    ("ended", "today", "over"),
    [
        pytest.param(None, date(2025, 1, 1), True, id="no date given"),
        pytest.param(date(2025, 1, 31), date(2025, 1, 31), True, id="on the day"),
        pytest.param(date(2025, 1, 31), date(2025, 1, 30), False, id="the day before"),
    ],
)
def test_a_former_contact_is_over_from_its_day_on(ended, today, over):
    assert FormerContact(email="a@example.org", ended=ended).is_over(today) is over
