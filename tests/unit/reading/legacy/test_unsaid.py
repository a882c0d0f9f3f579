# SPDX-License-Identifier: GPL-3.0-or-later
"""The last look at the bytes of a stream: what was said is not said again, and what was not is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.reading.legacy.unsaid import Said, is_somebodys

WORD = "Quillfeather"


@pytest.mark.parametrize(
    "raw",
    [
        f"{WORD} Lane".encode(),
        f"{WORD} Lane".encode("utf-16-le"),
        b"\x01" + f"{WORD} Lane".encode("utf-16-le"),
        f"{WORD} Lane".encode("utf-16-be"),
        b"\x01" + f"{WORD} Lane".encode("utf-16-be"),
        f"caf\xe9 {WORD}".encode("cp1252"),
    ],
    ids=["8-bit", "two bytes", "at an odd place", "the other order", "the other order, odd", "an accent"],
)
def test_a_word_that_was_not_said_is_found(raw):
    assert WORD in Said(["something else"]).rest(bytes(range(16)) + raw + bytes(16))


@pytest.mark.parametrize("codec", ["cp1252", "utf-16-le", "utf-16-be"])
def test_a_word_that_was_said_is_not_said_again(codec):
    raw = b"\0\0" + f"{WORD} Lane".encode(codec) + b"\0\0"

    assert Said([f"the {WORD}, the Lane"]).rest(raw) == ""


@pytest.mark.parametrize("text", ["07700 900123", "TN99 9ZZ", "QQ 123456 C"])
def test_numbers_are_words(text):
    assert text in Said([]).rest(b"\0\0" + text.encode() + b"\0\0")


@pytest.mark.parametrize("text", ["Times New Roman", "Default Paragraph Font", "Word.Document.8", "MSWordDoc"])
def test_what_programs_say_of_themselves_is_nothing(text):
    assert not is_somebodys(text)
    assert Said([]).rest(text.encode() + b"\0") == ""


def test_numbers_that_look_like_letters_are_nothing():
    assert Said([]).rest(b"$3br4x#~w%k;f9@zz\x00}{~~^^%%%%!!!!") == ""


@given(st.binary(max_size=400))
def test_any_bytes_are_looked_at(raw):
    assert isinstance(Said([]).rest(raw), str)
