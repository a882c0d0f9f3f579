# SPDX-License-Identifier: GPL-3.0-or-later
"""What a text holds of the people searched for, and what it does not."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.people import find, search
from safehold.model import PartPath, Place, PlaceKind, Segment, Strength, Visibility
from safehold.register.index import Register
from safehold.register.people import Kind, Person, Value

ADDRESS = "12 Acacia Road, Ashford, Kent TN23 1AB"


def make_register(*values, **people):
    """Return a register of P-1 with these values, and of the other people with theirs."""
    others = [Person(name.replace("_", "-"), "safe", values=tuple(theirs)) for name, theirs in people.items()]
    return Register.build([Person("P-1", "safe", values=values), *others])


def address(text=ADDRESS):
    return Value(Kind.ADDRESS, text)


def segment(text, number=None, kind=PlaceKind.BODY, visibility=Visibility.VISIBLE, part=()):
    return Segment(Place(PartPath(part), kind, number), text, visibility)


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
    "house with a letter": "12b Acacia Road, Ashford TN23 1AB",
    "letter apart": "12 b Acacia Road, Ashford TN23 1AB",
    "range beside it": "14-20 Acacia Road, Ashford TN23 1AB",
    "other type": "12 Acacia Avenue, Dover",
    "other type, nothing else": "12 Acacia Avenue",
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
}
DOUBTED = {
    "a signature after": "She is at 12 Acacia Road, Ashford.\n\nKind regards\nA Smith, Civic Centre, TN24 8PL",
    "a reply address after": "12 Acacia Road, Ashford\n\nReply to: Civic Centre, Leeds LS1 1AA",
    "a digit dropped": "12 Acacia Road, Ashford, Kent TN2 1AB",
    "a letter misread": "12 Acacia Road, Ashford, Kent TM23 1AB",
    "a wrong postcode": "12 Acacia Road, Ashford, Kent CT1 2AB",
    "a digit dropped and no town": "12 Acacia Road, TN2 1AB",
}


@pytest.mark.parametrize("text", ANOTHERS_POSTCODE.values(), ids=ANOTHERS_POSTCODE.keys())
def test_a_postcode_before_an_address_is_somebody_elses_and_says_nothing(text):
    assert strengths(in_scope(text, make_register(address()))) == [Strength.CERTAIN]


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


# -- whole values ---------------------------------------------------------------------------------------------------

WHOLE = {
    "phone": (Kind.PHONE, "07700 900123", "ring 07700900123 now", "07700900123"),
    "phone, international": (Kind.PHONE, "07700 900123", "ring +44 (0)7700-900.123", "44 (0)7700-900.123"),
    "phone, 00": (Kind.PHONE, "+44 7700 900123", "ring 0044 7700 900 123", "0044 7700 900 123"),
    "phone after a reference": (Kind.PHONE, "07700 900123", "ref 123 07700 900123", "07700 900123"),
    "e-mail": (Kind.EMAIL, "jane.doe@example.org", "to <Jane.Doe@EXAMPLE.org>", "Jane.Doe@EXAMPLE.org"),
    "e-mail with a tag": (Kind.EMAIL, "jane.doe@example.org", "jane.doe+x@example.org,", "jane.doe+x@example.org"),
    "e-mail in a link": (Kind.EMAIL, "jane@example.org", "https://x.test/?to=jane@example.org", "jane@example.org"),
    "e-mail spelt out": (Kind.EMAIL, "jane.doe@example.org", "jane (dot) doe [at] example (dot) org", None),
    "e-mail over a line end": (Kind.EMAIL, "jane@example.org", "to jane@\nexample.org", "jane@\nexample.org"),
    "e-mail in letters": (Kind.EMAIL, "jane@example.org", "j a n e @ e x a m p l e . o r g", None),
    "e-mail in words": (Kind.EMAIL, "jane@example.org", "mail jane at example dot org soon", "jane at example dot org"),
    "NHS number": (Kind.NHS_NUMBER, "999 000 0018", "NHS no 999-000-0018", "999-000-0018"),
    "NINO": (Kind.NINO, "QQ123456A", "NI: qq 12 34 56 a", "qq 12 34 56 a"),
    "NINO without its letter": (Kind.NINO, "QQ123456A", "NI: QQ123456", "QQ123456"),
    "UPRN": (Kind.UPRN, "100012345678", "UPRN: 100012345678", "100012345678"),
    "vehicle": (Kind.VEHICLE, "ZZ99 ZZZ", "a blue car, zz99zzz", "zz99zzz"),
    "case reference": (Kind.CASE_REFERENCE, "ZZ20P00001", "case ZZ20 P00001", "ZZ20 P00001"),
}


@pytest.mark.parametrize(("kind", "value", "text", "cut_out"), WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_unique_value_is_certain_and_well_placed(kind, value, text, cut_out):
    (finding,) = in_whole(text, make_register(Value(kind, value)))

    assert (finding.field, finding.strength, finding.value) == (kind.value, Strength.CERTAIN, 0)
    assert text[slice(*finding.span)] == (cut_out or text)


NOT_WHOLE = {
    "another phone": (Kind.PHONE, "07700 900123", "ring 07700 900124"),
    "longer number": (Kind.PHONE, "07700 900123", "07700 9001234"),
    "inside a number": (Kind.PHONE, "07700 900123", "3077009001231"),
    "longer local part": (Kind.EMAIL, "doe@example.org", "jane.doe@example.org"),
    "longer domain": (Kind.EMAIL, "doe@example.org", "doe@example.org.test"),
    "UPRN without the word": (Kind.UPRN, "100012345678", "order 100012345678"),
    "reference inside a word": (Kind.CASE_REFERENCE, "ZZ20P00001", "XZZ20P00001"),
    "another NINO": (Kind.NINO, "QQ123456A", "QQ 12 34 57 A"),
    "NHS number with a digit more": (Kind.NHS_NUMBER, "999 000 0018", "999 000 00181"),
}


@pytest.mark.parametrize(("kind", "value", "text"), NOT_WHOLE.values(), ids=NOT_WHOLE.keys())
def test_another_value_or_part_of_one_is_nothing(kind, value, text):
    assert in_scope(text, make_register(Value(kind, value))) == ()


def test_the_heading_of_a_table_is_the_context_of_its_cells():
    register = make_register(Value(Kind.UPRN, "100012345678"))
    sheet = segment("UPRN\tTown\n" + "1\tAshford\n" * 20 + "100012345678\tAshford", kind=PlaceKind.SHEET)

    findings = find([sheet], register, scope=frozenset(), whole=frozenset({"safe"}))

    assert [finding.field for finding in findings] == ["uprn"]


@pytest.mark.parametrize("text", ["Maria Winterbourne", "WINTERBOURNE, Maria", "maria\nwinterbourne"])
def test_a_secret_alias_is_certain(text):
    register = make_register(Value(Kind.ALIAS, "Maria Winterbourne", secret=True))

    assert strengths(in_whole(f"She is now {text}.", register), "alias") == [Strength.CERTAIN]


def test_an_alias_that_is_no_secret_is_a_name_like_any_other():
    register = make_register(Value(Kind.ALIAS, "Maria Winterbourne"))

    assert in_whole("Maria Winterbourne", register) == ()
    assert strengths(in_scope("Maria Winterbourne", register), "alias") == [Strength.LIKELY]


# -- names ----------------------------------------------------------------------------------------------------------

NAMED = {
    "as registered": "saw Margaret Doering today",
    "nickname": "saw Peggy Doering today",
    "initial": "saw M. Doering today",
    "surname first": "Doering, Margaret: present",
    "middle name": "Margaret Ann Doering",
    "possessive": "Margaret Doering's house",
    "surname misspelt": "Margaret Doerng",
    "forename misspelt": "Margret Doering",
    "over a line end": "Margaret\nDoering",
    "upper case": "MARGARET DOERING",
    "lower case": "margaret doering",
}


@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED.keys())
def test_the_name_of_a_person_in_scope_is_likely(text):
    register = make_register(Value(Kind.NAME, "Margaret Doering"))

    assert strengths(in_scope(text, register), "name") == [Strength.LIKELY]
    assert in_whole(text, register) == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Doering said", id="surname alone"),
        pytest.param("Margaret said", id="forename alone"),
        pytest.param("Peter Doering", id="another forename"),
        pytest.param("Margaret. Then Doering", id="another sentence"),
        pytest.param("for Margaret; Doering went", id="apart"),
        pytest.param("Margret Doerng", id="both misspelt"),
    ],
)
def test_half_a_name_or_another_is_nothing(text):
    assert in_scope(text, make_register(Value(Kind.NAME, "Margaret Doering"))) == ()


@pytest.mark.parametrize(
    ("text", "is_found"), [("Mark Green came", True), ("please mark green boxes", False), ("MARK GREEN", True)]
)
def test_a_name_of_common_words_needs_its_capitals(text, is_found):
    assert bool(in_scope(text, make_register(Value(Kind.NAME, "Mark Green")))) is is_found


def test_a_name_is_as_strong_as_another_value_of_the_person():
    register = make_register(Value(Kind.NAME, "Margaret Doering"), Value(Kind.PHONE, "07700 900123"))

    findings = in_whole("Peggy Doering, 07700 900123", register)

    assert [(finding.field, finding.strength) for finding in findings] == [
        ("name", Strength.CERTAIN),
        ("phone", Strength.CERTAIN),
    ]


@pytest.mark.parametrize(
    ("text", "strength"),
    [("she attends Hill Top Primary School", Strength.HINT), ("Jane Doe of Hill Top Primary School", Strength.CERTAIN)],
    ids=["alone", "with the name"],
)
def test_a_school_is_a_hint_unless_the_name_is_there(text, strength):
    register = make_register(Value(Kind.NAME, "Jane Doe"), Value(Kind.SCHOOL, "Hill Top Primary School"))

    assert strengths(in_scope(text, register), "school") == [strength]


# -- places ---------------------------------------------------------------------------------------------------------


def test_an_address_may_begin_in_one_segment_and_end_in_the_next():
    segments = [segment("live at 12 Acacia", 1), segment("Road, Ashford", 2)]

    (finding,) = find(segments, make_register(address()), scope=frozenset({"P-1"}), whole=frozenset())

    assert (finding.segment, finding.place) == (0, segments[0].place)
    assert segments[0].text[slice(*finding.span)] == "12 Acacia"


@pytest.mark.parametrize(
    ("subject", "body"),
    [("about 12 Acacia", "Road, Ashford"), ("12", "Acacia Road, Ashford"), ("12 Acacia Road", "Ashford, as ever")],
)
def test_an_address_may_begin_in_the_subject_and_end_in_the_body(subject, body):
    segments = [
        segment(subject, kind=PlaceKind.SUBJECT),
        segment("Frank Farrier", kind=PlaceKind.HEADER),
        segment(body, part=("1",)),
    ]

    (finding,) = find(segments, make_register(address()), scope=frozenset(), whole=frozenset({"safe"}))

    assert finding.place.kind is PlaceKind.SUBJECT


def test_a_postcode_may_begin_in_the_subject_and_end_in_the_body():
    segments = [segment("TN23", kind=PlaceKind.SUBJECT), segment("Hello,\n\nit is 1AB.", part=("1",))]

    findings = find(segments, make_register(address()), scope=frozenset({"P-1"}), whole=frozenset())

    assert [finding.strength for finding in findings] == [Strength.LIKELY]


def test_each_subject_stands_before_the_body_of_its_own_message():
    segments = [
        segment("12 Acacia", kind=PlaceKind.SUBJECT),
        segment("first", part=("1",)),
        segment("other", kind=PlaceKind.SUBJECT, part=("2",)),
        segment("Road, Ashford", part=("2", "1")),
    ]

    assert find(segments, make_register(address()), scope=frozenset(), whole=frozenset({"safe"})) == ()


@pytest.mark.parametrize(
    "second",
    [segment("Road, Ashford", part=("2",)), segment("Road, Ashford", visibility=Visibility.HIDDEN)],
    ids=["another part", "another visibility"],
)
def test_segments_of_other_parts_and_visibilities_are_not_joined(second):
    findings = find(
        [segment("12 Acacia"), second], make_register(address()), scope=frozenset(), whole=frozenset({"safe"})
    )

    assert findings == ()


def test_a_long_text_is_searched_to_its_end_and_where_its_pieces_meet():
    filler = "nothing of note here. " * 2_900  # just under the size of a piece
    text = filler + " " * 100 + ADDRESS + ". " + filler + ADDRESS

    findings = in_whole(text, make_register(address()))

    assert [text[slice(*finding.span)] for finding in findings] == [ADDRESS, ADDRESS]


def test_findings_come_in_order_of_place():
    register = make_register(address(), Value(Kind.PHONE, "07700 900123"))

    spans = [finding.span for finding in in_scope(f"07700 900123 {ADDRESS} 07700 900123", register)]

    assert spans == sorted(spans)
    assert len(spans) == 3


# -- whom -----------------------------------------------------------------------------------------------------------


def test_nobody_is_found_who_is_not_asked_for():
    register = make_register(address(), P_2=[Value(Kind.PHONE, "07700 900123")])

    assert find([segment(ADDRESS)], register, scope=frozenset(), whole=frozenset()) == ()
    assert find([segment(ADDRESS)], register, scope=frozenset({"P-2", "P-9"}), whole=frozenset({"other"})) == ()
    assert [finding.person for finding in in_scope(f"{ADDRESS} 07700 900123", register, "P-2")] == ["P-2"]


def test_one_search_may_be_deep_for_some_and_wide_for_all():
    register = make_register(address(), P_2=[address("9 Birchwood Lane, Dover")])
    text = "Acacia Road, Ashford; 9 Birchwood Lane, Dover; Birchwood Lane, Dover"

    findings = find([segment(text)], register, scope=frozenset({"P-1"}), whole=frozenset({"safe"}))

    assert [(finding.person, finding.strength) for finding in findings] == [
        ("P-1", Strength.LIKELY),
        ("P-2", Strength.CERTAIN),
    ]


def test_the_reason_is_in_words_and_says_no_value():
    (finding,) = in_whole("12 Acacia Rd, Ashfrod TN23 1AB", make_register(address()))

    assert finding.why.startswith("house number, street, street type, town (one letter differs) and full postcode")
    for value in ("12", "acacia", "ashf", "tn23"):
        assert value not in finding.why.lower()


def test_no_text_makes_a_search_take_memory_without_end(monkeypatch):
    """A text with escapes is looked at once more without them, and every small table down its columns."""
    monkeypatch.setattr("safehold.detect.people._RENDERED", 500)
    register, scope = make_register(address()), frozenset({"P-1"})

    short = search([segment(ADDRESS + " &amp; more")], register, scope=scope, whole=frozenset())
    long = search([segment(ADDRESS + " &amp; more" * 100)], register, scope=scope, whole=frozenset())

    assert (short.is_complete, long.is_complete) == (True, False)
    assert strengths(long.findings) == [Strength.CERTAIN]


def test_a_search_that_is_cut_short_says_so(monkeypatch):
    monkeypatch.setattr("safehold.detect.people._CANDIDATES", 1)
    monkeypatch.setattr("safehold.detect.people._CANDIDATES_PER_CHARACTER", 0)
    register = make_register(address(), P_2=[address("12 Acacia Road, Dover")], P_3=[address("12 Acacia Road, Leeds")])

    found = search([segment(ADDRESS)], register, scope=frozenset(), whole=frozenset({"safe"}))

    assert not found.is_complete


# -- properties -----------------------------------------------------------------------------------------------------

REGISTER = make_register(
    address(),
    Value(Kind.NAME, "Margaret Doering"),
    Value(Kind.EMAIL, "peggy@example.org"),
    Value(Kind.NINO, "QQ123456A"),
    P_2=[address("Flat 2, 7b Old Mill Lane, Stoke-on-Trent ST4 2ZZ"), Value(Kind.POSTCODE, "LS1 1AA")],
)
TEXT = (
    "Margaret Doering has moved to 12 Acacia Road, Ashford, Kent TN23 1AB; write to peggy@example.org. Her number is "
    "QQ 12 34 56 A. The others are at Flat 2, 7b Old Mill Lane, Stoke-on-Trent, and near LS1 1AA."
)


def facts(text):
    findings = in_scope(text, REGISTER, "P-1", "P-2")
    return [(finding.person, finding.field, finding.value, finding.strength) for finding in findings]


def test_the_text_of_the_properties_holds_all_its_values():
    assert {field for _, field, _, _ in facts(TEXT)} == {"name", "address", "email", "nino", "postcode"}


@given(st.integers(0, len(TEXT)), st.sampled_from("\u200b\u200d\u00ad\u2060\u202e\ufeff"))
def test_an_invisible_character_changes_no_finding(place, sign):
    assert facts(TEXT[:place] + sign + TEXT[place:]) == facts(TEXT)


@given(st.lists(st.booleans(), min_size=len(TEXT), max_size=len(TEXT)))
def test_case_changes_no_finding(upper):
    text = "".join(sign.upper() if up else sign.lower() for sign, up in zip(TEXT, upper, strict=True))

    assert facts(text) == facts(TEXT)


@given(st.integers(8, 100), st.sampled_from(["\n", "\r\n", "\n> "]))
def test_wrapping_lines_changes_no_finding(width, line_end):
    lines = textwrap.wrap(TEXT, width, break_long_words=False, break_on_hyphens=True)

    assert facts(line_end.join(lines)) == facts(TEXT)


@given(st.integers(1, 999).filter(lambda number: number != 12))
def test_a_neighbours_number_takes_the_finding_away(number):
    assert ("P-1", "address", 0, Strength.CERTAIN) in facts(TEXT)

    assert not any(fact[:2] == ("P-1", "address") for fact in facts(TEXT.replace("12 Acacia", f"{number} Acacia")))


ODD_PIECES = [
    "'", "o'9", "1'2", '"', "\t", "\n", "<b>", "</b>", "&#", "\\u", "=20", "\u202e", "\u202c", "Page 1", "TN", "23",
    "1", "AB", "oh", "double", "9oo", "l", "XII", "no", "O", "Mc", "Doering", "-\n", "\ud800", "\u2474", ":", "  ",
]  # fmt: skip
ODD = st.lists(st.sampled_from(ODD_PIECES)).map("".join)


@given(st.text(max_size=200) | ODD)
def test_no_text_makes_it_fail_and_every_span_lies_in_its_segment(text):
    source = text + "12 Acacia Road, Ashford" + text

    for finding in in_scope(source, REGISTER, "P-1", "P-2"):
        assert 0 <= finding.span[0] < finding.span[1] <= len(source)


# Each of these, before its pattern or loop was bounded, could take time in the square of its length.  There is no
# clock here: what is not linear does not end within the time limit of a test.
HOSTILE = {
    "spaces": " ", "digits": "1", "less-than signs": "<", "at signs": "@", "at in words": "at ",
    "single letters": "a ", "single digits": "1 ", "mail halves": "a@", "dots": "a.", "hyphens": "a-\n",
    "escapes": "%41", "one word": "a", "number words": "twenty ", "street types": "road ", "apostrophes": "a'",
    "postcodes": "TN23 1AB ", "streets": "Acacia Road ", "addresses": ADDRESS + "\n", "names": "Margaret Doering ",
    "ranges": "12-14 ", "tags": "<b>", "attributes": "<a b='", "entities": "&amp;", "code points": "\\u0041",
    "octets": "=20a", "soft ends": "=\n", "escaped escapes": "%2541", "fields": "{'a':", "quotes": "'", "bars": "|a",
    "labels": "Lane: 1\n", "cells": "Acacia Road\t12\n", "tabs": "\t", "gaps": "   a   b\n", "overrides": "\u202e",
    "turned letters": "\u202ea\u202c", "backwards": "daor\n", "read out": "oh ", "doubled": "double ",
    "misread": "9oo ", "pieces of postcodes": "TN23 ", "other pieces": "1AB ", "digits apart": "1 2 ",
    "glued": "acaciaroadx ", "Roman digits": "no xxvii ", "particles": "Mc Doering ",
    "asides": "Margaret (Peg) Doering ", "marks": "a\u0301", "one letter a line": "T\nN\n2\n",
}  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_searched_in_linear_time(unit):
    text = unit * (100_000 // len(unit))

    found = search([segment(text)], REGISTER, scope=frozenset({"P-1", "P-2"}), whole=frozenset({"safe"}))

    assert found.is_complete
