# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters within one cell that look otherwise than its others, as far as that hides them.

A cell may say "see file" in black and an address behind it in white.  Source: ECMA-376 part 1, 18.4.4 (rich text runs).
"""

from safehold.model import Visibility
from safehold.reading.office.cell_styles import Styles

_PROPERTIES = frozenset(("color", "sz"))


class Runs:
    """Listens to the elements of one string after another; names come without prefix.

    Attributes:
        hidden: The hidden runs of the string at hand: first piece, the one behind the last, and how.
    """

    def __init__(self, styles: Styles | None) -> None:
        self._styles = styles
        self._begin = -1  # the first piece of the run at hand
        self._way: Visibility | None = None
        self.hidden: list[tuple[int, int, Visibility]] = []

    def start(self, name: str, attributes: dict[str, str], pieces: list[str]) -> None:
        """Take a start tag; *pieces* are the texts of the string so far."""
        if name == "r":
            self._begin, self._way = len(pieces), None
        elif self._begin >= 0 and name in _PROPERTIES and self._styles is not None:
            self._way = self._way or self._styles.run_hiding(name, attributes)

    def end(self, name: str, pieces: list[str]) -> None:
        """Take an end tag."""
        if name == "r":
            if self._way is not None and len(pieces) > self._begin:
                self.hidden.append((self._begin, len(pieces), self._way))
            self._begin, self._way = -1, None

    def take(self, pieces: list[str]) -> tuple[str, Visibility] | None:
        """Return what is seen of the string that ends here, and how the rest is hidden; None where all is seen."""
        hidden, self.hidden = self.hidden, []
        if not hidden:
            return None
        seen: list[str] = []
        at = 0
        for first, last, _ in hidden:
            seen += pieces[at:first]
            at = last
        return "".join([*seen, *pieces[at:]]), hidden[0][2]
