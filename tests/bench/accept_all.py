# SPDX-License-Identifier: GPL-3.0-or-later
"""The least a milter that reads can do: take every header and body chunk, keep them, accept.  The benchmark's peer.

python accept_all.py unix:/path/to/socket
"""

import sys
from typing import Any

import Milter


class AcceptAll(Milter.Base):
    """Collects the message and lets it pass."""

    def envfrom(self, *_: Any) -> int:
        self.chunks: list[bytes] = []
        return Milter.CONTINUE

    def header(self, name: str, value: str) -> int:
        self.chunks.append(f"{name}: {value}".encode("utf-8", "surrogateescape"))
        return Milter.CONTINUE

    def body(self, chunk: bytes) -> int:
        self.chunks.append(chunk)
        return Milter.CONTINUE

    def eom(self) -> int:
        b"".join(self.chunks)
        return Milter.ACCEPT


if __name__ == "__main__":
    Milter.factory = AcceptAll
    Milter.runmilter("accept-all", sys.argv[1], 0, False)
