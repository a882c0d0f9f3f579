# SPDX-License-Identifier: GPL-3.0-or-later
"""Who speaks in the notices and who is told: what `init` wrote as a sample, and addresses that nobody will write to."""

import re
from collections.abc import Iterable, Iterator

from safehold import assemble
from safehold.config import SAMPLE_NAME, SAMPLE_PHONE
from safehold.doctor.checks import Check, Gateway, Subject, fail, ok, warn
from safehold.errors import MapUnreadableError
from safehold.gate.facts import in_domains


def organisation(gateway: Gateway) -> Iterator[Check]:
    """Tell whether the notices would speak in somebody's name and give a number that somebody answers."""
    office, file = gateway.settings.organisation, gateway.file
    found = []
    if office.name == SAMPLE_NAME:
        found.append(
            fail(
                "organisation",
                f"organisation.name is still `{SAMPLE_NAME}`: notices are signed with it",
                f"write your organisation's name in {file}",
            )
        )
    if _digits(office.urgent_phone) == _digits(SAMPLE_PHONE):
        found.append(
            fail(
                "organisation",
                "organisation.urgent_phone is still the sample number: staff with an urgent mail would call nobody",
                f"write the number of a phone that is staffed in {file}",
            )
        )
    elif not office.urgent_phone:
        found.append(
            warn(
                "organisation",
                "organisation.urgent_phone is empty: no notice says whom to call about an urgent mail",
                f"write the number of a phone that is staffed in {file}",
            )
        )
    yield from found or [ok("organisation", "has its name and a number for urgent mail")]


def notices(gateway: Gateway) -> Iterator[Check]:
    """Tell whether those who are to be told are in an own domain: to anybody else nothing is ever sent."""
    said, file = gateway.settings.notices, gateway.file
    try:
        own = assemble.site(gateway.settings).own_domains
    except MapUnreadableError:
        own = frozenset()  # `lines` says what is wrong with Postfix
    if not own:
        yield fail(
            "notices",
            "no own domain is known: every colleague passes for a stranger, and nobody is told of a hold",
            f"write your mail domains under domains.own in {file}",
        )
        return
    told = {
        "notices.duty": said.duty,
        **{f"notices.reviewers.{role}": addresses for role, addresses in said.reviewers.items()},
    }
    found = [check for name, addresses in told.items() for check in _outside(name, addresses, own, gateway)]
    if not any(in_domains(address, own) for address in said.duty):
        found.append(
            fail(
                "notices",
                "nobody in an own domain has the duty: what no sender or reviewer can be told, nobody hears",
                f"write an address of your own under notices.duty in {file}",
            )
        )
    if not in_domains(said.sender, own):
        found.append(
            warn(
                "notices",
                "notices.from is in no own domain: notices will look as if a stranger wrote them",
                f"write an address of your own under notices.from in {file}",
            )
        )
    yield from found or [ok("notices", "everybody who is to be told is in an own domain")]


def _outside(name: str, addresses: Iterable[str], own: frozenset[str], gateway: Gateway) -> Iterator[Check]:
    # The setting is named and not the address: this may be read in a log.
    outside = [position for position, address in enumerate(addresses, 1) if not in_domains(address, own)]
    if outside:
        numbers = ", ".join(map(str, outside))
        yield warn(
            "notices",
            f"{name}, entry {numbers}: in no own domain, so nothing is ever sent there",
            f"correct it in {gateway.file}, or add its domain to domains.own if it is yours",
        )


def _digits(phone: str) -> str:
    return re.sub(r"[^0-9+]", "", phone)


CHECKS: dict[str, Subject] = {"organisation": organisation, "notices": notices}
