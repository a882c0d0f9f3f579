# SPDX-License-Identifier: GPL-3.0-or-later
"""Styles of OpenDocument files, as far as they hide what they dress.  Pure.

Source: OpenDocument 1.3 part 3, chapters 16 (styles) and 20 (formatting attributes).
"""

import re
from dataclasses import dataclass, field

from safehold.model import Visibility
from safehold.reading.basics import colours
from safehold.reading.odf.odf_lists import ListStyles
from safehold.reading.vocabulary import words

_TINY = 2.0  # points
_LENGTH = re.compile(r"(-?\d{1,9}(?:\.\d{1,12})?)(cm|mm|in|pt|pc|px)")
_POINTS = {"cm": 72 / 2.54, "mm": 72 / 25.4, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75}
# The properties that count, by their names without prefixes.
_KEPT = words(
    "display color use-window-font-color font-size background-color cell-protect visibility fill fill-color opacity"
    " page-width page-height page-layout-name clip column-width row-height"
)
_LONGEST_CHAIN = 20


def points(length: str) -> float | None:
    """Return a length in points, or None where it is none (or relative)."""
    found = _LENGTH.fullmatch(length)
    return float(found[1]) * _POINTS[found[2]] if found else None


@dataclass(slots=True)
class _Style:
    parent: str = ""
    properties: dict[str, str] = field(default_factory=dict)


class Styles:
    """The styles of one document, by family and name."""

    def __init__(self) -> None:
        self.lists = ListStyles()
        self._styles: dict[tuple[str, str], _Style] = {}
        self._at: _Style | None = None
        self._known: dict[tuple[str, str], dict[str, str]] = {}

    def begin(self, family: str, name: str, parent: str, attributes: dict[str, str]) -> None:
        """Begin a style; attributes of the style itself count as properties."""
        self._at = self._styles.setdefault((family, name), _Style(parent))
        self.add(attributes)

    def add(self, attributes: dict[str, str]) -> None:
        """Add properties (names with prefixes) to the style at hand."""
        if self._at is None:
            return
        for key, value in attributes.items():
            name = key.rpartition(":")[2]
            if name in _KEPT:
                self._at.properties[name] = value

    def end(self) -> None:
        """End the style at hand."""
        self._at = None

    def properties(self, family: str, name: str) -> dict[str, str]:
        """Return the properties of a style, those of its ancestors included."""
        key = (family, name)
        known = self._known.get(key)
        if known is not None:
            return known
        chain: list[dict[str, str]] = []
        while name and len(chain) < _LONGEST_CHAIN:
            style = self._styles.get((family, name))
            if style is None:
                break
            chain.append(style.properties)
            name = style.parent
        default = self._styles.get((family, ""))  # what is true of all of a family where nothing else is said
        if default is not None:
            chain.append(default.properties)
        found: dict[str, str] = {}
        for properties in reversed(chain):
            found.update(properties)
        if self._at is None:
            self._known[key] = found
        return found

    def text_hiding(self, family: str, name: str, ground: int | None) -> Visibility | None:
        """Return how a style hides the text it dresses, on a ground of one colour (None where that is not known)."""
        properties = self.properties(family, name)
        if not properties:
            return None
        if properties.get("display") in ("none", "condition"):
            return Visibility.HIDDEN
        size = points(properties.get("font-size", ""))
        if size is not None and size <= _TINY:
            return Visibility.TINY
        ink = colours.rgb(properties.get("color", ""))
        if ink is None or properties.get("use-window-font-color") == "true":
            return None
        behind = properties.get("background-color", "transparent")
        if behind != "transparent":
            ground = colours.rgb(behind)
        return colours.hiding(ink, ground) if ground is not None else None

    def is_filled(self, family: str, name: str) -> bool:
        """Return whether something of this style covers what lies beneath it."""
        properties = self.properties(family, name)
        clear = properties.get("opacity", "100%") not in ("100%", "100.0%")
        return properties.get("fill", "none") in ("solid", "bitmap", "gradient") and not clear

    def ground(self, family: str, name: str, beneath: int | None) -> int | None:
        """Return the colour that something of this style gives to what stands on it."""
        properties = self.properties(family, name)
        fill = properties.get("fill")
        if fill is not None:
            return (
                colours.rgb(properties.get("fill-color", ""))
                if fill == "solid"
                else None
                if fill != "none"
                else beneath
            )
        behind = properties.get("background-color", "transparent")
        return beneath if behind == "transparent" else colours.rgb(behind)
