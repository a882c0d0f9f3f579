# SPDX-License-Identifier: GPL-3.0-or-later
"""The line between parent and worker: jobs one way, frames the other.

A frame is two lengths, facts in JSON, and text beside them: text is most of what travels, and needs no escapes.  A
worker is hostile once it has opened hostile bytes, so the parent takes nothing on trust: facts are short (what JSON
makes of two bytes may be thirty times as large), text is capped and must be UTF-8, the shape is checked field by field,
words come from closed sets, and what does not fit is a :class:`LineError`, which kills the worker.  What a worker can
make the parent keep is bounded: items, characters, and those of paths, each of which is kept once.  Never pickle.  Pure
but for the objects it fills.
"""

import json
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

from safehold.model import Demand, Mark, Part, PartPath, Place, PlaceKind, Problem, Reading, Reason, Segment, Visibility
from safehold.reading.limits import DEEPEST, Limits
from safehold.reading.notes import NOTHING_HEARD, Frame, Resume
from safehold.reading.vocabulary import Detail, MarkKind, is_plain

HEAD = struct.Struct("!II")  # the lengths of facts and text in bytes

# The longest facts are a path (64 steps of 255 characters, four bytes each) and cells (2,000 of 27 at most).
_MOST_FACTS = 1 << 17
_LONGEST_CHARACTER = 4
_TEXT_AT = 5  # among the fields of a segment, which alone has text
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,99}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")
_MOST_STEPS = 4 * DEEPEST
_SPARE_FRAMES = 1_000  # beginnings, ends, and what is said once a worker
_HIGHEST_NUMBER = 10_000_000
# An honest worker says where a cell stands every 8,000 characters.
_FARTHEST = 64_000

_PLACES = {kind.value: kind for kind in PlaceKind}
_VISIBILITIES = {kind.value: kind for kind in Visibility}
_REASONS = {reason.value: reason for reason in Reason}
_DETAILS = frozenset(detail.value for detail in Detail)
_MARKS = frozenset(kind.value for kind in MarkKind)

_Kind = TypeVar("_Kind", PlaceKind, Visibility, Reason)

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


class LineError(Exception):
    """The other side sent what no honest worker sends."""


def pack(frame: Frame) -> bytes:
    """Return one frame in bytes.  Lone surrogates, which no UTF-8 has, become U+FFFD."""
    if frame[0] == "segment":
        return _framed([*frame[:_TEXT_AT], *frame[_TEXT_AT + 1 :]], frame[_TEXT_AT])
    return _framed(frame)


def _framed(facts: Any, text: str = "") -> bytes:
    head, body = _utf8(_encode(facts)), _utf8(text)
    return HEAD.pack(len(head), len(body)) + head + body


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


class Unpacker:
    """Cuts a stream of bytes into frames."""

    def __init__(self, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._most_text = _LONGEST_CHARACTER * limits.part_characters
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield each complete frame.

        Raises:
            LineError: A frame is too long, or no frame.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= HEAD.size:
            facts_size, text_size = HEAD.unpack_from(buffer, start)
            if facts_size > _MOST_FACTS or text_size > self._most_text:
                raise LineError("a frame is too long")
            middle = start + HEAD.size + facts_size
            end = middle + text_size
            if len(buffer) < end:
                break
            yield _frame(buffer[start + HEAD.size : middle], buffer[middle:end])
            start = end
        if start:
            del buffer[:start]


def _frame(facts: bytearray, text: bytearray) -> Frame:
    try:
        written = facts.decode()
        frame, end = _decode(written)
        words = text.decode()
    except (ValueError, RecursionError):
        raise LineError("not JSON, or no text") from None
    if end != len(written) or not isinstance(frame, list):
        raise LineError("a frame of the wrong shape")
    if frame[:1] == ["segment"]:
        frame.insert(_TEXT_AT, words)
    elif words:
        raise LineError("text where none belongs")
    return frame


# -- parent to worker ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is asked; the content travels beside it in a sealed memory file."""

    document_name: str | None = field(default=None, repr=False)
    demand: Demand = field(default_factory=Demand)
    resume: Resume = field(default_factory=Resume)

    def pack(self) -> bytes:
        """Return the job as one frame."""
        resume = self.resume
        return _framed(
            {
                "name": self.document_name,
                "ocr": self.demand.ocr,
                "render": self.demand.render,
                "heard": [[list(steps), count] for steps, count in resume.heard.items()],
                "closed": [list(steps) for steps in sorted(resume.closed)],
                "characters": resume.characters,
            }
        )

    @classmethod
    def unpack(cls, frame: bytes) -> "Job":
        """Return the job a parent sent (the parent is trusted)."""
        value = json.loads(frame[HEAD.size :])
        return cls(
            value["name"],
            Demand(ocr=value["ocr"], render=value["render"]),
            Resume(
                {tuple(steps): count for steps, count in value["heard"]},
                frozenset(tuple(steps) for steps in value["closed"]),
                value["characters"],
            ),
        )


# -- worker to parent ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entered:
    """A part that was announced; its path is kept here and nowhere twice."""

    path: PartPath = field(repr=False)
    is_attachment: bool
    attachment: int


class Hearing:
    """What the parent has heard of one message so far, over however many workers it took."""

    def __init__(self, limits: Limits) -> None:
        self.at: PartPath | None = None
        self.turns = 0  # how often the worker said at which part it is
        self.ended = False
        self.reusable = False
        self.is_dear = False  # the worker said that what it does now takes seconds
        self.is_tainted = False  # some worker opened, or was about to, what may have taken it over
        self._limits = limits
        self._frames_left = 2 * limits.items + 4 * (limits.parts + limits.names + limits.pages) + _SPARE_FRAMES
        self._parts: dict[PartPath, Part] = {}
        self._entered: dict[tuple[str, ...], _Entered] = {}
        self._segments: list[Segment] = []
        self._problems: list[Problem] = []
        self._marks: list[Mark] = []
        self._items: Counter[tuple[str, ...]] = Counter()
        self._characters: Counter[tuple[str, ...]] = Counter()
        self._characters_left = limits.characters
        self._cells_left = limits.cells * (1 + limits.restarts)
        self._path_characters_left = limits.characters
        self._failed: set[tuple[str, ...]] = set()
        self._takes: dict[str, Callable[..., None]] = {
            "at": self._take_at,
            "part": self._take_part,
            "segment": self._take_segment,
            "problem": self._take_problem,
            "mark": self._take_mark,
            "dear": self._take_dear,
            "tainted": self._take_tainted,
            "end": self._take_end,
        }

    def take(self, frame: Any) -> None:
        """Check one frame and keep what it says.

        Raises:
            LineError: No honest worker sends this.
        """
        if self.ended or not isinstance(frame, list) or not frame or not isinstance(frame[0], str):
            raise LineError("a frame of the wrong shape")
        self._frames_left -= 1
        take = self._takes.get(frame[0])
        if take is None or self._frames_left < 0:
            raise LineError("a frame of an unknown kind, or one too many")
        try:
            take(*frame[1:])
        except TypeError:
            raise LineError("a frame of the wrong shape") from None

    def begin(self) -> None:
        """Start listening to a fresh worker."""
        self.at = None
        self.ended = False
        self.is_dear = False

    def fail(self, reason: Reason, detail: Detail) -> None:
        """Say what became of the part at hand, and never open it again."""
        if self.at is None:
            return
        self._failed.add(self.at.steps)
        self.add_problem(self.at, reason, detail)

    @property
    def can_resume(self) -> bool:
        """Return whether a fresh worker could get further than the last one."""
        return () not in self._failed

    @property
    def may_serve_again(self) -> bool:
        """Return whether the worker ended well and opened nothing but MIME, text and HTML, as far as it told.

        It tells before it opens: what takes it over can lie afterwards, and cannot take that back.
        """
        return self.ended and self.reusable and not self.is_tainted

    def add_problem(self, path: PartPath, reason: Reason, detail: Detail) -> None:
        """Add a problem that the parent itself saw."""
        problem = Problem(path, reason, detail.value)
        if problem not in self._problems[-8:]:
            self._problems.append(problem)

    def resume(self) -> Resume:
        """Return what a fresh worker must know to go on after the part at hand."""
        if not self._entered:
            return NOTHING_HEARD
        paths = sorted(self._entered)
        inner = {steps[:length] for steps in paths for length in range(len(steps))}
        done = {steps for steps in paths if steps not in inner and steps}
        closed = frozenset(done | self._failed)
        return Resume(
            {steps: self._items[steps] for steps in paths if steps not in closed},
            closed,
            sum(self._characters[steps] for steps in closed),
        )

    def reading(self) -> Reading:
        """Return all of it.  A part that was entered and never described is still a part."""
        parts = dict(self._parts)
        for entered in self._entered.values():
            path = entered.path
            if path not in parts:
                parts[path] = Part(path, "application/octet-stream", 0, "", entered.is_attachment, entered.attachment)
        return Reading(tuple(parts.values()), tuple(self._segments), tuple(self._problems), tuple(self._marks))

    # Each of these takes the fields of one kind of frame; a wrong number of fields is a TypeError.

    def _take_at(self, steps: Any, is_attachment: Any, attachment: Any) -> None:
        entered = _Entered(_path(steps), _truth(is_attachment), _whole(attachment))
        known = self._entered.get(entered.path.steps)
        if known is None:
            if len(self._entered) > 2 * self._limits.parts + self._limits.names:
                raise LineError("too many parts")
            self._path_characters_left -= sum(map(len, entered.path.steps))
            if self._path_characters_left < 0:
                raise LineError("too long paths")
            known = self._entered[entered.path.steps] = entered
        self.at = known.path
        self.turns += 1

    def _take_part(
        self, steps: Any, media_type: Any, size: Any, declared: Any, is_attachment: Any, attachment: Any
    ) -> None:
        path = self._entered_path(steps)
        if path in self._parts:
            raise LineError("a part twice")
        if not isinstance(media_type, str) or not isinstance(declared, str) or not _MEDIA_TYPE.fullmatch(media_type):
            raise LineError("not a media type")
        # What a message declares is its author's text; only what looks like a type is kept.
        declared = declared if _MEDIA_TYPE.fullmatch(declared) else ""
        size = _whole(size, most=1 << 40)
        self._parts[path] = Part(path, media_type, size, declared, _truth(is_attachment), _whole(attachment))
        self.is_tainted = self.is_tainted or not is_plain(media_type)

    def _take_segment(self, steps: Any, kind: Any, number: Any, visibility: Any, text: Any, cells: Any = None) -> None:
        path = self._entered_path(steps)
        if not isinstance(text, str) or len(text) > self._limits.part_characters:
            raise LineError("not a text")
        self._characters[path.steps] += len(text)
        self._characters_left -= len(text)
        if self._characters_left < 0:
            raise LineError("too much text")
        row, column, steps = (0, 0, ()) if cells is None else self._take_cells(cells, len(text))
        place = Place(path, _word(kind, _PLACES), _number(number), row, column)
        self._segments.append(Segment(place, text, _word(visibility, _VISIBILITIES), steps))

    def _take_cells(self, cells: Any, length: int) -> tuple[int, int, tuple[int, ...]]:
        """Return row and column of the first cell, and the steps to the others; nobody shall have to count far."""
        if not isinstance(cells, list) or len(cells) % 3 != 2:  # row and column, then three each
            raise LineError("not cells")
        if any(type(number) is not int or not 0 <= number <= _HIGHEST_NUMBER for number in cells):
            raise LineError("not a count")
        row, column, *steps = cells
        offsets = [0, *steps[::3], length]
        if column and any(not 0 < after - before <= _FARTHEST for before, after in pairwise(offsets)):
            raise LineError("cells out of order, or far apart")
        self._cells_left -= len(steps) // 3
        if self._cells_left < 0:
            raise LineError("too many cells")
        return row, column, tuple(steps)

    def _take_problem(self, steps: Any, reason: Any, detail: Any) -> None:
        if not isinstance(detail, str) or detail not in _DETAILS:
            raise LineError("an unknown detail")
        self._problems.append(Problem(self._entered_path(steps), _word(reason, _REASONS), detail))

    def _take_mark(self, steps: Any, kind: Any, number: Any, mark: Any) -> None:
        if not isinstance(mark, str) or mark not in _MARKS:
            raise LineError("an unknown mark")
        self._marks.append(Mark(Place(self._entered_path(steps), _word(kind, _PLACES), _number(number)), mark))

    def _take_dear(self) -> None:
        if self.is_dear or self.at is None:
            raise LineError("dear twice, or nothing at hand")
        self.is_dear = True

    def _take_tainted(self) -> None:
        self.is_tainted = True

    def _take_end(self, reusable: Any) -> None:
        self.reusable = _truth(reusable)
        self.ended = True

    def _entered_path(self, steps: Any) -> PartPath:
        entered = self._entered.get(tuple(steps)) if isinstance(steps, list) else None
        if entered is None:
            raise LineError("a part that was not announced")
        path = entered.path
        self._items[path.steps] += 1
        if len(self._segments) + len(self._marks) + len(self._problems) > 2 * self._limits.items:
            raise LineError("too many items")
        return path


def _path(steps: Any) -> PartPath:
    if not isinstance(steps, list) or len(steps) > _MOST_STEPS:
        raise LineError("not a path")
    for step in steps:
        if not isinstance(step, str) or not 0 < len(step) <= 255 or "/" in step or not step.isprintable():
            raise LineError("not a path")
    return PartPath(tuple(steps))


def _word(value: Any, words: dict[str, _Kind]) -> _Kind:
    kind = words.get(value) if isinstance(value, str) else None
    if kind is None:
        raise LineError("an unknown word")
    return kind


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise LineError("not a truth value")
    return value


def _whole(value: Any, most: int = _HIGHEST_NUMBER) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise LineError("not a count")
    return value


def _number(value: Any) -> int | None:
    return None if value is None else _whole(value)
