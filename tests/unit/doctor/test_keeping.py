# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, store and courier: a courier that is gone makes no error anywhere, so the doctor has to see it."""

import os
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, insert, select

from safehold import assemble, config, vault
from safehold.cli import setup
from safehold.doctor import Level, keeping
from safehold.doctor.checks import Gateway
from safehold.store import outbox, vitals
from safehold.store.tables import hold_recipients, holds

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


@pytest.fixture
def gateway(tmp_path):
    """A gateway with keys and store, at NOW."""
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
    settings = config.load(file)
    setup.make_keys_and_store(settings)
    return Gateway(file, settings, NOW)


def put(gateway, kind, ago, error=""):
    with closing(assemble.store(gateway.settings)) as opened, opened.write() as connection:
        outbox.add(connection, kind, hold="AAAA-0001", version=1, now=NOW - ago)
        if error:
            (row,) = outbox.claim(connection, NOW - ago, 1, timedelta(minutes=1))
            outbox.put_back(connection, row, error, NOW)


def beat(gateway, ago):
    with closing(assemble.store(gateway.settings)) as opened:
        vitals.Heart(opened, assemble.COURIER).beat(NOW - ago)


def courier(gateway, name):
    return [c for c in keeping.courier(gateway) if c.name == name]


# -- the courier ------------------------------------------------------------------------------------------------


def test_a_courier_that_never_worked_is_a_failure_with_the_command_that_starts_it(gateway):
    (found,) = courier(gateway, "courier")

    assert found.level is Level.FAIL
    assert found.fix.splitlines()[0] == "systemctl enable --now safehold-courier"


def test_a_courier_that_works_is_fine(gateway):
    beat(gateway, timedelta(seconds=70))

    (found,) = courier(gateway, "courier")

    assert (found.level, found.text) == (Level.OK, "seen 1 minute ago, at work for 1 minute")


def test_a_courier_that_is_gone_is_a_failure_that_says_since_when(gateway):
    beat(gateway, timedelta(minutes=12))

    (found,) = courier(gateway, "courier")

    assert found.level is Level.FAIL
    assert "last seen 12 minutes ago" in found.text
    assert found.fix.splitlines()[0] == "systemctl restart safehold-courier"


def claim(gateway, ago, lease):
    with closing(assemble.store(gateway.settings)) as opened, opened.write() as connection:
        outbox.add(connection, "release", hold="AAAA-0001", version=1, now=NOW - ago)
        outbox.claim(connection, NOW - ago, 1, lease)


def test_a_courier_in_the_middle_of_one_long_hand_over_is_at_work(gateway):
    """Between the content and the listener's answer there is nothing to beat by: it may take ten minutes."""
    beat(gateway, timedelta(minutes=9))
    claim(gateway, timedelta(minutes=9), timedelta(minutes=22))

    with vitals.alone(gateway.settings.store, assemble.COURIER):
        (found,) = courier(gateway, "courier")

    assert found.level is Level.OK
    assert found.text == "last seen 9 minutes ago, with a hand-over that may last 13 minutes more"


def test_a_hand_over_that_never_ends_is_a_failure_when_its_lease_is_over(gateway):
    beat(gateway, timedelta(minutes=22))
    claim(gateway, timedelta(minutes=22), timedelta(minutes=22))

    with vitals.alone(gateway.settings.store, assemble.COURIER):
        (found,) = courier(gateway, "courier")

    assert found.level is Level.FAIL
    assert "last seen 22 minutes ago" in found.text


def test_a_courier_that_was_killed_in_a_hand_over_is_a_failure_at_once(gateway):
    beat(gateway, timedelta(minutes=9))
    claim(gateway, timedelta(minutes=9), timedelta(minutes=22))
    with vitals.alone(gateway.settings.store, assemble.COURIER):
        pass

    assert courier(gateway, "courier")[0].level is Level.FAIL


def test_a_claim_without_any_courier_ever_is_no_sign_of_life(gateway):
    claim(gateway, timedelta(minutes=1), timedelta(minutes=22))

    assert courier(gateway, "courier")[0].level is Level.FAIL


def test_a_clock_that_went_back_kills_no_courier(gateway):
    beat(gateway, timedelta(minutes=-30))

    assert courier(gateway, "courier")[0].level is Level.OK


# -- lists ------------------------------------------------------------------------------------------------------


@pytest.fixture
def listless(gateway):
    """The gateway, beside a Postfix, without a listener for lists."""
    return with_lists(gateway, None)


def with_lists(gateway, listener):
    settings = gateway.settings
    changed = {
        "release": settings.release.model_copy(update={"lists": listener}),
        "postfix": settings.postfix.model_copy(update={"maps": "auto"}),
    }
    return replace(gateway, settings=settings.model_copy(update=changed))


def hold_of(gateway, *states, state="held"):
    """Put a hold into the store whose copies are in these states."""
    values = dict.fromkeys((column.name for column in holds.columns if not column.nullable), "")
    times = dict.fromkeys(("held_at", "due_at", "expires_at"), NOW)
    values |= times | {"state": state, "version": 1, "policies": [], "persons": [], "approved_by": [], "problems": []}
    values |= dict.fromkeys(
        ("approvals_needed", "held_count", "delivered_count", "attachment_count", "size_bytes"), len(states)
    )
    with closing(assemble.store(gateway.settings)) as opened, opened.write() as connection:
        number = connection.execute(select(func.count()).select_from(holds)).scalar_one()
        values |= {"office": False, "id": f"AAAA-{number:04}", "parties": []}
        connection.execute(insert(holds).values(values))
        for position, each in enumerate(states, 1):
            copy = {"hold": values["id"], "position": position, "retry_key": b"", "release_key": b"", "state": each}
            connection.execute(insert(hold_recipients).values(copy))


def test_without_a_listener_for_lists_it_is_said_what_that_means_and_how_to_have_one(listless):
    (found,) = keeping.lists(listless)

    assert found.level is Level.WARN
    assert "release.lists is not set" in found.text
    assert "can only be refused" in found.text
    assert found.fix.splitlines() == [
        f"in {listless.file}: release: {{listener: 127.0.0.1:10027, lists: 127.0.0.1:10028}}",
        f"safehold init --config {listless.file}   (prints the two lines for Postfix)",
        "systemctl restart safehold-courier",
    ]


def test_holds_for_lists_that_nobody_can_release_are_a_failure_with_their_number(listless):
    hold_of(listless, "held")
    hold_of(listless, "held", "list")
    hold_of(listless, "list", "list", state="proposed")
    hold_of(listless, "list", state="refused")

    (found,) = keeping.lists(listless)

    assert found.level is Level.FAIL
    assert "2 holds for lists wait, which can only be refused" in found.text


def test_names_that_could_not_be_looked_up_wait_for_the_maps_and_for_no_listener(listless):
    hold_of(listless, "unread", "held")

    missing, waiting = keeping.lists(listless)

    assert "release.lists is not set" in missing.text
    assert (waiting.level, waiting.name) == (Level.WARN, "lists")
    assert "1 hold was made while Postfix's maps could not be read" in waiting.text


def test_with_a_listener_for_lists_all_is_well(gateway):
    there = with_lists(gateway, "127.0.0.1:10028")
    hold_of(there, "list")

    assert [(c.level, c.text) for c in keeping.lists(there)] == [(Level.OK, "leave by 127.0.0.1:10028")]


def test_beside_a_mail_server_whose_maps_are_not_asked_there_are_no_lists(gateway):
    assert list(keeping.lists(gateway)) == []


# -- what waits -------------------------------------------------------------------------------------------------


def test_nothing_waiting_is_fine(gateway):
    assert [(c.level, c.text) for c in courier(gateway, "outbox")] == [(Level.OK, "nothing waiting")]


@pytest.mark.parametrize(
    ("ago", "level"),
    [
        (timedelta(minutes=4), Level.OK),
        (timedelta(minutes=6), Level.WARN),
        (timedelta(minutes=31), Level.FAIL),
    ],
)
def test_a_notice_that_waits_long_is_told_of_by_its_age(gateway, ago, level):
    put(gateway, "notice.held", ago)

    (found,) = courier(gateway, "outbox")

    assert found.level is level


def test_what_waits_is_told_with_its_count_its_age_and_why(gateway):
    put(gateway, "notice.held", timedelta(minutes=40), error="no listener (ConnectionRefusedError)")
    put(gateway, "notice.task", timedelta(minutes=20))

    (found,) = courier(gateway, "outbox")

    assert found.text == (
        "2 notices and releases wait, the oldest for 40 minutes; put off: no listener (ConnectionRefusedError)"
    )


def test_a_release_that_waits_is_a_failure_sooner_for_somebody_decided_that_it_may_go(gateway):
    put(gateway, "release", timedelta(minutes=6))

    (found,) = courier(gateway, "releases")

    assert found.level is Level.FAIL
    assert found.text == "1 hold that people let go waits, the oldest for 6 minutes"


def test_notices_that_were_given_up_are_told_of(gateway):
    put(gateway, "notice.held", timedelta(hours=1))
    with closing(assemble.store(gateway.settings)) as opened, opened.write() as connection:
        (row,) = outbox.claim(connection, NOW, 1, timedelta(minutes=1))
        outbox.dead(connection, row, "refused", now=NOW)

    (found,) = courier(gateway, "outbox")

    assert (found.level, "1 notice or release could not be sent" in found.text) == (Level.WARN, True)


# -- keys -------------------------------------------------------------------------------------------------------


def test_keys_that_belong_together_are_fine(gateway):
    assert [c.level for c in keeping.keys(gateway)] == [Level.OK]


@pytest.mark.parametrize("name", ["sealing.pub", "opening.key", "recovery.pub", "register.key", "store.key"])
def test_each_missing_key_is_named_with_its_file(gateway, name):
    (gateway.settings.keys / name).unlink()

    (found,) = keeping.keys(gateway)

    assert found.level is Level.FAIL
    assert str(gateway.settings.keys / name) in found.text


def test_an_opening_key_that_opens_nothing_is_a_failure(gateway, tmp_path):
    """After a restore from two backups everything runs, and no held mail can ever be read again."""
    vault.create_keys(tmp_path / "others")
    shutil.copy(tmp_path / "others" / "opening.key", tmp_path / "copy")
    (tmp_path / "copy").replace(gateway.settings.keys / "opening.key")
    (gateway.settings.keys / "opening.key").chmod(0o400)

    (found,) = keeping.keys(gateway)

    assert (found.level, "does not open" in found.text) == (Level.FAIL, True)


def test_who_is_not_root_is_told_to_be(gateway, monkeypatch):
    (gateway.settings.keys / "store.key").chmod(0o444)
    monkeypatch.setattr(keeping.os, "geteuid", lambda: 1000)

    (found,) = keeping.keys(gateway)

    assert found.fix == "run doctor as root: sudo safehold doctor"


def test_a_new_gateway_is_told_to_make_its_keys_and_an_old_one_to_restore_them(gateway, monkeypatch):
    """Init is no cure where a store is there already: new keys do not open it."""
    monkeypatch.setattr(keeping.os, "geteuid", lambda: 0)
    shutil.rmtree(gateway.settings.keys)
    (old,) = keeping.keys(gateway)
    gateway.settings.store.unlink()
    (new,) = keeping.keys(gateway)

    assert "safehold init" not in old.fix
    assert new.fix == f"safehold init --config {gateway.file}"


# -- the store --------------------------------------------------------------------------------------------------


def test_a_store_that_opens_is_fine(gateway):
    assert [c.level for c in keeping.store(gateway)] == [Level.OK]


def test_a_missing_store_is_a_failure_with_its_path(gateway):
    gateway.settings.store.unlink()

    (found,) = keeping.store(gateway)

    assert str(gateway.settings.store) in found.text
    assert found.fix == f"safehold init --config {gateway.file}"


def test_a_store_of_an_older_schema_has_the_commands_that_upgrade_it(gateway):
    with closing(assemble.store(gateway.settings)) as opened, opened.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    (found,) = keeping.store(gateway)

    assert f"safehold store upgrade --config {gateway.file}" in found.fix.splitlines()


# -- its disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def disk_of(gateway, monkeypatch):
    """Return examine(free bytes, is read-only) -> the check."""

    def examine(free, *, read_only=False):
        status = SimpleNamespace(f_bavail=free // 4096, f_frsize=4096, f_flag=os.ST_RDONLY if read_only else 0)
        monkeypatch.setattr(keeping.os, "statvfs", lambda _: status)
        (found,) = keeping.disk(gateway)
        return found

    return examine


@pytest.mark.parametrize(
    ("free", "level", "words"),
    [
        (80 << 30, Level.OK, "80 GB free"),
        (700 << 20, Level.WARN, "700 MB free"),
        (90 << 20, Level.FAIL, "90 MB free"),
        (0, Level.FAIL, "0 MB free"),
    ],
)
def test_a_disk_that_fills_is_told_before_it_is_full(disk_of, free, level, words):
    found = disk_of(free)

    assert (found.level, words in found.text) == (level, True)


def test_a_disk_that_was_mounted_read_only_is_a_failure(disk_of):
    """That is what a kernel does with a disk that fails: everything can be read, and all held mail waits."""
    found = disk_of(80 << 30, read_only=True)

    assert (found.level, "mounted read-only" in found.text) == (Level.FAIL, True)
    assert found.fix.splitlines()[1].startswith("mount -o remount,rw /")
