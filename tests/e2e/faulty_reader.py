# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader's zygote whose text reader obeys orders in the text: crash, hang, spin, eat memory.  Tests only.

It stands for the bugs of parsers that we do not know of yet, so that what follows from them can be tested.
"""

import os
import signal
import sys
import time

from safehold.model import PlaceKind
from safehold.reading import readers
from safehold.reading.notes import OpenPart
from safehold.reading.sandbox import zygote


def obey(content: bytes, part: OpenPart) -> None:
    text = content.decode("utf-8", "replace")
    match text.partition("!")[2].partition("!")[0]:
        case "crash":
            os.abort()
        case "hang":
            while True:
                time.sleep(1)
        case "spin":
            while True:
                pass
        case "memory":
            kept = []
            while True:
                kept.append(bytearray(16 << 20))
        case _:
            part.segment(PlaceKind.BODY if part.given.body else PlaceKind.TEXT, text)


if __name__ == "__main__":
    readers.READERS["text/plain"] = obey
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    zygote.run(sys.argv[1:])
