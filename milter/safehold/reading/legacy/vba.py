# SPDX-License-Identifier: GPL-3.0-or-later
"""Macros: the source text of a VBA project, and the loose strings of its compiled half.

Both, because the source may be taken out while the compiled half still runs.  Pure, never raises, linear: a
compressed chunk gives 4,096 bytes at most.  Source: [MS-OVBA] 2.3.4 (the directory) and 2.4.1 (compression).
"""

import re
from collections.abc import Callable, Iterator

from safehold.reading.basics import binary
from safehold.reading.basics.codepages import codec
from safehold.reading.basics.compound import Compound, Entry

_CODE_PAGE, _STREAM_NAME, _STREAM_NAME_WIDE, _OFFSET, _VERSION = 0x03, 0x1A, 0x32, 0x31, 0x09
_MODULE_END = 0x2B
_MOST_SOURCE = 8 * 1024 * 1024  # eight times what is handed over
# The first line of every module, as it stands at the start of its first compressed chunk.
_FIRST_LINE = re.compile(rb"\x01..\x00Attribut", re.DOTALL)


def is_project(storage: Entry) -> bool:
    """Return whether a storage holds a VBA project, or is the inner half of one."""
    inner = storage.child("VBA") or storage
    return inner.child("dir") is not None and (
        inner.child("_VBA_PROJECT") is not None or storage.name.lower().startswith("_vba_project")
    )


def text(compound: Compound, storage: Entry, spend: Callable[[int], None] = lambda _: None) -> str:
    """Return the source of every module below *storage*, then the strings of everything else there.

    *spend* is told of every byte that is unpacked.
    """
    sources: list[str] = []
    strings: list[str] = []
    for folder in [storage, *(entry for entry in storage.walk() if entry.is_storage)]:
        streams = {entry.name: compound.read(entry) for entry in folder.children if not entry.is_storage}
        directory = next((decompressed(raw) for name, raw in streams.items() if name.lower() == "dir"), b"")
        page, offsets = _modules(directory)
        for name, raw in streams.items():
            source = decompressed(raw[offsets[name] :]) if name in offsets else b""
            if not source:
                found = _FIRST_LINE.search(raw)
                source = decompressed(raw[found.start() :]) if found else b""
            spend(len(source))
            sources.append(source.decode(page, "replace"))
            if name.lower() != "dir":
                strings += [binary.narrow_strings(raw), binary.wide_strings(raw)]
    return "\n".join(found for found in [*sources, *strings] if found.strip())


def decompressed(raw: bytes) -> bytes:
    """Return what a compressed container holds, as far as it can be followed; nothing where it is none."""
    if raw[:1] != b"\x01":
        return b""
    out = bytearray()
    at = 1
    while at + 2 <= len(raw) and len(out) < _MOST_SOURCE:
        header = int.from_bytes(raw[at : at + 2], "little")
        if header >> 12 & 7 != 3:
            break
        end = min(len(raw), at + (header & 0x0FFF) + 3)
        if header & 0x8000:
            _chunk(raw, at + 2, end, out)
        else:
            out += raw[at + 2 : end]
        at = end
    return bytes(out)


def _chunk(raw: bytes, at: int, end: int, out: bytearray) -> None:
    start = len(out)
    while at < end:
        flags = raw[at]
        at += 1
        for bit in range(8):
            if at >= end:
                return
            if not flags >> bit & 1:
                out.append(raw[at])
                at += 1
                continue
            if at + 2 > end:
                return
            token = int.from_bytes(raw[at : at + 2], "little")
            at += 2
            done = len(out) - start
            bits = max(4, (done - 1).bit_length()) if done else 4
            length = (token & (0xFFFF >> bits)) + 3
            back = (token >> (16 - bits)) + 1
            if back > done or done + length > 4_096:
                return
            for _ in range(length):
                out.append(out[-back])


def _modules(directory: bytes) -> tuple[str, dict[str, int]]:
    """Return the codec of the project, and where in each stream the source starts."""
    page, name = "cp1252", ""
    offsets: dict[str, int] = {}
    for kind, value in _records(directory):
        if kind == _CODE_PAGE and len(value) >= 2:
            page = codec(int.from_bytes(value[:2], "little"))
        elif kind == _STREAM_NAME:
            name = value.decode(page, "replace")
        elif kind == _STREAM_NAME_WIDE:
            name = value.decode("utf-16-le", "replace")
        elif kind == _OFFSET and name:
            offsets[name] = int.from_bytes(value[:4], "little")
        elif kind == _MODULE_END:
            name = ""
    return page, offsets


def _records(directory: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 6 <= len(directory):
        kind = int.from_bytes(directory[at : at + 2], "little")
        size = int.from_bytes(directory[at + 2 : at + 6], "little")
        if kind == _VERSION:
            size = 6  # the one record whose length field lies
        yield kind, directory[at + 6 : at + 6 + size]
        at += 6 + size
