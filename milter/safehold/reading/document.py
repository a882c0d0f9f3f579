# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading as one JSON document, the shape of ``inspect --json``, and the words for its places.  Pure.

The words are those of the public face (DESIGN section 8); scripts and reviewers rely on them, so a change here is a
change for users.  They are the only ones: evidence and commands ask here.  What a worker sends over its line is
another shape: :mod:`safehold.reading.wire`.
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


def place_in_message(place: Place, reading: Reading) -> str:
    """Return where a place of a message is, without a name: which attachment, and where in it.

    A file name may say more than its reader should see; the number of an attachment says enough to find it.

    >>> from safehold.model import Part, PartPath
    >>> path = PartPath(("2", "annex.pdf"))
    >>> message = Reading(parts=(Part(path, "application/pdf", 9, is_attachment=True, attachment=1),))
    >>> place_in_message(Place(path, PlaceKind.PAGE, 4), message)
    'attachment 1, page 4'
    """
    part = reading.part(place.part)
    if part is None or not part.attachment:
        return place_words(place)
    where = f"attachment {part.attachment}"
    outermost = min(len(other.path.steps) for other in reading.parts if other.attachment == part.attachment)
    if len(part.path.steps) > outermost:
        where = f"a file inside {where}"
    return where if place.kind is PlaceKind.TEXT else f"{where}, {place_words(place)}"


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
