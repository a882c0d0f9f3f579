# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in pieces over several places of one message is put together, for people in scope alone."""

import pytest

from safehold.detect.people import find
from safehold.model import PartPath, Place, PlaceKind, Segment, Visibility
from safehold.register.index import Register
from safehold.register.people import Kind, Person, Value

SUBJECT, BODY, TEXT, FILENAME = PlaceKind.SUBJECT, PlaceKind.BODY, PlaceKind.TEXT, PlaceKind.FILENAME
HEADER = PlaceKind.HEADER


def message(*places, part_of_body=("1",)):
    """Return the segments of a message: (kind, text), each text or file name of a part of its own but the body's."""
    segments = []
    for number, (kind, text) in enumerate(places, 2):
        part = {SUBJECT: (), HEADER: (), BODY: part_of_body}.get(kind, (f"{number}",))
        segments.append(Segment(Place(PartPath(part), kind), text))
    return segments


SPLIT = {
    "number in the body, street in an attachment": [(BODY, "House number 27"), (TEXT, "Larkspur Lane")],
    "street and number at the ends of two attachments": [(TEXT, "The number is 27"), (TEXT, "Larkspur Lane is it.")],
    "in the other order": [(TEXT, "It is in Larkspur Lane"), (TEXT, "27, Westmere")],
    "a street cut in two": [(TEXT, "27 Lark"), (TEXT, "spur Lane")],
    "a postcode cut in two": [(TEXT, "it is PF7"), (TEXT, "3QX")],
    "street and town": [(TEXT, "The keys to Larkspur Lane are here."), (TEXT, "She has moved to Westmere now.")],
    "street in the body, town in an attachment": [
        (BODY, "The flat in Larkspur Lane is ready for her and the girls."),
        (TEXT, "We have found a school in Westmere for the older girl."),
    ],
    "a number that is called one": [
        (BODY, "It is house number 27, and the landlord has the keys. Please come early."),
        (TEXT, "Inventory of the flat in Larkspur Lane, two rooms, one kitchen, with all that is in them."),
    ],
    "number and half the street in a file name": [(BODY, "Lane, Westmere"), (FILENAME, "27 Larkspur.docx")],
    "a street cut in two in file names": [(FILENAME, "27 Lark.txt"), (FILENAME, "spur Lane.txt")],
    "street in a file name, town in the body": [(BODY, "She is in Westmere now."), (FILENAME, "Larkspur Lane.pdf")],
    "the end of the body and the subject": [(SUBJECT, "Larkspur Lane"), (BODY, "Hello,\n\nplease see number 27")],
}


@pytest.mark.parametrize("places", SPLIT.values(), ids=SPLIT.keys())
def test_an_address_split_over_places_of_a_message_is_likely_and_says_so(places, in_scope):
    found = in_scope(message(*places))

    assert max(found.strengths("address") + found.strengths("postcode")) == "likely"


def test_the_finding_names_both_places_and_points_at_the_street(in_scope):
    segments = message((BODY, "She has moved to Westmere now."), (TEXT, "The keys to Larkspur Lane are here."))

    found = in_scope(segments)

    (finding,) = found.findings
    assert found.cut_out("address") == ["Larkspur Lane"]
    assert "over two places" in finding.why
    assert "the body" in finding.why
    assert "an attachment" in finding.why


def test_a_finding_at_the_ends_of_two_places_points_at_the_larger_piece(in_scope):
    found = in_scope(message((BODY, "House number 27"), (TEXT, "Larkspur Lane is it.")))

    assert found.cut_out("address") == ["Larkspur Lane"]
    assert "over two places (the body and an attachment)" in found.findings[0].why


NOTHING_MORE = {
    "the same place": [(BODY, "Larkspur Lane is lovely. " + "We talk about other things. " * 8 + "Then to Westmere.")],
    "the town of another address": [(BODY, "4 Mill Road, Westmere"), (TEXT, "roadworks in Larkspur Lane")],
    "another town beside the street": [(BODY, "She is in Westmere."), (TEXT, "Larkspur Lane, Dundee")],
    "another number": [(BODY, "House number 29"), (TEXT, "Larkspur Lane")],
    "another number beside the street": [(BODY, "She is in Westmere."), (TEXT, "We are in 29 Larkspur Lane")],
    "the town in a header": [(HEADER, "Westmere Housing"), (TEXT, "Larkspur Lane")],
    "a number that is no house's": [(BODY, "Page 27 of it"), (TEXT, "We were in Larkspur Lane yesterday.")],
    "a street and a number in mid-text": [
        (BODY, "There are 27 of them, and more will come when spring is here, or so they say."),
        (TEXT, "On Monday we saw somebody in Larkspur Lane, and talked to the neighbours there."),
    ],
}


@pytest.mark.parametrize("places", NOTHING_MORE.values(), ids=NOTHING_MORE.keys())
def test_what_is_not_of_one_address_stays_a_hint_at_the_most(places, in_scope):
    assert set(in_scope(message(*places)).strengths("address")) <= {"hint"}


def test_an_alternative_of_the_body_is_not_another_place(in_scope):
    text = "Larkspur Lane is lovely. " + "We talk about other things. " * 8 + "Then to Westmere."
    shown = Segment(Place(PartPath(("2",)), BODY), text)
    plain = Segment(Place(PartPath(("1",)), BODY), text, Visibility.ALTERNATIVE)

    assert set(in_scope([shown, plain]).strengths("address")) == {"hint"}


@pytest.mark.parametrize("places", SPLIT.values(), ids=SPLIT.keys())
def test_nothing_is_put_together_in_a_search_of_the_whole_register(places, in_whole):
    assert in_whole(message(*places)).findings == ()


def test_a_phone_split_over_two_attachments_is_likely(in_scope):
    found = in_scope(message((TEXT, "ring 07700 900"), (TEXT, "123 is the rest")))

    assert found.strengths("phone") == ["likely"]


def test_evidence_for_two_people_is_not_mixed():
    people = [
        Person("P-1", "safe", values=(Value(Kind.ADDRESS, "27 Larkspur Lane, Westmere PF7 3QX"),)),
        Person("P-2", "safe", values=(Value(Kind.ADDRESS, "5 Bracken Hill Road, Oakham Magna LE99 9ZZ"),)),
    ]
    segments = message((BODY, "The keys to Larkspur Lane are here."), (TEXT, "She is in Oakham Magna, house number 5."))

    found = find(segments, Register.build(people), scope=frozenset({"P-1", "P-2"}), whole=frozenset())

    assert {(finding.person, finding.strength.value) for finding in found} == {("P-1", "hint")}


def test_many_small_parts_are_no_trouble(in_scope):
    places = [(TEXT, f"part {number} of Larkspur Lane") for number in range(300)]

    assert set(in_scope(message(*places, (TEXT, "in Westmere"))).strengths("address")) == {"likely"}


def test_where_another_house_of_the_street_is_named_nothing_is_added(in_scope):
    surgery = (TEXT, "Larkspur Lane Surgery\n\n29 Larkspur Lane, E13 0LN")

    assert set(in_scope(message((BODY, "She is in Westmere."), surgery)).strengths("address")) <= {"hint"}


def test_a_town_at_the_end_of_one_place_adds_nothing_to_a_street_with_another_postcode_in_the_next(in_scope):
    segments = message((BODY, "Regards\nWestmere\nTel 01632 960000"), (TEXT, "27 Larkspur Road, E13 0LN"))

    assert not any("two places" in finding.why for finding in in_scope(segments).findings)
