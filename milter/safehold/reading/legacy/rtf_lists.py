# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of rich text: what its two tables say, and the label of each paragraph that is numbered by them.

Word writes the label beside the paragraph for programs that cannot count, and itself counts.  Pure, total.
Source: RTF 1.9.1, "List Tables".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.reading.basics import list_labels

_LEVELS = 9
_MOST = 5_000
_LONGEST = 255
WORDS = (
    b"list", b"listlevel", b"listid", b"listoverride", b"lfolevel", b"ls", b"levelnfc", b"levelnfcn", b"levelstartat",
    b"levelfollow", b"levellegal", b"levelnorestart",
)  # fmt: skip


@dataclass(slots=True)
class _Level:
    """How one level of a list is numbered."""

    start: int = 1
    number_format: str = "decimal"
    pattern: str = field(default="", repr=False)
    gap: str = " "
    is_legal: bool = False
    goes_on: bool = False  # never begins anew


@dataclass(slots=True)
class _Use:
    """A list as some paragraphs use it."""

    identifier: int = 0
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)


class Lists:
    """The lists of a document, and how far each is counted."""

    def __init__(self) -> None:
        self._lists: dict[int, list[_Level]] = {}
        self._uses: dict[int, _Use] = {}
        self._counters: dict[int, list_labels.Counters] = {}
        self._levels: list[_Level] = []  # of the list that is being described
        self._level = _Level()
        self._use: _Use | None = None  # that is being described
        self._changed = -1  # the level of a use that is being described
        self._shown: set[str] = set()
        self._texts: dict[str, None] = {}  # of all levels

    # the tables

    def word(self, word: bytes, number: int | None) -> None:
        """Take a word of one of the tables."""
        value = number or 0
        match word:
            case b"list":
                self._levels, self._use = [], None
            case b"listoverride":
                self._use, self._changed = _Use(), -1
            case b"lfolevel":
                self._changed = min(self._changed + 1, _LEVELS - 1)
            case b"listlevel":
                self._begin_level()
            case b"listid" if self._use is not None:
                self._use.identifier = value
            case b"listid" if len(self._lists) < _MOST:
                self._lists[value] = self._levels
            case b"ls" if self._use is not None and len(self._uses) < _MOST:
                self._uses[value] = self._use
            case _:
                self._level_word(word, value, number)

    def _begin_level(self) -> None:
        self._level = _Level()
        if self._use is not None:
            if self._changed in self._use.starts:
                self._level.start = self._use.starts[self._changed]
            self._use.levels[max(0, self._changed)] = self._level
        elif len(self._levels) < _LEVELS:
            self._levels.append(self._level)

    def _level_word(self, word: bytes, value: int, number: int | None) -> None:
        level = self._level
        match word:
            case b"levelnfc" | b"levelnfcn":
                level.number_format = list_labels.BY_NUMBER.get(value, "decimal")
            case b"levelstartat" if self._use is not None:
                self._use.starts[max(0, self._changed)] = value
            case b"levelstartat":
                level.start = value
            case b"levelfollow":
                level.gap = "" if value == 2 else " "
            case b"levellegal":
                level.is_legal = number != 0
            case b"levelnorestart":
                level.goes_on = number != 0

    def text(self, text: str) -> None:
        """Take the text of a level: its length as a character, the text with places for numbers, a semicolon."""
        length = ord(text[0]) if text else 0
        whole = text[1:].removesuffix(";")
        self._level.pattern = list_labels.pattern(whole[:length])
        self._texts[self._level.pattern] = None
        self._texts[whole[length:]] = None

    # the paragraphs

    def label(self, use_number: int, level_number: int) -> str:
        """Return the label of a paragraph with the gap behind it, "" where it has none; it counts."""
        use = self._uses.get(use_number)
        if use is None:
            return ""
        levels = dict(enumerate(self._lists.get(use.identifier, [])))
        levels.update(use.levels)
        number = max(0, min(level_number, _LEVELS - 1))
        level = levels.get(number)
        if level is None:
            return ""
        counters = self._counters.setdefault(use.identifier, list_labels.Counters())
        numbers = counters.advance(
            number,
            [levels.get(index, level).start for index in range(_LEVELS)],
            use.starts,
            instance=use_number,
            restarts={index: 0 for index, found in levels.items() if found.goes_on},
        )
        self._shown.add(level.pattern)
        formats = [levels.get(index, level).number_format for index in range(_LEVELS)]
        text = list_labels.filled(level.pattern, numbers, formats, legal=level.is_legal)[:_LONGEST]
        return text + level.gap if any(map(str.isalnum, text)) else ""

    def unshown(self) -> Iterator[str]:
        """Yield the texts of labels that no paragraph shows, or not wholly."""
        return (text for text in self._texts if text not in self._shown or len(text) > _LONGEST)
