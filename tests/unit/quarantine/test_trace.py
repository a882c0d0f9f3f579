# SPDX-License-Identifier: GPL-3.0-or-later
"""The Received: line that a release carries."""

import re

import pytest

from safehold.quarantine import trace


@pytest.fixture
def received(make_message):
    def make(helo="client.example", to=("b@example.org",), **macros):
        message = make_message(to=to, macros=macros)
        return trace.received(
            type(message)(message.envelope, message.content, message.received_at, message.macros, helo)
        )

    return make


def test_it_names_client_host_queue_id_and_time(received):
    value = received(
        **{
            "j": "mx.riverbank.example",
            "{client_addr}": "192.0.2.7",
            "{client_name}": "pc.example",
            "{tls_version}": "TLSv1.3",
            "{auth_authen}": "amy",
        }
    )

    assert value == (
        "from client.example (pc.example [192.0.2.7])\r\n"
        "\tby mx.riverbank.example (safehold) with ESMTPSA id 4bXyZ1abc;\r\n"
        "\tMon, 02 Jun 2025 09:00:00 +0000"
    )


def test_it_never_names_a_recipient_or_the_login(received):
    value = received(to=["secret@example.org"], **{"{auth_authen}": "amy"})

    assert "secret" not in value
    assert "amy" not in value
    assert " for " not in value


def test_mail_from_this_machine_has_no_client(received):
    assert received(**{"{client_addr}": "", "j": "mx.example"}).startswith("by mx.example (safehold) with ESMTP id ")


def test_the_client_is_found_in_the_macro_of_both_too(received):
    value = received(**{"{client_addr}": "", "_": "pc.example [2001:db8::7]"})

    assert "(pc.example [IPv6:2001:db8::7])" in value


@pytest.mark.parametrize(
    "helo", ["a\r\nBcc: x@example.org", "a\nb", "(a", "caf\u00e9\udce9", "x" * 5000, "", "[192.0.2.1]", "a\0b"]
)
def test_a_hostile_client_cannot_add_a_header_or_break_the_line(received, helo):
    value = received(helo=helo)

    value.encode("ascii")
    assert re.search(r"\r\n(?!\t)|(?<!\r)\n|\r(?!\n)|\0|@", value) is None
    assert max(map(len, value.split("\r\n"))) < 998
    assert value.count("(") == value.count(")")
