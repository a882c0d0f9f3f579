# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine must give: reader workers that start, pictures that can be read, no plain swap."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from safehold import assemble
from safehold.doctor.checks import Check, Gateway, Subject, fail, ok, warn
from safehold.reading.pool import ReaderPool


def workers(gateway: Gateway) -> Iterator[Check]:
    """Read one message in a worker, as the gate does, and tell which walls stand around it."""
    with ReaderPool(1, assemble.reading_limits(gateway.settings)) as pool:
        reading = pool.read(b"Subject: doctor\r\n\r\nA canary sings.\r\n")
        walls = pool.walls
    if any("canary" in segment.text for segment in reading.segments):
        yield ok("reader workers", "start and read")
    else:
        yield fail("reader workers", "started and read nothing", "journalctl -u safehold-milter -n 20")
    yield _walls(walls)


def _walls(walls: Mapping[str, bool]) -> Check:
    """Tell which walls this kernel gives; only root can become nobody, so that one is not missed elsewhere."""
    missing = sorted(name for name, stands in walls.items() if not stands and (name != "user" or os.geteuid() == 0))
    if missing:
        return warn(
            "reader walls", f"this kernel does not give: {', '.join(missing)}", "docs/reading.md says what each is"
        )
    return ok("reader walls", f"all stand: {', '.join(sorted(name for name, stands in walls.items() if stands))}")


def pictures(_: Gateway) -> Iterator[Check]:
    """Tell whether text in pictures is recognised."""
    from safehold.reading.pictures import ocr

    missing = ocr.available()
    if missing:
        cure = "apt-get install tesseract-ocr-eng" if "Debian" in missing else "make setup   (in safehold's folder)"
        yield warn("pictures", f"photos and scanned pages are reported as unread: {missing}", cure)
    else:
        yield ok("pictures", "text in photos and scanned pages is recognised")


def swap(_: Gateway) -> Iterator[Check]:
    """Tell whether text of messages may be written to a disk in the clear."""
    try:
        used = Path("/proc/swaps").read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return
    plain = [line.split()[0] for line in used if line.strip() and not line.startswith(("/dev/zram", "/dev/dm-"))]
    if plain:
        yield warn(
            "swap",
            f"{', '.join(plain)} is not encrypted: text of messages may be written to disk",
            f"swapoff {' '.join(plain)}   (and encrypt it, or take it out of /etc/fstab)",
        )
    else:
        yield ok("swap", "none that is unencrypted")


CHECKS: dict[str, Subject] = {"reader workers": workers, "pictures": pictures, "swap": swap}
