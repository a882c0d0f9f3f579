# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy front end: SMTP in, SMTP out, for mail systems that speak no milter (aiosmtpd).

A before-queue proxy.  Every MAIL and RCPT is put to the next hop at once and its reply passed on, so a recipient
that the next hop refuses is refused here.  DATA waits: the message is read whole and judged in a thread, and only
then

* goes on in the transaction that stands open, if all recipients stay;
* or, if some are held, the transaction is reset and put anew for those who stay and those who are added;
* or is reset and ends here, with 250 (discarded: already stored), 4xx or 5xx.

Promises: the client hears 250 only after the next hop's own 250, or after a judge's DISCARD.  Whatever fails is 4xx:
our exceptions, a next hop that closes, stalls or talks nonsense, a stop in mid-message.  A client that tries again
after a partial hold joins that hold (the gate's doing), and the others get their mail then.  If the next hop refuses
a recipient for good (5xx) when the transaction is put anew, the client hears that refusal: nobody got anything, and
the sender's system says so.

Only ``clients`` may connect (by default loopback), and only ``trusted`` peers may say on whose behalf (XFORWARD,
XCLIENT: Postfix's XFORWARD_README and XCLIENT_README).  TLS and AUTH are the MTA's work, and not offered.  A message
with a bare line feed, or a dot between carriage returns, is refused: a next hop might see the end of one message and
a second, unjudged one in it (CVE-2023-51764).

aiosmtpd gives us the protocol's loop; its own MAIL and RCPT answer 555 to RET, ENVID, NOTIFY and ORCPT, and its DATA
is a loop over lines, so these are ours.  Its logger writes addresses and is silenced.
"""

import asyncio
import collections
import logging
import os
import re
import signal
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from aiosmtpd.smtp import SMTP, Session

from safehold.frontends.conversation import Conversation
from safehold.frontends.nexthop import Answer, NextHop, NextHopError, NextHopTimes
from safehold.frontends.service import RELOAD_SIGNAL, STOP_SIGNALS, InFlight, Judge, log_fault, notify_ready
from safehold.model import TRY_LATER, Message, Recipient, Reply, ReplyKind

log = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

# RFC 5321 4.5.3.1.4 asks for 512 octets; SMTPUTF8 and DSN add some 1,200; an ORCPT in xtext triples its address.
_COMMAND_LIMIT_BYTES = 4096
_READ_BYTES = 2**18
_BUFFER_BYTES = 2**17

_PATH = re.compile(r'(?i)(?P<verb>FROM|TO): *<(?P<address>(?:"(?:\\.|[^"\\])*"|[^<>"])*)>(?: +(?P<parameters>.*))?')
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_MAIL_PARAMETERS = {"RET": "DSN", "ENVID": "DSN", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "SIZE": "SIZE"}
_RCPT_PARAMETERS = {"NOTIFY": "DSN", "ORCPT": "DSN"}
_XFORWARD = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
_XCLIENT = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN")
# Offered to our client only where the next hop offers it to us: we can pass on no more than it takes.
_PASSED_ON = ("8BITMIME", "SMTPUTF8", "DSN")
_XTEXT = re.compile(rb"\+([0-9A-F]{2})")
_UNKNOWN_VALUES = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})

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
        workers: Messages judged at the same time.
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
    workers: int = 8
    idle_s: float = 300.0
    drain_s: float = 60.0
    times: NextHopTimes = field(default_factory=NextHopTimes)


class _Desk:
    """What all sessions of one listener share."""

    def __init__(self, judge: Judge, settings: SmtpdSettings) -> None:
        self.settings = settings
        self.hostname = settings.hostname or socket.gethostname()
        self.sessions: set[_Client] = set()
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


class _SyntaxError(Exception):
    """A command is not as it should be; the text is the reply."""


class _Client(SMTP):
    """One client's connection, and beside it ours to the next hop."""

    # aiosmtpd reads these as attributes of the class.
    line_length_limit = _BUFFER_BYTES
    command_size_limit = _COMMAND_LIMIT_BYTES

    def __init__(self, desk: _Desk) -> None:
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
        self._hop: NextHop | None = None
        self._peer = ""
        self._is_trusted = False
        self._is_admitted = False
        self._client: dict[str, str] = {}  # XCLIENT, for the connection
        self._forwarded: dict[str, str] = {}  # XFORWARD, for one message
        self.is_busy = False

    # -- the connection --

    # Not a property: aiosmtpd looks at every attribute of a new server, before there is a session.
    def _known_session(self) -> Session:
        if self.session is None:
            raise ConnectionResetError
        return self.session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let in whom we know."""
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self._is_admitted = _is_in(self._peer, self._desk.settings.clients)
        if not self._is_admitted:
            _say_and_close(transport, b"554 5.7.1 not for you\r\n")
            return
        self._is_trusted = _is_in(self._peer, self._desk.settings.trusted)
        self._desk.sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Let the next hop go with the client: a transaction that was not answered did not happen."""
        self._desk.sessions.discard(self)
        self._close_hop()
        if self._is_admitted:
            super().connection_lost(error)

    async def handle_exception(self, error: Exception) -> str:
        """Answer what nobody foresaw: mail waits."""
        log_fault("session", error)
        self._abort()
        return f"451 4.3.0 {TRY_LATER.code[2]}"

    def dismiss(self) -> None:
        """End an idle session because we stop."""
        _say_and_close(self.transport, b"421 4.3.2 service is stopping\r\n")

    # -- commands --

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Greet, and offer what the next hop offers us."""
        await self._greet(hostname, is_extended=True)

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Greet an old client."""
        await self._greet(hostname, is_extended=False)

    async def _greet(self, hostname: str | None, *, is_extended: bool) -> None:
        if not hostname or _UNPRINTABLE.search(hostname):
            await self.push("501 5.5.4 name yourself")
            return
        self._abort()
        try:
            hop = await self._next_hop()
        except NextHopError as error:
            log_fault("next_hop", error)
            _say_and_close(self.transport, _NO_NEXT_HOP)
            return
        self._known_session().host_name = hostname
        self._known_session().extended_smtp = is_extended
        self._conversation.helo(hostname)
        offers = self._offers(hop) if is_extended else []
        lines = [self.hostname, *offers]
        for line in lines[:-1]:
            await self.push(f"250-{line}")
        await self.push(f"250 {lines[-1]}")

    def _offers(self, hop: NextHop) -> list[str]:
        offers = ["PIPELINING", f"SIZE {self._size_limit(hop)}", "ENHANCEDSTATUSCODES"]
        offers += [name for name in _PASSED_ON if name in hop.extensions]
        if self._is_trusted:
            offers += [f"XFORWARD {' '.join(_XFORWARD)}", f"XCLIENT {' '.join(_XCLIENT)}"]
        return offers

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
        try:
            hop = await self._next_hop()
            sender, parameters = self._path("FROM", arg, hop, _MAIL_PARAMETERS)
            self._check_size(parameters, hop)
            await self._announce_client(hop)
            answer = await hop.command(_mail(sender, parameters))
        except _SyntaxError as error:
            await self.push(str(error))
            return
        except NextHopError as error:
            await self._give_up(error)
            return
        if answer.is_success:
            self._conversation.mail(sender, parameters)
        await self._pass_on(answer)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Add a recipient, here and at the next hop."""
        if not self._conversation.is_open:
            await self.push("503 5.5.1 say MAIL FROM first")
            return
        if len(self._conversation.recipients) >= self._desk.settings.recipient_limit:
            await self.push("452 4.5.3 too many recipients")
            return
        try:
            hop = await self._next_hop(is_in_transaction=True)
            address, parameters = self._path("TO", arg, hop, _RCPT_PARAMETERS)
            answer = await hop.command(_rcpt(Recipient(address, parameters)))
        except _SyntaxError as error:
            await self.push(str(error))
            return
        except NextHopError as error:
            await self._give_up(error)
            return
        if answer.is_success:
            self._conversation.rcpt(address, parameters)
        await self._pass_on(answer)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Read the message, have it judged, and do what the reply says."""
        if arg:
            await self.push("501 5.5.4 DATA stands alone")
            return
        if not self._conversation.recipients:
            await self.push("503 5.5.1 say RCPT TO first")
            return
        await self.push("354 end with a dot on a line of its own")
        content = await self._read_content()
        self._pause_timeout()
        self.is_busy = True
        try:
            with self._desk.in_flight.one():
                await self.push(await self._outcome(content))
        finally:
            self.is_busy = False
            self._forwarded.clear()
            self._conversation.abort()
            self._reset_timeout()

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Forget the message, here and at the next hop."""
        if arg:
            await self.push("501 5.5.4 RSET stands alone")
            return
        await self._reset_hop()
        self._conversation.abort()
        await self.push("250 2.0.0 ok")

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802, ARG002 - aiosmtpd's name
        """Say nothing about anybody."""
        await self.push("252 2.5.2 send some mail and see")

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Part, with the next hop too."""
        self._close_hop()
        await super().smtp_QUIT(arg)

    async def smtp_XFORWARD(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's way
        """Take a trusted peer's word on where the next message comes from."""
        if await self._refuses_word_on_clients():
            return
        attributes = _attributes(arg, _XFORWARD)
        if attributes is None:
            await self.push("501 5.5.4 attributes are not as they should be")
            return
        self._forwarded |= attributes
        await self.push("250 2.0.0 ok")

    async def smtp_XCLIENT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's way
        """Take a trusted peer's word on who its client is; the session begins anew."""
        if await self._refuses_word_on_clients():
            return
        attributes = _attributes(arg, _XCLIENT)
        if attributes is None:
            await self.push("501 5.5.4 attributes are not as they should be")
            return
        self._client |= attributes
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

    # -- parsing --

    def _path(self, verb: str, arg: str | None, hop: NextHop, known: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """Return address and parameters of MAIL or RCPT; raise with the reply where they cannot be passed on."""
        match = _PATH.fullmatch(arg or "")
        if match is None or match["verb"].upper() != verb or _UNPRINTABLE.search(arg or ""):
            raise _SyntaxError(f"501 5.5.4 expected {verb}:<address> and parameters")
        if verb == "TO" and not match["address"]:
            raise _SyntaxError("501 5.1.3 a recipient is missing")
        parameters = tuple((match["parameters"] or "").split())
        seen = set()
        for parameter in parameters:
            name = parameter.partition("=")[0].upper()
            if (
                not self._known_session().extended_smtp
                or name not in known
                or known[name] not in (*hop.extensions, "SIZE")
            ):
                raise _SyntaxError("555 5.5.4 a parameter is not supported")
            if name in seen:
                raise _SyntaxError("501 5.5.4 a parameter is given twice")
            seen.add(name)
        return match["address"], parameters

    def _check_size(self, parameters: Iterable[str], hop: NextHop) -> None:
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.upper() == "SIZE":
                if not (value.isascii() and value.isdigit()):
                    raise _SyntaxError("501 5.5.4 SIZE wants a number")
                if int(value) > self._size_limit(hop):
                    raise _SyntaxError("552 5.3.4 message is too large")

    async def _read_content(self) -> bytes | None:
        """Return the content with dots taken off, or None where it is larger than we take."""
        pieces = bytearray(b"\r\n")  # the end of the DATA line: an empty message ends at once
        limit = self._desk.settings.size_bytes + 2
        is_too_large = False
        while True:
            searched = max(0, len(pieces) - 4)
            chunk = await self._reader.read(_READ_BYTES)
            if not chunk:
                raise ConnectionResetError
            self._reset_timeout()
            pieces += chunk
            end = pieces.find(b"\r\n.\r\n", searched)
            if end >= 0:
                # What follows is the client's next command, sent ahead.  Nothing was awaited since the read, so the
                # reader's buffer is empty and this is its front again.
                rest = bytes(pieces[end + 5 :])
                if rest:
                    self._reader.feed_data(rest)
                del pieces[end + 2 :]
                break
            if len(pieces) > limit:
                is_too_large = True
                del pieces[:-4]
        if is_too_large or len(pieces) > limit:
            return None
        return bytes(pieces.replace(b"\r\n.", b"\r\n")[2:])

    # -- judging --

    async def _outcome(self, content: bytes | None) -> str:
        """Return the reply to the message."""
        if content is None:
            await self._reset_hop()
            return "552 5.3.4 message is too large"
        if content.count(b"\n") != content.count(b"\r\n") or b"\r.\r" in content:
            await self._reset_hop()
            return "550 5.6.0 bare line ends are not allowed"
        self._conversation.macros(self._macros())
        self._conversation.content(content)
        message = self._conversation.end(datetime.now(UTC))
        reply = await self._desk.ask(message)
        try:
            return await self._perform(reply, message)
        except NextHopError as error:
            log_fault("next_hop", error)
            self._close_hop()
            return _LOST_NEXT_HOP

    async def _perform(self, reply: Reply, message: Message) -> str:
        match reply.kind:
            case ReplyKind.ACCEPT:
                return await self._hand_on(reply, message)
            case ReplyKind.DISCARD:
                await self._reset_hop()
                return "250 2.0.0 ok"
            case ReplyKind.TEMPFAIL:
                await self._reset_hop()
                return _line(reply, "4")
            case ReplyKind.REJECT:
                await self._reset_hop()
                return _line(reply, "5")

    async def _hand_on(self, reply: Reply, message: Message) -> str:
        removed = {recipient.address for recipient in reply.remove}
        stay = [r for r in message.envelope.recipients if r.address not in removed]
        recipients = [*stay, *reply.add]
        if not recipients:
            # Nobody is left: only what a judge has stored may end so.
            await self._reset_hop()
            return "250 2.0.0 ok" if reply.hold else f"451 4.7.1 {TRY_LATER.code[2]}"
        hop = self._hop
        if hop is None or not hop.is_open or removed or reply.add:
            refusal = await self._begin_anew(message, recipients)
            if refusal is not None:
                return refusal.text
        answer = await (await self._next_hop(is_in_transaction=True)).data(message.content)
        if answer.code == 421:
            raise NextHopError("closed")
        return answer.text

    async def _begin_anew(self, message: Message, recipients: Sequence[Recipient]) -> Answer | None:
        """Put the transaction for other recipients; return the refusal if there is one, a temporary one first."""
        hop = await self._next_hop()
        await hop.command("RSET")
        await self._announce_client(hop)
        answers = [await hop.command(_mail(message.envelope.sender, message.envelope.parameters))]
        if answers[0].is_success:
            answers += [await hop.command(_rcpt(recipient)) for recipient in recipients]
        refusals = sorted((a for a in answers if not a.is_success), key=lambda a: a.code)
        if not refusals:
            return None
        await self._reset_hop()
        if refusals[0].code == 421:
            raise NextHopError("closed")
        return refusals[0]

    def _macros(self) -> dict[str, str]:
        """Return under the milter protocol's names what is known of the client."""
        said = {**self._client, **self._forwarded}
        is_local = said.get("SOURCE", "").upper() == "LOCAL"
        if said.get("HELO"):
            self._conversation.helo(said["HELO"])
        macros = {
            "{client_addr}": "" if is_local else said.get("ADDR", self._peer),
            "{client_name}": "" if is_local else said.get("NAME", ""),
            "{client_port}": said.get("PORT", ""),
            "{auth_authen}": said.get("LOGIN", ""),
            "{daemon_name}": self.hostname,
            "{daemon_port}": self._desk.settings.listen.rpartition(":")[2],
            "i": said.get("IDENT", ""),
        }
        return {name: value for name, value in macros.items() if value or name == "{client_addr}"}

    # -- the next hop --

    async def _next_hop(self, *, is_in_transaction: bool = False) -> NextHop:
        """Return an open session with the next hop; one that closed in mid-transaction cannot be replaced."""
        if self._hop is not None and self._hop.is_open:
            return self._hop
        if is_in_transaction:
            raise NextHopError("closed")
        self._close_hop()
        self._hop = await self._desk.connect()
        return self._hop

    async def _announce_client(self, hop: NextHop) -> None:
        """Tell the next hop whose mail this is, where it wants to know."""
        wanted = hop.extensions.get("XFORWARD", "").upper().split()
        said = {name: value for name, value in self._forwarded.items() if name in wanted}
        if said:
            await hop.command("XFORWARD " + " ".join(f"{name}={_xtext(value)}" for name, value in said.items()))

    async def _reset_hop(self) -> None:
        """End the next hop's transaction; where that fails, end the session with it."""
        if self._hop is None:
            return
        try:
            answer = await self._hop.command("RSET")
            if not answer.is_success:
                self._close_hop()
        except NextHopError:
            self._close_hop()

    async def _give_up(self, error: NextHopError) -> None:
        log_fault("next_hop", error)
        self._abort()
        await self.push(_LOST_NEXT_HOP)

    async def _pass_on(self, answer: Answer) -> None:
        if answer.code == 421:
            await self._give_up(NextHopError("closed"))
            return
        await self.push(answer.text)

    def _abort(self) -> None:
        self._conversation.abort()
        self._forwarded.clear()
        self._close_hop()

    def _close_hop(self) -> None:
        if self._hop is not None:
            self._hop.close()
            self._hop = None

    def _pause_timeout(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()


def _mail(sender: str, parameters: Iterable[str]) -> str:
    return " ".join((f"MAIL FROM:<{sender}>", *parameters))


def _rcpt(recipient: Recipient) -> str:
    return " ".join((f"RCPT TO:<{recipient.address}>", *recipient.parameters))


def _line(reply: Reply, first_digit: str) -> str:
    code, enhanced, text = reply.code
    if not (code.startswith(first_digit) and enhanced.startswith(first_digit)):
        log.error("fault stage=reply error=wrong_code")
        code, enhanced, text = (f"{first_digit}50", f"{first_digit}.7.1", "message refused by local policy")
    return f"{code} {enhanced} " + "".join(c if c.isascii() and c.isprintable() else "?" for c in text)


def _attributes(arg: str | None, known: Sequence[str]) -> dict[str, str] | None:
    """Return XFORWARD or XCLIENT attributes with xtext decoded, unknown values left out; None if malformed."""
    found = {}
    for word in (arg or "").split():
        name, equals, value = word.partition("=")
        if not equals or name.upper() not in known:
            return None
        plain = _XTEXT.sub(lambda match: bytes([int(match[1], 16)]), value.encode()).decode("utf-8", "replace")
        if _UNPRINTABLE.search(plain):
            return None
        if value.upper() in _UNKNOWN_VALUES:
            plain = ""
        found[name.upper()] = re.sub(r"(?i)^ipv6:", "", plain) if name.upper() == "ADDR" else plain
    return found or None


def _xtext(value: str) -> str:
    """Return a value as XFORWARD carries it (RFC 3461, 4)."""
    if not value:
        return "[UNAVAILABLE]"
    return "".join(chr(b) if 0x21 <= b <= 0x7E and b not in b"+=" else f"+{b:02X}" for b in value.encode())


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


def serve(
    judge: Judge,
    settings: SmtpdSettings,
    reload: Callable[[], None] | None = None,
    at_exit: Callable[[], None] | None = None,
    others: Sequence[tuple[Judge, SmtpdSettings]] = (),
) -> None:
    """Serve until SIGTERM or SIGINT, let messages that have ended be answered, then end the process with status 0.

    Runs in the main thread.  SIGUSR1 calls *reload* in a thread; SIGHUP does nothing.  *others* are further
    listeners of the same process (the release guard's).

    Raises:
        OSError: An address cannot be listened on.
    """
    logging.getLogger("mail.log").disabled = True  # aiosmtpd's: it writes addresses
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS | {RELOAD_SIGNAL, signal.SIGHUP})
    desks = [_Desk(judge, settings), *(_Desk(other, its) for other, its in others)]
    asyncio.run(_serve(desks, reload))
    if at_exit is not None:
        try:
            at_exit()
        except Exception as error:  # noqa: BLE001 - we are leaving anyway
            log_fault("at_exit", error)
    logging.shutdown()
    os._exit(0)  # a judge that hangs in a thread would hold a normal exit up


async def _serve(desks: Sequence[_Desk], reload: Callable[[], None] | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    reloads: set[asyncio.Future[None]] = set()

    def start_reload() -> None:
        if reload is not None:
            running = loop.run_in_executor(None, _reload, reload)
            reloads.add(running)
            running.add_done_callback(reloads.discard)

    loop.add_signal_handler(RELOAD_SIGNAL, start_reload)
    servers = [await _listen(desk) for desk in desks]
    notify_ready()
    log.info("listening")
    await stop.wait()
    for server in servers:
        server.close()
    for desk in desks:
        await _drain(desk)


async def _listen(desk: _Desk) -> asyncio.Server:
    host, _, port = desk.settings.listen.rpartition(":")
    return await asyncio.get_running_loop().create_server(lambda: _Client(desk), host.strip("[]"), int(port))


async def _drain(desk: _Desk) -> None:
    """Send idle clients away, and wait for the others' replies."""
    loop = asyncio.get_running_loop()
    until = loop.time() + desk.settings.drain_s
    while desk.sessions and loop.time() < until:
        for session in [s for s in desk.sessions if not s.is_busy]:
            desk.sessions.discard(session)
            session.dismiss()
        await asyncio.sleep(0.05)
    log.info("stopped left=%d", desk.in_flight.count)
    await asyncio.sleep(0.1)  # for replies just written


def _reload(reload: Callable[[], None]) -> None:
    try:
        reload()
    except Exception as error:  # noqa: BLE001 - a bad policy file must not end the service
        log_fault("reload", error)
