# SPDX-License-Identifier: GPL-3.0-or-later
"""The number in front of a list item as a reader sees it: a house number can be one.  Pure, total.

The names of the ways of counting are those of HTML (``type``), CSS (``list-style-type``) and Word (``numFmt``).
"""

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LOWER_LETTERS = frozenset(("a", "lower-alpha", "lower-latin", "lowerLetter"))
_UPPER_LETTERS = frozenset(("A", "upper-alpha", "upper-latin", "upperLetter"))
_LOWER_ROMAN = frozenset(("i", "lower-roman", "lowerRoman"))
_UPPER_ROMAN = frozenset(("I", "upper-roman", "upperRoman"))
_TWO_DIGITS = frozenset(("decimal-leading-zero", "decimalZero"))
_UNNUMBERED = frozenset(("none", "bullet", "disc", "circle", "square"))
# The Roman numerals and letters that programs write end about here; above it they write digits.
_MOST_ROMAN = 3_999
_MOST_LETTERS = 26 * 27


def written(number: int, way: str) -> str:
    """Return *number* as that way of counting writes it; "" where it writes none.

    >>> written(27, "decimal"), written(27, "a"), written(27, "upperRoman"), written(27, "bullet")
    ('27', 'aa', 'XXVII', '')
    """
    if way in _UNNUMBERED:
        return ""
    if way in _LOWER_LETTERS or way in _UPPER_LETTERS:
        letters = _letters(number)
        return letters.upper() if way in _UPPER_LETTERS else letters
    if way in _LOWER_ROMAN or way in _UPPER_ROMAN:
        roman = _roman(number)
        return roman.upper() if way in _UPPER_ROMAN else roman
    return f"{number:02d}" if way in _TWO_DIGITS else str(number)


def _letters(number: int) -> str:
    if not 0 < number <= _MOST_LETTERS:
        return str(number)
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _roman(number: int) -> str:
    if not 0 < number <= _MOST_ROMAN:
        return str(number)
    roman = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        roman += sign * count
    return roman
