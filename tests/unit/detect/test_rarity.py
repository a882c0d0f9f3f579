# SPDX-License-Identifier: GPL-3.0-or-later
"""A name that thousands bear tells less than one that few do."""

import pytest

from safehold.detect import points, rarity


@pytest.mark.parametrize("name", ["thecottage", "thebungalow", "rosecottage", "schoolhouse", "theoldrectory"])
def test_the_commonest_houses_are_no_hint_by_themselves(name):
    assert rarity.house(name) < points.HINT


@pytest.mark.parametrize("name", ["cedarhouse", "rowancottage", "larchthatch", "house"])
def test_other_houses_are_a_hint_and_not_more(name):
    assert points.HINT <= rarity.house(name) < points.LIKELY


def test_a_rare_house_is_worth_more_than_a_plain_one():
    assert rarity.house("larchthatch") > rarity.house("cedarhouse")


@pytest.mark.parametrize(
    ("common", "rare"), [(rarity.street, "quixotic"), (rarity.town, "snoring"), (rarity.surname, "doering")]
)
def test_what_is_not_in_a_table_is_rare(common, rare):
    known = {rarity.street: "high", rarity.town: "london", rarity.surname: "smith"}[common]

    assert common(known) < common(rare)
