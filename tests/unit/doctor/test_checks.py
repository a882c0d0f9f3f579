# SPDX-License-Identifier: GPL-3.0-or-later
from datetime import timedelta
from pathlib import Path

import pytest

from safehold import config
from safehold.doctor import Level
from safehold.doctor.checks import Gateway, guarded, spoken
from safehold.errors import KeyUnavailableError

GATEWAY = Gateway(Path("safehold.yaml"), config.Settings(), None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "/var/lib/safehold"), "Permission denied (/var/lib/safehold)"),
        (KeyUnavailableError("the store key cannot be read"), "the store key cannot be read"),
    ],
)
def test_what_may_not_be_looked_at_is_a_failure_with_a_cure_and_no_traceback(error, words):
    def denied(_):
        raise error

    (only,) = guarded("store", denied, GATEWAY)

    assert (only.name, only.level) == ("store", Level.FAIL)
    assert words in only.text
    assert "as root" in only.fix


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59), "59 seconds"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=119), "1 hour"),
        (timedelta(days=3, hours=4), "3 days"),
        (timedelta(seconds=-5), "0 seconds"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_unit(time, words):
    assert spoken(time) == words
