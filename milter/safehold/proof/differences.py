# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes other of messages when one set of policies takes the place of another.  Pure.

The words of what changed in the files are those of :mod:`safehold.policy.changes`; here messages show what that does.
Each set judges as it would in force: what is in shadow is recorded and holds nobody.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from safehold.model import Action, Verdict
from safehold.policy import PolicySet
from safehold.proof.cases import Case
from safehold.proof.running import AS_VERDICT, Prepared

_STOPPED = (Action.HOLD, Action.REJECT)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one copy, and by which policies."""

    verdict: str
    policies: tuple[str, ...] = ()
    stopped: bool = False

    @property
    def words(self) -> str:
        """Return it in words."""
        return f"{self.verdict} ({', '.join(self.policies)})" if self.policies else self.verdict


@dataclass(frozen=True, slots=True)
class Difference:
    """One recipient of one test who is judged otherwise."""

    case: Case
    address: str = field(repr=False)
    old: Outcome
    new: Outcome

    @property
    def held_less(self) -> bool:
        """Return whether a copy that was stopped would leave."""
        return self.old.stopped and not self.new.stopped

    @property
    def held_more(self) -> bool:
        """Return whether a copy that left would be stopped."""
        return self.new.stopped and not self.old.stopped


def differences(prepared: Iterable[Prepared], old: PolicySet, new: PolicySet) -> Iterator[Difference]:
    """Yield every recipient of whom *new* does not say what *old* said."""
    for one in prepared:
        before, after = _outcomes(one.judge(old)), _outcomes(one.judge(new))
        for address in sorted(before.keys() | after.keys()):
            was, will_be = (found.get(address, Outcome("deliver")) for found in (before, after))
            if was != will_be:
                yield Difference(one.case, address, was, will_be)


def _outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {
        each.recipient.address: Outcome(
            AS_VERDICT[each.action],
            tuple(sorted({ground.policy for ground in each.deciding})),
            each.action in _STOPPED,
        )
        for each in verdict.recipients
    }
