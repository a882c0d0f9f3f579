# SPDX-License-Identifier: GPL-3.0-or-later
"""What reading costs and what it finds, beside other readers (``engines.py``), in one run on one machine.

    python tests/bench/bench_reading.py [--quick] [--tika DIR] [--stalwart DIR] [--mime4j DIR] [--json FILE]

Every engine reads the same files in a process of its own, so that one that hangs or dies costs that file only; CPU
time is what that process used.  Trust the ratios, not the milliseconds.  ``--quick`` takes every eighth file; an engine
that has used up its minutes is left out of the rest, and the list of failures says of how many files.

Recall is asked in two ways: words of the canaries (``tests/canaries``: every place where a format can keep text), and
strings that other projects' tests demand of their own files (``demanded.py``), where checkouts of them are given.

Prints the tables of the documentation in Markdown, to be pasted, and behind them what one wants to know besides: who
read how many files not, which canaries were missed, the ten slowest files.
"""

import argparse
import contextlib
import json
import mimetypes
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.message import EmailMessage
from itertools import cycle
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(PROJECT / "tests")]

from engines import ENGINES, Engine, engine  # noqa: E402 - beside this file

CORPORA = PROJECT.parent / "shared" / "corpora"
LARGEST = 6_000_000
KINDS = {
    ".eml": "mail", ".pdf": "PDF", ".docx": "DOCX", ".xlsx": "XLSX", ".pptx": "PPTX", ".doc": "DOC", ".xls": "XLS",
    ".ppt": "PPT", ".msg": "MSG", ".odt": "ODF", ".ods": "ODF", ".odp": "ODF", ".rtf": "RTF", ".html": "HTML",
    ".zip": "archives", ".7z": "archives", ".gz": "archives", ".tgz": "archives",
}  # fmt: skip
OFFICE = ("DOCX", "XLSX", "PPTX", "ODF")
TITLES = {"safehold": "here", "extractous": "extractous (Tika)", "plain": "plain libraries"}
ASKED = {
    "canaries": "words in every place of our canaries",
    "stalwart": "texts that Stalwart's tests demand of mail",
    "mime4j": "texts that mime4j's tests demand of mail",
    "tika": "texts that Tika's tests demand of documents",
    "tika, recognised": "texts that Tika's tests demand of pictures, recognised",
}


# -- what is measured -------------------------------------------------------------------------------------------------


@dataclass
class Cost:
    """What one engine took for the files of one kind."""

    ms: list[float] = field(default_factory=list)
    failed: int = 0
    left_out: int = 0


@dataclass
class Recall:
    """How many strings were asked for and found, and in how many files."""

    asked: int = 0
    found: int = 0
    files: int = 0


def files(quick: bool) -> list[Path]:
    """Return the corpora's files that some engine may read."""
    paths = [
        path
        for folder in ("documents", "mime")
        for path in sorted((CORPORA / folder).rglob("*"))
        if path.suffix.lower() in KINDS and path.stat().st_size <= LARGEST
    ]
    # In mime/, files called .msg are messages of mail, not Outlook's.
    paths = [path for path in paths if not ("mime" in path.parts and path.suffix == ".msg")]
    return paths[::8] if quick else paths


def measure_cost(
    engines: list[Engine], paths: list[Path]
) -> tuple[dict[tuple[str, str], Cost], list[tuple[float, str]]]:
    """Return what each engine took by kind, and our slowest files."""
    costs: dict[tuple[str, str], Cost] = defaultdict(Cost)
    slowest: list[tuple[float, str]] = []
    for path in paths:
        kind = KINDS[path.suffix.lower()]
        for one in engines:
            answer = one.read(path)
            cost = costs[kind, one.name]
            if answer.get("late") or answer.get("skipped"):
                cost.left_out += 1
            elif "failed" in answer:
                cost.failed += 1
            else:
                cost.ms.append(answer["ms"])
            if one.name == "safehold" and "ms" in answer:
                slowest.append((answer["ms"], str(path.relative_to(CORPORA))))
    return costs, sorted(slowest, reverse=True)[:10]


def _asked(
    one: Engine,
    path: Path,
    strings: list[str],
    fold: Callable[[str], str],
    recall: Recall,
    *,
    recognised: bool = False,
) -> None:
    answer = one.read(path, recognised=recognised)
    if answer.get("late") or answer.get("skipped"):
        return
    text = fold(answer.get("text", ""))
    recall.files += 1
    recall.asked += len(strings)
    recall.found += sum(fold(string) in text for string in strings)


def measure_canaries(engines: list[Engine], quick: bool) -> dict[tuple[str, str], Recall]:
    """Return how many words of the canaries each engine finds, by format."""
    import canaries

    recalls: dict[tuple[str, str], Recall] = defaultdict(Recall)
    with tempfile.TemporaryDirectory() as folder:
        for format_name in canaries.BUILDERS:
            for number, canary in enumerate(canaries.files(format_name)):
                if quick and number > 3:
                    break
                path = Path(folder) / f"{format_name}-{number}-{canary.name or 'message.eml'}"
                path.write_bytes(canary.content)
                words = [place.word for place in canary.places]
                for one in engines:
                    _asked(one, path, words, str, recalls[format_name, one.name])
    return recalls


def measure_demands(engines: list[Engine], arguments: argparse.Namespace) -> dict[tuple[str, str], Recall]:
    """Return how many of the strings that other projects demand each engine finds."""
    import demanded

    recalls: dict[tuple[str, str], Recall] = defaultdict(Recall)
    with tempfile.TemporaryDirectory() as folder:
        for project in ("stalwart", "mime4j", "tika"):
            checkout = getattr(arguments, project)
            if checkout is None:
                continue
            for number, demand in enumerate(getattr(demanded, project)(checkout)):
                if arguments.quick and number % 8:
                    continue
                name = Path(demand.file).name if project == "tika" else "message.eml"
                path = Path(folder) / f"{number}-{name}"
                path.write_bytes(demand.content)
                row = f"{project}, recognised" if demand.recognised else project
                for one in engines:
                    recall = recalls[row, one.name]
                    _asked(one, path, list(demand.strings), demanded.folded, recall, recognised=demand.recognised)
    return recalls


def measure_hop(rounds: int) -> Iterator[tuple[str, float]]:
    """Yield the median milliseconds to a worker that reads nothing, and back."""
    from safehold.reading.pool import ReaderPool

    with ReaderPool(1, entry=(str(HERE / "idle_zygote.py"),)) as pool:
        for title, size in (("10 KB", 10_000), ("1 MB", 1_000_000), ("10 MB", 10_000_000)):
            content = bytes(size)
            taken = []
            for _ in range(rounds if size < 5_000_000 else rounds // 10):
                started = time.perf_counter()
                pool.read(content)
                taken.append((time.perf_counter() - started) * 1000)
            yield title, statistics.median(taken)


def mail_of(size: int) -> bytes:
    """Return a plain mail of about that size, text and HTML."""
    import random

    from bench_latency import body

    rng = random.Random(size)
    head = (
        "From: Jo Marlow <jo@riverbank.example>\r\nTo: a@elsewhere.example\r\nSubject: notes\r\nMIME-Version: 1.0\r\n"
    )
    return (head + body(rng, size - 250)).encode()


def _cpu_s(content: bytes) -> float:
    """Return the CPU seconds of one message, in this process."""
    from safehold.reading.limits import Limits
    from safehold.reading.sandbox import worker
    from safehold.reading.wire import Job

    started = time.process_time()
    worker.read(Job(), content, Limits(), len)
    return time.process_time() - started


def measure_plain_mail(rounds: int) -> float:
    """Return the median CPU milliseconds of a plain mail of 10 KB, in this process."""
    content = mail_of(10_000)
    return statistics.median(_cpu_s(content) * 1000 for _ in range(rounds))


def mail_with(paths: list[Path], size: int) -> bytes:
    """Return a message with so many of these files attached that it has about that size."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "jo@riverbank.example", "a@elsewhere.example", "the bundle"
    made.set_content("The papers as discussed.")
    left = size
    for path in cycle(paths):
        content = path.read_bytes()
        if left < len(content) * 1.37:
            break
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        main_type, _, subtype = kind.partition("/")
        made.add_attachment(content, main_type, subtype, filename=path.name)
        left -= int(len(content) * 1.37)  # base64, and its line ends
    return made.as_bytes()


def measure_large_messages(paths: list[Path]) -> Iterator[tuple[str, float]]:
    """Yield the CPU seconds of messages of 10 MB: one of text, one with office files and PDFs attached."""
    size = 10_000_000
    yield "text", _cpu_s(mail_of(size))
    attached = [path for path in paths if KINDS[path.suffix.lower()] in (*OFFICE, "PDF", "DOC")]
    if attached:
        yield "office files and PDFs", _cpu_s(mail_with(attached, size))


def measure_recognition(letters: int) -> tuple[float, float, str]:
    """Return the mean CPU seconds of a page that is a picture, those of the dearest kind, and its name."""
    import bench_ocr

    seconds: dict[str, float] = {}
    for way, make in bench_ocr.WAYS.items():
        taken = []
        for number in range(letters):
            name, content = make(bench_ocr.make_letter(number))
            started = time.process_time()
            bench_ocr.read(name, content)
            taken.append(time.process_time() - started)
        seconds[way] = statistics.mean(taken)
    dearest = max(seconds, key=seconds.__getitem__)
    return statistics.mean(seconds.values()), seconds[dearest], dearest


def measure_pdf_pages(paths: list[Path]) -> float:
    """Return our CPU milliseconds a page of the corpora's PDFs."""
    import pypdfium2

    read = engine("safehold")
    pages, taken = 0, 0.0
    for path in paths:
        if path.suffix.lower() != ".pdf":
            continue
        with contextlib.suppress(pypdfium2.PdfiumError):
            document = pypdfium2.PdfDocument(path)
            pages += len(document)
            document.close()
            started = time.process_time()
            read(path, False)
            taken += time.process_time() - started
    return taken * 1000 / max(1, pages)


POLICY = """\
version: 1
lists:
  nothing: {{kind: phrase, items: [a phrase that no message has]}}
policies:
- id: everything
  title: a policy that concerns messages to one side only
  why: benchmark
  owner: nobody
  mode: enforce
  when: {{content: {{phrases: [nothing]}}, recipients: {{scope: {scope}}}}}
"""


def measure_gate(seconds: float, *, concerned: bool) -> float:
    """Return messages of 8.6 KB a second through ``Gate.judge``, eight threads, two workers, an empty register."""
    from safehold import policy
    from safehold.gate import Gate, Rules
    from safehold.gate.facts import NoMaps, Site
    from safehold.model import Envelope, Message, Recipient, ReplyKind
    from safehold.reading.pool import ReaderPool
    from safehold.register.index import Register

    # A folder without policies is refused, so "none" is one that concerns nobody here: nothing is read then.
    text = POLICY.format(scope="external" if concerned else "internal").encode()
    policies = policy.load({"all.yaml": text}, today=date(2025, 6, 2))
    rules = Rules(policies, Register.build(()))
    envelope = Envelope("jo@riverbank.example", (Recipient("a@elsewhere.example"),))
    content = mail_of(8_600)
    now = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
    message = Message(envelope, content, now, {"{auth_authen}": "jo", "i": "4Zq"})
    done, wrong = [0] * 8, [0]
    with ReaderPool(2) as pool:
        gate = Gate(
            rules=lambda: rules, reader=pool, quarantine=None, site=Site(frozenset({"riverbank.example"})),
            expander=NoMaps(), now=lambda: now,
        )  # type: ignore[arg-type]  # fmt: skip
        gate.judge(message)
        end = time.monotonic() + seconds

        def judge(index: int) -> None:
            while time.monotonic() < end:
                wrong[0] += gate.judge(message).kind is not ReplyKind.ACCEPT
                done[index] += 1

        threads = [threading.Thread(target=judge, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if wrong[0]:
        raise RuntimeError("a message was not accepted")
    return sum(done) / seconds


# -- the report -------------------------------------------------------------------------------------------------------

Costs = dict[tuple[str, str], Cost]
Recalls = dict[tuple[str, str], Recall]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _heads(names: list[str], *first: str) -> Iterator[str]:
    yield _row(*first, *(TITLES.get(name, name) for name in names))
    yield "|---" * (len(first) + len(names)) + "|"


def cost_table(costs: Costs, names: list[str]) -> Iterator[str]:
    """Yield the table of CPU time: median milliseconds a file by kind, and how many times ours the others take."""
    yield from _heads(names, "format", "files")
    for kind in dict.fromkeys(KINDS.values()):
        ours = costs.get((kind, "safehold"))
        if ours is None:
            continue
        own = statistics.median(ours.ms) if ours.ms else 0.0
        cells = []
        for name in names:
            cost = costs.get((kind, name), Cost())
            median = statistics.median(cost.ms) if cost.ms else None
            ratio = median / own if median and own and name != "safehold" else None
            times = "" if ratio is None else f" ({ratio:.{0 if ratio >= 10 else 1}f})"
            cells.append("-" if median is None else f"{median:.1f}{times}")
        yield _row(kind, str(len(ours.ms) + ours.failed + ours.left_out), *cells)


def recall_table(recalls: Recalls, names: list[str]) -> Iterator[str]:
    """Yield the table of what was found of what was asked for; how many were asked is ours where one was left out."""
    yield from _heads(names, "found", "asked")
    for key, title in ASKED.items():
        rows = {name: recalls.get((key, name), Recall()) for name in names}
        if rows["safehold"].asked:
            shares = (f"{100 * one.found / one.asked:.1f} %" if one.asked else "-" for one in rows.values())
            yield _row(title, f"{rows['safehold'].asked:,}", *shares)


def whole(recalls: Recalls, names: list[str]) -> Recalls:
    """Return the recall over all formats, as one row of canaries."""
    sums: Recalls = {}
    for name in names:
        parts = [recall for (_, engine_name), recall in recalls.items() if engine_name == name]
        asked, found, count = (sum(getattr(part, what) for part in parts) for what in ("asked", "found", "files"))
        sums["canaries", name] = Recall(asked, found, count)
    return sums


def number_table(costs: Costs, paths: list[Path], *, quick: bool) -> Iterator[str]:
    """Yield what the issue asks of speed, and what was measured."""
    rounds = 200 if quick else 1_000
    yield _row("what", "asked", "measured")
    yield "|---|---|---|"
    yield _row("plain mail of 10 KB, CPU", "2 ms", f"{measure_plain_mail(rounds):.1f} ms")
    if paths:
        yield _row("PDF, CPU a page", "5 ms", f"{measure_pdf_pages(paths):.1f} ms")
        office = [ms for kind in OFFICE for ms in costs.get((kind, "safehold"), Cost()).ms]
        yield _row("Office file, CPU, median", "15 ms", f"{statistics.median(office):.1f} ms")
    for what, seconds in measure_large_messages(paths):
        yield _row(f"message of 10 MB, CPU, {what}", "1 s", f"{seconds:.2f} s")
    for title, taken in measure_hop(rounds):
        yield _row(f"hop to a worker and back, {title}", "0.1 ms" if title == "10 KB" else "-", f"{taken:.3g} ms")
    mean, most, way = measure_recognition(1 if quick else 3)
    yield _row("recognition, CPU a page, all kinds", "2.5 s", f"{mean:.1f} s")
    yield _row(f"recognition, CPU a page, {way}", "2.5 s", f"{most:.1f} s")
    seconds = 3.0 if quick else 10.0
    for concerned, who in ((False, "no policy concerns them"), (True, "all of them read")):
        rate = measure_gate(seconds, concerned=concerned)
        yield _row(f"messages of 8.6 KB a second, {who}", "250", f"{rate:,.0f}")


def remarks(costs: Costs, canaries: Recalls, slowest: list[tuple[float, str]]) -> Iterator[str]:
    """Yield what is not for the documentation."""
    failures: dict[str, int] = defaultdict(int)
    for (_, name), cost in costs.items():
        failures[name] += cost.failed + cost.left_out
    yield "files not read: " + ", ".join(f"{name} {count}" for name, count in failures.items())
    missed = {key: one.asked - one.found for (key, name), one in canaries.items() if name == "safehold"}
    yield "canaries missed here: " + (", ".join(f"{key} {count}" for key, count in missed.items() if count) or "none")
    yield "ten slowest files of ours:"
    yield from (f"  {ms:8.0f} ms  {name}" for ms, name in slowest)


def started() -> list[Engine]:
    """Return the engines that are installed, each started."""
    engines = []
    for name in ENGINES:
        one = Engine(name)
        try:
            one.start()
        except (EOFError, TimeoutError, OSError):
            one.stop()
            print(f"{name}: not installed, left out (pip install safehold[bench])\n")
            continue
        engines.append(one)
    return engines


def main() -> int:
    """Run everything and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    for project in ("tika", "stalwart", "mime4j"):
        parser.add_argument(f"--{project}", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} at the start\n"
    )
    engines = started()
    names = [one.name for one in engines]
    paths = files(arguments.quick) if CORPORA.is_dir() else []
    if not paths:
        print("the corpora are not beside this project: no costs by format\n")

    def show(lines: Iterator[str]) -> None:
        for line in lines:
            print(line, flush=True)
        print()

    costs, slowest = measure_cost(engines, paths)
    show(cost_table(costs, names))
    for one in engines:
        one.spent = 0.0
    canaries = measure_canaries(engines, arguments.quick)
    show(recall_table({**whole(canaries, names), **measure_demands(engines, arguments)}, names))
    for one in engines:
        one.stop()
    show(number_table(costs, paths, quick=arguments.quick))
    show(remarks(costs, canaries, slowest))
    if arguments.json:
        arguments.json.write_text(json.dumps({f"{kind}/{name}": cost.ms for (kind, name), cost in costs.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
