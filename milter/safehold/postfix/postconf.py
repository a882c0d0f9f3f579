# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads one Postfix instance's settings and services through ``postconf``, and runs its other programs.

Thread-safe.  Settings are cached until main.cf or master.cf changes, so asking again costs one stat(2).

Sources: postconf(1), postconf(5), master(5).
"""

import os
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from safehold.errors import MapUnreadableError

# Debian keeps Postfix's commands in /usr/sbin, which is not on everybody's path.
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
_FATAL = re.compile(rb"\b(?:fatal|error|panic): ")

Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Service:
    """One line of master.cf: a daemon and the ``-o`` settings it runs with."""

    name: str
    kind: str
    is_chrooted: bool
    command: str
    overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program printed, and whether it exited with 0."""

    output: bytes
    is_success: bool


class Postconf:
    """One Postfix instance, by its configuration directory (None: the machine's default)."""

    def __init__(self, directory: Path | None = None, *, timeout_s: float = 10.0) -> None:
        self._given = directory
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._directory: Path | None = directory
        self._signature: tuple[Signature, Signature] | None = None
        self._values: dict[str, str] = {}

    @property
    def directory(self) -> Path:
        """Return the configuration directory.

        Raises:
            MapUnreadableError: Postfix cannot be asked.
        """
        if self._directory is None:
            self._directory = Path(self.run("postconf", "-h", "config_directory").output.decode().strip())
        return self._directory

    @property
    def signature(self) -> tuple[Signature, Signature]:
        """Return something that changes when main.cf or master.cf does."""
        return signature_of(self.directory / "main.cf"), signature_of(self.directory / "master.cf")

    def values(self, *names: str) -> Mapping[str, str]:
        """Return the settings by name, with ``$name`` expanded; "" for those that this Postfix does not know.

        Raises:
            MapUnreadableError: Postfix cannot be asked.
        """
        now = self.signature
        with self._lock:
            if now != self._signature:
                self._values.clear()
                self._signature = now
            missing = [name for name in names if name not in self._values]
            if missing:
                self._values |= self._read(missing)
            return MappingProxyType({name: self._values[name] for name in names})

    def _read(self, names: Sequence[str]) -> dict[str, str]:
        values = dict.fromkeys(names, "")
        for line in self.run("postconf", "-x", *names).output.decode("utf-8", "surrogateescape").splitlines():
            name, equals, value = line.partition("=")
            if equals and name.strip() in values:
                values[name.strip()] = value.strip()
        return values

    def services(self) -> tuple[Service, ...]:
        """Return the services of master.cf.

        Raises:
            MapUnreadableError: Postfix cannot be asked.
        """
        overrides: dict[str, dict[str, str]] = {}
        # Asked apart, because a value may hold blanks and braces; -x expands $name as the service itself would.
        for line in self._lines("postconf", "-Px"):
            name, _, value = line.partition("=")
            service, _, option = name.strip().rpartition("/")
            overrides.setdefault(service, {})[option] = value.strip()
        return tuple(_service(line, overrides) for line in self._lines("postconf", "-M"))

    def _lines(self, *command: str) -> list[str]:
        text = self.run(*command).output.decode("utf-8", "surrogateescape")
        return [line for line in text.splitlines() if line.strip()]

    def run(self, program: str, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run one of Postfix's programs on this instance.

        Raises:
            MapUnreadableError: It is missing, took too long, or reported a fatal error.
        """
        where = () if self._given is None else ("-c", str(self._given))
        try:
            done = subprocess.run(
                [program, *where, *arguments],
                input=stdin,
                capture_output=True,
                check=False,
                timeout=self._timeout_s,
                env={**_passed_on(), "PATH": _PATH, "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired:
            raise MapUnreadableError(f"{program} did not answer in time") from None
        except OSError:
            raise MapUnreadableError(f"{program} cannot be run") from None
        # Exit status 1 also means "not found" (postmap), so what it says decides.
        if done.returncode != 0 and (done.returncode != 1 or _FATAL.search(done.stderr)):
            raise MapUnreadableError(f"{program} failed")
        return Outcome(done.stdout, done.returncode == 0)


def split(value: str) -> list[str]:
    """Return the members of a list setting without their braces: what stands in ``{ ... }`` is one member."""
    return [m[1:-1].strip() if m.startswith("{") and m.endswith("}") else m for m in members(value)]


def members(value: str) -> list[str]:
    """Return the members of a list setting as written: separated by commas and white space, ``{ ... }`` kept whole."""
    found: list[str] = []
    member, depth = "", 0
    for character in value:
        if depth == 0 and (character.isspace() or character == ","):
            if member:
                found.append(member)
            member = ""
            continue
        depth += {"{": 1, "}": -1}.get(character, 0)
        member += character
    if member:
        found.append(member)
    return found


def signature_of(path: Path) -> Signature:
    """Return modification time, size and inode of a file; all zero where it cannot be seen."""
    try:
        facts = path.stat()
    except OSError:
        return (0, 0, 0)
    return (facts.st_mtime_ns, facts.st_size, facts.st_ino)


def _service(line: str, overrides: Mapping[str, Mapping[str, str]]) -> Service:
    name, kind, _private, _unprivileged, chroot, _wake, _limit, *command = line.split()
    own = MappingProxyType(dict(overrides.get(f"{name}/{kind}", {})))
    return Service(name, kind, chroot == "y", command[0] if command else "", own)


def _passed_on() -> dict[str, str]:
    return {name: os.environ[name] for name in ("MAIL_CONFIG",) if name in os.environ}
