# SPDX-License-Identifier: GPL-3.0-or-later
"""Compound files of every kind: wrappings, embedded objects, properties, macros, and streams nobody expects."""

import re
import struct

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import compound
from safehold.reading.basics.compound import Tree

WORD = "Quillfeather"
EMF_HEAD = 88


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def native(name: str, content: bytes, source: str = "C:\\Users\\example\\") -> bytes:
    """A file dropped into a document, as Windows packs it."""
    label, path = name.encode() + b"\0", (source + name).encode() + b"\0"
    body = b"\x02\0" + label + path + b"\0\0\x03\0" + struct.pack("<I", len(path)) + path
    body += struct.pack("<I", len(content)) + content
    return struct.pack("<I", len(body)) + body


def properties(*texts: str, page: int = 1252, wide_texts: tuple[str, ...] = ()) -> bytes:
    """A stream of one property set."""
    rows: list[tuple[int, bytes]] = [(1, struct.pack("<Ih2x", 2, page))]
    for number, text in enumerate(texts, 2):
        raw = text.encode(f"cp{page}") + b"\0"
        rows.append((number, struct.pack("<II", 0x1E, len(raw)) + raw + bytes(-len(raw) % 4)))
    for number, text in enumerate(wide_texts, 40):
        raw = wide(text + "\0")
        rows.append((number, struct.pack("<II", 0x1F, len(text) + 1) + raw + bytes(-len(raw) % 4)))
    head, body = b"", b""
    for number, raw in rows:
        head += struct.pack("<II", number, 8 + 8 * len(rows) + len(body))
        body += raw
    section = struct.pack("<II", 8 + len(head) + len(body), len(rows)) + head + body
    return b"\xfe\xff\0\0" + bytes(4) + bytes(16) + struct.pack("<I", 1) + bytes(16) + struct.pack("<I", 48) + section


def metafile(text: str) -> bytes:
    """A drawing (EMF) with one text."""
    raw = wide(text)
    record = struct.pack("<II", 84, 76 + len(raw)) + bytes(28) + struct.pack("<IIII", 0, 0, len(text), 76) + bytes(24)
    head = struct.pack("<II", 1, EMF_HEAD) + bytes(32) + b" EMF" + bytes(EMF_HEAD - 44)
    return head + record + raw


def compressed(source: bytes) -> bytes:
    """Macro source as its container keeps it, every character as it is."""
    out = b"\x01"
    for start in range(0, len(source), 3_000):
        chunk = source[start : start + 3_000]
        packed = b"".join(b"\0" + chunk[at : at + 8] for at in range(0, len(chunk), 8))
        out += struct.pack("<H", 0xB000 | len(packed) - 1) + packed
    return out


def project(source: bytes, *, stream: bytes = b"Module1") -> Tree:
    """A VBA project with one module."""

    def record(kind: int, raw: bytes) -> bytes:
        return struct.pack("<HI", kind, len(raw)) + raw

    directory = (
        record(3, struct.pack("<H", 1252))
        + record(0x1A, stream)
        + record(0x31, struct.pack("<I", 5))
        + record(0x2B, b"")
    )
    return {
        "VBA": {
            "dir": compressed(directory),
            "_VBA_PROJECT": b"\xcc\x61" + bytes(10),
            stream.decode(): b"p-cod" + compressed(source),
        },
        "PROJECT": b'ID="{0}"',
    }


def test_a_file_dropped_into_a_document_is_read_as_that_file(read_here):
    content = compound.write({"\x01CompObj": b"x", "\x01Ole10Native": native("note.txt", WORD.encode())})
    read = read_here(content, "object.bin")

    assert read.texts(PlaceKind.TEXT, part="object.bin/note.txt") == [WORD]
    assert "C:\\Users\\example\\note.txt" in read.text
    assert read.marks == {"embedded"}
    assert read.problems == []


def test_a_dropped_file_that_is_cut_says_so(read_here):
    whole = native("note.txt", WORD.encode() * 10)
    content = compound.write({"\x01Ole10Native": whole[:-30]})

    assert read_here(content, "object.bin").problems == [("object.bin/note.txt", "corrupt")]


@pytest.mark.parametrize("name", ["Package", "CONTENTS", "package_stream"])
def test_a_file_in_a_stream_of_its_own_is_read_as_that_file(read_here, name):
    read = read_here(compound.write({name: b"{\\rtf1 Quillfeather}"}), "object.bin")

    assert WORD in read.texts(part=f"object.bin/{name}")
    assert read.problems == []


def test_an_unknown_compound_file_is_unsupported_and_its_strings_are_read(read_here):
    content = compound.write({"Stuff": {"Data": bytes(20) + wide(WORD) + bytes(20) + b"Zephyrine and others"}})
    read = read_here(content, "odd.bin")

    assert WORD in read.text
    assert "Zephyrine and others" in read.text
    assert read.problems == [("odd.bin", "unsupported")]


def test_files_that_lie_in_an_unknown_stream_are_read(read_here):
    stream = b"\x01\x02\x03 some head " + b"{\\rtf1 Quill}" + b"{\\rtf1 feather}"
    read = read_here(compound.write({"Blob": stream}), "odd.bin")

    assert {"Quill", "feather"} <= set(read.texts(PlaceKind.PARAGRAPH))


def test_properties_are_read_in_their_code_page(read_here):
    stream = properties("Größe Ärger", wide_texts=(WORD,))
    read = read_here(compound.write({"\x05SummaryInformation": stream, "x": b""}), "odd.bin")

    assert "Größe Ärger" in read.text
    assert WORD in read.text


@pytest.mark.parametrize("at", [24, 44, 52, 56, 60, 100])
@pytest.mark.parametrize("number", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_forged_counts_in_properties_end(read_here, at, number):
    stream = bytearray(properties(WORD, "Zephyrine", "Oakhanger"))
    struct.pack_into("<I", stream, at, number)

    assert read_here(compound.write({"\x05SummaryInformation": bytes(stream)}), "odd.bin").reasons <= {
        "unsupported",
        "corrupt",
    }


def test_a_vba_project_is_marked_and_its_source_is_read(read_here):
    source = b'Attribute VB_Name = "Module1"\r\nSub A()\r\nMsgBox "Quillfeather"\r\nEnd Sub\r\n'
    read = read_here(compound.write(project(source)), "vbaProject.bin")

    assert 'MsgBox "Quillfeather"' in "\n".join(read.texts(PlaceKind.METADATA, Visibility.HIDDEN))
    assert read.marks == {"macros"}
    assert read.problems == []


def test_macro_source_is_found_without_a_directory(read_here):
    source = b'Attribute VB_Name = "Module1"\r\nX = "Quillfeather"\r\n' * 3
    tree = project(source, stream=b"Module1")
    assert isinstance(tree["VBA"], dict)
    tree["VBA"]["dir"] = b"rubbish"

    assert WORD in read_here(compound.write(tree), "vbaProject.bin").text


def test_the_strings_of_macros_without_source_are_read(read_here):
    tree = project(b"")
    assert isinstance(tree["VBA"], dict)
    tree["VBA"]["__SRP_0"] = bytes(9) + b"Quillfeather" + bytes(9)

    assert WORD in read_here(compound.write(tree), "vbaProject.bin").text


def test_the_drawing_of_an_object_is_read_as_hidden(read_here):
    tree: Tree = {
        "WordDocument": b"",
        "ObjectPool": {"_1": {"\x01Ole10Native": native("a.txt", b"x"), "\x03EPRINT": metafile(WORD)}},
    }
    read = read_here(compound.write(tree), "a.doc")

    assert WORD in read.texts(PlaceKind.METADATA, Visibility.HIDDEN)


def test_an_equation_is_read_as_its_characters(read_here):
    characters = b"".join(b"\x02\x83" + wide(letter) for letter in WORD)
    tree: Tree = {"WordDocument": b"", "ObjectPool": {"_1": {"Equation Native": bytes(28) + characters}}}
    read = read_here(compound.write(tree), "a.doc")

    assert WORD in read.texts(PlaceKind.TEXT)
    assert "unsupported" not in read.reasons


def test_rights_management_is_encryption(read_here):
    read = read_here(compound.write({"WordDocument": bytes(100), "\x09DRMContent": b"x" * 100}), "a.doc")

    assert ("a.doc", "encrypted") in read.problems


def test_a_nest_of_objects_ends_at_the_depth_limit(read_here):
    content = compound.write({"WordDocument": bytes(600)})
    for _ in range(14):
        content = compound.write({"\x01Ole10Native": native("inner.bin", content)})

    assert "too_deep" in read_here(content, "object.bin").reasons


def test_the_type_is_that_of_the_top_not_of_what_is_inside(read_here):
    inner: Tree = {"Workbook": b"x", "\x01CompObj": b"y"}
    read = read_here(compound.write({"WordDocument": bytes(600), "ObjectPool": {"_1": inner}}), "a.doc")

    assert [part.media_type for part in read.reading.parts] == ["application/msword", "application/vnd.ms-excel"]


def test_an_encrypted_package_with_excels_own_password_is_opened(read_here, corpora):
    read = read_here((corpora / "documents/tika/protect.xlsx").read_bytes(), "protect.xlsx")

    assert "encrypted" not in read.reasons
    assert "protect.xlsx/package" in read.paths


def test_an_encrypted_package_with_another_password_stays_encrypted(read_here, corpora):
    for name in ("example_password.docx", "ecma376standard_password.docx", "example_password.xlsx"):
        read = read_here((corpora / "documents/msoffcrypto" / name).read_bytes(), name)

        assert read.problems == [(name, "encrypted")]


def test_what_stands_behind_a_file_or_in_free_sectors_is_read_as_hidden(read_here):
    content = compound.write({"Workbook": bytes(100)}) + b"Quillfeather behind"

    assert "Quillfeather behind" in "\n".join(read_here(content, "a.xls").texts(PlaceKind.METADATA, Visibility.HIDDEN))


@pytest.mark.parametrize("at", [48 + 8 + 8, 48 + 8 + 8 + 4, 48 + 8 + 24 + 8, 48 + 8 + 24 + 12])
def test_properties_with_a_wrong_number_are_read_as_strings(read_here, at):
    stream = bytearray(properties(WORD, "Zephyrine"))
    stream[at : at + 4] = b"\xff\x7f\xff\x7f"
    read = read_here(compound.write({"\x05SummaryInformation": bytes(stream)}), "odd.bin")

    assert WORD in read.text
    assert "Zephyrine" in read.text


# What office_oxide says itself of objects, slides and sheets.
ITS_OWN = {
    "embedded", "excel", "master", "microsoft", "nan", "object", "ole", "powerpoint", "presentation", "sheet", "slide",
    "word", "workbook",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["doc", "xls", "ppt"])
def test_every_word_that_office_oxide_finds_is_found(read_here, corpora, kind):
    """office_oxide as the oracle.  No reader of ours: it starts a thread for each file, which workers may not."""
    office_oxide = pytest.importorskip("office_oxide")
    missing: dict[str, set[str]] = {}
    compared = 0
    for path in sorted((corpora / "documents").rglob(f"*.{kind}")):
        content = path.read_bytes()
        try:
            theirs = office_oxide.Document.from_bytes(content, kind).plain_text()
        except office_oxide.OfficeOxideError:
            continue
        read = read_here(content, path.name)
        if "unsupported" in read.reasons:
            continue
        compared += 1
        ours = set(re.findall(r"[^\W\d_]{3,}", read.text.lower()))
        lost = set(re.findall(r"[^\W\d_]{3,}", theirs.lower())) - ours - ITS_OWN
        if lost:
            missing[path.name] = lost

    assert missing == {}
    assert compared > 10


@pytest.mark.parametrize("name", ["\x01CompObj", "\x01Ole", "\x03ObjInfo", "PROPS"])
def test_words_in_a_stream_of_the_program_are_found(read_here, name):
    content = compound.write({"WordDocument": b"x", "\x01Own": b"", name: b"\0" * 30 + f"{WORD} Lane".encode()})

    assert WORD in "\n".join(read_here(content, "a.doc").texts(PlaceKind.METADATA, Visibility.HIDDEN))


def test_what_programs_say_of_themselves_is_not_said(read_here):
    types = (
        b"\x01\0\xfe\xff" + bytes(24) + b"\x20\0\0\0Microsoft Word-Document 97\0\x0a\0\0\0MSWordDoc\0Word.Document.8\0"
    )
    read = read_here(compound.write({"WordDocument": b"x", "\x01CompObj": types}), "a.doc")

    assert read.texts(PlaceKind.METADATA) == []


def test_words_in_a_gap_of_properties_are_found(read_here):
    content = compound.write({"\x05SummaryInformation": properties("Zephyrine") + f"  {WORD} Lane ".encode()})

    assert WORD in read_here(content, "odd.bin").text


def test_a_text_beyond_what_is_looked_at_is_said_to_be_there(read_here):
    long = "\n".join(f"Quillfeather {number}" for number in range(80_000)).encode()
    read = read_here(compound.write({"WordDocument": b"x", "More": long}), "a.doc")

    assert "too_large" in {reason for _, reason in read.problems}


def test_many_properties_that_are_one_and_the_same_end(read_here):
    text = struct.pack("<II", 0x1E, 100_000) + b"Quill " * 20_000
    rows = b"".join(struct.pack("<II", number, 8 + 8 * 900) for number in range(2, 902))
    section = struct.pack("<II", len(text), 900) + rows + text
    stream = b"\xfe\xff\0\0" + bytes(20) + struct.pack("<I", 1) + bytes(16) + struct.pack("<I", 48) + section
    read = read_here(compound.write({"\x05SummaryInformation": stream}), "odd.bin")

    assert len(read.text) < 8 * len(stream)
