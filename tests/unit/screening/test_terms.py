# SPDX-License-Identifier: GPL-3.0-or-later
"""Every term of a policy is looked for by the detector that knows it, and found under its own key."""

import pytest
import re2

from safehold.model import Mark, Part, PartPath, Place, PlaceKind, Reading, Segment
from safehold.policy.language import (
    Attached,
    DocumentType,
    Identifier,
    Marking,
    Pattern,
    Phrases,
    Unit,
    Within,
)
from safehold.screening import terms

PART = PartPath(("plan.docx",))


def reading(*texts):
    part = Part(PART, "application/pdf", 5, is_attachment=True, attachment=1)
    segments = tuple(Segment(Place(PART, PlaceKind.PAGE, number), text) for number, text in enumerate(texts, 1))
    return Reading(parts=(part,), segments=segments, marks=(Mark(Place(PART, PlaceKind.PAGE, 1), "comments"),))


def found(term, *texts):
    hits = terms.find(reading(*texts), {"key": term})["key"]
    return [finding.place.number for finding in hits.findings]


@pytest.mark.parametrize(
    "term",
    [
        Phrases(("care plan",)),
        Pattern(re2.compile("LL[0-9]{6}")),
        Identifier("nhs_number", Within(Unit.WORDS, 10)),
        Identifier("local:ll", Within(Unit.WORDS, 10), patterns=(Pattern(re2.compile("LL[0-9]{6}")),)),
        Marking("official-sensitive"),
        DocumentType("plan", title_any=("care plan",)),
        Attached(types=frozenset({"pdf"}), names=("*.docx",), hidden=frozenset({"comments"})),
    ],
    ids=lambda term: type(term).__name__,
)
def test_a_term_is_found_by_its_detector(term):
    assert found(term, "OFFICIAL-SENSITIVE\nCare plan\nLL123456, NHS 999 000 0018")
    assert not found(term, "nothing") or isinstance(term, Attached)


@pytest.mark.parametrize(
    ("within", "pages"),
    [
        (Within(Unit.WORDS, 2), [1]),
        (Within(Unit.CHARACTERS, 4), [1]),
        (Within(Unit.PARAGRAPH, 1), [1]),
        (Within(Unit.PAGE, 1), [1, 1]),
        (Within(Unit.PART, 1), [1, 1, 2]),
        (Within(Unit.MESSAGE, 1), [1, 1, 2]),
    ],
    ids=[unit.value for unit in (Unit.WORDS, Unit.CHARACTERS, Unit.PARAGRAPH, Unit.PAGE, Unit.PART, Unit.MESSAGE)],
)
def test_how_near_a_word_must_stand_is_what_the_author_said(within, pages):
    texts = ("NHS 999 000 0018\n\nand so on and on, 999 000 0018", "999 000 0018")

    assert found(Identifier("nhs_number", within), *texts) == pages


def test_one_marking_asked_under_two_keys_is_found_under_both():
    hits = terms.find(reading("SECRET"), {"a": Marking("secret"), "b": Marking("secret")})

    assert all(hits[key].findings for key in "ab")


def test_nothing_asked_is_nothing_found():
    assert terms.find(reading("SECRET"), {}) == {}
