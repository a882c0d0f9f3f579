# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest

from safehold import config
from safehold.doctor import Level, machine
from safehold.doctor.checks import Gateway
from safehold.reading.pictures import ocr

GATEWAY = Gateway(Path("safehold.yaml"), config.Settings(), None)


def only(checks):
    (found,) = checks
    return found


def test_a_worker_reads_a_message():
    read, walls = machine.workers(GATEWAY)

    assert read.level is Level.OK
    assert walls.name == "reader walls"


def test_a_wall_that_the_kernel_does_not_give_is_a_warning_that_names_it():
    assert machine._walls({"network": True, "landlock": True}).level is Level.OK

    missing = machine._walls({"network": True, "landlock": False})

    assert (missing.level, "landlock" in missing.text) == (Level.WARN, True)


def test_pictures_that_can_be_read_are_fine(monkeypatch):
    monkeypatch.setattr(ocr, "available", lambda: "")

    assert only(machine.pictures(GATEWAY)).level is Level.OK


def test_pictures_that_cannot_be_read_are_a_warning_that_says_what_becomes_of_them(monkeypatch):
    monkeypatch.setattr(ocr, "available", lambda: "the data are not installed (Debian: tesseract-ocr-eng)")

    found = only(machine.pictures(GATEWAY))

    assert (found.level, found.fix) == (Level.WARN, "apt-get install tesseract-ocr-eng")
    assert "reported as unread: the data are not installed" in found.text


@pytest.mark.parametrize(
    ("swaps", "level"),
    [
        ("", Level.OK),
        ("/dev/dm-1 partition 1 0 -2\n", Level.OK),
        ("/dev/zram0 partition 1 0 -2\n", Level.OK),
        ("/dev/sda3 partition 1 0 -2\n", Level.WARN),
    ],
    ids=["none", "encrypted", "in memory", "plain"],
)
def test_swap_in_the_clear_is_a_warning(monkeypatch, swaps, level):
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "Filename Type Size Used Priority\n" + swaps)

    assert only(machine.swap(GATEWAY)).level is level
