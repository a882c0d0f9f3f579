# SPDX-License-Identifier: GPL-3.0-or-later
"""The trees that register files of every format become, their fields, and the complaints about them.

A complaint names places and our own names of fields, never what a file says: also an unknown *name* may be a piece of
a value (an address with a comma in it, written without quotes, makes one).  Pure.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from safehold.errors import Complaint

_MOST_COMPLAINTS = 500  # nobody reads more, and a wrong column makes one in every row

# The fields of one value; in CSV, columns of the same names.
VALUE_FIELDS: Final = ("kind", "value", "known_to", "secret", "from", "to")
PERSON_FIELDS: Final = (
    "id", "register", "values", "adverse", "authorised", "former_contacts", "subject", "conflicts", "review_by",
)  # fmt: skip
PARTY_FIELDS: Final = ("id", "name", "emails", "phones", "addresses", "routes")
ROUTE_FIELDS: Final = ("email", "why")
AUTHORISED_FIELDS: Final = ("email", "domain", "role", "purpose", "to")
FORMER_FIELDS: Final = ("email", "address", "ended")
_KNOWN: Final = frozenset(
    (*VALUE_FIELDS, *PERSON_FIELDS, *PARTY_FIELDS, *ROUTE_FIELDS, *AUTHORISED_FIELDS, *FORMER_FIELDS, "people")
)


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a file: text, nothing, a list or a mapping, and where it stands.

    ``label`` names the column that it came from; empty where the path of fields names it.
    """

    content: "str | list[Node] | dict[str, tuple[Node, Node]] | None" = field(repr=False)
    line: int = 0
    column: int = 0
    label: str = ""


class Complaints:
    """Everything wrong with one file."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.found: list[Complaint] = []

    def add(self, place: Node, code: str, message: str, hint: str = "") -> None:
        """Note one thing wrong at *place*."""
        self.at(place.line, place.column, code, message, hint)

    def at(self, line: int, column: int, code: str, message: str, hint: str = "") -> None:
        """Note one thing wrong at a line and column."""
        if len(self.found) < _MOST_COMPLAINTS:
            self.found.append(Complaint(self.file_name, line, column, code, message, hint))


class Unreadable(Exception):  # noqa: N818 - never leaves the import
    """The file cannot be read on from here; the complaint has been noted."""


def field_name(name: str, path: str = "") -> str:
    """Return what a complaint calls a field that the file names; a name that is not ours may be a piece of a value."""
    if name not in _KNOWN:
        return f"field of `{path}`" if path else "field"
    return f"field `{path}.{name}`" if path else f"field `{name}`"


def suggestion(name: str, allowed: Sequence[str]) -> str:
    """Return the hint that names what was probably meant, or all that is allowed."""
    near = difflib.get_close_matches(name.lower(), allowed, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else f"expected one of: {', '.join(allowed)}"
