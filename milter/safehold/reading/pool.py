# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool of readers: bytes in, a :class:`safehold.model.Reading` out, whatever the bytes do.

Everything that looks at content happens in worker processes without secrets, without network and with limits
(:mod:`safehold.reading.sandbox.walls`).  The parent hands over a sealed memory file and listens; when a worker crashes,
hangs or runs out of memory it is killed with its process group, what it had sent is kept, the part at hand gets
a problem, and a fresh worker goes on after that part.  What content causes is therefore never an exception.

A message does not stay among ordinary mail for long (:mod:`safehold.reading.lanes`).  Before a worker recognises
pictures it says so, and of one that has read for ``ordinary_s`` the clock says enough: the one goes to the lane of
pictures, the other to the lane of whatever else is slow, so that a long document does not wait for photographs.  There
a worker yields the processor to all that read ordinary mail, and serves no second message.  Nothing is asked of it: it
goes on, or is killed and the message is read anew when its turn comes.  So a worker that lies, or says nothing, only
chooses between these two lanes.

Thread-safe: any number of threads may call :meth:`ReaderPool.read`; at most twice ``workers`` ordinary messages,
``dear`` with pictures and ``dear`` slow ones are read at once, and ``waiting`` of the latter two wait.  Start it before
libmilter makes its threads.  ``Demand.render`` has no effect yet but the longer deadline: it is not built.
"""

import os
import select
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from safehold.errors import ReaderError
from safehold.model import Demand, PartPath, Reading, Reason
from safehold.reading.lanes import NONE_IN_TIME, TICK_S, Clock, Lane, Place, WaitingRoom
from safehold.reading.limits import Limits
from safehold.reading.sandbox import kernel
from safehold.reading.sandbox.spares import ENTRY, Spares, Worker
from safehold.reading.vocabulary import Detail
from safehold.reading.wire import Hearing, Job, LineError, Unpacker

WAITING = 16
# More than the allocator keeps at hand would be asked of the kernel, and given back, each time: 20 microseconds.
_CHUNK = 1 << 16
_LOOK_AGAIN_S = 0.05
_NEXT_WORKER_S = 0.01
# Ordinary messages that share what the machine can read at once: the scheduler lets the short ones pass the others.
_SHARE = 2
# Who used up a worker waits so long at most until it is made up for.
_MADE_UP_S = 0.1
_WHOLE = PartPath()
_NO_ROOM = "the machine has no room for a message"


class _Failed(Exception):  # noqa: N818 - an outcome within this module, not an error anybody catches
    """A worker did not finish its job."""

    def __init__(self, reason: Reason, detail: Detail) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class _Gone(Exception):  # noqa: N818 - as above
    """A worker was gone before it had the job, or went with its zygote: nothing that the content did."""


class _MustWait(Exception):  # noqa: N818 - as above
    """The message belongs in another lane, where no place is free."""

    def __init__(self, lane: Lane) -> None:
        super().__init__()
        self.lane = lane


class ReaderPool:
    """Worker processes that read messages and documents."""

    def __init__(
        self,
        workers: int = 2,
        limits: Limits | None = None,
        *,
        dear: int | None = None,
        waiting: int = WAITING,
        entry: tuple[str, ...] = ENTRY,
    ) -> None:
        """Prepare a pool.

        Args:
            workers: How many ordinary messages may be read at full speed; twice as many may be read at once.
            limits: How much one message may cost.
            dear: Of how many messages pictures may be recognised at once beside them, and how many others may take
                long; by default as many.
            waiting: How many messages may wait for that.
            entry: What Python runs as the zygote; tests pass one with extra readers.
        """
        dear = workers if dear is None else dear
        if min(workers, dear) < 1:
            raise ValueError("a pool needs at least one worker of each kind")
        self._limits = limits or Limits()
        self._room = WaitingRoom(waiting)
        ordinary = _SHARE * workers
        self._ordinary, self._pictures, self._slow = Lane(ordinary), Lane(dear), Lane(dear)
        self._spares = Spares(ordinary + workers, self._limits, entry)

    @property
    def walls(self) -> dict[str, bool]:
        """Return which walls stand around the workers, for ``doctor``."""
        return dict(self._spares.walls)

    @property
    def waiting(self) -> int:
        """Return how many messages wait for a reader now."""
        return self._ordinary.waiting + self._pictures.waiting + self._slow.waiting

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
        if len(content) > limits.message_bytes:
            hearing = Hearing(limits)
            hearing.add_problem(_WHOLE, Reason.TOO_LARGE, Detail.MESSAGE_SIZE)
            return hearing.reading()
        clock = Clock(limits.deadline_dear_s if demand.ocr or demand.render else limits.deadline_s, tick)
        room: WaitingRoom | None = None
        lane = self._slow if len(content) > limits.ordinary_bytes else self._ordinary
        while True:
            try:
                with lane.place(clock, room) as place:
                    reading = self._read(content, Job(document_name, demand), clock, place)
            except _MustWait as waits:
                lane, room = waits.lane, self._room
            else:
                if place.has_used_up:
                    # Making a worker takes longer than reading a plain mail, and who comes next shall not pay for it.
                    self._spares.wait_until_made_up(min(_MADE_UP_S, clock.left()))
                return reading

    def _read(self, content: bytes, job: Job, clock: Clock, place: Place) -> Reading:
        """Read with as many workers as it takes, within the limits.

        Raises:
            _MustWait: Not here.  Nothing is kept of what was heard: it might be large, and wait for long.
        """
        hearing = Hearing(self._limits)
        restarts = self._limits.restarts
        while True:
            hearing.begin()
            try:
                self._attempt(hearing, content, Job(job.document_name, job.demand, hearing.resume()), clock, place)
            except _Gone:
                # All anew, for what was at hand is not at its end; until the time is over, which :meth:`_take` says.
                hearing = Hearing(self._limits)
                with clock.waiting(), place.waiting():
                    time.sleep(_NEXT_WORKER_S)
                continue
            except _Failed as failed:
                hearing.fail(failed.reason, failed.detail)
                if clock.left() <= 0:
                    if clock.was_kept:
                        raise ReaderError(NONE_IN_TIME) from None
                    hearing.add_problem(_WHOLE, Reason.TIMED_OUT, Detail.MESSAGE_TIME)
                elif hearing.can_resume and restarts:
                    restarts -= 1
                    continue
                elif hearing.can_resume or hearing.at is None:
                    hearing.add_problem(_WHOLE, Reason.CRASHED, Detail.REST_UNREAD)
            return hearing.reading()

    def _attempt(self, hearing: Hearing, content: bytes, job: Job, clock: Clock, place: Place) -> None:
        """Give the job to one worker and listen to the end.

        Raises:
            _Failed: The worker died, took too long or sent nonsense.
            _Gone: It was gone before.
            _MustWait: Not here.
        """
        frame = job.pack()
        worker = self._take(clock, place)
        fit = False
        try:
            _send(worker.line, frame, content, clock)
            self._listen(worker, hearing, job, clock, place)
            fit = hearing.may_serve_again and not worker.aside
        except _Failed as failed:
            if failed.detail is Detail.DIED and self._spares.lost_its_zygote(worker):
                raise _Gone from None
            raise
        finally:
            if fit:
                self._spares.give_back(worker)
            else:
                place.has_used_up = True
                self._spares.retire(worker)

    def _take(self, clock: Clock, place: Place) -> Worker:
        """Wait for a worker, the first or one that goes on: that none is free is never the content's doing.

        Raises:
            ReaderError: None came in time.
        """
        while True:
            most_s = clock.step()
            with clock.waiting(), place.waiting():
                worker = self._spares.take(most_s)
            if worker is not None:
                return worker
            if clock.left() <= 0:
                raise ReaderError(NONE_IN_TIME)

    def _listen(self, worker: Worker, hearing: Hearing, job: Job, clock: Clock, place: Place) -> None:
        line = worker.line
        # A worker says "at this part" again before each picture, so one picture is what one part may wait for.
        part_s = self._limits.part_s + (self._limits.ocr_page_s if job.demand.ocr else 0.0)
        poll = select.poll()
        poll.register(line, select.POLLIN)
        unpacker = Unpacker(self._limits)
        part_end = time.monotonic() + part_s
        while not hearing.ended:
            self._keep_to_lane(worker, hearing, place)
            # Outside any handler: what the caller's tick raises is the caller's.
            wait = min(clock.step(), max(0.0, part_end - time.monotonic()), self._until_slow(place))
            if poll.poll(int(wait * 1000) + 1):
                turns = hearing.turns
                _hear(hearing, unpacker, _receive(line))
                if hearing.turns != turns:
                    part_end = time.monotonic() + part_s
            if not hearing.ended:
                _check_time(clock, part_end)

    def _until_slow(self, place: Place) -> float:
        """Return after which time the message may belong in another lane than now."""
        if place.lane is not self._ordinary:
            return TICK_S
        return max(_LOOK_AGAIN_S, self._limits.ordinary_s - place.held_s())

    def _keep_to_lane(self, worker: Worker, hearing: Hearing, place: Place) -> None:
        """See to it that the message is read where it belongs.

        Raises:
            _MustWait: It may not stay where it is, and no place is free where it belongs.
        """
        if hearing.is_tainted:
            worker.step_back()  # it serves nobody else, and most of what is not plain takes longer than what is
        lane = place.lane
        held_s = place.held_s()
        if hearing.is_dear:
            lane = self._pictures
        elif lane is self._ordinary and held_s >= self._limits.ordinary_s:
            lane = self._slow
        if lane is not self._ordinary:
            self._spares.set_aside(worker)
        if not place.exchange(lane) and (hearing.is_dear or held_s >= self._limits.most_ordinary_s):
            raise _MustWait(lane)


def _receive(line: socket.socket) -> bytes:
    try:
        data = line.recv(_CHUNK)
    except ConnectionResetError:  # by a process that ended without having read what it was sent: unix(7)
        raise _Gone from None
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


def _check_time(clock: Clock, part_end: float) -> None:
    if clock.left() <= 0:
        raise _Failed(Reason.TIMED_OUT, Detail.MESSAGE_TIME)
    if time.monotonic() >= part_end:
        raise _Failed(Reason.TIMED_OUT, Detail.PART_TIME)


def _send(line: socket.socket, job: bytes, content: bytes, clock: Clock) -> None:
    try:
        sealed = kernel.sealed_file(content)
    except OSError:
        raise ReaderError(_NO_ROOM) from None
    try:
        sent = socket.send_fds(line, [job], [sealed])  # the line is empty: at least something fits
        if sent < len(job):
            line.settimeout(max(0.1, clock.left()))
            line.sendall(job[sent:])
            line.setblocking(False)
    except TimeoutError:
        raise _Failed(Reason.CRASHED, Detail.DIED) from None
    except OSError:
        raise _Gone from None
    finally:
        os.close(sealed)  # the worker has it now


__all__ = ["ReaderError", "ReaderPool"]
