# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the paragraphs of an OpenDocument file go, and how they go out: the body in stretches, a note by itself.

Paragraphs one behind another that are hidden in the same way go out together: an address is several paragraphs.
"""

from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics.cells import one_cell
from safehold.reading.notes import OpenPart

_ENOUGH = 1_500
_TOO_MUCH = 20_000
_LONG_PARAGRAPH = 200

Piece = tuple[str, Visibility | None, bool]  # text, how it is hidden, whether tracked changes inserted it


@dataclass(slots=True)
class Paragraph:
    """A paragraph at hand; *label* is the number of a list in front of it."""

    pieces: list[Piece] = field(default_factory=list, repr=False)
    is_hidden: bool = False
    label: str = field(default="", repr=False)

    def shown(self) -> str:
        """Return what of it is shown."""
        return "".join(text for text, hiding, _ in self.pieces if hiding is None)

    def whole(self) -> str:
        """Return all of its text."""
        return "".join(text for text, _, _ in self.pieces)

    def hidden(self) -> dict[Visibility, str]:
        """Return its text with what is hidden put back, by every way in which something is."""
        ways = {hiding for text, hiding, _ in self.pieces if hiding is not None and text.strip()}
        return {way: self._with_hidden(way) for way in sorted(ways)}

    def _with_hidden(self, way: Visibility) -> str:
        before = way is Visibility.TRACKED_DELETION  # what replaced the deletion is left out
        return "".join(
            text
            for text, hiding, inserted in self.pieces
            if hiding is way or (hiding is None and not (before and inserted))
        )


@dataclass(slots=True)
class _Hidden:
    """Paragraphs one behind another in which something is hidden in one way."""

    number: int | None
    lines: list[str] = field(default_factory=list, repr=False)
    size: int = 0


@dataclass(slots=True)
class Context:
    """Where paragraphs go: the body, a note, a comment, a header, a cell, a slide.

    Attributes:
        kind: The kind of place, or None for a cell, whose text goes to its row.
        number: Which one.
        visibility: How all of it is hidden, or None.
        stretches: Whether it is long and goes out in stretches that carry the number of their first paragraph.
        lines: What waits to be handed over.
        row: The cells of the row at hand.
        has_text: Whether anything was added.
        cell: Row and column of the cell that it hangs on, or zeros.
    """

    kind: PlaceKind | None
    number: int | None = None
    visibility: Visibility | None = None
    stretches: bool = False
    lines: list[str] = field(default_factory=list, repr=False)
    row: list[str] = field(default_factory=list, repr=False)
    has_text: bool = False
    cell: tuple[int, int] = (0, 0)
    _also: list[str] = field(default_factory=list, repr=False)
    _hidden: dict[Visibility, _Hidden] = field(default_factory=dict)
    _size: int = 0
    _first: int = 0

    def add(self, part: OpenPart, text: str, count: int) -> None:
        """Add a paragraph; *count* is its number in the body."""
        if not self.lines:
            self._first = count
        self.has_text = True
        self.lines.append(text)
        self._size += len(text)
        enough = self._size > _TOO_MUCH or (self._size > _ENOUGH and len(text) > _LONG_PARAGRAPH)
        # A slide waits: what is covered on it, its end says.
        if enough and self.kind not in (None, PlaceKind.TABLE, PlaceKind.SLIDE):
            self.flush(part)

    def add_also(self, text: str) -> None:
        """Add another way to read the paragraph at hand."""
        self._also.append(text)

    def add_hidden(self, part: OpenPart, hidden: dict[Visibility, str], count: int, *, is_shown: bool) -> None:
        """Add what a paragraph hides, by how it does; one that is shown and hides nothing in a way ends that way."""
        for way in [*self._hidden]:
            if way not in hidden and is_shown:
                self._flush_hidden(part, way)
        for way, text in hidden.items():
            waiting = self._hidden.setdefault(way, _Hidden(count if self.stretches else self.number))
            waiting.lines.append(text)
            waiting.size += len(text)
            if waiting.size > _TOO_MUCH:
                self._flush_hidden(part, way)

    def _flush_hidden(self, part: OpenPart, way: Visibility) -> None:
        hidden = self._hidden.pop(way)
        kind = self.kind or PlaceKind.PARAGRAPH
        part.segment(kind, "\n".join(hidden.lines), number=hidden.number, visibility=way)

    def flush(self, part: OpenPart) -> None:
        """Hand over what waits; the lines of a cell go to its row."""
        for way in [*self._hidden]:
            self._flush_hidden(part, way)
        if self.kind is None:
            return
        lines, self.lines, self._size = self.lines, [], 0
        also, self._also = self._also, []
        number = self._first if self.stretches else self.number
        visibility = self.visibility or Visibility.VISIBLE
        text = "\n".join(lines)
        part.segment(self.kind, text, number=number, visibility=visibility, cells=one_cell(text, *self.cell))
        part.segment(self.kind, "\n\n".join(also), number=number, visibility=visibility)
