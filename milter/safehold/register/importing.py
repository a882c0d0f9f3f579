# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the files in which people write down whom to protect.

``parse`` takes JSON Lines, JSON, YAML or CSV and returns the people, or raises one :class:`ComplaintsError` with *all*
that is wrong: the line (row), the field or column, what was expected.  Never the value: a register file is as secret as
the register.  Nothing half imported: one complaint, and there are no people.

YAML scalars are read as text (``NO`` stays "NO", ``0770020012`` keeps its 0).  Anchors, aliases and tags are refused,
so is what is nested deeper or is larger than any register needs.

The CSV form, for the plain case, has one row per fact and any of these columns; rows of the same ``id`` merge, and a
cell may hold several entries apart by semicolons where the column's name is followed by * here.  Cells stand apart by
commas, semicolons or tabs, as the header shows (where by semicolons, a cell of several entries stands in quotes):

    id, register                                        in every row (register: in the first row of a person)
    kind, value, known_to*, secret, from, to            one value
    adverse_id, adverse_name, adverse_email*, adverse_phone*, adverse_address, adverse_route, adverse_route_why
                                                        one adverse party; rows of the same adverse_id merge
    authorised_email, authorised_domain, authorised_role, authorised_purpose, authorised_to
    former_email, former_address, former_ended
    subject*, conflicts*, review_by

Pure.  Sources: DESIGN section 8, "Register file"; STYLE section 4.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, Final, NamedTuple

from safehold.errors import ComplaintsError
from safehold.register import addresses, faults, keys, names, postcodes
from safehold.register.nodes import (
    AUTHORISED_FIELDS,
    FORMER_FIELDS,
    PARTY_FIELDS,
    PERSON_FIELDS,
    ROUTE_FIELDS,
    VALUE_FIELDS,
    Complaints,
    Node,
    Unreadable,
    field_name,
    suggestion,
)
from safehold.register.people import EVERYBODY, Kind, Person, from_record
from safehold.register.trees import read
from safehold.text import folded

_LONGEST_VALUE = 1_000  # characters


def parse(file_name: str, data: bytes) -> tuple[Person, ...]:
    """Return the people of a register file.

    Args:
        file_name: Says the format: .jsonl, .ndjson, .json, .yaml, .yml or .csv.
        data: The file.

    Raises:
        ComplaintsError: Anything is wrong; it holds everything that is.
    """
    complaints = Complaints(file_name)
    people: list[Person] = []
    with suppress(Unreadable):
        people = _People(complaints).read(read(file_name, data, complaints))
    if complaints.found:
        raise ComplaintsError(complaints.found)
    return tuple(people)


# -- what a person may be ----------------------------------------------------------------------------------------------

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REGISTER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_](?:[\w-]{0,61}[^\W_])?")
_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}")
_NINO = re.compile(r"[a-z]{2}[0-9]{6}[a-d]?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRUTH: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}

_Record = dict[str, Any]
_Members = dict[str, tuple[Node, Node]]


def _is_blank(node: Node) -> bool:
    """Return whether a field says nothing: null, or text without a sign in it, which an export writes."""
    return node.content is None or (isinstance(node.content, str) and not node.content.strip())


class _Shape(NamedTuple):
    """What a text must be: the test, and how a complaint says it."""

    fits: Callable[[str], bool]
    words: str
    hint: str = ""


def _is_email(text: str) -> bool:
    local, at, host = text.rpartition("@")
    return bool(at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(host)) and ".." not in text


def _is_number_of(text: str, fewest: int, most: int) -> bool:
    return fewest <= len(keys.digits(text)) <= most and bool(re.fullmatch(r"[0-9 ().+/\-]+", folded(text)))


def _is_mod_11(text: str) -> bool:
    """Return whether ten digits end in the check digit of an NHS or CHI number (weights 10 to 2, modulus 11)."""
    digits = keys.digits(text)
    if not _is_number_of(text, 10, 10):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return (11 - total % 11) % 11 == int(digits[9])


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text) and bool(names.name_words(text))


def _is_code(text: str, fewest: int, most: int) -> bool:
    code = keys.code(text)
    return fewest <= len(code) <= most and any(map(str.isdigit, code))


def _is_nino(text: str) -> bool:
    return bool(_NINO.fullmatch(keys.code(text)))


def _is_address(text: str) -> bool:
    return addresses.parse_address(text).can_be_found


_EMAIL = _Shape(_is_email, "an e-mail address", "expected one address, like name@example.org")
_DOMAIN_NAME = _Shape(lambda text: bool(_DOMAIN.fullmatch(text.rstrip("."))), "a domain", "expected example.org")
_PHONE = _Shape(lambda text: _is_number_of(text, 7, 15), "a phone number", "expected 7 to 15 digits")
_ADDRESS = _Shape(
    _is_address, "an address that can be searched for", "expected a number or house name, a street, a town, a postcode"
)
_NAMED = _Shape(_has_letters, "a name", "expected letters")
_SHAPES: Final = {
    Kind.ADDRESS: _ADDRESS,
    Kind.POSTCODE: _Shape(postcodes.is_postcode, "a postcode", "expected a whole one, like AB1 2CD"),
    Kind.UPRN: _Shape(lambda text: _is_number_of(text, 4, 12), "a UPRN", "expected 4 to 12 digits"),
    Kind.PHONE: _PHONE,
    Kind.EMAIL: _EMAIL,
    Kind.NAME: _NAMED,
    Kind.ALIAS: _NAMED,
    Kind.SCHOOL: _NAMED,
    Kind.VEHICLE: _Shape(lambda text: _is_code(text, 3, 8), "a vehicle registration", "expected 3 to 8 signs"),
    Kind.CASE_REFERENCE: _Shape(
        lambda text: _is_code(text, 5, 40), "a case reference that can be searched for",
        "expected at least five letters and digits, among them a digit",
    ),
    Kind.NHS_NUMBER: _Shape(_is_mod_11, "an NHS number", "expected ten digits with a right check digit"),
    Kind.CHI: _Shape(_is_mod_11, "a CHI number", "expected ten digits with a right check digit"),
    Kind.NINO: _Shape(_is_nino, "a National Insurance number", "expected two letters, six digits and A to D"),
}  # fmt: skip


class _People:
    """Checks trees and makes people of them."""

    def __init__(self, complaints: Complaints) -> None:
        self.complaints = complaints

    def read(self, nodes: Iterable[Node]) -> list[Person]:
        """Return the people of *nodes*; what is wrong is noted, and then the list is of no use."""
        people: list[Person] = []
        lines: dict[str, int] = {}
        for node in nodes:
            before = len(self.complaints.found)
            record = self.person(node)
            if known := lines.get(record.get("id", "")):
                self.complaints.add(node, "duplicate-id", f"field `id` is that of the person on line {known}")
            elif record.get("id"):
                lines[record["id"]] = node.line
            if len(self.complaints.found) == before and not self.complaints.found:
                people.append(from_record(record))
        return people

    def person(self, node: Node) -> _Record:
        """Return the record of one person."""
        members = self.mapping(node, PERSON_FIELDS, "")
        record: _Record = {
            "id": self.pattern(members, "id", "", _ID, "letters, digits, dots and dashes, like P-0042"),
            "register": self.pattern(
                members, "register", "", _REGISTER, "small letters and dashes, like safe-addresses"
            ),
            "review_by": self.day(members, "review_by", ""),
        }
        for name in ("id", "register"):
            if name not in members and isinstance(node.content, dict):
                self.complaints.add(node, "missing-field", f"field `{name}` is missing")
        record["adverse"] = [self.party(item, path) for item, path in self.items(members, "adverse", "")]
        parties = self.party_ids(members, record["adverse"])
        record["values"] = [self.value(item, path, parties) for item, path in self.items(members, "values", "")]
        record["authorised"] = [self.authorised(item, path) for item, path in self.items(members, "authorised", "")]
        record["former_contacts"] = [
            self.former(item, path) for item, path in self.items(members, "former_contacts", "")
        ]
        record["subject"] = self.texts(members, "subject", "", _EMAIL)
        record["conflicts"] = self.texts(members, "conflicts", "", _EMAIL)
        return record

    def party_ids(self, members: _Members, parties: Sequence[_Record]) -> frozenset[str]:
        """Return the ids of the adverse parties, after complaining of repeated ones."""
        seen: set[str] = set()
        for (item, path), party in zip(self.items(members, "adverse", "", again=True), parties, strict=True):
            if party["id"] and party["id"] in seen:
                self.complaints.add(item, "duplicate-id", f"field `{path}.id` is that of another adverse party")
            seen.add(party["id"])
        return frozenset(seen)

    def value(self, node: Node, path: str, parties: frozenset[str]) -> _Record:
        """Return the record of one value."""
        members = self.mapping(node, VALUE_FIELDS, path)
        kind = self.kind(members, path, node)
        text = self.text(members, "value", path, needed=node)
        if kind and text and not _SHAPES[kind].fits(text):
            self.expected(members["value"][1], self.named(members, "value", path), _SHAPES[kind])
        start, end = self.day(members, "from", path), self.day(members, "to", path)
        if start and end and end < start:
            self.complaints.add(members["to"][1], "dates", f"{self.named(members, 'to', path)} is before `from`")
        return {
            "kind": kind or Kind.NAME,
            "value": text,
            "known_to": self.known_to(members, path, parties),
            "secret": self.truth(members, "secret", path),
            "from": start,
            "to": end,
        }

    def kind(self, members: _Members, path: str, node: Node) -> Kind | None:
        text = self.text(members, "kind", path, needed=node)
        if not text:
            return None
        try:
            return Kind(text)
        except ValueError:
            known = [kind.value for kind in Kind]
            self.complaints.add(
                members["kind"][1], "unknown-kind",
                f"{self.named(members, 'kind', path)} is not a kind of value; expected one of: {', '.join(known)}",
                suggestion(text, known),
            )  # fmt: skip
            return None

    def known_to(self, members: _Members, path: str, parties: frozenset[str]) -> list[str]:
        """Return the parties who know the value; each must exist."""
        known = self.texts(members, "known_to", path)
        for name in known:
            if name != EVERYBODY and name not in parties:
                self.complaints.add(
                    members["known_to"][1], "unknown-party",
                    f"{self.named(members, 'known_to', path)} names an adverse party that this person does not have",
                    f"write the id of one of the person's adverse parties, or `{EVERYBODY}`",
                )  # fmt: skip
        return known

    def party(self, node: Node, path: str) -> _Record:
        """Return the record of one adverse party."""
        members = self.mapping(node, PARTY_FIELDS, path)
        record: _Record = {
            "id": self.pattern(members, "id", path, _ID, "letters, digits, dots and dashes, like F-1"),
            "name": self.text(members, "name", path),
            "emails": self.texts(members, "emails", path, _EMAIL),
            "phones": self.texts(members, "phones", path, _PHONE),
            "addresses": self.texts(members, "addresses", path, _ADDRESS),
            "routes": [self.route(item, where) for item, where in self.items(members, "routes", path)],
        }
        if "id" not in members and isinstance(node.content, dict):
            self.complaints.add(node, "missing-field", f"field `{path}.id` is missing")
        if record["id"] == EVERYBODY:
            self.complaints.add(members["id"][1], "id", f"{self.named(members, 'id', path)} cannot be `{EVERYBODY}`")
        if isinstance(node.content, dict) and not any(name in members for name in PARTY_FIELDS[1:]):
            self.complaints.add(node, "unknowable", f"`{path}` has nothing to know the adverse party by")
        return record

    def route(self, node: Node, path: str) -> _Record:
        members = self.mapping(node, ROUTE_FIELDS, path)
        email = self.text(members, "email", path, needed=node)
        if email and not _EMAIL.fits(email):
            self.expected(members["email"][1], self.named(members, "email", path), _EMAIL)
        return {"email": email, "why": self.text(members, "why", path)}

    def authorised(self, node: Node, path: str) -> _Record:
        """Return the record of one authority."""
        members = self.mapping(node, AUTHORISED_FIELDS, path)
        self.exactly_one(node, members, ("email", "domain", "role"), path)
        record: _Record = {name: self.text(members, name, path) for name in ("email", "domain", "role", "purpose")}
        for name, shape in (("email", _EMAIL), ("domain", _DOMAIN_NAME)):
            if record[name] and not shape.fits(record[name]):
                self.expected(members[name][1], self.named(members, name, path), shape)
        record["to"] = self.day(members, "to", path)
        return record

    def former(self, node: Node, path: str) -> _Record:
        """Return the record of one former contact."""
        members = self.mapping(node, FORMER_FIELDS, path)
        self.exactly_one(node, members, ("email", "address"), path)
        record: _Record = {name: self.text(members, name, path) for name in ("email", "address")}
        for name, shape in (("email", _EMAIL), ("address", _ADDRESS)):
            if record[name] and not shape.fits(record[name]):
                self.expected(members[name][1], self.named(members, name, path), shape)
        record["ended"] = self.day(members, "ended", path)
        return record

    # -- shapes -----------------------------------------------------------------------------------------------------

    def mapping(self, node: Node, allowed: Sequence[str], path: str) -> _Members:
        """Return the members of a mapping without the empty ones; unknown ones are complained of."""
        if not isinstance(node.content, dict):
            where = f"`{path}`" if path else "a person"
            self.complaints.add(node, "shape", f"{where} must be a mapping of fields")
            return {}
        for name, (place, value) in node.content.items():
            if name not in allowed:
                hint = suggestion(name, allowed)
                if _is_blank(value) and not hint.startswith("did you mean"):
                    hint = faults.COMMA  # in {value: 12 Acacia Road, Ashford} the town is a field without a value
                self.complaints.add(place, "unknown-field", f"unknown {field_name(name, path)}", hint)
        return {name: pair for name, pair in node.content.items() if name in allowed and not _is_blank(pair[1])}

    def items(self, members: _Members, name: str, path: str, *, again: bool = False) -> list[tuple[Node, str]]:
        """Return the items of a list with their paths; a mapping stands for a list of one."""
        if name not in members:
            return []
        node = members[name][1]
        where = f"{path}.{name}" if path else name
        if isinstance(node.content, dict):
            return [(node, where)]
        if not isinstance(node.content, list):
            if not again:
                self.complaints.add(node, "shape", f"field `{where}` must be a list")
            return []
        return [(item, f"{where}[{place}]") for place, item in enumerate(node.content, 1)]

    def text(self, members: _Members, name: str, path: str, *, needed: Node | None = None) -> str:
        """Return the text of a field; "" where it is absent or wrong."""
        if name not in members:
            if needed is not None and isinstance(needed.content, dict):
                self.complaints.add(needed, "missing-field", f"{self.named(members, name, path)} is missing")
            return ""
        return self.plain(members[name][1], self.named(members, name, path))

    def plain(self, node: Node, named: str) -> str:
        """Return the text of a node without space around it."""
        if not isinstance(node.content, str):
            self.complaints.add(node, "shape", f"{named} must be text")
            return ""
        text = node.content.strip()
        if not text:
            self.complaints.add(node, "empty", f"{named} is empty")
        elif len(text) > _LONGEST_VALUE:
            self.complaints.add(node, "too-long", f"{named} is longer than {_LONGEST_VALUE} characters")
        return text

    def texts(self, members: _Members, name: str, path: str, shape: "_Shape | None" = None) -> list[str]:
        """Return a list of texts; one text stands for a list of one."""
        if name not in members:
            return []
        node = members[name][1]
        nodes = node.content if isinstance(node.content, list) else [node]
        named = self.named(members, name, path)
        found = []
        for item in nodes:
            text = self.plain(item, item.label or named)
            if text and shape is not None and not shape.fits(text):
                self.expected(item, item.label or named, shape)
            if text:
                found.append(text)
        return found

    def pattern(self, members: _Members, name: str, path: str, pattern: re.Pattern[str], form: str) -> str:
        """Return a text of a given form."""
        text = self.text(members, name, path)
        if text and not pattern.fullmatch(text):
            self.complaints.add(
                members[name][1], "form", f"{self.named(members, name, path)} has the wrong form; expected {form}"
            )
        return text

    def day(self, members: _Members, name: str, path: str) -> str | None:
        """Return a calendar date as text, or None."""
        text = self.text(members, name, path)
        if not text:
            return None
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
        named = self.named(members, name, path)
        self.complaints.add(members[name][1], "date", f"{named} is not a calendar date; expected the form 1980-02-28")
        return None

    def truth(self, members: _Members, name: str, path: str) -> bool:
        """Return yes or no."""
        text = self.text(members, name, path).lower()
        if text and text not in _TRUTH:
            self.complaints.add(members[name][1], "form", f"{self.named(members, name, path)} must be yes or no")
        return _TRUTH.get(text, False)

    def exactly_one(self, node: Node, members: _Members, names: Sequence[str], path: str) -> None:
        """Complain unless exactly one of the fields is given."""
        given = [name for name in names if name in members]
        if len(given) != 1 and isinstance(node.content, dict):
            self.complaints.add(node, "one-of", f"`{path}` must have exactly one of: {', '.join(names)}")

    def named(self, members: _Members, name: str, path: str) -> str:
        """Return what a complaint calls a field: its column, or its path."""
        if name in members and members[name][1].label:
            return members[name][1].label
        if name in members and members[name][0].label:
            return members[name][0].label
        return f"field `{path}.{name}`" if path else f"field `{name}`"

    def expected(self, node: Node, named: str, shape: "_Shape") -> None:
        """Complain that a text has not the shape it should have."""
        self.complaints.add(node, "form", f"{named} is not {shape.words}", shape.hint)
