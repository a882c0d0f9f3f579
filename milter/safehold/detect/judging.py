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
from safehold.detect.towns import Towns
from safehold.detect.view import Span, View
from safehold.register import vocabulary
from safehold.register.addresses import Address, AddressIndex
from safehold.register.names import TITLES
from safehold.register.postcodes import Postcode
from safehold.register.spelling import SHORTEST_FUZZY

POSTCODE_REACH = 14
_OUTWARD_REACH = 7  # words from a street to the first half of a postcode
_LONGEST_REST = 5  # words of an address that stand below a blank line between its street and its postcode
_CASE_REACH = 15  # words around a name that show whether the writer uses capitals
_MOST_COLUMNS = 6  # addresses side by side
_MOST_DIGITS = 5
SHORTEST_HOUSE = 8  # letters of a house's name that are enough without its article, or with a slip
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
        self.towns = Towns(view, index, deep=deep)
        self.refused: set[tuple[int, int]] = set()

    @cached_property
    def postcodes(self) -> list[Postcode]:
        """Return the postcodes of the view, in order; of those in pieces the ones that the index knows."""
        pieced = [*self.view.pieced_postcodes, *(self.view.halved_postcodes if self.deep else ())]
        known = [postcode for postcode in pieced if self.index.at_postcode(postcode.key)]
        if not known:
            return self.view.postcodes
        return sorted((*self.view.postcodes, *known), key=lambda postcode: postcode.first)

    def street(self, entry: int, span: Span, *, slips: int = 0) -> Match | None:
        """Return what the text around the street name at *span* says for and against an entry.

        Args:
            entry: The entry.
            span: The words that are the name, but for as many letters as there are *slips*.
            slips: How many letters differ: none, one or two.
        """
        address = self.index.entries[entry].address
        evidence = Evidence()
        end, kind = self._street_end(span, address)
        claim = self.claims.of_street(address, span[0], end)
        start = claim.words[0] if claim else span[0]
        last = max(end, claim.words[1]) if claim and claim.adjacent else end  # a number right after the street
        postcode = self._own_postcode(start, last, address.postcode)
        agrees = postcode is not None and postcode.key == address.postcode
        if not self.deep and not agrees and kind and address.type not in {"", kind}:
            return None
        if not (
            self._number(evidence, address, claim, (span[0], end))
            and self._flat(evidence, address, claim, span[0], end)
        ):
            if postcode is not None and agrees:
                self.refused.add((entry, postcode.first))
            return None
        self._street_name(evidence, address, span, slips)
        self._type(evidence, address, kind, (span[0], end))
        self._town(evidence, address, start, last, agrees=agrees)
        if not self._postcode(evidence, address, postcode, last, exact=not slips):
            return None
        if "other type" in evidence.kinds and not self._makes_up_for_type(evidence, address, slips=slips):
            return None
        if slips and not evidence.kinds & {"town", "near town", "postcode", "outward", "house"}:
            evidence.is_doubtful = True  # a long name with a slip, and nothing that says where it is
        is_short = not kind and (bool(address.type) or not evidence.kinds & {"town", "near town"})
        if is_short and not self._can_be_short(evidence, span):
            return None
        return evidence.match(entry, postcode=postcode if agrees else None)

    def _can_be_short(self, evidence: Evidence, span: Span) -> bool:
        """Weaken what rests on a street's name without its type; False where it is a person's ("Mr Larkspur is 27")."""
        evidence.is_vague = evidence.is_vague or self._is_word(span, evidence)
        evidence.is_doubtful = evidence.is_doubtful or evidence.is_loose
        return span[0] == 0 or self.view.raw[span[0] - 1] not in TITLES

    @staticmethod
    def _street_name(evidence: Evidence, address: Address, span: Span, slips: int) -> None:
        """Add the evidence of the street's name."""
        worth = rarity.street(address.street) * (1.0, points.STREET_SLIP, points.STREET_SLIPS)[slips]
        said = ("street", "street (one letter differs)", "street (two letters differ)")[slips]
        evidence.add("street", worth, said, span)
        evidence.is_located = True
        evidence.is_contradicted = evidence.is_contradicted or bool(slips)

    def _is_word(self, span: Span, evidence: Evidence) -> bool:
        """Return whether what looks like the name of a street may be a word: in small letters where others are not."""
        view = self.view
        if "postcode" in evidence.kinds or view.is_capital(span[0]):
            return False
        town = evidence.spans.get("town") or evidence.spans.get("near town")
        around = (town[0], town[1]) if town else (max(span[0] - _CASE_REACH, 0), min(span[1] + _CASE_REACH, len(view)))
        return any(view.is_capital(place) for place in range(*around))

    @staticmethod
    def _type(evidence: Evidence, address: Address, kind: str, span: Span) -> None:
        """Add the evidence of the street's type."""
        if kind == address.type:
            if kind or address.street.startswith(vocabulary.LEADING_TYPES):
                evidence.add("type", points.TYPE, "street type", span)
        elif kind and address.type:
            evidence.against(points.OTHER_TYPE, "another street type")
            evidence.kinds.add("other type")
        elif address.type:
            evidence.is_contradicted = True

    def _makes_up_for_type(self, evidence: Evidence, address: Address, *, slips: int) -> bool:
        """Return whether what agrees outweighs another type; False where it makes another street.

        In the whole register Acacia Road and Acacia Avenue of one town are two streets.  Where one of few people is
        looked for, the town is enough to take one for the other, and so is the number beside a telling name.
        """
        if not self.deep:
            return True  # the postcode agrees
        telling = rarity.street(address.street) > rarity.COMMON_STREET
        if evidence.kinds & {"postcode", "town", "near town"}:
            return evidence.is_identified or telling
        evidence.points += points.OTHER_TYPE_ALONE
        return telling and evidence.is_identified and not evidence.is_loose and not slips

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
        start = claim.words[0] if claim else street[0]
        has_house = self._house(evidence, address, start, street[1])
        if claim is None or not address.numbers:
            if claim is not None and claim.adjacent and not has_house:
                return False
            if address.house and not has_house and self.claims.names_house(start):
                evidence.against(points.OTHER_HOUSE, "the name of another house")
                evidence.is_vague = True
            return True
        if any(fits(address, reading) for reading in claim.readings):
            worth, said = points.NUMBER if claim.adjacent else points.LOOSE_NUMBER, "house number"
        elif self.deep and any(fits(address, reading) for reading in claim.misread):
            worth, said = points.LOOSE_NUMBER, "house number (misread)"
            evidence.is_doubtful = True
        else:
            return not claim.adjacent or (self.deep and self._letter(evidence, address, claim))
        evidence.add("number", worth, said, claim.words)
        evidence.is_identified = True
        evidence.is_loose = not claim.adjacent
        return True

    @staticmethod
    def _letter(evidence: Evidence, address: Address, claim: Claim) -> bool:
        """Add what the number says that has a letter here and none there; False where it is another number.

        Where one of few people is looked for, "27a" is as likely the flat of 27 or a slip as a neighbour; and people
        leave the letter out.
        """
        suffixes = {suffix for numbers, suffix, _ in claim.readings if numbers & address.numbers}
        evidence.is_doubtful = True
        if "" in suffixes and address.suffix:
            evidence.add("number", points.LOOSE_NUMBER, "house number (its letter left out)", claim.words)
            evidence.is_identified = True
            return True
        if suffixes and not address.suffix and not address.flat:
            evidence.against(points.OTHER_LETTER, "house number with a letter")
            return True
        return False

    def _house(self, evidence: Evidence, address: Address, first: int, end: int) -> bool:
        """Add the evidence of the house's name near a street or postcode; False where it is not named."""
        if len(address.house) < SHORTEST_FUZZY - 1:
            return False
        low, high = max(first - 6, 0), end + 6
        short = address.house.removeprefix("the")
        for name in (address.house, short) if len(short) >= SHORTEST_HOUSE else (address.house,):
            if (span := next(self.view.find_run(name, low, high), None)) is not None:
                self._house_name(evidence, address, span, exact=True)
                return True
        span = next(self.view.near_run(address.house, low, high), None)
        if span is not None:
            self._house_name(evidence, address, span, exact=False)
        return span is not None

    @staticmethod
    def _house_name(evidence: Evidence, address: Address, span: Span, *, exact: bool) -> None:
        """Add the evidence of the house's name."""
        worth = rarity.house(address.house) * (1.0 if exact else points.HOUSE_SLIP)
        evidence.add("house", worth, "house name" if exact else "house name (one letter differs)", span)
        evidence.is_identified = True
        evidence.is_contradicted = evidence.is_contradicted or not exact

    def _flat(self, evidence: Evidence, address: Address, claim: Claim | None, first: int, end: int) -> bool:
        """Add the evidence of the flat; False where another flat is named."""
        start = claim.words[0] if claim else first
        flats = dict(self.claims.flats(start - 5, first)) | dict(self.claims.flats(end, end + 4))
        spelt = {flat for _, _, flat in claim.readings if flat} if claim else set()
        house = evidence.spans.get("house")
        in_block = self.claims.of_house(address, *house) if house and address.flat and not flats else None
        if in_block is False:
            return False
        if address.flat and address.flat in flats:
            evidence.add("flat", points.FLAT, "flat", flats[address.flat])
        elif address.flat and (address.flat in spelt or in_block):
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
        """Return whether an address seems to run on from its street to the postcode.

        Words of prose and those below a letter end it, and so does a blank line with many words after it.
        """
        between = range(min(end, postcode.first), postcode.first)
        if any(self.view.raw[place] in vocabulary.NOT_OF_ADDRESS for place in between):
            return False
        return len(between) <= _LONGEST_REST or not any("\n\n" in self.view.gap(place - 1) for place in between)

    def _outward(self, evidence: Evidence, address: Address, end: int) -> None:
        """Add the evidence of the first half of a postcode standing alone."""
        for place in range(end, min(end + _OUTWARD_REACH, len(self.view))):
            if self.view.raw[place] == address.outward:
                evidence.add("outward", points.OUTWARD, "first half of the postcode", (place, place + 1))
                return

    def _town(self, evidence: Evidence, address: Address, first: int, end: int, *, agrees: bool) -> None:
        """Add the evidence of the town, for or against."""
        named = self.towns.of(address, first, end)
        if named is not None:
            worth, kind, said, span = named
            evidence.add(kind, worth, said, span)
        elif not agrees and address.towns and (other := self.towns.another(end)) is not None:
            evidence.against(*other)

    def postcode(self, entry: int, postcode: Postcode) -> Match | None:
        """Return what the text around a postcode says for and against an entry of that postcode."""
        address = self.index.entries[entry].address
        if address.street:
            span, slips = self._street_near(address, postcode)
            if span is not None:
                return self.street(entry, span, slips=slips)
        evidence = Evidence()
        said = "full postcode (misread)" if postcode.misread else "full postcode"
        evidence.add("postcode", points.POSTCODE, said, (postcode.first, postcode.last + 1))
        evidence.is_located = True
        evidence.is_doubtful = postcode.misread  # with a number alone; beside its street it is no matter
        has_house = self._house(evidence, address, postcode.first - 8, postcode.last)
        if not has_house and not self._number_at_postcode(evidence, address, postcode):
            self.refused.add((entry, postcode.first))
            return None
        claim = Claim((), (postcode.first, postcode.last + 1), adjacent=False)
        if not self._flat(evidence, address, claim, postcode.first, postcode.last + 1):
            return None
        return evidence.match(entry, postcode=postcode, bare_postcode=not evidence.is_identified)

    def _street_near(self, address: Address, postcode: Postcode) -> tuple[Span | None, int]:
        """Return the nearest words around a postcode that name the street, and how many letters differ."""
        low, high = max(postcode.first - POSTCODE_REACH - 4, 0), postcode.last + 8
        for spans, slips in (
            (self.view.find_run(address.street, low, high), 0),
            (self.view.near_run(address.street, low, high), 1),
        ):
            mine = [span for span in spans if self._is_street_of(span, postcode)]
            if mine:
                return min(mine, key=lambda span: abs(span[1] - postcode.first)), slips
        return None, 0

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

    def house(self, entry: int, span: Span, *, exact: bool = True) -> Match | None:
        """Return what the text says for and against an entry whose house name stands at *span*, away from a street.

        In a block the number of the flat says which home it is, as a house number does in a street.
        """
        address = self.index.entries[entry].address
        evidence = Evidence()
        self._house_name(evidence, address, span, exact=exact)
        if not self._in_block(evidence, address, span):
            return None
        postcode = self._own_postcode(*span, address.postcode)
        agrees = postcode is not None and postcode.key == address.postcode
        evidence.is_located = agrees
        self._town(evidence, address, span[0], span[1], agrees=agrees)
        if not self._postcode(evidence, address, postcode, span[1], exact=exact):
            return None
        evidence.is_vague = self._is_word(span, evidence)
        places = {"town", "near town", "postcode", "outward"}
        if not evidence.kinds & places and postcode is not None and postcode.first >= span[1]:
            return None
        return evidence.match(entry)

    def _in_block(self, evidence: Evidence, address: Address, house: Span) -> bool:
        """Add the evidence of the flat beside a house's name; False where another one is named."""
        named = self.claims.of_house(address, *house)
        if named:
            evidence.add("flat", points.NUMBER, "flat")
        return named is not False

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
