# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ``policies:`` and ``defaults:``: from nodes to :class:`~safehold.policy.language.Policy`.

Complaints about one policy never hide those about the next.  What only a whole policy can be wrong about (a relation
without a person, a condition that can never hold) is asked in :mod:`safehold.policy.sense`.  Pure.
"""

import re
from types import MappingProxyType

from safehold.model import Action, Direction, Reason, Scope, Strength
from safehold.policy import addresses, sense
from safehold.policy.addresses import AddressSet
from safehold.policy.keys import (
    CHOICES,
    CONTENT_HALF,
    FIELDS,
    IDENTIFIER_FIELDS,
    KEYS,
    POSTPONED_ACTIONS,
    RECIPIENT_HALF,
)
from safehold.policy.language import (
    DEFAULT_NOTICE_TITLE,
    SCOPED,
    AllOf,
    AnyOf,
    Anything,
    Branch,
    Content,
    InAddresses,
    Inside,
    Kind,
    Mode,
    Nowhere,
    OfKind,
    OfScope,
    Pattern,
    People,
    Phrases,
    Policy,
    Related,
    Relation,
    Severity,
    Test,
    Then,
    Uninspectable,
    Where,
    Words,
    leaves,
)
from safehold.policy.names import Names, several_in_one
from safehold.policy.nodes import Mapping, Mark, Node, Scalar, meant
from safehold.policy.sense import Asking, Every, Not, Some, Tree
from safehold.policy.walk import Walk

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NESTED = ("all", "any", "not")
_DIRECTIONS = {
    "outbound": frozenset({Direction.OUTBOUND, Direction.TRANSIT}),  # transit is judged as outbound (DESIGN 3a)
    "internal": frozenset({Direction.INTERNAL}),
    "inbound": frozenset({Direction.INBOUND}),
    "any": frozenset(Direction),
}
# Mistakes in content after which it is still clear which conditions it has.
_NO_MATTER_OF_SHAPE = frozenset(
    {"regex", "unknown-list", "unknown-register", "wrong-list-kind", "unit-missing", "personal-data-in-policy"}
)
FROM_US = _DIRECTIONS["outbound"] | _DIRECTIONS["internal"]


class PolicyReader:
    """Reads the policies of one file under its defaults."""

    def __init__(self, walk: Walk, names: Names, terms: dict[str, Phrases | Pattern]) -> None:
        self.walk = walk
        self.names = names
        # Every phrase list and pattern in use, by the key that leaves and findings share.
        self.terms = terms
        self.defaults = Mapping(Mark("", 0, 0), ())
        self.askings: list[Asking] = []
        self.index = 0
        # False where the content could not be understood: what follows from that is not complained about too.
        self.content_known = False

    def read(self, root: Mapping) -> list[Policy]:
        """Return the policies of one file."""
        walk = self.walk
        defaults = walk.mapping(root.get("defaults"), "defaults")
        if defaults is not None:
            self.defaults = defaults
            walk.choice(defaults.get("mode"), "mode", Mode, Mode.SHADOW)
            walk.choice(defaults.get("severity"), "severity", Severity, Severity.MEDIUM)
            self._then(None)
            self._uninspectable(None, Then(), frozenset())
        node = root.get("policies")
        if node is not None and isinstance(node, Mapping):
            walk.wrong(node, 'policies is a list; begin each policy with "- id: ..."', "not-a-list")
            return []
        return [policy for item in walk.items(node) if (policy := self._policy(item)) is not None]

    # -- one policy --

    def _policy(self, node: Node) -> Policy | None:
        walk = self.walk
        table = walk.mapping(node, "a policy")
        if table is None:
            return None
        self.askings, self.index, self.content_known = [], 0, False
        policy_id = walk.text(table.get("id"), "id")
        self._required(node, table, policy_id)
        if policy_id and not _ID.fullmatch(policy_id):
            id_node = table.get("id")
            if id_node is not None:
                walk.wrong(
                    id_node, "an id is lower-kebab: small letters, digits and single hyphens, e.g. refuge-address"
                )
        when = walk.mapping(table.get("when"), "when")
        directions, tree, content, ocr = self._when(node, policy_id, when)
        content = content or Anything()
        branches = self._branches(tree, when)
        then = self._then(table.get("then"))
        mode_node = table.get("mode") or self.defaults.get("mode")
        registers = frozenset(r for leaf in leaves(content) if isinstance(leaf, People) for r in leaf.registers)
        relations = frozenset(asking.related.relation for asking in self.askings)
        policy = Policy(
            id=policy_id,
            title=walk.text(table.get("title"), "title"),
            why=walk.text(table.get("why"), "why"),
            owner=walk.text(table.get("owner"), "owner"),
            mode=walk.choice(mode_node, "mode", Mode, Mode.SHADOW),
            mode_written=mode_node is not None,
            severity=walk.choice(
                table.get("severity") or self.defaults.get("severity"), "severity", Severity, Severity.MEDIUM
            ),
            notice_title=walk.text(table.get("notice_title"), "notice_title", DEFAULT_NOTICE_TITLE),
            shadow_until=walk.day(table.get("shadow_until"), "shadow_until"),
            review_by=walk.day(table.get("review_by"), "review_by"),
            directions=directions,
            branches=branches,
            content=content,
            then=then,
            uninspectable=self._uninspectable(table.get("if_uninspectable"), then, relations),
            registers=registers,
            ocr=ocr,
            place=(node.mark.file, node.mark.line),
        )
        recipients = when.get("recipients") if when is not None else None
        askings = self.askings if self.content_known else []
        sense.check(policy, askings, recipients, table.get("id") or node, self.names)
        return policy

    def _branches(self, tree: Tree | None, when: Mapping | None) -> tuple[Branch, ...]:
        if tree is None:
            return ((),)
        node = when.get("recipients") if when is not None else None
        if sense.count(tree) > sense.BRANCH_LIMIT and node is not None:
            self.walk.wrong(
                node, "these conditions multiply out to too many; name the addresses in a list", "too-complex"
            )
            return ()
        return sense.branches(tree)

    def _required(self, node: Node, table: Mapping, policy_id: str) -> None:
        written = {key.text for key, _ in node.pairs} if isinstance(node, Mapping) else set()
        missing = [key for key in ("id", "title", "why", "owner", "when") if key not in written]
        if missing:
            name = f'policy "{policy_id}"' if policy_id else "this policy"
            place = table.get("id") or node
            self.walk.wrong(place, f"{name} has no {', no '.join(missing)}", "missing-key")

    def _when(
        self, node: Node, policy_id: str, when: Mapping | None
    ) -> tuple[frozenset[Direction], Tree | None, Content | None, bool | None]:
        walk = self.walk
        if when is None:
            return FROM_US, None, None, None
        directions = FROM_US
        if when.get("direction") is not None:
            chosen = walk.choices(when.get("direction"), "direction", str)
            directions = frozenset(d for name in chosen for d in _DIRECTIONS[name])
        self._halves(node, policy_id)
        where = frozenset(walk.choices(when.get("in"), "in", Where))
        walk.yes(when.get("ocr"), "ocr", default=False)
        said_of_pictures = self._said_of_pictures(when) | self._said_of_pictures(when.get("content"))
        tree = self._recipients(when.get("recipients"))
        inner = when.get("content")
        said = len(walk.complaints.found)
        content = self._content(inner, where) if inner is not None else None
        shape = (c for c in walk.complaints.found[said:] if c.code not in _NO_MATTER_OF_SHAPE)
        self.content_known = inner is not None and not any(shape)
        within = walk.within(when.get("within"))
        if within is not None and content is not None:
            content = Inside(within, content)
        return directions, tree, content, True in said_of_pictures or (None if not said_of_pictures else False)

    def _halves(self, node: Node, policy_id: str) -> None:
        # `when` is asked as written: a half that is of the language and not built is no missing half.
        raw = node.get("when") if isinstance(node, Mapping) else None
        written = {key.text for key, _ in raw.pairs} if isinstance(raw, Mapping) else set()
        if written - set(KEYS["when"]):
            return  # a misspelt key may be the missing half, and was complained about
        name = f'policy "{policy_id}"'
        if not written & set(CONTENT_HALF) and not written & {"all", "any", "not"}:
            self.walk.wrong(
                node,
                f"{name} has recipients but no content, so it would hold every message to them."
                " If that is meant, write: content: any",
                "half-missing",
            )
        if not written & set(RECIPIENT_HALF) and not written & {"all", "any", "not"}:
            self.walk.wrong(
                node,
                f"{name} has content but no recipients, so it would hold it whoever gets it."
                " If that is meant, write: recipients: any",
                "half-missing",
            )

    def _said_of_pictures(self, node: Node | None) -> set[bool]:
        """Return every ``ocr: yes`` and ``ocr: no`` at any level of *node*."""
        match node:
            case Mapping():
                said = {
                    value.text.lower() in ("yes", "true")
                    for key, value in node.pairs
                    if key.text == "ocr" and isinstance(value, Scalar)
                }
                return said.union(*(self._said_of_pictures(value) for key, value in node.pairs if key.text in _NESTED))
            case None | Scalar():
                return set()
            case _:
                return set().union(*(self._said_of_pictures(item) for item in node.items))

    # -- when.recipients --

    def _recipients(self, node: Node | None) -> Tree | None:
        if node is None or (isinstance(node, Scalar) and node.text.strip() == "any"):
            return None
        if isinstance(node, Scalar):
            self.walk.wrong(node, f"`{node.text[:60]}`: recipients is a mapping of conditions, or the word any")
            return None
        return self._recipient_node(node)

    def _recipient_node(self, node: Node) -> Tree:
        walk = self.walk
        table = walk.mapping(node, "recipients")
        if table is None:
            return Every(())
        if isinstance(node, Mapping) and not node.pairs:
            walk.wrong(node, "these conditions are empty; write recipients: any if everybody is meant")
        conditions: list[Tree] = []
        for key, value in table.pairs:
            conditions.append(self._recipient_key(key, value))
        return conditions[0] if len(conditions) == 1 else Every(tuple(conditions))

    def _recipient_key(self, key: Scalar, node: Node) -> Tree:
        walk = self.walk
        match key.text:
            case "all":
                return Every(tuple(self._recipient_node(item) for item in self._several(node, key.text)))
            case "any":
                return Some(tuple(self._recipient_node(item) for item in self._several(node, key.text)))
            case "not":
                return Not(Some(tuple(self._recipient_node(item) for item in self._several(node, key.text))))
            case "scope":
                return Some(tuple(Test(OfScope(s)) for s in walk.choices(node, "scope", Scope)))
            case "kind":
                return Some(tuple(Test(OfKind(k)) for k in walk.choices(node, "kind", Kind)))
            case "relation" | "addressee":
                return Some(tuple(self._related(key, item) for item in self._several(node, key.text)))
            case "list":
                return Some(tuple(self._listed(item) for item in walk.texts(node, "list")))
            case _:
                return Some(tuple(self._address(key.text, item) for item in walk.texts(node, key.text)))

    def _several(self, node: Node, name: str) -> tuple[Node, ...]:
        items = self.walk.items(node)
        if not items:
            self.walk.wrong(node, f"{name} is an empty list, which says nothing")
        return items

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
        self.askings.append(Asking(related, key.mark, f"{key.text}: {relation}"))
        return Test(related)

    def _listed(self, item: Scalar) -> Test:
        found = self.names.use_list(item, ("domain", "address"))
        return Test(InAddresses(f"list {item.text}", found.addresses if found is not None else AddressSet()))

    def _address(self, key: str, item: Scalar) -> Test:
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
        return Test(InAddresses(f"{key} {text}", made[key]))

    # -- when.content --

    def _content(self, node: Node, outer: frozenset[Where]) -> Content:
        walk = self.walk
        if isinstance(node, Scalar) and node.text.strip() == "any":
            return Anything()
        if isinstance(node, Scalar):
            walk.wrong(node, f"`{node.text[:60]}`: content is a mapping of conditions, or the word any")
            return Anything()
        said = len(walk.complaints.found)
        table = walk.mapping(node, "content")
        if table is None:
            return Anything()
        if table.get("in") is not None:
            outer = frozenset(walk.choices(table.get("in"), "in", Where))
        walk.yes(table.get("ocr"), "ocr", default=False)
        items = self._content_items(table, outer)
        if not items:
            # What was not understood leaves nothing over too, and that was said; else the author forgot the condition.
            if len(walk.complaints.found) == said:
                walk.wrong(node, "no condition here; name a register, phrases or regex, or write content: any")
            return Anything()
        content = items[0] if len(items) == 1 else AllOf(tuple(items))
        within = walk.within(table.get("within"))
        return Inside(within, content) if within is not None else content

    def _content_items(self, table: Mapping, outer: frozenset[Where]) -> list[Content]:
        items: list[Content] = []
        people = self._people(table, outer)
        if people is not None:
            items.append(people)
        for key, value in table.pairs:
            match key.text:
                case "phrases":
                    items.append(self._phrases(value, outer))
                case "regex":
                    items.append(self._regex(value, outer))
                case "all":
                    items.append(AllOf(tuple(self._content(item, outer) for item in self._several(value, "all"))))
                case "any":
                    items.append(AnyOf(tuple(self._content(item, outer) for item in self._several(value, "any"))))
                case "not":
                    inner = tuple(self._content(item, outer) for item in self._several(value, "not"))
                    items.append(Nowhere(inner[0] if len(inner) == 1 else AnyOf(inner)))
        return items

    def _next(self) -> int:
        self.index += 1
        return self.index - 1

    def _people(self, table: Mapping, outer: frozenset[Where]) -> People | None:
        walk = self.walk
        node = table.get("register")
        if node is None:
            for name in ("fields", "strength", "people", "fields_at_least"):
                key = table.key(name)
                if key is not None:
                    walk.wrong(key, f"{name} needs a register beside it; add register: ...", "missing-key")
            return None
        registers = frozenset(self.names.use_register(item) for item in walk.texts(node, "register"))
        fields: set[str] = set()
        named = table.get("fields")
        for item in walk.texts(named, "fields"):
            if item.text not in FIELDS:
                cure = meant(item.text, FIELDS)
                walk.wrong(
                    item, f"`{item.text[:60]}` is not a field; expected some of: {', '.join(sorted(FIELDS))}{cure}"
                )
            fields |= IDENTIFIER_FIELDS if item.text == "identifier" else {item.text}
        at_least = walk.number(table.get("fields_at_least"), "fields_at_least", 1, most=len(FIELDS))
        if fields and at_least > len(fields):
            where = table.get("fields_at_least")
            if where is not None:
                walk.wrong(
                    where, f"fields_at_least: {at_least}, but only {len(fields)} fields are named", "never-matches"
                )
        return People(
            index=self._next(),
            registers=registers,
            fields=frozenset(fields),
            strength=walk.choice(table.get("strength"), "strength", _strength, None),
            people=walk.number(table.get("people"), "people", 1, most=1000),
            fields_at_least=at_least,
            where=outer,
        )

    def _phrases(self, node: Node, outer: frozenset[Where]) -> Words:
        terms: list[str] = []
        for item in self.walk.texts(node, "phrases"):
            found = self.names.use_list(item, ("phrase", "regex"))
            for number, term in enumerate(found.terms if found is not None else ()):
                key = item.text if number == 0 else f"{item.text}#{number + 1}"
                self.terms[key] = term
                terms.append(key)
        return Words(self._next(), tuple(terms), where=outer)

    def _regex(self, node: Node, outer: frozenset[Where]) -> Words:
        walk = self.walk
        table = walk.mapping(node, "regex")
        if table is None:
            return Words(self._next(), ())
        if table.get("pattern") is None:
            walk.wrong(node, "regex needs a pattern", "missing-key")
        keys = []
        for item in walk.texts(table.get("pattern"), "pattern"):
            pattern = self.names.pattern(item)
            if pattern is not None:
                key = f"/{item.text}/"
                self.terms[key] = pattern
                keys.append(key)
        return Words(self._next(), tuple(keys), at_least=walk.number(table.get("at_least"), "at_least", 1), where=outer)

    # -- then, if_uninspectable --

    def _then(self, node: Node | None) -> Then:
        walk = self.walk
        own = walk.mapping(node, "then")
        common = walk.mapping(self.defaults.get("then"), "then")

        def value(key: str) -> Node | None:
            mine = own.get(key) if own is not None else None
            return mine if mine is not None else (common.get(key) if common is not None else None)

        base = Then()
        return Then(
            action=self._action(value("action"), base.action),
            review=self._role(value("review"), base.review),
            approvals=walk.choice(value("approvals"), "approvals", int, base.approvals),
            deadline_s=walk.duration_s(value("deadline"), "deadline", base.deadline_s),
            deliver_others=walk.yes(value("deliver_others"), "deliver_others", default=base.deliver_others),
            notify=self._notify(value("notify")),
        )

    def _action(self, node: Node | None, default: Action) -> Action:
        if isinstance(node, Scalar) and node.text.strip() in POSTPONED_ACTIONS:
            self.walk.wrong(
                node, f"`{node.text.strip()}` is not in version 1 of the language; actions: hold, reject, notify"
            )
            return default
        return self.walk.choice(node, "action", Action, default)

    def _role(self, node: Node | None, default: str) -> str:
        role = self.walk.text(node, "review", default)
        reviewers = self.names.reviewers
        if node is not None and reviewers and role not in reviewers:
            cure = meant(role, reviewers) or "."
            self.walk.wrong(
                node, f'no reviewers "{role[:60]}"{cure} Reviewers here: {", ".join(reviewers)}', "unknown-role"
            )
        return role

    def _notify(self, node: Node | None) -> "MappingProxyType[str, str]":
        """Return the text for each of those whom *node* names a message for."""
        table = self.walk.mapping(node, "notify")
        chosen: dict[str, str] = {}
        for key, value in table.pairs if table is not None else ():
            name = self.walk.text(value, f"notify.{key.text}")
            if name and name not in self.names.messages:
                cure = meant(name, self.names.messages) or "."
                here = ", ".join(self.names.messages) or "none"
                self.walk.wrong(value, f'no message "{name[:60]}"{cure} Messages here: {here}', "unknown-message")
            self.names.used.add(("message", name))
            self.names.used.add((f"message for {key.text}", name))
            chosen[key.text] = self.names.messages.get(name, "")
        return MappingProxyType(chosen)

    def _uninspectable(self, node: Node | None, then: Then, relations: frozenset[Relation]) -> Uninspectable:
        node = node if node is not None else self.defaults.get("if_uninspectable")
        # Unset: hold where the relation may cost a life, else notify; never stricter than what the policy does when it
        # is sure, or a policy that only notifies would hold what it merely could not read.
        usual = Action.HOLD if relations & SCOPED else Action.NOTIFY
        usual = min(usual, then.action, key=lambda action: action.rank)
        by_reason: dict[Reason, Action] = {}
        if node is None:
            return Uninspectable(MappingProxyType(by_reason), usual)
        if not isinstance(node, Mapping):
            return Uninspectable(MappingProxyType(by_reason), self._action(node, usual), written=True)
        otherwise = usual
        for key, value in node.pairs:
            if key.text in ("else", "unreadable"):
                otherwise = self._action(value, usual)
            elif key.text in CHOICES["reason"]:
                by_reason[Reason(key.text)] = self._action(value, usual)
            else:
                expected = (*CHOICES["reason"], "else")
                cure = meant(key.text, expected)
                self.walk.wrong(
                    key,
                    f'"{key.text[:60]}" is not a reason; expected one of: {", ".join(expected)}{cure}',
                    "unknown-key",
                )
        return Uninspectable(MappingProxyType(by_reason), otherwise, written=True)


def _strength(text: str) -> Strength | None:
    return Strength(text)
