# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of a Word document before 2007: the label in front of each paragraph that is numbered.

Pure, never raises; every count is checked against the bytes that are left.  Source: [MS-DOC] 2.9.150 and 2.9.149
(levels), 2.9.146 (lists), 2.9.131 and 2.9.134 (where a list is used in another way).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.reading.basics import list_labels
from safehold.reading.legacy.biff import u16, u32
from safehold.reading.legacy.word_runs import Paragraph

_LIST, _USE, _LEVEL = 28, 16, 28  # sizes
_LEVELS = 9
_MOST = 20_000
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class _Level:
    """How one level of a list is numbered."""

    start: int = 1
    number_format: str = "decimal"
    pattern: str = field(default="", repr=False)
    is_legal: bool = False
    restart: int | None = None  # begins anew after the levels above this one; None: after any
    gap: str = " "


@dataclass(slots=True)
class _Use:
    """A list as some paragraphs use it."""

    identifier: int
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)


class Lists:
    """The lists of a document, and how far each is counted."""

    def __init__(self, table: bytes, lists: tuple[int, int], uses: tuple[int, int]) -> None:
        """Read the lists at *lists* (offset, length) of the table stream, and their uses."""
        self._lists = dict(_lists(table, *lists))
        self._uses = list(_uses(table, *uses))
        self._counters: dict[int, list_labels.Counters] = {}
        self._used: set[str] = set()

    def label(self, paragraph: Paragraph) -> str:
        """Return the label of a numbered paragraph with the gap behind it, "" where it has none; it counts."""
        if not 0 < paragraph.list_number <= len(self._uses):
            return ""
        use = self._uses[paragraph.list_number - 1]
        levels = {**self._lists.get(use.identifier, {}), **use.levels}
        number = min(paragraph.level, _LEVELS - 1)
        level = levels.get(number)
        if level is None:
            return ""
        numbers = self._counters.setdefault(use.identifier, list_labels.Counters()).advance(
            number,
            [levels.get(index, level).start for index in range(_LEVELS)],
            use.starts,
            instance=paragraph.list_number,
            restarts={index: found.restart for index, found in levels.items() if found.restart is not None},
        )
        self._used.add(level.pattern)
        formats = [levels.get(index, level).number_format for index in range(_LEVELS)]
        text = list_labels.filled(level.pattern, numbers, formats, legal=level.is_legal)[:_LONGEST]
        return text + level.gap if any(map(str.isalnum, text)) else ""

    def unused(self) -> Iterator[str]:
        """Yield the texts of labels that no paragraph shows."""
        for levels in (*self._lists.values(), *(use.levels for use in self._uses)):
            for level in levels.values():
                if level.pattern not in self._used or len(level.pattern) > _LONGEST:
                    yield level.pattern


def _lists(table: bytes, start: int, length: int) -> Iterator[tuple[int, dict[int, _Level]]]:
    if length < 2:
        return
    count = min(u16(table, start), (len(table) - start - 2) // _LIST)
    at = start + 2 + count * _LIST  # the levels stand behind what the length counts
    for index in range(count):
        head = start + 2 + index * _LIST
        levels: dict[int, _Level] = {}
        for number in range(1 if table[head + 26] & 1 else _LEVELS):
            found = _level(table, at)
            if found is None:
                break
            levels[number], at = found
        yield u32(table, head), levels


def _level(table: bytes, at: int) -> tuple[_Level, int] | None:
    """Return the level at an offset, and where it ends."""
    if at + _LEVEL + 2 > len(table):
        return None
    flags, restart = table[at + 5], table[at + 26]
    text_at = at + _LEVEL + table[at + 24] + table[at + 25]
    length = u16(table, text_at)
    end = text_at + 2 + 2 * length
    if end > len(table):
        return None
    return _Level(
        u32(table, at) & 0x7FFFFFFF,
        list_labels.BY_NUMBER.get(table[at + 4], "decimal"),
        list_labels.pattern(table[text_at + 2 : end].decode("utf-16-le", "replace")),
        bool(flags & 4),
        restart if flags & 8 else None,
        "" if table[at + 15] == 2 else " ",
    ), end


def _uses(table: bytes, start: int, length: int) -> Iterator[_Use]:
    if length < 4:
        return
    count = min(u32(table, start), (len(table) - start - 4) // _USE, _MOST)
    at = start + 4 + count * _USE  # what each changes stands behind all of them
    for index in range(count):
        head = start + 4 + index * _USE
        use = _Use(u32(table, head))
        at += 4
        for _ in range(min(table[head + 12], _LEVELS)):
            if at + 8 > len(table):
                break
            flags = u32(table, at + 4)
            if flags & 0x10:
                use.starts[flags & 0xF] = u32(table, at) & 0x7FFFFFFF
            at += 8
            if flags & 0x20:
                found = _level(table, at)
                if found is None:
                    break
                use.levels[flags & 0xF], at = found
                if flags & 0x10:
                    use.starts[flags & 0xF] = use.levels[flags & 0xF].start
        yield use
