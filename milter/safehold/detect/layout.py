# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in columns, and texts over the ends of pages: what belongs together there does not stand together.

A table is read line by line, while a person reads down a column: the value column of a form (``House number | 27``,
``Street | ...``), or the second of two addresses side by side.  ``columns`` gives each column as a text of its own, for
tables small enough to be forms (a long table is a list, and its columns hold one field each).  ``across`` reads cells
of several lines line by line.  ``seams`` joins the end of a page and the beginning of the next without the footer and
header between them.

Pure, total, linear.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Final

from safehold.detect.rendering import Builder, Rendering
from safehold.register.vocabulary import TYPES

_FEWEST_ROWS, _MOST_ROWS = 3, 40
_MOST_COLUMNS: Final = 12
_LONGEST_LABEL: Final = 80
_LONGEST_CELL: Final = 60
_LABELLED = re.compile(rf"[ \t>|*-]{{0,8}}[^\s:][^:\n]{{0,{_LONGEST_LABEL}}}:[ \t]+(?=\S)")
_POSTCODE = re.compile(r"\b[A-Za-z]{1,2}[0-9][0-9A-Za-z]? {0,3}[0-9][A-Za-z]{2}\b")
_WIDE_GAP = re.compile(r"[ \xa0]{3,}")
_ALIGNED = 2  # characters by which the cells of a column may be out of line
_SEPARATORS: Final = ("\t", "|", ";", ",")

_LONGEST_ROW: Final = 400
_MOST_LINES: Final = 6
_MOST_ACROSS: Final = 100_000  # characters: a longer table is a list
_ANY_WORD = re.compile(r"\S+")

_EDGE = 400
_PAGE_NUMBER = re.compile(
    r"\W{0,4}(?:page|tudalen|p\.?)?\W{0,3}[0-9]{1,4}(?:\W{0,3}(?:of|o|/)?\W{0,3}[0-9]{1,4})?\W{0,4}"
)
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell: its column, where it begins in the text, and what it holds."""

    column: int
    start: int
    text: str = field(repr=False)


# -- tables -----------------------------------------------------------------------------------------------------------


def columns(text: str, addresses: Sequence[int], names: Sequence[int]) -> Rendering | None:
    """Return the columns of the small tables of *text*, one after the other, or None where there are none.

    Args:
        text: The text.
        addresses: Where words stand that may be of an address (street types, postcodes), in order.
        names: Where surnames stand that are looked for, in order.
    """
    telling = sorted({*addresses, *names})
    if not telling or not any(sign in text for sign in ("\t", "   ", ":", *_SEPARATORS)):
        return None
    builder = Builder()
    for block in _blocks(text, telling):
        for cells in _columns(block):
            if _holds(cells, names) or (_holds(cells, addresses) and any(_DIGITS.search(cell.text) for cell in cells)):
                _put(cells, builder)
    return builder.rendering() if builder else None


def _holds(cells: Sequence[_Cell], places: Sequence[int]) -> bool:
    """Return whether one of the places lies in one of the cells."""
    return any(bisect_left(places, cell.start) < bisect_left(places, cell.start + len(cell.text)) for cell in cells)


_Lines = list[tuple[int, str]]  # where each begins, and what it holds


def _blocks(text: str, telling: Sequence[int]) -> Iterator[_Lines]:
    """Yield the stretches of lines around the telling words that can be small tables."""
    lines: _Lines = []
    start = 0
    for line in text.split("\n"):
        lines.append((start, line.rstrip("\r")))
        start += len(line) + 1
    taken = -1
    for number in _numbers_of(lines, telling):
        if number > taken:
            first, last = _block_around(lines, number, taken)
            taken = last
            if first < last <= first + 2 * _MOST_ROWS:
                yield lines[first : last + 1]


def _numbers_of(lines: _Lines, places: Sequence[int]) -> list[int]:
    """Return the numbers of the lines in which the places lie."""
    found: list[int] = []
    number = 0
    for place in places:
        while number + 1 < len(lines) and lines[number + 1][0] <= place:
            number += 1
        if not found or found[-1] != number:
            found.append(number)
    return found


def _block_around(lines: _Lines, number: int, taken: int) -> tuple[int, int]:
    """Return first and last line of the block around a line; of a long table all that is left of it.

    One empty line may stand in a block, two end it.
    """

    def ends(at: int) -> bool:
        return not lines[at][1].strip() and not (at + 1 < len(lines) and lines[at + 1][1].strip())

    signs = [sign for sign in _SEPARATORS if sign in lines[number][1]]
    first = last = number
    while first - 1 > taken and number - first < _MOST_ROWS and not ends(first - 1):
        first -= 1
    while last + 1 < len(lines) and not ends(last + 1):
        if last - number >= _MOST_ROWS and not any(sign in lines[last + 1][1] for sign in signs):
            break
        last += 1
    return first, last


def _columns(block: _Lines) -> Iterator[list[_Cell]]:
    """Yield the columns of a block, whichever way it is laid out."""
    filled = [(start, line) for start, line in block if line.strip()]
    if len(filled) < 2:
        return
    yield from _runs([_value(start, line) for start, line in filled])
    yield from _runs([_named(filled, at) for at in range(len(filled))], apart=2)
    for rows in _tables(filled):
        if not _is_list(rows):
            for column in range(_MOST_COLUMNS):
                cells = [cell for row in rows for cell in row if cell.column == column and _is_short(cell.text)]
                if len(cells) >= 2:
                    yield cells


def _is_list(rows: "_Rows") -> bool:
    """Return whether there is no table, or one of addresses row by row: at least half of them have one postcode."""
    if not rows:
        return True
    codes = [sum(bool(_POSTCODE.search(cell.text)) for cell in row) for row in rows]
    return sum(codes) >= 2 and max(codes) == 1 and 2 * sum(codes) >= len(rows)


def _is_short(text: str) -> bool:
    """Return whether a text is one of a cell, and not a line of prose."""
    return 0 < len(text.strip()) <= _LONGEST_CELL


def _runs(cells: Sequence[_Cell | None], *, apart: int = 1) -> Iterator[list[_Cell]]:
    """Yield the stretches of at least two cells that stand on neighbouring lines, or on every second one."""
    run: list[_Cell] = []
    last = -1
    for at, cell in enumerate(cells):
        if cell is None:
            continue
        if at - last > apart:
            if len(run) >= 2:
                yield run
            run = []
        run.append(cell)
        last = at
    if len(run) >= 2:
        yield run


def _value(start: int, line: str) -> _Cell | None:
    """Return what follows the label of a line ("Street: ..."), or None where it has none."""
    label = _LABELLED.match(line)
    if label is None or not _is_short(line[label.end() :]):
        return None
    return _Cell(0, start + label.end(), line[label.end() :])


def _named(lines: _Lines, at: int) -> _Cell | None:
    """Return the line that follows a line of nothing but a label ("Street:"), or None where this is none."""
    label = lines[at][1].rstrip()
    if not label.endswith(":") or len(label) > _LONGEST_LABEL or at + 1 >= len(lines):
        return None
    start, line = lines[at + 1]
    return _Cell(0, start, line) if _is_short(line) else None


_Rows = list[list[_Cell]]


def _tables(lines: _Lines) -> Iterator[_Rows]:
    """Yield the rows of each table among the lines: cut at tabs, at a sign that neighbours share, or at gaps."""
    tabs = ["\t" in line for _, line in lines]
    if sum(tabs) >= 2:
        kept = [at for at in range(len(lines)) if tabs[at] or (at and tabs[at - 1])]  # paragraphs in a cell go on
        yield [list(_cut(*lines[at], "\t")) for at in kept]
        return
    for separator in _SEPARATORS[1:]:
        counts = [line.count(separator) for _, line in lines]
        for count, run in groupby(range(len(lines)), key=counts.__getitem__):
            together = list(run)
            if count and len(together) >= _FEWEST_ROWS:
                yield [list(_cut(*lines[at], separator)) for at in together]
    yield _aligned(lines)


def _cut(start: int, line: str, separator: str) -> Iterator[_Cell]:
    place = start
    for column, text in enumerate(line.split(separator)):
        yield _Cell(column, place, text)
        place += len(text) + 1


def _aligned(lines: _Lines) -> _Rows:
    """Return the cells of lines that wide gaps part, columns told by where they begin."""
    cut = [list(_at_gaps(line)) for _, line in lines]
    starts = sorted({place for row in cut if len(row) > 1 for place, _ in row})
    edges = [place for at, place in enumerate(starts) if at == 0 or place - starts[at - 1] > _ALIGNED]
    if len(edges) < 2 or sum(len(row) > 1 for row in cut) < 2:
        return []
    return [
        [_Cell(bisect_right(edges, place) - 1, start + place, text) for place, text in row]
        for (start, _), row in zip(lines, cut, strict=True)
        if len(row) > 1
    ]


def _at_gaps(line: str) -> Iterator[tuple[int, str]]:
    """Yield the pieces of a line between wide gaps, with where each begins."""
    place = len(line) - len(line.lstrip(" \xa0"))
    for gap in _WIDE_GAP.finditer(line, place):
        yield place, line[place : gap.start()]
        place = gap.end()
    yield place, line[place:]


def _put(cells: Iterable[_Cell], builder: Builder) -> None:
    """Add a column as lines, behind a wall."""
    builder.wall()
    for cell in cells:
        text = cell.text.rstrip()
        builder.add(text, range(cell.start, cell.start + len(text)))
        builder.joint()
        builder.add("\n", (cell.start + max(len(text) - 1, 0),))


# -- lines of cells side by side --------------------------------------------------------------------------------------


def across(text: str, places: Sequence[int]) -> Rendering | None:
    r"""Return the rows of which each cell holds several lines, read across, or None where there are none.

    ``27\n4\tLarkspur Lane\nHigh Street`` is a row of two cells with two lines each.  Where only spaces part the lines
    (``27 4\tLarkspur Lane High Street``) they end after each street type in a cell that holds streets, and after each
    word in the others.

    Args:
        text: The text.
        places: Where words stand that may be of an address, in order.
    """
    builder = Builder()
    done = -1
    for place in places:
        if len(builder) > _MOST_ACROSS:
            break
        if place <= done:
            continue
        start, done = text.rfind("\n", 0, place) + 1, text.find("\n", place)
        done = len(text) if done < 0 else done
        if done - start <= _LONGEST_ROW and "\t" in text[start:done]:
            cells = [cell for cell in _cut(start, text[start:done], "\t") if cell.text.strip()]
            for line in _lines_across(cells):
                _put_across(line, builder)
        first, last = _without_blanks(text, start, done)
        if (first, last) != (start, done) and "\t" in text[first:last]:
            done = last
            for line in _tall_rows(list(_cut(first, text[first:last], "\t"))):
                _put_across(line, builder)
    return builder.rendering() if builder else None


def _without_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the lines around a line that no blank line parts from it; only so many."""
    low, high = max(start - _LONGEST_ROW, 0), min(end + _LONGEST_ROW, len(text))
    blank = text.rfind("\n\n", low, start)
    first = blank + 2 if blank >= 0 else low
    last = text.find("\n\n", end, high)
    return first, last if last >= 0 else high


def _tall_rows(pieces: Sequence[_Cell]) -> Iterator[list[_Cell]]:
    """Yield the n-th lines of all cells of a row, for each row and n, whichever way the rows may be cut.

    Args:
        pieces: What stands between tabs: a cell, or the last cell of a row and the first one of the next.
    """
    if len(pieces) > _MOST_COLUMNS * _MOST_ROWS:
        return
    lines = [_lines_of(piece) for piece in pieces]
    for height in range(1, min(len(lines[0]), _MOST_LINES) + 1):
        row, rows = [lines[0][-height:]], []
        for piece in lines[1:]:
            if len(piece) < len(row[0]):
                break
            height_of_row = len(row[0])
            row.append(piece[:height_of_row])
            if len(piece) > height_of_row:
                rows.append(row)
                row = [piece[height_of_row:]]
        rows.append(row)
        for cells in rows:
            if len(cells) >= 2 and len(cells[0]) >= 2 and any(map(_is_numbered, cells)):
                yield from (list(line) for line in zip(*cells, strict=True))


def _lines_of(piece: _Cell) -> list[_Cell]:
    found: list[_Cell] = []
    place = piece.start
    for line in piece.text.split("\n"):
        found.append(_Cell(piece.column, place, line.rstrip("\r")))
        place += len(line) + 1
    return found


def _lines_across(cells: Sequence[_Cell]) -> Iterator[list[_Cell]]:
    """Yield the n-th lines of all cells that have as many lines, for each n."""
    if not 2 <= len(cells) <= _MOST_COLUMNS:
        return
    words = [_words_of(cell) for cell in cells]
    streets = [_at_types(cell, split) for cell, split in zip(cells, words, strict=True)]
    counts = {len(split) for split in streets if len(split) > 1} or set(map(len, words))
    for count in sorted(counts):
        lines = [
            next((split for split in both if len(split) == count), []) for both in zip(streets, words, strict=True)
        ]
        kept = [split for split in lines if split]
        if 2 <= count <= _MOST_LINES and len(kept) >= 2 and any(map(_is_numbered, kept)):
            yield from (list(line) for line in zip(*kept, strict=True))


def _words_of(cell: _Cell) -> list[_Cell]:
    return [_Cell(cell.column, cell.start + word.start(), word.group()) for word in _ANY_WORD.finditer(cell.text)]


def _at_types(cell: _Cell, words: Sequence[_Cell]) -> list[_Cell]:
    """Return the streets of a cell, each with its type; none where something else stands in it."""
    found: list[_Cell] = []
    first = 0
    for at, word in enumerate(words):
        if at > first and word.text.strip(".,").lower() in TYPES:
            start = words[first].start
            found.append(
                _Cell(cell.column, start, cell.text[start - cell.start : word.start + len(word.text) - cell.start])
            )
            first = at + 1
    return found if first == len(words) else []


def _is_numbered(lines: Iterable[_Cell]) -> bool:
    return any(line.text[:1].isdigit() for line in lines)


def _put_across(line: Sequence[_Cell], builder: Builder) -> None:
    """Add the pieces of one line, behind a wall."""
    builder.wall()
    for at, piece in enumerate(line):
        if at:
            builder.joint()
            builder.add(" ", (max(piece.start - 1, 0),))
        builder.add(piece.text, range(piece.start, piece.start + len(piece.text)))


# -- pages ------------------------------------------------------------------------------------------------------------


def seams(pages: Sequence[tuple[int, str]]) -> Rendering | None:
    """Return, for each two pages that follow each other, the end of one and the beginning of the next.

    Only where a footer or header stands between them: otherwise they stand together anyway.

    Args:
        pages: Where each page begins, and its text.
    """
    edges = [_edges(start, text) for start, text in pages]
    common = Counter(shape for head, tail in edges for shape in {_shape(line) for _, line in (*head, *tail)})

    def is_furniture(line: str) -> bool:
        return bool(_PAGE_NUMBER.fullmatch(line.strip().lower())) or common[_shape(line)] > 1

    builder = Builder()
    for (_, tail), (head, _) in pairwise(edges):
        last = next((at for at in range(len(tail), 0, -1) if not is_furniture(tail[at - 1][1])), 0)
        first = next((at for at in range(len(head)) if not is_furniture(head[at][1])), len(head))
        if last and first < len(head) and (last < len(tail) or first > 0):
            builder.wall()
            _put_lines(tail[:last], builder)
            builder.joint(back=1)
            _put_lines(head[first:], builder)
    return builder.rendering() if builder else None


def _edges(start: int, page: str) -> tuple[_Lines, _Lines]:
    """Return the filled lines at the beginning and at the end of a page."""
    after = max(len(page) - _EDGE, 0)
    return _filled(start, page[:_EDGE]), _filled(start + after, page[after:])


def _filled(start: int, text: str) -> _Lines:
    lines: _Lines = []
    for line in text.split("\n"):
        if line.strip():
            lines.append((start, line.rstrip("\r")))
        start += len(line) + 1
    return lines


def _shape(line: str) -> str:
    """Return what two footers have in common that differ in the number of the page."""
    return _DIGITS.sub("#", line.strip().lower())


def _put_lines(lines: _Lines, builder: Builder) -> None:
    for start, line in lines:
        builder.add(line, range(start, start + len(line)))
        builder.add("\n", (start + len(line),))
