# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenDocument text, sheets and slides: OASIS ODF 1.3 part 3, element by element."""

import base64
import io
import zipfile

from odf import opendocument as odfpy
from odf import text as odf_text

from canaries.core import ANY, ATTRIBUTE, COMMENT, DELETED, HIDDEN, TINY, WHITE, Canary, Words, halves

NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("style", "style"),
        ("meta", "meta"), ("presentation", "presentation"), ("form", "form"), ("svg", "svg-compatible"), ("fo", "xsl-fo-compatible"),
        ("number", "datastyle"), ("chart", "chart"), ("script", "script"), ("anim", "animation"), ("config", "config"), ("manifest", "manifest"),
    )
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"'  # fmt: skip


def _root(name: str, inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><office:{name} {NAMES} office:version="1.3">{inside}</office:{name}>'.encode()


def _styles(w: Words) -> str:
    return (
        "<office:automatic-styles>"
        '<style:style style:name="gone" style:family="text"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="gonepara" style:family="paragraph"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="gonechild" style:family="text" style:parent-style-name="gone"/>'
        '<style:style style:name="white" style:family="text"><style:text-properties fo:color="#ffffff"/></style:style>'
        '<style:style style:name="tiny" style:family="text"><style:text-properties fo:font-size="1pt"/></style:style>'
        '<style:style style:name="black" style:family="text"><style:text-properties fo:color="#000000" fo:background-color="#000000"/></style:style>'
        '<style:style style:name="blackpara" style:family="paragraph"><style:paragraph-properties fo:background-color="#000000"/></style:style>'
        f'<style:style style:name="{w("name of an automatic style", ANY)}" style:family="text"/>'
        '<style:style style:name="cover" style:family="graphic"><style:graphic-properties draw:fill="solid" draw:fill-color="#000000"/></style:style>'
        '<style:style style:name="hiderow" style:family="table-row"/>'
        '<style:style style:name="hidesheet" style:family="table"><style:table-properties table:display="false"/></style:style>'
        '<style:style style:name="hidepage" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
        f'<number:text-style style:name="n"><number:text>{w("text of a number format", ANY)}</number:text></number:text-style>'
        "</office:automatic-styles>"
    )


def _package(w: Words, kind: str, body: str, **more: bytes) -> bytes:
    mime = f"application/vnd.oasis.opendocument.{kind}"
    styles = (
        f'<office:styles><style:style style:name="own" style:display-name="{w("name of a style", ANY)}" style:family="paragraph"/></office:styles>'
        f"<office:master-styles><style:master-page style:name='m'><style:header><text:p>{w('header')}</text:p></style:header><style:footer><text:p>{w('footer')}</text:p>"
        f"</style:footer><style:header-left><text:p>{w('header of left pages')}</text:p></style:header-left></style:master-page></office:master-styles>"
    )
    meta = "".join(
        f"<{tag}>{w(f'meta {tag}', ANY)}</{tag}>"
        for tag in (
            "dc:title",
            "dc:subject",
            "dc:description",
            "dc:creator",
            "meta:keyword",
            "meta:initial-creator",
            "meta:generator",
            "meta:printed-by",
        )
    )
    meta += f'<meta:user-defined meta:name="{w("name of a user field", ANY)}">{w("user field", ANY)}</meta:user-defined><meta:template xlink:href="{w("template", ANY)}" xlink:title="{w("title of the template", ANY)}"/>'
    members = {
        "content.xml": _root("document-content", f"{_styles(w)}<office:body>{body}</office:body>"),
        "styles.xml": _root("document-styles", styles),
        "meta.xml": _root("document-meta", f"<office:meta>{meta}</office:meta>"),
        "settings.xml": _root("document-settings", f'<office:settings><config:config-item config:name="x">{w("setting", ANY)}</config:config-item><config:config-item config:name="PrinterSetup" config:type="base64Binary">{base64.b64encode(bytes(64) + w("name of a printer", HIDDEN).encode() + bytes(64)).decode()}</config:config-item></office:settings>'),
        "META-INF/manifest.xml": f'<manifest:manifest {NAMES}><manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/></manifest:manifest>'.encode(),
        "META-INF/documentsignatures.xml": f"<document-signatures><X509Certificate/><Comment>{w('comment of a signature', ANY)}</Comment></document-signatures>".encode(),
        "Object 1/content.xml": _root("document-content", f"<office:body><office:text><text:p>{w('embedded object', ANY)}</text:p></office:text></office:body>"),
        "Object 2/content.xml": _root("document-content", f"<office:body><office:chart><chart:chart><chart:title><text:p>{w('title of a chart', ANY)}</text:p></chart:title>"
            f"<table:table><table:table-row><table:table-cell><text:p>{w('data of a chart', ANY)}</text:p></table:table-cell></table:table-row></table:table></chart:chart></office:chart></office:body>"),
        "Basic/Standard/Module1.xml": f'<script:module>Sub A : MsgBox "{w("macro", HIDDEN)}" : End Sub</script:module>'.encode(),
        "Versions/Version1": f"words {w('saved version', ANY)}".encode(),
        "Pictures/note.txt": f"words {w('loose file of the package')}".encode(),
        "Configurations2/menubar.xml": f"<menu><item>{w('menu of the document', ANY)}</item></menu>".encode(),
        **more,
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", (2025, 6, 2, 9, 0, 0)), mime)
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2025, 6, 2, 9, 0, 0)), content)
    return out.getvalue()


def _paragraph(text: str, attributes: str = "") -> str:
    return f"<text:p {attributes}>{text}</text:p>"


def build_text() -> list[Canary]:
    """Return text documents."""
    w = Words("odt", "document")
    split = halves(w("word split by a span"))
    body = "".join((
        "<office:forms><form:form><form:textarea form:name=\"x\" form:current-value=\"" + w("value of a form field", ANY) + "\"/>"
        f'<form:text form:value="{w("default of a form field", ANY)}" form:title="{w("help of a form field", ATTRIBUTE)}"/><form:listbox><form:option form:label="{w("choice of a form field", ATTRIBUTE)}"/></form:listbox>'
        f'<form:button form:label="{w("label of a button", ANY)}"/></form:form></office:forms>',
        f'<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><office:change-info><dc:creator>{w("author of a change", ANY)}</dc:creator>'
        f'<text:p>{w("comment of a change", ANY)}</text:p></office:change-info>{_paragraph(w("tracked deletion", DELETED))}</text:deletion></text:changed-region></text:tracked-changes>',
        f'<text:variable-decls><text:variable-decl text:name="{w("name of a variable", ANY)}"/></text:variable-decls><text:user-field-decls><text:user-field-decl text:name="u" office:string-value="{w("value of a user field", ANY)}"/></text:user-field-decls>',
        _paragraph(w("paragraph")),
        _paragraph(f"{split[0]}<text:span>{split[1]}</text:span><text:s/><text:tab/>{w('after a tab')}<text:line-break/>{w('after a line break')}"),
        f"<text:h>{w('heading')}</text:h><text:list><text:list-item>{_paragraph(w('list item'))}</text:list-item></text:list><text:numbered-paragraph>{_paragraph(w('numbered paragraph'))}</text:numbered-paragraph>",
        _paragraph(f'<text:span text:style-name="gone">{w("hidden by a text style", HIDDEN)}</text:span>'),
        _paragraph(f'<text:span text:style-name="gonechild">{w("hidden by a parent style", HIDDEN)}</text:span>'),
        _paragraph(w("hidden by a paragraph style", HIDDEN), 'text:style-name="gonepara"'),
        _paragraph(f'<text:span text:style-name="white">{w("white text", WHITE)}</text:span>'),
        _paragraph(f'<text:span text:style-name="tiny">{w("tiny text", TINY)}</text:span>'),
        _paragraph(f'<text:span text:style-name="black">{w("black on black", HIDDEN)}</text:span>'),
        _paragraph(f'<text:hidden-text text:string-value="{w("hidden text field", HIDDEN)}"/><text:hidden-paragraph text:is-hidden="true"/>{w("hidden paragraph field", HIDDEN)}'),
        _paragraph(f'<text:conditional-text text:string-value-if-true="{w("text if true", ANY)}" text:string-value-if-false="{w("text if false", ANY)}">x</text:conditional-text>'),
        f'<text:section text:name="{w("name of a section", ANY)}" text:display="none">{_paragraph(w("hidden section", HIDDEN))}</text:section>',
        f'<text:section text:name="s" text:display="condition" text:condition="{w("condition of a section", ANY)}">{_paragraph(w("conditional section", ANY))}</text:section>',
        _paragraph(f'<text:a xlink:href="https://a.example/{w("target of a link", ATTRIBUTE)}" office:title="{w("title of a link", ATTRIBUTE)}">{w("text of a link")}</text:a>'),
        _paragraph(f'<office:annotation><dc:creator>{w("author of a comment", ANY)}</dc:creator>{_paragraph(w("comment", COMMENT))}</office:annotation>x'),
        _paragraph(f'<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>{_paragraph(w("footnote"))}</text:note-body></text:note>'),
        _paragraph(f'<text:note text:note-class="endnote"><text:note-body>{_paragraph(w("endnote"))}</text:note-body></text:note>'),
        _paragraph(f'<text:bookmark text:name="{w("bookmark", ATTRIBUTE)}"/><text:reference-mark text:name="{w("reference mark", ANY)}"/><text:alphabetical-index-mark text:string-value="{w("index entry", ANY)}" text:key1="{w("key of an index entry", ANY)}"/>'),
        _paragraph(f'<text:placeholder text:placeholder-type="text" text:description="{w("hint of a placeholder", ANY)}">{w("placeholder")}</text:placeholder><text:text-input text:description="{w("hint of an input field", ANY)}">{w("input field")}</text:text-input>'),
        _paragraph(f'<text:script script:language="x">{w("script", HIDDEN)}</text:script><text:ruby><text:ruby-base>x</text:ruby-base><text:ruby-text>{w("ruby text")}</text:ruby-text></text:ruby>'),
        _paragraph(f'<text:database-display text:database-name="{w("name of a database", ANY)}" text:column-name="x">{w("database field")}</text:database-display><text:bibliography-mark text:title="{w("title of a book", ANY)}" text:note="{w("note on a book", ANY)}">x</text:bibliography-mark>'),
        f'<table:table table:name="{w("name of a table", ANY)}"><table:title>{w("title of a table", ANY)}</table:title><table:desc>{w("description of a table", ANY)}</table:desc><table:table-row><table:table-cell>{_paragraph(w("table cell"))}<table:table><table:table-row><table:table-cell>{_paragraph(w("table in a table"))}</table:table-cell></table:table-row></table:table></table:table-cell></table:table-row></table:table>',
        f'<draw:frame draw:name="{w("name of a frame", ANY)}"><draw:text-box>{_paragraph(w("text box"))}</draw:text-box><svg:title>{w("title of a frame", ATTRIBUTE)}</svg:title><svg:desc>{w("alt text", ATTRIBUTE)}</svg:desc></draw:frame>',
        f'<draw:custom-shape>{_paragraph(w("shape"))}</draw:custom-shape><draw:g><draw:rect>{_paragraph(w("shape in a group"))}</draw:rect></draw:g><draw:a xlink:href="https://a.example/{w("link of a picture", ATTRIBUTE)}"><draw:frame><draw:image xlink:href="https://a.example/{w("linked picture", ATTRIBUTE)}"/></draw:frame></draw:a>',
        f'<draw:frame><draw:object><math><annotation>{w("formula", ANY)}</annotation></math></draw:object></draw:frame><draw:frame><draw:plugin><draw:param draw:name="x" draw:value="{w("parameter of a plug-in", ANY)}"/></draw:plugin></draw:frame>',
        f'<text:table-of-content><text:index-body>{_paragraph(w("table of contents"))}</text:index-body></text:table-of-content><text:soft-page-break/><!-- {w("XML comment", ANY)} -->',
        _paragraph(f'<text:span text:style-name="black">{w("black in a black paragraph", HIDDEN)}</text:span>', 'text:style-name="blackpara"'),
        f'<table:table><table:table-row table:visibility="collapse"><table:table-cell>{_paragraph(w("hidden row of a table", HIDDEN))}</table:table-cell></table:table-row></table:table>',
        _paragraph(f'<text:a xlink:href="#{w("place that a link leads to", ATTRIBUTE)}">x</text:a>', f'xml:id="ask for {w("sentence in an id", ATTRIBUTE)}"'),
        f'<text:p><text:change text:change-id="c1"/><text:change-start text:change-id="c2"/>{w("tracked insertion")}<text:change-end text:change-id="c2"/></text:p>',
    ))  # fmt: skip
    made = [w.file(_package(w, "text", f"<office:text>{body}</office:text>"), "letter.odt")]
    flat = Words("odt", "flat file")
    content = _root(
        "document",
        f"<office:meta><dc:title>{flat('title', ANY)}</dc:title></office:meta><office:body><office:text>{_paragraph(flat('text', ANY))}</office:text></office:body>",
    )
    made.append(flat.file(content, "letter.fodt"))
    library = Words("odt", "by a library")
    document = odfpy.OpenDocumentText()
    document.text.addElement(odf_text.P(text=library("paragraph")))
    out = io.BytesIO()
    document.write(out)
    made.append(library.file(out.getvalue(), "library.odt"))
    return made


def build_sheet() -> list[Canary]:
    """Return a spreadsheet."""
    w = Words("ods", "workbook")

    def cell(text: str, attributes: str = "") -> str:
        return f'<table:table-cell office:value-type="string" {attributes}>{_paragraph(text)}</table:table-cell>'

    body = "".join((
        f'<table:calculation-settings/><table:content-validations><table:content-validation table:name="v" table:condition="of:cell-content-is-in-list(&quot;{w("choice of a list", ANY)}&quot;)">'
        f'<table:help-message table:title="{w("title of a prompt", ATTRIBUTE)}">{_paragraph(w("prompt", ANY))}</table:help-message><table:error-message table:title="{w("title of an error", ATTRIBUTE)}">{_paragraph(w("error", ANY))}</table:error-message></table:content-validation></table:content-validations>',
        f'<table:table table:name="{w("name of a sheet", ANY)}"><table:shapes><draw:frame><draw:text-box>{_paragraph(w("text box"))}</draw:text-box><svg:desc>{w("alt text", ATTRIBUTE)}</svg:desc></draw:frame></table:shapes><table:table-column/>'
        '<table:table-column table:visibility="collapse" table:number-columns-repeated="2"/><table:table-column/>',
        f'<table:table-row>{cell(w("cell"))}{cell(w("hidden column", HIDDEN))}{cell(w("second hidden column", HIDDEN))}{cell(w("cell behind hidden columns"))}</table:table-row>',
        f'<table:table-row><table:table-cell table:formula="of:=CONCATENATE(&quot;{w("text in a formula", ANY)}&quot;)" office:string-value="{w("value of a formula", ANY)}">{_paragraph(w("shown result of a formula"))}</table:table-cell></table:table-row>',
        f'<table:table-row table:visibility="collapse">{cell(w("hidden row", HIDDEN))}</table:table-row><table:table-row table:visibility="filter">{cell(w("filtered row", HIDDEN))}</table:table-row>',
        f'<table:table-row-group table:display="false"><table:table-row>{cell(w("row of a closed group", ANY))}</table:table-row></table:table-row-group>',
        f'<table:table-row>{cell("<text:span text:style-name=" + chr(34) + "white" + chr(34) + ">" + w("white text", WHITE) + "</text:span>")}<table:covered-table-cell>{_paragraph(w("cell under a merged one", ANY))}</table:covered-table-cell></table:table-row>',
        f'<table:table-row><table:table-cell><office:annotation><dc:creator>{w("author of a comment", ANY)}</dc:creator>{_paragraph(w("comment", COMMENT))}</office:annotation>{_paragraph("x")}</table:table-cell></table:table-row>',
        f'<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row><table:table-row>{cell(w("far cell"))}</table:table-row>',
        f'<table:scenario table:comment="{w("comment of a scenario", ANY)}"/></table:table>',
        f'<table:table table:name="{w("name of a hidden sheet", HIDDEN)}" table:style-name="hidesheet"><table:table-row>{cell(w("cell of a hidden sheet", HIDDEN))}</table:table-row></table:table>',
        f'<table:table table:name="\'file:///S:/{w("path of a linked sheet", ANY)}.ods\'#x"><table:table-source xlink:href="../{w("address of a linked sheet", ATTRIBUTE)}.ods"/><table:table-row>{cell(w("cached cell of a linked sheet", ANY))}</table:table-row></table:table>',
        f'<table:named-expressions><table:named-range table:name="{w("named range", ANY)}" table:cell-range-address="x"/><table:named-expression table:name="e" table:expression="&quot;{w("named expression", ANY)}&quot;"/></table:named-expressions>',
        f'<table:database-ranges><table:database-range table:name="{w("database range", ANY)}"><table:filter><table:filter-condition table:value="{w("value of a filter", ANY)}"/></table:filter></table:database-range></table:database-ranges>',
        f'<table:data-pilot-tables><table:data-pilot-table table:name="{w("name of a pivot table", ANY)}"><table:data-pilot-field table:source-field-name="{w("field of a pivot table", ANY)}"><table:data-pilot-level><table:data-pilot-members><table:data-pilot-member table:name="{w("member of a pivot table", ANY)}"/></table:data-pilot-members></table:data-pilot-level></table:data-pilot-field></table:data-pilot-table></table:data-pilot-tables>',
        f'<table:tracked-changes><table:cell-content-change><table:previous><table:change-track-table-cell office:value-type="string">{_paragraph(w("old value in the change log", ANY))}</table:change-track-table-cell></table:previous></table:cell-content-change></table:tracked-changes>',
    ))  # fmt: skip
    return [w.file(_package(w, "spreadsheet", f"<office:spreadsheet>{body}</office:spreadsheet>"), "staff.ods")]


def build_slides() -> list[Canary]:
    """Return a presentation."""
    w = Words("odp", "presentation")

    def box(text: str, attributes: str = "") -> str:
        return f'<draw:frame svg:x="1cm" svg:y="1cm" svg:width="9cm" svg:height="2cm" {attributes}><draw:text-box>{_paragraph(text)}</draw:text-box></draw:frame>'

    body = "".join((
        f'<presentation:header-decl presentation:name="h">{w("header declaration", ANY)}</presentation:header-decl><presentation:footer-decl presentation:name="f">{w("footer declaration", ANY)}</presentation:footer-decl><presentation:date-time-decl presentation:name="d" presentation:source="fixed">{w("date declaration", ANY)}</presentation:date-time-decl>',
        f'<draw:page draw:name="{w("name of a slide", ANY)}">{box(w("text of a slide"))}<draw:custom-shape><svg:title>{w("title of a shape", ATTRIBUTE)}</svg:title><svg:desc>{w("alt text", ATTRIBUTE)}</svg:desc>{_paragraph(w("shape"))}</draw:custom-shape>'
        f'<draw:frame><table:table><table:table-row><table:table-cell>{_paragraph(w("table cell"))}</table:table-cell></table:table-row></table:table></draw:frame><draw:g><draw:ellipse>{_paragraph(w("shape in a group"))}</draw:ellipse></draw:g>'
        f'<office:annotation><dc:creator>{w("author of a comment", ANY)}</dc:creator>{_paragraph(w("comment", COMMENT))}</office:annotation>'
        f'<presentation:notes>{box(w("notes", ANY))}</presentation:notes><anim:par><anim:command anim:command="{w("command of an animation", ANY)}"/></anim:par></draw:page>',
        f'<draw:page draw:name="b" draw:style-name="hidepage">{box(w("hidden slide", HIDDEN))}<presentation:notes>{box(w("notes of a hidden slide", ANY))}</presentation:notes></draw:page>',
        f'<draw:page draw:name="c">{box(w("left of the slide", ANY)).replace("svg:x=" + chr(34) + "1cm", "svg:x=" + chr(34) + "-90cm")}<draw:line><office:event-listeners><presentation:event-listener xlink:href="https://a.example/{w("target of a click", ATTRIBUTE)}"/></office:event-listeners></draw:line></draw:page>',
        f'<draw:page draw:name="d">{box(w("under a filled shape", HIDDEN))}<draw:rect draw:style-name="cover" svg:x="1cm" svg:y="1cm" svg:width="9cm" svg:height="2cm"/></draw:page>',
        f'<presentation:settings><presentation:show presentation:name="{w("name of a custom show", ANY)}" presentation:pages="b"/></presentation:settings>',
    ))  # fmt: skip
    return [w.file(_package(w, "presentation", f"<office:presentation>{body}</office:presentation>"), "talk.odp")]
