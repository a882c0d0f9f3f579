# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: what was found behind the pages and not said by them, kept apart by what it is.  Pure values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Visibility

_NO_LETTER = re.compile("[^A-Za-z0-9]+")
_NO_ASCII = re.compile("[^\\x00-\\x7f]{2}")
_LONG = 12  # letters: nobody hides so many in the words of another text


class Known:
    """What the reading has said already."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = ""
        self._words: set[str] = set()
        self._letters, self._letters_to = "", 0
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Remember a text."""
        self._text += "\n" + _squeezed(text)
        self._words.update(text.split())

    def has(self, text: str) -> bool:
        """Return whether all of *text* was said, in this order."""
        return self._words.issuperset(text.split()) and _squeezed(text) in self._text

    def has_letters(self, text: str) -> bool:
        """Return whether a long text was said, wherever its words end and however its signs are coded."""
        if _NO_ASCII.search(text):
            return False
        letters = _NO_LETTER.sub("", text)
        if len(letters) < _LONG:
            return False
        if self._letters_to != len(self._text):
            self._letters, self._letters_to = _NO_LETTER.sub("", self._text), len(self._text)
        return letters in self._letters


def _squeezed(text: str) -> str:
    return "".join(text.split())


@dataclass(slots=True)
class Found:
    """New texts, apart by what they are."""

    known: Known
    texts: dict[tuple[PlaceKind, Visibility], dict[str, None]] = field(default_factory=dict)

    def add(self, text: str, kind: PlaceKind = PlaceKind.METADATA, visibility: Visibility = Visibility.HIDDEN) -> bool:
        """Add a text, unless it was said or says nothing; return whether it was added."""
        text = text.strip("\x00 \r\n\t")
        if len(text) < 2 or not any(map(str.isalnum, text)) or self.known.has(text):
            return False
        self.texts.setdefault((kind, visibility), {})[text] = None
        return True

    def new_lines(self, text: str) -> str:
        """Return the lines of a text that were not said, and remember them."""
        new = "\n".join(line for line in text.splitlines() if line.strip() and not self.known.has(line))
        if new:
            self.known.add(new)
        return new
