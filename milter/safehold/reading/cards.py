# SPDX-License-Identifier: GPL-3.0-or-later
"""vCards and calendars: folded lines joined, escapes undone, encoded values decoded, files inside read.

Sources: RFC 6350 and RFC 5545 (folding, escapes), vCard 2.1 and vCalendar 1.0 (quoted-printable, base64).
"""

import binascii
import re
from collections.abc import Iterator

from safehold.reading import charset, headers, inline
from safehold.reading.notes import Given, OpenPart
from safehold.reading.pasted import is_known
from safehold.reading.vocabulary import words

_START = re.compile(r"^[ \t]{0,8}BEGIN:V(?:CARD|CALENDAR|NOTE|MSG|BODY)\b", re.IGNORECASE | re.MULTILINE)
_PROPERTY = re.compile(
    r"[ \t]{0,8}([A-Za-z0-9.-]{1,60})((?:;[^:\"\r\n]{0,200}(?:\"[^\"\r\n]{0,200}\"[^:\"\r\n]{0,80})?){0,9}):"
)
_ESCAPE = re.compile(r"\\([nN,;:\\])")
_BASE64_MARKS = words("BASE64 B")
_MOST_FILES = 50


def find(text: str) -> int:
    """Return where the first card begins, or -1."""
    if ":V" not in text and ":v" not in text:
        return -1
    found = _START.search(text)
    return found.start() if found else -1


def read(text: str, part: OpenPart) -> str:
    """Return a card as it is meant, and read the files in it."""
    out: list[str] = []
    files: list[bytes] = []
    addresses: list[inline.Inline] = []
    for line in _logical_lines(text):
        head = _PROPERTY.match(line)
        if head is None:
            out.append(line)
            continue
        value = line[head.end() :]
        marks = {word.rpartition("=")[2].strip('"') for word in head[2].upper().split(";")}
        if not marks.isdisjoint(_BASE64_MARKS):
            raw = headers.lenient_base64(value.encode("utf-8", "replace"))
            if is_known(raw) and charset.strict(raw, "utf-8") is not None:
                value = charset.decode(raw).text
            elif raw:
                files.append(raw)
                value = ""
        elif "QUOTED-PRINTABLE" in marks:
            value = charset.decode(binascii.a2b_qp(value.encode("utf-8", "replace")), _charset(marks)).text
        elif value[:5].lower() == "data:":
            addresses += inline.in_value(value)
            continue
        out.append(head[0] + _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value))
    for raw in files[:_MOST_FILES]:
        part.session.take_expanded(len(raw))
        part.child(Given(raw, is_attachment=part.is_attachment, attachment=part.attachment), "file")
    inline.read(tuple(dict.fromkeys(addresses)), part)
    return "\n".join(out)


def _charset(marks: set[str]) -> str:
    return next((mark.lower() for mark in marks if mark.startswith(("ISO-", "WINDOWS-", "UTF-"))), "")


def _logical_lines(text: str) -> Iterator[str]:
    """Yield the lines with their continuations: those that begin with a blank, and after a soft break any."""
    pieces: list[str] = []
    soft = False
    for line in text.splitlines():
        if pieces and (soft or line[:1] in (" ", "\t")):
            pieces.append(line if soft else line[1:])
        else:
            if pieces:
                yield "".join(pieces)
            pieces = [line]
        quoted_printable = "QUOTED-PRINTABLE" in pieces[0][:400].upper()
        soft = quoted_printable and line.endswith("=")
        if soft:
            pieces[-1] = pieces[-1][:-1]
    if pieces:
        yield "".join(pieces)
