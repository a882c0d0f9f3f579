# SPDX-License-Identifier: GPL-3.0-or-later
"""Protective markings, in the spellings that are met: OFFICIAL-SENSITIVE, "Official: Sensitive", O-S, -PERSONAL.

A marking is a label and not a word: one word alone ("secret", "restricted") counts only in capitals on a line of its
own, in brackets or at an end of a subject, or behind what says that it is one ("Classification: Secret").
OFFICIAL-SENSITIVE is a handling marking inside OFFICIAL: what is marked so is marked ``official`` too.

Terms: Government Security Classifications Policy; PROTECT and RESTRICTED are those of before 2014.  Pure, linear in the
text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from safehold.detect.words import LIMIT, Hits
from safehold.model import Finding, PlaceKind, Segment, Strength
from safehold.text import Folded, cleaned

_DASHES = r"\-:/_\u2010-\u2015"
_DASH = rf"\s{{0,3}}[{_DASHES}]{{1,2}}\s{{0,3}}"
# Nothing of a longer word; an underscore parts words in names of labels.
_EDGE, _OVER = r"(?<![^\W_])", r"(?![^\W_])"
_SENSITIVE = (
    rf"(?:OFFICIAL(?:{_DASH}|\s)SENSITIVE|OFFICIALSENSITIVE|Official(?:\s|{_DASH}|)Sensitive"
    rf"|(?i:official(?:[{_DASHES}]\s?|\s[{_DASHES}]\s?)sensitive))"
)
_SHORT = r"O[\-\u2010-\u2015]S"
# What leads to the rest of a marking: -PERSONAL, "[PERSONAL DATA]", ": Personal".
_THEN = rf"(?:{_DASH}|\s?[\[(]|\s)"
_PERSONAL = rf"(?:{_SENSITIVE}{_THEN}|{_SHORT}{_THEN}|OFFICIAL(?:{_DASH}|\s?[\[(])|(?i:official[-:]\s?))(?i:personal)"
_PROTECT = rf"PROTECT{_DASH}(?:PERSONAL|STAFF|MANAGEMENT|COMMERCIAL)"


def _whole(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"{_EDGE}(?:{'|'.join(patterns)}){_OVER}")


# What is a marking wherever it stands.
_SURE = {
    "official-sensitive": _whole(_SENSITIVE),
    "official-personal": _whole(_PERSONAL),
    "official": _whole(_PERSONAL, _SENSITIVE),
    "protect": _whole(_PROTECT),
}
# What is one only where it is a label.
_WORDS = {
    "official-sensitive": _whole(_SHORT),
    "official": _whole("OFFICIAL", "Official", _SHORT),
    "protect": _whole("PROTECT", "Protect"),
    "restricted": _whole("RESTRICTED", "Restricted"),
    "secret": _whole("(?<!TOP.)(?<!Top.)(?:SECRET|Secret)"),
    "top-secret": _whole("TOP[ -]SECRET", "Top[ -]Secret"),
}
# Most texts have none of these, and are not looked at further.
_ANY_OF = ("official", "secret", "restricted", "protect")
_ANY_SHORT = re.compile(_SHORT)

# A label: on a line of its own or in a cell, or set apart by a wide gap as headers do it, in brackets and stars or not.
_ROOM = 80
_OWN_LINE = re.compile(r"(?:[\n\t\[(*|]|   )[ \t]*[\[(*]{0,3} ?(?:UK )?\Z")
_LINE_ENDS = re.compile(
    rf"(?:{_DASH}[A-Z][A-Z ,&/-]{{0,60}}| UK EYES ONLY)? ?[\])*.]{{0,3}}[ \t]*(?:[\r\n\t\])*|]|   )"
)
# Behind what says that it is one.
_SAYS_SO = re.compile(
    r"(?:marking|classification|sensitivity|sensitivity label|(?<![^\W_])sec) ?[:=] ?(?:UK )?\Z", re.IGNORECASE
)
# What stands in these is short, and a label where it begins or ends with one: "RE: SECRET - minutes", "[SECRET]".
_LABELLED = frozenset({PlaceKind.SUBJECT, PlaceKind.HEADER, PlaceKind.METADATA, PlaceKind.PAGE_HEADER})
_PARTED_BEFORE = re.compile(r"(?:[\n\[(|]|: | [-\u2013|] ) ?(?:UK )?\Z")
_PARTED_AFTER = re.compile(rf"[\n\])|:]|\s?[{_DASHES}|]\s|\s?[\[(]")


def find(segments: Sequence[Segment], names: Iterable[str]) -> dict[str, Hits]:
    """Return where each marking of *names* stands, by its name."""
    wanted = list(names)
    if not wanted:
        return {}
    cleaner = [None if segment.text.isascii() else cleaned(segment.text) for segment in segments]
    return {name: _of(name, segments, cleaner) for name in wanted}


def _of(name: str, segments: Sequence[Segment], cleaner: Sequence[Folded | None]) -> Hits:
    found: list[Finding] = []
    for index, segment in enumerate(segments):
        for span in _spans(name, segment, cleaner[index]):
            if len(found) >= LIMIT:
                return Hits(tuple(found), everywhere=True)
            found.append(
                Finding(
                    detector="marking",
                    person="",
                    field=name,
                    value=0,
                    segment=index,
                    place=segment.place_at(span[0]),
                    span=span,
                    strength=Strength.CERTAIN,
                    why="a protective marking",
                )
            )
    return Hits(tuple(found))


def _spans(name: str, segment: Segment, clean: Folded | None) -> Iterator[tuple[int, int]]:
    """Yield the places of a marking: in the text as it stands, or cleaned where it has signs that nobody sees."""
    is_short = segment.place.kind in _LABELLED
    raw = list(_taken(name, segment.text, is_short=is_short))
    if raw or clean is None:
        yield from raw
    else:
        yield from (clean.source_span(*span) for span in _taken(name, clean.text, is_short=is_short))


def _taken(name: str, text: str, *, is_short: bool) -> Iterator[tuple[int, int]]:
    """Yield what is the marking in a text, in order, each piece of text once."""
    small = text.lower()
    if not any(word in small for word in _ANY_OF) and not _ANY_SHORT.search(text):
        return
    sure = [match.span() for match in _SURE[name].finditer(text)] if name in _SURE else []
    words = _WORDS[name].finditer(text) if name in _WORDS else ()
    labels = [match.span() for match in words if _is_label(text, match, is_short=is_short)]
    end = 0
    for span in sorted([*sure, *labels], key=lambda span: (span[0], -span[1])):
        if span[0] >= end:
            yield span
            end = span[1]


def _is_label(text: str, word: re.Match[str], *, is_short: bool) -> bool:
    """Return whether a word stands where labels do.  What is not in capitals has to be called one."""
    start, end = word.span()
    before = text[max(0, start - _ROOM) : start] if start > _ROOM else "\n" + text[:start]
    if _SAYS_SO.search(before):
        return True
    if not word.group().isupper():
        return False
    after = text[end : end + _ROOM] + ("\n" if end + _ROOM >= len(text) else "")
    if _OWN_LINE.search(before) and _LINE_ENDS.match(after):
        return True
    return is_short and bool(_PARTED_BEFORE.search(before) and _PARTED_AFTER.match(after))
