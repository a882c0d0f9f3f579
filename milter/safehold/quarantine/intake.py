# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a message in: which recipients join an earlier hold, which make a new one, and everything stored with it.

The sealing (25 MB take a while) happens before the write transaction; who joins is asked again inside it, and if the
answer changed meanwhile, all of it is done again.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from safehold import postfix, vault
from safehold.errors import StoreError
from safehold.model import (
    Action,
    Facts,
    Handling,
    HeldContent,
    HeldMessage,
    HoldState,
    Message,
    Reading,
    Recipient,
    RecipientVerdict,
    Verdict,
)
from safehold.quarantine import contents, digests, evidence, moves, tallies, trace
from safehold.quarantine.hours import Calendar, due
from safehold.quarantine.outlets import Outlets
from safehold.quarantine.tallies import Counted
from safehold.store import Store, audit, holds, memory, outbox

# Postfix and its like give up on a message after 5 days: a later copy is no retry (DESIGN P3).
RETRY_WINDOW = timedelta(days=5)
# Who closes a hold of a recipient whom a policy rejects outright.
BY_POLICY = "policy"
GATEWAY = "gateway"

# Crockford's base32: no I, L, O, U, so that an id survives a telephone.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class HoldOutcome:
    """Where a message went.

    Attributes:
        hold_id: The new hold, or the one that everybody joined.
        joined: Whether no new hold was made: this was a retry.
        joined_to: Every hold that recipients joined.
        refused: The closed hold of recipients whom a policy rejected, or "".
    """

    hold_id: str
    joined: bool
    joined_to: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message as the gate hands it over, and by which calendar its reviewers work."""

    message: Message
    facts: Facts
    verdict: Verdict
    reading: Reading
    now: datetime
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class _Split:
    """Who joins what: recipients without an earlier hold, the holds joined, and the earlier hold to link to."""

    new: tuple[RecipientVerdict, ...] = field(repr=False)
    keys: tuple[holds.RetryKey, ...] = field(repr=False)
    joined: tuple[tuple[str, int], ...]
    linked_to: str


def new_id() -> str:
    """Return a hold id such as ``7K4M-2QXR``: 40 random bits that a person can say on the telephone."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def spoken_id(text: str) -> str:
    """Return the hold id that a person typed or heard: case, dash and spaces forgiven, O for 0, I and L for 1."""
    letters = "".join(c for c in text.upper() if c.isalnum()).translate(str.maketrans("OIL", "011"))
    return f"{letters[:4]}-{letters[4:]}"


def take_in(
    store: Store, keys: vault.KeyRing, arrival: Arrival, expires_after: timedelta, outlets: Outlets
) -> HoldOutcome:
    """Hold the held recipients, close the rejected ones as refused; return once all of it is durable."""
    groups = (_distinct(arrival.verdict, Action.HOLD), _distinct(arrival.verdict, Action.REJECT))
    if not any(groups):
        raise ValueError("nobody is held and nobody rejected")
    message, digest = arrival.message, digests.retry_digest(arrival.message.content)
    retry_keys = tuple(
        digests.retry_keys(keys.store, message, digest, (each.recipient.address for each in group)) for group in groups
    )
    fault = digests.fault_key(keys.store, message, digest)
    counted = tallies.counted(keys.store, arrival.facts, arrival.verdict)
    for _ in range(5):
        with store.read() as connection:
            splits = _split_both(connection, groups, retry_keys, arrival.now)
        prepared = [
            _prepare(keys, arrival, split, expires_after, rejected=rejected)
            for split, rejected in zip(splits, (False, True), strict=True)
            if split.new
        ]
        with store.write() as connection:
            still = splits == _split_both(connection, groups, retry_keys, arrival.now)
            if still and not any(holds.exists(connection, new.held.id) for new in prepared):
                holds.forget_faults(connection, [fault])
                _store(connection, arrival, splits, prepared)
                _count(connection, counted, groups, splits, arrival.now)
                _order_archive_copy(connection, prepared, outlets, arrival.now)
                return _outcome(splits, prepared)
    raise StoreError("the store changes too fast to hold this message now")


def _distinct(verdict: Verdict, action: Action) -> tuple[RecipientVerdict, ...]:
    """Return the recipients with *action*, each address once."""
    found: dict[bytes, RecipientVerdict] = {}
    for each in verdict.with_action(action):
        found.setdefault(digests.address_bytes(each.recipient.address), each)
    return tuple(found.values())


def _split_both(
    connection: Connection,
    groups: Sequence[tuple[RecipientVerdict, ...]],
    retry_keys: Sequence[tuple[holds.RetryKey, ...]],
    now: datetime,
) -> tuple[_Split, _Split]:
    held, rejected = zip(groups, retry_keys, strict=True)
    return _split(connection, *held, now, rejected=False), _split(connection, *rejected, now, rejected=True)


def _split(
    connection: Connection,
    group: Sequence[RecipientVerdict],
    retry_keys: Sequence[holds.RetryKey],
    now: datetime,
    *,
    rejected: bool,
) -> _Split:
    new: list[tuple[RecipientVerdict, holds.RetryKey]] = []
    joined: dict[str, int] = {}
    linked_to = ""
    for each, key in zip(group, retry_keys, strict=True):
        earlier = holds.matches(connection, key)
        match = next((m for m in earlier if _joins(m, now, rejected=rejected)), None)
        if match is not None:
            joined[match.hold] = joined.get(match.hold, 0) + 1
        else:
            new.append((each, key))
            linked_to = linked_to or next((m.hold for m in earlier), "")
    linked_to = linked_to or next(iter(joined), "")
    return _Split(tuple(n[0] for n in new), tuple(n[1] for n in new), tuple(joined.items()), linked_to)


def _joins(match: holds.Match, now: datetime, *, rejected: bool) -> bool:
    if now - match.held_at >= RETRY_WINDOW:
        return False
    if rejected:
        return match.recipient_state == "refused"
    return match.state in moves.OPEN


def _prepare(
    keys: vault.KeyRing, arrival: Arrival, split: _Split, expires_after: timedelta, *, rejected: bool
) -> holds.NewHold:
    handlings = _handlings(arrival, split)
    handling = moves.strictest(handlings)
    due_at, office = _deadline(handlings or [handling], arrival)
    held = replace(
        held_message(
            arrival.message, arrival.facts, arrival.reading, arrival.verdict, split.new, handling, rejected=rejected
        ),
        held_at=arrival.now,
        due_at=due_at,
        expires_at=arrival.now + expires_after,
        office=office,
        linked_to=split.linked_to,
    )
    leaving = _leaving(arrival.message, split.new)
    content = HeldContent(
        envelope=arrival.message.envelope,
        held=leaving,
        content=arrival.message.content,
        evidence=evidence.build(arrival.verdict, split.new, arrival.reading, handling=handling),
        received=trace.received(arrival.message),
        identity=arrival.facts.identity,
    )
    sender, digest = arrival.message.envelope.sender, digests.content_digest(arrival.message.content)
    return holds.NewHold(
        held=held,
        closed_at=arrival.now if rejected else None,
        sealed=vault.seal(keys.sealing, keys.recovery, held.id, contents.pack(content)),
        retry_keys=split.keys,
        release_keys=[digests.release_key(keys.store, sender, each.address, digest) for each in leaving],
        states=[_state(each.recipient.address, arrival.facts, rejected=rejected) for each in split.new],
        parties=_parties(keys.store, arrival),
    )


def _handlings(arrival: Arrival, split: _Split) -> Sequence[Handling]:
    """Return what the policies that decided want done, each by itself."""
    policies = {ground.policy for each in split.new for ground in each.deciding}
    return [each for each in arrival.verdict.handling if each.policy in policies] or arrival.verdict.handling


def _deadline(handlings: Sequence[Handling], arrival: Arrival) -> tuple[datetime, bool]:
    """Return the earliest of the deadlines, and whether it counts the hours of the office alone."""
    return min((due(arrival.now, h.deadline_s, arrival.calendar, office=h.office), h.office) for h in handlings)


def held_message(
    message: Message,
    facts: Facts,
    reading: Reading,
    verdict: Verdict,
    group: Sequence[RecipientVerdict],
    handling: Handling,
    *,
    rejected: bool,
) -> HeldMessage:
    """Return what is open to see of a hold of the copies of *group*, due and ending as soon as it was received."""
    deciding = [ground for each in group for ground in each.deciding]
    problems = {problem.reason.value for problem in (*verdict.problems, *reading.problems)}
    return HeldMessage(
        id=new_id(),
        state=HoldState.REFUSED if rejected else HoldState.HELD,
        version=1,
        held_at=facts.now,
        due_at=facts.now,
        expires_at=facts.now,
        policies=tuple(sorted({ground.policy for ground in deciding})),
        persons=tuple(sorted({ground.person for ground in deciding if ground.person})),
        severity=handling.severity,
        notice_title=handling.notice_title,
        review=handling.review,
        approvals_needed=handling.approvals,
        approved_by=(),
        decided_by=BY_POLICY if rejected else "",
        origin=facts.origin,
        queue_id=plain(message.queue_id, 64),
        held_count=len(group),
        delivered_count=len(verdict.with_action(Action.PASS, Action.NOTIFY)),
        attachment_count=len({part.attachment for part in reading.parts if part.attachment}),
        size_bytes=len(message.content),
        problems=tuple(sorted(problems)),
    )


def _state(address: str, facts: Facts, *, rejected: bool) -> str:
    if rejected:
        return holds.REFUSED
    if address not in facts.unexpanded:
        return holds.HELD
    return holds.LIST if postfix.is_list(facts.unexpanded[address]) else holds.UNREAD


def plain(text: str, most: int) -> str:
    """Return *text* as one line of printable ASCII of at most *most* characters, anything like an address taken out."""
    words = (word if "@" not in word else "(address)" for word in text.split())
    return "".join(c if " " <= c <= "~" else "?" for c in " ".join(words))[:most]


def _leaving(message: Message, group: Sequence[RecipientVerdict]) -> tuple[Recipient, ...]:
    """Return the final addresses to release to, each with the ESMTP parameters of the RCPT that leads to it."""
    parameters: Mapping[str, tuple[str, ...]] = {
        each.address: each.parameters for each in reversed(message.envelope.recipients)
    }
    leaving = []
    for each in group:
        via = next((address for address in each.recipient.via if address in parameters), "")
        leaving.append(Recipient(each.recipient.address, parameters.get(via, ())))
    return tuple(leaving)


def _parties(store_key: bytes, arrival: Arrival) -> tuple[str, ...]:
    """Return keyed hashes of everybody who sent the message or gets it: none of them may decide on it."""
    facts, message = arrival.facts, arrival.message
    addresses = {facts.identity, message.envelope.sender, *facts.senders}
    addresses |= {each.address for each in message.envelope.recipients}
    addresses |= {each.address for each in facts.recipients}
    return tuple(sorted(digests.party(store_key, each) for each in addresses if each))


def _store(
    connection: Connection, arrival: Arrival, splits: Sequence[_Split], prepared: Sequence[holds.NewHold]
) -> None:
    for new in prepared:
        holds.add(connection, new)
        rejected = new.held.state is HoldState.REFUSED
        audit.append(
            connection,
            "refused by policy" if rejected else "held",
            now=arrival.now,
            hold=new.held.id,
            actor=GATEWAY,
            facts=_audited(arrival, new),
        )
        for kind in ("notice.refused",) if rejected else ("notice.held", "notice.task"):
            outbox.add(connection, kind, hold=new.held.id, version=1, now=arrival.now)
    for split in splits:
        for hold, count in split.joined:
            facts = {"recipients": count, "queue_id": plain(arrival.message.queue_id, 64)}
            audit.append(connection, "retry joined", now=arrival.now, hold=hold, actor=GATEWAY, facts=facts)


def _count(
    connection: Connection,
    counted: Sequence[Counted],
    groups: Sequence[Sequence[RecipientVerdict]],
    splits: Sequence[_Split],
    now: datetime,
) -> None:
    """Count the matches of a message that made a hold: a retry, or a copy that joined an earlier hold, was counted."""

    def addresses(recipients: Iterable[RecipientVerdict]) -> set[bytes]:
        return {digests.address_bytes(each.recipient.address) for each in recipients}

    new = addresses(each for split in splits for each in split.new)
    joined = addresses(each for group in groups for each in group) - new
    if new:
        news = (each.tally for each in counted if digests.address_bytes(each.recipient) not in joined)
        memory.record(connection, news, now)


def _order_archive_copy(
    connection: Connection, prepared: Sequence[holds.NewHold], outlets: Outlets, now: datetime
) -> None:
    """Have the archive's copy made now, where it is wanted at the hold and nothing of the message goes on to make one.

    One message has one copy: what became a hold and a refusal at once has it with the hold.
    """
    if outlets.at_hold:
        new = next((n.held for n in prepared if n.held.state is HoldState.HELD and not n.held.delivered_count), None)
        if new is not None:
            outbox.journal(connection, hold=new.id, now=now)


def _audited(arrival: Arrival, new: holds.NewHold) -> dict[str, object]:
    held = new.held
    roles = {each.review for each in arrival.verdict.handling if each.policy in held.policies}
    return {
        "policies": list(held.policies),
        "severity": held.severity,
        "review": sorted(roles | {held.review}),
        "approvals_needed": held.approvals_needed,
        "held": held.held_count,
        "lists": new.states.count(holds.LIST),
        "unread": new.states.count(holds.UNREAD),
        "delivered": held.delivered_count,
        "problems": list(held.problems),
        "queue_id": held.queue_id,
        "linked_to": held.linked_to,
        "policies_digest": arrival.verdict.policies_digest,
        "register_digest": arrival.verdict.register_digest,
    }


def _outcome(splits: Sequence[_Split], prepared: Sequence[holds.NewHold]) -> HoldOutcome:
    opened = next((new.held.id for new in prepared if new.held.state is HoldState.HELD), "")
    refused = next((new.held.id for new in prepared if new.held.state is HoldState.REFUSED), "")
    joined_to = tuple(hold for split in splits for hold, _ in split.joined)
    return HoldOutcome(
        hold_id=opened or next(iter(joined_to), "") or refused,
        joined=not prepared,
        joined_to=joined_to,
        refused=refused,
    )
