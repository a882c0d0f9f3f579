# SPDX-License-Identifier: GPL-3.0-or-later
"""What has no reader yet: loose strings, and the problem that says so.

A string scan of an old Word or OneNote file finds most of its words (23 of 23 in OneNote, measured), so the
part is searched as far as that goes, and stays ``unsupported`` all the same.
"""

import re

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail

# windows-1252 letters besides ASCII, because names have accents.
_NARROW = re.compile(rb"[\t\x20-\x7e\x91-\x97\xa3\xb0\xc0-\xff]{5,4096}")
_WIDE = re.compile(rb"(?:[\t\x20-\x7e\xa3\xc0-\xff]\x00|[\x18-\x19\x1c-\x1d\x13-\x14]\x20|[\x00-\x7f]\x01){4,4096}")
# The other order.  Not behind a letter: then it is text in the first order, seen from its second byte.
_WIDE_BIG = re.compile(rb"(?<![\x20-\x7e\xc0-\xff])(?:\x00[\t\x20-\x7e\xa3\xc0-\xff]){4,4096}")
_LETTERS = re.compile(r"[A-Za-z0-9]{2}")
_UNLIKELY = re.compile(r"[^\w .,'@-]|_")
# Long runs of zeros say nothing and take their time: 0.1 s a megabyte.
_ZEROS = re.compile(rb"\x00{256,}")
_SOME_ZEROS = bytes(64)
_SHORTEST = 8
_MOST_BYTES = 8 * 1024 * 1024
_MOST_CHARACTERS = 1_000_000


def read(content: bytes, part: OpenPart) -> None:
    """Read loose strings and report that this is all."""
    known = part.media_type != "application/octet-stream"
    part.problem(Reason.UNSUPPORTED, Detail.NO_READER if known else Detail.UNKNOWN_TYPE)
    strings(content, part)


def strings(content: bytes, part: OpenPart, *, visibility: Visibility = Visibility.VISIBLE) -> None:
    """Hand over the readable runs of *content*, 8-bit and UTF-16, as one text each."""
    content = _ZEROS.sub(_SOME_ZEROS, content[: 8 * _MOST_BYTES])
    for text in (wide_strings(content), narrow_strings(content)):
        part.segment(PlaceKind.TEXT, text[:_MOST_CHARACTERS], visibility=visibility)


def narrow_strings(content: bytes, most: int | None = _MOST_BYTES) -> str:
    """Return the 8-bit runs of the first *most* bytes (None: of all), one a line."""
    runs = (run.decode("cp1252", "replace") for run in _NARROW.findall(content[:most]))
    return "\n".join(run for run in runs if _LETTERS.search(run))


def wide_strings(content: bytes, most: int | None = _MOST_BYTES) -> str:
    """Return the UTF-16 runs of either order, at even and at odd offsets, one a line; *most* as above."""
    content = content[:most]
    runs = [run.decode("utf-16-le", "replace") for run in _WIDE.findall(content)]
    runs += [run.decode("utf-16-be", "replace") for run in _WIDE_BIG.findall(content)]
    return "\n".join(run for run in runs if _LETTERS.search(run))


def written(content: bytes) -> str:
    """Return the runs that look as if somebody had written them: for places where most bytes are numbers."""
    if len(content) < _SHORTEST:
        return ""
    runs = f"{wide_strings(content, None)}\n{narrow_strings(content, None)}".split("\n")
    return "\n".join(run for run in runs if len(run) >= _SHORTEST and _likely(run))


def _likely(run: str) -> bool:
    return len(_UNLIKELY.findall(run)) < 0.2 * len(run)
