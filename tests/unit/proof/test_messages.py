# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of tests travel as mail does: what was written arrives as it was, to whom it was written."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP

import pytest

from safehold.proof import messages
from safehold.proof.messages import Attachment, Letter

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
LETTER = Letter("Jo <SW@council.example>", ("a@x.example", "Ann <A@x.example>"), subject="Grüße", body="Hello\n")
FINISHED = b"From: sw@council.example\nTo: a@x.example\nCc: b@x.example\nSubject: s\n\nHello\n"


def of(*attachments: Attachment) -> Letter:
    return Letter("sw@council.example", ("a@x.example",), subject="s", body="b", attachments=attachments)


def attached(letter: Letter) -> list[tuple[str, bytes]]:
    mail = message_from_bytes(messages.made(letter, NOW).content, policy=SMTP)
    return [(part.get_content_type(), part.get_payload(decode=True)) for part in mail.iter_attachments()]


def test_each_recipient_is_there_once_in_small_letters():
    assert messages.envelope(LETTER) == ("sw@council.example", ("a@x.example",))


def test_blind_copies_are_recipients_and_stand_in_no_header():
    letter = Letter("sw@council.example", ("a@x.example",), bcc=("b@x.example",), subject="s")

    made = messages.made(letter, NOW)

    assert [each.address for each in made.envelope.recipients] == ["a@x.example", "b@x.example"]
    assert b"b@x.example" not in made.content


def test_a_finished_message_goes_to_those_of_its_header():
    assert messages.envelope(Letter(content=FINISHED)) == ("sw@council.example", ("a@x.example", "b@x.example"))


def test_a_test_may_name_another_envelope_for_a_finished_message():
    letter = Letter("jo@council.example", ("c@x.example",), content=FINISHED)

    assert messages.envelope(letter) == ("jo@council.example", ("c@x.example",))
    assert messages.made(letter, NOW).content == FINISHED.replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("direction", "inward"), [("", False), ("outbound", False), ("inbound", True), ("transit", True)]
)
def test_what_comes_in_comes_from_a_client_that_nobody_signed_in(direction: str, inward: bool):
    assert ("{auth_authen}" not in messages.made(LETTER, NOW, direction).macros) is inward


@pytest.mark.parametrize("name", ["letter.txt", "a.pdf", "a.zip", "page.html", "archive.mht", "nothing"])
def test_an_attachment_arrives_byte_for_byte(name: str):
    content = b"one\r\ntwo\nthree\xff\x00"

    ((_, arrived),) = attached(of(Attachment(name, content)))

    assert arrived == content


def test_a_mail_within_a_mail_is_one():
    inner = "From: a@x.example\nSubject: Zoë\n\n01632 960123 ü\n".encode()

    made = messages.made(of(Attachment("fwd.eml", inner)), NOW)

    (part,) = message_from_bytes(made.content, policy=SMTP).iter_attachments()
    assert part.get_content_type() == "message/rfc822"
    assert b"01632 960123 \xc3\xbc" in made.content


@pytest.mark.parametrize("content", [b"", b"\xff\x00 no mail", b"\n\n\n"])
def test_what_is_called_a_mail_and_is_none_is_sent_all_the_same(content: bytes):
    assert messages.made(of(Attachment("fwd.eml", content)), NOW).content
