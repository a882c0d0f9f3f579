# SPDX-License-Identifier: GPL-3.0-or-later
"""What a formula says that puts its text together from pieces: ``"High "&"Street"``, ``CHAR(50)&CHAR(55)``.  Pure.

Formulas are not calculated.  These two are how text is taken apart so that no search finds it, and need no calculation.
"""

import re

_CHARACTER = re.compile(
    r"\b(?:_xlfn\.)?UNICHAR\(\s{0,9}(\d{1,7})\s{0,9}\)|\bCHAR\(\s{0,9}(\d{1,3})\s{0,9}\)", re.IGNORECASE
)
_JOINT = re.compile(r"\"\s{0,99}&\s{0,99}\"")
_LAST = 0x110000


def joined(formula: str) -> str:
    """Return a formula with its pieces of text put together, or "" where that changes nothing.

    >>> joined('"High "&CHAR(83)&"treet"')
    '"High Street"'
    >>> joined("SUM(A1:B2)")
    ''
    """
    if "&" not in formula and "CHAR(" not in formula.upper():
        return ""
    whole = _JOINT.sub("", _CHARACTER.sub(_character, formula))
    return whole if whole != formula else ""


def _character(found: re.Match[str]) -> str:
    if found[2]:  # of the code page of Windows
        text = bytes((int(found[2]) % 256,)).decode("cp1252", "replace")
    else:
        number = int(found[1])
        text = chr(number) if 0 < number < _LAST and not 0xD800 <= number < 0xE000 else "\ufffd"
    return '""""' if text == '"' else f'"{text}"'
