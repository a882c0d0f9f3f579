# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``explain`` shows: one shape for messages and for holds, as JSON for programs and as lines for people.

The shape (DESIGN section 8): ``recipients`` -> address -> ``action policies why reasons conditions``; ``problems``; the
digests.  A reason is one passage: policy, its file and line, person, field, place, strength, why.  ``conditions`` has
of every policy that fired, and of the one that nearly did, what its author wrote with an answer to each line of it;
a hold keeps reasons only.  Places say which attachment and where in it: no value, and no name of a file.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from safehold.cli import output
from safehold.errors import counted
from safehold.model import Action, Answer, Finding, Ground, PartPath, Place, PlaceKind, Reading, Verdict
from safehold.policy import PolicySet
from safehold.policy.account import Account, Condition, Exempt, nearest
from safehold.reading.document import place_in_message

# Where a policy stands: its id -> file and line.
Places = Mapping[str, tuple[str, int]]
_NOWHERE = ("", 0)
_NO_PASSAGE = {"detector": "", "field": "", "place": "", "strength": ""}
_RANK = {action.value: action.rank for action in Action}
_WOULD = {
    Action.HOLD.value: "held this copy",
    Action.REJECT.value: "refused this copy",
    Action.NOTIFY.value: "recorded this copy",
}
_ANSWER_WIDTH = len("cannot tell")


def places(policies: PolicySet, folder: Path) -> Places:
    """Return where each policy stands, as a path that can be opened from here."""
    return {p.id: (str(folder / p.place[0]) if p.place[0] else "", p.place[1]) for p in policies.policies}


# -- the shape, of a message ------------------------------------------------------------------------------------------


def of_message(
    verdict: Verdict,
    accounts: Sequence[Sequence[Account]],
    reading: Reading,
    policies: PolicySet,
    where: Places,
    also: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the shape for a message that was judged.

    Args:
        verdict: The verdict.
        accounts: Of each final recipient, in the verdict's order; lists that could not be expanded have none.
        reading: What was read.
        policies: Those that judged.
        where: Where they stand.
        also: Policies whose account is wanted though they did not fire.
    """
    titles = {policy.id: policy.title for policy in policies.policies}

    def words(place: Place) -> str:
        return place_in_message(place, reading)

    recipients = {}
    for number, each in enumerate(verdict.recipients):
        own = accounts[number] if number < len(accounts) else ()
        recipients[each.recipient.address] = {
            "action": each.action.value,
            "policies": sorted({ground.policy for ground in each.deciding}),
            "reasons": [reason for ground in each.grounds for reason in _reasons(ground, words, titles, where)],
            "why": each.why,
            "conditions": _conditions(own, words, where, also),
        }
    return {
        "recipients": recipients,
        "problems": [
            {"part": part_words(p.part, reading), "reason": p.reason.value, "detail": p.detail}
            for p in verdict.problems
        ],
        "policies_digest": verdict.policies_digest,
        "register_digest": verdict.register_digest,
    }


def part_words(path: PartPath, reading: Reading) -> str:
    """Return which part of a message it is, without a name."""
    part = reading.part(path)
    if part is None:
        return "a part" if path.steps else "the message"
    if not part.attachment:
        return "the message"
    return place_in_message(Place(path, PlaceKind.TEXT), reading)


def _reasons(
    ground: Ground, words: Callable[[Place], str], titles: Mapping[str, str], where: Places
) -> list[dict[str, Any]]:
    file, line = where.get(ground.policy, _NOWHERE)
    base = {
        "policy": ground.policy,
        "title": titles.get(ground.policy, ""),
        "file": file,
        "line": line,
        "enforced": ground.enforced,
        "action": ground.action.value,
        "answer": ground.answer.value,
        "relation": ground.relation,
        "person": ground.person,
        "because": ground.why,
    }
    if not ground.findings:
        return [{**base, **_NO_PASSAGE, "why": ground.why}]
    return [{**base, **_finding(f, words), "person": f.person or ground.person} for f in ground.findings]


def _finding(finding: Finding, words: Callable[[Place], str]) -> dict[str, Any]:
    return {
        "detector": finding.detector,
        "person": finding.person,
        "field": finding.field,
        "place": words(finding.place),
        "strength": finding.strength.value,
        "why": finding.why,
    }


def _conditions(
    accounts: Sequence[Account], words: Callable[[Place], str], where: Places, also: Sequence[str]
) -> list[dict[str, Any]]:
    near = nearest(accounts)
    shown = [a for a in accounts if a.ground is not None or a is near or a.policy.id in also]
    return [_account(account, words, where, also, is_nearest=account is near) for account in shown]


def _account(
    account: Account, words: Callable[[Place], str], where: Places, also: Sequence[str], *, is_nearest: bool
) -> dict[str, Any]:
    policy, ground = account.policy, account.ground
    file, line = where.get(policy.id, _NOWHERE)

    def shown(condition: Condition) -> dict[str, Any]:
        return {
            "words": condition.words,
            "line": condition.line,
            "answer": condition.answer.value,
            "why": condition.why,
            "found": [_finding(each, words) for each in condition.findings],
            "not_counted": [{**_finding(each, words), "because": why} for each, why in condition.missed],
            "join": condition.join.value if condition.join is not None else "",
            "items": [shown(item) for item in condition.items],
        }

    def exempt(each: Exempt) -> dict[str, Any]:
        return {
            "id": each.excuse.id,
            "reason": each.excuse.reason,
            "expires": each.excuse.expires.isoformat(),
            "excuses": each.excuses,
            "when": shown(each.when),
        }

    return {
        "policy": policy.id,
        "title": policy.title,
        "file": file,
        "line": line,
        "enforced": policy.enforced,
        "fired": ground is not None,
        "answer": account.answer.value,
        "action": (ground.action if ground is not None else policy.then.action).value,
        "nearest": is_nearest,
        "asked_for": account.policy.id in also,
        "when": shown(account.when),
        "unless": [exempt(each) for each in account.exempt],
        "repeat": shown(account.repeat) if account.repeat is not None else None,
        "lacking": [shown(each) for each in account.lacking],
        "why_not": account.why_not,
    }


# -- the shape, of a hold ---------------------------------------------------------------------------------------------


def of_hold(evidence: Mapping[str, Any], where: Places) -> dict[str, Any]:
    """Return the shape for a hold, from what it keeps; *evidence* is masked, or revealed."""
    titles = {each["policy"]: each["title"] for each in evidence["handling"]}
    return {
        "recipients": {
            each["address"]: {
                "action": each["action"],
                "policies": sorted({g["policy"] for g in each["grounds"] if _decides(g, each)}),
                "reasons": [r for ground in each["grounds"] for r in _kept(ground, evidence, titles, where)],
                "why": each["why"],
                "conditions": [],
            }
            for each in evidence["recipients"]
        },
        "problems": [{name: each[name] for name in ("part", "reason", "detail")} for each in evidence["problems"]],
        "policies_digest": evidence["policies_digest"],
        "register_digest": evidence["register_digest"],
    }


def _decides(ground: Mapping[str, Any], recipient: Mapping[str, Any]) -> bool:
    return bool(ground["enforced"]) and ground["action"] == recipient["action"]


def _kept(
    ground: Mapping[str, Any], evidence: Mapping[str, Any], titles: Mapping[str, str], where: Places
) -> list[dict[str, Any]]:
    file, line = where.get(ground["policy"], _NOWHERE)
    base = {
        "policy": ground["policy"],
        "title": titles.get(ground["policy"], ""),
        "file": file,
        "line": line,
        **{name: ground[name] for name in ("enforced", "action", "answer", "relation", "person")},
        "because": ground["why"],
    }
    findings = [evidence["findings"][number] for number in ground["findings"]]
    if not findings:
        return [{**base, **_NO_PASSAGE, "why": ground["why"]}]
    return [{**base, **_kept_finding(each), "person": each["person"] or ground["person"]} for each in findings]


def _kept_finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    place = finding["place"]
    named = f' of "{place["sheet"]}"' if place.get("sheet") else ""
    seen = "" if finding.get("visibility", "visible") == "visible" else f" ({finding['visibility']})"
    shown = {
        "detector": finding["detector"],
        "field": finding["field"],
        "place": f"{place['words']}{named}{seen}",
        "strength": finding["strength"],
        "why": finding["why"],
    }
    return {**shown, "excerpt": finding["excerpt"]} if finding.get("excerpt") else shown


# -- for people -------------------------------------------------------------------------------------------------------


def tell(document: Mapping[str, Any]) -> None:
    """Print the shape: first one line a recipient, then for each of them which policies, why, and where."""
    for address, told in document["recipients"].items():
        why = ", ".join(told["policies"]) or told["why"]
        output.result(f"{address}: {told['action']}{f' - {why}' if why else ''}")
    # Recipients of whom the same is to be said are told of together.
    alike: dict[tuple[str, ...], list[str]] = {}
    for address, told in document["recipients"].items():
        alike.setdefault(tuple(_of_recipient(told)), []).append(address)
    for lines, addresses in alike.items():
        if lines:
            output.result()
            output.result(", ".join(addresses))
            for line in lines:
                output.result(line)
    if document["problems"]:
        output.result()
    for problem in document["problems"]:
        output.result(f"not fully read: {problem['part']}: {problem['reason']}")


def _of_recipient(told: Mapping[str, Any]) -> Iterator[str]:
    accounts = {each["policy"]: each for each in told["conditions"]}
    reasons: dict[str, list[Mapping[str, Any]]] = {}
    for reason in sorted(told["reasons"], key=lambda r: (not r["enforced"], -_RANK[r["action"]])):
        reasons.setdefault(reason["policy"], []).append(reason)
    for policy, own in reasons.items():
        first = own[0]
        shadow = "" if first["enforced"] else " (shadow: recorded, not done)"
        yield f"  {policy}: {first['action']}{shadow} - {first['title']}{_place(first)}"
        account = accounts.get(policy)
        if account is not None and account["fired"]:
            yield from _tree(account)
        else:
            yield f"    because {first['because']}"
            yield from _passages(own, "    ")
    quiet = [account for account in told["conditions"] if not account["fired"]]
    for account in sorted(quiet, key=lambda each: not each["nearest"]):
        if account["policy"] not in reasons:
            yield from _quiet(account)


def _place(told: Mapping[str, Any]) -> str:
    return f" ({told['file']}:{told['line']})" if told["file"] else ""


def _passages(found: Iterable[Mapping[str, Any]], indent: str) -> Iterator[str]:
    """Yield the lines for some passages; several of which the same is to be said have one."""
    times = Counter(line for each in found for line in _passage(each, indent))
    return (line if number == 1 else f"{line} ({number} times)" for line, number in times.items())


def _passage(found: Mapping[str, Any], indent: str) -> Iterator[str]:
    if not found["place"]:
        return
    person = f" of {found['person']}" if found["person"] else ""
    what = "" if found["detector"] == "attachment" else f"{found['field']}{person}, {found['strength']}: "
    yield f"{indent}{found['place']}: {what}{found['why']}"
    excerpt = found.get("excerpt")
    if excerpt:
        yield f"{indent}  " + " ".join(f"{excerpt['before']}[{excerpt['match']}]{excerpt['after']}".split())


def _tree(account: Mapping[str, Any]) -> Iterator[str]:
    yield from _condition(account["when"], 0)
    if account["repeat"] is not None:
        yield from _condition(account["repeat"], 0)
    for exempt in account["unless"]:
        verb = "excuses" if exempt["excuses"] else "does not excuse"
        yield f"    exception {exempt['id']} {verb} this recipient (it ends {exempt['expires']}):"
        yield from _condition(exempt["when"], 0)


def _condition(condition: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    answer = condition["answer"].replace("_", " ").ljust(_ANSWER_WIDTH)
    margin = " " * (_ANSWER_WIDTH + 1)
    yield f"    {answer} {indent}{condition['words']}{_line(condition)}"
    if condition["why"] and (depth or not condition["join"]):
        yield f"    {margin}{indent}  {condition['why']}"
    yield from _passages(condition["found"], f"    {margin}{indent}  ")
    for missed in condition["not_counted"]:
        yield f"    {margin}{indent}  not counted: {_missed(missed)}"
    for item in condition["items"]:
        yield from _condition(item, depth + 1)


def _line(condition: Mapping[str, Any]) -> str:
    return f"  (line {condition['line']})" if condition["line"] else ""


def _missed(missed: Mapping[str, Any]) -> str:
    person = f" of {missed['person']}" if missed["person"] else ""
    return f"{missed['field']}{person}, {missed['strength']}, {missed['place']}: {missed['because']}"


def _quiet(account: Mapping[str, Any]) -> Iterator[str]:
    """Tell of a policy that did not fire what it lacked, and where it was asked for by name all of it."""
    would = _WOULD[account["action"]] if account["enforced"] else "recorded this copy (shadow)"
    name = f"{account['policy']}{_place(account)}"
    head = f"  nearest that did not fire: {name}" if account["nearest"] else f"  did not fire: {name}"
    lacking = account["lacking"]
    if lacking:
        yield f"{head}; it would have {would} but for {counted(len(lacking), 'condition')}:"
        for condition in lacking:
            yield f"    {condition['words']}{_line(condition)}"
            for words in _why_not(condition):
                yield f"      {words}"
    else:
        yield f"{head}; it would have {would}, but: {account['why_not']}"
    if account["asked_for"] or not lacking:
        yield from _tree(account)


def _why_not(condition: Mapping[str, Any]) -> Iterable[str]:
    """Return why a condition is not as it would have had to be."""
    if condition["answer"] == Answer.YES.value:  # under "not"
        return (f"it is so: {condition['why']}" if condition["why"] else "it is so", *_found(condition["found"]))
    missed = tuple(f"not counted: {_missed(each)}" for each in condition["not_counted"])
    return (*((condition["why"],) if condition["why"] else ()), *missed)


def _found(found: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(_passages(found, ""))
