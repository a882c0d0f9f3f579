# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a message is known again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.quarantine import content_digest, digests, retry_digest

PLAIN = b"From: a@x.example\r\nDate: today\r\nMessage-Id: <1@x.example>\r\nSubject: s\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    ("old", "new", "same_try", "same_content"),
    [
        pytest.param(b"Date: today", b"Date: tomorrow", True, False, id="date"),
        pytest.param(b"<1@", b"<2@", True, False, id="message-id"),
        pytest.param(b"Date: today", b"DATE:tomorrow", True, False, id="spelling of a name left out"),
        pytest.param(b"From:", b"Received: from x\r\n by y\r\n\tid z\r\nFrom:", True, True, id="received, folded"),
        pytest.param(b"From:", b"Return-Path: <>\r\nFrom:", True, True, id="return path"),
        pytest.param(b"body\r\n", b"body", True, True, id="last line end"),
        pytest.param(b"Subject: s", b"Subject: t", False, False, id="subject"),
        pytest.param(b"Subject: s", b"Subject: s\r\n t", False, False, id="folded subject"),
        pytest.param(b"body", b"Body", False, False, id="body"),
        pytest.param(b"body", b"Date: today\r\nbody", False, False, id="date in the body"),
        pytest.param(b"Subject: s", b"Dated: s", False, False, id="a name that only begins so"),
        pytest.param(b"From:", b"Resent-Date: x\r\nFrom:", False, False, id="resent date"),
    ],
)
def test_what_counts_as_the_same(old, new, same_try, same_content):
    other = PLAIN.replace(old, new)
    assert other != PLAIN

    assert (retry_digest(other) == retry_digest(PLAIN)) is same_try
    assert (content_digest(other) == content_digest(PLAIN)) is same_content


@pytest.mark.parametrize("content", [b"", b"\r\n", b"\r\n\r\n", b"no header", b"Subject: s", b"\r\nbody", b"\n\nbody"])
def test_odd_content_has_a_digest_and_keeps_it_on_the_way_out(content):
    assert content_digest(b"Received: by x; now\r\n" + content) == content_digest(content)


@given(st.binary(max_size=60))
def test_any_bytes_have_digests(content):
    assert len(content_digest(content)) == len(retry_digest(content)) == 32


def test_a_header_cannot_move_into_the_body_unseen():
    one = b"A: 1\r\nB: 2\r\n\r\nC\r\n"
    other = b"A: 1\r\n\r\nB: 2\r\n\r\nC\r\n"

    assert content_digest(one) != content_digest(other)


@pytest.mark.parametrize(
    ("identifier", "queue_id", "added"),
    [
        (b"<20250602.4bXyZ1abc@mx.example>", "4bXyZ1abc", True),
        (b"<20250602.4bXyZ1abc@mx.example>", "4bXyZ1abd", False),
        (b"<one@4bXyZ1abc.example>", "4bXyZ1abc", False),
        (b"<one@x.example>", "-", False),
        (b"<one@x.example>", "", False),
        (b"<one@x.example>", "one", False),
        (b"", "4bXyZ1abc", False),
        (b"4bXyZ1abc", "4bXyZ1abc", False),
    ],
)
def test_a_message_id_was_added_here_if_its_local_part_has_the_queue_id(identifier, queue_id, added):
    assert digests.was_added_here(identifier, queue_id) is added


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"MESSAGE-ID:  <a@b>  \r\n\r\n", b"<a@b>"),
        (b"Message-Id:\r\n <a@b>\r\n\r\n", b"<a@b>"),
        (b"Message-Id: <a@b>\r\nMessage-Id: <c@d>\r\n\r\n", b"<a@b>"),
        (b"Subject: x\r\n\r\nMessage-Id: <a@b>\r\n", b""),
        (b"", b""),
    ],
)
def test_the_message_id_is_the_first_headers_value(content, found):
    assert digests.message_id(content) == found


def test_addresses_are_the_same_but_for_the_case_of_the_domain():
    assert digests.address_bytes("<Ann@EXAMPLE.org>") == digests.address_bytes("Ann@example.org")
    assert digests.address_bytes("ann@example.org") != digests.address_bytes("Ann@example.org")
    assert digests.address_bytes("") == digests.address_bytes("<>")


def test_a_departure_does_not_depend_on_the_order_of_recipients():
    one = digests.departure(b"k" * 32, "a@x.example", ["b@x.example", "c@x.example"], b"d")

    assert one == digests.departure(b"k" * 32, "a@x.example", ["c@x.example", "b@x.example"], b"d")
    assert one != digests.departure(b"j" * 32, "a@x.example", ["b@x.example", "c@x.example"], b"d")
