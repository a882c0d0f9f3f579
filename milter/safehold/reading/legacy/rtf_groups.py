# SPDX-License-Identifier: GPL-3.0-or-later
"""Rich text: what holds inside a group, and the places where its text may go."""

import re
from collections.abc import Callable
from html import escape

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import colours
from safehold.reading.basics.story import Story
from safehold.reading.legacy.rtf_lists import Lists
from safehold.reading.legacy.rtf_styles import NOTHING, Formatting, Styles
from safehold.reading.notes import OpenPart

_NOT_HEX = re.compile(rb"[^0-9a-fA-F]+")
_LETTERS = re.compile(rb"[g-zG-Z]")
_TINY = 2  # half points
NO_FONTS = (-1, -1, -1)  # of low, high and double-byte characters
_MOST_COLOURS = 10_000
_MOST_GATHERED = 1_000_000


class Table:
    """The colours behind the cells of the row at hand, and the cell at hand."""

    def __init__(self) -> None:
        self._fills: list[int] = []
        self._next = self._cell = 0
        self.fill = -1  # behind the cell at hand

    def row(self) -> None:
        """Begin a row."""
        self._fills = []
        self._next = -1
        self._go_to(0)

    def colour(self, fill: int) -> None:
        """Take the colour of the cell whose edge comes next."""
        self._next = fill

    def edge(self) -> None:
        """Take the edge of a cell."""
        if len(self._fills) < _MOST_COLOURS:
            self._fills.append(self._next)
        self._next = -1
        self._go_to(self._cell)

    def end_cell(self) -> None:
        """Go on in the next cell."""
        self._go_to(self._cell + 1)

    def end_row(self) -> None:
        """Go on in the next row, which may be like this one."""
        self._go_to(0)

    def _go_to(self, cell: int) -> None:
        self._cell = cell
        self.fill = self._fills[cell] if cell < len(self._fills) else -1


class State:
    """What holds inside a group."""

    __slots__ = (
        "character_style", "close", "defines", "deleted", "font", "font_kind", "font_target", "fonts", "hiding",
        "in_table", "inserted", "is_behind", "not_html", "own", "page", "picture", "set_aside", "sink", "skip", "style",
        "styles", "table", "table_fill",
    )  # fmt: skip

    def __init__(self, sink: "Sink", page: str, styles: Styles, table: Table) -> None:
        self.sink = sink
        self.set_aside: Sink | None = None  # where text went before \upr
        self.page = page
        self.skip = 1  # characters after \u that say the same for old readers
        self.hiding: Visibility | None = None
        self.deleted = self.inserted = self.not_html = False
        self.is_behind = False  # the end of the document
        self.own = NOTHING  # what is set here, not to be changed in place
        self.styles, self.table = styles, table
        self.style = 0  # of the paragraph
        self.character_style = -1
        self.defines = -1  # the number of the style that this group describes
        self.in_table = False
        self.table_fill = -1
        self.font = 0
        self.font_kind = self.font_target = -1  # which kind of characters follows, and whose font \af is
        self.fonts = NO_FONTS
        self.picture = ""
        self.close: Callable[[State], None] | None = None  # what to do when the group ends

    def copy(self) -> "State":
        """Return the state with which a group inside begins."""
        other = object.__new__(State)
        other.sink, other.set_aside, other.page, other.skip = self.sink, self.set_aside, self.page, self.skip
        other.hiding, other.deleted, other.is_behind = self.hiding, self.deleted, self.is_behind
        other.inserted, other.not_html, other.own = self.inserted, self.not_html, self.own
        other.styles, other.table, other.style = self.styles, self.table, self.style
        other.character_style, other.in_table, other.table_fill = self.character_style, self.in_table, self.table_fill
        other.font, other.fonts = self.font, self.fonts
        other.font_kind, other.font_target = self.font_kind, self.font_target
        other.picture, other.close, other.defines = "", None, -1
        return other

    def set_font(self, kind: int, font: int) -> None:
        """Set the font of one kind of characters, if of any."""
        if kind >= 0:
            fonts = list(self.fonts)
            fonts[kind] = font
            self.fonts = (fonts[0], fonts[1], fonts[2])

    def set(self, name: str, value: "int | None") -> None:
        """Set one thing of how text looks."""
        self.own = self.own.copy()
        setattr(self.own, name, value)
        self.look()

    def formatting(self) -> Formatting:
        """Return what is set here, and by the styles where nothing is."""
        found = self.own
        for number in (self.character_style, self.style):
            below = self.styles.get(number)
            if below is not NOTHING:
                found = found.over(below)
        return found

    def look(self) -> None:
        """Work out how the text is hidden."""
        self.table_fill = self.table.fill
        if self.deleted:
            self.hiding = Visibility.TRACKED_DELETION
            return
        found = self.formatting()
        if found.hidden or self.is_behind:
            self.hiding = Visibility.HIDDEN
        elif found.size is not None and found.size <= _TINY:
            self.hiding = Visibility.TINY
        elif found.ink is not None and found.ink >= 0:  # an automatic colour is one that can be seen
            grounds = (found.fill, found.ground, self.table_fill if self.in_table else None)
            ground = next((ground for ground in grounds if ground is not None and ground >= 0), colours.WHITE)
            self.hiding = colours.hiding(found.ink, ground)
        else:
            self.hiding = None


class Sink:
    """Where text goes; this one leads nowhere."""

    splits = False  # every group inside is a text of its own

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""

    def end_paragraph(self, state: State) -> None:
        """Take the end of a paragraph."""


class Running(Sink):
    """A running text."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.has_begun = False  # the paragraph at hand: its label was put
        self.label_beside = ""  # that the file says for programs which cannot count

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""
        self.story.put(text, state.hiding, inserted=state.inserted)

    def end_paragraph(self, state: State) -> None:
        """Take the end of a paragraph."""
        del state
        self.has_begun = False
        self.story.end_paragraph()


class Body(Running):
    """The body, and the HTML it was made of where it was made of some."""

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        self.html: list[str] | None = None

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""
        super().put(text, state)
        if self.html is not None and not state.not_html:
            self.html.append(escape(text, quote=False))

    def end_paragraph(self, state: State) -> None:
        """Take the end of a paragraph."""
        super().end_paragraph(state)
        if self.html is not None and not state.not_html:
            self.html.append("\n")


class Gathering(Sink):
    """Text that is said as a whole."""

    def __init__(self, *, splits: bool = False) -> None:
        self.splits = splits
        self._pieces: list[str] = []
        self._left = _MOST_GATHERED

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""
        del state
        self._left -= len(text)
        if self._left > 0:
            self._pieces.append(text)

    def end_paragraph(self, state: State) -> None:
        """Take the end of a paragraph."""
        del state
        if self._pieces and self._pieces[-1] != "\n":
            self._pieces.append("\n")

    def whole(self) -> str:
        """Return what was gathered, to the last sign."""
        return "".join(self._pieces)

    def text(self) -> str:
        """Return what was gathered."""
        return self.whole().strip(" \t\n\0")


class Tag(Gathering):
    """A piece of the HTML that the body was made of; gathered where the file does not say that it was made of any."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._body = body

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""
        if self._body.html is None:
            super().put(text, state)
        else:
            self._body.html.append(text)

    def end_paragraph(self, state: State) -> None:
        """Take the end of a paragraph."""
        if self._body.html is None:
            super().end_paragraph(state)
        else:
            self._body.html.append("\n")


class ListTable(Gathering):
    """The tables of lists; words in them are no text of a label."""

    def __init__(self) -> None:
        super().__init__(splits=True)
        self.lists = Lists()


class Colours(Sink):
    """The table of colours: each ends with a semicolon."""

    def __init__(self) -> None:
        self.slipped = Gathering(splits=True)  # what has no business there
        self.table: list[int] = []
        self.now = -1

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""
        if text.strip("; \t"):
            self.slipped.put(text, state)
            self.slipped.end_paragraph(state)
        for _ in range(text.count(";")):
            if len(self.table) < _MOST_COLOURS:
                self.table.append(self.now)
            self.now = -1

    def part(self, word: bytes, value: int) -> None:
        """Take red, green or blue of the colour at hand."""
        shift = {b"red": 16, b"green": 8, b"blue": 0}[word]
        self.now = max(0, self.now) & ~(0xFF << shift) | (value & 0xFF) << shift

    def at(self, index: int) -> int:
        """Return a colour of the table, -1 for the automatic one."""
        return self.table[index] if 0 <= index < len(self.table) else -1


class File(Sink):
    """A file written as hexadecimal digits, or as bytes where the file says so."""

    def __init__(self) -> None:
        self.digits: list[bytes] = []
        self.raw: list[bytes] = []
        self._slipped: list[str] = []

    def put(self, text: str, state: State) -> None:
        """Take a run of text, which has no business here."""
        del state
        self._slipped.append(text)

    def content(self) -> bytes:
        """Return the bytes."""
        digits = _NOT_HEX.sub(b"", b"".join(self.digits))
        return bytes.fromhex(digits[: len(digits) // 2 * 2].decode()) + b"".join(self.raw)

    def slipped(self) -> str:
        """Return text among the digits."""
        texts = [piece.decode("cp1252", "replace") for piece in self.digits if _LETTERS.search(piece)]
        return "\n".join((*texts, "".join(self._slipped)))


class Letter(Story):
    """A body that is gathered whole, so that the thread it answers can be told apart."""

    def __init__(self, part: OpenPart) -> None:
        super().__init__(part, PlaceKind.BODY)
        self.pieces: list[str] = []

    def _say(self, text: str, number: int | None) -> None:
        del number
        self.pieces.append(text)
