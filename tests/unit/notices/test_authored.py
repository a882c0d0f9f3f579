# SPDX-License-Identifier: GPL-3.0-or-later
"""The paragraphs of a policy's author: filled, and never with a hole in a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.notices.authored import paragraphs, static_text

VALUES = {"reference": "7K4M-2QXR", "role": "the safeguarding team", "urgent_phone": "", "held_count": "0"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Message {reference} waits.", ("Message 7K4M-2QXR waits.",)),
        ("One line\nand the next.\n\nAnother paragraph.", ("One line and the next.", "Another paragraph.")),
        ("{role} decides. Ask {role}.", ("The safeguarding team decides. Ask the safeguarding team.",)),
        ("It waits. In an emergency call {urgent_phone}. It is safe.", ("It waits. It is safe.",)),
        ("Call {urgent_phone}.\n\nOr reply.", ("Or reply.",)),
        ("Call {urgent_phone}", ()),
        ("Held from {held_count}.", ("Held from 0.",)),
        ("What is {unheard_of}? A word.", ("A word.",)),
    ],
)
def test_a_value_that_is_not_known_takes_its_sentence_with_it(text, said):
    assert paragraphs(text, VALUES) == said


@given(st.text(max_size=80), st.text(max_size=40))
def test_no_text_and_no_value_breaks_a_line_or_is_filled_twice(text, value):
    said = paragraphs(text + " {reference}", {"reference": value, "role": "ROLE"})

    assert all(line.isprintable() for line in said)
    assert paragraphs("{reference}", {"reference": "{role}", "role": "ROLE"}) == ("{role}",)


def test_static_text_is_the_text_without_its_values():
    assert static_text("Wait for {role}, {reference}").split() == ["Wait", "for", ","]
