# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found in one message, arranged so that policies can ask about it: hits, where they stand, what was not read.

Pure.  Everything is computed at most once a message, and only when a policy asks: words are counted for ``within: 40
words`` alone.  Windows are grouped, never multiplied out: their number is at most that of the hits.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from safehold.model import Finding, PartPath, PlaceKind, Problem, Reading, Reason, Strength, Visibility
from safehold.policy.language import Blind, Unit, Where, Within
from safehold.register.people import EVERYBODY

NAME_FIELDS = frozenset({"name", "alias"})
# A part with more hits than this is a table of them.  Windows inside it widen to the part: more is held, never less,
# and the time stays linear.
HITS_A_PART = 200
# Unread parts that also hold hits (salvaged files) are asked one by one up to here, then together.
UNREAD_APART = 40

_WORD = re.compile(r"\w+")
_PARAGRAPH = re.compile(r"\n[ \t>]*\r?\n")
# person, field, position of the value, segment, span
_Key = tuple[str, str, int, int, tuple[int, int]]
_Keys = Callable[["Hit"], tuple[object, ...]]
_RANKS = {strength: strength.rank for strength in Strength}
_NOBODY: frozenset[str] = frozenset()
_PAGES = frozenset({PlaceKind.PAGE, PlaceKind.SLIDE})
# Where a fact about an attachment stands.
_OF_PARTS = frozenset({Where.ATTACHMENT})
# Whose insides are pages and pictures; a file may hide in them too, and then the reader tells it as a part.
_NO_CONTAINERS = ("image/", "text/", "audio/", "video/", "application/pdf", "application/rtf")


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """One finding with what the evaluator asks of it.

    Attributes:
        base: Rank of its strength in the search that does not depend on the recipients; 0 where only the deep search
            of somebody's scope found it.
        deep: Rank in the deep search, 0 where it was not found there.
        term: Key of the phrase list or pattern, or "".
        register: Register of its person, or "".
        known_to: Adverse parties who know the value.
        around: Larger hits of the same person that this one lies in (rule 5).
    """

    finding: Finding
    base: int = 0
    deep: int = 0
    term: str = ""
    register: str = ""
    known_to: frozenset[str] = frozenset()
    around: tuple["Hit", ...] = field(default=(), repr=False)

    def known_by(self, parties: frozenset[str]) -> bool:
        """Return whether all of *parties* know this value, or a larger one that it is a piece of."""
        if not parties:
            return False
        knows = EVERYBODY in self.known_to or parties <= self.known_to
        return knows or any(EVERYBODY in hit.known_to or parties <= hit.known_to for hit in self.around)


@dataclass(frozen=True, slots=True)
class Unread:
    """Some parts that could not be read and that no policy can tell apart.

    Attributes:
        parts: The parts.
        problems: What is wrong with them.
        where: Where a text in them would stand.
        is_container: Whether other parts may be in one of them that were not seen.
    """

    parts: frozenset[PartPath] = field(repr=False)
    problems: tuple[Problem, ...]
    where: frozenset[Where]
    is_container: bool = True

    @property
    def reasons(self) -> frozenset[Reason]:
        """Return why they could not be read."""
        return frozenset(problem.reason for problem in self.problems)

    def could_hold(self, where: frozenset[Where], blind: Blind = Blind.ANYWHERE) -> bool:
        """Return whether a condition that looks in *where* (empty: anywhere) could have hit here."""
        if blind is Blind.NOWHERE or (blind is Blind.INSIDE and not self.is_container):
            return False
        return not where or bool(where & self.where)


class Evidence:
    """All hits of one message.

    Args:
        reading: What was read.
        base: Findings of people that do not depend on who gets the message.
        deep: Findings of the deep search in the scope of recipients and addressees.
        terms: Findings of phrases and patterns by key.
        everywhere: Keys of terms with more findings than were listed.
        registers: Person id -> register.
        known_to: (person id, position of value) -> adverse parties who know it.
    """

    def __init__(
        self,
        reading: Reading,
        *,
        base: Iterable[Finding] = (),
        deep: Iterable[Finding] = (),
        terms: Mapping[str, Iterable[Finding]] | None = None,
        everywhere: frozenset[str] = frozenset(),
        registers: Mapping[str, str] | None = None,
        known_to: Mapping[tuple[str, int], frozenset[str]] | None = None,
    ) -> None:
        self.reading = reading
        self.everywhere = everywhere
        self._parts = {part.path: part for part in reading.parts}
        self._layout: dict[int, _Segment] = {}
        self._words: dict[int, list[int]] = {}
        self._bases: dict[int, int] = {}
        self.people: dict[str, list[Hit]] = defaultdict(list)
        for hit in _people(base, deep, registers or {}, known_to or {}):
            self.people[hit.register].append(hit)
        self.terms = {
            key: [Hit(finding, base=Strength.CERTAIN.rank, term=key) for finding in findings]
            for key, findings in (terms or {}).items()
        }
        self.unread = self._unread(reading.problems)

    @property
    def registers(self) -> AbstractSet[str]:
        """Return the registers of which somebody was found."""
        return self.people.keys()

    @property
    def found(self) -> AbstractSet[str]:
        """Return the keys of the terms that were found."""
        return {key for key, hits in self.terms.items() if hits} | self.everywhere

    # -- where things stand --

    def attachment(self, path: PartPath) -> int:
        """Return the number of the top-level attachment that a part lies in, 0 for the body."""
        part = self._parts.get(path)
        return part.attachment if part is not None else 0

    def where(self, hit: Hit) -> frozenset[Where]:
        """Return the names that ``in`` has for the place of a hit."""
        return _OF_PARTS if hit.finding.of_part else self._segment(hit.finding.segment).where

    def groups(self, within: Within, hits: Sequence[Hit]) -> list[list[Hit]]:
        """Return the largest groups of *hits* that stand within *within*; every smaller one is in one of them."""
        if within.unit is Unit.MESSAGE:
            return [list(hits)]
        if within.unit is Unit.PART:
            return self._by(hits, _part)
        of_parts = self._by([hit for hit in hits if hit.finding.of_part], _part)
        groups = self._placed([hit for hit in hits if not hit.finding.of_part], within)
        # What is true of a part is true wherever one looks in it.
        return [
            group + [hit for own in of_parts if _part(own[0]) == _part(group[0]) for hit in own] for group in groups
        ] + of_parts

    def _placed(self, hits: Sequence[Hit], within: Within) -> list[list[Hit]]:
        match within.unit:
            case Unit.PAGE:
                return self._by(hits, self._page)
            case Unit.PARAGRAPH:
                return self._by(hits, self._paragraphs)
            case _:
                return self._windows(within, hits)

    def _by(self, hits: Sequence[Hit], keys: _Keys) -> list[list[Hit]]:
        groups: dict[object, list[Hit]] = defaultdict(list)
        for hit in hits:
            for key in keys(hit):
                groups[key].append(hit)
        return list(groups.values())

    def _page(self, hit: Hit) -> tuple[object, ...]:
        place = hit.finding.place
        # In text without pages the page is the part; what a paged part says off its pages (metadata) is one more page.
        return ((place.part, place.number if place.kind in _PAGES else None),)

    def _paragraphs(self, hit: Hit) -> tuple[object, ...]:
        finding = hit.finding
        breaks = self._segment(finding.segment).breaks
        first, last = (
            bisect_right(breaks, finding.span[0]),
            bisect_right(breaks, max(finding.span[0], finding.span[1] - 1)),
        )
        return tuple((finding.segment, number) for number in range(first, min(last, first + 50) + 1))

    def _windows(self, within: Within, hits: Sequence[Hit]) -> list[list[Hit]]:
        found: list[list[Hit]] = []
        for group in self._by(hits, _part):
            if len(group) > HITS_A_PART:
                found.append(group)
                continue
            placed = sorted(((self._extent(within.unit, hit), hit) for hit in group), key=lambda item: item[0])
            found += _slide(placed, within.number)
        return found

    def _extent(self, unit: Unit, hit: Hit) -> tuple[int, int]:
        """Return start and end of a hit in its part, in characters or words, counted through the part's segments."""
        finding = hit.finding
        segment = self._segment(finding.segment)
        if unit is Unit.CHARACTERS:
            return segment.characters + finding.span[0], segment.characters + finding.span[1]
        starts = self._starts(finding.segment)
        first = max(0, bisect_right(starts, finding.span[0]) - 1)
        last = max(first, bisect_right(starts, max(finding.span[0], finding.span[1] - 1)) - 1)
        return self._word_base(finding.segment) + first, self._word_base(finding.segment) + last + 1

    def _starts(self, index: int) -> list[int]:
        if index not in self._words:
            self._words[index] = [match.start() for match in _WORD.finditer(self.reading.segments[index].text)]
        return self._words[index]

    def _word_base(self, index: int) -> int:
        """Return how many words of the same part stand before a segment."""
        if index not in self._bases:
            part = self.reading.segments[index].place.part
            total = 0
            for number, segment in enumerate(self.reading.segments):
                if segment.place.part == part:
                    self._bases[number] = total
                    total += len(self._starts(number))
        return self._bases[index]

    def _segment(self, index: int) -> "_Segment":
        if not self._layout:
            characters: dict[PartPath, int] = defaultdict(int)
            for number, segment in enumerate(self.reading.segments):
                part = segment.place.part
                self._layout[number] = _Segment(
                    where=self._where(number),
                    characters=characters[part],
                    breaks=[match.start() for match in _PARAGRAPH.finditer(segment.text)],
                )
                characters[part] += len(segment.text) + 1
        return self._layout[index]

    def _where(self, index: int) -> frozenset[Where]:
        segment = self.reading.segments[index]
        part = self._parts.get(segment.place.part)
        found: set[Where] = set()
        match segment.place.kind:
            case PlaceKind.SUBJECT:
                found.add(Where.SUBJECT)
            case PlaceKind.QUOTED:
                found.add(Where.QUOTED)
            case PlaceKind.FILENAME:
                found.add(Where.FILENAME)
            case PlaceKind.METADATA | PlaceKind.HEADER:
                found.add(Where.METADATA)
            case _:
                found.add(Where.ATTACHMENT if part is not None and part.is_attachment else Where.BODY)
        if part is not None and part.is_attachment and segment.place.kind is not PlaceKind.FILENAME:
            found.add(Where.ATTACHMENT)
        if segment.visibility is Visibility.OCR:
            found.add(Where.OCR)
        elif segment.visibility is not Visibility.VISIBLE:
            found.add(Where.HIDDEN)
        return frozenset(found)

    # -- what was not read --

    def _unread(self, problems: Sequence[Problem]) -> tuple[Unread, ...]:
        if not problems:
            return ()
        salvaged = {hit.finding.place.part for hits in (*self.people.values(), *self.terms.values()) for hit in hits}
        classes: dict[object, list[Problem]] = defaultdict(list)
        apart = 0
        for part, group in _grouped(problems).items():
            where = self._unread_where(group)
            own = part in salvaged and apart < UNREAD_APART
            apart += own
            classes[(part if own else part in salvaged, where, self._is_container(part))] += group
        return tuple(
            Unread(
                frozenset(problem.part for problem in group),
                tuple(group),
                self._unread_where(group),
                self._is_container(group[0].part),
            )
            for group in classes.values()
        )

    def _is_container(self, path: PartPath) -> bool:
        part = self._parts.get(path)
        return part is None or not part.media_type.startswith(_NO_CONTAINERS)

    def _unread_where(self, problems: Sequence[Problem]) -> frozenset[Where]:
        part = self._parts.get(problems[0].part)
        if all(problem.reason is Reason.NO_TEXT for problem in problems):
            return frozenset({Where.OCR, Where.ATTACHMENT if part is not None and part.is_attachment else Where.BODY})
        if part is None or not problems[0].part.steps:
            return frozenset(Where)  # the message itself, or a part we know nothing of
        if part.is_attachment:
            return frozenset({Where.ATTACHMENT, Where.FILENAME, Where.METADATA, Where.HIDDEN, Where.OCR, Where.QUOTED})
        return frozenset({Where.BODY, Where.QUOTED, Where.METADATA, Where.HIDDEN, Where.OCR})


def _part(hit: Hit) -> tuple[PartPath]:
    return (hit.finding.place.part,)


@dataclass(frozen=True, slots=True)
class _Segment:
    where: frozenset[Where]
    characters: int
    breaks: list[int]


def _grouped(problems: Iterable[Problem]) -> dict[PartPath, list[Problem]]:
    found: dict[PartPath, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[problem.part].append(problem)
    return found


def _slide(placed: list[tuple[tuple[int, int], Hit]], number: int) -> list[list[Hit]]:
    """Return the maximal windows of at most *number* units over hits sorted by where they begin."""
    windows: list[list[Hit]] = []
    reached = -1
    for index, ((start, end), _) in enumerate(placed):
        limit = max(start + number, end)
        last = reached
        for other in range(reached + 1, len(placed)):
            if placed[other][0][0] > limit:
                break
            if placed[other][0][1] <= limit:
                last = other
        # A window that reaches no further than the one before is a part of it.
        if last > reached:
            windows.append([hit for (_, stop), hit in placed[index : last + 1] if stop <= limit])
            reached = last
    return windows


def _people(
    base: Iterable[Finding],
    deep: Iterable[Finding],
    registers: Mapping[str, str],
    known_to: Mapping[tuple[str, int], frozenset[str]],
) -> list[Hit]:
    """Return one hit for each finding of a person, found in either search, each knowing the larger ones around it."""
    found: dict[_Key, _Found] = {}
    for place, searched in enumerate((base, deep)):
        for finding in searched:
            key = (finding.person, finding.field, finding.value, finding.segment, finding.span)
            known = found.get(key)
            if known is None:
                known = found[key] = _Found(finding, [0, 0])
            rank = _RANKS[finding.strength]
            known.ranks[place] = max(known.ranks[place], rank)
            if rank >= _RANKS[known.finding.strength]:
                known.finding = finding
    nested: dict[tuple[str, int], list[_Found]] = defaultdict(list)
    for known in found.values():
        nested[known.finding.person, known.finding.segment].append(known)
    hits: list[Hit] = []
    for (person, _), together in nested.items():
        register = registers.get(person, "")
        if len(together) > 1:
            together.sort(key=_outermost_first)
        opened: list[Hit] = []
        for known in together:
            finding = known.finding
            opened = [hit for hit in opened if hit.finding.span[1] > finding.span[0]]
            around = tuple(hit for hit in opened if _larger(hit.finding, finding))
            knowing = known_to.get((person, finding.value), _NOBODY)
            hit = Hit(finding, known.ranks[0], known.ranks[1], "", register, knowing, around)
            opened.append(hit)
            hits.append(hit)
    return hits


@dataclass(slots=True)
class _Found:
    """The stronger finding of the two searches, and how strong it is in each."""

    finding: Finding
    ranks: list[int]


def _outermost_first(known: _Found) -> tuple[int, int]:
    start, end = known.finding.span
    return start, -end


def _larger(outer: Finding, inner: Finding) -> bool:
    holds = outer.span[0] <= inner.span[0] and inner.span[1] <= outer.span[1]
    return holds and outer.span != inner.span
