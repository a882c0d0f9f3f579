# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a file belongs to no part of it: bytes that no program shows, and any editor or carver finds.

A reader of archives says which bytes it has accounted for; all others come here.  A file among them is opened,
words are hidden text, and where there are bytes that are neither, that is said: a part of which only loose strings
were read must not pass for read.
"""

import re
from collections.abc import Iterable, Iterator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, charset, types
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_NAME = "appended"
_PADDING = b"\x00\r\n\t \x1a\xff"
_LEAST_BYTES = 4
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")  # here two bytes like any
# Starts of files that have a reader, as far as hardly any other bytes begin with them: gzip's with its last two fields.
_FILES = (
    rb"PK\x03\x04[\x0a-\x3f]\x00|\x1f\x8b\x08[\x00-\x1f].{4}[\x00\x02\x04][\x00-\x0d\xff]|BZh[1-9](?:1AY&SY|\x17rE8P\x90)"
    rb"|\xfd7zXZ\x00|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|%PDF-1\.|\{\\rtf1|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
)
_STARTS = re.compile(
    _FILES + rb"|PK\x03\x04|\x28\xb5\x2f\xfd|\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xdb-\xfe]|GIF8[79]a", re.DOTALL
)
_INSIDE = re.compile(_FILES, re.DOTALL)
_FIRST_BYTES = (b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"%PDF-1.", b"{\\rtf1",
                b"\xd0\xcf\x11\xe0")  # fmt: skip
_MOST_TRIED = 100
# What may be neither text nor a file without being worth a word: checks, times, numbers of sectors.
_FEW_BYTES = 16
_TEXT_OR_PADDING = re.compile(rb"[\t\r\n\x20-\x7e]{4,}|(?:[\t\r\n\x20-\x7e]\x00){4,}|\x00+|\xff+")
_BY_CHANCE = 2
_MOST_COMPARED = 50_000_000
# Encoded, as mail packs what is no text: a line of it, or the first of a file.
_ENCODED = re.compile(rb"^(?:[A-Za-z0-9+/]{48,}={0,2}|begin(?:-base64)? [0-7]{3,4} \S)", re.MULTILINE)
_WINDOW = 64 * 1024
_MOST_SEARCHED = 8 * 1024 * 1024  # of :mod:`safehold.reading.basics.binary`


def gaps(known: Iterable[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """Yield the spans below *size* that no span of *known* covers.

    >>> list(gaps([(0, 4), (2, 6), (9, 10)], 12))
    [(6, 9), (10, 12)]
    """
    reached = 0
    for start, end in sorted(known):
        if start > reached:
            yield reached, min(start, size)
        reached = max(reached, end)
    if reached < size:
        yield reached, size


def not_said(lines: Iterable[str], texts: Iterable[str], *, of_runs: bool = False) -> list[str]:
    """Return the lines that no text has; *of_runs*: a few letters more at an end are by chance.

    >>> not_said(["ab", "Quill", "Vine"], ["Mr Quill"])
    ['ab', 'Vine']
    """
    known, lines = "\n".join(texts), list(dict.fromkeys(lines))
    if len(known) * len(lines) > _MOST_COMPARED:
        whole = frozenset(known.split("\n"))
        return [line for line in lines if line not in whole]
    cut = _BY_CHANCE if of_runs else 0
    return [line for line in lines if (bare := line[cut : len(line) - cut].strip()) and bare not in known]


def read(pieces: Iterable[bytes], part: OpenPart, *, open_files: bool = True, must: bool = True) -> None:
    """Read what belongs to no member.

    Args:
        pieces: The bytes, each run of them by itself.
        part: The archive.
        open_files: Whether files among them are opened; else somebody has done so and has said what is wrong, or they
            are numbers by their nature.
        must: Whether bytes that are no words are a problem.  Pictures are full of them.
    """
    words: list[str] = []
    is_unread = False
    for piece in pieces:
        loose = piece
        if open_files and (at := _start_of_file(piece)) is not None:
            part.mark(MarkKind.APPENDED)
            part.member(_NAME, piece[at:])
            loose = piece[:at]
        bare = loose.strip(_PADDING)
        if len(bare) < _LEAST_BYTES:
            continue
        wide = types.looks_like_utf_16(loose)
        if wide:
            words.append(loose.decode(wide, "replace"))
        elif open_files and types.looks_like_text(bare) and not bare.startswith(_WIDE_MARKS):
            words.append(charset.decode(bare).text)
            if _ENCODED.search(bare):  # the reader of texts undoes that
                part.mark(MarkKind.APPENDED)
                part.member(_NAME, bare, declared_type=types.PLAIN)
        else:
            words.append(binary.written(loose))
            is_unread = is_unread or (must and open_files and _has_other_bytes(loose))
    text = "\n".join(word for word in words if word)
    if text:
        part.mark(MarkKind.APPENDED)
    if is_unread:
        part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
    part.segment(PlaceKind.METADATA, text, visibility=Visibility.HIDDEN)


def open_inside(content: bytes, part: OpenPart) -> None:
    """Open the first file that begins inside *content*, where nothing says where the file itself ends."""
    starts = [at for first in _FIRST_BYTES for at in _places(content, first)]
    if starts:
        part.mark(MarkKind.APPENDED)
        part.member(_NAME, content[min(starts) :])


def _places(content: bytes, first: bytes) -> Iterator[int]:
    """Yield where a file begins that has these first bytes; a search for each is a tenth of one for all."""
    at = 0
    for _ in range(_MOST_TRIED):
        at = content.find(first, at + 1)
        if at < 0:
            return
        if _INSIDE.match(content, at):
            yield at
            return


def _start_of_file(piece: bytes) -> int | None:
    if types.by_rules(piece) is not None:
        return 0
    found = _STARTS.search(piece)
    return found.start() if found else None


def _has_other_bytes(piece: bytes) -> bool:
    """Return whether there is more in *piece* than text that a search for strings finds."""
    if len(piece) > _MOST_SEARCHED:
        return True
    return any(
        len(_TEXT_OR_PADDING.sub(b"", piece[at : at + _WINDOW])) >= _FEW_BYTES for at in range(0, len(piece), _WINDOW)
    )
