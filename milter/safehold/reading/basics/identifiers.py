# SPDX-License-Identifier: GPL-3.0-or-later
"""What names a person and is no word: numbers of telephones, patients and insurances, postcodes, references.  Pure.

Readers leave out attributes that are the language of a format: numbers, measures, colours, ids.  An identifier looks
much like those and stands alone in a field, so every such rule asks here before it drops anything.
"""

import re

_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 9
_SHORTEST = 5
_IDENTIFIER = re.compile(
    r"(?<![\w.,-])(?<!\d )(?:"
    r"[A-Za-z]{2}[ -]?(?:\d\d[ -]?){3}[A-Da-d]"  # National Insurance
    r"|[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}"  # postcode
    r"|[A-Za-z]{1,3}[ /-]?\d{6,20}[A-Za-z]?"  # references of offices
    r"|[A-Za-z]?\d{9,20}[A-Za-z]?"
    r"|(?P<groups>\+?\(?\d{2,6}\)?(?:[ ./-]{1,2}\d{2,6}){1,4})"
    r")(?![\w-]|\.\d)"
)
# Colours, and the ids that programs draw: a hexadecimal number of one of their lengths.
_HEXADECIMAL = re.compile(r"#?(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")


def identifies(value: str) -> bool:
    """Return whether something in *value* looks as if it named one person.

    >>> [identifies(value) for value in ("QQ123456C", "07700 900123", "tn99 9zz", "999 000 1234")]
    [True, True, True, True]
    >>> [identifies(value) for value in ("D9E2F3", "914400", "0 0 21600 21600", "10.85546875", "2024-01-31", "A1:B10")]
    [False, False, False, False, False, False]
    """
    if len(value) < _SHORTEST or _DIGIT.search(value) is None or _HEXADECIMAL.fullmatch(value):
        return False
    for found in _IDENTIFIER.finditer(value):
        groups = found["groups"]
        if groups is None or sum(map(str.isdecimal, groups)) >= _FEWEST_DIGITS:
            return True
    return False
