# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in all formats and conditions: decoded within limits, held the right way, and never silently passed over."""

import base64
import gzip
import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image, ImageChops

from safehold.model import Demand, PlaceKind, Visibility
from safehold.reading.limits import Limits
from safehold.reading.pictures import images, ocr

OCR = Demand(ocr=True)
LINES = "Ms Quill has moved to\n12 Acacia Road, Ashford\nand asks for her letters"
WANTED = "12 Acacia Road, Ashford"


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def recognised(read) -> str:
    return " ".join(
        " ".join(segment.text.split()) for segment in read.reading.segments if segment.visibility is Visibility.OCR
    )


def zipped(name: str, text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, text)
    return out.getvalue()


@pytest.fixture(scope="module")
def page(written):
    return written(LINES, size=28)


# -- formats ------------------------------------------------------------------------------------------------------


def with_palette(page: Image.Image) -> Image.Image:
    return page.convert("RGB").quantize(16)


def with_transparent_palette(page: Image.Image) -> Image.Image:
    picture = with_palette(page)
    picture.info["transparency"] = picture.getpixel((0, 0))  # the paper, so that the words stand on nothing
    return picture


def with_16_bits(page: Image.Image) -> Image.Image:
    return page.convert("I").point(lambda level: level * 16).convert("I;16")  # 12 of its 16 bits in use


def on_nothing(ink: int):
    def make(page: Image.Image) -> Image.Image:
        colour = Image.new("L", page.size, ink)
        return Image.merge("RGBA", (colour, colour, colour, ImageChops.invert(page)))

    return make


@pytest.mark.parametrize(
    ("name", "make", "kind", "options"),
    [
        pytest.param("a.png", lambda page: page, "PNG", {}, id="PNG"),
        pytest.param("a.jpg", lambda page: page.convert("RGB"), "JPEG", {"quality": 40}, id="JPEG"),
        pytest.param("a.jpg", lambda page: page.convert("CMYK"), "JPEG", {}, id="JPEG in CMYK"),
        pytest.param("a.gif", with_palette, "GIF", {}, id="GIF"),
        pytest.param("a.bmp", lambda page: page.convert("RGB"), "BMP", {}, id="BMP"),
        pytest.param("a.webp", lambda page: page.convert("RGB"), "WEBP", {}, id="WebP"),
        pytest.param("a.jp2", lambda page: page.convert("RGB"), "JPEG2000", {}, id="JPEG 2000"),
        pytest.param("a.tif", lambda page: page, "TIFF", {"compression": "tiff_lzw"}, id="TIFF"),
        pytest.param("a.tif", lambda page: page.convert("1"), "TIFF", {"compression": "group4"}, id="TIFF, 1 bit, G4"),
        pytest.param("a.tif", with_16_bits, "TIFF", {}, id="TIFF, 16 bits"),
        pytest.param("a.png", with_16_bits, "PNG", {}, id="PNG, 16 bits"),
        pytest.param("a.png", with_palette, "PNG", {}, id="PNG with a palette"),
        pytest.param("a.png", with_transparent_palette, "PNG", {}, id="PNG with a transparent colour"),
        pytest.param("a.png", on_nothing(0), "PNG", {}, id="black on nothing"),
        pytest.param("a.png", on_nothing(255), "PNG", {}, id="white on nothing"),
        pytest.param("a.png", lambda page: on_nothing(255)(page).convert("LA"), "PNG", {}, id="white on nothing, grey"),
        pytest.param("a.png", ImageChops.invert, "PNG", {}, id="white on black"),
    ],
)  # fmt: skip
def test_every_format_is_read(read_here, page, name, make, kind, options):
    read = read_here(saved(make(page), kind, **options), name, demand=OCR)

    assert WANTED in recognised(read)
    assert read.problems == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_any_way_is_turned_back(read_here, page, orientation):
    turned = {
        1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270],
    }[orientation]  # fmt: skip
    picture = page
    for turn in turned:
        picture = picture.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_here(saved(picture, "JPEG", exif=exif), "a.jpg", demand=OCR)

    assert WANTED in recognised(read)


def test_each_page_of_a_fax_is_a_place(read_here, written):
    pages = [written(f"this is page {word}\n{LINES}", size=28) for word in ("one", "two", "three")]
    content = saved(pages[0].convert("1"), "TIFF", save_all=True, append_images=[p.convert("1") for p in pages[1:]],
                    compression="group4")  # fmt: skip
    read = read_here(content, "a.tif", demand=OCR)

    places = {s.place.number: s.text for s in read.reading.segments if s.place.kind is PlaceKind.PAGE}
    assert sorted(places) == [1, 2, 3]
    assert "page two" in places[2]


def test_a_fax_of_half_the_lines_is_stretched(read_here, page):
    squeezed = page.resize((page.width, page.height // 2), Image.Resampling.BOX)
    read = read_here(saved(squeezed, "TIFF", dpi=(204, 98)), "a.tif", demand=OCR)

    assert WANTED in recognised(read)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_every_frame_of_an_animation_is_read(read_here, written, page, kind):
    frames = [written("nothing here yet", size=28, picture=page.size), page]
    frames = [frame.convert("RGB") for frame in frames]
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    read = read_here(content, f"a.{kind.lower()}", demand=OCR)

    assert WANTED in recognised(read)
    assert "nothing here" in recognised(read)


def test_a_conversation_of_many_screens_is_cut_and_read_to_its_end(read_here, written, monkeypatch):
    monkeypatch.setattr(images, "_LONGEST_SIDE", 900)
    monkeypatch.setattr(images, "_PIECE", 0)
    lines = [f"message number {number} of ours" for number in range(32)]
    lines[20] = WANTED
    long = written("\n".join(lines), size=22, picture=(330, 1100))
    read = read_here(saved(long, "PNG"), "a.png", demand=OCR)

    assert WANTED in recognised(read)
    assert "message number 0 " in recognised(read)
    assert "message number 31 " in recognised(read)


def test_a_line_along_a_wide_picture_is_read_whole(read_here, written):
    wide = written(WANTED + ", behind the church", size=120, picture=(5_200, 360))
    read = read_here(saved(wide, "PNG"), "a.png", demand=OCR)

    assert WANTED in recognised(read)
    assert read.marks == set()


def test_words_at_a_seam_are_read(read_here, written, monkeypatch):
    monkeypatch.setattr(images, "_PIECE", 0)
    wide = written(f"{' ' * 38}Ms Quill of Acacia Road is here", size=60, picture=(3_200, 250))
    read = read_here(saved(wide, "PNG"), "a.png", demand=OCR)

    assert {"Quill", "Acacia", "Road"} <= set(recognised(read).split())
    assert read.marks == set()


def test_a_large_photograph_is_decoded_at_a_part_of_its_size(read_here, page, monkeypatch):
    sizes = []
    monkeypatch.setattr(ocr, "recognise", lambda picture, _: sizes.append(picture.size) or ocr.Recognised("words"))
    photograph = page.resize((8000, 6000)).convert("RGB")  # 48 megapixels, as telephones make them
    read = read_here(saved(photograph, "JPEG"), "a.jpg", demand=OCR)

    assert read.problems == []
    assert sizes[0][0] * sizes[0][1] <= 2480 * 3508 * 1.01


# -- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg"), ("TIFF", "a.tif")])
def test_of_a_truncated_picture_what_is_there_is_read(read_here, written, kind, name):
    """Viewers show the upper part, so that is what somebody could read."""
    page = written(f"{LINES}\n" + "\n".join(["the rest of the letter is not here"] * 12), size=28)
    content = saved(page, kind, **({"compression": "raw"} if kind == "TIFF" else {}))
    read = read_here(content[: int(len(content) * 0.6)], name, demand=OCR)

    assert "corrupt" in read.reasons
    assert kind == "TIFF" or WANTED in recognised(read)


@pytest.mark.parametrize("keep", [9, 20, 40, 100])
@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg"), ("GIF", "a.gif"), ("WEBP", "a.webp")])
def test_the_beginning_of_a_picture_alone_is_damaged(read_here, page, kind, name, keep):
    read = read_here(saved(page.convert("RGB"), kind)[:keep], name, demand=OCR)

    assert read.reasons & {"corrupt", "unsupported"}


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises that much, and which has next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (9_000, 9_000), (2**31 - 1, 1_000)])
def test_a_bomb_is_not_decoded(read_here, monkeypatch, size):
    monkeypatch.setattr(images, "_grey", lambda _: pytest.fail("decoded"))
    read = read_here(png_of(*size), "a.png", demand=OCR)

    assert read.reasons <= {"too_large", "corrupt"}
    assert read.problems


@pytest.mark.parametrize(("kind", "name"), [("GIF", "a.gif"), ("TIFF", "a.tif"), ("PNG", "a.png")])
def test_a_thousand_frames_end_at_a_limit_and_are_said(read_here, monkeypatch, kind, name):
    calls = []
    monkeypatch.setattr(ocr, "recognise", lambda *_: calls.append(1) or ocr.Recognised("words"))
    frames = [Image.new("L", (220, 90), 0) for _ in range(1000)]
    for number, frame in enumerate(frames):
        frame.putpixel((number % 220, number // 220), 255)
    read = read_here(saved(frames[0], kind, save_all=True, append_images=frames[1:]), name, demand=OCR)

    assert read.reasons & {"no_text", "too_large"}
    assert len(calls) <= 200


def test_many_large_frames_are_not_decoded_without_end(read_here, monkeypatch):
    monkeypatch.setattr(ocr, "recognise", lambda *_: ocr.Recognised("words"))
    frames = [Image.new("1", (1000, 1000), number % 2) for number in range(30)]
    content = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="group4")
    read = read_here(content, "a.tif", demand=OCR, limits=Limits(ocr_pages=4, picture_pixels=1_100_000))

    assert read.problems == [("a.tif", "too_large")]


def test_hostile_exif_neither_stops_the_picture_nor_is_lost(read_here, page):
    exif = Image.Exif()
    exif[0x0112] = 9999
    exif[0x010E] = "sent from 9 Hidden Lane\x00\n../../%s%n" * 30
    exif[0x9286] = b"UNICODE\x00" + "comment about Quill".encode("utf-16-le")
    read = read_here(saved(page, "JPEG", exif=exif), "a.jpg", demand=OCR)

    assert WANTED in recognised(read)
    assert "9 Hidden Lane" in "\n".join(read.texts(PlaceKind.METADATA))
    assert "comment about Quill" in "\n".join(read.texts(PlaceKind.METADATA))
    assert read.problems == []


def test_what_nobody_here_can_decode_is_unsupported_whoever_asks(read_here):
    packet = b"<x:xmpmeta><a>Loose Words</a></x:xmpmeta>"
    heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + packet + bytes(400)

    assert read_here(heic, "a.heic", demand=OCR).problems == [("a.heic", "unsupported")]
    assert read_here(heic, "a.heic").problems == [("a.heic", "unsupported")]
    assert read_here(heic, "a.heic").marks == {"no_ocr"}
    assert "Loose Words" in "\n".join(read_here(heic, "a.heic").texts(PlaceKind.METADATA))


def test_a_decoder_that_fails_in_any_way_is_a_problem(read_here, page, monkeypatch):
    def fail(*_):
        raise KeyError("text of the message")

    monkeypatch.setattr(images, "_grey", fail)

    assert read_here(saved(page, "PNG"), "a.png", demand=OCR).problems == [("a.png", "corrupt")]


# -- what stands behind a picture -----------------------------------------------------------------------------------


@pytest.mark.parametrize("demand", [Demand(), OCR])
@pytest.mark.parametrize(
    ("kind", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png"), ("GIF", "a.gif"), ("BMP", "a.bmp"), ("WEBP", "a.webp"),
                       ("TIFF", "a.tif")],
)  # fmt: skip
def test_an_archive_behind_a_picture_is_opened(read_here, page, kind, name, demand):
    content = saved(page.convert("RGB"), kind) + zipped("inner.txt", "the words inside the archive")
    read = read_here(content, name, demand=demand)

    assert "the words inside the archive" in read.text
    assert "appended" in read.marks
    assert read.problems == []


def test_text_behind_a_picture_is_read_as_hidden(read_here, page):
    read = read_here(saved(page, "PNG") + b"\n\nshe lives at 9 Hidden Lane now\n", "a.png")

    assert read.texts(PlaceKind.METADATA, Visibility.HIDDEN) == ["she lives at 9 Hidden Lane now"]
    assert "appended" in read.marks


def test_a_picture_behind_a_picture_is_recognised(read_here, written, page):
    read = read_here(saved(written("a holiday", size=40), "JPEG") + saved(page, "JPEG"), "a.jpg", demand=OCR)

    assert WANTED in recognised(read)


PACKED_MAIL = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n"


@pytest.mark.parametrize("kind", ["TIFF", "ICO"])
@pytest.mark.parametrize("headers", [PACKED_MAIL, b""])
def test_what_is_packed_as_mail_packs_it_behind_a_picture_is_read(read_here, page, kind, headers):
    behind = headers + base64.encodebytes(f"{LINES}\n".encode() * 3)
    read = read_here(saved(page.resize((64, 64)), kind) + behind, "a.pic")

    assert WANTED in read.text


def test_a_file_inside_a_scan_is_opened_with_something_behind_it_too(read_here, page):
    inside = gzip.compress(b"the words inside", mtime=0)
    made = saved(page, "TIFF", tiffinfo={65_000: inside + bytes(200)}) + b"\n\nwords behind the picture"
    read = read_here(made, "a.tif")

    assert "the words inside" in read.text
    assert "words behind the picture" in read.text


def test_a_long_text_behind_a_picture_is_read_to_its_end(read_here, page):
    long = b"nothing of note on this line\n" * 9_000 + b"12 Acacia Road, Ashford"
    for rest in (long, long + zipped("a.txt", "x")):
        assert WANTED in read_here(saved(page, "PNG") + rest, "a.png").text

    read = read_here(saved(page, "PNG") + long + zipped("a.txt", "x"), "a.png", Limits(part_characters=50_000))
    assert "too_large" in read.reasons


@pytest.mark.parametrize("padding", [b"", bytes(4096), b"\r\n", b"\xff" * 300])
def test_padding_is_nothing(read_here, page, padding):
    read = read_here(saved(page, "JPEG") + padding, "a.jpg")

    assert read.marks == {"no_ocr"}
