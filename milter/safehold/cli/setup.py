# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold init`` and ``safehold doctor``: from nothing to a gateway, and what a support call would ask."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from safehold import config, doctor, postfix, vault
from safehold.cli import output
from safehold.cli.output import Exit, say
from safehold.errors import MapUnreadableError
from safehold.store import Store

SHARED_STORE = "/var/lib/safehold/safehold.db"
TEMPLATE = """\
# safehold: settings.  `safehold doctor` checks them against this machine.
# Paths are relative to this file.

organisation:
  name: {name}
  urgent_phone: "01632 960 001"       # staffed; stands in every notice to a sender
  help_url: ""

domains:
  own: [{own}]        # empty: what Postfix calls its own (mydestination, relay_domains, virtual_*)
  partners: []

policies: {policies}
store: {store}
keys: keys

milter:
  socket: unix:{socket}/milter.sock
guard:
  socket: unix:{socket}/guard.sock
release:
  listener: {release}
smtpd:                                # only for mail servers that speak no milter
  listen: {listen}
  next_hop: {next_hop}

postfix:
  maps: {maps}                          # auto: ask Postfix who really gets a mail; none: nothing is mapped

notices:
  from: {notices_from}
  duty: [{duty}]
  reviewers:
    reviewers: [{duty}]
  timezone: Europe/London
"""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    init = commands.add_parser("init", parents=[common], help="make settings, keys and store; print the Postfix lines")
    init.add_argument("--domain", metavar="D", help="your own mail domain")
    init.add_argument(
        "--shared", action="store_true", help="the store's folder group may write: processes have own users"
    )
    init.set_defaults(act=initialise)
    check = commands.add_parser("doctor", parents=[common], help="check this gateway; exit codes as Nagios has them")
    check.add_argument("--json", action="store_true")
    check.set_defaults(act=examine)
    conf = commands.add_parser("config", parents=[common], help="check the settings file")
    conf.add_argument("verb", choices=["check"])
    conf.set_defaults(act=check_settings)


def initialise(options: argparse.Namespace) -> int:
    """Make what is missing, touch nothing that exists, and print what Postfix needs."""
    path: Path = options.config
    if not path.exists():
        # Where processes have users of their own, the units may write to this folder and to no other.
        store = SHARED_STORE if options.shared else "safehold.db"
        write_settings(path, own=options.domain or "", listen="127.0.0.1:10025", store=store)
        output.result(f"wrote {path}: read it through before you start")
    else:
        say(f"kept {path} as it is")
    settings = config.load(path)
    recovery = make_keys_and_store(settings, shared=options.shared)
    if recovery:
        output.result(
            "\nThe recovery key.  It is shown once and kept nowhere: print it, lock it away, off this machine."
        )
        output.result("With it, held mail can be opened when the reviewers' key is lost; without it, it cannot.\n")
        output.result(f"    {recovery}\n")
    output.result("Postfix: run these commands (or put the lines into main.cf and master.cf), then `postfix reload`.\n")
    for line in postfix.lines(_line_settings(settings)):
        output.result(f"# {line.file}: {line.why}")
        output.result(shlex.join(_on_instance(line.command, settings)) + "\n")
    return Exit.OK


def _on_instance(command: tuple[str, ...], settings: config.Settings) -> tuple[str, ...]:
    """Return a postconf command for the instance that the settings name."""
    directory = settings.postfix.config_directory
    return command if directory is None else (command[0], "-c", str(directory), *command[1:])


def _line_settings(settings: config.Settings) -> postfix.LineSettings:
    """Return what the lines depend on, as this machine's Postfix has it where there is one."""
    try:
        values = postfix.Postconf(settings.postfix.config_directory).values("mail_version", "queue_directory")
    except MapUnreadableError:
        values = {"mail_version": "3.7", "queue_directory": "/var/spool/postfix"}
    queue = values["queue_directory"]
    return postfix.LineSettings(
        milter_socket=_as_postfix_says(settings.milter.socket, queue),
        guard_socket=_as_postfix_says(settings.guard.socket, queue),
        release_listener=settings.release.listener,
        deadline_s=int(settings.reading.deadline_s),
        postfix_version=values["mail_version"],
    )


def _as_postfix_says(where: str, queue_directory: str) -> str:
    """Return a socket as Postfix spells it: relative to the queue directory, where its daemons may be chrooted."""
    kind, _, rest = where.partition(":")
    if kind == "unix":
        inside = Path(rest).is_relative_to(queue_directory)
        return f"unix:{Path(rest).relative_to(queue_directory) if inside else rest}"
    port, _, host = rest.partition("@")
    return f"inet:{host or 'localhost'}:{port}"


def write_settings(path: Path, *, own: str, listen: str, **changes: str) -> None:
    """Write a first settings file; never over one that exists."""
    domain = own or "localhost"
    values = {
        "name": "your organisation",
        "own": own,
        "policies": "policies",
        "store": "safehold.db",
        "socket": "/var/spool/postfix/safehold",
        "listen": listen,
        "next_hop": "127.0.0.1:10026",
        "release": "127.0.0.1:10027",
        "maps": "auto",
        "notices_from": f"email-check@{domain}",
        "duty": f"reviewers@{domain}",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(TEMPLATE.format(**{**values, **changes}))


def make_keys_and_store(settings: config.Settings, *, shared: bool = False) -> str:
    """Make keys and store where they are missing; return the recovery key if keys were made, else ""."""
    recovery = ""
    if not (settings.keys / "sealing.pub").exists():
        recovery = vault.create_keys(settings.keys)
    if not settings.store.exists():
        Store.open(settings.store, create=True, shared=shared).close()
    return recovery


def check_settings(options: argparse.Namespace) -> int:
    """Load the settings and say that they are fine."""
    config.load(options.config)
    output.result(f"{options.config}: ok")
    return Exit.OK


def examine(options: argparse.Namespace) -> int:
    """Run every check of the doctor."""
    checks = doctor.examine(options.config)
    if options.json:
        output.document([{"name": c.name, "level": c.level.value, "text": c.text, "fix": c.fix} for c in checks])
    else:
        for check in checks:
            output.result(f"{check.level.value:<5} {check.name:<16} {check.text}")
            if check.fix:
                output.result(f"      {'':<16} fix: {check.fix}")
    worst = max(checks, key=lambda c: c.level.nagios).level
    failures = sum(c.level is doctor.Level.FAIL for c in checks)
    warnings = sum(c.level is doctor.Level.WARN for c in checks)
    say(f"{failures} failures, {warnings} warnings")
    return worst.nagios
