# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold hold list | show | approve | release | refuse | cancel``: deciding about held mail.

Who decides is the Unix account that runs the command.  Root can pretend to be anybody here, as everywhere on its own
machine; an account table with roles comes with the review console.
"""

import argparse
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from safehold import assemble, config
from safehold.cli import output
from safehold.cli.output import Exit
from safehold.errors import IllegalMoveError, counted
from safehold.model import HeldMessage, HoldState
from safehold.quarantine import spoken_id

OPEN = (HoldState.HELD, HoldState.PROPOSED, HoldState.RELEASING)


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    hold = commands.add_parser("hold", help="held mail: look and decide")
    verbs = hold.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb_of(name: str, text: str, more: str = "") -> argparse.ArgumentParser:
        described = f"{text}.  {more}".strip()
        verb: argparse.ArgumentParser = verbs.add_parser(name, parents=[common], help=text, description=described)
        verb.add_argument("--json", action="store_true", help="one JSON document (list: one a line)")
        return verb

    listing = verb_of("list", "what is on hold, the one due first first")
    listing.add_argument(
        "--all", action="store_true", help="those released, refused, cancelled and expired as well, not only open ones"
    )
    listing.set_defaults(act=list_holds)
    show = verb_of(
        "show",
        "one hold: where, why and for whom, with the evidence masked",
        "Whoever reveals it gives a reason, and the look goes into the audit trail with name, time and reason.",
    )
    show.add_argument("id", help="as in the list; case and dash do not matter")
    show.add_argument("--reveal", action="store_true", help="show the evidence unmasked: audited, and wants --reason")
    show.add_argument("--reason", default="", help="why you need to see it; sealed, for the audit trail")
    show.set_defaults(act=show_hold)
    for verb, text in (
        ("approve", "say that it may go (the first of two people, where two are asked for)"),
        ("release", "let it go to the held recipients, and only to them"),
        ("refuse", "never let it go; the sender is told"),
        ("cancel", "drop it because its sender asked for that; it is never sent"),
    ):
        decide = verb_of(verb, text)
        decide.add_argument("id", help="as in the list; case and dash do not matter")
        decide.add_argument("--reason", required=True, help="why; sealed, for the audit trail")
        decide.set_defaults(act=decision(verb))


def list_holds(options: argparse.Namespace) -> int:
    """List holds: references, policies and times; no address and no subject."""
    with assemble.quarantine(config.load(options.config)) as quarantine:
        held = quarantine.list(states=tuple(HoldState) if options.all else OPEN)
    if options.json:
        output.lines(as_json(item) for item in held)
        return Exit.OK
    if not held:
        output.say("there has been no hold yet" if options.all else "nothing is on hold (--all: decided ones too)")
        return Exit.OK
    output.table(
        ["hold", "state", "since", "decide by", "severity", "policies", "held", "delivered", "approvals"],
        [
            [
                h.id,
                h.state.value,
                output.local(h.held_at),
                output.local(h.due_at),
                h.severity,
                ", ".join(h.policies),
                str(h.held_count),
                str(h.delivered_count),
                f"{len(h.approved_by)} of {h.approvals_needed}",
            ]
            for h in held
        ],
    )
    return Exit.OK


def as_json(held: HeldMessage) -> dict[str, Any]:
    """Return the public fields of a hold."""
    return {name: getattr(held, name) for name in held.__dataclass_fields__}


def show_hold(options: argparse.Namespace) -> int:
    """Show one hold; the evidence is masked unless --reveal --reason, and then the look is audited."""
    if options.reveal and not options.reason:
        output.say("safehold: --reveal wants --reason: who looks at protected details says why")
        return Exit.USAGE
    settings = config.load(options.config)
    key = assemble.opening_key(settings)
    with assemble.quarantine(settings) as quarantine:
        held = quarantine.get(spoken_id(options.id))
        if options.reveal:
            now = datetime.now(UTC)
            content = quarantine.reveal(held.id, key, actor=assemble.actor(), reason=options.reason, now=now)
        else:
            content = quarantine.open(held.id, key)
    evidence = json.loads(content.evidence)
    if not options.reveal:
        evidence = masked(evidence)
    if options.json:
        output.document({**as_json(held), "evidence": evidence})
        return Exit.OK
    output.result(f"{held.id}  {held.state.value}  severity {held.severity}  since {output.local(held.held_at)}")
    output.result(
        f"  policies: {', '.join(held.policies) or '-'}   review: {held.review}   decide by {output.local(held.due_at)}"
    )
    output.result(
        f"  recipients: {held.held_count} held, {held.delivered_count} delivered; attachments: {held.attachment_count}"
    )
    output.result(f"  approvals: {len(held.approved_by)} of {held.approvals_needed} {' '.join(held.approved_by)}")
    if held.last_error:
        output.result(f"  last error: {held.last_error}")
    tell(evidence)
    return Exit.OK


def masked(evidence: dict[str, Any]) -> dict[str, Any]:
    """Return *evidence* with every excerpt blacked out: the shape of the match stays, its letters do not."""
    hidden = [
        {**f, "excerpt": {"before": "", "match": _MARKS.sub("\u2022", f["excerpt"]["match"]), "after": ""}}
        if "excerpt" in f
        else f
        for f in evidence["findings"]
    ]
    return {**evidence, "findings": hidden}


_MARKS = re.compile(r"\w")


def tell(evidence: dict[str, Any]) -> None:
    """Print evidence as a reviewer reads it: per recipient, which policy, why, and where."""
    titles = {h["policy"]: h["title"] for h in evidence["handling"]}
    for person in evidence["recipients"]:
        output.result(f"\n{person['address']}: {person['action']}{' - ' + person['why'] if person['why'] else ''}")
        for ground in person["grounds"]:
            shadow = "" if ground["enforced"] else " (shadow: recorded, not done)"
            output.result(f"  {ground['policy']}: {titles.get(ground['policy'], '')}{shadow}")
            output.result(f"    {ground['why']}")
            for number in ground["findings"]:
                _tell_finding(evidence["findings"][number])
            for number in ground["problems"]:
                problem = evidence["problems"][number]
                output.result(f"    not read: {problem['part']}: {problem['reason']} {problem['detail']}")


def _tell_finding(finding: dict[str, Any]) -> None:
    person = f" of {finding['person']}" if finding["person"] else ""
    seen = "" if finding.get("visibility", "visible") == "visible" else f" ({finding['visibility']})"
    output.result(
        f"    {finding['place']['words']}{seen}: {finding['field']}{person}, {finding['strength']}: {finding['why']}"
    )
    excerpt = finding.get("excerpt")
    if excerpt:
        line = " ".join(f"{excerpt['before']}[{excerpt['match']}]{excerpt['after']}".split())
        output.result(f"      {line}")


def decision(verb: str) -> Callable[[argparse.Namespace], int]:
    """Return the command that takes the decision *verb*."""

    def decide(options: argparse.Namespace) -> int:
        with assemble.quarantine(config.load(options.config)) as quarantine:
            act = getattr(quarantine, verb)
            hold = spoken_id(options.id)
            try:
                held = act(hold, actor=assemble.actor(), reason=options.reason, now=datetime.now(UTC))
            except IllegalMoveError as error:
                raise IllegalMoveError(_too_late(quarantine.get(hold), options) or str(error)) from None
        if options.json:
            output.document(as_json(held))
        else:
            output.result(f"{held.id} is now {held.state.value}{_what_next(held, options)}")
        return Exit.OK

    return decide


def _too_late(held: HeldMessage, options: argparse.Namespace) -> str:
    """Return what was decided before, in words; "" where nothing was and the refusal has another ground."""
    by = f" by {held.decided_by}" if held.decided_by else ""
    match held.state:
        case HoldState.RELEASING:
            return f"{held.id} is being released already, decided{by}{_sent(held, options)}"
        case HoldState.RELEASED | HoldState.REFUSED | HoldState.CANCELLED:
            return f"{held.id} was {held.state.value}{by}; nothing was changed"
        case HoldState.EXPIRED:
            return f"{held.id} has expired: nobody decided in time; nothing was changed"
        case HoldState.HELD | HoldState.PROPOSED:
            return ""


def _what_next(held: HeldMessage, options: argparse.Namespace) -> str:
    """Return what happens now, and what to run to see it."""
    if held.state is HoldState.RELEASING:
        return _sent(held, options)
    if held.state is HoldState.PROPOSED:
        missing = held.approvals_needed - len(held.approved_by)
        return f": {counted(missing, 'more person has', 'more people have')} to approve or release it"
    return ""


def _sent(held: HeldMessage, options: argparse.Namespace) -> str:
    at = output.named(options.config)
    return f": the courier sends it within seconds; to see that it has: safehold hold show {held.id}{at}"
