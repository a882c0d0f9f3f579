# SPDX-License-Identifier: GPL-3.0-or-later
"""`policy test`, `mutate` and `diff`: a place for all that is wrong, and exit codes for scripts."""

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from safehold.cli import benches, main
from safehold.reading.pool import ReaderPool

pytestmark = pytest.mark.enable_socket

POLICY = """version: 1
policies:
- id: refuge
  title: Refuges are not told
  why: refuge security rule
  owner: housing
  mode: enforce
  when:
    content: {register: refuges, fields: [phone, email]}
    recipients: {relation: adverse}
"""
PEOPLE = """
- id: P-1
  register: refuges
  values: [{kind: phone, value: 01632 960123}, {kind: email, value: marta.new@postbox.example}]
  adverse: [{id: G, name: Gareth Wren, emails: [gareth@postbox.example]}]
"""
TESTS = """version: 1
policies: [../refuge.yaml]
register: people.yaml
own: [council.example]
today: 2026-11-02
tests:
- name: her number to him and the court
  message: {from: sw@council.example, to: [gareth@postbox.example, court@x.example], body: call 01632 960123}
  expect: {gareth@postbox.example: {verdict: hold, policies: [refuge]}, court@x.example: deliver}
"""
WRONG = """
- name: "hello & <him>"
  message: {from: sw@council.example, to: gareth@postbox.example, subject: s, body: hello}
  expect: {gareth@postbox.example: hold}
"""
GAP = WRONG.replace("hello & <him>", "a gap").rstrip() + "\n  known_gap: T-1\n"


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(1) as pool:
        yield pool


@pytest.fixture
def place(tmp_path, monkeypatch, pool):
    """Return a folder with policies and their tests; one worker reads for all tests of this module."""

    class Lent:
        def __init__(self, workers: int) -> None:
            assert workers == 1

        def __enter__(self) -> ReaderPool:
            return pool

        def __exit__(self, *rest: object) -> None:
            pass

    monkeypatch.setattr(benches, "ReaderPool", Lent)
    write(tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, tests: str = TESTS, policy: str = POLICY) -> None:
    (folder / "tests").mkdir(parents=True, exist_ok=True)
    (folder / "refuge.yaml").write_text(policy)
    (folder / "tests/people.yaml").write_text(PEOPLE)
    (folder / "tests/a.test.yaml").write_text(tests)


@pytest.fixture
def run(place, capsys):
    """Run a command; return its exit code, results and talk."""

    def run_it(*words: str):
        code = main(["policy", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_it


# -- test --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["policies"], ["policies/tests"], ["policies/tests/a.test.yaml"], ["--policies", "policies"]]
)
def test_tests_are_found_by_folder_or_file(run, words):
    assert run("test", *words) == (0, "1 test: 1 passed, 0 failed, 0 known gaps; 0 things untested\n", "")


def test_a_failure_says_where_what_and_what_the_policy_lacked(run, place):
    write(place / "policies", TESTS + WRONG)

    code, out, talk = run("test", "policies")

    assert code == 1
    assert out.splitlines() == [
        "policies/tests/a.test.yaml:11: FAILED: hello & <him>",
        "    gareth@postbox.example: expected hold, and it is deliver",
        "    gareth@postbox.example: refuge (policies/refuge.yaml:3) did not take it, for",
        "        content: {register: refuges, fields: [phone, email]} (policies/refuge.yaml:9): not found",
        "2 tests: 1 passed, 1 failed, 0 known gaps; 0 things untested",
    ]
    assert talk == (
        "what every condition said: the same command with --verbose, for one test with -k 'hello & <him>'\n"
    )


def test_verbose_tells_of_every_test_and_each_condition(run, place):
    write(place / "policies", TESTS + WRONG)

    _, out, _ = run("test", "policies", "--verbose")

    assert "policies/tests/a.test.yaml:7: passed: her number to him and the court" in out
    assert "content: {register: refuges, fields: [phone, email]}  (line 9)" in out


def test_no_value_is_ever_printed(run, place):
    write(place / "policies", TESTS.replace("verdict: hold, policies: [refuge]", "verdict: hold, field: email"))

    for more in ([], ["--verbose"], ["--json"]):
        code, out, talk = run("test", "policies", *more)
        assert code == 1
        assert "960123" not in out + talk


def test_a_part_of_the_tests_is_not_asked_whether_all_is_tested(run, place):
    write(place / "policies", TESTS + WRONG)

    code, out, _ = run("test", "policies", "-k", "HER number")

    assert (code, out) == (0, "1 test: 1 passed, 0 failed, 0 known gaps; 0 things untested\n")


def test_no_test_of_that_name_is_no_pass(run):
    code, _, talk = run("test", "policies", "-k", "nothing like it")

    assert code == 65
    assert "no test has `nothing like it` in its name" in talk


@pytest.mark.parametrize("words", [["nowhere"], ["policies/tests/people.yaml"]])
def test_no_tests_at_all_is_no_pass(run, words):
    assert run("test", "--policies", "policies", *words)[0] == 65


def test_an_enforced_policy_without_a_test_of_both_sorts_fails(run, place):
    write(place / "policies", TESTS.replace(", court@x.example: deliver", ""))

    code, out, _ = run("test", "policies")

    assert code == 1
    assert 'policies/refuge.yaml:3: "refuge" is enforced, and no test expects a delivery' in out


def test_a_mistake_in_a_test_file_has_its_place_as_it_can_be_opened(run, place):
    write(place / "policies", TESTS.replace("policies: [refuge]", "policies: [refuges]"))

    code, _, talk = run("test", "policies")

    assert code == 78
    assert talk.startswith("policies/tests/a.test.yaml:9:")
    assert 'did you mean "refuge"?' in talk


def test_a_register_in_use_is_not_tested_with(run, place):
    (place / "live.yaml").write_text(PEOPLE)
    (place / "policies/tests/linked.yaml").symlink_to(place / "live.yaml")
    write(place / "policies", TESTS.replace("register: people.yaml", "register: linked.yaml"))

    code, _, talk = run("test", "policies")

    assert code == 78
    assert "linked.yaml" in talk


def test_junit_is_as_build_servers_read_it(run, place):
    write(place / "policies", TESTS + WRONG + GAP + GAP.replace("a gap", "closed").replace(": hold", ": deliver"))

    run("test", "policies", "--junit", "out.xml")

    root = ET.parse(place / "out.xml").getroot()
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    for element in (root, suite):
        assert {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
            "tests": "4",
            "failures": "2",
            "errors": "0",
            "skipped": "1",
        }
    assert [(case.get("name"), [child.tag for child in case]) for case in suite] == [
        ("her number to him and the court", []),
        ("hello & <him>", ["failure"]),
        ("a gap", ["skipped"]),
        ("closed", ["failure"]),
    ]
    assert all(case.get("classname") and case.get("time") for case in suite)
    assert all(failure.get("message") and failure.text for failure in suite.iter("failure"))


def test_junit_holds_whatever_a_test_is_called(run, place):
    write(place / "policies", TESTS.replace("her number to him and the court", '"\\x01 \\u202e \\uFFFE \\e[31m"'))

    code, _, _ = run("test", "policies", "--junit", "out.xml")

    assert code == 0
    assert ET.parse(place / "out.xml").find(".//testcase").get("name") == "\\x01 \\u202e \\ufffe \\x1b[31m"


def test_json_says_what_came(run, place):
    write(place / "policies", TESTS + WRONG)

    _, out, _ = run("test", "policies", "--json")

    passed, failed = json.loads(out)["tests"]
    assert passed["recipients"]["gareth@postbox.example"]["verdict"] == "hold"
    assert passed["recipients"]["gareth@postbox.example"]["policies"] == ["refuge"]
    assert (failed["passed"], failed["line"]) == (False, 11)
    assert failed["wrong"] == ["gareth@postbox.example: expected hold, and it is deliver"]


# -- mutate ------------------------------------------------------------------------------------------------------------


def test_what_no_test_notices_has_the_line_of_its_condition(run):
    code, out, _ = run("mutate", "policies")

    assert code == 1
    assert out.splitlines() == [
        "refuge: 6 of 8 changes noticed",
        "    policies/refuge.yaml:3: no test notices: direction internal dropped",
        "    policies/refuge.yaml:9: no test notices: field email dropped",
        "6 of 8 changes noticed",
    ]


def test_a_key_beside_the_conditions_has_its_own_line(run, place):
    second = POLICY.partition("policies:\n")[2].replace("- id: refuge", "- id: other") + "  if_uninspectable: hold\n"
    write(place / "policies", policy=POLICY + "  if_uninspectable: notify\n" + second)

    _, out, _ = run("mutate", "policies")

    assert [line.split()[0] for line in out.splitlines() if "if_uninspectable" in line] == [
        "policies/refuge.yaml:20:",
        "policies/refuge.yaml:11:",
    ]


def test_where_every_change_is_noticed_all_is_well(run, place):
    policy = POLICY.replace("fields: [phone, email]", "fields: [phone]").replace(
        "when:", "when:\n    direction: outbound"
    )
    hello = WRONG.replace(": hold", ": deliver")
    write(place / "policies", TESTS + hello, policy)

    code, out, _ = run("mutate", "policies", "--json")

    (score,) = json.loads(out)
    assert (code, score["missed"]) == (0, [])
    assert score["noticed"] == score["changes"] > 0


# -- diff --------------------------------------------------------------------------------------------------------------


def test_the_same_policies_are_no_difference(run, place):
    write(place / "new")

    assert run("diff", "policies", "new") == (
        0,
        "nothing changed in the policies\n1 test: 0 verdicts changed, 0 held less, 0 held more\n",
        "",
    )


def test_who_is_held_less_is_named_with_the_test_and_fails(run, place):
    write(place / "new", policy=POLICY.replace("mode: enforce", "mode: shadow"))

    code, out, _ = run("diff", "policies", "new")

    assert code == 1
    assert out.splitlines() == [
        "refuge: mode enforce -> shadow (protects less)",
        "new/tests/a.test.yaml:7: held less: her number to him and the court",
        "    gareth@postbox.example: hold (refuge) -> deliver",
        "1 test: 1 verdict changed, 1 held less, 0 held more",
    ]


def test_who_is_held_more_is_told_and_does_not_fail(run, place):
    write(place / "new", policy=POLICY.replace("{relation: adverse}", "{scope: external}"))

    code, out, _ = run("diff", "policies", "new", "--json")

    told = json.loads(out)
    assert code == 0
    assert [(each["recipient"], each["held_more"]) for each in told["verdicts"]] == [("court@x.example", True)]
    assert told["verdicts"][0]["new"] == {"verdict": "hold", "policies": ["refuge"]}


def test_a_test_that_is_gone_still_shows_what_it_held(run, place):
    write(place / "new", policy=POLICY.replace("mode: enforce", "mode: shadow"))
    (place / "new/tests/a.test.yaml").unlink()

    code, out, _ = run("diff", "policies", "new")

    assert code == 1
    assert "policies/tests/a.test.yaml:7: held less" in out


@pytest.fixture
def repository(place):
    """The folder under version control, with one revision."""
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        identity = ["-c", "user.name=Jo", "-c", "user.email=jo@council.example", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], cwd=place, check=True, capture_output=True)
    return place


def test_a_revision_is_the_folder_as_it_was(run, repository):
    write(repository / "policies", policy=POLICY.replace("mode: enforce", "mode: shadow"))

    code, out, _ = run("diff", "git:HEAD", "policies")

    assert code == 1
    assert "refuge: mode enforce -> shadow (protects less)" in out
    assert "    gareth@postbox.example: hold (refuge) -> deliver" in out


@pytest.mark.parametrize("named", ["git:nowhere", "git:", "git:--output=x", "nowhere"])
def test_what_is_no_revision_and_no_folder_is_said(run, repository, named):
    code, out, talk = run("diff", named, "policies")

    assert (code, out) == (65, "")
    assert talk.startswith("safehold: ")
    assert not (repository / "x").exists()


EML = b"From: sw@council.example\nTo: gareth@postbox.example\nSubject: s\n\ncall 01632 960123\n"


@pytest.fixture
def sent(place):
    """Messages, and a register for them, beside policies that came to hold nobody."""
    (place / "sent").mkdir()
    (place / "sent/call.eml").write_bytes(EML)
    (place / "people.yaml").write_text(PEOPLE)
    write(place / "new", policy=POLICY.replace("mode: enforce", "mode: shadow"))
    for side in ("policies", "new"):
        (place / side / "tests/a.test.yaml").unlink()
    return place


def test_messages_are_judged_as_tests_are(run, sent):
    code, out, talk = run("diff", "policies", "new", "--messages", "sent", "--register", "people.yaml")

    assert (code, talk) == (1, "")
    assert out.splitlines()[1:] == [
        "sent/call.eml:1: held less: call",
        "    gareth@postbox.example: hold (refuge) -> deliver",
        "1 test: 1 verdict changed, 1 held less, 0 held more",
    ]


def test_a_list_of_messages_says_who_gets_them(run, sent):
    (sent / "list.yaml").write_text("- {file: sent/call.eml, from: a@council.example, to: [court@x.example]}\n")

    code, out, _ = run("diff", "policies", "new", "--messages", "list.yaml", "--register", "people.yaml")

    assert code == 0
    assert out.splitlines()[1:] == ["1 test: 0 verdicts changed, 0 held less, 0 held more"]


@pytest.mark.parametrize(
    "words",
    [
        ["--messages", "sent"],
        ["--register", "people.yaml"],
        ["--messages", "nowhere", "--register", "people.yaml"],
        ["--messages", "people.yaml", "--register", "nowhere.yaml"],
        ["--messages", "people.yaml", "--register", "people.yaml"],
    ],
)
def test_messages_that_are_none_are_said(run, sent, words):
    code, out, talk = run("diff", "policies", "new", *words)

    assert (code, out) == (65, "")
    assert "safehold: " in talk
