# SPDX-License-Identifier: GPL-3.0-or-later
"""`explain` and `find` never give an all-clear about people whom they could not look for."""

import json

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


def test_explain_without_a_register_is_no_all_clear(place, run):
    code, out, err = run("explain", "m.eml", "--policies", "policies")

    assert code == 65
    assert "karl@mail.example: pass" in out
    assert "register families holds nobody here, so these policies could find nothing in it: p" in err
    assert "'not held' cannot be relied on" in err


def test_explain_with_a_file_of_another_register_is_no_all_clear(place, run):
    code, _, err = run("explain", "m.eml", "--policies", "policies", "--register", "refuges.yaml")

    assert code == 65
    assert "there are: refuges" in err


def test_explain_with_a_file_of_some_of_the_registers_warns(place, run):
    (place / "policies/p.yaml").write_text(POLICIES.replace("external", "internal") % "[families, refuges]")

    code, _, err = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")

    assert code == 0
    assert "register refuges holds nobody here" in err


def test_explain_where_all_could_be_looked_at_is_silent(place, run):
    assert run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")[::2] == (1, "")


def test_a_register_missing_from_the_store_is_no_all_clear(store, run):
    (store / "policies/p.yaml").write_text(POLICIES.replace("external", "internal") % "[families, familys]")

    code, out, err = run("explain", "m.eml", "--json")

    assert code == 65
    assert json.loads(out)["registers_without_people"] == ["familys"]
    assert "there is no register familys (there are: families)" in err


@pytest.mark.parametrize("name", ["none.yaml", "m.eml"])
def test_a_register_file_that_is_none_is_bad_input(place, run, name):
    code, out, _ = run("explain", "m.eml", "--policies", "policies", "--register", name)

    assert (code, out) == (65, "")


@pytest.mark.parametrize("option", ["--to", "--from"])
@pytest.mark.parametrize("address", ["not an address", "karl", "@mail.example", "a@b c.test", ""])
def test_what_is_no_address_is_refused(place, run, option, address):
    with pytest.raises(SystemExit) as caught:
        run("explain", "m.eml", "--policies", "policies", option, address)

    assert caught.value.code == 2


@pytest.mark.parametrize("name", ["policies/p.yaml", "families.yaml"])
def test_what_is_no_message_is_refused(place, run, name):
    code, out, err = run("explain", name, "--policies", "policies", "--register", "families.yaml")

    assert (code, out) == (65, "")
    assert "this is no message" in err


@pytest.mark.parametrize("before", [b"From jo Mon Nov  2 10:00:00 2026\n", b"X-Odd: 1\n", b"\n"])
def test_messages_begin_in_many_ways(place, run, before):
    (place / "m.eml").write_bytes(before + MESSAGE)

    assert run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")[0] == 1


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


def test_help_explains_every_option_and_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        main(["explain", "--help"])

    text = " ".join(capsys.readouterr().out.split())
    assert "0 nothing would be held, 1 somebody's copy would be" in text
    assert "repeat for several" in text
    assert "in place of the people in the store" in text
