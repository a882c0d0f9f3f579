# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor asks the store: does the courier live, and does anything wait for it."""

import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import pytest

from safehold.store import Store, outbox, vitals

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "store.db", create=True)
    yield opened
    opened.close()


def after(**time):
    return NOW + timedelta(**time)


# -- the heart --------------------------------------------------------------------------------------------------


def test_a_store_that_no_courier_ever_worked_says_so(store):
    assert vitals.last_beat(store, "courier") is None


def test_a_beat_is_remembered_with_when_it_began(store):
    heart = vitals.Heart(store, "courier")

    heart.beat(NOW)
    heart.beat(after(minutes=2))

    assert vitals.last_beat(store, "courier") == vitals.Beat(at=after(minutes=2), since=NOW)


def test_a_heart_writes_once_a_minute_however_often_it_is_called(store):
    """The courier's loop turns every second, and each write is a sync of the disk."""
    heart = vitals.Heart(store, "courier")

    for second in range(60):
        heart.beat(after(seconds=second))

    assert vitals.last_beat(store, "courier").at == NOW


def test_a_heart_beats_on_after_the_clock_went_back(store):
    heart = vitals.Heart(store, "courier")
    heart.beat(after(hours=1))

    heart.beat(NOW)

    assert vitals.last_beat(store, "courier").at == NOW


def test_a_new_process_begins_anew(store):
    vitals.Heart(store, "courier").beat(NOW)

    vitals.Heart(store, "courier").beat(after(hours=1))

    assert vitals.last_beat(store, "courier").since == after(hours=1)


# -- what waits -------------------------------------------------------------------------------------------------


def put(store, kind, at, hold="AAAA-0001"):
    with store.write() as connection:
        outbox.add(connection, kind, hold=hold, version=1, now=at)


def test_an_empty_outbox_has_nothing_waiting(store):
    assert vitals.backlog(store, NOW) == vitals.Backlog()


def test_what_waits_is_counted_with_the_oldest_and_its_error(store):
    put(store, "notice.held", NOW)
    put(store, "release", after(minutes=1))
    put(store, "notice.task", after(minutes=2))
    with store.write() as connection:
        (row,) = outbox.claim(connection, NOW, 1, timedelta(minutes=1))
        outbox.put_back(connection, row, "no listener", after(minutes=5))

    found = vitals.backlog(store, after(minutes=3))

    assert (found.waiting, found.oldest_at, found.oldest_error) == (3, NOW, "no listener")
    assert (found.releases, found.oldest_release_at) == (1, after(minutes=1))


def test_what_was_done_does_not_wait(store):
    put(store, "release", NOW)
    with store.write() as connection:
        (row,) = outbox.claim(connection, NOW, 1, timedelta(minutes=1))
        outbox.done(connection, row, now=NOW)

    assert vitals.backlog(store, NOW) == vitals.Backlog()


def test_what_a_courier_has_in_hand_is_told_of_until_its_lease_is_over(store):
    """The claim of a courier that hangs or died looks the same: the end of the lease is what tells them apart."""
    put(store, "release", NOW)
    with store.write() as connection:
        outbox.claim(connection, NOW, 1, timedelta(minutes=22))

    assert vitals.backlog(store, after(minutes=21)).in_hand_until == after(minutes=22)
    assert vitals.backlog(store, after(minutes=22)).in_hand_until is None


def test_what_waits_for_its_next_try_is_in_nobodys_hand(store):
    put(store, "release", NOW)
    with store.write() as connection:
        (row,) = outbox.claim(connection, NOW, 1, timedelta(minutes=22))
        outbox.put_back(connection, row, "no listener", after(minutes=5))

    assert vitals.backlog(store, NOW).in_hand_until is None


def test_what_was_given_up_is_told_of_for_a_week(store):
    put(store, "notice.held", NOW)
    with store.write() as connection:
        (row,) = outbox.claim(connection, NOW, 1, timedelta(minutes=1))
        outbox.dead(connection, row, "refused", now=NOW)

    assert vitals.backlog(store, after(days=6)).given_up == 1
    assert vitals.backlog(store, after(days=8)).given_up == 0


# -- only one ---------------------------------------------------------------------------------------------------


def test_a_second_process_of_one_name_is_turned_away_with_the_number_of_the_first(tmp_path):
    path = tmp_path / "store.db"
    with vitals.alone(path, "courier"):
        other = subprocess.run([sys.executable, "-c", _TAKE, str(path)], capture_output=True, text=True, check=False)

    assert other.returncode == 0, other.stderr
    assert "another courier works this store already (process" in other.stdout
    assert str(path) in other.stdout


def test_the_next_one_may_begin_once_the_first_has_ended(tmp_path):
    with vitals.alone(tmp_path / "store.db", "courier"):
        pass

    with vitals.alone(tmp_path / "store.db", "courier"):
        pass


def test_who_looks_sees_whether_somebody_works_and_takes_no_lock(tmp_path):
    path = tmp_path / "store.db"
    assert not vitals.is_taken(path, "courier")
    with vitals.alone(path, "courier"):
        assert vitals.is_taken(path, "courier")
    assert not vitals.is_taken(path, "courier")
    with vitals.alone(path, "courier"):
        pass


_TAKE = textwrap.dedent("""
    import sys
    from pathlib import Path
    from safehold.store import vitals
    try:
        with vitals.alone(Path(sys.argv[1]), "courier"):
            print("taken")
    except vitals.AlreadyRunningError as error:
        print(error)
""")


# -- the rules in force -----------------------------------------------------------------------------------------


def test_a_store_whose_gateway_never_loaded_rules_says_so(store):
    assert vitals.in_force(store) is None


def test_which_rules_are_in_force_is_remembered_and_the_latest_counts(store):
    vitals.set_in_force(store, "aa", 3, NOW)
    vitals.set_in_force(store, "bb", 4, after(minutes=5))

    assert vitals.in_force(store) == vitals.InForce(policies="bb", revision=4, at=after(minutes=5))
