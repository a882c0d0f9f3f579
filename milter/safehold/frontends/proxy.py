# SPDX-License-Identifier: GPL-3.0-or-later
"""One client of the proxy, and the next hop beside it: how a message is taken, judged and handed on.

The rules are those of :mod:`safehold.frontends.smtpd`.  aiosmtpd gives us the protocol's loop; its own MAIL and RCPT
answer 555 to RET, ENVID, NOTIFY and ORCPT, and its DATA is a loop over lines, so these are ours.
"""

import asyncio
import collections
import logging
import socket
from collections.abc import Awaitable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from aiosmtpd.smtp import SMTP, Session

from safehold.frontends import commands, content
from safehold.frontends.commands import CommandError
from safehold.frontends.conversation import Conversation
from safehold.frontends.nexthop import Answer, NextHop, NextHopError, NextHopTimes
from safehold.frontends.onward import Onward
from safehold.frontends.provenance import Provenance
from safehold.frontends.refusals import refusal
from safehold.frontends.service import InFlight, Judge, log_fault
from safehold.model import TRY_LATER, Message, Recipient, Reply, ReplyKind

log = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

# RFC 5321 4.5.3.1.4 asks for 512 octets; SMTPUTF8 and DSN add some 1,200; an ORCPT in xtext triples its address.
_COMMAND_LIMIT_BYTES = 4096
_BUFFER_BYTES = 2**17

# Offered to our client only where the next hop offers it to us: we can pass on no more than it takes.
_PASSED_ON = ("8BITMIME", "SMTPUTF8", "DSN")

_NO_NEXT_HOP = b"421 4.4.1 next hop does not answer; please retry\r\n"
_LOST_NEXT_HOP = "451 4.4.2 next hop did not take the message; please retry"


@dataclass(frozen=True, slots=True)
class SmtpdSettings:
    """Where to listen, whom to hand on to, and the limits.

    Attributes:
        listen, next_hop: ``host:port``; an IPv6 host in brackets.
        clients: Who may connect at all.
        trusted: Who may use XFORWARD and XCLIENT.
        hostname: Our name in greetings; "" for the machine's.
        size_bytes: Largest message taken, advertised as SIZE (or the next hop's, where that is smaller).
        recipient_limit: Most recipients of one message.
        workers: Messages judged at the same time; most of them wait for a reader, and their bytes are here anyhow.
        idle_s: How long a client may be silent.
        drain_s: How long a stop waits for messages that have ended and not been answered.
    """

    listen: str = "127.0.0.1:10025"
    next_hop: str = "127.0.0.1:10026"
    clients: tuple[Network, ...] = LOOPBACK
    trusted: tuple[Network, ...] = LOOPBACK
    hostname: str = ""
    size_bytes: int = 100 * 2**20
    recipient_limit: int = 1_000
    workers: int = 64
    idle_s: float = 300.0
    drain_s: float = 60.0
    times: NextHopTimes = field(default_factory=NextHopTimes)


class Desk:
    """What all sessions of one listener share."""

    def __init__(self, judge: Judge, settings: SmtpdSettings) -> None:
        self.settings = settings
        self.hostname = settings.hostname or socket.gethostname()
        self.sessions: set[Client] = set()
        self.in_flight = InFlight()
        self._judge = judge
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="judge")

    async def ask(self, message: Message) -> Reply:
        """Return the judge's reply, from a thread: reading a message may take half a minute."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._ask, message)

    def _ask(self, message: Message) -> Reply:
        try:
            return self._judge.judge(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail waits
            log_fault("judge", error)
            return TRY_LATER

    async def connect(self) -> NextHop:
        """Return an open session with the next hop."""
        return await NextHop.connect(self.settings.next_hop, self.hostname, self.settings.times)


class Client(SMTP):
    """One client's connection, and beside it ours to the next hop."""

    # aiosmtpd reads these as attributes of the class.
    line_length_limit = _BUFFER_BYTES
    command_size_limit = _COMMAND_LIMIT_BYTES

    def __init__(self, desk: Desk) -> None:
        # aiosmtpd keeps one table of limits for all servers of the process; ours is our own.
        self.command_size_limits: dict[str, int] = collections.defaultdict(lambda: _COMMAND_LIMIT_BYTES)
        super().__init__(
            None,
            data_size_limit=desk.settings.size_bytes,
            enable_SMTPUTF8=True,
            hostname=desk.hostname,
            ident="ESMTP",
            timeout=desk.settings.idle_s,
            loop=asyncio.get_running_loop(),
        )
        self._desk = desk
        self._conversation = Conversation(limit_bytes=desk.settings.size_bytes)
        self._provenance = Provenance("")
        self._onward = Onward(desk.connect)
        self._is_lost = False  # this message cannot go on, by no fault of the client's
        self._is_trusted = False
        self._is_admitted = False
        self.is_busy = False

    # -- the connection --

    # Not a property: aiosmtpd looks at every attribute of a new server, before there is a session.
    def _known_session(self) -> Session:
        if self.session is None:
            raise ConnectionResetError
        return self.session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let in whom we know."""
        name = transport.get_extra_info("peername")
        peer = str(name[0]) if isinstance(name, tuple) else ""
        self._provenance = Provenance(peer)
        self._is_admitted = _is_in(peer, self._desk.settings.clients)
        if not self._is_admitted:
            _say_and_close(transport, b"554 5.7.1 not for you\r\n")
            return
        self._is_trusted = _is_in(peer, self._desk.settings.trusted)
        self._desk.sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Let the next hop go with the client: a transaction that was not answered did not happen."""
        self._desk.sessions.discard(self)
        self._onward.close()
        if self._is_admitted:
            super().connection_lost(error)

    async def handle_exception(self, error: Exception) -> str:
        """Answer what nobody foresaw: mail waits."""
        log_fault("session", error)
        self._lose()
        return f"451 4.3.0 {TRY_LATER.code[2]}"

    def dismiss(self) -> None:
        """End an idle session because we stop."""
        _say_and_close(self.transport, b"421 4.3.2 service is stopping\r\n")

    def _timeout_cb(self) -> None:
        """End a session that is silent for too long (aiosmtpd's name; its own says nothing to the client)."""
        _say_and_close(self.transport, b"421 4.4.2 silent for too long\r\n")

    # -- commands --

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Greet, and offer what the next hop offers us."""
        await self._greet(hostname, is_extended=True)

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Greet an old client."""
        await self._greet(hostname, is_extended=False)

    async def _greet(self, hostname: str | None, *, is_extended: bool) -> None:
        if not hostname or not commands.is_printable(hostname):
            await self.push("501 5.5.4 name yourself")
            return
        self._abort()
        self._onward.promise(())
        try:
            hop = await self._onward.session()
        except NextHopError as error:
            log_fault("next_hop", error)
            _say_and_close(self.transport, _NO_NEXT_HOP)
            return
        self._onward.promise(name for name in _PASSED_ON if name in hop.extensions)
        self._known_session().host_name = hostname
        self._known_session().extended_smtp = is_extended
        self._provenance.helo = hostname
        offers = self._offers(hop) if is_extended else []
        lines = [self.hostname, *offers]
        for line in lines[:-1]:
            await self.push(f"250-{line}")
        await self.push(f"250 {lines[-1]}")

    def _offers(self, hop: NextHop) -> list[str]:
        offers = ["PIPELINING", f"SIZE {self._size_limit(hop)}", "ENHANCEDSTATUSCODES"]
        offers += [name for name in _PASSED_ON if name in hop.extensions]
        if self._is_trusted:
            offers += [f"XFORWARD {' '.join(commands.XFORWARD)}", f"XCLIENT {' '.join(commands.XCLIENT)}"]
        return offers

    def _offered(self, hop: NextHop) -> frozenset[str]:
        """Return the extensions whose parameters the client may use; none after HELO."""
        return frozenset({*hop.extensions, "SIZE"}) if self._known_session().extended_smtp else frozenset()

    def _size_limit(self, hop: NextHop) -> int:
        theirs = hop.extensions.get("SIZE", "")
        ours = self._desk.settings.size_bytes
        return min(ours, int(theirs)) if theirs.isdigit() and int(theirs) > 0 else ours

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Begin a message, here and at the next hop."""
        if await self.check_helo_needed():
            return
        if self._conversation.is_open:
            await self.push("503 5.5.1 a message has begun already")
            return
        self._is_lost = False
        await self._step(self._mail(arg))

    async def _mail(self, arg: str | None) -> Answer:
        hop = await self._onward.session()
        sender, parameters = commands.path("FROM", arg, commands.MAIL_PARAMETERS, self._offered(hop))
        commands.check_size(parameters, self._size_limit(hop))
        answer = await self._onward.begin(sender, parameters, self._provenance)
        if answer.is_success:
            self._conversation.mail(sender, parameters)
        return answer

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Add a recipient, here and at the next hop."""
        if await self._has_no_message():
            return
        if len(self._conversation.recipients) >= self._desk.settings.recipient_limit:
            await self.push("452 4.5.3 too many recipients")
            return
        await self._step(self._rcpt(arg))

    async def _rcpt(self, arg: str | None) -> Answer:
        hop = self._onward.standing()
        address, parameters = commands.path("TO", arg, commands.RCPT_PARAMETERS, self._offered(hop))
        answer = await hop.command(commands.rcpt(Recipient(address, parameters)))
        if answer.is_success:
            self._conversation.rcpt(address, parameters)
        return answer

    async def _step(self, asked: Awaitable[Answer]) -> None:
        """Take one step of the envelope with the next hop, and tell the client what came of it."""
        try:
            text = (await asked).text
        except CommandError as error:
            text = str(error)
        except NextHopError as error:
            log_fault("next_hop", error)
            self._lose()
            text = _LOST_NEXT_HOP
        await self.push(text)

    async def _has_no_message(self) -> bool:
        """Refuse a step without a message.

        Where the message was lost with the next hop, what a client had sent ahead is no mistake of its: a 5xx would
        make it give up on that recipient.
        """
        if not self._conversation.is_open:
            await self.push(_LOST_NEXT_HOP if self._is_lost else "503 5.5.1 say MAIL FROM first")
        return not self._conversation.is_open

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Read the message, have it judged, and do what the reply says."""
        if arg:
            await self.push("501 5.5.4 DATA stands alone")
            return
        if await self._has_no_message():
            return
        if not self._conversation.recipients:
            await self.push("503 5.5.1 say RCPT TO first")
            return
        await self.push("354 end with a dot on a line of its own")
        received = await content.read(self._reader, self._desk.settings.size_bytes, self._reset_timeout)
        self._pause_timeout()
        self.is_busy = True
        try:
            with self._desk.in_flight.one():
                await self.push(await self._outcome(received))
        finally:
            self.is_busy = False
            self._provenance.message_ended()
            self._conversation.abort()
            if self.transport is not None:  # gone clients are not waited for
                self._reset_timeout()

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Forget the message, here and at the next hop."""
        if arg:
            await self.push("501 5.5.4 RSET stands alone")
            return
        await self._onward.reset()
        self._is_lost = False
        self._provenance.message_ended()
        self._conversation.abort()
        await self.push("250 2.0.0 ok")

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802, ARG002 - aiosmtpd's name
        """Say nothing about anybody."""
        await self.push("252 2.5.2 send some mail and see")

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Part, with the next hop too."""
        self._onward.close()
        await super().smtp_QUIT(arg)

    async def smtp_XFORWARD(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's way
        """Take a trusted peer's word on where the next message comes from."""
        if await self._refuses_word_on_clients():
            return
        attributes = commands.attributes(arg, commands.XFORWARD)
        if attributes is None:
            await self.push("501 5.5.4 attributes are not as they should be")
            return
        self._provenance.forward(attributes)
        await self.push("250 2.0.0 ok")

    async def smtp_XCLIENT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's way
        """Take a trusted peer's word on who its client is; the session begins anew."""
        if await self._refuses_word_on_clients():
            return
        attributes = commands.attributes(arg, commands.XCLIENT)
        if attributes is None:
            await self.push("501 5.5.4 attributes are not as they should be")
            return
        self._provenance.client_is(attributes)
        self._known_session().host_name = None
        self._abort()
        await self.push(f"220 {self.hostname} ESMTP")

    async def _refuses_word_on_clients(self) -> bool:
        if not self._is_trusted:
            await self.push("550 5.7.0 not from you")
        elif self._conversation.is_open:
            await self.push("503 5.5.1 a message has begun already")
        else:
            return False
        return True

    # -- judging --

    async def _outcome(self, received: bytes | None) -> str:
        """Return the reply to the message."""
        if received is None:
            await self._onward.reset()
            return "552 5.3.4 message is too large"
        if not content.ends_once(received):
            await self._onward.reset()
            return "550 5.6.0 bare line ends are not allowed"
        self._conversation.helo(self._provenance.client_name)
        self._conversation.macros(self._macros())
        self._conversation.content(received)
        message = self._conversation.end(datetime.now(UTC))
        reply = await self._desk.ask(message)
        try:
            return await self._perform(reply, message)
        except NextHopError as error:
            log_fault("next_hop", error)
            self._onward.close()
            return _LOST_NEXT_HOP

    async def _perform(self, reply: Reply, message: Message) -> str:
        match reply.kind:
            case ReplyKind.ACCEPT:
                return await self._hand_on(reply, message)
            case ReplyKind.DISCARD:
                await self._onward.reset()
                return "250 2.0.0 ok"
            case ReplyKind.TEMPFAIL:
                await self._onward.reset()
                return " ".join(refusal(reply, "4"))
            case ReplyKind.REJECT:
                await self._onward.reset()
                return " ".join(refusal(reply, "5"))

    async def _hand_on(self, reply: Reply, message: Message) -> str:
        removed = {recipient.address for recipient in reply.remove}
        stay = [r for r in message.envelope.recipients if r.address not in removed]
        recipients = [*stay, *reply.add]
        if not recipients:
            # Nobody is left: only what a judge has stored may end so.
            await self._onward.reset()
            return "250 2.0.0 ok" if reply.hold else f"451 4.7.1 {TRY_LATER.code[2]}"
        if removed or reply.add or not await self._onward.is_there():
            refused = await self._onward.begin_anew(message.envelope, recipients, self._provenance)
            if refused is not None:
                return refused.text
        return (await self._onward.standing().data(message.content)).text

    def _macros(self) -> dict[str, str]:
        """Return under the milter protocol's names what is known of the client, and of us."""
        port = self._desk.settings.listen.rpartition(":")[2]
        return {**self._provenance.macros(), "{daemon_name}": self.hostname, "{daemon_port}": port}

    def _abort(self) -> None:
        self._conversation.abort()
        self._provenance.message_ended()
        self._is_lost = False
        self._onward.close()

    def _lose(self) -> None:
        """Forget a message that could not go on, but not that its client may have sent more of it ahead."""
        self._abort()
        self._is_lost = True

    def _pause_timeout(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()


def _say_and_close(transport: asyncio.BaseTransport | None, line: bytes) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.write(line)
        transport.close()


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(known in network for network in networks)
