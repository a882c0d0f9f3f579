# SPDX-License-Identifier: GPL-3.0-or-later
"""The heart: what was read, who gets it, whom we protect and what the policies say, to a verdict per recipient.

Two questions.  ``demand`` asks *before* anything is read whether any policy could concern this envelope; most mail
stops there.  ``screen`` judges what was read.  Both are pure: ``explain``, ``policy test`` and ``backtest`` call the
same functions as the gateway, and explaining only prints the verdict.

Recipients first (``matching.md``): the register says whom the final recipients are adverse to, those people are
searched for deeply, and the whole of a register only where a policy in force for this envelope asks for people outside
anybody's scope.  The two searches are kept apart, so that what is found only because of one recipient never counts for
another (policy-language, rule 4).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from safehold.detect import addressee, people, words
from safehold.model import (
    Action,
    Answer,
    Demand,
    Direction,
    Envelope,
    Facts,
    FinalRecipient,
    Finding,
    Ground,
    Origin,
    PartPath,
    Problem,
    Reading,
    Reason,
    RecipientVerdict,
    Verdict,
)
from safehold.policy import PolicySet, evaluate, sense
from safehold.policy.account import Account, Accountant
from safehold.policy.addresses import parents
from safehold.policy.asked import Asked, Letter, Sent
from safehold.policy.asked import People as OfRegister
from safehold.policy.content import Asker, Lens
from safehold.policy.evidence import Evidence
from safehold.policy.language import Mode, Policy, Terms
from safehold.policy.shortlist import Shortlist
from safehold.register.index import Register
from safehold.screening import terms

UNEXPANDED = "list could not be expanded"
# What the detector had to leave out counts as unread, wherever it stood: never silently passed.
UNSEARCHED = Problem(PartPath(), Reason.TOO_MANY, "more that looks like an address than one message is searched for")


def demand(facts: Facts, register: Register, policies: PolicySet) -> Demand | None:
    """Return what has to be read for this envelope, or None where no policy could concern it.

    None is returned only when it is certain: whatever the message held, no enforced or shadow policy would have a
    ground.  Where that cannot be told, the message is read.
    """
    plan = _plan(facts, register, policies)
    if not plan.concerned and not plan.unexpanded:
        return None
    return Demand(ocr=plan.ocr)


def asked(facts: Facts, register: Register, policies: PolicySet) -> tuple[str, ...]:
    """Return the ids of the policies that could concern somebody who gets this message, whatever it holds."""
    plan = _plan(facts, register, policies)
    named = (*policies.shortlist.policies(plan.concerned), *plan.unexpanded)
    return tuple(dict.fromkeys(policy.id for policy in named))


def screen(reading: Reading, envelope: Envelope, facts: Facts, register: Register, policies: PolicySet) -> Verdict:
    """Return the verdict on one message: an action for each final recipient, with every ground for it."""
    del envelope  # whoever sends it and whoever gets it stand in the facts; parameters are asked by nobody
    plan = _plan(facts, register, policies)
    letters = _letters(reading, facts, register, plan)
    evidence = _evidence(reading, register, policies, plan, letters)
    asking = OfRegister(_register_of(register), _parties_of(register))
    whole = [_whole(address, facts, evidence, plan) for address in facts.unexpanded]
    verdicts = evaluate.evaluate(policies, evidence, plan.asked, letters, asking, others=whole)
    return Verdict(
        recipients=verdicts,
        handling=evaluate.handling(policies, verdicts),
        problems=evidence.reading.problems,
        policies_digest=policies.digest,
        register_digest=register.digest,
    )


def accounts(
    reading: Reading, facts: Facts, register: Register, policies: PolicySet
) -> tuple[tuple[Account, ...], ...]:
    """Return for each final recipient an account of what every policy that is not off says of him, and why.

    So that a policy which could not fire can still tell what it lacked, everything that any policy asks for is looked
    for.  Whatever that would change of a verdict's ground (nothing should) is not believed: then the account is given
    from what the gate looked for.
    """
    plan = _plan(facts, register, policies)
    letters = _letters(reading, facts, register, plan)
    asking = OfRegister(_register_of(register), _parties_of(register))
    judged = _evidence(reading, register, policies, plan, letters)
    wide = _evidence(reading, register, policies, _for_all(plan, policies), letters)
    found: list[list[Account]] = [[] for _ in plan.asked]
    for policy in policies.policies:
        if policy.mode is Mode.OFF:
            continue
        judge = Accountant(policy, judged, letters, asking)
        accountant = Accountant(policy, wide, letters, asking)
        for asked, own in zip(plan.asked, found, strict=True):
            account = accountant.account(asked)
            own.append(account if account.ground == judge.ground(asked) else judge.account(asked))
    return tuple(map(tuple, found))


def _for_all(plan: "_Plan", policies: PolicySet) -> "_Plan":
    """Return a plan that looks for everything that any policy asks for."""
    active = [policy for policy in policies.policies if policy.mode is not Mode.OFF]
    registers = {name for policy in active for name in policy.registers}
    registers |= {name for policy in active for excuse in policy.excuses for name in excuse.registers}
    scope = frozenset().union(*(asked.relations.scope | asked.relations.by_name for asked in plan.asked))
    return replace(plan, concerned=-1, whole=registers, scope=plan.scope | scope)


# -- what the envelope asks for -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Plan:
    """What the envelope alone tells.

    Attributes:
        asked: Each final recipient with all that can be asked about him.
        concerned: Branches of policies that could concern somebody, as the shortlist counts them.
        scope: People to be searched for deeply.
        whole: Registers of which everybody is searched for.
        letters: Whether addressees of letters are asked for.
        unexpanded: Policies that could concern a list that could not be expanded.
        ocr: Whether text in pictures matters.
    """

    asked: list[Asked] = field(default_factory=list)
    concerned: int = 0
    scope: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    letters: bool = False
    unexpanded: list[Policy] = field(default_factory=list)
    ocr: bool = False


def _plan(facts: Facts, register: Register, policies: PolicySet) -> _Plan:
    sent = _sent(facts, policies)
    plan = _Plan(asked=[_asked(recipient, sent, facts, register, policies) for recipient in facts.recipients])
    asking = OfRegister(_register_of(register), _parties_of(register))
    shortlist = policies.shortlist
    for asked in plan.asked:
        _concern(plan, asked, shortlist.of(asked, asking), shortlist)
    if facts.unexpanded:
        directions = {_direction(address, facts) for address in facts.unexpanded}
        plan.unexpanded = [
            policy
            for policy in policies.policies
            if policy.enforced and policy.then.action is Action.HOLD and policy.directions & directions
        ]
        plan.ocr = plan.ocr or any(map(sense.uses_pictures, plan.unexpanded))
    plan.ocr = plan.ocr or shortlist.pictures(plan.concerned)
    return plan


def _concern(plan: _Plan, asked: Asked, mask: int, shortlist: Shortlist) -> None:
    """Take in what the branches of *mask* want to know about a recipient whom they could concern."""
    plan.concerned |= mask
    plan.whole |= shortlist.whole(mask)
    if shortlist.people(mask):
        scope = asked.relations.scope | asked.relations.by_name
        plan.scope |= scope
        plan.ocr = plan.ocr or bool(scope)
    if asked.is_print_room and shortlist.letters(mask):
        plan.letters = plan.ocr = True


def _sent(facts: Facts, policies: PolicySet) -> Sent:
    """Return what is known of the message besides its content."""
    seen = (address for address in dict.fromkeys(facts.visible) if address not in facts.senders)
    visible = Counter(policies.scope_of(address, facts.own_domains) for address in seen)
    contacts = [days for sender in facts.senders if (days := _days_since(sender, facts)) is not None]
    return Sent(facts.senders, facts.proven, visible, min(contacts, default=None), facts.counts)


def _days_since(address: str, facts: Facts) -> int | None:
    last = facts.last_contact.get(address)
    return None if last is None else (facts.today - last).days


def _asked(recipient: FinalRecipient, sent: Sent, facts: Facts, register: Register, policies: PolicySet) -> Asked:
    address = recipient.address
    return Asked(
        recipient,
        register.relations(address, name=recipient.name, roles=policies.roles_of(address), today=facts.today),
        policies.kinds_of(address),
        policies.scope_of(address, facts.own_domains),
        _days_since(address, facts),
        sent,
    )


# -- what was found -----------------------------------------------------------------------------------------------


def _letters(reading: Reading, facts: Facts, register: Register, plan: _Plan) -> tuple[Letter, ...]:
    if not plan.letters:
        return ()
    attachments = {part.path: part.attachment for part in reading.parts}
    return tuple(
        Letter(attachments.get(found.part, 0), found.relations, found.by_name_only)
        for found in addressee.addressees(reading, register, today=facts.today)
    )


def _evidence(
    reading: Reading, register: Register, policies: PolicySet, plan: _Plan, letters: Sequence[Letter]
) -> Evidence:
    scope = frozenset(plan.scope).union(*(letter.relations.scope | letter.relations.by_name for letter in letters))
    none: frozenset[str] = frozenset()
    base = deep = people.Search((), is_complete=True)
    if plan.whole:
        base = people.search(reading.segments, register, scope=none, whole=frozenset(plan.whole))
    if scope:
        deep = people.search(reading.segments, register, scope=scope, whole=none)
    if not (base.is_complete and deep.is_complete):
        reading = replace(reading, problems=(*reading.problems, UNSEARCHED))
    found = _terms(reading, policies, plan)
    findings = (*base.findings, *deep.findings)
    return Evidence(
        reading,
        base=base.findings,
        deep=deep.findings,
        terms={key: hits.findings for key, hits in found.items()},
        everywhere=frozenset(key for key, hits in found.items() if hits.everywhere),
        registers=_registers(findings, register),
        known_to=_known_to(findings, register),
    )


def _terms(reading: Reading, policies: PolicySet, plan: _Plan) -> Mapping[str, words.Hits]:
    wanted = {*policies.shortlist.terms(plan.concerned)}
    for policy in plan.unexpanded:
        wanted.update(term for leaf in policy.looked_for if isinstance(leaf, Terms) for term in leaf.terms)
    return terms.find(reading, {key: policies.terms[key] for key in sorted(wanted)})


def _registers(findings: Iterable[Finding], register: Register) -> dict[str, str]:
    of = _register_of(register)
    return {person: of(person) for person in {finding.person for finding in findings}}


def _known_to(findings: Iterable[Finding], register: Register) -> dict[tuple[str, int], frozenset[str]]:
    known: dict[tuple[str, int], frozenset[str]] = {}
    for finding in findings:
        person = register.person(finding.person)
        if person is not None and 0 <= finding.value < len(person.values):
            known[finding.person, finding.value] = person.values[finding.value].known_to
    return known


def _register_of(register: Register) -> Callable[[str], str]:
    def of(person_id: str) -> str:
        person = register.person(person_id)
        return person.register if person is not None else ""

    return of


def _parties_of(register: Register) -> Callable[[str], frozenset[str]]:
    def of(person_id: str) -> frozenset[str]:
        person = register.person(person_id)
        return frozenset(party.id for party in person.adverse) if person is not None else frozenset()

    return of


# -- lists that could not be expanded -----------------------------------------------------------------------------


def _direction(address: str, facts: Facts) -> Direction:
    own = any(parent in facts.own_domains for parent in parents(address.rpartition("@")[2]))
    if facts.origin is Origin.OUTSIDE:
        return Direction.INBOUND if own else Direction.TRANSIT
    return Direction.INTERNAL if own else Direction.OUTBOUND


def _whole(address: str, facts: Facts, evidence: Evidence, plan: _Plan) -> RecipientVerdict:
    """Return the verdict on a list whose members are not known: held if any enforced hold policy could concern it."""
    direction = _direction(address, facts)
    recipient = FinalRecipient(address, via=(address,), direction=direction)
    why = f"{UNEXPANDED}: {facts.unexpanded[address]}" if facts.unexpanded[address] else UNEXPANDED
    grounds = tuple(
        Ground(policy.id, enforced=True, action=Action.HOLD, answer=Answer.CANNOT_TELL, why=UNEXPANDED)
        for policy in plan.unexpanded
        if direction in policy.directions and _could_concern(policy, evidence)
    )
    return (
        RecipientVerdict(recipient, Action.HOLD, grounds, why) if grounds else RecipientVerdict(recipient, Action.PASS)
    )


def _could_concern(policy: Policy, evidence: Evidence) -> bool:
    # Whose scope the members have is unknown, and with it how deep to search: people can never be ruled out.
    if policy.registers:
        return True
    return any(not Asker(content, evidence).ask(Lens()).nothing for content in policy.contents)
