# SPDX-License-Identifier: GPL-3.0-or-later
"""List numbers of a Word document: the file says how paragraphs are counted, and "27." in front of one is nowhere.

What a level shows follows from its pattern, its way of counting and the paragraphs above; the arithmetic is that of
:mod:`safehold.reading.basics.list_labels`.  Pure.  Source: ECMA-376 part 1, 17.9 (numbering).
"""

from dataclasses import dataclass, field

from safehold.reading.basics.list_labels import Counters, filled
from safehold.reading.office.word_styles import Learner, Styles, level_of, without_prefixes

_LEVELS = 9
_MOST_LINKS = 10
_LONGEST_LABEL = 300
_SUFFIXES = {"tab": "\t", "space": " ", "nothing": ""}


@dataclass(slots=True)
class _Level:
    """How one level of a list is numbered."""

    start: int = 0
    way: str = "decimal"
    pattern: str = field(default="", repr=False)
    suffix: str = "\t"
    is_legal: bool = False
    restart: int | None = None
    style: str = ""


@dataclass(slots=True)
class _Kind:
    """A definition of lists (``abstractNum``), or the style that leads to the list that has one."""

    levels: list[_Level] = field(default_factory=lambda: [_Level() for _ in range(_LEVELS)])
    link: str = ""


@dataclass(slots=True)
class _List:
    """A list that paragraphs name (``num``): its kind, where it begins anew, and the levels it has of its own."""

    kind: str = ""
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)


class Numbering(Learner):
    """The lists of a document: takes the events of ``numbering.xml``."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: dict[str, _Kind] = {}
        self.lists: dict[str, _List] = {}
        self._kind = _Kind()
        self._level = _Level()
        self._list = _List()
        self._at = 0
        self._overrides = False

    def learn(self, name: str, attributes: dict[str, str]) -> None:
        """Learn from an element."""
        given = without_prefixes(attributes)
        value = given.get("val", "")
        match name:
            case "abstractNum":
                self._kind = self.kinds[given.get("abstractNumId", "")] = _Kind()
            case "numStyleLink":
                self._kind.link = value
            case "num":
                self._list = self.lists[given.get("numId", "")] = _List()
            case "abstractNumId":
                self._list.kind = value
            case "lvlOverride":
                self._at, self._overrides = level_of(given.get("ilvl", "")), True
            case "startOverride":
                self._list.starts[self._at] = _integer(value)
            case "lvl":
                at = level_of(given.get("ilvl", ""))
                self._level = _Level()
                if self._overrides:
                    self._list.levels[at] = self._level
                else:
                    self._kind.levels[at] = self._level
            case _:
                self._take_property(name, value)

    def _take_property(self, name: str, value: str) -> None:
        level = self._level
        match name:
            case "start":
                level.start = _integer(value)
            case "numFmt":
                level.way = value
            case "lvlText":
                level.pattern = value[:_LONGEST_LABEL]
            case "suff":
                level.suffix = _SUFFIXES.get(value, "\t")
            case "isLgl":
                level.is_legal = value not in ("0", "false", "off")
            case "lvlRestart":
                level.restart = _integer(value)
            case "pStyle":
                level.style = value

    def end(self, tag: str) -> None:
        """Take an end tag."""
        super().end(tag)
        if tag.rpartition(":")[2] == "lvlOverride":
            self._overrides = False


@dataclass(slots=True)
class _Ready:
    """A list made ready for counting."""

    counters: Counters
    levels: list[_Level]
    starts: list[int]
    ways: list[str]
    restarts: dict[int, int]
    overrides: dict[int, int]


class Counter:
    """The numbers of one story of a document, paragraph by paragraph."""

    def __init__(self, numbering: Numbering, styles: Styles) -> None:
        self._numbering = numbering
        self._styles = styles
        self._counters: dict[str, Counters] = {}
        self._ready: dict[str, _Ready | None] = {}

    def label(self, style: str, number: str | None, level: int | None) -> str:
        """Return what stands before the next paragraph, with what parts it from the text; "" where there is no word.

        Args:
            style: Of the paragraph.
            number: The list that the paragraph itself names, or None.
            level: The level that the paragraph itself names, or None.
        """
        by_style, level_by_style = self._styles.numbering(style)
        listed = self._prepare(by_style if number is None else number)
        if listed is None:
            return ""
        if level is None and number is None:
            level = level_by_style
        if level is None:
            level = next((at for at, one in enumerate(listed.levels) if style and one.style == style), 0)
        numbers = listed.counters.advance(
            level,
            listed.starts,
            listed.overrides,
            instance=by_style if number is None else number,
            restarts=listed.restarts,
        )
        one = listed.levels[level]
        text = filled(one.pattern, numbers, listed.ways, legal=one.is_legal)
        is_word = any(sign.isalnum() for sign in text) and (one.way != "bullet" or len(text) > 1)
        return text + one.suffix if is_word else ""

    def _prepare(self, number: str) -> _Ready | None:
        if number not in self._ready:
            self._ready[number] = self._made_ready(number) if number else None
        return self._ready[number]

    def _made_ready(self, number: str) -> _Ready | None:
        listed = self._numbering.lists.get(number)
        if listed is None:
            return None
        name = listed.kind
        for _ in range(_MOST_LINKS):
            kind = self._numbering.kinds.get(name)
            if kind is None or not kind.link:
                break
            name = self._numbering.lists.get(self._styles.numbering(kind.link)[0], _List()).kind
        kind = self._numbering.kinds.get(name)
        if kind is None:
            return None
        levels = [listed.levels.get(at, level) for at, level in enumerate(kind.levels)]
        return _Ready(
            self._counters.setdefault(name, Counters()),
            levels,
            [level.start for level in levels],
            [level.way for level in levels],
            {at: level.restart for at, level in enumerate(levels) if level.restart is not None},
            listed.starts,
        )


def _integer(value: str) -> int:
    return int(value) if value.lstrip("-").isdecimal() and len(value) < 10 else 1
