# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of kinds that have no reader of their own (drawings, XPS): the words of every part, and the lines of XPS.

XPS sets text as glyphs at places, by the line or by the letter.  Glyphs that stand on one line one behind another are
put together; how wide a letter is, its font knows and we estimate, so that a gap becomes a space.

Source: ECMA-388 (OpenXPS), 12.1 (``Glyphs``).
"""

from dataclasses import dataclass

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.office import ooxml
from safehold.reading.office.ooxml import Loose, Package, local, says_something
from safehold.reading.vocabulary import Detail

# Widths of letters in shares of the size of their font, as those of most fonts are.
_NARROW, _WIDE, _CAPITAL, _USUAL = 0.3, 0.85, 0.67, 0.53
_GAP = 0.18  # of the size: most spaces are a quarter wide


def read(content: bytes, part: OpenPart) -> None:
    """Read the words of a package of a kind that has no reader."""
    part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
    package = Package(content, part)

    def read_any(name: str, xml: bytes) -> None:
        if b"UnicodeString" in xml:
            page = _Page()
            package.report(ooxml.parse(xml, page, page.aside), name)
            part.segment(PlaceKind.TEXT, page.text())
            part.segment(PlaceKind.TEXT, page.said(), visibility=Visibility.ATTRIBUTE)
        else:
            ooxml.read_loose(xml, package, name, PlaceKind.TEXT)

    package.sweep(read_any)


@dataclass(slots=True)
class _Line:
    """The line that the last glyphs stand on, and where they end."""

    y: float
    end: float | None


class _Page(Loose):
    """A page of XPS."""

    def __init__(self) -> None:
        super().__init__(lambda _, name, value: name != "UnicodeString" and says_something(name, value))
        self._line: _Line | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        super().start(tag, attributes)
        text = attributes.get("UnicodeString", "").removeprefix("{}")  # as XAML escapes a brace
        if local(tag) != "Glyphs" or not text:
            return
        x, y = _number(attributes.get("OriginX")), _number(attributes.get("OriginY"))
        size = _number(attributes.get("FontRenderingEmSize"))
        line = self._line
        if line is None or y is None or abs(line.y - y) > (size or 0.0) / 4:
            self._end_line()
        elif line.end is not None and x is not None and size and abs(x - line.end) > _GAP * size:
            self._pieces.append(" ")
        self._pieces.append(text)
        end = x + size * sum(map(_width, text)) if x is not None and size else None
        self._line = None if y is None else _Line(y, end)

    def end(self, tag: str) -> None:
        """Take an end tag: that of glyphs ends no line."""
        if local(tag) not in ("Glyphs", "Path"):
            super().end(tag)


def _width(letter: str) -> float:
    if letter in "iljtfrI.,:;'!|()[] -":
        return _NARROW
    if letter in "mwMW@":
        return _WIDE
    return _CAPITAL if letter.isupper() else _USUAL


def _number(raw: str | None) -> float | None:
    try:
        return float(raw) if raw and len(raw) < 30 else None
    except ValueError:
        return None
