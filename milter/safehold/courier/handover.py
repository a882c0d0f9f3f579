# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands one mail to the release listener, command by command, so that every ESMTP parameter can be kept.

Nothing counts as handed over but a whole reply line 250 after DATA.  Errors hold reply codes and words of ours,
never the text of a reply, which often repeats an address.  Sources: RFC 5321, 3461 (DSN), 6152 (8BITMIME), 6531
(SMTPUTF8); CPython's smtplib for what it does to a reply that breaks off.
"""

import re
import smtplib
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from safehold.courier.points import checkpoint
from safehold.model import Recipient


class LaterError(Exception):
    """Not now: try again.  The argument is a code or a word of ours."""


class NeverError(Exception):
    """Refused for good.  The argument is a code or a word of ours."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One mail to hand over."""

    sender: str = field(repr=False)
    recipients: tuple[Recipient, ...] = field(repr=False)
    content: bytes = field(repr=False)
    parameters: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the listener said: a queue id if it named one, and the codes of recipients it refused for good.

    ``left_off`` counts the parameters that were asked for and that the listener does not know.
    """

    queue_id: str
    accepted: int
    refused: tuple[str, ...] = ()
    left_off: int = 0


class Connection(smtplib.SMTP):
    """An SMTP client that trusts whole reply lines only, and can speak over a unix-domain socket."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        if not host.startswith("/"):
            return super()._get_socket(host, port, timeout)  # type: ignore[misc,no-any-return]
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(timeout)
            connected.connect(host)
        except OSError:
            connected.close()
            raise
        return connected

    def getreply(self) -> tuple[int, bytes]:
        """Return code and text of a reply.

        Unlike smtplib's, it takes "250 2.0.0 Ok: que" and then a closed connection for no reply at all: whether
        the mail was taken is not known then, and unknown must never become *released*.

        Raises:
            SMTPServerDisconnected: The connection ended, or what came is no reply (RFC 5321, 4.2).
        """
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        if self.file is None:
            self.file = self.sock.makefile("rb")
        texts = []
        for _ in range(_REPLY_LINES):
            line = self.file.readline(_REPLY_LINE_BYTES)
            match = _REPLY_LINE.fullmatch(line)
            if match is None:
                self.close()
                raise smtplib.SMTPServerDisconnected("no whole reply")
            texts.append(match[3].strip())
            if match[2] != b"-":
                return int(match[1]), b"\n".join(texts)
        self.close()
        raise smtplib.SMTPServerDisconnected("a reply without an end")


_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])([^\r\n]*)|())\r?\n")
_REPLY_LINE_BYTES = 8192
_REPLY_LINES = 200
_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_QUEUE_ID = re.compile(rb"(?:queued as|\bid=)\s*<?([A-Za-z0-9._-]{1,64})", re.IGNORECASE)

# Parameters of MAIL and RCPT that are kept, and the extension that must be offered for each (RFC 3461, RFC 8689).
MAIL_PARAMETERS: Mapping[str, str] = {"RET": "dsn", "ENVID": "dsn", "REQUIRETLS": "requiretls"}
RCPT_PARAMETERS: Mapping[str, str] = {"NOTIFY": "dsn", "ORCPT": "dsn"}
_PARAMETER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:=[!-~]+)?", re.ASCII)
# What no address in a command may hold (RFC 5321, 4.1.2); a space or ">" may stand in a quoted local part.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_UNSENDABLE_BARE = re.compile(r"[ <>\"]")


def hand_over(
    smtp: smtplib.SMTP, parcel: Parcel, *, depart: Callable[[Parcel], None], tick: Callable[[], None]
) -> Receipt:
    """Give *parcel* to the listener and return its receipt.

    A recipient refused for good is left out and the rest is tried anew; one that is put off puts off all.

    Args:
        smtp: A connection that has been greeted.
        parcel: The mail.
        depart: Called with what really leaves, just before DATA.
        tick: Called before every command; may raise to end it.

    Raises:
        LaterError, NeverError: Nothing was handed over, or nobody knows (then it is Later).
    """
    refused: list[str] = []
    if (answer := smtp.ehlo())[0] >= 500:
        answer = smtp.helo()
    expect_2xx(answer, "EHLO", never=False)
    while parcel.recipients:
        tick()
        smtp.command_encoding = "utf-8" if _wants_utf8(smtp, parcel) else "ascii"
        expect_2xx(_command(smtp, "MAIL", f"FROM:<{_sendable(parcel.sender)}>", mail_parameters(smtp, parcel)), "MAIL")
        accepted: list[Recipient] = []
        for recipient in parcel.recipients:
            tick()
            code = _recipient(smtp, recipient)
            if code is None:
                accepted.append(recipient)
            else:
                refused.append(code)
        if len(accepted) == len(parcel.recipients):
            checkpoint("recipients accepted")
            depart(parcel)
            checkpoint("departure recorded")
            tick()
            return Receipt(_data(smtp, parcel.content), len(accepted), tuple(refused), _left_off(smtp, parcel))
        expect_2xx(smtp.docmd("RSET"), "RSET")
        parcel = replace(parcel, recipients=tuple(accepted))
    raise NeverError(f"RCPT {refused[0]}" if refused else "no recipients")


def _recipient(smtp: smtplib.SMTP, recipient: Recipient) -> str | None:
    """Offer one recipient; return None if accepted, else the code with which it is refused for good."""
    if not recipient.address or not is_sendable(recipient.address):
        return "501"
    answer = _command(smtp, "RCPT", f"TO:<{recipient.address}>", kept(smtp, recipient.parameters, RCPT_PARAMETERS))
    # RFC 5321, 4.5.3.1.10: a 552 here means "too many recipients" and is to be taken for a 452.
    if answer[0] >= 500 and answer[0] != 552:
        return _code(answer)
    expect_2xx(answer, "RCPT", never=False)
    return None


def _data(smtp: smtplib.SMTP, content: bytes) -> str:
    """Send the content, dots doubled and nothing else changed; return the queue id in the reply, or ""."""
    answer = smtp.docmd("DATA")
    if answer[0] != 354:
        expect_2xx(answer, "DATA")
        raise LaterError(f"DATA {answer[0]}")
    smtp.send(dot_stuffed(content))
    checkpoint("data sent")
    answer = smtp.getreply()
    if answer[0] != 250:
        expect_2xx(answer, "end of DATA")
        raise LaterError(f"end of DATA {answer[0]}")
    checkpoint("accepted by listener")
    match = _QUEUE_ID.search(answer[1])
    return match[1].decode("ascii").rstrip(".") if match else ""


def dot_stuffed(content: bytes) -> bytes:
    """Return *content* as DATA wants it: a dot doubled at the start of a line, and the end mark.

    A line starts after a bare LF too: Postfix takes one for a line end, and "LF . CRLF" in held mail must not end
    the mail there and make commands of the rest (SMTP smuggling).  Servers that see lines so take the dot away again.
    """
    end = b".\r\n" if content.endswith(b"\r\n") or not content else b"\r\n.\r\n"
    return _LINE_DOT.sub(b"..", content) + end


_LINE_DOT = re.compile(rb"^\.", re.MULTILINE)


def mail_parameters(smtp: smtplib.SMTP, parcel: Parcel) -> list[str]:
    """Return the parameters of MAIL that the listener understands."""
    found = []
    if smtp.has_extn("size"):
        found.append(f"SIZE={len(parcel.content)}")
    if smtp.has_extn("8bitmime") and not parcel.content.isascii():
        found.append("BODY=8BITMIME")
    if _wants_utf8(smtp, parcel):
        found.append("SMTPUTF8")
    return found + kept(smtp, parcel.parameters, MAIL_PARAMETERS)


def kept(smtp: smtplib.SMTP, parameters: Iterable[str], table: Mapping[str, str]) -> list[str]:
    """Return those *parameters* that are in *table*, well formed, and whose extension is offered."""
    return [
        parameter
        for parameter in parameters
        if _PARAMETER.fullmatch(parameter) and smtp.has_extn(table.get(parameter.partition("=")[0].upper(), "-"))
    ]


def _left_off(smtp: smtplib.SMTP, parcel: Parcel) -> int:
    """Return how many parameters that should be kept the listener has no use for: that is somebody's to know."""
    given = [(parcel.parameters, MAIL_PARAMETERS), *((each.parameters, RCPT_PARAMETERS) for each in parcel.recipients)]
    known = sum(p.partition("=")[0].upper() in table for parameters, table in given for p in parameters)
    return known - sum(len(kept(smtp, parameters, table)) for parameters, table in given)


def _wants_utf8(smtp: smtplib.SMTP, parcel: Parcel) -> bool:
    """Return whether to say SMTPUTF8 (RFC 6531): asked for at first, or an address needs it.

    Raises:
        LaterError: An address needs it and the listener does not offer it: the listener is set up wrongly.
    """
    asked = any(parameter.upper() == "SMTPUTF8" for parameter in parcel.parameters)
    needed = not all(address.isascii() for address in (parcel.sender, *(r.address for r in parcel.recipients)))
    if needed and not smtp.has_extn("smtputf8"):
        raise LaterError("the listener offers no SMTPUTF8")
    return (asked or needed) and smtp.has_extn("smtputf8")


def _sendable(address: str) -> str:
    if not is_sendable(address):
        raise NeverError("the sender's address cannot be sent")
    return address


def is_sendable(address: str) -> bool:
    """Return whether *address* can stand in a command without changing it."""
    return not (_UNSENDABLE.search(address) or _UNSENDABLE_BARE.search(_QUOTED.sub("", address)))


def _command(smtp: smtplib.SMTP, verb: str, path: str, parameters: Sequence[str]) -> tuple[int, bytes]:
    return smtp.docmd(verb, " ".join((path, *parameters)))


def expect_2xx(answer: tuple[int, bytes], step: str, *, never: bool = True) -> None:
    """Return if the answer is good; else raise, for good on a 5xx where *never* allows."""
    if 200 <= answer[0] < 300:
        return
    error = NeverError if answer[0] >= 500 and never else LaterError
    raise error(f"{step} {_code(answer)}")


def _code(answer: tuple[int, bytes]) -> str:
    """Return the reply code with its enhanced code: reply texts repeat addresses, so they stay here."""
    enhanced = _ENHANCED.match(answer[1])
    return f"{answer[0]} {enhanced[1].decode('ascii')}" if enhanced else str(answer[0])
