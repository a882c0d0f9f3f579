# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings of old Office documents: the words of shapes (alternative text, WordArt, links) and the pictures.

Found by the look of their records and not by following the tree, because the three programs hang the tree up in
three ways and a picture that nothing points to is still in the file.  Pure, never raises, linear.  Source:
[MS-ODRAW] 2.2.9 (properties), 2.2.23 to 2.2.31 (pictures).
"""

import itertools
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape

# A table of properties is one of three kinds of record; that its version is 3 is checked apart.
_TABLES = re.compile(rb"(?:\x0b\xf0|[\x21\x22]\xf1)", re.DOTALL)
# A picture record: type, then a length; the instance before it says which format, and how many digests follow.
_PICTURES = re.compile(rb"[\x1a-\x1f\x29\x2a]\xf0", re.DOTALL)
_EMF, _WMF, _PICT, _JPEG, _PNG, _DIB, _TIFF, _JPEG_CMYK = 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x29, 0x2A
_SUFFIXES = {
    _EMF: "emf", _WMF: "wmf", _PICT: "pict", _JPEG: "jpg", _PNG: "png", _DIB: "dib", _TIFF: "tif", _JPEG_CMYK: "jpg",
}  # fmt: skip
# Instances with two digests.
_TWO_DIGESTS = frozenset((0x3D5, 0x217, 0x543, 0x46B, 0x6E3, 0x6E1, 0x7A9, 0x6E5))
_INSTANCES = _TWO_DIGESTS | frozenset((0x3D4, 0x216, 0x542, 0x46A, 0x6E2, 0x6E0, 0x7A8, 0x6E4))
_METAFILE_HEADER = 34
_COMPLEX = 0x8000
# Name, description, link, tool tip, WordArt, name of the picture file, of the fill, of the line.
_WORDS = frozenset((0x380, 0x381, 0x38D, 0xC0, 0x105, 0x187, 0x1C6, 0x38F))
_LINK = 0x382
_WIDE_RUN = re.compile(rb"(?:[^\x00]\x00){3,2000}")
_MOST_METAFILE = 20 * 1024 * 1024
# A member of a zip archive, deflated, with its sizes: the packed one, those of name and extra field.
_MEMBER = re.compile(rb"PK\x03\x04....\x08\x00.{8}(....)....(..)(..)", re.DOTALL)
_DRAWN = re.compile(rb"<a:t>([^<]{1,20000})</a:t>")
_MOST_MEMBERS = 2_000
_MOST_MEMBER = 2 * 1024 * 1024
_MOST_READ = 4
_PLACEABLE = b"\xd7\xcd\xc6\x9a" + bytes(18)


def words(raw: bytes) -> list[str]:
    """Return the texts that the shapes described in *raw* carry as properties."""
    found: dict[str, None] = {}
    left = _MOST_READ * len(raw)  # tables inside each other could be read for ever
    for match in _TABLES.finditer(raw):
        at = match.start() - 2
        if at < 0 or raw[at] & 0x0F not in (0, 3):  # 3 it must be; not every writer knows
            continue
        count = int.from_bytes(raw[at : at + 2], "little") >> 4
        length = int.from_bytes(raw[at + 4 : at + 8], "little")
        if count and 6 * count <= length <= min(left, len(raw) - at - 8):
            left -= length
            for text in _properties(raw[at + 8 : at + 8 + length], count):
                found[text] = None
    return list(found)


def _properties(table: bytes, count: int) -> Iterator[str]:
    data = 6 * count
    for index in range(count):
        head = int.from_bytes(table[6 * index : 6 * index + 2], "little")
        if not head & _COMPLEX:
            continue
        size = int.from_bytes(table[6 * index + 2 : 6 * index + 6], "little")
        value = table[data : data + size]
        data += size
        if head & 0x3FFF in _WORDS:
            text = value.decode("utf-16-le", "replace").rstrip("\0").strip()
            if text and text.isprintable():
                yield text
        elif head & 0x3FFF == _LINK:
            for run in _WIDE_RUN.findall(value):
                yield run.decode("utf-16-le", "replace")


def modern_texts(raw: bytes, spend: Callable[[int], None]) -> list[str]:
    """Return the paragraphs that a later Office kept of a drawing in its own form (SmartArt is nowhere else).

    They lie as small zip archives among the properties; *spend* is told of every byte that is unpacked.
    """
    found: dict[str, None] = {}
    for head in itertools.islice(_MEMBER.finditer(raw), _MOST_MEMBERS):
        name = raw[head.end() : head.end() + int.from_bytes(head[2], "little")]
        if not name.endswith(b".xml") or name.startswith((b"[Content_Types]", b"_rels", b"theme/")):
            continue
        start = head.end() + len(name) + int.from_bytes(head[3], "little")
        engine = zlib.decompressobj(-15)
        try:
            packed = raw[start : start + min(_MOST_MEMBER, int.from_bytes(head[1], "little"))]
            content = engine.decompress(packed, _MOST_MEMBER)
        except zlib.error:
            continue
        spend(len(content))
        for paragraph in content.split(b"</a:p>"):
            text = unescape(b"".join(_DRAWN.findall(paragraph)).decode("utf-8", "replace")).strip()
            if text:
                found[text] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and where its record stands."""

    start: int
    end: int
    suffix: str
    content: bytes = field(repr=False)  # none where it cannot be unpacked


def pictures(raw: bytes) -> Iterator[Picture]:
    """Yield each picture in *raw*, metafiles unpacked."""
    at = 0
    while found := _next_picture(raw, at):
        kind, start, at = found
        instance = int.from_bytes(raw[start - 8 : start - 6], "little") >> 4
        inside = start + (32 if instance in _TWO_DIGESTS else 16)
        is_packed = kind in (_EMF, _WMF, _PICT)
        content = _unpacked(raw, inside, at) if is_packed else raw[inside + 1 : at]
        yield Picture(start, at if content else start, _SUFFIXES[kind], content and as_file(_SUFFIXES[kind], content))


def as_file(suffix: str, content: bytes) -> bytes:
    """Return a picture with the header that it has as a file of its own, by which it is known for what it is."""
    if suffix == "wmf" and not content.startswith(_PLACEABLE[:4]):
        return _PLACEABLE + content
    if suffix == "dib":
        return _bitmap_header(content) + content
    return content


def _next_picture(raw: bytes, at: int) -> tuple[int, int, int] | None:
    """Return kind, start and end of the next record that is a picture."""
    for match in _PICTURES.finditer(raw, at):
        head = match.start() - 2
        if head < 0 or raw[head] & 0x0F or int.from_bytes(raw[head : head + 2], "little") >> 4 not in _INSTANCES:
            continue
        length = int.from_bytes(raw[head + 4 : head + 8], "little")
        if 17 < length <= len(raw) - head - 8 + 64:  # a file cut short still shows the most of its last picture
            return raw[match.start()], head + 8, min(len(raw), head + 8 + length)
    return None


def _unpacked(raw: bytes, start: int, end: int) -> bytes:
    packed = raw[start + _METAFILE_HEADER : end]
    if raw[start + 32 : start + 33] != b"\x00":
        return packed
    engine = zlib.decompressobj()
    try:
        return engine.decompress(packed, _MOST_METAFILE)
    except zlib.error:
        return b""


def _bitmap_header(content: bytes) -> bytes:
    """Return the file header that a bitmap has outside a document."""
    colours = int.from_bytes(content[32:36], "little")
    depth = int.from_bytes(content[14:16], "little")
    if not colours and depth <= 8:
        colours = 1 << depth
    start = 14 + int.from_bytes(content[:4], "little") + 4 * min(colours, 256)
    return b"BM" + (14 + len(content)).to_bytes(4, "little") + bytes(4) + (start & 0xFFFFFFFF).to_bytes(4, "little")
