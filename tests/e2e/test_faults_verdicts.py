# SPDX-License-Identifier: GPL-3.0-or-later
"""Every verdict for one, several and all recipients, from the policies to the wire, by either front end.

Each case says what the client was told, who has the mail, what is on hold or refused, and who hears of it.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fronts import FRONTS, SENDER, Fronted, again, told
from harness.gateway import Books, letter, without_trace
from harness.postfix import PrivatePostfix

from safehold.model import HoldState

WORD = "The quiet heron."
HOLD, REJECT, NOTIFY, PASS = (
    tuple(f"{name}{number}@{name}.example" for number in (1, 2)) for name in ("hold", "reject", "notify", "pass")
)
POLICY = """\
- id: test-{action}
  title: The codeword to {action}
  why: a test
  owner: safeguarding
  mode: enforce
  when: {{content: {{phrases: codewords}}, recipients: {{domain: [{action}.example]}}}}
  then: {{action: {action}}}
"""
POLICIES = "version: 1\nlists: {codewords: {kind: phrase, items: [quiet heron]}}\npolicies:\n" + "".join(
    POLICY.format(action=action) for action in ("hold", "reject", "notify")
)


@pytest.fixture(scope="module", params=FRONTS)
def _gateway(
    request: pytest.FixtureRequest, possible: None, tmp_path_factory: pytest.TempPathFactory, faults: Path
) -> Iterator[Fronted]:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "verdicts.yaml").write_text(POLICIES)
    with PrivatePostfix() as postfix, Fronted(request.param, postfix, faults, policies=folder) as running:
        yield running


def extents(verdict: tuple[str, str]) -> dict[str, list[str]]:
    """Return recipients of whom one, several or all get the verdict, the others passing."""
    one, other = verdict
    return {
        "the only one": [one],
        "the first": [one, *PASS],
        "the last": [*PASS, one],
        "several": [one, PASS[0], other, PASS[1]],
        "all": [one, other],
    }


CASES = [
    pytest.param(recipients, id=f"{verdict[0].partition('1')[0]}, {extent}")
    for verdict in (HOLD, REJECT, NOTIFY)
    for extent, recipients in extents(verdict).items()
] + [
    pytest.param([PASS[0]], id="pass, the only one"),
    pytest.param([*PASS], id="pass, all"),
    pytest.param([REJECT[0], HOLD[0]], id="rejected and held, nobody else"),
    pytest.param([PASS[0], REJECT[0], HOLD[0], NOTIFY[0]], id="one of each"),
    pytest.param([NOTIFY[0], REJECT[0]], id="noticed and rejected"),
]


@pytest.mark.parametrize("recipients", CASES)
def test_each_recipient_gets_its_verdict_and_the_client_one_reply(
    gateway: Fronted, books: Books, recipients: list[str]
):
    content, before, noticed = letter(WORD), books.holds(), len(books.trail("noticed"))
    held, rejected = [r for r in recipients if r in HOLD], [r for r in recipients if r in REJECT]
    delivered = [r for r in recipients if r not in {*HOLD, *REJECT}]
    all_rejected = rejected == recipients

    code = gateway.send(content, SENDER, recipients).code

    assert code == (550 if all_rejected else 250)
    assert gateway.arrived() == Counter(delivered)
    assert {without_trace(delivery.content) for delivery in gateway.copies()} <= {content}
    by_state = {hold.state: hold for hold in books.new(before)}
    expected = {HoldState.HELD: held, HoldState.REFUSED: [] if all_rejected else rejected}
    assert {state: hold.held_count for state, hold in by_state.items()} == {s: len(r) for s, r in expected.items() if r}
    assert {h.delivered_count for h in by_state.values()} <= {len(delivered)}
    for hold in by_state.values():
        assert told(gateway, books, hold.id)[SENDER] == 1
    is_noticed = bool(set(recipients) & set(NOTIFY))
    assert [e.facts["policies"] for e in books.trail("noticed")[noticed:]] == [["test-notify"]] * is_noticed


def test_a_rejected_copy_stays_refused_when_the_client_tries_again(gateway: Fronted, books: Books):
    content, before = letter(WORD), books.holds()
    recipients = [REJECT[0], HOLD[0]]

    codes = [gateway.send(each, SENDER, recipients).code for each in (content, again(content))]

    assert codes == [250, 250]
    assert gateway.arrived() == Counter()
    assert Counter(hold.state for hold in books.new(before)) == Counter([HoldState.HELD, HoldState.REFUSED])
    for hold in books.new(before):
        assert told(gateway, books, hold.id)[SENDER] == 1


def test_a_fault_of_ours_is_a_4xx_for_all_whatever_some_were_to_get(gateway: Fronted, books: Books, faults: Path):
    """An engine that fails for one has judged nobody: nothing is committed and nothing goes out."""
    before, noticed = books.holds(), len(books.trail("noticed"))
    (faults / "screening").touch()

    code = gateway.send(letter(WORD), SENDER, [HOLD[0], REJECT[0], NOTIFY[0], PASS[0]]).code

    assert code == 451
    assert gateway.arrived() == Counter()
    assert books.new(before) == []
    assert len(books.trail("noticed")) == noticed
