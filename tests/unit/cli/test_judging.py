# SPDX-License-Identifier: GPL-3.0-or-later
"""`find` says whom it could look for."""

import pytest

from safehold import config
from safehold.cli import main, setup

MESSAGE = b"From: jo@council.test\nTo: karl@mail.example\nSubject: x\n\ncall 01632 960123\n"
POLICIES = (
    "version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: enforce, if_uninspectable: notify,"
    " when: {content: {register: %s}, recipients: {scope: external}}}\n"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder with a message, a policy about `families` and two register files; there are no settings."""
    (tmp_path / "m.eml").write_bytes(MESSAGE)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/p.yaml").write_text(POLICIES % "families")
    for register in ("families", "refuges"):
        (tmp_path / f"{register}.yaml").write_text(
            f"- {{id: R-{register}, register: {register}, values: [{{kind: phone, value: 01632 960123}}]}}\n"
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(place):
    """Return the folder with settings and a store in which one person of `families` is."""
    file = place / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
    setup.make_keys_and_store(config.load(file))
    assert main(["register", "import", "families.yaml", "--config", "safehold.yaml"]) == 0
    return place


@pytest.fixture
def run(capsys):
    def command(*arguments):
        capsys.readouterr()
        code = main([*map(str, arguments), "--config", "safehold.yaml"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_find_names_the_registers_there_are(store, run):
    code, out, err = run("find", "m.eml", "--register", "familys")

    assert (code, out) == (65, "")
    assert "no such register" in err
    assert "did you mean families?" in err
    assert run("find", "m.eml", "--register", "families")[0] == 0


def test_find_in_an_empty_store_says_so(place, run):
    setup.write_settings(place / "safehold.yaml", own="council.test", listen="127.0.0.1:10025", maps="none")
    setup.make_keys_and_store(config.load(place / "safehold.yaml"))

    code, _, err = run("find", "m.eml")

    assert code == 0
    assert "nobody is in the register" in err
