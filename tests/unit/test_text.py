# SPDX-License-Identifier: GPL-3.0-or-later
"""Folding gives one spelling to all ways of writing the same words, and knows the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.text import fold, folded

INVISIBLE = ["\u200b", "\u200c", "\u200d", "\u00ad", "\u202e", "\u2066", "\ufeff", "\u034f", "\u115f", "\x00", "\ufe0f"]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        pytest.param("Acacia ROAD", "acacia road", id="case"),
        pytest.param("Ａｃａｃｉａ　１２", "acacia 12", id="full width"),
        pytest.param("Àçácïâ", "acacia", id="accents"),
        pytest.param("A\u0301cacia", "acacia", id="combining marks"),
        pytest.param("Асасіа", "acacia", id="Cyrillic look-alikes"),
        pytest.param("ΑΚΤΟΗ", "aktoh", id="Greek capitals"),
        pytest.param(
            "ﬁeld Straße Łódź Æsc", "field strasse lodz aesc", id="ligatures and letters without decomposition"
        ),
        pytest.param("١٢", "12", id="digits of other scripts"),
        pytest.param("①②½", "121/2", id="circled digits and fractions"),
        pytest.param("🄰🅰🅐🇦", "aaaa", id="letters in boxes"),
        pytest.param("12–14 O’Brien", "12-14 o'brien", id="dashes and quotes"),
        pytest.param("a\u00a0b\u2003c\u2028d", "a b c\nd", id="spaces and line ends"),
        pytest.param("Aca-\n  cia", "acacia", id="hyphen at a line end"),
        pytest.param("> Aca-\r\n> cia", "> acacia", id="hyphen at a quoted line end"),
        pytest.param("12-\n14", "12-\n14", id="a range over a line end stays one"),
        pytest.param("한국", "한국", id="other scripts stay readable"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_writing_is_folded_to_its_plain_spelling(written, plain):
    assert folded(written) == plain


@pytest.mark.parametrize("sign", INVISIBLE, ids=[f"U+{ord(sign):04X}" for sign in INVISIBLE])
def test_what_cannot_be_seen_is_removed(sign):
    assert folded(sign.join("Acacia")) == "acacia"


def test_percent_escapes_are_decoded_only_where_asked():
    assert fold("12%20Caf%C3%A9", percent=True).text == "12 cafe"
    assert fold("12%20Caf%C3%A9").text == "12%20caf%c3%a9"


def test_broken_percent_escapes_are_harmless():
    assert fold("100%zz %c3 %", percent=True).text.startswith("100%zz ")


@pytest.mark.parametrize(
    ("written", "word", "cut_out"),
    [
        pytest.param("at 12 Aca\u200bcia Road", "acacia", "Aca\u200bcia", id="inserted sign"),
        pytest.param("the ﬁeld gate", "field", "ﬁeld", id="one character that became two"),
        pytest.param("on Aca-\n  cia Road", "acacia", "Aca-\n  cia", id="joined line end"),
        pytest.param("q=Acacia%20Road%2C", "acacia road", "Acacia%20Road", id="escapes"),
        pytest.param("q=%41cacia", "acacia", "%41cacia", id="escaped letter"),
    ],
)
def test_a_span_leads_back_to_the_source(written, word, cut_out):
    plain = fold(written, percent=True)
    start = plain.text.index(word)

    first, last = plain.source_span(start, start + len(word))

    assert written[first:last] == cut_out


@given(st.text(), st.booleans())
def test_offsets_never_decrease_and_stay_inside_the_source(text, percent):
    plain = fold(text, percent=percent)
    offsets = list(plain.offsets)

    assert len(offsets) == len(plain.text) + 1
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(text)
    assert all(0 <= offset < len(text) for offset in offsets[:-1])


@given(st.text())
def test_every_folded_character_comes_from_the_source_character_at_its_offset(text):
    """Without joined line ends, folding character by character gives the same text."""
    plain = fold(text.replace("-", ""))
    source = text.replace("-", "")

    assert "".join(folded(source[offset]) for offset in dict.fromkeys(plain.offsets[:-1])) == plain.text


@given(st.text(alphabet=st.characters(codec="ascii")), st.sampled_from(INVISIBLE), st.data())
def test_an_invisible_character_changes_nothing(text, sign, data):
    place = data.draw(st.integers(0, len(text)))

    assert folded(text[:place] + sign + text[place:]) == folded(text)


@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="µ")))
def test_case_changes_nothing(text):
    """The micro sign is left out: its capital is a Greek letter that looks like another Latin one."""
    assert folded(text.upper()) == folded(text) == folded(text.lower())
