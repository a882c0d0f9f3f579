# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose mail it is, by the peer's address and by what a trusted peer says of its own clients."""

import pytest

from safehold.frontends.provenance import Provenance


def test_without_a_word_on_clients_the_peer_is_the_client():
    provenance = Provenance("192.0.2.1")
    provenance.helo = "pc"

    assert provenance.macros() == {"{client_addr}": "192.0.2.1"}
    assert provenance.client_name == "pc"


def test_xforward_counts_for_one_message_and_before_xclient():
    provenance = Provenance("127.0.0.1")
    provenance.client_is({"ADDR": "192.0.2.2", "LOGIN": "alice", "HELO": "relay"})
    provenance.forward({"ADDR": "192.0.2.3", "IDENT": "4bXyZ", "HELO": "pc"})

    during, name = provenance.macros(), provenance.client_name
    provenance.message_ended()

    assert during == {"{client_addr}": "192.0.2.3", "{auth_authen}": "alice", "i": "4bXyZ"}
    assert name == "pc"
    assert provenance.macros() == {"{client_addr}": "192.0.2.2", "{auth_authen}": "alice"}
    assert provenance.client_name == "relay"


@pytest.mark.parametrize(
    ("source", "address"), [({"SOURCE": "LOCAL"}, ""), ({"SOURCE": "REMOTE"}, "unknown"), ({}, "unknown")]
)
def test_no_address_is_nobody_for_mail_made_here_and_a_stranger_else(source: dict[str, str], address: str):
    provenance = Provenance("127.0.0.1")
    provenance.forward({"ADDR": ""} | source)

    assert provenance.macros()["{client_addr}"] == address


def test_a_next_hop_hears_what_it_wants_of_this_message_in_xtext():
    provenance = Provenance("127.0.0.1")
    provenance.client_is({"NAME": "relay"})
    provenance.forward({"NAME": "a+b", "ADDR": "", "PORT": "25"})

    assert provenance.announcement("name addr") == "XFORWARD NAME=a+2Bb ADDR=[UNAVAILABLE]"
    assert provenance.announcement("") == ""
    provenance.message_ended()
    assert provenance.announcement("NAME") == ""
