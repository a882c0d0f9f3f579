# SPDX-License-Identifier: GPL-3.0-or-later
"""Short texts in the order in which they stand."""

import pytest

from safehold.reading.basics.placed import LONGEST, Placed, by_place


def texts(*placed: tuple[float, float, str]) -> list[Placed]:
    return [Placed(left, top, 10, text) for left, top, text in placed]


@pytest.mark.parametrize(
    ("placed", "read"),
    [
        (texts((20, 0, "Street"), (0, 0, "High")), "High Street"),
        (texts((0, 20, "Town"), (20, 0, "Street"), (0, 1, "High")), "High Street\nTown"),
        (texts((0, 0, "1"), (10, 0, "2"), (30, 0, "H"), (40, 0, "i")), "12 Hi"),
        (texts((30, 0, "H"), (0, 0, "1"), (10, 0, "2"), (40, 0, "i")), "12 Hi"),
    ],
)
def test_they_are_read_from_left_to_right_and_downwards(placed, read):
    assert by_place(placed) == read


@pytest.mark.parametrize(
    "placed",
    [
        [],
        texts((0, 0, "High")),
        texts((0, 0, "High"), (20, 0, "Street"), (0, 20, "Town")),
        texts((20, 0, "x" * (LONGEST + 1)), (0, 0, "High")),
        texts((20, 0, ""), (0, 0, "High")),
    ],
)
def test_what_stands_in_order_already_says_nothing_new(placed):
    assert by_place(placed) == ""


def test_boxes_without_height_or_distance_are_no_problem():
    assert by_place([Placed(0, 0, 0, letter) for letter in "abc"]) == "abc"
