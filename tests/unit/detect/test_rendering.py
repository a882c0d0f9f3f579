# SPDX-License-Identifier: GPL-3.0-or-later
"""A rendering knows where it comes from, and what of it is news."""

from safehold.detect import addresses
from safehold.detect.rendering import Builder, Rendering
from safehold.detect.view import Joined, View
from safehold.register.addresses import AddressIndex, Entry, parse_address


def built():
    builder = Builder()
    builder.add("road", range(10, 14))
    builder.joint()
    builder.add("12", (30, 31))
    return builder.rendering()


def test_the_way_back_leads_to_the_smallest_span_that_holds_all():
    rendering = built()

    assert rendering.text == "road12"
    assert rendering.source_span(0, 4) == (10, 14)
    assert rendering.source_span(2, 6) == (12, 32)
    assert Rendering("abc", (5, 4, 3, 6)).source_span(0, 3) == (3, 6)


def test_only_what_holds_a_joint_is_news():
    rendering = built()

    assert rendering.is_news(2, 6)
    assert rendering.is_news(4, 6)
    assert not rendering.is_news(0, 4)
    assert Rendering("abc", range(4)).is_news(0, 1)


def test_a_wall_stands_between_pieces_and_not_at_the_ends():
    builder = Builder()
    builder.wall()
    builder.add("a", (0,))
    builder.wall()
    builder.add("b", (7,))
    rendering = builder.rendering()

    assert rendering.text[0] == "a"
    assert rendering.text[-1] == "b"
    assert len(rendering.text.split()) > 20
    assert len(rendering.offsets) == len(rendering.text) + 1


def test_no_evidence_reaches_over_a_wall(a_segment):
    """The number of one column and the street, town or postcode of another are not one address."""
    builder = Builder()
    for text in ("27", "Larkspur Lane", "Westmere", "PF7 3QX"):
        builder.wall()
        builder.add(text, range(len(text)))
    rendering = builder.rendering()
    segment = a_segment(rendering.text)
    view = View(Rendering(rendering.text, range(len(rendering.text) + 1)), Joined([(0, segment)]))
    index = AddressIndex([Entry("P-1", 0, parse_address("27 Larkspur Lane, Westmere PF7 3QX"))])

    found = addresses.find(view, index, deep=True, budget=addresses.Budget(100))

    assert {match.points for match in found} == {13.0, 20.0}  # street and type; the postcode
