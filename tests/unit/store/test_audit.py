# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit trail: whatever is done to it afterwards shows."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from safehold import vault
from safehold.errors import StoreError
from safehold.store import Store, audit

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
EVERY = frozenset({"sealing", "opening", "audit", "audit-public"})


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "store.db", create=True)
    for number in range(6):
        with opened.write() as connection:
            audit.append(
                connection,
                "deed",
                now=NOW + timedelta(minutes=number),
                hold=f"HOLD-{number % 2}",
                actor=f"reviewer-{number}",
                facts={"count": number},
                note=b"sealed" if number == 3 else None,
            )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    vault.create_keys(folder)
    return vault.KeyRing.load(folder, need=EVERY)


def tamper(store, *statements):
    """Do what a thief with the file would: past our program and its triggers."""
    with closing(sqlite3.connect(store.path)) as connection:
        for name in ("audit_no_update", "audit_no_delete", "checkpoints_no_update", "checkpoints_no_delete"):
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_an_untouched_trail_is_whole(store):
    found = audit.verify(store)

    assert found.is_whole
    assert found.entries == 6


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 6"],
)
def test_the_store_itself_refuses_to_change_or_delete_an_entry(store, statement):
    with pytest.raises(StoreError, match="breaks its rules"), store.write() as connection:
        connection.exec_driver_sql(statement)

    assert audit.verify(store) == audit.Trail(6)


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("UPDATE audit SET actor = 'x' WHERE seq = 3", 3),
        ("UPDATE audit SET at = '2026-11-25T09:00:00.000001Z' WHERE seq = 1", 1),
        ("UPDATE audit SET kind = 'x' WHERE seq = 2", 2),
        ("UPDATE audit SET hold = 'x' WHERE seq = 2", 2),
        ("""UPDATE audit SET facts = '{"count":9}' WHERE seq = 5""", 5),
        ("UPDATE audit SET note = x'00' WHERE seq = 4", 4),
        ("UPDATE audit SET note = NULL WHERE seq = 4", 4),
        ("UPDATE audit SET note = x'' WHERE seq = 5", 5),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 6", 6),
        ("UPDATE audit SET prev_hash = zeroblob(32) WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 4", 4),
        ("UPDATE audit SET seq = 7 WHERE seq = 6", 6),
    ],
)
def test_the_first_bad_entry_is_named(store, statement, bad):
    tamper(store, statement)

    found = audit.verify(store)

    assert not found.is_whole
    assert (found.bad_seq, found.entries) == (bad, bad - 1)
    assert found.why


def test_two_entries_that_changed_places_show(store):
    tamper(
        store,
        "UPDATE audit SET seq = 100 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 100",
    )

    assert audit.verify(store).bad_seq == 2


def test_a_cut_off_end_shows_against_a_checkpoint(store, keys):
    audit.checkpoint(store, keys.audit, now=NOW)
    tamper(store, "DELETE FROM audit WHERE seq > 4")

    found = audit.verify(store, keys.audit_public)

    assert found.bad_seq == 5
    assert "checkpoint was signed at 6" in found.why


def test_a_chain_made_anew_shows_against_a_checkpoint(store, keys, tmp_path):
    """Who holds the file can compute a fresh and perfect chain, but not the signature."""
    audit.checkpoint(store, keys.audit, now=NOW)
    tamper(store, "DELETE FROM audit")
    for _ in range(6):
        with store.write() as connection:
            audit.append(connection, "invented", now=NOW)

    assert audit.verify(store, keys.audit_public).bad_seq == 6


def test_a_checkpoint_signed_by_another_key_is_none(store, keys, tmp_path):
    vault.create_keys(tmp_path / "other")
    other = vault.KeyRing.load(tmp_path / "other", need=EVERY)
    audit.checkpoint(store, other.audit, now=NOW)

    assert audit.verify(store, other.audit_public).is_whole
    assert audit.verify(store, keys.audit_public).bad_seq == 6


def test_a_checkpoint_is_made_only_where_something_is_new(store, keys):
    first = audit.checkpoint(store, keys.audit, now=NOW)

    assert first is not None
    assert first[0] == 6
    assert audit.checkpoint(store, keys.audit, now=NOW) is None


def test_the_trail_of_one_hold_can_be_read_in_order(store):
    found = audit.entries(store, hold="HOLD-1")

    assert [entry.seq for entry in found] == [2, 4, 6]
    assert found[0].facts == {"count": 1}


def test_a_typed_reason_is_sealed_and_opens_with_the_reviewers_key(store, keys):
    note = vault.seal_note(keys.sealing, audit.note_place("HOLD-9"), b"rang Willow House")
    with store.write() as connection:
        audit.append(connection, "refused", now=NOW, hold="HOLD-9", actor="r", note=note)

    entry = audit.entries(store, hold="HOLD-9")[0]

    assert audit.reason(entry, keys.opening) == "rang Willow House"
    assert b"Willow" not in b"".join(p.read_bytes() for p in store.path.parent.glob("store.db*"))
