# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of files, one a line
"""Outlook messages: subject, people, bodies, attachments, and messages inside; built here property by property."""

import struct

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import compound
from safehold.reading.basics.compound import Tree
from safehold.reading.mail import mapi

WORD = "Quillfeather"


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def message(
    texts: dict[int, str] | None = None,
    *,
    narrow: dict[int, bytes] | None = None,
    binaries: dict[int, bytes] | None = None,
    numbers: dict[int, int] | None = None,
    header: int = 32,
    **storages: Tree,
) -> Tree:
    """A message (or, with another size of header, a recipient or attachment)."""
    tree: Tree = {f"__substg1.0_{number:04X}001F": wide(text) for number, text in (texts or {}).items()}
    tree |= {f"__substg1.0_{number:04X}001E": raw for number, raw in (narrow or {}).items()}
    tree |= {f"__substg1.0_{number:04X}0102": raw for number, raw in (binaries or {}).items()}
    rows = b"".join(struct.pack("<HHIII", 3, number, 6, value, 0) for number, value in (numbers or {}).items())
    tree["__properties_version1.0"] = bytes(header) + rows
    for name, storage in storages.items():
        kind, _, index = name.partition("_")
        tree[f"__{kind}_version1.0_#{int(index or 0):08X}"] = storage
    return tree


def attachment(name: str, content: bytes | Tree, **more: int) -> Tree:
    tree = message({0x3707: name}, numbers=more and {0x3705: more["method"]}, header=8)
    if isinstance(content, dict):
        tree["__substg1.0_3701000D"] = content
    else:
        tree["__substg1.0_37010102"] = content
    return tree


def compressed(rtf: bytes) -> bytes:
    """RTF in the envelope of compressed RTF, not compressed."""
    return struct.pack("<II", len(rtf) + 12, len(rtf)) + b"MELA" + bytes(4) + rtf


HTML_IN_RTF = rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}Quill\htmlrtf \b \htmlrtf0 feather{\*\htmltag72 </p>}}"
PLACES = {
    "the subject": (message({0x37: WORD}), PlaceKind.SUBJECT, Visibility.VISIBLE),
    "the sender": (message({0xC1A: WORD}), PlaceKind.HEADER, Visibility.VISIBLE),
    "a recipient": (message(recip_0=message({0x3001: WORD}, header=8)), PlaceKind.HEADER, Visibility.VISIBLE),
    "the address of a recipient": (
        message(recip_0=message({0x39FE: f"{WORD}@example.org"}, header=8)), PlaceKind.HEADER, Visibility.VISIBLE,
    ),
    "Bcc": (message({0xE02: f"Jo; {WORD}"}), PlaceKind.HEADER, Visibility.VISIBLE),
    "the plain body": (message({0x1000: WORD}), PlaceKind.BODY, Visibility.VISIBLE),
    "the HTML body": (message(binaries={0x1013: f"<p>{WORD}</p>".encode()}), PlaceKind.BODY, Visibility.VISIBLE),
    "the HTML body as text": (message({0x1013: f"<p>{WORD}</p>"}), PlaceKind.BODY, Visibility.VISIBLE),
    "the RTF body": (
        message(binaries={0x1009: compressed(b"{\\rtf1 Quillfeather}")}), PlaceKind.BODY, Visibility.VISIBLE,
    ),
    "HTML in the RTF body": (message(binaries={0x1009: compressed(HTML_IN_RTF)}), PlaceKind.BODY, Visibility.VISIBLE),
    "a quoted thread": (
        message({0x1000: f"Thanks\n\n-----Original Message-----\n{WORD}\n"}), PlaceKind.QUOTED, Visibility.VISIBLE,
    ),
    "a header of the internet": (
        message({0x7D: f"Received: by a.example\nFrom: {WORD} <a@example.org>\n"}), PlaceKind.HEADER,
        Visibility.VISIBLE,
    ),
    "a header below Outlook's own line": (
        message({0x7D: f"Microsoft Mail Internet Headers Version 2.0\nX-Case: {WORD}\n"}), PlaceKind.HEADER,
        Visibility.VISIBLE,
    ),
    "a field of a contact": (message({0x3A08: WORD}), PlaceKind.METADATA, Visibility.VISIBLE),
    "a property of somebody's own": (message({0x8005: WORD}), PlaceKind.METADATA, Visibility.VISIBLE),
    "a category": (
        message() | {"__substg1.0_8001101F": b"", "__substg1.0_8001101F-00000000": wide(WORD)}, PlaceKind.METADATA,
        Visibility.VISIBLE,
    ),
    "the name of somebody's property": (
        message() | {"__nameid_version1.0": {"__substg1.0_00040102": struct.pack("<I", 24) + wide(WORD)}},
        PlaceKind.METADATA, Visibility.ATTRIBUTE,
    ),
    "an attachment": (message(attach_0=attachment("a.txt", WORD.encode())), PlaceKind.TEXT, Visibility.VISIBLE),
    "the name of an attachment": (
        message(attach_0=attachment(f"{WORD}.txt", b"x")), PlaceKind.FILENAME, Visibility.VISIBLE,
    ),
    "a message inside": (
        message(attach_0=attachment("inner", message({0x37: WORD}, header=24))), PlaceKind.SUBJECT, Visibility.VISIBLE,
    ),
    "a message inside a message inside": (
        message(attach_0=attachment("a", message(header=24, attach_0=attachment("b", message({0x37: WORD}, header=24))))),
        PlaceKind.SUBJECT, Visibility.VISIBLE,
    ),
    "an embedded object": (
        message(attach_0=attachment("ole", {"Package": b"{\\rtf1 Quillfeather}"})), PlaceKind.PARAGRAPH,
        Visibility.VISIBLE,
    ),
    "a stream of its own": (message() | {"More": wide(WORD)}, PlaceKind.METADATA, Visibility.HIDDEN),
}  # fmt: skip


@pytest.mark.parametrize(("tree", "kind", "visibility"), PLACES.values(), ids=PLACES.keys())
def test_every_place_is_read_under_its_name(read_here, tree, kind, visibility):
    read = read_here(compound.write(tree), "a.msg")

    assert WORD in "\n".join(read.texts(kind, visibility))
    assert read.problems == []


def test_a_message_as_a_file_is_an_outlook_message(read_here):
    assert read_here(compound.write(message({0x37: "x"})), "a.msg").reading.parts[0].media_type == (
        "application/vnd.ms-outlook"
    )


def test_8_bit_texts_are_read_in_the_code_page_of_the_message(read_here):
    content = compound.write(message(narrow={0x37: "Žluťoučký kůň".encode("cp1250")}, numbers={0x3FFD: 1250}))

    assert read_here(content, "a.msg").texts(PlaceKind.SUBJECT) == ["Žluťoučký kůň"]


def test_8_bit_texts_without_code_page_are_read_by_the_language(read_here):
    content = compound.write(message(narrow={0x37: "Кириллица".encode("cp1251")}, numbers={0x3FF1: 0x0419}))

    assert read_here(content, "a.msg").texts(PlaceKind.SUBJECT) == ["Кириллица"]


def test_a_plain_body_that_says_something_else_is_another_alternative(read_here):
    content = compound.write(message({0x1000: f"quite other {WORD} words"}, binaries={0x1013: b"<p>Shown to all</p>"}))
    read = read_here(content, "a.msg")

    assert read.texts(PlaceKind.BODY, Visibility.VISIBLE) == ["Shown to all"]
    assert read.texts(PlaceKind.BODY, Visibility.ALTERNATIVE) == [f"quite other {WORD} words"]


def test_attachments_keep_the_number_of_the_message_they_lie_in(read_here):
    inner = message(header=24, attach_0=attachment("b.txt", b"x"))
    content = compound.write(message(attach_0=attachment("a", inner)))

    assert {part.attachment for part in read_here(content, "a.msg").reading.parts} == {1}


def test_an_attachment_that_lies_elsewhere_is_incomplete(read_here):
    content = compound.write(message(attach_0=attachment("plan.doc", b"", method=4)))

    assert read_here(content, "a.msg").problems == [("a.msg/plan.doc", "incomplete")]


def test_a_message_under_rights_management_is_encrypted(read_here):
    sealed = bytes.fromhex("76e80460c411e386") + bytes(100)
    content = compound.write(message(attach_0=attachment("message.rpmsg", sealed)))

    assert read_here(content, "a.msg").problems == [("a.msg/message.rpmsg", "encrypted")]


def test_a_signed_message_is_read_by_its_only_attachment(read_here):
    signed = b'Content-Type: multipart/signed; boundary="b"\r\n\r\n--b\r\n\r\nQuillfeather\r\n--b--\r\n'
    read = read_here(compound.write(message(attach_0=attachment("smime.p7m", signed))), "a.msg")

    assert WORD in "\n".join(read.texts(PlaceKind.BODY))


def test_exchange_addresses_are_not_people(read_here):
    content = compound.write(message({0xC1F: "/O=EXAMPLE/OU=X/CN=RECIPIENTS/CN=JO", 0xC1A: "Jo Example"}))

    assert read_here(content, "a.msg").texts(PlaceKind.HEADER) == ["Jo Example"]


def test_messages_nested_without_end_stop_at_the_depth_limit(read_here):
    tree = message({0x37: "deepest"}, header=24)
    for _ in range(14):
        tree = message(header=24, attach_0=attachment("inner", tree))

    assert "too_deep" in read_here(compound.write(tree), "a.msg").reasons


def test_rubbish_in_place_of_compressed_rtf_is_damage(read_here):
    content = compound.write(message(binaries={0x1009: bytes(16) + WORD.encode()}))
    read = read_here(content, "a.msg")

    assert WORD in read.text
    assert read.problems == [("a.msg", "corrupt")]


def test_every_message_of_the_corpora_is_read(read_here, corpora):
    read_well = 0
    for path in sorted((corpora / "documents").rglob("*.msg")):
        read = read_here(path.read_bytes(), path.name)
        assert "corrupt" not in read.reasons, path.name
        assert read.texts(PlaceKind.SUBJECT) or read.texts(PlaceKind.BODY) or read.texts(PlaceKind.METADATA), path.name
        read_well += 1

    assert read_well >= 15


def test_compressed_rtf_is_what_the_library_makes_of_it(corpora):
    """compressed-rtf as the oracle, over the bodies of the corpora."""
    compressed_rtf = pytest.importorskip("compressed_rtf")
    compared = 0
    for path in sorted((corpora / "documents").rglob("*.msg")):
        opened = compound.Compound(path.read_bytes())
        raw = opened.read(opened.find("__substg1.0_10090102"))
        if raw:
            assert mapi.decompressed(raw) == compressed_rtf.decompress(raw)
            compared += 1

    assert compared >= 8


@pytest.mark.parametrize("text", [b"", b"a", b"{\\rtf1 abc}" * 500, bytes(range(256)) * 4])
def test_compressed_rtf_is_undone(text):
    compressed_rtf = pytest.importorskip("compressed_rtf")

    assert mapi.decompressed(compressed_rtf.compress(text)) == text


def test_compressed_rtf_cut_short_gives_what_there_is():
    compressed_rtf = pytest.importorskip("compressed_rtf")
    packed = compressed_rtf.compress(b"{\\rtf1 " + bytes(range(97, 123)) * 20 + b"}")

    found = mapi.decompressed(packed[: len(packed) // 2])

    assert found is not None
    assert found.startswith(b"{\\rtf1 abc")


SAID = "for Jane Quillfeather"
CORNERS = {
    "the class of the message": message({0x1A: SAID}),
    "an id of the message": message({0x1035: SAID}),
    "a body under the number of a program": message(binaries={0x1209: compressed(b"{\\rtf1 Quillfeather}")}),
    "one word as the class of the message": message({0x1A: WORD}),
    "8-bit text that is wide": message(narrow={0xC1A: wide(WORD)}),
    "wide text that is 8-bit": message() | {"__substg1.0_0C1A001F": WORD.encode()},
    "the prefix of the subject": message({0x3D: SAID}),
    "bytes of a program": message(binaries={0x6700: SAID.encode()}),
    "bytes of a program, wide": message(binaries={0x6700: wide(SAID)}),
    "bytes under a name": message(binaries={0x8005: SAID.encode() + bytes(20)}),
    "a property of a kind nobody knows": message() | {"__substg1.0_66000005": SAID.encode()},
    "HTML beside other HTML": message({0x1013: f"<p>{SAID}"}, binaries={0x1013: b"<p>x</p>"}),
    "the line above the headers": message({0x7D: f"{SAID}\r\nSubject: x\r\n"}),
    "a header that describes a body": message({0x7D: f"X: y\r\nContent-Description: {SAID}\r\n"}),
    "the body of a recipient": message(recip_0=message({0x1000: SAID}, header=8)),
    "bytes of a recipient": message(recip_0=message(binaries={0x6000: SAID.encode()}, header=8)),
    "a stream in a recipient": message(recip_0=message(header=8) | {"more": SAID.encode()}),
    "the name of a stream in a recipient": message(recip_0=message(header=8) | {SAID: b"x"}),
    "a storage in a recipient": message(recip_0=message(header=8) | {"more": {"x": SAID.encode()}}),
    "the subject of an attachment": message(attach_0=message({0x3707: "a.txt", 0x37: SAID}, header=8)),
    "the ending of an attachment": message(attach_0=message({0x3707: "a.txt", 0x3703: SAID}, header=8)),
    "the type of an attachment": message(attach_0=message({0x3707: "a.txt", 0x370E: SAID}, header=8)),
    "the icon of an attachment": message(attach_0=message({0x3707: "a.txt"}, binaries={0x3709: SAID.encode()}, header=8)),
    "a stream in an attachment": message(attach_0=message({0x3707: "a.txt"}, header=8) | {"more": SAID.encode()}),
    "an object beside the bytes of an attachment": message(attach_0=attachment("a.txt", b"words") | {"more": {"x": SAID.encode()}}),
    "the second object of an attachment": message(attach_0=attachment("a.txt", {"x": b"some words"}) | {"more": {"x": SAID.encode()}}),
    "a stream among the names": message() | {"__nameid_version1.0": {"more": SAID.encode()}},
    "the ids among the names": message() | {"__nameid_version1.0": {"__substg1.0_00020102": SAID.encode()}},
    "the table of properties": message() | {"__properties_version1.0": bytes(32) + SAID.encode().ljust(32)},
}  # fmt: skip


@pytest.mark.parametrize("tree", CORNERS.values(), ids=CORNERS.keys())
def test_what_stands_where_outlook_keeps_no_text_is_read(read_here, tree):
    assert WORD in read_here(compound.write(tree), "a.msg").text


def test_what_programs_say_to_programs_is_left_alone(read_here):
    read = read_here(compound.write(message({0x1A: "IPM.Note", 0x37: "x", 0x1035: "<4711@example.org>"})), "a.msg")

    assert read.texts(PlaceKind.METADATA) == []
