# SPDX-License-Identifier: GPL-3.0-or-later
"""What was before: learnt without a wait, asked at once, forgotten in time, and nobody's address on the disk."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from safehold.errors import StoreError
from safehold.store import Store, memory
from safehold.store.memory import Memory, Question, Tally

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
KEY = bytes(range(32))
WHO = "b@example.org"


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "store.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
def kept(store):
    return Memory(store, KEY)


def question(kept, *, policy="p", enforced=True, since=NOW - timedelta(days=30), who=(WHO,)):
    return Question(policy, enforced, since, tuple(map(kept.person, who)))


def tally(kept, *, policy="p", enforced=True, who=WHO):
    return Tally(policy, kept.person(who), enforced)


def times(kept, **asked):
    return kept.counts([question(kept, **asked)])[0].get(kept.person(WHO), 0)


def written(store):
    with store.read() as connection:
        return connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM matches)"
        ).scalar()


# -- contacts -------------------------------------------------------------------------------------------------------


def test_somebody_who_was_met_is_known_before_and_after_it_is_written(kept, store):
    kept.meet([WHO], TODAY)
    before = kept.last_contact([WHO, "stranger@example.org"])
    kept.flush()

    assert before == {WHO: TODAY}
    assert Memory(store, KEY).last_contact([WHO, "stranger@example.org"]) == {WHO: TODAY}


def test_an_address_is_known_however_it_is_spelt_and_answers_as_it_was_asked(kept):
    kept.meet([WHO], TODAY)

    assert kept.last_contact(["B@Example.ORG"]) == {"B@Example.ORG": TODAY}


def test_the_last_day_counts_in_whatever_order_days_are_written(kept, store):
    other = Memory(store, KEY)
    for each, day in ((kept, TODAY), (other, date(2026, 11, 1))):
        each.meet([WHO], day)
        each.flush()

    assert Memory(store, KEY).last_contact([WHO]) == {WHO: TODAY}


def test_no_address_is_on_the_disk(kept, store, tmp_path):
    kept.meet([WHO], TODAY)
    kept.match([tally(kept)], NOW)
    kept.flush()
    store.close()

    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert WHO.encode() not in held
    assert b"example.org" not in held


def test_learning_never_waits_for_a_store_that_is_busy(kept, store):
    """A mail that waited for the disk of another's contact would be slow for nothing."""
    done = threading.Event()

    def learn():
        kept.meet([WHO], TODAY)
        kept.match([tally(kept)], NOW)
        done.set()

    with store.write():
        flushing = threading.Thread(target=kept.keep)
        kept.meet(["first@example.org"], TODAY)
        flushing.start()
        threading.Thread(target=learn).start()
        learnt_meanwhile = done.wait(4)
    flushing.join()

    assert learnt_meanwhile
    assert kept.last_contact([WHO, "first@example.org"]) == {WHO: TODAY, "first@example.org": TODAY}


def test_what_cannot_be_written_waits_and_is_told_once(kept, store, caplog):
    store.path.rename(store.path.with_suffix(".away"))
    kept.meet([WHO], TODAY)
    kept.keep()
    kept.keep()
    told = [r for r in caplog.records if r.levelname == "WARNING"]
    store.path.with_suffix(".away").rename(store.path)
    kept.keep()

    assert len(told) == 1
    assert WHO not in caplog.text
    assert written(store) == 1


def test_what_waits_for_a_store_has_a_limit(kept, monkeypatch, store):
    monkeypatch.setattr(memory, "MOST_WAITING", 3)
    kept.meet([f"{n}@example.org" for n in range(9)], TODAY)
    kept.match([tally(kept)] * 9, NOW)
    kept.flush()

    assert written(store) == 6


def test_nothing_new_is_not_written_again(kept, store):
    """Most mail goes to people who had some the same day."""
    kept.meet([WHO], TODAY)
    kept.flush()
    kept.meet([WHO], TODAY)
    store.path.rename(store.path.with_suffix(".away"))

    kept.flush()


def test_a_thousand_recipients_are_asked_for_at_once(kept):
    many = [f"{n}@example.org" for n in range(1200)]
    kept.meet(many, TODAY)
    kept.flush()

    assert len(kept.last_contact(many)) == 1200


# -- matches --------------------------------------------------------------------------------------------------------


def test_matches_are_counted_before_and_after_they_are_written(kept, store):
    kept.match([tally(kept)], NOW)
    before = times(kept)
    kept.flush()
    kept.match([tally(kept)], NOW)

    assert (before, times(kept)) == (1, 2)


@pytest.mark.parametrize(
    "asked",
    [{"policy": "other"}, {"enforced": False}, {"since": NOW + timedelta(seconds=1)}, {"who": ("c@example.org",)}],
    ids=["another policy", "in shadow", "later", "somebody else"],
)
@pytest.mark.parametrize("flushed", [False, True])
def test_only_what_was_asked_for_is_counted(kept, asked, flushed):
    kept.match([tally(kept)], NOW)
    if flushed:
        kept.flush()

    assert (times(kept, **asked), times(kept)) == (0, 1)


def test_asking_a_store_that_is_away_fails(kept, store):
    """A count that cannot be had must not pass for none."""
    store.path.unlink()

    with pytest.raises(StoreError):
        times(kept)
    with pytest.raises(StoreError):
        kept.last_contact([WHO])


@pytest.mark.parametrize(("asked", "left"), [(0, 2), (120, 4), (10, 2)])
def test_what_is_old_is_forgotten_and_never_what_a_policy_asks_for(kept, store, asked, left):
    for days in (5, 100):
        kept.meet([f"{days}@example.org"], TODAY - timedelta(days=days))
        kept.match([tally(kept)], NOW - timedelta(days=days))
    kept.flush()

    kept.prune(NOW, asked)

    assert written(store) == left
