# SPDX-License-Identifier: GPL-3.0-or-later
"""A document shows what it is by its title, headings, words and form number, where documents have them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.documents import Look, find
from safehold.detect.words import LIMIT
from safehold.model import PartPath, Place, PlaceKind, Reading, Segment, Visibility

PLAN = Look(title_any=("care plan", "placement plan"))
COURT = Look(heading_any=("in the family court",), form_number=("C100", "C1A", "C2", "FL401"))
CONFERENCE = Look(
    title_any=("child protection conference", "ICPC"),
    body_any=("section 47", "category of harm", "core group"),
    at_least=3,
)


def piece(text, kind=PlaceKind.PARAGRAPH, number=1, part="a.docx", visibility=Visibility.VISIBLE):
    return Segment(Place(PartPath((part,)), kind, number), text, visibility)


def mail(text, kind=PlaceKind.BODY):
    return Segment(Place(PartPath(("1",)) if kind is not PlaceKind.SUBJECT else PartPath(), kind), text)


def shown(look, *segments):
    """Return the texts that show what a document is."""
    hits = find(Reading(segments=segments), {"k": look})["k"]
    return [segments[found.segment].text[slice(*found.span)] for found in hits.findings]


# -- titles --------------------------------------------------------------------------------------------------------

LETTERHEAD = (
    "Riverbank Council\nChildren's Services\n1 Tanner Road\nWestmere\nTel 01632 960123\n3 November 2025\nRef 12\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "Care plan\nName: ...",
        "CARE PLAN",
        "Care\nPlan",
        "Care-Plan for a child",
        "OFFICIAL-SENSITIVE\n\nMy care plan\n",
        LETTERHEAD + "\nDear parents\n\nRe: Care plan\n\nWe write to you.",
        "# Care plan",
        "Name of child\tCare plan\tPage 1",
        "C\u0430re pl\u0430n",
    ],
)
def test_a_title_is_a_line_on_top_that_looks_like_one(text):
    assert len(shown(PLAN, piece(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "We have no care plan for you yet.",
        "As we told you when we met in the week before last the care plan is\nnot ready, and so on",
        "there is a\ncare plan and it is\nready to be read by all",
        LETTERHEAD + "A line of the letter.\n" * 30 + "Care plan",
        "Careplanning",
    ],
)
def test_what_is_no_title(text):
    assert shown(PLAN, piece(text)) == []


def test_a_title_may_stand_below_a_table_with_the_letterhead():
    assert shown(PLAN, piece("Riverbank\tTel 01632 960123", PlaceKind.TABLE), piece("Care plan\nName")) == ["Care plan"]


def test_a_title_may_stand_in_a_box_a_page_header_or_the_name_of_a_sheet():
    body = piece("Some text of many words.\n" * 40)

    for kind in (PlaceKind.TEXT, PlaceKind.PAGE_HEADER, PlaceKind.SHEET_NAME):
        assert shown(PLAN, body, piece("Care plan", kind, None)) == ["Care plan"]


@pytest.mark.parametrize("kind", [PlaceKind.PAGE, PlaceKind.SLIDE, PlaceKind.SHEET])
def test_only_the_first_page_slide_or_sheet_has_the_title(kind):
    assert shown(PLAN, piece("Care plan\nName", kind, 1)) == ["Care plan"]
    assert shown(PLAN, piece("Something else\nName", kind, 1), piece("Care plan\nName", kind, 2)) == []


def test_the_title_property_is_a_title_and_the_name_of_a_file_is_none():
    assert shown(PLAN, piece("Care plan of somebody", PlaceKind.METADATA, None)) == ["Care plan"]
    assert shown(PLAN, piece("care plan.docx", PlaceKind.FILENAME, None)) == []


def test_fields_notes_comments_and_bookmarks_have_no_titles():
    for kind in (PlaceKind.FIELD, PlaceKind.NOTE, PlaceKind.COMMENT):
        assert shown(PLAN, piece("Care plan", kind)) == []
    assert shown(PLAN, piece("care plan", visibility=Visibility.ATTRIBUTE)) == []


# -- mails ---------------------------------------------------------------------------------------------------------


def test_a_mail_whose_subject_is_the_title_is_the_document():
    assert shown(PLAN, mail("RE: Care plan", PlaceKind.SUBJECT), mail("Hello\nSee you.")) == ["Care plan"]


def test_the_subject_counts_with_what_the_mail_and_its_attachments_say():
    subject = mail("Child protection conference", PlaceKind.SUBJECT)
    body = mail("It was about section 47 and the category of harm.")

    assert len(shown(CONFERENCE, subject, body)) == 2
    assert len(shown(CONFERENCE, subject, piece("section 47, core group"))) == 2
    assert shown(CONFERENCE, subject, mail("section 47"), piece("core group")) == []


def test_the_subject_of_an_attached_mail_speaks_for_that_mail_only():
    inner = Segment(Place(PartPath(("2",)), PlaceKind.SUBJECT), "Child protection conference")
    inside = Segment(Place(PartPath(("2", "1")), PlaceKind.BODY), "section 47, core group")
    beside = piece("section 47, core group")

    assert len(shown(CONFERENCE, inner, inside)) == 2
    assert shown(CONFERENCE, inner, beside) == []


def test_a_quoted_thread_is_no_document():
    quoted = mail("Care plan\nIn the Family Court\nC100", PlaceKind.QUOTED)

    assert shown(PLAN, quoted) == []
    assert shown(COURT, quoted) == []


def test_a_line_of_a_mail_may_be_short_by_chance():
    assert shown(PLAN, mail("Dear Sam\nhere is the care plan that you wanted to see today\nJo")) == []
    assert shown(PLAN, mail("Care plan\nName: ...")) == ["Care plan"]


# -- evidence ------------------------------------------------------------------------------------------------------


def test_evidence_is_counted_once_a_phrase_and_in_one_document():
    title = "Child protection conference\n"

    assert shown(CONFERENCE, piece(title + "section 47, and section 47, and section 47")) == []
    assert len(shown(CONFERENCE, piece(title + "section 47, and the core group"))) == 3
    assert shown(CONFERENCE, piece(title + "section 47"), piece("core group", part="b.docx")) == []


def test_each_document_shows_its_own_words():
    first, second = piece("Care plan"), piece("Placement plan", part="b.docx")

    assert shown(PLAN, first, second) == ["Care plan", "Placement plan"]


def test_a_heading_may_stand_on_any_page():
    assert shown(COURT, piece("x.\n" * 60 + "In the Family Court\nsitting at Westmere", PlaceKind.PAGE, 7)) == [
        "In the Family Court"
    ]
    assert shown(COURT, piece("You will be heard in the Family Court at ten.")) == []
    assert shown(COURT, piece("what is heard\nin the family court\nis private to all who are there")) == []


# -- form numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "C100",
        "Form C100",
        "FORM FL401",
        "FL401 Application for a non-molestation order (03.24) \u00a9 Crown copyright 2024",
        "C1A \r\nAllegations of harm",
        "1\r\nC1A\r\nAllegations",
        "C1A - Allegations of harm",
        "C1A (12.21)",
        "Allegations of harm (C1A)",
        "Order \u2013 C2",
        "Ffurflen C100",
        "Form C 2",
        "FL 401",
        "C-100",
        "name.\n" * 60 + "C100 Application under the Children Act 1989",
    ],
)
def test_forms_have_their_number_at_an_end_of_a_line(text):
    assert len(shown(COURT, piece(text, PlaceKind.PAGE, 1))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "please fill in a C100 and send it back",
        "See form C100 for more",
        "C100 is the form that you need",
        "C100, C1A and C2 are forms",
        "as in cell C2",
        "C 2",
        "b\nC\n2\nd",
        "C1000",
        "AC100",
        "C2H5OH",
        "C100's pages",
    ],
)
def test_a_mention_in_prose_is_no_form(text):
    assert shown(COURT, piece(text)) == []
    assert shown(COURT, mail(text)) == []


def test_a_cell_of_a_sheet_is_no_form_unless_on_top():
    assert shown(COURT, piece("a\tb\n" * 40 + "C2\tC100", PlaceKind.SHEET, 1)) == []
    assert shown(COURT, piece("C100\tApplication", PlaceKind.SHEET, 1)) == ["C100"]


# -- limits --------------------------------------------------------------------------------------------------------


def test_what_stands_there_too_often_to_be_listed_is_taken_to_be_a_title_somewhere():
    words = "We have no care plan yet.\n" * (LIMIT + 1)

    assert len(shown(PLAN, piece(words))) == 1


def test_nothing_asked_is_nothing_found():
    assert find(Reading(segments=(piece("Care plan"),)), {}) == {}


@pytest.mark.parametrize("sign", ["care plan ", "care plan\n", "care plan\t", "C2", "C2 ", "C2\t", "\n", "Form C2 ("])
def test_hostile_text_takes_time_in_proportion(sign):
    """No time is asserted, which would be flaky; a quarter of a megabyte that hangs is seen by everybody."""
    text = (sign * 250_000)[:250_000]

    assert find(Reading(segments=(piece(text),)), {"plan": PLAN, "court": COURT})


@given(
    st.lists(st.text(alphabet="Care planC2FORM1 \t\r\n.-(\u200b", max_size=80), max_size=4),
    st.sampled_from(list(PlaceKind)),
)
def test_findings_point_at_their_own_segment(texts, kind):
    """Parts are looked at one by one, and findings are counted among all segments of the message."""
    segments = tuple(piece(text, kind, 1, part=f"{number}") for number, text in enumerate(texts))

    for hits in find(Reading(segments=segments), {"plan": PLAN, "court": COURT}).values():
        for found in hits.findings:
            assert segments[found.segment].place == found.place
            assert segments[found.segment].text[slice(*found.span)].strip()


# -- real forms ----------------------------------------------------------------------------------------------------

FORMS = Path(__file__).parents[4] / "shared" / "corpora" / "documents"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("hmcts-prl/C1A_Blank.pdf", "C1A"),
        ("hmcts-prl/C1A_Blank_Welsh.pdf", "C1A"),
        ("hmcts-prl/FL415.pdf", "FL415"),
        ("hmcts-prl/exampleOrderWithSeal.pdf", "C45A"),
        ("hmcts-prl/sample.pdf", "C21"),
        ("hmcts-fpl/FL-PLW-APP-ENG-00095.doc", "C110A"),
        ("hmcts-fpl/FL-PLW-APP-ENG-01088.doc", "C15"),
        ("hmcts-nfdiv/D36.pdf", "D36"),
    ],
)
def test_the_forms_of_the_courts_are_recognised(read, name, number):
    """As they are published: in a page header, in a box, at the foot of a page, in brackets behind the name."""
    if not (FORMS / name).exists():
        pytest.skip("the corpus of documents is not there")
    reading = read((FORMS / name).read_bytes(), name.rpartition("/")[2])

    assert find(reading, {"k": Look(form_number=(number,))})["k"].findings
    assert not find(reading, {"k": Look(form_number=("C100", "FL401", "C2"))})["k"].findings
