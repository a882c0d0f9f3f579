# SPDX-License-Identifier: GPL-3.0-or-later
"""The line between parent and worker: jobs one way, frames the other, both length-prefixed JSON.

A worker is hostile once it has opened hostile bytes, so the parent takes nothing on trust: frames are capped,
their shape is checked field by field, words come from closed sets, text is only ever text, and what does not
fit is a :class:`LineError`, which kills the worker.  Never pickle.  Pure but for the objects it fills.
"""

import json
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from safehold.model import Demand, Mark, Part, PartPath, Place, PlaceKind, Problem, Reading, Reason, Segment, Visibility
from safehold.reading.limits import DEEPEST, Limits
from safehold.reading.notes import Resume
from safehold.reading.vocabulary import Detail, MarkKind, is_plain

HEAD = struct.Struct("!I")

# A part's text is at most 4 million characters; JSON makes at most six bytes of one (\\u0000).
_LARGEST_FRAME = 26_000_000
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,99}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")
_MOST_STEPS = 4 * DEEPEST
_HIGHEST_NUMBER = 10_000_000

_PLACES = {kind.value: kind for kind in PlaceKind}
_VISIBILITIES = {kind.value: kind for kind in Visibility}
_REASONS = {reason.value: reason for reason in Reason}
_DETAILS = frozenset(detail.value for detail in Detail)
_MARKS = frozenset(kind.value for kind in MarkKind)

_Kind = TypeVar("_Kind", PlaceKind, Visibility, Reason)

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


class LineError(Exception):
    """The other side sent what no honest worker sends."""


def pack(value: Any) -> bytes:
    """Return *value* as one frame.  Lone surrogates, which JSON could carry and UTF-8 cannot, become U+FFFD."""
    text = _encode(value)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        body = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    return HEAD.pack(len(body)) + body


class Unpacker:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Yield each complete frame.

        Raises:
            LineError: A frame is too long, or is not JSON.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= HEAD.size:
            (length,) = HEAD.unpack_from(buffer, start)
            if length > _LARGEST_FRAME:
                raise LineError("a frame is too long")
            end = start + HEAD.size + length
            if len(buffer) < end:
                break
            try:
                frame = json.loads(buffer[start + HEAD.size : end])
            except (ValueError, RecursionError):
                raise LineError("a frame is not JSON") from None
            start = end
            yield frame
        if start:
            del buffer[:start]


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
        return pack(
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
    def unpack(cls, value: dict[str, Any]) -> "Job":
        """Return the job a parent sent (the parent is trusted)."""
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


class Hearing:
    """What the parent has heard of one message so far, over however many workers it took."""

    def __init__(self, limits: Limits) -> None:
        self.at: PartPath | None = None
        self.ended = False
        self.reusable = False
        self.is_dear = False  # the worker said that what it does now takes seconds
        self._limits = limits
        self._parts: dict[PartPath, Part] = {}
        self._entered: dict[PartPath, tuple[bool, int]] = {}
        self._segments: list[Segment] = []
        self._problems: list[Problem] = []
        self._marks: list[Mark] = []
        self._items: Counter[tuple[str, ...]] = Counter()
        self._characters: Counter[tuple[str, ...]] = Counter()
        self._characters_left = limits.characters
        self._failed: set[tuple[str, ...]] = set()
        self._takes: dict[str, Callable[..., None]] = {
            "at": self._take_at,
            "part": self._take_part,
            "segment": self._take_segment,
            "problem": self._take_problem,
            "mark": self._take_mark,
            "dear": self._take_dear,
            "end": self._take_end,
        }

    def take(self, frame: Any) -> None:
        """Check one frame and keep what it says.

        Raises:
            LineError: No honest worker sends this.
        """
        if self.ended or not isinstance(frame, list) or not frame or not isinstance(frame[0], str):
            raise LineError("a frame of the wrong shape")
        take = self._takes.get(frame[0])
        if take is None:
            raise LineError("a frame of an unknown kind")
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
    def only_plain(self) -> bool:
        """Return whether nothing but MIME, text and HTML was opened, as far as the worker told."""
        return all(is_plain(part.media_type) for part in self._parts.values())

    def add_problem(self, path: PartPath, reason: Reason, detail: Detail) -> None:
        """Add a problem that the parent itself saw."""
        problem = Problem(path, reason, detail.value)
        if problem not in self._problems[-8:]:
            self._problems.append(problem)

    def resume(self) -> Resume:
        """Return what a fresh worker must know to go on after the part at hand."""
        paths = sorted(path.steps for path in self._entered)
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
        for path, (is_attachment, attachment) in self._entered.items():
            if path not in parts:
                parts[path] = Part(path, "application/octet-stream", 0, "", is_attachment, attachment)
        return Reading(tuple(parts.values()), tuple(self._segments), tuple(self._problems), tuple(self._marks))

    # Each of these takes the fields of one kind of frame; a wrong number of fields is a TypeError.

    def _take_at(self, steps: Any, is_attachment: Any, attachment: Any) -> None:
        path = _path(steps)
        if len(self._entered) > 2 * self._limits.parts + self._limits.names:
            raise LineError("too many parts")
        self._entered.setdefault(path, (_truth(is_attachment), _whole(attachment)))
        self.at = path

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

    def _take_segment(self, steps: Any, kind: Any, number: Any, visibility: Any, text: Any, row: Any = 0) -> None:
        path = self._entered_path(steps)
        if not isinstance(text, str) or len(text) > self._limits.part_characters:
            raise LineError("not a text")
        self._characters[path.steps] += len(text)
        self._characters_left -= len(text)
        if self._characters_left < 0:
            raise LineError("too much text")
        place = Place(path, _word(kind, _PLACES), _number(number), _whole(row))
        self._segments.append(Segment(place, text, _word(visibility, _VISIBILITIES)))

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

    def _take_end(self, reusable: Any) -> None:
        self.reusable = _truth(reusable)
        self.ended = True

    def _entered_path(self, steps: Any) -> PartPath:
        path = _path(steps)
        if path not in self._entered:
            raise LineError("a part that was not announced")
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
