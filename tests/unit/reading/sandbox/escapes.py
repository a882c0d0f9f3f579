# SPDX-License-Identifier: GPL-3.0-or-later
"""A zygote whose workers try to get out when a text asks them to.  Tests only.

Started like any zygote, with two words in front of its arguments: which walls are left out (``none``, ``seccomp``, or
``both`` for seccomp and Landlock), so that a test can tell which of them refuses what, and a folder that everybody may
write to, with a file in it.  Run by hand it prints the table:  python tests/unit/reading/escapes.py

Every attempt is harmless where it succeeds: signal 0, files of its own, limits of its own.  Each is made in a worker of
its own, because one that succeeds (new namespaces, say) would open the way for the next.
"""

import ctypes
import errno
import fcntl
import os
import platform
import resource
import signal
import socket
import struct
import sys
import termios
from collections.abc import Callable
from pathlib import Path

from safehold.model import PlaceKind
from safehold.reading import readers
from safehold.reading.notes import OpenPart
from safehold.reading.sandbox import landlock, seccomp, zygote

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
# System calls by number where the C library has no name for them; from 424 on all architectures count alike.
_NUMBERS = {
    "x86_64": {
        "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "memfd_create": 319, "execveat": 322,
        "bpf": 321, "perf_event_open": 298, "keyctl": 250, "add_key": 248, "userfaultfd": 323, "tgkill": 234,
        "rt_sigqueueinfo": 129, "kcmp": 312, "setns": 308, "unshare": 272, "mount": 165, "umount2": 166,
        "pivot_root": 155, "personality": 135, "shmget": 29, "msgget": 68, "semget": 64, "mq_open": 240,
        "open_by_handle_at": 304, "fanotify_init": 300, "inotify_init1": 294, "timer_create": 222, "eventfd2": 290,
        "clock_settime": 227, "sethostname": 170, "init_module": 175, "kexec_load": 246, "reboot": 169,
        "swapon": 167, "ioperm": 173, "quotactl": 179, "setpriority": 141, "sched_setaffinity": 203, "syslog": 103,
        "acct": 163, "capset": 126, "seccomp": 317,
    },
    "aarch64": {
        "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "memfd_create": 279, "execveat": 281,
        "bpf": 280, "perf_event_open": 241, "keyctl": 219, "add_key": 217, "userfaultfd": 282, "tgkill": 131,
        "rt_sigqueueinfo": 138, "kcmp": 272, "setns": 268, "unshare": 97, "mount": 40, "umount2": 39,
        "pivot_root": 41, "personality": 92, "shmget": 194, "msgget": 186, "semget": 190, "mq_open": 180,
        "open_by_handle_at": 265, "fanotify_init": 262, "inotify_init1": 26, "timer_create": 107, "eventfd2": 19,
        "clock_settime": 112, "sethostname": 161, "init_module": 105, "kexec_load": 104, "reboot": 142,
        "swapon": 224, "quotactl": 60, "setpriority": 140, "sched_setaffinity": 122, "syslog": 116, "acct": 89,
        "capset": 91, "seccomp": 277,
    },
}.get(platform.machine(), {})  # fmt: skip
_NUMBERS |= {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "open_tree": 428, "pidfd_open": 434, "clone3": 435, "openat2": 437,
    "pidfd_getfd": 438, "memfd_secret": 447, "landlock_create_ruleset": 444,
}  # fmt: skip
_AT_FDCWD = -100
FOLDER = Path(sys.argv[2] if len(sys.argv) > 2 else "/tmp")
_NOTHING = b"\x00" * 256


class RefusedError(OSError):
    """The kernel said no."""


def call(name: str, *arguments: object) -> int:
    """Make a system call; raise for a refusal."""
    number = _NUMBERS.get(name)
    if number is None:
        raise NotImplementedError(name)
    ctypes.set_errno(0)
    answer = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        raise RefusedError(ctypes.get_errno(), name)
    return answer


def _buffer(content: bytes = _NOTHING) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(content, len(content))


def _open_for_reading(path: str) -> Callable[[], object]:
    return lambda: os.close(os.open(path, os.O_RDONLY))


def _socket(family: int, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> Callable[[], object]:
    return lambda: socket.socket(family, kind, protocol).close()


def _open_beside_landlock() -> None:
    descriptor = os.open("/etc", os.O_PATH)
    try:
        os.close(os.open("passwd", os.O_RDONLY, dir_fd=descriptor))
    finally:
        os.close(descriptor)


def _run_from_memory() -> None:
    name = _buffer(b"x\x00")
    descriptor = call("memfd_create", name, 0)
    os.write(descriptor, b"#!/bin/true\n")
    call("execveat", descriptor, _buffer(b"\x00"), None, None, 0x1000)


def _signal_by_descriptor() -> None:
    descriptor = call("pidfd_open", os.getppid(), 0)
    call("pidfd_send_signal", descriptor, 0, None, 0)


def _take_descriptor() -> None:
    descriptor = call("pidfd_open", os.getppid(), 0)
    call("pidfd_getfd", descriptor, 0, 0)


def _read_parent(name: str) -> Callable[[], object]:
    def attempt() -> None:
        local = _buffer()
        mine = struct.pack("QQ", ctypes.addressof(local), 16)
        theirs = struct.pack("QQ", ctypes.addressof(local), 16)
        call(name, os.getppid(), _buffer(mine), 1, _buffer(theirs), 1, 0)

    return attempt


def _raise_limit(which: int) -> Callable[[], object]:
    return lambda: resource.setrlimit(which, (1 << 40, 1 << 40) if which != resource.RLIMIT_NOFILE else (4_096, 4_096))


def _prctl(option: int, value: int) -> Callable[[], object]:
    def attempt() -> None:
        if _libc.prctl(option, value, 0, 0, 0) != 0:
            raise RefusedError(ctypes.get_errno(), "prctl")

    return attempt


def _abstract() -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\x00safehold-escapes")


def _own_the_line() -> None:
    """Have the kernel signal the zygote whenever something arrives on our own line."""
    number = next(number for number in range(3, 64) if _is_open(number))
    fcntl.fcntl(number, 8, os.getppid())  # F_SETOWN


def _line() -> socket.socket:
    return socket.socket(socket.AF_UNIX, fileno=next(number for number in range(3, 64) if _is_open(number)))


def _out_of_band() -> None:
    line = _line()
    try:
        line.send(b"x", socket.MSG_OOB)
    finally:
        line.detach()


def _pass_a_descriptor_on() -> None:
    line = _line()
    try:
        socket.send_fds(line, [b"\x00"], [0])
    finally:
        line.detach()


def _lock_a_descriptor() -> None:
    fcntl.fcntl(0, 6, struct.pack("hhqqi", 1, 0, 0, 0, 0))  # F_SETLK


def _type_into_a_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSTI, b"x")


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _more_descriptors_than_given() -> None:
    found = [number for number in range(3, 1_024) if _is_open(number)]
    if len(found) <= 1:  # the line
        raise RefusedError(errno.EBADF, "descriptors")


def _environment_of_the_parent() -> None:
    strange = set(os.environ) - {"PYTHONPATH", "LC_ALL", "PYTHONUTF8", "LC_CTYPE"}
    if not strange:
        raise RefusedError(errno.ENOENT, "environ")


def _leave_the_group() -> None:
    os.setpgid(0, os.getpgid(os.getppid()))


def _wait_for_nothing() -> None:
    os.waitpid(os.getppid(), 0)


def _another_user() -> None:
    os.setresuid(0, 0, 0)


def _capabilities() -> None:
    call("capset", _buffer(struct.pack("II", 0x20080522, 0)), _buffer(struct.pack("6I", *[0xFFFFFFFF] * 6)))


def _timer_of_the_parent() -> None:
    event = struct.pack("QiiI", 0, signal.SIGUSR1, 4, os.getppid()) + bytes(44)  # SIGEV_THREAD_ID
    call("timer_create", 0, _buffer(event), _buffer(bytes(8)))


ATTEMPTS: dict[str, Callable[[], object]] = {
    # files
    "read /etc/passwd": _open_for_reading("/etc/passwd"),
    "read our own source": _open_for_reading(__file__),
    "read through a descriptor of a folder (O_PATH)": _open_beside_landlock,
    "openat2": lambda: call("openat2", _AT_FDCWD, _buffer(b"/etc/passwd\x00"), _buffer(bytes(24)), 24),
    "open_tree": lambda: call("open_tree", _AT_FDCWD, _buffer(b"/\x00"), 0),
    "open_by_handle_at": lambda: call("open_by_handle_at", _AT_FDCWD, _buffer(struct.pack("Ii", 8, 1) + bytes(8)), 0),
    "list a folder": lambda: list(Path("/").iterdir()),
    "make a file": lambda: os.close(os.open(FOLDER / "new", os.O_CREAT | os.O_WRONLY)),
    "make a folder": lambda: (FOLDER / "new").mkdir(),
    "symbolic link": lambda: (FOLDER / "new").symlink_to("/"),
    "hard link": lambda: (FOLDER / "new").hardlink_to(FOLDER / "file"),
    "named pipe": lambda: os.mkfifo(FOLDER / "new"),
    "rename": lambda: (FOLDER / "file").rename(FOLDER / "file"),
    "remove": lambda: (FOLDER / "gone").unlink(),
    "truncate": lambda: os.truncate(FOLDER / "file", 0),
    "write a file": lambda: os.close(os.open(FOLDER / "file", os.O_WRONLY)),
    "change the folder": lambda: os.chdir("/tmp"),
    "chroot": lambda: os.chroot("/tmp"),
    "watch files (inotify)": lambda: os.close(call("inotify_init1", 0)),
    "watch files (fanotify)": lambda: os.close(call("fanotify_init", 0, 0)),
    "write into a memory file": lambda: os.write(call("memfd_create", _buffer(b"x\x00"), 0), b"x"),
    "secret memory": lambda: os.close(call("memfd_secret", 0)),
    # other programs
    "run a program": lambda: os.execv("/bin/true", ["true"]),
    "run a program from memory": _run_from_memory,
    "fork": os.fork,
    "clone3": lambda: call("clone3", _buffer(bytes(64)), 64),
    "thread": lambda: __import__("_thread").start_new_thread(lambda: None, ()),
    # network
    "socket, IPv4": _socket(socket.AF_INET),
    "socket, IPv6": _socket(socket.AF_INET6),
    "socket, unix": _socket(socket.AF_UNIX),
    "socket, abstract unix": _abstract,
    "socket, netlink": _socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "socket, packet": _socket(socket.AF_PACKET, socket.SOCK_RAW),
    "socket, vsock": _socket(socket.AF_VSOCK),
    "socket, kernel cryptography": _socket(socket.AF_ALG, socket.SOCK_SEQPACKET),
    # other processes
    "trace the parent": lambda: call("ptrace", 16, os.getppid(), 0, 0),
    "read the parent's memory": _read_parent("process_vm_readv"),
    "write the parent's memory": _read_parent("process_vm_writev"),
    "own memory by /proc": _open_for_reading("/proc/self/mem"),
    "the parent's environment by /proc": lambda: _open_for_reading(f"/proc/{os.getppid()}/environ")(),
    "the first process by /proc": _open_for_reading("/proc/1/root/etc/passwd"),
    "signal the parent": lambda: os.kill(os.getppid(), 0),
    "signal the parent's group": lambda: os.killpg(os.getpgid(os.getppid()), 0),
    "signal everybody": lambda: os.kill(-1, 0),
    "signal a thread (tgkill)": lambda: call("tgkill", os.getppid(), os.getppid(), 0),
    "signal with a value": lambda: call("rt_sigqueueinfo", os.getppid(), 0, _buffer()),
    "signal by descriptor (pidfd)": _signal_by_descriptor,
    "take a descriptor (pidfd_getfd)": _take_descriptor,
    "signals by F_SETOWN": _own_the_line,
    "out-of-band bytes on the line": _out_of_band,
    "pass a descriptor on": _pass_a_descriptor_on,
    "lock a descriptor": _lock_a_descriptor,
    "a timer for the parent": _timer_of_the_parent,
    "compare processes (kcmp)": lambda: call("kcmp", os.getpid(), os.getppid(), 0, 0, 0),
    "wait for the parent": _wait_for_nothing,
    "leave the process group": _leave_the_group,
    "start a session": os.setsid,
    "priority of the parent": lambda: call("setpriority", 0, os.getppid(), 19),
    "processors of the parent": lambda: call("sched_setaffinity", os.getppid(), 8, _buffer(struct.pack("Q", 1))),
    # the kernel
    "mount": lambda: call("mount", _buffer(b"x\x00"), _buffer(b"/tmp\x00"), _buffer(b"tmpfs\x00"), 0, None),
    "unmount": lambda: call("umount2", _buffer(b"/proc\x00"), 2),
    "pivot_root": lambda: call("pivot_root", _buffer(b"/\x00"), _buffer(b"/\x00")),
    "new namespaces (unshare)": lambda: call("unshare", 0x10000000),
    "another namespace (setns)": lambda: call("setns", 0, 0),
    "bpf": lambda: call("bpf", 5, _buffer(), 128),
    "perf_event_open": lambda: call("perf_event_open", _buffer(struct.pack("II", 1, 112) + bytes(120)), 0, -1, -1, 0),
    "key ring": lambda: call("keyctl", 0, -3, 1),
    "add a key": lambda: call("add_key", _buffer(b"user\x00"), _buffer(b"x\x00"), _buffer(b"x"), 1, -3),
    "io_uring": lambda: call("io_uring_setup", 1, _buffer(bytes(120))),
    "userfaultfd": lambda: call("userfaultfd", 1),
    "shared memory (System V)": lambda: call("shmget", 0, 4_096, 0o1600),
    "message queue (System V)": lambda: call("msgget", 0, 0o1600),
    "semaphore (System V)": lambda: call("semget", 0, 1, 0o1600),
    "message queue (POSIX)": lambda: call("mq_open", _buffer(b"x\x00"), 0o102, 0o600, None),
    "kernel log": lambda: call("syslog", 3, _buffer(), 64),
    "kernel module": lambda: call("init_module", _buffer(), 8, _buffer(b"\x00")),
    "another kernel (kexec)": lambda: call("kexec_load", 0, 0, None, 0),
    "reboot": lambda: call("reboot", 0, 0, 0, None),
    "swap": lambda: call("swapon", _buffer(b"/x\x00"), 0),
    "host name": lambda: call("sethostname", _buffer(b"x"), 1),
    "clock": lambda: call("clock_settime", 0, _buffer(struct.pack("QQ", 1, 0))),
    "process accounting": lambda: call("acct", _buffer(b"/x\x00")),
    "disk quotas": lambda: call("quotactl", 0, None, 0, None),
    "ports of the machine (ioperm)": lambda: call("ioperm", 0, 1, 1),
    # our own walls
    "become root": _another_user,
    "take capabilities": _capabilities,
    "raise the memory limit": _raise_limit(resource.RLIMIT_AS),
    "raise the file size limit": _raise_limit(resource.RLIMIT_FSIZE),
    "raise the process limit": _raise_limit(resource.RLIMIT_NPROC),
    "raise the descriptor limit": _raise_limit(resource.RLIMIT_NOFILE),
    "be dumpable": _prctl(4, 1),
    "outlive the parent": _prctl(1, 0),
    "personality": lambda: call("personality", 0x0040000),
    "type into a terminal (TIOCSTI)": _type_into_a_terminal,
    "descriptors beyond the line": _more_descriptors_than_given,
    "the environment of the parent": _environment_of_the_parent,
}  # fmt: skip


def outcome(attempt: Callable[[], object]) -> str:
    """Return the name of the refusal, ``allowed``, or why it could not be tried."""
    try:
        attempt()
    except NotImplementedError:
        return "not tried: unknown on this machine"
    except OSError as refusal:
        return errno.errorcode.get(refusal.errno or 0, str(refusal.errno))
    except (RuntimeError, ValueError) as refusal:  # Python's own word for a thread that could not start, or a limit
        return type(refusal).__name__
    return "allowed"


def obey(content: bytes, part: OpenPart) -> None:
    """Try what the text names, and write down how it went; the worker goes after that."""
    name = content.decode().partition("!")[2].partition("!")[0]
    if name in ATTEMPTS:
        part.session.tainted = True
        part.segment(PlaceKind.TEXT, outcome(ATTEMPTS[name]))
    else:
        part.segment(PlaceKind.TEXT, content.decode())


def main(walls_left_out: str, arguments: list[str]) -> None:
    """Run the zygote without some of its walls."""
    if walls_left_out in ("seccomp", "both"):
        seccomp.build = lambda: seccomp.Filters()
    if walls_left_out == "both":
        landlock.deny_files = lambda: False
    readers.READERS["text/plain"] = obey
    zygote.run(arguments)


def table() -> None:
    """Print what refuses what on this kernel."""
    sys.path.insert(0, str(Path(__file__).parent))
    import test_walls

    print(test_walls.table())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1], sys.argv[3:])
    else:
        table()
