# SPDX-License-Identifier: GPL-3.0-or-later
"""Protective markings, in the spellings that are met: OFFICIAL-SENSITIVE, "Official: Sensitive", O-S, -PERSONAL.

A marking is a label and not a word: one word alone ("secret", "restricted") counts only in capitals on a line of its
own, or in a subject.  Terms: Government Security Classifications Policy; PROTECT and RESTRICTED are those of before
2014.  Pure, linear in the text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from safehold.detect.words import LIMIT, Hits
from safehold.model import Finding, PlaceKind, Segment, Strength
from safehold.text import cleaned

_DASH = r"\s{0,3}[-:/\u2010-\u2015]{1,2}\s{0,3}"
_SENSITIVE = rf"(?:OFFICIAL(?:{_DASH}|\s)SENSITIVE|(?i:official(?:[-:]\s?|\s[-:\u2013]\s?)sensitive))"
_PERSONAL = rf"(?:{_SENSITIVE}(?:{_DASH}|\s)|OFFICIAL(?:{_DASH}|\s)|(?i:official[-:]\s?))(?i:personal)"
_BEGIN, _END = r"(?:^|(?<=[\n\t\[(*|]))[ \t]*[\[(*]{0,3} ?", r" ?[\])*.]{0,3}[ \t]*(?=$|[\n\t\])*|])"


def _alone(word: str) -> str:
    """Return the pattern of a marking that is one word: in capitals, and nothing else on its line but a descriptor."""
    return rf"{_BEGIN}{word}(?:{_DASH}[A-Z][A-Z ,&/-]{{0,60}})?{_END}"


_PATTERNS = {
    "official-sensitive": rf"(?<!\w){_SENSITIVE}(?!\w)|{_alone('O-S')}|(?<![\w-])\[?O-S\](?!\w)",
    "official-personal": rf"(?<!\w){_PERSONAL}(?!\w)",
    "official": _alone("OFFICIAL"),
    "protect": _alone("PROTECT") + rf"|(?<!\w)PROTECT{_DASH}(?:PERSONAL|STAFF|MANAGEMENT|COMMERCIAL)(?!\w)",
    "restricted": _alone("RESTRICTED"),
    "secret": _alone("SECRET"),
    "top-secret": _alone(r"TOP[ -]SECRET"),
}
_COMPILED = {name: re.compile(pattern) for name, pattern in _PATTERNS.items()}
# What stands in these is short, and a label where it begins or ends with one.
_LABELLED = frozenset({PlaceKind.SUBJECT, PlaceKind.HEADER, PlaceKind.METADATA, PlaceKind.PAGE_HEADER})
_LABEL = {
    name: re.compile(rf"(?<!\w){name.upper().replace('-', '[ -]')}(?!\w)") for name in _COMPILED if name != "official"
}


def find(segments: Sequence[Segment], names: Iterable[str]) -> dict[str, Hits]:
    """Return where each marking of *names* stands, by its name."""
    return {name: _of(name, segments) for name in names}


def _of(name: str, segments: Sequence[Segment]) -> Hits:
    found: list[Finding] = []
    for index, segment in enumerate(segments):
        for span in _spans(name, segment):
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


def _spans(name: str, segment: Segment) -> Iterator[tuple[int, int]]:
    """Yield the places of a marking: in the text as it stands, or cleaned where it has signs that nobody sees."""
    label = _LABEL.get(name) if segment.place.kind in _LABELLED else None
    patterns = [_COMPILED[name], *([label] if label is not None else [])]
    raw = sorted({match.span() for pattern in patterns for match in pattern.finditer(segment.text)})
    if raw or segment.text.isascii():
        yield from raw
        return
    clean = cleaned(segment.text)
    yield from sorted(
        {clean.source_span(*match.span()) for pattern in patterns for match in pattern.finditer(clean.text)}
    )
