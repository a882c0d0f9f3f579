# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Postfix reaches our sockets: as its own user, with its groups, from its chroot.

That somebody answers *us* says little: we are root, and not chrooted.  Root tries it in a short-lived process that
becomes Postfix; anybody else judges by modes, and says so.
"""

import errno
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from safehold import assemble, postfix
from safehold.config import Settings
from safehold.doctor import access
from safehold.doctor.access import User
from safehold.doctor.checks import Check, Gateway, Subject, fail, ok, warn
from safehold.errors import MapUnreadableError
from safehold.postfix import Asker, Postconf

KNOCK_LIMIT_S = 15.0
UNIT_USER = "safehold-milter"


@dataclass(frozen=True, slots=True)
class Door:
    """One of our sockets: what it is called, its setting, the unit that serves it, and who of Postfix comes through."""

    name: str
    where: str
    unit: str
    askers: tuple[Asker, ...]

    @property
    def path(self) -> Path:
        """Return the path of a unix socket."""
        return Path(self.where.removeprefix("unix:"))

    @property
    def is_outside(self) -> bool:
        """Return whether it lies outside the chroot of somebody who has to reach it."""
        return any(asker.is_chrooted and not self.path.is_relative_to(asker.queue_directory) for asker in self.askers)


def check(gateway: Gateway) -> Iterator[Check]:
    """Tell for each socket whether it is there, answers, and can be reached by Postfix."""
    settings = gateway.settings
    if settings.postfix.maps == "none" and _connect_tcp(settings.smtpd.listen):
        yield from _proxy(settings)
        return
    owner, askers = _postfix(settings)
    releasing = {line.name for line in assemble.postfix_lines(settings) if line.file == "master.cf"}
    released = tuple(asker for asker in askers if asker.service in releasing)
    judged = tuple(asker for asker in askers if asker.service not in releasing)
    for door in (
        Door("milter socket", settings.milter.socket, "safehold-milter", judged),
        Door("guard socket", settings.guard.socket, "safehold-guard", released),
    ):
        yield _door(door, owner, gateway) if door.where.startswith("unix:") else _tcp(door)


def _postfix(settings: Settings) -> tuple[str, tuple[Asker, ...]]:
    """Return the user that Postfix's daemons run as, and those that ask milters; ("", ()) where it is not asked."""
    if settings.postfix.maps == "none":
        return "", ()
    postconf = Postconf(settings.postfix.config_directory)
    try:
        values = postconf.values("mail_owner", *postfix.MILTER_SETTINGS)
        return values["mail_owner"], postfix.askers(postconf.services(), values)
    except MapUnreadableError:
        return "", ()  # `lines` says why


def _proxy(settings: Settings) -> Iterator[Check]:
    """Tell of the proxy front end, beside a mail server that speaks no milter: it has ports and no sockets."""
    yield ok("proxy", f"{settings.smtpd.listen} answers")
    if _connect_tcp(settings.release.listener):
        yield ok("release listener", f"{settings.release.listener} answers")
    else:
        yield fail(
            "release listener",
            f"{settings.release.listener} does not answer: nothing can be released",
            "safehold smtpd --guard   (as a service, beside safehold smtpd)",
        )


def _connect_tcp(where: str) -> bool:
    host, _, port = where.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), 2):
            return True
    except (OSError, ValueError):
        return False


def _tcp(door: Door) -> Check:
    port, _, host = door.where.removeprefix("inet:").partition("@")
    if not _connect_tcp(f"{host or 'localhost'}:{port}"):
        return fail(door.name, f"{door.where} does not answer", *_look(door))
    return warn(
        door.name,
        f"{door.where} answers, and is TCP, which costs about 45 ms a message on loopback",
        "use unix: where Postfix is on this machine",
    )


def _door(door: Door, owner: str, gateway: Gateway) -> Check:
    path = door.path
    if door.is_outside:
        return _outside(door, gateway)
    if not path.parent.is_dir():
        return fail(
            door.name, f"its folder {path.parent} is not there", _folder(path.parent), f"systemctl restart {door.unit}"
        )
    if not path.exists():
        return fail(door.name, f"{path} is not there", *_look(door))
    if not stat.S_ISSOCK(path.stat().st_mode):
        return fail(door.name, f"{path} is not a socket", f"rm {path}", f"systemctl restart {door.unit}")
    if not owner:
        return _by_us(door)
    user = User.named(owner)
    if user is None:
        return warn(door.name, f"there is no user {owner} here, so whether Postfix reaches {path} is not known")
    return _as_postfix(door, user) if os.geteuid() == 0 else _by_modes(door, user)


def _by_us(door: Door) -> Check:
    number = _connect(door.path)
    return ok(door.name, f"{door.path} answers") if number == 0 else _unanswered(door, number)


def _connect(path: Path) -> int:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError as error:
            return error.errno or errno.ENAMETOOLONG
    return 0


def _as_postfix(door: Door, user: User) -> Check:
    """Try it as each kind of daemon that is told to open it: chrooted, or not."""
    ways = {(asker.is_chrooted, asker.queue_directory) for asker in door.askers if asker.asks(door.where)}
    for is_chrooted, queue in sorted(ways or {(False, "/")}):
        inside = f"/{door.path.relative_to(queue)}" if is_chrooted else str(door.path)
        number = _knock(user.name, queue, inside, is_chrooted=is_chrooted)
        if number == errno.EACCES:
            return _denied(door, user, access.denied_at(door.path, user, access.WRITE | access.READ) or door.path)
        if number != 0:
            return _unanswered(door, number)
    roots = " and ".join(f"from {queue}" if is_chrooted else "unchrooted" for is_chrooted, queue in sorted(ways))
    return ok(door.name, f"{door.path} answers Postfix (user {user.name}{', ' if roots else ''}{roots})")


def _knock(user: str, directory: str, path: str, *, is_chrooted: bool) -> int:
    program = str(Path(__file__).with_name("knock.py"))
    command = [sys.executable, "-I", program, user, directory, "chrooted" if is_chrooted else "free", path]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=KNOCK_LIMIT_S, text=True)
    except subprocess.TimeoutExpired:
        return errno.ETIMEDOUT
    # Where it could not become Postfix (no such user, no right to chroot) it has said nothing.
    return int(done.stdout) if done.stdout.strip().isdigit() else errno.ENOTSUP


def _by_modes(door: Door, user: User) -> Check:
    at = access.denied_at(door.path, user, access.WRITE | access.READ)
    if at is not None:
        return _denied(door, user, at)
    number = _connect(door.path)
    if number not in {0, errno.EACCES}:
        return _unanswered(door, number)
    heard = "answers" if number == 0 else "may not be opened by you"
    return ok(door.name, f"{door.path} {heard}; by its modes Postfix may open it (run doctor as root to try it)")


# -- words and cures --------------------------------------------------------------------------------------------


def _denied(door: Door, user: User, at: Path) -> Check:
    if at == door.path:
        what, cure = "may not open the socket", f"chgrp {user.name} {at} && chmod 660 {at}"
    elif at == door.path.parent:
        what, cure = "may not pass the folder", f"chgrp {user.name} {at} && chmod 2750 {at}"
    else:  # a folder that is not ours to open to others
        what, cure = "may not pass the folder", f"let user {user.name} pass {at}, or move the socket to another folder"
    return fail(
        door.name,
        f"answers, and not to Postfix: user {user.name} {what} {at}",
        cure,
        f"systemctl restart {door.unit}",
    )


def _unanswered(door: Door, number: int) -> Check:
    said = _WORDS.get(number, os.strerror(number).lower())
    return fail(door.name, f"{door.path} does not answer: {said}", f"systemctl restart {door.unit}", _log(door))


_WORDS: Mapping[int, str] = {
    errno.ECONNREFUSED: "nobody listens on it any more",
    errno.EAGAIN: "its queue is full",
    errno.ETIMEDOUT: "no answer in time",
    errno.ENOENT: "it is not there, as Postfix sees it",
    errno.ENOTSUP: "it could not be tried as Postfix would",
}


def _look(door: Door) -> tuple[str, str]:
    return f"systemctl enable --now {door.unit}", _log(door)


def _log(door: Door) -> str:
    return f"journalctl -u {door.unit} -n 20"


def _folder(folder: Path) -> str:
    return f"install -d -o {UNIT_USER} -g postfix -m 2750 {folder}"


def _outside(door: Door, gateway: Gateway) -> Check:
    """Return every step that moves a socket to where a chrooted Postfix reaches it."""
    queue = next(asker.queue_directory for asker in door.askers if asker.is_chrooted)
    moved, directory = inside(gateway.settings, queue), gateway.settings.postfix.config_directory
    section = door.name.partition(" ")[0]
    where: str = getattr(moved, section).socket
    lines = assemble.postfix_lines(moved, former=gateway.settings)
    return fail(
        door.name,
        f"{door.path} lies outside {queue}, where Postfix is chrooted (master.cf): it cannot be reached",
        f"in {gateway.file}: {section}: {{socket: {where}}}",
        _folder(Path(queue) / "safehold"),
        f"systemctl restart {door.unit}   (with that folder among its ReadWritePaths)",
        *(line.shell(directory) for line in lines if postfix.spelt(where, queue) in line.value),
        reload(directory),
    )


def inside(settings: Settings, queue: str) -> Settings:
    """Return the settings with both sockets below the queue directory, where a chrooted Postfix reaches them."""
    moved = {
        name: getattr(settings, name).model_copy(update={"socket": f"unix:{queue}/safehold/{name}.sock"})
        for name in ("milter", "guard")
    }
    return settings.model_copy(update=moved)


def reload(directory: Path | None) -> str:
    """Return the command that puts what postconf wrote in force."""
    return " ".join(("postfix", *postfix.on_instance(directory), "reload"))


CHECKS: dict[str, Subject] = {"sockets": check}
