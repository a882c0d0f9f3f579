# SPDX-License-Identifier: GPL-3.0-or-later
"""What names a person and is no word, told apart from the numbers and ids of formats."""

import pytest

from safehold.reading.basics.identifiers import identifies


@pytest.mark.parametrize(
    "value",
    [
        "QQ123456C", "QQ 12 34 56 C", "qq123456c", '"QQ123456C"', "see QQ123456C", "TN99 9ZZ", "TN999ZZ", "tn99 9zz",
        "07700 900123", "07700900123", "+44 7700 900123", "(01632) 960123", "01632-960-123", "07700.900.123",
        "tel:07700900123", "999 000 1234", "9990001234", "AB/1234567", "H123456789",
    ],
)  # fmt: skip
def test_identifiers_of_people_are_told(value):
    assert identifies(value)


@pytest.mark.parametrize(
    "value",
    [
        "", "12", "914400", "-914400", "D9E2F3", "#FFD9E2F3", "C000785B", "00A12B3C", "10.85546875", "0.984251969",
        "0 0 21600 21600", "2024-01-31", "2024-01-31T10:00:00Z", "A1:B10", "$A$1:$C$1048576", "rId7", "word",
        "{A582C934-1914-4E40-9432-3595DE51AB9E}", "A582C934-1914-4E40-9432-3595DE51AB9E", "5.2.3790.1", "12pt",
    ],
)  # fmt: skip
def test_what_formats_say_themselves_is_none(value):
    assert not identifies(value)
