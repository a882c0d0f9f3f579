# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells as text: rows as lines, blocks by columns, and what is hidden apart from what is shown."""

import pytest

from safehold.model import Visibility
from safehold.reading.basics import grid
from safehold.reading.basics.cells import Cell
from safehold.reading.basics.grid import Grid


class Part:
    """Takes what a grid hands over."""

    def __init__(self):
        self.said = []
        self.cells = []
        self.marks = []

    def segment(self, _, text, *, number, visibility, cells):
        self.said.append((visibility.value, cells[0], text))
        self.cells.append(list(cells))

    def mark(self, kind, *_):
        self.marks.append(kind.value)


def hand_over(*rows, whole=None):
    """Return what a grid says of rows: (row, texts, hiding of the row); a text may be (text, hiding)."""
    part = Part()
    sheet = Grid(part, 1, whole)
    for row, texts, *hiding in rows:
        pairs = [text if isinstance(text, tuple) else (text, None) for text in texts]
        cells = [Cell(column, text, way) for column, (text, way) in enumerate(pairs, 1)]
        sheet.row(row, cells, *hiding)
    sheet.end()
    return part


def test_a_row_is_a_line_with_its_number():
    assert hand_over((3, ["a", "b"]), (9, ["c"])).said == [("visible", 3, "a\tb"), ("visible", 9, "c")]


def test_a_hidden_cell_is_handed_over_with_its_row():
    part = hand_over((1, ["a", ("b", Visibility.WHITE), "c"]))

    assert part.said == [("visible", 1, "a\tc"), ("white", 1, "a\tb\tc")]
    assert part.marks == ["hidden_text"]


def test_cells_that_are_handed_over_apart_keep_their_columns():
    part = hand_over((4, [("a", Visibility.WHITE), "b", ("c", Visibility.WHITE), "d"]))

    assert part.cells == [[4, 2, 2, 4, 4], [4, 1]]


def test_two_ways_of_hiding_do_not_mix():
    part = hand_over((1, [("a", Visibility.WHITE), ("b", Visibility.COVERED), "c"]))

    assert sorted(part.said) == [("covered", 1, "b\tc"), ("visible", 1, "c"), ("white", 1, "a\tc")]


def test_rows_that_are_shown_stay_side_by_side():
    part = hand_over((1, ["12 High Street"]), (2, ["secret"], Visibility.HIDDEN), (3, ["Leeds"]))

    assert part.said == [("visible", 1, "12 High Street"), ("visible", 3, "Leeds"), ("hidden", 2, "secret")]


def test_of_a_sheet_that_is_hidden_everything_is_hidden():
    part = hand_over((1, ["a", ("b", Visibility.WHITE)]), (2, ["c"], Visibility.HIDDEN), whole=Visibility.HIDDEN)

    assert part.said == [("hidden", 1, "a\tb"), ("hidden", 2, "c")]
    assert part.marks == []


RECORDS = [(1, ["House", "14", "12"]), (2, ["Street", "Low Road", "High Street"]), (3, ["Town", "York", "Leeds"])]


def test_a_small_block_is_read_by_columns_too():
    said = hand_over(*RECORDS).said

    assert said[-1] == ("visible", 1, "House\nStreet\nTown\n\n14\nLow Road\nYork\n\n12\nHigh Street\nLeeds")


def test_what_is_read_by_columns_knows_its_cells():
    *rows, block = hand_over(*RECORDS).cells

    assert rows == [[1, 1], [2, 1], [3, 1]]
    assert block == [1, 1, 19, 1, 2, 37, 1, 3]


@pytest.mark.parametrize(
    "rows",
    [
        [(1, ["House", "14"]), (2, ["Street", "Low Road"])],
        [(1, ["1", "2", "3"]), (2, ["4", "5", "6"])],
        [(n, ["a", "b", "c"]) for n in range(1, 14)],
        [(1, ["a"] * 300), (2, ["b"] * 300)],
        [(1, ["a", "b", "c"]), (3, ["a", "b", "c"])],
    ],
    ids=["label and value", "numbers", "many rows", "many columns", "rows apart"],
)
def test_other_blocks_are_read_by_rows_only(rows):
    assert len(hand_over(*rows).said) == len(rows)


def test_after_many_rows_segments_grow_and_blank_rows_stay():
    first = grid._SINGLE_ROWS
    part = hand_over(
        *((n, [str(n)]) for n in range(1, first + 1)), (first + 1, ["a"]), (first + 2, ["b"]), (first + 9, ["c"])
    )

    assert part.said[-1] == ("visible", first + 1, "a\nb\n\nc")


def test_hidden_rows_without_end_do_not_pile_up():
    rows = ((n, ["x" * 1_000], Visibility.HIDDEN) for n in range(1, 3_001))

    assert sum(len(text) for _, _, text in hand_over(*rows).said) >= 3_000_000
