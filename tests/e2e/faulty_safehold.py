# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold`` with faults: the real command, in which a deed goes wrong while a file of the fault's name exists.

The first argument is the folder for these files; the rest is the command line of ``safehold``.

kill-before-hold, kill-after-hold   the process dies of SIGKILL just before or after a hold is committed (once)
slow-hold                           a hold is not begun while the file is there; ``holding`` appears meanwhile
screening                           the check itself raises
maps                                no table of Postfix can be asked
read-only, full                     SQLite finds the store read-only, or unable to grow by a page

Into the file ``threads`` it writes of each hold whether C extensions may call Python in its thread: 1 or 0.
"""

import ctypes
import functools
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from safehold import assemble, cli, screening
from safehold.errors import MapUnreadableError
from safehold.postfix.tables import Table
from safehold.quarantine import Quarantine
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool
from safehold.store import database

READER = Path(__file__).with_name("faulty_reader.py")


def main() -> int:
    faults = Path(sys.argv[1])

    def die_once(name: str) -> None:
        if (faults / name).exists():
            (faults / name).unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    hold = Quarantine.hold

    @functools.wraps(hold)
    def faulty_hold(*arguments: Any, **keywords: Any) -> Any:
        with (faults / "threads").open("a") as file:
            file.write(str(ctypes.pythonapi.PyGILState_Check()))
        die_once("kill-before-hold")
        while (faults / "slow-hold").exists():
            (faults / "holding").touch()
            time.sleep(0.02)
        outcome = hold(*arguments, **keywords)
        die_once("kill-after-hold")
        return outcome

    screen = screening.screen

    @functools.wraps(screen)
    def faulty_screen(*arguments: Any, **keywords: Any) -> Any:
        if (faults / "screening").exists():
            raise ValueError("27 Larkspur Lane: what a bug says may quote the mail")
        return screen(*arguments, **keywords)

    begin = database._begin

    def faulty_begin(connection: Any) -> None:
        # Both are settings of one connection, so each transaction says anew how it is.
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        limit = pages if (faults / "full").exists() else 2**31
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit}")
        connection.exec_driver_sql(f"PRAGMA query_only={int((faults / 'read-only').exists())}")
        begin(connection)

    ask = Table.ask

    @functools.wraps(ask)
    def faulty_ask(*arguments: Any, **keywords: Any) -> Any:
        if (faults / "maps").exists():
            raise MapUnreadableError("as the test wants it")
        return ask(*arguments, **keywords)

    Table.ask = faulty_ask  # type: ignore[method-assign]
    Quarantine.hold = faulty_hold  # type: ignore[method-assign]
    screening.screen = faulty_screen  # type: ignore[assignment]
    database._begin = faulty_begin
    assemble.ReaderPool = faulty_pool  # type: ignore[misc,assignment]
    return cli.main(sys.argv[2:])


def faulty_pool(workers: int, limits: Limits, **more: Any) -> ReaderPool:
    return ReaderPool(workers, replace(limits, part_s=3.0, memory_bytes=512 << 20), entry=(str(READER),), **more)


if __name__ == "__main__":
    sys.exit(main())
