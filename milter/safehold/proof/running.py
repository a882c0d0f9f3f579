# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the tests of policies: messages made, read as the gateway reads them, judged by the same function.

A policy in shadow is tested as if it were enforced: that is what its tests are for.  Nothing of the site takes part:
domains, people, day and what was before all come from the test file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from safehold import screening
from safehold.gate.facts import NoMaps, Site, gather
from safehold.model import (
    EVERYTHING,
    Action,
    Answer,
    Demand,
    Facts,
    Message,
    PartPath,
    Reading,
    RecipientVerdict,
    Verdict,
)
from safehold.policy import PolicySet
from safehold.policy.account import Account
from safehold.policy.language import Mode, Per, Policy
from safehold.proof import messages, noticing
from safehold.proof.cases import SEVERITIES, Case, Expected, Suite
from safehold.register.index import Register

Reader = Callable[[bytes, Demand], Reading]
_INTO = " > "


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one test.

    Attributes:
        suite: The path of its file.
        case: The test.
        wrong: What was not as expected, in words and free of protected values.
        verdict: What came.
        judges: The policies that it was judged by.
    """

    suite: str
    case: Case
    wrong: tuple[str, ...] = ()
    verdict: Verdict | None = field(default=None, repr=False)
    judges: frozenset[str] = frozenset()

    @property
    def is_gap(self) -> bool:
        """Return whether it failed as it was expected to."""
        return bool(self.case.known_gap) and bool(self.wrong)

    @property
    def passed(self) -> bool:
        """Return whether all was as expected; a known gap that closed is told, so that it becomes a test."""
        return bool(self.wrong) is bool(self.case.known_gap)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A test up to the point where policies come in: the message read once, for however many policy sets.

    ``reading`` is that of everything a policy could ask for.
    """

    suite: Suite
    case: Case
    message: Message = field(repr=False)
    facts: Facts
    register: Register = field(repr=False)
    reading: Reading = field(repr=False)

    def judge(self, policies: PolicySet) -> Verdict:
        """Return the verdict under these policies."""
        facts = replace(self.facts, counts=dict(self._counts(policies)))
        return screening.screen(self.reading, self.message.envelope, facts, self.register, policies)

    def accounts(self, policies: PolicySet) -> tuple[tuple[Account, ...], ...]:
        """Return of each recipient what every policy says of him, condition by condition."""
        facts = replace(self.facts, counts=dict(self._counts(policies)))
        return screening.accounts(self.reading, facts, self.register, policies)

    def _counts(self, policies: PolicySet) -> Iterable[tuple[tuple[str, str], int]]:
        for policy in policies.policies:
            times = self.case.matched.get(policy.id)
            if times is None or policy.repeat is None:
                continue
            if policy.repeat.per is Per.SENDER:
                yield (policy.id, ""), times
            else:
                yield from (((policy.id, r.address), times) for r in self.facts.recipients)


def prepare(suite: Suite, read: Reader, *, demand: Demand = EVERYTHING) -> list[Prepared]:
    """Return every test of a file with its message made and read."""
    register = Register.build(suite.people)
    prepared = []
    for case in suite.cases:
        message = messages.made(case.letter, case.now, case.direction)
        own = suite.own or frozenset({message.envelope.sender.rpartition("@")[2]})
        facts = gather(message, Site(own), NoMaps(), case.now)
        facts = replace(facts, last_contact=case.contacts)
        prepared.append(Prepared(suite, case, message, facts, register, read(message.content, demand)))
    return prepared


def run(prepared: Iterable[Prepared], policies: PolicySet) -> list[Result]:
    """Return what comes of tests under these policies (see :func:`under_test`)."""
    results = []
    judges = frozenset(policy.id for policy in policies.policies)
    for one in prepared:
        verdict = one.judge(policies)
        wrong = [*_wrong(one.case, verdict), *_notice(one, verdict, policies)]
        results.append(Result(one.suite.path, one.case, tuple(wrong), verdict, judges))
    return results


def under_test(policies: PolicySet, files: Sequence[str] = ()) -> PolicySet:
    """Return the policies of *files* (all of them if none is named), those in shadow as if they were enforced."""
    chosen = [each for each in policies.policies if each.mode is not Mode.OFF and (not files or each.place[0] in files)]
    return replace(policies, policies=tuple(replace(each, mode=Mode.ENFORCE) for each in chosen))


# -- comparing ---------------------------------------------------------------------------------------------------------

_HOLDING = ("hold", "reject")
AS_VERDICT = {Action.HOLD: "hold", Action.REJECT: "reject", Action.NOTIFY: "notify", Action.PASS: "deliver"}


def _wrong(case: Case, verdict: Verdict) -> Iterable[str]:
    """Yield what is not as the test expects."""
    there = {each.recipient.address.lower(): each for each in verdict.recipients}
    for expected in case.expected:
        found = there.get(expected.address)
        if found is None:
            yield f"{expected.address} is not among the recipients of this message"
        else:
            severities = {each.policy: each.severity for each in verdict.handling}
            yield from (f"{expected.address}: {said}" for said in _differences(expected, found, severities))


def _notice(one: Prepared, verdict: Verdict, policies: PolicySet) -> Iterable[str]:
    """Yield what of the sender's notice is not as the test expects."""
    if one.case.notice is None:
        return
    held = noticing.Held(one.message, one.facts, one.reading, verdict)
    yield from (f"sender_notice: {said}" for said in noticing.faults(one.case.notice, held, policies))


def _differences(expected: Expected, found: RecipientVerdict, severities: Mapping[str, str]) -> Iterable[str]:
    action = AS_VERDICT[found.action]
    # Who is only recorded has the mail.
    if action != expected.verdict and not (expected.verdict == "deliver" and action == "notify"):
        because = f" ({found.why})" if found.why else ""
        yield f"expected {expected.verdict}, and it is {action}{because}"
        return
    deciding = frozenset(ground.policy for ground in found.deciding)
    if expected.policies is not None and expected.policies != deciding:
        yield f"expected by {_listed(expected.policies)}, and it is by {_listed(deciding)}"
    yield from _elsewhere(expected, found)
    # The gravest of the policies that decided, each as grave as `repeat` may have made it.
    graves = [ground.severity or severities.get(ground.policy, "") for ground in found.deciding]
    severity = max(filter(None, graves), key=SEVERITIES.index, default="")
    if expected.severity and expected.severity != severity:
        yield f"expected severity {expected.severity}, and it is {severity or 'nothing'}"
    if expected.why and not _says(expected.why, found):
        yield f"the reason is not `{expected.why}`, but: {found.why or 'none'}"


def _elsewhere(expected: Expected, found: RecipientVerdict) -> Iterable[str]:
    """Yield what of person, field, strength and place was not so of what decided; one passage must have all of them."""
    seen = [_Seen(g.person, p.part) for g in found.deciding for p in g.problems]
    seen += [
        _Seen(f.person or g.person, f.place.part, f.field, f.strength.value) for g in found.deciding for f in g.findings
    ]
    seen = seen or [_Seen(ground.person, PartPath()) for ground in found.deciding]
    fits: dict[str, Callable[[_Seen], bool]] = {}
    for name in ("person", "field", "strength"):
        if wanted := getattr(expected, name):
            fits[f"{name} {wanted}"] = partial(_has, name, wanted)
    if expected.found_in:
        fits[f"in {expected.found_in}"] = lambda each: _is_in(each.place, expected.found_in)
    wrong = [words for words, fit in fits.items() if not any(map(fit, seen))]
    for words in wrong:
        kind = words.partition(" ")[0]
        yield f"expected {words}, and it is {_listed({each.said(kind) for each in seen})}"
    if fits and not wrong and not any(all(fit(each) for fit in fits.values()) for each in seen):
        yield f"each of these was found, and no one passage is all of them: {', '.join(fits)}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """One passage that decided, or one part that could not be read."""

    person: str
    place: PartPath = field(repr=False)
    field: str = ""
    strength: str = ""

    def said(self, kind: str) -> str:
        """Return in words what it is of that kind."""
        if kind != "in":
            return str(getattr(self, kind))
        return f"in {_INTO.join(_names(self.place)) or 'the text of the message'}"


def _has(name: str, wanted: str, seen: _Seen) -> bool:
    return bool(getattr(seen, name) == wanted)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(filter(None, names))) or "nothing"


def _is_in(place: PartPath, named: str) -> bool:
    """Return whether a part is where a test says: names from the outer to the inner, joined by " > "."""
    wanted = [step.strip().lower() for step in named.split(">")]
    steps = [step.lower() for step in _names(place)]
    return any(steps[start : start + len(wanted)] == wanted for start in range(len(steps)))


def _names(place: PartPath) -> list[str]:
    """Return the names of files that lead to a part; parts of a mail that have none are numbered."""
    return [step for step in place.steps if not step.isdigit()]


def _says(why: str, found: RecipientVerdict) -> bool:
    if why == "cannot_tell":
        return any(ground.answer is Answer.CANNOT_TELL for ground in found.deciding)
    return why in found.why or any(why in ground.why for ground in found.grounds)


# -- coverage ----------------------------------------------------------------------------------------------------------


def untested(policies: PolicySet, results: Sequence[Result]) -> list[tuple[Policy, str]]:
    """Return the enforced policies that no test expects to hold, or that none expects to let something through."""
    held: set[str] = set()
    passed: set[str] = set()
    for result in results:
        for each in result.verdict.recipients if result.verdict is not None else ():
            deciding = {ground.policy for ground in each.deciding}
            expected = next((e for e in result.case.expected if e.address == each.recipient.address.lower()), None)
            if expected is None or result.case.known_gap:
                continue
            if expected.verdict == "deliver":
                passed |= result.judges - deciding
            elif expected.verdict in _HOLDING:
                held |= deciding if expected.policies is None else expected.policies
    lacking = []
    for policy in policies.policies:
        if policy.mode is Mode.ENFORCE and policy.id not in held:
            lacking.append((policy, "no test expects it to hold anything; a rule that holds nothing would pass"))
        if policy.mode is Mode.ENFORCE and policy.id not in passed:
            lacking.append((policy, "no test expects a delivery; a rule that holds everything would pass"))
    return lacking
