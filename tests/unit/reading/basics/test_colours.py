# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours that hide text."""

import pytest

from safehold.model import Visibility
from safehold.reading.basics import colours


@pytest.mark.parametrize(
    ("text", "ground", "hiding"),
    [
        ("FFFFFF", "FFFFFF", Visibility.WHITE),
        ("FEFEFE", "#ffffff", Visibility.WHITE),
        ("000000", "FF000000", Visibility.COVERED),
        ("101010", "000000", Visibility.COVERED),
        ("FFFFFF", "000000", None),
        ("000000", "FFFFFF", None),
        ("808080", "FFFFFF", None),
        ("FFFFFF", "1F497D", None),
        ("FFFF00", "FFFFFF", Visibility.WHITE),
    ],
)
def test_text_is_hidden_by_its_colour(text, ground, hiding):
    assert colours.hiding(colours.rgb(text), colours.rgb(ground)) is hiding


@pytest.mark.parametrize("text", ["", "auto", "FFF", "red", "#12345", "FFFFFFFFF"])
def test_what_is_no_colour_is_none(text):
    assert colours.rgb(text) is None


@pytest.mark.parametrize(
    ("tint", "colour"), [(0.0, 0x808080), (1.0, 0xFFFFFF), (-1.0, 0), (9.0, 0xFFFFFF), (0.5, 0xC0C0C0)]
)
def test_tints(tint, colour):
    assert colours.tinted(0x808080, tint) == colour
