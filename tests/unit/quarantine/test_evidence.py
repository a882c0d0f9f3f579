# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence about text in cells: which cell for everybody, the name of a sheet only for those who may read the mail."""

import json

import pytest

from safehold.cli import holds
from safehold.model import (
    Action,
    Answer,
    Direction,
    FinalRecipient,
    Finding,
    Ground,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Reading,
    RecipientVerdict,
    Segment,
    Strength,
    Verdict,
    Visibility,
)
from safehold.notices import evidence as noticed
from safehold.notices import original
from safehold.quarantine import evidence

BOOK = PartPath(("2", "rota.xlsx"))
ROW = Place(BOOK, PlaceKind.SHEET, 2, row=7, column=1)
READING = Reading(
    parts=(Part(BOOK, "application/x", 9, is_attachment=True, attachment=1),),
    segments=(
        Segment(Place(BOOK, PlaceKind.SHEET_NAME, 2), "Quillfeather", Visibility.HIDDEN),
        Segment(ROW, "Jo\t12 Acacia Road\tAshford", Visibility.HIDDEN),
    ),
)


def built(*spans):
    cells = READING.segments[1]
    findings = tuple(
        Finding("register", "P-1", "address", 0, 1, cells.place_at(span[0]), span, Strength.CERTAIN, "x")
        for span in spans
    )
    ground = Ground("safe", True, Action.HOLD, Answer.YES, "P-1", findings=findings)
    recipient = RecipientVerdict(FinalRecipient("b@example.org", (), Direction.OUTBOUND), Action.HOLD, (ground,))
    return evidence.build(Verdict((recipient,)), (recipient,), READING)


@pytest.fixture
def shown(capsys):
    def show(document):
        holds.tell(document)
        return capsys.readouterr().out

    return show


def test_a_reviewer_is_told_the_cell_and_what_the_sheet_is_called(shown):
    document = json.loads(built((3, 17)))

    assert document["findings"][0]["place"]["cell"] == "B7"
    assert 'attachment 1, sheet 2, cell B7 of "Quillfeather" (hidden): address of P-1' in shown(document)


def test_masked_the_name_of_the_sheet_is_left_out(shown):
    document = holds.masked(json.loads(built((3, 17))))

    assert "attachment 1, sheet 2, cell B7 (hidden): address of P-1" in shown(document)
    assert "Quillfeather" not in json.dumps(document)


def test_evidence_that_was_written_before_cells_were_known_is_shown_as_it_was(shown):
    document = json.loads(built((3, 17)))
    document["findings"][0]["place"] = {"part": str(BOOK), "kind": "sheet", "number": 2, "words": "sheet 2, row 7"}

    for each in (document, holds.masked(document)):
        assert "    sheet 2, row 7 (hidden): address of P-1" in shown(each)
    (spot,) = original.look((), document, ()).spots
    assert (spot.kind, spot.number, spot.row, spot.cell) == ("sheet", 2, 0, "")


@pytest.mark.parametrize(
    ("spans", "row", "cell"),
    [([(3, 17)], 7, "B7"), ([(3, 17), (3, 5)], 7, "B7"), ([(3, 17), (18, 25)], 7, "")],
    ids=["one cell", "one cell twice", "two cells of a row"],
)
def test_a_notice_is_told_the_cell_where_there_is_one_and_else_the_row(spans, row, cell):
    (spot,) = original.look((), json.loads(built(*spans)), ()).spots

    assert (spot.row, spot.cell) == (row, cell)


def test_of_several_rows_a_notice_is_told_the_sheet():
    document = json.loads(built((3, 17), (18, 25), (0, 2)))
    document["findings"][1]["place"] |= {"row": 9, "cell": "C9"}

    (spot,) = original.look((), document, ()).spots
    assert (spot.number, spot.row, spot.cell) == (2, 0, "")


@pytest.mark.parametrize("cell", ["12 Acacia Road", "B7 ", "B7\nx", "", 7, None])
def test_a_notice_takes_for_a_cell_only_what_is_one(cell):
    document = json.loads(built((3, 17)))
    document["findings"][0]["place"]["cell"] = cell

    assert original.look((), document, ()).spots[0].cell == ""


def test_the_name_of_a_sheet_is_a_secret_to_notices_and_its_cell_is_not():
    secrets = noticed.protected_texts(built((3, 17)))

    assert "Quillfeather" in secrets
    assert "B7" not in secrets
