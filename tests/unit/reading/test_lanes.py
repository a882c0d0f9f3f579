# SPDX-License-Identifier: GPL-3.0-or-later
"""Lanes, without any worker: who gets a place, in which order, and who is turned away."""

import threading
import time

import pytest

from safehold.errors import ReaderError
from safehold.reading.lanes import Clock, Lane, Place, WaitingRoom

LONG_S, SHORT_S = 60.0, 0.05


def standing(lane: Lane, count: int) -> None:
    """Return once so many wait in the lane."""
    end = time.monotonic() + LONG_S
    while lane.waiting != count:
        assert time.monotonic() < end
        time.sleep(0.001)


def come_and_go(lane: Lane, room: WaitingRoom | None = None) -> None:
    with lane.place(Clock(LONG_S, None), room):
        pass


def test_places_are_handed_on_in_the_order_in_which_they_were_asked_for():
    lane, came = Lane(1), []

    def ask(name: int) -> None:
        with lane.place(Clock(LONG_S, None)):
            came.append(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in range(5)]
    with lane.place(Clock(LONG_S, None)):
        for number, thread in enumerate(threads):
            thread.start()
            standing(lane, number + 1)
        assert came == []
    for thread in threads:
        thread.join()

    assert came == [0, 1, 2, 3, 4]


def test_nobody_who_comes_later_goes_first():
    lane, enough = Lane(1), threading.Event()

    def hold() -> None:
        with lane.place(Clock(LONG_S, None)):
            enough.wait(LONG_S)

    first = threading.Thread(target=hold)
    with lane.place(Clock(LONG_S, None)):
        first.start()
        standing(lane, 1)

    assert not lane.take()
    enough.set()
    first.join()
    assert lane.take()


def test_who_waited_in_vain_leaves_no_trace():
    lane = Lane(1)
    with lane.place(Clock(LONG_S, None)):
        with pytest.raises(ReaderError, match="in time"), lane.place(Clock(SHORT_S, None)):
            pass
        assert lane.waiting == 0

    assert lane.take()
    assert not lane.take()


def test_a_caller_that_hangs_up_while_it_waits_leaves_no_trace():
    lane = Lane(1)

    def hang_up() -> None:
        raise ConnectionResetError

    clock = Clock(LONG_S, hang_up)
    clock._next = 0.0
    with lane.place(Clock(LONG_S, None)):
        with pytest.raises(ConnectionResetError), lane.place(clock):
            pass
        assert lane.waiting == 0

    assert lane.take()


def test_a_place_that_comes_while_its_owner_hangs_up_goes_to_the_next():
    """The worst moment: the place is handed over, and the one it was handed to is leaving."""
    lane = Lane(1)
    place = lane.place(Clock(LONG_S, None))
    place.__enter__()

    def leave_and_hang_up() -> None:
        place.__exit__(None, None, None)
        raise ConnectionResetError

    clock = Clock(LONG_S, leave_and_hang_up)
    clock._next = 0.0
    with pytest.raises(ConnectionResetError), lane.place(clock):
        pass

    assert lane.take()
    assert not lane.take()


def test_a_waiting_room_is_shared_and_the_one_too_many_is_told_at_once():
    room = WaitingRoom(1)
    pictures, slow = Lane(1), Lane(1)
    with pictures.place(Clock(LONG_S, None)), slow.place(Clock(LONG_S, None)):
        waits = threading.Thread(target=come_and_go, args=(pictures, room))
        waits.start()
        standing(pictures, 1)

        with pytest.raises(ReaderError, match="too many"), slow.place(Clock(LONG_S, None), room):
            pass
    waits.join()

    with slow.place(Clock(LONG_S, None)):
        thread = threading.Thread(target=come_and_go, args=(slow, room))
        thread.start()
        standing(slow, 1)
    thread.join()


def test_a_place_is_exchanged_only_for_a_free_one():
    ordinary, pictures = Lane(1), Lane(1)
    with ordinary.place(Clock(LONG_S, None)) as place:
        assert place.exchange(ordinary)
        assert pictures.take()
        assert not place.exchange(pictures)
        assert place.lane is ordinary
        pictures.leave()

        assert place.exchange(pictures)
        assert ordinary.take()
        assert not pictures.take()

    assert pictures.take()


def test_a_clock_tells_whose_fault_it_is_that_time_ran_out():
    alone, kept = Clock(SHORT_S, None), Clock(SHORT_S, None)
    lane = Lane(0)
    with pytest.raises(ReaderError), lane.place(kept):
        pass

    assert kept.was_kept
    assert not alone.was_kept


def test_waiting_for_a_worker_makes_nobody_slow(monkeypatch):
    """Else plain mail would count as what takes long whenever workers are scarce, and wait behind what does."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    place = Place(Lane(1))

    with place.waiting():
        now[0] += 5.0
    now[0] += 1.0

    assert place.held_s() == 1.0
