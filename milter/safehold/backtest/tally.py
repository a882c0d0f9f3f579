# SPDX-License-Identifier: GPL-3.0-or-later
"""Adding up: what came of all messages, in counts and ids.  Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from safehold.backtest.judging import Outcome

# Of fewer messages a figure says nothing (issue of the policy language, "Numbers").
FEWEST_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """A message of which somebody's copy would be held."""

    message: str
    policies: tuple[str, ...]
    recipients: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A message at which we failed, so that somebody can look at it."""

    message: str
    why: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A message on which two sets of policies differ: who holds it before, who now, and how many copies."""

    message: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    recipients_before: int
    recipients_now: int


@dataclass(slots=True)
class Tally:
    """What came of the messages so far.

    Attributes:
        messages, size_bytes: All there were, the skipped ones too.
        unread: Of how many something could not be read.
        skipped: Why -> how many.
        by_policy, noted, asked: Policy -> messages that it holds, has recorded, was asked about.
        held: The messages held, in the order of the mailboxes.
        faults: Those at which we failed; they are among the skipped.
        seconds: How long it took, over all runs.
    """

    messages: int = 0
    size_bytes: int = 0
    unread: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    by_policy: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    held: list[Held] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    held_before: int = 0
    by_policy_before: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, message: str, outcome: Outcome, size_bytes: int = 0) -> None:
        """Take in one outcome; *message* is the id by which it is found again."""
        self.messages += 1
        self.size_bytes += size_bytes
        if outcome.skipped:
            self.skipped[outcome.skipped] += 1
            if outcome.is_fault:
                self.faults.append(Fault(message, outcome.skipped))
            return
        now, before = outcome.now, outcome.before
        self.unread += outcome.is_unread
        self.asked.update(now.asked)
        self.by_policy.update(now.held)
        self.noted.update(now.noted)
        if now.held:
            self.held.append(Held(message, now.held, now.recipients))
        if before is None:
            return
        self.by_policy_before.update(before.held)
        self.held_before += bool(before.held)
        if before.mark != now.mark:
            self.differences.append(Difference(message, before.held, now.held, before.recipients, now.recipients))

    @property
    def judged(self) -> int:
        """Return how many messages were judged."""
        return self.messages - self.skipped.total()

    def void(self, policy: str) -> bool:
        """Return whether a policy was asked too seldom for its figure to say anything."""
        return self.asked[policy] < FEWEST_ASKED

    def as_record(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        record: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        record["held"] = [asdict(each) for each in self.held]
        record["faults"] = [asdict(each) for each in self.faults]
        record["differences"] = [asdict(each) for each in self.differences]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Tally":
        """Return what :meth:`as_record` made.

        Raises:
            TypeError, KeyError, ValueError: It is something else.
        """
        values = dict(record)
        for name in ("skipped", "by_policy", "noted", "asked", "by_policy_before"):
            values[name] = Counter({str(key): int(number) for key, number in values[name].items()})
        values["held"] = [Held(h["message"], tuple(h["policies"]), h["recipients"]) for h in values["held"]]
        values["faults"] = [Fault(**fault) for fault in values["faults"]]
        values["differences"] = [
            Difference(d["message"], tuple(d["before"]), tuple(d["now"]), d["recipients_before"], d["recipients_now"])
            for d in values["differences"]
        ]
        return cls(**values)
