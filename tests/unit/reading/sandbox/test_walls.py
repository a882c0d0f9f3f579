# SPDX-License-Identifier: GPL-3.0-or-later
"""Getting out of a worker: everything is tried from inside a real one, and everything is refused.

The same attempts are made in workers without seccomp, and without seccomp and Landlock, which tells what stands
behind the first wall: a kernel that lacks one of them must not be found out by a burglar.  ``table`` says which wall
refuses what; run ``python tests/unit/reading/escapes.py`` to see it for this machine.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from os import geteuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the attempts: tests are not packages

import escapes

from safehold.model import PlaceKind
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool

ENTRY = Path(__file__).with_name("escapes.py")
QUICK = Limits(part_s=10, deadline_s=30)
# What seccomp alone refuses.  Without it a worker could do these, and what they are worth to it is little: its own
# process and memory, and signals to the zygote and its siblings (a zygote that is killed is replaced, test_pool).
LEFT_TO_SECCOMP = {
    "a timer for the parent", "add a key", "be dumpable", "change the folder", "compare processes (kcmp)",
    "io_uring", "key ring", "leave the process group", "lock a descriptor", "message queue (POSIX)",
    "message queue (System V)", "out-of-band bytes on the line", "pass a descriptor on",
    "new namespaces (unshare)", "open_tree", "outlive the parent", "personality", "priority of the parent",
    "processors of the parent", "secret memory", "semaphore (System V)", "shared memory (System V)",
    "signal a thread (tgkill)", "signal by descriptor (pidfd)", "signal everybody", "signal the parent",
    "signal the parent's group", "signal with a value", "signals by F_SETOWN", "socket, IPv4", "socket, IPv6",
    "socket, netlink", "socket, unix", "socket, vsock", "start a session", "userfaultfd", "watch files (inotify)",
}  # fmt: skip
# The kernel's answers that are no refusals: it would have, had there been something there.
NO_REFUSAL = {"allowed", "ENOENT", "EEXIST", "EINVAL", "ECHILD", "ENODEV", "ENOTTY"}


@cache
def tried(left_out: str) -> tuple[dict[str, bool], dict[str, str]]:
    """Return the walls of a pool without some of them, and how each attempt ended in its workers."""
    folder = Path(tempfile.mkdtemp(prefix="safehold-escapes-"))
    try:
        folder.chmod(0o777)
        for name in ("file", "gone"):
            (folder / name).write_text("words")
            (folder / name).chmod(0o666)
        with ReaderPool(1, QUICK, entry=(str(ENTRY), left_out, str(folder))) as pool:
            found: dict[str, str] = {}
            for title in escapes.ATTEMPTS:
                reading = pool.read(f"Subject: x\r\n\r\n!{title}!".encode())
                texts = [segment.text for segment in reading.segments if segment.place.kind is PlaceKind.TEXT]
                # A worker that became another program, or two, has nothing more to say: it was allowed to.
                found[title] = texts[0] if texts else "allowed"
                made = folder / "new"
                if made.is_dir() and not made.is_symlink():
                    made.rmdir()
                else:
                    made.unlink(missing_ok=True)
            return pool.walls, found
    finally:
        shutil.rmtree(folder)


def refused_by(title: str) -> str:
    """Return which walls refuse an attempt on this machine, the outermost first."""
    walls, whole = tried("none")
    without, bare = tried("seccomp")[1][title], tried("both")[1][title]
    by = [f"seccomp ({whole[title]})"] if walls["seccomp"] and whole[title] == "EPERM" else []
    if bare in NO_REFUSAL and without not in NO_REFUSAL:
        by.append(f"Landlock ({without})")
    if bare not in NO_REFUSAL:
        by.append(f"user, namespaces and limits ({bare})")
    return ", ".join(by) or f"there is nothing to have ({whole[title]})"


def table() -> str:
    """Return which wall refuses what, for a person."""
    walls = tried("none")[0]
    stands = ", ".join(name for name, stands in walls.items() if stands)
    missing = ", ".join(name for name, stands in walls.items() if not stands) or "none"
    lines = [f"walls that stand: {stands}", f"missing: {missing}", ""]
    return "\n".join([*lines, *(f"{title:48}{refused_by(title)}" for title in escapes.ATTEMPTS)])


@pytest.mark.parametrize("title", escapes.ATTEMPTS)
def test_no_way_out_of_a_worker(title):
    walls, found = tried("none")

    if not walls["seccomp"] and title in LEFT_TO_SECCOMP:
        pytest.skip("this machine has no seccomp, and no other wall is meant to refuse this")
    if found[title].startswith("not tried"):
        pytest.skip(found[title])
    assert found[title] != "allowed"


@pytest.mark.parametrize("title", [title for title in escapes.ATTEMPTS if title not in LEFT_TO_SECCOMP])
def test_behind_seccomp_the_other_walls_stand(title):
    """Where libseccomp is missing, files, programs and other people's processes must be out of reach all the same."""
    walls, found = tried("seccomp")

    assert not walls["seccomp"]
    if not walls["landlock"]:
        pytest.skip("this kernel has no Landlock")
    if found[title].startswith("not tried"):
        pytest.skip(found[title])
    assert found[title] != "allowed"


def test_there_are_enough_attempts():
    assert len(escapes.ATTEMPTS) >= 30
    assert escapes.ATTEMPTS.keys() >= LEFT_TO_SECCOMP


def test_a_pool_whose_workers_tried_everything_still_reads():
    with ReaderPool(1, QUICK, entry=(str(ENTRY), "none", "/tmp")) as pool:
        for title in ("fork", "run a program", "be dumpable", "leave the process group", "signal everybody"):
            pool.read(f"Subject: x\r\n\r\n!{title}!".encode())
        reading = pool.read(b"Subject: x\r\n\r\nordinary words")

    assert "ordinary words" in [segment.text.strip() for segment in reading.segments]


def test_an_ordinary_user_gets_the_same_walls():
    """As root the workers become nobody; here the whole pool is nobody."""
    if geteuid() != 0:
        pytest.skip("the tests run as an ordinary user anyway")
    nobody = {"user": 65_534, "group": 65_534, "extra_groups": ()}
    script = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parents[4] / 'milter')!r}, {str(Path(__file__).parent)!r}]\n"
        "import json, test_walls; print(json.dumps(test_walls.tried('none')))"
    )
    try:
        subprocess.run([sys.executable, "-c", "import pytest"], check=True, capture_output=True, **nobody)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("an ordinary user may not run this Python (it lies in a home folder)")

    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, **nobody)

    walls, found = json.loads(run.stdout)
    assert walls["seccomp"] == tried("none")[0]["seccomp"]
    assert [title for title, how in found.items() if how == "allowed"] == []
