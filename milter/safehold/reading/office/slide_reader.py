# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of a slide, layout, master or page of notes, made into shapes (:mod:`safehold.reading.office.shapes`).

Source: ECMA-376 part 1, 19.3 (slides), 21.1.2 (text), 21.1.3 (tables).
"""

import re

from safehold.model import Visibility
from safehold.reading.basics import colours, list_labels
from safehold.reading.office.attributes import Said
from safehold.reading.office.ooxml import local
from safehold.reading.office.shapes import Page, Paint, Shape
from safehold.reading.office.themes import MAPPED, Theme
from safehold.reading.vocabulary import words

_TINY = 200  # hundredths of a point
_CLEAR = 8_000  # thousandths of a percent of opacity
_SLIDE_NUMBER = re.compile(r"\d{1,3}|‹#›")
_ID = re.compile(r"\{[0-9A-Fa-f-]{36}\}")
# The property that an animation moves.
_ANIMATED = re.compile(
    r"r|(?:ppt|style|fill|stroke|xshear|image|shadow|extrusion|three|textpath|line)[._]?[a-zA-Z._]{0,25}"
)
_LEVEL = re.compile(r"lvl([1-9])pPr")
# How PowerPoint writes the number of a list (ST_TextAutonumberScheme): the way of counting, then what stands around it.
_SCHEME = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(Period|ParenR|ParenBoth|Plain)")
_WAYS = {
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
}
_AROUND = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Plain": "{}"}
_SHAPES = words("sp pic graphicFrame cxnSp contentPart")
_FILLS = words("solidFill noFill gradFill blipFill pattFill grpFill")
_COLOURS = words("srgbClr sysClr schemeClr prstClr scrgbClr hslClr")


class _Lists:
    """The numbers of the lists in one shape."""

    def __init__(self) -> None:
        self._counts: dict[int, tuple[str, int, int]] = {}  # by level: scheme, first number, number

    def label(self, level: int, scheme: str, start: int) -> str:
        """Return the number of the next paragraph of a level."""
        known = self._counts.get(level)
        number = known[2] + 1 if known is not None and known[:2] == (scheme, start) else start
        self.forget(level)
        self._counts[level] = (scheme, start, number)
        found = _SCHEME.fullmatch(scheme)
        return _AROUND[found[2]].format(list_labels.label(_WAYS[found[1]], number)) if found else f"{number}."

    def forget(self, level: int) -> None:
        """Begin anew on a level and those below it."""
        self._counts = {at: count for at, count in self._counts.items() if at < level}


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
        self._cell_from = 0  # where in the shape the text of the cell at hand begins
        self._cell_colours: list[int | None] = []
        self._cell_fill: Paint | None = None
        self._number_fields = 0
        self._said = Said()
        # Of the paragraph at hand: its level, the list it belongs to, and whether it has said something.
        self._level = 0
        self._list: tuple[str, int] | None = None
        self._has_text = False
        self._lists = _Lists()
        # What the shape says of each level of its text: how it is hidden, and its colour.
        self._defaults: dict[int, tuple[Visibility | None, int | None]] = {}
        self._default_level = 0
        self._is_clear = False

    def finish(self) -> Page:
        """Return what was read."""
        if self._shape is not None:
            self._end_shape()
        self.rest.attributes.update(self._said.values)
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
            self._said.take(name, parent, attributes)
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
            self._end_paragraph()
        elif name in ("r", "fld"):
            self._run_hiding = self._run_colour = None
            self._number_fields = 0
        elif name == "tc":
            self._end_cell()
        elif name == "tr":
            self._put("\n")
        elif name == "Fallback":
            self._fallbacks = max(0, self._fallbacks - 1)

    def data(self, text: str) -> None:
        """Take character data."""
        name = self._open[-1] if self._open else ""
        if name == "t" and self._number_fields and _SLIDE_NUMBER.fullmatch(text):
            return
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
        if self._list is not None and not self._has_text and not text.isspace():
            self._shape.labels.add(len(pieces))
            pieces.append((f"{self._lists.label(self._level, *self._list)}\t", self._run_hiding, None))
        self._has_text = self._has_text or not text.isspace()
        if self._cells:  # what it stands on, the end of the cell says
            self._cell_colours += [None] * (len(pieces) - self._cell_from - len(self._cell_colours))
            self._cell_colours.append(self._run_colour)
        pieces.append((text, self._run_hiding, None if self._cells else self._run_colour))

    def _start_paragraph(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._level, self._list, self._has_text = 0, None, False

    def _paragraph_properties(self, parent: str, attributes: dict[str, str]) -> None:
        if parent == "p":
            self._level = min(8, max(0, _whole(attributes.get("lvl", "0"))))

    def _number(self, parent: str, attributes: dict[str, str]) -> None:
        if parent == "pPr":
            self._list = (attributes.get("type", "arabicPeriod"), _whole(attributes.get("startAt", "1")))

    def _end_paragraph(self) -> None:
        if self._has_text and self._list is None:
            self._lists.forget(self._level)
        self._list = None
        self._put("\n" if not self._cells else " ")

    def _end_cell(self) -> None:
        """End a cell; what colour its text stands on is known where the cell says so itself."""
        shape, fill = self._shape, self._cell_fill
        if shape is not None and fill is not None and fill.colour is not None and fill.is_opaque:
            for index, ink in enumerate(self._cell_colours, self._cell_from):
                text, way, _ = shape.pieces[index]
                if way is None and ink is not None:
                    shape.pieces[index] = (text, colours.hiding(ink, fill.colour), None)
        self._put("\t")
        self._cells = max(0, self._cells - 1)

    def _start_page(self, _: str, attributes: dict[str, str]) -> None:
        self._page.is_hidden = attributes.get("show", "1") in ("0", "false", "off")

    def _start_shape(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        if self._shape is None:
            self._shape = Shape(is_picture=self._open[-1] == "pic", is_fallback=self._fallbacks > 0)
            self._shape_depth = len(self._open) - 1
            self._points = {}
            self._is_clear = False
            self._lists, self._defaults = _Lists(), {}
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
            self._run_hiding, self._run_colour = self._defaults.get(self._level, (None, None))
            if "sz" in attributes:
                self._run_hiding = _hiding_of_size(attributes["sz"])

    def _start_run(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._run_hiding, self._run_colour = self._defaults.get(self._level, (None, None))

    def _default(self, parent: str, attributes: dict[str, str]) -> None:
        """Take what the shape says of the text of one level."""
        level = _LEVEL.fullmatch(parent)
        if self._shape is not None and level is not None and "lstStyle" in self._open[-4:]:
            self._default_level = int(level[1]) - 1
            self._defaults[self._default_level] = (_hiding_of_size(attributes.get("sz", "")), None)

    def _break(self, parent: str, _: dict[str, str]) -> None:
        if parent == "p":
            self._put("\n")

    def _start_cell(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._cells += 1
        self._cell_from = len(self._shape.pieces) if self._shape is not None else 0
        self._cell_colours, self._cell_fill = [], None

    def _start_fallback(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._fallbacks += 1

    def _crop(self, _: str, attributes: dict[str, str]) -> None:
        if any(_whole(attributes.get(side, "0")) > 0 for side in "ltrb"):
            self._page.has_crop = True

    def _map_colours(self, _: str, attributes: dict[str, str]) -> None:
        self._page.mapping.update((key, value) for key, value in attributes.items() if key in MAPPED)

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
        elif parent == "defRPr" and "lstStyle" in self._open[-5:]:
            self._fill_of = "default"
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
        elif what == "default":
            self._defaults[self._default_level] = (
                self._defaults.get(self._default_level, (None, None))[0],
                fill.colour,
            )
        elif what == "cell":
            self._cell_fill = fill
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
        self._start_run("", attributes)
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
    "p": PageReader._start_paragraph,
    "pPr": PageReader._paragraph_properties,
    "buAutoNum": PageReader._number,
    "r": PageReader._start_run,
    "rPr": PageReader._run,
    "defRPr": PageReader._default,
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


def _hiding_of_size(size: str) -> Visibility | None:
    return Visibility.TINY if size.isdecimal() and len(size) < 8 and int(size) <= _TINY else None


def _whole(raw: str) -> int:
    try:
        return int(raw[:15])
    except ValueError:
        return 0
