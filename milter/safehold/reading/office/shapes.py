# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of a slide: their text, where they stand, and what hides them, as far as geometry shows it.

A shape is off the page when more than 90 % of it lies outside (text that runs over an edge is common), covered when
an opaque shape or a picture that is painted later lies over 90 % of it, and its text is hidden by colour when it is
the colour of what it stands on.  What only rendering can tell (a bar over one line of a long text) is not judged.

Source: ECMA-376 part 1, 20.1.7 (transforms), 20.1.8 (fills), 20.1.2.3 (colours).
"""

from dataclasses import dataclass, field

from safehold.model import Visibility
from safehold.reading.basics import colours
from safehold.reading.basics.placed import LONGEST, Placed, by_place
from safehold.reading.office.ooxml import Loose, shown_in_drawing
from safehold.reading.office.themes import MAPPED, Theme

_MOSTLY = 0.9
_MOST_SHAPES_JUDGED = 500  # each is compared with each

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(slots=True)
class Paint:
    """A fill: *colour* is None where it is not one known colour."""

    colour: int | None = None
    is_opaque: bool = True


@dataclass(slots=True)
class Shape:
    """One shape.

    Attributes:
        pieces: Its text in pieces, each with how its own properties hide it and its colour, if it has one.
        box: Where it stands, in the units of the slide, or None where that is not known.
        placeholder: Type and index, or None.
        fill: What it is filled with, or None.
        is_picture: Whether it is a picture or another frame that paints over what lies beneath.
        hiding: How the whole shape is hidden, or None.
        is_fallback: Whether it stands in for another one in older programs.
        ground: The colour its text stands on, or None where that is not known.
        labels: Which of the pieces are numbers of a list, which PowerPoint works out.
    """

    pieces: list[tuple[str, Visibility | None, int | None]] = field(default_factory=list, repr=False)
    box: Box | None = None
    placeholder: tuple[str, str] | None = None
    fill: Paint | None = None
    is_picture: bool = False
    hiding: Visibility | None = None
    is_fallback: bool = False
    ground: int | None = None
    labels: set[int] = field(default_factory=set)

    def text(self, visibility: Visibility | None) -> str:
        """Return the text as shown, or (for one way of hiding) the text with what is so hidden put back."""
        if self.hiding is not None:
            return self.whole() if self.hiding is visibility else ""
        ways = [self._way(hiding, colour) for _, hiding, colour in self.pieces]
        if visibility is not None and visibility not in ways:
            return ""
        kept = (text for (text, _, _), way in zip(self.pieces, ways, strict=True) if way in (None, visibility))
        return "".join(kept).strip()

    def whole(self) -> str:
        """Return all of its text."""
        return "".join(text for text, _, _ in self.pieces).strip()

    def without_labels(self) -> str:
        """Return what is shown, without the numbers of lists; "" where it has none."""
        if not self.labels or self.hiding is not None:
            return ""
        kept = (piece for index, piece in enumerate(self.pieces) if index not in self.labels)
        return "".join(text for text, hiding, colour in kept if self._way(hiding, colour) is None).strip()

    def hidings(self) -> set[Visibility]:
        """Return every way in which some of it is hidden."""
        if self.hiding is not None:
            return {self.hiding} if self.whole() else set()
        return {
            way
            for text, hiding, colour in self.pieces
            if text.strip() and (way := self._way(hiding, colour)) is not None
        }

    def _way(self, hiding: Visibility | None, colour: int | None) -> Visibility | None:
        if hiding is not None or colour is None or self.ground is None:
            return hiding
        return colours.hiding(colour, self.ground)


class Page:
    """A slide, layout, master or page of notes, read.

    Attributes:
        shapes: In the order they are painted.
        rest: What it says besides.
        is_hidden: Whether it is left out of the show.
        has_crop: Whether a picture on it is cropped.
        background: What everything stands on, or None where it is not one known colour.
    """

    def __init__(self, above: "Page | None", theme: Theme | None) -> None:
        self.shapes: list[Shape] = []
        self.rest = Loose(shown_in_drawing)
        self.is_hidden = False
        self.has_crop = False
        self.above = above
        self.theme: Theme | None = theme or (above.theme if above else None)
        self.mapping: dict[str, str] = dict(above.mapping) if above else dict(MAPPED)
        self.background: Paint | None = above.background if above else None

    def colour(self, name: str) -> int | None:
        """Return the colour that a name of the theme stands for here."""
        return self.theme.colours.get(self.mapping.get(name, name)) if self.theme else None

    def judge(self, size: tuple[int, int] | None) -> None:
        """Find out which shapes are off the page, covered, or of the colour of their ground."""
        for shape in self.shapes:
            model = self._model(shape) if shape.placeholder is not None else None
            if model is not None:
                shape.box = shape.box or model.box
                shape.fill = shape.fill or model.fill
            if shape.pieces and shape.hiding is None and shape.box is not None and size is not None:
                is_off = _share(shape.box, (0, 0, *size)) < 1 - _MOSTLY
                shape.hiding = Visibility.OFF_PAGE if is_off else None
        for index, shape in enumerate(self.shapes if len(self.shapes) <= _MOST_SHAPES_JUDGED else ()):
            if not shape.pieces:
                continue
            box = shape.box if shape.hiding is None else None
            if box is not None and any(_covers(other, box) for other in self.shapes[index + 1 :]):
                shape.hiding = Visibility.COVERED
            shape.ground = self._ground(index)

    def text(self, visibility: Visibility | None, *, placeholders: bool | None = None) -> str:
        """Return the text of one visibility; None is what is shown.

        Args:
            visibility: Which.
            placeholders: Whether of placeholders or of other shapes only.
        """
        said = {shape.whole() for shape in self.shapes if not shape.is_fallback}
        texts = (
            shape.text(visibility)
            for shape in self.shapes
            if (placeholders is None or placeholders is (shape.placeholder is not None))
            and not (shape.is_fallback and shape.whole() in said)
        )
        return "\n".join(text for text in texts if text)

    def by_place(self) -> str:
        """Return the short texts that are shown in the order in which they stand, where that is another one."""
        placed = [
            Placed(shape.box[0], shape.box[1], shape.box[3] - shape.box[1], shape.text(None))
            for shape in self.shapes
            if shape.box is not None and shape.pieces and len(shape.pieces) <= LONGEST and not shape.is_fallback
        ]
        return by_place(placed)

    def hidings(self) -> list[Visibility]:
        """Return every way in which some of it is hidden."""
        return sorted({way for shape in self.shapes for way in shape.hidings()})

    def _model(self, shape: Shape) -> Shape | None:
        """Return the placeholder of the layout or master that gives this one its place."""
        page = self.above
        while page is not None:
            placed = (other for other in page.shapes[:_MOST_SHAPES_JUDGED] if other.box)
            likeness = ((_likeness(shape.placeholder, other.placeholder), other) for other in placed)
            best = max(likeness, key=lambda item: item[0], default=(0, None))
            if best[0]:
                return best[1]
            page = page.above
        return None

    def _ground(self, index: int) -> int | None:
        """Return the colour that the text of a shape stands on, where it is one colour for sure."""
        shape = self.shapes[index]
        if shape.fill is not None:
            return shape.fill.colour if shape.fill.is_opaque else None
        if shape.box is None or shape.is_picture:
            return None
        for other in reversed(self.shapes[:index]):
            if other.box is None or _share(shape.box, other.box) == 0:
                continue
            if other.is_picture or (other.fill is not None and not other.fill.is_opaque):
                return None
            if other.fill is not None:
                return other.fill.colour if _share(shape.box, other.box) > _MOSTLY else None
        page = self.above
        while page is not None:  # shapes of layout and master lie beneath
            if any(
                other.placeholder is None and (other.fill or other.is_picture)
                and (other.box is None or _share(shape.box, other.box) > 0)
                for other in page.shapes[:_MOST_SHAPES_JUDGED]
            ):  # fmt: skip
                return None
            page = page.above
        return self.background.colour if self.background else None


def _likeness(one: tuple[str, str] | None, other: tuple[str, str] | None) -> int:
    """Return how well two placeholders fit: by type and index, index, or type; 0 where they do not."""
    if one is None or other is None:
        return 0
    if one == other:
        return 3
    if one[1] and one[1] == other[1]:
        return 2
    return int(_plain_kind(one[0]) == _plain_kind(other[0]))


def _plain_kind(kind: str) -> str:
    return {"ctrTitle": "title", "": "body", "obj": "body", "subTitle": "body"}.get(kind, kind)


def _share(box: Box, ground: Box | tuple[int, int, int, int]) -> float:
    """Return which share of *box* lies on *ground*."""
    width = max(1.0, box[2] - box[0])
    height = max(1.0, box[3] - box[1])
    across = min(box[0] + width, ground[2]) - max(box[0], ground[0])
    down = min(box[1] + height, ground[3]) - max(box[1], ground[1])
    return max(0.0, across) * max(0.0, down) / (width * height)


def _covers(shape: Shape, box: Box) -> bool:
    if shape.box is None or shape.hiding is not None or shape.is_fallback:
        return False
    paints = shape.is_picture or (shape.fill is not None and shape.fill.is_opaque)
    return paints and _share(box, shape.box) >= _MOSTLY
