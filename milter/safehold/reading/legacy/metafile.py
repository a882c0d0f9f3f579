# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings of Windows (EMF, EMF+, WMF): the texts they draw, a line for what stands at one height, and the pictures.

Old documents keep such a drawing of every embedded object and, as a thumbnail, of their first page: it says what the
object said when it was last drawn.  Never raises, linear.  Sources: [MS-EMF] 2.3.5, [MS-EMFPLUS] 2.3.4, [MS-WMF] 2.3.3.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, bitmaps, leftovers
from safehold.reading.legacy import metafile_pictures, metafile_shapes, unsaid
from safehold.reading.legacy.metafile_records import (
    COMMENT,
    EMF_SIGNATURE,
    ESCAPE,
    PLUS,
    Record,
    emf_records,
    plus_records,
    records,
    start_of_wmf,
    u16,
    u32,
    wmf_records,
)
from safehold.reading.notes import OpenPart
from safehold.reading.pictures import ocr
from safehold.reading.vocabulary import Detail, MarkKind

_WMF_STARTS = (b"\x01\x00\x09\x00\x00\x03", b"\x01\x00\x09\x00\x00\x01")
_TEXT_A, _TEXT_W, _SMALL_TEXT = 83, 84, 108
_SEVERAL_TEXTS = {96: False, 97: True}  # 8-bit and two-byte
_WITHOUT_BOUNDS, _SMALL_CHARACTERS = 0x100, 0x200
_DRAW_STRING, _DRAW_GLYPHS = 0x401C, 0x4036
_WMF_TEXT, _WMF_EXTENDED_TEXT = 0x0521, 0x0A32
# A text may be given as numbers of glyphs: where its record says so, and what the numbers of ASCII are in most fonts.
_GLYPHS_AT, _AS_GLYPHS = {_TEXT_A: 52, _TEXT_W: 52, _SMALL_TEXT: 20}, 0x10
_BEFORE_GLYPHS, _LAST_GLYPH = 29, 97
# Smaller than this a picture has no room for a word.  But many slices may be a page that nobody put together.
_LEAST_SIDE, _A_SLICE, _FEW_SLICES = 12, 100, 8
# Files that no record gives as a picture, in comments, say.
_FILES = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xc0-\xfe]|GIF8[79]a|%!PS-Adobe|%PDF-1\.|PK\x03\x04")


class _Start(NamedTuple):
    """How the bytes begin that keep a bitmap, and how much of them stands before it."""

    begins: bytes
    size: int


# [MS-OLEDS] 2.3.4 (format 8, no device) and 2.2.2.1.
_BITMAPS = (_Start(b"\xff\xff\xff\xff\x08\0\0\0\x04\0\0\0", 40), _Start(b"\x04\0\0\0DIB\0", 20))

_Run = tuple[int, str]  # height, text


def read(content: bytes, part: OpenPart) -> None:
    """Read the texts of a drawing and the pictures in it, and mark that nothing recognised the rest of it."""
    part.mark(MarkKind.NO_OCR)
    said = text(content)
    part.segment(PlaceKind.TEXT, said)
    end, is_cut, has_glyphs = _walked(content)
    if has_glyphs:
        part.problem(Reason.NO_TEXT, Detail.ILLEGIBLE)  # in a font of another kind they mean other letters
    if is_cut:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
    spans = _read_pictures(content, part)
    _read_loose(content[:end], spans, said, part)
    leftovers.read([content[end:]], part)
    if part.session.demand.ocr:
        _recognise_shapes(content, part)


def _recognise_shapes(content: bytes, part: OpenPart) -> None:
    shapes, is_whole = metafile_shapes.drawn(content)
    if not is_whole:
        part.problem(Reason.TOO_LARGE, Detail.PIXELS)
    if shapes is not None:
        ocr.look(shapes, part, PlaceKind.TEXT, must=False)


def read_inside(content: bytes, part: OpenPart) -> None:
    """Read how an object looked when it was last drawn, out of the stream that keeps it: a drawing, or a bitmap."""
    drawing = drawing_inside(content)
    part.segment(PlaceKind.METADATA, text(drawing), visibility=Visibility.HIDDEN)
    _read_pictures(drawing, part)
    for start in _BITMAPS:
        at = content.find(start.begins)
        picture = bitmaps.from_packed(content[at + start.size :]) if at >= 0 else b""
        if picture and part.is_new(picture):
            part.member("picture", picture)


def _walked(content: bytes) -> tuple[int, bool, bool]:
    """Return where the last record ends, whether the drawing is cut in it, and whether there are numbers of glyphs."""
    start = u32(content, 4) if _is_emf(content) else start_of_wmf(content)
    end, is_cut, has_glyphs = min(start, len(content)), False, False
    has_options = _GLYPHS_AT if _is_emf(content) else {}
    for record in records(content):
        end, is_cut = record.end, record.is_cut
        has_glyphs = has_glyphs or (record.kind in has_options and _has_glyphs(content, record))
    return end, is_cut, has_glyphs


def _read_pictures(content: bytes, part: OpenPart) -> list[tuple[int, int]]:
    """Hand on the pictures, and return where they stand: those that are too small are bytes like any."""
    spans = [(0, 44 if _is_emf(content) else 6)]  # what it is known by
    unread = slices = 0
    for found in metafile_pictures.pictures(content):
        small, large = bitmaps.sides(found.content or b"")
        slices += small < _LEAST_SIDE <= _A_SLICE <= large
        unread += found.content == b""
        if small < _LEAST_SIDE:
            continue
        spans.append((found.start, found.end))
        if found.content and part.is_new(found.content):
            part.member(f"picture {len(spans) - 1}", found.content)
    if part.session.demand.ocr and (unread or slices > _FEW_SLICES):
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)
    return spans


def _read_loose(content: bytes, spans: list[tuple[int, int]], said: str, part: OpenPart) -> None:
    """Read what stands in records that draw neither texts nor pictures, and open the files that are hidden there."""
    loose: list[str] = []
    for start, end in leftovers.gaps(spans, len(content)):
        file = _FILES.search(content, start, end)
        if file is not None:
            part.mark(MarkKind.APPENDED)
            part.member("appended", content[file.start() : end])
        loose += binary.written(content[start : file.start() if file else end]).split("\n")
    words = [line for line in leftovers.not_said(loose, [said], of_runs=True) if unsaid.is_somebodys(line)]
    part.segment(PlaceKind.METADATA, "\n".join(words), visibility=Visibility.HIDDEN)


def text(content: bytes) -> str:
    """Return the texts of a drawing, one line for each height."""
    return _lines(_emf(content) if _is_emf(content) else _wmf(content))


def drawing_inside(content: bytes) -> bytes:
    """Return the drawing that starts somewhere in *content*, or b""."""
    at = content.find(EMF_SIGNATURE, 40)
    if at >= 40 and content[at - 40 : at - 36] == b"\x01\x00\x00\x00":
        return content[at - 40 :]
    starts = [found for start in _WMF_STARTS if (found := content.find(start)) >= 0]
    return content[min(starts) :] if starts else b""


def _is_emf(content: bytes) -> bool:
    return content[40:44] == EMF_SIGNATURE


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
    described = u32(content, 64)
    if described:
        title = content[described : described + 2 * min(u32(content, 60), 1_000)]
        yield -1, title.decode("utf-16-le", "replace").replace("\0", " ")
    for record in emf_records(content):
        kind, at, end = record.kind, record.at, record.end
        if kind in (_TEXT_W, _TEXT_A):
            count, offset = u32(content, at + 44), u32(content, at + 48)
            wide = kind == _TEXT_W
            raw = content[at + offset : min(end, at + offset + count * (2 if wide else 1))]
            yield u32(content, at + 40), _of_glyphs(raw) if _has_glyphs(content, record) else _decoded(raw, wide=wide)
        elif kind == _SMALL_TEXT:
            yield u32(content, at + 12), _small_text(content, at, end)
        elif kind in _SEVERAL_TEXTS:
            yield from _several_texts(content[at:end], wide=_SEVERAL_TEXTS[kind])
        elif kind == COMMENT and content[at + 12 : at + 16] == PLUS:
            yield from _emf_plus(content[at + 12 : min(end, at + 12 + u32(content, at + 8))])
        elif kind == COMMENT:
            yield -1, binary.written(content[at + 12 : end])


def _has_glyphs(content: bytes, record: Record) -> bool:
    """Return whether a text is given by the numbers that its letters have in their font."""
    return bool(u32(content, record.at + _GLYPHS_AT[record.kind]) & _AS_GLYPHS)


def _of_glyphs(raw: bytes) -> str:
    """Return what the numbers of letters mean in the fonts of Windows, most of which number them alike."""
    numbers = [u16(raw, at) for at in range(0, len(raw) - 1, 2)]
    return "".join(chr(number + _BEFORE_GLYPHS) if number <= _LAST_GLYPH else "\ufffd" for number in numbers)


def _decoded(raw: bytes, *, wide: bool) -> str:
    return raw.decode("utf-16-le" if wide else "cp1252", "replace")


def _several_texts(record: bytes, *, wide: bool) -> Iterator[_Run]:
    left = len(record)  # texts that are one and the same could be said for ever
    for index in range(min(u32(record, 36), len(record) // 40)):
        at = 40 + 40 * index
        count, offset = u32(record, at + 8), u32(record, at + 12)
        raw = record[offset : offset + min(left, count * (2 if wide else 1))]
        left -= len(raw)
        yield u32(record, at + 4), _decoded(raw, wide=wide)


def _small_text(content: bytes, at: int, end: int) -> str:
    count, options = u32(content, at + 16), u32(content, at + 20)
    start = at + (36 if options & _WITHOUT_BOUNDS else 52)
    narrow = options & _SMALL_CHARACTERS
    raw = content[start : min(end, start + count * (1 if narrow else 2))]
    if options & _AS_GLYPHS:
        return _of_glyphs(raw)
    return raw.decode("cp1252" if narrow else "utf-16-le", "replace")


def _emf_plus(data: bytes) -> Iterator[_Run]:
    for record in plus_records(data):
        at, end = record.at, record.end
        if record.kind == _DRAW_STRING:
            start = at + 40
            raw = data[start : min(end, start + 2 * u32(data, at + 20))]
            yield u32(data, at + 28), raw.decode("utf-16-le", "replace")
        elif record.kind == _DRAW_GLYPHS and u32(data, at + 16) & 1:  # given as characters, not as glyphs
            start = at + 28
            raw = data[start : min(end, start + 2 * u32(data, at + 24))]
            yield at, raw.decode("utf-16-le", "replace")


def _wmf(content: bytes) -> Iterator[_Run]:
    for record in wmf_records(content):
        at, end = record.at, record.end
        if record.kind == _WMF_TEXT:
            count = u16(content, at + 6)
            raw = content[at + 8 : min(end, at + 8 + count)]
            yield u16(content, at + 8 + count + count % 2), raw.decode("cp1252", "replace")
        elif record.kind == _WMF_EXTENDED_TEXT:
            count, options = u16(content, at + 10), u16(content, at + 12)
            start = at + (22 if options & 6 else 14)
            yield u16(content, at + 6), content[start : min(end, start + count)].decode("cp1252", "replace")
        elif record.kind == ESCAPE:
            yield -1, binary.written(content[at + 6 : end])
