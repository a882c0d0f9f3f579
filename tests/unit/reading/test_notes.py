# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reader hands over arrives: whole, once, and counted."""

import pytest

from canaries.archives import zip_of
from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import Limits

LONG = "a" * 5_000 + " Larkspur Lane.txt"


def attached(name):
    head = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return f'{head}--b\r\nContent-Type: text/plain; name="{name}"\r\n\r\nx\r\n--b--\r\n'.encode()


@pytest.mark.parametrize(("content", "name"), [(attached(LONG), None), (zip_of({LONG: b"x"}), "a.zip")])
def test_a_name_is_read_to_its_end_however_long(read_here, content, name):
    assert LONG in read_here(content, name).texts(PlaceKind.FILENAME)


def test_what_is_over_the_limit_in_a_name_is_said(read_here):
    limits = Limits(part_characters=1_000)

    read = read_here(attached(LONG), None, limits)

    assert "too_large" in read.reasons


def test_a_name_in_several_forms_is_handed_over_once_a_form(read_here):
    read = read_here(zip_of({"b.txt": b"x"}), "a.zip")

    assert sorted(read.texts(PlaceKind.FILENAME)) == ["a.zip", "b.txt"]


def test_what_is_written_in_signs_that_nobody_sees_is_read_as_hidden(read_here):
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "27 Larkspur Lane")

    read = read_here(f"hello{hidden} there".encode(), "a.txt")

    assert read.texts(visibility=Visibility.HIDDEN) == ["27 Larkspur Lane"]


def test_the_flag_of_england_hides_nothing(read_here):
    flag = "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbeng") + "\U000e007f"

    assert not read_here(flag.encode() + b" come on", "a.txt").texts(visibility=Visibility.HIDDEN)
