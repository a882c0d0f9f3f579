# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of held messages: adding, finding, changing by compare-and-set.  What may follow what is not known here.

Every function works in the transaction whose connection it is given.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from safehold import vault
from safehold.model import HeldMessage, HoldState, Origin
from safehold.store.tables import faults, hold_recipients, holds, sealed

# What becomes of one recipient's copy: held, or held under the name of a list that could not be expanded, or under a
# name that nobody could look up because the maps could not be read; refused by a policy outright; left, where it has
# been released and others of its hold have not.
HELD, LIST, UNREAD, REFUSED, LEFT = "held", "list", "unread", "refused", "left"

_FIELDS = tuple(HeldMessage.__dataclass_fields__)
_TUPLES = frozenset({"policies", "persons", "approved_by", "problems"})


@dataclass(frozen=True, slots=True)
class RetryKey:
    """By what a client's retry of one recipient's copy is known."""

    key: bytes
    message_id_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Match:
    """An earlier hold of the same copy."""

    hold: str
    state: HoldState
    held_at: datetime
    recipient_state: str


@dataclass(frozen=True, slots=True)
class NewHold:
    """All that is stored of a hold at its beginning."""

    held: HeldMessage
    closed_at: datetime | None
    sealed: vault.Sealed
    retry_keys: Sequence[RetryKey]
    release_keys: Sequence[bytes]
    states: Sequence[str]
    parties: Sequence[str] = field(repr=False)


def add(connection: Connection, new: NewHold) -> None:
    """Store a new hold.  A hold id that is taken is an IntegrityError, which ends the transaction."""
    values = {name: getattr(new.held, name) for name in _FIELDS}
    values |= {name: list(values[name]) for name in _TUPLES}
    values |= {"closed_at": new.closed_at, "parties": list(new.parties)}
    connection.execute(insert(holds).values(values))
    connection.execute(
        insert(sealed).values(
            hold=new.held.id,
            suite=new.sealed.suite,
            key_id=new.sealed.key_id,
            recovery_id=new.sealed.recovery_id,
            wrapped=new.sealed.wrapped,
            wrapped_recovery=new.sealed.wrapped_recovery,
            **new.sealed.fields,
        )
    )
    copies = zip(new.retry_keys, new.release_keys, new.states, strict=True)
    connection.execute(
        insert(hold_recipients),
        [
            {
                "hold": new.held.id,
                "position": at,
                "retry_key": key.key,
                "message_id_hash": key.message_id_hash,
                "release_key": release_key,
                "state": state,
            }
            for at, (key, release_key, state) in enumerate(copies, 1)
        ],
    )


def get(connection: Connection, hold: str) -> HeldMessage | None:
    """Return the plain facts of one hold, or None."""
    row = connection.execute(select(holds).where(holds.c.id == hold)).first()
    return None if row is None else _held(row)


def exists(connection: Connection, hold: str) -> bool:
    """Return whether the hold id is taken."""
    return connection.execute(select(holds.c.id).where(holds.c.id == hold)).first() is not None


def listed(connection: Connection, states: Collection[HoldState], limit: int) -> tuple[HeldMessage, ...]:
    """Return holds in any of *states*, the one that is due first first."""
    query = select(*(holds.c[name] for name in _FIELDS)).where(holds.c.state.in_(sorted(states)))
    return tuple(_held(row) for row in connection.execute(query.order_by(holds.c.due_at, holds.c.id).limit(limit)))


def counts(connection: Connection) -> Mapping[HoldState, int]:
    """Return how many holds are in each state."""
    rows = connection.execute(select(holds.c.state, func.count()).group_by(holds.c.state))
    found = {HoldState(state): int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in HoldState}


def expired(connection: Connection, states: Collection[HoldState], now: datetime, limit: int) -> tuple[str, ...]:
    """Return ids of holds in *states* whose time is over."""
    query = select(holds.c.id).where(holds.c.state.in_(sorted(states)), holds.c.expires_at <= now)
    return tuple(connection.execute(query.order_by(holds.c.expires_at).limit(limit)).scalars())


def parties(connection: Connection, hold: str) -> frozenset[str]:
    """Return the keyed hashes of the people who sent the message or get it."""
    return frozenset(connection.execute(select(holds.c.parties).where(holds.c.id == hold)).scalar_one())


def release_keys(connection: Connection, hold: str, *, left: bool = False) -> frozenset[bytes]:
    """Return the keyed hashes of the copies that a hold may release; with *left*, of those that have left too."""
    query = select(hold_recipients.c.release_key).where(hold_recipients.c.hold == hold)
    if not left:
        query = query.where(hold_recipients.c.state != LEFT)
    return frozenset(connection.execute(query).scalars())


def states(connection: Connection, hold: str) -> tuple[str, ...]:
    """Return what became of each recipient's copy, in the order of what the hold seals."""
    query = select(hold_recipients.c.state).where(hold_recipients.c.hold == hold)
    return tuple(connection.execute(query.order_by(hold_recipients.c.position)).scalars())


def set_copies(connection: Connection, hold: str, positions: Iterable[int], state: str, *, of: str) -> None:
    """Note what those copies at *positions* (from 1) of a hold are that are still *of* this state."""
    at = hold_recipients.c.hold == hold, hold_recipients.c.position.in_(sorted(positions))
    connection.execute(update(hold_recipients).where(*at, hold_recipients.c.state == of).values(state=state))


def set_left(connection: Connection, hold: str, *, lists: bool) -> int:
    """Note that the copies of all lists, or of all others, have left; return how many these were."""
    of = hold_recipients.c.state == LIST if lists else hold_recipients.c.state.in_((HELD, REFUSED))
    return connection.execute(
        update(hold_recipients).where(hold_recipients.c.hold == hold, of).values(state=LEFT)
    ).rowcount


def content(connection: Connection, hold: str) -> vault.Sealed | None:
    """Return what a hold seals, or None where it was erased or never was."""
    row = connection.execute(select(sealed).where(sealed.c.hold == hold)).first()
    return None if row is None else _sealed(row)


def change(connection: Connection, held: HeldMessage, values: Mapping[str, Any]) -> bool:
    """Change a hold if it is still what *held* says; return whether it was."""
    plain = {name: list(value) if name in _TUPLES else value for name, value in values.items()}
    result = connection.execute(
        update(holds)
        .where(holds.c.id == held.id, holds.c.version == held.version, holds.c.state == held.state)
        .values(version=held.version + 1, **plain)
    )
    return result.rowcount == 1


def set_error(connection: Connection, hold: str, words: str) -> None:
    """Note the last error of a hold; no change of its state, so no new version."""
    connection.execute(update(holds).where(holds.c.id == hold).values(last_error=words))


def matches(connection: Connection, key: RetryKey) -> tuple[Match, ...]:
    """Return earlier holds of the same copy, newest first."""
    query = (
        select(holds.c.id, holds.c.state, holds.c.held_at, hold_recipients.c.state.label("recipient_state"))
        .join(hold_recipients, hold_recipients.c.hold == holds.c.id)
        .where(hold_recipients.c.retry_key == key.key, hold_recipients.c.message_id_hash == key.message_id_hash)
        .order_by(holds.c.held_at.desc(), holds.c.id)
        .limit(20)
    )
    return tuple(
        Match(row.id, HoldState(row.state), row.held_at, row.recipient_state) for row in connection.execute(query)
    )


def erase(connection: Connection, closed_before: datetime, states: Collection[HoldState]) -> tuple[str, ...]:
    """Delete what was sealed of holds that closed before a time; return their ids."""
    query = select(holds.c.id).join(sealed, sealed.c.hold == holds.c.id)
    query = query.where(holds.c.state.in_(sorted(states)), holds.c.closed_at < closed_before).limit(100)
    ids = tuple(connection.execute(query).scalars())
    connection.execute(delete(sealed).where(sealed.c.hold.in_(ids)))
    return ids


def sealed_to(connection: Connection, key_id: str, limit: int, *, but: str) -> tuple[tuple[str, vault.Sealed], ...]:
    """Return some of the holds that one key opens, a reviewers' or the recovery key, without their fields.

    Those of the reviewers' key *but* are left out.
    """
    columns = (sealed.c.hold, sealed.c.suite, sealed.c.key_id, sealed.c.recovery_id)
    opens = or_(sealed.c.key_id == key_id, sealed.c.recovery_id == key_id)
    query = select(*columns, sealed.c.wrapped, sealed.c.wrapped_recovery).where(opens, sealed.c.key_id != but)
    return tuple(
        (
            row.hold,
            vault.Sealed(row.suite, row.key_id, row.recovery_id, row.wrapped, row.wrapped_recovery, {}),
        )
        for row in connection.execute(query.limit(limit))
    )


def rewrap(connection: Connection, hold: str, key_id: str, wrapped: bytes) -> None:
    """Replace the wrapped key of a hold."""
    connection.execute(update(sealed).where(sealed.c.hold == hold).values(key_id=key_id, wrapped=wrapped))


def count_fault(connection: Connection, retry_key: bytes, now: datetime, window: timedelta) -> int:
    """Count one more fault of a retry key within *window*; return how many there are."""
    connection.execute(delete(faults).where(faults.c.last_at < now - window))
    statement = upsert(faults).values(retry_key=retry_key, count=1, last_at=now)
    statement = statement.on_conflict_do_update(
        index_elements=["retry_key"], set_={"count": faults.c.count + 1, "last_at": now}
    )
    connection.execute(statement)
    return int(connection.execute(select(faults.c.count).where(faults.c.retry_key == retry_key)).scalar_one())


def forget_faults(connection: Connection, retry_keys: Iterable[bytes]) -> None:
    """Drop the counts of retry keys whose message came through."""
    connection.execute(delete(faults).where(faults.c.retry_key.in_(list(retry_keys))))


def _held(row: Row[Any]) -> HeldMessage:
    values = {name: getattr(row, name) for name in _FIELDS}
    values |= {name: tuple(values[name]) for name in _TUPLES}
    return HeldMessage(**values | {"state": HoldState(row.state), "origin": Origin(row.origin)})


def _sealed(row: Row[Any]) -> vault.Sealed:
    fields = {"envelope": row.envelope, "evidence": row.evidence, "message": row.message}
    return vault.Sealed(row.suite, row.key_id, row.recovery_id, row.wrapped, row.wrapped_recovery, fields)
