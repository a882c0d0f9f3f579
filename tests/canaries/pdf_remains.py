# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: what no viewer shows and an editor finds, and what is written so that a simple reader passes over it."""

import io
import zipfile
import zlib

from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

from canaries.core import ANY, HIDDEN, VISIBLE, Canary, Words
from canaries.pdf import FORMAT, Pdf, document, shown, text

_HELVETICA = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
_RESOURCES = f"/Resources<</Font<</F1 {_HELVETICA}>>>>"
_FORM = "/Type/XObject/Subtype/Form/BBox[0 0 500 500]"
_TILE = "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 200 50]/XStep 200/YStep 50"


def coded(pdf: Pdf, word: str) -> tuple[str, str]:
    """Return resources with a font of two-byte codes that only its table explains, and an operation that shows *word*."""
    codes = {character: index + 1 for index, character in enumerate(sorted(set(word)))}
    table = "".join(f"<{code:04X}> <{ord(character):04X}>\n" for character, code in codes.items())
    cmap = pdf.stream(
        "",
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <0000> <FFFF> "
        f"endcodespacerange\n{len(codes)} beginbfchar\n{table}endbfchar endcmap end end",
    )
    font = pdf.add(
        "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2"
        "/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 600>>]"
        f"/ToUnicode {cmap} 0 R>>"
    )
    written = "".join(f"{codes[character]:04X}" for character in word)
    return f"/F2 {font} 0 R", f"BT /F2 12 Tf 5 300 Td <{written}> Tj ET\n"


def _made(pdf: Pdf, content: str, **more: str) -> bytes:
    root, _ = document(pdf, [pdf.stream("", shown("plain words of the page") + content)], **more)
    return pdf.write(root)


def _stamp(form: int) -> str:
    return f"<</Type/Annot/Subtype/Stamp/Rect[50 50 300 90]/AP<</N {form} 0 R>>>>"


def _undrawn() -> Canary:
    """Text that no page draws, in fonts of one byte and of two."""
    w = Words(FORMAT, "undrawn")
    pdf = Pdf()
    tile = pdf.stream(_TILE + _RESOURCES, shown(w("pattern", VISIBLE), 5, 5))
    letter = pdf.stream("", "500 0 0 0 100 100 d1 " + shown(w("letter that draws a word", HIDDEN), 0, 0))
    font = pdf.add(
        "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a "
        f"{letter} 0 R>>/Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[500]{_RESOURCES}>>"
    )
    mask = pdf.stream(
        f"{_FORM}/Group<</S/Transparency/CS/DeviceGray>>{_RESOURCES}", "1 g " + shown(w("soft mask", HIDDEN), 5, 5)
    )
    fonts, looks = [], []
    places = {
        "appearance in codes": VISIBLE, "pressed look in codes": HIDDEN, "pattern in codes": HIDDEN,
        "form that nothing draws": HIDDEN,
    }  # fmt: skip
    for place, kinds in places.items():
        entry, drawing = coded(pdf, w(place, kinds))
        fonts.append(entry)
        looks.append((f"/Resources<</Font<<{entry}>>>>", drawing))
    normal, down = (pdf.stream(_FORM + resources, drawing) for resources, drawing in looks[:2])
    pdf.stream(_TILE + looks[2][0], looks[2][1])
    pdf.stream(_FORM + looks[3][0], looks[3][1])
    remains = pdf.stream("", shown(w("stream that something points to", HIDDEN)))
    pdf.add(f"<</Junk {remains} 0 R>>")
    widget = f"<</Type/Annot/Subtype/Widget/FT/Btn/T(a)/Rect[50 50 300 90]/AP<</N {normal} 0 R/D {down} 0 R>>>>"
    made = _made(
        pdf,
        "/Pattern cs /P1 scn 0 0 300 300 re f\nBT /F9 1 Tf 50 600 Td (a) Tj ET\nq /G1 gs 0 0 30 30 re f Q\n",
        resources=f"/Pattern<</P1 {tile} 0 R>>/ExtGState<</G1<</SMask<</S/Luminosity/G {mask} 0 R>>>>>>",
        fonts=f"/F9 {font} 0 R",
        page=f"/Annots[{widget}]",
    )
    return w.file(made, "undrawn.pdf")


def _deleted() -> Canary:
    """Pages that were taken out of the tree."""
    w = Words(FORMAT, "deleted pages")
    pdf = Pdf()
    for place, kind in (("page", "Page"), ("template", "Template")):
        content = pdf.stream("", shown(w(place, HIDDEN)))
        pdf.add(f"<</Type/{kind}/MediaBox[0 0 595 842]/Contents {content} 0 R{_RESOURCES}>>")
    entry, drawing = coded(pdf, w("page in codes", HIDDEN))
    content = pdf.stream("", drawing)
    pdf.add(f"<</Type/P#61ge/MediaBox[0 0 595 842]/Contents {content} 0 R/Resources<</Font<<{entry}>>>>>>")
    direct = pdf.stream("", shown(w("page inside another dictionary", HIDDEN)))
    return w.file(_made(pdf, "", catalog=f"/Old<</Type/Page/Contents {direct} 0 R>>"), "deleted.pdf")


def _packed_looks() -> Canary:
    """Streams behind every filter, and behind dictionaries that mislead."""
    w = Words(FORMAT, "packed looks")
    pdf = Pdf()

    def drawn(place: str) -> bytes:
        return shown(w(place, VISIBLE), 5, 5).encode()

    def stamped(entries: str, data: bytes) -> str:
        return _stamp(pdf.stream(_FORM + entries + _RESOURCES, data))

    lengths = b"".join(bytes((0, code)) for code in drawn("run lengths")) + b"\x80"
    looks = [
        stamped("/Filter/RunLengthDecode", lengths),
        stamped("/Filter/LZWDecode", _lzw(drawn("LZW"))),
        stamped(
            "/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 16>>", zlib.compress(_left(drawn("predictor")))
        ),
        stamped("/X/ASCIIHexDecode/Filter/FlateDecode", zlib.compress(drawn("another filter's name in front"))),
        stamped("/F#69lter/Fl#61teDecode", zlib.compress(drawn("names with escapes"))),
        stamped("/N 1", drawn("key of a colour profile")),
        stamped("/BitsPerComponent 1", drawn("key of a picture")),
        stamped("/T(a(/Filter/X)b)/Filter/FlateDecode", zlib.compress(drawn("a string with a filter in it"))),
    ]
    return w.file(_made(pdf, "", page=f"/Annots[{''.join(looks)}]"), "packed.pdf")


def _lzw(data: bytes) -> bytes:
    """Return data in codes of nine bits; the table is cleared before they need ten."""
    codes = [256]
    for index, byte in enumerate(data):
        codes += [byte, 256] if index % 200 == 199 else [byte]
    bits = "".join(f"{code:09b}" for code in (*codes, 257))
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def _left(data: bytes) -> bytes:
    """Return data in rows of 16, each byte as the difference to its left neighbour."""
    data += b" " * (-len(data) % 16)
    rows = (data[at : at + 16] for at in range(0, len(data), 16))
    return b"".join(b"\x01" + bytes((a - b) & 255 for a, b in zip(row, b"\x00" + row, strict=False)) for row in rows)


def _denied() -> Canary:
    """Shown text of which the file says that it is another."""
    w = Words(FORMAT, "denied text")
    pdf = Pdf()
    by_name, inline = coded(pdf, w("in codes, by a name")), coded(pdf, w("in codes"))
    content = (
        f"/Span /M1 BDC {shown(w('by a name'), 50, 300)} EMC\n"
        f"/Span /M1 BDC {by_name[1]} EMC\n"
        f"/Span <</ActualText (nothing at all)>> BDC {inline[1].replace('/F2', '/F3')} EMC\n"
    )
    made = _made(
        pdf,
        content,
        resources="/Properties<</M1<</ActualText (nothing)>>>>",
        fonts=f"{by_name[0]} {inline[0].replace('/F2', '/F3')}",
    )
    return w.file(made, "denied.pdf")


def _strings() -> Canary:
    """Strings under keys and in shapes that look like no text."""
    w = Words(FORMAT, "odd strings")
    pdf = Pdf()
    entities = "".join(f"&#{ord(character)};" for character in w("rich text in entities", HIDDEN))
    catalog = (
        f"/A ({w('control characters', HIDDEN)}\001\002\003\004\005\006)"
        f"/B ({w('deep parentheses', HIDDEN)} (a (b (c (d (e) f) g) h) i))"
        f"/C<</DS ({w('key of a style', HIDDEN)})/FontName ({w('key of a font', HIDDEN)})>>"
        f"/D<</ID[({w('key of an identifier', HIDDEN)})]/M ({w('key of a date', HIDDEN)})>>"
        f"/E (0\\202{w('start of a signature', HIDDEN)})"
        f"/F/{w('name with a space', HIDDEN)}#20Road"
        f"/Dests<</{w('name of an old target', HIDDEN)}[null/Fit]>>"
        f"/G<</Contents<3082010203{('CN=' + w('name in a certificate', HIDDEN) + ' Other').encode().hex()}0000>>>"
        f"/H(/Encrypt 1 0 R)"
    )
    note = f"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(x)/RC {text('<p>' + entities + '</p>')}>>"
    return w.file(_made(pdf, "", catalog=catalog, page=f"/Annots[{note}]"), "strings.pdf")


def _files() -> Canary:
    """Files that no name tree leads to."""
    w = Words(FORMAT, "files inside")
    pdf = Pdf()

    def archive(word: str) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr(zipfile.ZipInfo("a.txt", (2025, 6, 2, 9, 0, 0)), f"words {word}")
        return out.getvalue()

    untyped = pdf.stream("", archive(w("associated file")))
    pdf.stream("", archive(w("stream that is an archive")))
    exif = Image.Exif()
    exif[270] = w("description of a photograph", ANY)
    photograph = io.BytesIO()
    Image.new("RGB", (64, 64)).save(photograph, "JPEG", exif=exif)
    picture = pdf.stream(
        "/Type/XObject/Subtype/Image/Width 64/Height 64/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode",
        photograph.getvalue(),
    )
    made = _made(
        pdf,
        "q 10 0 0 10 0 0 cm /I Do Q",
        resources=f"/XObject<</I {picture} 0 R>>",
        catalog=f"/AF[<</Type/Filespec/F(a.zip)/EF<</F {untyped} 0 R>>>>]",
    )
    at = made.index(b"xref\n0 1")
    between = archive(w("archive between objects")) + b"\n"
    made = made[:at] + between + made[at:].replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + len(between)))
    return w.file(made + b"%" + b" " * 70_000, "files.pdf")


def _rewritten() -> list[Canary]:
    """Earlier revisions that were to be overlooked."""

    def revised(w: Words, *, front: str = "", updates: int = 1) -> bytes:
        pdf = Pdf()
        if front:
            pdf.add(front)
        entry, drawing = coded(pdf, w("text of an earlier revision", HIDDEN))
        content = pdf.stream("/Filter/FlateDecode", zlib.compress(drawing.encode()))
        root, _ = document(pdf, [content], fonts=entry)
        made = pdf.write(root)
        for number in range(updates):
            update = Pdf()
            update._count = pdf._count
            packed = zlib.compress(shown(f"revision {number}").encode())
            update.put(content, b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed))
            made = update.write(root, before=made, previous=made.rindex(b"xref\n0 1"))
        return made

    made: list[Canary] = []
    w = Words(FORMAT, "revised, called linear")
    made.append(w.file(revised(w, front="<</Linearized 1>>"), "linear.pdf"))
    w = Words(FORMAT, "revised, without an end")
    made.append(w.file(revised(w).replace(b"%%EOF", b"%%EO", 1), "endless.pdf"))
    w = Words(FORMAT, "revised twelve times")
    made.append(w.file(revised(w, updates=12), "often.pdf"))
    return made


def _objects() -> list[Canary]:
    """Objects whose beginnings are spelt in other ways."""
    made: list[Canary] = []
    for title, spelling in (("NUL and form feed", b"%d\x000\x0cobj"), ("a comment", b"%d%%x\n0 obj")):
        w = Words(FORMAT, f"object with {title}")
        pdf = Pdf()
        look = pdf.stream(
            f"{_FORM}/Filter/FlateDecode{_RESOURCES}", zlib.compress(shown(w("look", VISIBLE), 5, 5).encode())
        )
        whole = _made(pdf, "", page=f"/Annots[{_stamp(look)}]")
        made.append(w.file(whole.replace(b"\n%d 0 obj" % look, b"\n" + spelling % look), "spelt.pdf"))
    return made


def _on_top() -> Canary:
    """Letters of two texts in turn, nearly on top of each other."""
    w = Words(FORMAT, "text on text")
    pdf = Pdf()
    word = w("shadow")
    content = "".join(
        f"BT /F1 12 Tf {50 + stringWidth(word[:index], 'Helvetica', 12):.2f} {height} Td {text(letter)} Tj ET\n"
        for height in (300, 300.4)
        for index, letter in enumerate(word)
    )
    return w.file(_made(pdf, content), "shadow.pdf")


def build() -> list[Canary]:
    """Return documents."""
    return [
        _undrawn(),
        _deleted(),
        _packed_looks(),
        _denied(),
        _strings(),
        _files(),
        *_rewritten(),
        *_objects(),
        _on_top(),
    ]
