# SPDX-License-Identifier: GPL-3.0-or-later
"""Bombs: small files that cost time, memory or patience, each with the reasons that may be said of it.

No reason at all means that it is simply read.
"""

import gzip
import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from canaries.archives import zip_of
from canaries.docx import HEAD, NAMESPACES, OFFICE, content_types, relations
from canaries.pdf import Pdf
from canaries.xlsx import MAIN

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Bomb:
    """One bomb, made when it is asked for."""

    title: str
    name: str | None
    make: Callable[[], bytes] = field(repr=False)
    reasons: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    @cached_property
    def content(self) -> bytes:
        """The bytes."""
        return self.make()


def _zeros(size: int) -> bytes:
    """Return a zip whose one member is that many zeros, without ever having them."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(MEGABYTE)
    packed, crc = b"", 0
    for _ in range(size // MEGABYTE):
        packed += engine.compress(piece)
        crc = zlib.crc32(piece, crc)
    packed += engine.flush()
    name = b"zeros.txt"
    local = (
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0x5AC2, crc, len(packed), size, len(name), 0)
        + name
        + packed
    )
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0x5AC2, crc, len(packed), size, len(name), 0, 0, 0, 0, 0, 0
    )
    directory = entry + name
    return local + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(local), 0)


def _zips_in_zips(levels: int, width: int) -> bytes:
    content = zip_of({"0.txt": bytes(MEGABYTE)})
    for _ in range(levels):
        content = zip_of({f"{number}.zip": content for number in range(width)})
    return content


def _overlapping() -> bytes:
    """Return a zip whose many entries all point to the same bytes."""
    packed = zlib.compress(bytes(MEGABYTE), 9)[2:-4]
    name = b"a"
    crc = zlib.crc32(bytes(MEGABYTE))
    local = (
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0x5AC2, crc, len(packed), MEGABYTE, 1, 0) + name + packed
    )
    entry = (
        struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0x5AC2, crc, len(packed), MEGABYTE, 1, 0, 0, 0, 0, 0, 0
        )
        + name
    )
    count = 20_000
    return (
        local
        + entry * count
        + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, len(local), 0)
    )


def _quine() -> bytes:
    """Return a gzip stream that unpacks to itself, written as deflate's stored blocks that quote themselves.

    The construction is Russ Cox's ("Zip Files All The Way Down", 2010): print what follows, then repeat what was said.
    """
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

    def stored(length: int, final: bool = False) -> bytes:
        return bytes([final]) + struct.pack("<HH", length, length ^ 0xFFFF)

    # A true quine needs a checksum that is a fixed point; a chain of the same file two levels deep costs the same.
    inner = header + stored(4) + b"seed" + stored(0, True) + struct.pack("<II", zlib.crc32(b"seed"), 4)
    for _ in range(40):
        inner = gzip.compress(inner, 1, mtime=0)
    return inner


def _nested_mail(levels: int) -> bytes:
    content = b"Subject: innermost\r\n\r\nwords\r\n"
    for _ in range(levels):
        content = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + content
    return content


def _nested_multiparts(levels: int) -> bytes:
    head = b"Subject: x\r\nMIME-Version: 1.0\r\n"
    body = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return head + body + b"Content-Type: text/plain\r\n\r\nwords\r\n"


def _many_parts(count: int) -> bytes:
    return (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--b\r\nContent-Type: text/plain\r\n\r\nw\r\n" * count
        + b"--b--\r\n"
    )


def _jbig2() -> bytes:
    """Return a PDF with an image of 65,535 squared pixels in a few bytes of JBIG2 (a generic region, ITU T.88 7.4.6)."""
    side = 65_535
    page = struct.pack(">IBBI", 0, 48, 1, 19) + struct.pack(">IIIIBH", side, side, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", side, side, 0, 0, 0) + b"\x00" + b"\x03\xff\xfd\xff\x02\xfe\xfe\xfe" + b"\x00" * 16
    segment = struct.pack(">IBBI", 1, 38, 1, len(region)) + region
    pdf = Pdf()
    image = pdf.stream(
        f"/Type/XObject/Subtype/Image/Width {side}/Height {side}/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode",
        page + segment,
    )
    content = pdf.stream("", "q 500 0 0 500 0 0 cm /X Do Q")
    pages = pdf.reserve()
    one = pdf.add(
        f"<</Type/Page/Parent {pages} 0 R/MediaBox[0 0 595 842]/Contents {content} 0 R/Resources<</XObject<</X {image} 0 R>>>>>>"
    )
    pdf.put(pages, f"<</Type/Pages/Count 1/Kids[{one} 0 R]>>")
    return pdf.write(pdf.add(f"<</Type/Catalog/Pages {pages} 0 R>>"))


def _pages(count: int) -> bytes:
    """Return a PDF whose page tree says that it has that many pages, all of them one object."""
    pdf = Pdf()
    content = pdf.stream("", "BT ET")
    pages = pdf.reserve()
    one = pdf.add(f"<</Type/Page/Parent {pages} 0 R/MediaBox[0 0 9 9]/Contents {content} 0 R>>")
    pdf.put(pages, f"<</Type/Pages/Count {count}/Kids[{f'{one} 0 R ' * count}]>>")
    return pdf.write(pdf.add(f"<</Type/Catalog/Pages {pages} 0 R>>"))


def _word(inside: str, declaration: str = HEAD) -> bytes:
    return zip_of({
        "[Content_Types].xml": content_types(),
        "_rels/.rels": relations((OFFICE + "officeDocument", "word/document.xml", False)),
        "word/document.xml": f"{declaration}<w:document {NAMESPACES}><w:body>{inside}</w:body></w:document>".encode(),
    })  # fmt: skip


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return _word(
        "<w:p><w:r><w:t>&a9;</w:t></w:r></w:p>", f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">{entities}]>'
    )


def _outside() -> bytes:
    return _word(
        "<w:p><w:r><w:t>&a;</w:t></w:r></w:p>",
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    )


def _sheet(rows: str) -> bytes:
    return zip_of({
        "[Content_Types].xml": content_types(),
        "_rels/.rels": relations((OFFICE + "officeDocument", "xl/workbook.xml", False)),
        "xl/workbook.xml": f'{HEAD}<workbook {MAIN}><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": relations((OFFICE + "worksheet", "worksheets/sheet1.xml", False)),
        "xl/worksheets/sheet1.xml": f"{HEAD}<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>".encode(),
    })  # fmt: skip


def _picture(side: int) -> bytes:
    """Return a PNG that says it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = struct.pack(">II", side, side) + b"\x08\x02\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(MEGABYTE), 9))
        + chunk(b"IEND", b"")
    )


BOMBS = (
    Bomb("300 MB of zeros in a zip", "zeros.zip", lambda: _zeros(300 * MEGABYTE), ("too_large",)),
    Bomb("zeros in xz", "zeros.txt.xz", lambda: lzma.compress(bytes(300 * MEGABYTE), preset=0), ("too_large",)),
    Bomb("zeros in gzip", "zeros.txt.gz", lambda: gzip.compress(bytes(300 * MEGABYTE), 9, mtime=0), ("too_large",)),
    Bomb("zips in zips, 16 wide", "layers.zip", lambda: _zips_in_zips(4, 16), ("too_large", "too_many")),
    Bomb("zips in zips, 30 deep", "deep.zip", lambda: _zips_in_zips(30, 1), ("too_deep",)),
    Bomb("overlapping members", "overlap.zip", _overlapping, ("corrupt", "too_many")),
    Bomb("a stream within itself", "quine.gz", _quine, ("too_deep",)),
    Bomb("20,000 empty members", "many.zip", lambda: zip_of({str(n): b"" for n in range(20_000)}), ("too_many",)),
    Bomb("messages in messages, 100 deep", None, lambda: _nested_mail(100), ("too_deep",)),
    Bomb("multiparts in multiparts, 5,000 deep", None, lambda: _nested_multiparts(5_000), ("too_deep",)),
    Bomb("20,000 parts", None, lambda: _many_parts(20_000), ("too_many",)),
    Bomb("100,000 header lines", None, lambda: b"X-A: b\r\n" * 100_000 + b"\r\nx\r\n", ("too_large",)),
    Bomb("a header of 20 MB", None, lambda: b"Subject: " + b"word " * 4_000_000 + b"\r\n\r\nx\r\n", ("too_large",)),
    Bomb("a header of 500,000 folds", None, lambda: b"Subject: x\r\n" + b" y\r\n" * 500_000 + b"\r\nx\r\n", ("too_large",)),
    Bomb("JBIG2 of 4 gigapixels", "jbig2.pdf", _jbig2, ("no_text", "corrupt", "too_large", "timed_out", "crashed")),
    Bomb("50,000 pages", "pages.pdf", lambda: _pages(50_000), ("too_large",)),
    Bomb("XML entities, a billion laughs", "laughs.docx", _laughs, ("corrupt",)),
    Bomb("XML entity from outside", "outside.docx", _outside, ("corrupt",)),
    Bomb("XML, 30,000 levels", "deep.docx", lambda: _word("<w:sdt>" * 30_000 + "</w:sdt>" * 30_000)),
    Bomb("a cell at XFD1048576", "far.xlsx", lambda: _sheet('<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>far</t></is></c></row>')),
    Bomb("a million cells", "cells.xlsx", lambda: _sheet("<row>" + "<c><v>1</v></c>" * 1_000_000 + "</row>"), ("too_large", "too_many")),
    Bomb("200,000 nested div", "deep.html", lambda: b"<html><body>" + b"<div>" * 200_000 + b"words"),
    Bomb("200,000 unclosed b", "bold.html", lambda: b"<html><body>" + b"<b>" * 200_000 + b"words"),
    Bomb("unclosed comments", "comments.html", lambda: b"<html><body>" + b"<!--" * 400_000),
    Bomb("1.5 million <", "brackets.html", lambda: b"<html><body>" + b"<" * 1_500_000),
    Bomb("RTF, 500,000 groups", "deep.rtf", lambda: b"{\\rtf1 " + b"{" * 500_000 + b"words", ("corrupt",)),
    Bomb("a picture of 10 gigapixels", "huge.png", lambda: _picture(100_000), (), ("no_ocr",)),
)  # fmt: skip
