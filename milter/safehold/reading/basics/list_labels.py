# SPDX-License-Identifier: GPL-3.0-or-later
"""The label in front of a paragraph of a list, as word processors work it out: "27." may be a house number.

The file holds only the way of counting, so the label is no text of the file and has to be counted as the program
counts.  Pure, total.  Sources: ECMA-376 part 1, 17.9 (numbering) and 17.18.59 (``ST_NumberFormat``, the names used
here); [MS-DOC] 2.9.150 (``LVLF``).
"""

import re
from collections.abc import Mapping, Sequence

from safehold.reading.basics import numerals

_BULLETS = frozenset(("none", "bullet"))
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("-", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINAL_ENDS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщыэюя"
_HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
_CHICAGO = "*†‡§"
_ALPHABETS = {
    "lowerLetter": "abcdefghijklmnopqrstuvwxyz", "upperLetter": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "russianLower": _RUSSIAN, "russianUpper": _RUSSIAN.upper(), "hebrew2": _HEBREW, "chicago": _CHICAGO,
}  # fmt: skip
_DIGITS = {
    "decimalFullWidth": "０１２３４５６７８９", "decimalFullWidth2": "０１２３４５６７８９",
    "hindiNumbers": "०१२३४५६७८९", "thaiNumbers": "๐๑๒๓๔๕๖๗๘๙", "ideographDigital": "〇一二三四五六七八九",
}  # fmt: skip
# The formats by the numbers that DOC and RTF give them ([MS-OSHARED] 2.2.1.3); what is not here counts in digits.
BY_NUMBER = {
    0: "decimal", 1: "upperRoman", 2: "lowerRoman", 3: "upperLetter", 4: "lowerLetter", 5: "ordinal", 6: "cardinalText",
    7: "ordinalText", 8: "hex", 9: "chicago", 10: "ideographDigital", 14: "decimalFullWidth", 15: "decimal",
    19: "decimalFullWidth2", 22: "decimalZero", 23: "bullet", 26: "decimalEnclosedFullstop",
    27: "decimalEnclosedParen", 47: "hebrew2", 51: "hindiNumbers", 54: "thaiNumbers", 57: "numberInDash",
    58: "russianLower", 59: "russianUpper", 255: "none",
}  # fmt: skip
# Word repeats a letter up to 780 / 26 times, then begins anew; no program counts spelt-out numbers further than this.
_MOST_LETTERS = 780
_MOST_SPELT = 999_999
_MOST = 2**31 - 1
_FIELD = re.compile(r"%([1-9])")
_PLACEHOLDER = re.compile("[\x00-\x08]")
_LEVELS = 9


def label(number_format: str, number: int) -> str:
    """Return *number* as Word writes it in that format; "" for a bullet, digits for what no English list has.

    >>> label("decimal", 27), label("lowerLetter", 28), label("upperRoman", 4), label("ordinal", 22)
    ('27', 'bb', 'IV', '22nd')
    >>> label("cardinalText", 121), label("ordinalText", 32), label("decimalZero", 7), label("bullet", 1)
    ('One hundred twenty-one', 'Thirty-second', '07', '')
    """
    if number_format in _BULLETS:
        return ""
    if number_format in _ALPHABETS:
        return _letters(_ALPHABETS[number_format], number)
    if number_format in _DIGITS:
        return "".join(_DIGITS[number_format][int(sign)] if sign.isdigit() else sign for sign in str(number))
    match number_format:
        case "ordinal":
            return f"{number}{_ending(number)}"
        case "cardinalText":
            return _capital(_spelt(number))
        case "ordinalText":
            return _capital(_spelt_ordinal(number))
        case "hex":
            return f"{number:X}"
        case "numberInDash":
            return f"- {number} -"
        case "decimalEnclosedParen":
            return f"({number})"
        case "decimalEnclosedFullstop":
            return f"{number}."
    return numerals.written(number, number_format)


def filled(pattern: str, numbers: Sequence[int], formats: Sequence[str], *, legal: bool = False) -> str:
    """Return a label of several levels: *pattern* has ``%1`` for the number of the first level, and so on.

    *legal*: all numbers are written in digits (``isLgl``), except those that have two at least.

    >>> filled("%1.%2)", (2, 3), ("upperRoman", "lowerLetter"))
    'II.c)'
    """

    def number(found: re.Match[str]) -> str:
        level = int(found[1]) - 1
        if level >= len(numbers):
            return ""
        way = formats[level] if level < len(formats) else "decimal"
        return label("decimal" if legal and way not in (*_BULLETS, "decimalZero") else way, numbers[level])

    return _FIELD.sub(number, pattern)


def pattern(template: str) -> str:
    """Return the pattern of a label in which DOC or RTF has the characters 0 to 8 for the numbers of the levels.

    >>> pattern("Section " + chr(0) + "." + chr(1))
    'Section %1.%2'
    """
    return _PLACEHOLDER.sub(lambda found: f"%{ord(found[0]) + 1}", template)


class Counters:
    """Where the numbers of one list stand: one for all lists that count on from each other (one ``abstractNum``)."""

    __slots__ = ("_begun", "_numbers")

    def __init__(self) -> None:
        self._numbers: list[int | None] = [None] * _LEVELS
        self._begun: set[tuple[object, int]] = set()

    def advance(
        self,
        level: int,
        starts: Sequence[int],
        overrides: Mapping[int, int] | None = None,
        *,
        instance: object = None,
        restarts: Mapping[int, int] | None = None,
    ) -> tuple[int, ...]:
        """Count one paragraph of a level (from 0); return the numbers of the levels down to it.

        Args:
            level: The level of the paragraph; one beyond the ninth counts as the ninth.
            starts: The first number of each level; 1 where it is too short.
            overrides: Level -> first number, where this list begins anew (``startOverride``): once for *instance*.
            instance: Which list of those that count on it is (``numId``, ``LFO``).
            restarts: Level -> the level (from 1) after which it begins anew, 0 for never (``lvlRestart``);
                without, after every level above it.
        """
        level = max(0, min(level, _LEVELS - 1))
        numbers = self._numbers
        if overrides:
            starts = [overrides.get(upper, _start(starts, upper)) for upper in range(_LEVELS)]
            for upper in sorted(overrides):
                if upper <= level and (instance, upper) not in self._begun:
                    self._begun.add((instance, upper))
                    numbers[upper] = None
                    self._restart_below(upper, restarts)
        numbers[level] = _start(starts, level) if (current := numbers[level]) is None else min(current + 1, _MOST)
        self._restart_below(level, restarts)
        shown: list[int] = []
        for upper, at in enumerate(numbers[: level + 1]):  # one that was passed over counts, as it is shown
            shown.append(_start(starts, upper) if at is None else at)
            numbers[upper] = shown[-1]
        return tuple(shown)

    def _restart_below(self, level: int, restarts: Mapping[int, int] | None) -> None:
        for lower in range(level + 1, _LEVELS):
            after = lower if restarts is None else restarts.get(lower, lower)
            if level < after:
                self._numbers[lower] = None


def _start(starts: Sequence[int], level: int) -> int:
    return starts[level] if level < len(starts) else 1


def _letters(alphabet: str, number: int) -> str:
    if number <= 0:
        return str(number) if number else ""
    rounds, index = divmod((number - 1) % _MOST_LETTERS, len(alphabet))
    return alphabet[index] * (rounds + 1)


def _ending(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _spelt(number: int) -> str:
    if not 0 <= number <= _MOST_SPELT:
        return str(number)
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    many, rest = divmod(number, size)
    return f"{_spelt(many)} {name}" + (f" {_spelt(rest)}" if rest else "")


def _spelt_ordinal(number: int) -> str:
    if not 0 <= number <= _MOST_SPELT:
        return f"{number}{_ending(number)}"
    words, last = re.fullmatch(r"(.*?)(\w+)", _spelt(number)).groups()  # type: ignore[union-attr]
    if last in _ORDINAL_ENDS:
        return f"{words}{_ORDINAL_ENDS[last]}"
    return f"{words}{last[:-1]}ieth" if last.endswith("y") else f"{words}{last}th"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
