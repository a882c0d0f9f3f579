# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user may open, judged by owners and modes alone: for where it cannot be tried.

Access lists and security modules are not asked, so an answer of yes is a likelihood and an answer of no nearly certain.

Source: path_resolution(7), unix(7) (connecting needs write permission on the socket).
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

READ, WRITE, SEARCH = 4, 2, 1


@dataclass(frozen=True, slots=True)
class User:
    """A user with all groups."""

    name: str
    uid: int
    gids: frozenset[int]

    @classmethod
    def named(cls, name: str) -> Self | None:
        """Return the user of that name with the groups that a daemon gets, or None where there is none."""
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            return None
        return cls(name, account.pw_uid, frozenset(os.getgrouplist(name, account.pw_gid)))

    def may(self, status: os.stat_result, wanted: int) -> bool:
        """Return whether all of *wanted* is granted by these owners and this mode."""
        if self.uid == 0:
            return True
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid in self.gids else 0
        return (stat.S_IMODE(status.st_mode) >> shift) & wanted == wanted


def denied_at(path: Path, user: User, wanted: int) -> Path | None:
    """Return the first folder on the way to *path*, or *path* itself, that *user* may not pass; None if there is none.

    Raises:
        OSError: Something on the way is not there, or may not be looked at by us.
    """
    for folder in reversed(path.parents):
        if not user.may(folder.stat(), SEARCH):
            return folder
    return None if user.may(path.stat(), wanted) else path
