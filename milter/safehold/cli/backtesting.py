# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold backtest``: what policies would have held of mail there was, and of how much of it they were asked."""

import argparse
import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from safehold import __version__, assemble, config
from safehold.assemble.rules import load_policies, unheld
from safehold.backtest import mailboxes, report, running
from safehold.backtest.judging import Judge, Rules, Sending
from safehold.backtest.running import State
from safehold.backtest.tally import FEWEST_ASKED, Tally
from safehold.cli import judging, output, setup
from safehold.cli.output import Exit, InputError, say
from safehold.config import Settings
from safehold.errors import counted
from safehold.gate.facts import Expander, NoMaps, Site
from safehold.gate.history import asked as asked_of_the_past
from safehold.policy import PolicySet
from safehold.policy.language import Mode
from safehold.reading.limits import Limits
from safehold.register.index import Register

_REDRAWN = 20  # after how many messages the bar is drawn anew
_SHOWN = 20  # held messages and differences that are listed on a terminal


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = "what policies would have held of the mail in mailboxes"
    backtest = commands.add_parser(
        "backtest",
        parents=[common],
        help=text,
        description=f"{text}: mbox files, Maildirs and folders of messages. Policies in shadow are judged as if they"
        " were enforced. Nothing is sent, held or recorded, and nothing of the mail is shown but counts and ids. A run"
        " that was broken off goes on where it was when the same command is given again.",
        epilog="Exit codes: 0 it ran, whatever was held; 2 an option is wrong, 65 a mailbox is not there or holds no"
        " message that could be judged, 78 wrong settings or policies, 130 broken off.",
    )
    backtest.add_argument("mailboxes", nargs="+", type=Path, metavar="MAILBOX")
    backtest.add_argument(
        "--policies", type=Path, metavar="D", help="a folder of policies in place of the one in the settings"
    )
    backtest.add_argument(
        "--register", type=Path, metavar="R", help="a register file in place of the people in the store"
    )
    backtest.add_argument(
        "--against",
        metavar="git:REV|D",
        help="also judge by these policies, and list the messages that they treat otherwise: the policy folder as it"
        " is in a revision (git:HEAD~1), or another folder",
    )
    backtest.add_argument(
        "--own-domain",
        action="append",
        default=[],
        type=setup.mail_domain,
        metavar="D",
        help="a domain of ours; repeat for several (default: those of the settings, else each sender's own)",
    )
    backtest.add_argument(
        "--assume",
        choices=["outbound", "internal", "inbound", "transit"],
        help="which way all messages go; outbound where no domain is ours: from us to people outside, whoever they are"
        " (default: outbound from a domain of ours, else inbound)",
    )
    backtest.add_argument("--jobs", type=_jobs, metavar="N", help="processes that judge (default: one a processor)")
    backtest.add_argument("--report", type=Path, metavar="F.html", help="also write a page to print")
    backtest.add_argument("--json", action="store_true", help="one JSON document; warnings stay on stderr")
    backtest.add_argument(
        "--state", type=Path, metavar="F", help="where is kept how far a run came (default: below ~/.local/state)"
    )
    backtest.add_argument("--anew", action="store_true", help="begin again, though a run was broken off")
    backtest.add_argument(
        "--extract", metavar="ID", help="print one message as it stands in its mailbox, by the id that a run gave it"
    )
    backtest.set_defaults(act=backtest_policies)


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError("expected a number from 1 to 256")
    return int(text)


def backtest_policies(options: argparse.Namespace) -> int:
    """Judge all messages; exit 0 whatever they hold."""
    _check_places(options)
    if options.extract:
        return _extract(options)
    settings = config.load(options.config) if options.config.exists() or options.policies is None else None
    plan = _Plan(options, settings)
    state = State(_state_file(options, plan.digest), plan.digest, datetime.now(UTC))
    if not options.anew and state.load():
        say(f"going on after {counted(state.tally.messages, 'message')}; --anew begins again")
    judge = Judge(
        Sending(plan.site, plan.expander, state.began, options.assume or ""),
        plan.rules,
        plan.before,
        most_bytes=plan.limits.message_bytes,
    )
    _warn(plan)
    jobs = options.jobs or len(os.sched_getaffinity(0))
    with _progress(options.mailboxes) as progress:
        tally = _run(options, judge, state, jobs, plan.limits, progress)
    about = _about(options, plan, state)
    if options.report:
        options.report.write_text(report.page(tally, plan.rows(tally), about), encoding="utf-8")
    if options.json:
        output.document(_as_json(tally, plan))
    else:
        _tell(tally, plan, about)
    state.forget()
    if tally.judged == 0:
        say(f"safehold: none of {counted(tally.messages, 'message')} could be judged")
        return Exit.BAD_INPUT
    return Exit.OK


def _check_places(options: argparse.Namespace) -> None:
    """Find now what would be a pity to find after hours."""
    for mailbox in options.mailboxes:
        if not mailbox.is_dir() and not mailbox.is_file():
            raise InputError(f"{mailbox}: there is no such mailbox (an mbox file, a Maildir or a folder of messages)")
    if len({mailbox.resolve() for mailbox in options.mailboxes}) < len(options.mailboxes):
        raise InputError("a mailbox is named twice, so its messages would count twice")
    for written in filter(None, (options.report, options.state)):
        if not os.access(written.parent, os.W_OK) or written.is_dir():
            raise InputError(f"{written}: cannot be written there")


def _run(
    options: argparse.Namespace,
    judge: Judge,
    state: State,
    jobs: int,
    limits: Limits,
    progress: running.Progress,
) -> Tally:
    try:
        return running.run(options.mailboxes, judge, state, jobs=jobs, limits=limits, progress=progress)
    except mailboxes.ChangedError as error:
        raise InputError(f"{error}; begin again with --anew") from None
    except KeyboardInterrupt:
        if state.file is not None:
            say(f"broken off after {counted(state.tally.messages, 'message')}; the same command goes on from there")
        raise


def _extract(options: argparse.Namespace) -> int:
    piece = mailboxes.find(options.extract, options.mailboxes)
    if piece is None:
        raise InputError(f"{options.extract}: there is no message of this id in the mailboxes named")
    if piece.problem:
        raise InputError(f"{options.extract}: {piece.problem}")
    sys.stdout.flush()
    sys.stdout.buffer.write(mailboxes.raw_content(piece))
    return Exit.OK


# -- what is judged by -------------------------------------------------------------------------------------------------


class _Plan:
    """The rules, and what they are compared with; whose mail it is; and a digest of all that the figures depend on."""

    def __init__(self, options: argparse.Namespace, settings: Settings | None) -> None:
        is_here = settings is not None and options.policies is None
        self.folder: Path = options.policies or (settings.policies if settings else Path("policies"))
        self.site, self.expander = _site(settings) if settings and is_here else (Site(frozenset()), NoMaps())
        if options.own_domain:
            self.site = Site(
                frozenset(options.own_domain), self.site.trusted_clients, self.site.devices, self.site.zone
            )
        self.limits = assemble.reading_limits(settings) if settings is not None else Limits()
        self.policies = load_policies(self.folder)
        people = _people(options, settings)
        self.rules = Rules.of(self.policies, Register.build((*self.policies.people, *people)))
        self.before: Rules | None = None
        if options.against:
            with _other_policies(options.against, self.folder) as folder:
                other = load_policies(folder)
            self.before = Rules.of(other, Register.build((*other.people, *people)))
        self.digest = self._digest(options)

    def _digest(self, options: argparse.Namespace) -> str:
        said = [
            __version__,
            [os.fspath(mailbox.resolve()) for mailbox in options.mailboxes],
            [os.fspath(mailbox) for mailbox in options.mailboxes],
            *(
                part
                for rules in (self.rules, self.before)
                for part in ((rules.policies.digest, rules.register.digest) if rules else ("", ""))
            ),
            sorted(self.site.own_domains),
            options.assume,
        ]
        return hashlib.sha256(json.dumps(said).encode("utf-8", "surrogateescape")).hexdigest()

    def rows(self, tally: Tally) -> list[report.Row]:
        """Return a row for each policy, those too that only the other policies have."""
        rows = []
        modes = {each.id: each.mode for each in self.policies.policies}
        there = {each.id for each in self.before.policies.policies} if self.before else set()
        for policy in sorted({*self.rules.names, *there}):
            is_here = policy in self.rules.names
            rows.append(
                report.Row(
                    policy,
                    modes[policy].value if is_here else "not there",
                    tally.asked[policy],
                    tally.by_policy[policy],
                    tally.noted[policy],
                    is_void=is_here and tally.void(policy),
                    held_before=tally.by_policy_before[policy] if policy in there else None,
                )
            )
        return rows


def _site(settings: Settings) -> tuple[Site, Expander]:
    return assemble.site(settings), assemble.expander(settings)


def _people(options: argparse.Namespace, settings: Settings | None) -> tuple[Any, ...]:
    if options.register:
        return judging.people_in(options.register)
    if settings is not None and settings.store.exists():
        with assemble.people(settings) as store:
            return tuple(store.load()[1])
    return ()


@contextlib.contextmanager
def _other_policies(named: str, folder: Path) -> Iterator[Path]:
    """Yield a folder with the policies to compare with."""
    if not named.startswith("git:") and Path(named).is_dir():
        yield Path(named)
        return
    revision = named.removeprefix("git:")
    if not revision or revision.startswith("-"):
        raise InputError(f"{named}: expected a folder of policies, or a revision as git:HEAD~1")
    with tempfile.TemporaryDirectory(prefix="safehold-") as place:
        _check_out(revision, folder, Path(place))
        yield Path(place)


def _check_out(revision: str, folder: Path, into: Path) -> None:
    try:
        # An archive of a sub-folder has its paths from there, and touches neither work tree nor index.
        made = subprocess.run(
            ["git", "-C", folder, "archive", "--format=tar", revision, "."], capture_output=True, check=False
        )
    except FileNotFoundError:
        raise InputError("git is not installed here, so --against wants a folder") from None
    if made.returncode:
        said = made.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(f"{revision}: {said[-1] if said else 'git could not read it'}")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            content = archive.extractfile(member) if member.isfile() else None
            if content is None or path.is_absolute() or ".." in path.parts:
                continue
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def _state_file(options: argparse.Namespace, digest: str) -> Path | None:
    """Return where the state is kept; None where nothing can be written."""
    if options.state is not None:
        named: Path = options.state
        return named
    base = os.environ.get("XDG_STATE_HOME", "")
    try:
        folder = (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "safehold"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        say("warning: how far this comes cannot be kept, so it begins anew if it is broken off; see --state")
        return None
    if not os.access(folder, os.W_OK):
        say(f"warning: {folder} cannot be written, so this begins anew if it is broken off; see --state")
        return None
    return folder / f"backtest-{digest[:16]}.json"


# -- telling -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _progress(places: Sequence[Path]) -> Iterator[running.Progress]:
    """Show a bar where somebody watches.  It is drawn by us, for a thread of its own must not be forked."""
    if not sys.stderr.isatty():
        yield lambda _tally: None
        return
    columns = (
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task("", total=mailboxes.size_bytes(places))

        def told(tally: Tally) -> None:
            if tally.messages % _REDRAWN == 0:
                said = f"{counted(tally.messages, 'message')}, {len(tally.held):,} held"
                bar.update(task, completed=tally.size_bytes, description=said, refresh=True)

        yield told


def _warn(plan: _Plan) -> None:
    for name, asking in unheld(plan.policies, plan.rules.register.registers).items():
        ids = ", ".join(each.id for each in asking)
        say(f"warning: register {name} holds nobody here, so these policies could find nothing in it: {ids}")


def _notes(plan: _Plan) -> list[str]:
    notes = []
    if shadow := sorted(each.id for each in plan.policies.policies if each.mode is Mode.SHADOW):
        notes.append(f"In shadow, and judged as if enforced: {', '.join(shadow)}.")
    past = sorted(
        each.id
        for each in plan.policies.policies
        if asked_of_the_past(replace(plan.policies, policies=(each,))) != asked_of_the_past(PolicySet())
    )
    if past:
        notes.append(
            "These ask what was before a message (first_contact, repeat), and here nothing was:"
            f" everybody is a first contact, and nothing happened before: {', '.join(past)}."
        )
    for name, asking in unheld(plan.policies, plan.rules.register.registers).items():
        ids = ", ".join(each.id for each in asking)
        notes.append(f"Register {name} holds nobody here, so these could find nothing in it: {ids}.")
    return notes


def _about(options: argparse.Namespace, plan: _Plan, state: State) -> report.About:
    own = ", ".join(sorted(plan.site.own_domains)) or "each sender's own"
    if not plan.site.own_domains and options.assume == "outbound":
        own = "none: everybody who gets a message is outside"
    lines = [
        ("Mailboxes", ", ".join(map(str, options.mailboxes))),
        ("Policies", f"{plan.folder}, {plan.policies.digest[:12]}"),
        ("Register", f"{counted(plan.rules.register.size, 'person', 'people')}, {plan.rules.register.digest[:12]}"),
        ("Direction", options.assume or "outbound from a domain of ours, else inbound"),
        ("Own domains", own),
        ("Judged as of", output.local(state.began)),
        ("Took", f"{state.tally.seconds:.0f} s"),
        ("safehold", __version__),
    ]
    return report.About(lines, _notes(plan), options.against or "")


def _as_json(tally: Tally, plan: _Plan) -> dict[str, Any]:
    policies = list(plan.rules.names)
    found: dict[str, Any] = {
        "messages": tally.messages,
        "held": len(tally.held),
        "skipped": tally.skipped.total(),
        "seconds": round(tally.seconds, 3),
        "by_policy": {name: tally.by_policy[name] for name in policies},
        "asked": {name: tally.asked[name] for name in policies},
        "held_messages": [
            {"message": each.message, "policies": each.policies, "recipients": each.recipients} for each in tally.held
        ],
        "void": [name for name in policies if tally.void(name)],
        "noted": {name: tally.noted[name] for name in policies},
        "unread": tally.unread,
        "skipped_why": dict(tally.skipped.most_common()),
        "faults": [{"message": each.message, "why": each.why} for each in tally.faults],
        "shadow": [each.id for each in plan.policies.policies if each.mode is Mode.SHADOW],
        "notes": _notes(plan),
        "policies_digest": plan.policies.digest,
        "register_digest": plan.rules.register.digest,
    }
    if plan.before is not None:
        found["against"] = {
            "held": tally.held_before,
            "by_policy": {name: tally.by_policy_before[name] for name in plan.before.names},
            "policies_digest": plan.before.policies.digest,
            "differences": [
                {
                    "message": each.message,
                    "policies_before": each.before,
                    "policies": each.now,
                    "recipients_before": each.recipients_before,
                    "recipients": each.recipients_now,
                }
                for each in tally.differences
            ],
        }
    return found


def _tell(tally: Tally, plan: _Plan, about: report.About) -> None:
    columns = ["policy", "mode", "asked about", "held", "only recorded"]
    if about.against:
        columns.insert(4, "held before")
    rows = []
    for row in plan.rows(tally):
        said = [
            row.policy,
            row.mode,
            f"{row.asked:,}",
            f"{row.held:,}{' (void)' if row.is_void else ''}",
            f"{row.noted:,}",
        ]
        if about.against:
            said.insert(4, f"{row.held_before:,}" if row.held_before is not None else "not there")
        rows.append(said)
    output.table(columns, rows)
    for each in tally.held[:_SHOWN]:
        copies = counted(each.recipients, "copy", "copies")
        output.result(f"held: {each.message}: {copies}, by {', '.join(each.policies)}")
    _more(len(tally.held))
    if about.against:
        _tell_differences(tally, about.against)
    for why, number in tally.skipped.most_common():
        output.result(f"skipped: {number:,}: {why}")
    for fault in tally.faults[:_SHOWN]:
        output.result(f"failed at: {fault.message}: {fault.why}")
    _more(len(tally.faults))
    if any(row.is_void for row in plan.rows(tally)):
        output.result(f"void: asked about fewer than {FEWEST_ASKED:,} messages, so the figure says nothing")
    for note in about.notes:
        output.result(note)
    rate = tally.messages / tally.seconds if tally.seconds else 0
    output.result(
        f"{counted(tally.messages, 'message')}: {len(tally.held):,} held, {tally.skipped.total():,} skipped,"
        f" {tally.unread:,} not fully read; {tally.seconds:.0f} s, {rate:.0f} a second"
    )


def _more(number: int) -> None:
    if number > _SHOWN:
        output.result(f"and {number - _SHOWN:,} more: --json and --report list all")


def _tell_differences(tally: Tally, against: str) -> None:
    only_now = sum(bool(each.now) and not each.before for each in tally.differences)
    only_before = sum(bool(each.before) and not each.now for each in tally.differences)
    for each in tally.differences[:_SHOWN]:
        before, now = (", ".join(policies) or "nobody" for policies in (each.before, each.now))
        copies = f"{each.recipients_before:,} before, {each.recipients_now:,} now"
        output.result(f"differs: {each.message}: held by {before} before, by {now} now; copies: {copies}")
    _more(len(tally.differences))
    output.result(
        f"against {against}: {counted(len(tally.differences), 'message')} treated otherwise:"
        f" {only_now:,} held only now, {only_before:,} held only before,"
        f" {len(tally.differences) - only_now - only_before:,} otherwise"
    )
