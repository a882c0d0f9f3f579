# SPDX-License-Identifier: GPL-3.0-or-later
"""Rich text: what holds inside a group, and the places where its text may go."""

import re
from collections.abc import Callable
from html import escape

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import colours
from safehold.reading.basics.story import Story
from safehold.reading.notes import OpenPart

_NOT_HEX = re.compile(rb"[^0-9a-fA-F]+")
USUAL_SIZE = 24  # half points
_TINY = 2
NO_FONTS = (-1, -1, -1)  # of low, high and double-byte characters
_MOST_COLOURS = 10_000
_MOST_GATHERED = 1_000_000


class State:
    """What holds inside a group."""

    __slots__ = (
        "close", "deleted", "fill", "font", "font_kind", "font_target", "fonts", "hidden", "hiding", "ink", "inserted",
        "not_html", "page", "picture", "set_aside", "sink", "size", "skip",
    )  # fmt: skip

    def __init__(self, sink: "Sink", page: str) -> None:
        self.sink = sink
        self.set_aside: Sink | None = None  # where text went before \upr
        self.page = page
        self.skip = 1  # characters after \u that say the same for old readers
        self.hiding: Visibility | None = None
        self.hidden = self.deleted = self.inserted = self.not_html = False
        self.ink = self.fill = -1
        self.size = USUAL_SIZE
        self.font = 0
        self.font_kind = self.font_target = -1  # which kind of characters follows, and whose font \af is
        self.fonts = NO_FONTS
        self.picture = ""
        self.close: Callable[[State], None] | None = None  # what to do when the group ends

    def copy(self) -> "State":
        """Return the state with which a group inside begins."""
        other = object.__new__(State)
        other.sink, other.set_aside, other.page, other.skip = self.sink, self.set_aside, self.page, self.skip
        other.hiding, other.hidden, other.deleted = self.hiding, self.hidden, self.deleted
        other.inserted, other.not_html, other.ink, other.fill = self.inserted, self.not_html, self.ink, self.fill
        other.size, other.font, other.fonts = self.size, self.font, self.fonts
        other.font_kind, other.font_target = self.font_kind, self.font_target
        other.picture, other.close = "", None
        return other

    def look(self) -> None:
        """Work out how the text is hidden."""
        if self.deleted:
            self.hiding = Visibility.TRACKED_DELETION
        elif self.hidden:
            self.hiding = Visibility.HIDDEN
        else:
            self.hiding = Visibility.TINY if self.size <= _TINY else None
            if self.ink >= 0:  # an automatic colour is one that can be seen
                self.hiding = self.hiding or colours.hiding(self.ink, self.fill if self.fill >= 0 else colours.WHITE)


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

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""
        self.story.put(text, state.hiding, inserted=state.inserted)

    def end_paragraph(self, state: State) -> None:
        """Take the end of a paragraph."""
        del state
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


class Tag(Sink):
    """A piece of the HTML that the body was made of."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""
        del state
        if self._body.html is not None:
            self._body.html.append(text)

    def end_paragraph(self, state: State) -> None:
        """Take the end of a paragraph."""
        self.put("\n", state)


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

    def text(self) -> str:
        """Return what was gathered."""
        return "".join(self._pieces).strip(" \t\n\0")


class Colours(Sink):
    """The table of colours: each ends with a semicolon."""

    def __init__(self) -> None:
        self.table: list[int] = []
        self.now = -1

    def put(self, text: str, state: State) -> None:
        """Take a run of text."""
        del state
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

    def content(self) -> bytes:
        """Return the bytes."""
        digits = _NOT_HEX.sub(b"", b"".join(self.digits))
        return bytes.fromhex(digits[: len(digits) // 2 * 2].decode()) + b"".join(self.raw)


class Letter(Story):
    """A body that is gathered whole, so that the thread it answers can be told apart."""

    def __init__(self, part: OpenPart) -> None:
        super().__init__(part, PlaceKind.BODY)
        self.pieces: list[str] = []

    def _say(self, text: str, number: int | None) -> None:
        del number
        self.pieces.append(text)
