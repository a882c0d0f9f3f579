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
    """A list that was held whole cannot be released at this site; the hold stays as it was."""

    def __init__(self) -> None:
        super().__init__(
            "it is held for a list whose members could not be looked up, and there is no listener here that would"
            " send it to them: set `release.lists` in the settings and add the lines that `safehold init` prints for"
            " it, or refuse this hold and let the sender name the people"
        )
