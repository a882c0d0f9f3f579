# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody who sends bombs does to everybody else's mail, through a real Postfix.

    python tests/bench/bench_bombs.py [--seconds 2] [--only WORDS]

One sender, then two at once, send a mail with a bomb over and over without a pause; meanwhile plain mails of 8.6 KB go
through the same gateway, one after the other, and their latency is compared with what it was alone just before.
``fuzz_reading.py --bombs`` measures the same inside the pool of readers, where a plain mail takes under a millisecond.
"""

import argparse
import base64
import contextlib
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "e2e")]

from bench_latency import VARIANTS, Bench, message, small  # noqa: E402 - after the path
from harness.gateway import Gateway  # noqa: E402
from harness.postfix import PrivatePostfix, unavailable  # noqa: E402

from canaries.bombs import BOMBS, Bomb  # noqa: E402

MOST_RATIO = 2.0
VARIANT = "searched"


PLAIN = Bomb("a plain text, for comparison", "a.txt", lambda: b"Nothing of note.\n" * 1_000, ())


def carrying(bomb: Bomb) -> str:
    """Return the message, without the headers that differ, that carries a bomb."""
    kind = "message/rfc822" if bomb.name is None else "application/octet-stream"
    encoded = base64.encodebytes(bomb.content).decode().replace("\n", "\r\n")
    return (
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=_mix"\r\n\r\n'
        "--=_mix\r\nContent-Type: text/plain\r\n\r\nAttached.\r\n"
        f'--=_mix\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename="{bomb.name or "a.eml"}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{encoded}--=_mix--\r\n"
    )


def plain(bench: Bench, template: str, seconds: float) -> float:
    """Return the 95th percentile of how many milliseconds plain mails took, one after the other for so long."""
    taken: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(taken) < 40:
        mails = [message(template, VARIANTS[VARIANT]) for _ in range(5)]
        bench._kept(VARIANT, mails, taken)
    return statistics.quantiles(taken, n=20)[-1]


@contextlib.contextmanager
def bombing(bench: Bench, template: str, at_once: int) -> Iterator[list[float]]:
    """Send bombs from so many senders until the end; yields how many milliseconds each took."""
    stop = threading.Event()
    taken: list[float] = []

    def send() -> None:
        while not stop.is_set():
            with contextlib.suppress(RuntimeError, OSError):
                bench._kept(VARIANT, [message(template, VARIANTS[VARIANT])], taken)

    threads = [threading.Thread(target=send) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def measure(seconds: float, only: str) -> int:
    """Print a table; return how many ratios were over the goal."""
    ratios: dict[int, list[float]] = {1: [], 2: []}
    mail = small(Random(20250602))
    limits = {"message_size_limit": "52428800", "default_transport": "discard:"}
    with PrivatePostfix(limits) as postfix, Gateway(postfix, register=None, processes=("milter",), attach=False):
        bench = Bench({VARIANT: postfix.listener(smtpd_milters=f"unix:{postfix.milter_socket}")}, {})
        plain(bench, mail, seconds)
        print(f"{'bomb':40}{'a bomb takes':>14}{'alone, p95':>12}{'one':>8}{'two':>8}")
        # A sender who sends without a pause costs something whatever he sends: the first row says how much.
        for bomb in (PLAIN, *(bomb for bomb in BOMBS if only in bomb.title)):
            alone = plain(bench, mail, seconds)
            row = []
            for count, found in ratios.items():
                with bombing(bench, carrying(bomb), count) as taken:
                    found.append(plain(bench, mail, seconds) / alone)
                row.append(found[-1])
            longest = max(taken, default=float("nan"))
            print(f"{bomb.title:40}{longest:11.0f} ms{alone:9.1f} ms{row[0]:7.1f}x{row[1]:7.1f}x", flush=True)
    for count, found in ratios.items():
        below = sum(ratio < MOST_RATIO for ratio in found)
        middle, most = statistics.median(found), max(found)
        print(f"{count} at once: median {middle:.1f}x, most {most:.1f}x, {below} of {len(found)} keep to it")
    return sum(ratio >= MOST_RATIO for found in ratios.values() for ratio in found)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", default="", help="bombs with this in their title")
    options = parser.parse_args()
    reason = unavailable()
    if reason:
        print(f"not measured: {reason}", file=sys.stderr)
        return 77
    return 1 if measure(options.seconds, options.only) else 0


if __name__ == "__main__":
    sys.exit(main())
