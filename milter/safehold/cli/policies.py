# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold policy check``: every mistake with its place and cure, and registers that protect nobody."""

import argparse
import difflib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safehold import assemble, config, policy
from safehold.cli import output
from safehold.cli.output import Exit, say
from safehold.errors import Complaint, ComplaintsError, SafeholdError, counted
from safehold.policy.language import Policy

HOLDS_NOBODY = "register-holds-nobody"


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    rules = commands.add_parser("policy", help="the rules")
    verbs = rules.add_subparsers(dest="verb", required=True, metavar="VERB")
    text = "every mistake, with line, column and cure; and registers that hold nobody, where there is a store"
    check = verbs.add_parser("check", parents=[common], help=text, description=text)
    check.add_argument("folder", nargs="?", type=Path, help="a folder of policies (default: the one in the settings)")
    check.add_argument("--json", action="store_true")
    check.add_argument("--strict", action="store_true", help="warnings fail too")
    check.set_defaults(act=check_policies)


def check_policies(options: argparse.Namespace) -> int:
    """Check a folder of policies; exit 1 where there are errors (or warnings, with --strict)."""
    folder = options.folder or config.load(options.config).policies
    files = assemble.policy_files(folder)
    today = datetime.now(UTC).date()
    found = [*policy.check(files, today=today), *_unheld(files, options)]
    complaints = sorted(assemble.placed(folder, files, found))
    errors = sum(c.severity == "error" for c in complaints)
    warnings = sum(c.severity == "warning" for c in complaints)
    if options.json:
        output.document([{n: getattr(c, n) for n in c.__dataclass_fields__} for c in complaints])
    else:
        for complaint in complaints:
            output.result(complaint.text())
        output.result(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}")
    return Exit.FOUND if errors or (warnings and options.strict) else Exit.OK


def _unheld(files: Mapping[str, bytes], options: argparse.Namespace) -> Iterator[Complaint]:
    """Yield a warning for each policy that asks a register which holds nobody, where there is a store to ask."""
    if not options.config.exists():
        return
    try:
        loaded = policy.load(files, today=datetime.now(UTC).date())
        held = assemble.registers_held(config.load(options.config), loaded)
    except ComplaintsError:
        return  # what is wrong with the policies has been said; settings have a command of their own
    except SafeholdError as error:
        say(f"registers were not compared with the store: {error}")
        return
    for name, asking in assemble.unheld(loaded, held).items():
        for each in asking:
            yield _nobody(name, each, held)


def _nobody(name: str, asking: Policy, held: frozenset[str]) -> Complaint:
    close = difflib.get_close_matches(name, held, n=1)
    there = f"there are: {', '.join(sorted(held))}" if held else "the store has no register yet"
    file, line = asking.place
    return Complaint(
        file,
        line,
        0,
        HOLDS_NOBODY,
        f'"{asking.id}" asks register {name}, which holds nobody, so it protects nobody',
        f"did you mean `{close[0]}`?" if close else f"safehold register import FILE, or correct the name; {there}",
        severity="warning",
    )
