# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that cannot be read, or not wholly: one for every row and reason of the table in ``docs/reading.md``.

Each is as small as it can be and true to its format, so that the reason is what a reader finds and not what a damaged
file makes it stumble over.
"""

import bz2
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import py7zr
from PIL import Image, ImageDraw
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from canaries import docx, drawings, legacy, rarer, xlsx
from canaries.archives import zip_of
from canaries.cfb import compound

MEGABYTE = 1_000_000
Made = tuple[str | None, bytes]  # file name (None: a message) and content


# -- by hand ----------------------------------------------------------------------------------------------------------


def _mail(*lines: str) -> Made:
    return None, "\r\n".join(("From: jo@example.org", "MIME-Version: 1.0", *lines, "")).encode()


def _pdf(draw: Callable[[canvas.Canvas], None], encrypt: StandardEncryption | None = None) -> bytes:
    out = io.BytesIO()
    paper = canvas.Canvas(out, invariant=1, encrypt=encrypt)
    draw(paper)
    paper.save()
    return out.getvalue()


def _scan(paper: canvas.Canvas) -> None:
    picture = Image.new("L", (800, 1000), 255)
    for line in range(100, 900, 40):
        ImageDraw.Draw(picture).text((80, line), "a page that was laid on the glass", fill=0, font_size=24)
    paper.drawImage(ImageReader(picture), 0, 0, 595, 842)


def _two_pages(paper: canvas.Canvas) -> None:
    for text in ("one page", "another, which some viewers leave out"):
        paper.drawString(72, 700, text)
        paper.showPage()


def _word(xml: bytes) -> bytes:
    kind = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    types = b'<Types><Override PartName="/word/document.xml" ContentType="%s"/></Types>' % kind
    return zip_of({"[Content_Types].xml": types, "word/document.xml": xml})


def _binary_workbook() -> Made:
    name = "a.xlsb"
    content = next(one.content for one in xlsx.build() if one.name and one.name.endswith(".xlsb"))
    return name, content


def _locked_odt(content: bytes) -> bytes:
    """Return a text of which the manifest says that its content is encrypted."""
    manifest = (
        b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        b'<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
        b"</manifest:manifest>"
    )
    plain = b"application/vnd.oasis.opendocument.text"
    members = {"mimetype": plain, "META-INF/manifest.xml": manifest, "content.xml": content}
    return zip_of(members, zipfile.ZIP_STORED)


def _old_word(flags: int) -> bytes:
    """Return a canary document with other flags in its header ([MS-DOC] 2.5.2: fEncrypted is 0x0100)."""
    made = bytearray(legacy.build_doc()[0].content)
    at = made.index(b"\xec\xa5") + 10
    made[at : at + 2] = struct.pack("<H", struct.unpack_from("<H", made, at)[0] | flags)
    return bytes(made)


def _word_95() -> bytes:
    head = bytearray(0x300)
    struct.pack_into("<HH", head, 0, 0xA5DC, 104)
    struct.pack_into("<II", head, 0x18, 0x300, 0x300 + 20)
    return compound({"WordDocument": bytes(head) + b"words of an old one\r"})


def _locked_workbook() -> bytes:
    begin = struct.pack("<HHHHHHII", 0x809, 16, 0x600, 5, 0, 0, 0, 0)
    password = struct.pack("<HHH", 0x2F, 4, 0) + b"\x12\x34"
    return compound({"Workbook": begin + password + struct.pack("<HH", 0x0A, 0)})


def _locked_slides() -> bytes:
    """Return a canary presentation whose user says that it is encrypted ([MS-PPT] 2.3.2: headerToken)."""
    plain, locked = struct.pack("<I", 0xE391C05F), struct.pack("<I", 0xF3D1C4DF)
    return legacy.build_ppt()[0].content.replace(plain, locked)


def _linked() -> bytes:
    """Return an Outlook message with an attachment that lies elsewhere (afByReference, [MS-OXCMSG] 2.2.2.9)."""
    fixed = struct.pack("<IIII", 0x37050003, 6, 2, 0)
    attached = {"__properties_version1.0": bytes(8) + fixed}
    return compound({"__properties_version1.0": bytes(32), "__attach_version1.0_#00000000": attached})


def _flagged_zip(*, bit: int = 0, method: int = 8) -> bytes:
    made = bytearray(zip_of({"a.txt": b"words of a member " * 9}))
    entry = made.index(b"PK\x01\x02")
    for at in (6, entry + 8):
        made[at] |= bit
    for at in (8, entry + 10):
        made[at : at + 2] = struct.pack("<H", method)
    return bytes(made)


def _with_unlisted() -> bytes:
    hidden, shown = zip_of({"hidden.txt": b"one"}), zip_of({"shown.txt": b"two"})
    return hidden[: hidden.index(b"PK\x01\x02")] + shown


def _last_piece() -> bytes:
    """Return the last one of two pieces (APPNOTE 4.4.19: the number of this disk)."""
    made = bytearray(zip_of({"a.txt": b"words of a member"}))
    at = made.index(b"PK\x05\x06")
    struct.pack_into("<H", made, at + 4, 1)
    return bytes(made)


def _tar(kind: bytes) -> bytes:
    """Return a tar of one member of that kind ("M": it goes on from the volume before)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        member = tarfile.TarInfo("a.txt")
        member.size, member.type = 2_000, kind
        archive.addfile(member, io.BytesIO(b"words of a member " * 200))
    return out.getvalue()


def _seven_zip(members: dict[str, bytes], password: str | None = None, **filters: object) -> bytes:
    out = io.BytesIO()
    chosen = [filters] if filters else None
    with py7zr.SevenZipFile(out, "w", password=password, filters=chosen) as archive:
        for name, content in members.items():
            archive.writestr(content, name)
    return out.getvalue()


def _rar(*, flags: int = 0, method: int = 0x30, volume: int = 0) -> bytes:
    """Return a RAR 4 of one member, as rarlab.com's technical note lays it out."""

    def block(kind: int, flags: int, body: bytes, data: bytes = b"") -> bytes:
        head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + data

    data, name = b"member", b"a.txt"
    body = struct.pack("<IIBIIBBHI", len(data), len(data), 0, zlib.crc32(data), 0, 20, method, len(name), 0) + name
    member = block(0x74, 0x8000 | flags, body, data)
    return b"Rar!\x1a\x07\x00" + block(0x73, volume, bytes(6)) + member + block(0x7B, 0, b"")


def _locked_book() -> bytes:
    made = rarer.build_epub()[0].content
    lock = (
        b"<encryption xmlns:enc='http://www.w3.org/2001/04/xmlenc#'><enc:EncryptedData>"
        b"<enc:EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#aes128-cbc'/>"
        b"</enc:EncryptedData></encryption>"
    )
    return _added(made, "META-INF/encryption.xml", lock)


def _added(made: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO(made)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def _scribble() -> bytes:
    """Return lines of what looks like writing and is none."""
    rng = random.Random(7)
    picture = Image.new("L", (900, 500), 255)
    pen = ImageDraw.Draw(picture)
    for row in range(60, 460, 40):
        at = 40
        while at < 840:
            points = [(at + rng.randint(0, 14), row + rng.randint(-10, 10)) for _ in range(5)]
            pen.line(points, fill=0, width=2)
            at += 18 if rng.random() > 0.2 else 34
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _enveloped() -> bytes:
    """Return a ContentInfo of type envelopedData (RFC 5652)."""
    kind = bytes.fromhex("06092a864886f70d010703")
    inside = bytes.fromhex("a0073005020100") + b"\x31\x00"
    return b"\x30" + bytes([len(kind) + len(inside)]) + kind + inside


UNREAD: dict[str, dict[str, Callable[[], Made]]] = {
    "Mail, EML": {
        "incomplete": lambda: _mail("Content-Type: message/partial; id=a; number=1; total=2", "", "words"),
        "ambiguous": lambda: _mail("Content-Type: text/plain", "Content-Type: text/html", "", "words"),
        "too_large": lambda: _mail(*["X-A: b"] * 20_000, "", "words"),
    },
    "Text": {
        "encrypted": lambda: (
            "a.txt",
            b"Please open this:\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
        ),
        "unsupported": lambda: (
            "a.txt",
            b'(This file must be converted with BinHex 4.0)\n\n:$f*TEQKPH#jdCA0d,R0TG!"6594%8dP8)3#3"&m!*!%EMa6593K!!%!!!:\n',
        ),
    },
    "PDF": {
        "no_text": lambda: ("a.pdf", _pdf(_scan)),
        "encrypted": lambda: ("a.pdf", _pdf(lambda paper: paper.drawString(72, 72, "x"), StandardEncryption("p", "q"))),
        "ambiguous": lambda: ("a.pdf", _pdf(_two_pages).replace(b"/Count 2", b"/Count 1")),
        "corrupt": lambda: ("a.pdf", b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"),
    },
    "Word": {"corrupt": lambda: ("a.docx", _word(f"<w:document {docx.NAMESPACES}><w:body><w:p>".encode()))},
    "Excel": {"unsupported": _binary_workbook},
    "Other Office zip": {
        "unsupported": lambda: (
            "a.vsdx",
            zip_of({"[Content_Types].xml": b"<Types/>", "visio/document.xml": b"<VisioDocument/>"}),
        ),
    },
    "OpenDocument": {
        "encrypted": lambda: ("a.odt", _locked_odt(bytes(range(256)))),
        "ambiguous": lambda: ("a.odt", _locked_odt(b"<a>words</a>")),
    },
    "RTF": {"corrupt": lambda: ("a.rtf", b"{\\rtf1\\ansi {\\b words")},
    "Old Word": {
        "unsupported": lambda: ("a.doc", _word_95()),
        "encrypted": lambda: ("a.doc", _old_word(0x0100)),
    },
    "Old Excel": {"encrypted": lambda: ("a.xls", _locked_workbook())},
    "Old PowerPoint": {"encrypted": lambda: ("a.ppt", _locked_slides())},
    "Outlook message": {"incomplete": lambda: ("a.msg", _linked())},
    "Other compound files": {"unsupported": lambda: ("a.bin", compound({"Stuff": b"words and more words"}))},
    "Locked Office files": {
        "encrypted": lambda: (
            "a.docx",
            compound({"EncryptionInfo": bytes(40), "EncryptedPackage": struct.pack("<Q", 64) + bytes(64)}),
        ),
    },
    "Zip": {
        "encrypted": lambda: ("a.zip", _flagged_zip(bit=1)),
        "too_large": lambda: ("a.zip", zip_of({"zeros": bytes(60 * MEGABYTE)})),
        "corrupt": lambda: ("a.zip", zip_of({"a.txt": b"words of a member " * 9})[:-40]),
        "ambiguous": lambda: ("a.zip", _with_unlisted()),
        "incomplete": lambda: ("a.zip", _last_piece()),
        "unsupported": lambda: ("a.zip", _flagged_zip(method=98)),
    },
    "Tar": {
        "corrupt": lambda: ("a.tar", _tar(b"0")[:1_500]),
        "incomplete": lambda: ("a.tar", _tar(b"M")),
        "unsupported": lambda: ("a.tar", _tar(b"0") + zlib.compress(b"words of nobody " * 9)),
    },
    "Compressed files (gzip, bzip2, xz, zstd)": {
        "too_large": lambda: ("a.xz", lzma.compress(bytes(60 * MEGABYTE), preset=0)),
        "corrupt": lambda: ("a.bz2", bz2.compress(b"words of a member " * 9)[:-8]),
        "unsupported": lambda: ("a.bz2", bz2.compress(b"words") + zlib.compress(b"words of nobody " * 9)),
    },
    "7z": {
        "encrypted": lambda: ("a.7z", _seven_zip({"a.txt": b"words"}, password="p")),
        "unsupported": lambda: (
            "a.7z",
            _seven_zip({"a.txt": b"words"}, id=py7zr.FILTER_PPMD, order=6, mem=24),
        ),
        "too_large": lambda: ("a.7z", _seven_zip({"zeros": bytes(60 * MEGABYTE)})),
    },
    "RAR": {
        "unsupported": lambda: ("a.rar", _rar(method=0x33)),
        "encrypted": lambda: ("a.rar", _rar(flags=0x04)),
        "incomplete": lambda: ("a.part1.rar", _rar(flags=0x02, volume=0x01)),
        "corrupt": lambda: ("a.rar", _rar()[:-4]),
    },
    "Pictures": {
        "unsupported": lambda: ("a.heic", rarer.build_heic()[0].content),
        "no_text": lambda: ("a.png", _scribble()),
    },
    "Drawings (EMF, WMF)": {
        "no_text": lambda: ("a.emf", drawings.emf(drawings.text(bytes(range(0, 200, 5)), 20, options=0x10))),
        "unsupported": lambda: ("a.wmf", drawings.wmf() + zlib.compress(b"words of nobody " * 9)),
        "corrupt": lambda: ("a.emf", drawings.emf()[:-6]),
    },
    "PostScript": {"unsupported": lambda: ("a.ps", b"%!PS-Adobe-3.0\n/Helvetica findfont setfont (words) show\n")},
    "E-book": {"encrypted": lambda: ("a.epub", _locked_book())},
    "iWork": {"unsupported": lambda: ("a.pages", rarer.build_iwork()[0].content)},
    "Signed, sealed mail": {"encrypted": lambda: ("a.p7m", _enveloped())},
    "Everything else": {"unsupported": lambda: ("a.iso", rarer.build_iso()[0].content)},
}
