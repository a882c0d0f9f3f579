# SPDX-License-Identifier: GPL-3.0-or-later
"""Word documents before 2007 (DOC): every story, deletions and hidden runs apart, and what fast saves left behind.

The text lies in pieces; the table of pieces says in which order.  All stories are one after another: body,
footnotes, headers, comments, endnotes, text boxes.  How a run is hidden stands in pages of character properties,
by byte position, and in its styles.  What looks in which way is known at the end of a paragraph, where the mark stands
that has its properties; so a paragraph is told when it is over, behind the number that a list gives it.  Bytes of the
text area that no piece uses are what Word left of earlier texts: read as hidden.

Word 2, 6 and 95 keep 8-bit text; it is read without its looks, and reported as not wholly understood.
Source: [MS-DOC] 2.4.1 (text), 2.5 (the header), 2.6.1 (properties of characters), 2.9.35 and on (the pieces).
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, codepages, compound
from safehold.reading.basics.story import Story
from safehold.reading.legacy import escher, ole
from safehold.reading.legacy.biff import u16, u32
from safehold.reading.legacy.word_lists import Lists
from safehold.reading.legacy.word_runs import PLAIN, Look, Looks, Paragraphs, Runs, single_change
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_WORD_97, _WORD_6 = 0xA5EC, 0xA5DC
_FIRST_97 = 0x00C1  # nFib of the first Word with a table stream
_COMPLEX, _ENCRYPTED, _TABLE_1 = 0x0004, 0x0100, 0x0200
_PAIRS = 0x9A  # where the table of offsets and lengths starts
_PAGE = 512
# Places in that table.
_STYLES, _CHARACTERS, _PARAGRAPHS, _PIECES, _LISTS, _LIST_USES = 1, 12, 13, 33, 73, 74
# Tables of strings: bookmarks, properties, comment bookmarks, authors of changes, captions, paths of saves; then the
# names of those who commented, which are stored in another way.
_STRING_TABLES = (21, 32, 37, 51, 52, 71)
_VARIABLES = 60  # names, and behind them the values
_COMMENTERS = 36
_OLD_PIECES = 0x160  # the same table in Word 6 and 95
_MACINTOSH = 256  # the character set of Word for Macintosh
_MOST_PIECES = 200_000

# A form field in the stream of pictures: length, length of its header, the header of no picture, then its version.
_FORM_FIELD = re.compile(rb"....\x44\x00.{62}\xff\xff\xff\xff", re.DOTALL)
_LONGEST_FORM_FIELD = 32_768
_PARAGRAPH_ENDS = "\r\x07"
_TOKENS = re.compile("([\x01-\x08\x0b-\x0e\x13-\x15\x1e\x1f\r])")
_REPLACED = {"\x0b": "\n", "\x0c": "\n", "\x0e": "\n", "\x1e": "\u2011", "\x1f": "\u00ad"}
_WORDS = re.compile(r"[^\W\d_]{3}")
_FETCHING = re.compile(r"\s*(?:INCLUDEPICTURE|INCLUDETEXT|INCLUDE|LINK|IMPORT|DATABASE)\b", re.IGNORECASE)
_RUNNING = re.compile(r"\s*(?:DDE|DDEAUTO|MACROBUTTON)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of text: where it starts, in characters of the document and in bytes of the stream."""

    first: int
    last: int
    offset: int
    width: int  # bytes a character
    changes: bytes = b""  # what a fast save changed of all of it

    @property
    def end(self) -> int:
        """Return where it ends in the stream."""
        return self.offset + (self.last - self.first) * self.width


@dataclass(frozen=True, slots=True)
class _StoryKind:
    """One of the stories, in the order of the document."""

    length_at: int
    kind: PlaceKind
    visibility: Visibility = Visibility.VISIBLE
    separator: str = ""  # the character at which a new note or comment starts


_STORIES = (
    _StoryKind(0x4C, PlaceKind.PARAGRAPH),
    _StoryKind(0x50, PlaceKind.NOTE, separator="\x02"),
    _StoryKind(0x54, PlaceKind.PAGE_HEADER),
    _StoryKind(0x58, PlaceKind.TEXT),  # macros of Word 6
    _StoryKind(0x5C, PlaceKind.COMMENT, Visibility.COMMENT, separator="\x05"),
    _StoryKind(0x60, PlaceKind.NOTE, separator="\x02"),
    _StoryKind(0x64, PlaceKind.TEXT),
    _StoryKind(0x68, PlaceKind.PAGE_HEADER),
)


def read(content: bytes, part: OpenPart) -> None:
    """Read a Word document."""
    file = ole.OleFile(content, part)
    main = file.stream("WordDocument")
    table = file.stream("1Table" if u16(main, 0x0A) & _TABLE_1 else "0Table")
    data = file.stream("Data")
    if not content.startswith(compound.MAGIC):  # Word 2 wrote no compound files
        _read_old(content, part)
        return
    if u16(main, 0) not in (_WORD_97, _WORD_6) or len(main) < _PAIRS:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
        binary.strings(main or content, part)
    elif u16(main, 0x0A) & _ENCRYPTED:
        part.problem(Reason.ENCRYPTED, Detail.PASSWORD)
    elif u16(main, 2) < _FIRST_97:
        _read_old(main, part)
    else:
        file.finish(*_read_whole(main, table, data, part))
        return
    file.finish()


def _read_whole(main: bytes, table: bytes, data: bytes, part: OpenPart) -> tuple[bytes, ...]:
    """Read a document of Word 97 or later; return what may hold more texts than it says."""
    document = _Document(main, table, data, 0, part)
    document.read()
    autotext = u16(main, 8) * _PAGE  # a second document inside: the building blocks of a template
    covered = document.covered
    if autotext and u16(main, autotext) == _WORD_97:
        inner = _Document(main, table, data, autotext, part)
        inner.read()
        covered += inner.covered
    gaps, *rest = ole.pictures((*_uncovered(main, covered), data), part)
    _leftovers(gaps, part)
    _form_fields(data, part)
    shapes = [text for raw in (table, data) for text in escher.words(raw)]
    part.segment(PlaceKind.PARAGRAPH, "\n\n".join(dict.fromkeys(shapes)), visibility=Visibility.ATTRIBUTE)
    drawn = [text for raw in (table, data) for text in escher.modern_texts(raw, part.session.take_expanded)]
    part.segment(PlaceKind.TEXT, "\n".join(dict.fromkeys(drawn)))
    return (table, *rest)


class _Format:
    """How the text of a document looks: its properties, styles and lists."""

    def __init__(self, main: bytes, table: bytes, data: bytes, base: int) -> None:
        self._looks = Looks(_slot(main, table, base, _STYLES), data)
        self._runs = Runs(main, _slot(main, table, base, _CHARACTERS), self._looks.matters)
        self._paragraphs = Paragraphs(main, _slot(main, table, base, _PARAGRAPHS))
        self.lists = Lists(table, _place(main, base, _LISTS), _place(main, base, _LIST_USES))
        self.between = self._runs.between
        self.ends_at = self._paragraphs.ends_at

    def looked_up(self, mark: int, mark_set: bytes) -> "tuple[Callable[[bytes], Look], str]":
        """Return how runs look in the paragraph whose mark stands at a byte, and the paragraph's label."""
        paragraph = self._looks.paragraph(self._paragraphs.at(mark) + mark_set)
        return lambda raw: self._looks.of(paragraph, raw), self.lists.label(paragraph)


def _place(main: bytes, base: int, number: int) -> tuple[int, int]:
    """Return offset and length of a place in the table stream."""
    at = base + _PAIRS + 8 * number
    return u32(main, at), u32(main, at + 4)


def _slot(main: bytes, table: bytes, base: int, number: int) -> bytes:
    start, length = _place(main, base, number)
    return table[start : start + length] if length and start + length <= len(table) + 64 else b""


class _Document:
    """The text of one header (FIB) and its tables."""

    def __init__(self, main: bytes, table: bytes, data: bytes, base: int, part: OpenPart) -> None:
        self._main = main
        self._table = table
        self._base = base
        self._part = part
        self._grpprls: list[bytes] = []
        self._is_whole = True
        self._pieces = self._load_pieces()
        self._starts = [piece.first for piece in self._pieces]
        self._format = _Format(main, table, data, base)
        self.covered = [(piece.offset, piece.end) for piece in self._pieces if self._is_likely(piece)]

    def read(self) -> None:
        """Hand over every story, and the tables of strings."""
        at = 0
        for story in _STORIES:
            length = u32(self._main, self._base + story.length_at)
            if length > 0x7FFFFFFF:
                length = 0
            if length:
                self._story(story, at, at + length)
            at += length
        rest = self._pieces[-1].last if self._pieces else 0
        if rest > at + 1:
            self._story(_StoryKind(0, PlaceKind.TEXT, Visibility.HIDDEN), at, rest)
        if rest + 2 < at or (not rest and not self._base):
            self._is_whole = False
        if not self._is_whole:
            self._part.problem(Reason.CORRUPT, Detail.SALVAGED)
            binary.strings(self._main, self._part)
        self._strings()

    def _load_pieces(self) -> list[_Piece]:
        raw = _slot(self._main, self._table, self._base, _PIECES)
        at = 0
        while at + 3 <= len(raw) and raw[at] == 1:
            size = u16(raw, at + 1)
            self._grpprls.append(raw[at + 3 : at + 3 + size])
            at += 3 + size
        if raw[at : at + 1] != b"\x02":
            return self._single_piece()
        table = raw[at + 5 : at + 5 + u32(raw, at + 1)]
        count = len(table) // 12  # one more position than pieces: 4 + 12 n bytes
        self._is_whole = count <= _MOST_PIECES
        pieces: list[_Piece] = []
        for index in range(min(count, _MOST_PIECES)):
            first, last = u32(table, 4 * index), u32(table, 4 * index + 4)
            row = 4 * (count + 1) + 8 * index
            where = u32(table, row + 2)
            narrow = bool(where & 0x40000000)
            offset = (where & 0x3FFFFFFF) // 2 if narrow else where & 0x3FFFFFFF
            width = 1 if narrow else 2
            fits = (len(self._main) - offset) // width
            if last <= first or fits < last - first or (pieces and first < pieces[-1].last):
                self._is_whole = False
            if last <= first or fits <= 0 or (pieces and first < pieces[-1].last):
                continue
            last = min(last, first + fits)
            pieces.append(_Piece(first, last, offset, width, self._changes(u16(table, row + 6))))
        return pieces

    def _is_likely(self, piece: _Piece) -> bool:
        """Return whether a piece reads like a western text: another may be one that was placed a byte beside."""
        raw = self._main[piece.offset : piece.end]
        return raw[1::2].count(0) * 2 > len(raw) // 2 if piece.width == 2 else raw.count(0) * 8 <= len(raw)

    def _single_piece(self) -> list[_Piece]:
        """Return the one piece of a document without a table of them."""
        start, end = u32(self._main, self._base + 0x18), u32(self._main, self._base + 0x1C)
        return [_Piece(0, end - start, start, 1)] if 0 < start < end <= len(self._main) else []

    def _changes(self, modifier: int) -> bytes:
        """Return what a fast save changed of a whole piece."""
        if not modifier & 1:
            return single_change(modifier)
        index = modifier >> 1
        return self._grpprls[index] if index < len(self._grpprls) else b""

    def _runs(self, start: int, end: int) -> "Iterator[_Run]":
        """Yield the runs of text between two positions, each with what is set for it."""
        index = max(0, bisect_right(self._starts, start) - 1)
        for piece in self._pieces[index:]:
            if piece.first >= end:
                return
            first, last = max(start, piece.first), min(end, piece.last)
            if first >= last:
                continue
            low = piece.offset + (first - piece.first) * piece.width
            high = piece.offset + (last - piece.first) * piece.width
            at = low
            for _, stop, raw in self._format.between(low, high):
                stop -= (stop - low) % piece.width  # no run ends within a character, whatever its properties say
                yield _Run(self._decoded(at, stop, piece.width), raw + piece.changes, piece.changes, at, piece.width)
                at = stop

    def _decoded(self, low: int, high: int, width: int) -> str:
        return self._main[low:high].decode("utf-16-le" if width == 2 else "cp1252", "replace")

    def _story(self, kind: _StoryKind, start: int, end: int) -> None:
        if kind.kind is PlaceKind.COMMENT:
            self._part.mark(MarkKind.COMMENTS)
        teller = _Teller(self._part, kind, self._format)
        last = "\r"
        for run in self._runs(start, end):
            teller.take(run)
            last = run.text[-1:] or last
        teller.finish()
        if last != "\r" and kind.length_at:  # every story ends with a paragraph: the lengths lie, and cut texts in two
            self._is_whole = False

    def _strings(self) -> None:
        """Hand over bookmarks, authors, variables and the paths under which the document was saved."""
        found: dict[str, None] = {}
        for number in _STRING_TABLES:
            for text in _string_table(_slot(self._main, self._table, self._base, number)):
                found[text] = None
        variables = _slot(self._main, self._table, self._base, _VARIABLES)
        found.update(dict.fromkeys(binary.wide_strings(variables).splitlines()))
        raw = _slot(self._main, self._table, self._base, _COMMENTERS)
        at = 0
        while at + 2 <= len(raw):
            size = 2 * u16(raw, at)
            found[raw[at + 2 : at + 2 + size].decode("utf-16-le", "replace")] = None
            at += 2 + size
        texts = [text.strip() for text in found]
        self._part.segment(PlaceKind.METADATA, "\n".join(text for text in texts if text))
        labels = (text for text in self._format.lists.unused() if _WORDS.search(text))
        self._part.segment(PlaceKind.METADATA, "\n".join(dict.fromkeys(labels)), visibility=Visibility.HIDDEN)


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters for which the same is set, and where in the stream they stand."""

    text: str = field(repr=False)
    changes: bytes = b""
    of_paragraph: bytes = b""  # what a fast save set besides for the paragraphs that end in it
    start: int = 0
    width: int = 1


class _Teller:
    """Turns the characters of a story into paragraphs, fields and numbered notes."""

    def __init__(self, part: OpenPart, kind: _StoryKind, form: _Format | None = None) -> None:
        self._part = part
        self._kind = kind
        self._format = form
        self._waiting: list[tuple[str, bytes]] = []  # of the paragraph at hand, the mark at its end not met yet
        self._at = 0
        self._number = 0
        self._fields: list[bool] = []  # for each open field whether its instruction is being read
        self._instruction: list[str] = []
        self._instructions: list[str] = []
        self._after_cell = False
        self._story = self._new_story()

    def take(self, run: _Run) -> None:
        """Take a run of characters."""
        at = run.start
        for piece in _TOKENS.split(run.text):
            if not piece:
                continue
            self._waiting.append((piece, run.changes))
            self._at = at
            at += len(piece) * run.width
            if piece in _PARAGRAPH_ENDS or (piece == "\x0c" and self._format and self._format.ends_at(at)):
                self._tell(run)

    def _tell(self, mark: _Run) -> None:
        """Tell the paragraph at hand, now that its end is known."""
        waiting, self._waiting = self._waiting, []
        if self._format is None:
            look_of: Callable[[bytes], Look] = lambda _: PLAIN  # noqa: E731
        else:
            look_of, label = self._format.looked_up(self._at, mark.of_paragraph)
            if label:
                self._put(label, look_of(mark.changes))
        for piece, changes in waiting:
            if _TOKENS.fullmatch(piece):
                self._special(piece, look_of(changes))
            else:
                self._put(piece, look_of(changes))

    def finish(self) -> None:
        """Hand over what is left."""
        if self._waiting:
            self._tell(_Run(""))
        self._story.finish()
        if self._instruction:
            self._end_instruction()
        text = "\n\n".join(dict.fromkeys(self._instructions))
        self._part.segment(self._kind.kind, text, visibility=Visibility.ATTRIBUTE)

    def _put(self, text: str, look: Look) -> None:
        self._after_cell = False
        if self._fields and self._fields[-1]:
            self._instruction.append(text)
        else:
            self._story.put(text, look.hiding, inserted=look.inserted)

    def _special(self, mark: str, look: Look) -> None:
        if mark == "\r":
            self._story.end_paragraph()
            self._after_cell = False
        elif mark == "\x07":
            # A row ends with one cell mark more: an empty cell, which ends the line here.
            if self._after_cell:
                self._story.end_paragraph()
            else:
                self._story.put("\t")
            self._after_cell = not self._after_cell
        elif mark == "\x13":
            self._fields.append(True)
        elif mark == "\x14":
            if self._fields and self._fields[-1]:
                self._fields[-1] = False
                self._end_instruction()
        elif mark == "\x15":
            if self._fields and self._fields.pop():
                self._end_instruction()
        elif mark == self._kind.separator:
            self._story.finish()
            self._number += 1
            self._story = self._new_story()
        else:
            replaced = _REPLACED.get(mark)
            if replaced:
                self._put(replaced, look)

    def _new_story(self) -> Story:
        kind = self._kind
        return Story(self._part, kind.kind, self._number if kind.separator and self._number else None, kind.visibility)

    def _end_instruction(self) -> None:
        text, self._instruction = "".join(self._instruction).strip(), []
        if not text:
            return
        self._instructions.append(text)
        if _FETCHING.match(text):
            self._part.mark(MarkKind.EXTERNAL_LINK)
        elif _RUNNING.match(text):
            self._part.mark(MarkKind.ACTIVE_CONTENT)


# -- the rest -----------------------------------------------------------------------------------------------------


def _string_table(raw: bytes) -> Iterator[str]:
    """Yield the strings of a table (STTB): each with its length before it, and a fixed number of bytes after it."""
    if len(raw) < 4:
        return
    wide = raw[:2] == b"\xff\xff"
    at = 2 if wide else 0
    count, extra = u16(raw, at), u16(raw, at + 2)
    at += 4
    for _ in range(count):
        if at + 2 > len(raw):
            return
        length = u16(raw, at) if wide else raw[at]
        at += 2 if wide else 1
        size = length * (2 if wide else 1)
        yield raw[at : at + size].decode("utf-16-le" if wide else "cp1252", "replace")
        at += size + extra


def _form_fields(data: bytes, part: OpenPart) -> None:
    """Hand over what form fields say besides their text: names, defaults, help, the items of lists."""
    texts: dict[str, None] = {}
    for found in _FORM_FIELD.finditer(data):
        end = found.start() + min(u32(data, found.start()), _LONGEST_FORM_FIELD)
        texts.update(dict.fromkeys(binary.wide_strings(data[found.end() : end]).splitlines()))
    if texts:
        part.mark(MarkKind.FORM)
        part.segment(PlaceKind.FIELD, "\n".join(texts), visibility=Visibility.ATTRIBUTE)


def _uncovered(main: bytes, covered: list[tuple[int, int]]) -> tuple[bytes, bytes]:
    """Return what no piece uses: of the area of the text, and of the rest of the stream."""
    start, end = u32(main, 0x18), min(u32(main, 0x1C), len(main))
    gaps: list[bytes] = []
    outside: list[bytes] = []
    at = 0
    for low, high in [*sorted(covered), (len(main), len(main))]:
        if low > at:
            first, last = max(at, start), min(low, end)
            outside += (main[at : min(low, start)], main[max(at, end) : low])
            if last - first > 4:
                gaps.append(main[first:last])
        at = max(at, high)
    return b"\0\0".join(gaps), b"\0\0".join(outside)


def _leftovers(gaps: bytes, part: OpenPart) -> None:
    """Hand over readable bytes of the text area that no piece uses: what a fast save left of an earlier text."""
    text = "\n".join(filter(None, (binary.wide_strings(gaps, None), binary.narrow_strings(gaps, None))))
    if text.strip():
        part.mark(MarkKind.HIDDEN_TEXT)
        part.segment(PlaceKind.TEXT, text, visibility=Visibility.HIDDEN)


def _read_old(main: bytes, part: OpenPart) -> None:
    """Read the text of Word 2, 6 and 95: 8-bit, in pieces where it was saved fast, all stories one after another."""
    part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
    start, end = u32(main, 0x18), min(u32(main, 0x1C), len(main))
    spans = [(start, end)] if 0 < start < end else []
    if u16(main, 0x0A) & _COMPLEX and u16(main, 0) == _WORD_6:
        spans = list(_old_pieces(main)) or spans
    if not spans:
        binary.strings(main, part)
        return
    page = "mac_roman" if u16(main, 0x14) == _MACINTOSH else codepages.codec(codepages.of_language(u16(main, 6)))
    teller = _Teller(part, _STORIES[0])
    for low, high in spans:
        teller.take(_Run(main[low:high].decode(page, "replace"), start=low))
    teller.finish()
    _leftovers(_uncovered(main, spans)[0], part)


def _old_pieces(main: bytes) -> Iterator[tuple[int, int]]:
    """Yield the stretches of bytes that make up the text of a document that was saved fast."""
    start, length = u32(main, _OLD_PIECES), u32(main, _OLD_PIECES + 4)
    raw = main[start : start + length]
    at = 0
    while raw[at : at + 1] == b"\x01":
        at += 3 + u16(raw, at + 1)
    if raw[at : at + 1] != b"\x02":
        return
    table = raw[at + 5 : at + 5 + u32(raw, at + 1)]
    count = min(len(table) // 12, _MOST_PIECES)
    left = len(main)
    for index in range(count):
        size = u32(table, 4 * index + 4) - u32(table, 4 * index)
        low = u32(table, 4 * (count + 1) + 8 * index + 2)
        if 0 < size <= left and low + size <= len(main):
            left -= size  # no text is longer than its file
            yield low, low + size
