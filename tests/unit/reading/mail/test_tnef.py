# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of files, one a line
"""winmail.dat: every attribute and property with words in it, and counts that lie."""

import struct

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import compound

WORD = "Quillfeather"
SIGNATURE = struct.pack("<IH", 0x223E9F78, 1)
MESSAGE, ATTACHMENT = 1, 2
NARROW, WIDE, BINARY, OBJECT = 0x1E, 0x1F, 0x102, 0x0D
MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, number: int, raw: bytes) -> bytes:
    return struct.pack("<BII", level, number, len(raw)) + raw + struct.pack("<H", sum(raw) & 0xFFFF)


def padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % 4)


def value(number: int, kind: int, *raws: bytes, name: str = "") -> bytes:
    """A property of one of the kinds that vary in length."""
    named = b""
    if number >= 0x8000:
        wide = (name + "\0").encode("utf-16-le")
        named = bytes(16) + (struct.pack("<II", 1, len(wide)) + padded(wide) if name else struct.pack("<II", 0, 7))
    head = struct.pack("<HH", kind, number) + named + struct.pack("<I", len(raws))
    return head + b"".join(struct.pack("<I", len(raw)) + padded(raw) for raw in raws)


def number(key: int, figure: int) -> bytes:
    return struct.pack("<HHI", 3, key, figure)


def properties(*values: bytes) -> bytes:
    return struct.pack("<I", len(values)) + b"".join(values)


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def winmail(*attributes: bytes) -> bytes:
    return SIGNATURE + attribute(MESSAGE, 0x89006, struct.pack("<I", 0x10000)) + b"".join(attributes)


def mapi(*values: bytes) -> bytes:
    return attribute(MESSAGE, 0x69003, properties(*values))


def attached(*attributes: bytes) -> bytes:
    return attribute(ATTACHMENT, 0x69002, bytes(14)) + b"".join(attributes)


def data(raw: bytes) -> bytes:
    return attribute(ATTACHMENT, 0x6800F, raw)


def inner(raw: bytes) -> bytes:
    """An attachment that is a message, as its properties hold it."""
    return attached(attribute(ATTACHMENT, 0x69005, properties(value(0x3701, OBJECT, MESSAGE_INTERFACE + raw))))


PLACES = {
    "the subject": (winmail(attribute(MESSAGE, 0x18004, WORD.encode() + b"\0")), PlaceKind.SUBJECT),
    "the subject as a property": (winmail(mapi(value(0x37, WIDE, wide(WORD)))), PlaceKind.SUBJECT),
    "the body": (winmail(attribute(MESSAGE, 0x2800C, WORD.encode() + b"\0")), PlaceKind.BODY),
    "the body as a property": (winmail(mapi(value(0x1000, NARROW, WORD.encode()))), PlaceKind.BODY),
    "the HTML body": (winmail(mapi(value(0x1013, BINARY, f"<p>{WORD}</p>".encode()))), PlaceKind.BODY),
    "the RTF body": (
        winmail(mapi(value(0x1009, BINARY, struct.pack("<II", 34, 22) + b"MELA" + bytes(4) + b"{\\rtf1 Quillfeather}  "))),
        PlaceKind.BODY,
    ),
    "the sender": (winmail(mapi(value(0xC1A, WIDE, wide(WORD)))), PlaceKind.HEADER),
    "a recipient": (
        winmail(attribute(MESSAGE, 0x69004, struct.pack("<I", 1) + properties(value(0x3001, WIDE, wide(WORD))))),
        PlaceKind.HEADER,
    ),
    "the sender as old writers put it": (
        winmail(attribute(MESSAGE, 0x8000, struct.pack("<HHHH", 4, 16, 4, 18) + b"Jo\0SMTP:Quillfeather@example.org\0")),
        PlaceKind.METADATA,
    ),
    "a second subject": (
        winmail(attribute(MESSAGE, 0x18004, WORD.encode() + b"\0"), mapi(value(0x37, WIDE, wide("other")))),
        PlaceKind.METADATA,
    ),
    "an attribute of no known number": (winmail(attribute(MESSAGE, 0x64321, WORD.encode())), PlaceKind.METADATA),
    "the second content of an attachment": (winmail(attached(data(b"x"), data(WORD.encode()))), PlaceKind.TEXT),
    "a property with a name": (
        winmail(mapi(value(0x8001, WIDE, wide(WORD), name="Case"))), PlaceKind.METADATA,
    ),
    "the name of a property": (
        winmail(mapi(value(0x8001, WIDE, wide("x"), name=WORD))), PlaceKind.METADATA,
    ),
    "the second value of a property": (
        winmail(mapi(value(0x8002, WIDE | 0x1000, wide("x"), wide(WORD)))), PlaceKind.METADATA,
    ),
    "what follows numbers of every size": (
        winmail(mapi(number(0x26, 1), struct.pack("<HHd", 5, 0x27, 1.0), struct.pack("<HHHH", 0x0B, 0x28, 1, 0),
                     struct.pack("<HHIII", 0x1003, 0x29, 2, 1, 2), value(0x37, WIDE, wide(WORD)))),
        PlaceKind.SUBJECT,
    ),
    "an attachment": (winmail(attached(attribute(ATTACHMENT, 0x18010, b"a.txt\0"), data(WORD.encode()))), PlaceKind.TEXT),
    "an attachment with its name after it": (
        winmail(attached(data(b"x"), attribute(ATTACHMENT, 0x18010, WORD.encode() + b".txt\0"))), PlaceKind.FILENAME,
    ),
    "the long name of an attachment": (
        winmail(attached(data(b"x"), attribute(ATTACHMENT, 0x69005, properties(value(0x3707, WIDE, wide(f"{WORD}.txt")))))),
        PlaceKind.FILENAME,
    ),
    "an attachment as a property": (
        winmail(attached(attribute(ATTACHMENT, 0x69005, properties(value(0x3701, BINARY, WORD.encode()))))), PlaceKind.TEXT,
    ),
    "a message inside": (winmail(inner(winmail(mapi(value(0x37, WIDE, wide(WORD)))))), PlaceKind.SUBJECT),
    "an object inside": (winmail(inner(compound.write({"Package": b"{\\rtf1 Quillfeather}"}))), PlaceKind.PARAGRAPH),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind"), PLACES.values(), ids=PLACES.keys())
def test_every_place_is_read_under_its_name(read_here, content, kind):
    read = read_here(content, "winmail.dat")

    assert WORD in "\n".join(read.texts(kind))
    assert read.problems == []


def test_8_bit_text_is_read_in_the_code_page_of_the_file(read_here):
    content = winmail(
        attribute(MESSAGE, 0x69007, struct.pack("<II", 1251, 0)),
        attribute(MESSAGE, 0x18004, "Кириллица".encode("cp1251")),
    )

    assert read_here(content, "winmail.dat").texts(PlaceKind.SUBJECT) == ["Кириллица"]


FORGED = {
    "a count of properties": winmail(attribute(MESSAGE, 0x69003, struct.pack("<I", 0xFFFFFFFF) + bytes(100))),
    "a count of values": winmail(attribute(MESSAGE, 0x69003, struct.pack("<IHHI", 1, 0x1E, 0x37, 0xFFFFFFFF))),
    "a length of a value": winmail(attribute(MESSAGE, 0x69003, struct.pack("<IHHII", 1, 0x1E, 0x37, 1, 0xFFFFFFFF))),
    "a count of numbers": winmail(attribute(MESSAGE, 0x69003, struct.pack("<IHHI", 1, 0x1003, 0x37, 0xFFFFFFFF))),
    "a length of a name": winmail(
        attribute(MESSAGE, 0x69003, struct.pack("<IHH16xII", 1, 0x1F, 0x8000, 1, 0xFFFFFFFF))
    ),
    "a count of recipients": winmail(attribute(MESSAGE, 0x69004, struct.pack("<I", 0xFFFFFFFF) + bytes(200_000))),
    "a length of an attribute": winmail(struct.pack("<BII", MESSAGE, 0x18004, 0xFFFFFFFF) + b"x"),
    "a kind of property": winmail(attribute(MESSAGE, 0x69003, struct.pack("<IHHI", 1, 0x77, 0x37, 1))),
    "a count of properties that is too small": winmail(
        attribute(MESSAGE, 0x69003, struct.pack("<I", 1) + value(0x37, WIDE, wide("x")) + value(0x38, WIDE, wide("y")))
    ),
    "a level": winmail(struct.pack("<BII", 9, 0x18004, 1) + b"x"),
}


@pytest.mark.parametrize("content", FORGED.values(), ids=FORGED.keys())
def test_what_lies_is_said_to_lie(read_here, content):
    assert read_here(content, "winmail.dat").problems[0][1] in ("corrupt", "too_many")


def test_what_stands_before_a_lie_is_read(read_here):
    lie = struct.pack("<HHI", 0x1E, 0x1000, 0xFFFFFFFF)
    content = winmail(attribute(MESSAGE, 0x69003, struct.pack("<I", 2) + value(0x37, WIDE, wide(WORD)) + lie))

    assert read_here(content, "winmail.dat").texts(PlaceKind.SUBJECT) == [WORD]


def test_a_file_cut_short_says_so(read_here):
    content = winmail(mapi(value(0x37, WIDE, wide(WORD))), attached(data(b"x" * 500)))[:-100]
    read = read_here(content, "winmail.dat")

    assert read.texts(PlaceKind.SUBJECT) == [WORD]
    assert ("winmail.dat", "corrupt") in read.problems


def test_text_behind_the_end_is_read(read_here):
    read = read_here(winmail() + b"\0" + WORD.encode() + b" and more", "winmail.dat")

    assert WORD in read.text
    assert ("winmail.dat", "corrupt") in read.problems


def test_messages_nested_without_end_stop_at_the_depth_limit(read_here):
    content = winmail()
    for _ in range(14):
        content = winmail(inner(content))

    assert "too_deep" in read_here(content, "winmail.dat").reasons


def test_a_winmail_in_a_mail_is_an_attachment_with_attachments(read_here):
    import base64

    body = base64.encodebytes(winmail(attached(attribute(ATTACHMENT, 0x18010, b"a.txt\0"), data(WORD.encode()))))
    mail = (
        b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/ms-tnef\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + body
    )
    read = read_here(mail)

    assert WORD in read.texts(PlaceKind.TEXT)
    assert {part.attachment for part in read.reading.parts} == {0, 1}


def test_every_file_of_the_corpora_is_read(read_here, corpora):
    files = [
        *sorted((corpora / "documents/mimekit-tnef").glob("*.tnef")),
        *sorted((corpora / "documents").rglob("*.dat")),
    ]
    for path in files:
        read = read_here(path.read_bytes(), path.name)

        assert (path.name, "corrupt") not in read.problems
        assert len(read.reading.segments) > 1
    assert len(files) >= 9


def test_visibility_of_the_names_of_properties(read_here):
    content = winmail(mapi(value(0x8001, WIDE, wide("x"), name=WORD)))

    assert read_here(content, "winmail.dat").texts(PlaceKind.METADATA, Visibility.ATTRIBUTE) == [WORD]


SAID = b"for Jane Quillfeather"
CORNERS = {
    "the class": winmail(attribute(MESSAGE, 0x78008, SAID)),
    "the beginning of a sender": winmail(attribute(MESSAGE, 0x08000, WORD.encode())),
    "an id": winmail(attribute(MESSAGE, 0x18009, SAID)),
    "a conversation": winmail(attribute(MESSAGE, 0x6800B, SAID)),
    "a date": winmail(attribute(MESSAGE, 0x38005, SAID)),
    "the look of an attachment": winmail(attribute(ATTACHMENT, 0x69002, SAID)),
    "the end of a long name": winmail(mapi(value(0x8001, WIDE, b"x", name="x" * 1_000 + WORD))),
    "bytes of a program": winmail(mapi(value(0x6700, BINARY, SAID))),
    "behind a property of a kind nobody knows": winmail(
        attribute(MESSAGE, 0x69003, struct.pack("<IHH", 1, 0x99, 0x6001) + SAID)
    ),
}


@pytest.mark.parametrize("content", CORNERS.values(), ids=CORNERS.keys())
def test_what_stands_where_outlook_keeps_no_text_is_read(read_here, content):
    assert WORD in read_here(content, "winmail.dat").text


def test_an_attachment_that_holds_a_file_and_an_object_is_both(read_here):
    both = attribute(ATTACHMENT, 0x69005, properties(value(0x3701, OBJECT, MESSAGE_INTERFACE + winmail())))

    assert WORD in read_here(winmail(attached(data(f"words {WORD}".encode()), both)), "winmail.dat").text
