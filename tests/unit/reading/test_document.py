# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of ``inspect --json``, which scripts rely on."""

import json

from safehold.model import Mark, Part, PartPath, Place, PlaceKind, Problem, Reading, Reason, Segment, Visibility
from safehold.reading.document import to_json

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
