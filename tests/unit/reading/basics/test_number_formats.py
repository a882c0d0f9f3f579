# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats of numbers: what a person sees, and which formats show nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.reading.basics import number_formats


@pytest.mark.parametrize(
    ("raw", "code", "shown"),
    [
        ("7700900123", "00000 000000", "07700 900123\t7700900123"),
        ("123456789", "000-00-0000", "123-45-6789\t123456789"),
        ("0", "000", "000\t0"),
        ("123", "0", "123"),
        ("123", "@", "123"),
        ("-5", "0;;;", "-5"),
        ("7700900123", "000", "7700900123"),
        ("36525", "d-mmm-yy", "31-Dec-99\t1999-12-31"),
        ("36525.5", "[$-809]dddd, d mmmm yyyy h:mm AM/PM;@", "Friday, 31 December 1999 12:00 PM\t1999-12-31"),
        ("36525", "yyyy-mm-dd", "1999-12-31"),
        ("36525", "mmm-yy", "Dec-99\t1999-12-31"),
        ("1", "d/m/yyyy", "1/1/1900\t1900-01-01"),
        ("61", "d/m/yyyy", "1/3/1900\t1900-03-01"),
        ("0.75", "h:mm:ss", "18:00:00"),
        ("0.5", "mm:ss", "00:00"),
        ("5", "[h]:mm", "120:00"),
        ("-1", "d/m/yyyy", "-1"),
        ("2958466", "d/m/yyyy", "2958466"),
        ("19.9", '0.00" dollars"', "19.90 dollars\t19.9"),
        ("12.50", "0.0#", "12.5"),
        ("2.5", "# ?/?", "2 1/2\t2.5"),
        ("-2.5", "# ?/?", "-2 1/2\t-2.5"),
        ("12.3333333333", "# ??/??", "12 1/3\t12.3333333333"),
        ("0.25", "# ?/?", "1/4\t0.25"),
        ("12", "# ?/?", "12"),
        ("2.5", "# ?/16", "2 8/16\t2.5"),
        ("2.5", "?/?", "5/2\t2.5"),
        ("19.99", '0\\ "dollars and"\\ .00\\ "cents"', "19 dollars and .99 cents\t19.99"),
        ("19.99", '0.00" dollars and cents"', "19.99 dollars and cents\t19.99"),
        ("12345", "0.00E+00", "12345"),
        ("words", "0.00", "words"),
        ("1e999", "0.00", "1e999"),
        ("nan", "0.00", "nan"),
    ],
)
def test_a_number_is_shown(raw, code, shown):
    assert number_formats.shown(raw, code) == shown


@pytest.mark.parametrize(
    ("code", "raw", "hidden"),
    [
        (";;;", "5", True),
        (";;;", "-5", True),
        ("0;;;", "5", False),
        ("0;;;", "-5", True),
        ('"x"', "5", True),
        ('0;" "', "-5", True),
        ("0;-0;;@", "0", False),
        ("General", "5", False),
        ("", "5", False),
        ('_-* "-"??', "5", False),
        ("dd/mm/yyyy", "5", False),
    ],
)
def test_which_formats_show_nothing_of_a_number(code, raw, hidden):
    assert number_formats.hides_number(code, raw) is hidden


@pytest.mark.parametrize(
    ("code", "hidden"), [(";;;", True), (";;", False), ("0;0;0;", True), ("0;0;0;@", False), ('0;0;0;"x"', True)]
)
def test_which_formats_show_nothing_of_a_text(code, hidden):
    assert number_formats.hides_text(code) is hidden


@given(st.integers(-(10**18), 10**18))
def test_whole_numbers_stay_as_they_are(number):
    assert number_formats.as_whole(str(number)) == str(number)


@given(st.text(st.characters(exclude_characters="ymdhsYMDHS"), max_size=40), st.floats() | st.integers())
def test_the_number_itself_is_kept_whatever_shows_it(code, number):
    """A date is the one exception: nobody searches for the count of its days."""
    plain = number_formats.as_whole(repr(number))

    assert plain in number_formats.shown(repr(number), code).split("\t")


@given(st.text(max_size=300), st.text(max_size=40))
def test_nothing_is_too_odd_to_be_shown(code, raw):
    number_formats.shown(raw, code)
    number_formats.hides_number(code, raw)
    number_formats.hides_text(code)


@pytest.mark.parametrize(
    ("number", "value"), [(0x40590001, 1.0), (1 << 2 | 2, 1.0), (0xFFFFFFFE, -1.0), (100 << 2 | 3, 1.0)]
)
def test_the_four_kinds_of_short_numbers(number, value):
    assert number_formats.packed(number) == value
