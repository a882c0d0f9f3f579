# SPDX-License-Identifier: GPL-3.0-or-later
"""What the courier has to do, and what it has told the release guard to let through.

A row is claimed with a lease: a courier that dies leaves it, and it comes back when the lease is over.  ``attempts``
counts the claims and tells a late courier that its row is another's by now.  Every function works in the transaction
whose connection it is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from safehold.model import HoldState
from safehold.store.tables import departures, holds, outbox

RELEASE = "release"
JOURNAL = "journal"
ALERT = "alert"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One thing to do: a notice, a release, a copy for the archive, an alert.

    Attributes:
        id: Its number.
        kind: ``notice.held``, ``notice.task``, ``notice.released``, ``notice.refused``, ``notice.cancelled``,
            ``notice.expired``, ``release``, ``journal`` or ``alert``.
        hold_id: The hold it is about; "" for an alert about none.
        attempts: How often it was claimed, this time included.
        created_at: When it came about.
        detail: What an alert is about, in fixed words of ours.
        version: The version of the hold that caused it: with kind and hold id a stable name of this row.
    """

    id: int
    kind: str
    hold_id: str
    attempts: int
    created_at: datetime
    detail: str = ""
    version: int = 0


def add(connection: Connection, kind: str, *, hold: str, version: int, now: datetime, detail: str = "") -> None:
    """Put a row in the outbox; the same row twice is one row."""
    row = {"kind": kind, "hold": hold, "hold_version": version, "detail": detail, "state": "pending"}
    row |= {"created_at": now, "next_at": now, "attempts": 0, "last_error": ""}
    connection.execute(upsert(outbox).values(row).on_conflict_do_nothing())


def journal(connection: Connection, *, hold: str, now: datetime) -> None:
    """Ask for the archive's copy of a hold: one row a hold, however often and whenever it is asked for."""
    add(connection, JOURNAL, hold=hold, version=1, now=now)


def alert(connection: Connection, detail: str, *, hold: str, now: datetime) -> bool:
    """Put an alert in the outbox unless the same waits there; return whether it was put."""
    same = (outbox.c.kind == ALERT, outbox.c.hold == hold, outbox.c.detail == detail)
    if connection.execute(select(outbox.c.id).where(*same, outbox.c.state == "pending")).first():
        return False
    last = connection.execute(select(func.max(outbox.c.hold_version)).where(*same)).scalar() or 0
    add(connection, ALERT, hold=hold, version=last + 1, now=now, detail=detail)
    return True


def is_due(connection: Connection, now: datetime) -> bool:
    """Return whether anything could be claimed."""
    return connection.execute(select(outbox.c.id).where(*_due(now)).limit(1)).first() is not None


def claim(connection: Connection, now: datetime, limit: int, lease: timedelta) -> tuple[OutboxRow, ...]:
    """Claim up to *limit* due rows, oldest first."""
    due = select(outbox.c.id).where(*_due(now)).order_by(outbox.c.next_at, outbox.c.id).limit(limit)
    ids = list(connection.execute(due).scalars())
    connection.execute(
        update(outbox).where(outbox.c.id.in_(ids)).values(attempts=outbox.c.attempts + 1, claimed_until=now + lease)
    )
    rows = connection.execute(select(outbox).where(outbox.c.id.in_(ids)).order_by(outbox.c.id))
    return tuple(_row(row) for row in rows)


def done(connection: Connection, row: OutboxRow, *, now: datetime) -> bool:
    """End a row as done, even for a courier whose claim is over: it did it.  Return whether it was pending."""
    return _end(connection, row, (outbox.c.id == row.id, outbox.c.state == "pending"), "done", now, "")


def dead(connection: Connection, row: OutboxRow, error: str, *, now: datetime) -> bool:
    """End a claimed row as dead; return whether the claim was still good."""
    return _end(connection, row, _claimed(row), "dead", now, error)


def overtaken(connection: Connection, row: OutboxRow, *, now: datetime) -> bool:
    """End a claimed row as overtaken by what happened since; return whether the claim was still good."""
    return _end(connection, row, _claimed(row), "overtaken", now, "")


def has_later(connection: Connection, row: OutboxRow) -> bool:
    """Return whether a later row of the same kind about the same hold waits or was done."""
    later = _wanted(row.kind, row.hold_id), outbox.c.hold_version > row.version
    return connection.execute(select(outbox.c.id).where(*later).limit(1)).first() is not None


def is_told(connection: Connection, kind: str, hold: str) -> bool:
    """Return whether a row of that kind about a hold waits or was done."""
    return connection.execute(select(outbox.c.id).where(_wanted(kind, hold)).limit(1)).first() is not None


def _wanted(kind: str, hold: str) -> ColumnElement[bool]:
    return and_(outbox.c.kind == kind, outbox.c.hold == hold, outbox.c.state.in_(("pending", "done")))


def put_back(connection: Connection, row: OutboxRow, error: str, next_at: datetime) -> bool:
    """Give a claimed row back until *next_at*; return whether the claim was still good."""
    values = {"next_at": next_at, "claimed_until": None, "last_error": error}
    return _leave(connection, row, _claimed(row), values)


def is_claimed(connection: Connection, row: OutboxRow, now: datetime) -> bool:
    """Return whether the claim is still good."""
    query = select(outbox.c.id).where(*_claimed(row), outbox.c.claimed_until > now)
    return connection.execute(query).first() is not None


def expect(connection: Connection, row: OutboxRow, digest: bytes, expires_at: datetime) -> None:
    """Let what *digest* stands for pass the guard until *expires_at*; a row has one departure at a time."""
    connection.execute(delete(departures).where(departures.c.outbox == row.id))
    connection.execute(insert(departures).values(outbox=row.id, hash=digest, expires_at=expires_at))


def departing(connection: Connection, digest: bytes, now: datetime) -> bool:
    """Return whether this may leave now: a hold that is being released, or a notice or archive copy claimed now."""
    announced = select(departures.c.outbox).where(departures.c.hash == digest, departures.c.expires_at > now)
    # Two steps, or SQLite walks all pending rows to find one: it keeps no statistics of its own accord.
    ids = list(connection.execute(announced).scalars())
    query = (
        select(outbox.c.id)
        .join(holds, holds.c.id == outbox.c.hold, isouter=True)
        .where(
            outbox.c.id.in_(ids),
            outbox.c.state == "pending",
            outbox.c.claimed_until > now,
            or_(outbox.c.kind != RELEASE, holds.c.state == HoldState.RELEASING.value),
        )
    )
    return bool(ids) and connection.execute(query).first() is not None


def forget(connection: Connection, ended_before: datetime) -> int:
    """Delete rows that ended before a time; return how many.

    Archive copies stay: a hold may be released long after its copy was made, and their rows are what tells of it.
    """
    return connection.execute(delete(outbox).where(outbox.c.ended_at < ended_before, outbox.c.kind != JOURNAL)).rowcount


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        outbox.c.state == "pending",
        outbox.c.next_at <= now,
        or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= now),
    )


def _claimed(row: OutboxRow) -> tuple[ColumnElement[bool], ...]:
    return outbox.c.id == row.id, outbox.c.state == "pending", outbox.c.attempts == row.attempts


def _end(
    connection: Connection,
    row: OutboxRow,
    where: tuple[ColumnElement[bool], ...],
    state: str,
    now: datetime,
    error: str,
) -> bool:
    values = {"state": state, "ended_at": now, "claimed_until": None, "last_error": error}
    return _leave(connection, row, where, values)


def _leave(
    connection: Connection, row: OutboxRow, where: tuple[ColumnElement[bool], ...], values: Mapping[str, Any]
) -> bool:
    """Change a row that a courier is through with; nothing of it may pass the guard from now on."""
    if connection.execute(update(outbox).where(*where).values(**values)).rowcount != 1:
        return False
    connection.execute(delete(departures).where(departures.c.outbox == row.id))
    return True


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(row.id, row.kind, row.hold, row.attempts, row.created_at, row.detail, row.hold_version)
