# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold policy diff``: what a change of the policies does, in words and in the verdicts of tests and messages."""

import argparse
import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from safehold import config
from safehold.assemble import rules
from safehold.cli import judging, output, setup
from safehold.cli.benches import LIMIT_BYTES, TESTS, files_below, reading
from safehold.cli.output import Exit, InputError, say
from safehold.errors import ComplaintsError, counted
from safehold.policy import changes
from safehold.policy.changes import Effect
from safehold.policy.nodes import Mark
from safehold.proof import cases, differences, messages, running
from safehold.proof.cases import Case, Suite
from safehold.proof.differences import Difference
from safehold.proof.messages import Letter

_GIT = "git:"
_GIT_S = 60


def add_verb(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verb."""
    text = "what changes from one set of policies to another: in words, and in the verdicts of their tests"
    diff = verbs.add_parser(
        "diff",
        parents=[common],
        help=text,
        description=f"{text}. Shadow policies hold nobody here, as in use.",
        epilog="Exit codes: 0 nobody is held less, 1 some copy that was held would leave, 65 no such folder or"
        " revision, 78 a policy or test file is wrong.",
    )
    place = "a folder of policies, or git:REVISION for the other folder (else the one in the settings) as it was then"
    diff.add_argument("old", metavar="OLD", help=place)
    diff.add_argument("new", metavar="NEW", nargs="?", default="", help="likewise (default: the one in the settings)")
    diff.add_argument(
        "--messages",
        type=Path,
        metavar="FOLDER|FILE",
        help="also judge the messages (.eml) of a folder, or those that a YAML list names ({file:, from:, to:})",
    )
    diff.add_argument("--register", type=Path, metavar="R", help="whom the register holds for those: a register file")
    diff.add_argument(
        "--own-domain",
        action="append",
        default=[],
        type=setup.mail_domain,
        metavar="D",
        help="a domain of ours, for those; repeat for several (default: the sender's)",
    )
    diff.add_argument("--json", action="store_true")
    diff.set_defaults(act=compare_policies)


def compare_policies(options: argparse.Namespace) -> int:
    """Tell what changed from one set of policies to another; exit 1 where some test's copy is held less."""
    old, new = _side(options.old, options.new, options), _side(options.new, options.old, options)
    before, after = old.read.load(), new.read.load()
    said = changes.compare(before, after)
    suites = [*_suites_of(new, old), *_messages(options)]
    with reading() as read:
        prepared = [one for _, suite in suites for one in running.prepare(suite, read)]
    where = {suite.path: str(folder / suite.path) for folder, suite in suites}
    found = [
        (f"{where.get(each.case.mark.file, each.case.mark.file)}:{each.case.mark.line}", each)
        for each in differences.differences(prepared, before, after)
    ]
    if options.json:
        output.document(
            {
                "changes": [{"policy": each.policy, "effect": each.effect.value, "words": each.words} for each in said],
                "tests": len(prepared),
                "verdicts": [{"place": place, **_difference(each)} for place, each in found],
            }
        )
    else:
        _tell_differences(said, found, len(prepared))
    return Exit.FOUND if any(each.held_less for _, each in found) else Exit.OK


def _tell_differences(said: Sequence[changes.Change], found: Sequence[tuple[str, Difference]], tests: int) -> None:
    words = {Effect.WEAKER: " (protects less)", Effect.STRICTER: " (protects more)"}
    for change in said:
        output.result(f"{change.line}{words.get(change.effect, '')}")
    if not said:
        output.result("nothing changed in the policies")
    told = ""
    # Whose copy would leave stands first: that is what somebody has to look at.
    for place, each in sorted(found, key=lambda one: (not one[1].held_less, not one[1].held_more)):
        heading = f"{place}: {_HELD[each.held_less, each.held_more]}{each.case.name}"
        if heading != told:
            output.result(heading)
        told = heading
        output.result(f"    {each.address}: {each.old.words} -> {each.new.words}")
    less, more = (sum(getattr(each, name) for _, each in found) for name in ("held_less", "held_more"))
    output.result(
        f"{counted(tests, 'test')}: {counted(len(found), 'verdict')} changed, {less} held less, {more} held more"
    )
    if not tests:
        say("there are no tests here, so only the words above tell what changed")


_HELD = {(True, False): "held less: ", (False, True): "held more: ", (False, False): ""}


def _difference(each: Difference) -> dict[str, Any]:
    return {
        "test": each.case.name,
        "recipient": each.address,
        "held_less": each.held_less,
        "held_more": each.held_more,
        **{
            side: {"verdict": outcome.verdict, "policies": list(outcome.policies)}
            for side, outcome in (("old", each.old), ("new", each.new))
        },
    }


@dataclass(frozen=True, slots=True)
class _Side:
    """One set of policies that is compared, and every file in its folder, its tests among them."""

    read: rules.PolicyFolder
    files: Mapping[str, bytes]


def _side(named: str, other: str, options: argparse.Namespace) -> _Side:
    if named.startswith(_GIT):
        folder = Path(other) if other and not other.startswith(_GIT) else config.load(options.config).policies
        return _at_revision(named.removeprefix(_GIT), folder)
    folder = Path(named) if named else config.load(options.config).policies
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; for a revision of it write git:REVISION")
    return _Side(rules.policy_folder(folder), files_below(folder.resolve(), [folder]))


def _at_revision(revision: str, folder: Path) -> _Side:
    """Return a policy folder as it was at a revision."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    if not revision or revision.startswith("-"):
        raise InputError("git: wants a revision, such as git:HEAD~1 or git:v2")
    command = ["git", "-C", str(folder), "archive", "--format=tar", revision]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_S, check=False)
    except FileNotFoundError:
        raise InputError("git: is not installed here; name two folders") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"git:{revision}: git did not answer within a minute") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(f"git:{revision}: {said[-1].removeprefix('fatal: ') if said else 'git could not read it'}")
    files = dict(_unpacked(done.stdout))
    place = Path(f"{_GIT}{revision}")
    own = {name: content for name, content in files.items() if not name.startswith(f"{TESTS}/")}
    policies = {n: c for n, c in own.items() if PurePosixPath(n).suffix.lower() in rules.POLICY_SUFFIXES}
    beside = frozenset(name for name in own if name not in policies and not name.lower().endswith(".md"))
    return _Side(rules.PolicyFolder(place, policies, beside, {}), files)


def _unpacked(archive: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        for member in packed:
            hidden = any(part.startswith(".") for part in PurePosixPath(member.name).parts)
            if member.isfile() and not hidden and member.size <= LIMIT_BYTES:
                content = packed.extractfile(member)
                yield member.name, content.read() if content is not None else b""


# -- messages ----------------------------------------------------------------------------------------------------------


def _messages(options: argparse.Namespace) -> Iterator[tuple[Path, Suite]]:
    """Yield the messages that are to be judged besides the tests: as one test file, whose tests expect nothing."""
    place: Path | None = options.messages
    if place is None:
        if options.register is not None or options.own_domain:
            raise InputError("--register and --own-domain are for --messages; tests have their own")
        return
    if options.register is None:
        raise InputError("--messages wants --register FILE: without people, no message concerns anybody")
    people = judging.people_in(options.register)
    now = datetime.combine(datetime.now(UTC).date(), time(12, 0), UTC)
    found: list[Case] = []
    for path, letter in _letters(place):
        if not all(messages.envelope(letter)):
            say(f"{path} was left out: it has no sender, or no recipient")
            continue
        found.append(Case(path.stem, Mark(str(path), 1, 1), letter, (), now))
    if not found:
        raise InputError(f"{place}: there are no messages (.eml) here")
    yield Path(), Suite(str(place), (), people, frozenset(options.own_domain), tuple(found))


def _letters(place: Path) -> Iterator[tuple[Path, Letter]]:
    if place.is_dir():
        for path in sorted(place.glob("*.eml")):
            yield path, Letter(content=path.read_bytes())
    elif place.is_file():
        yield from _listed(place)
    else:
        raise InputError(f"{place}: there is no such folder or list of messages")


def _listed(place: Path) -> Iterator[tuple[Path, Letter]]:
    """Yield the messages of a list, in the envelopes that it says; they lie beside it, or in messages/ there."""
    complaint = f"{place}: a list of messages is YAML: - {{file: a.eml, from: a@b.example, to: [c@d.example]}}"
    try:
        listed = yaml.load(place.read_bytes(), Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text
    except yaml.YAMLError:
        raise InputError(complaint) from None
    if not isinstance(listed, list):
        raise InputError(complaint)
    for each in listed:
        if not isinstance(each, dict) or not isinstance(each.get("file"), str):
            raise InputError(complaint)
        beside = place.parent / each["file"]
        path = beside if beside.is_file() else place.parent / "messages" / each["file"]
        if not path.is_file():
            raise InputError(f"{place}: names a message that is not there: {path}")
        to = each.get("to") or []
        to = [to] if isinstance(to, str) else to
        yield path, Letter(str(each.get("from") or ""), tuple(map(str, to)), content=path.read_bytes())


# -- sides -------------------------------------------------------------------------------------------------------------


def _suites_of(*sides: _Side) -> list[tuple[Path, Suite]]:
    """Return the test files of both sides, each with its side's folder; of one that stands in both the first side's."""
    found: dict[str, tuple[Path, Suite]] = {}
    today = datetime.now(UTC).date()
    for side in sides:
        for path in sorted(filter(cases.is_test_file, side.files)):
            if path in found:
                continue
            try:
                found[path] = side.read.folder, cases.read(path, side.files, today)
            except ComplaintsError as error:
                say(f"{side.read.folder / path} was left out: {error} in it (safehold policy test)")
    return list(found.values())
