# SPDX-License-Identifier: GPL-3.0-or-later
"""Fonts that show one text and tell another."""

import pytest

from safehold.reading.pages import pdf_fonts


@pytest.mark.parametrize(
    ("encoding", "table", "lies"),
    [
        (b"/WinAnsiEncoding", b"<41> <0041>\n<42> <0042>\n<43> <0043>", False),
        (b"/WinAnsiEncoding", b"<41> <0061>\n<42> <0062>\n<43> <0063>", False),
        (b"/WinAnsiEncoding", b"<41> <0042>\n<42> <0043>\n<43> <0044>", True),
        (b"/WinAnsiEncoding", b"<41> <45> <0043>", True),
        (b"<</Differences[1/A/B/three/g4]>>", b"<01> <0041>\n<02> <0042>\n<03> <0033>\n<04> <0058>", False),
        (b"<</Differences[1/A/B/three/g4]>>", b"<01> <0058>\n<02> <0059>\n<03> <0039>\n<04> <0058>", True),
        (b"", b"<41> <0042>\n<42> <0043>\n<43> <0044>", False),
    ],
    ids=["true", "small capitals", "false", "range", "true names", "false names", "no names"],
)
def test_a_table_that_calls_letters_by_the_names_of_others_lies(encoding, table, lies):
    assert pdf_fonts.lies(pdf_fonts.letters_of(encoding), pdf_fonts.meanings(table)) is lies


@pytest.mark.parametrize(
    ("font", "is_embedded", "usual"),
    [
        ({b"BaseFont": b"/Helvetica"}, False, True),
        ({b"BaseFont": b"/AAAAAA+Mine"}, True, False),
        ({b"BaseFont": b"/ZapfDingbats"}, False, False),
        ({b"CharProcs": b"<<>>"}, False, False),
        ({b"Encoding": b"<<>>"}, False, False),
    ],
)
def test_a_font_that_brings_no_shapes_draws_what_any_font_draws(font, is_embedded, usual):
    letters = pdf_fonts.usual_letters(font, is_embedded)

    assert letters.get(0x41) == ("A" if usual else None)
