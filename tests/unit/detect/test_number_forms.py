# SPDX-License-Identifier: GPL-3.0-or-later
"""Check digits, by published examples: what passes, and that nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect import number_forms


@pytest.mark.parametrize("number", ["9434765919", "9876543210", "9449305552", "9990000018"])
def test_published_nhs_numbers_pass(number):
    assert number_forms.is_nhs_number(number)


@given(st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_no_nhs_number(place, change):
    """The weights are prime to 11, so no slip of one digit goes unseen."""
    digits = list("9434765919")
    digits[place] = str((int(digits[place]) + change) % 10)

    assert not number_forms.has_check_digit("".join(digits))


def test_one_repeated_digit_is_nobodys_number():
    assert not number_forms.has_check_digit("4444444444")


@pytest.mark.parametrize("timestamp", ["1037000003", "1037000011", "1699999991"])
def test_seconds_since_1970_are_below_the_range_of_nhs_numbers(timestamp):
    passing = [str(int(timestamp) + n) for n in range(23) if number_forms.has_check_digit(str(int(timestamp) + n))]

    assert passing  # one in eleven has the check digit
    assert not any(map(number_forms.is_nhs_number, passing))


@pytest.mark.parametrize("first_six", ["010190", "311299", "290296"])
def test_a_chi_number_begins_with_a_birth_date_and_is_no_nhs_number(first_six):
    numbers = [n for last in range(10_000) if number_forms.has_check_digit(n := f"{first_six}{last:04}")]

    assert numbers
    assert all(map(number_forms.is_chi, numbers))
    assert not any(map(number_forms.is_nhs_number, numbers))


@pytest.mark.parametrize("first_six", ["320190", "311190", "001299", "300290"])
def test_no_birth_date_is_no_chi_number(first_six):
    assert not any(number_forms.is_chi(f"{first_six}{last:04}") for last in range(10_000))


@pytest.mark.parametrize("prefix", ["BG", "GB", "KN", "NK", "NT", "TN", "ZZ", "DA", "FA", "IA", "UA", "VA", "AO", "QA"])
def test_prefixes_that_were_never_given_are_no_national_insurance_numbers(prefix):
    assert not number_forms.is_nino(f"{prefix}123456C")


@pytest.mark.parametrize("prefix", ["QQ", "AB", "JK", "WA", "ZY"])
def test_prefixes_of_national_insurance_numbers(prefix):
    assert number_forms.is_nino(f"{prefix}123456C")


@pytest.mark.parametrize("published", ["2003/0062845E", "1981/0154257C", "1979/0163001B", "2008/0056560Z", "12/24H"])
def test_published_identifiers_of_the_police_computer_pass_and_no_other_letter_does(published):
    letters = [letter for letter in "ABCDEFGHJKLMNPQRTUVWXYZ" if number_forms.is_pnc(published[:-1] + letter)]

    assert letters == [published[-1]]


@pytest.mark.parametrize(
    "published", ["97/1626/008395Q", "12/2732/000015R", "12/2732/000030H", "12/2732/000041V", "13/2732/000001U"]
)
def test_published_court_case_references_pass_and_no_other_letter_does(published):
    letters = [letter for letter in "ABCDEFGHJKLMNPQRTUVWXYZ" if number_forms.is_court_case(published[:-1] + letter)]

    assert letters == [published[-1]]


def test_letters_among_digits_are_read_as_the_digits_they_are_taken_for_and_words_are_left():
    assert number_forms.read_again("943 476 59I9, S66 and Ill in Bolton") == "943 476 5919, 566 and Ill in Bolton"
