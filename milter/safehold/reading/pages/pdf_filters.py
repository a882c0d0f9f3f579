# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: streams with their filters undone.  Pure functions over bytes, bounded in time and in what comes out.

What cannot be undone is never an empty stream that looks like one: the state says what became of it.
Sources: ISO 32000-2, 7.4 (filters), 7.4.4.4 (predictors); the PNG specification, section 9 (filter types).
"""

import base64
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from safehold.reading.pages import pdf_syntax
from safehold.reading.pages.pdf_syntax import Object

MOST_UNPACKED = 4 * 1024 * 1024
# What is undone byte by byte in Python (1 to 5 MB a second, measured) may be no longer than this.
_MOST_SLOW = 1024 * 1024
_SLOWNESS = 16
_MOST_FILTERS = 8
_PIECE = 4_096
_NAME = re.compile(rb"/([^\s\x00/<>\[\](){}%]+)")
_LZW_CLEAR, _LZW_END, _LZW_FULL = 256, 257, 4_096


class State(StrEnum):
    """What became of the filters of a stream."""

    WHOLE = "whole"
    CUT = "cut"  # there is more than the bound
    BROKEN = "broken"
    PICTURE = "picture"  # what is left is a picture file
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A stream with its filters undone, as far as that goes."""

    data: bytes = field(repr=False)
    state: State = State.WHOLE
    cost: int = 0  # beside its size: what was undone byte by byte in Python


_Filter = Callable[[bytes, int], Unpacked]


def unpacked(item: Object, known: dict[bytes, bytes], most: int = MOST_UNPACKED) -> Unpacked:
    """Return the stream of an object with its filters undone, and at most *most* bytes of it.

    Args:
        item: The object.
        known: The entries of its dictionary.
        most: The bound.
    """
    raw = item.stream or b""
    cost = 0
    names = [pdf_syntax.plain_name(name) for name in _NAME.findall(known.get(b"Filter", b""))]
    state = State.WHOLE if len(names) <= _MOST_FILTERS else State.UNKNOWN
    for name in names[:_MOST_FILTERS]:
        undo = _FILTERS.get(name)
        if undo is None:
            return Unpacked(raw, State.PICTURE) if name in _PICTURES else Unpacked(b"", State.UNKNOWN)
        step = undo(raw, most)
        cost += len(raw) * _SLOWNESS if name in _SLOW else 0
        raw = step.data
        if step.state is not State.WHOLE:
            state = step.state
            break
    if len(raw) > most:
        raw, state = raw[:most], State.CUT
    parameters = known.get(b"DecodeParms", known.get(b"DP", b""))
    if b"Predictor" not in parameters:
        return Unpacked(raw, state, cost)
    made = _unpredicted(raw, parameters, state)
    return Unpacked(made.data, made.state, cost + _SLOWNESS * min(len(raw), _MOST_SLOW))


# -- filters ------------------------------------------------------------------------------------------------------


def _inflated(raw: bytes, most: int) -> Unpacked:
    engine = zlib.decompressobj()
    try:
        out = engine.decompress(raw, most)
    except zlib.error:
        return Unpacked(_inflated_as_far_as_it_goes(raw, most), State.BROKEN)
    if engine.eof:
        return Unpacked(out)
    return Unpacked(out, State.CUT if len(out) >= most else State.BROKEN)


def _inflated_as_far_as_it_goes(raw: bytes, most: int) -> bytes:
    """Return what comes before the damage: zlib gives it piece by piece only."""
    engine = zlib.decompressobj()
    out: list[bytes] = []
    try:
        for at in range(0, len(raw), _PIECE):
            out.append(engine.decompress(raw[at : at + _PIECE], most))
            most -= len(out[-1])
            if most <= 0:
                break
    except zlib.error:
        pass
    return b"".join(out)


def _from_hex(raw: bytes, _: int) -> Unpacked:
    digits = raw.partition(b">")[0]
    out = pdf_syntax.from_hex(digits)
    return Unpacked(out, State.WHOLE if out or not digits.strip() else State.BROKEN)


def _from_base_85(raw: bytes, _: int) -> Unpacked:
    digits = raw.strip().removeprefix(b"<~").partition(b"~>")[0]
    try:
        return Unpacked(base64.a85decode(digits, ignorechars=b" \t\n\r\v\0\f"))
    except ValueError:
        return Unpacked(b"", State.BROKEN)


def _from_run_lengths(raw: bytes, most: int) -> Unpacked:
    out = bytearray()
    at = 0
    while at < len(raw) and len(out) <= most and at < _MOST_SLOW:
        length = raw[at]
        if length == 128:
            return Unpacked(bytes(out))
        if length < 128:
            out += raw[at + 1 : at + 2 + length]
            at += 2 + length
        else:
            out += raw[at + 1 : at + 2] * (257 - length)
            at += 2
    return Unpacked(bytes(out), State.WHOLE if at >= len(raw) else State.CUT)


def _from_lzw(raw: bytes, most: int) -> Unpacked:
    """Undo LZW as TIFF and PDF write it: the longest bits first, codes growing one code early."""
    first = [bytes([code]) for code in range(256)] + [b"", b""]
    table, width, before = list(first), 9, b""
    out: list[bytes] = []
    size = buffer = bits = 0
    for byte in raw[:_MOST_SLOW]:
        buffer = (buffer << 8 | byte) & 0xFFFFFF
        bits += 8
        if bits < width:
            continue
        bits -= width
        code = buffer >> bits & (1 << width) - 1
        if code == _LZW_END or size > most:
            break
        if code == _LZW_CLEAR:
            table, width, before = list(first), 9, b""
            continue
        if code < len(table):
            piece = table[code]
        elif before and code == len(table):
            piece = before + before[:1]
        else:
            return Unpacked(b"".join(out), State.BROKEN)
        out.append(piece)
        size += len(piece)
        if before and len(table) < _LZW_FULL:
            table.append(before + piece[:1])
            width = min(12, (len(table) + 1).bit_length() if len(table) >= 511 else 9)
        before = piece
    return Unpacked(b"".join(out), State.CUT if len(raw) > _MOST_SLOW else State.WHOLE)


_FILTERS: dict[bytes, _Filter] = {
    b"FlateDecode": _inflated,
    b"Fl": _inflated,
    b"ASCIIHexDecode": _from_hex,
    b"AHx": _from_hex,
    b"ASCII85Decode": _from_base_85,
    b"A85": _from_base_85,
    b"RunLengthDecode": _from_run_lengths,
    b"RL": _from_run_lengths,
    b"LZWDecode": _from_lzw,
    b"LZW": _from_lzw,
    b"Crypt": lambda raw, _: Unpacked(raw),
}
_SLOW = frozenset((b"RunLengthDecode", b"RL", b"LZWDecode", b"LZW"))
_PICTURES = frozenset((b"DCTDecode", b"DCT", b"JPXDecode", b"JBIG2Decode", b"CCITTFaxDecode", b"CCF"))


# -- predictors ---------------------------------------------------------------------------------------------------


def _unpredicted(raw: bytes, parameters: bytes, state: State) -> Unpacked:
    """Undo what makes neighbouring samples small numbers."""
    known = pdf_syntax.entries(parameters[parameters.find(b"<<") :])
    predictor = pdf_syntax.number_in(known.get(b"Predictor", b""))
    if predictor < 2:
        return Unpacked(raw, state)
    columns = pdf_syntax.number_in(known.get(b"Columns", b"")) or 1
    colours = pdf_syntax.number_in(known.get(b"Colors", b"")) or 1
    bits = pdf_syntax.number_in(known.get(b"BitsPerComponent", b"")) or 8
    width, step = (columns * colours * bits + 7) // 8, max(1, colours * bits // 8)
    if len(raw) > _MOST_SLOW:
        raw, state = raw[:_MOST_SLOW], State.CUT
    width = min(width, len(raw))
    return Unpacked(_summed(raw, width, step) if predictor == 2 else _unfiltered(raw, width, step), state)


def _summed(raw: bytes, width: int, step: int) -> bytes:
    out = bytearray(raw)
    for at in range(len(out)):
        if at % width >= step:
            out[at] = (out[at] + out[at - step]) & 0xFF
    return bytes(out)


def _unfiltered(raw: bytes, width: int, step: int) -> bytes:
    """Undo the filters of PNG: the first byte of a row says which (0 none, 1 left, 2 above, 3 both, 4 Paeth)."""
    out = bytearray()
    above = bytes(width)
    for start in range(0, len(raw), width + 1):
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + width])
        if kind == 2:
            row = bytearray((one + other) & 0xFF for one, other in zip(row, above, strict=False))
        elif kind:
            for at in range(len(row)):
                left = row[at - step] if at >= step else 0
                corner = above[at - step] if at >= step else 0
                row[at] = (row[at] + _guess(kind, left, above[at], corner)) & 0xFF
        out += row
        above = bytes(row).ljust(width, b"\x00")
    return bytes(out)


def _guess(kind: int, left: int, above: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 3:
        return (left + above) // 2
    to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner
