# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of a drawing of Windows, drawn: letters that a program turned into outlines are only seen.

Drawn roughly, for text recognition and nobody's eyes: every shape is black, one that covers much of the drawing is
taken for its ground and left out, and where the drawing moves its own axes shapes may lie elsewhere.  Bounded in points
and in pixels.  Pure, over pillow alone.  Sources: [MS-EMF] 2.3.5 and 2.3.10, [MS-WMF] 2.3.3.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from safehold.reading.legacy.metafile_records import EMF_SIGNATURE, emf_records, u16, u32, wmf_records

Point = tuple[float, float]
Figures = list[list[Point]]  # of one shape: where they overlap it has a hole

_CURVES, _CURVES_ON = frozenset((2, 85, 5, 88)), frozenset((5, 88))
_FILLED = frozenset((3, 86, 2, 85))
_ONE = {2: 4, 3: 4, 4: 4, 5: 4, 6: 4, 85: 2, 86: 2, 87: 2, 88: 2, 89: 2}  # and how wide a number is
_GOES_ON = frozenset((5, 6, 88, 89))
_SEVERAL = {8: 4, 91: 2}
_MOVE, _LINE, _CLOSE, _BEGIN, _END = 27, 54, 61, 59, 60
_WMF_ONE, _WMF_SEVERAL = 0x0324, 0x0538
_STEPS = 6  # of a curve
_MOST_POINTS, _MOST_PIXELS = 200_000, 60_000_000
_SIDE, _BORDER = 2_000, 20
_GROUND = 0.2  # of the drawing: what is as large is no letter
_FEWEST = 8


def drawn(content: bytes) -> tuple[Image.Image | None, bool]:
    """Return the shapes of a drawing, black on white, None where they are too few for a word; and whether it is all."""
    shapes, is_whole = _bounded(_of_emf(content) if content[40:44] == EMF_SIGNATURE else _of_wmf(content))
    if len(shapes) < _FEWEST and sum(map(len, shapes)) < _FEWEST:
        return None, is_whole
    boxes = [_box([point for figure in shape for point in figure]) for shape in shapes]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    width, height = max(box[2] for box in boxes) - left, max(box[3] for box in boxes) - top
    if width <= 0 or height <= 0:
        return None, is_whole
    scale = _SIDE / max(width, height)
    paper = Image.new("L", (int(width * scale) + 2 * _BORDER, int(height * scale) + 2 * _BORDER), 255)
    pixels = _MOST_PIXELS
    for shape, box in zip(shapes, boxes, strict=True):
        place = _Box(*((number - start) * scale for number, start in zip(box, (left, top, left, top), strict=True)))
        scaled = [[((x - left) * scale, (y - top) * scale) for x, y in figure] for figure in shape]
        scaled = [figure for figure in scaled if _box(figure).pixels < _GROUND * paper.width * paper.height]
        pixels -= place.pixels + sum(_box(figure).pixels for figure in scaled)
        if pixels < 0:
            return paper, False
        paper.paste(0, (int(place.left) + _BORDER, int(place.top) + _BORDER), _ink(scaled, place))
    # Where two figures touch a line is turned over twice.
    return paper.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3)), is_whole


def _ink(shape: Figures, place: "_Box") -> Image.Image:
    """Return a shape as ink: each figure turns over what it covers."""
    ink = Image.new("1", place.size)
    for figure in shape:
        box = _box(figure)
        one = Image.new("1", box.size)
        ImageDraw.Draw(one).polygon([(x - int(box.left), y - int(box.top)) for x, y in figure], fill=1)
        at = int(box.left) - int(place.left), int(box.top) - int(place.top)
        under = ink.crop((*at, at[0] + one.width, at[1] + one.height))
        ink.paste(ImageChops.logical_xor(under, one), at)
    return ink


def _bounded(shapes: Iterable[Figures]) -> tuple[list[Figures], bool]:
    """Return the shapes that are more than a line, as many as may be drawn, and whether these are all."""
    kept: list[Figures] = []
    left = _MOST_POINTS
    for shape in shapes:
        figures = [figure for figure in shape if len(figure) > 2]
        left -= sum(map(len, figures))
        if left < 0:
            return kept, False
        if figures:
            kept.append(figures)
    return kept, True


class _Box(NamedTuple):
    """Where something lies."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def size(self) -> tuple[int, int]:
        return int(self.right) - int(self.left) + 1, int(self.bottom) - int(self.top) + 1

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]


def _box(points: list[Point]) -> _Box:
    across, down = [x for x, _ in points], [y for _, y in points]
    return _Box(min(across), min(down), max(across), max(down))


def _of_emf(content: bytes) -> Iterator[Figures]:
    path: Figures = []
    is_path = False
    for kind, at, end, _ in emf_records(content):
        if kind in _ONE:
            points = _points(content, at + 28, u32(content, at + 24), end, _ONE[kind])
            points = (
                _flat([*path[-1][-1:], *points] if kind in _CURVES_ON and path else points)
                if kind in _CURVES
                else points
            )
            if is_path and kind in _GOES_ON and path:
                path[-1] += points
            elif is_path:
                path.append(points)
            elif kind in _FILLED:
                yield [points]
        elif kind in _SEVERAL:
            shape = _several(content, at + 24, end, _SEVERAL[kind])
            path += shape if is_path else []
            yield from () if is_path else (shape,)
        elif kind == _MOVE and is_path:
            path.append(_points(content, at + 8, 1, end, 4))
        elif kind == _LINE and path:
            path[-1] += _points(content, at + 8, 1, end, 4)
        elif kind == _BEGIN:
            path, is_path = [], True
        elif kind == _END:
            yield path
            path, is_path = [], False


def _of_wmf(content: bytes) -> Iterator[Figures]:
    for kind, at, end, _ in wmf_records(content):
        if kind == _WMF_ONE:
            yield [_points(content, at + 8, u16(content, at + 6), end, 2)]
        elif kind == _WMF_SEVERAL:
            counts = [u16(content, place) for place in range(at + 8, min(end, at + 8 + 2 * u16(content, at + 6)), 2)]
            yield _cut(_points(content, at + 8 + 2 * len(counts), sum(counts), end, 2), counts)


def _several(content: bytes, at: int, end: int, width: int) -> Figures:
    starts = range(at + 8, min(end, at + 8 + 4 * u32(content, at)), 4)
    counts = [u32(content, place) for place in starts]
    return _cut(_points(content, at + 8 + 4 * len(counts), sum(counts), end, width), counts)


def _cut(points: list[Point], counts: list[int]) -> Figures:
    figures: Figures = []
    at = 0
    for count in counts:
        figures.append(points[at : at + count])
        at += count
    return figures


def _points(content: bytes, at: int, count: int, end: int, width: int) -> list[Point]:
    count = max(0, min(count, (end - at) // (2 * width), _MOST_POINTS))
    numbers = struct.unpack_from(f"<{2 * count}{'i' if width == 4 else 'h'}", content, at) if count else ()
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _flat(points: list[Point]) -> list[Point]:
    """Return the points on curves, each given by its ends and two points beside it."""
    flat = points[:1]
    for at in range(0, len(points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[at : at + 4]
        for step in range(1, _STEPS + 1):
            t, u = step / _STEPS, 1 - step / _STEPS
            a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            flat.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return flat
