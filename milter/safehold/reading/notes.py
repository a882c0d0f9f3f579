# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reader is given and where it writes: one session a message, one open part at a time.

Runs in the worker.  A reader is a plain function ``read(content, part)``; it calls ``part.segment``,
``part.problem``, ``part.mark``, and ``part.child`` for what lies inside.  The session counts everything against
the message's limits and sends it on at once, so that what was read before a crash is not lost.

After a crash a fresh worker walks the same tree again.  Readers are deterministic, so the session can leave out
exactly what the parent has heard already: ``heard`` counts the items of each part, ``closed`` names the parts
that are finished or failed and are not opened again.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from safehold.model import Demand, PartPath, PlaceKind, Reason, Visibility
from safehold.reading.limits import Limits
from safehold.reading.vocabulary import Detail, MarkKind

Frame = list[Any]

# Of one text: so many go into a frame beside the longest path.
MOST_CELLS = 2_000


class OverrunError(Exception):
    """A limit was met; what was read so far stays."""

    def __init__(self, reason: Reason, detail: Detail) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a part before it is opened.

    Attributes:
        content: Its bytes, transfer encoding and compression undone.
        declared_type: What the message or archive calls it, lower case, or "".
        names: Every form of its file name, the likeliest first.
        charset: The declared charset, or "".
        flowed: ``format=flowed``; ``delsp``: with ``DelSp=yes`` (RFC 3676).
        body: The part is (an alternative of) the body of the message it lies in.
        is_attachment: See :class:`safehold.model.Part`.
        attachment: See :class:`safehold.model.Part`.
        shown: Words that the shown alternative has, where this part is another alternative of the same text.
    """

    content: bytes = field(repr=False)
    declared_type: str = field(default="", repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    charset: str = field(default="", repr=False)
    flowed: bool = False
    delsp: bool = False
    body: bool = False
    is_attachment: bool = True
    attachment: int = 0
    shown: frozenset[str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Resume:
    """What the parent has heard already."""

    heard: Mapping[tuple[str, ...], int] = field(default_factory=dict, repr=False)
    closed: frozenset[tuple[str, ...]] = field(default=frozenset(), repr=False)
    characters: int = 0


NOTHING_HEARD = Resume()
Visit = Callable[["OpenPart", Given], None]


class Session:
    """One message being read: the budget, and the way out."""

    def __init__(
        self,
        send: Callable[[Frame], None],
        flush: Callable[[], None],
        limits: Limits,
        demand: Demand,
        visit: Visit,
        resume: Resume | None = None,
        *,
        is_message: bool = True,
    ) -> None:
        resume = resume or NOTHING_HEARD
        self.limits = limits
        self.demand = demand
        self.visit = visit
        self.is_message = is_message  # the content is an RFC 5322 message, whatever it looks like
        self.leaves: list[bytes] = []  # what MIME parts held, so that a salvage need not read it twice
        self.tainted = False  # whether anything but MIME, text and HTML has been opened
        self._send = send
        self._flush = flush
        self._mute = dict(resume.heard)
        self._closed = resume.closed
        self._used: set[tuple[str, ...]] = set()
        self._numbers: dict[tuple[str, ...], int] = {}  # of the last member of a name
        self._characters = limits.characters - resume.characters
        self._expanded = limits.expanded_bytes
        self._ordinary_pixels = limits.ocr_ordinary_pixels
        self._parts = limits.parts
        self._names = limits.names
        self._items = limits.items
        self._cells = limits.cells

    def root(self, given: Given, path: PartPath | None = None) -> None:
        """Read the whole thing."""
        self._visit(OpenPart(self, path or PartPath(), 0, given, None))

    def enter(self, part: "OpenPart") -> None:
        """Say which part is at hand: whatever happens next happened in it.  On its way with the next flush."""
        self._send(["at", list(part.path.steps), part.is_attachment, part.attachment])

    def flush(self) -> None:
        """Send what waits; called before anything dangerous."""
        self._flush()

    def taint(self) -> None:
        """Say, while it is still believed, that what comes next may take this worker over."""
        if not self.tainted:
            self.tainted = True
            self._send(["tainted"])
        self._flush()

    def will_recognise(self, pixels: int) -> None:
        """Count pixels that are about to be recognised; at those that make it dear, say so, once."""
        was_ordinary = self._ordinary_pixels >= 0
        self._ordinary_pixels -= pixels
        if was_ordinary and self._ordinary_pixels < 0:
            self._send(["dear"])
            self._flush()

    def put(self, path: PartPath, frame: Frame) -> None:
        """Send one item of a part, unless it was heard before."""
        if self._mute:
            left = self._mute.get(path.steps, 0)
            if left > 0:
                self._mute[path.steps] = left - 1
                return
        self._send(frame)
        if self.tainted:
            self._flush()

    def free_path(self, wanted: PartPath) -> PartPath:
        """Return *wanted*, or a variant of it where two members have one name."""
        path, number = wanted, self._numbers.get(wanted.steps, 1)
        while path.steps in self._used:
            number += 1
            last = wanted.steps[-1] if wanted.steps else "-"
            path = PartPath((*wanted.steps[:-1], f"{last[:245]}~{number}"))
        self._used.add(path.steps)
        self._numbers[wanted.steps] = number
        return path

    def is_closed(self, path: PartPath) -> bool:
        """Return whether the part is finished or failed and must not be opened again."""
        return path.steps in self._closed

    @property
    def is_full(self) -> bool:
        """Return whether a part over the limit was met already: all after it are not even entered."""
        return self._parts < 0

    def take_part(self) -> None:
        """Count one part."""
        self._parts -= 1
        if self._parts < 0:
            raise OverrunError(Reason.TOO_MANY, Detail.PARTS)

    def take_name(self) -> None:
        """Count one listed member name."""
        self._names -= 1
        if self._names < 0:
            raise OverrunError(Reason.TOO_MANY, Detail.MEMBERS)

    def take_item(self) -> None:
        """Count one segment or mark."""
        self._items -= 1
        if self._items < 0:
            raise OverrunError(Reason.TOO_MANY, Detail.ITEMS)

    def take_expanded(self, count: int) -> None:
        """Count bytes that came out of an archive."""
        self._expanded -= count
        if self._expanded < 0:
            raise OverrunError(Reason.TOO_LARGE, Detail.EXPANDED)

    def take_characters(self, wanted: int) -> int:
        """Return how many of *wanted* characters may be handed over."""
        granted = min(wanted, self._characters)
        self._characters -= granted
        return granted

    def take_cells(self, cells: list[int]) -> list[int]:
        """Return what may be said of where cells stand: where it would be very much, their row, if all are of one."""
        steps = len(cells) // 3
        if steps > min(self._cells, MOST_CELLS):
            return [cells[0], 0] if len(set(cells[::3])) == 1 else []
        self._cells -= steps
        return cells

    def _visit(self, part: "OpenPart") -> None:
        self._used.add(part.path.steps)
        self.visit(part, part.given)


# Signs that nobody sees, one for each of ASCII: made to tag languages, used in flags, and good for hiding a text.
_TAGS = re.compile("[\U000e0020-\U000e007e]{3,}")
_FLAGS = frozenset({"gbeng", "gbsct", "gbwls"})


def _in_tags(text: str) -> str:
    """Return what a text says in signs that are not seen (Unicode, block Tags), "" where it has none."""
    runs = ("".join(chr(ord(sign) - 0xE0000) for sign in run) for run in _TAGS.findall(text))
    return "\n".join(run for run in runs if run not in _FLAGS)


class OpenPart:
    """The part at hand."""

    def __init__(self, session: Session, path: PartPath, depth: int, given: Given, parent: "OpenPart | None") -> None:
        self.session = session
        self.path = path
        self.depth = depth
        self.given = given
        self.parent = parent
        self.limits = session.limits
        self.is_attachment = given.is_attachment
        self.attachment = given.attachment
        self.words: set[str] | None = None  # set to gather the words of the shown alternative
        self.heard: list[tuple[PlaceKind, int | None, str]] | None = None  # set to gather what is handed over
        self.media_type = ""
        self.extra = ""  # text of the part that its reader will not see
        self.header_words = ""  # of the headers that the part has in its message
        self.known_problems: tuple[tuple[Reason, Detail], ...] = ()
        self._characters = session.limits.part_characters
        self._problems: set[tuple[Reason, Detail]] = set()
        self._marks: set[tuple[PlaceKind, int | None, MarkKind]] = set()
        self._members: set[bytes] = set()

    def announce(self, media_type: str) -> None:
        """Send the node of the tree itself."""
        self.media_type = media_type
        given = self.given
        self.session.put(
            self.path,
            ["part", list(self.path.steps), media_type, len(given.content), given.declared_type[:255],
             self.is_attachment, self.attachment],
        )  # fmt: skip

    def segment(
        self,
        kind: PlaceKind,
        text: str,
        *,
        number: int | None = None,
        visibility: Visibility = Visibility.VISIBLE,
        cells: Sequence[int] = (),
    ) -> None:
        """Hand over a run of text; blank ones are left out.

        Args:
            kind: The kind of place where it stands.
            text: The text.
            number: Which place of that kind.
            visibility: How a reader of the document would see it.
            cells: Where in it which cell stands (:mod:`safehold.reading.basics.cells`).

        Raises:
            OverrunError: The text was over a limit; as much of it as the limit allows was handed over.
        """
        if not text or text.isspace():
            return
        unseen = "" if text.isascii() else _in_tags(text)
        if unseen:
            self.segment(kind, unseen, number=number, visibility=Visibility.HIDDEN)
        self.session.take_item()
        if self.heard is not None:
            self.heard.append((kind, number, text))
        in_part = min(len(text), self._characters)
        granted = self.session.take_characters(in_part)
        self._characters -= granted
        if granted:
            frame: Frame = ["segment", list(self.path.steps), kind.value, number, visibility.value, text[:granted]]
            said = self.session.take_cells(_within(cells, granted)) if cells else ()
            if said:
                frame.append(said)
            self.session.put(self.path, frame)
        if granted < in_part:
            raise OverrunError(Reason.TOO_LARGE, Detail.TEXT_OF_MESSAGE)
        if in_part < len(text):
            raise OverrunError(Reason.TOO_LARGE, Detail.TEXT_OF_PART)

    def problem(self, reason: Reason, detail: Detail = Detail.NONE) -> None:
        """Say that the part could not be wholly read; the same thing is said once."""
        if (reason, detail) not in self._problems:
            self._problems.add((reason, detail))
            self.session.put(self.path, ["problem", list(self.path.steps), reason.value, detail.value])

    def mark(self, kind: MarkKind, place: PlaceKind = PlaceKind.TEXT, number: int | None = None) -> None:
        """Report a fact of structure; the same thing at the same place is said once."""
        if (place, number, kind) not in self._marks:
            self._marks.add((place, number, kind))
            self.session.take_item()
            self.session.put(self.path, ["mark", list(self.path.steps), place.value, number, kind.value])

    def child(
        self,
        given: Given,
        *steps: str,
        problems: tuple[tuple[Reason, Detail], ...] = (),
        extra: str = "",
        header_words: str = "",
        gather: bool = False,
    ) -> set[str] | None:
        """Read what lies inside this part under *steps*; never raises for its content.

        Args:
            given: What is known of it.
            steps: The way from here.
            problems: What is wrong with it already.
            extra: Text of it that its reader will not see.
            header_words: Words of its headers.
            gather: Return the words of its shown text.
        """
        path = self.path
        for step in steps:
            path = path.child(step)
        part = OpenPart(self.session, self.session.free_path(path), self.depth + 1, given, self)
        part.words = set() if gather else None
        part.extra = extra
        part.header_words = header_words
        part.known_problems = problems
        self.session.visit(part, given)
        return part.words

    def member(self, name: str, content: bytes, *, declared_type: str = "") -> None:
        """Read a member of an archive or document: an attachment like the part it lies in."""
        self.is_new(content)
        given = Given(
            content, declared_type, names=(name,), is_attachment=self.is_attachment, attachment=self.attachment
        )
        self.child(given, name)

    def is_new(self, content: bytes) -> bool:
        """Return whether no member of this part had these bytes before, and remember them."""
        digest = hashlib.sha256(content).digest()
        new = digest not in self._members
        self._members.add(digest)
        return new

    def unread_member(self, name: str, reason: Reason, detail: Detail) -> None:
        """Report a member that cannot be read at all, under its own path."""
        given = Given(b"", names=(name,), is_attachment=self.is_attachment, attachment=self.attachment)
        path = self.session.free_path(self.path.child(name))
        if self.session.is_closed(path):
            return
        part = OpenPart(self.session, path, self.depth + 1, given, self)
        self.session.enter(part)
        part.announce("application/octet-stream")
        part.name_segments()
        part.problem(reason, detail)
        self.session.enter(self)

    def name_segments(self) -> None:
        """Hand over every form of the file name: names tell who a file is about."""
        for name in dict.fromkeys(self.given.names):
            self.segment(PlaceKind.FILENAME, name)


def _within(cells: Sequence[int], length: int) -> list[int]:
    """Return which cells stand in the first *length* characters of a text."""
    end = len(cells)
    while end > 2 and cells[end - 3] >= length:
        end -= 3
    return list(cells[:end])
