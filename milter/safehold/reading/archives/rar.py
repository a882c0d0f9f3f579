# SPDX-License-Identifier: GPL-3.0-or-later
"""RAR archives, as far as they can be read without their decoder.

The headers are plain, so names, locks, comments and stored members are read; packed ones are ``unsupported``.  What no
member accounts for (comments of old, streams beside a file, whatever stands behind the end) is left over
(:mod:`safehold.reading.basics.leftovers`).
Sources: the RAR 5.0 archive format and technote.txt of RAR 3.x (rarlab.com).
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason
from safehold.reading.archives.archive import is_bad_name
from safehold.reading.basics import charset, leftovers
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_RAR_5 = b"Rar!\x1a\x07\x01\x00"
_MOST_BLOCKS = 100_000
_LEAST_HEADER_4, _FILE_HEADER_4, _MAIN_HEADER_4 = 7, 32, 13
_FILE_4, _MAIN_4, _SERVICE_4, _END_4 = 0x74, 0x73, 0x7A, 0x7B
_OLD_RECOVERY_4, _SIGNATURE_4 = 0x78, 0x79
_STORED_4, _FOLDER_4, _WIDE_4, _LARGE_4 = 0x30, 0x00E0, 0x0200, 0x0100
_FILE_5, _SERVICE_5, _LOCK_5, _END_5 = 2, 3, 4, 5
_LOCK_OF_FILE_5, _LINK_5, _OWNER_5 = 1, 5, 6
_NUMBERS_5 = (2, 3, 4)  # extra records: a hash, times, a version
# What programs keep beside files: numbers for recovery, copies of headers, rights.
_OF_PROGRAMS = (b"RR", b"QO", b"ACL", b"UOW", b"AV")
_SHORT_RUN = re.compile(rb"[\x20-\x7e\x80-\xff]{2,}")


class _CutError(Exception):
    """The archive ends, or turns to nonsense, before its end block: from there on."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


class _LockedError(Exception):
    """The headers themselves are encrypted."""


class _MoreError(Exception):
    """The end block says that another volume follows."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """A member of a RAR archive as its header describes it."""

    names: tuple[str, ...] = field(repr=False)
    stored: bytes | None = field(repr=False)  # its bytes, where they stand as they are
    encrypted: bool
    is_folder: bool
    is_split: bool


@dataclass(frozen=True, slots=True)
class _Beside:
    """What belongs to no member; *numbers*: it is not meant to be read."""

    content: bytes = field(repr=False)
    numbers: bool = False


_Found = Iterator[_Packed | _Beside]


def read(content: bytes, part: OpenPart) -> None:
    """Read what is plain in a RAR archive."""
    unread = False
    beside: list[_Beside] = []
    try:
        for found in _blocks_5(content) if content.startswith(_RAR_5) else _blocks_4(content):
            if isinstance(found, _Beside):
                beside.append(found)
                continue
            part.session.take_name()
            unread = _read_packed(found, part) or unread
    except _LockedError:
        part.problem(Reason.ENCRYPTED, Detail.NAMES_ENCRYPTED)
    except _MoreError:
        part.problem(Reason.INCOMPLETE, Detail.ELSEWHERE)
    except _CutError as cut:
        part.problem(Reason.CORRUPT, Detail.DAMAGED)
        beside.append(_Beside(content[cut.at :]))
    if unread:
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)
    leftovers.read((piece.content for piece in beside if not piece.numbers), part)
    leftovers.read((piece.content for piece in beside if piece.numbers), part, open_files=False)


def _read_packed(member: _Packed, part: OpenPart) -> bool:
    """Read one member; return whether it stays unread for want of a reader."""
    name = member.names[0] if member.names else "-"
    if is_bad_name(name):
        part.mark(MarkKind.BAD_NAME)
    if member.is_folder:
        part.segment(PlaceKind.FILENAME, name)
        return False
    if member.encrypted:
        part.unread_member(name, Reason.ENCRYPTED, Detail.PASSWORD)
        return False
    if member.is_split:
        part.unread_member(name, Reason.INCOMPLETE, Detail.ELSEWHERE)
        return False
    if member.stored is None:
        part.unread_member(name, Reason.UNSUPPORTED, Detail.METHOD)
        return True
    part.session.take_expanded(len(member.stored))
    given = Given(member.stored, names=member.names, is_attachment=part.is_attachment, attachment=part.attachment)
    part.child(given, name)
    return False


# -- RAR 2 to 4 ---------------------------------------------------------------------------------------------------


def _blocks_4(content: bytes) -> _Found:
    at = 7
    for _ in range(_MOST_BLOCKS):
        head = content[at : at + _FILE_HEADER_4]
        if len(head) < _LEAST_HEADER_4:
            raise _CutError(at)
        kind, flags, size = head[2], _little(head[3:5]), _little(head[5:7])
        if size < _LEAST_HEADER_4 or not 0x72 <= kind <= _END_4 or not _is_whole_4(content[at : at + size]):
            raise _CutError(at)
        if kind == _MAIN_4 and flags & 0x0080:
            raise _LockedError
        if kind in (_FILE_4, _SERVICE_4) and len(head) < _FILE_HEADER_4:
            raise _CutError(at)
        block = content[at : at + size]
        added = _little(head[7:11]) if flags & 0x8000 or kind in (_FILE_4, _SERVICE_4) else 0
        name_at = _FILE_HEADER_4
        if kind in (_FILE_4, _SERVICE_4) and flags & _LARGE_4:
            added += _little(block[32:36]) << 32
            name_at += 8
        at += size
        data = content[at : at + added]
        at += added
        if kind == _FILE_4:
            yield from _file_4(block, name_at, flags, data)
        elif kind == _SERVICE_4:
            name = block[name_at : name_at + _little(block[26:28])]
            yield _Beside(data, numbers=name.startswith(_OF_PROGRAMS))
        else:
            usual = _MAIN_HEADER_4 if kind == _MAIN_4 else _LEAST_HEADER_4
            yield _Beside(block[usual:] + b"\n" + data, numbers=kind in (_OLD_RECOVERY_4, _SIGNATURE_4, _END_4))
        if kind == _END_4:
            yield _Beside(content[at:])
            if flags & 0x0001:
                raise _MoreError
            return
    raise _CutError(at)


def _file_4(block: bytes, name_at: int, flags: int, data: bytes) -> _Found:
    end = name_at + _little(block[26:28])
    is_folder = flags & _FOLDER_4 == _FOLDER_4 and not data
    yield _Packed(
        _rar_4_names(block[name_at:end], wide=bool(flags & _WIDE_4)),
        data if block[25] == _STORED_4 else None,
        bool(flags & 0x0004),
        is_folder,
        bool(flags & 0x0003),
    )
    yield _Beside(block[end:], numbers=not flags & 0x0008)  # salt and times; or a comment, of old


def _is_whole_4(block: bytes) -> bool:
    """Return whether the checksum of a header is right; those of old comments and signatures cover other bytes."""
    if block[2] in (0x75, 0x76, 0x77, 0x78, 0x79):
        return True
    return zlib.crc32(block[2:]) & 0xFFFF == int.from_bytes(block[:2], "little")


def _rar_4_names(raw: bytes, *, wide: bool) -> tuple[str, ...]:
    plain, zero, encoded = raw.partition(b"\x00")
    names = [charset.decode(plain).text]
    if wide and zero and encoded:
        names.insert(0, _rar_4_wide(plain, encoded))
    return tuple(name.replace("\\", "/") for name in dict.fromkeys(names) if name)


def _rar_4_wide(plain: bytes, encoded: bytes) -> str:
    """Return the Unicode form of a name, which is packed against its 8-bit form two bits a step."""
    out: list[int] = []
    high, at, flags, bits = encoded[0] << 8, 1, 0, 0
    try:
        while at < len(encoded):
            if not bits:
                flags, bits, at = encoded[at], 8, at + 1
            bits -= 2
            step = (flags >> bits) & 3
            if step == 3:
                count, at = encoded[at], at + 1
                extra = None
                if count & 0x80:
                    extra, at = encoded[at], at + 1
                for _ in range((count & 0x7F) + 2):
                    low = plain[len(out)]
                    out.append(low if extra is None else ((low + extra) & 0xFF) | high)
            elif step == 2:
                out.append(encoded[at] | encoded[at + 1] << 8)
                at += 2
            else:
                out.append(encoded[at] | (high if step else 0))
                at += 1
    except IndexError:
        pass
    return "".join(map(chr, out)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# -- RAR 5 --------------------------------------------------------------------------------------------------------


def _blocks_5(content: bytes) -> _Found:
    at = len(_RAR_5)
    for _ in range(_MOST_BLOCKS):
        size, start = _number(content, at + 4)
        end = start + size
        kind, place = _number(content, start)
        flags, place = _number(content, place)
        extra, place = _number(content, place) if flags & 0x01 else (0, place)
        added, place = _number(content, place) if flags & 0x02 else (0, place)
        if not size or end > len(content) or kind > _END_5 or extra > size:
            raise _CutError(at)
        if zlib.crc32(content[at + 4 : end]) != _little(content[at : at + 4]):
            raise _CutError(at)
        if kind == _LOCK_5:
            raise _LockedError
        at = end + added
        data = content[end:at]
        if kind in (_FILE_5, _SERVICE_5):
            yield from _file_5(content, place, end, extra, data, split=bool(flags & 0x18), service=kind == _SERVICE_5)
        else:
            yield _Beside(data)
        if kind == _END_5:
            yield _Beside(content[at:])
            if _number(content, place)[0] & 0x01:
                raise _MoreError
            return
    raise _CutError(at)


def _file_5(content: bytes, at: int, end: int, extra: int, data: bytes, *, split: bool, service: bool) -> _Found:
    flags, at = _number(content, at)
    _, at = _number(content, at)
    _, at = _number(content, at)
    at += 4 * bool(flags & 0x02) + 4 * bool(flags & 0x04)
    method, at = _number(content, at)
    _, at = _number(content, at)
    length, at = _number(content, at)
    raw = content[at : min(at + length, end)]
    names = [charset.decode(raw).text]
    encrypted = False
    place = end - extra
    while place < end:
        size, start = _number(content, place)
        kind, inner = _number(content, start)
        record = content[inner : start + size]
        encrypted = encrypted or kind == _LOCK_OF_FILE_5
        if kind == _LINK_5:  # a link, and what it leads to
            names.append(charset.decode(record[3:]).text)
        elif kind == _OWNER_5:
            yield _Beside(b"\n".join(_SHORT_RUN.findall(record)))
        elif kind not in (_LOCK_OF_FILE_5, *_NUMBERS_5):
            yield _Beside(record)
        place = start + max(size, 1)
    if service and not encrypted:
        yield _Beside(data, numbers=raw in _OF_PROGRAMS)
        return
    stored = data if not method >> 7 & 7 else None
    yield _Packed(tuple(name for name in names if name), stored, encrypted, bool(flags & 0x01) and not data, split)


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _number(content: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length number, seven bits a byte, and where it ends."""
    value = 0
    for index in range(10):
        if at + index >= len(content):
            raise _CutError(min(at, len(content)))
        byte = content[at + index]
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, at + index + 1
    raise _CutError(at)
