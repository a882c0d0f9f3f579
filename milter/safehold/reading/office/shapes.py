# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of a slide: their text, where they stand, and what hides them, as far as geometry shows it.

A shape is off the page when more than 90 % of it lies outside (text that runs over an edge is common), covered when
an opaque shape or a picture that is painted later lies over 90 % of it, and its text is hidden by colour when it is
the colour of what it stands on.  What only rendering can tell (a bar over one line of a long text) is not judged.

Source: ECMA-376 part 1, 20.1.7 (transforms), 20.1.8 (fills), 20.1.2.3 (colours).
"""

import re
from dataclasses import dataclass, field

from safehold.model import Visibility
from safehold.reading.basics import colours
from safehold.reading.office.ooxml import Loose, local, says_something, shown_in_drawing
from safehold.reading.vocabulary import words

_MOSTLY = 0.9
_TINY = 200  # hundredths of a point
_CLEAR = 8_000  # thousandths of a percent of opacity
_LONGEST_NUMBER = 5
_ID = re.compile(r"\{[0-9A-Fa-f-]{36}\}")
_ANIMATED = re.compile(r"[a-z._]{1,30}", re.IGNORECASE)  # the property that an animation moves
_MOST_SHAPES_JUDGED = 500  # each is compared with each
_SHAPES = words("sp pic graphicFrame cxnSp contentPart")
_FILLS = words("solidFill noFill gradFill blipFill pattFill grpFill")
_COLOURS = words("srgbClr sysClr schemeClr prstClr scrgbClr hslClr")
# The names that slides use for the colours of a theme, before a master maps them.
_MAPPED = {"bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2"}
_THEME = words("dk1 lt1 dk2 lt2 accent1 accent2 accent3 accent4 accent5 accent6 hlink folHlink")

Box = tuple[float, float, float, float]  # left, top, right, bottom


class Theme(Loose):
    """The colours of a theme, by name, and what else it says."""

    def __init__(self) -> None:
        super().__init__(lambda _, name, value: says_something(name, value))
        self.colours: dict[str, int] = {}
        self._name = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        super().start(tag, attributes)
        name = local(tag)
        if name in _THEME:
            self._name = name
        elif self._name and name in ("srgbClr", "sysClr"):
            colour = colours.rgb(attributes.get("lastClr") or attributes.get("val", ""))
            if colour is not None:
                self.colours.setdefault(self._name, colour)
            self._name = ""


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
    """

    pieces: list[tuple[str, Visibility | None, int | None]] = field(default_factory=list, repr=False)
    box: Box | None = None
    placeholder: tuple[str, str] | None = None
    fill: Paint | None = None
    is_picture: bool = False
    hiding: Visibility | None = None
    is_fallback: bool = False
    ground: int | None = None

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
        self.mapping: dict[str, str] = dict(above.mapping) if above else dict(_MAPPED)
        self.background: Paint | None = above.background if above else None

    def colour(self, name: str) -> int | None:
        """Return the colour that a name of the theme stands for here."""
        return self.theme.colours.get(self.mapping.get(name, name)) if self.theme else None

    def judge(self, size: tuple[int, int] | None) -> None:
        """Find out which shapes are off the page, covered, or of the colour of their ground."""
        if len(self.shapes) > _MOST_SHAPES_JUDGED:
            return
        for shape in self.shapes:
            model = self._model(shape) if shape.placeholder is not None else None
            if model is not None:
                shape.box = shape.box or model.box
                shape.fill = shape.fill or model.fill
        for index, shape in enumerate(self.shapes):
            if not shape.pieces:
                continue
            if shape.hiding is None and shape.box is not None:
                if size is not None and _share(shape.box, (0, 0, *size)) < 1 - _MOSTLY:
                    shape.hiding = Visibility.OFF_PAGE
                elif any(_covers(other, shape.box) for other in self.shapes[index + 1 :]):
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


class _Transform:
    """Where the children of a group stand."""

    def __init__(self, above: "_Transform | None") -> None:
        self.scale: tuple[float, float] = above.scale if above else (1.0, 1.0)
        self.shift: tuple[float, float] = above.shift if above else (0.0, 0.0)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the group stands on the slide."""
        return x * self.scale[0] + self.shift[0], y * self.scale[1] + self.shift[1]

    def nest(self, off: tuple[int, int], ext: tuple[int, int], inner: tuple[int, int], size: tuple[int, int]) -> None:
        """Take a group's own place and the coordinates its children use."""
        left, top = self.place(*off)
        across = ext[0] / size[0] if size[0] else 1.0
        down = ext[1] / size[1] if size[1] else 1.0
        self.scale = (self.scale[0] * across, self.scale[1] * down)
        self.shift = (left - inner[0] * self.scale[0], top - inner[1] * self.scale[1])


class PageReader:
    """Takes the events of a slide, layout, master or page of notes."""

    def __init__(self, above: Page | None, theme: Theme | None = None) -> None:
        self._page = Page(above, theme)
        self.rest = self._page.rest
        self._locals: dict[str, str] = {}
        self._open: list[str] = []
        self._shape: Shape | None = None
        self._shape_depth = 0
        self._groups: list[tuple[_Transform, bool]] = [(_Transform(None), False)]
        self._points: dict[str, tuple[int, int]] = {}
        self._fallbacks = 0
        self._run_hiding: Visibility | None = None
        self._run_colour: int | None = None
        self._fill_of = ""  # what the fill at hand fills: shape, text, background
        self._fill: Paint | None = None
        self._cells = 0
        self._number_fields = 0
        self._is_clear = False

    def finish(self) -> Page:
        """Return what was read."""
        if self._shape is not None:
            self._end_shape()
        return self._page

    # expat's events

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = self._locals.get(tag)
        if name is None:
            name = self._locals[tag] = local(tag)
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        if attributes:
            for key, value in attributes.items():
                if value and shown_in_drawing(name, local(key), value):
                    self.rest.attributes[value] = None
        take = _STARTS.get(name)
        if take is not None:
            take(self, parent, attributes)
        if name in _FILLS:
            self._start_fill(name, parent)
        elif name in _COLOURS and self._fill is not None:
            self._fill.colour = self._colour(name, attributes)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        name = self._locals.get(tag) or local(tag)
        if self._open:
            self._open.pop()
        if name in _SHAPES and self._shape is not None and len(self._open) <= self._shape_depth:
            self._end_shape()
        elif name == "grpSp" and len(self._groups) > 1:
            self._groups.pop()
        elif name in ("xfrm", "grpSpPr"):
            self._end_place(name)
        elif name in _FILLS or name == "bgRef":
            self._end_fill()
        elif name == "p":
            self._put("\n" if not self._cells else " ")
        elif name in ("r", "fld"):
            self._run_hiding = self._run_colour = None
            self._number_fields = 0
        elif name == "tc":
            self._put("\t")
            self._cells = max(0, self._cells - 1)
        elif name == "tr":
            self._put("\n")
        elif name == "Fallback":
            self._fallbacks = max(0, self._fallbacks - 1)

    def data(self, text: str) -> None:
        """Take character data."""
        name = self._open[-1] if self._open else ""
        if name == "t" and self._number_fields and len(text) <= _LONGEST_NUMBER and not any(map(str.isalpha, text)):
            return  # the number of the slide
        if name == "t" and self._shape is not None:
            self._put(text)
        elif (name == "attrName" and _ANIMATED.fullmatch(text)) or (name == "tableStyleId" and _ID.fullmatch(text)):
            return
        elif not text.isspace():
            self.rest.data(text + "\n")

    # what they come to

    def _put(self, text: str) -> None:
        if self._shape is None:
            return
        pieces = self._shape.pieces
        if text.isspace() and not pieces:
            return
        # What colour a cell of a table has depends on more than the cell.
        pieces.append((text, self._run_hiding, None if self._cells else self._run_colour))

    def _start_page(self, _: str, attributes: dict[str, str]) -> None:
        self._page.is_hidden = attributes.get("show", "1") in ("0", "false", "off")

    def _start_shape(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        if self._shape is None:
            self._shape = Shape(is_picture=self._open[-1] == "pic", is_fallback=self._fallbacks > 0)
            self._shape_depth = len(self._open) - 1
            self._points = {}
            self._is_clear = False
            if self._groups[-1][1]:
                self._shape.hiding = Visibility.HIDDEN

    def _end_shape(self) -> None:
        if self._shape is not None:
            self._page.shapes.append(self._shape)
        self._shape = None
        self._run_hiding = self._run_colour = None
        self._cells = 0

    def _start_group(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        if len(self._groups) < 1_000:
            transform, hidden = self._groups[-1]
            self._groups.append((_Transform(transform), hidden))
            self._points = {}

    def _properties(self, parent: str, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in ("1", "true"):
            if self._shape is not None:
                self._shape.hiding = Visibility.HIDDEN
            elif parent == "nvGrpSpPr":
                self._groups[-1] = (self._groups[-1][0], True)

    def _placeholder(self, _: str, attributes: dict[str, str]) -> None:
        if self._shape is not None:
            self._shape.placeholder = (attributes.get("type", ""), attributes.get("idx", ""))

    def _point(self, parent: str, attributes: dict[str, str]) -> None:
        if parent == "xfrm":
            first, second = (attributes.get(key, "") for key in (("x", "y") if "x" in attributes else ("cx", "cy")))
            self._points[self._open[-1]] = (_whole(first), _whole(second))

    def _end_place(self, name: str) -> None:
        points = self._points
        transform = self._groups[-1][0]
        if name == "grpSpPr" and self._shape is None and len(self._groups) > 1 and "off" in points:
            zero = (0, 0)
            off, ext = points["off"], points.get("ext", zero)
            transform.nest(off, ext, points.get("chOff", off), points.get("chExt", ext))
            self._points = {}
        elif name == "xfrm" and self._shape is not None and self._shape.box is None and "off" in points:
            left, top = points["off"]
            width, height = points.get("ext", (0, 0))
            self._shape.box = (*transform.place(left, top), *transform.place(left + width, top + height))

    def _run(self, parent: str, attributes: dict[str, str]) -> None:
        if parent in ("r", "fld"):
            self._run_hiding = self._run_colour = None
            size = attributes.get("sz", "")
            if size.isdecimal() and len(size) < 8 and int(size) <= _TINY:
                self._run_hiding = Visibility.TINY

    def _break(self, parent: str, _: dict[str, str]) -> None:
        if parent == "p":
            self._put("\n")

    def _start_cell(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._cells += 1

    def _start_fallback(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._fallbacks += 1

    def _crop(self, _: str, attributes: dict[str, str]) -> None:
        if any(_whole(attributes.get(side, "0")) > 0 for side in "ltrb"):
            self._page.has_crop = True

    def _map_colours(self, _: str, attributes: dict[str, str]) -> None:
        self._page.mapping.update((key, value) for key, value in attributes.items() if key in _MAPPED)

    def _background(self, _: str, attributes: dict[str, str]) -> None:
        # A reference to the theme's first background fill is one colour; the others are gradients and pictures.
        self._page.background = None
        if attributes.get("idx") == "1001":
            self._fill, self._fill_of = Paint(), "background"

    def _style_fill(self, parent: str, attributes: dict[str, str]) -> None:
        """Take the fill of a shape's style; an explicit one goes before."""
        shape = self._shape
        if parent == "style" and shape is not None and shape.fill is None and not self._is_clear:
            shape.fill = Paint() if attributes.get("idx", "0") != "0" else None

    def _start_fill(self, name: str, parent: str) -> None:
        if parent in ("spPr", "tcPr"):
            self._fill_of = "shape" if parent == "spPr" else "cell"
        elif parent == "rPr":
            self._fill_of = "text"
        elif parent == "bgPr":
            self._fill_of = "background"
        else:
            return
        self._fill = Paint() if name != "noFill" else None
        self._is_clear = self._is_clear or (name == "noFill" and self._fill_of == "shape")
        if name == "noFill" and self._fill_of == "text":
            self._run_hiding = Visibility.HIDDEN

    def _end_fill(self) -> None:
        fill, what = self._fill, self._fill_of
        self._fill, self._fill_of = None, ""
        if fill is None:
            return
        if what == "shape" and self._shape is not None:
            self._shape.fill = fill
        elif what == "text":
            self._run_colour = fill.colour
            if not fill.is_opaque:
                self._run_hiding = self._run_hiding or Visibility.HIDDEN
                self._run_colour = None
        elif what == "background":
            self._page.background = fill

    def _colour(self, name: str, attributes: dict[str, str]) -> int | None:
        value = attributes.get("val", "")
        if name == "schemeClr":
            return self._page.colour(value)
        if name == "prstClr":
            return {"white": colours.WHITE, "black": colours.BLACK}.get(value)
        return colours.rgb(attributes.get("lastClr") or value)

    def _shade(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        """Take what changes a colour: then it is not known any more."""
        if self._fill is not None:
            self._fill.colour = None

    def _highlight(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._run_colour = None  # it stands on the highlight

    def _field(self, _: str, attributes: dict[str, str]) -> None:
        self._number_fields = int(attributes.get("type") == "slidenum")

    def _alpha(self, _: str, attributes: dict[str, str]) -> None:
        if self._fill is not None:
            opacity = _whole(attributes.get("val", "100000").rstrip("%"))
            # Text vanishes only when it is nearly clear; a cover hides only when it is not clear at all.
            self._fill.is_opaque = opacity > _CLEAR if self._fill_of == "text" else opacity >= 100_000 - _CLEAR


_STARTS = {
    "sld": PageReader._start_page,
    **dict.fromkeys(_SHAPES, PageReader._start_shape),
    "grpSp": PageReader._start_group,
    "cNvPr": PageReader._properties,
    "ph": PageReader._placeholder,
    **dict.fromkeys(("off", "ext", "chOff", "chExt"), PageReader._point),
    "rPr": PageReader._run,
    "br": PageReader._break,
    "tc": PageReader._start_cell,
    "Fallback": PageReader._start_fallback,
    "srcRect": PageReader._crop,
    "clrMap": PageReader._map_colours,
    "overrideClrMapping": PageReader._map_colours,
    "bgRef": PageReader._background,
    "fillRef": PageReader._style_fill,
    **dict.fromkeys(("lumMod", "lumOff", "tint", "shade", "satMod", "inv", "gray"), PageReader._shade),
    "alpha": PageReader._alpha,
    "highlight": PageReader._highlight,
    "fld": PageReader._field,
}


def _whole(raw: str) -> int:
    try:
        return int(raw[:15])
    except ValueError:
        return 0
