# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of settings, and programs that do not do as they should."""

import shutil
from pathlib import Path

import pytest

from safehold.errors import MapUnreadableError
from safehold.postfix import Postconf
from safehold.postfix.postconf import signature_of, split


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ("", []),
        (" , ,, ", []),
        ("hash:/a, hash:/b\thash:/c", ["hash:/a", "hash:/b", "hash:/c"]),
        ("inline:{ {a@b = c@d, e@f} }, hash:/x", ["inline:{ {a@b = c@d, e@f} }", "hash:/x"]),
        ("{ hash:/with blank }, y", ["hash:/with blank", "y"]),
        ("pipemap:{hash:/a,pcre:/b}", ["pipemap:{hash:/a,pcre:/b}"]),
    ],
)
def test_members_of_a_list(value, members):
    assert split(value) == members


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put our own programs in Postfix's place."""
    monkeypatch.setattr("safehold.postfix.postconf._PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_program_that_hangs_is_given_up(programs: Path):
    program(programs, "postmap", "exec sleep 30")

    with pytest.raises(MapUnreadableError, match="in time"):
        Postconf(programs, timeout_s=0.2).run("postmap", "-q", "x", "hash:/x")


def test_a_program_that_is_missing_is_a_map_unread(programs: Path):
    with pytest.raises(MapUnreadableError, match="cannot be run"):
        Postconf(programs).run("no-such-program")


@pytest.mark.parametrize(
    ("text", "is_failure"),
    [
        ("exit 0", False),
        ("exit 1", False),
        ("echo 'postmap: warning: odd' >&2; exit 1", False),
        ("echo 'postmap: fatal: open database' >&2; exit 1", True),
        ("echo 'postmap: error: x' >&2; exit 1", True),
        ("exit 2", True),
        ("kill -9 $$", True),
    ],
)
def test_not_found_and_not_asked_are_told_apart(programs: Path, text, is_failure):
    program(programs, "postmap", text)
    postconf = Postconf(programs)

    if is_failure:
        with pytest.raises(MapUnreadableError):
            postconf.run("postmap")
    else:
        assert postconf.run("postmap").is_success == (text == "exit 0")


def test_no_key_is_ever_an_argument_or_a_part_of_a_complaint(programs: Path):
    program(programs, "postmap", 'echo "fatal: $(cat)" >&2; exit 1')

    with pytest.raises(MapUnreadableError) as caught:
        Postconf(programs).run("postmap", "-q", "-", "hash:/x", stdin=b"secret@own.example")

    assert "secret" not in str(caught.value)


@pytest.mark.skipif(shutil.which("postconf", path="/usr/sbin:/usr/bin") is None, reason="Postfix is not installed")
def test_overrides_are_read_whole_and_expanded_as_the_service_would(tmp_path: Path):
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\nmua_milters = unix:mua.sock\n")
    (tmp_path / "master.cf").write_text(
        "smtp inet n - y - - smtpd\n"
        "submission inet n - n - - smtpd\n"
        "  -o smtpd_milters=$mua_milters -o content_filter=\n"
        "  -o { non_smtpd_milters = unix:a.sock, { inet:localhost:1, connect_timeout=1s } }\n"
    )

    smtp, submission = Postconf(tmp_path).services()

    assert (smtp.is_chrooted, smtp.command, dict(smtp.overrides)) == (True, "smtpd", {})
    assert (submission.is_chrooted, dict(submission.overrides)) == (
        False,
        {
            "smtpd_milters": "unix:mua.sock",
            "content_filter": "",
            "non_smtpd_milters": "unix:a.sock, { inet:localhost:1, connect_timeout=1s }",
        },
    )


def test_a_file_nobody_can_see_has_the_zero_signature(tmp_path: Path):
    assert signature_of(tmp_path / "none") == (0, 0, 0)
