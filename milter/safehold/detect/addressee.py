# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the letters in a reading are addressed to.

A letter that goes to a print room has two recipients: the room, and the person in its address block.  Here the blocks
are found (a few short lines near the top of a page, the last of which ends in a postcode) and salutations ("Dear Mr
Doe"), and the register is asked who that is: an adverse party by postal address or by name, a former contact, or the
protected person herself.

Pure.  Contract: policy-language, "addressee" under "Settled in detail" and "More on recipients".
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from types import MappingProxyType
from typing import Final

from safehold.detect import addresses
from safehold.detect.addresses import Budget
from safehold.detect.view import View, views
from safehold.model import PartPath, Place, PlaceKind, Reading, Segment, Visibility
from safehold.register import names
from safehold.register.addresses import AddressIndex, Entry
from safehold.register.index import MOST_BY_NAME, Register, Relations
from safehold.register.names import Likeness
from safehold.register.people import Kind, Person
from safehold.register.postcodes import postcode_at
from safehold.register.words import Words
from safehold.text import folded

_MOST_LINES = 8  # of a block
_LONGEST_LINE = 70
_TOP_LINES = 45  # of a page: the block of a letter stands in its upper half
_ABOVE_SALUTATION = 20
_MOST_LETTERS = 2_000  # in one part: a print run
_CANDIDATES = 5_000

_READ: Final = frozenset({Visibility.VISIBLE, Visibility.OCR})
_NOT_TEXT: Final = frozenset({PlaceKind.FILENAME, PlaceKind.METADATA, PlaceKind.COMMENT, PlaceKind.HEADER})
_DEAR = re.compile(r"^\s{0,20}dear\b[ \t]{0,4}([^\n,:]{1,60})")
_LABELLED = re.compile(r"^[^,\n]{0,30}(?::|\b(?:ref|date|tel|phone|fax|email|e-mail|website|www)\b)")
_DATED = re.compile(
    r"^\W{0,3}(?:[a-z]{3,9},?\s{1,2})?[0-9]{1,2}(?:st|nd|rd|th)?\s{1,2}(?:of\s)?[a-z]{3,9},?\s{1,2}[0-9]{4}\W{0,3}$"
    r"|^\W{0,3}[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}\W{0,3}$"
)


@dataclass(frozen=True, slots=True)
class Addressee:
    """The addressee of one letter.

    Attributes:
        part: The part that holds the letter.
        relations: What the addressee is to the people of the register.
        by_name_only: Whether an adverse party is known by the name alone: no block, or another address in it.  Such an
            addressee needs ``certain`` findings.
    """

    part: PartPath = field(repr=False)
    relations: Relations
    by_name_only: bool


@dataclass(frozen=True, slots=True)
class _Letter:
    """What one letter says of its addressee: the lines of its blocks, and the name greeted."""

    blocks: tuple[str, ...] = field(repr=False)
    greeted: str = field(repr=False)


def addressees(reading: Reading, register: Register, *, today: date) -> tuple[Addressee, ...]:
    """Return the addressee of each letter in the attachments of *reading*, in order; one that nobody knows too.

    Args:
        reading: What was read; only attachments (and what lies in them) are looked at.
        register: The people.
        today: The day that former contacts are measured by.
    """
    asked = _Register(register, today)
    attached = {part.path for part in reading.parts if part.is_attachment}
    found: list[Addressee] = []
    for part, pages in _pages(reading.segments, attached):
        letters = [letter for page in pages for letter in _letters(page)]
        for letter in letters[:_MOST_LETTERS]:
            relations = asked.relations(letter)
            if relations is not None:
                by_name = bool(relations.by_name) and not relations.scope
                found.append(Addressee(part, relations, by_name_only=by_name))
    return tuple(found)


# -- letters ----------------------------------------------------------------------------------------------------------


def _pages(segments: Sequence[Segment], attached: set[PartPath]) -> Iterator[tuple[PartPath, list[str]]]:
    """Yield the pages of each attachment as text; a text without pages is one."""
    by_part: dict[PartPath, list[Segment]] = defaultdict(list)
    for segment in segments:
        if segment.place.part in attached and segment.visibility in _READ and segment.place.kind not in _NOT_TEXT:
            by_part[segment.place.part].append(segment)
    for part, mine in by_part.items():
        paged = groupby(
            mine, key=lambda segment: segment.place.number if segment.place.kind is PlaceKind.PAGE else None
        )
        yield part, ["\n".join(segment.text for segment in page) for _, page in paged]


def _letters(page: str) -> Iterator[_Letter]:
    """Yield the letters of one page: one for each salutation, or one for the blocks at the top."""
    lines = _lines(page)
    greetings = [(place, match[1]) for place, line in enumerate(lines) if (match := _DEAR.match(folded(line)))]
    if not greetings:
        blocks = tuple(_blocks(lines[:_TOP_LINES]))
        if blocks:
            yield _Letter(blocks, "")
        return
    start = 0
    for place, name in greetings:
        first = max(start, place - _TOP_LINES if start == 0 else place - _ABOVE_SALUTATION)
        yield _Letter(tuple(_blocks(lines[first:place])), name)
        start = place + 1


def _lines(page: str) -> list[str]:
    """Return the lines, without the empty ones that merely double-space a text."""
    lines = [line.strip() for line in page.replace("\r", "").split("\n")]
    filled = [place for place, line in enumerate(lines) if line]
    doubled = sum(1 for place in filled if place + 1 < len(lines) and not lines[place + 1])
    if len(filled) >= 4 and doubled >= 0.8 * len(filled):
        lines = [line for place, line in enumerate(lines) if line or (place > 0 and not lines[place - 1])]
    return lines


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    """Yield the address blocks: up to eight short lines, the last ending in a postcode."""
    start = 0
    for place, line in enumerate(lines):
        if not line or len(line) > 3 * _LONGEST_LINE or not _ends_in_postcode(line):
            continue
        first = place
        while first > start and place - first + 1 < _MOST_LINES and _belongs(lines[first - 1]):
            first -= 1
        start = place + 1
        if first < place or line.count(",") >= 2:
            yield "\n".join(lines[first : place + 1])


def _belongs(line: str) -> bool:
    """Return whether a line can be one of an address block."""
    if not line or len(line) > _LONGEST_LINE:
        return False
    plain = folded(line)
    return not _LABELLED.match(plain) and not _DATED.match(plain)


def _ends_in_postcode(line: str) -> bool:
    words = Words(folded(line))
    last = len(words) - 1
    while last > 0 and words.raw[last] in {"uk", "kingdom", "united", "england", "wales", "scotland", "gb"}:
        last -= 1
    found = postcode_at(words, last) if last >= 0 else None
    return found is not None and found.strict


# -- who that is -------------------------------------------------------------------------------------------------------


class _Register:
    """The register, asked about letters of one day."""

    def __init__(self, register: Register, today: date) -> None:
        self.register = register
        self.today = today

    def relations(self, letter: _Letter) -> Relations | None:
        """Return what the addressee of a letter is to the people of the register; None where it is no letter."""
        adverse: dict[str, set[str]] = defaultdict(set)
        former: set[str] = set()
        subject: set[str] = set()
        for block in letter.blocks:
            view = _view(block)
            for entry in self._at(view, self.register.postal):
                self._add_postal(entry, adverse, former)
            subject |= self._subjects(view, block)
        by_name = self._by_name(letter, frozenset(adverse))
        if not (adverse or former or subject or by_name or letter.greeted or _has_name_line(letter.blocks)):
            return None
        return Relations(
            adverse=MappingProxyType({person: frozenset(parties) for person, parties in sorted(adverse.items())}),
            by_name=by_name,
            authorised=frozenset(subject),
            subject=frozenset(subject),
            former=frozenset(former),
        )

    def _at(self, view: View, index: AddressIndex) -> Iterator[Entry]:
        """Yield the entries whose address the block is."""
        for match in addresses.find(view, index, deep=False, budget=Budget(_CANDIDATES)):
            yield index.entries[match.entry]

    def _add_postal(self, entry: Entry, adverse: Mapping[str, set[str]], former: set[str]) -> None:
        person = self.register.person(entry.owner)
        if person is None:
            return
        if entry.value >= 0:
            adverse[person.id].add(person.adverse[entry.value].id)
        elif person.former_contacts[-1 - entry.value].is_over(self.today):
            former.add(person.id)

    def _subjects(self, view: View, block: str) -> set[str]:
        """Return the people at whose own address the block is and whose name it bears."""
        owners = (self.register.person(entry.owner) for entry in self._at(view, self.register.addresses))
        return {person.id for person in owners if person is not None and _is_named(person, block)}

    def _by_name(self, letter: _Letter, known: frozenset[str]) -> frozenset[str]:
        """Return the people to whom somebody of the addressee's name is adverse: at most twenty, rarest first."""
        lines = [line for block in letter.blocks for line in block.split("\n")[:2]]
        found = [party for line in lines for party in self.register.parties_named(line.split(",")[0])]
        found += self.register.parties_named(letter.greeted, surname_is_enough=_has_title(letter.greeted))
        people = dict.fromkeys(party.person for party in found if party.person not in known)
        return frozenset(list(people)[:MOST_BY_NAME])


def _view(block: str) -> View:
    """Return a block as the search sees it."""
    place = Place(PartPath(), PlaceKind.TEXT)
    return next(views([Segment(place, block)]))


def _has_name_line(blocks: Iterable[str]) -> bool:
    """Return whether a block begins with the name of a person, by its title."""
    return any(_has_title(block.split("\n")[0]) for block in blocks)


def _has_title(text: str) -> bool:
    return any(word in names.TITLES for word in names.name_words(text)[:1])


def _is_named(person: Person, block: str) -> bool:
    """Return whether the block bears one of the person's names."""
    for value in person.values:
        if value.kind in {Kind.NAME, Kind.ALIAS}:
            name = names.parse_name(value.value)
            for line in block.split("\n")[:2]:
                words = names.name_words(line)
                mine = set(name.surnames) & set(words)
                others = [word for word in words if word not in name.surnames]
                if mine and any(names.forename_likeness(word, name) is not Likeness.NONE for word in others):
                    return True
    return False
