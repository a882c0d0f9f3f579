# SPDX-License-Identifier: GPL-3.0-or-later
"""Words are cut and classified as addresses need them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.register.words import Words, misread_digits
from safehold.text import folded


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("12AcaciaRoad", ["12", "acacia", "road"], id="glued"),
        pytest.param("16BroadWalk", ["16", "broad", "walk"], id="glued with a weak type"),
        pytest.param("a c a c i a r o a d", ["acacia", "road"], id="spaced evenly"),
        pytest.param("1 2  A c a c i a  R o a d", ["12", "acacia", "road"], id="spaced with wider gaps between words"),
        pytest.param("St. Cuthbert's", ["st", "cuthbert's"], id="apostrophe"),
        pytest.param("12-14/16", ["12", "14", "16"], id="numbers"),
        pytest.param("the workplace is abroad", ["the", "workplace", "is", "abroad"], id="words that end like types"),
        pytest.param("a b c", ["a", "b", "c"], id="few single letters"),
        pytest.param("T N 2 3 1 A B", ["tn231ab"], id="spaced postcode"),
        pytest.param("T N 2 3  1 A B", ["tn23", "1ab"], id="spaced postcode in halves"),
        pytest.param("1\n2\nA\nc\na\nc\ni\na\nR\nd", ["12", "acaciard"], id="one letter a line"),
        pytest.param("a b\nc d e", ["ab", "cde"], id="spaced over a line end"),
        pytest.param("12acaciaroadham", ["12", "acacia", "road", "ham"], id="glued with a town"),
        pytest.param("number12acaciaroad", ["number", "12", "acacia", "road"], id="glued with a word before"),
        pytest.param("12acaciaroadtn231ab", ["12", "acacia", "road", "tn231ab"], id="glued with a postcode"),
        pytest.param("AcaciaRoad12", ["acacia", "road", "12"], id="glued, number last"),
        pytest.param("build42ab7 r2d2 f00ba4", ["build42ab7", "r2d2", "f00ba4"], id="codes stay whole"),
    ],
)
def test_a_text_is_cut_into_words(text, words):
    cut = Words(folded(text))

    assert cut.raw == words
    assert len(cut.spans) == len(words)


@given(st.text(alphabet="ab1 -'\n.", max_size=60))
def test_every_word_has_its_place_in_order(text):
    words = Words(folded(text))

    assert all(0 <= start < end <= len(words.text) for start, end in words.spans)
    assert words.spans == sorted(words.spans)


@pytest.mark.parametrize(
    ("word", "kind"),
    [("road", "road"), ("rd", "road"), ("raod", "road"), ("r0ad", "road"), ("ave", "avenue"), ("st", "street")],
)
def test_a_street_type_is_known_short_misspelt_and_disguised(word, kind):
    assert Words(word).words[0].type == kind


@pytest.mark.parametrize("word", ["load", "broad", "clothes", "late", "wall", "month"])
def test_common_words_near_a_type_are_none(word):
    assert Words(word).words[0].type == ""


@pytest.mark.parametrize(
    ("word", "number", "suffix"), [("12", 12, ""), ("12b", 12, "b"), ("twelve", 12, ""), ("no12", 12, "")]
)
def test_a_house_number_is_known(word, number, suffix):
    known = Words(word).words[0]

    assert (known.number, known.suffix) == (number, suffix)


@pytest.mark.parametrize(
    ("word", "number"), [("z7", 27), ("2z", 22), ("l2", 12), ("1o", 10), ("12b", -1), ("12", -1), ("zoo", -1)]
)
def test_a_digit_misread_in_a_house_number_is_known_but_not_a_houses_letter(word, number):
    assert Words(word).words[0].misread == number


@pytest.mark.parametrize(
    ("word", "digits"), [("9oo", "900"), ("l23", "123"), ("oo", "00"), ("i", "1"), ("so", ""), ("is", ""), ("b", "")]
)
def test_digits_misread_are_told_from_words(word, digits):
    assert misread_digits(word) == digits
