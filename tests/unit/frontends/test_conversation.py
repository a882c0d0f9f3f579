# SPDX-License-Identifier: GPL-3.0-or-later
"""A Conversation keeps bytes, spellings and the order of things."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.frontends.conversation import TRUNCATED, Conversation, OutOfOrderError
from safehold.model import Recipient

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def begun(**options: int) -> Conversation:
    conversation = Conversation(**options)
    conversation.mail("<a@own.example>")
    conversation.rcpt("<b@example.org>")
    return conversation


def test_a_message_is_its_lines_and_chunks_byte_for_byte():
    conversation = begun()
    conversation.header("Subject", b" plain")
    conversation.header("X-None", b"none")
    conversation.header("X-Fold", b"  a\n b\n\tc")
    conversation.header("X-Eight", b" \xe9\xff")
    conversation.end_of_headers()
    conversation.body(b"one\r\n")
    conversation.body(b"\x00\xfftwo")

    message = conversation.end(NOW)

    assert message.content == (
        b"Subject: plain\r\nX-None:none\r\nX-Fold:  a\r\n b\r\n\tc\r\nX-Eight: \xe9\xff\r\n\r\none\r\n\x00\xfftwo"
    )
    assert message.received_at == NOW


def test_a_message_without_a_body_ends_its_headers():
    conversation = begun()
    conversation.header("Subject", b" x")

    assert conversation.end(NOW).content == b"Subject: x\r\n\r\n"


@pytest.mark.parametrize(
    ("given_address", "kept"),
    [
        ("<a@b.example>", "a@b.example"),
        (b"<a@b.example>", "a@b.example"),
        ("a@b.example", "a@b.example"),
        ("<>", ""),
        ("", ""),
        ('<"x > y"@b.example>', '"x > y"@b.example'),
        ("<@relay:A.b@B.example>", "@relay:A.b@B.example"),
        (b"<\xff@b.example>", "\udcff@b.example"),
        ("<jos\u00e9@b.example>", "jos\u00e9@b.example"),
    ],
)
def test_addresses_lose_their_brackets_and_nothing_else(given_address, kept):
    conversation = Conversation()
    conversation.mail(given_address, [b"RET=HDRS", "ENVID=x"])
    conversation.rcpt(given_address or "<c@d.example>", (b"NOTIFY=NEVER",))
    envelope = conversation.end(NOW).envelope

    assert envelope.sender == kept
    assert envelope.parameters == ("RET=HDRS", "ENVID=x")
    assert envelope.recipients == (Recipient(kept or ("c@d.example" if not given_address else ""), ("NOTIFY=NEVER",)),)


def test_what_is_known_of_the_connection_outlives_a_message_and_the_rest_does_not():
    conversation = Conversation()
    conversation.connect(name="pc.example", address="192.0.2.1", macros={"{daemon_port}": "25"})
    conversation.helo("pc")
    conversation.mail("a@own.example", ["SIZE=1"])
    conversation.rcpt("b@example.org")
    conversation.macros({"i": "1", "{auth_authen}": "alice"})
    conversation.header("Subject", b" first")
    first = conversation.end(NOW)
    conversation.mail("c@own.example")
    conversation.rcpt("d@example.org")

    second = conversation.end(NOW)

    connection = {"{client_name}": "pc.example", "{client_addr}": "192.0.2.1", "{daemon_port}": "25"}
    assert first.macros == {**connection, "i": "1", "{auth_authen}": "alice"}
    assert second.macros == connection
    assert second.helo == "pc"
    assert second.envelope.parameters == ()
    assert second.content == b"\r\n"


def test_an_abort_forgets_the_message_and_keeps_the_connection():
    conversation = begun()
    conversation.helo("pc")
    conversation.header("Subject", b" secret")
    conversation.abort()
    assert not conversation.is_open
    conversation.mail("x@own.example")
    conversation.rcpt("y@example.org")

    message = conversation.end(NOW)

    assert message.content == b"\r\n"
    assert [r.address for r in message.envelope.recipients] == ["y@example.org"]
    assert message.helo == "pc"


def test_an_abort_without_a_message_is_nothing():
    Conversation().abort()


def test_a_message_over_the_limit_is_cut_and_says_so():
    conversation = begun(limit_bytes=30)
    conversation.header("Subject", b" x")
    conversation.end_of_headers()
    for _ in range(1000):
        conversation.body(b"0123456789")

    message = conversation.end(NOW)

    assert len(message.content) == 30
    assert message.macros[TRUNCATED] == "1"


def test_a_message_at_the_limit_is_whole():
    conversation = begun(limit_bytes=12)
    conversation.content(b"0123456789")
    conversation.content(b"ab")

    message = conversation.end(NOW)

    assert message.content == b"0123456789ab"
    assert TRUNCATED not in message.macros


def test_an_mta_cannot_say_that_a_message_was_cut():
    conversation = Conversation()
    conversation.connect(macros={TRUNCATED: "1"})
    conversation.mail("a@own.example")
    conversation.rcpt("b@example.org")
    conversation.macros({TRUNCATED: "1"})

    assert conversation.end(NOW).macros == {}


STEPS = {
    "mail": lambda c: c.mail("x@own.example"),
    "rcpt": lambda c: c.rcpt("y@example.org"),
    "macros": lambda c: c.macros({"i": "1"}),
    "header": lambda c: c.header("A", b" b"),
    "eoh": lambda c: c.end_of_headers(),
    "body": lambda c: c.body(b"b"),
    "content": lambda c: c.content(b"c"),
    "end": lambda c: c.end(NOW),
}


@pytest.mark.parametrize(
    ("so_far", "impossible"),
    [
        pytest.param([], set(STEPS) - {"mail"}, id="before MAIL"),
        pytest.param(["mail"], {"mail", "header", "eoh", "body", "content", "end"}, id="before RCPT"),
        pytest.param(["mail", "rcpt"], {"mail", "body"}, id="before the content"),
        pytest.param(["mail", "rcpt", "header"], {"mail", "rcpt", "body"}, id="in the headers"),
        pytest.param(["mail", "rcpt", "eoh"], {"mail", "rcpt", "header", "eoh"}, id="in the body"),
        pytest.param(
            ["mail", "rcpt", "end"], {"rcpt", "macros", "header", "eoh", "body", "content", "end"}, id="after"
        ),
    ],
)
def test_steps_out_of_order_raise_and_change_nothing(so_far, impossible):
    for name, take in STEPS.items():
        conversation = Conversation()
        for step in so_far:
            STEPS[step](conversation)
        before = dict(vars(conversation))
        before = {key: list(value) if isinstance(value, list) else value for key, value in before.items()}
        if name in impossible:
            with pytest.raises(OutOfOrderError):
                take(conversation)
            assert vars(conversation) == before
        else:
            take(conversation)


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(0, 400))
def test_content_is_the_chunks_up_to_the_limit(chunks, limit):
    conversation = begun(limit_bytes=limit)
    for chunk in chunks:
        conversation.content(chunk)
    conversation.content(b"")

    message = conversation.end(NOW)

    whole = b"".join(chunks)
    assert message.content == whole[:limit]
    assert (TRUNCATED in message.macros) == (len(whole) > limit)


@given(st.binary(max_size=30))
def test_the_bytes_of_an_address_can_be_had_again(local):
    conversation = Conversation()
    conversation.mail(b"<" + local + b"@own.example>")
    conversation.rcpt("b@example.org")

    sender = conversation.end(NOW).envelope.sender

    assert sender.encode("utf-8", "surrogateescape") == local + b"@own.example"
