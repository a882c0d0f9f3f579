# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of documents, one a line
"""Workbooks: every place where text can stand, numbers as people see them, and what is hidden."""

import base64
import io
import zipfile
from datetime import date

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from canaries.packages import RELATION, relations, zipped
from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import Limits

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
NAMESPACES = (
    f'xmlns="{MAIN}" xmlns:r="{RELATION}" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"'
    ' xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)


def workbook(
    rows: str = "",
    *,
    state: str = "",
    name: str = "Staff",
    before: str = "",
    after: str = "",
    strings: str = "",
    styles: str = "",
    names: str = "",
    members: dict[str, str | bytes] | None = None,
) -> bytes:
    """Return a workbook of one sheet.

    Args:
        rows: What stands inside ``sheetData``.
        state: Of the sheet.
        name: Of the sheet.
        before: What stands before ``sheetData``.
        after: What stands after it.
        strings: Shared strings, ``si`` elements.
        styles: What stands inside ``styleSheet``.
        names: What stands in the workbook after its sheets.
        members: Other members.
    """
    state = f' state="{state}"' if state else ""
    whole: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook {NAMESPACES}><sheets><sheet name="{name}" sheetId="1" r:id="rId1"{state}/></sheets>{names}</workbook>',
        "xl/_rels/workbook.xml.rels": relations(
            ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")
        ),
        "xl/worksheets/sheet1.xml": f"<worksheet {NAMESPACES}>{before}<sheetData>{rows}</sheetData>{after}</worksheet>",
    }
    if strings:
        whole["xl/sharedStrings.xml"] = f"<sst {NAMESPACES}>{strings}</sst>"
    if styles:
        whole["xl/styles.xml"] = f"<styleSheet {NAMESPACES}>{styles}</styleSheet>"
    return zipped({**whole, **(members or {})})


def row(*cells: str, r: int = 1, more: str = "") -> str:
    """Return a row of inline strings."""
    inner = "".join(
        f'<c r="{chr(64 + n)}{r}" t="inlineStr"><is><t>{cell}</t></is></c>' for n, cell in enumerate(cells, 1)
    )
    return f'<row r="{r}"{more}>{inner}</row>'


def numbers(*values: str, style: int = 0) -> str:
    """Return a row of numbers of one style."""
    return '<row r="1">' + "".join(f'<c s="{style}"><v>{value}</v></c>' for value in values) + "</row>"


def styles(code: str = "", *, font: str = "", fill: str = "") -> str:
    """Return styles whose style 1 has this number format, font and fill."""
    return (
        f'<numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts>'
        f'<fonts><font><sz val="11"/></font><font>{font}</font></fonts>'
        f'<fills><fill><patternFill patternType="none"/></fill><fill>{fill}</fill></fills>'
        f'<cellXfs><xf/><xf numFmtId="{200 if code else 0}" fontId="1" fillId="1"/></cellXfs>'
    )


def saved(book) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SECRET = "Quillfeather"
X = f"<x>{SECRET}</x>"
BESIDE = "xl/worksheets/_rels/sheet1.xml.rels"
MASHUP = zipped({"Formulas/Section1.m": f'shared Query1 = "{SECRET}";'})

CELLS = {
    "a shared string": workbook('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings=f"<si><t>{SECRET}</t></si>"),
    "a shared string in runs": workbook('<row><c t="s"><v>0</v></c></row>', strings="<si><r><t>Quill</t></r><r><rPr><b/></rPr><t>feather</t></r></si>"),
    "a shared string that no cell uses": workbook(row("x"), strings=f"<si><t>{SECRET}</t></si>"),
    "a shared string of a part that breaks off": workbook(row("x"), members={"xl/sharedStrings.xml": f"<sst {NAMESPACES}><si><t>{SECRET}"}),
    "the phonetic form of a string": workbook(row("x"), strings=f"<si><t>x</t><rPh sb='0' eb='1'><t>{SECRET}</t></rPh></si>"),
    "an escaped string": workbook('<row><c t="s"><v>0</v></c></row>', strings="<si><t>Quill_x0066_eather</t></si>"),
    "an inline string": workbook(row(SECRET)),
    "an inline string in runs": workbook("<row><c t='inlineStr'><is><r><t>Quill</t></r><r><t>feather</t></r></is></c></row>"),
    "a formula's remembered value": workbook(f"<row><c t='str'><f>A2</f><v>{SECRET}</v></c></row>"),
    "a formula": workbook(f'<row><c><f>CONCATENATE("{SECRET}")</f><v>1</v></c></row>'),
    "a formula without a literal": workbook(f"<row><c><f>SUM({SECRET}!A1)</f><v>1</v></c></row>"),
    "a cell without reference": workbook(f"<row><c t='str'><v>{SECRET}</v></c></row>"),
    "a prefixed sheet": workbook(members={"xl/worksheets/sheet1.xml": f"<q:worksheet xmlns:q='{MAIN}'><q:sheetData><q:row r='1'><q:c r='A1' t='str'><q:v>{SECRET}</q:v></q:c></q:row></q:sheetData></q:worksheet>"}),
    "a hidden sheet": workbook(row(SECRET), state="hidden"),
    "a very hidden sheet": workbook(row(SECRET), state="veryHidden"),
    "a sheet that the workbook does not name": workbook(row("x"), members={"xl/worksheets/sheet9.xml": f"<worksheet {NAMESPACES}><sheetData>{row(SECRET)}</sheetData></worksheet>"}),
    "a hidden row": workbook(row(SECRET, more=' hidden="1"')),
    "a hidden column": workbook(row("x", SECRET), before='<cols><col min="2" max="16384" hidden="1"/></cols>'),
    "the far corner": workbook(f'<row r="1048576"><c r="XFD1048576" t="str"><v>{SECRET}</v></c></row>'),
    "a white cell": workbook(f'<row><c s="1" t="str"><v>{SECRET}</v></c></row>', styles=styles(font='<color rgb="FFFFFFFF"/>')),
    "a cell whose format shows nothing": workbook(f'<row><c s="1" t="str"><v>{SECRET}</v></c></row>', styles=styles(";;;")),
    "the literal of a number format": workbook(numbers("5", style=1), styles=styles(f"&quot;{SECRET}&quot;0")),
    "the name of a style": workbook(row("x"), styles=f'<cellStyles><cellStyle name="{SECRET}" xfId="0"/></cellStyles>'),
    "the name of a sheet": workbook(row("x"), name=SECRET),
    "a defined name": workbook(row("x"), names=f"<definedNames><definedName name='{SECRET}'>Staff!$A$1</definedName></definedNames>"),
    "the value of a defined name": workbook(row("x"), names=f"<definedNames><definedName name='a'>&quot;{SECRET}&quot;</definedName></definedNames>"),
    "the comment of a defined name": workbook(row("x"), names=f"<definedNames><definedName name='a' comment='{SECRET}'>1</definedName></definedNames>"),
    "a hidden defined name": workbook(row("x"), names=f"<definedNames><definedName name='{SECRET}' hidden='1'>1</definedName></definedNames>"),
    "who reserved the file": workbook(row("x"), names=f"<fileSharing userName='{SECRET}'/>"),
    "a header": workbook(row("x"), after=f"<headerFooter><oddHeader>&amp;C&amp;&quot;Arial,Bold&quot;&amp;12{SECRET}</oddHeader></headerFooter>"),
    "a footer": workbook(row("x"), after=f"<headerFooter><firstFooter>&amp;L{SECRET}&amp;RPage &amp;P</firstFooter></headerFooter>"),
    "the prompt of a validation": workbook(row("x"), after=f"<dataValidations><dataValidation prompt='{SECRET}'/></dataValidations>"),
    "the title of a prompt": workbook(row("x"), after=f"<dataValidations><dataValidation promptTitle='{SECRET}'/></dataValidations>"),
    "the error of a validation": workbook(row("x"), after=f"<dataValidations><dataValidation error='{SECRET}'/></dataValidations>"),
    "a validation's list": workbook(row("x"), after=f"<dataValidations><dataValidation><formula1>&quot;Yes,{SECRET}&quot;</formula1></dataValidation></dataValidations>"),
    "a newer validation's list": workbook(row("x"), after=f"<extLst><ext><x14:dataValidations><x14:dataValidation><x14:formula1><xm:f>&quot;{SECRET}&quot;</xm:f></x14:formula1></x14:dataValidation></x14:dataValidations></ext></extLst>"),
    "a conditional format": workbook(row("x"), after=f"<conditionalFormatting><cfRule type='containsText' text='{SECRET}'/></conditionalFormatting>"),
    "a hyperlink's tip": workbook(row("x"), after=f"<hyperlinks><hyperlink ref='A1' tooltip='{SECRET}'/></hyperlinks>"),
    "a hyperlink's place": workbook(row("x"), after=f"<hyperlinks><hyperlink ref='A1' location='{SECRET}!A1'/></hyperlinks>"),
    "a hyperlink's target": workbook(row("x"), members={BESIDE: relations(("hyperlink", f"mailto:{SECRET}@example.org"), external=True)}),
    "a scenario": workbook(row("x"), after=f"<scenarios><scenario name='a' comment='{SECRET}'/></scenarios>"),
    "the value of a scenario": workbook(row("x"), after=f"<scenarios><scenario name='a'><inputCells r='A1' val='{SECRET}'/></scenario></scenarios>"),
    "a protected range": workbook(row("x"), after=f"<protectedRanges><protectedRange name='{SECRET}'/></protectedRanges>"),
    "an XML comment in a sheet": workbook(row("x"), after=f"<!-- {SECRET} -->"),
    "text beside the cells of a row": workbook(f"<row r='1'>{SECRET}<c><v>1</v></c></row>"),
}  # fmt: skip

BESIDE_SHEETS = {
    "a comment": {BESIDE: relations(("comments", "../comments1.xml")), "xl/comments1.xml": f"<comments {NAMESPACES}><authors><author>A</author></authors><commentList><comment ref='B7' authorId='0'><text><r><t>Quill</t></r><r><t>feather</t></r></text></comment></commentList></comments>"},
    "the author of a comment": {BESIDE: relations(("comments", "../comments1.xml")), "xl/comments1.xml": f"<comments {NAMESPACES}><authors><author>{SECRET}</author></authors></comments>"},
    "a comment that no sheet points to": {"xl/comments7.xml": f"<comments {NAMESPACES}><commentList><comment ref='B7'><text><t>{SECRET}</t></text></comment></commentList></comments>"},
    "a threaded comment": {BESIDE: relations(("threadedComment", "../threadedComments/threadedComment1.xml")), "xl/threadedComments/threadedComment1.xml": f"<ThreadedComments><threadedComment ref='B7'><text>{SECRET}</text></threadedComment></ThreadedComments>"},
    "a person": {"xl/persons/person.xml": f"<personList><person displayName='{SECRET}' id='{{1}}'/></personList>"},
    "a text box": {BESIDE: relations(("drawing", "../drawings/drawing1.xml")), "xl/drawings/drawing1.xml": f"<xdr:wsDr {NAMESPACES}><xdr:sp><xdr:txBody><a:p><a:r><a:t>Quill</a:t></a:r><a:r><a:t>feather</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:wsDr>"},
    "alt text": {BESIDE: relations(("drawing", "../drawings/drawing1.xml")), "xl/drawings/drawing1.xml": f"<xdr:wsDr {NAMESPACES}><xdr:cNvPr id='1' name='x' descr='{SECRET}'/></xdr:wsDr>"},
    "a drawing that no sheet points to": {"xl/drawings/drawing7.xml": f"<xdr:wsDr {NAMESPACES}><a:p><a:r><a:t>{SECRET}</a:t></a:r></a:p></xdr:wsDr>"},
    "a picture of a header": {BESIDE: relations(("vmlDrawing", "../drawings/vmlDrawing1.vml")), "xl/drawings/vmlDrawing1.vml": f"<xml {NAMESPACES}><v:shape alt='{SECRET}'/></xml>"},
    "a control": {BESIDE: relations(("vmlDrawing", "../drawings/vmlDrawing1.vml")), "xl/drawings/vmlDrawing1.vml": f"<xml {NAMESPACES}><v:shape><v:textbox><div>{SECRET}<br></div></v:textbox></v:shape></xml>"},
    "the title of a chart": {BESIDE: relations(("drawing", "../drawings/drawing1.xml")), "xl/drawings/drawing1.xml": f"<xdr:wsDr {NAMESPACES}/>", "xl/drawings/_rels/drawing1.xml.rels": relations(("chart", "../charts/chart1.xml")), "xl/charts/chart1.xml": f"<c:chartSpace {NAMESPACES}><c:title><a:p><a:r><a:t>{SECRET}</a:t></a:r></a:p></c:title></c:chartSpace>"},
    "what a chart remembers": {"xl/charts/chart1.xml": f"<c:chartSpace {NAMESPACES}><c:strCache><c:pt idx='0'><c:v>{SECRET}</c:v></c:pt></c:strCache></c:chartSpace>"},
    "a chart sheet": {"xl/chartsheets/sheet1.xml": f"<chartsheet {NAMESPACES}><headerFooter><oddHeader>{SECRET}</oddHeader></headerFooter></chartsheet>"},
    "a column of a table": {BESIDE: relations(("table", "../tables/table1.xml")), "xl/tables/table1.xml": f"<table {NAMESPACES} name='t'><tableColumns><tableColumn name='{SECRET}'/></tableColumns></table>"},
    "the label of a table's totals": {BESIDE: relations(("table", "../tables/table1.xml")), "xl/tables/table1.xml": f"<table {NAMESPACES} name='t'><tableColumns><tableColumn name='a' totalsRowLabel='{SECRET}'/></tableColumns></table>"},
    "a query": {"xl/queryTables/queryTable1.xml": f"<queryTable {NAMESPACES} name='{SECRET}'/>"},
    "a connection": {"xl/connections.xml": f"<connections {NAMESPACES}><connection name='c'><dbPr connection='x' command='select {SECRET}'/></connection></connections>"},
    "a value of a pivot cache": {"xl/pivotCache/pivotCacheDefinition1.xml": f"<pivotCacheDefinition {NAMESPACES}><cacheFields><cacheField name='a'><sharedItems><s v='{SECRET}'/></sharedItems></cacheField></cacheFields></pivotCacheDefinition>"},
    "a record of a pivot cache": {"xl/pivotCache/pivotCacheDefinition1.xml": f"<pivotCacheDefinition {NAMESPACES}><cacheFields><cacheField name='a'><sharedItems/></cacheField></cacheFields></pivotCacheDefinition>", "xl/pivotCache/pivotCacheRecords1.xml": f"<pivotCacheRecords {NAMESPACES}><r><s v='{SECRET}'/></r></pivotCacheRecords>"},
    "a field of a pivot cache": {"xl/pivotCache/pivotCacheDefinition1.xml": f"<pivotCacheDefinition {NAMESPACES}><cacheFields><cacheField name='{SECRET}'/></cacheFields></pivotCacheDefinition>"},
    "a caption of a pivot table": {BESIDE: relations(("pivotTable", "../pivotTables/pivotTable1.xml")), "xl/pivotTables/pivotTable1.xml": f"<pivotTableDefinition {NAMESPACES} dataCaption='{SECRET}'/>"},
    "a slicer": {"xl/slicers/slicer1.xml": f"<slicers {NAMESPACES}><slicer caption='{SECRET}'/></slicers>"},
    "what is remembered of another workbook": {"xl/externalLinks/externalLink1.xml": f"<externalLink {NAMESPACES}><externalBook><sheetDataSet><sheetData><row r='1'><cell r='A1' t='str'><v>{SECRET}</v></cell></row></sheetData></sheetDataSet></externalBook></externalLink>"},
    "the name of another workbook's sheet": {"xl/externalLinks/externalLink1.xml": f"<externalLink {NAMESPACES}><externalBook><sheetNames><sheetName val='{SECRET}'/></sheetNames></externalBook></externalLink>"},
    "the path of another workbook": {"xl/externalLinks/_rels/externalLink1.xml.rels": relations(("externalLinkPath", f"file:///c:/{SECRET}.xlsx"), external=True)},
    "what a shared workbook said before": {"xl/revisions/revisionLog1.xml": f"<revisions {NAMESPACES}><rcc><oc r='A1' t='inlineStr'><is><t>{SECRET}</t></is></oc></rcc></revisions>"},
    "a core property": {"docProps/core.xml": f"<p><dc:creator xmlns:dc='x'>{SECRET}</dc:creator></p>"},
    "an application property": {"docProps/app.xml": f"<Properties><Manager>{SECRET}</Manager></Properties>"},
    "a custom property": {"docProps/custom.xml": f"<Properties><property name='x'><lpwstr>{SECRET}</lpwstr></property></Properties>"},
    "custom XML": {"customXml/item1.xml": f"<data><who>{SECRET}</who></data>"},
    "an attribute of custom XML": {"customXml/item1.xml": f"<data who='{SECRET}'/>"},
    "a query of Power Query": {"customXml/item1.xml": f"<DataMashup>{base64.b64encode(bytes(4) + len(MASHUP).to_bytes(4, 'little') + MASHUP).decode()}</DataMashup>"},
    "a macro sheet": {"xl/macrosheets/sheet1.xml": f"<xm:macrosheet {NAMESPACES}><sheetData><row><c t='str'><f>ALERT(1)</f><v>{SECRET}</v></c></row></sheetData></xm:macrosheet>"},
    "the strings of a macro project": {"xl/vbaProject.bin": b"\x01\x02Sub Hello\x00" + SECRET.encode() + b"\x00"},
    "a control's state": {"xl/ctrlProps/ctrlProp1.xml": f"<formControlPr><itemLst><item val='{SECRET}'/></itemLst></formControlPr>"},
    "an embedded workbook": {"xl/embeddings/inner.xlsx": workbook(row(SECRET))},
    "an embedded text": {"xl/embeddings/inner.txt": SECRET},
    "rich values": {"xl/richData/rdrichvalue.xml": f"<rvData><rv><v>{SECRET}</v></rv></rvData>"},
    "a part of no known kind": {"xl/strange/part.xml": f"<a><b>{SECRET}</b></a>"},
    "an attribute of no known kind": {"xl/strange/part.xml": f"<a b='{SECRET}'/>"},
    "XML under another name": {"xl/strange/part.dat": f"<?xml version='1.0'?><a>{SECRET}</a>"},
    "a part in UTF-16": {"customXml/item1.xml": f'<?xml version="1.0" encoding="UTF-16"?><a>{SECRET}</a>'.encode("utf-16")},
}  # fmt: skip


IDENTIFIED = {
    "a connection": lambda value: workbook(row("x"), members={"xl/connections.xml": f"<connections {NAMESPACES}><connection id='1' name='c' description='{value}'/></connections>"}),
    "a view": lambda value: workbook(row("x"), names=f"<customWorkbookViews><customWorkbookView name='{value}'/></customWorkbookViews>"),
    "the literal of a format that nothing uses": lambda value: workbook(row("x"), styles=styles(f"0;0;0;&quot;{value}&quot;")),
    "an attribute that nobody knows": lambda value: workbook(f"<row r='1' z:note='{value}' xmlns:z='z'><c><v>1</v></c></row>"),
    "a property": lambda value: workbook(row("x"), members={"docProps/custom.xml": f"<Properties><property name='{value}'/></Properties>"}),
}  # fmt: skip


@pytest.mark.parametrize("value", ["QQ123456C", "QQ 12 34 56 C", "07700 900123", "TN99 9ZZ", "999 000 1234"])
@pytest.mark.parametrize("content", IDENTIFIED.values(), ids=IDENTIFIED.keys())
def test_an_identifier_alone_is_read_in(read_here, content, value):
    assert value in read_here(content(value), "a.xlsx").text


def test_a_format_that_shows_a_literal_instead_of_the_value_shows_the_literal(read_here):
    code = "&quot;QQ123456C&quot;"
    numbered = read_here(workbook(numbers("5", style=1), styles=styles(code)), "a.xlsx")
    worded = read_here(
        workbook('<row r="1"><c s="1" t="str"><v>words</v></c></row>', styles=styles(f"0;0;0;{code}")), "a.xlsx"
    )

    assert "QQ123456C" in numbered.texts(PlaceKind.SHEET, Visibility.VISIBLE)
    assert any("5" in text for text in numbered.texts(PlaceKind.SHEET, Visibility.HIDDEN))
    assert "QQ123456C" in worded.texts(PlaceKind.SHEET, Visibility.VISIBLE)
    assert any("words" in text for text in worded.texts(PlaceKind.SHEET, Visibility.HIDDEN))


def test_a_literal_that_a_hidden_column_would_show_is_hidden(read_here):
    read = read_here(
        workbook(
            numbers("5", style=1),
            styles=styles("&quot;QQ123456C&quot;"),
            before='<cols><col min="1" max="1" hidden="1"/></cols>',
        ),
        "a.xlsx",
    )

    assert not any("QQ123456C" in text for text in read.texts(PlaceKind.SHEET, Visibility.VISIBLE))
    assert any("QQ123456C" in text for text in read.texts(PlaceKind.SHEET, Visibility.HIDDEN))


def test_what_a_formula_puts_together_is_read_whole(read_here):
    read = read_here(workbook('<row><c><f>"High "&amp;CHAR(83)&amp;"treet"</f></c></row>'), "a.xlsx")

    assert any('"High Street"' in text for text in read.texts(PlaceKind.SHEET, Visibility.ATTRIBUTE))


def test_the_words_of_wordart_on_a_sheet_are_shown(read_here):
    drawing = f"<xml {NAMESPACES}><v:shape><v:textpath string='{SECRET}'/></v:shape></xml>"
    members = {BESIDE: relations(("vmlDrawing", "../drawings/vmlDrawing1.vml")), "xl/drawings/vmlDrawing1.vml": drawing}

    assert SECRET in read_here(workbook(row("x"), members=members), "a.xlsx").texts(visibility=Visibility.VISIBLE)


@pytest.mark.parametrize("content", CELLS.values(), ids=CELLS.keys())
def test_a_word_is_found_in(read_here, content):
    read = read_here(content, "a.xlsx")

    assert SECRET in read.text
    assert read.reasons <= {"corrupt"}


@pytest.mark.parametrize("members", BESIDE_SHEETS.values(), ids=BESIDE_SHEETS.keys())
def test_a_word_is_found_beside_the_sheets_in(read_here, members):
    read = read_here(workbook(row("x"), members=members), "a.xlsx")

    assert SECRET in read.text
    assert read.problems == []


@pytest.mark.parametrize(
    ("content", "kind", "visibility"),
    [
        (CELLS["a shared string"], PlaceKind.SHEET, Visibility.VISIBLE),
        (CELLS["a hidden sheet"], PlaceKind.SHEET, Visibility.HIDDEN),
        (CELLS["a very hidden sheet"], PlaceKind.SHEET, Visibility.HIDDEN),
        (CELLS["a sheet that the workbook does not name"], PlaceKind.SHEET, Visibility.HIDDEN),
        (CELLS["a hidden row"], PlaceKind.SHEET, Visibility.HIDDEN),
        (CELLS["a white cell"], PlaceKind.SHEET, Visibility.WHITE),
        (CELLS["a cell whose format shows nothing"], PlaceKind.SHEET, Visibility.HIDDEN),
        (CELLS["a header"], PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
        (CELLS["a shared string that no cell uses"], PlaceKind.METADATA, Visibility.HIDDEN),
        (workbook(row("x"), members=BESIDE_SHEETS["a comment"]), PlaceKind.COMMENT, Visibility.COMMENT),
        (workbook(row("x"), members=BESIDE_SHEETS["a threaded comment"]), PlaceKind.COMMENT, Visibility.COMMENT),
        (workbook(row("x"), members=BESIDE_SHEETS["a text box"]), PlaceKind.SHEET, Visibility.VISIBLE),
        (workbook(row("x"), members=BESIDE_SHEETS["alt text"]), PlaceKind.SHEET, Visibility.ATTRIBUTE),
        (workbook(row("x"), members=BESIDE_SHEETS["a core property"]), PlaceKind.METADATA, Visibility.VISIBLE),
        (workbook(row("x"), members=BESIDE_SHEETS["what a shared workbook said before"]), PlaceKind.SHEET, Visibility.TRACKED_DELETION),
    ],
)  # fmt: skip
def test_place_and_visibility(read_here, content, kind, visibility):
    assert SECRET in "\n".join(read_here(content, "a.xlsx").texts(kind, visibility))


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        (CELLS["a hidden sheet"], "hidden_sheet"),
        (CELLS["a very hidden sheet"], "hidden_sheet"),
        (CELLS["a hidden row"], "hidden_rows"),
        (workbook(row(SECRET, more=' ht="0"')), "hidden_rows"),
        (CELLS["a hidden column"], "hidden_columns"),
        (workbook(row(SECRET), before='<cols><col min="1" max="1" width="0"/></cols>'), "hidden_columns"),
        (CELLS["a white cell"], "hidden_text"),
        (CELLS["a cell whose format shows nothing"], "hidden_text"),
        (workbook('<row><c s="1" t="str"><v>x</v></c></row>', styles=styles(font='<sz val="1"/>')), "hidden_text"),
        (workbook('<row><c s="1" t="str"><v>x</v></c></row>', styles=styles(fill='<patternFill patternType="solid"><fgColor rgb="FF000000"/></patternFill>')), "covered_text"),
        (CELLS["a hidden defined name"], "hidden_names"),
        (workbook(members=BESIDE_SHEETS["a comment"]), "comments"),
        (workbook(members=BESIDE_SHEETS["a value of a pivot cache"]), "pivot_cache"),
        (workbook(members=BESIDE_SHEETS["what is remembered of another workbook"]), "external_data"),
        (workbook(members=BESIDE_SHEETS["the path of another workbook"]), "external_link"),
        (workbook(members=BESIDE_SHEETS["a connection"]), "external_link"),
        (workbook(members={"xl/externalLinks/externalLink1.xml": "<externalLink><ddeLink ddeService='cmd' ddeTopic='x'/></externalLink>"}), "active_content"),
        (workbook(members=BESIDE_SHEETS["what a shared workbook said before"]), "tracked_changes"),
        (workbook(members=BESIDE_SHEETS["the strings of a macro project"]), "macros"),
        (workbook(members=BESIDE_SHEETS["a macro sheet"]), "macros"),
        (workbook(members=BESIDE_SHEETS["an embedded workbook"]), "embedded"),
        (workbook(members={"xl/model/item.data": b"\x00\x01STREAM_STORAGE"}), "data_model"),
    ],
)  # fmt: skip
def test_marks(read_here, content, mark):
    assert mark in read_here(content, "a.xlsx").marks


def test_a_plain_workbook_has_no_marks(read_here):
    content = workbook(row("a", "b"), styles=styles("0.00", font='<color theme="1"/>'), names="<definedNames><definedName name='_xlnm._FilterDatabase' hidden='1'>Staff!$A$1</definedName></definedNames>")  # fmt: skip

    assert read_here(content, "a.xlsx").marks == set()


def test_a_pivot_cache_that_says_what_visible_cells_say_is_no_mark(read_here):
    read = read_here(workbook(row(SECRET), members=BESIDE_SHEETS["a value of a pivot cache"]), "a.xlsx")

    assert read.marks == set()


def test_white_letters_on_a_dark_ground_are_seen(read_here):
    dark = '<patternFill patternType="solid"><fgColor theme="3"/></patternFill>'
    content = workbook(
        f'<row><c s="1" t="str"><v>{SECRET}</v></c></row>', styles=styles(font='<color theme="0"/>', fill=dark),
        members={"xl/theme/theme1.xml": "<a:theme xmlns:a='a'><a:clrScheme><a:dk2><a:srgbClr val='1F497D'/></a:dk2></a:clrScheme></a:theme>"},
    )  # fmt: skip

    assert read_here(content, "a.xlsx").texts(PlaceKind.SHEET, Visibility.VISIBLE) == [SECRET]


def test_white_letters_in_a_table_of_the_sheet_are_seen(read_here):
    """What ground a table's style gives its cells is not known."""
    content = workbook(
        "<row r='1'><c r='A1' s='1' t='str'><v>head</v></c><c r='C1' s='1' t='str'><v>ghost</v></c></row>",
        styles=styles(font='<color rgb="FFFFFFFF"/>'),
        members={BESIDE: relations(("table", "../tables/table1.xml")), "xl/tables/table1.xml": f"<table {NAMESPACES} ref='A1:B9'/>"},
    )  # fmt: skip
    read = read_here(content, "a.xlsx")

    assert read.texts(PlaceKind.SHEET, Visibility.VISIBLE) == ["head"]
    assert read.texts(PlaceKind.SHEET, Visibility.WHITE) == ["head\tghost"]


# -- rows and places ------------------------------------------------------------------------------------------------


def places(read, text):
    return [(s.place.number, s.place_at(s.text.index(text)).cell) for s in read.reading.segments if text in s.text]


def test_a_row_is_a_line_and_its_place_says_which(read_here):
    read = read_here(workbook(row("Ms Quill", "12 High Street", "Leeds", r=7)), "a.xlsx")

    assert "Ms Quill\t12 High Street\tLeeds" in read.text
    assert places(read, "High Street") == [(1, "B7")]


def test_an_address_over_several_rows_stands_close_together(read_here):
    read = read_here(workbook(row("12 High Street", r=3) + row("Leeds", r=4) + row("LS1 4AB", r=5)), "a.xlsx")

    assert "\n".join(read.texts(PlaceKind.SHEET, Visibility.VISIBLE)) == "12 High Street\nLeeds\nLS1 4AB"


def test_records_in_columns_are_read_by_columns_too(read_here):
    rows = row("House", "14", "12", r=1) + row("Street", "Low Street", "Acacia Road", r=2) + row("Town", "York", "Leeds", r=3)  # fmt: skip
    read = read_here(workbook(rows), "a.xlsx")

    assert "12\nAcacia Road\nLeeds" in read.text
    assert "House\t14\t12" in read.text


def test_what_is_hidden_in_a_row_is_handed_over_with_the_row(read_here):
    content = workbook(row("Quill", "12 High Street", "Leeds"), before='<cols><col min="2" max="2" hidden="1"/></cols>')
    read = read_here(content, "a.xlsx")

    assert read.texts(PlaceKind.SHEET, Visibility.VISIBLE) == ["Quill\tLeeds"]
    assert read.texts(PlaceKind.SHEET, Visibility.HIDDEN) == ["Quill\t12 High Street\tLeeds"]


def test_a_range_of_hidden_columns_hides_each_of_them(read_here):
    content = workbook(row("a", "b", "c", "d"), before='<cols><col min="2" max="3" hidden="1"/></cols>')

    assert read_here(content, "a.xlsx").texts(PlaceKind.SHEET, Visibility.VISIBLE) == ["a\td"]


def test_sheets_are_numbered_in_the_order_of_the_workbook(read_here):
    book = openpyxl.Workbook()
    for name in ("Second", "Third"):
        book.create_sheet(name)
    for number, sheet in enumerate(book.worksheets, 1):
        sheet["B2"] = f"word{number}"
    read = read_here(saved(book), "a.xlsx")

    assert [places(read, f"word{n}") for n in (1, 2, 3)] == [[(1, "B2")], [(2, "B2")], [(3, "B2")]]


def test_many_rows_are_handed_over_in_few_segments(read_here):
    rows = "".join(f"<row r='{n}'><c><v>{n}</v></c></row>" for n in range(1, 20_001))
    read = read_here(workbook(rows), "a.xlsx")
    segments = [s for s in read.reading.segments if s.place.kind is PlaceKind.SHEET]

    assert len(segments) < 2_000
    assert "\n".join(s.text for s in segments).split() == [*map(str, range(1, 20_001))]
    for segment in segments:
        assert segment.text.split("\n")[0] == str(segment.place.row)


def test_a_cell_is_known_across_gaps_and_line_breaks(read_here):
    cells = '<c r="B7" t="str"><v>Quill</v></c><c r="E7" t="str"><v>12 High Street\nLeeds</v></c><c r="F7" t="str"><v>LS1 4AB</v></c>'
    read = read_here(workbook(f'<row r="7">{cells}</row>'), "a.xlsx")

    found = [places(read, word) for word in ("Quill", "12 High", "Leeds", "LS1")]
    assert found == [[(1, "B7")], [(1, "E7")], [(1, "E7")], [(1, "F7")]]


def test_a_comment_says_on_which_cell_of_which_sheet_it_hangs(read_here):
    book = openpyxl.Workbook()
    book.create_sheet("Second")["C5"].comment = openpyxl.comments.Comment(f"call\n{SECRET}", "Jo")
    read = read_here(saved(book), "a.xlsx")

    assert places(read, SECRET) == [(2, "C5")]
    assert read.texts(PlaceKind.COMMENT) == [f"call\n{SECRET}"]


def test_a_comment_on_no_cell_is_numbered(read_here):
    comments = (
        f"<comments><commentList><comment ref='nowhere'><text><t>{SECRET}</t></text></comment></commentList></comments>"
    )
    members = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(("comments", "../comments1.xml")),
        "xl/comments1.xml": comments,
    }

    assert places(read_here(workbook(row("x"), members=members), "a.xlsx"), SECRET) == [(1, "")]


def test_a_formula_is_known_by_its_cell(read_here):
    cells = '<c r="B7"><f>A1&amp;"12 High Street"</f><v>1</v></c><c r="D7"><f>A1&amp;"York"</f><v>1</v></c>'
    read = read_here(workbook(f'<row r="7">{cells}</row>'), "a.xlsx")

    assert places(read, "York") == [(1, "D7")]


def test_after_very_many_gaps_only_rows_are_known(read_here):
    """What a message may say of its cells is bounded, and a place that is not known is not invented."""
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c><c r="C{n}"><v>{n}</v></c></row>' for n in range(1, 21))
    read = read_here(workbook(rows), "a.xlsx", Limits(cells=10))

    known = [(s.place.row, s.place_at(2).cell) for s in read.reading.segments if s.place.kind is PlaceKind.SHEET]
    assert known == [(n, f"C{n}" if n <= 10 else "") for n in range(1, 21)]


def test_of_a_text_of_many_rows_no_row_is_said_where_its_cells_are_not_known(read_here):
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="str"><v>a\nb</v></c><c r="C{n}"><v>{n}</v></c></row>' for n in range(1, 1_101)
    )
    read = read_here(workbook(rows), "a.xlsx", Limits(cells=2_050))

    assert {s.place.row for s in read.reading.segments if "1100" in s.text} == {0}


def test_rows_and_columns_beyond_any_sheet_are_read(read_here):
    content = workbook(
        f'<row r="9999999"><c r="ZZZ9999999" t="str"><v>{SECRET}</v></c></row><row><c><v>1</v></c></row>'
    )
    read = read_here(content, "a.xlsx")

    assert SECRET in read.text
    assert read.problems == []


# -- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "code", "shown"),
    [
        ("9990001234", "", "9990001234"),
        ("9.990001234E9", "", "9990001234"),
        ("9990001234.0", "0", "9990001234"),
        ("0.30000000000000004", "", "0.3"),
        ("123", "000000", "000123\t123"),
        ("7700900123", "00000 000000", "07700 900123\t7700900123"),
        ("12", "&quot;Flat &quot;0", "Flat 12\t12"),
        ("36525", "dd/mm/yyyy", "31/12/1999\t1999-12-31"),
        ("36525", "[$-809]d mmmm yyyy;@", "31 December 1999\t1999-12-31"),
        ("0.5", "h:mm AM/PM", "12:00 PM"),
        ("1234.5", "#,##0.00", "1,234.50\t1234.5"),
        ("-1599.99", "[$£-809]#,##0.00;([$£-809]#,##0.00)", "(£1,599.99)\t-1599.99"),
        ("0.025", "0.0%", "2.5%\t0.025"),
        ("123", "#,##0", "123"),
        ("1e400", "0", "1e400"),
        ("99999999999", "dd/mm/yyyy", "99999999999"),
    ],
)
def test_a_number_is_read_as_people_see_it(read_here, raw, code, shown):
    read = read_here(workbook(numbers(raw, style=1), styles=styles(code)), "a.xlsx")

    assert read.texts(PlaceKind.SHEET, Visibility.VISIBLE)[0] == shown


def test_dates_that_count_from_1904(read_here):
    content = workbook(numbers("35063", style=1), styles=styles("dd/mm/yyyy"), names="<workbookPr date1904='1'/>")

    assert "31/12/1999" in read_here(content, "a.xlsx").text


def test_truth_values_and_errors(read_here):
    content = workbook("<row><c t='b'><v>1</v></c><c t='e'><v>#N/A</v></c></row>")

    assert "TRUE\t#N/A" in read_here(content, "a.xlsx").text


# -- differential oracle --------------------------------------------------------------------------------------------


def test_everything_openpyxl_returns_is_found(read_here):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Quill sheet"
    sheet.append(["Name", "NHS number", "Born", "Note"])
    sheet.append(["Maria Quill", 9990000018, date(1999, 12, 31), "a\nb"])
    sheet["A5"] = "=1+1"
    sheet["F9"].comment = Comment("a remark", "An Author")
    sheet["C2"].number_format = "yyyy-mm-dd"
    sheet["A2"].font, sheet["A2"].fill = Font(color="FFFFFF"), PatternFill("solid", fgColor="102030")
    validation = DataValidation(type="list", formula1='"Yes,No"', prompt="choose one")
    sheet.add_data_validation(validation)
    validation.add("D2")
    sheet.oddHeader.center.text = "Confidential"
    hidden = book.create_sheet("Back")
    hidden.sheet_state = "veryHidden"
    hidden["XFD1048576"] = "far"
    book.properties.creator = "Author Quill"
    read = read_here(saved(book), "a.xlsx")

    wanted = ["Quill sheet", "Maria Quill", "9990000018", "1999-12-31", "a\nb", "1+1", "a remark", "An Author", "Yes,No", "choose one", "Confidential", "Back", "far", "Author Quill"]  # fmt: skip
    assert [text for text in wanted if text not in read.text] == []
    assert read.problems == []
    assert read.marks == {"comments", "hidden_sheet"}


# -- what cannot be read --------------------------------------------------------------------------------------------


def test_a_part_that_is_not_well_formed_is_read_on_from_the_fault(read_here):
    content = workbook(row("first") + "<row r='2'>&nope;</c><c t='str'><v>second</v></c></row>")
    read = read_here(content, "a.xlsx")

    assert read.problems == [("a.xlsx", "corrupt")]
    assert read.texts(PlaceKind.SHEET, Visibility.VISIBLE) == ["first", "second"]


def test_shared_strings_keep_their_numbers_after_a_fault(read_here):
    strings = "<si><t>zero</t></si><si><t>o\x01ne</t></si><si><t>two</t></si>"
    content = workbook('<row><c t="s"><v>0</v></c><c t="s"><v>2</v></c></row>', strings=strings)
    read = read_here(content, "a.xlsx")

    assert read.problems == [("a.xlsx", "corrupt")]
    assert "zero\ttwo" in read.text


def test_an_entity_is_corrupt_and_what_it_stands_for_is_read(read_here):
    bomb = f'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "{SECRET}">]><x>&b; body</x>'
    read = read_here(workbook(row("x"), members={"customXml/item1.xml": bomb}), "a.xlsx")

    assert read.problems == [("a.xlsx", "corrupt")]
    assert SECRET in read.text
    assert "body" in read.text


def test_drawings_that_office_writes_badly_are_no_problem(read_here):
    vml = f"<xml {NAMESPACES}><v:textbox><div>{SECRET}<br></div></v:textbox></xml>"

    assert read_here(workbook(members={"xl/drawings/vmlDrawing1.vml": vml}), "a.xlsx").problems == []


def test_a_workbook_without_index_is_read(read_here):
    content = workbook(row(SECRET), members={"xl/workbook.xml": "", "xl/_rels/workbook.xml.rels": ""})
    read = read_here(content, "a.xlsx")

    assert SECRET in "\n".join(read.texts(PlaceKind.SHEET, Visibility.VISIBLE))


def test_a_workbook_outside_of_its_usual_folder_is_told_by_its_content_types(read_here):
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    members = {
        "[Content_Types].xml": f"<Types><Override PartName='/book/b.xml' ContentType='{main}'/></Types>",
        "_rels/.rels": relations(("officeDocument", "book/b.xml")),
        "book/b.xml": f"<workbook {NAMESPACES}><sheets><sheet name='S' r:id='rId1'/></sheets></workbook>",
        "book/_rels/b.xml.rels": relations(("worksheet", "s.xml")),
        "book/s.xml": f"<worksheet><sheetData>{row(SECRET, r=5)}</sheetData></worksheet>",
    }
    read = read_here(zipped(members), "a.xlsx")

    assert places(read, SECRET) == [(1, "A5")]
    assert read.problems == []


def test_names_with_backslashes_and_other_cases_are_found(read_here):
    with zipfile.ZipFile(io.BytesIO(workbook(row(SECRET)))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    read = read_here(zipped({name.lower().replace("/", "\\"): content for name, content in members.items()}), "a.xlsx")

    assert places(read, SECRET) == [(1, "A1")]


def test_a_data_model_is_unsupported(read_here):
    read = read_here(workbook(row("x"), members={"xl/model/item.data": b"\x00\x01" + bytes(range(256))}), "a.xlsx")

    assert [reason for part, reason in read.problems if part.endswith("item.data")] == ["unsupported"]


def test_a_binary_workbook_is_read_as_strings_and_unsupported(read_here):
    members = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.bin": b"\x00",
        "xl/sharedStrings.bin": b"\x13\x21\x00\x0c\x00\x00\x00" + SECRET.encode("utf-16-le"),
        "docProps/core.xml": "<p><creator>Author Quill</creator></p>",
    }
    read = read_here(zipped(members), "a.xlsb")

    assert read.problems == [("a.xlsb", "unsupported")]
    assert SECRET in read.text
    assert "Author Quill" in read.text


HOSTILE = {
    "a value in the far corner": workbook("<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"),
    "a row of style-only cells": workbook("<row>" + "<c s='1'/>" * 16_384 + "</row>"),
    "a million columns hidden": workbook(row("x"), before="<cols>" + "<col min='1' max='16384' hidden='1'/>" * 2_000 + "</cols>"),
    "references that are none": workbook("<row r='99999999999999999999'><c r='ZZZZZZZ0' s='-1' t='s'><v>-5</v></c><c r='-' s='9999999'><v>1e999</v></c></row>"),
    "5,000 nested elements": workbook(row("x"), after="<a>" * 5_000 + "</a>" * 5_000),
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_odd_cells_cost_little_and_are_no_problem(read_here, content):
    read = read_here(content, "a.xlsx")

    assert read.problems == []
    assert len(read.reading.segments) < 20


def test_a_string_that_is_used_without_end_meets_the_limit(read_here):
    content = workbook("<row>" + "<c t='s'><v>0</v></c>" * 1_000 + "</row>", strings=f"<si><t>{'x' * 32_000}</t></si>")
    read = read_here(content, "a.xlsx", limits=Limits(part_characters=1_000_000))

    assert ("a.xlsx", "too_large") in read.problems
    assert len(read.text) < 1_100_000


def test_records_that_repeat_a_long_value_meet_the_limit(read_here):
    members = {
        "xl/pivotCache/pivotCacheDefinition1.xml": f"<p><cacheFields><cacheField name='a'><sharedItems><s v='{'x' * 32_000}'/></sharedItems></cacheField></cacheFields></p>",
        "xl/pivotCache/pivotCacheRecords1.xml": "<p>" + "<r><x v='0'/></r>" * 1_000 + "</p>",
    }
    read = read_here(workbook(row("x"), members=members), "a.xlsx", limits=Limits(part_characters=1_000_000))

    assert ("a.xlsx", "too_large") in read.problems


# -- what a stranger tried --------------------------------------------------------------------------------------------

TEXT_CELL = f'<c r="A1" t="str"><v>{SECRET}</v></c>'
WHITE_RUN = f'<r><t>seen </t></r><r><rPr><color rgb="FFFFFFFF"/></rPr><t>{SECRET}</t></r>'

INDEXED_RUN = WHITE_RUN.replace('rgb="FFFFFFFF"', 'indexed="9"')


def seen_as(read):
    return {s.visibility for s in read.reading.segments if SECRET in s.text}


@pytest.mark.parametrize("index", ["-1", "-2", " 0 ", "+0", "0.0", "1e0"])
def test_a_number_that_leads_to_no_shared_string_loses_none(read_here, index):
    content = workbook(f'<row r="1"><c r="A1" t="s"><v>{index}</v></c></row>', strings=f"<si><t>{SECRET}</t></si>")

    assert SECRET in read_here(content, "a.xlsx").text


@pytest.mark.parametrize(
    "content",
    [
        workbook(f'<row r="1" ht="0.1" customHeight="1">{TEXT_CELL}</row>'),
        workbook(f'<row r="1" ht="0.00">{TEXT_CELL}</row>'),
        workbook(row(SECRET), before='<cols><col min="1" max="1" width="0.05"/></cols>'),
        workbook(row(SECRET), before='<cols><col min="1" max="1" width="0.00"/></cols>'),
        workbook(row(SECRET), before='<sheetFormatPr defaultColWidth="0"/>'),
    ],
    ids=["row of a tenth of a point", "row of no height", "narrow column", "column of no width", "columns of no width"],
)
def test_rows_and_columns_too_small_to_see_are_hidden(read_here, content):
    read = read_here(content, "a.xlsx")

    assert seen_as(read) == {Visibility.HIDDEN}
    assert read.marks & {"hidden_rows", "hidden_columns"}


def test_a_column_with_a_width_is_seen_where_others_have_none(read_here):
    before = '<sheetFormatPr defaultColWidth="0"/><cols><col min="1" max="1" width="9"/></cols>'

    assert seen_as(read_here(workbook(row(SECRET), before=before), "a.xlsx")) == {Visibility.VISIBLE}


@pytest.mark.parametrize(
    ("strings", "cell"),
    [
        (f"<si>{WHITE_RUN}</si>", '<c r="A1" t="s"><v>0</v></c>'),
        ("", f'<c r="A1" t="inlineStr"><is>{WHITE_RUN}</is></c>'),
        ("", f'<c r="A1" t="inlineStr"><is>{INDEXED_RUN}</is></c>'),
    ],
    ids=["shared", "inline", "colour by number"],
)
def test_white_letters_among_others_of_a_cell_are_told_apart(read_here, strings, cell):
    read = read_here(workbook(f'<row r="1">{cell}<c r="B1"><v>7</v></c></row>', strings=strings), "a.xlsx")

    assert read.texts(PlaceKind.SHEET, Visibility.VISIBLE) == ["seen \t7"]
    assert seen_as(read) == {Visibility.WHITE}
    assert "hidden_text" in read.marks


def test_tiny_letters_among_others_of_a_cell_are_told_apart(read_here):
    strings = f'<si><r><t>seen </t></r><r><rPr><sz val="1"/></rPr><t>{SECRET}</t></r></si>'
    read = read_here(workbook('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings=strings), "a.xlsx")

    assert seen_as(read) == {Visibility.TINY}


def test_white_letters_among_others_on_a_dark_cell_are_seen(read_here):
    fill = '<patternFill patternType="solid"><fgColor rgb="FF000080"/></patternFill>'
    content = workbook(
        '<row r="1"><c r="A1" s="1" t="s"><v>0</v></c></row>',
        strings=f"<si>{WHITE_RUN}</si>",
        styles=styles(font='<color rgb="FFFFFFFF"/>', fill=fill),
    )

    assert seen_as(read_here(content, "a.xlsx")) == {Visibility.VISIBLE}


@pytest.mark.parametrize(
    "content",
    [
        workbook(f'<row r="1" foo="ask for {SECRET}">{TEXT_CELL.replace(SECRET, "x")}</row>'),
        workbook(f'<row r="1"><c r="A1" foo="ask for {SECRET}" t="str"><v>x</v></c></row>'),
        workbook(f'<row r="1"><c r="A1"><f r1="ask for {SECRET}">1</f><v>x</v></c></row>'),
        workbook(f'<row r="1"><c r="A1" t="str"><v foo="ask for {SECRET}">x</v></c></row>'),
        workbook(f'<row r="1"><c r="A1" t="str"><v>x</v><extLst><ext foo="ask for {SECRET}"/></extLst></c></row>'),
        workbook(row("x"), before=f'<cols><col min="1" max="1" foo="ask for {SECRET}"/></cols>'),
        workbook(row("x"), strings=f'<si foo="ask for {SECRET}"><t>a</t></si>'),
        workbook(row("x"), strings=f'<si><t foo="ask for {SECRET}">a</t></si>'),
    ],
    ids=[
        "row",
        "cell",
        "formula",
        "value",
        "what a cell has besides",
        "column",
        "shared string",
        "text of a shared string",
    ],
)
def test_words_in_attributes_that_excel_does_not_know_are_read(read_here, content):
    assert seen_as(read_here(content, "a.xlsx")) == {Visibility.ATTRIBUTE}


MERGED = '<mergeCells><mergeCell ref="B2:C3"/></mergeCells>'


@pytest.mark.parametrize(
    ("place", "visibility"),
    [("B2", "visible"), ("C2", "hidden"), ("B3", "hidden"), ("C3", "hidden"), ("D2", "visible"), ("B4", "visible")],
)
def test_what_lies_below_a_merged_cell_is_hidden(read_here, place, visibility):
    rows = "".join(
        f'<row r="{n}">'
        + "".join(f'<c r="{c}{n}" t="str"><v>{SECRET if f"{c}{n}" == place else "x"}</v></c>' for c in "ABCD")
        + "</row>"
        for n in range(1, 5)
    )
    read = read_here(workbook(rows, after=MERGED), "a.xlsx")

    assert min(seen_as(read), key=lambda way: way != "visible") == visibility


def test_a_link_in_a_part_that_lies_where_nobody_looks_is_read(read_here):
    link = f'<Relationships><Relationship Id="rId1" Type="x" Target="https://{SECRET}.example" TargetMode="External"/></Relationships>'

    assert SECRET in read_here(workbook(row("x"), members={"docProps/core.xml~": link}), "a.xlsx").text


@pytest.mark.parametrize(
    ("format_", "marked"),
    [
        ('<font><color rgb="FFFFFFFF"/></font>', True),
        ('<numFmt numFmtId="200" formatCode=";;;"/>', True),
        (
            '<font><color rgb="FFFFFFFF"/></font><fill><patternFill><bgColor rgb="FF800000"/></patternFill></fill>',
            False,
        ),
        (
            '<font><color rgb="FF9C0006"/></font><fill><patternFill><bgColor rgb="FFFFC7CE"/></patternFill></fill>',
            False,
        ),
        (
            '<font><b/></font><border><left><color rgb="FFFFFFFF"/></left></border>',
            False,
        ),
    ],
    ids=["white letters", "nothing shown", "white letters on red", "Excel's own", "a white border"],
)
def test_a_condition_that_may_hide_cells_is_marked(read_here, format_, marked):
    rule = f'<conditionalFormatting sqref="A1"><cfRule type="expression" dxfId="0"><formula>"{SECRET}"</formula></cfRule></conditionalFormatting>'
    read = read_here(workbook(row("x"), after=rule, styles=f"<dxfs><dxf>{format_}</dxf></dxfs>"), "a.xlsx")

    assert ("hidden_text" in read.marks) is marked
    assert SECRET in read.text


def test_how_the_xml_of_a_cell_is_laid_out_cuts_no_word(read_here):
    runs = "\n  <is>\n  <r>\n  <t>Quill</t>\n  </r>\n  <r>\n <t>feather</t></r>\n<r><t xml:space='preserve'> </t></r>\n<r><t>too</t></r></is>\n"

    assert "Quillfeather too" in read_here(workbook(f'<row r="1"><c t="inlineStr">{runs}</c></row>'), "a.xlsx").text
