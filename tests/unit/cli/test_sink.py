# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest

from safehold.cli import sink


@pytest.mark.parametrize(
    "address",
    ["../../etc/passwd@x.test", "a/b@x.test", ".hidden@x.test", "a\0b@x.test", "..", "a b@x.test", "\u202ea@x.test"],
)
def test_no_address_leaves_the_mail_folder(address, tmp_path):
    folder = sink.folder_of(tmp_path, address)

    assert folder.parent == tmp_path
    assert folder.name not in {"", ".", ".."}
    assert not folder.name.startswith(".")


def test_an_ordinary_address_is_its_own_folder(tmp_path):
    assert sink.folder_of(tmp_path, "Jo.Marlow+x@riverbank.example") == tmp_path / "jo.marlow+x@riverbank.example"


def test_the_sink_listens_on_loopback_only(tmp_path, capsys):
    assert sink.main(["0.0.0.0:2526", str(Path(tmp_path))]) == 2
    assert "loopback" in capsys.readouterr().err
