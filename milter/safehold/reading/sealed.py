# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted and signed wrappings: said to be encrypted, or unwrapped where only signed."""

from collections.abc import Iterator

from safehold.model import Reason
from safehold.reading import binary
from safehold.reading.notes import OpenPart
from safehold.reading.types import is_message
from safehold.reading.vocabulary import Detail, MarkKind

_SIGNED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_OCTETS, _CONSTRUCTED_OCTETS, _SEQUENCE, _CONTEXT_0 = 0x04, 0x24, 0x30, 0xA0
# ContentInfo is level 0, its [0] level 1, SignedData level 2 (RFC 5652); below it stand sets of signers.
_SIGNED_DATA_LEVEL = 3
_MOST_LEVELS = 12


def read(content: bytes, part: OpenPart) -> None:
    """Report a part that only a key or password opens."""
    del content
    part.problem(Reason.ENCRYPTED, Detail.PASSWORD)


def read_pkcs7(content: bytes, part: OpenPart) -> None:
    """Unwrap a signed message (RFC 8551); report an enveloped one as encrypted."""
    if _SIGNED not in content[:64]:
        part.problem(Reason.ENCRYPTED, Detail.SEALED)
        return
    part.mark(MarkKind.SIGNATURE)
    inner = b"".join(_octets(content, 0, len(content), 0))
    if inner.strip():
        part.member("signed", inner, declared_type="message/rfc822" if _has_headers(inner) else "")
    elif len(content) > 64 * 1024:  # no detached signature is so long
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)
        binary.strings(content, part)


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
