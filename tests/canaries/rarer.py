# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats without readers of their own: what is plain in them must come out, beside the problem that says so."""

import zipfile
import zlib

from canaries.archives import zip_of
from canaries.core import ANY, ATTRIBUTE, HIDDEN, Canary, Words

PAGE = (
    '<?xml version="1.0"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{}</title></head>'
)


def build_epub() -> list[Canary]:
    """Return an e-book (EPUB 3.2)."""
    w = Words("epub", "book")
    container = '<container><rootfiles><rootfile full-path="OEBPS/a.opf"/></rootfiles></container>'
    package = (
        f'<?xml version="1.0"?><package><metadata><dc:title>{w("title", ANY)}</dc:title>'
        f"<dc:creator>{w('author', ANY)}</dc:creator><dc:description>{w('description', ANY)}</dc:description></metadata>"
        f'<manifest><item href="one.xhtml" id="{w("id of an item", ANY)}"/></manifest></package>'
    )
    first = (
        PAGE.format(w("title of a page", ANY))
        + f"<body><p>{w('page')}</p><p hidden>{w('hidden', HIDDEN)}</p></body></html>"
    )
    second = (
        PAGE.format("x")
        + f'<body><img alt="{w("alt", ATTRIBUTE)}"/>{w("page that the spine leaves out")}</body></html>'
    )
    members = {
        "META-INF/container.xml": container.encode(),
        "OEBPS/a.opf": package.encode(),
        "OEBPS/one.xhtml": first.encode(),
        "OEBPS/two.html": second.encode(),
        "OEBPS/no-ending": (PAGE.format("x") + f"<body>{w('page without an ending')}</body></html>").encode(),
        "OEBPS/toc.ncx": f"<ncx><navLabel><text>{w('table of contents', ANY)}</text></navLabel></ncx>".encode(),
        "OEBPS/a.css": f"/* {w('style sheet', ANY)} */".encode(),
        "META-INF/other.txt": w("loose file", ANY).encode(),
    }
    made = zip_of({"mimetype": b"application/epub+zip", **members}, zipfile.ZIP_STORED)
    return [w.file(made, "a.epub")]


def _iwa(raw: bytes) -> bytes:
    head = bytes([len(raw) & 0x7F | 0x80, len(raw) >> 7]) if len(raw) > 127 else bytes([len(raw)])
    block = head + bytes([60 << 2, len(raw) - 1]) + raw
    return b"\x00" + len(block).to_bytes(3, "little") + block


def build_iwork() -> list[Canary]:
    """Return packages of Pages, new and old."""
    w = Words("iwork", "new")
    raw = b"\x0a\x20" + f"{w('body', ANY)} é".encode() + b"\x12\x10" + w("table", ANY).encode() + b"\x00"
    new = zip_of(
        {"Index/Document.iwa": _iwa(raw), "Data/note.txt": w("attached file", ANY).encode()}, zipfile.ZIP_STORED
    )
    old = Words("iwork", "old")
    text = f'<?xml version="1.0"?><sl:document sfa:note="{old("attribute", ANY)}"><sf:p>{old("text", ANY)}</sf:p></sl:document>'
    return [
        w.file(new, "a.pages"),
        old.file(zip_of({"index.xml": text.encode(), "buildVersionHistory.plist": b"<plist/>"}), "b.pages"),
    ]


def _number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _block(kind: int, body: bytes, data: bytes = b"") -> bytes:
    head = _number(kind) + _number(2 if data else 0) + (_number(len(data)) if data else b"") + body
    head = _number(len(head)) + head
    return zlib.crc32(head).to_bytes(4, "little") + head + data


def build_rar() -> list[Canary]:
    """Return RAR archives whose members are stored."""
    made: list[Canary] = []
    w = Words("rar", "version 5")

    def file_5(name: str, data: bytes) -> bytes:
        raw = name.encode()
        body = _number(0) + _number(len(data)) + _number(0) * 2 + _number(1) + _number(len(raw)) + raw
        return _block(2, body, data)

    content = b"Rar!\x1a\x07\x01\x00" + _block(1, _number(0))
    content += file_5("a.txt", f"words {w('stored member')}".encode()) + file_5(f"{w('name', ANY)}.txt", b"x")
    comment = w("comment", HIDDEN).encode()
    body = _number(0) + _number(len(comment)) + _number(0) * 2 + _number(1) + _number(3) + b"CMT"
    content += _block(3, body, comment) + _block(5, _number(0))
    made.append(w.file(content + f"words {w('behind the archive', HIDDEN)}".encode(), "new.rar"))

    w = Words("rar", "version 4")

    def block_4(kind: int, flags: int, body: bytes, data: bytes = b"") -> bytes:
        head = bytes([kind]) + flags.to_bytes(2, "little") + (7 + len(body)).to_bytes(2, "little") + body
        return (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little") + head + data

    def file_4(name: str, data: bytes) -> bytes:
        body = len(data).to_bytes(4, "little") * 2 + bytes(9) + b"\x14\x30" + len(name).to_bytes(2, "little") + bytes(4)
        return block_4(0x74, 0x8000, body + name.encode(), data)

    content = b"Rar!\x1a\x07\x00" + block_4(0x73, 0, bytes(6))
    content += file_4("a.txt", f"words {w('stored member')}".encode()) + file_4(f"{w('name', ANY)}.txt", b"x")
    content += block_4(0x75, 0, bytes(6) + w("comment", HIDDEN).encode()) + block_4(0x7B, 0, b"")
    made.append(w.file(content + f"words {w('behind the archive', HIDDEN)}".encode(), "old.rar"))
    return made


def build_heic() -> list[Canary]:
    """Return the plain boxes of a HEIC picture."""
    w = Words("heic", "boxes")
    packet = f"<x:xmpmeta><rdf:RDF><dc:title>{w('XMP', ANY)}</dc:title></rdf:RDF></x:xmpmeta>"
    return [w.file(b"\x00\x00\x00\x18ftypheic" + bytes(16) + packet.encode() + bytes(64), "a.heic")]


def build_iso() -> list[Canary]:
    """Return a disc image with one plain file."""
    w = Words("iso", "image")
    volume = b"\x01CD001\x01\x00" + b"LINUX".ljust(32) + w("volume name", ANY).encode().ljust(32)
    content = bytes(32_768) + volume.ljust(2_048, b"\x00") + b"\xffCD001\x01".ljust(2_048, b"\x00")
    content += f"words {w('file', ANY)}".encode().ljust(2_048, b"\x00")
    return [w.file(content, "a.iso")]


def build_onenote() -> list[Canary]:
    """Return a section of OneNote with loose text."""
    w = Words("onenote", "section")
    head = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(200)
    body = w("wide text", ANY).encode("utf-16-le") + bytes(20) + w("narrow text", ANY).encode() + bytes(20)
    return [w.file(head + body, "a.one")]
