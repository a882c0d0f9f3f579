# SPDX-License-Identifier: GPL-3.0-or-later
"""Word documents before 2007: every story, hiding and deletion; documents are built here, record by record."""

import struct
import zlib

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import compound
from safehold.reading.basics.compound import Tree

WORD = "Quillfeather"
TEXT_AT = 0x800
STORIES = ("body", "notes", "headers", "macros", "comments", "endnotes", "boxes", "header_boxes")
DELETED, INSERTED, HIDDEN = b"\x00\x08\x01", b"\x01\x08\x01", b"\x3c\x08\x01"
WHITE, TINY, SHADED = b"\x42\x2a\x08", b"\x43\x4a\x02\x00", b"\x0c\x2a\x01"


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def strings(*texts: str) -> bytes:
    """A table of strings (STTB)."""
    return struct.pack("<HHH", 0xFFFF, len(texts), 0) + b"".join(struct.pack("<H", len(t)) + wide(t) for t in texts)


def document(
    *,
    looks: dict[str, bytes] | None = None,
    tables: dict[int, bytes | tuple[bytes, int]] | None = None,
    paragraphs: dict[str, bytes] | None = None,
    streams: Tree | None = None,
    narrow: bool = False,
    leftover: bytes = b"",
    flags: int = 0,
    modifier: int = 0,
    grpprl: bytes = b"",
    **stories: str,
) -> bytes:
    """A document with these stories.

    *looks* gives the character properties of a piece of text, *paragraphs* the style and the properties of the
    paragraph that begins with a text, *tables* what stands in the slots of the header (with its length, where more
    stands there than the header says),
    *leftover* bytes of the text area that no piece uses, *modifier* and *grpprl* what a fast save did to all text.
    """
    text = "".join(stories.get(name, "") for name in STORIES)
    raw = text.encode("cp1252") if narrow else wide(text)
    width = 1 if narrow else 2
    pages_at = (TEXT_AT + len(raw) + len(leftover) + 511) // 512
    table = bytearray()
    slots = dict(tables or {})
    prc = b"\x01" + struct.pack("<H", len(grpprl)) + grpprl if grpprl else b""
    where = TEXT_AT * 2 | 0x40000000 if narrow else TEXT_AT
    pieces = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, where, modifier)
    slots[33] = prc + b"\x02" + struct.pack("<I", len(pieces)) + pieces
    slots[12] = struct.pack("<III", TEXT_AT, TEXT_AT + len(raw), pages_at)
    slots[13] = struct.pack("<III", TEXT_AT, TEXT_AT + len(raw), pages_at + 1)
    header = bytearray(TEXT_AT)
    struct.pack_into("<HH", header, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", header, 0x0A, 0x200 | flags)
    struct.pack_into("<II", header, 0x18, TEXT_AT, TEXT_AT + len(raw) + len(leftover))
    for number, name in enumerate(STORIES):
        struct.pack_into("<I", header, 0x4C + 4 * number, len(stories.get(name, "")))
    for number, slot in slots.items():
        content, length = slot if isinstance(slot, tuple) else (slot, len(slot))
        struct.pack_into("<II", header, 0x9A + 8 * number, len(table), length)
        table += content
    main = bytes(header) + raw + leftover
    main += bytes(pages_at * 512 - len(main)) + properties_page(text, width, looks or {})
    main += paragraphs_page(text, width, paragraphs or {})
    return compound.write({"WordDocument": main, "1Table": bytes(table), **(streams or {})})


def properties_page(text: str, width: int, looks: dict[str, bytes]) -> bytes:
    """A page of character properties for the pieces of text that have some."""
    cuts = {0, len(text)}
    spans: list[tuple[int, int, bytes]] = []
    for piece, properties in looks.items():
        start = text.index(piece)
        cuts |= {start, start + len(piece)}
        spans.append((start, start + len(piece), properties))
    edges = sorted(cuts)
    page = bytearray(512)
    page[511] = len(edges) - 1
    for index, edge in enumerate(edges):
        struct.pack_into("<I", page, 4 * index, TEXT_AT + width * edge)
    at = 510
    for index, edge in enumerate(edges[:-1]):
        properties = next((found for start, end, found in spans if start <= edge < end), b"")
        if properties:
            at -= len(properties) + 1
            at -= at % 2
            page[at] = len(properties)
            page[at + 1 : at + 1 + len(properties)] = properties
            page[4 * len(edges) + index] = at // 2
    return bytes(page)


def paragraphs_page(text: str, width: int, paragraphs: dict[str, bytes]) -> bytes:
    """A page of the properties of all paragraphs; some begin with a text and have others than none."""
    edges = [0, *(index + 1 for index, mark in enumerate(text) if mark in "\r\x07")][:25]
    page = bytearray(512)
    page[511] = len(edges) - 1
    struct.pack_into(f"<{len(edges)}I", page, 0, *(TEXT_AT + width * edge for edge in edges))
    at = 510
    for index, edge in enumerate(edges[:-1]):
        properties = next((found for start, found in paragraphs.items() if text.startswith(start, edge)), bytes(2))
        properties += bytes(len(properties) % 2)
        at -= len(properties) + 2
        page[at : at + 2] = bytes((0, len(properties) // 2))
        page[at + 2 : at + 2 + len(properties)] = properties
        page[4 * len(edges) + 13 * index] = at // 2
    return bytes(page)


def style(name: str, *, base: int = 0xFFF, kind: int = 1, paragraph: bytes = b"", characters: bytes = b"") -> bytes:
    """A style (STD): of paragraphs (kind 1) or of characters (2)."""
    raw = struct.pack("<HHHHH", 0, base << 4 | kind, 0, 0, 0) + struct.pack("<H", len(name)) + wide(f"{name}\0")
    changes = [bytes(2) + paragraph, characters] if kind == 1 else [characters]
    for change in changes:
        raw += struct.pack("<H", len(change)) + change + bytes(len(change) % 2)
    return struct.pack("<H", len(raw)) + raw + bytes(len(raw) % 2)


def style_sheet(*styles: bytes) -> bytes:
    return struct.pack("<HHH", 18, len(styles), 10) + bytes(14) + b"".join(styles)


def level(text: str, *, number_format: int = 0, start: int = 1, flags: int = 0, follow: int = 0) -> bytes:
    """A level of a list (LVL)."""
    head = struct.pack("<IBB9sB", start, number_format, flags, bytes(9), follow) + bytes(12)
    return head + struct.pack("<H", len(text)) + wide(text)


def lists(*levels: bytes) -> tuple[bytes, int]:
    """The lists of a document: one, with these levels and eight empty ones at most."""
    head = struct.pack("<HI", 1, 77) + bytes(24)
    return head + b"".join((*levels, *[level("")] * (9 - len(levels)))), len(head)


def uses(*changes: bytes) -> bytes:
    """The uses of that list: one for each change, empty where it changes nothing."""
    rows = b"".join(struct.pack("<I8xB3x", 77, 1 if change else 0) for change in changes)
    return struct.pack("<I", len(changes)) + rows + b"".join(b"\xff" * 4 + change for change in changes)


def numbered(use: int = 1, at_level: int = 0, of_style: int = 0) -> bytes:
    return struct.pack("<H", of_style) + b"\x0b\x46" + struct.pack("<H", use) + b"\x0a\x26" + bytes([at_level])


PLACES = {
    "the body": (document(body=f"{WORD}\r"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "8-bit text": (document(body=f"caf\u00e9 {WORD}\r", narrow=True), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "a table": (document(body=f"a\x07{WORD}\x07\x07\r"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "a footnote": (document(body="a\x02\r", notes=f"\x02 {WORD}\r"), PlaceKind.NOTE, Visibility.VISIBLE),
    "an endnote": (document(body="a\x02\r", endnotes=f"\x02 {WORD}\r"), PlaceKind.NOTE, Visibility.VISIBLE),
    "a header": (document(body="a\r", headers=f"\r{WORD}\r"), PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
    "a comment": (document(body="a\r", comments=f"\x05{WORD}\r"), PlaceKind.COMMENT, Visibility.COMMENT),
    "a text box": (document(body="a\r", boxes=f"{WORD}\r"), PlaceKind.TEXT, Visibility.VISIBLE),
    "a text box in a header": (
        document(body="a\r", header_boxes=f"{WORD}\r"), PlaceKind.PAGE_HEADER, Visibility.VISIBLE,
    ),
    "the result of a field": (
        document(body=f"\x13 DATE \x14{WORD}\x15\r"), PlaceKind.PARAGRAPH, Visibility.VISIBLE,
    ),
    "the instruction of a field": (
        document(body=f'\x13 HYPERLINK "http://{WORD}.example" \x14here\x15\r'), PlaceKind.PARAGRAPH,
        Visibility.ATTRIBUTE,
    ),
    "a tracked deletion": (
        document(body=f"a {WORD} b\r", looks={WORD: DELETED}), PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION,
    ),
    "a tracked insertion": (
        document(body=f"a {WORD} b\r", looks={WORD: INSERTED}), PlaceKind.PARAGRAPH, Visibility.VISIBLE,
    ),
    "a hidden run": (document(body=f"a {WORD} b\r", looks={WORD: HIDDEN}), PlaceKind.PARAGRAPH, Visibility.HIDDEN),
    "white text": (document(body=f"a {WORD} b\r", looks={WORD: WHITE}), PlaceKind.PARAGRAPH, Visibility.WHITE),
    "white text by colour": (
        document(body=f"a {WORD} b\r", looks={WORD: b"\x70\x68\xff\xff\xff\x00"}), PlaceKind.PARAGRAPH,
        Visibility.WHITE,
    ),
    "white text on a colour": (
        document(body=f"a {WORD} b\r", looks={WORD: WHITE + SHADED}), PlaceKind.PARAGRAPH, Visibility.VISIBLE,
    ),
    "black text on black": (
        document(body=f"a {WORD} b\r", looks={WORD: b"\x42\x2a\x01\x0c\x2a\x01"}), PlaceKind.PARAGRAPH,
        Visibility.COVERED,
    ),
    "text in the colour behind it": (
        document(body=f"a {WORD} b\r", looks={WORD: b"\x70\x68\x12\x34\x56\x00\x71\xca\x0a" + bytes(3) + b"\xff"
                                             + b"\x12\x34\x56\x00" + bytes(2)}),
        PlaceKind.PARAGRAPH, Visibility.COVERED,
    ),
    "automatic text on black": (
        document(body=f"a {WORD} b\r", looks={WORD: b"\x0c\x2a\x01"}), PlaceKind.PARAGRAPH, Visibility.VISIBLE,
    ),
    "tiny text": (document(body=f"a {WORD} b\r", looks={WORD: TINY}), PlaceKind.PARAGRAPH, Visibility.TINY),
    "a run hidden by a fast save": (
        document(body=f"{WORD}\r", modifier=1, grpprl=HIDDEN), PlaceKind.PARAGRAPH, Visibility.HIDDEN,
    ),
    "a piece deleted by a fast save": (
        document(body=f"{WORD}\r", modifier=0x41 << 1 | 1 << 8), PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION,
    ),
    "what a fast save left": (
        document(body="a\r", leftover=wide(f"{WORD} was here")), PlaceKind.TEXT, Visibility.HIDDEN,
    ),
    "a bookmark": (document(body="a\r", tables={21: strings(WORD)}), PlaceKind.METADATA, Visibility.VISIBLE),
    "the author of a change": (
        document(body="a\r", tables={51: strings("Unknown", WORD)}), PlaceKind.METADATA, Visibility.VISIBLE,
    ),
    "the author of a comment": (
        document(body="a\r", tables={36: struct.pack("<H", len(WORD)) + wide(WORD)}), PlaceKind.METADATA,
        Visibility.VISIBLE,
    ),
    "a path it was saved under": (
        document(body="a\r", tables={71: strings("A", f"C:\\{WORD}.doc")}), PlaceKind.METADATA, Visibility.VISIBLE,
    ),
    "a document variable": (
        document(body="a\r", tables={60: strings(WORD)}), PlaceKind.METADATA, Visibility.VISIBLE,
    ),
    "the default of a form field": (
        document(body="a\r", streams={"Data": struct.pack("<IH", 200, 0x44) + bytes(62) + b"\xff" * 4 + bytes(6)
                                      + struct.pack("<H", len(WORD)) + wide(WORD)}),
        PlaceKind.FIELD, Visibility.ATTRIBUTE,
    ),
    "a stream of its own": (
        document(body="a\r", streams={"Secret": wide(f"{WORD} in a stream")}), PlaceKind.METADATA, Visibility.HIDDEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "visibility"), PLACES.values(), ids=PLACES.keys())
def test_every_place_is_read_under_its_name(read_here, content, kind, visibility):
    read = read_here(content, "a.doc")

    assert WORD in "\n".join(read.texts(kind, visibility))
    assert read.problems == []


@pytest.mark.parametrize("hiding", [DELETED, HIDDEN, WHITE, TINY])
def test_a_paragraph_is_said_as_it_is_shown_and_with_what_is_hidden(read_here, hiding):
    read = read_here(document(body=f"keep {WORD} this\r", looks={WORD: hiding}), "a.doc")

    assert "keep  this" in read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE)
    assert f"keep {WORD} this" in read.text


def test_a_replaced_word_reads_as_before_and_as_now(read_here):
    content = document(body="at 12 Acacia Road.\r", looks={"12": DELETED, "Acacia": INSERTED})
    read = read_here(content, "a.doc")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION) == ["at 12  Road."]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["at  Acacia Road."]
    assert read.marks == {"tracked_changes"}


def test_notes_and_comments_are_numbered(read_here):
    content = document(body="a\x02\r", notes="\x02 one\r\x02 two\r", comments="\x05 first\r\x05 second\r")
    places = {(s.place.kind, s.place.number): s.text for s in read_here(content, "a.doc").reading.segments}

    assert places[PlaceKind.NOTE, 2].strip() == "two"
    assert places[PlaceKind.COMMENT, 2].strip() == "second"


def test_cells_of_a_row_stand_in_a_line(read_here):
    read = read_here(document(body="Name\x07Jo\x07\x07Town\x07Ashford\x07\x07"), "a.doc")

    assert read.texts(PlaceKind.PARAGRAPH) == ["Name\tJo\t\nTown\tAshford"]


def test_an_address_over_paragraphs_is_one_text(read_here):
    read = read_here(document(body="12 Acacia Road\rAshford\rTN99 9ZZ\r"), "a.doc")

    assert read.texts(PlaceKind.PARAGRAPH) == ["12 Acacia Road\nAshford\nTN99 9ZZ"]


@pytest.mark.parametrize(
    ("instruction", "mark"),
    [("INCLUDETEXT http://a.example/b", "external_link"), ("DDEAUTO c:\\\\x.exe", "active_content"), ("PAGE", None)],
)
def test_fields_that_fetch_or_run_are_marked(read_here, instruction, mark):
    read = read_here(document(body=f"\x13 {instruction} \x14x\x15\r"), "a.doc")

    assert read.marks == ({mark} if mark else set())


def test_pieces_out_of_order_are_read_in_the_order_of_the_table(read_here):
    raw = wide("feather\rQuill")
    pieces = (
        struct.pack("<III", 0, 5, 13) + struct.pack("<HIH", 0, TEXT_AT + 16, 0) + struct.pack("<HIH", 0, TEXT_AT, 0)
    )
    table = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    header = bytearray(TEXT_AT)
    struct.pack_into("<HH", header, 0, 0xA5EC, 0xC1)
    struct.pack_into("<I", header, 0x4C, 13)
    struct.pack_into("<II", header, 0x9A + 8 * 33, 0, len(table))
    read = read_here(compound.write({"WordDocument": bytes(header) + raw, "0Table": table}), "a.doc")

    assert read.texts(PlaceKind.PARAGRAPH) == [WORD]


def test_pictures_and_their_words_are_read(read_here):
    png = b"\x89PNG\r\n\x1a\n" + bytes(40)
    blip = struct.pack("<HHI", 0x6E0 << 4, 0xF01E, 17 + len(png)) + bytes(17) + png
    metafile = b"\x01\x00\x09\x00\x00\x03" + bytes(12)
    metafile += struct.pack("<IHH", 12, 0x0521, 12) + WORD.encode() + bytes(4)
    packed = zlib.compress(metafile)
    drawn = bytes(16) + bytes(32) + b"\x00\xfe" + packed
    blip += struct.pack("<HHI", 0x216 << 4, 0xF01B, len(drawn)) + drawn
    described = wide("A house in Ashford\0")
    table = struct.pack("<HI", 0x8381, len(described)) + described
    shape = struct.pack("<HHI", 0x13, 0xF00B, len(table)) + table
    read = read_here(document(body="a\r", streams={"Data": blip + shape}), "a.doc")

    assert [part.media_type for part in read.reading.parts[1:]] == ["image/png", "image/x-metafile"]
    assert WORD in read.texts(PlaceKind.TEXT)
    assert "A house in Ashford" in read.texts(PlaceKind.PARAGRAPH, Visibility.ATTRIBUTE)


def test_an_encrypted_document_says_so_and_gives_nothing(read_here):
    read = read_here(document(body=f"{WORD}\r", flags=0x100), "a.doc")

    assert read.problems == [("a.doc", "encrypted")]
    assert WORD not in read.text


def test_word_95_is_read_and_said_to_be_half_understood(read_here):
    header = bytearray(TEXT_AT)
    struct.pack_into("<HH", header, 0, 0xA5DC, 104)
    struct.pack_into("<II", header, 0x18, TEXT_AT, TEXT_AT + 20)
    main = bytes(header) + f"caf\u00e9 {WORD}\r".encode("cp1252").ljust(20)
    read = read_here(compound.write({"WordDocument": main}), "a.doc")

    assert f"caf\u00e9 {WORD}" in read.texts(PlaceKind.PARAGRAPH)[0]
    assert read.problems == [("a.doc", "unsupported")]


def test_lengths_that_pass_the_text_are_damage(read_here):
    content = bytearray(document(body=f"{WORD}\r"))
    at = content.index(b"\xec\xa5\xc1\x00") + 0x4C
    struct.pack_into("<I", content, at, 500_000)
    read = read_here(bytes(content), "a.doc")

    assert WORD in read.text
    assert ("a.doc", "corrupt") in read.problems


@pytest.mark.parametrize("table", [b"", b"\x02", b"\x02\xff\xff\xff\xff", b"\x01\xff\xff", b"\x03rubbish"])
def test_a_document_without_its_table_of_pieces_is_searched(read_here, table):
    header = bytearray(TEXT_AT)
    struct.pack_into("<HH", header, 0, 0xA5EC, 0xC1)
    struct.pack_into("<I", header, 0x4C, 13)
    struct.pack_into("<II", header, 0x9A + 8 * 33, 0, len(table))
    content = compound.write({"WordDocument": bytes(header) + wide(f"{WORD}\r"), "0Table": table})
    read = read_here(content, "a.doc")

    assert WORD in read.text
    assert ("a.doc", "corrupt") in read.problems


def test_every_document_of_the_corpora_gives_text_or_a_reason(read_here, corpora):
    silent = []
    for path in sorted((corpora / "documents").rglob("*.doc")):
        read = read_here(path.read_bytes(), path.name)
        text = [s for s in read.reading.segments if s.place.kind is not PlaceKind.FILENAME]
        if not text and not read.problems:
            silent.append(path.name)

    assert silent == []


STYLED = {
    "hidden by its style": (style("a", characters=HIDDEN), b"", Visibility.HIDDEN),
    "white by its style": (style("a", characters=WHITE), b"", Visibility.WHITE),
    "tiny by its style": (style("a", characters=TINY), b"", Visibility.TINY),
    "hidden by its style, and shown": (style("a", characters=HIDDEN), b"\x3c\x08\x00", Visibility.VISIBLE),
    "hidden by its style, and the opposite": (style("a", characters=HIDDEN), b"\x3c\x08\x81", Visibility.VISIBLE),
    "hidden by its style, and as it says": (style("a", characters=HIDDEN), b"\x3c\x08\x80", Visibility.HIDDEN),
    "the opposite of a style that shows": (style("a"), b"\x3c\x08\x81", Visibility.HIDDEN),
    "tiny by its style, and large": (style("a", characters=TINY), b"\x43\x4a\x18\x00", Visibility.VISIBLE),
    "white by its style, on black": (style("a", characters=WHITE), SHADED, Visibility.VISIBLE),
    "white on a paragraph that its style shades": (
        style("a", paragraph=b"\x2d\x44\x20\x00", characters=WHITE), b"", Visibility.VISIBLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("first", "looks", "visibility"), STYLED.values(), ids=STYLED.keys())
def test_styles_are_followed(read_here, first, looks, visibility):
    content = document(body=f"{WORD}\r", tables={1: style_sheet(first)}, looks={WORD: looks} if looks else None)

    assert f"{WORD}" in "\n".join(read_here(content, "a.doc").texts(PlaceKind.PARAGRAPH, visibility))


def test_a_style_hides_as_the_one_that_it_builds_on(read_here):
    sheet = style_sheet(style("a"), style("b", characters=HIDDEN), style("c", base=1))
    content = document(body=f"{WORD}\r", tables={1: sheet}, paragraphs={WORD: struct.pack("<H", 2)})

    assert read_here(content, "a.doc").texts(PlaceKind.PARAGRAPH, Visibility.HIDDEN) == [WORD]


def test_styles_that_build_on_each_other_end(read_here):
    sheet = style_sheet(style("a", base=1), style("b", base=0, characters=HIDDEN))

    assert WORD in read_here(document(body=f"{WORD}\r", tables={1: sheet}), "a.doc").text


@pytest.mark.parametrize(("of_paragraph", "hiding"), [(b"", Visibility.HIDDEN), (HIDDEN, Visibility.VISIBLE)])
def test_a_style_of_characters_turns_over_what_is_hidden(read_here, of_paragraph, hiding):
    sheet = style_sheet(style("a", characters=of_paragraph), style("b", kind=2, characters=HIDDEN))
    content = document(body=f"a {WORD} b\r", tables={1: sheet}, looks={WORD: b"\x30\x4a\x01\x00"})

    assert WORD in "\n".join(read_here(content, "a.doc").texts(PlaceKind.PARAGRAPH, hiding))


def numbered_text(read_here, body: str, **more) -> list[str]:
    return read_here(document(body=body, **more), "a.doc").texts(PlaceKind.PARAGRAPH)


def test_a_numbered_paragraph_begins_with_its_number(read_here):
    tables = {73: lists(level("\0.", start=27)), 74: uses(b"")}
    paragraphs = {"Larkspur": numbered(), "Quill": numbered()}

    assert numbered_text(read_here, "Larkspur Lane\rx\rQuill Road\r", tables=tables, paragraphs=paragraphs) == [
        "27. Larkspur Lane\nx\n28. Quill Road"
    ]


def test_levels_are_counted_and_written_in_their_way(read_here):
    tables = {73: lists(level("\0)", number_format=1), level("\0.\1:", number_format=4, follow=2)), 74: uses(b"")}
    paragraphs = {"a": numbered(), "b": numbered(at_level=1), "c": numbered(at_level=1)}

    assert numbered_text(read_here, "a\rb\rc\r", tables=tables, paragraphs=paragraphs) == ["I) a\nI.a:b\nI.b:c"]


def test_another_use_of_a_list_may_begin_at_its_own_number(read_here):
    change = struct.pack("<II", 27, 0x10)
    tables = {73: lists(level("\0.")), 74: uses(b"", change)}
    paragraphs = {"a": numbered(), "b": numbered(use=2), "c": numbered(use=2)}

    assert numbered_text(read_here, "a\rb\rc\r", tables=tables, paragraphs=paragraphs) == ["1. a\n27. b\n28. c"]


def test_a_style_may_number_its_paragraphs(read_here):
    tables = {
        1: style_sheet(style("a", paragraph=numbered()[2:])), 73: lists(level("\0.", start=27)), 74: uses(b""),
    }  # fmt: skip

    assert numbered_text(read_here, "Larkspur Lane\r", tables=tables) == ["27. Larkspur Lane"]


def test_a_number_of_nothing_is_said_and_a_bullet_is_not(read_here):
    tables = {73: lists(level("\0."), level("\u00b7", number_format=23)), 74: uses(b"")}
    paragraphs = {"\x07a": numbered(), "a": numbered(at_level=1)}

    found = numbered_text(read_here, "\x07a\x07\x07", tables=tables, paragraphs=paragraphs)

    assert found == ["1. \ta"]


def test_words_in_place_of_a_bullet_are_said_and_those_that_nobody_shows_are_hidden(read_here):
    tables = {73: lists(level(f"{WORD}:", number_format=23), level("Zephyrine", number_format=23)), 74: uses(b"")}
    read = read_here(document(body="a\r", tables=tables, paragraphs={"a": numbered()}), "a.doc")

    assert read.texts(PlaceKind.PARAGRAPH) == [f"{WORD}: a"]
    assert "Zephyrine" in read.texts(PlaceKind.METADATA, Visibility.HIDDEN)


@pytest.mark.parametrize("slot", [1, 13, 73, 74])
def test_forged_styles_and_lists_end_and_lose_nothing(read_here, slot):
    for junk in (b"\xff" * 400, b"\xff\xff" + bytes(300), b"\x01\x00\x00\x00" * 80):
        content = document(body=f"{WORD}\r", tables={slot: junk}, paragraphs={WORD: numbered(use=1, at_level=255)})

        assert WORD in read_here(content, "a.doc").text


def patched(content: bytes, at: int, piece: bytes) -> bytes:
    """A document with other bytes at an offset of its main stream."""
    at += content.index(b"\xec\xa5\xc1\x00")
    return content[:at] + piece + content[at + len(piece) :]


HIDING_PLACES = {
    "in the table stream": document(body="a\r", tables={40: wide(f"{WORD} was here")}),
    "in the stream of pictures": document(body="a\r", streams={"Data": wide(f"{WORD} was here")}),
    "in front of the text": patched(document(body="a\r"), 0x700, wide(f"{WORD} was here")),
    "as the name of a style": document(body="a\r", tables={1: style_sheet(style(WORD))}),
    "in the stream that names the program": document(body="a\r", streams={"\x01CompObj": f"xx{WORD} here".encode()}),
    "in a property of no kind": document(body="a\r", streams={"\x05Own": b"\xfe\xff" + bytes(60) + WORD.encode()}),
}


@pytest.mark.parametrize("content", HIDING_PLACES.values(), ids=HIDING_PLACES.keys())
def test_what_stands_where_no_reader_looks_is_hidden_text(read_here, content):
    found = read_here(content, "a.doc").texts(PlaceKind.METADATA, Visibility.HIDDEN)

    assert WORD in "\n".join(found)


def test_text_that_is_placed_a_byte_beside_is_found(read_here):
    """Its piece then gives characters of another script: nothing tells that they are wrong."""
    content = document(body=f"{WORD} and more of it\r")
    where = struct.pack("<HIH", 0, TEXT_AT, 0)
    read = read_here(content.replace(where, struct.pack("<HIH", 0, TEXT_AT + 1, 0)), "a.doc")

    assert WORD in read.text


def test_a_run_that_ends_within_a_character_spoils_none(read_here):
    content = document(body=f"ab{WORD}\r", looks={"ab": INSERTED})
    edge = struct.pack("<I", TEXT_AT + 4)

    assert content.count(edge)
    assert WORD in read_here(content.replace(edge, struct.pack("<I", TEXT_AT + 5)), "a.doc").text


def test_lengths_of_stories_that_cut_a_text_in_two_are_damage(read_here):
    """Every story ends with a paragraph; one that does not was made to end elsewhere."""
    content = document(body="a\r", comments=f"\x05{WORD}\r", endnotes="\x02 b\r")
    lengths = struct.pack("<II", len(WORD) + 2, 4)
    read = read_here(content.replace(lengths, struct.pack("<II", 6, len(WORD))), "a.doc")

    assert content.count(lengths) == 1
    assert WORD in read.text
    assert read.problems == [("a.doc", "corrupt")]
