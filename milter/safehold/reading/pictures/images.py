# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures: their metadata, the words that are appended to them, and, where a policy could use it, their text.

What nobody here can decode (HEIC, layers of Photoshop) is ``unsupported``, whoever asks or not.  Of the others:
without ``Demand.ocr`` a picture is a mark and no problem (design notes: a choice of ours, not a failure of the part).
With it, pillow decodes within limits that are checked on the header first, and :mod:`safehold.reading.pictures.ocr`
reads. A picture that could not be looked at is then a problem; one that was and says nothing is a mark.

Below 200 by 80 pixels a picture is nearly always a logo: it is read like any other (a line snipped from a screen is
smaller), but whatever goes wrong with it is no problem.  pillow's readers for the formats here are imported with this
module, because behind the walls it is too late.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import cast

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from safehold.model import PlaceKind, Reason
from safehold.reading.basics import appended, leftovers
from safehold.reading.notes import OpenPart, OverrunError
from safehold.reading.pictures import ocr, previews
from safehold.reading.pictures.image_metadata import image_metadata
from safehold.reading.vocabulary import Detail, MarkKind

_FORMATS = tuple(
    plugin.format
    for plugin in (
        BmpImagePlugin.BmpImageFile, BmpImagePlugin.DibImageFile, GifImagePlugin.GifImageFile,
        IcoImagePlugin.IcoImageFile, Jpeg2KImagePlugin.Jpeg2KImageFile, JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile, TiffImagePlugin.TiffImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)  # fmt: skip
# What pillow would import when it opens its first picture, and a JPEG of several.
Image.preinit()
_OF_SEVERAL = MpoImagePlugin.MpoImageFile.format
_TYPES = frozenset(
    f"image/{name}" for name in ("bmp", "gif", "jp2", "jpeg", "png", "tiff", "vnd.microsoft.icon", "webp")
)
# The end record of a zip stands in the last 22 + 65,535 bytes (APPNOTE 4.3.16).
_END_OF_ARCHIVE, _END_REACH = b"PK\x05\x06", 65_557
# Their pieces stand anywhere, and anything between them.
_HOLLOW = frozenset(("image/tiff", "image/vnd.microsoft.icon"))
# Design notes 2.9.
_SMALL_WIDTH, _SMALL_HEIGHT = 200, 80

# A4 at 300 dpi.  A photograph of 12 megapixels in which a letter fills the frame is read as well at half of that
# (recall 0.99 to 1.00), and takes half the time.
_MOST_PIXELS = 2480 * 3508
# Text on a screen is 96 dpi: at twice the size recall rises from 0.67-0.95 (10 to 12 pixels high) to 0.92-1.00.
_SCREEN = 1200
# A long picture (a conversation scrolled and joined) is cut across, and not shrunk: into pieces that can be read at
# twice their size.  A line that is cut is read whole in the next piece: lines across are a share of the width high,
# and of lines along the picture what is as long as it is high is.
_LONG, _LONGEST_SIDE = 3, 3000
_PIECE = _MOST_PIXELS // 4
_OVERLAP_DOWN, _OVERLAP_ALONG = 1 / 4, 1
# Fax machines send 204 by 98 dots an inch.
_LEAST_DISTORTION, _MOST_DISTORTION = 1.2, 4.0
# A background without anything on it.
_FLAT = 12


def read(content: bytes, part: OpenPart) -> None:
    """Read the words before and behind the pixels, and the picture where a policy could use it."""
    end = appended.end_of_picture(content, part.media_type)
    _read_outside(content, end, part)
    part.segment(PlaceKind.METADATA, "\n\n".join(image_metadata(content, behind=False)))
    _read_previews(content, end, part)
    # Last, because it is dear: what comes of it must not be asked for twice where a fresh worker takes over.
    is_known = part.media_type in _TYPES
    if not is_known:  # whoever asks or not: more than its pixels may be unread
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)
    if not part.session.demand.ocr:
        part.mark(MarkKind.NO_OCR)
    elif is_known:
        _recognise(content, part)


def _read_outside(content: bytes, end: int, part: OpenPart) -> None:
    """Read what stands behind the end of the picture, or anywhere inside where its format knows no end."""
    if content.find(_END_OF_ARCHIVE, max(0, len(content) - _END_REACH)) >= 0:
        appended.read(content, 0, end, part)
        return
    if end < len(content):
        leftovers.read([content[end:]], part, must=False)
    if end == len(content) or part.media_type in _HOLLOW:
        leftovers.open_inside(content[:end], part)


def _read_previews(content: bytes, end: int, part: OpenPart) -> None:
    for number, preview in enumerate(previews.previews(content, end), 1):
        if previews.is_of_another_shape(preview, content):
            part.mark(MarkKind.CROPPED_IMAGE)
        if part.is_new(preview):
            part.member(f"preview {number}", preview)


def _recognise(content: bytes, part: OpenPart) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are checked here, and of odd tags
            _recognise_frames(content, part)
    except (OverrunError, MemoryError):
        raise
    except Image.DecompressionBombError:
        part.problem(Reason.TOO_LARGE, Detail.PIXELS)
    except Exception:  # noqa: BLE001 - pillow raises nearly anything on damaged files
        part.problem(Reason.CORRUPT, Detail.DAMAGED)


def _recognise_frames(content: bytes, part: OpenPart) -> None:
    picture = _opened(content, 1)
    # Further pictures of one JPEG (a preview, another exposure) stand behind its end and are read as what they are.
    many = picture.format not in ("JPEG", _OF_SEVERAL) and getattr(picture, "is_animated", False)
    for number in range(1, part.limits.pages + 1):
        place = (PlaceKind.PAGE, number) if many else (PlaceKind.TEXT, None)
        must = picture.width >= _SMALL_WIDTH and picture.height >= _SMALL_HEIGHT
        if not ocr.may_look(part, *place, must=must):
            return
        if not ocr.take_pixels(part, picture.width * picture.height):
            return
        try:
            picture.load()
        except (OSError, SyntaxError, ValueError):
            if must:
                part.problem(Reason.CORRUPT, Detail.SALVAGED)
            picture = _salvaged(content, number)
        pieces = (strip for grey in _grey(picture) for strip in _strips(grey))
        silent = [ocr.look(one, part, *place, must=must, enlarged=_at_reading_size, is_piece=True) for one in pieces]
        if all(silent):
            part.mark(MarkKind.NO_WORDS, *place)
        if not many or not _has_next(picture, number):
            return
    part.problem(Reason.TOO_LARGE, Detail.PAGES)


def _opened(content: bytes, number: int) -> Image.Image:
    """Return frame *number*, not decoded yet.  A large JPEG will be decoded at a half or less of its size."""
    picture: Image.Image = Image.open(io.BytesIO(content), formats=_FORMATS)
    if number > 1:
        picture.seek(number - 1)
    scale = (picture.width * picture.height / _MOST_PIXELS) ** 0.5
    if picture.format in ("JPEG", _OF_SEVERAL) and scale > 1:
        picture.draft("L", (int(picture.width / scale), int(picture.height / scale)))
    return picture


def _salvaged(content: bytes, number: int) -> Image.Image:
    """Return what there is of a damaged frame, as viewers show it."""
    lenient, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        picture = _opened(content, number)
        picture.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    return picture


def _has_next(picture: Image.Image, number: int) -> bool:
    try:
        picture.seek(number)
    except EOFError:
        return False
    return True


# -- from what was decoded to what can be read ----------------------------------------------------------------------


def _grey(picture: Image.Image) -> Iterator[Image.Image]:
    """Yield the picture in grey, the right way up: once, or on white and on black where parts are transparent."""
    with contextlib.suppress(Exception):  # the orientation is a stranger's EXIF; without it the picture is as it is
        picture = ImageOps.exif_transpose(picture)
    alpha = _alpha(picture)
    grey = _undistorted(_plain_grey(picture), picture)
    if alpha is None:
        yield grey
        return
    alpha = _undistorted(alpha, picture)
    flattened = [Image.composite(grey, Image.new("L", grey.size, shade), alpha) for shade in (255, 0)]
    # White text on nothing shows on black alone; where one of them is blank, the other has all there is.
    yield from [one for one in flattened if not _is_flat(one)] or flattened[:1]


def _alpha(picture: Image.Image) -> Image.Image | None:
    """Return how opaque the picture is where, or None where it is opaque but for its corners."""
    if picture.mode not in ("RGBA", "LA", "PA", "RGBa", "La") and "transparency" not in picture.info:
        return None
    alpha = picture.convert("RGBA").getchannel("A")
    opaque = sum(alpha.histogram()[250:])
    return alpha if opaque < 0.98 * picture.width * picture.height else None


def _plain_grey(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        # 16 and more bits, of which a file may use a few only: spread what is there over 8.
        whole = picture.convert("F")
        least, most = _extremes(whole)
        scale = 255.0 / (most - least) if most > least else 0.0
        return whole.point(lambda level: level * scale - least * scale).convert("L")
    if "transparency" in picture.info or picture.mode in ("PA", "RGBa", "La"):
        picture = picture.convert("RGBA").convert("RGB")
    return picture.convert("L")


def _undistorted(grey: Image.Image, picture: Image.Image) -> Image.Image:
    """Stretch what has more dots an inch one way than the other."""
    try:
        across, down = (float(dots) for dots in picture.info["dpi"])
        distortion = across / down
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return grey
    if _LEAST_DISTORTION < distortion < _MOST_DISTORTION:
        return grey.resize((grey.width, int(grey.height * distortion)), Image.Resampling.BICUBIC)
    if _LEAST_DISTORTION < 1 / distortion < _MOST_DISTORTION:
        return grey.resize((int(grey.width / distortion), grey.height), Image.Resampling.BICUBIC)
    return grey


def _is_flat(grey: Image.Image) -> bool:
    least, most = _extremes(grey)
    return most - least < _FLAT


def _extremes(one_channel: Image.Image) -> tuple[float, float]:
    least, most = cast("tuple[float, float]", one_channel.getextrema())
    return least, most


def _strips(grey: Image.Image) -> Iterator[Image.Image]:
    """Yield the picture, or its pieces along the long side, each overlapping the one before."""
    short, long = sorted(grey.size)
    if long <= max(_LONG * short, _LONGEST_SIDE):
        yield grey
        return
    is_tall = grey.height == long
    overlap = int((_OVERLAP_DOWN if is_tall else _OVERLAP_ALONG) * short)
    step = max(_LONG * short, _PIECE // short)
    for start in range(0, long, step):
        first, last = max(0, start - overlap), min(long, start + step)
        yield grey.crop((0, first, short, last) if is_tall else (first, 0, last, short))


def _at_reading_size(grey: Image.Image) -> Image.Image:
    pixels = grey.width * grey.height
    scale = min(2.0, (_MOST_PIXELS / pixels) ** 0.5)
    if scale > 1 and min(grey.size) >= _SCREEN:
        return grey
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    return grey.resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.LANCZOS)
