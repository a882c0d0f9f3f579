# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading in this process, for tests of readers; the pool's own tests use real workers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from safehold.model import Demand, PlaceKind, Reading, Visibility
from safehold.reading.limits import Limits
from safehold.reading.sandbox import worker
from safehold.reading.wire import Hearing, Job, Unpacker

CORPORA = Path(__file__).parents[4] / "shared" / "corpora"


class Read:
    """A reading with the questions tests ask of it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    @property
    def text(self) -> str:
        return "\n".join(segment.text for segment in self.reading.segments)

    def texts(
        self, kind: PlaceKind | None = None, visibility: Visibility | None = None, part: str | None = None
    ) -> list[str]:
        return [
            segment.text.strip()
            for segment in self.reading.segments
            if (kind is None or segment.place.kind is kind)
            and (visibility is None or segment.visibility is visibility)
            and (part is None or str(segment.place.part) == part)
        ]

    @property
    def problems(self) -> list[tuple[str, str]]:
        return [(str(problem.part), problem.reason.value) for problem in self.reading.problems]

    @property
    def reasons(self) -> set[str]:
        return {problem.reason.value for problem in self.reading.problems}

    @property
    def marks(self) -> set[str]:
        return {mark.kind for mark in self.reading.marks}

    @property
    def paths(self) -> list[str]:
        return [str(part.path) for part in self.reading.parts]


@pytest.fixture(scope="session")
def read_here() -> Callable[..., Read]:
    """Read without processes: the same frames, checked by the same listener."""

    def read(
        content: bytes, name: str | None = None, limits: Limits | None = None, demand: Demand | None = None
    ) -> Read:
        limits = limits or Limits()
        hearing, unpacker = Hearing(limits), Unpacker()

        def send(data: bytes) -> None:
            for frame in unpacker.feed(data):
                hearing.take(frame)

        worker.read(Job(name, demand or Demand()), content, limits, send)
        assert hearing.ended
        return Read(hearing.reading())

    return read


@pytest.fixture(scope="session")
def corpora() -> Path:
    if not CORPORA.is_dir():
        pytest.skip("the corpora are not beside this project")
    return CORPORA


@pytest.fixture(scope="session")
def written() -> Callable[..., Image.Image]:
    """Write on paper: black on white and large enough to be read, unless told otherwise."""

    def write(
        text: str, *, size: int = 24, ink: int = 0, paper: int = 255, picture: tuple[int, int] | None = None
    ) -> Image.Image:
        font = ImageFont.load_default(size)
        lines = text.split("\n")
        width = picture[0] if picture else int(max(map(font.getlength, lines))) + 2 * size
        height = picture[1] if picture else int(1.5 * size * len(lines)) + 2 * size
        page = Image.new("L", (width, height), paper)
        pen = ImageDraw.Draw(page)
        for index, line in enumerate(lines):
            pen.text((size, size + 1.5 * size * index), line, font=font, fill=ink)
        return page

    return write
