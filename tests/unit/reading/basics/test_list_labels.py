# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels of lists: each way of counting, and how levels count, begin anew and count on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.reading.basics.list_labels import Counters, filled, label, pattern


@pytest.mark.parametrize(
    ("number_format", "number", "text"),
    [
        ("decimal", 27, "27"),
        ("decimalZero", 7, "07"),
        ("upperRoman", 14, "XIV"),
        ("lowerRoman", 4, "iv"),
        ("lowerLetter", 26, "z"),
        ("lowerLetter", 27, "aa"),
        ("lowerLetter", 53, "aaa"),
        ("upperLetter", 28, "BB"),
        ("lowerLetter", 0, ""),
        ("ordinal", 1, "1st"),
        ("ordinal", 11, "11th"),
        ("ordinal", 112, "112th"),
        ("ordinal", 103, "103rd"),
        ("cardinalText", 27, "Twenty-seven"),
        ("cardinalText", 4_205, "Four thousand two hundred five"),
        ("ordinalText", 12, "Twelfth"),
        ("ordinalText", 20, "Twentieth"),
        ("ordinalText", 101, "One hundred first"),
        ("hex", 27, "1B"),
        ("numberInDash", 3, "- 3 -"),
        ("chicago", 5, "**"),
        ("hindiNumbers", 27, "२७"),
        ("bullet", 1, ""),
        ("none", 1, ""),
        ("of nobody", 5, "5"),
    ],
)
def test_label(number_format, number, text):
    assert label(number_format, number) == text


@given(st.text(max_size=12), st.integers(-(2**40), 2**40))
def test_no_number_is_too_large_for_a_label(number_format, number):
    assert len(label(number_format, number)) < 100
    assert len(label("lowerLetter", number)) < 100
    assert len(label("cardinalText", number)) < 200


def test_a_label_names_the_levels_above_it():
    assert filled("Section %1.%2:", (2, 3), ("decimal", "lowerLetter")) == "Section 2.c:"


def test_a_legal_label_writes_digits_whatever_the_levels_say():
    assert filled("%1.%2", (2, 3), ("upperRoman", "lowerLetter"), legal=True) == "2.3"


def test_a_level_that_nobody_counted_is_left_out():
    assert filled("%1.%7", (2,), ("decimal",)) == "2."


def counted(*paragraphs, **more):
    counters = Counters()
    return [counters.advance(level, (1, 1, 1), **more) for level in paragraphs]


def test_levels_count_and_begin_anew_below_a_level_above():
    assert counted(0, 1, 1, 0, 1) == [(1,), (1, 1), (1, 2), (2,), (2, 1)]


def test_a_level_counts_on_where_it_never_begins_anew():
    assert counted(0, 1, 0, 1, restarts={1: 0}) == [(1,), (1, 1), (2,), (2, 2)]


def test_a_level_that_begins_anew_after_the_first_only():
    assert counted(0, 1, 2, 1, 2, 0, 2, restarts={2: 1}) == [
        (1,), (1, 1), (1, 1, 1), (1, 2), (1, 2, 2), (2,), (2, 1, 1),
    ]  # fmt: skip


def test_a_list_begins_at_the_number_of_its_level():
    counters = Counters()

    assert [counters.advance(0, (27,)), counters.advance(0, (27,))] == [(27,), (28,)]


def test_a_list_that_counts_on_begins_anew_once_where_it_says_so():
    counters = Counters()
    counters.advance(0, (1,), instance=1)
    counters.advance(0, (1,), instance=1)

    anew = [counters.advance(0, (1,), {0: 27}, instance=2) for _ in range(2)]

    assert anew == [(27,), (28,)]
    assert counters.advance(0, (1,), instance=1) == (29,)


def test_levels_beyond_the_ninth_count_as_the_ninth():
    assert counted(40) == [(1,) * 9]


def test_a_level_that_was_passed_over_counts():
    assert counted(0, 2, 1) == [(1,), (1, 1, 1), (1, 2)]


def test_placeholders_of_old_formats_are_those_of_new_ones():
    assert filled(pattern("\x00.\x01)"), (2, 3), ("decimal", "lowerLetter")) == "2.c)"
