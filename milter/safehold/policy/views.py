# SPDX-License-Identifier: GPL-3.0-or-later
"""One branch of a policy looked at for one recipient, and for one letter where it asks for the addressee.

Which hits he is shown (rules 4 and 5) and for which of the people found every relation of the branch is yes (rules 2
and 3), also for the unknown person of an unread part (rule 7).  Pure.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from copy import copy
from dataclasses import dataclass
from typing import assert_never

from safehold.policy.answers import Contents
from safehold.policy.asked import Asked, Letter, People, RelationTest, related
from safehold.policy.content import Asker, Lens
from safehold.policy.language import Relation
from safehold.register.index import Relations


@dataclass(frozen=True, slots=True)
class Bench:
    """What the judge of one policy has before it: its registers, the letters of the message, and the people."""

    registers: frozenset[str]
    letters: Sequence[Letter]
    people: People


class View:
    """One branch for one recipient, and for one letter if it asks for the addressee."""

    def __init__(
        self, bench: Bench, asker: Asker, asked: Asked, related: Sequence[RelationTest], letter: Letter | None
    ) -> None:
        self.bench = bench
        self.asker = asker
        self.asked = asked
        self.related = related
        self.letter = letter
        mine = [test for test in related if not test.negated and not test.asked.anyone]
        adverse = any(
            test.asked.relation is Relation.ADVERSE and test.asked.letter is (letter is not None) for test in mine
        )
        looked_at = letter.relations if letter is not None else asked.relations
        self.lens = self._lens(looked_at, letter, adverse=adverse)
        self.contents: Contents = asker.ask(self.lens)
        # A branch that asks both the recipient and the addressee needs a person whom both lenses see.
        self._also: frozenset[str] | None = None
        if letter is not None and any(not test.asked.letter for test in mine):
            sternly = any(test.asked.relation is Relation.ADVERSE and not test.asked.letter for test in mine)
            own = self._lens(asked.relations, None, adverse=sternly)
            self._also = asker.ask(own).there.persons

    def asking(self, related: Sequence[RelationTest]) -> "View":
        """Return the same sight with fewer questions: what a part of the branch says by itself."""
        view = copy(self)
        view.related = related
        if all(test.asked.letter for test in related):
            view._also = None
        return view

    def _lens(self, relations: Relations, letter: Letter | None, *, adverse: bool) -> Lens:
        attachment = None
        if letter is not None and len(self.bench.letters) > 1:
            attachment = letter.attachment
        parties = dict(relations.adverse)
        if adverse:
            # Whoever of them somebody of that name is: what all of them know, he knows.
            parties |= {person: self.bench.people.parties(person) for person in relations.by_name}
        return Lens(
            own=relations.scope,
            by_name=relations.by_name,
            parties=parties,
            adverse=adverse,
            attachment=attachment,
            name_only=letter is not None and letter.by_name_only,
        )

    def relations(self, test: RelationTest) -> Sequence[Relations]:
        """Return whose relations a test asks: the recipient's, or those of the letter or letters."""
        if not test.asked.letter:
            return (self.asked.relations,)
        if not self.asked.is_print_room:
            return ()
        if self.letter is not None:
            return (self.letter.relations,)
        return tuple(letter.relations for letter in self.bench.letters)

    def persons(self, persons: AbstractSet[str]) -> AbstractSet[str]:
        """Return those of *persons* for whom every test of the branch is yes."""
        left = persons if self._also is None else persons & self._also
        for test in self.related:
            if not left:
                break
            if test.asked.anyone:
                left = left if self._of_anyone(test) else frozenset()
            else:
                looked_at = self.relations(test)
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
        for relations in self.relations(test):
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

        return any(found(relations) for relations in self.relations(test)) is not test.negated

    def _in_registers(self, persons: Iterable[str]) -> bool:
        named = self.bench.registers
        return any(not named or self.bench.people.register(person) in named for person in persons)
