# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ``policies:`` and ``defaults:``: from nodes to :class:`~safehold.policy.language.Policy`.

Complaints about one policy never hide those about the next.  What only a whole policy can be wrong about (a relation
without a person, a condition that can never hold) is asked in :mod:`safehold.policy.sense`.  Pure.
"""

import re
from datetime import date, timedelta
from types import MappingProxyType

from safehold.errors import counted
from safehold.model import Action, Direction, Reason
from safehold.policy import clauses, sense
from safehold.policy.branches import BRANCH_LIMIT, Tree, branches, count
from safehold.policy.clauses import Clause
from safehold.policy.conditions import ConditionReader, Said
from safehold.policy.keys import CHOICES, CONTENT_HALF, KEYS, POSTPONED_ACTIONS, RECIPIENT_HALF
from safehold.policy.language import (
    DEFAULT_NOTICE_TITLE,
    SCOPED,
    Branch,
    Excuse,
    Mode,
    People,
    Per,
    Policy,
    Relation,
    Repeat,
    Severity,
    Term,
    Then,
    Uninspectable,
    leaves,
)
from safehold.policy.names import Names
from safehold.policy.nodes import Mapping, Mark, Node, Scalar, meant
from safehold.policy.walk import Walk

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ID_SHAPE = "an id is lower-kebab: small letters, digits and single hyphens, e.g. refuge-address"
_LONGEST_EXCUSE = timedelta(days=366)
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

    def __init__(self, walk: Walk, names: Names, terms: dict[str, Term], today: date) -> None:
        self.walk = walk
        self.names = names
        # Everything to look for, by the key that leaves and findings share.
        self.terms = terms
        self.today = today
        self.defaults = Mapping(Mark("", 0, 0), ())
        self.reader = ConditionReader(walk, names, terms)
        # False where the conditions could not be understood: what follows from that is not complained about too.
        self.understood = False

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
        self.reader = ConditionReader(walk, self.names, self.terms)
        self.understood = False
        policy_id = walk.text(table.get("id"), "id")
        self._required(node, table, policy_id)
        if policy_id and not _ID.fullmatch(policy_id):
            id_node = table.get("id")
            if id_node is not None:
                walk.wrong(id_node, _ID_SHAPE)
        when = walk.mapping(table.get("when"), "when")
        directions, written = self._when(node, clauses.nameless(table.key("when") or node), policy_id, when)
        made = self._branches(written.means, when or node)
        then = self._then(table.get("then"))
        mode_node = table.get("mode") or self.defaults.get("mode")
        registers = frozenset(
            r for b in made for leaf in leaves(b.content) if isinstance(leaf, People) for r in leaf.registers
        )
        said = self.reader.said
        relations = frozenset(asking.related.relation for asking in said.askings)
        excuses, _ = self._excuses(table.get("unless"), registers)
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
            branches=made,
            then=then,
            uninspectable=self._uninspectable(table.get("if_uninspectable"), then, relations),
            registers=registers,
            ocr=True if True in said.ocr else (False if said.ocr else None),
            excuses=excuses,
            repeat=self._repeat(table.get("repeat")),
            place=(node.mark.file, node.mark.line),
            written=written,
        )
        if self.understood:
            sense.check(policy, said, when or node, table.get("id") or node, self.names)
        return policy

    def _required(self, node: Node, table: Mapping, policy_id: str) -> None:
        written = {key.text for key, _ in node.pairs} if isinstance(node, Mapping) else set()
        missing = [key for key in ("id", "title", "why", "owner", "when") if key not in written]
        if missing:
            name = f'policy "{policy_id}"' if policy_id else "this policy"
            place = table.get("id") or node
            self.walk.wrong(place, f"{name} has no {', no '.join(missing)}", "missing-key")

    # -- when --

    def _when(
        self, node: Node, key: Scalar, policy_id: str, when: Mapping | None
    ) -> tuple[frozenset[Direction], Clause]:
        walk = self.walk
        if when is None:
            return FROM_US, clauses.whole(key, ())
        directions = FROM_US
        if when.get("direction") is not None:
            chosen = walk.choices(when.get("direction"), "direction", str)
            directions = frozenset(d for name in chosen for d in _DIRECTIONS[name])
        said = len(walk.complaints.found)
        self._halves(node, policy_id)
        written = self.reader.conditions(key, when, "when")
        direction = when.key("direction")
        if direction is not None:
            written = clauses.directed(written, direction, when.get("direction") or direction)
        shape = (c for c in walk.complaints.found[said:] if c.code not in _NO_MATTER_OF_SHAPE)
        self.understood = not any(shape)
        return directions, written

    def _branches(self, tree: Tree, place: Node) -> tuple[Branch, ...]:
        if count(tree) > BRANCH_LIMIT:
            self.walk.wrong(
                place, "these conditions multiply out to too many; name the addresses in a list", "too-complex"
            )
            return ()
        return branches(tree)

    def _halves(self, node: Node, policy_id: str) -> None:
        # `when` is asked as written: a misspelt key may be the missing half, and was complained about.
        raw = node.get("when") if isinstance(node, Mapping) else None
        written = {key.text for key, _ in raw.pairs} if isinstance(raw, Mapping) else set()
        if written - set(KEYS["when"]) or written & {"all", "any", "not"}:
            return
        name = f'policy "{policy_id}"'
        if not written & set(CONTENT_HALF):
            self.walk.wrong(
                node,
                f"{name} has recipients but no content, so it would hold every message to them."
                " If that is meant, write: content: any",
                "half-missing",
            )
        if not written & set(RECIPIENT_HALF):
            self.walk.wrong(
                node,
                f"{name} has content but no recipients, so it would hold it whoever gets it."
                " If that is meant, write: recipients: any",
                "half-missing",
            )

    # -- unless, repeat --

    def _excuses(self, node: Node | None, registers: frozenset[str]) -> tuple[tuple[Excuse, ...], tuple[Mark, ...]]:
        """Return the exceptions that still count, and the places of those that do not."""
        known: dict[str, Mark] = {}
        counting, expired = [], []
        for item in self.walk.items(node):
            excuse, mark = self._excuse(item, registers)
            if excuse is None:
                continue
            first = known.setdefault(excuse.id, mark)
            if first is not mark:
                self.walk.wrong(
                    mark, f'exception "{excuse.id}" is given twice; first in line {first.line}', "duplicate-id"
                )
            if excuse.expires < self.today:
                expired.append(mark)
                ago = (self.today - excuse.expires).days
                self.walk.complaints.warn(
                    mark,
                    "exception-expired",
                    f'exception "{excuse.id}" ended {excuse.expires} ({counted(ago, "day")} ago) and is not applied.'
                    " Renew it with a new expires and approved_by, or delete it",
                )
            else:
                counting.append(excuse)
        return tuple(counting), tuple(expired)

    def _excuse(self, node: Node, registers: frozenset[str]) -> tuple[Excuse | None, Mark]:
        walk = self.walk
        table = walk.mapping(node, "an exception")
        if table is None:
            return None, node.mark
        missing = [key for key in ("id", "reason", "approved_by", "expires") if table.get(key) is None]
        if missing:
            walk.wrong(node, f"this exception has no {', no '.join(missing)}", "missing-key")
        expires = walk.day(table.get("expires"), "expires") or self.today
        if expires > self.today + _LONGEST_EXCUSE:
            walk.wrong(table.get("expires") or node, "an exception ends within a year; renew it then", "too-long")
        excuse_id = walk.text(table.get("id"), "id", "?")
        if not _ID.fullmatch(excuse_id) and table.get("id") is not None:
            walk.wrong(table.get("id") or node, _ID_SHAPE)
        outer, self.reader.said = self.reader.said, Said()
        written = self.reader.conditions(clauses.nameless(table.get("id") or node), table, "an exception")
        said, self.reader.said = self.reader.said, outer
        if not {"sender", "recipients", "content", "attachments"} & {key.text for key, _ in table.pairs}:
            walk.wrong(node, "this exception has no condition, so it would excuse everything", "half-missing")
        made = self._branches(written.means, node)
        own = frozenset(
            r for b in made for leaf in leaves(b.content) if isinstance(leaf, People) for r in leaf.registers
        )
        if said.askings and not own and not registers:
            walk.wrong(said.askings[0].mark, f'"{said.askings[0].words}" needs a register', "relation-without-person")
        excuse = Excuse(
            id=excuse_id,
            reason=walk.text(table.get("reason"), "reason"),
            approved_by=walk.text(table.get("approved_by"), "approved_by"),
            expires=expires,
            branches=made,
            registers=own,
            written=written,
        )
        return excuse, (table.get("id") or node).mark

    def _repeat(self, node: Node | None) -> Repeat | None:
        walk = self.walk
        table = walk.mapping(node, "repeat")
        if table is None:
            return None
        missing = [key for key in ("per", "at_least", "in") if table.get(key) is None]
        if missing and node is not None:
            walk.wrong(
                node,
                f"repeat has no {', no '.join(missing)}; e.g. {{per: sender, at_least: 3, in: 30 days}}",
                "missing-key",
            )
        return Repeat(
            per=walk.choice(table.get("per"), "per", Per, Per.SENDER),
            at_least=walk.number(table.get("at_least"), "at_least", 2, least=2, most=1000),
            days=walk.days(table.get("in"), "in", 30),
            raise_to=walk.choice(table.get("raise_to"), "raise_to", _severity, None, "severity"),
        )

    # -- then, if_uninspectable --

    def _then(self, node: Node | None) -> Then:
        walk = self.walk
        own = walk.mapping(node, "then")
        common = walk.mapping(self.defaults.get("then"), "then")

        def value(key: str) -> Node | None:
            mine = own.get(key) if own is not None else None
            return mine if mine is not None else (common.get(key) if common is not None else None)

        base = Then()
        review = self._role(value("review"), base.review)
        return Then(
            action=self._action(value("action"), base.action),
            review=review,
            office=review in self.names.reviewers and self.names.reviewers[review].office,
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


def _severity(text: str) -> Severity | None:
    return Severity(text)
