# SPDX-License-Identifier: GPL-3.0-or-later
"""The running text of a word processor's document: paragraphs handed over in stretches.

An address in a letter is several paragraphs, so paragraphs go together until there is some size, under the number
of the first.  A paragraph with deletions or hidden runs is handed over once as it is shown, and once for each way
of hiding with the hidden runs put back: for deletions, as it read before.
"""

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics.hidings import mark_of
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind

_ENOUGH = 1_500
_TOO_MUCH = 20_000
_LONG_PARAGRAPH = 200


class Story:
    """One running text: the body, or all headers, or one comment."""

    def __init__(
        self,
        part: OpenPart,
        kind: PlaceKind,
        number: int | None = None,
        visibility: Visibility = Visibility.VISIBLE,
    ) -> None:
        self._part = part
        self._kind = kind
        self._number = number
        self._visibility = visibility
        self._pieces: list[tuple[str, Visibility | None, bool]] = []
        self._is_plain = True  # nothing in this paragraph is hidden or inserted
        self._count = 0
        self._stretch: list[str] = []
        self._stretch_from = 0
        self._size = 0

    def put(self, text: str, hiding: Visibility | None = None, *, inserted: bool = False) -> None:
        """Add a run of text to the paragraph at hand."""
        self._pieces.append((text, hiding, inserted))
        if hiding is not None or inserted:
            self._is_plain = False

    def end_paragraph(self) -> None:
        """End the paragraph at hand."""
        if not self._pieces:
            return
        pieces, self._pieces = self._pieces, []
        if self._is_plain:
            text = "".join([piece for piece, _, _ in pieces])
        else:
            text = self._with_hidden_runs(pieces)
            self._is_plain = True
        if not text or text.isspace():
            return
        self._count += 1
        if not self._stretch:
            self._stretch_from = self._count
        self._stretch.append(text)
        self._size += len(text)
        if self._size > _TOO_MUCH or (self._size > _ENOUGH and len(text) > _LONG_PARAGRAPH):
            self._hand_over()

    def finish(self) -> None:
        """Hand over what is left."""
        self.end_paragraph()
        self._hand_over()

    def _with_hidden_runs(self, pieces: list[tuple[str, Visibility | None, bool]]) -> str:
        hidings = {hiding for text, hiding, _ in pieces if hiding is not None and text.strip()}
        if any(inserted for _, _, inserted in pieces):
            self._part.mark(MarkKind.TRACKED_CHANGES)
        for hiding in sorted(hidings):
            deleted = hiding is Visibility.TRACKED_DELETION
            self._part.mark(mark_of(hiding))
            whole = "".join(
                text for text, how, inserted in pieces if how is hiding or (how is None and not (deleted and inserted))
            )
            number = self._count + 1 if self._kind is PlaceKind.PARAGRAPH else self._number
            self._part.segment(self._kind, whole, number=number, visibility=hiding)
        return "".join(text for text, hiding, _ in pieces if hiding is None)

    def _hand_over(self) -> None:
        stretch, self._stretch, self._size = self._stretch, [], 0
        if stretch:
            counts = self._kind is PlaceKind.PARAGRAPH and self._number is None
            self._say("\n".join(stretch), self._stretch_from if counts else self._number)

    def _say(self, text: str, number: int | None) -> None:
        self._part.segment(self._kind, text, number=number, visibility=self._visibility)
