# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding whole unique values in a view: e-mail addresses, identifiers, secret aliases (phones have their own module).

Every run of text that could be such a value is brought to its key and looked up; nothing walks over the register.
All patterns are linear: each is anchored on a sign that must be there, and every repeat is bounded.  Pure.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from safehold.detect import phones
from safehold.detect.hits import Allowed, Hit
from safehold.detect.view import View
from safehold.model import Strength
from safehold.register import keys, names
from safehold.register.index import CODES, Register
from safehold.register.people import Kind

_WHY = {
    Kind.EMAIL: "whole e-mail address",
    Kind.NINO: "whole National Insurance number",
    Kind.UPRN: "whole UPRN beside that word",
    Kind.VEHICLE: "whole vehicle registration",
    Kind.CASE_REFERENCE: "whole case reference",
    Kind.ALIAS: "whole secret alias",
}


def find(view: View, register: Register, *, allowed: Allowed) -> Iterator[Hit]:
    """Yield the whole unique values of the people allowed."""
    kinds = register.kinds
    finder = _Finder(view, register, allowed)
    if kinds & phones.KINDS:
        yield from phones.find(view, register, allowed)
    if Kind.EMAIL in kinds:
        yield from finder.emails()
    if register.codes:
        yield from finder.codes()
    if Kind.UPRN in kinds:
        yield from finder.uprns()
    if Kind.ALIAS in kinds:
        yield from finder.aliases()


# -- e-mail addresses -------------------------------------------------------------------------------------------------

_LOCAL_SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_{|}~-"
_LONGEST_LOCAL = 64
_HOST = re.compile(r"[^\W_](?:[\w-]{0,62}\.){1,8}[^\W_]{2,24}")
_LINE = r"(?:[ \t]{0,3}\r?\n[ \t>]{0,4})?"
DOT = rf"{_LINE}[ \t]{{0,3}}[(\[{{<]?[ \t]{{0,2}}(?:dot|\.)[ \t]{{0,2}}[)\]}}>]?{_LINE}[ \t]{{0,3}}"
_SPELT_HOST = re.compile(rf"[^\W_][\w-]{{0,40}}(?:{DOT}[^\W_][\w-]{{0,24}}){{1,4}}")
_SPELT_DOT = re.compile(DOT)
_END_OF_SENTENCE = re.compile(r"\.\s{1,8}")
_SPELT_LOCAL = re.compile(rf"(?:[\w+-]{{1,30}}{DOT}){{0,3}}[\w.+-]{{1,64}}$")  # of at most 72 signs
_WIDEST_GAP = 6
_LONGEST_HOST = 160
_MOST_LABELS = 5

_LONGEST_CODE = 6  # words
_NINO_LENGTH = 9  # with its last letter, which the key is without
_SHORTEST_SURE_CODE = 5  # signs: a shorter mark could be anything
_CODE_GAP = frozenset(" \t\r\n>-/.:_\u00b7")
_WIDEST_CODE_GAP = 4
_UPRN_REACH = 6
_LONGEST_ALIAS = 6  # words


class _Finder:
    """The search of one view."""

    def __init__(self, view: View, register: Register, allowed: Allowed) -> None:
        self.view = view
        self.register = register
        self.allowed = allowed

    def hits(self, kind: Kind, key: str, start: int, end: int, strength: Strength = Strength.CERTAIN) -> Iterator[Hit]:
        """Yield one hit for each allowed person who has that value."""
        for person, value in self.register.holders(kind, key):
            if self.allowed(person):
                yield Hit(person, kind.value, value, start, end, strength, _WHY[kind])

    def emails(self) -> Iterator[Hit]:
        """Yield e-mail addresses, plain and spelt out."""
        text = self.view.text
        at = text.find("@")
        while at >= 0:
            before = text[max(at - _LONGEST_LOCAL, 0) : at]
            local = before[len(before.rstrip(_LOCAL_SIGNS)) :].lstrip("'.=/")
            host = _HOST.match(text, at + 1, at + 1 + _LONGEST_HOST) if local else None
            if host is not None:
                yield from self._email(local, host.group(), at - len(local), host.end())
            elif local or before.endswith((" ", ")", "]", "\n")):
                yield from self._spelt(at, at + 1)
                yield from self._spaced(at)
            at = text.find("@", at + 1)
        if "at" in self.view.distinct:
            spans = self.view.words.spans
            for index, raw in enumerate(self.view.raw):
                if raw == "at":
                    yield from self._spelt(*spans[index])

    def _email(self, local: str, host: str, start: int, end: int) -> Iterator[Hit]:
        for kept in dict.fromkeys((local, local.rpartition("=")[2], local.rpartition("/")[2])):
            yield from self.hits(Kind.EMAIL, keys.mailbox(f"{kept}@{host}"), start + len(local) - len(kept), end)

    def _spelt(self, start: int, end: int) -> Iterator[Hit]:
        """Yield an address spelt "name (at) example (dot) org" around the "at" that stands from *start* to *end*."""
        text = self.view.text
        after = text[end : end + _LONGEST_HOST]
        if "dot" not in after and "." not in after:
            return
        before = text[max(start - _LONGEST_LOCAL - 8, 0) : start]
        kept = before.rstrip(" \t\r\n>([{<")
        spelt = _SPELT_LOCAL.search(kept)
        skipped = len(after) - len(after.lstrip(" \t\r\n)]}>"))
        host = _SPELT_HOST.match(after, skipped) if skipped <= _WIDEST_GAP else None
        if spelt is None or host is None:
            return
        labels = _SPELT_DOT.sub(".", host.group()).split(".")
        begin = start - len(before) + spelt.start()
        sentences = (match.end() for match in _END_OF_SENTENCE.finditer(spelt.group()))
        for skip in (0, *sentences):
            local = _SPELT_DOT.sub(".", spelt.group()[skip:])
            for count in range(len(labels), 1, -1):
                address = keys.mailbox(f"{local}@{'.'.join(labels[:count])}")
                yield from self.hits(Kind.EMAIL, address, begin + skip, end + host.end())

    def _spaced(self, at: int) -> Iterator[Hit]:
        """Yield an address of which every letter stands apart ("j a n e @ e x a m p l e . o r g")."""
        view = self.view
        spans = view.words.spans
        local = bisect_right(spans, (at, at)) - 1
        if local < 0 or local + 2 >= len(view) or spans[local][1] - spans[local][0] == len(view.raw[local]):
            return
        last = local + 1
        while last + 1 < len(view) and view.gap(last).strip() == "." and last - local < _MOST_LABELS:
            last += 1
            address = keys.mailbox(f"{view.raw[local]}@{'.'.join(view.raw[local + 1 : last + 1])}")
            yield from self.hits(Kind.EMAIL, address, spans[local][0], spans[last][1])

    def codes(self) -> Iterator[Hit]:
        """Yield identifiers of letters and digits, however they are spaced."""
        seen: set[int] = set()
        for index in self.view.digits:
            for first in (index - 2, index - 1, index):
                if first >= 0 and first not in seen:
                    seen.add(first)
                    yield from self._codes_from(first)

    def _codes_from(self, first: int) -> Iterator[Hit]:
        view, known, longest = self.view, self.register.codes, self.register.longest_code
        code = ""
        for last, raw in enumerate(view.raw[first : first + _LONGEST_CODE], first):
            code += raw
            if len(code) > longest:
                return
            if code in known or (len(code) == _NINO_LENGTH and code[:-1] in known):
                yield from self._code(code, first, last)

    def _code(self, code: str, first: int, last: int) -> Iterator[Hit]:
        if not self._is_close(first, last):
            return
        start, end = self.view.characters(first, last + 1)
        strength = Strength.CERTAIN if len(code) >= _SHORTEST_SURE_CODE else Strength.LIKELY
        for kind in CODES:
            key = code[:-1] if kind is Kind.NINO and len(code) == _NINO_LENGTH and code[-1] in "abcd" else code
            yield from self.hits(kind, key, start, end, strength)

    def _is_close(self, first: int, last: int) -> bool:
        """Return whether only spaces and joining signs stand between the words."""
        gaps = (self.view.gap(index) for index in range(first, last))
        return all(len(gap) <= _WIDEST_CODE_GAP and not set(gap) - _CODE_GAP for gap in gaps)

    def uprns(self) -> Iterator[Hit]:
        """Yield UPRNs: any number could be one, so the word must stand near, or head the table."""
        view = self.view
        if "uprn" not in view.distinct and "uprns" not in view.distinct:
            return
        named = [index for index, raw in enumerate(view.raw) if raw in {"uprn", "uprns"}]
        reach = len(view) if view.tabular else _UPRN_REACH
        done = 0
        for place in named:
            for index in range(max(place - 4, done), min(place + reach + 1, len(view))):
                done = index + 1
                if view.raw[index].isdigit():
                    start, end = view.characters(index, index + 1)
                    yield from self.hits(Kind.UPRN, keys.uprn(view.raw[index]), start, end)

    def aliases(self) -> Iterator[Hit]:
        """Yield secret aliases, all words of them side by side."""
        view = self.view
        begins = self.register.alias_words & view.distinct
        if not begins:
            return
        for first, raw in enumerate(view.raw):
            if raw in begins:
                run = ""
                for last in range(first, min(first + _LONGEST_ALIAS, len(view))):
                    run += view.raw[last].replace("'", "")
                    yield from self._alias(run, first, last)

    def _alias(self, run: str, first: int, last: int) -> Iterator[Hit]:
        if not self.register.holders(Kind.ALIAS, run):
            return
        view = self.view
        single = first == last
        if single and run in names.COMMON_WORDS and not view.is_capital(first):
            return
        start, end = view.characters(first, last + 1)
        yield from self.hits(Kind.ALIAS, run, start, end, Strength.LIKELY if single else Strength.CERTAIN)
