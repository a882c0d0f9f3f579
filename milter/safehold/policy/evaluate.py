# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluator: every policy asked for every final recipient, and the strictest action taken.

It implements the eight rules of the policy language, section 1; the table of worked verdicts in
``tests/unit/policy/worked_verdicts.yaml`` is its specification in examples.  Three values: yes, no, cannot tell; over
all witnesses yes > cannot tell > no.  What one recipient gets never depends on the others, but for
``deliver_others: no``.

Pure.  ``why`` of a ground says in words what decided, and never a value, an address or the name of a file.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
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
from safehold.policy.answers import Answered, Contents
from safehold.policy.asked import Asked, Letter, People, RelationTest, holds, is_to_nobody, related
from safehold.policy.content import Asker, Lens
from safehold.policy.evidence import Evidence, Unread
from safehold.policy.language import SCOPED, Branch, Mode, Policy, Related, Relation
from safehold.policy.load import PolicySet
from safehold.register.index import Relations


@dataclass(frozen=True, slots=True)
class _Outcome:
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
        return tuple(dict.fromkeys(problem for unread in self.unread for problem in unread.problems))


_NOT = _Outcome(Answer.NO)


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
    judges = [Judge(policy, evidence, letters, people) for policy in policies.policies if policy.mode is not Mode.OFF]
    grounds = []
    notes = []
    for asked in recipients:
        said = [(judge, judge.ground(asked)) for judge in judges]
        grounds.append([ground for _, ground in said if ground is not None])
        notes.append([judge.note(asked) for judge, ground in said if ground is None])
    verdicts = [_verdict(asked, own, note) for asked, own, note in zip(recipients, grounds, notes, strict=True)]
    return _hold_others(policies, verdicts, others)


def handling(policies: PolicySet, verdicts: Iterable[RecipientVerdict]) -> tuple[Handling, ...]:
    """Return what each policy that is a ground of some verdict wants done."""
    named = {ground.policy for verdict in verdicts for ground in verdict.grounds}
    return tuple(policy.handling for policy in policies.policies if policy.id in named)


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
        self.letters = letters
        self.people = people
        self.asker = Asker(policy, evidence)

    @cached_property
    def hopeless(self) -> bool:
        """Return whether nothing in this message could fire the policy, whoever gets it."""
        return self.asker.hopeless()

    def ground(self, asked: Asked) -> Ground | None:
        """Return why the policy asks for an action for this recipient, or None where it does not."""
        policy = self.policy
        outcome = self._outcome(asked)
        if outcome.answer is Answer.NO:
            return None
        return Ground(
            policy=policy.id,
            enforced=policy.enforced,
            action=self._action(outcome),
            answer=outcome.answer,
            person=outcome.person,
            relation=outcome.relation,
            findings=outcome.findings,
            problems=outcome.problems,
            why=outcome.why,
        )

    def _action(self, outcome: _Outcome) -> Action:
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
        if self.hopeless or not (asked.relations.adverse or asked.relations.by_name):
            return ""
        if not any(hit.known_to for hit in self.asker.hits):
            return ""
        # Asked once more of somebody who is adverse and none of the parties by id: then nothing is known to him.
        nameless: dict[str, frozenset[str]] = dict.fromkeys(asked.relations.adverse, frozenset())
        stranger = replace(asked, relations=replace(asked.relations, adverse=nameless))
        nobody = replace(self.people, parties=lambda _: frozenset())
        outcome = Judge(self.policy, self.evidence, (), nobody)._outcome(stranger)
        if outcome.answer is not Answer.YES:
            return ""
        return f"{self.policy.id}: {reasons.KNOWN_TO}"

    # -- one recipient --

    def _outcome(self, asked: Asked) -> _Outcome:
        if asked.direction not in self.policy.directions or self.hopeless:
            return _NOT
        best = _NOT
        for branch in self.policy.branches:
            if not all(holds(test, asked) for test in branch):
                continue
            outcome = self._branch(branch, asked)
            if outcome.answer is Answer.YES:
                return outcome
            if outcome.answer is Answer.CANNOT_TELL and self._action(outcome).rank > self._action(best).rank:
                best = outcome
        return best

    def _branch(self, branch: Branch, asked: Asked) -> _Outcome:
        related = [RelationTest(test.asked, test.negated) for test in branch if isinstance(test.asked, Related)]
        if any(is_to_nobody(test, asked.relations, letter=False) for test in related):
            return _NOT
        if not any(test.asked.letter and not test.negated for test in related):
            return self._one(_View(self, asked, related, None))
        if not asked.is_print_room:
            return _NOT
        best = self._unread_letter(asked, related)
        for letter in self.letters:
            if any(is_to_nobody(test, letter.relations, letter=True) for test in related):
                continue
            outcome = self._one(_View(self, asked, related, letter))
            if outcome.answer is Answer.YES:
                return outcome
            if outcome.answer is Answer.CANNOT_TELL and best is _NOT:
                best = outcome
        return best

    def _unread_letter(self, asked: Asked, related: Sequence[RelationTest]) -> _Outcome:
        """Answer for a print room where something could not be read: it may be the letter, to anybody."""
        if not self.evidence.unread:
            return _NOT
        view = _View(self, asked, [test for test in related if not test.asked.letter], None)
        contents = view.contents
        if not (contents.there.there or contents.there.perhaps or contents.unread):
            return _NOT
        if not view.persons(contents.there.persons | contents.there.maybe) and not view.anyone() and not view.nobody():
            return _NOT
        unread = self.evidence.unread if contents.there.there else tuple(u for u, _ in contents.unread)
        return _Outcome(
            Answer.CANNOT_TELL,
            relation=reasons.relation(related),
            unread=unread or self.evidence.unread,
            why=f"{reasons.unreadable(unread)} {reasons.MAY_BE_A_LETTER}",
        )

    def _one(self, view: "_View") -> _Outcome:
        contents = view.contents
        fired = view.persons(contents.there.persons)
        if fired:
            return self._yes(view, min(fired))
        if contents.there.nobody and view.nobody():
            return self._yes(view, "")
        unread = [unread for unread, answer in contents.unread if self._perhaps(view, answer)]
        by_name_only = False
        if not unread:
            unread = [unread for unread, answer in contents.unread if answer.anyone and view.anyone(by_name=True)]
            by_name_only = bool(unread)
        if not unread and self._perhaps(view, contents.there):
            unread = list(self.evidence.unread)
        if not unread:
            return _NOT
        return self._cannot_tell(view, tuple(unread), by_name_only=by_name_only)

    @staticmethod
    def _perhaps(view: "_View", answer: Answered) -> bool:
        return bool(
            view.persons(answer.maybe) or (answer.anyone and view.anyone()) or (answer.maybe_nobody and view.nobody())
        )

    def _yes(self, view: "_View", person: str) -> _Outcome:
        findings = self.asker.witness(view.lens, person)
        return _Outcome(
            Answer.YES,
            person=person,
            relation=reasons.relation(view.related),
            findings=findings,
            why=reasons.fired(view.related, person, findings, by_name=person in view.lens.by_name),
        )

    def _cannot_tell(self, view: "_View", unread: tuple[Unread, ...], *, by_name_only: bool) -> _Outcome:
        why = reasons.unreadable(unread)
        relation = reasons.relation(view.related)
        if relation in SCOPED:
            who = "the addressee" if view.letter is not None else "this recipient"
            registers = ", ".join(sorted(self.policy.registers)) or "the register"
            why += f", and {who} is {relation.replace('_', ' ')} to somebody in {registers}"
        if by_name_only:
            why += f"; {reasons.BY_NAME_ONLY}"
        return _Outcome(
            Answer.CANNOT_TELL,
            relation=relation,
            unread=unread,
            # DESIGN 3a: a recipient known by name is held for certain findings only, and an unread part is none.
            at_most=Action.NOTIFY if by_name_only else Action.HOLD,
            why=why,
        )


class _View:
    """One branch for one recipient, and for one letter if it asks for the addressee."""

    def __init__(self, judge: Judge, asked: Asked, related: Sequence[RelationTest], letter: Letter | None) -> None:
        self.judge = judge
        self.asked = asked
        self.related = related
        self.letter = letter
        mine = [test for test in related if not test.negated and not test.asked.anyone]
        adverse = any(
            test.asked.relation is Relation.ADVERSE and test.asked.letter is (letter is not None) for test in mine
        )
        looked_at = letter.relations if letter is not None else asked.relations
        self.lens = self._lens(looked_at, letter, adverse=adverse)
        self.contents: Contents = judge.asker.ask(self.lens)
        # A branch that asks both the recipient and the addressee needs a person whom both lenses see.
        self._also: frozenset[str] | None = None
        if letter is not None and any(not test.asked.letter for test in mine):
            sternly = any(test.asked.relation is Relation.ADVERSE and not test.asked.letter for test in mine)
            own = self._lens(asked.relations, None, adverse=sternly)
            self._also = judge.asker.ask(own).there.persons

    def _lens(self, relations: Relations, letter: Letter | None, *, adverse: bool) -> Lens:
        attachment = None
        if letter is not None and len(self.judge.letters) > 1:
            attachment = letter.attachment
        parties = dict(relations.adverse)
        if adverse:
            # Whoever of them somebody of that name is: what all of them know, he knows.
            parties |= {person: self.judge.people.parties(person) for person in relations.by_name}
        return Lens(
            own=relations.scope,
            by_name=relations.by_name,
            parties=parties,
            adverse=adverse,
            attachment=attachment,
            name_only=letter is not None and letter.by_name_only,
        )

    def _relations(self, test: RelationTest) -> Sequence[Relations]:
        """Return whose relations a test asks: the recipient's, or those of the letter or letters."""
        if not test.asked.letter:
            return (self.asked.relations,)
        if not self.asked.is_print_room:
            return ()
        if self.letter is not None:
            return (self.letter.relations,)
        return tuple(letter.relations for letter in self.judge.letters)

    def persons(self, persons: AbstractSet[str]) -> AbstractSet[str]:
        """Return those of *persons* for whom every test of the branch is yes."""
        left = persons if self._also is None else persons & self._also
        for test in self.related:
            if not left:
                break
            if test.asked.anyone:
                left = left if self._of_anyone(test) else frozenset()
            else:
                looked_at = self._relations(test)
                holding = [related(test.asked.relation, relations, left) for relations in looked_at]
                left = left - frozenset().union(*holding) if test.negated else frozenset().union(*holding)
        return left

    def nobody(self) -> bool:
        """Return whether every test is yes for a witness without a person: a plain relation is no (rule 3)."""
        return all(self._of_anyone(test) if test.asked.anyone else test.negated for test in self.related)

    def anyone(self, *, by_name: bool = False) -> bool:
        """Return whether every test is yes for the unknown person of an unread part (rule 7)."""
        return all(
            self._of_anyone(test) if test.asked.anyone else self._unknown(test, by_name=by_name) is not test.negated
            for test in self.related
        )

    def _unknown(self, test: RelationTest, *, by_name: bool) -> bool:
        relation = test.asked.relation
        for relations in self._relations(test):
            if relation is Relation.ADVERSE:
                weak = self.letter is not None and self.letter.by_name_only
                firm = frozenset() if weak and not by_name else frozenset(relations.adverse)
                if self._in_registers(firm | (relations.by_name if by_name else frozenset())):
                    return True
            if relation is Relation.FORMER_CONTACT and self._in_registers(relations.former):
                return True
        return False

    def _of_anyone(self, test: RelationTest) -> bool:
        def found(relations: Relations) -> bool:
            match test.asked.relation:
                case Relation.ADVERSE:
                    return self._in_registers(relations.adverse)
                case Relation.FORMER_CONTACT:
                    return self._in_registers(relations.former)
                case Relation.SUBJECT:
                    return self._in_registers(relations.subject)
                case Relation.AUTHORISED:
                    return self._in_registers(relations.authorised | relations.subject)
                case Relation.UNAUTHORISED:
                    return not self._in_registers(relations.authorised | relations.subject)
                case _:
                    assert_never(test.asked.relation)

        return any(found(relations) for relations in self._relations(test)) is not test.negated

    def _in_registers(self, persons: Iterable[str]) -> bool:
        named = self.judge.policy.registers
        return any(not named or self.judge.people.register(person) in named for person in persons)
