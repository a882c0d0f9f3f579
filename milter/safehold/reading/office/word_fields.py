# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a Word document: their codes, which nobody sees, and their results.  Pure.

Source: ECMA-376 part 1, 17.16 (fields).
"""

from dataclasses import dataclass

_FIRST_WORDS = 8  # pieces of a field's code: what it is stands in front
_CONTENTS = (["TOC"], ["PAGEREF"])


@dataclass(slots=True)
class _Field:
    """An open field.

    Attributes:
        start: Where among all instructions its own begin.
        is_code: Whether its code is at hand, or its result.
        is_contents: Whether it is a table of contents or a number in one.
    """

    start: int
    is_code: bool = True
    is_contents: bool = False


class Fields:
    """The fields that are open in one part.

    Attributes:
        instructions: All codes, in pieces.
        codes: How many of the open fields show their code.
        contents: How many of them are a table of contents.
    """

    def __init__(self) -> None:
        self.instructions: list[str] = []
        self.codes = 0
        self.contents = 0
        self._open: list[_Field] = []

    def __len__(self) -> int:
        """Return how many fields are open."""
        return len(self._open)

    def mark(self, kind: str) -> None:
        """Take a mark: the begin of a field, what separates its code from its result, or its end."""
        self.instructions.append("\n")
        if kind == "begin":
            self._open.append(_Field(len(self.instructions)))
            self.codes += 1
        elif kind == "separate" and self._open:
            self._end_code(self._open[-1])
        elif kind == "end" and self._open:
            field = self._open.pop()
            self._end_code(field)
            self.contents -= field.is_contents

    def end_paragraph(self, fields: int, codes: int) -> None:
        """End a paragraph that began with so many open fields and codes.

        Code that goes on over paragraphs is hardly ever code: it is a field that was never closed.
        """
        if self.codes > codes:
            for field in self._open[fields:]:
                self._end_code(field)

    def _end_code(self, field: _Field) -> None:
        """Learn from its code what a field is; its result follows."""
        if field.is_code:
            field.is_code = False
            code = "".join(self.instructions[field.start : field.start + _FIRST_WORDS]).split()
            field.is_contents = code[:1] in _CONTENTS
            self.codes -= 1
            self.contents += field.is_contents
