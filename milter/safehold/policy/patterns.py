# SPDX-License-Identifier: GPL-3.0-or-later
"""Authors' patterns and phrases: compiling on RE2, saying why RE2 refuses, and spotting personal data in them.

RE2 runs in linear time; Python's ``re`` needed 29.9 s for one 28-character text.  The price is look-around and
back-references, and the complaint says so rather than "invalid perl operator".  Pure.
"""

import re
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
# A pattern is one line of a policy; a megabyte of program is an expansion bomb such as (x{999}){999}.
_OPTIONS.max_mem = 4 << 20

_LINEAR = "patterns run on RE2, in linear time, and it has none"
YAML_HINT = 'in YAML put patterns in single quotes; "\\d" in double quotes is an error'


def compile_pattern(text: str) -> Any:
    """Return *text* compiled by RE2.

    Raises:
        ValueError: RE2 cannot take it, or it takes the empty text; the message says why in words.
    """
    try:
        compiled = re2.compile(text, _OPTIONS)
    except re2.error as error:
        raise ValueError(_why(text, _words(error))) from None
    if compiled.search("") is not None:
        raise ValueError(f"'{text}' takes the empty text, so it would be found everywhere")
    return compiled


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else b""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _why(text: str, said: str) -> str:
    problem, _, piece = said.partition(": ")
    where = _unbalanced(text)
    if problem == "missing )" and where:
        return f"unclosed \"(\" at position {where} of '{text}'"
    if problem in ("unexpected )", "missing (") and where:
        return f'")" without "(" at position {where} of \'{text}\''
    if problem == "missing ]":
        return f"unclosed \"[\" in '{text}'"
    if problem == "invalid perl operator" and piece.startswith(("(?=", "(?!", "(?<")):
        return f"look-around \"{piece}\" is not possible: {_LINEAR}; in '{text}'"
    if problem == "invalid escape sequence" and piece[1:2].isdigit():
        return f"the back-reference \"{piece}\" is not possible: {_LINEAR}; in '{text}'"
    if problem == "no argument for repetition operator":
        return f"nothing stands before \"{piece}\" to repeat, in '{text}'"
    if problem == "invalid repetition size":
        return f"\"{piece}\" repeats too often; RE2 takes 1000 at most, nested ones multiplied; in '{text}'"
    if problem == "pattern too large":
        return f"'{text[:60]}' grows too large when its repetitions are written out"
    return f"{problem}{': ' + piece if piece and piece != text else ''} in '{text}'"


def _unbalanced(text: str) -> int:
    """Return the position, from 1, of the first parenthesis without its other half; 0 where all are paired."""
    opened: list[int] = []
    escaped = in_class = False
    for position, character in enumerate(text, 1):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character == "(":
            opened.append(position)
        elif character == ")":
            if not opened:
                return position
            opened.pop()
    return opened[-1] if opened else 0


# Full UK postcode, UK telephone number, mail address, official numbers of people: as literal text, so that a pattern
# *for* them is not one.  Every gap is bounded, so that no text makes these slower than linear.
_PERSONAL = (
    (
        "postcode",
        re.compile(
            r"(?<![A-Za-z0-9\\])[A-PR-UWYZ][A-HK-Y]?[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2}(?![A-Za-z0-9])",
            re.IGNORECASE,
        ),
    ),
    (
        "phone number",
        re.compile(r"(?<![\d.,])(?:\+44[\s-]?(?:\(0\))?[\s-]?[1-9]|\(?0[1-9])(?:[\s().-]{0,2}\d){8,9}(?!\d)"),
    ),
    (
        "mail address",
        re.compile(
            r"(?<![A-Za-z0-9\\\])])[A-Za-z0-9][A-Za-z0-9._%-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,100}\.[A-Za-z]{2,}"
        ),
    ),
    (
        "National Insurance number",
        re.compile(
            r"(?<![A-Za-z0-9\\])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?[0-9]{2}){3} ?[A-D](?![A-Za-z0-9])",
            re.IGNORECASE,
        ),
    ),
    ("NHS number", re.compile(r"(?<![A-Za-z0-9\\.,])[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}(?![A-Za-z0-9])")),
)
_ESCAPED = re.compile(r"\\([^A-Za-z0-9])")


def personal_data(text: str, *, pattern: bool = False) -> str:
    """Return what *text* seems to hold, in words ("postcode and phone number"), or ""."""
    literal = _ESCAPED.sub(r"\1", text) if pattern else text
    found = [name for name, shape in _PERSONAL if any(_could_be(name, m[0]) for m in shape.finditer(literal))]
    return " and ".join(found)


def _could_be(name: str, text: str) -> bool:
    """Return whether a number that has check digits has the right one; nine of ten ten-digit numbers have not."""
    if name != "NHS number":
        return True
    digits = [int(c) for c in text if c.isdigit()]
    return sum(digit * weight for digit, weight in zip(digits, range(10, 0, -1), strict=True)) % 11 == 0
