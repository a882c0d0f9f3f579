# SPDX-License-Identifier: GPL-3.0-or-later
"""Test files of policies: YAML in, typed cases out, or every complaint with place and cure.

A test file says which people there are, which messages are sent, and what must become of each copy.  What it names and
nobody knows (a policy, a recipient, a person) is an error and never a pass: a test that asks nothing is worse than
none.  Pure: files come in as bytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any

import yaml

from safehold.errors import Complaint, ComplaintsError
from safehold.policy import addresses
from safehold.policy.names import relative
from safehold.policy.nodes import Complaints, Mark, Node, Scalar, Sequence, compose, meant
from safehold.policy.nodes import Mapping as Table
from safehold.policy.walk import Walk
from safehold.register import importing
from safehold.register.people import Person

SUFFIXES = (".test.yaml", ".test.yml")
VERDICTS = ("hold", "reject", "notify", "deliver")
# Words of `why` that stand for a kind of reason; any other text must stand in the reasons as it is.
WHYS = ("known_to", "cannot_tell")
# What `lacks` of a notice may name instead of a text.
NOTICE_WORDS = ("register-values", "subject", "attachment-names", "addresses")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a test's message carries: from beside the test file, or written in it."""

    name: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message written in a test file (``content`` of a finished one: an .eml beside it)."""

    sender: str = field(default="", repr=False)
    to: tuple[str, ...] = field(default=(), repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    bcc: tuple[str, ...] = field(default=(), repr=False)
    subject: str = field(default="", repr=False)
    body: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    content: bytes = field(default=b"", repr=False)


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
_MESSAGE = ("from", "to", "cc", "bcc", "subject", "body", "html", "attach")
_ATTACH = ("name", "text", "file")
_EXPECTED = ("verdict", "policies", "person", "field", "found_in", "strength", "why")
_NOTICE = ("has", "lacks")
_NOTICE_OF_SENDER = "sender_notice"
_NOON = time(12, 0)


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
        self.own = frozenset(item.text.lower() for item in self.walk.texts(table.get("own"), "own"))
        policies = tuple(
            found for item in self.walk.texts(table.get("policies"), "policies") if (found := self._near(item))
        )
        people = (*self._register(table.get("register")), *self._people(table.get("people")))
        node = table.get("tests")
        cases = [case for item in self.walk.items(node) if (case := self._case(item, people)) is not None]
        if not cases and not self.complaints.failed:
            self.walk.wrong(
                node or root, "this file has no tests: - {name: ..., message: ..., expect: ...}", "missing-key"
            )
        return Suite(self.path, policies, people, self.own, tuple(cases))

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
            self.walk.wrong(item, f"no file `{item.text[:80]}` here", "unknown-file")
            return ""
        return path

    # -- people --

    def _register(self, node: Node | None) -> tuple[Person, ...]:
        people: list[Person] = []
        for item in self.walk.texts(node, "register"):
            path = self._near(item)
            if path:
                people += self._parsed(path, self.files[path])
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

    def _parsed(self, path: str, content: bytes) -> tuple[Person, ...]:
        try:
            return importing.parse(path, content)
        except ComplaintsError as error:
            self.complaints.found.extend(error.complaints)
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
        expected, notice = self._expectations(table.get("expect") or node, {person.id for person in people})
        return Case(
            name=self.walk.text(table.get("name"), "name"),
            mark=node.mark,
            letter=letter,
            expected=expected,
            now=datetime.combine(day, self._clock(table.get("at")), UTC),
            notice=notice,
            known_gap=self.walk.text(table.get("known_gap"), "known_gap"),
            direction=self._direction(table.get("direction")),
            contacts=dict(self._contacts(table.get("contacts"))),
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

    def _contacts(self, node: Node | None) -> Iterator[tuple[str, date]]:
        for key, value in self.walk.named(node, "contacts"):
            day = self.walk.day(value, "contacts")
            if day is not None:
                yield key.text.lower(), day

    def _matched(self, node: Node | None) -> Iterator[tuple[str, int]]:
        for key, value in self.walk.named(node, "matched"):
            yield key.text, self.walk.number(value, "matched", 0, least=0)

    # -- messages --

    def _letter(self, node: Node) -> Letter:
        if isinstance(node, Scalar):
            path = self._near(node)
            return Letter(content=self.files[path] if path else b"")
        table = self._mapping(node, _MESSAGE, "a message")
        for key in ("from", "to"):
            if table.get(key) is None:
                self.walk.wrong(node, f"this message has no {key}", "missing-key")
        return Letter(
            sender=self.walk.text(table.get("from"), "from"),
            to=self._addresses(table.get("to"), "to"),
            cc=self._addresses(table.get("cc"), "cc"),
            bcc=self._addresses(table.get("bcc"), "bcc"),
            subject=self._text(table.get("subject")),
            body=self._text(table.get("body")),
            html=self._text(table.get("html")),
            attachments=tuple(self._attached(item) for item in self.walk.items(table.get("attach"))),
        )

    @staticmethod
    def _text(node: Node | None) -> str:
        return node.text if isinstance(node, Scalar) else ""

    def _addresses(self, node: Node | None, name: str) -> tuple[str, ...]:
        if isinstance(node, Sequence) and not node.items:
            return ()
        found = self.walk.texts(node, name)
        for item in found:
            bare = item.text.rpartition("<")[2].rstrip(">")
            if not addresses.is_address(bare.lower()):
                self.walk.wrong(item, f"`{item.text[:60]}` is not a mail address")
        return tuple(item.text for item in found)

    def _attached(self, node: Node) -> Attachment:
        if isinstance(node, Scalar):
            path = self._near(node)
            return Attachment(path.rpartition("/")[2], self.files[path] if path else b"")
        table = self._mapping(node, _ATTACH, "an attachment")
        file = table.get("file")
        path = self._near(file) if isinstance(file, Scalar) else ""
        name = self.walk.text(table.get("name"), "name") or path.rpartition("/")[2]
        if not name:
            self.walk.wrong(node, "an attachment needs a name", "missing-key")
        if (table.get("text") is None) is (file is None):
            self.walk.wrong(node, "an attachment needs either a text or a file", "missing-key")
        return Attachment(name, self.files[path] if path else self._text(table.get("text")).encode())

    # -- expectations --

    def _expectations(self, node: Node, people: set[str]) -> tuple[tuple[Expected, ...], NoticeExpected | None]:
        expected: list[Expected] = []
        notice = None
        for key, value in self.walk.named(node, "expect"):
            if key.text == _NOTICE_OF_SENDER:
                notice = self._notice(value)
            else:
                expected.append(self._expected(key, value, people))
        if not expected and notice is None:
            self.walk.wrong(
                node, "expect says nothing; write RECIPIENT: {verdict: hold} or {verdict: deliver}", "missing-key"
            )
        return tuple(expected), notice

    def _expected(self, key: Scalar, node: Node, people: set[str]) -> Expected:
        if isinstance(node, Scalar):  # father@mail.test: hold
            node = Table(node.mark, ((Scalar(node.mark, "verdict"), node),))
        table = self._mapping(node, _EXPECTED, "an expectation")
        verdict = self._text(table.get("verdict"))
        if verdict not in VERDICTS:
            cure = meant(verdict, VERDICTS)
            self.walk.wrong(table.get("verdict") or node, f"verdict is one of: {', '.join(VERDICTS)}{cure}")
        person = self._text(table.get("person"))
        if person and person not in people:
            self.walk.wrong(
                table.get("person") or node, f'nobody here is "{person[:60]}"{meant(person, people)}', "unknown-person"
            )
        policies = table.get("policies")
        return Expected(
            address=key.text.lower(),
            mark=key.mark,
            verdict=verdict,
            policies=None if policies is None else frozenset(i.text for i in self.walk.texts(policies, "policies")),
            person=person,
            field=self._text(table.get("field")),
            found_in=self._text(table.get("found_in")),
            strength=self._text(table.get("strength")),
            why=self._text(table.get("why")),
        )

    def _notice(self, node: Node) -> NoticeExpected:
        table = self._mapping(node, _NOTICE, _NOTICE_OF_SENDER)
        has, lacks = (tuple(i.text for i in self.walk.texts(table.get(name), name)) for name in _NOTICE)
        return NoticeExpected(node.mark, has, lacks)


def unknown(suite: Suite, policies: Mapping[str, Any]) -> list[Complaint]:
    """Return a complaint for each policy that a test expects and that is not there."""
    complaints = Complaints()
    for case in suite.cases:
        asked = [(expected.mark, name) for expected in case.expected for name in expected.policies or ()]
        for mark, name in (*asked, *((case.mark, name) for name in case.matched)):
            if name not in policies:
                cure = meant(name, policies)
                complaints.add(mark, "unknown-policy", f'no policy "{name[:60]}" is under test here{cure}')
    return complaints.found


def _plain(node: Node) -> Any:
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [_plain(item) for item in node.items]
        case _:
            return {key.text: _plain(value) for key, value in node.pairs}
