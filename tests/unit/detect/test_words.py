# SPDX-License-Identifier: GPL-3.0-or-later
"""Phrases are found however they are written; patterns take the text as it stands."""

from itertools import pairwise

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect import words
from safehold.model import PartPath, Place, PlaceKind, Segment, Strength

PLACE = Place(PartPath(("1",)), PlaceKind.BODY)


def segments(*texts):
    return [Segment(PLACE, text) for text in texts]


def phrases(text, *wanted):
    hits = words.find(segments(text), phrases={"list": wanted})["list"]
    return [text[start:end] for start, end in (finding.span for finding in hits.findings)]


@pytest.mark.parametrize(
    "text",
    [
        "under clare's law",
        "CLARE'S LAW",
        "Clare’s Law",
        "clares law",
        "clare's\n> law",
        "clare's   law",
        "Clare's-Law",
        "Clare's-\nLaw",
        "cl\u00adare's\u00a0l\u2060aw",
        "Clare\u200b's L\u0430w",
        "Ｃｌａｒｅ＇ｓ law",
        "clare's |\t| law",
    ],
)
def test_a_phrase_is_found_however_it_is_written(text):
    assert len(phrases(text, "clare's law")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "non-molestation order",
        "non molestation order",
        "Non-\nmolestation order",
        "non-mole-\nstation order",
        "non\u00admolestation order",
        "non\u2011molestation\u202forder",
        "no\u200bn-molestation or\u00adder",
        "nonmolestation order",
        "non-molestation\n> order",
    ],
)
def test_a_phrase_with_a_hyphen_is_found_whatever_became_of_the_hyphen(text):
    assert phrases(f"a {text} of May", "non-molestation order") == [text]


@pytest.mark.parametrize("text", ["n o n  m o l e s t a t i o n", "non&nbsp;molestation", "\u202enoitatselom-non"])
def test_letters_apart_escapes_and_overrides_hide_a_phrase(text):
    """Phrases are words of everyday language; what is protected in the register is searched for in those forms too."""
    assert phrases(text, "non-molestation") == []


@pytest.mark.parametrize(
    "text", ["refugee", "a refugees", "clare's grand law", "law of clare", "clare's" + "\n" * 20 + "law", ""]
)
def test_a_phrase_is_whole_words_in_order_and_near(text):
    assert phrases(text, "refuge", "clare's law") == []


def test_spans_are_of_the_text_as_it_was_given():
    assert phrases("x Clare’s\u200b  Law. DVDS", "clare's law", "dvds") == ["Clare’s\u200b  Law", "DVDS"]


def test_the_longest_phrase_that_begins_at_a_word_is_the_one_found():
    assert phrases("non molestation order", "non molestation", "non molestation order") == ["non molestation order"]


def test_lists_are_told_apart_and_may_share_phrases():
    found = words.find(segments("dvds"), phrases={"a": ("dvds",), "b": ("dvds", "x"), "c": ("x",)})

    assert {key: len(hits.findings) for key, hits in found.items()} == {"a": 1, "b": 1, "c": 0}
    assert {finding.field for finding in found["b"].findings} == {"b"}


def test_findings_say_where_and_never_what():
    finding = words.find(segments("a", "the dvds"), phrases={"list": ("dvds",)})["list"].findings[0]

    assert (finding.detector, finding.segment, finding.span, finding.strength) == (
        "phrase",
        1,
        (4, 8),
        Strength.CERTAIN,
    )
    assert (finding.person, finding.value, finding.place) == ("", -1, PLACE)
    assert "dvds" not in finding.why


def test_phrases_without_a_word_are_nothing():
    assert phrases("--- ...", "---", "...") == []


def test_a_pattern_numbers_the_different_texts_it_took():
    found = words.find(segments("AB 12, ab12", "CD34"), patterns={"p": re2.compile(r"[A-Za-z]{2} ?\d\d")})["p"]

    assert [(f.segment, f.value) for f in found.findings] == [(0, 0), (0, 0), (1, 1)]
    assert {f.detector for f in found.findings} == {"regex"}


def test_pattern_spans_are_code_points_beyond_ascii():
    text = "é😀 AB12"
    finding = words.find(segments(text), patterns={"p": re2.compile("AB12")})["p"].findings[0]

    assert text[slice(*finding.span)] == "AB12"


def taken(text, pattern):
    hits = words.find(segments(text), patterns={"p": re2.compile(pattern)})["p"]
    return [(text[slice(*finding.span)], finding.value) for finding in hits.findings]


@pytest.mark.parametrize(
    "text",
    [
        "Case No: AB 1234",
        "Case\u00a0No: AB\u202f1234",
        "Case  No:\tAB   1234",
        "Case No:\nAB 1234",
        "> Case No: AB\r\n> 1234",
        "Ca\u200bse No\u00ad: AB 12\ufeff34",
        "Case No: AB 1\u034f234",
        "Ｃａｓｅ Ｎｏ: ＡＢ １２３４",
        "Case No\ufe55 AB 𝟏𝟐𝟑𝟒",
    ],
)
def test_a_pattern_takes_what_the_eye_takes(text):
    assert taken(f"see {text}.", r"Case No: AB \d{4}") == [(text.removeprefix("> "), 0)]


@pytest.mark.parametrize(
    "text", ["case no: AB 1234", "Case No AB 1234", "Case No: AB\n\n1234", "Case No: АВ 1234", "Case Nó: AB 1234"]
)
def test_case_punctuation_letters_and_paragraphs_stay_what_they_are_for_a_pattern(text):
    """Authors match capitals and full stops on purpose; look-alikes of other scripts are for phrases and people."""
    assert taken(text, r"Case No: AB \d{4}") == []


def test_marks_and_letters_are_one_to_a_pattern():
    assert taken("cafe\u0301 1 and caf\u00e9 2", "café \\d") == [("cafe\u0301 1", 0), ("café 2", 1)]


def test_what_a_pattern_takes_of_both_texts_is_said_once_and_numbered_together():
    text = "AB 12 and A\u200bB 12 and AB  34, AB\n12"

    assert taken(text, r"AB \d+") == [("AB 12", 0), ("A\u200bB 12", 0), ("AB  34", 1), ("AB\n12", 0)]


def test_a_longer_text_of_the_cleaned_view_adds_nothing_to_what_was_taken():
    assert taken("Name: Doe\nBorn: May", "Name: .*") == [("Name: Doe", 0)]


def test_a_pattern_that_needs_the_raw_text_still_has_it():
    assert taken("a\tb\nc", r"(?m)^c$") == [("c", 0)]
    assert taken("a\tb", r"a\tb") == [("a\tb", 0)]
    assert taken("x\u200by", "x\u200by") == [("x\u200by", 0)]


@given(st.text(alphabet="AB1 \n\t>-\u200b\u00ad\u00a0é\u0301"), st.text(alphabet="AB1 \n\u200b"))
def test_cleaned_or_not_every_span_holds_what_was_taken_in_order(before, after):
    text = f"{before} A\u200bB1 {after}"
    found = words.find(segments(text), patterns={"p": re2.compile(r"AB1")})["p"].findings
    spans = [finding.span for finding in found]

    assert spans == sorted(spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert any(text[slice(*span)] == "A\u200bB1" for span in spans)


def test_more_than_can_be_listed_is_said_to_be_everywhere():
    found = words.find(segments("dvds " * 1500), phrases={"l": ("dvds",)}, patterns={"p": re2.compile("dvds")})

    assert [(len(hits.findings), hits.everywhere) for hits in found.values()] == [(words.LIMIT, True)] * 2


def test_exactly_as_many_as_can_be_listed_is_not_everywhere():
    found = words.find(segments("dvds " * words.LIMIT), phrases={"l": ("dvds",)}, patterns={"p": re2.compile("dvds")})

    assert [(len(hits.findings), hits.everywhere) for hits in found.values()] == [(words.LIMIT, False)] * 2


@given(before=st.text() | st.from_regex(r"\w[-\u2013\u00ad] ?\u200b?", fullmatch=True), after=st.text())
def test_no_text_around_a_phrase_hides_it_or_breaks_the_span(before, after):
    text = f"{before}\n domestic  Violence \n{after}"

    assert any("iolence" in found for found in phrases(text, "domestic violence"))


@given(st.text())
def test_any_text_at_all_is_searched(text):
    for start, end in (f.span for f in words.find(segments(text), phrases={"l": ("a", "of the")})["l"].findings):
        assert 0 <= start < end <= len(text)
