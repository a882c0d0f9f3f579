# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the accounts of the units may use what they need: settings, policies, store, room on its disk.

Doctor is root, who always may.  So root lets each account try it, in a process that ends at once (`trial`); anybody
else judges by modes, and says so.  Where there are no such accounts, the gateway runs as who asks, who tries it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from safehold.assemble.rules import policy_folder
from safehold.doctor import access, trial
from safehold.doctor.access import User
from safehold.doctor.checks import AS_ROOT, Check, Gateway, Subject, fail, ok, warn
from safehold.doctor.trial import Refusal
from safehold.errors import ComplaintsError

MILTER = "safehold-milter"
ACCOUNTS = (MILTER, "safehold-courier")
TRIAL_LIMIT_S = 60.0


def check(gateway: Gateway) -> Iterator[Check]:
    """Tell what the units' accounts may not do, or that they may do all."""
    users = [user for name in ACCOUNTS if (user := User.named(name)) is not None]
    if users and os.geteuid() == 0:
        yield from _tried(gateway, users)
    elif users:
        yield from _judged(gateway, users)
    else:
        yield from _by_us(gateway)


def _tried(gateway: Gateway, users: Sequence[User]) -> Iterator[Check]:
    refusals: dict[Refusal, list[str]] = {}
    able = []
    for user in users:
        found = _trial(gateway, user.name)
        if found is None:
            log = f"journalctl -u {user.name} -n 20"
            yield warn("accounts", f"what {user.name} may do could not be tried: its trial did not end well", log)
        elif not found:
            able.append(user.name)
        for each in found or ():
            refusals.setdefault(each, []).append(user.name)
    for each, names in refusals.items():
        yield _refused(each, " and ".join(names), gateway)
    if able and not refusals:
        yield ok("accounts", f"tried as {' and '.join(able)}: settings and policies can be read, the store written")


def _trial(gateway: Gateway, account: str) -> list[Refusal] | None:
    program = str(Path(trial.__file__))
    command = [sys.executable, "-I", program, account, *map(str, _paths(gateway))]
    try:
        # The account gets nothing of root's terminal: neither to read, nor to put words into (TIOCSTI, tty_ioctl(4)).
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            start_new_session=True,
            check=False,
            timeout=TRIAL_LIMIT_S,
            text=True,
            cwd="/",
        )
        return [Refusal(**each) for each in json.loads(done.stdout)]
    except (OSError, ValueError, TypeError, subprocess.TimeoutExpired):
        return None


def _paths(gateway: Gateway) -> tuple[Path, Path, Path]:
    settings = gateway.settings
    return gateway.file.absolute(), settings.policies.absolute(), settings.store.absolute()


def _by_us(gateway: Gateway) -> Iterator[Check]:
    found = trial.attempt(*_paths(gateway))
    for each in found:
        yield _refused(each, "this account", gateway)
    if not found and gateway.settings.store.exists():
        yield ok("accounts", "settings and policies can be read, and the store can be written")


def _judged(gateway: Gateway, users: Sequence[User]) -> Iterator[Check]:
    found = []
    for what, path, wanted in _needed(gateway):
        if path.exists():
            refused = [(user, at) for user in users if (at := access.denied_at(path, user, wanted)) is not None]
            if refused:
                names = " and ".join(user.name for user, _ in refused)
                found.append(_refused(Refusal(what, str(refused[0][1]), "its owner and mode"), names, gateway))
    names = " and ".join(user.name for user in users)
    yield from found or [
        ok("accounts", f"by owners and modes {names} may use settings, policies and store ({AS_ROOT}, which tries it)")
    ]


def _needed(gateway: Gateway) -> Iterator[tuple[str, Path, int]]:
    file, policies, store = _paths(gateway)
    both = access.READ | access.WRITE
    yield "settings", file, access.READ
    yield "policies", policies, access.READ | access.SEARCH
    try:
        for name in policy_folder(policies).files:
            yield "policies", policies / name, access.READ
    except ComplaintsError:
        pass  # what is wrong with them stands elsewhere
    yield "folder", store.parent, both | access.SEARCH  # SQLite makes its log beside the store
    yield "store", store, both


_SO = {
    "settings": ("may not read", "so its unit does not start"),
    "policies": ("may not read", "so a reload is refused, and after the next start all mail waits"),
    "folder": ("may not write", "so nothing can be held, and such mail waits"),
    "store": ("may not write", "so nothing can be held, and such mail waits"),
    "disk": (
        f"finds no room for a message of {trial.ROOM_BYTES >> 20} MB in",
        "so such a one cannot be held, and waits",
    ),
}


def _refused(refusal: Refusal, who: str, gateway: Gateway) -> Check:
    cannot, so = _SO[refusal.what]
    text = f"{who} {cannot} {refusal.path} ({refusal.why}), {so}"
    return fail("accounts", text, *_cures(gateway)[refusal.what])


def _cures(gateway: Gateway) -> Mapping[str, tuple[str, ...]]:
    file, policies, store = _paths(gateway)
    folder = (f"chgrp safehold {store.parent} && chmod 2770 {store.parent}",)
    return {
        "settings": (f"chgrp safehold {file} && chmod 0640 {file}",),
        "policies": (f"chgrp -R safehold {policies} && chmod -R u=rwX,g=rX,o= {policies}",),
        "folder": folder,
        "store": (
            f"df -h {store.parent}   (is it full, or mounted read-only? else:)",
            *folder,
            f"chgrp safehold {store}* && chmod 0660 {store}*",
        ),
        "disk": (f"df -h {store.parent}", f"quota -u {MILTER}   (where the disk has quotas)"),
    }


CHECKS: dict[str, Subject] = {"accounts": check}
