# SPDX-License-Identifier: GPL-3.0-or-later
"""Front ends in processes of their own, with a judge that does what each message tells it to.

libmilter can run once in a process, and signals are a process's affair, so front ends are tested from outside.  A
message says in its ``X-Script`` header what the judge is to reply; the judge writes all it was shown to a file.

Fixtures: `milter` (beside the shared Postfix, which asks it), `proxy` (in front of a sink of its own),
`front` (each of the two in turn).
"""

import ipaddress
import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from harness.postfix import PrivatePostfix, Sent, free_ports
from harness.sink import RecordingSink

A, B, C, D = "a@own.example", "b@example.org", "c@example.org", "d@example.org"


SOCKET = "scripted.sock"  # not the one that whole gateways use


def script(kind: str = "accept", **more: Any) -> bytes:
    """Return a message whose judge replies so.

    Args:
        kind: The ReplyKind.
        more: ``remove`` (addresses), ``add`` (pairs of address and parameters), ``code``, ``hold``, ``seconds`` (how
            long it takes, with progress), ``fail`` (raise).
    """
    order = json.dumps({"kind": kind, **more})
    return f"From: a@own.example\r\nTo: b@example.org\r\nX-Script: {order}\r\n\r\n.dot\r\nlast\r\n".encode()


@dataclass(frozen=True)
class Heard:
    """What the judge was shown."""

    sender: str
    parameters: list[str]
    recipients: list[list[Any]]
    macros: dict[str, str]
    helo: str
    content: bytes = field(repr=False)

    @property
    def addresses(self) -> list[str]:
        """Return the recipients without their parameters."""
        return [address for address, _ in self.recipients]


class FrontEnd:
    """A running front end."""

    def __init__(self, kind: str, where: str, journal: Path, next_hop: str = "") -> None:
        self.journal = journal
        journal.touch()
        command = [sys.executable, __file__, kind, where, str(journal), next_hop]
        # Under umask 022 the socket's own mode is what lets Postfix in.
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, umask=0o022)

    @property
    def log_file(self) -> Path:
        return self.journal.with_suffix(".log")

    @property
    def log(self) -> str:
        """Return what it has written to its log."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def heard(self) -> list[Heard]:
        """Return what the judge was shown since the last `clear`."""
        entries = [json.loads(line) for line in self.journal.read_text(encoding="utf-8").splitlines()]
        return [
            Heard(**{**entry, "content": bytes.fromhex(entry["content"])}) for entry in entries if "content" in entry
        ]

    @property
    def events(self) -> list[str]:
        """Return what else happened: ``started``, ``reload``, ``at_exit``, ``judging``, ``progress``."""
        entries = [json.loads(line) for line in self.journal.read_text(encoding="utf-8").splitlines()]
        return [entry["event"] for entry in entries if "event" in entry]

    def wait_for(self, event: str, count: int = 1, deadline_s: float = 15) -> None:
        """Wait until *event* has happened *count* times."""
        until = time.monotonic() + deadline_s
        while self.events.count(event) < count:
            if time.monotonic() > until or self.process.poll() is not None:
                self.process.kill()
                raise AssertionError(f"no {event}: {self.events}\n{self.log}")
            time.sleep(0.02)

    def clear(self) -> None:
        os.truncate(self.journal, 0)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> tuple[int, str]:
        """Stop it by SIGTERM and return its exit status and its log."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.process.returncode, self.log


@dataclass
class Front:
    """One of the two front ends, as a client and the far side see it."""

    end: FrontEnd
    sink: RecordingSink
    port: int
    settle: Callable[[], None] = lambda: None
    """Wait until all that was accepted has arrived; a proxy has nothing under way."""

    @property
    def heard(self) -> list[Heard]:
        return self.end.heard

    def send(self, content: bytes, sender: str = A, recipients: Sequence[str] = (B,), **options: Any) -> Sent:
        return sender_to(self.port)(content, sender, recipients, **options)


def wait_for_listener(address: str, deadline_s: float = 15) -> None:
    """Wait until *address* (host:port) answers."""
    host, _, port = address.rpartition(":")
    until = time.monotonic() + deadline_s
    while True:
        try:
            socket.create_connection((host, int(port)), 5).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


@pytest.fixture(scope="module")
def _milter_process(_shared_postfix: PrivatePostfix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEnd]:
    journal = tmp_path_factory.mktemp("milter") / "journal"
    end = FrontEnd("milter", f"unix:{_shared_postfix.run / SOCKET}", journal)
    end.wait_for("started")
    yield end
    end.stop()


@pytest.fixture
def milter(postfix: PrivatePostfix, _milter_process: FrontEnd) -> Iterator[Front]:
    """The milter beside the shared Postfix."""
    postfix.use_milter(postfix.run / SOCKET)
    _milter_process.clear()
    yield Front(_milter_process, postfix.sink, postfix.port, postfix.wait_for_empty_queue)
    postfix.wait_for_empty_queue()  # what is under way would else arrive in the next test


@pytest.fixture(scope="module")
def _proxy_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FrontEnd, RecordingSink, int]]:
    with RecordingSink() as sink:
        port = free_ports(1)[0]
        journal = tmp_path_factory.mktemp("proxy") / "journal"
        end = FrontEnd("proxy", f"127.0.0.1:{port}", journal, f"127.0.0.1:{sink.port}")
        end.wait_for("started")
        wait_for_listener(f"127.0.0.1:{port}")
        yield end, sink, port
        end.stop()


@pytest.fixture
def proxy(_proxy_process: tuple[FrontEnd, RecordingSink, int]) -> Front:
    """The proxy in front of a sink of its own."""
    end, sink, port = _proxy_process
    end.clear()
    sink.clear()
    return Front(end, sink, port)


@pytest.fixture(params=["milter", "proxy"])
def front(request: pytest.FixtureRequest) -> Front:
    """Each of the two front ends."""
    return request.getfixturevalue(request.param)


def sender_to(port: int) -> Callable[..., Sent]:
    """Return a function that sends one message to *port*, like `PrivatePostfix.send`."""

    def send(
        content: bytes,
        sender: str,
        recipients: Sequence[str],
        *,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
    ) -> Sent:
        with smtplib.SMTP("127.0.0.1", port, "client.own.example", timeout=60) as client:
            client.ehlo()
            mail = _reply(client.docmd(" ".join([f"MAIL FROM:<{sender}>", *mail_options])))
            # Not client.rcpt: it parses an address and writes it anew.
            told = {r: _reply(client.docmd(" ".join([f"RCPT TO:<{r}>", *rcpt_options]))) for r in recipients}
            if not any(code == 250 for code, _ in told.values()):
                return Sent(told, mail)
            try:
                return Sent(told, mail, _reply(client.data(content)))
            except smtplib.SMTPDataError as refusal:
                return Sent(told, mail, _reply((refusal.smtp_code, refusal.smtp_error)))

    return send


def _reply(reply: tuple[int, bytes | str]) -> tuple[int, str]:
    code, text = reply
    return code, text.decode(errors="replace") if isinstance(text, bytes) else text


# -- the process ------------------------------------------------------------------------------------------------


def main() -> None:
    """Run a front end: kind, where to listen, journal, next hop."""
    import logging

    from safehold.frontends import milterd, smtpd
    from safehold.model import Message, Recipient, Reply, ReplyKind

    kind, where, journal, next_hop = sys.argv[1:]
    logging.basicConfig(level=logging.INFO)
    book = Path(journal).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - as long as the process

    def note(**entry: Any) -> None:
        book.write(json.dumps(entry) + "\n")

    class Scripted:
        def judge(self, message: Message, progress: Callable[[], None] | None = None) -> Reply:
            note(
                sender=message.envelope.sender,
                parameters=message.envelope.parameters,
                recipients=[(r.address, r.parameters) for r in message.envelope.recipients],
                macros=dict(message.macros),
                helo=message.helo,
                content=message.content.hex(),
            )
            note(event="judging")
            head = message.content.partition(b"\r\n\r\n")[0]
            orders = [line[10:] for line in head.split(b"\r\n") if line.startswith(b"X-Script: ")]
            order = json.loads(orders[0]) if orders else {"kind": "accept"}
            until = time.monotonic() + order.get("seconds", 0)
            while time.monotonic() < until:
                time.sleep(0.2)
                if progress is not None:
                    progress()
                    note(event="progress")
            if order.get("fail"):
                raise RuntimeError(f"secret {message.envelope.sender}")
            return Reply(
                ReplyKind(order["kind"]),
                remove=tuple(r for r in message.envelope.recipients if r.address in order.get("remove", ())),
                add=tuple(Recipient(address, tuple(parameters)) for address, parameters in order.get("add", ())),
                code=tuple(order.get("code", ("250", "2.0.0", "ok"))),
                hold=order.get("hold", ""),
            )

    def reload() -> None:
        note(event="reload")
        if Path(journal + ".bad").exists():
            raise ValueError("secret policy")

    def at_exit() -> None:
        note(event="at_exit")

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(journal + ".notify")
        os.environ["NOTIFY_SOCKET"] = journal + ".notify"
        import threading

        milterd.block_signals()
        threading.Thread(
            target=lambda: note(event={b"READY=1": "started"}.get(ready.recv(100), "?")), daemon=True
        ).start()
        if kind == "milter":
            milterd.serve(Scripted(), milterd.MilterSettings(where), reload, at_exit)
        else:
            nobody = (ipaddress.ip_network("192.0.2.0/24"),)
            limits = {
                "proxy-for-others": {"clients": nobody},
                "proxy-without-trust": {"trusted": nobody},
                "proxy-impatient": {"idle_s": 0.5},
            }
            settings = smtpd.SmtpdSettings(where, next_hop, **limits.get(kind, {}))
            smtpd.serve(Scripted(), settings, reload, at_exit)


if __name__ == "__main__":
    main()
