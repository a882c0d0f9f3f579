# SPDX-License-Identifier: GPL-3.0-or-later
"""``unless``: witnesses that do not count for a recipient (policy-language, rule 6).

An exception removes a recipient and a witness, never a message.  Its content is looked for in the parts in which the
witness stands, and nowhere else: a harmless plan beside it excuses nothing.  Its relation must hold for *every* person
found there, at any strength, and for one of them the finding must be certain.  "Cannot tell" never excuses.  Pure.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

from safehold.model import PartPath, Strength
from safehold.policy.asked import Asked, RelationTest, holds, related
from safehold.policy.content import Asker, Lens
from safehold.policy.evidence import Evidence
from safehold.policy.language import Anything, Branch, Excuse, Policy, Related
from safehold.policy.views import View
from safehold.register.index import Relations

# More witnesses of one person than this are not looked at one by one: none of them is excused.
_MOST_WITNESSES = 500


class Excuses:
    """The exceptions of one policy over one message."""

    def __init__(self, policy: Policy, evidence: Evidence) -> None:
        self._excuses = policy.excuses
        self._registers = policy.registers
        self._evidence = evidence
        self._askers = {
            branch.content: Asker(branch.content, evidence) for excuse in policy.excuses for branch in excuse.branches
        }

    @cached_property
    def _unread(self) -> frozenset[PartPath]:
        return frozenset(part for unread in self._evidence.unread for part in unread.parts)

    def outright(self, asked: Asked) -> Excuse | None:
        """Return the exception that frees a recipient whatever the message holds, read or not."""
        for excuse in self._excuses:
            for branch in excuse.branches:
                related = any(isinstance(test.asked, Related) for test in branch.tests)
                if related or not isinstance(branch.content, Anything):
                    continue
                if all(holds(test, asked, excusing=True) for test in branch.tests):
                    return excuse
        return None

    def of(self, view: View, person: str) -> tuple[Excuse, ...]:
        """Return the exceptions that free the recipient of every witness of *person* between them, or ()."""
        if not self._excuses:
            return ()
        witnesses = view.asker.witness_parts(view.lens, person, _MOST_WITNESSES)
        used: dict[str, Excuse] = {}
        for parts in witnesses:
            excuse = next((excuse for excuse in self._excuses if self._frees(excuse, view, parts)), None)
            if excuse is None:
                return ()
            used[excuse.id] = excuse
        return tuple(used.values())

    def _frees(self, excuse: Excuse, view: View, parts: AbstractSet[PartPath]) -> bool:
        registers = excuse.registers or self._registers
        return any(self._holds(branch, registers, view, parts) for branch in excuse.branches)

    def _holds(self, branch: Branch, registers: AbstractSet[str], view: View, parts: AbstractSet[PartPath]) -> bool:
        asked = view.asked
        if not all(holds(test, asked, excusing=True) for test in branch.tests):
            return False
        relations = [RelationTest(test.asked, test.negated) for test in branch.tests if isinstance(test.asked, Related)]
        looks = relations or not isinstance(branch.content, Anything)
        if looks and not self._unread.isdisjoint(parts):
            return False
        lens = Lens(own=view.lens.own, by_name=view.lens.by_name)
        if not self._askers[branch.content].in_parts(lens, parts).there:
            return False
        return not relations or self._related(relations, registers, lens, view, parts)

    def _related(
        self,
        tests: Sequence[RelationTest],
        registers: AbstractSet[str],
        lens: Lens,
        view: View,
        parts: AbstractSet[PartPath],
    ) -> bool:
        strengths: dict[str, int] = {}
        for register in registers:
            for hit in self._evidence.people.get(register, ()):
                rank = lens.rank(hit)
                if rank and hit.finding.place.part in parts:
                    strengths[hit.finding.person] = max(rank, strengths.get(hit.finding.person, 0))
        if max(strengths.values(), default=0) < Strength.CERTAIN.rank:
            return False
        return all(_of_all(test, _looked_at(test, view), strengths.keys()) for test in tests)


def _looked_at(test: RelationTest, view: View) -> Relations | None:
    if not test.asked.letter:
        return view.asked.relations
    return view.letter.relations if view.letter is not None else None


def _of_all(test: RelationTest, relations: Relations | None, persons: AbstractSet[str]) -> bool:
    """Return whether a relation is so (or, negated, is not so) for every one of *persons*."""
    if relations is None:
        return False
    holding = related(test.asked.relation, relations, persons)
    return not holding if test.negated else holding == persons
