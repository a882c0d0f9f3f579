# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: ISO 32000-1 and -2, object by object, because libraries write the visible places only."""

import io
import zlib

from reportlab.pdfgen import canvas

from canaries.core import (
    ANY,
    ATTRIBUTE,
    COMMENT,
    HIDDEN,
    LAYER,
    OFF_PAGE,
    TINY,
    UNSEEN,
    VISIBLE,
    WHITE,
    Canary,
    Words,
    halves,
)

FORMAT = "pdf"
# Where only drawing the page shows whether a text is seen (that comes with judging redaction): found is enough.
DRAWN = ANY
# What annotations and actions say is shown by most programs beside the page.
_NOTE = COMMENT | HIDDEN


def text(value: str) -> str:
    """Return a literal string."""
    return "(" + value.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") + ")"


def wide(value: str) -> str:
    """Return a hexadecimal string in UTF-16."""
    return "<FEFF" + value.encode("utf-16-be").hex() + ">"


class Pdf:
    """A file in the making: objects by number."""

    def __init__(self) -> None:
        self.objects: dict[int, bytes] = {}
        self._count = 0

    def reserve(self) -> int:
        """Return a free number."""
        self._count += 1
        return self._count

    def put(self, number: int, body: str | bytes) -> int:
        """Give an object its body."""
        self.objects[number] = body.encode("latin-1") if isinstance(body, str) else body
        return number

    def add(self, body: str | bytes) -> int:
        """Add an object."""
        return self.put(self.reserve(), body)

    def stream(self, entries: str, data: str | bytes) -> int:
        """Add a stream."""
        raw = data.encode("latin-1") if isinstance(data, str) else data
        return self.add(f"<<{entries}/Length {len(raw)}>>stream\n".encode("latin-1") + raw + b"\nendstream")

    def write(self, root: int, info: int = 0, *, before: bytes = b"", previous: int = 0, behind: bytes = b"") -> bytes:
        """Return the file, or with *before* the file and an update behind it."""
        out = before or b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
        offsets: dict[int, int] = {}
        for number, body in self.objects.items():
            offsets[number] = len(out)
            out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
        start = len(out)
        out += b"xref\n0 1\n0000000000 65535 f \n"
        for number, offset in offsets.items():
            out += b"%d 1\n%010d 00000 n \n" % (number, offset)
        trailer = f"<</Size {self._count + 1}/Root {root} 0 R" + (f"/Info {info} 0 R" if info else "")
        trailer += f"/Prev {previous}" if before else ""
        return out + f"trailer\n{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode() + behind


def shown(value: str, x: int = 50, y: int = 700, more: str = "") -> str:
    """Return the operations that show a text."""
    return f"BT /F1 12 Tf {more} {x} {y} Td {text(value)} Tj ET\n"


def document(
    pdf: Pdf, contents: list[int], *, resources: str = "", page: str = "", catalog: str = "", fonts: str = ""
) -> tuple[int, int]:
    """Add catalogue, page tree and one page for each content; return the catalogue and the last page."""
    root, pages = pdf.reserve(), pdf.reserve()
    font = pdf.add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
    kids = [
        pdf.add(
            f"<</Type/Page/Parent {pages} 0 R/MediaBox[0 0 595 842]/Contents {content} 0 R"
            f"/Resources<</Font<</F1 {font} 0 R{fonts}>>{resources}>>{page}>>"
        )
        for content in contents
    ]
    pdf.put(pages, f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]>>")
    pdf.put(root, f"<</Type/Catalog/Pages {pages} 0 R{catalog}>>")
    return root, kids[-1]


def _pages() -> Canary:
    w = Words(FORMAT, "pages")
    pdf = Pdf()
    split = halves(w("word shown in pieces"))
    kerned = halves(w("word with kerning"))
    octal = "".join(f"\\{ord(c):03o}" for c in w("octal escapes"))
    form = pdf.stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 500 50]/Resources<</Font<</F1 20 0 R>>>>", shown(w("form"), 0, 10)
    )
    content = "".join(
        (
            shown(w("text")),
            f"BT /F1 12 Tf 50 680 Td {text(split[0])} Tj {text(split[1])} Tj ET\n",
            f"BT /F1 12 Tf 50 660 Td [{text(kerned[0])} -20 {text(kerned[1])}] TJ ET\n",
            f"BT /F1 12 Tf 50 640 Td <{w('hexadecimal string').encode().hex()}> Tj ET\n",
            f"BT /F1 12 Tf 50 620 Td ({octal}) Tj ET\n",
            f"BT /F1 12 Tf 14 TL 50 600 Td {text(w('apostrophe operator'))} ' ET\n",
            f"BT /F1 12 Tf 0 1 -1 0 300 300 Tm {text(w('rotated'))} Tj ET\n",
            shown(w("outlined"), 50, 560, "1 Tr"),
            "q 1 0 0 1 50 500 cm /X1 Do Q\n",
            f"/P <</MCID 0>> BDC {shown(w('marked content'), 50, 480)} EMC\n",
            f"0 0 0 rg 40 440 200 20 re f 1 1 1 rg {shown(w('white on a black bar'), 50, 446)} 0 0 0 rg\n",
        )
    )
    cut = shown(w("content cut in two streams"), 50, 420)
    first, second = pdf.stream("", content + cut[:-30]), pdf.stream("", cut[-30:])
    packed = zlib.compress(shown(w("packed stream")).encode())
    ascii_packed = zlib.compress(shown(w("two filters")).encode()).hex() + ">"
    contents = [
        pdf.add(f"[{first} 0 R {second} 0 R]"),
        pdf.stream("/Filter/FlateDecode", packed),
        pdf.stream("/Filter[/ASCIIHexDecode/FlateDecode]", ascii_packed),
    ]
    root, _ = document(pdf, contents, resources=f"/XObject<</X1 {form} 0 R>>")
    font = pdf.objects.pop(next(number for number, body in pdf.objects.items() if b"/Type1" in body))
    number = next(n for n in range(1, pdf._count + 1) if n not in pdf.objects)
    for key, body in pdf.objects.items():
        pdf.objects[key] = body.replace(b"/F1 20 0 R", b"/F1 %d 0 R" % number)
    pdf.objects[number] = font
    return w.file(pdf.write(root), "pages.pdf")


def _turned() -> Canary:
    """A page that is shown on its side, with words set letter by letter: lines must not be mixed."""
    w = Words(FORMAT, "turned page")
    pdf = Pdf()
    content = "".join(
        f"BT /F1 12 Tf 50 {700 - 20 * index} Td {' '.join(text(c) + ' Tj' for c in w(f'line {index + 1}'))} ET\n"
        for index in range(4)
    )
    root, _ = document(pdf, [pdf.stream("", content)], page="/Rotate 90")
    return w.file(pdf.write(root), "turned.pdf")


def _hidden() -> Canary:
    w = Words(FORMAT, "hidden text")
    pdf = Pdf()
    layer = pdf.add(f"<</Type/OCG/Name {text(w('name of a layer', ANY))}>>")
    picture = pdf.stream(
        "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8", b"\x00"
    )
    content = "".join(
        (
            shown("plain words of the page"),
            f"1 1 1 rg {shown(w('white', WHITE), 50, 680)} 0 0 0 rg\n",
            f"1 g {shown(w('white in grey', WHITE), 50, 670)} 0 g\n",
            f"0 0 0 0 k {shown(w('white in CMYK', WHITE), 50, 660)} 0 g\n",
            shown(w("not drawn", UNSEEN), 50, 640, "3 Tr") + "BT 0 Tr ET\n",
            f"BT /F1 0.4 Tf 50 620 Td {text(w('tiny', TINY))} Tj ET\n",
            f"q 0.01 0 0 0.01 50 610 cm BT /F1 12 Tf {text(w('scaled to nothing', TINY))} Tj ET Q\n",
            shown(w("left of the page", OFF_PAGE), -900, 600),
            shown(w("below the page", OFF_PAGE), 50, -100),
            shown(w("outside the crop box", OFF_PAGE), 50, 830),
            f"/OC /L1 BDC {shown(w('layer that is off', LAYER), 50, 540)} EMC\n",
            shown(w("under a black bar", DRAWN), 50, 500) + "0 0 0 rg 40 495 300 20 re f\n",
            f"0 0 0 rg 40 455 300 20 re f {shown(w('black on a black bar', ANY), 50, 460)}",
            shown(w("under a picture", DRAWN), 50, 420) + "q 300 0 0 20 40 415 cm /X1 Do Q\n",
            f"q /G1 gs {shown(w('transparent', UNSEEN), 50, 380)} Q\n",
            f"q 0 0 1 1 re W n {shown(w('outside the clip', DRAWN), 50, 340)} Q\n",
            f"/Span <</ActualText {text(w('ActualText', ANY))}>> BDC {shown('x', 50, 300)} EMC\n",
            f"/Span <</ActualText {wide(w('ActualText in UTF-16', ANY))}>> BDC {shown('x', 50, 280)} EMC\n",
            f"/Span <</ActualText (x)>> BDC {shown(w('text that ActualText denies'), 50, 260)} EMC\n",
        )
    )
    root, _ = document(
        pdf,
        [pdf.stream("", content)],
        resources=f"/XObject<</X1 {picture} 0 R>>/ExtGState<</G1<</ca 0>>>>/Properties<</L1 {layer} 0 R>>",
        page="/CropBox[0 0 595 800]",
        catalog=f"/OCProperties<</OCGs[{layer} 0 R]/D<</OFF[{layer} 0 R]>>>>",
    )
    return w.file(pdf.write(root), "hidden.pdf")


def _annotations() -> Canary:
    w = Words(FORMAT, "annotations")
    pdf = Pdf()
    content = pdf.stream("", shown("words"))
    attached = pdf.stream("/Type/EmbeddedFile", f"words {w('file of an annotation')}")
    appearance = pdf.stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 300 50]/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>",
        shown(w("appearance stream", VISIBLE), 5, 5),
    )

    def annotation(kind: str, entries: str) -> int:
        return pdf.add(f"<</Type/Annot/Subtype/{kind}/Rect[50 50 300 90]{entries}>>")

    notes = [
        annotation(
            "Text", f"/Contents {text(w('Contents', _NOTE))}/T {text(w('author', _NOTE))}/Subj {text(w('Subj', _NOTE))}"
        ),
        annotation("Text", f"/Contents {wide(w('Contents in UTF-16', _NOTE))}/NM {text(w('NM', ANY))}"),
        annotation("Text", f"/F 2/Contents {text(w('Contents of a hidden note', _NOTE))}"),
        annotation("Text", f"/F 32/Contents {text(w('Contents of a note not to view', _NOTE))}"),
        annotation("FreeText", f"/DA (/F1 9 Tf)/Contents {text(w('free text', ANY))}"),
        annotation(
            "Text",
            f"/Contents (x)/RC {text('<body><p>' + w('rich text', _NOTE) + '</p></body>')}",
        ),
        annotation("Highlight", f"/QuadPoints[0 0 1 0 0 1 1 1]/Contents {text(w('note of a highlight', _NOTE))}"),
        annotation("Stamp", f"/Name/{w('name of a stamp', ANY)}/Contents {text(w('note of a stamp', _NOTE))}"),
        annotation("Caret", f"/Contents {text(w('note of a caret', _NOTE))}/IRT 1 0 R"),
        annotation("Popup", f"/Contents {text(w('popup', _NOTE))}"),
        annotation(
            "Redact", f"/OverlayText {text(w('OverlayText', ANY))}/Contents {text(w('note of a redaction', _NOTE))}"
        ),
        annotation("Link", f"/A<</S/URI/URI {text('https://a.example/' + w('link', ATTRIBUTE))}>>"),
        annotation("Link", f"/A<</S/GoToR/F {text(w('link to a file', ATTRIBUTE) + '.pdf')}/D[0/Fit]>>"),
        annotation("Link", f"/A<</S/Launch/F {text(w('program to start', ATTRIBUTE) + '.exe')}>>"),
        annotation("Link", f"/A<</S/JavaScript/JS {text(w('script of a link', HIDDEN))}>>"),
        annotation("Link", f"/A<</S/URI/URI (x)/Next<</S/URI/URI {text(w('next action', ATTRIBUTE))}>>>>"),
        annotation("Link", f"/Contents {text(w('description of a link', _NOTE))}/A<</S/URI/URI (x)>>"),
        annotation("Square", f"/Contents {text(w('note of a square', _NOTE))}/AP<</N {appearance} 0 R>>"),
        annotation(
            "FileAttachment",
            f"/Contents {text(w('note of an attached file', _NOTE))}"
            f"/FS<</Type/Filespec/F (note.txt)/Desc {text(w('description of an attached file', ANY))}/EF<</F {attached} 0 R>>>>",
        ),
        annotation("Screen", f"/T {text(w('title of a screen', _NOTE))}"),
        annotation("Watermark", f"/Contents {text(w('watermark', _NOTE))}"),
        annotation("Projection", f"/Contents {text(w('kind of PDF 2.0', _NOTE))}"),
    ]
    root, _ = document(pdf, [content], page=f"/Annots[{' '.join(f'{note} 0 R' for note in notes)}]")
    return w.file(pdf.write(root), "notes.pdf")


def _form() -> Canary:
    w = Words(FORMAT, "form")
    pdf = Pdf()
    content = pdf.stream("", shown("words"))

    def field(entries: str) -> int:
        return pdf.add(f"<</Type/Annot/Subtype/Widget/Rect[50 50 300 90]/F 4{entries}>>")

    fields = [
        field(
            f"/FT/Tx/T {text(w('name of a field', ANY))}/V {text(w('value', ANY))}/DV {text(w('default value', HIDDEN))}"
        ),
        field(
            f"/FT/Tx/T (b)/TU {text(w('tooltip', ANY))}/TM {text(w('export name', HIDDEN))}/V {wide(w('value, UTF-16', ANY))}"
        ),
        field(f"/FT/Tx/T (c)/V (x)/RV {text('<body><p>' + w('rich value', ANY) + '</p></body>')}"),
        field(f"/FT/Ch/Ff 131072/T (d)/V (x)/Opt[[(x){text(w('choice', HIDDEN))}]{text(w('second choice', HIDDEN))}]"),
        field(
            f"/FT/Btn/Ff 65536/T (e)/MK<</CA {text(w('caption of a button', ANY))}/RC {text(w('rollover', HIDDEN))}>>"
        ),
        field(f"/FT/Btn/T (f)/V/{w('state of a box', ANY)}/AS/Off"),
        field(f"/FT/Tx/T (g)/F 2/V {text(w('value of a hidden field', ANY))}"),
        field(f"/FT/Tx/T (h)/V (x)/AA<</K<</S/JavaScript/JS {text(w('script of a field', HIDDEN))}>>>>"),
    ]
    signature = pdf.add(
        f"<</Type/Sig/Filter/Adobe.PPKLite/Name {text(w('signer', ANY))}/Reason {text(w('reason of a signature', ANY))}"
        f"/Location {text(w('place of a signature', ANY))}/ContactInfo {text(w('contact of a signature', ANY))}/Contents <00>>>"
    )
    fields.append(field(f"/FT/Sig/T (s)/V {signature} 0 R"))
    detached = pdf.add(f"<</FT/Tx/T (w)/V {text(w('value of a field without widget', ANY))}>>")
    xfa = pdf.stream(
        "",
        "<xdp:xdp><template><caption>" + w("XFA template", ANY) + "</caption></template>"
        f"<xfa:datasets><xfa:data><form><a>{w('XFA value', ANY)}</a></form></xfa:data></xfa:datasets></xdp:xdp>",
    )
    references = " ".join(f"{number} 0 R" for number in fields)
    root, _ = document(
        pdf,
        [content],
        page=f"/Annots[{references}]",
        catalog=f"/AcroForm<</Fields[{references} {detached} 0 R]/XFA {xfa} 0 R/DR<</Font<<>>>>>>",
    )
    return w.file(pdf.write(root), "form.pdf")


def _document_level() -> Canary:
    w = Words(FORMAT, "document")
    pdf = Pdf()
    content = pdf.stream("", f"% {w('comment in a content stream', HIDDEN)}\n" + shown("words"))
    info = pdf.add(
        "<<" + "".join(
            f"/{key} {text(w(f'Info, {key}', ANY))}"
            for key in ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "Company")
        ) + f"/{w('Info, name of a key', ANY)} (x)>>"
    )  # fmt: skip
    metadata = pdf.stream(
        "/Type/Metadata/Subtype/XML",
        f'<?xpacket?><x:xmpmeta><rdf:RDF><rdf:Description a="{w("XMP, attribute", ANY)}"><dc:title>{w("XMP, element", ANY)}'
        "</dc:title></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>",
    )
    packed = zlib.compress(f"<x:xmpmeta><a>{w('XMP, packed', ANY)}</a></x:xmpmeta>".encode())
    page_metadata = pdf.stream("/Type/Metadata/Subtype/XML/Filter/FlateDecode", packed)
    attached = pdf.stream("/Type/EmbeddedFile", f"words {w('attached file')}")
    file = pdf.add(
        f"<</Type/Filespec/F {text(w('name of an attached file', ANY) + '.txt')}/Desc {text(w('description of a file', ANY))}"
        f"/UF {wide(w('Unicode name of an attached file', ANY) + '.txt')}/EF<</F {attached} 0 R>>>>"
    )
    outlines = pdf.reserve()
    bookmark = pdf.add(
        f"<</Title {text(w('bookmark', ANY))}/Parent {outlines} 0 R/Dest {text(w('named target', ANY))}/Count -1>>"
    )
    inner = pdf.add(f"<</Title {wide(w('bookmark below', ANY))}/Parent {bookmark} 0 R>>")
    pdf.put(bookmark, pdf.objects[bookmark][:-2] + b"/First %d 0 R/Last %d 0 R>>" % (inner, inner))
    pdf.put(outlines, f"<</Type/Outlines/First {bookmark} 0 R/Last {bookmark} 0 R/Count 1>>")
    structure = pdf.reserve()
    element = pdf.add(
        f"<</Type/StructElem/S/Figure/P {structure} 0 R/Alt {text(w('Alt', HIDDEN))}/T {text(w('title of an element', HIDDEN))}"
        f"/E {text(w('expansion', HIDDEN))}/ActualText {text(w('ActualText of an element', HIDDEN))}>>"
    )
    pdf.put(structure, f"<</Type/StructTreeRoot/K {element} 0 R>>")
    catalog = (
        f"/Metadata {metadata} 0 R/Outlines {outlines} 0 R/StructTreeRoot {structure} 0 R/MarkInfo<</Marked true>>"
        f"/Names<</EmbeddedFiles<</Names[(a){file} 0 R]>>/JavaScript<</Names[(j)<</S/JavaScript/JS "
        f"{text(w('script of the document', HIDDEN))}>>]>>/Dests<</Names[{text(w('name of a target', HIDDEN))}[null/Fit]]>>>>"
        f"/OpenAction<</S/JavaScript/JS {text(w('script on opening', HIDDEN))}>>"
        f"/AA<</WC<</S/JavaScript/JS {text(w('script on closing', HIDDEN))}>>>>"
        f"/PageLabels<</Nums[0<</P {text(w('page label', ANY))}>>]>>"
        f"/Lang {text(w('language', ANY))}/PieceInfo<</App<</Private {text(w('private data of a program', HIDDEN))}>>>>"
        f"/URI<</Base {text('https://a.example/' + w('base address', HIDDEN))}>>"
        f"/Collection<</Schema<</A<</N {text(w('column of a portfolio', ANY))}>>>>>>"
        f"/OutputIntents[<</S/GTS_PDFA1/OutputCondition {text(w('output intent', HIDDEN))}>>]"
        f"/Threads[<</I<</Title {text(w('title of an article', HIDDEN))}>>>>]"
    )
    pdf.add(f"<</Note {text(w('object that nothing points to', HIDDEN))}>>")
    pdf.stream("", shown(w("stream that nothing points to", HIDDEN)))
    root, _ = document(
        pdf,
        [content],
        page=f"/Metadata {page_metadata} 0 R/AA<</O<</S/JavaScript/JS {text(w('script of a page', HIDDEN))}>>>>",
        catalog=catalog,
    )
    made = pdf.write(root, info, behind=f"% {w('behind the end', HIDDEN)}\n".encode())
    made = made.replace(b"%PDF-1.7\n", b"%PDF-1.7\n" + f"% {w('comment', HIDDEN)}\n".encode(), 1)
    return w.file(_fixed(made), "document.pdf")


def _fixed(made: bytes) -> bytes:
    """Return the file with its cross-reference table moved by what was put in front of its objects."""
    start = made.rindex(b"startxref\n")
    shift = made.rindex(b"xref\n0 1") - int(made[start + 10 :].split()[0])
    table_at = made.rindex(b"xref\n0 1")
    lines = made[table_at:start].split(b"\n")
    out = [b"%010d 00000 n " % (int(line[:10]) + shift) if line.endswith(b" n ") else line for line in lines]
    return made[:table_at] + b"\n".join(out) + b"startxref\n%d" % table_at + made[made.index(b"\n", start + 10) :]


def _revisions() -> Canary:
    w = Words(FORMAT, "revisions")
    pdf = Pdf()
    content = pdf.stream("", shown(w("text of an earlier revision", HIDDEN)))
    note = pdf.add(
        f"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents {text(w('note of an earlier revision', HIDDEN))}>>"
    )
    root, page = document(pdf, [content], page=f"/Annots[{note} 0 R]")
    first = pdf.write(root)
    at = first.rindex(b"xref\n0 1")
    update = Pdf()
    update._count = pdf._count
    body = shown(w("text of the last revision")).encode()
    update.put(content, b"<</Length %d>>stream\n" % len(body) + body + b"\nendstream")
    update.put(page, pdf.objects[page].replace(b"/Annots[%d 0 R]" % note, b""))
    return w.file(update.write(root, before=first, previous=at), "revised.pdf")


def _packed() -> Canary:
    """A file of PDF 1.5: objects in object streams, a cross-reference stream."""
    w = Words(FORMAT, "object streams")
    out = io.BytesIO()
    page = canvas.Canvas(out, pageCompression=1, invariant=1)
    page.setTitle(w("Title by a library", ANY))
    page.drawString(50, 700, w("text by a library"))
    page.bookmarkPage("a")
    page.addOutlineEntry(w("bookmark by a library", ANY), "a")
    page.acroForm.textfield(name="a", value=w("field by a library", ANY), x=50, y=600)
    page.linkURL(f"https://a.example/{w('link by a library', ATTRIBUTE)}", (50, 500, 100, 520))
    page.showPage()
    page.drawString(50, 700, w("second page by a library"))
    page.save()
    return w.file(out.getvalue(), "library.pdf")


def _odd() -> list[Canary]:
    made: list[Canary] = []

    def simple(w: Words) -> bytes:
        pdf = Pdf()
        root, _ = document(pdf, [pdf.stream("", shown(w("text")))])
        return pdf.write(root)

    w = Words(FORMAT, "rubbish in front")
    made.append(w.file(f"{w('rubbish', HIDDEN)}\r\n".encode() + simple(w), "rubbish.pdf"))
    w = Words(FORMAT, "no cross-reference table")
    whole = simple(w)
    made.append(w.file(whole[: whole.rindex(b"xref\n0 1")], "cut.pdf"))
    w = Words(FORMAT, "wrong offsets")
    made.append(w.file(simple(w).replace(b"startxref\n", b"startxref\n9"), "wrong.pdf"))
    w = Words(FORMAT, "mapped font")
    pdf = Pdf()
    hidden = w("text that only ToUnicode tells")
    codes = {character: index + 1 for index, character in enumerate(sorted(set(hidden)))}
    table = "".join(f"<{code:02X}> <{ord(character):04X}>\n" for character, code in codes.items())
    cmap = pdf.stream(
        "",
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{table}endbfchar endcmap end end",
    )
    font = pdf.add(
        f"<</Type/Font/Subtype/TrueType/BaseFont/AAAAAA+X/FirstChar 1/LastChar 40/Widths[{'500 ' * 40}]/ToUnicode {cmap} 0 R>>"
    )
    body = pdf.stream("", f"BT /F2 12 Tf 50 700 Td <{''.join(f'{codes[c]:02X}' for c in hidden)}> Tj ET")
    root, page = document(pdf, [body])
    pdf.put(page, pdf.objects[page].replace(b"/Font<<", b"/Font<</F2 %d 0 R" % font))
    made.append(w.file(pdf.write(root), "font.pdf"))
    return made


def build() -> list[Canary]:
    """Return documents."""
    from canaries import pdf_remains  # it is made of what is here

    return [
        _pages(),
        _turned(),
        _hidden(),
        _annotations(),
        _form(),
        _document_level(),
        _revisions(),
        _packed(),
        *_odd(),
        *pdf_remains.build(),
    ]
