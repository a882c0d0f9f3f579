# SPDX-License-Identifier: GPL-3.0-or-later
"""What the headers of a message and of its parts say: names and words as they are seen, and the names of files.

Pure but for the part that is written to; never raises.
"""

from collections.abc import Iterator
from email.message import Message

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import headers
from safehold.reading.mail import traces
from safehold.reading.notes import OpenPart

_READ_AS_STRUCTURE = frozenset(("content-type", "content-disposition"))
_NAMES = ("from", "sender", "reply-to", "to", "cc", "bcc", "resent-to", "resent-cc", "resent-from")


def hand_over(node: Message, part: OpenPart) -> None:
    """Hand over every header: names and words as they are seen, and of what programs write the words."""
    names: list[str] = []
    others: list[str] = []
    written: list[tuple[str, str]] = []
    for key, value in _items(node):
        if key == "subject":
            part.segment(PlaceKind.SUBJECT, headers.decode_words(value))
        elif key in _NAMES:
            names.append(headers.display_names(value))
        elif traces.is_trace(key) and traces.looks_like_it(key, value):
            written.append((key, value))
        else:
            others.append(headers.decode_words(value))
    for texts in (names, others):
        part.segment(PlaceKind.HEADER, "\n\n".join(text for text in texts if text.strip()))
    part.segment(PlaceKind.HEADER, traces.read(written), visibility=Visibility.HIDDEN)
    for line in _dropped_lines(node):
        part.segment(PlaceKind.HEADER, line)


def _items(node: Message) -> Iterator[tuple[str, str]]:
    """Yield name, lower case, and raw value of every header, the ``From `` line above them first."""
    line = node.get_unixfrom()
    if line:
        yield "from ", str(line)[5:].rstrip()
    for key, value in node.raw_items():
        yield key.lower(), str(value)


def _dropped_lines(node: Message) -> list[str]:
    """Return lines that the parser took for the start of the body, or dropped: they are text all the same."""
    lines = (getattr(defect, "line", None) for defect in node.defects)
    return [headers.decode_words(line) for line in lines if isinstance(line, str)]


def words_of(node: Message, fields: list[headers.Parameters], *, with_names: bool = False) -> str:
    """Return the words in the headers of a part inside a message."""
    found = traces.unknown_parameters(fields, with_names=with_names)
    found += _dropped_lines(node) if node.defects else ()
    written: list[tuple[str, str]] = []
    for key, value in _items(node):
        if key in _READ_AS_STRUCTURE:
            continue
        if traces.is_trace(key) and traces.looks_like_it(key, value):
            written.append((key, value))
        else:
            found.append(headers.decode_words(value))
    if written:
        found.append(traces.read(written))
    return "\n\n".join(text for text in found if text.strip())


def file_names(types: list[headers.Parameters], dispositions: list[headers.Parameters]) -> tuple[str, ...]:
    """Return every form of the file name, decoded forms first, raw forms where they differ."""
    raw = [name for found in dispositions for name in found.all.get("filename", ())]
    raw += [name for found in types for name in found.all.get("name", ())]
    decoded = [headers.decode_words(name).strip() for name in raw]
    return tuple(name for name in dict.fromkeys(decoded + raw) if name)
