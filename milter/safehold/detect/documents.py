# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of documents by the words that betray them: titles, headings, phrases of the body, numbers of forms.

A document is a part of the message; its title is a first line that looks like one, its title property, or the subject.
The name of a file says nothing here: people call anything anything.  Evidence is counted once a phrase.  Pure.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from safehold.detect import words
from safehold.detect.words import LIMIT, Hits
from safehold.model import Finding, PartPath, PlaceKind, Reading, Segment, Strength

# A heading as people write it: short, and no sentence.
_HEADING_WORDS = 12
_HEADING_CHARACTERS = 120
# Lines from the top among which the title is: letterhead, crest and marking come first.
_TITLE_LINES = 8
_FIRST_PAGE = (None, 1)
_TITLES = frozenset({PlaceKind.METADATA, PlaceKind.SUBJECT})


@dataclass(frozen=True, slots=True)
class Look:
    """What one kind of document looks like (see the policy language's ``document_types``)."""

    title_any: tuple[str, ...] = ()
    heading_any: tuple[str, ...] = ()
    body_any: tuple[str, ...] = ()
    form_number: tuple[str, ...] = ()
    at_least: int = 1


def find(reading: Reading, looks: Mapping[str, Look]) -> dict[str, Hits]:
    """Return, by key, the places at which documents of each kind show what they are."""
    if not looks:
        return {}
    phrases: dict[str, tuple[str, ...]] = {}
    for look in looks.values():
        for phrase in (*look.title_any, *look.heading_any, *look.body_any, *look.form_number):
            phrases[phrase] = (phrase,)
    found = words.find(reading.segments, phrases=phrases)
    lines = _Lines(reading.segments)
    places = {phrase: [(f, lines.of(f)) for f in hits.findings] for phrase, hits in found.items()}
    return {key: _of(key, look, places) for key, look in looks.items()}


@dataclass(frozen=True, slots=True)
class _Line:
    """What the line is in which a phrase stands."""

    heading: bool
    title: bool


_Places = Mapping[str, Sequence[tuple[Finding, _Line]]]


def _of(key: str, look: Look, places: _Places) -> Hits:
    evidence: dict[PartPath, dict[str, Finding]] = defaultdict(dict)
    subjects: dict[str, Finding] = {}
    for phrase, finding in _evidence(look, places):
        if finding.place.kind is PlaceKind.SUBJECT:
            subjects.setdefault(phrase, finding)
        else:
            evidence[finding.place.part].setdefault(phrase, finding)
    chosen: list[Finding] = []
    for own in evidence.values():
        if len(own.keys() | subjects.keys()) >= look.at_least:
            chosen += own.values()
    if subjects and not chosen and len(subjects) >= look.at_least:
        chosen += subjects.values()
    shown = [_as_document(key, finding) for finding in chosen]
    return Hits(tuple(shown[:LIMIT]), everywhere=len(shown) > LIMIT)


def _evidence(look: Look, places: _Places) -> Iterator[tuple[str, Finding]]:
    for phrase in look.title_any:
        yield from ((phrase, finding) for finding, line in places[phrase] if line.title)
    for phrase in look.heading_any:
        yield from ((phrase, finding) for finding, line in places[phrase] if line.heading)
    for phrase in (*look.body_any, *look.form_number):
        yield from (
            (phrase, finding)
            for finding, _ in places[phrase]
            if finding.place.kind not in (PlaceKind.FILENAME, PlaceKind.SUBJECT)
        )


def _as_document(key: str, finding: Finding) -> Finding:
    return Finding(
        detector="document",
        person="",
        field=key.removeprefix("document type "),
        value=0,
        segment=finding.segment,
        place=finding.place,
        span=finding.span,
        strength=Strength.CERTAIN,
        why="words that such a document has",
    )


class _Lines:
    """The lines of the segments, as far as anybody asks what they are."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._title_ends: dict[int, int] = {}
        first: dict[PartPath, int] = {}
        for index, segment in enumerate(segments):
            if segment.place.kind not in _TITLES | {PlaceKind.FILENAME, PlaceKind.HEADER} and segment.text.strip():
                first.setdefault(segment.place.part, index)
        self._first = set(first.values())

    def of(self, finding: Finding) -> _Line:
        """Return what the line of a finding is."""
        segment = self._segments[finding.segment]
        if segment.place.kind in _TITLES:
            return _Line(heading=False, title=True)
        if segment.place.kind is PlaceKind.FILENAME:
            return _Line(heading=False, title=False)
        heading = _is_heading(segment.text, finding.span)
        on_top = finding.segment in self._first and segment.place.number in _FIRST_PAGE
        title = heading and (on_top or segment.place.kind is PlaceKind.PAGE_HEADER)
        return _Line(heading=heading, title=title and finding.span[0] <= self._title_end(finding.segment))

    def _title_end(self, index: int) -> int:
        if index not in self._title_ends:
            text = self._segments[index].text
            filled = [match.end() for match in re.finditer(r"[^\n]*\S[^\n]*", text[:4000])]
            self._title_ends[index] = filled[min(len(filled), _TITLE_LINES) - 1] if filled else 0
        return self._title_ends[index]


def _is_heading(text: str, span: tuple[int, int]) -> bool:
    """Return whether the line around *span* looks like a heading: short, and no sentence that ends."""
    start = text.rfind("\n", 0, span[0]) + 1
    end = text.find("\n", span[1])
    line = text[start : end if end >= 0 else len(text)].strip(" \t*#_>|-")
    if len(line) > _HEADING_CHARACTERS or len(line.split()) > _HEADING_WORDS:
        return False
    return not line.endswith((".", ",", ";", "?"))
