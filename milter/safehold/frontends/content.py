# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a message as DATA carries it to the proxy: read to its one end, whole or not at all.

Only CRLF . CRLF ends it (RFC 5321, 4.1.1.4).  Content in which a next hop might see an end of its own, and behind it a
second message that nobody judged, is told by :func:`ends_once` (SMTP smuggling, CVE-2023-51764).
"""

import asyncio
from collections.abc import Callable

_READ_BYTES = 2**20  # more than a stream reader keeps (twice its limit of 2**18), so that a read empties it
_END = b"\r\n.\r\n"


async def read(reader: asyncio.StreamReader, limit_bytes: int, heard: Callable[[], None]) -> bytes | None:
    """Return the content with dots taken off, or None (it is all read) where it is larger than *limit_bytes*.

    *heard* is called for every piece that comes.

    Raises:
        ConnectionResetError: The client went away.
    """
    pieces = bytearray(b"\r\n")  # the end of the DATA line: an empty message ends at once
    is_too_large = False
    while True:
        searched = max(0, len(pieces) - len(_END) + 1)
        chunk = await reader.read(_READ_BYTES)
        if not chunk:
            raise ConnectionResetError
        heard()
        pieces += chunk
        end = pieces.find(_END, searched)
        if end >= 0:
            # What follows is the client's next command, sent ahead.  The read took all that the reader had, and nothing
            # was awaited since, so this is the front of its buffer again.
            rest = bytes(pieces[end + len(_END) :])
            if rest:
                reader.feed_data(rest)
            del pieces[end + 2 :]
            break
        if len(pieces) > limit_bytes + 2:
            is_too_large = True
            del pieces[: -len(_END) + 1]
    if is_too_large or len(pieces) > limit_bytes + 2:
        return None
    return bytes(pieces.replace(b"\r\n.", b"\r\n")[2:])


def ends_once(content: bytes) -> bool:
    """Return whether no next hop can take a line in *content* for its end.

    Refused are a bare line feed, a dot between carriage returns, and a NUL at the start of a line: servers that drop
    it may then find a dot alone.
    """
    is_plain = content.count(b"\n") == content.count(b"\r\n")
    return is_plain and b"\r.\r" not in content and b"\n\0" not in content and not content.startswith(b"\0")
