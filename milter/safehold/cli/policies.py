# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold policy check``: every mistake with its place and cure, and registers that protect nobody."""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safehold import assemble, config, policy
from safehold.assemble import rules
from safehold.cli import output, proving, publishing, untested
from safehold.cli.output import Exit, say
from safehold.errors import Complaint, ComplaintsError, SafeholdError, counted
from safehold.policy import PolicySet
from safehold.policy.check import PROFILES, graded
from safehold.policy.language import Mode
from safehold.policy.schema import schema

# Warnings of a kind in one file that are shown unless --all is given.
_FEW = 3


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    group = commands.add_parser("policy", help="the rules")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    text = "every mistake, with line, column and cure; and registers that hold nobody, where there is a store"
    check = verbs.add_parser("check", parents=[common], help=text, description=text)
    check.add_argument(
        "place",
        nargs="?",
        type=Path,
        metavar="FOLDER|FILE",
        help="a folder of policies, or one file: what is wrong with that file (default: the folder in the settings)",
    )
    check.add_argument("--json", action="store_true")
    check.add_argument("--strict", action="store_true", help="warnings fail too")
    check.add_argument(
        "--profile",
        choices=PROFILES,
        default=PROFILES[0],
        help="production: what a site may put up with while it begins is an error (default: starter)",
    )
    check.add_argument("--all", action="store_true", help="show every warning, also the fourth of a kind in a file")
    check.set_defaults(act=check_policies)
    text = "the language as JSON Schema, for editors that complete and underline YAML"
    verbs.add_parser("schema", parents=[common], help=text, description=text).set_defaults(act=print_schema)
    proving.add_verbs(verbs, common)
    publishing.add_verbs(verbs, common)


def check_policies(options: argparse.Namespace) -> int:
    """Check a folder of policies; exit 1 where there are errors (or warnings, with --strict)."""
    place = options.place or config.load(options.config).policies
    read, only = _read(place, options)
    today = datetime.now(UTC).date()
    found = policy.check(read.files, today, profile=options.profile, beside=read.beside, changed=read.changed)
    loaded = _loaded(read)
    placed = list(read.placed(found))
    if loaded is not None:
        placed += graded(untested.complaints(read, loaded, today), options.profile)
        placed += read.placed(_against_store(read, loaded, options))
    complaints = [each for each in sorted(placed) if not only or each.file == only]
    errors = sum(each.severity == "error" for each in complaints)
    warnings = sum(each.severity == "warning" for each in complaints)
    if options.json:
        output.document([{n: getattr(c, n) for n in c.__dataclass_fields__} for c in complaints])
    else:
        shown = complaints if options.all else list(_few_of_each(complaints))
        for complaint in shown:
            output.result(complaint.text())
        counts = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
        hidden = len(complaints) - len(shown)
        counts += f" ({hidden} more hidden, --all shows them)" if hidden else ""
        output.result(f"{_summary(loaded, Path(only).name if only else '')}; {counts}" if loaded else counts)
    return Exit.FOUND if errors or (warnings and options.strict) else Exit.OK


def _few_of_each(complaints: Iterable[Complaint]) -> Iterator[Complaint]:
    """Yield what is an error or about no line, and a few of each kind in a file: the fortieth hides what matters."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for each in complaints:
        kind = (each.file, each.severity, each.code)
        seen[kind] += 1
        if each.severity == "error" or not each.line or seen[kind] <= _FEW:
            yield each


def print_schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema of policy files."""
    del options
    output.document(schema())
    return Exit.OK


def _read(place: Path, options: argparse.Namespace) -> tuple[rules.PolicyFolder, str]:
    """Return the folder to check, and the file that alone is asked about ("" for all of it).

    One file is read with the folder that is in force where it lies there, since names (registers, lists) reach from
    file to file; elsewhere alone, with the files beside it that it names.
    """
    if not place.is_file():
        return rules.policy_folder(place), ""
    if options.config.exists():
        folder = config.load(options.config).policies
        if place.resolve().is_relative_to(folder.resolve()):
            return rules.policy_folder(folder), str(folder / place.resolve().relative_to(folder.resolve()))
    content = place.read_bytes()
    whole = rules.policy_folder(place.parent)
    named = {name: data for name, data in whole.files.items() if Path(name).name.encode() in content}
    return rules.PolicyFolder(place.parent, {**named, place.name: content}, frozenset(), {}), str(
        place.parent / place.name
    )


def _loaded(read: rules.PolicyFolder) -> PolicySet | None:
    try:
        return read.load()
    except ComplaintsError:
        return None  # what is wrong has been said


def _summary(loaded: PolicySet, only: str) -> str:
    """Return how many policies there are, in how many files, and of which mode."""
    policies = [each for each in loaded.policies if not only or Path(each.place[0]).name == only]
    modes = Counter(each.mode for each in policies)
    files = {each.place[0] for each in policies}
    said = ", ".join(f"{modes[mode]} {mode.value}" for mode in (Mode.ENFORCE, Mode.SHADOW, Mode.OFF) if modes[mode])
    return f"{counted(len(policies), 'policy', 'policies')} in {counted(len(files), 'file')}: {said}"


def _against_store(read: rules.PolicyFolder, loaded: PolicySet, options: argparse.Namespace) -> Iterator[Complaint]:
    """Yield what is to be said of registers: asked and holding nobody, or holding people and asked by nobody."""
    if not options.config.exists():
        return
    try:
        settings = config.load(options.config)
        held = assemble.registers_held(settings, loaded)
    except ComplaintsError:
        return  # settings have a command of their own
    except SafeholdError as error:
        say(f"registers were not compared with the store: {error}")
        return
    for name, asking in rules.unheld(loaded, held).items():
        for each in asking:
            yield rules.nobody(name, each, held)
    if read.folder.resolve() == settings.policies.resolve():  # another folder need not ask all of the store
        for name, hint in rules.unasked(loaded, held).items():
            yield not_asked(name, hint)
        yield from publishing.disabled_now(settings, loaded)


def not_asked(name: str, hint: str) -> Complaint:
    """Return the warning about a register that holds people and that no policy asks."""
    return Complaint(
        "",
        0,
        0,
        "register-not-asked",
        f"register {name} holds people, and no policy asks it, so they are not protected",
        hint,
        severity="warning",
    )
