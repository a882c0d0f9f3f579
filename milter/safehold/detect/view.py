# SPDX-License-Identifier: GPL-3.0-or-later
"""A stretch of text as the search sees it: folded, in words, with the way back to segment and span.

Consecutive segments of one part with one visibility are seen joined, so that an address may begin in one and end in the
next; long stretches are seen in overlapping pieces, which bounds memory.  Pure.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, groupby

from safehold.model import PlaceKind, Segment
from safehold.register import words as wording
from safehold.register.words import Postcode, Word, Words
from safehold.text import fold

# matching.md 3.7 speaks of 16 KB with 1 KB overlap; larger pieces cost no more and cut fewer addresses.
_PIECE = 64_000
_OVERLAP = 2_000

Span = tuple[int, int]


class View:
    """One piece of text.

    Attributes:
        text: Folded text.
        words: Its words.
        tabular: Whether it comes from tables, where a heading is the context of its column.
    """

    def __init__(self, source: str, base: int, segments: "Joined") -> None:
        self._source = source
        self._base = base
        self._segments = segments
        self._folded = fold(source, percent=True)
        self.text = self._folded.text
        self.words = Words(self.text)
        self.tabular = segments.tabular

    # -- words ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.words)

    @property
    def raw(self) -> list[str]:
        """Return the words as they stand."""
        return self.words.raw

    @property
    def each(self) -> list[Word]:
        """Return what each word can be."""
        return self.words.words

    @cached_property
    def distinct(self) -> frozenset[str]:
        """Return the set of words."""
        return frozenset(self.words.raw)

    @cached_property
    def numbers(self) -> list[int]:
        """Return which words can be house numbers."""
        return [index for index, word in enumerate(self.words.words) if word.number >= 0]

    @cached_property
    def types(self) -> list[int]:
        """Return which words can be street types."""
        return [index for index, word in enumerate(self.words.words) if word.type]

    @cached_property
    def postcodes(self) -> list[Postcode]:
        """Return the postcodes, badly spelt ones included."""
        ends = (index for index, word in enumerate(self.words.words) if word.inward or word.postcode)
        return [found for found in (wording.postcode_at(self.words, index) for index in ends) if found]

    @cached_property
    def _postcode_firsts(self) -> list[int]:
        return [postcode.first for postcode in self.postcodes]

    def numbers_in(self, first: int, last: int) -> list[int]:
        """Return which words from *first* up to *last* can be house numbers."""
        return self.numbers[bisect_left(self.numbers, first) : bisect_left(self.numbers, last)]

    def types_in(self, first: int, last: int) -> list[int]:
        """Return which words from *first* up to *last* can be street types."""
        return self.types[bisect_left(self.types, first) : bisect_left(self.types, last)]

    def postcodes_in(self, first: int, last: int) -> list[Postcode]:
        """Return the postcodes that begin at words from *first* up to *last*."""
        firsts = self._postcode_firsts
        return self.postcodes[bisect_left(firsts, first) : bisect_left(firsts, last)]

    def gap(self, index: int) -> str:
        """Return what stands between a word and the next one; an end of line at the end of the text."""
        return self.words.gap(index) if 0 <= index < len(self) - 1 else "\n"

    def claimed_by(self, number: int) -> int:
        """Return the type word of the street that the number at word *number* stands before, or -1.

        Only digits claim: "three" may begin the name of a street or of a village.
        """
        if not self.words.words[number].digits:
            return -1
        for kind in self.types_in(number + 2, number + 7):
            if not any(self.raw[index].isdigit() for index in range(number + 1, kind)):
                return -1 if any(self._ends(self.gap(index)) for index in range(number, kind)) else kind
        return -1

    @staticmethod
    def _ends(gap: str) -> bool:
        """Return whether what stands between two words ends a sentence or a paragraph; a full stop may abbreviate."""
        return "\n\n" in gap or any(sign in gap for sign in ";!?")

    # -- runs of letters ------------------------------------------------------------------------------------------

    @cached_property
    def _starts(self) -> list[int]:
        """Return where the key of each word begins in the run of all keys, and where the run ends."""
        return [0, *accumulate(len(word.key) for word in self.words.words)]

    @cached_property
    def _run(self) -> str:
        return "".join([word.key for word in self.words.words])

    def word_starting_at(self, offset: int) -> int:
        """Return the word whose key begins at that offset of the run, or -1."""
        place = bisect_left(self._starts, offset)
        return place if place < len(self) and self._starts[place] == offset else -1

    def find_run(self, key: str, first: int = 0, last: int | None = None) -> Iterator[Span]:
        """Yield the words (from, up to) whose keys run together to *key*."""
        starts = self._starts
        end = starts[len(self) if last is None else min(last, len(self))]
        offset = self._run.find(key, starts[max(first, 0)], end)
        while offset >= 0:
            begin, after = bisect_right(starts, offset) - 1, bisect_left(starts, offset + len(key))
            if starts[begin] == offset and starts[after] == offset + len(key):
                yield begin, after
            offset = self._run.find(key, offset + 1, end)

    def find_raw(self, run: str) -> Iterator[Span]:
        """Yield the words (from, up to) that as they stand run together to *run*."""
        starts, letters = self._raw_run
        offset = letters.find(run)
        while offset >= 0:
            first, last = bisect_left(starts, offset), bisect_left(starts, offset + len(run))
            if starts[first] == offset and starts[last] == offset + len(run):
                yield first, last
            offset = letters.find(run, offset + 1)

    @cached_property
    def _raw_run(self) -> tuple[list[int], str]:
        plain = [raw.replace("'", "") for raw in self.words.raw]
        return [0, *accumulate(map(len, plain))], "".join(plain)

    def near_run(self, key: str, first: int = 0, last: int | None = None) -> Iterator[Span]:
        """Yield the words whose keys run together to *key* but for one edit; not those that equal it."""
        if len(key) < wording.SHORTEST_FUZZY:
            return
        last = len(self) if last is None else min(last, len(self))
        half = (len(key) - 1) // 2  # one edit, a swap of neighbours too, leaves one of the two ends whole
        starts = self._starts
        low, high = starts[max(first, 0)], starts[last]
        seen: set[Span] = set()
        for fragment, offset_of_fragment in ((key[:half], 0), (key[-half:], 1)):
            offset = self._run.find(fragment, low, high)
            while offset >= 0:
                for span in self._around(key, offset, offset + half, at_end=bool(offset_of_fragment)):
                    if span not in seen and span[0] >= first and span[1] <= last:
                        seen.add(span)
                        yield span
                offset = self._run.find(fragment, offset + 1, high)

    def _around(self, key: str, offset: int, end: int, *, at_end: bool) -> Iterator[Span]:
        """Yield the runs of words that begin (or end) with a fragment found there and are one edit from *key*."""
        starts = self._starts
        if at_end:
            after = bisect_left(starts, end)
            if starts[after] != end:
                return
            begins = (bisect_left(starts, end - length) for length in range(len(key) - 1, len(key) + 2))
            spans = {(begin, after) for begin in begins if begin < after}
        else:
            begin = bisect_right(starts, offset) - 1
            if starts[begin] != offset:
                return
            afters = (bisect_left(starts, offset + length) for length in range(len(key) - 1, len(key) + 2))
            spans = {(begin, after) for after in afters if begin < after < len(starts)}
        for first, last in sorted(spans):
            run = self._run[starts[first] : starts[last]]
            if run != key and abs(len(run) - len(key)) <= 1 and self._is_slip(run, key, first, last):
                yield first, last

    def _is_slip(self, run: str, key: str, first: int, last: int) -> bool:
        """Return whether the words are *key* with one slip.

        A letter or digit that is a word of its own beside the exact name is none ("12 b Acacia").
        """
        if last - first > 1 and (key in run or any(word.isdigit() for word in self.raw[first:last])):
            return False
        return wording.is_near(run, key)

    # -- back to the source ---------------------------------------------------------------------------------------

    def characters(self, first: int, last: int) -> Span:
        """Return the folded characters of the words from *first* up to *last*."""
        spans = self.words.spans
        return spans[first][0], spans[last - 1][1]

    def is_capital(self, index: int) -> bool:
        """Return whether the word begins with a capital in the source."""
        start = self._folded.offsets[self.words.spans[index][0]]
        return self._source[start : start + 1].isupper() or self._source[start : start + 1].istitle()

    def locate(self, start: int, end: int) -> tuple[int, Span]:
        """Return the segment (its position) in which folded characters begin, and their span in it, clipped to it."""
        first, last = self._folded.source_span(start, end)
        return self._segments.locate(self._base + first, self._base + last)


class Joined:
    """Consecutive segments of one part and visibility, joined by line ends."""

    def __init__(self, positions: Sequence[int], segments: Sequence[Segment]) -> None:
        self._positions = positions
        self._texts = [segment.text for segment in segments]
        self._starts = [0, *accumulate(len(text) + 1 for text in self._texts)][:-1]
        self.tabular = any(segment.place.kind in {PlaceKind.SHEET, PlaceKind.TABLE} for segment in segments)

    def locate(self, start: int, end: int) -> tuple[int, Span]:
        """Return the position of the segment in which *start* lies and the span there, clipped to it."""
        place = bisect_right(self._starts, start) - 1
        first = self._starts[place]
        length = len(self._texts[place])
        return self._positions[place], (min(start - first, length), min(end - first, length))

    def views(self) -> Iterator[View]:
        """Yield the pieces to search."""
        text = "\n".join(self._texts)
        start = 0
        while start < len(text):
            end = min(start + _PIECE, len(text))
            if end < len(text):
                cut = max(text.rfind(" ", end - 200, end), text.rfind("\n", end - 200, end))
                end = cut if cut > 0 else end
            yield View(text[start:end], start, self)
            start = len(text) if end == len(text) else end - _OVERLAP


def views(segments: Sequence[Segment]) -> Iterator[View]:
    """Yield views of all segments, joined and cut."""
    numbered = enumerate(segments)
    for _, group in groupby(numbered, key=lambda item: (item[1].place.part, item[1].visibility)):
        members = list(group)
        yield from Joined([place for place, _ in members], [segment for _, segment in members]).views()
