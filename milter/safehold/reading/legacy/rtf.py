# SPDX-License-Identifier: GPL-3.0-or-later
"""Rich text (RTF): a tokenizer of our own, one pass, linear, without recursion.

Every group has a state and a place where its text goes.  The body, headers, notes, comments and text boxes are running
texts; fields, bookmarks, properties, form fields and groups of nobody's standard are gathered and said apart.
Pictures and embedded objects are read as files.  Text is decoded by the code page of its font, character by character
where the file says so.  RTF that Outlook made of HTML is turned back into that HTML, and both are read.

Sources: Rich Text Format 1.9.1; [MS-OXRTFEX] (HTML inside); [MS-OLEDS] 2.2 (objects).
"""

import re
from collections.abc import Callable

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary
from safehold.reading.basics.story import Story
from safehold.reading.legacy import escher, ole, rtf_looks, rtf_words
from safehold.reading.legacy.rtf_groups import (
    Body,
    File,
    Gathering,
    Letter,
    Running,
    Sink,
    State,
    Tag,
)
from safehold.reading.legacy.rtf_looks import Looks
from safehold.reading.legacy.unsaid import is_somebodys
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind
from safehold.reading.written import html, plain_text

_TOKEN = re.compile(
    rb"([^\\{}]+)"  # 1 text
    rb"|\\([a-zA-Z]{1,32})(-?[0-9]{1,10})?[ ]?"  # 2 and 3 a word and its number
    rb"|((?:\\'[0-9a-fA-F]{2})+)"  # 4 bytes
    rb"|(\{)|(\})"  # 5 and 6
    rb"|\\(.)",  # 7 a sign
    re.DOTALL,
)
_TEXT, _BYTES, _OPEN, _CLOSE, _SIGN = 1, 4, 5, 6, 7
_FONT_KINDS = (b"loch", b"hich", b"dbch")
_FETCHING = re.compile(r"\s*(?:INCLUDEPICTURE|INCLUDETEXT|INCLUDE|LINK|IMPORT|DATABASE)\b", re.IGNORECASE)
_RUNNING = re.compile(r"\s*(?:DDE|DDEAUTO|MACROBUTTON)\b", re.IGNORECASE)
_ONLY_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_ONLY_NUMBER = re.compile(r"-?\d{1,10}")
_IDENTIFIER = re.compile(r"\w{1,60}")
# Six letters, or digits and blanks as of a telephone number, or a postcode.
_SAYS_SOMETHING = re.compile(
    r"[^\W\d_]{3}.*[^\W\d_]{3}"
    r"|(?<![(,;\d-])\d{3,6}[ -]?\d{3,6}(?![),;\d])"
    r"|\b[A-Za-z]{1,2}\d[\dA-Za-z]? ?\d[A-Za-z]{2}\b"
)
_MOST_FONTS = 10_000


def read(content: bytes, part: OpenPart) -> None:
    """Read a rich text file or body."""
    _Reader(content, part).read()


# -- the reader ---------------------------------------------------------------------------------------------------


class _Reader:
    """One file being read."""

    def __init__(self, content: bytes, part: OpenPart) -> None:
        self._content = content
        self._part = part
        self._letter = Letter(part)
        is_letter = part.given.body or b"\\fromhtml" in content[:1024]
        self._body = Body(self._letter if is_letter else Story(part, PlaceKind.PARAGRAPH))
        self._tag = Tag(self._body)
        self._looks = Looks()
        self._unknown = Gathering(splits=True)
        self._quiet = Gathering(splits=True)
        self._gathered: dict[Visibility, dict[str, None]] = {}
        self._state = State(self._body, self._looks.page, self._looks.styles, self._looks.table)
        self._stack: list[State] = []
        self._bytes = bytearray()  # 8-bit text not decoded yet
        self._text: list[str] = []
        self._has_halves = False  # of characters that take two \u
        self._skipping = 0
        self._skipped = bytearray()  # what stands after \u for old readers
        self._shows_more = False
        self._raw: list[bytes] = []  # bytes that are no file
        self._slips: dict[str, None] = {}  # words where none belong
        self._starred = False
        self._notes = {PlaceKind.NOTE: 0, PlaceKind.COMMENT: 0}
        self._pictures = 0
        self._property = ""

    def read(self) -> None:
        """Read all of it."""
        self._walk()
        is_cut = bool(self._stack)
        self._flush()
        while self._stack:
            self._close_group()
        self._leave()
        self._body.story.finish()
        self._hand_over()
        if is_cut:
            self._part.problem(Reason.CORRUPT, Detail.SALVAGED)

    def _walk(self) -> None:
        """Take every token."""
        content, at = self._content, 0
        while at >= 0:
            start, at = at, -1
            for token in _TOKEN.finditer(content, start):
                kind = token.lastindex
                if kind == _TEXT:
                    self._characters(token[_TEXT])
                elif kind == _OPEN:
                    self._open_group()
                elif kind == _CLOSE:
                    self._close_group()
                    if not self._stack:
                        self._end_document()
                elif kind == _BYTES:
                    self._escaped(token[_BYTES])
                elif kind == _SIGN:
                    self._sign(token[_SIGN])
                elif token[2] == b"bin":
                    at = self._take_raw(token.end(), int(token[3] or 0))
                    break
                else:
                    self._word(token[2], int(token[3]) if kind == 3 else None)

    # text

    def _characters(self, raw: bytes) -> None:
        sink = self._state.sink
        if isinstance(sink, File):
            sink.digits.append(raw)
            return
        if b"\n" in raw or b"\r" in raw or b"\0" in raw:
            raw = raw.translate(None, b"\r\n\0")
        self._bytes += self._skip(raw) if self._skipping else raw

    def _escaped(self, raw: bytes) -> None:
        found = bytes.fromhex(raw.replace(b"\\'", b"").decode())
        self._bytes += self._skip(found) if self._skipping else found

    def _skip(self, raw: bytes) -> bytes:
        """Pass over what says again what stands before it; keep it, for it may say something else."""
        taken = min(self._skipping, len(raw))
        self._skipping -= taken
        if self._shows_more:  # text that is shown stands between this and what was skipped last
            self._shows_more = False
            self._skipped += b"\n"
        self._skipped += raw[:taken]
        return raw[taken:]

    def _character(self, text: str) -> None:
        """Take a character that has a sign or a word."""
        if self._skipping:
            self._skipping -= 1
            return
        self._decode()
        self._shows_more = True
        self._text.append(text)

    def _unicode(self, number: int) -> None:
        self._decode()
        number &= 0xFFFF
        self._has_halves = self._has_halves or 0xD800 <= number < 0xE000
        self._text.append(chr(number))
        self._skipping = self._state.skip

    def _decode(self) -> None:
        raw = self._bytes
        if raw:
            self._shows_more = True
            self._text.append(raw.decode("ascii") if raw.isascii() else raw.decode(self._state.page, "replace"))
            self._bytes = bytearray()

    def _flush(self) -> None:
        """Hand the run of text to where it goes; to be called before anything of the state changes."""
        self._decode()
        if not self._text:
            return
        text = "".join(self._text)
        self._text.clear()
        if self._has_halves:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            self._has_halves = False
        sink = self._state.sink
        if isinstance(sink, Running) and not sink.has_begun:
            self._begin_paragraph(sink)
        sink.put(text, self._state)

    def _begin_paragraph(self, sink: Running) -> None:
        """Put the label of a paragraph in front of it, unless the file has it there."""
        sink.has_begun = True
        beside, sink.label_beside = sink.label_beside, ""
        formatting = self._state.formatting()
        if formatting.list_number and self._body.html is None:
            label = self._looks.lists.label(formatting.list_number, formatting.level or 0)
            if label.strip() != beside:
                sink.put(label, self._state)

    def _take_raw(self, at: int, length: int) -> int:
        """Take bytes as they are; return where they end.  A length beyond the end is none: what follows is text."""
        if not 0 <= length <= len(self._content) - at:
            length = 0
        sink = self._state.sink
        if isinstance(sink, File):
            sink.raw.append(self._content[at : at + length])
        else:
            self._raw.append(self._content[at : at + length])
        self._skipping = max(0, self._skipping - 1)
        return at + length

    # groups and words

    def _open_group(self) -> None:
        self._flush()
        self._skipping = 0
        self._starred = False
        self._stack.append(self._state)
        self._state = self._state.copy()

    def _close_group(self) -> None:
        self._flush()
        self._skipping = 0
        self._starred = False
        if not self._stack:
            return
        closing = self._state
        self._state = self._stack.pop()
        if closing.close is not None:
            closing.close(closing)
        if closing.sink.splits:
            if closing.sink is self._state.sink:
                self._looks.end_style(closing)
            closing.sink.end_paragraph(closing)
        if self._state.table_fill != self._looks.table.fill:
            self._state.look()

    def _end_document(self) -> None:
        """Go on where programs stop: what stands after the outermost group is seen by nobody."""
        self._end_paragraph()
        self._leave()
        state = self._state
        state.is_behind = state.not_html = True
        state.sink = self._body
        state.look()

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self._starred = True
        elif sign in (b"\n", b"\r"):
            self._end_paragraph()
        elif sign in rtf_words.SIGNS:
            self._character(rtf_words.SIGNS[sign])

    def _word(self, word: bytes, number: int | None) -> None:
        starred, self._starred = self._starred, False
        if word == b"u" and number is not None:
            self._unicode(number)
            return
        character = rtf_words.CHARACTERS.get(word)
        if character is not None:
            self._character(character)
            return
        self._skipping = max(0, self._skipping - 1)
        look, handler = rtf_looks.WORDS.get(word), _WORDS.get(word)
        if look is not None:
            self._flush()
            look(self._looks, self._state, word, number)
        elif handler is not None:
            handler(self, word, number)
        elif word in rtf_words.PARAGRAPH_ENDS:
            self._end_paragraph()
        elif word in rtf_words.QUIET:
            self._go_to(self._quiet)
        elif starred and word not in rtf_words.TRANSPARENT:
            self._go_to(self._unknown)
        if handler is None and look is None and rtf_words.is_strange(word):
            self._slips[word.decode()] = None

    def _end_paragraph(self) -> None:
        self._flush()
        sink = self._state.sink
        if isinstance(sink, Running) and not sink.has_begun:  # empty, but for its label
            self._begin_paragraph(sink)
        sink.end_paragraph(self._state)

    def _go_to(self, sink: Sink, close: "Callable[[State], None] | None" = None) -> None:
        """Send the text of this group, from here on, somewhere else."""
        self._flush()
        self._leave()
        self._state.sink, self._state.close = sink, close

    def _leave(self) -> None:
        """End what the group at hand was about so far."""
        close, self._state.close = self._state.close, None
        if close is not None:
            close(self._state)

    # paragraphs and their labels

    def _end_cell(self, word: bytes, number: int | None) -> None:
        del number
        self._flush()
        sink = self._state.sink
        self._text.append("\t")
        self._flush()
        if isinstance(sink, Running):
            sink.has_begun = False
        if word == b"cell":
            self._looks.table.end_cell()
            self._state.look()

    def _end_row(self, word: bytes, number: int | None) -> None:
        del word, number
        self._flush()
        self._state.sink.end_paragraph(self._state)
        self._looks.table.end_row()

    def _open_lists(self, word: bytes, number: int | None) -> None:
        del word, number
        self._go_to(self._looks.list_tables)

    def _open_level_text(self, word: bytes, number: int | None) -> None:
        del word, number
        sink = Gathering()
        self._go_to(sink, lambda _: self._looks.lists.text(sink.whole()))

    def _open_label(self, word: bytes, number: int | None) -> None:
        """Take the label that the file says for programs which cannot count."""
        del word, number
        to = self._state.sink
        if isinstance(to, Running):
            label = Gathering()
            self._go_to(label, lambda closing: self._end_label(to, label.text(), closing))

    def _end_label(self, to: Running, text: str, closing: State) -> None:
        if text:
            to.put(f"{text} ", closing)
            to.label_beside = text

    def _use_skip(self, word: bytes, number: int | None) -> None:
        del word
        self._state.skip = max(0, min(1 if number is None else number, 100))

    # groups that lead elsewhere

    def _open_fonts(self, word: bytes, number: int | None) -> None:
        del word, number
        self._go_to(self._looks.font_table, lambda _: self._looks.choose_page(self._state))

    def _open_colours(self, word: bytes, number: int | None) -> None:
        del word, number
        self._go_to(self._looks.colours)

    def _open_story(self, word: bytes, number: int | None) -> None:
        del number
        kind, visibility = rtf_words.STORIES[word]
        count = None
        if kind in self._notes:
            self._notes[kind] += 1
            count = self._notes[kind]
        if kind is PlaceKind.COMMENT:
            self._part.mark(MarkKind.COMMENTS)
        story = Story(self._part, kind, count, visibility)
        self._go_to(Running(story), lambda _: story.finish())

    def _open_gathering(self, word: bytes, number: int | None) -> None:
        del number
        splits = word in rtf_words.SPLITTING
        sink = Gathering(splits=splits)
        self._go_to(sink, lambda _: self._gather(word, sink.text()))
        if word == b"stylesheet":
            self._looks.open_styles(sink, self._state)
        if splits:  # no text of the document: the code page of the file counts, not that of a font
            self._state.font = -1
            self._looks.choose_page(self._state)

    def _gather(self, word: bytes, text: str) -> None:
        if not text:
            return
        if word == b"sn":
            self._property = text.lower()
            if not _IDENTIFIER.fullmatch(text):
                self._slips[text] = None
            return
        if word == b"datafield" and _ONLY_HEX.fullmatch(text):
            text = ole.loose_text(bytes.fromhex(text))
        if word == b"sv" and self._property not in rtf_words.SHOWN_PROPERTIES:
            self._slips[text] = None
            return
        if word == b"fldinst":
            if _FETCHING.match(text):
                self._part.mark(MarkKind.EXTERNAL_LINK)
            elif _RUNNING.match(text):
                self._part.mark(MarkKind.ACTIVE_CONTENT)
        self._gathered.setdefault(rtf_words.GATHERED[word], {})[text] = None

    def _set_aside(self, word: bytes, number: int | None) -> None:
        """Read the second of two forms of a text, the Unicode one, in place of the first."""
        del number
        if word == b"upr":
            self._state.set_aside = self._state.sink
            self._go_to(self._unknown)
        elif self._state.set_aside is not None:
            self._go_to(self._state.set_aside)

    def _link(self, word: bytes, number: int | None) -> None:
        del number
        self._part.mark(MarkKind.ACTIVE_CONTENT if word == b"objocx" else MarkKind.EXTERNAL_LINK)

    # HTML

    def _from_html(self, word: bytes, number: int | None) -> None:
        del word
        if number != 0 and self._body.html is None and self._body.story is self._letter:
            self._flush()
            self._body.html = []

    def _not_html(self, word: bytes, number: int | None) -> None:
        del word
        self._flush()
        self._state.not_html = number != 0

    def _open_tag(self, word: bytes, number: int | None) -> None:
        del word, number
        self._go_to(self._tag)

    # files

    def _open_file(self, word: bytes, number: int | None) -> None:
        del number
        sink = File()
        close = {b"pict": self._end_picture, b"objdata": self._end_object, b"datastore": self._end_store}[word]
        self._go_to(sink, close)

    def _picture_kind(self, word: bytes, number: int | None) -> None:
        del number
        self._state.picture = rtf_words.PICTURES[word]

    def _file_content(self, closing: State) -> bytes:
        if not isinstance(closing.sink, File):
            return b""
        content = closing.sink.content()
        self._slips[closing.sink.slipped()] = None
        self._part.session.take_expanded(len(content))
        return content

    def _end_picture(self, closing: State) -> None:
        content = self._file_content(closing)
        if not content:
            return
        self._pictures += 1
        kind = closing.picture
        if kind in ("bitmap", "pict", "os2"):  # nothing in the bytes tells what they are
            self._part.mark(MarkKind.NO_OCR)
            return
        self._part.member(f"picture {self._pictures}.{kind or 'bin'}", escher.as_file(kind, content))

    def _end_object(self, closing: State) -> None:
        content = self._file_content(closing)
        if content:
            ole.unwrap_ole1(content, self._part)

    def _end_store(self, closing: State) -> None:
        text = ole.texts(self._file_content(closing))
        self._part.segment(PlaceKind.METADATA, text, visibility=Visibility.HIDDEN)

    # the end

    def _hand_over(self) -> None:
        part = self._part
        text = "\n".join(self._letter.pieces)
        if self._body.html is not None:
            page = html.extract("".join(self._body.html), part.limits)
            html.hand_over(page, part, PlaceKind.BODY if part.given.body else PlaceKind.TEXT)
            said = plain_text.words_of("\n".join((page.own, page.quoted, *page.hidden.values())))
            if not plain_text.words_of(text) <= said:
                part.segment(PlaceKind.BODY, text, visibility=Visibility.ALTERNATIVE)
        elif part.given.body:
            visibility = plain_text.alternative_or_visible(text, part)
            if part.words is not None:
                part.words |= plain_text.words_of(text)
            for is_quoted, run in plain_text.split_quoted(text):
                part.segment(PlaceKind.QUOTED if is_quoted else PlaceKind.BODY, run, visibility=visibility)
        else:
            part.segment(PlaceKind.TEXT, text)
        for visibility, texts in self._gathered.items():
            part.segment(PlaceKind.METADATA, "\n".join(texts), visibility=visibility)
        for sink in (self._unknown, self._tag):
            part.segment(PlaceKind.METADATA, sink.text(), visibility=Visibility.HIDDEN)
        part.segment(PlaceKind.METADATA, "\n".join(self._slipped()), visibility=Visibility.HIDDEN)

    def _slipped(self) -> list[str]:
        """Return the words that stand where none of a person belong."""
        gathered = (self._looks.font_table, self._quiet, self._looks.list_tables, self._looks.colours.slipped)
        texts = [sink.text().replace(";", "\n") for sink in gathered]
        texts += (*self._slips, *self._looks.lists.unshown(), self._skipped.decode("cp1252", "replace"))
        lines = dict.fromkeys(line.strip() for text in texts for line in text.splitlines())
        said = [line for line in lines if _SAYS_SOMETHING.search(line) and is_somebodys(line) and not _is_code(line)]
        return [*said, binary.written(b"\0\0".join(self._raw))]


def _is_code(line: str) -> bool:
    return bool(_ONLY_HEX.fullmatch(line) or _ONLY_NUMBER.fullmatch(line))


_Handler = Callable[[_Reader, bytes, int | None], None]
_WORDS: dict[bytes, _Handler] = {
    **dict.fromkeys(rtf_words.STORIES, _Reader._open_story),
    **dict.fromkeys(rtf_words.GATHERED, _Reader._open_gathering),
    **dict.fromkeys(rtf_words.PICTURES, _Reader._picture_kind),
    **dict.fromkeys((b"cell", b"nestcell"), _Reader._end_cell),
    **dict.fromkeys((b"listtable", b"listoverridetable"), _Reader._open_lists),
    **dict.fromkeys((b"listtext", b"pntext"), _Reader._open_label),
    **dict.fromkeys((b"pict", b"objdata", b"datastore"), _Reader._open_file),
    **dict.fromkeys((b"upr", b"ud"), _Reader._set_aside),
    **dict.fromkeys((b"objlink", b"objautlink", b"objocx"), _Reader._link),
    b"row": _Reader._end_row,
    b"leveltext": _Reader._open_level_text,
    b"uc": _Reader._use_skip,
    b"fonttbl": _Reader._open_fonts,
    b"colortbl": _Reader._open_colours,
    b"fromhtml": _Reader._from_html,
    b"htmlrtf": _Reader._not_html,
    b"htmltag": _Reader._open_tag,
}
