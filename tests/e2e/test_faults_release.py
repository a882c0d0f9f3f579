# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong while a decided message leaves, and who else knocks at the door it leaves by.

The courier runs in the test's own process, a round at a time, so that "not released" is asked after a round that
failed and not after a wait.  Where the next hop must misbehave in ways that Postfix does not, a scripted listener
stands in its place.
"""

import contextlib
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest
from frontend_judges import wait_for_listener
from fronts import MILTER_ONLY, SECRET, SENDER, B, C
from harness.gateway import OWN_DOMAIN, SAFEHOLD, Books, Gateway, is_notice, letter, without_trace
from harness.postfix import PrivatePostfix, Sent, free_ports
from harness.sink import Fault

from safehold.model import HeldMessage

B2 = "sheila.wren@postbox.example"  # who reads to B
REFUSAL = "guard refused mail without a decision"


class Guarded(Gateway):
    """A gateway whose release guard is a milter beside Postfix, or a proxy before it.

    Attributes:
        door: The port that releases leave by.
    """

    def __init__(self, kind: str, postfix: PrivatePostfix) -> None:
        self._is_proxy = kind == "proxy"
        self.door = free_ports(1)[0] if self._is_proxy else postfix.release_listener()
        hops = {"next_hop": f"127.0.0.1:{postfix.listener(smtpd_milters='')}"}
        settings = {"release": {"listener": f"127.0.0.1:{self.door}"}, "smtpd": hops}
        programs = {"guard": (SAFEHOLD, "smtpd", "--guard")} if self._is_proxy else {}
        super().__init__(postfix, settings=settings, processes=("guard", "milter"), programs=programs)

    def _await_service(self, name: str) -> None:
        if name == "guard" and self._is_proxy:
            wait_for_listener(f"127.0.0.1:{self.door}", 30)
        else:
            super()._await_service(name)


@pytest.fixture(scope="module", params=["milter", "proxy"])
def _gateway(request: pytest.FixtureRequest, possible: None) -> Iterator[Guarded]:
    with PrivatePostfix() as postfix, Guarded(request.param, postfix) as running:
        yield running


def held(gateway: Guarded, books: Books, content: bytes, *recipients: str) -> HeldMessage:
    """Send *content* and return the hold that it becomes, its first notices sent."""
    before = books.holds()
    assert gateway.postfix.send(content, SENDER, recipients).code == 250
    (hold,) = books.new(before)
    books.work()
    return hold


def later(hours: int) -> datetime:
    """Return a time at which every retry is due."""
    return datetime.now(UTC) + timedelta(hours=hours)


class Listener:
    """An SMTP server that says what a test wants: replies by verb, ``end`` for the dot; b"" in the end hangs up."""

    def __init__(self, replies: dict[str, bytes], *, greeting: bytes = b"220 scripted ESMTP\r\n") -> None:
        self.replies = {"ehlo": b"250-scripted\r\n250 DSN\r\n", "data": b"354 go\r\n"} | replies
        self.greeting = greeting
        self.contents: list[bytes] = []
        self.at_end: Callable[[bytes], None] = lambda _: None
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A thread in accept(2) does not wake up from close(2).
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            with line, line.makefile("rb") as heard, contextlib.suppress(OSError):
                line.settimeout(20)
                self._talk(line, heard)

    def _talk(self, line: socket.socket, heard: "socket.SocketIO") -> None:
        line.sendall(self.greeting)
        if self.greeting[:1] != b"2":
            return
        for command in heard:
            verb = command[:4].decode("ascii", "replace").strip().lower()
            reply = self.replies.get(verb, b"250 2.0.0 ok\r\n")
            line.sendall(reply)
            if not reply.endswith(b"\r\n") or verb == "quit":
                return
            if verb == "data" and reply[:1] == b"3":
                content = b"".join(iter(heard.readline, b".\r\n"))
                self.contents.append(content)
                self.at_end(content)
                reply = self.replies.get("end", b"250 2.0.0 Ok: queued as 4X\r\n")
                line.sendall(reply)
                if not reply.endswith(b"\r\n"):
                    return


@MILTER_ONLY  # no guard stands before a scripted listener
@pytest.mark.parametrize(
    ("replies", "greeting"),
    [
        pytest.param({}, b"421 4.3.2 shutting down\r\n", id="421 in place of a greeting"),
        pytest.param({}, b"", id="hangs up at once"),
        pytest.param({"mail": b"452 4.3.1 no room\r\n"}, None, id="452 to MAIL"),
        pytest.param({"rcpt": b"452 4.2.2 full\r\n"}, None, id="452 to RCPT"),
        pytest.param({"rcpt": b"25"}, None, id="hangs up in the reply to RCPT"),
        pytest.param({"data": b"451 4.3.0 not now\r\n"}, None, id="451 to DATA"),
        pytest.param({"end": b"452 4.3.1 no room\r\n"}, None, id="452 after the dot"),
        pytest.param({"end": b""}, None, id="hangs up after the dot"),
        pytest.param({"end": b"25"}, None, id="hangs up within the code after the dot"),
        pytest.param({"end": b"250 2.0.0 Ok: queued as 4X"}, None, id="hangs up before the end of the line of the 250"),
        pytest.param({"end": b"250-2.0.0 Ok\r\n25"}, None, id="hangs up within a 250 of several lines"),
        pytest.param({"end": b"200 fine\r\n"}, None, id="another 2xx than 250 after the dot"),
        pytest.param({"end": b"554 5.7.1 never\r\n"}, None, id="554 after the dot"),
    ],
)
def test_nothing_is_released_without_a_whole_250(
    gateway: Guarded, books: Books, replies: dict[str, bytes], greeting: bytes | None
):
    content = letter(SECRET)
    hold = held(gateway, books, content, B)
    books.release(hold.id)

    with Listener(replies, **({} if greeting is None else {"greeting": greeting})) as listener:
        courier = books.courier(port=listener.port, timeout_s=10.0)
        for hours in (0, 1, 2):
            courier.run_once(later(hours))
            assert books.state(hold.id) in {"releasing", "held"}

    assert gateway.arrived() == Counter()
    assert books.trail("released", hold.id) == []
    if books.state(hold.id) == "held":  # refused for good: people decide anew
        books.release(hold.id)
    books.courier().run_once(later(6))
    assert gateway.arrived() == Counter([B])
    assert books.state(hold.id) == "released"
    assert len(books.trail("released", hold.id)) == 1
    books.courier().run_once(later(12))
    assert gateway.arrived() == Counter([B])
    assert without_trace(gateway.copies()[0].content) == content


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("rcpt", "452 4.2.2 full", recipient=B, times=2), id="452 to RCPT"),
        pytest.param(Fault("content", "452 4.3.1 no room", times=2), id="452 after the dot"),
        pytest.param(Fault("content", hang_up_after=b"25", times=2), id="hangs up in its reply"),
    ],
)
def test_a_fault_beyond_postfix_is_postfixs_to_mend(gateway: Guarded, books: Books, fault: Fault):
    hold = held(gateway, books, letter(SECRET), B)
    gateway.postfix.wait_for_empty_queue()
    gateway.postfix.sink.fail(fault)
    books.release(hold.id)

    books.courier().run_once(later(0))

    assert gateway.arrived() == Counter([B])
    assert books.state(hold.id) == "released"
    assert fault.times == 0


def test_a_release_waits_while_the_guard_is_away(gateway: Guarded, books: Books):
    hold = held(gateway, books, letter(SECRET), B)
    gateway.stop_process("guard", signal.SIGKILL)
    try:
        books.release(hold.id)
        books.courier().run_once(later(0))
        assert books.state(hold.id) == "releasing"
        assert gateway.arrived() == Counter()
    finally:
        gateway.start_process("guard")

    books.courier().run_once(later(1))

    assert gateway.arrived() == Counter([B])
    assert books.state(hold.id) == "released"


def test_only_those_the_listener_took_are_told_of_and_the_rest_is_not_forgotten(gateway: Guarded, books: Books):
    """One held recipient is refused for good at the listener: the other has the mail, and people hear of it."""
    hold = held(gateway, books, letter(SECRET), B, B2)
    books.release(hold.id)
    blocked = gateway.postfix.map("blocked", {B2: "550 5.1.1 no such user"})
    gateway.postfix.use_milter(smtpd_recipient_restrictions=f"check_recipient_access {blocked}, permit_mynetworks")

    books.courier().run_once(later(0))

    assert gateway.arrived() == Counter([B])
    assert books.state(hold.id) == "released"
    assert [entry.facts["refused"] for entry in books.trail("alert", hold.id)] == [1]


# -- strangers --------------------------------------------------------------------------------------------------


def through_the_door(gateway: Guarded, content: bytes, *recipients: str, sender: str = SENDER) -> Sent:
    return gateway.postfix.send(content, sender, recipients, port=gateway.door)


def refusals(books: Books) -> int:
    return sum(e.facts["refused"] for e in books.trail("alert") if e.facts["detail"] == REFUSAL)


def test_a_stranger_is_refused_and_the_audit_trail_has_it(gateway: Guarded, books: Books):
    gateway.stop_process("guard")
    gateway.start_process("guard")  # a fresh one: it speaks of the first refusal at once, and then once a minute
    before = refusals(books)

    assert through_the_door(gateway, letter(), C).code == 550

    assert gateway.arrived() == Counter()
    assert refusals(books) == before + 1
    books.work()
    gateway.postfix.wait_for_empty_queue()
    assert [d for d in gateway.postfix.sink.deliveries if is_notice(d)], "somebody is told of it"


def test_what_is_held_and_not_decided_does_not_leave(gateway: Guarded, books: Books):
    content = letter(SECRET)
    hold = held(gateway, books, content, B)

    assert through_the_door(gateway, content, B).code == 550

    assert gateway.arrived() == Counter()
    assert books.state(hold.id) == "held"


def test_a_decision_alone_opens_the_door_to_nobody_but_the_courier(gateway: Guarded, books: Books):
    """Between decision and departure the mail is nobody's to send."""
    content = letter(SECRET)
    hold = held(gateway, books, content, B)
    books.release(hold.id)

    assert through_the_door(gateway, content, B).code == 550

    assert gateway.arrived() == Counter()


def test_a_released_message_does_not_leave_twice(gateway: Guarded, books: Books):
    content = letter(SECRET)
    hold = held(gateway, books, content, B)
    books.release(hold.id)
    books.work()
    assert gateway.arrived() == Counter([B])
    (released,) = [d for d in gateway.copies() if B in d.recipients]

    codes = [through_the_door(gateway, each, B).code for each in (content, released.content)]

    assert codes == [550, 550]
    assert gateway.arrived() == Counter([B])


def test_while_a_release_is_under_way_nothing_else_passes(gateway: Guarded, books: Books):
    """The departure is announced and the listener has not answered yet: the one moment at which the door is open."""
    content = letter(SECRET)
    hold = held(gateway, books, content, B, B2)
    books.release(hold.id)
    told: dict[str, int] = {}

    def try_the_door(_: bytes) -> None:
        told["to others"] = through_the_door(gateway, content, C).code
        told["to one of them"] = through_the_door(gateway, content, B).code
        told["to one more"] = through_the_door(gateway, content, B, B2, C).code
        told["from another"] = through_the_door(gateway, content, B, B2, sender=f"else@{OWN_DOMAIN}").code
        told["another header"] = through_the_door(gateway, b"X-More: 1\r\n" + content, B, B2).code
        told["another body"] = through_the_door(gateway, content + b"more\r\n", B, B2).code

    with Listener({"end": b"452 4.3.1 no room\r\n"}) as listener:
        listener.at_end = try_the_door
        books.courier(port=listener.port).run_once(later(0))

    assert told == dict.fromkeys(told, 550)
    assert len(told) == 6
    assert gateway.arrived() == Counter()
    assert books.state(hold.id) == "releasing"
    assert through_the_door(gateway, content, B, B2).code == 550, "and it is shut again after"


def test_a_refused_hold_stays_shut(gateway: Guarded, books: Books):
    content = letter(SECRET)
    hold = held(gateway, books, content, B)
    books.quarantine.refuse(hold.id, actor="reviewer", reason="no", now=datetime.now(UTC))
    books.work()

    assert through_the_door(gateway, content, B).code == 550

    assert gateway.arrived() == Counter()
    assert books.state(hold.id) == "refused"
