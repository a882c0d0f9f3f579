# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold run``: everything on one machine, with settings, keys and store made on first start.

The way is the real one: an SMTP front end in front, a milter socket beside it, the courier, the release listener behind
the guard, and Maildirs at the far end.  With ``--samples`` it sends the sample messages through it and says what
became of each.
"""

import argparse
import json
import mailbox
import secrets
import signal
import smtplib
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from safehold import assemble, config
from safehold.cli import output, registers, setup
from safehold.cli.output import Exit, say
from safehold.cli.sink import folder_of, maildir
from safehold.cli.supervise import Parts, free_ports, python
from safehold.errors import Complaint, ComplaintsError, counted
from safehold.quarantine import Quarantine
from safehold.store import Store, vitals

FIRST_PORT = 2525
SAMPLE_DOMAIN = "riverbank.example"
# A notice takes the courier's poll (1 s) and a delivery; this is only how long we look before we say "not yet".
NOTICE_WAIT_S = 20.0


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    del common  # the settings lie in --directory
    run = commands.add_parser("run", help="everything on one machine, to try it or for a small office")
    run.add_argument(
        "--directory", type=Path, default=Path("var"), metavar="D", help="settings, keys, store, mail (var)"
    )
    run.add_argument("--policies", type=Path, default=Path("policies"), metavar="D", help="for new settings")
    run.add_argument(
        "--samples", type=Path, metavar="D", help="send these sample messages and show what became of them"
    )
    run.add_argument("--once", action="store_true", help="stop after the table; exit 0 only if all was as expected")
    run.set_defaults(act=run_all)


def run_all(options: argparse.Namespace) -> int:
    """Start the parts, send the samples if there are any, serve until told to stop."""
    options.directory.mkdir(parents=True, exist_ok=True, mode=0o750)
    with vitals.alone(options.directory / "safehold", "run"):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    settings_file = _prepare(options)
    settings = config.load(settings_file)
    mail = options.directory / "mail"
    if options.samples:
        # Before the parts start: rules about people that are not there yet would be an error in their logs.
        _import_register(options.samples / "register.yaml", settings)
    with Parts(options.directory / "log") as parts:
        try:
            _start(parts, settings_file, settings, mail)
            good = _show_samples(options.samples, settings, mail) if options.samples else True
            if options.once:
                return Exit.OK if good else Exit.FOUND
            _next_steps(settings_file, settings, options.samples)
            return _serve(parts)
        except KeyboardInterrupt:
            say("stopping")
            return Exit.OK


def _prepare(options: argparse.Namespace) -> Path:
    directory: Path = options.directory
    file = directory / "safehold.yaml"
    if not file.exists():
        front, hop, release = free_ports(FIRST_PORT, 3)
        setup.write_settings(
            file,
            own=SAMPLE_DOMAIN if options.samples else "",
            policies=str(options.policies.resolve()),
            socket=str((directory / "sockets").resolve()),
            listen=f"127.0.0.1:{front}",
            next_hop=f"127.0.0.1:{hop}",
            release=f"127.0.0.1:{release}",
            lists="",
            maps="none",
        )
        say(f"wrote {file}")
    settings = config.load(file)
    (directory / "sockets").mkdir(exist_ok=True, mode=0o750)
    if settings.store.exists():
        Store.upgrade(settings.store)  # of an earlier version; one that is up to date stays as it is
    if recovery := setup.make_keys_and_store(settings):
        say(f"made keys in {settings.keys} and the store {settings.store}")
        say(f"recovery key (shown once; for real use keep it off this machine): {recovery}")
    return file


def _start(parts: Parts, settings_file: Path, settings: config.Settings, mail: Path) -> None:
    common = ("--config", str(settings_file))
    hop, release = settings.smtpd.next_hop, settings.release.listener
    parts.start("sink", python("safehold.cli.sink", hop, str(mail)), ready=hop)
    parts.start("release", python("safehold.cli", "smtpd", "--guard", *common), ready=release)
    parts.start("smtpd", python("safehold.cli", "smtpd", *common), ready=settings.smtpd.listen)
    parts.start("milter", python("safehold.cli", "milter", *common), ready=settings.milter.socket)
    parts.start("courier", python("safehold.cli", "courier", *common), ready="")
    say(
        f"serving: SMTP on {settings.smtpd.listen}, milter on {settings.milter.socket}; "
        f"mail is delivered below {mail}, logs are in {mail.parent / 'log'}"
    )


def _serve(parts: Parts) -> int:
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    say("serving until Ctrl-C")
    while not stopped:
        time.sleep(0.5)
        parts.keep()
    return Exit.OK


# -- the samples ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample message with what must become of it.

    ``expect`` maps a recipient to the policies that hold it; empty means delivered.
    """

    file: Path
    sender: str
    recipients: tuple[str, ...]
    expect: Mapping[str, frozenset[str]]
    shows: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one recipient's copy."""

    recipient: str
    hold: str
    delivered: bool
    policies: frozenset[str]
    why: str


def load_samples(folder: Path) -> tuple[Sample, ...]:
    """Return the samples listed in *folder*/messages.yaml."""
    try:
        items = yaml.safe_load((folder / "messages.yaml").read_bytes())
    except (OSError, yaml.YAMLError) as error:
        complaint = Complaint(str(folder / "messages.yaml"), 0, 0, "unreadable", "cannot be read")
        raise ComplaintsError([complaint]) from error
    return tuple(
        Sample(
            folder / "messages" / item["file"],
            item["from"],
            tuple(item["to"]),
            {a: frozenset() if e == "delivered" else frozenset(e["held"]) for a, e in item["expect"].items()},
            item["shows"],
        )
        for item in items
    )


def _show_samples(folder: Path, settings: config.Settings, mail: Path) -> bool:
    say(f"sending the samples in {folder}")
    rows: list[tuple[str, ...]] = []
    notices: dict[str, str] = {}
    good = True
    with assemble.quarantine(settings, opening=True) as quarantine:
        for sample in load_samples(folder):
            fates = _send(sample, settings, quarantine, mail)
            for fate in fates:
                as_expected = fate.policies == sample.expect[fate.recipient] and fate.delivered is not bool(fate.hold)
                good = good and as_expected
                rows.append(_row(sample, fate, as_expected))
                if fate.hold:
                    notices[fate.hold] = _notice(mail, sample.sender, fate.hold)
    output.table(["message, and to whom", "what became of it", "policy and why"], rows)
    output.result("\nWhat the senders were told")
    for hold, notice in notices.items():
        output.result(f"  {hold}: {notice}")
    say("every outcome was as expected" if good else "NOT every outcome was as expected: see the rows marked !")
    return good


def _import_register(file: Path, settings: config.Settings) -> None:
    if not file.exists():
        return
    people = registers.read(file)
    with assemble.people(settings) as store:
        outcome = store.import_people(
            people,
            full=False,
            accept_losses=len(people),  # invented people, and the sample file is their whole truth
            actor=assemble.actor(),
            now=datetime.now(UTC),
        )
    who = counted(len(people), "invented person", "invented people")
    say(f"register: {who} from {file}, sealed in the store as revision {outcome.revision}")


def _send(sample: Sample, settings: config.Settings, quarantine: Quarantine, mail: Path) -> list[Fate]:
    # A Message-ID of its own for each run: the same one again would rightly join the hold of the last run.
    token = secrets.token_hex(4)
    content = sample.file.read_bytes().replace(b"Message-ID: <", f"Message-ID: <{token}.".encode(), 1)
    before = {held.id for held in quarantine.list()}
    host, _, port = settings.smtpd.listen.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=120) as client:
        client.sendmail(sample.sender, sample.recipients, content)
    held = _held(settings, quarantine, [h.id for h in quarantine.list() if h.id not in before])
    nothing: tuple[str, frozenset[str], str] = ("", frozenset(), "")
    fates = []
    for recipient in sample.recipients:
        hold, policies, why = held.get(recipient.lower(), nothing)
        fates.append(Fate(recipient, hold, _is_in(maildir(mail, recipient), token), policies, why))
    return fates


def _held(
    settings: config.Settings, quarantine: Quarantine, ids: Iterable[str]
) -> dict[str, tuple[str, frozenset[str], str]]:
    """Return hold, policies and the reason in words for each held recipient."""
    found = {}
    key = assemble.opening_key(settings)
    for hold in ids:
        evidence = json.loads(quarantine.open(hold, key).evidence)
        for person in evidence["recipients"]:
            grounds = [g for g in person["grounds"] if g["enforced"] and g["action"] == "hold"]
            reasons = [_reason(evidence, ground) for ground in grounds]
            found[person["address"].lower()] = (
                hold,
                frozenset(g["policy"] for g in grounds),
                "; ".join(dict.fromkeys(reasons)) or person["why"],
            )
    return found


def _reason(evidence: Mapping[str, Any], ground: Mapping[str, Any]) -> str:
    title = next((h["title"] for h in evidence["handling"] if h["policy"] == ground["policy"]), "")
    hits = [evidence["findings"][number] for number in ground["findings"]]
    if not hits:
        return f"{title} ({ground['policy']}): {ground['why']}"
    first = hits[0]
    what = f"{first['field'] or 'a match'}, {first['strength']}, in {first['place']['words']}"
    return f"{title} ({ground['policy']}): {what}"


def _is_in(folder: mailbox.Maildir, token: str) -> bool:
    return any(token in str(message["Message-ID"]) for message in folder)


def _row(sample: Sample, fate: Fate, as_expected: bool) -> tuple[str, ...]:
    became = f"held as {fate.hold}" if fate.hold else "delivered" if fate.delivered else "LOST"
    return (f"{sample.file.stem}\n  {fate.recipient}", became if as_expected else f"! {became}", fate.why)


def _notice(mail: Path, sender: str, hold: str) -> str:
    """Return where the notice about *hold* lies, once it is there."""
    until = time.monotonic() + NOTICE_WAIT_S
    folder = maildir(mail, sender)
    while time.monotonic() < until:
        for key in folder.keys():  # noqa: SIM118 - a mailbox iterates over its messages
            if hold in str(folder[key]["Subject"]):
                return str(next(folder_of(mail, sender).glob(f"new/{key}*")))
        time.sleep(0.2)
    return "not yet"


def _next_steps(settings_file: Path, settings: config.Settings, samples: Path | None) -> None:
    host, _, port = settings.smtpd.listen.rpartition(":")
    lent = "sudo env -u SUDO_UID " if assemble.is_lent() else ""  # under sudo, holds are those of the one gateway
    command, tail = f"{lent}{Path(sys.argv[0])}", f"--config {settings_file}"
    sample = f"{samples or 'samples'}/messages/safe-address-to-adverse.eml"
    send = f"smtplib.SMTP('{host}', {port}).sendmail('jo.marlow@{SAMPLE_DOMAIN}', 'gareth.wren@postbox.example',"
    to_adverse = f"--server {settings.smtpd.listen} --from jo.marlow@{SAMPLE_DOMAIN} --to gareth.wren@postbox.example"
    reason = '--reason "checked with the team"'
    steps = (
        ("send one yourself", f"python3 -c \"import smtplib; {send} open('{sample}', 'rb').read())\""),
        ("or with swaks, where it is installed (apt install swaks)", f"swaks {to_adverse} --data @{sample}"),
        ("ask why, send nothing", f"{command} explain {sample} {tail}"),
        ("see what is on hold", f"{command} hold list {tail}"),
        ("look at one, masked", f"{command} hold show ID {tail}"),
        ("let one go", f"{command} hold release ID {reason} {tail}"),
        ("where two must agree, the first approves", f"{command} hold approve ID {reason} {tail}"),
    )
    output.result("\nWhat to try next")
    for what, how in steps:
        output.result(f"  {what}:\n    {how}")
    output.result("  (and the second releases, from another account: one account alone never counts as two people)\n")
