# SPDX-License-Identifier: GPL-3.0-or-later
"""The few exceptions that callers act on, and the shape of a complaint about a file people write.

Bad *mail* is never an exception here: it is a :class:`safehold.model.Problem`.  No message of an
exception carries text from a message or a register (DESIGN P4); what a policy author typed may be
echoed, what a register holds may not.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class SafeholdError(Exception):
    """The root of what we raise on purpose."""


class StoreError(SafeholdError):
    """The store cannot be read or written now.  At a front end: a temporary failure, nothing is lost."""


class ReaderError(SafeholdError):
    """No reader worker can be had at all (our fault, not the content's)."""


class NotLoadedError(SafeholdError):
    """Policies or register are not loaded, so nothing may be judged."""


class IllegalMoveError(SafeholdError):
    """A hold cannot move so from the state it is in; nothing was changed."""


class NotAllowedError(SafeholdError):
    """This person may not do this."""


class KeyUnavailableError(SafeholdError):
    """A key is missing, unreadable or of the wrong kind."""


class TamperedError(SafeholdError):
    """A sealed value did not open: wrong key, swapped ciphertext or changed bytes."""


class MapUnreadableError(SafeholdError):
    """A Postfix map could not be asked, so who gets the mail is unknown."""


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One thing wrong in a file that people write, with its place and its cure.

    ``line`` and ``column`` count from 1; 0 means the file as a whole.  ``length`` is how many characters
    the caret line underlines.  ``source`` is that line of the file, or empty where echoing it could show a
    protected value (register files).
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"
    source: str = ""
    length: int = 1

    def text(self, *, quoting: bool = True) -> str:
        """Return the complaint as an editor and a person want it: place first, then the caret, then the cure.

        Without *quoting*, the line of the file stays out: an author may have typed into it what no log may hold (P4).
        """
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part != 0)
        lines = [f"{place}: {self.severity}[{self.code}]: {self.message}"]
        if self.source and quoting:
            number = f"{self.line:>5} | "
            lines.append(number + self.source)
            lines.append(" " * (len(number) - 2) + "| " + " " * (self.column - 1) + "^" + "~" * (self.length - 1))
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class ComplaintsError(SafeholdError):
    """A file people write is wrong; carries *all* complaints about it."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(sorted(complaints))
        super().__init__(counted(len(self.complaints), "complaint"))

    def text(self, *, quoting: bool = True) -> str:
        """Return all complaints, one block each."""
        return "\n".join(complaint.text(quoting=quoting) for complaint in self.complaints)


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, as people read it.

    >>> counted(1, "error"), counted(2, "error"), counted(0, "person", "people")
    ('1 error', '2 errors', '0 people')
    """
    noun = one if number == 1 else many or f"{one}s"
    return f"{number:,} {noun}"
