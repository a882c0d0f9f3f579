# SPDX-License-Identifier: GPL-3.0-or-later
"""What dear mail does to ordinary mail: latency of a 10 KB message beside photographs and beside bombs.

    python tests/bench/bench_lanes.py [--photographs 0,2,4] [--bombs] [--seconds 20] [--workers 2] [--dear N]

Ordinary messages come at a steady pace, whatever became of those before, as from many senders; each is read in a thread
of its own.  Beside them lie mails of ten photographed pages each (``bench_ocr``), or each of the bombs again and again
in two threads.  Printed are median and 95th percentile, how many ordinary messages were refused, and what became of the
others.  For comparison on a shared machine run two versions in turns, several times.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "tests"))
sys.path.insert(0, str(PROJECT / "tests" / "bench"))

from canaries.bombs import BOMBS  # noqa: E402 - after the path
from safehold.errors import ReaderError  # noqa: E402
from safehold.model import EVERYTHING, Demand  # noqa: E402
from safehold.reading.limits import Limits  # noqa: E402
from safehold.reading.pool import ReaderPool  # noqa: E402

PAGES = 10
ORDINARY = b"From: A <a@example.org>\r\nSubject: x\r\n\r\n" + b"ordinary words of an ordinary mail, no more\r\n" * 225
# Those who wait for a reader in vain show after this.
_PATIENCE_S = 40.0
# Making a mail of photographs takes longer than reading most of it.
_KINDS = 2


@lru_cache
def photographs(seed: int) -> bytes:
    """Return a mail of ten photographed pages; each seed has other pages."""
    import bench_ocr

    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@example.org", "photographs"
    mail.set_content("ten pages")
    for number in range(PAGES):
        name, content = bench_ocr.packed(bench_ocr.photographed(bench_ocr.make_letter(PAGES * seed + number)), "p.jpg")
        mail.add_attachment(content, maintype="image", subtype="jpeg", filename=name)
    return mail.as_bytes()


class Stream:
    """Ordinary messages at a steady pace, and how long each took."""

    def __init__(self, pool: ReaderPool, pace_s: float) -> None:
        self.taken: list[float] = []
        self.refused = 0
        self._pool, self._pace_s = pool, pace_s
        self._lock = threading.Lock()

    def run(self, until: float) -> None:
        """Send until then, and wait for the last answer."""
        threads = []
        due = time.monotonic()
        while due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            thread = threading.Thread(target=self._one, args=(due,))
            thread.start()
            threads.append(thread)
            due += self._pace_s
        for thread in threads:
            thread.join(_PATIENCE_S)

    def _one(self, due: float) -> None:
        try:
            self._pool.read(ORDINARY)
        except ReaderError:
            with self._lock:
                self.refused += 1
        with self._lock:
            self.taken.append((time.monotonic() - due) * 1000)

    def line(self) -> str:
        """Return what was measured."""
        taken = self.taken
        return (
            f"{len(taken):6} mails  median {statistics.median(taken):9.1f} ms  "
            f"p95 {statistics.quantiles(taken, n=20)[-1]:9.1f} ms  refused {self.refused}"
        )


@contextmanager
def beside(
    pool: ReaderPool, contents: Sequence[tuple[str | None, bytes]], demand: Demand, ends: float
) -> Iterator[list[str]]:
    """Read each of *contents* in a thread of its own, again and again until *ends* where that is set."""
    said: list[str] = []

    def read(name: str | None, content: bytes) -> None:
        while True:
            started = time.monotonic()
            try:
                reading = pool.read(content, document_name=name, demand=demand)
                what = "+".join(sorted({problem.reason.value for problem in reading.problems})) or "whole"
            except ReaderError:
                what = "refused"
            said.append(f"{what} {time.monotonic() - started:.1f} s")
            if time.monotonic() >= ends:
                return

    threads = [threading.Thread(target=read, args=one) for one in contents]
    for thread in threads:
        thread.start()
    yield said
    for thread in threads:
        thread.join()


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photographs", default="0,2,4")
    parser.add_argument("--bombs", action="store_true")
    parser.add_argument("--only", default="", help="bombs with one of these words in their title")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--dear", type=int, default=0, help="places for dear work; 0: the default")
    parser.add_argument("--pace", type=float, default=0.05, help="seconds between two ordinary messages")
    arguments = parser.parse_args()
    settings = {"dear": arguments.dear} if arguments.dear else {}
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start, {arguments.workers} workers")
    with ReaderPool(arguments.workers, Limits(), **settings) as pool:
        time.sleep(0.5)
        if arguments.bombs:
            alone = Stream(pool, arguments.pace)
            alone.run(time.monotonic() + arguments.seconds)
            print(f"{'nothing beside':34} {alone.line()}", flush=True)
            for bomb in BOMBS:
                if any(word in bomb.title for word in arguments.only.split(",")):
                    ends = time.monotonic() + arguments.seconds
                    with beside(pool, [(bomb.name, bomb.content)] * 2, Demand(), ends):
                        stream = Stream(pool, arguments.pace)
                        stream.run(ends)
                    print(f"{bomb.title:34} {stream.line()}", flush=True)
            return 0
        for count in map(int, arguments.photographs.split(",")):
            mails = [(None, photographs(seed % _KINDS)) for seed in range(count)]
            with beside(pool, mails, EVERYTHING, 0.0) as said:
                stream = Stream(pool, arguments.pace)
                stream.run(time.monotonic() + arguments.seconds)
            print(f"beside {count} mails of {PAGES} photographs  {stream.line()}\n    {', '.join(said)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
