# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that travel through safehold: frozen, comparable, and silent about what they carry.

Every field that can hold text of a message, a register or an address of a person has ``repr=False``, so that
neither a log line nor a traceback can show it (DESIGN P4).  Names are the field's: RFC 5321 for the envelope,
RFC 2045 for parts.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from types import MappingProxyType

EMPTY: Mapping[str, str] = MappingProxyType({})
NO_DAYS: Mapping[str, date] = MappingProxyType({})
NO_COUNTS: Mapping[tuple[str, str], int] = MappingProxyType({})


# -- who sends what to whom -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT TO.

    Attributes:
        address: The mailbox, without angle brackets, as the client gave it.
        parameters: Its ESMTP parameters as given, e.g. ``("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;a@b.test")``.
    """

    address: str = field(repr=False)
    parameters: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SMTP said: sender (empty for the null sender ``<>``), recipients, all ESMTP parameters."""

    sender: str = field(repr=False)
    recipients: tuple[Recipient, ...] = field(repr=False)
    parameters: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One mail transaction as the MTA handed it over.

    Attributes:
        envelope: Sender and recipients.
        content: Header block and body exactly as received, CRLF line ends.
        received_at: Aware UTC time of the end of the message.
        macros: The MTA's macros by name, e.g. ``{"i": queue id, "{auth_authen}": login, "{client_addr}": ip}``.
            A proxy front end fills the same names.
        helo: What the client called itself.
    """

    envelope: Envelope
    content: bytes = field(repr=False)
    received_at: datetime
    macros: Mapping[str, str] = field(default_factory=lambda: EMPTY, repr=False)
    helo: str = field(default="", repr=False)

    @property
    def queue_id(self) -> str:
        """Return the MTA's queue id, or "-" where it gave none."""
        return self.macros.get("i") or "-"


class Origin(StrEnum):
    """Where a message comes from (DESIGN 3a); everything but OUTSIDE is *from us*."""

    AUTH = "auth"
    TRUSTED = "trusted"
    LOCAL = "local"
    OUTSIDE = "outside"


class Direction(StrEnum):
    """The direction of one recipient's copy."""

    OUTBOUND = "outbound"
    INTERNAL = "internal"
    INBOUND = "inbound"
    TRANSIT = "transit"


class Scope(StrEnum):
    """What an address is to the organisation."""

    INTERNAL = "internal"
    PARTNER = "partner"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class FinalRecipient:
    """One mailbox that would get the mail after the MTA's own expansion.

    Attributes:
        address: Final address, domain in lower case.
        via: The envelope recipients (RCPT TO addresses) that lead to it.
        direction: Direction of this copy.
        name: Display name beside this address in To or Cc, if any.
    """

    address: str = field(repr=False)
    via: tuple[str, ...] = field(repr=False)
    direction: Direction
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gate knows about a message besides its bytes: the only door for clock, network and history.

    Attributes:
        now: Aware UTC time that counts for this judgement.
        origin: Where it comes from.
        identity: Authenticated login, or "".
        senders: Every address that claims to be the sender (envelope, From, Sender, mapped identity), lower case.
        recipients: All final recipients.
        unexpanded: Envelope recipients whose final recipients could not be learnt (map unreadable, over the
            limit, mapped again), with the reason in words.  They are held whole.
        own_domains: Lower-case domains of the organisation (sub-domains count).
        visible: Addresses in To and Cc, lower case.
        proven: The senders that cannot be made up: the authenticated login's and the envelope's, lower case.
        last_contact: Address -> day on which mail with it was last accepted; only those that a policy asks for.
        counts: (policy, recipient or "" for the sender) -> how often that policy matched before, within its days.
        zone: Where the organisation is: what "until 31 January" means in a policy or in the register.
    """

    now: datetime
    origin: Origin
    identity: str = field(default="", repr=False)
    senders: tuple[str, ...] = field(default=(), repr=False)
    recipients: tuple[FinalRecipient, ...] = field(default=(), repr=False)
    unexpanded: Mapping[str, str] = field(default_factory=lambda: EMPTY, repr=False)
    own_domains: frozenset[str] = frozenset()
    visible: tuple[str, ...] = field(default=(), repr=False)
    proven: tuple[str, ...] = field(default=(), repr=False)
    last_contact: Mapping[str, date] = field(default_factory=lambda: NO_DAYS, repr=False)
    counts: Mapping[tuple[str, str], int] = field(default_factory=lambda: NO_COUNTS, repr=False)
    zone: tzinfo = UTC

    @property
    def today(self) -> date:
        """Return the local day, by which authorities and former contacts are measured."""
        return self.now.astimezone(self.zone).date()


# -- what was read ----------------------------------------------------------------------------------------------


class Reason(StrEnum):
    """Why a part could not be (wholly) read: one closed set, spelt so everywhere."""

    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY = "too_many"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    UNSUPPORTED = "unsupported"
    INCOMPLETE = "incomplete"
    NO_TEXT = "no_text"
    AMBIGUOUS = "ambiguous"


class PlaceKind(StrEnum):
    """What sort of place a number counts."""

    SUBJECT = "subject"
    HEADER = "header"
    BODY = "body"
    QUOTED = "quoted"
    TEXT = "text"  # an attachment without pages, number None
    PAGE = "page"
    PARAGRAPH = "paragraph"
    TABLE = "table"
    PAGE_HEADER = "page_header"
    NOTE = "note"
    COMMENT = "comment"
    SHEET = "sheet"
    SHEET_NAME = "sheet_name"
    SLIDE = "slide"
    FIELD = "field"
    FILENAME = "filename"
    METADATA = "metadata"


class Visibility(StrEnum):
    """How a reader of the document would see a text; everything but VISIBLE and OCR is hidden."""

    VISIBLE = "visible"
    OCR = "ocr"
    HIDDEN = "hidden"
    COVERED = "covered"
    WHITE = "white"
    OFF_PAGE = "off_page"
    TINY = "tiny"
    HIDDEN_LAYER = "hidden_layer"
    TRACKED_DELETION = "tracked_deletion"
    COMMENT = "comment"
    ALTERNATIVE = "alternative"  # another alternative of multipart/alternative than clients show
    ATTRIBUTE = "attribute"  # alt text, link target, field instruction


@dataclass(frozen=True, slots=True, order=True)
class PartPath:
    """The way to a part from the top: ``2/annex.zip/report.docx``.  Steps contain no slash; () is the message."""

    steps: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return "/".join(self.steps) or "."

    def child(self, step: str) -> "PartPath":
        """Return the path of a member of this part, the step made safe to print and to split again."""
        clean = "".join("\u2215" if c == "/" else c if c.isprintable() else "\ufffd" for c in step)
        return PartPath((*self.steps, clean[:255] or "-"))

    def within(self, other: "PartPath") -> bool:
        """Return whether this is *other* or lies inside it."""
        return self.steps[: len(other.steps)] == other.steps


@dataclass(frozen=True, slots=True)
class Part:
    """A node of the tree of parts.

    Attributes:
        path: Where it hangs.
        media_type: Type by content, e.g. ``application/pdf``.
        size_bytes: Decoded size.
        declared_type: What the message or archive called it.
        is_attachment: True for everything that is not (an alternative of) the message's own body.
        attachment: Number of the top-level attachment that this is or lies in, from 1; 0 for the body.
            This, not the name, is what a notice may say.
    """

    path: PartPath = field(repr=False)
    media_type: str
    size_bytes: int
    declared_type: str = ""
    is_attachment: bool = False
    attachment: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place a person can go to: a part, a kind of place in it, and which one (from 1, None where there is one).

    Of text in cells, ``row`` and ``column`` say which cell, from 1; 0 where they do not count or are not known.
    A comment that hangs on a cell is numbered as the sheet that the cell is on.
    """

    part: PartPath = field(repr=False)
    kind: PlaceKind
    number: int | None = None
    row: int = 0
    column: int = 0

    @property
    def cell(self) -> str:
        """Return the cell as people say it, or "".

        >>> Place(PartPath(), PlaceKind.SHEET, 2, row=7, column=28).cell
        'AB7'
        """
        letters, left = "", self.column if self.row else 0
        while left:
            left, letter = divmod(left - 1, 26)
            letters = chr(ord("A") + letter) + letters
        return f"{letters}{self.row}" if letters else ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text with a place and a visibility.

    Of text in cells, the place is that of the first cell.  From there a tab leads to the next column, and a line end to
    the next row; ``cells`` has what breaks that rule (gaps, and breaks within a cell): three numbers each, where in the
    text, row and column, in the order of the text.
    """

    place: Place
    text: str = field(repr=False)
    visibility: Visibility = Visibility.VISIBLE
    cells: tuple[int, ...] = ()

    def place_at(self, offset: int) -> Place:
        """Return the place of what stands at *offset* in the text: the cell, where the text stands in cells."""
        place = self.place
        if not place.column:
            return place
        start, row, first = 0, place.row, place.column
        known = bisect_right(range(0, len(self.cells), 3), offset, key=self.cells.__getitem__)
        if known:
            start, row, first = self.cells[3 * known - 3 : 3 * known]
        line = self.text.rfind("\n", start, offset) + 1
        column = first + self.text.count("\t", max(start, line), offset)
        return replace(place, row=row + self.text.count("\n", start, offset), column=column)


@dataclass(frozen=True, slots=True)
class Problem:
    """A part that could not be (wholly) read.  ``detail`` is ours, never text of the message."""

    part: PartPath = field(repr=False)
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A fact of structure: ``macros``, ``type_mismatch``, ``tracked_changes``, ``external_link``, ..."""

    place: Place
    kind: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that could be read of a message or document, and all that could not."""

    parts: tuple[Part, ...] = ()
    segments: tuple[Segment, ...] = ()
    problems: tuple[Problem, ...] = ()
    marks: tuple[Mark, ...] = ()

    def part(self, path: PartPath) -> Part | None:
        """Return the part at *path*, or None."""
        return next((part for part in self.parts if part.path == path), None)


@dataclass(frozen=True, slots=True)
class Demand:
    """What the policies in force for one envelope want read; nothing dear is done that no policy could use."""

    ocr: bool = False
    render: bool = False


EVERYTHING = Demand(ocr=True, render=True)


# -- what was found and decided ---------------------------------------------------------------------------------


class Strength(StrEnum):
    """How sure a finding is; ordered by :meth:`rank`."""

    HINT = "hint"
    LIKELY = "likely"
    CERTAIN = "certain"

    @property
    def rank(self) -> int:
        """Return 1 for hint, 2 for likely, 3 for certain."""
        return ("hint", "likely", "certain").index(self.value) + 1


OF_PART = -1


@dataclass(frozen=True, slots=True)
class Finding:
    """One match: where it is, not what it says.

    Attributes:
        detector: ``register``, ``phrase``, ``regex``, ``any``.
        person: Opaque id of the person in the register, or "" where no person is involved.
        field: Field of the value (``address``, ``postcode``, ``phone`` ...), or the name of the list.
        value: Position of the matched value among the person's values (for ``known_to``), or -1.
        segment: Index into ``Reading.segments``, or :data:`OF_PART` for a fact about the whole part of ``place``.
        place: Where in that segment it begins.
        span: Start and end in that segment's text, in code points.
        strength: How sure.
        why: The evidence in words, free of the value itself: "house number, street and full postcode".
    """

    detector: str
    person: str
    field: str
    value: int
    segment: int
    place: Place
    span: tuple[int, int]
    strength: Strength
    why: str

    @property
    def of_part(self) -> bool:
        """Return whether this is a fact about a whole part, and no text of it."""
        return self.segment == OF_PART


class Action(StrEnum):
    """What happens to one recipient's copy, strictest last in :meth:`rank`."""

    PASS = "pass"  # noqa: S105 - the action, not a secret
    NOTIFY = "notify"
    REJECT = "reject"
    HOLD = "hold"

    @property
    def rank(self) -> int:
        """Return the strictness: hold 3 > reject 2 > notify 1 > pass 0."""
        return ("pass", "notify", "reject", "hold").index(self.value)


class Answer(StrEnum):
    """Kleene's three values."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Ground:
    """Why one policy asks for an action for one recipient.

    Attributes:
        policy: Policy id.
        enforced: False for shadow policies, whose action is recorded and not taken.
        action: What it asks for.
        answer: ``yes`` (it fired) or ``cannot_tell`` (an unread part decided).
        person: The person of the witness for whom it fired, or "".
        relation: The relation that held, e.g. ``adverse``, or "".
        findings: The hits of the witness.
        problems: The unread parts, where the answer is cannot_tell.
        why: In words, free of values.
        severity: What ``repeat`` raised the policy's severity to, or "".
    """

    policy: str
    enforced: bool
    action: Action
    answer: Answer
    person: str = ""
    relation: str = ""
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    why: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Handling:
    """What one policy wants done with a hold it causes; the strictest of several wins (policy-language, rule 8).

    The texts are those that its author wrote for the notices, placeholders and all.

    Attributes:
        office: Whether the deadline counts the hours of the office alone: nobody of the role decides at night.
        counts: Whose matches are counted for ``repeat``: "sender", "recipient", or "" for nobody's.
    """

    policy: str
    title: str = ""
    notice_title: str = "a check on protected information"
    why: str = ""
    owner: str = ""
    severity: str = "medium"
    review: str = "reviewers"
    approvals: int = 1
    deadline_s: int = 4 * 3600
    sender_text: str = ""
    reviewers_text: str = ""
    office: bool = False
    counts: str = ""


@dataclass(frozen=True, slots=True)
class RecipientVerdict:
    """The action for one final recipient, with every ground for it."""

    recipient: FinalRecipient
    action: Action
    grounds: tuple[Ground, ...] = ()
    why: str = ""

    @property
    def deciding(self) -> tuple[Ground, ...]:
        """Return the enforced grounds that ask for the action taken."""
        return tuple(g for g in self.grounds if g.enforced and g.action is self.action)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to happen, per final recipient, and under which rules."""

    recipients: tuple[RecipientVerdict, ...]
    handling: tuple[Handling, ...] = ()
    problems: tuple[Problem, ...] = ()
    policies_digest: str = ""
    register_digest: str = ""

    @property
    def action(self) -> Action:
        """Return the strictest action of any recipient."""
        return max((r.action for r in self.recipients), key=lambda a: a.rank, default=Action.PASS)

    def with_action(self, *actions: Action) -> tuple[RecipientVerdict, ...]:
        """Return the recipients that get one of *actions*."""
        return tuple(r for r in self.recipients if r.action in actions)


# -- the life of a held message ---------------------------------------------------------------------------------


class HoldState(StrEnum):
    """Where a hold is in its life; the legal moves are in :mod:`safehold.quarantine`."""

    HELD = "held"
    PROPOSED = "proposed"
    RELEASING = "releasing"
    RELEASED = "released"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """What anybody with store access may see of a hold: no address, no subject, no text.

    ``version`` counts the changes; a decision names the version it was taken on (compare and set).  ``office`` says
    that ``due_at`` counts the hours of the office alone.
    """

    id: str
    state: HoldState
    version: int
    held_at: datetime
    due_at: datetime
    expires_at: datetime
    policies: tuple[str, ...]
    persons: tuple[str, ...]
    severity: str
    notice_title: str
    review: str
    approvals_needed: int
    approved_by: tuple[str, ...]
    decided_by: str
    origin: Origin
    queue_id: str
    held_count: int
    delivered_count: int
    attachment_count: int
    size_bytes: int
    problems: tuple[str, ...] = ()
    linked_to: str = ""
    last_error: str = ""
    office: bool = False


@dataclass(frozen=True, slots=True)
class HeldContent:
    """What a hold seals: opened by the courier and by reviewers only."""

    envelope: Envelope = field(repr=False)
    held: tuple[Recipient, ...] = field(repr=False)  # final addresses to release to, with their parameters
    content: bytes = field(repr=False)
    evidence: bytes = field(repr=False)  # JSON: grounds, places, spans, excerpts, tree of parts
    received: str = field(default="", repr=False)  # the Received: value to prepend at release
    identity: str = field(default="", repr=False)


# -- what goes back over the wire -------------------------------------------------------------------------------


class ReplyKind(StrEnum):
    """The one reply a message gets, whatever the protocol."""

    ACCEPT = "accept"
    DISCARD = "discard"
    TEMPFAIL = "tempfail"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a front end does at the end of a message.

    Attributes:
        kind: Accept (after the changes below), discard, 4xx or 5xx.
        remove: Envelope recipients to delete, exactly as the client gave them.
        add: Final addresses to put back, with their ESMTP parameters.
        code: Three-digit reply, enhanced code and one line of generic text for 4xx and 5xx.
        hold: The hold id that the log may name, or "".
    """

    kind: ReplyKind
    remove: tuple[Recipient, ...] = field(default=(), repr=False)
    add: tuple[Recipient, ...] = field(default=(), repr=False)
    code: tuple[str, str, str] = ("250", "2.0.0", "ok")
    hold: str = ""


TRY_LATER = Reply(ReplyKind.TEMPFAIL, code=("451", "4.7.1", "message could not be checked; please retry"))
REFUSED = Reply(ReplyKind.REJECT, code=("550", "5.7.1", "message refused by local policy"))
