# SPDX-License-Identifier: GPL-3.0-or-later
"""The colours of a theme, which office programs write by name.  Pure.

Source: ECMA-376 part 1, 20.1.6.2 (``clrScheme``).
"""

from safehold.reading.basics import colours
from safehold.reading.office.ooxml import Loose, local, says_something
from safehold.reading.vocabulary import words

_NAMES = words("dk1 lt1 dk2 lt2 accent1 accent2 accent3 accent4 accent5 accent6 hlink folHlink")


# The names that slides and drawings use for the colours of a theme, before a master maps them.
MAPPED = {"bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2"}


class Theme(Loose):
    """The colours of a theme, by name, and what else it says."""

    def __init__(self) -> None:
        super().__init__(lambda _, name, value: says_something(name, value))
        self.colours: dict[str, int] = {}
        self._name = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        super().start(tag, attributes)
        name = local(tag)
        if name in _NAMES:
            self._name = name
        elif self._name and name in ("srgbClr", "sysClr"):
            colour = colours.rgb(attributes.get("lastClr") or attributes.get("val", ""))
            if colour is not None:
                self.colours.setdefault(self._name, colour)
            self._name = ""
