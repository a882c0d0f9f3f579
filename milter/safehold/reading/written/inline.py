# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that stand whole inside another: ``data:`` addresses (RFC 2397) and ``srcdoc``.

A client opens them like any other document, so they are parts of their own: each counts against depth, parts and
expanded bytes like the member of an archive.  Pure, linear, total.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from safehold.model import Reason
from safehold.reading.basics import headers
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail

_HEAD = re.compile(
    r"(?<![a-z0-9])data:\s{0,9}([a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,90})?"
    r"((?:\s{0,9};\s{0,9}[\w.+-]{1,40}(?:=(?:\"[^\"]{0,80}\"|[^;,\"]{0,80}))?){0,8})\s{0,9},",
    re.IGNORECASE,
)
_CHARSET = re.compile(r"charset=\"?([\w.:-]{1,40})", re.IGNORECASE)
_END = re.compile(r"[\s\"'()<>]")
_MOST = 200


@dataclass(frozen=True, slots=True)
class Inline:
    """A document inside a value: where it stood, what it is called, its bytes."""

    step: str
    media_type: str
    content: bytes = field(repr=False)
    charset: str = ""


def in_value(value: str) -> tuple[Inline, ...]:
    """Return the documents in the ``data:`` addresses of an attribute or a style."""
    found: list[Inline] = []
    position = 0
    while len(found) <= _MOST and (head := _HEAD.search(value, position)):
        end = _end(value, head)
        position = max(end, head.end())
        raw = unquote_to_bytes(value[head.end() : end].encode("utf-8", "replace"))
        parameters = head[2].lower()
        if "base64" in parameters:
            raw = headers.lenient_base64(raw.translate(_URL_SAFE))
        named = _CHARSET.search(parameters)
        if raw.strip():
            found.append(Inline("data", (head[1] or "text/plain").lower(), raw, named[1] if named else ""))
    return tuple(found)


_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _end(value: str, head: re.Match[str]) -> int:
    """Return where an address ends: at the quote or bracket it stands in, or with the value."""
    before = value[: head.start()].rstrip()[-1:]
    if not before:
        return len(value)
    if before in "\"'(":
        end = value.find(")" if before == "(" else before, head.end())
        return end if end >= 0 else len(value)
    found = _END.search(value, head.end())
    return found.start() if found else len(value)


def read(inlines: tuple[Inline, ...], part: OpenPart) -> None:
    """Read each as a part inside *part*.

    Raises:
        OverrunError: The message has expanded to more than its budget.
    """
    if len(inlines) > _MOST:
        part.problem(Reason.TOO_MANY, Detail.MEMBERS)
    for inline in inlines[:_MOST]:
        part.session.take_expanded(len(inline.content))
        given = Given(
            inline.content,
            inline.media_type,
            charset=inline.charset,
            body=part.given.body and inline.media_type.startswith("text/"),
            is_attachment=part.is_attachment,
            attachment=part.attachment,
        )
        part.child(given, inline.step)
