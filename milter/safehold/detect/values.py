# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding whole unique values in a view: phones, e-mail addresses, identifiers, postcodes of their own, secret aliases.

Every run of text that could be such a value is brought to its key and looked up; nothing walks over the register.
All patterns are linear: each is anchored on a sign that must be there, and every repeat is bounded.  Pure.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from safehold.detect.view import View
from safehold.model import Strength
from safehold.register import keys, names
from safehold.register.index import Register
from safehold.register.people import Kind


@dataclass(frozen=True, slots=True)
class Hit:
    """A value found in a view: folded characters from *start* up to *end*."""

    person: str
    field: str
    value: int
    start: int
    end: int
    strength: Strength
    why: str
    weight: float = 25.0


Allowed = Callable[[str], bool]  # whether that person is searched for

_WHY = {
    Kind.PHONE: "whole phone number",
    Kind.EMAIL: "whole e-mail address",
    Kind.NHS_NUMBER: "whole NHS number",
    Kind.CHI: "whole CHI number",
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
    if kinds & {Kind.PHONE, Kind.NHS_NUMBER, Kind.CHI}:
        yield from finder.digit_runs()
    if Kind.EMAIL in kinds:
        yield from finder.emails()
    if kinds & {Kind.NINO, Kind.VEHICLE, Kind.CASE_REFERENCE}:
        yield from finder.codes()
    if Kind.UPRN in kinds:
        yield from finder.uprns()
    if Kind.ALIAS in kinds:
        yield from finder.aliases()


# -- digits ---------------------------------------------------------------------------------------------------------

_DIGIT_RUN = re.compile(r"[0-9](?:[0-9 ().+/\-]|\r?\n[ >]{0,4}(?=[0-9]))*")  # over a line end too
_GROUP = re.compile(r"[0-9]+")
_NATIONAL_PREFIXES = frozenset({"", "0", "44", "440", "0044", "00440"})
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15

# -- e-mail addresses -------------------------------------------------------------------------------------------------

_LOCAL_SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_{|}~-"
_LONGEST_LOCAL = 64
_HOST = re.compile(r"[^\W_](?:[\w-]{0,62}\.){1,8}[^\W_]{2,24}")
_DOT = r"[ \t]{0,3}[(\[{<]?[ \t]{0,2}(?:dot|\.)[ \t]{0,2}[)\]}>]?[ \t]{0,3}"
_SPELT_HOST = re.compile(rf"[^\W_][\w-]{{0,40}}(?:{_DOT}[^\W_][\w-]{{0,24}}){{1,4}}")
_SPELT_DOT = re.compile(_DOT)
_SPELT_LOCAL = re.compile(rf"(?:[\w+-]{{1,30}}{_DOT}){{0,3}}[\w.+-]{{1,64}}$")  # of at most 72 signs
_WIDEST_GAP = 6
_LONGEST_HOST = 160

_LONGEST_CODE = 6  # words
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

    def digit_runs(self) -> Iterator[Hit]:
        """Yield phones and ten-digit identifiers."""
        for run in _DIGIT_RUN.finditer(self.view.text):
            if run.end() - run.start() < _FEWEST_DIGITS:
                continue
            groups = [group.span() for group in _GROUP.finditer(self.view.text, run.start(), run.end())]
            for first in range(len(groups)):
                yield from self._numbers_from(groups, first)

    def _numbers_from(self, groups: list[tuple[int, int]], first: int) -> Iterator[Hit]:
        """Yield what begins at one group of digits."""
        text = self.view.text
        digits = ""
        for start, end in groups[first:]:
            if len(digits) + end - start > _MOST_DIGITS:
                return
            digits += text[start:end]
            if len(digits) < _FEWEST_DIGITS:
                continue
            yield from self._phone(digits, groups[first][0], end)
            if len(digits) == keys.PHONE_DIGITS:
                for kind in (Kind.NHS_NUMBER, Kind.CHI):
                    yield from self.hits(kind, digits, groups[first][0], end)

    def _phone(self, digits: str, start: int, end: int) -> Iterator[Hit]:
        key = digits[-keys.PHONE_DIGITS :]
        for person, value in self.register.holders(Kind.PHONE, key):
            if self.allowed(person) and self._same_number(digits, person, value):
                yield Hit(person, Kind.PHONE.value, value, start, end, Strength.CERTAIN, _WHY[Kind.PHONE])

    def _same_number(self, digits: str, person_id: str, value: int) -> bool:
        """Return whether what stands before the last ten digits belongs to the number too."""
        if digits[: -keys.PHONE_DIGITS] in _NATIONAL_PREFIXES:
            return True
        person = self.register.person(person_id)
        return person is not None and digits.lstrip("0") == keys.digits(person.values[value].value).lstrip("0")

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
            elif local or before.endswith((" ", ")", "]")):
                yield from self._spelt(at, at + 1)
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
        kept = before.rstrip(" \t([{<")
        spelt = _SPELT_LOCAL.search(kept)
        skipped = len(after) - len(after.lstrip(" \t)]}>"))
        host = _SPELT_HOST.match(after, skipped) if skipped <= _WIDEST_GAP else None
        if spelt is None or host is None:
            return
        local = _SPELT_DOT.sub(".", spelt.group())
        labels = _SPELT_DOT.sub(".", host.group()).split(".")
        begin = start - len(before) + spelt.start()
        for count in range(len(labels), 1, -1):
            address = keys.mailbox(f"{local}@{'.'.join(labels[:count])}")
            yield from self.hits(Kind.EMAIL, address, begin, end + host.end())

    def codes(self) -> Iterator[Hit]:
        """Yield identifiers of letters and digits, however they are spaced."""
        view = self.view
        seen: set[int] = set()
        for index, word in enumerate(view.each):
            if word.digits:
                for first in (index - 2, index - 1, index):
                    if first >= 0 and first not in seen:
                        seen.add(first)
                        yield from self._codes_from(first)

    def _codes_from(self, first: int) -> Iterator[Hit]:
        view = self.view
        code = ""
        for last in range(first, min(first + _LONGEST_CODE, len(view))):
            code += view.raw[last]
            for kind in (Kind.NINO, Kind.VEHICLE, Kind.CASE_REFERENCE):
                key = code[:8] if kind is Kind.NINO and len(code) == 9 and code[8] in "abcd" else code
                if not self.register.holders(kind, key) or not self._is_close(first, last):
                    continue
                start, end = view.characters(first, last + 1)
                sure = len(code) >= _SHORTEST_SURE_CODE
                yield from self.hits(kind, key, start, end, Strength.CERTAIN if sure else Strength.LIKELY)

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
