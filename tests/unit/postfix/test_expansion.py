# SPDX-License-Identifier: GPL-3.0-or-later
"""What the maps say is told apart from that they could not be asked: held mail is released by that."""

import pytest

from safehold.postfix import UNREAD, Whole, is_list


@pytest.mark.parametrize("why", Whole)
def test_what_the_maps_say_makes_a_list(why):
    assert is_list(why)
    assert is_list(str(why)), "the words alone, as facts carry them"


@pytest.mark.parametrize("why", [UNREAD, "", "postconf does not answer", "the check itself failed"])
def test_anything_else_means_that_nobody_found_out(why):
    assert not is_list(why)
