# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ``content``, ``attachments`` and ``documents``: what a message must hold, from nodes to clauses.

``all any not`` nest at any level and mean the same everywhere; ``within`` and ``in`` reach what stands beside and below
them.  Every clause that comes out means ``Holds`` of some content.  Pure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from safehold.model import Reason, Strength
from safehold.policy import clauses
from safehold.policy.branches import Holds
from safehold.policy.clauses import Clause
from safehold.policy.keys import (
    FIELDS,
    HIDINGS,
    IDENTIFIER_FIELDS,
    IDENTIFIERS,
    LOCAL,
    REDACTION_KINDS,
    TYPES,
)
from safehold.policy.language import (
    AllOf,
    AnyOf,
    Anything,
    Attached,
    Blind,
    Content,
    Identifier,
    Inside,
    Marking,
    Nowhere,
    Pattern,
    People,
    Related,
    Term,
    Terms,
    Unit,
    Where,
    Within,
)
from safehold.policy.names import Names
from safehold.policy.nodes import Mapping, Mark, Node, Scalar, meant
from safehold.policy.walk import Walk

_MEDIA_TYPE = "/"
# The word that goes with a number must stand about as near as people write them.
_NEAR = Within(Unit.WORDS, 10)
_NESTING = ("all", "any", "not")
# What a register's line of content is made of.
_OF_PEOPLE = ("register", "fields", "strength", "people", "fields_at_least")
_ANYTHING = Holds(Anything())


@dataclass(frozen=True, slots=True)
class Asking:
    """A relation asked somewhere in a policy, with its place and its words."""

    related: Related
    mark: Mark
    words: str


@dataclass(slots=True)
class Said:
    """What was read of one ``when`` besides its conditions.

    Attributes:
        askings: Every relation.
        ocr: Every ``ocr: yes`` and ``ocr: no``.
        redaction: Places that ask how something is redacted.
    """

    askings: list[Asking] = field(default_factory=list)
    ocr: set[bool] = field(default_factory=set)
    redaction: list[Mark] = field(default_factory=list)


class WantedReader:
    """Reads what one policy wants found.

    Args:
        walk: Typed reading, with the complaints.
        names: What lists, registers, roles and document types there are.
        terms: Filled with everything to look for, by the key that leaves and findings share.
    """

    def __init__(self, walk: Walk, names: Names, terms: dict[str, Term]) -> None:
        self.walk = walk
        self.names = names
        self.terms = terms
        self.said = Said()
        self._index = 0

    def where(self, table: Mapping, outer: frozenset[Where]) -> frozenset[Where]:
        """Return where the conditions of *table* look."""
        if table.get("in") is None:
            return outer
        return frozenset(self.walk.choices(table.get("in"), "in", Where))

    def pictures(self, table: Mapping) -> None:
        """Note what *table* says of pictures."""
        if table.get("ocr") is not None:
            self.said.ocr.add(self.walk.yes(table.get("ocr"), "ocr", default=False))

    def several(self, node: Node, name: str) -> tuple[Node, ...]:
        """Return the items of a list that must not be empty."""
        items = self.walk.items(node)
        if not items:
            self.walk.wrong(node, f"{name} is an empty list, which says nothing")
        return items

    def _next(self) -> int:
        self._index += 1
        return self._index - 1

    # -- content ------------------------------------------------------------------------------------------------------

    def content(self, key: Scalar, node: Node, outer: frozenset[Where]) -> Clause:
        """Return what stands under ``content``, or in an item of its ``all any not`` (then *key* has no text)."""
        walk = self.walk
        nothing = clauses.leaf(key, node, _ANYTHING)
        if is_any(node):
            return nothing
        if isinstance(node, Scalar):
            walk.wrong(node, f"`{node.text[:60]}`: content is a mapping of conditions, or the word any")
            return nothing
        said = len(walk.complaints.found)
        table = walk.mapping(node, "content")
        if table is None:
            return nothing
        where = self.where(table, outer)
        self.pictures(table)
        items = self._content_items(table, where)
        if not items:
            # What was not understood leaves nothing over too, and that was said; else the author forgot the condition.
            if len(walk.complaints.found) == said:
                walk.wrong(node, "no condition here; name a register, phrases or regex, or write content: any")
            return nothing
        content = _all(items)
        clause = clauses.whole(key, items, Holds(content))
        within = walk.within(table.get("within"))
        if within is not None:
            clause = replace(clauses.beside(clause, "within", table), means=Holds(Inside(within, content)))
        return clauses.beside(clause, "in", table)

    def _content_items(self, table: Mapping, where: frozenset[Where]) -> list[Clause]:
        people = self._people(table, where)
        items: list[Clause] = [people] if people is not None else []
        for key, value in table.pairs:
            match key.text:
                case "phrases":
                    items.append(clauses.leaf(key, value, Holds(self._phrases(value, where))))
                case "regex":
                    items.append(clauses.leaf(key, value, Holds(self._regex(value, where))))
                case "identifier":
                    items.append(self._identifiers(key, value, where))
                case "marking":
                    items.append(clauses.leaf(key, value, Holds(self._markings(value, where))))
                case "document_type":
                    items.append(clauses.leaf(key, value, Holds(self._document_type(value, where))))
                case "all" | "any" | "not":
                    items.append(self._nested(key, value, lambda nameless, item: self.content(nameless, item, where)))
        return items

    def _nested(self, key: Scalar, node: Node, read: Callable[[Scalar, Node], Clause]) -> Clause:
        """Return what ``all``, ``any`` or ``not`` makes of its items."""
        items = [read(clauses.nameless(item), item) for item in self.several(node, key.text)]
        return clauses.joined(key, items, Holds(_contents(key.text, [_held(item) for item in items])))

    def _people(self, table: Mapping, where: frozenset[Where]) -> Clause | None:
        walk = self.walk
        node = table.get("register")
        if node is None:
            for name in _OF_PEOPLE[1:]:
                key = table.key(name)
                if key is not None:
                    walk.wrong(key, f"{name} needs a register beside it; add register: ...", "missing-key")
            return None
        fields = self._fields(table.get("fields"))
        at_least = walk.number(table.get("fields_at_least"), "fields_at_least", 1, most=len(FIELDS))
        least = table.get("fields_at_least")
        if fields and at_least > len(fields) and least is not None:
            walk.wrong(least, f"fields_at_least: {at_least}, but only {len(fields)} fields are named", "never-matches")
        people = People(
            index=self._next(),
            registers=frozenset(self.names.use_register(item) for item in walk.texts(node, "register")),
            fields=fields,
            strength=walk.choice(table.get("strength"), "strength", _strength, None),
            people=walk.number(table.get("people"), "people", 1, most=1000),
            fields_at_least=at_least,
            where=where,
        )
        return clauses.group(table, _OF_PEOPLE, Holds(people))

    def _fields(self, node: Node | None) -> frozenset[str]:
        fields: set[str] = set()
        for item in self.walk.texts(node, "fields"):
            if item.text not in FIELDS:
                expected = ", ".join(sorted(FIELDS))
                cure = meant(item.text, FIELDS)
                self.walk.wrong(item, f"`{item.text[:60]}` is not a field; expected some of: {expected}{cure}")
            fields |= IDENTIFIER_FIELDS if item.text == "identifier" else {item.text}
        return frozenset(fields)

    def _phrases(self, node: Node, where: frozenset[Where]) -> Terms:
        terms: list[str] = []
        for item in self.walk.texts(node, "phrases"):
            found = self.names.use_list(item, ("phrase", "regex"))
            for number, term in enumerate(found.terms if found is not None else ()):
                key = item.text if number == 0 else f"{item.text}#{number + 1}"
                self.terms[key] = term
                terms.append(key)
        return Terms(self._next(), tuple(terms), where=where)

    def _regex(self, node: Node, where: frozenset[Where]) -> Terms:
        walk = self.walk
        table = walk.mapping(node, "regex")
        if table is None:
            return Terms(self._next(), ())
        if table.get("pattern") is None:
            walk.wrong(node, "regex needs a pattern", "missing-key")
        keys = []
        for item in walk.texts(table.get("pattern"), "pattern"):
            pattern = self.names.pattern(item)
            if pattern is not None:
                key = f"/{item.text}/"
                self.terms[key] = pattern
                keys.append(key)
        at_least = walk.number(table.get("at_least"), "at_least", 1)
        return Terms(self._next(), tuple(keys), at_least=at_least, where=where)

    def _identifiers(self, key: Scalar, node: Node, where: frozenset[Where]) -> Clause:
        """Return an official number, or one of several."""
        found = [clauses.leaf(key, item, Holds(self._identifier(item, where))) for item in self.walk.items(node)]
        return found[0] if len(found) == 1 else clauses.one_of(key, node, found, Holds(AnyOf(tuple(map(_held, found)))))

    def _identifier(self, node: Node, where: frozenset[Where]) -> Terms:
        walk = self.walk
        table = walk.mapping(node, "identifier")
        if table is None:
            return Terms(self._next(), ())
        if table.get("kind") is None:
            walk.wrong(node, f"identifier needs a kind: {', '.join(IDENTIFIERS)} or {LOCAL}NAME", "missing-key")
        near = tuple(item.text for item in walk.texts(table.get("near"), "near"))
        within = walk.within(table.get("within")) or _NEAR
        at_least = walk.number(table.get("at_least"), "at_least", 1)
        keys = []
        for item in walk.texts(table.get("kind"), "kind"):
            term = self._number(item, near, within)
            if term is not None:
                key = f"{term.kind} number near {'|'.join(near)} within {within.number} {within.unit}"
                self.terms[key] = term
                keys.append(key)
        return Terms(self._next(), tuple(keys), at_least=at_least, where=where)

    def _number(self, item: Scalar, near: tuple[str, ...], within: Within) -> Identifier | None:
        """Return an official number, or one of the site's own (``local:NAME``, a list of patterns)."""
        if item.text.startswith(LOCAL):
            name = Scalar(item.mark, item.text.removeprefix(LOCAL), item.plain)
            found = self.names.use_list(name, ("regex",))
            if found is None:
                return None
            return Identifier(item.text, within, near, tuple(term for term in found.terms if isinstance(term, Pattern)))
        if item.text not in IDENTIFIERS:
            expected = f"{', '.join(IDENTIFIERS)} or {LOCAL}NAME (a list of kind regex)"
            cure = meant(item.text, IDENTIFIERS)
            self.walk.wrong(item, f"`{item.text[:60]}` is not a kind of identifier; expected: {expected}{cure}")
            return None
        return Identifier(item.text, within, near)

    def _markings(self, node: Node, where: frozenset[Where]) -> Terms:
        names = self.walk.choices(node, "marking", str)
        for name in names:
            self.terms[f"marking {name}"] = Marking(name)
        return Terms(self._next(), tuple(f"marking {name}" for name in names), where=where)

    def _document_type(self, node: Node, where: frozenset[Where]) -> Terms:
        keys = []
        for item in self.walk.texts(node, "document_type"):
            found = self.names.use_document_type(item)
            if found is not None:
                key = f"document type {item.text}"
                self.terms[key] = found
                keys.append(key)
        return Terms(self._next(), tuple(keys), where=where)

    # -- attachments, documents ---------------------------------------------------------------------------------------

    def attachments(self, key: Scalar, node: Node) -> Clause:
        """Return what stands under ``attachments``, or in an item of its ``all any not``."""
        table = self.walk.mapping(node, "attachments")
        if table is None:
            return clauses.leaf(key, node, _ANYTHING)
        items: list[Clause] = []
        for name, value in table.pairs:
            if name.text in _NESTING:
                items.append(self._nested(name, value, self.attachments))
        own = tuple(name.text for name, _ in table.pairs if name.text not in _NESTING)
        if own or not items:
            content = self._attached(node, table)
            items.insert(0, clauses.group(table, own, Holds(content)) if own else clauses.leaf(key, node, _ANYTHING))
        return clauses.whole(key, items, Holds(_all(items)))

    def _attached(self, node: Node, table: Mapping) -> Terms:
        walk = self.walk
        if isinstance(node, Mapping) and not node.pairs:
            walk.wrong(node, "these conditions are empty; say which attachments, e.g. {state: encrypted}")
        states = walk.choices(table.get("state"), "state", str)
        redaction = self._kinds(table.get("redaction"), "redaction", REDACTION_KINDS)
        if table.get("redaction") is not None:
            self.said.redaction.append((table.key("redaction") or table).mark)
        attached = Attached(
            types=frozenset(self._type(item) for item in walk.texts(table.get("type"), "type")),
            names=tuple(item.text.lower() for item in walk.texts(table.get("name"), "name")),
            larger_than=walk.size_bytes(table.get("larger_than"), "larger_than"),
            states=frozenset(Reason) if "unreadable" in states else frozenset(map(Reason, states)),
            hidden=self._kinds(table.get("hidden"), "hidden", HIDINGS),
            redaction=redaction,
        )
        looks_inside = attached.hidden or attached.redaction
        blind = Blind.NOWHERE if attached.states else Blind.ANYWHERE if looks_inside else Blind.INSIDE
        key = f"attachment {attached!r} {attached.names}"
        self.terms[key] = attached
        at_least = walk.number(table.get("count"), "count", 1, most=1000)
        return Terms(self._next(), (key,), at_least=at_least, blind=blind)

    def _type(self, item: Scalar) -> str:
        text = item.text.lower()
        if text not in TYPES and _MEDIA_TYPE not in text:
            cure = meant(text, TYPES)
            self.walk.wrong(
                item,
                f"`{item.text[:60]}` is not a type; expected one of: {', '.join(TYPES)},"
                f" or a media type such as image/png{cure}",
            )
        return text

    def _kinds(self, node: Node | None, name: str, every: tuple[str, ...]) -> frozenset[str]:
        chosen = self.walk.choices(node, name, str)
        named = frozenset(chosen) - {"any"}
        return named | frozenset(every) if "any" in chosen else named

    def documents(self, key: Scalar, node: Node, where: frozenset[Where]) -> Clause:
        """Return what stands under ``documents``, or in an item of its ``all any not``."""
        walk = self.walk
        table = walk.mapping(node, "documents")
        if table is None:
            return clauses.leaf(key, node, _ANYTHING)
        items: list[Clause] = []
        for name, value in table.pairs:
            match name.text:
                case "type":
                    items.append(clauses.leaf(name, value, Holds(self._document_type(value, where))))
                case "redaction":
                    walk.choices(value, "redaction", str, "document redaction")
                    self.said.redaction.append(name.mark)
                case "protected":
                    items.append(clauses.leaf(name, value, Holds(self._protected(value, where))))
                case "all" | "any" | "not":
                    items.append(
                        self._nested(name, value, lambda nameless, item: self.documents(nameless, item, where))
                    )
        if not items:
            walk.wrong(node, "no document is named here; add type: one of document_types", "missing-key")
            return clauses.leaf(key, node, _ANYTHING)
        # All of it is about one document.
        return clauses.whole(key, items, Holds(Inside(Within(Unit.PART), _all(items))))

    def _protected(self, node: Node, where: frozenset[Where]) -> Content:
        table = self.walk.mapping(node, "protected")
        if table is None or table.get("register") is None:
            if table is not None:
                self.walk.wrong(node, "protected needs a register: whose data must be redacted", "missing-key")
            return Anything()
        registers = frozenset(
            self.names.use_register(item) for item in self.walk.texts(table.get("register"), "register")
        )
        return People(self._next(), registers, self._fields(table.get("fields")), where=where)


def is_any(node: Node) -> bool:
    """Return whether a node is the word ``any``."""
    return isinstance(node, Scalar) and node.text.strip() == "any"


def _held(clause: Clause) -> Content:
    """Return the content that a clause of this module is about."""
    if not isinstance(clause.means, Holds):
        raise TypeError("a clause of content means that the message holds something")
    return clause.means.content


def _all(items: Sequence[Clause]) -> Content:
    return _held(items[0]) if len(items) == 1 else AllOf(tuple(map(_held, items)))


def _contents(word: str, items: Sequence[Content]) -> Content:
    match word:
        case "all":
            return AllOf(tuple(items))
        case "any":
            return AnyOf(tuple(items))
        case _:
            return Nowhere(items[0] if len(items) == 1 else AnyOf(tuple(items)))


def _strength(text: str) -> Strength | None:
    return Strength(text)
