# SPDX-License-Identifier: GPL-3.0-or-later
"""The way on from one client of the proxy: a session with the next hop, kept, replaced and put right as need be.

Between messages a session that closed is replaced in silence (Postfix ends one after 300 quiet seconds); within a
message it cannot be, unless the whole message is here already and its transaction is put anew.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from safehold.frontends import commands
from safehold.frontends.nexthop import Answer, NextHop, NextHopError
from safehold.frontends.provenance import Provenance
from safehold.model import Envelope, Recipient


class Onward:
    """The next hop, as one client's messages meet it."""

    def __init__(self, connect: Callable[[], Awaitable[NextHop]]) -> None:
        self._connect = connect
        self._hop: NextHop | None = None
        self._promised: frozenset[str] = frozenset()

    def promise(self, extensions: Iterable[str]) -> None:
        """Remember what of the next hop's the client was offered: a later session must offer it too."""
        self._promised = frozenset(extensions)

    async def session(self) -> NextHop:
        """Return an open session, a new one where there is none.

        Raises:
            NextHopError: There is none, or it does not offer any more what the client was told it may use.
        """
        if self._hop is not None and await self.is_there():
            return self._hop
        self.close()
        self._hop = await self._connect()
        if not self._promised <= self._hop.extensions.keys():
            self.close()
            raise NextHopError("offers less than it did")
        return self._hop

    def standing(self) -> NextHop:
        """Return the session in which a transaction stands open.

        Raises:
            NextHopError: It closed, and the transaction with it.
        """
        if self._hop is None or not self._hop.is_open:
            raise NextHopError("closed")
        return self._hop

    async def is_there(self) -> bool:
        """Return whether there is a session that can be spoken to."""
        return self._hop is not None and await self._hop.is_there()

    async def begin(self, sender: str, parameters: Sequence[str], provenance: Provenance) -> Answer:
        """Begin a transaction, having told the next hop whose mail it is, where it wants to know."""
        hop = await self.session()
        words = provenance.announcement(hop.extensions.get("XFORWARD", ""))
        if words:
            await hop.command(words)
        return await hop.command(commands.mail(sender, parameters, hop.extensions))

    async def begin_anew(
        self, envelope: Envelope, recipients: Sequence[Recipient], provenance: Provenance
    ) -> Answer | None:
        """Put the transaction for other recipients; return the refusal if there is one, a temporary one first."""
        hop = await self.session()
        await hop.command("RSET")
        answers = [await self.begin(envelope.sender, envelope.parameters, provenance)]
        if answers[0].is_success:
            answers += [await self.standing().command(commands.rcpt(recipient)) for recipient in recipients]
        refusals = sorted((a for a in answers if not a.is_success), key=lambda a: a.code)
        if not refusals:
            return None
        await self.reset()
        return refusals[0]

    async def reset(self) -> None:
        """End the transaction; where that fails, end the session with it."""
        if self._hop is None:
            return
        try:
            answer = await self._hop.command("RSET")
        except NextHopError:
            self.close()
        else:
            if not answer.is_success:
                self.close()

    def close(self) -> None:
        """End the session, if there is one."""
        if self._hop is not None:
            self._hop.close()
            self._hop = None
