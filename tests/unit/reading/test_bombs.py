# SPDX-License-Identifier: GPL-3.0-or-later
"""Bombs through a real worker: the right problem, said in time, and the pool goes on.

What a bomb does to the latency of a message beside it is measured, not tested: ``make fuzz-reading`` prints it.
"""

import pytest

from canaries.bombs import BOMBS
from safehold.model import PlaceKind
from safehold.reading.limits import MEGABYTE, Limits
from safehold.reading.pool import ReaderPool

# Less than the defaults, so that the suite is quick; what the defaults cost, `make fuzz-reading` measures.
SMALL = Limits(expanded_bytes=20 * MEGABYTE, member_bytes=10 * MEGABYTE, ratio_from_bytes=MEGABYTE)


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(1, SMALL) as pool:
        yield pool


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.title)
def test_a_bomb_is_said_to_be_one_or_simply_read(pool, bomb):
    reading = pool.read(bomb.content, document_name=bomb.name)

    reasons = {problem.reason.value for problem in reading.problems}
    if bomb.reasons:
        assert reasons & set(bomb.reasons)
    else:
        assert reasons == set()
    assert set(bomb.marks) <= {mark.kind for mark in reading.marks}
    assert not reasons & {"crashed", "timed_out"} or set(bomb.reasons) >= {"timed_out", "crashed"}


def test_words_behind_deep_markup_are_read(pool):
    deep = next(bomb for bomb in BOMBS if bomb.title == "200,000 nested div")

    texts = [
        s.text.strip()
        for s in pool.read(deep.content, document_name="a.html").segments
        if s.place.kind is PlaceKind.TEXT
    ]

    assert texts == ["words"]


def test_plain_mail_is_read_after_every_bomb(pool):
    reading = pool.read(b"Subject: x\r\n\r\nordinary words\r\n")

    assert "ordinary words" in [segment.text.strip() for segment in reading.segments]
    assert reading.problems == ()
