# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that travel: places and what is asked of them."""

import pytest

from safehold.model import PartPath, Place, PlaceKind, Segment


@pytest.mark.parametrize(
    ("row", "column", "cell"),
    [(1, 1, "A1"), (7, 26, "Z7"), (7, 27, "AA7"), (1_048_576, 16_384, "XFD1048576"), (7, 0, ""), (0, 7, "")],
)
def test_a_cell_is_called_as_spreadsheets_call_it(row, column, cell):
    assert Place(PartPath(), PlaceKind.SHEET, 1, row, column).cell == cell


def test_text_that_stands_in_no_cell_has_one_place():
    segment = Segment(Place(PartPath(), PlaceKind.TABLE, 1), "a\tb\nc")

    assert segment.place_at(4) is segment.place


def test_where_only_the_row_is_known_nothing_is_counted():
    segment = Segment(Place(PartPath(), PlaceKind.SHEET, 1, row=7), "a\tb\nc")

    assert segment.place_at(4) is segment.place
