# SPDX-License-Identifier: GPL-3.0-or-later
"""Which daemons of Postfix ask milters, which ones, and what file each of them would open.  Pure.

A daemon changes to the queue directory, and one that master.cf calls chrooted (Debian's default) makes it its root:
the same path names two files.  ``smtpd`` connects for mail by SMTP and hands the connection on to ``cleanup``;
``cleanup`` connects by itself for mail from ``pickup`` only.

Sources: master(5), MILTER_README, postconf(5); tried with Postfix 3.7.
"""

import os.path
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from safehold.postfix.postconf import Service, members, split

# The settings that list milters: for mail by SMTP, and for mail from sendmail(1).
MILTER_LISTS = ("smtpd_milters", "non_smtpd_milters")
# What must be known of main.cf to tell who asks whom.
MILTER_SETTINGS = (*MILTER_LISTS, "receive_override_options", "queue_directory")


@dataclass(frozen=True, slots=True)
class Asker:
    """A daemon that asks milters.

    Attributes:
        service: Its line of master.cf, as ``postconf -F`` names it: ``smtp/inet``.
        setting: ``smtpd_milters`` or ``non_smtpd_milters``.
        value: That setting as it is in force for this daemon.
        milters: The milters in it without their options; none where it is told to ask none.
        is_override: The value stands in master.cf and not in main.cf.
        silenced_by: The setting that tells it to ask none (``no_milters``), as ``postconf`` names it; else "".
    """

    service: str
    setting: str
    value: str
    milters: tuple[str, ...]
    is_chrooted: bool
    is_override: bool
    queue_directory: str
    silenced_by: str = ""

    def asks(self, where: str) -> bool:
        """Return whether it reaches our socket *where* (in our settings' spelling) by what it is told to open."""
        return own_place(where) in self.places(is_chrooted=self.is_chrooted)

    def misses(self, where: str) -> bool:
        """Return whether it means our socket *where*, and opens another file because of how it is rooted."""
        return not self.asks(where) and own_place(where) in self.places(is_chrooted=not self.is_chrooted)

    def entries(self, where: str) -> tuple[str, ...]:
        """Return the entries, as written, by which it reaches our socket *where*: in braces an entry has options."""
        known = () if self.silenced_by else members(self.value)
        return tuple(e for e in known if place(bare(e), self.is_chrooted, self.queue_directory) == own_place(where))

    def places(self, *, is_chrooted: bool) -> tuple[str, ...]:
        """Return what it opens, as everybody outside sees it."""
        return tuple(place(milter, is_chrooted, self.queue_directory) for milter in self.milters)


def askers(services: Iterable[Service], main: Mapping[str, str]) -> tuple[Asker, ...]:
    """Return the daemons that ask milters, or should: every smtpd, and cleanup; *main* has :data:`MILTER_SETTINGS`."""
    known = tuple(services)
    asking = [_asker(service, "smtpd_milters", (service,), main) for service in known if _runs(service, "smtpd")]
    pickups = tuple(service for service in known if _runs(service, "pickup"))
    asking += [
        _asker(service, "non_smtpd_milters", (*pickups, service), main)
        for service in known
        if _runs(service, "cleanup")
    ]
    return tuple(asking)


def _asker(service: Service, setting: str, told: Iterable[Service], main: Mapping[str, str]) -> Asker:
    value = service.overrides.get(setting, main[setting])
    silenced_by = next((name for each in told if (name := _silencer(each, main))), "")
    return Asker(
        service=_name(service),
        setting=setting,
        value=value,
        milters=() if silenced_by else tuple(bare(milter) for milter in split(value)),
        is_chrooted=service.is_chrooted,
        is_override=setting in service.overrides,
        queue_directory=main["queue_directory"],
        silenced_by=silenced_by,
    )


def _silencer(service: Service, main: Mapping[str, str]) -> str:
    """Return the setting that switches all milters off for a service, or ""."""
    option = "receive_override_options"
    if option in service.overrides:
        return f"{_name(service)}/{option}" if "no_milters" in split(service.overrides[option]) else ""
    return option if "no_milters" in split(main[option]) else ""


def _name(service: Service) -> str:
    return f"{service.name}/{service.kind}"


def _runs(service: Service, program: str) -> bool:
    return service.command == program


def others(value: str, ours: Iterable[str], queue_directory: str) -> tuple[str, ...]:
    """Return the members of a list of milters that are none of *ours*, as written: what a new value must keep."""
    own = {own_place(where) for where in ours}
    return tuple(
        milter
        for milter in members(value)
        if not own & {place(bare(milter), is_chrooted, queue_directory) for is_chrooted in (True, False)}
    )


def bare(milter: str) -> str:
    """Return a member of a list of milters without braces and options: ``inet:host:port`` or ``unix:path``."""
    return (split(milter.strip("{} \t")) or [""])[0]


def option(milter: str, name: str) -> str:
    """Return what a member of a list of milters says of *name* in its braces, or "": then main.cf's setting counts.

    ``{ unix:path, default_action=accept, { connect_timeout = 5s } }``; names go without their ``milter_``, and a blank
    around ``=`` or in a value wants braces of its own.

    Source: MILTER_README, "Advanced policy for mail filter applications" (since Postfix 3.0).
    """
    inside = split(milter)
    for setting in split(inside[0])[1:] if milter.startswith("{") and inside else ():
        found, equals, value = setting.partition("=")
        if equals and found.strip() == name:
            return value.strip()
    return ""


def follow_default(entries: Iterable[str]) -> str:
    """Return in words which milters do what ``milter_default_action`` says of all, and how one keeps its own; or ""."""
    silent = list(dict.fromkeys(entry for entry in entries if not option(entry, "default_action")))
    if not silent:
        return ""
    kept = f"{{{silent[0].strip('{} ')}, default_action=accept}}"
    return f"this holds for {', '.join(silent)} too, but where an entry says otherwise: {kept}"


def place(milter: str, is_chrooted: bool, queue_directory: str) -> str:
    """Return what a daemon opens for *milter*, as everybody outside its root sees it."""
    kind, _, rest = milter.partition(":")
    if kind not in {"unix", "local"}:
        return f"{kind}:{rest.replace('[', '').replace(']', '')}"
    root = queue_directory if is_chrooted or not rest.startswith("/") else "/"
    return f"unix:{os.path.normpath(os.path.join(root, rest.lstrip('/')))}"  # noqa: PTH118 - names, not files


def own_place(where: str) -> str:
    """Return one of our sockets, as our settings spell it, in the form of :func:`place`."""
    kind, _, rest = where.partition(":")
    if kind == "unix":
        return f"unix:{os.path.normpath(rest)}"
    port, _, host = rest.partition("@")
    return f"inet:{host or 'localhost'}:{port}"


def spelt(where: str, queue_directory: str) -> str:
    """Return one of our sockets as main.cf should name it: from the queue directory where it lies in it."""
    known = own_place(where)
    inside = f"unix:{queue_directory.rstrip('/')}/"
    return f"unix:{known.removeprefix(inside)}" if known.startswith(inside) else known
