# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold hold list | show | approve | release | refuse | cancel``: deciding about held mail.

Who decides is the Unix account that runs the command.  Root can pretend to be anybody here, as everywhere on its own
machine; an account table with roles comes with the review console.

Reviewers run these commands with root's rights lent by sudo(8), so nothing here reads a file that they name.
"""

import argparse
import contextlib
import json
import os
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from safehold import assemble, config, vault
from safehold.cli import output
from safehold.cli.output import Exit
from safehold.doctor.checks import spoken
from safehold.doctor.keeping import COURIER_LATE
from safehold.errors import IllegalMoveError, KeyUnavailableError, NotAllowedError, TamperedError, counted
from safehold.model import Action, HeldContent, HeldMessage, HoldState
from safehold.notices import original
from safehold.quarantine import NotFoundError, Quarantine, WholeListError, spoken_id
from safehold.store import audit, vitals

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
        "one hold: whose, where, why, for whom and what was decided, with what is protected masked",
        "Subject, file names and whole addresses are shown with the evidence.  "
        "Whoever reveals it gives a reason, and the look goes into the audit trail with name, time and reason.",
    )
    show.add_argument("id", help="as in the list; case and dash do not matter")
    show.add_argument("--reveal", action="store_true", help="show all of it unmasked: audited, and wants --reason")
    show.add_argument("--reason", type=reason, help="why you need to see it; sealed, for the audit trail")
    show.set_defaults(act=show_hold)
    for verb, text in (
        ("approve", "say that it may go: the last approval that is asked for lets it go"),
        ("release", "let it go to the held recipients, and only to them; where two must agree, as the second"),
        ("refuse", "never let it go; the sender is told"),
        ("cancel", "drop it because its sender asked for that; it is never sent"),
    ):
        decide = verb_of(verb, text)
        decide.add_argument("id", help="as in the list; case and dash do not matter")
        decide.add_argument("--reason", required=True, type=reason, help="why; sealed, for the audit trail")
        if verb in {"approve", "release"}:
            decide.add_argument(
                "--to-whole-list",
                action="store_true",
                help="where it is held for a list that could not be looked up: everybody on it may have it",
            )
        decide.set_defaults(act=decision(verb))


def reason(text: str) -> str:
    """Return a reason that says something."""
    if not any(c.isalpha() for c in text):
        raise argparse.ArgumentTypeError("say in words why: it is what the audit trail keeps")
    return text


def refuse_lent(options: argparse.Namespace) -> None:
    """Return if these settings may be used with the rights that this process has.

    Raises:
        NotAllowedError: sudo(8) lent root's rights for deciding about holds; they are not for reading other files, nor
            for settings of somebody's own, which would name a store and programs of his own.
    """
    if not assemble.is_lent():
        return
    path = config.DEFAULT_PATH
    if options.config != path:
        raise NotAllowedError(
            f"under sudo, holds are those of {path}; --config and SAFEHOLD_CONFIG are not taken"
            " (whoever may run anything as root: sudo env -u SUDO_UID safehold ...)"
        )
    status = path.stat() if path.exists() else None
    if status is not None and (status.st_uid != 0 or status.st_mode & 0o022):
        raise NotAllowedError(f"under sudo, {path} must belong to root, and nobody else may write it")


def list_holds(options: argparse.Namespace) -> int:
    """List holds: references, policies and times; no address and no subject."""
    settings = config.load(options.config)
    with assemble.quarantine(settings) as quarantine:
        held = quarantine.list(states=tuple(HoldState) if options.all else OPEN)
    if options.json:
        output.lines(as_json(item) for item in held)
        return Exit.OK
    if held:
        _tell_holds(held)
    else:
        output.say("there has been no hold yet" if options.all else "nothing is on hold (--all: decided ones too)")
    for each in assemble.disabled(settings, datetime.now(UTC)):
        output.say(f"policy {each.policy} is disabled until {output.local(each.until)}: what it would hold leaves")
    return Exit.OK


def _tell_holds(held: Sequence[HeldMessage]) -> None:
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


def as_json(held: HeldMessage) -> dict[str, Any]:
    """Return the public fields of a hold."""
    return {name: getattr(held, name) for name in held.__dataclass_fields__}


def show_hold(options: argparse.Namespace) -> int:
    """Show one hold; what is protected is masked unless --reveal --reason, and then the look is audited."""
    if options.reveal and not options.reason:
        output.say("safehold: --reveal wants --reason: who looks at protected details says why")
        return Exit.USAGE
    settings = config.load(options.config)
    with assemble.quarantine(settings) as quarantine:
        held = quarantine.get(spoken_id(options.id))
        key, content, closed = None, None, ""
        try:
            key = assemble.opening_key(settings)
            content = _content(quarantine, held.id, key, options)
        except (KeyUnavailableError, NotFoundError) as error:
            closed = f"{held.id}: what is sealed of it cannot be shown: {error}"
            if isinstance(error, KeyUnavailableError) and os.geteuid() == 0:
                closed += "; where a key is lost, `safehold key recover` takes the recovery key"
        history = [_deed(entry, key) for entry in quarantine.history(held.id) if entry.kind in _DEEDS]
    seen = seen_of(content, whole=options.reveal) if content else {}
    if options.json:
        output.document({**as_json(held), **seen, "history": history})
    else:
        _tell_hold(held, seen, history)
    if content is None:
        output.say(f"safehold: {closed}")
    return Exit.OK if content else Exit.BAD_INPUT if key else Exit.BAD_CONFIGURATION


def _content(quarantine: Quarantine, hold: str, key: vault.OpeningKey, options: argparse.Namespace) -> HeldContent:
    if not options.reveal:
        return quarantine.open(hold, key)
    actor, now = assemble.actor(), datetime.now(UTC)
    return quarantine.reveal(hold, key, actor=actor, reason=options.reason, now=now)


def seen_of(content: HeldContent, *, whole: bool) -> dict[str, Any]:
    """Return what a reviewer sees of a hold's content: positions and masked addresses, or with *whole* all of it.

    The message itself is not parsed here, beside the opening key: its header lines are scanned as for the notices, and
    the rest is what the gate wrote down.
    """
    evidence = json.loads(content.evidence)
    held = {each.address for each in content.held}
    named = [each.address for each in content.envelope.recipients if each.address not in held]
    shown = str if whole else masked_address
    seen: dict[str, Any] = {
        "sender": shown(content.envelope.sender),
        "delivered": [shown(address) for address in evidence.get("delivered", named)],
    }
    if whole:
        headers = original.scan(content.content)
        seen |= {
            "signed_in_as": content.identity,
            "subject": [original.decoded(each) for each in original.values(headers, "subject")],
            "files": [part["path"] for part in evidence["parts"] if part["attachment"]],
        }
    return {**seen, "evidence": evidence if whole else masked(evidence)}


def masked_address(address: str) -> str:
    """Return an address by which a colleague is known again and a stranger is not learnt."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}{_MASK}{at}{domain}" if at else _MASK


def masked(evidence: dict[str, Any]) -> dict[str, Any]:
    """Return *evidence* without a word of the message: of a match, how many words; of a file, which attachment."""
    words = _part_words(evidence)

    def placed(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "part": words(item["part"])}

    def unnamed(place: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in placed(place).items() if name != "sheet"}

    findings = [{**f, "place": unnamed(f["place"])} for f in evidence["findings"]]
    for finding in findings:
        if "excerpt" in finding:
            match = _WORD.sub(_MASK, finding["excerpt"]["match"])
            finding["excerpt"] = {"before": "", "match": match, "after": ""}
    return {
        **evidence,
        "recipients": [{**each, "name": _MASK if each.get("name") else ""} for each in evidence["recipients"]],
        "findings": findings,
        "problems": [placed(each) for each in evidence["problems"]],
        "marks": [placed(each) for each in evidence["marks"]],
        "parts": [{**each, "path": words(each["path"])} for each in evidence["parts"]],
        "delivered": [masked_address(each) for each in evidence.get("delivered", ())],
    }


# As many marks for a short word as for a long one: the length of a name narrows it down.
_MASK = "\u2022\u2022\u2022"
_WORD = re.compile(r"\w+")


def _part_words(evidence: dict[str, Any]) -> Callable[[str], str]:
    """Return what says which part a path is, without its name."""
    attachments = {part["path"]: part["attachment"] for part in evidence["parts"]}
    outermost: dict[int, int] = {}
    for path, number in attachments.items():
        outermost[number] = min(path.count("/"), outermost.get(number, path.count("/")))

    def words(path: str) -> str:
        number = attachments.get(path, 0)
        if not number:
            return "the message" if path in attachments else "a part"
        inside = "a file inside " if path.count("/") > outermost[number] else ""
        return f"{inside}attachment {number}"

    return words


def _tell_hold(held: HeldMessage, seen: dict[str, Any], history: list[dict[str, Any]]) -> None:
    output.result(f"{held.id}  {held.state.value}  severity {held.severity}  since {output.local(held.held_at)}")
    output.result(
        f"  policies: {', '.join(held.policies) or '-'}   review: {held.review}   decide by {output.local(held.due_at)}"
    )
    if seen:
        login = f" (signed in as {seen['signed_in_as']})" if seen.get("signed_in_as") else ""
        output.result(f"  sender: {seen['sender'] or 'none (a program wrote it)'}{login}")
    for subject in seen.get("subject", ()):
        output.result(f"  subject: {subject}")
    output.result(
        f"  recipients: {held.held_count} held, {held.delivered_count} delivered; attachments: {held.attachment_count}"
    )
    if held.delivered_count and seen.get("delivered"):
        output.result(f"  have it already: {', '.join(seen['delivered'])}")
    for file in seen.get("files", ()):
        output.result(f"  file: {file}")
    output.result(
        f"  approvals: {len(held.approved_by)} of {held.approvals_needed} {' '.join(held.approved_by)}".rstrip()
    )
    if held.last_error:
        output.result(f"  last error: {held.last_error}")
    output.result("  history:")
    for deed in history:
        said = f": {deed['reason']}" if deed["reason"] else ""
        output.result(f"    {output.local(deed['at'])}  {_DEEDS[deed['kind']]} by {deed['actor'] or '-'}{said}")
    if seen:
        output.result()
        tell(seen["evidence"])


# What was done about a hold, in words; the audit trail has more entries, of what machines did.
_DEEDS = {
    "held": "held",
    "refused by policy": "refused",
    "revealed": "looked at unmasked",
    "release proposed": "approved",
    "release decided": "release decided",
    "approval withdrawn": "approval taken back",
    "released": "sent",
    "given up": "sending given up",
    "refused": "refused",
    "cancelled": "cancelled",
    "expired": "expired",
    "reopened": "reopened",
    "content erased": "content erased",
}


def _deed(entry: audit.Entry, key: vault.OpeningKey | None) -> dict[str, Any]:
    return {"at": entry.at, "kind": entry.kind, "actor": entry.actor, "reason": _reason(entry, key)}


def _reason(entry: audit.Entry, key: vault.OpeningKey | None) -> str:
    if entry.note is None:
        return ""
    if key is None:
        return "(the reason is sealed)"
    try:
        return audit.reason(entry, key)
    except TamperedError:
        return "(the reason was sealed to another key)"


def tell(evidence: dict[str, Any]) -> None:
    """Print evidence as a reviewer reads it: per recipient, which policy, why, and where; what holds stands first."""
    titles = {h["policy"]: h["title"] for h in evidence["handling"]}
    for number, person in enumerate(evidence["recipients"]):
        if number:
            output.result()
        output.result(f"{person['address']}: {person['action']}{' - ' + person['why'] if person['why'] else ''}")
        for ground in sorted(person["grounds"], key=_weight):
            shadow = "" if ground["enforced"] else " (shadow: recorded, not done)"
            output.result(f"  {ground['policy']}: {titles.get(ground['policy'], '')}: {ground['action']}{shadow}")
            output.result(f"    {ground['why']}")
            for finding in ground["findings"]:
                _tell_finding(evidence["findings"][finding])
            for number_of in ground["problems"]:
                problem = evidence["problems"][number_of]
                output.result(f"    not read: {problem['part']}: {problem['reason']} {problem['detail']}".rstrip())


def _weight(ground: dict[str, Any]) -> tuple[bool, int]:
    """Return by what grounds are sorted: those that decide come before those that only record."""
    return not ground["enforced"], -Action(ground["action"]).rank


def _tell_finding(finding: dict[str, Any]) -> None:
    person = f" of {finding['person']}" if finding["person"] else ""
    seen = "" if finding.get("visibility", "visible") == "visible" else f" ({finding['visibility']})"
    place = finding["place"]
    named = f' of "{place["sheet"]}"' if place.get("sheet") else ""
    output.result(
        f"    {place['words']}{named}{seen}: {finding['field']}{person}, {finding['strength']}: {finding['why']}"
    )
    excerpt = finding.get("excerpt")
    if excerpt:
        line = " ".join(f"{excerpt['before']}[{excerpt['match']}]{excerpt['after']}".split())
        output.result(f"      {line}")


def decision(verb: str) -> Callable[[argparse.Namespace], int]:
    """Return the command that takes the decision *verb*."""

    def decide(options: argparse.Namespace) -> int:
        settings = config.load(options.config)
        more = {"lists_too": options.to_whole_list} if verb in {"approve", "release"} else {}
        with assemble.quarantine(settings) as quarantine:
            act = getattr(quarantine, verb)
            hold = spoken_id(options.id)
            try:
                held = act(hold, actor=assemble.actor(), reason=options.reason, now=datetime.now(UTC), **more)
            except WholeListError as error:
                raise WholeListError(f"{error}; if the whole list is meant, say --to-whole-list") from None
            except IllegalMoveError as error:
                raise IllegalMoveError(_too_late(quarantine.get(hold), settings, options) or str(error)) from None
        if options.json:
            output.document(as_json(held))
        else:
            enough = verb == "approve" and held.state is HoldState.RELEASING and held.approvals_needed == 1
            alone = ", as one approval was enough" if enough else ""
            output.result(f"{held.id} is now {held.state.value}{alone}{_what_next(held, settings, options)}")
        return Exit.OK

    return decide


def _too_late(held: HeldMessage, settings: config.Settings, options: argparse.Namespace) -> str:
    """Return what was decided before, in words; "" where nothing was and the refusal has another ground."""
    by = f" by {held.decided_by}" if held.decided_by else ""
    match held.state:
        case HoldState.RELEASING:
            return f"{held.id} is being released already, decided{by}{_sent(held, settings, options)}"
        case HoldState.RELEASED | HoldState.REFUSED | HoldState.CANCELLED:
            return f"{held.id} was {held.state.value}{by}; nothing was changed"
        case HoldState.EXPIRED:
            return f"{held.id} has expired: nobody decided in time; nothing was changed"
        case HoldState.HELD | HoldState.PROPOSED:
            return ""


def _what_next(held: HeldMessage, settings: config.Settings, options: argparse.Namespace) -> str:
    """Return what happens now, and what to run to see it."""
    if held.state is HoldState.RELEASING:
        return _sent(held, settings, options)
    if held.state is HoldState.PROPOSED:
        missing = held.approvals_needed - len(held.approved_by)
        return f": {counted(missing, 'more person has', 'more people have')} to approve or release it"
    return ""


def _sent(held: HeldMessage, settings: config.Settings, options: argparse.Namespace) -> str:
    """Return when it will be sent: soon, or once there is a courier again."""
    sudo = "sudo " if assemble.is_lent() else ""
    see = f"to see that it has: {sudo}safehold hold show {held.id}{output.named(options.config)}"
    gone = _courier_gone(settings, datetime.now(UTC))
    if gone:
        return f", but {gone}: it is sent once one works again, see `safehold doctor`; {see}"
    return f": the courier sends it within seconds; {see}"


def _courier_gone(settings: config.Settings, now: datetime) -> str:
    """Return in words that no courier is at work, and since when; "" where one is."""
    with contextlib.closing(assemble.store(settings)) as opened:
        beat = vitals.last_beat(opened, assemble.COURIER)
        busy = vitals.backlog(opened, now).in_hand_until is not None
    if beat is None:
        return "no courier has been at work here yet"
    ago = now - beat.at
    if not vitals.is_taken(settings.store, assemble.COURIER):
        return f"no courier is at work (last seen {spoken(ago)} ago)"
    return f"the courier was last seen {spoken(ago)} ago" if ago > COURIER_LATE and not busy else ""
