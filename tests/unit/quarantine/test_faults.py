# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when the machine fails: nothing lost, nothing doubled, nothing half done."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections import Counter

import pytest

from safehold.errors import StoreError
from safehold.model import HoldState
from safehold.store import Store, audit, database

CONTENT = (
    b"From: a@riverbank.example\r\nMessage-ID: <one@riverbank.example>\r\n\r\nShe is at 14 Elm Road, Thornbury now.\r\n"
)

HOLDER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from safehold import vault
from safehold.model import *
from safehold.quarantine import Quarantine
from safehold.store import Store

keys = vault.KeyRing.load(Path(sys.argv[2]), need=frozenset({"sealing", "recovery", "store"}))
quarantine = Quarantine(Store.open(Path(sys.argv[1])), keys)
now = datetime(2025, 6, 2, 9, tzinfo=UTC)
final = FinalRecipient("b@example.org", ("b@example.org",), Direction.OUTBOUND)
content = sys.stdin.buffer.read()
message = Message(Envelope("a@riverbank.example", (Recipient("b@example.org"),)), content, now, {"i": "4bXyZ1abc"})
facts = Facts(now, Origin.TRUSTED, recipients=(final,))
verdict = Verdict((RecipientVerdict(final, Action.HOLD, (Ground("safe", True, Action.HOLD, Answer.YES),)),))
"""


def run(store, key_folder, script, *arguments, content=CONTENT):
    command = [sys.executable, "-c", HOLDER + textwrap.dedent(script), str(store.path), str(key_folder), *arguments]
    return subprocess.run(command, input=content, capture_output=True, check=False)


def test_a_kill_between_commit_and_reply_and_then_a_retry_is_one_hold_and_one_notice(store, key_folder, counted):
    """Postfix got no answer and sends again: the sender must hear once, the reviewers see one hold."""
    killed = run(
        store,
        key_folder,
        """
        quarantine.hold(message, facts, verdict, Reading(), now=now)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(counted().holds) == 1

    retried = run(store, key_folder, "print(quarantine.hold(message, facts, verdict, Reading(), now=now).joined)")

    assert retried.stdout == b"True\n"
    assert len(counted().holds) == 1
    assert counted().kinds == ["notice.held", "notice.task"]
    assert audit.verify(store).is_whole


@pytest.mark.parametrize("step", range(1, 12))
def test_a_kill_at_any_statement_leaves_the_whole_hold_or_nothing_of_it(store, key_folder, counted, step):
    killed = run(
        store,
        key_folder,
        """
        from sqlalchemy import event
        left = int(sys.argv[3])
        def count(*_):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        event.listen(quarantine._store._engine, "after_cursor_execute", count)
        quarantine.hold(message, facts, verdict, Reading(), now=now)
        """,
        str(step),
    )

    assert killed.returncode in {0, -signal.SIGKILL}
    found = counted()
    whole, nothing = (1, ["notice.held", "notice.task"], ["held"]), (0, [], [])
    possible = [whole] if killed.returncode == 0 else [whole, nothing]
    assert (len(found.holds), found.kinds, found.audit) in possible
    assert audit.verify(store).is_whole


def test_many_retries_at_once_are_one_hold(store, key_folder, counted):
    command = [
        sys.executable,
        "-c",
        HOLDER + "print(quarantine.hold(message, facts, verdict, Reading(), now=now).joined)",
        str(store.path),
        str(key_folder),
    ]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(6)]
    for process in processes:
        process.stdin.write(CONTENT)
        process.stdin.close()
    answers = Counter(process.stdout.read() for process in processes)
    for process in processes:
        process.wait()
        process.stdout.close()

    assert answers == {b"True\n": 5, b"False\n": 1}
    assert len(counted().holds) == 1


RACER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from safehold import vault
from safehold.errors import IllegalMoveError
from safehold.quarantine import Quarantine
from safehold.store import Store

store_path, key_folder, deed, actor, gate = sys.argv[1:6]
keys = vault.KeyRing.load(Path(key_folder), need=frozenset({"sealing", "store"}))
quarantine = Quarantine(Store.open(Path(store_path)), keys)
Path(gate + "." + actor).touch()
while not Path(gate).exists():
    time.sleep(0.001)
won = 0
for hold in sys.stdin.read().split():
    try:
        getattr(quarantine, deed)(hold, actor=actor, reason="", now=datetime(2025, 6, 2, 10, tzinfo=UTC))
        won += 1
    except IllegalMoveError:
        pass
print(won)
"""


def test_two_people_deciding_at_once_have_one_outcome_and_the_trail_agrees(
    arrive, quarantine, store, key_folder, tmp_path
):
    holds = [arrive(hold=[f"r{number}@example.org"]).hold_id for number in range(200)]
    gate = tmp_path / "go"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(store.path), str(key_folder), deed, actor, str(gate)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for deed, actor in (("release", "rita"), ("refuse", "sam"))
    ]
    for racer in racers:
        racer.stdin.write("\n".join(holds))
        racer.stdin.close()
    while not all((tmp_path / f"go.{actor}").exists() for actor in ("rita", "sam")):
        assert all(racer.poll() is None for racer in racers)
    gate.touch()
    won = [int(racer.stdout.read()) for racer in racers]
    for racer in racers:
        racer.wait()
        racer.stdout.close()

    states = Counter(quarantine.get(hold).state for hold in holds)
    assert sum(won) == 200
    assert states == Counter({HoldState.RELEASING: won[0], HoldState.REFUSED: won[1]})
    for hold in holds:
        entry = quarantine.history(hold)[1:]
        state, by = quarantine.get(hold).state, quarantine.get(hold).decided_by
        assert [(e.kind, e.actor) for e in entry] == [
            ("release decided" if state is HoldState.RELEASING else "refused", by)
        ]
    assert audit.verify(store).is_whole


def test_a_full_disk_holds_nothing_and_the_next_try_holds_once(arrive, store, counted):
    arrive(hold=["x@example.org"])
    with store.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")

    with pytest.raises(StoreError, match="full") as caught:
        arrive(content=CONTENT + bytes(200_000))

    assert "example.org" not in str(caught.value)
    assert len(counted().holds) == 1
    assert counted().kinds == ["notice.held", "notice.task"]
    with store.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert not arrive(content=CONTENT + bytes(200_000)).joined
    assert audit.verify(store).is_whole


def test_a_full_disk_leaves_a_hold_undecided_when_the_decision_does_not_fit(arrive, quarantine, store, now):
    hold = arrive().hold_id
    with store.write() as connection:
        connection.exec_driver_sql(
            f"PRAGMA max_page_count = {connection.exec_driver_sql('PRAGMA page_count').scalar()}"
        )

    with pytest.raises(StoreError, match="full"):
        quarantine.refuse(hold, actor="rita", reason="x" * 100_000, now=now)

    assert quarantine.get(hold).state is HoldState.HELD
    assert [entry.kind for entry in quarantine.history(hold)] == ["held"]


def test_a_store_that_is_locked_away_is_a_store_error(arrive, key_folder, store, monkeypatch):
    import sqlite3
    from contextlib import closing

    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    store._engine.dispose()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked"):
            arrive()
        other.execute("ROLLBACK")

    assert not arrive().joined


def test_a_store_that_is_gone_is_a_store_error_for_every_call(arrive, quarantine, store, keys, now, make_message):
    hold = arrive().hold_id
    row = quarantine.claim(now, 1, 60)[0]
    shutil.rmtree(store.path.parent)
    store._engine.dispose()

    for call in (
        arrive,
        lambda: quarantine.list(),
        lambda: quarantine.get(hold),
        lambda: quarantine.open(hold, keys.opening),
        lambda: quarantine.release(hold, actor="rita", reason="", now=now),
        lambda: quarantine.claim(now, 1, 60),
        lambda: quarantine.done(row, now=now),
        lambda: quarantine.retry(row, "451", now),
        lambda: quarantine.expect(row, "", ["a@riverbank.example"], bytes(32), now),
        lambda: quarantine.departing("", ["a@riverbank.example"], bytes(32), now),
        lambda: quarantine.fault(make_message(), now=now),
        lambda: quarantine.expire_due(now),
    ):
        with pytest.raises(StoreError, match="missing"):
            call()


def test_a_damaged_store_is_a_store_error(arrive, quarantine, store):
    arrive()
    store.close()
    with store.path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    for extra in ("-wal", "-shm"):
        store.path.with_name(store.path.name + extra).unlink(missing_ok=True)

    with pytest.raises(StoreError):
        quarantine.list()


def test_two_stores_open_at_once_see_each_others_work(arrive, store):
    other = Store.open(store.path)
    arrive()

    assert audit.verify(other).entries == 1
    other.close()
