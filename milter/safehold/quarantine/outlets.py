# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site has for mail that leaves the quarantine, besides the release listener that every site has.  Pure."""

from dataclasses import dataclass, field

from safehold.errors import IllegalMoveError


@dataclass(frozen=True, slots=True)
class Outlets:
    """What the administrator's settings say about ways out.

    Attributes:
        lists: Whether there is a listener that expands lists: without it, what is held under the name of a list
            cannot be released.
        archive: The address that the mail server copies every mail to by itself (``always_bcc``); "" for none.  It
            gets a copy from us where all of a message was stopped, and so no copy was made.
        at_hold: Whether it gets that copy when the message is held, or when it is released.
    """

    lists: bool = False
    archive: str = field(default="", repr=False)
    at_hold: bool = False


class NoWayOutError(IllegalMoveError):
    """A list that was held whole, or a name that nobody can look up, cannot be released here; the hold stays as it was.

    With *is_unread*, the maps cannot be read.
    """

    def __init__(self, *, is_unread: bool = False) -> None:
        super().__init__(_UNREAD if is_unread else _LIST)


class WholeListError(IllegalMoveError):
    """It would go to a list whose members nobody has judged, and whoever decided did not say that this is meant."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text or _WHOLE)


_WHOLE = (
    "it is held for a list whose members could not be looked up: everybody who is on it when it leaves gets it, and"
    " nobody has judged them. Where one of them could be dangerous, refuse this hold and let the sender name the people"
)
_LIST = (
    "it is held for a list whose members could not be looked up, and there is no listener here that would send it to"
    " them: set `release.lists` in the settings and add the lines that `safehold init` prints for it, or refuse this"
    " hold and let the sender name the people"
)
_UNREAD = (
    "Postfix's maps could not be read when it was held, nor now, so whom it would reach is not known: release it when"
    " they can be read (`safehold doctor` says why they cannot), or refuse this hold and let the sender send again"
)
