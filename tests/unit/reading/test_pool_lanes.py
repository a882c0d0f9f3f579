# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes long keeps nobody else's place, with real workers.

A worker that does what an order says goes on when it is told (SIGUSR1), so nothing here depends on how fast it is.
"""

import os
import shutil
import signal
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from safehold.errors import ReaderError
from safehold.model import EVERYTHING, PlaceKind
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool

HOSTILE = Path(__file__).with_name("hostile_zygote.py")
MOST_S = 60.0
PATIENT = Limits(part_s=MOST_S, deadline_s=MOST_S, deadline_dear_s=MOST_S, ordinary_s=MOST_S, most_ordinary_s=MOST_S)
# Whatever says nothing is slow before it was told to go on; a plain mail may be too, and nothing comes of it.
IMPATIENT = Limits(part_s=MOST_S, deadline_s=MOST_S, deadline_dear_s=MOST_S, ordinary_s=0.01, most_ordinary_s=0.05)
# In time only where a place is free.
HASTY = Limits(part_s=MOST_S, deadline_s=2.0, deadline_dear_s=MOST_S, ordinary_s=MOST_S, most_ordinary_s=MOST_S)


def mail(*parts: str) -> bytes:
    if len(parts) == 1:
        return f"Subject: x\r\n\r\n{parts[0]}\r\n".encode()
    bodies = "".join(f"--b\r\nContent-Type: text/plain\r\n\r\n{part}\r\n" for part in parts)
    return f"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{bodies}--b--\r\n".encode()


def texts(reading):
    return [segment.text for segment in reading.segments if segment.place.kind is PlaceKind.TEXT]


def worker_of(reading):
    return [segment.text for segment in reading.segments if segment.place.kind is PlaceKind.METADATA]


def is_read(pool: ReaderPool) -> bool:
    """Return whether a plain mail is read now: with one worker, whether nobody keeps it."""
    return pool.read(mail("plain")).problems == ()


def processes(marker: str) -> set[int]:
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if marker.encode() in (folder / "cmdline").read_bytes():
                    found.add(int(folder.name))
    return found - {os.getpid()}


def until(what) -> None:
    end = time.monotonic() + MOST_S
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


class Reader(threading.Thread):
    """One caller in a thread of its own."""

    def __init__(self, pool: ReaderPool, *parts: str, **arguments: object) -> None:
        super().__init__()
        self.outcome: object = None
        self._read = lambda: pool.read(mail(*parts), **arguments)
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self._read()
        except ReaderError as refusal:
            self.outcome = refusal


class Pool(ReaderPool):
    """A pool of which the test knows the processes."""

    def __init__(self, limits: Limits, folder: Path, **numbers: int) -> None:
        self.marker = str(shutil.copy(HOSTILE, folder / "zygote_of_one_test.py"))
        super().__init__(numbers.pop("workers", 1), limits, entry=(self.marker,), **numbers)

    def tell(self, *readers: Reader) -> None:
        """Let every worker go on, as often as it takes until these readers have their answers."""

        def told() -> bool:
            for pid in processes(self.marker):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGUSR1)
            return not any(reader.is_alive() for reader in readers)

        until(told)

    def behind(self) -> set[int]:
        """Return the processes that yield the processor to others."""
        found = set()
        for pid in processes(self.marker):
            with suppress(ProcessLookupError):
                if os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0):
                    found.add(pid)
        return found


@pytest.fixture
def opened(tmp_path):
    @contextmanager
    def open_pool(limits: Limits = PATIENT, **numbers: int):
        with Pool(limits, tmp_path, **numbers) as pool:
            yield pool

    return open_pool


@pytest.mark.parametrize("order", ["!dear!", "!slow!"])
def test_what_takes_long_keeps_nobody_elses_place(opened, order):
    with opened(IMPATIENT if order == "!slow!" else PATIENT) as pool:
        first = Reader(pool, order)
        assert is_read(pool)
        second = Reader(pool, order)
        until(lambda: pool.waiting == 1)
        assert is_read(pool)

        pool.tell(first, second)

        for reader in (first, second):
            assert reader.outcome.problems == ()
            assert len(reader.outcome.segments) == len(set(reader.outcome.segments))
        assert texts(first.outcome)[:1] == texts(second.outcome)[:1] != []


def test_a_long_document_does_not_wait_for_photographs(opened):
    with opened(IMPATIENT) as pool:
        photographs, document = Reader(pool, "!dear!"), Reader(pool, "!slow!")
        until(lambda: len(pool.behind()) == 2)
        assert pool.waiting == 0
        assert is_read(pool)

        pool.tell(photographs, document)

        assert texts(document.outcome) == ["after all"]


def test_a_large_message_is_never_among_ordinary_mail_and_may_wait_for_its_like(opened):
    """Taking it apart alone would keep others waiting.  It did nothing wrong, so no room is ever too full for it."""
    limits = replace(PATIENT, ordinary_bytes=1_000)
    with opened(limits, waiting=0) as pool:
        first, second = Reader(pool, "!slow!" + "x" * 1_000), Reader(pool, "!slow!" + "x" * 1_000)
        until(lambda: pool.behind() and pool.waiting == 1)
        assert is_read(pool)

        pool.tell(first, second)

        assert texts(first.outcome) == texts(second.outcome) == ["after all"]


def test_a_fresh_worker_after_a_crash_goes_on_in_the_lane_of_its_message(opened):
    """Else whoever crashes often enough would be ordinary again and again."""
    with opened() as pool:
        first = Reader(pool, "!dear!", "!slow!")
        until(pool.behind)
        (died,) = pool.behind()
        os.kill(died, signal.SIGKILL)

        until(lambda: pool.behind() - {died})
        assert is_read(pool)
        pool.tell(first)

        assert [problem.detail for problem in first.outcome.problems] == ["the reader died"]
        assert texts(first.outcome) == ["after all"]


def test_who_waits_costs_no_process(opened):
    with opened() as pool:
        readers = [Reader(pool, "!dear!")]
        until(pool.behind)
        readers += [Reader(pool, "!dear!") for _ in range(5)]
        until(lambda: pool.waiting == 5)

        # The zygote, the one that reads, and the three that are kept ready.
        until(lambda: len(processes(pool.marker)) == 5)
        assert pool.waiting == 5
        pool.tell(*readers)

        assert {tuple(texts(reader.outcome)) for reader in readers} == {("after the pictures",)}


def test_who_waits_for_a_place_until_its_time_is_over_is_told_so(opened):
    with opened(HASTY) as pool:
        first = Reader(pool, "!dear!", demand=EVERYTHING)
        until(pool.behind)

        with pytest.raises(ReaderError, match="free in time"):
            pool.read(mail("!dear!"))

        assert is_read(pool)
        pool.tell(first)


def test_what_runs_out_of_time_because_it_had_to_wait_is_not_passed_as_unread(opened):
    """Others took most of its time: that its pictures were not read in the rest is no fact about them."""
    with opened(HASTY) as pool:
        first = Reader(pool, "!dear!", demand=EVERYTHING)
        until(pool.behind)
        second = Reader(pool, "!dear-hang!")
        until(lambda: pool.waiting == 1 or not second.is_alive())
        time.sleep(0.1 * HASTY.deadline_s)
        pool.tell(first)

        second.join(MOST_S)

        assert isinstance(second.outcome, ReaderError)


def test_one_more_than_may_wait_is_told_at_once(opened):
    with opened(waiting=1) as pool:
        first = Reader(pool, "!dear!")
        assert is_read(pool)
        second = Reader(pool, "!dear!")
        until(lambda: pool.waiting == 1)

        with pytest.raises(ReaderError, match="too many"):
            pool.read(mail("!dear!"))

        assert is_read(pool)
        pool.tell(first, second)


def test_the_tick_goes_on_while_a_message_waits(opened):
    ticks: list[int] = []
    with opened() as pool:
        first = Reader(pool, "!dear!")
        assert is_read(pool)
        second = Reader(pool, "!dear!", tick=lambda: ticks.append(threading.get_ident()))
        until(lambda: len(ticks) >= 2)
        assert pool.waiting == 1

        pool.tell(first, second)

        assert set(ticks) == {second.ident}


def test_a_place_for_dear_work_comes_back_from_a_worker_that_died(opened):
    with opened() as pool:
        first = Reader(pool, "!dear!")
        until(pool.behind)
        second = Reader(pool, "!dear!")
        until(lambda: pool.waiting == 1)
        for pid in pool.behind():
            os.kill(pid, signal.SIGKILL)
        first.join(MOST_S)

        assert [problem.detail for problem in first.outcome.problems] == ["the reader died"]
        pool.tell(second)
        assert texts(second.outcome) == ["after the pictures"]


def test_a_zygote_that_dies_while_a_message_waits_costs_nothing_but_its_workers(opened):
    with opened() as pool:
        first = Reader(pool, "!dear!")
        until(pool.behind)
        second = Reader(pool, "!dear!")
        until(lambda: pool.waiting == 1)
        os.kill(min(processes(pool.marker)), signal.SIGKILL)

        pool.tell(first, second)

        assert texts(second.outcome) == ["after the pictures"]
        assert is_read(pool)


def test_close_while_messages_wait_leaves_no_process_and_nobody_waiting(opened):
    with opened() as pool:
        readers = [Reader(pool, "!dear!")]
        assert is_read(pool)
        readers += [Reader(pool, "!dear!") for _ in range(3)]
        until(lambda: pool.waiting == 3)

        pool.close()
        for reader in readers:
            reader.join(MOST_S)

        assert processes(pool.marker) == set()
        assert all(isinstance(reader.outcome, ReaderError) for reader in readers)


def test_a_worker_that_did_dear_work_serves_no_second_message_though_it_read_plain_text(opened):
    with opened() as pool:
        before = worker_of(pool.read(mail("a")))
        assert before == worker_of(pool.read(mail("b")))
        dear = Reader(pool, "!dear!")
        until(pool.behind)

        pool.tell(dear)

        assert worker_of(dear.outcome) == before
        assert worker_of(pool.read(mail("c"))) != before


def test_only_who_takes_long_yields_the_processor(opened):
    with opened() as pool:
        assert is_read(pool)
        assert pool.behind() == set()
        dear = Reader(pool, "!dear!")

        until(lambda: len(pool.behind()) == 1)
        assert is_read(pool)
        assert len(pool.behind()) == 1

        pool.tell(dear)


def test_who_opens_what_is_not_plain_yields_to_plain_mail_at_once(opened):
    with opened() as pool:
        reader = Reader(pool, "!tainted!")

        until(lambda: len(pool.behind()) == 1)
        assert is_read(pool)

        pool.tell(reader)


def test_small_pictures_are_read_among_ordinary_mail():
    from safehold.model import Demand
    from safehold.reading.notes import Session

    sent: list[object] = []
    session = Session(sent.append, lambda: None, Limits(ocr_ordinary_pixels=100), Demand(ocr=True), lambda *_: None)

    session.will_recognise(60)
    session.will_recognise(40)
    assert sent == []
    session.will_recognise(1)
    session.will_recognise(10**9)

    assert sent == [["dear"]]
