# SPDX-License-Identifier: GPL-3.0-or-later
"""Word documents (and, until they have readers of their own, other office zips): every XML part, streamed.

A library that follows the document's structure returns 7 of 41 places where text can stand in a DOCX (python-docx
``paragraphs``), a streaming pass over all parts returns 41 (measured, design notes 2.2).  One part at a time goes to
:mod:`safehold.reading.word_story`; styles and list numbers, which change what others show, are learnt first.
"""

import re

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading import binary
from safehold.reading.archive import Expanded, Member, Zip, read_expanded
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind
from safehold.reading.word_story import Story, parse
from safehold.reading.word_styles import Numbering, Styles

_XML_NAMES = (".xml", ".rels", ".vml", ".xml.rels")
# Files of an office package without anything to read, and no pictures either.
_SILENT = re.compile(r"(?:^|/)(?:printersettings\d*\.bin|fonts?/.*|.*\.odttf|.*\.fntdata|mimetype)$", re.IGNORECASE)
_MACROS = re.compile(r"(?:^|/)(?:vbaproject\w*\.bin|vbadata\.xml)$", re.IGNORECASE)
_BASIC_MACROS = re.compile(r"^(?:basic|scripts)/", re.IGNORECASE)

_STYLES = re.compile(r"^word/styles\.xml$", re.IGNORECASE)
_NUMBERING = re.compile(r"^word/numbering\.xml$", re.IGNORECASE)
_BODY = re.compile(r"^word/document\d*\.xml$", re.IGNORECASE)
_PLACES: tuple[tuple[re.Pattern[str], PlaceKind], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"^word/(?:header|footer)\d*\.xml$", PlaceKind.PAGE_HEADER),
        (r"^word/(?:footnotes|endnotes)\d*\.xml$", PlaceKind.NOTE),
        (r"(?:^|/)(?:comments\w*|threadedcomments?/.*|comments/.*)\.xml$", PlaceKind.COMMENT),
        (r"^(?:docprops|customxml|meta\.xml|word/people\.xml|word/settings\.xml)", PlaceKind.METADATA),
        (r"^ppt/notesslides/", PlaceKind.NOTE),
        (r"^ppt/slides/", PlaceKind.SLIDE),
        (r"^xl/worksheets/", PlaceKind.SHEET),
    )
)


def read(content: bytes, part: OpenPart) -> None:
    """Read a Word document."""
    _Package(content, part).read()


def read_other_office(content: bytes, part: OpenPart) -> None:
    """Read the words of another office package; sheets and slides are not told apart yet, so it is a problem too."""
    part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
    _Package(content, part).read()


class _Package:
    """An office package: a zip whose members are told apart by their names."""

    def __init__(self, content: bytes, part: OpenPart) -> None:
        self._zip = Zip(content, part)
        self._part = part
        self._styles = Styles()
        self._numbering = Numbering()
        self._expanded: dict[int, Expanded] = {}  # members that were needed before their turn, by identity

    def read(self) -> None:
        """Read every member."""
        self._part.segment(PlaceKind.METADATA, self._zip.comment)
        for member in self._zip.members:
            if not member.encrypted and _STYLES.match(member.name):
                parse(self._expand(member).content, self._styles.start, self._styles.end)
            elif not member.encrypted and _NUMBERING.match(member.name):
                parse(self._expand(member).content, self._numbering.start, self._numbering.end)
        # The body first: if anything stops us, that was read.
        for member in sorted(self._zip.members, key=lambda member: not _BODY.match(member.name)):
            self._read_member(member)
        self._zip.read_outside()

    def _expand(self, member: Member) -> Expanded:
        limits = self._part.limits
        if id(member) not in self._expanded:
            is_xml = member.name.lower().endswith(_XML_NAMES)
            self._expanded[id(member)] = self._zip.expand(member, limits.xml_bytes if is_xml else limits.member_bytes)
        return self._expanded[id(member)]

    def _read_member(self, member: Member) -> None:
        name, part = member.name, self._part
        if member.is_folder or _SILENT.search(name):
            return
        if member.encrypted:
            part.unread_member(name, Reason.ENCRYPTED, Detail.PASSWORD)
            return
        is_xml = name.lower().endswith(_XML_NAMES)
        expanded = self._expand(member)
        del self._expanded[id(member)]
        if _MACROS.search(name) or _BASIC_MACROS.search(name):
            part.mark(MarkKind.MACROS)
            if not is_xml:
                part.segment(PlaceKind.METADATA, binary.narrow_strings(expanded.content), visibility=Visibility.HIDDEN)
                return
        if not is_xml and not _looks_like_xml(expanded.content):
            if "embeddings/" in name.lower():
                part.mark(MarkKind.EMBEDDED)
            read_expanded(expanded, member.names, part)
            return
        if expanded.problem is not None:
            reason, detail = expanded.problem
            part.problem(reason, Detail.XML_SIZE if reason is Reason.TOO_LARGE else detail)
        if name.lower().endswith(".rels"):
            _relations(expanded.content, part)
        else:
            self._read_xml(expanded.content, name)

    def _read_xml(self, content: bytes, name: str) -> None:
        part = self._part
        story = Story(part, _kind(name), name, self._styles, self._numbering)
        wrong, at = parse(content, story.start, story.end, story.data, story.aside)
        story.finish()
        if wrong is not Detail.NONE:
            part.problem(Reason.CORRUPT, wrong)
            rest = re.sub(rb"<[^<>]{0,4096}>", b"\n", content[max(0, at - 256) :])
            part.segment(story.kind, rest.decode("utf-8", "replace"))


def _looks_like_xml(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \r\n\t")[:5] == b"<?xml" or content[:4] == b"\xff\xfe<\x00"


def _kind(name: str) -> PlaceKind:
    if _BODY.match(name):
        return PlaceKind.PARAGRAPH
    return next((kind for pattern, kind in _PLACES if pattern.search(name)), PlaceKind.TEXT)


def _relations(content: bytes, part: OpenPart) -> None:
    """Read the targets of links; a target outside that is no plain hyperlink is fetched on opening."""
    targets: list[str] = []

    def start(_: str, attributes: dict[str, str]) -> None:
        if attributes.get("TargetMode") == "External":
            targets.append(attributes.get("Target", ""))
            if not attributes.get("Type", "").endswith("/hyperlink"):
                part.mark(MarkKind.EXTERNAL_LINK)

    wrong, _ = parse(content, start)
    if wrong is not Detail.NONE:
        part.problem(Reason.CORRUPT, wrong)
    part.segment(PlaceKind.METADATA, "\n\n".join(targets), visibility=Visibility.ATTRIBUTE)
