# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reply, through both front ends: what the client was told, and what the far side got."""

import smtplib

import pytest
from frontend_judges import (  # noqa: F401 - fixtures
    A,
    B,
    C,
    D,
    Front,
    _milter_process,
    _proxy_process,
    front,
    milter,
    proxy,
    script,
)

ONE = (B,)
TWO = (B, C)
LATER = ["451", "4.7.1", "please wait"]
NEVER = ["554", "5.7.9", "not 100% wanted"]


def got(front: Front) -> set[str]:  # noqa: F811
    """Return who got mail, once all that is under way has arrived."""
    front.settle()
    return {r for d in front.sink.deliveries for r in d.recipients}


@pytest.mark.parametrize(
    ("recipients", "order", "code", "delivered"),
    [
        pytest.param(ONE, {"kind": "accept"}, 250, {B}, id="accept, one recipient"),
        pytest.param(TWO, {"kind": "accept"}, 250, {B, C}, id="accept, all recipients"),
        pytest.param(TWO, {"kind": "accept", "remove": [B]}, 250, {C}, id="accept, some recipients"),
        pytest.param(TWO, {"kind": "accept", "remove": [B], "add": [[D, []]]}, 250, {C, D}, id="one replaced"),
        pytest.param(TWO, {"kind": "accept", "remove": [B, C], "add": [[D, []]]}, 250, {D}, id="all replaced"),
        pytest.param(TWO, {"kind": "accept", "remove": [B], "add": [[B, []]]}, 250, {B, C}, id="removed, put back"),
        pytest.param(ONE, {"kind": "discard"}, 250, set(), id="discard, one recipient"),
        pytest.param(TWO, {"kind": "discard"}, 250, set(), id="discard, all recipients"),
        pytest.param(TWO, {"kind": "discard", "remove": [B]}, 250, set(), id="discard, whatever else it says"),
        pytest.param(ONE, {"kind": "tempfail", "code": LATER}, 451, set(), id="tempfail, one recipient"),
        pytest.param(TWO, {"kind": "tempfail", "code": LATER}, 451, set(), id="tempfail, all recipients"),
        pytest.param(TWO, {"kind": "tempfail", "code": LATER, "remove": [B]}, 451, set(), id="tempfail, some named"),
        pytest.param(ONE, {"kind": "reject", "code": NEVER}, 554, set(), id="reject, one recipient"),
        pytest.param(TWO, {"kind": "reject", "code": NEVER}, 554, set(), id="reject, all recipients"),
        pytest.param(TWO, {"kind": "reject", "code": NEVER, "add": [[D, []]]}, 554, set(), id="reject, one added"),
        pytest.param(TWO, {"kind": "accept", "fail": True}, 451, set(), id="the judge fails"),
        pytest.param(TWO, {"kind": "reject", "code": LATER}, 550, set(), id="a reject with a 4xx code is a 5xx"),
        pytest.param(TWO, {"kind": "tempfail", "code": NEVER}, 450, set(), id="a tempfail with a 5xx code is a 4xx"),
    ],
)
def test_the_reply_is_what_happens(front: Front, recipients, order, code, delivered):  # noqa: F811
    sent = front.send(script(**order), recipients=recipients)

    assert sent.code == code
    assert got(front) == delivered


def test_reply_text_arrives_on_one_line_with_its_per_cent_sign(front: Front):  # noqa: F811
    sent = front.send(script("reject", code=["554", "5.7.9", "not 100% \r\nwanted \u00e9"]))

    assert sent.content == (554, "5.7.9 not 100% ??wanted ?")


def test_several_messages_on_one_connection_are_judged_apart(front: Front):  # noqa: F811
    with smtplib.SMTP("127.0.0.1", front.port, timeout=30) as client:
        client.sendmail(A, [B], script("discard"))
        client.sendmail(A, [C], script())
        client.mail(A)
        client.rcpt(D)
        client.rset()
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail(A, [B], script("tempfail", code=LATER))
        client.sendmail(A, [D], script())

    front.sink.wait(2)
    assert got(front) == {C, D}
    assert [h.addresses for h in front.heard][:4] == [[B], [C], [B], [D]]


def test_parameters_reach_the_judge_and_the_far_side(front: Front):  # noqa: F811
    sent = front.send(
        script(remove=[B], add=[[D, ["NOTIFY=NEVER", "ORCPT=rfc822;b@example.org"]]]),
        recipients=TWO,
        mail_options=["RET=HDRS", "ENVID=abc+2B1", "BODY=8BITMIME"],
        rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;team@own.example"],
    )

    assert sent.code == 250
    (for_c,) = front.sink.wait(where=lambda d: C in d.recipients)
    (for_d,) = front.sink.wait(where=lambda d: D in d.recipients)
    heard = front.heard[0]
    assert heard.parameters == ["RET=HDRS", "ENVID=abc+2B1", "BODY=8BITMIME"]
    assert heard.recipients[1] == [C, ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;team@own.example"]]
    assert {"RET=HDRS", "ENVID=abc+2B1"} <= set(for_c.mail_parameters)
    assert set(for_c.parameters_of(C)) == {"NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;team@own.example"}
    assert set(for_d.parameters_of(D)) == {"NOTIFY=NEVER", "ORCPT=rfc822;b@example.org"}


def test_the_null_sender_is_empty(front: Front):  # noqa: F811
    assert front.send(script(), sender="").code == 250

    assert front.sink.wait()[0].sender == ""
    assert front.heard[0].sender == ""


def test_what_the_judge_sees_is_what_arrives(front: Front):  # noqa: F811
    content = (
        b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-Id: <1@own.example>\r\nFrom: a@own.example\r\n"
        b"Subject:none\r\nX-Three:   blanks\r\nX-Fold: a\r\n  b\r\n\tc\r\nX-Eight: \xe9\xff\r\nX-Empty:\r\n\r\n"
        b"\xff\xfe\x80 8-bit\r\n.dot\r\n..dots\r\n\r\nlast\r\n"
    )

    assert front.send(content, mail_options=["BODY=8BITMIME"]).code == 250

    (delivery,) = front.sink.wait()
    assert front.heard[0].content == content
    assert delivery.content.endswith(content)


def test_a_message_of_headers_only_is_judged(front: Front):  # noqa: F811
    headers = b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-Id: <1@own.example>\r\nFrom: a@own.example\r\n"

    assert front.send(headers).code == 250

    assert front.heard[0].content.rstrip(b"\r\n") == headers.rstrip(b"\r\n")


def test_an_empty_message_is_judged(front: Front):  # noqa: F811
    assert front.send(b"").code == 250

    assert len(front.heard) == 1


def test_smtputf8_addresses_stay_as_they_are(front: Front):  # noqa: F811
    with smtplib.SMTP("127.0.0.1", front.port, timeout=30) as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        assert client.mail("jos\u00e9@own.example", ["SMTPUTF8"])[0] == 250
        assert client.rcpt("zo\u00eb@example.org")[0] == 250
        assert client.rcpt("b@example.org")[0] == 250
        assert client.data(script(remove=["zo\u00eb@example.org"], add=[["andr\u00e9@example.org", []]]))[0] == 250

    assert got(front) == {"b@example.org", "andr\u00e9@example.org"}
    assert front.heard[0].sender == "jos\u00e9@own.example"
    assert front.heard[0].addresses == ["zo\u00eb@example.org", "b@example.org"]


def test_a_thousand_recipients_and_one_of_them_removed(front: Front):  # noqa: F811
    recipients = [f"r{n}@example.org" for n in range(1000)]

    sent = front.send(script(remove=["r500@example.org"]), recipients=recipients)

    assert sent.code == 250
    assert all(code == 250 for code, _ in sent.recipients.values())
    front.sink.wait(where=lambda d: "r999@example.org" in d.recipients)
    everyone = got(front)
    assert len(everyone) == 999
    assert "r500@example.org" not in everyone


def test_a_message_of_25_megabytes_arrives_whole(front: Front):  # noqa: F811
    body = (b"x" * 76 + b"\r\n") * 330_000
    content = (
        b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-Id: <1@own.example>\r\nFrom: a@own.example\r\n\r\n" + body
    )

    assert front.send(content).code == 250

    assert front.heard[0].content == content
    assert front.sink.wait()[0].content.endswith(content)


@pytest.mark.parametrize("recipient", ['"quoted name"@example.org', "Mixed.Case@Example.ORG", "plus+tag@example.org"])
def test_a_recipient_is_removed_however_it_is_spelt(front: Front, recipient):  # noqa: F811
    assert front.send(script(remove=[recipient]), recipients=[recipient, C]).code == 250

    assert front.heard[0].addresses == [recipient, C]
    assert got(front) == {C}
