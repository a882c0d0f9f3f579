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


CASES = """\
version: 1
people: [{id: R-1, register: families, values: [{kind: phone, value: 01632 960123}]}]
tests:
"""
CASE = """\
- name: %(verdict)s by %(policy)s
  message: {from: sw@council.test, to: [out@mail.test], subject: x, body: x}
  expect: {out@mail.test: {verdict: %(verdict)s%(named)s}}
"""


def case(policy, verdict):
    named = f", policies: [{policy}]" if verdict == "hold" else ""
    return CASE % {"policy": policy, "verdict": verdict, "named": named}


def write_tests(folder, *policies, verdicts=("hold", "deliver")):
    (folder / "tests").mkdir(exist_ok=True)
    text = CASES + "".join(case(policy, verdict) for policy in policies for verdict in verdicts)
    (folder / "tests" / "all.test.yaml").write_text(text)


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
    two = (
        policy_of("b").replace("external", "partner").split("policies:\n")[1]
        + policy_of("c", mode="shadow").split("policies:\n")[1]
    )
    partners = "lists: {partners: {kind: domain, items: [partner.test]}}\n"
    (folder / "b.yaml").write_text("version: 1\npolicies:\n" + two + partners)
    (folder / "second.yaml.txt").write_text("")
    write_tests(folder, "a", "b")

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
    assert not any("tests" in line for line in lines)


def test_json_is_one_document_of_complaints(gateway, check):
    (config.load(gateway).policies / "second.yaml.txt").write_text("")

    _, lines = check("--json")

    codes = {c["code"] for c in json.loads("\n".join(lines)) if c["severity"] == "warning"}
    assert codes == {"not-read", "enforce-untested"}


# -- tests beside the policies ----------------------------------------------------------------------------------------


def test_enforced_policies_without_any_test_are_told_once(gateway, check):
    folder = config.load(gateway).policies
    (folder / "b.yaml").write_text(policy_of("b").replace("registers: {families: store}\n", ""))

    code, lines = check()

    (told,) = [line for line in lines if "enforce-untested" in line]
    assert told.startswith(f"{folder}: warning[enforce-untested]: no tests stand beside the policies")
    assert "whether 2 enforced policies hold what must be held" in told
    assert code == 0


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (("hold",), '"a" is enforced but no test expects a delivery; a rule that holds everything would pass'),
        (("deliver",), '"a" is enforced but no test expects it to hold anything; a rule that holds nothing would pass'),
        (("hold", "deliver"), ""),
    ],
)
def test_a_policy_that_is_tested_one_way_is_told_which_is_lacking(gateway, check, verdicts, words):
    folder = config.load(gateway).policies
    write_tests(folder, "a", verdicts=verdicts)

    _, lines = check()

    told = [line for line in lines if "enforce-untested" in line]
    assert told == ([f"{folder / 'a.yaml'}:4:3: warning[enforce-untested]: {words}"] if words else [])


def test_a_test_of_another_policy_is_none_of_this_one(gateway, check):
    folder = config.load(gateway).policies
    (folder / "b.yaml").write_text(policy_of("b").replace("registers: {families: store}\n", ""))
    write_tests(folder, "a", verdicts=("hold",))

    _, lines = check()

    assert any('"b" is enforced but no test is about it' in line for line in lines)


def test_a_policy_in_shadow_needs_no_test_yet(gateway, check):
    (config.load(gateway).policies / "a.yaml").write_text(policy_of("a", mode="shadow"))

    assert not any("enforce-untested" in line for line in check()[1])


def test_a_test_file_that_is_wrong_is_told_with_its_place(gateway, check):
    folder = config.load(gateway).policies
    write_tests(folder, "a")
    file = folder / "tests" / "more.test.yaml"
    file.write_text("version: 1\ntests: [{nam: x}]\n")

    code, lines = check()

    assert any(line.startswith(f"{file}:2:") and "warning[" in line for line in lines)
    assert code == 0


@pytest.mark.parametrize(("profile", "severity", "exit_code"), [("starter", "warning", 0), ("production", "error", 1)])
def test_the_profile_says_how_grave_it_is(gateway, check, profile, severity, exit_code):
    code, lines = check("--profile", profile)

    assert any(f"{severity}[enforce-untested]" in line for line in lines)
    assert code == exit_code


# -- how much is shown ------------------------------------------------------------------------------------------------


def test_of_many_warnings_of_a_kind_a_few_are_shown_and_the_rest_counted(gateway, check):
    folder = config.load(gateway).policies
    more = "".join(policy_of(f"p-{n}", mode="shadow").split("policies:\n")[1] for n in range(7))
    lists = "lists: {" + ", ".join(f"l{n}: {{kind: domain, items: [a{n}.test]}}" for n in range(7)) + "}\n"
    (folder / "a.yaml").write_text(policy_of("a", mode="shadow") + more + lists)

    few, every = check()[1], check("--all")[1]

    assert sum("unused-list" in line for line in few) == 3
    assert sum("unused-list" in line for line in every) == 7
    assert few[-1].endswith("more hidden, --all shows them)")
    assert "hidden" not in every[-1]
    assert int(few[-1].rpartition("(")[2].split(" ")[0]) == len([line for line in every if "[" in line]) - len(
        [line for line in few if "[" in line]
    )


def test_no_error_is_ever_hidden(gateway, check):
    folder = config.load(gateway).policies
    (folder / "a.yaml").write_text("version: 1\npolicies: [" + ", ".join("{id: x}" for _ in range(9)) + "]\n")

    assert sum("error[missing-key]" in line for line in check()[1]) == 9


def test_the_schema_is_one_document(capsys):
    assert main(["policy", "schema"]) == 0

    assert json.loads(capsys.readouterr().out)["$schema"] == "http://json-schema.org/draft-07/schema#"
