# SPDX-License-Identifier: GPL-3.0-or-later
"""Postal addresses of the United Kingdom: taken apart, and found again by number and street, house or postcode.

``parse_address`` takes one written address apart; ``AddressIndex`` keeps many of them so that a text asks by *blocking
keys* ((house number, street), (house name, street), postcode) and never walks over the entries (matching.md, 2 and 3).

Pure.  An index does not change once built, so any number of threads may ask it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from safehold.register import vocabulary
from safehold.register import words as wording
from safehold.register.postcodes import Postcode, postcode_at
from safehold.register.spelling import Spellings
from safehold.register.words import Words
from safehold.text import folded

_LONGEST_RANGE = 40  # "12-240" is no block of houses but two numbers
_LONGEST_NAME = 5  # words

COUNTIES: Final = frozenset(
    name.replace(" ", "")
    for name in """avon,bedfordshire,beds,berkshire,berks,buckinghamshire,bucks,cambridgeshire,cambs,cheshire,cleveland,
    clwyd,cornwall,cumbria,cumberland,derbyshire,devon,dorset,durham,county durham,co durham,dyfed,east sussex,
    east yorkshire,essex,gloucestershire,glos,greater london,greater manchester,gwent,gwynedd,hampshire,hants,
    herefordshire,hertfordshire,herts,humberside,isle of wight,kent,lancashire,lancs,leicestershire,leics,lincolnshire,
    lincs,merseyside,middlesex,middx,mid glamorgan,norfolk,north yorkshire,northamptonshire,northants,northumberland,
    nottinghamshire,notts,oxfordshire,oxon,powys,rutland,shropshire,salop,somerset,south glamorgan,south yorkshire,
    staffordshire,staffs,suffolk,surrey,sussex,tyne and wear,tyne wear,warwickshire,warks,west glamorgan,west midlands,
    west sussex,west yorkshire,wiltshire,wilts,worcestershire,worcs,yorkshire,yorks,n yorkshire,w yorkshire,s yorkshire,
    aberdeenshire,angus,argyll,ayrshire,fife,lanarkshire,midlothian,perthshire,renfrewshire,stirlingshire,
    county antrim,county down,county armagh,county tyrone,county fermanagh,county londonderry,
    england,scotland,wales,cymru,northern ireland,united kingdom,uk,gb,great britain""".replace("\n", "")
    .replace("    ", "")
    .split(",")
)


_ENDING_COUNTIES = tuple(sorted((name for name in COUNTIES if len(name) > 3), key=len, reverse=True))  # longest first


@dataclass(frozen=True, slots=True)
class Address:
    """One address taken apart; every name is the run of letters that its words make.

    Attributes:
        flat: Flat, room or unit ("2", "b", "2b"), or "".
        numbers: House numbers: one, or those of a range; empty where a name stands for it.
        suffix: The letter after the number, or "".
        house: Name of the house or block, or "".
        street: Name of the street without its type, or "".
        type: Type of the street, or "".
        towns: Locality, town (no county).
        postcode: Folded key, or "".
        outward: First half of the postcode as spelt, or "".
    """

    flat: str = field(default="", repr=False)
    numbers: frozenset[int] = field(default=frozenset(), repr=False)
    suffix: str = field(default="", repr=False)
    house: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    type: str = field(default="", repr=False)
    towns: tuple[str, ...] = field(default=(), repr=False)
    postcode: str = field(default="", repr=False)
    outward: str = field(default="", repr=False)

    @property
    def can_be_found(self) -> bool:
        """Return whether a text can be searched for it: a street, or a house name or postcode with something."""
        return bool(self.street) or bool(self.house and self.towns) or bool(self.postcode)


def same_side(low: int, high: int) -> frozenset[int]:
    """Return the house numbers of a range: those of one side of the street."""
    if not low < high <= low + _LONGEST_RANGE:
        return frozenset({low, high})
    return frozenset(range(low, high + 1, 2 if (high - low) % 2 == 0 else 1))


def joined(parts: Iterable[wording.Word]) -> str:
    """Return the run of letters that names are compared by."""
    return "".join(word.key for word in parts)


# -- taking one address apart ---------------------------------------------------------------------------------------


class _Piece:
    """The words between two commas or line ends of an address, as they are used up."""

    def __init__(self, words: Sequence[tuple[str, wording.Word, str]]) -> None:
        self.raw = [raw for raw, _, _ in words]
        self.words = [word for _, word, _ in words]
        self.gaps = [gap for _, _, gap in words]

    def __len__(self) -> int:
        return len(self.words)

    def take(self, first: int, last: int) -> None:
        """Use up the words from *first* up to *last*."""
        del self.raw[first:last], self.words[first:last], self.gaps[first:last]


def parse_address(text: str) -> Address:
    r"""Return the parts of a written address; what is not recognised is taken for a locality.

    >>> parse_address("Flat 2, 12b Acacia Rd, Ashford TN23 1AB") == parse_address("2/12B ACACIA ROAD\nAshford TN231AB")
    True
    """
    words = Words(folded(text))
    postcode = _last_postcode(words)
    pieces = _pieces(words, postcode)
    flat = _take_flat(pieces)
    place, first = _street_piece(pieces)
    if place < 0:
        named = [joined(piece.words) for piece in pieces]
        house, towns = (named[0], named[1:]) if named else ("", [])
        return _address(flat=flat, house=house, towns=towns, postcode=postcode)
    numbers, suffix, street_flat, taken = _numbers(pieces, place, first)
    names = [joined(piece.words) for piece in pieces[:place] if len(piece)]
    before = joined(pieces[place].words[:taken])
    street, kind, rest = _street(pieces[place].words[first:])
    towns = [rest, *(joined(piece.words) for piece in pieces[place + 1 :])]
    return _address(
        flat=flat or street_flat,
        numbers=numbers,
        suffix=suffix,
        house=before or (names[0] if names else ""),
        street=street,
        kind=kind,
        towns=towns,
        postcode=postcode,
    )


def _address(
    *,
    flat: str,
    towns: list[str],
    postcode: Postcode | None,
    numbers: frozenset[int] = frozenset(),
    suffix: str = "",
    house: str = "",
    street: str = "",
    kind: str = "",
) -> Address:
    """Return the address, counties left out where a town remains."""
    places = [town for town in (_without_county(town) for town in towns) if town]
    key, outward = (postcode.key, postcode.outward) if postcode else ("", "")
    return Address(flat, numbers, suffix, house, street, kind, tuple(dict.fromkeys(places)), key, outward)


def _without_county(town: str) -> str:
    """Return a locality without the county that ends it; "" if it is nothing else."""
    if town in COUNTIES:
        return ""
    if not town.endswith(_ENDING_COUNTIES):
        return town
    county = next(name for name in _ENDING_COUNTIES if town.endswith(name))
    return town.removesuffix(county) if len(town) - len(county) >= 3 else town


def _last_postcode(words: Words) -> Postcode | None:
    """Return the last properly spelt postcode."""
    found = (postcode_at(words, index) for index in reversed(range(len(words))))
    return next((postcode for postcode in found if postcode and postcode.strict), None)


def _pieces(words: Words, postcode: Postcode | None) -> list[_Piece]:
    """Return the address cut at commas, semicolons and line ends, without its postcode."""
    pieces: list[list[tuple[str, wording.Word, str]]] = [[]]
    for index, (raw, word) in enumerate(zip(words.raw, words.words, strict=True)):
        gap = words.gap(index) if index + 1 < len(words) else ""
        if postcode is None or not postcode.first <= index <= postcode.last:
            pieces[-1].append((raw, word, gap))
        if re.search(r"[,;\n]", gap):
            pieces.append([])
    return [_Piece(piece) for piece in pieces if piece]


def _take_flat(pieces: list[_Piece]) -> str:
    """Return the flat that is named by a word for it, and use up those words."""
    for piece in list(pieces):
        for index, (raw, word) in enumerate(zip(piece.raw, piece.words, strict=True)):
            width, flat = 0, ""
            if word.flat:
                width, flat = 1, word.flat
            elif raw in vocabulary.FLAT_WORDS and index + 1 < len(piece):
                width, flat = 2, flat_id(piece.raw[index + 1])
            elif raw in vocabulary.FLOOR_WORDS and piece.raw[index + 1 : index + 2] == ["floor"]:
                width, flat = 2 + (piece.raw[index + 2 : index + 3] == ["flat"]), raw
            if flat:
                piece.take(index, index + width)
                if not len(piece):
                    pieces.remove(piece)
                return flat
    return ""


def flat_id(raw: str) -> str:
    """Return the name of a flat if *raw* can be one ("2", "2b", "b", "two"), else ""."""
    word = wording.classify(raw)
    if word.is_number:
        return f"{word.number}{word.suffix}"
    return raw if len(raw) == 1 or (word.digits and len(raw) <= 4) else ""


def _street_piece(pieces: list[_Piece]) -> tuple[int, int]:
    """Return which piece names the street and at which of its words the name begins, or (-1, 0)."""
    for place, piece in enumerate(pieces):
        for index in _number_places(piece):
            if len(piece) > 1:
                after = index + 1
                if after < len(piece) and _is_suffix(piece.raw[after], piece.gaps[after]):
                    after += 1  # "12 b Acacia Road"
                if after < len(piece) and not _only_type(piece.words[after:]):
                    return place, after
        if place + 1 < len(pieces) and len(piece) == 1 and piece.words[0].is_number:
            return place + 1, 0
    return _typed_piece(pieces)


def _number_places(piece: _Piece) -> list[int]:
    """Return where a house number may stand, best first: digits; a number in words only where it begins the piece."""
    spelt = [0] if len(piece) and piece.words[0].is_number and not piece.words[0].digits else []
    return [
        index for index in reversed(range(len(piece))) if piece.words[index].is_number and piece.words[index].digits
    ] + spelt


def _is_suffix(raw: str, gap: str) -> bool:
    """Return whether a word is the letter of a house number, and not the first part of a name ("I-Worx")."""
    return len(raw) == 1 and raw.isalpha() and not gap.strip(" \t")


def _only_type(words: Sequence[wording.Word]) -> bool:
    """Return whether there is no name before the type; "The Street" has one."""
    return len(words) == 1 and bool(words[0].type) and not words[0].digits and words[0].key == "st"


def _typed_piece(pieces: list[_Piece]) -> tuple[int, int]:
    """Return the first piece that ends in a street type, strong types first, or (-1, 0)."""
    for types in (vocabulary.STRONG_TYPES, vocabulary.WEAK_TYPES):
        for place, piece in enumerate(pieces):
            if len(piece) > 1 and piece.words[-1].type and piece.words[-1].type in types.values():
                if types is vocabulary.WEAK_TYPES and place == 0 and len(pieces) > 1:
                    continue  # "Acacia Court, Ashford": the name of a house sooner than of a street
                return place, 0
    for place, piece in enumerate(pieces):
        if _strong_type_inside(piece.words) > 0:
            return place, 0
    return -1, 0


def _strong_type_inside(words: Sequence[wording.Word]) -> int:
    """Return the place of the first strong type after a name, or -1."""
    strong = vocabulary.STRONG_TYPES.values()
    inside = (index for index in range(1, len(words)) if words[index].key not in vocabulary.RARE_TYPES)
    return next((index for index in inside if words[index].type in strong), -1)


def _numbers(pieces: list[_Piece], place: int, first: int) -> tuple[frozenset[int], str, str, int]:
    """Return house numbers, suffix, the flat that a slash names, and how many words stand before the number."""
    piece, index = pieces[place], first - 1
    if first == 0:
        if place == 0 or not (len(pieces[place - 1]) == 1 and pieces[place - 1].words[0].is_number):
            return frozenset(), "", "", 0
        piece, index = pieces.pop(place - 1), 0
        pieces.insert(place - 1, _Piece([]))
    suffix = ""
    if not piece.words[index].is_number:
        suffix, index = piece.raw[index], index - 1
    number = piece.words[index]
    suffix = suffix or number.suffix
    before = piece.words[index - 1] if index > 0 else None
    if before is not None and before.is_number:
        gap = piece.gaps[index - 1].strip()
        taken = 0 if first == 0 else index - 1
        if gap in {"-", "&"}:
            return same_side(before.number, number.number), suffix, "", taken
        return frozenset({number.number}), suffix, f"{before.number}{before.suffix}", taken
    marked = index > 0 and piece.raw[index - 1] in vocabulary.NUMBER_MARKERS
    return frozenset({number.number}), suffix, "", 0 if first == 0 else index - marked


def _street(words: Sequence[wording.Word]) -> tuple[str, str, str]:
    """Return name and type of the street, and what follows (a locality written without a comma)."""
    if words and words[0].key in vocabulary.LEADING_TYPES:
        # "Heol y Parc": what is only near a type is the name here.
        words = [word if word.key in vocabulary.TYPES else replace(word, type="") for word in words]
    last = len(words) - 1
    end = last
    while end > 1 and words[end].key in vocabulary.DIRECTIONS:
        end -= 1
    if end > 0 and words[end].type:
        return joined(words[:end]) + joined(words[end + 1 :]), words[end].type, ""
    inside = _strong_type_inside(words)
    if inside < 0:
        places = range(1, len(words)) if len(words) > 2 else ()
        weak = [index for index in places if words[index].type and words[index].key not in vocabulary.RARE_TYPES]
        inside = weak[-1] if weak else -1
    if inside < 0:
        return joined(words), "", ""
    after = inside + 1
    if after < len(words) - 1 and words[after].key in vocabulary.DIRECTIONS and after + 1 < len(words):
        return joined(words[:inside]) + words[after].key, words[inside].type, joined(words[after + 1 :])
    return joined(words[:inside]), words[inside].type, joined(words[after:])


# -- many addresses --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of somebody: whose (an id), which of the owner's values, and the address taken apart."""

    owner: str
    value: int
    address: Address = field(repr=False)


class AddressIndex:
    """Addresses by their blocking keys.

    Attributes:
        entries: All of them; the look-ups answer with positions here.
        streets: The names of streets, to be asked for misspelt ones.
        houses: The names of houses.
        towns: The names of towns.
        bare_streets: The names of streets that have no type ("Broadway").
    """

    __slots__ = (
        "_by_house",
        "_by_number",
        "_by_postcode",
        "_by_street",
        "_streets_at",
        "_typed_streets",
        "bare_streets",
        "entries",
        "houses",
        "streets",
        "towns",
    )

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._by_number: dict[tuple[int, str], list[int]] = {}
        self._by_house: dict[tuple[str, str], list[int]] = {}
        self._by_postcode: dict[str, list[int]] = {}
        self._by_street: dict[str, list[int]] = {}
        for place, entry in enumerate(self.entries):
            self._add(place, entry.address)
        self.streets = Spellings(self._by_street)
        self.houses = frozenset(house for house, _ in self._by_house if house)
        self.towns = frozenset(town for entry in self.entries for town in entry.address.towns)
        self.bare_streets = frozenset(
            entry.address.street for entry in self.entries if entry.address.street and not entry.address.type
        )

        self._typed_streets: tuple[tuple[str, str], ...] = ()
        self._streets_at: dict[int, tuple[str, ...]] = {}

    def _add(self, place: int, address: Address) -> None:
        for number in address.numbers:
            self._by_number.setdefault((number, address.street), []).append(place)
        if address.house:
            self._by_house.setdefault((address.house, address.street), []).append(place)
        if address.postcode:
            self._by_postcode.setdefault(address.postcode, []).append(place)
        if address.street:
            self._by_street.setdefault(address.street, []).append(place)

    @property
    def postcodes(self) -> Iterable[str]:
        """Return the keys of all postcodes."""
        return self._by_postcode.keys()

    @property
    def typed_streets(self) -> tuple[tuple[str, str], ...]:
        """Return each street run together with its type, and its name: made when first asked for."""
        if not self._typed_streets:
            streets = {(entry.address.street, entry.address.type) for entry in self.entries}
            self._typed_streets = tuple(sorted((street + kind, street) for street, kind in streets if street and kind))
        return self._typed_streets

    def streets_at(self, number: int) -> Sequence[str]:
        """Return the streets in which somebody has that house number: made when first asked for, for small indexes."""
        if not self._streets_at:
            found: dict[int, set[str]] = {}
            for at, street in self._by_number:
                found.setdefault(at, set()).add(street)
            self._streets_at = {at: tuple(sorted(streets)) for at, streets in found.items()}
        return self._streets_at.get(number, ())

    def at_number(self, number: int, street: str) -> Sequence[int]:
        """Return the entries with that house number in streets of that name."""
        return self._by_number.get((number, street), ())

    def at_house(self, house: str, street: str) -> Sequence[int]:
        """Return the entries with that house name in streets of that name."""
        return self._by_house.get((house, street), ())

    def at_postcode(self, key: str) -> Sequence[int]:
        """Return the entries of that postcode."""
        return self._by_postcode.get(key, ())

    def in_street(self, street: str) -> Sequence[int]:
        """Return the entries in streets of that name: many, so only for small indexes."""
        return self._by_street.get(street, ())

    def with_house(self, house: str) -> Iterator[int]:
        """Yield the entries with that house name, wherever: a walk, so only for small indexes."""
        return (place for (name, _), places in self._by_house.items() if name == house for place in places)
