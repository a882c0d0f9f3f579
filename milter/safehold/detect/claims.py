# SPDX-License-Identifier: GPL-3.0-or-later
"""House numbers and flats as a text gives them: which number belongs to a street or postcode, and what it may mean.

``12-14``, ``12 & 14``, ``2/12``, ``12 b``, ``twenty one``, ``1 2``, ``Acacia Road 12`` and ``number 12 in ...`` are
all read here.  A number that stands right beside a street is *adjacent*: if it is another one than the entry's, the
text means another house.  Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from safehold.detect.view import Span, View
from safehold.register import vocabulary
from safehold.register.addresses import Address, flat_id, same_side
from safehold.register.postcodes import Postcode

_POSTCODE_REACH = 14  # words from a house number to the postcode that ends its address

_MOST_SPACED = 4  # digits
_YEARS = range(1900, 2100)
_LONGEST_NUMBER = 5  # digits of a house number
_JOINTS = frozenset("._-/+#")  # "larkspur.lane.27"
_ROMAN = re.compile(r"(c{0,3})(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}

Reading = tuple[frozenset[int], str, str]  # numbers, suffix, flat


@dataclass(frozen=True, slots=True)
class Claim:
    """A house number that the text gives a street or postcode.

    Attributes:
        readings: What it may mean.
        words: The words that it takes (from, up to).
        adjacent: Whether it stands right beside the street, so that it is the house's number for sure.
        misread: What it may mean if a letter in it is a digit misread.
    """

    readings: tuple[Reading, ...] = field(repr=False)
    words: Span
    adjacent: bool
    misread: tuple[Reading, ...] = field(default=(), repr=False)


class Claims:
    """The house numbers of one view."""

    def __init__(self, view: View) -> None:
        self.view = view

    def of_street(self, address: Address, first: int, end: int) -> Claim | None:
        """Return the house number that the text gives to the street between *first* and *end*, or None."""
        beside = self._before(first) or self.after(first, end)
        return beside or self._apart(address, first, end) or self._another_apart(first, end)

    def _before(self, first: int) -> Claim | None:
        """Return the number right before the street, with its letter, range or flat."""
        view = self.view
        place = first - 1
        if place >= 1 and view.raw[place] in {"of", "at", "in", "on"}:
            place -= 1
        place = self._before_flat(place)
        suffix = ""
        if place >= 1 and self.is_letter(place) and view.each[place - 1].is_number and view.each[place - 1].digits:
            suffix, place = view.raw[place], place - 1
        if place < 0 or "\n\n" in view.gap(place):
            return None
        word = view.each[place]
        if word.number < 0:
            return self._odd_number(place, first)
        if word.number in _YEARS and "," in view.gap(place):
            return None
        if self._is_numbered(place):
            is_reference = view.raw[place - 1] in vocabulary.REFERENCES
            return replace(self._read_number(place, suffix, first), adjacent=False) if is_reference else None
        return self._read_number(place, suffix or word.suffix, first)

    def _is_numbered(self, place: int) -> bool:
        """Return whether a number is that of the noun before it ("Bus 27", "order no. 27")."""
        view = self.view
        before = place - 1
        if before > 0 and view.raw[before] in vocabulary.NUMBER_MARKERS and not view.gap(before).strip(" ."):
            before -= 1
        return before >= 0 and view.raw[before] in vocabulary.NUMBERED and not view.gap(before).strip(" .")

    def _counts(self, place: int) -> bool:
        """Return whether a number seems to count what follows it ("27 residents")."""
        view = self.view
        if view.gap(place) != " " or place + 1 >= len(view) or view.is_capital(place + 1):
            return False
        following = view.raw[place + 1]
        return len(following) > 2 and following.isalpha() and following not in vocabulary.NOT_COUNTED

    def _odd_number(self, place: int, end: int) -> Claim | None:
        """Return the number that a word is which does not look like one: misread ("Z7"), or Roman after "number"."""
        word, raw = self.view.each[place], self.view.raw
        if word.misread >= 0:
            return Claim((), (place, end), adjacent=False, misread=((frozenset({word.misread}), "", ""),))
        if place > 0 and raw[place - 1] in vocabulary.NUMBER_MARKERS and (number := _roman(raw[place])):
            return Claim(((frozenset({number}), "", ""),), (place, end), adjacent=True)
        return None

    def _before_flat(self, place: int) -> int:
        """Return the word before a flat or floor that stands between number and street ("12, Flat 2, Acacia Road")."""
        raw = self.view.raw
        if place < 2 or "\n" in self.view.gap(place - 1):
            return place
        if raw[place] == "floor" and raw[place - 1] in vocabulary.FLOOR_WORDS:
            return place - 2
        if raw[place - 1] in vocabulary.FLAT_WORDS and flat_id(raw[place]):
            return place - 2 if self.view.each[place - 2].digits else place
        return place

    def is_letter(self, place: int) -> bool:
        """Return whether the word is one letter that belongs to the number before it ("12 b")."""
        view = self.view
        if not 0 < place < len(view) or len(view.raw[place]) != 1 or not view.raw[place].isalpha():
            return False
        return not view.gap(place - 1).strip(" ") and not view.gap(place).startswith(("-", "'"))

    def _read_number(self, place: int, suffix: str, end: int) -> Claim:
        """Return what the number at word *place* may mean, together with a number before it."""
        view = self.view
        word = view.each[place]
        plain = (frozenset({word.number}), suffix, "")
        misread = ((frozenset({word.misread}), "", ""),) if word.misread >= 0 and word.suffix else ()
        first, spaced = self.spaced_digits(place)
        if first < place:
            flat = (frozenset({word.number}), suffix, f"{view.each[place - 1].number}")
            return Claim(((frozenset({spaced}), suffix, ""), plain, flat), (first, end), adjacent=True)
        before, link = self._number_linked_to(place)
        if before < 0:
            return Claim((plain,), (place, end), adjacent=True, misread=misread)
        other = view.each[before]
        flat = (frozenset({word.number}), suffix, f"{other.number}{other.suffix}")
        crossed = (frozenset({other.number}), other.suffix, f"{word.number}{suffix}")
        ranged = (same_side(other.number, word.number), suffix, "")
        both = (frozenset({other.number, word.number}), suffix, "")
        compound = (frozenset({other.number + word.number}), suffix, "")
        readings = {
            "compound": (compound,),  # twenty one
            "-": (ranged, flat),
            "to": (ranged,),
            "&": (both,),
            "and": (both,),
            "/": (flat, crossed, ranged),
        }.get(link, (plain, flat))
        if len(view.raw[place]) == 1 and not view.gap(place):  # "27 1arkspur Lane": the digit is a letter
            readings += ((frozenset({other.number}), other.suffix, ""),)
        return Claim(readings, (place if link in {"", ","} else before, end), adjacent=True, misread=misread)

    def spaced_digits(self, last: int) -> tuple[int, int]:
        """Return the first of the single digits that end at word *last* with spaces between, and their number.

        "2 7" is 27, and so is "two seven"; a digit after a word for a flat is the flat.
        """
        view = self.view
        first, number, worth = last, view.each[last].number, 10
        while first > 0 and last - first < _MOST_SPACED and number < worth and self._is_digit(first, last):
            if not self._is_digit(first - 1, last) or view.gap(first - 1) not in {" ", "  "}:
                break
            first -= 1
            number += worth * view.each[first].number
            worth *= 10
        if first > 0 and view.raw[first - 1] in vocabulary.FLAT_WORDS:
            return last, view.each[last].number
        return first, number

    def _is_digit(self, place: int, like: int) -> bool:
        """Return whether a word is one digit, written as the word *like* is."""
        word = self.view.each[place]
        if not 0 <= word.number <= 9 or word.digits is not self.view.each[like].digits:
            return False
        return len(self.view.raw[place]) == 1 or not word.digits

    def _number_linked_to(self, place: int) -> tuple[int, str]:
        """Return the number before the number at word *place* and the sign or word that links them, or (-1, "")."""
        view = self.view
        before, link = place - 1, view.gap(place - 1).strip()
        if before > 0 and view.raw[before] in {"and", "to"}:
            before, link = before - 1, view.raw[before]
        if before < 0 or view.each[before].number < 0 or any("\n\n" in view.gap(at) for at in range(before, place)):
            return -1, ""
        other, word = view.each[before], view.each[place]
        if not other.digits:
            is_compound = other.number in range(20, 100, 10) and 0 < word.number < 10
            return (before, "compound") if is_compound and link in {"", "-"} else (-1, "")
        return (before, link) if link in {"", ",", "-", "/", "&", "and", "to"} else (-1, "")

    def after(self, first: int, end: int) -> Claim | None:
        """Return the number right after the street ("Acacia Road 12"), unless it is that of the next street."""
        view = self.view
        place = end
        if place < len(view) and view.raw[place] in vocabulary.NUMBER_MARKERS:
            place += 1
        if place >= len(view) or view.each[place].number < 0 or (view.each[place].digits and len(view.raw[place]) > 5):
            return None
        joint = view.gap(end - 1)
        is_joined = joint in _JOINTS or not joint.strip(" ,:")
        ends = joint == " " and view.gap(place).startswith((",", "\n"))  # "Hazel Grove 19, Golden Green"
        if "\n" in joint or not is_joined or view.raw[place][0] == "0" or (view.claimed_by(place) >= 0 and not ends):
            return None
        if any(place in range(found.first, found.last + 1) for found in view.postcodes_in(place - 1, place + 1)):
            return None
        if place == end and not view.each[place].digits and self._begins_name(place):
            return None
        number, suffix = view.each[place].number, view.each[place].suffix
        if place + 1 < len(view) and self._number_linked_to(place + 1) == (place, "compound"):
            number, place = number + view.each[place + 1].number, place + 1
        if not suffix and self.is_letter(place + 1):
            suffix = view.raw[place + 1]
        readings: tuple[Reading, ...] = ((frozenset({number}), suffix, ""),)
        if suffix and not view.each[place].suffix and not view.is_capital(place + 1):
            readings += ((frozenset({number}), "", ""),)  # "Acacia Road 12 a visit to", "ul. Acacia Road 12 m. 2"
        counts = view.gap(place) == " " and place + 1 < len(view) and not suffix and not view.is_capital(place + 1)
        return Claim(readings, (first, place + 1), adjacent=not counts)  # "Acacia Road 3 times a week"

    def _begins_name(self, place: int) -> bool:
        """Return whether a number in words begins the name of a place ("Acacia Road, Four Ashes")."""
        view = self.view
        is_two = place + 1 < len(view) and view.gap(place) == " " and view.each[place + 1].number < 0
        return is_two and view.is_capital(place) and view.is_capital(place + 1)

    def _apart(self, address: Address, first: int, end: int) -> Claim | None:
        """Return the number of the address where it stands some words away from the street and before no other one."""
        view = self.view
        for place in (*reversed(view.numbers_in(first - 7, first)), *view.numbers_in(end, end + 6)):
            word = view.each[place]
            reading = (frozenset({word.number}), word.suffix, "")
            marked = place > 0 and view.raw[place - 1] in vocabulary.NUMBER_MARKERS
            street = view.claimed_by(place)
            if self._is_numbered(place) or (not marked and view.is_capital(first) and self._counts(place)):
                continue
            if any(code.strict and code.key != address.postcode for code in view.postcodes_in(place, first)):
                continue  # an address ends between the two
            if (word.digits or marked) and (street < 0 or street in range(first, end)) and fits(address, reading):
                return Claim((reading,), (min(place, first), max(place + 1, end)), adjacent=False)
        return None

    def _another_apart(self, first: int, end: int) -> Claim | None:
        """Return another number than that of the address, where the text calls it the number of the house.

        "Larkspur Lane, Ashford (number 14)"; asked for only where the number of the address is not there.
        """
        view = self.view
        for place in view.numbers_in(end + 1, end + 9):
            marker = place - 1
            if marker < end or view.raw[marker] not in vocabulary.NUMBER_MARKERS or view.gap(marker).strip(" .:"):
                continue
            is_beside = view.raw[marker - 1] in vocabulary.BESIDE
            is_beside = is_beside or any(raw in vocabulary.FACING for raw in view.raw[place + 1 : place + 4])
            is_theirs = is_beside or self._is_numbered(place) or self._counts(place)
            is_apart = any(set(view.gap(at)) & set(".;!?") for at in range(end - 1, marker))
            if is_theirs or is_apart or view.claimed_by(place) >= 0 or len(view.raw[place]) >= _LONGEST_NUMBER:
                return None
            reading = (frozenset({view.each[place].number}), view.each[place].suffix, "")
            return Claim((reading,), (first, place + 1), adjacent=True)
        return None

    def of_house(self, address: Address, first: int, end: int) -> bool | None:
        """Return whether the flat beside the house's name is that of the address; None where none is named.

        A number beside the name of a block is a flat's ("12 Cedar House"), unless it is that of the street.
        """
        flats = {flat for flat, _ in (*self.flats(first - 3, first), *self.flats(end, end + 2))}
        if flats:
            return address.flat in flats
        before = first - 2 if self.is_letter(first - 1) else first - 1
        suffix = self.view.raw[first - 1] if before == first - 2 else ""
        verdicts = [
            self._is_flat(address, before, self.view.gap(first - 1), suffix, end),
            self._is_flat(address, end, self.view.gap(end - 1), "", end),
        ]
        return next((verdict for verdict in verdicts if verdict is not None), None)

    def _is_flat(self, address: Address, place: int, gap: str, suffix: str, end: int) -> bool | None:
        """Return whether the number at *place*, beside the name of a house that ends at *end*, is that of the flat."""
        view = self.view
        if not 0 <= place < len(view) or not view.each[place].digits or view.each[place].number < 0:
            return None
        word = view.each[place]
        if gap.strip(" ,\n") or "\n\n" in gap or self._is_numbered(place) or word.number in _YEARS:
            return None
        if address.flat and address.flat == f"{word.number}{suffix or word.suffix}":
            return True
        # "On the 3rd at 10, Cedar House"; "Cedar House 8 Queen Street".
        is_of_street = place == end and view.claimed_by(place) >= 0
        return None if gap.strip(" ") or word.number in address.numbers or is_of_street else False

    def names_house(self, first: int) -> bool:
        """Return whether the name of a house stands right before the street that begins at word *first*."""
        view = self.view
        last = first - 1
        if last < 1 or view.raw[last] not in vocabulary.HOUSE_WORDS or not view.is_capital(last):
            return False
        return view.gap(last).strip(" ") in {",", "\n"}

    def flats(self, first: int, last: int) -> Iterator[tuple[str, Span]]:
        """Yield the flats named among the words from *first* up to *last*, with the words that name them."""
        view = self.view
        for place in range(max(first, 0), min(last, len(view))):
            raw = view.raw[place]
            if view.each[place].flat:
                yield view.each[place].flat, (place, place + 1)
            elif raw in vocabulary.FLAT_WORDS and place + 1 < len(view) and "\n\n" not in view.gap(place):
                if flat := flat_id(view.raw[place + 1]):
                    yield flat, (place, place + 2)
            elif raw == "floor" and place > 0 and view.raw[place - 1] in vocabulary.FLOOR_WORDS:
                yield view.raw[place - 1], (place - 1, place + 1)

    def of_postcode(self, postcode: Postcode) -> Claim | None:
        """Return the number of the address that the postcode ends: right before it, or before a street before it."""
        view = self.view
        low = postcode.first - _POSTCODE_REACH
        earlier = view.postcodes_in(low, postcode.first)
        low = max(low, earlier[-1].last + 1 if earlier else 0)
        for place in reversed(view.numbers_in(low, postcode.first)):
            if not view.each[place].digits and view.each[place].number < 2:
                continue  # "one" is hardly ever a house number in words
            street = view.claimed_by(place)
            if 0 <= street < postcode.first:
                claim = self._before(place + 1) if len(view.raw[place]) <= 5 else None
                return claim and Claim(claim.readings, claim.words, adjacent=False)
            if place >= postcode.first - 2:
                suffix = view.raw[place + 1] if place == postcode.first - 2 else ""
                if len(suffix) > 1:
                    continue
                return self._read_number(place, suffix or view.each[place].suffix, postcode.first)
        return None


def fits(address: Address, reading: Reading) -> bool:
    """Return whether a number as the text gives it is that of the address."""
    numbers, suffix, flat = reading
    if not numbers & address.numbers:
        return False
    if flat and address.flat and flat != address.flat:
        return False
    if suffix == address.suffix:
        return True
    return (not address.suffix and suffix == address.flat) or (not suffix and bool(flat) and flat == address.suffix)


def _roman(raw: str) -> int:
    """Return the number that Roman digits are, or 0."""
    if not _ROMAN.fullmatch(raw):
        return 0
    values = [_ROMAN_VALUES[sign] for sign in raw]
    return sum(
        -value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True)
    )
