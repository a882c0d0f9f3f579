# SPDX-License-Identifier: GPL-3.0-or-later
"""One message of a mailbox, judged as the gateway would judge it if it were sent today.

The same functions as the gate's, in the same order: facts, demand, reading, verdict.  What differs is said here.  A
mailbox has no envelope: the sender is whom From names, recipients are those of To and Cc.  Nothing was before: whoever
gets a message is a first contact, and nothing was counted.  A policy in shadow is judged as if it were enforced, as
``policy test`` does: what it would hold is the question.

A policy was *asked* about a message where the envelope leaves it possible that it concerns one of the recipients
(:func:`safehold.screening.asked`).  Of a message about which nobody asked it says nothing that
it was not held.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from safehold import screening
from safehold.backtest import mailboxes
from safehold.backtest.mailboxes import Piece
from safehold.errors import ReaderError
from safehold.gate.facts import Expander, Site, address_headers, gather, normal
from safehold.model import Action, Demand, Envelope, Facts, Message, Reading, Recipient, Verdict
from safehold.policy import PolicySet
from safehold.policy.language import Mode
from safehold.register.index import Register

Reader = Callable[[bytes, Demand], Reading]

NO_RECIPIENT = "names no recipient"
NO_READER = "no reader was to be had"
FAILED = "the check itself failed"
_TRIES = 3
_PAUSE_S = 1.0
# A client on the internet, for mail that comes in (TEST-NET-3, RFC 5737).
_OUTSIDE = "203.0.113.7"
_STOPPED = (Action.HOLD, Action.REJECT)


@dataclass(frozen=True, slots=True)
class Sending:
    """How messages are taken to have been sent.

    Attributes:
        site: Ours; where it has no own domain, the sender's is, but see ``assume``.
        expander: Who is behind an address.
        now: The day.
        assume: ``outbound``, ``internal``, ``inbound`` or ``transit``; "" for outbound where the sender is ours, else
            inbound.  ``outbound`` without an own domain takes everybody who gets it to be outside.
    """

    site: Site
    expander: Expander
    now: datetime
    assume: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one set of policies says of a message: ids and counts.

    Attributes:
        asked: Policies that could concern somebody who gets it.
        held: Policies that hold somebody's copy.
        recipients: How many copies are held.
        noted: Policies that have it recorded and hold nothing.
        mark: Equal where the verdict on every recipient is, whoever he is.
    """

    asked: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    recipients: int = 0
    noted: tuple[str, ...] = ()
    mark: int = field(default=0, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one message: why it was skipped, or the judgement, and that of the policies to compare with.

    ``is_fault`` says that it was skipped because we failed, not for what it is: the gateway would let it wait, and hold
    it when it comes for the third time.
    """

    skipped: str = ""
    is_unread: bool = False
    is_fault: bool = False
    now: Judgement = Judgement()
    before: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """One set of policies, as it is asked: enforced."""

    policies: PolicySet
    register: Register

    @classmethod
    def of(cls, policies: PolicySet, register: Register) -> "Rules":
        """Return policies with those in shadow as if they were enforced."""
        awake = tuple(replace(each, mode=Mode.ENFORCE) for each in policies.policies if each.mode is not Mode.OFF)
        return cls(replace(policies, policies=awake), register)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the ids of the policies that are asked."""
        return tuple(policy.id for policy in self.policies.policies)

    def asked(self, facts: Facts) -> tuple[str, ...]:
        """Return the policies that could concern somebody who gets this message."""
        return screening.asked(facts, self.register, self.policies)


class Judge:
    """Judges messages under one set of policies, or under two."""

    def __init__(self, sending: Sending, rules: Rules, before: Rules | None, *, most_bytes: int) -> None:
        self._sending = sending
        self._rules = rules
        self._before = before
        self._most_bytes = most_bytes

    def outcome(self, piece: Piece, read: Reader) -> Outcome:
        """Return what comes of one message.  Never raises for what a message causes."""
        try:
            content, problem = mailboxes.content(piece, self._most_bytes)
            if problem:
                return Outcome(problem)
            sent = as_sent(content, self._sending)
            if sent is None:
                return Outcome(NO_RECIPIENT)
            return self._judged(*sent, _Readings(content, read))
        except ReaderError:
            return Outcome(NO_READER, is_fault=True)
        except Exception as error:  # noqa: BLE001 - one message that we fail at must not cost the figures of all others
            return Outcome(f"{FAILED} ({type(error).__name__})", is_fault=True)

    def _judged(self, message: Message, facts: Facts, readings: "_Readings") -> Outcome:
        now = _judgement(message, facts, self._rules, readings)
        before = _judgement(message, facts, self._before, readings) if self._before is not None else None
        return Outcome(is_unread=readings.has_problems, now=now, before=before)


class _Readings:
    """The readings of one message, each made once."""

    def __init__(self, content: bytes, read: Reader) -> None:
        self._content = content
        self._read = read
        self._made: dict[Demand, Reading] = {}

    def of(self, demand: Demand) -> Reading:
        if demand not in self._made:
            self._made[demand] = self._patiently(demand)
        return self._made[demand]

    @property
    def has_problems(self) -> bool:
        return any(reading.problems for reading in self._made.values())

    def _patiently(self, demand: Demand) -> Reading:
        """Read as mail is read that comes again after a temporary failure."""
        for _ in range(_TRIES - 1):
            try:
                return self._read(self._content, demand)
            except ReaderError:
                time.sleep(_PAUSE_S)
        return self._read(self._content, demand)


def _judgement(message: Message, facts: Facts, rules: Rules, readings: _Readings) -> Judgement:
    demand = screening.demand(facts, rules.register, rules.policies)
    if demand is None:
        return Judgement()
    reading = readings.of(demand)
    verdict = screening.screen(reading, message.envelope, facts, rules.register, rules.policies)
    return Judgement(
        asked=rules.asked(facts),
        held=_policies(verdict, *_STOPPED),
        recipients=len(verdict.with_action(*_STOPPED)),
        noted=_policies(verdict, Action.NOTIFY),
        mark=_mark(verdict),
    )


def _policies(verdict: Verdict, *actions: Action) -> tuple[str, ...]:
    return tuple(sorted({g.policy for each in verdict.recipients for g in each.grounds if g.action in actions}))


def _mark(verdict: Verdict) -> int:
    """Return what tells a verdict from others; 0 where nothing happens to anybody, as where nobody was asked."""
    said = tuple(
        (each.recipient.address, each.action.value, tuple(sorted({g.policy for g in each.deciding})))
        for each in verdict.recipients
        if each.action is not Action.PASS
    )
    return hash(said) if said else 0


def as_sent(content: bytes, sending: Sending) -> tuple[Message, Facts] | None:
    """Return a message with what the gateway would know of it, or None where nobody gets it."""
    headers = address_headers(content)
    sender = next((address for _, address in headers["from"]), "")
    recipients = tuple(dict.fromkeys(address for _, address in (*headers["to"], *headers["cc"])))
    if not recipients:
        return None
    site = sending.site
    if not site.own_domains and sending.assume != "outbound":
        site = replace(site, own_domains=frozenset({normal(sender).rpartition("@")[2]}))
    assume = sending.assume or ("outbound" if site.owns(sender) else "inbound")
    is_ours = assume in {"outbound", "internal"}
    macros = (
        {"{auth_authen}": sender or "backtest", "{client_addr}": "127.0.0.1"}
        if is_ours
        else {"{client_addr}": _OUTSIDE}
    )
    envelope = Envelope(sender, tuple(map(Recipient, recipients)))
    message = Message(envelope, content, sending.now.astimezone(UTC), macros)
    return message, gather(message, site, sending.expander, sending.now)
