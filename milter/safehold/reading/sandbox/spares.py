# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm workers: the zygote's other end, and the thread that keeps spares ready.

One keeper thread owns the zygote: it starts it (a process dies with the *thread* that started it, PR_SET_PDEATHSIG
in prctl(2), so the thread must live as long as the pool), talks to it alone, replaces it when it dies, forks ahead of
need, and has reaped what others killed, once it is gone: a gigabyte takes a while to go.  Every other thread only takes
a ready worker from the shelf.

A worker is killed by its handle (pidfd_open(2)), so that a process that has its number by now never is.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path

import safehold
from safehold.errors import ReaderError
from safehold.reading.limits import Limits

ENTRY = ("-m", "safehold.reading.sandbox.zygote")
_START_S = 60.0
_CONTROL_S = 15.0
_AFTER_FAILURE_S = 1.0
# Behind what reads ordinary mail, yet with a tenth of a processor that other programs keep busy: at 19 it would starve.
_BEHIND = 10


@dataclass(slots=True, eq=False)
class Worker:
    """A worker process and the line to it.

    Attributes:
        pid: Its process id, and that of its group.
        handle: A descriptor of the process; the keeper closes it.
        line: Where jobs go and frames come; it never blocks.
        generation: Which zygote forked it.
        aside: It does what takes long: another stands in for it, and it does not serve again.
        behind: It lets others go first.
    """

    pid: int
    handle: int
    line: socket.socket = field(repr=False)
    generation: int
    aside: bool = False
    behind: bool = False

    def kill(self) -> None:
        """Kill it at once, and whatever it may have forked where nothing kept it from that."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            os.killpg(self.pid, signal.SIGKILL)

    def step_back(self) -> None:
        """Let every worker that reads ordinary mail go first.  The worker itself is not allowed to ask for it."""
        if not self.behind:
            self.behind = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self.handle, 0)
                os.setpriority(os.PRIO_PGRP, self.pid, os.getpriority(os.PRIO_PROCESS, 0) + _BEHIND)


class _Zygote:
    """The zygote process.  Used by the keeper thread alone."""

    def __init__(self, limits: Limits, entry: tuple[str, ...], generation: int) -> None:
        self.generation = generation
        self.handle = -1
        self.walls: dict[str, bool] = {}
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The zygote must find what we found, and nothing else of our environment.
        root = str(Path(safehold.__file__).parent.parent)
        path = os.pathsep.join(dict.fromkeys([root, *(entry for entry in sys.path if entry)]))
        arguments = (str(theirs.fileno()), str(os.getpid()), json.dumps(asdict(limits)))
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-s", *entry, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                close_fds=True,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                cwd="/",
                env={"PYTHONPATH": path, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
            )
        except OSError:
            self.control.close()
            raise
        finally:
            theirs.close()
        self.control.settimeout(_START_S)
        try:
            answer = json.loads(self.control.recv(4096) or b"{}")
        except (OSError, ValueError):
            answer = {}
        if "ready" not in answer:
            self.stop()
            raise ReaderError(f"the reader process could not start: {self._last_words() or 'no answer'}")
        # It has let go of its end: nothing that opens content may ever write to a log.
        self._last_words()
        self.walls = answer["ready"]
        self.handle = os.pidfd_open(self.process.pid)
        self.control.settimeout(_CONTROL_S)

    def _last_words(self) -> str:
        """Return the last line that the process wrote before it was ready or ended; it had no content then."""
        if self.process.stderr is None:
            return ""
        with self.process.stderr as stderr:
            lines = stderr.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else ""

    def fork(self) -> Worker | None:
        """Return a fresh worker, or None where the machine has no room for one now."""
        self.control.send(b'{"do": "fork"}')
        answer, descriptors, _, _ = socket.recv_fds(self.control, 1024, 1, socket.MSG_CMSG_CLOEXEC)
        if not answer:
            raise ConnectionResetError
        pid = json.loads(answer)["pid"]
        if not pid:
            return None
        if not descriptors:  # we may open no more: its line is closed by now, so it goes by itself
            self.reap(pid)
            return None
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptors[0])
        line.setblocking(False)
        try:
            return Worker(pid, os.pidfd_open(pid), line, self.generation)
        except OSError:
            line.close()
            self.reap(pid)
            return None

    def reap(self, pid: int) -> None:
        """Let go of a worker's process id, once it has ended."""
        self.control.send(json.dumps({"do": "reap", "pid": pid}).encode())
        if not self.control.recv(1024):
            raise ConnectionResetError

    def stop(self) -> None:
        """End the process; its workers end with it."""
        self.control.close()
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _has_ended(handle: int) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))


class Spares:
    """A shelf of warm workers."""

    def __init__(self, wanted: int, limits: Limits, entry: tuple[str, ...] = ENTRY) -> None:
        """Prepare a shelf.

        Args:
            wanted: How many there shall be, those at work included and those set aside left out.
            limits: How much one message may cost.
            entry: What Python runs as the zygote.
        """
        self.walls: dict[str, bool] = {}
        self._wanted = wanted
        self._limits = limits
        self._entry = entry
        self._changed = threading.Condition()
        self._shelf: deque[Worker] = deque()
        self._out: set[Worker] = set()
        self._retired: deque[Worker] = deque()
        self._dying: dict[int, Worker] = {}  # by handle; the keeper's alone
        self._generation, self._zygote_handle = 0, -1  # of the zygote that lives
        self._kept = True  # whether the keeper will still look at what is retired
        self._failure = "the reader pool was not started"
        self._stopping = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._keep, name="reader-keeper", daemon=True)

    def start(self) -> None:
        """Start the zygote and wait for the first worker.

        Raises:
            ReaderError: No worker could be had.
        """
        self._failure = ""
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._shelf or self._failure, _START_S + 5)
            failure = self._failure if not self._shelf else ""
            ready = bool(self._shelf)
        if not ready:
            self.close()
            raise ReaderError(failure or "the reader process did not start in time")

    def close(self) -> None:
        """Kill every worker and the zygote, and wait until they are gone."""
        with self._changed:
            if self._stopping:
                return
            self._stopping = True
            self._changed.notify_all()
        self._ring()
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._wake)

    def take(self, timeout_s: float) -> Worker | None:
        """Return a warm worker, or None where none was ready in time.

        Raises:
            ReaderError: None can be had at all.
        """
        with self._changed:
            # A machine that has no room for one more process may still have the workers that are out.
            self._changed.wait_for(
                lambda: self._shelf or self._stopping or (self._failure and not self._out), timeout_s
            )
            if self._stopping:
                raise ReaderError("the reader pool is closed")
            if self._shelf:
                worker = self._shelf.pop()
                self._out.add(worker)
                return worker
            if self._failure and not self._out:
                raise ReaderError(self._failure)
            return None

    def wait_until_made_up(self, timeout_s: float) -> None:
        """Wait until nobody is missing, but not for ever."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_short() or self._stopping or self._failure, timeout_s)

    def set_aside(self, worker: Worker) -> None:
        """Say that a worker will be out for long: it goes on behind the others, and one is forked in its place."""
        if worker.aside:
            return
        worker.step_back()
        with self._changed:
            worker.aside = True
        self._ring()

    def lost_its_zygote(self, worker: Worker) -> bool:
        """Return whether a worker that died did so because its zygote did, which is nobody's doing but ours."""
        with self._changed:
            return worker.generation != self._generation or _has_ended(self._zygote_handle)

    def give_back(self, worker: Worker) -> None:
        """Put a worker back that may serve again."""
        with self._changed:
            if worker.generation == self._generation:  # else its zygote is gone, and it is as good as dead
                self._out.discard(worker)
                self._shelf.append(worker)
                self._changed.notify()
                return
        self.retire(worker)

    def retire(self, worker: Worker) -> None:
        """Kill a worker; the keeper reaps it and forks another."""
        worker.kill()
        worker.line.close()
        with self._changed:
            self._out.discard(worker)
            self._changed.notify_all()
            if self._kept:
                self._retired.append(worker)
            else:
                os.close(worker.handle)
            if self._stopping:
                return
        self._ring()

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_write(self._wake, 1)

    # -- the keeper thread ----------------------------------------------------------------------------------------

    def _keep(self) -> None:
        try:
            self._keep_workers()
        finally:
            with self._changed:
                self._kept = False
                for worker in self._retired:
                    os.close(worker.handle)
                self._retired.clear()
            # However it ended: whoever waits for a worker must hear that none will come.
            self._fail("the reader pool is closed" if self._stopping else "the keeper of readers failed")

    def _keep_workers(self) -> None:
        # Signals are the business of the main thread, and the zygote must not inherit a surprise.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        generation = 0
        while not self._stopping:
            generation += 1
            try:
                zygote = _Zygote(self._limits, self._entry, generation)
            except (OSError, ReaderError) as failure:
                self._fail(str(failure) if isinstance(failure, ReaderError) else "the reader process could not start")
                self._wait(None, _AFTER_FAILURE_S)
                continue
            self.walls = zygote.walls
            with self._changed:
                self._generation, self._zygote_handle = generation, zygote.handle
            try:
                self._tend(zygote)
            except (OSError, ValueError):
                pass  # the zygote died or broke its line; the next one takes over
            finally:
                self._clear(zygote)

    def _tend(self, zygote: _Zygote) -> None:
        while not self._stopping:
            self._bury(zygote)
            if self._missing():
                worker = zygote.fork()
                if worker is None:
                    self._fail("the machine has no room for a reader process")
                    self._wait(zygote, _AFTER_FAILURE_S)
                    continue
                with self._changed:
                    self._failure = ""
                    self._shelf.appendleft(worker)
                    self._changed.notify_all()
                continue
            self._wait(zygote, None)

    def _missing(self) -> bool:
        with self._changed:
            return self._is_short()

    def _is_short(self) -> bool:
        return len(self._shelf) + sum(not worker.aside for worker in self._out) < self._wanted

    def _bury(self, zygote: _Zygote) -> None:
        """Have those reaped that are gone by now."""
        with self._changed:
            self._dying.update((worker.handle, worker) for worker in self._retired)
            self._retired.clear()
        poll = select.poll()
        for handle in self._dying:
            poll.register(handle, select.POLLIN)
        for handle, _ in poll.poll(0):
            worker = self._dying.pop(handle)
            os.close(handle)
            if worker.generation == zygote.generation:
                zygote.reap(worker.pid)

    def _wait(self, zygote: _Zygote | None, timeout_s: float | None) -> None:
        """Wait until somebody rings, a worker has ended, or the zygote hangs up."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for handle in self._dying:
            poll.register(handle, select.POLLIN)
        if zygote is not None:
            poll.register(zygote.control, select.POLLIN)
        ready = {number for number, _ in poll.poll(None if timeout_s is None else timeout_s * 1000)}
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake)
        if zygote is not None and zygote.control.fileno() in ready:
            raise ConnectionResetError

    def _fail(self, why: str) -> None:
        with self._changed:
            self._failure = why
            self._changed.notify_all()

    def _clear(self, zygote: _Zygote) -> None:
        """Kill what this zygote forked and end it.  The lines of workers that are out belong to who took them."""
        with self._changed:
            self._generation = 0
            ready = list(self._shelf)
            self._shelf.clear()
            for worker in (*ready, *(worker for worker in self._out if worker.generation == zygote.generation)):
                worker.kill()
        for worker in ready:
            worker.line.close()
            os.close(worker.handle)
        zygote.stop()
        for handle in self._dying:  # with nobody left to reap them
            os.close(handle)
        self._dying.clear()
