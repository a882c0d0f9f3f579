# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, store and courier: a courier that is gone makes no error anywhere, so the doctor has to see it."""

import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from safehold import assemble, config, vault
from safehold.cli import setup
from safehold.doctor import Level, keeping
from safehold.doctor.access import User
from safehold.doctor.checks import Gateway
from safehold.store import outbox, vitals

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


def test_a_clock_that_went_back_kills_no_courier(gateway):
    beat(gateway, timedelta(minutes=-30))

    assert courier(gateway, "courier")[0].level is Level.OK


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


# -- the accounts of the units ----------------------------------------------------------------------------------


@pytest.fixture
def stranger(monkeypatch):
    """There is an account of a unit, in no group of ours."""
    user = User("safehold-courier", 64_999, frozenset({64_999}))
    monkeypatch.setattr(keeping, "ACCOUNTS", ("safehold-courier",))
    monkeypatch.setattr(User, "named", lambda _: user)
    monkeypatch.setattr(keeping.access, "denied_at", lambda path, user, wanted: _denied(path, user, wanted))


def _denied(path, user, wanted):
    # Of the way to a test's folder, nothing: it is closed to everybody but who runs the tests.
    return None if user.may(path.stat(), wanted) else path


@pytest.mark.usefixtures("stranger")
def test_what_the_units_may_not_use_is_a_failure_for_root_would_never_notice(gateway):
    """Init without --shared makes a store of root's: doctor opens it, the units cannot, and nothing starts."""
    settings = gateway.settings
    settings.policies.mkdir(mode=0o700)
    gateway.file.chmod(0o600)

    found = list(keeping.accounts(gateway))

    assert {check.level for check in found} == {Level.FAIL}
    paths = (gateway.file, settings.policies, settings.store.parent, settings.store)
    for check, path in zip(found, paths, strict=True):
        assert f"safehold-courier may not use {path}," in check.text
        assert f"chgrp safehold {path}" in check.fix.replace("-R ", "")


@pytest.mark.usefixtures("stranger")
def test_accounts_that_may_use_everything_are_fine(gateway):
    for path in (gateway.file, gateway.settings.store.parent, gateway.settings.store):
        path.chmod(0o777)

    assert [check.level for check in keeping.accounts(gateway)] == [Level.OK]


def test_where_there_are_no_such_accounts_nothing_is_said(gateway, monkeypatch):
    monkeypatch.setattr(User, "named", lambda _: None)

    assert list(keeping.accounts(gateway)) == []
