# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm workers: the zygote's other end, and the thread that keeps spares ready.

One keeper thread owns the zygote: it starts it (a process dies with the *thread* that started it, PR_SET_PDEATHSIG
in prctl(2), so the thread must live as long as the pool), talks to it alone, replaces it when it dies, reaps what
others killed, and forks ahead of need.  Every other thread only takes a ready worker from the shelf.
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
    """A worker process and the line to it."""

    pid: int
    line: socket.socket = field(repr=False)
    generation: int
    aside: bool = False  # it does what takes long: another stands in for it, and it does not serve again
    orphan: bool = False  # its zygote is gone, so nobody keeps its process id from meaning another process

    def kill(self) -> None:
        """Kill the whole process group at once.  Its process id stays taken until it is reaped."""
        if not self.orphan:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def step_back(self) -> None:
        """Let every worker that reads ordinary mail go first.  The worker itself is not allowed to ask for it."""
        if not self.orphan:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.setpriority(os.PRIO_PGRP, self.pid, _BEHIND)


class _Zygote:
    """The zygote process.  Used by the keeper thread alone."""

    def __init__(self, limits: Limits, entry: tuple[str, ...], generation: int) -> None:
        self.generation = generation
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
        if not pid or not descriptors:
            return None
        return Worker(pid, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptors[0]), self.generation)

    def reap(self, pid: int) -> None:
        """Let go of a killed worker's process id."""
        self.control.send(json.dumps({"do": "reap", "pid": pid}).encode())
        if not self.control.recv(1024):
            raise ConnectionResetError

    def stop(self) -> None:
        """End the process; its workers end with it."""
        self.control.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Spares:
    """A shelf of warm workers."""

    def __init__(self, busy: int, limits: Limits, entry: tuple[str, ...] = ENTRY) -> None:
        self.walls: dict[str, bool] = {}
        self._wanted = 2 * busy  # as many at work as allowed, and as many ready behind them
        self._limits = limits
        self._entry = entry
        self._changed = threading.Condition()
        self._shelf: deque[Worker] = deque()
        self._out: set[Worker] = set()
        self._retired: deque[Worker] = deque()
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

    def set_aside(self, worker: Worker) -> None:
        """Say that a worker will be out for long: it goes on behind the others, and one is forked in its place."""
        if worker.aside:
            return
        worker.step_back()
        with self._changed:
            worker.aside = True
        self._ring()

    def give_back(self, worker: Worker) -> None:
        """Put a worker back that may serve again."""
        with self._changed:
            if not self._stopping:
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
            self._retired.append(worker)
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
            try:
                self._tend(zygote)
            except (OSError, ValueError):
                pass  # the zygote died or broke its line; the next one takes over
            finally:
                self._clear(zygote)

    def _tend(self, zygote: _Zygote) -> None:
        while not self._stopping:
            self._reap(zygote)
            if self._missing():
                worker = zygote.fork()
                if worker is None:
                    self._fail("the machine has no room for a reader process")
                    self._wait(zygote, _AFTER_FAILURE_S)
                    continue
                with self._changed:
                    self._failure = ""
                    self._shelf.appendleft(worker)
                    self._changed.notify()
                continue
            self._wait(zygote, None)

    def _missing(self) -> bool:
        with self._changed:
            return len(self._shelf) + sum(not worker.aside for worker in self._out) < self._wanted

    def _reap(self, zygote: _Zygote) -> None:
        while True:
            with self._changed:
                worker = self._retired.popleft() if self._retired else None
            if worker is None:
                return
            if worker.generation == zygote.generation:
                zygote.reap(worker.pid)

    def _wait(self, zygote: _Zygote | None, timeout_s: float | None) -> None:
        """Wait until somebody rings or the zygote hangs up."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if zygote is not None:
            poll.register(zygote.control, select.POLLIN)
        for number, _ in poll.poll(None if timeout_s is None else timeout_s * 1000):
            if number == self._wake:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._wake)
            else:
                raise ConnectionResetError

    def _fail(self, why: str) -> None:
        with self._changed:
            self._failure = why
            self._changed.notify_all()

    def _clear(self, zygote: _Zygote) -> None:
        """Kill what this zygote forked and end it.  The lines of workers that are out belong to who took them."""
        with self._changed:
            ready = list(self._shelf)
            self._shelf.clear()
            mine = [*ready, *(worker for worker in self._out if worker.generation == zygote.generation)]
            for worker in mine:
                worker.kill()
                worker.orphan = True
        for worker in ready:
            worker.line.close()
        zygote.stop()
