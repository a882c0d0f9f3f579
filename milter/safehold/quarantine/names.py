# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies held under the name that the client gave, because the maps could not be read and nobody knew whom it reaches.

Such a name is no list yet (the maps have not said so), and no mailbox either.  Whoever lets the mail go has the maps
asked once more (docs/decisions/0007):

* The name leads to itself alone: it is a mailbox, and this address is what was approved.  The copy leaves like any
  other, by the listener that maps nothing, so that no later change of a map can lead it elsewhere.
* It leads to others, or the maps say it is a list: its members are nobody's decision yet.  It is a list from now on.
* The maps still cannot be read: that is said, and the hold stays as it is; where there is a listener for lists, Postfix
  knows.

The maps are asked outside of any transaction: an LDAP server may take its time, and the gate needs the store.  So what
they say holds for the version of the hold that was asked about, and for no later one: others may have let it go since.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from safehold import vault
from safehold.errors import MapUnreadableError
from safehold.model import HeldContent
from safehold.postfix import is_list
from safehold.quarantine import digests
from safehold.store import holds


class Expanded(Protocol):
    """What the maps answer of one address."""

    @property
    def final(self) -> tuple[str, ...]:
        """The addresses the mail would reach."""

    @property
    def whole(self) -> str:
        """Why that is not known, or ""."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a process that decides on holds needs to ask about names.

    Attributes:
        expand_all: Asks the maps; may raise MapUnreadableError.
        opening: Returns the key that opens holds: names stand in the sealed envelope only.
    """

    expand_all: Callable[[Iterable[str]], Mapping[str, Expanded]]
    opening: Callable[[], vault.OpeningKey]


@dataclass(frozen=True, slots=True)
class Found:
    """What the unread names of a hold are, by their position among its copies, from 1.

    Attributes:
        version: That of the hold when they were asked about, or None where nothing was asked.
    """

    mailboxes: frozenset[int] = frozenset()
    lists: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()
    version: int | None = None


def unread(states: Iterable[str]) -> tuple[int, ...]:
    """Return the positions of copies whose names nobody could look up."""
    return tuple(position for position, state in enumerate(states, 1) if state == holds.UNREAD)


def look_up(positions: Iterable[int], content: HeldContent, names: Names) -> Found:
    """Ask the maps about the names at *positions*."""
    wanted = {position: content.held[position - 1].address for position in positions}
    try:
        answers = names.expand_all(wanted.values())
    except MapUnreadableError:
        return Found(unread=frozenset(wanted))
    mailboxes = frozenset(p for p, name in wanted.items() if _is_itself(name, answers[name]))
    still_unread = frozenset(
        p for p, name in wanted.items() if answers[name].whole and not is_list(answers[name].whole)
    )
    return Found(mailboxes, frozenset(wanted) - mailboxes - still_unread, still_unread)


def _is_itself(name: str, answer: Expanded) -> bool:
    """Return whether *name*, and nobody else, gets what is sent to it."""
    return not answer.whole and [digests.address_bytes(each) for each in answer.final] == [digests.address_bytes(name)]


def settle(connection: Connection, hold_id: str, found: Found) -> None:
    """Note by which way the names leave, now that the hold is let go."""
    holds.set_copies(connection, hold_id, found.mailboxes, holds.HELD, of=holds.UNREAD)
    holds.set_copies(connection, hold_id, found.lists | found.unread, holds.LIST, of=holds.UNREAD)
