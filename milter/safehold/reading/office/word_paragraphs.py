# SPDX-License-Identifier: GPL-3.0-or-later
"""A paragraph of a Word document at hand: its runs, and the ways in which they can be read.  Pure."""

from dataclasses import dataclass, field
from typing import NamedTuple

from safehold.model import Visibility
from safehold.reading.office.word_styles import PLAIN, Grounds, Look


class Piece(NamedTuple):
    """A run of text as its document has it."""

    text: str
    hiding: Visibility | None
    inserted: bool  # with tracking on
    other: bool  # for older programs, or a reading aid: not what the paragraph says
    chosen: bool  # what stands for it in a new program
    raised: bool


@dataclass(slots=True)
class Paragraph:
    """The pieces of a paragraph, and what its properties say."""

    look: Look = PLAIN
    grounds: Grounds = ()
    choices: int = 0  # alternatives that were open when it began
    fields: int = 0  # fields that were open when it began
    codes: int = 0  # those of which the code was at hand
    pieces: list[Piece] = field(default_factory=list, repr=False)
    style: str = ""
    number: str | None = None
    level: int | None = None
    label: str = ""

    def now(self) -> str:
        """Return the text as the document shows it."""
        return "".join([piece.text for piece in self.pieces if piece.hiding is None and not piece.other])

    def whole(self) -> str:
        """Return all of its text."""
        return "".join([piece.text for piece in self.pieces])

    def hidings(self) -> list[Visibility]:
        """Return every way in which some of it is hidden."""
        return sorted({piece.hiding for piece in self.pieces if piece.hiding is not None and piece.text.strip()})

    def with_hidden(self, hiding: Visibility) -> str:
        """Return the text with what is hidden in one way put back; with deletions, what replaced them is left out."""
        before = hiding is Visibility.TRACKED_DELETION
        return "".join(
            piece.text
            for piece in self.pieces
            if piece.hiding is hiding or (piece.hiding is None and not piece.other and not (before and piece.inserted))
        )

    def also(self) -> list[str]:
        """Return the other ways in which the shown text can be read."""
        shown = [piece for piece in self.pieces if piece.hiding is None]
        readings: list[str] = []
        if any(piece.other for piece in shown):
            readings.append("".join([piece.text for piece in shown if not piece.chosen]))
        shown = [piece for piece in shown if not piece.other]
        if any(piece.raised for piece in shown):
            readings.append("".join([f" {piece.text} " if piece.raised else piece.text for piece in shown]))
            readings.append("".join([piece.text for piece in shown if not piece.raised]))
        return readings

    def put_aid_behind(self, start: int, end: int) -> None:
        """Move a reading aid (the pieces from *start* to *end*) behind what it helps to read, in brackets."""
        aid = self.pieces[start:end]
        del self.pieces[start:end]
        if aid:
            first = aid[0]
            self.pieces += [first._replace(text=" ("), *aid, first._replace(text=")")]


def symbol(code: str) -> str:
    """Return the character of a symbol: symbol fonts have theirs from U+F000 on, in the places of ASCII."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if 0xF000 <= number <= 0xF0FF:
        number -= 0xF000
    return chr(number) if 0x20 <= number < 0x110000 and not 0xD800 <= number < 0xE000 else ""
