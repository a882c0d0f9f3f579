# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape that `explain` shows is one, whether it comes from a message or from what a hold keeps of it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from safehold import policy, screening
from safehold.cli import accounts, holds
from safehold.model import (
    Direction,
    Envelope,
    Facts,
    FinalRecipient,
    Origin,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Problem,
    Reading,
    Reason,
    Segment,
)
from safehold.quarantine import evidence
from safehold.register.index import Register
from safehold.register.people import from_record

FATHER = "father@mail.test"
PHONE = "01632 960123"
REGISTER = Register.build(
    [
        from_record(
            {
                "id": "P-1",
                "register": "safe",
                "values": [{"kind": "phone", "value": PHONE}, {"kind": "name", "value": "Anna Quillfeather"}],
                "adverse": [{"id": "F-1", "emails": [FATHER]}],
            }
        )
    ]
)
RULES = """version: 1
lists: {words: {kind: phrase, items: [dvds]}}
policies:
- {id: adverse, title: t, why: w, owner: o, mode: enforce,
   when: {content: {register: safe}, recipients: {relation: adverse}}}
- {id: words, title: u, why: w, owner: o, mode: shadow,
   when: {content: {phrases: words}, recipients: any}}
- {id: pictures, title: v, why: w, owner: o, mode: enforce,
   when: {attachments: {type: picture}, recipients: any}}
"""
POLICIES = policy.load({"p.yaml": RULES.encode()}, today=date(2026, 11, 3))
LETTER, PHOTO, ZIP = PartPath(("1", "quillfeather.txt")), PartPath(("2", "anna.png")), PartPath(("3", "locked.zip"))
READING = Reading(
    parts=(
        Part(LETTER, "text/plain", 40, is_attachment=True, attachment=1),
        Part(PHOTO, "image/png", 40, is_attachment=True, attachment=2),
        Part(ZIP, "application/zip", 40, is_attachment=True, attachment=3),
    ),
    segments=(Segment(Place(LETTER, PlaceKind.TEXT), f"Anna Quillfeather, {PHONE}, under the DVDS"),),
    problems=(Problem(ZIP, Reason.ENCRYPTED, "protected by a password"),),
)
FACTS = Facts(
    datetime(2026, 11, 3, 9, tzinfo=UTC),
    Origin.AUTH,
    recipients=(FinalRecipient(FATHER, (FATHER,), Direction.OUTBOUND),),
    own_domains=frozenset({"council.test"}),
)
WHERE = accounts.places(POLICIES, Path("policies"))


@pytest.fixture
def verdict():
    return screening.screen(READING, Envelope("sw@council.test", ()), FACTS, REGISTER, POLICIES)


@pytest.fixture
def of_message(verdict):
    told = screening.accounts(READING, FACTS, REGISTER, POLICIES)
    return accounts.of_message(verdict, told, READING, POLICIES, WHERE)


@pytest.fixture
def of_hold(verdict):
    kept = json.loads(evidence.build(verdict, verdict.recipients, READING))
    return accounts.of_hold(holds.masked(kept), WHERE)


def test_a_hold_gives_the_reasons_that_its_message_gave(of_message, of_hold):
    told = of_hold["recipients"][FATHER]
    for reason in told["reasons"]:
        reason.pop("excerpt", None)

    assert len(told["reasons"]) >= 3
    assert told | {"conditions": []} == of_message["recipients"][FATHER] | {"conditions": []}
    assert {name: of_hold[name] for name in of_hold if name != "recipients"} == {
        name: of_message[name] for name in of_message if name != "recipients"
    }


def test_what_holds_stands_first_and_what_only_records_is_marked(of_message, of_hold, capsys):
    for document in (of_message, of_hold):
        accounts.tell(document)

        lines = capsys.readouterr().out.splitlines()
        assert lines[:3] == [f"{FATHER}: hold - adverse, pictures", "", FATHER]
        policies = [line for line in lines if line.startswith("  ") and not line.startswith("   ")]
        assert policies == [
            "  adverse: hold - t (policies/p.yaml:4)",
            "  pictures: hold - v (policies/p.yaml:8)",
            "  words: hold (shadow: recorded, not done) - u (policies/p.yaml:6)",
        ]


def test_each_passage_has_its_place_and_no_name_of_a_file(of_message, of_hold, capsys):
    for document in (of_message, of_hold):
        accounts.tell(document)

        out = capsys.readouterr().out
        assert "attachment 1: phone of P-1, certain: whole phone number\n" in out
        assert "attachment 2: an attachment of type image/png\n" in out
        assert "not fully read: attachment 3: encrypted\n" in out
        for secret in (PHONE, "Quillfeather", "quillfeather", "anna.png", "locked.zip"):
            assert secret not in out
            assert secret not in json.dumps(document)


def test_no_policy_is_named_as_near_where_none_is_quiet(of_message):
    assert [each["nearest"] for each in of_message["recipients"][FATHER]["conditions"]] == [False, False, False]
