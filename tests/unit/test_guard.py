# SPDX-License-Identifier: GPL-3.0-or-later
"""The release guard over the real store: it knows what was announced, and nothing else leaves."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from safehold import vault
from safehold.errors import StoreError
from safehold.guard import ALERT, ALERT_EVERY, Guard
from safehold.model import (
    REFUSED,
    TRY_LATER,
    Action,
    Direction,
    Envelope,
    Facts,
    FinalRecipient,
    Message,
    Origin,
    Reading,
    Recipient,
    RecipientVerdict,
    ReplyKind,
    Verdict,
)
from safehold.quarantine import Quarantine, content_digest
from safehold.store import Store, audit

NOW = datetime(2026, 11, 25, 14, 14, tzinfo=UTC)
CONTENT = b"From: sam@council.example\r\nSubject: Secret\r\nMessage-ID: <1.2@council.example>\r\n\r\nHello\r\n"


def make_message(*to: str, sender="sam@council.example", content=CONTENT, now=NOW) -> Message:
    recipients = tuple(Recipient(address) for address in to or ("a@mail.test", "b@mail.test"))
    return Message(Envelope(sender, recipients), content, now, {"i": "4Queue"})


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "s.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
def holds(tmp_path, store) -> Quarantine:
    vault.create_keys(tmp_path / "keys")
    names = frozenset({"sealing", "recovery", "store"})
    return Quarantine(store, vault.KeyRing.load(tmp_path / "keys", need=names))


@pytest.fixture
def row(holds):
    """A release that a courier has claimed and announced."""
    message = make_message()
    final = [FinalRecipient(r.address, (r.address,), Direction.OUTBOUND) for r in message.envelope.recipients]
    verdict = Verdict(tuple(RecipientVerdict(each, Action.HOLD) for each in final))
    facts = Facts(NOW, Origin.AUTH, recipients=tuple(final))
    hold_id = holds.hold(message, facts, verdict, Reading(), now=NOW).hold_id
    holds.approve(hold_id, actor="alex", reason="", now=NOW)
    claimed = next(row for row in holds.claim(NOW, 10, 600) if row.kind == "release")
    addresses = [r.address for r in message.envelope.recipients]
    holds.expect(claimed, message.envelope.sender, addresses, content_digest(CONTENT), NOW)
    return claimed


def test_announced_mail_passes(holds, row):
    assert Guard(holds).judge(make_message()).kind is ReplyKind.ACCEPT


def test_hops_on_the_way_may_add_received_lines(holds, row):
    hops = b"Received: from a by b\r\n\twith ESMTP\r\nReceived: from c by d\r\n"

    assert Guard(holds).judge(make_message(content=hops + CONTENT)).kind is ReplyKind.ACCEPT


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(make_message(sender="kim@council.example"), id="another sender"),
        pytest.param(make_message(sender=""), id="null sender"),
        pytest.param(make_message("a@mail.test"), id="a recipient less"),
        pytest.param(make_message("a@mail.test", "b@mail.test", "c@mail.test"), id="a recipient more"),
        pytest.param(make_message("a@mail.test", "c@mail.test"), id="another recipient"),
        pytest.param(make_message(content=CONTENT + b"more\r\n"), id="a line more"),
        pytest.param(make_message(content=b"Bcc: x@mail.test\r\n" + CONTENT), id="a header more"),
        pytest.param(make_message(content=b""), id="nothing"),
        pytest.param(replace(make_message(), envelope=Envelope("sam@council.example", ())), id="no recipients"),
    ],
)
def test_anything_else_is_refused(holds, row, message):
    assert Guard(holds).judge(message) == REFUSED


def test_nothing_passes_before_it_is_announced(holds):
    assert Guard(holds).judge(make_message()) == REFUSED


def test_nothing_passes_twice(holds, row):
    holds.done(row, now=NOW)

    assert Guard(holds).judge(make_message()) == REFUSED


def test_nothing_passes_when_the_claim_is_over(holds, row):
    assert Guard(holds).judge(make_message(now=NOW + timedelta(minutes=11))) == REFUSED


def test_what_cannot_be_asked_waits(holds, monkeypatch):
    def away(*_: object) -> bool:
        raise StoreError("the store is away")

    monkeypatch.setattr(holds, "departing", away)

    assert Guard(holds).judge(make_message()) == TRY_LATER


def test_refusal_stands_where_the_alert_cannot_be_written(holds, monkeypatch):
    def away(*_: object, **__: object) -> bool:
        raise StoreError("the store is away")

    monkeypatch.setattr(holds, "alert", away)

    assert Guard(holds).judge(make_message()) == REFUSED


def test_refusals_are_told_with_counts_and_not_one_by_one(holds, store, caplog):
    caplog.set_level(logging.DEBUG)
    guard = Guard(holds)
    for _ in range(50):
        guard.judge(make_message())
    guard.judge(make_message(now=NOW + ALERT_EVERY))

    alerts = [entry.facts for entry in audit.entries(store) if entry.kind == "alert"]

    assert [facts["refused"] for facts in alerts] == [1, 50]
    assert {facts["detail"] for facts in alerts} == {ALERT}
    assert len(caplog.records) == 2
    for secret in ("mail.test", "sam@", "Secret", "Hello"):
        assert secret not in caplog.text + str(alerts)
