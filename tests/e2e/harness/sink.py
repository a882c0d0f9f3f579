# SPDX-License-Identifier: GPL-3.0-or-later
"""The far side of the mail system: an SMTP server that records all it is given, and can be told to misbehave.

aiosmtpd speaks the protocol; we take the ESMTP parameters off MAIL and RCPT before it sees them, because it answers
555 to RET, ENVID, NOTIFY and ORCPT (tried with 1.4.6), and those are exactly what a release must preserve.

Everything runs on one event loop in one thread.  `deliveries` is a tuple that is replaced, never changed, so any
thread may read it.
"""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

# How often a relay is told to try again: a scan of Postfix's queue that meets a message still being delivered skips
# it, and once in some sixty runs left it for longer than any test waits.
TRY_AGAIN_S = 3.0

# A path and what follows it: "<a@b> RET=HDRS".  A quoted local part may hold ">".
PATH = re.compile(r'^(\w+:\s*<(?:"(?:\\.|[^"\\])*"|[^">])*>)\s*(.*)$', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it arrived: envelope with all parameters, and the exact bytes between DATA and the dot."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    mail_parameters: tuple[str, ...] = ()
    rcpt_parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def message(self) -> EmailMessage:
        """Return the content as the standard library reads it."""
        return message_from_bytes(self.content, policy=policy.default)  # type: ignore[return-value]

    def parameters_of(self, recipient: str) -> tuple[str, ...]:
        """Return the ESMTP parameters that came with RCPT TO of *recipient*."""
        return dict(self.rcpt_parameters)[recipient]


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong at the far side.

    Attributes:
        at: ``mail``, ``rcpt``, ``data`` (in answer to the DATA command) or ``content`` (after the dot).
        reply: The line to answer with; "" answers as usual (for a mere delay).
        recipient: Only for this recipient (``rcpt`` only); "" for every one.
        times: How often it happens; None for ever.
        delay_s: Wait so long first.
        hang_up_after: Write these bytes in place of a reply and drop the connection, e.g. ``b"25"``.
    """

    at: str
    reply: str = ""
    recipient: str = ""
    times: int | None = 1
    delay_s: float = 0.0
    hang_up_after: bytes | None = None


class RecordingSink:
    """An SMTP server on 127.0.0.1 that keeps what it accepts in memory.

    Use as a context manager, or `start` and `stop`.
    """

    def __init__(self) -> None:
        self.deliveries: tuple[Delivery, ...] = ()
        self.attempts: list[str] = []  # every command that a fault met, e.g. "rcpt b@example.org"
        # Called now and then while a delivery is waited for: whoever relays here may need to be told to try again.
        self.try_again: Callable[[], None] = lambda: None
        self._faults: list[Fault] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)
        self._ready = threading.Event()

    # -- what a test says ---------------------------------------------------------------------------------------

    def fail(self, fault: Fault) -> None:
        """Add a fault; the first that fits a command is used."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Forget all deliveries and faults."""
        self.deliveries = ()
        self.attempts.clear()
        self._faults.clear()

    def to(self, recipient: str) -> tuple[Delivery, ...]:
        """Return what arrived for *recipient*."""
        return tuple(d for d in self.deliveries if recipient in d.recipients)

    def wait(
        self, count: int = 1, *, where: Callable[[Delivery], bool] = lambda _: True, deadline_s: float = 20
    ) -> tuple[Delivery, ...]:
        """Return the deliveries that fit *where* as soon as there are *count*; AssertionError past the deadline."""
        began = time.monotonic()
        again_at = began + TRY_AGAIN_S
        while (now := time.monotonic()) < began + deadline_s:
            fitting = tuple(d for d in self.deliveries if where(d))
            if len(fitting) >= count:
                return fitting
            if now > again_at:
                self.try_again()
                again_at = now + TRY_AGAIN_S
            time.sleep(0.02)
        raise AssertionError(f"the sink has {len(self.deliveries)} messages, fewer than {count} of those awaited")

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listen; returns itself."""
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the sink did not start")
        return self

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(lambda: _Protocol(self), sock=self._socket))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.close()

    # -- what the protocol asks ---------------------------------------------------------------------------------

    def _take_fault(self, at: str, recipient: str = "") -> Fault | None:
        for fault in self._faults:
            if fault.at == at and fault.recipient in ("", recipient) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                self.attempts.append(f"{at} {recipient}".strip())
                return fault
        return None

    def _record(self, delivery: Delivery) -> None:
        self.deliveries = (*self.deliveries, delivery)


class _Protocol(SMTP):
    """aiosmtpd with ESMTP parameters kept and faults played."""

    line_length_limit = 2**26  # nothing that Postfix sends is too long for us

    def __init__(self, sink: RecordingSink) -> None:
        super().__init__(
            self, data_size_limit=None, enable_SMTPUTF8=True, hostname="sink.example", loop=sink._loop, ident="sink"
        )
        self._sink = sink
        self._mail_parameters: tuple[str, ...] = ()
        self._rcpt_parameters: list[tuple[str, tuple[str, ...]]] = []

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-SIZE 0", "250-DSN", "250-PIPELINING", "250-ENHANCEDSTATUSCODES", *responses[1:]]

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        path, self._mail_parameters = _split(arg)
        self._rcpt_parameters = []
        if not await self._misbehave("mail"):
            await super().smtp_MAIL(path)
            if "SMTPUTF8" in self._mail_parameters and self.envelope is not None:
                self.envelope.smtp_utf8 = True

    @syntax("RCPT TO: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        path, parameters = _split(arg)
        recipient = (path or "").partition("<")[2].rstrip(">")
        if await self._misbehave("rcpt", recipient):
            return
        self._rcpt_parameters.append((recipient, parameters))
        await super().smtp_RCPT(path)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        if not await self._misbehave("data"):
            await super().smtp_DATA(arg)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._sink._take_fault("content")
        if fault is not None:
            reply = await self._play(fault)
            if reply:
                return reply
        sender = envelope.mail_from or ""
        self._sink._record(
            Delivery(
                sender="" if sender == "<>" else sender,
                recipients=tuple(envelope.rcpt_tos),
                content=bytes(envelope.original_content or b""),
                mail_parameters=self._mail_parameters,
                rcpt_parameters=tuple(p for p in self._rcpt_parameters if p[0] in envelope.rcpt_tos),
            )
        )
        return f"250 2.0.0 recorded as {len(self._sink.deliveries)}"

    async def _misbehave(self, at: str, recipient: str = "") -> bool:
        """Play the fault for this command if there is one; return whether a reply has been given."""
        fault = self._sink._take_fault(at, recipient)
        reply = "" if fault is None else await self._play(fault)
        if reply:
            await self.push(reply)
        return bool(reply)

    async def _play(self, fault: Fault) -> str:
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.hang_up_after is not None:
            self._writer.write(fault.hang_up_after)
            await self._writer.drain()
            raise ConnectionResetError("as scripted")
        return fault.reply


def _split(arg: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the command's argument without its parameters, and the parameters as given."""
    match = PATH.match(arg or "")
    if match is None:
        return arg, ()
    return match[1], tuple(match[2].split())
