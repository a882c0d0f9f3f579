# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway as `init` leaves it."""

import pytest

from safehold import config
from safehold.cli import setup


@pytest.fixture
def settings(tmp_path):
    """Return the settings of a gateway with keys and store, without policies and maps."""
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none", release="127.0.0.1:1")
    loaded = config.load(file)
    setup.make_keys_and_store(loaded)
    return loaded
