# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies with one condition dropped or turned round: whatever no test notices is a condition that nobody proved.

A suite can pass with a policy that matches nothing, or everything.  So each condition is taken away, loosened or denied
in turn, and at least one test must fail.  A change that says the same as before is none and is not made.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from safehold.model import Action, Direction, Strength
from safehold.policy import PolicySet, sense
from safehold.policy.language import (
    AllOf,
    AnyOf,
    Anything,
    Branch,
    Content,
    Inside,
    Nowhere,
    People,
    Policy,
    Repeat,
    Terms,
    Test,
    Then,
)
from safehold.proof.running import Prepared, run


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy with one change, and what was changed in words."""

    policy: Policy
    change: str


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no test noticed."""

    policy: Policy
    change: str


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
        yield Score(policy, len(made) - len(survivors), tuple(Survivor(policy, m.change) for m in survivors))


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
    for changed, change in _changes(policy):
        if _meaning(changed) not in seen:
            seen.add(_meaning(changed))
            yield Mutant(changed, change)


def _meaning(policy: Policy) -> tuple[object, ...]:
    return (
        policy.directions,
        frozenset(policy.branches),
        policy.excuses,
        policy.repeat,
        policy.then.action,
        policy.then.deliver_others,
        tuple(sorted(policy.uninspectable.by_reason.items())),
        policy.uninspectable.otherwise,
    )


def _changes(policy: Policy) -> Iterator[tuple[Policy, str]]:
    for direction in sorted(policy.directions - {Direction.TRANSIT}):
        rest = policy.directions - {direction}
        if rest - {Direction.TRANSIT}:
            yield replace(policy, directions=rest), f"direction {direction} dropped"
    for number, branch in enumerate(policy.branches):
        others = (policy.branches[:number], policy.branches[number + 1 :])
        if len(policy.branches) > 1:
            yield replace(policy, branches=(*others[0], *others[1])), f"branch `{_branch(branch)}` dropped"
        for changed, change in _of_tests(branch):
            yield replace(policy, branches=(*others[0], changed, *others[1])), change
    for content in policy.contents:
        for held, change in _of_content(content):
            yield replace(policy, branches=_with(policy.branches, content, held)), change
    for number, excuse in enumerate(policy.excuses):
        kept = (*policy.excuses[:number], *policy.excuses[number + 1 :])
        yield replace(policy, excuses=kept), f'exception "{excuse.id}" dropped'
        for place, branch in enumerate(excuse.branches):
            for changed, change in (*_of_tests(branch), *_of_held(branch)):
                branches = (*excuse.branches[:place], changed, *excuse.branches[place + 1 :])
                looser = replace(excuse, branches=branches)
                excuses = (*policy.excuses[:number], looser, *policy.excuses[number + 1 :])
                yield replace(policy, excuses=excuses), f'in exception "{excuse.id}": {change}'
    if policy.repeat is not None:
        yield replace(policy, repeat=None), "repeat dropped"
        fewer: Repeat = replace(policy.repeat, at_least=policy.repeat.at_least - 1)
        yield replace(policy, repeat=fewer), f"repeat at_least {fewer.at_least} in place of {policy.repeat.at_least}"
    yield from _of_action(policy)


def _of_action(policy: Policy) -> Iterator[tuple[Policy, str]]:
    then: Then = policy.then
    weaker = Action.NOTIFY if then.action is not Action.NOTIFY else Action.PASS
    yield replace(policy, then=replace(then, action=weaker)), f"action {weaker} in place of {then.action}"
    if not then.deliver_others:
        yield replace(policy, then=replace(then, deliver_others=True)), "deliver_others: no dropped"
    unread = policy.uninspectable
    if policy.looked_for and unread.written:
        other = Action.NOTIFY if unread.otherwise is Action.HOLD else Action.HOLD
        yield (
            replace(policy, uninspectable=replace(unread, by_reason={}, otherwise=other)),
            f"if_uninspectable {other} in place of what it says",
        )


def _with(branches: Sequence[Branch], content: Content, other: Content) -> tuple[Branch, ...]:
    """Return the branches with one content in place of another: where several ask the same, it was written once."""
    return tuple(replace(branch, content=other) if branch.content == content else branch for branch in branches)


def _of_held(branch: Branch) -> Iterator[tuple[Branch, str]]:
    for content, change in _of_content(branch.content):
        yield replace(branch, content=content), change


def _of_tests(branch: Branch) -> Iterator[tuple[Branch, str]]:
    for number, test in enumerate(branch.tests):
        rest = (*branch.tests[:number], *branch.tests[number + 1 :])
        yield replace(branch, tests=rest), f"`{sense.words(test)}` dropped"
        denied = Test(test.asked, not test.negated)
        turned = (*branch.tests[:number], denied, *branch.tests[number + 1 :])
        yield replace(branch, tests=turned), f"`{sense.words(test)}` turned to `{sense.words(denied)}`"


def _of_content(content: Content) -> Iterator[tuple[Content, str]]:
    match content:
        case Anything():
            return
        case People():
            yield Anything(), "content: register dropped"
            yield from _of_people(content)
        case Terms():
            yield Anything(), f"`{_terms(content)}` dropped"
            yield from _of_terms(content)
        case Nowhere():
            yield Anything(), "`not` dropped"
            yield content.item, "`not` turned round"
        case Inside():
            yield content.item, f"within {_within(content)} dropped"
            for item, change in _of_content(content.item):
                yield _inside(content, item), change
        case AllOf() | AnyOf():
            yield from _of_several(content)
        case _:
            assert_never(content)


def _of_several(content: AllOf | AnyOf) -> Iterator[tuple[Content, str]]:
    word = "all" if isinstance(content, AllOf) else "any"
    for number, item in enumerate(content.items):
        rest = (*content.items[:number], *content.items[number + 1 :])
        yield (rest[0] if len(rest) == 1 else type(content)(rest)), f"`{_content(item)}` dropped from {word}"
        for changed, change in _of_content(item):
            if not isinstance(changed, Anything):  # that is what dropping it was
                yield type(content)((*content.items[:number], changed, *content.items[number + 1 :])), change
    turned: Content = AnyOf(content.items) if isinstance(content, AllOf) else AllOf(content.items)
    yield turned, f"{word} turned to {'any' if word == 'all' else 'all'}"


def _of_people(leaf: People) -> Iterator[tuple[Content, str]]:
    for name in sorted(leaf.fields):
        if len(leaf.fields) > 1:
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
