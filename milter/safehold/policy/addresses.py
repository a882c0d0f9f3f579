# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of mail addresses and domains, as policies, lists, kinds and roles name them.

Pure.  Addresses compare without regard to case, whole: ``name+tag@`` is not ``name@`` here (only the register's
relations fold tags).  A domain in a list, a kind or a role means its sub-domains too, because the networks that lists
name are used so (``firm.example.cjsm.net``); only the key ``domain:`` of a policy means exactly one domain.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])?")


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses, domains with all below them, and domains alone; everything in lower case."""

    addresses: frozenset[str] = frozenset()
    under: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()

    def __contains__(self, address: str) -> bool:
        address = address.lower()
        domain = address.rpartition("@")[2]
        return address in self.addresses or domain in self.exact or any(d in self.under for d in parents(domain))

    def __or__(self, other: "AddressSet") -> "AddressSet":
        return AddressSet(self.addresses | other.addresses, self.under | other.under, self.exact | other.exact)

    def __bool__(self) -> bool:
        return bool(self.addresses or self.under or self.exact)


def parents(domain: str) -> tuple[str, ...]:
    """Return *domain* and every domain above it: a.b.test, b.test, test."""
    labels = domain.lower().rstrip(".").split(".")
    return tuple(".".join(labels[n:]) for n in range(len(labels)))


def is_address(text: str) -> bool:
    """Return whether *text* has the shape of a mail address."""
    return len(text) <= 320 and _ADDRESS.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """Return whether *text* has the shape of a domain with at least one dot."""
    return len(text) < 254 and _DOMAIN.fullmatch(text) is not None


@cache
def personal_mail() -> frozenset[str]:
    """Return the built-in domains of personal mail.

    They are data of this package, read once like a module is; no path of the machine is involved.
    """
    text = resources.files("safehold.policy").joinpath("personal_mail.txt").read_text("utf-8")
    return frozenset(listed(text))


def listed(text: str) -> tuple[str, ...]:
    """Return the items of a list file: one a line, blank lines and lines after ``#`` left out."""
    lines = (
        line.split("#", 1)[0].strip() if line.lstrip().startswith("#") else line.strip() for line in text.splitlines()
    )
    return tuple(line for line in lines if line)
