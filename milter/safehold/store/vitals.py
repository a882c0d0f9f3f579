# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs of life: when a process last worked this store, what waits for it, and that there is only one of it.

A courier that is gone makes no error anywhere: holds are made, decisions are taken, and nobody is told.  So it leaves
a heartbeat in the store from within its loop, and ``doctor`` compares.  A process that hangs leaves none: the beat
comes between steps and never from a thread of its own.  What it has in hand meanwhile is a row that it claimed, for a
time that is limited when it is claimed, so that a step that never ends is seen when the lease is over.  The gateway
leaves word of which rules it loaded, once a load: files that were edited since make no error either.

Source: flock(2) for :func:`alone`; the lock ends with the process, however that ends.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from safehold.errors import SafeholdError, StoreError
from safehold.model import HoldState
from safehold.store import outbox
from safehold.store.database import Store
from safehold.store.tables import heartbeats, hold_recipients, holds, meta
from safehold.store.tables import outbox as rows

# Each beat is a commit, and so a sync of the disk; nobody needs to know sooner.
BEAT_EVERY = timedelta(minutes=1)
# How long what was given up is worth a word: a week's report shows it once.
GIVEN_UP_FOR = timedelta(days=7)


_IN_FORCE = "in_force"


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
        in_hand_until: Until when somebody may be at work on a row that was claimed; None where nothing is claimed.
    """

    waiting: int = 0
    oldest_at: datetime | None = None
    oldest_error: str = ""
    releases: int = 0
    oldest_release_at: datetime | None = None
    given_up: int = 0
    in_hand_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that the gateway judges by: the digest of its policies, the revision of its register, since when."""

    policies: str
    revision: int
    at: datetime


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
    in_hand = select(func.max(rows.c.claimed_until)).where(pending, rows.c.claimed_until > now)
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
            in_hand_until=connection.execute(in_hand).scalar_one(),
        )


def set_in_force(store: Store, policies: str, revision: int, now: datetime) -> None:
    """Record which rules the gateway judges by from now on.

    Raises:
        StoreError: The store is away.
    """
    value = json.dumps({"policies": policies, "revision": revision, "at": now.isoformat()})
    with store.write() as connection:
        row = upsert(meta).values(name=_IN_FORCE, value=value)
        connection.execute(row.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": value}))


def in_force(store: Store) -> InForce | None:
    """Return the rules that a gateway put in force last; None where none ever did."""
    with store.read() as connection:
        value = connection.execute(select(meta.c.value).where(meta.c.name == _IN_FORCE)).scalar()
    if value is None:
        return None
    said = json.loads(value)
    return InForce(said["policies"], said["revision"], datetime.fromisoformat(said["at"]))


def holds_by_copy(store: Store, states: Collection[HoldState]) -> Mapping[str, int]:
    """Return how many of the holds in *states* have a copy in each state that copies have."""
    joined = select(hold_recipients.c.state, func.count(holds.c.id.distinct()).label("number")).join(holds)
    query = joined.where(holds.c.state.in_(sorted(states))).group_by(hold_recipients.c.state)
    with store.read() as connection:
        return {row.state: row.number for row in connection.execute(query)}


@contextmanager
def alone(path: Path, name: str) -> Iterator[None]:
    """Be the only process that does *name*'s work on the store at *path* while the block runs.

    Raises:
        AlreadyRunningError: Another is; it is left alone.
        StoreError: The lock file beside the store cannot be written.
    """
    lock = _lock(path, name)
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    except OSError as error:
        raise StoreError(f"the lock beside the store cannot be written: {error.strerror} ({lock})") from error
    try:
        _take(descriptor, lock, name)
        yield
    finally:
        os.close(descriptor)


def is_taken(path: Path, name: str) -> bool:
    """Return whether some process is in :func:`alone`; True where that cannot be found out.

    Asked by whoever only looks: a process that begins in that very moment may be turned away, and is started again.
    """
    try:
        descriptor = os.open(_lock(path, name), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _lock(path: Path, name: str) -> Path:
    return path.with_name(f"{path.name}.{name}.lock")


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
