# SPDX-License-Identifier: GPL-3.0-or-later
"""Outlook's model of a message, shared by its two files (MSG and winmail.dat): properties in, readings out.

A message has properties by number, recipients and attachments that have properties too, and up to three bodies that
should say the same.  All are read: HTML first, because clients show it, then the others where they differ.  Every
text that is not known to be machine talk is read: what a contact or an appointment says stands in properties that
each Outlook numbers as it likes.

Sources: [MS-OXPROPS] (numbers), [MS-OXCMSG] (attachments), [MS-OXRTFCP] (compressed RTF).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, charset, codepages
from safehold.reading.basics.types import HTML, MESSAGE, PLAIN, RTF
from safehold.reading.mail import traces
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

# Types of properties.
NARROW, WIDE, BINARY, OBJECT, MANY = 0x1E, 0x1F, 0x102, 0x0D, 0x1000

_SUBJECT, _NORMAL_SUBJECT, _TOPIC = 0x37, 0xE1D, 0x70
_BODY, _RTF, _HTML, _HEADERS = 0x1000, 0x1009, 0x1013, 0x7D
_CODE_PAGE, _INTERNET_CODE_PAGE, _LOCALE = 0x3FFD, 0x3FDE, 0x3FF1
# Senders, and lists of recipients as text.
_NAMES = (0xC1A, 0x42, 0x40, 0x44, 0xE04, 0xE03, 0xE02, 0x72, 0x73, 0x74, 0x4D, 0x5A, 0x4B, 0x4E, 0x3FF8, 0x3FFA)
_RECIPIENT_NAMES = (0x3001, 0x5FF6, 0x3A20, 0x39FF, 0x403D)
_ADDRESSES = (0xC1F, 0x65, 0x76, 0x78, 0x3003, 0x39FE, 0x5D01, 0x5D02, 0x5D07, 0x5D08, 0x5D0A)
# What the parts of an attachment are called.
_DATA, _LONG_NAME, _SHORT_NAME, _DISPLAY_NAME, _METHOD, _MIME_TYPE = 0x3701, 0x3707, 0x3704, 0x3001, 0x3705, 0x370E
_PATHS = (0x370D, 0x3708, 0x7FFF)
_TRANSPORT_NAME = 0x370C
_BY_REFERENCE = (2, 3, 4, 7)
# Texts that programs write for programs: classes, kinds of addresses, numbers of messages.
_MACHINE = frozenset((
    0x1A, 0x31, 0x64, 0x65, 0x75, 0x76, 0x77, 0x78, 0x5D01, 0x5D02, 0x5D07, 0x5D08, 0x5D0A, 0x5D0B, 0xC1E, 0xC1F,
    0x1035, 0x1039, 0x1042, 0x1046, 0x300B, 0x3002, 0x3003, 0x39FE, 0x3FDF, 0x340D, 0x6619, 0x0E28, 0x0E29, 0x10F3,
    0x10F4, 0x5FE5, 0x5D09, 0x4038, 0x4039, 0x403A, 0x4023, 0x4024, 0x401A, 0x4022, 0x4025, 0x0C24, 0x0C25, 0x0065,
    0x004C, 0x004F, 0x0047, 0x5902, 0x5FF7, 0x3900, 0x3A40, 0x6001, 0x371D, 0x3716, 0x0E2F, 0x4074, 0x001B,
))  # fmt: skip
# What is read as what it is, of a message, of a recipient and of an attachment; everything else is read as it stands.
_OF_MESSAGE = frozenset((_SUBJECT, _NORMAL_SUBJECT, _TOPIC, _BODY, _HTML, _RTF, _HEADERS, *_NAMES, *_ADDRESSES))
_OF_RECIPIENT = frozenset((*_RECIPIENT_NAMES, *_ADDRESSES))
_ATTACHMENT_NAMES = (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME, _TRANSPORT_NAME)
_OF_ATTACHMENT = frozenset((*_ATTACHMENT_NAMES, *_PATHS, _DATA))
_FIRST_NAMED = 0x8000
_RIGHTS = b"\x76\xe8\x04\x60\xc4\x11\xe3\x86"  # a message under rights management
# What such texts are made of: classes and kinds, ids, addresses within one server.
_MACHINE_TALK = re.compile(
    r"(?:IPM|REPORT)[\w.]{0,100}|[A-Z0-9]{1,12}|<[^<>\s]{1,250}>|[^\s@]{1,250}@[^\s@]{1,250}|[\W\d]*"
)
_EXCHANGE_ADDRESS = re.compile(r"/o=", re.IGNORECASE)
# The line that Outlook puts before the headers of the internet, and those of them that describe a body.
_NO_HEADER = re.compile(r"\A[^\n:]{0,200}\n")
_CONTENT_HEADER = re.compile(r"^(?=(?:content-[a-z-]{1,40}|mime-version)[ \t]*:)", re.IGNORECASE | re.MULTILINE)
_LENGTH_OF_AN_ID = 16
_MOST_TEXT = 1_000_000

# What the dictionary of compressed RTF starts with ([MS-OXRTFCP] 2.1.3.1.2), and the size it wraps at.
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WRAPS_AT = 4096


@dataclass(slots=True)
class Item:
    """The properties of a message, a recipient or an attachment, by number."""

    texts: dict[int, str] = field(default_factory=dict, repr=False)
    narrow: list[tuple[int, bytes]] = field(default_factory=list, repr=False)  # 8-bit texts, not decoded yet
    binaries: dict[int, bytes] = field(default_factory=dict, repr=False)
    numbers: dict[int, int] = field(default_factory=dict)
    more: list[str] = field(default_factory=list, repr=False)  # values besides the first of what has several
    machine: list[str] = field(default_factory=list, repr=False)  # what programs say to programs

    def take(self, number: int, kind: int, raw: bytes) -> None:
        """Take a property of one of the types that vary in length."""
        if kind & MANY:
            if kind & ~MANY == WIDE:
                self.more.append(raw.decode("utf-16-le", "replace"))
            elif kind & ~MANY == NARROW:
                self.more.append(charset.decode(raw).text)
            elif kind & ~MANY == BINARY:
                self.more.append(binary.written(raw))
        elif kind == WIDE:
            self._add(number, raw.decode("utf-16-le", "replace"))
            if raw.isascii() and b"\0" not in raw.rstrip(b"\0"):
                self.more.append(binary.narrow_strings(raw))
        elif kind == NARROW:
            self.narrow.append((number, raw))
        elif kind == BINARY:
            if self.binaries.setdefault(number, raw) != raw:
                self.more.append(charset.decode(raw).text)
        else:
            self.machine.append(binary.written(raw))

    def decode(self, page: int) -> None:
        """Decode the 8-bit texts by a code page; 0 where none is known."""
        name = codepages.codec(page) if page else ""
        for number, raw in self.narrow:
            text = raw.rstrip(b"\0")
            self._add(number, charset.decode(text, name).text)
            if b"\0" in text:  # the other kind of text, whatever it says
                self.more.append(binary.wide_strings(raw))
        self.narrow.clear()

    def _add(self, number: int, text: str) -> None:
        """Keep a text, and a second one of the same number that says something else."""
        text = text.rstrip("\0")
        if self.texts.setdefault(number, text) != text:
            self.more.append(text)

    def text(self, number: int) -> str:
        """Return a text, or ""."""
        return self.texts.get(number, "")


@dataclass(slots=True)
class Attachment:
    """An attachment: its properties, and its content as a file of its own."""

    item: Item
    content: bytes = field(default=b"", repr=False)
    is_object: bool = False  # a message or an object, not a file


@dataclass(slots=True)
class Message:
    """A message as Outlook keeps it."""

    item: Item = field(default_factory=Item)
    recipients: list[Item] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    body: bytes = field(default=b"", repr=False)  # of old winmail.dat files, besides the property
    page: int = 0  # code page that is known from elsewhere

    def code_page(self) -> int:
        """Return the code page of 8-bit texts, 0 where nothing tells."""
        numbers = self.item.numbers
        page = numbers.get(_CODE_PAGE) or self.page or numbers.get(_INTERNET_CODE_PAGE) or 0
        if not page and _LOCALE in numbers:
            page = codepages.of_language(numbers[_LOCALE])
        return page


def hand_over(message: Message, part: OpenPart) -> None:
    """Hand over everything a message says, then its attachments."""
    page = message.code_page()
    items = [message.item, *message.recipients, *(attachment.item for attachment in message.attachments)]
    for item in items:
        item.decode(page)
    own = message.item
    subject = own.text(_SUBJECT)
    part.segment(PlaceKind.SUBJECT, subject)
    for other in dict.fromkeys((own.text(_NORMAL_SUBJECT), own.text(_TOPIC))):
        if other not in subject:
            part.segment(PlaceKind.SUBJECT, other)
    part.segment(PlaceKind.HEADER, "\n\n".join(_people(message)))
    _metadata(_others((own, *message.recipients)), part)
    _bodies(message, part, page)
    _machine_talk(items, part)
    _headers(own.text(_HEADERS), part)
    for number, attachment in enumerate(message.attachments, 1):
        _attachment(attachment, number, part)


def _headers(text: str, part: OpenPart) -> None:
    """Read the headers that the message had on the internet; what they say of a body is of no body here."""
    text = text.replace("\r\n", "\n")
    first = _NO_HEADER.match(text)
    if first:
        part.segment(PlaceKind.METADATA, traces.read([("", first[0].strip())]), visibility=Visibility.HIDDEN)
        text = text[first.end() :]
    text = _CONTENT_HEADER.sub("X-MS-", text)
    if text.strip():
        content = text.strip("\n").encode("utf-8", "replace") + b"\n\n"
        part.child(Given(content, MESSAGE, is_attachment=part.is_attachment, attachment=part.attachment), "headers")


def _people(message: Message) -> list[str]:
    """Return the names and addresses of senders and recipients, Bcc among them.

    Of a message in an attachment, addresses are content like any other: only the outermost has an envelope.
    """
    found: dict[str, None] = {}
    for number in (*_NAMES, *_ADDRESSES):
        for name in message.item.text(number).split(";"):
            found[name.strip(" \t\"'")] = None
    for recipient in message.recipients:
        for number in (*_RECIPIENT_NAMES, *_ADDRESSES):
            found[recipient.text(number).strip(" \t\"'")] = None
    return [name for name in found if name and not _EXCHANGE_ADDRESS.match(name)]


def _others(items: Iterable[Item], known: frozenset[int] | None = None) -> list[str]:
    """Return every text of a message and its recipients, or of an attachment, that is not read elsewhere."""
    found: dict[str, None] = {}
    for index, item in enumerate(items):
        read_elsewhere = known or (_OF_RECIPIENT if index else _OF_MESSAGE)
        for number, text in item.texts.items():
            if number not in read_elsewhere and number not in _MACHINE:
                found[text.rstrip("\0").strip()] = None
        for text in item.more:
            found[text.rstrip("\0").strip()] = None
        for number, raw in item.binaries.items():
            if number >= _FIRST_NAMED and len(raw) > _LENGTH_OF_AN_ID:
                found[binary.written(raw)] = None
    return [text for text in found if text]


def _metadata(texts: list[str], part: OpenPart) -> None:
    text = "\n".join(texts)
    part.segment(PlaceKind.METADATA, text[:_MOST_TEXT])
    if len(text) > _MOST_TEXT:
        part.problem(Reason.TOO_LARGE, Detail.TEXT_OF_PART)


def _machine_talk(items: Iterable[Item], part: OpenPart) -> None:
    """Hand over what programs say to programs as far as it looks like nothing that they say."""
    shown: dict[str, None] = {}
    said: dict[str, None] = {}
    for item in items:
        texts = [text.strip("\0 ") for number, text in item.texts.items() if number in _MACHINE]
        shown.update((text, None) for text in texts if not _MACHINE_TALK.fullmatch(text))
        said.update((text, None) for text in item.machine)
        for number, raw in item.binaries.items():
            if number >= _FIRST_NAMED or number in (_HTML, _RTF, _DATA):
                continue
            rtf = decompressed(raw)
            if rtf is None:
                said.update((text, None) for text in binary.written(raw).split("\n"))
            else:  # a body under another number
                part.session.take_expanded(len(rtf))
                part.child(_body(rtf, RTF, "", part), "property.rtf")
    talk = traces.read(("", text) for text in said if text and not _EXCHANGE_ADDRESS.search(text))
    talk = "\n".join((*(text for text in shown if not _EXCHANGE_ADDRESS.search(text)), talk))
    part.segment(PlaceKind.METADATA, talk[:_MOST_TEXT], visibility=Visibility.HIDDEN)


def _bodies(message: Message, part: OpenPart, page: int) -> None:
    item = message.item
    shown: frozenset[str] | None = None
    pages = (
        (item.binaries.get(_HTML, b""), _charset(item.numbers.get(_INTERNET_CODE_PAGE, 0))),
        (item.text(_HTML).encode("utf-8", "replace"), "utf-8"),
    )
    for html, name in pages:
        if html.strip(b"\0 \r\n"):
            given = _body(html, HTML, name, part)
            words = part.child(given, "body.html", gather=True)
            shown = shown or frozenset(words or ()) or None
    rtf = item.binaries.get(_RTF, b"")
    if rtf:
        plain = decompressed(rtf)
        if plain is None:
            part.problem(Reason.CORRUPT, Detail.SALVAGED)
            binary.strings(rtf, part)
        else:
            part.session.take_expanded(len(plain))
            given = _body(plain, RTF, "", part, shown)
            words = part.child(given, "body.rtf", gather=shown is None)
            shown = shown or frozenset(words or ()) or None
    for text, raw in ((item.text(_BODY), b""), ("", message.body)):
        content = raw.rstrip(b"\0") or text.encode("utf-8", "replace")
        if content.strip():
            declared = _charset(page) if raw else "utf-8"
            part.child(_body(content, PLAIN, declared, part, shown), "body.txt")


def _body(content: bytes, kind: str, name: str, part: OpenPart, shown: frozenset[str] | None = None) -> Given:
    return Given(
        content,
        kind,
        charset=name,
        body=True,
        is_attachment=part.is_attachment,
        attachment=part.attachment,
        shown=shown,
    )


def _charset(page: int) -> str:
    return codepages.codec(page) if page else ""


def _attachment(attachment: Attachment, number: int, part: OpenPart) -> None:
    item = attachment.item
    names = tuple(dict.fromkeys(name for key in _ATTACHMENT_NAMES if (name := item.text(key).strip())))
    part.mark(MarkKind.ATTACHMENTS)
    name = names[0] if names else f"attachment {number}"
    paths = [path for key in _PATHS if (path := item.text(key))]
    said = dict.fromkeys((*paths, *_others((item,), _OF_ATTACHMENT)))
    part.segment(PlaceKind.METADATA, "\n".join(said), visibility=Visibility.ATTRIBUTE)
    content = attachment.content
    if not content:
        if item.numbers.get(_METHOD) in _BY_REFERENCE or paths:
            part.unread_member(name, Reason.INCOMPLETE, Detail.ELSEWHERE)
        elif names:
            part.segment(PlaceKind.FILENAME, "\n".join(names))
        return
    if content.startswith(_RIGHTS):
        part.unread_member(name, Reason.ENCRYPTED, Detail.SEALED)
        return
    declared = "" if attachment.is_object else item.text(_MIME_TYPE).lower()
    if declared.startswith("multipart/") or content[:13].lower() == b"content-type:":
        declared = MESSAGE  # a signed message keeps its MIME form as its only attachment
    given = Given(
        content, declared, names=names or (name,), is_attachment=part.is_attachment, attachment=part.attachment
    )
    part.child(given, name)


def decompressed(raw: bytes) -> bytes | None:
    """Return what compressed RTF holds, as much as there is; None where it is none.  Its checksum is not asked.

    Our own, because compressed-rtf (1.0.7) takes 160 ms for 100 kB and gives nothing where the checksum is wrong; it is
    the oracle in the tests.
    """
    if raw[8:12] == b"MELA":
        return raw[16:]  # whatever length it gives
    if raw[8:12] != b"LZFu":
        return None
    out = bytearray(_DICTIONARY)
    at, end = 16, min(len(raw), max(16, int.from_bytes(raw[:4], "little") + 4))
    while at < end:
        flags = raw[at]
        at += 1
        if not flags and at + 8 <= end:  # eight characters as they are
            out += raw[at : at + 8]
            at += 8
            continue
        for _ in range(8):
            if at >= end:
                break
            if not flags & 1:
                out.append(raw[at])
                at += 1
            else:
                token = raw[at] << 8 | (raw[at + 1] if at + 1 < end else 0)
                at += 2
                distance = (len(out) - (token >> 4)) % _WRAPS_AT
                if not distance:
                    return bytes(out[len(_DICTIONARY) :])
                _repeat(out, distance, (token & 15) + 2)
            flags >>= 1
    return bytes(out[len(_DICTIONARY) :])


def _repeat(out: bytearray, distance: int, length: int) -> None:
    """Append *length* bytes that stand *distance* back; what stands before the beginning are spaces."""
    start = len(out) - distance
    if start < 0:
        out += b" " * min(-start, length)
        length -= min(-start, length)
        start = 0
    while length > 0:
        piece = out[start : start + length]
        out += piece
        start += len(piece)
        length -= len(piece)
