# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the parts of safehold as processes of their own, waits until they answer, and stops what it started."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from safehold.cli.output import say
from safehold.errors import SafeholdError

# A part that needs longer than this is not starting but stuck (measured: under two seconds each on two cores).
START_S = 60.0
STOP_S = 30.0
RESTART_PAUSE_S = 1.0
POLL_S = 0.05


class PartFailedError(SafeholdError):
    """A part did not start, with the place of its log."""


@dataclass(slots=True)
class _Running:
    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes]
    ended_at: float = 0.0


class Parts:
    """The running parts; leaving the context stops them, last started first."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[_Running] = []

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for part in reversed(self._running):
            with contextlib.suppress(ProcessLookupError):
                part.process.send_signal(signal.SIGTERM)
        for part in reversed(self._running):
            try:
                part.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                part.process.kill()
                part.process.wait()

    def start(self, name: str, command: Sequence[str], *, ready: str) -> None:
        """Start a part and wait until *ready* (``host:port`` or ``unix:path``) takes connections.

        Raises:
            PartFailedError: It ended, or did not answer in time; or somebody else answers there already.
        """
        if ready and answers(ready):
            raise PartFailedError(f"{name} cannot start: another program answers at {ready}")
        log = self._logs / f"{name}.log"
        part = _Running(name, command, log, self._spawn(command, log))
        self._running.append(part)
        until = time.monotonic() + START_S
        while not (ready and answers(ready)):
            if part.process.poll() is not None:
                raise PartFailedError(f"{name} did not start:\n{_tail(log)}")
            if not ready:
                return
            if time.monotonic() > until:
                raise PartFailedError(f"{name} does not answer after {START_S:.0f} s; its log is {log}")
            time.sleep(POLL_S)

    def keep(self) -> None:
        """Start again what ended by itself; call it now and then."""
        for part in self._running:
            if part.process.poll() is None:
                continue
            now = time.monotonic()
            if not part.ended_at:
                say(f"{part.name} ended with {part.process.returncode}; starting it again (log: {part.log})")
                part.ended_at = now
            elif now - part.ended_at > RESTART_PAUSE_S:
                part.process, part.ended_at = self._spawn(part.command, part.log), 0.0

    @staticmethod
    def _spawn(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
        with log.open("ab") as out:
            # A session of its own: Ctrl-C at the terminal reaches us alone, and we stop the parts in order.
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=_environment()
            )


def _environment() -> dict[str, str]:
    # Safe path: a folder named like a module of ours, in the working directory, must not be imported.
    return {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}


def python(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs *module*'s ``main`` with the interpreter that runs this."""
    return [sys.executable, "-c", f"import sys; from {module} import main; sys.exit(main(sys.argv[1:]))", *arguments]


def answers(where: str) -> bool:
    """Return whether something takes connections at ``host:port`` or ``unix:path``."""
    family, address = _address(where)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(address)
        except OSError:
            return False
    return True


def _address(where: str) -> tuple[socket.AddressFamily, str | tuple[str, int]]:
    if where.startswith("unix:"):
        return socket.AF_UNIX, where.removeprefix("unix:")
    host, _, port = where.rpartition(":")
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host.strip("[]"), int(port))


def free_ports(first: int, count: int) -> list[int]:
    """Return *count* loopback ports that are free now, from *first* upwards."""
    found: list[int] = []
    port = first
    while len(found) < count and port < 65_536:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
        port += 1
    return found


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(errors="backslashreplace").splitlines()[-lines:])
