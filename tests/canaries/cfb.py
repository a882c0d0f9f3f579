# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes compound files ([MS-CFB], version 3): what doc, xls, ppt and msg are kept in."""

import struct
from typing import Any

SECTOR, MINI, CUTOFF = 512, 64, 4_096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Tree = dict[str, Any]


def compound(tree: Tree) -> bytes:
    """Return a compound file of storages (dictionaries) and streams (bytes)."""
    entries: list[list[Any]] = [["Root Entry", 5, FREE, FREE, FREE, END, 0]]
    contents: dict[int, bytes] = {}
    _enter(tree, 0, entries, contents)
    mini = bytearray()
    mini_fat: list[int] = []
    sectors: list[bytes] = []
    fat: list[int] = []
    for number, content in contents.items():
        entries[number][6] = len(content)
        if not content:
            continue
        if len(content) < CUTOFF:
            entries[number][5] = len(mini_fat)
            _chain(mini_fat, -(-len(content) // MINI))
            mini += content + bytes(-len(content) % MINI)
        else:
            entries[number][5] = _put(content, sectors, fat)
    if mini:
        entries[0][5], entries[0][6] = _put(bytes(mini), sectors, fat), len(mini)
    packed = struct.pack(f"<{len(mini_fat)}I", *mini_fat)
    packed += b"\xff" * (-len(packed) % SECTOR)
    mini_start = _put(packed, sectors, fat) if packed else END
    directory = b"".join(_entry(*entry) for entry in entries)
    directory += b"".join(_entry("", 0, FREE, FREE, FREE, 0, 0) for _ in range(-len(entries) % 4))
    directory_start = _put(directory, sectors, fat)
    fat_count = 1
    while (len(fat) + fat_count) * 4 > fat_count * SECTOR:
        fat_count += 1
    fat_start = len(fat)
    fat += [FAT] * fat_count
    table = struct.pack(f"<{len(fat)}I", *fat)
    table += b"\xff" * (-len(table) % SECTOR)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack(
        "<IIIIIIIII", 0, fat_count, directory_start, 0, CUTOFF, mini_start, len(packed) // SECTOR, END, 0
    )
    difat = [fat_start + index for index in range(fat_count)]
    header += struct.pack("<109I", *difat, *[FREE] * (109 - len(difat)))
    return header + b"".join(sectors) + table


def _enter(tree: Tree, parent: int, entries: list[list[Any]], contents: dict[int, bytes]) -> None:
    numbers: list[int] = []
    for name in sorted(tree, key=lambda name: (len(name), name.upper())):
        number = len(entries)
        numbers.append(number)
        inside = tree[name]
        entries.append(
            [name, 1 if isinstance(inside, dict) else 2, FREE, FREE, FREE, 0 if isinstance(inside, dict) else END, 0]
        )
        if isinstance(inside, dict):
            _enter(inside, number, entries, contents)
        else:
            contents[number] = inside
    entries[parent][4] = _balance(numbers, entries)


def _balance(numbers: list[int], entries: list[list[Any]]) -> int:
    if not numbers:
        return FREE
    middle = len(numbers) // 2
    entries[numbers[middle]][2] = _balance(numbers[:middle], entries)
    entries[numbers[middle]][3] = _balance(numbers[middle + 1 :], entries)
    return numbers[middle]


def _entry(name: str, kind: int, left: int, right: int, child: int, start: int, size: int) -> bytes:
    wide = name.encode("utf-16-le")
    length = len(wide) + 2 if name else 0
    return wide.ljust(64, b"\x00") + struct.pack("<HBBIII36xIQ", length, kind, 1, left, right, child, start, size)


def _chain(table: list[int], count: int) -> None:
    first = len(table)
    table += [*range(first + 1, first + count), END]


def _put(content: bytes, sectors: list[bytes], fat: list[int]) -> int:
    start = len(sectors)
    count = -(-len(content) // SECTOR)
    sectors += [content[at * SECTOR : (at + 1) * SECTOR].ljust(SECTOR, b"\x00") for at in range(count)]
    _chain(fat, count)
    return start


def properties(texts: dict[int, str], named: dict[str, str] | None = None) -> bytes:
    """Return a property set stream ([MS-OLEPS]): texts by number, and for the second set by name too."""

    def section(values: dict[int, bytes]) -> bytes:
        body, table = b"", b""
        for number, value in values.items():
            table += struct.pack("<II", number, 8 + 8 * len(values) + len(body))
            body += value + bytes(-len(value) % 4)
        return struct.pack("<II", 8 + len(table) + len(body), len(values)) + table + body

    def string(text: str) -> bytes:
        raw = text.encode("cp1252") + b"\x00"
        return struct.pack("<II", 0x1E, len(raw)) + raw

    first = section({1: struct.pack("<IHH", 2, 1252, 0), **{number: string(text) for number, text in texts.items()}})
    sets = [(b"\xe0\x85\x9f\xf2\xf9\x4f\x68\x10\xab\x91\x08\x00\x2b\x27\xb3\xd9", first)]
    if named:
        names = b"".join(
            struct.pack("<II", number, len(name) + 1) + name.encode() + b"\x00"
            for number, name in enumerate(named, start=2)
        )
        values = {0: struct.pack("<I", len(named)) + names, 1: struct.pack("<IHH", 2, 1252, 0)}
        values |= {number: string(text) for number, text in enumerate(named.values(), start=2)}
        sets.append((b"\x05\xd5\xcd\xd5\x9c\x2e\x1b\x10\x93\x97\x08\x00\x2b\x2c\xf9\xae", section(values)))
    out = struct.pack("<HHIII", 0xFFFE, 0, 0x00020006, 0, 0)[:8] + bytes(16) + struct.pack("<I", len(sets))
    at = len(out) + 20 * len(sets)
    for identifier, body in sets:
        out += identifier + struct.pack("<I", at)
        at += len(body)
    return out + b"".join(body for _, body in sets)


def package(name: str, path: str, content: bytes) -> bytes:
    """Return a \\x01Ole10Native stream: a file with its label and path ([MS-OLEDS], observed)."""
    inside = b"\x02\x00" + name.encode() + b"\x00" + path.encode() + b"\x00\x00\x00\x03\x00"
    raw = path.encode() + b"\x00"
    inside += len(raw).to_bytes(4, "little") + raw + len(content).to_bytes(4, "little") + content
    return len(inside).to_bytes(4, "little") + inside
