# SPDX-License-Identifier: GPL-3.0-or-later
"""Landlock: take the whole file system away from this process and all its children, for ever.

Everything that a reader needs is imported or open before; afterwards no path can be opened, made, renamed or run, not
even those that the user could read.  No privilege is needed.  From version 6 of the interface on it also stops
signals to, and abstract sockets of, processes outside.

Source: Linux, Documentation/userspace-api/landlock.rst, and include/uapi/linux/landlock.h (the numbers).
"""

import ctypes
import os

from safehold.reading.sandbox import kernel

# The same on every architecture since they were unified.
_CREATE_RULESET = 444
_RESTRICT_SELF = 446
_ASK_VERSION = 1

# Rights over the file system that each version of the interface added: 13 in the first, then to move between folders
# (2), to truncate (3) and to control devices (5).
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
# To bind and to connect TCP (4).
_NETWORK_RIGHTS = {4: 0b11}
# Abstract unix sockets and signals (6).
_SCOPES = {6: 0b11}


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def version() -> int:
    """Return the version of the interface that this kernel offers, 0 for none."""
    return max(0, kernel.call(_CREATE_RULESET, None, 0, _ASK_VERSION))


def deny_files() -> bool:
    """Deny every right that the kernel can deny and return whether it stands; wants no_new_privs set before."""
    offered = version()
    if not offered:
        return False
    ruleset = _Ruleset(_upto(offered, _FILE_RIGHTS), _upto(offered, _NETWORK_RIGHTS), _upto(offered, _SCOPES))
    # Older kernels know a shorter structure and refuse a longer one only where what is new in it is not zero.
    descriptor = kernel.call(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    if descriptor < 0:
        return False
    try:
        return kernel.call(_RESTRICT_SELF, descriptor, 0) == 0
    finally:
        os.close(descriptor)


def _upto(offered: int, rights: dict[int, int]) -> int:
    return sum(bits for since, bits in rights.items() if since <= offered)
