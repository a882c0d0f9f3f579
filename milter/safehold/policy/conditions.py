# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ``when`` and ``unless``: conditions on sender, recipients and what the message holds, from nodes to a tree.

``all any not`` nest at any level and mean the same everywhere; ``within`` and ``in`` reach what stands beside and below
them.  What only the whole policy can be wrong about is asked in :mod:`safehold.policy.sense`.  Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from safehold.model import Reason, Scope, Strength
from safehold.policy import addresses
from safehold.policy.addresses import AddressSet
from safehold.policy.branches import Every, Holds, Near, Not, Some, Tree
from safehold.policy.keys import (
    CHOICES,
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
    FirstContact,
    Identifier,
    InAddresses,
    Inside,
    Kind,
    Marking,
    Nowhere,
    OfKind,
    OfScope,
    Pattern,
    People,
    Related,
    Relation,
    SentBy,
    Term,
    Terms,
    Test,
    Unit,
    VisibleCount,
    Where,
    Within,
)
from safehold.policy.names import Names, several_in_one
from safehold.policy.nodes import Mapping, Mark, Node, Scalar, meant
from safehold.policy.walk import Walk

_MEDIA_TYPE = "/"
# The word that goes with a number must stand about as near as people write them.
_NEAR = Within(Unit.WORDS, 10)


@dataclass(frozen=True, slots=True)
class Asking:
    """A relation asked somewhere in a policy, with its place and its words."""

    related: Related
    mark: Mark
    words: str


@dataclass(slots=True)
class Said:
    """What was read of one ``when`` besides its tree.

    Attributes:
        askings: Every relation.
        ocr: Every ``ocr: yes`` and ``ocr: no``.
        redaction: Places that ask how something is redacted.
    """

    askings: list[Asking] = field(default_factory=list)
    ocr: set[bool] = field(default_factory=set)
    redaction: list[Mark] = field(default_factory=list)


class ConditionReader:
    """Reads the conditions of one policy.

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

    def conditions(self, table: Mapping, context: str, outer: frozenset[Where] = frozenset()) -> Tree:
        """Return all conditions of a mapping of ``when`` (or of an exception) as one tree.

        Args:
            table: The mapping, unknown keys taken out.
            context: What it is called in complaints.
            outer: Where to look unless it says otherwise.
        """
        where = self._where(table, outer)
        self._pictures(table)
        conditions: list[Tree] = []
        for key, value in table.pairs:
            match key.text:
                case "sender":
                    conditions.append(self._tests(value, "sender", self._sender_key))
                case "recipients":
                    if not _is_any(value):
                        conditions.append(self._tests(value, "recipients", self._recipient_key))
                case "content":
                    conditions.append(Holds(self._content(value, where)))
                case "attachments":
                    conditions.append(Holds(self._attachments(value)))
                case "documents":
                    conditions.append(Holds(self._documents(value, where)))
                case "all" | "any" | "not":
                    items = tuple(self._nested(item, context, where) for item in self._several(value, key.text))
                    conditions.append(_combined(key.text, items))
        tree: Tree = conditions[0] if len(conditions) == 1 else Every(tuple(conditions))
        within = self.walk.within(table.get("within"))
        return tree if within is None else Near(within, tree)

    def _nested(self, node: Node, context: str, where: frozenset[Where]) -> Tree:
        table = self.walk.mapping(node, context)
        if table is None:
            return Every(())
        if isinstance(node, Mapping) and not node.pairs:
            self.walk.wrong(node, "these conditions are empty, and so always true")
        direction = table.key("direction")
        if direction is not None:
            self.walk.wrong(direction, "direction stands once, beside when's other keys, not inside all, any or not")
        return self.conditions(table, context, where)

    def _where(self, table: Mapping, outer: frozenset[Where]) -> frozenset[Where]:
        if table.get("in") is None:
            return outer
        return frozenset(self.walk.choices(table.get("in"), "in", Where))

    def _pictures(self, table: Mapping) -> None:
        if table.get("ocr") is not None:
            self.said.ocr.add(self.walk.yes(table.get("ocr"), "ocr", default=False))

    def _several(self, node: Node, name: str) -> tuple[Node, ...]:
        items = self.walk.items(node)
        if not items:
            self.walk.wrong(node, f"{name} is an empty list, which says nothing")
        return items

    def _next(self) -> int:
        self._index += 1
        return self._index - 1

    def _found(self, key: str, term: Term, **leaf: object) -> Terms:
        """Return the leaf for one term, kept under *key*."""
        self.terms[key] = term
        return Terms(self._next(), (key,), **leaf)  # type: ignore[arg-type]

    # -- sender and recipients ----------------------------------------------------------------------------------------

    def _tests(self, node: Node, context: str, read: Callable[[Scalar, Node], Tree]) -> Tree:
        """Return the conditions of ``sender`` or ``recipients``."""
        walk = self.walk
        if isinstance(node, Scalar) and context == "recipients":
            walk.wrong(node, f"`{node.text[:60]}`: recipients is a mapping of conditions, or the word any")
            return Every(())
        table = walk.mapping(node, context)
        if table is None:
            return Every(())
        if isinstance(node, Mapping) and not node.pairs:
            everybody = "; write recipients: any if everybody is meant" if context == "recipients" else ""
            walk.wrong(node, f"these conditions are empty{everybody}")
        conditions: list[Tree] = []
        for key, value in table.pairs:
            if key.text in ("all", "any", "not"):
                items = tuple(self._tests(item, context, read) for item in self._several(value, key.text))
                conditions.append(_combined(key.text, items))
            else:
                conditions.append(read(key, value))
        return conditions[0] if len(conditions) == 1 else Every(tuple(conditions))

    def _sender_key(self, key: Scalar, node: Node) -> Tree:
        walk = self.walk
        match key.text:
            case "first_contact":
                return Test(FirstContact(walk.days(node, "first_contact", 90), sender=True))
            case "group":
                return Some(tuple(self._group(item) for item in walk.texts(node, "group")))
            case "list":
                return Some(tuple(Test(SentBy(*self._listed(item))) for item in walk.texts(node, "list")))
            case _:
                return Some(tuple(Test(SentBy(*self._address(key.text, item))) for item in walk.texts(node, key.text)))

    def _group(self, item: Scalar) -> Test:
        roles = self.names.roles
        if item.text not in roles:
            here = f" Roles here: {', '.join(sorted(roles))}" if roles else " Say who is of it, at the top: roles:"
            self.walk.wrong(item, f'no role "{item.text[:60]}"{meant(item.text, roles) or "."}{here}', "unknown-role")
        return Test(SentBy(f"group {item.text}", roles.get(item.text, AddressSet())))

    def _recipient_key(self, key: Scalar, node: Node) -> Tree:
        walk = self.walk
        match key.text:
            case "scope":
                return Some(tuple(Test(OfScope(s)) for s in walk.choices(node, "scope", Scope)))
            case "kind":
                return Some(tuple(Test(OfKind(k)) for k in walk.choices(node, "kind", Kind)))
            case "relation" | "addressee":
                return Some(tuple(self._related(key, item) for item in self._several(node, key.text)))
            case "visible_count":
                return self._visible_count(node)
            case "first_contact":
                return Test(FirstContact(walk.days(node, "first_contact", 90)))
            case "list":
                return Some(tuple(Test(InAddresses(*self._listed(item))) for item in walk.texts(node, "list")))
            case _:
                texts = walk.texts(node, key.text)
                return Some(tuple(Test(InAddresses(*self._address(key.text, item))) for item in texts))

    def _visible_count(self, node: Node) -> Test:
        walk = self.walk
        table = walk.mapping(node, "visible_count")
        if table is None:
            return Test(VisibleCount(1))
        if table.get("at_least") is None:
            walk.wrong(node, "visible_count needs at_least: how many addresses may not see each other", "missing-key")
        at_least = walk.number(table.get("at_least"), "at_least", 1)
        return Test(VisibleCount(at_least, walk.choice(table.get("scope"), "scope", _scope, None)))

    def _related(self, key: Scalar, node: Node) -> Test:
        walk = self.walk
        anyone, of, relation_node = False, None, node
        if isinstance(node, Mapping):
            table = walk.mapping(node, "relation")
            inner = table.get("is") if table is not None else None
            of = table.get("of") if table is not None else None
            if inner is None:
                walk.wrong(node, f"{key.text} needs is: {' or '.join(CHOICES['relation'])}", "missing-key")
                return Test(Related(Relation.ADVERSE))
            relation_node = inner
        if of is not None:
            anyone = isinstance(of, Scalar) and of.text.strip() == "anyone"
            if not anyone:
                walk.wrong(of, "of: may only be anyone")
        relation = walk.choice(relation_node, key.text, Relation, Relation.ADVERSE, "relation")
        related = Related(relation, anyone, letter=key.text == "addressee")
        self.said.askings.append(Asking(related, key.mark, f"{key.text}: {relation}"))
        return Test(related)

    def _listed(self, item: Scalar) -> tuple[str, AddressSet]:
        found = self.names.use_list(item, ("domain", "address"))
        return f"list {item.text}", found.addresses if found is not None else AddressSet()

    def _address(self, key: str, item: Scalar) -> tuple[str, AddressSet]:
        text = item.text.lower().removeprefix("@") if key != "address" else item.text.lower()
        right = addresses.is_address(text) if key == "address" else addresses.is_domain(text)
        if not right:
            hint = f"it is the name of a list; write list: {item.text}" if item.text in self.names.lists else ""
            self.walk.wrong(
                item,
                f"`{item.text[:60]}` is not a {'mail address' if key == 'address' else 'domain'}",
                hint=hint or several_in_one(item.text),
            )
        one = frozenset({text})
        made = {
            "address": AddressSet(addresses=one),
            "domain": AddressSet(exact=one),
            "domain_under": AddressSet(under=one),
        }
        return f"{key} {text}", made[key]

    # -- content ------------------------------------------------------------------------------------------------------

    def _content(self, node: Node, outer: frozenset[Where]) -> Content:
        walk = self.walk
        if _is_any(node):
            return Anything()
        if isinstance(node, Scalar):
            walk.wrong(node, f"`{node.text[:60]}`: content is a mapping of conditions, or the word any")
            return Anything()
        said = len(walk.complaints.found)
        table = walk.mapping(node, "content")
        if table is None:
            return Anything()
        where = self._where(table, outer)
        self._pictures(table)
        items = self._content_items(table, where)
        if not items:
            # What was not understood leaves nothing over too, and that was said; else the author forgot the condition.
            if len(walk.complaints.found) == said:
                walk.wrong(node, "no condition here; name a register, phrases or regex, or write content: any")
            return Anything()
        content = items[0] if len(items) == 1 else AllOf(tuple(items))
        within = walk.within(table.get("within"))
        return Inside(within, content) if within is not None else content

    def _content_items(self, table: Mapping, where: frozenset[Where]) -> list[Content]:
        people = self._people(table, where)
        items: list[Content] = [people] if people is not None else []
        for key, value in table.pairs:
            match key.text:
                case "phrases":
                    items.append(self._phrases(value, where))
                case "regex":
                    items.append(self._regex(value, where))
                case "identifier":
                    items.append(self._any_of(value, lambda item: self._identifier(item, where)))
                case "marking":
                    items.append(self._markings(value, where))
                case "document_type":
                    items.append(self._document_type(value, where))
                case "all" | "any" | "not":
                    inner = tuple(self._content(item, where) for item in self._several(value, key.text))
                    items.append(_contents(key.text, inner))
        return items

    def _any_of(self, node: Node, read: Callable[[Node], Content]) -> Content:
        items = tuple(read(item) for item in self.walk.items(node))
        return items[0] if len(items) == 1 else AnyOf(items)

    def _people(self, table: Mapping, where: frozenset[Where]) -> People | None:
        walk = self.walk
        node = table.get("register")
        if node is None:
            for name in ("fields", "strength", "people", "fields_at_least"):
                key = table.key(name)
                if key is not None:
                    walk.wrong(key, f"{name} needs a register beside it; add register: ...", "missing-key")
            return None
        fields = self._fields(table.get("fields"))
        at_least = walk.number(table.get("fields_at_least"), "fields_at_least", 1, most=len(FIELDS))
        least = table.get("fields_at_least")
        if fields and at_least > len(fields) and least is not None:
            walk.wrong(least, f"fields_at_least: {at_least}, but only {len(fields)} fields are named", "never-matches")
        return People(
            index=self._next(),
            registers=frozenset(self.names.use_register(item) for item in walk.texts(node, "register")),
            fields=fields,
            strength=walk.choice(table.get("strength"), "strength", _strength, None),
            people=walk.number(table.get("people"), "people", 1, most=1000),
            fields_at_least=at_least,
            where=where,
        )

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

    def _attachments(self, node: Node) -> Content:
        walk = self.walk
        table = walk.mapping(node, "attachments")
        if table is None:
            return Anything()
        items: list[Content] = []
        for key, value in table.pairs:
            if key.text in ("all", "any", "not"):
                items.append(_contents(key.text, tuple(self._attachments(i) for i in self._several(value, key.text))))
        own = [key for key, _ in table.pairs if key.text not in ("all", "any", "not")]
        if own or not items:
            items.insert(0, self._attached(node, table))
        return items[0] if len(items) == 1 else AllOf(tuple(items))

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
        at_least = walk.number(table.get("count"), "count", 1, most=1000)
        return self._found(f"attachment {attached!r} {attached.names}", attached, at_least=at_least, blind=blind)

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

    def _documents(self, node: Node, where: frozenset[Where]) -> Content:
        walk = self.walk
        table = walk.mapping(node, "documents")
        if table is None:
            return Anything()
        items: list[Content] = []
        for key, value in table.pairs:
            match key.text:
                case "type":
                    items.append(self._document_type(value, where))
                case "redaction":
                    walk.choices(value, "redaction", str, "document redaction")
                    self.said.redaction.append(key.mark)
                case "protected":
                    items.append(self._protected(value, where))
                case "all" | "any" | "not":
                    inner = tuple(self._documents(item, where) for item in self._several(value, key.text))
                    items.append(_contents(key.text, inner))
        if not items:
            walk.wrong(node, "no document is named here; add type: one of document_types", "missing-key")
        # All of it is about one document.
        content: Content = items[0] if len(items) == 1 else AllOf(tuple(items))
        return Inside(Within(Unit.PART), content) if items else Anything()

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


def _is_any(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text.strip() == "any"


def _combined(word: str, items: tuple[Tree, ...]) -> Tree:
    match word:
        case "all":
            return Every(items)
        case "any":
            return Some(items)
        case _:
            return Not(Some(items))


def _contents(word: str, items: tuple[Content, ...]) -> Content:
    match word:
        case "all":
            return AllOf(items)
        case "any":
            return AnyOf(items)
        case _:
            return Nowhere(items[0] if len(items) == 1 else AnyOf(items))


def _strength(text: str) -> Strength | None:
    return Strength(text)


def _scope(text: str) -> Scope | None:
    return Scope(text)
