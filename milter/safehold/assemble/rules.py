# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules in force: a folder of policies read, the register beside them, and both swapped whole.

What is new and wrong never replaces what is old and right; what is suspicious is said, with its place and cure.
"""

import difflib
import logging
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from safehold import policy
from safehold.errors import Complaint, ComplaintsError, NotLoadedError, SafeholdError, StoreError
from safehold.gate import Rules
from safehold.policy.language import Mode, Policy
from safehold.policy.load import NOT_READ
from safehold.register.index import Register
from safehold.register.people import Person
from safehold.store.people import PeopleStore
from safehold.store.versions import Disabled

log = logging.getLogger(__name__)

# A register entry must bite within two seconds of its import (DESIGN 7); asking for the revision costs microseconds.
WATCH_S = 1.0
POLICY_SUFFIXES = frozenset({".yaml", ".yml", ".txt", ".json", ".jsonl", ".ndjson", ".csv"})
POLICY_FILE_LIMIT_BYTES = 32 << 20
MOST_NAMED = 10  # ids in one line


class PolicyFolder(NamedTuple):
    """A folder of policies, read: its files by path relative to it, when each was changed, what else lies there."""

    folder: Path
    files: Mapping[str, bytes]
    beside: frozenset[str]
    changed: Mapping[str, date]

    def placed(self, complaints: Iterable[Complaint]) -> Iterator[Complaint]:
        """Yield complaints with the whole paths of their files; one about no file names the folder."""
        for each in complaints:
            is_file = each.file in self.files or each.file in self.beside
            yield replace(each, file=str(self.folder / each.file if is_file else self.folder))

    def load(self) -> policy.PolicySet:
        """Return the policies.

        Raises:
            ComplaintsError: Something is wrong with them; each complaint names its file so that an editor can open it.
        """
        try:
            today = datetime.now(UTC).date()
            return policy.load(self.files, today=today, beside=self.beside, changed=self.changed)
        except ComplaintsError as error:
            raise ComplaintsError(self.placed(error.complaints)) from None


def policy_folder(folder: Path) -> PolicyFolder:
    """Return *folder*, read with all below it, but for ``tests/``, guides (``.md``) and what is hidden.

    Hidden files are those of editors and file managers: copies half saved, and what a Mac writes beside each file.

    Raises:
        ComplaintsError: The folder or a file in it cannot be read, or a file is larger than 32 MB.
    """
    if not folder.is_dir():
        raise ComplaintsError([Complaint(str(folder), 0, 0, "no-policies", "is not a folder of policy files")])
    files: dict[str, bytes] = {}
    beside: set[str] = set()
    changed: dict[str, date] = {}
    complaints: list[Complaint] = []

    def unreadable(error: OSError) -> None:
        reason = (error.strerror or "cannot be read").lower()
        complaints.append(Complaint(str(error.filename or folder), 0, 0, "unreadable", reason))

    for path in _visible_files(folder, unreadable):
        name = str(path.relative_to(folder))
        if path.suffix.lower() not in POLICY_SUFFIXES:
            if path.suffix.lower() != ".md":
                beside.add(name)
            continue
        try:
            about = path.stat()
            if about.st_size > POLICY_FILE_LIMIT_BYTES:
                complaints.append(Complaint(str(path), 0, 0, "too-large", "is larger than 32 MB"))
                continue
            files[name] = path.read_bytes()
            changed[name] = datetime.fromtimestamp(about.st_mtime, UTC).date()
        except OSError as error:
            unreadable(error)
    if complaints:
        raise ComplaintsError(complaints)
    return PolicyFolder(folder, files, frozenset(beside), changed)


def _visible_files(folder: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield the files below *folder* in order; a link to a folder is not followed, and comes as a file would."""
    for place, folders, names in os.walk(folder, onerror=unreadable):
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = sorted(
            name for name in folders if name != "tests" and not name.startswith(".") and name not in links
        )
        yield from (Path(place, name) for name in sorted((*names, *links)) if not name.startswith("."))


def load_policies(folder: Path) -> policy.PolicySet:
    """Return the policies in *folder*.

    Raises:
        ComplaintsError: Something is wrong with them; each complaint names its file so that an editor can open it.
    """
    return policy_folder(folder).load()


def unheld(policies: policy.PolicySet, held: Collection[str]) -> Mapping[str, tuple[Policy, ...]]:
    """Return the registers that policies ask and that hold nobody, each with its policies, enforced ones first.

    A misspelt register protects nobody, and nothing in a policy folder alone can show it.
    """
    asking: dict[str, list[Policy]] = {}
    for each in sorted(policies.policies, key=lambda each: (not each.enforced, each.id)):
        for name in each.registers - set(held):
            asking.setdefault(name, []).append(each)
    return {name: tuple(asking[name]) for name in sorted(asking) if any(e.mode is not Mode.OFF for e in asking[name])}


HOLDS_NOBODY = "register-holds-nobody"


def nobody(name: str, asking: Policy, held: Collection[str]) -> Complaint:
    """Return the complaint about a policy that asks register *name*, which holds nobody; *held* do hold people.

    An error where the policy is enforced and other registers hold people: that is what a misspelt name looks like.
    """
    near = difflib.get_close_matches(name, held, n=1)
    there = f"there are: {', '.join(sorted(held))}" if held else "no register holds anybody yet"
    bring = f"safehold register import FILE, or correct the name; {there}"
    if held and asking.enforced:
        bring += "; a policy that waits for its people can wait in mode: shadow"
    file, line = asking.place
    return Complaint(
        file,
        line,
        0,
        HOLDS_NOBODY,
        f'"{asking.id}" asks register {name}, which holds nobody, so it protects nobody',
        f"did you mean `{near[0]}`?" if near else bring,
        severity="error" if held and asking.enforced else "warning",
    )


def unasked(policies: policy.PolicySet, held: Collection[str]) -> Mapping[str, str]:
    """Return the registers that hold people and that no policy asks, each with the hint for whoever named them so."""
    asked = {name for each in policies.policies if each.mode is not Mode.OFF for name in each.registers}
    found: dict[str, str] = {}
    for name in sorted(set(held) - asked):
        # One that policies ask and that holds nobody is the likelier one to have been meant.
        near = difflib.get_close_matches(name, asked - set(held), n=1) or difflib.get_close_matches(name, asked, n=1)
        found[name] = f"did you mean `{near[0]}`?" if near else f"policies ask: {', '.join(sorted(asked)) or 'none'}"
    return found


class Source(Protocol):
    """Where policies come from."""

    def number(self) -> int:
        """Return a number that changes where they are to be read anew without anybody asking for it."""

    def read(self) -> PolicyFolder:
        """Return them as they are now."""


class InFolder:
    """Policies as they lie in their folder: read when somebody asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def number(self) -> int:
        """Return always the same."""
        return 0

    def read(self) -> PolicyFolder:
        """Return the folder."""
        return policy_folder(self._folder)


class Rulebook:
    """The policies and register in force: swapped whole, kept as they were when what is new is wrong.

    Args:
        folder: The policy folder, by which complaints name their files.
        people: The stored register.
        tell: Told the digest of the policies and the register's revision whenever new ones are in force.
        source: Where the policies come from, if not from the folder.
        asleep: Returns the policies that somebody disabled for a time.
        loaded: Told of policies that were read and taken.
    """

    def __init__(
        self,
        folder: Path,
        people: PeopleStore,
        *,
        tell: Callable[[str, int], None] = lambda _digest, _revision: None,
        source: Source | None = None,
        asleep: Callable[[datetime], Collection[Disabled]] = lambda _now: (),
        loaded: Callable[[PolicyFolder, policy.PolicySet], None] = lambda _folder, _policies: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._source = source or InFolder(folder)
        self._number = 0
        self._tell = tell
        self._loaded = loaded
        self._read_asleep = asleep
        self._asleep: tuple[Disabled, ...] = ()
        self._now = now
        self._stored = people
        self._policies: policy.PolicySet | None = None
        self._people: dict[str, Person] = {}
        self._revision = -1
        self._rules: Rules | None = None
        self._unheld: Mapping[str, tuple[Policy, ...]] = {}
        self._twice: tuple[str, ...] = ()
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
            number, read = self._source.number(), self._source.read()
            policies = read.load()
            revision, people = self._stored.load()
            register = _register(people, policies)
            if self._rules is not None:
                self._refuse(policies, people, register)
            for each in policies.warnings:
                if each.code == NOT_READ:
                    log.warning("not read: %s; %s", self._folder / each.file, each.hint)
            self._unheld, self._twice = {}, ()  # somebody asked for it, so all of it is said again
            self._number, self._asleep = number, self._disabled()
            self._put(policies, {person.id: person for person in people}, revision, register)
        try:
            self._loaded(read, policies)
        except SafeholdError as error:  # they are in force all the same
            log.warning("what changed in the policies could not be written down: %s", error)

    def refresh(self) -> None:
        """Follow what is stored: a changed register, policies disabled for a time, and what was published."""
        self._follow_disabled()
        if self._rules is not None and self._source.number() != self._number:
            self._number = self._source.number()  # tried once: what is wrong with it is wrong until the next
            self.reload_or_keep()
        with self._lock:
            if self._policies is None or self._stored.revision() == self._revision:
                return
            changes = self._stored.changes(self._revision)
            people = {key: person for key, person in self._people.items() if key not in changes.ended}
            people |= {person.id: person for person in changes.people}
            register = _register(people.values(), self._policies)
            self._put(self._policies, people, changes.revision, register)

    def _follow_disabled(self) -> None:
        """Switch off what was disabled, and on again what is no longer.  Needs nothing new to be right."""
        with self._lock:
            asleep = self._disabled()
            if self._rules is None or self._policies is None or asleep == self._asleep:
                return
            before = {each.policy for each in self._asleep}
            self._asleep = asleep
            self._rules = Rules(_awake(self._policies, asleep), self._rules.register)
            for each in asleep:
                log.warning("policy=%s is disabled until=%s by=%s", each.policy, each.until.isoformat(), each.actor)
            for name in sorted(before - {each.policy for each in asleep}):
                log.warning("policy=%s is in force again", name)

    def _disabled(self) -> tuple[Disabled, ...]:
        """Return what is disabled now.  Where the store cannot say, what it said last ends in its time all the same."""
        now = self._now()
        try:
            return tuple(self._read_asleep(now))
        except StoreError:
            return tuple(each for each in self._asleep if each.until > now)

    def _refuse(self, policies: policy.PolicySet, people: Iterable[Person], register: Register) -> None:
        """Refuse policies that would put out of force, without a word, what protects people now.

        Only a *reload* is refused.  At a start there are no old rules to keep: refusing would stop all mail of the
        house (and at the next boot, at night) for one policy or person, while all others are protected as they should
        be, and would do so to a new installation, where people are imported after the start.  So a start takes such
        rules, loudly (:meth:`_tell_unheld`, :meth:`_tell_twice`); ``policy check`` and ``doctor`` call a misspelt
        register an error.

        Raises:
            ComplaintsError: With the place of each such policy.
        """
        complaints = [replace(each, file=str(self._folder / each.file)) for each in self._misspelt(policies, register)]
        if twice := _in_both(people, policies):
            complaints.append(
                Complaint(
                    str(self._folder),
                    0,
                    0,
                    "duplicate-id",
                    f"people in a register's file here have the ids of stored people: {_some(twice)}",
                    "take them out of the file; those who are other people there need ids of their own",
                )
            )
        if complaints:
            raise ComplaintsError(complaints)

    def _misspelt(self, policies: policy.PolicySet, register: Register) -> Iterator[Complaint]:
        """Yield complaints of enforced policies that newly ask a register that holds nobody, where others hold people.

        That is what a misspelt register looks like, and taking it would put a policy out of force that protects
        people now.  No news is only what the same policy asks already, and enforced: a register may have emptied
        rightly, and that must not stand in the way of every later change.  That another policy asks it, or this one in
        shadow, says nothing for the name.  Where nobody is in any register there is nothing to misspell.
        """
        before = self.current().register.registers
        known = {(each.id, name) for name, asking in self._unheld.items() for each in asking if each.enforced}
        for name, asking in unheld(policies, register.registers).items():
            if name in before or register.registers:
                news = (each for each in asking if each.enforced and (each.id, name) not in known)
                yield from (nobody(name, each, register.registers) for each in news)

    def _put(self, policies: policy.PolicySet, people: dict[str, Person], revision: int, register: Register) -> None:
        rules = Rules(_awake(policies, self._asleep), register)
        self._policies, self._people, self._revision, self._rules = policies, people, revision, rules
        log.info(
            "loaded policies=%d policies_digest=%s people=%d revision=%d register_digest=%s",
            len(policies.policies),
            policies.digest[:12],
            register.size,
            revision,
            rules.register.digest[:12],
        )
        self._tell_unheld(rules)
        self._tell_twice(_in_both(people.values(), policies))
        try:
            self._tell(policies.digest, revision)
        except StoreError as error:  # they are in force all the same; only the doctor does not hear of it
            log.warning("which rules are in force could not be written down: %s", error)

    def _tell_unheld(self, rules: Rules) -> None:
        """Say loudly which registers hold nobody; once, until that changes."""
        found = unheld(rules.policies, rules.register.registers)
        for name, asking in found.items():
            if self._unheld.get(name) != asking:
                say = log.error if asking[0].enforced else log.warning
                say("register=%s holds nobody, so it protects nobody policies=%s", name, _ids(asking))
        self._unheld = found

    def _tell_twice(self, ids: tuple[str, ...]) -> None:
        """Say loudly who is both stored and in a file; once, until that changes."""
        if ids and ids != self._twice:
            log.error("people stored and in a file of the policies, the stored ones protect ids=%s", _some(ids))
        self._twice = ids

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


def _awake(policies: policy.PolicySet, asleep: Collection[Disabled]) -> policy.PolicySet:
    """Return the policies with those that are disabled switched off."""
    off = {each.policy for each in asleep}
    if not any(each.id in off for each in policies.policies):
        return policies
    switched = (replace(each, mode=Mode.OFF) if each.id in off else each for each in policies.policies)
    return replace(policies, policies=tuple(switched))


def _ids(policies: Iterable[Policy]) -> str:
    return ",".join(each.id for each in policies)


def _register(people: Iterable[Person], policies: policy.PolicySet) -> Register:
    """Return the register of stored people and of those in files; of two with one id the stored person is in it."""
    return Register.build((*policies.people, *people))


def _some(ids: tuple[str, ...]) -> str:
    """Return ids for a line of text: a whole file may have been imported and still lie there."""
    more = len(ids) - MOST_NAMED
    return ", ".join((*ids[:MOST_NAMED], f"and {more} more") if more > 0 else ids)


def _in_both(people: Iterable[Person], policies: policy.PolicySet) -> tuple[str, ...]:
    """Return the ids of those who are stored and also stand in a register's file."""
    return tuple(sorted({person.id for person in people} & {person.id for person in policies.people}))
