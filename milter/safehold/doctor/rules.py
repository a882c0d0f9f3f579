# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies and register: whether anything would be held, for anybody, and whether somebody would decide."""

import re
from collections.abc import Iterator

from safehold import assemble
from safehold.doctor.checks import Check, Gateway, Subject, fail, ok, warn
from safehold.errors import ComplaintsError, counted
from safehold.policy import PolicySet

# What loading says of a folder in which nobody has written anything.
_NONE_YET = frozenset({"no-policies", "no-policy-file"})


def check(gateway: Gateway) -> Iterator[Check]:
    """Tell what is enforced, which registers hold nobody, and which roles nobody has."""
    settings = gateway.settings
    try:
        loaded = assemble.load_policies(settings.policies)
    except ComplaintsError as error:
        if {complaint.code for complaint in error.complaints} - _NONE_YET:
            raise
        yield fail(
            "policies",
            f"there is none in {settings.policies}: the milter does not start",
            "write one there (README, A first policy), then: safehold policy check",
        )
        return
    yield _enforced(loaded)
    yield from _roles(loaded, gateway)
    with assemble.people(settings) as store:
        revision, stored = store.load()
    people = (*stored, *loaded.people)
    yield from _registers(loaded, {person.register for person in people})
    if people:
        yield ok("register", f"{counted(len(people), 'person', 'people')}, revision {revision}")
    else:
        yield warn("register", "nobody is in it", "safehold register import FILE")


def _enforced(loaded: PolicySet) -> Check:
    enforced = sum(each.enforced for each in loaded.policies)
    text = f"{len(loaded.policies)} loaded, {enforced} enforced"
    if enforced:
        return ok("policies", text)
    return warn("policies", f"{text}: nothing will be held", "write mode: enforce where a policy is meant to hold")


def _registers(loaded: PolicySet, held: set[str]) -> Iterator[Check]:
    there = ", ".join(sorted(held)) or "none"
    for name, asking in assemble.unheld(loaded, held).items():
        first = asking[0]
        say = fail if first.enforced else warn
        yield say(
            "policies",
            f'"{first.id}" asks register {name}, which holds nobody; there are: {there}',
            "a misspelt name? correct the policy; else: safehold register import FILE",
        )


def _roles(loaded: PolicySet, gateway: Gateway) -> Iterator[Check]:
    """Tell which roles are to decide on holds and have nobody to tell: then the duty hears alone, or nobody."""
    said = gateway.settings.notices
    asked = {role for each in loaded.policies if each.enforced for role in _words(each.handling.review)}
    vacant = sorted(role for role in asked if not said.reviewers.get(role))
    if vacant:
        say = warn if said.duty else fail
        whom = "the duty is told in their place" if said.duty else "nobody is told of such holds"
        yield say(
            "reviewers",
            f"policies want {', '.join(vacant)} to decide, who have no address: {whom}",
            f"add them under notices.reviewers in {gateway.file}",
        )


def _words(roles: str) -> list[str]:
    return [role for role in re.split(r"[\s,;]+", roles) if role]


CHECKS: dict[str, Subject] = {"policies": check}
