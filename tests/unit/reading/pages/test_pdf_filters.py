# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams with their filters undone, and what is said where they cannot be."""

import base64
import random
import zlib

import pytest

from canaries.pdf_remains import _left, _lzw
from safehold.reading.pages import pdf_filters, pdf_syntax
from safehold.reading.pages.pdf_filters import State, Unpacked
from safehold.reading.pages.pdf_syntax import Object

WORDS = b"27 Larkspur Gardens, " * 30


def unpacked(entries: bytes, data: bytes, most: int = 100_000) -> Unpacked:
    head = b"<<" + entries + b">>"
    return pdf_filters.unpacked(Object(1, head, data), pdf_syntax.entries(head), most)


@pytest.mark.parametrize(
    ("entries", "data"),
    [
        (b"", WORDS),
        (b"/Filter/FlateDecode", zlib.compress(WORDS)),
        (b"/Filter[/ASCIIHexDecode/Fl]", zlib.compress(WORDS).hex().encode() + b">"),
        (b"/Filter[/A85 /FlateDecode]", base64.a85encode(zlib.compress(WORDS)) + b"~>"),
        (b"/Filter/LZWDecode", _lzw(WORDS)),
        (b"/Filter/RL", b"".join(bytes((0, byte)) for byte in WORDS) + b"\x80"),
        (b"/Filter[/Crypt/FlateDecode]", zlib.compress(WORDS)),
        (b"/Filter/FlateDecode/DecodeParms[<</Predictor 11/Columns 16>>]", zlib.compress(_left(WORDS))),
        (b"/Filter/FlateDecode/DecodeParms<</Predictor 1>>", zlib.compress(WORDS)),
    ],
    ids=["none", "Flate", "two", "85", "LZW", "lengths", "Crypt", "predictor", "no predictor"],
)
def test_filters_are_undone(entries, data):
    made = unpacked(entries, data)

    assert (made.data.strip(), made.state) == (WORDS.strip(), State.WHOLE)


@pytest.mark.parametrize("kind", range(5))
def test_rows_of_every_kind_are_undone(kind):
    """Written by the definition: what is stored is the difference to the guess."""
    rng = random.Random(kind)
    rows = [bytes(rng.randrange(256) for _ in range(12)) for _ in range(4)]
    above, stored = bytes(12), b""
    for row in rows:
        guesses = [
            pdf_filters._guess(kind, row[at - 3] if at >= 3 else 0, above[at], above[at - 3] if at >= 3 else 0)
            if kind not in (0, 2)
            else (above[at] if kind else 0)
            for at in range(12)
        ]
        stored += bytes([kind, *((byte - guess) & 255 for byte, guess in zip(row, guesses, strict=True))])
        above = row

    made = unpacked(b"/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 4/Colors 3>>", zlib.compress(stored))

    assert made.data == b"".join(rows)


@pytest.mark.parametrize(
    ("entries", "data", "state"),
    [
        (b"/Filter/FlateDecode", zlib.compress(random.Random(1).randbytes(9_000))[:5_000], State.BROKEN),
        (b"/Filter/FlateDecode", b"no deflate at all", State.BROKEN),
        (b"/Filter/FlateDecode", zlib.compress(bytes(200_000)), State.CUT),
        (b"/Filter/LZWDecode", b"\xff\xff\xff", State.BROKEN),
        (b"/Filter/A85", b"\x01\x02", State.BROKEN),
        (b"/Filter/Brotli", b"x", State.UNKNOWN),
        (b"/Filter[/FlateDecode/DCTDecode]", zlib.compress(b"\xff\xd8"), State.PICTURE),
    ],
    ids=["cut", "damaged", "large", "LZW", "85", "unknown", "picture"],
)
def test_what_cannot_be_undone_is_said(entries, data, state):
    assert unpacked(entries, data).state is state


def test_what_comes_before_damage_is_kept():
    packed = bytearray(zlib.compress(bytes(random.Random(2).choices(b"abcdefgh ", k=60_000)), 9))
    packed[len(packed) // 2] ^= 0xFF
    packed[len(packed) // 2 + 1] ^= 0xFF

    made = unpacked(b"/Filter/FlateDecode", bytes(packed))

    assert made.state is State.BROKEN
    assert len(made.data) > 10_000
