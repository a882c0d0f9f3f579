# SPDX-License-Identifier: GPL-3.0-or-later
"""A stretch of text as the search sees it: folded, in words, with the way back to segment and span.

Consecutive segments of one part with one visibility are seen joined, so that an address may begin in one and end in the
next; the subject is seen joined to the body.  Long stretches are seen in overlapping pieces, which bounds memory.
Beside the text as it stands there may be other renderings of it (:mod:`safehold.detect.rendering`).  Pure.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import accumulate, groupby

from safehold.detect import alphabet, display, layout, unpacking
from safehold.detect.rendering import Rendering
from safehold.model import PlaceKind, Segment, Visibility
from safehold.register.postcodes import CLASSES, Postcode, halves_at, pieced_at, postcode_at
from safehold.register.spelling import SHORTEST_FUZZY, is_near
from safehold.register.words import Word, Words
from safehold.text import fold

# matching.md 3.7 speaks of 16 KB with 1 KB overlap; larger pieces cost no more and cut fewer addresses.
_PIECE = 64_000
_OVERLAP = 2_000
_LONGEST_PIECE = 6  # signs of one word of a postcode in pieces
_SHORTEST_GLUED = 9  # letters of a street and its type that mean them wherever they stand
_FEWEST_DIGITS = 2  # of a postcode; "so i is" is none

Span = tuple[int, int]


class View:
    """One piece of text.

    Attributes:
        text: Folded text.
        words: Its words.
        tabular: Whether it comes from tables, where a heading is the context of its column.
        is_plain: Whether this is the text as it stands.
        in_columns: Whether what belongs together was only put together from a table: what is weak is nothing here.
        is_guess: Whether it is a guess what the sender means: nothing here is more than likely.
    """

    def __init__(
        self, rendering: Rendering, segments: "Joined", *, in_columns: bool = False, is_guess: bool = False
    ) -> None:
        self._rendering = rendering
        self._segments = segments
        self._folded = fold(rendering.text, percent=True)
        self.text = self._folded.text
        self.words = Words(self.text)
        self.tabular = segments.tabular
        self.in_columns = in_columns
        self.is_guess = is_guess
        self.is_plain = rendering.joints is None

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
    def digits(self) -> list[int]:
        """Return which words hold digits."""
        return [index for index, word in enumerate(self.words.words) if word.digits]

    @cached_property
    def disguised(self) -> list[int]:
        """Return which words can be part of a long number that does not look like one."""
        return [index for index, word in enumerate(self.words.words) if word.disguised]

    @cached_property
    def types(self) -> list[int]:
        """Return which words can be street types."""
        return [index for index, word in enumerate(self.words.words) if word.type]

    @cached_property
    def postcodes(self) -> list[Postcode]:
        """Return the postcodes, badly spelt ones included."""
        ends = [index for index, word in enumerate(self.words.words) if word.inward or word.postcode]
        return [found for found in (postcode_at(self.words, index) for index in ends) if found]

    @cached_property
    def pieced_postcodes(self) -> list[Postcode]:
        """Return what may be a postcode in pieces: one only if somebody is looked for there."""
        taken = {place for found in self.postcodes for place in range(found.first, found.last + 1)}
        places = [index for index in self.digits if self._may_be_pieced(index) and index not in taken]
        return [found for index in places for found in pieced_at(self.words, index)]

    def _may_be_pieced(self, index: int) -> bool:
        """Return whether a word with digits can be a piece of a postcode: it or what follows ends in two letters."""
        raw = self.raw[index]
        if len(raw) > _LONGEST_PIECE:
            return False
        if raw[-2:].isalpha():
            return True
        following = self.raw[index + 1] if index + 1 < len(self) else ""
        return 0 < len(following) <= 2 and following.isalpha()

    @cached_property
    def halved_postcodes(self) -> list[Postcode]:
        """Return what may be the two halves of a postcode with words between: weaker still."""
        taken = {place for found in self.postcodes for place in range(found.first, found.last + 1)}
        places = [index for index in self.digits if index not in taken and self.each[index].inward]
        found = [found for index in places for found in halves_at(self.words, index)]
        return [postcode for postcode in found if postcode.first not in taken]

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

    def glued_among(self, keyed: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return those of some pairs of which the first is a run of keys that is in a long word: mostly none."""
        run = self._glued_keys[1]
        return [pair for pair in keyed if pair[0] in run] if run else []

    def find_glued(self, key: str) -> Iterator[Span]:
        """Yield the words (from, up to) that stand together without a gap and hold *key* and more."""
        yield from self._holding(key, self._run, self._starts, self._glued_keys[0])

    def glued_postcodes_among(self, codes: Iterable[str]) -> list[str]:
        """Return those keys of postcodes that are in words of letters and digits."""
        run = self._glued_codes[1]
        return [code for code in codes if code in run] if run else []

    def find_glued_postcode(self, key: str) -> Iterator[Span]:
        """Yield the words (first, last) that hold the postcode of that key and more; it has digits as it stands."""
        starts, letters = self._raw_run
        for first, after in self._holding(key, letters.translate(CLASSES), starts, self._glued_codes[0]):
            spelt = letters[starts[first] : starts[after]]
            place = spelt.translate(CLASSES).find(key)
            if sum(map(str.isdigit, spelt[place : place + len(key)])) >= _FEWEST_DIGITS:
                yield first, after - 1

    @cached_property
    def _glued_keys(self) -> tuple[list[Span], str]:
        """Return long words and what was one word before it was taken apart, and their keys."""
        spans = [(index, index + 1) for index, raw in enumerate(self.raw) if len(raw) >= _SHORTEST_GLUED]
        spans += self.words.taken_apart
        return spans, "\n".join(["".join([word.key for word in self.each[first:last]]) for first, last in spans])

    @cached_property
    def _glued_codes(self) -> tuple[list[Span], str]:
        """Return words of letters and digits with those beside them, and their signs folded as in postcodes."""
        mixed = [index for index in self.digits if len(self.raw[index]) > 2 and not self.raw[index].isdigit()]
        spans = [(max(index - 1, 0), min(index + 2, len(self))) for index in mixed]
        return spans, "\n".join(["".join(self.raw[first:last]) for first, last in spans]).translate(CLASSES)

    @staticmethod
    def _holding(key: str, run: str, starts: Sequence[int], spans: Iterable[Span]) -> Iterator[Span]:
        """Yield the words of each span that hold *key*, where it does not begin and end with a word."""
        for low, high in spans:
            offset = run.find(key, starts[low], starts[high])
            while offset >= 0:
                first, after = bisect_right(starts, offset) - 1, bisect_left(starts, offset + len(key))
                if starts[first] != offset or starts[after] != offset + len(key):
                    yield first, after
                offset = run.find(key, offset + 1, starts[high])

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
        if len(key) < SHORTEST_FUZZY:
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
        return is_near(run, key)

    # -- back to the source ---------------------------------------------------------------------------------------

    def characters(self, first: int, last: int) -> Span:
        """Return the folded characters of the words from *first* up to *last*."""
        spans = self.words.spans
        return spans[first][0], spans[last - 1][1]

    def is_capital(self, index: int) -> bool:
        """Return whether the word begins with a capital in the source."""
        start = self._folded.offsets[self.words.spans[index][0]]
        sign = self._rendering.text[start : start + 1]
        return sign.isupper() or sign.istitle()

    def locate(self, start: int, end: int) -> tuple[int, Span]:
        """Return the segment (its position) in which folded characters begin, and their span in it, clipped to it."""
        return self._segments.locate(*self._rendering.source_span(*self._folded.source_span(start, end)))

    def is_news(self, start: int, end: int) -> bool:
        """Return whether the folded characters do not stand so in the text itself."""
        return self._rendering.is_news(*self._folded.source_span(start, end))

    def is_of_cells(self, start: int, end: int) -> bool:
        """Return whether folded characters begin a line, or hold more than a word of the line that they begin in."""
        if start == 0 or self.text[start - 1] == "\n":
            return True
        line = self.text[start:end].partition("\n")[0]
        return " " in line.strip()

    def is_whole_cells(self, start: int, end: int) -> bool:
        """Return whether folded characters are one line or some, to the letter."""
        return self.text[start - 1 : start] in {"", "\n"} and self.text[end : end + 1] in {"", "\n"}

    def pieces(self, start: int, end: int) -> list[tuple[int, Span]]:
        """Return where folded characters stand that were put together at joints: segment and span of each piece."""
        spans = self._rendering.pieces(*self._folded.source_span(start, end))
        return [self._segments.locate(*span) for span in spans]

    # -- other renderings -----------------------------------------------------------------------------------------

    def undone(self) -> "Iterator[View]":
        """Yield what else this text says: with its escapes and markup undone, as it is displayed, backwards."""
        text = self._rendering.text
        turned = display.displayed(text), display.backwards(text, self.distinct)
        for rendering in (unpacking.unpacked(text), *turned):
            if rendering is not None:
                yield self._other(rendering)

    def columns(self, sighted: Collection[int], surnames: AbstractSet[str]) -> "View | None":
        """Return what this text says down the columns of its small tables, or None where it has none.

        Args:
            sighted: Words at which a street or postcode stands that somebody lives in.
            surnames: Names that are looked for.
        """
        named = self.distinct & surnames
        names = [index for index, raw in enumerate(self.raw) if raw in named] if named else []
        if not sighted and not names:
            return None
        rendering = layout.columns(self._rendering.text, self._places(sorted(sighted)), self._places(names))
        return self._other(rendering, in_columns=True) if rendering is not None else None

    def guessed(self, sighted: Collection[int]) -> "Iterator[View]":
        """Yield what this text may be meant to say: letters that are spelt out, the lines of cells side by side.

        Nothing in them is more than likely, so they are for the people in scope.

        Args:
            sighted: Words at which a street or postcode stands that somebody lives in.
        """
        text = self._rendering.text
        told = alphabet.telling(self.raw, self.distinct)
        if told:
            rendering = alphabet.spelt(text, self._places(told))
            if rendering is not None:
                yield self._other(rendering, is_guess=True)
        if sighted and "\t" in text:
            rendering = layout.across(text, self._places(sorted(sighted)))
            if rendering is not None:
                yield self._other(rendering, in_columns=True, is_guess=True)

    def _places(self, words: Iterable[int]) -> list[int]:
        """Return where words begin in the source."""
        return [self._folded.offsets[self.words.spans[index][0]] for index in words]

    def _other(self, rendering: Rendering, *, in_columns: bool = False, is_guess: bool = False) -> "View":
        """Return the view of a rendering of this view's source."""
        mine = self._rendering.offsets
        places = rendering.offsets if mine[0] == 0 else [mine[0] + place for place in rendering.offsets]
        moved = Rendering(rendering.text, places, rendering.joints)
        return View(moved, self._segments, in_columns=in_columns, is_guess=is_guess)


_BODIES = frozenset({PlaceKind.BODY, PlaceKind.QUOTED})


class Joined:
    """Consecutive segments of one part and visibility, joined by line ends."""

    def __init__(self, members: Sequence[tuple[int, Segment]]) -> None:
        self._positions = [position for position, _ in members]
        self._segments = [segment for _, segment in members]
        self._texts = [segment.text for segment in self._segments]
        self._starts = [0, *accumulate(len(text) + 1 for text in self._texts)][:-1]
        self.tabular = any(segment.place.kind in {PlaceKind.SHEET, PlaceKind.TABLE} for segment in self._segments)

    def locate(self, start: int, end: int) -> tuple[int, Span]:
        """Return the position of the segment in which *start* lies and the span there, clipped to it."""
        place = bisect_right(self._starts, start) - 1
        first = self._starts[place]
        length = len(self._texts[place])
        return self._positions[place], (min(start - first, length), min(end - first, length))

    @cached_property
    def text(self) -> str:
        """Return the text of all of them."""
        return "\n".join(self._texts)

    def start_of(self, member: int) -> int:
        """Return where in the text the member of that number, counted from 0, begins."""
        return self._starts[member]

    def views(self) -> Iterator[View]:
        """Yield the pieces to search."""
        text = self.text
        start = 0
        while start < len(text):
            end = min(start + _PIECE, len(text))
            if end < len(text):
                cut = max(text.rfind(" ", end - 200, end), text.rfind("\n", end - 200, end))
                end = cut if cut > 0 else end
            yield View(Rendering(text[start:end], range(start, end + 1)), self)
            start = len(text) if end == len(text) else end - _OVERLAP

    def over_pages(self) -> View | None:
        """Return what runs on over the ends of pages."""
        pages = [
            (start, segment.text)
            for start, segment in zip(self._starts, self._segments, strict=True)
            if segment.place.kind is PlaceKind.PAGE
        ]
        rendering = layout.seams(pages) if len(pages) > 1 else None
        return View(rendering, self) if rendering is not None else None


def joined(segments: Sequence[Segment]) -> Iterator[Joined]:
    """Yield the segments that are seen together; a subject is seen before the body that follows it."""
    numbered = list(enumerate(segments))
    subjects = _subjects_of_bodies(numbered)
    if subjects:
        moved = {position for before in subjects.values() for position, _ in before}
        numbered = [item for item in numbered if item[0] not in moved]
    for _, group in groupby(numbered, key=lambda item: (item[1].place.part, item[1].visibility)):
        members = list(group)
        yield Joined([*subjects.get(members[0][0], ()), *members])


_Numbered = tuple[int, Segment]


def _subjects_of_bodies(numbered: Sequence[_Numbered]) -> dict[int, list[_Numbered]]:
    """Return, by the position of the first visible segment of a body, the subjects that stand before it."""
    found: dict[int, list[_Numbered]] = {}
    waiting: list[_Numbered] = []
    for position, segment in numbered:
        if segment.place.kind is PlaceKind.SUBJECT:
            waiting.append((position, segment))
        elif waiting and segment.visibility is Visibility.VISIBLE and segment.place.kind in _BODIES:
            found[position], waiting = waiting, []
    return found


def views(segments: Sequence[Segment]) -> Iterator[View]:
    """Yield views of all segments, joined and cut."""
    for stretch in joined(segments):
        yield from stretch.views()
