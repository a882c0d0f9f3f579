# SPDX-License-Identifier: GPL-3.0-or-later
"""What a content stream says without a viewer."""

import pytest

from safehold.reading.pages import pdf_content


def denied(inside: bytes, before: bytes = b"") -> bytes:
    return before + b"/Span<</ActualText<FEFF0009>>> BDC " + inside + b"EMC "


@pytest.mark.parametrize(
    ("raw", "blank"),
    [
        (denied(b"( )Tj "), True),
        (denied(b"12 0 0 12 28.3 589.5 Tm\n[( )185.7( )]TJ\n"), True),
        (denied(b"<0003>Tj "), True),
        (denied(b"/T1_1 1 Tf ( )Tj "), True),
        (denied(b"(x)Tj "), False),
        (denied(b"<0041>Tj "), False),
        (denied(b"/X1 Do "), False),
        (denied(b"/P BMC ( )Tj EMC (Acacia)Tj "), False),
        (denied(b"( )Tj ") + b"/Span<</ActualText(x)/E(" + b"y" * 300 + b")>> BDC (Acacia) Tj EMC", False),
        (denied(b"( )Tj ", b"".join(b"/F%d 1 Tf " % index for index in range(6))), False),
    ],
    ids=[
        "blank", "moved", "code", "font", "letter", "other code", "form", "nested", "one that is not understood",
        "a font for each letter",
    ],
)  # fmt: skip
def test_only_blanks_can_hide_nothing(raw, blank):
    assert pdf_content.denies_blanks_only(raw) is blank
