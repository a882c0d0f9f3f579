# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker: takes a job and sealed content from its line, reads, streams what it finds, and waits for the next.

Forked by :mod:`safehold.reading.sandbox.zygote`.  It serves one message and goes, or up to ``MOST_JOBS`` while it has
opened nothing but MIME, text and HTML.
"""

import gc
import os
import socket
import struct
from collections.abc import Callable

from safehold.model import PartPath
from safehold.reading import readers
from safehold.reading.limits import Limits
from safehold.reading.notes import Frame, Given, Session
from safehold.reading.sandbox import walls
from safehold.reading.wire import HEAD, Job, pack

MOST_JOBS = 100
_CHUNK = 1 << 16
_DESCRIPTOR = struct.Struct("i")
_ROOM_FOR_ONE = socket.CMSG_SPACE(_DESCRIPTOR.size)
_ENOUGH_TO_SEND = 64 * 1024


def serve(line: socket.socket, limits: Limits) -> None:
    """Serve jobs until the line closes or the worker is no longer fit for another."""
    for number in range(1, MOST_JOBS + 1):
        received = _receive(line)
        if received is None:
            return
        job, content = received
        walls.limit_cpu(limits.deadline_dear_s)
        if not read(job, content, limits, line.sendall, last=number == MOST_JOBS):
            return
        del job, content
        gc.collect(0)


def read(job: Job, content: bytes, limits: Limits, send: Callable[[bytes], object], *, last: bool = False) -> bool:
    """Read one message or document, sending frames; return whether the worker may serve another.

    Args:
        job: What is asked.
        content: The bytes.
        limits: How much it may cost.
        send: Takes packed frames.
        last: The worker goes after this in any case.
    """
    waiting: list[bytes] = []

    def flush() -> None:
        if waiting:
            send(b"".join(waiting))
            waiting.clear()

    def put(frame: Frame) -> None:
        packed = pack(frame)
        waiting.append(packed)
        if len(packed) > _ENOUGH_TO_SEND:
            flush()

    name = job.document_name
    session = Session(put, flush, limits, job.demand, readers.visit, job.resume, is_message=name is None)
    if name is None:
        session.root(Given(content, is_attachment=False))
    else:
        session.root(Given(content, names=(name,), attachment=1), PartPath().child(name))
    reusable = not session.tainted and not last
    put(["end", reusable])
    flush()
    return reusable


def _receive(line: socket.socket) -> tuple[Job, bytes] | None:
    """Return the next job and its content, or None where the parent hung up."""
    frame, ancillary, _, _ = line.recvmsg(_CHUNK, _ROOM_FOR_ONE, socket.MSG_CMSG_CLOEXEC)
    if not frame:
        return None
    (sealed,) = _DESCRIPTOR.unpack(ancillary[0][2])
    content = _whole(sealed)
    os.close(sealed)
    facts, text = HEAD.unpack_from(frame)
    while len(frame) < HEAD.size + facts + text:
        more = line.recv(_CHUNK)
        if not more:
            return None
        frame += more
    return Job.unpack(frame), content


def _whole(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, size, 0)
    while len(content) < size:
        content += os.pread(descriptor, size - len(content), len(content))
    return content
