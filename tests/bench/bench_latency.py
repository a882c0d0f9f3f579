# SPDX-License-Identifier: GPL-3.0-or-later
"""What safehold costs: milliseconds a message and messages a second, beside Postfix alone and an accept-all milter.

    python tests/bench/bench_latency.py [--seconds 75] [--people 100000] [--json FILE]     (as root: `make bench`)

One private Postfix has a listener for each variant; all talk to their milter over a unix socket, and what is accepted
is discarded, so that no delivery disturbs.  Rounds are interleaved, every round sends to every variant in a new order,
and everything compared was measured in the same minutes on the same machine: trust the differences and ratios, not
the absolute figures.

Variants:
    postfix        no milter
    accept-all     pymilter that takes the whole message and accepts (accept_all.py)
    unconcerned    safehold, to a recipient whom no policy concerns: it need not read the message
    searched       safehold, to one who is adverse to somebody in the register: everything is read and searched

Messages:
    small          plain and HTML text
    large          the same with a Word document of twelve pages that a font fills up
    with picture   the same with a Word document of twelve pages and a picture without writing (looked at, and given up)

Latency is MAIL FROM to the reply after the final dot, as the client sees it; "kept" connections carry many messages
(as a mail server's do), "new" ones carry one and count connecting and EHLO too (as swaks and most programs do).
"""

import argparse
import base64
import contextlib
import io
import itertools
import json
import os
import platform
import random
import smtplib
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE.parent.parent / "samples"))

import docx  # noqa: E402 - after the path
from documents import DOCX  # noqa: E402
from docx.enum.style import WD_STYLE_TYPE  # noqa: E402
from docx.opc.constants import RELATIONSHIP_TYPE  # noqa: E402
from docx.opc.packuri import PackURI  # noqa: E402
from docx.opc.part import Part  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.postfix import PrivatePostfix, transact, unavailable  # noqa: E402
from PIL import Image  # noqa: E402

SENDER = "jo.marlow@riverbank.example"
NOBODY = "somebody@elsewhere.example"  # no policy concerns him
ADVERSE = "adverse@postbox.example"  # the first person of the made register must be protected from him
VARIANTS = {"postfix": NOBODY, "accept-all": NOBODY, "unconcerned": NOBODY, "searched": ADVERSE}
SMALL_BYTES, LARGE_BYTES = 8_600, 487_000
DOCUMENT_TEXT_BYTES = 30_000  # about twelve pages
SESSIONS = 8

Fill = Callable[[docx.document.Document, random.Random, int], None]

WORDS = """
    the of and to a in that is was for on with as by at from this have be are not which has had will were all their
    meeting report team family review plan school visit week month year please call letter office support worker
    health service council review house road street before after between during letter contact child parent agreed
    discussed attached summary notes actions next previous progress concerns positive attended arranged confirmed
    Thursday Monday June morning afternoon number address details information request response follow update
""".split()  # noqa: SIM905 - read as text, so written as text
STREETS = tuple("Larch Birch Mill Church Station Orchard Quay Heron Tanner Cooper Meadow Bridge Glebe".split())  # noqa: SIM905
KINDS = tuple("Road Street Lane Avenue Close Way Row Walk Terrace Mews".split())  # noqa: SIM905
TOWNS = tuple("Penfold Oldbridge Westmere Northwell Eastholm Tarnfield Riverbank Fenmoor".split())  # noqa: SIM905


# -- what is sent -----------------------------------------------------------------------------------------------


def prose(rng: random.Random, size_bytes: int) -> str:
    """Return ordinary-looking text of about that size, with an address or a number here and there, as mail has them."""
    paragraphs, length = [], 0
    while length < size_bytes:
        sentence = " ".join(rng.choices(WORDS, k=rng.randint(6, 18))).capitalize() + ". "
        if rng.random() < 0.05:
            sentence += f"{rng.randint(1, 200)} {rng.choice(STREETS)} {rng.choice(KINDS)}, {rng.choice(TOWNS)}. "
        if rng.random() < 0.05:
            sentence += f"Call 01632 96{rng.randint(0, 9999):04d}. "
        paragraphs.append(sentence + ("\n\n" if rng.random() < 0.2 else ""))
        length += len(paragraphs[-1])
    return "".join(paragraphs)[:size_bytes]


def body(rng: random.Random, size_bytes: int) -> str:
    """Return a multipart/alternative of about *size_bytes*: the same text plain and as HTML."""
    text = prose(rng, (size_bytes - 380) // 2)
    html = "".join(f"<p>{p}</p>\r\n" for p in text.split("\n\n"))
    wrapped = [_wrapped(text), f"<html><body>{_wrapped(html)}</body></html>"]
    return (
        'Content-Type: multipart/alternative; boundary="=_alt"\r\n\r\n'
        f'--=_alt\r\nContent-Type: text/plain; charset="us-ascii"\r\n\r\n{wrapped[0]}\r\n'
        f'--=_alt\r\nContent-Type: text/html; charset="us-ascii"\r\n\r\n{wrapped[1]}\r\n--=_alt--\r\n'
    )


def _wrapped(text: str) -> str:
    lines, line = [], ""
    for piece in text.replace("\n", " \n ").split(" "):
        if piece == "\n" or len(line) + len(piece) > 72:
            lines.append(line)
            line = ""
        line += piece.strip() + " " if piece.strip() else ""
    return "\r\n".join([*lines, line])


def document(rng: random.Random, size_bytes: int, fill: Fill) -> bytes:
    """Return a Word document with twelve pages of text and something that fills it up to *size_bytes*."""
    made = docx.Document()
    _drop_unused_styles(made)
    _drop_thumbnail(made)
    made.add_heading("Report", level=1)
    for paragraph in prose(rng, DOCUMENT_TEXT_BYTES).split("\n\n"):
        made.add_paragraph(paragraph)
    fill(made, rng, size_bytes - len(_saved(made)))
    return _saved(made)


def add_font(made: docx.document.Document, rng: random.Random, size_bytes: int) -> None:
    """Embed a font, as Word does where it is told to: what cannot be packed and nobody reads."""
    kind = "application/vnd.openxmlformats-officedocument.obfuscatedFont"
    part = Part(PackURI("/word/fonts/font1.odttf"), kind, rng.randbytes(size_bytes), made.part.package)
    made.part.relate_to(part, RELATIONSHIP_TYPE.FONT)


def add_picture(made: docx.document.Document, rng: random.Random, size_bytes: int) -> None:
    """Put in a picture of noise."""
    side = int((size_bytes / 3) ** 0.5)
    picture = io.BytesIO()
    Image.frombytes("RGB", (side, side), rng.randbytes(side * side * 3)).save(picture, "PNG")
    made.add_picture(picture)


def _drop_unused_styles(made: docx.document.Document) -> None:
    """Take out the hundred table styles, twice, of python-docx's template: 18,000 XML elements that no page uses.

    Of 53 real documents the median had 418 elements of styles, the 90th percentile 2,301 (measured 2025).
    """
    for style in list(made.styles):
        if style.type == WD_STYLE_TYPE.TABLE:
            style.delete()
    for name, relation in list(made.part.rels.items()):
        if relation.reltype.endswith("/stylesWithEffects"):
            del made.part.rels[name]


def _drop_thumbnail(made: docx.document.Document) -> None:
    """Take out the little picture of the first page, which 7 of 56 real documents have and the template has too.

    Looking for writing in it costs some 28 ms; what pictures cost is measured by itself.
    """
    for name, relation in list(made.part.package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del made.part.package.rels[name]


def _saved(made: docx.document.Document) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def small(rng: random.Random) -> str:
    """Return the small message, without the headers that differ."""
    return "MIME-Version: 1.0\r\n" + body(rng, SMALL_BYTES - 250)


def with_document(rng: random.Random, fill: Fill) -> str:
    """Return the small message with a document."""
    packed = document(rng, int((LARGE_BYTES - SMALL_BYTES) / 1.366), fill)
    encoded = base64.encodebytes(packed).decode().replace("\n", "\r\n")
    return (
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=_mix"\r\n\r\n'
        f"--=_mix\r\n{body(rng, SMALL_BYTES - 600)}\r\n"
        f'--=_mix\r\nContent-Type: {DOCX}\r\nContent-Disposition: attachment; filename="report.docx"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{encoded}--=_mix--\r\n"
    )


def messages(rng: random.Random) -> dict[str, str]:
    """Return what is sent, by name."""
    return {"small": small(rng), "large": with_document(rng, add_font), "with picture": with_document(rng, add_picture)}


_numbers = itertools.count(1)


def message(template: str, recipient: str) -> bytes:
    """Return a message unlike every other."""
    number = next(_numbers)
    return (
        f"From: <{SENDER}>\r\nTo: <{recipient}>\r\nSubject: report {number}\r\n"
        f"Date: Mon, 02 Jun 2025 09:41:00 +0100\r\nMessage-ID: <{number}.{os.getpid()}@bench.example>\r\n{template}"
    ).encode()


def register_file(path: Path, people: int, rng: random.Random) -> None:
    """Write a register of invented people; the first has `ADVERSE` as adverse party."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(people):
            home = f"{rng.randint(1, 300)} {rng.choice(STREETS)}{_letters(number)} {rng.choice(KINDS)}"
            postcode = f"PF{rng.randint(1, 99)} {rng.randint(1, 9)}{rng.choice('ABDEFGHJ')}{rng.choice('ABDEFGHJ')}"
            person: dict[str, Any] = {
                "id": f"P-{number:07d}",
                "register": "safe-addresses" if number % 2 == 0 else "adoptive-families",
                "values": [
                    {"kind": "address", "value": f"{home}, {rng.choice(TOWNS)} {postcode}", "secret": True},
                    {"kind": "phone", "value": f"07700 90{number % 10000:04d}"},
                ],
                "adverse": [{"id": "F-1", "emails": [ADVERSE if number == 0 else f"f{number}@postbox.example"]}],
            }
            file.write(json.dumps(person) + "\n")


def _letters(number: int) -> str:
    """Return a few lower-case letters, so that streets differ as much as real ones do."""
    letters = ""
    for _ in range(3):
        number, rest = divmod(number * 7 + 11, 26)
        letters += chr(ord("a") + rest)
    return letters


# -- measuring --------------------------------------------------------------------------------------------------


@dataclass
class Series:
    """The measurements of one variant under one load."""

    latencies_ms: list[float] = field(default_factory=list)
    messages: int = 0
    seconds: float = 0.0

    def result(self) -> dict[str, float]:
        cuts = statistics.quantiles(self.latencies_ms, n=20)
        result = {"messages": self.messages, "median_ms": statistics.median(self.latencies_ms), "p95_ms": cuts[18]}
        if self.seconds:
            result["messages_per_s"] = self.messages / self.seconds
        return result


class Bench:
    """Sends to the variants' ports and keeps the figures."""

    def __init__(self, ports: dict[str, int], templates: dict[str, str]) -> None:
        self._ports, self._templates = ports, templates
        self.series: dict[tuple[str, int, str, str], Series] = defaultdict(Series)

    def run(self, seconds: float, rng: random.Random) -> int:
        """Warm up, then run rounds, each in a new order of variants, for so long; return how many."""
        self.round(list(self._ports), WARM_UP)
        self.series.clear()
        rounds, until = 0, time.monotonic() + seconds
        while time.monotonic() < until or rounds < 3:
            self.round(rng.sample(list(self._ports), len(self._ports)), LOADS)
            rounds += 1
        return rounds

    def sizes(self) -> dict[str, int]:
        """Return the size of each message in bytes."""
        return {size: len(message(template, NOBODY)) for size, template in self._templates.items()}

    def round(self, order: Sequence[str], counts: dict[tuple[str, int, str], int]) -> None:
        """Run one round: for every load, every variant in *order*; a load is (size, sessions, connection)."""
        for load, count in counts.items():
            for variant in order:
                self._load(variant, load, count)

    def _load(self, variant: str, load: tuple[str, int, str], count: int) -> None:
        size, sessions, connection = load
        results: list[list[float]] = [[] for _ in range(sessions)]
        mails = [[message(self._templates[size], VARIANTS[variant]) for _ in range(count)] for _ in range(sessions)]
        send = self._kept if connection == "kept" else self._new
        threads = [threading.Thread(target=send, args=(variant, mails[i], results[i])) for i in range(1, sessions)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        send(variant, mails[0], results[0])
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - started
        found = [latency for result in results for latency in result]
        if len(found) != sessions * count:
            raise RuntimeError(f"{variant}: {sessions * count - len(found)} messages were not accepted")
        series = self.series[(*load, variant)]
        series.latencies_ms += found
        series.messages += len(found)
        series.seconds += elapsed

    def _kept(self, variant: str, mails: Sequence[bytes], result: list[float]) -> None:
        with self._client(variant) as client:
            for mail in mails:
                started = time.perf_counter()
                self._send(client, variant, mail)
                result.append((time.perf_counter() - started) * 1000)

    def _new(self, variant: str, mails: Sequence[bytes], result: list[float]) -> None:
        for mail in mails:
            started = time.perf_counter()
            with self._client(variant) as client:
                self._send(client, variant, mail)
                result.append((time.perf_counter() - started) * 1000)

    def _client(self, variant: str) -> smtplib.SMTP:
        client = smtplib.SMTP("127.0.0.1", self._ports[variant], "client.riverbank.example", timeout=120)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.ehlo()
        return client

    @staticmethod
    def _send(client: smtplib.SMTP, variant: str, mail: bytes) -> None:
        sent = transact(client, mail, SENDER, [VARIANTS[variant]])
        if sent.code != 250:
            raise RuntimeError(f"{variant}: {sent.code} {sent.content[1] or sent.mail[1]}")


# One session tells the latency, eight the throughput.  Counts are per session and round.
LOADS = {
    ("small", 1, "kept"): 6,
    ("small", 1, "new"): 4,
    ("large", 1, "kept"): 3,
    ("small", SESSIONS, "kept"): 12,
    ("large", SESSIONS, "kept"): 2,
    ("with picture", 1, "kept"): 2,
    ("with picture", SESSIONS, "kept"): 1,
}
WARM_UP = dict.fromkeys(LOADS, 1)


@contextlib.contextmanager
def accept_all(path: Path) -> Iterator[None]:
    """Run the accept-all milter."""
    process = subprocess.Popen([sys.executable, str(HERE / "accept_all.py"), f"unix:{path}"], umask=0o007)
    try:
        until = time.monotonic() + 15
        while not path.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the accept-all milter does not start")
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def check_that_it_searches(gateway: Gateway, port: int, first_person: dict[str, Any]) -> None:
    """Send the protected address to the adverse party and see it held: what finds nothing is quick, and no gateway."""
    text = f"MIME-Version: 1.0\r\n\r\nHello,\r\n\r\n{first_person['values'][0]['value']}\r\n"
    gateway.postfix.send(message(text, ADVERSE), SENDER, [ADVERSE], port=port)
    if len(gateway.holds()) != 1:
        raise RuntimeError("the protected address was not held: these figures would mean nothing")


def measure_peers(seconds: float) -> dict[str, Any]:
    """Measure Postfix alone and the accept-all milter only: the machine's own figures, without safehold."""
    rng = random.Random(20250602)
    templates = messages(rng)
    with PrivatePostfix({"default_transport": "discard:"}) as postfix, accept_all(postfix.run / "accept.sock"):
        accepting = postfix.listener(smtpd_milters=f"unix:{postfix.run / 'accept.sock'}")
        bench = Bench({"postfix": postfix.port, "accept-all": accepting}, templates)
        rounds = bench.run(seconds, rng)
    return {"machine": machine(), "rounds": rounds, "bytes": bench.sizes(), "results": table(bench.series)}


def measure(seconds: float, people: int) -> dict[str, Any]:
    """Run it all and return the figures."""
    rng = random.Random(20250602)
    templates = messages(rng)
    postfix = PrivatePostfix({"default_transport": "discard:", "smtpd_client_connection_rate_limit": "0"})
    with contextlib.ExitStack() as stack:
        stack.enter_context(postfix)
        people_file = postfix.base / "people.jsonl"
        register_file(people_file, people, rng)
        accept_socket = postfix.run / "accept.sock"
        stack.enter_context(accept_all(accept_socket))
        gateway = Gateway(postfix, register=None, processes=("milter",), attach=False)
        stack.enter_context(gateway)
        started = time.perf_counter()
        gateway.command("register", "import", str(people_file), timeout_s=900)
        import_s = time.perf_counter() - started
        ours = f"unix:{postfix.milter_socket}"
        ports = {
            "postfix": postfix.port,
            "accept-all": postfix.listener(smtpd_milters=f"unix:{accept_socket}"),
            "unconcerned": postfix.listener(smtpd_milters=ours),
        }
        ports["searched"] = ports["unconcerned"]
        restarted = time.perf_counter()
        gateway.stop_process("milter")
        gateway.start_process("milter")
        start_s = time.perf_counter() - restarted
        with people_file.open(encoding="utf-8") as file:
            check_that_it_searches(gateway, ports["searched"], json.loads(file.readline()))
        bench = Bench(ports, templates)
        rounds = bench.run(seconds, rng)
        if len(gateway.holds()) != 1:
            raise RuntimeError("messages were held that contain nothing: these figures would mean nothing")
        memory = rss_mb(gateway.pid("milter"))
    return {
        "machine": machine(),
        "register_people": people,
        "register_import_s": import_s,
        "milter_start_s": start_s,
        "milter_memory_mb": memory,
        "rounds": rounds,
        "bytes": bench.sizes(),
        "results": table(bench.series),
    }


def table(series: dict[tuple[str, int, str, str], Series]) -> list[dict[str, Any]]:
    """Return one row for every load and variant, with what it adds to Postfix alone."""
    rows = []
    for load, variant in itertools.product(LOADS, VARIANTS):
        if (*load, variant) not in series:
            continue
        result, alone = series[(*load, variant)].result(), series[(*load, "postfix")].result()
        rows.append(
            {
                "size": load[0],
                "sessions": load[1],
                "connection": load[2],
                "variant": variant,
                **result,
                "added_ms": result["median_ms"] - alone["median_ms"],
                "rate_ratio": result["messages_per_s"] / alone["messages_per_s"],
            }
        )
    return rows


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process and its descendants, in MB (shared pages counted in each)."""
    children = defaultdict(list)
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after_name = status.read_text().rpartition(")")[2].split()
            children[int(after_name[1])].append(int(status.parent.name))
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        waiting += children[one]
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total / 1e6


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    postfix = subprocess.run(["/usr/sbin/postconf", "-dh", "mail_version"], capture_output=True, text=True, check=False)
    return {"cores": os.cpu_count(), "python": platform.python_version(), "postfix": postfix.stdout.strip()}


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    sizes = ", ".join(f"{size} {count / 1000:.1f} KB" for size, count in figures["bytes"].items())
    print(f"\n{sizes}; {figures['rounds']} interleaved rounds")
    if "register_people" in figures:
        print(
            f"register: {figures['register_people']} people, import {figures['register_import_s']:.1f} s; "
            f"milter: start {figures['milter_start_s']:.1f} s, {figures['milter_memory_mb']:.0f} MB with its workers"
        )
    print("message     sessions conn. variant         median        p95       added   msg/s of alone      n")
    for row in figures["results"]:
        if row["variant"] == "postfix":
            print()
        print(
            f"{row['size']:<12}{row['sessions']:>8} {row['connection']:<6}{row['variant']:<12}"
            f"{row['median_ms']:>7.1f} ms{row['p95_ms']:>8.1f} ms{row['added_ms']:>+8.1f} ms"
            f"{row['messages_per_s']:>8.0f}{row['rate_ratio']:>8.0%}{row['messages']:>8}"
        )


def main() -> int:
    """Measure, print one table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=75, help="how long the rounds run (default 75)")
    parser.add_argument("--people", type=int, default=100_000, help="size of the register (default 100000)")
    parser.add_argument("--peers-only", action="store_true", help="measure the machine without safehold")
    parser.add_argument("--json", type=Path, default=HERE / "latency.json", help="where the figures go")
    options = parser.parse_args()
    reason = unavailable()
    if reason:
        print(f"not measured: {reason}", file=sys.stderr)
        return 77
    figures = measure_peers(options.seconds) if options.peers_only else measure(options.seconds, options.people)
    show(figures)
    options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
