# SPDX-License-Identifier: GPL-3.0-or-later
"""Tallies: counts that survive being written down, and figures that say when they are void."""

import json

from safehold.backtest.judging import Judgement, Outcome
from safehold.backtest.tally import FEWEST_ASKED, Fault, Held, Tally

HELD = Outcome(now=Judgement(asked=("p", "q"), held=("p",), recipients=2, mark=5), before=Judgement(asked=("p",)))


def test_a_message_counts_once_for_each_policy_however_many_copies():
    tally = Tally()

    tally.add("m#1", HELD)
    tally.add("m#2", Outcome("no message"))

    assert (tally.messages, tally.judged, dict(tally.skipped)) == (2, 1, {"no message": 1})
    assert (tally.by_policy, tally.asked) == ({"p": 1}, {"p": 1, "q": 1})
    assert tally.held == [Held("m#1", ("p",), 2)]


def test_only_messages_treated_otherwise_are_differences():
    tally = Tally()
    same = Judgement(held=("p",), recipients=1, mark=7)

    tally.add("m#1", Outcome(now=same, before=same))
    tally.add("m#2", HELD)

    assert [(d.message, d.before, d.now) for d in tally.differences] == [("m#2", (), ("p",))]
    assert tally.held_before == 1


def test_a_figure_is_void_until_enough_were_asked():
    tally = Tally()

    for _ in range(FEWEST_ASKED - 1):
        tally.add("m", HELD)
    assert tally.void("q")
    tally.add("m", HELD)

    assert not tally.void("q")
    assert tally.void("never asked")


def test_it_is_the_same_after_being_written_and_read():
    tally = Tally(seconds=1.5)
    tally.add("m#1", HELD)
    tally.add("m#2", Outcome("no message"))
    tally.add("m#3", Outcome("it failed", is_fault=True))

    assert tally.faults == [Fault("m#3", "it failed")]
    assert Tally.from_record(json.loads(json.dumps(tally.as_record()))) == tally
