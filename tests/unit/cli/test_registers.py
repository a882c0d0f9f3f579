# SPDX-License-Identifier: GPL-3.0-or-later
"""`safehold register` as an author types it: nothing of anybody's goes by accident, and no value is shown."""

import json

import pytest

from safehold import config
from safehold.cli import main, setup

PEOPLE = """\
- id: R-1
  register: families
  values:
  - {kind: address, value: "12 Acacia Road, Ashford, TN99 9ZZ"}
  - {kind: phone, value: "01632 960123"}
  - {kind: name, value: "Jane Doe"}
  adverse: [{id: F-1, emails: [karl@mail.example]}]
"""
MORE = "id,register,kind,value\nR-1,families,phone,07700 900124\n"
POLICY = (
    "version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: enforce, if_uninspectable: notify,"
    " when: {content: {register: families}, recipients: {scope: external}}}\n"
)


@pytest.fixture
def gateway(tmp_path):
    """Return the settings of a gateway with one person of three values, and one policy about her register."""
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
    settings = config.load(file)
    setup.make_keys_and_store(settings)
    settings.policies.mkdir(exist_ok=True)
    (settings.policies / "p.yaml").write_text(POLICY)
    (tmp_path / "people.yaml").write_text(PEOPLE)
    (tmp_path / "more.csv").write_text(MORE)
    assert main(["register", "import", str(tmp_path / "people.yaml"), "--config", str(file)]) == 0
    return file


@pytest.fixture
def register(gateway, capsys):
    """Return a function that runs one `safehold register` command: (exit code, stdout, stderr)."""
    capsys.readouterr()

    def run(verb, *arguments):
        config = () if verb == "check" else ("--config", str(gateway))
        code = main(["register", verb, *map(str, arguments), *config])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def values_of(register, person="R-1"):
    people = [json.loads(line) for line in register("list", "--json")[1].splitlines()]
    return next((each["values"], each["adverse"]) for each in people if each["id"] == person)


def test_one_more_number_does_not_cost_the_rest(gateway, register):
    code, out, err = register("import", gateway.parent / "more.csv")

    assert (code, out) == (77, "")
    assert "R-1 would lose 3 values and 1 adverse party. Nothing was changed." in err
    assert "--add" in err
    assert values_of(register) == (3, 1)


def test_add_adds_and_a_second_time_changes_nothing(gateway, register):
    first = register("import", gateway.parent / "more.csv", "--add")
    again = register("import", gateway.parent / "more.csv", "--add", "--json")

    assert (first[0], first[2]) == (0, "")
    assert values_of(register) == (4, 1)
    assert json.loads(again[1])["changed"] == 0


def test_what_is_meant_to_go_goes_when_it_is_said(gateway, register):
    assert register("import", gateway.parent / "more.csv", "--accept-losses", "1")[0] == 0
    assert values_of(register) == (1, 0)


def test_add_and_full_contradict_each_other(gateway, register):
    with pytest.raises(SystemExit) as caught:
        register("import", gateway.parent / "more.csv", "--add", "--full")

    assert caught.value.code == 2


def test_a_register_that_no_policy_asks_is_told_at_once(gateway, register):
    file = gateway.parent / "others.yaml"
    file.write_text(PEOPLE.replace("families", "famlies").replace("R-1", "R-2"))

    code, out, err = register("import", file)

    assert code == 0
    assert "in this file: famlies 1 person" in out
    assert "no policy asks register famlies" in err
    assert "did you mean `families`?" in err


def test_policies_that_cannot_be_loaded_stop_no_import(gateway, register):
    (config.load(gateway).policies / "p.yaml").write_text("version: 2\n")

    code, _, err = register("import", gateway.parent / "more.csv", "--add")

    assert code == 0
    assert "not compared with the policies" in err


@pytest.mark.parametrize("verb", ["import", "check"])
@pytest.mark.parametrize(("name", "content"), [("e.csv", ""), ("e.csv", "id,register\n"), ("e.yaml", "[]\n")])
def test_a_file_of_nobody_is_an_error(gateway, register, verb, name, content):
    file = gateway.parent / name
    file.write_text(content)

    code, _, err = register(verb, file)

    assert code == 65
    assert f"{file}: error[nobody]" in err


def test_a_person_without_a_value_is_told_by_id(gateway, register):
    file = gateway.parent / "empty.yaml"
    file.write_text("- {id: R-7, register: families, values: []}\n")

    code, out, err = register("check", file)

    assert code == 0
    assert "families 1 person" in out
    assert "no value of R-7" in err
