# SPDX-License-Identifier: GPL-3.0-or-later
"""A zygote whose text reader obeys orders in the text: crash, hang, allocate, lie.  Tests only."""

import json
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path

from safehold.model import PlaceKind, Reason
from safehold.reading import readers, zygote
from safehold.reading.notes import OpenPart

LINE = 4096


def obey(content: bytes, part: OpenPart) -> None:
    text = content.decode("utf-8", "replace")
    order = text.partition("!")[2].partition("!")[0]
    match order:
        case "abort":
            part.segment(PlaceKind.TEXT, "before the crash")
            part.session.flush()
            os.abort()
        case "hang":
            part.segment(PlaceKind.TEXT, "before the hang")
            part.session.flush()
            while True:
                time.sleep(1)
        case "spin":
            while True:
                pass
        case "memory":
            bytearray(1 << 40)
        case "exception":
            raise KeyError("a secret of the message")
        case "garbage" | "long-frame" | "leak" | "unknown-part":
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
    "unknown-part": frame(["segment", ["9", "never"], "text", None, "visible", "x"]),
}


def line_number() -> int:
    for entry in Path("/proc/self/fd").iterdir():
        number = int(entry.name)
        try:
            with socket.socket(fileno=os.dup(number)) as line:
                if line.family == socket.AF_UNIX:
                    return number
        except OSError:
            continue
    raise LookupError


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

    rows = Path("/proc/self/status").read_text().splitlines()
    lines = {row.partition(":")[0]: row.partition(":")[2].strip() for row in rows}
    return {
        "environment": sorted(os.environ),
        "files": len(list(Path("/proc/self/fd").iterdir())) - 1,
        "uid": os.geteuid(),
        "no_new_privileges": lines["NoNewPrivs"],
        "blocked_signals": int(lines["SigBlk"], 16),
        "capabilities": int(lines["CapEff"], 16),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "file_size": resource.getrlimit(resource.RLIMIT_FSIZE)[1],
        "memory": resource.getrlimit(resource.RLIMIT_AS)[1],
        "network": sorted(name for _, name in socket.if_nameindex()),
        "connect": attempt(connect),
        "write": attempt(lambda: os.write(os.memfd_create("x"), b"x")),
    }


if __name__ == "__main__":
    readers.READERS["text/plain"] = obey
    readers.READERS["text/hostile"] = obey
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    zygote.run(sys.argv[1:])
