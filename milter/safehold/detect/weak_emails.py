# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail addresses of the people in scope of which the mailbox and the domain stand apart, or the mailbox alone.

``carys.bevan88, she is with example.org`` names an address as well as ``carys.bevan88@example.org`` does: likely, where
the mailbox is no plain word.  The mailbox alone (``user name: carys.bevan88``) is a hint.

Each mailbox is looked for as it is, so the time is linear in the text for each person.  Pure.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from safehold.detect.hits import Hit
from safehold.detect.values import DOT
from safehold.detect.view import Span, View
from safehold.model import Strength
from safehold.register import keys
from safehold.register.index import Register
from safehold.register.people import Kind
from safehold.text import folded

_KEPT: Final = 4_096  # values taken apart that are kept
_SHORTEST: Final = 6
_SHORTEST_LETTERS: Final = 10  # of a mailbox that is nothing but letters, and so may be a word
_REACH: Final = 120  # characters from the mailbox to its domain
_LOCAL_SIGNS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_%+-=@")
_HOST_SIGNS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-@")
_LIKELY_POINTS, _HINT_POINTS = 22.0, 10.0


@dataclass(frozen=True, slots=True)
class _Known:
    """One address: whose, and its two sides."""

    person: str
    value: int
    local: str = field(repr=False)
    host: str = field(repr=False)


class WeakEmails:
    """The addresses of some people, ready to be looked for in any number of views."""

    def __init__(self, register: Register, people: Iterable[str]) -> None:
        self._known: list[_Known] = []
        for person in filter(None, map(register.person, people)):
            for place, value in enumerate(person.values):
                if value.kind is Kind.EMAIL:
                    local, host = _sides(value.value)
                    if host and _is_telling(local):
                        self._known.append(_Known(person.id, place, local, host))

    def find(self, view: View) -> Iterator[Hit]:
        """Yield the mailboxes in a view, likely where the domain stands near."""
        text = view.text
        is_spelt = "dot" in view.distinct
        for known in self._known:
            if not (is_spelt or known.local in text):
                continue
            for start, end in _found(text, known.local, _LOCAL_SIGNS, spelt=is_spelt):
                yield from _hit(known, text, (start, end), spelt=is_spelt)


@lru_cache(maxsize=_KEPT)
def _sides(address: str) -> tuple[str, str]:
    """Return mailbox and domain as a folded text writes them."""
    local, _, host = address.strip().rpartition("@")
    return folded(local).partition("+")[0], keys.domain(host)


def _hit(known: _Known, text: str, span: Span, *, spelt: bool) -> Iterator[Hit]:
    low, high = max(span[0] - _REACH, 0), min(span[1] + _REACH, len(text))
    hosts = [(low + start, low + end) for start, end in _found(text[low:high], known.host, _HOST_SIGNS, spelt=spelt)]
    if hosts:
        nearest = min(hosts, key=lambda host: abs(host[0] - span[0]))
        start, end = min(span[0], nearest[0]), max(span[1], nearest[1])
        why = "both sides of an e-mail address, apart"
        yield Hit(known.person, Kind.EMAIL.value, known.value, start, end, Strength.LIKELY, why, _LIKELY_POINTS)
    elif not known.local.isalpha():
        why = "mailbox without its domain"
        yield Hit(known.person, Kind.EMAIL.value, known.value, *span, Strength.HINT, why, _HINT_POINTS)


def _is_telling(local: str) -> bool:
    """Return whether a mailbox can be told from the words of a sentence."""
    return len(local) >= (_SHORTEST_LETTERS if local.isalpha() else _SHORTEST)


def _found(text: str, name: str, signs: frozenset[str], *, spelt: bool) -> Iterator[Span]:
    """Yield where a mailbox or domain stands, and is no part of a longer one."""
    start = text.find(name)
    while start >= 0:
        if _is_whole(text, start, start + len(name), signs):
            yield start, start + len(name)
        start = text.find(name, start + 1)
    labels = name.split(".")
    if spelt and len(labels) > 1 and labels[0] in text:
        for match in re.finditer(DOT.join(map(re.escape, labels)), text):
            if "dot" in match.group() and _is_whole(text, *match.span(), signs):
                yield match.span()


def _is_whole(text: str, start: int, end: int, signs: frozenset[str]) -> bool:
    """Return whether nothing before or after goes on; a full stop at the end of a sentence does not."""
    before = text[max(start - 2, 0) : start]
    after = text[end : end + 2]
    if before[-1:] in signs or after[:1] in signs:
        return False
    is_longer_before = before[-1:] == "." and before[:1].isalnum()
    is_longer_after = after[:1] == "." and after[1:].isalnum()
    return not (is_longer_before or is_longer_after)
