# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that no worker could keep are refused."""

import pytest

from safehold.reading.limits import Limits


def test_the_defaults_hold_together():
    limits = Limits()

    assert limits.part_s < limits.deadline_s < limits.deadline_dear_s < 300  # Postfix waits 300 s


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"depth": 17}, {"characters": 10}])
def test_impossible_limits_are_refused(wrong):
    with pytest.raises(ValueError, match=r"depth|characters"):
        Limits(**wrong)
