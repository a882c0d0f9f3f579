# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging one address against the text around it: named evidence with points, and vetoes.

What agrees adds points, what contradicts takes some away; another house number, house letter or flat ends it, for
*numbers need equality, words need tolerance* (matching.md 2.2).  The points are those of matching.md, section 5.  Pure.
"""

from dataclasses import dataclass, field

from safehold.detect import rarity
from safehold.detect.claims import Claim, Claims, fits
from safehold.detect.view import Span, View
from safehold.model import Strength
from safehold.register import words as wording
from safehold.register.addresses import Address, AddressIndex
from safehold.register.words import Postcode

CERTAIN, LIKELY, HINT = 19.0, 14.0, 8.0

TOWN_REACH = 14  # words from a street to its town
POSTCODE_REACH = 14

_POSTCODE, _OUTWARD, _NUMBER, _LOOSE_NUMBER, _TYPE, _FLAT, _HOUSE = 20.0, 9.0, 6.0, 4.0, 2.0, 4.0, 9.0
_OTHER_TYPE, _OTHER_TOWN, _UNKNOWN_TOWN, _NEAR_POSTCODE, _FAR_POSTCODE = -9.0, -9.0, -3.0, -4.0, -15.0
_STREET_SLIP, _TOWN_SLIP = 0.85, 0.8
# Words that stand in prose and in no address: a postcode after one of them may be that of another place.
_PROSE_WORDS = "are as but for from has have he her his is it near not or she than that their they was we were"
_PROSE = frozenset(_PROSE_WORDS.split())


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
        refusable: The first word of the postcode that it rests on, where no number or house name supports it; or -1.
        why: The evidence in words.
    """

    entry: int
    words: Span = field(repr=False)
    points: float
    strength: Strength
    is_whole: bool
    bare_postcode: bool
    refusable: int
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

    def match(self, entry: int, *, postcode: Postcode | None = None, bare_postcode: bool = False) -> Match | None:
        """Return the match that the evidence makes, or None where it is too little."""
        strength = self._strength()
        if strength is None:
            return None
        return Match(
            entry,
            (self.first, self.last),
            self.points,
            strength,
            is_whole=not self.contradicted,
            bare_postcode=bare_postcode,
            refusable=-1 if postcode is None or self.identified else postcode.first,
            why=f"{_listed(self.said)}: {self.points:.0f} points",
        )

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


class Judge:
    """Says what one view holds for and against the entries of one index.

    Attributes:
        refused: Entries and the first words of postcodes that turned out to be a neighbour's: what else in the text
            rests on such a postcode is no match either.
    """

    def __init__(self, view: View, index: AddressIndex) -> None:
        self.view = view
        self.index = index
        self.claims = Claims(view)
        self.refused: set[tuple[int, int]] = set()

    def street(self, entry: int, span: Span, *, exact: bool) -> Match | None:
        """Return what the text around the street name at *span* says for and against an entry."""
        address = self.index.entries[entry].address
        evidence = _Evidence()
        end, kind = self._street_end(span, address)
        claim = self.claims.of_street(address, span[0], end)
        start = claim.words[0] if claim else span[0]
        postcode = self._own_postcode(start, end)
        agrees = postcode is not None and postcode.key == address.postcode
        if not self._number(evidence, address, claim, (span[0], end)):
            if postcode is not None and agrees:
                self.refused.add((entry, postcode.first))
            return None
        points = rarity.street(address.street) * (1 if exact else _STREET_SLIP)
        evidence.add("street", points, "street" if exact else "street (one letter differs)", span)
        evidence.located = True
        if not exact:
            evidence.contradicted = True
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
            if postcode is not None and agrees:
                self.refused.add((entry, postcode.first))
            return None
        self._town(evidence, address, start, end, agrees=agrees)
        return evidence.match(entry, postcode=postcode if agrees else None)

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

    def _number(self, evidence: _Evidence, address: Address, claim: Claim | None, street: Span) -> bool:
        """Add the evidence of number or house name; False where another house is named."""
        house = self._house(address, claim.words[0] if claim else street[0], street[1])
        if house is not None:
            evidence.add("house", _HOUSE, "house name", house)
            evidence.identified = True
        if claim is None:
            return True
        if not address.numbers:
            return house is not None or not claim.adjacent
        if not any(fits(address, reading) for reading in claim.readings):
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

    def _flat(self, evidence: _Evidence, address: Address, claim: Claim | None, first: int, end: int) -> bool:
        """Add the evidence of the flat; False where another flat is named."""
        start = claim.words[0] if claim else first
        flats = dict(self.claims.flats(start - 5, first)) | dict(self.claims.flats(end, end + 4))
        spelt = {flat for _, _, flat in claim.readings if flat} if claim else set()
        if address.flat and address.flat in flats:
            evidence.add("flat", _FLAT, "flat", flats[address.flat])
        elif address.flat and address.flat in spelt:
            evidence.add("flat", _FLAT, "flat")
        elif address.flat and flats:
            return False
        elif bool(address.flat) != bool(flats):
            evidence.points -= 1
        return True

    def _own_postcode(self, first: int, end: int) -> Postcode | None:
        """Return the postcode that belongs to a street: the next one before another address begins, else one before."""
        view = self.view
        for postcode in view.postcodes_in(end, end + POSTCODE_REACH):
            if not self._is_real(postcode):
                continue
            between = view.numbers_in(end, postcode.first)
            if any(view.claimed_by(place) >= 0 for place in between):
                break
            return postcode
        before = view.postcodes_in(first - POSTCODE_REACH // 2, first)
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
        if not postcode.strict or not self._runs_on(end, postcode):
            return True
        if not exact:
            return False
        if postcode.outward == address.outward:
            evidence.against(_NEAR_POSTCODE, "another postcode of the same district")
        else:
            evidence.against(_FAR_POSTCODE, "another postcode")
        return True

    def _runs_on(self, end: int, postcode: Postcode) -> bool:
        """Return whether an address seems to run on from its street to the postcode, with no word of prose between."""
        return not any(raw in _PROSE for raw in self.view.raw[min(end, postcode.first) : postcode.first])

    def _outward(self, evidence: _Evidence, address: Address, end: int) -> None:
        """Add the evidence of the first half of a postcode standing alone."""
        for place in range(end, min(end + TOWN_REACH // 2, len(self.view))):
            if self.view.raw[place] == address.outward:
                evidence.add("outward", _OUTWARD, "first half of the postcode", (place, place + 1))
                return

    def _town(self, evidence: _Evidence, address: Address, first: int, end: int, *, agrees: bool) -> None:
        """Add the evidence of the town, for or against."""
        last = self._next_address(end)
        for low, high in ((end, last), (first - TOWN_REACH // 2, first)):
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
        limit = min(end + TOWN_REACH, len(view))
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

    def postcode(self, entry: int, postcode: Postcode) -> Match | None:
        """Return what the text around a postcode says for and against an entry of that postcode."""
        address = self.index.entries[entry].address
        if address.street:
            span, exact = self._street_near(address.street, postcode)
            if span is not None:
                return self.street(entry, span, exact=exact)
        evidence = _Evidence()
        evidence.add("postcode", _POSTCODE, "full postcode", (postcode.first, postcode.last + 1))
        evidence.located = True
        house = self._house(address, postcode.first - 8, postcode.last)
        if house is not None:
            evidence.add("house", _HOUSE, "house name", house)
            evidence.identified = True
        elif not self._number_at_postcode(evidence, address, postcode):
            self.refused.add((entry, postcode.first))
            return None
        claim = Claim((), (postcode.first, postcode.last + 1), adjacent=False)
        if not self._flat(evidence, address, claim, postcode.first, postcode.last + 1):
            return None
        return evidence.match(entry, postcode=postcode, bare_postcode=not evidence.identified)

    def _street_near(self, street: str, postcode: Postcode) -> tuple[Span | None, bool]:
        """Return the nearest words around a postcode that name the street, and whether exactly."""
        low, high = max(postcode.first - POSTCODE_REACH - 4, 0), postcode.last + 8
        for spans, exact in (
            (self.view.find_run(street, low, high), True),
            (self.view.near_run(street, low, high), False),
        ):
            mine = [span for span in spans if self._is_street_of(span, postcode)]
            if mine:
                return min(mine, key=lambda span: abs(span[1] - postcode.first)), exact
        return None, True

    def _is_street_of(self, span: Span, postcode: Postcode) -> bool:
        """Return whether the words, which are a street's name, mean the street here and go with that postcode."""
        words = self.view.each
        typed = span[1] < len(words) and bool(words[span[1]].type)
        numbered = span[0] > 0 and words[span[0] - 1].is_number
        close = -4 <= span[1] - postcode.first <= 0 or 0 <= span[0] - postcode.last <= 4
        telling = len("".join(word.key for word in words[span[0] : span[1]])) >= wording.SHORTEST_FUZZY
        return (typed or (telling and (numbered or close))) and self._own_postcode(*span) == postcode

    def _number_at_postcode(self, evidence: _Evidence, address: Address, postcode: Postcode) -> bool:
        """Add the evidence of a number beside a postcode; False where the postcode is a neighbour's."""
        claim = self.claims.of_postcode(postcode)
        if claim is not None:
            if not address.numbers or not any(fits(address, reading) for reading in claim.readings):
                return False
            evidence.add("number", _NUMBER, "house number", (claim.words[0], postcode.last + 1))
            evidence.identified = True
            if not claim.adjacent and address.street:
                evidence.against(_OTHER_TYPE, "another street")
            return True
        after = self.claims.after(postcode.first, postcode.last + 1)
        if after is not None and address.numbers:
            if any(fits(address, reading) for reading in after.readings):
                evidence.add("number", _NUMBER, "house number", after.words)
                evidence.identified = True
            elif after.adjacent:
                return False
        return True

    def house(self, entry: int, span: Span) -> Match | None:
        """Return what the text says for and against an entry whose house name stands at *span*, away from a street."""
        address = self.index.entries[entry].address
        evidence = _Evidence()
        evidence.add("house", _HOUSE, "house name", span)
        evidence.identified = True
        postcode = self._own_postcode(*span)
        if not self._postcode(evidence, address, postcode, span[1], exact=True):
            return None
        agrees = postcode is not None and postcode.key == address.postcode
        evidence.located = agrees
        self._town(evidence, address, span[0], span[1], agrees=agrees)
        return evidence.match(entry) if evidence.kinds & {"town", "near town", "postcode", "outward"} else None
