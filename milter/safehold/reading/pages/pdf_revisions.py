# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: the pages as they were before each later save, as far as they said something else.

Every save may append; the file cut at an earlier ``%%EOF`` is the file as it was, and pdfium reads it.  A linearised
file has an end in front that no save made: cut there it opens as its first page or not at all, and says nothing new.
Source: ISO 32000-2, 7.5.6 (incremental updates).
"""

import re
from collections.abc import Iterator

import pypdfium2

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.pages.pdf_found import Found
from safehold.reading.pages.pdf_redrawn import text_of
from safehold.reading.vocabulary import Detail, MarkKind

_END = re.compile(rb"%%EOF")
_MOST_REVISIONS = 40


def read(content: bytes, found: Found, part: OpenPart) -> None:
    """Read the earlier revisions of a file, the latest first."""
    ends = list(_ends(content))[:-1]
    left = part.limits.pages
    for end in ends[::-1][:_MOST_REVISIONS]:
        left -= _read_revision(content[:end], left, found, part)
        if left < 0:
            break
    if left < 0 or len(ends) > _MOST_REVISIONS:
        part.problem(Reason.TOO_LARGE, Detail.PAGES)


def _ends(content: bytes) -> Iterator[int]:
    """Yield where revisions end: ends with an object before them."""
    before, last = content.find(b"endobj"), content.rfind(b"%%EOF")
    for found in _END.finditer(content):
        if 0 <= before < found.start() or found.start() == last:
            yield found.end()
            before = content.find(b"endobj", found.end()) if before >= 0 else -1


def _read_revision(content: bytes, most: int, found: Found, part: OpenPart) -> int:
    """Read one and return how many pages it has."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        return 0
    try:
        pages = len(document)
        for index in range(min(pages, most)):
            new = found.new_lines(text_of(document, index))
            if new:
                part.mark(MarkKind.EARLIER_REVISION, PlaceKind.PAGE, index + 1)
                part.segment(PlaceKind.PAGE, new, number=index + 1, visibility=Visibility.HIDDEN)
        return pages
    finally:
        document.close()
