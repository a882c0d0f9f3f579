# SPDX-License-Identifier: GPL-3.0-or-later
"""The courier with the real store, keys and guard, against a listener that does what each test tells it to."""

import contextlib
import itertools
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Self

import pytest
from aiosmtpd.controller import Controller

from safehold import vault
from safehold.courier import Courier, CourierSettings, courier, handover, points
from safehold.errors import StoreError
from safehold.guard import Guard
from safehold.model import (
    Action,
    Answer,
    Direction,
    Envelope,
    Facts,
    FinalRecipient,
    Finding,
    Ground,
    Handling,
    HoldState,
    Message,
    Origin,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Reading,
    Recipient,
    RecipientVerdict,
    ReplyKind,
    Segment,
    Strength,
    Verdict,
)
from safehold.notices import NoticeSettings
from safehold.postfix import Whole
from safehold.quarantine import Outlets, Quarantine
from safehold.store import Store

NOW = datetime(2026, 11, 25, 14, 14, tzinfo=UTC)
SENDER = "sam@council.example"
FATHER = "father@mail.test"
CONTENT = (
    b"From: Sam <sam@council.example>\r\nTo: court@justice.test\r\nCc: father@mail.test\r\n"
    b"Subject: Bundle for Rosamund\r\nDate: Wed, 25 Nov 2026 14:13:00 +0000\r\n"
    b"Message-ID: <one.two@council.example>\r\n\r\nThe flat is 14 Damson Rise, Elverton EL9 9ZZ.\r\n"
)
PROTECTED = "14 Damson Rise, Elverton EL9 9ZZ"


# -- a listener -------------------------------------------------------------------------------------------------


@dataclass
class Mail:
    """What one transaction handed over."""

    mail: str
    rcpt: list[str]
    content: bytes = b""

    @property
    def recipients(self) -> list[str]:
        return [re.match(r"TO:<(.*?)>(?: |$)", line)[1] for line in self.rcpt]

    @property
    def message_id(self) -> str:
        return str(message_from_bytes(self.content, policy=SMTP)["Message-ID"])


Script = Callable[[str, str], bytes | None]
HANG_UP = b""


@dataclass
class Listener:
    """An SMTP server on a unix-domain socket; ``script`` may answer for it, with any bytes, or hang up."""

    path: str
    script: Script = lambda verb, argument: None
    extensions: tuple[str, ...] = ("SIZE 50000000", "8BITMIME", "SMTPUTF8", "DSN")
    taken: list[Mail] = field(default_factory=list)
    offered: list[Mail] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    guard: Guard | None = None
    now: datetime = NOW

    def __enter__(self) -> Self:
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # shutdown wakes the accept; close alone would not.
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        Path(self.path).unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines) -> None:
        def answer(verb: str, argument: str, usual: bytes) -> bool:
            scripted = self.script(verb, argument)
            reply = usual if scripted is None else scripted
            connection.sendall(reply)
            return reply.endswith(b"\n")

        if not answer("GREETING", "", b"220 listener.test ESMTP\r\n"):
            return
        mail = Mail("", [])
        while line := lines.readline():
            verb, _, argument = line.decode("utf-8").strip().partition(" ")
            verb = verb.upper()
            self.verbs.append(verb)
            usual = b"250 2.1.0 Ok\r\n"
            if verb == "EHLO":
                usual = b"".join(b"250-%s\r\n" % e.encode() for e in ("listener.test", *self.extensions))
                usual += b"250 HELP\r\n"
            elif verb == "MAIL":
                mail = Mail(argument, [])
            elif verb == "DATA":
                usual = b"354 go on\r\n"
            elif verb == "QUIT":
                return
            if verb == "RCPT" and (self.script(verb, argument) or b"2").startswith(b"2"):
                mail.rcpt.append(argument)
            if not answer(verb, argument, usual):
                return
            if verb == "DATA" and (self.script(verb, argument) or b"3").startswith(b"3"):
                mail.content = read_content(lines)
                self.offered.append(mail)
                usual = b"250 2.0.0 Ok: queued as 4XyZ0123AbC\r\n" if self.lets_through(mail) else b"550 5.7.1 no\r\n"
                reply = usual if (scripted := self.script("END", "")) is None else scripted
                if reply.startswith(b"250") and reply.endswith(b"\n"):
                    self.taken.append(mail)
                connection.sendall(reply)
                if not reply.endswith(b"\n"):
                    return

    def lets_through(self, mail: Mail) -> bool:
        if self.guard is None:
            return True
        sender = re.match(r"FROM:<(.*?)>(?: |$)", mail.mail)[1]
        envelope = Envelope(sender, tuple(Recipient(address) for address in mail.recipients))
        hop = b"Received: from courier by listener.test\r\n"
        return self.guard.judge(Message(envelope, hop + mail.content, self.now)).kind is ReplyKind.ACCEPT


def read_content(lines) -> bytes:
    """Read up to the end mark as Postfix does: a bare LF ends a line too, and a leading dot is taken away."""
    content = []
    while (line := lines.readline()) != b".\r\n":
        assert line, "the client hung up in the middle of DATA"
        content.append(line.removeprefix(b"."))
    return b"".join(content)


def always(verb: str, reply: bytes, *, match: str = "") -> Script:
    return lambda said, argument: reply if said == verb and match in argument else None


# -- a store with a hold ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    vault.create_keys(folder)
    return folder


@pytest.fixture
def keys(key_folder) -> vault.KeyRing:
    return vault.KeyRing.load(key_folder, need=frozenset({"sealing", "recovery", "opening", "store"}))


@pytest.fixture
def holds(tmp_path, keys) -> Iterator[Quarantine]:
    store = Store.open(tmp_path / "store.db", create=True)
    yield Quarantine(store, keys)
    store.close()


@pytest.fixture
def listener(tmp_path, holds) -> Iterator[Listener]:
    with Listener(str(tmp_path / "l.sock"), guard=Guard(holds)) as listening:
        yield listening


LOGINS = {"kim": "kim.lee@council.example", "scanner@council.example": "kim.lee@council.example"}
SETTINGS = CourierSettings(
    host="",
    notices=NoticeSettings("email-check@council.example", urgent_phone="01632 960001", organisation="the council"),
    own_domains=frozenset({"council.example"}),
    reviewers={"reviewers": ("review@council.example",)},
    owners={"safe-address": ("owner@council.example",)},
    duty=("duty@council.example",),
    timeout_s=5,
    data_timeout_s=5,
)


def make_courier(holds, keys, listener, *, connect=handover.Connection, **changes) -> Courier:
    settings = {name: getattr(SETTINGS, name) for name in CourierSettings.__dataclass_fields__}
    settings |= {"host": listener.path if listener else "/nowhere/l.sock"} | changes
    return Courier(
        holds, keys.opening, CourierSettings(**settings), connect=connect, jitter=lambda: 0.5, monotonic=lambda: 0.0
    )


def make_hold(
    holds,
    *,
    to=(FATHER,),
    lists=(),
    content=CONTENT,
    sender=SENDER,
    identity="",
    parameters=(),
    rcpt_parameters=(),
    others=0,
    approvals=1,
    texts=("", ""),
    notice_title="a check",
    now=NOW,
) -> str:
    """Hold a message for *to* and for *lists* that nobody can look up; one finding, on page 4 of its attachment."""
    part = PartPath(("2", "medical letter.pdf"))
    place = Place(part, PlaceKind.PAGE, 4)
    finding = Finding(
        "register", "P-1", "address", 0, 0, place, (4, 4 + len(PROTECTED)), Strength.CERTAIN, "whole address"
    )
    ground = Ground("safe-address", True, Action.HOLD, Answer.YES, "P-1", "adverse", (finding,))
    verdicts = [
        RecipientVerdict(FinalRecipient(address, (address,), Direction.OUTBOUND), Action.HOLD, (ground,))
        for address in (*to, *lists)
    ]
    verdicts += [
        RecipientVerdict(
            FinalRecipient(f"ok{n}@justice.test", (f"ok{n}@justice.test",), Direction.OUTBOUND), Action.PASS
        )
        for n in range(others)
    ]
    recipients = tuple(Recipient(v.recipient.address, tuple(rcpt_parameters)) for v in verdicts)
    message = Message(Envelope(sender, recipients, tuple(parameters)), content, now, {"i": "4QueueId0001"}, "desk.test")
    final = tuple(v.recipient for v in verdicts if v.recipient.address not in lists)
    facts = Facts(now, Origin.AUTH, identity, (sender,), final, dict.fromkeys(lists, Whole.TOO_MANY))
    reading = Reading(
        (Part(part, "application/pdf", 900, "application/pdf", True, 1),),
        (Segment(place, f"at: {PROTECTED} now"),),
    )
    told = {"sender_text": texts[0], "reviewers_text": texts[1]}
    handling = Handling("safe-address", severity="critical", approvals=approvals, notice_title=notice_title, **told)
    return holds.hold(message, facts, Verdict(tuple(verdicts), (handling,)), reading, now=now).hold_id


def approve(holds, hold_id, now=NOW) -> None:
    holds.approve(hold_id, actor="alex", reason="", now=now)


def drain(courier_, now=NOW) -> None:
    """Send what waits, so that a test sees only what comes after."""
    while courier_.run_once(now):
        pass


class Flaky:
    """A quarantine whose store goes away at one call."""

    def __init__(self, holds: Quarantine, call: str) -> None:
        self._holds, self._call, self.away = holds, call, True

    def __getattr__(self, name: str):
        if name == self._call and self.away:

            def fail(*args: object, **named: object) -> None:
                raise StoreError("the store is away")

            return fail
        return getattr(self._holds, name)


# A mail of one part: the points of every row.
ONE_PART = tuple(point for point in points.CHECKPOINTS if point != "part done")


class Killed(BaseException):
    """Stands for kill -9: nothing of ours may catch it."""


@pytest.fixture
def released(holds, keys, listener):
    """Return a function that makes a hold, sends its first notices, approves it and forgets what the listener got."""

    def make(**what) -> tuple[str, Courier]:
        hold_id = make_hold(holds, **what)
        courier_ = make_courier(holds, keys, listener)
        drain(courier_)
        approve(holds, hold_id)
        listener.taken.clear()
        listener.offered.clear()
        listener.verbs.clear()
        return hold_id, courier_

    return make


def run_at(courier_, listener, now) -> int:
    listener.now = now
    return courier_.run_once(now)


def mails_to(listener, address) -> list[Mail]:
    return [mail for mail in listener.taken if address in mail.recipients]


# -- release ----------------------------------------------------------------------------------------------------


def test_release_hands_over_the_held_bytes_behind_one_received_line(holds, listener, released):
    hold_id, courier_ = released()

    courier_.run_once(NOW)

    mail = listener.taken[0]
    hop, _, rest = mail.content.partition(b"\r\nFrom:")
    assert b"From:" + rest == CONTENT
    assert hop.startswith(b"Received: by ")
    assert all(line.startswith(b"\t") for line in hop.split(b"\r\n")[1:])
    assert mail.recipients == [FATHER]
    held = holds.get(hold_id)
    assert held.state is HoldState.RELEASED
    assert "4XyZ0123AbC" in str([entry.facts for entry in holds.history(hold_id)])


def test_release_tells_the_sender_after_the_mail_has_left(listener, released):
    _, courier_ = released()

    drain(courier_)

    assert [mail.recipients for mail in listener.taken] == [[FATHER], [SENDER]]
    assert b"Your email was sent" in listener.taken[1].content


def test_release_keeps_esmtp_parameters_the_listener_understands(listener, released):
    _, courier_ = released(
        parameters=("BODY=8BITMIME", "RET=HDRS", "ENVID=QQ314159", "SIZE=1", "AUTH=<>"),
        rcpt_parameters=("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;father@mail.test", "X-ODD=1"),
    )

    courier_.run_once(NOW)

    mail = listener.taken[0]
    assert re.fullmatch(rf"FROM:<{SENDER}> SIZE=\d+ RET=HDRS ENVID=QQ314159", mail.mail)
    assert mail.rcpt == [f"TO:<{FATHER}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;father@mail.test"]


@pytest.mark.parametrize("extensions", [(), ("DSN",)])
def test_release_says_nothing_of_extensions_that_are_not_offered_but_to_the_log(listener, released, caplog, extensions):
    listener.extensions = extensions
    _, courier_ = released(parameters=("RET=HDRS", "SMTPUTF8"), rcpt_parameters=("NOTIFY=NEVER",))

    courier_.run_once(NOW)

    mail, rcpt = (" RET=HDRS", " NOTIFY=NEVER") if extensions else ("", "")
    assert (listener.taken[0].mail, listener.taken[0].rcpt) == (f"FROM:<{SENDER}>{mail}", [f"TO:<{FATHER}>{rcpt}"])
    assert ("knows no DSN" in caplog.text) is not bool(extensions)


def test_release_works_with_a_listener_that_knows_no_ehlo(holds, listener, released):
    listener.script = always("EHLO", b"502 5.5.1 what\r\n")
    hold_id, courier_ = released(parameters=("RET=HDRS",))

    courier_.run_once(NOW)

    assert holds.get(hold_id).state is HoldState.RELEASED


def test_release_of_eight_bit_content_says_so_and_changes_no_byte(listener, released):
    content = CONTENT + "Llanfair Pwllgwyngyll \u0175\r\n".encode() + bytes([0xFF, 0xFE]) + b"\r\n"
    _, courier_ = released(content=content)

    courier_.run_once(NOW)

    assert "BODY=8BITMIME" in listener.taken[0].mail
    assert listener.taken[0].content.endswith(content)


def test_release_to_an_address_beyond_ascii_uses_smtputf8(listener, released):
    _, courier_ = released(to=("gŵr@mail.test",))

    courier_.run_once(NOW)

    assert "SMTPUTF8" in listener.taken[0].mail
    assert listener.taken[0].recipients == ["gŵr@mail.test"]


def test_release_to_an_address_beyond_ascii_waits_for_a_listener_that_can(holds, listener, released):
    hold_id, courier_ = released(to=("gŵr@mail.test",))
    listener.extensions = ("SIZE 50000000",)

    courier_.run_once(NOW)

    assert listener.offered == []
    assert holds.get(hold_id).state is HoldState.RELEASING
    assert "SMTPUTF8" in holds.get(hold_id).last_error


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b".\r\n..\r\n.end\r\n", id="dots at line starts"),
        pytest.param(b"a\x00b\r\n", id="NUL"),
        pytest.param(b"a\nb\n.c\r\n", id="bare LF, then a dot"),
        pytest.param(b"a\rb\r\r\n", id="bare CR"),
        pytest.param(b"x" * 5000 + b"\r\n", id="long line"),
        pytest.param(b"a\n.\r\nMAIL FROM:<evil@mail.test>\r\n", id="a smuggled end of mail"),
        pytest.param(b"\r\n\r\n", id="empty lines at the end"),
    ],
)
def test_release_changes_no_byte_of_odd_content(listener, released, body):
    _, courier_ = released(content=CONTENT + body)

    courier_.run_once(NOW)

    assert listener.taken[0].content.endswith(CONTENT + body)
    assert len(listener.taken) == 1 + len(mails_to(listener, SENDER))


def test_release_to_a_thousand_recipients_is_one_mail(holds, listener, released):
    to = tuple(f"person{n}@mail.test" for n in range(1000))
    hold_id, courier_ = released(to=to)

    courier_.run_once(NOW)

    assert listener.taken[0].recipients == list(to)
    assert holds.get(hold_id).state is HoldState.RELEASED


# -- a listener that refuses, breaks off or is slow -------------------------------------------------------------

NOT_TAKEN = {
    "452 at MAIL": always("MAIL", b"452 4.3.1 Insufficient system storage\r\n"),
    "452 at RCPT": always("RCPT", b"452 4.5.3 Too many recipients\r\n"),
    "552 at RCPT means too many": always("RCPT", b"552 5.5.3 Too many recipients\r\n"),
    "450 after DATA": always("DATA", b"450 4.0.0 no\r\n"),
    "452 at the end": always("END", b"452 4.3.1 Insufficient system storage\r\n"),
    "421 at the end": always("END", b"421 4.3.2 shutting down\r\n"),
    "hang up at the end": always("END", HANG_UP),
    "250 that breaks off": always("END", b"250 2.0.0 Ok: queued as 4Xy"),
    "250- without an end": always("END", b"250-2.0.0 Ok: queued as 4XyZ\r\n250"),
    "no reply at all": always("END", b"hello\r\n"),
    "354 at the end": always("END", b"354 again\r\n"),
    "252 at the end": always("END", b"252 who knows\r\n"),
    "554 greeting": always("GREETING", b"554 no\r\n"),
    "greeting breaks off": always("GREETING", b"220"),
}


@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_release_that_was_not_surely_taken_is_tried_again(holds, listener, released, fault):
    """Once a 452 was recorded as delivered elsewhere, and the mail was lost (Probesys/agentj#611)."""
    hold_id, courier_ = released()
    listener.script = NOT_TAKEN[fault]

    run_at(courier_, listener, NOW)

    assert holds.get(hold_id).state is HoldState.RELEASING
    assert holds.get(hold_id).last_error
    assert FATHER not in holds.get(hold_id).last_error
    listener.script = lambda verb, argument: None
    listener.taken.clear()
    run_at(courier_, listener, NOW + timedelta(minutes=1))
    assert holds.get(hold_id).state is HoldState.RELEASED
    assert len(mails_to(listener, FATHER)) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
def test_release_refused_for_good_goes_back_to_people(holds, listener, released, step):
    hold_id, courier_ = released()
    listener.script = lambda verb, argument: (
        b"550 5.1.1 <father@mail.test> unknown\r\n" if verb == step and "email-check" not in argument else None
    )

    courier_.run_once(NOW)

    held = holds.get(hold_id)
    assert (held.state, held.approved_by) == (HoldState.HELD, ())
    assert "550 5.1.1" in held.last_error
    assert "father" not in held.last_error
    details = [entry.facts.get("detail") for entry in holds.history(hold_id)]
    assert courier.RELEASE_STUCK in details


def test_release_goes_on_without_a_recipient_who_is_refused_for_good(holds, listener, released):
    to = ("a@mail.test", "gone@mail.test", "c@mail.test")
    hold_id, courier_ = released(to=to)
    listener.script = always("RCPT", b"550 5.1.1 <gone@mail.test>: unknown\r\n", match="gone@")

    drain(courier_)

    assert listener.taken[0].recipients == ["a@mail.test", "c@mail.test"]
    assert "RSET" in listener.verbs
    assert holds.get(hold_id).state is HoldState.RELEASED
    facts = [entry.facts for entry in holds.history(hold_id) if entry.kind == "alert"]
    assert facts == [
        {"detail": courier.RELEASE_REFUSED, "lists": False, "refused": 1, "accepted": 2, "codes": ["550 5.1.1"]},
    ]
    notice = text_of(mails_to(listener, SENDER)[0])
    assert "passed it on to 2 people" in notice
    assert "1 address did not accept it" in notice
    assert mails_to(listener, "duty@council.example")


def test_release_with_one_recipient_put_off_sends_nothing_yet(holds, listener, released):
    hold_id, courier_ = released(to=("a@mail.test", "b@mail.test"))
    listener.script = always("RCPT", b"451 4.3.0 later\r\n", match="b@")

    courier_.run_once(NOW)

    assert listener.offered == []
    assert holds.get(hold_id).state is HoldState.RELEASING


def test_release_is_put_off_when_nobody_listens(holds, keys):
    hold_id = make_hold(holds)
    approve(holds, hold_id)
    make_hold(holds, content=CONTENT.replace(b"one.two", b"three"))

    worked = make_courier(holds, keys, None).run_once(NOW)

    assert worked == 3, "two notices that were overtaken, and the release: the rest need not find out too"
    assert holds.get(hold_id).state is HoldState.RELEASING


def test_release_that_takes_too_long_sends_no_data(holds, keys, listener, released):
    """The claim must not run out while mail is on its way, or another courier would send it as well."""
    hold_id, _ = released(to=("a@mail.test", "b@mail.test"))
    ticks = iter(range(0, 1_000_000, 100))
    slow = make_courier(holds, keys, listener, hand_over_s=250)
    slow._monotonic = lambda: float(next(ticks))

    slow.run_once(NOW)

    assert listener.offered == []
    assert holds.get(hold_id).state is HoldState.RELEASING


def test_listener_that_never_answers_is_left_after_the_timeout(holds, keys, listener, released):
    hold_id, _ = released()
    wait = threading.Event()
    listener.script = lambda verb, argument: wait.wait(5) and None if verb == "END" else None

    make_courier(holds, keys, listener, timeout_s=0.2, data_timeout_s=0.2).run_once(NOW)

    assert holds.get(hold_id).state is HoldState.RELEASING
    wait.set()


def test_a_long_hand_over_beats_between_commands_and_not_while_the_content_is_answered(holds, keys, listener, released):
    """A thousand recipients take minutes, and that is life; a listener that never answers must not look like it."""
    released(to=("a@mail.test", "b@mail.test"))
    beats: list[tuple[str, datetime]] = []
    courier_ = make_courier(holds, keys, listener)
    courier_._beat = lambda at: beats.append((listener.verbs[-1] if listener.verbs else "", at))
    clock = itertools.count()
    courier_._monotonic = lambda: float(next(clock))
    listener.verbs.clear()

    courier_.run_once(NOW)

    after = [verb for verb, _ in beats]
    assert after[:5] == ["", "EHLO", "MAIL", "RCPT", "RCPT"]
    assert "DATA" not in after
    times = [at for _, at in beats]
    assert times == sorted(set(times)), "each is of its own moment, not of the round's beginning"


def test_row_older_than_five_days_is_given_up(holds, listener, released):
    hold_id, courier_ = released()
    listener.script = NOT_TAKEN["452 at RCPT"]

    run_at(courier_, listener, NOW + timedelta(days=5, minutes=1))

    assert holds.get(hold_id).state is HoldState.HELD


def test_waits_between_tries_double_up_to_a_longest_and_are_spread():
    waits = [courier.retry_wait_s(n, 0.5, SETTINGS) for n in range(1, 10)]

    assert waits[:3] == [10, 20, 40]
    assert waits[-1] == 900
    assert courier.retry_wait_s(1, 0.0, SETTINGS) == 5
    assert courier.retry_wait_s(10_000, 1.0, SETTINGS) == 1350


# -- lists that were held whole ---------------------------------------------------------------------------------

TEAM, ALL = "team@council.example", "all@council.example"


@pytest.fixture
def list_listener(tmp_path, holds) -> Iterator[Listener]:
    holds.outlets = Outlets(lists=True)
    with Listener(str(tmp_path / "lists.sock"), guard=Guard(holds)) as listening:
        yield listening


@pytest.fixture
def released_lists(holds, keys, listener, list_listener):
    """Return a function like *released*, whose courier knows both listeners."""

    def make(*, to=(FATHER,), lists=(TEAM,), **changes) -> tuple[str, Courier]:
        hold_id = make_hold(holds, to=to, lists=lists, rcpt_parameters=("NOTIFY=NEVER",))
        courier_ = make_courier(holds, keys, listener, **{"list_host": list_listener.path} | changes)
        drain(courier_)
        approve(holds, hold_id)
        listener.taken.clear()
        return hold_id, courier_

    return make


def test_people_leave_by_one_listener_and_lists_by_the_other(holds, listener, list_listener, released_lists):
    hold_id, courier_ = released_lists(lists=(TEAM, ALL))

    drain(courier_)

    (people,), (lists,) = mails_to(listener, FATHER), list_listener.taken
    assert people.recipients == [FATHER]
    assert lists.rcpt == [f"TO:<{TEAM}> NOTIFY=NEVER", f"TO:<{ALL}> NOTIFY=NEVER"]
    assert people.content == lists.content
    assert people.content.endswith(CONTENT)
    assert holds.get(hold_id).state is HoldState.RELEASED
    assert "passed it on to 3 people" in text_of(mails_to(listener, SENDER)[0])


def test_a_hold_for_a_list_alone_does_not_touch_the_other_listener(holds, listener, list_listener, released_lists):
    hold_id, courier_ = released_lists(to=())

    courier_.run_once(NOW)

    assert [mail.recipients for mail in list_listener.taken] == [[TEAM]]
    assert holds.get(hold_id).state is HoldState.RELEASED
    assert [mail.recipients for mail in listener.taken] == [[SENDER]]


@pytest.mark.parametrize("fails", ["people", "lists"])
@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_a_part_that_is_put_off_is_tried_again_and_the_other_is_sent_once(
    holds, listener, list_listener, released_lists, fails, fault
):
    hold_id, courier_ = released_lists()
    broken, whole = (listener, list_listener) if fails == "people" else (list_listener, listener)
    broken.script = NOT_TAKEN[fault]

    courier_.run_once(NOW)

    assert holds.get(hold_id).state is HoldState.RELEASING
    assert holds.get(hold_id).last_error
    assert len([mail for mail in whole.taken if SENDER not in mail.recipients]) == 1
    broken.script = lambda verb, argument: None
    broken.taken.clear()
    list_listener.now = NOW + timedelta(minutes=1)
    run_at(courier_, listener, NOW + timedelta(minutes=1))
    assert holds.get(hold_id).state is HoldState.RELEASED
    assert len(mails_to(listener, FATHER)) == 1
    assert [mail.recipients for mail in list_listener.taken] == [[TEAM]]


def test_a_part_that_is_refused_for_good_does_not_keep_the_other_back(holds, listener, list_listener, released_lists):
    hold_id, courier_ = released_lists()
    listener.script = always("RCPT", b"550 5.1.1 gone\r\n", match=FATHER)

    courier_.run_once(NOW)

    assert [mail.recipients for mail in list_listener.taken] == [[TEAM]]
    held = holds.get(hold_id)
    assert (held.state, held.held_count, held.delivered_count) == (HoldState.HELD, 1, 1)
    assert "550 5.1.1" in held.last_error
    listener.script = lambda verb, argument: None
    holds.approve(hold_id, actor="kim", reason="", now=NOW)
    courier_.run_once(NOW)
    assert len(mails_to(listener, FATHER)) == 1
    assert len(list_listener.taken) == 1
    assert holds.get(hold_id).state is HoldState.RELEASED


def test_a_part_that_the_store_could_not_be_told_of_is_not_sent_again(
    holds, keys, listener, list_listener, released_lists
):
    hold_id, _ = released_lists()
    flaky = Flaky(holds, "left")
    courier_ = make_courier(flaky, keys, listener, list_host=list_listener.path)

    with pytest.raises(StoreError):
        courier_.run_once(NOW)
    flaky.away = False
    later = NOW + timedelta(hours=1)
    list_listener.now = later
    run_at(courier_, listener, later)

    assert holds.get(hold_id).state is HoldState.RELEASED
    assert len(mails_to(listener, FATHER)) == len(list_listener.taken) == 1


def test_a_list_waits_for_its_listener_and_other_mail_does_not(holds, keys, listener, released_lists):
    hold_id, courier_ = released_lists(list_host="/nowhere/lists.sock")
    other = make_hold(holds, content=CONTENT.replace(b"one.two", b"three"))

    courier_.run_once(NOW)

    assert holds.get(hold_id).state is HoldState.RELEASING
    assert "no listener for lists" in holds.get(hold_id).last_error
    assert holds.get(other).state is HoldState.HELD
    assert mails_to(listener, SENDER), "the notice of the other hold"


def test_a_list_whose_listener_was_taken_out_of_the_settings_goes_back_to_people(
    holds, listener, list_listener, released_lists
):
    """Between the decision and the courier's turn; never released, and never sent where nothing expands it."""
    hold_id, courier_ = released_lists(to=(), list_host="")

    courier_.run_once(NOW)

    assert holds.get(hold_id).state is HoldState.HELD
    assert holds.get(hold_id).last_error == courier.NO_LIST_LISTENER
    assert not any(TEAM in mail.recipients for mail in (*listener.offered, *list_listener.offered))


def test_members_refused_for_good_are_told_of_whatever_their_part(holds, listener, list_listener, released_lists):
    hold_id, courier_ = released_lists(to=(FATHER, "gone@mail.test"), lists=(TEAM, ALL))
    listener.script = always("RCPT", b"550 5.1.1 no\r\n", match="gone@")
    list_listener.script = always("RCPT", b"550 5.1.1 no\r\n", match=ALL)

    drain(courier_)

    notice = text_of(mails_to(listener, SENDER)[0])
    assert "passed it on to 2 people" in notice
    assert "2 addresses did not accept it" in notice
    facts = [entry.facts for entry in holds.history(hold_id) if entry.kind == "alert"]
    assert [(each["lists"], each["refused"]) for each in facts] == [(False, 1), (True, 1)]


@pytest.mark.parametrize("point", [point for point in points.CHECKPOINTS if point != "row put off"])
def test_crash_anywhere_in_a_release_of_two_parts_repeats_one_of_them_at_most(
    holds, keys, listener, list_listener, released_lists, monkeypatch, point
):
    hold_id, courier_ = released_lists()

    def kill(name: str) -> None:
        if name == point:
            raise Killed

    monkeypatch.setattr(courier, "checkpoint", kill)
    monkeypatch.setattr(handover, "checkpoint", kill)
    with pytest.raises(Killed):
        courier_.run_once(NOW)
    monkeypatch.undo()

    later = NOW + timedelta(hours=1)
    listener.now = list_listener.now = later
    drain(make_courier(holds, keys, listener, list_host=list_listener.path), later)

    assert holds.get(hold_id).state is HoldState.RELEASED
    counts = [len(mails_to(listener, FATHER)), len(list_listener.taken)]
    assert min(counts) == 1
    assert sum(counts) <= (3 if point in {"data sent", "accepted by listener"} else 2)


def test_a_release_of_which_every_part_has_left_ends_without_another_mail(
    holds, listener, list_listener, released_lists
):
    hold_id, courier_ = released_lists()
    later = NOW + timedelta(hours=2)
    (row,) = [row for row in holds.claim(NOW, 10, 60) if row.kind == "release"]
    for lists in (False, True):
        holds.left(row, lists=lists, now=NOW)

    listener.now = list_listener.now = later
    drain(courier_, later)

    assert holds.get(hold_id).state is HoldState.RELEASED
    assert mails_to(listener, FATHER) == []
    assert list_listener.taken == []


# -- the archive's copy -----------------------------------------------------------------------------------------

ARCHIVE = "archive@council.example"


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("at_hold", [True, False])
def test_the_archive_gets_one_copy_of_its_own_where_the_first_pass_made_none(holds, keys, listener, at_hold, others):
    holds.outlets = Outlets(archive=ARCHIVE, at_hold=at_hold)
    hold_id = make_hold(holds, others=others, parameters=("RET=FULL",), rcpt_parameters=("NOTIFY=SUCCESS",))
    courier_ = make_courier(holds, keys, listener)
    drain(courier_)
    copies = mails_to(listener, ARCHIVE)
    assert len(copies) == (1 if at_hold and not others else 0)
    approve(holds, hold_id)
    drain(courier_)

    copies = mails_to(listener, ARCHIVE)
    assert len(copies) == (0 if others else 1)
    assert [mail.recipients for mail in mails_to(listener, FATHER)] == [[FATHER]]
    for copy in copies:
        assert copy.content == mails_to(listener, FATHER)[0].content
        assert copy.mail.startswith(f"FROM:<{SENDER}> ")
        assert copy.rcpt == [f"TO:<{ARCHIVE}> NOTIFY=NEVER"], "nobody is told that the archive's mailbox is full"


def test_an_archive_that_fails_keeps_nobodys_mail_back(holds, keys, listener):
    holds.outlets = Outlets(archive=ARCHIVE, at_hold=True)
    hold_id = make_hold(holds)
    approve(holds, hold_id)
    listener.script = always("RCPT", b"550 5.1.1 gone\r\n", match=ARCHIVE)

    drain(make_courier(holds, keys, listener))

    assert holds.get(hold_id).state is HoldState.RELEASED
    assert len(mails_to(listener, FATHER)) == 1
    assert mails_to(listener, "duty@council.example"), "somebody is told that the archive lacks a message"


def test_an_archive_that_the_mail_is_held_for_gets_it_when_it_is_released(holds, keys, listener):
    """Its copy at the hold would be the very mail that somebody is to decide on."""
    holds.outlets = Outlets(archive=ARCHIVE, at_hold=True)
    hold_id = make_hold(holds, to=(FATHER, ARCHIVE))
    courier_ = make_courier(holds, keys, listener)

    drain(courier_)
    assert mails_to(listener, ARCHIVE) == []
    approve(holds, hold_id)
    drain(courier_)

    assert [mail.recipients for mail in mails_to(listener, ARCHIVE)] == [[FATHER, ARCHIVE]]


def test_a_copy_for_an_archive_that_is_named_no_more_is_given_up(holds, keys, listener):
    holds.outlets = Outlets(archive=ARCHIVE, at_hold=True)
    make_hold(holds)
    holds.outlets = Outlets()

    drain(make_courier(holds, keys, listener))

    assert mails_to(listener, ARCHIVE) == []
    assert mails_to(listener, "duty@council.example")


@pytest.mark.parametrize("point", ONE_PART[:-1])
def test_crash_anywhere_in_an_archive_copy_repeats_it_once_at_most(holds, keys, listener, monkeypatch, point):
    holds.outlets = Outlets(archive=ARCHIVE, at_hold=True)
    make_hold(holds)
    courier_ = make_courier(holds, keys, listener, batch=1)
    courier_.run_once(NOW)
    courier_.run_once(NOW)  # the two notices
    assert mails_to(listener, ARCHIVE) == []

    def kill(name: str) -> None:
        if name == point:
            raise Killed

    monkeypatch.setattr(courier, "checkpoint", kill)
    monkeypatch.setattr(handover, "checkpoint", kill)
    with pytest.raises(Killed):
        courier_.run_once(NOW)
    monkeypatch.undo()

    later = NOW + timedelta(hours=1)
    listener.now = later
    drain(make_courier(holds, keys, listener), later)

    copies = mails_to(listener, ARCHIVE)
    assert 1 <= len(copies) <= (2 if point in {"data sent", "accepted by listener"} else 1)
    assert len({mail.content for mail in copies}) == 1


# -- crashes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ONE_PART)
def test_crash_anywhere_in_a_release_loses_nothing_and_repeats_once_at_most(
    holds, keys, listener, released, monkeypatch, point
):
    hold_id, courier_ = released()
    if point == "row put off":
        listener.script = NOT_TAKEN["452 at RCPT"]
    reached = []

    def kill(name: str) -> None:
        reached.append(name)
        if name == point:
            raise Killed

    monkeypatch.setattr(courier, "checkpoint", kill)
    monkeypatch.setattr(handover, "checkpoint", kill)

    with pytest.raises(Killed):
        courier_.run_once(NOW)

    monkeypatch.undo()
    assert holds.get(hold_id).state is (HoldState.RELEASED if point == "row done" else HoldState.RELEASING)
    listener.script = lambda verb, argument: None
    later = NOW + timedelta(hours=1)
    listener.now = later
    drain(make_courier(holds, keys, listener), later)
    assert holds.get(hold_id).state is HoldState.RELEASED
    copies = mails_to(listener, FATHER)
    assert 1 <= len(copies) <= (2 if point in {"data sent", "accepted by listener"} else 1)
    assert len({mail.content for mail in copies}) == 1
    assert len({mail.message_id for mail in mails_to(listener, SENDER)}) == 1


@pytest.mark.parametrize("point", ONE_PART[:-1])
def test_crash_anywhere_in_a_notice_repeats_it_recognisably(holds, keys, listener, monkeypatch, point):
    make_hold(holds)

    def kill(name: str) -> None:
        if name == point:
            raise Killed

    monkeypatch.setattr(courier, "checkpoint", kill)
    monkeypatch.setattr(handover, "checkpoint", kill)
    with pytest.raises(Killed):
        make_courier(holds, keys, listener).run_once(NOW)
    monkeypatch.undo()

    later = NOW + timedelta(hours=1)
    listener.now = later
    drain(make_courier(holds, keys, listener), later)

    notices = mails_to(listener, SENDER)
    assert 1 <= len(notices) <= 2
    assert len({mail.message_id for mail in notices}) == 1


@pytest.mark.parametrize("call", ["claim", "to_release", "open", "expect", "done", "expire_due"])
def test_store_that_goes_away_for_a_while_doubles_nothing(holds, keys, listener, released, call):
    hold_id, _ = released()
    flaky = Flaky(holds, call)
    courier_ = make_courier(flaky, keys, listener)

    with contextlib.suppress(StoreError):
        courier_.run_once(NOW)
    assert holds.get(hold_id).state is HoldState.RELEASING

    flaky.away = False
    run_at(courier_, listener, NOW + timedelta(minutes=1))
    assert holds.get(hold_id).state is HoldState.RELEASED
    assert len(mails_to(listener, FATHER)) == 1


def test_run_survives_a_store_that_is_away(holds, keys, listener, monkeypatch):
    hold_id = make_hold(holds)
    monkeypatch.setattr(courier, "STORE_AWAY_S", 0.01)
    monkeypatch.setattr(courier, "POLL_S", 0.01)
    flaky = Flaky(holds, "claim")
    courier_ = make_courier(flaky, keys, listener)
    stop = threading.Event()
    ticks: list[datetime] = []

    def clock() -> datetime:
        ticks.append(NOW)
        flaky.away = len(ticks) < 3
        if len(ticks) > 10:
            stop.set()
        return NOW

    courier_.run(stop, clock=clock)

    assert mails_to(listener, SENDER)
    assert holds.get(hold_id).state is HoldState.HELD


def test_bug_met_by_one_row_does_not_stop_the_others(holds, keys, listener, monkeypatch):
    make_hold(holds)
    real = courier.telling.checked

    def broken(kind, *rest):
        if kind.value == "held":
            raise RuntimeError(PROTECTED)
        return real(kind, *rest)

    monkeypatch.setattr(courier.telling, "checked", broken)

    make_courier(holds, keys, listener).run_once(NOW)

    assert [mail.recipients for mail in listener.taken] == [["review@council.example"]]


# -- notices ----------------------------------------------------------------------------------------------------


def text_of(mail: Mail) -> str:
    return " ".join(message_from_bytes(mail.content, policy=SMTP).get_body(("plain",)).get_content().split())


def test_hold_tells_the_sender_and_the_reviewers(holds, keys, listener):
    hold_id = make_hold(holds, others=2)

    drain(make_courier(holds, keys, listener))

    sender, task = mails_to(listener, SENDER), mails_to(listener, "review@council.example")
    assert (len(sender), len(task), len(listener.taken)) == (1, 1, 2)
    assert sender[0].mail.startswith("FROM:<>")
    said = text_of(sender[0])
    assert said.startswith("Your email has not been sent to 1 of the people on it.")
    assert "attachment 1, page 4" in said
    assert "the first person in Cc" in said
    assert hold_id in said
    mail = message_from_bytes(sender[0].content, policy=SMTP)
    assert mail["In-Reply-To"] == "<one.two@council.example>"
    assert "2 people" in text_of(task[0])


def test_notice_says_nothing_protected(holds, keys, listener):
    make_hold(holds)

    drain(make_courier(holds, keys, listener))

    everything = "".join(text_of(mail) + mail.content.decode() for mail in listener.taken).casefold()
    for secret in ("damson", "elverton", "el9", "rosamund", "bundle", "medical", "father@", "mail.test", "p-1"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("identity", "sender", "told"),
    [
        pytest.param("kim@council.example", SENDER, "kim@council.example", id="login that is an address"),
        pytest.param("kim", SENDER, "kim.lee@council.example", id="login with a known address"),
        pytest.param("nobody", SENDER, SENDER, id="login without an address"),
        pytest.param("kim@elsewhere.test", SENDER, SENDER, id="login of elsewhere"),
        pytest.param("", "scanner@council.example", "kim.lee@council.example", id="device with an owner"),
        pytest.param("", "x@sub.council.example", "x@sub.council.example", id="sub-domain"),
        pytest.param("", "x@elsewhere.test", "", id="sender outside"),
        pytest.param("", "x@notcouncil.example", "", id="a domain that only ends alike"),
        pytest.param("", "", "", id="null sender"),
    ],
)
def test_only_the_submitter_inside_hears_else_owner_and_duty(holds, keys, listener, identity, sender, told):
    make_hold(holds, identity=identity, sender=sender)

    drain(make_courier(holds, keys, listener, logins=LOGINS))

    heard = sorted(address for mail in listener.taken for address in mail.recipients)
    expected = [told] if told else ["duty@council.example", "owner@council.example"]
    assert heard == sorted([*expected, "review@council.example"])


@pytest.mark.parametrize(
    "header",
    [
        b"Auto-Submitted: auto-generated",
        b"auto-submitted: Auto-Replied; type=x",
        b"List-Id: <x.council.example>",
        b"Precedence: bulk",
    ],
)
def test_robots_and_lists_get_no_notice_but_somebody_hears(holds, keys, listener, header):
    make_hold(holds, content=header + b"\r\n" + CONTENT)

    drain(make_courier(holds, keys, listener))

    assert not mails_to(listener, SENDER)
    said = text_of(mails_to(listener, "owner@council.example")[0])
    assert "Its sender was not told: the email was sent by a program or to a list." in said


def test_auto_submitted_no_is_a_person(holds, keys, listener):
    make_hold(holds, content=b"Auto-Submitted: no\r\n" + CONTENT)

    drain(make_courier(holds, keys, listener))

    assert mails_to(listener, SENDER)


def test_nobody_outside_ever_hears_whatever_the_settings_say(holds, keys, listener):
    make_hold(holds, sender="x@elsewhere.test")
    courier_ = make_courier(
        holds,
        keys,
        listener,
        owners={"safe-address": (FATHER,)},
        duty=("d@mail.test",),
        reviewers={"reviewers": (FATHER,)},
    )

    drain(courier_)

    assert listener.offered == []


def test_owner_hears_where_the_senders_mailbox_refuses_the_notice(holds, keys, listener):
    make_hold(holds)
    listener.script = always("RCPT", b"550 5.1.1 gone\r\n", match=SENDER)

    drain(make_courier(holds, keys, listener))

    assert "the notice could not be delivered" in text_of(mails_to(listener, "owner@council.example")[0])


def test_notice_that_nobody_takes_becomes_an_alert(holds, keys, listener):
    make_hold(holds)
    listener.script = lambda verb, argument: (
        b"550 5.1.1 gone\r\n" if verb == "RCPT" and "review@" not in argument and "duty@" not in argument else None
    )

    drain(make_courier(holds, keys, listener, owners={}, duty=("duty@council.example",)))

    assert mails_to(listener, "duty@council.example")


@pytest.mark.parametrize("end", ["refuse", "cancel", "expire"])
def test_every_end_is_told(holds, keys, listener, end):
    hold_id = make_hold(holds)
    courier_ = make_courier(holds, keys, listener)
    drain(courier_)
    listener.taken.clear()
    now = NOW + timedelta(minutes=5)
    if end == "refuse":
        holds.refuse(hold_id, actor="alex", reason="", now=now)
    elif end == "cancel":
        holds.cancel(hold_id, actor="alex", reason="", now=now)
    else:
        now = holds.get(hold_id).expires_at + timedelta(seconds=1)

    listener.now = now
    drain(courier_, now)

    assert len(mails_to(listener, SENDER)) == 1
    assert listener.taken[0].recipients == [SENDER]


# -- what a decision has overtaken ------------------------------------------------------------------------------


def subjects(listener, address) -> list[str]:
    return [str(message_from_bytes(m.content, policy=SMTP)["Subject"]) for m in mails_to(listener, address)]


def dropped(holds, hold_id) -> list[str]:
    return [entry.facts["kind"] for entry in holds.history(hold_id) if entry.kind == "overtaken"]


@pytest.fixture
def catching_up(holds, keys, listener):
    """Return a function that lets a courier that was away work till nothing is left, for an hour and more."""
    courier_ = make_courier(holds, keys, listener)

    def work(now=NOW) -> None:
        for minutes in (0, 1, 20, 90):
            run_at(courier_, listener, now + timedelta(minutes=minutes))
            drain(courier_, now + timedelta(minutes=minutes))

    return work


def test_of_a_hold_that_was_released_before_anybody_heard_only_the_release_is_told(holds, listener, catching_up):
    """ "Your email is on hold", after "Your email was sent", makes people send it again by another way."""
    hold_id = make_hold(holds)
    approve(holds, hold_id)

    catching_up()

    assert holds.get(hold_id).state is HoldState.RELEASED
    assert subjects(listener, SENDER) == [f"Your email was sent (reference {hold_id})"]
    assert "It was on hold for a check" in text_of(mails_to(listener, SENDER)[0])
    assert mails_to(listener, "review@council.example") == []
    assert sorted(dropped(holds, hold_id)) == ["notice.held", "notice.task"]


@pytest.mark.parametrize(
    ("end", "subject"),
    [("refuse", "Your email was not sent"), ("cancel", "Your email was cancelled")],
)
def test_of_a_hold_that_ended_before_anybody_heard_only_the_end_is_told(holds, listener, catching_up, end, subject):
    hold_id = make_hold(holds)
    getattr(holds, end)(hold_id, actor="alex", reason="", now=NOW)

    catching_up()

    assert subjects(listener, SENDER) == [f"{subject} (reference {hold_id})"]
    assert mails_to(listener, "review@council.example") == []


def test_while_a_release_is_tried_nobody_hears_that_the_mail_is_on_hold(holds, listener, catching_up):
    hold_id = make_hold(holds)
    approve(holds, hold_id)
    listener.script = always("RCPT", b"451 4.3.0 later\r\n", match=FATHER)

    catching_up()

    assert holds.get(hold_id).state is HoldState.RELEASING
    assert subjects(listener, SENDER) == []


def test_where_the_release_fails_the_sender_and_the_reviewers_hear_of_the_hold_after_all(
    holds, keys, listener, catching_up
):
    hold_id = make_hold(holds)
    approve(holds, hold_id)
    listener.script = always("RCPT", b"451 4.3.0 later\r\n", match=FATHER)
    catching_up()
    listener.script = always("RCPT", b"550 5.1.1 no\r\n", match=FATHER)

    catching_up(NOW + timedelta(days=6))

    assert holds.get(hold_id).state is HoldState.HELD
    assert subjects(listener, SENDER) == [f"Your email is on hold (reference {hold_id})"]
    assert len(mails_to(listener, "review@council.example")) == 1


def test_of_a_hold_that_two_must_approve_reviewers_get_the_latest_task_only(holds, listener, catching_up):
    hold_id = make_hold(holds, approvals=2)
    approve(holds, hold_id)

    catching_up()

    assert len(mails_to(listener, "review@council.example")) == 1
    assert dropped(holds, hold_id) == ["notice.task"]


def test_a_refusal_that_was_taken_back_before_it_was_told_is_not_told(holds, keys, listener, catching_up):
    """The sender hears what is true: it is on hold, though the first notice of that was dropped."""
    hold_id = make_hold(holds)
    holds.refuse(hold_id, actor="alex", reason="", now=NOW)
    listener.script = always("GREETING", b"421 4.3.2 later\r\n")
    for _ in range(3):
        make_courier(holds, keys, listener).run_once(NOW)  # drops the first notice, and cannot send the second
    assert dropped(holds, hold_id) == ["notice.held", "notice.task"]
    holds.reopen(hold_id, actor="alex", reason="", now=NOW)
    listener.script = lambda verb, argument: None

    catching_up()

    assert subjects(listener, SENDER) == [f"Your email is on hold (reference {hold_id})"]
    assert len(mails_to(listener, "review@council.example")) == 1


def test_who_heard_of_the_hold_does_not_hear_of_it_again_because_it_was_reopened(holds, keys, listener, catching_up):
    hold_id = make_hold(holds)
    catching_up()
    holds.refuse(hold_id, actor="alex", reason="", now=NOW)
    holds.reopen(hold_id, actor="alex", reason="", now=NOW)

    catching_up(NOW + timedelta(hours=2))

    assert subjects(listener, SENDER) == [f"Your email is on hold (reference {hold_id})"]


def test_a_second_refusal_is_told_once(holds, listener, catching_up):
    hold_id = make_hold(holds)
    holds.refuse(hold_id, actor="alex", reason="", now=NOW)
    holds.reopen(hold_id, actor="alex", reason="", now=NOW)
    holds.refuse(hold_id, actor="alex", reason="", now=NOW)

    catching_up()

    assert subjects(listener, SENDER) == [f"Your email was not sent (reference {hold_id})"]


# -- leaks ------------------------------------------------------------------------------------------------------


def test_leak_cuts_the_notice_short_and_alerts_with_counts_only(holds, keys, listener, monkeypatch, caplog):
    """A bug in rendering must not become a leak: the check is another pair of eyes."""
    hold_id = make_hold(holds)
    real = courier.telling.notices.render

    def leaky(kind, held, *, settings, occasion):
        mail = real(kind, held, settings=settings, occasion=occasion)
        return mail if occasion.minimal else mail.replace(b"Your email", b"Your email Rosamund", 1)

    monkeypatch.setattr(courier.telling.notices, "render", leaky)
    caplog.set_level(logging.INFO)

    drain(make_courier(holds, keys, listener))

    said = text_of(mails_to(listener, SENDER)[0])
    assert said.startswith("An email is on hold and has not been sent.")
    assert all(b"Rosamund" not in mail.content for mail in listener.offered)
    alerts = [entry.facts for entry in holds.history(hold_id) if entry.kind == "alert"]
    assert {"detail": courier.NOTICE_LEAK, "leaks": 1} in alerts
    assert "Rosamund" not in caplog.text


def test_the_text_of_the_policys_author_stands_in_the_notice_with_its_placeholders_filled(holds, keys, listener):
    hold_id = make_hold(
        holds, others=1, texts=("Ref {reference}: {held_count} wait, {delivered_count} have it.", "Hm.")
    )

    drain(make_courier(holds, keys, listener))

    told = text_of(mails_to(listener, SENDER)[0])
    assert f"Ref {hold_id}: 1 wait, 1 have it." in told
    assert "found information" not in told
    assert "Hm." in text_of(mails_to(listener, "review@council.example")[0])


def test_without_a_text_of_the_author_the_notice_has_the_standard_words(holds, keys, listener):
    make_hold(holds)

    drain(make_courier(holds, keys, listener))

    assert "found information that may need protecting." in text_of(mails_to(listener, SENDER)[0])


def test_a_text_of_the_author_that_says_what_is_protected_gives_way_to_the_standard_words(
    holds, keys, listener, caplog
):
    hold_id = make_hold(holds, texts=("Never write 14 Damson Rise.", ""))

    drain(make_courier(holds, keys, listener))

    assert f"words of a policy were left out of a notice hold={hold_id}" in caplog.text
    assert "Damson" not in caplog.text

    told = text_of(mails_to(listener, SENDER)[0])
    assert "found information that may need protecting." in told
    assert "This notice is a reply to that email" in told
    assert all(b"Damson" not in mail.content for mail in listener.offered)
    assert not [entry for entry in holds.history(hold_id) if entry.kind == "alert"]


@pytest.mark.parametrize("text", ["", "Ask before you write."])
def test_a_title_that_says_what_is_protected_is_left_out_and_nothing_else_is(holds, keys, listener, text):
    hold_id = make_hold(holds, texts=(text, ""), notice_title="letters to Damson Rise")

    drain(make_courier(holds, keys, listener))

    told = text_of(mails_to(listener, SENDER)[0])
    assert (text or "found information that may need protecting.") in told
    assert "page 4" in told
    assert "Check:" not in told
    assert all(b"Damson" not in mail.content for mail in listener.offered)
    assert not [entry for entry in holds.history(hold_id) if entry.kind == "alert"]


def test_notice_that_leaks_however_short_is_never_sent(holds, keys, listener, monkeypatch):
    make_hold(holds)
    real = courier.telling.notices.render

    def leaky(kind, held, *, settings, occasion):
        return real(kind, held, settings=settings, occasion=occasion) + b"\r\nDamson Rise"

    monkeypatch.setattr(courier.telling.notices, "render", leaky)

    drain(make_courier(holds, keys, listener))

    assert listener.offered == []


def test_message_id_that_holds_a_subject_word_costs_the_threading_only(holds, keys, listener):
    make_hold(holds, content=CONTENT.replace(b"<one.two@", b"<rosamund.1@"))

    drain(make_courier(holds, keys, listener))

    mail = message_from_bytes(mails_to(listener, SENDER)[0].content, policy=SMTP)
    assert mail["In-Reply-To"] is None
    assert mail["Subject"].startswith("Your email is on hold")


def test_logs_name_no_address_and_no_text(holds, keys, listener, released, caplog):
    caplog.set_level(logging.DEBUG)
    _, courier_ = released(to=(FATHER, "gone@mail.test"))
    listener.script = always("RCPT", b"550 5.1.1 <gone@mail.test>: unknown\r\n", match="gone@")
    drain(courier_)
    hold_id = make_hold(holds, content=CONTENT.replace(b"one.two", b"three"))
    approve(holds, hold_id)
    listener.script = always("END", b"550 5.7.1 <father@mail.test> Damson Rise\r\n")

    drain(courier_)

    assert "accepted=1 refused=1" in caplog.text
    for secret in ("@", "Damson", "Rosamund", "medical"):
        assert secret not in caplog.text


# -- other listeners --------------------------------------------------------------------------------------------


class Sink:
    """An aiosmtpd handler that keeps what it gets."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.contents.append(envelope.content)
        return "250 OK"


@pytest.mark.enable_socket
def test_release_over_loopback_to_another_server(holds, keys):
    hold_id = make_hold(holds, parameters=("RET=FULL",), rcpt_parameters=("NOTIFY=NEVER",))
    approve(holds, hold_id)
    sink = Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(sink, hostname="127.0.0.1", port=port)
    server.start()
    try:
        make_courier(holds, keys, None, host="127.0.0.1", port=port).run_once(NOW)
    finally:
        server.stop()

    assert holds.get(hold_id).state is HoldState.RELEASED
    assert any(content.endswith(CONTENT) for content in sink.contents)


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        (b"250 2.0.0 Ok: queued as 4XyZ\r\n", "4XyZ"),
        (b"250 OK id=1tFabc-000000-AB\r\n", "1tFabc-000000-AB"),
        (b"250 OK\r\n", ""),
        (b"250-2.0.0 fine\r\n250 queued as Q1.\r\n", "Q1"),
        (b"250 queued as " + b"x" * 500 + b"\r\n", "x" * 64),
    ],
)
def test_queue_id_is_taken_from_the_reply_if_there_is_one(tmp_path, text, queue_id):
    with Listener(str(tmp_path / "q.sock"), script=always("END", text)) as listening:
        smtp = handover.Connection(local_hostname="t", timeout=5)
        smtp.connect(listening.path, 0)
        parcel = handover.Parcel("", (Recipient("a@b.test"),), b"A: b\r\n\r\n")

        receipt = handover.hand_over(smtp, parcel, depart=lambda _: None, tick=lambda: None)

        smtp.close()
    assert receipt.queue_id == queue_id


@pytest.mark.parametrize(
    ("address", "is_sendable"),
    [
        ("a@b.test", True),
        ('"a b>c"@d.test', True),
        ("", True),
        ("a b@c.test", False),
        ("a@b.test> NOTIFY=NEVER", False),
        ('"a"@b.test> NOTIFY=NEVER', False),
        ("a\r\nDATA@b.test", False),
        ("a\udcff@b.test", False),
        ('"a@b.test', False),
    ],
)
def test_address_that_would_say_more_than_itself_is_not_sent(address, is_sendable):
    assert handover.is_sendable(address) is is_sendable
