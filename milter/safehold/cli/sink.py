# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server that delivers into Maildirs: the far end of ``safehold run``, so that a first try needs no other.

Loopback only: it accepts mail for everybody.
"""

import asyncio
import contextlib
import ipaddress
import mailbox
import re
import signal
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

# What may stand in a folder's name; everything else in an address becomes "_" (no traversal, no surprise).
_UNSAFE = re.compile(r"[^A-Za-z0-9@.+-]|^\.")


def folder_of(directory: Path, address: str) -> Path:
    """Return the folder that the mail of *address* lies in."""
    return directory / _UNSAFE.sub("_", address.lower())


def maildir(directory: Path, address: str) -> mailbox.Maildir:
    """Return the Maildir of *address* below *directory*, made if need be."""
    directory.mkdir(parents=True, exist_ok=True)
    return mailbox.Maildir(folder_of(directory, address))


class _Deliver:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        trace = f"Return-Path: <{(envelope.mail_from or '').strip('<>')}>\r\n".encode("utf-8", "surrogateescape")
        for recipient in envelope.rcpt_tos:
            folder = maildir(self._directory, recipient)
            folder.add((trace + envelope.original_content).replace(b"\r\n", b"\n"))
        return "250 2.0.0 Ok: delivered"


async def _serve(host: str, port: int, directory: Path) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    handler = _Deliver(directory)
    server = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True, data_size_limit=64 << 20, ident="safehold sink"), host, port
    )
    async with server:
        await stopped.wait()


def main(arguments: list[str]) -> int:
    """Deliver until SIGTERM."""
    address, directory = arguments
    host, _, port = address.rpartition(":")
    if not ipaddress.ip_address(host).is_loopback:
        print("the sink accepts mail for everybody and so listens on loopback only", file=sys.stderr)
        return 2
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(host, int(port), Path(directory)))
    return 0
