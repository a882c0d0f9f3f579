# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a policy is asked for many recipients at the price of few."""

from datetime import date

import pytest

from safehold import policy
from safehold.model import Finding, PartPath, Place, PlaceKind, Reading, Segment, Strength
from safehold.policy.content import Asker, Lens
from safehold.policy.evidence import Evidence

PEOPLE = 200


def make_policy(content):
    text = (
        "version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: enforce, when: "
        f"{{content: {content}, recipients: {{relation: adverse}}}}}}\n"
    )
    return policy.load({"p.yaml": text.encode()}, today=date(2025, 11, 3)).policies[0]


def make_evidence(*, known_to=None):
    place = Place(PartPath(("1",)), PlaceKind.BODY)
    segments = tuple(Segment(place, "word " * 20) for _ in range(PEOPLE))
    base = [
        Finding("register", f"P-{number}", field, value, number, place, (at, at + 4), Strength.CERTAIN, "why")
        for number in range(PEOPLE)
        for value, (field, at) in enumerate((("phone", 0), ("address", 10)))
    ]
    registers = {f"P-{number}": "safe" for number in range(PEOPLE)}
    return Evidence(Reading(segments=segments), base=base, registers=registers, known_to=known_to or {})


def make_lens(number, parties=None):
    return Lens(own=frozenset({f"P-{number}"}), parties=parties or {}, adverse=True)


def looks(monkeypatch, asker, lenses):
    """Return how many hits are looked at for these lenses."""
    counted = []
    original = Asker._counts
    monkeypatch.setattr(Asker, "_counts", lambda *args: counted.append(1) or original(*args))
    for lens in lenses:
        assert asker.ask(lens).there.there
        assert asker.witness(lens, next(iter(lens.own)))
    return len(counted)


CONTENTS = {
    "whole message": "{register: safe}",
    "several people": "{register: safe, people: 3}",
    "window": "{all: [{register: safe, fields: [phone]}, {register: safe, fields: [address]}], within: paragraph}",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_a_recipient_more_costs_what_is_his_and_not_the_whole_message(content, monkeypatch):
    """5,000 hits for 20 recipients must not be looked at 100,000 times."""
    hits = 2 * PEOPLE
    lenses = [make_lens(number) for number in range(20)]

    one = looks(monkeypatch, Asker(make_policy(content).contents[0], make_evidence()), lenses[:1])
    twenty = looks(monkeypatch, Asker(make_policy(content).contents[0], make_evidence()), lenses)

    assert hits <= one < 5 * hits
    assert twenty - one < hits


def test_who_knows_a_value_sees_it_otherwise_and_all_others_as_before():
    known = {("P-7", 0): frozenset({"F-7"}), ("P-7", 1): frozenset({"F-7"})}
    asker = Asker(make_policy("{register: safe}").contents[0], make_evidence(known_to=known))

    knowing = asker.ask(make_lens(7, {"P-7": frozenset({"F-7"})})).there.persons
    other = asker.ask(make_lens(8, {"P-8": frozenset({"F-8"})})).there.persons

    assert "P-7" not in knowing
    assert len(knowing) == PEOPLE - 1
    assert len(other) == PEOPLE


def test_a_deep_finding_is_seen_by_the_one_in_whose_scope_it_is_alone():
    place = Place(PartPath(("1",)), PlaceKind.BODY)
    deep = [Finding("register", "P-300", "postcode", 0, 0, place, (0, 4), Strength.LIKELY, "why")]
    reading = Reading(segments=(Segment(place, "word"),))
    asker = Asker(
        make_policy("{register: safe}").contents[0], Evidence(reading, deep=deep, registers={"P-300": "safe"})
    )

    assert asker.ask(make_lens(300)).there.persons == {"P-300"}
    assert not asker.ask(make_lens(1)).there.there
