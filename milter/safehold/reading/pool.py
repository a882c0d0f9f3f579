# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool of readers: bytes in, a :class:`safehold.model.Reading` out, whatever the bytes do.

Everything that looks at content happens in worker processes without secrets, without network and with limits
(:mod:`safehold.reading.walls`).  The parent hands over a sealed memory file and listens; when a worker crashes,
hangs or runs out of memory it is killed with its process group, what it had sent is kept, the part at hand gets
a problem, and a fresh worker goes on after that part.  What content causes is therefore never an exception.

Thread-safe: any number of threads may call :meth:`ReaderPool.read`; at most ``workers`` read at once.  Start it
before libmilter makes its threads.  ``Demand.render`` has no effect yet but the longer deadline: it is not built.
"""

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from safehold.errors import ReaderError
from safehold.model import Demand, PartPath, Reading, Reason
from safehold.reading import kernel
from safehold.reading.limits import Limits
from safehold.reading.spares import ENTRY, Spares, Worker
from safehold.reading.vocabulary import Detail
from safehold.reading.wire import Hearing, Job, LineError, Unpacker

_TICK_S = 1.0
_CHUNK = 1 << 18
_WHOLE = PartPath()
_NONE_IN_TIME = "no reader was free in time"


class _Failed(Exception):  # noqa: N818 - an outcome within this module, not an error anybody catches
    """A worker did not finish its job."""

    def __init__(self, reason: Reason, detail: Detail) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class _Clock:
    """The deadline of one message, and the caller's tick about each second."""

    def __init__(self, seconds: float, tick: Callable[[], None] | None) -> None:
        self._end = time.monotonic() + seconds
        self._tick = tick
        self._next = time.monotonic() + _TICK_S

    def left(self) -> float:
        """Return the seconds that are left, 0 at the least."""
        return max(0.0, self._end - time.monotonic())

    def step(self) -> float:
        """Tick where it is time; return how long a wait may last now."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _TICK_S
            if self._tick is not None:
                self._tick()
        return min(max(0.0, self._end - now), max(0.01, self._next - now))


class ReaderPool:
    """Worker processes that read messages and documents."""

    def __init__(self, workers: int = 2, limits: Limits | None = None, *, entry: tuple[str, ...] = ENTRY) -> None:
        """Prepare a pool.

        Args:
            workers: How many messages may be read at once.
            limits: How much one message may cost.
            entry: What Python runs as the zygote; tests pass one with extra readers.
        """
        if workers < 1:
            raise ValueError("a pool needs at least one worker")
        self._limits = limits or Limits()
        self._slots = threading.Semaphore(workers)
        self._spares = Spares(workers, self._limits, entry)

    @property
    def walls(self) -> dict[str, bool]:
        """Return which walls stand around the workers, for ``doctor``."""
        return dict(self._spares.walls)

    def start(self) -> None:
        """Start the processes and wait for the first.

        Raises:
            ReaderError: No worker could be had.
        """
        self._spares.start()

    def close(self) -> None:
        """End every process; none is left when this returns."""
        self._spares.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(
        self,
        content: bytes,
        *,
        document_name: str | None = None,
        demand: Demand | None = None,
        tick: Callable[[], None] | None = None,
    ) -> Reading:
        """Return everything that can be read of *content*, and what cannot.

        Args:
            content: An RFC 5322 message, or a bare document where *document_name* is given.
            document_name: The file name of a bare document.
            demand: What dear things the policies in force could use.
            tick: Called about once a second in this thread, for progress to the MTA.

        Raises:
            ReaderError: No worker can be had, at all or in time; nothing that content causes.
        """
        demand = demand or Demand()
        limits = self._limits
        hearing = Hearing(limits)
        if len(content) > limits.message_bytes:
            hearing.add_problem(_WHOLE, Reason.TOO_LARGE, Detail.MESSAGE_SIZE)
            return hearing.reading()
        clock = _Clock(limits.deadline_dear_s if demand.ocr or demand.render else limits.deadline_s, tick)
        with self._slot(clock):
            self._read(hearing, content, Job(document_name, demand), clock)
        return hearing.reading()

    @contextlib.contextmanager
    def _slot(self, clock: _Clock) -> Iterator[None]:
        """Wait for one of the places; the waiting counts against the message's time.

        Raises:
            ReaderError: None was free in time.  That other mail kept the readers is no fault of this one's content.
        """
        free = self._slots.acquire(blocking=False)
        while not free and clock.left() > 0:
            free = self._slots.acquire(timeout=clock.step())
        if not free:
            raise ReaderError(_NONE_IN_TIME)
        try:
            yield
        finally:
            self._slots.release()

    def _read(self, hearing: Hearing, content: bytes, job: Job, clock: _Clock) -> None:
        """Read with as many workers as it takes, within the limits."""
        sealed = kernel.sealed_file(content)
        try:
            for attempt in range(self._limits.restarts + 1):
                hearing.begin()
                try:
                    self._attempt(hearing, sealed, Job(job.document_name, job.demand, hearing.resume()), clock)
                except _Failed as failed:
                    hearing.fail(failed.reason, failed.detail)
                    if clock.left() <= 0:
                        hearing.add_problem(_WHOLE, Reason.TIMED_OUT, Detail.MESSAGE_TIME)
                        return
                    if hearing.can_resume and attempt < self._limits.restarts:
                        continue
                    if hearing.can_resume or hearing.at is None:
                        hearing.add_problem(_WHOLE, Reason.CRASHED, Detail.REST_UNREAD)
                return
        finally:
            os.close(sealed)

    def _attempt(self, hearing: Hearing, sealed: int, job: Job, clock: _Clock) -> None:
        """Give the job to one worker and listen to the end.

        Raises:
            _Failed: The worker died, took too long or sent nonsense.
        """
        worker = self._take(hearing, clock)
        fit = False
        try:
            self._listen(worker, hearing, sealed, job, clock)
            fit = hearing.reusable and hearing.only_plain
        finally:
            if fit:
                self._spares.give_back(worker)
            else:
                self._spares.retire(worker)

    def _take(self, hearing: Hearing, clock: _Clock) -> Worker:
        while True:
            worker = self._spares.take(clock.step())
            if worker is not None:
                return worker
            if clock.left() <= 0:
                if hearing.at is None:
                    raise ReaderError(_NONE_IN_TIME)
                raise _Failed(Reason.TIMED_OUT, Detail.NO_WORKER_IN_TIME)

    def _listen(self, worker: Worker, hearing: Hearing, sealed: int, job: Job, clock: _Clock) -> None:
        line = worker.line
        # A worker says "at this part" again before each picture, so one picture is what one part may wait for.
        part_s = self._limits.part_s + (self._limits.ocr_page_s if job.demand.ocr else 0.0)
        poll = select.poll()
        poll.register(line, select.POLLIN)
        unpacker = Unpacker()
        _send(line, job.pack(), sealed, clock)
        part_end = time.monotonic() + part_s
        while not hearing.ended:
            # Outside any handler: what the caller's tick raises is the caller's.
            wait = min(clock.step(), max(0.0, part_end - time.monotonic()))
            if poll.poll(int(wait * 1000) + 1):
                at = hearing.at
                _hear(hearing, unpacker, _receive(line))
                if hearing.at is not at:
                    part_end = time.monotonic() + part_s
            if not hearing.ended:
                _check_time(clock, part_end)


def _receive(line: socket.socket) -> bytes:
    try:
        data = line.recv(_CHUNK)
    except OSError:
        data = b""
    if not data:
        raise _Failed(Reason.CRASHED, Detail.DIED)
    return data


def _hear(hearing: Hearing, unpacker: Unpacker, data: bytes) -> None:
    try:
        for frame in unpacker.feed(data):
            hearing.take(frame)
    except LineError:
        raise _Failed(Reason.CRASHED, Detail.BROKE_RULES) from None


def _check_time(clock: _Clock, part_end: float) -> None:
    if clock.left() <= 0:
        raise _Failed(Reason.TIMED_OUT, Detail.MESSAGE_TIME)
    if time.monotonic() >= part_end:
        raise _Failed(Reason.TIMED_OUT, Detail.PART_TIME)


def _send(line: socket.socket, job: bytes, sealed: int, clock: _Clock) -> None:
    try:
        line.settimeout(max(0.1, clock.left()))
        sent = socket.send_fds(line, [job], [sealed])
        if sent < len(job):
            line.sendall(job[sent:])
    except OSError:
        raise _Failed(Reason.CRASHED, Detail.DIED) from None


__all__ = ["ReaderError", "ReaderPool"]
