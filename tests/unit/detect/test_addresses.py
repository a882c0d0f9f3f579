# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and postcodes are found however they are written; neighbours are not."""

import pytest

from safehold.detect.people import find
from safehold.model import PartPath, Place, PlaceKind, Segment, Strength
from safehold.register.index import Register
from safehold.register.people import Kind, Person, Value

ADDRESS = "12 Acacia Road, Ashford, Kent TN23 1AB"


def make_register(*values, **people):
    """Return a register of P-1 with these values, and of the other people with theirs."""
    others = [Person(name.replace("_", "-"), "safe", values=tuple(theirs)) for name, theirs in people.items()]
    return Register.build([Person("P-1", "safe", values=values), *others])


def address(text=ADDRESS):
    return Value(Kind.ADDRESS, text)


def segment(text):
    return Segment(Place(PartPath(), PlaceKind.BODY), text)


def in_scope(text, register, *people):
    return find([segment(text)], register, scope=frozenset(people or {"P-1"}), whole=frozenset())


def in_whole(text, register):
    return find([segment(text)], register, scope=frozenset(), whole=frozenset({"safe"}))


def strengths(findings, field="address"):
    return [finding.strength for finding in findings if finding.field == field]


# -- addresses ------------------------------------------------------------------------------------------------------

CERTAIN = {
    "exact": "She lives at 12 Acacia Road, Ashford, Kent TN23 1AB.",
    "upper case": "12 ACACIA ROAD, ASHFORD",
    "lower case": "12 acacia road ashford",
    "abbreviated": "12 Acacia Rd., Ashford",
    "lines": "12 Acacia Road\nAshford\nKent\nTN23 1AB",
    "quoted lines": "> 12 Acacia\n> Road\n> Ashford",
    "hyphenated at the line end": "12 Aca-\ncia Road, Ashford",
    "one letter wrong": "12 Acaica Road, Ashford",
    "one letter too many": "12 Accacia Road, TN23 1AB",
    "type misspelt": "12 Acacia Raod, Ashford",
    "no town": "12 Acacia Road, TN23 1AB",
    "no postcode": "12 Acacia Road, Ashford",
    "postcode and number": "the house is 12, TN23 1AB",
    "postcode, then number": "TN23 1AB 12",
    "postcode glued": "12 Acacia Road TN231AB",
    "postcode misread": "12 Acacia Road TN23 lAB",
    "reversed": "TN23 1AB, Ashford, Acacia Road 12",
    "full width": "１２ Ａｃａｃｉａ Ｒｏａｄ, Ashford",
    "zero width": "12 Aca\u200bcia Ro\u200bad, Ash\u00adford",
    "look-alikes": "12 Асасіа Road, Аshford",
    "number in words": "twelve Acacia Road, Ashford",
    "range": "12-14 Acacia Road, Ashford",
    "one end of a range": "10/12 Acacia Road, Ashford",
    "two numbers": "12 and 14 Acacia Road, Ashford",
    "glued": "12AcaciaRoad Ashford",
    "spaced": "1 2  A c a c i a  R o a d  A s h f o r d",
    "leet": "12 4cac1a R0ad, Ashford",
    "map link": "https://maps.example/?q=12+Acacia+Road%2C+Ashford",
    "file name": "12_Acacia_Road_Ashford.pdf",
    "row of a table": '"Doe";"12";"Acacia Road";"Ashford";"TN23 1AB"',
    "with words between": "number 12 on the left of Acacia Road in Ashford",
    "number said last": "she lives in Acacia Road in Ashford, number 12, the blue door",
    "a flat of the house": "Flat 2, 12 Acacia Road, Ashford",
    "digits apart": "1 2 Acacia Road, Ashford",
    "digits read out": "one two Acacia Road, Ashford",
    "number in words, as one": "number twelve, Acacia Road, Ashford",
    "number in words, after": "Acacia Road, number twelve, Ashford",
    "one letter a line": "\n".join("12AcaciaRoad\n") + "Ashford",
    "letters joined by hyphens": "1-2 A-c-a-c-i-a R-o-a-d, Ashford",
    "glued, with the town": "12acaciaroadashford",
    "glued, with a postcode": "12acaciaroadtn231ab",
    "glued, with a word before": "number12acaciaroad, Ashford",
    "glued, number last": "#AcaciaRoad12 Ashford",
    "like a mailbox": "acacia.road.12@mail.test, Ashford",
    "number sign": "\u211612 Acacia Road, Ashford",
    "circled": "\u246b Acacia Road, Ashford",
    "in brackets": "\u2474\u2475 Acacia Road, Ashford",
    "mathematical": "\U0001d7cf\U0001d7d0 \U0001d4d0\U0001d4ec\U0001d4ea\U0001d4ec\U0001d4f2\U0001d4ea Road, Ashford",
    "keys of a telephone": "1\ufe0f\u20e32\ufe0f\u20e3 Acacia Road, Ashford",
    "struck through": "12 A\u0336c\u0336a\u0336c\u0336ia Road, Ashford",
    "postcode of which every sign stands apart": "12 Acacia Road, T N 2 3 1 A B",
    "postcode with a full stop": "12 Acacia Road, TN23.1AB",
}


@pytest.mark.parametrize("text", CERTAIN.values(), ids=CERTAIN.keys())
def test_an_address_is_certain_in_scope_and_in_the_whole_register(text):
    register = make_register(address())

    assert strengths(in_scope(text, register)) == [Strength.CERTAIN]
    assert strengths(in_whole(text, register)) == [Strength.CERTAIN]


@pytest.mark.parametrize(
    ("registered", "text"),
    [
        pytest.param("27 Larkspur Lane, Westmere", "27 Larkspur Ln, Westmere", id="lane, Ln"),
        pytest.param("27 Larkspur Lane, Westmere", "27 Larkspur La., Westmere", id="lane, La."),
        pytest.param("27 Larkspur Lane, Westmere", "twenty-seven Larkspur Lane", id="compound with a hyphen"),
        pytest.param("27 Larkspur Lane, Westmere", "number twenty seven Larkspur Lane", id="compound"),
        pytest.param("27 Larkspur Lane, Westmere", "twentyseven Larkspur Lane", id="compound, glued"),
        pytest.param("27 Larkspur Lane, Westmere", "twenty 7 Larkspur Lane", id="compound, half of it in digits"),
        pytest.param("27 Larkspur Lane, Westmere", "Larkspur Lane, number twenty-seven", id="compound, after"),
        pytest.param("27 Larkspur Lane, Westmere", "27-29 Larkspur Lane", id="range"),
        pytest.param("27 Larkspur Lane, Westmere", "\u2777\u2780 or \u3257 Larkspur Lane", id="circled twenty-seven"),
        pytest.param("27a Larkspur Lane, Westmere", "27 A Larkspur Lane", id="letter apart"),
        pytest.param("12 Rue de la Roche, St Helier", "12 Rue de la Roche, St Helier", id="la inside a name"),
        pytest.param("12 Heol y Coed, Cardiff", "12 Heol-y-Coed, Cardiff", id="Welsh, its type in front"),
        pytest.param("3 Ffordd Las, Rhyl", "3 FFORDD LAS, RHYL", id="Welsh, capitals"),
    ],
)
def test_a_street_is_certain_however_number_and_type_are_written(registered, text):
    assert strengths(in_whole(text, make_register(address(registered)))) == [Strength.CERTAIN]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("No. XXVII Larkspur Lane", id="Roman digits"),
        pytest.param("Z7 Larkspur Lane", id="digit misread"),
        pytest.param("27 1arkspur Lane", id="letter misread"),
        pytest.param("larkspurlanewestmere", id="glued, without its number"),
        pytest.param("seelarkspurlane27now", id="glued to other things"),
    ],
)
def test_what_is_doubtful_is_enough_in_scope_and_nothing_in_the_whole_register(text):
    register = make_register(address("27 Larkspur Lane, Westmere PF7 3QX"))

    assert in_scope(text, register)
    assert in_scope(text, register)[0].strength.rank >= Strength.LIKELY.rank
    assert in_whole(text, register) == ()


@pytest.mark.parametrize("text", ["27larkspurln", "larkspurln27", "27larkspurlnwestmere"])
def test_a_short_form_of_the_type_glued_to_the_name_is_not_told_from_it(text):
    """Two letters end too many words; the street's full type is what parts a glued word."""
    assert in_scope(text, make_register(address("27 Larkspur Lane, Westmere PF7 3QX"))) == ()


@pytest.mark.parametrize(
    "text", ["27th Larkspur Lane", "27 Lärchensporn Lane", "2.7 Larkspur Lane", "2-7 Larkspur Lane"]
)
def test_these_are_not_taken_for_the_number_or_the_name(text):
    """An ordinal, a translation, a decimal and a range of other houses: each means something else more often."""
    assert in_whole(text, make_register(address("27 Larkspur Lane, Westmere PF7 3QX"))) == ()


LIKELY = {
    "street and number": "the flat in 12 Acacia, upstairs",
    "street and town": "somewhere in Acacia Road, Ashford",
    "town before street": "in Ashford, Acacia Road",
    "street and postcode": "Acacia Road TN23 1AB",
}


@pytest.mark.parametrize("text", LIKELY.values(), ids=LIKELY.keys())
def test_half_an_address_is_likely_in_scope_and_nothing_in_the_whole_register(text):
    register = make_register(address())

    assert strengths(in_scope(text, register)) == [Strength.LIKELY]
    assert in_whole(text, register) == ()


def test_the_street_alone_is_a_hint():
    assert strengths(in_scope("We drove along Acacia Road.", make_register(address()))) == [Strength.HINT]


@pytest.mark.parametrize("text", ["the acacia tree", "Ashford is nice", "12 people", "Ashford, 12 trees", "number 12"])
def test_words_that_happen_to_be_in_an_address_are_nothing(text):
    assert in_scope(text, make_register(address())) == ()


NEIGHBOURS = {
    "next house": "14 Acacia Road, Ashford TN23 1AB",
    "next house, lines": "14 Acacia Road\nAshford\nTN23 1AB",
    "digits swapped": "21 Acacia Road, Ashford TN23 1AB",
    "digit added": "120 Acacia Road, Ashford TN23 1AB",
    "digit missing": "2 Acacia Road, Ashford TN23 1AB",
    "range beside it": "14-20 Acacia Road, Ashford TN23 1AB",
    "other type": "12 Acacia Avenue, Dover",
    "other type, other number": "14 Acacia Avenue, Ashford TN23 1AB",
    "postcode and another number": "14, TN23 1AB",
    "another street of the postcode": "3 Elm Close, Ashford, TN23 1AB",
    "next house, reversed": "TN23 1AB, Ashford, Acacia Road 14",
    "another town and postcode": "12 Acacia Road, Leeds, LS1 1AA",
    "number of the next line": "14 Acacia Road, Ashford\n12 Elm Close, Ashford",
    "misspelt, with another postcode": "12 Acaica Road, LS1 1AA",
    "list of neighbours": "10 Acacia Road, TN23 1AB\n14 Acacia Road, TN23 1AB\n16 Acacia Road, TN23 1AB",
}


@pytest.mark.parametrize("text", NEIGHBOURS.values(), ids=NEIGHBOURS.keys())
def test_a_neighbour_is_not_found(text):
    register = make_register(address())

    assert in_scope(text, register) == ()
    assert in_whole(text, register) == ()


WRONG_TYPE = [", Ashford", ", TN23 1AB", ", Ashford TN23 1AB", ", Kent, Ashford"]


@pytest.mark.parametrize("rest", WRONG_TYPE)
@pytest.mark.parametrize("start", ["12 Acacia", "Acacia", "twelve Acacia", "Flat 2, 12 Acacia", "12 Acaica"])
def test_a_wrong_street_type_is_no_weaker_than_none_where_town_or_postcode_agree(start, rest):
    """Who writes Avenue for Road has told as much as who leaves it out."""
    register = make_register(address())
    without, wrong = in_scope(start + rest, register), in_scope(f"{start} Avenue{rest}", register)

    assert without
    assert max(f.strength.rank for f in wrong) >= max(f.strength.rank for f in without)


def test_in_the_whole_register_two_types_are_two_streets_unless_the_postcode_agrees():
    """Acacia Road and Acacia Avenue of one town are different streets of different people."""
    register = make_register(address())

    assert in_whole("12 Acacia Avenue, Ashford", register) == ()
    assert strengths(in_whole("12 Acacia Avenue, Ashford TN23 1AB", register)) == [Strength.CERTAIN]


def test_a_common_street_of_another_type_is_nothing_without_its_number():
    assert in_scope("High Road, London", make_register(address("12 High Street, London"))) == ()


@pytest.mark.parametrize(
    ("registered", "text", "is_found"),
    [
        pytest.param("12b Acacia Road, Ashford", "12b Acacia Road, Ashford", True, id="same letter"),
        pytest.param("12b Acacia Road, Ashford", "12 B Acacia Road, Ashford", True, id="same letter apart"),
        pytest.param("12b Acacia Road, Ashford", "12 Acacia Road, Ashford", False, id="no letter"),
        pytest.param("12b Acacia Road, Ashford", "12c Acacia Road, Ashford", False, id="other letter"),
        pytest.param("Flat 2, 12 Acacia Road, Ashford", "Apt 2, 12 Acacia Road, Ashford", True, id="same flat"),
        pytest.param("Flat 2, 12 Acacia Road, Ashford", "F2 12 Acacia Road, Ashford", True, id="same flat, short"),
        pytest.param("Flat 2, 12 Acacia Road, Ashford", "2/12 Acacia Road, Ashford", True, id="flat by slash"),
        pytest.param("Flat 2, 12 Acacia Road, Ashford", "12/2 Acacia Road, Ashford", True, id="flat by slash, after"),
        pytest.param("Flat 2, 12 Acacia Road, Ashford", "12 Acacia Road, Flat 2, Ashford", True, id="flat after"),
        pytest.param("Flat 2, 12 Acacia Road, Ashford", "12 Acacia Road, Ashford", True, id="flat not named"),
        pytest.param("Flat 2, 12 Acacia Road, Ashford", "Flat 3, 12 Acacia Road, Ashford", False, id="other flat"),
        pytest.param("Flat B, 12 Acacia Road, Ashford", "12b Acacia Road, Ashford", True, id="flat as a letter"),
        pytest.param("12-16 Acacia Road, Ashford", "14 Acacia Road, Ashford", True, id="inside a range"),
        pytest.param("12-16 Acacia Road, Ashford", "18 Acacia Road, Ashford", False, id="outside a range"),
        pytest.param("12 Broadway, Ashford", "12 Broadway, Ashford", True, id="street without type"),
        pytest.param("12 High Street, London", "12 High St, London", True, id="all of it common, all of it there"),
        pytest.param("12 High Street, London", "12 High Street", False, id="all of it common, the town missing"),
        pytest.param("9 High Street North, London", "9 High St North, London", True, id="direction"),
        pytest.param("5 Stoke-on-Trent Road, Ham", "5 Stoke on Trent Road, Ham", True, id="hyphens"),
        pytest.param("5 St Mary's Road, Ham", "5 Saint Marys Rd, Ham", True, id="saint"),
    ],
)
def test_numbers_need_equality_and_words_need_tolerance(registered, text, is_found):
    assert bool(in_whole(text, make_register(address(registered)))) is is_found


AROUND = {
    "a number word and a joining word before": "standing five feet ten and\n\n12 Acacia Road, Ashford",
    "a word for a flat on the line before": "1: apt\n\n12 Acacia Road, Ashford",
    "a measure that looks like a postcode after": "12 Acacia Road, Ashford\n\nat 3.3ft tall",
    "a village that begins with a number word": "12 Acacia Road, Three Cups Corner, TN23 1AB",
    "a flat between number and street": "12, Flat 2, Acacia Road, Ashford",
    "a postcode elsewhere in the sentence": "12 Acacia Road, Ashford, which is near LS1 1AA",
    "a phone number before": "01632 960123 12 Acacia Road, Ashford",
    "a date before": "since 3 May 2024 12 Acacia Road, Ashford",
    "a list of others": "3 Elm Close, Dover CT16 1AA\n12 Acacia Road, Ashford TN23 1AB\n4 Oak Way, Dover CT16 2AA",
}


@pytest.mark.parametrize("text", AROUND.values(), ids=AROUND.keys())
def test_what_stands_around_an_address_does_not_hide_it(text):
    assert strengths(in_whole(text, make_register(address()))) == [Strength.CERTAIN]


ANOTHERS_POSTCODE = {
    "a letterhead before": "Council, Ashford TN24 8PL\n\nAnn Example\n12 Acacia Road\nAshford\n\nDear Ann",
    "a sender's postcode before": "From LS1 1AA go to 12 Acacia Road, Ashford.",
    "his address on the line before": "Father: 4 High Street, Leeds LS1 1AA\nMother: 12 Acacia Road, Ashford",
    "a removal": "Removal from 8 Oak Road, Leeds LS1 1AA to 12 Acacia Road, Ashford",
    "a signature after": "She is at 12 Acacia Road, Ashford.\n\nKind regards\nA Smith, Civic Centre, TN24 8PL",
    "a reply address after": "12 Acacia Road, Ashford\n\nReply to: Civic Centre, Leeds LS1 1AA",
    "an office after, without the town": "12 Acacia Road\n\nKind regards\nA Smith, Civic Centre, Leeds LS1 1AA",
    "a council on the next line": "Her address: 12 Acacia Road\nLeeds City Council, Civic Hall, LS1 1UR",
    "many words and a blank line": "12 Acacia Road\n\nAnn Example\nHousing Team\nCivic Centre\nLeeds LS1 1AA",
}
DOUBTED = {
    "an office's on the next line": "She is at 12 Acacia Road, Ashford.\nA Smith, Civic Centre, TN24 8PL",
    "a digit dropped": "12 Acacia Road, Ashford, Kent TN2 1AB",
    "a letter misread": "12 Acacia Road, Ashford, Kent TM23 1AB",
    "a wrong postcode": "12 Acacia Road, Ashford, Kent CT1 2AB",
    "a digit dropped and no town": "12 Acacia Road, TN2 1AB",
}


@pytest.mark.parametrize("text", ANOTHERS_POSTCODE.values(), ids=ANOTHERS_POSTCODE.keys())
def test_a_postcode_before_an_address_or_below_a_letter_is_somebody_elses_and_says_nothing(text):
    assert strengths(in_scope(text, make_register(address()))) == [Strength.CERTAIN]


def test_a_misspelt_street_above_an_offices_postcode_is_likely():
    text = "27 Larskpur Lane\n\nKind regards\nA Smith\nHousing Officer\nCivic Centre\nLeeds LS1 1AA"

    assert strengths(in_scope(text, make_register(address("27 Larkspur Lane, Westmere PF7 3QX")))) == [Strength.LIKELY]


@pytest.mark.parametrize("text", ["Acacia Road 12 a visit to Ashford", "ul. Acacia Road 12 m. 2, Ashford"])
def test_a_small_letter_after_the_number_may_be_a_word_of_its_own(text):
    assert Strength.CERTAIN in strengths(in_scope(text, make_register(address())))


@pytest.mark.parametrize("text", DOUBTED.values(), ids=DOUBTED.keys())
def test_another_postcode_after_a_whole_address_makes_it_doubtful_and_does_not_end_it(text):
    """An office's below the signature, or a slip: the reader finds the house all the same."""
    assert strengths(in_scope(text, make_register(address()))) == [Strength.LIKELY]


def test_another_postcode_is_another_place_where_no_town_agrees():
    register = make_register(address())

    assert in_scope("12 Acacia Road, Leeds LS1 1AA", register) == ()
    assert Strength.LIKELY not in strengths(in_scope("12 Acacia Road\nLS1 1AA", register))
    assert in_whole("12 Acacia Road, Ashford, Surrey TW15 1AA", register) == ()


BESIDE = {
    "a number word before": "standing five feet ten and\n\n63 Acacia Road, Ashford",
    "its number on the line before": "section 12\n\n14 Acacia Road, Ashford",
    "a floor between": "14 Ground Floor, Acacia Road, Ashford",
}


@pytest.mark.parametrize("text", BESIDE.values(), ids=BESIDE.keys())
def test_what_stands_around_a_neighbours_address_makes_it_no_finding(text):
    assert in_scope(text, make_register(address())) == ()


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        pytest.param("Rose Cottage, Church Lane, Little Snoring", True, id="house, street and town"),
        pytest.param("Rose Cottage, NR21 0AA", True, id="house and postcode"),
        pytest.param("Lily Cottage, Church Lane, Little Snoring", False, id="another house"),
        pytest.param("14 Church Lane, Little Snoring", False, id="a number where it has none"),
    ],
)
def test_a_house_name_stands_for_the_number(text, is_found):
    register = make_register(address("Rose Cottage, Church Lane, Little Snoring, NR21 0AA"))

    assert bool(in_whole(text, register)) is is_found


def test_two_people_at_one_address_are_both_found():
    register = make_register(address(), P_2=[address("12 Acacia Road, Ashford")])

    assert {finding.person for finding in in_whole("12 Acacia Road, Ashford TN23 1AB", register)} == {"P-1", "P-2"}


def test_the_better_address_wins_the_same_words():
    register = make_register(address(), P_2=[address("12 Acasia Road, Ashford")])

    assert {finding.person for finding in in_whole("12 Acacia Road, Ashford TN23 1AB", register)} == {"P-1"}


# -- postcodes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [address(), Value(Kind.POSTCODE, "TN23 1AB")], ids=["of an address", "as a value of its own"]
)
def test_a_bare_postcode_is_likely_in_scope_only(value):
    register = make_register(value)

    assert strengths(in_scope("They moved to TN23 1AB in May.", register), "postcode") == [Strength.LIKELY]
    assert in_whole("They moved to TN23 1AB in May.", register) == ()


APART = [
    "T N 2 3 1 A B", "T N 2 3  1 A B", "TN23-1AB", "TN23.1AB", "T.N.2.3 1.A.B", "T-N-2-3-1-A-B", "TN23_1AB", "TN23/1AB",
    "TN23, 1AB", "TN23:1AB", "(TN23)(1AB)", "TN23 \u00b7 1AB", "T N23 1A B", "TN 23 1AB", "TN23 1 AB", "TN231 AB",
    "TN23\n1AB", "TN23\n\n1AB", "TN23 and then 1AB", "first half TN23, second half, as I said before, 1AB",
    "TN23 lAB", "TN23 IA8", "TNZ3 1AB", "xTN231ABx", "postcodeTN231AB", "T\u200bN\u200b2\u200b3\u200b1\u200bA\u200bB",
    "T\nN\n2\n3\n1\nA\nB",
]  # fmt: skip


@pytest.mark.parametrize("code", APART)
def test_a_postcode_in_pieces_or_misread_is_likely_in_scope_only(code):
    register = make_register(address())

    assert [f.strength for f in in_scope(f"She is at {code} now.", register)] == [Strength.LIKELY]
    assert in_whole(f"She is at {code} now.", register) == ()


@pytest.mark.parametrize("text", ["BS35 1DN", "of BS351DN now"])
def test_a_postcode_is_not_found_inside_another(text):
    assert in_scope(text, make_register(address("74 Acacia Road, Ashford S3 5LD"))) == ()


@pytest.mark.parametrize(
    "text",
    ["TN23 1AC and CT16 1AB", "TN23, room 1A, B", "1AB TN23", "TN23 " + "and so on " * 8 + "1AB"],
)
def test_halves_of_different_postcodes_are_none(text):
    assert in_scope(text, make_register(address())) == ()


def test_a_number_and_a_misread_postcode_alone_are_likely_and_with_the_street_certain():
    """A postcode is one sign from another; the street beside it settles it."""
    register = make_register(address("12 High Street, London TN23 1AB"))

    assert strengths(in_scope("12, TN23 lAB", register)) == [Strength.LIKELY]
    assert in_whole("12, TN23 lAB", register) == ()
    assert strengths(in_whole("12 High St, TN23 lAB", register)) == [Strength.CERTAIN]


def test_a_postcode_in_pieces_that_nobody_has_speaks_against_no_address():
    register = make_register(address())

    assert strengths(in_whole("12 Acacia Road, at 12, AB in Ashford", register)) == [Strength.CERTAIN]


def test_a_postcode_inside_a_found_address_counts_once():
    register = make_register(address(), Value(Kind.POSTCODE, "TN23 1AB"))

    findings = in_scope(f"{ADDRESS}, and again TN23 1AB.", register)

    assert [finding.field for finding in findings] == ["address", "postcode"]


def test_a_neighbours_postcode_is_not_even_a_postcode():
    register = make_register(address(), Value(Kind.POSTCODE, "TN23 1AB"))

    assert in_scope("14 Acacia Road, Ashford TN23 1AB", register) == ()
