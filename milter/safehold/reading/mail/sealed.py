# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted and signed wrappings: said to be encrypted, or unwrapped where only signed or compressed.

What is neither and yields no content is unsupported, however small: a signature that stands apart from what it signs
is told by its structure, not by its size.
"""

import zlib
from collections.abc import Iterator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary
from safehold.reading.basics.types import is_message
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_PKCS7 = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_DATA, _SIGNED, _DIGESTED = _PKCS7 + b"\x01", _PKCS7 + b"\x02", _PKCS7 + b"\x05"
_COMPRESSED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09"
_OCTETS, _OBJECT, _CONSTRUCTED_OCTETS, _SEQUENCE, _CONTEXT_0 = 0x04, 0x06, 0x24, 0x30, 0xA0
# ContentInfo is level 0, its [0] level 1, SignedData level 2 (RFC 5652); below it stand sets of signers.
_SIGNED_DATA_LEVEL = 3
_MOST_LEVELS = 12
_MOST_WORDS = 20_000


def read(content: bytes, part: OpenPart) -> None:
    """Report a part that only a key or password opens."""
    del content
    part.problem(Reason.ENCRYPTED, Detail.PASSWORD)


def read_pkcs7(content: bytes, part: OpenPart) -> None:
    """Unwrap a message that is signed or compressed (RFC 8551); report an enveloped one as encrypted."""
    kind = _kind(content)
    if kind not in (_DATA, _SIGNED, _DIGESTED, _COMPRESSED):
        part.problem(Reason.ENCRYPTED, Detail.SEALED)
        return
    if kind == _SIGNED:
        part.mark(MarkKind.SIGNATURE)
    pieces = list(_octets(content, 0, len(content), 0))
    inner = b"".join(pieces[:1] if kind == _DIGESTED else pieces)  # the digest is a piece too
    if inner and kind == _COMPRESSED:
        inner = _decompressed(inner, part)
    if inner.strip():
        part.member("signed", inner, declared_type="message/rfc822" if _has_headers(inner) else "")
    elif kind != _SIGNED or not _is_detached(content):
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)
        binary.strings(content, part)
    # The names in certificates, and whatever else the wrapping says.
    words = binary.written(content.replace(inner, b"\n") if inner else content)
    part.segment(PlaceKind.METADATA, words[:_MOST_WORDS], visibility=Visibility.HIDDEN)
    if len(words) > _MOST_WORDS:
        part.problem(Reason.TOO_LARGE, Detail.TEXT_OF_PART)


def _kind(content: bytes) -> bytes:
    """Return the object identifier that says what the wrapping holds."""
    outer = _length(content, 1)
    if outer is None or content[outer[0] : outer[0] + 1] != bytes([_OBJECT]):
        return b""
    body = _length(content, outer[0] + 1)
    return content[body[0] : body[0] + body[1]] if body and body[1] else b""


def _is_detached(content: bytes) -> bool:
    """Return whether signed data holds no content: a type and nothing behind it in the same sequence."""
    for name in (_DATA, b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"):
        at = content.find(name, 20)
        if at > 4:
            length, end = content[at - 1], at + content[at - 1]
            outer = content[at - 3]
            if outer == length + 2 and content[at - 4] == _SEQUENCE:
                return True
            return outer == 0x80 and content[end : end + 2] == bytes(2)
    return False


def _decompressed(packed: bytes, part: OpenPart) -> bytes:
    """Return compressed data (RFC 3274), within the budget of the message."""
    engine = zlib.decompressobj()
    try:
        inner = engine.decompress(packed, part.limits.member_bytes)
    except zlib.error:
        part.problem(Reason.CORRUPT, Detail.DAMAGED)
        return b""
    part.session.take_expanded(len(inner))
    if engine.unconsumed_tail:
        part.problem(Reason.TOO_LARGE, Detail.MEMBER_SIZE)
    return inner


def _has_headers(content: bytes) -> bool:
    return is_message(content) or content[:12].lower() == b"content-type"


def _octets(content: bytes, start: int, end: int, level: int) -> Iterator[bytes]:
    """Yield the octet strings of the encapsulated content: the first ones, before certificates and signers.

    BER: streaming signers write indefinite lengths and cut the content into pieces (X.690, 8.1.3 and 8.7).
    """
    found = False
    while start < end and level < _MOST_LEVELS:
        tag = content[start]
        header = _length(content, start + 1)
        if header is None:
            return
        body, size = header
        stop = end if size is None else min(end, body + size)
        # At the second level the first [0] is the content; a later one holds certificates.
        after_content = tag == _CONTEXT_0 and level == _SIGNED_DATA_LEVEL and found
        if tag == _OCTETS and size is not None:
            yield content[body:stop]
            found = True
        elif tag in (_SEQUENCE, _CONTEXT_0, _CONSTRUCTED_OCTETS) and not after_content:
            for piece in _octets(content, body, stop, level + 1):
                found = True
                yield piece
        if size is None:
            return
        start = stop


def _length(content: bytes, at: int) -> tuple[int, int | None] | None:
    """Return where the value starts and how long it is, None for the indefinite form."""
    if at >= len(content):
        return None
    first = content[at]
    if first < 0x80:
        return at + 1, first
    if first == 0x80:
        return at + 1, None
    count = first & 0x7F
    if count > 4 or at + count >= len(content):
        return None
    return at + 1 + count, int.from_bytes(content[at + 1 : at + 1 + count], "big")
