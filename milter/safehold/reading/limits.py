# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of one message: how much a worker may expand, hand over, and take, before it must say so.

One budget a message, drawn on at any depth, because a bomb is a bomb wherever it is nested.  The figures are
those of the design notes on reading (section 4); each names its precedent there.
"""

from dataclasses import dataclass

MEGABYTE = 1024 * 1024

# Nobody may configure more than this: the readers recurse, and each level costs C stack in some library.
DEEPEST = 16
LEAST_MEMORY = 384 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of everything.  Plain numbers only: they travel to the worker as JSON.

    Attributes:
        message_bytes: Larger messages are not opened at all (rspamd: 50 MB).
        depth: Containers inside containers below the message (amavis 14, Tika 10 to 20).
        multipart_depth: Multiparts inside multiparts of one message (rspamd 64).
        parts: Parts and members read (amavis 1,500 to 3,000).
        names: Member names listed, even where the members are not read.
        expanded_bytes: Bytes that came out of archives, encodings left out (amavis 300 to 500 MB).
        member_bytes: The same for one member.
        ratio: Expanded to packed size, asked only of members over ``ratio_from_bytes``: 100 refuses real PPTX.
        characters: Text handed over for one message; 1,071 PDF pages gave 2.3 million.
        part_characters: Text handed over for one part.
        part_s: Seconds one part may take.
        ordinary_bytes: Larger messages are never among ordinary mail (taking MIME apart: 14 ms a megabyte, measured).
        ordinary_s: Seconds a message is read among ordinary mail; past them it goes among its like if there is room.
        most_ordinary_s: The same, past which it goes in any case, to wait there.
        deadline_s: Seconds one message may take, the waiting for a worker included.
        deadline_dear_s: The same where OCR or page rendering was asked for.
        memory_bytes: Address space of a worker.
        pages: PDF pages and frames of a picture read.
        ocr_pages: Pages recognised in one message; a small picture counts as a share of one.
        ocr_page_s: Seconds one page or picture may take to be recognised (A4 at 200 dpi: 0.7, measured).
        ocr_s: Seconds of recognising in one message: what is left of ``deadline_dear_s`` is for reading the rest.
        ocr_ordinary_pixels: Pixels that a message may have recognised among ordinary mail: a logo or two, but no page
            (0.3 to 1.2 seconds a million, measured).
        ocr_dpi: Resolution at which pages are recognised (6 point print: recall 0.99 to 1.00; 0.90 to 0.94 at 150).
        render_pixels: Size of a rendered page (pages of 117 inches exist).
        picture_pixels: Pixels that a picture may have before it is decoded.
        html_bytes: HTML for the tree parser; beyond it the linear tokenizer reads.
        html_nesting: Open elements the tree parser may see (its time grows with the square of depth).
        html_formatting: Open formatting elements it may see.
        xml_bytes: One XML part of a document.
        header_bytes: One header block.
        header_lines: One header block.
        restarts: Fresh workers for one message after the first.
        items: Segments, problems and marks together, so that the parent's memory is bounded too.
        cells: Cells that stand elsewhere than the text says by itself; of those beyond, only the row is known.
    """

    message_bytes: int = 50 * MEGABYTE
    depth: int = 10
    multipart_depth: int = 64
    parts: int = 1_000
    names: int = 10_000
    expanded_bytes: int = 200 * MEGABYTE
    member_bytes: int = 50 * MEGABYTE
    ratio: int = 200
    ratio_from_bytes: int = 10 * MEGABYTE
    characters: int = 10_000_000
    part_characters: int = 4_000_000
    part_s: float = 5.0
    ordinary_bytes: int = MEGABYTE
    ordinary_s: float = 0.1
    most_ordinary_s: float = 1.0
    deadline_s: float = 30.0
    deadline_dear_s: float = 60.0
    memory_bytes: int = 1024 * MEGABYTE
    pages: int = 500
    ocr_pages: int = 10
    ocr_page_s: float = 10.0
    ocr_s: float = 40.0
    ocr_ordinary_pixels: int = 200_000
    ocr_dpi: int = 200
    render_pixels: int = 25_000_000
    picture_pixels: int = 40_000_000
    html_bytes: int = 5 * MEGABYTE
    html_nesting: int = 256
    html_formatting: int = 200
    xml_bytes: int = 50 * MEGABYTE
    header_bytes: int = 256 * 1024
    header_lines: int = 1_000
    restarts: int = 3
    items: int = 200_000
    cells: int = 300_000

    def __post_init__(self) -> None:
        """Refuse what no worker could keep."""
        if not 1 <= self.depth <= DEEPEST:
            raise ValueError(f"depth must be from 1 to {DEEPEST}")
        if self.memory_bytes < LEAST_MEMORY:
            raise ValueError(f"memory_bytes must be at least {LEAST_MEMORY}: the readers alone take half of it")
        if not self.ordinary_s <= self.most_ordinary_s:
            raise ValueError("most_ordinary_s may not be less than ordinary_s")
        if self.part_characters > self.characters:
            raise ValueError("one part may not have more characters than the message")
