# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PDF has besides its pages.  That every place is found, the canaries show; here is what else must hold."""

import io
import zlib

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

from canaries.pdf import Pdf, text, wide
from canaries.pdf import document as page_of
from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.pages import pdf_objects, pdf_redrawn


def document(content: str, *, catalog: str = "", extra: str = "") -> bytes:
    pdf = Pdf()
    stream = pdf.stream("", content)
    font = pdf.add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    pages = pdf.reserve()
    resources = f"/Resources<</Font<</F1 {font} 0 R>>>>/MediaBox[0 0 595 842]"
    page = pdf.add(f"<</Type/Page/Parent {pages} 0 R{resources}/Contents {stream} 0 R{extra}>>")
    pdf.put(pages, f"<</Type/Pages/Count 1/Kids[{page} 0 R]>>")
    return pdf.write(pdf.add(f"<</Type/Catalog/Pages {pages} 0 R{catalog}>>"))


def shown(words: str) -> str:
    return f"BT /F1 12 Tf 50 700 Td {text(words)} Tj ET\n"


def test_what_the_pages_said_is_not_said_again(read_here):
    made = document(shown("Jane Doe"), catalog=f"/Lang (en)/Note {text('Jane Doe')}")

    assert read_here(made, "a.pdf").text.count("Jane Doe") == 1


def test_words_of_the_page_in_another_order_are_said(read_here):
    made = document(shown("Road 12 Acacia"), catalog=f"/Note {text('12 Acacia Road')}")

    assert read_here(made, "a.pdf").texts(PlaceKind.METADATA, Visibility.HIDDEN) == ["12 Acacia Road"]


def test_strings_of_every_spelling_are_undone(read_here):
    made = document(
        shown("x"),
        catalog="".join(
            (
                r"/A (pa\162en\(the\)ses)",
                "/B (one\\\nline)",
                "/C <46 6f 75 72>",
                f"/Own {wide('Fünf')}",
                r"/E (nested (paren) here)/F#20G (\223quoted\224 \240)",
            )
        ),
    )

    found = read_here(made, "a.pdf").texts(PlaceKind.METADATA, Visibility.HIDDEN)[0]

    for words in ("paren(the)ses", "oneline", "Four", "Fünf", "nested (paren) here", "ﬁquotedﬂ €"):
        assert words in found


def test_signatures_and_identifiers_are_no_text(read_here):
    made = document(shown("x"), catalog=f"/Sig<</Contents <3082{'a1b2' * 400}>>>/ID[<{'61' * 16}><{'62' * 16}>]")

    assert read_here(made, "a.pdf").texts(visibility=Visibility.HIDDEN) == []


def test_text_that_a_page_denies_is_read_and_an_unreadable_one_is_ambiguous(read_here):
    plain = document(f"/Span <</ActualText (x)>> BDC {shown('12 Acacia Road')} EMC")
    coded = document(f"/Span <</ActualText (x)>> BDC BT /F1 12 Tf <{'0102' * 20}> Tj ET EMC")

    assert "12 Acacia Road" in read_here(plain, "a.pdf").texts(visibility=Visibility.VISIBLE)
    assert read_here(coded, "a.pdf").reasons == {"ambiguous"}


def test_a_hyphen_that_actual_text_takes_away_is_no_lie(read_here):
    made = document(
        f"/Span <</ActualText (ff)>> BDC {shown('ff-')} EMC /Span <</ActualText <FEFF00AD>>> BDC {shown('-')} EMC"
    )

    assert read_here(made, "a.pdf").problems == []


def test_an_earlier_revision_is_marked_and_only_what_it_said_else(read_here):
    first = document(shown("Jane Doe lives at 12 Acacia Road"))
    update = Pdf()
    update._count = 9
    body = shown("Jane Doe").encode()
    update.put(1, b"<</Length %d>>stream\n" % len(body) + body + b"\nendstream")
    made = update.write(5, before=first, previous=first.rindex(b"xref\n0 1"))

    read = read_here(made, "a.pdf")

    assert read.texts(PlaceKind.PAGE, Visibility.VISIBLE) == ["Jane Doe"]
    assert "12 Acacia Road" in "\n".join(read.texts(PlaceKind.PAGE, Visibility.HIDDEN))
    assert "earlier_revision" in read.marks


def test_strings_of_a_file_that_is_encrypted_and_opens_are_read(read_here):
    out = io.BytesIO()
    page = canvas.Canvas(out, encrypt=StandardEncryption("", "owner", strength=128), invariant=1)
    page.drawString(50, 700, "Page Words")
    page.setTitle("Title Words")
    page.bookmarkPage("a")
    page.addOutlineEntry("Bookmark Words", "a")
    page.acroForm.textfield(name="a", tooltip="Tooltip Words", value="Value Words", x=50, y=600)
    page.save()

    read = read_here(out.getvalue(), "a.pdf")

    for words in ("Page Words", "Title Words", "Bookmark Words", "Tooltip Words", "Value Words"):
        assert words in read.text
    assert read.problems == []


def test_a_file_that_no_name_leads_to_is_read_once(read_here):
    pdf = Pdf()
    pdf.stream("/Type/EmbeddedFile", "lost words of a file")
    objects = pdf.write(1).split(b"xref\n0 1")[0].split(b"\n", 2)[2].replace(b"1 0 obj", b"99 0 obj")
    made = document(shown("x"))

    read = read_here(made + objects, "a.pdf")

    assert read.texts(PlaceKind.TEXT) == ["lost words of a file"]


@pytest.mark.parametrize(
    "broken",
    [
        b"BT /F1 12 Tf 50 660 Td (Ann Other)\xfeTj ET",
        b"BT /F1 12 Tf 50 660 Td (Ann Other)  0 k BT 0 g",
        b"BT /F1 12 Tf 50 660 Td <416e6e204f74686572><![CDATA[ Tj ET",
    ],
)
def test_a_string_that_no_operator_shows_is_damage_and_read(read_here, broken):
    made = document((shown("Jane Doe").encode() + broken).decode("latin-1"))

    read = read_here(made, "a.pdf")

    assert "Ann Other" in read.text
    assert Reason.CORRUPT.value in read.reasons


@pytest.mark.parametrize("head", ["<</Length 40>stream", "<>stream", "<</Length 40>>streem"])
def test_an_object_without_an_end_is_damage_and_read(read_here, head):
    made = document(shown("Jane Doe"))
    lost = f"900 0 obj\n{head}\n{shown('Ann Other')}endstream\nendobj\n".encode()

    read = read_here(made.replace(b"xref", lost + b"xref", 1), "a.pdf")

    assert "Ann Other" in read.text
    assert Reason.CORRUPT.value in read.reasons


def test_whole_arrays_numbers_and_notes_behind_strings_are_no_damage(read_here):
    content = "BT /F1 12 Tf 50 700 Td [(Jane) -20 (D)15(oe)] TJ T* (x) ' 1 2 (y (z) w) \" (a(b(c(d)e)f)g) Tj (a)"
    content += " % note\n Tj ET"
    made = document(content).replace(
        b"xref", b"901 0 obj\n[(a) 5 0 R]\nendobj\n902 0 obj\n<</A<41>>> % b\nendobj\nxref", 1
    )

    assert not read_here(made, "a.pdf").reasons


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "piece",
    [
        b"1 0 obj\n", b"(", b"<", b"%", b"stream\n", b"1 0 obj stream\n", b"/ActualText (x)>> BDC ", b"\\(",
        b"startxref 1 %%EOF ", b"1 0 obj<</A (((", b"/ID[",
    ],
)  # fmt: skip
def test_hostile_syntax_takes_bounded_time(read_here, piece):
    made = document(shown("Quillfeather"))
    inside = document(piece.decode() * (300_000 // len(piece)))

    assert "Quillfeather" in read_here(made + piece * (600_000 // len(piece)), "a.pdf").text
    read_here(inside, "a.pdf")


def test_a_stream_that_unpacks_to_a_gigabyte_is_cut(read_here):
    pdf = Pdf()
    packed = zlib.compress(b"(x) Tj " * 5_000_000)
    pdf.stream("/Filter/FlateDecode", packed)
    objects = pdf.write(1).split(b"xref\n0 1")[0].split(b"\n", 2)[2].replace(b"1 0 obj", b"99 0 obj")

    read_here(document(shown("x")) + objects, "a.pdf")


@pytest.mark.parametrize(
    "title",
    [wide("larkspur").encode(), b"(" + b"\xfe\xff" + "larkspur".encode("utf-16-be") + b")"],
    ids=["hex", "literal"],
)
def test_information_that_stands_in_the_trailer_is_read(read_here, title):
    made = document(shown("plain words")).replace(b"/Root", b"/Info<</Title %s>>/Root" % title)
    read = read_here(made, "a.pdf")

    assert read.texts(PlaceKind.METADATA, Visibility.HIDDEN) == ["larkspur"]
    assert read.problems == []


def test_wide_letters_between_objects_are_read(read_here):
    made = document(shown("plain words")).replace(b"trailer", "larkspur lane ".encode("utf-16-le") + b"\ntrailer")

    assert "larkspur lane" in read_here(made, "a.pdf").text


def test_a_table_that_lies_about_a_usual_font_is_ambiguous(read_here):
    table = "begincmap 26 beginbfchar\n" + "".join(f"<{code:02X}> <0078>\n" for code in range(0x61, 0x7B)) + "endbfchar"
    pdf = Pdf()
    number = pdf.stream("", table)
    content = pdf.stream("", shown("larkspur"))
    pages = pdf.reserve()
    font = f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode {number} 0 R>>"
    face = pdf.add(font)
    page = pdf.add(
        f"<</Type/Page/Parent {pages} 0 R/MediaBox[0 0 595 842]/Contents {content} 0 R"
        f"/Resources<</Font<</F1 {face} 0 R>>>>>>"
    )
    pdf.put(pages, f"<</Type/Pages/Count 1/Kids[{page} 0 R]>>")

    assert read_here(pdf.write(pdf.add(f"<</Type/Catalog/Pages {pages} 0 R>>")), "a.pdf").reasons == {"ambiguous"}


def test_what_the_page_says_in_other_pieces_is_not_drawn_again(read_here, monkeypatch):
    monkeypatch.setattr(pdf_redrawn.Draft, "texts", lambda *_: pytest.fail("drawn"))
    pdf = Pdf()
    form = pdf.stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 500 50]/Resources"
        "<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>",
        "BT /F1 12 Tf 5 5 Td (Ackno) Tj (wledgement\t) Tj (of service \225) Tj ET",
    )
    root, _ = page_of(pdf, [pdf.stream("", "/X1 Do")], resources=f"/XObject<</X1 {form} 0 R>>")

    assert "Acknowledgement of service" in " ".join(read_here(pdf.write(root), "a.pdf").text.split())


def test_deleted_pages_with_one_content_are_drawn_once(read_here, monkeypatch):
    drawn = []
    texts = pdf_redrawn.Draft.texts
    monkeypatch.setattr(pdf_redrawn.Draft, "texts", lambda self, pages: (drawn.extend(pages), texts(self, pages))[1])
    pdf = Pdf()
    kept = pdf.stream("", shown("larkspur"))
    for _ in range(9):
        pdf.add(f"<</Type/Page/MediaBox[0 0 9 9]/Contents {kept} 0 R/Resources<</Font<</F1 1 0 R>>>>>>")
    root, _ = page_of(pdf, [pdf.stream("", shown("plain words"))])

    read_here(pdf.write(root), "a.pdf")

    assert len(drawn) == 1


def test_pages_with_too_many_contents_are_not_all_drawn(read_here, monkeypatch):
    monkeypatch.setattr(pdf_objects, "_MOST_CONTENTS", 10)
    pdf = Pdf()
    for index in range(4):
        streams = [pdf.stream("", shown(f"larkspur {index} {part}")) for part in range(4)]
        pdf.add(f"<</Type/Page/MediaBox[0 0 9 9]/Contents[{' '.join(f'{one} 0 R' for one in streams)}]>>")
    root, _ = page_of(pdf, [pdf.stream("", shown("plain words"))])

    assert read_here(pdf.write(root), "a.pdf").reasons == {"too_large"}


@pytest.mark.parametrize(
    ("rich", "found"),
    [
        ("<p>lark<b>spur</b></p>", "larkspur"),
        ("<body></S/F (larkspur.txt)/D[0]>x</body>", "larkspur.txt"),
        ("<p title='larkspur lane'>x</p>", "larkspur lane"),
        ("<p>lark&#115;pur</p>", "larkspur"),
        ("<3 larkspur> and more", "larkspur"),
    ],
)
def test_rich_text_keeps_what_is_no_tag_and_what_attributes_say(read_here, rich, found):
    made = document(
        shown("x"), extra=f"/Annots[<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents (x)/RC {text(rich)}>>]"
    )

    assert found in read_here(made, "a.pdf").text


def test_the_looks_of_programs_in_rich_text_are_no_words(read_here):
    rich = "<body xmlns='http://www.w3.org/1999/xhtml' style='font-size:12pt'><p dir='ltr'>larkspur</p></body>"
    made = document(
        shown("x"), extra=f"/Annots[<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents (x)/RC {text(rich)}>>]"
    )

    assert "xhtml" not in read_here(made, "a.pdf").text
    assert "12pt" not in read_here(made, "a.pdf").text


def test_names_of_keys_are_read_where_the_number_of_the_information_is_broken(read_here):
    made = document(shown("x")).replace(b"trailer", b"\x12 0 obj\n<</Producer(x)/Larkspur(y)>>\nendobj\ntrailer")

    assert "Larkspur" in read_here(made, "a.pdf").text
