# SPDX-License-Identifier: GPL-3.0-or-later
"""Lanes: who may read now, who waits for it, and for how long.

A message begins in the ordinary lane, a large one in that of what is slow.  What turns out to take long leaves it, so
that no number of photographs or bombs keeps the places that ordinary mail needs: it goes on in a lane among its like
where a place is free, and else gives up its worker too, waits, and begins anew.  So who waits costs no process and no
memory but its bytes.  Those who had to leave wait in a room of a stated size; whoever finds it full is told at once.

Thread-safe.  The caller's tick goes on while it waits, outside all locks.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from safehold.errors import ReaderError

TICK_S = 1.0
NONE_IN_TIME = "no reader was free in time"
_TOO_MANY = "too many messages that take long wait for a reader"
# Who waited for more than this share of its time and then ran out of it was kept by others.
_LONG_WAIT = 0.1


class Clock:
    """The deadline of one message, and the caller's tick about each second."""

    def __init__(self, seconds: float, tick: Callable[[], None] | None) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._tick = tick
        self._next = time.monotonic() + TICK_S
        self._waited = 0.0

    def left(self) -> float:
        """Return the seconds that are left, 0 at the least."""
        return max(0.0, self._end - time.monotonic())

    def step(self) -> float:
        """Tick where it is time; return how long a wait may last now."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + TICK_S
            if self._tick is not None:
                self._tick()
        return min(max(0.0, self._end - now), max(0.01, self._next - now))

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Count what is done within as waiting for others."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._waited += time.monotonic() - began

    @property
    def was_kept(self) -> bool:
        """Return whether others took so much of the time that running out of it is no fault of this message."""
        return self._waited > _LONG_WAIT * self._seconds


class WaitingRoom:
    """How many may wait at once."""

    def __init__(self, seats: int) -> None:
        self._seats = threading.Semaphore(seats)

    @contextlib.contextmanager
    def seat(self) -> Iterator[None]:
        """Sit down.

        Raises:
            ReaderError: No seat is free.
        """
        if not self._seats.acquire(blocking=False):
            raise ReaderError(_TOO_MANY)
        try:
            yield
        finally:
            self._seats.release()


class Lane:
    """Places for so many at once, handed on in the order in which they were asked for."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places
        self._line: deque[threading.Event] = deque()  # INVARIANT: nobody stands here while a place is free

    @property
    def waiting(self) -> int:
        """Return how many wait now."""
        return len(self._line)

    @contextlib.contextmanager
    def place(self, clock: Clock, room: WaitingRoom | None = None) -> Iterator["Place"]:
        """Wait for a place and hold it, or whichever it was exchanged for, until the end.

        Args:
            clock: The message's time.
            room: Where to wait; without one any number may.

        Raises:
            ReaderError: None was free in time, or too many wait.
        """
        if not self.take():
            with room.seat() if room else contextlib.nullcontext(), clock.waiting():
                self._wait(clock)
        place = Place(self)
        try:
            yield place
        finally:
            place.lane.leave()

    def take(self) -> bool:
        """Take a place if one is free at once."""
        with self._lock:
            if self._free == 0:
                return False
            self._free -= 1
            return True

    def leave(self) -> None:
        """Give a place back: to whoever has waited longest."""
        with self._lock:
            if self._line:
                self._line.popleft().set()
            else:
                self._free += 1

    def _wait(self, clock: Clock) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Event()
            self._line.append(turn)
        came = False
        try:
            while not (came := turn.wait(clock.step())):
                if clock.left() <= 0:
                    raise ReaderError(NONE_IN_TIME)
        finally:
            if not came:
                self._give_up(turn)

    def _give_up(self, turn: threading.Event) -> None:
        with self._lock:
            if turn in self._line:
                self._line.remove(turn)
                return
        self.leave()  # the place had just been handed over


class Place:
    """A place in some lane, and how long a message was read in it.

    A fresh worker for the same message makes it no younger, and waiting for a worker no older.
    """

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.has_used_up = False  # whether a worker serves nobody else after this
        self._since = time.monotonic()

    def held_s(self) -> float:
        """Return the seconds of reading."""
        return time.monotonic() - self._since

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Count nothing of what is done within."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._since += time.monotonic() - began

    def exchange(self, lane: Lane) -> bool:
        """Exchange it for one in *lane* where one is free at once; return whether it is there now."""
        if lane is not self.lane:
            if not lane.take():
                return False
            old, self.lane = self.lane, lane
            old.leave()
        return True
