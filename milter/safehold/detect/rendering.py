# SPDX-License-Identifier: GPL-3.0-or-later
"""A text seen another way than it stands, with the way back: the common form of what unpacks, turns round or re-orders.

A rendering is put together of pieces of the source.  Where it differs from the source it has *joints*; whatever was
found without a joint in it was there to be found in the source, and is not said twice.  Pieces that do not belong
together are parted by a wall: more words of nothing than any search reaches over.  Pure.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

# A word that no register holds, as often as the farthest reach of the search and some more.
_WALL: Final = "\n\n" + "\ua66e\ua66e " * 24 + "\n\n"


@dataclass(frozen=True, slots=True)
class Rendering:
    """Some text and where it comes from.

    Attributes:
        text: The text.
        offsets: For each character the offset of the source character it came from; one more at the end.  Not in order
            where text was turned round or columns were taken apart.
        joints: Where in the text something was changed or put together, in order; None where all is as it stands.
    """

    text: str = field(repr=False)
    offsets: Sequence[int] = field(repr=False)
    joints: Sequence[int] | None = field(default=None, repr=False)

    def is_news(self, start: int, end: int) -> bool:
        """Return whether the characters from *start* up to *end* do not stand in the source as they stand here."""
        if self.joints is None:
            return True
        place = bisect_left(self.joints, start)
        return place < len(self.joints) and self.joints[place] < end

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the smallest span of the source that holds the characters from *start* up to *end*."""
        if isinstance(self.offsets, range):
            return self.offsets[start], self.offsets[max(end - 1, start)] + 1
        places = self.offsets[start : max(end, start + 1)]
        return min(places), max(places) + 1

    def pieces(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the spans of the source that the characters from *start* up to *end* were put together of."""
        cuts = [joint for joint in self.joints or () if start < joint < end]
        edges = [start, *cuts, end]
        return [self.source_span(first, last) for first, last in pairwise(edges)]


class Builder:
    """Puts a rendering together."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._offsets = array("I")
        self._joints: list[int] = []

    def __len__(self) -> int:
        return len(self._offsets)

    def add(self, text: str, offsets: Sequence[int]) -> None:
        """Add text with the offset of each of its characters."""
        self._pieces.append(text)
        self._offsets.extend(offsets)

    def joint(self, *, back: int = 0) -> None:
        """Note that something was changed here, or so many characters before."""
        place = len(self._offsets) - back
        if not self._joints or self._joints[-1] != place:
            self._joints.append(place)

    def wall(self) -> None:
        """Keep what follows apart from what stands here; nothing at the beginning."""
        if self._offsets:
            last = self._offsets[-1]
            self.add(_WALL, array("I", [last]) * len(_WALL))

    def rendering(self) -> Rendering:
        """Return what was put together."""
        end = self._offsets[-1] + 1 if self._offsets else 0
        return Rendering("".join(self._pieces), array("I", [*self._offsets, end]), tuple(self._joints))
