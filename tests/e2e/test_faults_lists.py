# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that could not be expanded, and the archive's copy of what was stopped: what leaves besides plain releases.

The site maps addresses in every way there is (canonical, virtual, local aliases), completes the headers of mail from
its own machine, and archives every message.  Its archive gets what was stopped whole at the hold, so each case also
says that it has one copy of the bytes as they came, whatever is decided.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from fronts import SECRET, SENDER, B, C
from harness.gateway import OWN_DOMAIN, Books, Gateway, letter, without_trace
from harness.postfix import PrivatePostfix

from safehold.model import HeldMessage

D = "worker@haven.example"
ARCHIVE = f"archive@{OWN_DOMAIN}"
LOCAL = f"desk.{OWN_DOMAIN}"
SELF, FORMER, DRILL = f"self@{OWN_DOMAIN}", f"former@{OWN_DOMAIN}", f"drill@{LOCAL}"
VIRTUAL = {SELF: f"{C}, {SELF}, {D}"}
CANONICAL = {FORMER: D}


@pytest.fixture(scope="module")
def _gateway(possible: None) -> Iterator[Gateway]:
    options = {
        "always_bcc": ARCHIVE,
        "mydestination": LOCAL,
        "local_recipient_maps": "",
        "mailbox_size_limit": "0",
    }
    with PrivatePostfix(options) as postfix:
        postfix.set(
            virtual_alias_maps=postfix.map("virtual", VIRTUAL),
            canonical_maps=postfix.map("canonical", CANONICAL),
            alias_maps=postfix.map("aliases", {"drill": f'"|/bin/true", {C}, {D}'}),
        )
        people, lists = postfix.guarded_listeners()
        settings = {
            "journal": {"address": ARCHIVE, "at": "hold"},
            "release": {"listener": f"127.0.0.1:{people}", "lists": f"127.0.0.1:{lists}"},
        }
        with Gateway(postfix, settings=settings, processes=("guard", "milter")) as running:
            yield running


@pytest.fixture(scope="module")
def far_port(_gateway: Gateway) -> int:
    """The port of clients that are elsewhere: what their headers lack stays lacking."""
    return _gateway.postfix.listener(local_header_rewrite_clients="")


Hold = Callable[..., HeldMessage]


@pytest.fixture
def held(gateway: Gateway, books: Books, far_port: int) -> Hold:
    """Send mail and return the hold that it becomes: ``held(content, *recipients)``."""

    def hold(content: bytes, *recipients: str) -> HeldMessage:
        before = books.holds()
        assert gateway.postfix.send(content, SENDER, recipients, port=far_port).code == 250
        (new,) = books.new(before)
        return new

    return hold


# -- lists ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "members"),
    [
        pytest.param(SELF, [C, D, SELF], id="virtual and canonical"),
        pytest.param(DRILL, [C, D], id="local, with a command on it"),
    ],
)
def test_the_members_and_the_archive_have_one_copy_each_of_the_bytes_as_they_came(
    gateway: Gateway, books: Books, held: Hold, name: str, members: list[str]
):
    """With headers that Postfix would complete or map, had they come from a client of its own."""
    content = letter(SECRET, f"To: {FORMER}, team", "From: jo")
    hold = held(content, name)

    books.release(hold.id)
    books.work()

    assert gateway.arrived() == Counter([*members, ARCHIVE])
    # local(8) writes Delivered-To above what it hands on.
    assert all(delivery.content.endswith(b"\r\n" + content) for delivery in gateway.copies())
    assert books.state(hold.id) == "released"


def test_headers_that_postfix_would_complete_do_not_keep_a_plain_release_back(
    gateway: Gateway, books: Books, held: Hold
):
    content = letter(SECRET, f"To: {FORMER}, team", "From: jo")
    hold = held(content, B)

    books.release(hold.id)
    books.work()

    assert gateway.arrived() == Counter([B, ARCHIVE])
    assert {without_trace(delivery.content) for delivery in gateway.copies()} == {content}


@pytest.mark.parametrize(
    "main",
    [
        pytest.param({"header_checks": "static:{PREPEND X-Seen: yes}"}, id="prepends a header to all mail"),
        pytest.param(
            {"smtpd_sender_restrictions": "check_sender_access static:{553 5.7.1 not signed in}"},
            id="wants senders to be signed in",
        ),
    ],
)
def test_what_main_cf_wants_of_other_mail_is_not_asked_of_releases_and_notices(
    gateway: Gateway, books: Books, held: Hold, main: Mapping[str, str]
):
    """Headers prepended once more are not what was held: the guard would refuse all releases, and all notices."""
    content = letter(SECRET)
    hold = held(content, B, SELF)
    gateway.postfix.set(**main)

    books.release(hold.id)
    books.work()

    assert gateway.arrived() == Counter([B, C, D, SELF, ARCHIVE])
    assert {without_trace(delivery.content) for delivery in gateway.copies()} == {content}
    assert gateway.postfix.sink.to(SENDER), "the notice that it was sent"


def test_a_stranger_is_refused_at_the_listener_for_lists_as_well(gateway: Gateway, books: Books, held: Hold):
    content = letter(SECRET)
    hold = held(content, SELF)
    books.work()
    gateway.postfix.wait_for_empty_queue()
    gateway.postfix.sink.clear()
    port = gateway.postfix.list_port

    refused = [gateway.postfix.send(letter(), SENDER, [C], port=port).code]
    refused.append(gateway.postfix.send(content, SENDER, [SELF], port=port).code)
    books.release(hold.id)
    refused.append(gateway.postfix.send(content, SENDER, [SELF], port=port).code)
    books.work()
    refused.append(gateway.postfix.send(content, SENDER, [SELF], port=port).code)

    assert refused == [550] * 4
    assert gateway.arrived() == Counter([C, D, SELF])


def test_a_list_is_who_is_on_it_when_it_leaves(gateway: Gateway, books: Books, held: Hold):
    """The reviewer released to the name of the list; docs/operations.md says what that means."""
    hold = held(letter(SECRET), SELF)
    gateway.postfix.map("virtual", VIRTUAL | {SELF: f"{SELF}, {B}"})
    gateway.postfix.port  # noqa: B018 - has Postfix read its maps again

    try:
        books.release(hold.id)
        books.work()
        assert gateway.arrived() == Counter([B, SELF, ARCHIVE])
    finally:
        gateway.postfix.map("virtual", VIRTUAL)


@pytest.mark.parametrize("verb", ["approve", "release"])
def test_without_a_listener_for_lists_the_command_says_why_not_and_what_to_do(
    gateway: Gateway, books: Books, held: Hold, verb: str
):
    hold = held(letter(SECRET), SELF)
    lists = f"  lists: 127.0.0.1:{gateway.postfix.list_port}\n"
    text = gateway.config.read_text()
    assert lists in text
    without = gateway.config.with_name("without-lists.yaml")
    without.write_text(text.replace(lists, ""))

    said = gateway.ask("hold", verb, hold.id, "--reason", "checked", config=without)

    assert said.returncode == 1
    assert "could not be looked up" in said.stderr
    assert "`release.lists`" in said.stderr
    assert "Traceback" not in said.stderr
    assert books.quarantine.get(hold.id) == hold
    unmeant = gateway.ask("hold", verb, hold.id, "--reason", "checked")
    assert unmeant.returncode == 1
    assert "--to-whole-list" in unmeant.stderr
    assert books.quarantine.get(hold.id) == hold
    assert gateway.ask("hold", "approve", hold.id, "--reason", "checked", "--to-whole-list").returncode == 0


# -- the archive ------------------------------------------------------------------------------------------------


def refuse(books: Books, hold_id: str) -> None:
    books.quarantine.refuse(hold_id, actor="reviewer", reason="by the test", now=datetime.now(UTC))


def expire(books: Books, hold_id: str) -> None:
    assert hold_id in books.quarantine.expire_due(datetime.now(UTC) + timedelta(days=31))


@pytest.mark.parametrize(
    ("others", "end"),
    [
        pytest.param(others, end, id=f"{extent}, {how}")
        for (extent, others), (how, end) in product(
            {"full": [], "partial": [C]}.items(),
            {"released": Books.release, "refused": refuse, "expired": expire}.items(),
        )
    ],
)
def test_an_archive_that_copies_at_the_hold_has_one_copy_whatever_is_decided(
    gateway: Gateway, books: Books, held: Hold, others: list[str], end: Callable[[Books, str], None]
):
    """Of what was stopped whole from us, of what went on in part from Postfix itself."""
    content = letter(SECRET)
    hold = held(content, B, *others)
    books.work()
    assert gateway.arrived() == Counter([*others, ARCHIVE])

    end(books, hold.id)
    books.work()

    released = [B] if end is Books.release else []
    assert gateway.arrived() == Counter([*others, *released, ARCHIVE])
    assert {without_trace(delivery.content) for delivery in gateway.copies()} == {content}


def test_the_archives_copy_bounces_to_nobody(gateway: Gateway, books: Books, held: Hold):
    hold = held(letter(SECRET), B)
    books.work()
    gateway.postfix.wait_for_empty_queue()

    (copy,) = gateway.postfix.sink.to(ARCHIVE)
    assert copy.sender == SENDER
    assert "NOTIFY=NEVER" in copy.parameters_of(ARCHIVE)
    assert len(books.trail("sent journal", hold.id)) == 1
