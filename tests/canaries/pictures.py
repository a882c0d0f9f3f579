# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures: Exif 2.32, TIFF 6.0, IPTC IIM 4.2, XMP, PNG third edition, GIF89a, WebP."""

import io
import struct
import zlib

from PIL import Image

from canaries.core import ANY, Canary, Words


def picture(kind: str, **options: object) -> bytes:
    """Return a small white picture."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, kind, **options)
    return out.getvalue()


def _exif(w: Words) -> bytes:
    made = Image.Exif()
    made[270] = w("ImageDescription", ANY)
    made[315] = w("Artist", ANY)
    made[271] = w("Make", ANY)
    made[305] = w("Software", ANY)
    made[33432] = w("Copyright", ANY)
    for tag, name in ((40091, "XPTitle"), (40092, "XPComment"), (40093, "XPAuthor"), (40094, "XPKeywords")):
        made[tag] = w(name, ANY).encode("utf-16-le") + b"\x00\x00"
    inner = made.get_ifd(34665)
    inner[37510] = b"UNICODE\x00" + w("UserComment", ANY).encode("utf-16-le")
    inner[42032] = w("CameraOwnerName", ANY)
    inner[42036] = w("LensModel", ANY)
    inner[37500] = b"maker\x00" + w("MakerNote", ANY).encode() + b"\x00\x01\x02"
    gps = made.get_ifd(34853)
    gps[1], gps[2], gps[3], gps[4] = "N", (51.0, 30.0, 27.0), "W", (0.0, 7.0, 40.0)
    gps[28] = b"ASCII\x00\x00\x00" + w("GPSAreaInformation", ANY).encode()
    gps[27] = b"ASCII\x00\x00\x00" + w("GPSProcessingMethod", ANY).encode()
    return made.tobytes()


def _xmp(w: Words) -> bytes:
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>'
        f'<rdf:Description photoshop:City="{w("XMP, attribute", ANY)}"><dc:title><rdf:Alt><rdf:li>{w("XMP, element", ANY)}'
        f"</rdf:li></rdf:Alt></dc:title><!-- {w('XMP, comment', ANY)} --></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()


def _iptc(*texts: str) -> bytes:
    return b"".join(b"\x1c\x02\x78" + len(text).to_bytes(2, "big") + text.encode() for text in texts)


def _resource(kind: int, data: bytes, name: bytes = b"") -> bytes:
    padded = bytes([len(name)]) + name
    padded += b"\x00" * (len(padded) % 2)
    return b"8BIM" + kind.to_bytes(2, "big") + padded + len(data).to_bytes(4, "big") + data + b"\x00" * (len(data) % 2)


def with_segments(made: bytes, *segments: tuple[int, bytes]) -> bytes:
    """Return a JPEG with more segments in front."""
    extra = b"".join(b"\xff" + bytes([kind]) + (len(data) + 2).to_bytes(2, "big") + data for kind, data in segments)
    return made[:2] + extra + made[2:]


def build_jpeg() -> list[Canary]:
    """Return a JPEG with words in every segment that can hold them."""
    w = Words("jpeg", "segments")
    made = with_segments(
        picture("JPEG"),
        (0xE1, b"Exif\x00\x00" + _exif(w).removeprefix(b"Exif\x00\x00")),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + _xmp(w)),
        (
            0xE1,
            b"http://ns.adobe.com/xmp/extension/\x00" + b"0" * 32 + bytes(8)
            + f"<x>{w('extended XMP', ANY)}</x>".encode(),
        ),
        (
            0xED,
            b"Photoshop 3.0\x00" + _resource(0x0404, _iptc(w("IPTC", ANY)), w("name of a resource", ANY).encode())
            + _resource(0x0424, f"<rdf:RDF>{w('XMP in a resource', ANY)}</rdf:RDF>".encode()),
        ),
        (0xE2, b"ICC_PROFILE\x00\x01\x01" + _profile(w)),
        (0xFE, w("COM", ANY).encode()),
        (0xE5, b"own data" + with_segments(picture("JPEG"), (0xFE, w("COM of a preview", ANY).encode()))),
        (0xEC, b"Ducky\x00" + f"word {w('other APP segment', ANY)}".encode()),
    )  # fmt: skip
    late = f"{w('COM after the scan', ANY)}".encode()
    made = made[:-2] + b"\xff\xfe" + (len(late) + 2).to_bytes(2, "big") + late + made[-2:]
    halves = Words("jpeg", "blocks in two segments")
    block = b"Photoshop 3.0\x00" + _resource(0x0404, _iptc("other words " * 9, halves("IPTC", ANY)))
    packet = _xmp(halves)
    head = b"http://ns.adobe.com/xmp/extension/\x00" + b"0" * 32 + len(packet).to_bytes(4, "big")
    two = with_segments(
        picture("JPEG"), (0xED, block[:-9]), (0xED, block[:14] + block[-9:]),
        (0xE1, head + (120).to_bytes(4, "big") + packet[120:]), (0xE1, head + bytes(4) + packet[:120]),
    )  # fmt: skip
    return [
        w.file(made + f"words {w('behind the end', ANY)}".encode(), "photo.jpg"),
        halves.file(two, "halves.jpg"),
    ]


def _profile(w: Words) -> bytes:
    text = w("colour profile", ANY).encode("utf-16-be")
    tag = b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text
    head = bytes(36) + b"acsp" + bytes(88) + struct.pack(">I", 1)
    return head + struct.pack(">4sII", b"desc", 144, len(tag)) + tag


def build_png() -> list[Canary]:
    """Return a PNG with words in every chunk that can hold them."""
    w = Words("png", "chunks")
    chunks = (
        (b"tEXt", f"Title\x00{w('tEXt', ANY)}".encode()),
        (b"tEXt", f"{w('keyword of tEXt', ANY)}\x00x".encode()),
        (b"zTXt", b"Comment\x00\x00" + zlib.compress(w("zTXt", ANY).encode())),
        (b"iTXt", f"Author\x00\x00\x00en\x00{w('translated keyword', ANY)}\x00{w('iTXt', ANY)}".encode()),
        (b"iTXt", b"Author\x00\x01\x00\x00\x00" + zlib.compress(w("iTXt, packed", ANY).encode())),
        (b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + _xmp(w)),
        (b"eXIf", _exif(w).removeprefix(b"Exif\x00\x00")),
        (b"iCCP", f"{w('name of a profile', ANY)}\x00\x00".encode() + zlib.compress(_profile(w))),
        (b"prVt", f"words {w('private chunk', ANY)}".encode()),
        (b"zTXt", b"Comment\x00\x00" + zlib.compress(b"x") + f"words {w('behind a packed text', ANY)}".encode()),
        (b"gAMA", f"words of a number {w('chunk of numbers', ANY)}".encode()),
    )
    made = picture("PNG")
    extra = b"".join(_chunk(*chunk) for chunk in chunks)
    late = _chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(w("chunk behind the last", ANY).encode()))
    content = made[:33] + extra + made[33:] + late + f"words {w('behind the end', ANY)}".encode()
    return [w.file(content, "screen.png")]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def build_tiff() -> list[Canary]:
    """Return a TIFF of two directories in both byte orders."""
    made: list[Canary] = []
    for title, order in (("little-endian", "<"), ("big-endian", ">")):
        w = Words("tiff", title)
        texts: list[tuple[int, int, bytes]] = [
            (269, 2, w("DocumentName", ANY).encode() + b"\x00"),
            (270, 2, w("ImageDescription", ANY).encode() + b"\x00"),
            (316, 2, w("HostComputer", ANY).encode() + b"\x00"),
            (700, 1, _xmp(w)),
            (33723, 7, _iptc(w("IPTC", ANY))),
            (34377, 1, _resource(0x0404, _iptc(w("IPTC in a resource", ANY)))),
            (50839, 7, w("private tag", ANY).encode()),
        ]
        second = [(285, 2, w("PageName of the second page", ANY).encode() + b"\x00")]
        made.append(w.file(_tiff(order, texts, second), "scan.tif"))
    w = Words("tiff", "far from any directory")
    far = picture("TIFF") + bytes(100_000) + f"words of nobody {w('among bytes', ANY)}".encode() + bytes(100_000)
    made.append(w.file(far, "far.tif"))
    w = Words("tiff", "with Exif")
    made.append(w.file(picture("TIFF", exif=_exif(w)), "photo.tif"))
    return made


def _tiff(order: str, *directories: list[tuple[int, int, bytes]]) -> bytes:
    """Return a TIFF whose directories stand one after another, each with its values behind it."""
    out = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "I", 8)
    for index, entries in enumerate(directories):
        values_at = len(out) + 2 + 12 * len(entries) + 4
        body, values = struct.pack(order + "H", len(entries)), b""
        for tag, kind, value in entries:
            body += struct.pack(order + "HHII", tag, kind, len(value), values_at + len(values))
            values += value + b"\x00" * (len(value) % 2)
        following = values_at + len(values) if index + 1 < len(directories) else 0
        out += body + struct.pack(order + "I", following) + values
    return out


def build_gif() -> list[Canary]:
    """Return a GIF with words in its extensions."""
    w = Words("gif", "extensions")
    made = picture("GIF", comment=w("comment", ANY).encode())
    text = w("plain text extension", ANY).encode()
    plain = b"\x21\x01\x0c" + bytes(12) + bytes([len(text)]) + text + b"\x00"
    other = f"words {w('application extension', ANY)}".encode()
    application = b"\x21\xff\x0bMYOWNAPP1.0" + bytes([len(other)]) + other + b"\x00"
    packet = b"\x21\xff\x0bXMP DataXMP" + _xmp(w) + b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    content = made[:-1] + plain + application + packet + b";" + f"words {w('behind the end', ANY)}".encode()
    return [w.file(content, "a.gif")]


def build_webp() -> list[Canary]:
    """Return a WebP with metadata."""
    w = Words("webp", "chunks")
    content = picture("WEBP", exif=_exif(w), xmp=_xmp(w))
    own = f"words {w('unknown chunk', ANY)}".encode()
    own += b"\x00" * (len(own) % 2)
    inner = f"words {w('chunk in a frame', ANY)}".encode()
    inner += b"\x00" * (len(inner) % 2)
    content += (
        b"ANMF" + struct.pack("<I", len(inner) + 24) + bytes(16) + b"MINE" + struct.pack("<I", len(inner)) + inner
    )
    content += b"MINE" + struct.pack("<I", len(own)) + own
    return [w.file(content[:4] + struct.pack("<I", len(content) - 8) + content[8:], "a.webp")]
