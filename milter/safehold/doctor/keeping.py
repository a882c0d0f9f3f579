# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, store and courier: whether what is held can be kept, opened and sent, and whether anybody is at work on it."""

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from safehold import assemble
from safehold.doctor.checks import AS_ROOT, Check, Gateway, Subject, fail, ok, spoken, warn
from safehold.errors import KeyUnavailableError, StoreError, counted
from safehold.quarantine import UNDECIDED
from safehold.reading.limits import Limits
from safehold.store import Store, holds, vitals
from safehold.store.vitals import Backlog
from safehold.vault import KeyRing

# A courier beats every minute, and says nothing while the listener thinks about a mail: then its claim speaks for it.
COURIER_LATE = timedelta(minutes=3)
# A notice takes seconds.  What waits longer is told of; what waits so long that a person would miss it is a failure.
WAITS_LONG = timedelta(minutes=5)
WAITS_TOO_LONG = timedelta(minutes=30)

# A message of the largest size that is read (50 MB) is written twice, to the log and to the store: with less than two
# of them to go people must be told now, and with less than a dozen or so soon.
ROOM_LAST_BYTES = 4 * Limits().message_bytes
ROOM_BYTES = 1 << 30

NEEDED = frozenset({"sealing", "opening", "recovery", "register", "store"})
COURIER = "safehold-courier"


def keys(gateway: Gateway) -> Iterator[Check]:
    """Tell whether the keys are there, closed to others, and belong together.

    Root, who asks here, reads them for the units too (``LoadCredential=``).
    """
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
            "restore all keys from one backup, or run `safehold key recover`, which takes the recovery key",
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
    """Tell whether the store opens; whether the units' accounts may write it, `accounts` tells."""
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


def disk(gateway: Gateway) -> Iterator[Check]:
    """Tell how much more the store's disk takes: what is held must not be what fills it."""
    folder = gateway.settings.store.parent
    if not folder.is_dir():
        return
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize  # what others than root may use
    if status.f_flag & os.ST_RDONLY:
        yield fail(
            "disk",
            f"{folder} is mounted read-only: nothing can be held, and such mail waits",
            "dmesg | tail   (a disk that fails is mounted so)",
            f"mount -o remount,rw {_mount_point(folder)}",
        )
        return
    text = f"{_size(free)} free for the store in {folder}"
    if free < ROOM_LAST_BYTES:
        yield fail("disk", f"{text}: soon nothing can be held, and such mail waits", f"df -h {folder}")
    elif free < ROOM_BYTES:
        yield warn("disk", f"{text}, less than {_size(ROOM_BYTES)}", f"df -h {folder}")
    else:
        yield ok("disk", text)


def _mount_point(folder: Path) -> Path:
    return next(each for each in (folder.resolve(), *folder.resolve().parents) if each.is_mount())


def _size(number: int) -> str:
    unit, size = ("GB", 2**30) if number >= 2**30 else ("MB", 2**20)
    return f"{number / size:.1f}".removesuffix(".0") + f" {unit}"


def courier(gateway: Gateway) -> Iterator[Check]:
    """Tell whether a courier is at work, and what waits for it."""
    with contextlib.closing(assemble.store(gateway.settings)) as opened:
        beat = vitals.last_beat(opened, assemble.COURIER)
        backlog = vitals.backlog(opened, gateway.now)
    # A courier that was killed in the middle leaves its claim behind, and no lock.
    is_there = vitals.is_taken(gateway.settings.store, assemble.COURIER)
    yield _beat(beat, backlog.in_hand_until if is_there else None, gateway.now)
    yield from _waiting(backlog, gateway.now)


def _beat(beat: vitals.Beat | None, in_hand_until: datetime | None, now: datetime) -> Check:
    so_what = "nobody is told of a hold, and nothing is released"
    log = f"journalctl -u {COURIER} -n 20"
    if beat is None:
        return fail("courier", f"has never been at work here: {so_what}", f"systemctl enable --now {COURIER}", log)
    age = now - beat.at
    if age > COURIER_LATE and in_hand_until is not None:
        left = spoken(in_hand_until - now)
        return ok("courier", f"last seen {spoken(age)} ago, with a hand-over that may last {left} more")
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


def lists(gateway: Gateway) -> Iterator[Check]:
    """Tell whether what is held for a list, or for a name that could not be looked up, can ever be released."""
    settings = gateway.settings
    if settings.postfix.maps == "none":
        return  # every recipient is taken for a mailbox there
    with contextlib.closing(assemble.store(settings)) as opened:
        waiting = vitals.holds_by_copy(opened, UNDECIDED)
    if settings.release.lists is not None:
        yield ok("lists", f"leave by {settings.release.lists}")
        return
    yield _no_list_listener(waiting.get(holds.LIST, 0), gateway)
    unread = waiting.get(holds.UNREAD, 0)
    if unread:
        was, it = ("was", "it") if unread == 1 else ("were", "each")
        yield warn(
            "lists",
            f"{counted(unread, 'hold')} {was} made while Postfix's maps could not be read: {it} can be released once"
            " they can, to recipients that are no lists",
            "see `maps` below; then: safehold hold list",
        )


def _no_list_listener(waiting: int, gateway: Gateway) -> Check:
    listener = gateway.settings.release.listener
    say = fail if waiting else warn
    meanwhile = (
        f"{counted(waiting, 'hold for a list', 'holds for lists')} {_wait(waiting)}, which can only be refused"
        if waiting
        else "what is held for a list that could not be looked up (too long, a command, a loop) can only be refused"
    )
    return say(
        "lists",
        f"release.lists is not set: {meanwhile}; its sender must then name the people",
        f"in {gateway.file}: release: {{listener: {listener}, lists: {_beside(listener)}}}",
        f"safehold init --config {gateway.file}   (prints the two lines for Postfix)",
        f"systemctl restart {COURIER}",
    )


def _beside(listener: str) -> str:
    host, _, port = listener.rpartition(":")
    return f"{host}:{int(port) + 1}"


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"


CHECKS: dict[str, Subject] = {"keys": keys, "store": store, "disk": disk, "courier": courier, "lists": lists}
