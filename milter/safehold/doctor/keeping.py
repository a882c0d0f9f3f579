# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, store and courier: whether what is held can be kept, opened and sent, and whether anybody is at work on it."""

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from safehold import assemble
from safehold.doctor import access
from safehold.doctor.access import User
from safehold.doctor.checks import AS_ROOT, Check, Gateway, Subject, fail, ok, spoken, warn
from safehold.errors import KeyUnavailableError, StoreError, counted
from safehold.store import Store, vitals
from safehold.store.vitals import Backlog
from safehold.vault import KeyRing

# A courier beats every minute; one hand-over to a slow listener may come between two beats.
COURIER_LATE = timedelta(minutes=3)
# A notice takes seconds.  What waits longer is told of; what waits so long that a person would miss it is a failure.
WAITS_LONG = timedelta(minutes=5)
WAITS_TOO_LONG = timedelta(minutes=30)

NEEDED = frozenset({"sealing", "opening", "recovery", "register", "store"})
COURIER = "safehold-courier"
# The accounts of the units, and what each does with the store's folder.
ACCOUNTS = ("safehold-milter", COURIER)


def keys(gateway: Gateway) -> Iterator[Check]:
    """Tell whether the keys are there, closed to others, and belong together."""
    folder = gateway.settings.keys
    try:
        ring = KeyRing.load(folder, need=NEEDED)
    except KeyUnavailableError as error:
        yield fail("keys", str(error), *_key_cures(folder, gateway))
        return
    if ring.opening.public != ring.sealing:
        yield fail(
            "keys",
            f"opening.key does not open what sealing.pub seals: held mail could not be read or released ({folder})",
            "restore all keys from one backup; the recovery key opens what was sealed meanwhile",
        )
    else:
        yield ok("keys", "are there, belong together, and can be read by their owner only")


def _key_cures(folder: Path, gateway: Gateway) -> tuple[str, ...]:
    if os.geteuid() != 0:
        return (AS_ROOT,)
    if not (folder / "sealing.pub").exists() and not gateway.settings.store.exists():
        return (f"safehold init --config {gateway.file}",)
    return (
        f"chown root {folder}/*.key {folder}/*.pub && chmod 0400 {folder}/*.key && chmod 0444 {folder}/*.pub",
        "or restore the keys from their backup: new keys do not open an old store",
    )


def store(gateway: Gateway) -> Iterator[Check]:
    """Tell whether the store opens, and whether the units' accounts may write it."""
    path = gateway.settings.store
    try:
        Store.open(path).close()
    except StoreError as error:
        yield fail("store", f"{error} ({path})", *_store_cures(str(error), gateway))
        return
    yield ok("store", "opens, and its schema is the one this version wants")


def _store_cures(error: str, gateway: Gateway) -> tuple[str, ...]:
    if not gateway.settings.store.exists():
        return (f"safehold init --config {gateway.file}",)
    if "store upgrade" in error:
        return (
            "systemctl stop safehold-milter safehold-guard safehold-courier   (mail waits meanwhile)",
            f"safehold store upgrade --config {gateway.file}",
            "systemctl start safehold-milter safehold-guard safehold-courier",
        )
    return (f"ls -l {gateway.settings.store}*", AS_ROOT) if os.geteuid() != 0 else ()


def accounts(gateway: Gateway) -> Iterator[Check]:
    """Judge by modes whether the accounts of the units may use what they need: root, who asks here, always may."""
    settings, store = gateway.settings, gateway.settings.store
    both = access.READ | access.WRITE
    needed = (
        (gateway.file, access.READ, f"chgrp safehold {gateway.file} && chmod 0640 {gateway.file}"),
        (
            settings.policies,
            access.READ | access.SEARCH,
            f"chgrp -R safehold {settings.policies} && chmod -R u=rwX,g=rX,o= {settings.policies}",
        ),
        # SQLite makes its log beside the store.
        (store.parent, both | access.SEARCH, f"chgrp safehold {store.parent} && chmod 2770 {store.parent}"),
        (store, both, f"chgrp safehold {store}* && chmod 0660 {store}*"),
    )
    users = [user for name in ACCOUNTS if (user := User.named(name)) is not None]
    found = []
    for path, wanted, cure in needed:
        if not path.exists():
            continue
        refused = [(user, at) for user in users if (at := access.denied_at(path, user, wanted)) is not None]
        if refused:
            names = " and ".join(user.name for user, _ in refused)
            found.append(fail("accounts", f"{names} may not use {refused[0][1]}, so the units cannot work", cure))
    if users and not found:
        found.append(
            ok("accounts", f"{' and '.join(user.name for user in users)} may use settings, policies and store")
        )
    yield from found


def courier(gateway: Gateway) -> Iterator[Check]:
    """Tell whether a courier is at work, and what waits for it."""
    with contextlib.closing(assemble.store(gateway.settings)) as opened:
        beat = vitals.last_beat(opened, assemble.COURIER)
        backlog = vitals.backlog(opened, gateway.now)
    yield _beat(beat, gateway.now)
    yield from _waiting(backlog, gateway.now)


def _beat(beat: vitals.Beat | None, now: datetime) -> Check:
    so_what = "nobody is told of a hold, and nothing is released"
    log = f"journalctl -u {COURIER} -n 20"
    if beat is None:
        return fail("courier", f"has never been at work here: {so_what}", f"systemctl enable --now {COURIER}", log)
    age = now - beat.at
    if age > COURIER_LATE:
        said = f"last seen {spoken(age)} ago, so it has stopped or hangs: {so_what}"
        return fail("courier", said, f"systemctl restart {COURIER}", log)
    return ok("courier", f"seen {spoken(age)} ago, at work for {spoken(now - beat.since)}")


def _waiting(backlog: Backlog, now: datetime) -> Iterator[Check]:
    log = f"journalctl -u {COURIER} -n 20"
    why = f"; put off: {backlog.oldest_error}" if backlog.oldest_error else ""
    release_age = now - (backlog.oldest_release_at or now)
    age = now - (backlog.oldest_at or now)
    found = []
    if release_age > WAITS_LONG:
        found.append(
            fail(
                "releases",
                f"{counted(backlog.releases, 'hold')} that people let go {_wait(backlog.releases)}, "
                f"the oldest for {spoken(release_age)}{why}",
                log,
            )
        )
    if age > WAITS_LONG:
        say = fail if age > WAITS_TOO_LONG else warn
        found.append(
            say(
                "outbox",
                f"{counted(backlog.waiting, 'notice or release', 'notices and releases')} {_wait(backlog.waiting)}, "
                f"the oldest for {spoken(age)}{why}",
                log,
            )
        )
    if backlog.given_up:
        found.append(
            warn(
                "outbox",
                f"{counted(backlog.given_up, 'notice or release', 'notices and releases')} could not be sent and "
                "were given up within the last 7 days; the duty was told",
                log,
            )
        )
    yield from found or [ok("outbox", f"{backlog.waiting or 'nothing'} waiting")]


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"


CHECKS: dict[str, Subject] = {"keys": keys, "store": store, "accounts": accounts, "courier": courier}
