# SPDX-License-Identifier: GPL-3.0-or-later
"""Written addresses are taken apart, and found again by their keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.register.addresses import AddressIndex, Entry, parse_address, same_side
from safehold.register.postcodes import postcode_key

WRITTEN = {
    "plain": (
        "12 Acacia Road, Ashford, Kent, TN23 1AB",
        {"numbers": {12}, "street": "acacia", "type": "road", "towns": ("ashford",)},
    ),
    "no commas": (
        "12 ACACIA ROAD ASHFORD KENT",
        {"numbers": {12}, "street": "acacia", "type": "road", "towns": ("ashford",)},
    ),
    "lines": ("12 Acacia Road\nAshford\nTN23 1AB", {"numbers": {12}, "street": "acacia", "towns": ("ashford",)}),
    "letter": ("12b Acacia Rd", {"numbers": {12}, "suffix": "b", "type": "road"}),
    "letter apart": ("12 B Acacia Rd", {"numbers": {12}, "suffix": "b", "street": "acacia"}),
    "no letter": ("107 I-Worx Way", {"numbers": {107}, "suffix": "", "street": "iworx"}),
    "flat": ("Flat 2, 12 Acacia Road", {"flat": "2", "numbers": {12}}),
    "flat, short": ("F2, 12 Acacia Road", {"flat": "2", "numbers": {12}}),
    "flat by slash": ("2/12 Acacia Road", {"flat": "2", "numbers": {12}}),
    "floor": (
        "Ground Floor Flat, 9 Park Hill, Leeds",
        {"flat": "ground", "numbers": {9}, "street": "park", "type": "hill"},
    ),
    "range": ("12-16 Acacia Road", {"numbers": {12, 14, 16}}),
    "house name": (
        "Rose Cottage, Church Lane, Little Snoring, NR21 0AA",
        {"house": "rosecottage", "street": "church", "type": "lane", "towns": ("littlesnoring",)},
    ),
    "house name alone": (
        "Rose Cottage, Little Snoring",
        {"house": "rosecottage", "street": "", "towns": ("littlesnoring",)},
    ),
    "house and number": (
        "The Old School, 3 The Street, Ham",
        {"house": "theoldschool", "numbers": {3}, "street": "the", "type": "street"},
    ),
    "number on its own line": ("12,\nAcacia Road, Leeds", {"numbers": {12}, "street": "acacia"}),
    "street without type": ("12 Broadway, Leeds", {"numbers": {12}, "street": "broadway", "type": ""}),
    "Welsh street": ("12 Heol y Coed, Cardiff", {"street": "heolycoed", "type": "", "towns": ("cardiff",)}),
    "Welsh street, near a type": (
        "5 Heol y Parc, Caernarfon",
        {"numbers": {5}, "street": "heolyparc", "type": "", "towns": ("caernarfon",)},
    ),
    "house, shortened": ("Rowan Cott., Mill Rd, Ham", {"house": "rowancottage", "street": "mill", "type": "road"}),
    "block, shortened": ("Flat 2, Cedar Hse, 8 Queen St", {"flat": "2", "house": "cedarhouse", "numbers": {8}}),
    "saint": ("4 St Cuthbert's Street, Bedford", {"street": "stcuthberts", "type": "street"}),
    "saint in full": ("4 Saint Cuthberts St, Bedford", {"street": "stcuthberts", "type": "street"}),
    "two types": ("12 Mill Hill Lane, Leeds", {"street": "millhill", "type": "lane"}),
    "direction": ("12 High Street North, London", {"street": "highnorth", "type": "street", "towns": ("london",)}),
    "number in a name": ("14 Three Elms Road, Leeds", {"numbers": {14}, "street": "threeelms"}),
    "number word": ("Two Acacia Road", {"numbers": {2}, "street": "acacia"}),
    "hyphens": ("12 Stoke-on-Trent Road", {"street": "stokeontrent"}),
    "La for Lane": ("27 Larkspur La, Ham", {"street": "larkspur", "type": "lane", "towns": ("ham",)}),
    "la inside a name": ("12 Rue de la Roche, Ham", {"street": "ruedelaroche", "type": "", "towns": ("ham",)}),
    "county alone as town": ("12 Acacia Road, Kent", {"towns": ()}),
}


@pytest.mark.parametrize(("written", "parts"), WRITTEN.values(), ids=WRITTEN.keys())
def test_an_address_is_taken_apart(written, parts):
    address = parse_address(written)

    assert {name: getattr(address, name) for name in parts} == parts


@pytest.mark.parametrize("written", ["TN23 1AB", "tn231ab", "Acacia Road TN23  1AB", "TN23 1AB, UK"])
def test_the_postcode_is_found_however_it_is_spaced(written):
    assert parse_address(written).postcode == postcode_key("TN23 1AB")


@given(st.text(max_size=80))
def test_no_text_makes_it_fail(text):
    parse_address(text)


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        pytest.param(12, 16, {12, 14, 16}, id="one side"),
        pytest.param(12, 15, {12, 13, 14, 15}, id="both sides"),
        pytest.param(16, 12, {12, 16}, id="no range"),
        pytest.param(2, 300, {2, 300}, id="too long for a block"),
    ],
)
def test_a_range_is_one_side_of_the_street(low, high, numbers):
    assert same_side(low, high) == numbers


def test_an_index_answers_by_its_blocking_keys():
    written = ["12-14 Acacia Road, Ashford TN23 1AB", "Rose Cottage, Church Lane, Ham", "12 Acacia Avenue, Leeds"]
    index = AddressIndex(Entry(f"P-{place}", 0, parse_address(text)) for place, text in enumerate(written))

    assert list(index.at_number(14, "acacia")) == [0]
    assert list(index.at_number(12, "acacia")) == [0, 2]
    assert list(index.at_number(13, "acacia")) == []
    assert list(index.at_house("rosecottage", "church")) == [1]
    assert list(index.at_postcode(postcode_key("TN23 1AB"))) == [0]
    assert index.streets.near("accacia") == ("acacia",)
    assert list(index.streets_at(12)) == ["acacia"]
    assert list(index.streets_at(13)) == []
