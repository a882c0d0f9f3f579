# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies, test files and reader of the commands that run tests of policies."""

import argparse
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from safehold import config
from safehold.assemble import rules
from safehold.cli.output import InputError, say
from safehold.errors import Complaint, ComplaintsError
from safehold.model import Demand, Reading
from safehold.policy import PolicySet
from safehold.policy.language import Policy
from safehold.proof import cases, running
from safehold.proof.cases import Suite
from safehold.proof.running import Reader, Result
from safehold.reading.pool import ReaderPool

TESTS = "tests"
LIMIT_BYTES = 32 << 20


@contextmanager
def reading() -> Iterator[Reader]:
    """Yield what reads messages: in a worker, as in the gateway, for a test's attachments may be anything."""
    with ReaderPool(1) as pool:

        def read(content: bytes, demand: Demand) -> Reading:
            return pool.read(content, demand=demand)

        yield read


class Bench:
    """The policies and the test files that a command is about."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.folder = policy_folder(options)
        named = list(options.tests) or [self.folder / TESTS]
        missing = next((place for place in named if not place.exists()), None)
        if missing is not None:
            raise InputError(f"{missing}: there is no such file or folder of tests")
        self.whole = not options.only and all(place.is_dir() for place in named)
        self.base = Path(os.path.commonpath([self.folder.resolve(), *(place.resolve() for place in named)]))
        if self.base.is_file():
            self.base = self.base.parent
        self.policies: PolicySet = rules.load_policies(self.folder)
        files = files_below(self.base, [self.folder, *(place if place.is_dir() else place.parent for place in named)])
        paths = sorted(
            name for place in named for name in files if cases.is_test_file(name) and self._is_in(name, place)
        )
        if not paths:
            raise InputError(f"{named[0]}: there are no test files (named *.test.yaml) here")
        self.suites = _only(self._suites(dict.fromkeys(paths), files), options.only)

    def _is_in(self, name: str, place: Path) -> bool:
        path = (self.base / name).resolve()
        return path == place.resolve() or place.resolve() in path.parents

    def _suites(self, paths: Iterable[str], files: Mapping[str, bytes]) -> list[Suite]:
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
            raise ComplaintsError(replace(each, file=self.shown(each.file)) for each in complaints)
        return suites

    def under_test(self, suite: Suite) -> PolicySet:
        """Return the policies that a test file is about, as they are tested."""
        inside = self.folder.resolve().relative_to(self.base) if self.folder.resolve() != self.base else Path()
        # A path that leads out of the policy folder names no policies of it.
        named = [os.path.relpath(path, inside) for path in suite.policies]
        return running.under_test(self.policies, named)

    def untested(self, results: Sequence[Result]) -> list[tuple[Policy, str]]:
        """Return the enforced policies that are not tested both ways; of a part of the tests that cannot be asked."""
        return running.untested(self.policies, results) if self.whole else []

    def shown(self, name: str, base: Path | None = None) -> str:
        """Return a file as a path that can be opened from here."""
        return os.path.relpath(self.base / name if base is None else base / name)

    def place(self, policy: Policy) -> str:
        """Return the file and line of a policy."""
        return f"{self.shown(policy.place[0], self.folder)}:{policy.place[1]}"


def _only(suites: Sequence[Suite], words: str) -> list[Suite]:
    """Return the suites with only those tests that have *words* in their names."""
    if not words:
        return list(suites)
    kept = [
        replace(suite, cases=tuple(case for case in suite.cases if words.casefold() in case.name.casefold()))
        for suite in suites
    ]
    if not any(suite.cases for suite in kept):
        raise InputError(f"no test has `{words}` in its name")
    return [suite for suite in kept if suite.cases]


def policy_folder(options: argparse.Namespace) -> Path:
    """Return the folder of policies that a command is about: named, beside the tests that are, or in the settings."""
    if options.policies is not None:
        named: Path = options.policies
        return named
    for place in options.tests:
        above = place.resolve()
        for folder in (above, *above.parents):
            if folder.name == TESTS and any(folder.parent.glob("*.y*ml")):
                parent: Path = folder.parent
                return parent
            if folder.is_dir() and (folder / TESTS).is_dir() and any(folder.glob("*.y*ml")):
                found: Path = folder
                return found
    return config.load(options.config).policies


def files_below(base: Path, places: Iterable[Path]) -> dict[str, bytes]:
    """Return what test files may name: everything below *places*, by path from *base*."""
    found: dict[str, bytes] = {}
    for place in places:
        for path in sorted(place.resolve().rglob("*")):
            name = path.relative_to(base)
            # A link may lead to what no test may read: a register in use.
            is_own = path.is_file() and path.resolve().is_relative_to(base)
            if is_own and not any(part.startswith(".") for part in name.parts):
                if path.stat().st_size > LIMIT_BYTES:
                    say(f"warning: {path} is larger than 32 MB and not read")
                    continue
                found[name.as_posix()] = path.read_bytes()
    return found
