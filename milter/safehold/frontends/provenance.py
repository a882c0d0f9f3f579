# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the messages of one proxy session come from: its peer, and what a trusted peer says of its own clients.  Pure.

XCLIENT speaks of the connection, XFORWARD of the next message only.  Sources: Postfix's XCLIENT_README and
XFORWARD_README.
"""

from collections.abc import Mapping

from safehold.frontends import commands


class Provenance:
    """What is known of the client behind a peer; attributes by XCLIENT's and XFORWARD's names."""

    def __init__(self, peer: str) -> None:
        self.helo = ""
        self._peer = peer
        self._client: dict[str, str] = {}
        self._forwarded: dict[str, str] = {}

    def client_is(self, attributes: Mapping[str, str]) -> None:
        """Note XCLIENT: who the client of this connection really is."""
        self._client |= attributes

    def forward(self, attributes: Mapping[str, str]) -> None:
        """Note XFORWARD: where the next message comes from."""
        self._forwarded |= attributes

    def message_ended(self) -> None:
        """Forget what was said of one message."""
        self._forwarded.clear()

    def announcement(self, wanted: str) -> str:
        """Return the XFORWARD command for a next hop that wants those attributes, or "" for none."""
        names = wanted.upper().split()
        said = [f"{name}={commands.xtext(value)}" for name, value in self._forwarded.items() if name in names]
        return " ".join(("XFORWARD", *said)) if said else ""

    @property
    def client_name(self) -> str:
        """Return what the client calls itself."""
        return self._forwarded.get("HELO") or self._client.get("HELO") or self.helo

    def macros(self) -> dict[str, str]:
        """Return under the milter protocol's names what is known of the client; the address always, others if known."""
        said = {**self._client, **self._forwarded}
        # Without an address, SOURCE tells mail of sendmail(1) (nobody's address, as in the milter protocol's case) from
        # that of an unknown stranger.  With one, it only says how Postfix completes headers.
        without_address = "" if said.get("SOURCE", "").upper() == "LOCAL" else "unknown"
        address = (said["ADDR"] or without_address) if "ADDR" in said else self._peer
        names = {"NAME": "{client_name}", "PORT": "{client_port}", "LOGIN": "{auth_authen}", "IDENT": "i"}
        known = {macro: said[name] for name, macro in names.items() if said.get(name)}
        return {"{client_addr}": address, **known}
