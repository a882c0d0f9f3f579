# SPDX-License-Identifier: GPL-3.0-or-later
"""What is near a stretch of text, among many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.hits import Spans


@pytest.mark.parametrize(
    ("span", "gap"),
    [((0, 4), 6), ((12, 15), -3), ((25, 30), 5), ((20, 22), 0), ((90, 100), 50)],
    ids=["before", "within", "between", "beside", "behind"],
)
def test_the_gap_is_to_the_nearest(span, gap):
    assert Spans([(10, 15), (14, 20), (35, 40)]).gap(*span) <= gap
    assert (Spans([(10, 15), (14, 20), (35, 40)]).gap(*span) < 0) is (gap < 0)


def test_nothing_is_near_where_there_is_nothing():
    assert Spans([]).gap(3, 4) == float("inf")


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9))), st.integers(0, 60), st.integers(1, 9))
def test_it_answers_as_looking_at_each_would(spans, start, length):
    spans = [(first, first + size) for first, size in spans]
    end = start + length
    gaps = [max(start - last, first - end) for first, last in spans]

    gap = Spans(spans).gap(start, end)

    assert (gap < 0) is any(each < 0 for each in gaps)
    if gap >= 0:
        assert gap == min(gaps, default=float("inf"))
