# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold policy publish | versions``: who put which policies live.  ``policy disable | enable``: the fire brigade.

A version that protects less than the one before wants a second person.  What stands in plain order (a mode, an action,
approvals, a deadline, an exception) is compared; what conditions hold shows only by messages, so the tests of both
versions are judged under either, and where no test holds by changed conditions nobody can tell.  The tests are kept
with the version, so that to drop one is no way round.
"""

import argparse
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from safehold import assemble, config, vault
from safehold.assemble import publishing, rules
from safehold.cli import output
from safehold.cli.holds import reason
from safehold.cli.output import Exit, InputError, say
from safehold.config import Settings
from safehold.errors import Complaint, ComplaintsError, NotAllowedError, SafeholdError, counted
from safehold.model import Action, Demand, Reading
from safehold.policy import PolicySet
from safehold.policy.changes import Change, Effect
from safehold.proof import cases, running
from safehold.proof.cases import Suite
from safehold.reading.pool import ReaderPool
from safehold.store import audit, versions
from safehold.store.versions import Files, State, Version, Versions

# A fire is out within a day; what takes longer is an edit of the policy, and published.
LONGEST = timedelta(hours=24)
_DURATION = re.compile(r"(\d{1,4})\s*(m|min|minutes?|h|hours?)")
_STOPPED = (Action.HOLD, Action.REJECT)


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of ``safehold policy`` that put policies in and out of force."""
    text = "record the policies in the folder as the version that is to be in force, and what changed"
    more = "Where it protects less than the version before, another person has to agree: publish --second."
    publish = verbs.add_parser("publish", parents=[common], help=text, description=f"{text}.  {more}")
    publish.add_argument("--second", action="store_true", help="agree to what another person proposed")
    publish.add_argument("--json", action="store_true")
    publish.set_defaults(act=publish_policies)
    text = "the versions there were: who put them live, and what changed"
    listing = verbs.add_parser("versions", parents=[common], help=text, description=text)
    listing.add_argument("--json", action="store_true", help="one a line")
    listing.set_defaults(act=list_versions)
    text = "switch one policy off for some hours; it is in force again by itself, and everybody on duty hears"
    disable = verbs.add_parser("disable", parents=[common], help=text, description=text)
    disable.add_argument("policy", metavar="ID")
    disable.add_argument("--for", required=True, type=duration, dest="span", metavar="2h", help="30m, 2h; 24h at most")
    text = "put a disabled policy in force again before its time"
    enable = verbs.add_parser("enable", parents=[common], help=text, description=text)
    enable.add_argument("policy", metavar="ID")
    for verb, act in ((disable, disable_policy), (enable, enable_policy)):
        verb.add_argument("--reason", required=True, type=reason, help="why; sealed, for the audit trail")
        verb.add_argument("--json", action="store_true")
        verb.set_defaults(act=act)


def duration(text: str) -> timedelta:
    """Return a time such as 30m or 2h."""
    match = _DURATION.fullmatch(text.strip().lower())
    span = timedelta(**{"hours" if match[2].startswith("h") else "minutes": int(match[1])}) if match else timedelta()
    if not timedelta() < span <= LONGEST:
        raise argparse.ArgumentTypeError("expected minutes or hours, e.g. 30m or 2h; 24h at most")
    return span


# -- publish ----------------------------------------------------------------------------------------------------------


def publish_policies(options: argparse.Namespace) -> int:
    """Publish what lies in the folder; exit 1 where another person has to agree first."""
    settings = config.load(options.config)
    read = rules.policy_folder(settings.policies)
    policies = read.load()
    with assemble.policy_versions(settings) as stored:
        before = stored.latest(State.PUBLISHED)
        if before is not None and before.digest == policies.digest:
            return _answer(options, before, f"this is version {before.id} already, published by {_by(before)}")
        if options.second:
            return _answer(options, _agree(stored, before, policies), _PUBLISHED[settings.publishing.required])
        found = publishing.difference(before, policies, stored, read.folder)
        tests = publishing.tests_below(settings.policies)
        changes = (*found.changes, *_shown_by_tests(found, policies, (_tests_of(before, stored), tests)))
        weaker = any(each.effect is Effect.WEAKER for each in changes)
        state = State.PROPOSED if weaker else State.PUBLISHED
        if weaker and _is_proposed(stored, policies, assemble.actor()):
            return _answer(options, stored.latest(State.PROPOSED), f"you proposed this already; {_SECOND}")
        said = [f"{_SIGNS[each.effect]} {each.line}" for each in changes]
        files = Files({**tests, **read.files}, read.changed)
        made = stored.add(state, policies.digest, files, actor=assemble.actor(), changes=said, now=datetime.now(UTC))
    return _answer(options, made, _SECOND_WANTED if weaker else _PUBLISHED[settings.publishing.required])


_SIGNS = {
    Effect.WEAKER: "weaker:",
    Effect.STRICTER: "stricter:",
    Effect.CONDITIONS: "changed:",
    Effect.NEITHER: "also:",
}
_SECOND = "another person runs: safehold policy publish --second"
_SECOND_WANTED = f"proposed, not published: it protects less than the version before, so {_SECOND}"
_PUBLISHED = {
    True: "published; gateways judge by it within two seconds",
    False: "published; now: systemctl reload safehold-milter",
}


def _agree(stored: Versions, before: Version | None, policies: PolicySet) -> Version:
    """Publish what another person proposed, if it is what lies in the folder now."""
    proposed = stored.latest(State.PROPOSED)
    if proposed is None or proposed.digest != policies.digest:
        raise InputError("nobody proposed these files as they are now: safehold policy publish, without --second")
    if before is not None and before.at > proposed.at:
        raise InputError("another version was published meanwhile: propose anew, safehold policy publish")
    actor = assemble.actor()
    if actor.casefold() == proposed.actor.casefold():
        raise NotAllowedError(f"the second person must be another than {proposed.actor}, who proposed it")
    agreed = stored.agree(proposed, second=actor, now=datetime.now(UTC))
    if agreed is None:
        raise InputError("somebody was faster: safehold policy versions")
    return agreed


def _is_proposed(stored: Versions, policies: PolicySet, actor: str) -> bool:
    proposed = stored.latest(State.PROPOSED)
    return proposed is not None and (proposed.digest, proposed.actor) == (policies.digest, actor)


def _answer(options: argparse.Namespace, version: Version | None, words: str) -> int:
    if version is None:  # what was there a moment ago was published by another
        raise InputError("somebody was faster: safehold policy versions")
    if options.json:
        output.document(_as_json(version))
    else:
        for line in version.changes:
            output.result(f"  {line}")
        output.result(f"version {version.id} ({version.digest[:12]}): {words}")
    return Exit.FOUND if version.state is State.PROPOSED else Exit.OK


def _as_json(version: Version) -> dict[str, Any]:
    return {name: getattr(version, name) for name in version.__dataclass_fields__}


def _by(version: Version) -> str:
    return f"{version.actor} and {version.second}" if version.second else version.actor


def list_versions(options: argparse.Namespace) -> int:
    """List the versions, the newest first."""
    settings = config.load(options.config)
    with assemble.opened(settings) as store:
        found = versions.listed(store)
    if options.json:
        output.lines(map(_as_json, found))
        return Exit.OK
    if not found:
        say("nothing was published yet, and no gateway has loaded policies")
        return Exit.OK
    output.table(
        ["version", "state", "since", "by", "digest", "changes"],
        [
            [str(v.id), v.state.value, output.local(v.at), _by(v), v.digest[:12], "\n".join(_few(v.changes))]
            for v in found
        ],
    )
    return Exit.OK


def _few(lines: Sequence[str], most: int = 5) -> list[str]:
    return [*lines[:most], f"and {len(lines) - most} more"] if len(lines) > most else list(lines)


# -- what only messages show --


def _tests_of(version: Version | None, stored: Versions) -> Mapping[str, bytes]:
    """Return the files that were kept with a version, tests among them; none where they cannot be read any more."""
    if version is None:
        return {}
    try:
        return stored.files(version).files
    except SafeholdError:
        return {}  # that nobody can tell what changed is said already


def _shown_by_tests(
    found: publishing.Difference, new: PolicySet, kept: Sequence[Mapping[str, bytes]]
) -> Iterator[Change]:
    """Yield what tests show of changed conditions: copies that are held no more, or nothing at all."""
    old = found.old
    if old is None:
        return
    enforced = _enforced(old) & _enforced(new)
    changed = [c for c in found.changes if c.effect is Effect.CONDITIONS and (not c.policy or c.policy in enforced)]
    if not changed:
        return
    holding: set[str] = set()
    for place, lost, by in _judged(kept, old, new):
        holding |= by
        if lost:
            yield Change("", Effect.WEAKER, f"{place}: {counted(lost, 'copy', 'copies')} held before would leave")
    for each in changed:
        if each.policy not in holding and (each.policy or not holding):
            yield Change(each.policy, Effect.WEAKER, f"{each.words}, and no test holds by it, so nobody can tell")


def _enforced(policies: PolicySet) -> set[str]:
    return {each.id for each in policies.policies if each.enforced}


def _judged(kept: Sequence[Mapping[str, bytes]], old: PolicySet, new: PolicySet) -> Iterator[tuple[str, int, set[str]]]:
    """Yield of each test its place, how many copies are stopped by *old* and not by *new*, and by which policies."""
    suites = _suites(kept)
    if not suites:
        return
    with ReaderPool(1) as pool:

        def reader(content: bytes, demand: Demand) -> Reading:
            return pool.read(content, demand=demand)

        for each in (each for suite in suites for each in running.prepare(suite, reader)):
            before, after = each.judge(old).with_action(*_STOPPED), each.judge(new).with_action(*_STOPPED)
            stopped = {verdict.recipient.address for verdict in after}
            lost = sum(verdict.recipient.address not in stopped for verdict in before)
            by = {ground.policy for verdict in before for ground in verdict.deciding}
            yield f"{each.case.mark.file}:{each.case.mark.line}", lost, by


def _suites(kept: Sequence[Mapping[str, bytes]]) -> list[Suite]:
    """Return the test files of each set of files; one that stands in two as it is once."""
    found: dict[tuple[str, bytes], Suite] = {}
    for files in kept:
        for path in sorted(filter(cases.is_test_file, files)):
            try:
                found.setdefault((path, files[path]), cases.read(path, files, datetime.now(UTC).date()))
            except ComplaintsError as error:
                say(f"{path} was left out: {error} in it (safehold policy test)")
    return list(found.values())


# -- disable, enable --------------------------------------------------------------------------------------------------


def disable_policy(options: argparse.Namespace) -> int:
    """Switch one policy off for a time."""
    settings = config.load(options.config)
    _require_known(options.policy, settings)
    now, actor = datetime.now(UTC), assemble.actor()
    until = now + options.span
    words = f"policy {options.policy} is disabled until {output.local(until)}, by {actor}"
    with assemble.opened(settings) as store:
        note = _sealed(options.reason, settings)
        versions.disable(store, options.policy, until, actor=actor, note=note, words=words, now=now)
    if options.json:
        output.document({"policy": options.policy, "until": until, "actor": actor})
    else:
        output.result(f"{words}; gateways follow within two seconds, and those on duty are told")
    return Exit.OK


def enable_policy(options: argparse.Namespace) -> int:
    """Put a disabled policy in force again."""
    settings = config.load(options.config)
    with assemble.opened(settings) as store:
        note = _sealed(options.reason, settings)
        if not versions.enable(store, options.policy, actor=assemble.actor(), note=note, now=datetime.now(UTC)):
            raise InputError(f'"{options.policy}" is not disabled')
    if options.json:
        output.document({"policy": options.policy, "until": None, "actor": assemble.actor()})
    else:
        output.result(f"policy {options.policy} is in force again, within two seconds")
    return Exit.OK


def _sealed(text: str, settings: Settings) -> bytes:
    keys = assemble.keyring(settings, need=frozenset({"sealing"}))
    return vault.seal_note(keys.sealing, audit.note_place(""), text.encode("utf-8", "replace"))


def _require_known(policy: str, settings: Settings) -> None:
    """Refuse an id that no policy has; where nobody can tell which there are, a fire is put out all the same."""
    known: set[str] = set()
    try:
        known |= {each.id for each in assemble.load_policies(settings.policies).policies}
        with assemble.policy_versions(settings) as stored:
            if (live := stored.latest(State.PUBLISHED, State.LOADED)) is not None:
                known |= _ids(publishing.folder_of(live, stored, settings.policies).load())
    except SafeholdError as error:
        say(f"whether there is such a policy could not be told: {error}")
        return
    if policy not in known:
        near = difflib.get_close_matches(policy, known, n=1)
        meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
        raise InputError(f'no policy "{policy}"; {meant}')


def _ids(policies: PolicySet) -> set[str]:
    return {each.id for each in policies.policies}


def disabled_now(settings: Settings, policies: PolicySet) -> Iterator[Complaint]:
    """Yield a warning for each policy that is disabled now, at its place.

    Raises:
        StoreError: The store cannot say.
    """
    places = {each.id: each.place for each in policies.policies}
    for each in assemble.disabled(settings, datetime.now(UTC)):
        file, line = places.get(each.policy, ("", 0))
        words = f'"{each.policy}" is disabled until {output.local(each.until)}, by {each.actor}: what it holds leaves'
        cure = f"safehold policy enable {each.policy} --reason ..."
        yield Complaint(file, line, 0, "disabled", words, cure, severity="warning")
