# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer of the maps: who gets a mail for one envelope recipient, or why that cannot be known.  Pure.

Two kinds of "cannot be known" must be told apart, because of what follows for held mail (docs/decisions/0007): what
the maps *say* of an address (:class:`Whole`) is the same however often they are asked; that a map could not be read
(:data:`UNREAD`) may be over in a minute.
"""

from dataclasses import dataclass, field
from enum import StrEnum

UNREAD = "a Postfix map could not be read"


class Whole(StrEnum):
    """Why the maps leave it to Postfix alone who gets the mail: such a recipient is a list that is held whole."""

    TOO_MANY = "the list has more than 1,000 members"
    MAPPED_AGAIN = "a Postfix map changes a final address again"
    NO_ORIGINALS = "Postfix has enable_original_recipient = no"
    LOOP = "Postfix maps form a loop"
    COMMAND = "an alias gives the mail to a command"
    ROUTE = "the address contains a route"
    MACHINE = "the address names a machine by number"
    CONTROLS = "the address has control characters"
    NOT_PLAIN = "the address is not in plain form"


def is_list(why: str) -> bool:
    """Return whether *why* is what the maps say of the address, and not that they could not be asked."""
    return why in _SAID


_SAID = frozenset(reason.value for reason in Whole)


@dataclass(frozen=True, slots=True)
class Expansion:
    """Who gets a mail for one envelope recipient.

    Attributes:
        final: The addresses delivered to, domains in lower case, in the order of the lists; empty if ``whole``.
        whole: Why that cannot be known, one of :class:`Whole` or :data:`UNREAD`; or "".
    """

    final: tuple[str, ...] = field(repr=False)
    whole: str = ""
