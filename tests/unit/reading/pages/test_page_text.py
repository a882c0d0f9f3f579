# SPDX-License-Identifier: GPL-3.0-or-later
"""What the eye reads on a page, where the text of the page is not that."""

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from canaries.pdf import Pdf, document, shown
from canaries.pdf_remains import coded
from safehold.model import Demand, PlaceKind, Reason, Visibility
from safehold.reading.vocabulary import Detail

ORDINARY = "".join(shown(f"ordinary words of line {index} of a letter", 50, 700 - 15 * index) for index in range(20))


def page(content: str, pdf: Pdf | None = None, **more: str) -> bytes:
    pdf = pdf or Pdf()
    root, _ = document(pdf, [pdf.stream("", content)], **more)
    return pdf.write(root)


def letters(text: str, height: float) -> list[str]:
    return [shown(one, round(50 + stringWidth(text[:at], "Helvetica", 12)), height) for at, one in enumerate(text)]  # type: ignore[arg-type]


@pytest.mark.parametrize("in_turn", [False, True], ids=["one behind the other", "in turn"])
def test_a_shadow_does_not_hide_the_text_that_throws_it(read_here, in_turn):
    first, second = letters("12 Acacia Road", 300), letters("12 Acacia Road", 300.4)
    pieces = [piece for pair in zip(first, second, strict=True) for piece in pair] if in_turn else [*first, *second]

    found = "\n".join(read_here(page(ORDINARY + "".join(pieces)), "a.pdf").texts(PlaceKind.PAGE, Visibility.VISIBLE))

    assert "12 Acacia Road" in found


def test_ordinary_pages_are_read_once(read_here):
    assert len(read_here(page(ORDINARY), "a.pdf").texts(PlaceKind.PAGE)) == 1


def test_a_line_whose_font_has_no_meaning_is_said_and_recognised_where_it_stands(read_here):
    pdf = Pdf()
    entry, drawing = coded(pdf, "abcdefghijkl")
    number = int(entry.split()[1])
    pdf.put(number, pdf.objects[number].split(b"/ToUnicode")[0] + b">>")
    made = page(ORDINARY + drawing, pdf, fonts=entry)

    assert read_here(made, "a.pdf").reasons == {Reason.NO_TEXT.value}
    assert "ordinary words of line 19" in read_here(made, "a.pdf", demand=Demand(ocr=True)).text


def test_a_font_that_shows_one_text_and_tells_another_is_ambiguous(read_here):
    pdf = Pdf()
    rows = "".join(f"<{code:02X}> <0078>\n" for code in range(0x61, 0x7B))
    table = pdf.stream("", f"begincmap 26 beginbfchar\n{rows}endbfchar endcmap")
    font = pdf.add(f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode {table} 0 R>>")
    made = page(ORDINARY + shown("the hidden lane", 50, 100).replace("/F1", "/F2"), pdf, fonts=f"/F2 {font} 0 R")

    assert read_here(made, "a.pdf").reasons == {Reason.AMBIGUOUS.value}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("BT /F1 12 Tf 50 500 Td (q u i l l) Tj ET", "quill"),
        ("".join(shown(one, 50 + 12 * at, 500) for at, one in enumerate("larkspur")), "larkspur"),
        ("".join(shown(one, 50 + 12 * at + 9 * (at > 4), 500) for at, one in enumerate("quilllane")), "quill lane"),
        ("BT /F1 12 Tf 50 500 Td (y e s) Tj ET", ""),
        ("BT /F1 12 Tf 50 500 Td (vitamin A B C and so on) Tj ET", ""),
    ],
    ids=["blanks", "places", "two words", "three letters", "list in a line"],
)
def test_letters_that_are_set_apart_come_as_words_too(read_here, content, found):
    texts = read_here(page(ORDINARY + content), "a.pdf").texts(PlaceKind.PAGE, Visibility.VISIBLE)

    assert texts[1:] == ([found] if found else [])


def test_hidden_letters_do_not_come_as_a_word_that_is_seen(read_here):
    content = "1 g " + "".join(shown(one, 50 + 12 * at, 500) for at, one in enumerate("larkspur"))
    read = read_here(page(ORDINARY + content), "a.pdf")

    assert not any("larkspur" in text for text in read.texts(PlaceKind.PAGE, Visibility.VISIBLE))


def test_words_without_meaning_are_told_from_a_scan(read_here):
    pdf = Pdf()
    entry, drawing = coded(pdf, "abcdefghijkl")
    number = int(entry.split()[1])
    pdf.put(number, pdf.objects[number].split(b"/ToUnicode")[0] + b">>")

    problems = read_here(page(ORDINARY + drawing, pdf, fonts=entry), "a.pdf").reading.problems

    assert {problem.detail for problem in problems} == {Detail.UNMAPPED.value}


@pytest.mark.parametrize("backwards", [False, True])
def test_letters_at_equal_steps_are_a_word_where_only_narrow_ones_have_a_space_behind(read_here, backwards):
    pieces = [shown(one, 50 + 8 * at, 100) for at, one in enumerate("tapestitle")]
    made = page(ORDINARY + "".join(reversed(pieces) if backwards else pieces))

    texts = read_here(made, "a.pdf").texts(PlaceKind.PAGE, Visibility.VISIBLE)

    assert "tapestitle" not in texts[0]
    assert "tapestitle" in texts[1].split("\n")


def test_one_typewritten_line_stays_as_it_is(read_here):
    pieces = "".join(shown(one, 50 + 7 * at, 100) for at, one in enumerate("MWMW WMWMW"))

    assert len(read_here(page(ORDINARY + pieces), "a.pdf").texts(PlaceKind.PAGE, Visibility.VISIBLE)) == 1
