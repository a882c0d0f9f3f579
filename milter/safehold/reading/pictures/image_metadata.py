# SPDX-License-Identifier: GPL-3.0-or-later
"""The words around the pixels: what cameras, scanners and people write into picture files.

``image_metadata`` walks JPEG segments, PNG and WebP chunks, GIF blocks and TIFF directories, and gives every text
in them: EXIF (positions as latitude and longitude too), IPTC, XMP, comments, text chunks, names of colour
profiles, and what stands behind the end of the picture.  Nothing is decoded but text; compressed texts are
unpacked up to a bound.  Pure; never raises.  A file that does not keep to its format is searched for loose words
besides, because what a walk passes over nobody would miss.

Sources: JPEG (ITU T.81 Annex B), Exif 2.32, TIFF 6.0 and BigTIFF, PNG third edition (11.3), GIF89a, the WebP
container, IPTC IIM 4.2, XMP part 3 (where packets stand), ISO 23008-12 for nothing but the brand.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from safehold.reading.basics import binary, charset

# The texts; pieces that may have more of them; and None wherever the file is not as its format is.
_Texts = Iterator[str | bytes | None]

_MOST_TEXT = 4_000_000
_MOST_CHUNKS = 20_000
_MOST_ENTRIES = 20_000
_UNPACKED = 1_000_000
_MARKUP = re.compile(r"<[^<>]{0,4000}>")
_WELL_FORMED = re.compile(
    r"</?[\w:.-]+(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s*/?>|<![^<>]{0,4000}>|<\?[^<>]{0,4000}\?>"
)
_ATTRIBUTE = re.compile(r"=\s{0,9}\"([^\"]{1,20000})\"|=\s{0,9}'([^']{1,20000})'")
_XMP = re.compile(rb"<(?:x:xmpmeta|x:xapmeta|rdf:RDF)[\s>]")
# Addresses of schemas, identifiers, times and the marks of the packet itself.
_NOT_WORDS = re.compile(
    r"(?:https?://[\w./#-]+|(?:uuid|adobe|proof|xmp\.[a-z]{1,9}):\S+|[0-9A-Fa-f-]{32,36}|[\d-]{10}T[\d:.+Z-]+|W5M0MpC\w+|[\W\d_]*)"
)
_LONGEST_WORD = 1_000  # beyond it: a preview in base64
_PLAIN = re.compile(r"[A-Za-z0-9 ,.'à-ÿ]")
_MOSTLY, _SHORTEST = 0.7, 5
_HEAD = 65_536
_MOST_PACKETS = 50
_MOST_SEARCHED = 8_000_000
_RUN = re.compile(rb"[\t\x20-\x7e\x80-\xff]{8,4096}")


def image_metadata(content: bytes, *, behind: bool = True) -> list[str]:
    """Return the texts in a picture file that are not its pixels, each once, in order.

    Args:
        content: The file.
        behind: Whether to take the words behind the end of the picture too; else somebody else does.
    """
    texts: dict[str, None] = {}
    pieces: list[bytes] = []
    size = 0
    try:
        for found in _walk(content, behind=behind):
            if found is None:
                pieces = [content[:_MOST_SEARCHED]]
            elif isinstance(found, bytes):
                pieces.append(found[:_MOST_SEARCHED])
            elif text := found.replace("\x00", " ").strip():
                texts[text[:_MOST_TEXT]] = None
                size += len(text)
            if size > _MOST_TEXT:
                break
    except (struct.error, IndexError, ValueError, OverflowError):
        pieces = [content[:_MOST_SEARCHED]]
    known = "\n".join(texts)
    loose = dict.fromkeys(line for piece in pieces for line in _anything(piece))
    # A packet of XMP is plain text by design, so that programs find it without knowing the format.
    loose |= dict.fromkeys(line for text in _packets(content) for line in text.split("\n"))
    return [*texts, *(line for line in loose if line not in known)]


def _walk(content: bytes, *, behind: bool) -> _Texts:
    if content.startswith(b"\xff\xd8"):
        yield from _jpeg(content, behind=behind)
    elif content.startswith(b"\x89PNG\r\n\x1a\n"):
        yield from _png(content, behind=behind)
    elif content.startswith(b"GIF8"):
        yield from _gif(content, behind=behind)
    elif content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        yield from _webp(content)
    elif content[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        yield from _tiff(content)
        yield content[:_HEAD]  # where directories are; a wrong offset leads anywhere
        yield content[_HEAD:][-_HEAD:]
    else:
        yield from _loose(content)


def _loose(content: bytes) -> _Texts:
    """Yield what can be told without knowing the format: EXIF blocks and words at the beginning."""
    yield content[:_HEAD]
    at = content.find(b"Exif\x00\x00")
    if at >= 0:
        yield from _exif(content[at + 6 :])


def _packets(content: bytes) -> Iterator[str]:
    """Yield the words of XMP packets, wherever they stand."""
    end = 0
    for found in islice(_XMP.finditer(content), _MOST_PACKETS):
        if found.start() >= end:
            stop = content.find(b"<?xpacket end", found.start())
            end = min(stop if stop >= 0 else len(content), found.start() + _UNPACKED)
            yield words_of_xmp(content[found.start() : end])


def _anything(content: bytes) -> Iterator[str]:
    """Yield what looks as if somebody had written it, wherever it stands."""
    yield from binary.written(content).split("\n")
    tagged = b"\n".join(run for run in _RUN.findall(content) if b"<" in run or b">" in run)
    for text in words_of_xmp(tagged).split("\n"):
        if len(_PLAIN.findall(text)) > _MOSTLY * len(text) and len(text) > _SHORTEST:
            yield text


# -- JPEG ---------------------------------------------------------------------------------------------------------


def _jpeg(content: bytes, *, behind: bool) -> _Texts:
    """Yield the texts of the segments before and between scans, and what follows the end of the picture."""
    at = 2
    extended: list[bytes] = []
    for _ in range(_MOST_CHUNKS):
        begun, at = at, content.find(b"\xff", at)
        if at != begun:
            yield None
        if at < 0 or at + 2 > len(content):
            break
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker == 0xD9:
            yield from _behind(content[at + 2 :]) if behind else ()
            break
        elif marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            size = int.from_bytes(content[at + 2 : at + 4], "big")
            if size < 2 or at + 2 + size > len(content):
                yield None
            data = content[at + 4 : at + 2 + size]
            if marker == 0xE1 and data.startswith(b"http://ns.adobe.com/xmp/extension/\x00"):
                extended.append(data[75:])
            elif marker >= 0xE0:
                yield from _segment(marker, data)
            at += 2 + max(size, 2)
            if marker == 0xDA:
                at = _end_of_scan(content, at)
    if extended:
        yield words_of_xmp(b"".join(extended))


def _end_of_scan(content: bytes, at: int) -> int:
    """Return where the next marker stands that ends the entropy-coded bytes."""
    found = _SCAN_END.search(content, at)
    return found.start() if found else len(content)


_USUAL_HEADER = 24
_SCAN_END = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")


def _segment(marker: int, data: bytes) -> _Texts:
    if marker == 0xFE:
        yield _text(data)
    elif data.startswith(b"Exif\x00"):
        yield from _exif(data[6:])
    elif data.startswith(b"http://ns.adobe.com/xap/1.0/\x00"):
        yield words_of_xmp(data[29:])
    elif data.startswith(b"Photoshop 3.0\x00"):
        yield from _photoshop(data[14:])
    elif data.startswith(b"ICC_PROFILE\x00"):
        yield from _profile(data[14:])
    elif marker not in (0xE0, 0xEE, 0xFF) or len(data) > _USUAL_HEADER:
        yield from _strings(data)
        yield data


def _behind(content: bytes) -> _Texts:
    """Yield the loose words behind the end of a picture; some cameras put a second picture there."""
    if content.strip(b"\x00\xff\r\n "):
        yield binary.wide_strings(content[:_UNPACKED])
        yield from _strings(content[:_UNPACKED])


def _strings(content: bytes) -> _Texts:
    runs = _RUN.findall(content)
    yield words_of_xmp(b"\n".join(run for run in runs if b"<" in run))
    words = [charset.decode(run).text for run in runs]
    yield "\n".join(run for run in words if len(_PLAIN.findall(run)) > _MOSTLY * len(run))


# -- PNG, GIF, WebP -----------------------------------------------------------------------------------------------


def _png(content: bytes, *, behind: bool) -> _Texts:
    at = 8
    for _ in range(_MOST_CHUNKS):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        end = at + 8 + size
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            yield None
        if end > len(content):
            return
        yield from _png_chunk(kind, content[at + 8 : end])
        at = end + 4
        if kind == b"IEND":
            yield from _behind(content[at:]) if behind else ()
            return


def _png_chunk(kind: bytes, data: bytes) -> _Texts:
    if kind == b"tEXt":
        yield _latin(data.replace(b"\x00", b": ", 1))
    elif kind == b"zTXt":
        key, _, packed = data.partition(b"\x00")
        raw = _inflated(packed[1:])
        yield from _raw_profile(raw) if key.startswith(b"Raw profile") else (_latin(key) + ": " + _latin(raw),)
    elif kind == b"iTXt":
        key, _, rest = data.partition(b"\x00")
        _, _, named = rest[2:].partition(b"\x00")  # after the language
        translated, _, raw = named.partition(b"\x00")
        raw = _inflated(raw) if rest[:1] == b"\x01" else raw
        if key == b"XML:com.adobe.xmp":
            yield words_of_xmp(raw)
        else:
            yield f"{_latin(key)} {_text(translated)}: {_text(raw)}"
    elif kind == b"eXIf":
        yield from _exif(data)
    elif kind in (b"iCCP", b"sPLT"):
        key, _, packed = data.partition(b"\x00")
        yield _latin(key)
        if kind == b"iCCP":
            yield from _profile(_inflated(packed[1:]))
    elif kind[:1].islower() and kind not in _PNG_NUMBERS:  # a chunk that readers may leave out
        yield from _strings(data)


_PNG_NUMBERS = frozenset(
    b"bKGD cHRM gAMA hIST pHYs sBIT sRGB tIME tRNS cICP fdAT fcTL acTL npTc npOl npLb orNT iDOT".split()
)


def _raw_profile(raw: bytes) -> _Texts:
    """Yield the texts of a profile that ImageMagick wrote as hexadecimal: a name, a length, the digits."""
    lines = raw.strip().split(b"\n", 2)
    try:
        data = bytes.fromhex(b"".join(lines[2:]).decode("ascii"))
    except ValueError:
        yield _latin(raw)
        return
    if data.startswith(b"Exif"):
        yield from _exif(data[6:])
    elif b"8BIM" in data[:64]:
        yield from _photoshop(data)
    elif lines[0].strip() == b"iptc":
        yield from _iptc(data)
    else:
        if _XMP.search(data):
            yield words_of_xmp(data)
        else:
            yield from _strings(data)


def _gif(content: bytes, *, behind: bool) -> _Texts:
    yield content[:_HEAD]  # blocks have no check
    at = 13 + (3 << (content[10] & 7) + 1 if content[10] & 0x80 else 0)
    for _ in range(_MOST_CHUNKS):
        kind = content[at]
        if kind == 0x3B:
            yield from _behind(content[at + 1 :]) if behind else ()
            return
        if kind == 0x2C:
            flags = content[at + 9]
            at += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0) + 1
            _, at = _gif_blocks(content, at)
        elif kind == 0x21:
            label = content[at + 1]
            if content[at + 3 : at + 14] == b"XMP DataXMP":  # one run of bytes, made to look like blocks
                end = content.find(b"\x01\xff\xfe", at)
                end = end if end >= 0 else len(content)
                yield words_of_xmp(content[at + 14 : end])
            data, at = _gif_blocks(content, at + 2)
            if label == 0xFE:
                yield _text(data)
            elif label in (0x01, 0xFF):
                yield from _strings(data[12:] if label == 0x01 else data)
                if label == 0x01:
                    yield _text(data[12:])
        else:
            yield None
            return


def _gif_blocks(content: bytes, at: int) -> tuple[bytes, int]:
    pieces: list[bytes] = []
    while at < len(content) and content[at]:
        pieces.append(content[at + 1 : at + 1 + content[at]])
        at += 1 + content[at]
    return b"".join(pieces), at + 1


def _webp(content: bytes) -> _Texts:
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at >= len(content):
            return
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        data = content[at + 8 : at + 8 + size]
        if len(data) < size or not kind.strip().isalnum():
            yield None
        if kind == b"EXIF":
            yield from _exif(data[6:] if data.startswith(b"Exif\x00") else data)
        elif kind == b"XMP ":
            yield words_of_xmp(data)
        elif kind == b"ICCP":
            yield from _profile(data)
        elif kind not in (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"):
            yield from _strings(data)
            yield data
        at += 8 + size + size % 2


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


def _exif(content: bytes) -> _Texts:
    """Yield the texts of a small TIFF file inside another, and the file."""
    yield from _tiff(content)
    yield content


def _tiff(content: bytes) -> _Texts:
    """Yield the texts of every directory that can be reached, each once."""
    if content[:2] not in (b"II", b"MM"):
        yield None
        return
    order = _Order("<" if content[:2] == b"II" else ">", content[2:3] == b"+" or content[3:4] == b"+")
    waiting = [(order.number(content, 8, 8) if order.big else order.number(content, 4, 4), 0)]
    seen: set[int] = set()
    budget = _MOST_ENTRIES
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
    for _ in range(min(count, _MOST_ENTRIES)):
        tag, kind = order.number(content, at, 2), order.number(content, at + 2, 2)
        items = order.number(content, at + 4, wide)
        inline = at + 4 + wide
        size = items * _SIZES.get(kind, 1)
        start = inline if size <= wide else order.number(content, inline, wide)
        raw = content[start : start + min(size, _UNPACKED)]
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


def _value(tag: int, value: object, order: _Order) -> _Texts:
    if not isinstance(value, bytes):
        return
    if tag == _XMP_TAG:
        yield words_of_xmp(value)
    elif tag == _IPTC_TAG:
        yield from _iptc(value)
    elif tag == _PHOTOSHOP_TAG:
        yield from _photoshop(value)
    elif tag == _PROFILE_TAG:
        yield from _profile(value)
    elif tag in _WINDOWS_TEXTS:
        yield value.decode("utf-16-le", "replace")
    elif tag in _USER_COMMENTS and value[:8] in _COMMENT_CODES:
        code = _COMMENT_CODES[value[:8]]
        if code == "utf-16":
            code = "utf-16-le" if order.end == "<" else "utf-16-be"
        # Some programs write the other order than the file's; words in it would look Chinese.
        yield value[8:].decode(code, "replace") if code else _text(value[8:])
        if code.startswith("utf-16"):
            yield value[8:].decode("utf-16-be" if order.end == "<" else "utf-16-le", "replace")
    elif tag == _MAKER_NOTE or _CONTROL.search(value.rstrip(b"\x00")):
        yield from _strings(value)
    else:
        yield _text(value)


_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1f]")


def _place(position: dict[int, object]) -> _Texts:
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
    text = charset.decode(raw).text[:_MOST_TEXT].replace("<!--", "<!>").replace("-->", "<!>")
    words = _MARKUP.split(text)
    for tag in _MARKUP.findall(text):
        if _WELL_FORMED.fullmatch(tag):
            words += [found[1] or found[2] for found in _ATTRIBUTE.finditer(tag)]
        else:
            words.append(tag)  # nobody's, but words all the same
    kept = dict.fromkeys(_unescape(word).strip() for word in words if len(word) < _LONGEST_WORD or " " in word)
    return "\n".join(word for word in kept if word and not _NOT_WORDS.fullmatch(word))


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


def _photoshop(data: bytes) -> _Texts:
    """Yield the texts of image resources: IPTC, XMP, EXIF, and whatever else has words."""
    at = data.find(b"8BIM")
    for _ in range(_MOST_CHUNKS):
        if at < 0 or data[at : at + 4] != b"8BIM" or at + 12 > len(data):
            yield data[at:] if at >= 0 else data
            return
        kind = int.from_bytes(data[at + 4 : at + 6], "big")
        name_size = data[at + 6]
        yield _text(data[at + 7 : at + 7 + name_size])
        at += 7 + name_size + (name_size + 1) % 2
        size = int.from_bytes(data[at : at + 4], "big")
        block = data[at + 4 : at + 4 + size]
        if len(block) < size:
            yield None
        if kind == 0x0404:
            yield from _iptc(block)
        elif kind == 0x0424:
            yield words_of_xmp(block)
        elif kind in (0x0422, 0x0423):
            yield from _exif(block)
        elif kind not in (0x040C, 0x0409, 0x0425):  # thumbnails and a digest
            yield binary.wide_strings(block)
            yield from _strings(block)
        at += 4 + size + size % 2


def _iptc(data: bytes) -> _Texts:
    """Yield the text datasets of an IPTC record."""
    at = data.find(b"\x1c")
    for _ in range(_MOST_CHUNKS):
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
            yield from _strings(value)
        else:
            yield _text(value)
        at += size


def _profile(data: bytes) -> _Texts:
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
            yield from _strings(block[8:])


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, _UNPACKED)
    except zlib.error:
        return b""


def _text(raw: bytes) -> str:
    return charset.decode(raw.strip(b"\x00 ")).text


def _latin(raw: bytes) -> str:
    """Return text that is declared Latin-1 and often is UTF-8."""
    return charset.decode(raw, "iso-8859-1").text
