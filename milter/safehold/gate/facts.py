# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate knows about a message besides its bytes: origin, direction, senders, final recipients (DESIGN 3a).

Only addresses and display names are taken from the header block here, by a bounded pass over at most
:data:`HEADER_LIMIT_BYTES`; bodies and attachments are opened by reader workers alone.
"""

import email.errors
import email.header
import email.utils
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

from safehold.errors import MapUnreadableError
from safehold.model import Direction, Facts, FinalRecipient, Message, Origin

# Postfix cuts header blocks at header_size_limit (102,400 bytes); what lies beyond reaches no mail client either.
HEADER_LIMIT_BYTES = 102_400
# One address header: 1,000 recipients of 64 characters; longer ones are cut, which can only lose display names.
FIELD_LIMIT = 65_536

Network = IPv4Network | IPv6Network


class Expanded(Protocol):
    """What an expansion answers: the final addresses, or why the whole list must be held."""

    @property
    def final(self) -> tuple[str, ...]:
        """The addresses the mail would reach."""

    @property
    def whole(self) -> str:
        """Why the list could not be expanded, or ""."""


class Expander(Protocol):
    """Expands envelope recipients as the MTA will (implemented by :mod:`safehold.postfix`)."""

    def expand_all(self, addresses: Iterable[str]) -> Mapping[str, Expanded]:
        """Return the expansion of each address; raises MapUnreadableError where a map cannot be asked."""


@dataclass(frozen=True, slots=True)
class AsGiven:
    """The expansion that changes nothing, for gateways beside an MTA without aliases, and for explain."""

    final: tuple[str, ...] = field(repr=False)
    whole: str = ""


class NoMaps:
    """An expander for where the MTA maps nothing."""

    def expand_all(self, addresses: Iterable[str]) -> Mapping[str, Expanded]:
        """Return every address as its own only member."""
        return {address: AsGiven((address,)) for address in addresses}


@dataclass(frozen=True, slots=True)
class Site:
    """What the administrator said about the organisation.

    Attributes:
        own_domains: Lower-case own domains; their sub-domains count.
        trusted_clients: Networks whose mail is ours although nobody signed in.
        devices: Address of a device or application -> owner who hears for it.
        zone: The organisation's time zone.
    """

    own_domains: frozenset[str]
    trusted_clients: tuple[Network, ...] = ()
    devices: Mapping[str, str] = field(default_factory=dict, repr=False)
    zone: tzinfo = UTC

    def owns(self, address: str) -> bool:
        """Return whether *address* is in an own domain or one of its sub-domains."""
        return in_domains(address, self.own_domains)


def in_domains(address: str, domains: frozenset[str]) -> bool:
    """Return whether the domain of *address* is one of *domains* or under one of them."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    labels = domain.split(".")
    return any(".".join(labels[i:]) in domains for i in range(len(labels)))


# What may stand in a local part without quotes (RFC 5321, 4.1.2, dot-string; RFC 6531 adds the rest of Unicode).
_DOT_STRING = re.compile(r"[^\x00-\x20\x7f()<>\[\]:;@\\,\".]+(?:\.[^\x00-\x20\x7f()<>\[\]:;@\\,\".]+)*")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


def plain(address: str) -> str:
    """Return the mailbox that *address* means, in the spelling that everybody else uses.

    Brackets, blanks, a source route (RFC 5321, appendix C) and a trailing dot go; quotes go where they change nothing:
    all of these reach the same person, who must not pass for a stranger.
    """
    mailbox = address.strip().strip("<>").strip()
    if mailbox.startswith("@") and ":" in mailbox:
        mailbox = mailbox.partition(":")[2]
    local, at, domain = mailbox.rpartition("@")
    if len(local) > 1 and local[0] == local[-1] == '"':
        bare = _QUOTED_PAIR.sub(r"\1", local[1:-1])
        local = bare if _DOT_STRING.fullmatch(bare) else local
    return f"{local}{at}{domain.rstrip('.')}"


def normal(address: str) -> str:
    """Return :func:`plain` in lower case, for comparing."""
    return plain(address).lower()


def origin_of(message: Message, site: Site) -> Origin:
    """Return where *message* comes from, by the MTA's macros."""
    macros = message.macros
    if macros.get("{auth_authen}"):
        return Origin.AUTH
    client = macros.get("{client_addr}", "")
    if not client or client == "0":
        return Origin.LOCAL
    try:
        address = ip_address(client.removeprefix("IPv6:"))
    except ValueError:
        return Origin.OUTSIDE
    if any(address in network for network in site.trusted_clients):
        return Origin.TRUSTED
    return Origin.OUTSIDE


def direction_of(address: str, origin: Origin, site: Site) -> Direction:
    """Return the direction of one recipient's copy."""
    if origin is Origin.OUTSIDE:
        return Direction.INBOUND if site.owns(address) else Direction.TRANSIT
    return Direction.INTERNAL if site.owns(address) else Direction.OUTBOUND


# -- header fields ----------------------------------------------------------------------------------------------


def address_headers(content: bytes) -> dict[str, list[tuple[str, str]]]:
    """Return (display name, address) pairs of From, Sender, To and Cc, by lower-case header name.  Never raises."""
    found: dict[str, list[tuple[str, str]]] = {"from": [], "sender": [], "to": [], "cc": []}
    for name, value in _fields(content[:HEADER_LIMIT_BYTES]):
        if name in found:
            found[name].extend(_addresses(value))
    return found


def _fields(block: bytes) -> Iterable[tuple[str, str]]:
    text = block.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n", "\n")
    name, value = "", ""
    for line in text.split("\n"):
        if line[:1] in {" ", "\t"}:
            value += line
            continue
        if name:
            yield name, value
        name, colon, value = line.partition(":")
        name = name.strip().lower() if colon else ""
    if name:
        yield name, value


def _addresses(value: str) -> list[tuple[str, str]]:
    try:
        pairs = _parsed(value[:FIELD_LIMIT])
    except RecursionError:  # comments in comments, hundreds deep: nobody's names, but the addresses count
        pairs = [("", address) for address in _BARE_ADDRESS.findall(value[:FIELD_LIMIT])]
    return [(_decoded(name), normal(address)) for name, address in pairs if "@" in address]


_BARE_ADDRESS = re.compile(r"[^\s,;:<>()\"@]{1,64}@[^\s,;:<>()\"@]{1,255}")


def _parsed(value: str) -> list[tuple[str, str]]:
    # Not strict: a gate wants every address that some mail client might show, not only the well-formed ones.
    return email.utils.getaddresses([value], strict=False) if _HAS_STRICT else email.utils.getaddresses([value])


# getaddresses(strict=) came with 3.11.10 and was back-ported by distributions: ask for behaviour, not for a version.
_HAS_STRICT = "strict" in email.utils.getaddresses.__code__.co_varnames


def _decoded(name: str) -> str:
    try:
        return str(email.header.make_header(email.header.decode_header(name)))
    except (LookupError, ValueError, UnicodeError, email.errors.HeaderParseError):
        return name


# -- gathering --------------------------------------------------------------------------------------------------


def gather(message: Message, site: Site, expander: Expander, now: datetime) -> Facts:
    """Return the facts of *message*; what cannot be expanded stands in ``unexpanded`` with its reason."""
    headers = address_headers(message.content)
    origin = origin_of(message, site)
    names = {address: name for name, address in (*headers["cc"], *headers["to"]) if name}
    identity = message.macros.get("{auth_authen}", "")
    recipients, unexpanded = final_recipients(message, site, expander, origin, names)
    claimed = [message.envelope.sender, identity, *(a for _, a in (*headers["from"], *headers["sender"]))]
    return Facts(
        now=now,
        origin=origin,
        identity=identity,
        senders=tuple(dict.fromkeys(normal(address) for address in claimed if "@" in address)),
        recipients=recipients,
        unexpanded=unexpanded,
        own_domains=site.own_domains,
        visible=tuple(dict.fromkeys(address for _, address in (*headers["to"], *headers["cc"]))),
        proven=tuple(dict.fromkeys(normal(a) for a in (identity, message.envelope.sender) if "@" in a)),
        zone=site.zone,
    )


def final_recipients(
    message: Message, site: Site, expander: Expander, origin: Origin, names: Mapping[str, str]
) -> tuple[tuple[FinalRecipient, ...], dict[str, str]]:
    """Return whom the mail would reach, and the envelope recipients of whom that cannot be told, with the reason."""
    given = tuple(dict.fromkeys(recipient.address for recipient in message.envelope.recipients))
    try:
        expansions = expander.expand_all(given)
    except MapUnreadableError as error:
        return (), dict.fromkeys(given, str(error))
    via: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    unexpanded: dict[str, str] = {}
    for address in given:
        expansion = expansions[address]
        if expansion.whole:
            unexpanded[address] = expansion.whole
            continue
        for final in expansion.final:
            via.setdefault(normal(final), []).append(address)
            spelled.setdefault(normal(final), plain(final))
    recipients = tuple(
        FinalRecipient(spelled[key], tuple(sources), direction_of(key, origin, site), names.get(key, ""))
        for key, sources in via.items()
    )
    return recipients, unexpanded
