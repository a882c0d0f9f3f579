# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verdict adds to the matches that ``repeat`` counts.  Pure.

One message is one match: of a policy that counts senders one for its sender, however many people it went to; of one
that counts recipients one for each of them.  What only followed from another's hold (``deliver_others: no``), or from a
list that could not be looked up, is nobody's match.
"""

from dataclasses import dataclass

from safehold import screening
from safehold.model import Facts, Verdict
from safehold.policy import reasons
from safehold.store import memory
from safehold.store.memory import Tally

_SENDER = "sender"
_NO_MATCH = frozenset({reasons.HELD_OTHERS, screening.UNEXPANDED})


@dataclass(frozen=True, slots=True)
class Counted:
    """One match, and for which recipient it is: "" where it is the sender's."""

    tally: Tally
    recipient: str


def counted_sender(facts: Facts) -> str:
    """Return the one whose matches are counted as the sender's: who signed in, else the envelope's sender."""
    return facts.identity or (facts.proven[-1] if facts.proven else "")


def counted(store_key: bytes, facts: Facts, verdict: Verdict) -> tuple[Counted, ...]:
    """Return the matches in *verdict* that are to be counted, each once."""
    per = {each.policy: each.counts for each in verdict.handling if each.counts}
    found: dict[Counted, None] = {}
    for each in verdict.recipients if per else ():
        for ground in each.grounds:
            if ground.policy not in per or ground.why in _NO_MATCH:
                continue
            recipient = "" if per[ground.policy] == _SENDER else each.recipient.address
            who = memory.person(store_key, recipient or counted_sender(facts))
            found[Counted(Tally(ground.policy, who, ground.enforced), recipient)] = None
    return tuple(found)
