# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking in: one message is one hold however often it is sent, and what is stored gives nothing away."""

import json
from datetime import timedelta

import pytest

from safehold.errors import KeyUnavailableError
from safehold.model import Facts, Handling, HoldState, Reading, Verdict
from safehold.quarantine import Quarantine, intake
from safehold.store import audit

CONTENT = (
    b"From: a@riverbank.example\r\nTo: b@example.org\r\nSubject: Plan for Mina\r\n"
    b"Message-ID: <one@riverbank.example>\r\nDate: Mon, 2 Jun 2025 09:00:00 +0000\r\n"
    b"\r\nShe is at 14 Elm Road, Thornbury now.\r\n"
)
BOTH = ("b@example.org", "c@example.org")


def test_a_hold_says_the_plain_facts(arrive, quarantine, now):
    outcome = arrive(hold=BOTH, passes=["d@example.org"])

    held = quarantine.get(outcome.hold_id)

    assert not outcome.joined
    assert held.state is HoldState.HELD
    assert (held.held_count, held.delivered_count, held.attachment_count) == (2, 1, 1)
    assert (held.policies, held.persons, held.version) == (("safe",), ("P-0042",), 1)
    assert held.size_bytes == len(CONTENT)
    assert held.due_at == now + timedelta(hours=4)
    assert held.expires_at == now + timedelta(days=30)
    assert held.notice_title == "a protected address"


def test_a_hold_brings_one_audit_entry_and_two_outbox_rows(arrive, counted):
    arrive()

    assert counted().audit == ["held"]
    assert counted().kinds == ["notice.held", "notice.task"]


def test_the_content_is_exactly_the_bytes_received(arrive, quarantine, keys):
    odd = b"Subject: \xff\xfe\r\nX:  two  spaces\r\n\r\nbare\nlf, bare\rcr, nul\0, no end"
    hold = arrive(content=odd).hold_id

    assert quarantine.open(hold, keys.opening).content == odd


def test_the_envelope_comes_back_with_its_parameters(quarantine, keys, make_verdict, make_reading, make_facts, now):
    from safehold.model import Direction, Envelope, FinalRecipient, Message, Recipient

    envelope = Envelope(
        "a@riverbank.example",
        (Recipient("team@riverbank.example", ("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;team@riverbank.example")),),
        ("BODY=8BITMIME", "RET=HDRS"),
    )
    verdict = make_verdict(hold=["b@example.org"])
    final = FinalRecipient("b@example.org", ("team@riverbank.example",), Direction.OUTBOUND)
    verdict = Verdict(
        tuple(type(r)(final, r.action, r.grounds) for r in verdict.recipients), verdict.handling, (), "p", "r"
    )
    message = Message(envelope, CONTENT, now, {"i": "4bXyZ1abc"})

    hold = quarantine.hold(message, make_facts(["b@example.org"]), verdict, make_reading(), now=now).hold_id

    content = quarantine.open(hold, keys.opening)
    assert content.envelope == envelope
    assert [(r.address, r.parameters) for r in content.held] == [("b@example.org", envelope.recipients[0].parameters)]


def test_an_address_that_is_no_utf8_survives(arrive, quarantine, keys):
    strange = b"caf\xe9@example.org".decode("utf-8", "surrogateescape")

    hold = arrive(hold=[strange]).hold_id

    assert quarantine.open(hold, keys.opening).held[0].address == strange


def test_the_file_tells_nobody_what_was_held_or_who_sent_it_to_whom(arrive, store):
    arrive(hold=BOTH, passes=["d@example.org"])

    stored = b"".join(p.read_bytes() for p in store.path.parent.glob("store.db*"))

    for text in (b"Elm", b"Mina", b"report.pdf", b"example.org", b"riverbank", b"one@", b"amy"):
        assert text not in stored


def test_the_milter_cannot_open_what_it_sealed(milter_keys):
    with pytest.raises(KeyUnavailableError):
        milter_keys.opening  # noqa: B018


def test_the_evidence_shows_a_reviewer_what_was_found_and_where(arrive, quarantine, keys):
    hold = arrive(hold=["b@example.org"], passes=["c@example.org"]).hold_id

    evidence = json.loads(quarantine.open(hold, keys.opening).evidence)

    (recipient,) = evidence["recipients"]
    assert recipient["address"] == "b@example.org"
    assert recipient["grounds"][0]["policy"] == "safe"
    assert recipient["grounds"][0]["findings"] == [0, 1]
    found = evidence["findings"][1]
    assert found["place"]["words"] == "attachment 1, page 4"
    assert found["excerpt"] == {"before": "Placement: ", "match": "14 Elm Road, Thornbury", "after": "."}
    assert (found["person"], found["field"], found["strength"]) == ("P-0042", "address", "certain")
    assert [part["path"] for part in evidence["parts"]] == ["1", "2/report.pdf"]


# -- retries ----------------------------------------------------------------------------------------------------


def test_a_retry_joins_the_first_hold_and_brings_no_second_notice(arrive, counted, now):
    first = arrive()
    again = arrive(at=now + timedelta(minutes=5))

    assert again.joined
    assert again.hold_id == first.hold_id
    assert counted().kinds == ["notice.held", "notice.task"]
    assert counted().audit == ["held", "retry joined"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"Date: Mon, 2 Jun 2025 09:00:00", b"Date: Mon, 2 Jun 2025 09:10:00", id="another date"),
        pytest.param(b"From:", b"Received: from x by y; now\r\n\tfolded\r\nFrom:", id="another hop"),
        pytest.param(b"From:", b"Return-Path: <a@riverbank.example>\r\nFrom:", id="a return path"),
    ],
)
def test_what_the_mta_adds_at_each_try_does_not_make_another_message(arrive, counted, old, new):
    arrive()

    assert arrive(content=CONTENT.replace(old, new)).joined
    assert len(counted().holds) == 1


def test_sendmail_without_a_message_id_joins_although_each_try_gets_a_new_one(arrive):
    """Postfix gives sendmail(1) mail a Message-Id that contains the queue id: three sends, three of them."""

    def tried(queue_id):
        added = f"<20250602090000.{queue_id}@mx.riverbank.example>".encode()
        return arrive(content=CONTENT.replace(b"<one@riverbank.example>", added), macros={"i": queue_id})

    first, second = tried("4bXyZ1abcde"), tried("4bXyZ2fghij")

    assert second.joined
    assert second.hold_id == first.hold_id


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"content": CONTENT.replace(b"<one@", b"<two@")}, id="another Message-Id"),
        pytest.param({"content": CONTENT.replace(b"now.", b"still.")}, id="another body"),
        pytest.param({"content": CONTENT.replace(b"Plan", b"Plans")}, id="another subject"),
        pytest.param({"sender": "z@riverbank.example"}, id="another sender"),
        pytest.param({"hold": ["c@example.org"]}, id="another recipient"),
        pytest.param({"content": CONTENT.replace(b"Message-ID: <one@riverbank.example>\r\n", b"")}, id="no Message-Id"),
    ],
)
def test_a_different_message_is_a_hold_of_its_own(arrive, counted, change):
    arrive()

    assert not arrive(**change).joined
    assert len(counted().holds) == 2


def test_the_case_of_a_domain_does_not_make_another_recipient(arrive):
    arrive(hold=["b@example.org"])

    assert arrive(hold=["b@EXAMPLE.org"]).joined


def test_who_was_not_held_before_gets_a_hold_of_his_own(arrive, quarantine):
    first = arrive(hold=["b@example.org"])
    second = arrive(hold=BOTH)

    assert second.joined_to == (first.hold_id,)
    assert not second.joined
    assert second.hold_id != first.hold_id
    assert quarantine.get(second.hold_id).held_count == 1
    assert quarantine.get(second.hold_id).linked_to == first.hold_id


def test_a_retry_after_five_days_is_a_new_hold(arrive, now):
    first = arrive()

    assert arrive(at=now + timedelta(days=5) - timedelta(seconds=1)).hold_id == first.hold_id
    assert not arrive(at=now + timedelta(days=5)).joined


@pytest.mark.parametrize("end", ["refuse", "cancel"])
def test_a_closed_hold_is_not_joined_but_linked_to(arrive, quarantine, now, end):
    first = arrive()
    getattr(quarantine, end)(first.hold_id, actor="rita", reason="", now=now)

    second = arrive(at=now + timedelta(hours=1))

    assert not second.joined
    assert quarantine.get(second.hold_id).linked_to == first.hold_id
    assert quarantine.get(second.hold_id).state is HoldState.HELD


def test_a_retry_while_the_release_is_under_way_joins(arrive, quarantine, now):
    """He will get the first copy; a second hold would be a second copy."""
    first = arrive()
    quarantine.release(first.hold_id, actor="rita", reason="", now=now)

    assert arrive().joined


def test_a_hold_that_changes_between_look_and_write_is_looked_at_again(arrive, quarantine, now, monkeypatch):
    first = arrive()
    prepare = intake._split_both
    meddled = []

    def split_late(*arguments):
        found = prepare(*arguments)
        if not meddled:
            meddled.append(quarantine.refuse(first.hold_id, actor="rita", reason="", now=now))
        return found

    monkeypatch.setattr(intake, "_split_both", split_late)

    second = arrive()

    assert not second.joined
    assert quarantine.get(second.hold_id).linked_to == first.hold_id


def test_a_hold_id_that_is_taken_is_not_used_again(arrive, monkeypatch, counted):
    ids = iter(["AAAA-AAAA", "AAAA-AAAA", "BBBB-BBBB"])
    monkeypatch.setattr(intake, "new_id", lambda: next(ids))

    arrive()
    arrive(hold=["c@example.org"])

    assert counted().holds == ["AAAA-AAAA", "BBBB-BBBB"]


def test_hold_ids_can_be_said_on_the_telephone():
    import re

    for _ in range(200):
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", intake.new_id())


@pytest.mark.parametrize("text", ["7K40-2QX1", "7k40-2qx1", " 7k4o 2qxl", "7K402QXI"])
def test_a_hold_id_is_understood_as_people_say_it(text):
    assert intake.spoken_id(text) == "7K40-2QX1"


# -- several policies -------------------------------------------------------------------------------------------


def test_of_several_policies_the_strictest_wishes_win(arrive, quarantine, now):
    handling = [
        Handling("b-high", notice_title="b", severity="high", review="dpo", approvals=1, deadline_s=60),
        Handling("a-high", notice_title="a", severity="high", review="safeguarding", approvals=1, deadline_s=9000),
        Handling("c-low", notice_title="c", severity="low", review="duty", approvals=2, deadline_s=500),
    ]

    held = quarantine.get(arrive(handling=handling, policies=("a-high", "b-high", "c-low")).hold_id)

    assert (held.severity, held.notice_title, held.review) == ("high", "a", "safeguarding")
    assert held.approvals_needed == 2
    assert held.due_at == now + timedelta(seconds=60)


def test_the_texts_for_the_notices_are_those_of_the_gravest_policy_alone(arrive, quarantine, keys):
    handling = [
        Handling("b-high", severity="high", sender_text="b's", reviewers_text="b's own"),
        Handling("a-high", severity="high", sender_text="a's {reference}"),
        Handling("c-low", severity="low", sender_text="c's", reviewers_text="c's own"),
        Handling("other", severity="critical", sender_text="holds nobody"),
    ]
    hold = arrive(handling=handling, policies=("a-high", "b-high", "c-low")).hold_id

    evidence = json.loads(quarantine.open(hold, keys.opening).evidence)

    assert evidence["notice_texts"] == {"sender": "a's {reference}"}


def test_policies_that_hold_nobody_have_no_say(arrive, quarantine):
    handling = [Handling("safe"), Handling("other", severity="critical", approvals=2)]

    held = quarantine.get(arrive(handling=handling).hold_id)

    assert (held.severity, held.approvals_needed) == ("medium", 1)


def test_a_hold_because_we_failed_needs_no_policy(arrive, quarantine):
    held = quarantine.get(arrive(policies=(), handling=[]).hold_id)

    assert (held.policies, held.review, held.approvals_needed) == ((), "reviewers", 1)


def test_a_rejected_recipient_is_a_hold_closed_as_refused_with_its_notice(arrive, quarantine, counted):
    outcome = arrive(hold=["b@example.org"], reject=["c@example.org"])

    refused = quarantine.get(outcome.refused)
    assert refused.state is HoldState.REFUSED
    assert (refused.decided_by, refused.held_count) == ("policy", 1)
    assert quarantine.get(outcome.hold_id).held_count == 1
    assert counted().kinds == ["notice.held", "notice.task", "notice.refused"]


def test_a_retry_of_a_rejected_recipient_brings_no_second_notice(arrive, counted):
    arrive(hold=[], passes=["d@example.org"], reject=["c@example.org"])
    again = arrive(hold=[], passes=["d@example.org"], reject=["c@example.org"])

    assert again.joined
    assert counted().kinds == ["notice.refused"]


def test_holding_nobody_is_a_mistake_of_the_caller(arrive):
    with pytest.raises(ValueError, match="nobody is held"):
        arrive(hold=[], passes=["d@example.org"])


# -- what passes, and what fails --------------------------------------------------------------------------------


def test_a_message_that_passes_noticed_is_in_the_audit_trail_without_an_address(
    quarantine, store, make_message, make_facts, now
):
    from safehold.model import Action, Answer, Ground, RecipientVerdict

    facts: Facts = make_facts(["b@example.org"])
    ground = Ground("watch", True, Action.NOTIFY, Answer.YES)
    verdict = Verdict((RecipientVerdict(facts.recipients[0], Action.NOTIFY, (ground,)),))

    quarantine.note(make_message(), facts, verdict, now=now)

    (entry,) = audit.entries(store)
    assert (entry.kind, entry.facts["policies"], entry.facts["recipients"]) == ("noticed", ["watch"], 1)
    assert "@" not in json.dumps(dict(entry.facts))


def test_our_failures_on_one_message_are_counted_up_to_the_third(quarantine, make_message, make_facts, now):
    message, facts = make_message(CONTENT), make_facts()
    other = make_message(CONTENT.replace(b"now.", b"still."))

    counts = [quarantine.fault(message, facts, now=now + timedelta(minutes=n)) for n in range(3)]

    assert counts == [1, 2, 3]
    assert quarantine.fault(other, facts, now=now) == 1


def test_failures_are_forgotten_after_five_days(quarantine, make_message, make_facts, now):
    quarantine.fault(make_message(CONTENT), make_facts(), now=now)

    assert quarantine.fault(make_message(CONTENT), make_facts(), now=now + timedelta(days=5, seconds=1)) == 1


def test_failures_are_forgotten_once_the_message_is_held(quarantine, arrive, make_message, make_facts, now):
    quarantine.fault(make_message(CONTENT), make_facts(), now=now)
    arrive()

    assert quarantine.fault(make_message(CONTENT), make_facts(), now=now) == 1


def test_a_large_message_is_held_whole(arrive, quarantine, keys):
    large = CONTENT + b"x" * 76 + b"\r\n" + bytes(25 * 1024 * 1024)

    hold = arrive(content=large).hold_id

    assert quarantine.open(hold, keys.opening).content == large


def test_an_empty_reading_is_no_obstacle(quarantine, make_message, make_facts, make_verdict, now):
    outcome = quarantine.hold(make_message(b""), make_facts(), make_verdict(), Reading(), now=now)

    assert quarantine.get(outcome.hold_id).size_bytes == 0


def test_a_queue_id_is_stored_as_plain_text_only(arrive, quarantine):
    held = quarantine.get(arrive(macros={"i": "4bX\nevil a@b.example" + "z" * 200}).hold_id)

    assert held.queue_id.startswith("4bX evil (address)")
    assert len(held.queue_id) <= 64


def test_a_process_without_the_store_key_can_hold_nothing(
    store, key_folder, make_message, make_facts, make_verdict, now
):
    from safehold import vault

    keys = vault.KeyRing.load(key_folder, need=frozenset({"sealing", "recovery"}))

    with pytest.raises(KeyUnavailableError):
        Quarantine(store, keys).hold(make_message(), make_facts(), make_verdict(), Reading(), now=now)
