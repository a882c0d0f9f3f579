# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a policy folder: lists, kinds, roles, registers, reviewers, messages, each with the place it was given.

One name space a kind of name for all files, so that a name given twice is an error that names both places.  Pure.
"""

import re
from collections.abc import Mapping as Files
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from safehold.errors import counted
from safehold.policy import addresses, patterns
from safehold.policy.addresses import AddressSet
from safehold.policy.keys import CHOICES, PLACEHOLDERS, REVIEWER_PLACEHOLDERS
from safehold.policy.language import DocumentType, Kind, Pattern, Phrases, Reviewers
from safehold.policy.nodes import Complaints, Mapping, Mark, Node, Scalar, closest, decode, listed, meant, scalars
from safehold.policy.walk import Walk

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[^\W_](?:[\w -]*\w)?")
PARTNERS = "partners"
_MOST_PLACEHOLDERS = 100
# Every hold keeps its texts.
_LONGEST_MESSAGE = 2000
_LEAK = "would mail the protected value to the sender and anyone at their desk."


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list and what it holds; addresses for domain and address lists, terms for phrase and regex lists."""

    name: str
    kind: str
    mark: Mark
    addresses: AddressSet = field(default=AddressSet(), repr=False)
    terms: tuple[Phrases | Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """A register whose people come from a file beside the policies."""

    register: str
    path: str
    mark: Mark


@dataclass(slots=True)
class Names:
    """Everything that policies refer to by name."""

    walk: Walk
    complaints: Complaints
    files: Files[str, bytes]
    today: date
    changed: Files[str, date]
    lists: dict[str, NamedList] = field(default_factory=dict)
    kinds: dict[Kind, AddressSet] = field(default_factory=dict)
    roles: dict[str, AddressSet] = field(default_factory=dict)
    registers: dict[str, Mark] = field(default_factory=dict)
    register_files: list[RegisterFile] = field(default_factory=list)
    document_types: dict[str, DocumentType] = field(default_factory=dict)
    document_marks: dict[str, Mark] = field(default_factory=dict)
    reviewers: dict[str, Reviewers] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    message_marks: dict[str, Scalar] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    _places: dict[tuple[str, str], Mark] = field(default_factory=dict)

    # -- gathering --

    def gather(self, root: Mapping) -> None:
        """Take the names that one file gives."""
        walk = self.walk
        for key, value in walk.named(root.get("lists"), "lists"):
            if self._new("list", key):
                self.lists[key.text] = self._list(key, value)
        for key, value in walk.named(root.get("kinds"), "kinds"):
            if key.text not in CHOICES["kind"]:
                cure = meant(key.text, CHOICES["kind"])
                walk.wrong(
                    key, f'"{key.text[:60]}" is not a kind; kinds: {", ".join(CHOICES["kind"])}{cure}', "unknown-key"
                )
            elif self._new("kind", key):
                self.kinds[Kind(key.text)] = self.flat(value, f"kinds.{key.text}")
        for key, value in walk.named(root.get("roles"), "roles"):
            if self._new("role", key):
                self.roles[key.text] = self.flat(value, f"roles.{key.text}")
        for key, value in walk.named(root.get("document_types"), "document_types"):
            if self._new("document type", key):
                self.document_marks[key.text] = key.mark
                self.document_types[key.text] = self._document_type(key, value)
        for key, value in walk.named(root.get("registers"), "registers"):
            if self._new("register", key):
                self._register(key, value)
        for key, value in walk.named(root.get("reviewers"), "reviewers"):
            if self._new("reviewers' role", key):
                self.reviewers[key.text] = self._reviewers(value)
        for key, value in walk.named(root.get("messages"), "messages"):
            if self._new("message", key):
                self._message(key, value)

    def _new(self, what: str, key: Scalar) -> bool:
        if not _NAME.fullmatch(key.text):
            self.walk.wrong(key, "a name begins and ends with a letter or digit, and has letters, digits, - and _ only")
            return False
        first = self._places.setdefault((what, key.text), key.mark)
        if first is not key.mark:
            self.walk.wrong(
                key, f'{what} "{key.text}" is given twice; first in {first.file}:{first.line}', "duplicate-name"
            )
        return first is key.mark

    # -- lists --

    def _list(self, key: Scalar, node: Node) -> NamedList:
        walk = self.walk
        table = walk.mapping(node, "a list", f"list {key.text}")
        if table is None:
            return NamedList(key.text, "", key.mark)
        if table.get("kind") is None:
            walk.wrong(key, f'list "{key.text}" has no kind; say kind: domain, address, phrase or regex', "missing-key")
        kind = walk.choice(table.get("kind"), "list kind", str, "")
        sources = [name for name in ("items", "file", "builtin") if table.get(name) is not None]
        if (
            not sources
            and isinstance(node, Mapping)
            and not {"items", "file", "builtin"} & {k.text for k, _ in node.pairs}
        ):
            walk.wrong(key, f'list "{key.text}" has no items; add items: [...], file: x.txt or builtin:', "missing-key")
        found = list(walk.texts(table.get("items"), "items"))
        if table.get("file") is not None:
            found += self.list_file(table.get("file"))
        if table.get("builtin") is not None:
            found += self._builtin(table.get("builtin"), kind)
        found += walk.texts(table.get("plus"), "plus")
        gone = {item.text.lower() for item in walk.texts(table.get("minus"), "minus")}
        kept = tuple(item for item in found if item.text.lower() not in gone)
        for item in sorted(gone - {item.text.lower() for item in found}):
            self.complaints.warn(
                key.mark, "unused-minus", f'"{item[:60]}" is taken from list "{key.text}", which does not hold it'
            )
        self._age(table, walk.days(table.get("at_most_age"), "at_most_age"))
        return self._typed(key, kind, kept)

    def _age(self, table: Mapping, days: int) -> None:
        """Warn of a list that was not looked at for longer than it says: its file's date counts, or this one's."""
        place = table.key("at_most_age")
        if not days or place is None:
            return
        named = (relative(table.mark.file, item.text.strip()) for item in scalars(table.get("file") or place))
        dates = [self.changed[name] for name in named if name is not None and name in self.changed]
        if table.get("file") is None and table.mark.file in self.changed:
            dates = [self.changed[table.mark.file]]
        oldest = min(dates, default=self.today)
        if (self.today - oldest).days > days:
            age = counted((self.today - oldest).days, "day")
            self.complaints.warn(
                place.mark,
                "list-too-old",
                f"this list was last changed {age} ago, and may be {counted(days, 'day')} old",
                hint="look through it, and save it again (or change the date of its file)",
            )

    def _builtin(self, node: Node | None, kind: str) -> list[Scalar]:
        if node is None or not self.walk.choice(node, "builtin", str, ""):
            return []
        if kind not in ("", "domain"):
            self.walk.wrong(node, "builtin: personal-mail is a list of kind domain", "wrong-list-kind")
        return [Scalar(node.mark, domain) for domain in sorted(addresses.personal_mail())]

    def _typed(self, key: Scalar, kind: str, items: tuple[Scalar, ...]) -> NamedList:
        if kind in ("domain", "address"):
            return NamedList(key.text, kind, key.mark, addresses=self._addresses(items, kind))
        terms: list[Phrases | Pattern] = []
        if kind == "phrase":
            for item in items:
                self.personal(item, pattern=False)
                if not any(c.isalnum() for c in item.text):
                    self.walk.wrong(item, "a phrase needs a letter or a digit")
            terms = [Phrases(tuple(item.text for item in items))]
        elif kind == "regex":
            terms = [term for item in items if (term := self.pattern(item)) is not None]
        return NamedList(key.text, kind, key.mark, terms=tuple(terms))

    def _addresses(self, items: tuple[Scalar, ...], kind: str = "") -> AddressSet:
        whole, under = set(), set()
        for item in items:
            text = item.text.lower()
            if "@" in text.removeprefix("@") and kind != "domain":
                if not addresses.is_address(text):
                    self._misshapen(item, "a mail address")
                whole.add(text)
            elif kind == "address":
                self._misshapen(item, "a mail address")
            else:
                text = text.removeprefix("@").removeprefix("*.")
                if not addresses.is_domain(text):
                    self._misshapen(item, "a domain")
                under.add(text)
        return AddressSet(frozenset(whole), frozenset(under))

    def _misshapen(self, item: Scalar, shape: str) -> None:
        # A list file may name people: its line is not shown.
        silent = not item.mark.file.endswith((".yaml", ".yml"))
        in_file = "one a line, please" if "," in item.text else ""
        hint = in_file if silent else several_in_one(item.text)
        self.complaints.add(item.mark, "invalid-value", f"this is not {shape}", hint=hint, silent=silent)

    def flat(self, node: Node, name: str) -> AddressSet:
        """Return the addresses of a flat list: "@" makes an address, ".txt" a list file, anything else is a domain."""
        found: list[Scalar] = []
        for item in self.walk.texts(node, name):
            found += self.list_file(item) if item.text.endswith(".txt") else [item]
        return self._addresses(tuple(found))

    def list_file(self, node: Node | None) -> list[Scalar]:
        """Return the items of the list files that *node* names, each with its place in them."""
        found: list[Scalar] = []
        for item in self.walk.texts(node, "file"):
            path = self.resolve(item, (".txt",))
            content = self.files.get(path) if path else None
            if path is None or content is None:
                continue
            self.read.add(path)
            text = decode(path, content, self.complaints)
            for number, line in enumerate((text or "").splitlines(), 1):
                bare = line.strip()
                if bare and not bare.startswith("#"):
                    column = len(line) - len(line.lstrip()) + 1
                    found.append(Scalar(Mark(path, number, column, len(bare)), bare))
        return found

    def resolve(self, node: Scalar, suffixes: tuple[str, ...]) -> str | None:
        """Return the path in ``files`` that *node* names, relative to its own file, or None after complaining."""
        path = relative(node.mark.file, node.text)
        if path is None:
            self.walk.wrong(node, f"`{node.text}` leads out of the policy folder", "unknown-file")
        elif not path.endswith(suffixes):
            self.walk.wrong(node, f"`{node.text}` should end in {' or '.join(suffixes)}", "unknown-file")
        elif path not in self.files:
            near = closest(path, [name for name in self.files if name.endswith(suffixes)])
            cure = f'; did you mean "{near}"?' if near else ""
            self.walk.wrong(node, f"no file `{path}` in the policy folder{cure}", "unknown-file")
            return None
        else:
            return path
        return None

    # -- phrases and patterns --

    def pattern(self, item: Scalar) -> Pattern | None:
        """Return the compiled pattern, or None after complaining."""
        self.personal(item, pattern=True)
        try:
            return Pattern(patterns.compile_pattern(item.text), item.text)
        except ValueError as error:
            self.walk.wrong(item, str(error), "regex", hint=patterns.YAML_HINT)
            return None

    def personal(self, item: Scalar, *, pattern: bool) -> None:
        """Complain of a real-looking value in a phrase or pattern, without showing the line."""
        what = patterns.personal_data(item.text, pattern=pattern)
        if what:
            self.complaints.add(
                item.mark,
                "personal-data-in-policy",
                f"(in a {'pattern' if pattern else 'phrase'}): this looks like a real {what}. Policies are read by"
                " many; put the values in a register (safehold register import FILE) and name the register here",
                silent=True,
            )

    def _document_type(self, key: Scalar, node: Node) -> DocumentType:
        walk = self.walk
        table = walk.mapping(node, "a document type", f"document type {key.text}")
        if table is None:
            return DocumentType(key.text)
        phrases: dict[str, tuple[str, ...]] = {}
        for name in ("title_any", "heading_any", "body_any", "form_number"):
            items = walk.texts(table.get(name), name)
            for item in items:
                self.personal(item, pattern=False)
                if not any(c.isalnum() for c in item.text):
                    walk.wrong(item, "a phrase needs a letter or a digit")
            phrases[name] = tuple(item.text for item in items)
        at_least = walk.number(table.get("at_least"), "at_least", 1)
        total = sum(map(len, phrases.values()))
        if not total:
            walk.wrong(
                key, f'document type "{key.text}" has no phrases: title_any, heading_any, body_any', "missing-key"
            )
        elif at_least > total:
            walk.wrong(
                table.get("at_least") or key,
                f"at_least: {at_least}, but only {total} phrases are given",
                "never-matches",
            )
        return DocumentType(key.text, at_least=at_least, **phrases)

    def use_document_type(self, item: Scalar) -> DocumentType | None:
        """Return the document type that *item* names, or None after complaining."""
        found = self.document_types.get(item.text)
        self.used.add(("document type", item.text))
        if found is None:
            here = f" Document types here: {listed(self.document_types)}" if self.document_types else ""
            cure = meant(item.text, self.document_types) or "."
            self.walk.wrong(item, f'no document type "{item.text[:60]}"{cure}{here}', "unknown-document-type")
        return found

    # -- registers, reviewers, messages --

    def _register(self, key: Scalar, node: Node) -> None:
        self.registers[key.text] = key.mark
        if isinstance(node, Scalar):
            if node.text.strip() != "store":
                self.walk.wrong(
                    node,
                    f"`{node.text[:60]}`: people come from `store`, or from {{file: people.yaml}}",
                    "invalid-value",
                )
            return
        table = self.walk.mapping(node, "a register", f"register {key.text}")
        if table is None:
            return
        if table.get("file") is None:
            self.walk.wrong(
                key, f'register "{key.text}" names no file; write store, or {{file: people.yaml}}', "missing-key"
            )
        for item in self.walk.texts(table.get("file"), "file"):
            path = self.resolve(item, (".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".csv"))
            if path is not None:
                self.read.add(path)
                self.register_files.append(RegisterFile(key.text, path, item.mark))

    def _reviewers(self, node: Node) -> Reviewers:
        table = self.walk.mapping(node, "a reviewers' role")
        if table is None:
            return Reviewers()
        members: list[str] = []
        for item in self.walk.texts(table.get("members"), "members"):
            if item.text.endswith(".txt"):
                members += [member.text for member in self.list_file(item)]
            else:
                members.append(item.text)
        hours = self.walk.choice(table.get("hours"), "hours", str, "all")
        return Reviewers(tuple(members), office=hours == "office")

    def _message(self, key: Scalar, node: Node) -> None:
        text = self.walk.text(node, f"message {key.text}")
        if not isinstance(node, Scalar) or not text:
            return
        if len(text) > _LONGEST_MESSAGE:
            self.walk.wrong(node, f"longer than {_LONGEST_MESSAGE} characters; a notice is read on a phone")
        if node.text.count("{") > _MOST_PLACEHOLDERS:
            self.walk.wrong(node, f"more than {_MOST_PLACEHOLDERS} placeholders in one message")
        self.messages[key.text] = text
        self.message_marks[key.text] = node
        allowed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        for match in islice(_PLACEHOLDER.finditer(node.text), _MOST_PLACEHOLDERS):
            name = match[1]
            if name in PLACEHOLDERS or name in REVIEWER_PLACEHOLDERS:
                continue
            cure = meant(name, PLACEHOLDERS)
            why = f"is not a placeholder{cure}" if cure else _LEAK
            self.complaints.add(
                self._inside(node, match.start(), len(match[0])),
                "leaky-placeholder",
                f"{match[0][:60]} {why} Allowed: {allowed}",
            )
        if "{" in _PLACEHOLDER.sub("", node.text) or "}" in _PLACEHOLDER.sub("", node.text):
            self.walk.wrong(
                node, "a brace without its other half; placeholders look so: {reference}", "leaky-placeholder"
            )

    def _inside(self, node: Scalar, start: int, length: int) -> Mark:
        """Return the place of a piece of a scalar, exact where it stands on one line as written."""
        mark = node.mark
        lines = self.complaints.lines.get(mark.file, [])
        line = lines[mark.line - 1] if mark.line <= len(lines) else ""
        column = line.find(node.text[start : start + length], mark.column - 1)
        return Mark(mark.file, mark.line, column + 1, length) if column >= 0 else mark

    def check_messages(self, reviewers_only: set[str]) -> None:
        """Complain of reviewers' placeholders in texts that anybody else gets."""
        for name, node in self.message_marks.items():
            for match in islice(_PLACEHOLDER.finditer(node.text), _MOST_PLACEHOLDERS):
                if match[1] in REVIEWER_PLACEHOLDERS and name not in reviewers_only:
                    self.complaints.add(
                        self._inside(node, match.start(), len(match[0])),
                        "leaky-placeholder",
                        f"{match[0]} tells the policy to whoever gets this text; it is for reviewers' texts only"
                        " (notify: {reviewers: ...})",
                    )

    # -- use --

    def use_list(self, item: Scalar, kinds: tuple[str, ...]) -> NamedList | None:
        """Return the list that *item* names if it is of one of *kinds*, or None after complaining."""
        found = self.lists.get(item.text)
        if found is None:
            near = closest(item.text, (name for name, entry in self.lists.items() if entry.kind in (*kinds, "")))
            cure = ""
            if near:
                place = self.lists[near].mark
                cure = f'; did you mean "{near}" ({place.file}:{place.line})?'
            elif self.lists:
                cure = f". Lists here: {listed(self.lists)}"
            # Whoever writes the words themselves where a list's name belongs has no list of a name like that.
            hint = "" if near or "phrase" not in kinds else _PHRASES
            self.walk.wrong(item, f'no list "{item.text[:60]}"{cure}', "unknown-list", hint=hint)
            return None
        self.used.add(("list", item.text))
        if found.kind and found.kind not in kinds:
            self.walk.wrong(
                item,
                f'list "{item.text}" is of kind {found.kind}; a {" or ".join(kinds)} list is needed here',
                "wrong-list-kind",
            )
            return None
        return found

    def use_register(self, item: Scalar) -> str:
        """Return the name of a register, complaining of one that is not declared where any is."""
        self.used.add(("register", item.text))
        if self.registers and item.text not in self.registers:
            cure = meant(item.text, self.registers) or "."
            here = listed(self.registers)
            self.walk.wrong(item, f'no register "{item.text[:60]}"{cure} Registers here: {here}', "unknown-register")
        return item.text


_PHRASES = "phrases names a list; the words stand in it, at the top: lists: {NAME: {kind: phrase, items: [...]}}"


def several_in_one(text: str) -> str:
    """Return the hint for a text that is a list without its brackets, or ""."""
    return "several go into brackets: [one.example, two.example]" if "," in text else ""


def relative(base: str, path: str) -> str | None:
    """Return *path*, written in the file *base*, as a path from the policy folder; None where it leads out of it."""
    steps = [] if path.startswith("/") else base.split("/")[:-1]
    if path.startswith("/"):
        return None
    for step in path.split("/"):
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)
