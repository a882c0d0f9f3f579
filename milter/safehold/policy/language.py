# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed policy: what a file means once it is read.  Frozen values only, no behaviour beyond look-ups.

``when`` is kept as *branches*: its mappings of ``all any not`` multiplied out into "or" of "and", with every ``not``
pushed down.  A branch has single tests of sender and recipient, and the content that goes with them.  That makes
``not: {relation: authorised}`` and ``relation: unauthorised`` the same (policy-language, rule 2), and lets each
branch ask the content through the eyes of the one it names: the recipient, or the addressee of a letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safehold.model import Action, Direction, Handling, Reason, Scope, Strength
from safehold.policy.addresses import AddressSet

if TYPE_CHECKING:
    from safehold.policy.clauses import Clause

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


# -- when.sender, when.recipients ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InAddresses:
    """The address is in a set; ``name`` says which in words."""

    name: str
    addresses: AddressSet


@dataclass(frozen=True, slots=True)
class SentBy:
    """Somebody who claims to be the sender is in a set; ``name`` says which in words."""

    name: str
    addresses: AddressSet


@dataclass(frozen=True, slots=True)
class VisibleCount:
    """So many addresses (of a scope, or of any) stand in To and Cc, the sender's own left out."""

    at_least: int
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class FirstContact:
    """No mail was accepted between us and the recipient (or from the sender) for so many days."""

    days: int
    sender: bool = False


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


Asked = InAddresses | OfScope | OfKind | Related | SentBy | VisibleCount | FirstContact


@dataclass(frozen=True, slots=True)
class Test:
    """One question about a recipient, or its denial."""

    asked: Asked
    negated: bool = False


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


class Blind(StrEnum):
    """In which unread parts a term could have stood (rule 7)."""

    ANYWHERE = "anywhere"
    INSIDE = "inside"  # only in what a container would have held: the part itself is known
    NOWHERE = "nowhere"  # that a part could not be read is itself the answer


@dataclass(frozen=True, slots=True)
class Terms:
    """Findings of one of the terms, ``at_least`` different ones: phrases, patterns, identifiers, markings, documents.

    ``terms`` are keys of ``PolicySet.terms``; ``index`` numbers the leaves.
    """

    index: int
    terms: tuple[str, ...]
    at_least: int = 1
    where: frozenset[Where] = frozenset()
    blind: Blind = Blind.ANYWHERE


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


Leaf = People | Terms
Content = People | Terms | Anything | AllOf | AnyOf | Nowhere | Inside


def leaves(content: Content, *, positive: bool = False) -> tuple[Leaf, ...]:
    """Return the leaves below *content* in order; with *positive* without those under ``not``."""
    match content:
        case People() | Terms():
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
        case Terms() | Anything() | Nowhere():
            return False
        case AllOf():
            return any(names_person(item) for item in content.items)
        case AnyOf():
            return all(names_person(item) for item in content.items)
        case Inside():
            return names_person(content.item)


@dataclass(frozen=True, slots=True)
class Branch:
    """One way in which a policy fires: all tests hold and the content is there."""

    tests: tuple[Test, ...] = ()
    content: Content = Anything()

    def related(self) -> tuple[Related, ...]:
        """Return the relations that this branch requires."""
        return tuple(test.asked for test in self.tests if isinstance(test.asked, Related) and not test.negated)


# -- unless, repeat -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Excuse:
    """An exception: under these conditions a witness does not count for a recipient, until a day.

    Attributes:
        branches: Its conditions, as a policy's; one of them must be wholly true.
        expires: The last day on which it counts.
        registers: Registers whose people its relation is asked about.
        written: Its conditions as the author wrote them.
    """

    id: str
    reason: str
    approved_by: str
    expires: date
    branches: tuple[Branch, ...]
    registers: frozenset[str] = frozenset()
    written: "Clause | None" = field(default=None, compare=False, repr=False)


class Per(StrEnum):
    """Whose matches ``repeat`` counts."""

    SENDER = "sender"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often somebody must have matched, this time included.

    Without ``raise_to`` the policy acts from that time on only; with it, it acts always and becomes so severe then.
    """

    per: Per
    at_least: int
    days: int
    raise_to: Severity | None = None


# -- then, if_uninspectable ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Then:
    """What a policy wants done.

    ``notify``: sender or reviewers -> the author's text for their notice.  ``office``: the role that decides does so in
    the hours of the office alone, and the deadline counts no others.
    """

    action: Action = Action.HOLD
    review: str = "reviewers"
    approvals: int = 1
    deadline_s: int = 4 * 3600
    office: bool = False
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
        branches: ``when`` multiplied out; a branch without tests means everybody.
        registers: All registers that its content names.
        excuses: Its exceptions that have not expired.
        ocr: Whether it says that pictures are to be read, or not to be; None where it leaves that to us.
        place: File and line of its ``id``.
        written: ``when`` as the author wrote it, for accounts of a verdict; nobody is judged by it.
    """

    id: str
    title: str
    why: str
    owner: str
    mode: Mode
    directions: frozenset[Direction]
    branches: tuple[Branch, ...]
    then: Then
    uninspectable: Uninspectable
    severity: Severity = Severity.MEDIUM
    notice_title: str = DEFAULT_NOTICE_TITLE
    mode_written: bool = True
    shadow_until: date | None = None
    review_by: date | None = None
    registers: frozenset[str] = frozenset()
    ocr: bool | None = None
    excuses: tuple[Excuse, ...] = ()
    repeat: Repeat | None = None
    place: tuple[str, int] = ("", 0)
    written: "Clause | None" = field(default=None, compare=False, repr=False)

    @property
    def contents(self) -> tuple[Content, ...]:
        """Return what its branches ask of the message, each once."""
        return tuple(dict.fromkeys(branch.content for branch in self.branches))

    @property
    def looked_for(self) -> tuple[Leaf, ...]:
        """Return everything that it, or one of its exceptions, looks for."""
        asked = [*self.contents, *(branch.content for excuse in self.excuses for branch in excuse.branches)]
        return tuple(dict.fromkeys(leaf for content in asked for leaf in leaves(content)))

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
            office=self.then.office,
            counts=self.repeat.per.value if self.repeat is not None else "",
            sender_text=self.then.notify.get("sender", ""),
            reviewers_text=self.then.notify.get("reviewers", ""),
        )

    def relations(self) -> frozenset[Relation]:
        """Return the relations that some branch requires."""
        return frozenset(related.relation for branch in self.branches for related in branch.related())


@dataclass(frozen=True, slots=True)
class Reviewers:
    """Who decides in a role; with *office*, in the hours of the office alone."""

    members: tuple[str, ...] = ()
    office: bool = False


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of a list, found whatever their case, spacing and punctuation."""

    phrases: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled RE2 pattern."""

    compiled: Any = field(repr=False, compare=False)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Identifier:
    """An official number: check digits where it has them, and one of the words of ``near`` beside it.

    Without ``near`` the words that go with the kind are asked for.  ``patterns`` are those of a site's own numbers.
    """

    kind: str
    within: Within
    near: tuple[str, ...] = ()
    patterns: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Marking:
    """A protective marking, in any of its spellings."""

    name: str


@dataclass(frozen=True, slots=True)
class DocumentType:
    """What a kind of document looks like: phrases by where they stand, and how many different ones are enough."""

    name: str
    title_any: tuple[str, ...] = ()
    heading_any: tuple[str, ...] = ()
    body_any: tuple[str, ...] = ()
    form_number: tuple[str, ...] = ()
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Attached:
    """Conditions on one attachment, all of which must hold; what is empty is not asked.

    Attributes:
        types: Families of types ("pdf", "archive") or media types.
        names: Globs of file names, small letters.
        larger_than: Bytes.
        states: Reasons for which it could not be read.
        hidden: Ways in which it hides something.
        redaction: Ways in which its redaction fails.
    """

    types: frozenset[str] = frozenset()
    names: tuple[str, ...] = field(default=(), repr=False)
    larger_than: int | None = None
    states: frozenset[Reason] = frozenset()
    hidden: frozenset[str] = frozenset()
    redaction: frozenset[str] = frozenset()


Term = Phrases | Pattern | Identifier | Marking | DocumentType | Attached
