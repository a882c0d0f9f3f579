# SPDX-License-Identifier: GPL-3.0-or-later
"""Words are cut and classified as addresses need them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.register.words import Spellings, Words, is_postcode, postcode_at, postcode_key
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


@pytest.mark.parametrize("text", ["TN23 1AB", "tn231ab", "TN23-1AB", "TN 23 1AB", "TN23 lAB", "TN23 1A8"])
def test_a_postcode_is_known_spaced_and_misread(text):
    words = Words(folded(text))

    found = postcode_at(words, len(words) - 1)

    assert found is not None
    assert found.key == postcode_key("TN23 1AB")


@pytest.mark.parametrize("text", ["its the", "12 345", "on 2nd", "AB 12", "version 1ab"])
def test_other_words_are_no_postcode(text):
    words = Words(folded(text))

    assert postcode_at(words, len(words) - 1) is None


@pytest.mark.parametrize(
    ("text", "whole"), [("sw1a 1aa", True), ("TN231AB", True), ("TN23", False), ("TN23 1A", False)]
)
def test_a_whole_postcode_is_told_from_half_a_one(text, whole):
    assert is_postcode(text) is whole


@given(st.text(alphabet="abcde", min_size=6, max_size=12), st.data())
def test_any_one_slip_still_finds_the_word(word, data):
    place = data.draw(st.integers(0, len(word) - 2))
    slips = {
        "left out": word[:place] + word[place + 1 :],
        "put in": word[:place] + "x" + word[place:],
        "changed": word[:place] + "x" + word[place + 1 :],
        "swapped": word[:place] + word[place + 1] + word[place] + word[place + 2 :],
    }
    slip = data.draw(st.sampled_from(sorted(slips)))
    wrong = slips[slip]

    assert wrong == word or Spellings([word]).near(wrong) == (word,)


@pytest.mark.parametrize(("word", "other"), [("mill", "hill"), ("acacia", "acaiab"), ("acacia", "magnolia")])
def test_short_words_and_two_slips_are_not_near(word, other):
    assert Spellings([word]).near(other) == ()
