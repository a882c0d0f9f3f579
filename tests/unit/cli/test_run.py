# SPDX-License-Identifier: GPL-3.0-or-later
import argparse
from contextlib import closing

import pytest

from safehold import config
from safehold.cli import run
from safehold.store import Store


@pytest.mark.enable_socket
def test_a_directory_of_an_earlier_version_is_brought_up_to_this_one(tmp_path):
    """Whoever tries the next version must not be stopped by the store of the last."""
    options = argparse.Namespace(directory=tmp_path / "var", policies=tmp_path, samples=None)
    store = config.load(run._prepare(options)).store
    with closing(Store.open(store)) as opened, opened.write() as connection:
        connection.exec_driver_sql("DROP TABLE heartbeats")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    run._prepare(options)

    Store.open(store).close()
