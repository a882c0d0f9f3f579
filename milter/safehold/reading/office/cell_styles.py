# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cells of a workbook look, as far as it changes or hides what they say.

Source: ECMA-376 part 1, 18.8 (styles), 18.8.27 (indexed colours), 20.1.6.2 (theme colours).
"""

from dataclasses import dataclass
from typing import TypeVar

from safehold.model import Visibility
from safehold.reading.basics import colours, number_formats
from safehold.reading.office.ooxml import Loose, Package, local, says_something
from safehold.reading.vocabulary import words

_TINY, _USUAL_SIZE = 2.0, 11.0  # points
# The first eight and the next eight indexed colours are the same.
_INDEXED = (0x000000, 0xFFFFFF, 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFF00, 0xFF00FF, 0x00FFFF)
_THEME = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink")
_MOST_STYLES = 70_000  # Excel writes 65,490 at most

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks.

    Attributes:
        code: Its number format; ``General`` for every format that changes nothing worth searching for.
        hiding: How its font hides it, or None.
        blanks: Whether its number format shows nothing for some values.
        full_code: Its number format as it stands.
        is_dark: Whether white letters can be seen on it.
    """

    code: str = number_formats.GENERAL
    hiding: Visibility | None = None
    blanks: bool = False
    full_code: str = ""
    is_dark: bool = False

    def hides(self, raw: str, *, is_text: bool) -> bool:
        """Return whether the number format shows nothing for this value."""
        if is_text:
            return number_formats.hides_text(self.full_code)
        return number_formats.hides_number(self.full_code, raw)

    def instead(self, raw: str, *, is_text: bool) -> str:
        """Return the words that the number format shows in place of this value, or ""."""
        return number_formats.instead(self.full_code, raw, is_text=is_text) if self.blanks else ""


def read_styles(package: Package, main: str) -> tuple["Styles", list[Loose]]:
    """Return the styles of a workbook, and what else its styles and theme say."""
    theme = _Theme()
    for name in package.related(main, "theme") or package.names(r"^xl/theme/theme1\.xml$"):
        package.parse(name, theme)
    styles = Styles(theme.colours)
    for name in package.related(main, "styles") or package.names(r"^xl/styles\.xml$"):
        package.parse(name, styles)
    return styles, [styles, theme]


def _says(_: str, name: str, value: str) -> bool:
    return says_something(name, value)


class _Theme(Loose):
    """The colours of a theme."""

    def __init__(self) -> None:
        super().__init__(_says)
        self.colours: dict[int, int] = {0: colours.WHITE, 1: colours.BLACK}
        self._index = -1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        super().start(tag, attributes)
        name = local(tag)
        if name in _THEME:
            self._index = _THEME.index(name)
        elif self._index >= 0 and name in ("srgbClr", "sysClr"):
            colour = colours.rgb(attributes.get("lastClr") or attributes.get("val", ""))
            if colour is not None:
                self.colours[self._index] = colour
            self._index = -1


class Styles(Loose):
    """Fonts, fills and number formats, and the combinations that cells name."""

    _SECTIONS = words("fonts fills cellXfs dxfs cellStyleXfs indexedColors")

    def __init__(self, theme: dict[int, int]) -> None:
        super().__init__(_says)
        self._theme = theme
        self._section = ""
        self._formats: dict[str, str] = {}
        self._known_formats: dict[str, tuple[str, str]] = {}
        self._fonts: list[tuple[int | None, float]] = []
        self._fills: list[int | None] = []
        self._cells: list[tuple[str, str, str]] = []
        self._indexed: list[int] = []
        self._solid = False
        self._inside = ""
        self._conditional: list[tuple[int | None, int | None, str]] = []  # ink, ground and number format of each

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        super().start(tag, attributes)
        name = local(tag)
        if name in self._SECTIONS:
            self._section = name
        elif self._section == "dxfs":
            self._conditional_format(name, attributes)
        elif name == "numFmt":
            self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif self._section == "fonts":
            self._font(name, attributes)
        elif self._section == "fills":
            self._fill(name, attributes)
        elif self._section == "indexedColors" and name == "rgbColor":
            self._indexed.append(colours.rgb(attributes.get("rgb", "")) or 0)
        elif self._section == "cellXfs" and name == "xf" and len(self._cells) < _MOST_STYLES:
            get = attributes.get
            self._cells.append((get("numFmtId", "0"), get("fontId", "0"), get("fillId", "0")))

    def end(self, tag: str) -> None:
        """Take an end tag."""
        super().end(tag)
        if local(tag) == self._section:
            self._section = ""

    def looks(self) -> dict[int, Look]:
        """Return the looks by number; what changes and hides nothing is left out."""
        found: dict[int, Look] = {}
        known: dict[tuple[str, str, str], Look] = {}
        for number, names in enumerate(self._cells):
            look = known.get(names)
            if look is None:
                look = known[names] = self._look(*names)
            if look != Look():
                found[number] = look
        return found

    def _look(self, format_id: str, font_id: str, fill_id: str) -> Look:
        code, blanks = self._format(format_id)
        colour, size = _at(self._fonts, font_id) or (None, 11.0)
        ground = _at(self._fills, fill_id)
        ink = colours.BLACK if colour is None else colour
        hiding = colours.hiding(ink, colours.WHITE if ground is None else ground)
        if size <= _TINY:
            hiding = Visibility.TINY
        is_dark = ground is not None and colours.hiding(colours.WHITE, ground) is None
        return Look(code, hiding, bool(blanks), blanks, is_dark)

    def may_hide(self, number: str) -> bool:
        """Return whether a conditional format, where it applies, hides what stands in a cell."""
        ink, ground, code = _at(self._conditional, number) or (None, None, "")
        if code and (number_formats.hides_text(code) or number_formats.hides_number(code, "1")):
            return True
        return ink is not None and colours.hiding(ink, colours.WHITE if ground is None else ground) is not None

    def _conditional_format(self, name: str, attributes: dict[str, str]) -> None:
        if name == "dxf":
            self._conditional.append((None, None, ""))
        if name in ("font", "fill", "border"):
            self._inside = name
        if not self._conditional:
            return
        ink, ground, code = self._conditional[-1]
        if name == "numFmt":
            code = attributes.get("formatCode", "")
        elif name == "color" and self._inside == "font":  # borders have colours too
            ink = self._colour(attributes)
        elif name in ("bgColor", "fgColor"):
            ground = self._colour(attributes)
        self._conditional[-1] = (ink, ground, code)

    def run_hiding(self, name: str, attributes: dict[str, str]) -> Visibility | None:
        """Return how a property of some letters of a cell (its name without prefix) hides them on a light ground."""
        if name == "sz":
            return Visibility.TINY if _size(attributes) <= _TINY else None
        colour = self._colour(attributes) if name == "color" else None
        return None if colour is None else colours.hiding(colour, colours.WHITE)

    def _format(self, number: str) -> tuple[str, str]:
        """Return the code of a number format (``General`` where it changes nothing), and again if it may blank."""
        known = self._known_formats.get(number)
        if known is None:
            code = self._formats.get(number)
            if code is None:
                built_in = int(number) if number.isdecimal() and len(number) < 4 else 0
                code = number_formats.BUILT_IN.get(built_in, number_formats.GENERAL)
            plain = number_formats.is_plain(code)
            blanks = code if number_formats.may_blank(code) else ""
            known = self._known_formats[number] = (number_formats.GENERAL if plain else code, blanks)
        return known

    def _font(self, name: str, attributes: dict[str, str]) -> None:
        if name == "font":
            self._fonts.append((None, 11.0))
        elif name == "color" and self._fonts:
            self._fonts[-1] = (self._colour(attributes), self._fonts[-1][1])
        elif name == "sz" and self._fonts:
            self._fonts[-1] = (self._fonts[-1][0], _size(attributes))

    def _fill(self, name: str, attributes: dict[str, str]) -> None:
        if name == "fill":
            self._fills.append(None)
            self._solid = False
        elif name == "patternFill":
            self._solid = attributes.get("patternType") == "solid"
        elif name == "fgColor" and self._solid and self._fills:
            self._fills[-1] = self._colour(attributes)

    def _colour(self, attributes: dict[str, str]) -> int | None:
        """Return a colour, or None for the automatic one: black for fonts, white for the ground."""
        colour = colours.rgb(attributes.get("rgb", ""))
        if "theme" in attributes:
            raw = attributes["theme"]
            colour = self._theme.get(int(raw)) if raw.isdecimal() and len(raw) < 4 else None
        elif "indexed" in attributes:
            raw = attributes["indexed"]
            colour = self._indexed_colour(int(raw)) if raw.isdecimal() and len(raw) < 4 else None
        try:
            tint = float(attributes.get("tint", "0"))
        except ValueError:
            tint = 0.0
        return colours.tinted(colour, tint) if colour is not None and tint else colour

    def _indexed_colour(self, index: int) -> int | None:
        if index < len(self._indexed):
            return self._indexed[index]
        return _INDEXED[index % 8] if index < 16 else None


def _size(attributes: dict[str, str]) -> float:
    try:
        return float(attributes.get("val", _USUAL_SIZE))
    except ValueError:
        return _USUAL_SIZE


def _at(items: list[_Item], raw: str) -> _Item | None:
    return items[int(raw)] if raw.isdecimal() and len(raw) < 8 and int(raw) < len(items) else None
