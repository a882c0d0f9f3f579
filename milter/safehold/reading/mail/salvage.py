# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting a damaged message at everything that looks like a boundary.

Used beside the tree, never instead of it: where a multipart has no usable boundary, two of them, or a defect,
some client may see parts that the tree does not have.  Pure.
"""

import itertools
import re
from collections.abc import Iterator

# A line of two hyphens and something (RFC 2046 section 5.1.1 allows 70 characters; senders write more).
_BOUNDARY_LINE = re.compile(rb"^--(?!-?[ \t]*\r?$)[^\r\n]{1,250}\r?$", re.MULTILINE)
_HEADER = re.compile(rb"[!-9;-~]{1,76}:")
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
_FIRST_HEADER = re.compile(rb"\s*(?:content-[a-z-]{2,40}|mime-version|from|to|subject)\s{0,3}:", re.IGNORECASE)
_STRUCTURED = re.compile(r"^(?:--[^\s-]|content-[a-z-]+\s*:)", re.IGNORECASE | re.MULTILINE)
_ENCODED_LINES = re.compile(r"(?:^[A-Za-z0-9+/]{60,76}={0,2}\r?$\n?){2}", re.MULTILINE)
_MOST_PIECES = 2_000


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


def pieces(content: bytes) -> Iterator[bytes]:
    """Yield every stretch between two boundary-looking lines, headers first where it has any."""
    lines = itertools.islice(_BOUNDARY_LINE.finditer(content), _MOST_PIECES)
    body = content[len(header_block(content)[0]) :]
    cuts = [(0, len(content) - len(body)), *((line.start(), line.end()) for line in lines)]
    for index, (_, start) in enumerate(cuts):
        end = cuts[index + 1][0] if index + 1 < len(cuts) else len(content)
        piece = content[start:end].lstrip(b"\r\n")
        has_headers = bool(_FIRST_HEADER.match(piece))
        if piece and (has_headers or index):  # what stands before the first line is a preamble, read already
            yield piece if has_headers else b"\n" + piece


def looks_structured(text: str) -> bool:
    """Return whether a preamble or epilogue looks like parts that somebody's client would show."""
    return bool(_STRUCTURED.search(text) or _ENCODED_LINES.search(text))
