# SPDX-License-Identifier: GPL-3.0-or-later
"""From the files of a policy folder to a :class:`PolicySet`, or to *all* complaints about them.

Pure: the files come in as bytes, the day as a value.  A set is complete or it is not there: whoever loads keeps the
last good one on :class:`~safehold.errors.ComplaintsError`.
"""

import fnmatch
import hashlib
import re
from collections.abc import Collection
from collections.abc import Mapping as Files
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from safehold.errors import Complaint, ComplaintsError
from safehold.model import NO_DAYS, Action, Handling, Scope
from safehold.policy import addresses
from safehold.policy.addresses import AddressSet
from safehold.policy.language import Kind, Mode, Policy, Term
from safehold.policy.names import PARTNERS, Names, relative
from safehold.policy.nodes import Complaints, Mapping, Mark, Scalar, compose
from safehold.policy.policies import PolicyReader
from safehold.policy.shortlist import Shortlist
from safehold.policy.walk import Walk
from safehold.register import importing
from safehold.register.people import Person

_YAML = (".yaml", ".yml")
# What is read where a policy names it.
_NAMED_FILES = (".txt", ".json", ".jsonl", ".ndjson", ".csv")


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies in force and what they refer to.  Immutable; safe for any number of readers.

    Attributes:
        policies: In the order of their ids; order never matters to a verdict.
        digest: SHA-256 over the files that were read, names and bytes.
        people: The people of registers that come from files.
        registers: Names of registers that are declared or used.
        kinds: Which addresses are of a recipient kind.
        partners: The list named ``partners``: what ``scope: partner`` means.
        terms: What is looked for, by the key that content leaves name.
    """

    policies: tuple[Policy, ...] = ()
    digest: str = ""
    people: tuple[Person, ...] = field(default=(), repr=False)
    warnings: tuple[Complaint, ...] = ()
    registers: frozenset[str] = frozenset()
    kinds: Files[Kind, AddressSet] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    roles: Files[str, AddressSet] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    partners: AddressSet = field(default=AddressSet(), repr=False)
    terms: Files[str, Term] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    _shortlists: list[Shortlist] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def shortlist(self) -> Shortlist:
        """Return what tells the few branches that are worth asking from the many; made once, when first asked for."""
        if not self._shortlists:
            self._shortlists.append(Shortlist(self.policies))
        return self._shortlists[0]

    def policy(self, policy_id: str) -> Policy:
        """Return one policy.

        Raises:
            KeyError: There is none of this id.
        """
        for policy in self.policies:
            if policy.id == policy_id:
                return policy
        raise KeyError(policy_id)

    def handling(self, policy_id: str) -> Handling:
        """Return what one policy wants done with a hold it causes."""
        return self.policy(policy_id).handling

    def kinds_of(self, address: str) -> frozenset[Kind]:
        """Return the kinds of one recipient."""
        return frozenset(kind for kind, members in self.kinds.items() if address in members)

    def roles_of(self, address: str) -> frozenset[str]:
        """Return the roles of one recipient."""
        return frozenset(role for role, members in self.roles.items() if address in members)

    def scope_of(self, address: str, own_domains: frozenset[str]) -> Scope:
        """Return what one recipient is to the organisation; a print room is external, its letters leave the house."""
        if address in self.kinds.get(Kind.PRINT_AND_POST, AddressSet()):
            return Scope.EXTERNAL
        domain = address.rpartition("@")[2]
        if any(d in own_domains for d in addresses.parents(domain)):
            return Scope.INTERNAL
        return Scope.PARTNER if address in self.partners else Scope.EXTERNAL


@dataclass(slots=True)
class Loading:
    """One run over the files: what came out, and what is to be said about it."""

    complaints: Complaints
    names: Names
    policies: list[Policy]
    people: list[Person]
    terms: dict[str, Term]
    marks: dict[str, Mark]

    def result(self, files: Files[str, bytes]) -> PolicySet:
        """Return the set, with every complaint that is not an error as a warning."""
        names = self.names
        kinds = dict(names.kinds)
        built_in = AddressSet(under=addresses.personal_mail())
        kinds[Kind.PERSONAL_MAIL] = kinds.get(Kind.PERSONAL_MAIL, AddressSet()) | built_in
        partners = names.lists.get(PARTNERS)
        used = {word for what, word in names.used if what == "register"}
        return PolicySet(
            policies=tuple(sorted(self.policies, key=lambda policy: policy.id)),
            digest=digest({name: files[name] for name in names.read}),
            people=tuple(self.people),
            warnings=tuple(sorted(c for c in self.complaints.found if c.severity == "warning")),
            registers=frozenset(names.registers) | used,
            kinds=MappingProxyType(kinds),
            roles=MappingProxyType(names.roles),
            partners=partners.addresses if partners is not None else AddressSet(),
            terms=MappingProxyType(self.terms),
        )


def load(
    files: Files[str, bytes],
    *,
    today: date,
    beside: Collection[str] = (),
    changed: Files[str, date] = NO_DAYS,
) -> PolicySet:
    """Return the policies of a folder.

    Args:
        files: Path relative to the folder (with ``/``) -> bytes; policies, list files and register files.
        today: The local day, for what has a date.
        beside: Names of what else lies in the folder; its author may have meant it to be read.
        changed: Path -> day on which the file was last changed, where that is known.

    Raises:
        ComplaintsError: With every error of all files.
    """
    run = read(files, today=today, beside=beside, changed=changed)
    if run.complaints.failed:
        raise ComplaintsError(c for c in run.complaints.found if c.severity == "error")
    return run.result(files)


def digest(files: Files[str, bytes]) -> str:
    """Return the SHA-256 of the files in the order of their names, lengths included."""
    total = hashlib.sha256()
    for name in sorted(files):
        for piece in (name.encode("utf-8", "surrogatepass"), files[name]):
            total.update(len(piece).to_bytes(8, "big") + piece)
    return total.hexdigest()


def read(
    files: Files[str, bytes],
    *,
    today: date,
    beside: Collection[str] = (),
    changed: Files[str, date] = NO_DAYS,
) -> Loading:
    """Return one run over *files*, errors and all."""
    complaints = Complaints()
    walk = Walk(complaints)
    names = Names(walk, complaints, files, today, changed)
    terms: dict[str, Term] = {}
    roots = _roots(files, complaints, walk, names)
    for root in roots.values():
        names.gather(root)
    policies: list[Policy] = []
    for root in roots.values():
        policies += PolicyReader(walk, names, terms, today).read(root)
    marks = _unique(roots, walk)
    names.check_messages(_reviewers_only(names))
    people = _people(names, files, complaints)
    if not policies and not complaints.failed:
        _none_yet(roots, complaints)
    run = Loading(complaints, names, policies, people, terms, marks)
    _warn(run, today)
    _warn_unread(complaints, (files.keys() - names.read) | set(beside))
    return run


NOT_READ = "not-read"


def _warn_unread(complaints: Complaints, unread: AbstractSet[str]) -> None:
    """Say which files are not read: one that was saved under another name protects nobody, and looks as if it did."""
    for name in sorted(unread):
        is_meant = ".yaml" in name.lower() or ".yml" in name.lower()
        hint = (
            "policies end in .yaml or .yml: rename the file, or keep it elsewhere"
            if is_meant or not name.endswith(_NAMED_FILES)
            else "no policy names it; a list is read where file: names it, a register's file where registers: does"
        )
        complaints.warn(Mark(name, 0, 0), NOT_READ, "this file is not read", hint=hint)


# -- files --------------------------------------------------------------------------------------------------------


def is_policy_file(name: str) -> bool:
    """Return whether *name* is read as a policy file: YAML anywhere but under ``tests/``."""
    return name.lower().endswith(_YAML) and "tests" not in name.split("/")[:-1]


def _roots(files: Files[str, bytes], complaints: Complaints, walk: Walk, names: Names) -> dict[str, Mapping]:
    """Return the root of every policy file.  A file that may hold people is never echoed, nor its mistakes here."""
    composed: dict[str, tuple[Mapping | None, Complaints]] = {}
    for name in sorted(filter(is_policy_file, files)):
        trial = Complaints()
        composed[name] = compose(name, files[name], trial), trial
    named = _register_paths({name: root for name, (root, _) in composed.items() if root is not None})
    roots: dict[str, Mapping] = {}
    for name, (root, trial) in composed.items():
        if name in named:  # a register's file: who imports it says what is wrong with it, and shows none of it
            continue
        names.read.add(name)
        if _holds_people(files[name], root):
            complaints.add(Mark(name, 1, 1), "not-a-mapping", _NO_POLICY_FILE, hint=_PEOPLE_HINT, silent=True)
            continue
        if root is None and _OF_PEOPLE.search(files[name]):
            trial.hush()
        complaints.take(trial)
        if root is not None and (table := walk.mapping(root, "a policy file")) is not None:
            roots[name] = table
            _version(root, walk)
    _includes(roots, walk, files)
    return roots


_NO_POLICY_FILE = "a policy file is a mapping of keys (version: 1, policies: ...)"
_PEOPLE_HINT = (
    "if it holds people: safehold register import FILE, and keep it out of this folder;"
    " or name it, registers: {NAME: {file: ...}}"
)
# The keys of people; no policy file has them at its top, though a list may have such a name.
_PEOPLE_KEYS = ("values", "adverse", "known_to", "former_contacts", "people")
_OF_PEOPLE = re.compile(rb"(?:^|[\s{,-])(?:" + "|".join(_PEOPLE_KEYS).encode() + rb")\s*:", re.MULTILINE)


def _holds_people(content: bytes, root: Mapping | None) -> bool:
    """Return whether a YAML file is a list (also one that is no good YAML), or has the keys of people at its top."""
    if root is not None:
        return root.get("policies") is None and any(root.get(key) is not None for key in _PEOPLE_KEYS)
    bare = (line.strip() for line in content.removeprefix(b"\xef\xbb\xbf").splitlines())
    first = next((line for line in bare if line and not line.startswith((b"#", b"---", b"%"))), b"")
    return first[:1] in (b"-", b"[")


def _none_yet(roots: dict[str, Mapping], complaints: Complaints) -> None:
    """Complain of a folder without a policy: a gateway that loaded it would let everything pass and look well."""
    place = Mark(next(iter(roots)), 0, 0) if len(roots) == 1 else Mark("", 0, 0)
    what = "no policy stands in this file" if len(roots) == 1 else f"no policy stands in the {len(roots)} files here"
    complaints.add(
        place,
        "no-policy-file",
        f"{what if roots else 'no .yaml or .yml file here could hold a policy'}: nothing would ever be held",
        hint="write one under policies: (policies/README.md, Your first policy)",
    )


def _register_paths(roots: dict[str, Mapping]) -> set[str]:
    found = set()
    for name, root in roots.items():
        registers = root.get("registers")
        for _, value in registers.pairs if isinstance(registers, Mapping) else ():
            file = value.get("file") if isinstance(value, Mapping) else None
            if isinstance(file, Scalar) and (path := relative(name, file.text.strip())):
                found.add(path)
    return found


def _version(root: Mapping, walk: Walk) -> None:
    version = root.get("version")
    if version is None:
        walk.wrong(root, "no version; a policy file begins with version: 1", "missing-key")
    elif not isinstance(version, Scalar) or version.text.strip() != "1":
        walk.wrong(version, "this safehold reads version: 1 of the language")


def _includes(roots: dict[str, Mapping], walk: Walk, files: Files[str, bytes]) -> None:
    """Check that every include names something and that none goes in a circle (each file is read once in any case)."""
    named: list[tuple[str, Scalar, set[str]]] = []
    graph: dict[str, set[str]] = {}
    for name, root in roots.items():
        for item in walk.texts(root.get("include"), "include"):
            pattern = relative(name, item.text)
            found = set(fnmatch.filter(files, pattern)) if pattern else set()
            if not found:
                walk.wrong(item, f"`{item.text[:60]}` names no file in the policy folder", "unknown-file")
            if name in found and not any(c in item.text for c in "*?["):
                walk.wrong(item, "this file includes itself", "include-cycle")
            named.append((name, item, found - {name}))
            graph.setdefault(name, set()).update(found - {name})
    for name, item, found in named:
        if name in _reached(graph, found):
            walk.wrong(item, f"`{item.text[:60]}` includes this file in turn", "include-cycle")


def _reached(graph: Files[str, AbstractSet[str]], names: AbstractSet[str]) -> set[str]:
    """Return *names* and all that they include, one through another."""
    reached: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= graph.get(name, frozenset()) - reached
    return reached


# -- across files -------------------------------------------------------------------------------------------------


def _unique(roots: dict[str, Mapping], walk: Walk) -> dict[str, Mark]:
    """Return the place of every id, complaining of one given twice."""
    places: dict[str, Mark] = {}
    for root in roots.values():
        for item in walk.items(root.get("policies")):
            node = item.get("id") if isinstance(item, Mapping) else None
            if not isinstance(node, Scalar) or not node.text.strip():
                continue
            first = places.setdefault(node.text.strip(), node.mark)
            if first is not node.mark:
                walk.wrong(
                    node,
                    f'policy id "{node.text[:60]}" is given twice; first in {first.file}:{first.line}',
                    "duplicate-id",
                )
    return places


def _reviewers_only(names: Names) -> set[str]:
    told: dict[str, set[str]] = {}
    for what, name in names.used:
        if what.startswith("message for "):
            told.setdefault(name, set()).add(what.removeprefix("message for "))
    return {name for name, who in told.items() if who == {"reviewers"}}


def _people(names: Names, files: Files[str, bytes], complaints: Complaints) -> list[Person]:
    """Return the people of all register files, each file once, complaining of an id that two of them give."""
    people: list[Person] = []
    read: dict[str, tuple[Person, ...]] = {}
    places: dict[str, str] = {}
    for entry in names.register_files:
        if is_first := entry.path not in read:
            read[entry.path] = _people_of(entry.path, files, complaints)
        found = read[entry.path]
        strangers = sum(person.register != entry.register for person in found)
        if strangers:
            complaints.add(
                entry.mark,
                "register-mismatch",
                f'{strangers} of {len(found)} people in this file are of another register than "{entry.register}"',
            )
        for person in found if is_first else ():
            first = places.setdefault(person.id, entry.path)
            if first != entry.path:
                complaints.add(entry.mark, "duplicate-id", f'person id "{person.id}" is also in the file {first}')
        people += found if is_first else ()
    return people


def _people_of(path: str, files: Files[str, bytes], complaints: Complaints) -> tuple[Person, ...]:
    try:
        return importing.parse(path, files[path])
    except ComplaintsError as error:
        complaints.found.extend(error.complaints)
        return ()


def _warn(run: Loading, today: date) -> None:
    for policy in run.policies:
        mark = run.marks.get(policy.id)
        if mark is None:
            continue
        warn = run.complaints.warn
        if not policy.mode_written:
            warn(mark, "mode-unset", f'"{policy.id}" has no mode, so it is in shadow: it records and holds nothing')
        if policy.mode is Mode.SHADOW and policy.shadow_until is not None and policy.shadow_until < today:
            warn(
                mark,
                "shadow-ended",
                f'"{policy.id}" was to be in shadow until {policy.shadow_until}, and still holds nothing',
            )
        if policy.review_by is not None and policy.review_by < today:
            warn(mark, "review-overdue", f'"{policy.id}" was to be reviewed by {policy.review_by}')
        if (
            policy.then.action is Action.HOLD
            and policy.then.approvals == 2
            and policy.then.review in run.names.reviewers
        ):
            members = run.names.reviewers[policy.then.review].members
            if len(set(members)) == 1:
                warn(
                    mark,
                    "too-few-reviewers",
                    f'"{policy.id}" needs two approvals, and {policy.then.review} has one member',
                )
    for entry in run.names.register_files:
        run.complaints.warn(
            entry.mark,
            "register-file",
            "people in a file lie open beside the policies; import them into the sealed store",
        )
    for name, entry_list in run.names.lists.items():
        if ("list", name) not in run.names.used and name != PARTNERS:
            run.complaints.warn(entry_list.mark, "unused-list", f'no policy uses list "{name}"')
    for name, place in run.names.document_marks.items():
        if ("document type", name) not in run.names.used:
            run.complaints.warn(place, "unused-document-type", f'no policy uses document type "{name}"')
    for name, node in run.names.message_marks.items():
        if ("message", name) not in run.names.used:
            run.complaints.warn(node.mark, "unused-message", f'no policy uses message "{name}" (then: {{notify: ...}})')
