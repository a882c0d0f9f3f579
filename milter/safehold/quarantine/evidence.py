# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hold keeps of why it is one: sealed JSON, enough to show a reviewer what was found where.  Pure.

Shape (``version`` 1): ``recipients`` [address, action, why, grounds [policy, enforced, action, answer, person,
relation, why, findings (numbers into ``findings``), problems (numbers into ``problems``)]], ``delivered`` (addresses
that have their copy already), ``findings`` [detector, person, field, strength, why, place {part, kind, number, words,
and of cells row, cell, sheet (its name)}, span, visibility, excerpt {before, match, after}],
``parts`` [path, type, declared, bytes, attachment], ``problems`` [part, reason, detail], ``marks`` [part, kind,
place_kind, number], ``handling``, ``notice_texts`` {sender, reviewers} (what the policy's author wants said),
``policies_digest``, ``register_digest``, ``left_off`` {findings, parts, marks}.
"""

import json
from collections.abc import Hashable, Sequence
from dataclasses import asdict
from typing import Any, Generic, TypeVar

from safehold.model import Action, Finding, Ground, Handling, Part, Place, Problem, Reading, RecipientVerdict, Verdict
from safehold.reading.document import Sheets, place_in_message, sheets_of

# Characters kept on each side of a span: a line or two, as in a concordance.
EXCERPT = 80
# A message can be made to match a hundred thousand times; nobody reads more than this.
MOST_FINDINGS = 500
MOST_PARTS = 2000
MOST_MARKS = 500
# Of what a policy wants done: texts stand apart, and whose matches it counts is no evidence.
_NOT_KEPT = frozenset({"sender_text", "reviewers_text", "counts"})


T = TypeVar("T", bound=Hashable)


class _Numbered(Generic[T]):
    """Distinct values in the order they came, each with a number; what is over the limit is counted, not kept."""

    def __init__(self, limit: int) -> None:
        self.kept: list[T] = []
        self.left_off = 0
        self._limit = limit
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int | None:
        """Return the number of *value*, kept now if it is new; None where the limit left it off."""
        if value in self._numbers:
            return self._numbers[value]
        if len(self.kept) >= self._limit:
            self.left_off += 1
            return None
        self._numbers[value] = len(self.kept)
        self.kept.append(value)
        return self._numbers[value]

    def numbers(self, values: Sequence[T]) -> list[int]:
        """Return the numbers of those values that are kept."""
        return [number for number in map(self.number, values) if number is not None]


def build(
    verdict: Verdict, recipients: Sequence[RecipientVerdict], reading: Reading, *, handling: Handling | None = None
) -> bytes:
    """Return the evidence for *recipients* (those that one hold is about) as JSON.

    The texts of *handling*, the hold's own, are kept as they are today, so that no later policy changes a notice.
    """
    texts = {"sender": handling.sender_text, "reviewers": handling.reviewers_text} if handling else {}
    findings = _Numbered[Finding](MOST_FINDINGS)
    problems = _Numbered[Problem](MOST_PARTS)
    for problem in (*verdict.problems, *reading.problems):
        problems.number(problem)
    people = [
        {
            "address": each.recipient.address,
            "name": each.recipient.name,
            "direction": each.recipient.direction.value,
            "action": each.action.value,
            "why": each.why,
            "grounds": [_ground(ground, findings, problems) for ground in each.grounds],
        }
        for each in recipients
    ]
    sheets = sheets_of(reading)
    document = {
        "version": 1,
        "recipients": people,
        "delivered": [each.recipient.address for each in verdict.with_action(Action.PASS, Action.NOTIFY)],
        "findings": [_finding(each, reading, sheets) for each in findings.kept],
        "parts": [_part(each) for each in reading.parts[:MOST_PARTS]],
        "problems": [_problem(each) for each in problems.kept],
        "marks": [
            {"part": str(m.place.part), "kind": m.kind, "place_kind": m.place.kind.value, "number": m.place.number}
            for m in reading.marks[:MOST_MARKS]
        ],
        "handling": [_handling(each) for each in verdict.handling],
        "notice_texts": {whose: text for whose, text in texts.items() if text},
        "policies_digest": verdict.policies_digest,
        "register_digest": verdict.register_digest,
        "left_off": {
            "findings": findings.left_off,
            "parts": max(0, len(reading.parts) - MOST_PARTS),
            "marks": max(0, len(reading.marks) - MOST_MARKS),
        },
    }
    # ASCII only: text with lone surrogates (bytes that are no UTF-8) must not fail here.
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _handling(handling: Handling) -> dict[str, Any]:
    """Return it without its texts, of which the hold keeps those that its notices have."""
    return {name: value for name, value in asdict(handling).items() if name not in _NOT_KEPT}


def _ground(ground: Ground, findings: _Numbered[Finding], problems: _Numbered[Problem]) -> dict[str, Any]:
    return {
        "policy": ground.policy,
        "enforced": ground.enforced,
        "action": ground.action.value,
        "answer": ground.answer.value,
        "person": ground.person,
        "relation": ground.relation,
        "why": ground.why,
        "findings": findings.numbers(ground.findings),
        "problems": problems.numbers(ground.problems),
    }


def _finding(finding: Finding, reading: Reading, sheets: Sheets) -> dict[str, Any]:
    place = finding.place
    shown = {
        "detector": finding.detector,
        "person": finding.person,
        "field": finding.field,
        "strength": finding.strength.value,
        "why": finding.why,
        "place": {
            "part": str(place.part),
            "kind": place.kind.value,
            "number": place.number,
            "words": place_in_message(place, reading),
            **_cell(place, sheets),
        },
        "span": list(finding.span),
    }
    if 0 <= finding.segment < len(reading.segments):
        segment = reading.segments[finding.segment]
        start, end = finding.span
        shown["visibility"] = segment.visibility.value
        shown["excerpt"] = {
            "before": segment.text[max(0, start - EXCERPT) : start],
            "match": segment.text[start : min(end, start + 4 * EXCERPT)],
            "after": segment.text[end : end + EXCERPT],
        }
    return shown


def _cell(place: Place, sheets: Sheets) -> dict[str, Any]:
    """Return which cell of which sheet it is, as far as that is known."""
    if not place.row:
        return {}
    name, _ = sheets.get((place.part, place.number), ("", False))
    return {"row": place.row, "cell": place.cell, "sheet": name}


def _part(part: Part) -> dict[str, Any]:
    return {
        "path": str(part.path),
        "type": part.media_type,
        "declared": part.declared_type,
        "bytes": part.size_bytes,
        "attachment": part.attachment,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"part": str(problem.part), "reason": problem.reason.value, "detail": problem.detail}
