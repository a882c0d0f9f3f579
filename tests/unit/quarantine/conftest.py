# SPDX-License-Identifier: GPL-3.0-or-later
"""A quarantine over a real store, and makers of what arrives there."""

from types import SimpleNamespace

import pytest

from safehold import vault
from safehold.model import (
    Action,
    Answer,
    Direction,
    FinalRecipient,
    Finding,
    Ground,
    Handling,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Reading,
    RecipientVerdict,
    Segment,
    Strength,
    Verdict,
)
from safehold.postfix import UNREAD, Whole
from safehold.quarantine import Quarantine
from safehold.store import Store

EVERY = frozenset({"sealing", "opening", "recovery", "store", "audit", "audit-public"})
SAFE = "14 Elm Road, Thornbury"
CONTENT = (
    b"From: a@riverbank.example\r\nTo: b@example.org\r\nSubject: Plan for Mina\r\n"
    b"Message-ID: <one@riverbank.example>\r\nDate: Mon, 2 Jun 2025 09:00:00 +0000\r\n"
    b"\r\nShe is at 14 Elm Road, Thornbury now.\r\n"
)


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    vault.create_keys(folder)
    return folder


@pytest.fixture(scope="session")
def keys(key_folder):
    return vault.KeyRing.load(key_folder, need=EVERY)


@pytest.fixture(scope="session")
def milter_keys(key_folder):
    return vault.KeyRing.load(key_folder, need=frozenset({"sealing", "recovery", "store"}))


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "store.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
def quarantine(store, milter_keys):
    return Quarantine(store, milter_keys)


@pytest.fixture
def make_reading():
    return reading


@pytest.fixture
def make_verdict():
    """``make_verdict(hold=["b@example.org"], passes=["c@example.org"], reject=[], handling=[...])``."""
    return verdict


@pytest.fixture
def arrive(quarantine, make_message, make_facts, now):
    """Hold a message: ``arrive(hold=[...], passes=[...], content=..., sender=..., macros=..., at=...)``.

    *lists* are held too, under their own names, because nobody knows who is on them; *unread* likewise, because the
    maps could not be asked.
    """

    def hold(
        hold=("b@example.org",),
        passes=(),
        reject=(),
        *,
        lists=(),
        unread=(),
        content=CONTENT,
        at=now,
        handling=None,
        policies=("safe",),
        **more,
    ):
        everybody = (*hold, *passes, *reject)
        message = make_message(content, to=(*everybody, *lists, *unread), **more)
        unknown = dict.fromkeys(lists, Whole.TOO_MANY) | dict.fromkeys(unread, UNREAD)
        facts = make_facts(everybody, senders=("a@riverbank.example",), identity="amy", unexpanded=unknown)
        found = verdict((*hold, *lists, *unread), passes, reject, handling=handling, policies=policies)
        return quarantine.hold(message, facts, found, reading(), now=at)

    return hold


@pytest.fixture
def counted(store):
    """What is in the store: ``counted().holds``, ``.kinds`` of outbox rows, ``.audit`` kinds."""

    def look():
        with store.read() as connection:
            ask = lambda sql: list(connection.exec_driver_sql(sql).scalars())  # noqa: E731
            return SimpleNamespace(
                holds=ask("SELECT id FROM holds ORDER BY held_at, rowid"),
                kinds=ask("SELECT kind FROM outbox ORDER BY id"),
                audit=ask("SELECT kind FROM audit ORDER BY seq"),
            )

    return look


def reading():
    body = PartPath(("1",))
    pdf = PartPath(("2", "report.pdf"))
    return Reading(
        parts=(Part(body, "text/plain", 60), Part(pdf, "application/pdf", 9000, is_attachment=True, attachment=1)),
        segments=(
            Segment(Place(body, PlaceKind.BODY), f"She is at {SAFE} now."),
            Segment(Place(pdf, PlaceKind.PAGE, 4), f"Placement: {SAFE}."),
        ),
    )


def finding(segment=1):
    text = reading().segments[segment]
    start = text.text.index(SAFE)
    return Finding(
        "register",
        "P-0042",
        "address",
        0,
        segment,
        text.place,
        (start, start + len(SAFE)),
        Strength.CERTAIN,
        "whole address",
    )


def verdict(hold=("b@example.org",), passes=(), reject=(), *, handling=None, policies=("safe",)):
    def one(address, action):
        direction = Direction.OUTBOUND
        grounds = ()
        if action in {Action.HOLD, Action.REJECT}:
            grounds = tuple(
                Ground(each, True, action, Answer.YES, "P-0042", "adverse", (finding(0), finding(1)), (), "an address")
                for each in policies
            )
        return RecipientVerdict(FinalRecipient(address, (address,), direction), action, grounds)

    people = [one(a, Action.HOLD) for a in hold] + [one(a, Action.PASS) for a in passes]
    people += [one(a, Action.REJECT) for a in reject]
    if handling is None:
        handling = [Handling(each, notice_title="a protected address") for each in policies]
    return Verdict(tuple(people), tuple(handling), (), "policies-1", "register-1")
