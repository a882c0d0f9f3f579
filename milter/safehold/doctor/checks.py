# SPDX-License-Identifier: GPL-3.0-or-later
"""One answer of the doctor, and how a check that fails itself still gives one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from safehold.config import Settings
from safehold.errors import ComplaintsError, KeyUnavailableError, SafeholdError, counted

AS_ROOT = "run doctor as root: sudo safehold doctor"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"

    @property
    def nagios(self) -> int:
        """Return the Nagios exit code."""
        return {"ok": 0, "warn": 1, "FAIL": 2}[self.value]


@dataclass(frozen=True, slots=True)
class Check:
    """One answer; ``fix`` holds one step a line, a command where there is one."""

    name: str
    level: Level
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Gateway:
    """What is examined: the settings, the file that they stand in, and when."""

    file: Path
    settings: Settings
    now: datetime


Subject = Callable[[Gateway], Iterable[Check]]


def ok(name: str, text: str) -> Check:
    """Return a good answer."""
    return Check(name, Level.OK, text)


def warn(name: str, text: str, *fix: str) -> Check:
    """Return an answer somebody should look at."""
    return Check(name, Level.WARN, text, "\n".join(fix))


def fail(name: str, text: str, *fix: str) -> Check:
    """Return an answer that means mail is or will be unchecked, lost or stuck."""
    return Check(name, Level.FAIL, text, "\n".join(fix))


def guarded(name: str, check: Subject, gateway: Gateway) -> Iterator[Check]:
    """Yield the answers of *check*; where it cannot be made, that is the answer."""
    try:
        yield from check(gateway)
    except ComplaintsError as error:
        count, first = len(error.complaints), error.complaints[0].text(quoting=False).splitlines()
        yield fail(name, f"{counted(count, 'error')}, the first: {first[0]}", *first[1:], "safehold policy check")
    except KeyUnavailableError as error:
        yield fail(name, str(error), AS_ROOT)
    except SafeholdError as error:
        yield fail(name, str(error))
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        yield fail(name, f"cannot be looked at: {error.strerror or 'no access'}{place}", AS_ROOT)


def spoken(time: timedelta) -> str:
    """Return a length of time as people say it, in its largest unit."""
    seconds = max(0, int(time.total_seconds()))
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return counted(seconds // size, unit)
    return counted(seconds, "second")
