# SPDX-License-Identifier: GPL-3.0-or-later
"""Loose words in bytes that nobody reads."""

import pytest

from safehold.reading.basics import binary


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [b"\x1c", b"\x00\x1c", b"\x01\x02\x03"])
def test_words_of_two_bytes_a_letter_are_found_whole_in_either_order(codec, before):
    content = before + "Quillfeather".encode(codec) + b"\xff\xfe\x00\x01"

    assert "Quillfeather" in binary.wide_strings(content).split("\n")


def test_words_in_one_order_are_not_said_again_in_the_other():
    assert binary.wide_strings("Quillfeather lane".encode("utf-16-le") + b"\x00\x00") == "Quillfeather lane"


def test_only_what_somebody_may_have_written_passes_for_written():
    content = b"\x01Quillfeather lane\x02{%$#@!^&*()}\x03ab\x04"

    assert binary.written(content) == "Quillfeather lane"
