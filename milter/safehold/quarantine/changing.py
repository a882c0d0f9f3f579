# SPDX-License-Identifier: GPL-3.0-or-later
"""One hold in a transaction: found, in the version somebody decided on, and moved by compare-and-set."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from safehold.errors import IllegalMoveError, SafeholdError
from safehold.model import HeldMessage, HoldState
from safehold.quarantine import moves
from safehold.store import holds


class NotFoundError(SafeholdError, KeyError):
    """There is no such hold, or its content was erased."""

    def __str__(self) -> str:
        return Exception.__str__(self)


def get(connection: Connection, hold_id: str) -> HeldMessage:
    """Return the plain facts of a hold; NotFoundError where there is none."""
    held = holds.get(connection, hold_id)
    if held is None:
        raise NotFoundError("there is no such hold")
    return held


def current(connection: Connection, hold_id: str, version: int | None) -> HeldMessage:
    """Return a hold, if it is still in the version that the decision was taken on."""
    held = get(connection, hold_id)
    if version is not None and version != held.version:
        raise IllegalMoveError(f"the hold changed meanwhile; it is {held.state} now")
    return held


def move(connection: Connection, held: HeldMessage, to: HoldState, **values: Any) -> HeldMessage:
    """Move a hold by compare-and-set; return it as it is now."""
    moves.check(held.state, to)
    if not holds.change(connection, held, {"state": to.value, **values}):
        raise IllegalMoveError("the hold changed meanwhile")
    values.pop("closed_at", None)
    return replace(held, state=to, version=held.version + 1, **values)
