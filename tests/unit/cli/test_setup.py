# SPDX-License-Identifier: GPL-3.0-or-later
"""`init` and `doctor` as a new administrator meets them: what is written, what is said, on which stream."""

import json
import os
import shlex
import shutil

import pytest

from safehold import config, doctor
from safehold.cli import main, setup
from safehold.doctor.checks import fail, ok, warn

needs_postfix = pytest.mark.skipif(
    shutil.which("postconf", path="/usr/sbin:/usr/bin") is None, reason="Postfix is not installed"
)


@pytest.fixture
def run(capsys):
    """Return run(*arguments) -> (exit code, stdout, stderr)."""

    def command(*arguments):
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return make(main.cf text, chroot): a Postfix of this test alone stands for the machine's."""

    def make(text="", *, chroot="y"):
        folder = tmp_path / "postfix"
        folder.mkdir()
        (folder / "main.cf").write_text(f"compatibility_level = 3.6\nqueue_directory = {tmp_path}/queue\n{text}")
        (folder / "master.cf").write_text(
            f"smtp inet n - {chroot} - - smtpd\n"
            f"cleanup unix n - {chroot} - 0 cleanup\n"
            f"pickup unix n - {chroot} 60 1 pickup\n"
        )
        for file in folder.iterdir():
            os.utime(file, (1, 1))  # Postfix waits with a file that was written this very second
        monkeypatch.setenv("MAIL_CONFIG", str(folder))
        return folder

    return make


def commands(out):
    """Return the commands in what init printed, as an administrator would copy them."""
    return [line for line in out.splitlines() if line.startswith(("postconf ", "postfix ", "install "))]


# -- init -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "hint"),
    [
        ("council", "the form is council.example"),
        ("@council.example", "did you mean `council.example`?"),
        ("https://council.example/", "did you mean `council.example`?"),
        ("council example", "the form is council.example"),
        ("council.example.", "did you mean `council.example`?"),
        ("Council.example", "did you mean `council.example`?"),
    ],
)
def test_a_domain_that_is_none_is_refused_before_anything_is_made(run, tmp_path, domain, hint):
    code, out, err = run("init", "--config", tmp_path / "etc" / "safehold.yaml", "--domain", domain)

    assert (code, out) == (2, "")
    assert hint in err
    assert not (tmp_path / "etc").exists()


def test_settings_that_are_there_are_kept_and_what_was_therefore_ignored_is_said(run, tmp_path):
    file = tmp_path / "safehold.yaml"
    run("init", "--config", file, "--domain", "council.test")
    before = file.read_text()

    code, _, err = run("init", "--config", file, "--domain", "other.test", "--shared")

    assert code == 0
    assert file.read_text() == before
    assert "ignored --domain" in err
    assert "ignored --shared" in err


def test_nothing_is_said_to_be_ignored_where_nothing_was_asked_for(run, tmp_path):
    file = tmp_path / "safehold.yaml"
    run("init", "--config", file, "--domain", "council.test")

    assert "ignored" not in run("init", "--config", file)[2]


@needs_postfix
@pytest.mark.parametrize("chroot", ["y", "n"])
def test_sockets_are_placed_where_a_chrooted_postfix_reaches_them_and_it_is_said(run, machine, tmp_path, chroot):
    machine(chroot=chroot)
    file = tmp_path / "etc" / "safehold.yaml"

    _, out, _ = run("init", "--config", file, "--domain", "council.test")

    assert config.load(file).milter.socket == f"unix:{tmp_path}/queue/safehold/milter.sock"
    assert "postconf -e smtpd_milters=unix:safehold/milter.sock" in commands(out)
    assert f"install -d -o safehold-milter -g postfix -m 2750 {tmp_path}/queue/safehold" in commands(out)
    assert ("chrooted" in out) is (chroot == "y")


@needs_postfix
def test_a_folder_for_the_sockets_that_is_there_needs_no_command(run, machine, tmp_path):
    machine()
    (tmp_path / "queue" / "safehold").mkdir(parents=True)

    _, out, _ = run("init", "--config", tmp_path / "safehold.yaml", "--domain", "council.test")

    assert not [line for line in commands(out) if line.startswith("install ")]


@needs_postfix
def test_settings_that_name_a_socket_outside_the_chroot_are_warned_about(run, machine, tmp_path):
    machine()
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", socket="/run/safehold")

    _, out, err = run("init", "--config", file)

    assert f"outside {tmp_path}/queue" in err
    assert f"unix:{tmp_path}/queue/safehold/milter.sock" in err
    assert [line for line in commands(out) if line.startswith("install ")] == [
        f"install -d -o safehold-milter -g postfix -m 2750 {tmp_path}/queue/safehold"
    ]


@needs_postfix
def test_other_milters_of_the_site_stay(run, machine, tmp_path):
    """A pasted line that replaced the DKIM signer would break all outgoing mail without a word."""
    machine("smtpd_milters = { inet:localhost:8891, connect_timeout=10s }\nnon_smtpd_milters = $smtpd_milters\n")

    _, out, _ = run("init", "--config", tmp_path / "safehold.yaml", "--domain", "council.test")

    wanted = "unix:safehold/milter.sock, { inet:localhost:8891, connect_timeout=10s }"
    assert f"postconf -e 'smtpd_milters={wanted}'" in commands(out)
    assert f"postconf -e 'non_smtpd_milters={wanted}'" in commands(out)
    assert "stay" in out


@needs_postfix
def test_the_lines_are_those_that_doctor_asks_for(run, machine, tmp_path):
    machine()
    _, out, _ = run("init", "--config", tmp_path / "safehold.yaml", "--domain", "council.test")

    names = {shlex.split(line)[2].partition("=")[0] for line in commands(out) if line.startswith("postconf ")}
    assert {"smtpd_milters", "enable_original_recipient", "127.0.0.1:10027/inet"} <= names
    assert "postfix reload" in commands(out)


def test_what_comes_next_is_said_with_the_file_that_was_named(run, tmp_path):
    file = tmp_path / "safehold.yaml"

    _, out, _ = run("init", "--config", file, "--domain", "council.test")

    assert f"safehold doctor --config {file}" in out
    assert f"safehold register import FILE --config {file}" in out


def test_without_a_domain_it_is_said_that_notices_have_no_sender(run, tmp_path):
    assert "--domain" in run("init", "--config", tmp_path / "safehold.yaml")[2]


def test_the_recovery_key_is_shown_with_the_command_that_takes_it(run, tmp_path):
    assert "`safehold key recover`" in run("init", "--config", tmp_path / "safehold.yaml")[1]


def test_what_is_to_be_pasted_is_not_called_lines_of_a_file(run, tmp_path):
    _, out, _ = run("init", "--config", tmp_path / "safehold.yaml", "--domain", "council.test")

    assert "put these lines into" not in out
    assert "these commands write main.cf and master.cf" in out


# -- config check -----------------------------------------------------------------------------------------------


def test_settings_that_cannot_work_here_are_no_good_settings(run, tmp_path):
    file = tmp_path / "safehold.yaml"
    file.write_text("store: none/safehold.db\n")

    code, out, err = run("config", "check", "--config", file)

    assert (code, out) == (78, "")
    assert f"{file}:1:1: error[setting]: `store`: there is no folder {tmp_path}/none" in err


def test_settings_as_init_writes_them_are_good(run, tmp_path):
    file = tmp_path / "safehold.yaml"
    run("init", "--config", file, "--domain", "council.test")

    code, out, err = run("config", "check", "--config", file)

    assert (code, err) == (0, "")
    assert out.startswith(f"{file}: ok\n")


def test_the_limits_in_force_are_shown_with_what_they_would_be(run, tmp_path):
    file = tmp_path / "safehold.yaml"
    run("init", "--config", file, "--domain", "council.test")
    with file.open("a") as settings:
        settings.write("reading: {deadline_s: 90, limits: {depth: 7}}\n")

    _, out, _ = run("config", "check", "--config", file)

    rows = [" ".join(row.split()) for row in out.splitlines()]
    assert "depth 7 (unless set: 10)" in rows
    assert "pages 500" in rows
    assert "deadline_dear_s 90.0 (unless set: 60.0)" in rows


# -- doctor -----------------------------------------------------------------------------------------------------


@pytest.fixture
def answers(monkeypatch):
    def say(*checks):
        monkeypatch.setattr(doctor, "examine", lambda path, **_: checks)

    return say


def test_the_summary_is_the_last_line_of_the_report(run, answers):
    answers(ok("a", "fine"), warn("b", "odd", "look"), fail("c", "bad", "first do this", "then that"))

    code, out, err = run("doctor")

    assert (code, err) == (2, "")
    assert out.splitlines()[-1] == "1 failure, 1 warning"


@pytest.mark.parametrize(
    ("checks", "summary", "exit_code"),
    [
        ((ok("a", "fine"),), "0 failures, 0 warnings", 0),
        ((warn("a", "odd"), warn("b", "odd")), "0 failures, 2 warnings", 1),
        ((fail("a", "bad"), fail("b", "bad")), "2 failures, 0 warnings", 2),
    ],
)
def test_counts_are_said_as_people_say_them(run, answers, checks, summary, exit_code):
    answers(*checks)

    code, out, _ = run("doctor")

    assert (code, out.splitlines()[-1]) == (exit_code, summary)


def test_each_step_of_a_cure_has_a_line_of_its_own(run, answers):
    answers(fail("a", "bad", "first do this", "then that"))

    lines = run("doctor")[1].splitlines()

    assert [line.strip() for line in lines[1:3]] == ["fix: first do this", "then that"]
    assert lines[1].index("first") == lines[2].index("then")


def test_with_json_nothing_else_stands_on_either_stream(run, answers):
    answers(ok("a", "fine"), fail("b", "bad", "do this"))

    code, out, err = run("doctor", "--json")

    assert json.loads(out)[1] == {"name": "b", "level": "FAIL", "text": "bad", "fix": "do this"}
    assert (code, err) == (2, "")
