# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves a hold: which copies are to be sent, that they are what was held, and what follows once they left or not.

A release has up to two parts: the copies for final addresses, and those held under the name of a list, which leave by
a listener that expands lists.  What has left is remembered part by part, so that nothing is sent again because
something else could not be.  Every function works in the transaction whose connection it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from safehold.errors import IllegalMoveError, NotAllowedError
from safehold.model import HeldContent, HeldMessage, HoldState, Recipient
from safehold.quarantine import changing, digests, names
from safehold.quarantine.names import Found
from safehold.quarantine.outlets import NoWayOutError, Outlets, WholeListError
from safehold.store import audit, holds, outbox
from safehold.store.outbox import OutboxRow

COURIER = "courier"


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of a hold that have not left: final addresses, and names of lists that could not be expanded."""

    final: tuple[Recipient, ...] = field(repr=False)
    lists: tuple[Recipient, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Departure:
    """One mail that is about to leave."""

    sender: str = field(repr=False)
    recipients: Sequence[str] = field(repr=False)
    digest: bytes


def require_way_out(connection: Connection, hold_id: str, outlets: Outlets, found: Found) -> None:
    """Return if every copy of the hold can reach whom it is for, its names being what was found; else NoWayOutError."""
    if outlets.lists:
        return
    states = holds.states(connection, hold_id)
    if holds.LIST in states or found.lists:
        raise NoWayOutError
    if set(names.unread(states)) - found.mailboxes:
        raise NoWayOutError(is_unread=True)


def require_no_list(connection: Connection, hold_id: str, found: Found) -> None:
    """Return if no copy of the hold would go to a list whose members nobody has judged; else raise WholeListError."""
    states = holds.states(connection, hold_id)
    if holds.LIST in states or set(names.unread(states)) - found.mailboxes:
        raise WholeListError


def waiting(connection: Connection, hold_id: str, content: HeldContent) -> Copies:
    """Return the copies that have not left."""
    states = holds.states(connection, hold_id)
    left = [pair for pair in zip(content.held, states, strict=True) if pair[1] != holds.LEFT]
    return Copies(
        final=tuple(each for each, state in left if state in {holds.HELD, holds.REFUSED}),
        lists=tuple(each for each, state in left if state not in {holds.HELD, holds.REFUSED}),
    )


def check_release(connection: Connection, hold_id: str, leaving: Departure, store_key: bytes) -> None:
    """Raise unless the hold is being released and these are copies that it holds."""
    if changing.get(connection, hold_id).state is not HoldState.RELEASING:
        raise IllegalMoveError("the hold is not being released")
    _compare(leaving, leaving.recipients, store_key, holds.release_keys(connection, hold_id))


def check_archive_copy(
    connection: Connection, hold_id: str, leaving: Departure, store_key: bytes, outlets: Outlets, held: Sequence[str]
) -> None:
    """Raise unless this is what was held (for each recipient in *held*), for the archive and nobody else."""
    if not outlets.archive or list(leaving.recipients) != [outlets.archive]:
        raise NotAllowedError("not the archive of the settings")
    _compare(leaving, held, store_key, holds.release_keys(connection, hold_id, left=True))


def _compare(leaving: Departure, recipients: Sequence[str], store_key: bytes, known: frozenset[bytes]) -> None:
    shown = {digests.release_key(store_key, leaving.sender, each, leaving.digest) for each in recipients}
    if not shown or not shown <= known:
        raise NotAllowedError("sender, recipients or content are not what was held")


def order_archive_copy(connection: Connection, held: HeldMessage, outlets: Outlets, now: datetime) -> None:
    """Have the archive's copy made of what leaves, where none was made: neither at the hold nor by the mail server.

    The mail server made one if any of the message went on when it came.
    """
    if outlets.archive and not held.delivered_count:
        outbox.journal(connection, hold=held.id, now=now)


def set_left(
    connection: Connection, row: OutboxRow, outlets: Outlets, *, lists: bool, facts: Mapping[str, Any], now: datetime
) -> None:
    """Note that one part of a release left, and that the rest is to come."""
    count = holds.set_left(connection, row.hold_id, lists=lists)
    held = changing.get(connection, row.hold_id)
    record = {**facts, "lists": lists, "recipients": count}
    audit.append(connection, "released in part", now=now, hold=held.id, actor=COURIER, facts=record)
    order_archive_copy(connection, held, outlets, now)
    if held.state is not HoldState.RELEASING:
        _tell_of_late_delivery(connection, row, facts, now)


def set_done_late(connection: Connection, row: OutboxRow, facts: Mapping[str, Any], now: datetime) -> None:
    """Note the end of a row that had ended already: a release may have left after another courier had given it up."""
    if row.kind == outbox.RELEASE and changing.get(connection, row.hold_id).state is not HoldState.RELEASED:
        _tell_of_late_delivery(connection, row, facts, now)


def _tell_of_late_delivery(connection: Connection, row: OutboxRow, facts: Mapping[str, Any], now: datetime) -> None:
    audit.append(connection, "delivered late", now=now, hold=row.hold_id, actor=COURIER, facts=facts)
    outbox.alert(connection, "a release was given up and delivered all the same", hold=row.hold_id, now=now)


def send_back(connection: Connection, hold_id: str, error: str, now: datetime) -> None:
    """Put what a release could not send before the reviewers; what has left counts as delivered from now on."""
    held = changing.get(connection, hold_id)
    waits = sum(state != holds.LEFT for state in holds.states(connection, hold_id))
    moved = changing.move(
        connection,
        held,
        HoldState.HELD,
        approved_by=(),
        decided_by="",
        last_error=error,
        held_count=waits,
        delivered_count=held.delivered_count + held.held_count - waits,
    )
    outbox.add(connection, "notice.task", hold=hold_id, version=moved.version, now=now)
