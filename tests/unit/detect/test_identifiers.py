# SPDX-License-Identifier: GPL-3.0-or-later
"""Official numbers are found in every usual spelling, and only where something says what they are."""

import random

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect import number_forms
from safehold.detect.beside import Reach
from safehold.detect.identifiers import Wanted, find
from safehold.detect.words import LIMIT
from safehold.model import PartPath, Place, PlaceKind, Segment, Visibility

BODY = Place(PartPath(("1",)), PlaceKind.BODY)


def seen(texts, kind, **wanted):
    """Return what is found, as it stands in the text."""
    segments = [Segment(BODY, text) for text in ([texts] if isinstance(texts, str) else texts)]
    return taken(segments, find(segments, {"k": Wanted(kind, **wanted)})["k"])


def taken(segments, hits):
    return [segments[found.segment].text[slice(*found.span)] for found in hits.findings]


def different(text, kind, **wanted):
    return len({found.value for found in find([Segment(BODY, text)], {"k": Wanted(kind, **wanted)})["k"].findings})


# -- spellings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "NHS number 999 000 0018",
        "NHS No. 9990000018",
        "nhs no:- 999-000-0018",
        "NHS:-9990000018",
        "NHS9990000018",
        "nhs_number=9990000018",
        "NHSNumber: 9990000018",
        "N\u200bHS 999\u200b000\u200b0018",
        "NHS \uff19\uff19\uff19 \uff10\uff10\uff10 \uff10\uff10\uff11\uff18",
        "NHS 999\u2011000\u20110018",
        "NHS\u00a0No\u00a0999\u00a0000\u00a00018",
        "NHS number 999 000\n0018",
        "NHS\n> number\n> 999\n> 000 0018",
        "NHS number: 9 9 9 0 0 0 0 0 1 8",
        "9990000018 (NHS)",
        "the patient, 999.000.0018,",
    ],
)
def test_an_nhs_number_is_found_however_it_is_spelt(text):
    assert len(seen(text, "nhs_number")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "order 999 000 0018",
        "NHS order 9990000019",
        "NHS 99900000180",
        "NHS 1.9990000018",
        "NHS 07700 900123",
        "NHS trust " + "and so on " * 20 + "9990000018",
        "NHSX" + " 9990000018",
        "enhs 9990000018",
    ],
)
def test_ten_digits_are_no_nhs_number_where_nothing_says_so(text):
    assert seen(text, "nhs_number") == []


def test_what_text_recognition_takes_digits_for_is_read_as_digits():
    for text in ("NHS number 999 OOO 00l8", "NHS 999OOO0018"):
        segments = [Segment(Place(PartPath(("a.png",)), PlaceKind.TEXT), text, Visibility.OCR)]

        assert taken(segments, find(segments, {"k": Wanted("nhs_number")})["k"]), text


def test_letters_are_no_digits_where_nobody_recognised_anything():
    assert seen("NHS number 999 OOO 00l8", "nhs_number") == []


@pytest.mark.parametrize("text", ["CHI 010190 0007", "CHI no 0101900007", "chi: 010-190-0007"])
def test_a_chi_number_is_found_however_it_is_spelt(text):
    assert number_forms.has_check_digit("0101900007")
    assert len(seen(text, "chi")) == 1
    assert seen(text, "nhs_number") == []


@pytest.mark.parametrize(
    "text",
    [
        "NI number QQ 12 34 56 C",
        "NINO: QQ123456C",
        "N.I. no. qq 123456 c",
        "National Insurance QQ-12-34-56-C",
        "national\ninsurance: QQ123456",
        "NI Q Q 1 2 3 4 5 6 C",
        "Rhif Yswiriant Gwladol QQ 12 34 56 C",
    ],
)
def test_a_national_insurance_number_is_found_however_it_is_spelt(text):
    assert len(seen(text, "nino")) == 1


@pytest.mark.parametrize("text", ["part QQ123456C", "NI GB123456A", "NI number QQ1234567", "NI number XQQ123456C"])
def test_what_is_no_national_insurance_number(text):
    assert seen(text, "nino") == []


def test_a_national_insurance_number_with_and_without_its_suffix_is_one():
    assert different("NI QQ 12 34 56 C, that is NINO QQ123456", "nino") == 1


def test_a_uprn_is_any_number_beside_its_word():
    assert seen("UPRN: 100012345678, 12 Acacia Road", "uprn") == ["100012345678"]
    assert seen("UPRN no. is 1234", "uprn") == ["1234"]
    assert seen("100012345678 is the number of the property", "uprn") == []
    assert seen("unique property reference number (10023456789)", "uprn") == ["10023456789"]


@pytest.mark.parametrize(
    "text",
    ["W1A 1AA", "M1 1AA", "TN99 9ZZ", "pf7 3qx", "SW1A 1AA.", "EC1A1BB", "(CR2 6XH)", "Kent-TN99 9ZZ", "DN55 1PT,"],
)
def test_postcodes_of_all_six_shapes(text):
    assert len(seen(f"at {text} today", "postcode")) == (0 if text.startswith("Kent-") else 1)


@pytest.mark.parametrize(
    "text",
    [
        "QA1 1AA",
        "VA1 1AA",
        "XA1 1AA",
        "AI1 1AA",
        "M1 1AC",
        "section b2 2nd",
        "C430DN",
        "&G96YE<",
        "?x=B21AB",
        "RM11AA1",
    ],
)
def test_what_only_looks_like_a_postcode(text):
    assert seen(f"so {text} there", "postcode") == []


@pytest.mark.parametrize(
    "text", ["BM20P08036", "ZC21P00650", "zw19c00430", "BM 20 P 08036", "BM20-P-08036", "Cm26P12347"]
)
def test_family_cases(text):
    assert len(seen(f"case {text}.", "family_case")) == 1


@pytest.mark.parametrize("text", ["BM20X08036", "BM20P080361", "ec83d 58481", "ABM20P08036"])
def test_no_family_cases(text):
    assert seen(f"case {text}.", "family_case") == []


@pytest.mark.parametrize("text", ["97/1626/008395Q", "97/1626/8395q", "PNC 2003/0062845E", "03/62845E", "03 / 62845 E"])
def test_criminal_cases(text):
    assert len(seen(f"court ref {text}", "criminal_case")) == 1


@pytest.mark.parametrize(
    "text", ["97/1626/008395R", "2003/0062845F", "197/1626/008395Q", "01/02/2003", "a case 1/97/62845E"]
)
def test_no_criminal_cases(text):
    assert seen(f"court ref {text}", "criminal_case") == []


def test_one_case_in_two_spellings_is_one():
    assert different("PNC 2003/0062845E, the same as PNC 03/62845E", "criminal_case") == 1


def test_a_prison_number_needs_its_word():
    assert seen("prisoner A1234BC", "prison_number") == ["A1234BC"]
    assert seen("HMP Example, a1234bc", "prison_number") == ["a1234bc"]
    assert seen("model A1234BC", "prison_number") == []


@pytest.mark.parametrize(
    "text",
    [
        "01632 960123",
        "(01632) 960123",
        "Tel.01632 960123",
        "+44 (0)7700 900123",
        "+44 7700 900 123",
        "0044 7700 900123",
        "07700-900-123",
        "07700900123x4",
        "+353 1 496 0123",
        "07700\n900123",
    ],
)
def test_phone_numbers(text):
    assert len(seen(f"call {text} now", "phone")) == 1


@pytest.mark.parametrize(
    "text", ["0632 960", "isbn=0140447695", "ISBN 0140447695", "/dp/0140447695", "x07700900123", "1.07700900123"]
)
def test_no_phone_numbers(text):
    assert seen(f"see {text} now", "phone") == []


def test_two_numbers_with_a_stroke_between_are_two():
    assert seen("01632 960123/07700 900123", "phone") == ["01632 960123", "07700 900123"]


def test_one_phone_number_in_two_spellings_is_one():
    assert different("07700 900123, abroad +44 7700 900123 or 0044 (0)7700 900123", "phone") == 1


@pytest.mark.parametrize(
    "text", ["jo@example.org", "<jo.o'neil+x@mail.example.org>", "JO@EXAMPLE.ORG.", "jo@b\u00fccher.example"]
)
def test_mail_addresses(text):
    assert len(seen(f"to {text} now", "email")) == 1


def test_two_mail_addresses_that_differ_by_a_dot_are_two():
    assert different("a.b@example.org ab@example.org AB@example.org", "email") == 2


@pytest.mark.parametrize(
    "date",
    [
        "3/5/1990",
        "03.05.90",
        "03-05-1990",
        "3 / 5 / 1990",
        "3rd May 1990",
        "3rd of May, 1990",
        "3 May '90",
        "May 3, 1990",
        "3-May-1990",
        "1990-05-03",
        "03 05 1990",
        "03051990",
        "3 Mai 1990",
    ],
)
def test_dates_of_birth(date):
    """All of them are the same day, so a list of spellings is one person's date."""
    text = f"DOB {date}, that is: born 03/05/1990"

    assert len(seen(text, "date_of_birth")) == 2
    assert different(text, "date_of_birth") == 1


@pytest.mark.parametrize(
    "text", ["meeting on 3 May 1990", "DOB 31/02/1990", "DOB 3/13/1990", "DOB 3 Bay 1990", "born 1.2.3.1990"]
)
def test_no_dates_of_birth(text):
    assert seen(text, "date_of_birth") == []


# -- words beside --------------------------------------------------------------------------------------------------


def test_an_authors_words_stand_in_place_of_the_usual_ones():
    assert seen("patient 9990000018", "nhs_number", near=("hospital",)) == []
    assert seen("Hospital-No 9990000018", "nhs_number", near=("hospital no",)) == ["9990000018"]


def test_words_count_as_many_words_away_as_the_author_says():
    text = "NHS one two three 9990000018"

    assert seen(text, "nhs_number", words=4) == ["9990000018"]
    assert seen(text, "nhs_number", words=3) == []


def test_characters_count_as_many_away_as_the_author_says():
    assert seen("NHS: 9990000018", "nhs_number", words=None, characters=2) == ["9990000018"]
    assert seen("NHS: 9990000018", "nhs_number", words=None, characters=1) == []


def test_distances_go_on_from_one_piece_of_a_part_to_the_next():
    """A form has its label in one piece and what is filled in in another."""
    assert seen(["NHS number:", "9990000018"], "nhs_number") == ["9990000018"]
    assert seen(["NHS number:", "a " * 20, "9990000018"], "nhs_number") == []


@pytest.mark.parametrize(
    ("reach", "found"),
    [
        (Reach.PARAGRAPH, ["a"]),
        (Reach.PAGE, ["a", "b"]),
        (Reach.PART, ["a", "b", "c"]),
        (Reach.MESSAGE, ["a", "b", "c", "d"]),
    ],
)
def test_a_reach_without_a_distance(reach, found):
    part, other = PartPath(("a.pdf",)), PartPath(("b.pdf",))
    segments = [
        Segment(Place(part, PlaceKind.PAGE, 1), "NHS a 9990000018\n\nsecond paragraph"),
        Segment(Place(part, PlaceKind.PAGE, 1), "b 9990000018"),
        Segment(Place(part, PlaceKind.PAGE, 2), "c 9990000018"),
        Segment(Place(other, PlaceKind.PAGE, 1), "d 9990000018"),
    ]

    hits = find(segments, {"k": Wanted("nhs_number", words=None, reach=reach)})["k"]

    assert [segments[f.segment].text[f.span[0] - 2] for f in hits.findings] == found


def test_a_word_inside_the_number_does_not_speak_for_it():
    assert seen("to nhs@nhs.example", "email", near=("nhs",)) == []
    assert seen("the NHS: nhs@nhs.example", "email", near=("nhs",)) == ["nhs@nhs.example"]


def test_a_sites_own_numbers_are_found_by_its_patterns_and_its_words():
    patterns = (re2.compile(r"\b\d{6,8}\b"),)

    assert seen("LL no 1234567 and 7654321", "local:ll", near=("LL no",), patterns=patterns, words=2) == ["1234567"]
    assert different("1234567, 1234567", "local:ll", patterns=patterns) == 1
    assert seen("LL\u200b no 12345\u200b67", "local:ll", near=("LL no",), patterns=patterns) == ["12345\u200b67"]


# -- tables --------------------------------------------------------------------------------------------------------

ROWS = ["Name\tNHS number\tRef"] + [f"Person {n}\t999000{check}\t9990000026" for n, check in enumerate(["0018"] * 30)]


def test_a_heading_is_context_for_all_cells_of_its_column_and_for_no_other():
    hits = find(
        [Segment(Place(PartPath(("t.docx",)), PlaceKind.TABLE, 1), "\n".join(ROWS))],
        {"k": Wanted("nhs_number", words=1)},
    )["k"]

    assert len(hits.findings) == 30
    assert {found.why for found in hits.findings} == {"in a column headed by a word that goes with it"}
    assert len({found.value for found in hits.findings}) == 1


def test_a_heading_may_stand_below_a_title_and_have_a_number():
    text = "\n".join(
        ["Report\t\t", "of\tMay\t", "\t\t", "\t\t", "\t\t", "\t\t", "Name\tNHS no. (10 digits)\tRef", *ROWS[1:3]]
    )

    assert seen(text, "nhs_number", words=1) == ["9990000018"] * 2


def test_a_heading_goes_on_over_the_pieces_of_a_sheet():
    """Long sheets come in several segments, hidden rows and columns in their own."""
    sheet = PartPath(("people.xlsx",))
    segments = [
        Segment(Place(sheet, PlaceKind.SHEET, 1, row=1, column=1), "Name\tNHS number\tRef"),
        Segment(Place(sheet, PlaceKind.SHEET, 1, row=900, column=2), "9990000018\t9990000026"),
        Segment(Place(sheet, PlaceKind.SHEET, 1, row=950, column=2), "9990000018", Visibility.HIDDEN),
        Segment(Place(sheet, PlaceKind.SHEET, 2, row=900, column=2), "9990000018"),
    ]
    segments.insert(1, Segment(Place(sheet, PlaceKind.SHEET, 1, row=2, column=1), "x " * 50))

    hits = find(segments, {"k": Wanted("nhs_number", words=3)})["k"]

    assert [found.place.cell for found in hits.findings] == ["B900", "B950"]


def test_gaps_in_a_sheet_do_not_shift_its_columns():
    text = "Name\tNHS number\n" + "x\ty\n" * 20 + "9990000018\t9990000018"
    place = Place(PartPath(("people.xlsx",)), PlaceKind.SHEET, 1, row=1, column=1)
    last = text.index("9990000018")
    # The last row begins in column C.
    segments = [Segment(place, text, cells=(last, 40, 3))]

    assert taken(segments, find(segments, {"k": Wanted("nhs_number", words=1)})["k"]) == []


def test_a_label_heads_its_row():
    text = "\t".join(["NHS number", *["9990000018"] * 15])

    assert len(seen(text, "nhs_number", words=1)) == 15


def test_a_line_of_prose_is_no_heading_of_what_stands_below():
    assert seen("NHS\n" + "and so on\n" * 10 + "9990000018", "nhs_number", words=3) == []


def test_a_long_cell_is_no_heading():
    text = (
        "a\tThe NHS is a health service that was founded in the year after the war, as many people know\n"
        + "b\tc\n" * 20
    )
    assert seen(text + "d\t9990000018", "nhs_number", words=3) == []


# -- limits --------------------------------------------------------------------------------------------------------


def test_more_than_can_be_listed_is_everywhere():
    hits = find([Segment(BODY, "NHS 9990000018 " * (LIMIT + 1))], {"k": Wanted("nhs_number")})["k"]

    assert len(hits.findings) == LIMIT
    assert hits.everywhere


@pytest.mark.parametrize("kind", sorted(number_forms.FORMS))
@given(st.text(alphabet="0123456789 -./+()\t\nabNHSdobuprn@\u200b", max_size=200))
def test_findings_lie_inside_the_text_and_are_no_blanks(kind, text):
    segment = Segment(BODY, text)

    for found in find([segment], {"k": Wanted(kind)})["k"].findings:
        assert 0 <= found.span[0] < found.span[1] <= len(text)
        assert text[slice(*found.span)].strip()


@pytest.mark.parametrize("kind", sorted(number_forms.FORMS))
@pytest.mark.parametrize(
    "sign", ["9", "9 ", "9990000018 ", "0", "a@", "a.", "NHS ", "1/", "3 may ", "A1", "\t9990000018", "9990000018\n"]
)
def test_hostile_text_takes_time_in_proportion(kind, sign):
    """No time is asserted, which would be flaky; a quarter of a megabyte that hangs is seen by everybody."""
    text = ("NHS DOB UPRN" + sign * 250_000)[:250_000]

    assert find([Segment(BODY, text)], {"k": Wanted(kind)})["k"].findings is not None


def test_many_numbers_of_nobody_are_looked_at_once_each():
    rng = random.Random(7)
    text = "\n".join(f"{rng.randrange(10**10):010}\t{rng.randrange(10**10):010}" for _ in range(20_000))

    assert seen("Ref\tNHS number\n" + text, "nhs_number", words=1)
