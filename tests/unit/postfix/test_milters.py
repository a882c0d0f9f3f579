# SPDX-License-Identifier: GPL-3.0-or-later
"""Which socket a daemon of Postfix really opens: its working directory is the queue, and it may be chrooted there."""

import pytest

from safehold.postfix import Service, askers, option, others, own_place, spelt
from safehold.postfix.milters import place

QUEUE = "/var/spool/postfix"
MAIN = {
    "smtpd_milters": "unix:safehold/milter.sock, { inet:localhost:8891, connect_timeout=10s }",
    "non_smtpd_milters": "unix:safehold/milter.sock",
    "receive_override_options": "",
    "queue_directory": QUEUE,
}
CLEANUP = Service("cleanup", "unix", True, "cleanup")
PICKUP = Service("pickup", "unix", True, "pickup")


@pytest.mark.parametrize(
    ("spec", "is_chrooted", "opened"),
    [
        ("unix:safehold/milter.sock", True, "unix:/var/spool/postfix/safehold/milter.sock"),
        ("unix:safehold/milter.sock", False, "unix:/var/spool/postfix/safehold/milter.sock"),
        ("unix:/run/safehold/milter.sock", False, "unix:/run/safehold/milter.sock"),
        ("unix:/run/safehold/milter.sock", True, "unix:/var/spool/postfix/run/safehold/milter.sock"),
        ("local:/run/safehold/../m.sock", False, "unix:/run/m.sock"),
        ("inet:localhost:8891", True, "inet:localhost:8891"),
        ("inet:[127.0.0.1]:8891", True, "inet:127.0.0.1:8891"),
    ],
)
def test_a_daemon_opens_a_path_below_its_root_and_from_the_queue(spec, is_chrooted, opened):
    assert place(spec, is_chrooted, QUEUE) == opened


@pytest.mark.parametrize(
    ("ours", "spelling"),
    [
        ("unix:/var/spool/postfix/safehold/milter.sock", "unix:safehold/milter.sock"),
        ("unix:/run/safehold/milter.sock", "unix:/run/safehold/milter.sock"),
        ("inet:9000@localhost", "inet:localhost:9000"),
        ("inet:9000", "inet:localhost:9000"),
    ],
)
def test_our_socket_is_spelt_as_postfix_wants_it(ours, spelling):
    assert spelt(ours, QUEUE) == spelling
    assert place(spelling, False, QUEUE) == own_place(ours)


def test_every_smtp_service_asks_its_own_milters_or_those_of_main_cf():
    services = (
        Service("smtp", "inet", True, "smtpd"),
        Service("submission", "inet", False, "smtpd", {"smtpd_milters": "unix:other.sock"}),
        Service("smtp", "unix", False, "smtp"),
        CLEANUP,
        PICKUP,
    )

    found = {(a.service, a.setting): (a.milters, a.is_chrooted, a.is_override) for a in askers(services, MAIN)}

    assert found == {
        ("smtp/inet", "smtpd_milters"): (("unix:safehold/milter.sock", "inet:localhost:8891"), True, False),
        ("submission/inet", "smtpd_milters"): (("unix:other.sock",), False, True),
        ("cleanup/unix", "non_smtpd_milters"): (("unix:safehold/milter.sock",), True, False),
    }


@pytest.mark.parametrize(
    ("services", "main"),
    [
        ((Service("smtp", "inet", True, "smtpd", {"receive_override_options": "no_milters"}), CLEANUP, PICKUP), {}),
        ((Service("smtp", "inet", True, "smtpd"), CLEANUP, PICKUP), {"receive_override_options": "no_milters"}),
        (
            (
                Service("smtp", "inet", True, "smtpd"),
                Service("cleanup", "unix", True, "cleanup", {"non_smtpd_milters": ""}),
                PICKUP,
            ),
            {},
        ),
        (
            (
                Service("smtp", "inet", True, "smtpd"),
                CLEANUP,
                Service("pickup", "unix", True, "pickup", {"receive_override_options": "no_milters"}),
            ),
            {},
        ),
    ],
    ids=["a service", "all services", "cleanup", "pickup"],
)
def test_who_is_told_to_ask_no_milters_asks_none(services, main):
    asked = [a.milters for a in askers(services, {**MAIN, **main})]

    assert () in asked


def test_other_milters_are_kept_as_they_are_written_and_ours_are_not_named_twice():
    value = "unix:/var/spool/postfix/safehold/milter.sock, { inet:localhost:8891, connect_timeout=10s } unix:av.sock"

    kept = others(value, ["unix:/var/spool/postfix/safehold/milter.sock"], QUEUE)

    assert kept == ("{ inet:localhost:8891, connect_timeout=10s }", "unix:av.sock")


@pytest.mark.parametrize(
    "value", ["unix:/safehold/milter.sock", "{ unix:safehold/milter.sock, default_action=accept }"]
)
def test_our_socket_is_known_however_it_is_rooted(value):
    assert others(value, ["unix:/var/spool/postfix/safehold/milter.sock"], QUEUE) == ()


@pytest.mark.parametrize(
    ("milter", "value"),
    [
        ("unix:safehold/milter.sock", ""),
        ("{unix:safehold/milter.sock, default_action=accept}", "accept"),
        ("{ unix:safehold/milter.sock default_action=accept connect_timeout=5s }", "accept"),
        ("{ unix:safehold/milter.sock, { default_action = tempfail }, connect_timeout=5s }", "tempfail"),
        ("{unix:safehold/milter.sock, {default_action=451 4.7.1 later}}", "451 4.7.1 later"),
        ("{unix:safehold/milter.sock, milter_default_action=accept}", ""),
        ("{unix:default_action=accept/milter.sock}", ""),
    ],
)
def test_a_milters_own_settings_stand_in_its_braces(milter, value):
    assert option(milter, "default_action") == value


@pytest.mark.parametrize(("is_chrooted", "found"), [(True, True), (False, True)])
def test_which_of_several_milters_is_ours_is_told_with_what_is_said_of_it(is_chrooted, found):
    ours = "{unix:safehold/milter.sock, default_action=shutdown}"
    value = f"{{inet:127.0.0.1:11332, default_action=accept, connect_timeout=5s}}, {ours}"

    (asker, _) = askers((Service("smtp", "inet", is_chrooted, "smtpd"), CLEANUP), MAIN | {"smtpd_milters": value})

    assert asker.entries("unix:/var/spool/postfix/safehold/milter.sock") == (ours,)
    assert asker.asks("unix:/var/spool/postfix/safehold/milter.sock") is found
