# SPDX-License-Identifier: GPL-3.0-or-later
"""Word documents: ECMA-376 parts 1 and 4, [MS-DOCX] and what Word writes besides; built part by part."""

import base64
import io
import zipfile

import docx as python_docx

from canaries.archives import zip_of
from canaries.core import ANY, ATTRIBUTE, COMMENT, DELETED, HIDDEN, TINY, WHITE, Canary, Words, halves

FORMAT = "docx"
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"'
)
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/"


def run(text: str, properties: str = "") -> str:
    """Return a run."""
    marked = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{marked}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str, properties: str = "") -> str:
    """Return a paragraph of ready-made content."""
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{content}</w:p>"


def relations(*items: tuple[str, str, bool]) -> bytes:
    """Return a part of relations, each of type, target, and whether it leads outside."""
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"{" TargetMode=" + chr(34) + "External" + chr(34) if outside else ""}/>'
        for number, (kind, target, outside) in enumerate(items, start=1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}relationships">{rows}</Relationships>'.encode()


def content_types(**overrides: str) -> bytes:
    """Return [Content_Types].xml; keys are parts with ``__`` for a slash."""
    rows = "".join(
        f'<Override PartName="/{name.replace("__", "/")}" ContentType="{kind}"/>' for name, kind in overrides.items()
    )
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Default Extension="bin" ContentType="application/octet-stream"/>{rows}</Types>'
    ).encode()


def properties(w: Words) -> dict[str, bytes]:
    """Return the parts of document properties that all three office formats have."""
    core = "".join(
        f"<{tag}>{w(f'core property {tag}', ANY)}</{tag}>"
        for tag in (
            "dc:title",
            "dc:subject",
            "dc:creator",
            "cp:keywords",
            "dc:description",
            "cp:lastModifiedBy",
            "cp:category",
        )
    )
    return {
        "docProps/core.xml": (
            f'{HEAD}<cp:coreProperties xmlns:cp="{PACKAGE}metadata/core-properties" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/">{core}</cp:coreProperties>'
        ).encode(),
        "docProps/app.xml": (
            f'{HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties" '
            'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
            f"<Company>{w('app property Company', ANY)}</Company><Manager>{w('app property Manager', ANY)}</Manager>"
            f"<HyperlinkBase>{w('app property HyperlinkBase', ANY)}</HyperlinkBase><TitlesOfParts><vt:vector>"
            f"<vt:lpstr>{w('app property TitlesOfParts', ANY)}</vt:lpstr></vt:vector></TitlesOfParts></Properties>"
        ).encode(),
        "docProps/custom.xml": (
            f'{HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" '
            'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
            f'<property pid="2" name="{w("name of a custom property", ANY)}"><vt:lpwstr>{w("custom property", ANY)}</vt:lpwstr>'
            "</property></Properties>"
        ).encode(),
        "customXml/item1.xml": f'<a b="{w("custom XML, attribute", ANY)}">{w("custom XML, element", ANY)}</a>'.encode(),
        "docProps/thumbnail.txt": f"words {w('loose part of the package', ANY)}".encode(),
    }


def chart(w: Words, what: str) -> bytes:
    """Return a chart part with its title, axis, names and cached values."""
    return (
        f'{HEAD}<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>'
        f"{w(f'{what}, title')}</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:ser><c:tx><c:strRef><c:f>"
        f'{w(f"{what}, formula", ANY)}!$A$1</c:f><c:strCache><c:pt idx="0"><c:v>{w(f"{what}, name of a series")}</c:v></c:pt>'
        f'</c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>{w(f"{what}, category")}</c:v></c:pt>'
        f"</c:strCache></c:strRef></c:cat><c:dLbls><c:dLbl><c:tx><c:rich><a:p><a:r><a:t>{w(f'{what}, label')}</a:t></a:r></a:p>"
        f"</c:rich></c:tx></c:dLbl></c:dLbls></c:ser></c:plotArea></c:chart></c:chartSpace>"
    ).encode()


def diagram(w: Words, what: str) -> bytes:
    """Return the data of a SmartArt diagram."""
    return (
        f'{HEAD}<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>'
        f"{w(what)}</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
    ).encode()


def _packed(w: Words) -> str:
    """Return a drawing as VML carries it for newer programs: a zip in base64."""
    xml = f'<a:graphic xmlns:a="a"><a:t>{w("text in a packed drawing", ANY)}</a:t><a:x descr="{w("alt text in a packed drawing", ATTRIBUTE)}"/></a:graphic>'
    return base64.b64encode(zip_of({"drs/shapexml.xml": xml.encode()})).decode()


def _body(w: Words) -> str:
    split = halves(w("word split over runs"))
    spelt = halves(w("word with a proofing mark inside"))
    tabbed = w("after a tab")
    deleted, moved = w("tracked deletion", DELETED), w("tracked move, from", DELETED)
    parts = [
        paragraph(run(w("paragraph"))),
        paragraph(run(split[0]) + run(split[1], "<w:b/>")),
        paragraph(run(spelt[0]) + '<w:proofErr w:type="spellStart"/>' + run(spelt[1])),
        paragraph(f"<w:r><w:t>x</w:t><w:tab/><w:t>{tabbed}</w:t><w:br/><w:t>{w('after a line break')}</w:t></w:r>"),
        paragraph(run(w("heading")), '<w:pStyle w:val="Heading1"/>'),
        paragraph(run(w("list item")), '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'),
        f"<w:tbl><w:tr><w:tc>{paragraph(run(w('table cell')))}<w:tbl><w:tr><w:tc>{paragraph(run(w('table in a table')))}"
        f"</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>",
        f'<w:tbl><w:tblPr><w:tblCaption w:val="{w("caption of a table", ATTRIBUTE)}"/><w:tblDescription '
        f'w:val="{w("description of a table", ATTRIBUTE)}"/></w:tblPr><w:tr><w:tc>{paragraph(run("x"))}</w:tc></w:tr></w:tbl>',
        # tracked changes
        paragraph(
            f'<w:del w:author="{w("author of a change", ANY)}"><w:r><w:delText>{deleted}</w:delText></w:r></w:del>'
            f'<w:ins w:author="x">{run(w("tracked insertion"))}</w:ins>'
            f"<w:moveFrom>{run(moved)}</w:moveFrom><w:moveTo>{run(w('tracked move, to'))}</w:moveTo>"
        ),
        f"<w:tbl><w:tr><w:trPr><w:del w:author='x'/></w:trPr><w:tc>{paragraph('<w:del>' + run(w('deleted row', DELETED)) + '</w:del>')}</w:tc></w:tr></w:tbl>",
        # hidden text
        paragraph(run(w("hidden text", HIDDEN), "<w:vanish/>")),
        paragraph(run(w("hidden on the web", HIDDEN), "<w:webHidden/>")),
        paragraph(run(w("hidden by a character style", HIDDEN), '<w:rStyle w:val="Gone"/>')),
        paragraph(run(w("hidden by a paragraph style", HIDDEN)), '<w:pStyle w:val="GoneToo"/>'),
        paragraph(run(w("hidden by a style of a style", HIDDEN), '<w:rStyle w:val="GoneChild"/>')),
        paragraph(run(w("white text", WHITE), '<w:color w:val="FFFFFF"/>')),
        paragraph(run(w("white by theme", WHITE), '<w:color w:val="auto" w:themeColor="background1"/>')),
        paragraph(run(w("tiny text", TINY), '<w:sz w:val="2"/>')),
        paragraph(run(w("black on black", HIDDEN), '<w:color w:val="000000"/><w:highlight w:val="black"/>')),
        paragraph(
            run(
                w("shaded in its own colour", HIDDEN), '<w:color w:val="123456"/><w:shd w:val="clear" w:fill="123456"/>'
            )
        ),
        paragraph(run(w("white on black"), '<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="000000"/>')),
        paragraph(run(w("shown again"), '<w:vanish w:val="0"/>')),
        # fields
        paragraph(
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "https://a.example/'
            f'{w("target in a field", ATTRIBUTE)}" </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
            f'{run(w("result of a field"))}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        ),
        paragraph(
            f'<w:fldSimple w:instr=" DOCPROPERTY {w("instruction of a simple field", ATTRIBUTE)} ">{run(w("result of a simple field"))}</w:fldSimple>'
        ),
        paragraph(
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:name w:val="x"/><w:helpText w:val="'
            f'{w("help of a form field", ATTRIBUTE)}"/><w:statusText w:val="{w("status of a form field", ATTRIBUTE)}"/><w:textInput>'
            f'<w:default w:val="{w("default of a form field", ATTRIBUTE)}"/></w:textInput><w:ddList><w:listEntry '
            f'w:val="{w("choice of a form field", ATTRIBUTE)}"/></w:ddList></w:ffData></w:fldChar></w:r>'
        ),
        paragraph(
            f'<w:hyperlink r:id="rId1" w:tooltip="{w("tooltip of a link", ATTRIBUTE)}" w:anchor="{w("anchor of a link", ATTRIBUTE)}">{run(w("text of a link"))}</w:hyperlink>'
        ),
        # content controls and custom markup
        f'<w:sdt><w:sdtPr><w:alias w:val="{w("title of a control", ATTRIBUTE)}"/><w:tag w:val="{w("tag of a control", ATTRIBUTE)}"/>'
        f'<w:dropDownList><w:listItem w:displayText="{w("choice of a control", ATTRIBUTE)}" w:value="{w("value of a choice", ATTRIBUTE)}"/></w:dropDownList>'
        f"</w:sdtPr><w:sdtContent>{paragraph(run(w('content control')))}</w:sdtContent></w:sdt>",
        f'<w:customXml w:element="{w("custom element", ANY)}"><w:customXmlPr><w:attr w:name="a" w:val="{w("custom attribute", ANY)}"/></w:customXmlPr>{paragraph(run(w("inside custom markup")))}</w:customXml>',
        paragraph(
            f'<w:smartTag w:element="place"><w:smartTagPr><w:attr w:name="a" w:val="{w("smart tag", ANY)}"/></w:smartTagPr>{run(w("inside a smart tag"))}</w:smartTag>'
        ),
        paragraph(f'<w:bookmarkStart w:id="1" w:name="{w("bookmark", ATTRIBUTE)}"/><w:bookmarkEnd w:id="1"/>'),
        paragraph(f"<m:oMath><m:r><m:t>{w('formula')}</m:t></m:r></m:oMath>"),
        paragraph(f"<w:ruby><w:rt>{run(w('ruby text'))}</w:rt><w:rubyBase>{run('x')}</w:rubyBase></w:ruby>"),
        # drawings
        paragraph(
            f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="{w("name of a picture", ATTRIBUTE)}" descr="{w("alt text", ATTRIBUTE)}" '
            f'title="{w("title of a picture", ATTRIBUTE)}"/><a:graphic><a:graphicData><pic:pic><pic:nvPicPr><pic:cNvPr id="2" name="x" '
            f'descr="{w("inner alt text", ATTRIBUTE)}"><a:hlinkClick r:id="rId1" tooltip="{w("tooltip of a picture", ATTRIBUTE)}"/></pic:cNvPr>'
            "</pic:nvPicPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
        ),
        paragraph(
            '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><a:graphic><a:graphicData><wps:wsp><wps:txbx>'
            f"<w:txbxContent>{paragraph(run(w('text box')))}</w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor>"
            f"</w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>{paragraph(run(w('text box for old programs', ANY)))}"
            "</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
        ),
        paragraph(
            f'<w:r><w:pict><v:shape alt="{w("alt text, VML", ATTRIBUTE)}" href="https://a.example/{w("link of a shape", ATTRIBUTE)}">'
            f'<v:textpath string="{w("WordArt, VML")}"/><v:imagedata o:title="{w("title of a picture, VML", ATTRIBUTE)}"/>'
            f"<v:textbox><w:txbxContent>{paragraph(run(w('text box, VML')))}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
        ),
        paragraph(
            f'<w:r><w:object><o:OLEObject ProgID="{w("program of an object", ANY)}" r:id="rId9"/></w:object></w:r>'
        ),
        # what stands on something
        paragraph(run(w("in a dark cell"), '<w:color w:val="FFFFFF"/>')).join(
            ('<w:tbl><w:tr><w:tc><w:tcPr><w:shd w:val="clear" w:fill="1F3864"/></w:tcPr>', "</w:tc></w:tr></w:tbl>")
        ),
        paragraph(run(w("black in a black cell", HIDDEN), '<w:color w:val="000000"/>')).join(
            ('<w:tbl><w:tr><w:tc><w:tcPr><w:shd w:val="clear" w:fill="000000"/></w:tcPr>', "</w:tc></w:tr></w:tbl>")
        ),
        paragraph(
            '<w:r><w:drawing><wp:anchor><wp:docPr id="3" hidden="1"/><wps:wsp><wps:txbx><w:txbxContent>'
            f"{paragraph(run(w('hidden text box', HIDDEN)))}</w:txbxContent></wps:txbx></wps:wsp></wp:anchor></w:drawing></w:r>"
        ),
        paragraph(
            '<w:r><w:pict><v:shape style="visibility:hidden"><v:textbox><w:txbxContent>'
            f"{paragraph(run(w('hidden text box, VML', HIDDEN)))}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
        ),
        paragraph(f'<w:r><w:pict><v:shape o:gfxdata="{_packed(w)}"/></w:pict></w:r>'),
        # what nobody knows
        paragraph(run("x"), f'<w:strange w:val="Mc{w("property that nobody knows", ATTRIBUTE)}"/>'),
        f'<w:p w:note="Mc{w("attribute that nobody knows", ATTRIBUTE)}"/>',
        f'<w:sdt><w:sdtPr><w:dataBinding w:xpath="/a/{w("binding of a control", ATTRIBUTE)}"/></w:sdtPr></w:sdt>',
        paragraph(
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            + run(w("text in the code of a field", HIDDEN))
            + '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
        ),
        # references to notes and comments
        paragraph(
            '<w:r><w:footnoteReference w:id="2"/></w:r><w:commentRangeStart w:id="0"/>'
            + run("x")
            + '<w:commentRangeEnd w:id="0"/>'
        ),
        '<w:altChunk r:id="rId3"/>',
        '<w:subDoc r:id="rId4"/>',
        '<w:sectPr><w:headerReference w:type="default" r:id="rId5"/></w:sectPr>',
    ]
    return "".join(parts)


def _parts(w: Words) -> dict[str, bytes]:
    def xml(root: str, inside: str) -> bytes:
        return f"{HEAD}<w:{root} {NAMESPACES}>{inside}</w:{root}>".encode()

    styles = (
        '<w:style w:type="character" w:styleId="Gone"><w:name w:val="Gone"/><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="GoneChild"><w:basedOn w:val="Gone"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="GoneToo"><w:rPr><w:vanish/></w:rPr></w:style>'
        f'<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="{w("name of a style", ANY)}"/></w:style>'
    )
    theme = (
        f'{HEAD}<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="{w("name of a theme", ANY)}"><a:themeElements>'
        '<a:clrScheme name="x"><a:dk1><a:srgbClr val="000000"/></a:dk1><a:lt1><a:srgbClr val="FFFFFF"/></a:lt1></a:clrScheme>'
        "</a:themeElements></a:theme>"
    )
    inner = python_docx.Document()
    inner.add_paragraph(w("document embedded in the document"))
    saved = io.BytesIO()
    inner.save(saved)
    return {
        "word/document.xml": xml("document", f"<w:body>{_body(w)}</w:body>"),
        "word/styles.xml": xml("styles", styles),
        "word/theme/theme1.xml": theme.encode(),
        "word/numbering.xml": xml(
            "numbering", f'<w:abstractNum><w:lvl><w:lvlText w:val="{w("text of a list number", ANY)} %1"/></w:lvl></w:abstractNum>'
        ),
        "word/settings.xml": xml(
            "settings",
            f'<w:docVars><w:docVar w:name="{w("name of a variable", ANY)}" w:val="{w("document variable", ANY)}"/></w:docVars>'
            f'<w:mailMerge><w:query w:val="{w("query of a mail merge", ANY)}"/></w:mailMerge>',
        ),
        "word/header7.xml": xml("hdr", paragraph(run(w("header that nothing leads to", HIDDEN)))),
        "word/header1.xml": xml("hdr", paragraph(run(w("header")))),
        "word/footer1.xml": xml("ftr", paragraph(run(w("footer")) + '<w:del><w:r><w:delText>' + w("deletion in a footer", DELETED) + "</w:delText></w:r></w:del>")),
        "word/footnotes.xml": xml("footnotes", f'<w:footnote w:id="2">{paragraph(run(w("footnote")))}</w:footnote>'),
        "word/endnotes.xml": xml("endnotes", f'<w:endnote w:id="2">{paragraph(run(w("endnote")))}</w:endnote>'),
        "word/comments.xml": xml(
            "comments",
            f'<w:comment w:id="0" w:author="{w("author of a comment", ANY)}" w:initials="{w("initials", ANY)}">'
            f"{paragraph(run(w('comment', COMMENT)))}</w:comment><w:comment w:id='1'>{paragraph(run(w('reply to a comment', COMMENT)))}</w:comment>",
        ),
        "word/commentsExtended.xml": xml("commentsEx", ""),
        "word/people.xml": f'{HEAD}<w15:people {NAMESPACES}><w15:person w15:author="{w("person", ANY)}"/></w15:people>'.encode(),
        "word/glossary/document.xml": xml(
            "glossaryDocument", f'<w:docParts><w:docPart><w:docPartPr><w:name w:val="{w("name of a building block", ANY)}"/></w:docPartPr>'
            f"<w:docPartBody>{paragraph(run(w('building block', ANY)))}</w:docPartBody></w:docPart></w:docParts>",
        ),
        "word/charts/chart1.xml": chart(w, "chart"),
        "word/diagrams/data1.xml": diagram(w, "SmartArt"),
        "word/afchunk.html": f"<html><body><p>{w('embedded web page')}</p><p style='display:none'>{w('hidden in an embedded web page', HIDDEN)}</p></body></html>".encode(),
        "word/sub.docx": zip_of({
            "[Content_Types].xml": content_types(),
            "word/document.xml": xml("document", f"<w:body>{paragraph(run(w('subdocument')))}</w:body>"),
        }),
        "word/embeddings/inner.docx": saved.getvalue(),
        "word/embeddings/note.txt": f"words {w('embedded file')}".encode(),
        "word/activeX/activeX1.xml": f'<ax:ocx xmlns:ax="x"><ax:ocxPr ax:name="Caption" ax:value="{w("ActiveX control", ANY)}"/></ax:ocx>'.encode(),
        "word/webSettings.xml": xml("webSettings", f'<w:divs><w:div w:id="1"/></w:divs><w:frameset><w:frame><w:name w:val="{w("name of a frame", ANY)}"/></w:frame></w:frameset>'),
        "word/fonts/font1.odttf": bytes(range(256)) + w("name in a font", HIDDEN).encode("utf-16-be") + bytes(2),
        "word/fonts/notes.txt": f"words {w('file in the folder of fonts', ANY)}".encode(),
        "word/printerSettings/printerSettings1.bin": bytes(64) + w("name of a printer", HIDDEN).encode("utf-16-le") + bytes(2),
        "word/vbaData.xml": f"<wne:vbaSuppData xmlns:wne='x'><wne:docEvents><wne:x>{w('macro data', ANY)}</wne:x></wne:docEvents></wne:vbaSuppData>".encode(),
        "word/_rels/document.xml.rels": relations(
            (OFFICE + "hyperlink", f"https://a.example/{w('target of a link', ATTRIBUTE)}", True),
            (OFFICE + "attachedTemplate", f"file:///C:/{w('attached template', ATTRIBUTE)}.dotx", True),
            (OFFICE + "aFChunk", "afchunk.html", False),
            (OFFICE + "subDocument", "sub.docx", False),
            (OFFICE + "header", "header1.xml", False),
            (OFFICE + "image", f"https://a.example/{w('linked picture', ATTRIBUTE)}.png", True),
            *((OFFICE + kind, f"{kind}.xml", False) for kind in ("footnotes", "endnotes", "comments")),
            (OFFICE + "footer", "footer1.xml", False),
            (OFFICE + "hyperlink", f"#{w('target inside the document', ATTRIBUTE)}", False),
            (OFFICE + "image", f"media/{w('picture that is not there', ATTRIBUTE)}.png", False),
        ),
        "customXml/itemProps1.xml": f'<ds:datastoreItem xmlns:ds="x" ds:itemID="{{{w("id of custom XML", ANY)}}}"/>'.encode(),
        **properties(w),
    }  # fmt: skip


def _package(parts: dict[str, bytes], comment: bytes = b"") -> bytes:
    return zip_of(
        {
            "[Content_Types].xml": content_types(
                word__document_xml="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
            ).replace(b"document_xml", b"document.xml"),
            "_rels/.rels": relations((OFFICE + "officeDocument", "word/document.xml", False)),
            **parts,
        },
        comment=comment,
    )


def _commented(content: bytes, comment: str) -> bytes:
    """Return a package with one more member, which has a comment."""
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        member = zipfile.ZipInfo("customXml/item7.xml", (2025, 6, 2, 9, 0, 0))
        member.comment = comment.encode()
        archive.writestr(member, "<a/>")
    return out.getvalue()


def _odd() -> list[Canary]:
    made: list[Canary] = []

    def body(inside: str, declaration: str = HEAD) -> bytes:
        return f"{declaration}<w:document {NAMESPACES}><w:body>{inside}</w:body></w:document>".encode()

    def file(title: str, make) -> None:
        w = Words(FORMAT, title)
        made.append(w.file(_package({"word/document.xml": make(w)}), "a.docx"))

    file(
        "deep content controls",
        lambda w: body(
            "<w:sdt><w:sdtContent>" * 400 + paragraph(run(w("innermost"))) + "</w:sdtContent></w:sdt>" * 400
        ),
    )
    file(
        "UTF-16",
        lambda w: body(paragraph(run(w("text"))), '<?xml version="1.0" encoding="UTF-16"?>').decode().encode("utf-16"),
    )
    file("cut part", lambda w: body(paragraph(run(w("before the cut", ANY))) + paragraph(run("x" * 200)))[:-200])
    file(
        "character that XML forbids",
        lambda w: body(paragraph(run(w("before", ANY))) + paragraph(run("\x03")) + paragraph(run(w("after", ANY)))),
    )
    file(
        "comment in XML",
        lambda w: body(f"<!-- {w('XML comment', ANY)} -->{paragraph(run('<![CDATA[' + w('CDATA') + ']]>'))}"),
    )
    file(
        "strict namespaces",
        lambda w: body(paragraph(run(w("text")))).replace(
            b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        ),
    )
    w = Words(FORMAT, "around the package")
    content = _package({"word/document.xml": body(paragraph(run(w("text"))))}, w("comment of the zip", ANY).encode())
    made.append(w.file(content + w("behind the package", HIDDEN).encode(), "a.docx"))
    w = Words(FORMAT, "a member")
    parts = {
        "word/document.xml": body(paragraph(run(w("text")))),
        f"customXml/{w('name of a part', ATTRIBUTE)}.xml": b"<a/>",
    }
    made.append(w.file(_commented(_package(parts), w("comment of a member", ANY)), "a.docx"))
    w = Words(FORMAT, "parts in a folder of their own")
    gone = '<w:style w:type="character" w:styleId="Gone"><w:rPr><w:vanish/></w:rPr></w:style>'
    parts = {
        "x/main.xml": body(
            paragraph(run(w("hidden by a style", HIDDEN), '<w:rStyle w:val="Gone"/>'))
            + paragraph(f"<w:moveFrom>{run(w('moved', DELETED))}</w:moveFrom>")
        ),
        "x/styles-of-it.xml": f"{HEAD}<w:styles {NAMESPACES}>{gone}</w:styles>".encode(),
        "x/comments-of-it.xml": f"{HEAD}<w:comments {NAMESPACES}><w:comment>{paragraph(run(w('comment', COMMENT)))}</w:comment></w:comments>".encode(),
        "x/_rels/main.xml.rels": relations(
            *((OFFICE + kind, f"{kind}-of-it.xml", False) for kind in ("styles", "comments"))
        ),
        "[Content_Types].xml": content_types(
            x__main_xml="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        ),
        "_rels/.rels": relations((OFFICE + "officeDocument", "x/main.xml", False)),
    }
    made.append(w.file(zip_of(parts), "a.docx"))
    for place, styles in (
        (
            "hidden by the defaults of the document",
            "<w:docDefaults><w:rPrDefault><w:rPr><w:vanish/></w:rPr></w:rPrDefault></w:docDefaults>",
        ),
        (
            "hidden by the style of plain paragraphs",
            '<w:style w:type="paragraph" w:default="1" w:styleId="N"><w:rPr><w:vanish/></w:rPr></w:style>',
        ),
        (
            "hidden by the style of a table",
            '<w:style w:type="table" w:styleId="T"><w:rPr><w:vanish/></w:rPr></w:style>',
        ),
    ):
        w = Words(FORMAT, place)
        text = paragraph(run(w("text", HIDDEN)))
        inside = (
            f'<w:tbl><w:tblPr><w:tblStyle w:val="T"/></w:tblPr><w:tr><w:tc>{text}</w:tc></w:tr></w:tbl>'
            if "table" in place
            else text
        )
        made.append(
            w.file(
                _package(
                    {
                        "word/document.xml": body(inside),
                        "word/styles.xml": f"{HEAD}<w:styles {NAMESPACES}>{styles}</w:styles>".encode(),
                    }
                ),
                "a.docx",
            )
        )
    w = Words(FORMAT, "main part by another name")
    parts = {"word/document2.xml": body(paragraph(run(w("text"))))}
    rels = relations((OFFICE + "officeDocument", "word/document2.xml", False))
    made.append(w.file(zip_of({"[Content_Types].xml": content_types(), "_rels/.rels": rels, **parts}), "a.docx"))
    w = Words(FORMAT, "by a library")
    document = python_docx.Document()
    document.add_heading(w("heading"), 1)
    document.add_paragraph(w("paragraph"))
    document.add_table(1, 1).cell(0, 0).text = w("cell")
    document.sections[0].header.paragraphs[0].text = w("header")
    document.core_properties.author = w("author", ANY)
    document.add_comment(
        document.paragraphs[1].runs, text=w("comment", COMMENT), author=w("author of the comment", ANY)
    )
    saved = io.BytesIO()
    document.save(saved)
    made.append(w.file(saved.getvalue(), "a.docx"))
    w = Words(FORMAT, "Word XML in one file")
    flat = (
        f'{HEAD}<?mso-application progid="Word.Document"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">'
        f'<pkg:part pkg:name="/word/document.xml"><pkg:xmlData><w:document {NAMESPACES}><w:body>{paragraph(run(w("text", ANY)))}</w:body></w:document></pkg:xmlData></pkg:part>'
        f'<pkg:part pkg:name="/a.txt"><pkg:binaryData>{base64.b64encode(b"x").decode()}</pkg:binaryData></pkg:part></pkg:package>'
    )
    made.append(w.file(flat.encode(), "a.xml"))
    return made


def build() -> list[Canary]:
    """Return documents."""
    w = Words(FORMAT, "document")
    return [w.file(_package(_parts(w)), "report.docx"), *_odd()]
