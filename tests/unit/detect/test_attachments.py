# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments are judged by what they are, wherever they are packed, and whatever they are called."""

import pytest

from safehold.detect.attachments import FAMILIES, HIDINGS, REDACTIONS, Wanted, find
from safehold.detect.words import LIMIT
from safehold.model import Mark, Part, PartPath, Place, PlaceKind, Problem, Reading, Reason, Segment, Visibility
from safehold.policy.keys import HIDINGS as NAMED_HIDINGS
from safehold.policy.keys import REDACTION_KINDS, TYPES
from safehold.reading.vocabulary import MarkKind

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def part(*steps, media_type="application/pdf", size=10, is_attachment=True):
    return Part(PartPath(steps), media_type, size, is_attachment=is_attachment, attachment=1)


def where(*steps, kind=PlaceKind.TEXT):
    return Place(PartPath(steps), kind)


def found(wanted, *parts, marks=(), problems=(), segments=()):
    """Return the last steps of the attachments found."""
    reading = Reading(parts=parts, marks=marks, problems=problems, segments=segments)
    return [str(finding.place.part) for finding in find(reading, {"k": wanted})["k"].findings]


def counted(wanted, *parts):
    return len({finding.value for finding in find(Reading(parts=parts), {"k": wanted})["k"].findings})


# -- types ---------------------------------------------------------------------------------------------------------


def test_every_family_of_the_language_has_types():
    assert set(FAMILIES) == set(TYPES)


@pytest.mark.parametrize(
    ("media_type", "family"),
    [
        ("application/pdf", "pdf"),
        (WORD, "word"),
        ("application/vnd.ms-word.document.macroenabled.12", "word"),
        ("application/msword", "word"),
        ("application/rtf", "word"),
        (SHEET, "spreadsheet"),
        ("application/vnd.ms-excel.sheet.binary.macroenabled.12", "spreadsheet"),
        ("text/csv", "spreadsheet"),
        ("application/vnd.ms-powerpoint", "presentation"),
        ("image/jpeg", "picture"),
        ("application/x-7z-compressed", "archive"),
        ("application/x-iso9660-image", "archive"),
        ("message/rfc822", "mail"),
        ("application/vnd.ms-outlook", "mail"),
        ("text/plain", "text"),
        ("text/html", "web-page"),
        ("text/calendar", "calendar"),
    ],
)
def test_a_type_is_of_one_family(media_type, family):
    of = {name for name in FAMILIES if found(Wanted(types=frozenset({name})), part("x", media_type=media_type))}

    assert of == {family}


def test_a_locked_office_file_may_be_any_of_the_three():
    locked = part("x", media_type="application/encrypted-office")
    of = {name for name in FAMILIES if found(Wanted(types=frozenset({name})), locked)}

    assert of == {"word", "spreadsheet", "presentation"}


def test_a_media_type_is_taken_as_it_stands():
    assert found(Wanted(types=frozenset({"image/png"})), part("a", media_type="image/png")) == ["a"]
    assert found(Wanted(types=frozenset({"image/png"})), part("a", media_type="image/png2")) == []


def test_the_content_says_the_type_and_not_the_name():
    assert found(Wanted(types=frozenset({"pdf"})), part("holiday.jpg"), part("a.pdf", media_type="image/jpeg")) == [
        "holiday.jpg"
    ]


def test_the_body_is_no_attachment():
    assert found(Wanted(), part("1", media_type="text/plain", is_attachment=False)) == []


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "glob"),
    [
        (("Bundle.ZIP",), "*.zip"),
        (("2", "outer.zip", "inner.zip", "plan.docx"), "plan.*"),
        (("a.zip", "folder\u2215deep\u2215plan.docx"), "plan.docx"),
        (("a.zip", "folder\\plan.docx"), "plan.docx"),
        (("pl\u200ban.docx",), "plan.docx"),
        (("\uff50lan.docx",), "plan.docx"),
        (("plan.docx ",), "*.docx"),
        (("PL\u00c1N.docx",), "pl\u00e1n.docx"),
        (("report[1].pdf",), "report?1?.pdf"),
    ],
)
def test_names_are_compared_without_folders_and_as_the_eye_takes_them(steps, glob):
    assert found(Wanted(names=(glob,)), part(*steps)) == ["/".join(steps)]


def test_another_name_that_the_message_gives_counts_too():
    named = Segment(where("2", kind=PlaceKind.FILENAME), "plan.docx")

    assert found(Wanted(names=("plan.*",)), part("2"), segments=[named]) == ["2"]


def test_a_name_is_compared_whole():
    assert found(Wanted(names=("plan",)), part("plan.docx")) == []
    assert found(Wanted(names=("*.zip",)), part("a.zip", "plan.docx")) == []


# -- size, number, state -------------------------------------------------------------------------------------------


def test_larger_means_larger():
    assert found(Wanted(larger_than=10), part("a", size=10), part("b", size=11)) == ["b"]


def test_files_are_counted_wherever_they_are_packed_and_pages_of_a_document_are_not():
    archive = part("a.zip", media_type="application/zip")
    document = part("a.zip", "b.docx", media_type=WORD)
    logo = part("a.zip", "b.docx", "logo.png", media_type="image/png")
    photo = part("a.zip", "photo.png", media_type="image/png")
    other = part("a.zip", "b.docx", "chart.png", media_type="image/png")

    assert counted(Wanted(), archive, document, logo, other, photo) == 3
    assert counted(Wanted(types=frozenset({"picture"})), archive, document, logo, other, photo) == 2
    assert len(found(Wanted(types=frozenset({"picture"})), archive, document, logo, other, photo)) == 3


def test_attachments_of_an_attached_mail_are_files():
    mail = part("2", media_type="message/rfc822")

    assert counted(Wanted(types=frozenset({"pdf"})), mail, part("2", "a.pdf"), part("2", "b.pdf")) == 2


def test_a_state_is_why_it_could_not_be_read():
    locked = Problem(PartPath(("a.zip", "b.pdf")), Reason.ENCRYPTED)
    wanted = Wanted(states=frozenset({Reason.ENCRYPTED}))

    assert found(wanted, part("a.zip", "b.pdf"), part("c.pdf"), problems=[locked]) == ["a.zip/b.pdf"]
    assert found(Wanted(states=frozenset({Reason.CORRUPT})), part("a.zip", "b.pdf"), problems=[locked]) == []


def test_all_conditions_must_hold_of_one_attachment():
    wanted = Wanted(types=frozenset({"pdf"}), names=("a*",), larger_than=5)

    assert found(wanted, part("a"), part("b"), part("a2", size=5), part("a3", media_type="image/png")) == ["a"]


# -- what is hidden ------------------------------------------------------------------------------------------------


def test_every_hiding_and_redaction_of_the_language_is_known_and_every_mark_is_one_of_the_readers():
    assert set(HIDINGS) == set(NAMED_HIDINGS)
    assert set(REDACTIONS) <= set(REDACTION_KINDS)
    marks = frozenset(MarkKind)
    assert all(names <= marks for names in (*HIDINGS.values(), *REDACTIONS.values()))


@pytest.mark.parametrize(
    ("mark", "hiding"),
    [
        (MarkKind.HIDDEN_SHEET, "hidden_sheet"),
        (MarkKind.HIDDEN_SLIDE, "hidden_sheet"),
        (MarkKind.HIDDEN_ROWS, "hidden_rows"),
        (MarkKind.HIDDEN_COLUMNS, "hidden_rows"),
        (MarkKind.PIVOT_CACHE, "pivot_cache"),
        (MarkKind.EXTERNAL_DATA, "pivot_cache"),
        (MarkKind.DATA_MODEL, "pivot_cache"),
        (MarkKind.TRACKED_CHANGES, "tracked_changes"),
        (MarkKind.COMMENTS, "comments"),
        (MarkKind.ANNOTATIONS, "comments"),
        (MarkKind.SPEAKER_NOTES, "speaker_notes"),
        (MarkKind.EARLIER_REVISION, "old_revision"),
        (MarkKind.OLD_REVISION, "old_revision"),
        (MarkKind.APPENDED, "old_revision"),
        (MarkKind.EMBEDDED, "embedded_file"),
        (MarkKind.ATTACHMENTS, "embedded_file"),
        (MarkKind.CROPPED_IMAGE, "cropped_image"),
    ],
)
def test_a_mark_says_which_way_something_is_hidden(mark, hiding):
    told = {
        name for name in HIDINGS if found(Wanted(hidden=frozenset({name})), part("a"), marks=[Mark(where("a"), mark)])
    }

    assert told == {hiding}


def test_what_stands_behind_the_end_of_a_picture_was_cut_off_it():
    picture = part("a.png", media_type="image/png")

    assert found(Wanted(hidden=frozenset({"cropped_image"})), picture, marks=[Mark(where("a.png"), MarkKind.APPENDED)])


def test_what_hangs_on_an_attached_mail_is_not_hidden():
    mail = part("a.msg", media_type="application/vnd.ms-outlook")

    assert (
        found(Wanted(hidden=frozenset({"embedded_file"})), mail, marks=[Mark(where("a.msg"), MarkKind.ATTACHMENTS)])
        == []
    )


def test_metadata_is_text_of_that_kind():
    author = Segment(where("a", kind=PlaceKind.METADATA), "Jo Marlow")

    assert found(Wanted(hidden=frozenset({"metadata"})), part("a"), part("b"), segments=[author]) == ["a"]


def test_a_mark_of_another_part_says_nothing():
    assert found(
        Wanted(hidden=frozenset({"comments"})), part("a"), part("b"), marks=[Mark(where("b"), "comments")]
    ) == ["b"]


@pytest.mark.parametrize(
    ("redaction", "marks", "visibility"),
    [
        ("text_under_box", [MarkKind.COVERED_TEXT], Visibility.VISIBLE),
        ("text_under_box", [], Visibility.COVERED),
        ("black_highlight", [], Visibility.COVERED),
        ("same_colour_text", [], Visibility.WHITE),
        ("unapplied_mark", [MarkKind.UNAPPLIED_REDACTION], Visibility.VISIBLE),
    ],
)
def test_a_redaction_that_fails_as_far_as_readers_tell(redaction, marks, visibility):
    text = Segment(where("a", kind=PlaceKind.PAGE), "words", visibility)
    wanted = Wanted(redaction=frozenset({redaction}))

    assert found(wanted, part("a"), marks=[Mark(where("a"), m) for m in marks], segments=[text]) == ["a"]
    assert found(wanted, part("a")) == []


def test_more_than_can_be_listed_is_everywhere():
    hits = find(Reading(parts=tuple(part(f"{n}.pdf") for n in range(LIMIT + 1))), {"k": Wanted()})["k"]

    assert len(hits.findings) == LIMIT
    assert hits.everywhere


def test_what_it_says_is_no_name_of_a_file():
    (finding,) = find(Reading(parts=(part("secret plan.pdf"),)), {"k": Wanted(names=("*plan*",))})["k"].findings

    assert "plan" not in finding.why
    assert finding.of_part
