# SPDX-License-Identifier: GPL-3.0-or-later
"""What may well be a mistake though a policy file has none: ``policy check`` asks, loading does not.

Each lint takes one run over the files, errors gone, and adds warnings at the place of whatever it is about.  None shows
a value that might be protected.  Pure.
"""

from collections.abc import Iterator

from safehold.model import Action, Scope
from safehold.policy import patterns
from safehold.policy.language import (
    SCOPED,
    Asked,
    Blind,
    Branch,
    Content,
    DocumentType,
    FirstContact,
    InAddresses,
    Kind,
    Marking,
    Mode,
    OfKind,
    OfScope,
    People,
    Policy,
    Related,
    SentBy,
    Terms,
    Test,
    VisibleCount,
    Where,
    leaves,
)
from safehold.policy.load import Loading
from safehold.policy.names import PARTNERS
from safehold.policy.nodes import Mark

_NAMES = frozenset({"name", "alias"})
_PARTNERS_HINT = f"say who they are, at the top of a file: lists: {{{PARTNERS}: {{kind: domain, items: [...]}}}}"
# What stands in a comment for good reason: whom to ask about a policy.
_OF_OFFICES = frozenset({"phone number", "mail address"})


def lint(run: Loading) -> None:
    """Add every warning that the policies of *run* deserve."""
    live = [policy for policy in run.policies if policy.mode is not Mode.OFF and policy.id in run.marks]
    for policy in live:
        mark = run.marks[policy.id]
        _uninspectable_unset(run, policy, mark)
        _nobody_named(run, policy, mark)
        _name_needs_scope(run, policy, mark)
        _document_alone(run, policy, mark)
        _only_in_pictures(run, policy, mark)
        _partners_outside(run, policy, mark)
        _always_excused(run, policy, mark)
        _personal_words(run, policy, mark)
    _same_conditions(run, live)
    _undeclared(run)
    _unused_registers(run)
    _personal_comments(run)


def _uninspectable_unset(run: Loading, policy: Policy, mark: Mark) -> None:
    if not policy.uninspectable.written and any(map(could_be_unread, policy.looked_for)):
        run.complaints.warn(
            mark,
            "uninspectable-unset",
            f'"{policy.id}" does not say if_uninspectable; the note about it says what that means',
            hint="write what you want beside when: if_uninspectable: hold,"
            " or if_uninspectable: {encrypted: hold, else: notify}",
        )


def could_be_unread(leaf: People | Terms) -> bool:
    """Return whether what a leaf looks for could stand in a part that cannot be read."""
    return isinstance(leaf, People) or leaf.blind is not Blind.NOWHERE


def _nobody_named(run: Loading, policy: Policy, mark: Mark) -> None:
    """Warn of a scope or kind that nobody is of."""
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


def _kind(asked: Asked) -> Kind | None:
    """Return the kind without which a test can never be yes, where the site has to say who is of it."""
    if isinstance(asked, OfKind) and asked.kind is not Kind.PERSONAL_MAIL:
        return asked.kind
    return Kind.PRINT_AND_POST if isinstance(asked, Related) and asked.letter else None


def _name_needs_scope(run: Loading, policy: Policy, mark: Mark) -> None:
    """Warn of names looked for alone in a whole register."""
    if all(any(related.relation in SCOPED for related in branch.related()) for branch in policy.branches):
        return
    for leaf in policy.contents:
        if isinstance(leaf, People) and leaf.fields and leaf.fields <= _NAMES:
            run.complaints.warn(
                mark,
                "name-needs-scope",
                f'"{policy.id}" looks for names alone in a whole register, which is done only up to 10,000 people;'
                " add a field, or a phrase beside it, or ask relation: adverse",
            )


# -- documents alone --------------------------------------------------------------------------------------------------


def _document_alone(run: Loading, policy: Policy, mark: Mark) -> None:
    """Warn of a hold for the kind of document alone: conference records lawfully go to parents."""
    if policy.then.action is not Action.HOLD or any(b.related() for e in policy.excuses for b in e.branches):
        return
    kinds = sorted({kind for branch in policy.branches if _to_anybody(branch) for kind in _papers(run, branch.content)})
    if kinds:
        several = " or ".join(kinds[:3])
        run.complaints.warn(
            mark,
            "document-type-alone",
            f'"{policy.id}" holds {several} to whoever is outside, and parents and carers lawfully get such papers',
            hint="ask for people too (content: {register: ...} with relation: unauthorised or adverse), name the"
            " recipients (list: ...), or except those it is about (unless: ... relation: subject)",
        )


def _to_anybody(branch: Branch) -> bool:
    """Return whether nothing in a branch says whom of the people outside it is about."""
    for test in branch.tests:
        match test.asked:
            case Related() | VisibleCount():
                return False
            case InAddresses():
                if not test.negated:
                    return False
            case OfScope():
                if test.asked.scope is not Scope.EXTERNAL and not test.negated:
                    return False
            case OfKind() | SentBy() | FirstContact():
                pass
    return True


def _papers(run: Loading, content: Content) -> list[str]:
    """Return the kinds of document or marking that *content* asks for, if it asks for nothing else."""
    found: list[str] = []
    for leaf in leaves(content, positive=True):
        for key in leaf.terms if isinstance(leaf, Terms) else ("",):
            term = run.terms.get(key)
            if not isinstance(term, DocumentType | Marking):
                return []
            found.append(f"every {term.name}" if isinstance(term, DocumentType) else f"whatever is marked {term.name}")
    return found


# -- contradictions ---------------------------------------------------------------------------------------------------


def _only_in_pictures(run: Loading, policy: Policy, mark: Mark) -> None:
    if policy.ocr is False and any(leaf.where == {Where.OCR} for leaf in policy.looked_for):
        run.complaints.warn(
            mark, "never-matches", f'"{policy.id}" looks in pictures (in: ocr) and asks that none be read (ocr: no)'
        )


def _partners_outside(run: Loading, policy: Policy, mark: Mark) -> None:
    """Warn of a recipient who is to be external and a partner; only a print room can be both."""
    for branch in policy.branches:
        asked = [test.asked for test in branch.tests if not test.negated]
        listed = any(isinstance(a, InAddresses) and a.name == f"list {PARTNERS}" for a in asked)
        if listed and any(isinstance(a, OfScope) and a.scope is Scope.EXTERNAL for a in asked):
            run.complaints.warn(
                mark,
                "never-matches",
                f'"{policy.id}" asks for list: {PARTNERS} and scope: external, and partners are not external;'
                " write scope: partner",
            )
            return


def _always_excused(run: Loading, policy: Policy, mark: Mark) -> None:
    """Warn of an exception whose conditions hold whenever those of the policy do."""
    for excuse in policy.excuses:
        if policy.branches and all(any(_covers(e, branch) for e in excuse.branches) for branch in policy.branches):
            run.complaints.warn(
                mark,
                "always-excused",
                f'exception "{excuse.id}" takes out everything that "{policy.id}" is about, so it holds nothing'
                f" until {excuse.expires}; narrow it, or write mode: shadow",
            )


def _covers(excuse: Branch, branch: Branch) -> bool:
    if leaves(excuse.content) or any(isinstance(test.asked, Related) for test in excuse.tests):
        return False  # what it looks for must be found with it
    return all(_implied(test, branch.tests) for test in excuse.tests)


def _implied(test: Test, tests: tuple[Test, ...]) -> bool:
    return test in tests and not isinstance(test.asked, SentBy)  # an exception wants a proven sender


def _same_conditions(run: Loading, live: list[Policy]) -> None:
    """Warn of two policies that ask the same: of different actions the stricter counts, and only one will be mended."""
    known: dict[object, Policy] = {}
    for policy in live:
        asked = (policy.directions, policy.branches, policy.excuses, policy.repeat, policy.mode)
        first = known.setdefault(asked, policy)
        if first is policy:
            continue
        differ = first.then.action is not policy.then.action
        what = f"and the stricter action counts ({_stricter(first, policy)})" if differ else "so one of them is enough"
        file, line = first.place
        run.complaints.warn(
            run.marks[policy.id],
            "same-conditions",
            f'"{policy.id}" asks the same as "{first.id}" ({file}:{line}), {what}',
        )


def _stricter(one: Policy, other: Policy) -> Action:
    return max(one.then.action, other.then.action, key=lambda action: action.rank)


# -- registers --------------------------------------------------------------------------------------------------------


def _undeclared(run: Loading) -> None:
    used = sorted({word for what, word in run.names.used if what == "register"})
    if used and not run.names.registers:
        asking = (p for p in run.policies if any(isinstance(leaf, People) for leaf in p.looked_for))
        first = next((run.marks[p.id] for p in asking if p.id in run.marks), next(iter(run.marks.values())))
        run.complaints.warn(
            first,
            "registers-undeclared",
            f"no registers: block names {', '.join(used)}, so a misspelt register would not be noticed;"
            f" add registers: {{{', '.join(f'{name}: store' for name in used)}}}",
        )


def _unused_registers(run: Loading) -> None:
    for name, mark in run.names.registers.items():
        if ("register", name) not in run.names.used:
            run.complaints.warn(
                mark, "unused-register", f'no policy asks register "{name}", so nobody in it is protected'
            )


# -- people in the files ----------------------------------------------------------------------------------------------


def _personal_words(run: Loading, policy: Policy, mark: Mark) -> None:
    texts = [("title", policy.title), ("why", policy.why), ("notice_title", policy.notice_title)]
    texts += [(f"the reason of exception {excuse.id}", excuse.reason) for excuse in policy.excuses]
    texts += [(f"the text for {who}", text) for who, text in policy.then.notify.items()]
    for name, text in texts:
        found = [what for what in patterns.personal_data(text).split(" and ") if what and what not in _offices(name)]
        if found:
            _warn_personal(run, mark, f"{name} of {policy.id}", " and ".join(found))


def _offices(name: str) -> frozenset[str]:
    """Return what may stand in a text for good reason: a notice says whom to phone."""
    return _OF_OFFICES if name.startswith("the text") else frozenset()


def _personal_comments(run: Loading) -> None:
    for file in sorted(run.names.read & run.complaints.lines.keys()):
        for number, column, text in _comments(run.complaints.lines[file]):
            found = [what for what in patterns.personal_data(text).split(" and ") if what and what not in _OF_OFFICES]
            if found:
                _warn_personal(run, Mark(file, number, column), "a comment", " and ".join(found))


def _comments(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and text of what stands after "#", be it a comment or in a quoted text."""
    for number, line in enumerate(lines, 1):
        start = 0 if line.startswith("#") else line.find(" #")
        if start >= 0:
            yield number, start + 1, line[start:]


def _warn_personal(run: Loading, mark: Mark, where: str, what: str) -> None:
    run.complaints.add(
        mark,
        "personal-data-in-policy",
        f"(in {where}): this looks like a real {what}. Policies are read by many; take it out",
        severity="warning",
        silent=True,
    )
