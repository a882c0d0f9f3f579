# SPDX-License-Identifier: GPL-3.0-or-later
"""Names are taken apart and compared as people write them."""

import pytest

from safehold.register.names import Likeness, Name, find_surnames, forename_likeness, glued_forms, parse_name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        pytest.param("Jane Doe", Name(("jane",), ("doe",)), id="two words"),
        pytest.param("Mrs Jane Ann Doe", Name(("jane", "ann"), ("doe",)), id="title and middle name"),
        pytest.param("DOE, Jane", Name(("jane",), ("doe",)), id="surname first"),
        pytest.param("Jane Doe-Roe", Name(("jane",), ("doe", "roe")), id="double surname"),
        pytest.param("Jane O’Brien", Name(("jane",), ("obrien",)), id="apostrophe"),
        pytest.param("Doe", Name((), ("doe",)), id="one word"),
        pytest.param("Ludwig van der Berg", Name(("ludwig", "van", "der"), ("berg",)), id="particles"),
        pytest.param("Jane Mc Doering", Name(("jane",), ("mcdoering",)), id="Mc apart"),
        pytest.param("Mac Doering, Jane", Name(("jane",), ("macdoering",)), id="Mac apart, surname first"),
        pytest.param("Jane D Doe", Name(("jane", "d"), ("doe",)), id="middle initial"),
        pytest.param("", Name(), id="nothing"),
    ],
)
def test_a_name_is_taken_apart(written, name):
    assert parse_name(written) == name


@pytest.mark.parametrize(
    ("word", "likeness"),
    [
        ("margaret", Likeness.SAME),
        ("peggy", Likeness.NICKNAME),
        ("margret", Likeness.NEAR),
        ("m", Likeness.INITIAL),
        ("mary", Likeness.NONE),
        ("n", Likeness.NONE),
        ("", Likeness.NONE),
    ],
)
def test_a_forename_is_the_same_a_nickname_a_slip_or_an_initial(word, likeness):
    assert forename_likeness(word, Name(("margaret",), ("doe",))) is likeness


@pytest.mark.parametrize(
    ("written", "registered"),
    [
        ("mohamed", "muhammad"),
        ("aisha", "ayesha"),
        ("yusuf", "joseph"),
        ("andriy", "andrzej"),
        ("shan", "sian"),
        ("katya", "kateryna"),
    ],
)
def test_spellings_of_names_met_in_britain_stand_for_each_other(written, registered):
    assert forename_likeness(written, Name((registered,), ("doe",))) is Likeness.NICKNAME


def test_a_mailbox_may_run_a_name_together():
    assert list(glued_forms(Name(("jane",), ("doe",)))) == ["janedoe", "jdoe", "doejane", "doej"]
    assert list(glued_forms(Name((), ("doe",)))) == []


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("Jane Doe", ("doe",)),
        ("Jane Doe-Roe", ("doe", "roe", "doeroe")),
        ("Jane O Brienne", ("brienne", "obrienne")),
        ("Jane", ("jane",)),
    ],
)
def test_a_surname_is_looked_for_in_its_parts_and_run_together(written, forms):
    assert parse_name(written).surname_forms == forms


def test_the_words_of_a_display_name_that_can_be_a_surname():
    assert find_surnames(["mrs", "jane", "o", "brienne"]) == ["jane", "brienne", "obrienne"]
