# SPDX-License-Identifier: GPL-3.0-or-later
"""The walls around the code that opens hostile bytes: put up once in the zygote, inherited by every worker.

``harden`` reports which walls stand; a refusal by the kernel is a fact for ``doctor``, not an error.  Everything
must be imported before it is called: afterwards even the files of Python are out of reach.
"""

import contextlib
import os
import resource
from pathlib import Path

from safehold.reading.sandbox import kernel, landlock, seccomp

NOBODY = 65_534
_FIRST_TO_GO = "1000"  # proc(5): the most there is; raising it takes no privilege


def harden(memory_bytes: int, parent: int, filters: seccomp.Filters) -> dict[str, bool]:
    """Put up the walls and return which of them stand.

    Args:
        memory_bytes: Address space of each process from here on.
        filters: The system calls that are left to this process and to its workers.
        parent: Process id of the parent, to notice that it died meanwhile.
    """
    root = os.geteuid() == 0
    _be_the_first_to_go()
    walls = {
        "network": kernel.leave_network(new_user=not root),
        "user": _become_nobody() if root else False,
        "capabilities": kernel.drop_capabilities(),
        "privileges": kernel.forbid_new_privileges(),
        "dumps": kernel.forbid_dumps(),
        "landlock": landlock.deny_files(),
    }
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    walls["memory"] = _limit(resource.RLIMIT_AS, memory_bytes)
    # After the change of user, which clears it.
    walls["parent"] = kernel.die_with_parent() and os.getppid() == parent
    walls["seccomp"] = seccomp.load(filters.zygote)
    return walls


def harden_worker(parent: int, filters: seccomp.Filters) -> None:
    """Put up what only a worker can bear: no more processes, few files, reading alone; and die with the zygote."""
    kernel.die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_NOFILE, 16)
    if filters.worker and not seccomp.load(filters.worker):
        os._exit(1)  # the zygote's filter was taken, so this one is refused only where something is wrong


def limit_cpu(seconds: float) -> None:
    """Allow the process *seconds* of processor time from now on (SIGXCPU kills it then)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))


def _be_the_first_to_go() -> None:
    """Where the machine or the service runs out of memory, let the kernel end a worker and not the milter."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")


def _become_nobody() -> bool:
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:  # a user namespace without that user
        return False
    return True


def _limit(which: int, value: int) -> bool:
    try:
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError):
        return False
    return True
