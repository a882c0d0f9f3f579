# SPDX-License-Identifier: GPL-3.0-or-later
"""Outlook's own messages: [MS-OXMSG], [MS-OXTNEF], [MS-OXCMSG], [MS-OXRTFCP]."""

import struct

from canaries.cfb import Tree, compound
from canaries.core import ANY, HIDDEN, Canary, Words

# Property numbers of [MS-OXPROPS] and what holds a text of a person.
_TEXTS = {
    0x0037: "subject", 0x0E1D: "normalized subject", 0x0070: "conversation topic", 0x0C1A: "sender name", 0x0042: "sent representing name",
    0x0E04: "display to", 0x0E03: "display cc", 0x0E02: "display bcc", 0x1000: "body", 0x007D: "transport headers", 0x3FFA: "last modifier",
    0x8001: "named property", 0x3A06: "given name of a contact", 0x3A16: "company of a contact", 0x3A29: "street of a contact", 0x3004: "comment",
}  # fmt: skip


def _stored(properties: dict[int, bytes], wide: bool = True, head: int = 32) -> Tree:
    """Return the streams of properties: texts, and the table that lists them."""
    tree: Tree = {}
    table = bytes(head)
    for number, value in properties.items():
        kind = number & 0xFFFF
        tree[f"__substg1.0_{number:08X}"] = value
        table += struct.pack("<IIII", number, 6, len(value) + (2 if kind == 0x1F else 1 if kind == 0x1E else 0), 0)
    tree["__properties_version1.0"] = table
    return tree


def _text(number: int, text: str, *, wide: bool) -> tuple[int, bytes]:
    return (number << 16 | 0x1F, text.encode("utf-16-le")) if wide else (number << 16 | 0x1E, text.encode("cp1252"))


def _uncompressed_rtf(text: str) -> bytes:
    raw = (r"{\rtf1\ansi\fromtext " + text + r"\par}").encode() + b"\x00"
    return struct.pack("<IIII", len(raw) + 12, len(raw), 0x414C454D, 0) + raw


def _message(w: Words, *, wide: bool, inner: Tree | None = None) -> Tree:
    texts = dict(
        _text(number, f"Subject: {w(name, ANY)}" if number == 0x007D else w(name, ANY), wide=wide)
        for number, name in _TEXTS.items()
    )
    texts[0x10130102] = (
        f"<html><body><p>{w('HTML body')}</p><p style='display:none'>{w('hidden in the HTML body', HIDDEN)}</p></body></html>".encode()
    )
    texts[0x10090102] = _uncompressed_rtf(w("RTF body", ANY))
    tree = _stored(texts)
    recipient = dict(
        _text(number, w(f"recipient, {name}", ANY), wide=wide)
        for number, name in ((0x3001, "name"), (0x3003, "address"), (0x39FE, "SMTP address"))
    )
    tree["__recip_version1.0_#00000000"] = _stored(recipient, head=8)
    attached = dict([
        _text(0x3707, f"{w('long name of an attachment', ANY)}.txt", wide=wide), _text(0x3704, f"{w('short name of an attachment', ANY)}.txt", wide=wide),
        _text(0x3001, w("display name of an attachment", ANY), wide=wide), _text(0x370E, "text/plain", wide=wide), _text(0x3712, w("content id of an attachment", ANY), wide=wide),
    ])  # fmt: skip
    attached[0x37010102] = f"words {w('attachment')}".encode()
    tree["__attach_version1.0_#00000000"] = _stored(attached, head=8)
    linked = dict(
        [_text(0x3707, "link", wide=wide), _text(0x370D, f"S:\\{w('path of a linked attachment', ANY)}.txt", wide=wide)]
    )
    tree["__attach_version1.0_#00000001"] = _stored(linked, head=8)
    if inner is not None:
        tree["__attach_version1.0_#00000002"] = {
            **_stored(dict([_text(0x3001, "message", wide=wide)]), head=8),
            "__substg1.0_3701000D": inner,
        }
    tree["__nameid_version1.0"] = {
        "__substg1.0_00020102": b"", "__substg1.0_00030102": b"",
        "__substg1.0_00040102": len(f"{w('name of a named property', ANY)}".encode("utf-16-le")).to_bytes(4, "little") + w.places[-1].word.encode("utf-16-le"),
    }  # fmt: skip
    return tree


class _Inside(Words):
    """Words of a message inside another, whose places stand beside the outer ones."""

    def __init__(self, outer: Words, what: str) -> None:
        super().__init__(outer.format, f"{outer.title}, {what}")
        self.places = outer.places


def build_msg() -> list[Canary]:
    """Return messages with Unicode and with 8-bit properties."""
    made: list[Canary] = []
    for title, wide in (("Unicode", True), ("8-bit", False)):
        w = Words("msg", title)
        inner = _message(_Inside(w, "attached message"), wide=wide)
        inner["__properties_version1.0"] = inner["__properties_version1.0"][:24] + inner["__properties_version1.0"][32:]
        made.append(w.file(compound(_message(w, wide=wide, inner=inner)), "mail.msg"))
    return made


def _attribute(level: int, number: int, content: bytes) -> bytes:
    return (
        bytes([level]) + struct.pack("<II", number, len(content)) + content + struct.pack("<H", sum(content) & 0xFFFF)
    )


def _mapi(properties: list[tuple[int, int, bytes]]) -> bytes:
    out = struct.pack("<I", len(properties))
    for number, kind, value in properties:
        out += struct.pack("<HH", kind, number)
        if kind in (0x1E, 0x1F, 0x102):
            out += struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)
        else:
            out += value
    return out


def build_tnef() -> list[Canary]:
    """Return a winmail.dat, alone."""
    w = Words("tnef", "winmail")
    triple = (
        struct.pack("<HHHH", 4, 16, 4, 18)
        + b"Somebody\x00".ljust(4)
        + f"SMTP:{w('sender', ANY)}@b.example\x00".encode()
    )
    inside = _mapi(
        [
            (0x0037, 0x1F, f"{w('subject of an attached message', ANY)}\x00".encode("utf-16-le")),
            (0x1000, 0x1F, f"{w('body of an attached message', ANY)}\x00".encode("utf-16-le")),
        ]
    )
    nested = struct.pack("<IH", 0x223E9F78, 1) + _attribute(1, 0x00069003, inside)
    properties = _mapi([
        (0x0037, 0x1F, f"{w('subject, MAPI', ANY)}\x00".encode("utf-16-le")),
        (0x1000, 0x1E, f"{w('body, MAPI', ANY)}\x00".encode()),
        (0x1013, 0x102, f"<html><body><p>{w('HTML body')}</p></body></html>".encode()),
        (0x1009, 0x102, _uncompressed_rtf(w("RTF body", ANY))),
        (0x0C1A, 0x1F, f"{w('sender name, MAPI', ANY)}\x00".encode("utf-16-le")),
    ])  # fmt: skip
    rows = _mapi([(0x3001, 0x1F, f"{w('recipient', ANY)}\x00".encode("utf-16-le"))])
    message_object = bytes.fromhex("0703020000000000c000000000000046")
    attached = _mapi([
        (0x3707, 0x1F, f"{w('long name of an attachment', ANY)}.txt\x00".encode("utf-16-le")),
        (0x370E, 0x1E, b"text/plain\x00"),
    ])  # fmt: skip
    content = struct.pack("<IH", 0x223E9F78, 1) + b"".join((
        _attribute(1, 0x00089006, struct.pack("<I", 0x00010000)), _attribute(1, 0x00069007, struct.pack("<II", 1252, 0)),
        _attribute(1, 0x00078008, b"IPM.Note\x00"), _attribute(1, 0x00018004, f"{w('subject', ANY)}\x00".encode()),
        _attribute(1, 0x0002800C, f"{w('body', ANY)}\x00".encode()), _attribute(1, 0x00008000, triple),
        _attribute(1, 0x00069004, struct.pack("<I", 1) + rows), _attribute(1, 0x00069003, properties),
        _attribute(2, 0x00069002, bytes(14)), _attribute(2, 0x00018010, f"{w('title of an attachment', ANY)}.txt\x00".encode()),
        _attribute(2, 0x0006800F, f"words {w('attachment')}".encode()), _attribute(2, 0x00069005, attached),
        _attribute(2, 0x00069002, bytes(14)), _attribute(2, 0x00018010, b"message\x00"),
        _attribute(2, 0x00069005, _mapi([])[:0] + struct.pack("<I", 1) + struct.pack("<HH", 0x0D, 0x3701) + struct.pack("<II", 1, len(nested) + 16) + message_object + nested + bytes(-len(nested) % 4)),
    ))  # fmt: skip
    return [w.file(content, "winmail.dat")]
