# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: fonts whose letters mean something else than they show.  Pure functions over bytes.

A font says twice what its codes are: by its encoding, which chooses the shape that is drawn, and by a table to Unicode,
which is what every reader of text goes by.  Where the two name different letters a person reads one text and a program
another, and no text of the page can be trusted.  Told for fonts that name their letters; of shapes without names only
the eye can tell.
Sources: ISO 32000-2, 9.6.5 (encodings), 9.10.3 (ToUnicode).
"""

import re
from collections.abc import Mapping

_SINGLE = re.compile(rb"<([0-9A-Fa-f]{2})>\s{0,9}<([0-9A-Fa-f]{4})>")
_RANGE = re.compile(rb"<([0-9A-Fa-f]{2})>\s{0,9}<([0-9A-Fa-f]{2})>\s{0,9}<([0-9A-Fa-f]{4})>")
_DIFFERENCES = re.compile(rb"(\d{1,3})|/([A-Za-z]{1,5})(?![\w.])")
_DIGITS = {name: str(value) for value, name in enumerate(b"zero one two three four five six seven eight nine".split())}
_STANDARD = (b"WinAnsiEncoding", b"MacRomanEncoding", b"StandardEncoding", b"PDFDocEncoding")
_ASCII = {code: chr(code) for code in range(0x30, 0x7B) if chr(code).isalnum()}
_SYMBOLS = re.compile(rb"(?i)symbol|dingbat|webding|wingding|icon|marlett|math")
# Small capitals and a slip or two are honest.
_A_WORD = 3


def letters_of(encoding: bytes) -> dict[int, str]:
    """Return which letters and digits an encoding draws for its codes, as far as it names them."""
    letters = dict(_ASCII) if any(name in encoding for name in _STANDARD) else {}
    differences = encoding.partition(b"/Differences")[2]
    code = 0
    for number, name in _DIFFERENCES.findall(differences):
        if number:
            code = int(number)
            continue
        letters[code] = name.decode() if len(name) == 1 else _DIGITS.get(name, "")
        code += 1
    return {code: letter for code, letter in letters.items() if letter}


def usual_letters(font: Mapping[bytes, bytes], is_embedded: bool) -> dict[int, str]:
    """Return which letters a font without an encoding draws: what any font has, unless it brings its own shapes."""
    has_own = is_embedded or b"Encoding" in font or b"CharProcs" in font or _SYMBOLS.search(font.get(b"BaseFont", b""))
    return {} if has_own else dict(_ASCII)


def lies(letters: dict[int, str], means: dict[int, str]) -> bool:
    """Return whether a table to Unicode calls several letters by the names of others."""
    wrong = 0
    for code, meaning in means.items():
        drawn = letters.get(code, "")
        wrong += bool(drawn) and meaning.isalnum() and meaning.casefold() != drawn.casefold()
    return wrong >= _A_WORD


def meanings(table: bytes) -> dict[int, str]:
    """Return what a table to Unicode says of codes of one byte."""
    found: dict[int, str] = {}
    for first, last, meaning in _RANGE.findall(table):
        start, begin = int(first, 16), int(meaning, 16)
        found.update({code: chr(begin + code - start) for code in range(start, int(last, 16) + 1) if begin < 0xD000})
    bare = _RANGE.sub(b"", table)
    found.update({int(code, 16): chr(int(meaning, 16)) for code, meaning in _SINGLE.findall(bare)})
    return found
