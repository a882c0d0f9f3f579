# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and postcodes that are spelt out letter by letter, as on the telephone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.view import views
from safehold.model import PartPath, Place, PlaceKind, Segment


def spelt(text):
    """Return what a text spells, or ""."""
    texts = [
        guess.text
        for view in views([Segment(Place(PartPath(), PlaceKind.BODY), text)])
        for guess in view.guessed(set())
    ]
    return "".join(texts)


SPELT = {
    "the alphabet": ("27 Lima Alpha Romeo Kilo Sierra Papa Uniform Romeo Lane", "27 larkspur lane"),
    "with signs": ("Lima-Alfa-Romeo-Kilo, Sierra, Papa, Uniform, Romeo Lane", "larkspur lane"),
    "so and so for": ("27 L for Lima, A, R, K, S, P, U, R Lane", "27 larkspur lane"),
    "any words": ("It is P for Peter, F for Freddie, 7, 3, Q for Queenie, X for X-ray.", "it is pf73qx."),
    "as in": ("P as in Peter F as in Fred seven three Q as in queen X as in x-ray", "pf73qx"),
    "a postcode": ("Papa Foxtrot 7 3 Quebec X-ray", "pf73qx"),
    "numbers in words": ("papa foxtrot ninety-nine nine zulu zulu", "pf999zz"),
    "names of letters": ("tee en ninety-nine nine zed zed", "tn999zz"),
    "street and number": ("two seven Lima Alpha Romeo Kilo Sierra Papa Uniform Romeo Lane", "27 larkspur lane"),
}


@pytest.mark.parametrize(("text", "plain"), SPELT.values(), ids=SPELT.keys())
def test_what_is_spelt_out_is_read(text, plain):
    assert plain in spelt(text)


NOT_SPELT = [
    "We met Mike and Victor at the hotel in India.",
    "Oscar plays golf in November.",
    "Charlie Delta",
    "the alpha version, the bravo version, and later on the delta version",
    "an e-mail for everybody, a letter for Anna",
    "bee gee and tee",
    "one two three four five six seven",
    "",
]


@pytest.mark.parametrize("text", NOT_SPELT)
def test_ordinary_words_spell_nothing(text):
    assert spelt(text) == ""


FOUND = {
    "a street": ("27 Lima Alpha Romeo Kilo Sierra Papa Uniform Romeo Lane", "address"),
    "a street with its town": ("Lima Alpha Romeo Kilo Sierra Papa Uniform Romeo Lane in Westmere", "address"),
    "a postcode": ("P for Papa F for Foxtrot 7 3 Q X", "address|postcode"),
    "a name and a street": ("27 L for Lima, A, R, K, S, P, U, R Lane", "address"),
}


@pytest.mark.parametrize(("text", "fields"), FOUND.values(), ids=FOUND.keys())
def test_a_value_spelt_out_is_likely_in_scope_and_nothing_in_the_whole_register(text, fields, in_scope, in_whole):
    strengths = [strength for field in fields.split("|") for strength in in_scope(text).strengths(field)]

    assert strengths == ["likely"]
    assert in_whole(text).findings == ()


def test_it_points_at_the_words_that_spell_it(in_scope):
    found = in_scope("It is 27 Lima Alpha Romeo Kilo Sierra Papa Uniform Romeo Lane, you know.")

    assert found.cut_out("address") == ["27 Lima Alpha Romeo Kilo Sierra Papa Uniform Romeo Lane"]


@given(
    st.lists(
        st.sampled_from(
            [
                "lima",
                "alpha",
                "x-ray",
                "for",
                "as",
                "in",
                "tee",
                "a",
                "B",
                "7",
                "nine",
                "ninety",
                "-",
                ",",
                "\n",
                "double",
            ]
        ),
        max_size=30,
    )
)
def test_no_text_makes_it_fail_and_the_way_back_is_sound(words):
    text = " ".join(words)
    for view in views([Segment(Place(PartPath(), PlaceKind.BODY), text)]):
        for guess in view.guessed(set()):
            for first in range(len(guess)):
                segment, (start, end) = guess.locate(*guess.characters(first, first + 1))
                assert segment == 0
                assert 0 <= start < end <= len(text)
