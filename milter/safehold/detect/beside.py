# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside a number: a word that goes with it, within so many words or characters, or over its column.

Distances are counted through the segments of a part, as the policy language counts them; a heading heads its column
wherever the table goes on, also in another segment.  Every text is looked at once, whatever stands in it: a question
costs a bisection.  Pure.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from safehold.model import PartPath, Place, PlaceKind, Segment
from safehold.text import Folded, cleaned, fold, folded

_WORD = re.compile(r"\w+")
# Between the words of a phrase, as headings and databases spell it: "NHS-No.", "nhs_number", "NHSNumber".
_GAP = r"[\W_]{0,6}"
_LONGEST_LABEL, _DIGITS_OF_A_LABEL = 60, 3
_PAGES = frozenset({PlaceKind.PAGE, PlaceKind.SLIDE})
_IN_CELLS = frozenset({PlaceKind.TABLE, PlaceKind.SHEET})


class Reach(StrEnum):
    """How far a word counts where its distance is not counted."""

    PARAGRAPH = "paragraph"
    PAGE = "page"
    PART = "part"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Window:
    """How near a word must stand: the first of the three that is set."""

    words: int | None = None
    characters: int | None = None
    reach: Reach = Reach.PART


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A span of the cleaned text of a segment."""

    segment: int
    start: int
    end: int

    def touches(self, other: "Spot") -> bool:
        """Return whether two spans share text."""
        return self.segment == other.segment and self.start < other.end and other.start < self.end


class Texts:
    """The segments of a message, cleaned, with what is asked of them over and over."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.clean: list[Folded] = [cleaned(segment.text) for segment in segments]
        self._words: dict[int, list[int]] = {}
        self._ends: dict[int, list[int]] = {}
        self._bases: dict[bool, list[int]] = {}
        self._folded: dict[int, Folded] = {}

    def folded(self, index: int) -> Folded:
        """Return the folded text of a segment; its offsets lead to the cleaned one."""
        if index not in self._folded:
            self._folded[index] = fold(self.clean[index].text)
        return self._folded[index]

    def extent(self, spot: Spot, *, in_words: bool) -> tuple[int, int]:
        """Return the first and the last word or character of a span, counted through the segments of its part."""
        base = self._base(in_words)[spot.segment]
        if not in_words:
            return base + spot.start, base + spot.end
        words = self._starts(spot.segment)
        first = max(0, bisect_right(words, spot.start) - 1)
        return base + first, base + max(first, bisect_left(words, spot.end) - 1)

    def paragraph(self, spot: Spot) -> int:
        """Return the number of the paragraph in which a span begins."""
        if spot.segment not in self._ends:
            text = self.clean[spot.segment].text
            self._ends[spot.segment] = [match.start() for match in re.finditer("\n", text)]
        return bisect_right(self._ends[spot.segment], spot.start)

    def _starts(self, index: int) -> list[int]:
        if index not in self._words:
            self._words[index] = [match.start() for match in _WORD.finditer(self.clean[index].text)]
        return self._words[index]

    def _base(self, in_words: bool) -> list[int]:
        """Return, by segment, how much of the same part stands before it."""
        if in_words not in self._bases:
            totals: dict[PartPath, int] = defaultdict(int)
            bases = []
            for index, segment in enumerate(self.segments):
                bases.append(totals[segment.place.part])
                length = len(self._starts(index)) if in_words else len(self.clean[index].text) + 1
                totals[segment.place.part] += length
            self._bases[in_words] = bases
        return self._bases[in_words]


class Beside:
    """The words of one kind, wherever they stand in the parts in which anybody asks for them."""

    def __init__(self, words: Iterable[str], window: Window, texts: Texts) -> None:
        self._texts = texts
        self._window = window
        spelt = sorted({_spelt(word) for word in words} - {""}, key=len, reverse=True)
        # Digits may follow at once: "NHS9434765919".
        self._pattern = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(spelt)})(?![^\W\d_])")
        self._of_parts: dict[PartPath, list[Spot]] = {}
        self._by_key: dict[object, list[Spot]] | None = None
        self._headings: dict[PartPath, _Headings] = {}
        self._parts: dict[PartPath, list[int]] = defaultdict(list)
        for index, segment in enumerate(texts.segments):
            self._parts[segment.place.part].append(index)

    def says(self, spot: Spot, *, closely: int | None = None) -> str:
        """Return in words of ours what stands beside a number, or "".

        Args:
            spot: Where the number stands.
            closely: At how many words at the most, with no other number between, whatever the window is.
        """
        if self._window.reach is not Reach.MESSAGE and not self._of_part(self._texts.segments[spot.segment].place.part):
            return ""
        if self._is_near(spot, closely):
            return "beside a word that goes with it"
        if self._heads(spot):
            return "in a column headed by a word that goes with it"
        return ""

    def _is_near(self, spot: Spot, closely: int | None) -> bool:
        window = self._window
        if closely is not None:
            return self._within(spot, min(closely, window.words or closely), in_words=True, directly=True)
        if window.words is not None:
            return self._within(spot, window.words, in_words=True)
        if window.characters is not None:
            return self._within(spot, window.characters, in_words=False)
        return any(not other.touches(spot) for other in self._all(self._key(spot)))

    def _within(self, spot: Spot, most: int, *, in_words: bool, directly: bool = False) -> bool:
        spots = self._of_part(self._texts.segments[spot.segment].place.part)
        at = bisect_left(spots, spot)
        first, last = self._texts.extent(spot, in_words=in_words)
        for other in _two_apart(spots, at, spot):
            start, end = self._texts.extent(other, in_words=in_words)
            if (first - end if other < spot else start - last) <= most and not (directly and self._parted(spot, other)):
                return True
        return False

    def _parted(self, spot: Spot, other: Spot) -> bool:
        """Return whether another number stands between two spans that are near each other, or the end of a piece."""
        first, last = min(spot, other), max(spot, other)
        if first.segment != last.segment:
            return True
        return any(c.isdigit() for c in self._texts.clean[spot.segment].text[first.end : last.start])

    def _key(self, spot: Spot) -> object:
        """Return what two spans have in common that stand within reach of each other."""
        place = self._texts.segments[spot.segment].place
        match self._window.reach:
            case Reach.MESSAGE:
                return ()
            case Reach.PART:
                return place.part
            case Reach.PAGE:
                return place.part, place.number if place.kind in _PAGES else None
            case Reach.PARAGRAPH:
                return spot.segment, self._texts.paragraph(spot)

    def _all(self, key: object) -> Sequence[Spot]:
        if self._by_key is None:
            self._by_key = defaultdict(list)
            for index in range(len(self._texts.segments)):
                for spot in self._of_segment(index):
                    self._by_key[self._key(spot)].append(spot)
        return self._by_key.get(key, ())

    def _of_part(self, part: PartPath) -> list[Spot]:
        if part not in self._of_parts:
            self._of_parts[part] = [spot for index in self._parts[part] for spot in self._of_segment(index)]
        return self._of_parts[part]

    def _of_segment(self, index: int) -> Iterator[Spot]:
        text = self._texts.folded(index)
        for match in self._pattern.finditer(text.text):
            yield Spot(index, *text.source_span(*match.span()))

    def _heads(self, spot: Spot) -> bool:
        part = self._texts.segments[spot.segment].place.part
        if part not in self._headings:
            self._headings[part] = _Headings(self._of_part(part), self._texts)
        return self._headings[part].over(spot)


def _spelt(word: str) -> str:
    """Return the pattern of a word or phrase, whatever stands between its words."""
    return _GAP.join(map(re.escape, _WORD.findall(folded(word).replace("_", " "))))


def _two_apart(spots: Sequence[Spot], at: int, spot: Spot) -> Iterator[Spot]:
    """Yield the nearest on both sides of *at* that share no text with *spot*."""
    before = next((spots[n] for n in range(at - 1, -1, -1) if not spots[n].touches(spot)), None)
    after = next((spots[n] for n in range(at, len(spots)) if not spots[n].touches(spot)), None)
    return (other for other in (before, after) if other is not None)


# -- headings of columns -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cell:
    """Where something stands in a table.  Rows of cells are numbered by the sheet, others by their segment."""

    table: tuple[PlaceKind, int | None]
    row: tuple[int, int]
    column: int
    is_first: bool = field(compare=False, default=False)


class _Headings:
    """The labels of columns and rows among the words of a part."""

    def __init__(self, spots: Sequence[Spot], texts: Texts) -> None:
        self._texts = texts
        self._cursors: dict[int, _Cursor] = {}
        self._columns: dict[tuple[object, int], tuple[int, int]] = {}
        self._rows: set[tuple[object, tuple[int, int]]] = set()
        cursors: dict[int, _Cursor] = {}
        for spot in spots:
            cursor = cursors.get(spot.segment) or cursors.setdefault(spot.segment, self._cursor(spot.segment))
            cell = cursor.cell(self._source(spot))
            if cell is not None and _is_label(texts.segments[spot.segment].text, self._source(spot)):
                key = (cell.table, cell.column)
                self._columns[key] = min(cell.row, self._columns.get(key, cell.row))
                if cell.is_first:
                    self._rows.add((cell.table, cell.row))

    def over(self, spot: Spot) -> bool:
        """Return whether a number stands under or beside one of them; numbers of a segment are asked for in order."""
        if not self._columns:
            return False
        cursor = self._cursors.get(spot.segment)
        start = self._source(spot)
        if cursor is None or start < cursor.position:
            cursor = self._cursors[spot.segment] = self._cursor(spot.segment)
        cell = cursor.cell(start)
        if cell is None:
            return False
        first = self._columns.get((cell.table, cell.column))
        return (first is not None and first < cell.row) or (cell.table, cell.row) in self._rows

    def _source(self, spot: Spot) -> int:
        return self._texts.clean[spot.segment].offsets[spot.start]

    def _cursor(self, index: int) -> "_Cursor":
        return _Cursor(index, self._texts.segments[index])


class _Cursor:
    """Walks through a segment and says in which cell it is: what was passed is not looked at again."""

    def __init__(self, index: int, segment: Segment) -> None:
        self.position = 0
        self._index = index
        self._text = segment.text
        self._place: Place = segment.place
        self._jumps = segment.cells
        self._next_jump = 0
        self._row, self._column = self._place.row, self._place.column or 1
        self._first_column = self._column
        self._has_tab = self._row_has_tab(0)

    def cell(self, offset: int) -> _Cell | None:
        """Return the cell at *offset*, which is never before an earlier one, or None outside tables."""
        while self._next_jump < len(self._jumps) and self._jumps[self._next_jump] <= offset:
            start, self._row, self._first_column = self._jumps[self._next_jump : self._next_jump + 3]
            self.position, self._column = start, self._first_column
            self._next_jump += 3
        self._walk(offset)
        place = self._place
        if not (place.column or place.kind in _IN_CELLS or self._has_tab):
            return None
        row = (0, self._row) if place.column else (self._index, self._row)
        return _Cell((place.kind, place.number), row, self._column, is_first=self._column == self._first_column)

    def _walk(self, offset: int) -> None:
        ends = self._text.count("\n", self.position, offset)
        if ends:
            self._row += ends
            self.position = self._text.rfind("\n", self.position, offset) + 1
            self._column = self._first_column
            self._has_tab = self._row_has_tab(self.position)
        self._column += self._text.count("\t", self.position, offset)
        self.position = offset

    def _row_has_tab(self, start: int) -> bool:
        tab = self._text.find("\t", start)
        return tab >= 0 and self._text.find("\n", start, tab) < 0


def _is_label(text: str, position: int) -> bool:
    """Return whether the cell around *position* is short and no number."""
    before, after = text[max(0, position - _LONGEST_LABEL) : position], text[position : position + _LONGEST_LABEL]
    cell = re.split(r"[\t\n]", before)[-1] + re.split(r"[\t\n]", after)[0]
    return len(cell) <= _LONGEST_LABEL and sum(c.isdigit() for c in cell) <= _DIGITS_OF_A_LABEL
