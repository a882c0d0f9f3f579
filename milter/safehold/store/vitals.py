# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs of life: when a process last worked this store, what waits for it, and that there is only one of it.

A courier that is gone makes no error anywhere: holds are made, decisions are taken, and nobody is told.  So it leaves
a heartbeat in the store from within its loop (a process that hangs leaves none), and ``doctor`` compares.

Source: flock(2) for :func:`alone`; the lock ends with the process, however that ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from safehold.errors import SafeholdError, StoreError
from safehold.store import outbox
from safehold.store.database import Store
from safehold.store.tables import heartbeats
from safehold.store.tables import outbox as rows

# Each beat is a commit, and so a sync of the disk; nobody needs to know sooner.
BEAT_EVERY = timedelta(minutes=1)
# How long what was given up is worth a word: a week's report shows it once.
GIVEN_UP_FOR = timedelta(days=7)


class AlreadyRunningError(SafeholdError):
    """Another process does this work on this store."""


@dataclass(frozen=True, slots=True)
class Beat:
    """When a process last worked the store, and since when it has."""

    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the outbox.

    Attributes:
        waiting: Rows not done yet, put off ones included.
        oldest_at, oldest_error: When the oldest came about, and why it was put off last, in words of ours.
        releases, oldest_release_at: The same of mail that people decided to let go.
        given_up: Rows given up within :data:`GIVEN_UP_FOR`.
    """

    waiting: int = 0
    oldest_at: datetime | None = None
    oldest_error: str = ""
    releases: int = 0
    oldest_release_at: datetime | None = None
    given_up: int = 0


class Heart:
    """The heartbeat of this process under one name; belongs to one thread."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._since: datetime | None = None
        self._at: datetime | None = None

    def beat(self, now: datetime) -> None:
        """Record that we live, at most once in :data:`BEAT_EVERY`.

        Raises:
            StoreError: The store is away.
        """
        if self._at is not None and timedelta() <= now - self._at < BEAT_EVERY:
            return
        since = self._since or now
        values = {"at": now, "since": since}
        with self._store.write() as connection:
            row = upsert(heartbeats).values(name=self._name, **values)
            connection.execute(row.on_conflict_do_update(index_elements=[heartbeats.c.name], set_=values))
        self._since, self._at = since, now


def last_beat(store: Store, name: str) -> Beat | None:
    """Return the last heartbeat under *name*; None where there never was one."""
    with store.read() as connection:
        row = connection.execute(select(heartbeats).where(heartbeats.c.name == name)).first()
    return None if row is None else Beat(row.at, row.since)


def backlog(store: Store, now: datetime) -> Backlog:
    """Return what waits in the outbox at *now*."""
    pending = rows.c.state == "pending"
    oldest = select(rows.c.created_at, rows.c.last_error).where(pending).order_by(rows.c.created_at, rows.c.id).limit(1)
    releases = select(func.count(), func.min(rows.c.created_at)).where(pending, rows.c.kind == outbox.RELEASE)
    dead = select(func.count()).where(rows.c.state == "dead", rows.c.ended_at > now - GIVEN_UP_FOR)
    with store.read() as connection:
        first = connection.execute(oldest).first()
        release_count, oldest_release = connection.execute(releases).one()
        return Backlog(
            waiting=connection.execute(select(func.count()).where(pending)).scalar_one(),
            oldest_at=first.created_at if first else None,
            oldest_error=first.last_error if first else "",
            releases=release_count,
            oldest_release_at=oldest_release,
            given_up=connection.execute(dead).scalar_one(),
        )


@contextmanager
def alone(path: Path, name: str) -> Iterator[None]:
    """Be the only process that does *name*'s work on the store at *path* while the block runs.

    Raises:
        AlreadyRunningError: Another is; it is left alone.
        StoreError: The lock file beside the store cannot be written.
    """
    lock = path.with_name(f"{path.name}.{name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    except OSError as error:
        raise StoreError(f"the lock beside the store cannot be written: {error.strerror} ({lock})") from error
    try:
        _take(descriptor, lock, name)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, lock: Path, name: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise AlreadyRunningError(
            f"another {name} works this store already (process {holder}); its lock is {lock}"
        ) from None
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, 0o660)  # whatever the umask was: the unit's user must be able to take it after root
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
