# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold register import | list | check``: the protected people, sealed in the store."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safehold import assemble, config
from safehold.cli import output
from safehold.cli.output import Exit, say
from safehold.errors import Complaint, ComplaintsError, counted
from safehold.register import importing
from safehold.register.people import Person


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    register = commands.add_parser("register", help="the people who are protected")
    verbs = register.add_subparsers(dest="verb", required=True, metavar="VERB")
    load = verbs.add_parser("import", parents=[common], help="add or replace people from YAML, JSON Lines or CSV")
    load.add_argument("file", type=Path)
    load.add_argument("--full", action="store_true", help="the file is the whole register: end who is not in it")
    load.add_argument("--accept-ends", type=int, default=0, metavar="N", help="allow that N people are ended")
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
    return importing.parse(str(path), data)


def import_file(options: argparse.Namespace) -> int:
    """Import a register file, all of it or nothing."""
    try:
        people = read(options.file)
    except ComplaintsError as error:
        return _refuse(error)
    with assemble.people(config.load(options.config)) as store:
        outcome = store.import_people(
            people,
            full=options.full,
            accept_ends=options.accept_ends,
            actor=assemble.actor(),
            now=datetime.now(UTC),
        )
    if options.json:
        output.document(
            {"added": outcome.added, "changed": outcome.changed, "ended": outcome.ended, "revision": outcome.revision}
        )
    else:
        counts = f"{outcome.added} added, {outcome.changed} changed, {outcome.ended} ended"
        output.result(f"register revision {outcome.revision}: {counts}")
    return Exit.OK


def check_file(options: argparse.Namespace) -> int:
    """Check a register file."""
    try:
        people = read(options.file)
    except ComplaintsError as error:
        return _refuse(error)
    values = counted(sum(len(p.values) for p in people), "value")
    output.result(f"{options.file}: ok, {counted(len(people), 'person', 'people')}, {values}")
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
