# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a grey picture before it is recognised: set straight, lit evenly; and where its ink is.

Pure, over pillow alone.  Everything is 8 bits a pixel, because a page of 8 megapixels is held several times at once.
"""

import itertools
import math

from PIL import Image, ImageChops, ImageFilter

# -- holding it straight ------------------------------------------------------------------------------------------

_SMALL = 500
# Fine enough to see lines of print by, and cheap: 45 angles are tried.
_COARSE = 400
_ROUGH = 200
# Below this a line is one word, and an angle a guess.
_LEAST_TO_STRAIGHTEN = 150
_ANGLES = range(-44, 46, 2)
_STEPS = ((-1.0, 1.0), (-0.5, 0.5))
# Tesseract reads what is tilted by three degrees as if it were not (recall 1.00).
_TILTED = 1.5
_CLEARER = 1.5


def straightened(picture: Image.Image) -> Image.Image:
    """Return the picture turned so that its lines lie along an edge, or itself where they do."""
    if min(picture.size) < _LEAST_TO_STRAIGHTEN:
        return picture
    angle = _tilt(picture)
    if abs(angle) < _TILTED:
        return picture
    return picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=ground(picture))


def roughly_straightened(picture: Image.Image) -> Image.Image:
    """Return the picture turned so that most of its ink lies in rows, or itself: to see whether there may be lines."""
    if min(picture.size) < _LEAST_TO_STRAIGHTEN // 2:
        return picture
    marks = _ink(_thumbnail(picture, _ROUGH), 8)
    if marks.getbbox() is None:
        return picture
    angle = max(_ANGLES[::2], key=lambda angle: _clearness(marks, angle))
    if not angle:
        return picture
    return picture.rotate(angle, Image.Resampling.BILINEAR, expand=True, fillcolor=ground(picture))


def _tilt(picture: Image.Image) -> float:
    """Return the angle by which turning makes the lines of the picture clearest, 0 where none does."""
    marks = _ink(_thumbnail(picture, _COARSE), 8)
    best = float(max(_ANGLES, key=lambda angle: _clearness(marks, angle)))
    marks = _ink(_thumbnail(picture, _SMALL), 8)
    for step in _STEPS:
        best = max((best, *(best + change for change in step)), key=lambda angle: _clearness(marks, angle))
    smooth = Image.Resampling.BILINEAR
    return best if _clearness(marks, best, smooth) > _CLEARER * max(_clearness(marks, 0.0, smooth), 1.0) else 0.0


def _clearness(marks: Image.Image, angle: float, sampling: Image.Resampling = Image.Resampling.NEAREST) -> float:
    turned = marks.rotate(angle, sampling)
    return max(
        _edges(turned.resize((1, turned.height), Image.Resampling.BOX)),
        _edges(turned.resize((turned.width, 1), Image.Resampling.BOX)),
    )


def _thumbnail(picture: Image.Image, side: int) -> Image.Image:
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.BOX)
    return small


def _edges(profile: Image.Image) -> float:
    values = profile.tobytes()
    return float(sum((after - before) ** 2 for before, after in itertools.pairwise(values)))


def _ink(picture: Image.Image, radius: int) -> Image.Image:
    """Return what differs from its surroundings as white on black: writing, whatever its colour, and no shading."""
    blurred = picture.filter(ImageFilter.BoxBlur(radius))
    return ImageChops.difference(picture, blurred).point(_INK)


_INK = [255 if level > 20 else 0 for level in range(256)]


def ink(picture: Image.Image, radius: int = 4) -> tuple[Image.Image, float]:
    """Return the ink of a small grey picture, white on black, and which share of the picture it is."""
    marks = _ink(picture, radius)
    return marks, marks.histogram()[255] / (picture.width * picture.height)


# -- even light ---------------------------------------------------------------------------------------------------

_BLOCK = 16
# Between the 10th and the 90th percentile of the background.  Scans and screenshots of one colour: under 40.
_UNEVEN = 50
# Division by subtraction of logarithms: a look-up, and still 8 bits a pixel.
_STEP = math.log(255) / 255
_LOGARITHMS = [round(math.log(max(level, 1)) / _STEP) for level in range(256)]
_QUOTIENTS = [round(245 * math.exp(-difference * _STEP)) for difference in range(256)]


def _background(picture: Image.Image) -> Image.Image:
    size = (max(8, picture.width // _BLOCK), max(8, picture.height // _BLOCK))
    return picture.resize(size, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(7))


def background(picture: Image.Image) -> Image.Image:
    """Return what the picture is written on, with its light and shadow."""
    return _background(picture).filter(ImageFilter.BoxBlur(3)).resize(picture.size, Image.Resampling.BILINEAR)


def is_unevenly_lit(picture: Image.Image) -> bool:
    """Return whether the background is lighter in some places than in others."""
    histogram = _background(picture).histogram()
    return _shade_below(histogram, 0.9) - _shade_below(histogram, 0.1) > _UNEVEN


def evened(picture: Image.Image) -> Image.Image:
    """Return the picture divided by its background: paper is white everywhere, in shadow too."""
    return ImageChops.subtract(background(picture).point(_LOGARITHMS), picture.point(_LOGARITHMS)).point(_QUOTIENTS)


def ground(picture: Image.Image) -> int:
    """Return the shade of what is written on."""
    return _shade_below(picture.histogram(), 0.5)


def _shade_below(histogram: list[int], share: float) -> int:
    """Return the level below which *share* of the pixels lie."""
    wanted, seen = share * sum(histogram), 0
    for level, count in enumerate(histogram):
        seen += count
        if seen >= wanted:
            return level
    return 255
