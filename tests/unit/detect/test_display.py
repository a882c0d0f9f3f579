# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that runs from right to left is found as people read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.display import backwards, displayed

RLO, LRO, RLI, PDF, PDI = "\u202e", "\u202d", "\u2067", "\u202c", "\u2069"

TURNED = {
    "all of it": f"{RLO}XQ3 7FP ,eremtseW ,enaL rupskraL 72{PDF}",
    "to the end of the line": f"see {RLO}eremtseW ,enaL rupskraL 72",
    "one word": f"27 {RLO}rupskraL{PDF} Lane, Westmere",
    "in an isolate": f"{RLI}{RLO}enaL rupskraL 72{PDF}{PDI}",
    "turned back inside": f"{RLO}enaL {LRO}Larkspur{PDF} 72{PDF}",
    "each line": f"{RLO}enaL rupskraL 72{PDF}\n{RLO}eremtseW{PDF}",
    "street and number on two lines": f"27\n{RLO}enaL rupskraL{PDF}\nWestmere",
}


@pytest.mark.parametrize("text", TURNED.values(), ids=TURNED.keys())
def test_an_address_after_an_override_is_certain(text, in_scope, in_whole):
    assert in_scope(text).strongest("address") == "certain"
    assert in_whole(text).strongest("address") == "certain"


@pytest.mark.parametrize("text", TURNED.values(), ids=TURNED.keys())
def test_a_neighbour_after_an_override_is_not(text, in_whole):
    assert in_whole(text.replace("72", "92").replace("27", "29")).findings == ()


def test_a_phone_half_turned_round_is_certain_at_its_place(in_whole):
    found = in_whole(f"ring 07700 {RLO}321009{PDF} now")

    assert found.strengths("phone") == ["certain"]
    assert found.cut_out("phone") == [f"07700 {RLO}321009"]


def test_an_override_that_hides_nothing_makes_no_second_finding(in_scope):
    assert len(in_scope(f"{LRO}27 Larkspur Lane{PDF}, Westmere {RLO}nothing{PDF}").findings) == 1


def test_hidden_html_direction_is_found_once_the_reader_gives_it_as_an_override(in_whole):
    """`<bdo dir=rtl>` as a reader has to give it: text between U+202E and U+202C."""
    assert in_whole(f"Her home: {RLO}eremtseW ,enaL rupskraL 72{PDF}.").strongest("address") == "certain"


@pytest.mark.parametrize("text", ["ENAL RUPSKRAL 72", "eremtseW ,enaL rupskraL 72", "eremtseW\nenaL rupskraL 72"])
def test_a_street_spelt_backwards_is_certain(text, in_whole):
    assert in_whole(f"hello\n{text}").strongest("address") == "certain"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("XQ3 7FP", id="postcode"),
        pytest.param("gnireoD teragraM", id="name"),
        pytest.param("72 rupskraL", id="street without its type"),
    ],
)
def test_what_has_no_street_type_is_not_looked_for_backwards(text, in_scope):
    """Nothing in it says that it runs backwards, and to search every text twice costs twice as much."""
    assert in_scope(text).findings == ()


def test_a_text_without_overrides_is_displayed_as_it_stands():
    assert displayed("27 Larkspur Lane \u200f(\u202a") is None
    assert backwards("27 Larkspur Lane", {"27", "larkspur", "lane"}) is None


def test_runs_inside_runs_are_displayed_as_the_bidirectional_algorithm_says():
    """UAX #9, L2: each run keeps its own direction, and takes its place in the one around it."""
    rendering = displayed(f"a{RLO}bc{LRO}de{PDF}fg{PDF}h")

    assert rendering.text == "agfdecbh\n"


def test_unheard_codes_and_lone_ends_do_no_harm():
    assert displayed(RLO * 500 + "abc" + PDF * 900 + "d").text == "cbad\n"


@given(st.text(alphabet=f"ab1 \n{RLO}{LRO}{RLI}{PDF}{PDI}", max_size=60))
def test_every_visible_character_is_displayed_once(text):
    rendering = displayed(text + f"\n{RLO}x")
    shown = [(text + f"\n{RLO}x")[offset] for offset in rendering.offsets[:-1]]

    assert [sign for sign in rendering.text if sign != "\n"] == [
        sign for sign, own in zip(shown, rendering.text, strict=True) if own != "\n"
    ]
    assert len(set(rendering.offsets[:-1])) >= len([sign for sign in rendering.text if sign != "\n"])
