# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a policy, each key of which is right, makes sense as a whole.

A condition that can never hold, or a relation with nobody to be related to, is the dangerous kind of mistake: the
policy loads, reads well and protects nobody.  Pure.
"""

from typing import assert_never

from safehold.model import Action, Direction, Scope
from safehold.policy.addresses import AddressSet, parents
from safehold.policy.branches import OPPOSITE
from safehold.policy.conditions import Said
from safehold.policy.language import (
    Anything,
    Asked,
    Blind,
    Branch,
    FirstContact,
    InAddresses,
    Kind,
    Mode,
    OfKind,
    OfScope,
    People,
    Policy,
    Related,
    Relation,
    SentBy,
    Test,
    VisibleCount,
    Where,
    leaves,
    names_person,
)
from safehold.policy.names import PARTNERS, Names
from safehold.policy.nodes import Mapping, Node

# -- sense --------------------------------------------------------------------------------------------------------


def check(policy: Policy, said: Said, when: Node, name: Node, names: Names) -> None:
    """Complain of what *policy* cannot mean.

    Args:
        policy: The policy.
        said: What it asks, with places.
        when: Its ``when``.
        name: Its id.
        names: What it may refer to.
    """
    _relation_without_person(policy, said, names)
    recipients = when.get("recipients") if isinstance(when, Mapping) else None
    _never_matches(policy, recipients or when, names)
    _strangers_alone(policy, name, names)
    _redaction(policy, said, names)
    if policy.branches == (Branch(),):
        names.complaints.warn(
            name.mark, "holds-everything", f'policy "{policy.id}" takes every message in its direction'
        )


def _relation_without_person(policy: Policy, said: Said, names: Names) -> None:
    alone = {
        related
        for branch in policy.branches
        if not names_person(branch.content)
        for test in branch.tests
        if isinstance(related := test.asked, Related)
    }
    here = ", ".join(names.registers or sorted({word for what, word in names.used if what == "register"})) or "none yet"
    some = any(isinstance(leaf, People) for content in policy.contents for leaf in leaves(content, positive=True))
    cure = "the branch of any: that has none needs a register: too" if some else "add content: {register: ...}"
    for asking in said.askings:
        if not asking.related.anyone and alone & _spellings(asking.related):
            word = asking.related.relation.value.replace("_", " ")
            person = (
                "a person to be adverse to"
                if asking.related.relation is Relation.ADVERSE
                else f"a person ({word} of whom?)"
            )
            names.walk.wrong(
                asking.mark,
                f'"{asking.words}" needs {person}; {cure}. Registers here: {here}',
                "relation-without-person",
            )


def _spellings(related: Related) -> set[Related]:
    """Return a relation as a branch may have it: under ``not`` some have turned into their opposite."""
    opposite = OPPOSITE.get(related.relation)
    return {related} if opposite is None else {related, Related(opposite, related.anyone, related.letter)}


def _never_matches(policy: Policy, place: Node, names: Names) -> None:
    reasons = [_impossible(branch.tests, policy.directions) for branch in policy.branches]
    found = next(filter(None, reasons), "")
    if found and all(reasons):
        names.walk.wrong(
            place,
            f"{found} cannot both hold; this policy would never fire. Did you mean any: [...]?",
            "never-matches",
        )
    elif found:
        names.complaints.warn(
            place.mark, "never-matches", f"{found} cannot both hold; that part of any: [...] would never fire"
        )


def _strangers_alone(policy: Policy, name: Node, names: Names) -> None:
    """Complain of a policy that holds for no other reason than a first contact: everybody begins as a stranger."""
    if policy.then.action is Action.HOLD and any(map(_only_strangeness, policy.branches)):
        names.walk.wrong(
            name,
            f'"{policy.id}" would hold every mail to somebody new; first_contact is a reason to look closer,'
            " never one to hold: add content, or write action: notify",
            "first-contact-alone",
        )


def _only_strangeness(branch: Branch) -> bool:
    asked = [test.asked for test in branch.tests]
    rest = [one for one in asked if not isinstance(one, FirstContact | OfScope)]
    return isinstance(branch.content, Anything) and not rest and any(isinstance(one, FirstContact) for one in asked)


def _redaction(policy: Policy, said: Said, names: Names) -> None:
    """Say of a redaction condition what is judged of it so far."""
    for mark in said.redaction:
        if policy.mode is Mode.ENFORCE:
            names.walk.wrong(
                mark,
                "how well something is redacted is not judged yet, so this would protect nobody; write mode: shadow",
                "not-yet",
            )


# Tests of one branch that are compared with each other; who needs more has a list for them.
_MOST_COMPARED = 100


def _impossible(tests: tuple[Test, ...], directions: frozenset[Direction]) -> str:
    """Return which two of *tests* exclude each other, in words, or ""."""
    known: dict[Asked, Test] = {}
    for test in tests:
        first = known.setdefault(test.asked, test)
        if first.negated is not test.negated:
            return f"{words(first)} and {words(test)}"
    for position, test in enumerate(tests[:_MOST_COMPARED]):
        for other in tests[position + 1 : _MOST_COMPARED]:
            clash = _clash(test, other) or _clash(other, test)
            if clash:
                return clash
        if not test.negated and isinstance(test.asked, OfScope):
            inside = test.asked.scope is Scope.INTERNAL
            ours = frozenset({Direction.INTERNAL, Direction.INBOUND})
            if not directions & ours if inside else not directions - ours:
                return f"{words(test)} and direction: {_direction(directions)}"
    denied = {test.asked.scope for test in tests if test.negated and isinstance(test.asked, OfScope)}
    return ", ".join(f"not scope: {scope}" for scope in Scope) if denied == set(Scope) else ""


def _clash(one: Test, other: Test) -> str:
    a, b = one.asked, other.asked
    both = f"{words(one)} and {words(other)}"
    if one.negated or other.negated:
        return both if other.negated and not one.negated and _denies(a, b) else ""
    if isinstance(a, OfScope) and isinstance(b, OfScope) and a.scope is not b.scope:
        return both
    # What goes to print and post leaves the house, so it counts as external.
    if isinstance(a, OfScope) and isinstance(b, OfKind):
        outside = {Kind.PERSONAL_MAIL: {Scope.INTERNAL}, Kind.PRINT_AND_POST: {Scope.INTERNAL, Scope.PARTNER}}
        return both if a.scope in outside.get(b.kind, set()) else ""
    if isinstance(a, OfKind) and isinstance(b, Related) and b.letter:
        return both if a.kind is Kind.PERSONAL_MAIL else ""
    if isinstance(a, Related) and isinstance(b, Related) and a.letter is b.letter and a.anyone is b.anyone:
        pair = {a.relation, b.relation}
        denied = Relation.UNAUTHORISED in pair and pair & {Relation.AUTHORISED, Relation.SUBJECT}
        return both if denied else ""
    if isinstance(a, InAddresses) and isinstance(b, InAddresses) and a.addresses and b.addresses:
        return "" if _overlap(a, b) else both
    return ""


# What `scope: partner` means.
_OF_PARTNERS = f"list {PARTNERS}"


def _denies(a: Asked, b: Asked) -> bool:
    """Return whether "not *b*" leaves nothing of *a*."""
    if isinstance(a, InAddresses) and isinstance(b, InAddresses):
        return bool(a.addresses) and _lies_in(a.addresses, b.addresses)
    if isinstance(a, OfScope) and isinstance(b, InAddresses):
        return a.scope is Scope.PARTNER and b.name == _OF_PARTNERS
    return False


# Lists longer than this are not compared member by member.
_MOST_MEMBERS = 500


def _members(addresses: AddressSet) -> int:
    return len(addresses.addresses) + len(addresses.exact) + len(addresses.under)


def _lies_in(small: AddressSet, large: AddressSet) -> bool:
    """Return whether every address of *small* is one of *large* (no: or it is not known)."""
    return (
        max(_members(small), _members(large)) <= _MOST_MEMBERS
        and all(address in large for address in small.addresses)
        and all(f"x@{domain}" in large for domain in small.exact)
        and all(any(above in large.under for above in parents(domain)) for domain in small.under)
    )


def _overlap(a: InAddresses, b: InAddresses) -> bool:
    """Return whether an address can be in both sets (yes: or nobody knows)."""
    if max(map(_members, (a.addresses, b.addresses))) > _MOST_MEMBERS:
        return True
    for one, other in ((a.addresses, b.addresses), (b.addresses, a.addresses)):
        if any(address in other for address in one.addresses):
            return True
        if any(f"x@{domain}" in other for domain in one.exact | one.under):
            return True
        if one.under and other.addresses and any(address in one for address in other.addresses):
            return True
    return False


def words(test: Test) -> str:
    """Return a test as the author wrote it, nearly."""
    said = _words(test.asked)
    return f"not {said}" if test.negated else said


def _words(asked: Asked) -> str:
    match asked:
        case InAddresses():
            return asked.name.replace(" ", ": ", 1)
        case OfScope():
            return f"scope: {asked.scope}"
        case OfKind():
            return f"kind: {asked.kind}"
        case SentBy():
            return f"sender {asked.name.replace(' ', ': ', 1)}"
        case VisibleCount():
            return f"visible_count: {asked.at_least}"
        case FirstContact():
            return f"{'sender ' if asked.sender else ''}first_contact: {asked.days} days"
        case Related():
            of = " of anyone" if asked.anyone else ""
            return f"{'addressee' if asked.letter else 'relation'}: {asked.relation}{of}"
        case _:
            assert_never(asked)


def _direction(directions: frozenset[Direction]) -> str:
    return " or ".join(sorted(direction.value for direction in directions - {Direction.TRANSIT}))


# -- what it could use ----------------------------------------------------------------------------------------------

# Where a picture's text can stand: in an attachment, or in the body that shows it.
_OF_PICTURES = frozenset({Where.ATTACHMENT, Where.BODY, Where.OCR})


def uses_pictures(policy: Policy) -> bool:
    """Return whether text in pictures could change what *policy* finds, and it does not decline it.

    The default is yes: a photographed letter is a letter.  ``ocr: no`` is for policies that concern so much mail that
    the time is not theirs to take (0.7 seconds a page).
    """
    if policy.ocr is not None:
        return policy.ocr
    return any(
        not leaf.where or leaf.where & _OF_PICTURES
        for leaf in policy.looked_for
        if isinstance(leaf, People) or leaf.blind is Blind.ANYWHERE
    )
