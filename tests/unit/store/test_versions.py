# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of policies: kept sealed, told in the audit trail, and agreed to once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from safehold.errors import TamperedError
from safehold.store import Store, audit, versions
from safehold.store.versions import Files, State, Versions

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
KEY = bytes(range(32))
FILES = Files({"p.yaml": b"version: 1\n", "lists/x.txt": b"a.secret@person.example\n"}, {"p.yaml": date(2026, 1, 2)})
DIGEST = "d" * 64


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "store.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
def kept(store):
    return Versions(store, KEY)


def add(kept, state=State.PUBLISHED, *, digest=DIGEST, at=NOW, changes=("weaker: p: mode enforce -> off",)):
    return kept.add(state, digest, FILES, actor="amy", changes=changes, now=at)


def trail(store):
    return [(entry.kind, entry.actor) for entry in audit.entries(store)]


def test_a_version_comes_back_with_its_files(kept):
    made = add(kept)

    assert kept.latest(State.PUBLISHED) == made
    assert kept.files(made) == FILES


def test_files_are_sealed_and_open_under_their_own_digest_only(kept, store, tmp_path):
    made = add(kept)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE versions SET digest = ?", ("e" * 64,))

    assert b"a.secret" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    with pytest.raises(TamperedError):
        kept.files(kept.latest() or made)


def test_a_version_that_two_agreed_to_is_published_once(kept, store):
    proposed = add(kept, State.PROPOSED)

    agreed = kept.agree(proposed, second="bob", now=NOW + timedelta(hours=1))

    assert agreed == kept.latest(State.PUBLISHED)
    assert (agreed.actor, agreed.second, agreed.digest) == ("amy", "bob", DIGEST)
    assert kept.agree(proposed, second="eve", now=NOW) is None
    assert trail(store) == [("policies proposed", "amy"), ("policies published", "amy")]
    assert audit.entries(store)[-1].facts["second"] == "bob"


def test_the_newest_of_the_states_that_are_asked_for_counts(kept, store):
    first = add(kept)
    loaded = add(kept, State.LOADED, at=NOW + timedelta(hours=1))

    assert kept.latest(State.PUBLISHED) == first
    assert kept.latest(State.PUBLISHED, State.LOADED) == loaded
    assert kept.latest(State.PROPOSED) is None
    assert versions.listed(store) == (loaded, first)


def test_of_very_many_changes_some_are_kept_and_all_are_counted(kept, store):
    made = add(kept, changes=[f"change {n}" for n in range(500)])

    assert len(made.changes) == versions.MOST_CHANGES
    assert audit.entries(store)[-1].facts["count"] == 500


def test_a_disabled_policy_wakes_at_its_time_or_sooner(kept, store):
    until = NOW + timedelta(hours=2)
    for name in ("p", "q"):
        versions.disable(store, name, until, actor="amy", note=b"sealed", words=f"policy {name} is off", now=NOW)

    assert [each.policy for each in versions.asleep(store, NOW)] == ["p", "q"]
    assert versions.enable(store, "p", actor="bob", note=None, now=NOW + timedelta(minutes=1))
    assert [each.policy for each in versions.asleep(store, NOW + timedelta(minutes=2))] == ["q"]
    assert versions.asleep(store, until) == ()
    assert not versions.enable(store, "q", actor="bob", note=None, now=until)
    assert trail(store) == [("policy disabled", "amy")] * 2 + [("policy enabled", "bob")]


def test_those_on_duty_are_told_of_each_that_is_disabled(store):
    for hours in (1, 2):
        until = NOW + timedelta(hours=hours)
        versions.disable(store, "p", until, actor="amy", note=None, words=f"policy p until {hours}", now=NOW)

    with store.read() as connection:
        told = connection.exec_driver_sql("SELECT detail FROM outbox WHERE kind = 'alert'").scalars().all()
    assert told == ["policy p until 1", "policy p until 2"]
    assert [each.until for each in versions.asleep(store, NOW)] == [NOW + timedelta(hours=2)]
