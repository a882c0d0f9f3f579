# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text in a picture file that is not its pixels, and nothing that stops us."""

import io
import random
import re
import struct
import zlib

import pytest
from PIL import Image

import canaries
from safehold.reading.pictures.image_metadata import image_metadata, words_of_xmp

XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>'
    b'<rdf:Description photoshop:City="Xmp Attribute"><dc:title>Xmp &amp; Element</dc:title></rdf:Description>'
    b'</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def iptc(*texts: bytes) -> bytes:
    return b"".join(b"\x1c\x02\x78" + len(text).to_bytes(2, "big") + text for text in texts)


def resource(kind: int, data: bytes, name: bytes = b"") -> bytes:
    padded = bytes([len(name)]) + name
    padded += b"\x00" * (len(padded) % 2)
    return b"8BIM" + kind.to_bytes(2, "big") + padded + len(data).to_bytes(4, "big") + data + b"\x00" * (len(data) % 2)


def exif() -> bytes:
    made = Image.Exif()
    made[270] = "Exif Description"
    made[315] = "Exif Artist"
    made[40092] = "Windows Comment".encode("utf-16-le")
    inner = made.get_ifd(34665)
    inner[37510] = b"UNICODE\x00" + "User Comment".encode("utf-16-le")
    gps = made.get_ifd(34853)
    gps[1], gps[2] = "N", (51.0, 30.0, 27.0)
    gps[3], gps[4] = "W", (0.0, 7.0, 40.2)
    return made.tobytes()


def picture(kind: str, **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, kind, **options)
    return out.getvalue()


def jpeg(*segments: tuple[int, bytes], behind: bytes = b"") -> bytes:
    made = picture("JPEG")
    extra = b"".join(b"\xff" + bytes([kind]) + (len(data) + 2).to_bytes(2, "big") + data for kind, data in segments)
    return made[:2] + extra + made[2:] + behind


def png(*chunks: tuple[bytes, bytes], behind: bytes = b"") -> bytes:
    made = picture("PNG")
    extra = b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big") for kind, data in chunks
    )
    return made[:33] + extra + made[33:] + behind


def found(content: bytes) -> str:
    return "\n".join(image_metadata(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_is_read_in_every_container(kind):
    text = found(picture(kind, exif=exif()))

    for words in ("Exif Description", "Exif Artist", "Windows Comment", "User Comment"):
        assert words in text
    assert "GPS 51.507500, -0.127833" in text
    assert "51°30'27.00\"N 0°7'40.20\"W" in text


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_xmp_elements_and_attributes_are_read(kind):
    text = found(picture(kind, xmp=XMP))

    assert "Xmp Attribute" in text
    assert "Xmp & Element" in text


def test_words_in_a_broken_tag_are_read():
    read = words_of_xmp(b"<a><b>one</b></CA (two)/RC (three)><c d='four'/><?xml version='1.0'?></a>")

    assert read.split("\n")[0] == "one"
    assert {"two", "three", "four"} <= set(re.findall(r"\w+", read))
    assert "version" not in read


def test_jpeg_comments_iptc_resources_and_what_is_behind_the_end():
    made = jpeg(
        (0xFE, b"Jpeg Comment"),
        (0xED, b"Photoshop 3.0\x00" + resource(0x0404, iptc(b"Iptc Caption", "Çaption".encode()), b"a name")),
        (0xE1, b"http://ns.adobe.com/xmp/extension/\x00" + b"0" * 32 + bytes(8) + b"<x>Extended Packet</x>"),
        behind=b"Words Behind The End",
    )

    text = found(made)

    for words in ("Jpeg Comment", "Iptc Caption", "Çaption", "a name", "Extended Packet", "Words Behind The End"):
        assert words in text


def test_comments_after_the_scan_are_read():
    made = picture("JPEG")

    assert "Late Comment" in found(made[:-2] + b"\xff\xfe\x00\x0eLate Comment" + made[-2:])


def test_png_text_chunks_plain_packed_and_international():
    made = png(
        (b"tEXt", b"Title\x00Plain Text"),
        (b"zTXt", b"Comment\x00\x00" + zlib.compress(b"Packed Text")),
        (b"iTXt", b"Author\x00\x00\x00cy\x00Awdur\x00" + "Testun Cymraeg ŵ".encode()),
        (b"iTXt", b"Author\x00\x01\x00\x00\x00" + zlib.compress(b"Packed International")),
        (b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + XMP),
        (b"prVt", b"A Private Chunk"),
        behind=b"Behind The Png",
    )

    text = found(made)

    for words in (
        "Title: Plain Text", "Packed Text", "Awdur: Testun Cymraeg ŵ", "Packed International", "Xmp Attribute",
        "A Private Chunk", "Behind The Png",
    ):  # fmt: skip
        assert words in text


def test_a_profile_that_imagemagick_wrote_as_digits_is_read():
    raw = b"\niptc\n      %d\n%s\n" % (len(iptc(b"Iptc In Png")), iptc(b"Iptc In Png").hex().encode())

    assert "Iptc In Png" in found(png((b"zTXt", b"Raw profile type iptc\x00\x00" + zlib.compress(raw))))


def test_gif_comments_plain_text_and_xmp():
    made = picture("GIF", comment=b"Gif Comment")
    trailer = made[-1:]
    plain = b"\x21\x01\x0c" + bytes(12) + b"\x0aPlain Text\x00"
    packet = b"\x21\xff\x0bXMP DataXMP" + XMP + b"\x01" + bytes(range(255, -1, -1)) + b"\x00"

    text = found(made[:-1] + plain + packet + trailer + b"Behind The Gif")

    for words in ("Gif Comment", "Plain Text", "Xmp Attribute", "Behind The Gif"):
        assert words in text


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_directories_are_followed_in_both_orders(order):
    mark = b"II*\x00" if order == "<" else b"MM\x00*"
    text = b"Second Page Name\x00"
    first = struct.pack(order + "H", 0) + struct.pack(order + "I", 14)
    second = struct.pack(order + "HHHII", 1, 285, 2, len(text), 32) + struct.pack(order + "I", 8)
    made = mark + struct.pack(order + "I", 8) + first + second + text

    assert found(made) == "Second Page Name"


def test_bigtiff_is_read():
    text = b"Big Description\x00"
    entry = struct.pack("<QHHQQ", 1, 270, 2, len(text), 52) + struct.pack("<Q", 0)
    made = b"II+\x00" + struct.pack("<HHQ", 8, 0, 16) + entry
    made += bytes(52 - len(made)) + text

    assert found(made) == "Big Description"


def test_what_has_no_metadata_has_no_texts():
    assert [image_metadata(picture(kind)) for kind in ("PNG", "GIF", "WEBP", "BMP")] == [[], [], [], []]
    assert image_metadata(picture("JPEG")) == []
    assert image_metadata(b"") == []


def test_a_packed_text_of_a_gigabyte_is_cut():
    bomb = zlib.compress(b"x" * 50_000_000)

    assert len(found(png((b"zTXt", b"Comment\x00\x00" + bomb)))) <= 4_200_100


WORDS = b"Quillfeather lane"
PACKET = b"<x:xmpmeta><rdf:RDF a='Acacia Road'><dc:title>Quillfeather lane</dc:title></rdf:RDF></x:xmpmeta>"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda: jpeg((0xFE, WORDS)).replace(b"\xff\xfe\x00", b"\xff\xfe\x7f"), id="JPEG, length"),
        pytest.param(lambda: jpeg((0xFE, WORDS)).replace(b"\xff\xfe\x00\x13", b"\xff\xfe\x00\x0a"), id="JPEG, gap"),
        pytest.param(lambda: png((b"tEXt", b"a\x00" + WORDS)).replace(b"tEXt", b"vEXt"), id="PNG, kind"),
        pytest.param(lambda: png((b"tEXt", b"a\x00" + WORDS))[:60] + WORDS, id="PNG, cut"),
        pytest.param(lambda: picture("GIF", comment=WORDS).replace(b"!\xfe", b"?\xfe"), id="GIF, block"),
        pytest.param(lambda: exif().replace(b"\x01\x0e", b"\x7f\x0e") + WORDS, id="TIFF"),
    ],
)
def test_words_that_damage_takes_off_their_place_are_found(broken):
    assert WORDS.decode() in found(broken())


def test_a_packet_is_found_wherever_it_stands():
    text = found(picture("BMP") + PACKET)

    assert "Quillfeather lane" in text
    assert "Acacia Road" in text


def split(segment: tuple[int, bytes], head: int, at: int) -> tuple[tuple[int, bytes], tuple[int, bytes]]:
    kind, data = segment
    return (kind, data[:at]), (kind, data[:head] + data[at:])


def extended(content: bytes, at: int) -> tuple[int, bytes]:
    head = b"http://ns.adobe.com/xmp/extension/\x00" + b"0" * 32 + len(XMP).to_bytes(4, "big") + at.to_bytes(4, "big")
    return 0xE1, head + content


def hidden_in_chunk(kind: bytes, data: bytes):
    return pytest.param(lambda: png((kind, data)), id=f"PNG, {kind.decode()}, {data[:9]!r}")


RESOURCES = b"Photoshop 3.0\x00" + resource(0x0404, iptc(b"other words " * 9, WORDS))
CUT_WORDS = RESOURCES.index(WORDS) + 5
PACKED_CHUNK = b"zTXt" + b"c\x00\x00" + zlib.compress(WORDS * 9)


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(lambda: jpeg(*split((0xED, RESOURCES), 14, CUT_WORDS)), id="JPEG, resource in two segments"),
        pytest.param(lambda: jpeg(extended(XMP[150:], 150), extended(XMP[:150], 0)), id="JPEG, packet in disorder"),
        hidden_in_chunk(b"zTXt", b"c\x00\x00" + zlib.compress(b"x " * 1_000_000 + WORDS)),
        hidden_in_chunk(b"zTXt", b"c\x00\x00" + zlib.compress(b"x") + WORDS),
        hidden_in_chunk(b"zTXt", b"c\x00\x07" + WORDS),
        hidden_in_chunk(b"iTXt", b"c\x00\x01\x00\x00\x00" + WORDS),
        hidden_in_chunk(b"iTXt", b"c\x00\x00\x00" + WORDS * 3 + b"\x00\x00x"),
        hidden_in_chunk(b"tEXt", b"Raw profile type iptc\x00\niptc\n 9\n" + iptc(WORDS).hex().encode()),
        hidden_in_chunk(b"ABCD", WORDS),
        hidden_in_chunk(b"gAMA", WORDS),
        pytest.param(
            lambda: png() + (len(PACKED_CHUNK) - 4).to_bytes(4, "big") + PACKED_CHUNK
            + zlib.crc32(PACKED_CHUNK).to_bytes(4, "big"), id="PNG, chunk behind the last",
        ),
        pytest.param(
            lambda: picture("WEBP")[:12] + b"ANMF" + (41).to_bytes(4, "little") + bytes(16) + b"JUNK\x11\x00\x00\x00"
            + WORDS + bytes(1), id="WebP, in a frame",
        ),
        pytest.param(lambda: b"\x00\x00\x00\x18ftypheic" + bytes(70_000) + WORDS + bytes(70_000), id="HEIC, far away"),
        pytest.param(
            lambda: b"8BPS\x00\x01" + bytes(70_000) + WORDS.decode().encode("utf-16-be") + bytes(70_000),
            id="PSD, wide",
        ),
        pytest.param(lambda: picture("TIFF") + bytes(200_000) + WORDS + bytes(200_000), id="TIFF, far away"),
    ],
)  # fmt: skip
def test_words_are_found_wherever_a_format_has_room(hidden):
    text = found(hidden())

    assert WORDS.decode() in text or "Xmp & Element" in text


def test_what_is_behind_the_end_may_be_left_to_others():
    content = png((b"tEXt", b"a\x00inside"), behind=b"words behind the end")

    assert "words behind the end" in found(content)
    assert image_metadata(content, behind=False) == ["a: inside"]


@pytest.mark.timeout(60)
def test_damage_never_raises_and_never_takes_long():
    rng = random.Random(7)
    whole = [
        picture("TIFF", exif=exif()),
        picture("WEBP", exif=exif(), xmp=XMP),
        jpeg((0xE1, b"Exif\x00\x00" + exif()), (0xED, b"Photoshop 3.0\x00" + resource(0x0404, iptc(b"x")))),
        png((b"eXIf", exif()), (b"tEXt", b"a\x00b")),
        picture("GIF", comment=b"Gif Comment"),
    ]
    for content in whole:
        for _ in range(200):
            damaged = bytearray(content)
            for _ in range(rng.randint(1, 6)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            image_metadata(bytes(damaged[: rng.randint(1, len(damaged))]))


@pytest.mark.parametrize("format_name", ["jpeg", "png", "tiff", "gif", "webp", "heic"])
def test_every_word_of_the_canaries_is_found(format_name):
    for canary in canaries.files(format_name):
        text = found(canary.content)

        assert [place.name for place in canary.places if place.word not in text] == []


@pytest.mark.parametrize(
    "number", ["07700 900123", "+44 1632 960123", "999 000 1234", "QQ 12 34 56 C", "QQ123456C", "12345678"]
)
@pytest.mark.parametrize("shape", ['<x:a b="{}"/>', "<x:a b='{}'></x:a>", "<x:a>{}</x:a>"])
def test_a_number_that_is_somebodys_is_read_in_a_packet(number, shape):
    packet = f"<x:xmpmeta><rdf:RDF>{shape.format(number)}</rdf:RDF></x:xmpmeta>".encode()

    assert words_of_xmp(packet) == number


@pytest.mark.parametrize("number", ["300/1", "8256", "2026-11-25T10:00:00Z", "0.5", "-1", "2026:11:25 10:00:00"])
def test_a_number_of_a_program_is_none(number):
    assert words_of_xmp(f'<x:a b="{number}"/>'.encode()) == ""
