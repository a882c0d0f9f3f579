# SPDX-License-Identifier: GPL-3.0-or-later
"""The front ends as processes: stop, reload, log rotation, a second instance, strangers, death of Postfix."""

import os
import signal
import smtplib
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from frontend_judges import A, B, Front, FrontEnd, script, wait_for_listener
from harness.postfix import PrivatePostfix, free_ports
from harness.sink import RecordingSink

SOCKET = "life.sock"


@pytest.fixture
def milter(postfix: PrivatePostfix, tmp_path: Path) -> Iterator[Front]:
    """A milter of this test's own."""
    end = FrontEnd("milter", f"unix:{postfix.run / SOCKET}", tmp_path / "journal")
    end.wait_for("started")
    postfix.use_milter(postfix.run / SOCKET)
    yield Front(end, postfix.sink, postfix.port)
    end.stop()
    postfix.wait_for_empty_queue()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Front]:
    """A proxy of this test's own."""
    with RecordingSink() as sink:
        port = free_ports(1)[0]
        end = FrontEnd("proxy", f"127.0.0.1:{port}", tmp_path / "journal", f"127.0.0.1:{sink.port}")
        end.wait_for("started")
        wait_for_listener(f"127.0.0.1:{port}")
        yield Front(end, sink, port)
        end.stop()


@pytest.fixture(params=["milter", "proxy"])
def front(request: pytest.FixtureRequest) -> Front:
    return request.getfixturevalue(request.param)


def test_sigterm_ends_an_idle_front_end_with_status_0(front: Front):
    front.send(script())

    status, log = front.end.stop()

    assert status == 0
    assert front.end.events[-1] == "at_exit"
    assert "fault" not in log


def test_sigterm_lets_a_message_being_judged_finish(front: Front):
    told = []
    client = threading.Thread(target=lambda: told.append(front.send(script(seconds=2)).code))
    client.start()
    front.end.wait_for("judging")

    status, _ = front.end.stop()
    client.join()

    assert (status, told) == (0, [250])
    assert front.sink.wait()[0].recipients == (B,)


def test_sigterm_before_the_end_of_a_message_loses_nothing(front: Front):
    with smtplib.SMTP("127.0.0.1", front.port, timeout=30) as client:
        client.ehlo()
        client.mail(A)
        client.rcpt(B)
        front.end.stop()

        with pytest.raises((smtplib.SMTPException, OSError)):  # noqa: PT012 - either step may be the one that hears
            code, _ = client.data(script())
            raise smtplib.SMTPDataError(code, b"") if code >= 400 else AssertionError(code)
    assert front.sink.deliveries == ()


def test_sighup_does_nothing(front: Front):
    for _ in range(5):
        front.end.signal(signal.SIGHUP)
    front.send(script())
    front.end.signal(signal.SIGHUP)

    assert front.send(script()).code == 250
    assert "reload" not in front.end.events


def test_sigusr1_reloads_in_the_middle_of_a_message(front: Front):
    told = []
    client = threading.Thread(target=lambda: told.append(front.send(script(seconds=1)).code))
    client.start()
    front.end.wait_for("judging")

    front.end.signal(signal.SIGUSR1)

    front.end.wait_for("reload")
    client.join()
    assert told == [250]


def test_a_reload_that_fails_leaves_the_front_end_serving_and_its_log_silent(front: Front):
    front.end.journal.with_name("journal.bad").touch()

    front.end.signal(signal.SIGUSR1)
    front.end.wait_for("reload")
    front.end.signal(signal.SIGUSR1)
    front.end.wait_for("reload", 2)

    assert front.send(script()).code == 250
    assert "fault stage=reload error=ValueError" in front.end.log
    assert "secret" not in front.end.log


def test_no_address_and_no_text_of_an_exception_reaches_the_log(front: Front):
    front.send(script(fail=True), sender="secret@own.example", recipients=["hidden@example.org"])
    front.send(script("reject", code=["554", "5.7.1", "no"]), sender="secret@own.example")
    _, log = front.end.stop()

    assert "error=RuntimeError" in log
    assert "secret" not in log
    assert "hidden" not in log


def test_a_second_instance_ends_and_leaves_the_first_alone(milter: Front, postfix: PrivatePostfix, tmp_path: Path):
    second = FrontEnd("milter", f"unix:{postfix.run / SOCKET}", tmp_path / "second")

    assert second.process.wait(15) != 0

    assert "AlreadyServedError" in second.log
    assert milter.send(script()).code == 250
    assert len(milter.heard) == 1


def test_a_milter_that_was_killed_starts_again_on_its_socket(milter: Front, postfix: PrivatePostfix, tmp_path: Path):
    milter.end.process.kill()
    milter.end.process.wait()
    assert milter.send(script()).code == 451

    again = FrontEnd("milter", f"unix:{postfix.run / SOCKET}", tmp_path / "again")
    again.wait_for("started")

    assert milter.send(script()).code == 250
    assert again.stop()[0] == 0


def test_a_file_in_the_sockets_place_is_left_alone(postfix: PrivatePostfix, tmp_path: Path):
    place = tmp_path / "precious"
    place.write_text("not a socket")
    end = FrontEnd("milter", f"unix:{place}", tmp_path / "journal")

    assert end.process.wait(15) != 0

    assert place.read_text() == "not a socket"


def test_the_socket_is_for_owner_and_group_only(milter: Front, postfix: PrivatePostfix):
    facts = (postfix.run / SOCKET).stat()

    assert stat.S_IMODE(facts.st_mode) == 0o660
    assert facts.st_gid == postfix.run.stat().st_gid


@pytest.mark.parametrize("bytes_sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x01", b"\xff" * 64])
def test_a_stranger_at_the_milters_socket_harms_nobody(milter: Front, postfix: PrivatePostfix, bytes_sent: bytes):
    for _ in range(5):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(postfix.run / SOCKET))
            stranger.sendall(bytes_sent)

    assert milter.send(script()).code == 250


@pytest.mark.parametrize("bytes_sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xfe\r\n", b"MAIL FROM:<" + b"x" * 9000])
def test_a_stranger_at_the_proxys_port_harms_nobody(proxy: Front, bytes_sent: bytes):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", proxy.port)) as stranger:
            stranger.sendall(bytes_sent)

    assert proxy.send(script()).code == 250


def test_a_client_that_goes_away_in_mid_message_leaves_nothing(front: Front):
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", front.port)) as client:
            client.sendall(b"EHLO x\r\nMAIL FROM:<a@own.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: half")
            client.recv(10)

    assert front.send(script()).code == 250
    assert len(front.heard) == 1
    assert len(front.sink.wait()) == 1


def test_the_death_of_smtpd_in_mid_message_leaves_the_milter_serving(milter: Front, postfix: PrivatePostfix):
    with smtplib.SMTP("127.0.0.1", milter.port, timeout=30) as client:
        client.ehlo()
        client.mail(A)
        client.rcpt(B)
        client.docmd("DATA")
        client.send(b"Subject: half\r\n")
        lines = [line for line in postfix.log().splitlines() if "connect from" in line and "smtpd[" in line]
        os.kill(int(lines[-1].partition("smtpd[")[2].partition("]")[0]), signal.SIGKILL)

        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):  # noqa: PT012 - likewise
            client.send(b"rest\r\n.\r\n")
            client.getreply()

    assert milter.send(script()).code == 250
    assert len(milter.heard) == 1
