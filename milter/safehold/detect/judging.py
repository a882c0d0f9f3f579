# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging one address against the text around it: named evidence with points, and vetoes.

What agrees adds points, what contradicts takes some away; another house number, house letter or flat ends it, for
*numbers need equality, words need tolerance* (matching.md 2.2).  The points are those of matching.md, section 5.  Pure.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from operator import attrgetter

from rapidfuzz.distance import Levenshtein

from safehold.detect import points, rarity
from safehold.detect.claims import Claim, Claims, fits
from safehold.detect.points import Evidence, Match
from safehold.detect.view import Span, View
from safehold.register import vocabulary
from safehold.register.addresses import Address, AddressIndex
from safehold.register.postcodes import Postcode
from safehold.register.spelling import SHORTEST_FUZZY

TOWN_REACH = 14  # words from a street to its town
POSTCODE_REACH = 14
# Words that stand in prose and in no address: a postcode after one of them may be that of another place.
_PROSE_WORDS = "are as but for from has have he her his is it near not or she than that their they was we were"
_PROSE = frozenset(_PROSE_WORDS.split())
_MOST_COLUMNS = 6  # addresses side by side
_MOST_DIGITS = 5
_first = attrgetter("first")


class Judge:
    """Says what one view holds for and against the entries of one index.

    Attributes:
        refused: Entries and the first words of postcodes that turned out to be a neighbour's: what else in the text
            rests on such a postcode is no match either.
    """

    def __init__(self, view: View, index: AddressIndex, *, deep: bool) -> None:
        self.view = view
        self.index = index
        self.deep = deep
        self.claims = Claims(view)
        self.refused: set[tuple[int, int]] = set()

    @cached_property
    def postcodes(self) -> list[Postcode]:
        """Return the postcodes of the view, in order; of those in pieces the ones that the index knows."""
        pieced = [*self.view.pieced_postcodes, *(self.view.halved_postcodes if self.deep else ())]
        known = [postcode for postcode in pieced if self.index.at_postcode(postcode.key)]
        if not known:
            return self.view.postcodes
        return sorted((*self.view.postcodes, *known), key=lambda postcode: postcode.first)

    def street(self, entry: int, span: Span, *, exact: bool) -> Match | None:
        """Return what the text around the street name at *span* says for and against an entry."""
        address = self.index.entries[entry].address
        evidence = Evidence()
        end, kind = self._street_end(span, address)
        claim = self.claims.of_street(address, span[0], end)
        start = claim.words[0] if claim else span[0]
        postcode = self._own_postcode(start, end, address.postcode)
        agrees = postcode is not None and postcode.key == address.postcode
        if not self._number(evidence, address, claim, (span[0], end)):
            if postcode is not None and agrees:
                self.refused.add((entry, postcode.first))
            return None
        worth = rarity.street(address.street) * (1 if exact else points.STREET_SLIP)
        evidence.add("street", worth, "street" if exact else "street (one letter differs)", span)
        evidence.is_located = True
        if not exact:
            evidence.is_contradicted = True
        if not self._type(evidence, address, kind, (span[0], end), agrees=agrees):
            return None
        if not self._flat(evidence, address, claim, span[0], end):
            if postcode is not None and agrees:
                self.refused.add((entry, postcode.first))
            return None
        self._town(evidence, address, start, end, agrees=agrees)
        if not self._postcode(evidence, address, postcode, end, exact=exact):
            return None
        if "other type" in evidence.kinds and not self._makes_up_for_type(evidence, address):
            return None
        return evidence.match(entry, postcode=postcode if agrees else None)

    def _type(self, evidence: Evidence, address: Address, kind: str, span: Span, *, agrees: bool) -> bool:
        """Add the evidence of the street's type; False where another one is that of another street.

        In the whole register Acacia Road and Acacia Avenue of one town are two streets; where one of few people is
        looked for, the town is enough to take one for the other (but the town has yet to be found).
        """
        if kind == address.type:
            if kind:
                evidence.add("type", points.TYPE, "street type", span)
            return True
        if kind and address.type:
            if not agrees and not self.deep:
                return False
            evidence.against(points.OTHER_TYPE, "another street type")
            evidence.kinds.add("other type")
        elif address.type:
            evidence.is_contradicted = True
        return True

    @staticmethod
    def _makes_up_for_type(evidence: Evidence, address: Address) -> bool:
        """Return whether postcode or town, and where there is no number a telling name, outweigh another type."""
        if not evidence.kinds & {"postcode", "town", "near town"}:
            return False
        return evidence.is_identified or rarity.street(address.street) > rarity.COMMON_STREET

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
        if end < len(words) and words[end].key in vocabulary.DIRECTIONS and address.street.endswith(words[end].key):
            end += 1
        return end, kind

    def _number(self, evidence: Evidence, address: Address, claim: Claim | None, street: Span) -> bool:
        """Add the evidence of number or house name; False where another house is named."""
        house = self._house(address, claim.words[0] if claim else street[0], street[1])
        if house is not None:
            evidence.add("house", points.HOUSE, "house name", house)
            evidence.is_identified = True
        if claim is None:
            return True
        if not address.numbers:
            return house is not None or not claim.adjacent
        if any(fits(address, reading) for reading in claim.readings):
            worth, said = points.NUMBER if claim.adjacent else points.LOOSE_NUMBER, "house number"
        elif self.deep and any(fits(address, reading) for reading in claim.misread):
            worth, said = points.LOOSE_NUMBER, "house number (misread)"
            evidence.is_doubtful = True
        else:
            return not claim.adjacent
        evidence.add("number", worth, said, claim.words)
        evidence.is_identified = True
        evidence.is_loose = not claim.adjacent
        return True

    def _house(self, address: Address, first: int, end: int) -> Span | None:
        """Return the words near the street that are the name of the entry's house, or None."""
        if len(address.house) < SHORTEST_FUZZY - 1:
            return None
        low, high = max(first - 6, 0), end + 6
        found = next(self.view.find_run(address.house, low, high), None)
        return found or next(self.view.near_run(address.house, low, high), None)

    def _flat(self, evidence: Evidence, address: Address, claim: Claim | None, first: int, end: int) -> bool:
        """Add the evidence of the flat; False where another flat is named."""
        start = claim.words[0] if claim else first
        flats = dict(self.claims.flats(start - 5, first)) | dict(self.claims.flats(end, end + 4))
        spelt = {flat for _, _, flat in claim.readings if flat} if claim else set()
        if address.flat and address.flat in flats:
            evidence.add("flat", points.FLAT, "flat", flats[address.flat])
        elif address.flat and address.flat in spelt:
            evidence.add("flat", points.FLAT, "flat")
        elif address.flat and flats:
            return False
        elif bool(address.flat) != bool(flats):
            evidence.points += points.FLAT_UNNAMED
        return True

    def _own_postcode(self, first: int, end: int, wanted: str) -> Postcode | None:
        """Return the postcode that belongs to a street: the next one before another address begins, else one before.

        Of several side by side (addresses in columns) it is the *wanted* one, if that is among them.
        """
        view = self.view
        for postcode in self._postcodes_in(end, end + POSTCODE_REACH):
            if not self._is_real(postcode):
                continue
            between = view.numbers_in(end, postcode.first)
            if any(view.claimed_by(place) >= 0 for place in between):
                break
            return next((other for other in self._beside(postcode) if other.key == wanted), postcode)
        before = self._postcodes_in(first - POSTCODE_REACH // 2, first)
        return next(filter(self._is_real, reversed(before)), None)

    def _postcodes_in(self, first: int, last: int) -> list[Postcode]:
        """Return the postcodes that begin at words from *first* up to *last*."""
        found = self.postcodes
        low = bisect_left(found, first, key=_first)
        return found[low : bisect_left(found, last, lo=low, key=_first)]

    def _beside(self, postcode: Postcode) -> Iterator[Postcode]:
        """Yield a postcode and those that follow it with no word between."""
        place = bisect_left(self.postcodes, postcode.first, key=_first)
        last = postcode.first - 1
        for other in self.postcodes[place : place + _MOST_COLUMNS]:
            if other.first > last + 1:
                return
            last = max(last, other.last)
            yield other

    def _is_real(self, postcode: Postcode) -> bool:
        """Return whether a postcode is spelt properly, or is one of the index in spite of a confused letter."""
        return postcode.strict or bool(self.index.at_postcode(postcode.key))

    def _postcode(
        self, evidence: Evidence, address: Address, postcode: Postcode | None, end: int, *, exact: bool
    ) -> bool:
        """Add the evidence of the postcode; False where another one speaks against a misspelt street."""
        if not address.postcode:
            return True
        if postcode is None:
            self._outward(evidence, address, end)
            return True
        if postcode.key == address.postcode:
            said = "full postcode (misread)" if postcode.misread else "full postcode"
            evidence.add("postcode", points.POSTCODE, said, (postcode.first, postcode.last + 1))
            return True
        # No address begins with its postcode: one that stands before is a letterhead's, or of the address before.
        if not postcode.strict or postcode.first < end or not self._runs_on(end, postcode):
            return True
        return self._another_postcode(evidence, address, postcode, exact=exact)

    def _another_postcode(self, evidence: Evidence, address: Address, postcode: Postcode, *, exact: bool) -> bool:
        """Add what a postcode that is not the entry's says against it; False where it says enough.

        Number, street and town together are an address without any postcode.  Where one of few people is looked for,
        the next postcode is then as likely that of an office below the signature, or a slip, and makes it doubtful.
        """
        is_slip = Levenshtein.distance(postcode.key, address.postcode, score_cutoff=1) <= 1
        is_complete = evidence.is_identified and not evidence.is_loose and bool(evidence.kinds & {"town", "near town"})
        if self.deep and (is_slip or is_complete):
            evidence.is_doubtful = True
            evidence.against(0.0 if is_slip else points.NEAR_POSTCODE, "another postcode")
            return True
        if not exact:
            return False
        if postcode.outward == address.outward:
            evidence.against(points.NEAR_POSTCODE, "another postcode of the same district")
        else:
            evidence.against(points.FAR_POSTCODE, "another postcode")
        return True

    def _runs_on(self, end: int, postcode: Postcode) -> bool:
        """Return whether an address seems to run on from its street to the postcode, with no word of prose between."""
        return not any(raw in _PROSE for raw in self.view.raw[min(end, postcode.first) : postcode.first])

    def _outward(self, evidence: Evidence, address: Address, end: int) -> None:
        """Add the evidence of the first half of a postcode standing alone."""
        for place in range(end, min(end + TOWN_REACH // 2, len(self.view))):
            if self.view.raw[place] == address.outward:
                evidence.add("outward", points.OUTWARD, "first half of the postcode", (place, place + 1))
                return

    def _town(self, evidence: Evidence, address: Address, first: int, end: int, *, agrees: bool) -> None:
        """Add the evidence of the town, for or against."""
        last = self._next_address(end)
        for low, high in ((end, last), (first - TOWN_REACH // 2, first)):
            best = self._named_town(address, low, high)
            if best is not None:
                worth, said, span = best
                evidence.add("town" if said == "town" else "near town", worth, said, span)
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
            (rarity.town(town) * points.TOWN_SLIP, "town (one letter differs)", span)
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

    def _other_town(self, evidence: Evidence, end: int) -> None:
        """Take points away where another town follows the street."""
        view = self.view
        if end >= len(view):
            return
        run = ""
        for place in range(end, min(end + 4, len(view))):
            run += view.each[place].key
            if rarity.is_town(run) or (run in self.index.towns and len(run) > 3):
                evidence.against(points.OTHER_TOWN, "another town")
                return
        if view.gap(end - 1).strip(" ") == "," and view.is_capital(end):
            evidence.against(points.UNKNOWN_TOWN, "another place name")

    def postcode(self, entry: int, postcode: Postcode) -> Match | None:
        """Return what the text around a postcode says for and against an entry of that postcode."""
        address = self.index.entries[entry].address
        if address.street:
            span, exact = self._street_near(address, postcode)
            if span is not None:
                return self.street(entry, span, exact=exact)
        evidence = Evidence()
        said = "full postcode (misread)" if postcode.misread else "full postcode"
        evidence.add("postcode", points.POSTCODE, said, (postcode.first, postcode.last + 1))
        evidence.is_located = True
        evidence.is_doubtful = postcode.misread  # with a number alone; beside its street it is no matter
        house = self._house(address, postcode.first - 8, postcode.last)
        if house is not None:
            evidence.add("house", points.HOUSE, "house name", house)
            evidence.is_identified = True
        elif not self._number_at_postcode(evidence, address, postcode):
            self.refused.add((entry, postcode.first))
            return None
        claim = Claim((), (postcode.first, postcode.last + 1), adjacent=False)
        if not self._flat(evidence, address, claim, postcode.first, postcode.last + 1):
            return None
        return evidence.match(entry, postcode=postcode, bare_postcode=not evidence.is_identified)

    def _street_near(self, address: Address, postcode: Postcode) -> tuple[Span | None, bool]:
        """Return the nearest words around a postcode that name the street, and whether exactly."""
        low, high = max(postcode.first - POSTCODE_REACH - 4, 0), postcode.last + 8
        for spans, exact in (
            (self.view.find_run(address.street, low, high), True),
            (self.view.near_run(address.street, low, high), False),
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
        telling = len("".join(word.key for word in words[span[0] : span[1]])) >= SHORTEST_FUZZY
        return (typed or (telling and (numbered or close))) and self._own_postcode(*span, postcode.key) == postcode

    def _number_at_postcode(self, evidence: Evidence, address: Address, postcode: Postcode) -> bool:
        """Add the evidence of a number beside a postcode; False where the postcode is a neighbour's."""
        claim = self.claims.of_postcode(postcode)
        if claim is not None:
            if not address.numbers or not any(fits(address, reading) for reading in claim.readings):
                return False
            evidence.add("number", points.NUMBER, "house number", (claim.words[0], postcode.last + 1))
            evidence.is_identified = True
            if not claim.adjacent and address.street:
                evidence.against(points.OTHER_STREET, "another street")
            return True
        after = self.claims.after(postcode.first, postcode.last + 1)
        if after is not None and address.numbers:
            if any(fits(address, reading) for reading in after.readings):
                evidence.add("number", points.NUMBER, "house number", after.words)
                evidence.is_identified = True
            elif after.adjacent:
                return False
        return True

    def house(self, entry: int, span: Span) -> Match | None:
        """Return what the text says for and against an entry whose house name stands at *span*, away from a street."""
        address = self.index.entries[entry].address
        evidence = Evidence()
        evidence.add("house", points.HOUSE, "house name", span)
        evidence.is_identified = True
        postcode = self._own_postcode(*span, address.postcode)
        agrees = postcode is not None and postcode.key == address.postcode
        evidence.is_located = agrees
        self._town(evidence, address, span[0], span[1], agrees=agrees)
        if not self._postcode(evidence, address, postcode, span[1], exact=True):
            return None
        return evidence.match(entry) if evidence.kinds & {"town", "near town", "postcode", "outward"} else None

    def glued(self, entry: int, span: Span, run: str) -> Match | None:
        """Return what words that hold a street and its type with other things glued to them say for an entry.

        Args:
            entry: The entry.
            span: The words that street and type lie in.
            run: Street and type, as a run of letters.
        """
        address = self.index.entries[entry].address
        if run != address.street + address.type:
            return None
        around = "".join(word.key for word in self.view.each[max(span[0] - 1, 0) : span[1] + 2])
        before, _, after = around.partition(run)
        evidence = Evidence()
        evidence.add("street", rarity.street(address.street), "street", span)
        evidence.add("type", points.TYPE, "street type (run together)", span)
        evidence.is_located = evidence.is_doubtful = True
        digits = _digits_at_end(before) or _digits_at_end(after[:_MOST_DIGITS][::-1])[::-1]
        if digits:
            if int(digits) not in address.numbers:
                return None
            evidence.add("number", points.NUMBER, "house number", span)
            evidence.is_identified = True
        named = [town for town in address.towns if after.startswith(town) or before.endswith(town)]
        if named:
            evidence.add("town", max(map(rarity.town, named)), "town", span)
        return evidence.match(entry)


def _digits_at_end(text: str) -> str:
    """Return the digits that end *text*, if they can be a house number."""
    digits = text[len(text.rstrip("0123456789")) :]
    return digits if 0 < len(digits) < _MOST_DIGITS else ""
