# SPDX-License-Identifier: GPL-3.0-or-later
"""What is other in one set of policies than in another, in words, and whether it protects less.  Pure.

Whatever stands in plain order is judged here: a mode, an action, a number of approvals, a deadline.  That *conditions*
changed is told, and not judged: what they hold shows only by messages (the tests of the policies), and whoever asks
runs those.  The words name policies, fields and reasons, and never an item of a list or a person.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from safehold.errors import counted
from safehold.model import Action, Reason
from safehold.policy.addresses import AddressSet
from safehold.policy.language import Mode, Policy, Repeat, Terms
from safehold.policy.load import PolicySet

_MODES = (Mode.OFF, Mode.SHADOW, Mode.ENFORCE)


class Effect(StrEnum):
    """What a change does to the people whom a policy protects."""

    WEAKER = "weaker"
    STRICTER = "stricter"
    CONDITIONS = "conditions"  # only messages can show it
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: of which policy ("" for what all of them share), what it does, and in words."""

    policy: str
    effect: Effect
    words: str

    @property
    def line(self) -> str:
        """Return it as one line."""
        return f"{self.policy}: {self.words}" if self.policy else self.words


def compare(old: PolicySet, new: PolicySet) -> tuple[Change, ...]:
    """Return what changed from *old* to *new*, by policy."""
    before = {each.id: each for each in old.policies}
    after = {each.id: each for each in new.policies}
    found = [_removed(before[name]) for name in sorted(before.keys() - after.keys())]
    found += [_added(after[name]) for name in sorted(after.keys() - before.keys())]
    for name in sorted(before.keys() & after.keys()):
        found += _changed(old, new, before[name], after[name])
    return (*found, *_shared(old, new))


def _removed(policy: Policy) -> Change:
    effect = Effect.WEAKER if policy.mode is Mode.ENFORCE else Effect.NEITHER
    return Change(policy.id, effect, f"removed (it was in mode {policy.mode.value})")


def _added(policy: Policy) -> Change:
    effect = Effect.STRICTER if policy.mode is Mode.ENFORCE else Effect.NEITHER
    return Change(policy.id, effect, f"added, in mode {policy.mode.value}")


def _changed(old: PolicySet, new: PolicySet, before: Policy, after: Policy) -> Iterator[Change]:
    def change(better: int, words: str) -> Change:
        effect = Effect.WEAKER if better < 0 else Effect.STRICTER if better > 0 else Effect.NEITHER
        return Change(after.id, effect, words)

    one, other = _ranked(before), _ranked(after)
    for word, (rank, said) in one.items():
        if other[word] != (rank, said):
            yield change(other[word][0] - rank, f"{word} {said} -> {other[word][1]}")
    yield from (change(better, words) for better, words in _unread(before, after))
    yield from (change(better, words) for better, words in _repeats(before.repeat, after.repeat))
    yield from (change(better, words) for better, words in _excuses(before, after))
    if gone := sorted(before.directions - after.directions):
        yield change(-1, f"no longer judges mail that is {', '.join(gone)}")
    if more := sorted(after.directions - before.directions):
        yield change(1, f"now judges mail that is {', '.join(more)} too")
    if _conditions(old, before) != _conditions(new, after):
        yield Change(after.id, Effect.CONDITIONS, "its conditions changed")


def _ranked(policy: Policy) -> dict[str, tuple[int, str]]:
    """Return what a policy says that has a plain order: how far that protects (0: no matter of it), and the words."""
    then = policy.then
    return {
        "mode": (_MODES.index(policy.mode), policy.mode.value),
        "action": (int(then.action in (Action.HOLD, Action.REJECT)), then.action.value),
        "approvals": (then.approvals, str(then.approvals)),
        "deadline": (-then.deadline_s, _hours(then.deadline_s)),
        "hours of its reviewers": (-then.office, "office" if then.office else "all"),
        "deliver_others": (-then.deliver_others, "yes" if then.deliver_others else "no"),
        "review": (0, then.review),
        "severity": (0, policy.severity.value),
    }


def _hours(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return counted(hours, "hour") if not rest else f"{timedelta(seconds=seconds)}"


def _unread(before: Policy, after: Policy) -> Iterator[tuple[int, str]]:
    """Yield changes of what happens to what cannot be read, by the reason."""
    reasons: list[tuple[str, frozenset[Reason]]] = [(r.value, frozenset({r})) for r in Reason]
    moved: dict[tuple[Action, Action], list[str]] = {}
    for word, asked in reasons:
        one, other = before.uninspectable.action(asked), after.uninspectable.action(asked)
        if one is not other:
            moved.setdefault((one, other), []).append(word)
    for (one, other), words in moved.items():
        which = "anything unread" if len(words) == len(reasons) else ", ".join(words)
        yield other.rank - one.rank, f"if_uninspectable {one.value} -> {other.value} for {which}"


def _repeats(before: Repeat | None, after: Repeat | None) -> Iterator[tuple[int, str]]:
    if before == after:
        return
    # A repeat without raise_to keeps the policy from acting before the nth time; with it, it acts always.
    one, other = (r.at_least if r is not None and r.raise_to is None else 1 for r in (before, after))
    same = before is not None and after is not None and before.per is after.per
    days = (after.days - before.days) if before is not None and after is not None and other > 1 else 0
    better = one - other or (days if same else -1 if other > 1 else 0)
    yield better, f"repeat {_repeat(before)} -> {_repeat(after)}"


def _repeat(repeat: Repeat | None) -> str:
    if repeat is None:
        return "none"
    raised = f", raised to {repeat.raise_to.value}" if repeat.raise_to is not None else ""
    return f"{repeat.at_least} per {repeat.per.value} in {counted(repeat.days, 'day')}{raised}"


def _excuses(before: Policy, after: Policy) -> Iterator[tuple[int, str]]:
    one, other = {each.id: each for each in before.excuses}, {each.id: each for each in after.excuses}
    yield from ((1, f"exception {name} ended") for name in sorted(one.keys() - other.keys()))
    for name in sorted(other):
        if name not in one:
            yield -1, f"exception {name} added, until {other[name].expires}"
        elif other[name].expires != one[name].expires:
            days = (one[name].expires - other[name].expires).days
            yield days, f"exception {name} until {other[name].expires}, before until {one[name].expires}"


def _conditions(policies: PolicySet, policy: Policy) -> object:
    """Return what a policy asks, with what the names in it stand for."""
    terms = {key for leaf in policy.looked_for if isinstance(leaf, Terms) for key in leaf.terms}
    excuses = {each.id: (each.branches, each.registers) for each in policy.excuses}
    return policy.branches, excuses, policy.ocr, {key: policies.terms.get(key) for key in terms}


def _shared(old: PolicySet, new: PolicySet) -> Iterator[Change]:
    yield from _trusted("partners", {"": old.partners}, {"": new.partners})
    yield from _trusted("roles", old.roles, new.roles)
    if dict(old.kinds) != dict(new.kinds):
        yield Change("", Effect.CONDITIONS, "which addresses are of a kind changed")
    before, after = ({person.id: person for person in each.people} for each in (old, new))
    if gone := before.keys() - after.keys():
        yield Change("", Effect.WEAKER, f"{_people(gone)} no longer in a register's file")
    if more := after.keys() - before.keys():
        yield Change("", Effect.STRICTER, f"{_people(more)} new in a register's file")
    if other_now := [name for name in before.keys() & after.keys() if before[name] != after[name]]:
        yield Change("", Effect.CONDITIONS, f"{_people(other_now)} changed in a register's file")


def _trusted(word: str, old: Mapping[str, AddressSet], new: Mapping[str, AddressSet]) -> Iterator[Change]:
    """Yield whether more, or fewer, addresses are of those who may have what others may not."""
    one, other = _members(old), _members(new)
    if other - one:
        yield Change("", Effect.WEAKER, f"{_places(other - one)} new among the {word}")
    if one - other:
        yield Change("", Effect.STRICTER, f"{_places(one - other)} no longer among the {word}")


def _places(members: Collection[object]) -> str:
    return counted(len(members), "address or domain", "addresses or domains")


def _members(sets: Mapping[str, AddressSet]) -> frozenset[tuple[str, str, str]]:
    return frozenset(
        (name, kind, member)
        for name, addresses in sets.items()
        for kind in ("addresses", "under", "exact")
        for member in getattr(addresses, kind)
    )


def _people(ids: Iterable[str]) -> str:
    return counted(len(list(ids)), "person", "people")
