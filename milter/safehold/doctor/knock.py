# SPDX-License-Identifier: GPL-3.0-or-later
"""Connects to a unix socket as a daemon of Postfix would; a program of its own, run by root, that ends at once.

A user and a root directory are given up for good, so this cannot be done in the process that asks: `sockets` runs this
file with ``USER DIRECTORY chrooted|free PATH`` and reads one number, the errno of the attempt (0: it answers).

Source: Postfix's chroot_uid(3): chroot, chdir, then setgid, initgroups and setuid.
"""

import errno
import os
import pwd
import socket
import sys

TIMEOUT_S = 2.0


def knock(user: str, directory: str, path: str, *, is_chrooted: bool) -> int:
    """Become *user* in *directory* and connect to *path*; return 0 or an errno."""
    account = pwd.getpwnam(user)  # before the root changes: the chroot has no list of users
    groups = os.getgrouplist(user, account.pw_gid)
    os.chdir(directory)
    if is_chrooted:
        os.chroot(".")
    os.setgroups(groups)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(TIMEOUT_S)
        try:
            probe.connect(path)
        except OSError as error:
            return error.errno or errno.ENAMETOOLONG
    return 0


if __name__ == "__main__":
    _, user, directory, root, path = sys.argv
    print(knock(user, directory, path, is_chrooted=root == "chrooted"))
