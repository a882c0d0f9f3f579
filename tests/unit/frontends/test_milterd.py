# SPDX-License-Identifier: GPL-3.0-or-later
"""The milter session without libmilter: what it asks for, collects, and answers when things go wrong.

The context here is ours, not pymilter's TestCtx: that one skips the byte-wise callbacks we use.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest

Milter = pytest.importorskip("Milter")

from safehold.frontends import milterd  # noqa: E402 - after the skip
from safehold.frontends.milterd import ACTIONS, MilterSettings, Session  # noqa: E402
from safehold.model import TRY_LATER, Message, Recipient, Reply, ReplyKind  # noqa: E402

ACCEPT = Reply(ReplyKind.ACCEPT)


class Context:
    """What libmilter would give a session."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.macros: dict[str, str | Exception] = {}

    def setpriv(self, session: object) -> None:
        pass

    def getsymval(self, name: str) -> str | None:
        value = self.macros.get(name)
        if isinstance(value, Exception):
            raise value
        return value

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.calls.append((name, *arguments))


class Judge:
    def __init__(self, reply: Reply | Exception) -> None:
        self.reply = reply
        self.seen: list[Message] = []

    def judge(self, message: Message, progress: Callable[[], None] | None = None) -> Reply:
        self.seen.append(message)
        if progress is not None:
            progress()
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


class Bench:
    """A session between a judge and a context."""

    def __init__(self, reply: Reply | Exception = ACCEPT) -> None:
        self.judge = Judge(reply)
        self.desk = milterd._Desk(self.judge, MilterSettings("unix:/nowhere", limit_bytes=1000))
        self.context = Context()
        self.session = Session(self.desk)
        self.session._setctx(self.context)
        self.options = [Milter.CURR_ACTS, 0x1FFFFF, 0, 0]
        self.negotiated = self.session.negotiate(self.options)
        self.context.calls.clear()

    def send(self, *recipients: bytes) -> int:
        self.session.envfrom_bytes(b"<a@own.example>", b"SIZE=1")
        for recipient in recipients or (b"<b@example.org>",):
            self.session.envrcpt_bytes(recipient)
        self.session.data()
        self.session.header_bytes("Subject", b" x")
        self.session.eoh()
        self.session.body(b"body\r\n")
        return self.session.eom()


def test_only_the_actions_in_use_are_asked_for():
    bench = Bench()

    assert bench.negotiated == Milter.CONTINUE
    assert bench.options[0] == ACTIONS
    assert not ACTIONS & (Milter.ADDHDRS | Milter.CHGHDRS | Milter.CHGBODY | Milter.CHGFROM | Milter.QUARANTINE)


def test_exact_header_bytes_are_asked_for_and_refused_recipients_are_not():
    bench = Bench()

    assert bench.options[1] & Milter.P_HDR_LEADSPC
    assert not bench.options[1] & Milter.P_RCPT_REJ


def test_nothing_before_the_end_of_a_message_has_a_verdict():
    bench = Bench()
    session = bench.session

    replies = {
        session.connect("pc.example", 2, ("192.0.2.1", 25)),
        session.hello("pc"),
        session.envfrom_bytes(b"<a@own.example>"),
        session.envrcpt_bytes(b"<b@example.org>"),
        session.data(),
        session.header_bytes("A", b" b"),
        session.eoh(),
        session.body(b"c"),
        session.abort(),
        session.close(),
    }

    assert replies <= {Milter.NOREPLY, Milter.CONTINUE}
    assert bench.judge.seen == []


def test_the_judge_sees_message_and_macros():
    bench = Bench()
    bench.context.macros = {"i": "4bXyZ", "{auth_authen}": "alice", "{client_addr}": "192.0.2.1"}
    bench.session.hello("pc")

    assert bench.send(b"<b@example.org>") == Milter.ACCEPT

    (message,) = bench.judge.seen
    assert message.content == b"Subject: x\r\n\r\nbody\r\n"
    assert message.envelope.parameters == ("SIZE=1",)
    assert message.queue_id == "4bXyZ"
    assert message.macros["{auth_authen}"] == "alice"
    assert message.helo == "pc"


def test_an_mta_that_eats_the_leading_space_gets_it_back():
    bench = Bench()
    bench.session._protocol &= ~Milter.P_HDR_LEADSPC
    bench.send()

    assert bench.judge.seen[0].content.startswith(b"Subject:  x\r\n")


def test_a_login_that_is_no_text_is_still_a_login():
    bench = Bench()
    bench.context.macros = {"{auth_authen}": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")}
    bench.send()

    assert bench.judge.seen[0].macros["{auth_authen}"]


def test_mail_that_came_over_no_network_has_no_client():
    bench = Bench()
    bench.session.connect("localhost", 2, ("127.0.0.1", 0))
    bench.context.macros = {"{client_addr}": "127.0.0.1", "{client_name}": "localhost", "{daemon_port}": "0"}
    bench.send()

    assert bench.judge.seen[0].macros["{client_addr}"] == ""


def test_a_judge_works_in_a_thread_of_its_own():
    """In pymilter's callback threads sqlite3 aborted the process; end to end, the thread's state itself is tested."""
    bench = Bench()
    known = []
    judge = bench.judge.judge

    def watching(message, progress=None):
        known.append(threading.current_thread().name.partition("_")[0])
        return judge(message, progress)

    bench.judge.judge = watching
    bench.send()

    assert known == ["judge"]


def test_removals_come_before_additions():
    both = Recipient("b@example.org")
    bench = Bench(
        Reply(ReplyKind.ACCEPT, remove=(both,), add=(both, Recipient("c@example.org", ("NOTIFY=NEVER", "X=1"))))
    )

    assert bench.send() == Milter.ACCEPT

    # A slow machine may say "progress" as well: only what changes recipients counts here.
    assert [call for call in bench.context.calls if call != ("progress",)] == [
        ("delrcpt", "<b@example.org>"),
        ("addrcpt", "<b@example.org>", None),
        ("addrcpt", "<c@example.org>", "NOTIFY=NEVER X=1"),
    ]


def test_a_routed_recipient_is_removed_without_its_route_too():
    """Postfix says it removed it, and delivers it (tests/e2e/test_frontend_aliases.py)."""
    bench = Bench(Reply(ReplyKind.ACCEPT, remove=(Recipient("@relay.example:b@example.org"),)))

    bench.send(b"<@relay.example:b@example.org>")

    assert ("delrcpt", "<b@example.org>") in bench.context.calls


@pytest.mark.parametrize(
    ("reply", "verdict", "told"),
    [
        (Reply(ReplyKind.DISCARD), Milter.DISCARD, None),
        (TRY_LATER, Milter.TEMPFAIL, ("setreply", "451", "4.7.1", "message could not be checked; please retry")),
        (
            Reply(ReplyKind.REJECT, code=("554", "5.7.1", "100% \r\n no")),
            Milter.REJECT,
            ("setreply", "554", "5.7.1", "100%% ?? no"),
        ),
        (
            Reply(ReplyKind.REJECT, code=("451", "4.7.1", "x")),
            Milter.REJECT,
            ("setreply", "550", "5.7.1", "message refused by local policy"),
        ),
        (RuntimeError("secret"), Milter.TEMPFAIL, ("setreply", *TRY_LATER.code)),
    ],
)
def test_a_reply_becomes_a_verdict(reply, verdict, told):
    bench = Bench(reply)

    assert bench.send() == verdict

    assert [call for call in bench.context.calls if call[0] == "setreply"] == ([told] if told else [])
    assert bench.desk.in_flight.count == 0


def test_an_addition_that_fails_makes_the_whole_message_wait():
    bench = Bench(Reply(ReplyKind.ACCEPT, add=(Recipient("c@example.org"),)))
    bench.session.addrcpt = lambda *_: (_ for _ in ()).throw(Milter.error("x"))

    assert bench.send() == Milter.TEMPFAIL


def test_an_mta_that_does_not_let_us_remove_makes_the_message_wait():
    bench = Bench(Reply(ReplyKind.ACCEPT, remove=(Recipient("b@example.org"),)))
    bench.session._actions &= ~Milter.DELRCPT

    assert bench.send() == Milter.TEMPFAIL
    assert not [call for call in bench.context.calls if call[0] == "delrcpt"]


def test_a_message_with_a_step_out_of_order_waits_and_the_next_is_judged():
    bench = Bench()
    bench.session.envfrom_bytes(b"<a@own.example>")
    bench.session.header_bytes("Subject", b" x")
    assert bench.session.eom() == Milter.TEMPFAIL
    assert bench.judge.seen == []

    assert bench.send() == Milter.ACCEPT


def test_a_fault_that_only_pymilter_saw_makes_the_open_message_wait():
    """In a step without reply libmilter drops the exception, and with it the header it was about."""
    bench = Bench()
    bench.session.envfrom_bytes(b"<a@own.example>")
    bench.session.envrcpt_bytes(b"<b@example.org>")
    bench.desk.note_unseen_fault(ValueError, ValueError("secret"), None)
    bench.session.eoh()

    assert bench.session.eom() == Milter.TEMPFAIL
    assert bench.judge.seen == []
    assert bench.send() == Milter.ACCEPT


def test_an_mta_that_went_away_while_we_judged_does_not_stop_the_judge():
    bench = Bench()
    bench.session.progress = lambda: (_ for _ in ()).throw(Milter.error("x"))

    assert bench.send() == Milter.ACCEPT


def test_many_messages_on_one_connection_do_not_mix():
    bench = Bench()
    bench.send(b"<b@example.org>")
    bench.session.envfrom_bytes(b"<x@own.example>")
    bench.session.abort()
    bench.send(b"<c@example.org>")

    assert [[r.address for r in m.envelope.recipients] for m in bench.judge.seen] == [
        ["b@example.org"],
        ["c@example.org"],
    ]


@pytest.mark.parametrize(
    ("socket", "path"),
    [("unix:/run/x.sock", "/run/x.sock"), ("local:/run/x.sock", "/run/x.sock"), ("/run/x.sock", "/run/x.sock")],
)
def test_a_unix_socket_has_a_path(socket, path):
    assert str(MilterSettings(socket).path) == path


def test_a_tcp_socket_has_no_path():
    assert MilterSettings("inet:8891@127.0.0.1").path is None
