# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: from a message to the one reply it gets.

``Gate.judge`` is the only path from a verdict to the wire (DESIGN 3).  Its promises:

- nothing is answered 250 that is neither handed on nor durably held (P1);
- what the *content* causes is a problem, and policies decide; what *we* cause is a temporary failure, and the third
  of one retry key is a hold with the reason ``crashed`` (P2);
- it never raises, and logs counts and ids only (P4).
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from safehold import screening
from safehold.errors import SafeholdError, StoreError
from safehold.gate.facts import Expander, Site, direction_of, final_recipients, gather, origin_of
from safehold.gate.history import Forgetful
from safehold.model import (
    REFUSED,
    TRY_LATER,
    Action,
    Demand,
    Facts,
    FinalRecipient,
    Message,
    PartPath,
    Problem,
    Reading,
    Reason,
    Recipient,
    RecipientVerdict,
    Reply,
    ReplyKind,
    Verdict,
)
from safehold.policy import PolicySet
from safehold.quarantine import Quarantine
from safehold.register.index import Register

log = logging.getLogger(__name__)

# The third temporary failure of one retry key becomes a hold (P2): a message that always crashes us must reach a
# person and not circle in a queue until it bounces.
FAULTS_BEFORE_HOLD = 3
TRUNCATED = "{safehold_truncated}"
TOO_BIG = Reply(ReplyKind.REJECT, code=("552", "5.3.4", "message is larger than can be checked here"))


@dataclass(frozen=True, slots=True)
class Rules:
    """One consistent pair of policies and register, swapped whole at a reload."""

    policies: PolicySet
    register: Register


class Reader(Protocol):
    """What reads hostile bytes elsewhere (:class:`safehold.reading.pool.ReaderPool`)."""

    def read(
        self,
        content: bytes,
        *,
        document_name: str | None = None,
        demand: Demand = ...,
        tick: Callable[[], None] | None = None,
    ) -> Reading:
        """Return the reading of a message."""


def _now() -> datetime:
    return datetime.now(UTC)


class Gate:
    """Judges messages.  Thread-safe: front ends call :meth:`judge` from many threads at once."""

    def __init__(
        self,
        *,
        rules: Callable[[], Rules],
        reader: Reader,
        quarantine: Quarantine,
        site: Site,
        expander: Expander,
        history: Forgetful = Forgetful(),  # noqa: B008 - without state
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._rules = rules
        self._reader = reader
        self._quarantine = quarantine
        self._site = site
        self._expander = expander
        self._history = history
        self._now = now

    def judge(self, message: Message, progress: Callable[[], None] | None = None) -> Reply:
        """Return the reply for *message*, after the hold (if any) is committed."""
        if message.macros.get(TRUNCATED):
            return TOO_BIG
        started = time.monotonic()
        facts: Facts | None = None
        try:
            facts = gather(message, self._site, self._expander, self._now())
            rules = self._rules()
            facts = self._history.contacts(facts, rules.policies)
            verdict, reading = self._verdict(message, facts, rules, progress)
            reply = self._carry_out(message, facts, verdict, reading)
            self._learn(facts, verdict, reply)
        except StoreError as error:
            log.error("deferred queue_id=%s cause=store detail=%s", message.queue_id, error)
            return TRY_LATER
        except Exception as error:  # noqa: BLE001 - whatever it was, the mail waits and does not leak
            return self._after_fault(message, facts, error)
        log.info(
            "%s queue_id=%s hold=%s recipients=%d parts=%d problems=%d policies=%s took_ms=%d",
            verdict.action.value if verdict.action is not Action.PASS else "passed",
            message.queue_id,
            reply.hold or "-",
            len(verdict.recipients),
            len(reading.parts),
            len(reading.problems),
            ",".join(sorted({g.policy for r in verdict.recipients for g in r.deciding})) or "-",
            (time.monotonic() - started) * 1000,
        )
        return reply

    def _learn(self, facts: Facts, verdict: Verdict, reply: Reply) -> None:
        """Remember the message: after its reply is certain, and never in its way."""
        is_written = reply.hold or verdict.with_action(Action.NOTIFY)  # its matches went with the hold, or the note
        self._history.learn(facts, verdict, reply, () if is_written else self._quarantine.matches(facts, verdict))

    def _verdict(
        self, message: Message, facts: Facts, rules: Rules, progress: Callable[[], None] | None
    ) -> tuple[Verdict, Reading]:
        demand = screening.demand(facts, rules.register, rules.policies)
        if demand is None:  # no policy concerns this envelope: there is nothing that reading could change
            return Verdict(tuple(RecipientVerdict(r, Action.PASS) for r in facts.recipients)), Reading()
        reading = self._reader.read(message.content, demand=demand, tick=progress)
        verdict = screening.screen(reading, message.envelope, facts, rules.register, rules.policies)
        # Few messages match a policy that counts, and only these are worth a question to the store.
        matched = {ground.policy for each in verdict.recipients for ground in each.grounds}
        counted = self._history.counts(facts, rules.policies, matched)
        if counted is not facts:
            verdict = screening.screen(reading, message.envelope, counted, rules.register, rules.policies)
        return verdict, reading

    def _carry_out(self, message: Message, facts: Facts, verdict: Verdict, reading: Reading) -> Reply:
        stopped = verdict.with_action(Action.HOLD, Action.REJECT)
        if verdict.with_action(Action.NOTIFY):
            self._quarantine.note(message, facts, verdict, now=facts.now)
        if not stopped:
            return Reply(ReplyKind.ACCEPT)
        if all(r.action is Action.REJECT for r in verdict.recipients):
            return REFUSED
        outcome = self._quarantine.hold(message, facts, verdict, reading, now=facts.now)
        return reply_for(message, verdict, outcome.hold_id)

    def _after_fault(self, message: Message, facts: Facts | None, error: Exception) -> Reply:
        # The type and our own words may be logged; the text of a foreign exception may quote the message.
        detail = str(error) if isinstance(error, SafeholdError) else "-"
        log.error("deferred queue_id=%s cause=%s detail=%s", message.queue_id, type(error).__name__, detail)
        if facts is None:
            facts = self._bare_facts(message)
        try:
            if self._quarantine.fault(message, facts, now=facts.now) < FAULTS_BEFORE_HOLD:
                return TRY_LATER
            verdict = unchecked(facts)
            outcome = self._quarantine.hold(message, facts, verdict, Reading(problems=verdict.problems), now=facts.now)
        except Exception as second:  # noqa: BLE001 - see above
            log.error("deferred queue_id=%s cause=%s after=fault", message.queue_id, type(second).__name__)
            return TRY_LATER
        log.error("held queue_id=%s hold=%s cause=crashed", message.queue_id, outcome.hold_id)
        return reply_for(message, verdict, outcome.hold_id)

    def _bare_facts(self, message: Message) -> Facts:
        origin = origin_of(message, self._site)
        try:
            recipients, unexpanded = final_recipients(message, self._site, self._expander, origin, {})
        except Exception:  # noqa: BLE001 - this may be the very fault; whoever cannot be told is held under his own name
            recipients, unexpanded = (), {r.address: "the check itself failed" for r in message.envelope.recipients}
        return Facts(
            now=self._now(),
            origin=origin,
            recipients=recipients,
            unexpanded=unexpanded,
            own_domains=self._site.own_domains,
        )


def unchecked(facts: Facts) -> Verdict:
    """Return the verdict that holds everything because we, not the message, failed three times."""
    problem = Problem(PartPath(), Reason.CRASHED, "the check itself failed three times")
    site = Site(facts.own_domains)
    whole = tuple(
        FinalRecipient(address, (address,), direction_of(address, facts.origin, site)) for address in facts.unexpanded
    )
    return Verdict(
        tuple(RecipientVerdict(r, Action.HOLD, why="the check itself failed") for r in (*facts.recipients, *whole)),
        problems=(problem,),
    )


def reply_for(message: Message, verdict: Verdict, hold_id: str) -> Reply:
    """Return the reply that stops exactly the held copies (DESIGN 3.4).

    An envelope recipient is *touched* if any of its final addresses is held.  All final addresses held: discard (the
    hold is committed).  Otherwise every touched recipient is deleted, and its unheld final addresses are put back,
    unless an untouched recipient leads to them anyway (they would get the mail twice).
    """
    stopped = {r.recipient.address.lower() for r in verdict.with_action(Action.HOLD, Action.REJECT)}
    free = [r.recipient for r in verdict.recipients if r.recipient.address.lower() not in stopped]
    if not free:
        return Reply(ReplyKind.DISCARD, hold=hold_id)
    touched = {via for r in verdict.recipients if r.recipient.address.lower() in stopped for via in r.recipient.via}
    given = message.envelope.recipients
    parameters = {r.address: r.parameters for r in reversed(given)}
    add = tuple(
        Recipient(r.address, parameters.get(r.via[0], ())) for r in free if all(via in touched for via in r.via)
    )
    remove = tuple(r for r in given if r.address in touched)
    return Reply(ReplyKind.ACCEPT, remove=remove, add=add, hold=hold_id)
