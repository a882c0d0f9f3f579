# SPDX-License-Identifier: GPL-3.0-or-later
"""From verdict to wire: one path, and every way it can go wrong."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from safehold import gate as gate_module
from safehold.errors import NotLoadedError, StoreError
from safehold.gate import Gate, reply_for
from safehold.gate.facts import AsGiven, NoMaps, Site
from safehold.model import (
    Action,
    Demand,
    Direction,
    Envelope,
    FinalRecipient,
    Message,
    Reading,
    Recipient,
    RecipientVerdict,
    ReplyKind,
    Verdict,
)
from safehold.policy import PolicySet

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
SITE = Site(frozenset({"council.test"}))
ANYTHING = Demand()


def make_message(*recipients, **macros):
    envelope = Envelope("sw@council.test", tuple(Recipient(r) for r in recipients or ("b@other.test",)))
    names = {"{auth_authen}": "sw", "i": "4Zq"} | {f"{{{k}}}": v for k, v in macros.items()}
    return Message(envelope, b"Subject: secret words\r\n\r\nx\r\n", NOW, names)


def make_verdict(**actions):
    """Verdict from final address -> (action, via...); "_at_" stands for "@"."""
    recipients = []
    for name, (action, *via) in actions.items():
        address = name.replace("_at_", "@") + ".test"
        recipient = FinalRecipient(address, tuple(v + ".test" for v in via) or (address,), Direction.OUTBOUND)
        recipients.append(RecipientVerdict(recipient, action))
    return Verdict(tuple(recipients))


@dataclass
class Outcome:
    hold_id: str = "7K4M-2QXR"
    joined: bool = False


class Books:
    """Stands in for the quarantine: remembers what it was asked, fails where told to."""

    def __init__(self, error=None):
        self.held, self.facts, self.noted, self.faults, self.error = [], [], [], 0, error

    def hold(self, message, facts, verdict, reading, *, now):
        if self.error:
            raise self.error
        self.held.append(verdict)
        self.facts.append(facts)
        return Outcome()

    def note(self, message, facts, verdict, *, now):
        self.noted.append(verdict)

    def fault(self, message, facts, *, now):
        self.faults += 1
        return self.faults

    def matches(self, facts, verdict):
        return ()


class Reader:
    def read(self, content, *, document_name=None, demand=ANYTHING, tick=None):
        if tick:
            tick()
        return Reading()


@pytest.fixture
def judged(monkeypatch):
    """Return judge(message, verdict or exception, books) -> reply, with screening scripted."""

    def judge(message, verdict, books, *, demand=ANYTHING, expander=None, rules=None, progress=None):
        def screen(*_):
            if isinstance(verdict, Exception):
                raise verdict
            return verdict

        monkeypatch.setattr(gate_module.screening, "demand", lambda *_: demand)
        monkeypatch.setattr(gate_module.screening, "screen", screen)
        empty = gate_module.Rules(PolicySet(), None)
        gate = Gate(
            rules=rules or (lambda: empty),
            reader=Reader(),
            quarantine=books,
            site=SITE,
            expander=expander or NoMaps(),
            now=lambda: NOW,
        )
        return gate.judge(message, progress)

    return judge


def test_a_clean_message_is_accepted_unchanged(judged):
    reply = judged(make_message(), make_verdict(b_at_other=(Action.PASS,)), Books())

    assert (reply.kind, reply.remove, reply.add) == (ReplyKind.ACCEPT, (), ())


def test_what_no_policy_concerns_is_accepted_without_reading(judged):
    reply = judged(make_message(), AssertionError("must not be screened"), Books(), demand=None)

    assert reply.kind is ReplyKind.ACCEPT


def test_a_hold_of_everybody_is_discarded_after_the_commit(judged):
    books = Books()

    reply = judged(make_message(), make_verdict(b_at_other=(Action.HOLD,)), books)

    assert reply.kind is ReplyKind.DISCARD
    assert reply.hold == "7K4M-2QXR"
    assert len(books.held) == 1


def test_a_hold_that_cannot_be_stored_is_a_temporary_failure(judged):
    books = Books(error=StoreError("the disk is full"))

    reply = judged(make_message(), make_verdict(b_at_other=(Action.HOLD,)), books)

    assert reply.kind is ReplyKind.TEMPFAIL
    assert books.faults == 0


def test_a_note_is_recorded_and_the_message_goes_out(judged):
    books = Books()

    reply = judged(make_message(), make_verdict(b_at_other=(Action.NOTIFY,)), books)

    assert reply.kind is ReplyKind.ACCEPT
    assert len(books.noted) == 1
    assert books.held == []


def test_only_where_everybody_is_rejected_does_the_client_hear_550(judged):
    books = Books()
    alone = judged(make_message(), make_verdict(b_at_other=(Action.REJECT,)), books)
    mixed = judged(
        make_message("b@other.test", "c@other.test"),
        make_verdict(b_at_other=(Action.REJECT,), c_at_other=(Action.PASS,)),
        books,
    )

    assert alone.kind is ReplyKind.REJECT
    assert (mixed.kind, [r.address for r in mixed.remove]) == (ReplyKind.ACCEPT, ["b@other.test"])


def test_the_third_failure_of_our_own_is_a_hold(judged):
    books = Books()
    replies = [judged(make_message(), ZeroDivisionError("secret words"), books) for _ in range(3)]

    assert [r.kind for r in replies] == [ReplyKind.TEMPFAIL, ReplyKind.TEMPFAIL, ReplyKind.DISCARD]
    assert [p.reason.value for p in books.held[0].problems] == ["crashed"]


def test_failures_of_our_own_hold_unexpanded_lists_too(judged):
    class TooLong:
        def expand_all(self, addresses):
            return {a: AsGiven((), "too long") for a in addresses}

    books = Books()
    replies = [judged(make_message("all@council.test"), RuntimeError(), books, expander=TooLong()) for _ in range(3)]

    assert replies[2].kind is ReplyKind.DISCARD
    assert [r.recipient.address for r in books.held[0].recipients] == ["all@council.test"]


def test_who_is_held_under_a_name_that_nobody_could_look_up_is_known_as_such(judged):
    """The release of a list goes another way than that of a person; a fault while looking up must not blur them."""

    class Broken:
        def expand_all(self, addresses):
            raise ZeroDivisionError

    books = Books()
    replies = [judged(make_message("all@council.test"), None, books, expander=Broken()) for _ in range(3)]

    assert [r.kind for r in replies] == [ReplyKind.TEMPFAIL, ReplyKind.TEMPFAIL, ReplyKind.DISCARD]
    assert list(books.facts[0].unexpanded) == ["all@council.test"]
    assert not books.facts[0].recipients


def test_rules_that_are_not_loaded_pass_nothing(judged):
    def unloaded():
        raise NotLoadedError("policies and register are not loaded")

    assert judged(make_message(), make_verdict(), Books(), rules=unloaded).kind is ReplyKind.TEMPFAIL


def test_a_message_cut_at_the_size_limit_is_refused_and_never_judged(judged):
    reply = judged(make_message(safehold_truncated="1"), AssertionError("must not be screened"), Books())

    assert (reply.kind, reply.code[0]) == (ReplyKind.REJECT, "552")


def test_nothing_of_a_message_or_of_a_foreign_exception_is_logged(judged, caplog):
    with caplog.at_level(logging.DEBUG):
        judged(make_message("victim@other.test"), ValueError("12 Acacia Road secret words"), Books())
        judged(make_message("victim@other.test"), make_verdict(victim_at_other=(Action.HOLD,)), Books())

    assert "queue_id=4Zq" in caplog.text
    for protected in ("victim", "Acacia", "secret", "council"):
        assert protected not in caplog.text


def test_progress_reaches_the_front_end_while_reading(judged):
    ticks = []

    judged(make_message(), make_verdict(), Books(), progress=lambda: ticks.append(1))

    assert ticks == [1]


# -- DESIGN 3.4: which recipients are removed and added -----------------------------------------------------------

B, C, TEAM = "b@other.test", "c@other.test", "team@council.test"
HOLD, PASS = Action.HOLD, Action.PASS


@pytest.mark.parametrize(
    ("rcpt", "verdict", "kind", "removed", "added"),
    [
        pytest.param([B], {"b_at_other": (HOLD,)}, ReplyKind.DISCARD, [], [], id="b direct"),
        pytest.param([TEAM], {"b_at_other": (HOLD, "team@council")}, ReplyKind.DISCARD, [], [], id="b by alias"),
        pytest.param(
            [TEAM],
            {"b_at_other": (HOLD, "team@council"), "c_at_other": (PASS, "team@council")},
            ReplyKind.ACCEPT, [TEAM], [C], id="an alias of b and c",
        ),
        pytest.param(
            [B, TEAM],
            {"b_at_other": (HOLD, "b@other", "team@council"), "c_at_other": (PASS, "team@council")},
            ReplyKind.ACCEPT, [B, TEAM], [C], id="b direct and by alias",
        ),
        pytest.param(
            [TEAM, B],
            {"b_at_other": (HOLD, "team@council", "b@other"), "c_at_other": (PASS, "team@council")},
            ReplyKind.ACCEPT, [TEAM, B], [C], id="the other order",
        ),
        pytest.param(
            [TEAM, C],
            {"b_at_other": (HOLD, "team@council"), "c_at_other": (PASS, "team@council", "c@other")},
            ReplyKind.ACCEPT, [TEAM], [], id="c is not doubled where c is also named",
        ),
        pytest.param([B, C], {"b_at_other": (HOLD,), "c_at_other": (PASS,)}, ReplyKind.ACCEPT, [B], [], id="two"),
        pytest.param(
            ["B@Other.test", C], {"B_at_Other": (HOLD,), "c_at_other": (PASS,)}, ReplyKind.ACCEPT, ["B@Other.test"], [],
            id="spelt as the client spelt it",
        ),
    ],
)  # fmt: skip
def test_exactly_the_held_copies_are_stopped(rcpt, verdict, kind, removed, added):
    reply = reply_for(make_message(*rcpt), make_verdict(**verdict), "7K4M-2QXR")

    assert reply.kind is kind
    assert [r.address for r in reply.remove] == removed
    assert [r.address for r in reply.add] == added


def test_addresses_put_back_keep_the_parameters_of_the_recipient_they_came_from():
    envelope = Envelope("sw@council.test", (Recipient(TEAM, ("NOTIFY=NEVER",)),))
    message = Message(envelope, b"\r\n", NOW)
    verdict = make_verdict(b_at_other=(HOLD, "team@council"), c_at_other=(PASS, "team@council"))

    assert reply_for(message, verdict, "x").add == (Recipient(C, ("NOTIFY=NEVER",)),)
