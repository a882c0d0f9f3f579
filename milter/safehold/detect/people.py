# SPDX-License-Identifier: GPL-3.0-or-later
"""Which people of the register a text contains, where, and how surely.

``find`` searches deeply for the people in *scope* (those to whom a recipient is adverse), where weak forms count, and
for ``certain`` forms of everybody in the registers named by *whole*.  A finding says where and why, never what.

Pure; the time it takes is linear in the text.  Contract and figures: matching.md, sections 3 and 5.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from safehold.detect import addresses, apart, values
from safehold.detect.addresses import Budget
from safehold.detect.hits import Hit, Placed, Spans
from safehold.detect.names import NameSearch
from safehold.detect.points import Match
from safehold.detect.together import Names
from safehold.detect.view import View, joined
from safehold.detect.weak_emails import WeakEmails
from safehold.detect.weak_phones import WeakPhones
from safehold.model import Finding, Segment, Strength
from safehold.register.addresses import AddressIndex
from safehold.register.index import Register
from safehold.register.people import Kind

# A page of nothing but addresses needs some 40 judgements a kilobyte; this is far above it.
_CANDIDATES = 20_000
_CANDIDATES_PER_CHARACTER = 0.25
# More than any innocent message holds, and a second's work: what a hundred people of one address make of a page is 20.
_FOUND = 20_000
# A character of a view costs some hundred bytes as long as the search lasts (measured), and the milter is one process.
_RENDERED = 1_000_000


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found, and whether it could look at every candidate."""

    findings: tuple[Finding, ...]
    is_complete: bool


def find(
    segments: Sequence[Segment], register: Register, *, scope: frozenset[str], whole: frozenset[str]
) -> tuple[Finding, ...]:
    """Return what the segments contain of the people searched for, in order of place.

    Args:
        segments: The text; ``Finding.segment`` is a position here.
        register: The people.
        scope: Ids of the people to search for deeply.
        whole: Names of the registers of which everybody is searched for, ``certain`` findings only.
    """
    return search(segments, register, scope=scope, whole=whole).findings


def search(segments: Sequence[Segment], register: Register, *, scope: frozenset[str], whole: frozenset[str]) -> Search:
    """Return the findings as :func:`find` does, and whether the search had to leave candidates out."""
    wanted = _Wanted.of(register, scope, whole)
    if not wanted.anybody:
        return Search((), is_complete=True)
    size = sum(len(segment.text) for segment in segments)
    budget = Budget(_CANDIDATES + int(_CANDIDATES_PER_CHARACTER * size), _RENDERED, _FOUND)
    inside = NameSearch(register, sorted(wanted.scope))
    hunt = _Hunt(register, wanted, budget, inside.surnames)
    for stretch in joined(segments):
        for view in stretch.views():
            hunt.whole_view(view)
        over_pages = stretch.over_pages()
        if over_pages is not None:
            hunt.look(over_pages)
    if wanted.scope:
        hunt.over_places(segments)
    placed = hunt.placed + _names_in(hunt, register, wanted, inside, budget)
    kept = _once(placed)
    names = Names(kept)
    findings = [_finding(replace(place, hit=names.added_up(place)), segments) for place in kept]
    findings.sort(key=lambda finding: (finding.segment, finding.span, finding.person, finding.field))
    return Search(tuple(findings), is_complete=not budget.is_spent)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Whom a search is for."""

    scope: frozenset[str]
    whole: frozenset[str]
    is_wanted: Callable[[str], bool]

    @classmethod
    def of(cls, register: Register, scope: frozenset[str], whole: frozenset[str]) -> "_Wanted":
        """Return the people of *scope* that exist, and the registers of *whole* that have people."""
        known = frozenset(person for person in scope if register.person(person) is not None)
        named = whole & register.registers

        def is_wanted(person_id: str) -> bool:
            if person_id in known:
                return True
            person = register.person(person_id) if named else None
            return person is not None and person.register in named

        return cls(known, named, is_wanted)

    @property
    def anybody(self) -> bool:
        """Return whether there is anybody to search for."""
        return bool(self.scope or self.whole)


# -- addresses and whole values ---------------------------------------------------------------------------------------


class _Hunt:
    """The search for all but names, view after view.

    Attributes:
        seen: Every view looked at.
        placed: What was found in them.
    """

    def __init__(self, register: Register, wanted: _Wanted, budget: Budget, surnames: AbstractSet[str]) -> None:
        self._register = register
        self._wanted = wanted
        self._budget = budget
        self._surnames = surnames
        self._weak_phones = WeakPhones(register, sorted(wanted.scope) if Kind.PHONE in register.kinds else ())
        self._weak_emails = WeakEmails(register, sorted(wanted.scope) if Kind.EMAIL in register.kinds else ())
        self.seen: list[View] = []
        self.placed: list[Placed] = []

    def whole_view(self, view: View) -> None:
        """Look at a view and at all other renderings of it."""
        sighted = self.look(view)
        for other in self._others(view, sighted):
            if not self._budget.take_characters(len(other.text)):
                return
            self.look(other)

    def _others(self, view: View, sighted: set[int]) -> Iterator[View]:
        """Yield the other renderings, none where they may not be looked at any more: making one takes memory too."""
        if self._budget.characters < 0:
            return
        yield from view.undone()
        if self._wanted.scope:
            yield from view.guessed(sighted)
        columns = view.columns(sighted, self._surnames)
        if columns is not None:
            yield columns

    def look(self, view: View) -> set[int]:
        """Look at one view; return the words at which a street or postcode stands that somebody lives in."""
        self.seen.append(view)
        sighted: set[int] = set()
        for hit in self._hits(view, sighted):
            if view.is_news(hit.start, hit.end):
                if not self._budget.take_finding():
                    break
                self.placed.append(_place(view, hit))
        return sighted

    def over_places(self, segments: Sequence[Segment]) -> None:
        """Put together what stands in several places of the message, for the people in scope."""
        self.placed = self._weak_phones.settled(self.placed)
        index = self._register.addresses_of(self._wanted.scope)
        self.placed += apart.summed(self.placed, self.seen, segments, index)
        seams = apart.seams(segments, index, self._weak_phones.numbers)
        if seams is not None and self._budget.take_characters(len(seams.text)):
            found = (apart.over_seam(seams, hit, segments, index) for hit in self._hits(seams, set()))
            self.placed += [place for place in found if place is not None]

    def _hits(self, view: View, sighted: set[int]) -> Iterator[Hit]:
        """Yield what is in a view; of what is only a guess the people in scope, and not more than likely."""
        if not view.is_guess:
            yield from self._whole_hits(view, sighted)
            return
        for hit in self._whole_hits(view, sighted):
            if hit.person in self._wanted.scope:
                yield replace(hit, strength=Strength.LIKELY) if hit.strength is Strength.CERTAIN else hit

    def _whole_hits(self, view: View, sighted: set[int]) -> Iterator[Hit]:
        register, wanted = self._register, self._wanted
        for hit in values.find(view, register, allowed=wanted.is_wanted):
            if hit.person in wanted.scope or hit.strength is Strength.CERTAIN:
                yield hit
        if wanted.scope:
            yield from self._weak_phones.find(view)
            yield from self._weak_emails.find(view)
            index = register.addresses_of(wanted.scope)
            hits = list(self._addresses(view, index, sighted, deep=True))
            yield from hits
            if not view.in_columns:
                yield from _postcodes(view, register, wanted.scope, hits)
        if wanted.whole and not view.is_guess:
            for hit in self._addresses(view, register.addresses, sighted, deep=False):
                if hit.person not in wanted.scope:
                    yield hit

    def _addresses(self, view: View, index: AddressIndex, sighted: set[int], *, deep: bool) -> Iterator[Hit]:
        """Yield the addresses of one index."""
        for match in addresses.find(view, index, deep=deep, budget=self._budget, sighted=sighted):
            entry = index.entries[match.entry]
            start, end = view.characters(*match.words)
            if self._wanted.is_wanted(entry.owner) and (not view.in_columns or _is_column(view, match, start, end)):
                name = Kind.POSTCODE if match.bare_postcode else Kind.ADDRESS
                yield Hit(
                    entry.owner,
                    name.value,
                    entry.value,
                    start,
                    end,
                    match.strength,
                    match.why,
                    match.points,
                    match.kinds,
                )


def _is_column(view: View, match: Match, start: int, end: int) -> bool:
    """Return whether the cells of a column are an address: in a list of many the next cell is somebody else's."""
    return match.is_firm and match.strength is not Strength.HINT and view.is_of_cells(start, end)


def _postcodes(view: View, register: Register, scope: frozenset[str], found: Sequence[Hit]) -> Iterator[Hit]:
    """Yield the postcodes that are values of their own."""
    if Kind.POSTCODE not in register.kinds:
        return
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for hit in found:
        spans[hit.person].append((hit.start, hit.end))
    mine = {person: Spans(of_person) for person, of_person in spans.items()}
    for postcode in view.postcodes:
        start, end = view.characters(postcode.first, postcode.last + 1)
        for person, value in register.holders(Kind.POSTCODE, postcode.key):
            if person in scope and not _is_neighbours(register, person, postcode.key, (start, end), mine.get(person)):
                yield Hit(person, Kind.POSTCODE.value, value, start, end, Strength.LIKELY, "full postcode", 20.0)


def _is_neighbours(register: Register, person: str, key: str, span: tuple[int, int], mine: Spans | None) -> bool:
    """Return whether a postcode was judged as part of the person's own address there, and refused."""
    index = register.addresses_of(frozenset({person}))
    if not index.at_postcode(key):
        return False
    return mine is None or mine.gap(*span) >= 0


def _place(view: View, hit: Hit) -> Placed:
    segment, span = view.locate(hit.start, hit.end)
    return Placed(hit, segment, span, view.is_plain)


def _once(placed: Iterable[Placed]) -> list[Placed]:
    """Return the hits without those that share text with a better one of the same person and kind.

    A postcode inside an address found of the same person counts as part of that.
    """
    kept: list[Placed] = []
    taken: dict[tuple[str, str, int], _Taken] = defaultdict(_Taken)
    order = sorted(placed, key=lambda item: (item.hit.field == Kind.POSTCODE, *(-part for part in item.rank)))
    for place in order:  # postcodes last, when all addresses are known
        hit = place.hit
        fields = {hit.field, Kind.ADDRESS.value} if hit.field == Kind.POSTCODE else {hit.field}
        if not any(taken[hit.person, name, place.segment].meets(place.span) for name in fields):
            taken[hit.person, hit.field, place.segment].add(place.span)
            kept.append(place)
    return kept


class _Taken:
    """Spans that share no text with each other, in order."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def meets(self, span: tuple[int, int]) -> bool:
        """Return whether *span* shares text with one of them."""
        place = bisect_left(self._spans, (span[0], span[0]))
        before = self._spans[place - 1] if place else (0, 0)
        after = self._spans[place] if place < len(self._spans) else (span[1], span[1])
        return before[1] > span[0] or after[0] < span[1]

    def add(self, span: tuple[int, int]) -> None:
        """Take one more."""
        insort(self._spans, span)


# -- names ------------------------------------------------------------------------------------------------------------


def _names_in(hunt: "_Hunt", register: Register, wanted: _Wanted, inside: NameSearch, budget: Budget) -> list[Placed]:
    """Return the names of the people in scope and of those found: as strong as the strongest of the others."""
    strongest = _strongest(hunt.placed)
    outside = NameSearch(register, sorted(strongest.keys() - wanted.scope))
    placed: list[Placed] = []
    for search_names in (search for search in (inside, outside) if search):
        for view in hunt.seen:
            for hit in _named(search_names, view, strongest):
                if view.is_news(hit.start, hit.end):
                    if not budget.take_finding():
                        return placed
                    placed.append(_place(view, hit))
    return placed


def _named(search: NameSearch, view: View, strongest: Mapping[str, Strength]) -> Iterator[Hit]:
    """Yield the names and schools of a view."""
    for hit in search.find(view):
        other = strongest.get(hit.person, Strength.HINT)
        is_full = hit.strength is not Strength.HINT
        if is_full and other.rank > hit.strength.rank:
            hit = replace(hit, strength=other, why=f"{hit.why}, beside another value of the person")
        if not view.in_columns or (is_full and view.is_whole_cells(hit.start, hit.end)):
            yield hit
    if not view.in_columns:
        yield from search.schools(view)


def _strongest(found: Iterable[Placed]) -> Mapping[str, Strength]:
    best: dict[str, Strength] = {}
    for place in found:
        known = best.get(place.hit.person)
        if known is None or place.hit.strength.rank > known.rank:
            best[place.hit.person] = place.hit.strength
    return best


def _finding(place: Placed, segments: Sequence[Segment]) -> Finding:
    return Finding(
        detector="register",
        person=place.hit.person,
        field=place.hit.field,
        value=place.hit.value,
        segment=place.segment,
        place=segments[place.segment].place_at(place.span[0]),
        span=place.span,
        strength=place.hit.strength,
        why=place.hit.why,
    )
