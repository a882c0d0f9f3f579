# SPDX-License-Identifier: GPL-3.0-or-later
"""What one block of a page says, in each of the ways in which it can be seen.  Pure, linear.

A block is the pieces of text between two breaks, each with the way in which it is hidden, if it is.
"""

import re
from collections.abc import Iterator
from html import unescape

from safehold.model import Visibility

Block = list[tuple[str, Visibility | None]]
# Where in a block something begins and ends; -1 while it is open.
Spans = list[list[int]]

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});?")
_MOST_UNESCAPED = 3


def with_hidden(block: Block, hiding: Visibility, inserted: Spans) -> str:
    """Return a block with what is hidden in one way; with struck text, as it was before; "" where that says nothing."""
    if hiding is Visibility.ALTERNATIVE:
        if not any(text.strip() for text, how in block if how is None):
            return ""  # a picture that stands alone: its name is read with the other attributes
        left_out = {index for index, (_, how) in enumerate(block) if how not in (None, hiding)}
    else:
        left_out = {index for index, (_, how) in enumerate(block) if how is Visibility.ALTERNATIVE}
    if hiding is Visibility.TRACKED_DELETION:
        left_out |= _inside(inserted, len(block))
    return "".join([text for index, (text, _) in enumerate(block) if index not in left_out]).strip()


def with_raised(block: Block, raised: Spans) -> tuple[str, str]:
    """Return a block with raised text apart from its neighbours, and without it."""
    inside = _inside(raised, len(block))
    shown = [(index in inside, text) for index, (text, hiding) in enumerate(block) if hiding is None]
    apart = "".join([f" {text} " if high else text for high, text in shown]).strip()
    return apart, "".join([text for high, text in shown if not high]).strip()


def unescaped(text: str) -> Iterator[str]:
    """Yield what a text says whose entities were escaped once more, and again."""
    for _ in range(_MOST_UNESCAPED):
        if not _ENTITY.search(text):
            return
        plain = unescape(text)
        if plain == text:
            return
        yield plain
        text = plain


def end_span(spans: Spans, end: int) -> None:
    """End the innermost span that is still open."""
    for span in reversed(spans[-8:]):
        if span[1] < 0:
            span[1] = end
            return


def _inside(spans: Spans, size: int) -> set[int]:
    """Return the positions that lie in any of the spans; nested and endless spans cost no more than others."""
    inside: set[int] = set()
    reached = 0
    for start, end in sorted(spans):
        stop = size if end < 0 else end
        inside.update(range(max(start, reached), stop))
        reached = max(reached, stop)
    return inside
