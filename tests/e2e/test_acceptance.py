# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance cases through a real Postfix, with the real processes: what leaves, what is held, who hears of it.

"Held" always means: the far side got nothing.  Absence is asserted only after something that comes later has arrived
(the sender's notice, which is sent after the hold), never after a wait.
"""

import itertools
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.gateway import (
    DUTY,
    SAMPLES,
    Gateway,
    is_notice,
    sample,
    samples,
    text_of,
    without_trace,
)
from harness.postfix import PrivatePostfix, unavailable
from harness.sink import Delivery, Fault

SENDER = "jo.marlow@riverbank.example"
ADVERSE = "gareth.wren@postbox.example"
COURT = "listings@familycourt.example"
BO = "bo.tern@postbox.example"  # adverse to nobody until one test says so
# Words that stand in the sample messages and may stand nowhere else: not in a notice, not in a log.
CONTENT_WORDS = (
    "Papers for Thursday",
    "hearing bundle",
    "bundle.zip",
    "summary.docx",
    "papers for the weekend",
    "report.zip",
    "l1.docx",
)


@pytest.fixture(scope="module")
def _gateway() -> Iterator[Gateway]:
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with PrivatePostfix() as postfix, Gateway(postfix) as running:
        yield running


@pytest.fixture
def gateway(_gateway: Gateway) -> Gateway:
    """A running gateway; queue and sink are empty, and holds of earlier tests are still there."""
    _gateway.postfix.reset()
    _gateway.postfix.use_milter()
    return _gateway


def protected_words() -> list[str]:
    """Return every value, name and address that the samples' register protects or names, and the samples' own words."""
    words = list(CONTENT_WORDS)
    for person in yaml.safe_load((SAMPLES / "register.yaml").read_text(encoding="utf-8")):
        words += [value["value"] for value in person["values"]]
        for party in person["adverse"]:
            words += [party["name"], *party["emails"], *(route["email"] for route in party.get("routes", ()))]
    return [word.casefold() for word in words]


def assert_tells_nothing(text: str) -> None:
    flat = re.sub(r"\s+", " ", text).casefold()
    told = [position for position, word in enumerate(protected_words()) if word in flat]
    assert told == [], "protected words (by number in the list) stand where they must not"


def ids(gateway: Gateway) -> list[str]:
    return [hold["id"] for hold in gateway.holds(everything=True)]


def expected(entry: dict[str, Any]) -> tuple[set[str], set[str], set[str]]:
    """Return the recipients that get it, those that do not, and the policies that hold."""
    held = {address: outcome["held"] for address, outcome in entry["expect"].items() if outcome != "delivered"}
    return set(entry["to"]) - set(held), set(held), {policy for policies in held.values() for policy in policies}


def await_delivered(gateway: Gateway, recipients: set[str], content: bytes) -> None:
    """Wait until *recipients* have *content*, byte for byte below the trace headers, each once."""
    for recipient in recipients:
        delivery = gateway.await_copy(recipient)
        assert without_trace(delivery.content) == content
    copies = [address for delivery in gateway.copies() for address in delivery.recipients]
    assert sorted(copies) == sorted(recipients)


def assert_held(gateway: Gateway, entry: dict[str, Any], content: bytes, before: list[str]) -> dict[str, Any]:
    """Wait for hold and notice, and check that exactly the right people got the message."""
    delivered, held, policies = expected(entry)
    hold = gateway.await_new_hold(before)
    notice = gateway.await_notice(entry["from"], hold["id"])
    if delivered:
        await_delivered(gateway, delivered, content)
    assert [d for d in gateway.postfix.sink.deliveries if held & set(d.recipients)] == []
    assert [hold["state"], set(hold["policies"])] == ["held", policies]
    assert [hold["held_count"], hold["delivered_count"]] == [len(held), len(delivered)]
    assert notice.sender == ""
    assert notice.recipients == (entry["from"],)
    assert_tells_nothing(text_of(notice))
    return hold


@pytest.mark.parametrize("entry", samples(), ids=lambda entry: entry["file"].removesuffix(".eml"))
def test_a_sample_by_smtp(gateway: Gateway, entry: dict[str, Any]):
    content, before = sample(entry["file"]), ids(gateway)

    sent = gateway.postfix.send(content, entry["from"], entry["to"])

    assert sent.code == 250, "the client is told nothing of a hold"
    delivered, held, _ = expected(entry)
    if held:
        assert_held(gateway, entry, content, before)
    else:
        await_delivered(gateway, delivered, content)
        assert ids(gateway) == before


@pytest.mark.parametrize("name", ["safe-address-to-adverse", "safe-address-to-both", "handover-to-partner"])
def test_a_sample_by_sendmail(gateway: Gateway, name: str):
    entry = next(entry for entry in samples() if entry["file"] == f"{name}.eml")
    content, before = sample(entry["file"]), ids(gateway)

    status = gateway.postfix.sendmail(content, entry["from"], entry["to"])

    assert status == 0
    delivered, held, _ = expected(entry)
    if held:
        assert_held(gateway, entry, content, before)
    else:
        await_delivered(gateway, delivered, content)


def test_a_release_reaches_exactly_the_held_recipients_unchanged(gateway: Gateway):
    content, before = sample("safe-address-to-both.eml"), ids(gateway)
    gateway.postfix.send(
        content,
        SENDER,
        [COURT, ADVERSE],
        mail_options=["RET=HDRS", "ENVID=case-1"],
        rcpt_options={ADVERSE: ["NOTIFY=FAILURE"]},
    )
    hold = gateway.await_new_hold(before)
    first = gateway.await_notice(SENDER, hold["id"])
    gateway.await_copy(COURT)

    gateway.decide("release", hold["id"])

    gateway.await_state(hold["id"], "released")
    released = gateway.await_copy(ADVERSE)
    assert released.recipients == (ADVERSE,)
    assert released.sender == SENDER
    assert without_trace(released.content) == content
    assert {"RET=HDRS", "ENVID=case-1"} <= set(released.mail_parameters)
    assert "NOTIFY=FAILURE" in released.parameters_of(ADVERSE)
    second = gateway.await_notice(SENDER, hold["id"], but_not=[first])
    assert_tells_nothing(text_of(second))
    assert [d.recipients for d in gateway.copies()].count((COURT,)) == 1


def test_a_refused_message_never_arrives_and_its_sender_is_told(gateway: Gateway):
    before = ids(gateway)
    gateway.postfix.send(sample("safe-address-to-adverse.eml"), SENDER, [ADVERSE])
    hold = gateway.await_new_hold(before)
    first = gateway.await_notice(SENDER, hold["id"])

    gateway.decide("refuse", hold["id"])

    second = gateway.await_notice(SENDER, hold["id"], but_not=[first])
    assert_tells_nothing(text_of(second))
    assert gateway.hold(hold["id"])["state"] == "refused"
    assert gateway.copies() == []


def test_a_decided_hold_cannot_be_released(gateway: Gateway):
    before = ids(gateway)
    gateway.postfix.send(sample("safe-address-to-adverse.eml"), SENDER, [ADVERSE])
    hold = gateway.await_new_hold(before)
    gateway.decide("refuse", hold["id"])

    with pytest.raises(Exception, match="exit 1"):
        gateway.decide("release", hold["id"])

    assert gateway.hold(hold["id"])["state"] == "refused"


def test_two_approvals_mean_two_people(gateway: Gateway):
    before = ids(gateway)
    gateway.postfix.send(
        sample("adoptive-home-to-prison.eml"), "legal@riverbank.example", ["mail-in@hmp-fenmoor.example"]
    )
    hold = gateway.await_new_hold(before)
    assert hold["approvals_needed"] == 2
    gateway.decide("approve", hold["id"], user="first")

    gateway.decide("release", hold["id"], user="first", check=False)

    assert gateway.hold(hold["id"])["state"] in {"held", "proposed"}
    assert gateway.copies() == []
    gateway.decide("release", hold["id"], user="second")
    assert gateway.await_copy("mail-in@hmp-fenmoor.example").recipients == ("mail-in@hmp-fenmoor.example",)


def test_a_release_is_tried_again_until_the_far_side_takes_it(gateway: Gateway):
    """Postfix, not we, carries a passing fault further on; the hold is released once Postfix has it."""
    before = ids(gateway)
    gateway.postfix.send(sample("safe-address-to-adverse.eml"), SENDER, [ADVERSE])
    hold = gateway.await_new_hold(before)
    gateway.await_notice(SENDER, hold["id"])
    gateway.postfix.sink.fail(Fault("rcpt", "452 4.2.2 mailbox full", recipient=ADVERSE))

    gateway.decide("release", hold["id"])

    assert gateway.await_copy(ADVERSE).recipients == (ADVERSE,)
    gateway.await_state(hold["id"], "released")


def test_a_retry_of_the_client_joins_the_first_hold(gateway: Gateway):
    content, before = sample("safe-address-to-adverse.eml"), ids(gateway)
    gateway.postfix.send(content, SENDER, [ADVERSE])
    hold = gateway.await_new_hold(before)

    assert gateway.postfix.send(content, SENDER, [ADVERSE]).code == 250

    assert sorted(ids(gateway)) == sorted([*before, hold["id"]])


def test_an_alias_hides_nobody(gateway: Gateway):
    """The list's other member has his copy at once; the one who must not have it does not, whatever the list says."""
    aliases = gateway.postfix.map("aliases-of-the-site", {"team@riverbank.example": f"{ADVERSE}, {COURT}"})
    gateway.postfix.use_milter(virtual_alias_maps=aliases)
    content, before = sample("safe-address-to-court.eml"), ids(gateway)

    gateway.postfix.send(content, SENDER, ["team@riverbank.example"])

    hold = gateway.await_new_hold(before)
    gateway.await_notice(SENDER, hold["id"])
    assert without_trace(gateway.await_copy(COURT).content) == content
    assert [d for d in gateway.postfix.sink.deliveries if ADVERSE in d.recipients] == []


def test_the_release_listener_lets_out_only_what_was_decided(gateway: Gateway):
    port = gateway.postfix.release_port

    sent = gateway.postfix.send(sample("newsletter.eml"), SENDER, [COURT], port=port)

    assert sent.code == 550
    assert gateway.copies() == []


def test_a_held_message_cannot_be_sent_through_the_release_listener(gateway: Gateway):
    content, before = sample("safe-address-to-adverse.eml"), ids(gateway)
    gateway.postfix.send(content, SENDER, [ADVERSE])
    gateway.await_new_hold(before)

    assert gateway.postfix.send(content, SENDER, [ADVERSE], port=gateway.postfix.release_port).code == 550


def test_mail_waits_while_the_milter_is_dead_and_goes_on_after(gateway: Gateway):
    gateway.stop_process("milter", signal.SIGKILL)

    try:
        sent = gateway.postfix.send(sample("newsletter.eml"), SENDER, [COURT])
        assert sent.code == 451
    finally:
        gateway.start_process("milter")

    content = sample("newsletter.eml")
    assert gateway.postfix.send(content, SENDER, [COURT]).code == 250
    assert without_trace(gateway.await_copy(COURT).content) == content


def test_a_hold_survives_the_death_of_every_process(gateway: Gateway):
    """250 was said for it, so it must still be there."""
    before = ids(gateway)
    gateway.postfix.send(sample("safe-address-to-adverse.eml"), SENDER, [ADVERSE])
    for name in ("courier", "milter", "guard"):
        gateway.stop_process(name, signal.SIGKILL)

    hold = gateway.await_new_hold(before)

    for name in ("guard", "milter", "courier"):
        gateway.start_process(name)
    gateway.decide("release", hold["id"])
    assert gateway.await_copy(ADVERSE).recipients == (ADVERSE,)


def test_a_new_entry_of_the_register_bites_without_a_restart(gateway: Gateway, tmp_path: Path):
    person = [
        {
            "id": "P-1999",
            "register": "safe-addresses",
            "values": [{"kind": "address", "value": "19 Heron Walk, Westmere, Penfold PF7 9RR", "secret": True}],
            "adverse": [{"id": "F-1", "name": "Bo Tern", "emails": [BO]}],
        }
    ]
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(person), encoding="utf-8")
    numbers = itertools.count(1)

    def send() -> None:
        headers = f"From: {SENDER}\r\nTo: {BO}\r\nSubject: visit {next(numbers)}\r\n"
        gateway.postfix.send(f"{headers}\r\nHe is at 19 Heron Walk, PF7 9RR.\r\n".encode(), SENDER, [BO])

    def is_held() -> bool:
        send()
        return len(ids(gateway)) > len(before)

    send()
    gateway.await_copy(BO)
    before = ids(gateway)

    gateway.command("register", "import", str(tmp_path / "one.yaml"))

    gateway.postfix.wait_until(is_held, "a hold for the new entry")


def test_reviewers_are_told_by_role_and_learn_nothing_from_the_mail(gateway: Gateway):
    before = ids(gateway)
    gateway.postfix.send(sample("case-papers-to-own-mailbox.eml"), SENDER, ["jo.marlow.home@homemail.example"])
    hold = gateway.await_new_hold(before)

    task = gateway.await_notice("information-governance@riverbank.example", hold["id"])

    assert_tells_nothing(text_of(task))


def test_a_robot_is_not_answered_but_somebody_hears(gateway: Gateway):
    """No notice goes to a null sender; the duty role is told instead (P5)."""
    before = ids(gateway)
    gateway.postfix.send(b"Auto-Submitted: auto-generated\r\n" + sample("safe-address-to-adverse.eml"), "", [ADVERSE])
    hold = gateway.await_new_hold(before)

    heard: Delivery = gateway.await_notice(DUTY, hold["id"])

    assert_tells_nothing(text_of(heard))
    assert [d for d in gateway.postfix.sink.deliveries if is_notice(d) and SENDER in d.recipients] == []


def test_our_logs_tell_nothing(gateway: Gateway):
    before = ids(gateway)
    gateway.postfix.send(sample("safe-address-to-both.eml"), SENDER, [COURT, ADVERSE])
    hold = gateway.await_new_hold(before)
    gateway.await_notice(SENDER, hold["id"])

    logs = gateway.logs()

    assert hold["id"] in logs
    assert_tells_nothing(logs)
    assert not re.search(r"[\w.+-]+@(?!samples)[\w-]+\.example", logs), "an address stands in a log"
