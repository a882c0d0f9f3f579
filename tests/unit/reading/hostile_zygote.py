# SPDX-License-Identifier: GPL-3.0-or-later
"""A zygote whose text reader obeys orders in the text: crash, hang, allocate, lie.  Tests only."""

import json
import os
import resource
import signal
import socket
import stat
import sys
import time
from contextlib import suppress

from safehold.model import PlaceKind, Reason
from safehold.reading import readers
from safehold.reading.notes import OpenPart
from safehold.reading.sandbox import zygote

LINE = 4096
# What an order waits for: SIGUSR1, which a test sends to every process of its pool.
_told: list[int] = []


def wait_until_told() -> None:
    _told.clear()
    while not _told:
        time.sleep(0.01)


def obey(content: bytes, part: OpenPart) -> None:
    text = content.decode("utf-8", "replace")
    order = text.partition("!")[2].partition("!")[0]
    match order:
        case "abort":
            part.segment(PlaceKind.TEXT, "before the crash")
            part.session.flush()
            os.abort()
        case "dear-hang":
            part.session.will_recognise(10**9)
            while True:
                time.sleep(1)
        case "hang":
            part.segment(PlaceKind.TEXT, "before the hang")
            part.session.flush()
            while True:
                time.sleep(1)
        case "spin":
            while True:
                pass
        case "dear":
            part.session.will_recognise(10**9)
            wait_until_told()
            part.segment(PlaceKind.TEXT, "after the pictures")
            part.segment(PlaceKind.METADATA, f"worker {os.getpid()}")
        case "dear-abort":
            part.session.will_recognise(10**9)
            os.abort()
        case "slow":
            wait_until_told()
            part.segment(PlaceKind.TEXT, "after all")
        case "tainted":
            part.session.taint()
            wait_until_told()
        case "lie":
            part.segment(PlaceKind.METADATA, f"worker {os.getpid()}")
            part.session.taint()
            part.session.tainted = False
        case "memory":
            bytearray(1 << 40)
        case "exception":
            raise KeyError("a secret of the message")
        case "garbage" | "long-frame" | "leak" | "unknown-part" | "dear-twice":
            os.write(line_number(), FORGERIES[order])
            time.sleep(30)
        case "fork":
            part.segment(PlaceKind.TEXT, attempt(os.fork))
        case "walls":
            part.segment(PlaceKind.TEXT, json.dumps(walls()))
        case _:
            part.segment(PlaceKind.BODY if part.given.body else PlaceKind.TEXT, text)
            part.segment(PlaceKind.METADATA, f"worker {os.getpid()}")


def frame(value: object) -> bytes:
    body = json.dumps(value).encode()
    return len(body).to_bytes(4, "big") + body


FORGERIES = {
    "garbage": b"\x00\x00\x00\x05hello",
    "long-frame": b"\xff\xff\xff\xff" + b"x" * 100,
    "leak": frame(["problem", [], Reason.CORRUPT.value, "12 Hidden Lane"]),
    "dear-twice": frame(["dear"]) * 2,
    "unknown-part": frame(["segment", ["9", "never"], "text", None, "visible", "x"]),
}


def descriptors() -> dict[int, int]:
    """Return the mode of everything that is open; no path can be asked for here."""
    found = {}
    for number in range(64):
        with suppress(OSError):
            found[number] = os.fstat(number).st_mode
    return found


def line_number() -> int:
    return next(number for number, mode in descriptors().items() if number > 2 and stat.S_ISSOCK(mode))


def attempt(what) -> str:
    try:
        what()
    except OSError as refusal:
        return f"refused: {refusal.errno}"
    except Exception as failure:
        return f"refused: {type(failure).__name__}"
    return "allowed"


def walls() -> dict[str, object]:
    def connect() -> None:
        with socket.socket() as line:
            line.settimeout(1)
            line.connect(("127.0.0.1", 9))

    return {
        "pid": os.getpid(),
        "environment": sorted(os.environ),
        "files": len(descriptors()),
        "uid": os.geteuid(),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "file_size": resource.getrlimit(resource.RLIMIT_FSIZE)[1],
        "memory": resource.getrlimit(resource.RLIMIT_AS)[1],
        "connect": attempt(connect),
        "write": attempt(lambda: os.write(os.memfd_create("x"), b"x")),
        "open": attempt(lambda: os.open("/etc/passwd", os.O_RDONLY)),
        "status": attempt(lambda: os.open("/proc/self/status", os.O_RDONLY)),
    }


if __name__ == "__main__":
    readers.READERS["text/plain"] = obey
    readers.READERS["text/hostile"] = obey
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda number, _frame: _told.append(number))
    zygote.run(sys.argv[1:])
