# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a hold as a table, and which of several policies' wishes wins.  Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from safehold.errors import IllegalMoveError
from safehold.model import Handling, HoldState

_HELD, _PROPOSED, _RELEASING = HoldState.HELD, HoldState.PROPOSED, HoldState.RELEASING
_RELEASED, _REFUSED = HoldState.RELEASED, HoldState.REFUSED
_CANCELLED, _EXPIRED = HoldState.CANCELLED, HoldState.EXPIRED

# Every legal move of a hold.  What is not here cannot happen.
MOVES: Mapping[HoldState, frozenset[HoldState]] = {
    _HELD: frozenset({_PROPOSED, _RELEASING, _REFUSED, _CANCELLED, _EXPIRED}),
    # Back to held: the first approval is withdrawn.
    _PROPOSED: frozenset({_RELEASING, _HELD, _REFUSED, _CANCELLED, _EXPIRED}),
    # Back to held: the release failed for good, and a person must look again.
    _RELEASING: frozenset({_RELEASED, _HELD}),
    _RELEASED: frozenset(),
    # Reopened: the content is kept for a while after the end.
    _REFUSED: frozenset({_HELD}),
    _CANCELLED: frozenset({_HELD}),
    _EXPIRED: frozenset({_HELD}),
}

# A hold that a retry may join: nothing final was said about it yet.
OPEN = frozenset({_HELD, _PROPOSED, _RELEASING})
# A hold that somebody may still decide on.
UNDECIDED = frozenset({_HELD, _PROPOSED})
CLOSED = frozenset(HoldState) - OPEN

_SEVERITIES = ("low", "medium", "high", "critical")


def check(state: HoldState, to: HoldState) -> None:
    """Return if a hold may move so; else raise IllegalMoveError."""
    if to not in MOVES[state]:
        raise IllegalMoveError(f"a hold that is {state} cannot become {to}")


def strictest(handlings: Collection[Handling]) -> Handling:
    """Return what the hold as a whole gets: most approvals, earliest deadline; words and role of the gravest policy.

    Gravest is the highest severity, then the first id (policy language, rule 8).  None at all (a hold because we
    failed) gets the defaults.
    """
    if not handlings:
        return Handling(policy="")
    gravest = min(handlings, key=lambda each: (-severity_rank(each.severity), each.policy))
    return replace(
        gravest,
        approvals=max(each.approvals for each in handlings),
        deadline_s=min(each.deadline_s for each in handlings),
    )


def severity_rank(severity: str) -> int:
    """Return 0 for low to 3 for critical; a word that we do not know counts as the gravest."""
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES) - 1
