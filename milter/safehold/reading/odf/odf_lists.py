# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of lists in OpenDocument files, which programs work out: "27." in front of a street is nowhere in them.

Pure.  Source: OpenDocument 1.3 part 3, 5.3 (lists), 16.30 to 16.33 (list styles), 19.788 to 19.804.
"""

from dataclasses import dataclass, field

from safehold.reading.basics.numerals import written
from safehold.reading.odf.odf_words import attribute

_MOST_LEVELS = 10
_LONGEST = 100


@dataclass(slots=True)
class _Level:
    """How one level of a list is numbered."""

    way: str = ""
    before: str = field(default="", repr=False)
    behind: str = field(default="", repr=False)
    start: int = 1
    shown: int = 1  # how many levels


class ListStyles:
    """The list styles of one document."""

    def __init__(self) -> None:
        self._styles: dict[str, dict[int, _Level]] = {}
        self._at: dict[int, _Level] = {}

    def begin(self, name: str) -> None:
        """Begin a list style."""
        self._at = self._styles[name] = {}

    def add(self, attributes: dict[str, str], *, is_numbered: bool) -> None:
        """Add a level to the style at hand."""
        self._at[_whole(attribute(attributes, "level"))] = _Level(
            attribute(attributes, "num-format") if is_numbered else "",
            attribute(attributes, "num-prefix")[:_LONGEST],
            attribute(attributes, "num-suffix")[:_LONGEST],
            _whole(attribute(attributes, "start-value")),
            min(_MOST_LEVELS, _whole(attribute(attributes, "display-levels"))),
        )

    def level(self, style: str, level: int) -> _Level:
        """Return how a level of a style is numbered; not at all where nobody says."""
        return self._styles.get(style, {}).get(level) or _Level()


class Lists:
    """The lists that are open, and where their numbers stand."""

    def __init__(self, styles: ListStyles) -> None:
        self._styles = styles
        self._open: list[str] = []  # the style of each open list
        self._numbers: list[int | None] = []
        self._known: dict[str, list[int | None]] = {}  # by the ids of lists that are closed
        self._identity = ""
        self._waits = False  # whether the item at hand has not shown its number yet

    def start(self, attributes: dict[str, str]) -> None:
        """Start a list."""
        style = attribute(attributes, "style-name") or (self._open[-1] if self._open else "")
        if not self._open:
            continued = self._known.get(attribute(attributes, "continue-list"))
            if continued is not None:
                self._numbers = [*continued]
            elif attribute(attributes, "continue-numbering") != "true":
                self._numbers = []
            self._identity = attribute(attributes, "id")
        self._open.append(style)
        self._waits = False

    def end(self) -> None:
        """End a list."""
        if self._open:
            self._open.pop()
        self._waits = False
        if not self._open and self._identity:
            self._known[self._identity] = self._numbers

    def item(self, attributes: dict[str, str]) -> None:
        """Start an item."""
        depth = len(self._open)
        if not 0 < depth <= _MOST_LEVELS:
            return
        self._numbers += [None] * (depth - len(self._numbers))
        given = attribute(attributes, "start-value")
        before = self._numbers[depth - 1]
        start = self._styles.level(self._open[-1], depth).start
        self._numbers[depth - 1] = _whole(given) if given else start if before is None else before + 1
        del self._numbers[depth:]
        self._waits = True

    def label(self) -> str:
        """Return the number in front of the paragraph that begins, "" where there is none."""
        if not self._waits:
            return ""
        self._waits = False
        depth = len(self._open)
        level = self._styles.level(self._open[-1], depth) if self._open else _Level()
        if not level.way:
            return ""
        numbers: list[str] = []
        for above in range(max(1, depth - level.shown + 1), depth + 1):
            way = self._styles.level(self._open[-1], above)
            number = self._numbers[above - 1]
            numbers.append(written(way.start if number is None else number, way.way or "1"))
        return f"{level.before}{'.'.join(numbers)}{level.behind}\t"


def _whole(raw: str) -> int:
    return int(raw) if raw.isdecimal() and len(raw) < 8 else 1
