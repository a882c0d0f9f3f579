# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerPoint presentations before 2007 (PPT): every text of every slide, its notes, masters and comments.

One pass over the records of the document stream, containers entered and never skipped, so that neither depth nor a
wrong length of one of them hides a text.  PowerPoint saves by adding: the directory of the last save says which
slides count, and what it does not list is an earlier state of them, read as hidden.

Source: [MS-PPT] 2.1.2 (the stream), 2.3 (edits), 2.4.14 (lists of slides), 2.9 (texts).
"""

import re
import zlib
from bisect import bisect_right
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary
from safehold.reading.legacy import escher, ole
from safehold.reading.legacy.biff import u16, u32
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_DOCUMENT, _SLIDE, _NOTES, _MASTER, _HANDOUT = 1000, 1006, 1008, 1016, 4041
_LISTS, _LISTED, _NOTES_ATOM, _SHOW_INFO = 4080, 1011, 1009, 1017
_CHARS, _BYTES, _STRING = 4000, 4008, 4026
_EDIT, _DIRECTORY, _OBJECT = 4085, 6002, 4113
_COMMENT, _HEADERS = 12000, 4057
_AUTHOR, _INITIALS = 0, 2  # instances of the strings of a comment
_TAGGED = 5003  # what later versions added, comments among it
_CRYPT = 0x2F14
_PAGES = frozenset((_DOCUMENT, _SLIDE, _NOTES, _MASTER, _HANDOUT))
_TOP = _PAGES | {_EDIT, _DIRECTORY, _OBJECT, _CRYPT}
# No record but these is long without holding others: texts, styles of text, pictures, sounds, fonts, objects.
_EDIT_HEADER = b"\x00\x00\xf5\x0f\x1c\x00\x00\x00"
_LONG_ATOM = 1_000
_MOST_LINKS = 1_000
_LONG_ATOMS = frozenset((_CHARS, _BYTES, _STRING, _OBJECT, _DIRECTORY, 4001, 2023, 4024, 1038, 1039, 4006, 1064))
_ENCRYPTED_TOKEN, _TOKEN = 0xF3D1C4DF, 0xE391C05F
_HIDDEN_FLAG = 0x0004
_CONTAINER = 0x0F
_MOST_RECORDS = 2_000_000
_MOST_EDITS = 10_000
# Names that the program gives: of tags, of clip formats.
_PROGRAM = re.compile(r"___PPT\d+|[A-Za-z]+\.[A-Za-z]+\.\d{1,2}")


@dataclass(slots=True)
class _Page:
    """What one slide, page of notes or master says."""

    kind: int
    offset: int
    texts: list[str] = field(default_factory=list, repr=False)
    headers: list[str] = field(default_factory=list, repr=False)
    hidden: bool = False
    slide: int = 0  # for notes: the id of their slide


def read(content: bytes, part: OpenPart) -> None:
    """Read a presentation."""
    file = ole.OleFile(content, part)
    stream = file.stream("PowerPoint Document")
    user = file.stream("Current User")
    token = u32(user, 12)
    if token == _ENCRYPTED_TOKEN or (token != _TOKEN and file.compound.find("EncryptedSummary") is not None):
        part.problem(Reason.ENCRYPTED, Detail.PASSWORD)
        file.finish()
        return
    if not stream:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
        binary.strings(content, part)
        file.finish()
        return
    presentation = _Presentation(stream, user, part)
    presentation.read()
    if presentation.is_encrypted:
        file.finish()
    else:
        file.finish(stream, *ole.pictures((file.stream("Pictures"),), part))


class _Presentation:
    """The document stream of a presentation."""

    def __init__(self, stream: bytes, user: bytes, part: OpenPart) -> None:
        self._stream = stream
        self._part = part
        self.is_encrypted = False
        self._known: list[int] = []  # where records start, as far as directories tell
        self._current, self._by_id = self._directory(u32(user, 16))
        self._open: list[tuple[int, int]] = []  # containers we are in: where each ends, and its kind
        self._page: _Page | None = None
        self._pages: list[_Page] = []
        self._list = -1  # which list of slides we are in: 0 slides, 1 masters, 2 notes
        self._numbers: dict[int, int] = {}  # offset of a slide -> its number
        self._ids: dict[int, int] = {}  # id of a slide -> its number
        self._outline: dict[int, list[str]] = {}
        self._listed = 0
        self._comments: list[dict[int, str]] = []
        self._loose: dict[str, None] = {}
        self._user = user
        self._objects = 0
        self._is_damaged = False
        self._gaps: list[bytes] = []  # between records

    def _directory(self, at: int) -> tuple[set[int], dict[int, int]]:
        """Return the offsets that the last save lists, and the offset of each id; empty where it cannot be told."""
        stream = self._stream
        by_id: dict[int, int] = {}
        seen: set[int] = set()
        if u16(stream, at + 2) != _EDIT:  # the stream that should tell does not: the last save stands last
            at = stream.rfind(_EDIT_HEADER)
        while 0 < at < len(stream) and at not in seen and u16(stream, at + 2) == _EDIT and len(seen) < _MOST_EDITS:
            seen.add(at)
            start = u32(stream, at + 20)
            at = u32(stream, at + 16)
            if u16(stream, start + 2) != _DIRECTORY:
                continue
            end = min(len(stream), start + 8 + u32(stream, start + 4))
            row = start + 8
            while row + 4 <= end:
                head = u32(stream, row)
                for index in range(head >> 20):
                    row += 4
                    if row + 4 <= end:
                        by_id.setdefault((head & 0xFFFFF) + index, u32(stream, row))
                row += 4
            seen.add(start)
        self._known = sorted({*seen, *by_id.values()})
        return set(by_id.values()), by_id

    def read(self) -> None:
        """Read and hand over everything."""
        end = self._walk()
        if self.is_encrypted:
            self._part.problem(Reason.ENCRYPTED, Detail.PASSWORD)
            return
        self._hand_over()
        rest = b"\n".join(gap for gap in (*self._gaps, self._stream[end:]) if gap.strip(b"\0"))
        if len(rest.strip(b"\0")) > 8 or self._is_damaged:
            self._part.problem(Reason.CORRUPT, Detail.SALVAGED)
            binary.strings(rest, self._part)

    def _walk(self) -> int:
        """Take every record in order; return where the stream stopped making sense."""
        stream, at = self._stream, 0
        size = len(stream)
        for _ in range(_MOST_RECORDS):
            while self._open and at >= self._open[-1][0]:
                self._close(self._open.pop()[1])
            limit = self._open[-1][0] if self._open else size
            if at + 8 > limit:
                if limit == size:
                    break
                at = limit
                continue
            head, kind, length = u16(stream, at), u16(stream, at + 2), u32(stream, at + 4)
            stop = at + 8 + length
            if not self._open and (not kind or stop > size):
                following = self._next_known(at)
                if following is None:
                    break
                self._gaps.append(stream[at:following])
                at = following
            elif self._is_container(head, kind, at + 8, min(stop, limit)):
                self._enter(kind, head >> 4, at)
                self._open.append((min(stop, limit), kind))
                at += 8
            else:
                if stop > limit or (not self._open and kind not in _TOP):
                    self._is_damaged = True
                self._atom(kind, head >> 4, at + 8, min(stop, limit))
                at = min(stop, limit)
        while self._open:
            self._close(self._open.pop()[1])
        return at

    def _is_container(self, head: int, kind: int, start: int, end: int) -> bool:
        """Return whether a record holds others: by its mark, or (lest a wrong mark hide a slide) by what is in it."""
        if head & _CONTAINER == _CONTAINER or kind in _PAGES or kind == _TAGGED:
            return self._holds_records(start, end)
        return end - start > _LONG_ATOM and kind not in _LONG_ATOMS and self._is_chain(start, end)

    def _is_chain(self, at: int, end: int) -> bool:
        """Return whether the bytes are records from the first to the last."""
        for _ in range(_MOST_LINKS):
            if at + 8 > end:
                break
            at += 8 + u32(self._stream, at + 4)
        return at == end

    def _next_known(self, at: int) -> int | None:
        """Return where the directory says that the next record after a gap starts."""
        index = bisect_right(self._known, at)
        return self._known[index] if index < len(self._known) else None

    def _holds_records(self, at: int, end: int) -> bool:
        """Return whether what calls itself a container is one: some are files of a later PowerPoint, as they are."""
        return at + 8 > end or (self._stream[at : at + 2] != b"PK" and at + 8 + u32(self._stream, at + 4) <= end + 8)

    # records

    def _enter(self, kind: int, instance: int, at: int) -> None:
        if kind in _PAGES:
            self._page = _Page(kind, at)
            self._pages.append(self._page)
        elif kind == _LISTS:
            self._list = instance
            self._listed = 0
        elif kind == _COMMENT:
            self._comments.append({})
        elif kind == _CRYPT:
            self.is_encrypted = True

    def _close(self, kind: int) -> None:
        if kind == _LISTS:
            self._list = -1
        elif kind in _PAGES:
            self._page = None

    def _atom(self, kind: int, instance: int, start: int, end: int) -> None:
        stream = self._stream
        if kind == _CHARS:
            self._text(stream[start:end].decode("utf-16-le", "replace"))
        elif kind == _BYTES:
            self._text(stream[start:end].decode("latin-1"))
        elif kind == _STRING:
            self._string(stream[start:end].decode("utf-16-le", "replace"), instance)
        elif kind == _LISTED and self._list == 0 and self._is_current():
            self._listed += 1
            offset = self._by_id.get(u32(stream, start))
            if offset is not None:
                self._numbers.setdefault(offset, self._listed)
            self._ids.setdefault(u32(stream, start + 12), self._listed)
        elif kind == _SHOW_INFO and self._page is not None:
            self._page.hidden = bool(u16(stream, start + 10) & _HIDDEN_FLAG)
        elif kind == _NOTES_ATOM and self._page is not None:
            self._page.slide = u32(stream, start)
        elif kind == _OBJECT:
            self._object(stream[start:end], packed=instance == 1)

    def _is_current(self) -> bool:
        return not self._current or self._page is None or self._page.offset in self._current

    def _text(self, text: str) -> None:
        text = _lines(text)
        if not text.strip(" *\n"):
            return
        if self._list == 0 and self._listed and self._is_current():
            self._outline.setdefault(self._listed, []).append(text)
        elif self._page is not None:
            self._page.texts.append(text)
        else:
            self._loose[text] = None

    def _string(self, text: str, instance: int) -> None:
        text = _lines(text)
        if not text.strip():
            return
        kinds = [kind for _, kind in self._open]
        if _COMMENT in kinds and self._comments:
            comment = self._comments[-1]
            comment[instance] = f"{comment[instance]}\n{text}" if instance in comment else text
        elif _HEADERS in kinds and self._page is not None:
            self._page.headers.append(text)
        elif not _PROGRAM.fullmatch(text):
            self._loose[text] = None

    def _object(self, raw: bytes, *, packed: bool) -> None:
        """Read an embedded object: a compound file, mostly compressed."""
        part = self._part
        problems: tuple[tuple[Reason, Detail], ...] = ()
        if packed:
            engine = zlib.decompressobj()
            try:
                size = u32(raw, 0)
                raw = engine.decompress(raw[4:], part.limits.member_bytes)
                if engine.unconsumed_tail:
                    problems = ((Reason.TOO_LARGE, Detail.MEMBER_SIZE),)
                elif len(raw) < size and not engine.eof:
                    problems = ((Reason.CORRUPT, Detail.SALVAGED),)
            except zlib.error:
                part.problem(Reason.CORRUPT, Detail.SALVAGED)
                return
            part.session.take_expanded(len(raw))
        part.mark(MarkKind.EMBEDDED)
        self._objects += 1
        name = f"object {self._objects}"
        given = Given(raw, names=(name,), is_attachment=part.is_attachment, attachment=part.attachment)
        part.child(given, name, problems=problems)

    # the end

    def _hand_over(self) -> None:
        part = self._part
        said: set[str] = set()
        for page in self._pages:
            number = self._numbers.get(page.offset)
            if page.kind == _SLIDE and number is not None:
                page.texts[:0] = self._outline.pop(number, [])
        for number, texts in self._outline.items():  # of slides that are not there
            part.segment(PlaceKind.SLIDE, "\n".join(texts), number=number)
        self._pages.sort(key=lambda page: (not self._counts(page), self._numbers.get(page.offset, 0)))
        for page in self._pages:
            self._hand_over_page(page, said)
        for number, comment in enumerate(self._comments, 1):
            part.mark(MarkKind.COMMENTS)
            part.segment(PlaceKind.COMMENT, _comment(comment), number=number, visibility=Visibility.COMMENT)
        part.segment(PlaceKind.METADATA, "\n".join(self._loose), visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.SLIDE, "\n".join(escher.words(self._stream)), visibility=Visibility.ATTRIBUTE)
        drawn = [text for text in escher.modern_texts(self._stream, part.session.take_expanded) if text not in said]
        part.segment(PlaceKind.SLIDE, "\n".join(drawn))
        name = self._user[28 : 28 + u16(self._user, 20)].decode("cp1252", "replace")
        part.segment(PlaceKind.METADATA, name, visibility=Visibility.ATTRIBUTE)

    def _counts(self, page: _Page) -> bool:
        return not self._current or page.offset in self._current

    def _hand_over_page(self, page: _Page, said: set[str]) -> None:
        part = self._part
        number = self._numbers.get(page.offset)
        text = "\n".join(page.texts)
        headers = "\n".join(dict.fromkeys(page.headers))
        if not self._counts(page):
            lines = (line for text in (*page.texts, *page.headers) for line in text.split("\n"))
            left = "\n".join(line for line in lines if line not in said)
            if left.strip():
                part.mark(MarkKind.OLD_REVISION)
                part.segment(PlaceKind.SLIDE, left, visibility=Visibility.HIDDEN)
            return
        said.update(page.headers, *(text.split("\n") for text in page.texts))
        visibility = Visibility.VISIBLE
        if page.kind == _SLIDE:
            if page.hidden:
                part.mark(MarkKind.HIDDEN_SLIDE, PlaceKind.SLIDE, number)
                visibility = Visibility.HIDDEN
            part.segment(PlaceKind.SLIDE, text, number=number, visibility=visibility)
        elif page.kind == _NOTES:
            number = self._ids.get(page.slide)
            if text.strip():
                part.mark(MarkKind.SPEAKER_NOTES)
            part.segment(PlaceKind.NOTE, text, number=number)
        else:
            part.segment(PlaceKind.PAGE_HEADER, text)
        part.segment(PlaceKind.PAGE_HEADER, headers, number=number, visibility=visibility)


def _comment(strings: dict[int, str]) -> str:
    """Return who said something, with initials, and what; the strings of a comment have numbers."""
    initials = strings.pop(_INITIALS, "")
    if initials:
        strings[_AUTHOR] = f"{strings.get(_AUTHOR, '')} ({initials})".strip()
    return "\n".join(strings[number] for number in sorted(strings))


def _lines(text: str) -> str:
    return text.replace("\r", "\n").replace("\x0b", "\n").replace("\0", "")
