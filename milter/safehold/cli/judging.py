# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold find | explain``: what would be found and decided, and why.

They call the same functions as the gate and print what comes back; nothing here decides anything.
"""

import argparse
import contextlib
import difflib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safehold import assemble, config, policy, screening
from safehold.assemble.rules import unheld
from safehold.cli import holds, inspecting, output, registers, setup
from safehold.cli.output import Exit, InputError, say
from safehold.detect import people as finder
from safehold.errors import Complaint, ComplaintsError, counted
from safehold.gate import Rules
from safehold.gate.facts import Expander, NoMaps, Site, address_headers, gather, normal
from safehold.model import (
    EVERYTHING,
    Action,
    Envelope,
    Facts,
    Ground,
    Message,
    PartPath,
    Place,
    PlaceKind,
    Reading,
    Recipient,
    Segment,
    Verdict,
)
from safehold.policy.language import Mode, Policy
from safehold.quarantine import spoken_id
from safehold.reading.document import place_in_message, place_words
from safehold.reading.pool import ReaderPool
from safehold.register.index import Register
from safehold.register.people import Person

# An address for documentation (RFC 5737): explain uses it as "a client outside".
OUTSIDE_CLIENT = "192.0.2.1"


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    text = "which people of a register a text contains"
    find = commands.add_parser("find", parents=[common], help=text, description=text)
    find.add_argument(
        "--register", metavar="R", help="a register file, or the name of a stored register (default: all)"
    )
    find.add_argument("--jsonl", action="store_true", help="read {id,text,content_type,scope} a line, answer in order")
    find.add_argument("file", metavar="FILE|-")
    find.set_defaults(act=find_people)

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
    explain.add_argument("--json", action="store_true", help="one JSON document; warnings stay on stderr")
    explain.set_defaults(act=explain_message)


def _address(text: str) -> str:
    """Return a mail address that was given as an option."""
    local, _, domain = text.rpartition("@")
    if not local or not domain or not text.isprintable() or set(text) & set(' <>,;"()'):
        raise argparse.ArgumentTypeError(f"not a mail address: {text!r}; write name@example.org")
    return text


# -- find -------------------------------------------------------------------------------------------------------


def find_people(options: argparse.Namespace) -> int:
    """Find register entries in a text, a document, or in lines of JSON."""
    register, whole = _register_of(options)
    if options.jsonl:
        with ReaderPool(1) as pool:
            output.lines(_find_lines(options.file, register, whole, pool))
        return Exit.OK
    if options.file == "-":
        reading = Reading(segments=(_plain_segment(sys.stdin.read()),))
    else:
        with ReaderPool(1) as pool:
            (_, reading), *_ = inspecting.readings(pool, [Path(options.file)])
    findings = finder.find(reading.segments, register, scope=frozenset(), whole=whole)
    for f in findings:
        output.result(
            f"{f.person}  {f.field:<14} {f.strength.value:<8} {place_words(f.place)} {f.span[0]}-{f.span[1]}  {f.why}"
        )
    problems = counted(len(reading.problems), "part not fully read", "parts not fully read")
    say(f"{counted(len(findings), 'finding')}, {problems}")
    return Exit.OK


def _register_of(options: argparse.Namespace) -> tuple[Register, frozenset[str]]:
    named = options.register
    if named and Path(named).is_file():
        register = Register.build(_people_in(Path(named)))
        return register, register.registers
    with assemble.people(config.load(options.config)) as store:
        register = Register.build(store.load()[1])
    there = ", ".join(sorted(register.registers))
    if named and named not in register.registers:
        near = difflib.get_close_matches(named, register.registers, n=1)
        cure = f"; did you mean {near[0]}?" if near else ""
        raise InputError(
            f"{named}: there is no such register (nor a file of that name){cure} There are: {there or 'none'}"
        )
    if not there:
        say("warning: nobody is in the register, so nothing can be found: safehold register import FILE")
    return register, frozenset({named}) if named else register.registers


def _people_in(path: Path) -> tuple[Person, ...]:
    """Return the people of a register file that was named on the command line.

    Raises:
        InputError: It is not there, or something is wrong with it; what, has been said.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such register file")
    try:
        return registers.read(path)
    except ComplaintsError as error:
        say(error.text())
        raise InputError(f"{path}: {counted(len(error.complaints), 'error')}, so nobody was looked for") from None


def _find_lines(file: str, register: Register, whole: frozenset[str], pool: ReaderPool) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:
        source = sys.stdin if file == "-" else stack.enter_context(Path(file).open(encoding="utf-8"))
        for number, line in enumerate(source, 1):
            try:
                item = json.loads(line)
                text, scope = item["text"], item.get("scope")
            except (ValueError, KeyError, TypeError):
                complaint = Complaint(file, number, 1, "line", 'expected {"id","text","content_type","scope"}')
                raise ComplaintsError([complaint]) from None
            segments: tuple[Segment, ...] = (_plain_segment(text),)
            if item.get("content_type") == "text/html":
                segments = pool.read(text.encode(), document_name="text.html").segments
            found = finder.find(
                segments,
                register,
                scope=frozenset(scope or ()),
                whole=whole if scope is None else frozenset(),
            )
            yield {
                "id": item.get("id"),
                "findings": [
                    {
                        "person": f.person,
                        "field": f.field,
                        "strength": f.strength.value,
                        "start": f.span[0],
                        "end": f.span[1],
                        "why": f.why,
                    }
                    for f in found
                ],
            }


def _plain_segment(text: str) -> Segment:
    return Segment(Place(PartPath(), PlaceKind.TEXT), text)


# -- explain ----------------------------------------------------------------------------------------------------


def explain_message(options: argparse.Namespace) -> int:
    """Say what would happen to a message, or why a hold was made; exit 1 where something would be held."""
    path = Path(options.message)
    if not path.exists() and _HOLD_ID.fullmatch(options.message):
        return _explain_hold(options)
    if not path.exists():
        say(f"safehold: {path}: there is no such file, and it is no hold id (of the form 7K4M-2QXR)")
        return Exit.BAD_INPUT
    content = _crlf(inspecting.content_of(path))
    if not _is_message(content):
        raise InputError(f"{path}: this is no message; expected a mail with its header (From:, To:, ...), as .eml")
    rules, site, expander = _rules(options, content)
    message, facts = _as_sent(options, content, site, expander)
    with ReaderPool(1) as pool:
        reading = pool.read(
            message.content, demand=screening.demand(facts, rules.register, rules.policies) or EVERYTHING
        )
    verdict = screening.screen(reading, message.envelope, facts, rules.register, rules.policies)
    empty = unheld(rules.policies, rules.register.registers)
    if options.json:
        output.document({**verdict_json(verdict), "registers_without_people": list(empty)})
    else:
        _tell(verdict, reading, rules.policies)
    for name, asking in empty.items():
        ids = ", ".join(each.id for each in asking)
        say(f"warning: register {name} holds nobody here, so these policies could find nothing in it: {ids}")
    if verdict.action is Action.HOLD:
        return Exit.FOUND
    return _unless_blind(rules, empty, is_file=options.register is not None)


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
    settings = config.load(options.config)
    with assemble.quarantine(settings) as quarantine:
        evidence = holds.masked(
            json.loads(quarantine.open(spoken_id(options.message), assemble.opening_key(settings)).evidence)
        )
    if options.json:
        output.document(evidence)
    else:
        holds.tell(evidence)
    return Exit.FOUND


def _crlf(content: bytes) -> bytes:
    if content.startswith(b"From "):  # an mbox line is no header
        content = content.partition(b"\n")[2]
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _rules(options: argparse.Namespace, content: bytes) -> tuple[Rules, Site, Expander]:
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
        people = (*people, *_people_in(options.register))
    elif settings is not None and settings.store.exists():
        with assemble.people(settings) as store:
            people = (*people, *store.load()[1])
    return Rules(policies, Register.build(people)), replace(site, own_domains=own), expander


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


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in the shape of DESIGN section 8."""
    return {
        "recipients": {
            r.recipient.address: {
                "action": r.action.value,
                "policies": sorted({g.policy for g in r.deciding}),
                "reasons": [reason for g in r.grounds for reason in _reasons(g)],
                "why": r.why,
            }
            for r in verdict.recipients
        },
        "problems": [{"part": str(p.part), "reason": p.reason.value, "detail": p.detail} for p in verdict.problems],
        "policies_digest": verdict.policies_digest,
        "register_digest": verdict.register_digest,
    }


def _reasons(ground: Ground) -> list[dict[str, Any]]:
    base = {
        "policy": ground.policy,
        "enforced": ground.enforced,
        "action": ground.action.value,
        "answer": ground.answer.value,
        "relation": ground.relation,
        "person": ground.person,
    }
    if not ground.findings:
        return [{**base, "field": "", "place": "", "strength": "", "why": ground.why}]
    return [
        {
            **base,
            "person": f.person or ground.person,
            "field": f.field,
            "place": f"{f.place.part}: {place_words(f.place)}",
            "strength": f.strength.value,
            "why": f.why or ground.why,
        }
        for f in ground.findings
    ]


def _tell(verdict: Verdict, reading: Reading, policies: policy.PolicySet) -> None:
    for r in verdict.recipients:
        output.result(f"{r.recipient.address}: {r.action.value}{' - ' + r.why if r.why else ''}")
        for ground in sorted(r.grounds, key=lambda g: (not g.enforced, -g.action.rank)):  # what decides stands first
            shadow = "" if ground.enforced else " (shadow: recorded, not done)"
            title = policies.handling(ground.policy).title
            output.result(f"  {ground.policy}: {title}: {ground.action.value}{shadow}")
            output.result(f"    because {ground.why}")
            for f in ground.findings:
                where = place_in_message(f.place, reading)
                person = f" of {f.person}" if f.person else ""
                output.result(f"    {where}: {f.field}{person}, {f.strength.value}: {f.why}")
    for problem in verdict.problems:
        output.result(f"not fully read: {problem.part}: {problem.reason.value}")
