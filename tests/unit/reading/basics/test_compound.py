# SPDX-License-Identifier: GPL-3.0-or-later
"""Compound files: what is written is read, olefile agrees, and no lie in the tables costs time or memory."""

import io
import struct

import olefile
import pytest

from safehold.reading.basics import compound
from safehold.reading.basics.compound import Compound, Entry, Tree

MANY_SECTORS = 9_000_000  # more allocation sectors than the header has room for


def paths(entry: Entry, before: tuple[str, ...] = ()) -> dict[tuple[str, ...], Entry]:
    """Every stream below a storage, by its path."""
    found: dict[tuple[str, ...], Entry] = {}
    for child in entry.children:
        if child.is_storage:
            found |= paths(child, (*before, child.name))
        else:
            found[*before, child.name] = child
    return found


def contents(opened: Compound) -> dict[tuple[str, ...], bytes]:
    return {path: opened.read(entry) for path, entry in paths(opened.root).items()}


def first_allocation_sector(content: bytes) -> int:
    return 512 * (struct.unpack_from("<I", content, 76)[0] + 1)


def directory_entry(content: bytes, index: int) -> int:
    return 512 * (struct.unpack_from("<I", content, 48)[0] + 1) + 128 * index


TREES: dict[str, Tree] = {
    "nothing": {},
    "an empty stream": {"a": b""},
    "one small stream": {"a": b"Quillfeather"},
    "one large stream": {"a": b"x" * 5_000},
    "just under the cut": {"a": b"x" * 4_095},
    "just at the cut": {"a": b"x" * 4_096},
    "storages in storages": {"a": {"b": {"c": b"deep", "d": b"x" * 9_000}}, "e": b"top"},
    "hundreds of streams": {f"stream {number}": bytes([number % 256]) * number for number in range(400)},
    "more sectors than the header lists": {"a": bytes(range(256)) * (MANY_SECTORS // 256)},
}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES.keys())
def test_what_is_written_is_read(tree):
    opened = Compound(compound.write(tree))

    assert opened.read_tree(opened.root) == tree
    assert not opened.is_damaged
    assert opened.loose == []


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES.keys())
def test_olefile_reads_what_is_written(tree):
    content = compound.write(tree)
    ours = contents(Compound(content))

    with olefile.OleFileIO(io.BytesIO(content)) as theirs:
        names = [tuple(path) for path in theirs.listdir()]
        assert sorted(names) == sorted(ours)
        for path in names:
            assert theirs.openstream(list(path)).read() == ours[path]


def test_the_corpora_are_read_as_olefile_reads_them(corpora):
    compared = 0
    for path in sorted(corpora.rglob("*")):
        if path.suffix not in (".doc", ".xls", ".ppt", ".msg", ".pub"):
            continue
        content = path.read_bytes()
        if not content.startswith(compound.MAGIC):
            continue
        with olefile.OleFileIO(io.BytesIO(content)) as theirs:
            expected = {tuple(name): theirs.openstream(name).read() for name in theirs.listdir()}
        assert contents(Compound(content)) == expected
        compared += 1

    assert compared > 80


def test_names_do_not_depend_on_case():
    opened = Compound(compound.write({"Storage": {"Stream": b"found"}}))

    assert opened.read(opened.find("STORAGE", "stream")) == b"found"
    assert opened.read(opened.find("storage", "other")) == b""


def test_a_cycle_in_the_allocation_table_ends():
    content = bytearray(compound.write({"a": b"x" * 5_000}))
    table = first_allocation_sector(content)
    content[table : table + 512] = struct.pack("<I", 0) * 128  # every sector is followed by the first
    opened = Compound(bytes(content))

    assert len(opened.read(opened.find("a"))) <= len(content)
    assert opened.is_damaged


def test_a_cycle_in_the_list_of_allocation_sectors_ends():
    content = bytearray(compound.write({"a": b"x" * 5_000}))
    struct.pack_into("<II", content, 68, 0, 0xFFFFFFFF)  # the list goes on in the data, which leads back to itself
    struct.pack_into("<I", content, 512 + 508, 0)
    opened = Compound(bytes(content))

    assert opened.is_damaged
    assert opened.read(opened.find("a"))[:100] == b"x" * 100


def test_a_stream_of_four_gigabytes_is_what_there_is_of_it():
    content = bytearray(compound.write({"a": b"x" * 5_000}))
    struct.pack_into("<Q", content, directory_entry(content, 1) + 120, 0xFFFFFFF0)
    opened = Compound(bytes(content))

    assert opened.read(opened.find("a"))[:5_000] == b"x" * 5_000
    assert opened.is_damaged


def test_a_file_cut_short_gives_what_it_has():
    content = compound.write({"small": b"Quillfeather", "large": b"y" * 50_000})
    opened = Compound(content[: len(content) // 2])

    assert opened.is_damaged


def test_brothers_in_a_long_line_do_not_recurse():
    content = bytearray(compound.write({f"{number:05}": b"x" for number in range(3_000)}))
    for index in range(1, 3_000):  # each is only the right brother of the one before
        struct.pack_into("<II", content, directory_entry(content, index) + 68, 0xFFFFFFFF, index + 1)
    struct.pack_into("<II", content, directory_entry(content, 3_000) + 68, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<I", content, directory_entry(content, 0) + 76, 1)
    opened = Compound(bytes(content))

    assert len(opened.root.children) == 3_000


def test_a_directory_that_bites_its_tail_ends():
    content = bytearray(compound.write({"a": {"b": b"leaf"}}))
    struct.pack_into("<I", content, directory_entry(content, 1) + 76, 1)  # the storage lies in itself
    opened = Compound(bytes(content))

    assert opened.is_damaged


def test_storages_nested_without_end_are_cut():
    tree: Tree = {"leaf": b"x"}
    for _ in range(200):
        tree = {"storage": tree}
    opened = Compound(compound.write(tree))

    assert opened.is_damaged
    assert [entry.name for entry in opened.loose] == ["leaf"]


def test_a_stream_that_no_storage_holds_is_loose():
    content = bytearray(compound.write({"a": b"seen", "b": b"Quillfeather"}))
    for index in (1, 2):  # no brothers: one of the two is reached by nothing
        struct.pack_into("<II", content, directory_entry(content, index) + 68, 0xFFFFFFFF, 0xFFFFFFFF)
    opened = Compound(bytes(content))

    assert len(opened.root.children) == len(opened.loose) == 1
    assert {opened.read(entry) for entry in (*opened.root.children, *opened.loose)} == {b"seen", b"Quillfeather"}


def test_streams_that_share_their_sectors_are_not_read_for_ever():
    content = bytearray(compound.write({f"{number:03}": b"x" * 5_000 for number in range(200)}))
    sectors = struct.unpack_from("<I", content, 48)[0]
    table = first_allocation_sector(content)
    for sector in range(min(sectors, 128)):
        struct.pack_into("<I", content, table + 4 * sector, sector + 1)
    for index in range(1, 201):
        entry = directory_entry(content, index)
        struct.pack_into("<IQ", content, entry + 116, 0, 60_000)
    opened = Compound(bytes(content))

    read = sum(len(opened.read(entry)) for entry in opened.root.children)

    assert read <= 2 * len(content) + 60_000
    assert opened.is_damaged


def test_more_entries_than_anybody_needs_are_said_to_be_more():
    opened = Compound(compound.write({str(number): b"" for number in range(compound.MOST_ENTRIES + 10)}))

    assert opened.has_more


def test_every_byte_that_comes_out_is_counted():
    spent: list[int] = []
    opened = Compound(compound.write({"a": b"x" * 5_000, "b": b"y" * 10}), spent.append)

    for entry in opened.root.children:
        opened.read(entry)

    assert sum(spent) == 5_010


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", compound.MAGIC, compound.MAGIC + bytes(400)])
def test_what_is_no_compound_file_is_empty_and_damaged(content):
    opened = Compound(content)

    assert opened.is_damaged
    assert opened.root.children == []


def test_sectors_of_no_stream_are_found():
    content = compound.write({"a": b"x" * 5_000}) + b"Quillfeather".ljust(512)

    assert b"Quillfeather" in Compound(content).unused()
    assert Compound(compound.write({"a": b"x" * 5_000})).unused().strip(b"\0\xff") == b""


def test_a_sector_that_is_in_use_by_nothing_is_found():
    """The table of sectors may say that one is taken, though no stream has it: a free one would be looked at."""
    content = bytearray(compound.write({"a": b"x" * 5_000, "b": b"Quillfeather" * 500}))
    at = (
        directory_entry(content, 1) if content[directory_entry(content, 1)] == ord("b") else directory_entry(content, 2)
    )
    content[at : at + 128] = bytes(128)
    struct.pack_into("<IIII", content, directory_entry(content, 1) + 64, 0x10004, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)

    assert b"Quillfeather" in Compound(bytes(content)).unused()


@pytest.mark.parametrize("size", [100, 5_000])
def test_what_stands_behind_the_end_of_a_stream_in_its_last_sector_is_found(size):
    content = bytearray(compound.write({"a": b"x" * size + b"Quillfeather"}))
    struct.pack_into("<Q", content, directory_entry(content, 1) + 120, size)

    assert b"Quillfeather" in Compound(bytes(content)).unused()


def test_what_stands_behind_the_name_of_an_entry_is_found():
    content = bytearray(compound.write({"a": b"x"}))
    name = "Quillfeather".encode("utf-16-le")
    at = directory_entry(content, 1)
    content[at + 10 : at + 10 + len(name)] = name

    assert name in Compound(bytes(content)).unused()


def test_the_name_of_an_entry_that_is_not_in_use_is_found():
    content = bytearray(compound.write({"a": b"x"}))
    name = "Quillfeather".encode("utf-16-le")
    at = directory_entry(content, 2)
    content[at : at + len(name)] = name

    assert name in Compound(bytes(content)).unused()


def test_streams_that_share_their_sectors_do_not_make_the_rest_dear():
    names = 2_000
    content = bytearray(compound.write({"x": b"x" * 500_000, **{f"{number:04}": b"y" for number in range(names)}}))
    start = next(
        struct.unpack_from("<I", content, directory_entry(content, index) + 116)[0]
        for index in range(1, names + 2)
        if content[directory_entry(content, index)] == ord("x")
    )
    for index in range(1, names + 2):
        struct.pack_into("<IQ", content, directory_entry(content, index) + 116, start, 500_000)
    opened = Compound(bytes(content))

    opened.unused()

    assert opened.is_damaged


def test_two_streams_of_one_name_are_both_written():
    content = bytearray(compound.write({"s": {"a": b"Quillfeather", "b": b"Zephyrine"}}))
    for index in range(1, 4):
        at = directory_entry(content, index)
        if content[at] == ord("b"):
            content[at] = ord("a")
    opened = Compound(bytes(content))
    storage = opened.find("s")
    assert storage is not None

    assert set(opened.read_tree(storage).values()) == {b"Quillfeather", b"Zephyrine"}


def test_two_streams_that_share_a_sector_are_damage():
    content = bytearray(compound.write({"a": b"x" * 5_000, "b": b"y" * 5_000}))
    entries = [directory_entry(content, index) + 116 for index in (1, 2)]
    content[entries[0] : entries[0] + 4] = content[entries[1] : entries[1] + 4]
    opened = Compound(bytes(content))

    opened.unused()

    assert opened.is_damaged
