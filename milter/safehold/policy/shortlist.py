# SPDX-License-Identifier: GPL-3.0-or-later
"""Which branches of which policies are worth asking, of two hundred policies in a few microseconds.

Most policies do not concern most recipients, and most of those that do find nothing in the message.  So each question
that several branches share (is he external? is he adverse to anybody?) is asked once a recipient, and what was found
says which branches are left.  Branches are bits of a number, so that taking out all that need something is one
operation.  What is left is asked by :mod:`safehold.policy.evaluate`; what is taken out could only have answered no.
Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from safehold.model import Direction
from safehold.policy import sense
from safehold.policy.asked import Asked, holds, relation_possible
from safehold.policy.asked import People as OfRegister
from safehold.policy.evidence import Unread
from safehold.policy.language import (
    SCOPED,
    AllOf,
    AnyOf,
    Anything,
    Blind,
    Branch,
    Content,
    Inside,
    Mode,
    Nowhere,
    People,
    Policy,
    Related,
    Relation,
    Terms,
    Test,
    Where,
    leaves,
)

_Relation = tuple[Relation, bool, frozenset[str]]


class Shortlist:
    """The branches of some policies by what they need.

    A *mask* is a number whose bits are branches; 0 is none of them.

    Args:
        policies: Those that are off are left out.

    Attributes:
        branches: Each branch with its policy; its position is its bit.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        self.branches: list[tuple[Policy, Branch]] = []
        # What a branch needs of a recipient -> the branches that need it.
        self._tests: dict[Test, int] = {}
        self._relations: dict[_Relation, int] = {}
        self._directions: dict[Direction, int] = dict.fromkeys(Direction, 0)
        self._letters = 0  # those that require an addressee
        # What branches would have looked for.
        self._terms: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._asking_letters = self._of_people = self._seeing_pictures = 0
        # What the message must hold -> the branches that could be content with it.
        self._keys: dict[str, int] = {}
        self._unread: dict[tuple[frozenset[Where], Blind], int] = {}
        self._free = 0
        for policy in policies:
            if policy.mode is not Mode.OFF:
                self._add(policy)

    def _add(self, policy: Policy) -> None:
        mine = 0
        for branch in policy.branches:
            bit = 1 << len(self.branches)
            mine |= bit
            self.branches.append((policy, branch))
            self._add_tests(policy, branch, bit)
            self._add_content(branch.content, bit)
            if policy.registers:
                self._add_search(policy, branch, bit)
        for direction in policy.directions:
            self._directions[direction] |= mine
        for leaf in policy.looked_for:
            for term in leaf.terms if isinstance(leaf, Terms) else ():
                self._terms[term] = self._terms.get(term, 0) | mine
        # An exception asks of everybody in a part who they are: whom it does not find it would take to be nobody.
        for name in (name for excuse in policy.excuses for name in excuse.registers or policy.registers):
            self._whole[name] = self._whole.get(name, 0) | mine
        if sense.uses_pictures(policy):
            self._seeing_pictures |= mine

    def _add_tests(self, policy: Policy, branch: Branch, bit: int) -> None:
        for test in branch.tests:
            related = test.asked
            if not isinstance(related, Related):
                self._tests[test] = self._tests.get(test, 0) | bit
            elif not test.negated and related.letter:
                self._letters |= bit
            elif not test.negated and related.relation is not Relation.UNAUTHORISED:
                key = (related.relation, related.anyone, policy.registers)
                self._relations[key] = self._relations.get(key, 0) | bit

    def _add_content(self, content: Content, bit: int) -> None:
        if _free(content):
            self._free |= bit
        for leaf in leaves(content, positive=True):
            names, blind = (leaf.registers, Blind.ANYWHERE) if isinstance(leaf, People) else (leaf.terms, leaf.blind)
            for name in names:
                self._keys[_key(leaf, name)] = self._keys.get(_key(leaf, name), 0) | bit
            self._unread[leaf.where, blind] = self._unread.get((leaf.where, blind), 0) | bit

    def _add_search(self, policy: Policy, branch: Branch, bit: int) -> None:
        self._of_people |= bit
        if any(isinstance(test.asked, Related) and test.asked.letter for test in branch.tests):
            self._asking_letters |= bit
        scoped = any(related.relation in SCOPED and not related.anyone for related in branch.related())
        if not (scoped and _scope_suffices(branch.content)):
            for name in policy.registers:
                self._whole[name] = self._whole.get(name, 0) | bit

    # -- who gets it ------------------------------------------------------------------------------------------------

    def of(self, asked: Asked, people: OfRegister) -> int:
        """Return the branches that could concern this recipient, whatever the message holds."""
        left = self._directions[asked.direction]
        if not asked.is_print_room:
            left &= ~self._letters
        relations = asked.relations
        known = bool(relations.scope or relations.by_name or relations.subject or relations.authorised)
        for (relation, anyone, registers), needing in self._relations.items():
            if left & needing and not (
                known and relation_possible(registers, Related(relation, anyone), relations, people)
            ):
                left &= ~needing
        for test, needing in self._tests.items():
            if left & needing and not holds(test, asked):
                left &= ~needing
        return left

    # -- what to look for -------------------------------------------------------------------------------------------

    def terms(self, mask: int) -> list[str]:
        """Return the keys of everything that these branches' policies look for."""
        return [term for term, needing in self._terms.items() if mask & needing]

    def whole(self, mask: int) -> frozenset[str]:
        """Return the registers of which these branches ask for people outside the recipients' own scope."""
        return frozenset(name for name, needing in self._whole.items() if mask & needing)

    def letters(self, mask: int) -> bool:
        """Return whether one of these branches asks for the addressees of letters."""
        return bool(mask & self._asking_letters)

    def people(self, mask: int) -> bool:
        """Return whether one of these branches looks for people."""
        return bool(mask & self._of_people)

    def pictures(self, mask: int) -> bool:
        """Return whether text in pictures could matter to one of these branches' policies."""
        return bool(mask & self._seeing_pictures)

    # -- what is in it ----------------------------------------------------------------------------------------------

    def holding(self, registers: Iterable[str], terms: Iterable[str], unread: Sequence[Unread]) -> int:
        """Return the branches for which something was found, or could stand in what was not read.

        Args:
            registers: Of which somebody was found.
            terms: Keys of what was found.
            unread: What could not be read.
        """
        there = {*(f"register {name}" for name in registers), *(f"term {key}" for key in terms)}
        candidates = 0
        for key in there:
            candidates |= self._keys.get(key, 0)
        blind: dict[tuple[frozenset[Where], Blind], bool] = {}
        if unread:
            for kind, needing in self._unread.items():
                blind[kind] = any(each.could_hold(*kind) for each in unread)
                candidates |= needing if blind[kind] else 0
        found = self._free
        for number in _numbers(candidates & ~self._free):
            if _could(self.branches[number][1].content, there, blind):
                found |= 1 << number
        return found

    def policies(self, mask: int) -> tuple[Policy, ...]:
        """Return the policies of these branches, each once, in their order."""
        found: list[Policy] = []
        for number in _numbers(mask):
            policy = self.branches[number][0]
            if not found or found[-1] is not policy:  # the branches of a policy stand together
                found.append(policy)
        return tuple(found)


def _numbers(mask: int) -> Iterator[int]:
    """Yield the positions of the bits of *mask*."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _key(leaf: People | Terms, name: str) -> str:
    return f"{'register' if isinstance(leaf, People) else 'term'} {name}"


def _free(content: Content) -> bool:
    """Return whether a message in which nothing was found could satisfy *content*."""
    match content:
        case People() | Terms():
            return False
        case Anything() | Nowhere():
            return True
        case AllOf():
            return all(map(_free, content.items))
        case AnyOf():
            return any(map(_free, content.items))
        case Inside():
            return _free(content.item)


def _could(content: Content, there: AbstractSet[str], blind: Mapping[tuple[frozenset[Where], Blind], bool]) -> bool:
    """Return whether *content* could be satisfied by what is there or by what was not read."""
    match content:
        case People():
            return blind.get((content.where, Blind.ANYWHERE), False) or any(
                f"register {name}" in there for name in content.registers
            )
        case Terms():
            return blind.get((content.where, content.blind), False) or any(
                f"term {key}" in there for key in content.terms
            )
        case Anything() | Nowhere():
            return True
        case AllOf():
            return all(_could(item, there, blind) for item in content.items)
        case AnyOf():
            return any(_could(item, there, blind) for item in content.items)
        case Inside():
            return _could(content.item, there, blind)


def _scope_suffices(content: Content) -> bool:
    """Return whether a witness names one person only, so that nobody outside the scope need be found."""
    found = [leaf for leaf in leaves(content) if isinstance(leaf, People)]
    positive = [leaf for leaf in leaves(content, positive=True) if isinstance(leaf, People)]
    return len(found) == len(positive) and all(leaf.people == 1 for leaf in found) and _one_person(content)


def _one_person(content: Content) -> bool:
    match content:
        case AllOf():
            return sum(bool(_people_leaves(item)) for item in content.items) <= 1 and all(
                map(_one_person, content.items)
            )
        case AnyOf():
            return all(map(_one_person, content.items))
        case Inside():
            return _one_person(content.item)
        case _:
            return True


def _people_leaves(content: Content) -> list[People]:
    return [leaf for leaf in leaves(content) if isinstance(leaf, People)]
