# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of words that all picture formats share: TIFF directories and EXIF, XMP, IPTC, Photoshop's resources, ICC.

Each function yields texts; pieces of bytes that may have more of them; and None wherever the bytes are not as their
format is.  Pure.  Sources: Exif 2.32, TIFF 6.0 and BigTIFF, IPTC IIM 4.2, XMP part 1, ICC.1.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from safehold.reading.basics import binary, charset

Texts = Iterator[str | bytes | None]

# More than one part may hand over (`Limits.part_characters`), so that what is cut off here is said there.
MOST_TEXT = 4_200_000
MOST_STEPS = 20_000  # chunks, blocks, entries
_MARKUP = re.compile(r"<[^<>]{0,4000}>")
_WELL_FORMED = re.compile(
    r"</?[\w:.-]+(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s*/?>|<![^<>]{0,4000}>|<\?[^<>]{0,4000}\?>"
)
_ATTRIBUTE = re.compile(r"=\s{0,9}\"([^\"]{1,20000})\"|=\s{0,9}'([^']{1,20000})'")
# Addresses of schemas, identifiers, times and the marks of the packet itself.
_NOT_WORDS = re.compile(
    r"(?:https?://[\w./#-]+|(?:uuid|adobe|proof|xmp\.[a-z]{1,9}):\S+|[0-9A-Fa-f-]{32,36}|[\d-]{10}T[\d:.+Z-]+|W5M0MpC\w+|[\W\d_]*)"
)
# But a number may be somebody's: of a telephone, of the National Health Service, of an account.
_A_NUMBER = re.compile(r"[+(]?\d(?:[ ()-]{0,2}\d){6,15}")
_LONGEST_WORD = 1_000  # beyond it: a preview in base64
PLAIN = re.compile(r"[A-Za-z0-9 ,.'à-ÿ]")
MOSTLY, _SHORTEST = 0.7, 5
_RUN = re.compile(rb"[\t\x20-\x7e\x80-\xff]{8,4096}")


# -- TIFF and EXIF ------------------------------------------------------------------------------------------------

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_POINTERS = frozenset((330, 34_665, 34_853, 40_965, 13))  # sub-images, EXIF, GPS, interoperability
_GPS = 34_853
_ASCII = 2
_XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG, _PROFILE_TAG, _MAKER_NOTE = 700, 33_723, 34_377, 34_675, 37_500
_USER_COMMENTS = frozenset((37_510, 27, 28))  # UserComment; GPSProcessingMethod and GPSAreaInformation
_WINDOWS_TEXTS = range(40_091, 40_096)  # XPTitle, XPComment, XPAuthor, XPKeywords, XPSubject
_COMMENT_CODES = {b"ASCII\x00\x00\x00": "", b"UNICODE\x00": "utf-16", b"JIS\x00\x00\x00\x00\x00": "iso2022_jp"}


@dataclass(frozen=True, slots=True)
class _Order:
    """How a TIFF file writes numbers."""

    end: str
    big: bool  # BigTIFF: eight-byte offsets

    def number(self, content: bytes, at: int, width: int) -> int:
        """Return the number at a place.

        Raises:
            IndexError: The file ends before it.
        """
        raw = content[at : at + width]
        if at < 0 or len(raw) < width:
            raise IndexError
        return int.from_bytes(raw, "little" if self.end == "<" else "big")


def exif(content: bytes) -> Texts:
    """Yield the texts of a small TIFF file inside another, and the file."""
    yield from tiff(content)
    yield content


def tiff(content: bytes) -> Texts:
    """Yield the texts of every directory that can be reached, each once."""
    if content[:2] not in (b"II", b"MM"):
        yield None
        return
    order = _Order("<" if content[:2] == b"II" else ">", content[2:3] == b"+" or content[3:4] == b"+")
    waiting = [(order.number(content, 8, 8) if order.big else order.number(content, 4, 4), 0)]
    seen: set[int] = set()
    budget = MOST_STEPS
    while waiting and budget > 0:
        at, kind = waiting.pop(0)
        if at >= len(content):
            yield None
        if at in seen or not 0 < at < len(content):
            continue
        seen.add(at)
        position: dict[int, object] = {}
        try:
            for tag, value in _entries(content, at, order, waiting):
                budget -= 1
                if value is None:
                    yield None
                elif tag in _POINTERS and isinstance(value, tuple):
                    waiting += [(int(number), tag) for number in value[:100]]
                elif kind == _GPS:
                    position[tag] = value
                    yield from _value(tag, value, order)
                else:
                    yield from _value(tag, value, order)
                if budget <= 0:
                    break
        except IndexError:
            yield None  # this directory is cut; the others need not be
        yield from _place(position)


def _entries(
    content: bytes, at: int, order: _Order, waiting: list[tuple[int, int]]
) -> Iterator[tuple[int, bytes | tuple[float, ...] | None]]:
    """Yield tag and value of each entry of a directory, and note where the next directory is."""
    wide = 8 if order.big else 4
    count = order.number(content, at, 8 if order.big else 2)
    at += 8 if order.big else 2
    for _ in range(min(count, MOST_STEPS)):
        tag, kind = order.number(content, at, 2), order.number(content, at + 2, 2)
        items = order.number(content, at + 4, wide)
        inline = at + 4 + wide
        size = items * _SIZES.get(kind, 1)
        start = inline if size <= wide else order.number(content, inline, wide)
        raw = content[start : start + min(size, MOST_TEXT)]
        at = inline + wide
        if kind not in _SIZES or start + size > len(content) or (kind == _ASCII and raw[-1:] != b"\x00"):
            yield tag, None
        yield tag, raw if kind in (1, 2, 6, 7) else _numbers(raw, kind, order)
    if at + wide <= len(content):
        waiting.append((order.number(content, at, wide), 0))


def _numbers(raw: bytes, kind: int, order: _Order) -> tuple[float, ...]:
    """Return the numbers of an entry, rationals divided."""
    code = {3: "H", 4: "I", 5: "I", 8: "h", 9: "i", 10: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}.get(
        kind
    )
    if code is None:
        return ()
    raw = raw[:8_000]
    count = len(raw) // struct.calcsize(code)
    values = struct.unpack_from(f"{order.end}{count}{code}", raw)
    if kind in (5, 10):
        return tuple(a / b if b else 0.0 for a, b in zip(values[::2], values[1::2], strict=False))
    return values


def _value(tag: int, value: object, order: _Order) -> Texts:
    if not isinstance(value, bytes):
        return
    if tag == _XMP_TAG:
        yield words_of_xmp(value)
    elif tag == _IPTC_TAG:
        yield from iptc(value)
    elif tag == _PHOTOSHOP_TAG:
        yield from photoshop(value)
    elif tag == _PROFILE_TAG:
        yield from profile(value)
    elif tag in _WINDOWS_TEXTS:
        yield value.decode("utf-16-le", "replace")
    elif tag in _USER_COMMENTS and value[:8] in _COMMENT_CODES:
        code = _COMMENT_CODES[value[:8]]
        if code == "utf-16":
            code = "utf-16-le" if order.end == "<" else "utf-16-be"
        # Some programs write the other order than the file's; words in it would look Chinese.
        yield value[8:].decode(code, "replace") if code else text_of(value[8:])
        if code.startswith("utf-16"):
            yield value[8:].decode("utf-16-be" if order.end == "<" else "utf-16-le", "replace")
    elif tag == _MAKER_NOTE or _CONTROL.search(value.rstrip(b"\x00")):
        yield from strings(value)
    else:
        yield text_of(value)


_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1f]")


def _place(position: dict[int, object]) -> Texts:
    """Yield a position as people and maps write it: signed degrees, and degrees, minutes, seconds."""
    marks = [position.get(1), position.get(3)]
    angles = [position.get(2), position.get(4)]
    signed: list[str] = []
    written: list[str] = []
    for mark, angle in zip(marks, angles, strict=True):
        if not isinstance(mark, bytes) or not isinstance(angle, tuple) or not angle:
            return
        letter = mark[:1].decode("ascii", "replace").upper()
        degrees, minutes, seconds = (*angle, 0.0, 0.0)[:3]
        total = degrees + minutes / 60 + seconds / 3600
        signed.append(f"{-total if letter in 'SW' else total:.6f}")
        minutes = total % 1 * 60
        written.append(f"{int(total)}°{int(minutes)}'{minutes % 1 * 60:.2f}\"{letter}")
    yield "GPS " + ", ".join(signed) + "\n" + " ".join(written)


# -- blocks that several formats share ----------------------------------------------------------------------------


def words_of_xmp(raw: bytes) -> str:
    """Return the words of an XMP packet, one a line: those between its tags and those in attributes."""
    text = charset.decode(raw).text[:MOST_TEXT].replace("<!--", "<!>").replace("-->", "<!>")
    words = _MARKUP.split(text)
    for tag in _MARKUP.findall(text):
        if _WELL_FORMED.fullmatch(tag):
            words += [found[1] or found[2] for found in _ATTRIBUTE.finditer(tag)]
        else:
            words.append(tag)  # nobody's, but words all the same
    kept = dict.fromkeys(_unescape(word).strip() for word in words if len(word) < _LONGEST_WORD or " " in word)
    return "\n".join(word for word in kept if word and (_A_NUMBER.fullmatch(word) or not _NOT_WORDS.fullmatch(word)))


def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    text = re.sub(r"&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));", _character, text)
    for name, character in (("lt", "<"), ("gt", ">"), ("quot", '"'), ("apos", "'"), ("amp", "&")):
        text = text.replace(f"&{name};", character)
    return text


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def photoshop(data: bytes) -> Texts:
    """Yield the texts of image resources: IPTC, XMP, EXIF, and whatever else has words."""
    at = data.find(b"8BIM")
    for _ in range(MOST_STEPS):
        if at < 0 or data[at : at + 4] != b"8BIM" or at + 12 > len(data):
            yield data[at:] if at >= 0 else data
            return
        kind = int.from_bytes(data[at + 4 : at + 6], "big")
        name_size = data[at + 6]
        yield text_of(data[at + 7 : at + 7 + name_size])
        at += 7 + name_size + (name_size + 1) % 2
        size = int.from_bytes(data[at : at + 4], "big")
        block = data[at + 4 : at + 4 + size]
        if len(block) < size:
            yield None
        if kind == 0x0404:
            yield from iptc(block)
        elif kind == 0x0424:
            yield words_of_xmp(block)
        elif kind in (0x0422, 0x0423):
            yield from exif(block)
        elif kind not in (0x040C, 0x0409, 0x0425):  # thumbnails and a digest
            yield binary.wide_strings(block)
            yield from strings(block)
        at += 4 + size + size % 2


def iptc(data: bytes) -> Texts:
    """Yield the text datasets of an IPTC record."""
    at = data.find(b"\x1c")
    for _ in range(MOST_STEPS):
        if at < 0 or at + 5 > len(data) or data[at] != 0x1C:
            if data[at:].strip(b"\x00 "):
                yield None
            return
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        at += 5
        if size & 0x8000:  # the length has a length
            width = size & 0x7FFF
            size = int.from_bytes(data[at : at + width], "big") if width <= 4 else 0
            at += width
        value = data[at : at + size]
        if _CONTROL.search(value):
            yield from strings(value)
        else:
            yield text_of(value)
        at += size


def profile(data: bytes) -> Texts:
    """Yield the description and copyright of a colour profile, in case somebody wrote his own."""
    if data[36:40] != b"acsp":
        yield data
        return
    for index in range(min(int.from_bytes(data[128:132], "big"), 100)):
        entry = data[132 + 12 * index : 144 + 12 * index]
        start, size = int.from_bytes(entry[4:8], "big"), int.from_bytes(entry[8:12], "big")
        block = data[start : start + min(size, 65_536)]
        if block[:4] == b"mluc":
            yield block[16:].decode("utf-16-be", "replace")
        elif block[:4] in (b"text", b"desc"):
            yield from strings(block[8:])


def inflated(packed: bytes) -> tuple[bytes, bytes]:
    """Return what a zlib stream holds, and what is none of it: all, where it is damaged."""
    engine = zlib.decompressobj()
    try:
        return engine.decompress(packed, MOST_TEXT), engine.unused_data
    except zlib.error:
        return b"", packed


def text_of(raw: bytes) -> str:
    """Return text in whatever charset it is."""
    return charset.decode(raw.strip(b"\x00 ")).text


def latin(raw: bytes) -> str:
    """Return text that is declared Latin-1 and often is UTF-8."""
    return charset.decode(raw, "iso-8859-1").text


def strings(content: bytes) -> Texts:
    """Yield the loose runs of words in bytes of no known shape."""
    runs = _RUN.findall(content)
    yield words_of_xmp(b"\n".join(run for run in runs if b"<" in run))
    words = [charset.decode(run).text for run in runs]
    yield "\n".join(run for run in words if len(PLAIN.findall(run)) > MOSTLY * len(run))
