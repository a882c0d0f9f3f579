# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments by what they are: type, name, size, whether they could be read, what they hide.

All from the reading's tree, problems and marks: facts about parts, so a finding has no text (``Finding.of_part``).
An attachment and everything inside it is asked, archives in archives too; but the pictures and objects inside a
document are counted as that one file.  Types are those of the content, whatever the name says; names are compared
without folders, and as the eye takes them.  Pure.
"""

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from safehold.detect.words import LIMIT, Hits
from safehold.model import OF_PART, Finding, Part, PartPath, Place, PlaceKind, Reading, Reason, Strength, Visibility
from safehold.text import folded

_OFFICE = "application/vnd.openxmlformats-officedocument."
# Which of the three it is cannot be told before it is opened.
_LOCKED_OFFICE = "application/encrypted-office"
# Family -> beginnings of its media types.  What families there are is the language's: policy.keys.TYPES.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "word": (
        f"{_OFFICE}wordprocessingml",
        "application/msword",
        "application/vnd.ms-word",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.sun.xml.writer",
        "application/vnd.wordperfect",
        "application/rtf",
        "text/rtf",
        _LOCKED_OFFICE,
    ),
    "spreadsheet": (
        f"{_OFFICE}spreadsheetml",
        "application/vnd.ms-excel",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.sun.xml.calc",
        "application/vnd.lotus-1-2-3",
        _LOCKED_OFFICE,
        "text/csv",
        "text/tab-separated-values",
    ),
    "presentation": (
        f"{_OFFICE}presentationml",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.sun.xml.impress",
        _LOCKED_OFFICE,
    ),
    "picture": ("image/",),
    "archive": (
        "application/zip",
        "application/x-tar",
        "application/gzip",
        "application/x-bzip2",
        "application/x-xz",
        "application/x-lzma",
        "application/x-7z-compressed",
        "application/x-rar",
        "application/vnd.rar",
        "application/zstd",
        "application/x-compress",
        "application/vnd.ms-cab-compressed",
        "application/x-iso9660-image",
    ),
    "mail": ("message/", "application/vnd.ms-outlook", "application/vnd.ms-tnef"),
    "text": ("text/plain",),
    "web-page": ("text/html", "application/xhtml"),
    "calendar": ("text/calendar", "text/vcard"),
}
# What a policy calls a way of hiding -> the marks of readers that say so (redaction.md, 1b).
HIDINGS: Mapping[str, frozenset[str]] = {
    "hidden_sheet": frozenset({"hidden_sheet", "hidden_slide", "hidden_names"}),
    "hidden_rows": frozenset({"hidden_rows", "hidden_columns"}),
    "pivot_cache": frozenset({"pivot_cache", "external_data", "data_model"}),
    "tracked_changes": frozenset({"tracked_changes"}),
    "comments": frozenset({"comments", "annotations"}),
    "speaker_notes": frozenset({"speaker_notes"}),
    "old_revision": frozenset({"earlier_revision", "old_revision"}),
    "embedded_file": frozenset({"embedded", "attachments"}),
    "cropped_image": frozenset({"cropped_image"}),
    "metadata": frozenset(),  # no mark: whether there is any text of that kind
}
# Behind the end of a picture stands what was cut off it; behind that of another file what it was before.
_APPENDED = "appended"
# The same for a redaction that fails, as far as structure shows it (rendering is another matter).
REDACTIONS: Mapping[str, frozenset[str]] = {
    "text_under_box": frozenset({"covered_text"}),
    "unapplied_mark": frozenset({"unapplied_redaction"}),
}
# Readers do not say what covers a text: a box or a highlight.
_COLOURS = {
    "text_under_box": Visibility.COVERED,
    "black_highlight": Visibility.COVERED,
    "same_colour_text": Visibility.WHITE,
}
_FOLDERS = re.compile(r"[\u2215/\\]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions on one attachment, all of which must hold; what is empty is not asked (see ``policy.language``)."""

    types: frozenset[str] = frozenset()
    names: tuple[str, ...] = field(default=(), repr=False)
    larger_than: int | None = None
    states: frozenset[Reason] = frozenset()
    hidden: frozenset[str] = frozenset()
    redaction: frozenset[str] = frozenset()


def find(reading: Reading, wanted: Mapping[str, Wanted]) -> dict[str, Hits]:
    """Return, by key, the attachments for which all conditions hold; ``value`` numbers the files, from 0."""
    facts = _Facts(reading) if wanted else None
    return {key: _of(one, reading, facts) for key, one in wanted.items() if facts is not None}


def _of(wanted: Wanted, reading: Reading, facts: "_Facts") -> Hits:
    found: list[Finding] = []
    files: dict[PartPath, int] = {}
    for part in reading.parts:
        why = facts.why(wanted, part) if part.is_attachment else ""
        if why:
            number = files.setdefault(facts.file_of(part), len(files))
            found.append(_finding(part, number, why))
    return Hits(tuple(found[:LIMIT]), everywhere=len(found) > LIMIT)


def _finding(part: Part, number: int, why: str) -> Finding:
    place = Place(part.path, PlaceKind.TEXT)
    return Finding("attachment", "", "attachment", number, OF_PART, place, (0, 0), Strength.CERTAIN, why)


class _Facts:
    """What the reading says of each part."""

    def __init__(self, reading: Reading) -> None:
        self._reasons: dict[PartPath, set[Reason]] = defaultdict(set)
        self._marks: dict[PartPath, set[str]] = defaultdict(set)
        self._kinds: dict[PartPath, set[PlaceKind]] = defaultdict(set)
        self._seen: dict[PartPath, set[Visibility]] = defaultdict(set)
        self._names: dict[PartPath, set[str]] = defaultdict(set)
        self._parts = {part.path: part for part in reading.parts}
        for problem in reading.problems:
            self._reasons[problem.part].add(problem.reason)
        for mark in reading.marks:
            self._marks[mark.place.part].add(mark.kind)
        for segment in reading.segments:
            self._kinds[segment.place.part].add(segment.place.kind)
            self._seen[segment.place.part].add(segment.visibility)
            if segment.place.kind is PlaceKind.FILENAME:
                self._names[segment.place.part] |= {_bare(line) for line in segment.text.split("\n")}

    def file_of(self, part: Part) -> PartPath:
        """Return the file that a part is, or in which it is shown: a picture on a page is no file of its own."""
        for length in range(1, len(part.path.steps)):
            outer = self._parts.get(PartPath(part.path.steps[:length]))
            if outer is not None and outer.is_attachment and not _is_container(outer.media_type):
                return outer.path
        return part.path

    def why(self, wanted: Wanted, part: Part) -> str:
        """Return in words why all conditions hold for a part, or "" where one does not."""
        said: list[str] = []
        if wanted.types:
            if not any(_is_of(family, part.media_type) for family in wanted.types):
                return ""
            said.append(f"an attachment of type {part.media_type}")
        if wanted.names:
            if not self._is_called(part, wanted.names):
                return ""
            said.append("an attachment of that name")
        if wanted.larger_than is not None:
            if part.size_bytes <= wanted.larger_than:
                return ""
            said.append(f"an attachment of {part.size_bytes:,} bytes")
        asked: tuple[tuple[AbstractSet[str], AbstractSet[str], str], ...] = (
            (wanted.states, self._reasons[part.path], "an attachment that could not be read: "),
            (wanted.hidden, self._hidden(part, wanted.hidden), "an attachment that hides something: "),
            (wanted.redaction, self._badly_redacted(part.path, wanted.redaction), "a redaction that fails: "),
        )
        for names, there, words in asked:
            if names and not names & there:
                return ""
            if names:
                said.append(words + ", ".join(sorted(name.replace("_", " ") for name in names & there)))
        return "; ".join(said) or "an attachment"

    def _is_called(self, part: Part, globs: Iterable[str]) -> bool:
        own = {_bare(step) for step in part.path.steps[-1:]} | self._names[part.path]
        return any(fnmatch.fnmatchcase(name, folded(glob)) for glob in globs for name in own)

    def _hidden(self, part: Part, asked: Iterable[str]) -> set[str]:
        marks = self._marks[part.path]
        found = {name for name in asked if HIDINGS[name] & marks}
        if _is_of("mail", part.media_type):
            found.discard("embedded_file")  # what hangs on a mail is seen by everybody
        if _APPENDED in marks:
            found.add("cropped_image" if _is_of("picture", part.media_type) else "old_revision")
        if PlaceKind.METADATA in self._kinds[part.path]:
            found.add("metadata")
        return found

    def _badly_redacted(self, path: PartPath, asked: Iterable[str]) -> set[str]:
        found = {name for name in asked if REDACTIONS.get(name, frozenset()) & self._marks[path]}
        return found | {name for name, visibility in _COLOURS.items() if visibility in self._seen[path]}


def _bare(name: str) -> str:
    """Return a name without folders, as the eye takes it."""
    return folded(_FOLDERS.split(name.strip())[-1]).strip()


def _is_container(media_type: str) -> bool:
    return _is_of("archive", media_type) or _is_of("mail", media_type)


def _is_of(family: str, media_type: str) -> bool:
    if "/" in family:
        return media_type == family
    return media_type.startswith(FAMILIES[family])
