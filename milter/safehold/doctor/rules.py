# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies and register: whether anything would be held, for anybody, and whether somebody would decide.

The files are one thing, and what the gateway judges by another: it loads at its start and when told to, and keeps what
it has where the files are wrong.  So it leaves word in the store of what it loaded, and that is compared.
"""

import contextlib
import re
from collections.abc import Iterator
from datetime import timedelta

from safehold import assemble
from safehold.doctor.checks import Check, Gateway, Subject, fail, ok, spoken, warn
from safehold.errors import ComplaintsError, SafeholdError, counted
from safehold.policy import PolicySet
from safehold.store import versions, vitals
from safehold.store.people import PeopleStore
from safehold.store.versions import State, Version
from safehold.store.vitals import InForce

MILTER = "safehold-milter"
# A gateway follows the register within two seconds; who looks in between is to see nothing wrong.
FOLLOWS_WITHIN = timedelta(seconds=10)
# What loading says of a folder in which nobody has written anything.
_NONE_YET = frozenset({"no-policies", "no-policy-file"})


def check(gateway: Gateway) -> Iterator[Check]:
    """Tell what is enforced, which registers hold nobody, and which roles nobody has."""
    settings = gateway.settings
    try:
        loaded = assemble.load_policies(settings.policies)
    except ComplaintsError as error:
        if {complaint.code for complaint in error.complaints} - _NONE_YET:
            yield from _kept(gateway)
            raise
        yield fail(
            "policies",
            f"there is none in {settings.policies}: the milter does not start",
            "write one there (README, A first policy), then: safehold policy check",
        )
        return
    yield _enforced(loaded)
    yield from _disabled(gateway)
    yield from _roles(loaded, gateway)
    with assemble.people(settings) as store:
        yield _in_force(_live(loaded, gateway), store, gateway)
        yield from _unpublished(loaded, gateway)
        revision, stored = store.load()
    people = (*stored, *loaded.people)
    yield from _registers(loaded, {person.register for person in people})
    if people:
        yield ok("register", f"{counted(len(people), 'person', 'people')}, revision {revision}")
    else:
        yield warn("register", "nobody is in it", "safehold register import FILE")


def _disabled(gateway: Gateway) -> Iterator[Check]:
    """Tell which policies somebody switched off for a time."""
    for each in assemble.disabled(gateway.settings, gateway.now):
        yield warn(
            "disabled",
            f'"{each.policy}" is disabled until {each.until:%Y-%m-%d %H:%M} UTC, by {each.actor}',
            f"safehold policy enable {each.policy} --reason ...   (it comes back by itself)",
        )


def _live(loaded: PolicySet, gateway: Gateway) -> str:
    """Return the digest of the policies that the gateway ought to judge by."""
    published = _published(gateway) if gateway.settings.publishing.required else None
    return published.digest if published is not None else loaded.digest


def _published(gateway: Gateway) -> Version | None:
    with assemble.opened(gateway.settings) as store:
        return versions.latest(store, State.PUBLISHED)


def _unpublished(loaded: PolicySet, gateway: Gateway) -> Iterator[Check]:
    """Tell of policies in the folder that nobody published, where only what is published counts."""
    if not gateway.settings.publishing.required:
        return
    published = _published(gateway)
    if published is None:
        yield fail("published", "nothing was ever published: the milter does not start", "safehold policy publish")
    elif published.digest != loaded.digest:
        yield warn(
            "published",
            f"the policies in the folder are not those of version {published.id}, which is in force",
            "safehold policy publish",
        )
    else:
        yield ok("published", f"version {published.id}, {spoken(gateway.now - published.at)} ago")


def _in_force(live: str, people: PeopleStore, gateway: Gateway) -> Check:
    """Compare what the gateway loaded with what it ought to judge by, and with what the register says now."""
    said, log = _loaded_last(gateway), f"journalctl -u {MILTER} -n 20"
    if said is None:
        return warn(
            "in force",
            "no gateway has loaded policies yet, or none of this version",
            f"systemctl enable --now {MILTER}",
            log,
        )
    age = spoken(gateway.now - said.at)
    if said.policies != live:
        return fail(
            "in force",
            f"the policies were edited and not in force: those that the gateway loaded {age} ago are",
            f"systemctl reload {MILTER}   (it comes back without an error even if the milter refuses)",
            f"{log}   (`reload refused` says why)",
        )
    changes = people.history()
    if changes and changes[-1].revision != said.revision and gateway.now - changes[-1].at > FOLLOWS_WITHIN:
        return fail(
            "in force",
            f"register revision {changes[-1].revision} is not in force: the gateway follows no more since revision"
            f" {said.revision}, {age} ago",
            f"systemctl restart {MILTER}",
            log,
        )
    return ok("in force", f"these policies, since {age}")


def _kept(gateway: Gateway) -> Iterator[Check]:
    """Say what policies that cannot be loaded mean for a gateway that runs."""
    with contextlib.suppress(SafeholdError):
        if said := _loaded_last(gateway):
            yield warn(
                "in force",
                f"the gateway keeps what it loaded {spoken(gateway.now - said.at)} ago, and would not start anew on the"
                " files as they are: all mail would wait",
                f"put them right, then: systemctl reload {MILTER}",
            )


def _loaded_last(gateway: Gateway) -> InForce | None:
    with contextlib.closing(assemble.store(gateway.settings)) as opened:
        return vitals.in_force(opened)


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
