# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a policy fired or could not tell, in words: never a value, an address or the name of a file.  Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from safehold.errors import counted
from safehold.model import Direction, Finding, Scope, Strength
from safehold.policy.asked import Asked, RelationTest
from safehold.policy.content import Shortfall
from safehold.policy.evidence import Unread
from safehold.policy.language import (
    FirstContact,
    InAddresses,
    OfKind,
    OfScope,
    Per,
    Related,
    Relation,
    Repeat,
    SentBy,
    Test,
    VisibleCount,
)
from safehold.register.index import Relations

HELD_OTHERS = "deliver_others: no: a copy of this message is held for another recipient"
MAY_BE_A_LETTER = "and may be a letter to anybody"
BY_NAME_ONLY = "known by name alone, where only certain findings hold"
NOBODY_FOUND = "nobody was found of whom to ask"
KNOWN_ALREADY = "what was found is known to this recipient already"
KNOWN_TO = f"known_to: {KNOWN_ALREADY}"


def relation(related: Sequence[RelationTest]) -> str:
    """Return the first relation that is required, or ""."""
    return next((test.asked.relation.value for test in related if not test.negated), "")


def unreadable(unread: Sequence[Unread]) -> str:
    """Return what could not be read and why."""
    reasons = ", ".join(sorted({reason.value for entry in unread for reason in entry.reasons}))
    return f"a part could not be read ({reasons})"


def times(repeat: Repeat, count: int) -> str:
    """Return how often it has been so."""
    whose = "this sender" if repeat.per is Per.SENDER else "this recipient"
    then = "it acts" if repeat.raise_to is None else f"its severity is {repeat.raise_to}"
    enough = "" if count >= repeat.at_least else f"; {then} from time {repeat.at_least} on"
    return f"time {count} in {repeat.days} days for {whose}{enough}"


# What a relation is called before the name of the person.
SAID = {
    Relation.ADVERSE: "adverse to",
    Relation.FORMER_CONTACT: "a former contact of",
    Relation.AUTHORISED: "authorised for",
    Relation.UNAUTHORISED: "not authorised for",
    Relation.SUBJECT: "",
}


def fired(related: Sequence[RelationTest], person: str, findings: Sequence[Finding], *, by_name: bool = False) -> str:
    """Return why a policy fired: who is what to whom, then what was found and how surely."""
    pieces = []
    for test in related:
        who = "the addressee of a letter" if test.asked.letter else "the recipient"
        whom = "somebody in the register" if test.asked.anyone else (person or "nobody")
        asked = test.asked.relation
        is_not = "is not" if test.negated else "is"
        if asked is Relation.SUBJECT:
            pieces.append(f"{who} {is_not} {whom}")
        else:
            pieces.append(f"{who} {is_not} {SAID[asked]} {whom}")
        if asked is Relation.ADVERSE and by_name and not test.negated:
            pieces[-1] += " (by name)"
    fields = dict.fromkeys(_found(finding, person) for finding in findings)
    pieces += list(fields)[:5]
    return "; ".join(pieces) or "every message to this recipient"


def _found(finding: Finding, person: str) -> str:
    if finding.detector == "register":
        whose = "" if finding.person == person else f" of {finding.person}"
        return f"{finding.field.replace('_', ' ')}{whose} found ({finding.strength}: {finding.why})"
    match finding.detector:
        case "phrase":
            return f"a phrase of list {finding.field} found"
        case "regex":
            return "a text found that the pattern takes"
        case "attachment":
            return finding.why
        case _:
            return f"{finding.field.replace('_', ' ')} found ({finding.why})"


# -- of one condition, for an account ---------------------------------------------------------------------------------

WAYS = {
    Direction.OUTBOUND: "from us to outside",
    Direction.INTERNAL: "from us to us",
    Direction.INBOUND: "from outside to us",
    Direction.TRANSIT: "from outside to outside",
}
# (is a relation, is so) -> why an exception's condition counts.
IN_PART = {
    (True, True): "so for everybody found in the same part, and one of them is certain",
    (True, False): "not so for everybody found in the same part, or none of them is certain",
    (False, True): "in the same part as what is excused",
    (False, False): "not in the same part as what would be excused",
}
_STRENGTHS = {strength.rank: strength.value for strength in Strength}


def plain(test: Test, asked: Asked, so: bool) -> str:
    """Return what is the case about the sender or the recipient."""
    match test.asked:
        case SentBy():
            return f"the sender is {'' if so else 'not '}among them"
        case InAddresses():
            return f"the recipient is {'' if so else 'not '}among them"
        case OfScope():
            return f"the recipient is {asked.scope.value}"
        case OfKind():
            kinds = ", ".join(sorted(kind.value for kind in asked.kinds))
            return f"the recipient's mailbox is {kinds or 'of no special kind'}"
        case VisibleCount():
            return _visible(test.asked.scope, asked)
        case FirstContact():
            days = asked.sent.last_contact_days if test.asked.sender else asked.last_contact_days
            whom = "this sender" if test.asked.sender else "this recipient"
            return _last(days, whom)
        case Related():
            return ""
        case _:
            assert_never(test.asked)


def _visible(scope: Scope | None, asked: Asked) -> str:
    seen = asked.sent.visible
    number = sum(seen.values()) if scope is None else seen.get(scope, 0)
    kind = f"{scope.value} " if scope is not None else ""
    return f"{counted(number, f'{kind}address', f'{kind}addresses')} in To and Cc"


def _last(days: int | None, whom: str) -> str:
    if days is None:
        return f"no mail with {whom} is remembered"
    ago = "today" if days == 0 else f"{counted(days, 'day')} ago"
    return f"mail with {whom} was last accepted {ago}"


def not_counted(short: Shortfall, needed: int) -> str:
    """Return why something that was found does not count, where a finding of the rank *needed* would."""
    match short:
        case Shortfall.FIELD:
            return "the policy does not ask for this field"
        case Shortfall.ELSEWHERE:
            return "the policy does not look there"
        case Shortfall.KNOWN:
            return KNOWN_ALREADY
        case Shortfall.WEAK:
            return f"too weak: it takes a finding that is {_STRENGTHS.get(needed, 'certain')}"
        case _:
            assert_never(short)


def not_so(relation: Relation, who: str, found: Sequence[str], looked_at: Sequence[Relations]) -> str:
    """Return that somebody is not this to any of the people found, and what else to each of them."""
    if relation is Relation.UNAUTHORISED:
        return f"{who} is authorised for {', '.join(found)}"
    said = SAID[relation] or "the same as"
    pieces = []
    for person in found:
        roles = ", ".join(_roles(person, looked_at))
        pieces.append(f"not {said} {person}{f', but {roles}' if roles else ''}")
    return f"{who} is {'; '.join(pieces)}"


def _roles(person: str, looked_at: Iterable[Relations]) -> Iterator[str]:
    """Yield what those looked at are to one person."""
    for relations in looked_at:
        if person in relations.subject:
            yield "this very person"
        elif person in relations.authorised:
            yield "authorised"
        if person in relations.adverse:
            yield "adverse"
        if person in relations.by_name:
            yield "adverse by name"
        if person in relations.former:
            yield "a former contact"
