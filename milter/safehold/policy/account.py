# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of a verdict: each condition of a policy as its author wrote it, with its answer and why.

Computed only when somebody asks, from the objects that judge mail (:class:`~safehold.policy.evaluate.Judge`, its views
and askers), so it cannot disagree with them: a condition is answered by judging the part of the policy that it is, as
it is seen in the branches it belongs to.  A relation by itself is asked of the people whom the policy's content found.
Where a condition says no although all that it is made of says yes, its account tells why: not of one person, not near
enough.

Pure.  Words never hold a value, an address or the name of a file; findings say where and how surely.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import assert_never

from safehold.errors import counted
from safehold.model import Answer, Finding, Ground
from safehold.policy import reasons
from safehold.policy.asked import Asked, Letter, People, RelationTest, holds, related
from safehold.policy.branches import BRANCH_LIMIT, Tree, branches, count, together
from safehold.policy.clauses import Clause, Join
from safehold.policy.content import Asker, Shortfall
from safehold.policy.evaluate import NOT, Judge, Outcome
from safehold.policy.evidence import Evidence
from safehold.policy.language import (
    AnyOf,
    Anything,
    Branch,
    Content,
    Excuse,
    Inside,
    Per,
    Policy,
    Related,
    Relation,
    Terms,
    Test,
    leaves,
    names_person,
)
from safehold.policy.language import People as PeopleLeaf
from safehold.policy.views import View
from safehold.register.index import Relations

# What nearly counted stands first.
_TELLING = (Shortfall.KNOWN, Shortfall.WEAK, Shortfall.ELSEWHERE, Shortfall.FIELD)
_FINDINGS_SHOWN = 10
_MISSED_SHOWN = 3
_PEOPLE_NAMED = 3
_ORDER = {Answer.NO: 0, Answer.CANNOT_TELL: 1, Answer.YES: 2}
_DENIED = {Answer.NO: Answer.YES, Answer.CANNOT_TELL: Answer.CANNOT_TELL, Answer.YES: Answer.NO}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition and its answer for one recipient.

    Attributes:
        words: What the author wrote.
        line: Where, in the policy's file; 0 where it was not written.
        answer: Yes, no, or cannot tell.
        why: The answer's reason, in words.
        findings: What was found that counts.
        missed: What was found that does not count, and why not.
        join: How it is made of ``items``.
        waits: A relation that is no only because nothing of the right person was found.
    """

    words: str
    line: int
    answer: Answer
    why: str = ""
    findings: tuple[Finding, ...] = ()
    missed: tuple[tuple[Finding, str], ...] = ()
    join: Join | None = None
    items: tuple["Condition", ...] = ()
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Exempt:
    """An exception, and whether it excuses this recipient; ``when`` has its conditions."""

    excuse: Excuse
    excuses: bool
    when: Condition


@dataclass(frozen=True, slots=True)
class Account:
    """What one policy says of one recipient, and why.

    Attributes:
        policy: The policy.
        ground: The verdict's ground, or None where the policy did not fire.
        when: Its conditions, before exceptions.
        exempt: Its exceptions, where its conditions were met.
        repeat: How often it was so, where that matters.
        lacking: The fewest conditions that would have had to be otherwise for ``when`` to be a yes.
        why_not: Why it did not fire, where ``lacking`` does not say it.
    """

    policy: Policy
    ground: Ground | None
    when: Condition
    exempt: tuple[Exempt, ...] = ()
    repeat: Condition | None = None
    lacking: tuple[Condition, ...] = ()
    why_not: str = ""

    @property
    def answer(self) -> Answer:
        """Return what the policy says, exceptions applied."""
        return self.ground.answer if self.ground is not None else Answer.NO


def nearest(accounts: Iterable[Account]) -> Account | None:
    """Return the policy that did not fire and lacks the fewest conditions.

    Of several, one of which something was found in the message, and then the one that would have done most.
    """
    quiet = [account for account in accounts if account.ground is None]
    return min(quiet, key=_distance, default=None)


def _distance(account: Account) -> tuple[int, bool, bool, int, int, str]:
    policy, asked = account.policy, list(_asked_as_a_whole(account.when))
    found = any(each.findings or each.missed for each in asked)
    met = sum(each.answer is Answer.YES or each.waits for each in asked)
    return len(account.lacking), not found, not policy.enforced, -policy.then.action.rank, -met, policy.id


def _asked_as_a_whole(condition: Condition) -> Iterator[Condition]:
    if condition.join is None:
        yield condition
    for item in condition.items:
        yield from _asked_as_a_whole(item)


@dataclass(frozen=True, slots=True)
class _Sight:
    """How a branch looks at a message: its relations, and the people it looks for."""

    related: tuple[RelationTest, ...]
    people: tuple[PeopleLeaf, ...]

    @property
    def lettered(self) -> bool:
        """Return whether it asks for the addressee of a letter."""
        return any(test.asked.letter and not test.negated for test in self.related)


class Accountant:
    """Gives account of one policy over one message."""

    def __init__(self, policy: Policy, evidence: Evidence, letters: Sequence[Letter], people: People) -> None:
        self.policy = policy
        self._evidence = evidence
        self._letters = letters
        self._people = people
        self._judge = Judge(policy, evidence, letters, people)
        self._bare = self._judge_of(replace(policy, excuses=()))
        self._askers: dict[Content, Asker] = {}

    def _judge_of(self, policy: Policy) -> Judge:
        return Judge(policy, self._evidence, self._letters, self._people)

    def ground(self, asked: Asked) -> Ground | None:
        """Return the policy's ground for a recipient, as a verdict has it."""
        return self._judge.ground(asked)

    def account(self, asked: Asked) -> Account:
        """Return the account for one recipient."""
        ground = self._judge.ground(asked)
        outcome = self._bare.outcome(asked)
        when = self._when(asked, outcome)
        exempt: tuple[Exempt, ...] = ()
        if outcome.answer is not Answer.NO:
            exempt = tuple(self._exempt(excuse, asked) for excuse in self.policy.excuses)
        lacking = () if ground is not None else lacking_of(when)
        return Account(
            policy=self.policy,
            ground=ground,
            when=when,
            exempt=exempt,
            repeat=self._repeat(asked) if ground is not None else None,
            lacking=lacking,
            why_not="" if ground is not None else _why_not(outcome, exempt, when),
        )

    # -- when ---------------------------------------------------------------------------------------------------------

    def _when(self, asked: Asked, outcome: Outcome) -> Condition:
        """Return the conditions; *outcome* is what the judge says of them all."""
        policy, written = self.policy, self.policy.written
        shown: list[Condition] = []
        words, line = "when", policy.place[1]
        items: tuple[Clause, ...] = ()
        if written is not None:
            line = written.line
            items = written.items if written.join is Join.ALL else (written,)
            words += written.words.removeprefix("all of") if written.join is Join.ALL else ""
            shown += [self._condition(item, asked, outcome.person) for item in items]
        if asked.direction not in policy.directions and not any(item.is_direction for item in items):
            shown.insert(0, self._direction("direction: from us, as none is written", 0, asked))
        note = _together(Join.ALL, shown, outcome.answer, written.means if written is not None else None)
        return Condition(words, line, outcome.answer, note or outcome.why, join=Join.ALL, items=tuple(shown))

    def _direction(self, words: str, line: int, asked: Asked) -> Condition:
        is_met = asked.direction in self.policy.directions
        return Condition(words, line, _yes_if(is_met), f"this copy goes {reasons.WAYS[asked.direction]}")

    def _condition(self, clause: Clause, asked: Asked, person: str) -> Condition:
        """Return one condition with all below it; *person* is whom the verdict is about, if anybody."""
        if clause.is_direction:
            return self._direction(clause.words, clause.line, asked)
        if clause.join is None:
            return self._leaf(clause, asked, person)
        items = tuple(self._condition(item, asked, person) for item in clause.items)
        if count(clause.means) > BRANCH_LIMIT:
            answer = _kleene(clause.join, items)
        else:
            answer = self._ask(clause.means, asked)[0].answer
        note = _together(clause.join, items, answer, clause.means)
        return Condition(clause.words, clause.line, answer, note, join=clause.join, items=items)

    def _ask(self, tree: Tree, asked: Asked) -> tuple[Outcome, View | None]:
        """Return what a part of the policy says of a recipient, and the view in which it does."""
        best: tuple[Outcome, View | None] = (NOT, None)
        for part in branches(tree):
            if not all(holds(test, asked) for test in part.tests):
                continue
            for outcome, view in self._looks(part, asked):
                if outcome.answer is Answer.YES:
                    return outcome, view
                more = _ORDER[outcome.answer] - _ORDER[best[0].answer]
                if more > 0 or (more == 0 and best[1] is None):
                    best = outcome, view
        return best

    def _looks(self, part: Branch, asked: Asked) -> Iterator[tuple[Outcome, View | None]]:
        """Yield what *part* of a branch says in each way in which the policy looks at this recipient."""
        relations = _related(part)
        if not relations and isinstance(part.content, Anything):
            yield Outcome(Answer.YES), None
            return
        for sight in self._sights(part, asked):
            content = part.content
            asks_for_one = any(not test.asked.anyone for test in relations)
            if asks_for_one and sight.people and not names_person(content):
                content = together((content, AnyOf(sight.people)))
            asker = self._asker(content)
            letters = self._letters if sight.lettered and asked.is_print_room else ()
            if sight.lettered and asked.is_print_room and any(test.asked.letter for test in relations):
                yield self._bare.unread_letter(asker, asked, relations), None
            for letter in letters or (None,):
                view = View(self._bare.bench, asker, asked, sight.related, letter).asking(relations)
                yield self._bare.seen(view), view

    def _sights(self, part: Branch, asked: Asked) -> Iterable[_Sight]:
        """Return how the branches that *part* belongs to look; of those, the ones that could fire, if there are any."""
        tests = set(part.tests)
        through = [branch for branch in self.policy.branches if tests <= set(branch.tests)] or self.policy.branches
        possible = [branch for branch in through if _is_possible(branch, asked)] or through
        return dict.fromkeys(_Sight(_related(branch), _people(branch.content)) for branch in possible)

    def _asker(self, content: Content) -> Asker:
        if content not in self._askers:
            self._askers[content] = Asker(content, self._evidence)
        return self._askers[content]

    # -- one condition ------------------------------------------------------------------------------------------------

    def _leaf(self, clause: Clause, asked: Asked, person: str) -> Condition:
        parts = branches(clause.means)
        outcome, view = self._ask(clause.means, asked)
        one = Condition(clause.words, clause.line, outcome.answer)
        test = next((test for part in parts for test in part.tests), None)
        if test is not None and isinstance(test.asked, Related):
            if outcome.answer is Answer.YES and view is not None:
                whose = person if person in view.persons(view.contents.there.persons) else outcome.person
                by_name = whose in view.lens.by_name
                return replace(one, why=reasons.fired([RelationTest(test.asked)], whose, (), by_name=by_name))
            return self._relation(one, test.asked, outcome, asked)
        if test is not None:
            return replace(one, why=reasons.plain(test, asked, outcome.answer is Answer.YES))
        if isinstance(parts[0].content, Anything):
            return one
        return self._found(one, parts[0].content, outcome, view, person)

    def _found(self, one: Condition, content: Content, outcome: Outcome, view: View | None, person: str) -> Condition:
        """Return a condition on what the message holds, with what was found."""
        if outcome.answer is Answer.CANNOT_TELL or view is None:
            return replace(one, why=outcome.why, missed=self._missed(content, view))
        if outcome.answer is Answer.NO:
            missed = self._missed(content, view)
            return replace(one, why="" if missed else self._too_few(content, view) or "not found", missed=missed)
        persons = view.contents.there.persons
        whose = person if person in persons else outcome.person
        others = len(persons) - (whose in persons)
        more = f"and of {counted(others, 'other person', 'other people')}" if others else ""
        return replace(one, findings=view.asker.witness(view.lens, whose)[:_FINDINGS_SHOWN], why=more)

    def _missed(self, content: Content, view: View | None) -> tuple[tuple[Finding, str], ...]:
        if view is None:
            return ()
        short = [
            (hit.finding, why, view.lens.needed(hit.finding.person, leaf.strength))
            for leaf in leaves(content)
            if isinstance(leaf, PeopleLeaf)
            for hit, why in view.asker.shortfalls(leaf, view.lens)
        ]
        short.sort(key=lambda each: _TELLING.index(each[1]))
        alike = {
            (f.person, f.field, f.strength, why): (f, reasons.not_counted(why, needed))
            for f, why, needed in reversed(short)
        }
        return tuple(reversed(alike.values()))[:_MISSED_SHOWN]

    def _too_few(self, content: Content, view: View) -> str:
        """Return how much less than enough was found."""
        for leaf in leaves(content):
            if isinstance(leaf, Terms):
                there, needed = view.asker.different(leaf, view.lens), leaf.at_least
                what = "different one"
            else:
                there, fields = view.asker.people_found(leaf, view.lens)
                needed, what = leaf.people, "person"
                if there and fields < leaf.fields_at_least:
                    return f"{counted(fields, 'field')} of one person found, {leaf.fields_at_least} needed"
            if there:
                return f"{counted(there, what, 'people' if what == 'person' else '')} found, {needed} needed"
        return ""

    def _relation(self, one: Condition, asking: Related, outcome: Outcome, asked: Asked) -> Condition:
        """Return a relation that is no yes, and what else the recipient is."""
        if outcome.answer is Answer.CANNOT_TELL:
            return replace(one, why=outcome.why)
        if asking.letter and not asked.is_print_room:
            return replace(one, why="only letters for a print room have an addressee")
        if asking.letter and not self._letters:
            return replace(one, why="there is no letter here to anybody whom the register names")
        views = [view for _, view in self._looks(Branch((Test(asking),)), asked) if view is not None]
        return self._unrelated(one, asking, views)

    def _unrelated(self, one: Condition, asking: Related, views: Sequence[View]) -> Condition:
        """Return a relation that is not so, seen in these views, with what is so in its place."""
        who = "the addressee" if asking.letter else "the recipient"
        said = f"{who} is {reasons.SAID[asking.relation] or 'the same as'}"
        nobody = f"{said} nobody in {', '.join(sorted(self.policy.registers)) or 'the register'}"
        if asking.anyone:
            return replace(one, why=nobody)
        looked_at = [relations for view in views for relations in view.relations(RelationTest(asking))]
        holders = ", ".join(sorted(self._holders(asking.relation, looked_at))[:_PEOPLE_NAMED])
        found = sorted(frozenset().union(*(view.contents.there.persons for view in views)))[:_PEOPLE_NAMED]
        if found:
            only = f"; {said} {holders}, of whom nothing was found that counts" if holders else ""
            return replace(one, why=reasons.not_so(asking.relation, who, found, looked_at) + only)
        if asking.relation is Relation.UNAUTHORISED:
            return replace(one, why=reasons.NOBODY_FOUND, waits=True)
        if not holders:
            return replace(one, why=nobody)
        if any(view.lens.known(hit) for view in views for hit in view.asker.hits):
            return replace(one, why=f"{said} {holders}, but {reasons.KNOWN_ALREADY}", waits=True)
        return replace(one, why=f"{said} {holders}, of whom nothing was found that counts", waits=True)

    def _holders(self, relation: Relation, looked_at: Iterable[Relations]) -> AbstractSet[str]:
        """Return the people in the policy's registers to whom one of those looked at is that."""
        named = self.policy.registers
        return {
            person
            for relations in looked_at
            for person in related(relation, relations, _all_of(relations))
            if relation is not Relation.UNAUTHORISED and (not named or self._people.register(person) in named)
        }

    # -- unless, repeat -----------------------------------------------------------------------------------------------

    def _exempt(self, excuse: Excuse, asked: Asked) -> Exempt:
        """Return an exception; a condition of it is a yes where it alone would have been enough."""
        excuses = self._excuses(excuse, asked)
        written = excuse.written
        if written is None:
            return Exempt(excuse, excuses, Condition("unless", 0, _yes_if(excuses)))
        items = written.items if written.join is Join.ALL else (written,)
        shown = tuple(self._excusing(item, excuse, asked) for item in items)
        when = Condition("unless", written.line, _yes_if(excuses), join=Join.ALL, items=shown)
        return Exempt(excuse, excuses, when)

    def _excuses(self, excuse: Excuse, asked: Asked) -> bool:
        judge = self._judge_of(replace(self.policy, excuses=(excuse,)))
        return judge.outcome(asked).answer is Answer.NO

    def _excusing(self, clause: Clause, excuse: Excuse, asked: Asked) -> Condition:
        parts = branches(clause.means) if count(clause.means) <= BRANCH_LIMIT else ()
        would = bool(parts) and self._excuses(replace(excuse, branches=parts), asked)
        items = tuple(self._excusing(item, excuse, asked) for item in clause.items)
        test = next((test for part in parts for test in part.tests), None)
        if items:
            why = ""
        elif test is not None and not isinstance(test.asked, Related):
            why = reasons.plain(test, asked, would)
        else:
            why = reasons.IN_PART[test is not None, would]
        return Condition(clause.words, clause.line, _yes_if(would), why, join=clause.join, items=items)

    def _repeat(self, asked: Asked) -> Condition | None:
        repeat = self.policy.repeat
        if repeat is None:
            return None
        times = self._judge.times(asked)
        whose = "sender" if repeat.per is Per.SENDER else "recipient"
        words = f"repeat: {{per: {whose}, at_least: {repeat.at_least}, in: {repeat.days} days}}"
        enough = _yes_if(times >= repeat.at_least)
        return Condition(words, 0, enough, reasons.times(repeat, times))


# -- what is missing --------------------------------------------------------------------------------------------------


def lacking_of(condition: Condition, *, wanted: bool = True) -> tuple[Condition, ...]:
    """Return the fewest conditions, each asked as a whole, that keep *condition* from being a yes (or a no)."""
    if (condition.answer is Answer.YES) is wanted or (wanted and condition.waits):
        return ()
    if condition.join is None:
        return (condition,)
    each = [lacking_of(item, wanted=wanted is not (condition.join is Join.NONE)) for item in condition.items]
    # All must be so, to make "all" a yes; and to make "any" a no, or "not" a yes.
    if (condition.join is Join.ALL) is wanted:
        return tuple(one for own in each for one in own)
    return min(each, key=len, default=())


def _why_not(outcome: Outcome, exempt: Sequence[Exempt], when: Condition) -> str:
    if outcome.answer is Answer.NO:
        return next(_notes(when), "")
    used = [each.excuse.id for each in exempt if each.excuses] or [each.excuse.id for each in exempt]
    return f"excused by exception {', '.join(used)}"


def _notes(condition: Condition) -> Iterator[str]:
    if condition.join is not None:
        if condition.why and condition.answer is not Answer.YES:
            yield condition.why
        for item in condition.items:
            yield from _notes(item)


# -- answers ----------------------------------------------------------------------------------------------------------


def _yes_if(so: bool) -> Answer:
    return Answer.YES if so else Answer.NO


def _kleene(join: Join, items: Sequence[Condition]) -> Answer:
    answers = [item.answer for item in items] or [Answer.YES]
    match join:
        case Join.ALL:
            return min(answers, key=_ORDER.__getitem__)
        case Join.ANY:
            return max(answers, key=_ORDER.__getitem__)
        case Join.NONE:
            return _DENIED[max(answers, key=_ORDER.__getitem__)]
        case _:
            assert_never(join)


def _together(join: Join, items: Sequence[Condition], answer: Answer, means: Tree | None) -> str:
    """Return why a condition says something else than what it is made of would make one think, or ""."""
    if answer is _kleene(join, items):
        return ""
    if join is Join.NONE:
        found = any(item.answer is not Answer.NO for item in items) or answer is not Answer.NO
        return "asked of each person found by herself, not of all at once" if found else reasons.NOBODY_FOUND
    near = means is not None and any(_is_near(part.content) for part in branches(means))
    return "each is so, but not near enough together" if near else "each is so, but not for one and the same person"


def _is_near(content: Content) -> bool:
    return isinstance(content, Inside) or any(map(_is_near, getattr(content, "items", ())))


def _related(branch: Branch) -> tuple[RelationTest, ...]:
    return tuple(RelationTest(test.asked, test.negated) for test in branch.tests if isinstance(test.asked, Related))


def _people(content: Content) -> tuple[PeopleLeaf, ...]:
    return tuple(leaf for leaf in leaves(content, positive=True) if isinstance(leaf, PeopleLeaf))


def _is_possible(branch: Branch, asked: Asked) -> bool:
    lettered = any(related.letter for related in branch.related())
    return (asked.is_print_room or not lettered) and all(holds(test, asked) for test in branch.tests)


def _all_of(relations: Relations) -> AbstractSet[str]:
    return relations.scope | relations.by_name | relations.authorised | relations.subject
