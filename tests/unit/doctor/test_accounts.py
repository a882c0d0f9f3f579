# SPDX-License-Identifier: GPL-3.0-or-later
"""What the units' accounts may not do: root, who asks, may do everything and would never notice."""

import json
import os
import shutil
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safehold import assemble, config
from safehold.cli import setup
from safehold.doctor import Level, accounts, trial
from safehold.doctor.access import User
from safehold.doctor.checks import Gateway
from safehold.doctor.trial import Refusal
from safehold.store import vitals

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
SOMEBODY = "nobody"  # the one account that every machine has, and that owns nothing


def make_gateway(folder):
    file = folder / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
    settings = config.load(file)
    setup.make_keys_and_store(settings)
    settings.policies.mkdir()
    (settings.policies / "first.yaml").write_text("version: 1\n")
    return Gateway(file, settings, NOW)


@pytest.fixture
def gateway(tmp_path):
    return make_gateway(tmp_path)


def told(gateway):
    return [(check.level, check.text) for check in accounts.check(gateway)]


# -- tried by ourselves, where there are no such accounts -------------------------------------------------------


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setattr(accounts, "ACCOUNTS", ())


@pytest.mark.usefixtures("alone")
def test_what_can_be_read_and_written_is_fine(gateway):
    assert told(gateway) == [(Level.OK, "settings and policies can be read, and the store can be written")]


@pytest.mark.usefixtures("alone")
def test_the_probe_of_the_store_is_a_write_that_stays(gateway):
    """One that is rolled back never reaches the disk, and says nothing of whether it could."""
    list(accounts.check(gateway))

    with closing(assemble.store(gateway.settings)) as opened:
        assert vitals.last_beat(opened, trial.DOCTOR) is not None


@pytest.mark.usefixtures("alone")
def test_a_store_that_refuses_the_write_is_a_failure_with_its_reason(gateway):
    with closing(assemble.store(gateway.settings)) as opened, opened.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON heartbeats BEGIN SELECT RAISE(ABORT, 'full'); END"
        )

    ((level, text),) = told(gateway)

    assert level is Level.FAIL
    assert f"may not write {gateway.settings.store} (the store refused a change" in text
    assert "such mail waits" in text


@pytest.mark.usefixtures("alone")
def test_a_disk_without_room_for_one_message_is_a_failure_though_a_small_write_passes(gateway, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(trial.os, "posix_fallocate", full)

    ((level, text),) = told(gateway)

    assert level is Level.FAIL
    assert f"finds no room for a message of 50 MB in {gateway.settings.store.parent} (no space left on device)" in text


def test_room_is_given_back_at_once(gateway):
    folder = gateway.settings.store.parent
    before = sorted(path.name for path in folder.iterdir())

    assert trial.attempt(gateway.file, gateway.settings.policies, gateway.settings.store, room_bytes=4096) == []
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.usefixtures("alone")
def test_what_is_not_there_is_for_other_checks_to_tell(gateway):
    shutil.rmtree(gateway.settings.policies)
    gateway.settings.store.unlink()

    assert told(gateway) == []


# -- tried by root as each account ------------------------------------------------------------------------------


@pytest.fixture
def open_gateway(monkeypatch):
    """A gateway that everybody may use, where every account can get at it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    monkeypatch.setattr(accounts, "ACCOUNTS", (SOMEBODY,))
    folder = Path(tempfile.mkdtemp())
    try:
        made = make_gateway(folder)
        settings = made.settings
        for path in (folder, settings.policies, settings.store.parent):
            path.chmod(0o777)
        for path in (made.file, settings.policies / "first.yaml", settings.store):
            path.chmod(0o666)
        yield made
    finally:
        shutil.rmtree(folder)


def test_an_account_that_may_do_everything_is_fine(open_gateway):
    assert told(open_gateway) == [
        (Level.OK, f"tried as {SOMEBODY}: settings and policies can be read, the store written")
    ]


def test_one_policy_that_the_account_may_not_read_is_named_with_what_it_does(open_gateway):
    """Root's editor wrote it 0600: a reload is refused, and the next boot stops all mail."""
    policy = open_gateway.settings.policies / "first.yaml"
    policy.chmod(0o600)

    ((level, text),) = told(open_gateway)

    assert level is Level.FAIL
    assert f"{SOMEBODY} may not read {policy} (permission denied)" in text
    assert "after the next start all mail waits" in text


def test_a_store_that_the_account_may_only_read_is_a_failure_whatever_root_can_do(open_gateway):
    open_gateway.settings.store.chmod(0o644)

    ((level, text),) = told(open_gateway)

    assert level is Level.FAIL
    assert f"{SOMEBODY} may not write {open_gateway.settings.store} (" in text


def test_settings_that_the_account_may_not_read_are_a_failure_with_the_cure(open_gateway):
    open_gateway.file.chmod(0o600)

    (found,) = accounts.check(open_gateway)

    assert f"may not read {open_gateway.file}" in found.text
    assert found.fix == f"chgrp safehold {open_gateway.file} && chmod 0640 {open_gateway.file}"


@pytest.mark.parametrize("said", ["", "no JSON", json.dumps({"what": "?"})])
def test_a_trial_that_did_not_end_well_is_no_all_clear(gateway, monkeypatch, said):
    monkeypatch.setattr(accounts, "ACCOUNTS", (SOMEBODY,))
    monkeypatch.setattr(accounts.os, "geteuid", lambda: 0)
    monkeypatch.setattr(accounts.subprocess, "run", lambda *_, **__: accounts.subprocess.CompletedProcess([], 1, said))

    assert [check.level for check in accounts.check(gateway)] == [Level.WARN]


def test_a_trial_has_nothing_of_the_terminal_it_was_asked_from(gateway, monkeypatch, tmp_path):
    """It becomes another account: what root types is not for it, nor may it type for root."""
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, sys\n"
        "alone = str(os.getsid(0) == os.getpid())\n"
        "print(json.dumps([{'what': 'store', 'path': alone, 'why': sys.stdin.read()}]))\n"
    )
    (tmp_path / "typed").write_text("what root types")
    monkeypatch.setattr(accounts.trial, "__file__", str(program))
    before = os.dup(0)
    typed = os.open(tmp_path / "typed", os.O_RDONLY)
    os.dup2(typed, 0)
    os.close(typed)
    try:
        found = accounts._trial(gateway, SOMEBODY)
    finally:
        os.dup2(before, 0)
        os.close(before)

    assert found == [Refusal("store", "True", "")]


# -- judged by modes, where who asks is not root ----------------------------------------------------------------


@pytest.fixture
def stranger(monkeypatch):
    """There is an account of a unit, in no group of ours."""
    user = User("safehold-courier", 64_999, frozenset({64_999}))
    monkeypatch.setattr(accounts, "ACCOUNTS", ("safehold-courier",))
    monkeypatch.setattr(accounts.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(User, "named", lambda _: user)
    monkeypatch.setattr(accounts.access, "denied_at", lambda path, user, wanted: _denied(path, user, wanted))


def _denied(path, user, wanted):
    # Of the way to a test's folder, nothing: it is closed to everybody but who runs the tests.
    return None if user.may(path.stat(), wanted) else path


@pytest.mark.usefixtures("stranger")
def test_what_the_units_may_not_use_is_a_failure_for_root_would_never_notice(gateway):
    """Init without --shared makes a store of root's: doctor opens it, the units cannot, and nothing starts."""
    settings = gateway.settings
    policy = settings.policies / "first.yaml"
    for path, mode in ((settings.policies, 0o700), (policy, 0o600), (gateway.file, 0o600)):
        path.chmod(mode)

    found = list(accounts.check(gateway))

    assert {check.level for check in found} == {Level.FAIL}
    paths = (gateway.file, settings.policies, policy, settings.store.parent, settings.store)
    for check, path in zip(found, paths, strict=True):
        assert f" {path} (its owner and mode)" in check.text
        assert "chgrp " in check.fix


@pytest.mark.usefixtures("stranger")
def test_accounts_that_may_use_everything_are_fine_by_their_modes_which_is_said(gateway):
    settings = gateway.settings
    for path in (gateway.file, settings.policies, settings.store.parent, settings.store):
        path.chmod(0o777)

    ((level, text),) = told(gateway)

    assert level is Level.OK
    assert "by owners and modes" in text
