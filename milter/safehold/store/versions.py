# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of the policies: who put which live, what changed in words, and the files themselves.  And fire brigade.

The files are sealed under the register key: a policy folder may hold a register's file, and its lists may name people.
What is in the clear is a digest, who acted, when, and what changed, in words that name policies and exceptions, never
an item of a list or a person.  Each deed is one transaction with its audit entry.

A version is *published* by one person, or, where it protects less, *proposed* by one and published by another; it is
*loaded* where a gateway found files that nobody had published, and took them.  A policy is *disabled* until a time that
is said when it is done; then it is in force again by itself.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from safehold import vault
from safehold.errors import TamperedError
from safehold.store import audit, outbox
from safehold.store.database import Store
from safehold.store.tables import disabled, versions

# How many words about changes are kept: a first version of hundreds of policies is no news for anybody to read.
MOST_CHANGES = 200


class State(StrEnum):
    """What a version is."""

    PUBLISHED = "published"
    PROPOSED = "proposed"
    LOADED = "loaded"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a policy folder, by path, and when each was changed."""

    files: Mapping[str, bytes] = field(repr=False)
    changed: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """One version: who put it live (and who agreed), and what was other than in the version before, in words."""

    id: int
    state: State
    digest: str
    at: datetime
    actor: str
    second: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disabled:
    """A policy that somebody switched off for a time."""

    policy: str
    at: datetime
    until: datetime
    actor: str


class Versions:
    """The versions in one store.  Safe for threads, and between processes."""

    def __init__(self, store: Store, register_key: bytes) -> None:
        self._store = store
        self._key = register_key

    def latest(self, *states: State) -> Version | None:
        """Return the newest version in one of *states*, or None."""
        return latest(self._store, *states)

    def files(self, version: Version) -> Files:
        """Return the files of a version.

        Raises:
            TamperedError: They are not what was sealed.
        """
        with self._store.read() as connection:
            sealed = connection.execute(select(versions.c.files).where(versions.c.id == version.id)).scalar_one()
        return _unpacked(vault.open_row(self._key, _place(version.digest), sealed))

    def add(
        self, state: State, digest: str, files: Files, *, actor: str, changes: Sequence[str], now: datetime
    ) -> Version:
        """Record a new version."""
        sealed = vault.seal_row(self._key, _place(digest), _packed(files))
        kept = tuple(changes[:MOST_CHANGES])
        with self._store.write() as connection:
            row = insert(versions).values(
                state=state.value, digest=digest, at=now, actor=actor, second="", changes=list(kept), files=sealed
            )
            number = int(connection.execute(row).inserted_primary_key[0])  # type: ignore[index]
            _record(connection, state, digest, actor, changes, now)
        return Version(number, state, digest, now, actor, "", kept)

    def agree(self, proposed: Version, *, second: str, now: datetime) -> Version | None:
        """Publish what another person proposed; None where that was done, or overtaken, meanwhile."""
        its = versions.c.id == proposed.id, versions.c.state == State.PROPOSED.value
        with self._store.write() as connection:
            done = connection.execute(
                update(versions).where(*its).values(state=State.PUBLISHED.value, second=second, at=now)
            )
            if done.rowcount != 1:
                return None
            _record(connection, State.PUBLISHED, proposed.digest, proposed.actor, proposed.changes, now, second=second)
        return Version(proposed.id, State.PUBLISHED, proposed.digest, now, proposed.actor, second, proposed.changes)


def latest(store: Store, *states: State) -> Version | None:
    """Return the newest version in one of *states* (any, where none is named), or None; without its files."""
    query = select(*(versions.c[name] for name in _PLAIN)).where(versions.c.state.in_(sorted(states or State)))
    with store.read() as connection:
        row = connection.execute(query.order_by(versions.c.at.desc(), versions.c.id.desc()).limit(1)).first()
    return None if row is None else _version(row)


def listed(store: Store, limit: int = 50) -> tuple[Version, ...]:
    """Return the versions, newest first."""
    query = select(*(versions.c[name] for name in _PLAIN)).order_by(versions.c.at.desc(), versions.c.id.desc())
    with store.read() as connection:
        return tuple(_version(row) for row in connection.execute(query.limit(limit)))


_PLAIN = ("id", "state", "digest", "at", "actor", "second", "changes")


def _version(row: Row[Any]) -> Version:
    return Version(row.id, State(row.state), row.digest, row.at, row.actor, row.second, tuple(row.changes))


def _record(
    connection: Connection,
    state: State,
    digest: str,
    actor: str,
    changes: Sequence[str],
    now: datetime,
    *,
    second: str = "",
) -> None:
    facts: dict[str, Any] = {"digest": digest, "changes": list(changes[:MOST_CHANGES]), "count": len(changes)}
    if second:
        facts["second"] = second
    audit.append(connection, f"policies {state.value}", now=now, actor=actor, facts=facts)


def _place(digest: str) -> str:
    return f"policies {digest}"


def _packed(files: Files) -> bytes:
    value = {
        "files": {name: base64.b64encode(content).decode() for name, content in files.files.items()},
        "changed": {name: day.isoformat() for name, day in files.changed.items()},
    }
    return zlib.compress(json.dumps(value).encode("ascii"))


def _unpacked(blob: bytes) -> Files:
    try:
        value = json.loads(zlib.decompress(blob))
        return Files(
            {name: base64.b64decode(content) for name, content in value["files"].items()},
            {name: date.fromisoformat(day) for name, day in value["changed"].items()},
        )
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TamperedError("the sealed policies are of an unknown shape") from error


# -- fire brigade ---------------------------------------------------------------------------------------------------


def disable(
    store: Store, policy: str, until: datetime, *, actor: str, note: bytes | None, words: str, now: datetime
) -> None:
    """Switch a policy off until a time; *note* is the sealed reason, *words* what those on duty are told."""
    values = {"at": now, "until": until, "actor": actor}
    row = upsert(disabled).values(policy=policy, **values)
    with store.write() as connection:
        connection.execute(row.on_conflict_do_update(index_elements=[disabled.c.policy], set_=values))
        facts = {"policy": policy, "until": until.isoformat()}
        audit.append(connection, "policy disabled", now=now, actor=actor, facts=facts, note=note)
        outbox.alert(connection, words, hold="", now=now)


def enable(store: Store, policy: str, *, actor: str, note: bytes | None, now: datetime) -> bool:
    """Put a disabled policy in force again before its time; return whether it was disabled."""
    its = disabled.c.policy == policy, disabled.c.until > now
    with store.write() as connection:
        if connection.execute(update(disabled).where(*its).values(until=now)).rowcount != 1:
            return False
        audit.append(connection, "policy enabled", now=now, actor=actor, facts={"policy": policy}, note=note)
        return True


def asleep(store: Store, now: datetime) -> tuple[Disabled, ...]:
    """Return the policies that are disabled now, the one that wakes first first; cheap, to be asked every second."""
    query = select(disabled).where(disabled.c.until > now).order_by(disabled.c.until, disabled.c.policy)
    with store.read() as connection:
        return tuple(Disabled(row.policy, row.at, row.until, row.actor) for row in connection.execute(query))
