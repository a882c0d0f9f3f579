# SPDX-License-Identifier: GPL-3.0-or-later
"""What reading costs and what it finds, beside other readers, in one run on one machine.

    python tests/bench/bench_reading.py [--quick] [--tika DIR] [--stalwart DIR] [--mime4j DIR] [--json FILE]

Every engine reads the same files in a process of its own, so that one that hangs or dies costs that file only; CPU
time is what that process used.  Trust the ratios, not the milliseconds.  ``--quick`` takes every eighth file; an engine
that has used up its minutes is left out of the rest, and the table says of how many files each figure is.

    safehold      our readers, as a worker runs them, without the hop (that is measured apart)
    kreuzberg     Rust, pdfium inside            \\  the optional extra "bench"; left out, with a word, where they are
    extractous    Apache Tika, compiled          /   not installed
    plain         the libraries one would take: python-docx, pdfminer.six, openpyxl, python-pptx, stdlib email

Recall is asked in two ways: words of the canaries (``tests/canaries``: every place where a format can keep text), and
strings that other projects' tests demand of their own files (``demanded.py``), where checkouts of them are given.

Prints one table in Markdown for the documentation, and the ten worst files.
"""

import argparse
import contextlib
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(PROJECT / "tests")]

CORPORA = PROJECT.parent / "shared" / "corpora"
ENGINES = ("safehold", "kreuzberg", "extractous", "plain")
PER_FILE_S = 20.0
PER_ENGINE_S = 240.0
LARGEST = 6_000_000
KINDS = {
    ".eml": "mail", ".pdf": "PDF", ".docx": "DOCX", ".xlsx": "XLSX", ".pptx": "PPTX", ".odt": "ODF", ".ods": "ODF",
    ".odp": "ODF", ".rtf": "RTF", ".doc": "DOC", ".xls": "XLS", ".ppt": "PPT", ".msg": "MSG", ".html": "HTML",
    ".zip": "archives", ".7z": "archives", ".gz": "archives", ".tgz": "archives",
}  # fmt: skip


# -- the engines, each in a process of its own ------------------------------------------------------------------------


def engine(name: str) -> Callable[[Path], str]:
    """Return what reads a file into one text.

    Raises:
        ImportError: The engine is not installed.
    """
    return {"safehold": _safehold, "kreuzberg": _kreuzberg, "extractous": _extractous, "plain": _plain}[name]()


def _safehold() -> Callable[[Path], str]:
    from safehold.reading.limits import Limits
    from safehold.reading.sandbox import worker, zygote
    from safehold.reading.wire import Hearing, Job, Unpacker

    zygote.import_everything()
    limits = Limits()

    def read(path: Path) -> str:
        hearing, unpacker = Hearing(limits), Unpacker()

        def send(data: bytes) -> None:
            for frame in unpacker.feed(data):
                hearing.take(frame)

        worker.read(Job(None if path.suffix in (".eml", ".mbox") else path.name), path.read_bytes(), limits, send)
        return "\n".join(segment.text for segment in hearing.reading().segments)

    return read


def _kreuzberg() -> Callable[[Path], str]:
    import kreuzberg

    return lambda path: kreuzberg.extract_file_sync(path).content


def _extractous() -> Callable[[Path], str]:
    import extractous

    reader = extractous.Extractor()
    reader.set_extract_string_max_length(4_000_000)

    def read(path: Path) -> str:
        found = reader.extract_file_to_string(str(path))
        return str(found[0] if isinstance(found, tuple) else found)

    return read


def _plain() -> Callable[[Path], str]:
    import email
    import email.policy

    import docx
    import openpyxl
    import pptx
    from pdfminer.high_level import extract_text

    def mail(path: Path) -> str:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        texts = [str(message.get("subject", ""))]
        for part in message.walk():
            if part.get_content_maintype() == "text":
                texts.append(part.get_content())
            texts.append(part.get_filename() or "")
        return "\n".join(texts)

    def word(path: Path) -> str:
        made = docx.Document(str(path))
        rows = (row for table in made.tables for row in table.rows)
        texts = [paragraph.text for paragraph in made.paragraphs]
        return "\n".join([*texts, *(cell.text for row in rows for cell in row.cells)])

    def sheets(path: Path) -> str:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        return "\n".join(
            str(value)
            for sheet in book
            for row in sheet.iter_rows(values_only=True)
            for value in row
            if value is not None
        )

    def slides(path: Path) -> str:
        shapes = (shape for slide in pptx.Presentation(str(path)).slides for shape in slide.shapes)
        return "\n".join(shape.text_frame.text for shape in shapes if shape.has_text_frame)

    table = {
        ".eml": mail,
        ".docx": word,
        ".xlsx": sheets,
        ".pptx": slides,
        ".pdf": lambda path: extract_text(str(path)),
    }

    def read(path: Path) -> str:
        reader = table.get(path.suffix.lower())
        if reader is None:
            raise NotImplementedError
        return str(reader(path))

    return read


def serve(name: str) -> None:
    """Read the files named on standard input; for each print its text and the CPU time it took, as JSON."""
    import logging
    import warnings

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what engines print is none of ours
    read = engine(name)
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        before = time.process_time()
        try:
            answer = {"text": read(Path(line.rstrip("\n")))}
        except NotImplementedError:
            answer = {"skipped": True}
        except BaseException as failure:  # what an engine cannot read is a result
            answer = {"failed": type(failure).__name__}
        answer["ms"] = (time.process_time() - before) * 1000
        print(json.dumps(answer), file=out, flush=True)


class Engine:
    """One engine in its process; started again after a file that killed or hung it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: subprocess.Popen[str] | None = None
        self._spent = 0.0

    def read(self, path: Path) -> dict[str, Any]:
        """Return ``text`` and ``ms``, or ``failed``, ``skipped`` or ``late``."""
        if self._spent > PER_ENGINE_S:
            return {"late": True}
        started = time.monotonic()
        try:
            process = self._process or self._start()
            assert process.stdin is not None
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
            return self._answer(process, PER_FILE_S)
        except (OSError, EOFError):
            self.stop()
            return {"failed": "died"}
        except TimeoutError:
            self.stop()
            return {"failed": "hung", "ms": PER_FILE_S * 1000}
        finally:
            self._spent += time.monotonic() - started

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", self.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._answer(self._process, 60)
        return self._process

    def _answer(self, process: subprocess.Popen[str], seconds: float) -> dict[str, Any]:
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], seconds)[0]:
            raise TimeoutError
        line = process.stdout.readline()
        if not line:
            raise EOFError
        return dict(json.loads(line))

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


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


def _asked(one: Engine, path: Path, strings: list[str], fold: Callable[[str], str], recall: Recall) -> None:
    answer = one.read(path)
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
                for one in engines:
                    _asked(one, path, list(demand.strings), demanded.folded, recalls[project, one.name])
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


def measure_plain_mail(rounds: int) -> float:
    """Return the median CPU milliseconds of a plain mail of 10 KB, in this process."""
    from safehold.reading.limits import Limits
    from safehold.reading.sandbox import worker
    from safehold.reading.wire import Job

    content, limits, taken = mail_of(10_000), Limits(), []
    for _ in range(rounds):
        started = time.process_time()
        worker.read(Job(), content, limits, len)
        taken.append((time.process_time() - started) * 1000)
    return statistics.median(taken)


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
            read(path)
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


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def cost_table(costs: dict[tuple[str, str], Cost], names: list[str]) -> Iterator[str]:
    """Yield the table of CPU time: median by kind, and how many times ours the others take."""
    yield (
        "| format | files | "
        + " | ".join(f"{name} ms" + ("" if name == "safehold" else " (ratio)") for name in names)
        + " | not read |"
    )
    yield "|---" * (len(names) + 3) + "|"
    for kind in dict.fromkeys(kind for kind, _ in costs):
        ours = costs[kind, "safehold"]
        own = statistics.median(ours.ms) if ours.ms else None
        cells, failures = [], []
        for name in names:
            cost = costs[kind, name]
            median = statistics.median(cost.ms) if cost.ms else None
            ratio = f" ({median / own:.1f})" if median and own and name != "safehold" else ""
            cells.append(_ms(median) + ratio)
            if cost.failed or cost.left_out:
                failures.append(f"{name} {cost.failed + cost.left_out}")
        count = len(ours.ms) + ours.failed + ours.left_out
        yield f"| {kind} | {count} | " + " | ".join(cells) + f" | {', '.join(failures) or '-'} |"


def recall_table(recalls: dict[tuple[str, str], Recall], names: list[str], what: str) -> Iterator[str]:
    """Yield the table of what was found of what was asked for."""
    yield f"| {what} | asked | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 2) + "|"
    rows = list(dict.fromkeys(key for key, _ in recalls))
    total: dict[str, Recall] = defaultdict(Recall)
    for row in rows:
        cells = []
        for name in names:
            recall = recalls.get((row, name), Recall())
            total[name].asked += recall.asked
            total[name].found += recall.found
            cells.append(f"{recall.found} ({100 * recall.found / recall.asked:.0f} %)" if recall.asked else "-")
        yield f"| {row} | {recalls[row, 'safehold'].asked} | " + " | ".join(cells) + " |"
    sums = [
        f"{total[n].found} ({100 * total[n].found / total[n].asked:.1f} %)" if total[n].asked else "-" for n in names
    ]
    yield f"| **all** | {total['safehold'].asked} | " + " | ".join(sums) + " |"


def main() -> int:
    """Run everything and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    for project in ("tika", "stalwart", "mime4j"):
        parser.add_argument(f"--{project}", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", choices=ENGINES)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return 0
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} at the start\n"
    )
    engines, names = [], []
    for name in ENGINES:
        one = Engine(name)
        try:
            one._start()
        except (EOFError, TimeoutError, OSError):
            one.stop()
            print(f"{name}: not installed, left out (pip install safehold[bench])\n")
            continue
        engines.append(one)
        names.append(name)
    out = sys.stdout
    paths = files(arguments.quick) if CORPORA.is_dir() else []
    if not paths:
        print("the corpora are not beside this project: no costs by format\n")
    costs, slowest = measure_cost(engines, paths)
    print("\n".join(cost_table(costs, names)), file=out)
    print(file=out, flush=True)
    for one in engines:
        one._spent = 0.0
    print("\n".join(recall_table(measure_canaries(engines, arguments.quick), names, "canaries")), file=out)
    print(file=out, flush=True)
    demands = measure_demands(engines, arguments)
    if demands:
        print("\n".join(recall_table(demands, names, "demanded by the tests of")), file=out)
        print(file=out, flush=True)
    for one in engines:
        one.stop()
    rounds = 200 if arguments.quick else 1_000
    print("| what | measured |\n|---|---|", file=out)
    print(f"| plain mail of 10 KB, CPU | {measure_plain_mail(rounds):.2f} ms |", file=out)
    print(f"| PDF, CPU a page | {measure_pdf_pages(paths):.2f} ms |", file=out)
    for title, taken in measure_hop(rounds):
        print(f"| hop to a worker and back, {title} | {taken:.3f} ms |", file=out)
    seconds = 3.0 if arguments.quick else 10.0
    print(
        f"| messages of 8.6 KB a second, no policy concerns them | {measure_gate(seconds, concerned=False):.0f} |",
        file=out,
    )
    print(f"| messages of 8.6 KB a second, all of them read | {measure_gate(seconds, concerned=True):.0f} |", file=out)
    print("\nten slowest files of ours:", file=out)
    for ms, name in slowest:
        print(f"  {ms:8.0f} ms  {name}", file=out)
    print()
    if arguments.json:
        arguments.json.write_text(json.dumps({f"{kind}/{name}": cost.ms for (kind, name), cost in costs.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
