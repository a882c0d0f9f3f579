# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the content of a message ends, however it comes in pieces, and what could end it twice."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.frontends import content


def read(*pieces: bytes, limit: int = 1000) -> tuple[bytes | None, bytes]:
    """Return what was read, and what the client sent ahead of its next command."""

    async def run() -> tuple[bytes | None, bytes]:
        reader = asyncio.StreamReader()
        got = asyncio.create_task(content.read(reader, limit, lambda: None))
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        found = await got
        reader.feed_eof()
        return found, await reader.read()

    return asyncio.run(run())


LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"\r", b".\r", b"a" * 70]), max_size=6)


@given(LINES, st.sets(st.integers(0, 500)))
def test_content_is_the_same_however_it_is_cut(lines: list[bytes], cuts: set[int]):
    plain = b"".join(line + b"\r\n" for line in lines)
    wire = b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines) + b".\r\nMAIL"
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(wire)), len(wire)]

    found, ahead = read(*(wire[start:end] for start, end in pairwise(edges)))

    # What comes after the end in a piece of its own was never taken; what came with it is put back.
    assert found == plain
    assert ahead == b"MAIL"


@pytest.mark.parametrize("size", [999, 1000, 1001, 5000])
def test_what_is_too_large_is_read_to_its_end_and_not_kept(size: int):
    body = b"x" * (size - 2) + b"\r\n"

    found, ahead = read(body[:700], body[700:], b".\r\nQUIT\r\n")

    assert found == (body if size <= 1000 else None)
    assert ahead == b"QUIT\r\n"


def test_a_client_that_goes_away_has_sent_nothing():
    async def run() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"half a\r\n.")
        reader.feed_eof()
        await content.read(reader, 1000, lambda: None)

    with pytest.raises(ConnectionResetError):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "ends_once"),
    [
        (b"", True),
        (b"a: b\r\n\r\n.\r\nc\r\n", True),
        (b"a\rb\r\n", True),
        (b"a\0b\r\n", True),
        (b"a\n", False),
        (b"a\n.\r\n", False),
        (b"a\r.\rb\r\n", False),
        (b"a\r.\r\n", False),
        (b"a\r\n\0.\r\n", False),
        (b"\0.\r\n", False),
    ],
)
def test_what_a_next_hop_may_end_elsewhere_is_told(text: bytes, ends_once: bool):
    assert content.ends_once(text) is ends_once
