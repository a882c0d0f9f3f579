# SPDX-License-Identifier: GPL-3.0-or-later
"""The Received: header that a released message carries for the hop that Postfix hid from us.  Pure.

RFC 5321 section 4.4 and 3.7.2.  It names the client and the queue id, never a recipient: a ``for`` clause would tell
one recipient of another (MailScanner/v5#245 did).
"""

import re
from email.utils import format_datetime

from safehold.model import Message

_ATOM = re.compile(r"[^A-Za-z0-9.:_\-\[\]]")


def received(message: Message) -> str:
    """Return the value, folded with CRLF and a tab; ASCII only, whatever the client called itself."""
    by = _word(message.macros.get("j", "")) or "localhost"
    name, address = _client(message)
    lines = []
    if address and address != "unknown":
        helo = _word(message.helo) or "unknown"
        lines.append(f"from {helo} ({name or 'unknown'} [{_literal(address)}])")
    lines += [f"by {by} (safehold) with {_protocol(message)} id {_word(message.queue_id) or '-'};", _date(message)]
    return "\r\n\t".join(lines)


def _client(message: Message) -> tuple[str, str]:
    """Return name and address of the client; ``_`` has both, where Postfix was not asked for the others."""
    both_name, _, both_address = message.macros.get("_", "").rpartition("[")
    name = message.macros.get("{client_name}") or both_name
    address = message.macros.get("{client_addr}") or both_address
    return _word(name).strip("[]"), _word(address).strip("[]")


def _protocol(message: Message) -> str:
    """Return the "with" word of RFC 3848: ESMTP, then S for TLS, A for a login."""
    secure = "S" if message.macros.get("{tls_version}") else ""
    login = "A" if message.macros.get("{auth_authen}") else ""
    return f"ESMTP{secure}{login}"


def _literal(address: str) -> str:
    return f"IPv6:{address}" if ":" in address and not address.lower().startswith("ipv6:") else address


def _word(text: str) -> str:
    return _ATOM.sub("", text)[:255]


def _date(message: Message) -> str:
    return format_datetime(message.received_at)
