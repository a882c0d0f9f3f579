# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures inside pictures: found wherever they stand, read as pictures, and compared with what they are of."""

import base64
import io

import pytest
from PIL import Image

from safehold.model import Demand, Visibility
from safehold.reading.pictures import previews

OCR = Demand(ocr=True)
WANTED = "12 Acacia Road, Ashford"


def saved(picture, kind="JPEG", **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def segment(kind: int, data: bytes) -> bytes:
    return b"\xff" + bytes([kind]) + (len(data) + 2).to_bytes(2) + data


def exif(preview: bytes, maker_note: bytes = b"") -> bytes:
    """A directory without anything, then one with a preview; or a note of the maker with it."""
    made = Image.Exif()
    if maker_note:
        made.get_ifd(34665)[37500] = maker_note
        return made.tobytes()
    entries = ((259, 3, 6), (513, 4, 0), (514, 4, len(preview)))
    start = 8 + 2 + 4 + 2 + 12 * len(entries) + 4
    body = b"II*\x00\x08\x00\x00\x00" + bytes(2) + (14).to_bytes(4, "little") + len(entries).to_bytes(2, "little")
    for tag, kind, value in entries:
        value = start if tag == 513 else value
        body += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + (1).to_bytes(4, "little")
        body += value.to_bytes(4, "little")
    return b"Exif\x00\x00" + body + bytes(4) + preview


def resource(kind: int, preview: bytes) -> bytes:
    data = bytes(28) + preview
    return b"Photoshop 3.0\x008BIM" + kind.to_bytes(2) + bytes(2) + len(data).to_bytes(4) + data


def in_jpeg(*segments: bytes):
    def make(large, _):
        made = saved(large)
        return made[:2] + b"".join(segments) + made[2:]

    return make


def in_xmp(preview: bytes) -> bytes:
    lines = base64.encodebytes(preview).replace(b"\n", b"&#xA;")
    return b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta><xmpGImg:image>" + lines + b"</xmpGImg:image></x:xmpmeta>"


def jfif(large, small):
    made = saved(large)
    small = small.convert("RGB").resize((140, 30))
    app0 = segment(0xE0, made[6:18] + bytes(small.size) + small.tobytes())
    return made[:2] + app0 + made[20:]


PLACES = {
    "EXIF": lambda large, small: in_jpeg(segment(0xE1, exif(small)))(large, small),
    "a note of the maker": lambda large, small: in_jpeg(segment(0xE1, exif(b"", b"Maker\x00" + small)))(large, small),
    "Photoshop": lambda large, small: in_jpeg(segment(0xED, resource(0x040C, small)))(large, small),
    "old Photoshop": lambda large, small: in_jpeg(segment(0xED, resource(0x0409, small)))(large, small),
    "JFXX": lambda large, small: in_jpeg(segment(0xE0, b"JFXX\x00\x10" + small))(large, small),
    "XMP": lambda large, small: in_jpeg(segment(0xE1, in_xmp(small)))(large, small),
    "PNG": lambda large, small: saved(large, "PNG", exif=exif(small)),
    "WebP": lambda large, small: saved(large, "WEBP", exif=exif(small)),
}


@pytest.fixture(scope="module")
def small(written):
    return saved(written(f"Ms Quill has moved to\n{WANTED}", size=18), quality=60)


@pytest.fixture(scope="module")
def large(written):
    return written("a holiday by the sea", size=40).convert("RGB")


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_preview_is_recognised_as_a_picture(read_here, place, large, small):
    read = read_here(place(large, small), "a.jpg", demand=OCR)

    said = [" ".join(s.text.split()) for s in read.reading.segments if s.visibility is Visibility.OCR]
    assert any(WANTED in text for text in said)
    assert read.problems == []


def test_pixels_of_jfif_are_a_preview(large, written):
    found = list(previews.previews(jfif(large, written("words")), 10**9))

    assert [Image.open(io.BytesIO(one)).size for one in found] == [(140, 30)]


@pytest.mark.parametrize(
    ("shape", "is_cropped"), [((150, 100), False), ((100, 150), False), ((100, 100), True), ((160, 120), False)]
)
def test_a_preview_of_another_shape_tells_of_a_picture_that_was_cropped(read_here, shape, is_cropped):
    made = in_jpeg(segment(0xE1, exif(saved(Image.new("RGB", shape, "white")))))(Image.new("RGB", (600, 400)), b"")

    assert ("cropped_image" in read_here(made, "a.jpg").marks) is is_cropped


def test_a_strip_of_a_scan_is_no_preview(read_here):
    scan = saved(Image.effect_noise((90, 70), 80), "TIFF", compression="jpeg")

    assert len(read_here(scan, "a.tif").reading.parts) == 1


def test_ten_previews_are_enough(small):
    content = b"\xff\xd8" + small * 50 + b"\xff\xd8\xff\xe0" * 100_000

    assert len(list(previews.previews(content, len(content)))) == 10
