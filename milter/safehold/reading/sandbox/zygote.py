# SPDX-License-Identifier: GPL-3.0-or-later
"""The zygote: one clean process that imports everything, hardens itself, and forks workers on request.

Started as ``python -m safehold.reading.sandbox.zygote CONTROL PARENT LIMITS`` before the milter makes threads; never a
fork of the milter itself (milter facts 6: a forked child kept Postfix's sockets open).  It never sees content.
On its control socket it takes ``{"do": "fork"}`` and ``{"do": "reap", "pid": n}``, and it goes when the socket
closes, taking every worker with it.  A worker stays a zombie until the parent has it reaped, so that its process
id cannot come to mean another process while the parent may still kill it.

A worker is handed over when it has read its first message, one of ours, and not before; one at a time, so that making
workers keeps one processor busy at most.
"""

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

from safehold.reading.basics import types
from safehold.reading.limits import Limits
from safehold.reading.pictures import ocr
from safehold.reading.sandbox import kernel, seccomp, walls, worker
from safehold.reading.wire import Job

# What libraries import only when they first need it; behind the walls that would be too late.
_LATE_IMPORTS = ("pdfminer.high_level", "pdfminer.pdfinterp", "pdfminer.converter", "pdfminer.layout", "pdfminer.image")

_READY = b"!"

# Reading this once fills the caches (patterns, codecs, parser tables) that every worker inherits.
_WARM_UP = b"""\
From: Warm Up <warm@example.org>
To: b@example.org
Subject: =?utf-8?q?warm_=C3=A9?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: 8bit

plain \xc3\xa9
> quoted
--b
Content-Type: text/html; charset=windows-1252
Content-Transfer-Encoding: quoted-printable

<p style=3D"color:red">caf=E9</p>
--b
Content-Type: application/pdf; name=a
Content-Transfer-Encoding: base64

AAECAwQF
--b--
"""


def main(arguments: list[str]) -> None:
    """Run the zygote until its control socket closes."""
    control_number, parent, limits_json = int(arguments[0]), int(arguments[1]), arguments[2]
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the milter's threads block the signals that end a child
    kernel.die_with_parent()
    control = socket.socket(fileno=control_number)
    control.set_inheritable(False)
    limits = Limits(**json.loads(limits_json))
    import_everything()
    filters = seccomp.build()
    _fall_silent()
    walls_standing = walls.harden(limits.memory_bytes, parent, filters)
    if not walls_standing["seccomp"]:
        filters = seccomp.Filters()  # a kernel that took none takes none from a worker either
    if os.getppid() != parent:
        return
    worker.read(Job(), _WARM_UP, limits, len)
    gc.collect()
    gc.freeze()
    control.send(json.dumps({"ready": walls_standing}).encode())
    _serve(control, limits, filters)


def _fall_silent() -> None:
    """Let go of the error stream: from here on content could speak through it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def import_everything() -> None:
    """Import what is otherwise imported on first use: codecs above all."""
    import encodings

    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in ("mbcs", "oem"):
            with suppress(ImportError):
                importlib.import_module(f"encodings.{module.name}")
    for name in _LATE_IMPORTS:
        with suppress(ImportError):
            importlib.import_module(name)
    types.load()
    ocr.load()


def _serve(control: socket.socket, limits: Limits, filters: seccomp.Filters) -> None:
    children: set[int] = set()
    try:
        while request := control.recv(1024):
            order = json.loads(request)
            if order["do"] == "fork":
                _fork(control, limits, filters, children)
            else:
                control.send(json.dumps({"status": _reap(order["pid"], children)}).encode())
    except ConnectionError:
        pass
    finally:
        for pid in children:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        for pid in children:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _fork(control: socket.socket, limits: Limits, filters: seccomp.Filters, children: set[int]) -> None:
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        with ours:
            zygote = os.getpid()
            try:
                pid = os.fork()
            except OSError:
                pid = 0
            else:
                if pid == 0:
                    _become_worker(ours, limits, filters, zygote)
                children.add(pid)
                with suppress(OSError):  # both sides do it, so that it is done before either goes on
                    os.setpgid(pid, pid)
        if pid and theirs.recv(1) == _READY:
            socket.send_fds(control, [json.dumps({"pid": pid}).encode()], [theirs.fileno()])
            return
        if pid:
            _reap(pid, children)
        control.send(json.dumps({"pid": 0}).encode())


def _become_worker(line: socket.socket, limits: Limits, filters: seccomp.Filters, zygote: int) -> NoReturn:
    status = 1
    try:
        os.setpgid(0, 0)
        number = line.fileno()
        os.closerange(3, number)
        os.closerange(number + 1, 1024)
        walls.harden_worker(zygote, filters)
        # Most of the pages that reading writes to are copied now, while nobody waits: half of what a first mail takes.
        worker.read(Job(), _WARM_UP, limits, len)
        line.sendall(_READY)
        worker.serve(line, limits)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may run the zygote's code in a worker, nor print what it read
        status = 1
    finally:
        os._exit(status)


def _reap(pid: int, children: set[int]) -> int:
    """Wait for a worker that the parent has killed; return its wait status, or -1."""
    if pid not in children:
        return -1
    children.discard(pid)
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return -1


def run(arguments: list[str]) -> NoReturn:
    """Run :func:`main` and leave without the interpreter's clean-up."""
    status = 0
    try:
        main(arguments)
    except BaseException:  # noqa: BLE001 - the parent reads the last line; after the start it goes nowhere
        traceback.print_exc()
        status = 1
    finally:
        os._exit(status)


if __name__ == "__main__":
    run(sys.argv[1:])
