# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that no eye sees, and those that only look like it.  The plain ways of hiding are canaries."""

import pytest

from canaries.pdf import Pdf, document, shown
from safehold.model import PlaceKind, Visibility
from safehold.reading.pages import page_hidden
from safehold.reading.vocabulary import MarkKind

PLAIN = shown("plain words of the page", 50, 750)
RAMP = "<</FunctionType 2/Domain[0 1]/C0[0.8 0 0]/C1[0 0 0.8]/N 1>>"
GRADIENT = f"<</PatternType 2/Shading<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 500 0]/Function {RAMP}>>>>"


def made(content: str, pdf: Pdf | None = None, **more: str) -> bytes:
    pdf = pdf or Pdf()
    root, _ = document(pdf, [pdf.stream("", PLAIN + content)], **more)
    return pdf.write(root)


def ways(read, word: str) -> set[Visibility]:
    return {segment.visibility for segment in read.reading.segments if word in segment.text}


@pytest.mark.parametrize(
    "content",
    [
        "0 0 0.5 rg 40 490 300 30 re f 1 g " + shown("larkspur", 50, 500),
        "/Pattern cs /P1 scn 40 490 300 30 re f 1 g " + shown("larkspur", 50, 500),
        "/Pattern cs /P1 scn " + shown("larkspur", 50, 500),
        "q 300 0 0 30 40 490 cm /X1 Do Q 1 g " + shown("larkspur", 50, 500),
        "q 300 0 0 30 40 490 cm /X1 Do Q " + shown("larkspur", 50, 500, "3 Tr"),
        "1 g 0 G " + shown("larkspur", 50, 500, "1 Tr"),
        "1 g 0 G " + shown("larkspur", 50, 500, "2 Tr"),
        "0.85 g " + shown("larkspur", 50, 500),
        "BT /F1 12 Tf 1 0 0 0.9 580 500 Tm (larkspur) Tj ET",
        "BT /F1 1 Tf 12 0 0 12 50 500 Tm (larkspur) Tj ET",
        "BT /F1 12 Tf 50 500 Td (.) Tj (larkspur) Tj ET",
    ],
    ids=[
        "white on a bar", "white on a gradient", "letters of a gradient", "white on a picture", "words of a scan",
        "white with a black line", "white with a black rim", "grey", "running off the edge", "size in the matrix",
        "behind a dot",
    ],
)  # fmt: skip
def test_what_may_be_seen_is_visible(read_here, content):
    pdf = Pdf()
    picture = pdf.stream(
        "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8", b"\x10"
    )
    resources = f"/XObject<</X1 {picture} 0 R>>/Pattern<</P1 {GRADIENT}>>"

    read = read_here(made(content, pdf, resources=resources), "a.pdf")

    assert ways(read, "larkspur") == {Visibility.VISIBLE}
    assert not read.marks & {MarkKind.HIDDEN_TEXT.value, MarkKind.OFF_PAGE_TEXT.value}


@pytest.mark.parametrize(
    ("content", "way"),
    [
        ("1 g 40 490 300 30 re f " + shown("larkspur", 50, 500), Visibility.WHITE),
        ("1 G " + shown("larkspur", 50, 500, "1 Tr"), Visibility.WHITE),
        (shown("larkspur", 50, 500, "7 Tr"), Visibility.HIDDEN),
        ("BT /F1 12 Tf 0.01 0 0 1 50 500 Tm (larkspur) Tj ET", Visibility.TINY),
        ("BT /F1 1 Tf 0 1 -1 0 50 500 Tm (larkspur) Tj ET", Visibility.TINY),
        ("q 1 0 0 1 5000 0 cm " + shown("larkspur", 50, 500) + " Q", Visibility.OFF_PAGE),
        ("q 1 0 0 1 5000 0 cm /X1 Do Q", Visibility.OFF_PAGE),
    ],
    ids=[
        "white on white", "white lines", "clip of nothing", "narrowed", "tiny and turned", "moved away",
        "form moved away",
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", ["", "/Rotate 90", "/Rotate 180"])
def test_what_no_eye_sees_says_why(read_here, content, way, turned):
    pdf = Pdf()
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    form = pdf.stream(
        f"/Type/XObject/Subtype/Form/BBox[0 0 500 800]/Resources<</Font<</F1 {font}>>>>", shown("larkspur", 5, 5)
    )
    read = read_here(made(content, pdf, resources=f"/XObject<</X1 {form} 0 R>>", page=turned), "a.pdf")

    assert ways(read, "larkspur") == {way}
    assert ways(read, "plain words") == {Visibility.VISIBLE}
    assert read.marks & {MarkKind.HIDDEN_TEXT.value, MarkKind.OFF_PAGE_TEXT.value}


def test_a_word_of_which_a_part_is_hidden_is_said_whole_beside_what_is_seen(read_here):
    content = "BT /F1 12 Tf 50 500 Td (12 Acacia R) Tj 1 g (oad) Tj 0 g ( Ashford) Tj ET"

    read = read_here(made(content), "a.pdf")

    assert any("12 Acacia R Ashford" in text for text in read.texts(PlaceKind.PAGE, Visibility.VISIBLE))
    assert any("Road" in text for text in read.texts(PlaceKind.PAGE, Visibility.WHITE))


def test_a_decoy_in_white_does_not_stand_between_the_letters_that_are_seen(read_here):
    pieces = []
    for index, (seen, decoy) in enumerate(zip("larkspur", "quillbox", strict=True)):
        pieces += [shown(seen, 50 + 9 * index, 500), "1 g " + shown(decoy, 51 + 9 * index, 500) + "0 g\n"]

    read = read_here(made("".join(pieces)), "a.pdf")

    visible = "".join("".join(read.texts(PlaceKind.PAGE, Visibility.VISIBLE)).split())
    assert "larkspur" in visible
    assert "q" not in visible
    assert "quillbox" in "".join("".join(read.texts(PlaceKind.PAGE, Visibility.WHITE)).split())


def test_blanks_in_white_are_no_hidden_text(read_here):
    read = read_here(made("1 g " + shown("   ", 50, 500)), "a.pdf")

    assert read.marks == set()
    assert len(read.texts(PlaceKind.PAGE)) == 1


def test_an_ordinary_page_is_not_drawn(read_here, monkeypatch):
    monkeypatch.setattr(page_hidden, "rendered", lambda *_, **__: pytest.fail("drawn"))

    read_here(made("0 0 0.5 rg 40 490 300 30 re f 1 g " + shown("larkspur", 50, 500)), "a.pdf")


def test_white_is_said_without_drawing_where_enough_pages_were_drawn(read_here, monkeypatch):
    monkeypatch.setattr(page_hidden, "_MOST_DRAWN", 0)
    monkeypatch.setattr(page_hidden, "rendered", lambda *_, **__: pytest.fail("drawn"))

    assert ways(read_here(made("1 g " + shown("larkspur", 50, 500)), "a.pdf"), "larkspur") == {Visibility.WHITE}
