# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a stream and was not said: the last look, whatever the structure around it claims.

Old formats say by counts and offsets where their texts are.  A count that lies, a record of no known kind or a gap
between two of them hides a text from a reader that follows the structure, and from nobody who looks at the bytes.
So the bytes are looked at, and runs with a word that no reader handed over are.  Pure, linear.
"""

import re
from collections.abc import Iterable, Iterator

from safehold.reading.vocabulary import words

# A letter with an accent stands between others.
_RUN = re.compile(rb"[\x20-\x7e]{5,4096}(?:[\x91-\x97\xa3\xc0-\xfe]{1,2}[\x20-\x7e]{2,4096}){0,999}")
_FOREIGN = b"\0" + b"\xff" * 255
_LETTERS = frozenset((*range(0x20, 0x7F), *range(0xC0, 0xFF)))
_SHORTEST = 6  # a postcode without its blank
_WORD = re.compile(r"[^\W_]{3,}")
_ASCII = re.compile(r"[A-Za-z0-9 ]")
# Of what is no word: most bytes of a stream are numbers, and some of those look like letters.
_LIKE_A_WORD = re.compile(r"(?=[^\W_]{0,40}[aeiouyAEIOUY])[^\W\d_]{4,}|\d{5,}")
_LIKE_A_NUMBER = re.compile(r"\d{3}.?\d{3}|\b[A-Za-z]{1,2}\d[\dA-Za-z]? ?\d[A-Za-z]{2}\b")
# Words of programs, not of people: the names of their styles and fonts, of their own records and types.
_PROGRAMS = words(
    "0table 1table accent acrobat acronym address adobe alphabetic and annotation antiqua appendix apple arabic"
    " arial arrow article asian author bad balloon baltic batang bibliography bjbj black block body bold book"
    " bookman bookshelf bullet calculation calibri cambria candara caolan caption cell century char chart check"
    " circle cite classic closing code colorful columns comic comma comment comments complex compobj condensed"
    " consequences consolas constantia contemporary content continue control corbel courier currency current cyr"
    " dark data date default definition design document documentsummaryinformation double downrev drs e2odoc east"
    " eastasia effects elegant email embed emphasis endnote entry envelope excel exe explanatory first followed"
    " followedhyperlink font footer footnote form franklin garamond georgia good gothic greek grid hangul hashtag"
    " header heading hebrew helvetica html hyperlink impact import indent index inline input intense italic item"
    " japanese jpicture keyboard left light line link linked list lucida macintosh macro map mark master math"
    " mathematical medium mention message microsoft mincho mistral modern ms msftedit mso mswordbase msworddoc"
    " msworddocument name neutral new none normal note number numbering obj objectpool office old ole outline"
    " output package page palatino paragraph percent picture pivotstylelight pivotstylemedium placeholder plain"
    " poor portrait powerpoint ppt preformatted presentation pro professional profile programs quarter quotations"
    " quote reference rels relspk revision right rmn rockwell roman root salutation sample sans schema second"
    " section segoe shading shapexml shell signature simplified simsun single slide slidelayout slidelayouts"
    " slidemaster slidemasters slides smart spacing spec strong style subject subtitle subtle summaryinformation"
    " symbol system table tablestylelight tablestylemedium tablestyles tag tags tahoma template terminal text"
    " theme thememanager times title tms toa toc total traditional trebuchet tur type types typewriter unicode"
    " unknown unresolved user variable verdana version vietnamese visited warning web western wide windings"
    " wingdings word worddocument wordpad workbook worksheet xml xmlpk year"
)


def is_somebodys(text: str) -> bool:
    """Return whether any word of a text is not of those that programs write."""
    return any(not _is_of_programs(word) for word in _WORD.findall(text))


def _is_of_programs(word: str) -> bool:
    return word.lower().rstrip("0123456789") in _PROGRAMS


class Said:
    """The words that were handed over."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words: set[str] = set()
        for text in texts:
            self._words.update(_WORD.findall(text))

    def rest(self, raw: bytes) -> str:
        """Return the runs of *raw* that have a word which was not said, one a line."""
        found: dict[str, None] = {}
        for run in _runs(raw):
            text = run.decode("cp1252", "replace").strip()
            if self._is_news(text):
                found[text] = None
        return "\n".join(found)

    def _is_news(self, text: str) -> bool:
        if len(text) < _SHORTEST or len(_ASCII.findall(text)) < 0.8 * len(text):
            return False
        unsaid = [word for word in _WORD.findall(text) if word not in self._words and not _is_of_programs(word)]
        return bool(unsaid) and bool(any(map(_LIKE_A_WORD.search, unsaid)) or _LIKE_A_NUMBER.search(text))


def _runs(raw: bytes) -> Iterator[bytes]:
    """Yield the runs of letters of *raw*: two-byte ones of either order, at even and at odd places, then 8-bit ones."""
    for start in (0, 1):
        for found in _RUN.finditer(_narrowed(raw[start::2], raw[start + 1 :: 2])):
            at = 2 * found.start() + start
            # Else it is text of the other order, seen from its second byte: without its first letter.
            if raw[at] or not at or raw[at - 1] not in _LETTERS:
                yield found[0]
    yield from _RUN.findall(raw)


def _narrowed(first: bytes, second: bytes) -> bytes:
    """Return two-byte text with a byte for each character of a western script, and 255 for each of another.

    Of such a character one byte is zero.  Six times as fast as to look for pairs of bytes.
    """
    size = min(len(first), len(second))
    pairs = first[:size], second[:size]
    one, other = (int.from_bytes(half, "little") for half in pairs)
    has_one, has_other = (int.from_bytes(half.translate(_FOREIGN), "little") for half in pairs)
    return (one | other | has_one & has_other).to_bytes(size, "little")
