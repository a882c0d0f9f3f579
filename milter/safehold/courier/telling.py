# SPDX-License-Identifier: GPL-3.0-or-later
"""Who hears of a hold, and what may be sent to them.  Pure.

Rule R7 and P5: the authenticated submitter, else the envelope sender, and only inside the own domains; a robot or a
list gets no notice, its policy's owner and the duty role do.  Rule R1: what the leak check finds fault with is cut
down until it says nothing, or is not sent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from safehold import notices
from safehold.courier.handover import NeverError, is_sendable
from safehold.courier.settings import CourierSettings
from safehold.model import HeldContent, HeldMessage
from safehold.notices import Kind, NoticeSettings, Occasion, Original


@dataclass(frozen=True, slots=True)
class Audience:
    """Who gets which notice, and why it is they."""

    kind: Kind
    to: tuple[str, ...] = field(repr=False)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A notice that the leak check has passed.

    Attributes:
        mail: The notice.
        cut: Leaks that were found in all its longer forms.
        standard: What people wrote in the policies was left out of it, because the check found fault with that.
    """

    mail: bytes = field(repr=False)
    cut: int = 0
    standard: bool = False


def audiences(
    kind: Kind,
    held: HeldMessage | None,
    content: HeldContent | None,
    original: Original,
    settings: CourierSettings,
) -> Iterator[Audience]:
    """Yield whom to tell, first choice first, each only as far as it is inside the own domains."""
    for audience in _wished(kind, held, content, original, settings):
        inside = tuple(dict.fromkeys(address for address in audience.to if is_inside(address, settings)))
        if inside:
            yield replace(audience, to=inside)


def checked(
    kind: Kind,
    held: HeldMessage | None,
    content: HeldContent | None,
    occasion: Occasion,
    settings: NoticeSettings,
) -> Checked:
    """Return the longest form of the notice that leaks nothing.

    Raises:
        NeverError: Even the shortest does.
    """
    leaks: tuple[str, ...] = ()
    # The original's Message-ID is its sender's own and may hold a word of the subject: leaving it out is no fault.
    # What the policy's author wrote may have a word of a protected value: then the standard words do, without titles.
    choices = product((True, False), repeat=3)
    longest_first = [
        replace(occasion, titled=titled, authored=authored, threaded=threaded) for titled, authored, threaded in choices
    ]
    for said in (*longest_first, replace(occasion, minimal=True)):
        mail = notices.render(kind, held, settings=settings, occasion=said)
        if content is None:
            return Checked(mail)
        found = notices.leaks(mail, content, settings=settings, held=held, to=said.to)
        if not found:
            if said.minimal:
                return Checked(mail, cut=len(leaks))
            return Checked(mail, standard=not (said.titled and said.authored))
        leaks = found
    raise NeverError(f"leak check: {len(leaks)}")


def is_inside(address: str, settings: CourierSettings) -> bool:
    """Return whether *address* is a mailbox in an own domain or below one."""
    local, _, domain = address.rpartition("@")
    domain = domain.lower()
    is_own = any(domain == own or domain.endswith(f".{own}") for own in settings.own_domains)
    return bool(local) and is_own and is_sendable(address)


def _wished(
    kind: Kind,
    held: HeldMessage | None,
    content: HeldContent | None,
    original: Original,
    settings: CourierSettings,
) -> Iterator[Audience]:
    duty = tuple(settings.duty)
    if kind is Kind.TASK and held is not None:
        roles = re.split(r"[\s,;]+", held.review)
        yield Audience(kind, tuple(address for role in roles for address in settings.reviewers.get(role, ())))
    if kind not in notices.TO_SENDER or held is None or content is None:
        yield Audience(kind, duty)
        return
    why = "automatic" if original.automatic else "outside"
    if not original.automatic and (sender := _submitter(content, settings)):
        yield Audience(kind, (sender,))
        why = "undelivered"
    owners = tuple(address for policy in held.policies for address in settings.owners.get(policy, ()))
    yield Audience(Kind.UNHEARD, (*owners, *duty), why)


def _submitter(content: HeldContent, settings: CourierSettings) -> str:
    """Return the address of who sent it: the login's, else the envelope's, if inside the own domains; or ""."""
    claimed = (content.identity.strip(), content.envelope.sender)
    candidates = (settings.logins.get(name, name) for name in claimed)
    return next((address for address in candidates if is_inside(address, settings)), "")
