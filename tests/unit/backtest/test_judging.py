# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging: as the gateway would, by policies as if they were enforced; asked is who could have been concerned."""

from datetime import UTC, datetime

import pytest

from safehold import policy
from safehold.backtest import judging
from safehold.backtest.judging import Judge, Judgement, Outcome, Rules, Sending
from safehold.backtest.mailboxes import Piece
from safehold.errors import ReaderError
from safehold.gate.facts import NoMaps, Site
from safehold.model import Direction, Part, PartPath, Place, PlaceKind, Problem, Reading, Reason, Segment
from safehold.register.index import Register
from safehold.register.people import from_record

NOW = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
POLICIES = """version: 1
policies:
- {id: outside, title: t, why: w, owner: o, mode: MODE, if_uninspectable: notify,
   when: {content: {register: refuges, fields: [phone]}, recipients: {scope: external}}}
- {id: adverse, title: t, why: w, owner: o, mode: MODE, if_uninspectable: notify,
   when: {content: {register: refuges, fields: [phone]}, recipients: {relation: adverse}}}
- {id: sleeping, title: t, why: w, owner: o, mode: "off", if_uninspectable: notify,
   when: {content: {register: refuges, fields: [phone]}, recipients: {scope: external}}}
"""
PERSON = {
    "id": "R-1",
    "register": "refuges",
    "values": [{"kind": "phone", "value": "01632 960123"}],
    "adverse": [{"id": "F-1", "name": "Karl Ott", "emails": ["karl@mail.example"]}],
}


def rules(mode="enforce", **other):
    text = POLICIES.replace("MODE", mode)
    loaded = policy.load({"p.yaml": text.encode()}, today=NOW.date())
    return Rules.of(loaded, Register.build([from_record(PERSON)]), **other)


def sending(assume="", own=("council.test",)):
    return Sending(Site(frozenset(own)), NoMaps(), NOW, assume)


def reading(text="call 01632 960123", problems=()):
    path = PartPath()
    part = Part(path, "text/plain", 10)
    return Reading((part,), (Segment(Place(path, PlaceKind.TEXT), text),), tuple(problems))


@pytest.fixture
def judge(tmp_path):
    """Judge a message to these, under these rules."""

    def made(to="a@mail.example", *, read=lambda _content, _demand: reading(), now=None, before=None, sender=None):
        path = tmp_path / "m.eml"
        path.write_bytes(f"From: {sender or 'jo@council.test'}\nTo: {to}\n\nx\n".encode())
        judge = Judge(sending(), now or rules(), before, most_bytes=1000)
        return judge.outcome(Piece(0, 1, str(path), 0, path.stat().st_size), read)

    return made


@pytest.mark.parametrize("mode", ["enforce", "shadow"])
def test_a_policy_in_shadow_is_judged_as_if_it_were_enforced(judge, mode):
    outcome = judge("a@mail.example, b@council.test", now=rules(mode))

    assert (outcome.now.held, outcome.now.recipients) == (("outside",), 1)


def test_asked_is_a_policy_that_could_have_concerned_somebody_and_no_other(judge):
    assert judge("karl@mail.example").now.asked == ("adverse", "outside")
    assert judge("a@mail.example").now.asked == ("outside",)
    assert judge("b@council.test").now.asked == ()


def test_what_concerns_nobody_is_not_read(judge):
    def read(_content, _demand):
        raise AssertionError

    assert judge("b@council.test", read=read) == Outcome()


def test_a_message_to_nobody_is_skipped(judge):
    assert judge("undisclosed-recipients:;").skipped == judging.NO_RECIPIENT


def test_a_part_that_could_not_be_read_is_counted(judge):
    def read(_content, _demand):
        return reading(problems=[Problem(PartPath(), Reason.ENCRYPTED)])

    outcome = judge("karl@mail.example", read=read)

    assert outcome.is_unread


def test_no_reader_for_a_moment_is_waited_for_and_for_long_is_told(judge, monkeypatch):
    monkeypatch.setattr(judging, "_PAUSE_S", 0)
    answers = iter([ReaderError(), ReaderError(), reading()])

    def read(_content, _demand):
        answer = next(answers, None) or ReaderError()
        if isinstance(answer, ReaderError):
            raise answer
        return answer

    assert judge(read=read).now.held == ("outside",)
    assert judge(read=read) == Outcome(judging.NO_READER, is_fault=True)


def test_what_we_fail_at_is_skipped_and_quotes_nothing(judge):
    def read(content, _demand):
        raise ValueError(content)

    assert judge(read=read) == Outcome("the check itself failed (ValueError)", is_fault=True)


def test_verdicts_that_are_equal_have_equal_marks(judge):
    same = judge("karl@mail.example", before=rules("shadow"))
    other = judge("karl@mail.example", before=Rules.of(policy.PolicySet(), Register.build(())))
    nobody = judge("b@council.test", before=rules())

    assert same.before is not None
    assert same.now.mark == same.before.mark != 0
    assert other.before == Judgement()
    assert other.now.mark != 0
    assert nobody.now.mark == nobody.before.mark == 0


@pytest.mark.parametrize(
    ("assume", "own", "directions"),
    [
        pytest.param("", ["council.test"], [Direction.OUTBOUND, Direction.INTERNAL], id="ours, from us"),
        pytest.param("", ["mail.example"], [Direction.INBOUND, Direction.TRANSIT], id="ours, from others"),
        pytest.param("", [], [Direction.OUTBOUND, Direction.INTERNAL], id="the sender's domain is ours"),
        pytest.param("outbound", [], [Direction.OUTBOUND, Direction.OUTBOUND], id="everybody is outside"),
        pytest.param("outbound", ["mail.example"], [Direction.INTERNAL, Direction.OUTBOUND], id="from us to ours"),
        pytest.param("inbound", ["mail.example"], [Direction.INBOUND, Direction.TRANSIT], id="from outside"),
    ],
)
def test_which_way_a_message_goes(assume, own, directions):
    content = b"From: jo@council.test\r\nTo: a@mail.example, b@council.test\r\n\r\nx\r\n"

    sent = judging.as_sent(content, sending(assume, own))

    assert sent is not None
    assert [each.direction for each in sent[1].recipients] == directions
