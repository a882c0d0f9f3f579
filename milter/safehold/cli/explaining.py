# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold explain``: the verdict on a message or a hold, per recipient, condition by condition.

It calls the same functions as the gate and shows what comes back; nothing here decides anything, and nothing is sent,
held or written, but for the audit entry of who reveals a hold.
"""

import argparse
import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safehold import assemble, config, screening
from safehold.assemble.rules import unheld
from safehold.cli import accounts, holds, inspecting, judging, output, setup
from safehold.cli.output import Exit, InputError, say
from safehold.errors import Complaint, ComplaintsError, SafeholdError
from safehold.gate import Rules
from safehold.gate.facts import Expander, NoMaps, Site, address_headers, gather, normal
from safehold.gate.history import asked
from safehold.model import EVERYTHING, Action, Envelope, Facts, Message, Recipient
from safehold.policy import PolicySet
from safehold.policy.language import Mode, Policy
from safehold.quarantine import spoken_id
from safehold.reading.pool import ReaderPool
from safehold.register.index import Register
from safehold.store import vitals

# An address for documentation (RFC 5737): used as "a client outside".
OUTSIDE_CLIENT = "192.0.2.1"


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = "the verdict on a message or hold, and why"
    explain = commands.add_parser(
        "explain",
        parents=[common],
        help=text,
        description=f"{text}. Nothing is sent, held or recorded; values of the register are not shown.",
        epilog="Exit codes: 0 nothing would be held, 1 somebody's copy would be (or is) held, 2 an option is wrong,"
        " 65 no such file or hold, no message, or of the registers that the policies ask none could be looked at"
        " (then 'pass' says nothing), 78 wrong settings or policies.",
    )
    explain.add_argument(
        "message", metavar="MESSAGE|HOLD", help="a file with a message (.eml), or the reference of a hold (7K4M-2QXR)"
    )
    explain.add_argument(
        "--from", dest="sender", metavar="A", type=_address, help="the sender (default: the one in its From:)"
    )
    explain.add_argument(
        "--to",
        action="append",
        default=[],
        metavar="B",
        type=_address,
        help="who gets it, as the envelope would say; repeat for several (default: its To: and Cc:)",
    )
    explain.add_argument(
        "--policies", type=Path, metavar="D", help="a folder of policies in place of the one in the settings"
    )
    explain.add_argument(
        "--register", type=Path, metavar="R", help="a register file in place of the people in the store"
    )
    explain.add_argument(
        "--own-domain",
        action="append",
        default=[],
        type=setup.mail_domain,
        metavar="D",
        help="a domain of ours; repeat for several (default: those of the settings, else the sender's)",
    )
    explain.add_argument(
        "--assume",
        choices=["outbound", "internal", "inbound", "transit"],
        help="which way the message goes (default: outbound from a domain of ours, else inbound)",
    )
    explain.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="ID",
        help="also tell of this policy, though it did not fire; repeat for several",
    )
    explain.add_argument(
        "--reveal", action="store_true", help="of a hold: show the passages themselves; audited, and wants --reason"
    )
    explain.add_argument("--reason", type=holds.reason, help="why you need to see it; sealed, for the audit trail")
    explain.add_argument("--json", action="store_true", help="one JSON document; warnings stay on stderr")
    explain.set_defaults(act=explain_message)


def _address(text: str) -> str:
    """Return a mail address that was given as an option."""
    local, _, domain = text.rpartition("@")
    if not local or not domain or not text.isprintable() or set(text) & set(' <>,;"()'):
        raise argparse.ArgumentTypeError(f"not a mail address: {text!r}; write name@example.org")
    return text


def explain_message(options: argparse.Namespace) -> int:
    """Say what would happen to a message, or why a hold was made; exit 1 where something would be held."""
    path = Path(options.message)
    if not path.exists() and _HOLD_ID.fullmatch(options.message):
        return _explain_hold(options)
    if not path.exists():
        say(f"safehold: {path}: there is no such file, and it is no hold id (of the form 7K4M-2QXR)")
        return Exit.BAD_INPUT
    if options.reveal:
        say("safehold: --reveal is for holds; of a message in a file nothing is sealed")
        return Exit.USAGE
    content = _crlf(inspecting.content_of(path))
    if not _is_message(content):
        raise InputError(f"{path}: this is no message; expected a mail with its header (From:, To:, ...), as .eml")
    rules, site, expander, folder = _rules(options, content)
    _known(options.policy, rules)
    message, facts = _as_sent(options, content, site, expander)
    facts = _with_the_past(options, facts, rules)
    with ReaderPool(1) as pool:
        reading = pool.read(
            message.content, demand=screening.demand(facts, rules.register, rules.policies) or EVERYTHING
        )
    verdict = screening.screen(reading, message.envelope, facts, rules.register, rules.policies)
    told = screening.accounts(reading, facts, rules.register, rules.policies)
    where = accounts.places(rules.policies, folder)
    document = accounts.of_message(verdict, told, reading, rules.policies, where, options.policy)
    empty = unheld(rules.policies, rules.register.registers)
    if options.json:
        output.document({**document, "registers_without_people": list(empty)})
    else:
        accounts.tell(document)
    for name, asking in empty.items():
        ids = ", ".join(each.id for each in asking)
        say(f"warning: register {name} holds nobody here, so these policies could find nothing in it: {ids}")
    if verdict.action is Action.HOLD:
        return Exit.FOUND
    return _unless_blind(rules, empty, is_file=options.register is not None)


def _with_the_past(options: argparse.Namespace, facts: Facts, rules: Rules) -> Facts:
    """Return the facts with earlier mail as the gateway here remembers it, and say where its policies are others."""
    settings = config.load(options.config) if options.config.exists() else None
    if settings is None or options.policies is not None or not settings.store.exists():
        return facts
    for each in assemble.disabled(settings, facts.now):
        say(f"policy {each.policy} is disabled until {output.local(each.until)}: the gateway holds nothing for it now")
    with assemble.opened(settings) as opened:
        live = vitals.in_force(opened)
    if live is not None and live.policies != rules.policies.digest:
        say("warning: the gateway has other policies in force than these; they wait for a reload, or to be published")
    if asked(rules.policies) == asked(PolicySet()):
        return facts
    with assemble.history(settings) as past:
        return past.recall(facts, rules.policies)


def _known(names: Sequence[str], rules: Rules) -> None:
    ids = [policy.id for policy in rules.policies.policies]
    for name in names:
        if name not in ids:
            near = difflib.get_close_matches(name, ids, n=1)
            raise InputError(f"no policy {name}{f'; did you mean {near[0]}?' if near else ''}")
        if rules.policies.policy(name).mode is Mode.OFF:
            raise InputError(f"policy {name} is off, so nobody is asked about it")


def _unless_blind(rules: Rules, empty: Mapping[str, Sequence[Policy]], *, is_file: bool) -> Exit:
    """Return whether "not held" may be believed.

    Not where none of the registers asked could be looked at, nor where one is missing from a store that has others:
    that is a misspelt name.  A file that was named may rightly hold some of the registers only.
    """
    there = rules.register.registers
    asked = {name for each in rules.policies.policies if each.mode is not Mode.OFF for name in each.registers}
    if not empty or (is_file and asked & there):
        return Exit.OK
    here = f"there are: {', '.join(sorted(there))}" if there else "none was loaded; say --register FILE"
    say(f"safehold: 'not held' cannot be relied on: there is no register {', '.join(empty)} ({here})")
    return Exit.BAD_INPUT


# Fields of which a message has one (RFC 5322, section 3.6, and what relays add).
_OF_MESSAGES = frozenset(
    {
        b"from",
        b"sender",
        b"to",
        b"cc",
        b"bcc",
        b"date",
        b"subject",
        b"message-id",
        b"received",
        b"return-path",
        b"reply-to",
    }
)


def _is_message(content: bytes) -> bool:
    """Return whether *content* begins with a header that has a field of messages; other files have colons too."""
    header = content.lstrip(b"\r\n").partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].rstrip().lower() for line in header if b":" in line]
    return b":" in header[0] and not _OF_MESSAGES.isdisjoint(names)


# A hold id as people type it: a name with a dot or a slash in it is a file's.
_HOLD_ID = re.compile(r"[0-9A-Za-z]{4}[- ]?[0-9A-Za-z]{4}")


def _explain_hold(options: argparse.Namespace) -> int:
    """Tell of a hold from what it keeps: its message is not parsed again beside the key that opens it."""
    if options.reveal and not options.reason:
        say("safehold: --reveal wants --reason: who looks at protected details says why")
        return Exit.USAGE
    settings = config.load(options.config)
    hold, key = spoken_id(options.message), assemble.opening_key(settings)
    with assemble.quarantine(settings) as quarantine:
        if options.reveal:
            actor, now = assemble.actor(), datetime.now(UTC)
            content = quarantine.reveal(hold, key, actor=actor, reason=options.reason, now=now)
        else:
            content = quarantine.open(hold, key)
    kept = json.loads(content.evidence)
    shown = kept if options.reveal else holds.masked(kept)
    where, is_changed = _places_then(settings, kept["policies_digest"])
    document = accounts.of_hold(shown, where)
    if options.json:
        output.document({**document, "registers_without_people": [], "policies_changed": is_changed})
    else:
        accounts.tell(document)
    if is_changed:
        say("the policies are others now than when this was held, so their lines are not shown")
    return Exit.FOUND


def _places_then(settings: config.Settings, digest: str) -> tuple[accounts.Places, bool]:
    """Return where the policies stand that held a message, and whether they have been changed since."""
    try:
        policies = assemble.load_policies(settings.policies)
    except (SafeholdError, OSError):
        return {}, True
    if policies.digest != digest:
        return {}, True
    return accounts.places(policies, settings.policies), False


def _crlf(content: bytes) -> bytes:
    if content.startswith(b"From "):  # an mbox line is no header
        content = content.partition(b"\n")[2]
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _rules(options: argparse.Namespace, content: bytes) -> tuple[Rules, Site, Expander, Path]:
    sender = options.sender or next((a for _, a in address_headers(content)["from"]), "")
    settings = config.load(options.config) if options.config.exists() else None
    if settings is None and options.policies is None:
        config.load(options.config)  # says that there are no settings, and how to make them
    site = Site(frozenset())
    expander: Expander = NoMaps()
    if settings is not None and options.policies is None:
        site, expander = assemble.site(settings), assemble.expander(settings)
    own = frozenset(options.own_domain) or site.own_domains or frozenset({normal(sender).rpartition("@")[2]})
    folder = options.policies or (settings.policies if settings else Path("policies"))
    policies = assemble.load_policies(folder)
    people = policies.people
    if options.register:
        people = (*people, *judging.people_in(options.register))
    elif settings is not None and settings.store.exists():
        with assemble.people(settings) as store:
            people = (*people, *store.load()[1])
    return Rules(policies, Register.build(people)), replace(site, own_domains=own), expander, folder


def _as_sent(options: argparse.Namespace, content: bytes, site: Site, expander: Expander) -> tuple[Message, Facts]:
    headers = address_headers(content)
    sender = options.sender or next((a for _, a in headers["from"]), "")
    recipients = options.to or [a for _, a in (*headers["to"], *headers["cc"])]
    if not recipients:
        raise ComplaintsError([Complaint(options.message, 0, 0, "no-recipient", "names no recipient", "say --to")])
    assume = options.assume or ("outbound" if site.owns(sender) else "inbound")
    macros: Mapping[str, str] = (
        {"{auth_authen}": sender or "explain", "{client_addr}": "127.0.0.1"}
        if assume in {"outbound", "internal"}
        else {"{client_addr}": OUTSIDE_CLIENT}
    )
    now = datetime.now(UTC)
    message = Message(Envelope(sender, tuple(Recipient(r) for r in recipients)), content, now, macros)
    return message, gather(message, site, expander, now)
