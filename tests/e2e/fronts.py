# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole gateway behind either front end: the milter beside Postfix, or the SMTP proxy in front of it.

A test sends by `Fronted.send` and asks for the process by `Fronted.front`; what it asserts is the same for both.
Module-scoped fixtures take `FRONTS` as their parameters; `MILTER_ONLY` marks tests of what only the milter has.  (What
only the proxy has is in a module of its own: pytest tells parameters apart by their number, and would start gateways
anew for each test.)
"""

import contextlib
import re
import smtplib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from frontend_judges import wait_for_listener
from harness.gateway import OWN_DOMAIN, Books, Gateway
from harness.postfix import PrivatePostfix, Sent, free_ports

FRONTS = ("milter", "proxy")
MILTER_ONLY = pytest.mark.parametrize("_gateway", ["milter"], indirect=True)
SENDER = f"jo.marlow@{OWN_DOMAIN}"
B, C = "gareth.wren@postbox.example", "listings@familycourt.example"  # B: from whom the address is secret
SECRET = "She is at 27 Larkspur Lane, Westmere, PF7 3QX."
FAULTY = Path(__file__).with_name("faulty_safehold.py")


class Fronted(Gateway):
    """A gateway whose mail comes in by the front end *kind*, a process with faults (`faulty_safehold`).

    Attributes:
        front: The process that takes mail: ``milter`` or ``smtpd``.
        port: Where clients send to.
    """

    def __init__(
        self,
        kind: str,
        postfix: PrivatePostfix,
        faults: Path,
        *,
        settings: Mapping[str, Any] = MappingProxyType({}),
        **more: Any,
    ) -> None:
        self.is_proxy = kind == "proxy"
        self.front = "smtpd" if self.is_proxy else "milter"
        self._proxy_port = free_ports(1)[0]
        hops = {"listen": f"127.0.0.1:{self._proxy_port}", "next_hop": f"127.0.0.1:{postfix.port}"}
        super().__init__(
            postfix,
            settings={**settings, "smtpd": hops},
            programs={self.front: (sys.executable, str(FAULTY), str(faults), self.front)},
            processes=("guard", self.front),
            attach=not self.is_proxy,
            **more,
        )

    @property
    def port(self) -> int:
        return self._proxy_port if self.is_proxy else self.postfix.port

    def _await_service(self, name: str) -> None:
        if name == "smtpd":
            wait_for_listener(f"127.0.0.1:{self._proxy_port}", 30)
        else:
            super()._await_service(name)

    def send(self, content: bytes, sender: str, recipients: Sequence[str], **options: Any) -> Sent:
        """Send as a client does; where the connection breaks before the reply, that has code 0."""
        try:
            return self.postfix.send(content, sender, recipients, port=self.port, **options)
        except (smtplib.SMTPServerDisconnected, ConnectionError):
            return Sent()

    def logs(self) -> str:
        log = self._log("smtpd")
        return super().logs() + (log.read_text(errors="replace") if log.exists() else "")


def told(gateway: Fronted, books: Books, hold_id: str) -> Counter[str]:
    """Return how many notices that name the hold everybody has, once all are sent."""
    books.work()
    return gateway.told(hold_id)


def again(content: bytes) -> bytes:
    """Return the mail as a client sends it the next time: with another Date."""
    return re.sub(rb"Date: [^\r]*", b"Date: Mon, 02 Jun 2025 10:17:00 +0100", content)


@contextlib.contextmanager
def half_sent(gateway: Fronted, content: bytes, *recipients: str) -> Iterator[smtplib.SMTP]:
    """Yield a session in which half of a message has been sent."""
    client = smtplib.SMTP("127.0.0.1", gateway.port, "client.own.example", timeout=60)
    try:
        client.ehlo()
        assert client.mail(SENDER)[0] == 250
        for recipient in recipients:
            assert client.rcpt(recipient)[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(content[: len(content) // 2])
        yield client
    finally:
        client.close()


def end(client: smtplib.SMTP, content: bytes) -> int:
    """Send the rest and return the reply's code; 0 where none came."""
    try:
        client.send(content[len(content) // 2 :] + b".\r\n")
        return client.getreply()[0]
    except (smtplib.SMTPServerDisconnected, OSError):
        return 0


def restart_postfix(gateway: Fronted) -> None:
    master = Path(f"/proc/{gateway.postfix._master()}")
    gateway.postfix._postfix("stop")
    gateway.postfix.wait_until(lambda: not master.exists(), "Postfix to end")
    gateway.postfix._postfix("start")
    gateway.postfix._await_port(gateway.postfix._port)
