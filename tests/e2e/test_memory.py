# SPDX-License-Identifier: GPL-3.0-or-later
"""What was before, through a real Postfix: a third mail of one sender, first contacts, and a policy that is disabled.

Each test has senders and recipients of its own: the gateway remembers those of the others.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from harness.gateway import OWN_DOMAIN, Books, Gateway, letter
from harness.postfix import PrivatePostfix

WORD = "The quiet heron."
POLICIES = """\
version: 1
lists: {codewords: {kind: phrase, items: [quiet heron]}}
policies:
- id: again-and-again
  title: t
  why: a test
  owner: safeguarding
  mode: enforce
  when: {content: {phrases: codewords}, recipients: {domain: repeat.example}}
  repeat: {per: sender, at_least: 3, in: 30 days}
- id: to-strangers
  title: t
  why: a test
  owner: safeguarding
  mode: enforce
  when: {content: {phrases: codewords}, recipients: {domain: first.example, first_contact: 90 days}}
- id: always
  title: t
  why: a test
  owner: safeguarding
  mode: enforce
  when: {content: {phrases: codewords}, recipients: {domain: always.example}}
"""
FOLLOWS_S = 2.0


@pytest.fixture(scope="module")
def _gateway(possible: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "memory.yaml").write_text(POLICIES)
    processes = ("guard", "milter")
    with PrivatePostfix() as postfix, Gateway(postfix, policies=folder, register=None, processes=processes) as running:
        yield running


@pytest.fixture
def send(gateway: Gateway, books: Books) -> Callable[..., str]:
    """``send(recipient, sender=..., text=...)`` -> whether the mail "arrived" or is "held"."""

    def by_client(recipient: str, sender: str = "jo", text: str = WORD) -> str:
        before = books.holds()
        gateway.postfix.sink.clear()
        address = f"{sender}@{OWN_DOMAIN}"
        assert gateway.postfix.send(letter(text, sender=address), address, [recipient]).code == 250
        held, arrived = len(books.new(before)), gateway.arrived()
        assert arrived == (Counter() if held else Counter([recipient]))
        return "held" if held else "arrived"

    return by_client


def test_the_third_mail_of_a_sender_is_held_and_those_of_others_are_not(send: Callable[..., str]):
    to = "b@repeat.example"

    assert [send(to, "amy") for _ in range(4)] == ["arrived", "arrived", "held", "held"]
    assert send(to, "bob") == "arrived"


def test_matches_outlive_the_gateway(send: Callable[..., str], gateway: Gateway):
    to = "b@repeat.example"
    before = [send(to, "eve") for _ in range(2)]
    gateway.stop_process("milter")
    gateway.start_process("milter")

    assert (before, send(to, "eve")) == (["arrived"] * 2, "held")


def test_whoever_had_harmless_mail_is_no_stranger_even_after_a_restart(send: Callable[..., str], gateway: Gateway):
    stranger = send("b@first.example")
    harmless = send("b@first.example", text="Nothing of note.")
    known = send("b@first.example")
    gateway.stop_process("milter")
    gateway.start_process("milter")

    assert (stranger, harmless, known, send("b@first.example")) == ("held", "arrived", "arrived", "arrived")


def test_somebody_to_whom_held_mail_was_released_is_no_stranger(
    send: Callable[..., str], gateway: Gateway, books: Books
):
    before = books.holds()
    send("c@first.example")
    (hold,) = books.new(before)
    gateway.decide("approve", hold.id)
    books.work()
    gateway.await_copy("c@first.example")
    gateway.postfix.wait_for_empty_queue()

    assert send("c@first.example") == "arrived"


def test_a_disabled_policy_lets_mail_go_within_two_seconds_and_comes_back(
    send: Callable[..., str], gateway: Gateway, books: Books
):
    to = "b@always.example"
    before = send(to)
    gateway.command("policy", "disable", "always", "--for", "1h", "--reason", "it holds everything")
    time.sleep(FOLLOWS_S)
    during = send(to)
    gateway.command("policy", "enable", "always", "--reason", "mended")
    time.sleep(FOLLOWS_S)

    assert (before, during, send(to)) == ("held", "arrived", "held")
    assert len(books.trail("policy disabled")) == 1
