# SPDX-License-Identifier: GPL-3.0-or-later
"""Rarer containers, as far as they can be read without a reader of their own.

RAR: the headers are plain, so names, locks and stored members are read and the rest is ``unsupported``.  iWork: a
zip whose newer documents are protocol buffers inside Snappy; the text in them is plain once that is undone, its
order and place are not known.  EPUB is a zip of XHTML and read whole; a locked one says so.
Sources: the RAR 5.0 archive format and technote.txt of RAR 3.x (rarlab.com), Snappy's format_description.txt,
EPUB Open Container Format 3.2.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason
from safehold.reading.archives import archive
from safehold.reading.basics import binary, charset
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

# -- RAR ----------------------------------------------------------------------------------------------------------

_RAR_5 = b"Rar!\x1a\x07\x01\x00"
_MOST_BLOCKS = 100_000


class _CutError(Exception):
    """The archive ends, or turns to nonsense, before its end block."""


class _LockedError(Exception):
    """The headers themselves are encrypted."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """A member of a RAR archive as its header describes it."""

    names: tuple[str, ...] = field(repr=False)
    stored: bytes | None = field(repr=False)  # its bytes, where they stand as they are
    encrypted: bool
    is_folder: bool
    is_split: bool


def read_rar(content: bytes, part: OpenPart) -> None:
    """Read what is plain in a RAR archive."""
    unread = False
    members = _rar_5(content) if content.startswith(_RAR_5) else _rar_4(content)
    try:
        for member in members:
            part.session.take_name()
            unread = _read_packed(member, part) or unread
    except _LockedError:
        part.problem(Reason.ENCRYPTED, Detail.NAMES_ENCRYPTED)
        return
    except _CutError:
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)
        binary.strings(content, part)
        return
    if unread:
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)


def _read_packed(member: _Packed, part: OpenPart) -> bool:
    """Read one member; return whether it stays unread for want of a reader."""
    name = member.names[0] if member.names else "-"
    if archive.is_bad_name(name):
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


def _rar_4(content: bytes) -> Iterator[_Packed]:
    at = 7
    for _ in range(_MOST_BLOCKS):
        head = content[at : at + 32]
        if len(head) < 7:
            raise _CutError
        kind, flags, size = head[2], int.from_bytes(head[3:5], "little"), int.from_bytes(head[5:7], "little")
        if size < 7 or not 0x72 <= kind <= 0x7B or not _is_whole_4(content[at : at + size]):
            raise _CutError
        if kind == 0x7B:
            return
        if kind == 0x73 and flags & 0x0080:
            raise _LockedError
        added = int.from_bytes(head[7:11], "little") if flags & 0x8000 or kind == 0x74 else 0
        if kind == 0x74:
            if len(head) < 32:
                raise _CutError
            name_at = at + 32
            if flags & 0x0100:  # sizes over 4 GB
                added += int.from_bytes(content[at + 32 : at + 36], "little") << 32
                name_at += 8
            raw = content[name_at : name_at + int.from_bytes(head[26:28], "little")]
            data = content[at + size : at + size + added] if head[25] == 0x30 else None
            yield _Packed(
                _rar_4_names(raw, wide=bool(flags & 0x0200)),
                data,
                bool(flags & 0x0004),
                flags & 0x00E0 == 0x00E0,
                bool(flags & 0x0003),
            )
        at += size + added
    raise _CutError


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


def _rar_5(content: bytes) -> Iterator[_Packed]:
    at = len(_RAR_5)
    for _ in range(_MOST_BLOCKS):
        size, start = _number(content, at + 4)
        end = start + size
        kind, place = _number(content, start)
        flags, place = _number(content, place)
        extra, place = _number(content, place) if flags & 0x01 else (0, place)
        data, place = _number(content, place) if flags & 0x02 else (0, place)
        if not size or end > len(content) or kind > 5 or extra > size:
            raise _CutError
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[at : at + 4], "little"):
            raise _CutError
        if kind == 5:
            return
        if kind == 4:
            raise _LockedError
        if kind == 2:
            yield _rar_5_file(content, place, end, extra, data, split=bool(flags & 0x18))
        at = end + data
    raise _CutError


def _rar_5_file(content: bytes, at: int, end: int, extra: int, data: int, *, split: bool) -> _Packed:
    flags, at = _number(content, at)
    _, at = _number(content, at)
    _, at = _number(content, at)
    at += 4 * bool(flags & 0x02) + 4 * bool(flags & 0x04)
    method, at = _number(content, at)
    _, at = _number(content, at)
    length, at = _number(content, at)
    names = [charset.decode(content[at : min(at + length, end)]).text]
    encrypted = False
    place = end - extra
    while place < end:
        size, start = _number(content, place)
        kind, inner = _number(content, start)
        encrypted = encrypted or kind == 1
        if kind == 5:  # a link, and what it leads to
            names.append(charset.decode(content[inner + 3 : start + size]).text)
        place = start + max(size, 1)
    stored = content[end : end + data] if not method >> 7 & 7 else None
    return _Packed(tuple(name for name in names if name), stored, encrypted, bool(flags & 0x01), split)


def _number(content: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length number, seven bits a byte, and where it ends."""
    value = 0
    for index in range(10):
        if at + index >= len(content):
            raise _CutError
        byte = content[at + index]
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, at + index + 1
    raise _CutError


# -- iWork --------------------------------------------------------------------------------------------------------

_RUNS = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]{4,}")


def read_iwork(content: bytes, part: OpenPart) -> None:
    """Read a Pages, Numbers or Keynote package: its loose texts, previews and attachments."""
    part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
    package = archive.Zip(content, part)
    for member in package.members:
        if not member.name.endswith(".iwa") or member.encrypted:
            archive.read_member(package, member, part)
            continue
        expanded = package.expand(member, part.limits.member_bytes)
        if expanded.problem is not None:
            part.problem(*expanded.problem)
        text = unsnapped(expanded.content, part.limits.xml_bytes).decode("utf-8", "replace")
        part.segment(PlaceKind.TEXT, "\n".join(_RUNS.findall(text)))
    package.read_outside()


def unsnapped(content: bytes, most: int) -> bytes:
    """Return the bytes of an IWA file: Snappy blocks, each with a zero byte and its length in front.

    Damaged blocks give what came out before the damage.
    """
    out: list[bytes] = []
    at = size = 0
    while at + 4 <= len(content) and size < most:
        length = int.from_bytes(content[at + 1 : at + 4], "little")
        block = _unsnapped_block(content[at + 4 : at + 4 + length], most - size)
        out.append(block)
        size += len(block)
        at += 4 + length
    return b"".join(out)


def _unsnapped_block(block: bytes, most: int) -> bytes:
    out = bytearray()
    try:
        at = next(index for index, byte in enumerate(block) if byte < 0x80) + 1  # after the promised length
        while at < len(block) and len(out) < most:
            tag = block[at]
            at += 1
            if tag & 3 == 0:
                length = (tag >> 2) + 1
                if length > 60:
                    width = length - 60
                    length = int.from_bytes(block[at : at + width], "little") + 1
                    at += width
                out += block[at : at + length]
                at += length
                continue
            width = (1, 2, 4)[(tag & 3) - 1]
            back = int.from_bytes(block[at : at + width], "little")
            length = (tag >> 2) + 1
            if width == 1:
                back |= (tag >> 5) << 8
                length = (tag >> 2 & 7) + 4
            at += width
            if not 0 < back <= len(out):
                break
            start = len(out) - back
            for _ in range(length // back + 1):  # a copy may run into what it writes
                out += out[start : start + min(length, back)]
                length -= min(length, back)
    except (StopIteration, IndexError):
        pass
    return bytes(out)


# -- EPUB ---------------------------------------------------------------------------------------------------------

_LOCKS = ("META-INF/encryption.xml", "META-INF/rights.xml", "META-INF/sinf.xml")
_METHOD = re.compile(rb"<[^<>]{0,60}EncryptionMethod[^<>]{0,200}Algorithm\s*=\s*[\"']([^\"']{1,200})")
# Not locks: publishers scramble fonts so that they cannot be lifted out (OCF 3.2, 4.4).
_FONTS = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")


def read_epub(content: bytes, part: OpenPart) -> None:
    """Read every member of an e-book."""
    package = archive.Zip(content, part)
    locks = [package.expand(member, 1 << 20).content for member in package.members if member.name in _LOCKS]
    if any(method not in _FONTS for lock in locks for method in _METHOD.findall(lock)):
        part.problem(Reason.ENCRYPTED, Detail.PASSWORD)
    part.segment(PlaceKind.METADATA, package.comment)
    for member in package.members:
        archive.read_member(package, member, part)
    package.read_outside()
