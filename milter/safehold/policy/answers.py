# SPDX-License-Identifier: GPL-3.0-or-later
"""What the witnesses of a condition have, and how the answers of several conditions are put together.

Nobody needs the witnesses themselves (rule 1): it is enough to know which people some witness has, whether some witness
has none, and the same for witnesses that an unread part would complete.  Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from safehold.policy.evidence import Unread


@dataclass(frozen=True, slots=True)
class Answered:
    """What the witnesses of a condition have.

    Attributes:
        persons: People of witnesses that are wholly there.
        nobody: Some witness that is wholly there has no person.
        maybe: People of witnesses that an unread part would complete.
        anyone: Some such witness has an unknown person.
        maybe_nobody: Some such witness has no person.
    """

    persons: frozenset[str] = frozenset()
    nobody: bool = False
    maybe: frozenset[str] = frozenset()
    anyone: bool = False
    maybe_nobody: bool = False

    @property
    def there(self) -> bool:
        """Return whether there is a whole witness."""
        return bool(self.persons) or self.nobody

    @property
    def perhaps(self) -> bool:
        """Return whether an unread part would make a witness."""
        return bool(self.maybe) or self.anyone or self.maybe_nobody


NO = Answered()
YES = Answered(nobody=True)


def either(answers: Sequence[Answered]) -> Answered:
    """Return the answers of "any": whatever one of them has."""
    if len(answers) == 1:
        return answers[0]
    return Answered(
        persons=frozenset().union(*(a.persons for a in answers)),
        nobody=any(a.nobody for a in answers),
        maybe=frozenset().union(*(a.maybe for a in answers)),
        anyone=any(a.anyone for a in answers),
        maybe_nobody=any(a.maybe_nobody for a in answers),
    )


def both(answers: Sequence[Answered]) -> Answered:
    """Return the answers of "all": a witness takes one from each, so its people are those of any of them."""
    if not all(a.there or a.perhaps for a in answers):
        return NO
    whole = all(a.there for a in answers)
    unsure = any(a.perhaps for a in answers)
    return Answered(
        persons=frozenset().union(*(a.persons for a in answers)) if whole else frozenset(),
        nobody=all(a.nobody for a in answers),
        maybe=frozenset().union(*(a.persons | a.maybe for a in answers)) if unsure else frozenset(),
        anyone=any(a.anyone for a in answers),
        maybe_nobody=unsure and all(a.nobody or a.maybe_nobody for a in answers),
    )


@dataclass(frozen=True, slots=True)
class Contents:
    """The answer for a whole message: what is there, and what each kind of unread part would add."""

    there: Answered
    unread: tuple[tuple[Unread, Answered], ...] = ()

    @property
    def nothing(self) -> bool:
        """Return whether neither what was read nor what was not has a witness."""
        return not (self.there.there or self.there.perhaps or self.unread)
