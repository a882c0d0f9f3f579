# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a notice: the values of its template from a hold, and the mail around it.

Rules R1 to R10 of people-and-operations, section 1.2, hold by construction: a value comes from the hold's plain
facts, the settings or the clock, never from the message, except for positions (:mod:`.original`) and the strictly
shaped Message-ID a notice replies to.  What a policy's author wrote (:mod:`.authored`) stands in the place of our
explaining sentences only: the rest of a notice is the same with and without it.  The same arguments give the same
bytes, boundary and Message-ID included, so that a repeat after a crash can be recognised.  Pure but for the package's
own templates.
"""

import email.policy
import email.utils
import hashlib
import html
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from enum import StrEnum
from typing import Literal, cast
from zoneinfo import ZoneInfo

from safehold.model import HeldMessage
from safehold.notices.authored import paragraphs
from safehold.notices.original import Look, Original, Spot
from safehold.notices.wording import Block, Wording, clean, wording

WIDTH = 76
# More addressees than this are not listed to each other; nor is an address that a header cannot carry in ASCII.
TO_LIMIT = 20
SPOT_LIMIT = 4
PERSON_LIMIT = 3

Detail = Literal["none", "where", "kind"]


class Kind(StrEnum):
    """The notices there are; the first six are of a hold's life, and an outbox row names them ``notice.<kind>``."""

    HELD = "held"
    TASK = "task"
    RELEASED = "released"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNHEARD = "unheard"  # to the policy's owner or the duty role, where the sender gets no notice
    ALERT = "alert"  # to the duty role


TO_SENDER = frozenset({Kind.HELD, Kind.RELEASED, Kind.REFUSED, Kind.CANCELLED, Kind.EXPIRED})


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """Who speaks in the notices, and how.

    Attributes:
        sender: Address in From; mail to it should reach people.
        reply_to: A staffed mailbox, if another than *sender*.
        urgent_phone: A staffed number (R5); without one, the line about calling is left out.
        console_url: Where a hold can be looked at after signing in; without one, no link.
        roles: Reviewers' role -> how a sentence names it, e.g. ``the safeguarding team``.
        titles: Policy id -> title, for reviewers and owners only.
        inside_unseen: Mail between colleagues may not pass this gateway (R10).
        detail: How much a sender's notice says of where to look.
    """

    sender: str
    sender_name: str = "Email check"
    reply_to: str = ""
    organisation: str = "your organisation"
    language: str = "en"
    timezone: str = "Europe/London"
    detail: Detail = "where"
    urgent_phone: str = ""
    help_url: str = ""
    console_url: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    inside_unseen: bool = False

    def texts(self) -> tuple[str, ...]:
        """Return every text of these settings that a notice can hold, but for titles: those are policies' authors'."""
        own = (self.sender, self.sender_name, self.reply_to, self.organisation)
        return (*own, self.urgent_phone, self.help_url, self.console_url, *self.roles.values())


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a notice must know besides the hold.

    Attributes:
        now: Aware UTC time of writing.
        at: When what it tells of happened, if not now.
        serial: Number that tells two notices of one kind about one hold apart (the outbox row's).
        to: Addressees; they alone stand in To.
        original: What of the message counts.
        about: For UNHEARD, the kind that the sender would have got.
        why: For UNHEARD, a key of ``unheard.*`` in the words.
        refused: For RELEASED, how many addresses the mail server turned down for good.
        answer: For ALERT, its fixed words.
        threaded: Whether it may reply to the original.
        authored: Whether it may say what the policy's author wants said.
        titled: Whether it may call the check and the policies by their names, which such an author gave them.
        minimal: Say only what happened: what is left when the leak check finds fault with the whole notice.
    """

    now: datetime
    at: datetime | None = None
    serial: int = 0
    to: tuple[str, ...] = field(default=(), repr=False)
    original: Original = field(default_factory=Original)
    about: Kind | None = None
    why: str = ""
    refused: int = 0
    answer: str = ""
    threaded: bool = True
    authored: bool = True
    titled: bool = True
    minimal: bool = False


def render(kind: Kind, held: HeldMessage | None, *, settings: NoticeSettings, occasion: Occasion) -> bytes:
    """Return the notice as mail bytes with CRLF line ends, ASCII only.  Only an alert can be about no hold."""
    language = wording(settings.language)
    template = language.templates["minimal" if occasion.minimal else kind.value]
    values = _values(kind, held, settings, occasion, language)
    own = _authored(kind, held, occasion, values)
    subject, blocks = template.filled(values | (_EXPLAINED if own else {}), own)
    mail = EmailMessage(policy=_POLICY)
    for name, value in _headers(kind, held, settings, occasion, subject).items():
        mail[name] = value
    mail.set_content(_as_text(blocks))
    mail.add_alternative(_as_html(subject, blocks, language.word("language")), subtype="html")
    mail["Content-Language"] = language.word("language")  # last: setting the content drops Content-* headers
    digest = hashlib.sha256(mail["Message-ID"].encode()).hexdigest()
    mail.set_boundary(f"=_{digest[:32]}")
    return mail.as_bytes()


# -- values -----------------------------------------------------------------------------------------------------


def _values(
    kind: Kind, held: HeldMessage | None, settings: NoticeSettings, occasion: Occasion, w: Wording
) -> dict[str, str]:
    """Return a value for every name a template may use; a missing or empty one leaves its line out."""
    about = occasion.about or kind
    alert = next((key for key in ALERTS if key and occasion.answer.startswith(key)), "")
    values = {
        "reference": reference(held, occasion),
        "organisation": settings.organisation,
        "urgent_phone": settings.urgent_phone,
        "help_url": settings.help_url,
        "role": _capital(w.word("role.default")),
        "role_inline": w.word("role.default"),
        "inside": w.word("inside", organisation=settings.organisation) if settings.inside_unseen else "",
        "threaded": w.word("threaded") if _replies_to(kind, occasion) else "",
        "another_notice": w.word("another_notice"),
        "outcome": w.word(f"outcome.{about}"),
        "outcome_short": w.word(f"outcome_short.{about}"),
        "outcome_short_cap": _capital(w.word(f"outcome_short.{about}")),
        "unheard_why": w.word(f"unheard.{occasion.why}"),
        "alert": w.word(f"alert.{ALERTS[alert]}"),
        "alert_todo": w.word(f"alert_todo.{ALERTS[alert]}"),
        "alert_words": occasion.answer,
        **_positions(occasion.original.look, settings.detail, w),
    }
    return values | _of_hold(held, settings, occasion, w) if held else values


# What the author's words stand in the place of: why it is held.  What could not be read is ours to say.
_EXPLAINED = {"reason": "", "may_not": ""}


def _authored(kind: Kind, held: HeldMessage | None, occasion: Occasion, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the paragraphs of the policy's author for this notice.

    The sender reads them once, in the first notice: of the hold, or of what a policy refused.
    """
    if held is None or not occasion.authored:
        return ()
    is_first = kind is Kind.HELD or (kind is Kind.REFUSED and held.decided_by == _BY_POLICY)
    known = {name: values.get(name, "") for name in _PLACEHOLDERS} | {
        "role": values["role_inline"],
        "attachment_count": str(held.attachment_count),
        "held_count": str(held.held_count),
        "delivered_count": str(held.delivered_count),
    }
    if kind is Kind.TASK:
        return paragraphs(occasion.original.reviewers_text, known | {"policy_title": values["policy_title"]})
    return paragraphs(occasion.original.sender_text, known) if is_first else ()


_PLACEHOLDERS = ("reference", "sent_at", "notice_title", "where", "deadline", "urgent_phone", "help_url")
# Who closed a hold that a policy rejects at once.
_BY_POLICY = "policy"

# How an alert's fixed words begin (courier, guard, store.outbox) -> its key in the words.
ALERTS: Mapping[str, str] = {
    "notice cut short": "notice_leak",
    "notice.": "notice_undelivered",
    "release refused": "release_refused",
    "approved mail could not be sent": "release_stuck",
    "guard": "guard",
    "policy": "policy_disabled",
    "": "other",
}


def reference(held: HeldMessage | None, occasion: Occasion) -> str:
    """Return what people call it by: the hold id, or for an alert about no hold a number."""
    return held.id if held else f"A{occasion.serial}"


def _of_hold(held: HeldMessage, settings: NoticeSettings, occasion: Occasion, w: Wording) -> dict[str, str]:
    zone, now = ZoneInfo(settings.timezone), occasion.now
    happened = w.moment(occasion.at or now, now, zone)
    role = settings.roles.get(held.review) or w.word("role.default")
    is_found, is_unread = bool(occasion.original.look.spots), bool(occasion.original.look.unread)
    # R10: a policy may hold for what it found, for what it could not read, or for who is on the mail alone.
    reason = "" if is_unread and not is_found else "reason.found" if is_found else "reason.other"
    held_n, passed_n, refused_n = held.held_count, held.delivered_count, occasion.refused
    return {
        "link": f"{settings.console_url.rstrip('/')}/c/{held.id}" if settings.console_url else "",
        "role": _capital(role),
        "role_inline": role,
        "notice_title": held.notice_title if occasion.titled else "",
        "policy_title": "; ".join(settings.titles.get(policy, policy) for policy in held.policies if occasion.titled),
        "severity": w.word(f"severity.{held.severity}"),
        "sent_at": w.moment(held.held_at, now, zone),
        "held_since": w.moment(held.held_at, now, zone, form="by"),
        "deadline": w.moment(held.due_at, now, zone, form="by"),
        "closes_at": w.moment(held.expires_at, now, zone),
        "decided_at": happened,
        "held_people": w.count("people", held_n),
        "delivered_people": _counted(w, "people", passed_n),
        "attachment_count": _counted(w, "attachments", held.attachment_count),
        # The quarantine closes what a policy rejects at once, as decided by "policy": nobody looked (R10).
        "refused_by": w.word("refused_by.policy")
        if held.decided_by == _BY_POLICY
        else w.word("refused_by.person", role=_capital(role)),
        "look_inside": w.word("look_inside") if held.attachment_count else "",
        "problem_count": _counted(w, "parts", len(held.problems)),
        "approvals": w.count("approvals", held.approvals_needed),
        "linked": held.linked_to,
        "on_server": w.word("on_server", reference=held.id),
        "what_happened": w.count("what_happened.some", held_n) if passed_n else w.word("what_happened.all"),
        "not_sent": w.count("not_sent.some", held_n) if passed_n else w.word("not_sent.all"),
        "others": _counted(w, "others", passed_n),
        "reason": w.word(reason),
        "may_not": w.word("may_not"),
        "unread_reason": w.word("reason.unread") if is_unread else "",
        "sent_on": w.count("sent_on.some" if refused_n else "sent_on", held_n - refused_n, time=happened),
        "undelivered": _counted(w, "undelivered", refused_n),
    }


def _counted(w: Wording, key: str, number: int) -> str:
    """Return the words for that many, or "" for none."""
    return w.count(key, number) if number else ""


def _positions(look: Look, detail: Detail, w: Wording) -> dict[str, str]:
    if detail == "none":
        return {}
    separator = w.word("list.separator") + " "
    persons = [_person(w, header, place) for header, place in look.persons[:PERSON_LIMIT]]
    if len(look.persons) > PERSON_LIMIT:
        persons.append(w.word("person.more"))
    kinds = dict.fromkeys(w.word(f"kind.{kind}") or w.word("kind.other") for kind in look.kinds)
    return {
        "where": separator.join(_limited([place_words(w, spot) for spot in look.spots], w)),
        "unread": separator.join(_limited([_unread(w, *item) for item in look.unread], w)),
        "person": separator.join(persons),
        "kinds": separator.join(kinds) if detail == "kind" else "",
    }


def _limited(phrases: Sequence[str], w: Wording) -> list[str]:
    kept = list(dict.fromkeys(phrases))
    return kept if len(kept) <= SPOT_LIMIT else [*kept[:SPOT_LIMIT], w.word("place.more")]


def place_words(w: Wording, spot: Spot) -> str:
    """Return a position in words: ``attachment 1, page 4``, ``attachment 2, sheet 1, cell B7``."""
    on_sheet = "_on_sheet" if spot.kind == "comment" and spot.row else ""
    inside = w.word(f"place.{spot.kind}{on_sheet}", n=spot.number)
    cell = w.word("place.cell", cell=spot.cell) if spot.cell else w.word("place.row", n=spot.row) if spot.row else ""
    if not spot.attachment:
        return ", ".join(filter(None, (inside or w.word("place.body"), cell)))
    attachment = w.word("place.inside" if spot.inside else "place.attachment", n=spot.attachment)
    return ", ".join(filter(None, (attachment, inside if spot.kind != "body" else "", cell)))


def _unread(w: Wording, attachment: int, reason: str) -> str:
    what = w.word("place.attachment", n=attachment) if attachment else w.word("place.body")
    why = w.word(f"unread.{reason}")
    return f"{what} ({why})" if why else what


def _person(w: Wording, header: str, place: int) -> str:
    ordinal = w.word(f"ordinal.{place}")
    name = w.word(f"header.{header}")
    return (
        w.word("person.first", ordinal=ordinal, header=name) if ordinal else w.word("person.nth", n=place, header=name)
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


# -- mail -------------------------------------------------------------------------------------------------------

# In-Reply-To and References hold one msg-id here; typed so, the library never splits it into encoded words.
_REGISTRY = HeaderRegistry()
for _name in ("in-reply-to", "references"):
    _REGISTRY.map_to_type(_name, cast("type[BaseHeader]", MessageIDHeader))
_POLICY = email.policy.SMTP.clone(header_factory=_REGISTRY)


def _replies_to(kind: Kind, occasion: Occasion) -> bool:
    return kind in TO_SENDER and occasion.threaded and not occasion.minimal and bool(occasion.original.message_id)


def _headers(
    kind: Kind, held: HeldMessage | None, settings: NoticeSettings, occasion: Occasion, subject: str
) -> dict[str, str]:
    domain = settings.sender.rpartition("@")[2]
    # The owner's notice about a release is another than the one about the hold.
    name = f"{kind}-{occasion.about}" if kind is Kind.UNHEARD and occasion.about else kind.value
    headers = {
        "From": email.utils.formataddr((clean(settings.sender_name), clean(settings.sender))),
        "To": _to(occasion.to),
        "Reply-To": clean(settings.reply_to or settings.sender),
        "Subject": subject,
        "Date": email.utils.format_datetime(occasion.now),
        # RFC 3834, section 5: an answer to one message, or something a machine began.
        "Auto-Submitted": "auto-replied" if kind in TO_SENDER else "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Message-ID": f"<{_atom(reference(held, occasion))}.{name}.{occasion.serial}@{_atom(domain) or 'localhost'}>",
    }
    if _replies_to(kind, occasion):
        headers |= {"In-Reply-To": occasion.original.message_id, "References": occasion.original.message_id}
    return headers


def _atom(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)


_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+", re.ASCII)


def _to(addresses: Sequence[str]) -> str:
    if not addresses or len(addresses) > TO_LIMIT or not all(map(_PLAIN_ADDRESS.fullmatch, addresses)):
        return "undisclosed-recipients:;"
    return ", ".join(addresses)


def _as_text(blocks: Sequence[Block]) -> str:
    return "\n\n".join(_block_text(block) for block in blocks) + "\n"


def _block_text(block: Block) -> str:
    lines = []
    for number, (label, text) in enumerate(block.lines, start=1):
        first = {"numbered": f"{number}. ", "bullets": "- ", "rows": f"  {label}: "}.get(block.kind, "")
        indent = {"rows": "    "}.get(block.kind, " " * len(first))
        lines.append(
            textwrap.fill(
                text,
                WIDTH,
                initial_indent=first,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return "\n".join(lines)


def _as_html(subject: str, blocks: Sequence[Block], language: str) -> str:
    """Return the same blocks as one column of plain HTML: no images, no styles from elsewhere, nothing remote (R6)."""
    title = html.escape(subject)
    head = f'<!DOCTYPE html>\n<html lang="{html.escape(language)}">\n<head>\n<meta charset="utf-8">'
    body = "\n".join(_block_html(block) for block in blocks)
    return f'{head}\n<title>{title}</title>\n</head>\n<body style="{_STYLE}">\n{body}\n</body>\n</html>\n'


_STYLE = "font-family:sans-serif;font-size:16px;line-height:1.5;max-width:40em"


def _block_html(block: Block) -> str:
    if block.kind == "rows":
        return (
            "<p>" + "<br>\n".join(f"{html.escape(label)}: <b>{_rich(text)}</b>" for label, text in block.lines) + "</p>"
        )
    tag = {"heading": "h2", "numbered": "li", "bullets": "li"}.get(block.kind)
    if tag is None:
        return "<p>" + "<br>\n".join(_rich(text) for _, text in block.lines) + "</p>"
    lines = "\n".join(f"<{tag}>{_rich(text)}</{tag}>" for _, text in block.lines)
    outer = {"numbered": "ol", "bullets": "ul"}.get(block.kind)
    return f"<{outer}>\n{lines}\n</{outer}>" if outer else lines


_LINK = re.compile(r"https://[^\s<>\"']+[^\s<>\"'.,;:)]")


def _rich(text: str) -> str:
    """Return *text* escaped, its https addresses made links (they come from settings and policies only)."""
    done, pieces = 0, []
    for link in _LINK.finditer(text):
        target = html.escape(link[0])
        pieces += [html.escape(text[done : link.start()]), f'<a href="{target}">{target}</a>']
        done = link.end()
    return "".join([*pieces, html.escape(text[done:])])
