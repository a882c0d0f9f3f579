# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold register import | list | check``: the protected people, sealed in the store."""

import argparse
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safehold import assemble, config
from safehold.assemble import rules
from safehold.cli import output
from safehold.cli.output import Exit, say
from safehold.errors import Complaint, ComplaintsError, counted
from safehold.register import importing
from safehold.register.people import Person

# How many people a warning names; the rest are counted.
_MOST_NAMED = 10


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    register = commands.add_parser("register", help="the people who are protected")
    verbs = register.add_subparsers(dest="verb", required=True, metavar="VERB")
    text = "bring people into the register from YAML, JSON Lines or CSV; the file says all there is about each of them"
    load = verbs.add_parser("import", parents=[common], help=text, description=f"{text}, unless --add is given.")
    load.add_argument("file", type=Path)
    whole = load.add_mutually_exclusive_group()
    whole.add_argument("--add", action="store_true", help="keep what is there of each person, and add what is new")
    whole.add_argument("--full", action="store_true", help="the file is the whole register: end who is not in it")
    load.add_argument("--accept-ends", type=int, default=0, metavar="N", help="allow that N people are ended")
    load.add_argument(
        "--accept-losses", type=int, default=0, metavar="N", help="allow that N people who stay lose something"
    )
    load.add_argument("--json", action="store_true")
    load.set_defaults(act=import_file)
    check = verbs.add_parser("check", help="check a register file and change nothing")
    check.add_argument("file", type=Path)
    check.set_defaults(act=check_file)
    show = verbs.add_parser("list", parents=[common], help="ids and counts, no values")
    show.add_argument("--json", action="store_true")
    show.set_defaults(act=list_people)


def read(path: Path) -> tuple[Person, ...]:
    """Return the people in *path*; raises ComplaintsError with every complaint about it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ComplaintsError([Complaint(str(path), 0, 0, "unreadable", reason)]) from None
    people = importing.parse(str(path), data)
    if not people:
        raise ComplaintsError([Complaint(str(path), 0, 0, "nobody", "nobody is in this file")])
    return people


def import_file(options: argparse.Namespace) -> int:
    """Import a register file, all of it or nothing."""
    try:
        people = read(options.file)
    except ComplaintsError as error:
        return _refuse(error)
    settings = config.load(options.config)
    with assemble.people(settings) as store:
        outcome = store.import_people(
            people,
            full=options.full,
            adding=options.add,
            accept_ends=options.accept_ends,
            accept_losses=options.accept_losses,
            actor=assemble.actor(),
            now=datetime.now(UTC),
        )
    if options.json:
        output.document(
            {
                "added": outcome.added,
                "changed": outcome.changed,
                "ended": outcome.ended,
                "revision": outcome.revision,
                "registers": Counter(person.register for person in people),
            }
        )
    else:
        counts = f"{outcome.added} added, {outcome.changed} changed, {outcome.ended} ended"
        output.result(f"register revision {outcome.revision}: {counts}")
        output.result(f"in this file: {_by_register(people)}")
    _warn_of_emptiness(people)
    _warn_unasked(settings.policies, frozenset(person.register for person in people))
    return Exit.OK


def _by_register(people: Sequence[Person]) -> str:
    counts = Counter(person.register for person in people)
    return ", ".join(f"{name} {counted(counts[name], 'person', 'people')}" for name in sorted(counts))


def _warn_of_emptiness(people: Sequence[Person]) -> None:
    """Tell who has nothing that could be found in a mail."""
    empty = [person.id for person in people if not person.values and not person.former_contacts]
    if empty:
        more = f" and {counted(len(empty) - _MOST_NAMED, 'other')}" if len(empty) > _MOST_NAMED else ""
        say(f"warning: no value of {', '.join(empty[:_MOST_NAMED])}{more}, so nothing of them would be found in mail")


def _warn_unasked(folder: Path, brought: frozenset[str]) -> None:
    """Tell of registers in this file that no policy asks: a misspelt one protects nobody, and looks as if it did."""
    try:
        loaded = rules.load_policies(folder)
    except ComplaintsError:
        say("the registers were not compared with the policies, which cannot be loaded: safehold policy check")
        return
    for name, hint in rules.unasked(loaded, brought).items():
        say(f"warning: no policy asks register {name}, so nobody in it is protected; {hint}")


def check_file(options: argparse.Namespace) -> int:
    """Check a register file."""
    try:
        people = read(options.file)
    except ComplaintsError as error:
        return _refuse(error)
    values = counted(sum(len(p.values) for p in people), "value")
    output.result(f"{options.file}: ok, {counted(len(people), 'person', 'people')}, {values}: {_by_register(people)}")
    _warn_of_emptiness(people)
    return Exit.OK


def list_people(options: argparse.Namespace) -> int:
    """List ids and counts."""
    with assemble.people(config.load(options.config)) as store:
        _, people = store.load()
    rows = [
        {
            "id": p.id,
            "register": p.register,
            "values": len(p.values),
            "adverse": len(p.adverse),
            "authorised": len(p.authorised),
        }
        for p in people
    ]
    if options.json:
        output.lines(rows)
    elif rows:
        output.table(list(rows[0]), [[str(v) for v in row.values()] for row in rows])
    else:
        say("nobody is in the register: safehold register import FILE")
    return Exit.OK


def _refuse(error: ComplaintsError) -> int:
    say(error.text())
    say(f"{counted(len(error.complaints), 'error')}, nothing was imported")
    return Exit.BAD_INPUT
