# SPDX-License-Identifier: GPL-3.0-or-later
"""A street and the name of who lives there add up; a common street and a name far away do not."""

import pytest

from safehold.detect.hits import Hit, Placed
from safehold.detect.together import Names, is_full_name
from safehold.model import Strength


def placed(field, strength, *, weight=10.0, at=0, person="P-1", segment=0):
    return Placed(Hit(person, field, 0, at, at + 10, strength, "said", weight), segment, (at, at + 10), is_plain=True)


NAME = placed("name", Strength.LIKELY)


@pytest.mark.parametrize(
    ("weight", "at", "segment", "strength"),
    [
        pytest.param(13.0, 5000, 0, Strength.LIKELY, id="telling street, far away"),
        pytest.param(13.0, 0, 3, Strength.LIKELY, id="telling street, another segment"),
        pytest.param(8.0, 30, 0, Strength.LIKELY, id="common street, close by"),
        pytest.param(8.0, 5000, 0, Strength.HINT, id="common street, far away"),
        pytest.param(8.0, 30, 3, Strength.HINT, id="common street, another segment"),
    ],
)
def test_a_hint_of_an_address_adds_up_with_the_name(weight, at, segment, strength):
    place = placed("address", Strength.HINT, weight=weight, at=at, segment=segment)

    assert Names([NAME]).added_up(place).strength is strength


def test_a_school_and_the_name_are_certain():
    assert Names([NAME]).added_up(placed("school", Strength.HINT)).strength is Strength.CERTAIN


@pytest.mark.parametrize(
    "place",
    [
        placed("address", Strength.HINT, weight=13.0, person="P-2"),
        placed("phone", Strength.HINT),
        placed("address", Strength.LIKELY),
        placed("address", Strength.CERTAIN),
    ],
    ids=["of another person", "no place", "likely already", "certain already"],
)
def test_everything_else_stays_as_it_is(place):
    assert Names([NAME]).added_up(place) == place.hit
    assert Names([]).added_up(place) == place.hit


def test_a_surname_with_a_title_is_no_full_name():
    assert is_full_name(NAME.hit)
    assert not is_full_name(placed("name", Strength.HINT).hit)
    assert not is_full_name(placed("phone", Strength.LIKELY).hit)
