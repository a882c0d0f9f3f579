# SPDX-License-Identifier: GPL-3.0-or-later
"""Loose images: their metadata as strings, and the mark that nothing recognised the picture.

OCR is not built yet.  That a loose image was not recognised is a mark and no problem (design notes: a choice of
ours, not a failure of the part); scanned pages of a document are problems.
"""

from safehold.model import PlaceKind
from safehold.reading import binary
from safehold.reading.notes import OpenPart
from safehold.reading.types import METAFILE
from safehold.reading.vocabulary import MarkKind

# EXIF, comments and PNG text stand before the pixels.
_METADATA_BYTES = 64 * 1024


def read(content: bytes, part: OpenPart) -> None:
    """Mark the image and read the strings at its start."""
    part.mark(MarkKind.NO_OCR)
    if part.media_type == METAFILE:
        binary.strings(content, part)
        return
    strings = binary.narrow_strings(content[:_METADATA_BYTES]).splitlines()
    words = [run for run in strings if len(run) >= 8 and sum(c.isalnum() or c == " " for c in run) > 0.8 * len(run)]
    part.segment(PlaceKind.METADATA, "\n".join(words))
