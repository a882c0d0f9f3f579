# SPDX-License-Identifier: GPL-3.0-or-later
"""What both front ends need as processes: the judge they ask, signals, readiness, draining, and silent faults.

Signals have process-wide state, so :func:`block_signals` must be called in the main thread before any other thread
exists.  Facts about signals and libmilter were found by trying (see ``milterd``); sd_notify(3) gives the readiness
protocol.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from safehold.model import Message, Reply

log = logging.getLogger(__name__)

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
RELOAD_SIGNAL = signal.SIGUSR1


class Judge(Protocol):
    """What decides on a message: the gate, or the guard on the release listener.  Called from any thread."""

    def judge(self, message: Message, progress: Callable[[], None] | None = None) -> Reply:
        """Return the one reply; *progress* may be called now and then, from the same thread, while it takes long."""
        ...


def block_signals() -> None:
    """Block stop and reload signals for this and all later threads, and let SIGHUP do nothing at all.

    Call it first thing in the main thread: a thread that has SIGTERM unblocked takes it, and dies of it.  SIGHUP
    must stay *unblocked and ignored* here: Linux drops an ignored signal at once only if the main thread does not
    block it, and would otherwise give it to libmilter's own signal thread, which stops the filter.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS | {RELOAD_SIGNAL})
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


def start_reload_thread(reload: Callable[[], None]) -> None:
    """Call *reload* in a thread of its own for every SIGUSR1; what it raises is logged, and the old state stays."""

    def wait_and_reload() -> None:
        while True:
            signal.sigwait({RELOAD_SIGNAL})
            try:
                reload()
            except Exception as error:  # noqa: BLE001 - a bad policy file must not end the service
                log_fault("reload", error)

    threading.Thread(target=wait_and_reload, name="reload", daemon=True).start()


def notify_ready() -> None:
    """Tell systemd that mail can be taken, where it asked to be told."""
    notify("READY=1")


def notify(state: str) -> None:
    """Send one line of state to the service manager; do nothing without one."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto(state.encode(), address)
        except OSError as error:
            log_fault("notify", error)


def log_fault(stage: str, error: BaseException) -> None:
    """Log what failed and where in our code, and no value: messages of exceptions may quote mail."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "-" if trace is None else f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
    log.error("fault stage=%s error=%s at=%s", stage, type(error).__name__, place)


class InFlight:
    """Counts the messages between their last byte and our reply, so that a stop can wait for them."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one message while the block runs."""
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    @property
    def count(self) -> int:
        """Return how many there are now."""
        return self._count

    def drain(self, limit_s: float) -> bool:
        """Wait until there are none, or *limit_s* seconds; return whether there are none."""
        until = time.monotonic() + limit_s
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, timeout=max(0.0, until - time.monotonic()))
