# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a policy fired or could not tell, in words: never a value, an address or the name of a file.  Pure."""

from collections.abc import Sequence

from safehold.model import Finding
from safehold.policy.asked import RelationTest
from safehold.policy.evidence import Unread
from safehold.policy.language import Per, Relation, Repeat

HELD_OTHERS = "deliver_others: no: a copy of this message is held for another recipient"
MAY_BE_A_LETTER = "and may be a letter to anybody"
BY_NAME_ONLY = "known by name alone, where only certain findings hold"
KNOWN_TO = "known_to: what was found is known to this recipient already"


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
    enough = "" if count >= repeat.at_least else f", and acts from the {repeat.at_least}th on"
    return f"time {count} in {repeat.days} days for {whose}{enough}"


_SAID = {
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
            pieces.append(f"{who} {is_not} {_SAID[asked]} {whom}")
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
