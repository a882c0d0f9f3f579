# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a policy, each key of which is right, makes sense as a whole; and its recipients multiplied out.

A condition that can never hold, or a relation with nobody to be related to, is the dangerous kind of mistake: the
policy loads, reads well and protects nobody.  Pure.
"""

from dataclasses import dataclass
from typing import assert_never

from safehold.model import Direction, Scope
from safehold.policy.language import (
    Anything,
    Asked,
    Branch,
    InAddresses,
    Kind,
    OfKind,
    OfScope,
    People,
    Policy,
    Related,
    Relation,
    Test,
    Where,
    leaves,
    names_person,
)
from safehold.policy.names import Names
from safehold.policy.nodes import Mark, Node, Scalar

# A policy in use has under ten branches; what multiplies out beyond this belongs into a list.
BRANCH_LIMIT = 256

# -- the tree of when.recipients, before it is multiplied out -----------------------------------------------------


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


Tree = Test | Every | Some | Not


@dataclass(frozen=True, slots=True)
class Asking:
    """A relation asked somewhere in a policy, with its place and its words."""

    related: Related
    mark: Mark
    words: str


def count(tree: Tree, *, negated: bool = False) -> int:
    """Return how many branches *tree* multiplies out to, cheaply."""
    match tree:
        case Test():
            return 1
        case Not():
            return count(tree.item, negated=not negated)
        case Every() | Some():
            numbers = [count(item, negated=negated) for item in tree.items]
            if isinstance(tree, Every) is negated:
                return sum(numbers)
            product = 1
            for number in numbers:
                product = min(product * number, 10 * BRANCH_LIMIT)
            return product


def branches(tree: Tree, *, negated: bool = False) -> tuple[Branch, ...]:
    """Return *tree* as "or" of "and" of tests, every ``not`` pushed down onto a test."""
    match tree:
        case Test():
            return ((_denied(tree) if negated else tree,),)
        case Not():
            return branches(tree.item, negated=not negated)
        case Every() | Some():
            parts = [branches(item, negated=negated) for item in tree.items]
            if isinstance(tree, Every) is negated:
                return tuple(branch for part in parts for branch in part)
            product: tuple[Branch, ...] = ((),)
            for part in parts:
                product = tuple((*left, *(t for t in right if t not in left)) for left in product for right in part)
            return product


_OPPOSITE = {Relation.AUTHORISED: Relation.UNAUTHORISED, Relation.UNAUTHORISED: Relation.AUTHORISED}


def _denied(test: Test) -> Test:
    # Rule 2: `not: {relation: authorised}` and `relation: unauthorised` are the same, also where there is no person or
    # an unread one.  A letter's addressee is another matter: where there is no letter, "not" is simply true.
    related = test.asked
    if isinstance(related, Related) and related.relation in _OPPOSITE and not related.letter:
        return Test(Related(_OPPOSITE[related.relation], related.anyone), test.negated)
    return Test(test.asked, not test.negated)


# -- sense --------------------------------------------------------------------------------------------------------


def check(policy: Policy, askings: list[Asking], recipients: Node | None, name: Node, names: Names) -> None:
    """Complain of what *policy* cannot mean."""
    _relation_without_person(policy, askings, names)
    if recipients is not None:
        _never_matches(policy, recipients, names)
    everybody = isinstance(recipients, Scalar) and policy.branches == ((),)
    if isinstance(policy.content, Anything) and everybody:
        names.complaints.warn(
            name.mark, "holds-everything", f'policy "{policy.id}" takes every message in its direction'
        )


def _relation_without_person(policy: Policy, askings: list[Asking], names: Names) -> None:
    if names_person(policy.content):
        return
    here = ", ".join(names.registers or sorted({word for what, word in names.used if what == "register"})) or "none yet"
    some = any(isinstance(leaf, People) for leaf in leaves(policy.content, positive=True))
    cure = "the branch of any: that has none needs a register: too" if some else "add content: {register: ...}"
    for asking in askings:
        if not asking.related.anyone:
            word = asking.related.relation.value.replace("_", " ")
            person = (
                "a person to be adverse to"
                if asking.related.relation is Relation.ADVERSE
                else f"a person ({word} of whom?)"
            )
            names.walk.wrong(
                asking.mark,
                f'"{asking.words}" needs {person}; {cure}. Registers here: {here}',
                "relation-without-person",
            )


def _never_matches(policy: Policy, recipients: Node, names: Names) -> None:
    reasons = [_impossible(branch, policy.directions) for branch in policy.branches]
    if reasons and all(reasons):
        names.walk.wrong(
            recipients,
            f"{reasons[0]} cannot both hold; this policy would never fire. Did you mean any: [...]?",
            "never-matches",
        )


def _impossible(branch: Branch, directions: frozenset[Direction]) -> str:
    """Return which two conditions of *branch* exclude each other, in words, or ""."""
    for position, test in enumerate(branch):
        for other in branch[position + 1 :]:
            if test.asked == other.asked and test.negated is not other.negated:
                return f"{words(test)} and {words(other)}"
            if not test.negated and not other.negated:
                clash = _clash(test, other) or _clash(other, test)
                if clash:
                    return clash
        if not test.negated and isinstance(test.asked, OfScope):
            inside = test.asked.scope is Scope.INTERNAL
            ours = frozenset({Direction.INTERNAL, Direction.INBOUND})
            if not directions & ours if inside else not directions - ours:
                return f"{words(test)} and direction: {_direction(directions)}"
    return ""


def _clash(one: Test, other: Test) -> str:
    a, b = one.asked, other.asked
    both = f"{words(one)} and {words(other)}"
    if isinstance(a, OfScope) and isinstance(b, OfScope) and a.scope is not b.scope:
        return both
    # What goes to print and post leaves the house, so it counts as external.
    if isinstance(a, OfScope) and isinstance(b, OfKind):
        outside = {Kind.PERSONAL_MAIL: {Scope.INTERNAL}, Kind.PRINT_AND_POST: {Scope.INTERNAL, Scope.PARTNER}}
        return both if a.scope in outside.get(b.kind, set()) else ""
    if isinstance(a, OfKind) and isinstance(b, Related) and b.letter:
        return both if a.kind is Kind.PERSONAL_MAIL else ""
    if isinstance(a, Related) and isinstance(b, Related) and a.letter is b.letter and a.anyone is b.anyone:
        pair = {a.relation, b.relation}
        denied = Relation.UNAUTHORISED in pair and pair & {Relation.AUTHORISED, Relation.SUBJECT}
        return both if denied else ""
    if isinstance(a, InAddresses) and isinstance(b, InAddresses) and a.addresses and b.addresses:
        return "" if _overlap(a, b) else both
    return ""


def _overlap(a: InAddresses, b: InAddresses) -> bool:
    """Return whether an address can be in both sets (decided where one holds nothing but addresses or domains)."""
    for one, other in ((a.addresses, b.addresses), (b.addresses, a.addresses)):
        if any(address in other for address in one.addresses):
            return True
        if any(f"x@{domain}" in other for domain in one.exact | one.under):
            return True
        if one.under and other.addresses and any(address in one for address in other.addresses):
            return True
    return False


def words(test: Test) -> str:
    """Return a test as the author wrote it, nearly."""
    said = _words(test.asked)
    return f"not {said}" if test.negated else said


def _words(asked: Asked) -> str:
    match asked:
        case InAddresses():
            return asked.name.replace(" ", ": ", 1)
        case OfScope():
            return f"scope: {asked.scope}"
        case OfKind():
            return f"kind: {asked.kind}"
        case Related():
            of = " of anyone" if asked.anyone else ""
            return f"{'addressee' if asked.letter else 'relation'}: {asked.relation}{of}"
        case _:
            assert_never(asked)


def _direction(directions: frozenset[Direction]) -> str:
    return " or ".join(sorted(direction.value for direction in directions - {Direction.TRANSIT}))


# -- what it could use ----------------------------------------------------------------------------------------------

# Where a picture's text can stand: in an attachment, or in the body that shows it.
_OF_PICTURES = frozenset({Where.ATTACHMENT, Where.BODY, Where.OCR})


def uses_pictures(policy: Policy) -> bool:
    """Return whether text in pictures could change what *policy* finds, and it does not decline it.

    The default is yes: a photographed letter is a letter.  ``ocr: no`` is for policies that concern so much mail that
    the time is not theirs to take (0.7 seconds a page).
    """
    if policy.ocr is not None:
        return policy.ocr
    return any(not leaf.where or leaf.where & _OF_PICTURES for leaf in leaves(policy.content))
