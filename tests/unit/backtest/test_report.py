# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: every figure with what is needed to believe it, every text a text."""

import pytest

from safehold.backtest import report
from safehold.backtest.judging import Judgement, Outcome
from safehold.backtest.report import About, Row
from safehold.backtest.tally import Tally

HELD = Outcome(now=Judgement(asked=("p",), held=("p", "q"), recipients=3, mark=1), before=Judgement())


def page(tally, *rows, against=""):
    return report.page(tally, rows, About([("Policies", "<b>")], ["Mind & this"], against))


@pytest.fixture
def tally():
    made = Tally()
    made.add("box#1", HELD)
    made.add("box#2", Outcome("no <message>"))
    made.add("box#3", Outcome("it failed", is_fault=True))
    return made


def test_it_says_of_how_many_messages_how_many_are_held_and_by_whom(tally):
    shown = page(tally)

    assert "<strong>1</strong> of <strong>1</strong> messages would be held. There were 3; 2 were skipped." in shown
    assert '<th scope="row">box#1</th><td>p, q</td><td class="number">3</td>' in shown


def test_a_void_figure_says_so_and_another_does_not(tally):
    void = page(tally, Row("p", "enforce", 12, 0, 0, is_void=True))
    sound = page(tally, Row("p", "enforce", 1200, 0, 0, is_void=False))

    assert "0 (void)" in void
    assert "fewer than 1,000" in void
    assert "oid" not in sound.partition("By policy")[2]


def test_what_is_treated_otherwise_is_listed_only_where_something_is_compared(tally):
    row = Row("p", "enforce", 1, 1, 0, is_void=True, held_before=0)

    assert "Held before" not in page(tally, row)
    compared = page(tally, row, against="git:HEAD~1")
    assert "Compared with git:HEAD~1" in compared
    assert '<th scope="row">box#1</th><td>nobody</td><td>p, q</td>' in compared


def test_where_we_failed_can_be_found(tally):
    assert '<th scope="row">box#3</th><td>it failed</td>' in page(tally)


def test_every_text_is_escaped(tally):
    shown = page(tally, Row("<i>", "enforce", 1, 1, 0, is_void=False), against="<u>")

    assert not [tag for tag in ("<i>", "<u>", "<b>", "<message>") if tag in shown]
    assert "Mind &amp; this" in shown
