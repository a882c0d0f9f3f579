# SPDX-License-Identifier: GPL-3.0-or-later
"""Rarer containers, as far as they can be read without a reader of their own.

iWork: a zip whose newer documents are protocol buffers inside Snappy; the text in them is plain once that is undone,
its order and place are not known.  EPUB is a zip of XHTML and read whole; a locked one says so.
Sources: Snappy's format_description.txt, EPUB Open Container Format 3.2.
"""

import re

from safehold.model import PlaceKind, Reason
from safehold.reading.archives import archive
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail

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
