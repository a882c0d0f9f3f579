# SPDX-License-Identifier: GPL-3.0-or-later
"""Outlook messages as files (MSG): a walk over the properties in a compound file.

A property is a stream whose name is its number and type; short ones stand in a table.  Recipients and attachments are
storages with properties of their own.  An embedded message and an embedded object are storages too: each is written
out as a file of its own and read like any other, so that depth, limits and places are the same everywhere.
Source: [MS-OXMSG].
"""

import re
from collections.abc import Iterator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, compound
from safehold.reading.basics.compound import Entry
from safehold.reading.legacy import ole
from safehold.reading.mail import mapi
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail

_PROPERTIES = "__properties_version1.0"
_STREAM = re.compile(r"__substg1\.0_([0-9a-f]{4})([0-9a-f]{4})(?:-[0-9a-f]{8})?", re.IGNORECASE)
_RECIPIENT, _ATTACHMENT, _NAMES = "__recip_version1.0_", "__attach_version1.0_", "__nameid_version1.0"
_DATA = 0x3701
_STRINGS = 0x0004  # of the storage of names: they stand one behind another
_ROW = 16
_SMALL_HEADER = 8  # the table of a recipient or attachment; that of a message has 32, of one inside another 24


def read(content: bytes, part: OpenPart) -> None:
    """Read a message."""
    file = ole.OleFile(content, part)
    root = file.compound.root
    message = mapi.Message(_item(file, root, _message_header(root)))
    for entry in sorted(root.children, key=lambda entry: entry.name):
        name = entry.name.lower()
        if not entry.is_storage:
            continue
        if name.startswith(_RECIPIENT):
            message.recipients.append(_item(file, entry, _SMALL_HEADER))
            objects = _storages(entry)
        elif name.startswith(_ATTACHMENT):
            attachment, objects = _attachment(file, entry)
            message.attachments.append(attachment)
        elif name == _NAMES:
            names = _item(file, entry, 0)
            said = _property_names(names.binaries.pop(_STRINGS, b""))
            part.segment(PlaceKind.METADATA, "\n".join((*said, *names.more)), visibility=Visibility.ATTRIBUTE)
            message.item.machine += map(binary.written, names.binaries.values())
            objects = _storages(entry)
        else:
            continue
        file.take(entry)
        for storage in objects:  # which no such storage has
            file.embedded(storage)
    if not root.children:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
        binary.strings(content, part)
    mapi.hand_over(message, part)
    file.finish()


def _storages(storage: Entry) -> list[Entry]:
    return [entry for entry in storage.children if entry.is_storage]


def _message_header(root: Entry) -> int:
    entry = root.child(_PROPERTIES)
    return 24 if entry is not None and entry.size % _ROW == 24 % _ROW else 32


def _item(file: ole.OleFile, storage: Entry, header: int) -> mapi.Item:
    """Return the properties that a storage holds."""
    item = mapi.Item()
    for entry in storage.children:
        if entry.is_storage:
            continue
        if entry.name.lower() == _PROPERTIES:
            file.take(entry)
            _numbers(file.compound.read(entry), header, item)
            continue
        found = _STREAM.fullmatch(entry.name)
        if found:
            file.take(entry)
            item.take(int(found[1], 16), int(found[2], 16), file.compound.read(entry))
        elif storage is not file.compound.root:  # those at the top are read as what nobody expects
            item.more += (entry.name, ole.loose_text(file.compound.read(entry)))
    return item


def _numbers(table: bytes, header: int, item: mapi.Item) -> None:
    """Take the properties that fit into the table itself."""
    item.machine.append(binary.written(table))
    for at in range(header, len(table) - _ROW + 1, _ROW):
        kind = int.from_bytes(table[at : at + 2], "little")
        number = int.from_bytes(table[at + 2 : at + 4], "little")
        if kind in (2, 3, 0x0B):
            size = 2 if kind != 3 else 4
            item.numbers.setdefault(number, int.from_bytes(table[at + 8 : at + 8 + size], "little"))


def _property_names(strings: bytes) -> Iterator[str]:
    """Yield the names that programs and people gave to properties of their own ([MS-OXMSG] 2.2.3.1.3)."""
    at = 0
    while at + 4 <= len(strings):
        size = int.from_bytes(strings[at : at + 4], "little")
        yield strings[at + 4 : at + 4 + size].decode("utf-16-le", "replace")
        at += 4 + (size + 3 & ~3)


def _attachment(file: ole.OleFile, storage: Entry) -> tuple[mapi.Attachment, list[Entry]]:
    """Return an attachment, and the storages in it that have no place there."""
    item = _item(file, storage, _SMALL_HEADER)
    attachment = mapi.Attachment(item, item.binaries.pop(_DATA, b""))
    storages = _storages(storage)
    if storages and not attachment.content:
        attachment.content = compound.write(file.compound.read_tree(storages.pop(0)))
        attachment.is_object = True
    return attachment, storages
