# SPDX-License-Identifier: GPL-3.0-or-later
"""The protected people: their values, who is adverse to them, who may have their data.

Frozen values, and silent ones: nothing that could identify a person shows in a ``repr`` but opaque ids.  The record (a
dict of JSON types) is the shape of DESIGN section 8, "Register file".  Checking what people write is
:mod:`safehold.register.importing`; here records are trusted, as they come from there or from the sealed store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

EVERYBODY = "all"  # in known_to: every adverse party of the person knows the value


class Kind(StrEnum):
    """What a value is."""

    ADDRESS = "address"
    POSTCODE = "postcode"
    UPRN = "uprn"
    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"
    ALIAS = "alias"
    SCHOOL = "school"
    VEHICLE = "vehicle"
    CASE_REFERENCE = "case_reference"
    NHS_NUMBER = "nhs_number"
    CHI = "chi"
    NINO = "nino"


@dataclass(frozen=True, slots=True)
class Value:
    """One thing to protect.

    Attributes:
        kind: What it is.
        value: As a person wrote it.
        known_to: Ids of adverse parties who know it already, or ``all``; no hit for *them*.
        secret: True for a value that alone gives the person away, like a new name.
        start: First day of its use.
        end: Last day of its use; never ends its protection.
    """

    kind: Kind
    value: str = field(repr=False)
    known_to: frozenset[str] = frozenset()
    secret: bool = False
    start: date | None = None
    end: date | None = None

    def known_by(self, party: str) -> bool:
        """Return whether the adverse party of that id knows the value already."""
        return party in self.known_to or EVERYBODY in self.known_to


@dataclass(frozen=True, slots=True)
class Route:
    """A mailbox through which an adverse party reads: a prison mailbox, a solicitor, a shared family address."""

    email: str = field(repr=False)
    why: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AdverseParty:
    """Somebody whom the person must be kept from."""

    id: str
    name: str = field(default="", repr=False)
    emails: tuple[str, ...] = field(default=(), repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    addresses: tuple[str, ...] = field(default=(), repr=False)
    routes: tuple[Route, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Authorised:
    """Who may have the person's data: exactly one of address, domain or role; up to and including *end*."""

    email: str = field(default="", repr=False)
    domain: str = field(default="", repr=False)
    role: str = ""
    purpose: str = field(default="", repr=False)
    end: date | None = None

    def lasts(self, today: date) -> bool:
        """Return whether the authority still holds on that day."""
        return self.end is None or today <= self.end


@dataclass(frozen=True, slots=True)
class FormerContact:
    """A mailbox or postal address that no longer is the right one: exactly one of the two."""

    email: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    ended: date | None = None

    def is_over(self, today: date) -> bool:
        """Return whether the contact has ended by that day; one without a date has."""
        return self.ended is None or self.ended <= today


@dataclass(frozen=True, slots=True)
class Person:
    """One protected person.

    Attributes:
        id: Opaque id.
        register: Name of the register that the person is in.
        values: What to protect; a finding names a value by its position here.
        adverse: Whom to protect the person from.
        authorised: Who may have the data.
        former_contacts: Where nothing may go any more.
        subject: The person's own mailboxes.
        conflicts: Staff who never see a hold about the person.
        review_by: When the entry is to be looked at again.
    """

    id: str
    register: str
    values: tuple[Value, ...] = field(default=(), repr=False)
    adverse: tuple[AdverseParty, ...] = field(default=(), repr=False)
    authorised: tuple[Authorised, ...] = field(default=(), repr=False)
    former_contacts: tuple[FormerContact, ...] = field(default=(), repr=False)
    subject: tuple[str, ...] = field(default=(), repr=False)
    conflicts: tuple[str, ...] = field(default=(), repr=False)
    review_by: date | None = None


def to_record(person: Person) -> dict[str, Any]:
    """Return the person as JSON types, every field present, in a fixed order."""
    return {
        "id": person.id,
        "register": person.register,
        "values": [
            {
                "kind": value.kind.value,
                "value": value.value,
                "known_to": sorted(value.known_to),
                "secret": value.secret,
                "from": _text(value.start),
                "to": _text(value.end),
            }
            for value in person.values
        ],
        "adverse": [
            {
                "id": party.id,
                "name": party.name,
                "emails": list(party.emails),
                "phones": list(party.phones),
                "addresses": list(party.addresses),
                "routes": [{"email": route.email, "why": route.why} for route in party.routes],
            }
            for party in person.adverse
        ],
        "authorised": [
            _one_of(entry, ("email", "domain", "role")) | {"purpose": entry.purpose, "to": _text(entry.end)}
            for entry in person.authorised
        ],
        "former_contacts": [
            _one_of(contact, ("email", "address")) | {"ended": _text(contact.ended)}
            for contact in person.former_contacts
        ],
        "subject": list(person.subject),
        "conflicts": list(person.conflicts),
        "review_by": _text(person.review_by),
    }


def from_record(record: Mapping[str, Any]) -> Person:
    """Return the person of a record that :func:`to_record` or the import made; absent fields are empty.

    Raises:
        KeyError, ValueError: The record is not of that shape.
    """
    return Person(
        id=record["id"],
        register=record["register"],
        values=tuple(_value(item) for item in record.get("values") or ()),
        adverse=tuple(_party(item) for item in record.get("adverse") or ()),
        authorised=tuple(
            Authorised(
                email=item.get("email") or "",
                domain=item.get("domain") or "",
                role=item.get("role") or "",
                purpose=item.get("purpose") or "",
                end=_date(item.get("to")),
            )
            for item in record.get("authorised") or ()
        ),
        former_contacts=tuple(
            FormerContact(
                email=item.get("email") or "", address=item.get("address") or "", ended=_date(item.get("ended"))
            )
            for item in record.get("former_contacts") or ()
        ),
        subject=tuple(record.get("subject") or ()),
        conflicts=tuple(record.get("conflicts") or ()),
        review_by=_date(record.get("review_by")),
    )


def _value(item: Mapping[str, Any]) -> Value:
    return Value(
        kind=Kind(item["kind"]),
        value=item["value"],
        known_to=frozenset(_several(item.get("known_to"))),
        secret=bool(item.get("secret", False)),
        start=_date(item.get("from")),
        end=_date(item.get("to")),
    )


def _party(item: Mapping[str, Any]) -> AdverseParty:
    return AdverseParty(
        id=item["id"],
        name=item.get("name") or "",
        emails=tuple(item.get("emails") or ()),
        phones=tuple(item.get("phones") or ()),
        addresses=tuple(item.get("addresses") or ()),
        routes=tuple(Route(route["email"], route.get("why") or "") for route in item.get("routes") or ()),
    )


def _several(item: str | Sequence[str] | None) -> Sequence[str]:
    """Return a list where one scalar may stand for a list of one."""
    if item is None:
        return ()
    return (item,) if isinstance(item, str) else item


def _one_of(entry: Authorised | FormerContact, names: tuple[str, ...]) -> dict[str, str]:
    """Return the one of the named fields that is filled."""
    return {name: getattr(entry, name) for name in names if getattr(entry, name)}


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
