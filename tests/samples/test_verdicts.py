# SPDX-License-Identifier: GPL-3.0-or-later
"""Each sample gets the verdict that `messages.yaml` promises, with reading, register and policies as they are shipped.

No Postfix here: that journey is tests/e2e/test_acceptance.py.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from safehold import policy, screening
from safehold.model import Action, Demand, Envelope, Facts, Recipient, Verdict
from safehold.reading.pool import ReaderPool
from safehold.register import importing
from safehold.register.index import Register

SAMPLES = Path(__file__).parent.parent.parent / "samples"
ENTRIES = yaml.safe_load((SAMPLES / "messages.yaml").read_text(encoding="utf-8"))
TODAY = date(2025, 6, 2)

# The reader's workers talk over sockets that they inherit, whose family the guard of pytest-socket cannot see.
pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def policies() -> policy.PolicySet:
    folder = SAMPLES.parent / "policies"
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".yaml", ".txt"}}
    return policy.load(files, today=TODAY)


@pytest.fixture(scope="module")
def register() -> Register:
    return Register.build(importing.parse("register.yaml", (SAMPLES / "register.yaml").read_bytes()))


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderPool]:
    with ReaderPool(1) as pool:
        yield pool


@pytest.fixture
def judge(
    reader: ReaderPool, register: Register, policies: policy.PolicySet, make_facts: Callable[..., Facts]
) -> Callable[[dict], Verdict]:
    def judged(entry: dict) -> Verdict:
        facts = make_facts(entry["to"], senders=(entry["from"],))
        envelope = Envelope(entry["from"], tuple(Recipient(address) for address in entry["to"]))
        demand = screening.demand(facts, register, policies)
        reading = reader.read((SAMPLES / "messages" / entry["file"]).read_bytes(), demand=demand or Demand())
        return screening.screen(reading, envelope, facts, register, policies)

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


def test_the_screen_reads_only_what_some_policy_could_use(
    register: Register, policies: policy.PolicySet, make_facts: Callable[..., Facts]
):
    """Nobody adverse, no private mailbox, no print room: nothing need be read at all."""
    assert screening.demand(make_facts(["duty@riverbank.example"]), register, policies) is None
    assert screening.demand(make_facts(["gareth.wren@postbox.example"]), register, policies) is not None
