# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asked: a final recipient or the addressee of a letter, who sent it, and the tests that need no content.

Which policies could concern somebody at all is worked out from these in :mod:`safehold.policy.shortlist`.  Pure.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import assert_never

from safehold.model import Direction, FinalRecipient, Scope
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
)
from safehold.register.index import Relations


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of one message besides its content, the same for all who get it.

    Attributes:
        senders: Every address that claims to be the sender: enough to be held.
        proven: Those of them that were authenticated or stand in the envelope: needed to be excused.
        visible: How many addresses of each scope stand in To and Cc, the sender's own left out.
        last_contact_days: Days since mail with the sender was last accepted; None where that is not known.
        counts: (policy, whose) -> how often it matched before; ``whose`` is "" for the sender, else a recipient.
    """

    senders: tuple[str, ...] = field(default=(), repr=False)
    proven: tuple[str, ...] = field(default=(), repr=False)
    visible: Mapping[Scope, int] = field(default_factory=lambda: MappingProxyType({}))
    last_contact_days: int | None = None
    counts: Mapping[tuple[str, str], int] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A final recipient and all that the policies may ask about him.

    ``last_contact_days`` counts from the last mail to (or from) him that was accepted; None where there was none.
    """

    recipient: FinalRecipient
    relations: Relations = field(default_factory=Relations)
    kinds: frozenset[Kind] = frozenset()
    scope: Scope = Scope.EXTERNAL
    last_contact_days: int | None = None
    sent: Sent = Sent()

    @property
    def is_print_room(self) -> bool:
        """Return whether letters to this recipient are printed and posted."""
        return Kind.PRINT_AND_POST in self.kinds

    @property
    def direction(self) -> Direction:
        """Return the direction of this copy; what is printed and posted leaves the house."""
        if self.is_print_room and self.recipient.direction is Direction.INTERNAL:
            return Direction.OUTBOUND
        return self.recipient.direction


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in the message: which top-level attachment it stands in, and what its addressee is to whom."""

    attachment: int
    relations: Relations
    by_name_only: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """What the evaluator asks of the register besides relations.

    Attributes:
        register: Person -> name of the register, for everybody that a relation or finding names.
        parties: Person -> ids of all adverse parties.
    """

    register: Callable[[str], str]
    parties: Callable[[str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class RelationTest:
    """What the type checker should know of a test about a relation."""

    asked: Related
    negated: bool = False


def holds(test: Test, recipient: Asked, *, excusing: bool = False) -> bool:
    """Answer a test that needs no person; one that does counts as yes here and is asked later.

    With *excusing* only a proven sender counts: whoever wants a message to pass must not be able to write his way out.
    """
    match test.asked:
        case SentBy():
            claimed = recipient.sent.proven if excusing else recipient.sent.senders
            return any(sender in test.asked.addresses for sender in claimed) is not test.negated
        case VisibleCount():
            return _seen(test.asked, recipient.sent) is not test.negated
        case FirstContact():
            days = recipient.sent.last_contact_days if test.asked.sender else recipient.last_contact_days
            return (days is None or days > test.asked.days) is not test.negated
        case InAddresses():
            return (recipient.recipient.address in test.asked.addresses) is not test.negated
        case OfScope():
            return (recipient.scope is test.asked.scope) is not test.negated
        case OfKind():
            return (test.asked.kind in recipient.kinds) is not test.negated
        case Related():
            return True
        case _:
            assert_never(test.asked)


def _seen(asked: VisibleCount, sent: Sent) -> bool:
    count = sum(sent.visible.values()) if asked.scope is None else sent.visible.get(asked.scope, 0)
    return count >= asked.at_least


def is_to_nobody(test: RelationTest, relations: Relations, *, letter: bool) -> bool:
    """Return whether the recipient (or the letter's addressee) is that to no person, as most are."""
    if test.negated or test.asked.letter is not letter:
        return False
    match test.asked.relation:
        case Relation.ADVERSE:
            return not (relations.adverse or relations.by_name)
        case Relation.FORMER_CONTACT:
            return not relations.former
        case Relation.SUBJECT:
            return not relations.subject
        case Relation.AUTHORISED:
            return not (relations.authorised or relations.subject)
        case Relation.UNAUTHORISED:
            return False
        case _:
            assert_never(test.asked.relation)


def related(relation: Relation, relations: Relations, persons: AbstractSet[str]) -> AbstractSet[str]:
    """Return those of *persons* to whom a recipient of these relations is that."""
    match relation:
        case Relation.ADVERSE:
            return persons & (relations.adverse.keys() | relations.by_name)
        case Relation.FORMER_CONTACT:
            return persons & relations.former
        case Relation.SUBJECT:
            return persons & relations.subject
        case Relation.AUTHORISED:
            return persons & (relations.authorised | relations.subject)
        case Relation.UNAUTHORISED:
            return persons - relations.authorised - relations.subject
        case _:
            assert_never(relation)


def relation_possible(registers: AbstractSet[str], related: Related, relations: Relations, people: People) -> bool:
    """Return whether the recipient is that to anybody in *registers* (none named: in any)."""
    match related.relation:
        case Relation.ADVERSE:
            persons = frozenset(relations.adverse) | (frozenset() if related.anyone else relations.by_name)
        case Relation.FORMER_CONTACT:
            persons = relations.former
        case Relation.SUBJECT:
            persons = relations.subject
        case Relation.AUTHORISED:
            persons = relations.authorised | relations.subject
        case Relation.UNAUTHORISED:
            return True
        case _:
            assert_never(related.relation)
    return any(not registers or people.register(person) in registers for person in persons)
