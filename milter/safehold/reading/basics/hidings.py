# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mark a way of hiding text is reported as: one table for every reader.  Pure."""

from safehold.model import Visibility
from safehold.reading.vocabulary import MarkKind

_MARKS = {
    Visibility.TRACKED_DELETION: MarkKind.TRACKED_CHANGES,
    Visibility.COVERED: MarkKind.COVERED_TEXT,
    Visibility.OFF_PAGE: MarkKind.OFF_PAGE_TEXT,
}


def mark_of(way: Visibility) -> MarkKind:
    """Return the mark of text that is hidden in that way."""
    return _MARKS.get(way, MarkKind.HIDDEN_TEXT)
