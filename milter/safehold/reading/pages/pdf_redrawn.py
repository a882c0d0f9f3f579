# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: what no page shows, read by pdfium all the same, with its own fonts.

A page that was deleted and stays in the file, the pressed look of a button, a pattern, what an ``ActualText`` denies:
nobody but a viewer can tell what their codes mean, and no viewer is asked to show them.  So an update is written
behind a copy of the file, as every editor writes one (ISO 32000-2, 7.5.6), in which they are pages, and pdfium reads
that.  Nothing of it is handed on but the text.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import pypdfium2

from safehold.reading.pages import page_text

_START = re.compile(rb"startxref\s{1,9}(\d{1,12})\s")

_HIGHEST = 4_000_000  # pdfium takes numbers up to 4 * 1024 * 1024


class Draft:
    """An update of a file in the making."""

    def __init__(self, content: bytes, taken: Collection[int]) -> None:
        self._content = content[max(0, content.find(b"%PDF-")) :]
        self._objects: dict[int, bytes] = {}
        self._taken = taken
        highest = max(taken, default=0)
        # Above all that there is, so that what still refers to a deleted object is not led to a new one.
        numbers = itertools.count(highest + 1 if highest < _HIGHEST else 1)
        self._free = itertools.filterfalse(taken.__contains__, numbers)

    def put(self, number: int, body: bytes) -> None:
        """Give an object of the file another body."""
        self._objects[number] = body

    def add(self, body: bytes) -> int:
        """Add an object and return its number, which nothing in the file has."""
        number = next(self._free)
        self._objects[number] = body
        return number

    def texts(self, pages: Sequence[bytes | int]) -> Iterator[str]:
        """Yield the text of each page: dictionaries, or the numbers of objects that are pages; "" where it has none."""
        kids = [page if isinstance(page, int) else self.add(page) for page in pages]
        tree = self.add(b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids)))
        yield from self.texts_from(self.add(b"<</Type/Catalog/Pages %d 0 R>>" % tree), range(len(kids)))

    def texts_from(self, root: int, indices: Iterable[int]) -> Iterator[str]:
        """Yield the texts of those pages, counted from 0, of the file with that catalogue."""
        try:
            document = pypdfium2.PdfDocument(self._written(root))
        except pypdfium2.PdfiumError:
            return
        try:
            count = len(document)
            for index in indices:
                yield text_of(document, index) if index < count else ""
        finally:
            document.close()

    def _written(self, root: int) -> bytes:
        pieces = [self._content, b"\n"]
        at = len(self._content) + 1
        table = [b"xref\n"]
        for number, body in sorted(self._objects.items()):
            table.append(b"%d 1\n%010d 00000 n \n" % (number, at))
            pieces.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
            at += len(pieces[-1])
        starts = _START.findall(self._content, max(0, len(self._content) - 2_048))
        previous = b"/Prev %s" % starts[-1] if starts else b""
        size = max((0, *self._taken, *self._objects)) + 1
        table.append(b"trailer\n<</Size %d/Root %d 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, previous, at))
        return b"".join((*pieces, *table))


def text_of(document: Any, index: int) -> str:
    """Return the text of a page, "" where pdfium refuses it."""
    try:
        page = document.get_page(index)
        try:
            text_page = page.get_textpage()
            text = page_text.shown(text_page)
            text_page.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return ""
    return text
