# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text to nodes that know their place, and complaints that show it.

A policy file is hostile only by accident, but it is edited by hand on many machines: tabs, a byte order mark, UTF-16
from a spreadsheet, a key pasted twice, an anchor bomb copied from a forum.  Each of them ends as a
:class:`~safehold.errors.Complaint` with a line, never as a traceback.

We build our own nodes from PyYAML's *events* rather than calling ``yaml.compose``: composing recurses (libyaml's C
composer would crash the process on deep nesting), shares aliased nodes and turns ``NO`` and ``0770020012`` into
something else.  Here every scalar stays text, depth and number of nodes are bounded, and aliases are copied under a
small budget.  Pure; no state is shared between files.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import yaml
from rapidfuzz import fuzz, process

from safehold.errors import Complaint
from safehold.policy import patterns
from safehold.register import faults

# A policy file of a large council is some 40 KB; 1 MB is where the mistake is certain (a mailbox, a spreadsheet).
FILE_LIMIT_BYTES = 1_000_000
DEPTH_LIMIT = 40
NODE_LIMIT = 200_000
# Ten uses of a shared list are thrift, a thousand nodes out of them a bomb.
ALIAS_LIMIT = 20
ALIAS_NODE_LIMIT = 2_000
# What is said of one file, errors and all else apart, before we stop listing: a binary file makes thousands.
COMPLAINT_LIMIT = 200
LINE_LIMIT = 240
# Addresses of recipients stand in many lines for good reason; a line with anything else of people is not shown.
_SHOWN = frozenset({"", "mail address"})
# In place of a message that quotes the file.
_HUSHED = "not valid YAML here"
_QUOTES = re.compile(r'["*&]')
# Did-you-mean is for a slip of the finger; comparing with thousands of names would take seconds.
_NEAR_LENGTH = 6
_NEAR_WORDS = 500
_MOST_LISTED = 30

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1, ``length`` is what the caret underlines."""

    file: str
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Scalar:
    """A piece of text; ``plain`` when it stood without quotes."""

    mark: Mark
    text: str
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    mark: Mark
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file, each key once (duplicates were complained about)."""

    mark: Mark
    pairs: tuple[tuple[Scalar, "Node"], ...]

    def get(self, key: str) -> "Node | None":
        """Return the value of *key*, or None."""
        return next((value for name, value in self.pairs if name.text == key), None)

    def key(self, key: str) -> Scalar | None:
        """Return the node of the key itself, or None."""
        return next((name for name, _ in self.pairs if name.text == key), None)


Node = Scalar | Sequence | Mapping


def size(node: Node) -> int:
    """Return how many nodes hang at *node*, itself included."""
    match node:
        case Scalar():
            return 1
        case Sequence():
            return 1 + sum(size(item) for item in node.items)
        case Mapping():
            return 1 + sum(1 + size(value) for _, value in node.pairs)


def scalars(node: Node) -> Iterator[Scalar]:
    """Yield every scalar value below *node* (keys left out)."""
    match node:
        case Scalar():
            yield node
        case Sequence():
            for item in node.items:
                yield from scalars(item)
        case Mapping():
            for _, value in node.pairs:
                yield from scalars(value)


def closest(word: str, words: Iterable[str]) -> str:
    """Return the one of *words* that was probably meant by *word*, or ""."""
    near = [other for other in islice(words, _NEAR_WORDS) if abs(len(other) - len(word)) <= _NEAR_LENGTH]
    found = process.extractOne(word.lower(), sorted(near), scorer=fuzz.ratio, score_cutoff=60)
    return found[0] if found is not None else ""


def meant(word: str, words: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` for the closest of *words*, or ""."""
    found = closest(word, words)
    return f'; did you mean "{found}"?' if found else ""


def listed(words: Collection[str]) -> str:
    """Return the names there are to choose from, in their order, a few dozen at most."""
    more = len(words) - _MOST_LISTED
    return ", ".join(islice(words, _MOST_LISTED)) + (f" and {more:,} more" if more > 0 else "")


@dataclass(slots=True)
class Complaints:
    """The complaints of one run, and the lines of the files they point into."""

    found: list[Complaint] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    _per_file: dict[tuple[str, bool], int] = field(default_factory=dict)
    _seen: set[Complaint] = field(default_factory=set)

    def add(
        self, mark: Mark, code: str, message: str, *, hint: str = "", severity: str = "error", silent: bool = False
    ) -> None:
        """Record a complaint at *mark*; ``silent`` leaves the source line out where it could show a protected value."""
        # INVARIANT: an error is left out only after errors; warnings before it never make a bad file a good one.
        kept = mark.file, severity == "error"
        count = self._per_file.get(kept, 0)
        self._per_file[kept] = count + 1
        if count == COMPLAINT_LIMIT:
            code, silent = "and-more", True
            message, hint = f"{COMPLAINT_LIMIT} are listed for this file; mend them, and the rest will be shown", ""
        elif count > COMPLAINT_LIMIT:
            return
        source = "" if silent else self._source(mark)
        room = len(source) - mark.column + 1 if source else mark.length
        length = max(1, min(mark.length, room))
        complaint = Complaint(mark.file, mark.line, mark.column, code, message, hint, severity, source, length)
        if complaint not in self._seen:
            self._seen.add(complaint)
            self.found.append(complaint)

    def warn(self, mark: Mark, code: str, message: str, *, hint: str = "") -> None:
        """Record a warning: the file loads."""
        self.add(mark, code, message, hint=hint, severity="warning")

    def note(self, mark: Mark, code: str, message: str) -> None:
        """Record a note: nothing is wrong, the author should know."""
        self.add(mark, code, message, severity="note", silent=True)

    def take(self, other: "Complaints") -> None:
        """Take over what was said about other files."""
        self.lines.update(other.lines)
        self.found.extend(other.found)
        self._seen.update(other._seen)

    def hush(self) -> None:
        """Keep places and causes, and take out what was written there: the file may hold people."""
        self.lines.clear()
        quiet = (replace(each, source="") for each in self.found)
        self.found = [replace(each, message=_HUSHED) if _QUOTES.search(each.message) else each for each in quiet]

    @property
    def failed(self) -> bool:
        """Return whether anything is an error."""
        return any(complaint.severity == "error" for complaint in self.found)

    def _source(self, mark: Mark) -> str:
        lines = self.lines.get(mark.file, [])
        text = lines[mark.line - 1] if 0 < mark.line <= len(lines) else ""
        if len(text) > LINE_LIMIT:  # nobody can read a caret under a line that wraps twice
            return ""
        if set(patterns.personal_data(text).split(" and ")) - _SHOWN:
            return ""
        return "".join(c if c.isprintable() else " " for c in text)


def compose(name: str, content: bytes, complaints: Complaints) -> Mapping | None:
    """Return the root mapping of the YAML file *name*, or None after complaining."""
    text = decode(name, content, complaints)
    if text is None:
        return None
    complaints.lines[name] = text.splitlines()
    if not _indented(name, text, complaints):
        return None
    builder = _Builder(name, complaints)
    try:
        root = builder.build(text)
    except yaml.YAMLError as error:
        _explain(name, error, complaints)
        return None
    except _TooMuch as error:
        complaints.add(error.mark, "yaml", str(error))
        return None
    if root is None:
        complaints.add(Mark(name, 1, 1), "empty-file", "this file is empty; a policy file begins with version: 1")
        return None
    if not isinstance(root, Mapping):
        complaints.add(
            root.mark,
            "not-a-mapping",
            "a policy file is a mapping of keys (version: 1, policies: ...), not a list or text",
        )
        return None
    return None if builder.broken else root


def decode(name: str, content: bytes, complaints: Complaints) -> str | None:
    """Return the text of a file that people write, or None after complaining: UTF-8, no mark, no control characters."""
    if len(content) > FILE_LIMIT_BYTES:
        complaints.add(
            Mark(name, 1, 1), "file-too-large", f"{len(content)} bytes; a file may have {FILE_LIMIT_BYTES:,} at most"
        )
        return None
    head = content[:4]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(head) >= 2 and b"\x00" in head[:2]):
        complaints.add(Mark(name, 1, 1), "encoding", "this file is UTF-16 (or binary); save it as UTF-8")
        return None
    content = content.removeprefix(b"\xef\xbb\xbf")  # Notepad's byte order mark says nothing that we do not know
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rsplit(b"\n", 1)[-1]) + 1
        complaints.add(
            Mark(name, line, column),
            "encoding",
            f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8",
            hint="in Notepad: Save As, and below it Encoding: UTF-8",
        )
        return None
    return text if _printable(name, text, complaints) else None


# Line and paragraph separators, a byte order mark inside a text, the spaces of no width.
_INVISIBLE = frozenset({0x2028, 0x2029, 0xFEFF, 0x200B, 0x2060})


def _indented(name: str, text: str, complaints: Complaints) -> bool:
    """Return whether every line is indented with ordinary spaces; YAML takes a no-break one for a letter of the key."""
    good = True
    for number, line in enumerate(text.split("\n"), 1):
        indent = line[: len(line) - len(line.lstrip())]
        column = next((n for n, c in enumerate(indent, 1) if c not in " \t\r"), 0)
        if column:
            good = False
            complaints.add(
                Mark(name, number, column),
                "no-break-space",
                "the line is indented with a no-break space, which word processors and web pages have",
                hint="delete the space before the text and type ordinary ones",
            )
    return good


def _printable(name: str, text: str, complaints: Complaints) -> bool:
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if line.isprintable():
            continue
        for column, character in enumerate(line, 1):
            code = ord(character)
            if (code < 0x20 and character != "\t") or code == 0x7F or 0x80 <= code < 0xA0 or 0xFFFE <= code <= 0xFFFF:
                complaints.add(
                    Mark(name, number, column), "encoding", f"a control character (code {code}) stands here; delete it"
                )
                return False
            if code in _INVISIBLE:
                complaints.add(
                    Mark(name, number, column),
                    "encoding",
                    f"an invisible character (U+{code:04X}) stands here; delete it",
                )
                return False
    return True


class _TooMuch(Exception):  # noqa: N818 - a private way out of the loop, not an error anybody catches by name
    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark = mark


class _Builder:
    """Nodes from events, with an explicit stack."""

    def __init__(self, name: str, complaints: Complaints) -> None:
        self.name = name
        self.complaints = complaints
        self.broken = False
        self.anchors: dict[str, Node] = {}
        self.open_anchors: set[str] = set()
        self.aliases = 0
        self.alias_nodes = 0
        self.nodes = 0
        # One frame an open collection: (start event, children so far).
        self.stack: list[tuple[yaml.CollectionStartEvent, list[Node]]] = []
        self.root: Node | None = None

    def mark(self, event: yaml.Event) -> Mark:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:  # only events that were made by hand have no marks
            return Mark(self.name, 1, 1)
        length = end.column - start.column if end.line == start.line else 1
        return Mark(self.name, start.line + 1, start.column + 1, max(1, length))

    def complain(self, event: yaml.Event, code: str, message: str) -> None:
        self.broken = True
        self.complaints.add(self.mark(event), code, message)

    def build(self, text: str) -> Node | None:
        documents = 0
        for event in yaml.parse(text, Loader=_LOADER):
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self.complain(event, "yaml", 'a second document begins here ("---"); put it into its own file')
                        return self.root
                case yaml.AliasEvent():
                    self.place(self.alias(event))
                case yaml.ScalarEvent():
                    self.place(self.scalar(event))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self.open(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self.close()
        return self.root

    def count(self, event: yaml.Event) -> None:
        self.nodes += 1
        if self.nodes > NODE_LIMIT:
            raise _TooMuch(self.mark(event), f"more than {NODE_LIMIT:,} items in one file")
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self.complain(event, "yaml", "tags (!...) have no meaning here; delete it")

    def scalar(self, event: yaml.ScalarEvent) -> Scalar:
        self.count(event)
        node = Scalar(self.mark(event), event.value, event.style is None)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: yaml.AliasEvent) -> Node:
        self.aliases += 1
        mark = self.mark(event)
        if event.anchor in self.open_anchors:
            raise _TooMuch(mark, f"the alias *{event.anchor} stands inside what it names")
        node = self.anchors.get(event.anchor or "")
        if node is None:
            raise _TooMuch(mark, f"no anchor &{event.anchor} before this alias")
        self.alias_nodes += size(node)
        if self.aliases > ALIAS_LIMIT or self.alias_nodes > ALIAS_NODE_LIMIT:
            raise _TooMuch(mark, "too many aliases (*name) in this file; give the list a name under lists: instead")
        return node

    def open(self, event: yaml.CollectionStartEvent) -> None:
        self.count(event)
        if len(self.stack) >= DEPTH_LIMIT:
            raise _TooMuch(self.mark(event), f"nested more than {DEPTH_LIMIT} deep")
        if event.anchor:
            self.open_anchors.add(event.anchor)
        self.stack.append((event, []))

    def close(self) -> None:
        start, children = self.stack.pop()
        node: Node
        mark = self.mark(start)
        node = (
            Mapping(mark, self.pairs(children))
            if isinstance(start, yaml.MappingStartEvent)
            else Sequence(mark, tuple(children))
        )
        if start.anchor:
            self.open_anchors.discard(start.anchor)
            self.anchors[start.anchor] = node
        self.place(node)

    def pairs(self, children: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.broken = True
                self.complaints.add(key.mark, "yaml", "a key must be a word, not a list or mapping")
            elif key.text in pairs:
                self.broken = True
                first = pairs[key.text][0].mark
                self.complaints.add(
                    key.mark, "duplicate-key", f'"{key.text}" stands here twice (first in line {first.line})'
                )
            else:
                pairs[key.text] = (key, value)
        return tuple(pairs.values())

    def place(self, node: Node) -> None:
        if self.stack:
            self.stack[-1][1].append(node)
        else:
            self.root = node


def _explain(name: str, error: yaml.YAMLError, complaints: Complaints) -> None:
    fault = faults.explain(error, complaints.lines.get(name, []))
    context = getattr(error, "context", None)
    message = f"not valid YAML: {fault.problem}" + (f", {context}" if context and "while" in str(context) else "")
    complaints.add(Mark(name, fault.line, fault.column), "yaml", " ".join(message.split()), hint=fault.hint)
