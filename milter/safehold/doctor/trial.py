# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries as the account of a unit what that unit does: it reads settings and policies, and writes the store.

Root may do all of this, so root's own attempt says nothing; nor do modes, of a disk that is full, a quota, a file
system that is mounted read-only or a security module.  A user is given up for good, so `accounts` runs this file as a
program, with ``ACCOUNT SETTINGS POLICIES STORE``, and reads a list of refusals as JSON.

The write is one that stays: a transaction that is rolled back never reaches the disk.  It is a sign of life under a
name of its own, so that it grows nothing.  A log that has grown before takes a small write even where the disk is
full, so room is asked for apart, in a file without a name that is gone when it is closed (open(2), O_TMPFILE).
"""

import errno
import json
import os
import pwd
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from safehold.assemble.rules import policy_folder
from safehold.errors import ComplaintsError, StoreError
from safehold.reading.limits import Limits
from safehold.store import Store, vitals

# Under this name the probe of the store leaves its sign of life.
DOCTOR = "doctor"
ROOM_BYTES = Limits().message_bytes
_DENIED = os.strerror(errno.EACCES).lower()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an account may not do: ``settings``, ``policies``, ``store`` or ``disk``, with the file and why not."""

    what: str
    path: str
    why: str


def attempt(settings: Path, policies: Path, store: Path, *, room_bytes: int = ROOM_BYTES) -> list[Refusal]:
    """Try all of it as who we are; what is not there at all is for other checks to tell."""
    steps: tuple[tuple[str, Path, Callable[[], None]], ...] = (
        ("settings", settings, lambda: _read(settings)),
        ("policies", policies, lambda: _read_all(policies)),
        ("store", store, lambda: _write(store)),
        ("disk", store.parent, lambda: _take_room(store.parent, room_bytes)),
    )
    found: list[Refusal] = []
    for what, path, step in steps:
        try:
            if path.exists():
                step()
        except OSError as error:
            found.append(Refusal(what, str(path), (error.strerror or "no access").lower()))
        except StoreError as error:
            found.append(Refusal(what, str(path), str(error)))
        except ComplaintsError as error:
            denied = [each for each in error.complaints if each.message == _DENIED]
            found += [Refusal(what, each.file, each.message) for each in denied]
    return found


def _read(file: Path) -> None:
    file.read_bytes()


def _read_all(folder: Path) -> None:
    policy_folder(folder)


def _write(store: Path) -> None:
    opened = Store.open(store)
    try:
        vitals.Heart(opened, DOCTOR).beat(datetime.now(UTC))
    finally:
        opened.close()


def _take_room(folder: Path, size: int) -> None:
    with tempfile.TemporaryFile(dir=folder) as nameless:
        os.posix_fallocate(nameless.fileno(), 0, size)


def become(name: str) -> None:
    """Become *name*, with the groups that its unit gets from the list of users."""
    account = pwd.getpwnam(name)
    os.setgroups(os.getgrouplist(name, account.pw_gid))
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


if __name__ == "__main__":
    _, account, *paths = sys.argv
    become(account)
    print(json.dumps([asdict(each) for each in attempt(*map(Path, paths))]))
