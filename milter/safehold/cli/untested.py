# SPDX-License-Identifier: GPL-3.0-or-later
"""Which enforced policies no test is about: told from the test files alone, while ``policy test`` runs them.

A rule that holds nothing would pass where no test expects a hold, one that holds everything where none expects a
delivery; and either is easily written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from safehold.assemble.rules import PolicyFolder
from safehold.errors import Complaint, ComplaintsError
from safehold.policy import PolicySet
from safehold.policy.language import Mode, Policy
from safehold.proof import cases
from safehold.proof.cases import Suite

CODE = "enforce-untested"
_FOLDER = "tests"
_LIMIT_BYTES = 32 << 20


def complaints(read: PolicyFolder, policies: PolicySet, today: date) -> Iterator[Complaint]:
    """Yield a warning for each enforced policy not tested both ways, and for each test file that is wrong."""
    enforced = [each for each in policies.policies if each.mode is Mode.ENFORCE]
    files = {**read.files, **_beside(read.folder)}
    tests = [name for name in sorted(files) if name.startswith(f"{_FOLDER}/") and cases.is_test_file(name)]
    if not tests:
        if enforced:
            yield from read.placed([_no_tests(enforced)])
        return
    suites = []
    for name in tests:
        try:
            suites.append(cases.read(name, files, today))
        except ComplaintsError as error:
            for each in error.complaints:
                yield replace(each, severity="warning", file=str(read.folder / each.file))
    yield from read.placed(_lacking(enforced, suites, read.files))


def _no_tests(enforced: list[Policy]) -> Complaint:
    whose = (
        f'whether "{enforced[0].id}" holds' if len(enforced) == 1 else f"whether {len(enforced)} enforced policies hold"
    )
    return Complaint(
        "",
        0,
        0,
        CODE,
        f"no tests stand beside the policies (tests/NAME.test.yaml), so nobody knows {whose} what must be held,"
        " and nothing else",
        hint="policies/README.md, How do I know it is right; then: safehold policy test",
        severity="warning",
    )


def _lacking(enforced: list[Policy], suites: Iterable[Suite], files: Mapping[str, bytes]) -> Iterator[Complaint]:
    held: set[str] = set()
    passed: set[str] = set()
    for suite in suites:
        tested = {each.id for each in enforced if not suite.policies or each.place[0] in suite.policies}
        for expected in (e for case in suite.cases if not case.known_gap for e in case.expected):
            if expected.verdict == "deliver":
                passed |= tested
            elif expected.policies is not None:
                held |= tested & expected.policies
            elif len(tested) == 1:
                held |= tested
    for each in enforced:
        if each.id not in held and each.id not in passed:
            yield _untested(each, "no test is about it", files)
        elif each.id not in held:
            why = "no test expects it to hold anything; a rule that holds nothing would pass"
            yield _untested(each, why, files, hint=f"a test that expects a hold names it: policies: [{each.id}]")
        elif each.id not in passed:
            yield _untested(each, "no test expects a delivery; a rule that holds everything would pass", files)


def _untested(policy: Policy, why: str, files: Mapping[str, bytes], hint: str = "") -> Complaint:
    file, line = policy.place
    text = files[file].decode("utf-8", "replace").splitlines()[line - 1] if file in files else ""
    column = len(text) - len(text.lstrip(" -")) + 1 if text else 0
    said = f'"{policy.id}" is enforced but {why}'
    return Complaint(file, line, column, CODE, said, hint=hint, severity="warning")


def _beside(folder: Path) -> dict[str, bytes]:
    """Return everything in the folder of tests, by path from the policy folder."""
    found: dict[str, bytes] = {}
    tests = folder / _FOLDER
    for path in sorted(tests.rglob("*")) if tests.is_dir() else ():
        if path.is_file() and not path.name.startswith(".") and path.stat().st_size <= _LIMIT_BYTES:
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found
