# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the parts together from the settings: the one place that knows which implementation stands behind which face."""

import contextlib
import logging
import os
import pwd
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from safehold import policy, postfix
from safehold.config import Settings
from safehold.courier import Courier, CourierSettings
from safehold.errors import Complaint, ComplaintsError, MapUnreadableError, NotLoadedError, SafeholdError
from safehold.gate import Gate, Rules
from safehold.gate.facts import Expander, NoMaps, Site
from safehold.guard import Guard
from safehold.notices import NoticeSettings
from safehold.policy.language import Mode, Policy
from safehold.quarantine import Outlets, Quarantine
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool
from safehold.register.index import Register
from safehold.register.people import Person
from safehold.store import Store, vitals
from safehold.store.people import PeopleStore, registers
from safehold.vault import KeyRing, OpeningKey

log = logging.getLogger(__name__)

# A register entry must bite within two seconds of its import (DESIGN 7); asking for the revision costs microseconds.
WATCH_S = 1.0
# The name under which the courier's heartbeat and its lock are kept.
COURIER = "courier"
POLICY_SUFFIXES = frozenset({".yaml", ".yml", ".txt", ".json", ".jsonl", ".ndjson", ".csv"})
POLICY_FILE_LIMIT_BYTES = 32 << 20


def policy_files(folder: Path) -> Mapping[str, bytes]:
    """Return every file below *folder* that policies may be made of, by its path relative to it; not ``tests/``.

    Raises:
        ComplaintsError: The folder or a file in it cannot be read, or a file is larger than 32 MB.
    """
    if not folder.is_dir():
        raise ComplaintsError([Complaint(str(folder), 0, 0, "no-policies", "is not a folder of policy files")])
    files: dict[str, bytes] = {}
    complaints = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.suffix not in POLICY_SUFFIXES or "tests" in name.parts[:-1] or not path.is_file():
            continue
        try:
            if path.stat().st_size > POLICY_FILE_LIMIT_BYTES:
                complaints.append(Complaint(str(path), 0, 0, "too-large", "is larger than 32 MB"))
                continue
            files[str(name)] = path.read_bytes()
        except OSError as error:
            complaints.append(Complaint(str(path), 0, 0, "unreadable", str(error.strerror or "cannot be read").lower()))
    if complaints:
        raise ComplaintsError(complaints)
    return files


def load_policies(folder: Path) -> policy.PolicySet:
    """Return the policies in *folder*.

    Raises:
        ComplaintsError: Something is wrong with them; each complaint names its file so that an editor can open it.
    """
    files = policy_files(folder)
    try:
        return policy.load(files, today=datetime.now(UTC).date())
    except ComplaintsError as error:
        raise ComplaintsError(placed(folder, files, error.complaints)) from None


def placed(folder: Path, files: Mapping[str, bytes], complaints: Iterable[Complaint]) -> Iterator[Complaint]:
    """Yield complaints about the *files* of a folder with their whole paths; one about no file names the folder."""
    for each in complaints:
        yield replace(each, file=str(folder / each.file if each.file in files else folder))


def registers_held(settings: Settings, policies: policy.PolicySet) -> frozenset[str]:
    """Return the registers that hold somebody: in the store, and in the files that *policies* name.  Needs no key.

    Raises:
        StoreError: The store cannot be read.
    """
    with contextlib.closing(store(settings)) as opened:
        stored = registers(opened)
    return frozenset(stored) | {person.register for person in policies.people}


def unheld(policies: policy.PolicySet, held: Collection[str]) -> Mapping[str, tuple[Policy, ...]]:
    """Return the registers that policies ask and that hold nobody, each with its policies, enforced ones first.

    A misspelt register protects nobody, and nothing in a policy folder alone can show it.
    """
    asking: dict[str, list[Policy]] = {}
    for each in sorted(policies.policies, key=lambda each: (not each.enforced, each.id)):
        for name in each.registers - set(held):
            asking.setdefault(name, []).append(each)
    return {name: tuple(asking[name]) for name in sorted(asking) if any(e.mode is not Mode.OFF for e in asking[name])}


class Rulebook:
    """The policies and register in force: swapped whole, kept as they were when what is new is wrong."""

    def __init__(self, folder: Path, people: PeopleStore) -> None:
        self._folder = folder
        self._stored = people
        self._policies: policy.PolicySet | None = None
        self._people: dict[str, Person] = {}
        self._revision = -1
        self._rules: Rules | None = None
        self._unheld: Mapping[str, tuple[Policy, ...]] = {}
        self._lock = threading.Lock()

    def current(self) -> Rules:
        """Return the rules in force.

        Raises:
            NotLoadedError: None were ever loaded.
        """
        if self._rules is None:
            raise NotLoadedError("policies and register are not loaded")
        return self._rules

    def reload(self) -> None:
        """Read policies and register anew.

        Raises:
            ComplaintsError: A policy file is wrong; what was in force stays in force.
            StoreError: The register cannot be read; likewise.
        """
        with self._lock:
            policies = load_policies(self._folder)
            revision, people = self._stored.load()
            self._unheld = {}  # somebody asked for it, so all of it is said again
            self._put(policies, {person.id: person for person in people}, revision)

    def refresh(self) -> None:
        """Follow the stored register if it has changed; the policies stay as they are."""
        with self._lock:
            if self._policies is None or self._stored.revision() == self._revision:
                return
            changes = self._stored.changes(self._revision)
            people = {key: person for key, person in self._people.items() if key not in changes.ended}
            people |= {person.id: person for person in changes.people}
            self._put(self._policies, people, changes.revision)

    def _put(self, policies: policy.PolicySet, people: dict[str, Person], revision: int) -> None:
        rules = Rules(policies, Register.build((*people.values(), *policies.people)))
        self._policies, self._people, self._revision, self._rules = policies, people, revision, rules
        log.info(
            "loaded policies=%d policies_digest=%s people=%d revision=%d register_digest=%s",
            len(policies.policies),
            policies.digest[:12],
            len(people) + len(policies.people),
            revision,
            rules.register.digest[:12],
        )
        self._tell_unheld(rules)

    def _tell_unheld(self, rules: Rules) -> None:
        """Say loudly which registers hold nobody; once, until that changes."""
        found = unheld(rules.policies, rules.register.registers)
        for name, asking in found.items():
            if self._unheld.get(name) != asking:
                say = log.error if asking[0].enforced else log.warning
                say("register=%s holds nobody, so it protects nobody policies=%s", name, _ids(asking))
        self._unheld = found

    def reload_or_keep(self) -> None:
        """Reload, and where that fails say so loudly and keep what is in force."""
        try:
            self.reload()
        except ComplaintsError as error:
            log.error("reload refused, the old rules stay in force: %s\n%s", error, error.text(quoting=False))
        except SafeholdError as error:
            log.error("reload refused, the old rules stay in force: %s", error)

    def watch(self, stop: threading.Event) -> None:
        """Refresh every :data:`WATCH_S` seconds until *stop* is set."""
        while not stop.wait(WATCH_S):
            try:
                self.refresh()
            except SafeholdError as error:
                log.error("the register cannot be followed, the old one stays in force: %s", error)
            except Exception as error:  # noqa: BLE001 - a thread that dies here would leave an old register for ever
                log.error("the register cannot be followed, the old one stays in force: %s", type(error).__name__)


def _ids(policies: Iterable[Policy]) -> str:
    return ",".join(each.id for each in policies)


def site(settings: Settings) -> Site:
    """Return what the gate must know of the organisation; own domains default to what Postfix says is its own."""
    own = frozenset(settings.domains.own)
    if not own and settings.postfix.maps == "auto":
        own = postfix.own_domains(postfix.Postconf(settings.postfix.config_directory))
    zone = ZoneInfo(settings.organisation.timezone)
    return Site(own, settings.origin.trusted_clients, settings.origin.devices, zone)


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
    """Return the opened store."""
    return Store.open(settings.store)


def reading_limits(settings: Settings) -> Limits:
    """Return the limits of reading; whoever gives a message longer gives one with pictures no less."""
    deadline_s = settings.reading.deadline_s
    return Limits(deadline_s=deadline_s, deadline_dear_s=max(Limits().deadline_dear_s, deadline_s))


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
        pool = stack.enter_context(ReaderPool(settings.reading.workers, limits))
        opened = store(settings)
        stack.callback(opened.close)
        rulebook = Rulebook(settings.policies, PeopleStore(opened, keys.register))
        rulebook.reload()
        stop = threading.Event()
        watcher = threading.Thread(target=rulebook.watch, args=(stop,), name="register-watch", daemon=True)
        watcher.start()
        stack.callback(stop.set)
        yield (
            Gate(
                rules=rulebook.current,
                reader=pool,
                quarantine=Quarantine(opened, keys, outlets=outlets(settings)),
                site=site(settings),
                expander=expander(settings),
            ),
            rulebook,
        )


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
        yield Quarantine(opened, keys, outlets=outlets(settings))


def opening_key(settings: Settings) -> OpeningKey:
    """Return the key that opens holds; only reviewers and the courier may read it."""
    return keyring(settings, need=frozenset({"opening"})).opening


@contextlib.contextmanager
def people(settings: Settings) -> Iterator[PeopleStore]:
    """Yield the stored register."""
    keys = keyring(settings, need=frozenset({"register"}))
    with contextlib.closing(store(settings)) as opened:
        yield PeopleStore(opened, keys.register)


def actor() -> str:
    """Return the Unix account that acts; behind sudo(8), the account that asked for it."""
    if os.getuid() == 0 and os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    return pwd.getpwuid(os.getuid()).pw_name
