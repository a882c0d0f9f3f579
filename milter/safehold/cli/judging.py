# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold find``: what of a register a text contains.

It calls the same functions as the gate and prints what comes back; nothing here decides anything.
"""

import argparse
import contextlib
import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safehold import assemble, config
from safehold.cli import inspecting, output, registers
from safehold.cli.output import Exit, InputError, say
from safehold.detect import people as finder
from safehold.errors import Complaint, ComplaintsError, counted
from safehold.model import (
    PartPath,
    Place,
    PlaceKind,
    Reading,
    Segment,
)
from safehold.reading.document import place_words
from safehold.reading.pool import ReaderPool
from safehold.register.index import Register
from safehold.register.people import Person


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
        register = Register.build(people_in(Path(named)))
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


def people_in(path: Path) -> tuple[Person, ...]:
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
