# SPDX-License-Identifier: GPL-3.0-or-later
"""Our look at Postfix's maps fails and Postfix's own does not: who gets the mail is unknown, and it is held by name.

The site has no listener for lists.  Once the maps can be read, what turns out to be a mailbox can be released to just
that; what turns out to be a list cannot, for nobody has judged its members.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fronts import FRONTS, SECRET, SENDER, B, C, Fronted, again, told
from harness.gateway import OWN_DOMAIN, Books, letter, without_trace
from harness.postfix import PrivatePostfix

from safehold.model import HeldMessage
from safehold.quarantine import NoWayOutError

TEAM = f"team@{OWN_DOMAIN}"


@pytest.fixture(scope="module", params=FRONTS)
def _gateway(request: pytest.FixtureRequest, possible: None, faults: Path) -> Iterator[Fronted]:
    with PrivatePostfix() as postfix:
        postfix.set(virtual_alias_maps=postfix.map("virtual", {TEAM: f"{B}, {C}"}))
        with Fronted(request.param, postfix, faults) as running:
            yield running


def held_unread(gateway: Fronted, books: Books, faults: Path, content: bytes, *recipients: str) -> HeldMessage:
    """Send *content* while our look at the maps fails; return the hold that it becomes."""
    before = books.holds()
    (faults / "maps").touch()
    try:
        assert gateway.send(content, SENDER, recipients).code == 250
    finally:
        (faults / "maps").unlink()
    assert gateway.arrived() == Counter(), "nobody knows who would get it"
    (hold,) = books.new(before)
    assert hold.held_count == len(recipients)
    return hold


def test_what_turns_out_to_be_a_mailbox_is_released_to_that(gateway: Fronted, books: Books, faults: Path):
    content = letter(SECRET)
    hold = held_unread(gateway, books, faults, content, B, C)
    assert told(gateway, books, hold.id)[SENDER] == 1

    books.release(hold.id)
    books.work()

    assert gateway.arrived() == Counter([B, C])
    assert {without_trace(delivery.content) for delivery in gateway.copies()} == {content}
    assert books.state(hold.id) == "released"


def test_it_stays_that_mailbox_whatever_the_map_says_when_it_leaves(gateway: Fronted, books: Books, faults: Path):
    """Somebody makes a list of the name between decision and departure: nobody on it was approved."""
    hold = held_unread(gateway, books, faults, letter(SECRET), C)
    books.release(hold.id)
    gateway.postfix.set(virtual_alias_maps=gateway.postfix.map("other", {C: B}))

    books.work()

    assert gateway.arrived() == Counter([C])


def test_what_turns_out_to_be_a_list_is_judged_when_it_is_sent_again(gateway: Fronted, books: Books, faults: Path):
    content = letter(SECRET)
    hold = held_unread(gateway, books, faults, content, TEAM)

    with pytest.raises(NoWayOutError, match=r"release\.lists"):
        books.release(hold.id)
    books.work()

    assert books.state(hold.id) == "held"
    assert gateway.arrived() == Counter()
    before = books.holds()
    assert gateway.send(again(content), SENDER, [TEAM]).code == 250
    assert gateway.arrived() == Counter([C])
    assert [each.held_count for each in books.new(before)] == [1]


def test_until_the_maps_can_be_read_nothing_is_released(gateway: Fronted, books: Books, faults: Path):
    hold = held_unread(gateway, books, faults, letter(SECRET), B)
    gateway.postfix.set(virtual_alias_maps="hash:/nonexistent/virtual")

    with pytest.raises(NoWayOutError, match="when they can be read"):
        books.release(hold.id)

    assert books.quarantine.get(hold.id) == hold
    assert gateway.arrived() == Counter()


def test_the_command_looks_names_up_before_it_lets_them_go(gateway: Fronted, books: Books, faults: Path):
    hold = held_unread(gateway, books, faults, letter(SECRET), C)
    gateway.postfix.set(virtual_alias_maps="hash:/nonexistent/virtual")

    not_yet = gateway.ask("hold", "approve", hold.id, "--reason", "checked")
    gateway.renew()
    gateway.decide("approve", hold.id, user="first")
    gateway.decide("approve", hold.id, user="second")
    books.work()

    assert not_yet.returncode == 1
    assert "when they can be read" in not_yet.stderr
    assert gateway.arrived() == Counter([C])
