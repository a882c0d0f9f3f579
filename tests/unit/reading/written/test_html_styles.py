# SPDX-License-Identifier: GPL-3.0-or-later
"""Style declarations: what hides, colours, moves and adds text; nothing else, and never an exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.model import Visibility
from safehold.reading.written import html_styles
from safehold.reading.written.html_styles import NOTHING, UNKNOWN, Layout, Sheet, alike, colour, merged, parse


@pytest.mark.parametrize(
    ("value", "rgb"),
    [
        ("white", (255, 255, 255)),
        ("#FFF", (255, 255, 255)),
        ("fff", (255, 255, 255)),
        ("#003366", (0, 51, 102)),
        ("#00336680", (0, 51, 102)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("rgba(1 2 3 / 50%)", (1, 2, 3)),
        ("rgb(999,2,3)", (255, 2, 3)),
        ("url(x.png)", UNKNOWN),
        ("papayawhip", UNKNOWN),
    ],
)
def test_colours(value, rgb):
    assert colour(value) == rgb


def test_colours_that_nobody_knows_are_like_none():
    assert not alike(UNKNOWN, UNKNOWN)
    assert alike((255, 255, 255), (250, 250, 250))
    assert not alike((255, 255, 255), (200, 255, 255))


@pytest.mark.parametrize(
    "style", ["", "font-family: Arial", "margin: 0 auto", "color: inherit", "display: inline", "x", ";;:;", "order: 0"]
)
def test_what_changes_nothing_is_nothing(style):
    assert parse(style) is NOTHING


@pytest.mark.parametrize(
    ("style", "hiding"),
    [
        ("display:none", Visibility.HIDDEN),
        ("display:none !important", Visibility.HIDDEN),
        ("DISPLAY : NONE", Visibility.HIDDEN),
        ("opacity:.05", Visibility.HIDDEN),
        ("clip: rect(0,0,0,0)", Visibility.HIDDEN),
        ("clip-path: inset(100%)", Visibility.HIDDEN),
        ("left:-9999px", Visibility.OFF_PAGE),
        ("margin-left: -100em", Visibility.OFF_PAGE),
        ("font: 0/0 a", Visibility.TINY),
        ("font-size: 0.01em", Visibility.TINY),
        ("opacity:1", None),
        ("left:-20px", None),
        ("font: bold 12px/14px Arial", None),
        ("max-height: 100px", None),
    ],
)
def test_hiding(style, hiding):
    assert parse(style).hiding is hiding


def test_what_one_style_hides_no_other_shows():
    assert merged((parse("display:none"), parse("display:block"))).hiding is Visibility.HIDDEN
    assert merged((parse("color:red"), parse("color:blue"))).colour == (0, 0, 255)


@pytest.mark.parametrize(
    ("style", "layout"),
    [
        ("display:flex", Layout.ROW),
        ("flex-direction:row-reverse", Layout.REVERSED),
        ("float:right", Layout.FLOAT),
        ("float:left", None),
        ("position:absolute;left:3px", Layout.PLACED),
        ("position:relative", None),
        ("position:relative;top:2px", Layout.MOVED),
        ("transform:scaleX(-1)", Layout.MOVED),
    ],
)
def test_layout(style, layout):
    assert parse(style).layout is layout


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        (".a{display:none}", True),
        ("p .a , b{display:none}", True),
        ("td.a{display:none}", True),
        ("@media screen{.a{display:none}}", True),
        ("@media print{.a{display:none}}", False),
        ("@media print{.b{color:red}} .a{display:none}", True),
        ("@import 'x'; .a{display:none}", True),
        ("<!-- .a{display:none} -->", True),
        ("/* x */.a{/* y */display:none}", True),
        (".a:hover{display:none}", False),
        (".ab{display:none}", False),
    ],
)
def test_a_sheet_is_asked_by_class(sheet, found):
    style = Sheet(f"<style type='text/css'>{sheet}</style>").of("td", "x a", "")

    assert (style.hiding is Visibility.HIDDEN) is found


def test_text_of_a_sheet_stands_before_and_after():
    sheet = Sheet(
        r"<style>.a::before{content:'\32\37 ' attr(title)} #b:after{content:\"x\"}</style>".replace('\\"', '"')
    )

    assert sheet.of("p", "a", "").before == "27\ue000title\ue001"
    assert sheet.of("p", "", "b").after == "x"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}:;.#@/*\\\"'()-% \nabcdisplynone0159px", max_size=120))
def test_no_style_raises(text):
    parse(text)
    Sheet(f"<style>{text}</style>").of("p", "a b", "c")
    html_styles.content(text)
    html_styles.unescape(text)
