# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one of few people is looked for, half an address is enough, and what only looks like one is not."""

import pytest

from safehold.register.people import Kind, Value


def address(text):
    return Value(Kind.ADDRESS, text)


BLOCK = address("Flat 12, Cedar House, 8 Queen Street, Leeds LS99 9ZZ")
COTTAGE = address("Rowan Cottage, Mill Road, Little Hadham, Hertfordshire SG99 4QX")
HOUSE = address("27 Larkspur Lane, Ashford, Kent TN99 9ZZ")
FLAT = address("Flat 3B, 114 St Mary's Court, Swansea SA99 2JT")
WELSH = address("5 Heol y Parc, Caernarfon, Gwynedd LL99 3PD")

# -- houses and blocks ----------------------------------------------------------------------------------------------

LIKELY = {
    "flat, block and town": (BLOCK, "Flat 12, Cedar House, Leeds"),
    "another word for the flat": (BLOCK, "Apartment 12, Cedar House"),
    "the block shortened": (BLOCK, "12 Cedar Hse"),
    "first half of the postcode": (BLOCK, "12 Cedar House LS99"),
    "flat after the block": (BLOCK, "Cedar House flat 12"),
    "its number alone after the block": (BLOCK, "Cedar House 12, Leeds"),
    "block and street": (BLOCK, "Cedar House, Queen Street"),
    "a common street and its number": (BLOCK, "8 Queen Street has moved"),
    "house and half of the village": (COTTAGE, "the Rowan Cottage, Hadham"),
    "house shortened, village by its initial": (COTTAGE, "Rowan Cott., L. Hadham"),
    "house shortened, village too": (COTTAGE, "Rowan Cottg, Lt. Hadham"),
    "house misspelt, and village": (COTTAGE, "Rowen Cottage, Little Hadham"),
    "house misspelt, and street": (COTTAGE, "Rowan Cotage, Mill Road, Herts"),
    "house, street and county": (COTTAGE, "Rowan Cottage, Mill Road, Herts"),
    "a house without its article": (address("The Old Larch Mill, Ham"), "Old Larch Mill, Ham"),
}


@pytest.mark.parametrize(("registered", "text"), LIKELY.values(), ids=LIKELY.keys())
def test_half_the_address_of_a_house_is_likely_in_scope_only(registered, text, in_scope, in_whole):
    assert in_scope(text, registered).strongest("address") == "likely"
    assert in_whole(text, registered).strengths("address") == []


def test_the_street_beside_the_house_makes_it_certain(in_whole):
    assert in_whole("12 Cedar Hse, Queen St, Leeds", BLOCK).strengths("address") == ["certain"]
    assert in_whole("The Cottage, High Street, Leeds", address("The Cottage, High Street, Leeds")).findings


HINTS = {
    "a rare house": (address("Larch Thatch, Mill Road, Little Hadham"), "Larch Thatch"),
    "a house, and another town beside it": (COTTAGE, "Rowan Cottage, near Bishop's Stortford"),
    "a house of the name, as a business": (COTTAGE, "Rowan Cottage Holidays, Isle of Skye: book now"),
    "a house called as a common word, in small letters": (
        address("Hillside, Mill Road, Little Hadham"),
        "on the hillside near Little Hadham",
    ),
    "another house of the street": (COTTAGE, "The Mill, Mill Road, Little Hadham"),
}


@pytest.mark.parametrize(("registered", "text"), HINTS.values(), ids=HINTS.keys())
def test_the_name_of_a_house_alone_is_a_hint(registered, text, in_scope):
    assert in_scope(text, registered).strongest("address") == "hint"


@pytest.mark.parametrize("name", ["The Cottage", "The Bungalow", "Rose Cottage", "School House", "The Old Rectory"])
def test_a_house_called_as_thousands_are_is_nothing_by_itself(name, in_scope):
    registered = address(f"{name}, Mill Road, Little Hadham")

    assert in_scope(f"at {name} today", registered).findings == ()
    assert in_scope(f"{name}, Leeds", registered).findings == ()
    assert in_scope(f"{name}, Little Hadham", registered).strongest("address") == "likely"


NOT_THE_HOUSE = {
    "another flat": (BLOCK, "Flat 13, Cedar House, Leeds"),
    "another flat without the word": (BLOCK, "13 Cedar House, Leeds"),
    "another flat after the block": (BLOCK, "Cedar House 13, Leeds"),
    "another flat, with the street": (BLOCK, "13 Cedar House, 8 Queen Street, Leeds"),
    "a number where it has none": (COTTAGE, "4 Rowan Cottage, Little Hadham"),
    "another town and postcode": (COTTAGE, "Rowan Cottage, Leeds LS1 1AA"),
}


@pytest.mark.parametrize(("registered", "text"), NOT_THE_HOUSE.values(), ids=NOT_THE_HOUSE.keys())
def test_another_flat_or_another_place_is_not_the_house(registered, text, in_scope):
    assert in_scope(text, registered).findings == ()


@pytest.mark.parametrize(
    "text", ["on the 13, Cedar House, Leeds", "in 2019 Cedar House, Leeds", "bus 13 Cedar House, Leeds"]
)
def test_a_number_of_something_else_beside_a_block_is_no_other_flat(text, in_scope):
    assert in_scope(text, BLOCK).findings


# -- streets --------------------------------------------------------------------------------------------------------

WRITTEN = {
    "wrong type, number and a telling street": (HOUSE, "27 Larkspur Close", "likely"),
    "two letters wrong": (HOUSE, "27 Larskpr Lane", "likely"),
    "number with a sign, street without type": (HOUSE, "no. 27, Larkspur", "likely"),
    "a letter that the house has not": (HOUSE, "27A Larkspur Lane, Ashford", "likely"),
    "a letter that the house has not, no town": (HOUSE, "27A Larkspur Lane", "hint"),
    "the letter left out": (address("27b Larkspur Lane, Ashford"), "27 Larkspur Lane", "likely"),
    "Polish flat": (HOUSE, "ul. Larkspur Lane 27 m. 2, Ashford", "certain"),
    "Polish sentence": (HOUSE, "mieszka przy Larkspur Lane 27 w Ashford", "certain"),
    "Polish number": (FLAT, "mieszka w Swansea przy St Mary's Court pod numerem 114", "certain"),
    "flat by slash": (FLAT, "przy St Mary's Court 114/3B w Swansea", "certain"),
    "Welsh name of the town": (FLAT, "114 St Mary's Court, Abertawe", "certain"),
    "Welsh street": (WELSH, "Mae hi yn byw yn rhif 5, Heol y Parc", "certain"),
    "number after the street, a town like a street": (
        address("19 Hazel Grove, Golden Green LS13 8YR"),
        "Hazel Grove 19, Golden Green",
        "certain",
    ),
    "county in place of the town": (HOUSE, "27 Larkspur Lane, Kent", "certain"),
    "a village that begins with a number": (
        address("27 Larkspur Lane, Four Ashes"),
        "Larkspur Lane, Four Ashes",
        "likely",
    ),
    "town behind an earlier sentence": (HOUSE, "She moved to Ashford. Larkspur Lane, I think", "likely"),
    "another house is opposite": (HOUSE, "Larkspur Lane, Ashford - number 25 is opposite", "likely"),
    "the house is said by another": (HOUSE, "Larkspur Lane, Ashford, the second door after number 25", "likely"),
}  # fmt: skip


@pytest.mark.parametrize(("registered", "text", "strength"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_street_is_as_strong_as_what_stands_beside_it(registered, text, strength, in_scope):
    found = in_scope(text, registered).strongest("address")

    assert found == strength


NOT_CERTAIN = {
    "a bus": ("Bus 27 stops at Larkspur Lane, Ashford", "likely"),
    "an order": ("Order no. 27 Larkspur Lane, Ashford", "likely"),
    "an order with its sign": ("order no. 27 Larkspur Lane", "hint"),
    "a reference": ("Ref 27 Larkspur Lane", "likely"),
    "last week": ("We went last week 27 Larkspur Lane", "likely"),
    "a room": ("Room 27 Larkspur Lane", "hint"),
    "people counted": ("Larkspur Court care home, 27 residents, Ashford", "hint"),
    "plants": ("Order 27 larkspur plants for the park in Ashford; lane 3 of the pool is closed.", "hint"),
    "plants, no town": ("We need 27 larkspur plants on Monday.", "hint"),
    "another type, no number": ("Larkspur Court, Ashford", "hint"),
    "an age": ("Larkspur is 27 and lives in Ashford", "likely"),
    "street alone": ("We drove along Larkspur Lane.", "hint"),
}


@pytest.mark.parametrize(("text", "strength"), NOT_CERTAIN.values(), ids=NOT_CERTAIN.keys())
def test_a_number_of_another_noun_and_a_word_that_is_no_name_are_weak(text, strength, in_scope, in_whole):
    assert in_scope(text, HOUSE).strongest("address") == strength
    assert in_whole(text, HOUSE).strengths("address") == []


def test_a_street_alone_is_a_hint_however_long_its_name(in_scope):
    registered = address("27 Saddlersbrook Farm Lane, Ashford")

    assert in_scope("We drove along Saddlersbrook Farm Lane.", registered).strongest("address") == "hint"


@pytest.mark.parametrize("text", ["27 larkspur lane, ashford", "we saw her at 27 larkspur yesterday"])
def test_small_letters_say_nothing_where_the_writer_uses_no_others(text, in_scope):
    assert in_scope(text, HOUSE).strongest("address") in {"likely", "certain"}


NOT_THE_STREET = {
    "town of the address before": "27 Lark Rise, Ashford; 27 Larkspur Avenue, Folkestone",
    "town of the address before, no sign": "3 Elm Road, Ashford, 27 Larkspur Avenue, Folkestone",
    "wrong type and another town": "27 Larkspur Close, Dover",
    "wrong type, misspelt": "27 Larspur Avenue",
    "wrong type of another number": "14 Larkspur Close, Ashford",
    "next house": "14 Larkspur Lane, Ashford",
    "digits swapped": "72 Larkspur Lane, Ashford",
    "a person of the name": "Mr Larkspur is 27 and lives in Ashford",
    "number said later": "Larkspur Lane, Ashford (number 14)",
    "number said later, a sign": "Larkspur Lane, Ashford, no. 14",
}


@pytest.mark.parametrize("text", NOT_THE_STREET.values(), ids=NOT_THE_STREET.keys())
def test_another_house_or_street_is_nothing(text, in_scope, in_whole):
    assert in_scope(text, HOUSE).findings == ()
    assert in_whole(text, HOUSE).findings == ()


@pytest.mark.parametrize(
    ("registered", "text"),
    [
        pytest.param("12 Acacia Road, Ashford", "12b Acacia Road, Ashford", id="letter too many"),
        pytest.param("12b Acacia Road, Ashford", "12 Acacia Road, Ashford", id="letter left out"),
        pytest.param("27 Larkspur Lane, Ashford", "27 Larskpr Lane, Ashford", id="two letters wrong"),
        pytest.param("27 Larkspur Lane, Ashford", "27 Larkspur Close", id="wrong type"),
        pytest.param("27 Saddlersbrook Lane, Ashford", "27 Sadlersbrook Lane", id="a long name misspelt, no town"),
    ],
)
def test_what_is_only_near_is_nothing_in_the_whole_register(registered, text, in_whole):
    assert in_whole(text, address(registered)).findings == ()


@pytest.mark.parametrize(
    ("registered", "text"),
    [
        pytest.param("12b Acacia Road, Ashford", "12c Acacia Road, Ashford", id="two letters"),
        pytest.param("Flat 3, 12 Acacia Road, Ashford", "12a Acacia Road, Ashford", id="a flat that is another"),
        pytest.param("12 Mill Road, Ashford", "12 Mill Avenue", id="wrong type of a common street"),
    ],
)
def test_what_says_another_house_is_nothing_in_scope(registered, text, in_scope):
    assert in_scope(text, address(registered)).findings == ()


def test_a_street_that_begins_with_its_type_is_not_taken_for_another(in_scope):
    assert in_scope("Maes parcio, Heol y Castell, Caernarfon, 5 pence", WELSH).findings == ()
