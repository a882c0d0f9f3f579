# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold init`` and ``safehold doctor``: from nothing to a gateway, and what a support call would ask."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safehold import assemble, config, doctor, postfix, vault
from safehold.cli import output
from safehold.cli.output import Exit, say
from safehold.config import SAMPLE_NAME, SAMPLE_PHONE, Settings
from safehold.errors import ComplaintsError, MapUnreadableError, counted
from safehold.store import Store

# Where Postfix cannot be asked: Debian's.
QUEUE_DIRECTORY = "/var/spool/postfix"
# The longest name of a check of the doctor.
NAME_WIDTH = 18
UNITS = ("safehold-milter", "safehold-guard", "safehold-courier")
SHARED_STORE = "/var/lib/safehold/safehold.db"
LISTS = (
    "  lists: 127.0.0.1:10028              # for a list that could not be looked up and was held under its own name\n"
)
RECOVERY = """
The recovery key.  It is shown once and kept nowhere: print it, lock it away, off this machine.
If the reviewers' key is lost, `safehold key recover` opens held mail with it, and nothing else does.
"""
TEMPLATE = """\
# safehold: settings.  `safehold doctor` checks them against this machine.
# Paths are relative to this file.

organisation:                         # `safehold doctor` fails until both are yours
  name: {name}            # signs every notice
  urgent_phone: "{phone}"       # staffed; stands in every notice to a sender
  help_url: ""
  timezone: Europe/London

domains:
  own: [{own}]        # empty: what Postfix calls its own (mydestination, relay_domains, virtual_*)

policies: {policies}
store: {store}
keys: keys

milter:
  socket: unix:{socket}/milter.sock
guard:
  socket: unix:{socket}/guard.sock
release:
  listener: {release}
{lists}smtpd:                                # only for mail servers that speak no milter
  listen: {listen}
  next_hop: {next_hop}

postfix:
  maps: {maps}                          # auto: ask Postfix who really gets a mail; none: nothing is mapped

notices:
  from: {notices_from}
  duty: [{duty}]
  reviewers:
    reviewers: [{duty}]
"""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    init = commands.add_parser("init", parents=[common], help="make settings, keys and store; print the Postfix lines")
    init.add_argument("--domain", type=mail_domain, metavar="D", help="your own mail domain, e.g. council.example")
    init.add_argument(
        "--shared",
        action="store_true",
        help="each process has a user of its own, as the units in systemd/ have it: the store's group may write",
    )
    init.set_defaults(act=initialise)
    check = commands.add_parser("doctor", parents=[common], help="check this gateway; exit codes as Nagios has them")
    check.add_argument("--json", action="store_true", help="all answers as one JSON document, and nothing else")
    check.set_defaults(act=examine)
    conf = commands.add_parser("config", parents=[common], help="check the settings file")
    conf.add_argument("verb", choices=["check"])
    conf.set_defaults(act=check_settings)


def mail_domain(text: str) -> str:
    """Return a mail domain given on the command line."""
    try:
        return config.domain(text)
    except config.NotADomainError as error:
        raise argparse.ArgumentTypeError(f"{error}; {error.hint}") from None


def initialise(options: argparse.Namespace) -> int:
    """Make what is missing, touch nothing that exists, and print what Postfix needs."""
    path: Path = options.config
    _settle(path, options)
    settings = config.load(path)
    if settings.store.exists() and options.shared:
        say(f"ignored --shared: the store {settings.store} is there already (`safehold doctor` looks at its modes)")
    settings.policies.mkdir(parents=True, exist_ok=True)
    recovery = make_keys_and_store(settings, shared=options.shared)
    if recovery:
        output.result(f"made keys in {settings.keys}, the store {settings.store} and the folder {settings.policies}")
        output.result(RECOVERY)
        output.result(f"    {recovery}")
    _tell_next(settings, path)
    return Exit.OK


def _settle(path: Path, options: argparse.Namespace) -> None:
    """Write settings, unless there are any; then say which of the options had therefore no effect."""
    if path.exists():
        say(f"kept {path} as it is")
        if options.domain:
            say("ignored --domain: the settings are there already; domains.own and notices stand in them")
        return
    # Where processes have users of their own, the units may write to this folder and to no other.
    store = SHARED_STORE if options.shared else "safehold.db"
    queue, _ = _daemons(None)
    write_settings(path, own=options.domain or "", listen="127.0.0.1:10025", store=store, socket=f"{queue}/safehold")
    output.result(f"wrote {path}: read it through before you start")
    if not options.domain:
        say("no --domain was given: correct domains.own and the addresses under notices, or nobody is told of a hold")


def _daemons(directory: Path | None) -> tuple[str, bool]:
    """Return Postfix's queue directory, and whether daemons that ask milters are chrooted in it."""
    postconf = postfix.Postconf(directory)
    try:
        values = postconf.values(*postfix.MILTER_SETTINGS)
        asking = postfix.askers(postconf.services(), values)
    except MapUnreadableError:
        return QUEUE_DIRECTORY, True
    return values["queue_directory"], any(asker.is_chrooted for asker in asking)


def _tell_next(settings: Settings, path: Path) -> None:
    """Say what is left to do, in the order in which no mail is lost or waits: every command can be pasted."""
    at = output.named(path)
    _step(1, f"a policy in {settings.policies}, checked, and the people that it protects")
    output.result(f"safehold policy check{at}")
    output.result(f"safehold register import FILE{at}")
    _step(2, "the services")
    _tell_sockets(settings, path)
    output.result(f"systemctl enable --now {' '.join(UNITS)}")
    _step(3, "Postfix, once the services run: these commands write main.cf and master.cf, each for the reason above it")
    _tell_lines(settings)
    _step(4, "everything looked at once more")
    output.result(f"safehold doctor{at}")


def _step(number: int, what: str) -> None:
    output.result(f"\n{number}. {what[0].upper()}{what[1:]}:\n")


def _tell_lines(settings: Settings) -> None:
    directory = settings.postfix.config_directory
    try:
        postfix.Postconf(directory).values("mail_version")
    except MapUnreadableError:
        say("Postfix cannot be asked here: the lines are those for a Postfix 3.7 as Debian sets it up")
    lines = assemble.postfix_lines(settings)
    others = [m for line in lines if line.name == "smtpd_milters" for m in postfix.members(line.value)[1:]]
    if others:
        output.result(f"# Your other milters stay, after ours: {', '.join(others)}")
    for line in lines:
        output.result(f"# {line.file}: {line.why}")
        output.result(line.shell(directory))
    output.result(" ".join(("postfix", *postfix.on_instance(directory), "reload")))


def _tell_sockets(settings: Settings, path: Path) -> None:
    """Say where the sockets lie and why; a chrooted Postfix reaches nothing outside its queue directory."""
    queue, is_chrooted = _daemons(settings.postfix.config_directory)
    sockets = {
        name: Path(where.removeprefix("unix:"))
        for name, where in (("milter", settings.milter.socket), ("guard", settings.guard.socket))
        if where.startswith("unix:")
    }
    outside = [name for name, file in sockets.items() if not file.is_relative_to(queue)]
    if is_chrooted and outside:
        say(f"Postfix is chrooted (master.cf) and reaches nothing outside {queue}.  Write in {path}:")
        for name in outside:
            sockets[name] = Path(queue) / "safehold" / f"{name}.sock"
            say(f"  {name}: {{socket: unix:{sockets[name]}}}")
    elif is_chrooted and sockets:
        output.result(
            f"# The sockets lie below {queue}, because Postfix is chrooted there (master.cf, as Debian has it)."
        )
    for folder in dict.fromkeys(file.parent for file in sockets.values()):
        if not folder.is_dir():
            output.result(f"install -d -o safehold-milter -g postfix -m 2750 {folder}")


def write_settings(path: Path, *, own: str, listen: str, **changes: str) -> None:
    """Write a first settings file; never over one that exists."""
    domain = own or "localhost"
    values = {
        "name": SAMPLE_NAME,
        "phone": SAMPLE_PHONE,
        "own": own,
        "policies": "policies",
        "store": "safehold.db",
        "socket": f"{QUEUE_DIRECTORY}/safehold",
        "listen": listen,
        "next_hop": "127.0.0.1:10026",
        "release": "127.0.0.1:10027",
        "lists": LISTS,
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
    """Load the settings and say that they are fine, also for this machine, and which limits are in force."""
    if found := config.check(options.config):
        raise ComplaintsError(found)
    output.result(f"{options.config}: ok")
    reading = config.load(options.config).reading
    effective, usual = asdict(reading.effective()), asdict(config.ReadingSettings().effective())
    output.result(f"reading: {reading.workers} workers; limits in force:")
    for name, value in effective.items():
        unless = "" if value == usual[name] else f"   (unless set: {usual[name]})"
        output.result(f"  {name:<20} {value}{unless}")
    return Exit.OK


def examine(options: argparse.Namespace) -> int:
    """Run every check of the doctor."""
    checks = doctor.examine(options.config)
    levels = [check.level for check in checks]
    if options.json:
        output.document([{"name": c.name, "level": c.level.value, "text": c.text, "fix": c.fix} for c in checks])
    else:
        for check in checks:
            _tell(check)
        failures, warnings = levels.count(doctor.Level.FAIL), levels.count(doctor.Level.WARN)
        output.result(f"{counted(failures, 'failure')}, {counted(warnings, 'warning')}")
    return max(level.nagios for level in levels)


def _tell(check: doctor.Check) -> None:
    output.result(f"{check.level.value:<5} {check.name:<{NAME_WIDTH}} {check.text}")
    for number, step in enumerate(check.fix.splitlines()):
        output.result(f"      {'':<{NAME_WIDTH}} {'' if number else 'fix: ':<5}{step}")
