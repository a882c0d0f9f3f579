# SPDX-License-Identifier: GPL-3.0-or-later
"""How the text of a Word document is seen: what a run's own properties say, and its styles and the theme.

Text hides by a property (hidden, a size of a point) or by its colour; whether a colour hides depends on what the text
stands on, which :mod:`safehold.reading.office.word_grounds` knows.  Pure.

Source: ECMA-376 part 1, 17.3.2 (runs), 17.3.5 (shading), 17.7 (styles), 17.18.97 (``ST_ThemeColor``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from safehold.model import Visibility
from safehold.reading.basics import colours
from safehold.reading.office.attributes import Said
from safehold.reading.vocabulary import words

_LEVELS = 9
_MOST_BASES = 20
_OFF = frozenset(("0", "false", "off", "none"))
_TINY = 2  # half points
_MOST_BANDS = 20  # there are 13
# The properties of runs that change how they are seen, and what else is learnt of a style.
OF_RUNS = words("vanish webHidden specVanish color highlight shd sz vertAlign")
_LEARNT = OF_RUNS | words("style basedOn numId ilvl tblStylePr")
# Besides a colour: text that the program colours itself (and no fill), and a colour nobody can tell.
AUTO, UNKNOWN = -1, -2
# The colours of highlighters (ST_HighlightColor).
_HIGHLIGHTS = {
    "black": 0x000000, "blue": 0x0000FF, "cyan": 0x00FFFF, "green": 0x00FF00, "magenta": 0xFF00FF, "red": 0xFF0000,
    "yellow": 0xFFFF00, "white": 0xFFFFFF, "darkBlue": 0x00008B, "darkCyan": 0x008B8B, "darkGreen": 0x006400,
    "darkMagenta": 0x8B008B, "darkRed": 0x8B0000, "darkYellow": 0x808000, "darkGray": 0xA9A9A9, "lightGray": 0xD3D3D3,
    "none": AUTO,
}  # fmt: skip
# What Word calls the colours of a theme, and what the theme calls them (by the ordinary mapping).
_THEMED = {
    "dark1": "dk1", "light1": "lt1", "dark2": "dk2", "light2": "lt2", "text1": "dk1", "background1": "lt1",
    "text2": "dk2", "background2": "lt2", "hyperlink": "hlink", "followedHyperlink": "folHlink",
}  # fmt: skip

Grounds = tuple[int, ...]  # the colours that text may stand on; none where that is not known


# -- colours ------------------------------------------------------------------------------------------------------


class Palette:
    """The colours that names stand for in a document."""

    def __init__(self, theme: Mapping[str, int] | None = None) -> None:
        self._theme = {"lt1": colours.WHITE, "dk1": colours.BLACK, **(theme or {})}

    def named(self, name: str) -> int:
        """Return the colour of a name of the theme, or UNKNOWN."""
        return self._theme.get(_THEMED.get(name, name), UNKNOWN)

    def text(self, given: Mapping[str, str]) -> int:
        """Return the colour of text as an element ``color`` gives it."""
        return self._colour(given, "val", "themeColor", "themeTint", "themeShade")

    def shading(self, given: Mapping[str, str]) -> int:
        """Return the colour of a ground as an element ``shd`` gives it; AUTO where it gives none."""
        fill = self._colour(given, "fill", "themeFill", "themeFillTint", "themeFillShade")
        pattern = given.get("val", "clear")
        if pattern in ("clear", "nil"):
            return fill
        if pattern == "solid":
            ink = self._colour(given, "color", "themeColor", "themeTint", "themeShade")
            return colours.BLACK if ink == AUTO else ink
        return UNKNOWN

    def _colour(self, given: Mapping[str, str], plain_name: str, theme: str, tint: str, shade: str) -> int:
        """Return a colour; the theme goes before what is written beside it for older programs."""
        named = self.named(given[theme]) if given.get(theme, "none") != "none" else UNKNOWN
        if named >= 0:
            lighter, darker = _share(given.get(tint)), _share(given.get(shade))
            return colours.tinted(named, 1 - lighter if lighter < 1 else darker - 1)
        written = given.get(plain_name, "auto")
        if written == "auto":
            return AUTO
        found = colours.rgb(written)
        return UNKNOWN if found is None else found


def _share(hexadecimal: str | None) -> float:
    try:
        return int((hexadecimal or "FF")[:2], 16) / 255
    except ValueError:
        return 1.0


# -- looks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What properties say of how a run is seen; None says nothing."""

    vanish: bool | None = None
    colour: int | None = None
    ground: int | None = None
    highlight: int | None = None
    half_points: int | None = None
    raised: bool = False

    def over(self, below: "Look") -> "Look":
        """Return this look where it says something, and *below* where it does not."""
        if below is PLAIN:
            return self
        if self is PLAIN:
            return below
        return Look(
            below.vanish if self.vanish is None else self.vanish,
            below.colour if self.colour is None else self.colour,
            below.ground if self.ground is None else self.ground,
            below.highlight if self.highlight is None else self.highlight,
            below.half_points if self.half_points is None else self.half_points,
            self.raised or below.raised,
        )

    def with_property(self, name: str, given: Mapping[str, str], palette: Palette) -> "Look":
        """Return the look with one more property of a run; names without prefixes."""
        value = given.get("val", "")
        match name:
            case "vanish" | "webHidden" | "specVanish":
                return replace(self, vanish=value.lower() not in _OFF)
            case "color":
                return replace(self, colour=palette.text(given))
            case "highlight":
                return replace(self, highlight=_HIGHLIGHTS.get(value, UNKNOWN))
            case "shd":
                return replace(self, ground=palette.shading(given))
            case "sz":
                return replace(self, half_points=int(value) if value.isdecimal() and len(value) < 6 else None)
            case "vertAlign":
                return replace(self, raised=value in ("superscript", "subscript"))
        return self

    def hiding(self, grounds: Grounds) -> Visibility | None:
        """Return how such a run is hidden on a ground, None where a reader sees it (or nobody can tell).

        A black highlighter on text of automatic colour covers it; on a black ground Word makes such text white.
        """
        if self.vanish:
            return Visibility.HIDDEN
        if self.half_points is not None and self.half_points <= _TINY:
            return Visibility.TINY
        if self.colour is None or self.colour == AUTO:
            return Visibility.COVERED if self.highlight == colours.BLACK else None
        for own in (self.highlight, self.ground):
            if own is not None and own != AUTO:
                grounds = (own,)
                break
        if self.colour < 0 or UNKNOWN in grounds:
            return None
        ways = [colours.hiding(self.colour, ground) for ground in grounds]
        return ways[0] if ways and None not in ways else None


PLAIN = Look()


# -- styles -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Style:
    """One style as its part of the document has it."""

    based_on: str = ""
    look: Look = PLAIN
    ground: int | None = None  # of a paragraph, or of the cells of a table
    banded: dict[str, int] = field(default_factory=dict)  # grounds of some cells of a table
    number: str = ""
    level: int | None = None


class Learner:
    """What is learnt from a part before the others are read; its own words are gathered in the same pass.

    Attributes:
        said: What its attributes say.
        has_text: Whether text stands in it, where none should.
    """

    def __init__(self) -> None:
        self.said = Said()
        self.has_text = False
        self._open: list[str] = []
        self._names: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = self._names.get(tag)
        if name is None:
            name = self._names[tag] = tag.rpartition(":")[2]
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        if attributes:
            self.said.take(name, parent, attributes)
        self.learn(name, attributes)

    def learn(self, name: str, attributes: dict[str, str]) -> None:
        """Learn from an element; its name is without prefix, those of its attributes are with."""

    def end(self, tag: str) -> None:  # noqa: ARG002 - one face for all that take an XML part
        """Take an end tag."""
        if self._open:
            self._open.pop()

    def data(self, text: str) -> None:
        """Take character data."""
        self.has_text = self.has_text or not text.isspace()

    def aside(self, _: str) -> None:
        """Take a comment or a processing instruction."""
        self.has_text = True


class Styles(Learner):
    """The styles of a document: takes the events of ``styles.xml``."""

    def __init__(self, palette: Palette | None = None) -> None:
        super().__init__()
        self.palette = palette or Palette()
        self.defaults = PLAIN
        self._styles: dict[str, _Style] = {}
        self._style = _Style()
        self._ordinary = ""  # the style of a paragraph that names none
        self._band = ""
        self._looks: dict[str, Look] = {}
        self._dressed: dict[str, tuple[Look, int | None]] = {}

    def learn(self, name: str, attributes: dict[str, str]) -> None:
        """Learn from an element."""
        if name not in _LEARNT:
            return
        given = without_prefixes(attributes)
        value = given.get("val", "")
        match name:
            case "style":
                self._begin(given)
            case "basedOn":
                self._style.based_on = value
            case "numId":
                self._style.number = value
            case "ilvl":
                self._style.level = level_of(value)
            case "tblStylePr":
                self._band = given.get("type", "")
            case _:
                self._take_property(name, given)

    def _begin(self, given: Mapping[str, str]) -> None:
        self._style = _Style()
        identity = given.get("styleId", "")
        self._styles[identity] = self._style
        if given.get("type", "paragraph") == "paragraph" and given.get("default", "0").lower() not in _OFF:
            self._ordinary = identity

    def _take_property(self, name: str, given: Mapping[str, str]) -> None:
        place = self._open[-3:-1]
        if place == ["style", "rPr"]:
            self._style.look = self._style.look.with_property(name, given, self.palette)
        elif place == ["rPrDefault", "rPr"]:
            self.defaults = self.defaults.with_property(name, given, self.palette)
        elif name == "shd" and place in (["style", "pPr"], ["style", "tcPr"], ["style", "tblPr"]):
            self._style.ground = self.palette.shading(given)
        elif name == "shd" and place == ["tblStylePr", "tcPr"] and len(self._style.banded) < _MOST_BANDS:
            self._style.banded[self._band] = self.palette.shading(given)

    def __contains__(self, style: object) -> bool:
        """Return whether there is such a style."""
        return style in self._styles

    def _chain(self, style: str) -> list[_Style]:
        chain: list[_Style] = []
        while len(chain) < _MOST_BASES and (found := self._styles.get(style)) is not None:
            chain.append(found)
            style = found.based_on
        return chain

    def look(self, style: str) -> Look:
        """Return what a style says of how its text is seen."""
        if style not in self._styles:
            return PLAIN
        known = self._looks.get(style)
        if known is None:
            known = PLAIN
            for found in self._chain(style):
                known = known.over(found.look)
            self._looks[style] = known
        return known

    def paragraph(self, style: str = "") -> tuple[Look, int | None]:
        """Return the look of a paragraph of a style ("" for one that names none), and its ground if it has one."""
        name = style or self._ordinary
        if name not in self._styles:
            return self.defaults, None
        known = self._dressed.get(name)
        if known is None:
            ground = next((found.ground for found in self._chain(name) if found.ground not in (None, AUTO)), None)
            known = self._dressed[name] = self.look(name).over(self.defaults), ground
        return known

    def table(self, style: str) -> tuple[Look, int | None, dict[str, int]]:
        """Return the look of the text in a table of a style, the ground of its cells, and grounds of some of them."""
        chain = self._chain(style)
        ground = next((found.ground for found in chain if found.ground not in (None, AUTO)), None)
        banded: dict[str, int] = {}
        for found in chain:
            banded = {**found.banded, **banded}
        return self.look(style), ground, banded

    def numbering(self, style: str) -> tuple[str, int | None]:
        """Return the list that paragraphs of a style belong to, "" for none, and the level, None where it says none."""
        level: int | None = None
        for found in self._chain(style or self._ordinary):
            level = found.level if level is None else level
            if found.number:
                return found.number, level
        return "", None


def without_prefixes(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return attributes by their names without prefixes."""
    return {name.rpartition(":")[2]: value for name, value in attributes.items()}


def level_of(value: str) -> int:
    """Return a level of a list as its attribute gives it, within bounds."""
    return min(int(value), _LEVELS - 1) if value.isdecimal() and len(value) < 4 else 0
