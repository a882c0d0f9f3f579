# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Word document keeps apart from its text and a reader sees with it: list numbers, and looks by style.

Only the plain cases: a list number follows from its level's start, its pattern and the numbers above it; a look is
what the character and paragraph styles of a run say, nearest first.  Links between numbering styles are not followed.
Pure.  Source: ECMA-376 Part 1, 17.9 (numbering) and 17.7 (styles).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from safehold.model import Visibility
from safehold.reading.basics.numerals import written
from safehold.reading.written.html_styles import UNKNOWN, WHITE, Colour, alike, colour

_LEVELS = 9
_PLACEHOLDER = re.compile(r"%([1-9])")
_MOST_BASES = 20
_OFF = frozenset(("0", "false", "off", "none"))
_BLACK: Colour = (0, 0, 0)
_TINY = 2  # half points
_LONGEST_LABEL = 300
# The colours of highlighters (ST_HighlightColor) that are not spelt as in HTML.
_HIGHLIGHTS: dict[str, Colour] = {
    "darkBlue": (0, 0, 139), "darkCyan": (0, 139, 139), "darkGreen": (0, 100, 0), "darkMagenta": (139, 0, 139),
    "darkRed": (139, 0, 0), "darkYellow": (128, 128, 0), "darkGray": (169, 169, 169), "lightGray": (211, 211, 211),
    "cyan": (0, 255, 255), "magenta": (255, 0, 255),
}  # fmt: skip


# -- looks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What the properties of a run say of how it is seen; the defaults say nothing."""

    vanish: bool | None = None
    colour: Colour | None = None
    ground: Colour | None = None
    highlight: Colour | None = None
    half_points: int | None = None
    raised: bool = False

    def over(self, below: "Look") -> "Look":
        """Return this look where it says something, and *below* where it does not."""
        return Look(
            below.vanish if self.vanish is None else self.vanish,
            below.colour if self.colour is None else self.colour,
            below.ground if self.ground is None else self.ground,
            below.highlight if self.highlight is None else self.highlight,
            below.half_points if self.half_points is None else self.half_points,
            self.raised or below.raised,
        )

    def with_property(self, name: str, attributes: Mapping[str, str]) -> "Look":
        """Return the look with one more property of a run."""
        value = attributes.get("val", "")
        if name in ("vanish", "webHidden", "specVanish"):
            return replace(self, vanish=value.lower() not in _OFF)
        if name == "color":
            if attributes.get("themeColor") in ("background1", "light1"):
                return replace(self, colour=WHITE)
            return replace(self, colour=UNKNOWN if value == "auto" else colour(value))
        if name == "highlight":
            return replace(self, highlight=None if value == "none" else _HIGHLIGHTS.get(value) or colour(value))
        if name == "shd":
            fill = attributes.get("fill", "auto")
            return replace(self, ground=UNKNOWN if fill == "auto" else colour(fill))
        if name == "sz":
            return replace(self, half_points=int(value) if value.isdecimal() and len(value) < 6 else None)
        if name == "vertAlign":
            return replace(self, raised=value in ("superscript", "subscript"))
        return self

    @property
    def hiding(self) -> Visibility | None:
        """Return how such a run is hidden, None where a reader sees it.

        A black highlighter on text of automatic colour covers it; on a black ground Word makes such text white.
        """
        if self.vanish:
            return Visibility.HIDDEN
        if self.half_points is not None and self.half_points <= _TINY:
            return Visibility.TINY
        ground = self.highlight or (self.ground if self.ground is not None and self.ground[0] >= 0 else WHITE)
        text = self.colour
        if self.highlight == _BLACK and (text is None or text[0] < 0):
            return Visibility.COVERED
        if text is not None and alike(text, ground):
            return Visibility.WHITE if alike(ground, WHITE) else Visibility.COVERED
        return None


PLAIN = Look()


# -- styles -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Style:
    """One style as its part of the document has it."""

    based_on: str = ""
    look: Look = PLAIN
    number: str = ""
    level: int = 0


class Styles:
    """The styles of a document: takes the events of ``styles.xml``."""

    def __init__(self) -> None:
        self._styles: dict[str, _Style] = {}
        self._style = _Style()
        self._open: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name, given = plain(tag, attributes)
        self._open.append(name)
        if name == "style":
            self._style = _Style()
            self._styles[given.get("styleId", "")] = self._style
        elif name == "basedOn":
            self._style.based_on = given.get("val", "")
        elif name == "numId":
            self._style.number = given.get("val", "")
        elif name == "ilvl":
            self._style.level = level_of(given.get("val", ""))
        elif self._open[-3:-1] == ["style", "rPr"]:
            self._style.look = self._style.look.with_property(name, given)

    def end(self, tag: str) -> None:  # noqa: ARG002 - one face for all that take an XML part
        """Take an end tag."""
        if self._open:
            self._open.pop()

    def data(self, text: str) -> None:
        """Take character data, of which styles have none."""

    def look(self, style: str) -> Look:
        """Return what a style says of how its text is seen."""
        look = PLAIN
        for _ in range(_MOST_BASES):
            found = self._styles.get(style)
            if found is None:
                break
            look = look.over(found.look)
            style = found.based_on
        return look

    def numbering(self, style: str) -> tuple[str, int]:
        """Return the list that paragraphs of a style belong to, "" for none, and the level in it."""
        for _ in range(_MOST_BASES):
            found = self._styles.get(style)
            if found is None:
                break
            if found.number:
                return found.number, found.level
            style = found.based_on
        return "", 0


# -- numbers ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Level:
    """How one level of a list is numbered."""

    start: int = 1
    way: str = "decimal"
    pattern: str = field(default="", repr=False)


@dataclass(slots=True)
class _List:
    """A list that paragraphs name: its kind, and where it begins anew."""

    kind: str = ""
    starts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The lists of a document: takes the events of ``numbering.xml``."""

    def __init__(self) -> None:
        self.kinds: dict[str, list[_Level]] = {}
        self.lists: dict[str, _List] = {}
        self._levels: list[_Level] = []
        self._level = _Level()
        self._list = _List()
        self._at = 0
        self._overrides = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name, given = plain(tag, attributes)
        value = given.get("val", "")
        if name == "abstractNum":
            self._levels = [_Level() for _ in range(_LEVELS)]
            self.kinds[given.get("abstractNumId", "")] = self._levels
        elif name == "num":
            self._list = _List()
            self.lists[given.get("numId", "")] = self._list
        elif name == "abstractNumId":
            self._list.kind = value
        elif name == "lvlOverride":
            self._at, self._overrides = level_of(given.get("ilvl", "")), True
        elif name == "startOverride":
            self._list.starts[self._at] = _integer(value)
        elif name == "lvl":
            at = level_of(given.get("ilvl", ""))
            if not self._overrides and self._levels:
                self._level = self._levels[at]
            else:
                self._level = _Level()
        elif name == "start":
            self._level.start = _integer(value)
        elif name == "numFmt":
            self._level.way = value
        elif name == "lvlText":
            self._level.pattern = value[:_LONGEST_LABEL]

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if tag.rpartition(":")[2] == "lvlOverride":
            self._overrides = False

    def data(self, text: str) -> None:
        """Take character data, of which list numbers have none."""


class Counter:
    """The numbers of one story of a document, paragraph by paragraph."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._counts: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()

    def label(self, number: str, level: int) -> str:
        """Return what stands before the next paragraph of a list, "" where nothing that is a word."""
        listed = self._numbering.lists.get(number)
        levels = self._numbering.kinds.get(listed.kind) if listed else None
        if listed is None or levels is None:
            return ""
        counts = self._counts.setdefault(listed.kind, [None] * _LEVELS)
        before = counts[level]
        if level in listed.starts and (number, level) not in self._begun:
            counts[level] = listed.starts[level]
        else:
            counts[level] = levels[level].start if before is None else before + 1
        self._begun.add((number, level))
        counts[level + 1 :] = [None] * (_LEVELS - level - 1)

        def number_at(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            count = counts[at]
            return written(levels[at].start if count is None else count, levels[at].way)

        label = _PLACEHOLDER.sub(number_at, levels[level].pattern)
        return label if (len(label) > 1 and any(sign.isalnum() for sign in label)) or label.isdigit() else ""


def plain(tag: str, attributes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return a tag and its attributes without their prefixes."""
    return tag.rpartition(":")[2], {name.rpartition(":")[2]: value for name, value in attributes.items()}


def level_of(value: str) -> int:
    """Return a level of a list as its attribute gives it, within bounds."""
    return min(int(value), _LEVELS - 1) if value.isdecimal() and len(value) < 4 else 0


def _integer(value: str) -> int:
    return int(value) if value.lstrip("-").isdecimal() and len(value) < 10 else 1
