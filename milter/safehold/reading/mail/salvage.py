# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting a damaged message at everything that looks like a boundary.

Used beside the tree, never instead of it: where a multipart has no usable boundary, two of them, or a defect,
some client may see parts that the tree does not have.  Pure.
"""

import itertools
import re

# A line of two hyphens and something (RFC 2046 section 5.1.1 allows 70 characters; senders write more).
_BOUNDARY_LINE = re.compile(rb"^--(?!-?[ \t]*\r?$)[^\r\n]{1,1000}\r?$", re.MULTILINE)
# The same with headers of a part below it.
_PART = re.compile(
    r"^--[^\r\n]{1,1000}\r?\n(?:[!-9;-~]{1,76}:[^\r\n]*\r?\n){0,5}content-[a-z-]{2,40}[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_FIELD = re.compile(rb"^([!-9;-~]{1,76})[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE)
_STRUCTURAL = re.compile(rb"content-(?:type|transfer-encoding|disposition)", re.IGNORECASE)
_FIRST_MESSAGE = re.compile(rb"From [^\r\n]{0,500}\r?\n[!-9;-~]{1,76}:")
_NEXT_MESSAGE = re.compile(rb"\r?\n(?=\r?\nFrom [^\r\n]{0,500}\r?\n[!-9;-~]{1,76}:)")
_HEADER = re.compile(rb"[!-9;-~]{1,76}:")
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
_FIRST_HEADER = re.compile(rb"\s*(?:content-[a-z-]{2,40}|mime-version|from|to|subject)\s{0,3}:", re.IGNORECASE)
_STRUCTURED = re.compile(r"^(?:--[^\s-]|content-[a-z-]+\s*:)", re.IGNORECASE | re.MULTILINE)
_ENCODED_LINES = re.compile(r"(?:^[A-Za-z0-9+/]{60,76}={0,2}\r?$\n?){2}", re.MULTILINE)
MOST_PIECES = 2_000


def header_block(content: bytes) -> tuple[bytes, bytes]:
    """Return the header block and what follows the blank line."""
    if not _HEADER.match(content) and not content.startswith((b"From ", b">From ")):
        first = content.lstrip(b"\r\n")
        if not _HEADER.match(first):
            return b"", content
    found = _BLANK.search(content)
    if found is None:
        return content, b""
    # The line end of the last header belongs to the block.
    cut = found.start() + (2 if content.startswith(b"\r\n", found.start()) else 1)
    return content[:cut], content[found.end() :]


def skipped_headers(body: bytes) -> bytes | None:
    """Return what stands behind a line that ended the headers too early, where headers of structure stand there.

    ``Content-Type : x`` is no header, nor is any line without a colon; there are clients that skip such a line, or the
    blank, and go on to the blank line.
    """
    blank = _BLANK.search(body)
    if blank is None:
        return None
    fields = _FIELD.findall(body[: blank.start()])
    if not any(_STRUCTURAL.fullmatch(name) for name, _ in fields):
        return None
    return b"".join(b"%s:%s\r\n" % field for field in fields) + b"\r\n" + body[blank.end() :]


def mailbox(content: bytes) -> list[bytes]:
    """Return the messages of a mailbox file (mbox), none where it is no such file or has only one."""
    if not content.startswith(b"From ") or not _FIRST_MESSAGE.match(content):
        return []
    messages = _NEXT_MESSAGE.split(content)
    return [message.lstrip(b"\r\n") for message in messages] if len(messages) > 1 else []


def pieces(content: bytes) -> list[bytes]:
    """Return every stretch between two boundary-looking lines, headers first where it has any; one too many at most."""
    lines = itertools.islice(_BOUNDARY_LINE.finditer(content), MOST_PIECES + 1)
    body = content[len(header_block(content)[0]) :]
    cuts = [(0, len(content) - len(body)), *((line.start(), line.end()) for line in lines)]
    found: list[bytes] = []
    for index, (_, start) in enumerate(cuts):
        end = cuts[index + 1][0] if index + 1 < len(cuts) else len(content)
        piece = content[start:end].lstrip(b"\r\n")
        has_headers = bool(_FIRST_HEADER.match(piece))
        if piece and (has_headers or index):  # what stands before the first line is a preamble, read already
            found.append(piece if has_headers else b"\n" + piece)
    return found


def holds_parts(text: str) -> bool:
    """Return whether a text holds what looks like parts: by another boundary, or where none is declared."""
    return "--" in text and bool(_PART.search(text))


def looks_structured(text: str) -> bool:
    """Return whether a preamble or epilogue looks like parts that somebody's client would show."""
    return bool(_STRUCTURED.search(text) or _ENCODED_LINES.search(text))
