# SPDX-License-Identifier: GPL-3.0-or-later
"""The styles of rich text, as far as they hide text or number it.  Pure, total.

A writer should say with each paragraph what its style says already; a hostile one does not, and some readers apply
the style all the same.  Source: RTF 1.9.1, "Style Sheet".
"""

from dataclasses import dataclass

_MOST = 10_000
_MOST_BASES = 50


@dataclass(slots=True)
class Formatting:
    """What is set of how text looks; None: nothing is."""

    hidden: bool | None = None
    ink: int | None = None
    fill: int | None = None
    size: int | None = None
    ground: int | None = None  # behind the paragraph
    list_number: int | None = None
    level: int | None = None

    def over(self, other: "Formatting") -> "Formatting":
        """Return this where it sets something, the other where it does not."""
        return Formatting(
            other.hidden if self.hidden is None else self.hidden,
            other.ink if self.ink is None else self.ink,
            other.fill if self.fill is None else self.fill,
            other.size if self.size is None else self.size,
            other.ground if self.ground is None else self.ground,
            other.list_number if self.list_number is None else self.list_number,
            other.level if self.level is None else self.level,
        )

    def copy(self) -> "Formatting":
        """Return the same, to be changed."""
        return Formatting(self.hidden, self.ink, self.fill, self.size, self.ground, self.list_number, self.level)


NOTHING = Formatting()


class Styles:
    """The style sheet: of paragraphs and of characters, each with the number of the style it builds on."""

    def __init__(self) -> None:
        self._styles: dict[int, tuple[Formatting, int]] = {}
        self._whole: dict[int, Formatting] = {}

    def define(self, number: int, formatting: Formatting, base: int) -> None:
        """Take a style; numbers are those of all kinds of styles together."""
        if len(self._styles) < _MOST:
            self._styles[number] = formatting.copy(), base
            self._whole.clear()

    def get(self, number: int) -> Formatting:
        """Return what a style sets, with all that it builds on."""
        if number not in self._styles:
            return NOTHING
        found = self._whole.get(number)
        if found is None:
            found, at = NOTHING, number
            for _ in range(_MOST_BASES):
                own, base = self._styles.get(at, (NOTHING, -1))
                found = found.over(own)
                if base == at or base not in self._styles:
                    break
                at = base
            self._whole[number] = found = NOTHING if found == NOTHING else found
        return found
