# SPDX-License-Identifier: GPL-3.0-or-later
"""The few Linux calls that Python 3.11 does not offer: prctl, unshare, capset, and sealed memory files.

Not pure.  Every function returns whether the kernel agreed; none raises for a refusal, because which walls
stand is something to report, not to die of.
"""

import ctypes
import fcntl
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CAPABILITY_VERSION_3 = 0x20080522
# F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE (linux/fcntl.h); older builds of Python lack the names.
_SEALS = 0x1 | 0x2 | 0x4 | 0x8
_F_ADD_SEALS = 1033

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _Program(ctypes.Structure):
    """``struct sock_fprog`` (linux/filter.h): a seccomp filter of *length* instructions."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


_INSTRUCTION_BYTES = 8


def die_with_parent() -> bool:
    """Ask for SIGKILL when the parent dies.  A change of user id clears this, so call it after that too."""
    return bool(_libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0)


def forbid_dumps() -> bool:
    """Keep other processes of this user from tracing this one, and the kernel from writing a core file."""
    return bool(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)


def forbid_new_privileges() -> bool:
    """Make set-uid programs useless for this process and its children, for ever."""
    return bool(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def leave_network(*, new_user: bool) -> bool:
    """Move into an empty network namespace; without root that takes a user namespace as well."""
    return bool(_libc.unshare(_CLONE_NEWNET | (_CLONE_NEWUSER if new_user else 0)) == 0)


def drop_capabilities() -> bool:
    """Give up every capability, those inside a new user namespace included."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    return bool(_libc.capset(header, nothing) == 0)


def load_filter(program: bytes) -> bool:
    """Put a compiled seccomp filter in force; wants no_new_privs set before."""
    argument = _Program(len(program) // _INSTRUCTION_BYTES, program)
    return bool(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(argument), 0, 0) == 0)


def call(number: int, *arguments: object) -> int:
    """Return what the system call *number* answers, -1 where the kernel refuses or does not have it."""
    return int(_libc.syscall(ctypes.c_long(number), *arguments))


def sealed_file(content: bytes) -> int:
    """Return the descriptor of a memory file with *content* that nobody can change any more."""
    descriptor = os.memfd_create("content", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
