# SPDX-License-Identifier: GPL-3.0-or-later
"""How text flows through an OpenDocument file: where it goes, how it is hidden, and what it stands on.

Every element that changes one of these says what is to happen when it ends; so a reader needs no recursion, and a part
that breaks off is handed over as far as it goes.
"""

from collections.abc import Callable

from safehold.model import Visibility
from safehold.reading.basics import colours
from safehold.reading.basics.hidings import mark_of
from safehold.reading.notes import OpenPart
from safehold.reading.odf.odf_contexts import Context, Paragraph
from safehold.reading.odf.odf_lists import Lists
from safehold.reading.odf.odf_sheet import Sheet


class Flow:
    """The open elements of one part, and what they do to its text."""

    def __init__(self, part: OpenPart, outermost: Context, lists: Lists) -> None:
        self._part = part
        self._lists = lists
        self._open: list[str] = []
        self._contexts: list[Context] = [outermost]
        self._ends: list[tuple[int, Callable[[], None]]] = []  # what to do when the element of that depth ends
        self._paragraphs: list[Paragraph] = []
        self._hidings: list[Visibility] = []
        self._grounds: list[int | None] = [colours.WHITE]
        self._inserting = 0
        self._captured: list[str] | None = None
        self._sheet: Sheet | None = None
        self._counts = {"paragraph": 0, "table": 0, "note": 0, "comment": 0, "sheet": 0, "slide": 0, "image": 0}

    # what happens at the end of an element

    def _at_end(self, do: Callable[[], None]) -> None:
        self._ends.append((len(self._open), do))

    def _after_that(self, do: Callable[[], None]) -> None:
        """Do something after what was last said is to happen: ends happen in the opposite order."""
        self._ends.insert(-1, (len(self._open), do))

    def _leave(self) -> None:
        """Do what is to happen at the end of the element at hand."""
        depth = len(self._open)
        while self._ends and self._ends[-1][0] >= depth:
            self._ends.pop()[1]()

    def _leave_all(self) -> None:
        while self._ends:
            self._ends.pop()[1]()

    def _hide(self, visibility: Visibility | None) -> None:
        """Hide what stands in the element at hand."""
        if visibility is not None:
            self._hidings.append(visibility)
            self._at_end(self._unhide)

    def _unhide(self) -> None:
        if self._hidings:
            self._hidings.pop()

    def _stand_on(self, colour: int | None) -> None:
        """Lay a colour behind what stands in the element at hand; None where it is not one known colour."""
        self._grounds.append(colour)
        self._at_end(self._unground)

    def _unground(self) -> None:
        if len(self._grounds) > 1:
            self._grounds.pop()

    def _enter(self, context: Context) -> None:
        """Send the paragraphs of the element at hand elsewhere."""
        self._contexts.append(context)
        outer, self._paragraphs = self._paragraphs, []
        hidings, self._hidings = self._hidings, [] if context.visibility else self._hidings

        def leave() -> None:
            while self._paragraphs:
                self._end_paragraph()
            self._paragraphs, self._hidings = outer, hidings
            self._contexts.pop().flush(self._part)

        self._at_end(leave)

    def _capture(self, take: Callable[[str], None]) -> None:
        """Keep the text of the element at hand apart, and hand it to *take*."""
        outer, self._captured = self._captured, []

        def leave() -> None:
            text, self._captured = "".join(self._captured or ()), outer
            take(text)

        self._at_end(leave)

    # text

    def _put(self, text: str) -> None:
        if self._paragraphs:
            hiding = self._hidings[-1] if self._hidings else None
            self._paragraphs[-1].pieces.append((text, hiding, self._inserting > 0))

    def _end_paragraph(self) -> None:
        if not self._paragraphs:
            return
        paragraph = self._paragraphs.pop()
        if not paragraph.pieces:
            return
        if paragraph.is_hidden:
            pieces = ((text, hiding or Visibility.HIDDEN, inserted) for text, hiding, inserted in paragraph.pieces)
            paragraph.pieces = list(pieces)
        context = self._contexts[-1]
        if context.stretches and paragraph.whole().strip():
            self._counts["paragraph"] += 1
        count = self._counts["paragraph"]
        shown = paragraph.whole() if context.visibility is not None else paragraph.shown()
        if context.visibility is None:
            self._add_hidden(context, paragraph, is_shown=bool(shown.strip()))
        if shown.strip():
            if paragraph.label and context.kind is not None:  # else the item's number could pass for the house's
                context.add_also(shown)
            context.add(self._part, paragraph.label + shown, count)

    def _add_hidden(self, context: Context, paragraph: Paragraph, *, is_shown: bool) -> None:
        hidden = paragraph.hidden()
        if self._sheet is not None and context.kind is None:
            for way, text in hidden.items():
                self._sheet.hide_cell(way)
                context.add(self._part, text, 0)
            return
        for way in hidden:
            self._part.mark(mark_of(way))
        place = next((c for c in reversed(self._contexts) if c.kind is not None), self._contexts[0])
        labelled = {way: paragraph.label + text for way, text in hidden.items()}
        place.add_hidden(self._part, labelled, self._counts["paragraph"], is_shown=is_shown)
