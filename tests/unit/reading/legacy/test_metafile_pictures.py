# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in drawings of Windows: in every record that has one, found, made a file of, and recognised."""

import io
import struct
import zipfile

import pytest
from PIL import Image

from canaries.cfb import compound
from safehold.model import Demand, PlaceKind, Visibility
from safehold.reading.legacy import metafile_pictures

OCR = Demand(ocr=True)
LINES = "Ms Quill has moved to\n12 Acacia Road, Ashford\nand asks for her letters"
WANTED = "12 Acacia Road, Ashford"


def saved(picture, kind):
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def emf(*records: bytes) -> bytes:
    head = bytearray(88)
    struct.pack_into("<II", head, 0, 1, len(head))
    head[40:44] = b" EMF"
    return bytes(head) + b"".join(records)


def record(kind: int, raw: bytes) -> bytes:
    raw += bytes(-len(raw) % 4)
    return struct.pack("<II", kind, 8 + len(raw)) + raw


def halves(picture) -> tuple[bytes, bytes]:
    """Header with colours, and rows, as a bitmap has them."""
    file = saved(picture, "BMP")
    start = int.from_bytes(file[10:14], "little")
    return file[14:start], file[start:]


def carried(kind: int, numbers_at: int, picture, box=()) -> bytes:
    """A record with a picture, whose places stand at *numbers_at*; *box*: other numbers by their places."""
    header, rows = picture if isinstance(picture, tuple) else halves(picture)
    raw = bytearray(160)
    struct.pack_into("<IIII", raw, numbers_at - 8, 168, len(header), 168 + len(header), len(rows))
    for at, number in dict(box).items():
        struct.pack_into("<i", raw, at - 8, number)
    return record(kind, bytes(raw) + header + rows)


def plus(kind: int, flags: int, raw: bytes) -> bytes:
    inner = struct.pack("<HHII", kind, flags, 12 + len(raw), len(raw)) + raw
    return record(70, struct.pack("<I", 4 + len(inner)) + b"EMF+" + inner)


def wmf(*records: tuple[int, bytes]) -> bytes:
    body = b"".join(
        struct.pack("<IH", (6 + len(raw) + 1) // 2, kind) + raw + bytes(len(raw) % 2) for kind, raw in records
    )
    return b"\x01\x00\x09\x00\x00\x03" + bytes(12) + body + struct.pack("<IH", 3, 0)


def bitmap16(picture) -> bytes:
    one = picture.convert("1")
    stride = (one.width + 15) // 16 * 2
    rows = one.tobytes()
    wide = (one.width + 7) // 8
    rows = b"".join(rows[at : at + wide].ljust(stride, b"\0") for at in range(0, len(rows), wide))
    return struct.pack("<HHHHBB", 0, one.width, one.height, stride, 1, 1) + rows


def chunks(drawing: bytes) -> list[tuple[int, bytes]]:
    """A drawing as EMF inside one as WMF, in pieces."""
    made = []
    for at in range(0, len(drawing), 8_000):
        piece = drawing[at : at + 8_000]
        head = b"WMFC" + struct.pack("<IIHIIIII", 1, 0x10000, 0, 0, 9, len(piece), 0, len(drawing))
        made.append((0x0626, struct.pack("<HH", 15, len(head) + len(piece)) + head + piece))
    return made


def bitmap_of_plus(picture) -> bytes:
    rgb = picture.convert("RGBA")
    head = struct.pack("<IIiiiII", 0xDBC01002, 1, rgb.width, rgb.height, 4 * rgb.width, 0x26200A, 0)
    return head + rgb.tobytes("raw", "BGRA")


def packed_by_plus(picture) -> bytes:
    return struct.pack("<IIiiiII", 0xDBC01002, 1, 0, 0, 0, 0, 1) + saved(picture, "PNG")


def in_two(raw: bytes) -> bytes:
    half, size = len(raw) // 2, struct.pack("<I", len(raw))
    return plus(0x4008, 0x8500, size + raw[:half]) + plus(0x4008, 0x0500, raw[half:])


def old_header(picture) -> tuple[bytes, bytes]:
    """The header of OS/2, without any but the size and the depth."""
    header, rows = halves(picture.convert("RGB"))
    width, height = struct.unpack_from("<ii", header, 4)
    return struct.pack("<IHHHH", 12, width, height, 1, 24), rows


def packed(picture) -> bytes:
    return b"".join(halves(picture))


def as_png(picture) -> tuple[bytes, bytes]:
    header, _ = halves(picture)
    return header[:16] + struct.pack("<I", 5) + header[20:40], saved(picture, "PNG")


CARRIERS = {
    "BITBLT": lambda p: emf(carried(76, 84, p)),
    "STRETCHBLT": lambda p: emf(carried(77, 84, p)),
    "MASKBLT": lambda p: emf(carried(78, 84, p)),
    "mask of MASKBLT": lambda p: emf(carried(78, 104, p)),
    "PLGBLT": lambda p: emf(carried(79, 96, p)),
    "SETDIBITSTODEVICE": lambda p: emf(carried(80, 48, p)),
    "STRETCHDIBITS": lambda p: emf(carried(81, 48, p)),
    "ALPHABLEND": lambda p: emf(carried(114, 84, p)),
    "TRANSPARENTBLT": lambda p: emf(carried(116, 84, p)),
    "a pattern to paint with": lambda p: emf(carried(94, 16, p)),
    "8 bits": lambda p: emf(carried(81, 48, p.quantize(8))),
    "1 bit": lambda p: emf(carried(81, 48, p.convert("1"))),
    "24 bits": lambda p: emf(carried(81, 48, p.convert("RGB"))),
    "OS/2": lambda p: emf(carried(81, 48, old_header(p))),
    "PNG as rows": lambda p: emf(carried(81, 48, as_png(p))),
    "colours by number": lambda p: emf(carried(81, 48, p, {64: 1})),
    "a comment": lambda p: emf(record(70, struct.pack("<I", 9) + b"own data " + saved(p, "PNG"))),
    "behind the end": lambda p: emf(record(14, bytes(12))) + saved(p, "PNG"),
    "bitmap of EMF+": lambda p: emf(plus(0x4008, 0x0500, bitmap_of_plus(p))),
    "packed in EMF+": lambda p: emf(plus(0x4008, 0x0500, packed_by_plus(p))),
    "EMF+ in two pieces": lambda p: emf(in_two(packed_by_plus(p))),
    "texture of EMF+": lambda p: emf(
        plus(0x4008, 0x0100, struct.pack("<IIII", 0xDBC01002, 2, 0, 0) + packed_by_plus(p))
    ),
    "drawing in EMF+": lambda p: emf(
        plus(0x4008, 0x0500, struct.pack("<IIII", 0xDBC01002, 2, 3, 1 << 30) + emf(carried(81, 48, p)))
    ),
    "WMF in a comment": lambda p: emf(
        record(70, struct.pack("<I", 1 << 30) + b"GDIC\x01\0\0\x80" + bytes(16) + wmf((0x0B41, bytes(20) + packed(p))))
    ),
    "DIBBITBLT": lambda p: wmf((0x0940, bytes(16) + packed(p))),
    "DIBSTRETCHBLT": lambda p: wmf((0x0B41, bytes(20) + packed(p))),
    "STRETCHDIB": lambda p: wmf((0x0F43, bytes(22) + packed(p))),
    "SETDIBTODEV": lambda p: wmf((0x0D33, bytes(18) + packed(p))),
    "DIBCREATEPATTERNBRUSH": lambda p: wmf((0x0142, bytes(4) + packed(p))),
    "BITBLT of WMF": lambda p: wmf((0x0922, bytes(16) + bitmap16(p))),
    "EMF in pieces": lambda p: wmf(*chunks(emf(carried(81, 48, p)))),
}  # fmt: skip


def recognised(read) -> str:
    return " ".join(" ".join(s.text.split()) for s in read.reading.segments if s.visibility is Visibility.OCR)


@pytest.fixture(scope="module")
def page(written):
    return written(LINES, size=28)


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS.keys())
def test_a_picture_in_a_drawing_is_recognised(read_here, page, carrier):
    read = read_here(carrier(page), "a.emf", demand=OCR)

    assert WANTED in recognised(read)
    assert read.problems == []


def presented(page, kind: int) -> bytes:
    """A stream of how an object looked, as a bitmap."""
    dib = packed(page)
    return struct.pack("<IIIIIIIIII", 0xFFFFFFFF, kind, 4, 1, 0xFFFFFFFF, 2, 0, page.width, page.height, len(dib)) + dib


LOOKS = {
    "a drawing": lambda page: bytes(40) + emf(carried(81, 48, page)),
    "an old drawing": lambda page: bytes(40) + wmf((0x0F43, bytes(22) + packed(page))),
    "a bitmap": lambda page: presented(page, 8),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
@pytest.mark.parametrize("stream", ["\x02OlePres000", "\x03EPRINT"])
def test_a_picture_of_how_an_object_looked_is_recognised(read_here, page, look, stream):
    content = compound({"WordDocument": b"", "ObjectPool": {"_1": {stream: look(page)}}})
    read = read_here(content, "a.doc", demand=OCR)

    assert WANTED in recognised(read)


def test_a_bitmap_in_rich_text_is_recognised(read_here, page):
    read = read_here(b"{\\rtf1 {\\pict\\dibitmap0 " + packed(page).hex().encode() + b"}}", "a.rtf", demand=OCR)

    assert WANTED in recognised(read)


@pytest.mark.parametrize("from_below", [False, True])
@pytest.mark.parametrize("is_top_down", [False, True])
def test_a_picture_in_strips_is_joined(read_here, page, from_below, is_top_down):
    strips = []
    for top in range(0, page.height, 9):
        strip = page.crop((0, top, page.width, min(page.height, top + 9)))
        header, rows = halves(strip.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if is_top_down else strip)
        if is_top_down:
            header = header[:8] + struct.pack("<i", -strip.height) + header[12:]
        box = {24: 5, 28: 7 + top, 72: page.width, 76: strip.height}
        strips.append(carried(81, 48, (header, rows), box) + record(17, bytes(4)))
    read = read_here(emf(*(strips[::-1] if from_below else strips)), "a.emf", demand=OCR)

    assert WANTED in recognised(read)
    assert len(read.reading.parts) == 2


def test_pictures_too_small_for_words_are_no_parts(read_here):
    read = read_here(
        emf(*[carried(81, 48, Image.new("L", (8, 8), shade)) for shade in range(200)]), "a.emf", demand=OCR
    )

    assert len(read.reading.parts) == 1
    assert read.problems == []


def test_words_in_the_bytes_of_a_small_picture_are_read(read_here):
    header, rows = halves(Image.new("L", (8, 8)))
    words = b"Quillfeather of 12 Acacia Road".ljust(len(rows), b"\0")
    read = read_here(emf(carried(81, 48, (header, words))), "a.emf")

    assert "12 Acacia Road" in read.text


def test_slices_that_do_not_join_are_a_problem_for_who_asks(read_here, page):
    slices = [page.crop((0, top, page.width, top + 9)) for top in range(0, page.height - 9, 9)]
    drawing = emf(*(carried(81, 48, one, {24: 5, 28: 50 * at, 72: 9, 76: 9}) for at, one in enumerate(slices)))

    assert read_here(drawing, "a.emf", demand=OCR).reasons == {"unsupported"}
    assert read_here(drawing, "a.emf").problems == []


@pytest.mark.parametrize("start", [b"\x01\x00\x09\x00\x00\x01", b"\x02\x00\x09\x00\x00\x03"])
def test_old_drawings_of_every_kind_are_known(read_here, page, start):
    read = read_here(start + wmf((0x0B41, bytes(20) + packed(page)))[6:], "a.wmf", demand=OCR)

    assert WANTED in recognised(read)


def test_an_archive_behind_a_drawing_is_opened(read_here):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "the words inside the archive " * 9)

    assert "the words inside" in read_here(emf(record(14, bytes(12))) + out.getvalue(), "a.emf").text


def test_without_asking_a_picture_is_a_mark(read_here, page):
    read = read_here(emf(carried(81, 48, page)), "a.emf")

    assert [part.media_type for part in read.reading.parts] == ["image/x-metafile", "image/bmp"]
    assert read.marks == {"no_ocr"}
    assert read.problems == []


@pytest.mark.parametrize(
    "drawing",
    [
        emf(carried(81, 48, (struct.pack("<IiiHH", 99, 500, 500, 1, 24) + bytes(24), b"\x12\x34" * 900))),
        emf(plus(0x4008, 0x0500, struct.pack("<IIiiiII", 0xDBC01002, 1, 500, 500, 2000, 0x77, 0) + bytes(900))),
        emf(plus(0x4008, 0x8500, struct.pack("<I", 99_999) + b"\x12\x34" * 900)),
        wmf((0x0B41, bytes(20) + b"\x63" + bytes(900))),
    ],
    ids=["EMF", "EMF+", "EMF+, not finished", "WMF"],
)
def test_a_picture_of_which_no_file_can_be_made_is_a_problem_for_who_asks(read_here, drawing):
    assert read_here(drawing, "a.emf", demand=OCR).reasons == {"unsupported"}
    assert read_here(drawing, "a.emf").problems == []


@pytest.mark.parametrize("number", [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_numbers_that_lie_cost_nothing(number):
    header = struct.pack("<IIIHHI", 40, number, number, 1, 24, 0) + bytes(20)
    four = struct.pack("<IIII", number, number, number, number)
    drawing = emf(
        carried(81, 48, (header, bytes(64))) * 2, record(81, four * 20), record(78, four * 40),
        plus(0x4008, 0x0500, four * 4),
        plus(0x4008, 0x0500, struct.pack("<IIIIIII", 1, 1, number, 9, number, 0x21808, 0)),
    ) + wmf((0x0922, four * 9))  # fmt: skip

    assert sum(len(found.content or b"") for found in metafile_pictures.pictures(drawing)) < 4 * len(drawing)


def test_words_in_a_record_that_draws_nothing_are_read(read_here):
    hidden = "Ms Quill of 12 Acacia Road"
    for drawing in (emf(record(33, bytes(40) + hidden.encode())), wmf((0x0209, hidden.encode()))):
        read = read_here(drawing, "a.emf")

        assert any(hidden in text for text in read.texts(PlaceKind.METADATA, Visibility.HIDDEN))


def test_what_only_begins_like_a_drawing_is_read_and_said(read_here):
    words = b"\x01\x00\x09\x00\x00\x03 Ms Quill has moved to 12 Acacia Road"
    read = read_here(words, "a.wmf")
    assert "12 Acacia Road" in read.text

    read = read_here(b"\x01\x00\x09\x00\x00\x03" + bytes(12) + bytes(range(1, 200)) * 9, "a.wmf")
    assert read.reasons & {"unsupported", "corrupt"}


def test_a_drawing_that_is_cut_off_is_a_problem(read_here, page):
    assert read_here(emf(carried(81, 48, page))[:-50], "a.emf").reasons == {"corrupt"}


def test_letters_by_their_numbers_are_read_and_doubted(read_here):
    numbers = struct.pack("<12H", *(ord(letter) - 29 for letter in "Quillfeather"))
    text = record(84, bytes(28) + struct.pack("<IIIII", 0, 0, 12, 76, 0x10) + bytes(20) + numbers)
    read = read_here(emf(text), "a.emf")

    assert "Quillfeather" in read.texts(PlaceKind.TEXT)
    assert read.reasons == {"no_text"}
