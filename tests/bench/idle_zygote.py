# SPDX-License-Identifier: GPL-3.0-or-later
"""A zygote whose workers read nothing: what is left is the hop to a worker and back."""

import sys

from safehold.reading import readers
from safehold.reading.notes import Given, OpenPart
from safehold.reading.sandbox import zygote


def visit(part: OpenPart, given: Given) -> None:
    """Announce the part and no more."""
    part.session.enter(part)
    part.announce("text/plain")
    del given


if __name__ == "__main__":
    readers.visit = visit
    zygote.run(sys.argv[1:])
