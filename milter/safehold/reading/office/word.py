# SPDX-License-Identifier: GPL-3.0-or-later
"""Word documents: every XML part, streamed.

A library that follows the document's structure returns 7 of 41 places where text can stand in a DOCX (python-docx
``paragraphs``), a streaming pass over all parts returns 41 (measured, design notes 2.2).  One part at a time goes to
:mod:`safehold.reading.office.word_story`; theme, styles and list numbers, which change what others show, are learnt
first: those that the document's relationships name, else those of the usual names.
"""

import re

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.office import ooxml
from safehold.reading.office.themes import Theme
from safehold.reading.office.word_numbering import Numbering
from safehold.reading.office.word_story import Story
from safehold.reading.office.word_styles import Learner, Palette, Styles
from safehold.reading.vocabulary import Detail

_BODY = re.compile(r"^word/document\d*\.xml$", re.IGNORECASE)
_PLACES: tuple[tuple[re.Pattern[str], PlaceKind], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"^word/document\d*\.xml$", PlaceKind.PARAGRAPH),
        (r"^word/(?:header|footer)\d*\.xml$", PlaceKind.PAGE_HEADER),
        (r"^word/(?:footnotes|endnotes)\d*\.xml$", PlaceKind.NOTE),
        (r"(?:^|/)(?:comments\w*|threadedcomments?/.*|comments/.*)\.xml$", PlaceKind.COMMENT),
        (r"^(?:docprops|customxml|meta\.xml|word/people\.xml|word/settings\.xml)", PlaceKind.METADATA),
    )
)


def read(content: bytes, part: OpenPart) -> None:
    """Read a Word document, the body first: if anything stops us, that was read."""
    _Document(ooxml.Package(content, part), part).read()


class _Document:
    """One document being read."""

    def __init__(self, package: ooxml.Package, part: OpenPart) -> None:
        self._package = package
        self._part = part
        self._main = next(iter(package.related("", "officeDocument")), "word/document.xml")
        # What the document leads to; nothing is known of that where it says nothing.
        leads = [relation.target for relation in package.relations(self._main).values() if not relation.is_external]
        self._seen = {name.lower() for name in (self._main, *leads)} if leads and package.has(self._main) else None
        self._unread: list[tuple[str, bytes]] = []
        self._said: list[str] = []
        theme = Theme()
        for name in self._named("theme", r"^word/theme/theme\d*\.xml$"):
            xml = package.take(name) or b""
            ooxml.parse(xml, theme)
            self._unread.append((name, xml))
        self._styles = Styles(Palette(theme.colours))
        self._learn("styles", r"^word/styles\.xml$", self._styles)
        self._numbering = Numbering()
        self._learn("numbering", r"^word/numbering\.xml$", self._numbering)

    def _named(self, kind: str, usual: str) -> list[str]:
        return self._package.related(self._main, kind) or self._package.names(usual)

    def _learn(self, kind: str, usual: str, learner: Learner) -> None:
        for name in self._named(kind, usual):
            xml = self._package.take(name)
            if xml is None:
                continue
            wrong = ooxml.parse(xml, learner, learner.aside)
            if wrong is not Detail.NONE or learner.has_text:  # read it as any other part
                self._unread.append((name, xml))
        self._said.append(learner.said.text())

    def read(self) -> None:
        """Read all of it."""
        self._package.sweep(self._read_xml, first=lambda name: _BODY.match(name) or name == self._main)
        for text in self._said:
            self._part.segment(PlaceKind.TEXT, text, visibility=Visibility.ATTRIBUTE)
        for name, xml in self._unread:
            self._read_xml(name, xml)

    def _read_xml(self, name: str, xml: bytes) -> None:
        kind = next((kind for pattern, kind in _PLACES if pattern.search(name)), PlaceKind.TEXT)
        is_unseen = self._seen is not None and name.lstrip("/").lower() not in self._seen
        story = Story(self._part, kind, name, self._styles, self._numbering, is_unseen=is_unseen)
        wrong = ooxml.parse(xml, story, story.aside)
        story.finish()
        if wrong is not Detail.NONE:
            self._part.problem(Reason.CORRUPT, wrong)
