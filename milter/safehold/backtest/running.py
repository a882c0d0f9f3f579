# SPDX-License-Identifier: GPL-3.0-or-later
"""All messages of some mailboxes, judged by several processes, and gone on with where a run was killed.

The parent walks the mailboxes and adds up; judges, forked before anything else runs, so that they share the register
instead of loading it, read a message from its place and say what comes of it.  Each has reader workers of its own, and
nothing but these workers opens what is in a message.  A judge that dies takes one message with it at the most, which
is skipped and counted.

Outcomes are added in the order of the mailboxes.  So what is added up is always that of *all* messages before a place,
and both, written together, are all that a later run must know.
"""

import gc
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection, wait
from pathlib import Path

from safehold.backtest import mailboxes
from safehold.backtest.judging import FAILED, Judge, Outcome
from safehold.backtest.mailboxes import Bookmark, Piece
from safehold.backtest.tally import Tally
from safehold.model import Demand, Reading
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool

SAVE_EVERY_S = 2.0
_SHARE_OF_SAVING = 0.05
DIED = f"{FAILED} (its process died)"
# What each judge has at hand: the message that it judges, and the next.
_AHEAD = 2
# How far others may go on while one message takes long: places only, so this costs next to nothing.
_WINDOW = 1_000
_FORK = multiprocessing.get_context("fork")


# Told after each message that was added what there is so far.
Progress = Callable[[Tally], None]


# -- the state ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class State:
    """How far a run came, kept in a file.

    Attributes:
        file: Where; None to keep nothing.
        plan: What the run is of: mailboxes, policies, register, and how it judges.  A file of another plan is no help.
        began: When it began, which is the day that counts for all of it.
    """

    file: Path | None
    plan: str
    began: datetime
    tally: Tally = field(default_factory=Tally)
    since: Bookmark | None = None

    def load(self) -> bool:
        """Go on from the file, if it is there and of this plan; return whether."""
        if self.file is None:
            return False
        try:
            kept = json.loads(self.file.read_bytes())
            if kept["plan"] != self.plan:
                return False
            tally, since = Tally.from_record(kept["tally"]), Bookmark(**kept["since"])
            began = datetime.fromisoformat(kept["began"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        self.tally, self.since, self.began = tally, since, began
        return True

    def save(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        if self.file is None or self.since is None:
            return
        kept = {
            "plan": self.plan,
            "began": self.began.isoformat(),
            "since": asdict(self.since),
            "tally": self.tally.as_record(),
        }
        beside = self.file.with_name(self.file.name + ".new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as written:  # noqa: PTH123
            json.dump(kept, written)
        beside.replace(self.file)

    def forget(self) -> None:
        """Remove the file: the run is over."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)


# -- running -----------------------------------------------------------------------------------------------------------


def run(
    places: Sequence[Path],
    judge: Judge,
    state: State,
    *,
    jobs: int,
    limits: Limits,
    progress: Progress = lambda _tally: None,
) -> Tally:
    """Judge every message behind the state's bookmark; return what came of all.

    However it ends, the state is written first.

    Raises:
        ChangedError: A mailbox is not what it was when the run was broken off.
        OSError: The state cannot be written.
    """
    started = time.monotonic()
    before_s, due = state.tally.seconds, started
    outcomes = _alone(judge, limits) if jobs == 1 else _together(judge, limits, jobs)
    try:
        for piece, outcome in outcomes(mailboxes.walk(places, state.since)):
            state.tally.add(mailboxes.name(piece, places), outcome, piece.length)
            state.since = Bookmark.at(piece)
            progress(state.tally)
            now = time.monotonic()
            state.tally.seconds = before_s + now - started
            if now >= due:
                state.save()
                took_s = time.monotonic() - now  # with very many held messages the file is large
                due = now + max(SAVE_EVERY_S, took_s / _SHARE_OF_SAVING)
    finally:
        state.tally.seconds = before_s + time.monotonic() - started
        state.save()
    return state.tally


_Outcomes = Callable[[Iterator[Piece]], Iterator[tuple[Piece, Outcome]]]


def _alone(judge: Judge, limits: Limits) -> _Outcomes:
    """Return a way to judge in this process."""

    def outcomes(pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Outcome]]:
        with ReaderPool(1, limits) as pool:
            for piece in pieces:
                yield piece, judge.outcome(piece, _reader(pool))

    return outcomes


def _reader(pool: ReaderPool) -> Callable[[bytes, Demand], Reading]:
    def read(content: bytes, demand: Demand) -> Reading:
        return pool.read(content, demand=demand)

    return read


def _together(judge: Judge, limits: Limits, jobs: int) -> _Outcomes:
    """Return a way to judge in processes of their own."""

    def outcomes(pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Outcome]]:
        bench = _Bench(judge, limits, jobs)
        try:
            yield from bench.outcomes(pieces)
        finally:
            bench.close()

    return outcomes


@dataclass(slots=True)
class _Worker:
    """A process that judges, our end of the line to it, and what it has at hand, in order."""

    process: multiprocessing.process.BaseProcess
    line: Connection
    at_hand: list[tuple[int, Piece]] = field(default_factory=list)


class _Bench:
    """Processes that judge."""

    def __init__(self, judge: Judge, limits: Limits, jobs: int) -> None:
        self._judge = judge
        self._limits = limits
        self._workers: list[_Worker] = []
        gc.freeze()  # what is shared with the judges is not written to by the collector, and stays shared
        try:
            for _ in range(jobs):
                self._hire()
        except BaseException:
            self.close()
            raise

    def _hire(self) -> None:
        ours, theirs = _FORK.Pipe()
        # A line ends for a judge when all copies of our end are closed, so it closes those that it was forked with.
        inherited = [ours, *(worker.line for worker in self._workers)]
        process = _FORK.Process(target=_work, args=(theirs, inherited, self._judge, self._limits), daemon=True)
        process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))

    def close(self) -> None:
        """End every process."""
        for worker in self._workers:
            worker.line.close()
        for worker in self._workers:
            worker.process.join(5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        gc.unfreeze()

    def outcomes(self, pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Outcome]]:
        """Yield what comes of each, in their order."""
        numbered = enumerate(pieces)
        done: dict[int, tuple[Piece, Outcome]] = {}
        following, is_over = 0, False
        while True:
            # Given out in turn: one each, then a second each.
            for _ in range(_AHEAD):
                for worker in self._workers:
                    if is_over or len(worker.at_hand) >= _AHEAD or self._newest(following) - following >= _WINDOW:
                        continue
                    number, piece = next(numbered, (-1, None))
                    if piece is None:
                        is_over = True
                    elif piece.problem:
                        done[number] = piece, Outcome(piece.problem)
                    else:
                        self._give(worker, number, piece)
            while following in done:
                yield done.pop(following)
                following += 1
            if any(worker.at_hand for worker in self._workers):
                done.update(self._heard())
            elif is_over:
                return

    def _newest(self, following: int) -> int:
        return max((number for worker in self._workers for number, _ in worker.at_hand), default=following)

    @staticmethod
    def _give(worker: _Worker, number: int, piece: Piece) -> None:
        worker.at_hand.append((number, piece))
        try:
            worker.line.send(piece)
        except OSError:
            return  # it has died, which is heard where we listen

    def _heard(self) -> dict[int, tuple[Piece, Outcome]]:
        """Wait until a judge says something, or dies; return what came of what."""
        heard = {}
        for line in wait([worker.line for worker in self._workers]):
            worker = next(each for each in self._workers if each.line is line)
            try:
                outcome = worker.line.recv()
            except (EOFError, OSError):
                heard.update(self._replace(worker))
                continue
            number, piece = worker.at_hand.pop(0)
            heard[number] = piece, outcome
        return heard

    def _replace(self, dead: _Worker) -> dict[int, tuple[Piece, Outcome]]:
        """Put another in the place of a judge that died; what it was at is skipped, what lay ready goes on."""
        self._workers.remove(dead)
        dead.line.close()
        dead.process.join()
        self._hire()
        if not dead.at_hand:
            return {}
        (number, piece), *rest = dead.at_hand
        for waiting in rest:
            self._give(self._workers[-1], *waiting)
        return {number: (piece, Outcome(DIED, is_fault=True))}


def _work(line: Connection, inherited: Sequence[Connection], judge: Judge, limits: Limits) -> None:
    """Judge what comes over the line until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent has it too, and ends the line
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for each in inherited:
        each.close()
    with ReaderPool(1, limits) as pool:
        read = _reader(pool)
        while True:
            try:
                line.send(judge.outcome(line.recv(), read))
            except (EOFError, OSError):
                return
