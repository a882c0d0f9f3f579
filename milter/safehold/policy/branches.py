# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions as the author nested them, and the same multiplied out to branches: "or" of "and".

A branch has single tests of sender and recipient, and one content; every ``not`` is pushed down.  Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from safehold.policy.language import (
    AllOf,
    Anything,
    Branch,
    Content,
    Inside,
    Nowhere,
    Related,
    Relation,
    Test,
    Within,
)

# A policy in use has under ten branches; what multiplies out beyond this belongs into a list.
BRANCH_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Every:
    """All of these."""

    items: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of these."""

    items: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    item: "Tree"


@dataclass(frozen=True, slots=True)
class Holds:
    """The message holds this."""

    content: Content


@dataclass(frozen=True, slots=True)
class Near:
    """All contents of the item stand as near as ``within`` says."""

    within: Within
    item: "Tree"


Tree = Test | Holds | Every | Some | Not | Near
# A branch while it grows: its tests, and its contents one by one.
_Grown = tuple[tuple[Test, ...], tuple[Content, ...]]


def count(tree: Tree, *, negated: bool = False) -> int:
    """Return how many branches *tree* multiplies out to, cheaply; at most ten times what is allowed."""
    match tree:
        case Test() | Holds():
            return 1
        case Not():
            return count(tree.item, negated=not negated)
        case Near():
            return count(tree.item) if not negated else 10 * BRANCH_LIMIT if count(tree.item) > 4 else BRANCH_LIMIT // 4
        case Every() | Some():
            numbers = [count(item, negated=negated) for item in tree.items]
            if isinstance(tree, Every) is negated:
                return min(sum(numbers), 10 * BRANCH_LIMIT)
            total = 1
            for number in numbers:
                total = min(total * number, 10 * BRANCH_LIMIT)
            return total


def branches(tree: Tree) -> tuple[Branch, ...]:
    """Return *tree* multiplied out.  Equal contents are one object, so that each is asked once."""
    known: dict[Content, Content] = {}
    grown = dict.fromkeys(_multiplied(tree, negated=False))
    made = (Branch(tests, together(contents)) for tests, contents in grown)
    return tuple(Branch(branch.tests, known.setdefault(branch.content, branch.content)) for branch in made)


def together(contents: Iterable[Content]) -> Content:
    """Return one content that asks for all of *contents*."""
    asked = [content for content in dict.fromkeys(contents) if not isinstance(content, Anything)]
    if not asked:
        return Anything()
    return asked[0] if len(asked) == 1 else AllOf(tuple(asked))


def _multiplied(tree: Tree, *, negated: bool) -> list[_Grown]:
    match tree:
        case Test():
            return [((_denied(tree) if negated else tree,), ())]
        case Holds():
            return [((), (Nowhere(tree.content) if negated else tree.content,))]
        case Not():
            return _multiplied(tree.item, negated=not negated)
        case Near():
            inner = _multiplied(tree.item, negated=False)
            near = [(tests, _near(tree.within, contents)) for tests, contents in inner]
            return _multiplied(_none_of(near), negated=False) if negated else near
        case Every() | Some():
            parts = [_multiplied(item, negated=negated) for item in tree.items]
            if isinstance(tree, Every) is negated:
                return [grown for part in parts for grown in part]
            return [_joined(chosen) for chosen in product(*parts)]


def _near(within: Within, contents: tuple[Content, ...]) -> tuple[Content, ...]:
    content = together(contents)
    return () if isinstance(content, Anything) else (Inside(within, content),)


def _none_of(grown: Iterable[_Grown]) -> Tree:
    return Every(
        tuple(
            Some((*(Not(test) for test in tests), *(Not(Holds(content)) for content in contents)))
            for tests, contents in grown
        )
    )


def _joined(chosen: Iterable[_Grown]) -> _Grown:
    tests: dict[Test, None] = {}
    contents: dict[Content, None] = {}
    for own, held in chosen:
        tests |= dict.fromkeys(own)
        contents |= dict.fromkeys(held)
    return tuple(tests), tuple(contents)


OPPOSITE = {Relation.AUTHORISED: Relation.UNAUTHORISED, Relation.UNAUTHORISED: Relation.AUTHORISED}


def _denied(test: Test) -> Test:
    # Rule 2: `not: {relation: authorised}` and `relation: unauthorised` are the same, also where there is no person or
    # an unread one.  A letter's addressee is another matter: where there is no letter, "not" is simply true.
    related = test.asked
    if isinstance(related, Related) and related.relation in OPPOSITE and not related.letter:
        return Test(Related(OPPOSITE[related.relation], related.anyone), test.negated)
    return Test(test.asked, not test.negated)
