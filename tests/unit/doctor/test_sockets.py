# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket that answers us is not yet one that Postfix reaches: other user, other root."""

import contextlib
import errno
import os
import pwd
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from safehold import config
from safehold.doctor import Level, access, sockets
from safehold.doctor.access import User
from safehold.doctor.checks import Gateway
from safehold.postfix import Asker

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
SOMEBODY = "nobody"


@pytest.fixture
def queue():
    """A queue directory that everybody may pass; short, because socket paths are (unix(7): 108 bytes)."""
    folder = Path(tempfile.mkdtemp(prefix="q-"))
    folder.chmod(0o755)
    (folder / "safehold").mkdir()
    (folder / "safehold").chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def listening(path, mode=0o666):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        path.chmod(mode)
        server.listen()
        yield path


def asker(queue, spec="unix:safehold/milter.sock", *, is_chrooted=True, service="smtp/inet"):
    return Asker(service, "smtpd_milters", spec, (spec,), is_chrooted, False, str(queue))


@pytest.fixture
def examined(monkeypatch, queue):
    """Return examine(*askers, milter=..., owner=...) -> the check of the milter socket."""

    def examine(*askers, milter="", owner=SOMEBODY, name="milter socket"):
        where = milter or f"unix:{queue}/safehold/milter.sock"
        settings = config.Settings(
            milter=config.Milter(socket=where), guard=config.Guard(socket=f"unix:{queue}/safehold/guard.sock")
        )
        monkeypatch.setattr(sockets, "_postfix", lambda _: (owner, askers or (asker(queue),)))
        checks = sockets.check(Gateway(Path("/etc/safehold/safehold.yaml"), settings, None))
        (found,) = [check for check in checks if check.name == name]
        return found

    return examine


# -- trying it, as root -----------------------------------------------------------------------------------------


@needs_root
@pytest.mark.parametrize("is_chrooted", [True, False])
def test_a_socket_that_postfix_reaches_is_fine(examined, queue, is_chrooted):
    with listening(queue / "safehold/milter.sock"):
        found = examined(asker(queue, is_chrooted=is_chrooted))

    assert (found.level, f"user {SOMEBODY}" in found.text) == (Level.OK, True)


@needs_root
def test_a_folder_that_postfix_may_not_pass_is_named_with_the_command_that_opens_it(examined, queue):
    """We are root and reach everything: this was `ok` while no mail passed."""
    with listening(queue / "safehold/milter.sock"):
        (queue / "safehold").chmod(0o700)
        found = examined()

    assert found.level is Level.FAIL
    assert f"may not pass the folder {queue}/safehold" in found.text
    assert found.fix.splitlines()[0] == f"chgrp {SOMEBODY} {queue}/safehold && chmod 2750 {queue}/safehold"


@needs_root
def test_a_socket_that_postfix_may_not_open_is_named_with_the_command_that_opens_it(examined, queue):
    with listening(queue / "safehold/milter.sock", 0o600) as path:
        found = examined()

    assert found.level is Level.FAIL
    assert found.fix.splitlines()[0] == f"chgrp {SOMEBODY} {path} && chmod 660 {path}"


@needs_root
def test_a_supplementary_group_of_postfix_opens_the_socket(queue, monkeypatch):
    """Postfix calls initgroups, so a group that the administrator added its user to counts."""
    account = next((p for p in pwd.getpwall() if set(os.getgrouplist(p.pw_name, p.pw_gid)) - {p.pw_gid, 0}), None)
    if account is None:
        pytest.skip("no user of this machine has a supplementary group")
    group = min(set(os.getgrouplist(account.pw_name, account.pw_gid)) - {account.pw_gid, 0})
    with listening(queue / "safehold/milter.sock", 0o660) as path:
        os.chown(path, 0, group)

        assert sockets._knock(account.pw_name, str(queue), "/safehold/milter.sock", is_chrooted=True) == 0
        assert sockets._knock(SOMEBODY, str(queue), "/safehold/milter.sock", is_chrooted=True) == errno.EACCES


@needs_root
def test_whoever_knocks_is_really_inside_the_chroot(queue):
    with listening(queue / "safehold/milter.sock") as path:
        assert sockets._knock(SOMEBODY, str(queue), str(path), is_chrooted=True) == errno.ENOENT
        assert sockets._knock(SOMEBODY, str(queue), str(path), is_chrooted=False) == 0


# -- judging it, as anybody -------------------------------------------------------------------------------------


@pytest.fixture
def as_anybody(monkeypatch):
    monkeypatch.setattr(sockets.os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("as_anybody")
def test_without_root_it_is_judged_by_modes_and_said_so(examined, queue):
    with listening(queue / "safehold/milter.sock"):
        found = examined()

    assert found.level is Level.OK
    assert "by its modes" in found.text
    assert "run doctor as root" in found.text


@pytest.mark.usefixtures("as_anybody")
def test_without_root_a_mode_that_keeps_postfix_out_is_a_failure_all_the_same(examined, queue):
    with listening(queue / "safehold/milter.sock", 0o600):
        found = examined()

    assert (found.level, "may not open the socket" in found.text) == (Level.FAIL, True)


@pytest.mark.parametrize(
    ("uid", "gids", "mode", "may"),
    [
        (1, {9}, 0o600, True),
        (1, {9}, 0o066, False),  # the owner's bits count for the owner, whatever the others say
        (2, {5}, 0o060, True),
        (2, {5}, 0o606, False),
        (2, {9}, 0o006, True),
        (2, {9}, 0o660, False),
        (0, set(), 0o000, True),
    ],
)
def test_owner_group_and_others_are_asked_in_that_order(uid, gids, mode, may):
    status = os.stat_result((mode, 0, 0, 1, 1, 5, 0, 0, 0, 0))

    assert User("u", uid, frozenset(gids)).may(status, access.READ | access.WRITE) is may


# -- what is not there ------------------------------------------------------------------------------------------


def test_a_service_that_does_not_run_has_the_command_that_starts_it(examined):
    found = examined()

    assert found.level is Level.FAIL
    assert found.fix.splitlines()[0] == "systemctl enable --now safehold-milter"


def test_a_folder_that_is_not_there_has_the_command_that_makes_it(examined, queue):
    (queue / "safehold").rmdir()

    found = examined()

    assert found.fix.splitlines()[0] == f"install -d -o safehold-milter -g postfix -m 2750 {queue}/safehold"


def test_a_socket_that_nobody_serves_any_more_is_a_failure(examined, queue):
    with listening(queue / "safehold/milter.sock"):
        pass

    assert "nobody listens" in examined().text


def test_a_file_in_the_place_of_the_socket_is_a_failure(examined, queue):
    (queue / "safehold/milter.sock").write_text("")

    assert "is not a socket" in examined().text


def test_a_machine_without_postfix_is_told_that_it_is_not_known(examined, queue):
    with listening(queue / "safehold/milter.sock"):
        assert examined(owner="no-such-user").level is Level.WARN


def test_a_socket_outside_the_chroot_is_a_failure_with_every_step_of_the_cure(examined, queue):
    """Stock Debian chroots smtpd: a socket below /run answers everybody but Postfix."""
    found = examined(asker(queue, "unix:/run/safehold/milter.sock"), milter="unix:/run/safehold/milter.sock")

    assert found.level is Level.FAIL
    assert f"lies outside {queue}" in found.text
    assert found.fix.splitlines()[:2] == [
        f"in /etc/safehold/safehold.yaml: milter: {{socket: unix:{queue}/safehold/milter.sock}}",
        f"install -d -o safehold-milter -g postfix -m 2750 {queue}/safehold",
    ]
    assert found.fix.splitlines()[-1] == "postfix reload"


def test_a_guard_outside_the_chroot_is_fine_where_its_own_service_is_not_chrooted(examined, queue, monkeypatch):
    release = asker(queue, "unix:safehold/guard.sock", is_chrooted=False, service="127.0.0.1:10027/inet")

    found = examined(asker(queue), release, name="guard socket")

    assert "outside" not in found.text


@pytest.mark.enable_socket
@pytest.mark.parametrize("is_releasing", [True, False])
def test_the_proxy_front_end_has_ports_and_no_sockets(is_releasing):
    """Beside a mail server without milters nobody serves the sockets, and that is no failure."""
    with socket.create_server(("127.0.0.1", 0)) as front, socket.create_server(("127.0.0.1", 0)) as release:
        text = (
            f"postfix: {{maps: none}}\nsmtpd: {{listen: '127.0.0.1:{front.getsockname()[1]}'}}\n"
            f"release: {{listener: '127.0.0.1:{release.getsockname()[1]}'}}\n"
        )
        if not is_releasing:
            release.close()
        settings = config.parse("s.yaml", text.encode())

        checks = {c.name: c.level for c in sockets.check(Gateway(Path("s.yaml"), settings, None))}

    assert checks == {"proxy": Level.OK, "release listener": Level.OK if is_releasing else Level.FAIL}


@pytest.mark.enable_socket
def test_tcp_that_answers_is_slow_and_tcp_that_does_not_is_a_failure(examined):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert examined(milter=f"inet:{port}@127.0.0.1").level is Level.WARN
    assert examined(milter=f"inet:{port}@127.0.0.1").level is Level.FAIL
