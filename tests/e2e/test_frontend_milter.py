# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the milter protocol has: macros, BDAT, NUL, progress, mail by sendmail(1)."""

import smtplib
import socket

from frontend_judges import A, B, C, Front, _milter_process, milter, script  # noqa: F401 - fixtures
from harness.postfix import PrivatePostfix


def test_macros_tell_who_sent_it(milter: Front):  # noqa: F811
    sent = milter.send(script())

    macros = milter.heard[0].macros
    assert macros["{client_addr}"] == "127.0.0.1"
    assert macros["{daemon_name}"] == "safehold"
    assert macros["{daemon_port}"] == str(milter.port)
    assert macros["i"] == sent.queue_id
    assert milter.heard[0].helo == "client.own.example"


def test_mail_by_sendmail_has_no_client_address(milter: Front, postfix: PrivatePostfix):  # noqa: F811
    """Its stand-in, 127.0.0.1, would make a cron job's mail look like a network client's."""
    postfix.sendmail(script(), A, [B])

    milter.sink.wait()
    assert milter.heard[0].macros["{client_addr}"] == ""


def test_mail_by_sendmail_is_held_back_too(milter: Front, postfix: PrivatePostfix):  # noqa: F811
    assert postfix.sendmail(script(remove=[B]), A, [B, C]) == 0
    assert postfix.sendmail(script("discard"), A, [B]) == 0

    postfix.wait_for_empty_queue()
    assert {r for d in milter.sink.deliveries for r in d.recipients} == {C}


def test_chunked_content_is_one_message(milter: Front):  # noqa: F811
    first, second = script(), b"more\r\n.\r\n\x00\xff"
    with socket.create_connection(("127.0.0.1", milter.port)) as client:
        replies = client.makefile("rb")
        client.sendall(b"EHLO x\r\n")
        while not replies.readline().startswith(b"250 "):
            pass
        client.sendall(b"MAIL FROM:<a@own.example> BODY=8BITMIME\r\nRCPT TO:<b@example.org>\r\n")
        client.sendall(b"BDAT %d\r\n%bBDAT %d LAST\r\n%b" % (len(first), first, len(second), second))
        client.sendall(b"QUIT\r\n")
        codes = [line[:3] for line in replies]

    assert codes == [b"250", b"250", b"250", b"250", b"221"]
    assert milter.heard[0].content.endswith(b"last\r\nmore\r\n.\r\n\x00\xff\r\n")
    assert len(milter.sink.wait()) == 1


def test_a_nul_in_a_header_hides_the_rest_of_its_line(milter: Front, postfix: PrivatePostfix):  # noqa: F811
    """libmilter's doing: why message_reject_characters must be set, which the second half shows."""
    content = b"X-Nul: a\x00hidden\r\nSubject: after\r\n\r\nbody \x00 here\r\n"
    assert milter.send(content).code == 250
    assert b"hidden" not in milter.heard[0].content
    assert b"Subject: after" in milter.heard[0].content
    assert b"body \x00 here" in milter.heard[0].content

    postfix.set(message_reject_characters=r"\0")

    assert milter.send(content).code == 550


def test_a_judge_that_takes_long_is_waited_for_as_long_as_it_tells(milter: Front, postfix: PrivatePostfix):  # noqa: F811
    postfix.set(milter_content_timeout="2s")

    assert milter.send(script(seconds=4)).code == 250
    assert milter.end.events.count("progress") > 5


def test_a_line_that_is_no_header_to_postfix_is_no_way_past_the_judge(milter: Front):  # noqa: F811
    """pymilter would choke on such a name before our code runs; Postfix begins the body with that line."""
    content = b"X-\xe9: 8-bit name\r\n" + script("discard")

    assert milter.send(content).code == 250

    (delivery,) = milter.sink.wait()
    assert milter.heard[0].content.endswith(content)
    assert delivery.content.endswith(content)


def test_a_command_that_nobody_knows_changes_nothing(milter: Front):  # noqa: F811
    with smtplib.SMTP("127.0.0.1", milter.port, timeout=30) as client:
        client.ehlo()
        client.mail(A)
        unknown = client.docmd("FROB", "nicate")[0]
        client.rcpt(B)

        assert (unknown, client.data(script())[0]) == (500, 250)

    assert milter.heard[0].addresses == [B]
    assert milter.sink.wait()[0].recipients == (B,)
