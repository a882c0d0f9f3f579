# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten mutants of each format through a real worker: the short cut of ``make fuzz-reading``, which takes thousands."""

import fuzz_reading
import pytest

import canaries
from canaries.core import Canary, Words
from canaries.mutants import Mutant, mutants, silent_losses
from safehold.model import PartPath, Place, PlaceKind, Problem, Reading, Reason, Segment
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool

LIMITS = Limits()


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(2, LIMITS) as pool:
        yield pool


@pytest.mark.parametrize("format_name", canaries.BUILDERS)
def test_damage_is_said_and_kills_nothing_but_a_worker(pool, format_name):
    row = fuzz_reading.run(pool, format_name, 10, "unit", LIMITS)

    assert row.mutants == 10
    assert (row.raised, row.over_time) == (0, 0)
    assert dict(row.lost) == {}


def test_mutants_are_the_same_for_the_same_seed():
    files = list(canaries.files("zip"))

    first, again, other = ([mutant.content for mutant in mutants(files, [], 20, seed)] for seed in ("a", "a", "b"))

    assert first == again
    assert first != other


def make(content: bytes) -> tuple[Canary, str]:
    words = Words("text", "x")
    word = words("y")
    return words.file(content + word.encode(), "a.txt"), word


def reading(text: str, *problems: Problem) -> Reading:
    return Reading(segments=(Segment(Place(PartPath(), PlaceKind.TEXT), text),), problems=problems)


def test_a_word_that_is_there_and_not_read_is_a_silent_loss():
    canary, word = make(b"")
    mutant = Mutant("flipped", "a.txt", canary.content, canary)

    assert silent_losses(mutant, reading("nothing"), "text", {word}) == ["x: y"]
    assert silent_losses(mutant, reading(f"a {word}"), "text", {word}) == []
    assert silent_losses(mutant, reading("", Problem(PartPath(), Reason.CORRUPT)), "text", {word}) == []


def test_a_word_whose_own_bytes_were_hit_is_no_loss_but_where_a_checksum_tells():
    canary, word = make(b"\x1f\x8b123456")
    mutant = Mutant("flipped", "a.txt", b"\x1f\x8b123456 other", canary)

    assert silent_losses(mutant, reading("nothing"), "text", {word}) == []
    assert silent_losses(mutant, reading("nothing"), "gz", {word}) == ["x: y"]
