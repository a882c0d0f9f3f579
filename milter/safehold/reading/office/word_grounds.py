# SPDX-License-Identifier: GPL-3.0-or-later
"""What the text of a Word document stands on: the page, a cell, a text box; and whether that is hidden as a whole.

White text on a dark cell is seen, black text on a black one is not.  Where a cell may be of several colours (a table
style colours its first row) all are kept, and text counts as hidden only if none of them shows it.

Source: ECMA-376 part 1, 17.4.31 and 17.4.32 (shading of cells), 17.7.6 (table styles), 20.1.8 (fills); part 4, 19.1.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from safehold.model import Visibility
from safehold.reading.basics import colours
from safehold.reading.office.themes import MAPPED
from safehold.reading.office.word_styles import AUTO, PLAIN, UNKNOWN, Grounds, Look, Styles
from safehold.reading.vocabulary import words

FILLS = words("noFill solidFill gradFill blipFill pattFill grpFill")
FILL_COLOURS = words("srgbClr schemeClr sysClr prstClr")
_MOST_GROUNDS = 30
_NAMED = {"white": colours.WHITE, "black": colours.BLACK}
_YES = ("1", "true", "on", "t")


@dataclass(slots=True)
class _Table:
    """A table at hand."""

    look: Look = PLAIN
    ground: int | None = None
    banded: dict[str, int] = field(default_factory=dict)
    rows: int = 0


@dataclass(slots=True)
class _Shape:
    """A drawing or one of its shapes at hand."""

    grounds: Grounds = (colours.WHITE,)
    is_filled: bool = False  # by itself, whatever its style says
    is_hidden: bool = False


class Around:
    """What stands around the text at hand."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._grounds: list[Grounds] = [(colours.WHITE,)]
        self._tables: list[_Table] = []
        self._shapes: list[_Shape] = []
        self._hidings: list[Visibility | None] = []

    @property
    def grounds(self) -> Grounds:
        """Return what the text stands on."""
        return self._grounds[-1]

    @property
    def hiding(self) -> Visibility | None:
        """Return how the text box at hand is hidden as a whole."""
        return self._hidings[-1] if self._hidings else None

    @property
    def look(self) -> Look:
        """Return what the style of the table says of its text."""
        return self._tables[-1].look if self._tables else PLAIN

    def page(self, colour: int | None) -> None:
        """Take the colour of the page, which some programs show and some do not."""
        if colour is not None:
            self._grounds[0] = (colours.WHITE, colour)

    # tables

    def start_table(self) -> None:
        """Start a table."""
        self._tables.append(_Table())

    def dress_table(self, style: str) -> None:
        """Take the style of the table."""
        if self._tables:
            table = self._tables[-1]
            table.look, table.ground, table.banded = self._styles.table(style)

    def shade_table(self, ground: int) -> None:
        """Take a ground of the whole table."""
        if self._tables and ground != AUTO:
            self._tables[-1].ground = ground

    def end_table(self) -> None:
        """End the table."""
        if self._tables:
            self._tables.pop()

    def start_row(self) -> None:
        """Start a row."""
        if self._tables:
            self._tables[-1].rows += 1

    def start_cell(self) -> None:
        """Start a cell, on what its table and the style of its table lay under it."""
        grounds = self.grounds
        if self._tables:
            table = self._tables[-1]
            if table.ground is not None:
                grounds = (table.ground,)
            bands = (ground for band, ground in table.banded.items() if table.rows <= 1 or band != "firstRow")
            grounds = tuple(dict.fromkeys((*grounds, *(ground for ground in bands if ground != AUTO))))[:_MOST_GROUNDS]
        self._grounds.append(grounds)

    def shade_cell(self, ground: int) -> None:
        """Take the ground of the cell."""
        if ground != AUTO and len(self._grounds) > 1:
            self._grounds[-1] = (ground,)

    def end_cell(self) -> None:
        """End the cell."""
        if len(self._grounds) > 1:
            self._grounds.pop()

    # drawings

    def start_shape(self, given: Mapping[str, str]) -> None:
        """Start a drawing or a shape in it; *given* are its attributes without prefixes."""
        above = self._shapes[-1] if self._shapes else _Shape()
        style = given.get("style", "").replace(" ", "").lower()
        hidden = above.is_hidden or "visibility:hidden" in style or "display:none" in style
        self._shapes.append(_Shape(_vml_grounds(given), is_hidden=hidden))

    def end_shape(self) -> None:
        """End it."""
        if self._shapes:
            self._shapes.pop()

    def hide_shape(self, given: Mapping[str, str]) -> None:
        """Take the properties of a drawing, which may say that it is hidden."""
        if self._shapes and given.get("hidden", "0") in _YES:
            self._shapes[-1].is_hidden = True

    def fill_shape(self, name: str, given: Mapping[str, str]) -> None:
        """Take a fill of the shape, or the colour of one."""
        if not self._shapes:
            return
        shape = self._shapes[-1]
        shape.is_filled = True
        value = given.get("lastClr") or given.get("val", "")
        colour: int | None = None
        if name == "schemeClr":
            colour = self._styles.palette.named(MAPPED.get(value, value))
        elif name in FILL_COLOURS:
            colour = _NAMED.get(value, colours.rgb(value))
        shape.grounds = (UNKNOWN if colour is None else colour,)

    def change_fill(self) -> None:
        """Take what changes the colour of the fill: it is not known any more."""
        if self._shapes:
            self._shapes[-1].grounds = (UNKNOWN,)

    def style_shape(self, given: Mapping[str, str]) -> None:
        """Take the fill that the style of a shape gives it where it has none of its own."""
        if self._shapes and not self._shapes[-1].is_filled and given.get("idx", "0") != "0":
            self._shapes[-1].grounds = (UNKNOWN,)

    def start_box(self, hiding: Visibility | None) -> None:
        """Start the text of a shape; *hiding* is how the run that holds it is hidden."""
        shape = self._shapes[-1] if self._shapes else _Shape()
        self._grounds.append(shape.grounds)
        self._hidings.append(self.hiding or hiding or (Visibility.HIDDEN if shape.is_hidden else None))
        self._tables.append(_Table())  # what a table around it says is not said of the box

    def end_box(self) -> None:
        """End it."""
        if self._hidings:
            self._hidings.pop()
            self.end_cell()
            self.end_table()


def _vml_grounds(given: Mapping[str, str]) -> Grounds:
    """Return what VML says a shape is filled with; white where it says nothing."""
    if given.get("filled", "t") in ("f", "false"):
        return (UNKNOWN,)
    colour = given.get("fillcolor", "white").partition(" ")[0]
    known = _NAMED.get(colour, colours.rgb(colour))
    return (UNKNOWN if known is None else known,)
