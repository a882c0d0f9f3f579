# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the parts together from the settings: the one place that knows which implementation stands behind which face.

The rules in force (a folder of policies, the register, reloading) are in :mod:`safehold.assemble.rules`.
"""

import contextlib
import logging
import os
import pwd
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from safehold import policy, postfix
from safehold.assemble import publishing
from safehold.assemble.rules import WATCH_S as WATCH_S
from safehold.assemble.rules import Rulebook
from safehold.assemble.rules import load_policies as load_policies
from safehold.assemble.rules import unheld as unheld
from safehold.config import Settings
from safehold.courier import Courier, CourierSettings
from safehold.errors import ComplaintsError, MapUnreadableError, StoreError
from safehold.gate import Gate
from safehold.gate.facts import Expander, NoMaps, Site
from safehold.gate.history import History
from safehold.guard import Guard
from safehold.notices import NoticeSettings
from safehold.policy.language import Policy
from safehold.quarantine import Calendar, Names, Outlets, Quarantine
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool
from safehold.store import Store, versions, vitals
from safehold.store.memory import Memory
from safehold.store.people import PeopleStore, registers
from safehold.store.versions import Disabled, Versions
from safehold.vault import KeyRing, OpeningKey

log = logging.getLogger(__name__)

# How long the end of a gateway waits for its threads; the store's own patience is 5 s.
LAST_WORK_S = 6.0
# The name under which the courier's heartbeat and its lock are kept.
COURIER = "courier"


def registers_held(settings: Settings, policies: policy.PolicySet) -> frozenset[str]:
    """Return the registers that hold somebody: in the store, and in the files that *policies* name.  Needs no key.

    Raises:
        StoreError: The store cannot be read.
    """
    with contextlib.closing(store(settings)) as opened:
        stored = registers(opened)
    return frozenset(stored) | {person.register for person in policies.people}


def site(settings: Settings) -> Site:
    """Return what the gate must know of the organisation; own domains default to what Postfix says is its own."""
    own = frozenset(settings.domains.own)
    if not own and settings.postfix.maps == "auto":
        own = postfix.own_domains(postfix.Postconf(settings.postfix.config_directory))
    zone = ZoneInfo(settings.organisation.timezone)
    return Site(own, settings.origin.trusted_clients, settings.origin.devices, zone)


def calendar(settings: Settings) -> Calendar:
    """Return when the office is open.

    Raises:
        ComplaintsError: The file of holidays cannot be read.
    """
    said = settings.calendar
    return Calendar(ZoneInfo(settings.organisation.timezone), said.week(), said.all_holidays())


def expander(settings: Settings) -> Expander:
    """Return what expands envelope recipients as this site's Postfix will."""
    if settings.postfix.maps == "none":
        return NoMaps()
    return postfix.Maps(postfix.Postconf(settings.postfix.config_directory))


def postfix_lines(settings: Settings, *, former: Settings | None = None) -> tuple[postfix.Line, ...]:
    """Return the lines that this site's Postfix needs: what ``init`` prints, and what ``doctor`` gives as cures.

    The site's other milters stay, but for sockets that were ours by *former* settings.  Where Postfix cannot be asked,
    the lines are those of a current one.
    """
    try:
        values = postfix.Postconf(settings.postfix.config_directory).values("mail_version", *postfix.MILTER_SETTINGS)
    except MapUnreadableError:
        values = {"queue_directory": "/var/spool/postfix"}
    queue = values["queue_directory"]
    ours = [socket for each in (settings, former or settings) for socket in (each.milter.socket, each.guard.socket)]
    by_smtp, local = (postfix.others(values.get(name, ""), ours, queue) for name in postfix.MILTER_LISTS)
    return postfix.lines(
        postfix.LineSettings(
            milter_socket=postfix.spelt(settings.milter.socket, queue),
            guard_socket=postfix.spelt(settings.guard.socket, queue),
            release_listener=settings.release.listener,
            list_listener=settings.release.lists or "",
            milters_after=by_smtp,
            local_milters_after=local,
            deadline_s=int(reading_limits(settings).deadline_dear_s),
            postfix_version=values.get("mail_version", "") or postfix.CURRENT_VERSION,
        )
    )


def keyring(settings: Settings, *, need: frozenset[str]) -> KeyRing:
    """Return the keys this process needs: from systemd's credentials where it was given any, else from ``keys``.

    Source: systemd.exec(5), LoadCredential=.
    """
    given = os.environ.get("CREDENTIALS_DIRECTORY", "")
    directory = Path(given) if given and (Path(given) / "store.key").exists() else settings.keys
    return KeyRing.load(directory, need=need)


def store(settings: Settings) -> Store:
    """Return the opened store.

    Raises:
        StoreError: It cannot be opened; says which file, whose it is and who asked.
    """
    try:
        return Store.open(settings.store)
    except StoreError as error:
        raise StoreError(f"{error} ({settings.store}{_whose(settings.store)})") from error


def _whose(path: Path) -> str:
    """Return whose a file is and where the cure is, if this process may not use it; else ""."""
    try:
        status = path.stat()
    except OSError:
        return ""
    if os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK):
        return ""
    mode, owner, here = stat.S_IMODE(status.st_mode), _account(str(status.st_uid)), _account(str(os.geteuid()))
    return (
        f" is of mode {mode:04o} and belongs to {owner}, and this is {here}; `safehold doctor`, as root, has the cure"
    )


def reading_limits(settings: Settings) -> Limits:
    """Return the limits of reading."""
    return settings.reading.effective()


@contextlib.contextmanager
def gate(settings: Settings) -> Iterator[tuple[Gate, Rulebook]]:
    """Run the reader workers and the watch on the register; yield the gate and its rulebook.

    Raises:
        ComplaintsError: A policy file is wrong: a gateway does not start on rules it cannot read.
        StoreError, KeyUnavailableError: The store or a key is not to be had.
    """
    keys = keyring(settings, need=frozenset({"sealing", "recovery", "register", "store"}))
    with contextlib.ExitStack() as stack:
        # The zygote of the workers is a clean process started before there is any thread (milter-facts, fact 6).
        limits = reading_limits(settings)
        reading = settings.reading
        pool = stack.enter_context(
            ReaderPool(reading.workers, limits, dear=reading.dear_workers, waiting=reading.waiting)
        )
        opened = store(settings)
        stack.callback(opened.close)

        def tell(policies: str, revision: int) -> None:
            vitals.set_in_force(opened, policies, revision, datetime.now(UTC))

        published = Versions(opened, keys.register)
        required = settings.publishing.required
        rulebook = Rulebook(
            settings.policies,
            PeopleStore(opened, keys.register),
            tell=tell,
            source=publishing.Published(settings.policies, published) if required else None,
            asleep=partial(versions.asleep, opened),
            loaded=publishing.known if required else partial(publishing.record_loaded, published),
        )
        rulebook.reload()
        history = History(Memory(opened, keys.store))
        stop = threading.Event()
        _start(stack, stop, rulebook.watch, "rules-watch")
        _start(stack, stop, history.work, "history")
        stack.callback(stop.set)
        yield (
            Gate(
                rules=rulebook.current,
                reader=pool,
                quarantine=Quarantine(opened, keys, outlets=outlets(settings), calendar=calendar(settings)),
                site=site(settings),
                expander=expander(settings),
                history=history,
            ),
            rulebook,
        )


def _start(
    stack: contextlib.ExitStack, stop: threading.Event, work: Callable[[threading.Event], None], name: str
) -> None:
    """Start a thread that works until *stop* is set; leaving *stack* waits for it, that it may write what it has."""
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    stack.callback(thread.join, LAST_WORK_S)


@contextlib.contextmanager
def guard(settings: Settings) -> Iterator[Guard]:
    """Yield the release guard; it needs the store and the store's key only."""
    keys = keyring(settings, need=frozenset({"store"}))
    opened = store(settings)
    try:
        yield Guard(Quarantine(opened, keys))
    finally:
        opened.close()


@contextlib.contextmanager
def courier(settings: Settings) -> Iterator[Courier]:
    """Yield the courier: opening key and store, and no register.

    Raises:
        AlreadyRunningError: Another courier works this store.
    """
    keys = keyring(settings, need=frozenset({"sealing", "opening", "store"}))
    with contextlib.closing(store(settings)) as opened, vitals.alone(settings.store, COURIER):
        told = courier_settings(settings)
        log.info(
            "courier store=%s listener=%s lists=%s reviewer_roles=%d duty=%d own_domains=%d journal=%s",
            *(settings.store, settings.release.listener, settings.release.lists or "no"),
            *(len(told.reviewers), len(told.duty), len(told.own_domains)),
            settings.journal.at if settings.journal else "no",
        )
        holds = Quarantine(opened, keys, outlets=outlets(settings))
        yield Courier(holds, keys.opening, told, beat=vitals.Heart(opened, COURIER).beat)


def outlets(settings: Settings) -> Outlets:
    """Return what the site has for mail that leaves, besides the release listener."""
    journal = settings.journal
    return Outlets(
        lists=settings.release.lists is not None,
        archive=journal.address if journal else "",
        at_hold=journal is not None and journal.at == "hold",
    )


def courier_settings(settings: Settings) -> CourierSettings:
    """Return where the courier hands over, and whom it tells."""
    host, port = _host_port(settings.release.listener)
    list_host, list_port = _host_port(settings.release.lists) if settings.release.lists else ("", 0)
    said, office = settings.notices, settings.organisation
    policies = _policies(settings)
    return CourierSettings(
        host=host,
        port=port,
        list_host=list_host,
        list_port=list_port,
        notices=NoticeSettings(
            sender=said.sender,
            organisation=office.name,
            timezone=office.timezone,
            detail=said.detail,
            urgent_phone=office.urgent_phone,
            help_url=office.help_url,
            titles={each.id: each.title for each in policies},
        ),
        own_domains=site(settings).own_domains,
        reviewers=said.reviewers,
        owners={each.id: said.reviewers.get(each.owner, ()) for each in policies},
        duty=said.duty,
        logins=settings.origin.devices,
    )


def _host_port(where: str) -> tuple[str, int]:
    host, _, port = where.rpartition(":")
    return host.strip("[]"), int(port)


def _policies(settings: Settings) -> tuple[Policy, ...]:
    """Return the policies for their titles and owners; a set that cannot be read must not stop the notices."""
    try:
        return load_policies(settings.policies).policies
    except ComplaintsError as error:
        log.error("policies have no titles and owners until they are right: %s", error)
        return ()


@contextlib.contextmanager
def quarantine(settings: Settings, *, opening: bool = False) -> Iterator[Quarantine]:
    """Yield the quarantine as a person at the command line uses it; *opening* asks for the key that opens holds."""
    need = {"sealing", "store"} | ({"opening"} if opening else set())
    keys = keyring(settings, need=frozenset(need))
    with contextlib.closing(store(settings)) as opened:
        yield Quarantine(
            opened,
            keys,
            outlets=outlets(settings),
            names=Names(expander(settings).expand_all, lambda: opening_key(settings)),
            addresses=lambda actor: addresses(actor, settings),
            calendar=calendar(settings),
        )


def addresses(account: str, settings: Settings) -> tuple[str, ...]:
    """Return the addresses that a Unix account is taken to have: its name in each own domain."""
    try:
        own = site(settings).own_domains
    except MapUnreadableError:
        own = frozenset(settings.domains.own)
    return tuple(f"{account}@{domain}" for domain in sorted(own))


def opening_key(settings: Settings) -> OpeningKey:
    """Return the key that opens holds; only reviewers and the courier may read it."""
    return keyring(settings, need=frozenset({"opening"})).opening


@contextlib.contextmanager
def people(settings: Settings) -> Iterator[PeopleStore]:
    """Yield the stored register."""
    keys = keyring(settings, need=frozenset({"register"}))
    with contextlib.closing(store(settings)) as opened:
        yield PeopleStore(opened, keys.register)


@contextlib.contextmanager
def history(settings: Settings) -> Iterator[History]:
    """Yield what was before a message, for whoever explains one and asks only."""
    keys = keyring(settings, need=frozenset({"store"}))
    with contextlib.closing(store(settings)) as opened:
        yield History(Memory(opened, keys.store))


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Yield the store, for what needs no key."""
    with contextlib.closing(store(settings)) as found:
        yield found


@contextlib.contextmanager
def policy_versions(settings: Settings) -> Iterator[Versions]:
    """Yield the versions of the policies."""
    keys = keyring(settings, need=frozenset({"register"}))
    with opened(settings) as found:
        yield Versions(found, keys.register)


def disabled(settings: Settings, now: datetime) -> tuple[Disabled, ...]:
    """Return the policies that are disabled now."""
    with opened(settings) as found:
        return versions.asleep(found, now)


def actor() -> str:
    """Return the Unix account that acts; behind sudo(8), the account that asked for it.

    sudo sets SUDO_USER and SUDO_UID together.  One without the other, or two that are of different accounts, were not
    set by sudo, and then it is root who acts.  (Whoever has a root shell can set both: docs/operations.md says so.)
    """
    name, uid = os.environ.get("SUDO_USER", ""), os.environ.get("SUDO_UID", "")
    if os.getuid() == 0 and name and _account(uid) == name:
        return name
    return pwd.getpwuid(os.getuid()).pw_name


def _account(uid: str) -> str:
    try:
        return pwd.getpwuid(int(uid)).pw_name
    except (ValueError, KeyError, OverflowError):
        return ""


def is_lent() -> bool:
    """Return whether root's rights were lent to somebody else by sudo(8)."""
    return os.getuid() == 0 and os.environ.get("SUDO_UID", "0") != "0"
