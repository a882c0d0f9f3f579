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
from safehold.reading.basics import codepages
from safehold.reading.basics.story import Story
from safehold.reading.legacy import escher, ole, rtf_words
from safehold.reading.legacy.rtf_groups import (
    NO_FONTS,
    USUAL_SIZE,
    Body,
    Colours,
    File,
    Gathering,
    Letter,
    Running,
    Sink,
    State,
    Tag,
)
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
_WORDS_IN = re.compile(r"[^\W\d_]{3}.*[^\W\d_]{3}")
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
        self._colours = Colours()
        self._font_table = Gathering(splits=True)
        self._nowhere = Sink()
        self._unknown = Gathering(splits=True)
        self._quiet = Gathering(splits=True)
        self._gathered: dict[Visibility, dict[str, None]] = {}
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = self._default_font = 0
        self._state = State(self._body, self._page)
        self._stack: list[State] = []
        self._bytes = bytearray()  # 8-bit text not decoded yet
        self._text: list[str] = []
        self._has_halves = False  # of characters that take two \u
        self._skipping = 0
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
        if self._skipping:
            taken = min(self._skipping, len(raw))
            self._skipping -= taken
            raw = raw[taken:]
        self._bytes += raw

    def _escaped(self, raw: bytes) -> None:
        found = bytes.fromhex(raw.replace(b"\\'", b"").decode())
        if self._skipping:
            taken = min(self._skipping, len(found))
            self._skipping -= taken
            found = found[taken:]
        self._bytes += found

    def _character(self, text: str) -> None:
        """Take a character that has a sign or a word."""
        if self._skipping:
            self._skipping -= 1
            return
        self._decode()
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
        self._state.sink.put(text, self._state)

    def _take_raw(self, at: int, length: int) -> int:
        """Take bytes as they are; return where they end.  A length beyond the end is none: what follows is text."""
        if not 0 <= length <= len(self._content) - at:
            length = 0
        sink = self._state.sink
        if isinstance(sink, File):
            sink.raw.append(self._content[at : at + length])
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
        if closing.sink.splits and closing.sink is self._state.sink:
            closing.sink.end_paragraph(closing)

    def _end_document(self) -> None:
        """Go on where programs stop: what stands after the outermost group is seen by nobody."""
        self._end_paragraph()
        state = self._state
        state.hidden = state.not_html = True
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
        handler = _WORDS.get(word)
        if handler is not None:
            handler(self, word, number)
        elif word in rtf_words.PARAGRAPH_ENDS:
            self._end_paragraph()
        elif word in rtf_words.SILENT:
            self._go_to(self._nowhere)
        elif word in rtf_words.QUIET:
            self._go_to(self._quiet)
        elif starred and word not in rtf_words.TRANSPARENT:
            self._go_to(self._unknown)

    def _end_paragraph(self) -> None:
        self._flush()
        self._state.sink.end_paragraph(self._state)

    def _go_to(self, sink: Sink, close: "Callable[[State], None] | None" = None) -> None:
        """Send the text of this group, from here on, somewhere else."""
        self._flush()
        self._state.sink = sink
        if close is not None:
            self._state.close = close

    # how text looks

    def _plain(self, word: bytes, number: int | None) -> None:
        del word, number
        self._flush()
        state = self._state
        state.hidden = state.deleted = state.inserted = False
        state.ink = state.fill = -1
        state.size = USUAL_SIZE
        state.font, state.fonts = self._default_font, NO_FONTS
        state.font_kind = state.font_target = -1
        state.look()
        self._choose_page()

    def _toggle(self, word: bytes, number: int | None) -> None:
        self._flush()
        state, is_on = self._state, number != 0
        if word == b"deleted":
            state.deleted = is_on
        elif word == b"revised":
            state.inserted = is_on
        else:
            state.hidden = is_on
        state.look()

    def _colour(self, word: bytes, number: int | None) -> None:
        self._flush()
        colour = self._colours.at(number or 0)
        if word == b"cf":
            self._state.ink = colour
        else:
            self._state.fill = colour
        self._state.look()

    def _colour_part(self, word: bytes, number: int | None) -> None:
        if self._state.sink is self._colours:
            self._flush()
            self._colours.part(word, number or 0)

    def _size(self, word: bytes, number: int | None) -> None:
        del word
        self._flush()
        self._state.size = USUAL_SIZE if number is None else number
        self._state.look()

    # fonts and code pages

    def _font_word(self, word: bytes, number: int | None) -> None:
        state, font = self._state, number or 0
        if state.sink is self._font_table:
            self._font = font
            return
        self._flush()
        if word == b"f":
            state.font = font
            self._set_font(state.font_kind, font)
        else:
            self._set_font(state.font_target, font)
        self._choose_page()

    def _set_font(self, kind: int, font: int) -> None:
        if kind >= 0:
            fonts = list(self._state.fonts)
            fonts[kind] = font
            self._state.fonts = (fonts[0], fonts[1], fonts[2])

    def _font_kind(self, word: bytes, number: int | None) -> None:
        del number
        self._flush()
        self._state.font_kind = self._state.font_target = _FONT_KINDS.index(word)
        self._choose_page()

    def _direction(self, word: bytes, number: int | None) -> None:
        """Take a direction of writing: the font that is named next is that of the other one."""
        del word, number
        self._state.font_target = -1

    def _choose_page(self, _: object = None) -> None:
        state = self._state
        chosen = state.fonts[state.font_kind] if state.font_kind >= 0 else -1
        state.page = self._fonts.get(chosen if chosen >= 0 else state.font, self._page)

    def _font_charset(self, word: bytes, number: int | None) -> None:
        if self._state.sink is not self._font_table or len(self._fonts) > _MOST_FONTS:
            return
        page = number if word == b"cpg" else codepages.CHARACTER_SETS.get(number or 0)
        if page:
            self._fonts[self._font] = codepages.codec(page)

    def _code_page(self, word: bytes, number: int | None) -> None:
        page = rtf_words.CHARACTER_SETS.get(word) or number
        if page:
            self._flush()
            self._page = self._state.page = codepages.codec(page)

    def _use_default_font(self, word: bytes, number: int | None) -> None:
        del word
        self._default_font = self._state.font = number or 0

    def _use_skip(self, word: bytes, number: int | None) -> None:
        del word
        self._state.skip = max(0, min(1 if number is None else number, 100))

    # groups that lead elsewhere

    def _open_fonts(self, word: bytes, number: int | None) -> None:
        del word, number
        self._go_to(self._font_table, self._choose_page)

    def _open_colours(self, word: bytes, number: int | None) -> None:
        del word, number
        self._go_to(self._colours)

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
        if splits:  # no text of the document: the code page of the file counts, not that of a font
            self._state.font = -1
            self._choose_page()

    def _gather(self, word: bytes, text: str) -> None:
        if not text:
            return
        if word == b"sn":
            self._property = text.lower()
            return
        if word == b"datafield" and _ONLY_HEX.fullmatch(text):
            text = ole.loose_text(bytes.fromhex(text))
        if word == b"sv" and self._property not in rtf_words.SHOWN_PROPERTIES:
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
        content = closing.sink.content() if isinstance(closing.sink, File) else b""
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
        part.segment(PlaceKind.METADATA, self._unknown.text(), visibility=Visibility.HIDDEN)
        quiet = f"{self._font_table.text()}\n{self._quiet.text()}"
        slipped = [line for line in quiet.splitlines() if _WORDS_IN.search(line)]
        part.segment(PlaceKind.METADATA, "\n".join(slipped), visibility=Visibility.HIDDEN)


_Handler = Callable[[_Reader, bytes, int | None], None]
_WORDS: dict[bytes, _Handler] = {
    **dict.fromkeys(rtf_words.STORIES, _Reader._open_story),
    **dict.fromkeys(rtf_words.GATHERED, _Reader._open_gathering),
    **dict.fromkeys(rtf_words.PICTURES, _Reader._picture_kind),
    **dict.fromkeys(_FONT_KINDS, _Reader._font_kind),
    **dict.fromkeys((b"ltrch", b"rtlch"), _Reader._direction),
    **dict.fromkeys((b"v", b"webhidden", b"deleted", b"revised"), _Reader._toggle),
    **dict.fromkeys((b"cf", b"cb", b"highlight", b"chcbpat", b"chcfpat"), _Reader._colour),
    **dict.fromkeys((b"red", b"green", b"blue"), _Reader._colour_part),
    **dict.fromkeys((b"f", b"af"), _Reader._font_word),
    **dict.fromkeys((b"fcharset", b"cpg"), _Reader._font_charset),
    **dict.fromkeys((b"ansicpg", *rtf_words.CHARACTER_SETS), _Reader._code_page),
    **dict.fromkeys((b"pict", b"objdata", b"datastore"), _Reader._open_file),
    **dict.fromkeys((b"upr", b"ud"), _Reader._set_aside),
    **dict.fromkeys((b"objlink", b"objautlink", b"objocx"), _Reader._link),
    b"plain": _Reader._plain,
    b"fs": _Reader._size,
    b"deff": _Reader._use_default_font,
    b"uc": _Reader._use_skip,
    b"fonttbl": _Reader._open_fonts,
    b"colortbl": _Reader._open_colours,
    b"fromhtml": _Reader._from_html,
    b"htmlrtf": _Reader._not_html,
    b"htmltag": _Reader._open_tag,
}
