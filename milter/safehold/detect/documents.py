# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of documents by the words that betray them: titles, headings, phrases of the body, numbers of forms.

A document is a part of the message.  Its title is a line on top of its first page that looks like one (below the
letterhead, in a box or a page header), a title property, or the subject of the mail it comes in.  A heading is a short
line that is no sentence.  The number of a form counts where forms have it, not where somebody mentions it in prose.
The name of a file says nothing here: people call anything anything; and a quoted thread is no document.  Evidence is
counted once a phrase.  Pure.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from safehold.detect import words
from safehold.detect.words import LIMIT, Hits
from safehold.model import Finding, PartPath, PlaceKind, Reading, Segment, Strength, Visibility

# A heading as people write it: short, and no sentence.  What is as long as a line of prose must not go on like one.
_HEADING_WORDS, _HEADING_CHARACTERS = 12, 120
_LINE_OF_PROSE = 6
# A mail's own text is prose, where a line may be short by chance.
_HEADING_OF_A_MAIL = 8
# Lines from the top among which the title is: crest, letterhead, addressee and marking come first.
_TITLE_LINES = 25
_BOX_LINES = 4
_NO_TEXT_OF_ITS_OWN = frozenset({PlaceKind.FILENAME, PlaceKind.HEADER, PlaceKind.QUOTED})
_NEVER_HEADINGS = frozenset({PlaceKind.NOTE, PlaceKind.COMMENT, PlaceKind.FIELD})
_NUMBERED_PAGES = frozenset({PlaceKind.PAGE, PlaceKind.SLIDE, PlaceKind.SHEET})
_LETTERS_THEN_DIGITS = re.compile(r"^([A-Za-z]{1,4})(\d{1,4}[A-Za-z]{0,2})$")
_DIGITS_OF_A_FORM = 3


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
        phrases |= {phrase: (phrase,) for phrase in (*look.title_any, *look.heading_any, *look.body_any)}
        phrases |= {_form(number): _spellings(number) for number in look.form_number}
    pieces: dict[PartPath, list[int]] = defaultdict(list)
    for index, segment in enumerate(reading.segments):
        if segment.place.kind not in _NO_TEXT_OF_ITS_OWN:
            pieces[segment.place.part].append(index)
    parts = [_Part(path, [(i, reading.segments[i]) for i in indices], phrases) for path, indices in pieces.items()]
    return {key: _of(key, look, parts) for key, look in looks.items()}


def _form(number: str) -> str:
    return f"form {number}"


def _spellings(number: str) -> tuple[str, ...]:
    """Return how a form's number is spelt: in one piece, or with a blank between letters and digits."""
    return number, _LETTERS_THEN_DIGITS.sub(r"\1 \2", number)


def _of(key: str, look: Look, parts: Sequence["_Part"]) -> Hits:
    evidence = {part.path: dict(part.evidence(look)) for part in parts}
    subjects = {part.path: dict(part.subject(look)) for part in parts}
    chosen: list[Finding] = []
    for path, own in evidence.items():
        of_mail = [there for mail, there in subjects.items() if there and path.within(mail)]
        if own and len(own.keys() | {phrase for there in of_mail for phrase in there}) >= look.at_least:
            chosen += own.values()
    if not chosen:
        chosen = [found for there in subjects.values() if len(there) >= look.at_least for found in there.values()]
    shown = [_as_document(key, finding) for finding in chosen]
    return Hits(tuple(shown[:LIMIT]), everywhere=len(shown) > LIMIT)


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


class _Part:
    """One part, and where phrases stand in it."""

    def __init__(
        self, path: PartPath, pieces: Sequence[tuple[int, Segment]], phrases: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.path = path
        self._segments = [segment for _, segment in pieces]
        self._indices = [index for index, _ in pieces]
        self._hits = words.find(self._segments, phrases=phrases)
        self._top: list[int] | None = None

    def evidence(self, look: Look) -> Iterator[tuple[str, Finding]]:
        """Yield each phrase that stands where it tells, with its first place."""
        for phrase in look.title_any:
            yield from self._first(phrase, phrase, self._is_title)
        for phrase in look.heading_any:
            yield from self._first(phrase, phrase, self._is_heading)
        for phrase in look.body_any:
            yield from self._first(phrase, phrase, self._is_text)
        for number in look.form_number:
            yield from self._first(number, _form(number), self._is_form)

    def subject(self, look: Look) -> Iterator[tuple[str, Finding]]:
        """Yield the titles in the subject, where this part is a mail."""
        for phrase in look.title_any:
            yield from self._first(phrase, phrase, self._is_subject)

    def _first(self, phrase: str, key: str, tells: Callable[[Segment, Finding], bool]) -> Iterator[tuple[str, Finding]]:
        hits = self._hits[key]
        found = next((finding for finding in hits.findings if tells(self._segments[finding.segment], finding)), None)
        if found is None and hits.everywhere:  # more than are listed: one of the others may tell
            found = hits.findings[0]
        if found is not None:
            yield phrase, self._placed(found)

    def _placed(self, finding: Finding) -> Finding:
        """Return the finding with its segment counted among all of the message."""
        return Finding(
            finding.detector,
            "",
            finding.field,
            finding.value,
            self._indices[finding.segment],
            finding.place,
            finding.span,
            finding.strength,
            finding.why,
        )

    # -- where a phrase stands --

    def _is_subject(self, segment: Segment, finding: Finding) -> bool:
        del finding
        return segment.place.kind is PlaceKind.SUBJECT

    def _is_text(self, segment: Segment, finding: Finding) -> bool:
        del finding
        return segment.place.kind is not PlaceKind.SUBJECT

    def _may_be_heading(self, segment: Segment) -> bool:
        never = _NEVER_HEADINGS | {PlaceKind.SUBJECT, PlaceKind.METADATA}
        return segment.place.kind not in never and segment.visibility is not Visibility.ATTRIBUTE

    def _is_heading(self, segment: Segment, finding: Finding) -> bool:
        if not self._may_be_heading(segment):
            return False
        most = _HEADING_OF_A_MAIL if segment.place.kind is PlaceKind.BODY else _HEADING_WORDS
        return _is_heading(segment.text, finding.span, most)

    def _is_title(self, segment: Segment, finding: Finding) -> bool:
        if segment.place.kind is PlaceKind.METADATA:
            return True
        return self._is_heading(segment, finding) and self._is_on_top(segment, finding)

    def _is_on_top(self, segment: Segment, finding: Finding) -> bool:
        if segment.place.kind in (PlaceKind.PAGE_HEADER, PlaceKind.SHEET_NAME):
            return True
        if segment.place.kind is PlaceKind.TEXT and _lines(segment.text, _BOX_LINES + 1) <= _BOX_LINES:
            return True
        if self._top is None:
            self._top = _tops(self._segments)
        return finding.span[0] < self._top[finding.segment]

    def _is_form(self, segment: Segment, finding: Finding) -> bool:
        if segment.place.kind in (PlaceKind.SHEET, PlaceKind.TABLE) and not self._is_on_top(segment, finding):
            return False
        return self._may_be_heading(segment) and _is_number_of_form(segment.text, finding.span)


def _tops(segments: Sequence[Segment]) -> list[int]:
    """Return, for each segment, up to which offset it is the top of the document."""
    left = _TITLE_LINES
    tops: list[int] = []
    for segment in segments:
        place = segment.place
        first_page = place.kind not in _NUMBERED_PAGES or place.number in (None, 1)
        is_shown = segment.visibility is not Visibility.ATTRIBUTE and place.kind is not PlaceKind.METADATA
        if left <= 0 or not first_page or not is_shown or place.kind in (*_NEVER_HEADINGS, PlaceKind.SUBJECT):
            tops.append(0)
            continue
        filled = [match.end() for match in _filled(segment.text, left)]
        left -= len(filled)
        tops.append(filled[-1] if filled else 0)
    return tops


_FILLED = re.compile(r"[^\n]*[^\s][^\n]*")


def _filled(text: str, most: int) -> Iterator[re.Match[str]]:
    """Yield the lines of a text that say something, no more than *most*."""
    for number, match in enumerate(_FILLED.finditer(text[:8000])):
        if number >= most:
            return
        yield match


def _lines(text: str, most: int) -> int:
    return sum(1 for _ in _filled(text, most))


# -- lines -------------------------------------------------------------------------------------------------------------

_AROUND = " \t\r*#_>|-"


def _line(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """Return the line, or the cell of a table, that a span lies in; as much of it as a heading may have."""
    start = max(text.rfind("\n", 0, span[0]), text.rfind("\t", max(0, span[0] - _HEADING_CHARACTERS), span[0])) + 1
    ends = [end for sign in "\n\t" if (end := text.find(sign, span[1], span[1] + _HEADING_CHARACTERS)) >= 0]
    return start, min(ends, default=min(len(text), span[1] + _HEADING_CHARACTERS))


def _is_heading(text: str, span: tuple[int, int], most: int) -> bool:
    """Return whether the line around *span* looks like a heading: short, and no sentence or piece of one."""
    start, end = _line(text, span)
    line = text[start:end].strip(_AROUND)
    count = len(line.split())
    if len(line) > _HEADING_CHARACTERS or count > most or line.endswith((".", ",", ";", "?")):
        return False
    following = text[end : end + 40].lstrip("\r\n\t ")[:1] if text[end : end + 1] != "\t" else ""
    goes_on = (line[:1].islower(), following.islower())
    return not all(goes_on) if count < _LINE_OF_PROSE else not any(goes_on)


# Forms say on one line what they are: "D36 Notice of application for a conditional order to be made final (07.24)".
_FORM_WORDS = 20
_AFTER_FORM = frozenset("([-\u2013\u2014:|\u00a9")
_FORM_BEFORE = re.compile(r"(?:^|[\s(])(?:form|ffurflen)\s{1,3}(?:no\.?\s?|number\s)?\Z", re.IGNORECASE)


def _is_number_of_form(text: str, span: tuple[int, int]) -> bool:
    """Return whether a number stands in its line as the number of a form does.

    That is alone, first before the name of the form, or last behind it in brackets or after a dash; "Form" may stand
    before it.
    """
    start, end = _line(text, span)
    before, after = text[start : span[0]].lstrip(_AROUND), text[span[1] : end].rstrip(_AROUND)
    called = _FORM_BEFORE.search(before)
    spelt = text[slice(*span)]
    if len((before + spelt + after).split()) > _FORM_WORDS or "\n" in spelt:
        return False
    if not spelt.isalnum() and called is None and sum(c.isdigit() for c in spelt) < _DIGITS_OF_A_FORM:
        return False
    if called is not None:
        before = before[: called.start()].strip()
    if not before:
        rest = after.lstrip()
        return not rest or rest[0].isupper() or rest[0].isdigit() or rest[0] in _AFTER_FORM
    behind = not after.strip(" )]0123456789./") and len(after) < _HEADING_CHARACTERS
    return behind and before.rstrip().endswith(("(", "[", "-", "\u2013", "\u2014", ":"))
