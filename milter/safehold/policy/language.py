# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed policy: what a file means once it is read.  Frozen values only, no behaviour beyond look-ups.

``when.recipients`` is kept as *branches*: the mapping of ``all any not`` multiplied out into "or" of "and" of single
tests, with every ``not`` pushed down onto a test.  That is what makes ``not: {relation: authorised}`` and
``relation: unauthorised`` the same (policy-language, rule 2), and what lets each branch ask the content through the
eyes of the one it names: the recipient, or the addressee of a letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from safehold.model import Action, Direction, Handling, Reason, Scope, Strength
from safehold.policy.addresses import AddressSet

DEFAULT_NOTICE_TITLE = "a check on protected information"


class Mode(StrEnum):
    """Whether a policy acts, only records, or sleeps."""

    OFF = "off"
    SHADOW = "shadow"
    ENFORCE = "enforce"


class Severity(StrEnum):
    """How bad a leak would be; the notice's text is that of the highest."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Kind(StrEnum):
    """What sort of mailbox a recipient is."""

    PERSONAL_MAIL = "personal-mail"
    ROLE_MAILBOX = "role-mailbox"
    PRINT_AND_POST = "print-and-post"


class Relation(StrEnum):
    """What a recipient is to a person of the register."""

    ADVERSE = "adverse"
    UNAUTHORISED = "unauthorised"
    AUTHORISED = "authorised"
    FORMER_CONTACT = "former_contact"
    SUBJECT = "subject"


# INVARIANT: adverse and former contact are the relations that put people in a recipient's own scope.
SCOPED = frozenset({Relation.ADVERSE, Relation.FORMER_CONTACT})


class Where(StrEnum):
    """Where in a message a text stands."""

    SUBJECT = "subject"
    BODY = "body"
    QUOTED = "quoted"
    ATTACHMENT = "attachment"
    FILENAME = "filename"
    METADATA = "metadata"
    HIDDEN = "hidden"
    OCR = "ocr"


class Unit(StrEnum):
    """What ``within`` measures by."""

    MESSAGE = "message"
    PART = "part"
    PAGE = "page"
    PARAGRAPH = "paragraph"
    WORDS = "words"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Within:
    """How near all hits of a witness must stand."""

    unit: Unit
    number: int = 0


# -- when.recipients ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InAddresses:
    """The address is in a set; ``name`` says which in words."""

    name: str
    addresses: AddressSet


@dataclass(frozen=True, slots=True)
class OfScope:
    """Internal, partner or external."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class OfKind:
    """Personal mail, role mailbox, print room."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Related:
    """A relation to the one person asked about, or to anyone of the registers that the policy names.

    ``letter`` asks the addressee of a letter for the print room in place of the recipient.
    """

    relation: Relation
    anyone: bool = False
    letter: bool = False


Asked = InAddresses | OfScope | OfKind | Related


@dataclass(frozen=True, slots=True)
class Test:
    """One question about a recipient, or its denial."""

    asked: Asked
    negated: bool = False


Branch = tuple[Test, ...]


# -- when.content -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class People:
    """Findings of people of the register.  Empty ``fields`` and ``where`` mean any.  ``index`` numbers the leaves."""

    index: int
    registers: frozenset[str]
    fields: frozenset[str] = frozenset()
    strength: Strength | None = None
    people: int = 1
    fields_at_least: int = 1
    where: frozenset[Where] = frozenset()


@dataclass(frozen=True, slots=True)
class Words:
    """A phrase of one of the lists, or ``at_least`` different texts that a pattern takes."""

    index: int
    terms: tuple[str, ...]
    at_least: int = 1
    where: frozenset[Where] = frozenset()


@dataclass(frozen=True, slots=True)
class Anything:
    """``content: any``."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of them."""

    items: tuple["Content", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them."""

    items: tuple["Content", ...]


@dataclass(frozen=True, slots=True)
class Nowhere:
    """``not``: nowhere in the message."""

    item: "Content"


@dataclass(frozen=True, slots=True)
class Inside:
    """All hits of the item stand as near as ``within`` says."""

    within: Within
    item: "Content"


Leaf = People | Words
Content = People | Words | Anything | AllOf | AnyOf | Nowhere | Inside


def leaves(content: Content, *, positive: bool = False) -> tuple[Leaf, ...]:
    """Return the leaves below *content* in order; with *positive* without those under ``not``."""
    match content:
        case People() | Words():
            return (content,)
        case Anything():
            return ()
        case AllOf() | AnyOf():
            return tuple(leaf for item in content.items for leaf in leaves(item, positive=positive))
        case Nowhere():
            return () if positive else leaves(content.item)
        case Inside():
            return leaves(content.item, positive=positive)


def names_person(content: Content) -> bool:
    """Return whether every witness of *content* has a person: the condition for asking a plain relation."""
    match content:
        case People():
            return True
        case Words() | Anything() | Nowhere():
            return False
        case AllOf():
            return any(names_person(item) for item in content.items)
        case AnyOf():
            return all(names_person(item) for item in content.items)
        case Inside():
            return names_person(content.item)


# -- then, if_uninspectable ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Then:
    """What a policy wants done; ``notify``: sender or reviewers -> the author's text for their notice."""

    action: Action = Action.HOLD
    review: str = "reviewers"
    approvals: int = 1
    deadline_s: int = 4 * 3600
    deliver_others: bool = True
    notify: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Uninspectable:
    """What "cannot tell" takes: by reason, else ``otherwise``.  ``written`` is False where the author left it to us."""

    by_reason: Mapping[Reason, Action]
    otherwise: Action
    written: bool = False

    def action(self, reasons: frozenset[Reason]) -> Action:
        """Return the strictest action for these reasons."""
        actions = [self.by_reason.get(reason, self.otherwise) for reason in reasons] or [self.otherwise]
        return max(actions, key=lambda action: action.rank)


# -- policy -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule.

    Attributes:
        directions: Directions of a copy that it judges.
        branches: ``when.recipients`` multiplied out; one empty branch means everybody.
        content: What the message must hold.
        registers: All registers that its content names.
        ocr: Whether it says that pictures are to be read, or not to be; None where it leaves that to us.
        place: File and line of its ``id``.
    """

    id: str
    title: str
    why: str
    owner: str
    mode: Mode
    directions: frozenset[Direction]
    branches: tuple[Branch, ...]
    content: Content
    then: Then
    uninspectable: Uninspectable
    severity: Severity = Severity.MEDIUM
    notice_title: str = DEFAULT_NOTICE_TITLE
    mode_written: bool = True
    shadow_until: date | None = None
    review_by: date | None = None
    registers: frozenset[str] = frozenset()
    ocr: bool | None = None
    place: tuple[str, int] = ("", 0)

    @property
    def enforced(self) -> bool:
        """Return whether its actions are taken and not only recorded."""
        return self.mode is Mode.ENFORCE

    @property
    def handling(self) -> Handling:
        """Return what it wants done with a hold."""
        return Handling(
            policy=self.id,
            title=self.title,
            notice_title=self.notice_title,
            why=self.why,
            owner=self.owner,
            severity=self.severity.value,
            review=self.then.review,
            approvals=self.then.approvals,
            deadline_s=self.then.deadline_s,
            sender_text=self.then.notify.get("sender", ""),
            reviewers_text=self.then.notify.get("reviewers", ""),
        )

    def relations(self) -> frozenset[Relation]:
        """Return the relations that some branch requires."""
        return frozenset(
            test.asked.relation
            for branch in self.branches
            for test in branch
            if isinstance(test.asked, Related) and not test.negated
        )


@dataclass(frozen=True, slots=True)
class Reviewers:
    """Who decides in a role."""

    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of a list, found whatever their case, spacing and punctuation."""

    phrases: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled RE2 pattern."""

    compiled: Any = field(repr=False, compare=False)
    text: str = ""
