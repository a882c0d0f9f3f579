# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of ``inspect --json``, which scripts rely on."""

import json

import pytest

from safehold.model import Mark, Part, PartPath, Place, PlaceKind, Problem, Reading, Reason, Segment, Visibility
from safehold.reading.document import place_in_message, place_words, to_json

PATH = PartPath(("2", "annex.zip", "report.pdf"))


def test_shape():
    reading = Reading(
        (Part(PATH, "application/pdf", 7, "application/x", is_attachment=True, attachment=1),),
        (
            Segment(Place(PATH, PlaceKind.PAGE, 4), "text", Visibility.WHITE),
            Segment(Place(PATH, PlaceKind.FILENAME), "report.pdf"),
        ),
        (Problem(PATH, Reason.CORRUPT, "damaged"), Problem(PartPath(), Reason.TIMED_OUT)),
        (Mark(Place(PATH, PlaceKind.PAGE_HEADER, 2), "macros"),),
    )

    assert json.loads(json.dumps(to_json(reading))) == {
        "parts": [{"path": "2/annex.zip/report.pdf", "type": "application/pdf", "bytes": 7}],
        "segments": [
            {"place": "page 4", "part": "2/annex.zip/report.pdf", "visibility": "white", "text": "text"},
            {"place": "file name", "part": "2/annex.zip/report.pdf", "visibility": "visible", "text": "report.pdf"},
        ],
        "problems": [
            {"part": "2/annex.zip/report.pdf", "reason": "corrupt", "detail": "damaged"},
            {"part": ".", "reason": "timed_out", "detail": ""},
        ],
        "marks": [{"place": "page header 2", "part": "2/annex.zip/report.pdf", "kind": "macros"}],
        "concealment": [{"part": "2/annex.zip/report.pdf", "verdict": "not_searched", "kinds": []}],
    }


def test_every_kind_of_place_has_words():
    for kind in PlaceKind:
        reading = Reading(segments=(Segment(Place(PATH, kind), "x"),))
        word = to_json(reading)["segments"][0]["place"]
        assert word
        assert "_" not in word


def test_a_row_of_a_sheet_is_named():
    place = Place(PATH, PlaceKind.SHEET, 2, row=7)

    assert to_json(Reading(segments=(Segment(place, "x"),)))["segments"][0]["place"] == "sheet 2, row 7"


CELL = Place(PATH, PlaceKind.SHEET, 2, row=7, column=2)
SHEETS = Reading(
    segments=(
        Segment(Place(PATH, PlaceKind.SHEET_NAME, 1), "Rota"),
        Segment(Place(PATH, PlaceKind.SHEET_NAME, 2), "Staff\n list", Visibility.HIDDEN),
        Segment(CELL, "a\tb\nc", Visibility.HIDDEN),
        Segment(CELL, "a", Visibility.HIDDEN),
        Segment(Place(PATH, PlaceKind.COMMENT, 1, row=7, column=2), "a", Visibility.COMMENT),
        Segment(Place(PATH, PlaceKind.SHEET, 3), "in a drawing"),
    )
)


def test_to_those_who_may_read_it_a_sheet_is_named_with_its_cells():
    assert [segment["place"] for segment in to_json(SHEETS)["segments"]] == [
        "name of sheet 1",
        "name of sheet 2",
        'sheet 2 "Staff list" (hidden), cells B7 to B8',
        'sheet 2 "Staff list" (hidden), cell B7',
        'comment on sheet 1 "Rota", cell B7',
        "sheet 3",
    ]


def test_to_all_others_a_sheet_has_a_number_and_its_cell():
    assert place_in_message(CELL, MESSAGE) == "a file inside attachment 1, sheet 2, cell B7"
    assert place_words(CELL) == "sheet 2, cell B7"


def test_of_a_table_in_text_the_cell_is_said():
    place = Place(PartPath(("2", "annex.zip")), PlaceKind.TEXT, None, row=7, column=2)

    assert place_in_message(place, MESSAGE) == "attachment 1, cell B7"
    assert place_words(place) == "text, cell B7"


MESSAGE = Reading(
    parts=(
        Part(PartPath(), "message/rfc822", 9),
        Part(PartPath(("1",)), "text/plain", 9),
        Part(PartPath(("2", "annex.zip")), "application/zip", 9, is_attachment=True, attachment=1),
        Part(PATH, "application/pdf", 9, is_attachment=True, attachment=1),
        Part(PartPath(("3",)), "message/rfc822", 9, is_attachment=True, attachment=2),
        Part(PartPath(("3", "1")), "text/plain", 9, is_attachment=True, attachment=2),
    )
)


@pytest.mark.parametrize(
    ("path", "kind", "number", "words"),
    [
        ((), PlaceKind.SUBJECT, None, "subject"),
        (("1",), PlaceKind.BODY, None, "body"),
        (("1",), PlaceKind.QUOTED, None, "quoted text"),
        (("2", "annex.zip"), PlaceKind.FILENAME, None, "attachment 1, file name"),
        (("2", "annex.zip"), PlaceKind.TEXT, None, "attachment 1"),
        (PATH.steps, PlaceKind.PAGE, 4, "a file inside attachment 1, page 4"),
        (PATH.steps, PlaceKind.TEXT, None, "a file inside attachment 1"),
        (("3",), PlaceKind.PAGE_HEADER, 2, "attachment 2, page header 2"),
        (("3", "1"), PlaceKind.BODY, None, "a file inside attachment 2, body"),
        (("9",), PlaceKind.PAGE, 1, "page 1"),
    ],
)
def test_a_place_is_said_by_its_attachment_and_without_a_name(path, kind, number, words):
    assert place_in_message(Place(PartPath(path), kind, number), MESSAGE) == words


def test_a_place_of_the_body_is_said_as_everywhere():
    for kind in PlaceKind:
        place = Place(PartPath(("1",)), kind, 2)
        assert place_in_message(place, MESSAGE) == place_words(place)
