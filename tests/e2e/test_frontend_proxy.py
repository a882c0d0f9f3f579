# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the proxy has: a next hop that refuses, closes or stalls, XFORWARD and XCLIENT, line ends, sizes.

The rule: the client hears 250 only after the next hop's 250, or where a judge has stored the mail.
"""

import contextlib
import smtplib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pytest
from frontend_judges import (  # noqa: F401 - fixtures
    A,
    B,
    C,
    D,
    Front,
    FrontEnd,
    _proxy_process,
    proxy,
    script,
    sender_to,
    wait_for_listener,
)
from harness.postfix import PrivatePostfix, free_ports
from harness.sink import Fault


class Raw:
    """A client that says exactly what it is told."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._replies = self._socket.makefile("rb")
        self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._replies.close()
        self._socket.close()

    def read(self) -> str:
        """Return one reply, all its lines."""
        text = ""
        while True:
            line = self._replies.readline().decode()
            text += line
            if line[3:4] != "-":
                return text.strip()

    def say(self, *lines: str | bytes) -> list[str]:
        """Send all lines at once and return a reply for each."""
        sent = [line if isinstance(line, bytes) else line.encode() + b"\r\n" for line in lines]
        self._socket.sendall(b"".join(sent))
        return [self.read() for _ in sent]


class Cable:
    """A wire between proxy and sink that can be cut; it mends at once."""

    def __init__(self, far_port: int, without: str = "") -> None:
        self._far_port = far_port
        self._without = f"250-{without}\r\n".encode()  # a line that gets lost on the way
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._lay, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def lose(self, offer: str) -> None:
        """Let what the far side offers be less from now on."""
        self._without = f"250-{offer}\r\n".encode()

    def cut(self, goodbye: bytes = b"") -> None:
        """Break every connection, the far side having said *goodbye*."""
        for near in self._ends[::2] if goodbye else ():
            with contextlib.suppress(OSError):
                near.sendall(goodbye)
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _lay(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._far_port))
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk.replace(self._without, b""))
            target.shutdown(socket.SHUT_WR)
        source.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[[str, int], tuple[FrontEnd, int]]]:
    """Start a proxy of some kind in front of a port; return it and its own port."""
    ends: list[FrontEnd] = []

    def start(kind: str, next_port: int) -> tuple[FrontEnd, int]:
        port = free_ports(1)[0]
        end = FrontEnd(kind, f"127.0.0.1:{port}", tmp_path / f"journal{len(ends)}", f"127.0.0.1:{next_port}")
        ends.append(end)
        end.wait_for("started")
        wait_for_listener(f"127.0.0.1:{port}")
        return end, port

    yield start
    assert [end.stop()[0] for end in ends] == [0] * len(ends)


def test_it_offers_what_the_next_hop_offers_and_what_is_its_own(proxy: Front):  # noqa: F811
    with smtplib.SMTP("127.0.0.1", proxy.port, timeout=30) as client:
        client.ehlo()

        offers = set(client.esmtp_features)

    assert {"pipelining", "8bitmime", "smtputf8", "dsn", "xforward", "xclient", "size"} <= offers
    assert "starttls" not in offers
    assert "auth" not in offers
    assert "chunking" not in offers


def test_pipelined_commands_are_answered_in_order(proxy: Front):  # noqa: F811
    with Raw(proxy.port) as client:
        replies = client.say(
            "EHLO x",
            "MAIL FROM:<a@own.example>",
            "RCPT TO:<b@example.org>",
            "RCPT TO:<>",
            "RCPT TO:<c@example.org>",
            "DATA",
            b"Subject: x\r\n\r\nbody\r\n.\r\nMAIL FROM:<a@own.example>\r\n",
        )
        codes = [reply[:3] for reply in replies]
        after = client.read()

    assert codes == ["250", "250", "250", "501", "250", "354", "250"]
    assert after.startswith("250")
    assert proxy.sink.wait()[0].recipients == (B, C)


@pytest.mark.parametrize(
    ("content", "received"),
    [
        pytest.param(b".\r\n", b"", id="empty"),
        pytest.param(b"\r\n.\r\n", b"\r\n", id="one empty line"),
        pytest.param(b"..\r\n.\r\n", b".\r\n", id="a line that is a dot"),
        pytest.param(b"a: b\r\n\r\n..c\r\n...\r\n.\r\n", b"a: b\r\n\r\n.c\r\n..\r\n", id="dots at line starts"),
        pytest.param(b"a: " + b"x" * 5000 + b"\r\n.\r\n", b"a: " + b"x" * 5000 + b"\r\n", id="a very long line"),
        pytest.param(b"a: b\r\n\r\nc\rd\r\n.\r\n", b"a: b\r\n\r\nc\rd\r\n", id="a lone carriage return"),
        pytest.param(
            b"a: b\0c\xe9\xff\r\n\r\nd\0e\r\n.\r\n", b"a: b\0c\xe9\xff\r\n\r\nd\0e\r\n", id="NUL and 8-bit header"
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 10**6], ids=["byte by byte", "four bytes", "at once"])
def test_content_arrives_as_it_was_however_it_is_cut(proxy: Front, content, received, size):  # noqa: F811
    if size == 1 and len(content) > 100:
        content, received = content.replace(b"x" * 4950, b""), received.replace(b"x" * 4950, b"")
    with Raw(proxy.port) as client:
        client.say("EHLO x", "MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org>", "DATA")
        for start in range(0, len(content), size):
            client._socket.sendall(content[start : start + size])
        assert client.read().startswith("250")

    assert proxy.sink.wait()[0].content == received
    assert proxy.heard[0].content.startswith(received)


@pytest.mark.parametrize(
    "smuggled",
    [b"\n.\r\n", b"\n.\n", b"\r.\r\n", b"\r.\r", b"\n", b"\r\n\0.\r\n"],
    ids=["LF dot CRLF", "LF dot LF", "CR dot CRLF", "CR dot CR", "a bare LF", "NUL dot"],
)
def test_content_that_could_end_twice_is_refused(proxy: Front, smuggled):  # noqa: F811
    inner = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nsecond\r\n.\r\n"
    with Raw(proxy.port) as client:
        client.say("EHLO x", "MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org>", "DATA")
        client._socket.sendall(b"Subject: x\r\n\r\nbody" + smuggled + inner)

        assert client.read().startswith("550")
    assert proxy.heard == []
    assert proxy.sink.deliveries == ()


@pytest.mark.parametrize(
    "command",
    [
        "MAIL FROM:<a@own.example> AUTH=<>",
        "MAIL FROM:<a@own.example> BODY=8BITMIME BODY=7BIT",
        "MAIL FROM:<a@own.example> SIZE=many",
        "MAIL FROM:<a@own.example>\rRCPT TO:<b@example.org>",
        "MAIL FROM:<a@own.example\x00>",
        "MAIL FROM: a@own.example",
        "MAIL TO:<a@own.example>",
        "MAIL FROM:<a@own.example> SIZE=99999999999",
    ],
)
def test_what_cannot_be_passed_on_is_refused(proxy: Front, command: str):  # noqa: F811
    with Raw(proxy.port) as client:
        client.say("EHLO x")

        assert client.say(command)[0][0] == "5"
        assert client.say("MAIL FROM:<a@own.example>")[0][0] == "2"


def test_more_than_a_thousand_recipients_are_for_another_message(proxy: Front):  # noqa: F811
    with Raw(proxy.port) as client:
        client.say("EHLO x", "MAIL FROM:<a@own.example>")
        replies = client.say(*(f"RCPT TO:<r{n}@example.org>" for n in range(1001)))

    assert {reply[:3] for reply in replies[:1000]} == {"250"}
    assert replies[1000].startswith("452 4.5.3")


def test_thirty_thousand_recipients_sent_ahead_hold_nobody_up(proxy: Front):  # noqa: F811
    """A thousand are taken, and each of the rest is told to come again; another client is served meanwhile."""
    many = "".join(f"RCPT TO:<r{n}@example.org>\r\n" for n in range(30_000)).encode()
    with Raw(proxy.port) as client, ThreadPoolExecutor(1) as apart:
        client.say("EHLO x", "MAIL FROM:<a@own.example>")
        writing = apart.submit(client._socket.sendall, many)
        assert proxy.send(script(), recipients=[C]).code == 250

        codes = Counter(client.read()[:3] for _ in range(30_000))
        writing.result(30)
        assert client.say("DATA")[0].startswith("354")

    assert codes == {"250": 1000, "452": 29_000}


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param("STARTTLS", "454", id="TLS"),
        pytest.param("AUTH PLAIN AGEAYg==", "538", id="a login"),
        pytest.param("BDAT 4 LAST", "500", id="chunks"),
        pytest.param("ETRN own.example", "500", id="a queue run"),
        pytest.param("EXPN team", "502", id="who is on a list"),
        pytest.param("VRFY team", "252", id="who there is"),
    ],
)
def test_what_is_not_offered_is_answered_and_the_session_goes_on(proxy: Front, command: str, code: str):  # noqa: F811
    """TLS and logins are the mail server's work: a client that insists on them has to ask there."""
    with Raw(proxy.port) as client:
        client.say("EHLO x")

        assert client.say(command)[0].startswith(code)
        assert client.say("MAIL FROM:<a@own.example>")[0].startswith("250")


def test_a_client_that_says_nothing_is_told_why_it_is_sent_away(running, proxy: Front):  # noqa: F811
    end, port = running("proxy-impatient", proxy.sink.port)

    with Raw(port) as client:
        client.say("EHLO x", "MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org>", "DATA")
        client._socket.sendall(b"half a ")
        assert client.read().startswith("421 4.4.2")
        assert client.read() == ""

    assert end.heard == []


def test_a_client_that_went_away_while_the_judge_worked_leaves_nothing_behind(running, proxy: Front):  # noqa: F811
    """Nobody waits for it any more, and it tries again: what was not answered did not happen."""
    end, port = running("proxy-impatient", proxy.sink.port)
    with Raw(port) as client:
        client.say("EHLO x", "MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org>", "DATA")
        client._socket.sendall(script(seconds=1) + b".\r\n")
        end.wait_for("judging")

    with Raw(port) as other:
        assert other.say("EHLO y")[0].startswith("250")
        assert other.read().startswith("421"), "longer than the first client would have been waited for"
    assert proxy.sink.deliveries == ()
    assert "Exception" not in end.log
    assert "error=" not in end.log


# -- the next hop ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extension", "commands"),
    [
        pytest.param("DSN", ["MAIL FROM:<a@own.example> RET=HDRS"], id="RET"),
        pytest.param("DSN", ["MAIL FROM:<a@own.example> ENVID=x"], id="ENVID"),
        pytest.param("DSN", ["MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org> NOTIFY=NEVER"], id="NOTIFY"),
        pytest.param("DSN", ["MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org> ORCPT=rfc822;x"], id="ORCPT"),
        pytest.param("8BITMIME", ["MAIL FROM:<a@own.example> BODY=8BITMIME"], id="BODY"),
        pytest.param("SMTPUTF8", ["MAIL FROM:<a@own.example> SMTPUTF8"], id="SMTPUTF8"),
    ],
)
def test_what_the_next_hop_cannot_carry_is_neither_offered_nor_dropped_in_silence(
    running,
    proxy: Front,  # noqa: F811
    extension: str,
    commands: list[str],
):
    with Cable(proxy.sink.port, without=extension) as cable:
        _, port = running("proxy", cable.port)
        with Raw(port) as client:
            assert extension not in client.say("EHLO x")[0]
            answers = [client.say(command)[0] for command in commands]
            assert answers[-1].startswith("555 5.5.4")
            client.say("RSET")
            plain = client.say("MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org>", "DATA", script() + b".\r\n")

    assert [answer[:3] for answer in plain] == ["250", "250", "354", "250"]


def test_a_next_hop_that_offers_less_than_before_is_no_reason_to_give_a_message_up(running, proxy: Front):  # noqa: F811
    """The client was told that it may ask for reports: a 555 now would bounce what it asks them for."""
    with Cable(proxy.sink.port) as cable:
        _, port = running("proxy", cable.port)
        with Raw(port) as client:
            client.say("EHLO x")
            cable.lose("DSN")
            cable.cut()

            assert client.say("MAIL FROM:<a@own.example> RET=HDRS")[0].startswith("451")
            assert client.say("EHLO x", "MAIL FROM:<a@own.example>")[1].startswith("250")


def test_what_was_sent_ahead_when_the_next_hop_went_is_put_off_too(proxy: Front):  # noqa: F811
    """A 503 would be the client's fault and final: it would give these recipients up."""
    proxy.sink.fail(Fault("rcpt", recipient=C, hang_up_after=b""))
    with Raw(proxy.port) as client:
        client.say("EHLO x")

        replies = client.say(
            "MAIL FROM:<a@own.example>",
            "RCPT TO:<b@example.org>",
            "RCPT TO:<c@example.org>",
            "RCPT TO:<d@example.org>",
            "DATA",
        )
        again = client.say("MAIL FROM:<a@own.example>", "RCPT TO:<d@example.org>", "DATA", script() + b".\r\n")

        assert [reply[:3] for reply in replies] == ["250", "250", "451", "451", "451"]
        assert [reply[:3] for reply in again] == ["250", "250", "354", "250"]
        assert client.say("RCPT TO:<d@example.org>")[0].startswith("503")


def test_a_recipient_the_next_hop_refuses_is_refused_here(proxy: Front):  # noqa: F811
    proxy.sink.fail(Fault("rcpt", "550 5.1.1 no such user", recipient=B))

    sent = proxy.send(script(), recipients=[B, C])

    assert sent.recipients[B] == (550, "5.1.1 no such user")
    assert sent.code == 250
    assert proxy.heard[0].addresses == [C]
    assert proxy.sink.wait()[0].recipients == (C,)


@pytest.mark.parametrize("order", [{}, {"remove": [B]}], ids=["unchanged", "a recipient removed"])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(Fault("data", "451 4.3.0 not now"), 451, id="4xx to DATA"),
        pytest.param(Fault("data", "554 5.7.1 never"), 554, id="5xx to DATA"),
        pytest.param(Fault("data", "421 4.3.2 closing"), 451, id="421 to DATA"),
        pytest.param(Fault("data", hang_up_after=b""), 451, id="hangs up at DATA"),
        pytest.param(Fault("content", "452 4.3.1 full"), 452, id="4xx to the content"),
        pytest.param(Fault("content", "550 5.7.1 spam"), 550, id="5xx to the content"),
        pytest.param(Fault("content", hang_up_after=b"25"), 451, id="hangs up in its last reply"),
        pytest.param(Fault("content", hang_up_after=b"hello\r\n"), 451, id="talks nonsense"),
    ],
)
def test_the_client_hears_what_the_next_hop_says_of_the_message(proxy: Front, fault: Fault, code, order):  # noqa: F811
    proxy.sink.fail(Fault(**{name: getattr(fault, name) for name in fault.__slots__}))

    sent = proxy.send(script(**order), recipients=[B, C])

    assert sent.code == code
    assert proxy.sink.deliveries == ()


@pytest.mark.parametrize(
    ("at", "reply", "code"),
    [("rcpt", "450 4.2.1 busy", 450), ("rcpt", "550 5.1.1 no such user", 550), ("mail", "451 4.3.0 not now", 451)],
)
def test_a_refusal_when_the_message_is_put_anew_is_the_clients_to_hear(proxy: Front, at, reply, code):  # noqa: F811
    """The added recipient was never asked about before."""
    with Raw(proxy.port) as client:
        client.say("EHLO x", "MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org>", "RCPT TO:<c@example.org>")
        proxy.sink.fail(Fault(at, reply, recipient=D if at == "rcpt" else ""))

        told = client.say("DATA", script(remove=[B], add=[[D, []]]).replace(b"\r\n.", b"\r\n..") + b".\r\n")

        assert told[1].startswith(str(code))
        assert proxy.sink.deliveries == ()
        # The session goes on, and a client that tries again gets the others their mail.
        again = client.say("MAIL FROM:<a@own.example>", "RCPT TO:<c@example.org>", "DATA", script() + b".\r\n")
        assert [reply[:3] for reply in again] == ["250", "250", "354", "250"]


def test_a_retry_after_a_partial_hold_reaches_the_others(proxy: Front):  # noqa: F811
    """The hold is committed and the next hop fails: the client must try again, and the gate joins the hold."""
    proxy.sink.fail(Fault("content", "451 4.3.0 not now"))
    message = script(remove=[B], hold="H-1")

    first, second = (proxy.send(message, recipients=[B, C]).code for _ in range(2))

    assert (first, second) == (451, 250)
    assert [h.content for h in proxy.heard] == [message, message]
    assert [d.recipients for d in proxy.sink.deliveries] == [(C,)]


def test_all_recipients_removed_is_250_only_for_a_hold(proxy: Front):  # noqa: F811
    assert proxy.send(script(remove=[B])).code == 451
    assert proxy.send(script(remove=[B], hold="H-1")).code == 250
    assert proxy.sink.deliveries == ()


GOODBYES = pytest.mark.parametrize(
    "goodbye", [b"", b"421 4.4.2 mail.own.example Error: timeout exceeded\r\n"], ids=["silently", "with a 421"]
)


@GOODBYES
def test_a_next_hop_that_closed_while_the_judge_worked_is_asked_again(running, proxy: Front, goodbye):  # noqa: F811
    """Postfix closes a session after 300 silent seconds, or 10 under stress: reading may take longer."""
    with Cable(proxy.sink.port) as cable:
        end, port = running("proxy", cable.port)
        with Raw(port) as client:
            client.say("EHLO x", "MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org>", "DATA")
            client._socket.sendall(script(seconds=1) + b".\r\n")
            end.wait_for("judging")
            cable.cut(goodbye)
            assert client.read().startswith("250")

    assert proxy.sink.wait()[0].recipients == (B,)


@GOODBYES
def test_a_next_hop_that_closed_while_the_client_was_idle_is_asked_again(running, proxy: Front, goodbye):  # noqa: F811
    with Cable(proxy.sink.port) as cable:
        _, port = running("proxy", cable.port)
        with Raw(port) as client:
            client.say("EHLO x")
            cable.cut(goodbye)
            answers = client.say("MAIL FROM:<a@own.example>", "RCPT TO:<b@example.org>", "DATA", script() + b".\r\n")

    assert [answer[:3] for answer in answers] == ["250", "250", "354", "250"]


def test_without_a_next_hop_clients_are_told_to_come_again(running):
    _, port = running("proxy", free_ports(1)[0])

    with Raw(port) as client:
        assert client.say("EHLO x")[0].startswith("421 4.4.1")


# -- whose mail it is --------------------------------------------------------------------------------------------


def test_xforward_says_whose_the_next_message_is(proxy: Front):  # noqa: F811
    with Raw(proxy.port) as client:
        replies = client.say(
            "EHLO gate",
            "XFORWARD NAME=pc.own.example ADDR=192.0.2.7 PORT=4711",
            "XFORWARD PROTO=ESMTP HELO=pc+2Bx IDENT=4bXyZ SOURCE=REMOTE",
            "MAIL FROM:<a@own.example>",
            "RCPT TO:<b@example.org>",
            "DATA",
            script() + b".\r\n",
            "XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] SOURCE=LOCAL",
            "MAIL FROM:<a@own.example>",
            "RCPT TO:<b@example.org>",
            "DATA",
            script() + b".\r\n",
            "MAIL FROM:<a@own.example>",
            "RCPT TO:<b@example.org>",
            "DATA",
            script() + b".\r\n",
        )

    assert {reply[0] for reply in replies} == {"2", "3"}
    remote, local, plain = proxy.heard
    assert remote.macros["{client_addr}"] == "192.0.2.7"
    assert remote.macros["{client_name}"] == "pc.own.example"
    assert remote.macros["i"] == "4bXyZ"
    assert remote.helo == "pc+x"
    assert local.macros["{client_addr}"] == ""
    assert plain.macros["{client_addr}"] == "127.0.0.1"
    assert plain.helo == "gate"


def test_what_was_said_of_a_message_that_was_taken_back_is_not_said_of_the_next(proxy: Front):  # noqa: F811
    with Raw(proxy.port) as client:
        client.say(
            "EHLO gate",
            "XFORWARD NAME=pc.own.example ADDR=192.0.2.7",
            "MAIL FROM:<a@own.example>",
            "RSET",
            "MAIL FROM:<a@own.example>",
            "RCPT TO:<b@example.org>",
            "DATA",
            script() + b".\r\n",
        )

    assert proxy.heard[0].macros["{client_addr}"] == "127.0.0.1"


def test_xclient_says_who_the_client_is_and_begins_anew(proxy: Front):  # noqa: F811
    with Raw(proxy.port) as client:
        replies = client.say(
            "EHLO gate",
            "XCLIENT NAME=pc.own.example ADDR=IPV6:2001:db8::1 LOGIN=alice@own.example",
            "MAIL FROM:<a@own.example>",
            "EHLO pc",
            "MAIL FROM:<a@own.example>",
            "RCPT TO:<b@example.org>",
            "DATA",
            script() + b".\r\n",
        )

    assert [reply[:3] for reply in replies] == ["250", "220", "503", "250", "250", "250", "354", "250"]
    assert proxy.heard[0].macros["{auth_authen}"] == "alice@own.example"
    assert proxy.heard[0].macros["{client_addr}"] == "2001:db8::1"


@pytest.mark.parametrize("word", ["ADDR", "ADDR=1.2.3.4 EVIL=x", "NAME=a+0Ab", ""])
def test_malformed_words_about_clients_are_refused(proxy: Front, word: str):  # noqa: F811
    with Raw(proxy.port) as client:
        client.say("EHLO gate")

        assert client.say(f"XFORWARD {word}")[0].startswith("501")


def test_postfix_in_front_and_behind(running, postfix: PrivatePostfix):
    """Postfix as before-queue proxy's both sides: XFORWARD comes in, and goes on."""
    behind = postfix.listener(smtpd_authorized_xforward_hosts="127.0.0.1", smtpd_proxy_filter="")
    end, port = running("proxy", behind)
    before = postfix.listener(smtpd_proxy_filter=f"127.0.0.1:{port}")

    sent = sender_to(before)(script(remove=[B]), A, [B, C], mail_options=["RET=HDRS"], rcpt_options=["NOTIFY=NEVER"])

    assert sent.code == 250
    (delivery,) = postfix.sink.wait()
    assert delivery.recipients == (C,)
    assert "RET=HDRS" in delivery.mail_parameters
    assert "NOTIFY=NEVER" in delivery.parameters_of(C)
    assert end.heard[0].macros["{client_addr}"] == "127.0.0.1"
    assert end.heard[0].helo == "client.own.example"
    postfix.wait_for_empty_queue()


def test_strangers_are_not_let_in(running, proxy: Front):  # noqa: F811
    _, port = running("proxy-for-others", proxy.sink.port)

    with socket.create_connection(("127.0.0.1", port), 30) as stranger:
        assert stranger.recv(100).startswith(b"554")
        assert stranger.recv(100) == b""


def test_peers_without_trust_cannot_say_whose_mail_it_is(running, proxy: Front):  # noqa: F811
    _, port = running("proxy-without-trust", proxy.sink.port)

    with Raw(port) as client:
        hello, forward, other = client.say("EHLO x", "XFORWARD ADDR=192.0.2.7", "XCLIENT LOGIN=boss")

    assert "XFORWARD" not in hello
    assert forward.startswith("550")
    assert other.startswith("550")
