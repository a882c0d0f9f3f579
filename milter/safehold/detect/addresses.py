# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the addresses of an index in a view: candidates by blocking keys, evidence in a window, points and vetoes.

Candidates come from (house number, street name), (house name, street name) and postcodes; where the index is small (the
people in scope), also from street and house names alone.  Each is judged in the words around it: what agrees adds
points, what contradicts takes some away, and another house number, house letter or flat ends it, for *numbers need
equality, words need tolerance* (matching.md 2.2).  Pure.  Points: matching.md section 5.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from safehold.detect import rarity
from safehold.detect.view import Span, View
from safehold.model import Strength
from safehold.register import words as wording
from safehold.register.addresses import Address, AddressIndex, flat_id, same_side
from safehold.register.words import Postcode

CERTAIN, LIKELY, HINT = 19.0, 14.0, 8.0

_BEFORE, _AFTER = 9, 8  # words from a street's type to the number that can belong to it
_TOWN_REACH = 14
_POSTCODE_REACH = 14
_LONGEST_NAME = 5
_MOST_ALIKE = 40  # entries of one number and street that are judged without town or postcode in common
_COMMON_STREET = 8.0

_POSTCODE, _OUTWARD, _NUMBER, _LOOSE_NUMBER, _TYPE, _FLAT, _HOUSE = 20.0, 9.0, 6.0, 4.0, 2.0, 4.0, 9.0
_OTHER_TYPE, _OTHER_TOWN, _UNKNOWN_TOWN, _NEAR_POSTCODE, _FAR_POSTCODE = -9.0, -9.0, -3.0, -4.0, -15.0
_STREET_SLIP, _TOWN_SLIP = 0.85, 0.8


@dataclass(slots=True)
class Budget:
    """How many more candidates may be judged; where it runs out the search is not complete."""

    left: int

    def take(self) -> bool:
        """Return whether one more may be judged."""
        self.left -= 1
        return self.left >= 0

    @property
    def is_spent(self) -> bool:
        """Return whether a candidate had to be left out."""
        return self.left < 0


@dataclass(frozen=True, slots=True)
class Match:
    """An entry of the index that the text seems to hold.

    Attributes:
        entry: Its position in the index.
        words: The words that the evidence spans (from, up to).
        points: What the evidence adds up to.
        strength: What that makes it.
        is_whole: Whether nothing contradicts it and no letter is wrong.
        bare_postcode: Whether the postcode is all there is.
        why: The evidence in words.
    """

    entry: int
    words: Span = field(repr=False)
    points: float
    strength: Strength
    is_whole: bool
    bare_postcode: bool
    why: str


class _Evidence:
    """What has been found for one candidate."""

    def __init__(self) -> None:
        self.points = 0.0
        self.said: list[str] = []
        self.first = 1 << 60
        self.last = -1
        self.identified = False  # by number or house name
        self.located = False  # by street or postcode
        self.contradicted = False
        self.kinds: set[str] = set()

    def add(self, kind: str, points: float, said: str, span: Span | None = None) -> None:
        """Add one kind of evidence."""
        self.points += points
        self.kinds.add(kind)
        self.said.append(said)
        if span is not None:
            self.first, self.last = min(self.first, span[0]), max(self.last, span[1])

    def against(self, points: float, said: str) -> None:
        """Take points away."""
        self.points += points
        self.contradicted = True
        self.said.append(said)

    def match(self, entry: int, *, bare_postcode: bool = False) -> Match | None:
        """Return the match that the evidence makes, or None where it is too little."""
        strength = self._strength()
        if strength is None:
            return None
        why = f"{_listed(self.said)}: {self.points:.0f} points"
        return Match(entry, (self.first, self.last), self.points, strength, not self.contradicted, bare_postcode, why)

    def _strength(self) -> Strength | None:
        # Everything that an address has, to the letter, is enough even where all of it is common (matching.md 5).
        exact = self.kinds >= {"number", "street", "type", "town"} and not self.contradicted
        if (self.points >= CERTAIN or exact) and self.identified and self.located:
            return Strength.CERTAIN
        points = self.points
        if "street" in self.kinds and not self.kinds & {"type", "number", "house", "postcode"}:
            if not self.kinds & {"town", "outward"}:
                return None  # a word that happens to be a street's name
            points = min(points, LIKELY - 1)
        if points >= LIKELY:
            return Strength.LIKELY
        return Strength.HINT if points >= HINT else None


def _listed(said: list[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


@dataclass(frozen=True, slots=True)
class _Claim:
    """A house number that the text gives a street: what it may mean, and the words that it takes."""

    readings: tuple[tuple[frozenset[int], str, str], ...]  # numbers, suffix, flat
    words: Span
    adjacent: bool


def find(view: View, index: AddressIndex, *, deep: bool, budget: Budget) -> list[Match]:
    """Return what the view holds of the index's addresses, the best for each span of text.

    Args:
        view: The text.
        index: The addresses.
        deep: Also find weaker forms (street and town, postcode alone, street alone): for small indexes only.
        budget: How many candidates may be judged.
    """
    search = _Search(view, index, budget, deep=deep)
    if index.entries:
        search.by_street()
        search.by_postcode()
        if deep:
            search.by_name_alone()
    return search.best()


class _Search:
    """One search of one view."""

    def __init__(self, view: View, index: AddressIndex, budget: Budget, *, deep: bool) -> None:
        self.view = view
        self.index = index
        self.budget = budget
        self.deep = deep
        self.found: dict[tuple[int, int], Match] = {}  # by entry and place
        self.judged: set[tuple[int, int]] = set()

    # -- candidates -----------------------------------------------------------------------------------------------

    def by_street(self) -> None:
        """Judge the entries whose number (or house) and street stand together; in scope the street is enough."""
        view, index = self.view, self.index
        for kind in view.types:
            numbers = view.numbers_in(kind - _BEFORE, kind + _AFTER)
            for street, first, exact in self._street_names(kind, fuzzy=self.deep or bool(numbers)):
                if self.deep:
                    self._judge_all(index.in_street(street), (first, kind), exact=exact)
                    continue
                self._with_numbers(numbers, street, (first, kind), exact=exact)
                if exact and index.houses:
                    self._with_house(street, (first, kind))
        if self.deep or index.bare_streets:
            for number in view.numbers:
                self._after_number(number)

    def _street_names(self, kind: int, *, fuzzy: bool) -> Iterator[tuple[str, int, bool]]:
        """Yield the street names of the index that may end before the type at word *kind*: name, first word, exact."""
        words, streets = self.view.each, self.index.streets
        after = words[kind + 1].key if kind + 1 < len(words) else ""
        direction = after if after in wording.DIRECTIONS else ""
        run, exact = "", set()
        for first in range(kind - 1, max(kind - 1 - _LONGEST_NAME, -1), -1):
            if self.view.raw[first].isdigit():
                return
            run = words[first].key + run
            if direction and run + direction in streets.words:
                yield run + direction, first, True
            if run in streets.words:
                exact.add(run)
                yield run, first, True
            elif fuzzy:
                for near in streets.near(run):
                    if near not in exact:  # "b Acacia" is a letter and a street, not a slip in its name
                        yield near, first, False

    def _with_numbers(self, numbers: Iterable[int], street: str, span: Span, *, exact: bool = True) -> None:
        """Judge the entries at any of the numbers in streets of that name."""
        entries: set[int] = set()
        for place in numbers:
            for number in self._values(place):
                entries.update(self.index.at_number(number, street))
        self._judge_all(self._alike(entries, street, span), span, exact=exact)

    def _values(self, place: int) -> Iterator[int]:
        """Yield the numbers that the number word at *place* may stand for, alone, as part of a range or compound."""
        words = self.view.each
        number = words[place].number
        yield number
        if place + 1 < len(words) and words[place + 1].number >= 0:
            following = words[place + 1].number
            if number in range(20, 100, 10) and following < 10 and not words[place].digits:
                yield number + following
        for after in (place + 1, place + 2):
            if after < len(words) and number < words[after].number <= number + 2 * _MOST_ALIKE:
                yield from same_side(number, words[after].number)

    def _alike(self, entries: set[int], street: str, span: Span) -> Iterable[int]:
        """Return the entries worth judging: of very many, those that share town or postcode with the text."""
        if len(entries) <= _MOST_ALIKE or rarity.street(street) > _COMMON_STREET:
            return sorted(entries)
        around = self._runs_around(span)
        postcodes = {
            found.key for found in self.view.postcodes_in(span[0] - _POSTCODE_REACH, span[1] + _POSTCODE_REACH)
        }
        every = self.index.entries

        def shares(place: int) -> bool:
            address = every[place].address
            return address.postcode in postcodes or any(town in around for town in address.towns)

        return sorted(filter(shares, entries))

    def _runs_around(self, span: Span) -> set[str]:
        """Return the runs of up to four words around a street."""
        words = self.view.each
        low, high = max(span[0] - _TOWN_REACH, 0), min(span[1] + _TOWN_REACH, len(words))
        keys = [word.key for word in words[low:high]]
        return {"".join(keys[first:last]) for first in range(len(keys)) for last in range(first + 1, first + 5)}

    def _with_house(self, street: str, span: Span) -> None:
        """Judge the entries of which the house name stands before the street."""
        words = self.view.each
        for end in range(span[0], max(span[0] - 3, 0), -1):  # a number and its letter may stand between
            run = ""
            for first in range(end - 1, max(end - 1 - _LONGEST_NAME, -1), -1):
                run = words[first].key + run
                if run in self.index.houses:
                    self._judge_all(self.index.at_house(run, street), span, exact=True)

    def _after_number(self, number: int) -> None:
        """Judge the entries in streets that follow a number without a type ("12 Broadway", in scope "12 Acacia")."""
        words, streets = self.view.each, self.index.streets
        names = streets.words if self.deep else self.index.bare_streets
        first = number + 1
        if first < len(words) and len(self.view.raw[first]) == 1:
            first += 1
        run = ""
        for last in range(first, min(first + _LONGEST_NAME, len(words))):
            run += words[last].key
            if run in names:
                self._with_numbers([number], run, (first, last + 1))
                return
            for near in streets.near(run) if self.deep and not words[last].digits else ():
                self._with_numbers([number], near, (first, last + 1), exact=False)

    def by_postcode(self) -> None:
        """Judge the entries whose postcode the text holds."""
        for postcode in self.view.postcodes:
            for entry in self.index.at_postcode(postcode.key):
                if not self.budget.take():
                    return
                self._keep(self.judge_postcode(entry, postcode), postcode.first)

    def by_name_alone(self) -> None:
        """Judge the entries of which the text holds the telling name of street or house, whatever stands beside it."""
        index, view = self.index, self.view
        for street in sorted(index.streets.words):
            if rarity.street(street) > _COMMON_STREET:
                for span in view.find_run(street):
                    self._judge_all(index.in_street(street), span, exact=True)
        for house in sorted(index.houses):
            if len(house) >= wording.SHORTEST_FUZZY:
                for span in view.find_run(house):
                    self._judge_houses(house, span)

    # -- judging --------------------------------------------------------------------------------------------------

    def _judge_all(self, entries: Iterable[int], span: Span, *, exact: bool) -> None:
        for entry in entries:
            if (entry, span[0]) in self.judged:
                continue
            if not self.budget.take():
                return
            self.judged.add((entry, span[0]))
            self._keep(self.judge_street(entry, span, exact=exact), span[0])

    def _keep(self, match: Match | None, place: int) -> None:
        if match is None or not (self.deep or match.strength is Strength.CERTAIN):
            return
        known = self.found.get((match.entry, place))
        if known is None or known.points < match.points:
            self.found[match.entry, place] = match

    def judge_street(self, entry: int, span: Span, *, exact: bool) -> Match | None:
        """Return what the text around the street name at *span* says for and against an entry."""
        address = self.index.entries[entry].address
        evidence = _Evidence()
        end, kind = self._street_end(span, address)
        claim = self._claim(address, span[0], end)
        if not self._number(evidence, address, claim, (span[0], end)):
            return None
        points = rarity.street(address.street) * (1 if exact else _STREET_SLIP)
        evidence.add("street", points, "street" if exact else "street (one letter differs)", span)
        evidence.located = True
        if not exact:
            evidence.contradicted = True
        postcode = self._own_postcode(claim.words[0] if claim else span[0], end)
        agrees = postcode is not None and postcode.key == address.postcode
        if kind and address.type:
            if kind == address.type:
                evidence.add("type", _TYPE, "street type", (span[0], end))
            elif agrees:
                evidence.against(_OTHER_TYPE, "another street type")
            else:
                return None
        elif address.type and not kind:
            evidence.contradicted = True
        if not self._postcode(evidence, address, postcode, end, exact=exact):
            return None
        if not self._flat(evidence, address, claim, span[0], end):
            return None
        self._town(evidence, address, claim.words[0] if claim else span[0], end, agrees=agrees)
        return evidence.match(entry)

    def _street_end(self, span: Span, address: Address) -> tuple[int, str]:
        """Return the word after street name and type, and the type that the text gives it."""
        words = self.view.each
        end = span[1]
        if not address.type:
            return end, ""
        kind = words[end].type if end < len(words) else ""
        if not kind:
            return end, ""
        end += 1
        if end < len(words) and words[end].key in wording.DIRECTIONS and address.street.endswith(words[end].key):
            end += 1
        return end, kind

    def _number(self, evidence: _Evidence, address: Address, claim: _Claim | None, street: Span) -> bool:
        """Add the evidence of number or house name; False where another house is named."""
        house = self._house(address, claim.words[0] if claim else street[0], street[1])
        if house is not None:
            evidence.add("house", _HOUSE, "house name", house)
            evidence.identified = True
        if claim is None:
            return True
        if not address.numbers:
            return house is not None or not claim.adjacent
        if not any(_fits(address, reading) for reading in claim.readings):
            return not claim.adjacent
        points = _NUMBER if claim.adjacent else _LOOSE_NUMBER
        evidence.add("number", points, "house number", claim.words)
        evidence.identified = True
        return True

    def _house(self, address: Address, first: int, end: int) -> Span | None:
        """Return the words near the street that are the name of the entry's house, or None."""
        if len(address.house) < wording.SHORTEST_FUZZY - 1:
            return None
        low, high = max(first - 6, 0), end + 6
        found = next(self.view.find_run(address.house, low, high), None)
        return found or next(self.view.near_run(address.house, low, high), None)

    def _claim(self, address: Address, first: int, end: int) -> _Claim | None:
        """Return the house number that the text gives to the street between *first* and *end*, or None."""
        return self._claim_before(first) or self._claim_after(first, end) or self._claim_apart(address, first, end)

    def _claim_before(self, first: int) -> _Claim | None:
        """Return the number right before the street, with its letter, range or flat."""
        view = self.view
        place = first - 1
        if place >= 1 and view.raw[place] in {"of", "at", "in", "on"}:
            place -= 1
        suffix = ""
        if place >= 1 and self._is_letter(place) and view.each[place - 1].is_number and view.each[place - 1].digits:
            suffix, place = view.raw[place], place - 1
        if place < 0 or view.each[place].number < 0 or "\n\n" in view.gap(place):
            return None
        word = view.each[place]
        if word.number in range(1900, 2100) and "," in view.gap(place):
            return None  # a year
        return self._read_number(place, suffix or word.suffix, first)

    def _is_letter(self, place: int) -> bool:
        """Return whether the word is one letter that belongs to the number before it ("12 b")."""
        view = self.view
        if not 0 < place < len(view) or len(view.raw[place]) != 1 or not view.raw[place].isalpha():
            return False
        return view.gap(place - 1).strip(" ") == ""

    def _read_number(self, place: int, suffix: str, end: int) -> _Claim:
        """Return what the number at word *place* may mean, together with a number before it."""
        view = self.view
        number = view.each[place].number
        plain = (frozenset({number}), suffix, "")
        before = place - 1
        if before < 0:
            return _Claim((plain,), (place, end), adjacent=True)
        linked = view.gap(before).strip()
        if view.raw[before] in {"and", "to"} and before > 0:
            before, linked = before - 1, "-"
        other = view.each[before]
        if other.number < 0 or "\n\n" in view.gap(before):
            return _Claim((plain,), (place, end), adjacent=True)
        if not other.digits and other.number in range(20, 100, 10) and number < 10 and not view.each[place].digits:
            return _Claim(((frozenset({other.number + number}), suffix, ""),), (before, end), adjacent=True)
        flat = f"{other.number}{other.suffix}"
        crossed = (frozenset({other.number}), other.suffix, f"{number}{suffix}")
        ranged = (same_side(other.number, number), suffix, "")
        match linked:
            case "-" | "&":
                return _Claim((ranged, (frozenset({number}), suffix, flat)), (before, end), adjacent=True)
            case "/":
                readings = ((frozenset({number}), suffix, flat), crossed, ranged)
                return _Claim(readings, (before, end), adjacent=True)
            case "" | ",":
                return _Claim((plain, (frozenset({number}), suffix, flat)), (place, end), adjacent=True)
            case _:
                return _Claim((plain,), (place, end), adjacent=True)

    def _claim_after(self, first: int, end: int) -> _Claim | None:
        """Return the number right after the street ("Acacia Road 12"), unless it is that of the next street."""
        view = self.view
        place = end
        if place < len(view) and view.raw[place] in wording.NUMBER_MARKERS:
            place += 1
        if place >= len(view) or view.each[place].number < 0 or len(view.raw[place]) > 5:
            return None
        joint = view.gap(end - 1)
        if "\n" in joint or joint.strip(" ,:") or view.raw[place][0] == "0" or view.claimed_by(place) >= 0:
            return None
        if any(place in range(found.first, found.last + 1) for found in view.postcodes_in(place - 1, place + 1)):
            return None
        suffix = view.each[place].suffix
        if not suffix and self._is_letter(place + 1):
            suffix = view.raw[place + 1]
        readings = ((frozenset({view.each[place].number}), suffix, ""),)
        counts = view.gap(place) == " " and place + 1 < len(view) and not suffix and not view.is_capital(place + 1)
        return _Claim(readings, (first, place + 1), adjacent=not counts)  # "Acacia Road 3 times a week"

    def _claim_apart(self, address: Address, first: int, end: int) -> _Claim | None:
        """Return the number of the address where it stands some words away from the street and before no other one."""
        view = self.view
        for place in (*reversed(view.numbers_in(first - 7, first)), *view.numbers_in(end, end + 6)):
            word = view.each[place]
            reading = (frozenset({word.number}), word.suffix, "")
            marked = place > 0 and view.raw[place - 1] in wording.NUMBER_MARKERS
            street = view.claimed_by(place)
            if (word.digits or marked) and (street < 0 or street in range(first, end)) and _fits(address, reading):
                return _Claim((reading,), (min(place, first), max(place + 1, end)), adjacent=False)
        return None

    def _flat(self, evidence: _Evidence, address: Address, claim: _Claim | None, first: int, end: int) -> bool:
        """Add the evidence of the flat; False where another flat is named."""
        start = claim.words[0] if claim else first
        flats = dict(self._flats(start - 5, first)) | dict(self._flats(end, end + 4))
        spelt = {flat for _, _, flat in claim.readings if flat} if claim else set()
        if address.flat and address.flat in flats:
            place = flats[address.flat]
            evidence.add("flat", _FLAT, "flat", (min(place, start), place + 1))
        elif address.flat and address.flat in spelt:
            evidence.add("flat", _FLAT, "flat")
        elif address.flat and flats:
            return False
        elif bool(address.flat) != bool(flats):
            evidence.points -= 1
        return True

    def _flats(self, first: int, last: int) -> Iterator[tuple[str, int]]:
        """Yield the flats named among the words from *first* up to *last*, with their places."""
        view = self.view
        for place in range(max(first, 0), min(last, len(view))):
            raw = view.raw[place]
            if view.each[place].flat:
                yield view.each[place].flat, place
            elif raw in wording.FLAT_WORDS and place + 1 < len(view) and "\n\n" not in view.gap(place):
                if flat := flat_id(view.raw[place + 1]):
                    yield flat, place + 1
            elif raw == "floor" and place > 0 and view.raw[place - 1] in wording.FLOOR_WORDS:
                yield view.raw[place - 1], place

    def _own_postcode(self, first: int, end: int) -> Postcode | None:
        """Return the postcode that belongs to a street: the next one before another address begins, else one before."""
        view = self.view
        for postcode in view.postcodes_in(end, end + _POSTCODE_REACH):
            if not self._is_real(postcode):
                continue
            between = view.numbers_in(end, postcode.first)
            if any(view.claimed_by(place) >= 0 for place in between):
                break
            return postcode
        before = view.postcodes_in(first - _POSTCODE_REACH // 2, first)
        return next(filter(self._is_real, reversed(before)), None)

    def _is_real(self, postcode: Postcode) -> bool:
        """Return whether a postcode is spelt properly, or is one of the index in spite of a confused letter."""
        return postcode.strict or bool(self.index.at_postcode(postcode.key))

    def _postcode(
        self, evidence: _Evidence, address: Address, postcode: Postcode | None, end: int, *, exact: bool
    ) -> bool:
        """Add the evidence of the postcode; False where another one speaks against a misspelt street."""
        if not address.postcode:
            return True
        if postcode is None:
            self._outward(evidence, address, end)
            return True
        if postcode.key == address.postcode:
            evidence.add("postcode", _POSTCODE, "full postcode", (postcode.first, postcode.last + 1))
            return True
        if not postcode.strict:
            return True
        if not exact:
            return False
        if postcode.outward == address.outward:
            evidence.against(_NEAR_POSTCODE, "another postcode of the same district")
        else:
            evidence.against(_FAR_POSTCODE, "another postcode")
        return True

    def _outward(self, evidence: _Evidence, address: Address, end: int) -> None:
        """Add the evidence of the first half of a postcode standing alone."""
        for place in range(end, min(end + _TOWN_REACH // 2, len(self.view))):
            if self.view.raw[place] == address.outward:
                evidence.add("outward", _OUTWARD, "first half of the postcode", (place, place + 1))
                return

    def _town(self, evidence: _Evidence, address: Address, first: int, end: int, *, agrees: bool) -> None:
        """Add the evidence of the town, for or against."""
        last = self._next_address(end)
        for low, high in ((end, last), (first - _TOWN_REACH // 2, first)):
            best = self._named_town(address, low, high)
            if best is not None:
                points, said, span = best
                evidence.add("town" if said == "town" else "near town", points, said, span)
                return
        if not agrees and address.towns:
            self._other_town(evidence, end)

    def _named_town(self, address: Address, low: int, high: int) -> tuple[float, str, Span] | None:
        view = self.view
        named = [
            (rarity.town(town), "town", span)
            for town in address.towns
            for span in list(view.find_run(town, max(low, 0), high))[:1]
        ] or [
            (rarity.town(town) * _TOWN_SLIP, "town (one letter differs)", span)
            for town in address.towns
            for span in list(view.near_run(town, max(low, 0), high))[:1]
        ]
        return max(named, default=None)

    def _next_address(self, end: int) -> int:
        """Return where the words that can belong to an address end: at the reach, or where the next address begins."""
        view = self.view
        limit = min(end + _TOWN_REACH, len(view))
        claimed = (place for place in view.numbers_in(end, limit) if view.claimed_by(place) >= 0)
        return next(claimed, limit)

    def _other_town(self, evidence: _Evidence, end: int) -> None:
        """Take points away where another town follows the street."""
        view = self.view
        if end >= len(view):
            return
        run = ""
        for place in range(end, min(end + 4, len(view))):
            run += view.each[place].key
            if rarity.is_town(run) or (run in self.index.towns and len(run) > 3):
                evidence.against(_OTHER_TOWN, "another town")
                return
        if view.gap(end - 1).strip(" ") == "," and view.is_capital(end):
            evidence.against(_UNKNOWN_TOWN, "another place name")

    def judge_postcode(self, entry: int, postcode: Postcode) -> Match | None:
        """Return what the text around a postcode says for and against an entry of that postcode."""
        address = self.index.entries[entry].address
        if address.street:
            span, exact = self._street_near(address.street, postcode)
            if span is not None:
                return self.judge_street(entry, span, exact=exact)
        evidence = _Evidence()
        evidence.add("postcode", _POSTCODE, "full postcode", (postcode.first, postcode.last + 1))
        evidence.located = True
        house = self._house(address, postcode.first - 8, postcode.last)
        if house is not None:
            evidence.add("house", _HOUSE, "house name", house)
            evidence.identified = True
        elif not self._number_at_postcode(evidence, address, postcode):
            return None
        claim = _Claim((), (postcode.first, postcode.last + 1), adjacent=False)
        if not self._flat(evidence, address, claim, postcode.first, postcode.last + 1):
            return None
        return evidence.match(entry, bare_postcode=not evidence.identified)

    def _street_near(self, street: str, postcode: Postcode) -> tuple[Span | None, bool]:
        """Return the nearest words before (or after) a postcode that name the street, and whether exactly."""
        low, high = max(postcode.first - _POSTCODE_REACH - 4, 0), postcode.last + 8
        for spans, exact in (
            (self.view.find_run(street, low, high), True),
            (self.view.near_run(street, low, high), False),
        ):
            mine = [span for span in spans if self._own_postcode(span[0], span[1]) == postcode]
            if mine:
                return min(mine, key=lambda span: abs(span[1] - postcode.first)), exact
        return None, True

    def _number_at_postcode(self, evidence: _Evidence, address: Address, postcode: Postcode) -> bool:
        """Add the evidence of a number beside a postcode; False where the postcode is a neighbour's."""
        claim = self._number_before(postcode)
        if claim is not None:
            if not address.numbers or not any(_fits(address, reading) for reading in claim.readings):
                return False
            evidence.add("number", _NUMBER, "house number", (claim.words[0], postcode.last + 1))
            evidence.identified = True
            if not claim.adjacent and address.street:
                evidence.against(_OTHER_TYPE, "another street")
            return True
        after = self._claim_after(postcode.first, postcode.last + 1)
        if after is not None and address.numbers:
            if any(_fits(address, reading) for reading in after.readings):
                evidence.add("number", _NUMBER, "house number", after.words)
                evidence.identified = True
            elif after.adjacent:
                return False
        return True

    def _number_before(self, postcode: Postcode) -> _Claim | None:
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
                claim = self._claim_before(place + 1) if len(view.raw[place]) <= 5 else None
                return claim and _Claim(claim.readings, claim.words, adjacent=False)
            if place >= postcode.first - 2:
                suffix = view.raw[place + 1] if place == postcode.first - 2 else ""
                if len(suffix) > 1:
                    continue
                return self._read_number(place, suffix or view.each[place].suffix, postcode.first)
        return None

    def _judge_houses(self, house: str, span: Span) -> None:
        """Judge the entries with a house name that the text holds away from the street."""
        for entry in self.index.with_house(house):
            if not self.budget.take():
                return
            address = self.index.entries[entry].address
            evidence = _Evidence()
            evidence.add("house", _HOUSE, "house name", span)
            evidence.identified = True
            postcode = self._own_postcode(*span)
            if not self._postcode(evidence, address, postcode, span[1], exact=True):
                continue
            agrees = postcode is not None and postcode.key == address.postcode
            evidence.located = agrees
            self._town(evidence, address, span[0], span[1], agrees=agrees)
            if evidence.kinds & {"town", "near town", "postcode", "outward"}:
                self._keep(evidence.match(entry), span[0])

    # -- the best ---------------------------------------------------------------------------------------------------

    def best(self) -> list[Match]:
        """Return the matches, without those that another one of the same words fits better.

        Only what is contradicted or misspelt gives way: two people who live at one address are both found.
        """
        matches = sorted(self.found.values(), key=lambda match: (match.words, -match.points, match.entry))
        return [match for match in matches if match.is_whole or not any(_beats(other, match) for other in matches)]


def _beats(other: Match, match: Match) -> bool:
    """Return whether *other* is so much better for overlapping words that *match* is a mistake."""
    overlaps = other.words[0] < match.words[1] and match.words[0] < other.words[1]
    return overlaps and other.is_whole and other.points >= match.points + _NUMBER and other.entry != match.entry


def _fits(address: Address, reading: tuple[frozenset[int], str, str]) -> bool:
    """Return whether a number as the text gives it is that of the address."""
    numbers, suffix, flat = reading
    if not numbers & address.numbers:
        return False
    if flat and address.flat and flat != address.flat:
        return False
    if suffix == address.suffix:
        return True
    return (not address.suffix and suffix == address.flat) or (not suffix and bool(flat) and flat == address.suffix)
