# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading as one JSON document: the shape of ``inspect --json``.  Pure.

The words are those of the public face (DESIGN section 8); scripts rely on them, so a change here is a change for
users.  What a worker sends over its line is another shape: :mod:`safehold.reading.wire`.
"""

from typing import Any

from safehold.model import Place, PlaceKind, Reading

# Kinds whose number is worth saying; the others are said without.
_WORDS = {
    PlaceKind.TEXT: "text",
    PlaceKind.PAGE_HEADER: "page header",
    PlaceKind.FILENAME: "file name",
    PlaceKind.QUOTED: "quoted text",
    PlaceKind.FIELD: "form field",
}


def place_words(place: Place) -> str:
    """Return a place as a person says it.

    >>> from safehold.model import PartPath
    >>> place_words(Place(PartPath(("2",)), PlaceKind.PAGE, 4))
    'page 4'
    >>> place_words(Place(PartPath(("2",)), PlaceKind.SHEET, 2, row=7))
    'sheet 2, row 7'
    """
    word = _WORDS.get(place.kind, place.kind.value)
    numbered = word if place.number is None else f"{word} {place.number}"
    return f"{numbered}, row {place.row}" if place.row else numbered


def to_json(reading: Reading) -> dict[str, Any]:
    """Return the reading as ``inspect --json`` prints it.

    Nothing judges redaction yet, so ``concealment`` says of every part that it was not searched: silence would
    read as "clean".
    """
    return {
        "parts": [
            {"path": str(part.path), "type": part.media_type, "bytes": part.size_bytes} for part in reading.parts
        ],
        "segments": [
            {
                "place": place_words(segment.place),
                "part": str(segment.place.part),
                "visibility": segment.visibility.value,
                "text": segment.text,
            }
            for segment in reading.segments
        ],
        "problems": [
            {"part": str(problem.part), "reason": problem.reason.value, "detail": problem.detail}
            for problem in reading.problems
        ],
        "marks": [
            {"place": place_words(mark.place), "part": str(mark.place.part), "kind": mark.kind}
            for mark in reading.marks
        ],
        "concealment": [{"part": str(part.path), "verdict": "not_searched", "kinds": []} for part in reading.parts],
    }
