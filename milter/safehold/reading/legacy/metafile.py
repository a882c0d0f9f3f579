# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings of Windows (EMF, EMF+, WMF): the texts they draw, one line for what stands at one height.

Old documents keep such a drawing of every embedded object and, as a thumbnail, of their first page: it says what the
object said when it was last drawn.  Never raises, linear.  Sources: [MS-EMF] 2.3.5, [MS-EMFPLUS] 2.3.4, [MS-WMF] 2.3.3.
"""

from collections.abc import Iterator

from safehold.model import PlaceKind
from safehold.reading.basics import binary
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind

_PLACEABLE = b"\xd7\xcd\xc6\x9a"
_WMF_STARTS = (b"\x01\x00\x09\x00\x00\x03", b"\x01\x00\x09\x00\x00\x01")
_EMF_SIGNATURE = b" EMF"
_COMMENT, _TEXT_A, _TEXT_W, _SMALL_TEXT = 70, 83, 84, 108
_SEVERAL_TEXTS = {96: False, 97: True}  # 8-bit and two-byte
_WITHOUT_BOUNDS, _SMALL_CHARACTERS = 0x100, 0x200
_PLUS = b"EMF+"
_DRAW_STRING, _DRAW_GLYPHS = 0x401C, 0x4036
_WMF_TEXT, _WMF_EXTENDED_TEXT, _WMF_ESCAPE = 0x0521, 0x0A32, 0x0626

_Run = tuple[int, str]  # height, text


def read(content: bytes, part: OpenPart) -> None:
    """Read the texts of a drawing, and mark that nothing recognised the rest of it."""
    part.mark(MarkKind.NO_OCR)
    part.segment(PlaceKind.TEXT, text(content))


def text(content: bytes) -> str:
    """Return the texts of a drawing, one line for each height."""
    if content[40:44] == _EMF_SIGNATURE:
        return _lines(_emf(content))
    start = 22 if content.startswith(_PLACEABLE) else 0
    return _lines(_wmf(content, start + 18))


def text_inside(content: bytes) -> str:
    """Return the texts of the drawing that starts somewhere in *content*, or ""."""
    at = content.find(_EMF_SIGNATURE, 40)
    if at >= 40 and content[at - 40 : at - 36] == b"\x01\x00\x00\x00":
        return text(content[at - 40 :])
    starts = [found for start in _WMF_STARTS if (found := content.find(start)) >= 0]
    return text(content[min(starts) :]) if starts else ""


def _lines(runs: Iterator[_Run]) -> str:
    lines: list[list[str]] = []
    height: int | None = None
    for at, run in runs:
        run = run.replace("\0", "")
        if not run.strip():
            continue
        if at != height or not lines:
            lines.append([])
            height = at
        elif not lines[-1][-1].endswith(" ") and not run.startswith(" "):
            lines[-1].append(" ")
        lines[-1].append(run)
    return "\n".join("".join(line) for line in lines)


def _emf(content: bytes) -> Iterator[_Run]:
    described = _u32(content, 64)
    if described:
        title = content[described : described + 2 * min(_u32(content, 60), 1_000)]
        yield -1, title.decode("utf-16-le", "replace").replace("\0", " ")
    at = _u32(content, 4)
    while at + 8 <= len(content):
        kind, size = _u32(content, at), _u32(content, at + 4)
        if size < 8:
            return
        if kind in (_TEXT_W, _TEXT_A):
            count, offset = _u32(content, at + 44), _u32(content, at + 48)
            wide = kind == _TEXT_W
            raw = content[at + offset : at + min(size, offset + count * (2 if wide else 1))]
            yield _u32(content, at + 40), raw.decode("utf-16-le" if wide else "cp1252", "replace")
        elif kind == _SMALL_TEXT:
            yield _u32(content, at + 12), _small_text(content, at, size)
        elif kind in _SEVERAL_TEXTS:
            yield from _several_texts(content[at : at + size], wide=_SEVERAL_TEXTS[kind])
        elif kind == _COMMENT and content[at + 12 : at + 16] == _PLUS:
            yield from _emf_plus(content[at + 16 : at + 12 + min(_u32(content, at + 8), size)])
        elif kind == _COMMENT:
            yield -1, binary.written(content[at + 12 : at + size])
        at += size


def _several_texts(record: bytes, *, wide: bool) -> Iterator[_Run]:
    left = len(record)  # texts that are one and the same could be said for ever
    for index in range(min(_u32(record, 36), len(record) // 40)):
        at = 40 + 40 * index
        count, offset = _u32(record, at + 8), _u32(record, at + 12)
        raw = record[offset : offset + min(left, count * (2 if wide else 1))]
        left -= len(raw)
        yield _u32(record, at + 4), raw.decode("utf-16-le" if wide else "cp1252", "replace")


def _small_text(content: bytes, at: int, size: int) -> str:
    count, options = _u32(content, at + 16), _u32(content, at + 20)
    start = at + (36 if options & _WITHOUT_BOUNDS else 52)
    narrow = options & _SMALL_CHARACTERS
    raw = content[start : min(at + size, start + count * (1 if narrow else 2))]
    return raw.decode("cp1252" if narrow else "utf-16-le", "replace")


def _emf_plus(records: bytes) -> Iterator[_Run]:
    at = 0
    while at + 12 <= len(records):
        kind, size = _u16(records, at), _u32(records, at + 4)
        if size < 12:
            return
        if kind == _DRAW_STRING:
            start = at + 40
            raw = records[start : min(at + size, start + 2 * _u32(records, at + 20))]
            yield _u32(records, at + 28), raw.decode("utf-16-le", "replace")
        elif kind == _DRAW_GLYPHS and _u32(records, at + 16) & 1:  # given as characters, not as glyphs
            start = at + 28
            raw = records[start : min(at + size, start + 2 * _u32(records, at + 24))]
            yield at, raw.decode("utf-16-le", "replace")
        at += size


def _wmf(content: bytes, at: int) -> Iterator[_Run]:
    while at + 6 <= len(content):
        size, kind = 2 * _u32(content, at), _u16(content, at + 4)
        if size < 6:
            return
        if kind == _WMF_TEXT:
            count = _u16(content, at + 6)
            raw = content[at + 8 : at + min(size, 8 + count)]
            yield _u16(content, at + 8 + count + count % 2), raw.decode("cp1252", "replace")
        elif kind == _WMF_EXTENDED_TEXT:
            count, options = _u16(content, at + 10), _u16(content, at + 12)
            start = at + (22 if options & 6 else 14)
            yield _u16(content, at + 6), content[start : min(at + size, start + count)].decode("cp1252", "replace")
        elif kind == _WMF_ESCAPE:
            yield -1, binary.written(content[at + 6 : at + size])
        at += size


def _u16(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 2], "little")


def _u32(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 4], "little")
