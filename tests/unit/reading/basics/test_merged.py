# SPDX-License-Identifier: GPL-3.0-or-later
"""Merged cells: what is covered, and what that costs."""

from safehold.reading.basics.merged import Merged


def test_all_but_the_first_cell_of_an_area_is_covered():
    merged = Merged([(2, 2, 3, 3), (5, 3, 5, 9)])

    assert merged.covered(1, range(1, 7)) == set()
    assert merged.covered(2, range(1, 7)) == {3}
    assert merged.covered(3, range(1, 7)) == {2, 3}
    assert merged.covered(9, range(1, 7)) == {5}
    assert merged.covered(10, range(1, 7)) == set()


def test_an_area_is_met_in_its_midst_too():
    assert Merged([(1, 1, 2, 100)]).covered(50, [1, 2, 3]) == {1, 2}


def test_rows_that_come_again_cost_nothing_and_cover_nothing():
    merged = Merged([(1, 1, 2, 100)])
    merged.covered(50, [1])

    assert merged.covered(2, [1]) == set()


def test_areas_over_each_other_are_bounded():
    merged = Merged([(1, 1, 9, 9)] * 100_000)

    assert merged.covered(2, [1]) == {1}
    assert len(merged._open) <= 64
