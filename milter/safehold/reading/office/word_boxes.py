# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the text boxes of a Word document stand, as far as their anchors say it in numbers.  Pure.

Source: ECMA-376 part 1, 20.4.2.3 (anchor), 20.4.3.4 (where offsets count from).
"""

from dataclasses import dataclass, field

from safehold.reading.basics.placed import LONGEST, Placed

_PAGE = 100_000_000  # more than a page is high, in the units of drawings
_MOVING = frozenset(("paragraph", "line"))


@dataclass(slots=True)
class _Anchor:
    """A drawing at hand."""

    left: float | None = None
    top: float | None = None
    height: float = 0
    base: int = 0
    texts: list[str] = field(default_factory=list, repr=False)
    size: int = 0


class Boxes:
    """The anchored drawings that are open."""

    def __init__(self) -> None:
        self._anchors: list[_Anchor] = []

    def start(self) -> None:
        """Start a drawing."""
        self._anchors.append(_Anchor())

    def count_from(self, axis: str, base: str, paragraph: int) -> None:
        """Take what an offset counts from."""
        if self._anchors and axis == "positionV" and base in _MOVING:
            self._anchors[-1].base = paragraph * _PAGE

    def offset(self, axis: str, raw: str) -> None:
        """Take an offset."""
        if not self._anchors or len(raw) > 15 or not raw.strip().lstrip("-").isdecimal():
            return
        if axis == "positionH":
            self._anchors[-1].left = float(raw)
        elif axis == "positionV":
            self._anchors[-1].top = float(raw)

    def extent(self, height: str) -> None:
        """Take how high the drawing is."""
        if self._anchors and height.isdecimal() and len(height) < 15:
            self._anchors[-1].height = float(height)

    def add(self, text: str) -> None:
        """Add a paragraph that is shown."""
        if self._anchors:
            anchor = self._anchors[-1]
            anchor.size += len(text)
            if anchor.size <= LONGEST:
                anchor.texts.append(text)

    def end(self) -> Placed | None:
        """End a drawing; return its text where it is short and its place is known."""
        anchor = self._anchors.pop() if self._anchors else _Anchor()
        if anchor.left is None or anchor.top is None or anchor.size > LONGEST or not anchor.texts:
            return None
        return Placed(anchor.left, anchor.top + anchor.base, anchor.height, " ".join(anchor.texts))
