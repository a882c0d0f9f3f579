# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of tests: written in a test file, or finished ones (.eml), with the envelope they would travel in.

Made here and taken apart elsewhere: what a message says is read by reader workers alone, like any other mail.  Of a
finished one, only the addresses of its header are looked at, as the gate does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from mimetypes import guess_type

from safehold.gate.facts import address_headers, normal
from safehold.model import Envelope, Message, Recipient

# A client on the internet, for mail that comes in (TEST-NET-3, RFC 5737).
_OUTSIDE = "203.0.113.7"
_INWARD = ("inbound", "transit")
_ANY_BYTES = "application/octet-stream"
_MESSAGE = "message/rfc822"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a test's message carries: from beside the test file, or written in it."""

    name: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of a test.

    Attributes:
        content: A finished message; then the addresses here, where there are any, are its envelope.
    """

    sender: str = field(default="", repr=False)
    to: tuple[str, ...] = field(default=(), repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    bcc: tuple[str, ...] = field(default=(), repr=False)
    subject: str = field(default="", repr=False)
    body: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    content: bytes = field(default=b"", repr=False)


def envelope(letter: Letter) -> tuple[str, tuple[str, ...]]:
    """Return the sender and the recipients, each once, as the gateway spells them; "" and () where there are none."""
    named = [parseaddr(one)[1] for one in (*letter.to, *letter.cc, *letter.bcc)]
    sender = parseaddr(letter.sender)[1]
    if letter.content:
        headers = address_headers(letter.content)
        sender = sender or next((address for _, address in headers["from"]), "")
        named = named or [address for _, address in (*headers["to"], *headers["cc"])]
    return normal(sender), tuple(dict.fromkeys(map(normal, named)))


def made(letter: Letter, now: datetime, direction: str = "") -> Message:
    """Return the message as the gateway would be handed it at *now*."""
    content = letter.content or _written(letter, now)
    content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    sender, recipients = envelope(letter)
    signed_in = {"{auth_authen}": sender, "{client_addr}": "127.0.0.1"}
    macros = {"{client_addr}": _OUTSIDE} if direction in _INWARD else signed_in
    return Message(Envelope(sender, tuple(map(Recipient, recipients))), content, now.astimezone(UTC), macros)


def _written(letter: Letter, now: datetime) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = letter.sender, ", ".join(letter.to)
    if letter.cc:
        mail["Cc"] = ", ".join(letter.cc)
    mail["Subject"] = letter.subject
    mail["Date"] = now
    mail.set_content(letter.body or "\n")
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    _attach(mail, letter.attachments)
    return mail.as_bytes()


def _attach(mail: EmailMessage, attachments: Iterable[Attachment]) -> None:
    for attachment in attachments:
        guessed = guess_type(attachment.name)[0] or _ANY_BYTES
        if guessed == _MESSAGE and attachment.name.lower().endswith(".eml"):
            mail.add_attachment(message_from_bytes(attachment.content, policy=SMTP), filename=attachment.name)
            continue
        main, _, sub = (_ANY_BYTES if guessed.startswith(("multipart/", "message/")) else guessed).partition("/")
        mail.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
