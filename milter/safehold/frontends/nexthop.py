# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy's session with the next hop: a small SMTP client on asyncio that passes on exactly what it is given.

Commands are single lines, replies come back whole, dots are stuffed, and every wait has a limit.  smtplib is not
used because it rewrites addresses and blocks.  Everything that is not a well-formed reply in time is a NextHopError.

Source: RFC 5321 (4.5.3.2 for the time limits).
"""

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
_REPLY_LINES_LIMIT = 100
_LINE_LIMIT_BYTES = 4096
_WRITE_BYTES = 2**18


class NextHopError(Exception):
    """The next hop is away, closed, stalled, about to close (421), or did not speak SMTP."""


@dataclass(frozen=True, slots=True)
class NextHopTimes:
    """How long to wait, in seconds: RFC 5321's minimum for a client, but for the connection."""

    connect_s: float = 30.0
    reply_s: float = 300.0
    end_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply, all lines of it."""

    code: int
    lines: tuple[str, ...] = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Return whether it is a 2xx."""
        return 200 <= self.code < 300

    @property
    def text(self) -> str:
        """Return the reply as it goes over the wire, without the last line end."""
        head = [f"{self.code}-{line}" for line in self.lines[:-1]]
        return "\r\n".join((*head, f"{self.code} {self.lines[-1]}"))


class NextHop:
    """One open session; not to be used by two tasks at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, times: NextHopTimes) -> None:
        self._reader = reader
        self._writer = writer
        self._times = times
        self.extensions: Mapping[str, str] = {}

    @classmethod
    async def connect(cls, address: str, hostname: str, times: NextHopTimes) -> "NextHop":
        """Return a session after greeting and EHLO.

        Raises:
            NextHopError: Nobody answers, or not with 2xx.
        """
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(times.connect_s):
                reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), limit=_LINE_LIMIT_BYTES)
        except (OSError, TimeoutError):
            raise NextHopError("cannot connect") from None
        hop = cls(reader, writer, times)
        try:
            await hop._greet(hostname)
        except BaseException:
            hop.close()
            raise
        return hop

    async def _greet(self, hostname: str) -> None:
        greeting = await self._answer(self._times.reply_s)
        hello = await self.command(f"EHLO {hostname}")
        if not (greeting.is_success and hello.is_success):
            raise NextHopError("does not greet")
        self.extensions = dict(_extension(line) for line in hello.lines[1:])

    @property
    def is_open(self) -> bool:
        """Return whether it has not closed, as far as one can know without listening."""
        return not (self._reader.at_eof() or self._writer.is_closing())

    async def is_there(self) -> bool:
        """Return whether it can be spoken to: what it says unasked is its goodbye (421), and it will not listen.

        To be asked between replies only.
        """
        if not self.is_open:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):
                await self._reader.read(1)  # comes at once, or not at all
                self.close()
        return self.is_open

    async def command(self, line: str) -> Answer:
        """Send one command and return its reply.

        Raises:
            NextHopError: No reply came.
        """
        await self._write(line.encode("utf-8", "surrogateescape") + b"\r\n")
        return await self._answer(self._times.reply_s)

    async def data(self, content: bytes) -> Answer:
        """Send DATA and the content, and return the reply to the one that was refused, or to the end.

        Raises:
            NextHopError: No reply came; whether the message was taken is then unknown.
        """
        go_ahead = await self.command("DATA")
        if go_ahead.code != 354:
            if go_ahead.code < 400:
                raise NextHopError("does not follow the protocol")
            return go_ahead
        stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
        for start in range(0, len(stuffed), _WRITE_BYTES):
            await self._write(stuffed[start : start + _WRITE_BYTES])
        await self._write(b".\r\n" if not stuffed or stuffed.endswith(b"\r\n") else b"\r\n.\r\n")
        return await self._answer(self._times.end_s)

    def close(self) -> None:
        """Say goodbye without waiting for an answer."""
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.write(b"QUIT\r\n")
            self._writer.close()

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._times.reply_s):
                self._writer.write(data)
                await self._writer.drain()
        except (OSError, TimeoutError):
            raise NextHopError("does not read") from None

    async def _answer(self, patience_s: float) -> Answer:
        lines: list[str] = []
        try:
            async with asyncio.timeout(patience_s):
                while len(lines) < _REPLY_LINES_LIMIT:
                    match = _REPLY_LINE.fullmatch((await self._reader.readuntil(b"\n")).rstrip(b"\r\n"))
                    if match is None:
                        raise NextHopError("does not speak SMTP")
                    if match[1] == b"421":
                        raise NextHopError("closes")
                    lines.append((match[3] or b"").decode("utf-8", "replace"))
                    if match[2] != b"-":
                        return Answer(int(match[1]), tuple(lines))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise NextHopError("does not answer") from None
        raise NextHopError("does not stop answering")


def _extension(line: str) -> tuple[str, str]:
    name, _, value = line.partition(" ")
    return name.upper(), value.strip()
