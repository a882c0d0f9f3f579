# SPDX-License-Identifier: GPL-3.0-or-later
"""Presentations: ECMA-376 part 1 section 19, [MS-PPTX]; built part by part."""

import io

import pptx as python_pptx

from canaries.archives import zip_of
from canaries.core import ANY, ATTRIBUTE, COMMENT, HIDDEN, OFF_PAGE, TINY, Canary, Words, halves
from canaries.docx import HEAD, OFFICE, chart, content_types, diagram, properties, relations

FORMAT = "pptx"
MAIN = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:p14="http://schemas.microsoft.com/office/powerpoint/2010/main"'
)


def _text(text: str, properties_: str = "") -> str:
    marked = f"<a:rPr {properties_}/>" if properties_ and "<" not in properties_ else properties_
    return f"<a:p><a:r>{marked}<a:t>{text}</a:t></a:r></a:p>"


def _shape(body: str, *, name: str = "x", more: str = "", place: str = "100 100 9000000 500000") -> str:
    x, y, width, height = place.split()
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="{name}" {more}/></p:nvSpPr><p:spPr><a:xfrm><a:off x="{x}" y="{y}"/>'
        f'<a:ext cx="{width}" cy="{height}"/></a:xfrm></p:spPr><p:txBody><a:bodyPr/>{body}</p:txBody></p:sp>'
    )


def _tree(root: str, shapes: str, attributes: str = "", behind: str = "") -> bytes:
    return f"{HEAD}<p:{root} {MAIN} {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>{behind}</p:{root}>".encode()


def _slides(w: Words) -> dict[str, bytes]:
    split = halves(w("word split over runs"))
    first = "".join((
        _shape(_text(w("title"))),
        _shape(f"<a:p><a:r><a:t>{split[0]}</a:t></a:r><a:r><a:rPr b='1'/><a:t>{split[1]}</a:t></a:r></a:p>"),
        _shape(f"<a:p><a:fld type='slidenum'><a:t>{w('field')}</a:t></a:fld><a:br/><a:r><a:t>{w('after a line break')}</a:t></a:r></a:p>"),
        _shape(_text(w("shape with alt text")), name=w("name of a shape", ANY), more=f'descr="{w("alt text", ATTRIBUTE)}" title="{w("title of a shape", ATTRIBUTE)}"'),
        _shape(_text(w("hidden shape", HIDDEN)), more='hidden="1"'),
        _shape(_text(w("left of the slide", OFF_PAGE)), place="-9000000 100 500000 500000"),
        _shape(_text(w("below the slide", OFF_PAGE)), place="100 99000000 500000 500000"),
        _shape(_text(w("tiny text", TINY), 'sz="100"')),
        f"<p:grpSp><p:grpSpPr/><p:grpSp>{_shape(_text(w('shape in a group of a group')))}</p:grpSp></p:grpSp>",
        '<p:graphicFrame><a:graphic><a:graphicData uri="x"><a:tbl><a:tblGrid/><a:tr><a:tc><a:txBody>'
        f"{_text(w('table cell'))}</a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>",
        f'<p:pic><p:nvPicPr><p:cNvPr id="9" name="x" descr="{w("alt text of a picture", ATTRIBUTE)}"><a:hlinkClick r:id="rId5" '
        f'tooltip="{w("tooltip", ATTRIBUTE)}"/></p:cNvPr></p:nvPicPr></p:pic>',
        f'<mc:AlternateContent><mc:Choice Requires="p14">{_shape(_text(w("choice of new programs", ANY)))}</mc:Choice><mc:Fallback>'
        f'{_shape(_text(w("fallback for old programs", ANY)))}</mc:Fallback></mc:AlternateContent>',
        _shape(f"<a:p><a:pPr><a:buChar char='Mc{w('sign of a list', ATTRIBUTE)}'/></a:pPr><a:r><a:t>x</a:t></a:r></a:p>"),
        _shape(f"<a:lstStyle><a:lvl1pPr><a:defRPr sz='100'/></a:lvl1pPr></a:lstStyle>{_text(w('tiny by a list style', TINY))}"),
        _shape(_text("x"), more=f'p14:note="Mc{w("attribute that nobody knows", ATTRIBUTE)}"'),
        '<p:graphicFrame><a:graphic><a:graphicData uri="x"><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:rPr><a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill></a:rPr><a:t>'
        f'{w("white in a white cell", HIDDEN)}</a:t></a:r></a:p></a:txBody><a:tcPr><a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill></a:tcPr></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>',
        f'<p:cxnSp><p:nvCxnSpPr><p:cNvPr id="7" name="{w("name of a line", ANY)}"/></p:nvCxnSpPr></p:cxnSp>',
        f'<p:graphicFrame><a:graphic><a:graphicData><p:oleObj name="{w("name of an object", ANY)}" progId="x"/></a:graphicData></a:graphic></p:graphicFrame>',
    ))  # fmt: skip
    timing = (
        f'<p:timing><p:attrName>{w("property of an animation", ANY)}</p:attrName><p:tnLst><p:par><p:cTn><p:childTnLst><p:cmd cmd="{w("command of an animation", ANY)}"/></p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>'
        f'<p:extLst><p:ext uri="x"><p14:media><p14:bmkLst><p14:bmk name="{w("bookmark of a film", ANY)}"/></p14:bmkLst></p14:media></p:ext></p:extLst>'
    )
    inner = python_pptx.Presentation()
    slide = inner.slides.add_slide(inner.slide_layouts[6])
    slide.shapes.add_textbox(0, 0, 9_000, 9_000).text_frame.text = w("presentation embedded in the presentation")
    saved = io.BytesIO()
    inner.save(saved)
    presentation = (
        '<p:sldMasterIdLst><p:sldMasterId r:id="rId9"/></p:sldMasterIdLst><p:sldIdLst><p:sldId id="256" r:id="rId1"/><p:sldId id="257" r:id="rId2"/></p:sldIdLst>'
        '<p:sldSz cx="12192000" cy="6858000"/>'
        f'<p:custShowLst><p:custShow name="{w("name of a custom show", ANY)}" id="0"/></p:custShowLst>'
        f'<p:extLst><p:ext uri="x"><p14:sectionLst><p14:section name="{w("name of a section", ANY)}"/></p14:sectionLst></p:ext></p:extLst>'
    )
    return {
        "ppt/presentation.xml": f"{HEAD}<p:presentation {MAIN}>{presentation}</p:presentation>".encode(),
        "ppt/slides/slide1.xml": _tree("sld", first, behind=timing),
        "ppt/slides/slide2.xml": _tree("sld", _shape(_text(w("hidden slide", HIDDEN))), 'show="0"'),
        "ppt/slides/slide3.xml": _tree("sld", _shape(_text(w("slide that the presentation leaves out", ANY)))),
        "ppt/notesSlides/notesSlide1.xml": _tree("notes", _shape(_text(w("notes", ANY)))),
        "ppt/notesSlides/notesSlide2.xml": _tree("notes", _shape(_text(w("notes of a hidden slide", ANY)))),
        "ppt/slideLayouts/slideLayout1.xml": _tree("sldLayout", _shape(_text(w("layout", ANY)))),
        "ppt/slideMasters/slideMaster1.xml": _tree("sldMaster", _shape(_text(w("master", ANY)))),
        "ppt/notesMasters/notesMaster1.xml": _tree("notesMaster", _shape(_text(w("master of notes", ANY)))),
        "ppt/handoutMasters/handoutMaster1.xml": _tree("handoutMaster", _shape(_text(w("master of handouts", ANY)))),
        "ppt/comments/comment1.xml": f"{HEAD}<p:cmLst {MAIN}><p:cm authorId='0'><p:text>{w('comment', COMMENT)}</p:text></p:cm></p:cmLst>".encode(),
        "ppt/comments/modernComment_1.xml": (
            f'{HEAD}<p188:cmLst xmlns:p188="http://schemas.microsoft.com/office/powerpoint/2018/8/main" {MAIN}><p188:cm><p188:txBody>'
            f"{_text(w('modern comment', COMMENT))}</p188:txBody><p188:replyLst><p188:reply><p188:txBody>{_text(w('reply to a comment', COMMENT))}"
            "</p188:txBody></p188:reply></p188:replyLst></p188:cm></p188:cmLst>"
        ).encode(),
        "ppt/commentAuthors.xml": f"{HEAD}<p:cmAuthorLst {MAIN}><p:cmAuthor id='0' name='{w('author of a comment', ANY)}' initials='{w('initials', ANY)}'/></p:cmAuthorLst>".encode(),
        "ppt/authors.xml": f'{HEAD}<p188:authorLst xmlns:p188="http://schemas.microsoft.com/office/powerpoint/2018/8/main"><p188:author name="{w("author of a modern comment", ANY)}"/></p188:authorLst>'.encode(),
        "ppt/tags/tag1.xml": f"{HEAD}<p:tagLst {MAIN}><p:tag name='{w('name of a tag', ANY)}' val='{w('value of a tag', ANY)}'/></p:tagLst>".encode(),
        "ppt/tableStyles.xml": f"{HEAD}<a:tblStyleLst {MAIN}><a:tblStyle styleName='{w('name of a table style', ANY)}'/></a:tblStyleLst>".encode(),
        "ppt/charts/chart1.xml": chart(w, "chart"),
        "ppt/diagrams/data1.xml": diagram(w, "SmartArt"),
        "ppt/diagrams/drawing1.xml": (
            f'{HEAD}<dsp:drawing xmlns:dsp="http://schemas.microsoft.com/office/drawing/2008/diagram" {MAIN}><dsp:spTree><dsp:sp><dsp:txBody>'
            f"{_text(w('drawing of a SmartArt', ANY))}</dsp:txBody></dsp:sp></dsp:spTree></dsp:drawing>"
        ).encode(),
        "ppt/embeddings/inner.pptx": saved.getvalue(),
        "ppt/embeddings/note.txt": f"words {w('embedded file')}".encode(),
        "ppt/media/captions.vtt": f"WEBVTT\n\n00:00.000 --> 00:01.000\n{w('captions of a film', ANY)}\n".encode(),
        "ppt/changesInfos/changesInfo1.xml": f'{HEAD}<pc:chgInfo xmlns:pc="x"><pc:chgData name="{w("author of a change", ANY)}"/></pc:chgInfo>'.encode(),
        "ppt/slides/_rels/slide1.xml.rels": relations(
            (OFFICE + "notesSlide", "../notesSlides/notesSlide1.xml", False),
            (OFFICE + "hyperlink", f"https://a.example/{w('target of a link', ATTRIBUTE)}", True),
            (OFFICE + "comments", "../comments/comment1.xml", False),
        ),
        "ppt/slides/_rels/slide2.xml.rels": relations((OFFICE + "notesSlide", "../notesSlides/notesSlide2.xml", False)),
        "ppt/_rels/presentation.xml.rels": relations((OFFICE + "slide", "slides/slide1.xml", False), (OFFICE + "slide", "slides/slide2.xml", False)),
        **properties(w),
    }  # fmt: skip


def _by_library() -> Canary:
    w = Words(FORMAT, "by a library")
    presentation = python_pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = w("title")
    slide.placeholders[1].text = w("body")
    slide.notes_slide.notes_text_frame.text = w("notes", ANY)
    presentation.core_properties.author = w("author", ANY)
    out = io.BytesIO()
    presentation.save(out)
    return w.file(out.getvalue(), "talk.pptx")


def build() -> list[Canary]:
    """Return presentations."""
    w = Words(FORMAT, "presentation")
    parts = _slides(w)
    made = zip_of({
        "[Content_Types].xml": content_types(),
        "_rels/.rels": relations((OFFICE + "officeDocument", "ppt/presentation.xml", False)),
        **parts,
    })  # fmt: skip
    return [w.file(made, "talk.pptx"), _by_library()]
