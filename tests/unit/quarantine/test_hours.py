# SPDX-License-Identifier: GPL-3.0-or-later
"""When a decision is due: worked examples, in local time as an author would write them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from safehold.model import Handling
from safehold.quarantine import Quarantine
from safehold.quarantine.hours import WORKING_WEEK, Calendar, due

LONDON = ZoneInfo("Europe/London")
# Good Friday and Easter Monday, Christmas and Boxing Day (a Saturday) with its substitute.
HOLIDAYS = frozenset(map(date.fromisoformat, ("2026-04-03", "2026-04-06", "2026-12-25", "2026-12-26", "2026-12-28")))
OFFICE = Calendar(LONDON, WORKING_WEEK, HOLIDAYS)
LATE_SHIFT = Calendar(LONDON, {5: (time(22), time(23, 59)), 6: (time(0), time(6))})


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        pytest.param("2026-11-25 10:00", 2, "2026-11-25 12:00", id="within one day"),
        pytest.param("2026-11-20 16:50", 2, "2026-11-23 10:50", id="Friday ten to five, and Monday ten to eleven"),
        pytest.param("2026-11-25 15:00", 2, "2026-11-25 17:00", id="to the very end of a day"),
        pytest.param("2026-11-25 17:00", 2, "2026-11-26 11:00", id="at closing time the next day counts"),
        pytest.param("2026-11-25 09:00", 8, "2026-11-25 17:00", id="a whole working day"),
        pytest.param("2026-11-25 09:00", 8.5, "2026-11-26 09:30", id="a working day and a half hour"),
        pytest.param("2026-11-25 06:00", 1, "2026-11-25 10:00", id="before it opens"),
        pytest.param("2026-11-25 23:30", 1, "2026-11-26 10:00", id="at night"),
        pytest.param("2026-11-21 12:00", 1, "2026-11-23 10:00", id="Saturday"),
        pytest.param("2026-11-22 12:00", 24, "2026-11-25 17:00", id="three working days from a Sunday"),
        pytest.param("2026-04-02 16:00", 2, "2026-04-07 10:00", id="over Easter"),
        pytest.param("2026-12-24 16:30", 1, "2026-12-29 09:30", id="Christmas Eve, and a substitute day"),
        pytest.param("2026-12-28 11:00", 1, "2026-12-29 10:00", id="on a bank holiday"),
        pytest.param("2026-03-27 16:00", 2, "2026-03-30 10:00", id="over the night on which clocks go forward"),
        pytest.param("2026-10-23 16:00", 2, "2026-10-26 10:00", id="over the night on which clocks go back"),
    ],
)
def test_a_deadline_counts_the_hours_of_the_office(start, hours, expected):
    assert OFFICE.due(local(start), hours * 3600) == local(expected)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        pytest.param("2026-03-29 00:00", 2, "2026-03-29 03:00", id="an hour that is left out does not pass"),
        pytest.param("2026-10-25 00:00", 2, "2026-10-25T01:00:00+00:00", id="an hour that comes twice passes twice"),
    ],
)
def test_where_the_office_is_open_while_clocks_change_real_time_counts(start, hours, expected):
    wanted = datetime.fromisoformat(expected)

    found = LATE_SHIFT.due(local(start), hours * 3600)

    assert found == (wanted if wanted.tzinfo else local(expected))


def test_whoever_decides_at_all_hours_has_hours_that_pass():
    friday = local("2026-11-20 16:50")

    assert due(friday, 7200, OFFICE, office=False) == friday + timedelta(hours=2)
    assert due(friday, 7200, OFFICE, office=True) == local("2026-11-23 10:50")


@pytest.mark.parametrize("calendar", [Calendar(LONDON, {}), replace(OFFICE, week={0: (time(9), time(9))})])
def test_an_office_that_is_never_open_makes_no_deadline_endless(calendar):
    start = local("2026-11-25 10:00")

    assert calendar.due(start, 3600) == start + timedelta(hours=1)


@pytest.mark.parametrize("hours", [0.5, 8, 23])
def test_time_between_is_what_a_deadline_counted(hours):
    start = local("2026-12-23 16:00")

    assert OFFICE.between(start, OFFICE.due(start, hours * 3600)) == timedelta(hours=hours)


# -- holds ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def office(store, milter_keys):
    return Quarantine(store, milter_keys, calendar=OFFICE)


@pytest.fixture
def hold(office, make_message, make_facts, make_verdict, make_reading):
    def make(start, *handling):
        verdict = make_verdict(handling=handling, policies=[each.policy for each in handling])
        facts = make_facts(["b@example.org"])
        outcome = office.hold(make_message(), facts, verdict, make_reading(), now=start.astimezone(UTC))
        return office.get(outcome.hold_id)

    return make


def test_a_hold_for_an_office_is_due_in_its_hours(hold):
    held = hold(local("2026-11-20 16:50"), Handling("p", deadline_s=7200, office=True))

    assert (held.due_at, held.office) == (local("2026-11-23 10:50"), True)


def test_of_several_deadlines_the_earliest_counts_and_not_the_fewest_hours(hold):
    """One hour of the office is Monday; four hours of a role that is awake are tonight."""
    held = hold(
        local("2026-11-20 17:30"),
        Handling("office", deadline_s=3600, office=True),
        Handling("awake", deadline_s=4 * 3600),
    )

    assert (held.due_at, held.office) == (local("2026-11-20 21:30"), False)


def test_a_hold_that_is_reopened_has_as_many_hours_of_the_office_again(hold, office):
    held = hold(local("2026-11-20 16:50"), Handling("p", deadline_s=7200, office=True))
    office.refuse(held.id, actor="rita", reason="", now=local("2026-11-23 10:00").astimezone(UTC))

    again = office.reopen(held.id, actor="rita", reason="", now=local("2026-11-24 16:30").astimezone(UTC))

    assert again.due_at == local("2026-11-25 10:30")
