# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold policy test`` and ``policy mutate``: what an author's tests say, and what they fail to notice."""

import argparse
import re
import shlex
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safehold.cli import accounts, comparing, output
from safehold.cli.benches import Bench, reading
from safehold.cli.output import Exit, say
from safehold.errors import counted
from safehold.policy import PolicySet
from safehold.policy.account import Account, nearest
from safehold.policy.language import Policy
from safehold.proof import mutants, running
from safehold.proof.cases import VERDICTS, Case
from safehold.proof.running import Prepared, Result

# Conditions that are told of a copy that was to be held; --verbose tells all.
_LACKING = 3


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of ``safehold policy`` that run tests."""
    text = "run the tests of policies (files named *.test.yaml)"
    test = verbs.add_parser(
        "test",
        parents=[common],
        help=text,
        description=f"{text}. Nothing of this site takes part: people, domains and the day stand in the test files.",
        epilog="Exit codes: 0 all as expected, 1 a test failed or an enforced policy is not tested both ways,"
        " 65 no tests there, 78 a policy or test file is wrong.",
    )
    _places(test)
    test.add_argument("--verbose", "-v", action="store_true", help="tell of every test, and why of those that failed")
    test.add_argument("--junit", type=Path, metavar="FILE", help="also write the results as JUnit XML")
    test.add_argument("--json", action="store_true")
    test.set_defaults(act=test_policies)
    text = "drop or turn round each condition in turn: some test must notice"
    mutate = verbs.add_parser(
        "mutate",
        parents=[common],
        help=text,
        description=text,
        epilog="Exit codes: 0 every change was noticed, 1 one was not, 65 no tests there, 78 a file is wrong.",
    )
    _places(mutate)
    mutate.add_argument("--json", action="store_true")
    mutate.set_defaults(act=mutate_policies)
    comparing.add_verb(verbs, common)


def _places(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "tests",
        nargs="*",
        type=Path,
        metavar="FOLDER|FILE",
        help="test files, or folders of them (default: tests/ in the policy folder)",
    )
    verb.add_argument("-k", dest="only", metavar="WORDS", default="", help="only tests with these words in their name")
    verb.add_argument("--policies", type=Path, metavar="D", help="the policy folder (default: the one in the settings)")


# -- test --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """A test that was run: what it was run on, and what came of it."""

    prepared: Prepared
    policies: PolicySet
    result: Result

    @property
    def case(self) -> Case:
        return self.result.case


def test_policies(options: argparse.Namespace) -> int:
    """Run tests; exit 1 where one failed or an enforced policy is not tested both ways."""
    bench = Bench(options)
    runs: list[_Run] = []
    with reading() as read:
        for suite in bench.suites:
            policies = bench.under_test(suite)
            prepared = running.prepare(suite, read)
            results = running.run(prepared, policies)
            runs += [_Run(one, policies, result) for one, result in zip(prepared, results, strict=True)]
    lacking = bench.untested([run.result for run in runs])
    if options.junit is not None:
        options.junit.write_bytes(_junit(runs, bench))
    if options.json:
        output.document(_as_json(runs, lacking, bench))
    else:
        _tell(runs, lacking, bench, verbose=options.verbose)
    return Exit.OK if all(run.result.passed for run in runs) and not lacking else Exit.FOUND


def _tell(runs: Sequence[_Run], lacking: Sequence[tuple[Policy, str]], bench: Bench, *, verbose: bool = False) -> None:
    for run in runs:
        result = run.result
        place = f"{bench.shown(run.case.mark.file)}:{run.case.mark.line}"
        if result.is_gap:
            output.result(f"{place}: known gap ({run.case.known_gap}): {run.case.name}")
        elif run.case.known_gap:
            output.result(f"{place}: FAILED: {run.case.name}: the gap is closed; take known_gap out")
        elif not result.passed:
            output.result(f"{place}: FAILED: {run.case.name}")
        elif verbose:
            output.result(f"{place}: passed: {run.case.name}")
        if result.wrong and (verbose or not result.is_gap):
            _tell_wrong(run, bench, verbose=verbose)
    for policy, why in lacking:
        output.result(f'{bench.place(policy)}: "{policy.id}" is enforced, and {why}')
    failed = [run for run in runs if not run.result.passed]
    gaps = sum(run.result.is_gap for run in runs)
    output.result(
        f"{counted(len(runs), 'test')}: {len(runs) - len(failed) - gaps} passed, {len(failed)} failed,"
        f" {counted(gaps, 'known gap')}; {counted(len(lacking), 'thing')} untested"
    )
    if failed and not verbose:
        name = shlex.quote(failed[0].case.name)
        say(f"what every condition said: the same command with --verbose, for one test with -k {name}")


def _tell_wrong(run: _Run, bench: Bench, *, verbose: bool) -> None:
    """Tell of a test that is not as expected what is not, and why; with *verbose* what every condition said."""
    for line in run.result.wrong:
        output.result(f"    {line}")
    verdict = run.result.verdict
    if verdict is None:
        return
    told = run.prepared.accounts(run.policies)
    if verbose:
        where = accounts.places(run.policies, Path(bench.shown("", bench.folder)))
        accounts.tell(accounts.of_message(verdict, told, run.prepared.reading, run.policies, where))
        output.result()
        return
    expected = {each.address: each for each in run.case.expected}
    for each, said in zip(verdict.recipients, told, strict=False):
        wanted = expected.get(each.recipient.address)
        # The verdicts stand in VERDICTS from the strictest on.
        if wanted and VERDICTS.index(wanted.verdict) < VERDICTS.index(running.AS_VERDICT[each.action]):
            asked = [one for one in said if not wanted.policies or one.policy.id in wanted.policies]
            if (near := nearest(asked)) is not None:
                for line in _lacked(near, wanted.address, bench):
                    output.result(f"    {line}")


def _lacked(account: Account, address: str, bench: Bench) -> Iterator[str]:
    """Yield what a policy would have needed to take this copy."""
    policy = account.policy
    file = bench.shown(policy.place[0], bench.folder)
    yield f"{address}: {policy.id} ({bench.place(policy)}) did not take it, for"
    for lacking in account.lacking[:_LACKING]:
        at = f" ({file}:{lacking.line})" if lacking.line else ""
        yield f"    {lacking.words}{at}: {lacking.why or lacking.answer.value.replace('_', ' ')}"
        yield from (f"        found and not counted: {why}" for _, why in lacking.missed[:1])
    if not account.lacking:
        yield f"    {account.why_not or 'its conditions were not met'}"


def _as_json(runs: Sequence[_Run], lacking: Sequence[tuple[Policy, str]], bench: Bench) -> dict[str, Any]:
    return {
        "tests": [
            {
                "file": bench.shown(run.case.mark.file),
                "line": run.case.mark.line,
                "name": run.case.name,
                "passed": run.result.passed,
                "known_gap": run.case.known_gap,
                "wrong": list(run.result.wrong),
                "recipients": _recipients(run.result),
            }
            for run in runs
        ],
        "untested": [{"policy": policy.id, "place": bench.place(policy), "why": why} for policy, why in lacking],
    }


def _recipients(result: Result) -> dict[str, Any]:
    return {
        each.recipient.address: {
            "verdict": running.AS_VERDICT[each.action],
            "policies": sorted({ground.policy for ground in each.deciding}),
            "why": each.why,
        }
        for each in (result.verdict.recipients if result.verdict is not None else ())
    }


def _junit(runs: Sequence[_Run], bench: Bench) -> bytes:
    """Return results as JUnit XML, as test reports of build servers read it."""
    root = ET.Element("testsuites", {"name": "safehold policy test", **_numbers(runs)})
    for name in dict.fromkeys(run.result.suite for run in runs):
        own = [run for run in runs if run.result.suite == name]
        shown = output.printable(bench.shown(name))
        suite = ET.SubElement(root, "testsuite", {"name": shown, **_numbers(own)})
        for run in own:
            title = output.printable(run.case.name)
            line = str(run.case.mark.line)
            case = ET.SubElement(suite, "testcase", classname=shown, name=title, file=shown, line=line, time="0")
            if run.result.is_gap:
                ET.SubElement(case, "skipped", message=output.printable(f"known gap: {run.case.known_gap}"))
            elif not run.result.passed:
                wrong = output.printable("\n".join(run.result.wrong) or "the gap is closed; take known_gap out")
                failure = ET.SubElement(case, "failure", type="unexpected", message=wrong.partition("\n")[0])
                failure.text = wrong
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _numbers(runs: Sequence[_Run]) -> dict[str, str]:
    return {
        "tests": str(len(runs)),
        "failures": str(sum(not run.result.passed for run in runs)),
        "errors": "0",
        "skipped": str(sum(run.result.is_gap for run in runs)),
        "time": "0",
    }


# -- mutate ------------------------------------------------------------------------------------------------------------


def mutate_policies(options: argparse.Namespace) -> int:
    """Change each condition in turn; exit 1 where no test notices one of the changes."""
    bench = Bench(options)
    with reading() as read:
        groups = [(bench.under_test(suite), running.prepare(suite, read)) for suite in bench.suites]
    scores = list(mutants.scores(groups))
    if options.json:
        output.document([_score(score, bench) for score in scores])
    else:
        for score in scores:
            file = bench.shown(score.policy.place[0], bench.folder)
            output.result(f"{score.policy.id}: {score.noticed} of {counted(score.total, 'change')} noticed")
            for survivor in score.survivors:
                output.result(f"    {file}:{_line(survivor, bench)}: no test notices: {survivor.change}")
        total, noticed = sum(s.total for s in scores), sum(s.noticed for s in scores)
        output.result(f"{noticed} of {counted(total, 'change')} noticed")
    return Exit.FOUND if any(score.survivors for score in scores) else Exit.OK


def _score(score: mutants.Score, bench: Bench) -> dict[str, Any]:
    file = bench.shown(score.policy.place[0], bench.folder)
    missed = [{"file": file, "line": _line(each, bench), "change": each.change} for each in score.survivors]
    return {"policy": score.policy.id, "changes": score.total, "noticed": score.noticed, "missed": missed}


def _line(survivor: mutants.Survivor, bench: Bench) -> int:
    """Return the line that a change is about: of a key beside the conditions where it stands, if it stands there."""
    if not survivor.key:
        return survivor.line
    file, first = survivor.policy.place
    lines = (bench.folder / file).read_text("utf-8", "replace").splitlines()
    for number, line in enumerate(lines[first:], first + 1):
        if re.match(r" *- +(?:\{ *)?id *:", line):
            break
        if re.match(rf" +{survivor.key} *:", line):
            return number
    return survivor.line
