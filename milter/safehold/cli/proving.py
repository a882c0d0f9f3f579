# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold policy test`` and ``policy mutate``: what an author's tests say, and what they fail to notice."""

import argparse
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safehold import config
from safehold.assemble import rules
from safehold.cli import output
from safehold.cli.output import Exit, InputError, say
from safehold.errors import Complaint, ComplaintsError, counted
from safehold.model import Demand, Reading
from safehold.policy import PolicySet
from safehold.proof import cases, mutants, running
from safehold.proof.cases import Suite
from safehold.proof.running import Result
from safehold.reading.pool import ReaderPool

_LIMIT_BYTES = 32 << 20


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of ``safehold policy`` that run tests."""
    text = "run the tests of policies (files named *.test.yaml)"
    test = verbs.add_parser("test", parents=[common], help=text, description=text)
    _places(test)
    test.add_argument("--junit", type=Path, metavar="FILE", help="also write the results as JUnit XML")
    test.add_argument("--json", action="store_true")
    test.set_defaults(act=test_policies)
    text = "drop or turn round each condition in turn: some test must notice"
    mutate = verbs.add_parser("mutate", parents=[common], help=text, description=text)
    _places(mutate)
    mutate.add_argument("--json", action="store_true")
    mutate.set_defaults(act=mutate_policies)


def _places(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "tests",
        nargs="*",
        type=Path,
        metavar="FOLDER|FILE",
        help="test files, or folders of them (default: tests/ in the policy folder)",
    )
    verb.add_argument("--policies", type=Path, metavar="D", help="the policy folder (default: the one in the settings)")


# -- test --------------------------------------------------------------------------------------------------------------


def test_policies(options: argparse.Namespace) -> int:
    """Run tests; exit 1 where one failed or an enforced policy is not tested both ways."""
    bench = _Bench(options)
    results: list[Result] = []
    with ReaderPool(1) as pool:
        for suite in bench.suites:
            policies = bench.under_test(suite)
            results += running.run(running.prepare(suite, _reader(pool)), policies)
    lacking = running.untested(bench.policies, results)
    if options.junit is not None:
        options.junit.write_bytes(_junit(results))
    if options.json:
        output.document(_as_json(results, lacking))
    else:
        _tell(results, lacking)
    return Exit.OK if all(result.passed for result in results) and not lacking else Exit.FOUND


def _reader(pool: ReaderPool) -> running.Reader:
    def read(content: bytes, demand: Demand) -> Reading:
        return pool.read(content, demand=demand)

    return read


def _tell(results: Sequence[Result], lacking: Sequence[tuple[Any, str]]) -> None:
    for result in results:
        if result.passed and not result.is_gap:
            continue
        place = f"{result.case.mark.file}:{result.case.mark.line}"
        if result.is_gap:
            output.result(f"{place}: known gap ({result.case.known_gap}): {result.case.name}")
        elif result.case.known_gap:
            output.result(f"{place}: FAILED: {result.case.name}: the gap is closed; take known_gap out")
        else:
            output.result(f"{place}: FAILED: {result.case.name}")
            for wrong in result.wrong:
                output.result(f"    {wrong}")
    for policy, why in lacking:
        file, line = policy.place
        output.result(f'{file}:{line}: "{policy.id}" is enforced, and {why}')
    failed = sum(not result.passed for result in results)
    gaps = sum(result.is_gap for result in results)
    output.result(
        f"{counted(len(results), 'test')}: {len(results) - failed - gaps} passed, {failed} failed,"
        f" {counted(gaps, 'known gap')}; {counted(len(lacking), 'thing')} untested"
    )


def _as_json(results: Sequence[Result], lacking: Sequence[tuple[Any, str]]) -> dict[str, Any]:
    return {
        "tests": [
            {
                "file": result.case.mark.file,
                "line": result.case.mark.line,
                "name": result.case.name,
                "passed": result.passed,
                "known_gap": result.case.known_gap,
                "wrong": list(result.wrong),
            }
            for result in results
        ],
        "untested": [{"policy": policy.id, "why": why} for policy, why in lacking],
    }


def _junit(results: Sequence[Result]) -> bytes:
    """Return results as JUnit XML, as test reports of build servers read it."""
    root = ET.Element("testsuites")
    for name in dict.fromkeys(result.suite for result in results):
        own = [result for result in results if result.suite == name]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=name,
            tests=str(len(own)),
            failures=str(sum(not result.passed for result in own)),
            skipped=str(sum(result.is_gap for result in own)),
        )
        for result in own:
            mark = result.case.mark
            case = ET.SubElement(
                suite, "testcase", classname=name, name=result.case.name, file=mark.file, line=str(mark.line)
            )
            if result.is_gap:
                ET.SubElement(case, "skipped", message=f"known gap: {result.case.known_gap}")
            elif not result.passed:
                wrong = "; ".join(result.wrong) or "the gap is closed; take known_gap out"
                ET.SubElement(case, "failure", message=wrong)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


# -- mutate ------------------------------------------------------------------------------------------------------------


def mutate_policies(options: argparse.Namespace) -> int:
    """Change each condition in turn; exit 1 where no test notices one of the changes."""
    bench = _Bench(options)
    with ReaderPool(1) as pool:
        groups = [(bench.under_test(suite), running.prepare(suite, _reader(pool))) for suite in bench.suites]
    scores = list(mutants.scores(groups))
    if options.json:
        output.document([_score(score) for score in scores])
    else:
        for score in scores:
            file, line = score.policy.place
            output.result(f'{file}:{line}: "{score.policy.id}": {score.noticed} of {score.total} changes noticed')
            for survivor in score.survivors:
                output.result(f"    no test notices: {survivor.change}")
        total, noticed = sum(s.total for s in scores), sum(s.noticed for s in scores)
        output.result(f"{noticed} of {counted(total, 'change')} noticed")
    return Exit.FOUND if any(score.survivors for score in scores) else Exit.OK


def _score(score: mutants.Score) -> dict[str, Any]:
    missed = [survivor.change for survivor in score.survivors]
    return {"policy": score.policy.id, "changes": score.total, "noticed": score.noticed, "missed": missed}


# -- files -------------------------------------------------------------------------------------------------------------


class _Bench:
    """The policies and the test files that a command is about."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.folder = _policy_folder(options)
        named = list(options.tests) or [self.folder / "tests"]
        self.base = Path(os.path.commonpath([self.folder.resolve(), *(place.resolve() for place in named)]))
        if self.base.is_file():
            self.base = self.base.parent
        self.policies: PolicySet = rules.load_policies(self.folder)
        files = _files(self.base, [self.folder, *(place if place.is_dir() else place.parent for place in named)])
        paths = sorted(
            name for place in named for name in files if cases.is_test_file(name) and self._is_in(name, place)
        )
        if not paths:
            raise InputError(f"{named[0]}: there are no test files (named *.test.yaml) here")
        self.suites = self._suites(dict.fromkeys(paths), files)

    def _is_in(self, name: str, place: Path) -> bool:
        path = (self.base / name).resolve()
        return path == place.resolve() or place.resolve() in path.parents

    def _suites(self, paths: Iterable[str], files: dict[str, bytes]) -> list[Suite]:
        suites: list[Suite] = []
        complaints: list[Complaint] = []
        today = datetime.now(UTC).date()
        for path in paths:
            try:
                suite = cases.read(path, files, today)
            except ComplaintsError as error:
                complaints += error.complaints
                continue
            suites.append(suite)
            complaints += cases.unknown(suite, {each.id: each for each in self.under_test(suite).policies})
        if complaints:
            raise ComplaintsError(complaints)
        return suites

    def under_test(self, suite: Suite) -> PolicySet:
        """Return the policies that a test file is about, as they are tested."""
        inside = self.folder.resolve().relative_to(self.base) if self.folder.resolve() != self.base else Path()
        named = [str(Path(path).relative_to(inside)) for path in suite.policies]
        return running.under_test(self.policies, named)


def _policy_folder(options: argparse.Namespace) -> Path:
    if options.policies is not None:
        named: Path = options.policies
        return named
    for place in options.tests:
        above = place.resolve()
        for folder in (above, *above.parents):
            if folder.name == "tests" and any(folder.parent.glob("*.y*ml")):
                parent: Path = folder.parent
                return parent
            if folder.is_dir() and (folder / "tests").is_dir() and any(folder.glob("*.y*ml")):
                found: Path = folder
                return found
    return config.load(options.config).policies


def _files(base: Path, places: Iterable[Path]) -> dict[str, bytes]:
    """Return what test files may name: everything below *places*, by path from *base*."""
    found: dict[str, bytes] = {}
    for place in places:
        for path in sorted(place.resolve().rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(base).parts):
                if path.stat().st_size > _LIMIT_BYTES:
                    say(f"warning: {path} is larger than 32 MB and not read")
                    continue
                found[str(path.relative_to(base))] = path.read_bytes()
    return found
