# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of policies cost: how many a second, and where the time goes.

    PYTHONPATH=milter python tests/bench/bench_proof.py [--rounds 3] [--profile] [--json]

The shipped tests (policies/tests), each round from the files to the results: test files read, messages made, read by
one worker, registers built, screened; then ``mutate`` over them.  Goals: 200 tests a second on one core, and mutating
the shipped set in under 10 seconds.  CPU seconds are counted, of this process and of its worker, so that a busy machine
measures as an idle one does.
"""

import argparse
import cProfile
import json
import os
import pstats
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from safehold.assemble import rules
from safehold.model import Demand, Reading
from safehold.proof import cases, messages, mutants, running
from safehold.proof.cases import Suite
from safehold.reading.pool import ReaderPool
from safehold.register.index import Register

FOLDER = Path(__file__).parents[2] / "policies"
TODAY = date(2026, 11, 2)
GOALS = {"tests_per_s": 200, "mutate_s": 10}
_T = TypeVar("_T")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="where the time of judging goes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = measure(options.rounds, profile=options.profile)
    if options.json:
        print(json.dumps(measured))
    else:
        for name, value in measured.items():
            goal = f"  (goal: {GOALS[name]})" if name in GOALS else ""
            print(f"{name:<18} {value:>10.3f}{goal}")
    met = measured["tests_per_s"] >= GOALS["tests_per_s"] and measured["mutate_s"] <= GOALS["mutate_s"]
    return 0 if met else 1


def measure(rounds: int, *, profile: bool = False) -> dict[str, Any]:
    """Return CPU seconds of one round over the shipped tests by its steps, and what that makes a second."""
    files = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    names = [name for name in sorted(files) if cases.is_test_file(name)]
    loaded = rules.load_policies(FOLDER)
    spent: dict[str, float] = {}

    def timed(step: str, act: Callable[..., _T], *given: Any) -> _T:
        before = _cpu_s()
        done = act(*given)
        spent[step] = spent.get(step, 0.0) + _cpu_s() - before
        return done

    with ReaderPool(1) as pool:

        def read(content: bytes, demand: Demand) -> Reading:
            return pool.read(content, demand=demand)

        def prepared(suites: Sequence[Suite]) -> list[mutants.Group]:
            return [(running.under_test(loaded, suite.policies), running.prepare(suite, read)) for suite in suites]

        read(b"Subject: warm\r\n\r\nup\r\n", Demand())
        for _ in range(rounds):
            suites = timed("files", lambda: [cases.read(name, files, TODAY) for name in names])
            timed("messages", _made, suites)
            timed("registers", _registers, suites)
            groups = timed("prepare", prepared, suites)  # messages and registers are made in here once more
            timed("judge", _judged, groups)
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        timed("mutate", lambda: list(mutants.scores(groups)))
        if profile:
            profiler.disable()
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumulative").print_stats(25)
    tests = sum(len(suite.cases) for suite in suites)
    one = {f"{step}_s": seconds / (1 if step == "mutate" else rounds) for step, seconds in spent.items()}
    whole = one["files_s"] + one["prepare_s"] + one["judge_s"]
    return {"tests": tests, **one, "tests_per_s": tests / whole}


def _made(suites: Sequence[Suite]) -> None:
    for suite in suites:
        for case in suite.cases:
            messages.made(case.letter, case.now, case.direction)


def _registers(suites: Sequence[Suite]) -> None:
    for suite in suites:
        Register.build(suite.people)


def _judged(groups: Sequence[mutants.Group]) -> None:
    for policies, prepared in groups:
        running.run(prepared, policies)


def _cpu_s() -> float:
    """Return the CPU seconds of this process and of the children that live: a worker's count only in /proc."""
    own = os.times()
    total = own.user + own.system
    tick = os.sysconf("SC_CLK_TCK")
    for process in _below(os.getpid()):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / tick
        except OSError:
            continue
    return total


def _below(process: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_below(child)]
    return found


if __name__ == "__main__":
    sys.exit(main())
