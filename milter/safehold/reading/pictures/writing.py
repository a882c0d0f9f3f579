# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a grey picture has anything like a line of writing: leaves, faces, skies and noise are given up cheaply.

Writing is strokes side by side in a row, with calm above and below, and more of the same beside it; whatever the
letters are.  So the picture is cut into narrow columns; of every row of a column two figures are taken, how much of it
is ink and how often ink begins or ends; and a run of rows with several strokes between calm ones counts, where the
column beside it has one at the same height.  This is asked of dark on light and light on dark, upright and sideways, at
sizes halved again and again (letters of 3 to 16 rows high are seen at each), for faint ink and for strong.

Of 181 pictures without writing (photographs at three sizes, noise, graphs, shapes) 112 are given up, 59 of 89 that have
one or two megapixels, and all noise but blurred noise; of 745 with writing none of which Tesseract had made two words
of it, but one: dark grey on black.  What is given up costs 2 ms in the mean, at
one or two megapixels 20 to 60.  A single word in handwriting on a rough large sheet can be lost.

Pure, over pillow alone: what is asked of every pixel is done there, a few times, and rows are searched as bytes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from PIL import Image, ImageChops, ImageFilter, ImageOps

_Corners = tuple[float, float, float, float]  # left, top, right, bottom

# Below the first one column is enough, below the second two side by side: a word may be all there is, and recognising
# costs little.  Above the second a picture is looked at from half of its size on: letters of 6 rows are 3 there.
_SMALL_PIXELS, _FINE_PIXELS = 250_000, 1_000_000
_SIZES = 6
_LEAST_SIDE = 12
_COLUMN = 24
_STROKES = 3  # in a column: three times ink begins or ends
_SIZES_OF_PRINT, _STROKES_OF_PRINT, _COLUMNS_OF_PRINT = 2, 6, 2
_SURROUNDINGS = 8
# How much darker or lighter than its surroundings ink is: faint print, and strong print on a rough ground.
_CONTRASTS = (14, 30)
_CALM, _SOLID = 10, 178  # of 255: a row with less ink is calm, one with more is no writing
# A row's kind: calm, some ink, strokes.  Ascenders and descenders are some ink about the strokes.
_LINE = re.compile(rb"(?<=\x00\x00)[\x01\x02]{0,6}?(\x02{3,16})[\x01\x02]{0,6}(?=\x00\x00)")
_MARGIN = b"\x00\x00"
_SAME_HEIGHT = 0.5
_SAME_PLACE, _MOST_PAIRS = 0.4, 200
# Between the places with the least ink and the most: noise 0.7 to 1, a sheet with one word on it 0.3 at most.
_PLACE, _FEW_PLACES = 32, 3
_ALIKE = 0.6
_GOES_ON = 3  # columns: in noise none is met with beside another
_LOUDER = [min(255, 4 * level) for level in range(256)]

_BY_INK = [0 if level <= _CALM else 1 if level <= _SOLID else 3 for level in range(256)]
_OF_BOTH = [0, 1, 2, 1, 1] + 251 * [0]
_NOT_CALM = [0] + 255 * [255]


@dataclass(frozen=True, slots=True)
class _Line:
    """A piece of what may be a line: how many columns it has gone on for, and where it is on the picture."""

    columns: int
    box: _Corners


def has_writing(picture: Image.Image) -> bool:
    """Return whether anything looks like a line of writing; not whether it is one."""
    pixels = picture.width * picture.height
    enough = 1 if pixels < _SMALL_PIXELS else 2 if pixels < _FINE_PIXELS else 3
    pairs: list[_Corners] = []
    for lines in _planes(picture):
        here: list[_Corners] = []
        for line in lines:
            if line.columns >= enough or len(here) > _MOST_PAIRS:
                return True
            if line.columns == 2:
                here.append(line.box)
        # Two columns are met with in leaves; the same two again, at another size or contrast, are not.
        if any(_overlap(one, other) for one in here for other in pairs):
            return True
        pairs += here
    return False


def lines_of_writing(picture: Image.Image, columns: int) -> int:
    """Return how many lines there seem to be that are so many *columns* long, at the size at which there are most."""
    return max((sum(line.columns == columns for line in lines) for lines in _planes(picture)), default=0)


def place_of_print(picture: Image.Image) -> _Corners | None:
    """Return the corners of all that looks like lines of letters close together, or None where nothing does.

    They are shares of the picture's width and height, from the left and the top.  For drawings: the boxes of forms
    stand in rows as letters do, but further apart.
    """
    planes = _planes(picture, sizes=_SIZES_OF_PRINT, strokes=_STROKES_OF_PRINT)
    boxes = [line.box for lines in planes for line in lines if line.columns >= _COLUMNS_OF_PRINT]
    if not boxes:
        return None
    left, top, right, bottom = zip(*boxes, strict=True)
    # A column with the half of a word in it was none.
    across, down, more = picture.width, picture.height, 2 * _COLUMN
    return (
        max(0.0, (min(left) - 2 * more) / across),
        max(0.0, (min(top) - more) / down),
        min(1.0, (max(right) + 2 * more) / across),
        min(1.0, (max(bottom) + more) / down),
    )


def is_bare(picture: Image.Image) -> bool:
    """Return whether there is nothing but noise or a blank surface.

    A page that print fills to its edges is the same everywhere too, but there lines go on.
    """
    if not is_the_same_everywhere(picture):
        return False
    return not any(line.columns >= _GOES_ON for lines in _planes(picture) for line in lines)


def is_the_same_everywhere(picture: Image.Image) -> bool:
    """Return whether no place stands out, by more ink or by less: noise, a blank sheet, a surface near by."""
    small = _at_first_size(picture)
    across, down = ((side - 2 * _SURROUNDINGS) // _PLACE for side in small.size)
    if min(across, down) < _FEW_PLACES:
        return False
    differs = ImageChops.difference(small, small.filter(ImageFilter.BoxBlur(_SURROUNDINGS))).point(_LOUDER)
    edge = _SURROUNDINGS
    inner = differs.crop((edge, edge, edge + across * _PLACE, edge + down * _PLACE))
    least, most = cast("tuple[int, int]", inner.reduce(_PLACE).getextrema())
    return least >= _ALIKE * most


def _planes(picture: Image.Image, sizes: int = _SIZES, strokes: int = _STROKES) -> Iterator[Iterator[_Line]]:
    """Yield the lines of every way in which there may be writing."""
    small = ImageOps.autocontrast(_at_first_size(picture))
    for _ in range(sizes):
        if min(small.size) < _LEAST_SIDE:
            return
        scale = picture.width / small.width
        around = small.filter(ImageFilter.BoxBlur(_SURROUNDINGS))
        for differs in (ImageChops.subtract(around, small), ImageChops.subtract(small, around)):
            _, most = cast("tuple[int, int]", differs.getextrema())
            for contrast in _CONTRASTS:
                if most <= contrast:
                    continue
                ink = differs.point([255 if level > contrast else 0 for level in range(256)])
                yield _lines(ink, scale, strokes)
                yield (
                    _Line(line.columns, (line.box[1], line.box[0], line.box[3], line.box[2]))
                    for line in _lines(ink.transpose(Image.Transpose.TRANSPOSE), scale, strokes)
                )
        small = small.reduce(2)


def _at_first_size(picture: Image.Image) -> Image.Image:
    return picture if picture.width * picture.height < _FINE_PIXELS else picture.reduce(2)


def _lines(ink: Image.Image, scale: float, strokes: int) -> Iterator[_Line]:
    """Yield everything in a column that is like a piece of a line: *ink* is white on black, lines go across."""
    kinds = _kinds(ink, strokes)
    rows, height = kinds.tobytes(), kinds.width
    before: list[tuple[int, int, int]] = []
    for column in range(kinds.height):
        here = []
        for piece in _LINE.finditer(_MARGIN + rows[column * height : (column + 1) * height] + _MARGIN):
            first, last = piece.span(1)
            columns = 1 + max((known for one, end, known in before if _beside(first, last, one, end)), default=0)
            here.append((first, last, columns))
            across = (column + 1 - columns) * _COLUMN * scale, (column + 1) * _COLUMN * scale
            down = (piece.start() - 2 * len(_MARGIN)) * scale, piece.end() * scale
            yield _Line(columns, (across[0], down[0], across[1], down[1]))
        before = here


def _beside(first: int, last: int, other_first: int, other_last: int) -> bool:
    common = min(last, other_last) - max(first, other_first)
    return common >= _SAME_HEIGHT * max(last - first, other_last - other_first)


def _overlap(one: _Corners, other: _Corners) -> bool:
    across, down = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return across > 0 and down > 0 and across * down >= _SAME_PLACE * min(_area(one), _area(other))


def _area(box: _Corners) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _kinds(ink: Image.Image, least: int) -> Image.Image:
    """Return the kind of every row of every column; a line of the result is a column."""
    much = ink.reduce((_COLUMN, 1)).point(_BY_INK)
    enough = [int(level >= round(255 * least / _COLUMN) - 1) for level in range(256)]
    strokes = ImageChops.difference(ink, ImageChops.offset(ink, 1, 0)).reduce((_COLUMN, 1)).point(enough)
    both = ImageChops.multiply(ImageChops.add(much, strokes), much.point(_NOT_CALM)).point(_OF_BOTH)
    return both.transpose(Image.Transpose.TRANSPOSE)
