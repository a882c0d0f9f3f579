# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of documents, one a line
"""Presentations: every place where text can stand, and what hides it."""

import io

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from canaries.packages import RELATION, relations, zipped
from safehold.model import PlaceKind, Visibility

SLIDES = (
    f'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="{RELATION}" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:dgm="d" xmlns:dsp="e" xmlns:c="c" xmlns:p188="m"'
)


def run(text: str, properties: str = "") -> str:
    """Return a paragraph of a slide."""
    return (
        f"<a:p><a:r><a:rPr {properties}</a:rPr><a:t>{text}</a:t></a:r></a:p>"
        if properties
        else f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"
    )


def box(x: int, y: int, width: int, height: int) -> str:
    """Return a transform."""
    return f'<a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'


def shape(body: str, *, place: str = "", fill: str = "", more: str = "", holder: str = "") -> str:
    """Return a shape of a slide."""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="Box"{more}/><p:nvPr>{holder}</p:nvPr></p:nvSpPr>'
        f"<p:spPr>{place}{fill}</p:spPr><p:txBody>{body}</p:txBody></p:sp>"
    )


def slide(shapes: str = "", *, more: str = "", background: str = "", root: str = "sld") -> str:
    """Return a slide part."""
    return f"<p:{root} {SLIDES}{more}><p:cSld>{background}<p:spTree><p:grpSpPr/>{shapes}</p:spTree></p:cSld></p:{root}>"


def deck(
    *slides: str,
    members: dict[str, str | bytes] | None = None,
    beside: tuple[tuple[str, str], ...] = (),
    more: str = "",
) -> bytes:
    """Return a presentation of these slides; *beside* are relations of the first one."""
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(slides) + 1))
    whole: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f'<p:presentation {SLIDES}><p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/>{more}</p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(
            *(("slide", f"slides/slide{n}.xml") for n in range(1, len(slides) + 1))
        ),
        "ppt/slides/_rels/slide1.xml.rels": relations(*beside),
        **{f"ppt/slides/slide{n}.xml": content for n, content in enumerate(slides, 1)},
    }
    return zipped({**whole, **(members or {})})


SECRET = "Quillfeather"
WHITE = "<a:solidFill><a:srgbClr val='FFFFFF'/></a:solidFill>"
BLACK = "<a:solidFill><a:srgbClr val='000000'/></a:solidFill>"
INSIDE = box(100_000, 100_000, 2_000_000, 500_000)
WHITE_PAGE = f"<p:bg><p:bgPr>{WHITE}</p:bgPr></p:bg>"
PICTURE = "<p:pic><p:nvPicPr><p:cNvPr id='9' name='Picture'/></p:nvPicPr><p:blipFill>{crop}</p:blipFill><p:spPr>{place}</p:spPr></p:pic>"


def saved(presentation) -> bytes:
    out = io.BytesIO()
    presentation.save(out)
    return out.getvalue()


ON_SLIDES = {
    "one word in an attribute that nobody knows": slide(shape(run("x"), more=f" z:note='{SECRET}'")),
    "a sign in front of a list": slide(shape(f"<a:p><a:pPr><a:buChar char='{SECRET}'/></a:pPr><a:r><a:t>x</a:t></a:r></a:p>")),
    "the property that an animation moves": slide(f"<p:timing><p:attrName>{SECRET}</p:attrName></p:timing>"),
    "a shape": slide(shape(run(SECRET))),
    "runs that cut a word": slide(shape("<a:p><a:r><a:t>Quill</a:t></a:r><a:r><a:t>feather</a:t></a:r></a:p>")),
    "a group": slide(f"<p:grpSp><p:grpSpPr/>{shape(run(SECRET))}</p:grpSp>"),
    "a table": slide(f"<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody>{run(SECRET)}</a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>"),
    "alt text": slide(shape(run("x"), more=f" descr='{SECRET}'")),
    "the name of a shape": slide(f"<p:sp><p:nvSpPr><p:cNvPr id='1' name='{SECRET}'/></p:nvSpPr></p:sp>"),
    "a hyperlink's tip": slide(shape(f"<a:p><a:r><a:rPr><a:hlinkClick tooltip='{SECRET}'/></a:rPr><a:t>x</a:t></a:r></a:p>")),
    "a field": slide(shape(f"<a:p><a:fld type='datetime1'><a:t>{SECRET}</a:t></a:fld></a:p>")),
    "a slide number that is none": slide(shape(f"<a:p><a:fld type='slidenum'><a:t>{SECRET}</a:t></a:fld></a:p>")),
    "a hidden slide": slide(shape(run(SECRET)), more=" show='0'"),
    "a hidden shape": slide(shape(run(SECRET), more=" hidden='1'")),
    "a shape off the slide": slide(shape(run(SECRET), place=box(-5_000_000, 0, 1_000_000, 500_000))),
    "a shape under a picture": slide(shape(run(SECRET), place=INSIDE) + PICTURE.format(crop="", place=INSIDE)),
    "tiny text": slide(shape(run(SECRET, "sz='100'>"))),
    "clear text": slide(shape(run(SECRET, "><a:solidFill><a:srgbClr val='000000'><a:alpha val='0'/></a:srgbClr></a:solidFill>"))),
    "a formula": slide(shape(f"<a:p><m:oMath xmlns:m='m'><m:r><m:t>{SECRET}</m:t></m:r></m:oMath></a:p>")),
    "text outside of shapes": slide(f"<p:extLst><p:ext>{SECRET}</p:ext></p:extLst>"),
    "an XML comment": slide(f"<!-- {SECRET} -->"),
}  # fmt: skip

BESIDE = {
    "the notes": ((("notesSlide", "../notesSlides/notesSlide1.xml"),), {"ppt/notesSlides/notesSlide1.xml": slide(shape(run(SECRET), holder="<p:ph type='body' idx='1'/>"), root="notes")}),
    "notes that no slide points to": ((), {"ppt/notesSlides/notesSlide9.xml": slide(shape(run(SECRET)), root="notes")}),
    "a comment": ((("comments", "../comments/comment1.xml"),), {"ppt/comments/comment1.xml": f"<p:cmLst {SLIDES}><p:cm authorId='0'><p:text>{SECRET}</p:text></p:cm></p:cmLst>"}),
    "a modern comment": ((("comments", "../comments/modernComment_1.xml"),), {"ppt/comments/modernComment_1.xml": f"<p188:cmLst {SLIDES}><p188:cm><p188:txBody>{run(SECRET)}</p188:txBody></p188:cm></p188:cmLst>"}),
    "the reply to a comment": ((), {"ppt/comments/modernComment_1.xml": f"<p188:cmLst {SLIDES}><p188:cm><p188:txBody>{run('x')}</p188:txBody><p188:replyLst><p188:reply><p188:txBody>{run(SECRET)}</p188:txBody></p188:reply></p188:replyLst></p188:cm></p188:cmLst>"}),
    "the author of comments": ((), {"ppt/commentAuthors.xml": f"<p:cmAuthorLst {SLIDES}><p:cmAuthor name='{SECRET}'/></p:cmAuthorLst>"}),
    "a diagram": ((("diagramData", "../diagrams/data1.xml"),), {"ppt/diagrams/data1.xml": f"<dgm:dataModel {SLIDES}><dgm:pt><dgm:t>{run(SECRET)}</dgm:t></dgm:pt></dgm:dataModel>"}),
    "a diagram's picture": ((("diagramDrawing", "../diagrams/drawing1.xml"),), {"ppt/diagrams/drawing1.xml": f"<dsp:drawing {SLIDES}><dsp:txBody>{run(SECRET)}</dsp:txBody></dsp:drawing>"}),
    "a chart": ((("chart", "../charts/chart1.xml"),), {"ppt/charts/chart1.xml": f"<c:chartSpace {SLIDES}><c:strCache><c:pt><c:v>{SECRET}</c:v></c:pt></c:strCache></c:chartSpace>"}),
    "a link's target": ((), {"ppt/slides/_rels/slide1.xml.rels": relations(("hyperlink", f"mailto:{SECRET}@example.org"), external=True)}),
    "a layout": ((("slideLayout", "../slideLayouts/slideLayout1.xml"),), {"ppt/slideLayouts/slideLayout1.xml": slide(shape(run(SECRET)), root="sldLayout")}),
    "the prompt of a placeholder": ((("slideLayout", "../slideLayouts/slideLayout1.xml"),), {"ppt/slideLayouts/slideLayout1.xml": slide(shape(run(SECRET), holder="<p:ph type='title'/>"), root="sldLayout")}),
    "a layout that no slide uses": ((), {"ppt/slideLayouts/slideLayout7.xml": slide(shape(run(SECRET)), root="sldLayout")}),
    "the master": ((), {"ppt/slideMasters/slideMaster1.xml": slide(shape(run(SECRET)), root="sldMaster")}),
    "the master of handouts": ((), {"ppt/handoutMasters/handoutMaster1.xml": slide(shape(run(SECRET)), root="handoutMaster")}),
    "a slide that the show does not list": ((), {"ppt/slides/slide9.xml": slide(shape(run(SECRET)))}),
    "a tag": ((), {"ppt/tags/tag1.xml": f"<p:tagLst {SLIDES}><p:tag name='A' val='{SECRET}'/></p:tagLst>"}),
    "the name of a section": ((), {"ppt/presentation.xml": f"<p:presentation {SLIDES}><p:sldIdLst><p:sldId r:id='rId1'/></p:sldIdLst><p:sectionLst><p:section name='{SECRET}'/></p:sectionLst></p:presentation>"}),
    "a core property": ((), {"docProps/core.xml": f"<p><dc:creator xmlns:dc='x'>{SECRET}</dc:creator></p>"}),
    "a custom property": ((), {"docProps/custom.xml": f"<Properties><property name='{SECRET}'/></Properties>"}),
    "custom XML": ((), {"customXml/item1.xml": f"<a>{SECRET}</a>"}),
    "an embedded presentation": ((), {"ppt/embeddings/inner.pptx": deck(slide(shape(run(SECRET))))}),
    "the strings of a macro project": ((), {"ppt/vbaProject.bin": b"\x01\x02Sub " + SECRET.encode() + b"\x00"}),
    "a part of no known kind": ((), {"ppt/strange.xml": f"<a><b>{SECRET}</b></a>"}),
}  # fmt: skip


@pytest.mark.parametrize("content", ON_SLIDES.values(), ids=ON_SLIDES.keys())
def test_a_word_is_found_in(read_here, content):
    read = read_here(deck(content), "a.pptx")

    assert SECRET in read.text
    assert read.problems == []


@pytest.mark.parametrize(("beside", "members"), BESIDE.values(), ids=BESIDE.keys())
def test_a_word_is_found_beside_the_slides_in(read_here, beside, members):
    read = read_here(deck(slide(shape(run("x"))), beside=beside, members=members), "a.pptx")

    assert SECRET in read.text
    assert read.problems == []


def beside(name):
    found, members = BESIDE[name]
    return deck(slide(shape(run("x"))), beside=found, members=members)


@pytest.mark.parametrize(
    ("content", "kind", "visibility"),
    [
        (deck(ON_SLIDES["a shape"]), PlaceKind.SLIDE, Visibility.VISIBLE),
        (deck(ON_SLIDES["a table"]), PlaceKind.SLIDE, Visibility.VISIBLE),
        (deck(ON_SLIDES["a hidden slide"]), PlaceKind.SLIDE, Visibility.HIDDEN),
        (deck(ON_SLIDES["a hidden shape"]), PlaceKind.SLIDE, Visibility.HIDDEN),
        (deck(ON_SLIDES["a shape off the slide"]), PlaceKind.SLIDE, Visibility.OFF_PAGE),
        (deck(ON_SLIDES["a shape under a picture"]), PlaceKind.SLIDE, Visibility.COVERED),
        (deck(ON_SLIDES["tiny text"]), PlaceKind.SLIDE, Visibility.TINY),
        (deck(ON_SLIDES["clear text"]), PlaceKind.SLIDE, Visibility.HIDDEN),
        (deck(ON_SLIDES["alt text"]), PlaceKind.SLIDE, Visibility.ATTRIBUTE),
        (beside("the notes"), PlaceKind.NOTE, Visibility.HIDDEN),
        (beside("a comment"), PlaceKind.COMMENT, Visibility.COMMENT),
        (beside("a modern comment"), PlaceKind.COMMENT, Visibility.COMMENT),
        (beside("a diagram"), PlaceKind.SLIDE, Visibility.VISIBLE),
        (beside("a chart"), PlaceKind.SLIDE, Visibility.VISIBLE),
        (beside("a layout"), PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
        (beside("the prompt of a placeholder"), PlaceKind.PAGE_HEADER, Visibility.ATTRIBUTE),
        (beside("a slide that the show does not list"), PlaceKind.SLIDE, Visibility.HIDDEN),
        (beside("a core property"), PlaceKind.METADATA, Visibility.VISIBLE),
    ],
)
def test_place_and_visibility(read_here, content, kind, visibility):
    assert SECRET in "\n".join(read_here(content, "a.pptx").texts(kind, visibility))


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        (deck(ON_SLIDES["a hidden slide"]), "hidden_slide"),
        (deck(ON_SLIDES["a hidden shape"]), "hidden_text"),
        (deck(ON_SLIDES["tiny text"]), "hidden_text"),
        (deck(ON_SLIDES["a shape off the slide"]), "off_page_text"),
        (deck(ON_SLIDES["a shape under a picture"]), "covered_text"),
        (deck(slide(PICTURE.format(crop="<a:srcRect l='20000'/>", place=INSIDE))), "cropped_image"),
        (beside("the notes"), "speaker_notes"),
        (beside("a comment"), "comments"),
        (beside("an embedded presentation"), "embedded"),
        (beside("the strings of a macro project"), "macros"),
    ],
)
def test_marks(read_here, content, mark):
    assert mark in read_here(content, "a.pptx").marks


# -- what hides a text, and what does not ---------------------------------------------------------------------------

HIDDEN = {
    "white on a white page": (slide(shape(run(SECRET, f">{WHITE}"), place=INSIDE), background=WHITE_PAGE), Visibility.WHITE),
    "black on its own black fill": (slide(shape(run(SECRET, f">{BLACK}"), place=INSIDE, fill=BLACK)), Visibility.COVERED),
    "under a filled shape": (slide(shape(run(SECRET), place=INSIDE) + shape("", place=INSIDE, fill=BLACK)), Visibility.COVERED),
    "white by the list style of its shape": (slide(shape(f"<a:lstStyle><a:lvl1pPr><a:defRPr>{WHITE}</a:defRPr></a:lvl1pPr></a:lstStyle>{run(SECRET)}", place=INSIDE), background=WHITE_PAGE), Visibility.WHITE),
    "tiny by the list style of its shape": (slide(shape(f"<a:lstStyle><a:lvl2pPr><a:defRPr sz='100'/></a:lvl2pPr></a:lstStyle><a:p><a:pPr lvl='1'/><a:r><a:t>{SECRET}</a:t></a:r></a:p>", place=INSIDE)), Visibility.TINY),
    "white in a white cell": (slide(f"<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody>{run(SECRET, f'>{WHITE}')}</a:txBody><a:tcPr>{WHITE}</a:tcPr></a:tc></a:tr></a:tbl></p:graphicFrame>"), Visibility.WHITE),
    "in a hidden group": (slide(f"<p:grpSp><p:nvGrpSpPr><p:cNvPr id='3' name='g' hidden='1'/></p:nvGrpSpPr><p:grpSpPr/>{shape(run(SECRET))}</p:grpSp>"), Visibility.HIDDEN),
    "in a group that stands off the slide": (
        slide(
            "<p:grpSp><p:grpSpPr><a:xfrm><a:off x='20000000' y='0'/><a:ext cx='1000' cy='1000'/><a:chOff x='0' y='0'/><a:chExt cx='2000000' cy='2000000'/></a:xfrm></p:grpSpPr>"
            f"{shape(run(SECRET), place=INSIDE)}</p:grpSp>"
        ),
        Visibility.OFF_PAGE,
    ),
}  # fmt: skip

SHOWN = {
    "white on its own dark fill": slide(shape(run(SECRET, f">{WHITE}"), place=INSIDE, fill=BLACK), background=WHITE_PAGE),
    "white on a dark shape beneath": slide(shape("", place=INSIDE, fill=BLACK) + shape(run(SECRET, f">{WHITE}"), place=INSIDE), background=WHITE_PAGE),
    "white on a picture": slide(PICTURE.format(crop="", place=INSIDE) + shape(run(SECRET, f">{WHITE}"), place=INSIDE), background=WHITE_PAGE),
    "white in a cell": slide(f"<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody>{run(SECRET, f'>{WHITE}')}</a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>", background=WHITE_PAGE),
    "white in a dark cell": slide(f"<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody>{run(SECRET, f'>{WHITE}')}</a:txBody><a:tcPr>{BLACK}</a:tcPr></a:tc></a:tr></a:tbl></p:graphicFrame>", background=WHITE_PAGE),
    "of another level than the white one": slide(shape(f"<a:lstStyle><a:lvl2pPr><a:defRPr>{WHITE}</a:defRPr></a:lvl2pPr></a:lstStyle>{run(SECRET)}", place=INSIDE), background=WHITE_PAGE),
    "of a size and colour of its own": slide(shape("<a:lstStyle><a:lvl1pPr><a:defRPr sz='100'>" + WHITE + "</a:defRPr></a:lvl1pPr></a:lstStyle>" + run(SECRET, "sz='1800'>" + BLACK), place=INSIDE), background=WHITE_PAGE),
    "white on a page of unknown colour": slide(shape(run(SECRET, f">{WHITE}"), place=INSIDE)),
    "over a picture": slide(PICTURE.format(crop="", place=INSIDE) + shape(run(SECRET), place=INSIDE)),
    "under a clear shape": slide(shape(run(SECRET), place=INSIDE) + shape("", place=INSIDE, fill="<a:solidFill><a:srgbClr val='000000'><a:alpha val='50000'/></a:srgbClr></a:solidFill>")),
    "under a shape without fill": slide(shape(run(SECRET), place=INSIDE) + shape("", place=INSIDE, fill="<a:noFill/>")),
    "under half a shape": slide(shape(run(SECRET), place=INSIDE) + shape("", place=box(100_000, 100_000, 1_000_000, 500_000), fill=BLACK)),
    "over the edge": slide(shape(run(SECRET), place=box(8_000_000, 0, 3_000_000, 500_000))),
    "in a group on the slide": slide(
        "<p:grpSp><p:grpSpPr><a:xfrm><a:off x='0' y='0'/><a:ext cx='1000000' cy='1000000'/><a:chOff x='20000000' y='0'/><a:chExt cx='1000000' cy='1000000'/></a:xfrm></p:grpSpPr>"
        f"{shape(run(SECRET), place=box(20_100_000, 0, 500_000, 500_000))}</p:grpSp>"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "visibility"), HIDDEN.values(), ids=HIDDEN.keys())
def test_text_is_hidden(read_here, content, visibility):
    read = read_here(deck(content), "a.pptx")

    assert read.texts(PlaceKind.SLIDE, visibility) == [SECRET]
    assert SECRET not in "".join(read.texts(PlaceKind.SLIDE, Visibility.VISIBLE))


@pytest.mark.parametrize("content", SHOWN.values(), ids=SHOWN.keys())
def test_text_is_not_hidden(read_here, content):
    read = read_here(deck(content), "a.pptx")

    assert read.texts(PlaceKind.SLIDE, Visibility.VISIBLE) == [SECRET]
    assert read.marks == set()


def test_a_placeholder_stands_where_its_layout_puts_it(read_here):
    holder = "<p:ph type='body' idx='7'/>"
    layout = slide(shape(run("prompt"), place=box(20_000_000, 0, 1_000, 1_000), holder=holder), root="sldLayout")
    content = deck(
        slide(shape(run(SECRET), holder="<p:ph idx='7'/>")),
        beside=(("slideLayout", "../slideLayouts/slideLayout1.xml"),),
        members={"ppt/slideLayouts/slideLayout1.xml": layout},
    )

    assert read_here(content, "a.pptx").texts(PlaceKind.SLIDE, Visibility.OFF_PAGE) == [SECRET]


def numbered(text: str, scheme: str = "arabicPeriod", start: int = 27, level: int = 0) -> str:
    properties = f'<a:pPr lvl="{level}"><a:buAutoNum type="{scheme}" startAt="{start}"/></a:pPr>'
    return f"<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (numbered("Larkspur Lane"), ["27.\tLarkspur Lane"]),
        (numbered("a") + numbered("b"), ["27.\ta", "28.\tb"]),
        (numbered("a") + numbered("b", "alphaLcParenR", 1, 1) + numbered("c", "alphaLcParenR", 1, 1) + numbered("d"), ["27.\ta", "a)\tb", "b)\tc", "28.\td"]),
        (numbered("a", "romanUcParenBoth", 4) + run("between") + numbered("b", "romanUcParenBoth", 4), ["(IV)\ta", "between", "(IV)\tb"]),
        (numbered("a", "hindiNumPeriod", 2), ["2.\ta"]),
        (numbered(" ") + numbered("a"), ["27.\ta"]),
    ],
)  # fmt: skip
def test_the_number_of_a_list_is_text(read_here, body, shown):
    texts = read_here(deck(slide(shape(body))), "a.pptx").texts(PlaceKind.SLIDE, Visibility.VISIBLE)

    assert texts[0].splitlines() == shown
    assert "\t" not in texts[1]  # else the number of the item could pass for the number of the house


AUTHORS = f"<p:cmAuthorLst {SLIDES}><p:cmAuthor id='3' name='Jane Quill' initials='JQ'/></p:cmAuthorLst>"


IDENTIFIED = {
    "the author of a comment": lambda value: deck(slide(), members={"ppt/commentAuthors.xml": f"<p:cmAuthorLst {SLIDES}><p:cmAuthor id='1' name='{value}'/></p:cmAuthorLst>"}),
    "a tag": lambda value: deck(slide(), members={"ppt/tags/tag1.xml": f"<p:tagLst {SLIDES}><p:tag name='a' val='{value}'/></p:tagLst>"}),
    "the name of a show": lambda value: deck(slide(), more=f"<p:custShowLst><p:custShow name='{value}' id='1'/></p:custShowLst>"),
    "an attribute that nobody knows": lambda value: deck(slide(shape(run("x"), more=f" z:note='{value}'"))),
    "the name of a layout": lambda value: deck(slide().replace("<p:cSld>", f"<p:cSld name='{value}'>")),
    "the name of a font": lambda value: deck(slide(shape(run("x", f"><a:latin typeface='{value}'/>")))),
}  # fmt: skip


@pytest.mark.parametrize("value", ["QQ123456C", "QQ 12 34 56 C", "07700 900123", "TN99 9ZZ", "999 000 1234"])
@pytest.mark.parametrize("content", IDENTIFIED.values(), ids=IDENTIFIED.keys())
def test_an_identifier_alone_is_read_in(read_here, content, value):
    assert value in read_here(content(value), "a.pptx").text


def test_boxes_are_read_in_the_order_in_which_they_stand_too(read_here):
    words = [(6, "Street"), (1, "12"), (3, "High")]
    boxes = "".join(shape(run(word), place=box(left * 100_000, 0, 90_000, 90_000)) for left, word in words)
    read = read_here(deck(slide(boxes)), "a.pptx")

    assert "12 High Street" in read.texts(PlaceKind.SLIDE, Visibility.VISIBLE)
    assert "Street\n12\nHigh" in read.texts(PlaceKind.SLIDE, Visibility.VISIBLE)


def test_a_letter_in_each_box_is_a_word(read_here):
    letters = [(at, letter) for at, letter in enumerate("12 High") if letter != " "]
    boxes = "".join(shape(run(letter), place=box(at * 100_000, 0, 90_000, 90_000)) for at, letter in reversed(letters))

    assert "12 High" in read_here(deck(slide(boxes)), "a.pptx").texts(PlaceKind.SLIDE, Visibility.VISIBLE)


def test_a_comment_says_who_wrote_it(read_here):
    comment = f"<p:cmLst {SLIDES}><p:cm authorId='3'><p:text>ask her</p:text></p:cm></p:cmLst>"
    members = {"ppt/commentAuthors.xml": AUTHORS, "ppt/comments/comment1.xml": comment}

    assert read_here(deck(slide(), members=members), "a.pptx").texts(PlaceKind.COMMENT) == ["Jane Quill (JQ)\nask her"]


def test_more_shapes_than_are_compared_are_read_and_stand_where_they_stand(read_here):
    shapes = shape("", place=INSIDE) * 600 + shape(run(SECRET), place=box(20_000_000, 0, 1_000, 1_000))

    assert read_here(deck(slide(shapes)), "a.pptx").texts(PlaceKind.SLIDE, Visibility.OFF_PAGE) == [SECRET]


# -- order and places -----------------------------------------------------------------------------------------------


def test_slides_are_numbered_in_the_order_of_the_show(read_here):
    members = {
        "ppt/_rels/presentation.xml.rels": relations(("slide", "slides/slide2.xml"), ("slide", "slides/slide1.xml"))
    }
    read = read_here(deck(slide(shape(run("one"))), slide(shape(run("two"))), members=members), "a.pptx")

    found = [(s.place.number, s.text) for s in read.reading.segments if s.visibility is Visibility.VISIBLE and s.place.kind is PlaceKind.SLIDE]  # fmt: skip
    assert found == [(1, "two"), (2, "one")]


def test_a_row_of_a_table_is_a_line(read_here):
    cells = "".join(f"<a:tc><a:txBody>{run(text)}</a:txBody></a:tc>" for text in ("Quill", "12 High Street"))
    read = read_here(deck(slide(f"<p:graphicFrame><a:tbl><a:tr>{cells}</a:tr><a:tr>{cells}</a:tr></a:tbl></p:graphicFrame>")), "a.pptx")  # fmt: skip

    lines = [line.split() for line in read.texts(PlaceKind.SLIDE)[0].splitlines()]
    assert lines == [["Quill", "12", "High", "Street"]] * 2


def test_an_address_in_a_box_is_one_text(read_here):
    read = read_here(deck(slide(shape(run("12 High Street") + run("Leeds") + run("LS1 4AB")))), "a.pptx")

    assert read.texts(PlaceKind.SLIDE, Visibility.VISIBLE) == ["12 High Street\nLeeds\nLS1 4AB"]


def test_a_shape_for_older_programs_that_says_the_same_is_not_said_twice(read_here):
    twin = shape(run("boxed words"))
    read = read_here(deck(slide(f"<mc:AlternateContent><mc:Choice>{twin}</mc:Choice><mc:Fallback>{twin}</mc:Fallback></mc:AlternateContent>")), "a.pptx")  # fmt: skip

    assert read.text.count("boxed words") == 1


def test_a_diagram_and_its_picture_say_a_thing_once(read_here):
    members = {**BESIDE["a diagram"][1], **BESIDE["a diagram's picture"][1]}
    both = BESIDE["a diagram"][0] + BESIDE["a diagram's picture"][0]
    read = read_here(deck(slide(), beside=both, members=members), "a.pptx")

    assert read.text.count(SECRET) == 1


def test_the_master_of_notes_has_a_size_of_its_own(read_here):
    far = slide(shape(run(SECRET), place=box(100_000, 8_000_000, 2_000_000, 500_000)), root="notesMaster")
    read = read_here(deck(slide(), members={"ppt/notesMasters/notesMaster1.xml": far}), "a.pptx")

    assert read.texts(PlaceKind.PAGE_HEADER, Visibility.VISIBLE) == [SECRET]


def test_a_page_of_notes_without_notes_is_no_mark(read_here):
    number = shape("<a:p><a:fld type='slidenum'><a:t>1</a:t></a:fld></a:p>", holder="<p:ph type='sldNum'/>")
    content = deck(
        slide(shape(run("x"))),
        beside=BESIDE["the notes"][0],
        members={"ppt/notesSlides/notesSlide1.xml": slide(number, root="notes")},
    )

    assert read_here(content, "a.pptx").marks == set()


def test_everything_python_pptx_returns_is_found(read_here):
    presentation = pptx.Presentation()
    first = presentation.slides.add_slide(presentation.slide_layouts[0])
    first.shapes.title.text = "A title"
    first.placeholders[1].text = "A subtitle"
    first.notes_slide.notes_text_frame.text = "a note"
    second = presentation.slides.add_slide(presentation.slide_layouts[5])
    text_box = second.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1))
    text_box.text_frame.text = "in a box"
    text_box.text_frame.paragraphs[0].runs[0].font.color.rgb = RGBColor(255, 255, 255)
    table = second.shapes.add_table(2, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
    table.cell(1, 1).text = "in a cell"
    data = CategoryChartData()
    data.categories = ["Quill category"]
    data.add_series("Quill series", (1.5,))
    second.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, Inches(5), Inches(1), Inches(3), Inches(2), data)
    presentation.core_properties.author = "Author Quill"
    read = read_here(saved(presentation), "a.pptx")

    wanted = ["A title", "A subtitle", "a note", "in a box", "in a cell", "Quill category", "Quill series", "Author Quill"]  # fmt: skip
    assert [text for text in wanted if text not in read.text] == []
    assert read.texts(PlaceKind.SLIDE, Visibility.WHITE) == ["in a box"]
    assert read.problems == []
    assert read.marks == {"speaker_notes", "hidden_text", "embedded", "no_ocr"}


# -- what cannot be read --------------------------------------------------------------------------------------------


def test_a_slide_cut_short_is_corrupt_and_its_beginning_is_kept(read_here):
    whole = slide(shape(run("first words")) + shape(run("x" * 2_000)))
    read = read_here(deck(whole[:-1_500]), "a.pptx")

    assert read.problems == [("a.pptx", "corrupt")]
    assert "first words" in read.text


def test_a_presentation_without_index_is_read(read_here):
    members = {"ppt/presentation.xml": "", "ppt/_rels/presentation.xml.rels": ""}
    read = read_here(deck(slide(shape(run(SECRET))), members=members), "a.pptx")

    assert read.texts(PlaceKind.SLIDE, Visibility.VISIBLE) == [SECRET]


def test_odd_numbers_and_deep_groups_are_no_problem(read_here):
    odd = shape(run(SECRET), place="<a:xfrm><a:off x='1e9' y=''/><a:ext cx='-5' cy='99999999999999999999'/></a:xfrm>")
    content = slide("<p:grpSp><p:grpSpPr/>" * 3_000 + odd + "</p:grpSp>" * 3_000)
    read = read_here(deck(content), "a.pptx")

    assert SECRET in read.text
    assert read.problems == []
