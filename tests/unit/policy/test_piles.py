# SPDX-License-Identifier: GPL-3.0-or-later
"""Hits are arranged once: what is in each window, and what is in all but some of them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from safehold.model import Finding, PartPath, Place, PlaceKind, Problem, Reading, Reason, Segment, Strength
from safehold.policy.evidence import Evidence, Hit, Unread
from safehold.policy.language import Unit, Where, Within
from safehold.policy.piles import Pile, Tally


def make_hit(person, part="1", term=""):
    place = Place(PartPath((part,)), PlaceKind.BODY)
    finding = Finding("register", person, "phone", 0, int(part) - 1, place, (0, 4), Strength.CERTAIN, "why")
    return Hit(finding, base=3, term=term)


def evidence(parts):
    segments = [Segment(Place(PartPath((str(number),)), PlaceKind.BODY), "text") for number in range(1, parts + 1)]
    return Evidence(Reading(segments=tuple(segments)))


def test_people_come_in_the_order_in_which_they_are_met_and_terms_are_nobody():
    pile = Pile([make_hit("P-2"), make_hit("P-1"), make_hit("P-2"), make_hit("", term="words")])

    assert {person: len(hits) for person, hits in pile.by_person.items()} == {"P-2": 2, "P-1": 1}
    assert list(pile.by_person) == ["P-2", "P-1"]
    assert pile.among({"P-1", "P-9"}) == ["P-1"]


def test_windows_are_made_once_and_tell_who_is_in_them():
    pile = Pile([make_hit("P-1"), make_hit("P-2", "2"), make_hit("P-1", "2")])
    groups = pile.groups(Within(Unit.PART), evidence(2))

    assert pile.groups(Within(Unit.PART), evidence(2)) is groups
    assert [list(group.by_person) for group in groups.piles] == [["P-1"], ["P-2", "P-1"]]
    assert groups.of(["P-1"]) == [0, 1]
    assert groups.of(["P-2", "P-9"]) == [1]


def test_what_is_asked_of_each_window_is_asked_once():
    groups = Pile([make_hit("P-1"), make_hit("P-2", "2")]).groups(Within(Unit.PART), evidence(2))
    asked = []

    def ask(pile):
        asked.append(pile)
        return frozenset(pile.by_person), False

    assert groups.tally(7, ask) is groups.tally(7, ask)
    assert len(asked) == 2


def test_the_hits_of_unread_parts_are_those_in_them():
    problem = Problem(PartPath(("2",)), Reason.CORRUPT)
    unread = Unread(frozenset({problem.part}), (problem,), frozenset(Where))

    assert list(Pile([make_hit("P-1"), make_hit("P-2", "2")]).in_parts(unread).by_person) == ["P-2"]


@given(st.lists(st.tuples(st.frozensets(st.sampled_from("abc")), st.booleans())), st.data())
def test_all_but_some_windows_are_what_is_left_when_those_are_taken_away(said, data):
    numbers = data.draw(st.sets(st.integers(0, max(len(said) - 1, 0)))) if said else set()
    left = [item for number, item in enumerate(said) if number not in numbers]

    persons, nobody = Tally(said).without(numbers)

    assert persons == frozenset(Counter(person for people, _ in left for person in people))
    assert nobody is any(none for _, none in left)
