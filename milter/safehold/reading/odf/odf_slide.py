# SPDX-License-Identifier: GPL-3.0-or-later
"""A slide of an OpenDocument presentation: where its shapes stand, and which are off the page or covered.

Pure.  Source: OpenDocument 1.3 part 3, 19.226 and following (positions and sizes), 20.110 (``draw:fill``).
"""

from dataclasses import dataclass

from safehold.reading.basics.placed import LONGEST, Placed, by_place
from safehold.reading.odf.odf_styles import points
from safehold.reading.odf.odf_words import attribute
from safehold.reading.office.ooxml import local

_MOSTLY = 0.9
_MOST_SHAPES_JUDGED = 500  # each is compared with each

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(slots=True)
class Shape:
    """A shape: where it stands, which lines of the slide are its text, and whether it paints over what is beneath."""

    box: Box
    first: int
    last: int = -1
    paints: bool = False


class Slide:
    """The slide at hand."""

    def __init__(self, width: float | None, height: float | None) -> None:
        self._size = (width, height) if width and height else None
        self._shapes: list[Shape] = []

    def place(self, attributes: dict[str, str], lines: int, *, paints: bool) -> Shape | None:
        """Take a shape that begins at a line of the slide; None where nobody knows where it stands."""
        box = _box(attributes)
        if box is None:
            return None
        self._shapes.append(Shape(box, lines, paints=paints))
        return self._shapes[-1]

    def is_off(self, attributes: dict[str, str]) -> bool:
        """Return whether more than most of a shape stands off the slide."""
        box = _box(attributes)
        return box is not None and self._size is not None and _share(box, (0, 0, *self._size)) < 1 - _MOSTLY

    def by_place(self, lines: list[str]) -> str:
        """Return the short texts of shapes, out of the *lines* of the slide, in the order in which they stand."""
        return by_place(
            [
                Placed(
                    shape.box[0], shape.box[1], shape.box[3] - shape.box[1], " ".join(lines[shape.first : shape.last])
                )
                for shape in self._shapes[:_MOST_SHAPES_JUDGED]
                if 0 < shape.last - shape.first <= LONGEST
            ]
        )

    def covered(self) -> set[int]:
        """Return the lines of the slide that something covers which is painted later."""
        lines: set[int] = set()
        shapes = self._shapes if len(self._shapes) <= _MOST_SHAPES_JUDGED else []
        for index, shape in enumerate(shapes):
            if shape.last > shape.first and any(
                other.paints and other.first >= shape.last and _share(shape.box, other.box) >= _MOSTLY
                for other in shapes[index + 1 :]
            ):
                lines.update(range(shape.first, shape.last))
        return lines


def _box(attributes: dict[str, str]) -> Box | None:
    left, top, width, height = (points(attribute(attributes, key)) for key in ("x", "y", "width", "height"))
    if left is None or top is None or "transform" in map(local, attributes):
        return None
    return left, top, left + max(1.0, width or 0), top + max(1.0, height or 0)


def _share(box: Box, ground: Box) -> float:
    """Return which share of *box* lies on *ground*."""
    across = min(box[2], ground[2]) - max(box[0], ground[0])
    down = min(box[3], ground[3]) - max(box[1], ground[1])
    return max(0.0, across) * max(0.0, down) / ((box[2] - box[0]) * (box[3] - box[1]))
