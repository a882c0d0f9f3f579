# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Postfix for one test run: own directories, ports and log; nothing of the machine's Postfix is touched.

Needs root (Postfix's master does) and the `postfix` package; `unavailable()` says what is missing.  The recipe was
found by trying (Postfix 3.7): the configuration directory must be absolute, the log needs a `postlog` service where
no syslog runs, and socket paths must stay under 108 bytes, so the base lies directly below the temporary directory.
"""

import contextlib
import grp
import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

from harness.sink import TRY_AGAIN_S, RecordingSink

from safehold.postfix import LineSettings, lines

# What `safehold init` prints, for what must not be written here a second time.
_PRINTED = {line.name: line.value for line in lines() if line.file == "main.cf"}

# Retries come within seconds, and a sink that failed once is asked again at once: tests wait for what happens next.
OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "compatibility_level": "3.6",
        "maillog_file_prefixes": "/",
        "myhostname": "mail.own.example",
        "myorigin": "own.example",
        "mydestination": "",
        "alias_maps": "",
        "alias_database": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "disable_dns_lookups": "yes",
        "smtp_host_lookup": "native",
        "smtpd_client_connection_count_limit": "0",
        "smtpd_peername_lookup": "no",
        "smtputf8_enable": "yes",
        "message_size_limit": "60000000",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "2s",
        "queue_run_delay": "1s",
        "transport_retry_time": "1s",
        # A killed smtpd would otherwise cost every later test of its service a minute.
        "service_throttle_time": "1s",
        "smtp_connection_cache_on_demand": "no",
        "smtp_connect_timeout": "5s",
        "milter_default_action": _PRINTED["milter_default_action"],
        "milter_macro_daemon_name": "safehold",
        "milter_connect_macros": _PRINTED["milter_connect_macros"],
    }
)


# In the order in which a message goes through them: `postqueue` asks for "active" before "incoming", and does not see
# what moves on meanwhile.  And once more where a message goes back to when it is tried again.
_QUEUES = ("maildrop", "incoming", "active", "deferred", "hold", "active")


class HarnessError(RuntimeError):
    """The harness itself failed, not what is tested; carries the end of Postfix's log."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the client was told: the reply to each RCPT TO and, unless all were refused, to the end of the message."""

    recipients: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    mail: tuple[int, str] = (0, "")
    content: tuple[int, str] = (0, "")

    @property
    def code(self) -> int:
        """Return the reply code that decides what the client believes: of the content, else of MAIL FROM."""
        return self.content[0] or self.mail[0]

    @property
    def queue_id(self) -> str:
        """Return the queue id out of "2.0.0 Ok: queued as ABC", or ""."""
        return self.content[1].rpartition("queued as ")[2] if "queued as " in self.content[1] else ""


def unavailable() -> str:
    """Return why no private Postfix can run here, or "" if one can."""
    if os.geteuid() != 0:
        return "a private Postfix needs root"
    if _program("postconf") is None:
        return "Postfix is not installed (Debian: apt-get install --no-install-recommends postfix)"
    return ""


class PrivatePostfix:
    """A running Postfix that relays all it accepts to a `RecordingSink`.

    Attributes:
        base: Its directory; ``run`` below it is 2750 group postfix, for milter sockets (make them with umask 007).
        etc: Its configuration directory, for ``-c`` and ``-C``.
        sink: Where everything is relayed to.
        port: SMTP on 127.0.0.1.
        milter_socket, guard_socket: Where a milter and the release guard are to listen.  Postfix is told of the first
            only by `use_milter`, of the second by `release_listener`.
        maillog: Postfix's log.
    """

    def __init__(self, options: Mapping[str, str] = MappingProxyType({}), *, sink: RecordingSink | None = None) -> None:
        reason = unavailable()
        if reason:
            raise HarnessError(reason)
        self.base = Path(tempfile.mkdtemp(prefix="pf-"))
        self.etc, self.run, self.maillog = self.base / "etc", self.base / "run", self.base / "mail.log"
        self.milter_socket, self.guard_socket = self.run / "milter.sock", self.run / "guard.sock"
        self._own_sink = sink is None
        self.sink = sink or RecordingSink()
        self.sink.try_again = self._try_again
        self.release_port = self.list_port = 0
        self._port = free_ports(1)[0]
        self._base_options = {**OPTIONS, **options}
        self._wanted: dict[str, str] = {}  # main.cf as the test wants it
        self._loaded: dict[str, str] = {}  # main.cf as Postfix runs it
        self._stale = False  # something else than main.cf changed
        self._generation = 0
        self._started = False

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start sink and Postfix and wait until the port answers; returns itself."""
        if self._own_sink:
            self.sink.start()
        self._lay_out()
        self._wanted = dict(self._base_options)
        self._write_main()
        self._postconf("-F", "*/*/chroot=n")
        self._postconf("-MX", "smtp/inet")
        self._postconf("-M", "postlog/unix-dgram=postlog unix-dgram n - n - 1 postlogd")
        self._write_listener(self._port, {})
        self._postfix("start")
        self._started = True
        self._await_port(self._port)
        return self

    def stop(self) -> None:
        """Stop what `start` started and remove the directory."""
        if self._started:
            master = self._master()
            with contextlib.suppress(HarnessError):
                self._postfix("stop")
            _end(master)
            self._started = False
        if self._own_sink:
            self.sink.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port of the SMTP service, with everything that was set in force."""
        self._apply()
        return self._port

    def reset(self) -> None:
        """Empty queue and sink and take back every `set`, for the next test that shares this Postfix."""
        self._wanted = dict(self._base_options)  # in force when it is next used: a reload takes two seconds
        self._run("postsuper", "-c", str(self.etc), "-d", "ALL")
        self.sink.clear()

    # -- settings -----------------------------------------------------------------------------------------------

    @property
    def wanted(self) -> Mapping[str, str]:
        """Return main.cf's options as they were set last."""
        return dict(self._wanted)

    def set(self, **options: str) -> None:
        """Set main.cf options until the next `reset` (before `start`: for good); in force when this returns."""
        if not self._started:
            self._base_options |= options
            return
        self._wanted |= options
        self._apply()

    def use_milter(self, socket_path: Path | None = None, *, local: bool = True, **options: str) -> None:
        """Have smtpd (and, if *local*, sendmail(1)) ask the milter at *socket_path*, by default `milter_socket`."""
        where = f"unix:{socket_path or self.milter_socket}"
        self.set(smtpd_milters=where, non_smtpd_milters=where if local else "", **options)

    def map(self, name: str, entries: Mapping[str, str] | str, kind: str = "hash") -> str:
        """Write a map and return how main.cf names it, e.g. ``hash:BASE/etc/virtual``.

        Args:
            name: File name below `etc`.
            entries: Key to value; or the source text, for ``pcre`` and ``regexp``.
            kind: ``hash``, ``lmdb``, ``btree``, ``texthash``, ``pcre``, ``regexp``...
        """
        path = self.etc / name
        text = entries if isinstance(entries, str) else "".join(f"{key}\t{value}\n" for key, value in entries.items())
        if path.exists() and path.read_text(encoding="utf-8") != text:
            self._stale = True
        path.write_text(text, encoding="utf-8")
        if kind in {"hash", "lmdb", "btree", "cdb"}:
            self._run("postmap", "-c", str(self.etc), f"{kind}:{path}")
        return f"{kind}:{path}"

    def listener(self, **options: str) -> int:
        """Add an SMTP service with its own ``-o`` options (no spaces in values), reload, and return its port."""
        port = free_ports(1)[0]
        self._write_listener(port, options)
        self._stale = True
        self._apply()
        if self._started:
            self._await_port(port)
        return port

    def release_listener(self) -> int:
        """Add the service for releases (no address mappings, the guard as its milter) and return its port."""
        if not self.release_port:
            self.release_port = self.listener(
                receive_override_options="no_address_mappings", smtpd_milters=f"unix:{self.guard_socket}"
            )
        return self.release_port

    def guarded_listeners(self) -> tuple[int, int]:
        """Add the services for releases to people and to lists, as `safehold init` prints them; return their ports."""
        if not self.list_port:
            self.release_port, self.list_port = free_ports(2)
            wanted = LineSettings(
                guard_socket=f"unix:{self.guard_socket}",
                release_listener=f"127.0.0.1:{self.release_port}",
                list_listener=f"127.0.0.1:{self.list_port}",
            )
            for line in lines(wanted):
                if line.file == "master.cf":
                    self._postconf(*line.command[1:])
            self._stale = True
            self._apply()
            for port in (self.release_port, self.list_port):
                self._await_port(port)
        return self.release_port, self.list_port

    def chroot_as_packaged(self) -> None:
        """Have the daemons that the package chroots run chrooted to our queue directory; in force with a `reload`."""
        rows = [line.split() for line in self._packaged_master().read_text(encoding="utf-8").splitlines()]
        chrooted = {f"{row[0]}/{row[1]}" for row in rows if len(row) > 7 and row[0][0] != "#" and row[4] == "y"}
        if "smtp/inet" in chrooted:  # ours stands in its place
            chrooted = chrooted - {"smtp/inet"} | {f"127.0.0.1:{self._port}/inet"}
        for service in sorted(chrooted):
            self._postconf("-F", f"{service}/chroot=y")

    def reload(self) -> None:
        """Have Postfix read its configuration and tables again, and wait until smtpd shows it (about two seconds)."""
        self._write_main()
        if not self._started:
            return
        self._postfix("reload")
        self._await_port(self._port, b" " + self._mark().encode())

    # -- sending ------------------------------------------------------------------------------------------------

    def send(
        self,
        content: bytes,
        sender: str,
        recipients: Sequence[str],
        *,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] | Mapping[str, Sequence[str]] = (),
        port: int | None = None,
        timeout_s: float = 60,
    ) -> Sent:
        """Send one message by SMTP on a connection of its own and return every reply; never raises for a refusal.

        Line ends become CRLF.  *rcpt_options* may differ by recipient.
        """
        with smtplib.SMTP("127.0.0.1", port or self.port, "client.own.example", timeout=timeout_s) as client:
            client.ehlo()
            return transact(client, content, sender, recipients, mail_options, rcpt_options)

    def sendmail(self, content: bytes, sender: str, recipients: Sequence[str], *arguments: str) -> int:
        """Submit by sendmail(1) and return its exit status; *content* may have any line ends."""
        self._apply()
        command = [_need("sendmail"), "-C", str(self.etc), "-i", "-f", sender, *arguments, "--", *recipients]
        done = subprocess.run(
            command, input=content.replace(b"\r\n", b"\n"), capture_output=True, check=False, timeout=60
        )
        with contextlib.suppress(HarnessError):  # pickup looks at once rather than within the minute
            self._run("postkick", "-c", str(self.etc), "public", "pickup", "W")
        return done.returncode

    # -- looking ------------------------------------------------------------------------------------------------

    def queue(self) -> list[dict[str, object]]:
        """Return Postfix's queue, one entry a message, as `postqueue -j` gives it."""
        lines = self._run("postqueue", "-c", str(self.etc), "-j").splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    def flush(self) -> None:
        """Try every deferred message now."""
        self._run("postqueue", "-c", str(self.etc), "-f")

    def _try_again(self) -> None:
        with contextlib.suppress(HarnessError):  # it may be stopped, as tests of restarts have it
            self.flush()

    def wait_for_empty_queue(self, deadline_s: float = 20) -> None:
        """Wait until Postfix has nothing left, held mail included, and nothing waits in maildrop."""
        flush_at = time.monotonic() + TRY_AGAIN_S

        def is_empty() -> bool:
            nonlocal flush_at
            if not any(map(self._waits_in, _QUEUES)):
                return True
            if time.monotonic() > flush_at:
                self._try_again()
                flush_at = time.monotonic() + TRY_AGAIN_S
            return False

        self.wait_until(is_empty, "the queue to empty", deadline_s)

    def _waits_in(self, queue: str) -> bool:
        """Return whether a message that was accepted waits in a queue, or moved while we looked."""
        try:
            files = [path.stat() for path in (self.base / "spool" / queue).rglob("*") if not path.is_dir()]
        except FileNotFoundError:
            return True
        # What is still being received is not executable yet, as in Postfix's own eyes; sendmail(1)'s mail never is.
        return any(queue == "maildrop" or facts.st_mode & stat.S_IXUSR for facts in files)

    def wait_until(self, condition: Callable[[], object], what: str, deadline_s: float = 20) -> None:
        """Poll *condition* until it is true; AssertionError with the end of the log past the deadline."""
        until = time.monotonic() + deadline_s
        while not condition():
            if time.monotonic() > until:
                raise AssertionError(f"waited {deadline_s:g} s in vain for {what}\n{self.log_tail()}")
            time.sleep(0.05)

    def log(self) -> str:
        """Return Postfix's log so far."""
        return self.maillog.read_text(encoding="utf-8", errors="replace") if self.maillog.exists() else ""

    def log_tail(self, lines: int = 25) -> str:
        """Return the last lines of Postfix's log."""
        return "\n".join(self.log().splitlines()[-lines:])

    # -- beneath ------------------------------------------------------------------------------------------------

    def _packaged_master(self) -> Path:
        """Return the package's master.cf: services differ between versions of Postfix."""
        package = Path(self._run("postconf", "-dh", "config_directory").strip())
        return next(p for p in (package / "master.cf", package / "master.cf.proto") if p.exists())

    def _lay_out(self) -> None:
        postfix = pwd.getpwnam("postfix").pw_uid
        self.base.chmod(0o755)
        for name in ("etc", "spool", "lib", "run"):
            (self.base / name).mkdir(mode=0o755)
        os.chown(self.base / "lib", postfix, -1)
        os.chown(self.run, -1, grp.getgrnam("postfix").gr_gid)
        self.run.chmod(0o2750)
        shutil.copy(self._packaged_master(), self.etc / "master.cf")
        (self.etc / "main.cf").write_text("", encoding="utf-8")
        self._base_options |= {
            "queue_directory": str(self.base / "spool"),
            "data_directory": str(self.base / "lib"),
            "maillog_file": str(self.maillog),
            "relayhost": f"[127.0.0.1]:{self.sink.port}",
        }

    def _apply(self) -> None:
        if self._stale or self._wanted != self._loaded:
            self.reload()

    def _write_main(self) -> None:
        self._generation += 1
        for key in self._loaded.keys() - self._wanted.keys():
            self._postconf("-X", key)
        banner = f"$myhostname ESMTP {self._mark()}"  # so that we see which configuration answers
        self._postconf("-e", f"smtpd_banner={banner}", *(f"{key}={value}" for key, value in self._wanted.items()))
        self._loaded, self._stale = dict(self._wanted), False

    def _mark(self) -> str:
        return f"configuration-{self._generation}"

    def _write_listener(self, port: int, options: Mapping[str, str]) -> None:
        service = f"127.0.0.1:{port}"
        arguments = "".join(f" -o {key}={value}" for key, value in options.items())
        self._postconf("-M", f"{service}/inet={service} inet n - n - - smtpd{arguments}")

    def _postconf(self, *arguments: str) -> str:
        return self._run("postconf", "-c", str(self.etc), *arguments)

    def _postfix(self, command: str) -> str:
        return self._run("postfix", "-c", str(self.etc), command)

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [_need(program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise HarnessError(
                f"{program} {arguments[-1] if arguments else ''}: {done.stderr.strip()}\n{self.log_tail()}"
            )
        return done.stdout

    def _master(self) -> int:
        pid = self.base / "spool" / "pid" / "master.pid"
        try:
            return int(pid.read_text().strip())
        except (OSError, ValueError):
            return 0

    def _await_port(self, port: int, banner: bytes = b"", deadline_s: float = 15) -> None:
        until = time.monotonic() + deadline_s
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as probe:
                greeting = probe.recv(512).rstrip()
                # A milter that is away makes smtpd greet with 4xx or 5xx, without our banner.
                if greeting and (greeting.endswith(banner) or not greeting.startswith(b"220")):
                    probe.sendall(b"QUIT\r\n")
                    return
            if time.monotonic() > until:
                raise HarnessError(f"nothing answers on port {port}\n{self.log_tail()}")
            time.sleep(0.05)


def transact(
    client: smtplib.SMTP,
    content: bytes,
    sender: str,
    recipients: Sequence[str],
    mail_options: Sequence[str] = (),
    rcpt_options: Sequence[str] | Mapping[str, Sequence[str]] = (),
) -> Sent:
    """Run one mail transaction on an open session and return every reply."""
    mail = _text(client.mail(sender, list(mail_options)))
    if mail[0] != 250:
        _reset(client, mail[0])
        return Sent(mail=mail)
    replies: dict[str, tuple[int, str]] = {}
    for recipient in recipients:
        options = rcpt_options.get(recipient, ()) if isinstance(rcpt_options, Mapping) else rcpt_options
        replies[recipient] = _text(client.rcpt(recipient, list(options)))
    if not any(code in (250, 251) for code, _ in replies.values()):
        _reset(client, 0)
        return Sent(replies, mail)
    try:
        told = _text(client.data(content))
    except smtplib.SMTPDataError as refusal:
        told = (refusal.smtp_code, _words(refusal.smtp_error))
    return Sent(replies, mail, told)


def free_ports(count: int) -> list[int]:
    """Return TCP ports of 127.0.0.1 that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _text(reply: tuple[int, bytes]) -> tuple[int, str]:
    return reply[0], _words(reply[1])


def _words(line: bytes | str) -> str:
    return line.decode("utf-8", "replace") if isinstance(line, bytes) else line


def _reset(client: smtplib.SMTP, code: int) -> None:
    if code != 421:
        client.rset()


def _program(name: str) -> str | None:
    # Debian keeps Postfix's commands in /usr/sbin, which is not on everybody's path.
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/lib:/usr/bin")


def _need(name: str) -> str:
    path = _program(name)
    if path is None:
        raise HarnessError(f"{name} is not installed")
    return path


def _end(pid: int, patience_s: float = 10) -> None:
    """Wait for *pid* to go, and kill it when it does not."""
    until = time.monotonic() + patience_s
    while pid and Path(f"/proc/{pid}").exists():
        if time.monotonic() > until:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)
