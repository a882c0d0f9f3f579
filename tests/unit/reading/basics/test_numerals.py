# SPDX-License-Identifier: GPL-3.0-or-later
"""The number in front of an item, as each way of counting writes it."""

import pytest

from safehold.reading.basics.numerals import written


@pytest.mark.parametrize(
    ("number", "way", "text"),
    [
        (27, "decimal", "27"),
        (27, "1", "27"),
        (7, "decimal-leading-zero", "07"),
        (7, "decimalZero", "07"),
        (1, "a", "a"),
        (27, "lower-latin", "aa"),
        (52, "upperLetter", "AZ"),
        (703, "a", "703"),
        (27, "i", "xxvii"),
        (1994, "upper-roman", "MCMXCIV"),
        (4000, "I", "4000"),
        (0, "a", "0"),
        (-3, "lowerRoman", "-3"),
        (5, "bullet", ""),
        (5, "none", ""),
        (5, "a way that nobody knows", "5"),
    ],
)
def test_written(number, way, text):
    assert written(number, way) == text


def test_letters_never_repeat_within_their_range():
    assert len({written(number, "a") for number in range(1, 703)}) == 702
