# SPDX-License-Identifier: GPL-3.0-or-later
"""What no page shows, read as if one did.  The places themselves are canaries; here is what else must hold."""

import zlib

from canaries.pdf import Pdf, document, shown
from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.limits import Limits
from safehold.reading.pages.pdf_redrawn import Draft

FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
FORM = f"/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F1 {FONT}>>>>"


def made(pdf: Pdf, *contents: str, **more: str) -> bytes:
    root, _ = document(pdf, [pdf.stream("", content) for content in contents], **more)
    return pdf.write(root)


def test_an_update_keeps_the_fonts_of_the_file_and_takes_no_number_of_it():
    pdf = Pdf()
    content = made(pdf, shown("first"), shown("second"))
    last = max(pdf.objects)

    draft = Draft(b"rubbish in front" + content, set(pdf.objects))

    assert draft.add(b"<<>>") == last + 1
    assert [text.strip() for text in draft.texts([last, last - 1])] == ["second", "first"]


def test_a_page_that_is_none_has_no_text():
    assert list(Draft(b"%PDF-1.7 nothing", {1}).texts([1])) == [""]


def test_a_deleted_page_is_hidden_and_marked(read_here):
    pdf = Pdf()
    pdf.add(f"<</Type/Page/Contents {pdf.stream('', shown('12 Acacia Road'))} 0 R/Resources<</Font<</F1 {FONT}>>>>>>")
    read = read_here(made(pdf, shown("what is left")), "a.pdf")

    assert read.texts(PlaceKind.PAGE, Visibility.HIDDEN) == ["12 Acacia Road"]
    assert "hidden_text" in read.marks
    assert not read.problems


def test_what_is_drawn_and_said_is_not_said_again(read_here):
    pdf = Pdf()
    form = pdf.stream(FORM, shown("12 Acacia Road", 0, 0))
    read = read_here(made(pdf, "/X Do", resources=f"/XObject<</X {form} 0 R>>"), "a.pdf")

    assert read.text.count("12 Acacia Road") == 1


def test_more_undrawn_streams_than_pages_may_be_are_said(read_here):
    pdf = Pdf()
    for index in range(8):
        pdf.stream(FORM, shown(f"undrawn {index}"))
    read = read_here(made(pdf, shown("a page with words")), "a.pdf", limits=Limits(pages=3))

    assert read.reasons == {Reason.TOO_LARGE.value}
    assert "undrawn 7" in read.text


def test_a_page_whose_stream_is_broken_is_said(read_here):
    """pdfium shows what comes before the damage and says nothing."""
    pdf = Pdf()
    packed = bytearray(zlib.compress("".join(shown(f"line {n * n * 7919}", 50, 800 - n) for n in range(99)).encode()))
    packed[len(packed) // 2] ^= 0xFF
    root, _ = document(pdf, [pdf.stream("/Filter/FlateDecode", bytes(packed))])

    assert Reason.CORRUPT.value in read_here(pdf.write(root), "a.pdf").reasons


def test_a_word_about_encryption_is_no_encryption(read_here):
    pdf = Pdf()
    pdf.add("<</X (/Encrypt 1 0 R)>>")
    pdf.stream("", shown("12 Acacia Road"))

    assert "12 Acacia Road" in read_here(made(pdf, shown("words")), "a.pdf").text


def test_a_page_of_earlier_and_a_page_of_now_keep_their_numbers(read_here):
    first = made(pdf := Pdf(), shown("one"), shown("two, as it was"))
    update = Pdf()
    update._count = pdf._count
    body = shown("two").encode()
    update.put(2, b"<</Length %d>>stream\n%s\nendstream" % (len(body), body))
    read = read_here(update.write(3, before=first, previous=first.rindex(b"xref\n0 1")), "a.pdf")

    assert {
        (segment.place.number, segment.text.strip())
        for segment in read.reading.segments
        if segment.place.kind is PlaceKind.PAGE and segment.visibility is Visibility.HIDDEN
    } == {(2, "two, as it was")}


def test_more_revisions_than_are_read_are_said(read_here):
    content = made(pdf := Pdf(), shown("words"))
    for _ in range(42):
        update = Pdf()
        update._count = pdf._count
        update.put(pdf._count, pdf.objects[pdf._count])
        content = update.write(2, before=content, previous=content.rindex(b"xref\n0 1"))

    assert Reason.TOO_LARGE.value in read_here(content, "a.pdf").reasons


def test_a_new_object_is_none_that_something_deleted_is_still_called():
    assert Draft(b"", {1, 2, 9}).add(b"") == 10
    assert Draft(b"", {1, 2, 4_000_001}).add(b"") == 3
