# SPDX-License-Identifier: GPL-3.0-or-later
"""Running: in order, whatever judges do; gone on with from the state, and from no other's."""

import json
import os
import signal
import time
from datetime import UTC, datetime

import pytest

from safehold.backtest import running
from safehold.backtest.judging import Judgement, Outcome
from safehold.backtest.mailboxes import Bookmark
from safehold.backtest.running import State
from safehold.reading.limits import Limits

# From 3.12 on Python warns of forking where there are threads; pytest-xdist has some, `safehold backtest` has none.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

NOW = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)


class Fake:
    """A judge that reads nothing; of messages with these numbers it dies, or takes longer than others."""

    def __init__(self, dies_at=(), slow_at=(), breaks_at=0):
        self.dies_at, self.slow_at, self.breaks_at = dies_at, slow_at, breaks_at
        self.judged = []

    def outcome(self, piece, read):
        self.judged.append(piece.number)
        if piece.number in self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if piece.number in self.slow_at:
            time.sleep(0.2)
        if piece.number == self.breaks_at:
            raise KeyboardInterrupt
        return Outcome(now=Judgement(asked=("p",), held=("p",), recipients=1))


@pytest.fixture
def places(tmp_path):
    folder = tmp_path / "box"
    folder.mkdir()
    for number in range(1, 21):
        (folder / f"{number:04}.eml").write_bytes(b"To: a@example.org\n\nx\n")
    return [folder]


@pytest.fixture
def run(places):
    def made(judge, state=None, jobs=1):
        return running.run(places, judge, state or State(None, "plan", NOW), jobs=jobs, limits=Limits())

    return made


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_message_is_counted_in_the_order_of_the_mailbox(run, jobs):
    tally = run(Fake(slow_at=(1, 7)), jobs=jobs)

    assert [held.message[-8:] for held in tally.held] == [f"{number:04}.eml" for number in range(1, 21)]


def test_a_judge_that_dies_costs_one_message_and_no_other(run):
    tally = run(Fake(dies_at=(3, 4, 20)), jobs=2)

    assert tally.messages == 20
    assert tally.skipped == {running.DIED: 3}
    assert len(tally.held) == 17
    assert [fault.message[-8:] for fault in tally.faults] == ["0003.eml", "0004.eml", "0020.eml"]


def test_a_run_that_is_broken_off_goes_on_where_it_was(run, tmp_path):
    file = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        run(Fake(breaks_at=8), State(file, "plan", NOW))
    again, rest = State(file, "plan", datetime.now(UTC)), Fake()

    assert again.load()
    tally = run(rest, again)

    assert rest.judged == list(range(8, 21))
    assert (tally.messages, len(tally.held), again.began) == (20, 20, NOW)


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"plan": "plan", "since"', id="cut"),
        pytest.param(b"[]", id="another thing"),
        pytest.param(
            b'{"plan": "plan", "since": {}, "tally": {"nonsense": 1}, "began": "2025-06-02"}', id="other keys"
        ),
        pytest.param(b'{"plan": "other"}', id="another plan"),
        pytest.param(b"\xff\xfe", id="bytes"),
    ],
)
def test_a_state_that_is_no_help_begins_anew(tmp_path, kept):
    file = tmp_path / "state"
    file.write_bytes(kept)
    state = State(file, "plan", NOW)

    assert not state.load()
    assert (state.since, state.tally.messages) == (None, 0)


def test_the_state_holds_no_name_of_a_file_and_is_for_its_owner_alone(tmp_path, run, places):
    (places[0] / "0000 Ms Brown.eml").write_bytes(b"To: a@example.org\n\nx\n")
    file = tmp_path / "state"

    run(Fake(), State(file, "plan", NOW))

    assert "Brown" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert Bookmark(**json.loads(file.read_text())["since"]).number == 21
