# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses as Postfix spells and reads them in its maps and in SMTP commands.  Pure.

Sources: aliases(5), virtual(5), RFC 5321 (4.1.2), RFC 6531; compared with a real Postfix 3.7 together with the maps.
"""

import re

# A member of a list: quoted strings (which may hold blanks and commas) and plain characters, up to a separator.
_MEMBER = re.compile(r'(?:"(?:\\.|[^"\\])*"|\\.|[^\s,"\\])+')
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
# A local part that needs no quotes (RFC 5321 dot-string; RFC 6531 adds all of Unicode; "@", "!" and "%" are looked at
# apart).
_PLAIN = re.compile(r"[^\s()<>\[\]:;,\\\"\x00-\x1f\x7f]+")
# local(8) and trivial-rewrite(8) read these in a local part at our own domain as a route to somewhere else.
ROUTE = re.compile(r"[%!@]")


def list_members(value: str) -> list[str]:
    """Return the members of a list value, angle brackets taken off."""
    members = []
    for found in _MEMBER.findall(value):
        member = found[1:-1] if found.startswith("<") and found.endswith(">") else found
        if member:
            members.append(member)
    return members


def is_simple(address: str) -> bool:
    """Return whether an address is a plain or quoted local part, perhaps with a domain, and nothing else."""
    without_route = address.partition(":")[2] if address.startswith("@") else address
    return (
        re.fullmatch(r'(?:"(?:\\.|[^"\\])*"|\\.|[^\s()<>:;,"\\])+|[^\s()<>;,"\\]+@\[[^\]\s]+\]', without_route)
        is not None
    )


def plainest(local: str) -> str:
    r"""Return a local part without needless quotes and backslashes: ``"bob"`` and ``b\ob`` are ``bob`` to Postfix."""
    if '"' not in local and "\\" not in local:
        return local
    plain = re.sub(r"\\(.)|\"", lambda match: match[1] or "", local)
    if _PLAIN.fullmatch(plain) and not ROUTE.search(plain):
        return plain
    return '"' + re.sub(r'([\\"])', r"\\\1", plain) + '"'


def unquoted(local: str) -> str:
    """Return a local part or alias member without the quotes around it."""
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        return re.sub(r"\\(.)", r"\1", local[1:-1])
    return local
