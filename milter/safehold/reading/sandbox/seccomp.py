# SPDX-License-Identifier: GPL-3.0-or-later
"""Seccomp: the list of system calls that reading takes; the kernel refuses all others with EPERM.

An allow-list, because what is not on it was never thought of.  Refused and not killed: a library that asks for more
than it needs falls back, and nothing else could be gained by the question.  Two filters: the zygote still has to make
and end workers, a worker only reads.  Both are compiled by libseccomp (which knows the numbers of each architecture)
before the walls stand, and loaded from memory: compiling took 4 ms, loading takes some microseconds.

Source: seccomp(2); Linux, Documentation/userspace-api/seccomp_filter.rst.
"""

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from safehold.reading.sandbox import kernel

if TYPE_CHECKING:
    import pyseccomp

# What the allocator, the interpreter and the libraries of the readers ask for while they only compute, and what the
# worker's line takes.  Nothing here opens, makes or names anything.
_COMPUTE = (  # noqa: SIM905 - a list of fifty lines says no more
    "read readv pread64 write writev close fstat lseek dup poll ppoll select pselect6 "
    "mmap munmap mremap mprotect madvise brk futex membarrier rseq set_robust_list get_robust_list "
    "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall "
    "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time getrandom getrusage times "
    "getpid getppid gettid getuid geteuid getgid getegid getpgrp sched_yield sched_getaffinity sysinfo uname "
    "exit exit_group"
).split()
# What the zygote does besides: end and wait for workers, make their lines, and load the worker's own filter.
_RULE = ("kill", "wait4", "setpgid", "socketpair", "prctl", "close_range")

_AT_EMPTY_PATH = 0x1000
_F_SETFL, _F_DUPFD_CLOEXEC = 4, 1030
_MSG_CMSG_CLOEXEC = 0x40000000
_CLONE_NAMESPACES = 0x7E020000


@dataclass(frozen=True, slots=True)
class Filters:
    """Two compiled filters; empty where libseccomp is missing.

    Attributes:
        zygote: Reading, and making, ending and waiting for workers.
        worker: Reading alone.
    """

    zygote: bytes = b""
    worker: bytes = b""


def build() -> Filters:
    """Compile both filters; to be called before the walls stand, because it opens a library."""
    try:
        import pyseccomp  # it looks for its C library when imported, which is not everywhere
    except (ImportError, RuntimeError, OSError):
        return Filters()
    argument = pyseccomp.Arg
    reading: list[tuple[str, tuple[pyseccomp.Arg, ...]]] = [
        *((name, ()) for name in _COMPUTE),
        # The C library asks for the state of a descriptor as that of an empty path.
        ("newfstatat", (argument(3, pyseccomp.MASKED_EQ, _AT_EMPTY_PATH, _AT_EMPTY_PATH),)),
        # Descriptors may be copied, asked about and marked: no owners that are signalled, no locks, leases or sizes.
        ("fcntl", (argument(1, pyseccomp.LE, _F_SETFL),)),
        ("fcntl", (argument(1, pyseccomp.EQ, _F_DUPFD_CLOEXEC),)),
        # The line, plainly: no out-of-band bytes (the kernel's code for them has been a way out of other sandboxes,
        # CVE-2025-38236), and a worker passes on no descriptors.
        ("sendto", (argument(3, pyseccomp.EQ, 0),)),
        ("recvfrom", (argument(3, pyseccomp.EQ, 0),)),
        ("recvmsg", (argument(2, pyseccomp.EQ, _MSG_CMSG_CLOEXEC),)),
        # The process's own limits.
        ("prlimit64", (argument(0, pyseccomp.EQ, 0),)),
    ]
    ruling = [
        *((name, ()) for name in _RULE),
        ("sendmsg", (argument(2, pyseccomp.EQ, 0),)),
        ("clone", (argument(0, pyseccomp.MASKED_EQ, _CLONE_NAMESPACES, 0),)),
    ]

    def compiled(rules: Iterable[tuple[str, tuple[pyseccomp.Arg, ...]]]) -> bytes:
        program = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
        # Its flags lie in memory, where no filter sees them; where it is "not built", clone is used.
        program.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
        for name, arguments in rules:
            program.add_rule(pyseccomp.ALLOW, name, *arguments)
        return _exported(program)

    return Filters(compiled([*reading, *ruling]), compiled(reading))


def load(program: bytes) -> bool:
    """Put *program* in force for this process and its children, for ever; return whether the kernel took it."""
    return bool(program) and kernel.load_filter(program)


def _exported(program: "pyseccomp.SyscallFilter") -> bytes:
    descriptor = os.memfd_create("filter", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "w+b") as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()
