# SPDX-License-Identifier: GPL-3.0-or-later
"""The sender's notice of a test: rendered from a hold that is built in memory, and read as its reader would.

The gateway's own words, evidence and leak check make it; nothing of the site takes part, so organisation, roles and
phone are those of no site.  What a policy's author wrote must pass the leak check: else the gateway would send the
notice without her words, and a test that expects them must say so.  Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

from safehold import notices
from safehold.model import (
    Action,
    Facts,
    Handling,
    HeldContent,
    HeldMessage,
    Message,
    Reading,
    Recipient,
    RecipientVerdict,
    Verdict,
)
from safehold.notices import Kind, NoticeSettings, Occasion
from safehold.policy import PolicySet
from safehold.proof.cases import NOTICE_WORDS, NoticeExpected
from safehold.quarantine import evidence, intake, moves

_REFERENCE = "0000-TEST"
_KEPT = timedelta(days=30)
_SAID = {kind: words for words, kind in NOTICE_WORDS.items()}
_OF_SENDER = {Action.HOLD: Kind.HELD, Action.REJECT: Kind.REFUSED}


@dataclass(frozen=True, slots=True)
class Held:
    """A message and the verdict on it: all that a notice about it can depend on."""

    message: Message = field(repr=False)
    facts: Facts = field(repr=False)
    reading: Reading = field(repr=False)
    verdict: Verdict = field(repr=False)


def faults(expected: NoticeExpected, held: Held, policies: PolicySet) -> Iterator[str]:
    """Yield what the notice to the sender has too much or too little."""
    rendered = [_rendered(action, group, held, policies) for action, group in _groups(held.verdict)]
    if not rendered:
        yield "nobody's copy is held or refused, so the sender gets none"
        return
    if any(automatic for _, _, automatic in rendered):
        yield "the sender is a robot or a list, which gets no notice"
        return
    leaked = sorted({_SAID.get(kind, kind) for _, leaks, _ in rendered for kind in leaks})
    if leaked:
        yield f"it would tell {', '.join(leaked)}, so the gateway leaves out the policy's own words"
    said = _folded(" ".join(text for text, _, _ in rendered))
    yield from (f"it does not say `{text}`" for text in expected.has if _folded(text) not in said)
    for text in expected.lacks:
        if text not in NOTICE_WORDS and _folded(text) in said:
            yield f"it says `{text}`"


def _groups(verdict: Verdict) -> Iterator[tuple[Action, tuple[RecipientVerdict, ...]]]:
    for action in _OF_SENDER:
        if group := verdict.with_action(action):
            yield action, group


def _rendered(
    action: Action, group: tuple[RecipientVerdict, ...], held: Held, policies: PolicySet
) -> tuple[str, tuple[str, ...], bool]:
    """Return the text of the notice, what it leaks, and whether its sender would get none."""
    kind = _OF_SENDER[action]
    deciding = {ground.policy for each in group for ground in each.deciding}
    handlings = [each for each in held.verdict.handling if each.policy in deciding] or held.verdict.handling
    handling = moves.strictest(handlings)
    content = HeldContent(
        envelope=held.message.envelope,
        held=tuple(Recipient(each.recipient.address) for each in group),
        content=held.message.content,
        evidence=evidence.build(held.verdict, group, held.reading, handling=handling),
        identity=held.facts.identity,
    )
    hold = _hold(action, group, held, handling)
    settings = _settings(held, policies)
    to = (held.message.envelope.sender,)
    original = notices.of(content)
    occasion = Occasion(hold.held_at, to=to, original=original, threaded=False)
    mail = notices.render(kind, hold, settings=settings, occasion=occasion)
    leaks = notices.leaks(mail, content, settings=settings, held=hold, to=to)
    return _text(mail), leaks, original.automatic


def _hold(action: Action, group: tuple[RecipientVerdict, ...], held: Held, handling: Handling) -> HeldMessage:
    now = held.message.received_at
    made = intake.held_message(
        held.message, held.facts, held.reading, held.verdict, group, handling, rejected=action is Action.REJECT
    )
    due_at, expires_at = now + timedelta(seconds=handling.deadline_s), now + _KEPT
    return replace(made, id=_REFERENCE, held_at=now, due_at=due_at, expires_at=expires_at)


def _settings(held: Held, policies: PolicySet) -> NoticeSettings:
    domain = held.message.envelope.sender.rpartition("@")[2] or "example.org"
    titles = {policy.id: policy.title for policy in policies.policies}
    return NoticeSettings(sender=f"email-check@{domain}", titles=titles)


def _text(mail: bytes) -> str:
    """Return what the reader of a notice reads: its subject and its text."""
    parsed = message_from_bytes(mail, policy=SMTP)
    body = parsed.get_body(("plain",))
    return f"{parsed['Subject']}\n{body.get_content() if body is not None else ''}"


def _folded(text: str) -> str:
    """Return a text as it is compared: where its lines break, and capitals, are no matter."""
    return " ".join(text.casefold().split())
