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
from itertools import islice

from safehold.reading.basics import appended, binary, leftovers, types
from safehold.reading.pictures import blocks
from safehold.reading.pictures.blocks import Texts

words_of_xmp = blocks.words_of_xmp

_XMP = re.compile(rb"<(?:x:xmpmeta|x:xapmeta|rdf:RDF)[\s>]")
_HEAD = 65_536
_MOST_PACKETS, _LONGEST_BEGINNING = 50, 80
_MOST_SEARCHED = 8_000_000
_SHORTEST = 5
_RUN = re.compile(rb"[\t\x20-\x7e\x80-\xff]{8,4096}")
# Among pixels chance makes short runs of letters: one of 12 in ten megabytes, of 16 none.
_LONG_RUN, _LONG_WIDE_RUN, _FEWEST_LETTERS = 16, 12, 6
_FEW_ACCENTS, _MOST_ACCENTS = 0.2, 0.5
_PRINTED = bytes(ord("p") if 0x20 <= byte < 0x7F else 0 if byte == 0 else ord("x") for byte in range(256))
_RUN_OF = {1: re.compile(rb"p+"), 2: re.compile(rb"(?:p\x00)+")}
_EMPTY_PACKET = b"\x00\x01"
_PACKET = re.compile(rb"<\?xpacket begin.{0,200}?\?>|<x:xmpmeta.*?</x:xmpmeta>|<\?xpacket end.{0,20}?\?>", re.DOTALL)


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
                texts[text] = None
                size += len(text)
            if size > blocks.MOST_TEXT:
                break
    except (struct.error, IndexError, ValueError, OverflowError):
        pieces = [content[:_MOST_SEARCHED]]
    loose = dict.fromkeys(line for piece in pieces for line in _anything(piece))
    # A packet of XMP is plain text by design, so that programs find it without knowing the format.
    loose |= dict.fromkeys(line for text in _packets(content) for line in text.split("\n"))
    end = len(content) if behind else appended.end_of_picture(content, types.by_rules(content) or "")
    found_elsewhere = leftovers.not_said(loose, texts)
    known = [*texts, *found_elsewhere]
    return [*known, *leftovers.not_said(_anywhere(content[:end]), known, of_runs=True)]


def _anywhere(content: bytes) -> Iterator[str]:
    """Yield long runs of words in any place, among pixels too: no format says where nobody may write."""
    printed = _without_packets(content).translate(_PRINTED)
    runs: list[bytes] = []
    for width, shortest in ((1, _LONG_RUN), (2, _LONG_WIDE_RUN)):
        least, run = (b"p" if width == 1 else b"p\x00") * shortest, _RUN_OF[width]
        at = printed.find(least)
        while at >= 0 and (found := run.match(printed, at)):
            runs.append(content[at : found.end() : width])
            at = printed.find(least, found.end())
    for run_of_words in runs:
        if b" " in run_of_words.strip() and len(set(run_of_words)) >= _FEWEST_LETTERS:
            yield from _anything(run_of_words)


def _walk(content: bytes, *, behind: bool) -> Texts:
    if content.startswith(b"\xff\xd8"):
        yield from _jpeg(content, behind=behind)
    elif content.startswith(b"\x89PNG\r\n\x1a\n"):
        yield from _png(content, behind=behind)
    elif content.startswith(b"GIF8"):
        yield from _gif(content, behind=behind)
    elif content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        yield from _webp(content)
    elif content[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        yield from blocks.tiff(content)
        yield content[:_HEAD]  # where directories are; a wrong offset leads anywhere
        yield content[_HEAD:][-_HEAD:]
    else:
        yield from _loose(content)


def _loose(content: bytes) -> Texts:
    """Yield what can be told without knowing the format: EXIF blocks and words at the beginning."""
    yield content[:_HEAD]
    at = content.find(b"Exif\x00\x00")
    if at >= 0:
        yield from blocks.exif(content[at + 6 :])


def _packets(content: bytes) -> Iterator[str]:
    """Yield the words of XMP packets, wherever they stand."""
    end = 0
    for found in islice(_XMP.finditer(content), _MOST_PACKETS):
        if found.start() >= end:
            stop = content.find(b"<?xpacket end", found.start())
            end = min(stop if stop >= 0 else len(content), found.start() + blocks.MOST_TEXT)
            yield words_of_xmp(content[found.start() : end])


def _without_packets(content: bytes) -> bytes:
    """Return the bytes with packets of XMP blotted out: their words are known."""
    out = bytearray(content)
    at = 0
    for _ in range(_MOST_PACKETS):
        start = content.find(b"<x:xmpmeta", at)
        end = content.find(b"</x:xmpmeta>", start)
        if start < 0 or end < 0 or end - start > blocks.MOST_TEXT:
            break
        at = end + len(b"</x:xmpmeta>")
        begun = content.rfind(b"<?xpacket begin", max(0, start - _LONGEST_BEGINNING), start)
        start = begun if begun >= 0 else start
        out[start:at] = bytes(at - start)
    return bytes(out)


def _anything(content: bytes) -> Iterator[str]:
    """Yield what looks as if somebody had written it, wherever it stands."""
    for line in binary.written(content).split("\n"):
        # Among pixels a short run of letters with accents is one by chance, and a long one of little else is white.
        accents = _FEW_ACCENTS if len(line) < _LONG_RUN else _MOST_ACCENTS
        if sum(not letter.isascii() for letter in line) <= accents * len(line):
            yield line
    tagged = b"\n".join(run for run in _RUN.findall(content) if b"<" in run or b">" in run)
    for text in words_of_xmp(tagged).split("\n"):
        if len(blocks.PLAIN.findall(text)) > blocks.MOSTLY * len(text) and len(text) > _SHORTEST:
            yield text


# -- JPEG ---------------------------------------------------------------------------------------------------------


def _jpeg(content: bytes, *, behind: bool) -> Texts:
    """Yield the texts of the segments before and between scans, and what follows the end of the picture."""
    at = 2
    extended: dict[tuple[bytes, int], bytes] = {}  # pieces of one packet, by its name and their places
    resources: list[bytes] = []
    for _ in range(blocks.MOST_STEPS):
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
                extended[data[35:67], int.from_bytes(data[71:75], "big")] = data[75:]
            elif marker == 0xED and data.startswith(b"Photoshop 3.0\x00"):
                resources.append(data[14:])
            elif marker >= 0xE0:
                yield from _segment(marker, data)
            at += 2 + max(size, 2)
            if marker == 0xDA:
                at = _end_of_scan(content, at)
    else:
        yield None
    if resources:  # one block may go on in the next segment
        yield from blocks.photoshop(b"".join(resources))
    if extended:
        yield words_of_xmp(b"".join(extended[place] for place in sorted(extended)))


def _end_of_scan(content: bytes, at: int) -> int:
    """Return where the next marker stands that ends the entropy-coded bytes."""
    found = _SCAN_END.search(content, at)
    return found.start() if found else len(content)


_USUAL_HEADER = 24
_SCAN_END = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")


def _segment(marker: int, data: bytes) -> Texts:
    if marker == 0xFE:
        yield blocks.text_of(data)
    elif data.startswith(b"Exif\x00"):
        yield from blocks.exif(data[6:])
    elif data.startswith(b"http://ns.adobe.com/xap/1.0/\x00"):
        yield words_of_xmp(data[29:])
    elif data.startswith(b"ICC_PROFILE\x00"):
        yield from blocks.profile(data[14:])
    elif marker not in (0xE0, 0xEE, 0xFF) or len(data) > _USUAL_HEADER:
        yield from blocks.strings(data)
        yield data


def _behind(content: bytes) -> Texts:
    """Yield the loose words behind the end of a picture; some cameras put a second picture there."""
    if content.strip(b"\x00\xff\r\n "):
        yield binary.wide_strings(content[: blocks.MOST_TEXT])
        yield from blocks.strings(content[: blocks.MOST_TEXT])


# -- PNG, GIF, WebP -----------------------------------------------------------------------------------------------


def _png(content: bytes, *, behind: bool) -> Texts:
    at = 8
    for _ in range(blocks.MOST_STEPS):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        end = at + 8 + size
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            yield None
        if end > len(content):
            return
        yield from _png_chunk(kind, content[at + 8 : end])
        at = end + 4
        if kind == b"IEND" and not _is_chunk(content, at):
            yield from _behind(content[at:]) if behind else ()
            return
    yield None


def _is_chunk(content: bytes, at: int) -> bool:
    """Return whether a sound chunk stands at *at*: behind the last one no viewer looks."""
    end = at + 8 + int.from_bytes(content[at : at + 4], "big")
    return end < len(content) and zlib.crc32(content[at + 4 : end]) == int.from_bytes(content[end : end + 4], "big")


def _png_chunk(kind: bytes, data: bytes) -> Texts:
    if kind in (b"tEXt", b"zTXt"):
        key, _, raw = data.partition(b"\x00")
        if kind == b"zTXt":
            raw, loose = blocks.inflated(raw[1:])
            yield loose
        yield from _raw_profile(raw) if key.startswith(b"Raw profile") else (_named(key, raw),)
    elif kind == b"iTXt":
        key, _, rest = data.partition(b"\x00")
        language, _, named = rest[2:].partition(b"\x00")
        translated, _, raw = named.partition(b"\x00")
        if rest[:1] == b"\x01":
            raw, loose = blocks.inflated(raw)
            yield loose
        if key == b"XML:com.adobe.xmp":
            yield words_of_xmp(raw)
        else:
            yield f"{blocks.latin(key)} {blocks.text_of(translated)}: {blocks.text_of(raw)}"
        yield language if len(language) > _LONGEST_LANGUAGE else b""
    elif kind == b"eXIf":
        yield from blocks.exif(data)
    elif kind in (b"iCCP", b"sPLT"):
        key, _, packed = data.partition(b"\x00")
        yield blocks.latin(key)
        if kind == b"iCCP":
            yield from blocks.profile(blocks.inflated(packed[1:])[0])
    elif kind not in _PNG_NUMBERS:
        yield from blocks.strings(data)


def _named(key: bytes, raw: bytes) -> str:
    return f"{blocks.latin(key)}: {blocks.latin(raw)}"


_LONGEST_LANGUAGE = 35  # of a tag (RFC 5646, 4.4.1)
_PNG_NUMBERS = frozenset(
    b"IHDR PLTE IDAT bKGD cHRM gAMA hIST pHYs sBIT sRGB tIME tRNS cICP fdAT fcTL acTL npTc npOl npLb orNT iDOT".split()
)


def _raw_profile(raw: bytes) -> Texts:
    """Yield the texts of a profile that ImageMagick wrote as hexadecimal: a name, a length, the digits."""
    lines = raw.strip().split(b"\n", 2)
    try:
        data = bytes.fromhex(b"".join(lines[2:]).decode("ascii"))
    except ValueError:
        yield blocks.latin(raw)
        return
    if data.startswith(b"Exif"):
        yield from blocks.exif(data[6:])
    elif b"8BIM" in data[:64]:
        yield from blocks.photoshop(data)
    elif lines[0].strip() == b"iptc":
        yield from blocks.iptc(data)
    else:
        if _XMP.search(data):
            yield words_of_xmp(data)
        else:
            yield from blocks.strings(data)


def _gif(content: bytes, *, behind: bool) -> Texts:
    yield content[:_HEAD]  # blocks have no check
    at = 13 + (3 << (content[10] & 7) + 1 if content[10] & 0x80 else 0)
    for _ in range(blocks.MOST_STEPS):
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
                yield blocks.text_of(data)
            elif label in (0x01, 0xFF):
                yield from blocks.strings(data[12:] if label == 0x01 else data)
                if label == 0x01:
                    yield blocks.text_of(data[12:])
        else:
            break
    yield None


def _gif_blocks(content: bytes, at: int) -> tuple[bytes, int]:
    pieces: list[bytes] = []
    while at < len(content) and content[at]:
        pieces.append(content[at + 1 : at + 1 + content[at]])
        at += 1 + content[at]
    return b"".join(pieces), at + 1


def _webp(content: bytes, at: int = 12) -> Texts:
    for _ in range(blocks.MOST_STEPS):
        if at >= len(content):
            return
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        data = content[at + 8 : at + 8 + size]
        if len(data) < size or not kind.strip().isalnum():
            yield None
        if kind == b"EXIF":
            yield from blocks.exif(data[6:] if data.startswith(b"Exif\x00") else data)
        elif kind == b"XMP ":
            yield words_of_xmp(data)
        elif kind == b"ICCP":
            yield from blocks.profile(data)
        elif kind == b"ANMF":  # a frame, with chunks of its own
            yield from _webp(data, 16)
        elif kind not in (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM"):
            yield from blocks.strings(data)
            yield data
        at += 8 + size + size % 2
    yield None
