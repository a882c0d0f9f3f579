# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged files through the real pool: nothing but a worker dies, nothing hangs, nothing is lost in silence.

    python tests/bench/fuzz_reading.py [--mutants 200] [--formats zip,pdf] [--seed 1] [--keep FOLDER]
    python tests/bench/fuzz_reading.py --bombs [--seconds 1.5] [--only WORD]

Seeded mutants of the canaries and, where they are beside the project, of the corpora (``make fuzz-reading``).  Prints
a table by format and ends with 1 if anything was wrong.  ``--keep`` writes the files that were, for a closer look.
``--bombs`` measures instead what one and two bombs at a time do to the latency of other messages, and the most memory.

A silent loss is a word of the intact file that the mutant still carries, that is not read, and about which no problem
is said (``canaries/mutants.py``).
"""

import argparse
import contextlib
import os
import resource
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "tests"))

import canaries  # noqa: E402 - after the path
from canaries.bombs import BOMBS, Bomb  # noqa: E402
from canaries.mutants import Mutant, mutants, silent_losses, words_in  # noqa: E402
from safehold.errors import ReaderError  # noqa: E402
from safehold.reading.limits import Limits  # noqa: E402
from safehold.reading.pool import ReaderPool  # noqa: E402

CORPORA = PROJECT.parent / "shared" / "corpora"
SUFFIXES = {
    "mime": (".eml",), "eml": (".eml",), "html": (".html",), "pdf": (".pdf",), "docx": (".docx",),
    "xlsx": (".xlsx", ".xlsb"), "pptx": (".pptx",), "odt": (".odt",), "ods": (".ods",), "odp": (".odp",),
    "rtf": (".rtf",), "doc": (".doc",), "xls": (".xls",), "ppt": (".ppt",), "msg": (".msg",),
    "tnef": (".tnef", ".dat"), "ics": (".ics",), "zip": (".zip",), "gz": (".gz", ".tgz"), "7z": (".7z",),
    "jpeg": (".jpg",), "png": (".png",), "tiff": (".tif",), "epub": (".epub",),
    "iwork": (".pages", ".key", ".numbers"), "rar": (".rar",),
}  # fmt: skip
LARGEST = 1_500_000
# A part may take its limit, and every restart again; what is over that is a hang that the pool did not end.
SLACK_S = 3.0
PLAIN_MAIL = b"From: A <a@example.org>\r\nSubject: x\r\n\r\n" + b"ordinary words of an ordinary mail\r\n" * 250
PAUSE_S = 0.004
# What a bomb may do to the 95th percentile of other messages.
MOST_RATIO = 2.0


@dataclass
class Row:
    """What became of the mutants of one format."""

    format: str
    mutants: int = 0
    whole: int = 0
    problems: int = 0
    killed: int = 0
    silent: int = 0
    raised: int = 0
    over_time: int = 0
    slowest_ms: float = 0.0
    slowest: str = ""
    ways: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


def others(format_name: str) -> list[tuple[str | None, bytes]]:
    """Return the corpora's files of a format."""
    return [
        (None if path.suffix == ".eml" else path.name, path.read_bytes())
        for path in (sorted(CORPORA.rglob("*")) if CORPORA.is_dir() else ())
        if path.suffix.lower() in SUFFIXES.get(format_name, ()) and 0 < path.stat().st_size <= LARGEST
    ]


def run(pool: ReaderPool, format_name: str, count: int, seed: str, limits: Limits, keep: Path | None = None) -> Row:
    """Read *count* mutants of a format and return what became of them."""
    row = Row(format_name)
    files = list(canaries.files(format_name))
    intact = {canary.title: words_in(pool.read(canary.content, document_name=canary.name), canary) for canary in files}
    made = list(mutants(files, others(format_name), count, f"{seed}/{format_name}"))
    longest = limits.part_s * (1 + limits.restarts) + SLACK_S

    def read(mutant: Mutant) -> tuple[Mutant, float, object]:
        started = time.monotonic()
        try:
            reading: object = pool.read(mutant.content, document_name=mutant.name)
        except (ReaderError, OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            reading = error
        return mutant, time.monotonic() - started, reading

    with ThreadPoolExecutor(2) as threads:
        for number, (mutant, seconds, reading) in enumerate(threads.map(read, made)):
            row.mutants += 1
            row.over_time += seconds > longest
            if seconds * 1000 > row.slowest_ms:
                row.slowest_ms, row.slowest = seconds * 1000, f"{number} {mutant.how}"
            if isinstance(reading, Exception):
                row.raised += 1
                _keep(keep, format_name, number, mutant, "raised")
                continue
            reasons = {problem.reason.value for problem in reading.problems}
            row.problems += bool(reasons)
            row.killed += bool(reasons & {"crashed", "timed_out"})
            if reasons & {"crashed", "timed_out"}:
                _keep(keep, format_name, number, mutant, "killed")
            lost = silent_losses(
                mutant, reading, format_name, intact.get(mutant.original.title, set()) if mutant.original else set()
            )
            row.silent += bool(lost)
            row.whole += not reasons and not lost
            if lost:
                row.ways[mutant.how] += 1
                row.lost.update(lost)
                _keep(keep, format_name, number, mutant, "silent")
    return row


def _keep(folder: Path | None, format_name: str, number: int, mutant: Mutant, why: str) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        name = (mutant.name or "message.eml").replace("/", "_")
        (folder / f"{format_name}-{number}-{why}-{mutant.how.replace(' ', '_')}-{name}").write_bytes(mutant.content)


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the lines of the table."""
    heads = "".join(f"{head:>8}" for head in ("mutants", "whole", "problem", "silent", "killed", "raised", "hung"))
    yield f"{'format':9}{heads}{'slowest':>10}"
    for row in rows:
        yield (
            f"{row.format:9}{row.mutants:8}{row.whole:8}{row.problems:8}{row.silent:8}{row.killed:8}{row.raised:8}"
            f"{row.over_time:8}{row.slowest_ms:8.0f}ms  {row.slowest}"
        )
        for place, count in row.lost.most_common(4):
            yield f"            lost {count} times: {place}"
        if row.ways:
            yield "            by: " + ", ".join(f"{how} {count}" for how, count in row.ways.most_common())


@dataclass
class Blast:
    """What one bomb did, again and again in so many threads, and how long plain mail took meanwhile."""

    seconds: list[float] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)
    beside_ms: list[float] = field(default_factory=list)


def latencies(pool: ReaderPool, seconds: float) -> list[float]:
    """Return how many milliseconds a plain mail took, one after the other for so long."""
    out: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.monotonic()
        pool.read(PLAIN_MAIL)
        out.append((time.monotonic() - started) * 1000)
        time.sleep(PAUSE_S)
    return out


def set_off(pool: ReaderPool, bomb: Bomb, at_once: int, seconds: float) -> Blast:
    """Read *bomb* over and over in so many threads, each at least once, with plain mail beside."""
    blast = Blast()
    end = time.monotonic() + seconds

    def explode() -> None:
        while True:
            started = time.monotonic()
            reading = pool.read(bomb.content, document_name=bomb.name)
            blast.seconds.append(time.monotonic() - started)
            blast.reasons |= {problem.reason.value for problem in reading.problems}
            if time.monotonic() >= end:
                return

    threads = [threading.Thread(target=explode) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    blast.beside_ms = latencies(pool, seconds)
    for thread in threads:
        thread.join()
    return blast


class Heaviest(threading.Thread):
    """Watches the processes below this one and remembers the most memory that one of them had (VmHWM)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.megabytes = 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.05):
            for pid in _below(os.getpid()):
                with contextlib.suppress(OSError, IndexError, ValueError):
                    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                    self.megabytes = max(self.megabytes, int(status.partition("VmHWM:")[2].split()[0]) / 1024)

    def since(self) -> float:
        """Return the most since the last time it was asked."""
        most, self.megabytes = self.megabytes, 0.0
        return most

    def stop(self) -> None:
        """Watch no longer."""
        self._ended.set()
        self.join()


def _below(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text(encoding="utf-8").split():
                yield int(child)
                yield from _below(int(child))


def p95(taken: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(taken, n=20)[-1]


def measure_bombs(limits: Limits, seconds: float, only: str) -> int:
    """Print how long each bomb takes, what is said of it, and what one and two of them do to plain mail beside.

    The plain mail alone is measured anew before each: on a shared machine only neighbours in time compare.
    """
    wrong = 0
    watch = Heaviest()
    watch.start()
    ratios: dict[int, list[float]] = {1: [], 2: []}
    with ReaderPool(2, limits) as pool:
        latencies(pool, seconds)
        print(f"{'bomb':38}{'bytes':>9}{'longest':>9}{'MB':>6}{'alone':>9}{'one':>8}{'two':>8}  problems")
        for bomb in (bomb for bomb in BOMBS if only in bomb.title):
            watch.since()
            alone = p95(latencies(pool, seconds))
            blasts = {count: set_off(pool, bomb, count, seconds) for count in ratios}
            beside = {count: p95(blast.beside_ms) / alone for count, blast in blasts.items()}
            for count, ratio in beside.items():
                ratios[count].append(ratio)
            reasons = set().union(*(blast.reasons for blast in blasts.values()))
            longest = max(second for blast in blasts.values() for second in blast.seconds)
            fine = reasons & set(bomb.reasons) or (not bomb.reasons and not reasons)
            wrong += not fine or longest > limits.deadline_s
            print(
                f"{bomb.title:38}{len(bomb.content):9}{longest:8.2f}s{watch.since():6.0f}{alone:7.2f}ms"
                f"{beside[1]:7.1f}x{beside[2]:7.1f}x  {', '.join(sorted(reasons)) or '-'}{'' if fine else '   WRONG'}",
                flush=True,
            )
    watch.stop()
    for count, found in ratios.items():
        print(
            f"{count} at once: median {statistics.median(found):.1f}x, most {max(found):.1f}x, "
            f"{sum(ratio < MOST_RATIO for ratio in found)} of {len(found)} below {MOST_RATIO:.0f}x"
        )
    return wrong


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mutants", type=int, default=200)
    parser.add_argument("--formats", default="")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--bombs", action="store_true")
    parser.add_argument("--seconds", type=float, default=1.5, help="how long each bomb is set off")
    parser.add_argument("--only", default="", help="bombs with this in their title")
    arguments = parser.parse_args()
    limits = Limits()
    if arguments.bombs:
        return bool(measure_bombs(limits, arguments.seconds, arguments.only))
    names = arguments.formats.split(",") if arguments.formats else list(canaries.BUILDERS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    with ReaderPool(2, limits) as pool:
        walls = pool.walls
        rows = [run(pool, name, arguments.mutants, arguments.seed, limits, arguments.keep) for name in names]
    print("\n".join(table(rows)))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    total = sum(row.mutants for row in rows)
    held = "held" if walls.get("memory") else "NOT held"
    print(
        f"{total} mutants in {time.monotonic() - started:.0f} s on {os.cpu_count()} processors; this process grew by "
        f"{grown:.0f} MB; a worker may have {limits.memory_bytes >> 20} MB ({held} by the kernel)"
    )
    bad = sum(row.silent + row.raised + row.over_time for row in rows)
    return 1 if bad or not walls.get("memory") else 0


if __name__ == "__main__":
    sys.exit(main())
