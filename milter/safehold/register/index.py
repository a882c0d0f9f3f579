# SPDX-License-Identifier: GPL-3.0-or-later
"""The register as a snapshot to ask: who is adverse to whom, and whose value is this.

``Register.build`` makes one; nothing changes it afterwards, so any number of threads may read it, and a new register
is a new object.  What is derived and dear (the digest, small indexes of a scope) is made when first asked for and
kept; two threads that ask at once make the same thing twice, no harm done.  Pure.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from safehold.register import keys, names
from safehold.register.addresses import AddressIndex, Entry, parse_address
from safehold.register.names import Likeness, Name
from safehold.register.people import AdverseParty, Authorised, FormerContact, Kind, Person, to_record

MOST_BY_NAME: Final = 20  # DESIGN 3a: a name alone widens the scope by so many people, the rarest names first
_MOST_NAMESAKES = 2_000  # bounds the work that one common surname can make
_SCOPES_KEPT = 64

CODES: Final = (Kind.NINO, Kind.VEHICLE, Kind.CASE_REFERENCE)  # identifiers of letters and digits

Holder = tuple[str, int]  # person id, position of the value


@dataclass(frozen=True, slots=True)
class Relations:
    """What one address is to the people of the register.

    Attributes:
        adverse: Per person, the ids of the adverse parties who read at that address.
        by_name: People to whom somebody of that name is adverse, and who are not in *adverse*: such a recipient needs
            ``certain`` findings.
        authorised: People whose data the address may have, its own among them.
        subject: People whose own address it is.
        former: People who no longer are to be reached there.
    """

    adverse: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    by_name: frozenset[str] = frozenset()
    authorised: frozenset[str] = frozenset()
    subject: frozenset[str] = frozenset()
    former: frozenset[str] = frozenset()

    @property
    def scope(self) -> frozenset[str]:
        """Return the people to be searched for deeply."""
        return frozenset(self.adverse) | self.former


@dataclass(frozen=True, slots=True)
class Party:
    """An adverse party of one person, with the name taken apart."""

    person: str
    party: str
    name: Name = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownName:
    """One of the names or schools of a person, taken apart.

    Attributes:
        person: The person's id.
        value: Which of the person's values it is.
        kind: Name, alias or school.
        name: The name taken apart.
        surnames: By which surnames it is found.
        glued: What it is run together.
        run: All its words run together, as they stand.
    """

    person: str
    value: int
    kind: Kind
    name: Name = field(repr=False)
    surnames: tuple[str, ...] = field(repr=False)
    glued: tuple[str, ...] = field(repr=False)
    run: str = field(repr=False)


class Register:
    """A snapshot of the protected people.

    Attributes:
        size: How many people.
        registers: The names of the registers that they are in.
        addresses: The address values of all, for a search of the whole register.
        postal: The postal addresses of adverse parties (value: position of the party, from 0) and of former contacts
            (value: -1 less its position), for the address blocks of letters.
        kinds: The kinds of values that are found whole.
        codes: The keys of identifiers of letters and digits.
        longest_code: The most signs that one of them takes, written out.
        alias_words: The words with which secret aliases begin.
    """

    def __init__(self, people: Iterable[Person]) -> None:
        self._people: dict[str, Person] = {person.id: person for person in people}
        self.size = len(self._people)
        self.registers: frozenset[str] = frozenset(person.register for person in self._people.values())
        self.addresses = AddressIndex(self._address_entries(self._people.values()))
        self.postal = AddressIndex(self._postal_entries())
        self._unique: dict[tuple[Kind, str], tuple[Holder, ...]] = self._unique_values()
        self.kinds: frozenset[Kind] = frozenset(kind for kind, _ in self._unique)
        self.codes: frozenset[str] = frozenset(key for kind, key in self._unique if kind in CODES)
        self.longest_code = max(map(len, self.codes), default=-1) + 1  # a last letter that the key is without
        self.alias_words: frozenset[str] = self._alias_words()
        self._relations = _RelationIndex(self._people.values())
        self._scopes: dict[frozenset[str], AddressIndex] = {}
        self._names: dict[str, tuple[KnownName, ...]] = {}
        self._digest = ""

    @classmethod
    def build(cls, people: Iterable[Person]) -> "Register":
        """Return the snapshot of *people*; of two with the same id the later one counts."""
        return cls(people)

    @property
    def digest(self) -> str:
        """Return a digest over all people that does not depend on their order."""
        if not self._digest:
            digest = hashlib.sha256()
            for _, person in sorted(self._people.items()):
                digest.update(json.dumps(to_record(person), sort_keys=True, separators=(",", ":")).encode())
                digest.update(b"\n")
            self._digest = digest.hexdigest()
        return self._digest

    def person(self, person_id: str) -> Person | None:
        """Return the person of that id, or None."""
        return self._people.get(person_id)

    def people(self, register: str | None = None) -> Iterator[Person]:
        """Yield all people, or those of one register."""
        return (person for person in self._people.values() if register is None or person.register == register)

    # -- who is whose ---------------------------------------------------------------------------------------------

    def relations(self, address: str, *, name: str = "", roles: frozenset[str] = frozenset(), today: date) -> Relations:
        """Return what a recipient is to the people of the register.

        Args:
            address: The final address.  ``name+tag@`` counts as ``name@`` where that leads to a hold (adverse, former),
                never where it excuses (authorised, subject).
            name: The display name beside it, if any; with the local part it may name an adverse party.
            roles: The roles that the policies give to the address.
            today: The day that authorities and former contacts are measured by.
        """
        return self._relations.of_mailbox(address, name=name, roles=roles, today=today)

    def parties_named(self, text: str, *, surname_is_enough: bool = False) -> tuple[Party, ...]:
        """Return the adverse parties whose forename (or nickname, initial) and surname *text* bears, rarest first."""
        return self._relations.named(names.name_words(text), surname_is_enough=surname_is_enough)

    # -- whose value is this --------------------------------------------------------------------------------------

    def holders(self, kind: Kind, key: str) -> Sequence[Holder]:
        """Return who has the value of that kind whose key (:mod:`safehold.register.keys`) is *key*."""
        return self._unique.get((kind, key), ())

    def addresses_of(self, scope: frozenset[str]) -> AddressIndex:
        """Return an index of the addresses of those people alone: small, so that it can be searched deeply."""
        index = self._scopes.get(scope)
        if index is None:
            if len(self._scopes) >= _SCOPES_KEPT:
                self._scopes = {}
            members = [person for person in map(self._people.get, sorted(scope)) if person is not None]
            index = self._scopes[scope] = AddressIndex(self._address_entries(members))
        return index

    def names_of(self, person_id: str) -> tuple[KnownName, ...]:
        """Return the names and schools of one person, taken apart when first asked for."""
        known = self._names.get(person_id)
        if known is None:
            person = self._people.get(person_id)
            known = self._names[person_id] = tuple(_known_names(person)) if person is not None else ()
        return known

    @staticmethod
    def _address_entries(people: Iterable[Person]) -> Iterator[Entry]:
        for person in people:
            for place, value in enumerate(person.values):
                if value.kind is Kind.ADDRESS:
                    yield Entry(person.id, place, parse_address(value.value))

    def _postal_entries(self) -> Iterator[Entry]:
        for person in self._people.values():
            for place, party in enumerate(person.adverse):
                for address in party.addresses:
                    yield Entry(person.id, place, parse_address(address))
            for place, contact in enumerate(person.former_contacts):
                if contact.address:
                    yield Entry(person.id, -1 - place, parse_address(contact.address))

    def _unique_values(self) -> dict[tuple[Kind, str], tuple[Holder, ...]]:
        found: dict[tuple[Kind, str], list[Holder]] = defaultdict(list)
        for person in self._people.values():
            for place, value in enumerate(person.values):
                for key in keys.keys_of(value):
                    found[value.kind, key].append((person.id, place))
        return {key: tuple(holders) for key, holders in found.items()}

    def _alias_words(self) -> frozenset[str]:
        spelt = (
            names.name_words(value.value)
            for person in self._people.values()
            for value in person.values
            if value.kind is Kind.ALIAS and value.secret
        )
        return frozenset(word for words in spelt for word in (words[:1] + words[-1:]))


def _known_names(person: Person) -> Iterator[KnownName]:
    for place, value in enumerate(person.values):
        if value.kind in {Kind.NAME, Kind.ALIAS, Kind.SCHOOL}:
            name = names.parse_name(value.value)
            glued = tuple(names.glued_forms(name))
            run = "".join(names.name_words(value.value))
            yield KnownName(person.id, place, value.kind, name, name.surname_forms, glued, run)


class _RelationIndex:
    """Mailboxes, domains, roles and names by which a recipient is known."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._adverse: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._former: dict[str, list[tuple[str, FormerContact]]] = defaultdict(list)
        self._subject: dict[str, list[str]] = defaultdict(list)
        self._authorised: dict[tuple[str, str], list[tuple[str, Authorised]]] = defaultdict(list)
        self._by_surname: dict[str, list[Party]] = defaultdict(list)
        self._by_glued: dict[str, list[Party]] = defaultdict(list)
        for person in people:
            self._add(person)

    def _add(self, person: Person) -> None:
        for party in person.adverse:
            self._add_party(person, party)
        for contact in person.former_contacts:
            if contact.email:
                self._former[keys.mailbox(contact.email)].append((person.id, contact))
        for email in person.subject:
            self._subject[keys.exact_mailbox(email)].append(person.id)
        for entry in person.authorised:
            if entry.email:
                self._authorised["email", keys.exact_mailbox(entry.email)].append((person.id, entry))
            if entry.domain:
                self._authorised["domain", keys.exact_mailbox(entry.domain)].append((person.id, entry))
            if entry.role:
                self._authorised["role", entry.role].append((person.id, entry))

    def _add_party(self, person: Person, party: AdverseParty) -> None:
        for email in (*party.emails, *(route.email for route in party.routes)):
            self._adverse[keys.mailbox(email)].append((person.id, party.id))
        if party.name:
            known = Party(person.id, party.id, names.parse_name(party.name))
            for surname in known.name.surname_forms:
                self._by_surname[surname].append(known)
            for glued in names.glued_forms(known.name):
                self._by_glued[glued].append(known)

    def of_mailbox(self, address: str, *, name: str, roles: frozenset[str], today: date) -> Relations:
        box, exact = keys.mailbox(address), keys.exact_mailbox(address)
        adverse: dict[str, set[str]] = defaultdict(set)
        for person, party in self._adverse.get(box, ()):
            adverse[person].add(party)
        subject = frozenset(self._subject.get(exact, ()))
        return Relations(
            adverse=MappingProxyType({person: frozenset(parties) for person, parties in adverse.items()}),
            by_name=self._by_name(box, name, frozenset(adverse)),
            authorised=subject | self._authorised_for(exact, roles, today),
            subject=subject,
            former=self._former_at(box, today),
        )

    def _former_at(self, box: str, today: date) -> frozenset[str]:
        return frozenset(person for person, contact in self._former.get(box, ()) if contact.is_over(today))

    def _authorised_for(self, exact: str, roles: frozenset[str], today: date) -> frozenset[str]:
        held = [("email", exact), *(("role", role) for role in roles)]
        held += (("domain", parent) for parent in keys.parents(exact.rpartition("@")[2]))
        return frozenset(
            person for key in held for person, entry in self._authorised.get(key, ()) if entry.lasts(today)
        )

    def _by_name(self, box: str, display: str, known: frozenset[str]) -> frozenset[str]:
        local = box.rpartition("@")[0]
        spelt = names.name_words(local)
        letters = "".join(character for character in local if character.isalpha())
        found = [*self.named(names.name_words(display)), *self.named(spelt), *self._by_glued.get(letters, ())]
        people = dict.fromkeys(party.person for party in found if party.person not in known)
        return frozenset(list(people)[:MOST_BY_NAME])

    def named(self, words: Sequence[str], *, surname_is_enough: bool = False) -> tuple[Party, ...]:
        """Return the parties of whom a surname and a forename (nickname, initial) are among *words*, rarest first."""
        ranked: list[tuple[int, int, int, Party]] = []
        for surname in dict.fromkeys(names.find_surnames(words)):
            namesakes = self._by_surname.get(surname, ())
            others = [word for word in words if word != surname]
            for place, party in enumerate(namesakes[:_MOST_NAMESAKES]):
                likeness = max((names.forename_likeness(word, party.name) for word in others), default=Likeness.NONE)
                if likeness is not Likeness.NONE or surname_is_enough:
                    ranked.append((len(namesakes), -likeness, place, party))
        ranked.sort(key=lambda item: item[:3])
        return tuple(party for *_, party in ranked)
