# SPDX-License-Identifier: GPL-3.0-or-later
"""Every word of every canary comes out of a reading, with the visibility that its place has.

The places come from the formats' specifications (``tests/canaries``).  A gap that is known stands in ``GAPS``, by
format and place, and a gap that was closed must leave it: the list only ever says what is true.
"""

import pytest

import canaries
from safehold.model import Visibility
from safehold.reading.pool import ReaderPool

# Format -> places whose word is lost, or comes out with another visibility than the place has.  Empty in the end.
GAPS: dict[str, frozenset[str]] = {}


def gaps(read_here, format_name: str) -> dict[str, str]:
    """Return the places of a format that a reading gets wrong, and how."""
    wrong: dict[str, str] = {}
    for canary in canaries.files(format_name):
        segments = read_here(canary.content, canary.name).reading.segments
        for place in canary.places:
            found = {segment.visibility for segment in segments if place.word in segment.text}
            if not found:
                wrong[place.name] = "lost"
            elif not found & place.expected or (
                Visibility.VISIBLE in found and Visibility.VISIBLE not in place.expected
            ):
                wrong[place.name] = "is " + ", ".join(sorted(found))
    return wrong


@pytest.mark.parametrize("format_name", canaries.BUILDERS)
def test_every_place_is_read_with_its_visibility(read_here, format_name):
    wrong = gaps(read_here, format_name)

    known = GAPS.get(format_name, frozenset())
    assert {place: how for place, how in wrong.items() if place not in known} == {}
    assert known <= wrong.keys(), "these are read now: take them off the list"


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(2) as pool:
        yield pool


@pytest.mark.parametrize("format_name", canaries.BUILDERS)
def test_a_worker_reads_what_this_process_reads(read_here, pool, format_name):
    """What a library wants (a file, a late import, a thread) it does not get behind the walls, and may not say."""
    for canary in canaries.files(format_name):
        here = read_here(canary.content, canary.name).reading
        there = pool.read(canary.content, document_name=canary.name)

        assert [segment.text for segment in there.segments] == [segment.text for segment in here.segments]
        assert there.problems == here.problems


def test_there_are_enough_places_and_every_word_stands_in_one():
    words = [place.word for name in canaries.BUILDERS for canary in canaries.files(name) for place in canary.places]

    assert len(words) >= 400
    assert len(set(words)) == len(words)


def test_canaries_are_the_same_bytes_every_time():
    for name in canaries.BUILDERS:
        if name not in CLOCKED:
            again = [canary.content for canary in canaries.BUILDERS[name]()]
            assert [canary.content for canary in canaries.files(name)] == again, name


# Libraries write the time, or a random number, into these.
CLOCKED = {"mime", "docx", "xlsx", "pptx", "odt", "7z", "tar"}
