# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages without a reader of their own: the lines of XPS, and the words of everything else."""

import pytest

from canaries.packages import zipped
from safehold.model import PlaceKind, Visibility

XPS = 'xmlns="http://schemas.microsoft.com/xps/2005/06"'


def xps(glyphs: str) -> bytes:
    """Return an XPS document of one page."""
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "FixedDocSeq.fdseq": f"<FixedDocumentSequence {XPS}/>",
            "Documents/1/Pages/1.fpage": f"<FixedPage {XPS}>{glyphs}</FixedPage>",
        }
    )


def glyphs(text: str, x: object = 0, y: object = 0, size: object = 10) -> str:
    return f'<Glyphs OriginX="{x}" OriginY="{y}" FontRenderingEmSize="{size}" UnicodeString="{text}"/>'


@pytest.mark.parametrize(
    ("page", "read"),
    [
        (glyphs("12 High Street"), "12 High Street"),
        (glyphs("12 High", 0) + glyphs("Leeds", 0, 20), "12 High\nLeeds"),
        ("".join(glyphs(letter, at * 5.3) for at, letter in enumerate("cane") if letter != " "), "cane"),
        ("".join(glyphs(letter, at * 5.3) for at, letter in enumerate("ab ne") if letter != " "), "ab ne"),
        (glyphs("{}12 High"), "12 High"),
        (glyphs("12", "far", "down", "big") + glyphs("High", "", ""), "12\nHigh"),
        ("".join(glyphs(letter, at * 8, 10, "") for at, letter in enumerate("12 High")), "12 High"),
    ],
    ids=["a run", "two lines", "a letter each", "a gap", "an escape", "no numbers", "no size"],
)
def test_glyphs_of_a_line_are_a_line(read_here, page, read):
    found = read_here(xps(page), "a.xps")

    assert found.texts(PlaceKind.TEXT, Visibility.VISIBLE) == [read]
    assert found.problems == [("a.xps", "unsupported")]


def test_what_else_a_page_says_is_read(read_here):
    page = f'{glyphs("x")}<Path AutomationProperties.Name="Quillfeather"/><!-- secret words -->'
    said = "\n".join(read_here(xps(page), "a.xps").texts(visibility=Visibility.ATTRIBUTE))

    assert "Quillfeather" in said
    assert "secret words" in said


def test_the_words_of_other_parts_are_read(read_here):
    drawing = zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "visio/pages/page1.xml": "<PageContents><Text>Quillfeather</Text></PageContents>",
        }
    )

    assert "Quillfeather" in read_here(drawing, "a.vsdx").texts(PlaceKind.TEXT, Visibility.VISIBLE)
