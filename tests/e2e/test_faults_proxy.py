# SPDX-License-Identifier: GPL-3.0-or-later
"""What a whole gateway does behind the SMTP proxy when its next hop restarts, has no room, or hangs up.

The hold is made before the next hop says whether it takes the rest: whatever that says, nothing may be lost, held twice
or told twice.  Other faults meet both front ends: `test_faults_process`, `test_faults_store`.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from frontend_judges import wait_for_listener
from fronts import SECRET, SENDER, B, C, Fronted, again, end, half_sent, restart_postfix, told
from harness.gateway import Books, letter
from harness.postfix import PrivatePostfix, free_ports
from harness.sink import Fault


@pytest.fixture(scope="module")
def _gateway(possible: None, faults: Path) -> Iterator[Fronted]:
    with PrivatePostfix() as postfix, Fronted("proxy", postfix, faults) as running:
        yield running


@pytest.mark.parametrize("moment", ["in mid-message", "while the message is judged"])
def test_a_next_hop_that_is_restarted_gets_the_message_all_the_same(
    gateway: Fronted, books: Books, faults: Path, moment: str
):
    """The proxy has all of it, so its client need not send it again."""
    content, before = letter(SECRET), books.holds()
    if moment != "in mid-message":
        (faults / "slow-hold").touch()

    with half_sent(gateway, content, B, C) as client, ThreadPoolExecutor(1) as apart:
        if moment == "in mid-message":
            restart_postfix(gateway)
        code = apart.submit(end, client, content)
        if moment != "in mid-message":
            gateway.postfix.wait_until((faults / "holding").exists, "the judge to be at it")
            restart_postfix(gateway)
            (faults / "slow-hold").unlink()

    assert code.result() == 250
    assert gateway.arrived() == Counter([C])
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1


def test_a_next_hop_without_room_is_the_clients_to_hear_and_its_retry_joins_the_hold(gateway: Fronted, books: Books):
    """Held for one and not taken for the other: nothing is lost, and nobody is told twice."""
    content, before = letter(SECRET), books.holds()
    gateway.postfix.set(smtpd_end_of_data_restrictions="check_client_access static:{452 4.3.1 no room}")

    first = gateway.send(content, SENDER, [B, C]).code
    got = gateway.arrived()
    gateway.postfix.set(smtpd_end_of_data_restrictions="")
    second = gateway.send(again(content), SENDER, [B, C]).code

    assert (first, second) == (452, 250)
    assert got == Counter()
    assert gateway.arrived() == Counter([C])
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1
    assert len(books.trail("retry joined", hold.id)) == 1


def test_a_next_hop_that_hangs_up_in_its_last_reply_has_not_taken_it(gateway: Fronted, books: Books, tmp_path: Path):
    content, before = letter(SECRET), books.holds()
    port, hop = free_ports(1)[0], gateway.postfix.sink
    config = gateway.config.with_name("to-sink.yaml")
    text = gateway.config.read_text().replace(f"127.0.0.1:{gateway.port}", f"127.0.0.1:{port}")
    config.write_text(text.replace(f"next_hop: 127.0.0.1:{gateway.postfix.port}", f"next_hop: 127.0.0.1:{hop.port}"))
    command = [str(Path(sys.executable).with_name("safehold")), "smtpd", "--config", str(config)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
    try:
        wait_for_listener(f"127.0.0.1:{port}", 30)
        hop.fail(Fault("content", hang_up_after=b"25"))

        codes = [gateway.postfix.send(each, SENDER, [B, C], port=port).code for each in (content, again(content))]
    finally:
        process.terminate()
        process.wait(30)

    assert codes == [451, 250]
    assert gateway.arrived() == Counter([C])
    (hold,) = books.new(before)
    assert told(gateway, books, hold.id)[SENDER] == 1
