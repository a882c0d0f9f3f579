# SPDX-License-Identifier: GPL-3.0-or-later
"""Which words are none, in the languages and forms that pass through."""

import pytest

from safehold.reading.pictures.sense import sense


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Dear Ms Quill, thank you for your letter of 3 June 2025, which I read.", id="English"),
        pytest.param(
            "Annwyl Ms Quill, mae eich tŷ yn barod ac mae'r allweddi wrth y ddesg yn Llanrhystud.", id="Welsh"
        ),
        pytest.param("Szanowna Pani, mieszkanie przy ulicy Żwirki jest już gotowe, wstęp wolny.", id="Polish"),
        pytest.param("Surname: ________ First name: ........ NINO QQ123456C [ ] yes", id="a form"),
        pytest.param("CHECKING ACCOUNT MACKAY McKay O'Neill St. Mary's Ltd PO Box 20", id="names and capitals"),
        pytest.param("8,444.22 1,343.64 £20.00 12/06/2025 TN99 9ZZ 01632 960123", id="numbers"),
    ],
)
def test_words_and_numbers_make_sense(text):
    likely, odd = sense(text)

    assert odd <= 0.2 * likely


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ae ry fA | n= iieS ~ tO\nNy. a4 >\noe “Aly, WS-' fl", id="leaves"),
        pytest.param("YBaKaemaa rocnokKa Mbl padbl HOBaA KBapTU HegenbHuK KnW4n", id="another alphabet"),
    ],
)
def test_what_stands_for_writing_that_was_not_made_out_makes_none(text):
    likely, odd = sense(text)

    assert odd > likely


def test_nothing_is_neither():
    assert sense(" \n ") == (0, 0)
