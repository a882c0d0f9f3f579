# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that hang, crash, are killed or come twice: readers, the front ends, Postfix itself.

The front end (the milter, then the proxy: `fronts`) is the real command with switches for faults (`faulty_safehold`);
its text reader obeys orders in the text (`faulty_reader`).  "Meanwhile" is asserted by order: this was answered while
that was not yet.
"""

import io
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from base64 import encodebytes
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from fronts import FRONTS, MILTER_ONLY, SECRET, SENDER, B, C, Fronted, again, end, half_sent, restart_postfix, told
from harness.gateway import PROJECT, Books, letter, without_trace
from harness.postfix import PrivatePostfix, Sent

NOTED = "desk@haven.example"  # whose unreadable mail is recorded and passed
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


@pytest.fixture(scope="module", params=FRONTS)
def _gateway(
    request: pytest.FixtureRequest, possible: None, tmp_path_factory: pytest.TempPathFactory, faults: Path
) -> Iterator[Fronted]:
    folder = tmp_path_factory.mktemp("rules")
    shutil.copytree(PROJECT / "policies", folder, dirs_exist_ok=True)
    (folder / "noting.yaml").write_text(NOTING)
    reading = {"workers": 2, "deadline_s": 8}
    with (
        PrivatePostfix() as postfix,
        Fronted(request.param, postfix, faults, policies=folder, settings={"reading": reading}) as running,
    ):
        yield running


# -- readers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["hang", "crash"])
def test_a_reader_that_fails_on_a_mail_harms_that_mail_only(gateway: Fronted, books: Books, order: str):
    assert_harms_that_mail_only(gateway, books, order)


@MILTER_ONLY
@pytest.mark.parametrize("order", ["spin", "memory"])
def test_a_reader_that_takes_all_there_is_harms_that_mail_only(gateway: Fronted, books: Books, order: str):
    assert_harms_that_mail_only(gateway, books, order)


def assert_harms_that_mail_only(gateway: Fronted, books: Books, order: str) -> None:
    """Held for whom it would be dangerous, recorded for whom a policy asks so, passed for the rest."""
    content, before = letter(f"!{order}!"), books.holds()
    noticed = len(books.trail("noticed"))
    others = [letter("Hello.") for _ in range(3)]

    with ThreadPoolExecutor(1) as apart:
        slow: Future[Sent] = apart.submit(gateway.send, content, SENDER, [B, C, NOTED])
        codes = [gateway.send(other, SENDER, [B]).code for other in others]
        was_first = not slow.done()

    assert codes == [250, 250, 250], gateway.log_tail()
    assert slow.result().code == 250
    assert was_first or order in {"crash", "memory"}, "the others did not wait for the one that hangs"
    assert gateway.arrived() == Counter({B: 3, C: 1, NOTED: 1})
    (hold,) = books.new(before)
    assert [hold.state.value, hold.held_count, hold.delivered_count] == ["held", 1, 2]
    assert set(hold.problems) <= {"crashed", "timed_out", "too_large"}
    assert hold.problems
    assert [entry.facts["policies"] for entry in books.trail("noticed")[noticed:]] == [["note-unread"]]
    assert told(gateway, books, hold.id)[SENDER] == 1


@MILTER_ONLY
def test_every_reader_at_work_hung_the_rest_is_read_all_the_same(gateway: Fronted, books: Books):
    """More hanging mail than readers: each is given up in its time, and those behind are not lost."""
    before = books.holds()
    contents = [letter("!hang!") for _ in range(3)] + [letter(SECRET), letter("Hello.")]

    with ThreadPoolExecutor(len(contents)) as apart:
        sent = list(apart.map(lambda content: gateway.send(content, SENDER, [B, C]).code, contents))

    assert sent == [250] * 5, gateway.log_tail()
    assert gateway.arrived()[C] == 5
    held = sum(hold.held_count for hold in books.new(before))
    assert held == 5 - gateway.arrived()[B]
    assert held >= 4


def test_a_bomb_is_held_for_the_one_who_might_find_something_in_it(gateway: Fronted, books: Books):
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

    assert gateway.send(content, SENDER, [B, C]).code == 250

    assert gateway.arrived() == Counter([C])
    (hold,) = books.new(before)
    assert hold.problems == ("too_large",)


def test_the_zygote_killed_mail_waits_for_another_and_is_read(gateway: Fronted, books: Books):
    """The kernel's out-of-memory killer takes the largest process, not the guilty one."""
    before = books.holds()
    tasks = Path(f"/proc/{gateway.pid(gateway.front)}/task")
    zygotes = {int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()}
    assert zygotes
    for pid in zygotes:
        subprocess.run(["kill", "-KILL", str(pid)], check=False)

    codes = [gateway.send(letter(SECRET), SENDER, [B, C]).code for _ in range(2)]

    assert codes == [250, 250]
    assert gateway.arrived() == Counter([C, C])
    assert len(books.new(before)) == 2


# -- faults of ours ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipients", [[B], [B, C]], ids=["adverse", "and another"])
def test_the_third_fault_of_ours_on_one_message_is_a_hold(
    gateway: Fronted, books: Books, faults: Path, recipients: list[str]
):
    """It reaches a person rather than to circle in a queue until it bounces; and nothing leaves unchecked."""
    content, before = letter(SECRET), books.holds()
    (faults / "screening").touch()

    codes = [gateway.send(each, SENDER, recipients).code for each in (content, again(content), content)]

    assert codes == [451, 451, 250]
    assert gateway.arrived() == Counter()
    (hold,) = books.new(before)
    assert [hold.problems, hold.held_count] == [("crashed",), len(recipients)]
    assert told(gateway, books, hold.id)[SENDER] == 1
    assert "Larkspur" not in gateway.logs()
    (faults / "screening").unlink()
    books.release(hold.id)
    books.work()
    assert gateway.arrived() == Counter(recipients)
    assert {without_trace(delivery.content) for delivery in gateway.copies()} == {content}


def test_faults_on_different_messages_do_not_add_up(gateway: Fronted, books: Books, faults: Path):
    before = books.holds()
    (faults / "screening").touch()

    codes = [gateway.send(letter(SECRET), SENDER, [B]).code for _ in range(4)]

    assert codes == [451] * 4
    assert books.new(before) == []
    assert gateway.arrived() == Counter()


def test_a_fault_that_passes_leaves_nothing_behind(gateway: Fronted, books: Books, faults: Path):
    content, before = letter("Hello."), books.holds()
    (faults / "screening").touch()
    codes = [gateway.send(content, SENDER, [B]).code for _ in range(2)]
    (faults / "screening").unlink()

    codes.append(gateway.send(content, SENDER, [B]).code)

    assert codes == [451, 451, 250]
    assert gateway.arrived() == Counter([B])
    assert books.new(before) == []


# -- the front end killed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["kill-before-hold", "kill-after-hold"])
def test_killed_around_the_commit_a_retry_by_smtp_makes_one_hold(
    gateway: Fronted, books: Books, faults: Path, moment: str
):
    content, before = letter(SECRET), books.holds()
    (faults / moment).touch()

    first = gateway.send(content, SENDER, [B, C])
    assert gateway.await_end(gateway.front) == -signal.SIGKILL
    assert first.code == (0 if gateway.is_proxy else 451), "no reply of ours is no consent"
    assert gateway.arrived() == Counter()
    assert len(books.new(before)) == (1 if moment == "kill-after-hold" else 0)
    gateway.start_process(gateway.front)

    second = gateway.send(again(content), SENDER, [B, C])

    assert second.code == 250
    assert gateway.arrived() == Counter([C])
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1
    assert len(books.trail("retry joined", hold.id)) == (1 if moment == "kill-after-hold" else 0)


@MILTER_ONLY
@pytest.mark.parametrize("moment", ["kill-before-hold", "kill-after-hold"])
def test_killed_around_the_commit_a_retry_by_pickup_makes_one_hold(
    gateway: Fronted, books: Books, faults: Path, moment: str
):
    """Postfix gives each try of sendmail(1) a queue id, and with it a Message-Id, of its own."""
    content = re.sub(rb"(Message-ID|Date): [^\r]*\r\n", b"", letter(SECRET))
    before = books.holds()
    (faults / moment).touch()

    assert gateway.postfix.sendmail(content, SENDER, [B]) == 0
    assert gateway.await_end(gateway.front) == -signal.SIGKILL
    assert len(books.new(before)) == (1 if moment == "kill-after-hold" else 0)
    gateway.start_process(gateway.front)
    kick(gateway)

    assert gateway.arrived() == Counter()
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1
    assert len(books.trail("retry joined", hold.id)) == (1 if moment == "kill-after-hold" else 0)
    books.release(hold.id)
    books.work()
    assert gateway.arrived() == Counter([B])


def kick(gateway: Fronted) -> None:
    """Have pickup look until it has taken everything: it waits a minute by itself."""

    def is_taken() -> bool:
        gateway.postfix._run("postkick", "-c", str(gateway.postfix.etc), "public", "pickup", "W")
        return not any((gateway.postfix.base / "spool" / "maildrop").iterdir())

    gateway.postfix.wait_until(is_taken, "pickup")


def test_c_extensions_may_call_python_where_messages_are_judged(gateway: Fronted, faults: Path):
    """SQLite, for one, calls back when a connection is closed.  In libmilter's own threads, of which Python knows
    another session's state or none, that is a crash or a deadlock of the whole milter.
    """
    with ThreadPoolExecutor(4) as apart:
        sent = apart.map(lambda _: gateway.send(letter(SECRET), SENDER, [B]).code, range(8))
        assert list(sent) == [250] * 8

    assert (faults / "threads").read_text() == "1" * 8
    assert gateway.arrived() == Counter()


# -- restarts ---------------------------------------------------------------------------------------------------


def assert_retry_is_held_once(gateway: Fronted, books: Books, content: bytes, before: dict) -> None:
    assert gateway.send(again(content), SENDER, [B, C]).code == 250
    assert gateway.arrived() == Counter([C])
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1


@MILTER_ONLY
def test_postfix_restarted_in_mid_message(gateway: Fronted, books: Books):
    content, before = letter(SECRET), books.holds()

    with half_sent(gateway, content, B, C) as client:
        restart_postfix(gateway)
        code = end(client, content)

    assert code in {0, 421, 451}
    assert gateway.arrived() == Counter()
    assert books.new(before) == []
    assert_retry_is_held_once(gateway, books, content, before)


@MILTER_ONLY
def test_postfix_restarted_while_the_message_is_judged(gateway: Fronted, books: Books, faults: Path):
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
    assert gateway.arrived() == Counter()
    assert_retry_is_held_once(gateway, books, content, before)


def test_the_front_end_stopped_in_mid_message(gateway: Fronted, books: Books):
    content, before = letter(SECRET), books.holds()

    with half_sent(gateway, content, B, C) as client:
        assert gateway.stop_process(gateway.front, signal.SIGTERM) == 0
        gateway.start_process(gateway.front)
        code = end(client, content)

    assert code == (421 if gateway.is_proxy else 451)
    assert gateway.arrived() == Counter()
    assert books.new(before) == []
    assert_retry_is_held_once(gateway, books, content, before)


def test_the_front_end_stopped_while_the_message_is_judged(gateway: Fronted, books: Books, faults: Path):
    """It finishes what it has begun, and only then goes."""
    content, before = letter(SECRET), books.holds()
    (faults / "slow-hold").touch()

    with half_sent(gateway, content, B, C) as client, ThreadPoolExecutor(1) as apart:
        code = apart.submit(end, client, content)
        gateway.postfix.wait_until((faults / "holding").exists, "the judge to be at it")
        gateway.signal(gateway.front, signal.SIGTERM)
        assert gateway.is_running(gateway.front)
        (faults / "slow-hold").unlink()
        assert gateway.await_end(gateway.front) == 0

    assert code.result() == 250
    assert gateway.arrived() == Counter([C])
    assert len(books.new(before)) == 1


def test_a_second_one_at_the_same_place_refuses_and_the_first_goes_on(gateway: Fronted, books: Books):
    before = books.holds()

    second = gateway.ask(gateway.front)

    assert second.returncode not in {0, 1}, "an exit code that systemd can be told of"
    assert ("address already in use" if gateway.is_proxy else "another process serves") in second.stderr
    assert "Traceback" not in second.stderr
    assert gateway.is_running(gateway.front)
    assert gateway.send(letter(SECRET), SENDER, [B, C]).code == 250
    assert gateway.arrived() == Counter([C])
    assert len(books.new(before)) == 1


def test_of_two_started_at_once_one_serves(gateway: Fronted, books: Books, tmp_path: Path):
    gateway.stop_process(gateway.front)
    before = books.holds()
    command = [str(Path(sys.executable).with_name("safehold")), gateway.front, "--config", str(gateway.config)]
    with (tmp_path / "log").open("wb") as log:
        both = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, umask=0o007) for _ in range(2)]
    try:
        gateway.postfix.wait_until(lambda: [p for p in both if p.poll() is not None], "one of them to give up", 30)
        gateway.postfix.wait_until(lambda: "listening" in (tmp_path / "log").read_text(), "the other to serve", 30)
        assert sum(process.poll() is None for process in both) == 1
        assert gateway.send(letter(SECRET), SENDER, [B, C]).code == 250
    finally:
        for process in both:
            if process.poll() is None:
                process.terminate()
            process.wait(30)

    assert gateway.arrived() == Counter([C])
    assert len(books.new(before)) == 1


def test_what_a_killed_one_left_behind_is_no_obstacle(gateway: Fronted, books: Books):
    before = books.holds()
    gateway.stop_process(gateway.front, signal.SIGKILL)
    assert gateway.is_proxy or gateway.postfix.milter_socket.exists()

    gateway.start_process(gateway.front)

    assert gateway.send(letter(SECRET), SENDER, [B, C]).code == 250
    assert gateway.arrived() == Counter([C])
    assert len(books.new(before)) == 1
