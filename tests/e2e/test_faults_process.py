# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that hang, crash, are killed or come twice: readers, the milter, Postfix itself.

The milter is the real command with switches for faults (`faulty_safehold`); its text reader obeys orders in the text
(`faulty_reader`).  "Meanwhile" is asserted by order: this was answered while that was not yet.
"""

import contextlib
import io
import re
import signal
import smtplib
import subprocess
import sys
import zipfile
from base64 import encodebytes
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from harness.gateway import OWN_DOMAIN, PROJECT, Books, Gateway, is_notice, letter, text_of, without_trace
from harness.postfix import PrivatePostfix, Sent, unavailable

SENDER = f"jo.marlow@{OWN_DOMAIN}"
B, C = "gareth.wren@postbox.example", "listings@familycourt.example"
NOTED = "desk@haven.example"  # whose unreadable mail is recorded and passed
SECRET = "She is at 27 Larkspur Lane, Westmere, PF7 3QX."
FAULTY = Path(__file__).with_name("faulty_safehold.py")
NOTING = """\
version: 1
lists:
  codewords: {kind: phrase, items: [quiet heron]}
policies:
- id: note-unread
  title: What the desk could not have had checked is counted
  why: a test
  owner: safeguarding
  mode: enforce
  when: {content: {phrases: codewords}, recipients: {address: desk@haven.example}}
  if_uninspectable: notify
"""


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in whose files the milter reads what is to go wrong."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def _gateway(tmp_path_factory: pytest.TempPathFactory, faults: Path) -> Iterator[Gateway]:
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("rules")
    for path in (PROJECT / "policies").glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "noting.yaml").write_text(NOTING)
    with (
        PrivatePostfix() as postfix,
        Gateway(
            postfix,
            policies=folder,
            settings={"reading": {"workers": 2, "deadline_s": 8}},
            programs={"milter": (sys.executable, str(FAULTY), str(faults))},
            processes=("guard", "milter"),
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def books(_gateway: Gateway) -> Iterator[Books]:
    opened = _gateway.books()
    yield opened
    opened.close()


@pytest.fixture
def gateway(_gateway: Gateway, books: Books, faults: Path) -> Gateway:
    _gateway.postfix.reset()
    _gateway.postfix.use_milter()
    for path in faults.iterdir():
        path.unlink()
    if not _gateway.is_running("milter"):
        _gateway.start_process("milter")
    books.work()
    _gateway.postfix.wait_for_empty_queue()
    _gateway.postfix.sink.clear()
    return _gateway


def arrived(gateway: Gateway) -> Counter[str]:
    """Return how many copies of mail, notices left out, everybody has, once all that is under way has arrived."""
    gateway.postfix.wait_for_empty_queue(30)
    return Counter(recipient for delivery in gateway.copies() for recipient in delivery.recipients)


def told(gateway: Gateway, books: Books, hold_id: str) -> Counter[str]:
    """Return how many notices that name the hold everybody has, once all are sent."""
    books.work()
    gateway.postfix.wait_for_empty_queue()
    about = [d for d in gateway.postfix.sink.deliveries if is_notice(d) and hold_id in text_of(d)]
    return Counter(recipient for delivery in about for recipient in delivery.recipients)


def again(content: bytes) -> bytes:
    """Return the mail as a client sends it the next time: with another Date."""
    return re.sub(rb"Date: [^\r]*", b"Date: Mon, 02 Jun 2025 10:17:00 +0100", content)


# -- readers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["hang", "spin", "crash", "memory"])
def test_a_reader_that_fails_on_a_mail_harms_that_mail_only(gateway: Gateway, books: Books, order: str):
    """Held for whom it would be dangerous, recorded for whom a policy asks so, passed for the rest."""
    content, before = letter(f"!{order}!"), books.holds()
    noticed = len(books.trail("noticed"))
    others = [letter("Hello.") for _ in range(3)]
    port = gateway.postfix.port

    with ThreadPoolExecutor(1) as apart:
        slow: Future[Sent] = apart.submit(gateway.postfix.send, content, SENDER, [B, C, NOTED], port=port)
        codes = [gateway.postfix.send(other, SENDER, [B], port=port).code for other in others]
        was_first = not slow.done()

    assert codes == [250, 250, 250]
    assert slow.result().code == 250
    assert was_first or order in {"crash", "memory"}, "the others did not wait for the one that hangs"
    assert arrived(gateway) == Counter({B: 3, C: 1, NOTED: 1})
    (hold,) = books.new(before)
    assert [hold.state.value, hold.held_count, hold.delivered_count] == ["held", 1, 2]
    assert set(hold.problems) <= {"crashed", "timed_out", "too_large"}
    assert hold.problems
    assert [entry.facts["policies"] for entry in books.trail("noticed")[noticed:]] == [["note-unread"]]
    assert told(gateway, books, hold.id)[SENDER] == 1


def test_every_reader_at_work_hung_the_rest_is_read_all_the_same(gateway: Gateway, books: Books):
    """More hanging mail than readers: each is given up in its time, and those behind are not lost."""
    before, port = books.holds(), gateway.postfix.port
    contents = [letter("!hang!") for _ in range(3)] + [letter(SECRET), letter("Hello.")]

    with ThreadPoolExecutor(len(contents)) as apart:
        sent = list(apart.map(lambda content: gateway.postfix.send(content, SENDER, [B, C], port=port).code, contents))

    assert sent == [250] * 5
    assert arrived(gateway)[C] == 5
    held = sum(hold.held_count for hold in books.new(before))
    assert held == 5 - arrived(gateway)[B]
    assert held >= 4


def test_a_bomb_is_held_for_the_one_who_might_find_something_in_it(gateway: Gateway, books: Books):
    """300 MB of blanks in a zip of 300 KB; an address behind them would be found by him and not by us."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            with archive.open(f"{number}.txt", "w") as member:
                for _ in range(60):
                    member.write(b" " * (1 << 20))
    attachment = encodebytes(packed.getvalue()).replace(b"\n", b"\r\n")
    content = letter(
        attachment.decode(),
        "MIME-Version: 1.0",
        "Content-Type: application/zip",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename=x.zip",
    )
    before = books.holds()

    assert gateway.postfix.send(content, SENDER, [B, C]).code == 250

    assert arrived(gateway) == Counter([C])
    (hold,) = books.new(before)
    assert hold.problems == ("too_large",)


def test_the_zygote_killed_mail_waits_for_another_and_is_read(gateway: Gateway, books: Books):
    """The kernel's out-of-memory killer takes the largest process, not the guilty one."""
    before = books.holds()
    tasks = Path(f"/proc/{gateway.pid('milter')}/task")
    zygotes = {int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()}
    assert zygotes
    for pid in zygotes:
        subprocess.run(["kill", "-KILL", str(pid)], check=False)

    codes = [gateway.postfix.send(letter(SECRET), SENDER, [B, C]).code for _ in range(2)]

    assert codes == [250, 250]
    assert arrived(gateway) == Counter([C, C])
    assert len(books.new(before)) == 2


# -- faults of ours ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipients", [[B], [B, C]], ids=["adverse", "and another"])
def test_the_third_fault_of_ours_on_one_message_is_a_hold(
    gateway: Gateway, books: Books, faults: Path, recipients: list[str]
):
    """It reaches a person rather than to circle in a queue until it bounces; and nothing leaves unchecked."""
    content, before = letter(SECRET), books.holds()
    (faults / "screening").touch()

    codes = [gateway.postfix.send(each, SENDER, recipients).code for each in (content, again(content), content)]

    assert codes == [451, 451, 250]
    assert arrived(gateway) == Counter()
    (hold,) = books.new(before)
    assert [hold.problems, hold.held_count] == [("crashed",), len(recipients)]
    assert told(gateway, books, hold.id)[SENDER] == 1
    assert "Larkspur" not in gateway.logs()
    (faults / "screening").unlink()
    books.release(hold.id)
    books.work()
    assert arrived(gateway) == Counter(recipients)
    assert {without_trace(delivery.content) for delivery in gateway.copies()} == {content}


def test_faults_on_different_messages_do_not_add_up(gateway: Gateway, books: Books, faults: Path):
    before = books.holds()
    (faults / "screening").touch()

    codes = [gateway.postfix.send(letter(SECRET), SENDER, [B]).code for _ in range(4)]

    assert codes == [451] * 4
    assert books.new(before) == []
    assert arrived(gateway) == Counter()


def test_a_fault_that_passes_leaves_nothing_behind(gateway: Gateway, books: Books, faults: Path):
    content, before = letter("Hello."), books.holds()
    (faults / "screening").touch()
    codes = [gateway.postfix.send(content, SENDER, [B]).code for _ in range(2)]
    (faults / "screening").unlink()

    codes.append(gateway.postfix.send(content, SENDER, [B]).code)

    assert codes == [451, 451, 250]
    assert arrived(gateway) == Counter([B])
    assert books.new(before) == []


# -- the milter killed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["kill-before-hold", "kill-after-hold"])
def test_killed_around_the_commit_a_retry_by_smtp_makes_one_hold(
    gateway: Gateway, books: Books, faults: Path, moment: str
):
    content, before = letter(SECRET), books.holds()
    (faults / moment).touch()

    first = gateway.postfix.send(content, SENDER, [B, C])
    assert gateway.await_end("milter") == -signal.SIGKILL
    assert first.code == 451, "no reply of ours is no consent"
    assert arrived(gateway) == Counter()
    assert len(books.new(before)) == (1 if moment == "kill-after-hold" else 0)
    gateway.start_process("milter")

    second = gateway.postfix.send(again(content), SENDER, [B, C])

    assert second.code == 250
    assert arrived(gateway) == Counter([C])
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1
    assert len(books.trail("retry joined", hold.id)) == (1 if moment == "kill-after-hold" else 0)


@pytest.mark.parametrize("moment", ["kill-before-hold", "kill-after-hold"])
def test_killed_around_the_commit_a_retry_by_pickup_makes_one_hold(
    gateway: Gateway, books: Books, faults: Path, moment: str
):
    """Postfix gives each try of sendmail(1) a queue id, and with it a Message-Id, of its own."""
    content = re.sub(rb"(Message-ID|Date): [^\r]*\r\n", b"", letter(SECRET))
    before = books.holds()
    (faults / moment).touch()

    assert gateway.postfix.sendmail(content, SENDER, [B]) == 0
    assert gateway.await_end("milter") == -signal.SIGKILL
    assert len(books.new(before)) == (1 if moment == "kill-after-hold" else 0)
    gateway.start_process("milter")
    kick(gateway)

    assert arrived(gateway) == Counter()
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1
    assert len(books.trail("retry joined", hold.id)) == (1 if moment == "kill-after-hold" else 0)
    books.release(hold.id)
    books.work()
    assert arrived(gateway) == Counter([B])


def kick(gateway: Gateway) -> None:
    """Have pickup look until it has taken everything: it waits a minute by itself."""

    def is_taken() -> bool:
        gateway.postfix._run("postkick", "-c", str(gateway.postfix.etc), "public", "pickup", "W")
        return not any((gateway.postfix.base / "spool" / "maildrop").iterdir())

    gateway.postfix.wait_until(is_taken, "pickup")


def test_c_extensions_may_call_python_where_messages_are_judged(gateway: Gateway, faults: Path):
    """SQLite, for one, calls back when a connection is closed.  In libmilter's own threads, of which Python knows
    another session's state or none, that is a crash or a deadlock of the whole milter.
    """
    port = gateway.postfix.port
    with ThreadPoolExecutor(4) as apart:
        sent = apart.map(lambda _: gateway.postfix.send(letter(SECRET), SENDER, [B], port=port).code, range(8))
        assert list(sent) == [250] * 8

    assert (faults / "threads").read_text() == "1" * 8
    assert arrived(gateway) == Counter()


# -- restarts ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def half_sent(gateway: Gateway, content: bytes, *recipients: str) -> Iterator[smtplib.SMTP]:
    """Yield a session in which half of a message has been sent."""
    client = smtplib.SMTP("127.0.0.1", gateway.postfix.port, "client.own.example", timeout=60)
    try:
        client.ehlo()
        assert client.mail(SENDER)[0] == 250
        for recipient in recipients:
            assert client.rcpt(recipient)[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(content[: len(content) // 2])
        yield client
    finally:
        client.close()


def end(client: smtplib.SMTP, content: bytes) -> int:
    """Send the rest and return the reply's code; 0 where none came."""
    try:
        client.send(content[len(content) // 2 :] + b".\r\n")
        return client.getreply()[0]
    except (smtplib.SMTPServerDisconnected, OSError):
        return 0


def assert_retry_is_held_once(gateway: Gateway, books: Books, content: bytes, before: dict) -> None:
    assert gateway.postfix.send(again(content), SENDER, [B, C]).code == 250
    assert arrived(gateway) == Counter([C])
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1


def restart_postfix(gateway: Gateway) -> None:
    master = Path(f"/proc/{gateway.postfix._master()}")
    gateway.postfix._postfix("stop")
    gateway.postfix.wait_until(lambda: not master.exists(), "Postfix to end")
    gateway.postfix._postfix("start")
    gateway.postfix._await_port(gateway.postfix._port)


def test_postfix_restarted_in_mid_message(gateway: Gateway, books: Books):
    content, before = letter(SECRET), books.holds()

    with half_sent(gateway, content, B, C) as client:
        restart_postfix(gateway)
        code = end(client, content)

    assert code in {0, 421, 451}
    assert arrived(gateway) == Counter()
    assert books.new(before) == []
    assert_retry_is_held_once(gateway, books, content, before)


def test_postfix_restarted_while_the_message_is_judged(gateway: Gateway, books: Books, faults: Path):
    """The hold is made and nobody hears the reply: the client's retry joins it."""
    content, before = letter(SECRET), books.holds()
    (faults / "slow-hold").touch()

    with half_sent(gateway, content, B, C) as client, ThreadPoolExecutor(1) as apart:
        code = apart.submit(end, client, content)
        gateway.postfix.wait_until((faults / "holding").exists, "the judge to be at it")
        restart_postfix(gateway)
        (faults / "slow-hold").unlink()

    assert code.result() in {0, 421, 451}
    gateway.postfix.wait_until(lambda: books.new(before), "the hold")
    assert arrived(gateway) == Counter()
    assert_retry_is_held_once(gateway, books, content, before)


def test_the_milter_stopped_in_mid_message(gateway: Gateway, books: Books):
    content, before = letter(SECRET), books.holds()

    with half_sent(gateway, content, B, C) as client:
        assert gateway.stop_process("milter", signal.SIGTERM) == 0
        gateway.start_process("milter")
        code = end(client, content)

    assert code == 451
    assert arrived(gateway) == Counter()
    assert books.new(before) == []
    assert_retry_is_held_once(gateway, books, content, before)


def test_the_milter_stopped_while_the_message_is_judged(gateway: Gateway, books: Books, faults: Path):
    """It finishes what it has begun, and only then goes."""
    content, before = letter(SECRET), books.holds()
    (faults / "slow-hold").touch()

    with half_sent(gateway, content, B, C) as client, ThreadPoolExecutor(1) as apart:
        code = apart.submit(end, client, content)
        gateway.postfix.wait_until((faults / "holding").exists, "the judge to be at it")
        gateway.signal("milter", signal.SIGTERM)
        assert gateway.is_running("milter")
        (faults / "slow-hold").unlink()
        assert gateway.await_end("milter") == 0

    assert code.result() == 250
    assert arrived(gateway) == Counter([C])
    assert len(books.new(before)) == 1


def test_a_second_milter_on_the_socket_refuses_and_the_first_goes_on(gateway: Gateway, books: Books):
    before = books.holds()

    second = gateway.ask("milter")

    assert second.returncode not in {0, 1}, "an exit code that systemd can be told of"
    assert "another process serves" in second.stderr
    assert "Traceback" not in second.stderr
    assert gateway.is_running("milter")
    assert gateway.postfix.send(letter(SECRET), SENDER, [B, C]).code == 250
    assert arrived(gateway) == Counter([C])
    assert len(books.new(before)) == 1


def test_of_two_milters_started_at_once_one_serves(gateway: Gateway, books: Books, tmp_path: Path):
    gateway.stop_process("milter")
    before = books.holds()
    command = [str(Path(sys.executable).with_name("safehold")), "milter", "--config", str(gateway.config)]
    with (tmp_path / "log").open("wb") as log:
        both = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, umask=0o007) for _ in range(2)]
    try:
        gateway.postfix.wait_until(lambda: [p for p in both if p.poll() is not None], "one of them to give up", 30)
        gateway.postfix.wait_until(lambda: "listening" in (tmp_path / "log").read_text(), "the other to serve", 30)
        assert sum(process.poll() is None for process in both) == 1
        assert gateway.postfix.send(letter(SECRET), SENDER, [B, C]).code == 250
    finally:
        for process in both:
            if process.poll() is None:
                process.terminate()
            process.wait(30)

    assert arrived(gateway) == Counter([C])
    assert len(books.new(before)) == 1


def test_a_socket_left_behind_by_a_killed_milter_is_no_obstacle(gateway: Gateway, books: Books):
    before = books.holds()
    gateway.stop_process("milter", signal.SIGKILL)
    assert gateway.postfix.milter_socket.exists()

    gateway.start_process("milter")

    assert gateway.postfix.send(letter(SECRET), SENDER, [B, C]).code == 250
    assert arrived(gateway) == Counter([C])
    assert len(books.new(before)) == 1
