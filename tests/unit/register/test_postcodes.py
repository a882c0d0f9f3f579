# SPDX-License-Identifier: GPL-3.0-or-later
"""Postcodes are told among words: whole, in halves, in pieces, misread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.register.postcodes import halves_at, is_postcode, pieced_at, postcode_at, postcode_key
from safehold.register.words import Words
from safehold.text import folded


def tight(text):
    words = Words(folded(text))
    return postcode_at(words, len(words) - 1)


def pieced(text):
    words = Words(folded(text))
    return {found.key for index in range(len(words)) for found in pieced_at(words, index)}


@pytest.mark.parametrize("text", ["TN23 1AB", "tn231ab", "TN23-1AB", "TN 23 1AB", "TN23\n1AB", "T N 2 3 1 A B"])
def test_a_postcode_is_known_spaced_or_joined(text):
    found = tight(text)

    assert found is not None
    assert (found.key, found.strict, found.misread) == (postcode_key("TN23 1AB"), True, False)


@pytest.mark.parametrize("text", ["TN23 lAB", "TN23 1A8", "TNZ3 1AB", "TN23IAB"])
def test_a_misread_postcode_has_the_same_key_and_says_so(text):
    found = tight(text)

    assert found is not None
    assert (found.key, found.strict, found.misread) == (postcode_key("TN23 1AB"), False, True)


@pytest.mark.parametrize("text", ["its the", "12 345", "on 2nd", "AB 12", "version 1ab", "TN23. 1AB", "TN23, 1AB"])
def test_other_words_are_no_postcode(text):
    assert tight(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "TN23. 1AB",
        "TN23, 1AB",
        "TN23\n\n1AB",
        "(TN23) (1AB)",
        "T N23 1AB",
        "TN23 1 AB",
        "TN231 AB",
        "TN2 3 1A B",
        "T N 23 1A B",
    ],
)
def test_pieces_that_can_be_put_together_are_a_postcode_that_somebody_must_have(text):
    assert postcode_key("TN23 1AB") in pieced(text)


@pytest.mark.parametrize(
    "text", ["TN23 or 1AB", "TN23 1", "TN23 1A", "1AB TN23", "TN23 1ABC", "TN23 1AB2", "TN23 1 A BC"]
)
def test_other_pieces_are_none(text):
    assert postcode_key("TN23 1AB") not in pieced(text)


def test_halves_some_words_apart_are_found_and_far_apart_are_not():
    near, far = (Words(folded(f"tn23 {'and ' * times}1ab")) for times in (3, 30))

    assert [found.key for found in halves_at(near, len(near) - 1)] == [postcode_key("TN23 1AB")]
    assert list(halves_at(far, len(far) - 1)) == []


@pytest.mark.parametrize(
    ("text", "whole"), [("sw1a 1aa", True), ("TN231AB", True), ("TN23", False), ("TN23 1A", False)]
)
def test_a_whole_postcode_is_told_from_half_a_one(text, whole):
    assert is_postcode(text) is whole


@given(st.sets(st.integers(1, 5), max_size=5), st.sampled_from([" ", ".", "-", "/", ", ", "_"]))
def test_wherever_a_postcode_is_cut_it_can_be_put_together(cuts, sign):
    code = "tn231a"[:6] + "b"
    text = "".join(sign * (place in cuts) + letter for place, letter in enumerate(code))
    found = tight(text)

    assert postcode_key("TN23 1AB") in pieced(text) | ({found.key} if found else set())


@given(st.text(alphabet="ab123qx .-\n/", max_size=30))
def test_no_words_make_it_fail_and_pieces_lie_in_the_text(text):
    words = Words(folded(text))

    for index in range(len(words)):
        for found in (*pieced_at(words, index), *halves_at(words, index)):
            assert 0 <= found.first <= found.last < len(words)
