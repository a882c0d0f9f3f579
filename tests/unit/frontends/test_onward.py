# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy's way on: sessions that close are replaced between messages, and never within one."""

import asyncio

import pytest

from safehold.frontends.nexthop import Answer, NextHopError
from safehold.frontends.onward import Onward
from safehold.frontends.provenance import Provenance
from safehold.model import Envelope, Recipient

OK = Answer(250, ("2.0.0 ok",))


class Hop:
    """A next hop that notes what it is told; ``answers`` by the beginning of a command, an exception is raised."""

    def __init__(self, *, offers=("DSN",), answers=()):
        self.extensions = dict.fromkeys(offers, "")
        self.answers = dict(answers)
        self.heard = []
        self.is_open = True

    async def is_there(self):
        return self.is_open

    async def command(self, line):
        self.heard.append(line)
        answer = next((answer for start, answer in self.answers.items() if line.startswith(start)), OK)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.is_open = False


@pytest.fixture
def way():
    """``way(hop, hop, ...)``: an Onward that meets these next hops one after the other."""

    def make(*hops):
        left = list(hops)

        async def connect():
            if not left:
                raise NextHopError("cannot connect")
            return left.pop(0)

        return Onward(connect)

    return make


def envelope(*addresses):
    return Envelope("a@own.example", tuple(Recipient(each) for each in addresses), ())


def test_an_open_session_is_kept_and_a_closed_one_replaced(way):
    first, second = Hop(), Hop()
    onward = way(first, second)

    async def meet():
        met = [await onward.session(), await onward.session()]
        first.close()
        return [*met, await onward.session()]

    assert asyncio.run(meet()) == [first, first, second]


def test_a_session_that_offers_less_than_was_promised_is_none(way):
    poorer = Hop(offers=())
    onward = way(poorer)
    onward.promise(["DSN"])

    with pytest.raises(NextHopError, match="less"):
        asyncio.run(onward.session())

    assert not poorer.is_open
    with pytest.raises(NextHopError):
        onward.standing()


def test_a_session_that_closed_within_a_message_is_not_replaced(way):
    first = Hop()
    onward = way(first, Hop())
    asyncio.run(onward.session())
    first.close()

    with pytest.raises(NextHopError, match="closed"):
        onward.standing()


def test_a_transaction_put_anew_names_sender_and_recipients_in_order(way):
    hop = Hop()

    refused = asyncio.run(way(hop).begin_anew(envelope(), [Recipient("b@x.example"), Recipient("c@x.example")], HERE))

    assert refused is None
    assert hop.heard == ["RSET", "MAIL FROM:<a@own.example>", "RCPT TO:<b@x.example>", "RCPT TO:<c@x.example>"]


HERE = Provenance("127.0.0.1")


def test_of_several_refusals_the_temporary_one_is_told_and_the_transaction_ends(way):
    never, later = Answer(550, ("5.1.1 no",)), Answer(450, ("4.2.1 busy",))
    hop = Hop(answers={"RCPT TO:<b": never, "RCPT TO:<c": later})

    refused = asyncio.run(way(hop).begin_anew(envelope(), [Recipient("b@x.example"), Recipient("c@x.example")], HERE))

    assert refused == later
    assert hop.heard[-1] == "RSET"


def test_a_refused_sender_asks_for_no_recipient(way):
    hop = Hop(answers={"MAIL": Answer(451, ("4.3.0 not now",))})

    refused = asyncio.run(way(hop).begin_anew(envelope(), [Recipient("b@x.example")], HERE))

    assert refused is not None
    assert [line[:4] for line in hop.heard] == ["RSET", "MAIL", "RSET"]


@pytest.mark.parametrize("answer", [NextHopError("does not answer"), Answer(502, ("5.5.1 what",))])
def test_a_transaction_that_cannot_be_reset_ends_with_its_session(way, answer):
    hop = Hop(answers={"RSET": answer})
    onward = way(hop)
    asyncio.run(onward.session())

    asyncio.run(onward.reset())

    assert not hop.is_open
