# SPDX-License-Identifier: GPL-3.0-or-later
"""Word documents: every XML part, streamed.

A library that follows the document's structure returns 7 of 41 places where text can stand in a DOCX (python-docx
``paragraphs``), a streaming pass over all parts returns 41 (measured, design notes 2.2).  One part at a time goes to
:mod:`safehold.reading.office.word_story`; styles and list numbers, which change what others show, are learnt first.
"""

import re

from safehold.model import PlaceKind, Reason
from safehold.reading.notes import OpenPart
from safehold.reading.office import ooxml
from safehold.reading.office.word_story import Story
from safehold.reading.office.word_styles import Numbering, Styles
from safehold.reading.vocabulary import Detail

_STYLES = r"^word/styles\.xml$"
_NUMBERING = r"^word/numbering\.xml$"
_BODY = re.compile(r"^word/document\d*\.xml$", re.IGNORECASE)
_PLACES: tuple[tuple[re.Pattern[str], PlaceKind], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"^word/(?:header|footer)\d*\.xml$", PlaceKind.PAGE_HEADER),
        (r"^word/(?:footnotes|endnotes)\d*\.xml$", PlaceKind.NOTE),
        (r"(?:^|/)(?:comments\w*|threadedcomments?/.*|comments/.*)\.xml$", PlaceKind.COMMENT),
        (r"^(?:docprops|customxml|meta\.xml|word/people\.xml|word/settings\.xml)", PlaceKind.METADATA),
    )
)


def read(content: bytes, part: OpenPart) -> None:
    """Read a Word document, the body first: if anything stops us, that was read."""
    package = ooxml.Package(content, part)
    styles, numbering = Styles(), Numbering()
    learnt: list[tuple[str, bytes]] = []
    for pattern, learner in ((_STYLES, styles), (_NUMBERING, numbering)):
        for name in package.names(pattern):
            xml = package.take(name)
            if xml is not None:
                ooxml.parse(xml, learner)
                learnt.append((name, xml))

    def read_xml(name: str, xml: bytes) -> None:
        story = Story(part, _kind(name), name, styles, numbering)
        wrong = ooxml.parse(xml, story, story.aside)
        story.finish()
        if wrong is not Detail.NONE:
            part.problem(Reason.CORRUPT, wrong)

    package.sweep(read_xml, first=_BODY.match)
    for name, xml in learnt:  # what they say themselves
        read_xml(name, xml)


def _kind(name: str) -> PlaceKind:
    if _BODY.match(name):
        return PlaceKind.PARAGRAPH
    return next((kind for pattern, kind in _PLACES if pattern.search(name)), PlaceKind.TEXT)
