# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading as one JSON document, the shape of ``inspect --json``, and the words for its places.  Pure.

The words are those of the public face (DESIGN section 8); scripts and reviewers rely on them, so a change here is a
change for users.  They are the only ones: evidence and commands ask here.  What a worker sends over its line is
another shape: :mod:`safehold.reading.wire`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from safehold.model import PartPath, Place, PlaceKind, Reading, Segment, Visibility

# Kinds whose number is worth saying; the others are said without.
_WORDS = {
    PlaceKind.TEXT: "text",
    PlaceKind.PAGE_HEADER: "page header",
    PlaceKind.FILENAME: "file name",
    PlaceKind.QUOTED: "quoted text",
    PlaceKind.FIELD: "form field",
    PlaceKind.SHEET_NAME: "name of sheet",
}
_LONGEST_NAME = 60  # Excel allows 31 letters

Sheets = Mapping[tuple[PartPath, int | None], tuple[str, bool]]  # name, and whether it is hidden
_NAMELESS: Sheets = MappingProxyType({})


def sheets_of(reading: Reading) -> Sheets:
    """Return what the sheets of a reading are called, and which of them are hidden.

    Names are text of the message: for those who may read it, and for no log, notice or metric.
    """
    names: dict[tuple[PartPath, int | None], tuple[str, bool]] = {}
    for segment in reading.segments:
        place = segment.place
        if place.kind is PlaceKind.SHEET_NAME:
            name = " ".join(segment.text.split())[:_LONGEST_NAME]
            names.setdefault((place.part, place.number), (name, segment.visibility is Visibility.HIDDEN))
    return names


def place_words(place: Place, sheets: Sheets = _NAMELESS) -> str:
    """Return a place as a person says it, with the name of a sheet where *sheets* has it.

    >>> from safehold.model import PartPath
    >>> place_words(Place(PartPath(("2",)), PlaceKind.PAGE, 4))
    'page 4'
    >>> place_words(Place(PartPath(("2",)), PlaceKind.SHEET, 2, row=7, column=2))
    'sheet 2, cell B7'
    >>> place_words(Place(PartPath(("2",)), PlaceKind.COMMENT, 2, row=7, column=2))
    'comment on sheet 2, cell B7'
    """
    return ", ".join(filter(None, (_kind_words(place, sheets), _cell_words(place))))


def segment_words(segment: Segment, sheets: Sheets = _NAMELESS) -> str:
    """Return the place of a whole segment as a person says it: of text in cells, from which cell to which."""
    cells = _cell_words(segment.place, segment.place_at(len(segment.text.rstrip())).cell)
    return ", ".join(filter(None, (_kind_words(segment.place, sheets), cells)))


def _kind_words(place: Place, sheets: Sheets = _NAMELESS) -> str:
    word = _WORDS.get(place.kind, place.kind.value)
    if place.kind is PlaceKind.COMMENT and place.cell:
        word = "comment on sheet"
    numbered = word if place.number is None else f"{word} {place.number}"
    if not word.endswith("sheet") or place.kind is PlaceKind.SHEET_NAME:
        return numbered
    name, is_hidden = sheets.get((place.part, place.number), ("", False))
    return numbered + (f' "{name}"' if name else "") + (" (hidden)" if is_hidden else "")


def _cell_words(place: Place, last: str = "") -> str:
    if not place.cell:
        return f"row {place.row}" if place.row else ""
    return f"cells {place.cell} to {last}" if last not in ("", place.cell) else f"cell {place.cell}"


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
    kind = "" if place.kind is PlaceKind.TEXT else _kind_words(place)
    return ", ".join(filter(None, (where, kind, _cell_words(place))))


def to_json(reading: Reading) -> dict[str, Any]:
    """Return the reading as ``inspect --json`` prints it.

    Nothing judges redaction yet, so ``concealment`` says of every part that it was not searched: silence would
    read as "clean".
    """
    sheets = sheets_of(reading)
    return {
        "parts": [
            {"path": str(part.path), "type": part.media_type, "bytes": part.size_bytes} for part in reading.parts
        ],
        "segments": [_segment(segment, sheets) for segment in reading.segments],
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


def _segment(segment: Segment, sheets: Sheets) -> dict[str, Any]:
    return {
        "place": segment_words(segment, sheets),
        "part": str(segment.place.part),
        "visibility": segment.visibility.value,
        "text": segment.text,
    }
