# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check of Postfix must be able to fail, and its cure must be the command that cures."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from safehold import assemble, config, postfix
from safehold.doctor import Level, lines
from safehold.doctor.checks import Gateway
from safehold.postfix import LineSettings, Service

QUEUE = "/var/spool/postfix"
PORT_25 = Service("smtp", "inet", True, "smtpd")
CLEANUP = Service("cleanup", "unix", True, "cleanup")
PICKUP = Service("pickup", "unix", True, "pickup")
# What a Postfix 3.7 has where nobody says anything.
DEFAULTS = {
    "mail_version": "3.7.11",
    "queue_directory": QUEUE,
    "smtpd_milters": "",
    "non_smtpd_milters": "",
    "smtpd_milter_maps": "",
    "receive_override_options": "",
    "milter_default_action": "tempfail",
    "milter_content_timeout": "300s",
    "milter_connect_macros": "j {daemon_name} {daemon_addr} v _",
    "milter_macro_daemon_name": "mail.own.example",
    "enable_long_queue_ids": "no",
    "enable_original_recipient": "yes",
    "message_reject_characters": "",
    "message_size_limit": "10240000",
    "smtpd_forbid_bare_newline": "no",
}
SETTINGS = config.Settings()
WANTED = postfix.lines(LineSettings(postfix_version="3.7.11"))
GOOD = DEFAULTS | {line.name: line.value for line in WANTED if line.file == "main.cf"}
RELEASE = next(
    Service(line.name.rpartition("/")[0], "inet", False, "smtpd", line.options)
    for line in WANTED
    if line.file == "master.cf"
)


@pytest.fixture
def examined(monkeypatch, tmp_path):
    """Return examine(*services, **values) -> checks, for a Postfix with these settings."""

    def examine(*services, blind=(), unreadable=(), settings=SETTINGS, **changes):
        values = GOOD | changes

        class Postconf:
            def __init__(self, directory):
                pass

            def values(self, *names):
                return MappingProxyType({name: values.get(name, "") for name in names})

            def services(self):
                return services or (PORT_25, CLEANUP, PICKUP, RELEASE)

        class Maps:
            def __init__(self, postconf):
                pass

            def check(self):
                return tuple(unreadable)

        monkeypatch.setattr(lines, "Postconf", Postconf)
        monkeypatch.setattr(postfix, "Postconf", Postconf)
        monkeypatch.setattr(postfix, "Maps", Maps)
        monkeypatch.setattr(postfix, "blind_spots", lambda _: dict(blind))
        monkeypatch.setattr(lines.shutil, "which", lambda *_, **__: "/usr/sbin/postconf")
        return list(lines.check(Gateway(tmp_path / "safehold.yaml", settings, None)))

    return examine


def only(checks, name, level=Level.FAIL):
    """Return the one check of that name and level."""
    (found,) = [check for check in checks if (check.name, check.level) == (name, level)]
    return found


def worst(checks, name):
    return max((c.level for c in checks if c.name == name), key=lambda level: level.nagios)


def test_a_postfix_with_every_line_passes_every_check(examined):
    assert {check.level for check in examined()} == {Level.OK}


@pytest.mark.parametrize("line", WANTED, ids=[line.name for line in WANTED])
def test_a_line_that_is_left_out_is_named_with_itself_as_the_cure_unless_the_default_is_as_good(examined, line):
    if line.file == "master.cf":
        checks = examined(PORT_25, CLEANUP, PICKUP)
    else:
        checks = examined(**{line.name: DEFAULTS[line.name]})

    found = [check for check in checks if check.level is not Level.OK]
    if line.name in {
        "milter_default_action",
        "milter_content_timeout",
        "milter_macro_daemon_name",
        "enable_original_recipient",
    }:
        assert found == []
    else:
        assert [check.fix for check in found] == [f"{line.shell()} && postfix reload"]


@pytest.mark.parametrize(
    ("changes", "check", "level"),
    [
        pytest.param({"milter_default_action": "accept"}, "default action", Level.FAIL, id="accept leaks"),
        pytest.param(
            {"milter_default_action": "quarantine"}, "default action", Level.FAIL, id="quarantine is not ours"
        ),
        pytest.param({"milter_content_timeout": "30s"}, "timeouts", Level.FAIL, id="Postfix gives up first"),
        pytest.param({"milter_macro_daemon_name": ""}, "macros", Level.WARN, id="the daemon is not named"),
        pytest.param({"enable_original_recipient": "no"}, "original recipient", Level.FAIL, id="lists are held whole"),
    ],
)
def test_a_wrong_value_of_a_line_whose_default_is_good_is_found(examined, changes, check, level):
    (name,) = changes
    (line,) = [line for line in WANTED if line.name == name]

    found = only(examined(**changes), check, level)

    assert found.fix == f"{line.shell()} && postfix reload"
    assert name in found.text


@pytest.mark.parametrize(
    ("changes", "check", "level", "fix"),
    [
        pytest.param(
            {"smtpd_milters": "{ unix:safehold/milter.sock, default_action=accept }"},
            "default action",
            Level.FAIL,
            "postconf -e smtpd_milters=unix:safehold/milter.sock && postfix reload",
            id="accept for this milter alone",
        ),
        pytest.param(
            {"mail_version": "3.11.0"},
            "default action",
            Level.WARN,
            "postconf -e milter_default_action=shutdown && postfix reload",
            id="shutdown is better where there is one",
        ),
        pytest.param(
            {"smtpd_milters": "unix:safehold/milter.sock2"},
            "smtpd_milters",
            Level.FAIL,
            "postconf -e 'smtpd_milters=unix:safehold/milter.sock, unix:safehold/milter.sock2' && postfix reload",
            id="another socket, which stays",
        ),
        pytest.param(
            {"message_size_limit": "104857600"},
            "message size",
            Level.WARN,
            "postconf -e message_size_limit=52428800 && postfix reload",
            id="larger mail than we read",
        ),
        pytest.param(
            {"message_size_limit": "0"},
            "message size",
            Level.WARN,
            "postconf -e message_size_limit=52428800 && postfix reload",
            id="mail of any size",
        ),
        pytest.param(
            {"message_reject_characters": ""},
            "NUL",
            Level.WARN,
            r"postconf -e 'message_reject_characters=\0' && postfix reload",
            id="NUL hides text",
        ),
        pytest.param(
            {"smtpd_forbid_bare_newline": "no", "mail_version": "3.7.9"},
            "smuggling",
            Level.WARN,
            "postconf -e smtpd_forbid_bare_newline=yes && postfix reload",
            id="smuggling, and this version knows no better word",
        ),
        pytest.param(
            {"smtpd_milter_maps": "cidr:/etc/postfix/milter_maps"},
            "smtpd_milters",
            Level.WARN,
            "postconf -X smtpd_milter_maps && postfix reload",
            id="some clients have other milters",
        ),
        pytest.param(
            {"receive_override_options": "no_milters"},
            "smtpd_milters",
            Level.FAIL,
            "postconf -X receive_override_options && postfix reload   (unless only checked mail can reach it)",
            id="all services are told to ask nobody",
        ),
    ],
)
def test_each_wrong_setting_is_found_with_a_command_that_can_be_pasted(examined, changes, check, level, fix):
    assert only(examined(**changes), check, level).fix == fix


def test_a_postfix_too_old_to_forbid_smuggling_is_given_what_it_can_do(examined):
    found = only(examined(smtpd_forbid_bare_newline="", mail_version="3.7.6"), "smuggling", Level.WARN)

    assert "does not know smtpd_forbid_bare_newline" in found.text
    assert "postconf -e smtpd_forbid_bare_newline" not in found.fix
    assert "reject_unauth_pipelining" in found.fix


def test_the_instance_that_the_settings_name_is_the_one_that_is_cured(examined, tmp_path):
    (tmp_path / "main.cf").write_text("")
    there = SETTINGS.model_copy(update={"postfix": config.PostfixSettings(config_directory=tmp_path)})

    found = only(examined(settings=there, enable_long_queue_ids="no"), "queue ids")

    assert found.fix == f"postconf -c {tmp_path} -e enable_long_queue_ids=yes && postfix -c {tmp_path} reload"


# -- the chroot -------------------------------------------------------------------------------------------------


def test_an_absolute_path_means_another_file_to_a_chrooted_daemon(examined):
    """Debian chroots smtpd: everything looks right in main.cf, and no mail passes at all."""
    found = only(examined(smtpd_milters=f"unix:{QUEUE}/safehold/milter.sock"), "smtpd_milters")

    assert f"chrooted to {QUEUE}" in found.text
    assert found.fix == "postconf -e smtpd_milters=unix:safehold/milter.sock && postfix reload"


def test_an_absolute_path_is_fine_where_nothing_is_chrooted(examined):
    where = f"unix:{QUEUE}/safehold/milter.sock"
    services = (replace(PORT_25, is_chrooted=False), replace(CLEANUP, is_chrooted=False), PICKUP, RELEASE)

    assert {c.level for c in examined(*services, smtpd_milters=where, non_smtpd_milters=where)} == {Level.OK}


def test_a_socket_outside_the_chroot_must_move_first(examined):
    away = SETTINGS.model_copy(update={"milter": config.Milter(socket="unix:/run/safehold/milter.sock")})
    where = "unix:/run/safehold/milter.sock"

    checks = examined(settings=away, smtpd_milters=where, non_smtpd_milters=where)

    for name in ("smtpd_milters", "non_smtpd_milters"):
        move, command = only(checks, name).fix.splitlines()
        assert "see `milter socket`" in move
        assert command == f"postconf -e {name}=unix:safehold/milter.sock && postfix reload"


# -- services ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "fix"),
    [
        pytest.param(
            Service("submission", "inet", True, "smtpd", {"smtpd_milters": ""}),
            "postconf -PX submission/inet/smtpd_milters && postfix reload   (unless only checked mail can reach it)",
            id="submission without us",
        ),
        pytest.param(
            Service("10025", "inet", True, "smtpd", {"receive_override_options": "no_milters"}),
            "postconf -PX 10025/inet/receive_override_options && postfix reload"
            "   (unless only checked mail can reach it)",
            id="re-entry without milters",
        ),
    ],
)
def test_a_service_that_goes_around_us_is_found(examined, service, fix):
    assert only(examined(PORT_25, CLEANUP, PICKUP, RELEASE, service), "master.cf").fix == fix


@pytest.mark.parametrize(
    ("service", "words"),
    [
        pytest.param(
            replace(RELEASE, overrides={**RELEASE.overrides, "smtpd_milters": ""}), "not behind", id="open door"
        ),
        pytest.param(
            replace(RELEASE, overrides={**RELEASE.overrides, "receive_override_options": ""}),
            "may reach other people",
            id="releases are mapped to others",
        ),
        pytest.param(replace(RELEASE, name="10027"), "all interfaces", id="open to the network"),
    ],
)
def test_each_wrong_release_listener_is_found_with_its_whole_line(examined, service, words):
    (line,) = [line for line in WANTED if line.file == "master.cf"]

    found = only(examined(PORT_25, CLEANUP, PICKUP, service), "release listener")

    assert words in found.text
    assert found.fix.endswith(f"{line.shell()} && postfix reload")


def test_a_release_listener_of_an_older_line_is_told_what_is_new(examined):
    older = {name: value for name, value in RELEASE.overrides.items() if name != "smtpd_sender_restrictions"}

    found = only(
        examined(PORT_25, CLEANUP, PICKUP, replace(RELEASE, overrides=older), smtpd_sender_restrictions="reject"),
        "release listener",
        Level.WARN,
    )

    assert "smtpd_sender_restrictions" in found.text


def test_a_signer_on_the_release_listener_is_no_difference(examined):
    signed = {**RELEASE.overrides, "smtpd_milters": "unix:safehold/guard.sock,inet:localhost:8891"}

    assert worst(examined(PORT_25, CLEANUP, PICKUP, replace(RELEASE, overrides=signed)), "release listener") is Level.OK


def test_the_listener_for_lists_is_looked_at_where_the_settings_name_one(examined):
    lists = SETTINGS.model_copy(update={"release": config.Release(lists="127.0.0.1:10028")})
    wanted = [line for line in assemble_lines(lists) if line.file == "master.cf"]

    found = [c for c in examined(settings=lists) if c.level is not Level.OK]

    assert [check.fix for check in found] == [f"{line.shell()} && postfix reload" for line in wanted[1:]]


def assemble_lines(settings):
    return postfix.lines(
        LineSettings(postfix_version="3.7.11", list_listener=settings.release.lists or ""),
    )


# -- maps, and no Postfix at all --------------------------------------------------------------------------------


def test_a_map_that_cannot_be_read_is_a_failure(examined):
    found = only(examined(unreadable=["ldap:/etc/x"]), "maps")

    assert found.fix.startswith("postmap -q postmaster ldap:/etc/x")


def test_a_setting_that_sends_mail_elsewhere_is_a_warning(examined):
    assert worst(examined(blind={"always_bcc": "copies mail"}.items()), "maps") is Level.WARN


@pytest.mark.parametrize(("is_there", "words"), [(True, "holds no main.cf"), (False, "is no folder")])
def test_a_wrong_configuration_directory_has_a_message_of_its_own(monkeypatch, tmp_path, is_there, words):
    monkeypatch.setattr(lines.shutil, "which", lambda *_, **__: "/usr/sbin/postconf")
    directory = tmp_path / "postfix"
    if is_there:
        directory.mkdir()
    there = SETTINGS.model_copy(update={"postfix": config.PostfixSettings(config_directory=directory)})

    (found,) = lines.check(Gateway(tmp_path / "safehold.yaml", there, None))

    assert (found.name, found.level) == ("postfix", Level.FAIL)
    assert f"{directory}, which {words}" in found.text
    assert str(tmp_path / "safehold.yaml") in found.text
    assert "postconf -h config_directory" in found.fix


def test_a_machine_without_postfix_is_told_so(monkeypatch):
    monkeypatch.setattr(lines.shutil, "which", lambda *_, **__: None)

    (found,) = lines.check(Gateway(Path("safehold.yaml"), SETTINGS, None))

    assert "not installed" in found.text


def test_where_nothing_is_mapped_postfix_is_not_asked():
    alone = SETTINGS.model_copy(update={"postfix": config.PostfixSettings(maps="none")})

    (found,) = lines.check(Gateway(Path("safehold.yaml"), alone, None))

    assert found.level is Level.WARN


def test_the_cures_are_the_lines_that_init_prints(examined, monkeypatch):
    examined()

    assert assemble.postfix_lines(SETTINGS) == WANTED


# -- the default action is each milter's own -------------------------------------------------------------------

RSPAMD = "{inet:127.0.0.1:11332, default_action=accept, connect_timeout=5s}"


def test_the_accept_of_another_milter_is_its_own_affair(examined):
    checks = examined(smtpd_milters=f"{RSPAMD}, unix:safehold/milter.sock")

    found = only(checks, "default action", Level.OK)
    assert found.text.startswith("tempfail: mail waits when the check is down")


def test_other_milters_that_say_nothing_are_told_to_wait_as_ours_is(examined):
    """Who used to have `accept` for a spam filter has mail that waits for it now, and should know how to keep that."""
    checks = examined(smtpd_milters=f"{RSPAMD}, unix:safehold/milter.sock, unix:opendkim/opendkim.sock")

    found = only(checks, "default action", Level.OK)
    assert "unix:opendkim/opendkim.sock" in found.text
    assert "{unix:opendkim/opendkim.sock, default_action=accept}" in found.text
    assert "11332" not in found.text


def test_what_is_said_of_our_milter_alone_counts_more_than_what_is_said_of_all(examined):
    """Our tempfail in braces is as good as anybody's, and everybody else may have their accept."""
    ours = "{unix:safehold/milter.sock, default_action=tempfail}"
    checks = examined(milter_default_action="accept", smtpd_milters=ours, non_smtpd_milters=ours)

    assert worst(checks, "default action") is Level.OK


def test_a_service_that_gives_our_milter_an_accept_of_its_own_is_named_with_its_cure(examined):
    own = Service(
        "submission", "inet", True, "smtpd", {"smtpd_milters": "{unix:safehold/milter.sock,default_action=accept}"}
    )
    found = only(examined(PORT_25, own, CLEANUP, PICKUP, RELEASE), "default action")

    assert "accept" in found.text
    assert "submission/inet" in found.text
    assert found.fix == "postconf -P 'submission/inet/smtpd_milters=unix:safehold/milter.sock' && postfix reload"


def test_a_service_with_a_default_action_of_its_own_is_judged_by_that(examined):
    own = Service("submission", "inet", True, "smtpd", {"milter_default_action": "accept"})

    found = only(examined(PORT_25, own, CLEANUP, PICKUP, RELEASE), "default action")

    assert "submission/inet" in found.text
    assert found.fix == "postconf -PX submission/inet/milter_default_action && postfix reload"


def test_a_time_that_our_milter_alone_is_given_counts(examined):
    ours = "{unix:safehold/milter.sock, content_timeout=30s}"

    found = only(examined(smtpd_milters=ours), "timeouts")

    assert "content_timeout" in found.text
