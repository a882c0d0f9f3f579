# SPDX-License-Identifier: GPL-3.0-or-later
"""The store is full, read-only or gone: the client keeps the mail, and once it is mended each message is held once.

Mail that needs no hold is no business of the store, and flows on.  A disk that is really full, and a folder that is
really read-only, are small file systems of this test's own, where root may mount them; elsewhere SQLite is told to
behave so.
"""

import contextlib
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from fronts import FRONTS, MILTER_ONLY, SECRET, SENDER, B, C, Fronted, told
from harness.gateway import Books, letter
from harness.postfix import PrivatePostfix


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the store: a file system of 8 MB if root may mount one here."""
    folder = tmp_path_factory.mktemp("disk")
    mounted = mount("-t", "tmpfs", "-o", "size=8m,mode=0770", "tmpfs", str(folder))
    yield folder
    if mounted:
        unmount(folder)


@pytest.fixture(scope="module", params=FRONTS)
def _gateway(request: pytest.FixtureRequest, possible: None, disk: Path, faults: Path) -> Iterator[Fronted]:
    settings = {"store": str(disk / "safehold.db")}
    with PrivatePostfix() as postfix, Fronted(request.param, postfix, faults, settings=settings) as running:
        yield running
    for path in disk.iterdir():
        path.unlink()


@pytest.fixture
def gateway(_gateway: Fronted) -> Fronted:
    return _gateway.renew()


@pytest.fixture
def books(_gateway: Fronted) -> Iterator[Books]:
    opened = _gateway.books()
    yield opened
    opened.close()


def mount(*arguments: str) -> bool:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


Fault = Callable[[Path, Path], AbstractContextManager[None]]


@contextmanager
def full(disk: Path, faults: Path) -> Iterator[None]:
    """No byte is left on the disk."""
    if not disk.is_mount():
        pytest.skip("a small file system cannot be mounted here")
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                break
    yield
    filler.unlink()


@contextmanager
def not_growing(disk: Path, faults: Path) -> Iterator[None]:
    (faults / "full").touch()
    yield
    (faults / "full").unlink()


@contextmanager
def read_only(disk: Path, faults: Path) -> Iterator[None]:
    (faults / "read-only").touch()
    yield
    (faults / "read-only").unlink()


@contextmanager
def read_only_disk(disk: Path, faults: Path) -> Iterator[None]:
    """The disk comes back read-only, as Linux does to one with errors: same files, another mount."""
    copy = faults / "copy"
    shutil.copytree(disk, copy, ignore=lambda *_: {"filler"})
    if not mount("--bind", str(copy), str(disk)):
        pytest.skip("nothing can be mounted here")
    try:
        if not mount("-o", "remount,bind,ro", str(disk)):
            pytest.skip("nothing can be mounted read-only here")
        yield
    finally:
        unmount(disk)
        shutil.rmtree(copy)


@contextmanager
def missing(disk: Path, faults: Path) -> Iterator[None]:
    """Somebody moved the store away."""
    away = disk / "away"
    away.mkdir()
    names = ("safehold.db", "safehold.db-wal", "safehold.db-shm")
    for name in names:
        (disk / name).rename(away / name)
    yield
    assert not (disk / "safehold.db").exists(), "an empty store in its place would forget every hold"
    for name in names:
        (away / name).rename(disk / name)
    away.rmdir()


@contextmanager
def another(disk: Path, faults: Path) -> Iterator[None]:
    """Something else lies in the store's place."""
    with missing(disk, faults):
        (disk / "safehold.db").write_bytes(b"no store at all\n" * 512)
        yield
        (disk / "safehold.db").unlink()


@pytest.mark.parametrize("fault", [full, not_growing, read_only, read_only_disk, missing, another])
def test_while_the_store_fails_mail_to_be_held_waits_and_is_held_once_after(
    gateway: Fronted, disk: Path, faults: Path, fault: Fault
):
    content = letter(SECRET + "\r\n" + "He wrote nothing of note.\r\n" * 4000)  # more than fits where there is room yet
    before = holds(gateway)

    with fault(disk, faults):
        codes = [gateway.send(content, SENDER, [B, C]).code for _ in range(4)]
        others = gateway.send(letter("Hello."), SENDER, [B, C]).code
        got = gateway.arrived()

    assert codes == [451, 451, 451, 451], "more of these than of other faults of ours: nothing can be held anyway"
    assert gateway.is_running(gateway.front)
    assert others == 250
    assert got == Counter([B, C])
    gateway.postfix.sink.clear()

    again = [gateway.send(content, SENDER, [B, C]).code for _ in range(2)]

    assert again == [250, 250], gateway.log_tail(60)
    assert gateway.arrived()[B] == 0
    assert gateway.arrived()[C] == 2, "C's copies are no retries of a hold: each 250 is one delivery"
    (new,) = holds(gateway) - before
    assert told_of(gateway, new)[SENDER] == 1


def holds(gateway: Fronted) -> set[str]:
    with contextlib.closing(gateway.books()) as opened:
        return set(opened.holds())


def told_of(gateway: Fronted, hold_id: str) -> Counter[str]:
    with contextlib.closing(gateway.books()) as opened:
        return told(gateway, opened, hold_id)


@MILTER_ONLY
def test_by_sendmail_it_waits_in_postfix_and_is_held_once_after(gateway: Fronted, disk: Path, faults: Path):
    """sendmail(1) has no client that tries again: Postfix itself keeps it."""
    before = holds(gateway)

    with missing(disk, faults):
        assert gateway.postfix.sendmail(letter(SECRET), SENDER, [B]) == 0
        gateway.postfix.wait_until(lambda: "milter-reject: END-OF-MESSAGE" in gateway.postfix.log(), "a 4xx")
        waiting = list((gateway.postfix.base / "spool" / "maildrop").iterdir())
    assert len(waiting) == 1

    gateway.postfix._run("postkick", "-c", str(gateway.postfix.etc), "public", "pickup", "W")
    gateway.postfix.wait_until(lambda: holds(gateway) - before, "the hold")

    assert gateway.arrived() == Counter()
    (new,) = holds(gateway) - before
    assert told_of(gateway, new)[SENDER] == 1


@pytest.mark.parametrize("fault", [missing, another])
def test_no_process_starts_without_its_store(gateway: Fronted, disk: Path, faults: Path, fault: Fault):
    with fault(disk, faults):
        for name in (gateway.front, "guard", "courier"):
            refused = gateway.ask(name)
            assert refused.returncode == 75, refused.stderr
            assert "store" in refused.stderr
            assert "Traceback" not in refused.stderr


def test_a_release_and_the_guard_wait_for_the_store(gateway: Fronted, books: Books, disk: Path, faults: Path):
    before = books.holds()
    assert gateway.send(letter(SECRET), SENDER, [B]).code == 250
    (hold,) = books.new(before)
    books.release(hold.id)

    with missing(disk, faults):
        code = gateway.postfix.send(letter(), SENDER, [C], port=gateway.postfix.release_port).code
        got = gateway.arrived()

    assert code == 451, "the guard does not know, so it neither opens nor bounces"
    assert got == Counter()
    books.work()
    assert gateway.arrived() == Counter([B])
    assert books.state(hold.id) == "released"


def test_a_store_that_dies_with_the_power_has_every_hold_that_was_answered(gateway: Fronted, books: Books, disk: Path):
    """The files as they are at this instant, without what any process still had in mind."""
    before = books.holds()
    assert gateway.send(letter(SECRET), SENDER, [B]).code == 250
    (hold,) = books.new(before)

    gateway.stop_process(gateway.front, signal.SIGKILL)
    copy = disk / "copy.db"
    for end in ("", "-wal"):
        shutil.copy(f"{disk}/safehold.db{end}", f"{copy}{end}")
    gateway.start_process(gateway.front)

    text = gateway.config.read_text().replace(str(disk / "safehold.db"), str(copy))
    config = gateway.config.with_name("copy.yaml")
    config.write_text(text)
    found = Books(config)
    try:
        assert hold.id in found.holds()
        found.store.check()
    finally:
        found.close()
        for path in disk.glob("copy.db*"):
            path.unlink()
