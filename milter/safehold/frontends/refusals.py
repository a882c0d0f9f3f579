# SPDX-License-Identifier: GPL-3.0-or-later
"""What a refused client is told: code, enhanced code, and one line of text that either protocol can carry.

Source: RFC 5321, 4.5.3.1.5 (512 octets for a reply line) and RFC 2034; 400 characters keep Postfix's log readable.
"""

import logging

from safehold.model import Reply

log = logging.getLogger(__name__)

_TEXT_LIMIT = 400


def refusal(reply: Reply, first_digit: str) -> tuple[str, str, str]:
    """Return the three parts of the refusal in *reply*, as a 4xx or 5xx by *first_digit*.

    A code of the other class is a mistake of ours: what happens to the mail is decided by the kind of reply.
    """
    code, enhanced, text = reply.code
    if not (code.startswith(first_digit) and enhanced.startswith(first_digit)):
        log.error("fault stage=reply error=wrong_code")
        code, enhanced, text = (f"{first_digit}50", f"{first_digit}.7.1", "message refused by local policy")
    return code, enhanced, "".join(c if c.isascii() and c.isprintable() else "?" for c in text)[:_TEXT_LIMIT]
