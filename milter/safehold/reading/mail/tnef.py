# SPDX-License-Identifier: GPL-3.0-or-later
"""winmail.dat (TNEF): what Outlook puts around a message that its own kind should get whole.

A walk over attributes, each with its length; every count is checked against the bytes that are left, because a forged
count of 2^32 stops other readers (tnefparse 1.4).  Some attributes hold MAPI properties; a message inside is a file of
its own of the same kind.  Checksums are not asked.  Source: [MS-OXTNEF].
"""

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary
from safehold.reading.mail import mapi
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail

_HEADER = 6
_MESSAGE_LEVEL, _ATTACHMENT_LEVEL = 1, 2
_FROM, _SUBJECT, _BODY = 0x8000, 0x8004, 0x800C
_DATA, _TITLE, _TRANSPORT_NAME, _NEXT_ATTACHMENT = 0x800F, 0x8010, 0x9001, 0x9002
_PROPERTIES, _RECIPIENTS, _ATTACHMENT, _CODE_PAGE = 0x9003, 0x9004, 0x9005, 0x9007
# Dates, identifiers, classes, versions, the icon of an attachment.
_SILENT = frozenset(
    (0x8005, 0x8006, 0x8007, 0x8008, 0x8009, 0x800A, 0x800B, 0x800D, 0x8011, 0x8012, 0x8013, 0x8020, 0x9006)
)
_MAPI_SUBJECT, _MAPI_DATA = 0x37, 0x3701
_FIXED_SIZES = {
    0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8, 0x48: 16, 0x01: 0,
}  # fmt: skip
_VARYING = (mapi.NARROW, mapi.WIDE, mapi.BINARY, mapi.OBJECT)
_FIRST_NAMED = 0x8000
_MOST = 10_000  # recipients, and attachments


def read(content: bytes, part: OpenPart) -> None:
    """Read a winmail.dat."""
    file = _File(content)
    file.walk()
    if file.is_damaged:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
        binary.strings(file.rest, part)
    if file.has_more:
        part.problem(Reason.TOO_MANY, Detail.MEMBERS)
    part.segment(PlaceKind.METADATA, "\n".join(dict.fromkeys(file.names)), visibility=Visibility.ATTRIBUTE)
    mapi.hand_over(file.message, part)


class _File:
    """The attributes of a file, sorted into a message."""

    def __init__(self, content: bytes) -> None:
        self.message = mapi.Message()
        self.names: list[str] = []  # of properties that people named
        self.is_damaged = False
        self.has_more = False
        self.rest = b""
        self._content = content

    def walk(self) -> None:
        """Take every attribute."""
        content, at = self._content, _HEADER
        while at + 9 <= len(content):
            level = content[at]
            number = _u16(content, at + 1)
            length = _u32(content, at + 5)
            end = at + 9 + length
            if level not in (_MESSAGE_LEVEL, _ATTACHMENT_LEVEL):
                break
            value = content[at + 9 : end]
            if end > len(content):  # the checksum of the last one may be missing
                self.is_damaged = True
            self._attribute(number, value, is_attachment=level == _ATTACHMENT_LEVEL)
            at = end + 2
        if at == _HEADER:
            self.is_damaged = True
        self.rest = content[at:]
        if self.rest.strip(b"\0\r\n\t "):
            self.is_damaged = True

    def _attribute(self, number: int, value: bytes, *, is_attachment: bool) -> None:
        message = self.message
        if len(message.attachments) > _MOST or len(message.recipients) > _MOST:
            self.has_more = True
        elif number == _NEXT_ATTACHMENT:
            message.attachments.append(mapi.Attachment(mapi.Item()))
            message.item.machine.append(binary.written(value))
        elif is_attachment and number in (_DATA, _TITLE, _TRANSPORT_NAME, _ATTACHMENT):
            if not message.attachments:
                message.attachments.append(mapi.Attachment(mapi.Item()))
            self._of_attachment(number, value, message.attachments[-1])
        elif number == _CODE_PAGE:
            message.page = _u32(value, 0)
        elif number == _SUBJECT:
            message.item.take(_MAPI_SUBJECT, mapi.NARROW, value)
        elif number == _BODY and not message.body:
            message.body = value
        elif number == _FROM:
            # Four lengths, then name and address; older writers disagree on the lengths.
            message.item.more += binary.narrow_strings(value).splitlines()
        elif number == _PROPERTIES:
            self._spare(value[self._properties(value, 0, message.item) :])
        elif number == _RECIPIENTS:
            at = 4
            for _ in range(min(_u32(value, 0), len(value) // 4, _MOST + 1)):
                recipient = mapi.Item()
                at = self._properties(value, at, recipient)
                message.recipients.append(recipient)
                if at >= len(value):
                    break
            self._spare(value[at:])
            self.has_more = self.has_more or len(message.recipients) > _MOST
        elif number in _SILENT:
            message.item.machine.append(binary.narrow_strings(value))
        else:
            message.item.more += [binary.narrow_strings(value), binary.wide_strings(value)]

    def _spare(self, rest: bytes) -> None:
        """Take what stands behind the last property: nothing, unless a count lies."""
        if rest.strip(b"\0"):
            self.is_damaged = True
            self.message.item.more += [binary.narrow_strings(rest), binary.wide_strings(rest)]

    def _of_attachment(self, number: int, value: bytes, attachment: mapi.Attachment) -> None:
        if number == _DATA and attachment.content:
            self.message.attachments.append(mapi.Attachment(mapi.Item(), value))
        elif number == _DATA:
            attachment.content = value
        elif number == _TITLE:
            attachment.item.take(0x3704, mapi.NARROW, value)
        elif number == _TRANSPORT_NAME:
            attachment.item.take(0x370C, mapi.NARROW, value)
        else:
            self._spare(value[self._properties(value, 0, attachment.item, attachment) :])
            data = attachment.item.binaries.pop(_MAPI_DATA, b"")
            if data and data != attachment.content:
                self._keep_apart(attachment)
            attachment.content = data or attachment.content

    # MAPI properties

    def _keep_apart(self, attachment: mapi.Attachment) -> None:
        """Keep what an attachment holds already as one of its own: something else is about to take its place."""
        if attachment.content:
            self.message.attachments.insert(-1, mapi.Attachment(mapi.Item(), attachment.content, attachment.is_object))

    def _properties(self, raw: bytes, at: int, item: mapi.Item, attachment: mapi.Attachment | None = None) -> int:
        """Take a list of properties; return where it ends."""
        count = _u32(raw, at)
        at += 4
        for _ in range(min(count, len(raw) // 4)):
            if at + 4 > len(raw):
                self.is_damaged = True
                break
            kind, number, begin = _u16(raw, at), _u16(raw, at + 2), at
            at += 4
            if number >= _FIRST_NAMED:
                at = self._name(raw, at)
            values, at = self._values(raw, at, kind)
            for index, value in enumerate(values):
                self._take(number, kind if not index else kind | mapi.MANY, value, item, attachment)
            if at < 0 or at > len(raw) + 3:  # the last value may lack its padding
                self._spare(raw[begin:])
                self.is_damaged = True
                return len(raw)
        return at

    def _name(self, raw: bytes, at: int) -> int:
        """Skip the name of a property that has one in place of a number; keep it where it is words."""
        kind = _u32(raw, at + 16)
        if kind == 0:
            return at + 24
        size = _u32(raw, at + 20)
        self.names.append(raw[at + 24 : at + 24 + size].decode("utf-16-le", "replace").rstrip("\0"))
        return at + 24 + (size + 3 & ~3)

    def _values(self, raw: bytes, at: int, kind: int) -> tuple[list[bytes], int]:
        """Return the values of a property and where they end; -1 where that cannot be told."""
        base = kind & ~mapi.MANY
        if base in _VARYING:
            return self._varying(raw, at)
        size = _FIXED_SIZES.get(base)
        if size is None:
            return [], -1
        count = 1
        if kind & mapi.MANY:
            count = _u32(raw, at)
            at += 4
        if count * size > len(raw) - at:
            return [], -1
        values = [raw[at + size * index : at + size * (index + 1)] for index in range(count)]
        return values, at + (count * size + 3 & ~3)

    def _varying(self, raw: bytes, at: int) -> tuple[list[bytes], int]:
        count = _u32(raw, at)
        at += 4
        values: list[bytes] = []
        for _ in range(min(count, len(raw) // 4)):
            size = _u32(raw, at)
            if at + 4 > len(raw):
                return values, -1
            values.append(raw[at + 4 : at + 4 + size])
            if size > len(raw) - at - 4:
                return values, -1
            at += 4 + (size + 3 & ~3)
        return values, at

    def _take(self, number: int, kind: int, value: bytes, item: mapi.Item, attachment: mapi.Attachment | None) -> None:
        if kind == mapi.OBJECT and number == _MAPI_DATA and attachment is not None:
            self._keep_apart(attachment)
            attachment.content = value[16:]  # after the identifier of its interface: a message or an object
            attachment.is_object = True
        elif kind & ~mapi.MANY in _VARYING:
            item.take(number, kind, value)
        elif kind in (0x02, 0x03, 0x0B):
            item.numbers.setdefault(number, int.from_bytes(value, "little"))
        else:
            item.machine.append(binary.written(value))


def _u16(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 2], "little")


def _u32(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 4], "little")
