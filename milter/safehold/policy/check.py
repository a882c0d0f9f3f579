# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``policy check`` says: errors, warnings, and in words what a policy does with what cannot be read.  Pure."""

from collections.abc import Collection
from collections.abc import Mapping as Files
from dataclasses import replace
from datetime import date

from safehold.errors import Complaint
from safehold.model import NO_DAYS, Action, Reason, Scope
from safehold.policy.language import (
    SCOPED,
    Asked,
    Kind,
    Mode,
    OfKind,
    OfScope,
    People,
    Policy,
    Related,
    Relation,
)
from safehold.policy.load import Loading, read
from safehold.policy.names import PARTNERS

_PAST = {Action.HOLD: "held", Action.REJECT: "rejected", Action.NOTIFY: "passed, recorded and counted"}
_NAMES = frozenset({"name", "alias"})
_PARTNERS_HINT = f"say who they are, at the top of a file: lists: {{{PARTNERS}: {{kind: domain, items: [...]}}}}"
# What an error of profile "production" is only a warning in "starter".
_STRICT_IN_PRODUCTION = frozenset({"register-file", "uninspectable-unset", "exception-expired", "list-too-old"})


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
        for policy in run.policies:
            _say(run, policy)
        _undeclared(run)
    found = run.complaints.found
    if profile == "production":
        found = [replace(c, severity="error") if c.code in _STRICT_IN_PRODUCTION else c for c in found]
    return tuple(sorted(found))


def _say(run: Loading, policy: Policy) -> None:
    mark = run.marks.get(policy.id)
    if mark is None or policy.mode is Mode.OFF:
        return
    run.complaints.note(mark, "unreadable", f'"{policy.id}": {unreadable_in_words(policy)}')
    if not policy.uninspectable.written and policy.looked_for:
        run.complaints.warn(
            mark,
            "uninspectable-unset",
            f'"{policy.id}" does not say if_uninspectable; the note about it says what that means',
            hint="write what you want beside when: if_uninspectable: hold,"
            " or if_uninspectable: {encrypted: hold, else: notify}",
        )
    tests = [test.asked for branch in policy.branches for test in branch.tests]
    if any(isinstance(a, OfScope) and a.scope is Scope.PARTNER for a in tests) and PARTNERS not in run.names.lists:
        run.complaints.warn(
            mark,
            "no-partners",
            f'"{policy.id}" asks for partners, and there is no list "{PARTNERS}"',
            hint=_PARTNERS_HINT,
        )
    for kind in sorted({kind for test in tests if (kind := _kind(test)) is not None}):
        if kind not in run.names.kinds:
            run.complaints.warn(
                mark,
                "no-such-kind",
                f'"{policy.id}" asks for {kind}, and no address is of that kind; add kinds: {{{kind}: ...}}',
            )
    if _needs_whole_register(policy):
        for content in policy.contents:
            leaf = content
            if isinstance(leaf, People) and leaf.fields and leaf.fields <= _NAMES:
                run.complaints.warn(
                    mark,
                    "name-needs-scope",
                    f'"{policy.id}" looks for names alone in a whole register, which is done only up to 10,000 people;'
                    " add a field, or a phrase beside it, or ask relation: adverse",
                )


def _kind(asked: Asked) -> Kind | None:
    """Return the kind without which a test can never be yes, where the site has to say who is of it."""
    if isinstance(asked, OfKind) and asked.kind is not Kind.PERSONAL_MAIL:
        return asked.kind
    return Kind.PRINT_AND_POST if isinstance(asked, Related) and asked.letter else None


def _needs_whole_register(policy: Policy) -> bool:
    return any(not any(related.relation in SCOPED for related in branch.related()) for branch in policy.branches)


def _undeclared(run: Loading) -> None:
    used = sorted({word for what, word in run.names.used if what == "register"})
    if used and not run.names.registers:
        policy = next(p for p in run.policies if p.registers)
        mark = run.marks[policy.id]
        run.complaints.warn(
            mark,
            "registers-undeclared",
            f"no registers: block names {', '.join(used)}, so a misspelt register would not be noticed;"
            f" add registers: {{{', '.join(f'{name}: store' for name in used)}}}",
        )


# -- in words -----------------------------------------------------------------------------------------------------


def unreadable_in_words(policy: Policy) -> str:
    """Return what the policy does with a locked zip, and with a photo in which no text could be read."""
    if not policy.looked_for:
        return "does not look inside, so a locked zip makes no difference"
    zipped, photo = (_fate(policy, reason) for reason in (Reason.ENCRYPTED, Reason.NO_TEXT))
    whom, others = _whom(policy)
    if not whom:
        return f"{others}, with a locked zip and with a photo without readable text alike"
    shadow = "" if policy.enforced else " (recorded only: the policy does not enforce)"
    said = f"a locked zip {whom} is {zipped}" + (
        f", and so is a photo without readable text{shadow}"
        if photo == zipped
        else f", a photo without readable text {photo}{shadow}"
    )
    return f"{said}; {others}" if others else said


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
        return "", "passes: nobody can be named in what was not read, so the relation is no"
    return " or ".join(dict.fromkeys(pieces)), "to all others it passes"
