# SPDX-License-Identifier: GPL-3.0-or-later
"""Workbooks: ECMA-376 part 1 section 18, [MS-XLSX], [MS-XLSB]; built part by part."""

import io
import struct

import openpyxl
from openpyxl.comments import Comment

from canaries.archives import zip_of
from canaries.core import ANY, ATTRIBUTE, COMMENT, HIDDEN, VISIBLE, WHITE, Canary, Words, halves
from canaries.docx import HEAD, OFFICE, chart, content_types, diagram, properties, relations

FORMAT = "xlsx"
MAIN = (
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" '
    'xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"'
)


def _xml(root: str, inside: str, attributes: str = "") -> bytes:
    return f"{HEAD}<{root} {MAIN} {attributes}>{inside}</{root}>".encode()


def _cell(place: str, text: str, style: int = 0) -> str:
    return f'<c r="{place}" t="inlineStr" s="{style}"><is><t>{text}</t></is></c>'


def _workbook(w: Words) -> dict[str, bytes]:
    split = halves(w("shared string in two runs"))
    strings = [
        f"<si><t>{w('shared string')}</t></si>",
        f"<si><r><t>{split[0]}</t></r><r><rPr><b/></rPr><t>{split[1]}</t></r></si>",
        f"<si><t>x</t><rPh sb='0' eb='1'><t>{w('phonetic guide', ANY)}</t></rPh></si>",
        f"<si><t>{w('shared string that no cell uses', HIDDEN)}</t></si>",
        f"<si><t>{w('shared string of a hidden sheet', HIDDEN)}</t></si>",
        f"<si><r><t>seen </t></r><r><rPr><color rgb='FFFFFFFF'/></rPr><t>{w('white letters among others', WHITE)}</t></r></si>",
        f"<si note='{w('attribute of a shared string', ATTRIBUTE)}'><t>x</t></si>",
    ]
    # Formats: 1 white font, 2 ;;;, 3 black on black, 4 hidden by protection
    styles = (
        '<numFmts count="3"><numFmt numFmtId="164" formatCode=";;;"/><numFmt numFmtId="165" formatCode="'
        f'&quot;{w("text of a number format", ANY)}&quot; 0"/>'
        f'<numFmt numFmtId="166" formatCode="&quot;{w("number format that shows words instead")}&quot;"/></numFmts>'
        '<fonts><font/><font><color rgb="FFFFFFFF"/></font><font><color rgb="FF000000"/></font></fonts>'
        '<fills><fill/><fill/><fill><patternFill patternType="solid"><fgColor rgb="FF000000"/></patternFill></fill></fills>'
        '<borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf/><xf fontId="1" applyFont="1"/>'
        '<xf numFmtId="164" applyNumberFormat="1"/><xf fontId="2" fillId="2" applyFont="1" applyFill="1"/><xf numFmtId="165"/>'
        f'<xf fontId="1" fillId="2" applyFill="1"/><xf numFmtId="166"/></cellXfs><cellStyles><cellStyle name="{w("name of a cell style", ANY)}" xfId="0"/></cellStyles>'
    )
    pieces, letters = w("text that a formula puts together", ANY), w("letters that a formula puts together", ANY)
    put_together = (
        f'"{pieces[:5]}"&amp;"{pieces[5:]}"',
        "&amp;".join(f"CHAR({ord(letter)})" for letter in letters),
    )
    first = (
        '<sheetPr><tabColor rgb="FF00FF00"/></sheetPr><cols><col min="2" max="4" hidden="1"/><col min="6" max="6" width="0"/><col min="9" max="9" width="0.05"/></cols><sheetData>'
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="E1" t="s"><v>1</v></c><c r="G1" t="s"><v>2</v></c></row>'
        f'<row r="2">{_cell("A2", w("inline string"))}<c r="E2" t="str"><f>CONCAT("{w("text in a formula", ANY)}")</f><v>{w("cached result of a formula")}</v></c>'
        f'<c r="K2"><f>{put_together[0]}</f></c><c r="L2"><f>{put_together[1]}</f></c><c r="M2" s="6"><v>7</v></c></row>'
        f'<row r="3" hidden="1">{_cell("A3", w("hidden row", HIDDEN))}</row>'
        f'<row r="4" ht="0" customHeight="1">{_cell("A4", w("row without height", HIDDEN))}</row>'
        f'<row r="5">{_cell("B5", w("hidden column", HIDDEN))}{_cell("D5", w("last of a range of hidden columns", HIDDEN))}'
        f"{_cell('F5', w('column without width', HIDDEN))}</row>"
        f'<row r="6">{_cell("A6", w("white font", WHITE), 1)}{_cell("E6", w("format that shows nothing", HIDDEN), 2)}'
        f"{_cell('G6', w('black on black', HIDDEN), 3)}{_cell('H6', w('white on black', VISIBLE), 5)}</row>"
        f'<row r="7"><c r="A7" t="b"><v>1</v></c><c r="E7" t="e"><v>#N/A</v></c><c r="G7"><v>42</v></c></row>'
        f'<row r="8" note="{w("attribute of a row", ATTRIBUTE)}"><c r="A8" t="s"><v>5</v></c><c r="E8" note="{w("attribute of a cell", ATTRIBUTE)}" t="s"><v>6</v></c>'
        f"{_cell('I8', w('column of a tenth of a letter', HIDDEN))}</row>"
        f'<row r="9" ht="0.5">{_cell("A9", w("row of half a point", HIDDEN))}</row>'
        f'<row r="10">{_cell("A10", w("first of merged cells"))}{_cell("E10", w("below merged cells", HIDDEN))}</row>'
        f'<row r="1048576">{_cell("XFD1048576", w("far cell"))}</row>'
        '</sheetData><mergeCells><mergeCell ref="A10:G10"/></mergeCells>'
        f'<protectedRanges><protectedRange name="{w("name of a protected range", ANY)}" sqref="A1"/></protectedRanges>'
        f'<scenarios><scenario name="{w("name of a scenario", ANY)}" comment="{w("comment of a scenario", ANY)}"><inputCells r="A1" '
        f'val="{w("value of a scenario", HIDDEN)}"/></scenario></scenarios>'
        f'<autoFilter ref="A1:A9"><filterColumn colId="0"><filters><filter val="{w("value of a filter", ANY)}"/></filters></filterColumn></autoFilter>'
        f'<conditionalFormatting sqref="A1"><cfRule type="containsText" text="{w("text of a conditional format", ANY)}"><formula>NOT(ISERROR(SEARCH('
        f'"{w("formula of a conditional format", ANY)}",A1)))</formula></cfRule></conditionalFormatting>'
        f'<dataValidations><dataValidation type="list" promptTitle="{w("title of a prompt", ATTRIBUTE)}" prompt="{w("prompt", ATTRIBUTE)}" '
        f'errorTitle="{w("title of an error", ATTRIBUTE)}" error="{w("error", ATTRIBUTE)}"><formula1>"x,{w("choice of a list", ANY)}"</formula1>'
        "</dataValidation></dataValidations>"
        f'<hyperlinks><hyperlink ref="A1" r:id="rId1" tooltip="{w("tooltip of a link", ATTRIBUTE)}" display="{w("display of a link", ANY)}" '
        f'location="{w("location of a link", ATTRIBUTE)}"/></hyperlinks>'
        f"<headerFooter><oddHeader>&amp;L{w('page header')}</oddHeader><evenFooter>{w('footer of even pages')}</evenFooter>"
        f"<firstHeader>{w('header of the first page')}</firstHeader></headerFooter>"
        '<drawing r:id="rId2"/><legacyDrawing r:id="rId3"/><oleObjects><oleObject progId="x" r:id="rId5"/></oleObjects>'
        f'<extLst><ext><x14:dataValidations><x14:dataValidation prompt="{w("prompt in an extension", ATTRIBUTE)}"><x14:formula1><xm:f>'
        f'"{w("formula in an extension", ANY)}"</xm:f></x14:formula1></x14:dataValidation></x14:dataValidations></ext></extLst>'
    )
    hidden = f'<sheetData><row r="1">{_cell("A1", w("cell of a hidden sheet", HIDDEN))}<c r="B1" t="s"><v>4</v></c></row></sheetData>'
    very = f'<sheetData><row r="1">{_cell("A1", w("cell of a very hidden sheet", HIDDEN))}</row></sheetData>'
    workbook = (
        f'<fileSharing userName="{w("name of who reserved the file", ANY)}"/><workbookPr/><sheets>'
        f'<sheet name="{w("name of a sheet", ANY)}" sheetId="1" r:id="rId1"/>'
        f'<sheet name="{w("name of a hidden sheet", HIDDEN)}" sheetId="2" state="hidden" r:id="rId2"/>'
        f'<sheet name="x" sheetId="3" state="veryHidden" r:id="rId3"/><sheet name="d" sheetId="4" r:id="rId4"/>'
        '<sheet name="c" sheetId="5" r:id="rId5"/></sheets>'
        f'<definedNames><definedName name="{w("defined name", ANY)}" comment="{w("comment of a defined name", ANY)}">'
        f'"{w("value of a defined name", ANY)}"</definedName><definedName name="h" hidden="1">"{w("value of a hidden name", HIDDEN)}"</definedName>'
        f'</definedNames><customWorkbookViews><customWorkbookView name="{w("name of a view", ANY)}"/></customWorkbookViews>'
    )
    drawing = (
        f'{HEAD}<xdr:wsDr {MAIN}><xdr:twoCellAnchor><xdr:sp><xdr:nvSpPr><xdr:cNvPr id="2" name="{w("name of a shape", ANY)}" '
        f'descr="{w("alt text", ATTRIBUTE)}" title="{w("title of a shape", ATTRIBUTE)}"/></xdr:nvSpPr><xdr:txBody><a:p><a:r><a:t>{w("text box")}'
        f"</a:t></a:r><a:fld><a:t>{w('field in a text box')}</a:t></a:fld></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor>"
        f'<xdr:twoCellAnchor><xdr:sp macro="{w("macro of a shape", ANY)}" textlink="{w("linked cell of a shape", ANY)}"/></xdr:twoCellAnchor>'
        f'<xdr:twoCellAnchor><xdr:sp><xdr:nvSpPr><xdr:cNvPr id="3" name="x" hidden="1"/></xdr:nvSpPr><xdr:txBody><a:p><a:r><a:t>{w("hidden shape", HIDDEN)}'
        "</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor></xdr:wsDr>"
    )
    vml = (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">'
        f'<v:shape alt="{w("alt text, VML", ATTRIBUTE)}"><v:textbox><div><font>{w("text of a control, VML")}</font></div></v:textbox>'
        f'<x:ClientData ObjectType="List"><x:FmlaRange>{w("range of a control, VML", ANY)}</x:FmlaRange></x:ClientData></v:shape></xml>'
    )
    inner = zip_of(
        {
            "[Content_Types].xml": content_types(),
            "xl/workbook.xml": _xml("workbook", ""),
            "xl/worksheets/sheet1.xml": _xml(
                "worksheet", f"<sheetData><row>{_cell('A1', w('workbook embedded in the workbook'))}</row></sheetData>"
            ),
        }
    )
    return {
        "xl/workbook.xml": _xml("workbook", workbook),
        "xl/sharedStrings.xml": _xml("sst", "".join(strings)),
        "xl/styles.xml": _xml("styleSheet", styles),
        "xl/worksheets/sheet1.xml": _xml("worksheet", first),
        "xl/worksheets/sheet2.xml": _xml("worksheet", hidden),
        "xl/worksheets/sheet3.xml": _xml("worksheet", very),
        "xl/dialogsheets/sheet1.xml": _xml("dialogsheet", f"<headerFooter><oddHeader>{w('header of a dialogue sheet', ANY)}</oddHeader></headerFooter>"),
        "xl/chartsheets/sheet1.xml": _xml("chartsheet", f"<headerFooter><oddFooter>{w('footer of a chart sheet', ANY)}</oddFooter></headerFooter>"),
        "xl/comments1.xml": _xml(
            "comments", f"<authors><author>{w('author of a comment', ANY)}</author></authors><commentList><comment ref=\"A1\" authorId=\"0\"><text><r><t>"
            f"{w('comment', COMMENT)}</t></r></text></comment></commentList>",
        ),
        "xl/threadedComments/threadedComment1.xml": (
            f'{HEAD}<ThreadedComments xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"><threadedComment ref="A1">'
            f"<text>{w('threaded comment', COMMENT)}</text></threadedComment></ThreadedComments>"
        ).encode(),
        "xl/persons/person.xml": (
            f'{HEAD}<personList xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"><person displayName="{w("person", ANY)}" '
            f'userId="{w("user id of a person", ANY)}"/></personList>'
        ).encode(),
        "xl/tables/table1.xml": _xml(
            "table", f'<tableColumns><tableColumn id="1" name="{w("column of a table", ANY)}" totalsRowLabel="{w("total of a table", ANY)}">'
            f'<calculatedColumnFormula>"{w("formula of a table", ANY)}"</calculatedColumnFormula></tableColumn></tableColumns>',
            f'name="t" displayName="{w("name of a table", ANY)}" comment="{w("comment of a table", ANY)}"',
        ),
        "xl/pivotCache/pivotCacheDefinition1.xml": _xml(
            "pivotCacheDefinition", f'<cacheFields><cacheField name="{w("pivot cache, field", HIDDEN)}"><sharedItems><s v="{w("pivot cache, shared item", HIDDEN)}"/>'
            "</sharedItems></cacheField></cacheFields>", f'refreshedBy="{w("pivot cache, refreshed by", ANY)}"',
        ),
        "xl/pivotCache/pivotCacheRecords1.xml": _xml("pivotCacheRecords", f'<r><s v="{w("pivot cache, record", HIDDEN)}"/></r>'),
        "xl/pivotTables/pivotTable1.xml": _xml("pivotTableDefinition", "", f'name="{w("name of a pivot table", ANY)}" dataCaption="{w("caption of a pivot table", ANY)}"'),
        "xl/slicers/slicer1.xml": _xml("slicers", f'<slicer name="s" caption="{w("caption of a slicer", ANY)}"/>'),
        "xl/externalLinks/externalLink1.xml": _xml(
            "externalLink", f'<externalBook r:id="rId1"><sheetNames><sheetName val="{w("sheet of an external link", HIDDEN)}"/></sheetNames><sheetDataSet><sheetData>'
            f'<row r="1"><cell r="A1" t="str"><v>{w("cached value of an external link", HIDDEN)}</v></cell></row></sheetData></sheetDataSet></externalBook>',
        ),
        "xl/externalLinks/_rels/externalLink1.xml.rels": relations((OFFICE + "externalLinkPath", f"file:///S:/{w('path of an external link', ATTRIBUTE)}.xlsx", True)),
        "xl/connections.xml": _xml(
            "connections", f'<connection id="1" name="{w("name of a connection", ANY)}" description="{w("description of a connection", ANY)}"><dbPr '
            f'connection="{w("connection string", HIDDEN)}" command="{w("query of a connection", HIDDEN)}"/></connection>',
        ),
        "xl/queryTables/queryTable1.xml": _xml("queryTable", "", f'name="{w("name of a query", ANY)}"'),
        "xl/revisions/revisionLog1.xml": _xml(
            "revisions", f"<rcc rId='1' sId='1'><oc r='A1' t='inlineStr'><is><t>{w('old value in the change log', HIDDEN)}</t></is></oc><nc r='A1' t='inlineStr'><is><t>x</t></is></nc></rcc>",
        ),
        "xl/metadata.xml": _xml("metadata", f'<metadataStrings><s v="{w("metadata string", ANY)}"/></metadataStrings>'),
        "xl/drawings/drawing1.xml": drawing.encode(),
        "xl/drawings/vmlDrawing1.vml": vml.encode(),
        "xl/charts/chart1.xml": chart(w, "chart"),
        "xl/diagrams/data1.xml": diagram(w, "SmartArt"),
        "xl/ctrlProps/ctrlProp1.xml": _xml("formControlPr", f'<itemLst><item val="{w("item of a control", ANY)}"/></itemLst>'),
        "xl/embeddings/inner.xlsx": inner,
        "xl/embeddings/note.txt": f"words {w('embedded file')}".encode(),
        "xl/customProperty1.bin": w("custom property of a sheet", ANY).encode("utf-16-le"),
        "xl/richData/rdrichvalue.xml": _xml("rvData", f"<rv s='0'><v>{w('rich value', ANY)}</v></rv>"),
        "xl/model/item.data": f"\x00\x01words {w('data model', ANY)}\x02".encode("utf-16-le"),
        "xl/worksheets/_rels/sheet1.xml.rels": relations((OFFICE + "hyperlink", f"https://a.example/{w('target of a link', ATTRIBUTE)}", True)),
        "xl/_rels/workbook.xml.rels": relations(
            (OFFICE + "worksheet", "worksheets/sheet1.xml", False),
            (OFFICE + "worksheet", "worksheets/sheet2.xml", False),
            (OFFICE + "worksheet", "worksheets/sheet3.xml", False),
            (OFFICE + "dialogsheet", "dialogsheets/sheet1.xml", False),
            (OFFICE + "chartsheet", "chartsheets/sheet1.xml", False),
            (OFFICE + "sharedStrings", "sharedStrings.xml", False),
            (OFFICE + "styles", "styles.xml", False),
        ),
        **properties(w),
    }  # fmt: skip


def _package(parts: dict[str, bytes]) -> bytes:
    return zip_of({
        "[Content_Types].xml": content_types(),
        "_rels/.rels": relations((OFFICE + "officeDocument", "xl/workbook.xml", False)),
        **parts,
    })  # fmt: skip


def _by_library() -> Canary:
    w = Words(FORMAT, "by a library")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = w("name of a sheet", ANY)
    sheet["A1"] = w("cell")
    sheet["A2"] = w("cell with a comment")
    sheet["A2"].comment = Comment(w("comment", COMMENT), w("author of a comment", ANY))
    other = book.create_sheet("hidden")
    other.sheet_state = "hidden"
    other["A1"] = w("cell of a hidden sheet", HIDDEN)
    sheet.row_dimensions[4].hidden = True
    sheet["A4"] = w("hidden row", HIDDEN)
    sheet.column_dimensions["C"].hidden = True
    sheet["C1"] = w("hidden column", HIDDEN)
    book.properties.creator = w("author", ANY)
    out = io.BytesIO()
    book.save(out)
    return w.file(out.getvalue(), "staff.xlsx")


def _binary() -> Canary:
    """A binary workbook: records of [MS-XLSB], number, length and content."""
    w = Words("xlsb", "binary workbook")

    def record(number: int, content: bytes) -> bytes:
        head = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
        size, length = b"", len(content)
        while True:
            size += bytes([length & 0x7F | (0x80 if length > 127 else 0)])
            length >>= 7
            if not length:
                return head + size + content

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    strings = record(159, struct.pack("<II", 2, 2))
    strings += (
        record(19, b"\x00" + wide(w("shared string")))
        + record(19, b"\x00" + wide(w("second shared string", ANY)))
        + record(160, b"")
    )
    cells = (
        record(129, b"")
        + record(145, b"")
        + record(0, struct.pack("<IIHBBB", 0, 0, 300, 0, 0, 0) + struct.pack("<I", 0))
    )
    cells += (
        record(7, struct.pack("<III", 0, 0, 0))
        + record(6, struct.pack("<II", 1, 0) + wide(w("inline string")))
        + record(146, b"")
        + record(130, b"")
    )
    sheets = record(131, b"") + record(143, b"")
    sheets += (
        record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide(w("name of a sheet", ANY)))
        + record(144, b"")
        + record(132, b"")
    )
    parts = {
        "xl/workbook.bin": sheets,
        "xl/sharedStrings.bin": strings,
        "xl/worksheets/sheet1.bin": cells,
        "xl/_rels/workbook.bin.rels": relations(
            (OFFICE + "worksheet", "worksheets/sheet1.bin", False),
            (OFFICE + "sharedStrings", "sharedStrings.bin", False),
        ),
        "docProps/core.xml": f"<a>{w('author', ANY)}</a>".encode(),
    }
    made = zip_of(
        {
            "[Content_Types].xml": content_types(),
            "_rels/.rels": relations((OFFICE + "officeDocument", "xl/workbook.bin", False)),
            **parts,
        }
    )
    return w.file(made, "staff.xlsb")


def build() -> list[Canary]:
    """Return workbooks."""
    w = Words(FORMAT, "workbook")
    return [w.file(_package(_workbook(w)), "staff.xlsx"), _by_library(), _binary()]
