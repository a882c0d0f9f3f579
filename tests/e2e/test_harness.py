# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness says what it saw: without that no end-to-end test means anything."""

import smtplib

import pytest
from harness.gateway import Gateway
from harness.postfix import PrivatePostfix
from harness.sink import Fault, RecordingSink

MAIL = b"From: a@own.example\r\nTo: b@example.org\r\nSubject: plain\r\n\r\n.dot first\r\nlast\r\n"


def test_a_message_arrives_byte_for_byte_after_the_trace_headers(postfix: PrivatePostfix, sink: RecordingSink):
    sent = postfix.send(MAIL, "a@own.example", ["b@example.org", "c@example.org"])

    assert sent.code == 250
    (delivery,) = sink.wait()
    assert delivery.sender == "a@own.example"
    assert delivery.recipients == ("b@example.org", "c@example.org")
    assert delivery.content.endswith(b"\r\n\r\n.dot first\r\nlast\r\n")
    assert delivery.content.startswith(b"Received: ")


def test_esmtp_parameters_are_recorded(postfix: PrivatePostfix, sink: RecordingSink):
    postfix.send(
        MAIL,
        "a@own.example",
        ["b@example.org"],
        mail_options=["RET=HDRS", "ENVID=abc+2B1", "BODY=8BITMIME"],
        rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;b@example.org"],
    )

    (delivery,) = sink.wait()
    assert {"RET=HDRS", "ENVID=abc+2B1"} <= set(delivery.mail_parameters)
    assert set(delivery.parameters_of("b@example.org")) == {"NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;b@example.org"}


def test_mail_by_sendmail_arrives(postfix: PrivatePostfix, sink: RecordingSink):
    assert postfix.sendmail(MAIL, "a@own.example", ["b@example.org"]) == 0

    (delivery,) = sink.wait()
    assert delivery.recipients == ("b@example.org",)


def test_the_null_sender_is_recorded_as_empty(postfix: PrivatePostfix, sink: RecordingSink):
    postfix.send(MAIL, "", ["b@example.org"])

    assert sink.wait()[0].sender == ""


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("content", "452 4.3.1 insufficient system storage"), id="no room at the end"),
        pytest.param(Fault("rcpt", "452 4.2.2 over quota"), id="recipient over quota"),
        pytest.param(Fault("content", hang_up_after=b"25"), id="hangs up in the middle of the reply"),
        pytest.param(Fault("data", "421 4.3.2 closing"), id="shuts down at DATA"),
        pytest.param(Fault("content", delay_s=0.3), id="slow"),
    ],
)
def test_a_passing_fault_at_the_sink_is_retried(postfix: PrivatePostfix, sink: RecordingSink, fault: Fault):
    sink.fail(fault)

    postfix.send(MAIL, "a@own.example", ["b@example.org"])

    assert sink.wait()[0].recipients == ("b@example.org",)
    assert sink.attempts
    postfix.wait_for_empty_queue()


@pytest.mark.parametrize("queue", ["deferred", "hold"])
def test_a_queue_is_not_empty_while_anything_waits_in_it(postfix: PrivatePostfix, queue: str):
    postfix.set(defer_transports="smtp")
    assert postfix.send(MAIL, "a@own.example", ["b@example.org"]).code == 250
    postfix.wait_until(lambda: [entry["queue_name"] for entry in postfix.queue()] == ["deferred"], "it to be put off")
    if queue == "hold":
        postfix._run("postsuper", "-c", str(postfix.etc), "-h", "ALL")

    with pytest.raises(AssertionError, match="the queue to empty"):
        postfix.wait_for_empty_queue(0.2)

    postfix._run("postsuper", "-c", str(postfix.etc), "-d", "ALL")
    postfix.wait_for_empty_queue(0.2)


def test_a_message_that_is_still_being_received_is_not_waited_for(postfix: PrivatePostfix):
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
        client.ehlo()
        client.mail("a@own.example")
        client.rcpt("b@example.org")
        client.docmd("DATA")
        client.send(MAIL)
        postfix.wait_for_empty_queue(5)


def test_what_was_accepted_has_arrived_when_the_queue_is_empty(postfix: PrivatePostfix, sink: RecordingSink):
    for _ in range(20):
        sink.clear()
        assert postfix.send(MAIL, "a@own.example", ["b@example.org"]).code == 250
        postfix.wait_for_empty_queue()
        assert len(sink.deliveries) == 1


def test_whoever_waits_for_a_copy_has_postfix_try_again(postfix: PrivatePostfix):
    """Postfix's own scans of its queue may leave a message for long; here they do for an hour."""
    postfix.set(queue_run_delay="1h", minimal_backoff_time="1h", maximal_backoff_time="1h")
    postfix.sink.fail(Fault("rcpt", "452 4.2.2 full", recipient="b@example.org"))
    assert postfix.send(b"Subject: x\r\n\r\ny\r\n", "a@own.example", ["b@example.org"]).code == 250
    postfix.wait_until(lambda: postfix.sink.attempts, "the first try")

    assert Gateway(postfix).await_copy("b@example.org").recipients == ("b@example.org",)


def test_a_refused_recipient_bounces_and_the_other_gets_it(postfix: PrivatePostfix, sink: RecordingSink):
    sink.fail(Fault("rcpt", "550 5.1.1 no such user", recipient="gone@example.org", times=None))

    postfix.send(MAIL, "a@own.example", ["gone@example.org", "b@example.org"])

    assert sink.wait(where=lambda d: "b@example.org" in d.recipients)[0].recipients == ("b@example.org",)
    (bounce,) = sink.wait(where=lambda d: d.sender == "")
    assert bounce.recipients == ("a@own.example",)


@pytest.mark.parametrize("kind", ["hash", "lmdb", "texthash"])
def test_virtual_aliases_expand(postfix: PrivatePostfix, sink: RecordingSink, kind: str):
    where = postfix.map("virtual", {"team@own.example": "b@example.org, c@example.org"}, kind)
    postfix.set(virtual_alias_maps=where)

    postfix.send(MAIL, "a@own.example", ["team@own.example"])

    assert {r for d in sink.wait() for r in d.recipients} == {"b@example.org", "c@example.org"}


def test_a_pcre_map_expands(postfix: PrivatePostfix, sink: RecordingSink):
    postfix.set(virtual_alias_maps=postfix.map("virtual.pcre", "/^any\\+(.*)@own\\.example$/ $1@example.org\n", "pcre"))

    postfix.send(MAIL, "a@own.example", ["any+b@own.example"])

    assert sink.wait()[0].recipients == ("b@example.org",)


def test_settings_end_with_the_test(postfix: PrivatePostfix, sink: RecordingSink):
    postfix.set(always_bcc="archive@own.example")
    postfix.send(MAIL, "a@own.example", ["b@example.org"])
    assert {r for d in sink.wait() for r in d.recipients} == {"b@example.org", "archive@own.example"}
    postfix.reset()

    postfix.send(MAIL, "a@own.example", ["b@example.org"])

    assert sink.wait()[0].recipients == ("b@example.org",)


def test_with_no_milter_answering_mail_waits(postfix: PrivatePostfix, sink: RecordingSink):
    """The safe default: nothing passes a filter that is not there."""
    postfix.use_milter()

    sent = postfix.send(MAIL, "a@own.example", ["b@example.org"])

    assert sent.code == 451
    assert sink.deliveries == ()


def test_a_release_listener_asks_the_guard_alone(postfix: PrivatePostfix, sink: RecordingSink):
    port = postfix.release_listener()

    assert postfix.send(MAIL, "a@own.example", ["b@example.org"], port=port).code == 451
    assert postfix.send(MAIL, "a@own.example", ["b@example.org"]).code == 250
    assert len(sink.wait()) == 1
