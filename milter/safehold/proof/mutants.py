# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies with one condition dropped or turned round: whatever no test notices is a condition that nobody proved.

A suite can pass with a policy that matches nothing, or everything.  So each condition is taken away, loosened or denied
in turn, and at least one test must fail.  A change that means the same as before is none and is not made; these do:

* what multiplies out to the same branches, or to one that an earlier change made;
* ``address`` dropped where ``postcode`` stays: who is told an address is told its postcode, so it counts as both;
* a direction that is not written dropped where nobody it asks for is in it (``scope: external`` is never internal);
* a reason of ``if_uninspectable`` whose action is that of ``else``; the whole of it, where nothing is looked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from safehold.model import Action, Direction, Reason, Scope, Strength
from safehold.policy import PolicySet, sense
from safehold.policy.branches import Holds, Near, Not, Tree
from safehold.policy.clauses import Clause
from safehold.policy.language import (
    AllOf,
    AnyOf,
    Anything,
    Asked,
    Branch,
    Content,
    Excuse,
    Inside,
    Kind,
    Nowhere,
    OfKind,
    OfScope,
    People,
    Policy,
    Related,
    Repeat,
    Terms,
    Test,
    Then,
    Uninspectable,
    leaves,
)
from safehold.proof.running import Prepared, run


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy with one change.

    Attributes:
        policy: It, changed.
        change: What was changed, in words.
        line: The line of the condition that was changed, in the policy's file.
        key: What was changed, where that is no condition: a key of the policy, which stands below ``line``.
    """

    policy: Policy
    change: str
    line: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no test noticed; ``policy`` is the one before it."""

    policy: Policy
    change: str
    line: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """How many changes of one policy were noticed."""

    policy: Policy
    noticed: int
    survivors: tuple[Survivor, ...]

    @property
    def total(self) -> int:
        """Return how many changes were tried."""
        return self.noticed + len(self.survivors)


# Policies as they are tested, and the tests that are about them.
Group = tuple[PolicySet, Sequence[Prepared]]


def scores(groups: Sequence[Group]) -> Iterator[Score]:
    """Yield for each policy under test how many of its mutants the tests about it notice."""
    passing = [(policies, _passing(prepared, policies)) for policies, prepared in groups]
    under_test = {policy.id: policy for policies, _ in groups for policy in policies.policies}
    for policy_id in sorted(under_test):
        policy = under_test[policy_id]
        made = list(mutants(policy))
        survivors = [
            m for m in made if not any(_noticed(prepared, policies, m.policy) for policies, prepared in passing)
        ]
        yield Score(
            policy, len(made) - len(survivors), tuple(Survivor(policy, m.change, m.line, m.key) for m in survivors)
        )


def _passing(prepared: Sequence[Prepared], policies: PolicySet) -> list[Prepared]:
    return [one for one, result in zip(prepared, run(prepared, policies), strict=True) if not result.wrong]


def _noticed(passing: Sequence[Prepared], policies: PolicySet, mutant: Policy) -> bool:
    if all(policy.id != mutant.id for policy in policies.policies):
        return False
    changed = replace(
        policies, policies=tuple(mutant if policy.id == mutant.id else policy for policy in policies.policies)
    )
    return any(run([one], changed)[0].wrong for one in passing)


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Yield the policy with each single change."""
    seen = {_meaning(policy)}
    for changed, change, about in _changes(policy):
        if _meaning(changed) not in seen:
            seen.add(_meaning(changed))
            yield Mutant(changed, change, _line(policy, about), about if type(about) is str else "")


def _meaning(policy: Policy) -> tuple[object, ...]:
    return (
        policy.directions,
        frozenset(policy.branches),
        policy.excuses,
        policy.repeat,
        policy.then.action,
        policy.then.deliver_others,
        tuple(policy.uninspectable.action(frozenset({reason})) for reason in Reason) if policy.looked_for else (),
    )


# A changed policy, the change in words, and what was changed: what stands in `when`, an exception, or a key beside it.
_About = Test | Content | Excuse | Direction | str
_Change = tuple[Policy, str, _About]


def _changes(policy: Policy) -> Iterator[_Change]:
    for direction in sorted(policy.directions - {Direction.TRANSIT} - _idle(policy)):
        rest = policy.directions - {direction}
        if rest - {Direction.TRANSIT}:
            yield replace(policy, directions=rest), f"direction {direction} dropped", direction
    for number, branch in enumerate(policy.branches):
        others = (policy.branches[:number], policy.branches[number + 1 :])
        if len(policy.branches) > 1:
            about = branch.tests[0] if branch.tests else branch.content
            yield replace(policy, branches=(*others[0], *others[1])), f"branch `{_branch(branch)}` dropped", about
        for changed, change, test in _of_tests(branch):
            yield replace(policy, branches=(*others[0], changed, *others[1])), change, test
    for content in policy.contents:
        for held, change, item in _of_content(content):
            yield replace(policy, branches=_with(policy.branches, content, held)), change, item
    yield from _of_excuses(policy)
    if policy.repeat is not None:
        yield replace(policy, repeat=None), "repeat dropped", "repeat"
        fewer: Repeat = replace(policy.repeat, at_least=policy.repeat.at_least - 1)
        change = f"repeat at_least {fewer.at_least} in place of {policy.repeat.at_least}"
        yield replace(policy, repeat=fewer), change, "repeat"
    yield from _of_action(policy)


def _idle(policy: Policy) -> frozenset[Direction]:
    """Return a direction that no recipient of a policy can have, where its author did not write it herself."""
    if policy.written is not None and any(item.is_direction for item in policy.written.items):
        return frozenset()
    tests = [{test.asked for test in branch.tests if not test.negated} for branch in policy.branches]
    if tests and all(any(map(_leaves_the_house, asked)) for asked in tests):
        return frozenset({Direction.INTERNAL})
    if tests and all(OfScope(Scope.INTERNAL) in asked for asked in tests):
        return frozenset({Direction.OUTBOUND})
    return frozenset()


def _leaves_the_house(asked: Asked) -> bool:
    """Return whether only a copy that leaves the house can be a yes; what is printed and posted leaves it too."""
    match asked:
        case OfScope():
            return asked.scope is not Scope.INTERNAL
        case OfKind():
            return asked.kind is Kind.PRINT_AND_POST
        case Related():
            return asked.letter
        case _:
            return False


def _of_excuses(policy: Policy) -> Iterator[_Change]:
    for number, excuse in enumerate(policy.excuses):
        before, after = policy.excuses[:number], policy.excuses[number + 1 :]
        yield replace(policy, excuses=(*before, *after)), f'exception "{excuse.id}" dropped', excuse
        for place, branch in enumerate(excuse.branches):
            for changed, change, _ in (*_of_tests(branch), *_of_held(branch)):
                branches = (*excuse.branches[:place], changed, *excuse.branches[place + 1 :])
                looser = replace(policy, excuses=(*before, replace(excuse, branches=branches), *after))
                yield looser, f'in exception "{excuse.id}": {change}', excuse


def _line(policy: Policy, about: _About) -> int:
    """Return the line in which the author wrote what was changed; the policy's own where that cannot be told."""
    written, found = policy.written, None
    if isinstance(about, Excuse):
        found = about.written
    elif written is None or (isinstance(about, str) and not isinstance(about, Direction)):
        found = None
    elif isinstance(about, Direction):
        found = next((item for item in written.items if item.is_direction), None)
    else:
        found = _deepest(written, about)
    return found.line if found is not None and found.line else policy.place[1]


def _deepest(clause: Clause, about: Test | Content) -> Clause | None:
    if about not in _parts(clause.means):
        return None
    return next((found for item in clause.items if (found := _deepest(item, about)) is not None), clause)


def _parts(tree: Tree) -> set[Test | Content]:
    """Return the tests and contents that a condition is made of."""
    match tree:
        case Test():
            # Under "not" a test stands in a branch as its opposite.
            return {tree, Test(tree.asked, not tree.negated)}
        case Holds():
            return {tree.content, *leaves(tree.content)}
        case Not() | Near():
            return _parts(tree.item)
        case _:
            return set().union(*map(_parts, tree.items))


def _of_action(policy: Policy) -> Iterator[_Change]:
    then: Then = policy.then
    weaker = Action.NOTIFY if then.action is not Action.NOTIFY else Action.PASS
    yield replace(policy, then=replace(then, action=weaker)), f"action {weaker} in place of {then.action}", "then"
    if not then.deliver_others:
        yield replace(policy, then=replace(then, deliver_others=True)), "deliver_others: no dropped", "then"
    if policy.looked_for and policy.uninspectable.written:
        for unread, change in _of_unread(policy.uninspectable):
            yield replace(policy, uninspectable=unread), f"if_uninspectable: {change}", "if_uninspectable"


def _of_unread(unread: Uninspectable) -> Iterator[tuple[Uninspectable, str]]:
    other = Action.NOTIFY if unread.otherwise is Action.HOLD else Action.HOLD
    said = "else: " if unread.by_reason else ""
    yield replace(unread, otherwise=other), f"{said}{other} in place of {unread.otherwise}"
    for reason, action in sorted(unread.by_reason.items()):
        rest = {each: does for each, does in unread.by_reason.items() if each is not reason}
        yield replace(unread, by_reason=rest), f"`{reason}: {action}` dropped"


def _with(branches: Sequence[Branch], content: Content, other: Content) -> tuple[Branch, ...]:
    """Return the branches with one content in place of another: where several ask the same, it was written once."""
    return tuple(replace(branch, content=other) if branch.content == content else branch for branch in branches)


def _of_held(branch: Branch) -> Iterator[tuple[Branch, str, Content]]:
    for content, change, item in _of_content(branch.content):
        yield replace(branch, content=content), change, item


def _of_tests(branch: Branch) -> Iterator[tuple[Branch, str, Test]]:
    for number, test in enumerate(branch.tests):
        rest = (*branch.tests[:number], *branch.tests[number + 1 :])
        yield replace(branch, tests=rest), f"`{sense.words(test)}` dropped", test
        denied = Test(test.asked, not test.negated)
        turned = (*branch.tests[:number], denied, *branch.tests[number + 1 :])
        yield replace(branch, tests=turned), f"`{sense.words(test)}` turned to `{sense.words(denied)}`", test


def _of_content(content: Content) -> Iterator[tuple[Content, str, Content]]:
    match content:
        case Anything():
            return
        case People():
            yield Anything(), f"`register: {', '.join(sorted(content.registers))}` dropped", content
            yield from ((changed, change, content) for changed, change in _of_people(content))
        case Terms():
            yield Anything(), f"`{_terms(content)}` dropped", content
            yield from ((changed, change, content) for changed, change in _of_terms(content))
        case Nowhere():
            yield Anything(), f"`{_content(content)}` dropped", _first(content)
            yield content.item, f"`{_content(content)}` turned round", _first(content)
        case Inside():
            yield content.item, f"`within: {_within(content)}` dropped", _first(content)
            for item, change, about in _of_content(content.item):
                yield _inside(content, item), change, about
        case AllOf() | AnyOf():
            yield from _of_several(content)
        case _:
            assert_never(content)


def _first(content: Content) -> Content:
    return next(iter(leaves(content)), content)


def _of_several(content: AllOf | AnyOf) -> Iterator[tuple[Content, str, Content]]:
    word = "all" if isinstance(content, AllOf) else "any"
    for number, item in enumerate(content.items):
        rest = (*content.items[:number], *content.items[number + 1 :])
        dropped = rest[0] if len(rest) == 1 else type(content)(rest)
        yield dropped, f"`{_content(item)}` dropped from {word}", _first(item)
        for changed, change, about in _of_content(item):
            if not isinstance(changed, Anything):  # that is what dropping it was
                several = type(content)((*content.items[:number], changed, *content.items[number + 1 :]))
                yield several, f"{change}{_among(content, item)}", about
    turned: Content = AnyOf(content.items) if isinstance(content, AllOf) else AllOf(content.items)
    yield turned, f"{word} turned to {'any' if word == 'all' else 'all'}", _first(content)


def _among(content: AllOf | AnyOf, item: Content) -> str:
    """Return in which of several like conditions a change was made."""
    alike = sum(type(other) is type(item) for other in content.items) > 1
    return f" in `{_content(item)}`" if alike and isinstance(item, People) else ""


# A field -> the one it counts as, too.
_TOLD = {"address": "postcode"}


def _of_people(leaf: People) -> Iterator[tuple[Content, str]]:
    # Fields are counted as they were found, so that of several at once an address is more than its postcode.
    told = _TOLD if leaf.fields_at_least == 1 else {}
    for name in sorted(leaf.fields):
        if len(leaf.fields) > 1 and told.get(name) not in leaf.fields:
            yield replace(leaf, fields=leaf.fields - {name}), f"field {name} dropped"
    if len(leaf.registers) > 1:
        for name in sorted(leaf.registers):
            yield replace(leaf, registers=leaf.registers - {name}), f"register {name} dropped"
    if leaf.people > 1:
        yield replace(leaf, people=leaf.people - 1), f"people {leaf.people - 1} in place of {leaf.people}"
    if leaf.fields_at_least > 1:
        fewer = leaf.fields_at_least - 1
        yield replace(leaf, fields_at_least=fewer), f"fields_at_least {fewer} in place of {leaf.fields_at_least}"
    if leaf.strength is not None:
        other = Strength.CERTAIN if leaf.strength is not Strength.CERTAIN else Strength.HINT
        yield replace(leaf, strength=other), f"strength {other} in place of {leaf.strength}"
    if leaf.where:
        yield replace(leaf, where=frozenset()), "`in` dropped"


def _of_terms(leaf: Terms) -> Iterator[tuple[Content, str]]:
    for term in leaf.terms:
        if len(leaf.terms) > 1:
            yield replace(leaf, terms=tuple(t for t in leaf.terms if t != term)), f"`{term}` dropped"
    if leaf.at_least > 1:
        yield replace(leaf, at_least=leaf.at_least - 1), f"at_least {leaf.at_least - 1} in place of {leaf.at_least}"
    if leaf.where:
        yield replace(leaf, where=frozenset()), "`in` dropped"


def _inside(content: Inside, item: Content) -> Content:
    return item if isinstance(item, Anything) else replace(content, item=item)


# -- in words ----------------------------------------------------------------------------------------------------------


def _branch(branch: Branch) -> str:
    said = [sense.words(test) for test in branch.tests]
    return " and ".join([*said, _content(branch.content)])


def _content(content: Content) -> str:
    match content:
        case Anything():
            return "content: any"
        case People():
            return f"register: {', '.join(sorted(content.registers))}"
        case Terms():
            return _terms(content)
        case Nowhere():
            return f"not {_content(content.item)}"
        case Inside():
            return f"{_content(content.item)} within {_within(content)}"
        case AllOf():
            return f"all of {_several(content.items)}"
        case AnyOf():
            return f"any of {_several(content.items)}"
        case _:
            assert_never(content)


def _several(items: Iterable[Content]) -> str:
    return ", ".join(map(_content, items))


def _terms(leaf: Terms) -> str:
    return ", ".join(leaf.terms)


def _within(content: Inside) -> str:
    within = content.within
    return f"{within.number} {within.unit}" if within.number else str(within.unit)
