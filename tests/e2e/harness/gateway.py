# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole gateway for one test run: real settings, keys, store and policies, and the real processes beside a Postfix.

Everything goes through the `safehold` command, as an administrator would do it.  The processes are started by this
module and only they are stopped.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import yaml
from harness.postfix import HarnessError, PrivatePostfix
from harness.sink import Delivery

from safehold import assemble
from safehold import config as settings_file
from safehold.courier import Courier
from safehold.model import HeldMessage, HoldState
from safehold.quarantine import Names, Quarantine
from safehold.store import audit
from safehold.store.people import PeopleStore

PROJECT = Path(__file__).parent.parent.parent.parent
SAMPLES = PROJECT / "samples"
OWN_DOMAIN = "riverbank.example"
NOTICES_FROM = f"email-check@{OWN_DOMAIN}"
DUTY = f"duty-officer@{OWN_DOMAIN}"
ROLES = ("safeguarding", "adoption", "information-governance", "childrens-services", "dpo", "reviewers")
PROCESSES = ("guard", "milter", "courier")

SAFEHOLD = str(Path(sys.executable).with_name("safehold"))
_AS = """
import sys
from safehold import assemble
from safehold.cli import main

name = sys.argv.pop(1)
assemble.actor = lambda: name
sys.exit(main(sys.argv[1:]))
"""

_runs = itertools.count(1)


def samples() -> list[dict[str, Any]]:
    """Return the entries of samples/messages.yaml."""
    return list(yaml.safe_load((SAMPLES / "messages.yaml").read_text(encoding="utf-8")))


def sample(name: str) -> bytes:
    """Return a sample message, unlike every other one sent in this run, so that it is no retry of an open hold."""
    return f"X-Test-Run: {os.getpid()}.{next(_runs)}\r\n".encode() + (SAMPLES / "messages" / name).read_bytes()


def letter(text: str = "Nothing of note.", *headers: str, sender: str = f"jo.marlow@{OWN_DOMAIN}") -> bytes:
    """Return a short plain mail that says *text*, unlike every other one sent in this run."""
    number = f"{os.getpid()}.{next(_runs)}"
    given = {line.partition(":")[0].lower() for line in headers}
    own = (
        f"From: Jo Marlow <{sender}>",
        f"Subject: letter {number}",
        "Date: Mon, 02 Jun 2025 09:41:00 +0100",
        f"Message-ID: <letter.{number}@{OWN_DOMAIN}>",
    )
    lines = [*headers, *(line for line in own if line.partition(":")[0].lower() not in given)]
    return "\r\n".join([*lines, "", text, ""]).encode()


class Gateway:
    """A running gateway.

    Attributes:
        postfix: The Postfix it stands beside.
        config: Its settings file; keys, store and logs lie in the same folder.
    """

    def __init__(
        self,
        postfix: PrivatePostfix,
        *,
        policies: Path = PROJECT / "policies",
        register: Path | None = SAMPLES / "register.yaml",
        settings: Mapping[str, Any] = MappingProxyType({}),
        processes: Sequence[str] = PROCESSES,
        programs: Mapping[str, Sequence[str]] = MappingProxyType({}),
        attach: bool = True,
    ) -> None:
        self.postfix = postfix
        self.folder = postfix.base / "safehold"
        self.config = self.folder / "safehold.yaml"
        self._policies, self._register, self._settings = policies, register, settings
        self._names, self._attach = processes, attach
        self._programs = programs  # what to run in place of `safehold NAME`
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._options: Mapping[str, str] = {}  # main.cf as it was when all was started

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Make the settings, keys and store, import the register, start the processes, and put them into Postfix."""
        self.folder.mkdir(mode=0o700)
        release_port = self.postfix.release_listener()
        self.config.write_text(yaml.safe_dump(self._document(release_port), sort_keys=False), encoding="utf-8")
        self.command("init")
        if self._register is not None:
            self.command("register", "import", str(self._register))
        for name in self._names:
            self.start_process(name)
        if self._attach:
            self.postfix.use_milter()
        self._options = self.postfix.wanted
        return self

    def renew(self) -> Self:
        """Be as at the start, for the next test: main.cf, an empty queue and sink, every process; holds stay."""
        self.postfix.reset()
        self.postfix.set(**self._options)
        for name in self._names:
            if not self.is_running(name):
                self._running.pop(name, None)
                self.start_process(name)
        return self

    def stop(self) -> None:
        """Stop the processes, the last first."""
        for name in reversed(list(self._running)):
            self.stop_process(name)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()  # what was started before the one that failed
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_process(self, name: str) -> None:
        """Start ``safehold NAME`` and wait until it serves."""
        command = [*self._programs.get(name, (SAFEHOLD, name)), "--config", str(self.config)]
        with self._log(name).open("ab") as log:
            # Postfix runs as another user and reaches the socket through the group of the directory.
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, umask=0o007)
        self._running[name] = process
        self._await_service(name)

    def _await_service(self, name: str) -> None:
        """Wait until the socket of a process, if it has one, accepts."""
        path = {"milter": self.postfix.milter_socket, "guard": self.postfix.guard_socket}.get(name)
        if path is not None:
            self._await_socket(name, path)

    def stop_process(self, name: str, number: int = signal.SIGTERM) -> int:
        """End a process with a signal, wait for it, and return its exit status."""
        process = self._running.pop(name)
        process.send_signal(number)
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise HarnessError(f"safehold {name} did not end within 30 s\n{self.log_tail()}") from None

    def await_end(self, name: str) -> int:
        """Wait for a process that ends by itself; return its exit status (below 0: the signal that killed it)."""
        try:
            status = self._running[name].wait(30)
        except subprocess.TimeoutExpired:
            raise HarnessError(f"safehold {name} did not end within 30 s\n{self.log_tail()}") from None
        del self._running[name]
        return status

    def is_running(self, name: str) -> bool:
        """Return whether ``safehold NAME`` was started and has not ended."""
        return name in self._running and self._running[name].poll() is None

    def signal(self, name: str, number: int) -> None:
        """Send a signal to ``safehold NAME`` and go on."""
        self._running[name].send_signal(number)

    def pid(self, name: str) -> int:
        """Return the process id of ``safehold NAME``."""
        return self._running[name].pid

    # -- the command --------------------------------------------------------------------------------------------

    def command(self, *arguments: str, check: bool = True, user: str = "", timeout_s: float = 60) -> str:
        """Run ``safehold ARGUMENTS --config ...`` and return what it printed; HarnessError if it fails and *check*."""
        # A second person is a second account, through sudo(8): no test can be that here, nor name settings if it were.
        command = [sys.executable, "-c", _AS, user] if user else [SAFEHOLD]
        command += [*arguments, "--config", str(self.config)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=timeout_s)
        if check and done.returncode != 0:
            words = " ".join(arguments[:2])
            raise HarnessError(f"safehold {words}: exit {done.returncode}\n{done.stderr.decode()}\n{self.log_tail()}")
        return done.stdout.decode()

    def ask(self, *arguments: str, config: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``safehold ARGUMENTS --config ...`` and return all that it said, however it ended."""
        command = [SAFEHOLD, *arguments, "--config", str(config or self.config)]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60, text=True, umask=0o007
        )

    def books(self) -> "Books":
        """Return what the store knows, without starting a process for every question; close it after use."""
        return Books(self.config)

    def holds(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """Return the holds as `hold list --json` gives them, open ones or all."""
        printed = self.command("hold", "list", "--json", *(["--all"] if everything else []))
        return [json.loads(line) for line in printed.splitlines() if line.strip()]

    def hold(self, hold_id: str) -> dict[str, Any]:
        """Return one hold, whatever its state."""
        return next(h for h in self.holds(everything=True) if h["id"] == hold_id)

    def decide(self, verb: str, hold_id: str, *, user: str = "", check: bool = True) -> str:
        """Run ``safehold hold VERB ID``."""
        return self.command("hold", verb, hold_id, "--reason", "checked by the test", user=user, check=check)

    def await_new_hold(self, before: Sequence[str], deadline_s: float = 10) -> dict[str, Any]:
        """Return the one hold that is not among *before*."""
        until = time.monotonic() + deadline_s
        while True:
            new = [h for h in self.holds() if h["id"] not in before]
            if new:
                assert len(new) == 1, f"{len(new)} new holds where one was expected"
                return new[0]
            assert time.monotonic() < until, f"no new hold within {deadline_s:g} s\n{self.log_tail()}"
            time.sleep(0.1)

    def await_state(self, hold_id: str, state: str, deadline_s: float = 30) -> dict[str, Any]:
        """Return the hold as soon as it is in *state*."""
        until = time.monotonic() + deadline_s
        while (hold := self.hold(hold_id))["state"] != state:
            assert time.monotonic() < until, f"{hold_id} is {hold['state']}, not {state}\n{self.log_tail()}"
            time.sleep(0.1)
        return hold

    # -- what arrives at the sink -------------------------------------------------------------------------------

    def await_notice(self, recipient: str, hold_id: str, *, but_not: Sequence[Delivery] = ()) -> Delivery:
        """Return the next notice to *recipient* that names the hold, one that is not among *but_not*."""
        return self._await_mail(lambda d: is_notice(d) and recipient in d.recipients and hold_id in text_of(d), but_not)

    def await_copy(self, recipient: str, *, but_not: Sequence[Delivery] = ()) -> Delivery:
        """Return the next message, no notice, that reaches *recipient*."""
        return self._await_mail(lambda d: not is_notice(d) and recipient in d.recipients, but_not)

    def arrived(self) -> Counter[str]:
        """Return how many copies of mail, notices left out, everybody has, once all that is under way has arrived."""
        self.postfix.wait_for_empty_queue(60)
        return Counter(recipient for delivery in self.copies() for recipient in delivery.recipients)

    def told(self, hold_id: str) -> Counter[str]:
        """Return how many notices that name the hold everybody has, once all that is under way has arrived."""
        self.postfix.wait_for_empty_queue(60)
        about = [d for d in self.postfix.sink.deliveries if is_notice(d) and hold_id in text_of(d)]
        return Counter(recipient for delivery in about for recipient in delivery.recipients)

    def copies(self) -> list[Delivery]:
        """Return everything at the sink but our notices."""
        return [d for d in self.postfix.sink.deliveries if not is_notice(d)]

    def _await_mail(self, fits: Callable[[Delivery], bool], but_not: Sequence[Delivery]) -> Delivery:
        try:
            # The sink has Postfix try again meanwhile: what it put off, it may leave for longer than a test waits.
            return self.postfix.sink.wait(where=lambda d: d not in but_not and fits(d), deadline_s=30)[0]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_tail()}") from None

    # -- logs ---------------------------------------------------------------------------------------------------

    def logs(self) -> str:
        """Return all that our processes have logged."""
        return "".join(self._log(name).read_text(errors="replace") for name in PROCESSES if self._log(name).exists())

    def log_tail(self, lines: int = 25) -> str:
        """Return the last lines of our logs and of Postfix's."""
        return "\n".join([*self.logs().splitlines()[-lines:], "-- Postfix", self.postfix.log_tail(lines)])

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    # -- beneath ------------------------------------------------------------------------------------------------

    def _document(self, release_port: int) -> dict[str, Any]:
        return {
            "organisation": {
                "name": "Riverbank Council",
                "urgent_phone": "01632 960 001",
                "help_url": "",
                "timezone": "Europe/London",
            },
            "domains": {"own": [OWN_DOMAIN]},
            "policies": str(self._policies),
            "store": "safehold.db",
            "keys": "keys",
            "milter": {"socket": f"unix:{self.postfix.milter_socket}"},
            "guard": {"socket": f"unix:{self.postfix.guard_socket}"},
            "release": {"listener": f"127.0.0.1:{release_port}"},
            "postfix": {"config_directory": str(self.postfix.etc), "maps": "auto"},
            "notices": {
                "from": NOTICES_FROM,
                "duty": [DUTY],
                "reviewers": {role: [f"{role}@{OWN_DOMAIN}"] for role in ROLES},
            },
            **self._settings,
        }

    def _await_socket(self, name: str, path: Path, deadline_s: float = 30) -> None:
        until = time.monotonic() + deadline_s
        while True:
            if self._running[name].poll() is not None:
                raise HarnessError(f"safehold {name} ended with {self._running[name].returncode}\n{self.log_tail()}")
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
                return
            if time.monotonic() > until:
                raise HarnessError(f"safehold {name} does not listen\n{self.log_tail()}")
            time.sleep(0.05)


class Books:
    """The gateway's store as seen from this process: `safehold hold list` takes a second each time it is asked."""

    def __init__(self, config: Path) -> None:
        self.settings = settings_file.load(config)
        self.keys = assemble.keyring(self.settings, need=frozenset({"sealing", "opening", "store", "register"}))
        self.store = assemble.store(self.settings)
        names = Names(assemble.expander(self.settings).expand_all, lambda: self.keys.opening)
        self.quarantine = Quarantine(self.store, self.keys, outlets=assemble.outlets(self.settings), names=names)
        self.people = PeopleStore(self.store, self.keys.register)

    def courier(self, **changes: Any) -> Courier:
        """Return a courier of this process, with changed settings; ``run_once`` works all that is due."""
        settings = dataclasses.replace(assemble.courier_settings(self.settings), **changes)
        return Courier(self.quarantine, self.keys.opening, settings)

    def work(self) -> None:
        """Send all notices and releases that are due."""
        courier = self.courier()
        while courier.run_once(datetime.now(UTC)):
            pass

    def close(self) -> None:
        self.store.close()

    def holds(self) -> dict[str, HeldMessage]:
        """Return every hold, whatever its state, by id."""
        return {held.id: held for held in self.quarantine.list(states=tuple(HoldState))}

    def new(self, before: Mapping[str, HeldMessage]) -> list[HeldMessage]:
        """Return the holds that are not among *before*: at once, because a client is told 250 only after a hold."""
        return [held for held in self.holds().values() if held.id not in before]

    def state(self, hold_id: str) -> str:
        return self.quarantine.get(hold_id).state.value

    def trail(self, kind: str, hold_id: str | None = None) -> list[audit.Entry]:
        """Return the audit entries of one kind, of one hold or of all."""
        return [entry for entry in audit.entries(self.store, hold=hold_id) if entry.kind == kind]

    def release(self, hold_id: str) -> None:
        """Decide that a hold may go, by as many people as it takes."""
        for number in range(self.quarantine.get(hold_id).approvals_needed):
            self.quarantine.approve(hold_id, actor=f"reviewer {number}", reason="by the test", now=datetime.now(UTC))


def is_notice(delivery: Delivery) -> bool:
    """Return whether our notice address wrote this."""
    return NOTICES_FROM in str(delivery.message["From"])


def text_of(delivery: Delivery) -> str:
    """Return all that a reader of a message could see: every header, decoded, and the text of every part."""
    headers = [f"{name}: {value}" for name, value in delivery.message.items()]
    texts = [part.get_content() for part in delivery.message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*headers, *texts])


def without_trace(content: bytes) -> bytes:
    """Return a message as it was before mail systems prepended their Received headers to it."""
    while content[:9].lower() == b"received:":
        _, _, content = content.partition(b"\r\n")
        while content[:1] in (b" ", b"\t"):
            _, _, content = content.partition(b"\r\n")
    return content
