# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of documents, one a line
"""Word documents: every place where text can stand, python-docx as the differential oracle."""

import io
import warnings
import zipfile

import docx
import pytest
from docx.shared import Pt, RGBColor

from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import Limits

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
NAMESPACES = (
    f'{W} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def package(body: str = "", **members: str | bytes) -> bytes:
    """A document with *body* inside ``w:body`` and other members by name (``__`` for a slash, ``_`` before the suffix)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "word/document.xml", f'<?xml version="1.0"?><w:document {NAMESPACES}><w:body>{body}</w:body></w:document>'
        )
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
    return out.getvalue()


def p(*texts: str) -> str:
    return "<w:p>" + "".join(f"<w:r><w:t>{text}</w:t></w:r>" for text in texts) + "</w:p>"


def runs(*texts: str) -> str:
    return "".join(f"<w:r><w:t>{text}</w:t></w:r>" for text in texts)


def run(properties: str, of_paragraph: str = "") -> str:
    return f"<w:p><w:pPr>{of_paragraph}</w:pPr><w:r><w:rPr>{properties}</w:rPr><w:t>Quillfeather</w:t></w:r></w:p>"


def part_xml(root: str, inner: str) -> str:
    return f'<?xml version="1.0"?><w:{root} {NAMESPACES}>{inner}</w:{root}>'


def saved(document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


STYLES = part_xml(
    "styles",
    '<w:style w:styleId="Base"><w:rPr><w:vanish/></w:rPr></w:style><w:style w:styleId="Gone"><w:basedOn w:val="Base"/></w:style>'
    '<w:style w:styleId="Pale"><w:rPr><w:color w:val="FFFFFF"/></w:rPr></w:style>'
    '<w:style w:styleId="Linked"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    '<w:style w:styleId="Second"><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>'
    '<w:style w:styleId="Third"><w:basedOn w:val="First"/><w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style>'
    '<w:style w:styleId="First"><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>'
    '<w:style w:styleId="Unlisted"><w:basedOn w:val="Item"/><w:pPr><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr></w:style>'
    '<w:style w:styleId="Item"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>',
)
DEFAULTS = part_xml("styles", "<w:docDefaults><w:rPrDefault><w:rPr><w:vanish/></w:rPr></w:rPrDefault></w:docDefaults>")
ORDINARY = part_xml(
    "styles",
    '<w:style w:type="paragraph" w:default="1" w:styleId="N"><w:rPr><w:color w:val="FFFFFF"/></w:rPr></w:style>',
)
TABLES = part_xml(
    "styles",
    '<w:style w:type="table" w:styleId="T"><w:rPr><w:sz w:val="2"/></w:rPr></w:style><w:style w:type="table" w:styleId="Dark">'
    '<w:tblStylePr w:type="firstRow"><w:tcPr><w:shd w:val="clear" w:fill="1F3864"/></w:tcPr></w:tblStylePr></w:style>',
)
THEME = {
    "word__theme__theme1_DOT_xml": '<a:theme xmlns:a="a"><a:lt2><a:srgbClr val="FEFEFE"/></a:lt2><a:dk2><a:srgbClr val="44546A"/></a:dk2></a:theme>'
}


def table(*rows: str, cell: str = "", style: str = "T") -> str:
    inside = "".join(f"<w:tr><w:tc><w:tcPr>{cell}</w:tcPr>{row}</w:tc></w:tr>" for row in rows)
    return f'<w:tbl><w:tblPr><w:tblStyle w:val="{style}"/></w:tblPr>{inside}</w:tbl>'


def text_box(text: str, properties: str = "", *, fill: str = "") -> str:
    filled = f"<wps:spPr><a:solidFill>{fill}</a:solidFill></wps:spPr>" if fill else ""
    return (
        f"<w:p><w:r><w:drawing><wp:anchor>{properties}<wps:wsp>{filled}<wps:txbx><w:txbxContent>{text}"
        "</w:txbxContent></wps:txbx></wps:wsp></wp:anchor></w:drawing></w:r></w:p>"
    )


BODIES = {
    "a paragraph": p("Quillfeather"),
    "runs that cut a word": p("Quill", "feather"),
    "a table": f"<w:tbl><w:tr><w:tc>{p('Quillfeather')}</w:tc></w:tr></w:tbl>",
    "a table in a table": f"<w:tbl><w:tr><w:tc><w:tbl><w:tr><w:tc>{p('Quillfeather')}</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>",
    "a content control": f"<w:sdt><w:sdtContent>{p('Quillfeather')}</w:sdtContent></w:sdt>",
    "the title of a content control": f'<w:sdt><w:sdtPr><w:alias w:val="Quillfeather"/></w:sdtPr><w:sdtContent>{p("x")}</w:sdtContent></w:sdt>',
    "300 content controls": "<w:sdt><w:sdtContent>" * 300 + p("Quillfeather") + "</w:sdtContent></w:sdt>" * 300,
    "a tracked insertion": '<w:p><w:ins w:author="A"><w:r><w:t>Quillfeather</w:t></w:r></w:ins></w:p>',
    "a tracked deletion": '<w:p><w:del w:author="A"><w:r><w:delText>Quillfeather</w:delText></w:r></w:del></w:p>',
    "a tracked move": "<w:p><w:moveFrom><w:r><w:t>Quillfeather</w:t></w:r></w:moveFrom></w:p>",
    "the author of a change": '<w:p><w:ins w:author="Quillfeather"><w:r><w:t>x</w:t></w:r></w:ins></w:p>',
    "hidden text": "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Quillfeather</w:t></w:r></w:p>",
    "white text": '<w:p><w:r><w:rPr><w:color w:val="FFFFFF"/></w:rPr><w:t>Quillfeather</w:t></w:r></w:p>',
    "a field instruction": "<w:p><w:r><w:instrText>MERGEFIELD Quill</w:instrText></w:r><w:r><w:instrText>feather</w:instrText></w:r></w:p>",
    "a simple field": '<w:p><w:fldSimple w:instr="DOCPROPERTY Quillfeather"/></w:p>',
    "alt text": '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" descr="Quillfeather"/></wp:inline></w:drawing></w:r></w:p>',
    "WordArt": '<w:p><w:r><w:pict><v:shape><v:textpath string="Quillfeather"/></v:shape></w:pict></w:r></w:p>',
    "a text box": f"<w:p><w:r><w:drawing><wps:txbx><w:txbxContent>{p('Quillfeather')}</w:txbxContent></wps:txbx></w:drawing></w:r></w:p>",
    "a text box for older programs": f"<w:p><w:r><w:pict><v:textbox><w:txbxContent>{p('Quillfeather')}</w:txbxContent></v:textbox></w:pict></w:r></w:p>",
    "a drawing's own text": "<w:p><w:r><w:drawing><a:p><a:r><a:t>Quillfeather</a:t></a:r></a:p></w:drawing></w:r></w:p>",
    "a formula": "<w:p><m:oMath><m:r><m:t>Quillfeather</m:t></m:r></m:oMath></w:p>",
    "a bookmark": '<w:p><w:bookmarkStart w:id="1" w:name="Quillfeather"/></w:p>',
    "a drop-down list": '<w:p><w:r><w:fldChar><w:ffData><w:ddList><w:listEntry w:val="x"/></w:ddList><w:helpText w:val="Quillfeather"/></w:ffData></w:fldChar></w:r></w:p>',
    "a smart tag": "<w:p><w:smartTag><w:r><w:t>Quillfeather</w:t></w:r></w:smartTag></w:p>",
    "a hyperlink": "<w:p><w:hyperlink><w:r><w:t>Quillfeather</w:t></w:r></w:hyperlink></w:p>",
    "a symbol": '<w:p><w:r><w:t>Quillfeat</w:t><w:sym w:font="Wingdings" w:char="F068"/><w:t>er</w:t></w:r></w:p>',
    "a symbol of a plain font": '<w:p><w:r><w:t>Quillfeat</w:t><w:sym w:font="Arial" w:char="0068"/><w:t>er</w:t></w:r></w:p>',
    "an alternative inside a word": "<w:p><w:r><w:t>Quill</w:t></w:r><mc:AlternateContent><mc:Choice><w:r><w:t>feather</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>feather</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>",
    "the word for older programs": "<w:p><w:r><w:t>Quill</w:t></w:r><mc:AlternateContent><mc:Choice><w:r><w:t>xx</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>feather</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>",
    "the second of two choices": "<w:p><mc:AlternateContent><mc:Choice><w:r><w:t>xx</w:t></w:r></mc:Choice><mc:Choice><w:r><w:t>Quillfeather</w:t></w:r></mc:Choice></mc:AlternateContent></w:p>",
    "a word with a reading aid": "<w:p><w:r><w:t>Quill</w:t></w:r><w:r><w:ruby><w:rt><w:r><w:t>aid</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>feather</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
    "a reading aid": "<w:p><w:r><w:ruby><w:rt><w:r><w:t>Quillfeather</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>x</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
    "a word around a raised mark": '<w:p><w:r><w:t>Quill</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>3</w:t></w:r><w:r><w:t>feather</w:t></w:r></w:p>',
    "an attribute that nobody knows": '<w:p x:note="ask for Jane Quillfeather" xmlns:x="x"/>',
    "a comment of XML": "<!-- Quillfeather --><w:p/>",
    "an instruction of XML": "<?note Quillfeather?><w:p/>",
    "a result of a field": '<w:p><w:fldSimple w:instr="X"><w:r><w:t>Quillfeather</w:t></w:r></w:fldSimple></w:p>',
    "text after a hidden drawing": "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:pict><w:txbxContent><w:p><w:r><w:t>x</w:t></w:r></w:p></w:txbxContent></w:pict><w:t>Quillfeather</w:t></w:r></w:p>",
    "a place of a drawing that no program knows": "<w:p><w:r><w:drawing><wp:align>Quillfeather</wp:align></w:drawing></w:r></w:p>",
    "one word in an attribute that nobody knows": '<w:p x:note="Quillfeather" xmlns:x="x"/>',
    "a property that nobody knows": '<w:p><w:pPr><w:strange w:val="Quillfeather"/></w:pPr></w:p>',
    "a style that is not there": '<w:p><w:pPr><w:pStyle w:val="Quillfeather"/></w:pPr></w:p>',
    "the binding of a content control": '<w:sdt><w:sdtPr><w:dataBinding w:xpath="/a/Quillfeather"/></w:sdtPr></w:sdt>',
    "the program of an object": '<w:p><w:r><w:object><o:OLEObject xmlns:o="o" ProgID="Quillfeather.1"/></w:object></w:r></w:p>',
    "text in the code of a field": '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:t>Quillfeather</w:t></w:r></w:p>',
    "a hyperlink's tip": '<w:p><w:hyperlink w:tooltip="Quillfeather"><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>',
}  # fmt: skip

MEMBERS = {
    "a header": {"word__header1_DOT_xml": part_xml("hdr", p("Quillfeather"))},
    "a footer": {"word__footer2_DOT_xml": part_xml("ftr", p("Quillfeather"))},
    "a footnote": {"word__footnotes_DOT_xml": part_xml("footnotes", f"<w:footnote>{p('Quillfeather')}</w:footnote>")},
    "an endnote": {"word__endnotes_DOT_xml": part_xml("endnotes", f"<w:endnote>{p('Quillfeather')}</w:endnote>")},
    "a comment": {"word__comments_DOT_xml": part_xml("comments", f"<w:comment>{p('Quillfeather')}</w:comment>")},
    "the glossary": {"word__glossary__document_DOT_xml": part_xml("glossaryDocument", p("Quillfeather"))},
    "a core property": {"docProps__core_DOT_xml": "<p><dc:creator xmlns:dc='x'>Quillfeather</dc:creator></p>"},
    "a custom property": {"docProps__custom_DOT_xml": "<Properties><property name='x'><v>Quillfeather</v></property></Properties>"},
    "the name of a custom property": {"docProps__custom_DOT_xml": "<Properties><property name='Quillfeather'/></Properties>"},
    "custom XML": {"customXml__item1_DOT_xml": "<data><who>Quillfeather</who></data>"},
    "an attribute of custom XML": {"customXml__item1_DOT_xml": "<data who='Quillfeather'/>"},
    "a chart": {"word__charts__chart1_DOT_xml": "<c:v xmlns:c='x'>Quillfeather</c:v>"},
    "a diagram": {"word__diagrams__data1_DOT_xml": "<a:p xmlns:a='x'><a:r><a:t>Quillfeather</a:t></a:r></a:p>"},
    "a link target": {"word___rels__document_DOT_xml_DOT_rels": "<Relationships><Relationship Type='x/hyperlink' TargetMode='External' Target='mailto:Quillfeather@example.org'/></Relationships>"},
    "an embedded web page": {"word__afchunk_DOT_htm": "<html><p>Quillfeather</p></html>"},
    "an embedded web archive": {"word__afchunk_DOT_mht": "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=xx\r\n\r\n--xx\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+UXVpbGw8Yj5mZWF0aGVyPC9iPjwvcD4=\r\n--xx--"},
    "an embedded text chunk": {"word__afchunk_DOT_txt": "Quillfeather"},
    "an extended comment": {"word__commentsExtended_DOT_xml": part_xml("commentsEx", f"<w:c>{p('Quillfeather')}</w:c>")},
    "a label of a list": {"word__numbering_DOT_xml": part_xml("numbering", '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:lvlText w:val="Jane Quillfeather"/></w:lvl></w:abstractNum>')},
    "the cache of a chart": {"word__charts__chart2_DOT_xml": "<c:ser xmlns:c='x'><c:cat><c:strRef><c:strCache><c:pt><c:v>Quillfeather</c:v></c:pt></c:strCache></c:strRef></c:cat></c:ser>"},
    "an embedded document": {"word__embeddings__inner_DOT_docx": package(p("Quillfeather"))},
    "an embedded text": {"word__embeddings__inner_DOT_txt": "Quillfeather"},
    "a document variable": {"word__settings_DOT_xml": part_xml("settings", '<w:docVars><w:docVar w:name="x" w:val="Quillfeather"/></w:docVars>')},
    "the name of a style": {"word__styles_DOT_xml": part_xml("styles", '<w:style w:styleId="q1"><w:name w:val="Quillfeather"/></w:style>')},
    "the name of a theme": {"word__theme__theme1_DOT_xml": '<a:theme xmlns:a="a" name="Quillfeather"/>'},
    "a comment of XML in the styles": {"word__styles_DOT_xml": part_xml("styles", "<!-- Quillfeather -->")},
    "text in the styles": {"word__styles_DOT_xml": part_xml("styles", p("Quillfeather"))},
    "a short name in custom XML": {"customXml__item1_DOT_xml": "<data who='Amy' id='Quillfeather Lane'/>"},
    "a part in UTF-16": {"word__header1_DOT_xml": part_xml("hdr", p("Quillfeather")).replace('version="1.0"', 'version="1.0" encoding="UTF-16"').encode("utf-16")},
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_word_is_found_in_the_body_in(read_here, body):
    read = read_here(package(body), "a.docx")

    assert "Quillfeather" in read.text
    assert read.problems == []


@pytest.mark.parametrize("members", MEMBERS.values(), ids=MEMBERS.keys())
def test_a_word_is_found_in(read_here, members):
    read = read_here(package(p("body"), **members), "a.docx")

    assert "Quillfeather" in read.text
    assert read.problems == []


@pytest.mark.parametrize(
    ("body", "members", "kind", "visibility"),
    [
        (BODIES["a paragraph"], {}, PlaceKind.PARAGRAPH, Visibility.VISIBLE),
        (BODIES["a table"], {}, PlaceKind.TABLE, Visibility.VISIBLE),
        (BODIES["a tracked deletion"], {}, PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION),
        (BODIES["hidden text"], {}, PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (BODIES["white text"], {}, PlaceKind.PARAGRAPH, Visibility.WHITE),
        (run('<w:color w:val="FEFEFE"/>'), {}, PlaceKind.PARAGRAPH, Visibility.WHITE),
        (run('<w:color w:themeColor="background1"/>'), {}, PlaceKind.PARAGRAPH, Visibility.WHITE),
        (run('<w:sz w:val="2"/>'), {}, PlaceKind.PARAGRAPH, Visibility.TINY),
        (run('<w:highlight w:val="black"/>'), {}, PlaceKind.PARAGRAPH, Visibility.COVERED),
        (run('<w:color w:val="000000"/><w:shd w:fill="000000"/>'), {}, PlaceKind.PARAGRAPH, Visibility.COVERED),
        (run('<w:rStyle w:val="Gone"/>'), {"word__styles_DOT_xml": STYLES}, PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (run("", '<w:pStyle w:val="Pale"/>'), {"word__styles_DOT_xml": STYLES}, PlaceKind.PARAGRAPH, Visibility.WHITE),
        (run(""), {"word__styles_DOT_xml": DEFAULTS}, PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (run(""), {"word__styles_DOT_xml": ORDINARY}, PlaceKind.PARAGRAPH, Visibility.WHITE),
        (table(run("")), {"word__styles_DOT_xml": TABLES}, PlaceKind.TABLE, Visibility.TINY),
        (
            table(run('<w:color w:val="000000"/>'), cell='<w:shd w:fill="000000"/>'),
            {},
            PlaceKind.TABLE,
            Visibility.COVERED,
        ),
        (
            run('<w:color w:val="222222"/>', '<w:shd w:val="solid" w:color="000000" w:fill="auto"/>'),
            {},
            PlaceKind.PARAGRAPH,
            Visibility.COVERED,
        ),
        (run('<w:color w:val="000000" w:themeColor="light2"/>'), THEME, PlaceKind.PARAGRAPH, Visibility.WHITE),
        (
            run('<w:color w:val="000000" w:themeColor="dark2" w:themeTint="10"/>'),
            THEME,
            PlaceKind.PARAGRAPH,
            Visibility.WHITE,
        ),
        (text_box(run(""), '<wp:docPr hidden="1"/>'), {}, PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (
            '<w:p><w:r><w:pict><v:shape style="position:absolute;visibility:hidden"><w:txbxContent>'
            + run("")
            + "</w:txbxContent></v:shape></w:pict></w:r></w:p>",
            {},
            PlaceKind.PARAGRAPH,
            Visibility.HIDDEN,
        ),
        (
            "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:pict><w:txbxContent>"
            + run("")
            + "</w:txbxContent></w:pict></w:r></w:p>",
            {},
            PlaceKind.PARAGRAPH,
            Visibility.HIDDEN,
        ),
        (
            text_box(run('<w:color w:val="000000"/>'), fill='<a:srgbClr val="000000"/>'),
            {},
            PlaceKind.PARAGRAPH,
            Visibility.COVERED,
        ),
        (BODIES["text in the code of a field"], {}, PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (BODIES["alt text"], {}, PlaceKind.PARAGRAPH, Visibility.ATTRIBUTE),
        ("", MEMBERS["a header"], PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
        ("", MEMBERS["a footnote"], PlaceKind.NOTE, Visibility.VISIBLE),
        ("", MEMBERS["a comment"], PlaceKind.COMMENT, Visibility.COMMENT),
        ("", MEMBERS["a core property"], PlaceKind.METADATA, Visibility.VISIBLE),
    ],
)
def test_place_and_visibility(read_here, body, members, kind, visibility):
    read = read_here(package(body, **members), "a.docx")

    assert read.texts(kind, visibility) == ["Quillfeather"]


@pytest.mark.parametrize(
    ("body", "members", "mark"),
    [
        (BODIES["a tracked insertion"], {}, "tracked_changes"),
        (BODIES["a tracked deletion"], {}, "tracked_changes"),
        (BODIES["hidden text"], {}, "hidden_text"),
        (run('<w:highlight w:val="black"/>'), {}, "covered_text"),
        (run('<w:color w:val="FFFFFF"/>'), {}, "hidden_text"),
        ("", MEMBERS["a comment"], "comments"),
        ('<w:p><w:r><w:drawing><a:blip/><a:srcRect t="20000"/></w:drawing></w:r></w:p>', {}, "cropped_image"),
        ("", {"word__vbaProject_DOT_bin": b"Sub AutoOpen"}, "macros"),
        ("", MEMBERS["an embedded document"], "embedded"),
        ("", {"word___rels__a_DOT_rels": "<R><Relationship Type='x/attachedTemplate' TargetMode='External' Target='http://example.org'/></R>"}, "external_link"),
    ],
)  # fmt: skip
def test_marks(read_here, body, members, mark):
    assert mark in read_here(package(body, **members), "a.docx").marks


IDENTIFIED = {
    "an attribute of a namespace of its own": lambda value: package(f"<w:p z:note='{value}' xmlns:z='urn:z'/>"),
    "the name of a style": lambda value: package("", word__styles_DOT_xml=part_xml("styles", f"<w:style w:styleId='a'><w:name w:val='{value}'/></w:style>")),
    "the name of a font": lambda value: package("", word__fontTable_DOT_xml=part_xml("fonts", f"<w:font w:name='{value}'/>")),
    "a variable": lambda value: package("", word__settings_DOT_xml=part_xml("settings", f"<w:docVar w:name='a' w:val='{value}'/>")),
    "a part of no known kind": lambda value: package("", word__people_DOT_xml=f"<p:x xmlns:p='urn:p' p:note='{value}'/>"),
}  # fmt: skip


@pytest.mark.parametrize("value", ["QQ123456C", "QQ 12 34 56 C", "07700 900123", "tn99 9zz", "999 000 1234"])
@pytest.mark.parametrize("content", IDENTIFIED.values(), ids=IDENTIFIED.keys())
def test_an_identifier_alone_is_read_in(read_here, content, value):
    assert value in read_here(content(value), "a.docx").text


def test_what_programs_number_is_no_identifier(read_here):
    drawn = (
        '<wp:docPr id="1804382451" name="Picture 1"/><w:id w:val="1721320928"/><w:p w:rsidR="00A12B3C"/>'
        '<w:shd w:fill="D9E2F3"/><wp:anchor relativeHeight="251659264"/>'
    )

    assert read_here(package(f"<w:p><w:r><w:t>x</w:t></w:r>{drawn}</w:p>"), "a.docx").texts(
        visibility=Visibility.ATTRIBUTE
    ) in ([], ["Picture 1"])


def word_art(text: str, style: str = "") -> str:
    return f'<w:r><w:pict><v:shape style="{style}"><v:textpath style="font-family:Arial" string="{text}"/></v:shape></w:pict></w:r>'


def test_the_words_of_wordart_are_shown(read_here):
    read = read_here(package(f"<w:p>{runs('before ')}{word_art('12 High Street')}{runs('behind')}</w:p>"), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["12 High Street\nbefore behind"]
    assert not any("High" in text for text in read.texts(visibility=Visibility.ATTRIBUTE))


def test_wordart_that_is_hidden_is_hidden(read_here):
    read = read_here(package(f"<w:p>{word_art('Quillfeather', 'visibility:hidden')}</w:p>"), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.HIDDEN) == ["Quillfeather"]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == []


def anchored(text: str, left: int, top: int = 0, base: str = "page") -> str:
    return (
        f'<w:r><w:drawing><wp:anchor><wp:positionH relativeFrom="page"><wp:posOffset>{left}</wp:posOffset></wp:positionH>'
        f'<wp:positionV relativeFrom="{base}"><wp:posOffset>{top}</wp:posOffset></wp:positionV><wp:extent cx="100" cy="100"/>'
        f"<wps:wsp><wps:txbx><w:txbxContent>{p(text)}</w:txbxContent></wps:txbx></wps:wsp></wp:anchor></w:drawing></w:r>"
    )


def test_text_boxes_are_read_in_the_order_in_which_they_stand_too(read_here):
    boxes = anchored("Street", 500) + anchored("12", 0) + anchored("High", 200, 10)
    read = read_here(package(f"<w:p>{boxes}</w:p>"), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["Street\n12\nHigh", "12 High Street"]


def test_text_boxes_that_hang_on_their_paragraphs_stand_one_below_the_other(read_here):
    boxes = "".join(f"<w:p>{anchored(word, 0, 0, 'paragraph')}{runs('x')}</w:p>" for word in ("Leeds", "York"))
    read = read_here(package(boxes), "a.docx")

    assert len(read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE)) == 1


@pytest.mark.parametrize("offset", ["", "x", "9" * 400, "-"])
def test_a_text_box_at_no_place_is_read_all_the_same(read_here, offset):
    read = read_here(package(f"<w:p>{anchored('Quillfeather', offset)}{anchored('more', 3)}</w:p>"), "a.docx")

    assert "Quillfeather" in read.text
    assert read.problems == []


def test_a_plain_letter_has_no_marks(read_here):
    picture = '<w:p><w:r><w:drawing><a:blip/><a:srcRect/><a:srcRect t="-5" b="0"/></w:drawing></w:r></w:p>'

    assert read_here(package(p("a letter") + picture), "a.docx").marks == set()


def test_an_address_over_several_paragraphs_is_one_text(read_here):
    read = read_here(package(p("12 High Street") + p() + p("Leeds") + p("LS1 4AB")), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH) == ["12 High Street\nLeeds\nLS1 4AB"]


def test_a_long_document_is_handed_over_in_stretches_with_their_paragraph_numbers(read_here):
    paragraphs = [f"paragraph {n} " + "words " * 60 for n in range(1, 31)]
    read = read_here(package("".join(p(text) for text in paragraphs)), "a.docx")

    numbers = [s.place.number for s in read.reading.segments if s.place.kind is PlaceKind.PARAGRAPH]
    starts = [text.split()[1] for text in read.texts(PlaceKind.PARAGRAPH)]
    assert len(numbers) > 3
    assert [str(number) for number in numbers] == starts


def test_a_deletion_is_handed_over_with_the_sentence_it_stood_in(read_here):
    body = "<w:p><w:r><w:t>She lives at </w:t></w:r><w:del><w:r><w:delText>12 High </w:delText></w:r></w:del><w:r><w:t>Street.</w:t></w:r></w:p>"
    read = read_here(package(body), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["She lives at Street."]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION) == ["She lives at 12 High Street."]


def test_text_before_a_tracked_change_is_read_without_what_replaced_it(read_here):
    body = (
        "<w:p><w:r><w:t>12</w:t></w:r><w:del><w:r><w:delText>3</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>4</w:t></w:r></w:ins><w:r><w:t> High Street</w:t></w:r></w:p>"
    )
    read = read_here(package(body), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["124 High Street"]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION) == ["123 High Street"]


def test_a_text_box_and_its_copy_for_older_programs_are_one_text(read_here):
    box = f"<w:txbxContent>{p('boxed words')}</w:txbxContent>"
    body = f"<w:p><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    read = read_here(package(body), "a.docx")

    assert read.text.count("boxed words") == 1


def test_a_copy_for_older_programs_that_says_something_else_is_read(read_here):
    box = "<w:txbxContent>{}</w:txbxContent>"
    body = (
        f"<w:p><w:r><mc:AlternateContent><mc:Choice>{box.format(p('new'))}</mc:Choice>"
        f"<mc:Fallback>{box.format(p('ghost'))}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )

    assert "ghost" in read_here(package(body), "a.docx").text


@pytest.mark.parametrize(
    "properties",
    [
        '<w:highlight w:val="yellow"/>', '<w:color w:val="FFFFFF"/><w:shd w:fill="003366"/>', '<w:shd w:fill="000000"/>',
        '<w:vanish w:val="0"/>', '<w:sz w:val="16"/>', '<w:color w:val="auto"/>', '<w:color w:val="444444"/>',
        '<w:highlight w:val="black"/><w:color w:val="FFFFFF"/>',
    ],
)  # fmt: skip
def test_shown_text_is_not_called_hidden(read_here, properties):
    read = read_here(package(run(properties)), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["Quillfeather"]
    assert read.marks == set()


WHITE = run('<w:color w:val="FFFFFF"/>')
ON_SOMETHING_DARK = {
    "a dark cell": (table(WHITE, cell='<w:shd w:val="clear" w:fill="1F3864"/>'), {}),
    "a cell that the theme makes dark": (table(WHITE, cell='<w:shd w:val="clear" w:fill="FFFFFF" w:themeFill="dark2"/>'), THEME),
    "a row that its table style makes dark": (table(WHITE, style="Dark"), {"word__styles_DOT_xml": TABLES}),
    "a dark paragraph": (run('<w:color w:val="FFFFFF"/>', '<w:shd w:val="clear" w:fill="000000"/>'), {}),
    "a dark text box": (text_box(WHITE, fill='<a:srgbClr val="000080"/>'), {}),
    "a text box of a colour that nobody can tell": (text_box(WHITE, fill='<a:schemeClr val="accent1"><a:lumMod val="50000"/></a:schemeClr>'), {}),
    "a dark shape of VML": (f'<w:p><w:r><w:pict><v:rect fillcolor="#1f3864 [1608]"><w:txbxContent>{WHITE}</w:txbxContent></v:rect></w:pict></w:r></w:p>', {}),
    "a dark page": (f'</w:body><w:background w:color="000000"/><w:body>{WHITE}', {}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "members"), ON_SOMETHING_DARK.values(), ids=ON_SOMETHING_DARK.keys())
def test_white_text_is_not_called_hidden_on(read_here, body, members):
    read = read_here(package(body, **members), "a.docx")

    assert read.texts(visibility=Visibility.WHITE) == []
    assert "hidden_text" not in read.marks


def test_white_text_is_hidden_below_the_dark_first_row_of_a_table(read_here):
    content = package(table(p("head"), WHITE, style="Dark"), word__styles_DOT_xml=TABLES)

    assert read_here(content, "a.docx").texts(PlaceKind.TABLE, Visibility.WHITE) == ["Quillfeather"]


def test_code_of_a_field_does_not_cut_what_a_reader_sees(read_here):
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    body = f"<w:p>{runs('27 ')}{mark.format('begin')}{runs('junk')}{mark.format('separate')}{runs('Larkspur')}{mark.format('end')}{runs(' Lane')}</w:p>"

    assert read_here(package(body), "a.docx").texts(visibility=Visibility.VISIBLE)[1:] == ["27 Larkspur Lane"]


def test_a_field_that_is_never_closed_hides_nothing_below(read_here):
    body = f'<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r></w:p>{p("Quillfeather")}'

    assert read_here(package(body), "a.docx").texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["Quillfeather"]


LINES = ("27 Larkspur Lane", "Ashford", "TN99 9ZZ")


@pytest.mark.parametrize(
    ("paragraph", "visibility"),
    [
        ("<w:p><w:del><w:r><w:delText>{}</w:delText></w:r></w:del></w:p>", Visibility.TRACKED_DELETION),
        ("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{}</w:t></w:r></w:p>", Visibility.HIDDEN),
        ('<w:p><w:r><w:rPr><w:color w:val="FFFFFF"/></w:rPr><w:t>{}</w:t></w:r></w:p>', Visibility.WHITE),
    ],
)
def test_a_hidden_address_over_several_paragraphs_is_one_text(read_here, paragraph, visibility):
    body = p("before") + "".join(map(paragraph.format, LINES)) + p("between") + paragraph.format("other")
    read = read_here(package(body), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, visibility) == ["\n".join(LINES), "other"]
    assert [s.place.number for s in read.reading.segments if s.visibility is visibility] == [2, 6]


def test_comments_and_notes_are_one_by_one_and_numbered(read_here):
    comments = "".join(f'<w:comment w:id="{n + 7}">{p(f"comment {n}")}{p("more")}</w:comment>' for n in (1, 2))
    notes = f'<w:footnote w:type="separator">{p("-")}</w:footnote><w:footnote>{p("note 1")}</w:footnote><w:footnote>{p("note 2")}</w:footnote>'
    content = package(
        p("x"),
        word__comments_DOT_xml=part_xml("comments", comments),
        word__footnotes_DOT_xml=part_xml("footnotes", notes),
    )

    found = {s.text: (s.place.kind, s.place.number) for s in read_here(content, "a.docx").reading.segments}
    assert found["comment 1\nmore"] == (PlaceKind.COMMENT, 1)
    assert found["comment 2\nmore"] == (PlaceKind.COMMENT, 2)
    assert found["note 1"] == (PlaceKind.NOTE, 1)
    assert found["note 2"] == (PlaceKind.NOTE, 2)


def test_values_of_a_chart_stand_apart(read_here):
    chart = "<c:chartSpace xmlns:c='c'><c:pt><c:v>12</c:v></c:pt><c:pt><c:v>Quill</c:v></c:pt></c:chartSpace>"

    assert read_here(package(p("x"), word__charts__chart1_DOT_xml=chart), "a.docx").texts(PlaceKind.TEXT) == [
        "12\nQuill"
    ]


def elsewhere(body: str, **related: str) -> bytes:
    """A document whose parts stand where its relationships say."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = "".join(f'<Relationship Id="{name}" Type="{kind}/{name}" Target="{name}-of-it.xml"/>' for name in related)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types><Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels", f'<R><Relationship Id="a" Type="{kind}/officeDocument" Target="/x/main.xml"/></R>'
        )
        archive.writestr("x/main.xml", part_xml("document", f"<w:body>{body}</w:body>"))
        archive.writestr("x/_rels/main.xml.rels", f"<R>{links}</R>")
        for name, content in related.items():
            archive.writestr(f"x/{name}-of-it.xml", content)
    return out.getvalue()


def test_parts_that_nothing_leads_to_are_hidden(read_here):
    body = p("body")
    header = part_xml("hdr", p("Quillfeather"))
    out = io.BytesIO(elsewhere(body, header=header))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("word/header9.xml", part_xml("hdr", p("old header")))
        archive.writestr("word/document.xml", part_xml("document", f"<w:body>{p('old body')}</w:body>"))
    read = read_here(out.getvalue(), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["body"]
    assert read.texts(PlaceKind.PAGE_HEADER, Visibility.VISIBLE) == ["Quillfeather"]
    assert sorted(read.texts(visibility=Visibility.HIDDEN)) == ["old body", "old header"]
    assert "hidden_text" in read.marks


def test_a_document_is_read_as_one_wherever_its_parts_stand(read_here):
    body = BODIES["a tracked move"] + run('<w:rStyle w:val="Gone"/>') + item("Lane", 1)
    read = read_here(
        elsewhere(
            body, styles=STYLES, numbering=NUMBERING, comments=part_xml("comments", f"<w:comment>{p('c')}</w:comment>")
        ),
        "a.docx",
    )

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION) == ["Quillfeather"]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.HIDDEN) == ["Quillfeather"]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["27.\tLane", "Lane"]
    assert read.texts(PlaceKind.COMMENT, Visibility.COMMENT) == ["c"]


def level(number: int, text: str, start: int = 1, way: str = "decimal", more: str = "") -> str:
    return f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{way}"/>{more}<w:lvlText w:val="{text}"/></w:lvl>'


SECTIONS = "".join((
    level(0, "%1", 2), level(1, "%1.%2", 17), level(2, "%1.%2.%3", 1, "lowerRoman", '<w:lvlRestart w:val="1"/>'),
    level(3, "%1.%2.%3.%4", 1, more="<w:isLgl/>"),
))  # fmt: skip
LETTERS = level(0, "%1", 1, "upperLetter", '<w:suff w:val="space"/>') + level(
    1, "%2:", 4, more='<w:pStyle w:val="Second"/>'
)
NUMBERING = part_xml(
    "numbering",
    f'<w:abstractNum w:abstractNumId="7">{level(0, "%1.", 27)}{level(1, "%1.%2)", 1, "lowerLetter")}</w:abstractNum>'
    f'<w:abstractNum w:abstractNumId="8">{level(0, "&#xF0B7;", 1, "bullet")}</w:abstractNum>'
    f'<w:abstractNum w:abstractNumId="9">{level(0, "27 Larkspur Gardens", 1, "bullet")}</w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="9"/></w:num>'
    f'<w:abstractNum w:abstractNumId="10"><w:numStyleLink w:val="Linked"/></w:abstractNum>'
    f'<w:abstractNum w:abstractNumId="11">{SECTIONS}</w:abstractNum><w:abstractNum w:abstractNumId="12">{LETTERS}</w:abstractNum>'
    f'<w:abstractNum w:abstractNumId="13">{level(0, "o", 1, "bullet")}</w:abstractNum>'
    '<w:num w:numId="5"><w:abstractNumId w:val="10"/></w:num><w:num w:numId="6"><w:abstractNumId w:val="11"/></w:num>'
    '<w:num w:numId="7"><w:abstractNumId w:val="12"/></w:num><w:num w:numId="8"><w:abstractNumId w:val="13"/></w:num>'
    f'<w:num w:numId="9"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0">{level(0, "No. %1", 1, "cardinalText")}</w:lvlOverride></w:num>'
    '<w:num w:numId="4"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>',
)


def styled(text: str, style: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


def item(text: str, number: int, at: int = 0) -> str:
    return f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{number}"/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (item("Larkspur Gardens", 1), "27.\tLarkspur Gardens"),
        (item("a", 1) + item("b", 1) + item("c", 1), "27.\ta\n28.\tb\n29.\tc"),
        (item("a", 1) + item("b", 1, 1) + item("c", 1, 1) + item("d", 1), "27.\ta\n27.a)\tb\n27.b)\tc\n28.\td"),
        (item("a", 1) + item("b", 4) + item("c", 4), "27.\ta\n5.\tb\n6.\tc"),
        (item("a", 2), "a"),
        (item("x", 3), "27 Larkspur Gardens\tx"),
        (item("a", 5) + item("b", 1), "27.\ta\n28.\tb"),
        (item("a", 6, 1) + item("b", 6, 2) + item("c", 6, 1) + item("d", 6, 2), "2.17\ta\n2.17.i\tb\n2.18\tc\n2.18.ii\td"),
        (item("a", 6, 1) + item("b", 6, 2) + item("c", 6, 3), "2.17\ta\n2.17.i\tb\n2.17.1.1\tc"),
        (item("a", 7), "A a"),
        (item("a", 8), "a"),
        (item("a", 9), "No. One\ta"),
        (styled("a", "Second"), "4:\ta"),
        (styled("a", "Third"), "4:\ta"),
        (styled("a", "Item") + styled("b", "Unlisted"), "27.\ta\nb"),
        (item("a", 0), "a"),
        (item("a", 99), "a"),
        ('<w:p><w:pPr><w:pStyle w:val="Item"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>', "27.\ta"),
        ('<w:p><w:pPr><w:pPrChange><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:pPrChange></w:pPr><w:r><w:t>a</w:t></w:r></w:p>', "a"),
    ],
)  # fmt: skip
def test_the_number_of_a_list_is_text(read_here, body, shown):
    read = read_here(package(body, word__numbering_DOT_xml=NUMBERING, word__styles_DOT_xml=STYLES), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH)[0] == shown


def test_a_paragraph_of_a_list_is_read_without_its_number_too(read_here):
    """Else the number of the item could pass for the number of the house."""
    read = read_here(package(item("Larkspur Gardens, Leeds", 1), word__numbering_DOT_xml=NUMBERING), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH) == ["27.\tLarkspur Gardens, Leeds", "Larkspur Gardens, Leeds"]


def test_a_reading_aid_stands_behind_what_it_helps_to_read(read_here):
    aid = f"<w:ruby><w:rt>{runs('aid')}</w:rt><w:rubyBase>{runs('Larkspur')}</w:rubyBase></w:ruby>"
    read = read_here(package(f"<w:p>{runs('27 ')}<w:r>{aid}</w:r>{runs(' Lane')}</w:p>"), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH) == ["27 Larkspur Lane", "27 Larkspur (aid) Lane"]


def test_an_alternative_inside_a_paragraph_is_read_once_each(read_here):
    choice, older = (
        "<mc:Choice><w:r><w:t>new</w:t></w:r></mc:Choice>",
        "<mc:Fallback><w:r><w:t>old</w:t></w:r></mc:Fallback>",
    )
    body = f"<w:p><w:r><w:t>the </w:t></w:r><mc:AlternateContent>{choice}{older}</mc:AlternateContent><w:r><w:t> one</w:t></w:r></w:p>"
    read = read_here(package(body), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH) == ["the new one", "the old one"]


def test_a_run_that_is_turned_round_carries_the_signs_that_say_so(read_here):
    body = '<w:p><w:bdo w:val="rtl"><w:r><w:t>rupskraL 72</w:t></w:r></w:bdo></w:p>'

    assert read_here(package(body), "a.docx").texts(PlaceKind.PARAGRAPH) == ["\u202erupskraL 72\u202c"]


def cells(*texts: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{text}</w:tc>" for text in texts) + "</w:tr>"


def test_a_row_is_one_line(read_here):
    body = f"<w:tbl>{cells(p('27'), p('Larkspur') + p('Gardens'))}{cells(p('a'), p('b'))}</w:tbl>"
    read = read_here(package(body), "a.docx")

    assert read.texts(PlaceKind.TABLE) == ["27\tLarkspur Gardens\na\tb"]


def test_long_cells_keep_their_lines(read_here):
    body = f"<w:tbl>{cells(p('x' * 300) + p('y' * 300), p('z'))}</w:tbl>"

    assert "x\ny" in read_here(package(body), "a.docx").texts(PlaceKind.TABLE)[0]


def test_a_table_from_right_to_left_is_read_as_it_is_seen_too(read_here):
    body = f"<w:tbl><w:tblPr><w:bidiVisual/></w:tblPr>{cells(p('Gardens'), p('Larkspur'), p('27'))}</w:tbl>{p('after')}"
    read = read_here(package(body), "a.docx")

    assert "27\tLarkspur\tGardens" in read.texts(PlaceKind.TABLE)
    assert "reordered" in read.marks


def test_instructions_of_two_fields_stand_apart(read_here):
    field = "<w:r><w:fldChar/></w:r><w:r><w:instrText>{}</w:instrText></w:r>"
    read = read_here(package(f"<w:p>{field.format('ONE')}{field.format('TWO')}</w:p>"), "a.docx")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.ATTRIBUTE) == ["ONE\nTWO"]


def test_what_belongs_to_no_member_of_a_document_is_read(read_here):
    assert "ask for Quillfeather" in read_here(package(p("x")) + b"ask for Quillfeather", "a.docx").text


def test_two_parts_of_one_name_are_both_read(read_here):
    out = io.BytesIO(package(p("body"), word__styles_DOT_xml=STYLES))
    with zipfile.ZipFile(out, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("word/styles.xml", part_xml("styles", p("Quillfeather")))

    assert "Quillfeather" in read_here(out.getvalue(), "a.docx").text


HOSTILE = {
    "lists": item("a", 1) * 8_000,
    "rows": "<w:tbl>" * 200 + "<w:tr><w:tc>" * 20_000 + "</w:tc></w:tr>" * 20_000 + "</w:tbl>" * 200,
    "alternatives": "<mc:AlternateContent><mc:Choice><w:r><w:t>a</w:t></w:r>" * 10_000 + "</mc:Choice></mc:AlternateContent>" * 10_000,
    "runs": "<w:p>" + "<w:r><w:t>a</w:t></w:r>" * 30_000 + "</w:p>",
    "runs in runs": "<w:p>" + "<w:r>" * 60_000 + "</w:r>" * 60_000 + "</w:p>",
    "fields": "<w:p>" + '<w:r><w:fldChar w:fldCharType="begin"/></w:r>' * 30_000 + "<w:r><w:rPr><w:webHidden/></w:rPr><w:t>a</w:t></w:r>" * 30_000
    + '<w:r><w:instrText>a</w:instrText><w:fldChar w:fldCharType="separate"/></w:r>' * 30_000 + "</w:p>",
    "tables of contents": "<w:p>" + '<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>TOC</w:instrText><w:fldChar w:fldCharType="separate"/></w:r>' * 20_000
    + "<w:r><w:rPr><w:webHidden/></w:rPr><w:t>a</w:t></w:r>" * 20_000 + "</w:p>",
    "aids": "<w:p>" + "<w:r><w:ruby><w:rt><w:r><w:t>a</w:t></w:r></w:rt>" * 10_000 + "</w:ruby></w:r>" * 10_000 + "</w:p>",
    "boxes": "<w:p><w:r><w:pict><v:shape><w:txbxContent>" * 5_000 + "</w:txbxContent></v:shape></w:pict></w:r></w:p>" * 5_000,
    "numbers in an attribute": f'<w:p w:note="{"1,pt " * 100_000}!"/><w:p w:note="{"1,1" * 100_000}!"/>',
    "words in an attribute": f'<w:p w:note="{"Comment Text" * 50_000}q"/><w:p w:note="{"A" * 500_000}"/>',
    "cells": "<w:tbl><w:tr><w:tc>" * 10_000 + "</w:tc></w:tr></w:tbl>" * 10_000,
    "hidden paragraphs": "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>a</w:t></w:r></w:p>" * 30_000,
    "directions": "<w:p>" + "<w:bdo>" * 50_000 + "</w:bdo>" * 50_000 + "</w:p>",
}  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_documents_are_read_in_bounded_time(read_here, body):
    read = read_here(package(body + p("Quillfeather"), word__numbering_DOT_xml=NUMBERING), "a.docx")

    assert "Quillfeather" in read.text
    assert len(read.text) < 4 * len(body) + 100_000


@pytest.mark.parametrize(("code", "visibility"), [("TOC", Visibility.VISIBLE), ("REF", Visibility.HIDDEN)])
def test_page_numbers_of_a_table_of_contents_are_not_hidden(read_here, code, visibility):
    """Word hides them on the web, where there are no pages; elsewhere nobody but a person does."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    text = "<w:r><w:rPr><w:webHidden/></w:rPr><w:t>17</w:t></w:r>"
    body = f"<w:p>{mark.format('begin')}<w:r><w:instrText> {code} x</w:instrText></w:r>{mark.format('separate')}{text}{mark.format('end')}</w:p>"

    assert read_here(package(body), "a.docx").texts(PlaceKind.PARAGRAPH, visibility) == ["17"]


def test_styles_that_rest_on_each_other_end(read_here):
    styles = part_xml(
        "styles",
        '<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style><w:style w:styleId="B"><w:basedOn w:val="A"/></w:style>',
    )

    assert (
        "Quillfeather"
        in read_here(package(run("", '<w:pStyle w:val="A"/>'), word__styles_DOT_xml=styles), "a.docx").text
    )


def test_everything_python_docx_returns_is_found(read_here):
    document = docx.Document()
    document.add_heading("A heading", 1)
    document.add_paragraph("First paragraph of text.", style="List Bullet")
    run = document.add_paragraph("with ").add_run("bold")
    run.bold, run.font.size, run.font.color.rgb = True, Pt(14), RGBColor(1, 2, 3)
    table = document.add_table(2, 2)
    table.cell(1, 1).text = "in a cell"
    document.sections[0].header.paragraphs[0].text = "in the header"
    document.sections[0].footer.paragraphs[0].text = "in the footer"
    document.core_properties.author = "Author Quill"
    document.core_properties.comments = "Comments of Quill"
    content = saved(document)
    read = read_here(content, "a.docx")

    again = docx.Document(io.BytesIO(content))
    wanted = [text for text in (paragraph.text for paragraph in again.paragraphs) if text]
    wanted += ["in a cell", "in the header", "in the footer", "Author Quill", "Comments of Quill"]
    assert [text for text in wanted if text not in read.text] == []
    assert read.problems == []


def test_an_entity_declaration_is_corrupt(read_here):
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    read = read_here(package(p("body"), customXml__item1_DOT_xml=bomb), "a.docx")

    assert read.problems == [("a.docx", "corrupt")]
    assert "body" in read.text


def test_a_part_cut_short_is_corrupt_and_its_beginning_is_kept(read_here):
    whole = part_xml("hdr", p("first words") + p("x" * 2000))
    read = read_here(package(p("body"), word__header1_DOT_xml=whole[:-1200]), "a.docx")

    assert read.problems == [("a.docx", "corrupt")]
    assert "first words" in read.text


def test_a_part_over_its_limit_is_too_large(read_here):
    read = read_here(package(p("x" * 5000)), "a.docx", limits=Limits(xml_bytes=1000))

    assert ("a.docx", "too_large") in read.problems


def test_an_encrypted_document_is_encrypted(read_here):
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(500)

    assert read_here(content, "a.docx").problems == [("a.docx", "encrypted")]
