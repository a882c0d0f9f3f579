# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of documents, one a line
"""OpenDocument: every place where text can stand, in texts, sheets and slides, zipped and flat."""

import base64
import io
import zipfile

import odf.dc
import odf.table
import odf.text
import pytest
from odf.opendocument import OpenDocumentText

from canaries.archives import zip_of
from safehold.model import PlaceKind, Visibility

ODF = (
    'xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:style="s" xmlns:fo="f" xmlns:svg="v" xmlns:dc="c"'
    ' xmlns:presentation="p" xmlns:xlink="x" xmlns:form="m" xmlns:meta="n" xmlns:number="u" xmlns:script="i" xmlns:config="g" xmlns:chart="h"'
)


def opendocument(
    body: str = "",
    kind: str = "text",
    *,
    automatic: str = "",
    styles: str = "",
    members: dict[str, str | bytes] | None = None,
) -> bytes:
    """Return an OpenDocument file: what stands in its body, its automatic styles, and its styles part."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("content.xml", content_part(body, kind, automatic))
        if styles:
            archive.writestr("styles.xml", f"<office:document-styles {ODF}>{styles}</office:document-styles>")
        for name, content in (members or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def content_part(
    body: str, kind: str = "text", automatic: str = "", root: str = "document-content", more: str = ""
) -> str:
    """Return a content part, or (with another root) a flat file."""
    return (
        f"<office:{root} {ODF}{more}><office:automatic-styles>{automatic}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:{root}>"
    )


def p(text: str, style: str = "") -> str:
    """Return an OpenDocument paragraph."""
    dressed = f' text:style-name="{style}"' if style else ""
    return f"<text:p{dressed}>{text}</text:p>"


def cell(text: str = "", more: str = "") -> str:
    """Return an OpenDocument cell."""
    return f"<table:table-cell{more}>{p(text) if text else ''}</table:table-cell>"


def sheet(*rows: str, name: str = "Staff", more: str = "", columns: str = "") -> str:
    """Return an OpenDocument table of rows that are given whole."""
    return f'<table:table table:name="{name}"{more}>{columns}{"".join(rows)}</table:table>'


def cells(*texts: str, more: str = "") -> str:
    """Return an OpenDocument row."""
    return f"<table:table-row{more}>{''.join(cell(text) for text in texts)}</table:table-row>"


SECRET = "Quillfeather"
HIDDEN_STYLE = (
    '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>'
)
DELETION = f'<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><office:change-info><dc:creator>A</dc:creator></office:change-info>{p("12 High ")}</text:deletion></text:changed-region></text:tracked-changes>'
OBJECT = {"Object 1/content.xml": content_part(p(SECRET)), "Object 1/styles.xml": f"<office:document-styles {ODF}/>"}


def span(text: str, style: str = "H") -> str:
    return f'<text:span text:style-name="{style}">{text}</text:span>'


def whole_row(inner: str) -> str:
    return f"<table:table-row>{inner}</table:table-row>"


def text_style(properties: str, family: str = "text", kind: str = "text-properties") -> str:
    return f'<style:style style:name="H" style:family="{family}"><style:{kind} {properties}/></style:style>'


def region(deleted: str) -> str:
    return f'<text:changed-region text:id="c"><text:deletion>{p(deleted)}</text:deletion></text:changed-region>'


TEXTS = {
    "a paragraph": opendocument(p(SECRET)),
    "a heading": opendocument(f"<text:h>{SECRET}</text:h>"),
    "spans that cut a word": opendocument(p(f"Quill{span('feather', 'x')}")),
    "a list": opendocument(f"<text:list><text:list-item>{p(SECRET)}</text:list-item></text:list>"),
    "a table": opendocument(sheet(cells(SECRET))),
    "a table in a table": opendocument(f"<table:table><table:table-row><table:table-cell>{sheet(cells(SECRET))}</table:table-cell></table:table-row></table:table>"),
    "a section": opendocument(f"<text:section>{p(SECRET)}</text:section>"),
    "a hidden section": opendocument(f'<text:section text:display="none">{p(SECRET)}</text:section>'),
    "300 sections": opendocument("<text:section>" * 300 + p(SECRET) + "</text:section>" * 300),
    "a text box": opendocument(p(f"<draw:frame><draw:text-box>{p(SECRET)}</draw:text-box></draw:frame>")),
    "alt text": opendocument(p(f"<draw:frame><svg:title>x</svg:title><svg:desc>{SECRET}</svg:desc></draw:frame>")),
    "the name of a frame": opendocument(p(f'<draw:frame draw:name="{SECRET}"/>')),
    "a footnote": opendocument(p(f"x<text:note><text:note-citation>1</text:note-citation><text:note-body>{p(SECRET)}</text:note-body></text:note>")),
    "an annotation": opendocument(p(f"x<office:annotation><dc:creator>A</dc:creator>{p(SECRET)}</office:annotation>")),
    "the author of an annotation": opendocument(p(f"x<office:annotation><dc:creator>{SECRET}</dc:creator>{p('y')}</office:annotation>")),
    "a tracked insertion": opendocument(p(f'<text:change-start text:change-id="c1"/>{SECRET}<text:change-end text:change-id="c1"/>')),
    "a tracked deletion": opendocument(f'<text:tracked-changes><text:changed-region text:id="c1"><text:deletion>{p(SECRET)}</text:deletion></text:changed-region></text:tracked-changes>{p("x")}'),
    "the author of a change": opendocument(f"<text:tracked-changes><text:changed-region text:id='c1'><text:insertion><office:change-info><dc:creator>{SECRET}</dc:creator></office:change-info></text:insertion></text:changed-region></text:tracked-changes>"),
    "hidden text by style": opendocument(p(f"x{span(SECRET)}"), automatic=HIDDEN_STYLE),
    "a field of hidden text": opendocument(p(f'x<text:hidden-text text:is-hidden="true" text:string-value="{SECRET}"/>')),
    "a hidden paragraph": opendocument(p(f'{SECRET}<text:hidden-paragraph text:is-hidden="true"/>')),
    "the other side of a condition": opendocument(p(f'<text:conditional-text text:string-value-if-true="{SECRET}">no</text:conditional-text>')),
    "a variable": opendocument(f'<text:user-field-decls><text:user-field-decl text:name="a" office:string-value="{SECRET}"/></text:user-field-decls>'),
    "a bookmark": opendocument(p(f'<text:bookmark text:name="{SECRET}"/>')),
    "a link": opendocument(p(f'<text:a xlink:href="mailto:{SECRET}@example.org">x</text:a>')),
    "the title of a link": opendocument(p(f'<text:a office:title="{SECRET}">x</text:a>')),
    "a form's hidden value": opendocument(f'<office:forms><form:form><form:hidden form:value="{SECRET}"/></form:form></office:forms>'),
    "a form's label": opendocument(f'<office:forms><form:form><form:button form:label="{SECRET}"/></form:form></office:forms>'),
    "a title field": opendocument(p(f"<text:title>{SECRET}</text:title>")),
    "a ruby text": opendocument(p(f"<text:ruby><text:ruby-base>x</text:ruby-base><text:ruby-text>{SECRET}</text:ruby-text></text:ruby>")),
    "a header": opendocument(p("x"), styles=f"<office:master-styles><style:master-page style:name='S'><style:header>{p(SECRET)}</style:header></style:master-page></office:master-styles>"),
    "a footer of left pages": opendocument(p("x"), styles=f"<office:master-styles><style:master-page style:name='S'><style:footer-left>{p(SECRET)}</style:footer-left></style:master-page></office:master-styles>"),
    "a property": opendocument(p("x"), members={"meta.xml": f"<m><dc:creator xmlns:dc='x'>{SECRET}</dc:creator></m>"}),
    "a user's own property": opendocument(p("x"), members={"meta.xml": f"<m><meta:user-defined xmlns:meta='x' meta:name='{SECRET}'>y</meta:user-defined></m>"}),
    "a setting": opendocument(p("x"), members={"settings.xml": f"<s><i>{SECRET}</i></s>"}),
    "an object of the same zip": opendocument(p("x"), members=OBJECT),
    "an embedded document": opendocument(p("x"), members={"Object 2": opendocument(p(SECRET))}),
    "an older version": opendocument(p("x"), members={"Versions/Version1": opendocument(p(SECRET))}),
    "a macro": opendocument(p("x"), members={"Basic/Standard/Module1.xml": f"<module>Sub {SECRET}</module>"}),
    "a part of no known kind": opendocument(p("x"), members={"Strange/part.xml": f"<a><b>{SECRET}</b></a>"}),
    "an XML comment": opendocument(f"<!-- {SECRET} -->"),
    "the name of a style": opendocument(p("x"), automatic=f'<style:style style:name="{SECRET}" style:family="text"/>'),
    "an attribute of a style that nobody knows": opendocument(p("x"), automatic=f'<style:style note="ask for {SECRET}" style:family="text"/>'),
    "a sentence where an id should stand": opendocument(f'<text:p text:id="ask for {SECRET}">x</text:p>'),
    "a date that is none": opendocument(p(f'<text:date office:date-value="{SECRET}">x</text:date>')),
    "a place in the document": opendocument(p(f'<text:a xlink:href="#{SECRET}">x</text:a>')),
    "a picture that is not there": opendocument(p(f'<draw:image xlink:href="Pictures/{SECRET}.png"/>')),
    "the first of two deletions of one id": opendocument(f"<text:tracked-changes>{region(SECRET)}{region('x')}</text:tracked-changes>"),
    "a binary setting": opendocument(p("x"), members={"settings.xml": f'<s><i type="base64Binary">{base64.b64encode(bytes(40) + SECRET.encode() + bytes(40)).decode()}</i></s>'}),
    "a binary setting that is none": opendocument(p("x"), members={"settings.xml": f'<s><i type="base64Binary">{SECRET}</i></s>'}),
    "the name of a setting": opendocument(p("x"), members={"settings.xml": f'<s><i config:name="ask for {SECRET}">1</i></s>'}),
    "a content part in capitals": opendocument(p("x"), members={"Object 1/CONTENT.XML": content_part(p(SECRET))}),
    "text outside of paragraphs": opendocument(f"<text:strange>{SECRET}</text:strange>"),
}  # fmt: skip

SHEETS = {
    "a cell": sheet(cells(SECRET)),
    "a cell that shows nothing": sheet(f'<table:table-row><table:table-cell office:value-type="string" office:string-value="{SECRET}"/></table:table-row>'),
    "a formula": sheet(f"<table:table-row><table:table-cell table:formula='of:=&quot;{SECRET}&quot;'>{p('x')}</table:table-cell></table:table-row>"),
    "a hidden row": sheet(cells(SECRET, more=' table:visibility="collapse"')),
    "a filtered row": sheet(cells(SECRET, more=' table:visibility="filter"')),
    "a hidden column": sheet(cells("x", SECRET), columns='<table:table-column/><table:table-column table:number-columns-repeated="9" table:visibility="collapse"/>'),
    "a repeated row": sheet(cells(SECRET, more=' table:number-rows-repeated="1048576"')),
    "a repeated cell": sheet(whole_row(cell(SECRET, ' table:number-columns-repeated="16384"'))),
    "a covered cell": sheet(f"<table:table-row><table:covered-table-cell>{p(SECRET)}</table:covered-table-cell></table:table-row>"),
    "a note in a cell": sheet(f"<table:table-row><table:table-cell><office:annotation>{p(SECRET)}</office:annotation></table:table-cell></table:table-row>"),
    "a shape on a sheet": sheet(f"<table:shapes><draw:frame><draw:text-box>{p(SECRET)}</draw:text-box></draw:frame></table:shapes>", cells("x")),
    "the name of a sheet": sheet(cells("x"), name=SECRET),
    "a named range": sheet(cells("x")) + f'<table:named-expressions><table:named-range table:name="{SECRET}"/></table:named-expressions>',
    "the help of a validation": f'<table:content-validations><table:content-validation><table:help-message table:title="x">{p(SECRET)}</table:help-message></table:content-validation></table:content-validations>' + sheet(cells("x")),
    "the list of a validation": f"<table:content-validations><table:content-validation table:condition='cell-content-is-in-list(&quot;{SECRET}&quot;)'/></table:content-validations>" + sheet(cells("x")),
    "what a cell said before": f'<table:tracked-changes><table:cell-content-change><table:previous><table:change-track-table-cell office:value-type="string">{p(SECRET)}</table:change-track-table-cell></table:previous></table:cell-content-change></table:tracked-changes>' + sheet(cells("x")),
    "what is remembered of another file": sheet(cells("x")) + sheet(cells(SECRET), name="'file:///c:/a.ods'#$Sheet1"),
}  # fmt: skip

PAGE = '<draw:page draw:name="one">{}</draw:page>'
FRAME = "<draw:frame{}><draw:text-box>{}</draw:text-box></draw:frame>"
SLIDES = {
    "a slide": PAGE.format(FRAME.format("", p(SECRET))),
    "a shape's own text": PAGE.format(f"<draw:custom-shape>{p(SECRET)}</draw:custom-shape>"),
    "a table on a slide": PAGE.format(f"<draw:frame>{sheet(cells(SECRET))}</draw:frame>"),
    "the notes": PAGE.format(f"<presentation:notes>{FRAME.format('', p(SECRET))}</presentation:notes>"),
    "a comment": PAGE.format(f"<office:annotation>{p(SECRET)}</office:annotation>"),
    "a footer's words": f"<presentation:footer-decl presentation:name='f'>{SECRET}</presentation:footer-decl>" + PAGE.format(""),
    "the name of a slide": f'<draw:page draw:name="{SECRET}"/>',
}  # fmt: skip


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS.keys())
def test_a_word_is_found_in(read_here, content):
    read = read_here(content, "a.odt")

    assert SECRET in read.text
    assert read.problems == []


@pytest.mark.parametrize("body", SHEETS.values(), ids=SHEETS.keys())
def test_a_word_is_found_in_sheets_in(read_here, body):
    read = read_here(opendocument(body, "spreadsheet"), "a.ods")

    assert SECRET in read.text
    assert read.problems == []


@pytest.mark.parametrize("body", SLIDES.values(), ids=SLIDES.keys())
def test_a_word_is_found_in_slides_in(read_here, body):
    read = read_here(opendocument(body, "presentation"), "a.odp")

    assert SECRET in read.text
    assert read.problems == []


def sheets(name, automatic=""):
    return opendocument(SHEETS[name], "spreadsheet", automatic=automatic)


HIDDEN_TABLE = text_style('table:display="false"', "table", "table-properties")
HIDDEN_PAGE = text_style('presentation:visibility="hidden"', "drawing-page", "drawing-page-properties")
OFF_PAGE = {
    "styles": '<office:automatic-styles><style:page-layout style:name="L"><style:page-layout-properties fo:page-width="28cm" fo:page-height="21cm"/></style:page-layout></office:automatic-styles>'
    '<office:master-styles><style:master-page style:name="M" style:page-layout-name="L"/></office:master-styles>'
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "kind", "visibility"),
    [
        (TEXTS["a paragraph"], PlaceKind.PARAGRAPH, Visibility.VISIBLE),
        (TEXTS["a table"], PlaceKind.TABLE, Visibility.VISIBLE),
        (TEXTS["a text box"], PlaceKind.PARAGRAPH, Visibility.VISIBLE),
        (TEXTS["a tracked deletion"], PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION),
        (TEXTS["hidden text by style"], PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (TEXTS["a field of hidden text"], PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (TEXTS["a hidden paragraph"], PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (TEXTS["a hidden section"], PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (TEXTS["a footnote"], PlaceKind.NOTE, Visibility.VISIBLE),
        (TEXTS["an annotation"], PlaceKind.COMMENT, Visibility.COMMENT),
        (TEXTS["a header"], PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
        (TEXTS["a property"], PlaceKind.METADATA, Visibility.VISIBLE),
        (opendocument(p(span(SECRET)), automatic=text_style('fo:color="#ffffff"')), PlaceKind.PARAGRAPH, Visibility.WHITE),
        (opendocument(p(span(SECRET)), automatic=text_style('fo:color="#000000" fo:background-color="#000000"')), PlaceKind.PARAGRAPH, Visibility.COVERED),
        (opendocument(p(span(SECRET)), automatic=text_style('fo:font-size="1pt"')), PlaceKind.PARAGRAPH, Visibility.TINY),
        (opendocument(p(span(SECRET)), styles=f"<office:styles>{HIDDEN_STYLE}</office:styles>"), PlaceKind.PARAGRAPH, Visibility.HIDDEN),
        (sheets("a cell"), PlaceKind.SHEET, Visibility.VISIBLE),
        (sheets("a hidden row"), PlaceKind.SHEET, Visibility.HIDDEN),
        (sheets("a filtered row"), PlaceKind.SHEET, Visibility.HIDDEN),
        (sheets("a hidden column"), PlaceKind.SHEET, Visibility.HIDDEN),
        (sheets("a note in a cell"), PlaceKind.COMMENT, Visibility.COMMENT),
        (sheets("what a cell said before"), PlaceKind.SHEET, Visibility.TRACKED_DELETION),
        (opendocument(sheet(cells(SECRET), more=' table:style-name="H"'), "spreadsheet", automatic=HIDDEN_TABLE), PlaceKind.SHEET, Visibility.HIDDEN),
        (opendocument(SLIDES["a slide"], "presentation"), PlaceKind.SLIDE, Visibility.VISIBLE),
        (opendocument(SLIDES["the notes"], "presentation"), PlaceKind.NOTE, Visibility.HIDDEN),
        (opendocument(f'<draw:page draw:style-name="H">{p(SECRET)}</draw:page>', "presentation", automatic=HIDDEN_PAGE), PlaceKind.SLIDE, Visibility.HIDDEN),
        (opendocument('<draw:page draw:master-page-name="M">' + FRAME.format(' svg:x="40cm" svg:y="1cm" svg:width="5cm" svg:height="2cm"', p(SECRET)) + "</draw:page>", "presentation", **OFF_PAGE), PlaceKind.SLIDE, Visibility.OFF_PAGE),
        (opendocument('<draw:layer-set><draw:layer draw:name="h" draw:display="none"/></draw:layer-set>' + PAGE.format(FRAME.format(' draw:layer="h"', p(SECRET))), "presentation"), PlaceKind.SLIDE, Visibility.HIDDEN_LAYER),
    ],
)  # fmt: skip
def test_place_and_visibility(read_here, content, kind, visibility):
    assert SECRET in "\n".join(read_here(content, "a.odt").texts(kind, visibility))


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        (TEXTS["a tracked deletion"], "tracked_changes"),
        (TEXTS["hidden text by style"], "hidden_text"),
        (TEXTS["an annotation"], "comments"),
        (TEXTS["a macro"], "macros"),
        (TEXTS["an object of the same zip"], "embedded"),
        (TEXTS["an older version"], "old_revision"),
        (opendocument(p('<draw:frame><draw:image xlink:href="http://example.org/a.png"/></draw:frame>')), "external_link"),
        (sheets("a hidden row"), "hidden_rows"),
        (sheets("a hidden column"), "hidden_columns"),
        (sheets("what is remembered of another file"), "external_data"),
        (opendocument(sheet(cells("x"), more=' table:style-name="H"'), "spreadsheet", automatic=HIDDEN_TABLE), "hidden_sheet"),
        (opendocument(SLIDES["the notes"], "presentation"), "speaker_notes"),
        (opendocument(f'<draw:page draw:style-name="H">{p("x")}</draw:page>', "presentation", automatic=HIDDEN_PAGE), "hidden_slide"),
    ],
)  # fmt: skip
def test_marks(read_here, content, mark):
    assert mark in read_here(content, "a.odt").marks


def test_a_plain_letter_has_no_marks(read_here):
    assert read_here(opendocument(p("a letter")), "a.odt").marks == set()


@pytest.mark.parametrize(
    ("automatic", "body"),
    [
        (text_style('fo:color="#ffffff" fo:background-color="#102030"'), p(span(SECRET))),
        (text_style('fo:color="#ffffff" style:use-window-font-color="true"'), p(span(SECRET))),
        (text_style('fo:font-size="50%"'), p(span(SECRET))),
    ],
)
def test_what_can_be_seen_is_visible(read_here, automatic, body):
    read = read_here(opendocument(body, automatic=automatic), "a.odt")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == [SECRET]
    assert read.marks == set()


def test_white_letters_on_a_dark_cell_are_visible(read_here):
    automatic = text_style('fo:background-color="#102030"', "table-cell", "table-cell-properties").replace("H", "C") + text_style('fo:color="#ffffff"')  # fmt: skip
    body = sheet(whole_row(cell(span(SECRET), ' table:style-name="C"')))
    read = read_here(opendocument(body, "spreadsheet", automatic=automatic), "a.ods")

    assert read.texts(PlaceKind.SHEET, Visibility.VISIBLE) == [SECRET]


WHITE_CELLS = text_style('fo:color="#ffffff"', "table-cell")
FLAT_COLUMN = text_style('style:column-width="0cm"', "table-column", "table-column-properties")
FLAT_ROW = text_style('style:row-height="0.02cm"', "table-row", "table-row-properties")
BY_DEFAULT = ' table:default-cell-style-name="H"'
FOLDED = "<table:table-column-group table:display='false'><table:table-column/></table:table-column-group>"


@pytest.mark.parametrize(
    ("body", "automatic", "visibility"),
    [
        (sheet(cells("a", SECRET), columns=f"<table:table-column/><table:table-column{BY_DEFAULT}/>"), WHITE_CELLS, Visibility.WHITE),
        (sheet(cells(SECRET, more=BY_DEFAULT)), WHITE_CELLS, Visibility.WHITE),
        (sheet(cells("a", SECRET), columns=f"<table:table-column{BY_DEFAULT}/><table:table-column/>"), WHITE_CELLS, Visibility.VISIBLE),
        (sheet(cells(SECRET), columns='<table:table-column table:style-name="H"/>'), FLAT_COLUMN, Visibility.HIDDEN),
        (sheet(cells(SECRET, more=' table:style-name="H"')), FLAT_ROW, Visibility.HIDDEN),
        (sheet(f"<table:table-row-group table:display='false'>{cells(SECRET)}</table:table-row-group>"), "", Visibility.HIDDEN),
        (sheet(f"<table:table-row-group table:display='false'>{cells('a')}</table:table-row-group>{cells(SECRET)}"), "", Visibility.VISIBLE),
        (sheet(cells(SECRET), columns=FOLDED), "", Visibility.HIDDEN),
        (sheet(cells("a", SECRET), columns=FOLDED), "", Visibility.VISIBLE),
        (sheet(whole_row(f"{cell('a')}<table:covered-table-cell>{p(SECRET)}</table:covered-table-cell>")), "", Visibility.HIDDEN),
    ],
    ids=[
        "white by its column", "white by its row", "white by another column", "column of no width", "row of no height", "folded rows",
        "behind folded rows", "folded columns", "beside folded columns", "below a merged cell",
    ],
)  # fmt: skip
def test_what_hides_a_cell_of_a_sheet_is_told_apart(read_here, body, automatic, visibility):
    read = read_here(opendocument(body, "spreadsheet", automatic=automatic), "a.ods")

    found = {s.visibility for s in read.reading.segments if SECRET in s.text}  # a hidden cell comes with its whole row
    assert visibility in found
    assert (Visibility.VISIBLE in found) is (visibility is Visibility.VISIBLE)


def test_a_comment_says_on_which_cell_of_which_sheet_it_hangs(read_here):
    note = f"<office:annotation><dc:creator>A</dc:creator>{p('call')}{p(SECRET)}</office:annotation>"
    body = sheet(cells("x")) + sheet(
        cells("x"), whole_row(cell("x") + f"<table:table-cell>{note}{p('y')}</table:table-cell>"), name="B"
    )
    (comment,) = [s for s in read_here(opendocument(body, "spreadsheet"), "a.ods").reading.segments if SECRET in s.text]

    place = comment.place_at(comment.text.index(SECRET))
    assert (place.kind, place.number, place.cell) == (PlaceKind.COMMENT, 2, "B2")


DARK = '<style:style style:name="D" style:family="paragraph"><style:paragraph-properties fo:background-color="#101010"/></style:style>'
DEFAULT = '<office:styles><style:default-style style:family="paragraph"><style:text-properties {}/></style:default-style></office:styles>'
COVER = text_style('draw:fill="solid" draw:fill-color="#000000"', "graphic", "graphic-properties")
PLACE = 'svg:x="1cm" svg:y="1cm" svg:width="9cm" svg:height="2cm"'


def frame(inside: str, more: str = "") -> str:
    return f"<draw:frame {PLACE} {more}>{inside}</draw:frame>"


BOX = frame(f"<draw:text-box>{p(SECRET)}</draw:text-box>")


@pytest.mark.parametrize(
    ("content", "visibility"),
    [
        (opendocument(p(SECRET), styles=DEFAULT.format('text:display="none"')), Visibility.HIDDEN),
        (opendocument(p(SECRET, "own"), styles=DEFAULT.format('fo:color="#ffffff"')), Visibility.WHITE),
        (opendocument(p(span(SECRET), "D"), automatic=DARK + text_style('fo:color="#000000"')), Visibility.COVERED),
        (opendocument(sheet(cells(SECRET, more=' table:visibility="collapse"'))), Visibility.HIDDEN),
        (opendocument(f'<draw:page>{BOX}<draw:rect draw:style-name="H" {PLACE}/></draw:page>', "presentation", automatic=COVER), Visibility.COVERED),
        (opendocument(f"<draw:page>{BOX}{frame('<draw:image/>')}</draw:page>", "presentation"), Visibility.COVERED),
    ],
)  # fmt: skip
def test_text_is_hidden(read_here, content, visibility):
    read = read_here(content, "a.odt")

    assert read.texts(visibility=visibility) == [SECRET]
    assert SECRET not in read.texts(visibility=Visibility.VISIBLE)


@pytest.mark.parametrize(
    "content",
    [
        opendocument(p(span(SECRET), "D"), automatic=DARK + text_style('fo:color="#ffffff"')),
        opendocument(f"<draw:page>{frame('<draw:image/>')}{BOX}</draw:page>", "presentation"),
        opendocument(f'<draw:page>{BOX}<draw:rect {PLACE}/></draw:page>', "presentation"),
        opendocument(f'<draw:page>{BOX}<draw:rect draw:style-name="H" svg:x="1cm" svg:y="1cm" svg:width="2cm" svg:height="2cm"/></draw:page>', "presentation", automatic=COVER),
        opendocument(f'<draw:page><draw:g>{BOX}</draw:g></draw:page>', "presentation"),
    ],
)  # fmt: skip
def test_text_is_not_hidden(read_here, content):
    read = read_here(content, "a.odt")

    assert SECRET in read.texts(visibility=Visibility.VISIBLE)
    assert not read.marks & {"hidden_text", "covered_text", "off_page_text"}


def test_what_is_covered_on_a_long_slide_is_told_apart(read_here):
    long = "".join(
        f"<draw:frame svg:x='20cm' svg:y='1cm'><draw:text-box>{p('long ' * 2_000)}</draw:text-box></draw:frame>"
        for _ in range(4)
    )
    cover = f'<draw:rect draw:style-name="H" {PLACE}/>'
    content = opendocument(f"<draw:page>{long}{BOX}{long}{cover}</draw:page>", "presentation", automatic=COVER)

    assert "long" not in "".join(read_here(content, "a.odp").texts(visibility=Visibility.COVERED))
    short = opendocument(f"<draw:page>{long}{BOX}{cover}</draw:page>", "presentation", automatic=COVER)
    assert read_here(short, "a.odp").texts(visibility=Visibility.COVERED) == [SECRET]


def test_what_is_covered_at_the_beginning_of_a_long_slide_is_known(read_here):
    long = f"<draw:frame svg:x='20cm' svg:y='1cm'><draw:text-box>{p('long ' * 6_000)}</draw:text-box></draw:frame>"
    cover = f'<draw:rect draw:style-name="H" {PLACE}/>'
    content = opendocument(f"<draw:page>{BOX}{long}{cover}</draw:page>", "presentation", automatic=COVER)
    read = read_here(content, "a.odp")

    assert read.texts(visibility=Visibility.COVERED) == [SECRET]
    assert SECRET not in "".join(read.texts(visibility=Visibility.VISIBLE))


def test_boxes_of_a_slide_are_read_in_the_order_in_which_they_stand_too(read_here):
    boxes = "".join(
        f"<draw:frame svg:x='{left}cm' svg:y='1cm' svg:width='2cm' svg:height='1cm'><draw:text-box>{p(word)}</draw:text-box></draw:frame>"
        for left, word in ((6, "Street"), (1, "12"), (3, "High"))
    )
    read = read_here(opendocument(f"<draw:page>{boxes}</draw:page>", "presentation"), "a.odp")

    assert "12 High Street" in read.texts(PlaceKind.SLIDE, Visibility.VISIBLE)
    assert "Street\n12\nHigh" in read.texts(PlaceKind.SLIDE, Visibility.VISIBLE)


IDENTIFIERS = ["QQ123456C", "07700 900123", "tn99 9zz", "9990001234"]


@pytest.mark.parametrize("value", IDENTIFIERS)
@pytest.mark.parametrize(
    "content",
    [
        lambda value: opendocument(f"<text:p draw:note='{value}'>x</text:p>"),
        lambda value: opendocument(f"<text:p text:style-name='{value}'>x</text:p>"),
        lambda value: opendocument("", styles=f"<style:style style:name='{value}' style:family='text'/>"),
        lambda value: opendocument(
            "", members={"settings.xml": f"<s><config:x xmlns:config='g'>{value}</config:x></s>"}
        ),
    ],
    ids=["an attribute that nobody knows", "a style that nobody knows", "the name of a style", "a setting"],
)
def test_an_identifier_alone_is_read_in(read_here, content, value):
    assert value in read_here(content(value), "a.odt").text


def test_a_cropped_picture_is_marked(read_here):
    style = text_style('fo:clip="rect(0cm, 1.5cm, 0cm, 0cm)"', "graphic", "graphic-properties")
    uncut = style.replace("1.5cm", "0cm")
    body = f"<draw:page>{frame('<draw:image/>', 'draw:style-name=' + chr(34) + 'H' + chr(34))}</draw:page>"

    assert "cropped_image" in read_here(opendocument(body, "presentation", automatic=style), "a.odp").marks
    assert "cropped_image" not in read_here(opendocument(body, "presentation", automatic=uncut), "a.odp").marks


# -- how texts hang together ----------------------------------------------------------------------------------------


def test_an_address_over_several_paragraphs_is_one_text(read_here):
    read = read_here(opendocument(p("12 High Street") + p("Leeds") + p("LS1 4AB")), "a.odt")

    assert read.texts(PlaceKind.PARAGRAPH) == ["12 High Street\nLeeds\nLS1 4AB"]


def test_a_deletion_is_handed_over_with_the_sentence_it_stood_in(read_here):
    body = DELETION + p('She lives at <text:change text:change-id="c1"/>Street.')
    read = read_here(opendocument(body), "a.odt")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["She lives at Street."]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION) == ["She lives at 12 High Street."]


def test_text_before_a_tracked_change_is_read_without_what_replaced_it(read_here):
    body = DELETION + p('<text:change text:change-id="c1"/><text:change-start text:change-id="c2"/>14 Low <text:change-end text:change-id="c2"/>Street')  # fmt: skip
    read = read_here(opendocument(body), "a.odt")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["14 Low Street"]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION) == ["12 High Street"]


def test_hidden_words_are_handed_over_with_their_sentence(read_here):
    read = read_here(opendocument(p(f"She lives at {span('12 High ')}Street."), automatic=HIDDEN_STYLE), "a.odt")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.HIDDEN) == ["She lives at 12 High Street."]


LINES = ("27 Larkspur Lane", "Ashford", "TN99 9ZZ")


def test_a_hidden_address_over_several_paragraphs_is_one_text(read_here):
    body = p("before") + "".join(p(span(line)) for line in LINES) + p("between") + p(span("other"))
    read = read_here(opendocument(body, automatic=HIDDEN_STYLE), "a.odt")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.HIDDEN) == ["\n".join(LINES), "other"]
    assert [s.place.number for s in read.reading.segments if s.visibility is Visibility.HIDDEN] == [2, 6]


def level(number: int, way: str = "1", more: str = "") -> str:
    return f'<text:list-level-style-number text:level="{number}" style:num-format="{way}" {more}/>'


def listed(*items: str, more: str = 'text:style-name="L"') -> str:
    return f"<text:list {more}>{''.join(items)}</text:list>"


def item(inside: str, more: str = "") -> str:
    return f"<text:list-item {more}>{inside}</text:list-item>"


LIST_STYLE = (
    f"""<text:list-style style:name="L">{level(1, more='style:num-suffix="." text:start-value="27"')}"""
    f"""{level(2, "a", 'style:num-prefix="(" style:num-suffix=")" text:display-levels="2"')}</text:list-style>"""
    '<text:list-style style:name="B"><text:list-level-style-bullet text:level="1" text:bullet-char="-"/></text:list-style>'
)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (listed(item(p("Larkspur Lane"))), "27.\tLarkspur Lane"),
        (listed(item(p("a") + p("more")), item(p("b"))), "27.\ta\nmore\n28.\tb"),
        (listed(item(p("a") + listed(item(p("b")), item(p("c")), more="")), item(p("d"))), "27.\ta\n(27.a)\tb\n(27.b)\tc\n28.\td"),
        (listed(item(p("a"))) + listed(item(p("b"))), "27.\ta\n27.\tb"),
        (listed(item(p("a"))) + p("x") + listed(item(p("b")), more='text:style-name="L" text:continue-numbering="true"'), "27.\ta\nx\n28.\tb"),
        (listed(item(p("a")), more='text:style-name="L" xml:id="q"') + listed(item(p("b"))) + listed(item(p("c")), more='text:style-name="L" text:continue-list="q"'), "27.\ta\n27.\tb\n28.\tc"),
        (listed(item(p("a"), 'text:start-value="5"'), item(p("b"))), "5.\ta\n6.\tb"),
        (listed("<text:list-header>" + p("a") + "</text:list-header>", item(p("b"))), "a\n27.\tb"),
        (listed(item(p("a")), more='text:style-name="B"'), "a"),
        (listed(item(p("a")), more=""), "a"),
        ("<text:list>" * 30 + item(p("a")) + "</text:list>" * 30, "a"),
    ],
)  # fmt: skip
def test_the_number_of_a_list_is_text(read_here, body, shown):
    assert read_here(opendocument(body, automatic=LIST_STYLE), "a.odt").texts(PlaceKind.PARAGRAPH)[0] == shown


def test_an_item_of_a_list_is_read_without_its_number_too(read_here):
    """Else the number of the item could pass for the number of the house."""
    read = read_here(opendocument(listed(item(p("Larkspur Lane"))), automatic=LIST_STYLE), "a.odt")

    assert read.texts(PlaceKind.PARAGRAPH) == ["27.\tLarkspur Lane", "Larkspur Lane"]


def test_a_note_does_not_cut_the_sentence_it_hangs_on(read_here):
    body = p(f"12 High<text:note><text:note-citation>1</text:note-citation><text:note-body>{p('a note')}</text:note-body></text:note> Street")  # fmt: skip
    read = read_here(opendocument(body), "a.odt")

    assert read.texts(PlaceKind.PARAGRAPH) == ["12 High Street"]
    assert read.texts(PlaceKind.NOTE) == ["a note"]


def test_a_row_of_a_table_is_a_line(read_here):
    read = read_here(opendocument(sheet(cells("Quill", "12 High Street"), cells("a", "b"))), "a.odt")

    assert read.texts(PlaceKind.TABLE) == ["Quill\t12 High Street\na\tb"]


def test_rows_know_their_numbers_over_repeats(read_here):
    blank = "<table:table-row table:number-rows-repeated='1000'><table:table-cell table:number-columns-repeated='16384'/></table:table-row>"
    read = read_here(opendocument(sheet(cells("first"), blank, cells("last")), "spreadsheet"), "a.ods")

    rows = {s.text.strip(): s.place.row for s in read.reading.segments if s.place.kind is PlaceKind.SHEET}
    assert rows == {"first": 1, "last": 1002}


def test_cells_know_their_columns_over_repeats_and_gaps(read_here):
    more = "<table:table-row><table:table-cell table:number-columns-repeated='3'/><table:table-cell table:number-columns-repeated='2'><text:p>12</text:p><text:p>Acacia Road</text:p></table:table-cell><table:table-cell><text:p>York</text:p></table:table-cell></table:table-row>"
    read = read_here(opendocument(sheet(cells("first"), more), "spreadsheet"), "a.ods")

    (segment,) = [s for s in read.reading.segments if "York" in s.text]
    assert [segment.place_at(segment.text.index(word)).cell for word in ("12", "Acacia", "York")] == ["D2", "D2", "F2"]


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [
        ("office:value-type='float' office:value='9990000018'", "9.99E+09", "9.99E+09\t9990000018"),
        ("office:value-type='float' office:value='12'", "12", "12"),
        ("office:value-type='float' office:value='0.3333333333'", "0.33", "0.33"),
        ("office:value-type='date' office:date-value='1999-12-31'", "31/12/99", "31/12/99\t1999-12-31"),
        ("office:value-type='string'", "a word", "a word"),
        ("office:value-type='string' office:string-value='a.b@example.org'", "a word", "a word\ta.b@example.org"),
    ],
)
def test_a_cell_is_read_as_people_see_it(read_here, value, text, shown):
    read = read_here(opendocument(sheet(whole_row(cell(text, " " + value))), "spreadsheet"), "a.ods")  # fmt: skip

    assert read.texts(PlaceKind.SHEET) == [shown]


def test_slides_are_numbered(read_here):
    read = read_here(opendocument(PAGE.format(p("one")) + PAGE.format(p("two")), "presentation"), "a.odp")

    found = [(s.place.number, s.text) for s in read.reading.segments if s.place.kind is PlaceKind.SLIDE]
    assert found == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
def test_a_flat_file_is_read(read_here, kind):
    body = {"text": p(SECRET), "spreadsheet": sheet(cells(SECRET)), "presentation": PAGE.format(p(SECRET))}[kind]
    flat = '<?xml version="1.0"?>' + content_part(
        body, kind, root="document", more=f' office:mimetype="application/vnd.oasis.opendocument.{kind}"'
    )
    read = read_here(flat.encode(), "a.xml")

    place = {"text": PlaceKind.PARAGRAPH, "spreadsheet": PlaceKind.SHEET, "presentation": PlaceKind.SLIDE}[kind]
    assert SECRET in "\n".join(read.texts(place, Visibility.VISIBLE))
    assert read.problems == []


def test_pictures_of_a_flat_file_are_members(read_here):
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
    body = p(f"<draw:frame><draw:image><office:binary-data>{png}</office:binary-data></draw:image></draw:frame>")
    flat = content_part(body, root="document", more=' office:mimetype="application/vnd.oasis.opendocument.text"')
    read = read_here(flat.encode(), "a.fodt")

    assert read.paths == ["a.fodt", "a.fodt/object 1"]


def test_old_openoffice_files_are_read(read_here):
    members = {
        "content.xml": f'<office:document-content {ODF} office:class="text"><office:body>{p(SECRET)}</office:body></office:document-content>',
        "META-INF/manifest.xml": '<m><file-entry media-type="application/vnd.sun.xml.writer" full-path="/"/></m>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    assert read_here(out.getvalue(), "a.sxw").texts(PlaceKind.PARAGRAPH) == [SECRET]


def test_everything_odfpy_writes_is_found(read_here):
    document = OpenDocumentText()
    document.text.addElement(odf.text.H(outlinelevel=1, text="A heading"))
    document.text.addElement(odf.text.P(text="First paragraph of text."))
    table = odf.table.Table(name="A table")
    line = odf.table.TableRow()
    entry = odf.table.TableCell()
    entry.addElement(odf.text.P(text="in a cell"))
    line.addElement(entry)
    table.addElement(line)
    document.text.addElement(table)
    document.meta.addElement(odf.dc.Creator(text="Author Quill"))
    out = io.BytesIO()
    document.write(out)
    read = read_here(out.getvalue(), "a.odt")

    wanted = ["A heading", "First paragraph of text.", "in a cell", "A table", "Author Quill"]
    assert [text for text in wanted if text not in read.text] == []
    assert read.problems == []


# -- what cannot be read --------------------------------------------------------------------------------------------


def test_a_document_with_encrypted_members_is_encrypted(read_here):
    manifest = '<m:manifest xmlns:m="x"><m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry><m:file-entry m:full-path="meta.xml"/></m:manifest>'
    members = {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "META-INF/manifest.xml": manifest.encode(),
        "content.xml": bytes(range(256)),
        "meta.xml": f"<m><a>{SECRET}</a></m>".encode(),
    }
    content = zip_of(members, zipfile.ZIP_STORED)
    read = read_here(content, "a.odt")

    assert read.problems == [("a.odt", "encrypted")]
    assert SECRET in read.text


def test_what_is_only_said_to_be_encrypted_is_read_and_ambiguous(read_here):
    manifest = '<m><file-entry full-path="content.xml"><encryption-data/></file-entry></m>'
    read = read_here(opendocument(p(SECRET), members={"META-INF/manifest.xml": manifest}), "a.odt")

    assert read.problems == [("a.odt", "ambiguous")]
    assert SECRET in read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE)


def test_a_package_that_is_encrypted_whole_is_encrypted(read_here):
    manifest = '<m><file-entry full-path="encrypted-package"><encryption-data/></file-entry></m>'
    content = opendocument("", members={"META-INF/manifest.xml": manifest, "encrypted-package": bytes(range(256))})

    assert read_here(content, "a.odt").problems == [("a.odt", "encrypted")]


def test_a_part_cut_short_is_corrupt_and_its_beginning_is_kept(read_here):
    whole = content_part(p("first words") + p("x" * 2_000))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", whole[:-1_500])
    read = read_here(out.getvalue(), "a.odt")

    assert read.problems == [("a.odt", "corrupt")]
    assert "first words" in read.text


@pytest.mark.parametrize(
    "body",
    [
        sheet(cells("x", more=' table:number-rows-repeated="99999999"')),
        sheet(whole_row(cell("x", ' table:number-columns-repeated="99999999"')) * 50),
        sheet(cells("x"), columns='<table:table-column table:number-columns-repeated="99999999" table:visibility="collapse"/>' * 500),
        p('a<text:s text:c="99999999"/>b'),
    ],
    ids=["rows", "cells", "columns", "spaces"],
)  # fmt: skip
def test_repeats_cost_little(read_here, body):
    read = read_here(opendocument(body, "spreadsheet"), "a.ods")

    assert len(read.text) < 5_000
    assert read.problems == []


def test_styles_that_inherit_in_a_circle_end(read_here):
    circle = '<style:style style:name="H" style:family="text" style:parent-style-name="H"/>'

    assert SECRET in read_here(opendocument(p(span(SECRET)), automatic=circle), "a.odt").text


@pytest.mark.timeout(20)
@pytest.mark.parametrize("value", ["a" * 500_000, "aaaa bbbb " * 50_000 + "#", "aaa " * 100_000])
def test_long_attributes_are_read_in_bounded_time(read_here, value):
    body = p("x") + f'<text:p text:id="{value}">{SECRET}</text:p>'

    assert SECRET in read_here(opendocument(body), "a.odt").text
