# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and writes the SMTP command lines of the proxy.  Pure.

Addresses and parameters are passed on as they were given; what could be read differently by the next hop (control
characters, a parameter it did not offer) is refused here.

Sources: RFC 5321 (MAIL, RCPT), RFC 3461 (DSN parameters, xtext), Postfix's XFORWARD_README and XCLIENT_README.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from safehold.model import Recipient

# Parameter -> the extension that allows it.
MAIL_PARAMETERS = {"RET": "DSN", "ENVID": "DSN", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "SIZE": "SIZE"}
RCPT_PARAMETERS = {"NOTIFY": "DSN", "ORCPT": "DSN"}
XFORWARD = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
XCLIENT = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN")

_PATH = re.compile(r'(?i)(?P<verb>FROM|TO): *<(?P<address>(?:"(?:\\.|[^"\\])*"|[^<>"])*)>(?: +(?P<parameters>.*))?')
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_XTEXT = re.compile(rb"\+([0-9A-F]{2})")
_UNKNOWN_VALUES = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})


class CommandError(Exception):
    """A command is not as it should be; the text is the reply."""


def is_printable(text: str) -> bool:
    """Return whether *text* is free of control characters, which a next hop might take for the end of a line."""
    return _UNPRINTABLE.search(text) is None


def path(verb: str, arg: str | None, known: Mapping[str, str], offered: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Return address and parameters of ``MAIL FROM`` or ``RCPT TO``, as they were given.

    Args:
        verb: ``FROM`` or ``TO``.
        arg: What stands after MAIL or RCPT.
        known: Parameters, and the extension that allows each.
        offered: The extensions the client was offered.

    Raises:
        CommandError: It cannot be passed on.
    """
    match = _PATH.fullmatch(arg or "")
    if match is None or match["verb"].upper() != verb or not is_printable(arg or ""):
        raise CommandError(f"501 5.5.4 expected {verb}:<address> and parameters")
    if verb == "TO" and not match["address"]:
        raise CommandError("501 5.1.3 a recipient is missing")
    parameters = tuple((match["parameters"] or "").split())
    names = [parameter.partition("=")[0].upper() for parameter in parameters]
    if any(known.get(name) not in offered for name in names):
        raise CommandError("555 5.5.4 a parameter is not supported")
    if len(set(names)) < len(names):
        raise CommandError("501 5.5.4 a parameter is given twice")
    return match["address"], parameters


def check_size(parameters: Iterable[str], limit_bytes: int) -> None:
    """Raise CommandError if a SIZE parameter says more than *limit_bytes*."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.upper() == "SIZE":
            if not (value.isascii() and value.isdigit()):
                raise CommandError("501 5.5.4 SIZE wants a number")
            if int(value) > limit_bytes:
                raise CommandError("552 5.3.4 message is too large")


def mail(sender: str, parameters: Iterable[str], offered: Collection[str]) -> str:
    """Return the MAIL command for a next hop; SIZE, which we offer anyway, only where it is offered to us."""
    taken = (p for p in parameters if "SIZE" in offered or not p.upper().startswith("SIZE="))
    return " ".join((f"MAIL FROM:<{sender}>", *taken))


def rcpt(recipient: Recipient) -> str:
    """Return the RCPT command for a next hop."""
    return " ".join((f"RCPT TO:<{recipient.address}>", *recipient.parameters))


def attributes(arg: str | None, known: Sequence[str]) -> dict[str, str] | None:
    """Return XFORWARD or XCLIENT attributes with xtext decoded, unknown values left out; None if malformed."""
    found = {}
    for word in (arg or "").split():
        name, equals, value = word.partition("=")
        if not equals or name.upper() not in known:
            return None
        plain = _XTEXT.sub(lambda match: bytes([int(match[1], 16)]), value.encode()).decode("utf-8", "replace")
        if not is_printable(plain):
            return None
        if value.upper() in _UNKNOWN_VALUES:
            plain = ""
        found[name.upper()] = re.sub(r"(?i)^ipv6:", "", plain) if name.upper() == "ADDR" else plain
    return found or None


def xtext(value: str) -> str:
    """Return a value as XFORWARD carries it (RFC 3461, 4)."""
    if not value:
        return "[UNAVAILABLE]"
    return "".join(chr(b) if 0x21 <= b <= 0x7E and b not in b"+=" else f"+{b:02X}" for b in value.encode())
