# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of files, one a line
"""PowerPoint presentations before 2007: every text of a slide, what hides, and what earlier saves left."""

import io
import struct
import zipfile
import zlib

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import compound
from safehold.reading.basics.compound import Tree

WORD = "Quillfeather"
TOKEN, ENCRYPTED_TOKEN = 0xE391C05F, 0xF3D1C4DF


def atom(kind: int, raw: bytes, instance: int = 0) -> bytes:
    return struct.pack("<HHI", instance << 4, kind, len(raw)) + raw


def container(kind: int, *inner: bytes, instance: int = 0) -> bytes:
    raw = b"".join(inner)
    return struct.pack("<HHI", instance << 4 | 0xF, kind, len(raw)) + raw


def chars(text: str) -> bytes:
    return atom(4000, text.encode("utf-16-le"))


def string(text: str, instance: int = 0) -> bytes:
    return atom(4026, text.encode("utf-16-le"), instance)


def slide(*inner: bytes, hidden: bool = False) -> bytes:
    show = atom(1017, struct.pack("<IIBBH", 0, 0, 0, 0, 4)) if hidden else b""
    return container(1006, container(1036, container(0xF002, container(0xF00D, *inner))), show)


def listed(*slides: tuple[int, int, bytes], instance: int = 0) -> bytes:
    """A list of slides: of each the number in the directory, its id, and texts of its outline."""
    rows = [atom(1011, struct.pack("<IIIII", number, 0, 0, key, 0)) + texts for number, key, texts in slides]
    return container(4080, *rows, instance=instance)


def presentation(
    *pages: bytes,
    document: bytes = b"",
    outlines: tuple[bytes, ...] = (),
    old: tuple[bytes, ...] = (),
    streams: Tree | None = None,
    after: bytes = b"",
    token: int = TOKEN,
) -> bytes:
    """A presentation: *old* pages are in the stream and not in the directory of the last save."""
    body = b"".join(old)
    slides = [
        (number, 255 + number, outlines[number - 2] if number - 2 < len(outlines) else b"")
        for number in range(2, 2 + len(pages))
    ]
    offsets = [len(body)]
    body += container(1000, listed(*slides), document)
    for page in pages:
        offsets.append(len(body))
        body += page
    directory = len(body)
    body += atom(6002, struct.pack("<I", len(offsets) << 20 | 1) + struct.pack(f"<{len(offsets)}I", *offsets))
    edit = len(body)
    body += atom(4085, struct.pack("<IIIIIII", 0, 0, 0, directory, 1, 1, 0))
    user = atom(4086, struct.pack("<III", 20, token, edit) + bytes(12))
    return compound.write({"PowerPoint Document": body + after, "Current User": user, **(streams or {})})


COMMENT = container(12000, string("Zephyrine", 0), string(WORD, 1), string("Z", 2))
PLACES = {
    "a slide": (presentation(slide(chars(WORD))), PlaceKind.SLIDE, Visibility.VISIBLE),
    "8-bit text": (presentation(slide(atom(4008, WORD.encode()))), PlaceKind.SLIDE, Visibility.VISIBLE),
    "the outline of a slide": (presentation(slide(), outlines=(chars(WORD),)), PlaceKind.SLIDE, Visibility.VISIBLE),
    "a hidden slide": (presentation(slide(chars(WORD), hidden=True)), PlaceKind.SLIDE, Visibility.HIDDEN),
    "notes": (
        presentation(slide(chars("a")), container(1008, atom(1009, struct.pack("<I", 257)), container(1036, chars(WORD)))),
        PlaceKind.NOTE, Visibility.VISIBLE,
    ),
    "a master": (
        presentation(slide(chars("a")), container(1016, chars(WORD))), PlaceKind.PAGE_HEADER, Visibility.VISIBLE,
    ),
    "a footer": (
        presentation(container(1006, container(4057, string(WORD, 2)))), PlaceKind.PAGE_HEADER, Visibility.VISIBLE,
    ),
    "a comment": (presentation(slide(COMMENT)), PlaceKind.COMMENT, Visibility.COMMENT),
    "a comment in what a later version added": (
        presentation(slide(container(5000, container(5002, string("___PPT10"), atom(5003, COMMENT))))),
        PlaceKind.COMMENT, Visibility.COMMENT,
    ),
    "a hyperlink": (
        presentation(slide(chars("a")), document=container(1033, container(4055, string(f"http://{WORD}.example", 1)))),
        PlaceKind.METADATA, Visibility.ATTRIBUTE,
    ),
    "an earlier state of a slide": (
        presentation(slide(chars("a")), old=(slide(chars(WORD)),)), PlaceKind.SLIDE, Visibility.HIDDEN,
    ),
    "alternative text": (
        presentation(slide(struct.pack("<HHI", 0x13, 0xF00B, 6 + 2 * len(WORD)),
                           struct.pack("<HI", 0x8381, 2 * len(WORD)), WORD.encode("utf-16-le"))),
        PlaceKind.SLIDE, Visibility.ATTRIBUTE,
    ),
    "a stream of its own": (
        presentation(slide(chars("a")), streams={"More": WORD.encode("utf-16-le")}), PlaceKind.METADATA,
        Visibility.HIDDEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "visibility"), PLACES.values(), ids=PLACES.keys())
def test_every_place_is_read_under_its_name(read_here, content, kind, visibility):
    read = read_here(content, "a.ppt")

    assert WORD in "\n".join(read.texts(kind, visibility))
    assert read.problems == []


@pytest.mark.parametrize(
    ("name", "mark"),
    {
        "a hidden slide": "hidden_slide",
        "notes": "speaker_notes",
        "a comment": "comments",
        "an earlier state of a slide": "old_revision",
    }.items(),
)
def test_what_hides_is_marked(read_here, name, mark):
    assert mark in read_here(PLACES[name][0], "a.ppt").marks


def drawing(text: str, times: int = 1) -> bytes:
    """A drawing in the form of a later Office, as a property of its shape."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("drs/diagram.xml", f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" * times)
    return out.getvalue()


def test_a_drawing_of_a_later_office_is_read(read_here):
    read = read_here(presentation(slide(chars("a"), atom(0xF122, drawing("Quill</a:t><a:t>feather")))), "a.ppt")

    assert WORD in read.texts(PlaceKind.SLIDE, Visibility.VISIBLE)


def test_drawings_that_expand_like_bombs_are_stopped(read_here):
    bomb = atom(0xF122, drawing("a" * 1_000, 2_000))
    bombs = (bomb for _ in range(120))
    read = read_here(presentation(slide(chars(WORD), *bombs)), "a.ppt")

    assert WORD in read.text
    assert ("a.ppt", "too_large") in read.problems


def test_slides_and_notes_have_the_number_of_the_slide(read_here):
    notes = container(1008, atom(1009, struct.pack("<I", 258)), chars("of the second"))
    content = presentation(slide(chars("one")), slide(chars("two")), notes)
    places = {(s.place.kind, s.place.number): s.text for s in read_here(content, "a.ppt").reading.segments}

    assert places[PlaceKind.SLIDE, 1] == "one"
    assert places[PlaceKind.SLIDE, 2] == "two"
    assert places[PlaceKind.NOTE, 2] == "of the second"


def test_what_an_earlier_state_says_again_is_not_said_again(read_here):
    read = read_here(presentation(slide(chars(WORD)), old=(slide(chars(WORD), chars("gone")),)), "a.ppt")

    assert read.texts(PlaceKind.SLIDE, Visibility.HIDDEN) == ["gone"]


def test_without_a_directory_every_slide_counts(read_here):
    content = compound.write({"PowerPoint Document": slide(chars(WORD))})
    read = read_here(content, "a.ppt")

    assert read.texts(PlaceKind.SLIDE) == [WORD]


@pytest.mark.parametrize("packed", [False, True])
def test_embedded_objects_are_read(read_here, packed):
    inner = compound.write({"Package": b"{\\rtf1 Quillfeather}"})
    raw = struct.pack("<I", len(inner)) + zlib.compress(inner) if packed else inner
    read = read_here(presentation(slide(chars("a")), atom(4113, raw, int(packed))), "a.ppt")

    assert WORD in read.texts(PlaceKind.PARAGRAPH)
    assert "embedded" in read.marks
    assert read.problems == []


def test_an_object_that_expands_like_a_bomb_is_stopped(read_here):
    raw = struct.pack("<I", 1) + zlib.compress(bytes(60 * 1024 * 1024))
    read = read_here(presentation(slide(chars(WORD)), atom(4113, raw, 1)), "a.ppt")

    assert ("a.ppt/object 1", "too_large") in read.problems
    assert WORD in read.text


def test_pictures_are_read_as_files(read_here):
    png = b"\x89PNG\r\n\x1a\n" + bytes(40)
    blip = struct.pack("<HHI", 0x6E0 << 4, 0xF01E, 17 + len(png)) + bytes(17) + png
    read = read_here(presentation(slide(chars("a")), streams={"Pictures": blip}), "a.ppt")

    assert [part.media_type for part in read.reading.parts[1:]] == ["image/png"]


def test_an_encrypted_presentation_says_so(read_here):
    for content in (
        presentation(slide(chars(WORD)), token=ENCRYPTED_TOKEN),
        presentation(slide(chars(WORD)), document=container(0x2F14)),
    ):
        assert read_here(content, "a.ppt").problems == [("a.ppt", "encrypted")]


def test_deep_containers_do_not_recurse(read_here):
    deep = chars(WORD)
    for _ in range(5_000):
        deep = container(1006, deep)

    assert WORD in read_here(compound.write({"PowerPoint Document": deep}), "a.ppt").text


def test_a_slide_with_a_wrong_mark_is_not_skipped(read_here):
    page = bytearray(slide(chars(WORD)))
    page[0] = 0  # no container, it says
    read = read_here(presentation(bytes(page)), "a.ppt")

    assert WORD in read.text


def test_what_is_no_record_is_damage(read_here):
    read = read_here(presentation(slide(chars("a")), after=b"\xff" * 8 + WORD.encode("utf-16-le")), "a.ppt")

    assert WORD in read.text
    assert ("a.ppt", "corrupt") in read.problems


def test_every_presentation_of_the_corpora_gives_text_or_a_reason(read_here, corpora):
    silent = []
    for path in sorted((corpora / "documents").rglob("*.ppt")):
        read = read_here(path.read_bytes(), path.name)
        text = [s for s in read.reading.segments if s.place.kind is not PlaceKind.FILENAME]
        if not text and not read.problems:
            silent.append(path.name)

    assert silent == []


def test_a_comment_says_who_made_it_with_initials(read_here):
    read = read_here(presentation(slide(COMMENT)), "a.ppt")

    assert read.texts(PlaceKind.COMMENT) == [f"Zephyrine (Z)\n{WORD}"]


HIDING_PLACES = {
    "a record of no kind": slide(chars("a"), atom(3333, f"{WORD} Lane".encode("utf-16-le"))),
    "a record of numbers": slide(chars("a"), atom(4003, f"{WORD} Lane".encode())),
    "text that calls itself a path of programs": slide(chars("a"), string(f"C:\\Program Files and {WORD}")),
}


@pytest.mark.parametrize("page", HIDING_PLACES.values(), ids=HIDING_PLACES.keys())
def test_words_where_none_belong_are_found(read_here, page):
    assert WORD in read_here(presentation(page), "a.ppt").text


def test_text_between_pictures_is_found(read_here):
    picture = struct.pack("<HHI", 0x6E00, 0xF01E, 17 + 60) + bytes(17) + b"\x89PNG\r\n\x1a\n" + bytes(52)
    content = presentation(slide(chars("a")), streams={"Pictures": picture + f"  {WORD} Lane  ".encode() + picture})

    assert WORD in "\n".join(read_here(content, "a.ppt").texts(PlaceKind.METADATA, Visibility.HIDDEN))
