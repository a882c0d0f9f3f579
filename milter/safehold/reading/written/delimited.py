# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in text (CSV, TSV): a row is a line, its cells are apart by tabs, and each is known as Excel counts it.

An address is often spread over the cells of a row, and a cell over lines; so quotes are undone, and line breaks and
tabs inside a cell become blanks.  The delimiter is what the file says (``sep=``, Excel), else what stands most often
outside quotes: comma, semicolon (Excel in most of Europe), tab or bar.  A file whose quotes do not pair is read
line by line as it stands.  Sources: RFC 4180; Excel writes UTF-16 with tabs as "Unicode text".
"""

import csv
import io
import re
import sys

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import charset
from safehold.reading.basics.cells import CellText
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind
from safehold.reading.written import plain_text

_DELIMITERS = ",;\t|"
_SAID = re.compile(r"\s{0,9}\"?sep=(.)\"?[ \t]*[\r\n]+", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_SAMPLE = 64 * 1024
# A cell of more lines than this is a quote that somebody forgot to close.
_MOST_LINES = 200
_BREAK = re.compile(r"\s*[\r\n\t]+\s*")

csv.field_size_limit(sys.maxsize)


def read(content: bytes, part: OpenPart) -> None:
    """Read a table in text."""
    given = part.given
    decoded = charset.decode(content, given.charset, guess=True)
    kind = PlaceKind.BODY if given.body else PlaceKind.TEXT
    text, cells = rows(decoded.text)
    part.segment(kind, text, visibility=plain_text.alternative_or_visible(text, part), cells=cells)
    said = _SAID.match(decoded.text)
    if said and said[1].isalnum():  # a table to one program, and text to another
        part.segment(kind, decoded.text, visibility=Visibility.ALTERNATIVE)
    if decoded.other:
        part.mark(MarkKind.CHARSET_GUESSED, kind)
        text, cells = rows(decoded.other)
        part.segment(kind, text, visibility=Visibility.ALTERNATIVE, cells=cells)


def rows(text: str) -> tuple[str, list[int]]:
    r"""Return the table with a line for each row, and where its cells stand, as far as that is known.

    >>> rows('name;home\r\n"Doe; Jane";"12 Acacia Road\nAshford"\r\n')[0]
    'name\thome\nDoe; Jane\t12 Acacia Road Ashford'
    """
    said = _SAID.match(text)
    delimiter = said[1] if said else _likeliest(text)
    text = text[said.end() :] if said else text
    table = CellText()
    try:
        for row, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
            if any(cell.count("\n") > _MOST_LINES for cell in cells):
                return text, []
            table.line(row, [_BREAK.sub(" ", cell) for cell in cells] or [""])
    except csv.Error:
        return text, []
    return table.text(), table.cells


def _likeliest(text: str) -> str:
    sample = _QUOTED.sub("", text[:_SAMPLE])
    return max(_DELIMITERS, key=sample.count)
