# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a notice is still true of its hold.

A courier that was away finds notices that decisions have overtaken: "your email is on hold", of a mail that has left.
So each notice is compared with its hold as it is when the courier comes to it, and each person gets one story:

* A notice of a hold (to its sender) or of a task (to reviewers) is told while somebody may still decide.
* While a release is on its way the sender's waits for how it ends: a release that fails leaves a mail that is on hold
  indeed.  The task does not, for a failed release makes a task of its own.
* The notice of an end is told while that very end stands.  Where it was taken back the mail is on hold, and its sender
  hears that, unless he has heard it.
* Of several tasks about one hold the latest is told: it says what the others said.

Every function works in the transaction whose connection it is given.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from safehold.model import HeldMessage, HoldState
from safehold.quarantine import changing, moves
from safehold.store import audit, outbox
from safehold.store.outbox import OutboxRow

HELD, TASK = "notice.held", "notice.task"
# The notice of the end of a hold, by the end.
OF_END: Mapping[HoldState, str] = {
    HoldState.RELEASED: "notice.released",
    HoldState.REFUSED: "notice.refused",
    HoldState.CANCELLED: "notice.cancelled",
    HoldState.EXPIRED: "notice.expired",
}


class Standing(StrEnum):
    """What to do with a notice now."""

    TRUE = "true"
    UNSETTLED = "unsettled"  # a release is on its way: nobody knows yet
    OVERTAKEN = "overtaken"


def standing(connection: Connection, row: OutboxRow) -> Standing:
    """Return whether what *row* tells is still true of its hold; of what is no notice of a hold's life it is."""
    if not row.hold_id or row.kind not in {HELD, TASK, *OF_END.values()}:
        return Standing.TRUE
    held = changing.get(connection, row.hold_id)
    if row.kind == HELD and held.state is HoldState.RELEASING:
        return Standing.UNSETTLED
    return Standing.TRUE if _is_true(connection, row, held) else Standing.OVERTAKEN


def _is_true(connection: Connection, row: OutboxRow, held: HeldMessage) -> bool:
    if row.kind == HELD:
        return held.state in moves.UNDECIDED
    if row.kind == TASK:
        return held.state in moves.UNDECIDED and not outbox.has_later(connection, row)
    # A hold that was closed, reopened and closed again is in a later version.
    return row.kind == OF_END.get(held.state) and row.version == held.version


def drop(connection: Connection, row: OutboxRow, *, actor: str, now: datetime) -> bool:
    """End a claimed row unsent if it was overtaken, and see to it that the sender hears what is true instead."""
    if standing(connection, row) is not Standing.OVERTAKEN or not outbox.overtaken(connection, row, now=now):
        return False
    held = changing.get(connection, row.hold_id)
    facts = {"kind": row.kind, "attempts": row.attempts, "state": held.state.value}
    audit.append(connection, "overtaken", now=now, hold=held.id, actor=actor, facts=facts)
    if row.kind in OF_END.values() and held.state in moves.OPEN and not outbox.is_told(connection, HELD, held.id):
        outbox.add(connection, HELD, hold=held.id, version=held.version, now=now)
    return True
