# SPDX-License-Identifier: GPL-3.0-or-later
"""`safehold policy check` as an author runs it: a folder, or the one file being written."""

import json

import pytest

from safehold import config
from safehold.cli import main, setup

POLICY = (
    "version: 1\nregisters: {%(register)s: store}\npolicies:\n"
    "- {id: %(id)s, title: t, why: w, owner: o, mode: %(mode)s, if_uninspectable: notify,"
    " when: {content: {register: %(register)s}, recipients: {scope: external}}}\n"
)


def policy_of(name, *, register="families", mode="enforce"):
    return POLICY % {"id": name, "register": register, "mode": mode}


@pytest.fixture
def gateway(tmp_path):
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
    settings = config.load(file)
    setup.make_keys_and_store(settings)
    settings.policies.mkdir(exist_ok=True)
    people = tmp_path / "people.yaml"
    people.write_text("- {id: R-1, register: families, values: [{kind: phone, value: 01632 960123}]}\n")
    (settings.policies / "a.yaml").write_text(policy_of("a"))
    assert main(["register", "import", str(people), "--config", str(file)]) == 0
    return file


@pytest.fixture
def check(gateway, capsys):
    """Return a function that runs `safehold policy check`: (exit code, lines of stdout)."""
    capsys.readouterr()

    def run(*arguments):
        code = main(["policy", "check", *map(str, arguments), "--config", str(gateway)])
        return code, capsys.readouterr().out.splitlines()

    return run


def test_the_last_line_says_what_there_is(gateway, check):
    folder = config.load(gateway).policies
    two = policy_of("b").split("policies:\n")[1] + policy_of("c", mode="shadow").split("policies:\n")[1]
    (folder / "b.yaml").write_text("version: 1\npolicies:\n" + two)
    (folder / "second.yaml.txt").write_text("")

    code, lines = check()

    assert code == 0
    assert lines[-1] == "3 policies in 2 files: 2 enforce, 1 shadow; 0 errors, 1 warning"
    assert f"{folder / 'second.yaml.txt'}: warning[not-read]: this file is not read" in lines


def test_a_folder_without_a_policy_fails(gateway, check):
    folder = config.load(gateway).policies
    (folder / "a.yaml").write_text("version: 1\n")

    code, lines = check()

    assert code == 1
    assert lines[0].startswith(f"{folder / 'a.yaml'}: error[no-policy-file]")
    assert lines[-1] == "1 error, 0 warnings"


@pytest.mark.parametrize(("mode", "severity", "exit_code"), [("enforce", "error", 1), ("shadow", "warning", 0)])
def test_a_register_that_holds_nobody_is_an_error_where_others_hold_people(gateway, check, mode, severity, exit_code):
    (config.load(gateway).policies / "b.yaml").write_text(policy_of("b", register="familys", mode=mode))
    (config.load(gateway).policies / "a.yaml").write_text(policy_of("a"))

    code, lines = check()

    assert code == exit_code
    assert any(f"{severity}[register-holds-nobody]" in line for line in lines)
    assert "  hint: did you mean `families`?" in lines


def test_people_whom_no_policy_asks_for_are_told(gateway, check):
    folder = config.load(gateway).policies
    (folder / "a.yaml").write_text(policy_of("a", register="familys", mode="shadow"))

    _, lines = check()

    assert any("register families holds people, and no policy asks it" in line for line in lines)


def test_one_file_is_checked_with_the_names_of_its_folder_and_only_it_is_told_of(gateway, check):
    folder = config.load(gateway).policies
    (folder / "b.yaml").write_text("version: 1\npolicies:\n" + policy_of("b").split("policies:\n")[1])
    (folder / "bad.yaml").write_text("version: 1\npolicies: [{id: x}]\n")

    good = check(folder / "b.yaml")
    bad = check(folder / "bad.yaml")

    assert good[0] == 0
    assert not any("bad.yaml" in line for line in good[1])
    assert bad[0] == 1
    assert all(line.startswith((str(folder / "bad.yaml"), " ")) for line in bad[1][:-1])


def test_a_file_outside_is_checked_with_the_files_that_it_names(gateway, check, tmp_path):
    draft = tmp_path / "draft" / "mine.yaml"
    draft.parent.mkdir()
    draft.write_text(
        policy_of("mine").replace("{scope: external}", "{list: d}") + "lists: {d: {kind: domain, file: d.txt}}\n"
    )
    (draft.parent / "d.txt").write_text("mail.test\n")
    (draft.parent / "compose.yaml").write_text("services: {}\n")

    code, lines = check(draft)

    assert code == 0
    assert lines[-1] == "1 policy in 1 file: 1 enforce; 0 errors, 0 warnings"


def test_json_is_one_document_of_complaints(gateway, check):
    (config.load(gateway).policies / "second.yaml.txt").write_text("")

    _, lines = check("--json")

    (only,) = [c for c in json.loads("\n".join(lines)) if c["severity"] == "warning"]
    assert only["code"] == "not-read"
