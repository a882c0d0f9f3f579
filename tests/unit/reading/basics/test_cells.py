# SPDX-License-Identifier: GPL-3.0-or-later
"""Text made of cells: of every character it is known in which cell it stands, and little is said for that."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from safehold.model import PartPath, Place, PlaceKind, Segment
from safehold.reading.basics.cells import EVERY, Cell, CellText


def segment_of(text):
    row, column, *steps = text.cells
    place = Place(PartPath(), PlaceKind.SHEET, 1, row, column)
    return Segment(place, text.text(), cells=tuple(steps))


def built(rows):
    """Return the text of rows: (row, [(column, text), ...])."""
    made = CellText()
    for row, cells in rows:
        made.row(row, [Cell(column, text) for column, text in cells])
    return made


def cell_of(text, word):
    return segment_of(text).place_at(text.text().index(word)).cell


def test_cells_side_by_side_are_counted_and_nothing_is_said():
    text = built([(7, [(2, "a"), (3, "b")]), (8, [(2, "c"), (3, "d")])])

    assert text.text() == "a\tb\nc\td"
    assert text.cells == [7, 2]
    assert [cell_of(text, word) for word in "abcd"] == ["B7", "C7", "B8", "C8"]


def test_a_gap_is_said():
    text = built([(7, [(2, "a"), (5, "b"), (6, "c")]), (9, [(1, "d")])])

    assert [cell_of(text, word) for word in "abcd"] == ["B7", "E7", "F7", "A9"]


def test_breaks_within_a_cell_lead_nowhere():
    text = built([(7, [(2, "12 Acacia Road\nAshford"), (3, "01/02/1980\t1980-02-01"), (4, "x")]), (8, [(2, "y")])])

    assert [cell_of(text, word) for word in ("12", "Ashford", "01/02", "1980-02", "x", "y")] == [
        "B7", "B7", "C7", "C7", "D7", "B8",
    ]  # fmt: skip


def test_blank_rows_between_are_counted_as_they_are():
    made = built([(1, [(1, "a")])])
    made.gap()
    made.row(9, [Cell(1, "b"), Cell(2, "c")])

    assert made.text() == "a\n\nb\tc"
    assert [cell_of(made, word) for word in "abc"] == ["A1", "A9", "B9"]


def test_empty_cells_count():
    made = CellText()
    for row, texts in enumerate(([""], ["", "a"], [""], ["b", "", "c"]), 1):
        made.line(row, texts)

    assert made.text() == "\n\ta\n\nb\t\tc"
    assert [cell_of(made, word) for word in "abc"] == ["B2", "A4", "C4"]


def test_nobody_has_to_count_far():
    made = built([(row, [(1, "x" * 50), (2, "y" * 3 * EVERY)]) for row in range(1, 20)])

    offsets = [0, *made.cells[2::3], made.size]
    assert all(0 < after - before < 3 * EVERY for before, after in pairwise(offsets))


WORDS = st.text(alphabet="ab \t\n", max_size=6)
ROWS = st.lists(
    st.tuples(st.integers(1, 3), st.lists(st.tuples(st.integers(1, 3), WORDS), min_size=1, max_size=5)), max_size=6
)


@given(ROWS)
def test_every_character_is_found_in_its_own_cell(rows):
    """The cells stand anywhere, and their texts hold whatever stands between cells elsewhere."""
    made, expected, row = CellText(), [], 0
    for down, cells in rows:
        row += down
        column, placed = 0, []
        for right, text in cells:
            column += right
            placed.append(Cell(column, text))
            expected += [(row, column)] * len(text)
            expected.append(None)  # what stands between
        made.row(row, placed)
    if not rows:
        return

    segment = segment_of(made)
    found = [(place.row, place.column) for place in map(segment.place_at, range(len(segment.text)))]
    assert [have for have, want in zip(found, expected, strict=False) if want] == [want for want in expected if want]
