# SPDX-License-Identifier: GPL-3.0-or-later
"""A protective marking is a label, in any of its spellings, and never a word of prose."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.markings import find
from safehold.detect.words import LIMIT
from safehold.model import PartPath, Place, PlaceKind, Segment
from safehold.policy.keys import MARKINGS


def marked(text, kind=PlaceKind.BODY):
    """Return the markings found in a text."""
    return {name for name, hits in find([Segment(Place(PartPath(), kind), text)], MARKINGS).items() if hits.findings}


@pytest.mark.parametrize(
    "text",
    [
        "OFFICIAL-SENSITIVE",
        "OFFICIAL SENSITIVE",
        "OFFICIAL: SENSITIVE",
        "OFFICIAL : SENSITIVE",
        "OFFICIAL - SENSITIVE",
        "OFFICIAL\u2013SENSITIVE",
        "OFFICIAL\u2011SENSITIVE",
        "OFFICIAL/SENSITIVE",
        "OFFICIAL_SENSITIVE",
        "OFFICIAL-\nSENSITIVE",
        "Official-Sensitive",
        "Official Sensitive",
        "official:sensitive",
        "official - sensitive",
        "OfficialSensitive",
        "OFF\u200bICIAL-SENS\u00adITIVE",
        "\uff2f\uff26\uff26\uff29\uff23\uff29\uff21\uff2c-SENSITIVE",
        "OFFICIAL-SENSITIVE COMMERCIAL",
        "UK OFFICIAL-SENSITIVE",
        "[OFFICIAL-SENSITIVE]",
        "SEC=OFFICIAL:Sensitive",
        "O-S",
        "[O-S] minutes",
        "(O-S)",
        "O-S: STAFF",
    ],
)
def test_official_sensitive_in_all_its_spellings(text):
    assert {"official-sensitive", "official"} <= marked(f"before\n{text}\nafter")
    assert {"official-sensitive", "official"} <= marked(text, PlaceKind.PAGE_HEADER)


@pytest.mark.parametrize(
    "text",
    [
        "OFFICIAL-SENSITIVE-PERSONAL",
        "OFFICIAL-SENSITIVE: PERSONAL",
        "OFFICIAL SENSITIVE PERSONAL DATA",
        "OFFICIAL-SENSITIVE [PERSONAL DATA]",
        "Official-Sensitive (personal)",
        "OFFICIAL-PERSONAL",
        "OFFICIAL [PERSONAL]",
        "O-S-PERSONAL",
    ],
)
def test_personal_in_all_its_spellings(text):
    assert {"official-personal", "official"} <= marked(f"before\n{text}\nafter")


@pytest.mark.parametrize(
    ("text", "marking"),
    [
        ("OFFICIAL", "official"),
        ("UK OFFICIAL", "official"),
        ("OFFICIAL\tPage 1 of 3", "official"),
        ("OFFICIAL          Page 1 of 3", "official"),
        ("OFFICIAL - COMMERCIAL", "official"),
        ("Classification: Official", "official"),
        ("PROTECT", "protect"),
        ("PROTECT - PERSONAL", "protect"),
        ("this is PROTECT-STAFF", "protect"),
        ("RESTRICTED", "restricted"),
        ("RESTRICTED: POLICY", "restricted"),
        ("Protective marking: Restricted", "restricted"),
        ("SECRET", "secret"),
        ("UK SECRET", "secret"),
        ("SECRET UK EYES ONLY", "secret"),
        ("** SECRET **", "secret"),
        ("Security classification: Secret", "secret"),
        ("TOP SECRET", "top-secret"),
        ("TOP-SECRET", "top-secret"),
        ("Classification: Top Secret", "top-secret"),
    ],
)
def test_markings_of_one_word_on_a_line_of_their_own(text, marking):
    assert marked(f"before\n{text}\r\nafter") == {marking}


@pytest.mark.parametrize(
    ("subject", "marking"),
    [
        ("SECRET: minutes", "secret"),
        ("RE: RESTRICTED - minutes", "restricted"),
        ("minutes [PROTECT]", "protect"),
        ("minutes (SECRET)", "secret"),
        ("minutes - SECRET", "secret"),
        ("OFFICIAL: minutes", "official"),
        ("FW: TOP SECRET | minutes", "top-secret"),
    ],
)
def test_markings_in_subjects(subject, marking):
    assert marked(subject, PlaceKind.SUBJECT) == {marking}


def test_the_short_form_in_a_subject():
    assert "official-sensitive" in marked("O-S: minutes", PlaceKind.SUBJECT)


@pytest.mark.parametrize("kind", [PlaceKind.BODY, PlaceKind.SUBJECT, PlaceKind.METADATA, PlaceKind.PAGE_HEADER])
@pytest.mark.parametrize(
    "text",
    [
        "the official report is a secret",
        "Official announcement",
        "OFFICIAL ANNOUNCEMENT of the year",
        "The SECRET to a good garden",
        "TOP SECRETS of the trade",
        "officially sensitive",
        "an official sensitivity",
        "official, sensitive and restricted matters",
        "the top secret of success",
        "RESTRICTED AREA",
        "PROTECT YOUR HOME",
        "ACCESS RESTRICTED TO STAFF",
        "NOT PROTECTIVELY MARKED",
        "protect - personal matters",
        "secretary",
        "Secret",
        "RIO-S and O-SCAN",
        "Data Protection Officer",
    ],
)
def test_words_of_prose_are_no_markings(kind, text):
    assert marked(text, kind) == set()


def test_a_marking_is_found_where_it_stands():
    text = "before\n  OFFICIAL-SENSITIVE \nafter"

    hits = find([Segment(Place(PartPath(), PlaceKind.BODY), text)], ["official"])["official"]

    assert [text[slice(*found.span)] for found in hits.findings] == ["OFFICIAL-SENSITIVE"]


def test_more_than_can_be_listed_is_everywhere():
    hits = find([Segment(Place(PartPath(), PlaceKind.BODY), "SECRET\n" * (LIMIT + 1))], ["secret"])["secret"]

    assert len(hits.findings) == LIMIT
    assert hits.everywhere


@pytest.mark.parametrize(
    "piece", ["OFFICIAL", "OFFICIAL ", " ", "\t", "OFFICIAL-", "[(*", "SECRET - A ", "SEC", "O-S", "\n", "-"]
)
def test_hostile_text_takes_time_in_proportion(piece):
    """No time is asserted, which would be flaky; a quarter of a megabyte that hangs is seen by everybody."""
    text = ("SECRET" + piece * 250_000)[:250_000]

    assert find([Segment(Place(PartPath(), PlaceKind.METADATA), text)], MARKINGS)


@given(st.text(alphabet="OFICALSENTVRPD-:/ \t\n[]()*|\u200b\uff2fo", max_size=120), st.sampled_from(list(PlaceKind)))
def test_findings_lie_inside_the_text_in_order_and_take_no_text_twice(text, kind):
    for hits in find([Segment(Place(PartPath(), kind), text)], MARKINGS).values():
        spans = [found.span for found in hits.findings]
        assert all(0 <= start < end <= len(text) and text[start:end].strip() for start, end in spans)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))
