# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain text and its charsets, flowed lines and quotations."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model import PlaceKind, Visibility
from safehold.reading import charset, headers, plain_text


def test_short_western_text_is_never_given_to_a_detector(read_here):
    """All three detectors tried called this Greek, Arabic or IBM852."""
    read = read_here("Café £100".encode("cp1252"), "a.txt")

    assert read.texts(PlaceKind.TEXT) == ["Café £100"]
    assert read.marks == set()


def test_long_8_bit_text_is_read_both_ways(read_here):
    russian = "Мать и дочь переехали на новую квартиру в другом городе и никому не сообщили адрес. " * 3
    read = read_here(russian.encode("cp1251"), "a.txt")

    assert russian.strip() in read.texts(PlaceKind.TEXT, Visibility.ALTERNATIVE)
    assert len(read.texts(PlaceKind.TEXT, Visibility.VISIBLE)) == 1
    assert "charset_guessed" in read.marks


@pytest.mark.parametrize(
    ("raw", "declared", "text"),
    [
        pytest.param("é".encode(), "", "é", id="utf-8 undeclared"),
        pytest.param("é".encode(), "iso-8859-1", "é", id="utf-8 declared as latin-1"),
        pytest.param("é".encode("cp1252"), "us-ascii", "é", id="8-bit declared ascii"),
        pytest.param("“q”".encode("cp1252"), "iso-8859-1", "“q”", id="windows quotes declared latin-1"),
        pytest.param("naïve €".encode("utf-16"), "", "naïve €", id="utf-16 with BOM"),
        pytest.param("plain words".encode("utf-16-le"), "", "plain words", id="utf-16 without BOM"),
        pytest.param("plain words".encode("utf-16-be"), "utf-8", "plain words", id="utf-16 big endian declared utf-8"),
        pytest.param("жизнь".encode("koi8-r"), "koi8-r", "жизнь", id="declared charset"),
        pytest.param("日本".encode("iso2022_jp"), "", "日本", id="iso-2022-jp undeclared"),
        pytest.param(b"x\x81y", "", "x\x81y", id="bytes that windows-1252 leaves undefined"),
        pytest.param(b"abc", "rot13", "abc", id="a codec that is no charset"),
        pytest.param(b"abc", "\x00\udcff" * 30, "abc", id="a nonsense name"),
        pytest.param(("é" * 200).encode() + b"\xff", "", "é" * 200 + "\ufffd", id="nearly utf-8"),
    ],
)
def test_ladder(raw, declared, text):
    assert charset.decode(raw, declared).text == text


@given(st.binary(max_size=300), st.text(max_size=12))
def test_decoding_never_raises(raw, declared):
    assert isinstance(charset.decode(raw, declared, guess=True).text, str)


@given(st.text(max_size=200))
def test_header_decoding_never_raises(value):
    headers.decode_words(value)
    headers.parameters(value)
    headers.display_names(value)


def test_parameters_keep_every_reading():
    found = headers.parameters("multipart/mixed; boundary=\"a;b\"; BOUNDARY=c; name*=utf-8'en'%C3%A9; x*1=2; x*0=1")

    assert found.value == "multipart/mixed"
    assert found.all == {"boundary": ("a;b", "c"), "name": ("é",), "x": ("12",)}


def test_display_names_leave_addresses_out():
    value = '"Ann Lee" <ann@example.org>, bob@example.org, C Dee <c@example.org>, D Eff d@example.org'

    assert headers.display_names(value) == "Ann Lee\nC Dee\nD Eff"


def test_flowed_lines_are_joined_and_quotations_kept_apart():
    text = "> 12 High \n> Street\nand I \nsay\n-- \nsig"

    assert plain_text.unflow(text, delsp=False) == "> 12 High Street\nand I say\n-- \nsig"


@pytest.mark.parametrize(
    "intro",
    [
        "On Mon, 3 Nov 2025 at 10:00, Ann Example <ann@example.org> wrote:",
        "On Mon, 3 Nov 2025 at 10:00, Ann Example\n<ann@example.org> wrote:",
        "-----Original Message-----",
        "---------- Forwarded message ---------",
        "From: Ann\nSent: Monday\nTo: Bob\nSubject: x",
        "*From:* Ann\n*Date:* Monday\n*To:* Bob",
    ],
)
def test_a_thread_below_the_reply_is_quoted(intro):
    parts = dict(plain_text.split_quoted(f"my words\n\n{intro}\n\ntheir words"))

    assert parts[False].strip() == "my words"
    assert "their words" in parts[True]


def test_a_letter_that_says_from_is_not_a_thread():
    text = "From: the office\n\nWe write to you."

    assert list(plain_text.split_quoted(text)) == [(False, text)]


def test_quote_marks_are_taken_off_so_that_a_wrapped_address_stays_whole():
    parts = dict(plain_text.split_quoted("ok\n> 12 High\n> Street"))

    assert parts[True] == "12 High\nStreet"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line", [b"begin 644 a\n", b"=ybegin line=1 name=a\n", b"On a wrote:\n", b"From: x\nTo: y\n", b"> ", b"-" * 9]
)
def test_hostile_lines_are_read_in_bounded_time(read_here, line):
    read = read_here(line * (1_000_000 // len(line)) + b"\nQuillfeather", "a.txt")

    assert "Quillfeather" in read.text


def test_a_megabyte_of_text_is_no_work(read_here):
    text = b"the quick brown fox: said On Monday wrote -- > and so on\r\n" * 18_000

    start = time.process_time()
    read = read_here(b"Subject: x\r\n\r\n" + text)

    assert read.problems == []
    assert time.process_time() - start < 20  # a hang, not a benchmark


def test_utf_16_behind_the_mark_of_utf_32_is_read(read_here):
    """To Notepad the mark is UTF-16's and a zero."""
    assert "Quillfeather lane" in read_here(b"\xff\xfe\0\0" + "Quillfeather lane".encode("utf-16-le"), "a.txt").text


def test_eight_bit_lines_appended_to_utf_16_are_read_as_well(read_here):
    """Programs append to a file without asking for its charset; what follows an odd number of bytes is shifted."""
    content = "first line\r\n".encode("utf-16") + b"Quillfeather lane\r\n+" + "third Acacia line".encode("utf-16-le")

    text = read_here(content, "a.txt").text

    assert "first line" in text
    assert "Quillfeather lane" in text
    assert "third Acacia line" in text
