# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool with real processes: what content does to a worker never reaches the caller as an exception."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from safehold.errors import ReaderError
from safehold.model import EVERYTHING, PartPath, PlaceKind, Reason
from safehold.reading import lanes
from safehold.reading import pool as pool_module
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool
from safehold.reading.sandbox import landlock

HOSTILE = Path(__file__).with_name("hostile_zygote.py")
QUICK = Limits(part_s=0.7, deadline_s=8.0, memory_bytes=512 * 1024 * 1024)


def mail(*parts: str) -> bytes:
    """A message whose attachments are the given texts."""
    lines = ["Subject: test", "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', ""]
    for index, part in enumerate(parts):
        lines += [
            "--b",
            "Content-Type: text/plain",
            f'Content-Disposition: attachment; filename="{index}.txt"',
            "",
            part,
        ]
    return "\r\n".join([*lines, "--b--", ""]).encode()


def texts(reading, kind=PlaceKind.TEXT):
    return [segment.text.strip() for segment in reading.segments if segment.place.kind is kind]


def worker_of(reading):
    return {text for text in texts(reading, PlaceKind.METADATA) if text.startswith("worker")}


def problems(reading):
    return [(str(problem.part), problem.reason.value, problem.detail) for problem in reading.problems]


def processes(marker: str) -> set[int]:
    """Process ids, zombies left out, whose command line has *marker*; forks keep the zygote's."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in line:
                found.add(int(folder.name))
    return found - {os.getpid()}


def wait_until_gone(marker: str, seconds: float = 10.0) -> set[int]:
    end = time.monotonic() + seconds
    while (left := processes(marker)) and time.monotonic() < end:
        time.sleep(0.02)
    return left


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(2, QUICK, entry=(str(HOSTILE),)) as pool:
        yield pool


@pytest.fixture
def own_entry(tmp_path):
    """An entry whose path is this test's alone, so that its processes can be told from all others."""
    return str(shutil.copy(HOSTILE, tmp_path / "zygote_of_one_test.py"))


def test_a_plain_message_is_read(pool):
    reading = pool.read(b"Subject: hello\r\nFrom: A Name <a@example.org>\r\n\r\nbody text\r\n")

    assert texts(reading, PlaceKind.SUBJECT) == ["hello"]
    assert texts(reading, PlaceKind.BODY) == ["body text"]
    assert reading.problems == ()
    assert [str(part.path) for part in reading.parts] == [".", "1"]


def test_a_bare_document_hangs_under_its_name(pool):
    reading = pool.read(b"just text", document_name="letter.txt", demand=EVERYTHING)

    assert [str(part.path) for part in reading.parts] == ["letter.txt"]
    assert texts(reading) == ["just text"]


@pytest.mark.parametrize(
    ("order", "reason", "detail"),
    [
        ("!abort!", "crashed", "the reader died"),
        ("!hang!", "timed_out", "took longer than one part may"),
        ("!spin!", "timed_out", "took longer than one part may"),
        ("!memory!", "crashed", "the reader ran out of memory"),
        ("!exception!", "corrupt", "the reader failed"),
        ("!garbage!", "crashed", "the reader broke the rules of its line"),
        ("!long-frame!", "crashed", "the reader broke the rules of its line"),
        ("!leak!", "crashed", "the reader broke the rules of its line"),
        ("!unknown-part!", "crashed", "the reader broke the rules of its line"),
        ("!dear-twice!", "crashed", "the reader broke the rules of its line"),
        ("!dear-abort!", "crashed", "the reader died"),
    ],
)
def test_what_one_part_does_is_a_problem_of_that_part_and_the_others_are_read(pool, order, reason, detail):
    reading = pool.read(mail("first", order, "last"))

    assert problems(reading) == [("2/1.txt", reason, detail)]
    assert [text for text in texts(reading) if not text.startswith("before")] == ["first", "last"]


def test_what_was_read_before_a_crash_is_kept_and_said_once(pool):
    reading = pool.read(mail("first", "!abort!", "last"))

    assert texts(reading) == ["first", "before the crash", "last"]
    assert texts(reading, PlaceKind.FILENAME) == ["0.txt", "1.txt", "2.txt"]
    assert texts(reading, PlaceKind.SUBJECT) == ["test"]


def test_after_three_restarts_the_rest_is_said_to_be_unread(pool):
    reading = pool.read(mail(*["!abort!"] * 4, "never read"))

    assert [problem for problem in problems(reading) if problem[0] != "."] == [
        (f"{number}/{number - 1}.txt", "crashed", "the reader died") for number in (1, 2, 3, 4)
    ]
    assert problems(reading)[-1] == (".", "crashed", "the rest was not read")
    assert "never read" not in texts(reading)


def test_three_crashes_still_leave_a_whole_reading(pool):
    reading = pool.read(mail(*["!abort!"] * 3, "last"))

    assert texts(reading)[-1] == "last"
    assert all(problem[0] != "." for problem in problems(reading))


class _Standing:
    """A clock that stands still but for what a test says."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def standing(monkeypatch):
    clock = _Standing()
    monkeypatch.setattr(lanes, "time", clock)
    return clock


@pytest.mark.parametrize(("kept_s", "is_its_own_fault"), [(1.0, False), (0.5, True)])
def test_waiting_for_a_worker_is_being_kept_by_others(pool, monkeypatch, standing, kept_s, is_its_own_fault):
    take, receive = pool._spares.take, pool_module._receive

    def take_late(_: float):
        standing.now += kept_s
        return take(10.0)

    def receive_at_the_end(line):
        standing.now = QUICK.deadline_s
        return receive(line)

    monkeypatch.setattr(pool._spares, "take", take_late)
    monkeypatch.setattr(pool_module, "_receive", receive_at_the_end)

    if is_its_own_fault:
        assert problems(pool.read(mail("!hang!")))[-1] == (".", "timed_out", "took longer than one message may")
    else:
        with pytest.raises(ReaderError, match="no reader was free in time"):
            pool.read(mail("!hang!"))


def test_that_no_second_worker_came_in_time_is_no_problem_of_what_crashed_the_first(pool, monkeypatch, standing):
    take, taken = pool._spares.take, []

    def take_once(timeout_s: float):
        if not taken:
            taken.append(take(10.0))
            return taken[0]
        standing.now += timeout_s
        return None

    monkeypatch.setattr(pool._spares, "take", take_once)

    with pytest.raises(ReaderError, match="no reader was free in time"):
        pool.read(mail("first", "!abort!", "last"))


def test_a_part_that_never_described_itself_is_still_a_part(pool):
    reading = pool.read(mail("!abort!"))

    part = reading.part(PartPath(("1", "0.txt")))
    assert part is not None
    assert part.is_attachment
    assert part.attachment == 1


def test_plain_mail_shares_a_worker_and_anything_else_ends_it(pool):
    first, second = worker_of(pool.read(mail("a"))), worker_of(pool.read(mail("b")))
    assert first == second

    pool.read(mail("a") + b"\r\n", document_name="x.bin")
    image = b"\x89PNG\r\n\x1a\n" + bytes(100)
    pool.read(image, document_name="a.png")

    assert worker_of(pool.read(mail("c"))) != second


def test_a_worker_goes_after_a_hundred_messages_and_nobody_notices(own_entry):
    with ReaderPool(1, QUICK, entry=(own_entry,)) as pool:
        readings = [pool.read(mail(f"text {number}")) for number in range(220)]

    assert [texts(reading) for reading in readings] == [[f"text {number}"] for number in range(220)]
    assert all(reading.problems == () for reading in readings)
    assert len(set().union(*(worker_of(reading) for reading in readings))) >= 3


def test_many_threads_get_their_own_readings(pool):
    def one(number: int) -> bool:
        return f"text {number}" in texts(pool.read(mail(f"text {number}")))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(one, range(60)))


def test_the_deadline_of_the_message_ends_a_long_row_of_hangs():
    with ReaderPool(1, Limits(part_s=0.6, deadline_s=1.0), entry=(str(HOSTILE),)) as pool:
        reading = pool.read(mail("first", "!hang!", "!hang!", "!hang!"))

    assert problems(reading)[-1] == (".", "timed_out", "took longer than one message may")
    assert "first" in texts(reading)


def test_that_no_reader_was_free_in_time_is_no_fault_of_the_content(own_entry):
    """Whoever sends what takes long keeps the readers; another's mail then waits, it is not passed as unreadable."""
    limits = Limits(part_s=2.5, deadline_s=0.8, deadline_dear_s=4.0, ordinary_s=4.0, most_ordinary_s=4.0)
    with ReaderPool(1, limits, entry=(own_entry,)) as pool:
        busy = [threading.Thread(target=lambda: pool.read(mail("!hang!"), demand=EVERYTHING)) for _ in range(2)]
        for thread in busy:
            thread.start()
        time.sleep(0.2)
        with pytest.raises(ReaderError, match="free in time"):
            pool.read(mail("waits"))
        for thread in busy:
            thread.join()

        assert texts(pool.read(mail("comes again"))) == ["comes again"]


def test_tick_is_called_while_a_worker_is_slow_and_while_waiting_for_one(own_entry):
    ticks: list[int] = []
    with ReaderPool(1, Limits(part_s=2.5, deadline_s=9.0), entry=(own_entry,)) as pool:
        pool.read(mail("!hang!"), tick=lambda: ticks.append(threading.get_ident()))

    assert len(ticks) >= 2
    assert set(ticks) == {threading.get_ident()}


def test_an_exception_of_tick_reaches_the_caller_and_costs_only_that_worker(pool):
    def hang_up() -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        pool.read(mail("!hang!", "!hang!", "!hang!"), tick=hang_up)

    assert texts(pool.read(mail("next"))) == ["next"]


def test_a_message_over_the_limit_is_not_opened(pool):
    with ReaderPool(1, Limits(message_bytes=1000), entry=(str(HOSTILE),)) as small:
        reading = small.read(mail("x" * 2000))

    assert [(problem.part, problem.reason) for problem in reading.problems] == [(PartPath(), Reason.TOO_LARGE)]


def status_of(pid):
    """Return what the kernel says of a process, asked from outside: it may not ask about itself."""
    rows = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return {row.partition(":")[0]: row.partition(":")[2].strip() for row in rows}


def test_a_worker_stands_between_walls(pool):
    seen = json.loads(texts(pool.read(mail("!walls!")))[0])
    status = status_of(seen["pid"])

    assert set(seen["environment"]) <= {"PYTHONPATH", "LC_ALL", "PYTHONUTF8", "LC_CTYPE"}
    assert seen["files"] == 4  # the standard three and the line
    assert (seen["core"], seen["file_size"], seen["memory"]) == (0, 0, QUICK.memory_bytes)
    assert seen["write"].startswith("refused")
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == 0
    assert int(status["SigBlk"], 16) == 0
    if os.geteuid() == 0:
        assert seen["uid"] == 65534
    if pool.walls["network"] or pool.walls["seccomp"]:
        assert seen["connect"].startswith("refused")
    if pool.walls["landlock"] or pool.walls["seccomp"]:
        assert seen["open"].startswith("refused")
        assert seen["status"].startswith("refused")
    if pool.walls["seccomp"]:
        assert (status["Seccomp"], status["Seccomp_filters"]) == ("2", "2")


def test_a_worker_cannot_make_processes(pool):
    refused = texts(pool.read(mail("!fork!")))

    assert refused in (["refused: 1"], ["refused: 11"])  # by the filter, or by the limit


def test_it_says_which_walls_stand(pool):
    assert {"network", "user", "privileges", "memory", "landlock", "seccomp"} <= set(pool.walls)
    assert pool.walls["memory"]
    assert pool.walls["landlock"] == (landlock.version() > 0)


def test_blocked_signals_of_the_caller_do_not_reach_the_workers(own_entry):
    """libmilter wants signals blocked in every thread; a child that inherits that cannot be stopped politely."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
    try:
        with ReaderPool(1, QUICK, entry=(own_entry,)) as pool:
            seen = json.loads(texts(pool.read(mail("!walls!")))[0])
            status = status_of(seen["pid"])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)

    assert int(status["SigBlk"], 16) == 0


def test_close_leaves_no_process_behind(own_entry):
    pool = ReaderPool(2, QUICK, entry=(own_entry,))
    pool.start()
    pool.read(mail("a"))
    assert len(processes(own_entry)) >= 2

    pool.close()

    assert processes(own_entry) == set()
    pool.close()  # twice does no harm
    with pytest.raises(ReaderError):
        pool.read(mail("a"))


def test_close_ends_workers_that_are_reading(own_entry):
    pool = ReaderPool(1, Limits(part_s=20), entry=(own_entry,))
    pool.start()
    outcome: list[object] = []

    def read() -> None:
        try:
            outcome.append(pool.read(mail("!spin!")))
        except ReaderError as refusal:
            outcome.append(refusal)

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(0.3)

    pool.close()
    reader.join(5)

    assert not reader.is_alive()
    assert len(outcome) == 1
    assert processes(own_entry) == set()


def test_a_dead_zygote_is_replaced(own_entry):
    with ReaderPool(1, QUICK, entry=(own_entry,)) as pool:
        pool.read(mail("a"))
        zygote = min(processes(own_entry))
        os.kill(zygote, signal.SIGKILL)
        time.sleep(0.1)

        readings = [pool.read(mail("after")) for _ in range(3)]

        assert all(texts(reading) == ["after"] for reading in readings)
        assert zygote not in processes(own_entry)


def test_workers_die_with_a_parent_that_was_killed(own_entry, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys, threading, time
        sys.path.insert(0, {str(HOSTILE.parents[3] / "milter")!r})
        from safehold.reading.limits import Limits
        from safehold.reading.pool import ReaderPool
        pool = ReaderPool(2, Limits(part_s=60, deadline_s=60), entry=({own_entry!r},))
        pool.start()
        threading.Thread(target=lambda: pool.read(b"Subject: x\\r\\n\\r\\n!spin!"), daemon=True).start()
        time.sleep(0.3)
        print("ready", flush=True)
        time.sleep(60)
        """)
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        assert len(processes(own_entry)) >= 2
        parent.kill()
        parent.wait()

        assert wait_until_gone(own_entry) == set()


def test_an_entry_that_cannot_start_is_our_failure(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("import a_module_that_is_not_there")

    with pytest.raises(ReaderError, match=r"could not start.*a_module_that_is_not_there"):
        ReaderPool(1, entry=(str(broken),)).start()


def test_a_pool_that_was_not_started_says_so():
    pool = ReaderPool(1)

    with pytest.raises(ReaderError, match="not started"):
        pool.read(b"Subject: x\r\n\r\ny")
    pool.close()


def test_nothing_is_left_open_after_many_messages(pool):
    def files() -> int:
        end = time.monotonic() + 10.0
        while pool._spares._missing() and time.monotonic() < end:  # each spare is a line of its own
            time.sleep(0.01)
        return len(list(Path("/proc/self/fd").iterdir()))

    pool.read(mail("a"))
    before = files()
    for order in ("a", "!exception!") * 15:
        pool.read(mail(order))

    assert files() <= before + 2


def workers_of(marker: str) -> set[int]:
    """Return the zygote's children."""
    zygote = min(processes(marker))
    return {int(pid) for pid in Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()}


def test_workers_that_were_killed_while_they_waited_are_no_fault_of_the_mail_that_meets_them(own_entry):
    """Out of memory, the kernel may take any of them."""
    with ReaderPool(2, QUICK, entry=(own_entry,)) as pool:
        pool._spares.wait_until_made_up(10.0)
        for pid in workers_of(own_entry):
            os.kill(pid, signal.SIGKILL)

        reading = pool.read(mail("first"))

        assert problems(reading) == []
        assert texts(reading) == ["first"]


def test_a_zygote_that_was_killed_with_all_its_workers_is_no_fault_of_the_next_mail(own_entry):
    with ReaderPool(2, Limits(), entry=(own_entry,)) as pool:
        pool._spares.wait_until_made_up(10.0)
        os.kill(min(processes(own_entry)), signal.SIGKILL)

        reading = pool.read(mail("first"))

        assert problems(reading) == []
        assert texts(reading) == ["first"]


def test_who_told_that_it_may_be_taken_over_serves_nobody_else_whatever_it_says_then(pool):
    """Libmagic looks at a part before anybody knows its type: what it might do to the worker comes after the word."""
    lied = worker_of(pool.read(mail("!lie!")))

    assert lied
    assert all(worker_of(pool.read(mail("next"))).isdisjoint(lied) for _ in range(8))


def test_who_used_up_a_worker_waits_until_there_is_another(pool, monkeypatch):
    """Else a stream of attachments has plain mail wait for workers to be made."""
    monkeypatch.setattr(pool_module, "_MADE_UP_S", 60.0)

    for _ in range(5):
        pool.read(b"\x89PNG\r\n\x1a\n" + bytes(100), document_name="a.png")
        assert not pool._spares._missing()


def test_that_no_memory_file_can_be_had_is_our_failure(pool, monkeypatch):
    def refuse(_: bytes) -> int:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(pool_module.kernel, "sealed_file", refuse)

    with pytest.raises(ReaderError, match="no room"):
        pool.read(mail("a"))


def test_out_of_memory_the_kernel_takes_a_worker_first(pool):
    seen = json.loads(texts(pool.read(mail("!walls!")))[0])

    assert Path(f"/proc/{seen['pid']}/oom_score_adj").read_text().strip() == "1000"


@pytest.mark.parametrize("numbers", [{"workers": 0}, {"dear": 0}])
def test_a_pool_needs_a_worker(numbers):
    with pytest.raises(ValueError, match="at least one"):
        ReaderPool(**numbers)
