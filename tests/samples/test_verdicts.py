# SPDX-License-Identifier: GPL-3.0-or-later
"""Each sample gets the verdict that `messages.yaml` promises, with reading, register and policies as they are shipped.

No Postfix here: that journey is tests/e2e/test_acceptance.py.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from safehold import policy, screening
from safehold.assemble import rules
from safehold.gate.facts import NoMaps, Site, gather
from safehold.model import Action, Demand, Envelope, Facts, Message, Recipient, Verdict
from safehold.reading.pool import ReaderPool
from safehold.register import importing
from safehold.register.index import Register

SAMPLES = Path(__file__).parent.parent.parent / "samples"
ENTRIES = yaml.safe_load((SAMPLES / "messages.yaml").read_text(encoding="utf-8"))
NOW = datetime(2025, 6, 2, 9, tzinfo=UTC)
# Nobody protected, nobody dangerous, no private mailbox, no print room; rules about what strangers may not read are
# asked about him all the same.
STRANGER = "somebody@elsewhere.example"

# The reader's workers talk over sockets that they inherit, whose family the guard of pytest-socket cannot see.
pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def policies() -> policy.PolicySet:
    folder = rules.policy_folder(SAMPLES.parent / "policies")
    return policy.load(folder.files, today=NOW.date(), beside=folder.beside)


@pytest.fixture(scope="module")
def register() -> Register:
    return Register.build(importing.parse("register.yaml", (SAMPLES / "register.yaml").read_bytes()))


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderPool]:
    with ReaderPool(1) as pool:
        yield pool


def sent(entry: dict) -> tuple[Message, Facts]:
    """Return a sample as a colleague who has signed in sends it, and what the gate gathers about it."""
    envelope = Envelope(entry["from"], tuple(map(Recipient, entry["to"])))
    macros = {"{auth_authen}": entry["from"], "{client_addr}": "127.0.0.1"}
    message = Message(envelope, (SAMPLES / "messages" / entry["file"]).read_bytes(), NOW, macros)
    return message, gather(message, Site(frozenset({"riverbank.example"})), NoMaps(), NOW)


@pytest.fixture
def judge(reader: ReaderPool, register: Register, policies: policy.PolicySet) -> Callable[[dict], Verdict]:
    def judged(entry: dict) -> Verdict:
        message, facts = sent(entry)
        demand = screening.demand(facts, register, policies)
        reading = reader.read(message.content, demand=demand or Demand())
        return screening.screen(reading, message.envelope, facts, register, policies)

    return judged


def test_the_shipped_policies_load_without_a_warning(policies: policy.PolicySet):
    assert [warning.text() for warning in policies.warnings] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_sample_is_judged_as_promised(entry: dict, judge: Callable[[dict], Verdict]):
    verdict = judge(entry)

    outcome = {
        r.recipient.address: {"held": sorted({g.policy for g in r.deciding})}
        if r.action is Action.HOLD
        else "delivered"
        for r in verdict.recipients
    }
    assert outcome == {
        address: {"held": sorted(expected["held"])} if expected != "delivered" else "delivered"
        for address, expected in entry["expect"].items()
    }


def test_a_sample_that_can_be_read_has_no_problem(judge: Callable[[dict], Verdict]):
    for entry in ENTRIES:
        assert bool(judge(entry).problems) == entry["file"].startswith("locked-archive"), entry["file"]


@pytest.mark.parametrize(
    ("address", "ocr"),
    [
        ("gareth.wren@postbox.example", True),
        ("sw.home@homemail.example", True),
        ("h.sutton@homemail.example", True),
        ("print-room@riverbank.example", True),
        (STRANGER, False),
        ("parking@riverbank.example", False),
    ],
)
def test_pictures_are_read_where_somebody_dangerous_or_private_gets_them_and_not_in_all_mail(
    register: Register, policies: policy.PolicySet, address: str, *, ocr: bool
):
    """Recognising the text of pictures takes a second each, and most mail has a logo."""
    newsletter = next(entry for entry in ENTRIES if entry["file"] == "newsletter.eml")
    _, facts = sent({**newsletter, "to": [address]})

    demand = screening.demand(facts, register, policies)

    assert demand is not None
    assert demand.ocr is ocr
