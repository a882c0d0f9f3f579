# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail addresses of people in scope that are split or told in words."""

import pytest

from safehold.register.people import Kind, Value

EMAIL = Value(Kind.EMAIL, "carys.bevan88@example.org")

SPELT = {
    "over a line": "carys dot bevan88\nat example dot org",
    "over three lines": "carys dot\nbevan88 at\nexample dot\norg",
    "quoted": "> carys.bevan88\n> at example.org",
    "signs": "carys (dot) bevan88 [at] example {dot} org",
}


@pytest.mark.parametrize("text", SPELT.values(), ids=SPELT.keys())
def test_an_address_in_words_is_found_over_line_ends(text, in_scope):
    assert in_scope(f"Write to {text} soon.", EMAIL).strengths("email") == ["certain"]


APART = {
    "with": "carys.bevan88, she is with example.org",
    "sentences": "Her name there is carys.bevan88. The provider is example.org.",
    "turned round": "At example.org she is carys.bevan88.",
    "in words": "user carys dot bevan88, provider example dot org",
}


@pytest.mark.parametrize("text", APART.values(), ids=APART.keys())
def test_a_mailbox_and_its_domain_apart_are_likely_in_scope(text, in_scope, in_whole):
    assert in_scope(text, EMAIL).strengths("email") == ["likely"]
    assert in_whole(text, EMAIL).findings == ()


def test_the_mailbox_alone_is_a_hint_where_it_is_no_plain_word(in_scope):
    assert in_scope("user name: carys.bevan88", EMAIL).strengths("email") == ["hint"]
    assert in_scope("user name: carys", Value(Kind.EMAIL, "carys@example.org")).strengths("email") == []


OTHERS = {
    "another domain": "carys.bevan88@example.test",
    "a longer mailbox": "carys.bevan881 at home",
    "a longer mailbox before": "x.carys.bevan88",
    "the domain alone": "she is with example.org",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_other_mailboxes_are_nothing(text, in_scope):
    assert in_scope(text, EMAIL).strengths("email") == []
