# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that a page shows in another order than its source has it.

A flex row turned round, children with an ``order``, floats to the right and boxes at coordinates of their own: what
stands in them is gathered once more and handed over as it is seen.  Only where that is simple: where a box is shifted,
mirrored or turned, the page is said to be reordered, and that is all.  Every text is held once, whatever the nesting;
nothing recurses.  Pure.
"""

from dataclasses import dataclass, field
from typing import Any

from safehold.reading.written.html_styles import Layout, Style

# A list of texts and of lists like it: a box inside a box is referred to, never copied.
_Pieces = list[Any]
_MOST_PLACED = 5_000


@dataclass(slots=True)
class _Box:
    """An open element that stands otherwise."""

    layout: Layout
    at: tuple[float, float]
    children: list[tuple[int, _Pieces]] = field(default_factory=list, repr=False)
    depth: int = 0  # elements open inside it
    changed: bool = False  # something inside stands in another order

    def current(self) -> _Pieces:
        """Return where text goes now."""
        if not self.children:
            self.children.append((0, []))
        return self.children[-1][1]


class Reordering:
    """Takes the elements and texts of a page and keeps what is seen in another order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.found = False  # whether anything is seen in another order
        self._open: list[_Box] = []
        self._floats: list[_Pieces] = []
        self._placed: list[tuple[tuple[float, float], _Pieces]] = []

    def start(self, style: Style) -> None:
        """Take the start of an element that has an end."""
        if self._open:
            box = self._open[-1]
            if not box.depth and box.layout in (Layout.ROW, Layout.REVERSED):
                box.children.append((style.order, []))
            box.depth += 1
        if style.layout is Layout.MOVED:
            self.found = True
        elif style.layout is not None:
            self._open.append(_Box(style.layout, style.at))

    def end(self) -> None:
        """Take the end of an element."""
        if not self._open:
            return
        box = self._open[-1]
        if box.depth:
            box.depth -= 1
            return
        self._open.pop()
        self._close(box)
        if self._open:
            self._open[-1].depth -= 1

    def text(self, text: str) -> None:
        """Take a text that is seen."""
        if self._open:
            self._open[-1].current().append(text)
        elif self._floats and text.strip():
            self._end_floats(text)

    def gap(self) -> None:
        """Take a break between blocks."""
        if self._open:
            self._open[-1].current().append(" ")

    def finish(self) -> None:
        """Take the end of the page."""
        while self._open:
            self._close(self._open.pop())
        self._end_floats("")
        placed = sorted(range(len(self._placed)), key=lambda index: self._placed[index][0])
        texts = [text for text in (_flat(self._placed[index][1]) for index in placed) if text]
        if texts:
            self.found = True
            self.lines.append("\n".join(texts))

    def _close(self, box: _Box) -> None:
        children = box.children
        order = sorted(range(len(children)), key=lambda index: children[index][0])
        if box.layout is Layout.REVERSED:
            order.reverse()
        changed = box.changed or order != list(range(len(children)))
        pieces: _Pieces = []
        for index in order:
            pieces += (children[index][1], " ")
        outer = self._open[-1] if self._open else None
        if box.layout is Layout.PLACED and len(self._placed) < _MOST_PLACED:
            self._placed.append((box.at, pieces))
            return
        if box.layout is Layout.FLOAT and outer is None:
            self._floats.append(pieces)
        if outer is not None:
            outer.current().append(pieces)
            outer.changed = outer.changed or changed
        elif changed:
            self.found = True
            self.lines.append(_flat(pieces))

    def _end_floats(self, following: str) -> None:
        """Hand over floats as they are seen: the first outermost, and what follows them in the source before them."""
        floats, self._floats = self._floats, []
        if len(floats) > 1 or (floats and following.strip()):
            self.found = True
            self.lines.append(" ".join([following, *map(_flat, reversed(floats))]))


def _flat(pieces: _Pieces) -> str:
    out: list[str] = []
    waiting: _Pieces = [pieces]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, str):
            out.append(piece)
        else:
            waiting.extend(reversed(piece))
    return " ".join("".join(out).split())
