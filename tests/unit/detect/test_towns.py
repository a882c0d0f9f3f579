# SPDX-License-Identifier: GPL-3.0-or-later
"""A town belongs to the address that it follows, and a place has more names than one."""

import pytest

from safehold.detect.towns import Towns
from safehold.detect.view import joined
from safehold.register.addresses import AddressIndex, Entry, parse_address


@pytest.fixture
def towns_of(a_segment):
    """Return the towns of a text as the index of one address knows them, that address, and the words of its street."""

    def make(text, registered, *, deep=True):
        (view,) = next(joined([a_segment(text)])).views()
        entry = Entry("P-1", 0, parse_address(registered))
        (span,) = view.find_run(entry.address.street)
        return Towns(view, AddressIndex([entry]), deep=deep), entry.address, (span[0], span[1] + 1)

    return make


REGISTERED = "27 Larkspur Lane, Little Hadham"
NAMED = {
    "after the street": ("27 Larkspur Lane, Little Hadham", "town"),
    "before it": ("in Little Hadham, Larkspur Lane", "town"),
    "a letter wrong": ("27 Larkspur Lane, Litle Hadham", "near town"),
    "half of it": ("27 Larkspur Lane, Hadham", "near town"),
    "before it, another street without a number": ("Elm Road, Little Hadham, Larkspur Lane", "town"),
}


@pytest.mark.parametrize(("text", "kind"), NAMED.values(), ids=NAMED.keys())
def test_the_town_of_a_street_is_found(text, kind, towns_of):
    towns, address, span = towns_of(text, REGISTERED)

    assert towns.of(address, *span)[1] == kind


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Ann of Little Hadham; Larkspur Lane", id="another sentence"),
        pytest.param("3 Elm Road, Little Hadham, Larkspur Lane", id="of the address before"),
        pytest.param("Larkspur Lane, 3 Elm Road, Little Hadham", id="of the address after"),
        pytest.param("Larkspur Lane, where hadham is", id="half of it, in small letters"),
    ],
)
def test_the_town_of_another_address_is_not(text, towns_of):
    towns, address, span = towns_of(text, REGISTERED)

    assert towns.of(address, *span) is None


def test_half_a_name_is_nothing_in_the_whole_register(towns_of):
    towns, address, span = towns_of("27 Larkspur Lane, Hadham", REGISTERED, deep=False)

    assert towns.of(address, *span) is None


@pytest.mark.parametrize(("name", "other"), [("Swansea", "Abertawe"), ("Abertawe", "Swansea"), ("Cardiff", "Caerdydd")])
def test_a_place_is_found_by_its_name_in_the_other_language(name, other, towns_of):
    towns, address, span = towns_of(f"27 Larkspur Lane, {other}", f"27 Larkspur Lane, {name}")

    assert towns.of(address, *span)[1] == "town"


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (", Dover", "another town"),
        ("\nDover", "another town"),
        (", Snoring", "another place name"),
        (", Kent", None),
        (" is long", None),
        ("\nDover District Council", None),
    ],
)
def test_another_town_right_after_a_street_speaks_against_it(after, said, towns_of):
    towns, _, span = towns_of(f"27 Larkspur Lane{after}", REGISTERED)
    other = towns.another(span[1])

    assert (other and other[1]) == said
