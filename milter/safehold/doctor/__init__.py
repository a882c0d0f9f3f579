# SPDX-License-Identifier: GPL-3.0-or-later
"""What a support call would ask, asked beforehand: settings, keys, store, courier, policies, workers, Postfix.

Every check answers in words, and a failure names its cure, as a command where there is one.  Levels and exit codes are
those of Nagios plug-ins (0 ok, 1 warning, 2 critical).  Nothing here changes anything, but for a sign of life of the
doctor's own in the store, which shows that it can be written.  One module a subject:

    office    who speaks in the notices, and who is told
    keeping   keys, store and its disk, courier, what waits
    accounts  whether the units' accounts may use what they need
    rules     policies and register, and which of them are in force
    machine   reader workers, reading of pictures, swap
    sockets   whether Postfix reaches our sockets
    lines     what Postfix is told
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from safehold import config
from safehold.doctor import accounts, keeping, lines, machine, office, rules, sockets
from safehold.doctor.checks import Check, Gateway, Level, fail, guarded, ok
from safehold.errors import ComplaintsError, counted

__all__ = ["Check", "Level", "examine"]


def examine(path: Path, *, now: datetime | None = None) -> tuple[Check, ...]:
    """Return the answers of all checks on the gateway with the settings in *path*."""
    try:
        settings = config.load(path)
    except ComplaintsError as error:
        return (_settings(path, error),)
    gateway = Gateway(path, settings, now or datetime.now(UTC))
    return (ok("settings", f"{path} is well formed"), *_all(gateway))


def _settings(path: Path, error: ComplaintsError) -> Check:
    first, *more = error.complaints[0].text(quoting=False).splitlines()
    others = f" (and {counted(len(error.complaints) - 1, 'other error')})" if len(error.complaints) > 1 else ""
    steps = [line.strip().removeprefix("hint: ") for line in more]
    return fail("settings", first + others, *steps, f"safehold config check --config {path}   (tells all)")


def _all(gateway: Gateway) -> Iterator[Check]:
    for subject in (office, keeping, accounts, rules, machine, sockets, lines):
        for name, check in subject.CHECKS.items():
            yield from guarded(name, check, gateway)
