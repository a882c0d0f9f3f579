# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of single settings: domains, addresses, sockets, time zones; and what every section is.  Pure."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict

# One label or more, and a top-level one that is no number (RFC 1123, 2.1; RFC 5321, 4.1.2).
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")


class NotADomainError(ValueError):
    """A text that no address can be in, with what was probably meant."""

    def __init__(self, text: str) -> None:
        super().__init__(f"`{text}` is not a mail domain")
        meant = _meant(text)
        self.hint = f"did you mean `{meant}`?" if meant else "the form is council.example; sub-domains count"


def domain(text: str) -> str:
    """Return *text* if it is a mail domain as addresses are compared: small letters, ASCII, no dot at either end.

    Raises:
        NotADomainError: It is not; nothing would ever be inside it, and every colleague would pass for a stranger.
    """
    if not _DOMAIN.fullmatch(text):
        raise NotADomainError(text)
    return text


def _meant(text: str) -> str:
    """Return the mail domain in a web address, a mail address, or a domain that is spelt otherwise; else ""."""
    host = text.strip().lower().partition("://")[2] or text.strip().lower()
    host = re.split(r"[/:?#]", host)[0].rpartition("@")[2].removeprefix("*").strip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return host if _DOMAIN.fullmatch(host) else ""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("is not a time zone; expected a name such as Europe/London") from error
    return name


def _host_port(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and 0 <= int(port) < 65536):
        raise ValueError("expected host:port, e.g. 127.0.0.1:10027")
    return text


def _socket(text: str) -> str:
    if not text.startswith(("unix:", "inet:")):
        raise ValueError("expected unix:/path/to/socket or inet:port@host")
    return text


def _mailbox(text: str) -> str:
    if not _is_mailbox(text):
        raise ValueError("expected an address, e.g. archive@council.example")
    return text


def _staff(text: str) -> str:
    """Return an address of our own people; ``@localhost`` is what a first try on one machine writes to."""
    if not (_is_mailbox(text) or (_is_mailbox(f"{text}.example") and text.endswith("@localhost"))):
        raise ValueError("expected an address, e.g. reviewers@council.example")
    return text


def _is_mailbox(text: str) -> bool:
    local, _, place = text.rpartition("@")
    well_formed = bool(local) and text.isprintable() and not re.search(r'[\s<>",;@]', local)
    return well_formed and _DOMAIN.fullmatch(place.lower()) is not None


HostPort = Annotated[str, AfterValidator(_host_port)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
StaffMailbox = Annotated[str, AfterValidator(_staff)]
MilterSocket = Annotated[str, AfterValidator(_socket)]
Domain = Annotated[str, AfterValidator(domain)]
TimeZone = Annotated[str, AfterValidator(_zone)]


class Section(BaseModel):
    """The base of all sections: frozen, and strangers are complaints."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
