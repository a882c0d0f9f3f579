# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of files, one a line
"""Code pages by number."""

import codecs

import pytest

from safehold.reading.basics import codepages


@pytest.mark.parametrize(
    ("number", "raw", "text"),
    [(1252, b"\x80", "\u20ac"), (65001, b"\xc3\xa9", "\u00e9"), (936, b"\xb2\xe2", "\u6d4b"), (10000, b"\x8e", "\u00e9"),
     (1200, b"a\0", "a"), (28605, b"\xa4", "\u20ac"), (20127, b"\xe9", "\u00e9")],
)  # fmt: skip
def test_a_code_page_is_the_codec_of_python(number, raw, text):
    assert raw.decode(codepages.codec(number)) == text


@pytest.mark.parametrize("number", [-1, 0, 1, 4_711, 99_999, 2**31])
def test_an_unknown_number_is_windows_1252(number):
    assert codepages.codec(number) == "cp1252"


def test_every_character_set_of_a_font_has_a_codec():
    for number in codepages.CHARACTER_SETS.values():
        codecs.lookup(codepages.codec(number))


@pytest.mark.parametrize(
    ("language", "number"), [(0x0809, 1252), (0x0452, 1252), (0x0419, 1251), (0x0804, 936), (0x0404, 950)]
)
def test_a_language_has_the_code_page_of_its_script(language, number):
    assert codepages.of_language(language) == number
