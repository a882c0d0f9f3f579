# SPDX-License-Identifier: GPL-3.0-or-later
"""Rich text: what the head of a file and its words say about how text looks, is counted and is decoded.

The words here change the state of a group and the tables of the file, and send no text anywhere.  Pure, total.
"""

from collections.abc import Callable

from safehold.reading.basics import codepages
from safehold.reading.legacy import rtf_lists, rtf_words
from safehold.reading.legacy.rtf_groups import NO_FONTS, Colours, Gathering, ListTable, Sink, State, Table
from safehold.reading.legacy.rtf_styles import NOTHING, Styles

_FONT_KINDS = (b"loch", b"hich", b"dbch")
_COLOURS = {
    b"cf": "ink",
    b"cbpat": "ground",
    b"highlight": "fill",
    b"cb": "fill",
    b"chcbpat": "fill",
    b"chcfpat": "fill",
}
_MOST_FONTS = 10_000


class Looks:
    """The tables of a file: fonts, colours, styles and lists, and the row of a table at hand."""

    def __init__(self) -> None:
        self.page = "cp1252"  # of text whose font does not say
        self.font_table = Gathering(splits=True)
        self.colours = Colours()
        self.list_tables = ListTable()
        self.lists = self.list_tables.lists
        self.styles = Styles()
        self.style_sheet: Sink | None = None
        self.table = Table()
        self._fonts: dict[int, str] = {}
        self._font = self._default_font = 0

    def open_styles(self, sink: Sink, state: State) -> None:
        """Begin the style sheet: from here on *sink* takes the names of styles."""
        self.style_sheet = sink
        state.own, state.style = NOTHING, -1

    def end_style(self, closing: State) -> None:
        """Take a style whose group ends, if it is one."""
        if closing.sink is self.style_sheet:
            self.styles.define(max(0, closing.defines), closing.own, closing.style)

    # characters

    def _plain(self, state: State, word: bytes, number: int | None) -> None:
        del word, number
        state.deleted = state.inserted = False
        state.character_style = -1
        if state.own is not NOTHING:
            state.own = own = state.own.copy()
            own.hidden = own.ink = own.fill = own.size = None
        state.font, state.fonts = self._default_font, NO_FONTS
        state.font_kind = state.font_target = -1
        state.look()
        self.choose_page(state)

    def _toggle(self, state: State, word: bytes, number: int | None) -> None:
        is_on = number != 0
        if word == b"deleted":
            state.deleted = is_on
        elif word == b"revised":
            state.inserted = is_on
        else:
            state.set("hidden", is_on)
        state.look()

    def _colour(self, state: State, word: bytes, number: int | None) -> None:
        state.set(_COLOURS[word], self.colours.at(number or 0))

    def _colour_part(self, state: State, word: bytes, number: int | None) -> None:
        if state.sink is self.colours:
            self.colours.part(word, number or 0)

    def _size(self, state: State, word: bytes, number: int | None) -> None:
        del word
        state.set("size", number)

    # paragraphs, tables and styles

    def _plain_paragraph(self, state: State, word: bytes, number: int | None) -> None:
        del word, number
        state.in_table = False
        state.style = 0
        if state.own is not NOTHING:
            state.own = own = state.own.copy()
            own.ground = own.list_number = own.level = None
        state.look()

    def _style(self, state: State, word: bytes, number: int | None) -> None:
        if state.sink is self.style_sheet:
            state.defines = number or 0
        elif word == b"s":
            state.style = number or 0
        else:
            state.character_style = number or 0
        state.look()

    def _base_of_style(self, state: State, word: bytes, number: int | None) -> None:
        del word
        if state.sink is self.style_sheet:
            state.style = number or 0

    def _row(self, state: State, word: bytes, number: int | None) -> None:
        """Take the description of a row, cell by cell."""
        del state
        if word == b"trowd":
            self.table.row()
        elif word == b"clcbpat":
            self.table.colour(self.colours.at(number or 0))
        else:
            self.table.edge()

    def _in_table(self, state: State, word: bytes, number: int | None) -> None:
        del word
        state.in_table = number != 0
        state.look()

    def _list_word(self, state: State, word: bytes, number: int | None) -> None:
        if state.sink is self.list_tables:
            self.lists.word(word, number)
        elif word == b"ls":
            state.set("list_number", number)

    def _level(self, state: State, word: bytes, number: int | None) -> None:
        del word
        state.set("level", number)

    # fonts and code pages

    def _font_word(self, state: State, word: bytes, number: int | None) -> None:
        font = number or 0
        if state.sink is self.font_table:
            self._font = font
            return
        if word == b"f":
            state.font = font
            state.set_font(state.font_kind, font)
        else:
            state.set_font(state.font_target, font)
        self.choose_page(state)

    def _font_kind(self, state: State, word: bytes, number: int | None) -> None:
        del number
        state.font_kind = state.font_target = _FONT_KINDS.index(word)
        self.choose_page(state)

    def _direction(self, state: State, word: bytes, number: int | None) -> None:
        """Take a direction of writing: the font that is named next is that of the other one."""
        del word, number
        state.font_target = -1

    def choose_page(self, state: State) -> None:
        """Work out by which code page text is decoded."""
        chosen = state.fonts[state.font_kind] if state.font_kind >= 0 else -1
        state.page = self._fonts.get(chosen if chosen >= 0 else state.font, self.page)

    def _font_charset(self, state: State, word: bytes, number: int | None) -> None:
        if state.sink is not self.font_table or len(self._fonts) > _MOST_FONTS:
            return
        page = number if word == b"cpg" else codepages.CHARACTER_SETS.get(number or 0)
        if page:
            self._fonts[self._font] = codepages.codec(page)

    def _code_page(self, state: State, word: bytes, number: int | None) -> None:
        page = rtf_words.CHARACTER_SETS.get(word) or number
        if page:
            self.page = state.page = codepages.codec(page)

    def _use_default_font(self, state: State, word: bytes, number: int | None) -> None:
        del word
        self._default_font = state.font = number or 0


_Handler = Callable[[Looks, State, bytes, int | None], None]
WORDS: dict[bytes, _Handler] = {
    **dict.fromkeys(_FONT_KINDS, Looks._font_kind),
    **dict.fromkeys((b"ltrch", b"rtlch"), Looks._direction),
    **dict.fromkeys((b"v", b"webhidden", b"deleted", b"revised"), Looks._toggle),
    **dict.fromkeys(_COLOURS, Looks._colour),
    **dict.fromkeys((b"red", b"green", b"blue"), Looks._colour_part),
    **dict.fromkeys((b"s", b"cs", b"ds", b"ts"), Looks._style),
    **dict.fromkeys((b"trowd", b"clcbpat", b"cellx"), Looks._row),
    **dict.fromkeys(rtf_lists.WORDS, Looks._list_word),
    **dict.fromkeys((b"f", b"af"), Looks._font_word),
    **dict.fromkeys((b"fcharset", b"cpg"), Looks._font_charset),
    **dict.fromkeys((b"ansicpg", *rtf_words.CHARACTER_SETS), Looks._code_page),
    b"plain": Looks._plain,
    b"pard": Looks._plain_paragraph,
    b"sbasedon": Looks._base_of_style,
    b"intbl": Looks._in_table,
    b"ilvl": Looks._level,
    b"fs": Looks._size,
    b"deff": Looks._use_default_font,
}
