# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that a formula puts together from pieces."""

import pytest

from safehold.reading.basics.formulas import joined


@pytest.mark.parametrize(
    ("formula", "whole"),
    [
        ('"High "&"Street"', '"High Street"'),
        ('A1&"High " & "Street"&B1', 'A1&"High Street"&B1'),
        ("CHAR(50)&CHAR(55)&CHAR(163)", '"27£"'),
        ("_xlfn.UNICHAR(50)&char( 55 )", '"27"'),
        ('CHAR(34)&"a"', '"""a"'),
        ("UNICHAR(55296)&UNICHAR(9999999)", '"\ufffd\ufffd"'),
    ],
)
def test_pieces_of_text_are_put_together(formula, whole):
    assert joined(formula) == whole


@pytest.mark.parametrize("formula", ["SUM(A1:B2)", '"High"', "A1&B1", "VARCHAR(5)", "CHAR(A1)", ""])
def test_a_formula_without_pieces_says_nothing_new(formula):
    assert joined(formula) == ""
