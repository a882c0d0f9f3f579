# SPDX-License-Identifier: GPL-3.0-or-later
"""The milter front end: Postfix (or Sendmail) on a unix socket, libmilter through pymilter.

Promises: nothing is decided before the end of a message, and nothing but a judge's Reply decides.  Whatever goes
wrong here is a temporary failure (451): our own exceptions, exceptions inside pymilter, calls out of order, text
that libmilter cannot pass.  No log line carries a value of a message.

Facts this relies on, all tried with Postfix 3.7.11, pymilter 1.0.5 and libmilter 8.17.1:

* Callbacks of one connection run on changing threads, never at once: state lives on the session object.
* libmilter has a thread that waits for SIGHUP, SIGINT and SIGTERM, and *all three* stop the filter.  A SIGHUP (log
  rotation) must not: see :func:`safehold.frontends.service.block_signals`.  For that the main thread must not be the
  one that runs libmilter, which blocks these signals for its caller.
* ``smfi_main`` returns after a stop while messages are still being judged; the process must wait for those, and a
  moment longer for the reply to be written.  Messages that have not ended get the MTA's default action.
* In a step that was declared to have no reply, libmilter drops whatever a callback returns, exceptions included.
  pymilter decodes header names strictly *before* our code runs, so such a header would be lost in silence.
  ``sys.excepthook`` sees these; every message open at that moment is answered 451.
* Postfix deletes a recipient by its original spelling, whatever that is (quotes, comments, case, trailing dot), but
  for a source route, which it has taken off.  Deleting one that is not there succeeds.  Adding one that was deleted
  works.  NOTIFY and ORCPT of an added recipient are honoured (3.7); other parameters it logs and ignores.
* Mail that comes by sendmail(1) is shown as a client "localhost [127.0.0.1]" on port 0.
* Text of a 4xx or 5xx is one line, with every per cent sign doubled (libmilter passes it to ``printf`` semantics and
  ignores a reply with a single one); it arrives doubled.
"""

import contextlib
import fcntl
import logging
import os
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar, cast

import Milter

from safehold.errors import SafeholdError
from safehold.frontends.conversation import DEFAULT_LIMIT_BYTES, Conversation
from safehold.frontends.refusals import refusal
from safehold.frontends.service import (
    STOP_SIGNALS,
    InFlight,
    Judge,
    block_signals,
    log_fault,
    notify_ready,
    start_reload_thread,
)
from safehold.model import TRY_LATER, Message, Recipient, Reply, ReplyKind

log = logging.getLogger(__name__)

# We change recipients and nothing else.  SETSYMLIST changes nothing in a message: it lets us name the macros we want.
ACTIONS = Milter.ADDRCPT | Milter.ADDRCPT_PAR | Milter.DELRCPT | Milter.SETSYMLIST

MACROS = {
    "connect": ("{client_addr}", "{client_name}", "{daemon_name}", "{daemon_port}", "{daemon_addr}"),
    "helo": ("{tls_version}", "{cert_subject}", "{cert_issuer}"),
    "mail": ("i", "{auth_type}", "{auth_authen}", "{auth_author}", "{mail_addr}"),
    "rcpt": ("i", "{rcpt_addr}"),
    "end": ("i",),
}
ALL_MACROS = tuple(dict.fromkeys(name for names in MACROS.values() for name in names))

# What Postfix says the port is where mail did not come over the network at all.
_NO_PORT = "0"

# How long a reply may take from our return to the socket (measured: 0.3 s is ample even with 40 replies at once).
_WRITE_GRACE_S = 0.3


@dataclass(frozen=True, slots=True)
class MilterSettings:
    """Where and how to listen.

    Attributes:
        socket: ``unix:/path`` or a bare path; ``inet:port@host`` for TCP (adds ~45 ms a message on Linux loopback).
        mode: Permissions of the unix socket; Postfix needs read and write, by its group.
        backlog: Length of the listen queue.
        timeout_s: How long libmilter waits for the MTA; 0 for its own default (7,210 s).
        drain_s: How long a stop waits for messages being judged.
        limit_bytes: Content kept of one message; the rest is cut and flagged.
    """

    socket: str
    mode: int = 0o660
    backlog: int = 200
    timeout_s: int = 0
    drain_s: float = 60.0
    limit_bytes: int = DEFAULT_LIMIT_BYTES
    name: str = field(default="safehold")

    @property
    def path(self) -> Path | None:
        """Return the path of a unix socket, or None for TCP."""
        kind, colon, rest = self.socket.partition(":")
        if not colon:
            return Path(self.socket)
        return Path(rest) if kind in {"unix", "local"} else None


# More messages than this at once wait their turn; Postfix's default process limit is 100.
JUDGES = 256
# Postfix gives up on a filter that says nothing for milter_content_timeout (300 s by default).
PROGRESS_S = 1.0

Step = TypeVar("Step", bound=Callable[..., int])


def _no_reply(step: Step) -> Step:
    """Return the callback so marked that the MTA does not wait for an answer to it."""
    return cast("Step", Milter.noreply(step))


def _as_bytes(step: Step) -> Step:
    """Return the callback so marked that pymilter passes it bytes."""
    return cast("Step", Milter.decode("bytes")(step))


class AlreadyServedError(SafeholdError):
    """Another process serves this socket."""


class _Desk:
    """What all sessions of the process share: the judge, the limits, and the count of faults nobody could catch."""

    def __init__(self, judge: Judge, settings: MilterSettings) -> None:
        self.judge = judge
        self.settings = settings
        self.in_flight = InFlight()
        self.unseen_faults = 0
        # pymilter runs callbacks in threads that Python's C API does not know (PyGILState_Check says no there): a
        # library that calls back into Python from C, as sqlite3 does when it closes a connection, aborts the process
        # in them.  So judges work in Python's own threads, and callbacks wait.
        self.threads = ThreadPoolExecutor(max_workers=JUDGES, thread_name_prefix="judge")

    def note_unseen_fault(
        self,
        _kind: type[BaseException],
        error: BaseException,
        _trace: TracebackType | None,
    ) -> None:
        """Take the place of ``sys.excepthook``: pymilter reports there what it could not even pass to us."""
        self.unseen_faults += 1
        log_fault("libmilter", error)


class Session(Milter.Base):
    """One connection of the MTA."""

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk
        self._conversation = Conversation(limit_bytes=desk.settings.limit_bytes)
        self._is_broken = False
        self._faults_before = 0

    # -- callbacks that only collect: no reply, so the MTA need not wait for one --

    def negotiate(self, options: list[int]) -> int:
        """Agree on the steps; refuse an MTA that cannot give us what judging needs."""
        for stage, name in (
            (Milter.M_CONNECT, "connect"),
            (Milter.M_HELO, "helo"),
            (Milter.M_ENVFROM, "mail"),
            (Milter.M_ENVRCPT, "rcpt"),
            (Milter.M_DATA, "end"),
            (Milter.M_EOM, "end"),
        ):
            if options[0] & Milter.SETSYMLIST:
                self._ctx.setsymlist(stage, " ".join(MACROS[name]))
        answer: int = super().negotiate(options)
        self._actions: int = options[0] & ACTIONS
        options[0] = self._actions
        return answer

    @_no_reply
    def connect(self, name: str, _family: int, peer: object) -> int:
        """Note the client's name and address; the macros say it better where they are given."""
        address = peer[0] if isinstance(peer, tuple) else ""
        return self._collect("connect", lambda: self._conversation.connect(name=name, address=str(address)))

    @_no_reply
    def hello(self, name: str) -> int:
        """Note the client's own name."""
        return self._collect("helo", lambda: self._conversation.helo(name))

    @_no_reply
    @_as_bytes
    def envfrom(self, sender: bytes, *parameters: bytes) -> int:
        """Begin a message."""
        self._is_broken = False
        self._faults_before = self._desk.unseen_faults
        return self._collect("mail", lambda: self._conversation.mail(sender, parameters))

    @_no_reply
    @_as_bytes
    def envrcpt(self, recipient: bytes, *parameters: bytes) -> int:
        """Add a recipient."""
        return self._collect("rcpt", lambda: self._conversation.rcpt(recipient, parameters))

    @_no_reply
    def data(self) -> int:
        """Do nothing; asked for because its macros carry the queue id."""
        return int(Milter.CONTINUE)

    @_no_reply
    @_as_bytes
    def header(self, name: str, value: bytes) -> int:
        """Add a header line; an MTA without leading-space support has eaten one space after the colon."""
        exact = value if self._protocol & Milter.P_HDR_LEADSPC else b" " + value
        return self._collect("header", lambda: self._conversation.header(name, exact))

    @_no_reply
    def eoh(self) -> int:
        """Add the empty line."""
        return self._collect("eoh", self._conversation.end_of_headers)

    @_no_reply
    def body(self, chunk: bytes) -> int:
        """Add a piece of the body (at most 65,535 bytes)."""
        return self._collect("body", lambda: self._conversation.body(chunk))

    def abort(self) -> int:
        """Forget the message; the connection may bring another."""
        self._conversation.abort()
        return int(Milter.CONTINUE)

    def close(self) -> int:
        """Let the memory go."""
        self._conversation.abort()
        return int(Milter.CONTINUE)

    # -- the one callback that decides --

    def eom(self) -> int:
        """Show the whole message to the judge and do what its reply says."""
        with self._desk.in_flight.one():
            try:
                return self._perform(self._judge())
            except Exception as error:  # noqa: BLE001 - whatever it is, the mail waits and is neither lost nor let through
                log_fault("eom", error)
                return self._refuse(Milter.TEMPFAIL, "4", TRY_LATER)
            finally:
                self._conversation.abort()

    def _judge(self) -> Reply:
        if self._is_broken or self._desk.unseen_faults != self._faults_before:
            return TRY_LATER
        macros = self._read_macros()
        if macros.get("{daemon_port}") == _NO_PORT:
            # The MTA's stand-in for a client ("localhost [127.0.0.1]") is none: this came by sendmail(1) or is its own.
            macros |= {"{client_addr}": "", "{client_name}": ""}
        self._conversation.macros(macros)
        message: Message = self._conversation.end(datetime.now(UTC))
        judging = self._desk.threads.submit(self._desk.judge.judge, message, _no_progress)
        while not wait((judging,), timeout=PROGRESS_S).done:
            self._tell_progress()
        return judging.result()

    def _perform(self, reply: Reply) -> int:
        match reply.kind:
            case ReplyKind.ACCEPT:
                self._change_recipients(reply.remove, reply.add)
                return int(Milter.ACCEPT)
            case ReplyKind.DISCARD:
                return int(Milter.DISCARD)
            case ReplyKind.TEMPFAIL:
                return self._refuse(Milter.TEMPFAIL, "4", reply)
            case ReplyKind.REJECT:
                return self._refuse(Milter.REJECT, "5", reply)

    def _change_recipients(self, remove: Iterable[Recipient], add: Iterable[Recipient]) -> None:
        # All removals come first: an address that is removed as an alias and added as itself must stay.
        for recipient in remove:
            self.delrcpt(f"<{recipient.address}>")
            route, colon, mailbox = recipient.address.partition(":")
            if colon and route.startswith("@"):
                # Postfix keeps "@relay:user@domain" without its route, and would not find it by what the client said:
                # the removal succeeds and the mail is delivered.
                self.delrcpt(f"<{mailbox}>")
        for recipient in add:
            self.addrcpt(f"<{recipient.address}>", " ".join(recipient.parameters) or None)

    def _refuse(self, verdict: int, first_digit: str, reply: Reply) -> int:
        code, enhanced, text = refusal(reply, first_digit)
        self.setreply(code, enhanced, text.replace("%", "%%"))
        return verdict

    def _collect(self, stage: str, step: Callable[[], None]) -> int:
        """Do one collecting step; a failure marks the message, because this step's reply is not heard."""
        if not self._is_broken:
            try:
                step()
            except Exception as error:  # noqa: BLE001 - remembered, and answered at the end of the message
                self._is_broken = True
                log_fault(stage, error)
        return int(Milter.CONTINUE)

    def _read_macros(self) -> dict[str, str]:
        macros = {}
        for name in ALL_MACROS:
            try:
                value = self.getsymval(name)
            except UnicodeDecodeError:
                # That there is a login must not get lost: it says the mail is ours.
                value = "\ufffd"
            if value:
                macros[name] = value
        return macros

    def _tell_progress(self) -> None:
        try:
            self.progress()
        except Milter.error as error:
            # The MTA went away; the judge may finish, and the client's retry joins what it stored.
            log_fault("progress", error)


def _no_progress() -> None:
    """Stand in for a judge's progress callable: the callback that waits for the judge tells Postfix itself."""


# Header values keep the space after the colon and their folds: without this, bytes are guessed.
Milter.header_leading_space(Session)


def serve(
    judge: Judge, settings: MilterSettings, reload: Callable[[], None], at_exit: Callable[[], None] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, let messages being judged finish, then end the process with status 0.

    Runs in the main thread.  SIGUSR1 calls *reload* in a thread of its own.  *at_exit* runs after the drain.

    Raises:
        AlreadyServedError: Another process holds the lock of this socket; that socket is left alone.
        Milter.error: The socket cannot be opened, or libmilter failed.
    """
    block_signals()
    desk = _Desk(judge, settings)
    lock = _lock(settings)
    _open_socket(desk)
    start_reload_thread(reload)
    failures: list[BaseException] = []
    runner = threading.Thread(target=_run, args=(failures,), name="libmilter", daemon=True)
    runner.start()
    notify_ready()
    log.info("listening socket=%s", settings.socket)
    _wait_for_stop(runner, settings)
    if failures:
        raise failures[0]
    _leave(desk, at_exit)
    del lock  # held until here


def _run(failures: list[BaseException]) -> None:
    try:
        Milter.main()
    except BaseException as error:  # noqa: BLE001 - raised again in the main thread
        failures.append(error)


def _wait_for_stop(runner: threading.Thread, settings: MilterSettings) -> None:
    """Wait until libmilter has ended, and when a stop signal comes see to it that it ends soon.

    Whoever takes the signal, libmilter or we, then wants a lock that its listener holds while it waits for
    connections, up to 5 seconds at a time; connections wake the listener.
    """
    stopping = threading.Event()

    def stop(*_: object) -> None:
        if not stopping.is_set():
            stopping.set()
            threading.Thread(target=Milter.stop, name="stop", daemon=True).start()

    for number in STOP_SIGNALS:
        # A stranger's thread that has the signal unblocked would else be killed by it, and we with it.
        signal.signal(number, stop)
    while runner.is_alive():
        if stopping.is_set():
            _knock(settings)
            runner.join(0.05)
        elif signal.sigtimedwait(STOP_SIGNALS, 0.5) is not None:
            stop()


def _knock(settings: MilterSettings) -> None:
    """Connect to our own socket and go away again."""
    if settings.path is None:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock, contextlib.suppress(OSError):
        knock.settimeout(0.5)
        knock.connect(str(settings.path))


def _leave(desk: _Desk, at_exit: Callable[[], None] | None) -> None:
    """Wait for messages being judged, then end at once: libmilter's idle workers would hold a normal exit up."""
    is_empty = desk.in_flight.drain(desk.settings.drain_s)
    log.info("stopped drained=%s left=%d", is_empty, desk.in_flight.count)
    time.sleep(_WRITE_GRACE_S)
    if at_exit is not None:
        try:
            at_exit()
        except Exception as error:  # noqa: BLE001 - we are leaving anyway
            log_fault("at_exit", error)
    logging.shutdown()
    os._exit(0)


def _lock(settings: MilterSettings) -> int | None:
    """Take the lock beside the socket, then remove a stale socket; return the descriptor that holds the lock.

    libmilter would remove a *living* socket of another instance, and mail would go to the wrong one.
    """
    path = settings.path
    if path is None:
        return None
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyServedError(f"another process serves `{path}`") from None
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(f"`{path}` exists and is not a socket")
        path.unlink()
    except FileNotFoundError:
        pass
    return descriptor


def _open_socket(desk: _Desk) -> None:
    """Tell libmilter everything, and bind: from here the MTA may connect (libmilter answers once main() runs)."""
    settings = desk.settings
    sys.excepthook = desk.note_unseen_fault
    Milter.factory = lambda: Session(desk)
    Milter.set_flags(ACTIONS)
    Milter.set_exception_policy(Milter.TEMPFAIL)
    Milter.setbacklog(settings.backlog)
    if settings.timeout_s:
        Milter.settimeout(settings.timeout_s)
    Milter.set_connect_callback(Milter.connect_callback)
    Milter.set_helo_callback(lambda context, name: context.getpriv().hello(name))
    Milter.set_envfrom_callback(lambda context, *words: context.getpriv().envfrom_bytes(*words))
    Milter.set_envrcpt_callback(lambda context, *words: context.getpriv().envrcpt_bytes(*words))
    Milter.set_header_callback(lambda context, name, value: context.getpriv().header_bytes(name, value))
    Milter.set_eoh_callback(lambda context: context.getpriv().eoh())
    Milter.set_body_callback(lambda context, chunk: context.getpriv().body(chunk))
    Milter.set_eom_callback(lambda context: context.getpriv().eom())
    Milter.set_abort_callback(lambda context: context.getpriv().abort())
    Milter.set_close_callback(Milter.close_callback)
    path = settings.path
    Milter.setconn(settings.socket if path is None else f"unix:{path}")
    Milter.register(
        settings.name,
        data=lambda context: context.getpriv().data(),
        unknown=lambda context, command: context.getpriv().unknown(command),
        negotiate=Milter.negotiate_callback,
    )
    before = os.umask(0o777 & ~settings.mode)
    try:
        Milter.opensocket(False)
    finally:
        os.umask(before)
