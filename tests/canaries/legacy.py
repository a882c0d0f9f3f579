# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary Word, Excel and PowerPoint: [MS-DOC], [MS-XLS], [MS-PPT], record by record."""

import struct

from canaries.cfb import compound, package, properties
from canaries.core import ANY, ATTRIBUTE, COMMENT, DELETED, HIDDEN, TINY, VISIBLE, WHITE, Canary, Words

_SUMMARY = {
    2: "title",
    3: "subject",
    4: "author",
    5: "keywords",
    6: "comments",
    7: "template",
    8: "last author",
    18: "program",
}


def _about(w: Words) -> dict[str, bytes]:
    texts = {number: w(f"summary, {name}", ANY) for number, name in _SUMMARY.items()}
    named = {w("name of a custom property", ANY): w("custom property", ANY)}
    return {
        "\x05SummaryInformation": properties(texts),
        "\x05DocumentSummaryInformation": properties(
            {14: w("summary, manager", ANY), 15: w("summary, company", ANY)}, named
        ),
    }


# -- Word ---------------------------------------------------------------------------------------------------------

_SPRMS = {  # how characters are hidden ([MS-DOC] 2.6.1)
    "hidden text": (b"\x3c\x08\x01", HIDDEN),
    "tracked deletion": (b"\x00\x08\x01", DELETED),
    "tracked insertion": (b"\x01\x08\x01", VISIBLE),
    "white text": (b"\x42\x2a\x08", WHITE),
    "white text by value": (b"\x70\x68\xff\xff\xff\x00", WHITE),
    "tiny text": (b"\x43\x4a\x02\x00", TINY),
    "black on black": (b"\x42\x2a\x01\x0c\x2a\x01", HIDDEN),
}


def build_doc() -> list[Canary]:
    """Return Word documents, 8-bit and Unicode."""
    return [_doc("8-bit", wide=False), _doc("Unicode", wide=True)]


def _doc(title: str, *, wide: bool) -> Canary:
    w = Words("doc", title)
    pieces: list[tuple[str, bytes]] = [(f"{w('paragraph')}\r", b"")]
    for place, (sprm, kinds) in _SPRMS.items():
        pieces += [(w(place, kinds), sprm), ("\r", b"")]
    pieces.append((
        f"{w('table cell')}\x07\x07{w('after a line break')}\x0b\x0c{w('second page')}\r"
        f'\x13 HYPERLINK "https://a.example/{w("target of a link", ATTRIBUTE)}" \x14{w("text of a link")}\x15\r'
        "x\x05\x02\r", b"",
    ))  # fmt: skip
    styled = w("hidden by its style", HIDDEN)
    numbered = w("numbered paragraph")
    pieces += [(f"{styled}\r", b""), (f"{numbered}\r", b"")]
    main = "".join(text for text, _ in pieces)
    stories = [
        main,
        f"\x02 {w('footnote')}\r\r",
        f"\r\r\r\r\r\r{w('header')}\r\r{w('footer')}\r\r\r\r\r",
        f"\x05{w('comment', COMMENT)}\r\r",
        f"\x02 {w('endnote')}\r\r",
        f"{w('text box')}\r\r",
        f"{w('text box of a header')}\r\r",
    ]
    whole = "".join(stories) + "\r"
    encoded = whole.encode("utf-16-le" if wide else "cp1252")
    width = 2 if wide else 1
    text_at = 2_048
    # Formatted characters: one page of runs ([MS-DOC] 2.9.33, ChpxFkp), at a multiple of 512 behind the text.
    positions, runs, at = [text_at], [], text_at
    for text, sprm in pieces:
        at += len(text) * width
        positions.append(at)
        runs.append(sprm)
    positions.append(text_at + len(encoded))
    runs.append(b"")
    page = bytearray(512)
    struct.pack_into(f"<{len(positions)}I", page, 0, *positions)
    free = 510
    for index, sprm in enumerate(runs):
        if sprm:
            free = (free - len(sprm) - 1) & ~1
            page[free : free + 1 + len(sprm)] = bytes([len(sprm)]) + sprm
            page[4 * len(positions) + index] = free // 2
    page[511] = len(runs)
    page_at = -(-(text_at + len(encoded)) // 512) * 512
    # Paragraphs: the last two but the end of the body have a style that hides, and a number.
    bounds = [
        text_at,
        *(text_at + main.index(text) * width for text in (styled, numbered)),
        text_at + len(main) * width,
    ]
    paragraphs = bytearray(512)
    struct.pack_into("<4I", paragraphs, 0, *bounds)
    for index, raw in enumerate((b"\x00\x00", b"\x01\x00", b"\x00\x00\x0b\x46\x01\x00\x0a\x26\x00\x00")):
        paragraphs[16 + 13 * index] = 200 + 10 * index
        paragraphs[400 + 20 * index : 402 + 20 * index + len(raw)] = bytes((0, len(raw) // 2)) + raw
    paragraphs[511] = 3
    document = bytearray(text_at) + encoded
    document += bytes(page_at - len(document)) + page + paragraphs
    document[0x700 : 0x700 + 40] = f"word {w('in front of the text', ANY)}".encode("utf-16-le").ljust(40, b"\0")[:40]
    # The table stream: pieces, where formatted runs are, authors, bookmarks, associated strings.
    table = bytearray(b"\x00" * 16)
    places: dict[int, tuple[int, int]] = {}

    def put(index: int, content: bytes) -> None:
        places[index] = (len(table), len(content))
        table.extend(content)

    def strings(*texts: str) -> bytes:
        body = b"".join(struct.pack("<H", len(text)) + text.encode("utf-16-le") for text in texts)
        return struct.pack("<HHH", 0xFFFF, len(texts), 0) + body

    place = text_at if wide else text_at * 2 | 0x40000000
    pieces_table = struct.pack("<IIHIH", 0, len(whole), 0, place, 0)
    put(33, b"\x02" + struct.pack("<I", len(pieces_table)) + pieces_table)
    put(12, struct.pack("<III", text_at, text_at + len(encoded), page_at // 512))
    put(13, struct.pack("<III", text_at, text_at + len(encoded), page_at // 512 + 1))
    put(1, _style_sheet(w("name of a style", ANY)))
    label, unused = w("words of a number"), w("words of a number that nobody has", ANY)
    head = struct.pack("<HI", 1, 77) + bytes(24)
    put(73, head)
    table.extend(b"".join(_level(text) for text in (f"{label} \0.", unused, *[""] * 7)))
    put(74, struct.pack("<II12x", 1, 77))
    table.extend(b"\xff" * 4 + f"word {w('between the tables', ANY)}".encode("utf-16-le"))
    put(51, strings("Unknown", w("author of a change", ANY)))
    put(21, strings(w("bookmark", ANY)))
    put(32, strings("", "", w("associated title", ANY), "", "", w("associated comment", ANY)))
    name = w("author of a comment", ANY)
    put(36, struct.pack("<H", len(name)) + name.encode("utf-16-le"))
    struct.pack_into("<HHHHHH", document, 0, 0xA5EC, 0x00C1, 0, 0x0409, 0, 0x1200)
    struct.pack_into("<II", document, 0x18, text_at, text_at + len(encoded))
    struct.pack_into("<H", document, 0x20, 14)
    struct.pack_into("<H", document, 0x3E, 22)
    struct.pack_into("<I", document, 0x40, len(document))
    counts = [len(story) for story in stories]
    struct.pack_into("<III", document, 0x4C, *counts[:3])
    struct.pack_into("<IIII", document, 0x5C, *counts[3:])
    struct.pack_into("<H", document, 0x98, 93)
    for index, (start, length) in places.items():
        struct.pack_into("<II", document, 0x9A + 8 * index, start, length)
    tree = {
        "WordDocument": bytes(document),
        "1Table": bytes(table),
        **_about(w),
        "ObjectPool": {"_1": {"\x01Ole10Native": package(w("label of an embedded file", ANY), f"C:\\{w('path of an embedded file', ANY)}.txt", f"words {w('embedded file')}".encode())}},
        "Macros": {"VBA": {"Module1": f"words {w('macro', HIDDEN)}".encode()}},
        "Own Stream": f"words {w('stream of another program', ANY)}".encode("utf-16-le"),
    }  # fmt: skip
    content = compound(tree)
    return w.file(content + f"words {w('behind the file', ANY)}".encode(), "letter.doc")


def _style_sheet(name: str) -> bytes:
    """Return a style sheet ([MS-DOC] 2.9.271): one style that does nothing, and one that hides."""

    def style(title: str, characters: bytes) -> bytes:
        raw = (
            struct.pack("<HHHHH", 0, 0xFFF1, 0, 0, 0) + struct.pack("<H", len(title)) + f"{title}\0".encode("utf-16-le")
        )
        for change in (b"\0\0", characters):
            raw += struct.pack("<H", len(change)) + change + bytes(len(change) % 2)
        return struct.pack("<H", len(raw)) + raw

    return struct.pack("<HHH14x", 18, 2, 10) + style("Normal", b"") + style(name, b"\x3c\x08\x01")


def _level(text: str) -> bytes:
    """Return a level of a list (LVL)."""
    return struct.pack("<IBB22x", 27, 0, 0) + struct.pack("<H", len(text)) + text.encode("utf-16-le")


# -- Excel --------------------------------------------------------------------------------------------------------


def _record(number: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", number, len(content)) + content


def _string(text: str, width: int = 2) -> bytes:
    """Return an XLUnicodeString, 8-bit."""
    return len(text).to_bytes(width, "little") + b"\x00" + text.encode("cp1252")


def _rich(seen: str, rest: str, font: int) -> bytes:
    """Return a string that goes on in another font."""
    text = seen + rest
    return struct.pack("<HBH", len(text), 8, 1) + text.encode("cp1252") + struct.pack("<HH", len(seen), font)


def _spoken(text: str, above: str) -> bytes:
    """Return a string with what is written above it, for those who cannot read it ([MS-XLS] 2.5.98)."""
    raw = above.encode("utf-16-le")
    block = struct.pack("<HHHHHHH", 1, len(raw) + 10, 0, 0, 1, len(above), len(above)) + raw + bytes(6)
    return struct.pack("<HBI", len(text), 4, len(block)) + text.encode("cp1252") + block


def build_xls() -> list[Canary]:
    """Return an Excel 97 workbook."""
    w = Words("xls", "workbook")
    bof = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    fonts = b"".join(
        _record(0x31, struct.pack("<HHHHHBBBB", 200, 0, colour, 400, 0, 0, 0, 0, 0) + _string("Arial", 1))
        for colour in (8, 8, 8, 8, 9)
    )
    formats = _record(0x41E, struct.pack("<H", 164) + _string(";;;")) + _record(
        0x41E, struct.pack("<H", 165) + _string(f'"{w("text of a number format", ANY)}"0')
    )

    def style(font: int, number_format: int, pattern: int = 0, fore: int = 64) -> bytes:
        return _record(
            0xE0, struct.pack("<HHHBBBBIIH", font, number_format, 0, 0x20, 0, 0, 0, 0, pattern << 26, fore | 65 << 7)
        )

    styles = b"".join(style(0, 0) for _ in range(16)) + style(5, 0) + style(0, 164) + style(0, 0, 1, 8)
    strings = [
        w("shared string"),
        w("shared string that no cell uses", HIDDEN),
        w("cell of a hidden sheet", HIDDEN),
        w("cell of a very hidden sheet", HIDDEN),
    ]
    wide = w("wide shared string")
    sst = (
        struct.pack("<II", 7, 7)
        + b"".join(_string(text) for text in strings)
        + struct.pack("<HB", len(wide), 1)
        + wide.encode("utf-16-le")
        + _rich("seen ", w("white letters among others", WHITE), 5)
        + _spoken("x", w("written above a string", ANY))
    )
    name = w("defined name", ANY)
    value = w("value of a defined name", ANY)
    formula = b"\x17" + bytes([len(value), 0]) + value.encode()
    defined = _record(
        0x18,
        struct.pack("<HBBHHHBBBB", 0, 0, len(name), len(formula), 0, 0, 0, 0, 0, 0) + b"\x00" + name.encode() + formula,
    )
    external = _record(
        0x1AE,
        struct.pack("<H", 1)
        + _string(f"\x01\x01S{w('path of an external link', ANY)}.xls")
        + _string(w("sheet of an external link", ANY)),
    )
    external += _record(0x59, struct.pack("<hH", 1, 0)) + _record(
        0x5A, struct.pack("<BBH", 0, 0, 0) + b"\x02" + _string(w("cached value of an external link", ANY))
    )
    names = [(w("name of a sheet", ANY), 0), (w("name of a hidden sheet", HIDDEN), 1), ("v", 2)]
    text = w("inline string")

    def shared(row: int, column: int, number: int, form: int = 15) -> bytes:
        return _record(0xFD, struct.pack("<HHHI", row, column, form, number))

    def label(row: int, column: int, content: str, form: int = 15) -> bytes:
        return _record(0x204, struct.pack("<HHH", row, column, form) + _string(content))

    result = w("cached result of a formula")
    parsed = b"\x17" + bytes([len(result), 0]) + w("text in a formula", ANY).encode()
    comment = w("comment", COMMENT)
    link = f"https://a.example/{w('target of a link', ATTRIBUTE)}"
    wide_link = (link + "\x00").encode("utf-16-le")
    first = (
        _record(0x809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 6))
        + _record(0x14, _string(f"&L{w('page header')}"))
        + _record(0x15, _string(w("page footer")))
        + _record(0x7D, struct.pack("<HHHHHH", 2, 3, 0, 15, 1, 0))
        + _record(0x208, struct.pack("<HHHHHHI", 3, 0, 9, 255, 0, 0, 0x20 | 0x100))
        + shared(0, 0, 0) + shared(0, 1, 4) + label(1, 0, text)
        + _record(0x06, struct.pack("<HHHBBHHHIH", 2, 0, 15, 0, 0, 0, 0, 0xFFFF, 0, len(parsed) + 0)[:20] + struct.pack("<H", len(parsed)) + parsed)
        + _record(0x207, _string(result))
        + label(3, 0, w("hidden row", HIDDEN)) + label(4, 2, w("hidden column", HIDDEN))
        + label(5, 0, w("white font", WHITE), 16) + label(5, 1, w("format that shows nothing", HIDDEN), 17) + label(5, 4, w("black on black", HIDDEN), 18)
        + _record(0x5D, struct.pack("<HHHHHIII", 0x15, 18, 0x19, 1, 0x4011, 0, 0, 0) + struct.pack("<HH", 0, 0))
        + _record(0x1B6, struct.pack("<HHHHHHHH", 0x212, 0, 0, 0, 0, len(comment), 16, 0)[:18].ljust(18, b"\x00"))
        + _record(0x3C, b"\x00" + comment.encode())
        + _record(0x3C, struct.pack("<HHIHHI", 0, 0, 0, len(comment), 0, 0))
        + _record(0x1C, struct.pack("<HHHHH", 0, 0, 0, 1, 0)[:8] + _string(w("author of a comment", ANY)) + b"\x00")
        + _record(
            0x1B8,
            struct.pack("<HHHH", 0, 0, 0, 0) + bytes.fromhex("d0c9ea79f9bace118c8200aa004ba90b") + struct.pack("<II", 2, 3)
            + bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b") + struct.pack("<I", len(wide_link)) + wide_link,
        )
        + _record(0x800, struct.pack("<HHHHH", 0x800, 0, 0, 0, 0) + f"{w('tooltip of a link', ANY)}\x00".encode("utf-16-le"))
        + _record(
            0x1BE,
            struct.pack("<I", 0x000C0103) + b"".join(_string(w(f"validation, {what}", ANY)) for what in ("title of a prompt", "title of an error", "prompt", "error"))
            + struct.pack("<HHHHH", 0, 0, 0, 0, 0),
        )
        + _record(0x0A)
    )  # fmt: skip
    first = first.removesuffix(_record(0x0A)) + (
        label(6, 4, w("first of merged cells")) + label(6, 5, w("below merged cells", HIDDEN)) + _record(0xE5, struct.pack("<HHHHH", 1, 6, 6, 4, 5))
        + _record(0x208, struct.pack("<HHHHHHI", 7, 0, 9, 20, 0, 0, 0)) + label(7, 4, w("row of a point", HIDDEN)) + shared(8, 4, 5) + shared(9, 4, 6) + _record(0x0A)
    )  # fmt: skip
    second = _record(0x809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 6)) + shared(0, 0, 2) + _record(0x0A)
    third = _record(0x809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 6)) + shared(0, 0, 3) + _record(0x0A)
    head = (
        _record(0x809, bof)
        + _record(0x5C, _string(w("name of the last writer", ANY)).ljust(112, b" "))
        + fonts
        + formats
        + styles
    )
    tail = external + defined + _record(0xFC, sst) + _record(0x0A)
    bounds = sum(len(_record(0x85, struct.pack("<IBB", 0, 0, 0) + _string(title, 1))) for title, _ in names)
    at = len(head) + bounds + len(tail)
    sheets = b""
    for (title, state), body in zip(names, (first, second, third), strict=True):
        sheets += _record(0x85, struct.pack("<IBB", at, state, 0) + _string(title, 1))
        at += len(body)
    stream = head + sheets + tail + first + second + third
    cache = _record(0xCD, _string(w("pivot cache, text", HIDDEN)))
    tree = {
        "Workbook": stream,
        **_about(w),
        "_SX_DB_CUR": {"0001": _record(0xC6, b"\x00" * 20) + cache},
        "MBD0001": {"\x01Ole10Native": package("a.txt", "C:\\a.txt", f"words {w('embedded file')}".encode())},
        "_VBA_PROJECT_CUR": {"VBA": {"Module1": f"words {w('macro', HIDDEN)}".encode()}},
    }
    return [w.file(compound(tree), "staff.xls")]


# -- PowerPoint ---------------------------------------------------------------------------------------------------


def _atom(kind: int, content: bytes, instance: int = 0) -> bytes:
    return struct.pack("<HHI", instance << 4, kind, len(content)) + content


def _container(kind: int, *inside: bytes, instance: int = 0) -> bytes:
    body = b"".join(inside)
    return struct.pack("<HHI", instance << 4 | 0xF, kind, len(body)) + body


def _chars(text: str) -> bytes:
    return _atom(4000, text.encode("utf-16-le"))


def _narrow(text: str) -> bytes:
    return _atom(4008, text.encode("cp1252"))


def _words(text: str, instance: int = 0) -> bytes:
    return _atom(4026, text.encode("utf-16-le"), instance)


def _drawing(*texts: bytes) -> bytes:
    shapes = b"".join(
        _container(0xF004, _atom(0xF00A, bytes(8)), _container(0xF00D, _atom(3999, struct.pack("<I", 4)), text))
        for text in texts
    )
    return _container(1036, _container(0xF002, _container(0xF003, shapes)))


def build_ppt() -> list[Canary]:
    """Return a PowerPoint 97 presentation."""
    w = Words("ppt", "presentation")
    slide_atom = struct.pack("<I8xIIH2x", 0, 0x80000000, 0, 7)
    description = _atom(
        0xF00B,
        struct.pack("<HI", 0x0381 | 0x8000, 2 * len(w("alt text", ANY)) + 2)
        + f"{w.places[-1].word}\x00".encode("utf-16-le"),
        instance=1,
    )
    first = _container(
        1006, _atom(1007, slide_atom), _drawing(_chars(w("text of a shape")), _narrow(w("narrow text of a shape"))),
        _container(1036, _container(0xF002, _container(0xF003, _container(0xF004, _atom(0xF00A, bytes(8)), description)))),
        _container(4057, _words(w("footer of a slide", ANY), 2)),
        _container(5000, _container(5002, _words("___PPT10"), _atom(5003, _container(12000, _words(w("author of a comment", ANY), 0), _words(w("comment", COMMENT), 1), _words("JD", 2))))),
    )  # fmt: skip
    hidden = _container(
        1006,
        _atom(1007, slide_atom),
        _atom(1017, struct.pack("<IIBBHBBxx", 0, 0, 0, 0, 0x0004, 0, 0)[:16]),
        _drawing(_chars(w("hidden slide", HIDDEN))),
    )
    notes = _container(1008, _atom(1009, struct.pack("<IHH", 256, 7, 0)), _drawing(_chars(w("notes", ANY))))
    master = _container(1016, _atom(1007, slide_atom), _drawing(_chars(w("master", ANY))))
    document = _container(
        1000, _atom(1001, bytes(40)),
        _container(1033, _container(4055, _words(w("text of a link", ANY), 0), _words(f"https://a.example/{w('target of a link', ATTRIBUTE)}", 1))),
        _container(4080, _atom(1011, struct.pack("<IIIII", 2, 0, 1, 256, 0)), _atom(3999, struct.pack("<I", 0)), _chars(w("title in the outline")),
                   _atom(3999, struct.pack("<I", 1)), _narrow(w("body in the outline")), instance=0),
        _container(4057, _words(w("header of notes", ANY), 1)), _atom(1002, b""),
    )  # fmt: skip
    offsets, stream = [], b""
    for piece in (document, first, hidden, notes, master):
        offsets.append(len(stream))
        stream += piece
    persist_at = len(stream)
    stream += _atom(6002, struct.pack("<I", 1 | len(offsets) << 20) + struct.pack(f"<{len(offsets)}I", *offsets))
    edit_at = len(stream)
    stream += _atom(4085, struct.pack("<IHBBIIIIHH", 256, 0, 0, 3, 0, persist_at, 1, len(offsets), 1, 0))
    user = w("name of the last writer", ANY)
    current = _atom(
        4086,
        struct.pack("<IIIHHBBH", 20, 0xE391C05F, edit_at, len(user), 0x03F4, 3, 0, 0)
        + user.encode()
        + struct.pack("<I", 8)
        + user.encode("utf-16-le"),
    )
    tree = {
        "PowerPoint Document": stream + f"words {w('behind the last record', ANY)}".encode("utf-16-le"),
        "Current User": current,
        **_about(w),
    }
    return [w.file(compound(tree), "talk.ppt")]
