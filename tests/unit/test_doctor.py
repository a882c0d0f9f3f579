# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check must be able to fail: a doctor that always says ok is worse than none."""

from types import MappingProxyType

import pytest

from safehold import config, doctor
from safehold.cli import setup
from safehold.doctor import Level
from safehold.postfix import Service

GOOD = {
    "mail_version": "3.7.11",
    "smtpd_milters": "unix:safehold/milter.sock",
    "non_smtpd_milters": "unix:safehold/milter.sock",
    "milter_default_action": "tempfail",
    "milter_content_timeout": "300s",
    "milter_connect_macros": "j {daemon_name} {client_addr}",
    "milter_macro_daemon_name": "host.test",
    "enable_long_queue_ids": "yes",
    "message_reject_characters": "\\0",
    "message_size_limit": "10240000",
    "smtpd_forbid_bare_newline": "normalize",
    "queue_directory": "/var/spool/postfix",
}
RELEASE = Service(
    "127.0.0.1:10027",
    "inet",
    False,
    "smtpd",
    {"smtpd_milters": "unix:safehold/guard.sock", "receive_override_options": "no_address_mappings"},
)
PORT_25 = Service("smtp", "inet", True, "smtpd", {})


@pytest.fixture
def examined(monkeypatch):
    """Return check(services, **values) -> {check name: level} for a Postfix with these settings."""

    def examine(*services, blind=(), unreadable=(), **changes):
        class Postconf:
            def __init__(self, directory):
                pass

            def values(self, *names):
                return MappingProxyType({name: {**GOOD, **changes}[name] for name in names})

            def services(self):
                return services or (PORT_25, RELEASE)

        class Maps:
            def __init__(self, postconf):
                pass

            def check(self):
                return tuple(unreadable)

        monkeypatch.setattr(doctor, "Postconf", Postconf)
        monkeypatch.setattr(doctor.postfix, "Maps", Maps)
        monkeypatch.setattr(doctor.postfix, "blind_spots", lambda _: dict(blind))
        levels = {}
        for check in doctor._postfix(config.Settings()):
            levels[check.name] = max(levels.get(check.name, Level.OK), check.level, key=lambda level: level.nagios)
        return levels

    return examine


def test_a_good_postfix_passes_every_check(examined):
    assert set(examined().values()) == {Level.OK}


@pytest.mark.parametrize(
    ("changes", "check", "level"),
    [
        pytest.param({"milter_default_action": "accept"}, "default action", Level.FAIL, id="accept leaks"),
        pytest.param(
            {"milter_default_action": "quarantine"}, "default action", Level.FAIL, id="quarantine is not ours"
        ),
        pytest.param(
            {"smtpd_milters": "{ unix:safehold/milter.sock, default_action=accept }"},
            "default action",
            Level.FAIL,
            id="accept for this milter alone",
        ),
        pytest.param(
            {"mail_version": "3.11.0"}, "default action", Level.WARN, id="shutdown is better where there is one"
        ),
        pytest.param({"smtpd_milters": ""}, "smtpd_milters", Level.FAIL, id="no milter for SMTP"),
        pytest.param({"smtpd_milters": "unix:safehold/milter.sock2"}, "smtpd_milters", Level.FAIL, id="another socket"),
        pytest.param({"non_smtpd_milters": ""}, "non_smtpd_milters", Level.FAIL, id="no milter for sendmail(1)"),
        pytest.param({"enable_long_queue_ids": "no"}, "queue ids", Level.FAIL, id="short queue ids"),
        pytest.param({"milter_content_timeout": "30s"}, "timeouts", Level.FAIL, id="Postfix gives up first"),
        pytest.param({"message_size_limit": "104857600"}, "message size", Level.WARN, id="larger mail than we read"),
        pytest.param({"message_size_limit": "0"}, "message size", Level.WARN, id="mail of any size"),
        pytest.param({"milter_connect_macros": "j"}, "macros", Level.FAIL, id="the client is not named"),
        pytest.param({"message_reject_characters": ""}, "NUL", Level.WARN, id="NUL hides text"),
        pytest.param({"smtpd_forbid_bare_newline": "no"}, "smuggling", Level.WARN, id="smuggling"),
    ],
)
def test_each_wrong_setting_is_found(examined, changes, check, level):
    assert examined(**changes)[check] is level


@pytest.mark.parametrize(
    ("services", "check"),
    [
        pytest.param((PORT_25,), "release listener", id="no release listener"),
        pytest.param(
            (PORT_25, Service(RELEASE.name, "inet", False, "smtpd", {"smtpd_milters": ""})),
            "release listener",
            id="an open door on loopback",
        ),
        pytest.param(
            (PORT_25, Service(RELEASE.name, "inet", False, "smtpd", {"smtpd_milters": "unix:safehold/guard.sock"})),
            "release listener",
            id="releases are mapped to others",
        ),
        pytest.param(
            (PORT_25, RELEASE, Service("submission", "inet", True, "smtpd", {"smtpd_milters": ""})),
            "master.cf",
            id="submission without us",
        ),
        pytest.param(
            (PORT_25, RELEASE, Service("10025", "inet", True, "smtpd", {"receive_override_options": "no_milters"})),
            "master.cf",
            id="re-entry without milters",
        ),
    ],
)
def test_each_wrong_service_is_found(examined, services, check):
    assert examined(*services)[check] is Level.FAIL


def test_a_map_that_cannot_be_read_is_a_failure(examined):
    assert examined(unreadable=["ldap:/etc/x cannot be asked"])["maps"] is Level.FAIL


def test_a_setting_that_sends_mail_elsewhere_is_a_warning(examined):
    assert examined(blind={"always_bcc": "copies mail"}.items())["maps"] is Level.WARN


@pytest.mark.parametrize(
    ("where", "milters", "named"),
    [
        ("unix:/var/spool/postfix/safehold/milter.sock", "inet:x:1, unix:safehold/milter.sock", True),
        ("unix:/var/spool/postfix/safehold/milter.sock", "unix:/var/spool/postfix/safehold/milter.sock", True),
        ("unix:/var/spool/postfix/safehold/milter.sock", "{ unix:safehold/milter.sock, connect_timeout=1s }", True),
        ("unix:/var/spool/postfix/safehold/milter.sock", "unix:other/safehold/milter.sock", False),
        ("inet:9000@localhost", "inet:localhost:9000", True),
        ("inet:9000@localhost", "inet:localhost:9001", False),
    ],
)
def test_a_socket_is_known_as_postfix_spells_it(where, milters, named):
    assert doctor._named(where, milters, "/var/spool/postfix") is named


def test_settings_that_do_not_load_are_the_only_answer(tmp_path):
    (only,) = doctor.examine(tmp_path / "none.yaml")

    assert (only.name, only.level) == ("settings", Level.FAIL)


def test_a_new_gateway_is_told_what_is_missing(tmp_path):
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", socket=str(tmp_path), maps="none")

    levels = {c.name: c.level for c in doctor.examine(file)}

    assert levels["keys"] is Level.FAIL
    assert levels["store"] is Level.FAIL
    assert levels["policies"] is Level.FAIL
    assert levels["milter socket"] is Level.FAIL
    assert levels["reader workers"] is Level.OK


def test_a_register_that_holds_nobody_is_a_failure_of_the_policy_that_asks_it(tmp_path):
    """A misspelt register protects nobody, and nothing else would ever say so."""
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", socket=str(tmp_path), maps="none")
    setup.make_keys_and_store(config.load(file))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "first.yaml").write_text(
        "version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: enforce,"
        " when: {content: {register: refugees}, recipients: {scope: external}}}\n"
    )

    found = [c for c in doctor.examine(file) if c.name == "policies" and c.level is Level.FAIL]

    assert ["refugees" in c.text for c in found] == [True]


def test_a_socket_that_may_not_be_looked_at_is_a_failure_and_no_traceback(monkeypatch, tmp_path):
    def denied(settings):
        raise PermissionError(13, "Permission denied")

    (only,) = doctor._guarded(denied, config.Settings())

    assert only.level is Level.FAIL
