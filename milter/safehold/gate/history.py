# SPDX-License-Identifier: GPL-3.0-or-later
"""What was before a message, as far as a policy in force asks for it; and what is remembered of it.

Asked are contacts (``first_contact``) and earlier matches (``repeat``); they become facts, so that whoever explains a
verdict from the same facts comes to the same one.  Remembered is what the reply really did: a contact is whoever gets a
copy now, or, of mail from outside, whoever sent it.  Only :meth:`History.learn` writes, and it waits for nobody.
"""

import logging
import threading
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from safehold.errors import StoreError
from safehold.model import NO_DAYS, Action, Facts, Origin, Reply, ReplyKind, Verdict
from safehold.policy import PolicySet
from safehold.policy.language import FirstContact, Mode, Per, Policy
from safehold.quarantine import counted_sender
from safehold.store.memory import FLUSH_S, Memory, Question, Tally

log = logging.getLogger(__name__)

PRUNE_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What policies in force ask of the past.

    Attributes:
        recipients, sender: Whether they ask when mail with these was last accepted.
        repeats: The policies that count their matches.
        days: How far back any of them looks.
    """

    recipients: bool = False
    sender: bool = False
    repeats: tuple[Policy, ...] = ()
    days: int = 0


def asked(policies: PolicySet) -> Asked:
    """Return what *policies* ask of the past."""
    awake = [each for each in policies.policies if each.mode is not Mode.OFF]
    contacts = [test for each in awake for test in _contacts(each)]
    repeats = tuple(each for each in awake if each.repeat is not None)
    return Asked(
        recipients=any(not each.sender for each in contacts),
        sender=any(each.sender for each in contacts),
        repeats=repeats,
        days=max([each.days for each in contacts] + [each.repeat.days for each in repeats if each.repeat], default=0),
    )


def _contacts(policy: Policy) -> Iterator[FirstContact]:
    branches = (*policy.branches, *(branch for excuse in policy.excuses for branch in excuse.branches))
    for branch in branches:
        yield from (test.asked for test in branch.tests if isinstance(test.asked, FirstContact))


def _enough(facts: Facts, repeats: Iterable[Policy]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield the counts with which every one of *repeats* acts."""
    for policy in repeats:
        if policy.repeat is not None:
            whose = [""] if policy.repeat.per is Per.SENDER else [each.address for each in facts.recipients]
            yield from (((policy.id, who), policy.repeat.at_least) for who in whose)


class Forgetful:
    """No memory at all: for where nothing was before, and nothing comes after."""

    def contacts(self, facts: Facts, policies: PolicySet) -> Facts:  # noqa: ARG002
        """Return the facts as they are."""
        return facts

    def counts(self, facts: Facts, policies: PolicySet, matched: Container[str]) -> Facts:  # noqa: ARG002
        """Return the facts as they are."""
        return facts

    def recall(self, facts: Facts, policies: PolicySet) -> Facts:
        """Return the facts with all that *policies* ask of the past: for whoever explains.  Writes nothing."""
        return self.counts(self.contacts(facts, policies), policies, {each.id for each in policies.policies})

    def learn(self, facts: Facts, verdict: Verdict, reply: Reply, matches: Iterable[Tally]) -> None:
        """Do nothing."""


class History(Forgetful):
    """The memory of one gateway.  Safe for threads."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._asked: tuple[PolicySet | None, Asked] = (None, Asked())

    def contacts(self, facts: Facts, policies: PolicySet) -> Facts:
        """Return the facts with the days on which *policies* ask whom was last written to; else as they are.

        Where the store cannot be asked, mail goes on being checked, and what is not known counts against it: everybody
        is a stranger.
        """
        wanted = self._wanted(policies)
        people = [each.address for each in facts.recipients] if wanted.recipients else []
        people += facts.senders if wanted.sender else ()
        if not people:
            return facts
        try:
            return replace(facts, last_contact=self._memory.last_contact(people))
        except StoreError as error:
            log.error("earlier contacts cannot be asked, so everybody is a stranger: %s", error)
            return replace(facts, last_contact=NO_DAYS)

    def counts(self, facts: Facts, policies: PolicySet, matched: Container[str]) -> Facts:
        """Return the facts with how often those of *matched* that count matched before; else as they are.

        Where the store cannot be asked, every match is one too many.
        """
        repeats = [policy for policy in self._wanted(policies).repeats if policy.id in matched]
        if not repeats:
            return facts
        try:
            return replace(facts, counts=self._counts(facts, repeats))
        except StoreError as error:
            log.error("earlier matches cannot be asked, so each is one too many: %s", error)
            return replace(facts, counts=dict(_enough(facts, repeats)))

    def learn(self, facts: Facts, verdict: Verdict, reply: Reply, matches: Iterable[Tally]) -> None:
        """Remember a message by what became of it; *matches* are those that nothing else was written for."""
        self._memory.match(matches, facts.now)
        if reply.kind is ReplyKind.ACCEPT:
            self._memory.meet(_met(facts, verdict), facts.today)

    def work(self, stop: threading.Event) -> None:
        """Write down what was learnt about every second until *stop* is set, and once more then; forget what is old."""
        pruned = None
        while True:
            is_last = stop.wait(FLUSH_S)
            self._memory.keep()
            if is_last:
                return
            now = datetime.now(UTC)
            policies, wanted = self._asked
            # Before the first message nobody has said how far back policies look.
            if policies is not None and (pruned is None or now - pruned >= PRUNE_EVERY):
                pruned = now
                self._prune(now, wanted.days)

    def _prune(self, now: datetime, days: int) -> None:
        try:
            self._memory.prune(now, days)
        except StoreError as error:
            log.warning("old contacts and matches could not be forgotten: %s", error)

    def _wanted(self, policies: PolicySet) -> Asked:
        known, wanted = self._asked
        if known is not policies:
            wanted = asked(policies)
            self._asked = policies, wanted
        return wanted

    def _counts(self, facts: Facts, repeats: Iterable[Policy]) -> Mapping[tuple[str, str], int]:
        questions, people = [], []
        for policy in repeats:
            if policy.repeat is None:
                continue
            per_sender = policy.repeat.per is Per.SENDER
            names = {"": counted_sender(facts)} if per_sender else {r.address: r.address for r in facts.recipients}
            who = {name: self._memory.person(address) for name, address in names.items()}
            since = facts.now - timedelta(days=policy.repeat.days)
            questions.append(Question(policy.id, policy.enforced, since, tuple(who.values())))
            people.append(who)
        return {
            (question.policy, name): count[each]
            for question, who, count in zip(questions, people, self._memory.counts(questions), strict=True)
            for name, each in who.items()
            if each in count
        }


def _met(facts: Facts, verdict: Verdict) -> tuple[str, ...]:
    """Return with whom this message makes us acquainted."""
    passing = tuple(each.recipient.address for each in verdict.with_action(Action.PASS, Action.NOTIFY))
    if facts.origin is Origin.OUTSIDE:
        return facts.proven if passing else ()
    return passing
