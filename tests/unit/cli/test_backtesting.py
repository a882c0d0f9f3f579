# SPDX-License-Identifier: GPL-3.0-or-later
"""`backtest`: counts and ids and not a word more; figures that say when they are void; going on after being killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from safehold import config
from safehold.cli import main, setup

SECRETS = ("01632", "960123", "Acacia", "karl", "jo@", "council", "mail.example", "moved", "Ashford")
POLICY = (
    "version: 1\npolicies:\n- {id: refuge, title: t, why: w, owner: o, mode: %s, if_uninspectable: notify,"
    " when: {content: {register: refuges, fields: [phone]}, recipients: {scope: external}}}\n"
)
COMMAND = (sys.executable, "-c", "import sys; from safehold.cli import main; sys.exit(main(sys.argv[1:]))", "backtest")


def mail(number, text="Hello"):
    said = f"From: jo@council.test\nTo: karl{number}@mail.example\nSubject: she moved to Ashford\n\n{text}\n"
    return said.encode()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder with policies, a register and two mailboxes; there are no settings."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/p.yaml").write_text(POLICY % "enforce")
    (tmp_path / "refuges.yaml").write_text(
        "- {id: R-1, register: refuges, values: [{kind: phone, value: 01632 960123}]}\n"
    )
    opening = b"From jo@council.test Mon Jun  2 09:00:00 2025\n"
    (tmp_path / "box").write_bytes(b"".join(opening + each + b"\n" for each in (mail(1), mail(2, "01632 960123"))))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/Ashford, 01632 960123.eml").write_bytes(mail(3, "call 01632 960123"))
    (tmp_path / "folder/notes.txt").write_bytes(b"Acacia Road\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def run(place, capsysbinary):
    def command(*arguments):
        capsysbinary.readouterr()
        rules = () if "--policies" in arguments else ("--policies", "policies")
        jobs = ("--register", "refuges.yaml", "--jobs", "1", "--config", "none")
        code = main(["backtest", *map(str, arguments), *rules, *jobs])
        said = capsysbinary.readouterr()
        return code, said.out, said.err.decode()

    return command


def test_json_has_counts_and_ids(run):
    code, out, err = run("box", "folder", "--json")

    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["messages"], found["held"], found["skipped"]) == (4, 2, 1)
    assert found["skipped_why"] == {"no message": 1}
    assert (found["by_policy"], found["asked"], found["void"]) == ({"refuge": 2}, {"refuge": 3}, ["refuge"])
    assert found["held_messages"] == [
        {"message": "box#2", "policies": ["refuge"], "recipients": 1},
        {"message": "folder#1", "policies": ["refuge"], "recipients": 1},
    ]
    assert found["seconds"] > 0


def test_words_say_what_is_held_skipped_and_void(run):
    code, out, _ = run("box", "folder")

    text = out.decode()
    assert code == 0
    for said in ("held: box#2: 1 copy, by refuge", "skipped: 1: no message", "void: asked about fewer than 1,000"):
        assert said in text
    assert "4 messages: 2 held, 1 skipped" in text


def test_nothing_of_the_mail_and_no_name_of_a_file_is_shown(run, place):
    for options in ((), ("--json",), ("--report", "r.html"), ("--against", "policies")):
        _, out, err = run("box", "folder", *options)

        shown = out.decode() + err + ((place / "r.html").read_text() if "--report" in options else "")
        assert not [secret for secret in SECRETS if secret in shown]


def test_an_id_leads_to_the_message(run, place):
    assert run("box", "folder", "--extract", "folder#1")[:2] == (0, mail(3, "call 01632 960123"))
    assert b"karl2@" in run("box", "folder", "--extract", "box#2")[1]
    code, _, err = run("box", "--extract", "box#9")
    assert code == 65
    assert "no message of this id" in err


def test_policies_in_shadow_are_judged_and_named(run, place):
    (place / "policies/p.yaml").write_text(POLICY % "shadow")

    _, out, _ = run("box", "--json")

    found = json.loads(out)
    assert (found["held"], found["shadow"]) == (1, ["refuge"])
    assert "In shadow, and judged as if enforced: refuge." in found["notes"]


def test_policies_and_people_are_those_of_the_gateway_where_none_are_named(place, capsys):
    file = place / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
    setup.make_keys_and_store(config.load(file))
    settings = ("--config", str(file))
    assert main(["register", "import", "refuges.yaml", *settings]) == 0
    capsys.readouterr()

    code = main(["backtest", "box", "--json", "--jobs", "1", *settings])

    found = json.loads(capsys.readouterr().out)
    assert (code, found["messages"], found["by_policy"]) == (0, 2, {"refuge": 1})


def test_a_register_without_people_is_said(run, place):
    (place / "refuges.yaml").write_text("- {id: R-1, register: other, values: [{kind: phone, value: 01632 960123}]}\n")

    _, out, err = run("box", "--json")

    assert "register refuges holds nobody here" in err
    assert "Register refuges holds nobody here" in json.loads(out)["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["nowhere"], "there is no such mailbox", id="no such mailbox"),
        pytest.param(["box", "--against", "git:no-such-revision"], "no-such-revision:", id="no such revision"),
        pytest.param(
            ["box", "--against", "git:--output=x"], "expected a folder of policies", id="an option as revision"
        ),
        pytest.param(["box", "./box"], "a mailbox is named twice", id="twice"),
        pytest.param(["box", "--report", "no/r.html"], "no/r.html: cannot be written", id="no place for the report"),
        pytest.param(["policies"], "none of 1 message could be judged", id="no message"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, said):
    code, _, err = run(*arguments)

    assert code == 65
    assert said in err


def test_against_another_folder_lists_what_is_treated_otherwise(run, place):
    (place / "old").mkdir()
    (place / "old/p.yaml").write_text((POLICY % "enforce").replace("external", "partner"))

    _, out, _ = run("box", "folder", "--against", "old", "--json")
    _, words, _ = run("box", "folder", "--against", "old")

    against = json.loads(out)["against"]
    assert (against["held"], against["by_policy"]) == (0, {"refuge": 0})
    assert against["differences"] == [
        {"message": name, "policies_before": [], "policies": ["refuge"], "recipients_before": 0, "recipients": 1}
        for name in ("box#2", "folder#1")
    ]
    assert b"2 messages treated otherwise: 2 held only now, 0 held only before" in words


def test_against_a_revision_takes_the_folder_as_it_was(run, place):
    def git(*arguments):
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *who, *arguments], cwd=place, check=True, capture_output=True)

    (place / "policies/p.yaml").write_text((POLICY % "enforce").replace("external", "partner"))
    git("init", "-q")
    git("add", "policies")
    git("commit", "-q", "-m", "first")
    (place / "policies/p.yaml").write_text(POLICY % "enforce")

    for named in ("git:HEAD", "HEAD"):
        _, out, _ = run("box", "--against", named, "--json")

        assert [each["message"] for each in json.loads(out)["against"]["differences"]] == ["box#2"]


def test_the_report_is_one_page_that_loads_nothing_and_runs_nothing(run, place):
    run("box", "folder", "--against", "policies", "--report", "r.html")

    page = (place / "r.html").read_text()
    assert page.startswith("<!doctype html>")
    assert '<html lang="en-GB">' in page
    assert not re.search(r"<script|src=|href=|url\(|@import|\bon\w+=", page)
    assert page.count("<table>") == page.count("<caption>") == page.count("</table>")
    assert "folder#1" in page
    assert "No message would be treated otherwise." in page


def test_a_name_of_a_mailbox_is_text_in_the_report(run, place):
    (place / "a<script>b").write_bytes((place / "box").read_bytes())

    run("a<script>b", "--report", "r.html")

    assert "a&lt;script&gt;b#2" in (place / "r.html").read_text()


def test_a_finished_run_leaves_no_state(run, place):
    run("box")

    assert list((place / "state/safehold").iterdir()) == []


def test_a_run_that_was_killed_goes_on_and_comes_to_the_same(run, place):
    """By SIGKILL, in the middle, with processes of its own: what nobody can prepare for."""
    folder = place / "many"
    folder.mkdir()
    for number in range(1, 1001):
        (folder / f"{number:05}.eml").write_bytes(mail(number, "01632 960123" if number % 10 == 0 else "Hello"))
    rules = ("--policies", "policies", "--register", "refuges.yaml", "--config", "none")
    command = [*COMMAND, "many", "--json", "--jobs", "2", *rules]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list((place / "state").rglob("backtest-*.json")):
        assert killed.poll() is None, "it was over before it kept anything"
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()

    second = subprocess.run(command, capture_output=True, check=True, text=True)

    found = json.loads(second.stdout)
    before = int(re.search(r"going on after ([\d,]+) message", second.stderr)[1].replace(",", ""))
    assert 0 < before < 1000
    assert (found["messages"], found["held"], found["asked"]) == (1000, 100, {"refuge": 1000})
    assert [each["message"] for each in found["held_messages"]] == [f"many/{n:05}.eml" for n in range(10, 1001, 10)]
    assert found["void"] == []
