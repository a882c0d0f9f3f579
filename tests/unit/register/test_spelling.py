# SPDX-License-Identifier: GPL-3.0-or-later
"""A word is found by a spelling one slip away, and by no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.register.spelling import Spellings


@given(st.text(alphabet="abcde", min_size=6, max_size=12), st.data())
def test_any_one_slip_still_finds_the_word(word, data):
    place = data.draw(st.integers(0, len(word) - 2))
    slips = {
        "left out": word[:place] + word[place + 1 :],
        "put in": word[:place] + "x" + word[place:],
        "put at the end": word + "x",
        "changed": word[:place] + "x" + word[place + 1 :],
        "swapped": word[:place] + word[place + 1] + word[place] + word[place + 2 :],
    }
    slip = data.draw(st.sampled_from(sorted(slips)))
    wrong = slips[slip]

    assert wrong == word or Spellings([word]).near(wrong) == (word,)


@pytest.mark.parametrize(
    ("word", "other"),
    [("mill", "hill"), ("acacia", "acaiab"), ("acacia", "magnolia"), ("acacia", ""), ("acacia", "acacia")],
)
def test_short_words_two_slips_and_the_word_itself_are_not_near(word, other):
    assert Spellings([word]).near(other) == ()


def test_nothing_is_near_where_there_are_no_words():
    assert Spellings([]).near("acacia") == ()
