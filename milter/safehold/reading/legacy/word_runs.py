# SPDX-License-Identifier: GPL-3.0-or-later
"""How the characters and paragraphs of a Word document before 2007 look, as far as it hides or numbers them.

Properties stand in pages of 512 bytes, by byte position of the text; what they leave open the style says, and what it
leaves open its base.  Pure, never raises.  Source: [MS-DOC] 2.6.1 and 2.6.2 (properties), 2.8.5, 2.8.6, 2.9.32 and
2.9.33 (their pages), 2.9.271 (styles).
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from safehold.model import Visibility
from safehold.reading.basics import colours
from safehold.reading.legacy.biff import u16, u32

_PAGE = 512
_MOST_PAGES = 20_000
_AUTOMATIC = -1
_USUAL_SIZE = 20  # half points
_TINY = 2
_MOST_BASES = 50
_NO_STYLE = 0xFFF


@dataclass(frozen=True, slots=True)
class Look:
    """How a run is hidden, and whether it was inserted with tracking on."""

    hiding: Visibility | None = None
    inserted: bool = False


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class _Characters:
    """What is set for a run of characters, as far as it matters here."""

    deleted: bool = False
    inserted: bool = False
    hidden: bool = False
    ink: int = _AUTOMATIC
    ground: int = _AUTOMATIC
    size: int = _USUAL_SIZE


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What is set for a paragraph: its style, the list it is numbered by, at which level, and the colour behind it."""

    style: int = 0
    list_number: int = 0
    level: int = 0
    ground: int = _AUTOMATIC


@dataclass(frozen=True, slots=True)
class Style:
    """A style: its name, the one it builds on, and what it changes of paragraphs and of characters."""

    name: str
    base: int
    paragraphs: bytes
    characters: bytes
    is_of_characters: bool


# -- lists of properties ------------------------------------------------------------------------------------------

_DELETED, _INSERTED, _VANISH, _COLOUR_INDEX, _COLOUR, _HIGHLIGHT = 0x0800, 0x0801, 0x083C, 0x2A42, 0x6870, 0x2A0C
_SHADING_80, _SHADING, _SIZE, _STYLE = 0x4866, 0xCA71, 0x4A43, 0x4A30
_LEVEL, _LIST, _PARAGRAPH_SHADING_80, _PARAGRAPH_SHADING = 0x260A, 0x460B, 0x442D, 0xC64D
_ELSEWHERE = (0x6646, 0x6645)  # the properties stand in the stream of data
_DEFINE_TABLE, _TABS = 0xD608, 0xC615
_NO_LIST = 0xF801
# What says that a list of properties matters here.  Sizes stand in nearly all, and matter where some are tiny.
_TINY_SIZE = re.compile(rb"\x43\x4a[\x00-\x02]\x00")
_MATTERS = re.compile(rb"[\x00\x01\x3c]\x08|[\x42\x0c]\x2a|\x70\x68|\x66\x48|\x71\xca|\x30\x4a|\x43\x4a[\x00-\x02]\x00")
_OPERAND_SIZES = (1, 1, 2, 4, 2, 2, 0, 3)
# Colours by number ([MS-DOC] 2.9.119): automatic, then sixteen.
_PALETTE = (
    _AUTOMATIC, 0x000000, 0x0000FF, 0x00FFFF, 0x00FF00, 0xFF00FF, 0xFF0000, 0xFFFF00, 0xFFFFFF, 0x000080, 0x008080,
    0x008000, 0x800080, 0x800000, 0x808000, 0x808080, 0xC0C0C0,
)  # fmt: skip


def _changes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the code and the operand of each change in a list of properties."""
    at, end = 0, len(raw)
    while at + 2 <= end:
        code = raw[at] | raw[at + 1] << 8
        at += 2
        size = _OPERAND_SIZES[code >> 13] or _long_operand(code, raw, at)
        yield code, raw[at : at + size]
        at += size


def _long_operand(code: int, raw: bytes, at: int) -> int:
    """Return the size of an operand that says it itself."""
    if code == _DEFINE_TABLE:
        return u16(raw, at) + 1
    first = raw[at] if at < len(raw) else 0
    if code == _TABS and first == 0xFF:  # too long for its length
        size = 2 + 4 * raw[at + 1] if at + 1 < len(raw) else 1
        return size + (1 + 3 * raw[at + size] if at + size < len(raw) else 0)
    return first + 1


def _colour(raw: bytes) -> int:
    """Return a colour of four bytes: red, green, blue, and whether it is the automatic one."""
    return int.from_bytes(raw[:3], "big") if len(raw) == 4 and not raw[3] else _AUTOMATIC


def _by_number(number: int) -> int:
    return _PALETTE[number] if number < len(_PALETTE) else _AUTOMATIC


def _shading_80(operand: bytes) -> int:
    shading = u16(operand, 0)
    return _by_number(shading & 0x1F if shading >> 10 else shading >> 5 & 0x1F)


def _shading(operand: bytes) -> int:
    return _colour(operand[1:5] if u16(operand, 9) else operand[5:9]) if len(operand) >= 11 else _AUTOMATIC


def _changed(old: _Characters, raw: bytes, *, in_style: bool = False) -> _Characters:
    """Return characters as a list of properties changes them; that of a style turns over what is hidden by another."""
    new: dict[str, Any] = {}
    for code, operand in _changes(raw):
        first = operand[0] if operand else 0
        if code == _DELETED:
            new["deleted"] = first > 0
        elif code == _INSERTED:
            new["inserted"] = first > 0
        elif code == _VANISH:
            is_turned = first == 0x81 or (in_style and first == 1)
            new["hidden"] = old.hidden != is_turned if first & 0x80 or in_style else first == 1
        elif code == _COLOUR_INDEX:
            new["ink"] = _by_number(first)
        elif code == _COLOUR:
            new["ink"] = _colour(operand)
        elif code == _HIGHLIGHT:
            new["ground"] = _by_number(first)
        elif code == _SHADING_80:
            new["ground"] = _shading_80(operand)
        elif code == _SHADING:
            new["ground"] = _shading(operand)
        elif code == _SIZE:
            new["size"] = u16(operand, 0)
    return replace(old, **new) if new else old


def single_change(modifier: int) -> bytes:
    """Return the list of one property that a fast save wrote in short for a whole piece ([MS-DOC] 2.9.215)."""
    code = {0x41: _DELETED, 0x42: _INSERTED, 0x5C: _VANISH}.get(modifier >> 1 & 0x7F)
    return b"" if code is None else code.to_bytes(2, "little") + bytes([modifier >> 8])


# -- styles -------------------------------------------------------------------------------------------------------


class Looks:
    """How runs look, by the style of their paragraph, by their own style and by what is set for them."""

    def __init__(self, sheet: bytes, data: bytes) -> None:
        """Read the style sheet; long lists of properties of paragraphs stand in *data*."""
        self.styles = list(_styles(sheet))
        self._data = data
        self._sizes_matter = bool(_TINY_SIZE.search(sheet))
        self._looks: dict[tuple[int, int, bytes], Look] = {}
        self._paragraphs: dict[bytes, Paragraph] = {}
        self._characters: dict[int, _Characters] = {}

    def of(self, paragraph: Paragraph, raw: bytes) -> Look:
        """Return how a run of a paragraph looks for which *raw* is set."""
        key = (paragraph.style, paragraph.ground, raw)
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = self._look(paragraph, raw)
        return look

    def matters(self, raw: bytes) -> bool:
        """Return whether anything in a list of properties may hide its run, or show it again."""
        return self._sizes_matter or bool(_MATTERS.search(raw))

    def paragraph(self, raw: bytes) -> Paragraph:
        """Return what the style and the properties of a paragraph set."""
        known = self._paragraphs.get(raw)
        if known is None:
            style = u16(raw, 0)
            known = Paragraph(style)
            for base in self._bases(style):
                known = self._with(known, base.paragraphs)
            known = self._paragraphs[raw] = self._with(known, raw[2:])
        return known

    def _look(self, paragraph: Paragraph, raw: bytes) -> Look:
        characters = self._styled(paragraph.style, _Characters())
        own = next((u16(operand, 0) for code, operand in _changes(raw) if code == _STYLE), None)
        if own is not None:
            characters = self._styled(own, characters)
        found = _changed(characters, raw)
        hiding: Visibility | None = None
        if found.deleted:
            hiding = Visibility.TRACKED_DELETION
        elif found.hidden:
            hiding = Visibility.HIDDEN
        elif found.size <= _TINY:
            hiding = Visibility.TINY
        elif found.ink != _AUTOMATIC:  # an automatic colour is one that can be seen
            ground = found.ground if found.ground != _AUTOMATIC else paragraph.ground
            hiding = colours.hiding(found.ink, colours.WHITE if ground == _AUTOMATIC else ground)
        return Look(hiding, found.inserted) if hiding or found.inserted else PLAIN

    def _styled(self, number: int, characters: _Characters) -> _Characters:
        for style in self._bases(number):
            characters = _changed(characters, style.characters, in_style=style.is_of_characters)
        return characters

    def _bases(self, number: int) -> list[Style]:
        """Return a style with all that it builds on, that which builds on nothing first."""
        chain: list[Style] = []
        while number < len(self.styles) and len(chain) < _MOST_BASES:
            chain.append(self.styles[number])
            number = chain[-1].base
        return chain[::-1]

    def _with(self, old: Paragraph, raw: bytes, *, further: bool = True) -> Paragraph:
        new = old
        for code, operand in _changes(raw):
            if code == _LIST:
                number = u16(operand, 0)
                new = replace(new, list_number=0x10000 - number if number > _NO_LIST else number % _NO_LIST)
            elif code == _LEVEL and operand:
                new = replace(new, level=operand[0])
            elif code == _PARAGRAPH_SHADING_80:
                new = replace(new, ground=_shading_80(operand))
            elif code == _PARAGRAPH_SHADING:
                new = replace(new, ground=_shading(operand))
            elif code in _ELSEWHERE and further:
                at = u32(operand, 0)
                new = self._with(new, self._data[at + 2 : at + 2 + u16(self._data, at)], further=False)
        return new


def _styles(sheet: bytes) -> Iterator[Style]:
    """Yield the styles of a sheet in their order, empty places too."""
    at = 2 + u16(sheet, 0)
    head = u16(sheet, 4)  # bytes of a style before its name
    while at + 2 <= len(sheet):
        size = u16(sheet, at)
        yield _style(sheet[at + 2 : at + 2 + size], head)
        at += 2 + size + size % 2


def _style(raw: bytes, head: int) -> Style:
    kind, base = u16(raw, 2) & 0xF, u16(raw, 2) >> 4
    length = 2 * u16(raw, head)
    name = raw[head + 2 : head + 2 + length].decode("utf-16-le", "replace")
    at = head + 4 + length
    parts: list[bytes] = []
    while at + 2 <= len(raw) and len(parts) < 3:
        size = u16(raw, at)
        parts.append(raw[at + 2 : at + 2 + size])
        at += 2 + size + size % 2
    parts += [b""] * 3
    if kind == 2:
        return Style(name, base, b"", parts[0], is_of_characters=True)
    first = parts[1:] if kind == 3 else parts  # of a table it comes first how the table looks
    return Style(name, base, first[0][2:], first[1], is_of_characters=False)


# -- pages of properties ------------------------------------------------------------------------------------------


class Runs:
    """What is set for the characters, by byte position, as far as it matters."""

    def __init__(self, main: bytes, table: bytes, matters: Callable[[bytes], bool]) -> None:
        """Read the pages that *table* lists."""
        self._runs = sorted((run for run in _pages(main, table, 1) if matters(run[2])), key=lambda run: run[0])
        self._starts = [run[0] for run in self._runs]

    def between(self, low: int, high: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield the runs that make up the bytes from *low* to *high*, each with what is set for it."""
        index = max(0, bisect_right(self._starts, low) - 1)
        while index < len(self._runs) and low < high:
            start, end, raw = self._runs[index]
            index += 1
            if end <= low:
                continue
            if start >= high:
                break
            if start > low:
                yield low, start, b""
                low = start
            stop = min(end, high)
            yield low, stop, raw
            low = stop
        if low < high:
            yield low, high, b""


class Paragraphs:
    """What is set for the paragraphs, by byte position."""

    def __init__(self, main: bytes, table: bytes) -> None:
        """Read the pages that *table* lists."""
        self._runs = sorted(_pages(main, table, 13), key=lambda run: run[0])
        self._starts = [run[0] for run in self._runs]
        self._ends = {run[1] for run in self._runs}

    def at(self, position: int) -> bytes:
        """Return the number of the style and the properties of the paragraph at a byte."""
        index = bisect_right(self._starts, position) - 1
        if index < 0 or position >= self._runs[index][1]:
            return b"\0\0"
        return self._runs[index][2]

    def ends_at(self, position: int) -> bool:
        """Return whether a paragraph ends before a byte."""
        return position in self._ends


def _pages(main: bytes, table: bytes, width: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield what the pages of properties set: from where, to where, and what.

    *width*: bytes of an entry of a page: the first says where the properties stand.
    """
    count = min((len(table) - 4) // 8, _MOST_PAGES) if len(table) >= 12 else 0
    seen: set[int] = set()
    for index in range(count):
        number = u32(table, 4 * (count + 1) + 4 * index) & 0x3FFFFF
        page = main[number * _PAGE : (number + 1) * _PAGE]
        if number in seen or len(page) < _PAGE:
            continue
        seen.add(number)
        runs = min(page[_PAGE - 1], (_PAGE - 5) // (4 + width))
        edges = struct.unpack_from(f"<{runs + 1}I", page)
        entries = page[4 * (runs + 1) :: width]
        for run in range(runs):
            if entries[run]:
                yield edges[run], edges[run + 1], _entry(page, 2 * entries[run], width)


def _entry(page: bytes, at: int, width: int) -> bytes:
    size = page[at]
    if width == 1:
        return page[at + 1 : at + 1 + size]
    if size:
        return page[at + 1 : at + 2 * size]
    return page[at + 2 : at + 2 + 2 * page[at + 1]]
