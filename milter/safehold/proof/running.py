# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the tests of policies: messages made, read as the gateway reads them, judged by the same function.

A policy in shadow is tested as if it were enforced: that is what its tests are for.  Nothing of the site takes part:
domains, people, day and what was before all come from the test file.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from mimetypes import guess_type

from safehold import screening
from safehold.gate.facts import NoMaps, Site, address_headers, gather
from safehold.model import (
    EVERYTHING,
    Action,
    Answer,
    Demand,
    Envelope,
    Facts,
    Message,
    PartPath,
    Reading,
    Recipient,
    RecipientVerdict,
    Verdict,
)
from safehold.policy import PolicySet
from safehold.policy.language import Mode, Per, Policy
from safehold.proof.cases import Case, Expected, Letter, Suite
from safehold.register.index import Register

Reader = Callable[[bytes, Demand], Reading]
_INTO = " > "
# A client on the internet, for mail that comes in (TEST-NET-3, RFC 5737).
_OUTSIDE = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one test: ``wrong`` says in words what was not as expected, free of protected values."""

    suite: str
    case: Case
    wrong: tuple[str, ...] = ()
    verdict: Verdict | None = field(default=None, repr=False)

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
        message = _message(case)
        own = suite.own or frozenset({parseaddr(message.envelope.sender)[1].rpartition("@")[2].lower()})
        facts = gather(message, Site(own), NoMaps(), case.now)
        facts = replace(facts, last_contact=case.contacts)
        prepared.append(Prepared(suite, case, message, facts, register, read(message.content, demand)))
    return prepared


def run(prepared: Iterable[Prepared], policies: PolicySet) -> list[Result]:
    """Return what comes of tests under these policies (see :func:`under_test`)."""
    results = []
    for one in prepared:
        verdict = one.judge(policies)
        results.append(Result(one.suite.path, one.case, tuple(_wrong(one.case, verdict)), verdict))
    return results


def under_test(policies: PolicySet, files: Sequence[str] = ()) -> PolicySet:
    """Return the policies of *files* (all of them if none is named), those in shadow as if they were enforced."""
    chosen = [each for each in policies.policies if each.mode is not Mode.OFF and (not files or each.place[0] in files)]
    return replace(policies, policies=tuple(replace(each, mode=Mode.ENFORCE) for each in chosen))


# -- messages ----------------------------------------------------------------------------------------------------------


def _message(case: Case) -> Message:
    letter = case.letter
    content = letter.content or _written(letter, case)
    content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    sender, recipients = _envelope(letter, content)
    inbound = case.direction in ("inbound", "transit")
    macros = {"{client_addr}": _OUTSIDE} if inbound else {"{auth_authen}": sender, "{client_addr}": "127.0.0.1"}
    return Message(Envelope(sender, tuple(map(Recipient, recipients))), content, case.now.astimezone(UTC), macros)


def _envelope(letter: Letter, content: bytes) -> tuple[str, tuple[str, ...]]:
    if not letter.content:
        named = (*letter.to, *letter.cc, *letter.bcc)
        return parseaddr(letter.sender)[1], tuple(parseaddr(one)[1] for one in named)
    headers = address_headers(content)
    sender = next((address for _, address in headers["from"]), "")
    return sender, tuple(dict.fromkeys(address for _, address in (*headers["to"], *headers["cc"])))


def _written(letter: Letter, case: Case) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = letter.sender, ", ".join(letter.to)
    if letter.cc:
        mail["Cc"] = ", ".join(letter.cc)
    mail["Subject"] = letter.subject
    mail["Date"] = case.now
    mail.set_content(letter.body or "\n")
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    for attachment in letter.attachments:
        guessed = guess_type(attachment.name)[0] or "application/octet-stream"
        main, _, sub = guessed.partition("/")
        mail.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
    return mail.as_bytes()


# -- comparing ---------------------------------------------------------------------------------------------------------

_AS_VERDICT = {Action.HOLD: "hold", Action.REJECT: "reject", Action.NOTIFY: "notify", Action.PASS: "deliver"}


def _wrong(case: Case, verdict: Verdict) -> Iterable[str]:
    """Yield what is not as the test expects."""
    there = {each.recipient.address.lower(): each for each in verdict.recipients}
    for expected in case.expected:
        found = there.get(expected.address)
        if found is None:
            yield f"{expected.address} is not among the recipients of this message"
        else:
            yield from (f"{expected.address}: {said}" for said in _differences(expected, found))


def _differences(expected: Expected, found: RecipientVerdict) -> Iterable[str]:
    action = _AS_VERDICT[found.action]
    # Who is only recorded has the mail.
    if action != expected.verdict and not (expected.verdict == "deliver" and action == "notify"):
        because = f" ({found.why})" if found.why else ""
        yield f"expected {expected.verdict}, and it is {action}{because}"
        return
    deciding = frozenset(ground.policy for ground in found.deciding)
    if expected.policies is not None and expected.policies != deciding:
        yield f"expected by {_listed(expected.policies)}, and it is by {_listed(deciding)}"
    findings = [finding for ground in found.deciding for finding in ground.findings]
    persons = {ground.person for ground in found.deciding} | {finding.person for finding in findings}
    if expected.person and expected.person not in persons:
        yield f"expected for person {expected.person}, and it is for {_listed(persons)}"
    fields = {finding.field for finding in findings}
    if expected.field and expected.field not in fields:
        yield f"expected field {expected.field}, and found is {_listed(fields)}"
    strengths = {finding.strength.value for finding in findings}
    if expected.strength and expected.strength not in strengths:
        yield f"expected strength {expected.strength}, and it is {_listed(strengths)}"
    places = {finding.place.part for finding in findings} | {p.part for g in found.deciding for p in g.problems}
    if expected.found_in and not any(_is_in(place, expected.found_in) for place in places):
        yield "it was found elsewhere than expected: " + _listed({_INTO.join(p.steps) or "the message" for p in places})
    if expected.why and not _says(expected.why, found):
        yield f"the reason is not `{expected.why}`, but: {found.why or 'none'}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(filter(None, names))) or "nothing"


def _is_in(place: PartPath, named: str) -> bool:
    """Return whether a part is where a test says: names from the outer to the inner, joined by " > "."""
    wanted = [step.strip().lower() for step in named.split(">")]
    steps = [step.lower() for step in place.steps]
    return any(steps[start : start + len(wanted)] == wanted for start in range(len(steps)))


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
                passed |= {policy.id for policy in policies.policies} - deciding
            else:
                held |= deciding
    lacking = []
    for policy in policies.policies:
        if policy.mode is Mode.ENFORCE and policy.id not in held:
            lacking.append((policy, "no test expects it to hold anything; a rule that holds nothing would pass"))
        if policy.mode is Mode.ENFORCE and policy.id not in passed:
            lacking.append((policy, "no test expects a delivery; a rule that holds everything would pass"))
    return lacking
