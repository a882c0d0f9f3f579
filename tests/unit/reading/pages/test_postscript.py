# SPDX-License-Identifier: GPL-3.0-or-later
"""PostScript: the strings it shows, and the problem that says that this is all."""

import pytest

from safehold.model import PlaceKind


def program(body: str) -> bytes:
    return f"%!PS-Adobe-3.0\n/Times findfont 12 scalefont setfont\n{body}\nshowpage\n".encode("latin-1")


@pytest.mark.parametrize(
    "body",
    [
        "100 700 moveto (27 Larkspur Gardens) show",
        "[(27 Lark) -20 (spur G) 3.5 (ar) 1 (dens)] TJ",
        "(27 Lark) show (spur Gardens) show",
        "<3237204C61726B7370757220 47617264656E73> show",
        r"(27 Larks\160\165r Gardens) show",
        r"(27 Lark\
spur Gardens) show",
        "(27 Larks\\\rpur Gardens) show",
        f"<{b'x '.hex() * 6_000}{b'27 Larkspur Gardens'.hex()}> show",
        "(27 Larkspur \\(or\\) Gardens) show",
        "(27 (Larkspur) Gardens) show",
        "(27)show( )show(L)show(a)show(r)show(k)show(s)show(p)show(u)show(r)show( )show(Gardens)show",
        "% 27 Larkspur Gardens",
        "%%Title: 27 Larkspur Gardens",
    ],
)
def test_strings_are_read(read_here, body):
    read = read_here(program(body), "a.ps")

    text = read.text.replace("(", "").replace(")", "").replace("or ", "")
    assert "27 Larkspur Gardens" in " ".join(text.split())
    assert read.reasons == {"unsupported"}


def test_pieces_on_lines_of_their_own_stay_apart(read_here):
    read = read_here(program("1 2 moveto (27) show\n1 9 moveto (Larkspur) show"), "a.ps")

    assert read.texts(PlaceKind.TEXT)[0] == "27\nLarkspur"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["(", "((", "(a", "<", "<a", "%", "\\", "(\\)", ")", "(a)"])
def test_hostile_programs_are_read_in_bounded_time(read_here, piece):
    read = read_here(program(piece * (1_000_000 // len(piece))), "a.ps")

    assert read.reasons == {"unsupported"}
