# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``policy check`` says: errors, warnings, and in words what a policy does with what cannot be read.  Pure."""

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Files
from dataclasses import replace
from datetime import date

from safehold.errors import Complaint
from safehold.model import NO_DAYS, Action, Reason
from safehold.policy import lints
from safehold.policy.language import (
    SCOPED,
    Attached,
    Leaf,
    Mode,
    Policy,
    Related,
    Relation,
    Term,
    Terms,
    leaves,
)
from safehold.policy.load import read

_PAST = {Action.HOLD: "held", Action.REJECT: "rejected", Action.NOTIFY: "passed, recorded and counted"}
# Whom the rules of a site are checked for: one that begins, or one whose mail they hold.
PROFILES = ("starter", "production")
# What an error of profile "production" is only a warning in "starter".
STRICT_IN_PRODUCTION = frozenset(
    {"register-file", "uninspectable-unset", "exception-expired", "list-too-old", "enforce-untested", "always-excused"}
)


def check(
    files: Files[str, bytes],
    today: date,
    *,
    profile: str = "starter",
    beside: Collection[str] = (),
    changed: Files[str, date] = NO_DAYS,
) -> tuple[Complaint, ...]:
    """Return everything there is to say about a policy folder: errors, warnings and notes, in the order of the files.

    Args:
        files: As for ``load``.
        today: The local day.
        profile: ``starter``, or ``production``, where some warnings are errors.
        beside: As for ``load``.
        changed: As for ``load``.
    """
    run = read(files, today=today, beside=beside, changed=changed)
    if not run.complaints.failed:
        lints.lint(run)
        for policy in run.policies:
            if policy.mode is not Mode.OFF and policy.id in run.marks:
                words = unreadable_in_words(policy, run.terms)
                run.complaints.note(run.marks[policy.id], "unreadable", f'"{policy.id}": {words}')
    return tuple(sorted(graded(run.complaints.found, profile)))


def graded(complaints: Iterable[Complaint], profile: str) -> Iterator[Complaint]:
    """Yield *complaints* as grave as *profile* takes them."""
    for each in complaints:
        is_strict = profile == "production" and each.code in STRICT_IN_PRODUCTION
        yield replace(each, severity="error") if is_strict else each


# -- in words -----------------------------------------------------------------------------------------------------


def unreadable_in_words(policy: Policy, terms: Files[str, Term]) -> str:
    """Return what the policy does with a locked zip, and with a photo in which no text could be read.

    Args:
        policy: The policy.
        terms: What is looked for, by the keys of its leaves.
    """
    asked = [leaf for content in policy.contents for leaf in leaves(content)]
    if not any(map(lints.could_be_unread, asked)):
        return _by_state(policy, asked, terms) or "does not look inside, so a locked zip makes no difference"
    zipped, photo = (_fate(policy, reason) for reason in (Reason.ENCRYPTED, Reason.NO_TEXT))
    whom, others = _whom(policy)
    if not whom:
        return f"a locked zip passes, and so does a photo without readable text: {others}"
    said = f"{_both(whom, zipped, photo)}{_recorded(policy)}"
    return f"{said}; {others}" if others else said


def _both(whom: str, zipped: str, photo: str) -> str:
    if photo == zipped:
        return f"a locked zip {whom} is {zipped}, and so is a photo without readable text"
    return f"a locked zip {whom} is {zipped}, a photo without readable text {photo}"


def _recorded(policy: Policy) -> str:
    return "" if policy.enforced else " (recorded only: the policy does not enforce)"


def _by_state(policy: Policy, asked: Iterable[Leaf], terms: Files[str, Term]) -> str:
    """Return what a policy does that looks for files which cannot be read, or "" where it looks for none."""
    looked_for = [terms.get(key) for leaf in asked if isinstance(leaf, Terms) for key in leaf.terms]
    states = frozenset().union(*(term.states for term in looked_for if isinstance(term, Attached)))
    if not states:
        return ""
    action = _PAST.get(policy.then.action, "passed")
    zipped, photo = (action if reason in states else "passed" for reason in (Reason.ENCRYPTED, Reason.NO_TEXT))
    return f"{_both('to any recipient that the policy names', zipped, photo)}{_recorded(policy)}"


def _fate(policy: Policy, reason: Reason) -> str:
    return _PAST.get(policy.uninspectable.action(frozenset({reason})), "passed")


def _whom(policy: Policy) -> tuple[str, str]:
    """Return for whom an unread part counts, and what is to be said about everybody else."""
    registers = " or ".join(sorted(policy.registers))
    relations: list[Related] = []
    free = False
    for branch in policy.branches:
        asked = branch.related()
        relations += asked
        free = free or not asked
    if free:
        return "to any recipient that the policy names", ""
    pieces: list[str] = []
    for related in dict.fromkeys(relations):
        if related.letter:
            pieces.append("to the print room, whoever its letter is to,")
        elif related.relation in SCOPED:
            word = related.relation.value.replace("_", " ")
            article = "a " if related.relation is Relation.FORMER_CONTACT else ""
            of = "of" if related.relation is Relation.FORMER_CONTACT else "to"
            pieces.append(f"to a recipient who is {article}{word} {of} somebody in {registers or 'any register'}")
        elif related.anyone:
            pieces.append(
                f"to a recipient who is {related.relation.value} for somebody in {registers or 'any register'}"
            )
    if not pieces:
        return "", "nobody can be named in what was not read, so the relation is no"
    return " or ".join(dict.fromkeys(pieces)), "to all others it passes"
