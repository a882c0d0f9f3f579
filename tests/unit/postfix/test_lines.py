# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that `init` prints."""

import shutil
import subprocess
from pathlib import Path

import pytest

from safehold.postfix import LineSettings, lines


def main(settings: LineSettings = LineSettings()) -> dict[str, str]:  # noqa: B008 - frozen
    return {line.name: line.value for line in lines(settings) if line.file == "main.cf"}


def test_mail_by_every_way_is_judged_and_waits_where_nobody_answers():
    values = main()

    assert values["smtpd_milters"] == values["non_smtpd_milters"] == "unix:safehold/milter.sock"
    assert values["milter_default_action"] == "tempfail"


def test_a_postfix_that_can_shut_down_the_session_does():
    assert main(LineSettings(postfix_version="3.11.0"))["milter_default_action"] == "shutdown"
    assert main(LineSettings(postfix_version="3.10.4"))["milter_default_action"] == "tempfail"


@pytest.mark.parametrize(
    ("version", "value"),
    [
        ("3.7.11", "normalize"),
        ("3.7.9", "yes"),
        ("3.5.23", "yes"),
        ("3.8.5", "normalize"),
        ("3.9.0", "normalize"),
        ("3.10-20240101", "normalize"),
        ("3.7.8", None),
        ("3.4.23", None),
        ("3.7", None),
    ],
)
def test_bare_newlines_are_dealt_with_as_well_as_that_version_can(version, value):
    """A setting that this Postfix does not know would only make it warn about an unused parameter."""
    assert main(LineSettings(postfix_version=version)).get("smtpd_forbid_bare_newline") == value


def test_other_milters_keep_their_places():
    settings = LineSettings(milters_before=("unix:clamav.sock",), milters_after=("inet:127.0.0.1:8891",))

    (service,) = [line for line in lines(settings) if line.file == "master.cf"]
    values = main(settings)
    assert values["smtpd_milters"] == "unix:clamav.sock, unix:safehold/milter.sock, inet:127.0.0.1:8891"
    assert values["non_smtpd_milters"] == values["smtpd_milters"]
    assert "-o smtpd_milters=unix:safehold/guard.sock,inet:127.0.0.1:8891 " in service.value + " "


def test_local_mail_may_have_other_milters_of_its_own():
    settings = LineSettings(milters_after=("inet:127.0.0.1:8891",), local_milters_after=())

    assert main(settings)["non_smtpd_milters"] == "unix:safehold/milter.sock"


def test_a_milter_with_options_of_its_own_keeps_them_on_the_release_listener():
    """Its DKIM signature must not be lost because its value holds blanks, which end a plain -o."""
    settings = LineSettings(milters_after=("{ inet:127.0.0.1:8891, connect_timeout=10s }",))

    (service,) = [line for line in lines(settings) if line.file == "master.cf"]
    wanted = "unix:safehold/guard.sock, { inet:127.0.0.1:8891, connect_timeout=10s }"
    assert f" -o {{ smtpd_milters = {wanted} }} " in service.value


def test_the_time_out_leaves_room_for_the_slowest_reading():
    assert main(LineSettings(deadline_s=30))["milter_content_timeout"] == "240s"
    assert main(LineSettings(deadline_s=200))["milter_content_timeout"] == "400s"


def test_the_release_listener_maps_nothing_and_asks_the_guard():
    (service,) = [line for line in lines() if line.file == "master.cf"]

    assert service.name == "127.0.0.1:10027/inet"
    assert " -o receive_override_options=no_address_mappings,no_header_body_checks " in service.text
    assert " -o smtpd_milters=unix:safehold/guard.sock" in service.text


LISTS = LineSettings(list_listener="127.0.0.1:10028", milters_after=("inet:127.0.0.1:8891",))


def test_a_listener_for_lists_maps_and_asks_the_guard_and_copies_nothing():
    release, listener, cleanup = [line for line in lines(LISTS) if line.file == "master.cf"]

    assert release.name == "127.0.0.1:10027/inet"
    assert listener.name == "127.0.0.1:10028/inet"
    assert " -o receive_override_options=no_header_body_checks " in listener.text
    assert " -o smtpd_milters=unix:safehold/guard.sock,inet:127.0.0.1:8891 " in listener.text
    assert f" -o cleanup_service_name={cleanup.text.split()[0]} " in listener.text
    assert cleanup.name == "safehold-lists/unix"
    assert cleanup.text.endswith(" -o always_bcc= -o sender_bcc_maps= -o recipient_bcc_maps=")


def test_no_lines_for_lists_where_the_settings_name_no_listener():
    assert len([line for line in lines() if line.file == "master.cf"]) == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("local_header_rewrite_clients", id="completes headers of loopback: not what was held"),
        pytest.param("smtpd_milter_maps", id="spares loopback the milters, and so the guard"),
        pytest.param("smtpd_sender_restrictions", id="wants a sender of ours to be signed in"),
    ],
)
def test_what_main_cf_says_of_loopback_is_not_for_releases(name: str):
    services = [line.text for line in lines(LISTS) if line.name.endswith("/inet")]

    assert [f" -o {name}= " in text for text in services] == [True, True]


def test_every_line_has_its_reason():
    assert all(line.why for line in lines(LISTS))


@pytest.mark.skipif(shutil.which("postconf", path="/usr/sbin:/usr/bin") is None, reason="Postfix is not installed")
def test_postfix_takes_every_line(tmp_path: Path):
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n")
    (tmp_path / "master.cf").write_text("smtp inet n - y - - smtpd\n")

    wanted = LineSettings(
        postfix_version="3.7.11",
        milters_after=("{ inet:127.0.0.1:8891, connect_timeout=10s }",),
        list_listener="127.0.0.1:10028",
    )
    for line in lines(wanted):
        program, *arguments = line.command
        subprocess.run([f"/usr/sbin/{program}", "-c", str(tmp_path), *arguments], check=True, capture_output=True)

    done = subprocess.run(["/usr/sbin/postconf", "-c", str(tmp_path), "-n"], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    shown = dict(line.split(" = ", 1) for line in done.stdout.splitlines())
    assert all(shown[line.name] == line.value for line in lines(wanted) if line.file == "main.cf")
    master = subprocess.run(
        ["/usr/sbin/postconf", "-c", str(tmp_path), "-M"], check=True, capture_output=True, text=True
    )
    assert "no_address_mappings" in master.stdout
    assert "{ inet:127.0.0.1:8891, connect_timeout=10s }" in master.stdout


def test_the_default_action_says_what_it_means_for_other_milters_and_how_they_keep_their_own():
    after = ("{inet:127.0.0.1:11332, default_action=accept}", "unix:opendkim/opendkim.sock")

    (line,) = [each for each in lines(LineSettings(milters_after=after)) if each.name == "milter_default_action"]

    assert "unix:opendkim/opendkim.sock" in line.why
    assert "{unix:opendkim/opendkim.sock, default_action=accept}" in line.why
    assert "11332" not in line.why


def test_without_other_milters_the_default_action_speaks_of_none():
    (line,) = [each for each in lines(LineSettings()) if each.name == "milter_default_action"]

    assert "default_action=" not in line.why
