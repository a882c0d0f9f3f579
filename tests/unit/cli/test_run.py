# SPDX-License-Identifier: GPL-3.0-or-later
import argparse
import socket
from contextlib import closing

import pytest

from safehold import config
from safehold.cli import main, run
from safehold.cli.supervise import PartFailedError, Parts
from safehold.store import Store, vitals


@pytest.mark.enable_socket
def test_a_directory_of_an_earlier_version_is_brought_up_to_this_one(tmp_path):
    """Whoever tries the next version must not be stopped by the store of the last."""
    options = argparse.Namespace(directory=tmp_path / "var", policies=tmp_path, samples=None)
    store = config.load(run._prepare(options)).store
    with closing(Store.open(store)) as opened, opened.write() as connection:
        for table in ("contacts", "matches", "versions", "disabled"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("ALTER TABLE holds DROP COLUMN office")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")

    run._prepare(options)

    Store.open(store).close()


def test_a_second_run_in_the_same_folder_is_turned_away_once(tmp_path, capsys):
    with vitals.alone(tmp_path / "safehold", "run"):
        code = main(["run", "--directory", str(tmp_path)])

    assert code == 69
    assert capsys.readouterr().err.startswith("safehold: another run works this store already (process ")
    assert not (tmp_path / "safehold.yaml").exists()


@pytest.mark.enable_socket
def test_a_port_that_another_program_serves_is_said_to_be_taken(tmp_path):
    """Its answer was taken for ours, and ours ended and was started again for ever."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other, Parts(tmp_path) as parts:
        where = f"127.0.0.1:{other.getsockname()[1]}"

        with pytest.raises(PartFailedError, match=f"sink cannot start: another program answers at {where}"):
            parts.start("sink", ["false"], ready=where)

    assert not (tmp_path / "sink.log").exists()


@pytest.mark.enable_socket
def test_people_are_there_before_the_gateway_looks_for_them(tmp_path, monkeypatch):
    """Else its log begins with the error that a register holds nobody."""
    done = []
    monkeypatch.setattr(run, "_import_register", lambda *_: done.append("people"))
    monkeypatch.setattr(run, "_start", lambda *_: done.append("gateway"))
    monkeypatch.setattr(run, "_show_samples", lambda *_: done.append("samples"))

    run.run_all(argparse.Namespace(directory=tmp_path / "var", policies=tmp_path, samples=tmp_path, once=True))

    assert done == ["people", "gateway", "samples"]


def test_what_to_try_next_needs_nothing_that_is_not_installed(tmp_path, capsys):
    run._next_steps(tmp_path / "safehold.yaml", config.Settings(), None)

    out = capsys.readouterr().out
    assert out.index("python3 -c") < out.index("apt install swaks") < out.index("swaks --server")
    assert "from another account" in out
