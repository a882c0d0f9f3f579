# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a message is known again: digests of bytes, and the keyed hashes made of them.  Pure.

Two digests, for two questions.  *Is this a retry of what we hold?* leaves out what an MTA adds anew at each try.
*Is this what we released?* leaves out only what the way out adds.  Facts, tried on Postfix 3.7: it adds a Date always,
and for sendmail(1) a Message-Id that contains the queue id; three sends of the same bytes gave three plain digests.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from safehold import vault
from safehold.model import Message
from safehold.store.holds import RetryKey

_AT_RETRY = frozenset({b"received", b"date", b"message-id", b"return-path"})
_ON_THE_WAY_OUT = frozenset({b"received", b"return-path"})
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
# A shorter "queue id" would be in many a Message-Id by chance; Postfix's shortest are longer.
_SHORTEST_QUEUE_ID = 6


def retry_digest(content: bytes) -> bytes:
    """Return SHA-256 of the body and of all headers but Received, Date, Message-Id and Return-Path."""
    return _digest(content, _AT_RETRY)


def content_digest(content: bytes) -> bytes:
    """Return SHA-256 of the body and of all headers but Received and Return-Path.

    Line ends at the very end of the body do not count: SMTP clients add one where it is missing.
    """
    return _digest(content, _ON_THE_WAY_OUT)


def message_id(content: bytes) -> bytes:
    """Return the value of the first Message-Id header without white space, or b""."""
    for name, raw in _headers(_split(content)[0]):
        if name == b"message-id":
            return b"".join(raw.partition(b":")[2].split())
    return b""


def was_added_here(identifier: bytes, queue_id: str) -> bool:
    """Return whether this Message-Id was made by our own MTA for this very try: its local part has the queue id."""
    local = identifier.strip(b"<>").rpartition(b"@")[0]
    return len(queue_id) >= _SHORTEST_QUEUE_ID and queue_id.encode("utf-8", "surrogateescape") in local


def retry_keys(store_key: bytes, message: Message, digest: bytes, addresses: Iterable[str]) -> tuple[RetryKey, ...]:
    """Return for each final address how a retry of this copy will be known (DESIGN P3); *digest* is that of retries."""
    identifier = message_id(message.content)
    sender = address_bytes(message.envelope.sender)
    id_hash = None
    if identifier and not was_added_here(identifier, message.queue_id):
        id_hash = vault.keyed_hash(store_key, b"message id", identifier)
    return tuple(
        RetryKey(vault.keyed_hash(store_key, b"retry", sender, address_bytes(address), digest), id_hash)
        for address in addresses
    )


def fault_key(store_key: bytes, message: Message, digest: bytes) -> bytes:
    """Return by what failures of ours on one message are counted, all its recipients together; *digest* as above."""
    recipients = sorted(address_bytes(each.address) for each in message.envelope.recipients)
    identifier = message_id(message.content)
    if was_added_here(identifier, message.queue_id):
        identifier = b""
    sender = address_bytes(message.envelope.sender)
    return vault.keyed_hash(store_key, b"fault", sender, digest, identifier, *recipients)


def release_key(store_key: bytes, sender: str, recipient: str, digest: bytes) -> bytes:
    """Return what stands for one held copy that may be released: this sender, this recipient, this content."""
    return vault.keyed_hash(store_key, b"release", address_bytes(sender), address_bytes(recipient), digest)


def departure(store_key: bytes, sender: str, recipients: Iterable[str], digest: bytes) -> bytes:
    """Return what stands for exactly this sender, these recipients and this content at the release guard."""
    everybody = sorted({address_bytes(each) for each in recipients})
    return vault.keyed_hash(store_key, b"departure", address_bytes(sender), digest, *everybody)


def party(store_key: bytes, address: str) -> str:
    """Return by what somebody who sent or gets a message is known again when he would decide on it."""
    return vault.keyed_hash(store_key, b"party", address.strip().lower().encode("utf-8", "surrogateescape")).hex()[:32]


def address_bytes(address: str) -> bytes:
    """Return an address as hashes see it: domain in lower case, local part as given, no angle brackets."""
    local, at, domain = address.strip().removeprefix("<").removesuffix(">").rpartition("@")
    return f"{local}{at}{domain.lower() if at else domain}".encode("utf-8", "surrogateescape")


def _digest(content: bytes, left_out: frozenset[bytes]) -> bytes:
    block, body = _split(content)
    digest = hashlib.sha256()
    for name, raw in _headers(block):
        if name not in left_out:
            digest.update(raw.rstrip(b"\r\n") + b"\r\n")
    digest.update(b"\r\n")
    end = len(body)
    while end and body[end - 1] in b"\r\n":
        end -= 1
    digest.update(body[:end])
    return digest.digest()


def _split(content: bytes) -> tuple[bytes, memoryview]:
    """Return the header block and the body, the body without a copy."""
    whole = memoryview(content)
    if content.startswith((b"\r\n", b"\n")):
        return b"", whole[content.index(b"\n") + 1 :]
    match = _END_OF_HEADERS.search(content)
    if match is None:
        return content, whole[len(content) :]
    return content[: match.start()], whole[match.end() :]


def _headers(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name in lower case, whole field with its continuation lines)."""
    field: list[bytes] = []
    for line in block.split(b"\n"):
        if field and not line.startswith((b" ", b"\t")):
            yield _named(field)
            field = []
        field.append(line)
    if field and any(field):
        yield _named(field)


def _named(field: list[bytes]) -> tuple[bytes, bytes]:
    name, colon, _ = field[0].partition(b":")
    return (name.strip().lower() if colon else b""), b"\n".join(field)
