# SPDX-License-Identifier: GPL-3.0-or-later
"""Test files of policies: YAML in, typed cases out, or every complaint with place and cure.

A test file says which people there are, which messages are sent, and what must become of each copy.  What it names and
nobody knows (a policy, a recipient, a person) is an error and never a pass: a test that asks nothing is worse than
none.  Pure: files come in as bytes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from email.utils import parseaddr
from fnmatch import fnmatchcase
from typing import Any

import yaml

from safehold.errors import Complaint, ComplaintsError
from safehold.gate.facts import normal
from safehold.model import Strength
from safehold.policy import addresses
from safehold.policy.language import Policy, Severity
from safehold.policy.names import relative
from safehold.policy.nodes import Complaints, Mark, Node, Scalar, Sequence, closest, compose, meant
from safehold.policy.nodes import Mapping as Table
from safehold.policy.walk import Walk
from safehold.proof import messages
from safehold.proof.messages import Attachment, Letter
from safehold.register import importing
from safehold.register.people import Person

SUFFIXES = (".test.yaml", ".test.yml")
VERDICTS = ("hold", "reject", "notify", "deliver")
STRENGTHS = tuple(strength.value for strength in Strength)
SEVERITIES = tuple(severity.value for severity in Severity)
# Words of `why` that stand for a kind of reason; any other text must stand in the reasons as it is.
WHYS = ("known_to", "cannot_tell")
# What `lacks` of a notice may name instead of a text -> what the leak check calls it.
NOTICE_WORDS = {
    "register-values": "protected",
    "subject": "subject",
    "attachment-names": "filename",
    "addresses": "recipient",
}
# What is asked of the reason of a hold; a copy that is delivered has none.
_OF_THE_REASON = ("policies", "person", "field", "found_in", "strength", "severity")


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of one copy; what is empty is not asked."""

    address: str = field(repr=False)
    mark: Mark
    verdict: str
    policies: frozenset[str] | None = None
    person: str = ""
    field: str = ""
    found_in: str = ""
    strength: str = ""
    severity: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class NoticeExpected:
    """What the sender's notice must have and lack."""

    mark: Mark
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Attributes:
        name: What it says.
        mark: Where it stands.
        letter: The message.
        expected: By recipient.
        notice: What the notice to its sender must say.
        known_gap: The ticket of a mistake that is known; such a test must fail.
        now: Aware UTC time at which it is judged.
        direction: Which way it goes, if the test says so.
        before: Earlier contacts and matches: address -> day, and policy -> how often.
    """

    name: str
    mark: Mark
    letter: Letter
    expected: tuple[Expected, ...]
    now: datetime
    notice: NoticeExpected | None = None
    known_gap: str = ""
    direction: str = ""
    contacts: Mapping[str, date] = field(default_factory=dict, repr=False)
    matched: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """One test file.

    Attributes:
        path: Its path.
        policies: Paths of the policy files it is about; () for all of the folder.
        people: Whom the register holds.
        own: Own domains.
        cases: Its tests.
    """

    path: str
    policies: tuple[str, ...]
    people: tuple[Person, ...] = field(repr=False)
    own: frozenset[str] = frozenset()
    cases: tuple[Case, ...] = ()


_FILE = ("version", "policies", "register", "people", "own", "today", "tests")
_TEST = ("name", "message", "expect", "known_gap", "today", "at", "direction", "contacts", "matched")
_ENVELOPE = ("from", "to", "cc", "bcc")
_MESSAGE = (*_ENVELOPE, "subject", "body", "html", "attach", "file")
_ATTACH = ("name", "text", "file")
_EXPECTED = ("verdict", *_OF_THE_REASON, "why")
_NOTICE = ("has", "lacks")
_NOTICE_OF_SENDER = "sender_notice"
_NOON = time(12, 0)
# Names in one line of a cure.
_FEW = 10


def is_test_file(name: str) -> bool:
    """Return whether *name* is a test file's."""
    return name.lower().endswith(SUFFIXES)


def read(path: str, files: Mapping[str, bytes], today: date) -> Suite:
    """Return the test file at *path* of *files*.

    Args:
        path: Path in *files*, with ``/``.
        files: Everything that test files may name, by path.
        today: The day, where neither the file nor a test gives one.

    Raises:
        ComplaintsError: With every mistake of the file.
    """
    complaints = Complaints()
    root = compose(path, files[path], complaints)
    suite = _Reader(path, files, complaints, today).suite(root) if root is not None else None
    errors = [each for each in complaints.found if each.severity == "error"]
    if errors or suite is None:
        raise ComplaintsError(errors)
    return suite


class _Reader:
    """Reads one test file."""

    def __init__(self, path: str, files: Mapping[str, bytes], complaints: Complaints, today: date) -> None:
        self.path = path
        self.files = files
        self.complaints = complaints
        self.walk = Walk(complaints)
        self.today = today
        self.own: frozenset[str] = frozenset()

    def suite(self, root: Table) -> Suite:
        table = self._mapping(root, _FILE, "a test file")
        version = table.get("version")
        if not isinstance(version, Scalar) or version.text.strip() != "1":
            self.walk.wrong(version or root, "a test file begins with version: 1", "missing-key")
        self.today = self.walk.day(table.get("today"), "today") or self.today
        self.own = frozenset(self._domains(table.get("own")))
        policies = tuple(
            found for item in self.walk.texts(table.get("policies"), "policies") for found in self._all(item)
        )
        people = (*self._register(table.get("register")), *self._people(table.get("people")))
        node = table.get("tests")
        cases = [case for item in self.walk.items(node) if (case := self._case(item, people)) is not None]
        self._told_apart(cases)
        if not cases and not self.complaints.failed:
            self.walk.wrong(
                node or root, "this file has no tests: - {name: ..., message: ..., expect: ...}", "missing-key"
            )
        return Suite(self.path, policies, people, self.own, tuple(cases))

    def _told_apart(self, cases: Iterable[Case]) -> None:
        first: dict[str, Case] = {}
        for case in cases:
            if case.name and (earlier := first.setdefault(case.name, case)) is not case:
                line = earlier.mark.line
                self.walk.wrong(case.mark, f"a test in line {line} has this name; say what differs", "duplicate-name")

    def _domains(self, node: Node | None) -> Iterator[str]:
        for item in self.walk.texts(node, "own"):
            domain = item.text.lower().rstrip(".")
            if not addresses.is_domain(domain):
                self.walk.wrong(item, f"`{item.text[:60]}` is not a domain such as council.example")
            yield domain

    def _mapping(self, node: Node, known: tuple[str, ...], name: str) -> Table:
        """Return a mapping without the keys that are not known, each of which is complained about."""
        if not isinstance(node, Table):
            self.walk.wrong(node, f"{name} must be a mapping; its keys: {', '.join(known)}", "not-a-mapping")
            return Table(node.mark, ())
        for key, _ in node.pairs:
            if key.text not in known:
                cure = meant(key.text, known) or f"; its keys: {', '.join(known)}"
                self.walk.wrong(key, f'"{key.text[:60]}" is not a key of {name}{cure}', "unknown-key")
        return Table(node.mark, tuple(pair for pair in node.pairs if pair[0].text in known))

    def _near(self, item: Scalar) -> str:
        """Return the path of a file that the test file names, relative to itself, or "" after complaining."""
        path = relative(self.path, item.text)
        if path is None or path not in self.files:
            near = meant(path or item.text, self.files)
            self.walk.wrong(item, f"no file `{item.text[:80]}` here{near}", "unknown-file")
            return ""
        return path

    def _all(self, item: Scalar) -> Iterator[str]:
        """Yield the paths of the files that a name with * or ? stands for, within one folder each."""
        if not set(item.text) & set("*?["):
            yield from filter(None, [self._near(item)])
            return
        pattern = relative(self.path, item.text) or ""
        depth = pattern.count("/")
        found = [path for path in sorted(self.files) if path.count("/") == depth and fnmatchcase(path, pattern)]
        if not found:
            self.walk.wrong(item, f"no file here is called like `{item.text[:80]}`", "unknown-file")
        yield from found

    def _is_beside(self, path: str) -> bool:
        folder = self.path.rpartition("/")[0]
        return not folder or path.startswith(f"{folder}/")

    # -- people --

    def _register(self, node: Node | None) -> tuple[Person, ...]:
        people: list[Person] = []
        for item in self.walk.texts(node, "register"):
            path = self._near(item)
            if path and not self._is_beside(path):
                self.walk.wrong(
                    item,
                    "the people of a test are invented ones, in a file beside it or in a folder below it"
                    " (fixtures/people.yaml); what lies elsewhere may be a register in use",
                    "live-register",
                )
            elif path:
                people += self._parsed(item, path)
        return tuple(people)

    def _people(self, node: Node | None) -> tuple[Person, ...]:
        if node is None:
            return ()
        try:
            return importing.parse(self.path, yaml.safe_dump(_plain(node)).encode())
        except ComplaintsError as error:
            # Their lines are those of a copy: what they stand in begins here.
            here = (replace(each, line=node.mark.line, column=node.mark.column) for each in error.complaints)
            self.complaints.found.extend(here)
            return ()

    def _parsed(self, item: Scalar, path: str) -> tuple[Person, ...]:
        try:
            return importing.parse(path, self.files[path])
        except ComplaintsError as error:
            for each in error.complaints:
                if each.line:
                    self.complaints.found.append(each)
                else:  # it is about the file as a whole: what is wrong is its name here
                    self.walk.wrong(item, f"`{item.text[:80]}` is {each.message}", each.code, each.hint)
            return ()

    # -- tests --

    def _case(self, node: Node, people: tuple[Person, ...]) -> Case | None:
        table = self._mapping(node, _TEST, "a test")
        missing = [key for key in ("name", "message", "expect") if table.get(key) is None]
        if missing:
            self.walk.wrong(node, f"this test has no {', no '.join(missing)}", "missing-key")
            return None
        letter = self._letter(table.get("message") or node)
        day = self.walk.day(table.get("today"), "today") or self.today
        expected, notice = self._expectations(table.get("expect") or node, {person.id for person in people}, letter)
        return Case(
            name=self.walk.text(table.get("name"), "name"),
            mark=node.mark,
            letter=letter,
            expected=expected,
            now=datetime.combine(day, self._clock(table.get("at")), UTC),
            notice=notice,
            known_gap=self.walk.text(table.get("known_gap"), "known_gap"),
            direction=self._direction(table.get("direction")),
            contacts=dict(self._contacts(table.get("contacts"), letter)),
            matched=dict(self._matched(table.get("matched"))),
        )

    def _clock(self, node: Node | None) -> time:
        try:
            return time.fromisoformat(node.text) if isinstance(node, Scalar) else _NOON
        except ValueError:
            if node is not None:
                self.walk.wrong(node, 'at must be a time of day such as "22:30" (UTC)')
            return _NOON

    def _direction(self, node: Node | None) -> str:
        known = ("outbound", "internal", "inbound", "transit")
        if node is None:
            return ""
        if isinstance(node, Scalar) and node.text in known:
            return node.text
        self.walk.wrong(node, f"direction is one of: {', '.join(known)}")
        return ""

    def _contacts(self, node: Node | None, letter: Letter) -> Iterator[tuple[str, date]]:
        sender, recipients = messages.envelope(letter)
        for key, value in self.walk.named(node, "contacts"):
            if recipients and normal(key.text) not in (sender, *recipients):
                cure = meant(key.text, (sender, *recipients))
                self.walk.wrong(
                    key, f'"{key.text[:80]}" neither sends nor gets this message{cure}', "unknown-recipient"
                )
            day = self.walk.day(value, "contacts")
            if day is not None:
                yield normal(key.text), day

    def _matched(self, node: Node | None) -> Iterator[tuple[str, int]]:
        for key, value in self.walk.named(node, "matched"):
            yield key.text, self.walk.number(value, "matched", 0, least=0)

    # -- messages --

    def _letter(self, node: Node) -> Letter:
        if isinstance(node, Scalar):
            node = Table(node.mark, ((Scalar(node.mark, "file"), node),))
        table = self._mapping(node, _MESSAGE, "a message")
        letter = Letter(
            sender=self._header(table.get("from"), "from"),
            to=self._addresses(table.get("to"), "to"),
            cc=self._addresses(table.get("cc"), "cc"),
            bcc=self._addresses(table.get("bcc"), "bcc"),
        )
        if (file := table.get("file")) is not None:
            return self._finished(letter, table, file)
        for key in ("from", "to"):
            if table.get(key) is None:
                self.walk.wrong(node, f"this message has no {key}", "missing-key")
        return replace(
            letter,
            subject=self._header(table.get("subject"), "subject", may_be_empty=True),
            body=self._text(table.get("body"), "body"),
            html=self._text(table.get("html"), "html"),
            attachments=tuple(self._attached(item) for item in self.walk.items(table.get("attach"))),
        )

    def _finished(self, letter: Letter, table: Table, file: Node) -> Letter:
        """Return a message that lies beside the test, to those whom the test names, if it names any."""
        for key, _ in table.pairs:
            if key.text not in (*_ENVELOPE, "file"):
                self.walk.wrong(key, f"the message is a file, which has its own {key.text}; take this out")
        path = self._near(file) if isinstance(file, Scalar) else ""
        if not isinstance(file, Scalar):
            self.walk.wrong(file, "file must be the name of a file")
        letter = replace(letter, content=self.files[path] if path else b"")
        sender, recipients = messages.envelope(letter)
        if path and not letter.content:
            self.walk.wrong(file, "this file is empty", "empty-file")
        elif path and not (sender and recipients):
            who = "sender (From:)" if not sender else "recipient (To:, Cc:)"
            self.walk.wrong(
                file, f"no {who} stands in this file; write message: {{file: ..., from: ..., to: ...}}", "missing-key"
            )
        return letter

    def _header(self, node: Node | None, name: str, *, may_be_empty: bool = False) -> str:
        """Return what is to stand in a header of the message or in its place: one line."""
        text = self._text(node, name) if may_be_empty else self.walk.text(node, name)
        if not text.isprintable():
            self.walk.wrong(node or Mark(self.path, 1, 1), f"{name} must be one line of plain text")
            return ""
        if name == "from" and node is not None:
            self._address(Scalar(node.mark, text), name)
        return text

    def _text(self, node: Node | None, name: str) -> str:
        """Return a text that may be empty, as it stands."""
        if node is not None and not isinstance(node, Scalar):
            self.walk.wrong(node, f"{name} must be text")
        return node.text if isinstance(node, Scalar) else ""

    def _addresses(self, node: Node | None, name: str) -> tuple[str, ...]:
        if isinstance(node, Sequence) and not node.items:
            return ()
        found = self.walk.texts(node, name)
        return tuple(item.text for item in found if self._address(item, name))

    def _address(self, item: Scalar, name: str) -> bool:
        """Return whether this is a mail address, alone or as `Name <address>`."""
        bare = parseaddr(item.text)[1]
        good = item.text.isprintable() and addresses.is_address(bare.lower()) and item.text.rstrip(">").endswith(bare)
        if not good and item.text:
            self.walk.wrong(item, f"`{item.text[:60]}` is not a mail address ({name})")
        return good

    def _attached(self, node: Node) -> Attachment:
        if isinstance(node, Scalar):
            path = self._near(node)
            return Attachment(path.rpartition("/")[2], self.files[path] if path else b"")
        table = self._mapping(node, _ATTACH, "an attachment")
        file = table.get("file")
        path = self._near(file) if isinstance(file, Scalar) else ""
        name = self._header(table.get("name"), "name") or path.rpartition("/")[2]
        if not name:
            self.walk.wrong(node, "an attachment needs a name", "missing-key")
        if (table.get("text") is None) is (file is None):
            self.walk.wrong(node, "an attachment needs either a text or a file", "missing-key")
        return Attachment(name, self.files[path] if path else self._text(table.get("text"), "text").encode())

    # -- expectations --

    def _expectations(
        self, node: Node, people: set[str], letter: Letter
    ) -> tuple[tuple[Expected, ...], NoticeExpected | None]:
        expected: list[Expected] = []
        notice = None
        there = messages.envelope(letter)[1]
        for key, value in self.walk.named(node, "expect"):
            if key.text == _NOTICE_OF_SENDER:
                notice = self._notice(value)
            else:
                self._is_there(key, there)
                expected.append(self._expected(key, value, people))
        if not expected and notice is None:
            self.walk.wrong(
                node, "expect says nothing; write RECIPIENT: {verdict: hold} or {verdict: deliver}", "missing-key"
            )
        return tuple(expected), notice

    def _is_there(self, key: Scalar, there: Iterable[str]) -> None:
        if there and normal(key.text) not in there:
            known = (*there, _NOTICE_OF_SENDER)
            cure = meant(key.text, known) or f"; it goes to {', '.join(there)}"
            self.walk.wrong(key, f'"{key.text[:80]}" is not a recipient of this message{cure}', "unknown-recipient")

    def _expected(self, key: Scalar, node: Node, people: set[str]) -> Expected:
        if isinstance(node, Scalar):  # father@mail.test: hold
            node = Table(node.mark, ((Scalar(node.mark, "verdict"), node),))
        table = self._mapping(node, _EXPECTED, "an expectation")
        verdict = self._text(table.get("verdict"), "verdict").strip()
        if verdict not in VERDICTS:
            cure = meant(verdict, VERDICTS)
            self.walk.wrong(table.get("verdict") or node, f"verdict is one of: {', '.join(VERDICTS)}{cure}")
        if verdict == "deliver":
            for each in filter(None, map(table.key, _OF_THE_REASON)):
                self.walk.wrong(
                    each,
                    f"a copy that is delivered has no {each.text}; take this out"
                    " (where it is recorded as well as delivered: verdict: notify)",
                )
        person = self.walk.text(table.get("person"), "person")
        # Where the register itself is wrong, that is what there is to say.
        if person and person not in people and (people or not self.complaints.failed):
            there = f"; there are: {', '.join(sorted(people)[:_FEW])}" if people else "; the register here is empty"
            cure = meant(person, people) or there
            self.walk.wrong(table.get("person") or node, f'nobody here is "{person[:60]}"{cure}', "unknown-person")
        policies = table.get("policies")
        return Expected(
            address=normal(key.text),
            mark=key.mark,
            verdict=verdict,
            policies=None if policies is None else frozenset(i.text for i in self.walk.texts(policies, "policies")),
            person=person,
            field=self.walk.text(table.get("field"), "field"),
            found_in=self.walk.text(table.get("found_in"), "found_in"),
            strength=self._one_of(table.get("strength"), "strength", STRENGTHS),
            severity=self._one_of(table.get("severity"), "severity", SEVERITIES),
            why=self.walk.text(table.get("why"), "why"),
        )

    def _one_of(self, node: Node | None, name: str, words: Collection[str]) -> str:
        text = self.walk.text(node, name)
        if node is not None and text and text not in words:
            self.walk.wrong(node, f"{name} is one of: {', '.join(words)}{meant(text, words)}")
        return text

    def _notice(self, node: Node) -> NoticeExpected:
        table = self._mapping(node, _NOTICE, _NOTICE_OF_SENDER)
        if not table.pairs and isinstance(node, Table) and not node.pairs:
            self.walk.wrong(node, "sender_notice asks nothing; write {has: [...], lacks: [...]}", "missing-key")
        has, lacks = (self.walk.texts(table.get(name), name) for name in _NOTICE)
        for item in lacks:
            # A slip in one of these words would be a text that no notice has, and the test could not fail.
            if item.text not in NOTICE_WORDS and (near := closest(item.text, NOTICE_WORDS)):
                self.walk.wrong(item, f'`{item.text[:60]}`: did you mean "{near}"?')
        return NoticeExpected(node.mark, *(tuple(item.text for item in items) for items in (has, lacks)))


def unknown(suite: Suite, policies: Mapping[str, Policy]) -> list[Complaint]:
    """Return a complaint for each policy that a test expects or counts and that is not there, or does not count."""
    complaints = Complaints()
    for case in suite.cases:
        asked = [(expected.mark, name) for expected in case.expected for name in expected.policies or ()]
        for mark, name in (*asked, *((case.mark, name) for name in case.matched)):
            if name not in policies:
                cure = meant(name, policies) or f"; there are: {', '.join(sorted(policies)) or 'none'}"
                complaints.add(mark, "unknown-policy", f'no policy "{name[:60]}" is under test here{cure}')
        for name in case.matched:
            if name in policies and policies[name].repeat is None:
                complaints.add(
                    case.mark, "no-repeat", f'matched says how often "{name}" matched before, and it has no repeat'
                )
    return complaints.found


def _plain(node: Node) -> Any:
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [_plain(item) for item in node.items]
        case _:
            return {key.text: _plain(value) for key, value in node.pairs}
