# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers the mail transactions of one connection into Messages, whatever protocol they come by.

Sans I/O: no sockets, no clock; the caller says what arrived, and when the message ended.  One Conversation belongs to
one connection and is used by one thread at a time (libmilter may change threads between calls, never overlap them).

Bytes are exact.  A header line is its name, a colon and the value as it was, folds included (the milter protocol
gives folds as LF, the wire has CRLF); the body is the chunks as they came.  Addresses and parameters keep the
client's spelling, because Postfix takes a recipient back out only by that.  Text that is not UTF-8 travels as
surrogate escapes, so that its bytes can always be had again.

A message over ``limit_bytes`` is not kept in memory: its content is cut there, and the Message carries the macro
:data:`TRUNCATED` = "1".  A judge must treat that as an unread rest (reason ``too_large``), never as the whole mail.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType

from safehold.model import Envelope, Message, Recipient

# Names in braces with our prefix cannot come from an MTA: what it sends under these names is dropped.
TRUNCATED = "{safehold_truncated}"
OWN_MACROS = "{safehold_"

# Postfix's message_size_limit is 10 MB by default and 25 to 50 MB where people send scans; 150 MiB leaves room for
# base64 of 100 MB.
DEFAULT_LIMIT_BYTES = 150 * 2**20

Text = str | bytes


class OutOfOrderError(RuntimeError):
    """The protocol's calls came in an order that cannot be a mail transaction; nothing was changed."""


class _Stage(IntEnum):
    """How far the current transaction is."""

    IDLE = 0
    MAIL = 1
    RCPT = 2
    HEADERS = 3
    BODY = 4


class Conversation:
    """One connection's mail, one transaction after another."""

    def __init__(self, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._helo = ""
        self._connection_macros: dict[str, str] = {}
        self._reset()

    def _reset(self) -> None:
        self._stage = _Stage.IDLE
        self._sender = ""
        self._parameters: tuple[str, ...] = ()
        self._recipients: list[Recipient] = []
        self._macros: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._kept_bytes = 0
        self._is_cut = False

    # -- facts about the connection; they outlive a transaction --

    def connect(self, *, name: str = "", address: str = "", macros: Mapping[str, str] | None = None) -> None:
        """Note who connected: host name and IP address as the MTA knows them, and other macros of the connection."""
        self._connection_macros.update(_foreign(macros or {}))
        for macro, value in (("{client_name}", name), ("{client_addr}", address)):
            if value:
                self._connection_macros[macro] = value

    def helo(self, name: Text) -> None:
        """Note what the client calls itself."""
        self._helo = _text(name)

    # -- one transaction --

    @property
    def is_open(self) -> bool:
        """Return whether a transaction has begun and not ended."""
        return self._stage is not _Stage.IDLE

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Return the recipients so far."""
        return tuple(self._recipients)

    def mail(self, sender: Text, parameters: Iterable[Text] = ()) -> None:
        """Begin a transaction; *sender* with or without angle brackets, ``<>`` and empty being the null sender."""
        self._require(_Stage.IDLE, _Stage.IDLE)
        self._sender = _address(sender)
        self._parameters = tuple(_text(p) for p in parameters)
        self._stage = _Stage.MAIL

    def rcpt(self, address: Text, parameters: Iterable[Text] = ()) -> None:
        """Add a recipient, spelt as the client spelt it."""
        self._require(_Stage.MAIL, _Stage.RCPT)
        self._recipients.append(Recipient(_address(address), tuple(_text(p) for p in parameters)))
        self._stage = _Stage.RCPT

    def macros(self, macros: Mapping[str, str]) -> None:
        """Note macros of this transaction; a later value replaces an earlier one."""
        self._require(_Stage.MAIL, _Stage.BODY)
        self._macros.update(_foreign(macros))

    def header(self, name: Text, value: bytes) -> None:
        """Add a header line; *value* as it stood after the colon, leading space included, folds as LF."""
        self._require(_Stage.RCPT, _Stage.HEADERS)
        self._stage = _Stage.HEADERS
        self._keep(_bytes(name) + b":" + value.replace(b"\n", b"\r\n") + b"\r\n")

    def end_of_headers(self) -> None:
        """Add the empty line between header block and body."""
        self._require(_Stage.RCPT, _Stage.HEADERS)
        self._stage = _Stage.BODY
        self._keep(b"\r\n")

    def body(self, chunk: bytes) -> None:
        """Add a piece of the body, bytes as they are."""
        self._require(_Stage.BODY, _Stage.BODY)
        self._keep(chunk)

    def content(self, chunk: bytes) -> None:
        """Add a piece of header block and body together, as SMTP's DATA carries them."""
        self._require(_Stage.RCPT, _Stage.BODY)
        self._stage = _Stage.BODY
        self._keep(chunk)

    def end(self, now: datetime) -> Message:
        """Return the finished Message and be ready for the next transaction."""
        self._require(_Stage.RCPT, _Stage.BODY)
        if self._stage < _Stage.BODY:
            self.end_of_headers()
        macros = {**self._connection_macros, **self._macros}
        if self._is_cut:
            macros[TRUNCATED] = "1"
        message = Message(
            envelope=Envelope(self._sender, tuple(self._recipients), self._parameters),
            content=b"".join(self._chunks),
            received_at=now,
            macros=MappingProxyType(macros),
            helo=self._helo,
        )
        self._reset()
        return message

    def abort(self) -> None:
        """Forget the transaction, if any; what is known of the connection stays."""
        self._reset()

    def _require(self, earliest: _Stage, latest: _Stage) -> None:
        if not earliest <= self._stage <= latest:
            raise OutOfOrderError(f"not possible in stage {self._stage.name.lower()}")

    def _keep(self, piece: bytes) -> None:
        room = self._limit_bytes - self._kept_bytes
        if len(piece) > room:
            self._is_cut = True
            piece = piece[: max(room, 0)]
        if piece:
            self._chunks.append(piece)
            self._kept_bytes += len(piece)


def _text(value: Text) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def _bytes(value: Text) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def _address(value: Text) -> str:
    """Return a mailbox without the angle brackets around it, and otherwise as it is."""
    address = _text(value)
    return address[1:-1] if address.startswith("<") and address.endswith(">") else address


def _foreign(macros: Mapping[str, str]) -> dict[str, str]:
    """Return the macros without names that are ours alone to set."""
    return {name: value for name, value in macros.items() if not name.startswith(OWN_MACROS)}
