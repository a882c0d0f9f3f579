# SPDX-License-Identifier: GPL-3.0-or-later
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.errors import MapUnreadableError
from safehold.gate.facts import AsGiven, NoMaps, Site, address_headers, gather, in_domains, origin_of
from safehold.model import Direction, Envelope, Message, Origin, Recipient

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
SITE = Site(frozenset({"council.test"}), (ip_network("192.0.2.0/24"),))


def make_message(*recipients, sender="sw@council.test", headers=b"Subject: x\r\n", **macros):
    names = {f"{{{name}}}": value for name, value in macros.items()}
    envelope = Envelope(sender, tuple(Recipient(r) for r in recipients or ("c@other.test",)))
    return Message(envelope, headers + b"\r\nbody\r\n", NOW, names)


class Lists:
    """An expander with one list, one alias on it, and one list too long to know."""

    def expand_all(self, addresses):
        known = {
            "team@council.test": AsGiven(("b@other.test", "c@council.test")),
            "all@council.test": AsGiven((), "more than 1,000 members"),
        }
        return {a: known.get(a, AsGiven((a,))) for a in addresses}


class Broken:
    def expand_all(self, addresses):
        raise MapUnreadableError("the map cannot be read")


@pytest.mark.parametrize(
    ("macros", "origin"),
    [
        pytest.param({"auth_authen": "sw", "client_addr": "203.0.113.9"}, Origin.AUTH, id="signed in from anywhere"),
        pytest.param({"client_addr": "192.0.2.7"}, Origin.TRUSTED, id="trusted network"),
        pytest.param({"client_addr": "203.0.113.9"}, Origin.OUTSIDE, id="a stranger"),
        pytest.param({}, Origin.LOCAL, id="sendmail(1) names no client"),
        pytest.param({"client_addr": "IPv6:2001:db8::1"}, Origin.OUTSIDE, id="sendmail-style IPv6"),
        pytest.param({"client_addr": "rubbish"}, Origin.OUTSIDE, id="what is not an address is not trusted"),
    ],
)
def test_origin_follows_the_macros(macros, origin):
    assert origin_of(make_message(**macros), SITE) is origin


@pytest.mark.parametrize(
    ("client", "recipient", "direction"),
    [
        ("192.0.2.7", "a@other.test", Direction.OUTBOUND),
        ("192.0.2.7", "a@sub.council.test", Direction.INTERNAL),
        ("203.0.113.9", "a@council.test", Direction.INBOUND),
        ("203.0.113.9", "a@other.test", Direction.TRANSIT),
    ],
)
def test_direction_is_a_property_of_each_recipient(client, recipient, direction):
    facts = gather(make_message(recipient, client_addr=client), SITE, NoMaps(), NOW)

    assert [r.direction for r in facts.recipients] == [direction]


def test_a_domain_that_merely_ends_alike_is_not_ours():
    assert not in_domains("a@notcouncil.test", frozenset({"council.test"}))
    assert in_domains("a@COUNCIL.test.", frozenset({"council.test"}))


def test_final_recipients_remember_every_envelope_recipient_that_leads_to_them():
    facts = gather(make_message("team@council.test", "B@other.test"), SITE, Lists(), NOW)

    via = {r.address.lower(): r.via for r in facts.recipients}
    assert via == {"b@other.test": ("team@council.test", "B@other.test"), "c@council.test": ("team@council.test",)}


def test_a_list_that_cannot_be_expanded_is_named_with_its_reason():
    facts = gather(make_message("all@council.test", "x@other.test"), SITE, Lists(), NOW)

    assert dict(facts.unexpanded) == {"all@council.test": "more than 1,000 members"}
    assert [r.address for r in facts.recipients] == ["x@other.test"]


def test_where_no_map_can_be_read_every_recipient_is_unknown():
    facts = gather(make_message("a@other.test", "b@other.test"), SITE, Broken(), NOW)

    assert facts.recipients == ()
    assert set(facts.unexpanded) == {"a@other.test", "b@other.test"}


def test_every_claimed_sender_counts_and_names_come_from_to_and_cc():
    headers = (
        b"From: Sam <Sam@council.test>\r\nSender: desk@council.test\r\n"
        b"To: =?utf-8?q?J=C3=B6rg_Example?= <a@other.test>,\r\n\tb@other.test\r\ncc: Zed <c@other.test>\r\n"
    )
    facts = gather(make_message("a@other.test", sender="bounce@council.test", headers=headers), SITE, NoMaps(), NOW)

    assert set(facts.senders) == {"bounce@council.test", "sam@council.test", "desk@council.test"}
    assert facts.recipients[0].name == "Jörg Example"
    assert facts.visible == ("a@other.test", "b@other.test", "c@other.test")


@pytest.mark.parametrize(
    "spelling",
    [
        "b@other.test",
        "B@OTHER.test",
        "@relay.test:b@other.test",
        "@relay.test,@more.test:b@other.test",
        '"b"@other.test',
        '"\\b"@other.test',
        "b@other.test.",
        "<b@other.test>",
    ],
)
def test_every_spelling_of_a_mailbox_is_the_same_person(spelling):
    """Postfix delivers all of these to b@other.test (tried with 3.7.11)."""
    (recipient,) = gather(make_message(spelling), SITE, NoMaps(), NOW).recipients

    assert recipient.address.lower() == "b@other.test"
    assert recipient.via == (spelling,)


def test_quotes_stay_where_they_mean_something():
    (recipient,) = gather(make_message('"a b"@other.test'), SITE, NoMaps(), NOW).recipients

    assert recipient.address == '"a b"@other.test'


def test_the_null_sender_claims_nothing():
    assert gather(make_message(sender="", headers=b""), SITE, NoMaps(), NOW).senders == ()


@given(st.binary(max_size=2000))
def test_no_header_block_stops_the_gate(block):
    found = address_headers(block)

    assert set(found) == {"from", "sender", "to", "cc"}


@given(st.text(alphabet='=?utf-8qb"<>@,;:() \\\r\n\t', max_size=300))
def test_no_address_header_stops_the_gate(value):
    found = address_headers(b"To: " + value.encode() + b"\r\n\r\n")

    assert isinstance(found["to"], list)


def test_facts_do_not_show_addresses_when_printed():
    facts = gather(make_message("secret@other.test", auth_authen="login@council.test"), SITE, NoMaps(), NOW)

    assert "secret" not in repr(facts)
    assert "login" not in repr(facts)


def test_addresses_survive_comments_that_are_nested_without_end():
    content = b"From: jo@own.test\r\nTo: " + b"(" * 5_000 + b" <father@mail.test>\r\n\r\nx"

    assert ("", "father@mail.test") in address_headers(content)["to"]
