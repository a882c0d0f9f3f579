# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluator: every policy asked for every final recipient, and the strictest action taken.

It implements the eight rules of the policy language, section 1; the table of worked verdicts in
``tests/unit/policy/worked_verdicts.yaml`` is its specification in examples.  Three values: yes, no, cannot tell; over
all witnesses yes > cannot tell > no.  What one recipient gets never depends on the others, but for
``deliver_others: no``.

Pure.  ``why`` of a ground says in words what decided, and never a value, an address or the name of a file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import assert_never

from safehold.model import (
    Action,
    Answer,
    Finding,
    Ground,
    Handling,
    Problem,
    RecipientVerdict,
)
from safehold.policy import reasons
from safehold.policy.answers import Answered
from safehold.policy.asked import Asked, Letter, People, RelationTest, holds, is_to_nobody
from safehold.policy.content import Asker
from safehold.policy.evidence import Evidence, Unread
from safehold.policy.excuses import Excuses
from safehold.policy.language import SCOPED, Branch, Content, Per, Policy, Related, Severity
from safehold.policy.load import PolicySet
from safehold.policy.views import Bench, View


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy says of one recipient."""

    answer: Answer
    person: str = ""
    relation: str = ""
    findings: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()
    at_most: Action = Action.HOLD
    why: str = ""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what could not be read, each thing once."""
        return tuple(dict.fromkeys(problem for unread in self.unread for problem in unread.problems))


NOT = Outcome(Answer.NO)


def evaluate(
    policies: PolicySet,
    evidence: Evidence,
    recipients: Sequence[Asked],
    letters: Sequence[Letter],
    people: People,
    *,
    others: Sequence[RecipientVerdict] = (),
) -> tuple[RecipientVerdict, ...]:
    """Return the verdict for each recipient, in their order.

    Args:
        policies: All policies.
        evidence: What was found, and what could not be read.
        recipients: Who would get it.
        letters: Letters for a print room.
        people: The register, as far as it is asked here.
        others: Verdicts that were reached elsewhere; they follow, and ``deliver_others: no`` reaches them too.
    """
    shortlist = policies.shortlist
    holding = shortlist.holding(evidence.registers, evidence.found, evidence.unread)
    judges: dict[str, Judge] = {}
    grounds = []
    notes = []
    for asked in recipients:
        worth_asking = shortlist.policies(holding and holding & shortlist.of(asked, people))
        for policy in worth_asking:
            if policy.id not in judges:
                judges[policy.id] = Judge(policy, evidence, letters, people)
        said = [(judges[policy.id], judges[policy.id].ground(asked)) for policy in worth_asking]
        grounds.append([ground for _, ground in said if ground is not None])
        notes.append([judge.note(asked) for judge, ground in said if ground is None])
    verdicts = [_verdict(asked, own, note) for asked, own, note in zip(recipients, grounds, notes, strict=True)]
    return _hold_others(policies, verdicts, others)


def handling(policies: PolicySet, verdicts: Iterable[RecipientVerdict]) -> tuple[Handling, ...]:
    """Return what each policy that is a ground of some verdict wants done."""
    raised: dict[str, str] = {}
    for ground in (ground for verdict in verdicts for ground in verdict.grounds):
        raised[ground.policy] = ground.severity or raised.get(ground.policy, "")
    return tuple(
        replace(policy.handling, severity=_graver(policy.severity, raised[policy.id]).value)
        for policy in policies.policies
        if policy.id in raised
    )


def _graver(own: Severity, raised: str) -> Severity:
    """Return the severity of a policy after ``raise_to``, which never lowers it."""
    order = list(Severity)
    return max(own, Severity(raised), key=order.index) if raised else own


def _hold_others(
    policies: PolicySet, verdicts: Sequence[RecipientVerdict], others: Sequence[RecipientVerdict]
) -> tuple[RecipientVerdict, ...]:
    """Return the verdicts after ``deliver_others: no`` (rule 8): whoever was not held is now."""
    alone = {policy.id: policy for policy in policies.policies if not policy.then.deliver_others}
    holding = {g.policy for v in verdicts for g in v.grounds if g.action is Action.HOLD and g.policy in alone}
    if not holding:
        return (*verdicts, *others)
    stern = [alone[policy_id] for policy_id in sorted(holding)]
    return tuple(_held_too(verdict, stern) for verdict in (*verdicts, *others))


def _held_too(verdict: RecipientVerdict, holding: Sequence[Policy]) -> RecipientVerdict:
    own = {ground.policy for ground in verdict.grounds if ground.action is Action.HOLD}
    added = tuple(
        Ground(policy.id, policy.enforced, Action.HOLD, Answer.YES, why=reasons.HELD_OTHERS)
        for policy in holding
        if policy.id not in own
    )
    if not added:
        return verdict
    grounds = (*verdict.grounds, *added)
    action = _strictest(grounds)
    why = (
        verdict.why
        if verdict.action is action
        else "deliver_others: " + ", ".join(g.policy for g in added if g.enforced)
    )
    return replace(verdict, grounds=grounds, action=action, why=why)


def _verdict(asked: Asked, grounds: Sequence[Ground], notes: Sequence[str]) -> RecipientVerdict:
    action = _strictest(grounds)
    deciding = [ground for ground in grounds if ground.enforced and ground.action is action]
    why = "; ".join(f"{ground.policy}: {ground.why}" for ground in deciding) or "; ".join(filter(None, notes))
    return RecipientVerdict(asked.recipient, action, tuple(grounds), why)


def _strictest(grounds: Iterable[Ground]) -> Action:
    return max((g.action for g in grounds if g.enforced), key=lambda action: action.rank, default=Action.PASS)


class Judge:
    """One policy over one message, asked for recipient after recipient."""

    def __init__(self, policy: Policy, evidence: Evidence, letters: Sequence[Letter], people: People) -> None:
        self.policy = policy
        self.evidence = evidence
        self.bench = Bench(policy.registers, letters, people)
        self.askers = {content: Asker(content, evidence) for content in policy.contents}
        self.excuses = Excuses(policy, evidence)
        self._is_asked = False

    @cached_property
    def hopeful(self) -> tuple[Branch, ...]:
        """Return the branches that something in this message could fire, whoever gets it."""
        lost: set[Content] = {content for content, asker in self.askers.items() if asker.hopeless()}
        return tuple(branch for branch in self.policy.branches if branch.content not in lost)

    def ground(self, asked: Asked) -> Ground | None:
        """Return why the policy asks for an action for this recipient, or None where it does not."""
        policy = self.policy
        outcome = self.outcome(asked)
        if outcome.answer is Answer.NO:
            return None
        ground = Ground(
            policy=policy.id,
            enforced=policy.enforced,
            action=self.action(outcome),
            answer=outcome.answer,
            person=outcome.person,
            relation=outcome.relation,
            findings=outcome.findings,
            problems=outcome.problems,
            why=outcome.why,
        )
        return self._repeated(ground, asked)

    def _repeated(self, ground: Ground, asked: Asked) -> Ground:
        """Return the ground as it is after so many of its kind: too few are recorded only, enough are more severe."""
        repeat = self.policy.repeat
        if repeat is None:
            return ground
        times = self.times(asked)
        why = f"{ground.why}; {reasons.times(repeat, times)}"
        if times >= repeat.at_least:
            return replace(ground, why=why, severity=repeat.raise_to.value if repeat.raise_to is not None else "")
        if repeat.raise_to is not None:
            return ground
        return replace(ground, why=why, action=min(ground.action, Action.NOTIFY, key=lambda action: action.rank))

    def times(self, asked: Asked) -> int:
        """Return how often it was so for the sender or the recipient, whom ``repeat`` counts, this time included."""
        is_sender = self.policy.repeat is None or self.policy.repeat.per is Per.SENDER
        return asked.sent.counts.get((self.policy.id, "" if is_sender else asked.recipient.address), 0) + 1

    def action(self, outcome: Outcome) -> Action:
        """Return what an outcome asks to be done."""
        match outcome.answer:
            case Answer.NO:
                return Action.PASS
            case Answer.YES:
                return self.policy.then.action
            case Answer.CANNOT_TELL:
                whys = frozenset(problem.reason for problem in outcome.problems)
                return min(self.policy.uninspectable.action(whys), outcome.at_most, key=lambda a: a.rank)
            case _:
                assert_never(outcome.answer)

    def note(self, asked: Asked) -> str:
        """Return why a policy that nearly fired did not: the recipient knows the value already (rule 5)."""
        if not (asked.relations.adverse or asked.relations.by_name) or not self.hopeful:
            return ""
        if not any(hit.known_to for asker in self.askers.values() for hit in asker.hits):
            return ""
        # Asked once more of somebody who is adverse and none of the parties by id: then nothing is known to him.
        nameless: dict[str, frozenset[str]] = dict.fromkeys(asked.relations.adverse, frozenset())
        stranger = replace(asked, relations=replace(asked.relations, adverse=nameless))
        nobody = replace(self.bench.people, parties=lambda _: frozenset())
        outcome = Judge(self.policy, self.evidence, (), nobody).outcome(stranger)
        if outcome.answer is not Answer.YES:
            return ""
        return f"{self.policy.id}: {reasons.KNOWN_TO}"

    # -- one recipient --

    def outcome(self, asked: Asked) -> Outcome:
        """Return what the policy says of a recipient, before it is counted how often it did."""
        # Looking for what nobody could be shown pays from the second recipient on.
        branches = self.hopeful if self._is_asked else self.policy.branches
        self._is_asked = True
        if asked.direction not in self.policy.directions or not branches:
            return NOT
        if self.excuses.outright(asked) is not None:
            return NOT
        best = NOT
        for branch in branches:
            if not all(holds(test, asked) for test in branch.tests):
                continue
            outcome = self._branch(branch, asked)
            if outcome.answer is Answer.YES:
                return outcome
            if outcome.answer is Answer.CANNOT_TELL and self.action(outcome).rank > self.action(best).rank:
                best = outcome
        return best

    def _branch(self, branch: Branch, asked: Asked) -> Outcome:
        asker = self.askers[branch.content]
        related = [RelationTest(test.asked, test.negated) for test in branch.tests if isinstance(test.asked, Related)]
        if any(is_to_nobody(test, asked.relations, letter=False) for test in related):
            return NOT
        if not any(test.asked.letter and not test.negated for test in related):
            return self.seen(View(self.bench, asker, asked, related, None))
        if not asked.is_print_room:
            return NOT
        best = self.unread_letter(asker, asked, related)
        for letter in self.bench.letters:
            if any(is_to_nobody(test, letter.relations, letter=True) for test in related):
                continue
            outcome = self.seen(View(self.bench, asker, asked, related, letter))
            if outcome.answer is Answer.YES:
                return outcome
            if outcome.answer is Answer.CANNOT_TELL and best is NOT:
                best = outcome
        return best

    def unread_letter(self, asker: Asker, asked: Asked, related: Sequence[RelationTest]) -> Outcome:
        """Answer for a print room where something could not be read: it may be the letter, to anybody."""
        if not self.evidence.unread:
            return NOT
        view = View(self.bench, asker, asked, [test for test in related if not test.asked.letter], None)
        contents = view.contents
        if not (contents.there.there or contents.there.perhaps or contents.unread):
            return NOT
        if not view.persons(contents.there.persons | contents.there.maybe) and not view.anyone() and not view.nobody():
            return NOT
        unread = self.evidence.unread if contents.there.there else tuple(u for u, _ in contents.unread)
        return Outcome(
            Answer.CANNOT_TELL,
            relation=reasons.relation(related),
            unread=unread or self.evidence.unread,
            why=f"{reasons.unreadable(unread)} {reasons.MAY_BE_A_LETTER}",
        )

    def seen(self, view: View) -> Outcome:
        """Return what the policy says of what one view shows."""
        contents = view.contents
        fired = [person for person in sorted(view.persons(contents.there.persons)) if not self.excuses.of(view, person)]
        if fired:
            return self._yes(view, fired[0])
        if contents.there.nobody and view.nobody() and not self.excuses.of(view, ""):
            return self._yes(view, "")
        unread = [unread for unread, answer in contents.unread if self._perhaps(view, answer)]
        by_name_only = False
        if not unread:
            unread = [unread for unread, answer in contents.unread if answer.anyone and view.anyone(by_name=True)]
            by_name_only = bool(unread)
        if not unread and self._perhaps(view, contents.there):
            unread = list(self.evidence.unread)
        if not unread:
            return NOT
        return self._cannot_tell(view, tuple(unread), by_name_only=by_name_only)

    @staticmethod
    def _perhaps(view: View, answer: Answered) -> bool:
        return bool(
            view.persons(answer.maybe) or (answer.anyone and view.anyone()) or (answer.maybe_nobody and view.nobody())
        )

    def _yes(self, view: View, person: str) -> Outcome:
        findings = view.asker.witness(view.lens, person)
        return Outcome(
            Answer.YES,
            person=person,
            relation=reasons.relation(view.related),
            findings=findings,
            why=reasons.fired(view.related, person, findings, by_name=person in view.lens.by_name),
        )

    def _cannot_tell(self, view: View, unread: tuple[Unread, ...], *, by_name_only: bool) -> Outcome:
        why = reasons.unreadable(unread)
        relation = reasons.relation(view.related)
        if relation in SCOPED:
            who = "the addressee" if view.letter is not None else "this recipient"
            registers = ", ".join(sorted(self.policy.registers)) or "the register"
            why += f", and {who} is {relation.replace('_', ' ')} to somebody in {registers}"
        if by_name_only:
            why += f"; {reasons.BY_NAME_ONLY}"
        return Outcome(
            Answer.CANNOT_TELL,
            relation=relation,
            unread=unread,
            # DESIGN 3a: a recipient known by name is held for certain findings only, and an unread part is none.
            at_most=Action.NOTIFY if by_name_only else Action.HOLD,
            why=why,
        )
