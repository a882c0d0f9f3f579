# SPDX-License-Identifier: GPL-3.0-or-later
"""One protected person, and searches for her: in somebody's scope, and among everybody."""

from collections.abc import Callable, Sequence

import pytest

from safehold.detect.people import find
from safehold.model import Finding, PartPath, Place, PlaceKind, Reading, Segment, Visibility
from safehold.reading.limits import Limits
from safehold.reading.sandbox import worker
from safehold.reading.wire import Hearing, Job, Unpacker
from safehold.register.index import Register
from safehold.register.people import Kind, Person, Value

ADDRESS = "27 Larkspur Lane, Westmere PF7 3QX"
VALUES = (
    Value(Kind.ADDRESS, ADDRESS),
    Value(Kind.PHONE, "07700 900123"),
    Value(Kind.EMAIL, "jane@example.org"),
    Value(Kind.NAME, "Margaret Doering"),
)


class Searched:
    """What a search found, as tests ask for it."""

    def __init__(self, findings: Sequence[Finding], segments: Sequence[Segment]) -> None:
        self.findings = findings
        self.segments = segments

    def strengths(self, field: str) -> list[str]:
        return [finding.strength.value for finding in self.findings if finding.field == field]

    def strongest(self, field: str) -> str:
        """Return the strength of the strongest finding of that field, or ""."""
        ranked = sorted((f for f in self.findings if f.field == field), key=lambda finding: finding.strength.rank)
        return ranked[-1].strength.value if ranked else ""

    def cut_out(self, field: str) -> list[str]:
        """Return the words of the text that the findings of that field take."""
        return [self.segments[f.segment].text[slice(*f.span)] for f in self.findings if f.field == field]


Search = Callable[..., Searched]


def make_segment(text, kind=PlaceKind.BODY, number=None, part=("1",), visibility=Visibility.VISIBLE) -> Segment:
    return Segment(Place(PartPath(part), kind, number), text, visibility)


@pytest.fixture
def a_segment() -> Callable[..., Segment]:
    return make_segment


def _searched(text: str | Sequence[Segment], values: tuple[Value, ...], *, deep: bool) -> Searched:
    segments = [make_segment(text)] if isinstance(text, str) else list(text)
    register = Register.build([Person("P-1", "safe", values=values or VALUES)])
    scope, whole = (frozenset({"P-1"}), frozenset()) if deep else (frozenset(), frozenset({"safe"}))
    return Searched(find(segments, register, scope=scope, whole=whole), segments)


@pytest.fixture
def in_scope() -> Search:
    """Search deeply, for a recipient to whom somebody is adverse: ``in_scope(text or segments, *values)``."""
    return lambda text, *values: _searched(text, values, deep=True)


@pytest.fixture
def in_whole() -> Search:
    """Search for everybody in the register, certain findings only."""
    return lambda text, *values: _searched(text, values, deep=False)


@pytest.fixture
def read() -> Callable[..., Reading]:
    """Read real bytes, in this process."""

    def read_here(content: bytes, name: str | None = None) -> Reading:
        hearing, unpacker = Hearing(Limits()), Unpacker()

        def send(data: bytes) -> None:
            for frame in unpacker.feed(data):
                hearing.take(frame)

        worker.read(Job(name), content, Limits(), send)
        assert hearing.ended
        return hearing.reading()

    return read_here
