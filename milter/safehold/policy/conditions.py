# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ``when`` and ``unless``: conditions on sender, recipients and what the message holds, from nodes to clauses.

``all any not`` nest at any level and mean the same everywhere; ``within`` and ``in`` reach what stands beside and below
them.  What only the whole policy can be wrong about is asked in :mod:`safehold.policy.sense`.  Pure.
"""

from collections.abc import Callable
from dataclasses import replace

from safehold.model import Scope
from safehold.policy import addresses, clauses
from safehold.policy.addresses import AddressSet
from safehold.policy.branches import Every, Near, Some, Tree
from safehold.policy.clauses import Clause
from safehold.policy.keys import CHOICES
from safehold.policy.language import (
    FirstContact,
    InAddresses,
    Kind,
    OfKind,
    OfScope,
    Related,
    Relation,
    SentBy,
    Test,
    VisibleCount,
    Where,
)
from safehold.policy.names import several_in_one
from safehold.policy.nodes import Mapping, Node, Scalar, meant
from safehold.policy.wanted import Asking, Said, WantedReader, is_any

__all__ = ["Asking", "ConditionReader", "Said"]


class ConditionReader(WantedReader):
    """Reads the conditions of one policy."""

    def conditions(self, key: Scalar, table: Mapping, context: str, outer: frozenset[Where] = frozenset()) -> Clause:
        """Return all conditions of a mapping of ``when`` (or of an exception).

        Args:
            key: The key that it stands under, for its words.
            table: The mapping, unknown keys taken out.
            context: What it is called in complaints.
            outer: Where to look unless it says otherwise.
        """
        where = self.where(table, outer)
        self.pictures(table)
        items: list[Clause] = []
        for name, value in table.pairs:
            match name.text:
                case "sender":
                    items.append(self._tests(name, value, "sender", self._sender_key))
                case "recipients":
                    if is_any(value):
                        items.append(clauses.leaf(name, value, Every(())))
                    else:
                        items.append(self._tests(name, value, "recipients", self._recipient_key))
                case "content":
                    items.append(self.content(name, value, where))
                case "attachments":
                    items.append(self.attachments(name, value))
                case "documents":
                    items.append(self.documents(name, value, where))
                case "all" | "any" | "not":
                    nested = [self._item(item, context, where) for item in self.several(value, name.text)]
                    items.append(clauses.joined(name, nested))
        clause = clauses.whole(key, items)
        within = self.walk.within(table.get("within"))
        if within is not None:
            clause = replace(clauses.beside(clause, "within", table), means=Near(within, clause.means))
        return clauses.beside(clause, "in", table)

    def _item(self, node: Node, context: str, where: frozenset[Where]) -> Clause:
        table = self.walk.mapping(node, context)
        if table is None:
            return clauses.leaf(clauses.nameless(node), node, Every(()))
        if isinstance(node, Mapping) and not node.pairs:
            self.walk.wrong(node, "these conditions are empty, and so always true")
        direction = table.key("direction")
        if direction is not None:
            self.walk.wrong(direction, "direction stands once, beside when's other keys, not inside all, any or not")
        return self.conditions(clauses.nameless(node), table, context, where)

    # -- sender and recipients ----------------------------------------------------------------------------------------

    def _tests(self, key: Scalar, node: Node, context: str, read: Callable[[Scalar, Node], Clause]) -> Clause:
        """Return the conditions of ``sender`` or ``recipients``."""
        walk = self.walk
        nothing = clauses.leaf(key, node, Every(()))
        if isinstance(node, Scalar) and context == "recipients":
            walk.wrong(node, f"`{node.text[:60]}`: recipients is a mapping of conditions, or the word any")
            return nothing
        table = walk.mapping(node, context)
        if table is None:
            return nothing
        if isinstance(node, Mapping) and not node.pairs:
            everybody = "; write recipients: any if everybody is meant" if context == "recipients" else ""
            walk.wrong(node, f"these conditions are empty{everybody}")
        items: list[Clause] = []
        for name, value in table.pairs:
            if name.text in ("all", "any", "not"):
                nested = [
                    self._tests(clauses.nameless(item), item, context, read) for item in self.several(value, name.text)
                ]
                items.append(clauses.joined(name, nested))
            else:
                items.append(read(name, value))
        return clauses.whole(key, items)

    def _sender_key(self, key: Scalar, node: Node) -> Clause:
        walk = self.walk
        means: Tree
        match key.text:
            case "first_contact":
                means = Test(FirstContact(walk.days(node, "first_contact", 90), sender=True))
            case "group":
                means = Some(tuple(self._group(item) for item in walk.texts(node, "group")))
            case "list":
                means = Some(tuple(Test(SentBy(*self._listed(item))) for item in walk.texts(node, "list")))
            case _:
                texts = walk.texts(node, key.text)
                means = Some(tuple(Test(SentBy(*self._address(key.text, item))) for item in texts))
        return clauses.leaf(key, node, means)

    def _group(self, item: Scalar) -> Test:
        roles = self.names.roles
        if item.text not in roles:
            here = f" Roles here: {', '.join(sorted(roles))}" if roles else " Say who is of it, at the top: roles:"
            self.walk.wrong(item, f'no role "{item.text[:60]}"{meant(item.text, roles) or "."}{here}', "unknown-role")
        return Test(SentBy(f"group {item.text}", roles.get(item.text, AddressSet())))

    def _recipient_key(self, key: Scalar, node: Node) -> Clause:
        walk = self.walk
        means: Tree
        match key.text:
            case "scope":
                means = Some(tuple(Test(OfScope(s)) for s in walk.choices(node, "scope", Scope)))
            case "kind":
                means = Some(tuple(Test(OfKind(k)) for k in walk.choices(node, "kind", Kind)))
            case "relation" | "addressee":
                found = [clauses.leaf(key, i, self._related(key, i)) for i in self.several(node, key.text)]
                return clauses.one_of(key, node, found)
            case "visible_count":
                means = self._visible_count(node)
            case "first_contact":
                means = Test(FirstContact(walk.days(node, "first_contact", 90)))
            case "list":
                means = Some(tuple(Test(InAddresses(*self._listed(item))) for item in walk.texts(node, "list")))
            case _:
                texts = walk.texts(node, key.text)
                means = Some(tuple(Test(InAddresses(*self._address(key.text, item))) for item in texts))
        return clauses.leaf(key, node, means)

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


def _scope(text: str) -> Scope | None:
    return Scope(text)
