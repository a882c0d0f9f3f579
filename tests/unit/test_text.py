# SPDX-License-Identifier: GPL-3.0-or-later
"""Folding gives one spelling to all ways of writing the same words, and knows the way back."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.text import cleaned, fold, folded

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
        pytest.param("㉗ ⓶⓻ ❷➐ ⒉⒎ ⑵⑺ 🄃", "27 27 27 27 27 2", id="numbers in circles, brackets and before stops"),
        pytest.param(
            "²⁷ ₂₇ ２７ 𝟐𝟕 𝟚𝟟 𝟸𝟽 ٢٧ २७", "27 27 27 27 27 27 27 27", id="small, wide, mathematical, foreign digits"
        ),
        pytest.param("2\ufe0f\u20e37\ufe0f\u20e3", "27", id="keys of a telephone"),
        pytest.param("𝓛𝕒𝔯𝗸𝙨𝚙ᵤʳ ⓛⒶ⒭🅚", "larkspur lark", id="letters of every fashion"),
        pytest.param("L\u0336a\u0337r\u20e0k", "lark", id="letters struck through"),
        pytest.param("a\u2800b\u3164c\U000e0041d", "a bcd", id="Braille blank, Hangul filler, tags"),
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


EVERYTHING = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]


def test_every_number_that_has_a_value_is_written_in_plain_digits():
    """Whatever a digit or a small number is drawn like: in a circle, in brackets, raised, of another script."""
    numbers = [sign for sign in EVERYTHING if unicodedata.category(sign) in {"Nd", "No"} and sign.isprintable()]
    whole = [sign for sign in numbers if "\u2044" not in unicodedata.normalize("NFKD", sign)]
    plain = {sign: unicodedata.numeric(sign) for sign in whole if unicodedata.numeric(sign) in range(100)}
    wrong = {sign: folded(sign) for sign, value in plain.items() if folded(sign) != str(int(value))}

    assert len(plain) > 1_000
    assert wrong == {}


def test_every_letter_that_decomposes_to_a_latin_one_is_written_as_it():
    wrong = [
        sign
        for sign in EVERYTHING
        if len(plain := unicodedata.normalize("NFKD", sign).strip("()").lower()) == 1
        and "a" <= plain <= "z"
        and folded(sign) != plain
    ]

    assert wrong == []


def test_nothing_that_cannot_be_seen_is_left():
    """Format signs, variation selectors, tags, marks and controls: none parts a word."""
    unseen = [
        sign
        for sign in EVERYTHING
        if unicodedata.category(sign) in {"Cf", "Mn", "Me"} or 0xE0000 <= ord(sign) < 0xE0FFF
    ]

    assert [sign for sign in unseen if folded(f"a{sign}b") != "ab"] == []


@given(
    st.sampled_from("ㅤ\u115f\u1160\uffa0\u034f\u061c\u180e\u2064\ufe0f\U000e0020\U000e01ef\u200b\u00ad"),
    st.text("ab1 ", max_size=9),
)
def test_a_sign_that_cannot_be_seen_changes_nothing_wherever_it_stands(sign, text):
    assert folded(sign.join(text)) == folded(text)


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


# -- cleaned ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        pytest.param("Ref\u200b No:\u00a0 AB", "Ref No: AB", id="invisible signs and wide blanks"),
        pytest.param("a \t b\u2003c", "a b c", id="runs of white space"),
        pytest.param("a\nb\r\nc", "a b c", id="line ends of a paragraph"),
        pytest.param("> a\n> b", "> a b", id="quoted lines"),
        pytest.param("a\n\n\nb\n> \n> c", "a\nb\nc", id="paragraphs"),
        pytest.param("AB-\n12", "AB-12", id="hyphen at a line end"),
        pytest.param("Ａｂ ﬁ ½ ①", "Ab fi 1⁄2 1", id="compatibility forms"),
        pytest.param("e\u0301 é É", "é é É", id="marks and case stay"),
        pytest.param("Асасіа, a.b", "Асасіа, a.b", id="look-alikes and punctuation stay"),
        pytest.param("x\ufe0f\u034f\U000e0041y\u2800z", "xy z", id="selectors, joiners, tags, Braille blank"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_text_is_cleaned_to_what_the_eye_takes(written, plain):
    assert cleaned(written).text == plain


@given(st.text(alphabet=st.characters() | st.sampled_from(" \t\n\r>-\u200b\u0301é")))
def test_the_way_back_from_a_cleaned_text_leads_into_the_source_in_order(text):
    clean = cleaned(text)
    offsets = list(clean.offsets)

    assert len(offsets) == len(clean.text) + 1
    assert offsets == sorted(offsets)
    assert all(0 <= offset < len(text) for offset in offsets[:-1])


@given(st.text(alphabet="aB1. é\n"))
def test_cleaning_twice_changes_no_more(text):
    once = cleaned(text).text

    assert cleaned(once.replace("\n", "\n\n")).text == once
