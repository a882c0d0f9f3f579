# SPDX-License-Identifier: GPL-3.0-or-later
"""Escapes and markup hide nothing: what they say is found, at its place in the text as it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.unpacking import unpacked

CERTAIN = {
    "pieces of XML": "<n>27</n><s>Larkspur Lane</s><p>PF7 3QX</p>",
    "words of XML": "<n>27</n><s>Larkspur</s><t>Lane</t><p>PF7</p><q>3QX</q>",
    "fields and values of XML": "<f><n>House number</n><v>27</v></f><f><n>Street</n><v>Larkspur Lane</v></f>"
    "<f><n>Town</n><v>Westmere</v></f>",
    "attributes of XML": '<home house="27" street="Larkspur Lane" code="PF7 3QX"/>',
    "tags inside words": "27 Lark<b>spur</b> L<i>an</i>e",
    "JSON": '{"house":27,"street":"Larkspur Lane","town":"Westmere"}',
    "JSON over lines": '{\n  "house": "27",\n  "street": "Larkspur Lane",\n  "postcode": "PF7 3QX"\n}',
    "JSON with numbered lines": '{"line1":"27","addressLine2":"Larkspur Lane","line 3":"Westmere"}',
    "line ends in JSON": '{"address":"27 Larkspur Lane\\nWestmere\\nPF7 3QX"}',
    "letters in JSON": "27 \\u004carkspur L\\u0061ne",
    "letters in a program": "27 \\x4carkspur \\u{4c}ane",
    "letters in rich text": "27 \\'4carkspur Lane",
    "entities": "27 &#76;arkspur &#x4c;ane, Westmere",
    "named entities": "27&nbsp;Larkspur&NonBreakingSpace;Lane",
    "entities of entities": "27 &amp;#76;arkspur Lane",
    "percent": "27%20Larkspur%20Lane",
    "percent of percent": "27%2520Larkspur%2520Lane",
    "plus": "?q=27+Larkspur+Lane",
    "quoted-printable": "27=20Larkspur=20Lane,=20West=\nmere",
    "quoted-printable letters": "27 =4Carkspur Lane",
    "quoted-printable line end": "27 Lark=\r\nspur Lane",
    "encoded word": "=?utf-8?q?27_Larkspur_Lane?=",
    "signs for letters": "27 L@rkspur L@ne",
    "other signs for letters": "27 Lark$pur Lane, Westm€re",
    "bar for a letter": "27 |arkspur Lane",
}


@pytest.mark.parametrize("text", CERTAIN.values(), ids=CERTAIN.keys())
def test_an_address_behind_escapes_is_certain(text, in_scope, in_whole):
    assert in_scope(text).strongest("address") == "certain"
    assert in_whole(text).strongest("address") == "certain"


@pytest.mark.parametrize("text", CERTAIN.values(), ids=CERTAIN.keys())
def test_a_neighbour_behind_escapes_is_never_certain(text, in_scope, in_whole):
    neighbour = text.replace("27", "29")

    assert in_scope(neighbour).strongest("address") != "certain"
    assert in_whole(neighbour).findings == ()


POSTCODES = ["\\u0050F7 3QX", "&#80;F7 3QX", "PF7&#32;3QX", "PF7=203QX", "PF7%203QX", "<a>PF7</a><b>3QX</b>"]


@pytest.mark.parametrize("code", POSTCODES)
def test_a_postcode_behind_escapes_is_likely_in_scope_at_its_place(code, in_scope):
    found = in_scope(f"She is at {code} now.")

    assert found.strengths("postcode") == ["likely"]
    assert found.cut_out("postcode")[0] in code
    assert found.cut_out("postcode")[0].endswith("3QX")


@pytest.mark.parametrize(
    "text", ["jane&#64;example.org", "jane\\u0040example.org", "jane=40example.org", "jane%40example.org"]
)
def test_a_mail_address_behind_escapes_is_certain(text, in_whole):
    assert in_whole(f"write to {text} soon").strengths("email") == ["certain"]


@pytest.mark.parametrize("text", ['{"first":"Margaret","last":"Doering"}', "<f>Margaret</f><l>Doering</l>"])
def test_a_name_in_two_fields_is_likely(text, in_scope):
    assert in_scope(text).strengths("name") == ["likely"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("27 Larkspur Lane <br> &amp; more", id="beside an escape"),
        pytest.param("<p>27 Larkspur Lane</p>", id="between tags"),
        pytest.param('{"x":"27 Larkspur Lane, Westmere PF7 3QX"}', id="in one field"),
    ],
)
def test_what_the_text_itself_says_is_not_said_twice(text, in_scope):
    assert len(in_scope(text).findings) == 1


def test_a_structured_attachment_is_read_so(read, in_whole):
    content = b'<?xml version="1.0"?><r><house>27</house><street>Larkspur Lane</street><town>Westmere</town></r>'

    assert in_whole(read(content, "a.xml").segments).strongest("address") == "certain"


@pytest.mark.parametrize("text", ["MjcgTGFya3NwdXIgTGFuZSwgV2VzdG1lcmU=", "3237204c61726b73707572204c616e65"])
def test_base64_and_hexadecimal_in_a_text_are_not_undone(text, in_scope):
    """Every token of every link would have to be tried; nobody sends one by accident."""
    assert in_scope(text).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "See https://maps.example/?q=20&z=3D&page=45 and jane@example.org.",
        "=====\nA heading\n=====",
        "AT&T, R&D; 3 < 4 > 2",
        "Hello! (all of you)",
        "C:\\users\\Documents",
        "'it' is: so",
        "cost: $5 | £3",
    ],
)
def test_ordinary_mail_has_nothing_to_undo(text):
    assert unpacked(text) is None


PIECES = st.sampled_from(
    ["27", "Lark", "spur", "&#76;", "&#x110000;", "&amp;", "\\u00", "41", "\\ud83d", "\\n", "=20", "=FF", "=\n", "%25",
     "<b>",      "</b>", "<a b='", "'/>", '":', '"', "@", "$", "|", " ", "\n"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_text_is_undone_and_keeps_its_places(text):
    rendering = unpacked(text)

    if rendering is not None:
        assert len(rendering.offsets) == len(rendering.text) + 1
        assert all(0 <= offset <= len(text) for offset in rendering.offsets)
        assert list(rendering.joints) == sorted(set(rendering.joints))
